"""The forms in which one question can be put: two questions are the same where they have a form in common.

A form is the question's words in their order, without what never changes a question: case, punctuation, the articles,
the auxiliary that opens it, a leading phrase ("Is it true that ..."), and plurals. All else stays, since it can turn a
question into another one: every other small word, every number with its sign, comparison and unit, and every symbol.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

Form = tuple[str, ...]

_LEAD = re.compile(
    r"\W*(?:please )?(?:is it (?:really )?(?:true|known|the case)|is there (?:any )?evidence"
    r"|do(?:es)? (?:the )?(?:evidence|literature|research|stud(?:y|ies)) (?:say|show|suggest)s?"
    r"|what (?:is known|do we know) about|do we know|tell me) (?:that|whether|if) ",
    re.IGNORECASE,
)
_AUXILIARIES = {"is": "be", "are": "be", "do": "do", "does": "do"}
_ARTICLES = frozenset("a an the An The AN THE".split())
# "vitamin A" and "type A" hold no article, and "a number of", "a few" are not "the number of" and "few"
_LETTERED = frozenset("class factor grade group hepatitis influenza model phase plan protein type vitamin".split())
_MEASURES = frozenset("couple few fraction handful least less little lot majority more most number one range".split())
_RELATIVE = frozenset("that which who".split())

PREPOSITIONS = frozenset(
    """
    about above after against among as at before below between by during for from in into of off on onto outside over
    per since than through to toward towards under until upon versus via vs with within without
    """.split()
)
_QUESTION_WORDS = frozenset("how what when where which who why".split())
SMALL = PREPOSITIONS | _QUESTION_WORDS | frozenset("a an and are be do does is it its or that the their this".split())
"""Words that say nothing of a topic: they count for whether two questions are the same, not for how near they are."""
_BOUNDS = PREPOSITIONS | _QUESTION_WORDS | _AUXILIARIES.keys()
_NO_NOUNS = SMALL | {"no", "not"}

_NUMBERS = {
    name: str(number)
    for number, name in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())
}
_IRREGULAR = {
    "children": "child",
    "feet": "foot",
    "men": "man",
    "mice": "mouse",
    "teeth": "tooth",
    "viruses": "virus",
    "women": "woman",
}
# with another meaning in the singular
_PLURAL_ONLY = frozenset("aids arms customs glasses goods means news".split())
# the S stemmer of Harman, "How effective is suffixing?" (1991), and such pairs as calorie/calories, tomato/tomatoes
_PLURALS = (
    (re.compile(r"(?<=..)(?<![ae])ies?$"), "y"),
    (re.compile(r"(ss|sh|ch|x|zz)es?$"), r"\1"),
    (re.compile(r"(?<=...)oes$"), "o"),
    (re.compile(r"(?<![ius])s$"), ""),
)
# British and American
_SPELLINGS = (
    (re.compile(r"(?<=[a-z]{3})our(?=(?:al|ed|ing|able|hood)?(?:ly)?$)"), "or"),
    (re.compile(r"(?<=[a-z]{3}[iy])s(?=(?:e|ed|ing|ation)$)"), "z"),
)

_POWER = re.compile("(?<=[0-9])(?=[⁰¹²³⁴-⁹⁺⁻¼-¾⅐-⅞])")
_NOT = re.compile(r"\b(ca|wo|sha)n't\b|\b(can)not\b|\b([a-z]+)n't\b", re.IGNORECASE)
_CUT = {"ca": "can", "wo": "will", "sha": "shall"}
_INITIALS = re.compile(r"\b[^\W\d_](?:\.[^\W\d_])+\b\.?")
_THOUSANDS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?!\d|[.,]\d)")
_PER_CENT = re.compile(r"\bper ?cent\b", re.IGNORECASE)
# a hyphen that joins words, or a dash; what is left of them is a minus, a range, or a charge
_HYPHEN = re.compile(r"(?<=[^\W_])-(?=[^\W\d_])|(?<=[^\W\d_])-(?=\d)|(?<!\S)-+(?!\S)(?! \.?\d)")
_POSSESSED = re.compile(r"\b([^\W\d_]+)(?:'s|(?<=s)') ([^\W\d_]+)", re.IGNORECASE)
_POSSESSIVE = re.compile(r"(?<=[^\W\d_])'s\b", re.IGNORECASE)
_PREFIX = re.compile(r"\b([^\W\d_])-(?=[^\W\d_]{2})")
_TOKEN = re.compile(r"[^\W\d_]+|\.?\d+(?:[.,:/]\d+)*|[^\w\s]")
_PUNCTUATION = frozenset(".,;:!?'\"()[]{}…“”„‘«»‹›`¿¡/—")
_FRONTED = re.compile(
    rf"\W*((?:{'|'.join(sorted(PREPOSITIONS - {'of', 'than'}))}) [^,]*), ([^,]*)", re.IGNORECASE | re.DOTALL
)


@lru_cache(maxsize=8192)
def forms(text: str) -> frozenset[Form]:
    """The forms of a question, at most nine; none for a text without a word of content."""
    plain = _normal(text)
    readings = [plain]
    for pattern, change in ((_PREFIX, r"\1"), (_POSSESSED, r"\2 of \1")):
        if pattern.search(plain):
            readings += [pattern.sub(change, reading) for reading in readings]
    found = {form for reading in readings for form in _forms(reading)}
    # in capitals no one can tell an article from the A of "vitamin A": the same words, all of them, will do
    folded = [token.casefold() for token in _tokens(plain)]
    found.add(tuple(_AUXILIARIES.get(token) or plain_word(token) for token in folded))
    return frozenset(form for form in found if any(word not in SMALL for word in form))


@lru_cache(maxsize=65536)
def plain_word(word: str) -> str:
    """A word in the singular, a number in digits, a Greek letter by its name, in one spelling."""
    if word in _NUMBERS:
        return _NUMBERS[word]
    if len(word) == 1 and "α" <= word <= "ω":
        return unicodedata.name(word).rpartition(" ")[2].lower()
    if len(word) > 3 and word not in _PLURAL_ONLY and word not in _IRREGULAR and not word.endswith("ics"):
        for ending, singular in _PLURALS:
            word, changed = ending.subn(singular, word)
            if changed:
                break
    word = _IRREGULAR.get(word, word)
    for pattern, change in _SPELLINGS:
        word = pattern.sub(change, word)
    return word


def _normal(text: str) -> str:
    """One way to write characters, contractions, abbreviations and numbers."""
    text = unicodedata.normalize("NFKC", _POWER.sub("^", text))
    text = " ".join(re.sub("[‐‑‒–−]", "-", re.sub("[’ʼ]", "'", text)).split())
    text = _NOT.sub(lambda found: f"{_CUT.get(found[1].lower(), '') if found[1] else found[2] or found[3]} not", text)
    text = _INITIALS.sub(lambda found: found[0].replace(".", ""), text)
    text = _THOUSANDS.sub(lambda found: found[0].replace(",", ""), text)
    return _PER_CENT.sub("%", text).replace("&", " and ")


def _tokens(text: str) -> list[str]:
    """The words, numbers and symbols in order, as written."""
    text = _POSSESSIVE.sub("", _HYPHEN.sub(" ", text))
    return [token for token in _TOKEN.findall(text) if token not in _PUNCTUATION]


def _forms(text: str) -> list[Form]:
    """The form of one reading, and where a leading phrase made a clause of it, that of the clause as a question."""
    lead = _LEAD.match(text)
    if lead:
        text = text[lead.end() :]
    fronted = _FRONTED.fullmatch(text)
    if fronted:
        text = f"{fronted[2]} {fronted[1]}"
    tokens = [token.casefold() for token in _without_articles(_tokens(text))]
    tokens = [_AUXILIARIES.get(token, token) for token in _sorted_pairs(tokens)]
    if tokens[:1] == ["do"]:
        del tokens[0]
    words = [plain_word(token) for token in tokens]
    found = [tuple(words)]
    verb = next((at for at, word in enumerate(words) if word == "be" and words[at - 1] not in _RELATIVE), 0)
    if lead and verb:
        found.append(("be", *words[:verb], *words[verb + 1 :]))
    return found


def _without_articles(tokens: list[str]) -> list[str]:
    kept = []
    for at, token in enumerate(tokens):
        before = tokens[at - 1].casefold() if at else ""
        after = tokens[at + 1].casefold() if at + 1 < len(tokens) else ""
        is_letter = token == "a" and (before in _LETTERED or not after)
        is_article = token in _ARTICLES or (token == "A" and not at)
        if not is_article or is_letter or after in _MEASURES:
            kept.append(token)
    return kept


def _sorted_pairs(tokens: list[str]) -> list[str]:
    """Two single words around "and" or "or" in the order of the alphabet, where nothing else can belong to either."""
    found = ["do", *tokens, "in"]
    for at in range(2, len(found) - 2):
        if found[at] in ("and", "or"):
            before, one, other, after = found[at - 2], found[at - 1], found[at + 1], found[at + 2]
            if before in _BOUNDS and after in _BOUNDS and _NO_NOUNS.isdisjoint((one, other)):
                found[at - 1], found[at + 1] = sorted((one, other))
    return found[1:-1]
