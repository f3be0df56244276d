"""Records on disk: every file of every record page, in one pass, holding one record in memory at a time."""

from __future__ import annotations

import gc
import json
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import orjson

from generator.manifest import files
from generator.manifest.check import check_record
from generator.manifest.corrections import correction_record, correction_state
from generator.manifest.problems import Problem, Problems
from generator.manifest.store import MANIFEST_FILE, Record, Store, load_record
from generator.site import artifacts, cite, search
from generator.site.records import RecordPages
from generator.site.shell import Shell
from generator.site.triage import Summary, summary_of
from generator.site.view import FileFacts

FOLDER = "paper"
Check = Callable[[Record], list[Problem]]


@dataclass
class Written:
    """What the site keeps of the records once their pages are written."""

    summaries: list[Summary] = field(default_factory=list)
    search_entries: list[str] = field(default_factory=list)


class RecordWriter:
    """Writes record folders below ``site_dir/paper``; ``site_url`` ends in a slash.

    A file that ``earlier``, the site that is to be replaced, holds with the same bytes is linked instead of written:
    creating and deleting files costs more than making their content. The two sites never stand side by side.
    """

    def __init__(
        self, shell: Shell, site_url: str, check: Check = check_record, *, earlier: Path | None = None
    ) -> None:
        self._pages = RecordPages(shell)
        self._site_url = site_url
        self._check = check
        self._earlier = earlier

    def write_all(self, store: Store, site_dir: Path) -> Written:
        """Every record of ``store``. Raises ``Problems`` with all problems of all records; pages of sound ones may be
        written by then, so the caller throws ``site_dir`` away."""
        written = Written()
        problems: list[Problem] = []
        with _short_lived():
            self._write_each(store, site_dir, written, problems)
        if problems:
            raise Problems(problems)
        return written

    def _write_each(self, store: Store, site_dir: Path, written: Written, problems: list[Problem]) -> None:
        ids: dict[str, Path] = {}
        for record in _records(store, problems):
            found = self.problems_of(record)
            if found or problems:
                problems.extend(found)
                continue
            first = ids.setdefault(record.manifest["work"]["short_id"], record.path)
            if first != record.path:
                problems.append(_twice(record, first))
                continue
            self.write(record, site_dir)
            written.summaries.append(summary_of(record.manifest, record.events))
            written.search_entries.append(search.entry(record.manifest))

    def problems_of(self, record: Record) -> list[Problem]:
        """What keeps one record from having a page."""
        return self._check(record) or files.problems_of(record.manifest, record.path, hashes=False)

    def note(self, short: str, body: str) -> str:
        """A page that stands in for a record which cannot be shown; ``body`` is HTML."""
        return self._pages.frame(f"SRCH:{short}", "This record cannot be shown.", short, body)

    def write(self, record: Record, site_dir: Path) -> Path:
        """The folder of one record that has no problems."""
        manifest, events = record.manifest, record.events
        short = str(manifest["work"]["short_id"])
        folder = site_dir / FOLDER / short
        folder.mkdir(parents=True, exist_ok=True)
        citation = cite.facts(manifest, f"{self._site_url}{FOLDER}/{short}/", correction_state(events))
        own = {
            MANIFEST_FILE: ("Manifest", "application/json", record.path.read_bytes()),
            "corrections.json": (
                "Correction record",
                "application/json",
                _json_bytes(correction_record(manifest, events, self._site_url)),
            ),
            "cite.bib": ("Citation, BibTeX", "application/x-bibtex", cite.bibtex(citation).encode()),
            "cite.ris": ("Citation, RIS", "application/x-research-info-systems", cite.ris(citation).encode()),
            "cite.csl.json": (
                "Citation, CSL-JSON",
                "application/vnd.citationstyles.csl+json",
                cite.csl(citation).encode(),
            ),
        }
        made = [
            FileFacts(name, label, media, len(data), sha256(data).hexdigest())
            for name, (label, media, data) in own.items()
        ]
        others = artifacts.listed(manifest)
        page = self._pages.page(manifest, events, [made[0], *others, *made[1:]], citation)
        earlier = self._earlier / FOLDER / short if self._earlier is not None else None
        for name, (_, _, data) in own.items():
            _put(folder, name, data, earlier)
        for item in others:
            _put(folder, item.name, (record.folder / item.name).read_bytes(), earlier)
        # Last, so that a page never stands without its files.
        _put(folder, "index.html", page.encode("utf-8"), earlier)
        return folder


def _json_bytes(value: dict[str, Any]) -> bytes:
    """The stored form of a value that holds no number but integers, without a detour over the canonical form."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


@contextmanager
def _short_lived() -> Iterator[None]:
    """Spare the collector what was there before the block: records come and go by reference counts alone, and walking
    the whole engine again and again would cost a fifth of the time."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def _put(folder: Path, name: str, data: bytes, earlier: Path | None) -> None:
    """Write a file in three system calls, or link the one in ``earlier`` if that has the same bytes."""
    if earlier is not None and _holds(earlier / name, data):
        with suppress(OSError):
            os.link(earlier / name, folder / name, follow_symlinks=False)
            return
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
    finally:
        os.close(descriptor)


def _holds(path: Path, data: bytes) -> bool:
    try:
        status = path.lstat()
        return stat.S_ISREG(status.st_mode) and status.st_size == len(data) and path.read_bytes() == data
    except OSError:
        return False


def _records(store: Store, problems: list[Problem]) -> Iterator[Record]:
    """Like ``store.records()``, but goes on after a record that cannot be read, so that one build names them all."""
    for path in store.paths():
        try:
            yield load_record(path)
        except Problems as refused:
            problems.extend(refused.problems)


def _twice(record: Record, first: Path) -> Problem:
    return Problem(
        str(record.path),
        "/work/short_id",
        "REG021",
        json.dumps(record.manifest["work"]["short_id"]),
        f"an id that {first} does not have",
        "Remove one of the two.",
    )


def newest(summaries: list[Summary]) -> list[Summary]:
    """Newest first, then by id: the order of the home page without JavaScript."""
    return sorted(sorted(summaries, key=lambda item: item.short_id), key=lambda item: item.date or "", reverse=True)


