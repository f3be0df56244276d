"""The registry's data on disk: ``manifests/<first two hex>/<ID>/manifest.json`` with its files and corrections."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from generator.manifest.corrections import Event, load_events
from generator.manifest.fold import Version, versions
from generator.manifest.identity import SHORT_ID
from generator.manifest.problems import Problem, Problems
from generator.manifest.strict import load_json, loads_json, read_bytes

MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True)
class Record:
    """A manifest as published, with its correction events in order. ``path`` is the manifest's file, ``data`` what it
    holds."""

    path: Path
    short_id: str
    manifest: dict[str, Any]
    events: list[Event]
    data: bytes

    @property
    def folder(self) -> Path:
        """The record's own folder."""
        return self.path.parent

    @cached_property
    def versions(self) -> list[Version]:
        """Every version, the published one first; raises ``Problems`` where an event does not fit."""
        return versions(self.manifest, self.data, self.events, file=str(self.path))

    @property
    def current(self) -> Version:
        """The version that stands now."""
        return self.versions[-1]


@dataclass(frozen=True)
class Store:
    """The manifests below ``root``; nothing is read before it is asked for."""

    root: Path

    def folder(self, short: str) -> Path:
        """Where the record with this short id lives."""
        return self.root / short[:2] / short

    def holds(self, short: str) -> bool:
        """Whether there is a record with this short id."""
        return (self.folder(short) / MANIFEST_FILE).is_file()

    def paths(self) -> Iterator[Path]:
        """Manifest files in the order of their ids; folders that are no record's are left out."""
        if not self.root.is_dir():
            return
        for group in _folders(self.root):
            for name in _folders(self.root / group):
                path = self.root / group / name / MANIFEST_FILE
                if SHORT_ID.match(name) and name.startswith(group) and path.exists():
                    yield path

    def records(self) -> Iterator[Record]:
        """Every record, parsed strictly; raises ``Problems`` at the first file that cannot be parsed."""
        for path in self.paths():
            yield load_record(path)

    def find(self, canonical: str, published_id: str | None = None) -> str | None:
        """The short id of the record with this canonical id, looked for under ``published_id`` or its own digits."""
        if published_id is not None:
            path = self.folder(published_id) / MANIFEST_FILE
            return published_id if path.exists() and canonical_id(path) == canonical else None
        return next((short for short, held in sorted(self.holders(canonical).items()) if held == canonical), None)

    def holders(self, canonical: str) -> dict[str, str]:
        """Short id -> canonical id of the records whose short id is a prefix of ``canonical``."""
        upper = canonical.upper()
        group = self.root / upper[:2]
        if not group.is_dir():
            return {}
        found = {}
        for name in _folders(group):
            if SHORT_ID.match(name) and upper.startswith(name) and (group / name / MANIFEST_FILE).exists():
                found[name] = canonical_id(group / name / MANIFEST_FILE)
        return found


def canonical_id(path: Path) -> str:
    """The canonical id that a manifest gives, or nothing where it gives none; ``Problems`` when it cannot be read."""
    manifest = load_json(path)
    work = manifest.get("work") if isinstance(manifest, dict) else None
    return str(work.get("id")) if isinstance(work, dict) else ""


def load_record(path: Path) -> Record:
    """The record whose manifest is ``path``; ``Problems`` when it or one of its events cannot be read."""
    data = read_bytes(path)
    manifest = loads_json(data, file=str(path))
    events, problems = load_events(path.parent)
    if not isinstance(manifest, dict):
        problems.append(
            Problem(
                str(path), "", "REG010", "no object", "a manifest object", "Publish the run again with 'srch publish'."
            )
        )
    if problems:
        raise Problems(problems)
    return Record(path, path.parent.name, manifest, events, data)


def _folders(path: Path) -> list[str]:
    with os.scandir(path) as entries:
        return sorted(entry.name for entry in entries if not entry.name.startswith(".") and entry.is_dir())
