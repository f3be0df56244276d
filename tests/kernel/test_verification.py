"""tfidf-bigram-v1 against a cosine computed here from its definition, its threshold, and its documented weakness."""

from __future__ import annotations

import math
import re
from collections import Counter
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel import verification
from generator.kernel.verification import METHOD, parameters, verify

Claims = list[dict[str, Any]]


def grams(text: str) -> Counter[str]:
    found = re.findall(r"\w+", text.lower())
    return Counter([*found, *(f"{left} {right}" for left, right in pairwise(found))])


def cosines(claims: list[str], sources: list[str]) -> list[list[float]]:
    """TF-IDF with smoothed idf, ln((1 + n) / (1 + df)) + 1, over all texts; cosine of each claim to each source."""
    documents = [grams(text) for text in (*sources, *claims)]
    frequency = Counter(term for document in documents for term in document)
    vectors = []
    for document in documents:
        weights = {
            term: number * (math.log((1 + len(documents)) / (1 + frequency[term])) + 1)
            for term, number in document.items()
        }
        length = math.sqrt(math.fsum(value * value for value in weights.values())) or 1.0
        vectors.append({term: value / length for term, value in weights.items()})
    home, asked = vectors[: len(sources)], vectors[len(sources) :]
    return [[math.fsum(claim[term] * other.get(term, 0.0) for term in claim) for other in home] for claim in asked]


def as_claims(texts: list[str]) -> Claims:
    return [{"id": f"C{number}", "text": text, "verification": None} for number, text in enumerate(texts, 1)]


def as_sources(texts: list[str]) -> Claims:
    return [{"id": f"S{number}", "text": {"content": text}} for number, text in enumerate(texts, 1)]


VOCABULARY = ["trees", "cool", "roofs", "the", "not", "0", "5", "air", "a", "Temperature", "über", "k", "-", "°C."]
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_confidence_is_the_highest_cosine(claims: list[str], sources: list[str]) -> None:
    checked = verify(as_claims(claims), as_sources(sources))
    for made, row in zip(checked, cosines(claims, sources), strict=True):
        found = made["verification"]
        assert found["confidence"] == pytest.approx(max(row), abs=0.0000501)
        assert found["verified"] is (found["confidence"] >= 0.15)
        near = {f"S{number}" for number, value in enumerate(row, 1) if round(value, 4) >= 0.15}
        # a value within rounding of the threshold may fall on either side
        doubtful = {f"S{number}" for number, value in enumerate(row, 1) if abs(value - 0.15) < 0.0001}
        assert set(found["supporting_source_ids"]) ^ near <= doubtful
        assert (found["threshold"], found["method"]) == (0.15, METHOD)


def test_the_whole_pipeline_s_confidences_are_those_cosines(run_of: Any) -> None:
    run = run_of("How do street trees compare with cool roofs in lowering urban air temperature?")
    rows = cosines([claim["text"] for claim in run["claims"]], [item["text"]["content"] for item in run["sources"]])
    assert len(rows) >= 5
    for claim, row in zip(run["claims"], rows, strict=True):
        assert claim["verification"]["confidence"] == pytest.approx(max(row), abs=0.0000501)


def test_parameters_are_the_published_ones() -> None:
    found = parameters()
    assert (found["threshold"], found["ngram_range"]) == (0.15, [1, 2])


@pytest.mark.parametrize(("shift", "verified"), [(-0.0001, True), (0.0, True), (0.0001, False)])
def test_the_threshold_itself_passes(shift: float, verified: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    claims, sources = ["trees cool the air"], ["trees warm the air at night", "roofs"]
    confidence = verify(as_claims(claims), as_sources(sources))[0]["verification"]["confidence"]
    rules = {**parameters(), "threshold": round(confidence + shift, 4)}
    monkeypatch.setattr(verification, "parameters", lambda: rules)
    found = verify(as_claims(claims), as_sources(sources))[0]["verification"]
    assert (found["verified"], found["confidence"]) == (verified, confidence)
    assert found["supporting_source_ids"] == (["S1"] if verified else [])


@pytest.mark.parametrize(
    ("claim", "denial"),
    [
        ("Street trees lowered air temperature by 0.6 °C.", "Street trees did not lower air temperature by 0.6 °C."),
        ("Loss-free balancing improved mean accuracy.", "No: loss-free balancing never improved mean accuracy."),
        ("The hallucination rate rose to 33.8%.", "The hallucination rate fell to 33.8%."),
    ],
)
def test_a_claim_and_its_denial_both_pass(claim: str, denial: str) -> None:
    """The weakness that every record states: shared words are not support."""
    source = f"We looked at it for a year. {claim} Nothing else was seen."
    for made in verify(as_claims([claim, denial]), as_sources([source])):
        assert made["verification"]["verified"] is True
        assert made["verification"]["supporting_source_ids"] == ["S1"]


def test_nothing_alike_does_not_pass() -> None:
    (made,) = verify(as_claims(["alpha beta"]), as_sources(["gamma delta"]))
    assert made["verification"] == {
        "verified": False,
        "confidence": 0.0,
        "threshold": 0.15,
        "method": METHOD,
        "supporting_source_ids": [],
    }


def test_texts_without_words_pass_nothing() -> None:
    assert [made["verification"]["verified"] for made in verify(as_claims(["...", "?"]), as_sources(["!", ""]))] == [
        False,
        False,
    ]


def test_without_sources_nothing_was_checked() -> None:
    claims = as_claims(["a b"])
    assert verify(claims, []) == claims
    assert verify(claims, [{"id": "S1", "text": None}]) == claims
    assert verify([], as_sources(["a"])) == []


def test_the_claims_given_are_left_alone() -> None:
    claims = as_claims(["trees cool"])
    verify(claims, as_sources(["trees cool"]))
    assert claims == as_claims(["trees cool"])
