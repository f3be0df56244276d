"""The verdict over its whole grid, policy, and the gate verdict of a synthesis."""

from __future__ import annotations

import pytest

from generator.manifest.contracts import is_valid, table
from generator.manifest.gate import decide, gate_verdict, holds, policy_basis, policy_outcome, verdict
from generator.manifest.rounds import kept_round


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


def tribunal(kind: str = "rubric", **changes: object) -> dict[str, object]:
    return {"kind": kind, "produced_by": {"fallback_reason": None}, **changes}


@pytest.mark.parametrize("decided", ["APPROVE", "REVISE", "REJECT"])
@pytest.mark.parametrize("held", [[], ["paired_check"], ["set_aside", "paired_check"]])
def test_a_hold_puts_an_approved_run_before_its_owner_and_changes_nothing_else(decided: str, held: list[str]) -> None:
    policy = decide(decided, held)
    assert (policy["outcome"] == "AUTO_APPROVE") is (decided == "APPROVE" and not held)
    assert policy["rule"] == ("APPROVE" if policy["outcome"] == "AUTO_APPROVE" else "*")
    if decided == "APPROVE" and held:
        row = next(row for row in table("synthesis-run", "x-holds") if row["hold"] == held[0])
        assert policy["basis"] == row["basis"]
    else:
        assert policy["basis"] == policy_basis(policy["outcome"])


def test_holds_over_all_that_a_review_can_be() -> None:
    still, moved = {"moved": False}, {"moved": True}
    assert holds({"tribunal": tribunal(), "sources": []}) == []
    assert holds({"tribunal": tribunal("model"), "sources": []}) == ["no_paired_check"]
    assert holds({"tribunal": tribunal("model", paired_check=still), "sources": []}) == []
    assert holds({"tribunal": tribunal("model", paired_check=moved), "sources": []}) == ["paired_check"]
    fallen = tribunal(produced_by={"fallback_reason": "cut"}, paired_check=moved)
    assert holds({"tribunal": fallen, "sources": [{"text": None}]}) == ["paired_check", "review_not_used"]


@pytest.mark.parametrize(
    ("version", "consensus", "kept"),
    [
        ("1.0.1", [5.0, 4.0], 1),
        ("1.0.2", [5.0, 4.0], 0),
        ("1.0.2", [4.0, 5.0], 1),
        ("1.0.2", [5.0, None], 0),
        ("1.0.2", [5.0, 5.0], 0),
    ],
)
def test_the_round_that_stands_is_the_one_with_the_final_score(version: str, consensus: list[float], kept: int) -> None:
    rounds = [{"round": number, "consensus": score} for number, score in enumerate(consensus)]
    run = {"schema": f"https://assignee.net/schemas/synthesis-run/{version}.json"}
    assert kept_round({**run, "tribunal": {"rounds": rounds, "score": 5.0}}) == rounds[kept]
    assert kept_round({**run, "tribunal": {"rounds": [], "score": None}}) is None
