"""Checkpoints (c2sp.org/tlog-checkpoint): which log, how many leaves, and the root of the tree over them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from generator.manifest.log import note
from generator.manifest.log.merkle import HASH_BYTES, MAX_SIZE
from generator.manifest.log.note import Note, NoteError, Signer, decode, encode, is_name
from generator.manifest.problems import shown

DEFAULT_ORIGIN = "assignee.net/log"
_SIZE = re.compile("0|[1-9][0-9]{0,18}")


@dataclass(frozen=True)
class Checkpoint:
    """``origin``: the log's name; ``size``: leaves; ``root``: 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """Three lines: what is signed, and all there is of an unsigned checkpoint."""
        return f"{self.origin}\n{self.size}\n{encode(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """The checkpoint with exactly this text; raises ``NoteError``.

        The specification lets further lines follow the third. This log writes none, so one with such lines is another
        log's, or was changed.
        """
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise NoteError(f"{len(lines) - 1} lines, not origin, size and root")
        origin, digits, coded = lines[:3]
        root = decode(coded)
        if not is_name(origin):
            raise NoteError(f"the origin {shown(origin)} is empty, too long, or holds a space or a plus")
        if _SIZE.fullmatch(digits) is None or int(digits) > MAX_SIZE:
            raise NoteError(f"the size {shown(digits)} is no number of leaves")
        if root is None or len(root) != HASH_BYTES:
            raise NoteError(f"the root {shown(coded)} is not the base64 of {HASH_BYTES} bytes")
        return cls(origin, int(digits), root)

    def written(self, signer: Signer | None) -> bytes:
        """The checkpoint's file, signed where there is a key."""
        return self.text.encode() if signer is None else note.sign(self.text, signer)


@dataclass(frozen=True)
class Opened:
    """A checkpoint's file as read: what it says, and the note that says it. No signature is verified yet."""

    checkpoint: Checkpoint
    note: Note
    data: bytes

    @property
    def signed(self) -> bool:
        """Whether there is a signature of any key."""
        return bool(self.note.signatures)


def read(data: bytes) -> Opened:
    """The checkpoint in these bytes; raises ``NoteError``."""
    parsed = note.parse(data)
    return Opened(Checkpoint.parse(parsed.text), parsed, data)
