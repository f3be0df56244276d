"""Small registries whose questions, papers and claims a test chooses."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from generator.manifest.canonical import sha256_text, stored_bytes
from generator.manifest.store import Store

MAKER = Path(__file__).parents[2] / "site" / "registry_maker.py"
Add = Callable[..., str]


class Registry:
    """A registry to which records are added; ``store`` reads it."""

    def __init__(self, root: Path) -> None:
        spec = importlib.util.spec_from_file_location("registry_maker", MAKER)
        assert spec is not None
        assert spec.loader is not None
        self.maker = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(self.maker)
        self.root = root
        self.store = Store(root)
        self._number = 0

    def manifest(self, short: str) -> Path:
        return self.root / short[:2] / short / "manifest.json"

    def add(
        self,
        question: str | None,
        *,
        title: str = "A synthesis",
        claims: Sequence[str] = ("Trees cool the street.",),
        paper: str = "2505.00001",
        events: list[dict[str, Any]] | None = None,
        **source: Any,
    ) -> str:
        """A record whose claims all stand in one paper; returns its short id."""
        self._number += 1
        made = self.maker.small(self.maker.numbered(self.maker.example(), self._number))
        made["work"].update(research_question=question, title=title, abstract="An invented abstract.")
        made["provenance"]["sources"][0].update(paper_id=paper, doi=None, url=None, title=f"Paper {paper}", **source)
        pattern = made["claims"]["records"][0]
        made["claims"]["records"] = []
        for number, text in enumerate(claims, 1):
            locator = {**pattern["grounding"]["locator"], "start": 0, "end": len(text), "quote": text}
            locator["sha256"] = sha256_text(text)
            grounding = {**pattern["grounding"], "locator": locator}
            made["claims"]["records"].append({**pattern, "id": f"C{number}", "text": text, "grounding": grounding})
        self.maker.store(self.root, self.maker.rederived(made), events)
        return str(made["work"]["short_id"])

    def change(self, short: str, event: dict[str, Any]) -> None:
        """Add an event to a record."""
        import yaml

        folder = self.manifest(short).parent / "corrections"
        folder.mkdir(exist_ok=True)
        text = yaml.safe_dump({**event, "record": f"SRCH:{short}"}, sort_keys=False)
        (folder / f"{event['event_id']}.yml").write_text(text, encoding="utf-8")

    def event(self, **more: Any) -> dict[str, Any]:
        return dict(self.maker.event(**more))

    def rewrite(self, short: str, change: Callable[[dict[str, Any]], None]) -> None:
        """Change a published manifest in place, as no one should."""
        import json

        value = json.loads(self.manifest(short).read_bytes())
        change(value)
        self.manifest(short).write_bytes(stored_bytes(value))


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "manifests")
