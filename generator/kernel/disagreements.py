"""Claims that may contradict each other, read from direction words and from a verifier's verdicts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from generator.kernel.stemming import stem
from generator.kernel.text import is_content, stems

MOST = 20

UP = frozenset(
    stem(word) for word in ["increase", "rise", "rose", "raise", "gain", "improve", "higher", "exceed", "outperform"]
)
DOWN = frozenset(
    stem(word)
    for word in ["decrease", "reduce", "lower", "decline", "drop", "fall", "fell", "worsen", "degrade", "impair"]
)
_CHANGE = frozenset(stem(word) for word in ["effect", "difference", "differ", "change", "influence", "benefit"])
_NEGATION = frozenset(["no", "not", "nor", "never", "without", "neither", "cannot", "fails", "failed", "hardly"])
# Words between a direction word and the quantity it moves, and words that make no quantity of their own.
_LEADING = frozenset(["the", "a", "an", "its", "their", "our", "in", "on", "of", "for"])
_VAGUE = frozenset(
    ["mean", "average", "overall", "daily", "daytime", "maximum", "maximal", "rate", "points", "percentage", "model"]
)
_VAGUE_STEMS = frozenset(stem(word) for word in _VAGUE)
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[,;:()]")
_LONGEST = 6


@dataclass(frozen=True)
class Movement:
    """A direction word: ``ways`` it may move the quantity (+1, -1, 0 for no change), the ``words`` as written with a
    negation before them, and the stems of the ``quantity``, what stands right after the word or else before it."""

    ways: frozenset[int]
    words: str
    quantity: frozenset[str]


def find_disagreements(claims: Sequence[dict[str, Any]], *, refutations: bool = False) -> list[dict[str, Any]]:
    """Pairs of claims of different papers that may contradict each other, at most ``MOST``; the basis of a pair says
    why it is one. With ``refutations``, the pairs come first of which a verifier holds that one's passage refutes the
    other."""
    found: dict[frozenset[str], dict[str, Any]] = {}
    for item in [*(_refutations(claims) if refutations else ()), *_opposite_movements(claims)]:
        found.setdefault(frozenset(item["claim_ids"]), item)
    return list(found.values())[:MOST]


def _refutations(claims: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Claims that stand in the passage of another source by which a claim is refuted."""
    for claim in claims:
        check = claim["verification"]
        for passage in check.get("evidence", ()):
            if passage["source_id"] not in check["refuting_source_ids"]:
                continue
            for other in claims:
                home, where = other["grounding"]["source_id"], other["grounding"]["locator"]
                overlap = where["start"] < passage["end"] and passage["start"] < where["end"]
                if other["id"] != claim["id"] and home == passage["source_id"] and overlap:
                    basis = f"{check['method']}: {home} refutes {claim['id']} in the passage that gives {other['id']}."
                    yield {"claim_ids": [claim["id"], other["id"]], "basis": basis}


def _opposite_movements(claims: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pairs of claims of different papers that move one quantity in opposite directions.

    One quantity means two shared words, or one where that is all that one sentence says of it and the sentences share
    two other words. The basis of a pair says which words made it one.
    """
    read = [(claim, set(stems(claim["text"])), movements(claim["text"])) for claim in claims]
    found = []
    for (left, left_stems, left_moves), (right, right_stems, right_moves) in combinations(read, 2):
        if left["grounding"]["source_id"] == right["grounding"]["source_id"]:
            continue
        subject = (left_stems & right_stems) - UP - DOWN - _CHANGE - _VAGUE_STEMS
        for one, other in ((one, other) for one in left_moves for other in right_moves):
            common = one.quantity & other.quantity
            alike = len(common) >= 2 or (common in (one.quantity, other.quantity) and len(subject - common) >= 2)
            if common and alike and not one.ways & other.ways:
                found.append(
                    {
                        "claim_ids": [left["id"], right["id"]],
                        "basis": f"Opposite directions near “{_as_written(common, left['text'])}”: "
                        f"“{one.words}” against “{other.words}”.",
                    }
                )
                break
    return found


def movements(text: str) -> list[Movement]:
    """Every direction word of a sentence with what it moves. ``did not improve`` leaves it or lowers it; a gerund
    (``raising tree cover``) names a cause and moves nothing."""
    tokens = _TOKEN.findall(text)
    moves = []
    for index, token in enumerate(tokens):
        word = stem(token)
        way = 1 if word in UP else -1 if word in DOWN else 0
        before = tokens[max(0, index - 3) : index]
        negated = any(item.lower() in _NEGATION for item in before)
        if token.lower().endswith("ing") or not (way or (negated and word in _CHANGE)):
            continue
        quantity = _after(tokens[index + 1 :]) or _before(tokens[:index])
        if quantity:
            ways = {0, -way} if negated else {way}
            written = " ".join(item for item in [*before[-2:], token] if item[0].isalnum()) if negated else token
            moves.append(Movement(frozenset(ways), written, quantity))
    return moves


def _after(tokens: Sequence[str]) -> frozenset[str]:
    found: list[str] = []
    for token in tokens:
        if _says_what(token):
            found.append(token)
        elif found or token.lower() not in _LEADING | _VAGUE:
            break
    return _stems(found[:_LONGEST])


def _before(tokens: Sequence[str]) -> frozenset[str]:
    found: list[str] = []
    for token in reversed(tokens):
        if found and token in ",;:()":
            break
        if _says_what(token):
            found.append(token)
    return _stems(found[:_LONGEST])


def _says_what(token: str) -> bool:
    return token[0].isalpha() and is_content(token) and token.lower() not in _VAGUE and stem(token) not in UP | DOWN


def _stems(found: Sequence[str]) -> frozenset[str]:
    return frozenset(item for word in found for item in stems(word))


def _as_written(wanted: frozenset[str], text: str) -> str:
    """The wanted stems as the text first writes them, in its order."""
    seen: dict[str, str] = {}
    for token in _TOKEN.findall(text):
        for item in set(stems(token)) & wanted:
            seen.setdefault(item, token)
    return " ".join(dict.fromkeys(seen.values()))
