"""One real record for all tests of this folder: a run of the kernel with a fixed clock, published."""

from __future__ import annotations

import copy
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.pipeline import Request, execute
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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("run")
    run = execute(Request(QUESTION, CLOCK), folder, resume=False)
    root = tmp_path_factory.mktemp("registry")
    published = publish(run, Store(root))
    assert published.outcome == "published"
    assert published.path is not None
    return Made(run, root, published.path)


@pytest.fixture
def registry(made: Made, tmp_path: Path) -> Path:
    """A copy of the registry that a test may damage; returns the record's folder."""
    shutil.copytree(made.root, tmp_path / "manifests")
    return tmp_path / "manifests" / made.path.parent.relative_to(made.root)
