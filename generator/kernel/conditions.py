"""The circumstances that a sentence states: time, population, dose, depth, scale, limits."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from generator.kernel.quantities import FIGURE, LONGEST_TEXT
from generator.kernel.text import stems


@dataclass(frozen=True)
class Condition:
    """A stated circumstance: its ``kind`` (two of one kind that differ are contrary), the words, and their stems."""

    kind: str
    words: str
    key: frozenset[str]


_TIME_OF_DAY = (
    r"(?:at|by|during|after|before) (?:the )?(?:night|day|noon|midday|sunset|sunrise|dusk|dawn|evening|morning)"
    r"|night-time|nighttime|daytime"
)
_PEOPLE = (
    "adolescents?|teenagers?|children|infants?|adults?|men|women|males?|females?|mice|mouse|rats?|monkeys?|dogs?|"
    "volunteers|students|older people|the elderly|pregnant women|smokers"
)
_CONDITIONS = (
    ("time of day", re.compile(rf"\b(?:{_TIME_OF_DAY})\b", re.IGNORECASE)),
    ("season", re.compile(r"\b(?:(?:in|during) (?:the )?)?(?:winters?|summers?|spring|autumn|dry season)\b", re.I)),
    ("year", re.compile(r"\b(?:(?:in|since|after|before|until) )?(?:19|20)\d\d\b", re.IGNORECASE)),
    ("population", re.compile(rf"\b(?:(?:in|among|for) )?(?:{_PEOPLE})\b", re.IGNORECASE)),
    ("dose", re.compile(r"\b\d[\d.,]*\s?(?:mg|µg|μg|g|IU|ml|mol)(?:/\w+| per \w+)?\b")),
    ("temperature", re.compile(r"\bat \d[\d.,]*\s?(?:°\s?C|K)\b")),
    ("depth", re.compile(r"\bat (?:a depth of )?\d[\d.,]*\s?(?:km|cm|mm|m)\b(?: (?:height|depth))?")),
    ("scale", re.compile(r"\bat (?:the )?[a-z]+ (?:scale|level)\b", re.IGNORECASE)),
    ("period", re.compile(r"\b(?:after|over|for|within) \w+ (?:h|hours|days|weeks|months|years|nights)\b")),
    ("per", re.compile(r"\b(?:per|each additional) \d[\d.,]*\s?(?:%|\w+)", re.IGNORECASE)),
    ("limit", re.compile(r"\b(?:below|above|beyond|fewer than|more than|less than) \d[\d.,]*(?:\s?%| [a-z]+)?")),
    ("under", re.compile(r"\b(?:under|during|without|among) (?:the )?[a-z-]+(?: [a-z-]{4,})?\b", re.IGNORECASE)),
    ("for", re.compile(r"\bfor (?:[a-z-]+ ){0,2}(?:with|of) [a-z]*(?: than)? ?\d[\d.,]*\s?[a-z%]*", re.IGNORECASE)),
)
_CONTRARY = frozenset(["time of day", "season", "population", "dose", "temperature", "depth"])
_MOST_CONDITIONS = 8


@lru_cache(maxsize=4096)
def conditions(text: str) -> tuple[Condition, ...]:
    """The circumstances that a sentence states: time, population, dose, depth, scale, limits."""
    found: list[Condition] = []
    taken: list[tuple[int, int]] = []
    for kind, pattern in _CONDITIONS:
        for match in pattern.finditer(text[:LONGEST_TEXT]):
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            if len(match.group()) > 60:
                continue
            taken.append(match.span())
            found.append(Condition(kind, " ".join(match.group().split()), _key(match.group())))
    return tuple(found[:_MOST_CONDITIONS])


@lru_cache(maxsize=4096)
def _key(text: str) -> frozenset[str]:
    """What two texts share that state one condition: stems and numbers."""
    return frozenset([*stems(text), *re.findall(FIGURE, text)]) or frozenset([text.lower()])


def differing(left: str, right: str) -> tuple[list[Condition], list[Condition]]:
    """The conditions of each sentence that the other does not state."""
    ours, theirs = _key(left[:LONGEST_TEXT]), _key(right[:LONGEST_TEXT])
    return (
        [item for item in conditions(left) if not item.key <= theirs],
        [item for item in conditions(right) if not item.key <= ours],
    )


def contrary(left: str, right: str) -> bool:
    """Whether both sentences state a condition of one kind and the two differ: by day and at night."""
    one, other = differing(left, right)
    return bool({item.kind for item in one} & {item.kind for item in other} & _CONTRARY)
