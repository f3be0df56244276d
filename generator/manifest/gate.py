"""The two gates of a record: what policy decided about publication, and what no synthesis passes by itself.

Policy is the table in ``schemas/synthesis-run-v1.json`` (``x-tribunal``, ``x-policy``). The gate verdict
(``gate-verdict-v1``) is about executable evidence: a literature synthesis carries none, so it stays UNVERIFIED.
"""

from __future__ import annotations

from typing import Any

from generator.manifest.contracts import envelope, table


def verdict(score: float | None, verified_claims: int, *, last_round: bool) -> str:
    """APPROVE, REVISE or REJECT for a consensus score 0..10.

    Below ``revise_min_score`` it is REJECT at once; before the last round everything under ``approve_min_score`` is
    REVISE; after it APPROVE also asks for ``approve_min_verified_claims``.
    """
    rules = table("synthesis-run", "x-tribunal")
    value = 0.0 if score is None else score
    if value < rules["revise_min_score"]:
        return "REJECT"
    if value >= rules["approve_min_score"] and (
        not last_round or verified_claims >= rules["approve_min_verified_claims"]
    ):
        return "APPROVE"
    return "REVISE"


def policy_outcome(tribunal_verdict: str | None) -> str:
    """AUTO_APPROVE for APPROVE, ESCALATE_TO_OWNER for everything else, ``None`` included."""
    for row in table("synthesis-run", "x-policy"):
        if row["verdict"] in ("*", tribunal_verdict):
            return str(row["outcome"])
    raise AssertionError("the last row of x-policy must always apply")


def policy_basis(outcome: str) -> str:
    """The sentence that belongs to the row of the policy table with this outcome."""
    return next(str(row["basis"]) for row in table("synthesis-run", "x-policy") if row["outcome"] == outcome)


def gate_verdict() -> dict[str, Any]:
    """The ``gate-verdict-v1`` object of a literature synthesis: it brings nothing that could be run."""
    texts = table("gate-verdict", "x-texts")
    reason = next(row for row in table("gate-verdict", "x-reasons") if row["reason_code"] == "NO_EXECUTABLE_ARTIFACT")
    status = next(row for row in table("gate-verdict", "x-statuses") if row["status"] == reason["status"])
    return {
        **envelope("gate-verdict"),
        **status,
        "reason_code": reason["reason_code"],
        "reason": reason["reason"],
        "evaluated_at": None,
        "gate": texts["gate"],
        "evidence": [],
        "enforcement": texts["enforcement"],
    }
