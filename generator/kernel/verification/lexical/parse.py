"""One sentence as the features see it: words, stems, numbers, names, and the words that turn its meaning."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from generator.kernel.verification.lexical import words as w
from generator.manifest.semantic.words import stem

# a number with its ordinal ending | a word with inner hyphens, dots and apostrophes | a sign
_TOKEN = re.compile(
    r"\d+(?:[.,·]\d+)*(?:st|nd|rd|th)?(?![^\W_])"
    r"|[^\W_]+(?:[-–‑/'’.][^\W_]+)*(?:[-–](?=[\s),;.]))?[+]?"
    r"|[%‰°]|[.;:,()\[\]<>=≥≤±–-]"
)
_WORDLIKE = re.compile(r"[^\W_]+(?:[-–‑/'’.][^\W_]+)*")
_NUMBER = re.compile(r"\d+(?:[.,·]\d+)*")
_THOUSANDS = re.compile(r"^\d{1,3}(?:,\d{3})+$")
_SPLIT = re.compile(r"[-–‑/]")
_LONGEST_WORD = 60
"""Letters after which a word is cut for its stem; the longest words of English prose have some thirty."""
_LONGEST_KEPT = 1000
"""Characters up to which a text's parsing is remembered, so that what is remembered has a bound in bytes too."""


def _opposites() -> Iterator[tuple[str, str]]:
    """Every listed pair of antonyms, each verb in all its forms, words as they stand and as stems."""
    pairs = [pair for up, down in w.VERB_PAIRS for pair in zip(w.forms(up), w.forms(down), strict=True)]
    for up, down in (*pairs, *w.WORD_PAIRS):
        yield up, down
        yield stem(up), stem(down)
    more, less = (
        {*words, *(form for verb in verbs for form in w.forms(verb))}
        for verbs, words in zip(w.AMOUNT_VERBS, w.AMOUNT_WORDS, strict=True)
    )
    for up in more:
        for down in less:
            yield up, down


def _signs() -> dict[str, int]:
    """1 for words of going up, -1 for words of going down; a word that stands on both sides has none."""
    ups, downs = set(w.IRREGULAR_UP), set(w.IRREGULAR_DOWN)
    for up, down in w.VERB_PAIRS:
        ups.update(w.forms(up))
        downs.update(w.forms(down))
    for up, down in w.WORD_PAIRS:
        ups.add(up)
        downs.add(down)
    for verb in w.DOWN_VERBS:
        downs.update(w.forms(verb))
    return dict.fromkeys(ups - downs, 1) | dict.fromkeys(downs - ups, -1)


def _antonyms() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for a, b in _opposites():
        found.setdefault(a, set()).add(b)
        found.setdefault(b, set()).add(a)
    return {word: frozenset(others) for word, others in found.items()}


def _synonyms() -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for number, group in enumerate(w.SYNONYMS):
        for word in group:
            found.setdefault(word, set()).add(number)
            found.setdefault(stem(word), set()).add(number)
    return {word: frozenset(groups) for word, groups in found.items()}


SIGN: Mapping[str, int] = _signs()
OPPOSITE: Mapping[str, frozenset[str]] = _antonyms()
"""Word or stem -> its antonyms, as words or stems."""
SAME: Mapping[str, frozenset[int]] = _synonyms()
"""Word or stem -> the groups of ``words.SYNONYMS`` that it is in."""


@dataclass(frozen=True, slots=True)
class Number:
    """A quantity in figures or words: its value (-1 where it has none), the unit or noun that follows (may be empty),
    its token index, and how it is written."""

    value: float
    unit: str
    at: int
    text: str


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """A parsed text. ``raw``, ``tokens`` (lower case) and ``stems`` run in parallel; all indices are token indices.

    ``content``: indices of the words that say something; ``stem_set`` and ``bigrams`` are made of their stems.
    ``names``: stems with a digit or an inner capital. ``negations``, ``lacks``: indices. ``turns``: (index, sign).
    The rest count words of their list. Instances are compared by identity, which makes them cheap keys of a cache.
    """

    raw: tuple[str, ...]
    tokens: tuple[str, ...]
    stems: tuple[str, ...]
    content: tuple[int, ...]
    stem_set: frozenset[str]
    bigrams: frozenset[tuple[str, str]]
    numbers: tuple[Number, ...]
    names: frozenset[str]
    negations: tuple[int, ...]
    lacks: tuple[int, ...]
    turns: tuple[tuple[int, int], ...]
    hedges: int
    causal: int
    associative: int
    comparing: int


