"""Which round of a run's review stands: the one whose draft was kept."""

from __future__ import annotations

from typing import Any

from generator.manifest.contracts import version_key

_LAST_STANDS = (1, 0, 1)  # up to this version of its contract a run shows its last round, kept or not


def kept_round(run: dict[str, Any]) -> dict[str, Any] | None:
    """The last round that has the final score; ``None`` where the run tells of no round."""
    tribunal = run["tribunal"]
    rounds: list[dict[str, Any]] = tribunal["rounds"]
    if not rounds or version_key(run["schema"]) <= _LAST_STANDS:
        return rounds[-1] if rounds else None
    return next((item for item in reversed(rounds) if item["consensus"] == tribunal["score"]), rounds[-1])
