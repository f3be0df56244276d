"""Training pairs made by rule: real sentences altered so that the label is known, titles and conclusions as claims.

``alterations`` changes one sentence; ``training_pairs`` and ``title_pairs`` hold the results against abstracts that no
SciFact claim cites, that ``perturb_dev`` does not use and that are not reserved for ``alter_test``. The test rules
share no word list with these.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bench.verification.data import DATA, Pair, altered_dev, arxiv, read_lines, scifact_corpus

SUPPORT, REFUTE, NEI = "SUPPORT", "REFUTE", "NEI"
LABEL = {
    "number": REFUTE,
    "direction": REFUTE,
    "negation": REFUTE,
    "comparison": REFUTE,
    "entity": NEI,
    "identity": SUPPORT,
    "paraphrase": SUPPORT,
}


@dataclass(frozen=True)
class Altered:
    """A claim made from a sentence: how it was made, what it says of the sentence, and the words exchanged."""

    kind: str
    claim: str
    label: str
    change: str


def reserved_for_test(doc_id: str) -> bool:
    """One document in eight, by hash of its id: for ``alter_test`` only."""
    return hashlib.sha256(doc_id.encode()).digest()[0] % 8 == 0


# ---------------------------------------------------------------- inflection

_IRREGULAR = {
    "be": ("is", "was", "been", "being"),
    "become": ("becomes", "became", "become", "becoming"),
    "begin": ("begins", "began", "begun", "beginning"),
    "bind": ("binds", "bound", "bound", "binding"),
    "break": ("breaks", "broke", "broken", "breaking"),
    "bring": ("brings", "brought", "brought", "bringing"),
    "build": ("builds", "built", "built", "building"),
    "come": ("comes", "came", "come", "coming"),
    "do": ("does", "did", "done", "doing"),
    "draw": ("draws", "drew", "drawn", "drawing"),
    "drive": ("drives", "drove", "driven", "driving"),
    "fall": ("falls", "fell", "fallen", "falling"),
    "find": ("finds", "found", "found", "finding"),
    "give": ("gives", "gave", "given", "giving"),
    "go": ("goes", "went", "gone", "going"),
    "grow": ("grows", "grew", "grown", "growing"),
    "have": ("has", "had", "had", "having"),
    "hold": ("holds", "held", "held", "holding"),
    "keep": ("keeps", "kept", "kept", "keeping"),
    "lead": ("leads", "led", "led", "leading"),
    "lie": ("lies", "lay", "lain", "lying"),
    "lose": ("loses", "lost", "lost", "losing"),
    "make": ("makes", "made", "made", "making"),
    "mean": ("means", "meant", "meant", "meaning"),
    "meet": ("meets", "met", "met", "meeting"),
    "rise": ("rises", "rose", "risen", "rising"),
    "see": ("sees", "saw", "seen", "seeing"),
    "shrink": ("shrinks", "shrank", "shrunk", "shrinking"),
    "speed": ("speeds", "sped", "sped", "speeding"),
    "take": ("takes", "took", "taken", "taking"),
    "undergo": ("undergoes", "underwent", "undergone", "undergoing"),
    "understand": ("understands", "understood", "understood", "understanding"),
    "win": ("wins", "won", "won", "winning"),
    "show": ("shows", "showed", "shown", "showing"),
}
_DOUBLED = frozenset(
    "blur permit thin split upregulat transfer refer occur stop drop plan map control compel expel".split()
)
_PARTICIPLES = frozenset(forms[2] for forms in _IRREGULAR.values()) | {"shown", "proven", "overcome", "arisen", "met"}


def inflect(verb: str) -> tuple[str, str, str, str, str]:
    """Base, third person, past, participle and -ing form of a verb."""
    if verb in _IRREGULAR:
        return (verb, *_IRREGULAR[verb])
    stem = verb + verb[-1] if verb in _DOUBLED else verb
    if verb.endswith("e"):
        return verb, verb + "s", verb + "d", verb + "d", (verb if verb.endswith("ee") else verb[:-1]) + "ing"
    if verb.endswith("y") and verb[-2] not in "aeiou":
        return verb, verb[:-1] + "ies", verb[:-1] + "ied", verb[:-1] + "ied", verb + "ing"
    third = verb + ("es" if re.search(r"(?:s|x|z|ch|sh|o)$", verb) else "s")
    return verb, third, stem + "ed", stem + "ed", stem + "ing"


# ---------------------------------------------------------------- direction words

_VERB_PAIRS = """
increase/decrease increase/reduce improve/worsen improve/degrade improve/impair enhance/reduce enhance/diminish
enhance/impair promote/inhibit promote/suppress activate/suppress activate/inhibit activate/inactivate
stimulate/inhibit stimulate/suppress induce/suppress induce/prevent upregulate/downregulate facilitate/hinder
facilitate/impede strengthen/weaken amplify/attenuate augment/diminish elevate/reduce boost/dampen
alleviate/exacerbate ameliorate/aggravate mitigate/exacerbate outperform/underperform raise/reduce gain/lose
rise/fall grow/shrink expand/shrink maximize/minimize maximise/minimise stabilize/destabilize sensitize/desensitize
phosphorylate/dephosphorylate methylate/demethylate acetylate/deacetylate polymerize/depolymerize
mobilize/immobilize overestimate/underestimate encourage/discourage preserve/impair restore/disrupt
maintain/compromise include/exclude accept/reject abolish/restore abrogate/restore repress/activate
antagonize/potentiate prolong/shorten oxidize/reduce relieve/aggravate confirm/refute intensify/lessen
heighten/lessen deteriorate/recover succeed/fail overexpress/underexpress advance/retard harm/benefit
reinforce/undermine quicken/slow decline/rise enrich/impoverish trigger/prevent protect/endanger enable/preclude
elicit/suppress foster/hamper optimize/degrade surpass/trail reactivate/silence consolidate/erode
""".split()
_FORM_PAIRS = """
high/low higher/lower highest/lowest more/less better/worse best/worst good/poor superior/inferior larger/smaller
greater/smaller largest/smallest greatest/smallest large/small faster/slower fastest/slowest fast/slow
stronger/weaker strongest/weakest strong/weak strongly/weakly longer/shorter longest/shortest long/short
positive/negative positively/negatively favorable/unfavorable favourable/unfavourable beneficial/detrimental
beneficial/harmful effective/ineffective effectively/ineffectively efficient/inefficient efficiently/inefficiently
early/late earlier/later earliest/latest heavier/lighter older/younger richer/poorer major/minor maximal/minimal
maximum/minimum frequent/infrequent frequently/rarely often/rarely always/never rapid/slow rapidly/slowly
quickly/slowly easy/difficult easier/harder simpler/harder cheaper/costlier safe/unsafe stable/unstable
sensitive/insensitive resistant/sensitive accurate/inaccurate accurately/inaccurately reliable/unreliable
reliably/unreliably consistent/inconsistent consistently/inconsistently correct/incorrect correctly/incorrectly
feasible/infeasible likely/unlikely possible/impossible able/unable sufficient/insufficient necessary/unnecessary
essential/dispensable adequate/inadequate complete/incomplete known/unknown dependent/independent present/absent
presence/absence growth/decline improvement/deterioration improvements/deteriorations reduction/increase
reductions/increases decrease/increase inhibition/activation inhibitor/activator inhibitors/activators
upregulation/downregulation up-regulation/down-regulation up-regulated/down-regulated up-regulates/down-regulates
up-regulate/down-regulate up-regulating/down-regulating enhancement/impairment advantage/disadvantage
advantages/disadvantages strength/weakness strengths/weaknesses success/failure successes/failures
successful/unsuccessful successfully/unsuccessfully superiority/inferiority agreement/disagreement
stability/instability efficiency/inefficiency excess/deficiency gain/loss gains/losses active/inactive
acute/chronic above/below upward/downward upwards/downwards maximization/minimization suppression/induction
stimulation/inhibition stimulatory/inhibitory agonist/antagonist agonists/antagonists protective/harmful
adverse/favorable appropriate/inappropriate suitable/unsuitable useful/useless relevant/irrelevant
important/unimportant functional/nonfunctional normal/abnormal predictable/unpredictable limited/unlimited
inexpensive/expensive cheap/expensive simple/complex hypertension/hypotension hyperglycemia/hypoglycemia
hypermethylation/hypomethylation hypermethylated/hypomethylated hyperactivity/hypoactivity hyperactive/hypoactive
hyperthyroidism/hypothyroidism hyperthermia/hypothermia hypersensitive/hyposensitive hyperpolarized/hypopolarized
hyperphosphorylated/hypophosphorylated hyperphosphorylation/hypophosphorylation overestimation/underestimation
overexpression/underexpression overfitting/underfitting overweight/underweight overactivation/underactivation
high-performing/low-performing increasingly/decreasingly bigger/smaller biggest/smallest healthier/sicker
safer/riskier tolerant/intolerant promoter/repressor potentiation/attenuation majority/minority lowering/raising
lowers/raises lowered/raised heavily/lightly slightly/markedly modestly/dramatically marginally/substantially
""".split()


def form_map(verb_pairs: Iterable[str], form_pairs: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Surface form -> its opposites, all forms of the verbs written out."""
    found: dict[str, list[str]] = {}
    both = [pair.split("/") for pair in form_pairs]
    for pair in verb_pairs:
        both.extend([left, right] for left, right in zip(*map(inflect, pair.split("/")), strict=True))
    for left, right in both:
        for here, there in ((left, right), (right, left)):
            if there not in found.setdefault(here, []):
                found[here].append(there)
    return {word: tuple(others) for word, others in found.items()}


