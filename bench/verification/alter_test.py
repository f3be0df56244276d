"""Test pairs made by other rules than the training pairs, from reserved documents.

Same kinds as ``alter``, but no word of its lists: other direction words, other carriers of a negation, numbers changed
in another way, names exchanged within one abstract, other frames of comparison, and claims stronger than their source.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from bench.verification import alter
from bench.verification.alter import NEI, REFUTE, SUPPORT, Altered, Document, claim_worthy
from bench.verification.data import DATA, Pair

# ---------------------------------------------------------------- direction words

_VERB_PAIRS = """
widen/narrow accelerate/decelerate attract/repel hasten/delay tighten/loosen thicken/thin deplete/replenish
sharpen/blur converge/diverge clarify/obscure assemble/disassemble compress/decompress
dilate/constrict import/export
""".split()
_FORM_PAIRS = """
dense/sparse steep/shallow rigid/flexible coarse-grained/fine-grained synchronous/asynchronous
centralized/decentralized discrete/continuous soluble/insoluble transient/persistent transiently/persistently
opaque/transparent noisy/clean deterministic/stochastic coherent/incoherent unilateral/bilateral systolic/diastolic
rural/urban influx/efflux broad/narrow broader/narrower convergence/divergence acceleration/deceleration
uniform/uneven smooth/rough expansion/contraction sharp/blurry sequential/parallel implicit/explicit
implicitly/explicitly intrinsic/extrinsic public/private endogenous/exogenous mature/immature
homozygous/heterozygous forward/backward sudden/gradual symptomatic/asymptomatic
""".split()
DIRECTION_PAIRS: tuple[tuple[str, str], ...] = tuple(
    (pair.split("/")[0], pair.split("/")[1]) for pair in [*_VERB_PAIRS, *_FORM_PAIRS]
)
OPPOSITES = alter.form_map(_VERB_PAIRS, _FORM_PAIRS)
_NOT_BEFORE = {
    "broad": r"(?:and|institute)",
    "clean": r"(?:up|water)",
    "dense": r"(?:granule)",
    "continuous": r"(?:wave|integ)",
    "discrete": r"(?:cosine|wavelet|fourier)",
    "uniform": r"(?:resource|manifold)",
    "converges": r"(?:on)",
    "converging": r"(?:lines?|evidence|on)",
    "converge": r"(?:on)",
    "sharp": r"(?:contrast|increase|decline|drop)",
    "urban": r"(?:planning|health)",
    "public": r"(?:health|transport|library|datasets?|benchmarks?)",
    "forward": r"(?:to|a|the|by)",
    "parallel": r"(?:to|with|corp)",
    "transient": r"(?:receptor|isch|transf)",
    "delayed": r"(?:type)",
}


def _directions(sentence: str, rng: random.Random) -> Altered | None:
    found = []
    for match in re.finditer(r"\b(?:coarse|fine)-grained\b", sentence):
        found.append((*match.span(), "fine-grained" if match[0].startswith("c") else "coarse-grained"))
    for start, end, others in alter.direction_places(sentence, OPPOSITES):
        word = sentence[start:end].lower()
        before = re.search(r"([A-Za-z]+) $", sentence[:start])
        last = before[1].lower() if before else ""
        stop = _NOT_BEFORE.get(word)
        if stop and re.match(stop, sentence[end:].lstrip(), re.IGNORECASE):
            continue
        if word in ("narrow", "thin", "delay", "blur", "delays", "import", "export") and last != "in":
            if word == "narrow" and last in ("a", "the"):
                others = ("broad",)
            elif last not in ("to", "can", "could", "may", "might", "will", "would") or word in ("thin", "delays"):
                continue
            else:
                others = tuple(other for other in others if other != "broad")
        if word == "delayed" and last not in ("was", "were", "is", "are", "significantly", "and", "markedly", "be"):
            continue
        if word in ("sharp", "rough", "smooth") and last in ("more", "less", "not"):
            continue
        if last in ("more", "less", "most", "very", "highly", "as", "too", "often") and others[0].startswith(
            ("in", "ir", "sub", "un")
        ):
            continue
        found.append((start, end, rng.choice(others)))
    if not found:
        return None
    start, end, new = rng.choice(found)
    old = sentence[start:end]
    return Altered("test-direction", alter.put(sentence, start, end, alter.cased(new, old)), REFUTE, f"{old}->{new}")


# ---------------------------------------------------------------- negation


def _negations(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[str, str]] = []
    lowered = alter.lowered(sentence)
    stands = lowered[:1].islower() or re.match(r"[A-Z][A-Za-z]*[A-Z\d]", sentence) is not None
    negative = re.search(r"\b(?:not|no|never|neither|nor|cannot|without|hardly|fail(?:s|ed)?|unlikely)\b", sentence)
    if (
        stands
        and not negative
        and not alter.heading(sentence)
        and not re.match(r"(?:In|Here|For|At|By|To|On|With)\b", sentence)
    ):
        found.append((f"It is not the case that {lowered}", "it is not the case that"))
    for start, end, word, head in alter.auxiliary_places(sentence):
        before, after = sentence[:start], sentence[end:]
        if word in ("is", "are", "was", "were"):
            found.append(
                (
                    f"{before}{word} {rng.choice(['by no means', 'under no circumstances'])}{after}",
                    "by no means",
                )
            )
            if head.endswith(("ed", "ing", "ive", "ent", "ant", "al", "ible", "able")):
                found.append((f"{before}{word} no longer{after}", "no longer"))
            if word in ("is", "are"):
                found.append((f"{before}cannot be said to be{after}", "cannot be said to"))
            if head in ("a", "an", "the"):
                found.append((f"{before}{word} anything but{after}", "anything but"))
        elif word in ("can", "will", "would", "could", "should"):
            found.append(
                (f"{before}{word} {rng.choice(['under no circumstances', 'in no way'])}{after}", "in no way")
            )
        elif word in ("has", "have", "had") and head.endswith("ed"):
            found.append((f"{before}{word} in no way{after}", "in no way"))
    for start, end, adverb, base, helper in alter.finite_verbs(sentence):
        verb = f"{adverb} {base}" if adverb else base
        if helper == "does":
            found.append((f"{sentence[:start]}no longer {sentence[start:end]}{sentence[end:]}", "no longer"))
            found.append((f"{sentence[:start]}in no way {sentence[start:end]}{sentence[end:]}", "in no way"))
        if helper != "did" and not re.search(r"\b[Ww]e $", sentence[:start]):
            found.append((f"{sentence[:start]}cannot be said to {verb}{sentence[end:]}", "cannot be said to"))
    for match in re.finditer(
        r"(?:^|, |that )[Bb]oth ([\w-]+(?: [\w-]+){0,2}) and ([\w-]+(?: [\w-]+){0,2}) (were|are|have|can) ", sentence
    ):
        verb = {"were": "was", "are": "is", "have": "has"}.get(match[3], match[3])
        opening = match[0][: match[0].lower().index("both")]
        neither = "neither" if opening else "Neither"
        claim = (
            f"{sentence[: match.start()]}{opening}{neither} {match[1]} nor {match[2]} {verb} {sentence[match.end() :]}"
        )
        found.extend([(claim, "neither nor")] * 4)
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("test-negation", claim, REFUTE, change)


# ---------------------------------------------------------------- numbers


_DATE = re.compile(
    r" (?:January|February|March|April|May|June|July|August|September|October|November|December|Jan|Feb|Mar|Apr|"
    r"Aug|Sept?|"
    r"Oct|Nov|Dec)\b"
)


def _numbers(sentence: str, rng: random.Random) -> Altered | None:
    found: list[tuple[int, int, str]] = []
    for start, end in alter.number_places(sentence):
        old = sentence[start:end]
        if _DATE.match(sentence[end:]) or re.fullmatch(r"(?:19|20)\d\d", old):
            continue
        digits = [place for place, sign in enumerate(old) if sign.isdigit()]
        for left, right in pairwise(digits):
            if old[left] != old[right] and not (left == 0 and old[right] == "0"):
                turned = [*old]
                turned[left], turned[right] = turned[right], turned[left]
                found.append((start, end, "".join(turned)))
        if re.fullmatch(r"[1-9]\d\.\d", old):
            found.append((start, end, f"{old[0]}.{old[1]}{old[3]}"))
        elif re.fullmatch(r"[1-9]\.\d\d?", old):
            found.append((start, end, f"{old[0]}{old[2]}" + (f".{old[3]}" if len(old) > 3 else ".0")))
        elif re.fullmatch(r"0\.\d\d+", old):
            found.append((start, end, f"0.0{old[2:]}"))
        elif (re.fullmatch(r"[1-9]\d?", old) and not re.match(r"\\?%", sentence[end:])) or (
            re.fullmatch(r"[1-9]\d{2,3}", old) and old.endswith("0")
        ):
            found.append((start, end, old + "0"))
        if re.match(r" thousand\b", sentence[end:]):
            found.append((end, end + 9, " hundred"))
    if not found:
        return None
    start, end, new = rng.choice(found)
    return Altered("test-number", sentence[:start] + new + sentence[end:], REFUTE, f"{sentence[start:end]}->{new}")


# ---------------------------------------------------------------- names


def _entities(sentence: str, rng: random.Random, names: Sequence[str]) -> Altered | None:
    """Another name of the same abstract put in, or two names of the sentence exchanged."""
    own = [name for name in alter.names_in(sentence) if f"({name}" not in sentence]
    found: list[tuple[str, str]] = []
    for old in own:
        plural = re.search(r"[A-Z0-9]s$", old) is not None
        for new in names:
            if new in sentence or new.lower() in old.lower() or old.lower() in new.lower():
                continue
            if (re.search(r"[A-Z0-9]s$", new) is not None) == plural and (re.search(r"\d", new) is None) == (
                re.search(r"\d", old) is None
            ):
                found.append((alter.replace_name(sentence, old, new), f"{old}->{new}"))
    for left, right in ((left, right) for left in own for right in own if left < right):
        first, second = sorted((sentence.find(left), sentence.find(right)))
        between = sentence[first + len(left if sentence.find(left) == first else right) : second]
        if (
            len(between.split()) < 3
            or re.match(r"\s*(?:,|and|or|/)", between)
            or re.search(r",|\band\b|\bor\b", between)
        ):
            continue
        if left in right or right in left or sentence.count(left) > 1 or sentence.count(right) > 1:
            continue
        turned = sentence.replace(left, "\0").replace(right, left).replace("\0", right)
        found.append((turned, f"{left}<->{right}"))
    found = [item for item in found if item[0] != sentence]
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("test-entity", claim, NEI, change)


# ---------------------------------------------------------------- comparisons

_PHRASE = r"[\w+%/-]+(?: [\w+%/-]+){0,3}"
_SHORT = r"[\w+%/-]+(?: [\w+%/-]+){0,3}?"
_AMOUNT = r"\d[\d.·]*\d?(?:\s?\\?%)?"
_FRAMES = (
    re.compile(
        rf"\b(?P<lead>by|with|on|in|as|of|to|from|through|via|using|for|is|are|was|were|at|into) (?P<a>{_PHRASE}) "
        rf"(?P<mid>rather than|instead of|as opposed to) (?:(?P=lead) )?(?P<b>{_SHORT})(?P<end>\.$|, | \()"
    ),
    re.compile(
        r"\b(?P<lead>increas\w+|decreas\w+|reduc\w+|rose|fell|rais\w+|drop\w*|declin\w+|improv\w+|grew|rise|\w+) from "
        rf"(?P<a>{_AMOUNT}) (?P<mid>to) (?P<b>{_AMOUNT})(?P<end>)(?=[ ,.;)])"
    ),
    re.compile(rf"(?P<lead>ratio of) (?P<a>{_PHRASE}) (?P<mid>to) (?P<b>[\w+-]+(?: [\w+-]+)?)(?P<end>\.$|, | \()"),
    re.compile(
        rf"(?P<lead>\(|(?<=[ (]))(?P<a>{_AMOUNT}) (?P<mid>versus|vs\.?|v|"
        rf"compared with) (?P<b>{_AMOUNT})(?P<end>)(?=[ ,.;):])"
    ),
    re.compile(rf"(?P<lead>\b[a-z]+ )(?P<a>{_AMOUNT}) (?P<mid>and) (?P<b>{_AMOUNT})(?P<end>)(?=[^.;]*,? respectively)"),
    re.compile(
        r"(?P<lead>\b(?:in|for|on|of|with|"
        r"to) )(?P<a>(?:the )?[\w-]+(?: [\w-]+)?) (?P<mid>and) (?P<b>(?:the )?[\w-]+(?: [\w-]+)?)"
        r"(?P<end>,? respectively)"
    ),
    re.compile(
        r"(?P<lead>\b(?:preferred|prefer|favou?red|favou?rs?|chosen) )(?P<a>[\w-]+(?: [\w-]+){0,2}) (?P<mid>over) "
        r"(?P<b>[\w-]+(?: [\w-]+){0,2})(?P<end>\.$|, )"
    ),
    re.compile(
        r"(?P<lead>\b(?:by|with|of|via|using|"
        r"through) )(?P<a>[\w-]+(?: [\w-]+){0,2}) (?P<mid>followed by) (?P<b>[\w-]+(?: [\w-]+){0,2}?)"
        r"(?P<end>\.$|, | \()"
    ),
    re.compile(
        r"(?P<lead>(?<!rang)(?<!ranging)(?<!ranges)(?<!range)(?<!spanning) from )(?P<a>(?:the )?[a-z-]+(?: "
        r"[a-z-]+){0,2}) (?P<mid>to) "
        r"(?P<b>(?:the )?[a-z-]+(?: [a-z-]+){0,2}?)(?P<end>\.$|, | \()"
    ),
)


_MOVES = re.compile(
    r"\b(?:shift|transition|transfer|convert|conversion|chang|mov|progress|evol|transform|generali|translat|"
    r"switch|migrat|"
    r"map|adapt|distil|differentiat|develop|propagat|signal|extend)\w*\b"
)


def _comparisons(sentence: str, rng: random.Random) -> Altered | None:
    found = []
    for frame in _FRAMES:
        for match in frame.finditer(sentence):
            a, b = match["a"], match["b"].rstrip(",.")
            if (
                a == b
                or match["b"] != b
                or re.search(
                    r"\b(?:that|which|and|or|but|is|are|was|were|be|not|to|by|only|it|they|than|scratch|end|making)\b",
                    f"{a} {b}",
                )
            ):
                continue
            if re.search(r"(?:ed|ing|)$", a.split()[0])[0] != re.search(r"(?:ed|ing|)$", b.split()[0])[0]:  # type: ignore[index]
                continue
            first, second = sentence[: match.start("a")], sentence[match.end("a") : match.start("b")]
            claim = f"{first}{b}{second}{a}{sentence[match.end('b') :]}"
            if frame is _FRAMES[-1] and not _MOVES.search(sentence[max(0, match.start() - 70) : match.start()]):
                continue
            found.append((claim, match["mid"]))
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("test-comparison", claim, REFUTE, change)


# ---------------------------------------------------------------- overclaims


def _subject_plural(before: str) -> bool:
    """Whether the subject that ends the text looks plural."""
    clause = re.split(r"[,;:(] ?|\b(?:that|which|who|whether|while|but|because|if|when|where|how)\b", before)
    subject = clause[-1].strip() or (clause[-2].strip() if len(clause) > 1 else "")
    head = re.split(r" (?:of|in|for|with|on|from|by|to|at|between) ", subject)[0]
    joined = " and " in head and not subject.startswith(("and ", "both of"))
    return joined or subject.lower() in ("they", "we", "these") or alter.plural_head(subject)


def _overclaims(sentence: str, rng: random.Random) -> Altered | None:
    """A possibility stated as a fact, an association as a cause."""
    found: list[tuple[str, str]] = []
    for match in re.finditer(r"([\w-]+) (may|might) ((?:also |directly )?)(be|[a-z]+) ", sentence):
        if (
            match[4] in ("not", "have", "also")
            or match[1].lower() in ("there", "and", "or", "it")
            or match[4].endswith("ly")
        ):
            continue
        plural = _subject_plural(sentence[: match.end(1)])
        verb = ("are" if plural else "is") if match[4] == "be" else match[4] if plural else alter.inflect(match[4])[1]
        found.append((f"{sentence[: match.start(2)]}{match[3]}{verb} {sentence[match.end() :]}", "may->does"))
    for old, new in (
        (r"\b(?:is|are) (?:\w+ly )?associated with\b", "causes"),
        (r"\b(?:was|were) (?:\w+ly )?associated with\b", "caused"),
        (r"\b(?:is|are) (?:\w+ly )?correlated with\b", "causes"),
        (r"\b(?:was|were) (?:\w+ly )?correlated with\b", "caused"),
    ):
        for match in re.finditer(old, sentence):
            verb = "cause" if match[0].startswith("are") else new
            if not re.search(
                r"\b(?:not|no|that|which|independently)\b", sentence[max(0, match.start() - 25) : match.end()]
            ):
                found.append((f"{sentence[: match.start()]}{verb}{sentence[match.end() :]}", f"associated->{verb}"))
    if not found:
        return None
    claim, change = rng.choice(found)
    return Altered("test-overclaim", claim, NEI, change)


# ---------------------------------------------------------------- paraphrases

SYNONYMS: tuple[tuple[str, str], ...] = (
    ("requires", "necessitates"), ("requiring", "necessitating"), ("primarily", "mainly"), ("mainly", "primarily"),
    ("particularly", "especially"), ("especially", "particularly"), ("researchers", "scientists"),
    ("relies on", "depends on"), ("rely on", "depend on"), ("issues", "problems"), ("challenges", "difficulties"),
    ("solely", "exclusively"), ("aims to", "seeks to"), ("fundamental", "basic"), ("conducted", "carried out"),
    ("conventional", "traditional"), ("traditional", "conventional"), ("limitations", "shortcomings"),
    ("extensively", "thoroughly"), ("scenarios", "settings"), ("comprehensive", "thorough"),
    ("seamlessly", "smoothly"), ("inherent", "built-in"), ("overlooked", "neglected"), ("tailored", "customized"),
    ("adolescents", "teenagers"), ("infants", "babies"), ("strategies", "tactics"), ("ongoing", "continuing"),
    ("entails", "involves"), ("encompasses", "covers"), ("comprising", "consisting of"), ("concept", "idea"),
    ("scarcity", "shortage"), ("gathered", "collected"), ("collected", "gathered"), ("widespread", "prevalent"),
)  # fmt: skip
LEADS: tuple[str, ...] = (
    "It has been established that ",
    "It turns out that ",
    "There is proof that ",
    "It was documented that ",
)
_REPORT = re.compile(
    r"^(?:(?:Here|Thus|Overall|Together|Taken together|Collectively|In summary|In conclusion),? )?"
    r"(?:[Ww]e|(?:[Oo]ur|[Tt]hese|[Tt]he)(?: [a-z]+){1,2}|"
    r"[A-Z][a-z]+(?: [a-z]+)?) (?:[a-z]+ )?(?P<verb>[a-z]+) that (?!is |are |was |were |can |have |has |of )"
)


def _words(sentence: str, rng: random.Random) -> str:
    found = []
    for old, new in SYNONYMS:
        for match in re.finditer(rf"(?<![\w-]){re.escape(old)}(?![\w'-])", sentence):
            before = re.search(r"([a-z]+) $", sentence[: match.start()])
            if old == "conducted" and (not before or before[1] not in ("was", "were", "is", "are", "we", "been")):
                continue
            found.append((match.span(), new))
    if not found:
        return sentence
    (start, end), new = rng.choice(found)
    return alter.put(sentence, start, end, alter.cased(new, sentence[start:end]))


def _lead(sentence: str, rng: random.Random) -> str:
    match = _REPORT.match(sentence)
    verbs = (
        r"(?:found|find|conclude|report)|.*(?:ow|ows|owed|ate|ates|ated|eal|eals|ealed|cate|erve|erved|irm|irms|irmed)$"
    )
    if match and re.match(verbs, match["verb"]) and not re.match(r"(?:this|it|they)\b", sentence[match.end() :]):
        return rng.choice(LEADS) + sentence[match.end() :]
    return sentence


def _turned(sentence: str, rng: random.Random) -> str:
    """The subordinate clause first: "A, while B." becomes "While B, A."."""
    match = re.match(r"^([^,;:]{25,}), (while|whereas|although|because) ([^,;:]{15,})\.$", sentence)
    first = alter.lowered(match[1]) if match else ""
    if not match or not (first[:1].islower() or re.match(r"[A-Z]\w*[A-Z\d]", first)) or re.search(r"\bthat\b", first):
        return sentence
    if not re.search(r"\b(?:is|are|was|were|has|have|had|did|does|can|could|may)\b|ing\b", match[3]):
        return sentence
    return f"{match[2].capitalize()} {match[3]}, {first}."


def _bracket(sentence: str, rng: random.Random) -> str:
    """The words in brackets set off by dashes, or a thousands comma left out."""
    match = re.search(r" \(([a-z][a-z ,'-]{6,60})\)(?= )", sentence)
    if match and " " in match[1] and not match[1].startswith(("or ", "and ", "i.e", "e.g", "see ")):
        return f"{sentence[: match.start()]} -- {match[1]} --{sentence[match.end() :]}"
    match = re.search(r"(?<![\d,])(\d{1,3}),(\d{3})(?![\d,])", sentence)
    return f"{sentence[: match.start()]}{match[1]}{match[2]}{sentence[match.end() :]}" if match else sentence


def _paraphrases(sentence: str, rng: random.Random) -> Altered | None:
    steps: tuple[tuple[str, Callable[[str, random.Random], str]], ...] = (
        ("lead", _lead),
        ("turned", _turned),
        ("words", _words),
        ("bracket", _bracket),
    )
    claim = sentence
    done: list[str] = []
    for name, step in steps:
        new = step(claim, rng)
        if new != claim:
            claim = new
            done.append(name)
    return Altered("test-paraphrase", claim, SUPPORT, ", ".join(done)) if done else None


def alterations(sentence: str, rng: random.Random, names: Sequence[str]) -> list[Altered]:
    """One claim of each kind that can be made of a sentence; ``names`` are the names of its own abstract."""
    made = [
        Altered("test-identity", sentence, SUPPORT, ""),
        _paraphrases(sentence, rng),
        _numbers(sentence, rng),
        _directions(sentence, rng),
        _negations(sentence, rng),
        _entities(sentence, rng, names),
        _comparisons(sentence, rng),
        _overclaims(sentence, rng),
    ]
    return [item for item in made if item is not None and (item.kind == "test-identity" or item.claim != sentence)]


def reserved(data: Path = DATA) -> list[Document]:
    """The documents kept for these tests."""
    return [document for document in alter.documents(data) if alter.reserved_for_test(document.id)]


WANTED = {
    "test-identity": 230, "test-paraphrase": 220, "test-number": 220, "test-direction": 250, "test-negation": 220,
    "test-entity": 220, "test-comparison": 130, "test-overclaim": 130,
}  # fmt: skip


def _made(document: Document, rng: random.Random) -> Iterator[tuple[int, Altered]]:
    names = alter.names_in(document.text)
    for place, line in enumerate(document.sentences):
        if claim_worthy(line):
            for item in alterations(line, rng, names):
                yield place, item


def test_pairs(seed: int, data: Path = DATA) -> list[Pair]:  # noqa: PT028
    """About 1,500 items from reserved documents, of each kind as many as ``WANTED`` says, at most one a document."""
    rng = random.Random(seed)
    found: dict[str, dict[str, Pair]] = {kind: {} for kind in WANTED}
    chosen = reserved(data)
    rng.shuffle(chosen)
    for document in chosen:
        made = list(_made(document, rng))
        rng.shuffle(made)
        for place, item in made:
            own = found[item.kind]
            if document.id not in own and len(own) < WANTED[item.kind]:
                own[document.id] = Pair(
                    f"{item.kind}-{document.id}-{place}",
                    document.id,
                    item.kind,
                    item.claim,
                    document.title,
                    document.sentences,
                    item.label,
                    (place,),
                )
    return [pair for own in found.values() for pair in own.values()]


test_pairs.__test__ = False  # type: ignore[attr-defined]
