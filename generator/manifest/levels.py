"""Verification levels: how far verification went, computed from counters over the claim records.

The table stands in ``schemas/verification-levels-v1.json``. A level is reached when its counter and every counter
below it are at least one, so that no record skips a step.
"""

from __future__ import annotations

from typing import Any

from generator.manifest.claims import Counts, counts_of
from generator.manifest.contracts import envelope, table
from generator.manifest.problems import pointer

NAME = "verification-levels"


def corroborating_methods() -> frozenset[str]:
    """Methods whose verdict may count as corroboration across sources under rules 1.0; later rules ask for the bar."""
    return frozenset(name for name, facts in table(NAME, "x-methods").items() if facts["can_corroborate"])


def verification_levels(
    claims: dict[str, Any],
    artifact_types: list[str],
    claim_record_source: str | None,
    *,
    counts: Counts | None = None,
    address: str | None = None,
) -> dict[str, Any]:
    """The ``verification-levels-v1`` object for a manifest's ``claims`` section; ``counts`` are its counters where they
    follow other rules than 1.0, ``address`` is the version of the contract, if not the latest."""
    counts = counts or counts_of(claims, corroborating_methods())
    records = claims["records"] if claims["mode"] == "per_claim" else []
    summary: dict[str, Any] = {
        "source_grounded_claims": counts.grounded,
        "aggregate_claim_records": counts.extracted,
        "claim_record_source": claim_record_source or "not publicly specified",
        "per_claim_public_records": [
            {"id": record["id"], "pointer": pointer("claims", "records", index)} for index, record in enumerate(records)
        ],
        "per_claim_public_record_count": len(records),
        "cross_source_corroborated_claims": counts.corroborated,
        "artifact_inspected_claims": 0,
        "sandbox_executed_claims": 0,
        "independently_reproduced_claims": 0,
        "externally_reviewed_or_formally_verified_claims": 0,
    }
    texts = table(NAME, "x-texts")
    rows: list[dict[str, Any]] = table(NAME, "x-levels")
    paper = rows[0]
    open_above = True
    levels = []
    for row in rows:
        met = row["counter"] is None or summary[row["counter"]] >= row["minimum"]
        open_above = open_above and met
        if open_above:
            paper = row
        levels.append({**{key: row[key] for key in ("level", "key", "label", "definition")}, "reached": open_above})
    return {
        **envelope(NAME, address=address),
        "paper_level": paper["level"],
        "paper_level_key": paper["key"],
        "paper_level_label": paper["label"],
        "basis": paper["basis"],
        "generated_from": texts["generated_from"],
        "claim_summary": summary,
        "artifact_types": artifact_types,
        "levels": levels,
        "unsupported_upper_levels": [
            {
                **{key: row[key] for key in ("level", "key", "label")},
                "reason": row["not_reached"],
            }
            for row in rows
            if row["level"] > paper["level"]
        ],
        "enforcement": texts["enforcement"],
        "limitations": texts["limitations"],
    }