DIRECTION_PAIRS: tuple[tuple[str, str], ...] = tuple(
    (pair.split("/")[0], pair.split("/")[1]) for pair in [*_VERB_PAIRS, *_FORM_PAIRS]
)
OPPOSITES = form_map(_VERB_PAIRS, _FORM_PAIRS)
_PREFIXED = frozenset(["high", "low", "long", "short", "early", "late", "fast", "slow", "large", "small"])
_SUFFIXED = frozenset(["dependent", "independent", "positive", "negative", "sensitive", "resistant", "high", "low"])
_GRADES = frozenset(["more", "less", "most", "least", "very", "too", "so", "as", "highly"])
_BE = frozenset(["is", "are", "was", "were", "be", "been", "being", "remain", "remains", "remained"])
_MODALS = frozenset(["to", "can", "could", "may", "might", "will", "would", "should", "must", "cannot", "not"])
_ARTICLES = frozenset(["the", "a", "an", "its", "their", "our", "this", "these", "those", "his", "her"])
_DETERMINERS = _ARTICLES | frozenset(["both", "all", "each", "any", "some", "many", "several", "no", "two", "three"])
# (word, what must not follow it): the word names a thing there, it says no direction.
_NOT_BEFORE = {
    "growth": r"(?:factor|hormone|cone|plate|medium|arrest)",
    "large": r"(?:language|multimodal|multi-modal|vision|visual|reasoning|audio|speech|foundation|video|bowel|"
    r"intestine|extent|pre|language-|generative|AI|recommendation|number|T |diffusion|model|vLM)",
    "small": r"(?:molecule|RNA|interfer|intestin|cell|nucle|hairpin|non-?coding|GTPase|bowel|ubiquitin|airway|"
    r"G |language)",
    "positive": r"(?:control|selection|predictive|samples?|pairs?|and|or|examples?|rate|feedback)",
    "negative": r"(?:control|selection|predictive|samples?|pairs?|and|or|examples?|rate|log|sampling|binomial|"
    r"results?)",
    "active": r"(?:learning|site|sites|perception|ingredient|surveillance|inference|compound|drug|treatment|component)",
    "early": r"(?:stopping|exit|exiting|warning)",
    "high": r"(?:school|throughput)",
    "low": r"(?:earth|rank)",
    "best": r"(?:practice|of|to|known|suited|if|possible|explain|predict|fit)",
    "major": r"(?:histocompatibility|depress|adverse|bleed)",
    "minor": r"(?:allele|groove|histocompat)",
    "induced": r"(?:pluripotent|by)",
    "known": r"(?:as|to)",
    "long": r"(?:as|been|before|since|term|used|non|terminal|established|recognized|considered|known)",
    "short": r"(?:of|hairpin|interfering|chain|term|video|answer|text)",
    "strong": r"(?:baseline|enough)",
    "fast": r"(?:Fourier|food)",
    "more": r"(?:or|and|importantly|recent|specifically|generally|precisely|broadly|research|work|info)",
    "less": r"(?:or|well)",
    "weakly": r"supervised",
    "excess": r"of",
    "later": r"(?:on|life|in)",
    "reduction": r"(?:potential|method|technique|steps?|algorithm)",
    "complete": r"(?:tasks?|the|remission|response|genome|sequence|set|a|an|linkage)",
    "limited": r"(?:to|by|number)",
    "slow": r"(?:wave|down)",
    "dependent": r"(?:on|variable|and|diabetes)",
    "independent": r"(?:variable|and|component|stud|data|cohort|sample|set|from|risk|predict|replic|valid|"
    r"expert|test|manner)",
    "maximum": r"(?:likelihood|a posteriori|entropy|mean)",
    "minimum": r"(?:spanning|description|mean|of)",
    "important": r"(?:role|to)",
    "advance": r"(?:the|in|our|and|of)",
    "recovered": r"(?:from|by)",
    "simple": r"(?:yet|but|and|as)",
    "decline": r"(?:of)?$",
    "normal": r"(?:distribution|map|human|mice|control|tissue|cells?|estimation|vector|subject|individ|volunteer|form)",
    "often": r"(?:than|not)",
    "harm": r"(?:reduction|score)",
    "functional": r"(?:magnetic|MRI|connect|annotation|genomic|connectivity|status|equivalen|form|dependenc)",
    "relevant": r"(?:to|and|docu|info|literature)",
    "good": r"(?:practice|reason)",
}
_ONLY_AFTER_BE = frozenset(
    ["present", "absent", "possible", "impossible", "able", "unable", "complete", "above", "below"]
)
_NOUNS_TOO = frozenset(
    ["harm", "benefit", "benefits", "harms", "advance", "advances", "trail", "trails", "trigger", "triggers"]
)
_BEFORE_ADJECTIVE = frozenset("a an the these such more most less very for on in with of across to and or many".split())
_VERB_ONLY_FORMS = frozenset(["silence", "silences", "promoter", "repressor", "slow", "slows", "recover"])
_MULTI = (
    (r"\bthe most (?=\w+(?:ive|ant|ent|ful|al|ic|ous|able|ible|ed|ate)\b)", "the least "),
    (r"\bspeeds up\b", "slows down"),
    (r"\bspeed up\b", "slow down"),
    (r"\bspeeding up\b", "slowing down"),
    (r"\bdependent on\b", "independent of"),
    (r"\bindependent of\b", "dependent on"),
    (r"\bindependently of\b", "depending on"),
    (r"\bdepends on\b", "does not depend on"),
    (r"\b(supports?) the (?=hypothesis|idea|notion|view|concept|conclusion)", "CONTRADICT the "),
    (r"\bgain-of-function\b", "loss-of-function"),
    (r"\bloss-of-function\b", "gain-of-function"),
    (r"\bat least (?=\d|one|two|three|four|five|half)", "at most "),
    (r"\bat most (?=\d|one|two|three|four|five|half)", "at least "),
    (r"\bin favor of\b", "against"),
    (r"\bbefore (?=the|treatment|surgery|training|and)", "after "),
)
_GAIN = re.compile(r"^(?:gain|gains|loss|losses)$")
_WORD = re.compile(r"[A-Za-z]+")
_HYPHENED = re.compile(r"\b(?:up|down)-[a-z]+|high-performing|low-performing")


def cased(new: str, old: str) -> str:
    """``new`` with the first letter, or all letters, in capitals where ``old`` has them."""
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[:1].upper() + new[1:] if old[:1].isupper() else new


def put(sentence: str, start: int, end: int, new: str) -> str:
    """The sentence with ``new`` in one place, and a preceding "a" or "an" made to agree."""
    before, old = sentence[:start], sentence[start:end]
    article = re.search(r"\b([Aa])n? $", before)
    if article and new[:1].isalpha() and new[:1].lower() != old[:1].lower():
        vowel = re.match(r"(?:[aeio]|u(?!ni[^nm]|s|ti))", new, re.IGNORECASE) is not None
        if re.match(r"(?:[AEFHILMNORSX](?=[A-Z\d-]))", new):
            vowel = True
        elif re.match(r"[A-Z](?=[A-Z\d-])", new):
            vowel = False
        before = before[: article.start()] + article[1] + ("n " if vowel else " ")
    return before + new + sentence[end:]


def _around(sentence: str, start: int, end: int) -> tuple[str, str]:
    """The words before and after a place, in lower case, empty where something else stands between."""
    before = re.search(r"([A-Za-z]+) $", sentence[:start])
    after = re.match(r" ([A-Za-z]+)", sentence[end:])
    return (before[1].lower() if before else ""), (after[1].lower() if after else "")


def direction_places(
    sentence: str, opposites: dict[str, tuple[str, ...]]
) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """Where a direction word stands that can be turned round, with its opposites."""
    taken: list[tuple[int, int]] = []
    for match in _HYPHENED.finditer(sentence):
        if match[0].lower() in opposites:
            taken.append(match.span())
            yield match.start(), match.end(), opposites[match[0].lower()]
    for match in _WORD.finditer(sentence):
        word = match[0].lower()
        start, end = match.span()
        others = opposites.get(word)
        if others is None or any(left <= start < right for left, right in taken):
            continue
        left, right = sentence[start - 1 : start], sentence[end : end + 1]
        if (right == "-" and word not in _PREFIXED) or (left == "-" and word not in _SUFFIXED):
            continue
        if (left and left in "_\\'’0123456789{^/+") or (right and right in "_\\'’0123456789}^/+"):
            continue
        if match[0] != word and match[0] != word.capitalize():
            continue
        near = set(re.findall(r"[a-z]+", sentence[max(0, start - 28) : end + 28].lower())) - {word}
        if near & set(others):
            continue
        yield start, end, others


def _direction_allowed(sentence: str, start: int, end: int, others: tuple[str, ...]) -> tuple[str, ...]:
    """The opposites that fit here; none where the word does not say a direction."""
    word = sentence[start:end].lower()
    before, after = _around(sentence, start, end)
    rest = sentence[end:].lstrip(" -")
    stop = _NOT_BEFORE.get(word)
    if stop is not None and re.match(stop, rest):
        return ()
    if word in ("long", "short", "fast", "slow") and sentence[end : end + 1] == "-":
        if not re.match(r"(?:term|range|lived|context|horizon|lasting|duration)\b", rest):
            return ()
    elif word in ("long", "short") and before not in (*_BE, "a", "too", "very"):
        return ()
    if word in _ONLY_AFTER_BE and before not in _BE and not re.match(r"\d", rest):
        return ()
    if word in ("above", "below") and not re.match(r"\d", rest):
        return ()
    if word in _VERB_ONLY_FORMS and before not in (*_MODALS, "that", "which", "and"):
        return ()
    if word in _NOUNS_TOO and (before in _DETERMINERS or after in ("of", "in", "and", "or", "for", "to", "")):
        return ()
    if word == "lower" and (before in _MODALS or after in _DETERMINERS):
        return ("raise",)
    if word == "lower" and (before in ("we", "that", "which") or "upper" in sentence[max(0, start - 12) : end + 12]):
        return ()
    if word in ("known", "unknown") and re.search(
        r"\b(?:[Ll]ittle|[Ll]ess|[Mm]uch|well) ?(?:is )?$", sentence[:start].rstrip()
    ):
        return ()
    if word in ("complex", "simple") and (after == "" or before not in _BEFORE_ADJECTIVE):
        return ()
    if word in ("elevated", "sensitive") and after in ("roads", "information", "data", "concepts", "content"):
        return ()
    if word in ("positive", "negative") and before in ("double", "triple", "false", "true", "single"):
        return ()
    if word in ("lowering", "raising") and after in ("", "of"):
        return ()
    if word in ("better", "worse", "best", "worst") and (
        before in (*_MODALS, "that", "by", "for")
        or (after in ("understand", "capture", "than", "suited") and before == "")
    ):
        return ()
    if word in ("more", "less") and (before in ("no", "or", "once", "any", "even") and after != "than"):
        return ()
    if word in ("more", "less") and (before in ("no", "or") or after in ("", "and", "or")):
        return ()
    if word == "less" and after == "than" and re.search(r"\b[Pp] ?$", sentence[: start - 1]):
        return ()
    if _GAIN.match(word) and not (
        after in ("of", "in") or before in ("weight", "hearing", "bone", "memory", "performance", "accuracy", "muscle")
    ):
        return ()
    if word in ("gain", "lose") and before not in (*_MODALS, "we", "they") and after not in ("of", "in"):
        return ()
    if re.match(r"(?:in|un|im|ir|ab|non)", others[0]) and before in _GRADES and word not in ("increase", "increased"):
        return ()
    if word in ("correct", "limited", "advance", "reduced", "benefit") and before in _MODALS:
        return ("increased",) if word == "reduced" else ()
    if word in ("likely", "important", "often", "frequently") and before in _GRADES:
        return ()
    if word == "likely" and before in ("most", "more", "less", "is", "are"):
        return others if before in ("is", "are") and after == "to" else ()
    if word in ("including", "excluding") and before and not sentence[:start].endswith(", "):
        return ()
    if word in ("enable", "enables", "enabled", "enabling") and re.match(r"(?:[^,;.]{0,90}) to ", sentence[end:]):
        return ()
    if word in ("encourage", "encourages", "encouraging", "discourage") and after in ("", "results", "performance"):
        return ()
    if word in ("improved", "reduced", "increased", "activated") and after == "by" and before == "not":
        return ()
    if word == "rise" and before in ("gives", "give", "giving", "gave"):
        return ()
    if word in (
        "fail",
        "fails",
        "failed",
        "failing",
        "succeed",
        "succeeds",
        "succeeded",
        "fall",
        "falls",
        "fell",
        "falling",
    ) and after in (
        "to",
        "short",
        "into",
        "within",
        "in",
        "on",
        "under",
        "back",
    ):
        return ()
    if word in ("growing", "grown", "grow", "grew", "grows") and (
        after in ("body", "in", "interest", "on") or before in ("were", "cells")
    ):
        return ()
    if (
        word in ("preserve", "restore", "recover", "recovered", "recovering", "retard")
        and after in ("the", "a")
        and before == "we"
    ):
        return ()
    if word in ("reduce", "reduces", "reduced", "reducing") and after == "to":
        return ()
    if word == "reduced":
        return tuple(other for other in others if other in ("increased", "enhanced", "elevated", "raised"))
    if word in ("reduce", "reduces", "reducing"):
        return tuple(other for other in others if not other.startswith(("oxidi", "elevat")))
    if word in ("presence", "absence") and before not in ("the", "in", "and", "or"):
        return ()
    if (word == "independent" and before in ("an", "two", "three", "of", "the", "and")) or (
        word == "dependent" and before == "and"
    ):
        return ()
    if word in ("always", "never") and after == "been" and word == "always":
        return ()
    if word in ("important", "expensive", "normal") and after == "":
        return others if before in _BE else ()
    if word in ("excess", "deficiency") and after not in ("in", "of"):
        return ()
    if word == "active" and before in ("most", "biologically", "physically"):
        return ()
    if word in ("prevent", "prevents", "prevented", "preventing"):
        return tuple(
            other for other in others if other.startswith("induc") and " from " not in sentence[end : end + 80]
        )
    return others


def _directions(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[int, int, str]] = []
    for start, end, others in direction_places(sentence, OPPOSITES):
        allowed = _direction_allowed(sentence, start, end, others)
        if allowed:
            found.append((start, end, rng.choice(allowed)))
    for pattern, new in _MULTI:
        match = re.search(pattern, sentence)
        if match and match[0] != new:
            verb = "contradicts the " if match[0].startswith("supports") else "contradict the "
            found.append((match.start(), match.end(), verb if new.startswith("CONTRADICT") else new))
    if not found:
        return None
    start, end, new = rng.choice(found)
    old = sentence[start:end]
    claim = put(sentence, start, end, cased(new, old) if " " not in old else new)
    return Altered("direction", claim, REFUTE, f"{old.strip()}->{new.strip()}")


# ---------------------------------------------------------------- numbers