def denies(token: str) -> bool:
    """Whether a word in lower case is a negation."""
    return token in w.NEGATIONS or token.endswith(("n't", "n’t"))


def is_name(raw: str) -> bool:
    """Whether a word as written looks like a name: it has a digit or, after its first letter, a capital."""
    return not (raw.isalpha() and raw[1:].islower()) and (any(map(str.isdigit, raw)) or any(map(str.isupper, raw[1:])))


@lru_cache(maxsize=65536)
def key(token: str) -> str:
    """What two spellings of a word in lower case share: its stem, or a name without its hyphens."""
    if any(map(str.isdigit, token)):
        return token.replace("-", "").replace("–", "").replace("/", "")
    return stem(token)


def parse(text: str) -> Parsed:
    """The parsed text; any text is taken. The parsings of texts of ordinary length are remembered."""
    return _remembered(text) if len(text) <= _LONGEST_KEPT else read(text)


def read(text: str) -> Parsed:
    """The text parsed anew."""
    raw = list(_split(text))
    tokens = [token.lower() for token in raw]
    stems = [key(token[:_LONGEST_WORD]) for token in tokens]
    content: list[int] = []
    numbers: list[Number] = []
    negations: list[int] = []
    lacks: list[int] = []
    turns: list[tuple[int, int]] = []
    hedges = causal = associative = comparing = 0
    last = len(tokens) - 1
    for index, token in enumerate(tokens):
        first = token[0]
        if not first.isalnum():
            continue
        if first.isdigit() and _NUMBER.fullmatch(token):
            numbers.append(Number(_value(token), tokens[index + 1] if index < last else "", index, raw[index]))
            continue
        if token in w.NUMBER_WORDS:
            unit = stems[index + 1] if index < last else ""
            numbers.append(Number(w.NUMBER_WORDS[token], unit, index, raw[index]))
        if denies(token):
            negations.append(index)
            continue
        if token in w.LACK:
            lacks.append(index)
        sign = SIGN.get(token)
        if sign and token not in w.NOT_TURNING:
            turns.append((index, sign))
        hedges += token in w.HEDGES
        causal += token in w.CAUSAL
        associative += token in w.ASSOCIATIVE
        comparing += token in w.COMPARING
        if token not in w.STOP:
            content.append(index)
    kept = [stems[index] for index in content]
    return Parsed(
        tuple(raw),
        tuple(tokens),
        tuple(stems),
        tuple(content),
        frozenset(kept),
        frozenset(pairwise(kept)),
        tuple(numbers),
        frozenset(stems[index] for index in content if is_name(raw[index])),
        tuple(negations),
        tuple(lacks),
        tuple(turns),
        hedges,
        causal,
        associative,
        comparing,
    )


_remembered = lru_cache(maxsize=4096)(read)


def _split(text: str) -> Iterator[str]:
    """The tokens as written; a compound that no list knows is taken apart unless it is a name with digits."""
    for token in _TOKEN.findall(text):
        if len(token) > 3 and ("-" in token or "–" in token or "/" in token) and not any(map(str.isdigit, token)):
            lower = token.lower()
            if lower not in SIGN and lower not in OPPOSITE:
                yield from filter(None, _SPLIT.split(token))
                continue
        yield token


def _value(text: str) -> float:
    """The value of a number in figures: commas before three digits each are thousands, else decimal marks."""
    if _THOUSANDS.match(text):
        text = text.replace(",", "")
    head, *rest = text.replace("·", ".").replace(",", ".").split(".")
    try:
        return float(head + ("." + "".join(rest) if rest else ""))
    except ValueError:
        return -1.0


def stem_set(text: str) -> frozenset[str]:
    """The content stems of a text, as ``parse`` would give them, without the rest of its work."""
    return _remembered_stems(text) if len(text) <= _LONGEST_KEPT else _stems(text)


def _stems(text: str) -> frozenset[str]:
    found: set[str] = set()
    for token in _WORDLIKE.findall(text):
        found.update(_stems_of(token) if len(token) <= _LONGEST_WORD else _stems_of_word(token))
    return frozenset(found)


_remembered_stems = lru_cache(maxsize=8192)(_stems)


def _stems_of_word(token: str) -> tuple[str, ...]:
    """The content stems of what stands between blanks: none, one, or those of a compound's parts."""
    if token.isalpha():
        lower = token.lower()
        return () if lower in w.STOP or lower in w.NEGATIONS else (key(lower[:_LONGEST_WORD]),)
    parsed = read(token)
    return tuple(parsed.stems[index] for index in parsed.content)


_stems_of = lru_cache(maxsize=65536)(_stems_of_word)
