"""Records on disk: every file of every record page, in one pass, holding one record in memory at a time."""

from __future__ import annotations

import gc
import json
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from generator.manifest import files
from generator.manifest.canonical import stored_bytes
from generator.manifest.check import check_record
from generator.manifest.corrections import correction_record, correction_state, is_removed, notice_event, notice_row
from generator.manifest.fold import Version
from generator.manifest.problems import Problem, Problems
from generator.manifest.store import MANIFEST_FILE, Record, Store, load_record
from generator.site import artifacts, cite, marks, notices, records
from generator.site.notices import Part, Verification
from generator.site.records import RecordPages
from generator.site.shell import Shells
from generator.site.view import FileFacts

if TYPE_CHECKING:
    from generator.site.monitoring import Block
    from generator.site.related import Related

FOLDER = records.FOLDER
Check = Callable[[Record], list[Problem]]
Pieces = Iterator[tuple[str, bytes]]


class RecordWriter:
    """Writes record folders below ``site_dir/paper``; ``site_url`` ends in a slash.

    ``log`` is the published log, for the proofs beside the files; ``suggest`` gives the address where a correction of a
    record can be written, ``review`` what the monitor says of a record, ``related`` the records that its page names.

    A file that ``earlier``, the site that is to be replaced, holds with the same bytes is linked instead of written:
    creating and deleting files costs more than making their content. The two sites never stand side by side.
    """

    def __init__(
        self,
        shells: Shells,
        site_url: str,
        check: Check = check_record,
        *,
        earlier: Path | None = None,
        log: notices.Log | None = None,
        suggest: Callable[[Record], str | None] | None = None,
        review: Callable[[Record], Block | None] | None = None,
        related: Callable[[Record], Sequence[Related]] | None = None,
    ) -> None:
        self._pages = RecordPages(shells)
        self._site_url = site_url
        self._check = check
        self._earlier = earlier
        self.log = log
        self.suggest = suggest
        self.review = review
        self.related = related
        self._sound: set[int] = set()

    def write_all(self, store: Store, site_dir: Path) -> Iterator[Record]:
        """Write every record of ``store``, and hand each on once it is written. Raises what :meth:`sound` raises; pages
        may be written by then, so the caller throws ``site_dir`` away."""
        for record in self.sound(store):
            self.write(record, site_dir)
            yield record

    def sound(self, store: Store) -> Iterator[Record]:
        """Every record of ``store``; raises ``Problems`` with all problems of all records after the last one, and hands
        none on after the first that has any."""
        problems: list[Problem] = []
        ids: dict[str, Path] = {}
        with _short_lived():
            for record in _records(store, problems):
                problems.extend(self.problems_of(record) or _twice(record, ids))
                if not problems:
                    yield record
        if problems:
            raise Problems(problems)

    def problems_of(self, record: Record) -> list[Problem]:
        """What keeps one record from having a page. A record that was found sound is not checked again: its files are
        only looked for."""
        content = hash((record.path, record.data, *(event.sha256 for event in record.events)))
        if content not in self._sound:
            problems = self._check(record)
            if problems:
                return problems
        problems = files.problems_of(record.manifest, record.path, hashes=False)
        if record.events and not problems:
            problems = files.problems_of(record.current.manifest, record.path, hashes=False)
        if not problems:
            self._sound.add(content)
        return problems

    def note(self, short: str, body: str) -> str:
        """A page that stands in for a record which cannot be shown; ``body`` is HTML."""
        return self._pages.frame(f"SRCH:{short}", "This record cannot be shown.", short, body)

    def write(self, record: Record, site_dir: Path) -> Path:
        """The folder of one record that has no problems."""
        short = str(record.manifest["work"]["short_id"])
        folder = site_dir / FOLDER / short
        folder.mkdir(parents=True, exist_ok=True)
        earlier = self._earlier / FOLDER / short if self._earlier is not None else None
        home = f"{self._site_url}{FOLDER}/{short}/"
        made = self._removed(record, home) if is_removed(record.events) else self._standing(record, home)
        below = {""}
        for path, data in made:
            parent = path.rpartition("/")[0]
            if parent not in below:
                (folder / parent).mkdir(parents=True, exist_ok=True)
                below.add(parent)
            _put(folder, path, data, earlier)
        return folder

    def _standing(self, record: Record, home: str) -> Pieces:
        """Path below the record's folder and bytes of each file. A page comes after the files that it lists."""
        current, events = record.current, record.events
        citation = self._citation(record, current, home)
        proofs = self._proofs(record)
        verify = self._verification(home, notices.parts_of(record), proofs)
        own = {MANIFEST_FILE: ("Manifest", "application/json", current.data), **self._about(record, citation)}
        made = [artifacts.facts(name, *facts) for name, facts in own.items()]
        for name, (_, _, data) in own.items():
            yield name, data
        listed = []
        for name, data, row in self._files(record, current, home, ""):
            listed.append(row)
            yield name, data
        for event in events:
            data = event.path.read_bytes()
            made.append(artifacts.facts(notices.event_file(event), "Correction event", "application/yaml", data))
            yield notices.event_file(event), data
        for path, data in proofs.items():
            yield path + notices.PROOF_SUFFIX, data
        if events:
            yield from self._versions(record, home, proofs)
        page = self._pages.page(
            record,
            [made[0], *listed, *made[1:]],
            citation,
            verify=verify,
            suggest=self.suggest(record) if self.suggest else None,
            review=self.review(record) if self.review else None,
            related=self.related(record) if self.related else None,
        )
        yield "index.html", page.encode("utf-8")

    def _files(
        self, record: Record, version: Version, home: str | None, base: str
    ) -> Iterator[tuple[str, bytes, FileFacts]]:
        """Name, bytes and row of each file of a version, with the record's mark where ``home`` is given; ``base`` leads
        from the version's folder to the record's."""
        mark = None if home is None else artifacts.mark_of(record, home)
        for item in artifacts.listed(version.manifest):
            data = (record.folder / item.name).read_bytes()
            if mark is None or not item.name.endswith(marks.MARKED):
                yield item.name, data, item
                continue
            data = marks.marked(item.name, data, mark._replace(base=base))
            row = artifacts.facts(item.name, item.label, item.media_type, data)
            yield item.name, data, row._replace(as_published=f"{base}v1/{item.name}")

    def _versions(self, record: Record, home: str, proofs: dict[str, bytes]) -> Pieces:
        """The pages of versions, with their files, and of events."""
        for version in record.versions:
            folder = f"v{version.number}/"
            yield folder + MANIFEST_FILE, version.data
            # the first version keeps its files as published; those of later ones carry a mark like the record's own
            listed = []
            for name, data, row in self._files(record, version, home if version.number > 1 else None, "../"):
                listed.append(row)
                yield folder + name, data
            own = artifacts.facts(MANIFEST_FILE, "Manifest", "application/json", version.data)
            part = notices.version_part(record, version)
            page = self._pages.version(
                record,
                version,
                [own, *listed],
                {**self._citation(record, version, home), "url": home + folder},
                verify=self._verification(home, [part], proofs),
            )
            yield folder + "index.html", page.encode("utf-8")
        for before, after in pairwise(record.versions):
            if after.event is not None:
                named = [notices.version_part(record, version) for version in (before, after)]
                parts = [notices.event_part(record, after.event), *named]
                page = self._pages.notice(record, after, verify=self._verification(home, parts, proofs))
                yield notices.notice_href(after.event) + "index.html", page.encode("utf-8")

    def _removed(self, record: Record, home: str) -> Pieces:
        """What stays of a removed record: its own page, those of its events without their text, and citations."""
        citation = self._citation(record, record.current, home)
        own = self._about(record, citation)
        for name, (_, _, data) in own.items():
            yield name, data
        for version in record.versions[1:]:
            if version.event is not None:
                page = self._pages.notice(record, version)
                yield notices.notice_href(version.event) + "index.html", page.encode("utf-8")
        page = self._pages.removed(record, [artifacts.facts(name, *facts) for name, facts in own.items()], citation)
        yield "index.html", page.encode("utf-8")

    def _about(self, record: Record, citation: dict[str, str]) -> dict[str, tuple[str, str, bytes]]:
        """Name -> (label, media type, bytes) of the files that are made from a record and hold nothing of its text."""
        told = correction_record(record, self._site_url)
        # Only the values that events changed can be numbers other than integers.
        data = stored_bytes(told) if record.events else _json_bytes(told)
        return {
            "corrections.json": ("Correction record", "application/json", data),
            "cite.bib": ("Citation, BibTeX", "application/x-bibtex", cite.bibtex(citation).encode()),
            "cite.ris": ("Citation, RIS", "application/x-research-info-systems", cite.ris(citation).encode()),
            "cite.csl.json": (
                "Citation, CSL-JSON",
                "application/vnd.citationstyles.csl+json",
                cite.csl(citation).encode(),
            ),
        }

    def _citation(self, record: Record, version: Version, home: str) -> dict[str, str]:
        events = record.events
        return cite.facts(version.manifest, home, correction_state(events), notice_row(events), notice_event(events))

    def _proofs(self, record: Record) -> dict[str, bytes]:
        """The proof of each file that the log has, by the file's place below the record's folder."""
        if self.log is None or not self.log.size:
            return {}
        parts = notices.parts_of(record)
        if record.events:
            parts += [notices.version_part(record, version) for version in record.versions]
        found = {part.file: self.log.proof(part.path) for part in parts}
        return {file: proof for file, proof in found.items() if proof is not None}

    def _verification(self, home: str, parts: list[Part], proofs: dict[str, bytes]) -> Verification | None:
        if self.log is None or not self.log.size:
            return None
        return Verification(home, tuple(parts), frozenset(proofs), self.log.signed)


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


def _twice(record: Record, ids: dict[str, Path]) -> list[Problem]:
    """A problem where another record, of those in ``ids``, has the id of this one."""
    short = record.manifest["work"]["short_id"]
    first = ids.setdefault(short, record.path)
    if first == record.path:
        return []
    expected, mend = f"an id that {first} does not have", "Remove one of the two."
    return [Problem(str(record.path), "/work/short_id", "REG021", json.dumps(short), expected, mend)]
