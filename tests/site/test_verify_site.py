"""What the build publishes, computed again by ``srch verify`` with no trust in the build."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from generator.manifest.log.append import append
from generator.manifest.log.fetch import FolderSource
from generator.manifest.log.note import Signer
from generator.manifest.log.recompute import verify_site
from generator.site.build import build


@pytest.fixture(scope="module")
def signer() -> Signer:
    return Signer.generate("assignee.net/log")


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType, signer: Signer) -> tuple[Path, Path]:
    """A site of corrected, retracted and removed records over a signed log, and its log's checkpoint of before."""
    root = tmp_path_factory.mktemp("registry")
    maker.store(root, maker.numbered(maker.example("executed"), 9))
    append(root, signer)
    older = root.parent / "older-checkpoint"
    shutil.copy(root / "log" / "checkpoint", older)
    maker.corrected_registry(root)
    append(root, signer)
    site = root.parent / "site"
    build(site, root, maker.ROOT / "mkdocs.yml")
    return site, older


def test_everything_published_is_computed_again(published: tuple[Path, Path], signer: Signer) -> None:
    site, older = published
    done = verify_site(FolderSource(site), older=older.read_bytes(), verifier=signer.verifier)
    told = {check.check: check.result for check in done.checks if check.result != "not done"}
    assert set(told.values()) == {"ok"}, done.checks
    assert set(told) == {"checkpoint", "signature", "consistency", "tiles", "manifest", "versions", "rules", "proofs"}
    (left,) = (check for check in done.checks if check.result == "not done")
    assert left.detail.endswith("the site calls the record removed and has none of its files")
    assert done.signed
    assert not done.failed


@pytest.mark.parametrize("name", ["manifest.json", "v1/manifest.json", "v2/manifest.json", "corrections/*.yml"])
def test_a_changed_byte_is_found(published: tuple[Path, Path], tmp_path: Path, name: str) -> None:
    site = tmp_path / "site"
    shutil.copytree(published[0], site)
    file = next(path for folder in sorted(site.glob("paper/*/")) for path in sorted(folder.glob(name)))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert verify_site(FolderSource(site)).failed
