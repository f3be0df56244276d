"""``srch publish``: an approved or decided run becomes a record folder, whole or not at all, once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from generator.manifest import runs
from generator.manifest.atomic import locked, remove_leftovers, write_folder
from generator.manifest.canonical import stored_bytes
from generator.manifest.from_run import manifest_of
from generator.manifest.identity import public_id, short_id
from generator.manifest.problems import Problem, Problems, UsageError
from generator.manifest.rules import check_manifest
from generator.manifest.store import MANIFEST_FILE, Store
from generator.manifest.strict import read_bytes

Outcome = Literal["published", "unchanged", "waits", "rejected"]


@dataclass(frozen=True)
class Published:
    """What became of one run; ``path`` is the manifest's file for ``published`` and ``unchanged``."""

    run: Path
    outcome: Outcome
    public_id: str | None
    path: Path | None


def publish(folder: runs.RunFolder, store: Store) -> Published:
    """Publish one run. A run that waits for its owner, or was rejected, is left alone; a published one is a no-op.

    Raises ``Problems`` when the record would not be valid or would overwrite another, ``UsageError`` when the
    registry cannot be written. The record's folder appears complete, manifest and files together.
    """
    if folder.state == "rejected":
        return Published(folder.path, "rejected", None, None)
    if folder.state == "waits":
        return Published(folder.path, "waits", None, None)
    files = {
        name: (media_type, read_bytes(folder.path / name))
        for name, media_type in runs.REPORT_FILES.items()
        if (folder.path / name).is_file()
    }
    if folder.run["origin"]["mode"] == "executed":
        files[runs.RUN_FILE] = ("application/json", stored_bytes(folder.run))
    with locked(store.root):
        for group in store.root.iterdir():
            remove_leftovers(group)
        short = _short_id(folder, store)
        manifest = manifest_of(folder.run, identity=folder.id, short=short, decision=folder.decision, files=files)
        path = store.folder(short) / MANIFEST_FILE
        problems = check_manifest(manifest, file=str(path))
        if problems:
            raise Problems(problems)
        data = stored_bytes(manifest)
        if path.exists():
            if path.read_bytes() != data:
                raise Problems([_would_overwrite(path, folder)])
            return Published(folder.path, "unchanged", public_id(short), path)
        if path.parent.exists():
            raise UsageError(f"{path.parent}: is there already, without a {MANIFEST_FILE}; move it away first")
        contents = {name: content for name, (_, content) in files.items()}
        write_folder(path.parent, {**contents, MANIFEST_FILE: data})
    return Published(folder.path, "published", public_id(short), path)


def _short_id(folder: runs.RunFolder, store: Store) -> str:
    """The run's short id: the one it was published under, the one it has here already, or the shortest free one."""
    known = store.find(folder.id, folder.published_id)
    if known is not None:
        return known
    if folder.published_id is not None:
        path = store.folder(folder.published_id) / MANIFEST_FILE
        if path.exists():
            raise Problems([_would_overwrite(path, folder)])
        return folder.published_id
    holders = store.holders(folder.id)
    return short_id(folder.id, lambda candidate: candidate in holders)


def _would_overwrite(path: Path, folder: runs.RunFolder) -> Problem:
    return Problem(
        str(path),
        "",
        "REG022",
        f"a different record than the one {folder.path} makes",
        "that a published manifest is never rewritten",
        "Append a correction event to the published record instead.",
    )
