"""Proof files (c2sp.org/tlog-proof): all it takes to show, without a network, that one leaf is in the log.

The ``extra`` line, which the specification leaves to the application, holds the leaf's path: with the SHA-256 of the
file that the proof stands beside it makes up the leaf. A changed path gives another leaf, for which the proof fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.manifest.log import checkpoint, entries
from generator.manifest.log.checkpoint import Opened
from generator.manifest.log.merkle import HASH_BYTES, MAX_SIZE, leaf_hash, verify_inclusion
from generator.manifest.log.note import NoteError, Verifier, decode, encode
from generator.manifest.problems import shown

SUFFIX = ".tlog-proof"
HEADER = "c2sp.org/tlog-proof@v1"
MAX_BYTES = 128 * 1024
_INDEX = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Proof:
    """``path``: the leaf's; ``index``: its number; ``hashes``: from its sibling up; ``opened``: the checkpoint."""

    path: str
    index: int
    hashes: tuple[bytes, ...]
    opened: Opened

    def verify(self, sha256: str, verifier: Verifier | None = None) -> None:
        """Raise ``NoteError`` unless the leaf of ``path`` and ``sha256`` is in the tree that the checkpoint names.

        With a ``verifier`` its key must have signed the checkpoint. Without one, nothing says whose checkpoint it is.
        """
        if verifier is not None:
            self.opened.note.verify(verifier)
        point = self.opened.checkpoint
        leaf = leaf_hash(entries.leaf(self.path, sha256))
        if not verify_inclusion(self.index, point.size, leaf, self.hashes, point.root):
            raise NoteError(f"the proof does not lead from {self.path} with the SHA-256 {sha256} to the root")


def write(path: str, index: int, hashes: list[bytes], checkpoint_file: bytes) -> bytes:
    """The proof file's bytes; ``checkpoint_file`` goes into it as it is."""
    lines = [HEADER, f"extra {encode(path.encode())}", f"index {index}", *map(encode, hashes)]
    return "\n".join(lines).encode() + b"\n\n" + checkpoint_file


def parse(data: bytes) -> Proof:
    """The proof in these bytes, which have one writing only; raises ``NoteError``. Nothing is verified yet."""
    if len(data) > MAX_BYTES:
        raise NoteError(f"{len(data)} bytes, more than {MAX_BYTES}")
    head, parted, tail = data.partition(b"\n\n")
    if not parted:
        raise NoteError("no empty line before the checkpoint")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteError("lines above the checkpoint that are not ASCII") from None
    if lines[0] != HEADER:
        raise NoteError(f"the first line {shown(lines[0])}, not {HEADER}")
    path = _path(lines[1] if len(lines) > 1 else "")
    word, _, digits = (lines[2] if len(lines) > 2 else "").partition(" ")
    if word != "index" or _INDEX.fullmatch(digits) is None or int(digits) >= MAX_SIZE:
        raise NoteError("no line 'index' with a number below the leaf's path")
    hashes = [decode(line) for line in lines[3:]]
    whole = tuple(item for item in hashes if item is not None and len(item) == HASH_BYTES)
    if len(whole) != len(hashes) or len(whole) > 63:
        raise NoteError(f"hashes that are not the base64 of {HASH_BYTES} bytes each, at most 63 of them")
    return Proof(path, int(digits), whole, checkpoint.read(tail))


def _path(line: str) -> str:
    word, _, coded = line.partition(" ")
    data = decode(coded)
    if word != "extra" or not data:
        raise NoteError("no line 'extra' with the leaf's path; a proof of this registry's log has one")
    try:
        path = data.decode("ascii")
        entries.record_of(path)
    except ValueError:
        raise NoteError("the line 'extra' does not hold the path of a leaf of this registry's log") from None
    return path
