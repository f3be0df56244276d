"""Public provenance: what an outsider can follow back, on the ladder in ``schemas/source-provenance-v1.json``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator.manifest.contracts import table
from generator.manifest.dimensions import Fact, rule_holds

NAME = "source-provenance"
INSPECTABLE = ("report", "run")


def inspectable(artifacts: Sequence[dict[str, Any]]) -> list[str]:
    """Types of the artifacts that a reader can get, in order of first appearance."""
    return list(dict.fromkeys(item["type"] for item in artifacts if item["status"] in ("available", "registered")))


def external_record(artifacts: Sequence[dict[str, Any]]) -> bool:
    """Whether an archive outside this registry holds the work."""
    return any(item["type"] == "external_record" and item["status"] == "registered" for item in artifacts)


def lineage_label(grounded: int) -> str:
    """How many claims lead back to a source, in the words of the public pages."""
    return f"{grounded} aggregate source-grounded claim{'' if grounded == 1 else 's'}"


def provenance_level(artifacts: Sequence[dict[str, Any]], grounded: int) -> dict[str, Any]:
    """The highest row of the ladder whose condition, and every condition below it, holds."""
    facts: dict[str, Fact] = {
        "inspectable_artifacts": sum(kind in INSPECTABLE for kind in inspectable(artifacts)),
        "aggregate_claims": grounded,
        "external_record": external_record(artifacts),
    }
    reached: dict[str, Any] = {}
    for row in table(NAME, "x-levels"):
        if not rule_holds(row["when"], facts):
            break
        reached = row
    return reached


def review_method(kind: str | None) -> str:
    """The label for how the review was made; offline checks are never called reviewers."""
    return str(table(NAME, "x-review-methods")["null" if kind is None else kind])
