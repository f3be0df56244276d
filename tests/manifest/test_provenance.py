"""Public provenance: which artifacts count, the ladder, and its words."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from generator.manifest.provenance import (
    external_record,
    inspectable,
    lineage_label,
    provenance_level,
    review_method,
)

STATES = ["available", "not available"]
EXTERNAL = ["registered", "not registered"]


def artifact(kind: str, status: str) -> dict[str, Any]:
    return {"type": kind, "status": status}


@pytest.mark.parametrize(
    ("report", "run", "archive", "grounded"), list(product([*STATES, None], [*STATES, None], EXTERNAL, [0, 1, 10]))
)
def test_the_ladder(report: str | None, run: str | None, archive: str, grounded: int) -> None:
    artifacts = [
        artifact(kind, status) for kind, status in (("report", report), ("run", run)) if status is not None
    ] + [artifact("external_record", archive)]
    made = provenance_level(artifacts, grounded)
    if "available" not in (report, run):
        wanted = (1, "L1", "Page metadata")
    elif not grounded:
        wanted = (2, "L2", "Inspectable artifacts")
    elif archive == "registered":
        wanted = (4, "L4", "External archival record")
    else:
        wanted = (3, "L3", "Claim aggregate record")
    assert (made["level"], made["key"], made["label"]) == wanted
    assert external_record(artifacts) is (archive == "registered")


def test_inspectable_lists_each_type_once_in_order() -> None:
    artifacts = [
        artifact("report", "available"),
        artifact("run", "not available"),
        artifact("report", "available"),
        artifact("external_record", "registered"),
    ]
    assert inspectable(artifacts) == ["report", "external_record"]


@pytest.mark.parametrize(
    ("count", "label"),
    [
        (0, "0 aggregate source-grounded claims"),
        (1, "1 aggregate source-grounded claim"),
        (10, "10 aggregate source-grounded claims"),
    ],
)
def test_lineage_label(count: int, label: str) -> None:
    assert lineage_label(count) == label


@pytest.mark.parametrize(
    ("kind", "label"),
    [
        ("model", "Automated multi-reviewer assessment"),
        ("rubric", "Automated rubric checks"),
        (None, "Not stated"),
    ],
)
def test_rubric_checks_are_never_called_reviewers(kind: str | None, label: str) -> None:
    assert review_method(kind) == label
    assert kind != "rubric" or "reviewer" not in label
