"""The registry's own data and every valid example survive load -> save byte for byte."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.manifest.canonical import stored_bytes
from generator.manifest.check import check_paths
from generator.manifest.store import Store
from generator.manifest.strict import load_json

REPOSITORY = Path(__file__).parents[2]
MANIFESTS = REPOSITORY / "manifests"
DATA = sorted(path for path in MANIFESTS.rglob("*.json")) if MANIFESTS.is_dir() else []
EXAMPLES = sorted((REPOSITORY / "schemas" / "examples").glob("*/valid/*.json"))


def name(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


@pytest.mark.skipif(not DATA, reason="manifests/ holds no record yet")
def test_every_file_under_manifests_survives_load_and_save() -> None:
    changed = [name(path) for path in DATA if stored_bytes(load_json(path)) != path.read_bytes()]
    assert changed == []


@pytest.mark.skipif(not DATA, reason="manifests/ holds no record yet")
def test_nothing_is_wrong_under_manifests() -> None:
    assert check_paths([MANIFESTS]).problems == []


@pytest.mark.parametrize("path", EXAMPLES, ids=name)
def test_a_valid_example_survives_load_and_save(path: Path) -> None:
    assert stored_bytes(load_json(path)) == path.read_bytes()


def test_there_are_examples_of_every_contract() -> None:
    contracts = {path.stem for path in (REPOSITORY / "schemas").glob("*.json")}
    assert {path.parents[1].name for path in EXAMPLES} == contracts


def test_a_published_record_survives_load_and_save(made: Any) -> None:
    files = sorted(made.root.rglob("*.json"))
    assert [path.name for path in files] == ["manifest.json", "run.json"]
    for path in files:
        assert stored_bytes(load_json(path)) == path.read_bytes()


def test_the_store_finds_records_in_the_order_of_their_ids(tmp_path: Path, made: Any) -> None:
    for short in ("FF000000", "0A000000", "0A000000F"):
        folder = Store(tmp_path).folder(short)
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_bytes(made.path.read_bytes())
    for stray in ("0A/BB000000", "0A/readme", ".git/0A000000"):
        (tmp_path / stray).mkdir(parents=True)
        (tmp_path / stray / "manifest.json").write_bytes(b"{}")
    (tmp_path / "README.md").write_bytes(b"")
    assert [path.parent.name for path in Store(tmp_path).paths()] == ["0A000000", "0A000000F", "FF000000"]
    assert [record.short_id for record in Store(tmp_path).records()] == ["0A000000", "0A000000F", "FF000000"]
    identity = load_json(made.path)["work"]["id"]
    assert Store(tmp_path).holders("0a000000f" + "1" * 55) == {"0A000000": identity, "0A000000F": identity}
    assert Store(tmp_path / "none").holders("0" * 64) == {}
    assert list(Store(tmp_path / "none").paths()) == []
