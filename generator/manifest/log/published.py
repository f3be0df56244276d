"""The log as a site publishes it: its files, and a proof for each leaf."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from generator.manifest.log import tiles, tlog_proof
from generator.manifest.log.entries import CHECKPOINT_FILE, ENTRIES_FILE, KEY_FILE
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.state import load
from generator.manifest.problems import Problems


class LogView:
    """The log below a registry's ``root``, up to its checkpoint.

    Leaves beyond the checkpoint, which an append that was cut off leaves, count as not logged yet. Without a log the
    size is 0, and there is no file. Raises ``Problems`` for a log that cannot be read or does not fit its checkpoint.
    """

    def __init__(self, root: Path) -> None:
        log = load(root)
        problems = log.wrong_checkpoint() + log.wrong_signature(None)
        if problems:
            raise Problems(problems)
        opened = log.opened
        self.size = 0 if opened is None else opened.checkpoint.size
        self.origin = "" if opened is None else opened.checkpoint.origin
        self.checkpoint = b"" if opened is None else opened.data
        self.signed = opened is not None and opened.signed
        self.key_text = "" if log.key is None or not self.signed else log.key.text
        self._leaves = log.leaves[: self.size]
        self._tree = Tree(leaf_hash(leaf.data) for leaf in self._leaves)
        self._index = {leaf.path: index for index, leaf in enumerate(self._leaves)}

    def proof(self, path: str) -> bytes | None:
        """The proof file of the leaf with this path, or ``None`` where it is not in the log."""
        index = self._index.get(path)
        if index is None:
            return None
        return tlog_proof.write(path, index, self._tree.inclusion(index), self.checkpoint)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Path below ``/log/`` and bytes of every file to publish; nothing without a log."""
        if not self.checkpoint:
            return
        yield CHECKPOINT_FILE, self.checkpoint
        if self.signed:
            yield KEY_FILE, f"{self.key_text}\n".encode()
        lines = [leaf.data for leaf in self._leaves]
        yield ENTRIES_FILE, b"".join(line + b"\n" for line in lines)
        yield from tiles.tiles(lines, self._tree)
