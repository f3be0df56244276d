"""The label that says how a field was made."""

from __future__ import annotations

from typing import Any

from generator import __version__


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
