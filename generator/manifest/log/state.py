"""What lies in ``log/`` as a whole: leaves, checkpoint and key, and whether they belong together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from generator.manifest.log import checkpoint, entries
from generator.manifest.log.checkpoint import Opened
from generator.manifest.log.entries import CHECKPOINT_FILE, FOLDER, KEY_FILE, Leaf
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.note import MAX_BYTES, NoteError, Verifier, encode
from generator.manifest.problems import Problem, Problems
from generator.manifest.strict import decode_text, read_bytes

AGAIN = "Run 'srch log append', which completes what an append that was cut off left behind."
_RESTORE = "Take the log folder from the main branch again; only 'srch log append' writes it."


@dataclass(frozen=True)
class Log:
    """The log below ``root``. ``opened`` and ``key`` are ``None`` where there is no checkpoint, or no key."""

    root: Path
    leaves: tuple[Leaf, ...]
    opened: Opened | None
    key: Verifier | None

    @cached_property
    def tree(self) -> Tree:
        """The tree over all leaves."""
        return Tree(leaf_hash(leaf.data) for leaf in self.leaves)

    @property
    def checkpoint_file(self) -> str:
        return str(self.root / FOLDER / CHECKPOINT_FILE)

    @property
    def signed(self) -> bool:
        """Whether the log has a key, or a checkpoint with a signature of any."""
        return self.key is not None or (self.opened is not None and self.opened.signed)

    def wrong_checkpoint(self) -> list[Problem]:
        """A problem (REG092) where the checkpoint is not that of as many leaves, from the first, as it counts."""
        if self.opened is None:
            # a key is written last, so the checkpoint that it signed was there
            return [] if self.key is None else [self._problem("", "REG092", "no such file", "the log's checkpoint")]
        point = self.opened.checkpoint
        if point.size > len(self.leaves):
            found = f"a checkpoint of {point.size} leaves and entries for {len(self.leaves)}"
            return [self._problem("line 2", "REG092", found, "as many entries as the checkpoint counts, or more")]
        root = self.tree.root(point.size)
        if root == point.root:
            return []
        expected = f"{encode(root)}, the root over the first {point.size} entries"
        return [self._problem("line 3", "REG092", f"the root {encode(point.root)}", expected)]

    def wrong_signature(self, verifier: Verifier | None = None) -> list[Problem]:
        """A problem (REG093) where the checkpoint of a signed log is not signed by its key.

        Without a ``verifier`` the key in ``log/key`` is taken. With one, an unsigned log is a problem too.
        """
        key = verifier or self.key
        if self.opened is None or not (self.signed or verifier):
            return []
        if key is None:
            found, expected = "a signature and no key beside it", f"the public key in {FOLDER}/{KEY_FILE}"
            return [self._problem("", "REG093", found, expected, AGAIN)]
        if self.key is not None and self.key != key:
            return [self._problem("", "REG093", f"the key {self.key.text} beside it", key.text)]
        try:
            self.opened.note.verify(key)
        except NoteError as error:
            return [self._problem("", "REG093", str(error), f"one signature of the key {key.text}")]
        return []

    def _problem(self, place: str, code: str, found: str, expected: str, mend: str = _RESTORE) -> Problem:
        return Problem(self.checkpoint_file, place, code, found, expected, mend)


def load(root: Path) -> Log:
    """The log below the registry's ``root``, each file parsed; one without leaves where there is none.

    Raises ``Problems``: REG090 for the entries, REG092 for a checkpoint and REG093 for a key that cannot be read.
    """
    problems: list[Problem] = []
    leaves: list[Leaf] = []
    try:
        leaves = entries.read(root)
    except Problems as refused:
        problems.extend(refused.problems)
    path = root / FOLDER / CHECKPOINT_FILE
    opened = key = None
    if _there(path):
        try:
            opened = checkpoint.read(read_bytes(path, limit=MAX_BYTES))
        except NoteError as error:
            expected = "a checkpoint: origin, size and root, and signatures where the log is signed"
            problems.append(Problem(str(path), "", "REG092", str(error), expected, _RESTORE))
    path = root / FOLDER / KEY_FILE
    if _there(path):
        try:
            key = parse_key(read_bytes(path, limit=MAX_BYTES), str(path))
        except NoteError as error:
            problems.append(Problem(str(path), "", "REG093", str(error), "a public key and a newline", _RESTORE))
    if problems:
        raise Problems(problems)
    return Log(root, tuple(leaves), opened, key)


def parse_key(data: bytes, file: str) -> Verifier:
    """The key in a ``log/key``: its text and a newline; raises ``NoteError``, or ``Problems`` for what is no text."""
    text = decode_text(data, file)
    if not text.endswith("\n") or "\n" in text[:-1]:
        raise NoteError("not one line")
    return Verifier.parse(text[:-1])


def continues(tree: Tree, now: Opened, older: bytes, verifier: Verifier | None) -> Opened:
    """The older checkpoint, where the log of ``tree`` and ``now`` goes on from it; raises ``NoteError`` where not.

    The log must have the same name, not be smaller, and have the older root over as many of its leaves. Where the
    older checkpoint is signed and a key is known, the signature must be this key's.
    """
    before = checkpoint.read(older)
    point = before.checkpoint
    if point.origin != now.checkpoint.origin:
        raise NoteError(f"the older checkpoint is of the log {point.origin}, this one of {now.checkpoint.origin}")
    if before.signed and not now.signed:
        raise NoteError("the older checkpoint is signed, this log's is not")
    if before.signed and verifier is not None:
        before.note.verify(verifier)
    if point.size > now.checkpoint.size:
        raise NoteError(f"the older checkpoint counts {point.size} leaves, this log only {now.checkpoint.size}")
    if tree.root(point.size) != point.root:
        raise NoteError(
            f"the first {point.size} leaves have the root {encode(tree.root(point.size))}, "
            f"the older checkpoint says {encode(point.root)}: the log was rewritten, or split in two"
        )
    return before


def _there(path: Path) -> bool:
    return path.exists() or path.is_symlink()
