"""The verdict over its whole grid, policy, and the gate verdict of a synthesis."""

from __future__ import annotations

import pytest

from generator.manifest.contracts import is_valid
from generator.manifest.gate import gate_verdict, policy_basis, policy_outcome, verdict


def expected(score: float, verified: int, last_round: bool) -> str:
    if score < 4.0:
        return "REJECT"
    if score < 6.5:
        return "REVISE"
    return "REVISE" if last_round and verified < 5 else "APPROVE"


@pytest.mark.parametrize("last_round", [False, True])
def test_verdict_on_every_score_and_count(last_round: bool) -> None:
    seen = set()
    for hundredths in range(1001):
        for verified in range(13):
            found = verdict(hundredths / 100, verified, last_round=last_round)
            assert found == expected(hundredths / 100, verified, last_round), (hundredths / 100, verified)
            seen.add(found)
    assert seen == {"APPROVE", "REVISE", "REJECT"}


@pytest.mark.parametrize("last_round", [False, True])
@pytest.mark.parametrize("verified", [0, 5, 100])
def test_no_score_is_rejected(verified: int, last_round: bool) -> None:
    assert verdict(None, verified, last_round=last_round) == "REJECT"


@pytest.mark.parametrize("found", ["APPROVE", "REVISE", "REJECT", None, "approve", "anything"])
def test_only_approve_publishes_by_itself(found: str | None) -> None:
    assert policy_outcome(found) == ("AUTO_APPROVE" if found == "APPROVE" else "ESCALATE_TO_OWNER")


@pytest.mark.parametrize(
    ("outcome", "basis"),
    [
        ("AUTO_APPROVE", "The review approved the run, so it may be published without asking its owner."),
        ("ESCALATE_TO_OWNER", "The review did not approve the run, so it waits for its owner's decision."),
    ],
)
def test_each_outcome_has_its_sentence(outcome: str, basis: str) -> None:
    assert policy_basis(outcome) == basis


def test_a_synthesis_is_unverified_because_it_brings_nothing_to_run() -> None:
    made = gate_verdict()
    assert (made["status"], made["reason_code"], made["evidence"], made["evaluated_at"]) == (
        "UNVERIFIED",
        "NO_EXECUTABLE_ARTIFACT",
        [],
        None,
    )
    assert is_valid(made, "gate-verdict")
