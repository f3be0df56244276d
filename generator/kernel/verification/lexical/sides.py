"""Comparisons and their two sides: "A beats B" says the opposite of "B beats A", in the same words."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from generator.kernel.verification.lexical.parse import SIGN, Parsed


class Comparison(NamedTuple):
    """Stems of what is ahead and of what is behind; the comparing word, and whether the first has more of it (1), less
    (-1) or, where the word is in no list, what only a comparison by the same word can tell (0)."""

    ahead: frozenset[str]
    behind: frozenset[str]
    sign: int
    word: str


_THAN = frozenset(["than", "versus", "vs"])
_BEATS = {
    **dict.fromkeys("outperforms outperform outperformed exceeds exceed exceeded surpasses surpassed beats".split(), 1),
    **dict.fromkeys("underperforms underperform underperformed trails trailed".split(), -1),
}
_BREAKS = frozenset([",", ";", ":", ".", "(", ")", "but", "whereas", "while", "although"])
_REACH = 12
_DENIED = 4
_CLEAR = 1.5


@lru_cache(maxsize=4096)
def comparisons(parsed: Parsed) -> tuple[Comparison, ...]:
    """Every comparison of a sentence that names both sides."""
    found = []
    content = frozenset(parsed.content)
    for at, token in enumerate(parsed.tokens):
        sign, start = _BEATS.get(token), at
        if sign and parsed.tokens[at + 1 : at + 2] == ("by",):
            sign = -sign  # "A is outperformed by B"
        if token in _THAN:
            start, sign = _comparative(parsed, at)
        # "no better than" says neither the one nor the other
        if sign is None or any(start - _DENIED <= index < at for index in parsed.negations):
            continue
        ahead = frozenset(parsed.stems[i] for i in _before(parsed, start) if i in content)
        behind = frozenset(parsed.stems[i] for i in _after(parsed, at) if i in content)
        if ahead - behind and behind - ahead:
            found.append(Comparison(ahead - behind, behind - ahead, sign, parsed.tokens[start]))
    return tuple(found)


def _comparative(parsed: Parsed, at: int) -> tuple[int, int | None]:
    """(where the comparing word before "than" stands, its sign or 0); None where there is no such word near."""
    for index in range(at - 1, max(-1, at - 7), -1):
        token = parsed.tokens[index]
        if token in _BREAKS:
            break
        if (
            token in ("more", "less", "fewer")
            or (token.endswith("er") and len(token) > 4)
            or token in ("better", "worse")
        ):
            return index, SIGN.get(token, 0)
    return at, None


def _before(parsed: Parsed, at: int) -> range:
    start = at
    while start > 0 and at - start < _REACH and parsed.tokens[start - 1] not in _BREAKS:
        start -= 1
    return range(start, at)


def _after(parsed: Parsed, at: int) -> range:
    end = at + 1
    while end < len(parsed.tokens) and end - at <= _REACH and parsed.tokens[end] not in _BREAKS:
        end += 1
    return range(at + 1, end)


def held_against(claim: Parsed, sentence: Parsed, weight: Callable[[str], float]) -> int:
    """1 where both compare the same two things the same way round, -1 where these are exchanged, else 0."""

    def shared(a: frozenset[str], b: frozenset[str]) -> float:
        return sum(sorted(weight(key) for key in a & b))

    verdict = 0
    for ahead, behind, sign, word in comparisons(claim):
        for first, second, other, there in comparisons(sentence):
            if not sign * other and word != there:
                continue
            if sign * other < 0:
                first, second = second, first
            straight = shared(ahead, first), shared(behind, second)
            crossed = shared(ahead, second), shared(behind, first)
            if all(crossed) and sum(crossed) > _CLEAR * sum(straight):
                return -1
            if all(straight) and sum(straight) > _CLEAR * sum(crossed):
                verdict = 1
    return verdict
