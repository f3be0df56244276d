"""Whether a question has been asked before: the record whose question is nearest, and whether it is the same one.

Two questions are compared by the stems of their words, each with its number. Case, punctuation, order, plurals and
words without content make no difference. What turns a question into another one does: negations, comparatives, numbers
and single letters ("vitamin C", "type 2") count here, although they say nothing of a topic, and so does the side of
"than" on which a word stands. It knows words, not meanings: a question in other words is missed.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from generator.manifest.corrections import is_removed
from generator.manifest.semantic.items import QUESTION, subject_of
from generator.manifest.semantic.marks import mark_of
from generator.manifest.semantic.store import Index
from generator.manifest.semantic.words import STOP_WORDS, stem, words
from generator.manifest.store import Store

NEAR_DUPLICATE = 0.97
"""The least similarity of two questions that are taken for the same one; see ``bench/near_questions.py``."""

_TURNING = frozenset(
    """
    not no nor never none nothing without cannot cant only before after more less most least above below under over up
    down within against during first few many all same other others alone together either neither both every between
    better worse best good bad one two three four five six eight nine ten eleven twelve fifteen twenty forty fifty sixty
    hundred
    """.split()
)
# what leads to a question and is no part of it
_LEADING = frozenset("evidence true tell me please know known say said shown research studies study literature".split())
_PLAIN = (STOP_WORDS - _TURNING) | _LEADING
_SIDES = "than"


class Near(NamedTuple):
    """A record whose question is near: its public id, title and question, how near (0 to 1), and the label of its
    notice or its correction state, ``None`` where it stands as published."""

    public_id: str
    title: str
    question: str
    similarity: float
    mark: str | None


def is_near_duplicate(question: str, other: str, *, threshold: float = NEAR_DUPLICATE) -> bool:
    """Whether the two are the same question in all but its form."""
    return similarity(question, other) >= threshold


def similarity(question: str, other: str) -> float:
    """How near two questions are: the cosine of their stems' counts, from 0 to 1."""
    return _cosine(_bag(question), _bag(other))


def nearest_question(
    question: str, where: Store | Index, *, sample: bool | None = None
) -> tuple[Near, float] | None:
    """The record with the nearest question and its similarity, the earlier id first; ``None`` where nothing is near at
    all. Removed records, and those that state no question, are left out.

    ``where``: the records themselves, each of which is read, or their index, as it was last built. Raises ``Problems``
    and ``UsageError`` as reading them does. With ``sample`` only records that rest on invented papers, or none of them,
    are looked at; that takes the records themselves.
    """
    own = _bag(question)
    best: Near | None = None
    for found in _asked(where, sample):
        near = _cosine(own, _bag(found.question))
        if near > 0 and (best is None or near > best.similarity):
            best = found._replace(similarity=near)
    return None if best is None else (best, best.similarity)


def _asked(where: Store | Index, sample: bool | None) -> Iterable[Near]:
    return _in_records(where, sample) if isinstance(where, Store) else _in_index(where)


def _in_records(store: Store, sample: bool | None) -> Iterator[Near]:
    for record in store.records():
        if is_removed(record.events):
            continue
        manifest = record.current.manifest
        if sample is not None and manifest["work"]["sample"] != sample:
            continue
        name, text = subject_of(manifest)
        if name == QUESTION:
            work = manifest["work"]
            yield Near(work["public_id"], work["title"], text, 0.0, mark_of(record.events))


def _in_index(index: Index) -> Iterator[Near]:
    for item in index.items("question"):
        if item.id == QUESTION:
            yield Near(item.public_id, item.title, item.text, 0.0, item.mark)


def _bag(text: str) -> Counter[str]:
    found: Counter[str] = Counter()
    side = ""
    for word in words(text):
        for part in _parts(word):
            if part == _SIDES:
                side = f"{_SIDES} "
            else:
                found[side + part] += 1
    return found


@lru_cache(maxsize=65536)
def _parts(word: str) -> tuple[str, ...]:
    """The stems of a word's parts that count; ``_SIDES`` stays as it is."""
    parts = word.lower().replace("’", "-").replace("'", "-").split("-")
    return tuple(part if part == _SIDES else stem(part) for part in parts if part == _SIDES or part not in _PLAIN)


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    if not one or not other:
        return 0.0
    if one == other:
        return 1.0
    shared = sum(count * other[name] for name, count in one.items() if name in other)
    return shared / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
