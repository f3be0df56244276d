"""The log as ``tlog-scales`` reads it: an implementation of tlog-tiles that shares no line with this one."""

from __future__ import annotations

import base64
from pathlib import Path
from types import ModuleType

import pytest
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey, VkeySet
from tlog_scales.tlog import Checkpoint as TheirCheckpoint
from tlog_scales.tlog import InclusionProof

from generator.manifest.log import entries, tiles, tlog_proof
from generator.manifest.log.append import append
from generator.manifest.log.checkpoint import Checkpoint
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.note import Signer
from generator.manifest.log.published import LogView


@pytest.fixture
def log(root: Path, signer: Signer, maker: ModuleType, tmp_path: Path) -> Path:
    """The ``/log/`` folder of a site."""
    append(root, signer)
    folder = tmp_path / "site" / "log"
    for name, data in LogView(root).files():
        maker.write(folder / name, data)
    return folder


def test_root_signature_tiles_entries_and_proofs(log: Path, root: Path, signer: Signer) -> None:
    reader = TilesReader(LocalBackend(log))
    point = reader.get_checkpoint()
    assert (point.origin, point.size) == ("assignee.net/log", 10)
    assert reader.calculate_root_hash() == point.root_hash
    key = Vkey.from_string((log / "key").read_text(encoding="ascii").strip())
    assert len(VkeySet(key).verify(point.signatures, point)) == 1
    other = Vkey.from_string(Signer.generate("assignee.net/log").verifier.text)
    assert VkeySet(other).verify(point.signatures, point) == set()
    view = LogView(root)
    for index, leaf in enumerate(entries.read(root)):
        assert reader.get_entry(index) == leaf.data
        theirs = reader.get_inclusion_proof(index, point.size)
        theirs.check(leaf_hash(leaf.data), point.root_hash)
        data = view.proof(leaf.path)
        assert data is not None
        ours = tlog_proof.parse(data)
        assert list(ours.hashes) == theirs.node_hashes
        InclusionProof(ours.index, 10, list(ours.hashes)).check(leaf_hash(leaf.data), point.root_hash)
        assert TheirCheckpoint.from_text(ours.opened.data.decode()) == point


def test_a_changed_tile_is_noticed(log: Path) -> None:
    path = log / "tile" / "0" / "000.p" / "10"
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    reader = TilesReader(LocalBackend(log))
    assert reader.get_checkpoint().root_hash != reader.calculate_root_hash()


@pytest.mark.parametrize("size", [1, 255, 256, 257, 66_000])
def test_logs_of_all_heights(size: int, signer: Signer, maker: ModuleType, tmp_path: Path) -> None:
    lines = [entries.leaf(f"E5/E5{number:06X}/manifest.json", f"{number:064x}") for number in range(size)]
    tree = Tree(map(leaf_hash, lines))
    needed = {tiles.tile_path(*item) for item in tiles.needed(size)}
    for name, data in tiles.tiles(lines, tree):
        if name in needed:
            maker.write(tmp_path / name, data)
            needed.remove(name)
    assert needed == set()
    maker.write(tmp_path / "checkpoint", Checkpoint("assignee.net/log", size, tree.root()).written(signer))
    reader = TilesReader(LocalBackend(tmp_path))
    point = reader.get_checkpoint()
    assert base64.b64encode(reader.calculate_root_hash()) == base64.b64encode(tree.root())
    for index in {0, size // 2, size - 1}:
        assert reader.get_entry(index) == lines[index]
        proof = reader.get_inclusion_proof(index, size)
        proof.check(leaf_hash(lines[index]), point.root_hash)
        assert proof.node_hashes == tree.inclusion(index)
    for old in {1, size // 2 or 1, size}:
        assert reader.get_consistency_proof(old, size).node_hashes == tree.consistency(old)
