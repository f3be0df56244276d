"""Quality tiers: the first rule of the ordered table in ``schemas/quality-tiers-v1.json`` that fires."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator.manifest.contracts import envelope, table

NAME = "quality-tiers"


def tier_rule(score: float | None, verified: int, reproducibility: str) -> dict[str, Any]:
    """The rule that fires for a review score (0..10, ``None`` = no score, which counts as 0), a number of verified
    claims and a reproducibility level. The table is total: its last rule asks for nothing."""
    value = 0.0 if score is None else score
    for rule in thresholds():
        if (
            value >= rule["min_score"]
            and verified >= rule["min_verified_claims"]
            and rule["reproducibility"] in (None, reproducibility)
        ):
            return rule
    raise AssertionError("the last rule of x-thresholds must always fire")


def quality_tier(
    score: float | None, verified: int, reproducibility: str, artifact_types: Sequence[str]
) -> dict[str, Any]:
    """The ``quality-tiers-v1`` object for these inputs."""
    rule = tier_rule(score, verified, reproducibility)
    texts = table(NAME, "x-texts")
    return {
        **envelope(NAME),
        "tier": rule["tier"],
        "label": rule["label"],
        "rule": rule["rule"],
        "basis": rule["basis"],
        "generated_from": texts["generated_from"],
        "inputs": {
            "review_score": score,
            "verified_claim_count": verified,
            "artifact_types": list(artifact_types),
            "reproducibility_level": reproducibility,
        },
        "thresholds": thresholds(),
        "enforcement": texts["enforcement"],
        "limitations": texts["limitations"],
    }


def thresholds() -> list[dict[str, Any]]:
    """The ordered rule table."""
    rules: list[dict[str, Any]] = table(NAME, "x-thresholds")
    return rules