_NUMBER_WORDS = "two three four five six seven eight nine ten eleven twelve".split()
_NUMBER = re.compile(
    r"(?<![\w.,\-‐–−/#\[^_{(:·+*=)])(?<!\\)\d+(?:[.,·]\d+)*(?![\w\]^}]|[.,·]\d)(?!-[A-Za-z]*\d)|"
    r"(?<=[ (=<>~≥≤≈$][-−(+<>=~≈≥≤])\d+(?:[.,·]\d+)*(?![\w\]^}]|[.,·]\d)|"
    r"(?<=[=<>~≥≤≈$+×])\d+(?:[.,·]\d+)*(?![\w\]^}]|[.,·]\d)|(?<=[\s(\[]\()\d+(?:[.·]\d+)?(?=\s?\\?%)"
)
_UNITS = {
    "mg": "g", "g": "mg", "kg": "g", "µg": "mg", "μg": "mg", "ng": "µg", "ml": "l", "mL": "L", "nm": "µm", "mm": "cm",
    "cm": "mm", "km": "m", "ms": "s", "nM": "µM", "µM": "nM", "μM": "nM", "mM": "µM", "kb": "bp", "bp": "kb",
    "years": "months", "months": "years", "weeks": "days", "days": "weeks", "hours": "minutes", "minutes": "seconds",
    "GB": "MB", "MB": "GB", "billion": "million", "million": "thousand", "kDa": "Da", "dB": "%", "year": "month",
}  # fmt: skip


_NAMED = re.compile(
    r"(?:[A-Z][\w-]*|[Ff]ig(?:ure|\.)?|[Tt]able|[Tt]ype|[Cc]lass|[Ss]tage|[Pp]hase|[Cc]hromosome|[Gg]rade|"
    r"[Ll]evel|[Vv]ersion|"
    r"receptor|protein|kinase|factor|domain|member|[Ss]ection|[Tt]ask|exon|subunit|complex|interleukin|caspase|"
    r"collagen|day|"
    r"week|group|virus|box|lysine|serine|tyrosine|threonine|arginine|residue|codon|position|types|diabetes|"
    r"scenario|experiment|cluster|question) $"
)
_COUNTED = (
    r"\s?(?:%|\\%|(?:[a-z]+ )?(?:patients|studies|trials|datasets|benchmarks|tasks|models|languages|domains|"
    r"months|years|weeks|days|hours|minutes|cases|women|men|children|participants|subjects|groups|points|genes|samples|images|times|mg|kg|mm))\b"
)
_BEFORE_NUMBER = frozenset(
    """
    of in with to than by at for and the over from least about approximately all these those on until after within up
    between only were was is are had have has among across or most nearly almost some under below above every each
    first last next age aged exceeds around roughly our their its plus versus against into just another a per
    """.split()
)
_UNNAMED = re.compile(
    r"(?:^|[.:] |\()(?:[A-Z][a-z]+|RESULTS|FINDINGS|METHODS|OR|HR|RR|CI|AUC|F1|Among|In|Of|At|With|Over|From|"
    r"After|By) $"
)


_NUMBER_WORD = rf"(?<![\w-])(?:{'|'.join(_NUMBER_WORDS)})(?!\w|[- ]dimension)"


