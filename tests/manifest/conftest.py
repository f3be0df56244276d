"""One real record for all tests of this folder: a run of the kernel with a fixed clock, published.

Its claims are verified by the small verifier of ``tests/conftest.py``, whose card meets the bar.
"""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.pipeline import execute
from generator.kernel.request import Request
from generator.kernel.verification import methods
from generator.manifest import cards
from generator.manifest.publish import publish
from generator.manifest.runs import RunFolder
from generator.manifest.store import Store
from generator.manifest.strict import load_json

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
CLOCK = "2026-01-02T03:04:05Z"


@dataclass(frozen=True)
class Made:
    """A finished run, and the registry that holds its record."""

    run: RunFolder
    root: Path
    path: Path

    def manifest(self) -> dict[str, Any]:
        """A fresh copy of the manifest, to be changed at will."""
        return copy.deepcopy(load_json(self.path))


@pytest.fixture(autouse=True)
def _measured(measured: Path) -> None:
    """Every test of this folder sees the card of the small verifier."""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory, same_words: Any, cards_folder: Path) -> Made:
    folder = tmp_path_factory.mktemp("run")
    root = tmp_path_factory.mktemp("registry")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(methods, "verifier", lambda _: same_words)
        patch.setattr(cards, "folder", lambda: cards_folder)
        run = execute(Request(QUESTION, CLOCK), folder, resume=False)
        published = publish(run, Store(root))
    assert published.outcome == "published"
    assert published.path is not None
    return Made(run, root, published.path)


@pytest.fixture
def registry(made: Made, tmp_path: Path) -> Path:
    """A copy of the registry that a test may damage; returns the record's folder."""
    shutil.copytree(made.root, tmp_path / "manifests")
    return tmp_path / "manifests" / made.path.parent.relative_to(made.root)
