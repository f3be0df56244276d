"""Direction words, what they move, and pairs of claims that may contradict each other."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.disagreements import MOST, find_disagreements
from generator.kernel.findings import movements
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.text import sentences


def claim(number: int, source: str, text: str) -> dict[str, Any]:
    return {"id": f"C{number}", "text": text, "grounding": {"source_id": source}}


def pairs(*texts: str) -> list[list[str]]:
    claims = [claim(number, f"S{number}", text) for number, text in enumerate(texts, 1)]
    return [item["claim_ids"] for item in find_disagreements(claims)]


@pytest.mark.parametrize(
    ("text", "ways", "words", "quantity"),
    [
        ("Balancing improved accuracy.", {1}, "improved", {"accuraci"}),
        ("Balancing did not improve accuracy at any size.", {0, -1}, "did not improve", {"accuraci"}),
        ("Noise had no effect on memory.", {0}, "had no effect", {"memori"}),
        ("The hallucination rate fell from 21.7% to 13.5%.", {-1}, "fell", {"hallucin"}),
        ("Word-pair recall was 17% lower after a nap.", {-1}, "lower", {"recal", "word-pair", "word", "pair"}),
        ("It scored 0.7 points higher in mean accuracy over tasks.", {1}, "higher", {"accuraci", "task"}),
    ],
)
def test_a_movement(text: str, ways: set[int], words: str, quantity: set[str]) -> None:
    (found,) = movements(text)
    assert (set(found.ways), found.words) == (ways, words)
    assert found.quantity & quantity == found.quantity or found.quantity >= quantity


@pytest.mark.parametrize("text", ["Raising tree cover helps.", "Trees stand in rows.", "There is an effect on memory."])
def test_no_movement(text: str) -> None:
    assert movements(text) == []


def in_corpus(identity: str, part: str) -> str:
    """The whole sentence of a sample paper that holds ``part``."""
    (abstract,) = [paper.abstract for paper in load_sample_corpus() if paper.id == f"SAMPLE-{identity}"]
    (found,) = [abstract[start:end] for start, end in sentences(abstract) if part in abstract[start:end]]
    return found


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("A01", "lowered validation perplexity"), ("A06", "raised validation perplexity")),
        (("A02", "0.7 points higher"), ("A05", "did not improve accuracy")),
        (("A04", "Loss-free balancing improved"), ("A05", "did not improve accuracy")),
        (("B06", "rate rose to 33.8%"), ("B07", "did not increase")),
        (("E10", "impaired declarative memory"), ("E02", "no effect on declarative memory")),
        (("D01", "Mean radiant temperature fell"), ("D13", "raised mean radiant temperature")),
    ],
)
def test_contradictions_of_the_sample_corpus_are_found(left: tuple[str, str], right: tuple[str, str]) -> None:
    one, other = in_corpus(*left), in_corpus(*right)
    assert pairs(one, other) == [["C1", "C2"]]
    assert pairs(other, one) == [["C1", "C2"]]


@pytest.mark.parametrize(
    ("left", "right"),
    [
        (("A02", "0.7 points higher"), ("A04", "Loss-free balancing improved")),
        (("B01", "Retrieval augmentation reduced"), ("B14", "retrieval augmentation reduced")),
        (("D07", "street trees lowered"), ("D10", "Cool roofs lowered")),
        (("C01", "2D passivation raised"), ("C12", "2D passivation raised")),
        (("E10", "impaired declarative memory"), ("E13", "Declarative recall")),
        (("D01", "Raising tree cover"), ("D09", "decreased from 1.2")),
        (("B06", "rate rose to 33.8%"), ("B04", "rate fell from 21.7%")),
        (("D02", "Cool roofs therefore lower"), ("D13", "raised mean radiant temperature")),
    ],
)
def test_pairs_that_agree_or_speak_of_different_things_are_not(left: tuple[str, str], right: tuple[str, str]) -> None:
    assert pairs(in_corpus(*left), in_corpus(*right)) == []


def test_the_basis_quotes_both_texts() -> None:
    (found,) = find_disagreements(
        [
            claim(1, "S1", "Sleep restriction impaired declarative memory by a third."),
            claim(2, "S2", "Four short nights had no effect on declarative memory."),
        ]
    )
    assert found["basis"] == (
        "Opposite directions near ‘declarative memory’: ‘impaired’ in S1 against ‘had no effect’ in S2."
    )


def test_no_effect_agrees_with_no_improvement() -> None:
    assert pairs("Naps had no effect on declarative memory.", "Naps did not improve declarative memory.") == []


def test_one_paper_does_not_contradict_itself() -> None:
    up, down = "Naps raised declarative memory.", "Naps lowered declarative memory."
    assert find_disagreements([claim(1, "S1", up), claim(2, "S1", down)]) == []
    assert len(find_disagreements([claim(1, "S1", up), claim(2, "S2", down)])) == 1


@given(st.lists(st.text(max_size=40), max_size=5))
def test_any_text_can_be_read(texts: list[str]) -> None:
    for left, right in pairs(*texts):
        assert int(left[1:]) < int(right[1:])
    for text in texts:
        assert all(move.quantity and move.words for move in movements(text))


def test_there_is_an_end_to_it() -> None:
    texts = [f"Group {number} {way} declarative memory." for number in range(12) for way in ("raised", "lowered")]
    assert len(pairs(*texts)) == MOST == 20


def located(number: int, source: str, start: int, end: int, against: list[tuple[str, int, int]]) -> dict[str, Any]:
    """A claim at a place of its source, and the passages of other sources that refute it."""
    return {
        "id": f"C{number}",
        "text": f"Claim {'abcd'[number - 1]}.",
        "grounding": {"source_id": source, "locator": {"start": start, "end": end}},
        "verification": {
            "method": "same-words-v1",
            "refuting_source_ids": [name for name, _, _ in against],
            "evidence": [{"source_id": name, "start": first, "end": last} for name, first, last in against],
        },
    }


def test_a_passage_that_refutes_a_claim_and_gives_another_makes_a_pair() -> None:
    claims = [
        located(1, "S1", 0, 20, [("S2", 30, 60)]),
        located(2, "S2", 59, 80, []),
        located(3, "S2", 60, 90, []),
        located(4, "S3", 30, 60, []),
    ]
    (found,) = find_disagreements(claims, refutations=True)
    assert found == {
        "claim_ids": ["C1", "C2"],
        "basis": "By same-words-v1, S2 refutes C1 in the passage that gives C2.",
    }
    # a method that misses the bar is not believed
    assert find_disagreements(claims) == []


def test_two_claims_that_refute_each_other_are_one_pair() -> None:
    claims = [located(1, "S1", 0, 20, [("S2", 0, 20)]), located(2, "S2", 0, 20, [("S1", 0, 20)])]
    (found,) = find_disagreements(claims, refutations=True)
    assert found["claim_ids"] == ["C1", "C2"]


def test_a_supporting_passage_makes_no_pair() -> None:
    claims = [located(1, "S1", 0, 20, [("S2", 0, 20)]), located(2, "S2", 0, 20, [])]
    claims[0]["verification"]["refuting_source_ids"] = []
    assert find_disagreements(claims, refutations=True) == []


def test_a_pair_by_verdict_and_by_direction_words_is_named_once() -> None:
    one = located(1, "S1", 0, 20, [("S2", 0, 20)])
    other = located(2, "S2", 0, 20, [])
    one["text"], other["text"] = "Naps raised declarative memory.", "Naps lowered declarative memory."
    (found,) = find_disagreements([one, other], refutations=True)
    assert found["basis"] == "By same-words-v1, S2 refutes C1 in the passage that gives C2."
