"""What a claim says of which quantity: the way it goes, and by how much.

Read by rule from one sentence. ``movements`` gives every direction word with what it moves, ``findings`` joins them
with the values that the sentence states. Both are made to miss rather than to misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import Literal

from generator.kernel.quantities import LONGEST_TEXT, Value, values
from generator.kernel.text import is_content, stems
from generator.manifest.semantic.words import stem

UP = frozenset(
    stem(word)
    for word in [
        *("increase", "rise", "rose", "raise", "gain", "improve", "higher", "exceed", "outperform"),
        *("enhance", "boost", "elevate", "prolong", "lengthen", "warmer", "hotter"),
    ]
)
DOWN = frozenset(
    stem(word)
    for word in [
        *("decrease", "reduce", "lower", "decline", "drop", "fall", "fell", "worsen", "degrade", "impair"),
        *("diminish", "shrink", "shrank", "shorten", "attenuate", "cooler", "colder"),
    ]
)
CHANGE = frozenset(stem(word) for word in ["effect", "difference", "differ", "change", "influence", "benefit"])
_NEGATION = frozenset(["no", "not", "nor", "never", "without", "neither", "cannot", "fails", "failed", "hardly"])
# Words between a direction word and the quantity it moves, and words that make no quantity of their own.
_LEADING = frozenset(["the", "a", "an", "its", "their", "our", "in", "on", "of", "for"])
_VAGUE = frozenset(
    ["mean", "average", "overall", "daily", "daytime", "maximum", "maximal", "rate", "points", "percentage", "model"]
)
VAGUE_STEMS = frozenset(stem(word) for word in _VAGUE)
# "warmer" says by itself what goes up; that is held against "cooler" only
_IMPLIED = {stem(word): "warmth" for word in ["warmer", "hotter", "cooler", "colder"]}
_ADVERB = re.compile(r"[a-z]{3,}(?:al|ous|ive|ant|ent|ab|ib|ar|ed)ly")
# Where one statement of a sentence ends and the next begins.
_BREAKS = frozenset([";", "whereas", "while", "whilst", "but", "although", "though"])
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[,;:()]")
_LONGEST = 6
_LONGEST_WORD = 30
_MOST_FINDINGS = 12


@dataclass(frozen=True)
class Movement:
    """A direction word: ``ways`` it may move the quantity (+1, -1, 0 for no change), the ``words`` as written with a
    negation before them, and the stems of the ``quantity``, what stands right after the word or else before it."""

    ways: frozenset[int]
    words: str
    quantity: frozenset[str]
    start: int = 0
    end: int = 0
    follows: bool = True
    """Whether the quantity stands after the word."""


@dataclass(frozen=True)
class Finding:
    """One statement about one quantity.

    ``role``: what the value is: the size of a ``change`` ("by 1.2 °C"), a ``level`` ("was 1.2 °C"), or ``none``.
    ``subject``: stems of what moves or has the quantity. ``ways`` is empty for a level that moves nowhere.
    """

    quantity: frozenset[str]
    ways: frozenset[int]
    words: str
    subject: frozenset[str]
    role: Literal["change", "level", "none"]
    value: Value | None


def movements(text: str) -> list[Movement]:
    """Every direction word of a sentence with what it moves. ``did not improve`` leaves it or lowers it; a gerund
    (``raising tree cover``) names a cause and moves nothing."""
    return list(_movements(text[:LONGEST_TEXT]))


@lru_cache(maxsize=4096)
def _movements(text: str) -> tuple[Movement, ...]:
    places = list(_TOKEN.finditer(text))
    tokens = [place.group() for place in places]
    moves: list[Movement] = []
    for index, token in enumerate(tokens):
        word = _stem(token)
        way = 1 if word in UP else -1 if word in DOWN else 0
        before = tokens[max(0, index - 3) : index]
        negated = any(item.lower() in _NEGATION for item in before)
        if token.lower().endswith("ing") or not (way or (negated and word in CHANGE)):
            continue
        after, follows = _after(tokens[index + 1 :]), True
        if word in _IMPLIED:
            after = _stems([_IMPLIED[word]])
        elif not after and moves and tokens[index + 1 : index + 2] in (["it"], ["them"]):
            after = moves[-1].quantity
        if not after:
            after, follows = _before(_without_aside(tokens[:index])), False
        if after:
            ways = {0, -way} if negated else {way}
            written = " ".join(item for item in [*before[-2:], token] if item[0].isalnum()) if negated else token
            place = places[index]
            moves.append(Movement(frozenset(ways), written, after, place.start(), place.end(), follows))
    return tuple(moves)


def _after(tokens: Sequence[str]) -> frozenset[str]:
    found: list[str] = []
    for token in tokens:
        if _says_what(token):
            found.append(token)
        elif found or not (token.lower() in _LEADING | _VAGUE or _ADVERB.fullmatch(token.lower())):
            break
    return _stems(found[:_LONGEST])


def _without_aside(tokens: Sequence[str]) -> Sequence[str]:
    """What stands before an aside between commas that the tokens end with: "recall, measured at noon, fell"."""
    if tokens[-1:] != [","] or "," not in tokens[:-1]:
        return tokens
    opening = len(tokens) - 2 - list(reversed(tokens[:-1])).index(",")
    return tokens[:opening] or tokens


def _before(tokens: Sequence[str]) -> frozenset[str]:
    found: list[str] = []
    for token in reversed(tokens):
        if found and token in ",;:()":
            break
        if _says_what(token):
            found.append(token)
    return _stems(found[:_LONGEST])


def _says_what(token: str) -> bool:
    lower = token.lower()
    plain = token[0].isalpha() and is_content(token) and lower not in _VAGUE
    return plain and _stem(token) not in UP | DOWN and not _ADVERB.fullmatch(lower)


def _stem(token: str) -> str:
    return stem(token[:60])


def _stems(found: Sequence[str]) -> frozenset[str]:
    return frozenset(item for word in found for item in stems(word[:60]))


def findings(text: str) -> tuple[Finding, ...]:
    """What a sentence says of its quantities, at most twelve statements."""
    return _findings(text[:LONGEST_TEXT])


@lru_cache(maxsize=4096)
def _findings(text: str) -> tuple[Finding, ...]:
    moves = _movements(text)
    stated = values(text)
    found: list[Finding] = []
    for number, move in enumerate(moves[:_MOST_FINDINGS]):
        clause = _clause(text, move.start, move.end)
        nearest = moves[number + 1].start if number + 1 < len(moves) else len(text)
        upto = min(clause[1], nearest)
        subject = _subject(text, move, clause)
        sizes = [value for value in stated if move.end <= value.start < upto and _lead(text, value) == "by"]
        before = [value for value in stated if clause[0] <= value.start and value.end <= move.start]
        if not sizes and before and re.fullmatch(r"\s*", text[before[-1].end : move.start]):
            sizes = [before[-1]]  # "0.8 °C warmer", "17% lower"
        base = Finding(move.quantity, move.ways, move.words, subject, "none", None)
        found.append(replace(base, role="change", value=sizes[0]) if sizes else base)
        for former, value in pairwise(sizes):
            # "trees lowered it by 1 °C and roofs by 2 °C": the second part has its own subject
            words = _content(text[former.end : value.start])
            if words and len(words) <= _LONGEST:
                found.append(replace(base, role="change", value=value, subject=_stems(words) - move.quantity))
    sizes_of_changes = [finding.value for finding in found]
    found.extend(_levels(text, [value for value in stated if value not in sizes_of_changes]))
    return tuple(found[: 2 * _MOST_FINDINGS])


_LEVEL = re.compile(
    r"(?:\b(?:of|was|were|is|are|reached|averaged|totalled|equals|equalled)|=)(?:\s(?:about|around|only))?\s*$"
)
_AGAINST = re.compile(r"[^;:]{0,60}?\b(?:compared (?:with|to)|versus|vs\.?|rather than|instead of)\s+(?=[-−+]?\d)")


def _levels(text: str, stated: Sequence[Value]) -> Iterator[Finding]:
    """Values that a quantity has: "the prevalence was 12%"."""
    for value in stated:
        opening = text[max(0, value.start - 120) : value.start]
        link = _LEVEL.search(opening)
        if not link or value.kind == "number":
            continue
        words: list[str] = []
        for token in reversed(_TOKEN.findall(opening[: link.start()])):
            if _says_what(token) and not token.lower().endswith("ed"):
                words.append(token)
            elif token.lower() not in (("of", "the") if words else _VAGUE):
                break
        quantity = _stems(words[:_LONGEST])
        if quantity:
            rest = frozenset(stems(text)) - quantity - UP - DOWN - VAGUE_STEMS
            subject = frozenset(item for item in rest if item[0].isalpha())
            ways, told = _held_against(text, value, stated)
            yield Finding(quantity, ways, told, subject, "level", value)


def _held_against(text: str, value: Value, stated: Sequence[Value]) -> tuple[frozenset[int], str]:
    """(way, words) of a value that the sentence holds against another: "1,420 h, compared with 760 h" goes up."""
    match = _AGAINST.match(text, value.end)
    other = next((item for item in stated if match and item.start == match.end()), None)
    if other is None or other.kind not in (value.kind, "number") or other.at == value.at:
        return frozenset(), ""
    return frozenset([1 if value.at > other.at else -1]), f"{value.written}, not {other.written}"


def _lead(text: str, value: Value) -> str:
    before = text[max(0, value.start - 24) : value.start].split()
    if before and before[-1] in ("about", "around", "only", "some", "roughly", "nearly"):
        before = before[:-1]
    return before[-1].lower() if before else ""


def _clause(text: str, start: int, end: int) -> tuple[int, int]:
    first, last = 0, len(text)
    for place in _TOKEN.finditer(text):
        if place.group().lower() in _BREAKS:
            if place.end() <= start:
                first = place.end()
            elif place.start() >= end:
                last = place.start()
                break
    return first, last


def _subject(text: str, move: Movement, clause: tuple[int, int]) -> frozenset[str]:
    """What moves the quantity: the words before the direction word, or where the quantity stands there, the others."""
    before = _content(text[clause[0] : move.start])
    # what stands before the last comma is a circumstance: "Per 10% of the area, trees lowered ..."
    nearest = _content(text[clause[0] : move.start].rpartition(",")[2])
    words = (nearest or before)[-_LONGEST:] if move.follows else _content(text[clause[0] : clause[1]])
    return _stems(words) - move.quantity - UP - DOWN - CHANGE - VAGUE_STEMS


def _content(text: str) -> list[str]:
    return [token for token in _TOKEN.findall(text) if token[0].isalpha() and is_content(token)]


def same_quantity(one: Finding, other: Finding) -> frozenset[str]:
    """The stems of the quantity that both speak of: two in common, or all that one of them names; else nothing."""
    common = one.quantity & other.quantity
    return common if len(common) >= 2 or (common and common in (one.quantity, other.quantity)) else frozenset()


def same_subject(one: Finding, other: Finding) -> frozenset[str]:
    """The stems of what both hold responsible, if these are at least half of what one of them names."""
    common = one.subject & other.subject
    return common if common and 2 * len(common) >= min(len(one.subject), len(other.subject)) else frozenset()


def _plain_case(word: str) -> str:
    return word.lower() if word[1:] == word[1:].lower() and not any(map(str.isdigit, word)) else word


def as_written(wanted: frozenset[str], text: str, most: int = 4) -> str:
    """The wanted stems as the text first writes them, in its order; at most ``most`` words, none of them endless.

    A capital that only opens a sentence goes. Stems that the text does not write are given as they are.
    """
    seen: dict[str, str] = {}
    for token in _TOKEN.findall(text[:LONGEST_TEXT]):
        for item in set(stems(token[:60])) & wanted:
            if len(token) <= _LONGEST_WORD:
                seen.setdefault(item, _plain_case(token))
    found = list(dict.fromkeys(seen.values())) or sorted(item for item in wanted if len(item) <= _LONGEST_WORD)
    return " ".join(found[:most])