def _new_number(old: str, rng: random.Random) -> str:
    """Another number of the same shape, between a fifth and five times the old one and well apart from it."""
    mark = "·" if "·" in old else "."
    if "," in old:
        whole = int(old.replace(",", "")) if re.fullmatch(r"\d{1,3}(?:,\d{3})+", old) else None
        if whole is None:
            return old
        return f"{max(1, round(whole * rng.choice([0.3, 0.45, 0.6, 0.75, 1.3, 1.6, 2.1, 2.8]))):,}"
    plain = old.replace(mark, ".")
    if plain.count(".") > 1:
        return old
    if "." in plain:
        places = len(plain.split(".")[1])
        value = float(plain)
        for _ in range(20):
            new = f"{value * rng.choice([0.25, 0.4, 0.55, 0.7, 1.35, 1.7, 2.2, 3.1]):.{places}f}"
            if value <= 1 < float(new) or (value <= 100 < float(new)) or float(new) == value or float(new) == 0:
                continue
            return new.replace(".", mark)
        return f"{value + 10**-places * 3:.{places}f}".replace(".", mark)
    value_ = int(plain)
    if 1900 <= value_ <= 2035 and len(plain) == 4:
        return str(value_ + rng.choice([-11, -7, -5, -3, 3, 4, 6]))
    if value_ <= 12:
        return str(rng.choice([n for n in range(1 if value_ else 2, 16) if abs(n - value_) > (1 if value_ > 3 else 0)]))
    for _ in range(20):
        new = str(max(1, round(value_ * rng.choice([0.25, 0.4, 0.55, 0.7, 1.4, 1.8, 2.3, 3.1]))))
        if new != plain and not (value_ <= 100 < int(new)):
            return new
    return str(value_ // 2)


def number_places(sentence: str) -> Iterator[tuple[int, int]]:
    """Where a number in digits stands that counts or measures: no part of a name, a reference or a formula."""
    for match in _NUMBER.finditer(sentence):
        start, end = match.span()
        before, after = sentence[:start], sentence[end:]
        if _NAMED.search(before) and not _UNNAMED.search(before):
            continue
        last = re.search(r"([a-z]+(?:-[a-z]+)*) $", before)
        named = last and last[1] not in _BEFORE_NUMBER and not re.search(r"(?:ed|ing|es|ly)$", last[1])
        if named and len(match[0]) < 3 and not re.match(_COUNTED, after):
            continue
        if re.search(r"[A-Z]\w* ?\d+(?:\.\d+)?(?: and|,|/| or|[-–]) ?$", before) or before.endswith((")", "[", "[ ")):
            continue
        if re.match(r"(?:st|nd|rd|th)\b|['′’]|\s?\]|-?[A-Z]", after):
            continue
        if re.match(r"9[059]$", match[0]) and re.match(r"\\?% ?(?:CI|confidence|credible)", after):
            continue
        if (
            after.startswith(")")
            and len(match[0]) < 3
            and (before.endswith("(") or before.count("(") == before.count(")"))
        ):
            continue
        if re.match(r"/\d|-[a-z]+(?:yl|ine|ol|ate|ose|ase|il|one|ide|oxy|acid)\b|-[a-z]+[A-Z]|-hydroxy|\(OH", after):
            continue
        if before.count("$") % 2 and not re.match(r"\\?%?\s?\$|\\times", after):
            continue
        yield start, end


def _numbers(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[int, int, str, str]] = []
    for start, end in number_places(sentence):
        old, after = sentence[start:end], sentence[end:]
        new = _new_number(old, rng)
        if new != old:
            found.append((start, end, old, new))
        unit = re.match(r" ?([A-Za-zµμ]+)(?![\w/])", after)
        if unit and unit[1] in _UNITS and rng.random() < 0.2 and (len(unit[1]) > 1 or after.startswith(" ")):
            found.append((end + unit.start(1), end + unit.end(1), unit[1], _UNITS[unit[1]]))
    for match in re.finditer(
        _NUMBER_WORD,
        sentence,
        re.IGNORECASE,
    ):
        index = _NUMBER_WORDS.index(match[0].lower())
        new = rng.choice([word for place, word in enumerate(_NUMBER_WORDS[:9]) if place != index])
        found.append((*match.span(), match[0], cased(new, match[0])))
    for word, new in (("twice", "half"), ("doubled", "halved"), ("tripled", "halved"), ("doubles", "halves")):
        for match in re.finditer(rf"\b{word}\b(?! daily| a| per| weekly)", sentence):
            found.append((*match.span(), word, new))
    if not found:
        return None
    start, end, old, new = rng.choice(found)
    before = sentence[:start]
    if article := re.search(r"\b([Aa])n? $", before):
        before = (
            before[: article.start()] + article[1] + ("n " if re.match(r"8|1[18](?!\d)|eight|eleven", new) else " ")
        )
    return Altered("number", before + new + sentence[end:], REFUTE, f"{old}->{new}")


# ---------------------------------------------------------------- negation

_NEGATION_VERBS = """
achieve activate address affect aid allow alleviate alter apply attenuate avoid block capture cause combine comprise
conserve constitute contain contribute control correlate cover define degrade demonstrate depend derive detect
determine differ display drive eliminate employ enable encode encompass enforce enhance ensure establish exceed exhibit
exist explain exploit express extend facilitate focus follow generalize generate guide handle help highlight identify
illustrate improve incorporate increase indicate induce influence inhibit integrate interact introduce involve lack
leverage limit localize maintain match mediate minimize mitigate modulate occur offer operate optimize originate
outperform perform play potentiate predict preserve prevent produce promote protect provide reach receive recognize
reduce reflect regulate rely remain represent require resolve respond restrict retain reveal scale serve show
stabilize stimulate suggest support suppress surpass sustain trigger undergo underlie use utilize vary yield
bind lead give make take become hold bring keep arise confirm decrease demand elicit predict solve simplify transfer
""".split()
_REPORTING_VERBS = frozenset(
    "show demonstrate suggest indicate reveal highlight illustrate propose introduce present".split()
)
_AMBIGUOUS_S = frozenset(
    "displays controls uses focuses limits scales supports plays drives leads helps aids demands lacks yields matches "
    "offers guides blocks covers handles causes influences increases decreases holds makes takes transfers reaches "
    "triggers results keeps".split()
)
_AMBIGUOUS_BASE = frozenset(
    "aid block cause control cover decrease demand display drive exploit express focus guide handle help highlight "
    "hold increase influence lack lead leverage limit match offer play reach result scale show support transfer "
    "trigger "
    "use yield follow respond alter".split()
)
_THIRD = {inflect(verb)[1]: verb for verb in _NEGATION_VERBS if verb != "underlie"} | {"underlies": "underlie"}
_PAST = {inflect(verb)[2]: verb for verb in _NEGATION_VERBS if verb != "underlie"}
_BASE = frozenset(_NEGATION_VERBS)
_AUX = re.compile(
    r"(?<![\w-])(is|are|was|were|has|have|had|can|could|will|would|should|must|does|do|did)(?= [a-z(\"“])"
)
_NEGATIVE = re.compile(r"\b(?:not|no|never|neither|nor|none|cannot|without|n't)\b")
_NO_NOT_AFTER = re.compile(
    r" (?:not|no|never|neither|none|only|solely|nothing|little|few|still|also|as|either|both|all|every|always|any|yet|"
    r"one|the|just|mainly|primarily|likely|often|unlikely|and|or|but|to|because|due|that|what|how|why)\b"
)
_NO_NOT_BEFORE = re.compile(
    r"(?:\b(?:as|than|what|whether|if|how|why|where|when|nor|neither|who|there|here|only|never|so|and|or|for|"
    r"do|does|did|not|no|none|to|of|both|such|each|but|it|because|since|although|though|while)|[,(:;]) $",
    re.IGNORECASE,
)


def _outside_brackets(text: str, place: int) -> bool:
    return text.count("(", 0, place) <= text.count(")", 0, place)


_NO_SUBJECT_END = (
    frozenset(
        "well and or but as than what to of in by for how both with on from its their at has have had do does "
        "did".split()
    )
    | _DETERMINERS
    | _MODALS
    | _BE
)


def auxiliary_places(sentence: str) -> Iterator[tuple[int, int, str, str]]:
    """Where an auxiliary stands that can be denied: start, end, the auxiliary and the word that follows it."""
    for match in _AUX.finditer(sentence):
        start, end = match.span()
        before, after = sentence[:start], sentence[end:]
        if _NO_NOT_AFTER.match(after) or _NO_NOT_BEFORE.search(before) or not before.strip():
            continue
        if not _outside_brackets(sentence, start) or re.search(r"\b[Ww]hether\b", before):
            continue
        if re.search(r"\b(?:not|no|never|neither|nor)\b", sentence[max(0, start - 45) : end + 25]):
            continue
        if re.search(r"(?i)\b(?:few|little|only|least)\b(?: [\w-]+){0,4} $", before):
            continue
        following = re.match(r" (?:[a-z]+ly |also |been |now |then )?([a-z]+)", after)
        if following:
            yield start, end, match[1], "been" if after.startswith(" been ") else following[1]


def _negations(sentence: str, rng: random.Random) -> Altered | None:
    removed = _negation_removed(sentence, rng)
    if removed and rng.random() < 0.85:
        return removed
    found: list[tuple[float, str, str]] = []
    for start, end, word, head in auxiliary_places(sentence):
        before, after = sentence[:start], sentence[end:]
        if word in ("has", "have", "had"):
            if head.endswith("ed") or head in _PARTICIPLES or head == "been":
                found.append((1.0, f"{before}{word} not{after}", f"{word} not"))
            elif not re.match(r" to\b", after) and not before.endswith("we "):
                helper = {"has": "does", "have": "do", "had": "did"}[word]
                found.append((1.0, f"{before}{helper} not have{after}", f"{helper} not have"))
            continue
        if word in ("do", "does", "did"):
            continue
        if word in ("is", "are", "was", "were") and head in ("based", "a"):
            found.append((0.4, f"{before}{word} not{after}", f"{word} not"))
            continue
        new = "cannot" if word == "can" else f"{word} not"
        found.append((1.0, f"{before}{new}{after}", new))
    for match in re.finditer(
        r"\b([Tt]here (?:is|are|was|were)) (a |an |some |evidence|significant|considerable)", sentence
    ):
        rest = match[2] if match[2] in ("evidence", "significant", "considerable") else ""
        found.append((2.0, f"{sentence[: match.start()]}{match[1]} no {rest}{sentence[match.end() :]}", "no"))
    found.extend(_verb_negations(sentence, rng))
    for match in re.finditer(
        r"\b(patients|women|men|individuals|children|adults|participants|subjects|mice|those|infants|persons|"
        r"people) with "
        r"(?!or\b|and\b|the\b|respect|a mean|an? (?:median|average|history))",
        sentence,
    ):
        claim = f"{sentence[: match.end() - 5]}without {sentence[match.end() :]}"
        if "without" not in sentence:
            found.append((0.5, claim, "with->without"))
    for old, new in (("always", "never"), ("presence of", "lack of")):
        place = sentence.find(f" {old} ")
        if place >= 0 and not _NEGATIVE.search(sentence) and f"{new}" not in sentence and "absence" not in sentence:
            found.append((0.5, sentence[: place + 1] + new + sentence[place + 1 + len(old) :], f"{old}->{new}"))
    if not found:
        return removed
    place = rng.choices(range(len(found)), [weight for weight, _, _ in found])[0]
    return Altered("negation", found[place][1], REFUTE, found[place][2])


def finite_verbs(sentence: str) -> Iterator[tuple[int, int, str, str, str]]:
    """Main verbs that can be denied: start (of an adverb before it), end, the adverb, the base form, and its helper."""
    for match in re.finditer(r"(?<![\w\-.\\'])(?:([a-z]+ly|also|further) )?([a-z]+)(?![\w'-])", sentence):
        adverb, word = match[1] or "", match[2]
        start, end = match.span()
        if not _outside_brackets(sentence, start) or sentence[start - 1 : start] != " ":
            continue
        before = re.search(r"([\w\-$)\]}%+*]+) $", sentence[:start])
        after = re.match(r" ([\w-]+)", sentence[end:])
        last, following = before[1] if before else "", after[1].lower() if after else ""
        low = last.lower()
        if not last or not following or low in _NO_SUBJECT_END:
            continue
        if re.search(r"\b(?:not|no|only|neither)\b", sentence[max(0, start - 20) : end + 12]):
            continue
        if word in _THIRD:
            if word in _AMBIGUOUS_S and not (following in _DETERMINERS or low in ("it", "which", "that", "method")):
                continue
            if following not in ("are", "were", "is", "was", "have", "can", "may", "and", "or"):
                yield start, end, adverb, _THIRD[word], "does"
        elif word in _BASE and word not in _AMBIGUOUS_BASE:
            plural = low in ("we", "they") or (
                re.fullmatch(r"[a-z]{3,}s", last) is not None and not re.search(r"(?:ss|us|is|always|across|as)$", low)
            )
            if plural and last not in _THIRD and following not in ("of", "by"):
                yield start, end, adverb, word, "do"
        elif word in _PAST and word not in ("found", "led", "bound", "made", "held", "kept", "used", "based"):
            finite = following in ("the", "a", "an", "its", "their", "our", "that", "no", "both", "all")
            finite = finite and not re.match(r"(?:[a-z]+ed|that|which|who|when|if|once|as|were|was)$", low)
            if finite or low in ("we", "they", "it"):
                yield start, end, adverb, _PAST[word], "did"


def _verb_negations(sentence: str, rng: random.Random) -> Iterator[tuple[float, str, str]]:
    """A main verb denied: does not, do not, did not, fails to."""
    for start, end, adverb, base, helper in finite_verbs(sentence):
        weight = 0.25 if base in _REPORTING_VERBS else 1.2
        verb = f"{adverb} {base}" if adverb else base
        if helper == "does" and base != "lack" and base not in _REPORTING_VERBS and rng.random() < 0.15:
            yield weight, f"{sentence[:start]}fails to {verb}{sentence[end:]}", "fails to"
        else:
            yield weight, f"{sentence[:start]}{helper} not {verb}{sentence[end:]}", f"{helper} not"


def _negation_removed(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[str, str]] = []
    guard = re.compile(r"[^.;]*?\b(?:but|until|any|nor|yet|either|necessarily|rather|neither|anymore|unless|instead)\b")

    def put(start: int, end: int, new: str, change: str) -> None:
        found.append((sentence[:start] + new + sentence[end:], change))

    for match in re.finditer(r"\b(does|did|do) not ((?:[a-z]+ly|also) )?([a-z]+)\b", sentence):
        if guard.match(sentence[match.end() :]) or match[3] in ("only", "appear", "seem"):
            continue
        form = {"does": 1, "did": 2, "do": 0}[match[1]]
        new = (match[2] or "") + inflect(match[3])[form]
        if (
            form == 0
            or match[3] in _BASE
            or match[3] in _IRREGULAR
            or re.search(r"(?:ate|ize|ise|ict|ect|ify|ess|ulate|ence|ange|end|ire|ove)$", match[3])
        ):
            put(*match.span(), new, "del not")
    for match in re.finditer(
        r"\b(is|are|was|were|has|have|had|could|would|will|should|may|might) not (?!only\b|just\b|all\b|yet\b|"
        r"merely\b|even\b|always\b)",
        sentence,
    ):
        if not guard.match(sentence[match.end() :]):
            put(*match.span(), f"{match[1]} ", "del not")
    for match in re.finditer(r"\bcan ?not (?!only\b|be overstated|be overemph)", sentence):
        if not guard.match(sentence[match.end() :]):
            put(*match.span(), "can ", "del not")
    for match in re.finditer(
        r"\b(there (?:was|is|were|are)|showed|shows|show|found|had|has|have|with|observed|exhibited|produced|"
        r"detected) no "
        r"(?!longer|more|less|fewer|other|better|worse|one)((?:\w+ly )?[\w-]+)",
        sentence,
        re.IGNORECASE,
    ):
        if guard.match(sentence[match.end() :]):
            continue
        noun = re.match(r"[\w -]*", sentence[match.start(2) :])
        words = (noun[0] if noun else "").split()
        plural_or_mass = any(
            word in ("evidence", "effect", "improvement", "change", "increase", "difference", "association")
            or word.endswith("s")
            for word in words[:3]
        )
        singular = next(
            (
                word
                for word in words[:3]
                if word
                in (
                    "effect",
                    "change",
                    "increase",
                    "difference",
                    "association",
                    "improvement",
                    "reduction",
                    "correlation",
                    "decrease",
                    "benefit",
                    "impact",
                )
            ),
            None,
        )
        if singular:
            put(*match.span(), f"{match[1]} {'an' if match[2][:1].lower() in 'aeiou' else 'a'} {match[2]}", "del no")
        elif plural_or_mass:
            put(*match.span(), f"{match[1]} {match[2]}", "del no")
    for match in re.finditer(r"\b(fails|failed|fail) to ([a-z]+)\b", sentence):
        form = {"fails": 1, "failed": 2, "fail": 0}[match[1]]
        if (match[2] in _BASE or form == 0) and (form == 0 or match[2] in _BASE):
            put(*match.span(), inflect(match[2])[form], "del fail to")
    for match in re.finditer(
        r"(?<!or )(?<!and )\bwithout (?=(?:a|an|the|significant|additional|extra|any)? ?[a-z-]+)(?!\w+ing\b)", sentence
    ):
        rest = sentence[match.end() :]
        put(match.start(), match.end() + (4 if rest.startswith("any ") else 0), "with ", "without->with")
    for match in re.finditer(
        r"\bwithout (?=(?:\w+ly )?(?:requiring|sacrificing|compromising|affecting|changing|altering|using|"
        r"relying|losing|degrading)\b)",
        sentence,
    ):
        put(*match.span(), "while ", "without->while")
    for match in re.finditer(r"\b(a|the) lack of\b", sentence, re.IGNORECASE):
        put(*match.span(), f"{cased('the', match[1])} presence of", "lack->presence")
    for match in re.finditer(r"\bnever (?=[a-z])(?!been|before|only)", sentence):
        put(*match.span(), "", "del never")
    for match in re.finditer(
        r"\b[Nn]either ([^,;.]{2,40}) nor ([^,;.]{2,40}?) (was|were|is|are|has|have|had|did|affected)\b", sentence
    ):
        if match[3] != "did":
            verb = {"was": "were", "is": "are", "has": "have"}.get(match[3], match[3])
            put(*match.span(), f"{cased('both', match[0])} {match[1]} and {match[2]} {verb}", "neither->both")
    for match in re.finditer(r"\b(un)(affected|changed|altered|detectable|related|successful|necessary)\b", sentence):
        put(*match.span(), match[2], "del un")
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("negation", claim, REFUTE, change)


# ---------------------------------------------------------------- names

NAME = re.compile(
    r"(?<![\w\\/{.\-])(?=[^\s]*[A-Z])(?:[A-Za-z]*[A-Z][A-Za-z]*[A-Z0-9][A-Za-z0-9α-ω]*|[A-Z]{2,}s?|"
    r"[A-Z][a-z]+\d+[A-Za-z]*)"
    r"(?:-[A-Za-z0-9α-ωκ]+){0,2}(?![\w\-/}]|\.\d)"
)
_NOT_NAMES = frozenset(
    """
    AND OR THE OF IN TO FOR ON AT BY WITH FROM AS IS ARE NOT CI OR HR RR SD SE IQR US USA UK EU II III IV VI VII VIII
    IX XI XII RESULTS RESULT METHODS METHOD CONCLUSIONS CONCLUSION BACKGROUND OBJECTIVE OBJECTIVES AIMS AIM PURPOSE
    FINDINGS INTERPRETATION FUNDING DESIGN SETTING PARTICIPANTS PATIENTS INTERVENTION INTERVENTIONS MAIN OUTCOME
    OUTCOMES MEASURES MEASURE STUDY DATA SOURCES SELECTION EXTRACTION SYNTHESIS CONTEXT RATIONALE SIGNIFICANCE
    IMPORTANCE RELEVANCE LIMITATIONS LIMITATION INTRODUCTION DISCUSSION MATERIALS PRINCIPAL MATERIAL EXPOSURE AUTHORS
    KEY WORDS LEVEL EVIDENCE DOI ID NA AI ML 2D 3D PM AM DNA RNA REVIEW SEARCH STRATEGY CRITERIA DISCLOSURE POINTS
    """.split()
)


def names_in(text: str) -> list[str]:
    """The acronyms and gene- or model-like names of a text, in order, each once."""
    found: dict[str, None] = {}
    for match in NAME.finditer(text):
        name = match[0]
        if name not in _NOT_NAMES and not re.search(r"^[A-Z]{6,}$|-[a-z]{3,}$", name) and 2 <= len(name) <= 20:
            found.setdefault(name)
    return list(found)


def _like(old: str, names: Sequence[str], rng: random.Random) -> str | None:
    """A name that reads like the old one: plural for plural, with the same class of letters where there is one."""
    plural = bool(re.search(r"[A-Z0-9]s$", old))
    shape = (bool(re.search(r"\d", old)), bool(re.search(r"[a-z]{2}", old)), "-" in old)
    backup = None
    for _ in range(60):
        new = names[rng.randrange(len(names))]
        if bool(re.search(r"[A-Z0-9]s$", new)) != plural or new.lower() in old.lower() or old.lower() in new.lower():
            continue
        if shape == (bool(re.search(r"\d", new)), bool(re.search(r"[a-z]{2}", new)), "-" in new):
            return new
        backup = backup or new
    return backup


def replace_name(sentence: str, old: str, new: str) -> str:
    """Every mention of a name replaced, with the article before it."""
    pattern = re.compile(rf"(?<![\w\\/{{.\-]){re.escape(old)}(?![\w\-/}}]|\.\d)")
    place = 0
    while match := pattern.search(sentence, place):
        before = len(sentence)
        sentence = put(sentence, match.start(), match.end(), new)
        place = match.end() + len(sentence) - before
    return sentence


def _entities(sentence: str, rng: random.Random, names: Sequence[str]) -> Altered | None:
    own = [
        name
        for name in names_in(sentence)
        if not re.search(rf"\w \({re.escape(name)}(?:\)|[,;])", sentence) or sentence.count(name) > 1
    ]
    if not own or not names:
        return None
    old = rng.choice(own)
    new = _like(old, names, rng)
    if new is None or new in sentence:
        return None
    claim = replace_name(sentence, old, new)
    return Altered("entity", claim, NEI, f"{old}->{new}") if claim != sentence else None


# ---------------------------------------------------------------- comparisons

_COMPARATIVES = (
    "higher|lower|greater|smaller|larger|better|worse|faster|slower|stronger|weaker|longer|shorter|older|"
    "younger|earlier|"
    "later|cheaper|richer|poorer|superior|inferior|fewer|closer|deeper|easier|harder|safer|"
    "(?:more|less) [a-z]+(?: [a-z]+)?"
)
_SURPASS = re.compile(
    r"(?P<a>(?:[\w$^+~'’.%-]+ ){1,7}?)(?P<verb>(?:(?:significantly|substantially|consistently|clearly|markedly|"
    r"greatly|even) )?"
    r"(?:outperforms?|outperformed|surpass(?:es|ed)?|exceed(?:s|ed)?|beats?|is (?:superior|preferable|"
    r"equivalent|inferior) to|"
    r"was (?:superior|inferior) to|were (?:superior|inferior) to|are (?:superior|inferior) to)) "
    r"(?P<b>(?!its |their |it |that )(?:[\w$^+~'’.%-]+ ){0,7}?[\w$^+~'’%-]+)(?P<end>\.$|, | (?=(?:on|in|by|"
    r"across|with|at|for|under|while|when|over|using|within|after|during|as|from|to|without)\b))"
)
_THAN_BE = re.compile(
    r"(?P<a>(?:[\w$^+~'’.%-]+ ){1,9}?)(?P<verb>(?:is|are|was|were|performs?|performed) (?:[a-z]+ly )?(?:(?:much|"
    r"far|even|times) )?"
    rf"(?:{_COMPARATIVES}) than) (?P<b>(?!in |for |with |that |those |did |on |at |expected|previously|"
    rf"when )(?:[\w$^+~'’.%-]+ ){{0,8}}?[\w$^+~'’%-]+)(?P<end>\.$|, | (?=(?:on|by|across|at|for|under|while|"
    rf"when|over|using|during|as)\b))"
)
_IN_THAN = re.compile(
    rf"(?P<lead>\b(?:{_COMPARATIVES})(?: [a-z-]+){{0,4}}?) (?P<prep>in|for|with|among|at|on|after|"
    rf"during) (?P<a>[\w-]+(?: [\w+/-]+){{0,5}}?) "
    r"(?P<than>than (?:in|for|with|among|at|on|after|during)|(?:as )?compared (?:with|to)(?: (?:in|for|with|"
    r"among|those in|those with))?|relative to) "
    r"(?P<b>(?!the (?:first|last)|both|that|those|these|expected|before)[\w-]+(?: [\w+/-]+){0,5}?)(?P<end>\.$|"
    r", | \(|; | (?=(?:but|at|during|after|while)\b))"
)
_COMPARED = re.compile(
    r"(?P<a>(?:[\w-]+ ){1,5})(?P<verb>(?:significantly |markedly |substantially )?(?:increased|reduced|"
    r"decreased|improved|lowered|raised|had|has|showed|shows|have|exhibited|achieved|achieves|produced|reduces|"
    r"improves|yields|yielded|increases) "
    r"[^,;.()]{4,90}?) (?P<mid>(?:as )?compared (?:with|to)|in comparison (?:with|to)|relative to|"
    r"than) (?P<b>(?!in |for |those|that |when )[\w-]+(?: [\w-]+){0,4})(?P<end>\.$|, | \()"
)
_FINITE = re.compile(
    r"(?i)\b(?:is|are|was|were|has|have|had|that|which|who|we|it|they|does|do|did|can|could|may|will|shows?|showed|"
    r"demonstrates?|suggests?|indicates?|reveals?|found|if|while|although|because|when|where|there|and|or|but|"
    r"by|than|as|to|whether|"
    r"achieves?|with|using|via|not|no|its|their|even|this|though|whether|despite|itself|themselves|each|for|"
    r"from|also|these|those|only|all|including|both)\b"
)
_CLAUSE_START = re.compile(r"(?:^|\b(?:that|where|and|while|but) |, |: )$")
_LOWERED = frozenset(
    """
    the a an our this these those in both all most many some several patients women men children mice cells treatment
    it we they such each its their his two three four five current existing previous prior recent human humans adult
    adults participants individuals subjects models methods large small high low higher lower increased reduced deep
    expression levels results experiments evidence data loss activation inhibition deletion mutations overexpression
    exposure use training fine-tuning performance infection knockdown risk mortality survival intake consumption
    """.split()
)


def lowered(text: str) -> str:
    """The text with its first letter small, where the first word is not a name."""
    first = re.match(r"[A-Z][a-z]*(?=[\s,]|$)", text)
    return text[:1].lower() + text[1:] if first and (first[0].lower() in _LOWERED) else text


def _upper(text: str) -> str:
    first = re.match(r"[a-z]+(?=[\s,.]|$)|[a-z]+-[a-z]+", text)
    return text[:1].upper() + text[1:] if first else text


_HEAD_END = re.compile(
    r" (?:of|in|for|with|on|from|by|that|to|at|between|without|trained|based|relying|using|involving|containing|"
    r"lacking|derived) "
)


def plural_head(phrase: str) -> bool:
    """Whether the head of a noun phrase looks plural."""
    head = _HEAD_END.split(phrase.strip())[0].split()
    last = head[-1] if head else ""
    if last in ("mice", "women", "men", "children", "people", "those"):
        return True
    return re.search(r"[A-Za-z0-9]s$", last) is not None and re.search(r"(?:ss|us|is|'s)$", last) is None


def _agree(verb: str, plural: bool) -> str:
    """The first finite verb of ``verb`` in the number of its new subject."""

    def change(match: re.Match[str]) -> str:
        word = match[0]
        if plural:
            table = {"is": "are", "was": "were", "has": "have", "outperforms": "outperform", "surpasses": "surpass"}
            table |= {"exceeds": "exceed", "performs": "perform", "beats": "beat", "dominates": "dominate"}
            table |= {"shows": "show", "achieves": "achieve", "reduces": "reduce", "improves": "improve"}
            table |= {"yields": "yield", "increases": "increase"}
        else:
            table = {"are": "is", "were": "was", "have": "has", "outperform": "outperforms", "surpass": "surpasses"}
            table |= {"exceed": "exceeds", "perform": "performs", "beat": "beats", "dominate": "dominates"}
        return table.get(word, word)

    return re.sub(
        r"\b(?:is|are|was|were|has|have|outperforms?|surpass(?:es)?|exceeds?|performs?|beats?|dominates?|shows|"
        r"achieves|"
        r"reduces|improves|yields|increases)\b",
        change,
        verb,
        count=1,
    )


def _swap(sentence: str, match: re.Match[str], middle: str) -> str | None:
    """``a verb b`` -> ``b verb a`` where a is a whole subject."""
    a, b = match["a"].strip(), match["b"].strip()
    before = sentence[: match.start("a")]
    if not _CLAUSE_START.search(before) or _FINITE.search(a) or not a or not b or a == b:
        return None
    if re.search(r"(?i)\b(?:is|are|was|were|that|which|who|has|have|and|or)\b", b) or not re.search(
        r"[A-Za-z]{2}", a + b
    ):
        return None
    if re.search(r"-[a-z]+ing\b", b):
        return None
    if a.lower() in ("it", "we", "they", "he", "she", "this", "these", "which") or re.search(
        r"(?:ly|ing)$", a.split()[0]
    ):
        return None
    if re.search(r"(?i)\d|\b(?:times|fold|percent|humans?' |chance|expected|expectations)\b", b) and "exceed" in middle:
        return None
    tail = sentence[match.start("end") :]
    head = _upper(b) if not before else b
    return f"{before}{head} {_agree(middle, plural_head(b))} {lowered(a) if not before else a}{tail}"


def _comparisons(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[str, str]] = []
    starts = [0, *(match.end() for match in re.finditer(r"\bthat |, |\bwhile |\bwhere |: ", sentence))]
    for pattern in (_SURPASS, _THAN_BE):
        for start in starts:
            match = pattern.match(sentence, start)
            if match and (claim := _swap(sentence, match, match["verb"])):
                found.append((claim, f"swap {match['verb'].split()[-1]}"))
    for start in starts:
        match = _COMPARED.match(sentence, start)
        if match and not re.search(r"\b(?:when|if|by|than|and)\b", match["verb"]):
            claim_ = _swap_compared(sentence, match)
            if claim_:
                found.append((claim_, "swap compared"))
    match = _IN_THAN.search(sentence)
    if match and not re.search(r"\b(?:than|compared|versus|and|but)\b", match["a"] + " " + match["lead"]):
        a, b = match["a"], match["b"]
        if (
            a != b
            and not re.match(r"a \d|both\b", a)
            and not re.search(
                r"\b(?:is|are|was|were|that|which|with|in|by)$|^(?:in|the same|addition|terms|order|general|"
                r"particular)\b",
                a,
            )
        ):
            claim = f"{sentence[: match.start('a')]}{b} {match['than']} {a}{sentence[match.start('end') :]}"
            found.append((claim, "swap in"))
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("comparison", claim, REFUTE, change)


def _swap_compared(sentence: str, match: re.Match[str]) -> str | None:
    a, b = match["a"].strip(), match["b"].strip()
    before = sentence[: match.start("a")]
    if not _CLAUSE_START.search(before) or _FINITE.search(a) or a.lower() in ("we", "it", "they") or _FINITE.search(b):
        return None
    if re.search(r"(?:ly|ing)$", a.split()[0]) or a == b or re.match(r"(?i)(?:baseline|before|what|how)\b", b):
        return None
    verb = _agree(match["verb"], plural_head(b))
    if not before:
        a, b = lowered(a), _upper(b)
    return f"{before}{b} {verb} {match['mid']} {a}{sentence[match.start('end') :]}"


# ---------------------------------------------------------------- paraphrases

_LEADS = re.compile(
    r"^(?:However|Moreover|Furthermore|In addition|Additionally|Finally|Thus|Therefore|Hence|Here|In contrast|"
    r"Interestingly|Notably|Importantly|Consequently|As a result|In particular|Specifically|Overall|Collectively|"
    r"Taken together|Together|In summary|In conclusion|To this end|Remarkably|Surprisingly|Indeed|Meanwhile|Also|"
    r"Nevertheless|Nonetheless|By contrast|Conversely|Similarly|For example|For instance|More importantly|Further|"
    r"First|Second|Third|Accordingly|In fact|Unexpectedly|Strikingly|Crucially|Empirically|Lastly|In this paper|"
    r"In this work|In this study|To address this|To address these challenges|To address this issue|Subsequently|"
    r"In the present study|To our knowledge|To the best of our knowledge|More specifically|Most importantly), "
)
_HEADING = re.compile(r"^(?:[A-Z]{4,}(?:,? (?:AND |OF )?[A-Z]{3,}){0,3}:? )(?=[A-Z0-9][^A-Z])")
_REPORT_LEAD = re.compile(
    r"^(?:(?:Here|Thus|Taken together|Together|Overall|Collectively|In summary|In conclusion|Furthermore|"
    r"Moreover|Finally),? )?"
    r"(?:[Ww]e|(?:[Oo]ur|[Tt]hese|[Tt]he|[Tt]hese?|[Tt]he present|[Oo]ur experimental|[Ee]xtensive|"
    r"[Ee]xperimental|[Tt]hese) "
    r"(?:results|findings|data|study|analysis|analyses|experiments|observations|evaluation|evaluations|work)|"
    r"[Tt]his study|[Tt]his work|"
    r"[Rr]esults|[Ee]xperiments|[Ee]xtensive experiments|[Ee]xperimental results) "
    r"(?:(?:also|further|clearly|here|therefore|thus|now|consistently|empirically|then) )?"
    r"(?:show|shows|showed|demonstrate|demonstrates|demonstrated|find|found|reveal|reveals|revealed|confirm|"
    r"confirms|confirmed|"
    r"report|observe|observed|conclude|indicate|indicated|establish|have shown|discovered) that "
)
REPORTING: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("demonstrate that", ("show that", "reveal that", "indicate that")),
    ("demonstrates that", ("shows that", "reveals that")),
    ("demonstrated that", ("showed that", "revealed that")),
    ("show that", ("demonstrate that", "indicate that", "reveal that")),
    ("shows that", ("demonstrates that", "indicates that")),
    ("showed that", ("demonstrated that", "revealed that")),
    ("found that", ("observed that", "discovered that")),
    ("find that", ("observe that", "see that")),
    ("reveal that", ("show that", "demonstrate that")),
    ("revealed that", ("showed that", "demonstrated that")),
    ("indicate that", ("show that", "suggest that")),
    ("suggest that", ("indicate that", "propose that")),
    ("suggests that", ("indicates that",)),
    ("We propose", ("We introduce", "We present")),
    ("we propose", ("we introduce", "we present", "we suggest")),
    ("We introduce", ("We propose", "We present")),
    ("we introduce", ("we propose", "we present")),
    ("We present", ("We introduce", "We propose")),
    ("we present", ("we introduce", "we propose")),
    ("experiments demonstrate", ("experiments show",)),
    ("experiments show", ("experiments demonstrate",)),
    ("results demonstrate", ("results show",)),
    ("results show", ("results demonstrate",)),
    ("demonstrated", ("showed",)),
    ("demonstrates", ("shows",)),
    ("exhibited", ("showed", "displayed")),
    ("exhibits", ("shows", "displays")),
    ("displayed", ("showed", "exhibited")),
)
SYNONYMS: tuple[tuple[str, str], ...] = (
    ("novel", "new"), ("via", "through"), ("method", "approach"), ("methods", "approaches"),
    ("several", "a number of"), ("utilize", "use"), ("utilizes", "uses"), ("utilized", "used"),
    ("utilizing", "using"), ("approximately", "about"), ("roughly", "about"), ("numerous", "many"),
    ("crucial", "vital"), ("crucial", "key"), ("critical for", "crucial for"), ("in order to", "to"),
    ("due to", "because of"), ("employ", "use"), ("employs", "uses"), ("employed", "used"), ("employing", "using"),
    ("leverages", "uses"), ("leveraging", "using"), ("leverage", "make use of"), ("substantial", "considerable"),
    ("substantially", "considerably"), ("remarkable", "striking"), ("diverse", "varied"), ("various", "different"),
    ("multiple", "several"), ("investigated", "studied"), ("investigate", "study"), ("examined", "studied"),
    ("examine", "study"), ("plays a critical role in", "is crucial to"), ("plays a key role in", "is important in"),
    ("plays an important role in", "is important in"), ("play an important role in", "are important in"),
    ("play a key role in", "are important in"), ("is able to", "can"), ("are able to", "can"),
    ("was able to", "could"), ("were able to", "could"), ("a majority of", "most"), ("the majority of", "most"),
    ("prior to", "before"), ("as well as", "and also"), ("leads to", "results in"), ("lead to", "result in"),
    ("led to", "resulted in"), ("leading to", "resulting in"), ("obtained", "acquired"),
    ("compared with", "compared to"), ("compared to", "in comparison with"), ("decreased", "reduced"),
    ("decreases", "reduces"), ("reduces", "decreases"), ("enhances", "improves"), ("enhanced", "improved"),
    ("enhancing", "improving"), ("improves", "enhances"), ("higher", "greater"), ("larger", "bigger"),
    ("commonly", "often"), ("frequently", "often"), ("is essential for", "is required for"),
    ("is required for", "is necessary for"), ("are required for", "are needed for"),
    ("is associated with", "is linked to"), ("was associated with", "was linked to"),
    ("were associated with", "were linked to"), ("are associated with", "are linked to"), ("existing", "current"),
    ("outperforms", "surpasses"), ("outperform", "surpass"), ("mitigate", "lessen"), ("mitigates", "lessens"),
    ("regulates", "controls"), ("inhibits", "suppresses"), ("inhibited", "suppressed"), ("promotes", "stimulates"),
    ("induces", "triggers"), ("induced", "triggered"), ("physicians", "doctors"), ("neoplasm", "tumor"),
    ("significantly", "markedly"), ("rapidly", "quickly"), ("thus", "hence"), ("although", "even though"),
    ("is comprised of", "consists of"), ("upon", "on"), ("toward", "towards"), ("furthermore", "moreover"),
    ("vital", "crucial"), ("new", "novel"), ("approach", "method"),
)  # fmt: skip

