"""The label that says how a field was made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from generator import __version__

LONGEST_REASON = 4000  # characters, as the contract has it


def extractive(method: str, **params: str | int | float | bool) -> dict[str, Any]:
    """``produced_by`` of something that a deterministic method of this kernel computed from its input."""
    return {
        "mode": "extractive",
        "method": method,
        "version": __version__,
        "model": None,
        "prompt_sha256": None,
        "params": dict(params),
        "fallback_reason": None,
    }


def modelled(
    method: str, *, model: str, prompt_sha256: str | None, **params: str | int | float | bool
) -> dict[str, Any]:
    """``produced_by`` of something that the named language model wrote, chose or judged."""
    made = extractive(method, **params)
    return {**made, "mode": "model", "model": model, "prompt_sha256": prompt_sha256}


def fallen_back(label: dict[str, Any], reason: str) -> dict[str, Any]:
    """The label of a method that stepped in for a model, and why."""
    return {**label, "fallback_reason": shortened(reason, LONGEST_REASON)}


def all_fallen_back(items: Sequence[dict[str, Any]], reason: str) -> list[dict[str, Any]]:
    """The items by rule, each with the reason why no model made it."""
    return [{**item, "produced_by": fallen_back(item["produced_by"], reason)} for item in items]


def shortened(text: str, longest: int) -> str:
    """The text, or its beginning with a mark."""
    return text if len(text) <= longest else text[: longest - 1] + "…"
