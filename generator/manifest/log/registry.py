"""The registry against its log: whether each leaf still has its file, and what is not in the log yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from generator.manifest.canonical import sha256_bytes
from generator.manifest.check import check_record
from generator.manifest.corrections import FOLDER as CORRECTIONS
from generator.manifest.log.entries import ENTRIES_FILE, FOLDER, Leaf, record_of, version_path
from generator.manifest.problems import Problem, Problems
from generator.manifest.store import Record, Store, load_record
from generator.manifest.strict import read_bytes

_RESTORE = "Restore the file as it was; what is wrong in a record is corrected by an event beside it."


@dataclass
class Compared:
    """``manifests`` and ``events``: the leaves to add, in order; each event is followed by the version it makes."""

    problems: list[Problem] = field(default_factory=list)
    manifests: list[Leaf] = field(default_factory=list)
    events: list[Leaf] = field(default_factory=list)

    @property
    def pending(self) -> list[Leaf]:
        """All leaves to add, in order."""
        return self.manifests + self.events


def compare(root: Path, leaves: Sequence[Leaf]) -> Compared:
    """Read every record below ``root`` and compare it with ``leaves``.

    Problems are REG091 (a leaf whose file is gone, was edited, or that the events no longer add up to) and whatever
    keeps a record that is not in the log yet from being read and valid.
    """
    done = Compared()
    logged = {leaf.path: (line, leaf.sha256) for line, leaf in enumerate(leaves, 1)}
    seen: set[str] = set()
    first: list[tuple[str, Leaf]] = []
    for path in Store(root).paths():
        try:
            _record(path, logged, seen, done, first)
        except Problems as refused:
            # what of the record could not be looked at is not missing
            seen.update(item for item in logged if item.startswith(f"{path.parent.parent.name}/{path.parent.name}/"))
            done.problems.extend(refused.problems)
    done.manifests = [leaf for _, leaf in sorted(first, key=lambda item: (item[0], record_of(item[1].path)))]
    for name, (line, _) in logged.items():
        if name not in seen:
            done.problems.append(_mismatch(root, name, "no such file", f"the file of line {line}"))
    return done


def _record(
    path: Path,
    logged: Mapping[str, tuple[int, str]],
    seen: set[str],
    done: Compared,
    first: list[tuple[str, Leaf]],
) -> None:
    root, record = path.parents[2], f"{path.parent.parent.name}/{path.parent.name}"
    base = version_path(record, 1)
    events_there = (path.parent / CORRECTIONS).is_dir()
    if base in logged and not events_there:
        seen.add(base)
        done.problems.extend(_wrong(root, base, sha256_bytes(read_bytes(path)), logged))
        return
    whole = load_record(path)
    if base not in logged:
        problems = check_record(whole)
        if problems:
            raise Problems(problems)
        submitted = whole.manifest["work"]["submitted"]
        first.append((submitted or "", Leaf(base, sha256_bytes(whole.data))))
        done.events.extend(leaf for pair in _pairs(record, whole) for leaf in pair)
        return
    seen.add(base)
    files = {f"{record}/{CORRECTIONS}/{event.file}": event.sha256 for event in whole.events}
    seen.update(name for name in files if name in logged)
    wrong = _wrong(root, base, sha256_bytes(whole.data), logged)
    for name, sha256 in files.items():
        wrong.extend(_wrong(root, name, sha256, logged))
    gone = [name for name in logged if name.startswith(f"{record}/{CORRECTIONS}/") and name not in files]
    if wrong or gone:
        # versions made of other files than those logged would all be wrong, and say nothing more
        seen.update(name for name in logged if name.startswith(f"{record}/v"))
        done.problems.extend(wrong)
        return
    for event, version in _pairs(record, whole):
        if event.path in logged:
            seen.add(version.path)
            done.problems.extend(_wrong(root, version.path, version.sha256, logged, made=True))
        else:
            done.events += [event, version]


def _pairs(record: str, whole: Record) -> list[tuple[Leaf, Leaf]]:
    """The leaf of each event and of the version that it makes; raises ``Problems`` where an event does not fit."""
    return [
        (
            Leaf(f"{record}/{CORRECTIONS}/{version.event.file}", version.event.sha256),
            Leaf(version_path(record, version.number), version.sha256),
        )
        for version in whole.versions
        if version.event is not None
    ]


def _wrong(
    root: Path, name: str, sha256: str, logged: Mapping[str, tuple[int, str]], *, made: bool = False
) -> list[Problem]:
    line, said = logged.get(name, (0, sha256))
    if said == sha256:
        return []
    what = "a version, made of the manifest and its events, with" if made else "a file with"
    return [_mismatch(root, name, f"{what} the SHA-256 {sha256}", f"{said}, as line {line}")]


def _mismatch(root: Path, name: str, found: str, expected: str) -> Problem:
    return Problem(str(root / name), "", "REG091", found, f"{expected} of {FOLDER}/{ENTRIES_FILE} has it", _RESTORE)
