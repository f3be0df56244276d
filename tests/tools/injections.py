"""The published instructions that tests plant in papers, and what is to stay as it was where one is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "prompt-injections.json"


def judged(run: Mapping[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the verifier found of each claim, by paper and words."""
    papers = {source["id"]: source["paper_id"] for source in run["sources"]}
    return {
        (papers[claim["grounding"]["source_id"]], claim["text"]): tuple(
            claim["verification"][name] for name in ("label", "verified")
        )
        for claim in run["claims"]
    }


def instructions() -> list[str]:
    if not HOSTILE.is_file():
        pytest.skip(f"the published instructions are not here: {HOSTILE}")
    return [text for texts in json.loads(HOSTILE.read_text(encoding="utf-8")).values() for text in texts]
