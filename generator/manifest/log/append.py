"""``srch log append``: what is in the registry and not in the log goes into the log, in one order, and never out again.

The entries are written first, whole, then the checkpoint, then, once, the key: a process killed in between leaves a
checkpoint of fewer leaves, or a signature without its key, which the next append completes. So no leaf is lost or
written twice, and nothing unsigned is ever taken for a log that has a key.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from generator.manifest.atomic import locked, remove_leftovers, write_file
from generator.manifest.log.checkpoint import DEFAULT_ORIGIN, Checkpoint
from generator.manifest.log.entries import CHECKPOINT_FILE, ENTRIES_FILE, FOLDER, KEY_FILE, Leaf
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.note import Signer, Verifier, is_name
from generator.manifest.log.registry import compare
from generator.manifest.log.state import Log, load
from generator.manifest.problems import Problems, UsageError, shown

KEY_VARIABLE = "SRCH_LOG_KEY"


@dataclass(frozen=True)
class Appended:
    """``added``: the new leaves in order; ``checkpoint``: of the whole log, ``None`` where there is nothing to log;
    ``key``: the public key that signed it; ``completed``: whether an append that was cut off was brought to its end.
    """

    added: tuple[Leaf, ...]
    checkpoint: Checkpoint | None
    key: Verifier | None
    completed: bool


def append(root: Path, signer: Signer | None = None, *, origin: str | None = None) -> Appended:
    """Add what the log below ``root`` lacks, and write its checkpoint, signed where there is a key.

    New manifests come first, by the day of submission and id; then, record by record, the events not logged yet, by
    date and id, each with the version that it makes. ``origin`` names a log that is begun; later it must be the same.

    Raises ``Problems`` when the log or a logged file was changed, or a new record is not valid: nothing is written
    then. Raises ``UsageError`` for a key that is missing or not this log's, another origin, and a disk that is full.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    with locked(root):
        remove_leftovers(root / FOLDER)
        log = load(root)
        name = _origin(log, origin)
        _right_key(log, signer, name)
        compared = compare(root, log.leaves)
        # the first signed append may have been cut off before it wrote the key: then the signer's is to fit
        key = signer.verifier if signer is not None and log.signed else None
        problems = log.wrong_checkpoint() + log.wrong_signature(key) + compared.problems
        if problems:
            raise Problems(problems)
        return _write(log, tuple(compared.pending), name, signer)


def _write(log: Log, added: tuple[Leaf, ...], origin: str, signer: Signer | None) -> Appended:
    folder = log.root / FOLDER
    leaves = (*log.leaves, *added)
    key = None if signer is None else signer.verifier
    if not leaves:
        return Appended((), None, key, False)
    tree = Tree(leaf_hash(leaf.data) for leaf in leaves)
    now = Checkpoint(origin, tree.size, tree.root())
    complete = log.opened is not None and log.opened.checkpoint == Checkpoint(origin, len(log.leaves), log.tree.root())
    if added:
        write_file(folder / ENTRIES_FILE, b"".join(leaf.data + b"\n" for leaf in leaves))
    # a checkpoint that says the same already is left as it is: witnesses may have signed it too
    signed = log.opened is not None and log.opened.signed
    if added or not complete or (signer is not None and not signed):
        write_file(folder / CHECKPOINT_FILE, now.written(signer))
    if key is not None and log.key is None:
        write_file(folder / KEY_FILE, f"{key.text}\n".encode())
    return Appended(added, now, key, bool(log.leaves) and not complete)


def _origin(log: Log, wanted: str | None) -> str:
    if wanted is not None and not is_name(wanted):
        raise UsageError(f"--origin {shown(wanted)} is empty, too long, or holds a space or a plus sign")
    if log.opened is None:
        return wanted or DEFAULT_ORIGIN
    held = log.opened.checkpoint.origin
    if wanted not in (None, held):
        raise UsageError(f"--origin {shown(wanted)}: this log is {held}, and a log keeps its name")
    return held


def _right_key(log: Log, signer: Signer | None, origin: str) -> None:
    if signer is None:
        if log.signed:
            raise UsageError(f"{log.root / FOLDER}: this log is signed; set {KEY_VARIABLE} to its private key")
        return
    if log.key is not None and log.key != signer.verifier:
        raise UsageError(f"{KEY_VARIABLE} holds another key than that of this log, {log.key.text}")
    if signer.name != origin:
        raise UsageError(f"{KEY_VARIABLE} holds a key named {signer.name}; the log is {origin}, and both must be one")
