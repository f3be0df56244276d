"""Merkle trees: shared vectors, and proofs against the definition written down as it stands in RFC 6962."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.log.merkle import (
    EMPTY_ROOT,
    Tree,
    leaf_hash,
    node_hash,
    verify_consistency,
    verify_inclusion,
    verify_subtree_consistency,
    verify_subtree_inclusion,
)

DATA = (Path(__file__).parents[3] / "../shared/data/merkle").resolve()
COUNTS = {"consistency": 98, "inclusion": 98, "subtreeconsistency": 118, "subtreeinclusion": 204}
here = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data/merkle is not here")
EXCEPTIONS: dict[str, str] = {}
"""Vectors decided otherwise, each with the reason: none."""


def decided(kind: str, vector: dict[str, Any]) -> bool:
    proof = [base64.b64decode(item) for item in vector["proof"] or []]
    hashes = {name: base64.b64decode(vector[name] or "") for name in vector if name.startswith(("root", "leafHash"))}
    if kind == "consistency":
        return verify_consistency(vector["size1"], vector["size2"], hashes["root1"], hashes["root2"], proof)
    if kind == "inclusion":
        return verify_inclusion(vector["leafIdx"], vector["treeSize"], hashes["leafHash"], proof, hashes["root"])
    if kind == "subtreeconsistency":
        start, end, size = vector["start"], vector["end"], vector["size"]
        return verify_subtree_consistency(start, end, size, hashes["root1"], hashes["root2"], proof)
    start, end = vector["start"], vector["end"]
    return verify_subtree_inclusion(vector["leafIdx"], start, end, hashes["leafHash"], proof, hashes["root"])


@here
@pytest.mark.parametrize("kind", COUNTS)
def test_every_shared_vector_is_decided_right(kind: str) -> None:
    files = sorted((DATA / kind).rglob("*.json"))
    assert len(files) == COUNTS[kind]
    wrong = []
    accepted = 0
    for path in files:
        vector = json.loads(path.read_bytes())
        accepted += not vector["wantErr"]
        if decided(kind, vector) == vector["wantErr"]:
            wrong.append(str(path.relative_to(DATA)))
    assert wrong == sorted(EXCEPTIONS)
    assert accepted > 0


def naive_root(leaves: list[bytes]) -> bytes:
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(naive_root(leaves[:k]), naive_root(leaves[k:]))


def naive_path(index: int, leaves: list[bytes]) -> list[bytes]:
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if index < k:
        return [*naive_path(index, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(index - k, leaves[k:]), naive_root(leaves[:k])]


def naive_consistency(size: int, leaves: list[bytes], whole: bool = True) -> list[bytes]:
    if size == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = split(len(leaves))
    if size <= k:
        return [*naive_consistency(size, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_consistency(size - k, leaves[k:], False), naive_root(leaves[:k])]


def split(size: int) -> int:
    k = 1
    while k * 2 < size:
        k *= 2
    return k


LEAVES = [leaf_hash(str(number).encode()) for number in range(300)]
TREE = Tree(LEAVES)


def test_the_hashes_of_known_small_trees() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert leaf_hash(b"").hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert Tree([]).root() == EMPTY_ROOT
    assert Tree(LEAVES[:3]).root() == node_hash(node_hash(LEAVES[0], LEAVES[1]), LEAVES[2])


def test_every_proof_of_every_small_tree_is_the_defined_one_and_verifies() -> None:
    for size in range(1, 66):
        leaves = LEAVES[:size]
        root = TREE.root(size)
        assert root == naive_root(leaves) == Tree(leaves).root()
        for index in range(size):
            proof = TREE.inclusion(index, size)
            assert proof == naive_path(index, leaves)
            assert verify_inclusion(index, size, LEAVES[index], proof, root)
        for old in range(1, size + 1):
            proof = TREE.consistency(old, size)
            assert proof == naive_consistency(old, leaves)
            assert verify_consistency(old, size, TREE.root(old), root, proof)


@given(st.integers(1, 300), st.data())
def test_a_proof_holds_for_its_own_place_only(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root = TREE.inclusion(index, size), TREE.root(size)
    assert verify_inclusion(index, size, LEAVES[index], proof, root)
    other = data.draw(st.integers(0, size + 5).filter(lambda number: number != index))
    assert not verify_inclusion(other, size, LEAVES[index], proof, root)
    assert not verify_inclusion(index, size, LEAVES[(index + 1) % 300], proof, root)
    assert not verify_inclusion(index, size, LEAVES[index], [*proof, LEAVES[0]], root)
    assert not proof or not verify_inclusion(index, size, LEAVES[index], proof[:-1], root)


@given(st.integers(1, 300), st.data())
def test_every_subtree_is_shown_to_be_one(size: int, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, size - 1))
    widest = start & -start or 512
    end = data.draw(st.integers(start + 1, min(size, start + widest)))
    inside = Tree(LEAVES[start:end])
    proof = TREE.subtree_consistency(start, end, size)
    assert verify_subtree_consistency(start, end, size, inside.root(), TREE.root(size), proof)
    assert not verify_subtree_consistency(start, end, size, LEAVES[-1], TREE.root(size), proof)
    index = data.draw(st.integers(start, end - 1))
    path = inside.inclusion(index - start)
    assert verify_subtree_inclusion(index, start, end, LEAVES[index], path, inside.root())


def test_what_a_tree_does_not_have_is_named() -> None:
    with pytest.raises(ValueError, match=r"^no leaf 3 in a tree of 3$"):
        TREE.inclusion(3, 3)
    with pytest.raises(ValueError, match=r"^a tree of 300 leaves has none of 301$"):
        TREE.root(301)
    with pytest.raises(ValueError, match=r"^no subtree from 0 to 0 in a tree of 3$"):
        TREE.consistency(0, 3)
    with pytest.raises(ValueError, match=r"^no subtree from 1 to 3 in a tree of 3$"):
        TREE.subtree_consistency(1, 3, 3)


def test_a_proof_of_a_large_tree_hashes_no_more_than_its_own_path(monkeypatch: pytest.MonkeyPatch) -> None:
    tree = Tree(leaf_hash(number.to_bytes(3, "big")) for number in range(50_001))
    calls = 0

    def counted(left: bytes, right: bytes) -> bytes:
        nonlocal calls
        calls += 1
        return node_hash(left, right)

    monkeypatch.setattr("generator.manifest.log.merkle.node_hash", counted)
    for index in range(0, 50_001, 10):
        tree.inclusion(index)
    assert calls < 40
