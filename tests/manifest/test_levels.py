"""Verification levels: the ladder from counters, and the counters from per-claim facts."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from generator.manifest import levels
from generator.manifest.claims import counts_of
from generator.manifest.contracts import is_valid, table
from generator.manifest.levels import corroborating_methods, verification_levels

LABELS = {
    0: "No synthesis checks",
    1: "Literature synthesis",
    2: "Source-grounded claims",
    3: "Cross-source corroborated",
    4: "Artifact inspected",
    5: "Sandbox executed",
    6: "Independently reproduced",
    7: "Externally reviewed or formally verified",
}


def claim(number: int, state: str, verified: bool | None, method: str | None, supporting: list[str]) -> dict[str, Any]:
    return {
        "id": f"C{number}",
        "grounding": {"state": state},
        "verification": {"verified": verified, "method": method, "supporting_source_ids": supporting},
    }


def per_claim(*records: dict[str, Any]) -> dict[str, Any]:
    return {"mode": "per_claim", "records": list(records)}


def test_only_methods_that_tell_support_from_contradiction_corroborate() -> None:
    assert corroborating_methods() == frozenset()
    assert table("verification-levels", "x-methods")["tfidf-bigram-v1"]["can_corroborate"] is False


@pytest.mark.parametrize(
    ("state", "verified", "method"),
    list(product(["located", "declared", "none"], [True, False, None], ["tfidf-bigram-v1", "entailment-v1", None])),
)
def test_one_claim_of_each_kind(
    state: str, verified: bool | None, method: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(levels, "corroborating_methods", lambda: frozenset({"entailment-v1"}))
    made = verification_levels(per_claim(claim(1, state, verified, method, ["S1", "S2"])), [], None)
    grounded = state in ("located", "declared")
    corroborated = verified is True and method == "entailment-v1"
    expected = 1 if not grounded else 3 if corroborated else 2
    assert (made["paper_level"], made["paper_level_key"], made["paper_level_label"]) == (
        expected,
        f"L{expected}",
        LABELS[expected],
    )
    assert made["claim_summary"]["source_grounded_claims"] == int(grounded)
    assert made["claim_summary"]["cross_source_corroborated_claims"] == int(corroborated)


def test_corroboration_without_grounding_skips_no_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "corroborating_methods", lambda: frozenset({"entailment-v1"}))
    made = verification_levels(per_claim(claim(1, "none", True, "entailment-v1", ["S1", "S2"])), [], None)
    assert made["claim_summary"]["cross_source_corroborated_claims"] == 1
    assert made["paper_level"] == 1
    assert [row["level"] for row in made["levels"] if row["reached"]] == [0, 1]


def test_one_source_named_twice_is_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "corroborating_methods", lambda: frozenset({"entailment-v1"}))
    made = verification_levels(per_claim(claim(1, "located", True, "entailment-v1", ["S1", "S1"])), [], None)
    assert made["claim_summary"]["cross_source_corroborated_claims"] == 0
    assert made["paper_level"] == 2


def test_similarity_to_many_sources_is_no_corroboration() -> None:
    made = verification_levels(per_claim(claim(1, "located", True, "tfidf-bigram-v1", ["S1", "S2", "S3"])), [], "x")
    assert made["paper_level"] == 2
    assert made["basis"] == "At least one claim is tied to a source, and nothing further up the ladder was done."


def test_no_claim_is_a_literature_synthesis() -> None:
    made = verification_levels(per_claim(), ["report"], None)
    assert made["paper_level"] == 1
    assert made["claim_summary"] == {
        "source_grounded_claims": 0,
        "aggregate_claim_records": 0,
        "claim_record_source": "not publicly specified",
        "per_claim_public_records": [],
        "per_claim_public_record_count": 0,
        "cross_source_corroborated_claims": 0,
        "artifact_inspected_claims": 0,
        "sandbox_executed_claims": 0,
        "independently_reproduced_claims": 0,
        "externally_reviewed_or_formally_verified_claims": 0,
    }
    assert made["artifact_types"] == ["report"]


def test_every_level_above_is_listed_with_its_reason() -> None:
    made = verification_levels(per_claim(claim(1, "declared", None, None, [])), [], "parsed source sections")
    reasons = {row["level"]: row["not_reached"] for row in table("verification-levels", "x-levels")}
    assert made["unsupported_upper_levels"] == [
        {"level": level, "key": f"L{level}", "label": LABELS[level], "reason": reasons[level]} for level in range(3, 8)
    ]
    assert [(row["level"], row["reached"]) for row in made["levels"]] == [(n, n <= 2) for n in range(8)]
    assert made["claim_summary"]["claim_record_source"] == "parsed source sections"
    assert is_valid(made, "verification-levels")


def test_public_records_are_pointed_at_in_order() -> None:
    made = verification_levels(per_claim(*(claim(n, "located", True, None, []) for n in (1, 2, 3))), [], None)
    assert made["claim_summary"]["per_claim_public_records"] == [
        {"id": "C1", "pointer": "/claims/records/0"},
        {"id": "C2", "pointer": "/claims/records/1"},
        {"id": "C3", "pointer": "/claims/records/2"},
    ]
    assert made["claim_summary"]["per_claim_public_record_count"] == 3


def test_an_aggregate_has_counts_and_no_records() -> None:
    section = {
        "mode": "aggregate",
        "records": [],
        "aggregate": {"extracted": 10, "verified": 7, "located": 2, "declared": 4},
    }
    made = verification_levels(section, [], None)
    assert made["paper_level"] == 2
    summary = made["claim_summary"]
    assert (summary["aggregate_claim_records"], summary["source_grounded_claims"]) == (10, 6)
    assert summary["per_claim_public_record_count"] == 0
    counts = counts_of(section)
    assert (counts.extracted, counts.verified, counts.grounded, counts.verified_share) == (10, 7, 6, 0.7)
