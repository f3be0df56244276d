"""What counts as a second voice on a claim, and what does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.manifest.canonical import sha256_text
from generator.manifest.semantic.claims import MOST, Judgement, RelatedClaim, related_claims
from generator.manifest.semantic.store import Index

CLAIM = "Street trees lower the air temperature of the city."
SAME = "Street trees lower air temperature in a city by day."
DENIAL = "Street trees do not lower the air temperature of a city."


def judge(claim: str, other: str) -> Judgement:
    if "not" in other.split():
        return "REFUTE", 0.9, "It says\nthe opposite."
    return ("SUPPORT", 0.8, "It says so.") if "lower" in other else ("NEI", 0.7, "Nothing.")


def source(**more: Any) -> dict[str, Any]:
    return {"id": "S1", "paper_id": "2505.00001", "doi": None, "url": None, "text": None, **more}


def claim(text: str = CLAIM, **more: Any) -> dict[str, Any]:
    grounding = {"source_id": "S1", "locator": {"sha256": sha256_text(text)}}
    return {"id": "C1", "text": text, "grounding": grounding, "verification": None, **more}


@pytest.fixture
def index(registry: Any, tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def test_another_papers_claim_corroborates_or_conflicts(registry: Any, index: Index) -> None:
    for_it = registry.add("A?", claims=[SAME], paper="2505.00002")
    against = registry.add("B?", claims=["Coffee helps mice.", DENIAL], paper="2505.00003")
    registry.add("C?", claims=["Street trees raise the air temperature of the city."], paper="2505.00004")
    index.build(registry.store)
    found = related_claims([claim()], [source()], index, judge)
    assert (found.judged, found.same_source, found.struck) == (3, 0, 0)
    assert {(row.public_id, row.other_claim_id, row.relation, row.basis) for row in found.rows} == {
        (f"SRCH:{for_it}", "C1", "corroborates", "SUPPORT, 0.80: It says so."),
        (f"SRCH:{against}", "C2", "conflicts", "REFUTE, 0.90: It says the opposite."),
    }
    assert [row.similarity for row in found.rows] == sorted((row.similarity for row in found.rows), reverse=True)
    assert all(isinstance(row, RelatedClaim) and row.claim_id == "C1" for row in found.rows)


@pytest.mark.parametrize(
    ("own", "theirs"),
    [
        ({"paper_id": "2505.00002"}, {}),
        ({"paper_id": None, "doi": "10.48550/arXiv.2505.00002"}, {}),
        ({"paper_id": None, "doi": "10.5555/A"}, {"doi": "10.5555/a"}),
        (
            {"paper_id": None, "url": "http://www.arxiv.org/pdf/2505.00009v3"},
            {"url": "https://arxiv.org/abs/2505.00009"},
        ),
        ({"paper_id": None, "text": {"sha256": sha256_text(SAME)}}, {}),
    ],
)
def test_the_same_paper_is_no_second_voice(registry: Any, index: Index, own: Any, theirs: Any) -> None:
    registry.add("A?", claims=[SAME], paper="2505.00002")
    if theirs:
        short = next(registry.store.records()).short_id
        registry.rewrite(short, lambda value: value["provenance"]["sources"][0].update(theirs))
    index.build(registry.store)
    found = related_claims([claim()], [source(**own)], index, judge)
    assert (found.rows, found.judged, found.same_source) == ((), 0, 1)
    left = "1 from the same papers, 0 of withdrawn or retracted records"
    assert found.note == f"Similar claims of other records: 0 judged; left out: {left}."


def test_the_same_passage_under_another_name_is_no_second_voice(registry: Any, index: Index) -> None:
    registry.add("A?", claims=[CLAIM], paper="2505.00002")
    index.build(registry.store)
    assert related_claims([claim()], [source()], index, judge).same_source == 1


def test_a_paper_that_already_supports_the_claim_is_no_news(registry: Any, index: Index) -> None:
    registry.add("A?", claims=[SAME], paper="2505.00002")
    index.build(registry.store)
    sources = [source(), source(id="S2", paper_id="2505.00002")]
    supported = claim(verification={"supporting_source_ids": ["S1", "S2"]})
    assert related_claims([supported], sources, index, judge).same_source == 1
    assert related_claims([claim()], sources, index, judge).judged == 1


def test_retracted_and_own_records_and_distant_claims_are_not_asked(registry: Any, index: Index) -> None:
    own = registry.add("A?", claims=[SAME], paper="2505.00002")
    registry.add("B?", claims=[SAME], paper="2505.00003", events=[registry.event(notice="retraction")])
    registry.add("C?", claims=["Coffee helps mice."], paper="2505.00004")
    index.build(registry.store)

    def never(claim: str, other: str) -> Judgement:
        raise AssertionError(other)

    found = related_claims([claim()], [source()], index, never, own=f"SRCH:{own}")
    assert (found.rows, found.judged, found.struck) == ((), 0, 1)


def test_the_judge_is_asked_a_few_times_for_each_claim(registry: Any, index: Index) -> None:
    for number in range(MOST + 2):
        registry.add("A?", claims=[f"{SAME[:-1]} {number}."], paper=f"2505.0001{number}")
    index.build(registry.store)
    assert related_claims([claim(), claim(id="C2")], [source()], index, judge).judged == 2 * MOST
    assert related_claims([], [source()], index, judge).rows == ()