_SPELLINGS = dict(
    pair.split("/")
    for pair in """
    tumor/tumour tumors/tumours behavior/behaviour behaviors/behaviours color/colour colors/colours center/centre
    centers/centres fiber/fibre fibers/fibres favorable/favourable favor/favour modeling/modelling modeled/modelled
    labeled/labelled labeling/labelling analyze/analyse analyzed/analysed analyzing/analysing optimize/optimise
    optimized/optimised optimizing/optimising optimization/optimisation generalize/generalise
    characterize/characterise characterized/characterised randomized/randomised hospitalized/hospitalised
    generalization/generalisation utilization/utilisation organization/organisation visualization/visualisation
    localization/localisation leukemia/leukaemia anemia/anaemia ischemia/ischaemia ischemic/ischaemic
    glycemic/glycaemic hyperglycemia/hyperglycaemia hypoglycemia/hypoglycaemia estrogen/oestrogen edema/oedema
    fetal/foetal pediatric/paediatric hemoglobin/haemoglobin hematopoietic/haematopoietic neighbor/neighbour
    neighboring/neighbouring defense/defence program/programme programs/programmes signaling/signalling aging/ageing
    gray/grey catalog/catalogue dialog/dialogue esophageal/oesophageal diarrhea/diarrhoea summarize/summarise
    recognize/recognise recognized/recognised emphasize/emphasise stabilize/stabilise stabilizes/stabilises
    minimize/minimise minimizes/minimises maximize/maximise polarized/polarised summarization/summarisation
    tokenization/tokenisation normalization/normalisation regularization/regularisation synthesize/synthesise
    synthesizes/synthesises synthesized/synthesised specialized/specialised prioritize/prioritise
    """.split()
)
_TO_BRITISH = _SPELLINGS
_TO_AMERICAN = {
    right: left
    for left, right in _SPELLINGS.items()
    if right not in ("programme", "programmes", "dialogue", "optimise")
}
_CONTRACTIONS = (
    ("does not", "doesn't"), ("do not", "don't"), ("did not", "didn't"), ("is not", "isn't"), ("are not", "aren't"),
    ("was not", "wasn't"), ("were not", "weren't"), ("cannot", "can't"), ("has not", "hasn't"), ("have not", "haven't"),
    ("could not", "couldn't"),
)  # fmt: skip
_TRAILING = re.compile(
    r", (?:which (?:is|are|was|were|has|have|can|may|could|will|in turn|suggests|indicates|often|leads|requires|"
    r"makes|allows|enables|limits|"
    r"provides|significantly|remains|results|we)|while|whereas|although|but|suggesting|indicating|demonstrating|"
    r"showing|"
    r"highlighting|implying|making|providing|leading to|resulting in|supporting|paving|establishing|"
    r"underscoring|offering|"
    r"revealing|allowing|enabling|and (?:that|we|it|this)|with an?|including|such as|thereby|thus|particularly|"
    r"especially|"
    r"even|as well as|consistent with|raising) [^,;]*(?:, [^,;]*)?\.$"
)
_PASSIVE_VERBS = frozenset(
    "inhibit suppress regulate mediate induce promote activate control modulate increase reduce enhance improve block "
    "trigger stimulate attenuate affect cause impair prevent determine influence stabilize recruit facilitate repress "
    "phosphorylate encode predict generate".split()
)
_PASSIVE = {inflect(verb)[1]: (verb, False) for verb in _PASSIVE_VERBS} | {
    inflect(verb)[2]: (verb, True) for verb in _PASSIVE_VERBS
}
_SIMPLE_NP = r"(?:(?:[Tt]he|[Aa]n?|[Oo]ur|[Ii]ts) )?[\w/-]+(?: [\w/-]+){0,3}?(?: of (?:the )?[\w/-]+(?: [\w-]+)?)?"
_ACTIVE = re.compile(
    rf"^(?P<a>{_SIMPLE_NP}) (?P<verb>{'|'.join(sorted(_PASSIVE))}) (?P<b>{_SIMPLE_NP})(?P<end>\.| (?:in|during|"
    rf"through|by|via|after|at) [^,;]*\.)$"
)
_NOT_NP = re.compile(
    r"(?i)\b(?:is|are|was|were|be|been|we|it|they|which|that|who|to|and|or|by|has|have|had|not|can|could|may|"
    r"will|in|for|at|also|"
    r"with|from|on|than|both|this|these|how|as|does|did|after|during|when|while|potently|\w+ly|results?|showed?|"
    r"there)\b"
)


