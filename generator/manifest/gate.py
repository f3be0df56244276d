"""The two gates of a record: what policy decided about publication, and what no synthesis passes by itself.

Policy is the table in ``schemas/synthesis-run-v1.json`` (``x-tribunal``, ``x-policy``). The gate verdict
(``gate-verdict-v1``) is about executable evidence: a literature synthesis carries none, so it stays UNVERIFIED.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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


def holds(run: Mapping[str, Any]) -> list[str]:
    """Why policy must not approve a run without its owner, whatever its score: the ``hold`` names of ``x-holds``."""
    tribunal = run["tribunal"]
    check = tribunal.get("paired_check")
    found = {
        "paired_check": bool(check and check["moved"]),
        "no_paired_check": tribunal["kind"] == "model" and check is None,
        "review_not_used": tribunal["kind"] == "rubric" and bool(tribunal["produced_by"]["fallback_reason"]),
        "set_aside": any(_holds(source["text"]) for source in run["sources"]),
    }
    return [row["hold"] for row in table("synthesis-run", "x-holds") if found[row["hold"]]]


def _holds(text: Mapping[str, Any] | None) -> bool:
    """Whether a sentence of the text was set aside for a reason that papers hardly ever give in good faith."""
    holding = holding_reasons()
    return any(item["reason"] in holding for item in (text or {}).get("set_aside", ()))


def holding_reasons() -> list[str]:
    """The reasons of a sentence set aside that put a run before its owner."""
    rows = table("synthesis-run", "x-holds")
    return next(list(row["reasons"]) for row in rows if row["hold"] == "set_aside")


def decide(decided: str, held: Sequence[str]) -> dict[str, Any]:
    """The run's ``policy`` for a verdict: what its row of the table says, unless a hold puts it before its owner."""
    outcome = policy_outcome(decided)
    if outcome == "AUTO_APPROVE" and held:
        basis = next(row["basis"] for row in table("synthesis-run", "x-holds") if row["hold"] == held[0])
        return {"outcome": policy_outcome(None), "basis": basis, "rule": "*"}
    return {
        "outcome": outcome,
        "basis": policy_basis(outcome),
        "rule": decided if outcome == "AUTO_APPROVE" else "*",
    }


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
