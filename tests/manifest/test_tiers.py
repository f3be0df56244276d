"""Quality tiers over every input, against a table typed from the design and not from the schema."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.tiers import quality_tier, thresholds, tier_rule

LEVELS = ("UNASSESSED", "LOW", "MEDIUM", "HIGH")
# The table of the design: tier, least score, least number of verified claims, reproducibility asked for.
DESIGN = [
    ("FLAGSHIP_CANDIDATE", 8.5, 5, "HIGH"),
    ("DOI_GRADE", 7.5, 1, None),
    ("PUBLIC_RECORD", 7.5, 0, None),
    ("WATCHLIST", 5.0, 0, None),
    ("QUARANTINE_CANDIDATE", 0.0, 0, None),
]


def expected(score: float, verified: int, level: str) -> str:
    """The same table once more, as nested questions instead of an ordered search."""
    if score >= 7.5:
        if verified == 0:
            return "PUBLIC_RECORD"
        return "FLAGSHIP_CANDIDATE" if score >= 8.5 and verified >= 5 and level == "HIGH" else "DOI_GRADE"
    return "WATCHLIST" if score >= 5.0 else "QUARANTINE_CANDIDATE"


def fires(rule: dict[str, Any], score: float, verified: int, level: str) -> bool:
    """One row evaluated on its own."""
    return bool(
        score >= rule["min_score"]
        and verified >= rule["min_verified_claims"]
        and (rule["reproducibility"] is None or rule["reproducibility"] == level)
    )


def test_the_rule_table_is_the_design_s() -> None:
    rows = [
        (rule["tier"], rule["min_score"], rule["min_verified_claims"], rule["reproducibility"]) for rule in thresholds()
    ]
    assert rows == DESIGN


def test_the_whole_grid_has_exactly_one_tier_each() -> None:
    rules = thresholds()
    seen: set[str] = set()
    for hundredths in range(1001):
        score = hundredths / 100
        for verified in range(13):
            for level in LEVELS:
                firing = [rule for rule in rules if fires(rule, score, verified, level)]
                # ordered regions: a row applies where it fires and none before it does
                regions = [
                    rule
                    for index, rule in enumerate(rules)
                    if fires(rule, score, verified, level)
                    and not any(fires(earlier, score, verified, level) for earlier in rules[:index])
                ]
                assert len(regions) == 1, (score, verified, level)
                rule = tier_rule(score, verified, level)
                assert rule is firing[0]
                assert rule == regions[0]
                assert rule["tier"] == expected(score, verified, level), (score, verified, level)
                seen.add(rule["tier"])
    assert seen == {row[0] for row in DESIGN}


@given(st.integers(0, 1000), st.integers(0, 12), st.sampled_from(LEVELS))
def test_the_object_names_the_row_that_fired(hundredths: int, verified: int, level: str) -> None:
    score = hundredths / 100
    made = quality_tier(score, verified, level, ["report"])
    row = next(rule for rule in thresholds() if rule["tier"] == expected(score, verified, level))
    assert {key: made[key] for key in ("tier", "label", "rule", "basis")} == {
        key: row[key] for key in ("tier", "label", "rule", "basis")
    }
    assert made["inputs"] == {
        "review_score": score,
        "verified_claim_count": verified,
        "artifact_types": ["report"],
        "reproducibility_level": level,
    }


@given(st.integers(0, 999), st.integers(0, 11), st.sampled_from(LEVELS))
def test_more_of_anything_never_lowers_the_tier(hundredths: int, verified: int, level: str) -> None:
    order = [row[0] for row in DESIGN]

    def place(score: float, claims: int, grade: str) -> int:
        return order.index(tier_rule(score, claims, grade)["tier"])

    here = place(hundredths / 100, verified, level)
    assert place((hundredths + 1) / 100, verified, level) <= here
    assert place(hundredths / 100, verified + 1, level) <= here
    assert place(hundredths / 100, verified, "HIGH") <= here


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("verified", [0, 1, 5, 12])
def test_no_score_is_banded_as_zero_and_stays_null(verified: int, level: str) -> None:
    made = quality_tier(None, verified, level, [])
    assert made["tier"] == "QUARANTINE_CANDIDATE"
    assert made["inputs"]["review_score"] is None