def _passive(sentence: str) -> str | None:
    match = _ACTIVE.match(sentence)
    if not match:
        return None
    a, b = match["a"], match["b"]
    if _NOT_NP.search(a.replace("The ", "").replace("family", "")) or _NOT_NP.search(b):
        return None
    verb, past = _PASSIVE[match["verb"]]
    if re.fullmatch(r"[a-z]+ed|[a-z]+ing|[a-z]+(?:ant|ive|al|ent)", b.split()[-1]) or re.search(
        r"(?:ed|ive|al|ent|ar)$", a.split()[-1]
    ):
        return None
    if (not past and plural_head(a)) or (
        match["verb"] in ("controls", "causes", "increases", "triggers", "blocks", "influences")
        and b[:4].lower() != "the "
    ):
        return None
    if match["end"].startswith(" by"):
        return None
    helper = ("were" if past else "are") if plural_head(b) else ("was" if past else "is")
    return f"{_upper(b)} {helper} {inflect(verb)[3]} by {lowered(a)}{match['end']}"


def _drop_bracket(sentence: str, rng: random.Random) -> str:
    places = [
        match
        for match in re.finditer(r" \((?!\s)[^()\[\]]{1,90}\)", sentence)
        if sentence[match.end() : match.end() + 1] in (" ", ",", ".", ";", "-")
        and not re.match(r" \([a-z0-9]\)| \(i+\)", match[0])
    ]
    if not places:
        return sentence
    match = rng.choice(places)
    if sentence[match.end() : match.end() + 1] == "-":
        return sentence
    if rng.random() < 0.5:
        for place in reversed(places):
            if sentence[place.end() : place.end() + 1] != "-":
                sentence = sentence[: place.start()] + sentence[place.end() :]
        return sentence
    return sentence[: match.start()] + sentence[match.end() :]


def _word_swap(sentence: str, rng: random.Random) -> str:
    found = []
    for old, new in SYNONYMS:
        for match in re.finditer(rf"(?<![\w-]){re.escape(old)}(?![\w'-])", sentence):
            before, after = _around(sentence, *match.span())
            if old in ("new", "novel", "method", "approach") and (before in ("york",) or after in ("york", "zealand")):
                continue
            if old in (
                "use",
                "used",
                "study",
                "examine",
                "lead to",
                "approach",
                "higher",
                "decreased",
                "reduces",
                "outperform",
                "employ",
                "thus",
                "led to",
            ) and (
                (old == "approach" and (before in ("we", "to", "that") or after in ("the", "to")))
                or (
                    old == "higher"
                    and (after in ("order", "education", "level", "dimensional", "than") and after != "than")
                )
                or (old == "thus" and not sentence[: match.start()].endswith(("; ", ", and ")))
                or (
                    old == "decreased"
                    and (
                        before not in ("a", "the", "significantly", "and", "markedly", "with", "show")
                        or after in ("", "by", "in", "from")
                    )
                )
            ):
                continue
            if (before == "a" and new.startswith("a ")) or (old == "several" and before in _DETERMINERS):
                continue
            if old in ("multiple", "several") and (
                before in ("of", "the", "these") or after in ("sclerosis", "myeloma", "choice", "testing", "instance")
            ):
                continue
            if old == "induced" and after not in ("by", "a", "the", "an"):
                continue
            if old in ("obtained", "achieve") and after == "by":
                continue
            found.append((match.span(), new))
    rng.shuffle(found)
    done: list[tuple[int, int]] = []
    for (start, end), new in found[: rng.choice([1, 1, 2, 3])]:
        if any(place <= start for place, _ in done):
            continue
        done.append((start, end))
        sentence = put(sentence, start, end, cased(new, sentence[start:end]))
    return sentence


