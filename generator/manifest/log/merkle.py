"""Merkle trees after RFC 6962: hashes, proofs, and what a proof shows.

A tree over n > 1 leaves joins the tree over its first k leaves, k being the largest power of two below n, with the
tree over the others. A *subtree* [start, end) is a run of leaves that is hashed like a tree of its own inside every
tree that holds it; for that, ``start`` must be a multiple of the smallest power of two that is not below
``end - start``. A tree is its own subtree from 0, and a leaf is a subtree of one, so one way of rebuilding hashes
serves for all four kinds of proof. Every hash is SHA-256, 32 bytes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

HASH_BYTES = 32
MAX_SIZE = 2**63 - 1  # what tlog-tiles can address
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf with these bytes."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of a node over two hashes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def verify_inclusion(index: int, size: int, leaf: bytes, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether ``proof`` shows that the leaf with the hash ``leaf`` is number ``index`` of the tree with this root."""
    return verify_subtree_inclusion(index, 0, size, leaf, proof, root)


def verify_consistency(size1: int, size2: int, root1: bytes, root2: bytes, proof: Sequence[bytes]) -> bool:
    """Whether ``proof`` shows that the first ``size1`` leaves of the second tree are the first tree.

    Never so for ``size1`` 0: every tree goes on from the empty one, so there is nothing to show.
    """
    return size1 > 0 and verify_subtree_consistency(0, size1, size2, root1, root2, proof)


def verify_subtree_inclusion(
    index: int, start: int, end: int, leaf: bytes, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether ``proof`` shows that the leaf is number ``index`` of a tree whose subtree [start, end) has this root."""
    if not (_is_subtree(start, end, end) and start <= index < end and len(leaf) == HASH_BYTES):
        return False
    return _rebuilt(index - start, index - start + 1, end - start, leaf, proof) == (leaf, root)


def verify_subtree_consistency(
    start: int, end: int, size: int, root1: bytes, root2: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether ``proof`` shows that the subtree [start, end) of the tree of ``size`` leaves and ``root2`` has ``root1``.

    The empty subtree has one hash in every tree, so for it ``root2`` shows nothing and is not looked at.
    """
    if not _is_subtree(start, end, size):
        return False
    if start == end:
        return root1 == EMPTY_ROOT and not proof
    return _rebuilt(start, end, size, root1, proof) == (root1, root2)


class Tree:
    """A tree over leaf hashes. Hashes of whole subtrees are kept, so that a proof costs the logarithm of the size.

    ``leaves`` are 32-byte leaf hashes; ``ValueError`` from the methods names a size or an index that the tree has not.
    """

    def __init__(self, leaves: Iterable[bytes]) -> None:
        level = list(leaves)
        self._levels = [level]
        while len(level) > 1:
            level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
            self._levels.append(level)
        self._edges: dict[tuple[int, int], bytes] = {}

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self._levels[0])

    def level(self, height: int) -> Sequence[bytes]:
        """The hashes of the whole subtrees of 2**height leaves, from the left; empty above the tree."""
        return self._levels[height] if height < len(self._levels) else ()

    def root(self, size: int | None = None) -> bytes:
        """The root of the tree over the first ``size`` leaves, or over all."""
        size = self._sized(size)
        return self._hash(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """The proof that leaf ``index`` is in the tree over the first ``size`` leaves, from the leaf upwards."""
        size = self._sized(size)
        if not 0 <= index < size:
            raise ValueError(f"no leaf {index} in a tree of {size}")
        return self._proof(0, index, index + 1, size, True)

    def consistency(self, old_size: int, size: int | None = None) -> list[bytes]:
        """The proof that the tree over the first ``old_size`` leaves, 1 or more, is what this one goes on from."""
        return self.subtree_consistency(0, old_size, size)

    def subtree_consistency(self, start: int, end: int, size: int | None = None) -> list[bytes]:
        """The proof that [start, end), not empty, is a subtree of the tree over the first ``size`` leaves."""
        size = self._sized(size)
        if start == end or not _is_subtree(start, end, size):
            raise ValueError(f"no subtree from {start} to {end} in a tree of {size}")
        return self._proof(0, start, end, size, True)

    def _sized(self, size: int | None) -> int:
        if size is None:
            return self.size
        if not 0 <= size <= self.size:
            raise ValueError(f"a tree of {self.size} leaves has none of {size}")
        return size

    def _proof(self, offset: int, start: int, end: int, size: int, known: bool) -> list[bytes]:
        """The siblings of the path to [start, end) in the tree over ``size`` leaves from ``offset``, lowest first."""
        if (start, end) == (0, size):
            return [] if known else [self._hash(offset, offset + size)]
        k = _split(size)
        if end <= k:
            sibling = self._hash(offset + k, offset + size)
            return [*self._proof(offset, start, end, k, known), sibling]
        sibling = self._hash(offset, offset + k)
        inside = known and start >= k
        return [*self._proof(offset + k, max(start - k, 0), end - k, size - k, inside), sibling]

    def _hash(self, start: int, end: int) -> bytes:
        """The hash over [start, end), where ``start`` is as a subtree's must be."""
        length = end - start
        if length & (length - 1) == 0:
            height = length.bit_length() - 1
            return self._levels[height][start >> height]
        found = self._edges.get((start, end))
        if found is None:
            k = _split(length)
            found = self._edges[start, end] = node_hash(self._hash(start, start + k), self._hash(start + k, end))
        return found


def _rebuilt(start: int, end: int, size: int, inner: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The hashes that ``proof`` gives the subtree [start, end) and the tree, or ``None`` for a proof of another shape.

    ``inner`` is the subtree's hash as claimed. Where the subtree ends on the right inside another one the proof does
    not build on the claim: it brings the parts, and the caller compares.
    """
    left = list(proof)
    if any(len(part) != HASH_BYTES for part in left):
        return None
    # from the root down: which side the sibling stands on, and whether it belongs to the subtree too
    steps: list[tuple[bool, bool, bytes]] = []
    known = True
    while (start, end) != (0, size):
        if not left:
            return None
        k = _split(size)
        if end <= k:
            steps.append((False, False, left.pop()))
            size = k
        else:
            shared = start < k
            known = known and not shared
            steps.append((True, shared, left.pop()))
            start, end, size = max(start - k, 0), end - k, size - k
    if len(left) != (0 if known else 1):
        return None
    subtree = tree = inner if known else left[0]
    for on_the_left, shared, sibling in reversed(steps):
        tree = node_hash(sibling, tree) if on_the_left else node_hash(tree, sibling)
        subtree = node_hash(sibling, subtree) if shared else subtree
    return subtree, tree


def _is_subtree(start: int, end: int, size: int) -> bool:
    if not 0 <= start <= end <= size <= MAX_SIZE:
        return False
    length = end - start
    return length == 0 or start % (1 << (length - 1).bit_length()) == 0


def _split(size: int) -> int:
    """The largest power of two below ``size``, which is 2 or more."""
    return 1 << ((size - 1).bit_length() - 1)
