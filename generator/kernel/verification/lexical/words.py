"""The closed word lists that the lexical method reads meaning from: directions, negation, hedging, numbers, synonyms.

All entries are in lower case. Verbs are given by their base form; ``forms`` makes the others. The lists hold common
words of scientific English; words of the test rules in ``bench`` are kept out on purpose, so that tests measure the
method and not the list.
"""

from __future__ import annotations

_VOWELS = "aeiou"


def forms(verb: str) -> tuple[str, ...]:
    """Regular forms of a verb: base, third person, past, participle, and the agent-free noun in -ing."""
    if verb.endswith("e"):
        return verb, verb + "s", verb + "d", verb[:-1] + "ing"
    if verb.endswith("y") and verb[-2] not in _VOWELS:
        return verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"
    if verb.endswith(("s", "x", "ch", "sh")):
        return verb, verb + "es", verb + "ed", verb + "ing"
    if verb in _DOUBLED:
        return verb, verb + "s", verb + verb[-1] + "ed", verb + verb[-1] + "ing"
    return verb, verb + "s", verb + "ed", verb + "ing"


_DOUBLED = frozenset(["drop", "trap", "stop", "cut"])

# (up, down): verbs in their base form. Nouns and adjectives follow below, word by word.
VERB_PAIRS: tuple[tuple[str, str], ...] = (
    ("increase", "decrease"),
    ("increase", "reduce"),
    ("raise", "lower"),
    ("elevate", "diminish"),
    ("enhance", "impair"),
    ("enhance", "attenuate"),
    ("augment", "lessen"),
    ("improve", "worsen"),
    ("improve", "degrade"),
    ("promote", "inhibit"),
    ("promote", "suppress"),
    ("stimulate", "repress"),
    ("activate", "deactivate"),
    ("activate", "inactivate"),
    ("activate", "silence"),
    ("induce", "block"),
    ("induce", "prevent"),
    ("facilitate", "hinder"),
    ("facilitate", "impede"),
    ("strengthen", "weaken"),
    ("upregulate", "downregulate"),
    ("up-regulate", "down-regulate"),
    ("gain", "lose"),
    ("support", "oppose"),
    ("enable", "disable"),
    ("amplify", "dampen"),
    ("boost", "curb"),
    ("expand", "contract"),
    ("expand", "shrink"),
    ("outperform", "underperform"),
    ("exceed", "lag"),
    ("surpass", "trail"),
    ("potentiate", "antagonize"),
    ("potentiate", "abrogate"),
    ("trigger", "abolish"),
    ("accumulate", "dissipate"),
    ("protect", "harm"),
    ("protect", "predispose"),
    ("benefit", "disrupt"),
    ("maximize", "minimize"),
    ("favor", "disfavor"),
    ("favour", "disfavour"),
    ("sensitize", "desensitize"),
    ("stabilize", "destabilize"),
    ("succeed", "fail"),
    ("restore", "compromise"),
    ("preserve", "destroy"),
    ("aggravate", "alleviate"),
    ("exacerbate", "ameliorate"),
    ("intensify", "mitigate"),
    ("maintain", "compromise"),
    ("enable", "preclude"),
    ("advance", "retard"),
    ("improve", "impair"),
    ("preserve", "impair"),
    ("reactivate", "silence"),
    ("activate", "repress"),
    ("trigger", "prevent"),
    ("enrich", "impoverish"),
    ("stimulate", "suppress"),
    ("induce", "suppress"),
    ("elicit", "suppress"),
    ("restore", "abrogate"),
    ("restore", "abolish"),
    ("restore", "disrupt"),
    ("optimize", "degrade"),
    ("amplify", "attenuate"),
    ("protect", "endanger"),
    ("accept", "reject"),
    ("recover", "deteriorate"),
    ("heighten", "lessen"),
    ("prolong", "shorten"),
    ("quicken", "slow"),
    ("benefit", "harm"),
    ("reinforce", "undermine"),
    ("encourage", "discourage"),
    ("foster", "hamper"),
    ("simplify", "complicate"),
    ("oxidize", "reduce"),
    ("double", "halve"),
)
# Verbs whose effect is less of something bad or of something at all; they take part in polarity, not in pairs.
DOWN_VERBS: tuple[str, ...] = (
    *("limit", "restrict", "ablate", "delete", "eliminate"),
    *("counteract", "reverse", "halve", "drop", "decline", "cut", "interfere", "restrain", "constrain", "neutralize"),
    *("dampen", "quench", "retard", "arrest", "avoid", "lack", "withdraw", "remove", "exclude", "deprive", "rescue"),
)
IRREGULAR_UP = tuple("rise rises rose risen rising grew grown led drove driven won wins win".split())
IRREGULAR_DOWN = tuple("fall falls fell fallen falling lost cutting withdrew withdrawn".split())
# (up, down) words taken as they stand.
WORD_PAIRS: tuple[tuple[str, str], ...] = (
    ("higher", "lower"),
    ("high", "low"),
    ("highest", "lowest"),
    ("highly", "poorly"),
    ("more", "less"),
    ("more", "fewer"),
    ("most", "least"),
    ("many", "few"),
    ("greater", "smaller"),
    ("greatest", "smallest"),
    ("larger", "smaller"),
    ("large", "small"),
    ("largest", "smallest"),
    ("better", "worse"),
    ("best", "worst"),
    ("superior", "inferior"),
    ("stronger", "weaker"),
    ("strong", "weak"),
    ("strongly", "weakly"),
    ("faster", "slower"),
    ("fast", "slow"),
    ("fastest", "slowest"),
    ("rapid", "slow"),
    ("rapidly", "slowly"),
    ("longer", "shorter"),
    ("long", "short"),
    ("longest", "shortest"),
    ("earlier", "later"),
    ("early", "late"),
    ("positive", "negative"),
    ("positively", "negatively"),
    ("directly", "inversely"),
    ("gain", "loss"),
    ("gains", "losses"),
    ("upregulation", "downregulation"),
    ("up-regulation", "down-regulation"),
    ("activation", "inhibition"),
    ("activation", "inactivation"),
    ("activation", "suppression"),
    ("activator", "inhibitor"),
    ("activator", "repressor"),
    ("activators", "inhibitors"),
    ("agonist", "antagonist"),
    ("agonists", "antagonists"),
    ("induction", "repression"),
    ("stimulation", "inhibition"),
    ("promotion", "suppression"),
    ("enhancement", "impairment"),
    ("improvement", "deterioration"),
    ("improvements", "degradations"),
    ("elevation", "reduction"),
    ("increment", "decrement"),
    ("growth", "decline"),
    ("rise", "fall"),
    ("presence", "absence"),
    ("excess", "deficiency"),
    ("sufficiency", "insufficiency"),
    ("sufficient", "insufficient"),
    ("overexpression", "knockdown"),
    ("overexpression", "underexpression"),
    ("overexpressed", "underexpressed"),
    ("hyperactivity", "hypoactivity"),
    ("hypertrophy", "atrophy"),
    ("hypertension", "hypotension"),
    ("hyperglycemia", "hypoglycemia"),
    ("hypermethylation", "hypomethylation"),
    ("hypermethylated", "hypomethylated"),
    ("above", "below"),
    ("over", "under"),
    ("before", "after"),
    ("upstream", "downstream"),
    ("maximum", "minimum"),
    ("maximal", "minimal"),
    ("majority", "minority"),
    ("beneficial", "harmful"),
    ("beneficial", "detrimental"),
    ("effective", "ineffective"),
    ("efficient", "inefficient"),
    ("protective", "deleterious"),
    ("advantage", "disadvantage"),
    ("advantages", "disadvantages"),
    ("success", "failure"),
    ("successful", "unsuccessful"),
    ("successfully", "unsuccessfully"),
    ("common", "rare"),
    ("frequent", "infrequent"),
    ("frequently", "rarely"),
    ("often", "seldom"),
    ("always", "never"),
    ("stable", "unstable"),
    ("stability", "instability"),
    ("safe", "unsafe"),
    ("safe", "toxic"),
    ("sensitive", "resistant"),
    ("sensitivity", "resistance"),
    ("susceptible", "resistant"),
    ("active", "inactive"),
    ("dependent", "independent"),
    ("acute", "chronic"),
    ("benign", "malignant"),
    ("gain-of-function", "loss-of-function"),
    ("similar", "different"),
    ("same", "different"),
    ("similarly", "differently"),
    ("comparable", "different"),
    ("similarity", "difference"),
    ("significant", "insignificant"),
    ("significantly", "insignificantly"),
    ("agreement", "disagreement"),
    ("consistent", "inconsistent"),
    ("consistently", "inconsistently"),
    ("possible", "impossible"),
    ("likely", "unlikely"),
    ("able", "unable"),
    ("ability", "inability"),
    ("necessary", "unnecessary"),
    ("essential", "dispensable"),
    ("required", "dispensable"),
    ("correct", "incorrect"),
    ("accurate", "inaccurate"),
    ("accurately", "inaccurately"),
    ("complete", "incomplete"),
    ("completely", "partially"),
    ("fully", "partially"),
    ("known", "unknown"),
    ("clear", "unclear"),
    ("direct", "indirect"),
    ("internal", "external"),
    ("inner", "outer"),
    ("left", "right"),
    ("male", "female"),
    ("men", "women"),
    ("males", "females"),
    ("young", "old"),
    ("younger", "older"),
    ("simple", "complex"),
    ("easy", "difficult"),
    ("easier", "harder"),
    ("cheap", "expensive"),
    ("cheaper", "costlier"),
    ("costly", "inexpensive"),
    ("open", "closed"),
    ("homogeneous", "heterogeneous"),
    ("symmetric", "asymmetric"),
    ("linear", "nonlinear"),
    ("static", "dynamic"),
    ("global", "local"),
    ("wild-type", "mutant"),
    ("pro-inflammatory", "anti-inflammatory"),
    ("proinflammatory", "antiinflammatory"),
    ("hot", "cold"),
    ("warm", "cool"),
    ("wet", "dry"),
    ("heavy", "light"),
    ("hard", "soft"),
    ("bright", "dark"),
    ("near", "far"),
    ("first", "last"),
    ("inside", "outside"),
    ("input", "output"),
    ("supervised", "unsupervised"),
    ("online", "offline"),
    ("with", "without"),
    ("include", "exclude"),
    ("includes", "excludes"),
    ("included", "excluded"),
    ("including", "excluding"),
    ("anterior", "posterior"),
    ("proximal", "distal"),
    ("ventral", "dorsal"),
    ("aerobic", "anaerobic"),
    ("robust", "fragile"),
    ("robust", "brittle"),
    ("progress", "regress"),
    ("progression", "regression"),
    ("survival", "death"),
    ("proliferation", "apoptosis"),
    ("innate", "adaptive"),
    ("intracellular", "extracellular"),
    ("optimal", "suboptimal"),
    ("overestimate", "underestimate"),
    ("overestimates", "underestimates"),
    ("overestimated", "underestimated"),
    ("overfitting", "underfitting"),
    ("redundant", "unique"),
    ("support", "contradict"),
    ("supports", "contradicts"),
    ("confirm", "refute"),
    ("confirms", "refutes"),
    ("confirmed", "refuted"),
    ("aware", "unaware"),
    ("vulnerable", "immune"),
    ("vulnerability", "immunity"),
    ("dominant", "recessive"),
    ("abundant", "scarce"),
    ("sufficiently", "insufficiently"),
    ("adequate", "inadequate"),
    ("regular", "irregular"),
    ("reliable", "unreliable"),
    ("reliably", "unreliably"),
    ("relevant", "irrelevant"),
    ("reversible", "irreversible"),
    ("favorable", "unfavorable"),
    ("favourable", "unfavourable"),
    ("balanced", "imbalanced"),
    ("biased", "unbiased"),
    ("certain", "uncertain"),
    ("certainty", "uncertainty"),
    ("expected", "unexpected"),
    ("appropriate", "inappropriate"),
    ("feasible", "infeasible"),
    ("valid", "invalid"),
    ("visible", "invisible"),
    ("constant", "variable"),
    ("often", "rarely"),
    ("up", "down"),
    ("normal", "abnormal"),
    ("substantially", "marginally"),
    ("dramatically", "modestly"),
    ("markedly", "slightly"),
    ("simple", "complicated"),
    ("simpler", "harder"),
    ("advanced", "retarded"),
    ("increase", "reduction"),
    ("increases", "reductions"),
    ("induction", "suppression"),
    ("stimulation", "suppression"),
    ("potentiation", "attenuation"),
    ("presence", "lack"),
    ("present", "absent"),
    ("good", "poor"),
    ("good", "bad"),
    ("richer", "poorer"),
    ("favorable", "adverse"),
    ("strength", "weakness"),
    ("strengths", "weaknesses"),
    ("strongest", "weakest"),
    ("stimulatory", "inhibitory"),
    ("earliest", "latest"),
    ("quickly", "slowly"),
    ("heavily", "lightly"),
    ("bigger", "smaller"),
    ("biggest", "smallest"),
    ("safer", "riskier"),
    ("grown", "shrunk"),
    ("expanded", "shrank"),
    ("rise", "decline"),
    ("warmer", "cooler"),
    ("hotter", "colder"),
    ("heavier", "lighter"),
    ("cheaper", "dearer"),
    ("brighter", "darker"),
    ("safer", "deadlier"),
)
# Amounts: every word of one side is opposite to every word of the other, whatever its part of speech.
AMOUNT_VERBS = (("increase", "raise", "elevate", "enhance"), ("decrease", "reduce", "diminish", "decline", "attenuate"))
AMOUNT_WORDS = (
    tuple("higher greater more rise elevation increases increment".split()),
    tuple("lower lowers lowered lowering smaller less fewer reduction reductions decline drop".split()),
)
# Members of a pair that seldom say which way a thing goes: they mostly place it in time or in space, or name a kind of
# it ("under anaesthesia", "complex traits"). As one word in another's place they still tell apart.
NOT_TURNING = frozenset(
    """acute after before chronic closed common complex different direct far female females first global hard include
    included includes including input inside known last left light linear local male males men near old open output
    outside over possible right same similar simple under with women young""".split()
)
NEGATIONS = frozenset(
    [
        *("no", "not", "nor", "never", "none", "neither", "cannot", "without", "n't", "nothing", "nobody", "nowhere"),
        *("hardly", "barely", "scarcely", "seldom"),
        *("non", "cant", "dont", "doesnt", "didnt", "isnt", "wasnt", "arent", "werent", "wont"),
    ]
)
# Words that take away what follows: "lack of", "absence of", "failed to"
LACK = frozenset(
    [
        *("lack", "lacks", "lacked", "lacking", "absence", "absent", "fail", "fails", "failed", "failure", "unable"),
        *("free", "devoid", "deficient", "deficiency", "loss", "knockout", "knockdown", "null", "deletion", "deleted"),
        *("depletion", "depleted", "ablation", "inability", "independent", "independently", "unlikely", "unaffected"),
        *("unchanged", "little", "missing", "insufficient", "ineffective", "dispensable"),
    ]
)
HEDGES = frozenset(
    [
        *("may", "might", "could", "possibly", "perhaps", "potentially", "potential", "suggest", "suggests"),
        *("suggested", "suggesting", "appear", "appears", "appeared", "seem", "seems", "seemed", "likely", "probably"),
        *("putative", "hypothesize", "hypothesis", "hypothesized", "presumably", "speculate", "tentative", "unclear"),
        *("indicate", "indicates", "indicating", "would", "can", "partly", "partially"),
    ]
)
CAUSAL = frozenset(
    [
        *("cause", "causes", "caused", "causing", "lead", "leads", "led", "leading", "induce", "induces", "induced"),
        *("drive", "drives", "drove", "driven", "trigger", "triggers", "triggered", "result", "results", "resulted"),
        *("mediate", "mediates", "mediated", "because", "due", "effect", "effects", "affects", "affect"),
    ]
)
ASSOCIATIVE = frozenset(
    [
        *("associated", "association", "associations", "associate", "correlated", "correlates", "correlate"),
        *("correlation", "correlations", "linked", "link", "related", "relationship", "relation", "predict"),
        *("predicts", "predicted", "predictor"),
    ]
)
COMPARING = frozenset(["than", "versus", "vs", "compared", "relative", "over"])
# Background, aim and method sentences carry no finding; conclusion sentences do.
AIM = frozenset(
    """aim aimed investigate investigated examine examined determine assess assessed whether objective purpose evaluate
    evaluated sought hypothesized tested""".split()
)
FINDING = frozenset(
    """conclusion conclusions conclude found show shows showed shown demonstrate demonstrates demonstrated results
    revealed reveal reveals findings identified observed suggest indicate thus therefore interpretation""".split()
)
# Words that may be put for one another without a change of what is said: one group a line. A word may be in several.
SYNONYMS: tuple[tuple[str, ...], ...] = tuple(
    tuple(line.split())
    for line in """
new novel recent
using means use usage utilizing utilising employing
show found shown demonstrate reveal indicate suggest find observe report illustrate prove establish confirm \
    highlight evidence document display exhibit present describe note identify detect conclude argue state
use utilize utilise employ apply leverage adopt exploit
improve enhance boost better
increase raise elevate grow rise augment enhance heighten upregulate
decrease reduce lower diminish decline lessen drop fall cut attenuate downregulate
inhibit suppress block repress prevent impair hinder impede attenuate abolish abrogate reduce
promote stimulate facilitate encourage foster enhance induce support drive
cause induce trigger produce lead result elicit provoke
important crucial critical essential key vital significant major central pivotal
necessary required essential needed require need
method approach technique strategy procedure
model system framework
several various multiple numerous many different diverse some
big large substantial considerable great marked significant strong
small minor slight modest little
fast rapid quick quickly rapidly
begin start commence initiate initiation onset
end finish terminate complete
study investigate examine analyze analyse explore assess evaluate test
propose introduce present develop suggest
patient subject individual participant person people case
child children infant kid
woman women female
man men male
mouse mice murine
tumor tumour cancer carcinoma neoplasm malignancy
medication drug medicine agent pharmacological
treatment therapy treat therapeutic
disease disorder illness condition
death mortality die fatal lethality
risk likelihood probability chance odds
rate frequency incidence prevalence
level amount concentration quantity abundance
also additionally furthermore moreover further
thus therefore hence consequently accordingly
however but yet nevertheless although though while whereas
about approximately around roughly nearly almost
contain include comprise
obtain achieve attain reach gain
enough sufficient adequate
associated linked correlated related connected association correlation relationship link
via through by
due because owing
elderly older aged
heart cardiac cardiovascular coronary
kidney renal
liver hepatic
lung pulmonary respiratory
brain cerebral neural
blood plasma serum
skin dermal cutaneous
stomach gastric
bone skeletal osseous
stroke cerebrovascular
hypertension pressure
obesity obese overweight adiposity
diet dietary food nutrition intake consumption
pregnant pregnancy maternal gestation
newborn neonatal infant
gene genetic genomic
knockout deficient deletion null lack loss absence deficiency depletion
bind interact associate attach
cell cellular
infect infection infected
help aid assist support
affect influence alter modulate change impact effect regulate
regulate control modulate govern
occur happen arise
survive survival viability
prevent protect avoid prevention protection protective
find found identify discover detect observe see seen uncover
understand understood grasp comprehend
give given gave provide yield offer deliver
make made create construct build built produce generate
need require demand
main primary principal major chief key
whole entire complete full
total overall
usually typically commonly generally often frequently
fewer less
current present existing
previous prior earlier past
remain stay persist
example instance
aim goal objective purpose target
data dataset datasets
task problem
difficult challenging hard
simple easy straightforward
quick fast rapid swift
similar comparable alike analogous
different distinct dissimilar separate
part portion fraction proportion
compare compared relative versus than
relevant pertinent related
robust stable reliable
specific particular
additional further extra more another
allow enable permit let
choose select pick chosen selected
keep retain maintain preserve kept
remove eliminate discard
ability capability capacity
performance accuracy
result outcome finding consequence
role function part
mechanism process pathway
type kind form sort class
significant marked notable remarkable considerable substantial significantly markedly substantially
early initial
final last ultimate
like such
among amongst between within
towards toward
while whilst
vs versus against compared
percent percentage %
lead leads leading led result cause contribute
play has have
highlight underscore emphasize emphasise stress
address tackle handle solve
effective efficacious efficient
accurate precise exact
complex complicated intricate
huge vast enormous massive
tiny minute
worldwide global globally
surgery operation surgical operative
doctor physician clinician
adverse harmful negative
physical exercise activity
smoking tobacco cigarette smoker
alcohol drinking
sugar glucose
fat lipid adipose
cut reduce lower
great greater high higher large larger big bigger
surpass outperform exceed beat
varied diverse various
number several
acquire obtain
striking remarkable
mitigate lessen alleviate reduce
fiber fibre
""".strip().splitlines()
)
_TO_TWENTY = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen
    seventeen eighteen nineteen twenty""".split()
_TENS = "thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS: dict[str, float] = {
    **{name: value for value, name in enumerate(_TO_TWENTY)},
    **{name: 30 + 10 * at for at, name in enumerate(_TENS)},
    **{"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9},
    **{"once": 1, "single": 1, "twice": 2, "both": 2, "double": 2, "doubled": 2, "triple": 3, "tripled": 3},
    **{"half": 0.5, "third": 1 / 3, "quarter": 0.25, "dozen": 12},
}
# Words that say nothing alone. Negations are among them, since they are read by themselves.
STOP = frozenset(
    """a an the and or of in on at to for from by with as is are was were be been being am this that these those it its
    their his her our we they he she i you which who whom whose what when where why how than then there here also such
    into onto upon between among during through per via both either each other another any all some most more less very
    can could may might must shall should will would do does did has have had having not no nor so if but while whereas
    although though because since until after before about above below under over again once only own same too just
    however thus therefore hence moreover furthermore additionally s t""".split()
)