def _reporting(sentence: str, rng: random.Random) -> str:
    found = [
        (match.span(), new)
        for old, others in REPORTING
        for match in re.finditer(rf"\b{old}\b", sentence)
        for new in others
    ]
    found = [
        item
        for item in found
        if not re.search(r"(?:\b(?:been|be|was|were|is|are|has|have|had|a|the|we|and) )$", sentence[: item[0][0]])
        or " that" in sentence[item[0][0] : item[0][1]]
    ]
    found = [
        item for item in found if not re.search(r"\b(?:been|be|was|were|is|are|has|have|had) $", sentence[: item[0][0]])
    ]
    if not found:
        return sentence
    (start, end), new = rng.choice(found)
    return sentence[:start] + new + sentence[end:]


def heading(sentence: str) -> bool:
    """Whether a section heading in capitals opens the sentence."""
    return _HEADING.match(sentence) is not None


def _drop_lead(sentence: str) -> str:
    for pattern in (_HEADING, _LEADS):
        match = pattern.match(sentence)
        if match and len(sentence) - match.end() > 30:
            sentence = _upper(sentence[match.end() :])
    return sentence


def _drop_report(sentence: str) -> str:
    match = _REPORT_LEAD.match(sentence)
    rest = sentence[match.end() :] if match else ""
    if len(rest) < 30 or re.match(r"(?:this|these|it|they|such)\b", rest):
        return sentence
    return _upper(re.sub(r"\b(and|but) that (?!of\b|is\b|are\b|was\b|were\b|can\b|in\b)", r"\1 ", rest))


def _add_report(sentence: str, rng: random.Random) -> str:
    begun = lowered(_drop_lead(sentence))
    if (
        (begun[:1].isupper() and not re.match(r"[A-Z][\w]*[A-Z0-9]", begun))
        or re.search(r"\b[Ww]e\b|\b[Oo]ur\b|\?", begun)
        or begun[:1] in "([\\$"
    ):
        return sentence
    if re.match(r"(?:in|it|this|these|such|here)\b", begun):
        return sentence
    return (
        rng.choice(["We found that ", "The authors report that ", "The results show that ", "It was found that "])
        + begun
    )


def _drop_tail(sentence: str) -> str:
    match = _TRAILING.search(sentence)
    if not match or match.start() < 45 or not _outside_brackets(sentence, match.start()):
        return sentence
    kept = sentence[: match.start()]
    if (
        re.search(r"(?i)\b(?:whereas|while|although|if|when|not only|either|both|neither|despite|given)\b[^,]*$", kept)
        and "," not in kept
    ):
        return sentence
    if (
        kept.count("$") % 2
        or kept.count('"') % 2
        or re.match(r"(?i)(?:although|while|whereas|if|when|by|to|given|despite)\b[^,]*$", kept)
    ):
        return sentence
    if re.search(r", [\w-]+(?: [\w-]+){0,3}$", kept):
        return sentence
    return kept + "."


def _small(sentence: str, rng: random.Random) -> str:
    """Spelling, contraction, number words and per cent signs: nothing that changes the sense."""
    options: list[tuple[int, int, str]] = []
    for match in re.finditer(r"(?<![\w-])[A-Za-z]+(?![\w'-])", sentence):
        for table in (_TO_BRITISH, _TO_AMERICAN):
            if (new := table.get(match[0].lower())) is not None and (match[0].islower() or match[0].istitle()):
                options.append((*match.span(), cased(new, match[0])))
    for old, new in _CONTRACTIONS:
        options.extend((*match.span(), new) for match in re.finditer(rf"\b{old}\b(?! only)", sentence))
    for number, word in enumerate(_NUMBER_WORDS, 2):
        options.extend(
            (*match.span(), str(number)) for match in re.finditer(rf"(?<![\w-]){word}(?![\w-])(?= [a-z])", sentence)
        )
        options.extend(
            (*match.span(), word)
            for match in re.finditer(
                rf"(?<=[a-z] ){number}(?= (?:patients|studies|trials|datasets|groups|models|languages|domains|"
                rf"tasks|benchmarks|weeks|months|years|days|genes|cases|women|men))",
                sentence,
            )
        )
    for match in re.finditer(r"(?<=\d)\s?\\?%(?=[ ,.;)])", sentence):
        if sentence.count("$", 0, match.start()) % 2 == 0:
            options.append((*match.span(), " percent" if rng.random() < 0.6 else " per cent"))
    options.extend((*match.span(), "%") for match in re.finditer(r"(?<=\d) per ?cent\b", sentence))
    if not options:
        return sentence
    start, end, new = rng.choice(options)
    return sentence[:start] + new + sentence[end:]


def _paraphrases(sentence: str, rng: random.Random) -> Altered | None:
    steps: list[tuple[str, Callable[[str], str]]] = [
        ("lead", _drop_lead),
        ("bracket", lambda text: _drop_bracket(text, rng)),
        ("words", lambda text: _word_swap(text, rng)),
        ("reporting", lambda text: _reporting(text, rng)),
        ("report dropped", _drop_report),
        ("small", lambda text: _small(text, rng)),
        ("tail", _drop_tail),
        ("passive", lambda text: _passive(text) or text),
        ("report added", lambda text: _add_report(text, rng)),
    ]
    chance = {"report added": 0.15, "tail": 0.5, "reporting": 0.7, "small": 0.6, "words": 0.8}
    claim = sentence
    done: list[str] = []
    for name, step in steps:
        if rng.random() < chance.get(name, 0.75):
            if name == "report added" and len(done) > 1:
                continue
            new = step(claim)
            if new != claim:
                claim = new
                done.append(name)
    if claim == sentence or len(claim) < 20:
        return None
    return Altered("paraphrase", claim, SUPPORT, ", ".join(done))


def alterations(sentence: str, rng: random.Random, names: Sequence[str]) -> list[Altered]:
    """One claim of each kind that can be made of a sentence; ``names`` are names of other documents.

    Every claim but the identity differs from the sentence. Kinds that do not apply are left out.
    """
    made = [
        Altered("identity", sentence, SUPPORT, ""),
        _paraphrases(sentence, rng),
        _numbers(sentence, rng),
        _directions(sentence, rng),
        _negations(sentence, rng),
        _entities(sentence, rng, names),
        _comparisons(sentence, rng),
    ]
    return [item for item in made if item is not None and (item.kind == "identity" or item.claim != sentence)]


# ---------------------------------------------------------------- documents


@dataclass(frozen=True)
class Document:
    """A document that may be used: ``domain`` is ``biomed`` or ``arxiv``."""

    id: str
    domain: str
    title: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The abstract in one string."""
        return " ".join(self.sentences)


def _plain(title: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", title.lower()))


@cache
def documents(data: Path = DATA) -> tuple[Document, ...]:
    """Every document, reserved or not, that no SciFact train claim cites and that ``perturb_dev`` does not use."""
    cited = {str(name) for row in read_lines(data / "scifact" / "claims_train.jsonl") for name in row["cited_doc_ids"]}
    dev = list(read_lines(data / "perturb_dev" / "perturb_dev.jsonl"))
    used = cited | {str(row["doc_id"]) for row in dev}
    titles = {_plain(row["title"]) for row in dev} | {_plain(pair.title) for pair in altered_dev(data)}
    corpus = scifact_corpus(data)
    titles |= {_plain(corpus[name]["title"]) for name in cited if name in corpus}
    found = []
    rows: Iterator[tuple[str, str, str, list[str]]] = (
        (name, "biomed", row["title"], row["abstract"]) for name, row in corpus.items()
    )
    more = ((name, "arxiv", title, lines) for name, title, lines in arxiv(data))
    for source in (rows, more):
        for name, domain, title, lines in source:
            if name in used or _plain(title) in titles or len(lines) < 3:
                continue
            titles.add(_plain(title))
            kept = tuple(" ".join(line.split()) for line in lines if line.strip())
            found.append(Document(name, domain, " ".join(title.split()), kept))
    return tuple(found)


def permitted(data: Path = DATA) -> list[Document]:
    """The documents training may use."""
    return [document for document in documents(data) if not reserved_for_test(document.id)]


_WORTHY = re.compile(
    r"\b(?:is|are|was|were|has|have|had|can|could|may|does|did|do|shows?|showed|demonstrates?d?|suggests?|"
    r"indicates?|reveals?|"
    r"increased|increases|decreased|reduces?d?|improve[sd]?|inhibit(?:s|ed)|promote[sd]|induce[sd]|require[sd]?|"
    r"achieve[sd]?|"
    r"outperforms?|found|enables?|provides?|remains?|plays?|leads?|led|regulate[sd]?|activate[sd]|propose|"
    r"introduce|present)\b"
)


def claim_worthy(sentence: str) -> bool:
    """Whether a sentence can stand as a claim: whole, with a finite verb, neither short nor very long."""
    return (
        8 <= len(sentence.split()) <= 48
        and sentence[:1].isupper()
        and sentence.endswith(".")
        and _WORTHY.search(sentence) is not None
        and not re.search(r"https?:|github|\bcode (?:is|and|will)\b|et al|clinicaltrials|@|�", sentence, re.IGNORECASE)
    )


def neighbours(texts: Sequence[str], wanted: Sequence[int], first: int = 1, last: int = 8) -> dict[int, list[int]]:
    """For each wanted text the places of the texts nearest to it by TF-IDF cosine, from rank ``first`` to ``last``."""
    import numpy
    from sklearn.feature_extraction.text import TfidfVectorizer

    matrix = TfidfVectorizer(stop_words="english", min_df=2, sublinear_tf=True, dtype=numpy.float32).fit_transform(
        texts
    )
    found: dict[int, list[int]] = {}
    for start in range(0, len(wanted), 256):
        rows = list(wanted[start : start + 256])
        cosine = (matrix[rows] @ matrix.T).toarray()
        best = numpy.argpartition(-cosine, last + 1, axis=1)[:, : last + 2]
        for row, place, near in zip(cosine, rows, best, strict=True):
            order = sorted(
                (int(other) for other in near if other != place), key=lambda other: (-float(row[other]), other)
            )
            found[place] = order[first - 1 : last]
    return found


def _pair(
    document: Document, kind: str, claim: str, label: str, number: int, drop: int | None = None, titled: bool = True
) -> Pair:
    lines = tuple(line for place, line in enumerate(document.sentences) if place != drop)
    title = document.title if titled else ""
    return Pair(f"alter-{document.id}-{kind}-{number}", document.id, kind, claim, title, lines, label)


def _pools(chosen: Iterable[Document]) -> dict[str, list[str]]:
    """The names of each domain's documents."""
    found: dict[str, Counter[str]] = {"biomed": Counter(), "arxiv": Counter()}
    for document in chosen:
        found[document.domain].update(names_in(document.text))
    return {domain: sorted(names) for domain, names in found.items()}


def _foreign(document: Document, pools: dict[str, list[str]], rng: random.Random) -> list[str]:
    """Names that the document does not hold, most of its own domain."""
    own, other = pools[document.domain], pools["arxiv" if document.domain == "biomed" else "biomed"]
    text = f"{document.title} {document.text}"
    drawn = [rng.choice(own if rng.random() < 0.85 or not other else other) for _ in range(60)] if own else []
    return [name for name in drawn if name not in text and name.rstrip("s") not in text]


def training_pairs(rng_seed: int, data: Path = DATA, limit: int | None = None) -> list[Pair]:
    """Altered and unaltered sentences of ``limit`` abstracts (6,000 unless told), half of each domain.

    Of each abstract one sentence unaltered, paraphrased and altered in every way that applies; where another of its
    sentences holds a comparison, that one swapped and unaltered; and a sentence of another abstract, every second time
    of a near one.
    """
    rng = random.Random(rng_seed)
    able = permitted(data)
    half = (6000 if limit is None else limit) // 2
    chosen: list[Document] = []
    for domain in ("biomed", "arxiv"):
        own = [
            document for document in able if document.domain == domain and any(map(claim_worthy, document.sentences))
        ]
        chosen.extend(rng.sample(own, min(half, len(own))))
    pools = _pools(chosen)
    near = neighbours([f"{document.title} {document.text}" for document in chosen], range(len(chosen)), 1, 10)
    pairs: list[Pair] = []
    for place, document in enumerate(chosen):
        worthy = [line for line in document.sentences if claim_worthy(line)]
        tried = [
            alterations(line, rng, _foreign(document, pools, rng)) for line in rng.sample(worthy, min(4, len(worthy)))
        ]
        made = max(tried, key=len) if rng.random() < 0.5 else tried[0]
        pairs.extend(_pair(document, item.kind, item.claim, item.label, number) for number, item in enumerate(made))
        if not any(item.kind == "comparison" for item in made):
            swapped = [(line, turned) for line in worthy if (turned := _comparisons(line, rng)) is not None]
            if swapped:
                line, turned_ = rng.choice(swapped)
                pairs.append(_pair(document, "comparison", turned_.claim, REFUTE, 8))
                if line != made[0].claim:
                    pairs.append(_pair(document, "identity", line, SUPPORT, 8))
        others = near[place] if place % 2 else [rng.randrange(len(chosen))]
        lines = [line for other in others if other != place for line in chosen[other].sentences if claim_worthy(line)]
        lines = [line for line in lines if line not in document.sentences]
        if lines:
            pairs.append(_pair(document, "unrelated", rng.choice(lines), NEI, 9))
    return pairs


