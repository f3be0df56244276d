"""What the new files say: new records by every rule, new events by the fold of the record that they correct.

Only records that the request adds or adds to are looked at. Their files are written out of the repository's objects
into a folder of our own, so nothing is read that a checkout could have changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from generator.manifest.check import check_paths, successor
from generator.manifest.corrections import Event, lifts, load_events
from generator.manifest.files import is_local
from generator.manifest.fold import versions
from generator.manifest.identity import SHORT_ID
from generator.manifest.landing.git import FILE_MODE, Repository
from generator.manifest.landing.history import Tree
from generator.manifest.landing.trees import EVENT, MANIFEST, Additions, Registry, unlisted
from generator.manifest.log import entries
from generator.manifest.problems import Problem, Problems, printable
from generator.manifest.rules import check_manifest
from generator.manifest.strict import loads_json

_UNKNOWN_HASH = "0" * 64


class Content:
    """The files of one request, written below ``repository.scratch``."""

    def __init__(self, repository: Repository, registry: Registry, base: Tree, additions: Additions) -> None:
        self._repository = repository
        self._registry = registry
        self._base = base
        self._additions = additions
        self._root = repository.scratch / "registry"
        self._folders: set[Path] = set()

    @property
    def root(self) -> Path:
        """The folder that ``problems`` fills with the records concerned, as they would stand."""
        return self._root

    def problems(self, now: str) -> list[Problem]:
        """Every problem of the additions, with the repository's paths; ``now`` is a time such as
        ``2026-01-31T12:00:00Z``, after which no event may be dated."""
        new = self._additions
        found = self._write_additions()
        landed = sorted({_record(path) for path in new.events} - {_record(path) for path in new.manifests})
        self._write_all({path: oid for folder in landed for path, oid in self._landed(folder).items()})
        self._write_order(landed)
        found.extend(self._new_records())
        for folder in sorted({_record(path) for path in new.events}):
            found.extend(self._events(folder, now))
        observations = [self._at(path) for path in new.observations]
        found.extend(check_paths(sorted(observations)).problems)
        return [self._told(problem) for problem in found]

    def _write_additions(self) -> list[Problem]:
        """Write all additions but files that no manifest lists, which are problems, as odd line ends are."""
        new = self._additions
        problems: list[Problem] = []
        listed = {_record(path): _listed(data) for path, data in self._write(new.manifests)}
        beside = {}
        for path, oid in new.files.items():
            names = listed.get(_record(path), set())
            if names is None or path.rpartition("/")[2] in names:
                beside[path] = oid
            else:
                problems.append(unlisted(path, f"{_record(path)}/{MANIFEST}"))
        for path, data in self._write({**beside, **new.events, **new.observations}):
            if path not in beside and b"\r" in data:
                line = f"line {data.count(bytes([10]), 0, data.index(bytes([13]))) + 1}"
                mend = "Save the file with line feeds only (LF, not CRLF)."
                problems.append(Problem(path, line, "REG062", "a carriage return", "lines that end in LF", mend))
        return problems

    def _landed(self, folder: str) -> dict[str, str]:
        """A record as it has landed: its manifest and events. Its other files are not needed to judge an event."""
        entry = self._base.entry(f"{folder}/{MANIFEST}")
        files = {f"{folder}/{MANIFEST}": entry[1]} if entry is not None and entry[0] == FILE_MODE else {}
        for name, mode, oid in self._base.folder(f"{folder}/corrections"):
            if mode == FILE_MODE and EVENT.fullmatch(name):
                files[f"{folder}/corrections/{name}"] = oid
        return files

    def _write_order(self, landed: Iterable[str]) -> None:
        """A log that holds the events that have landed, in their order: the base's log, then what it lacks by date.

        An event lands when it is on the base, and reaches the log a moment later. What the request adds is judged after
        all of these, whatever its date: of two requests on one fact the second is the one that does not fit.
        """
        inner = {folder: "/".join(self._registry.inside(folder)) for folder in landed}
        logged = self._logged(set(inner.values()))
        lines: list[bytes] = []
        for folder, name in inner.items():
            here = [path for path in logged.get(name, ()) if self._base.entry(self._registry.top + path)]
            rest = self._unlogged(folder, name, set(here))
            try:
                told = [entries.leaf(entries.version_path(name, 1), _UNKNOWN_HASH)]
                for number, path in enumerate([*here, *rest], 2):
                    told.append(entries.leaf(path, _UNKNOWN_HASH))
                    told.append(entries.leaf(entries.version_path(name, number), _UNKNOWN_HASH))
            except ValueError:
                continue
            lines.extend(told)
        place = self._root / entries.FOLDER / entries.ENTRIES_FILE
        place.parent.mkdir(parents=True)
        place.write_bytes(b"".join(line + b"\n" for line in lines))

    def _logged(self, records: set[str]) -> dict[str, list[str]]:
        """Record folder -> the leaf paths of its events, in the order of the base's log."""
        entry = self._base.entry(f"{self._registry.top}{entries.FOLDER}/{entries.ENTRIES_FILE}")
        found: dict[str, list[str]] = {}
        wanted = {name.encode() for name in records}
        start = len('{"path":"')
        for line in self._repository.blob(entry[1]).split(b"\n") if entry else ():
            # a large log is parsed only where it tells of these records
            leaf = entries.parse_leaf(line) if b"/".join(line[start:].split(b"/", 2)[:2]) in wanted else None
            if leaf is not None and entries.is_event(leaf.path):
                found.setdefault(entries.record_of(leaf.path), []).append(leaf.path)
        return found

    def _unlogged(self, folder: str, name: str, logged: set[str]) -> list[str]:
        """The leaf paths of the events that have landed but are not in the log yet, by date and id."""
        waiting = [
            path
            for file, mode, _ in self._base.folder(f"{folder}/corrections")
            if mode == FILE_MODE and EVENT.fullmatch(file) and (path := f"{name}/corrections/{file}") not in logged
        ]
        if len(waiting) > 1:
            # only then does their order have to be read from the files
            events, _ = load_events(self._at(folder))
            order = {f"{name}/corrections/{event.file}": number for number, event in enumerate(events)}
            waiting.sort(key=lambda path: (order.get(path, len(order)), path))
        return waiting

    def _new_records(self) -> list[Problem]:
        new = sorted(self._additions.manifests)
        paths = [self._at(path) for path in new]
        namesakes = self._namesakes(new)
        self._write_all(namesakes)
        beside = [self._at(path) for path in namesakes]
        kept = {str(path) for path in paths}
        folders = tuple(f"{path.parent}/" for path in paths)
        found = check_paths([*beside, *paths]).problems
        return [problem for problem in found if problem.file in kept or problem.file.startswith(folders)]

    def _namesakes(self, new: list[str]) -> dict[str, str]:
        """The landed manifests whose folder begins a new record's id or goes on from it: they could be of one run."""
        found: dict[str, str] = {}
        for path in new:
            group, _, short = _record(path).rpartition("/")
            for name, _, _ in self._base.folder(group):
                if SHORT_ID.fullmatch(name) and (name.startswith(short) or short.startswith(name)):
                    other = f"{group}/{name}/{MANIFEST}"
                    entry = self._base.entry(other)
                    if entry is not None and entry[0] == FILE_MODE and other not in new:
                        found[other] = entry[1]
        return found

    def _events(self, folder: str, now: str) -> list[Problem]:
        """The problems of a record's events: each by itself, its date, and what all of them add up to."""
        where = self._at(folder)
        path = where / MANIFEST
        try:
            data = path.read_bytes()
            manifest = loads_json(data, file=str(path))
        except Problems as refused:
            return list(refused.problems)
        events, problems = load_events(where)
        # what is no valid manifest cannot be corrected, and its own problems say why
        wrong = check_manifest(manifest, file=str(path))
        if wrong:
            return [*problems, *wrong]
        new = {str(self._at(path)) for path in self._additions.events if _record(path) == folder}
        for event in events:
            if str(event.path) in new:
                problems.extend(dates(event, manifest["work"]["submitted"], now))
                problems.extend(successor(event, self._known))
        if problems:
            return problems
        try:
            versions(manifest, data, events, file=str(path))
        except Problems as refused:
            return list(refused.problems)
        return self._by_date(folder, manifest, data, events, new)

    def _by_date(
        self, folder: str, manifest: dict[str, Any], data: bytes, events: list[Event], new: set[str]
    ) -> list[Problem]:
        """A new event must hold by date too, beside those that have landed and are not in the log yet: until the log is
        appended, and in the order in which it will be, they stand by date."""
        inner = "/".join(self._registry.inside(folder))
        known = {path.rpartition("/")[2] for path in self._logged({inner}).get(inner, ())}
        logged = [event for event in events if event.file in known]
        waiting = sorted((event for event in events if event.file not in known), key=lambda event: (event.at, event.id))
        dated = [*logged, *waiting]
        if dated == events:
            return []
        try:
            holds = not lifts(dated)
            versions(manifest, data, dated, file="")
        except Problems:
            holds = False
        if not holds:
            last = next(event for event in reversed(events) if str(event.path) not in new)
            expected = f"a time after {last.at} of {last.file}, which has landed and is not in the log yet"
            mend = "Date the event after that one, or wait until the main branch has appended its log."
            return [
                Problem(str(event.path), "/corrected_at", "REG063", event.at, expected, mend)
                for event in waiting
                if str(event.path) in new and (event.at, event.id) < (last.at, last.id)
            ]
        return []

    def _known(self, short: str) -> bool:
        """Whether a record has landed, or is added too."""
        manifest = f"{self._registry.top}{short[:2]}/{short}/{MANIFEST}"
        return manifest in self._additions.manifests or self._base.entry(manifest) is not None

    def _at(self, path: str) -> Path:
        """Where a path of the repository lies in the folder of our own."""
        return self._root.joinpath(*self._registry.inside(path))

    def _write(self, files: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
        """Write files, path -> id of the blob, and give their bytes while they are at hand."""
        for path, (_, data) in zip(files, self._repository.blobs(files.values()), strict=True):
            place = self._at(path)
            if place.parent not in self._folders:
                place.parent.mkdir(parents=True, exist_ok=True)
                self._folders.add(place.parent)
            place.write_bytes(data)
            yield path, data

    def _write_all(self, files: Mapping[str, str]) -> None:
        for _ in self._write(files):
            pass

    def _told(self, problem: Problem) -> Problem:
        """The problem with the repository's paths in the place of our own."""

        def mapped(text: str) -> str:
            return text.replace(f"{self._root}/", self._registry.top)

        texts = {name: mapped(getattr(problem, name)) for name in ("file", "found", "expected", "mend")}
        return replace(problem, **texts)


def _record(path: str) -> str:
    """The record's folder of a path in it, as the repository has it."""
    folder = path.rpartition("/")[0]
    return folder.removesuffix("/corrections")


def _listed(data: bytes) -> set[str] | None:
    """Names of the files that a new manifest lists; ``None`` for one that cannot be read, of which the rules tell."""
    try:
        manifest: Any = loads_json(data, file="")
        return {str(item["url"]) for item in manifest["artifacts"] if is_local(item)}
    except (Problems, KeyError, TypeError):
        return None


def dates(event: Event, submitted: str | None, now: str) -> list[Problem]:
    """The problem of an event dated after ``now`` or before its record was ``submitted``."""
    file = str(event.path)
    if event.at > now:
        mend = "Give the time at which the correction is made."
        return [Problem(file, "/corrected_at", "REG086", event.at, f"a time that has come; it is {now}", mend)]
    if submitted is not None and event.at[:10] < submitted[:10]:
        mend = "Give the time at which the correction is made."
        expected = f"a day not before {printable(submitted)}, when the record was submitted"
        return [Problem(file, "/corrected_at", "REG086", event.at, expected, mend)]
    return []
