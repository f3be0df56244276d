from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generator.manifest.log.note import Signer


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("log_registry_maker", Path(__file__).with_name("registry_maker.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def signer() -> Signer:
    """A key for the log of the tests, the same every time."""
    return Signer("assignee.net/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def root(tmp_path: Path, maker: ModuleType) -> Path:
    """A registry of four records, two of them corrected once or twice, and no log."""
    root: Path = maker.registry(tmp_path / "manifests")
    maker.correct(root, "AB5F292B", "2026-11-24-title", title="Coffee and memory in mice")
    maker.correct(root, "AB5F292B", "2026-11-25-concern", notice="expression_of_concern")
    maker.correct(root, "030CEF82", "2026-11-23-title", title="Street trees or cool roofs?")
    return root