# ---------------------------------------------------------------- titles and conclusions

_TITLE_THIRD = frozenset(
    inflect(verb)[1]
    for verb in """
    abolish activate affect alleviate allow ameliorate antagonize arise associate attenuate augment bind bypass
    collaborate compete confer conserve constitute contribute cooperate correlate counteract decrease define degrade
    depend destabilize determine dictate differ differentiate disrupt drive elicit eliminate emerge enable encode
    enforce enhance ensure exacerbate exhibit facilitate generalize generate govern identify impair impede improve
    increase induce influence inhibit initiate integrate interact involve lead license limit link localize maintain
    mediate modulate occur orchestrate originate detect distinguish predispose convert bridge repair elevate
    outperform overcome participate phosphorylate play potentiate predict prevent produce prolong promote protect
    reactivate recognize recruit reduce regulate remain require rescue restore restrict reveal revert sense sensitize
    serve shape specify stabilize stimulate suppress surpass sustain synergize target transform trigger undergo
    underlie uncover upregulate downregulate yield boost fail improve matter need hinder benefit
    """.split()
) - frozenset(
    "targets links limits yields senses licenses plays triggers shapes drives benefits needs leads influences".split()
)
_TITLE_PLURAL = frozenset(
    """
    activate affect alleviate ameliorate arise attenuate augment confer contribute cooperate correlate depend
    determine differ differentiate encode enhance exhibit facilitate generate govern impair improve induce inhibit
    interact maintain mediate modulate occur originate outperform predict prevent produce promote protect reduce
    regulate remain require restrict reveal stabilize stimulate suppress sustain undergo underlie
    """.split()
)
_TITLE_BE = re.compile(
    r"\b(?:is|are) (?:not |[a-z]+ly )?[a-z]+ed\b|"
    r"\b(?:is|are) (?:required|associated|essential|necessary|sufficient|regulated|mediated|a|an|the|not|"
    r"involved|dispensable|"
    r"critical|crucial|dependent|independent|controlled|determined|driven|induced|caused|linked|important|"
    r"enriched|encoded|"
    r"expressed|activated|inhibited|increased|decreased|reduced|elevated|impaired|needed|few-shot|more|less|"
    r"better|highly|"
    r"effective|strong|good|sensitive|resistant|modulated|characterized|targeted|derived|limited|common|"
    r"conserved|among)\b|"
    r"\b(?:does not|do not|cannot|can (?:be|improve|reduce|enhance|learn|induce|predict|help|account|"
    r"increase|occur|lead|promote|serve))\b"
)
_NO_TITLE = re.compile(
    r"^(?:how|why|when|what|where|which|who|whether|towards?|on|is|are|do|does|can|an? (?:study|analysis|survey|"
    r"review)|if|"
    r"beyond|from|learning|understanding|rethinking|using)\b|[?:;!]|--|\bhow\b|\bwhat\b|\bthat\b.*\bthat\b|\$",
    re.IGNORECASE,
)


def declarative(title: str) -> bool:
    """Whether a title is a sentence: a finite verb after a subject, no question, no subtitle."""
    if _NO_TITLE.search(title.strip()) or re.search(r"[a-z]\. [A-Z]", title) or not 5 <= len(title.split()) <= 28:
        return False
    words = title.rstrip(".").split()
    for place, word in enumerate(words[1:-1], 1):
        before, after = words[place - 1], words[place + 1].lower()
        if before.endswith("ly") and place > 1:
            before = words[place - 2]
        if before.lower() in {
            *_DETERMINERS,
            "of",
            "to",
            "and",
            "or",
            "for",
            "in",
            "by",
            "with",
            "from",
            "on",
            "via",
            "that",
            "which",
            "as",
        }:
            continue
        if re.search(r"(?:ing|ly|ed|ive|ous)$", before) and not before.lower().endswith(
            (
                "training",
                "signaling",
                "learning",
                "tuning",
                "editing",
                "reasoning",
                "feeding",
                "remodeling",
                "prompting",
                "family",
            )
        ):
            continue
        if after in ("of", "and", "or", "during", "between") and word.lower() not in ("occurs", "remains"):
            continue
        if word in _TITLE_THIRD:
            return True
        if (
            word in _TITLE_PLURAL
            and re.search(r"[A-Za-z0-9]s$|cells$|mice$", before)
            and not re.search(r"(?:ss|us|is)$", before)
        ):
            return True
    match = _TITLE_BE.search(title)
    return (
        match is not None
        and match.start() > 3
        and not re.search(r"\b(?:that|which|who|and|as|if|when|while)\s$", title[: match.start()])
    )


def _case_counts(chosen: Iterable[Document]) -> tuple[Counter[str], Counter[str]]:
    small: Counter[str] = Counter()
    capital: Counter[str] = Counter()
    for document in chosen:
        for line in document.sentences:
            for word in re.findall(r"(?<=\s)[A-Za-z]+(?:-[A-Za-z]+)*", line):
                if word.islower():
                    small[word] += 1
                elif word[:1].isupper():
                    capital[word.lower()] += 1
    return small, capital


def sentence_case(title: str, small: Counter[str], capital: Counter[str]) -> str:
    """A title in capitals as a sentence with a full stop: a word that abstracts mostly write small becomes small."""
    words = title.strip().rstrip(".").split()
    long_words = [word for word in words if len(word) > 3]
    if sum(word[:1].isupper() for word in long_words) > 0.6 * len(long_words):
        words = [
            word.lower()
            if place
            and re.fullmatch(r"[A-Z]?[a-z]*(?:-[A-Z]?[a-z]+)*[,)]?", word)
            and small[word.lower().strip(",)")] > capital[word.lower().strip(",)")]
            else word
            for place, word in enumerate(words)
        ]
    line = " ".join(words)
    return line[:1].upper() + line[1:] + "."


_CONCLUDING = re.compile(
    r"^(?:CONCLUSIONS?|INTERPRETATION)\b|^(?:Thus|Therefore|Hence|Taken together|Together|Collectively|"
    r"In conclusion|In summary|Overall|We conclude|"
    r"(?:These|Our|The) (?:results|findings|data|observations|experiments) (?:also |further |thus )?(?:show|"
    r"demonstrate|indicate|suggest|reveal|establish|confirm)s?)\b"
)
_NO_CONCLUSION = re.compile(
    r"\b(?:further (?:studies|research|work|investigation)|future|we hope|warrant|should|need(?:s|ed)? to|"
    r"this (?:study|work|paper|framework|approach|finding)|"
    r"these|this|it|they|such|code|available|we (?:propose|present|introduce|provide|discuss|describe|release)|here)\b",
    re.IGNORECASE,
)
_SUGGEST_LEAD = re.compile(
    r"^(?:(?:Thus|Therefore|Hence|Taken together|Together|Collectively|In conclusion|In summary|Overall),? )?"
    r"(?:we (?:conclude|propose|suggest)|(?:these|our|the) (?:results|findings|data|observations|"
    r"experiments) (?:also |further |thus )?"
    r"(?:suggest|imply|support the (?:idea|notion|hypothesis))) that ",
    re.IGNORECASE,
)


def content(text: str) -> set[str]:
    """The stems of a text's content words and its numbers."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    from generator.manifest.semantic.words import stem

    return {
        stem(word) for word in re.findall(r"[a-z0-9]+(?:\.[0-9]+)?", text.lower()) if word not in ENGLISH_STOP_WORDS
    }


def coverage(claim: str, lines: Sequence[str], weight: Callable[[str], float]) -> float:
    """The share of a claim's content-word weight that one or two of the lines hold together."""
    wanted = content(claim)
    total = math.fsum(sorted(map(weight, wanted)))
    held = [wanted & content(line) for line in lines]
    if not total or not held:
        return 0.0
    best = max(math.fsum(sorted(map(weight, left | right))) for left in held for right in held)
    return best / total


def conclusion_of(document: Document) -> tuple[int, str] | None:
    """Place and text, without its lead-in, of the sentence that states an abstract's conclusion."""
    places = [place for place, line in enumerate(document.sentences) if _CONCLUDING.match(line)]
    for place in [*reversed(places), len(document.sentences) - 1]:
        line = _HEADING.sub("", document.sentences[place])
        claim = _drop_report(line)
        if claim == line:
            claim = _upper(_SUGGEST_LEAD.sub("", line))
            if claim != line:
                claim = claim.replace(" and that ", " and ")
        if claim == line:
            claim = _drop_lead(line)
        if claim_worthy(claim) and not _NO_CONCLUSION.search(claim) and len(claim.split()) <= 40:
            return place, claim
    return None


@cache
def _counts(data: Path) -> tuple[Counter[str], Counter[str], dict[str, list[str]], Counter[str]]:
    """Of the permitted documents: words written small, in capitals, names of each domain, documents with a stem."""
    able = permitted(data)
    frequency = Counter(stem for document in able for stem in content(document.text))
    return *_case_counts(able), _pools(able), frequency


def title_pairs(rng_seed: int, data: Path = DATA, limit: int | None = None) -> list[Pair]:
    """Titles that are sentences, and conclusions, against their abstracts; at most ``limit`` documents.

    A title stands against its own abstract, the title left out, as it is (SUPPORT) and altered, and against a near
    abstract (NEI). A conclusion stands against the abstract without it, where one or two other sentences cover it.
    """
    rng = random.Random(rng_seed)
    able = permitted(data)
    small, capital, pools, frequency = _counts(data)

    def weight(word: str) -> float:
        return math.log((1 + len(able)) / (1 + frequency[word])) + 0.1

    claims: dict[int, str] = {}
    for place, document in enumerate(able):
        line = sentence_case(document.title, small, capital)
        if declarative(line[:1].lower() + line[1:]):
            claims[place] = line
    ends = {place: found for place, document in enumerate(able) if (found := conclusion_of(document)) is not None}
    order = sorted({*claims, *ends})
    if limit is not None:
        order = sorted(rng.sample(order, min(limit, len(order))))
    near = neighbours(
        [f"{document.title} {document.text}" for document in able], [place for place in order if place in claims], 1, 8
    )
    pairs: list[Pair] = []
    for place in order:
        document = able[place]
        if place in claims:
            pairs.append(_pair(document, "title", claims[place], SUPPORT, 0, titled=False))
            for number, item in enumerate(alterations(claims[place], rng, _foreign(document, pools, rng))):
                if item.kind not in ("identity", "paraphrase"):
                    pairs.append(_pair(document, f"title-{item.kind}", item.claim, item.label, number, titled=False))
            other = able[rng.choice(near[place])]
            made = _pair(other, "title-neighbour", claims[place], NEI, 0, titled=False)
            pairs.append(Pair(f"{made.id}-{document.id}", made.group, *_fields(made)))
        if place in ends:
            drop, claim = ends[place]
            lines = [line for at, line in enumerate(document.sentences) if at != drop]
            if coverage(claim, lines, weight) < 0.6:
                continue
            pairs.append(_pair(document, "conclusion", claim, SUPPORT, 0, drop, titled=False))
            for number, item in enumerate(alterations(claim, rng, _foreign(document, pools, rng))):
                if item.kind not in ("identity", "paraphrase"):
                    pairs.append(
                        _pair(document, f"conclusion-{item.kind}", item.claim, item.label, number, drop, titled=False)
                    )
    return pairs


def _fields(pair: Pair) -> tuple[str, str, str, tuple[str, ...], str, tuple[int, ...]]:
    return pair.kind, pair.claim, pair.title, pair.sentences, pair.label, pair.evidence
