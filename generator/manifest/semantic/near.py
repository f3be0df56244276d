"""Whether a question has been asked before: the record whose question is nearest, and whether it is the same one.

Two questions are the same where they have a form in common: see ``question_forms``. It knows words, not meanings, and
where it cannot be sure the questions are two: to refuse a new question is worse than to answer an old one again.
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
from generator.manifest.semantic.question_forms import SMALL, forms
from generator.manifest.semantic.store import Index
from generator.manifest.store import Store

NEAR_DUPLICATE = 0.97
"""The least similarity of two questions that are taken for the same one; see ``bench/near_questions.py``."""
_APART = 0.96
"""The most of two that are not: one word among forty can turn a question, and so can the order of the same words."""


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
    """How near two questions are: 1 where they are the same, else the cosine of their words' counts, 0 to 0.96."""
    if not forms(question).isdisjoint(forms(other)):
        return 1.0
    return min(_APART, _cosine(_bag(question), _bag(other)))


def nearest_question(question: str, where: Store | Index, *, sample: bool | None = None) -> tuple[Near, float] | None:
    """The record with the nearest question and its similarity, the earlier id first; ``None`` where nothing is near at
    all. Removed records, and those that state no question, are left out.

    ``where``: the records themselves, each of which is read, or their index, as it was last built. Raises ``Problems``
    and ``UsageError`` as reading them does. With ``sample`` only records that rest on invented papers, or none of them,
    are looked at; that takes the records themselves.
    """
    best: Near | None = None
    for found in _asked(where, sample):
        near = similarity(question, found.question)
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


@lru_cache(maxsize=8192)
def _bag(text: str) -> Counter[str]:
    """The words of content of a question's shortest form."""
    form = min(forms(text), key=lambda form: (len(form), form), default=())
    return Counter(word for word in form if word not in SMALL)


def _cosine(one: Counter[str], other: Counter[str]) -> float:
    if not one or not other:
        return 0.0
    shared = sum(count * other[name] for name, count in one.items() if name in other)
    return shared / math.sqrt(sum(n * n for n in one.values()) * sum(n * n for n in other.values()))
