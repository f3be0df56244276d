"""Related records: each against all, the same figures however it is computed, and by an index."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.problems import UsageError
from generator.manifest.semantic import relations
from generator.manifest.semantic.hashing import counts
from generator.manifest.semantic.related import related_records
from generator.manifest.semantic.relations import MOST, RELATED, Relations
from generator.manifest.semantic.store import Index

WORDS = ["tree", "roof", "city", "heat", "night", "coffee", "mouse", "memory", "sleep", "lead", "cell", "light"]
QUESTIONS = st.lists(st.lists(st.sampled_from(WORDS), max_size=6).map(" ".join), min_size=1, max_size=14)


def manifest(question: str, papers: tuple[str, ...] = ()) -> dict[str, Any]:
    sources = [{"id": f"S{number}", "paper_id": paper, "doi": None, "url": None} for number, paper in enumerate(papers)]
    return {"work": {"research_question": question, "title": "T"}, "provenance": {"sources": sources}}


def cosine(one: str, other: str) -> float:
    left, right = counts(one), counts(other)
    product = sum(number * right.get(bucket, 0) for bucket, number in left.items())
    lengths = math.sqrt(sum(n * n for n in left.values()) * sum(n * n for n in right.values()))
    return product / lengths if lengths else 0.0


@given(QUESTIONS, st.sampled_from([1, 2, 512]))
def test_the_most_similar_are_named_and_ties_stand_in_order(questions: list[str], block: int) -> None:
    made = Relations()
    for question in questions:
        made.add(manifest(question or "?"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relations, "_BLOCK", block)
        found = [made.of(place) for place in range(len(questions))]
    for place, row in enumerate(found):
        others = [other for other in range(len(questions)) if other != place]
        near = {other: cosine(questions[place], questions[other]) for other in others}
        expected = sorted((other for other in others if near[other] >= RELATED - 1e-7), key=lambda o: (-near[o], o))
        assert [alike.similarity for alike in row] == pytest.approx([near[o] for o in expected[:MOST]], abs=1e-4)
        assert place not in [alike.place for alike in row]
        assert [(-alike.similarity, alike.place) for alike in row] == sorted(
            (-alike.similarity, alike.place) for alike in row
        )


def test_papers_that_both_cite_are_counted_by_any_of_their_names() -> None:
    made = Relations()
    first = made.add(manifest("Do trees cool cities?", ("2505.00001", "2505.00002", "X1")))
    sources = [
        {"id": "S1", "paper_id": None, "doi": "10.48550/arXiv.2505.00001", "url": None},
        {"id": "S2", "paper_id": None, "doi": None, "url": "http://arxiv.org/abs/2505.00003v2"},
        {"id": "S3", "paper_id": "X1", "doi": None, "url": None},
    ]
    made.add({**manifest("Do trees cool a city?"), "provenance": {"sources": sources}})
    assert [(alike.place, alike.similarity, alike.shared) for alike in made.of(first)] == [(1, 1.0, 2)]


def test_an_index_names_the_same_records(registry: Any, tmp_path: Path) -> None:
    one = registry.add("Do street trees cool the city?", title="One", paper="2505.00001")
    two = registry.add("Do street trees cool the park?", title="Two", paper="2505.00001")
    three = registry.add(None, title="Street trees cool the city", events=[registry.event(notice="retraction")])
    registry.add("Does coffee help memory in mice?")
    registry.add("Do street trees cool the city?", events=[registry.event(notice="removal")])
    index = Index(tmp_path / "index")
    index.build(registry.store)
    made, order = Relations(), [record.short_id for record in registry.store.records() if len(record.events) < 2]
    for record in registry.store.records():
        made.add(record.current.manifest)
    found = related_records(f"SRCH:{one}", index)
    assert [(row.public_id, row.title, row.shared_papers, row.notice, row.mark) for row in found] == [
        (f"SRCH:{three}", "Street trees cool the city", 1, "retraction", "Retracted"),
        (f"SRCH:{two}", "Two", 1, None, None),
    ]
    alike = {order[item.place]: item.similarity for item in made.of(order.index(one))}
    assert [row.similarity for row in found] == [alike[three], alike[two]]
    with pytest.raises(UsageError) as refused:
        related_records("SRCH:00000000", index)
    assert str(refused.value) == (
        f"SRCH:00000000: no record with this id in {index.folder}; 'srch index build' takes in new ones"
    )
