"""Which round of a run's review stands: the one whose draft was kept, and the reviews that are shown with it."""

from __future__ import annotations

from typing import Any

from generator.manifest.contracts import version_key

_LAST_STANDS = (1, 0, 1)  # up to this version of its contract a run shows its last round, kept or not


def kept_round(run: dict[str, Any]) -> dict[str, Any] | None:
    """The first round that has the final score, because a revision is kept only if it scores higher; ``None`` where the
    run tells of no round."""
    tribunal = run["tribunal"]
    rounds: list[dict[str, Any]] = tribunal["rounds"]
    if not rounds or version_key(run["schema"]) <= _LAST_STANDS:
        return rounds[-1] if rounds else None
    return next((item for item in rounds if item["consensus"] == tribunal["score"]), rounds[-1])


def shown_reviews(run: dict[str, Any]) -> list[dict[str, Any]] | None:
    """The reviews by a model that belong to the score, or whose paired check put the rubric checks in their place;
    ``None`` where no model reviewed."""
    check = run["tribunal"].get("paired_check")
    kept = kept_round(run)
    tried = [item for item in run["tribunal"]["rounds"] if check and item["round"] == check["round"]]
    found = [item["reviews"] for item in (*tried, *([kept] if kept else [])) if "reviews" in item]
    return found[0] if found else None
