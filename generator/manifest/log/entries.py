"""What the log holds: ``log/entries.jsonl``, one leaf for each line, only ever added to.

The line without its newline is the leaf: the RFC 8785 JSON of ``{"path": ..., "sha256": ...}``. Three kinds of path
are there: ``E5/E50A8461/manifest.json`` (version 1, the file as published),
``E5/E50A8461/corrections/2026-11-30-x.yml`` (an event) and, right after it, ``E5/E50A8461/v2/manifest.json`` (the
version that this event makes: no file of the registry, computed from the manifest and its events).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from generator.manifest.problems import Problem, Problems, shown
from generator.manifest.strict import read_bytes

FOLDER = "log"
ENTRIES_FILE = "entries.jsonl"
CHECKPOINT_FILE = "checkpoint"
KEY_FILE = "key"

MAX_BYTES = 1 << 30  # eight million leaves
MAX_LINE = 1024  # tlog-tiles gives a leaf at most 65,535 bytes; a file name has at most 255

PATH_PATTERN = (
    r"(?P<record>(?P<group>[0-9A-F]{2})/(?P=group)[0-9A-F]{6,62})/"
    r"(?:(?P<base>manifest\.json)"
    r"|(?P<event>corrections/[0-9]{4}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(?:-[a-z0-9]+)*\.yml)"
    r"|v(?P<version>[2-9]|[1-9][0-9]{1,5})/manifest\.json)"
)
# No path or hash holds a character that JSON escapes, so this is the canonical form and there is no other.
_LINE = re.compile(rb'\{"path":"(?P<path>' + PATH_PATTERN.encode() + rb')","sha256":"(?P<sha256>[0-9a-f]{64})"\}')
_PATH = re.compile(PATH_PATTERN)
_FORM = '{"path":"<two digits>/<ID>/<file>","sha256":"<64 lower-case hex digits>"} and a newline'
_MEND = f"Take {FOLDER}/{ENTRIES_FILE} from the main branch again; only 'srch log append' writes it."


@dataclass(frozen=True, slots=True)
class Leaf:
    """One leaf: the path below the registry's root and the SHA-256 of the bytes there, 64 lower-case hex digits."""

    path: str
    sha256: str

    @property
    def data(self) -> bytes:
        """The bytes that the tree hashes."""
        return leaf(self.path, self.sha256)


def leaf(path: str, sha256: str) -> bytes:
    """The bytes of a leaf; raises ``ValueError`` for a path or a hash that the log does not take."""
    data = f'{{"path":"{path}","sha256":"{sha256}"}}'.encode()
    if len(data) > MAX_LINE or _LINE.fullmatch(data) is None:
        raise ValueError(f"{shown(path)} with {shown(sha256)} is no leaf of the log")
    return data


def parse_leaf(data: bytes) -> Leaf | None:
    """The leaf with these bytes, or ``None`` where they are no leaf in its one canonical form."""
    match = _LINE.fullmatch(data) if len(data) <= MAX_LINE else None
    return None if match is None else Leaf(match["path"].decode(), match["sha256"].decode())


def record_of(path: str) -> str:
    """The record's folder, such as ``E5/E50A8461``, of a leaf path; ``ValueError`` for what is no leaf path."""
    return _matched(path)["record"]


def is_event(path: str) -> bool:
    """Whether a leaf path is a correction event's; ``ValueError`` for what is no leaf path."""
    return _matched(path)["event"] is not None


def version_of(path: str) -> int | None:
    """The number of the manifest version at a leaf path, ``None`` for an event; ``ValueError`` for no leaf path."""
    match = _matched(path)
    if match["event"] is not None:
        return None
    return 1 if match["version"] is None else int(match["version"])


def version_path(record: str, number: int) -> str:
    """The leaf path of a version of the record whose folder is ``record``."""
    return f"{record}/manifest.json" if number == 1 else f"{record}/v{number}/manifest.json"


def read(root: Path) -> list[Leaf]:
    """The leaves of the log below the registry's ``root``, in order; an empty list without a log.

    Raises ``Problems`` (REG090) with every line that is no leaf, is there already, or stands in the wrong place, and
    ``UsageError`` when the file cannot be read.
    """
    path = root / FOLDER / ENTRIES_FILE
    if not path.exists() and not path.is_symlink():
        return []
    return parse(read_bytes(path, limit=MAX_BYTES), str(path))


def parse(data: bytes, file: str) -> list[Leaf]:
    """The leaves in the bytes of an ``entries.jsonl``; ``file`` names it in the ``Problems``, as :func:`read` says."""
    lines = data.split(b"\n")
    rest = lines.pop()
    leaves: list[Leaf] = []
    problems: list[Problem] = []
    for number, line in enumerate(lines, 1):
        found = parse_leaf(line)
        if found is None:
            problems.append(_problem(file, number, _cut(line), _FORM))
        else:
            leaves.append(found)
    if rest:
        problems.append(_problem(file, len(lines) + 1, f"{_cut(rest)} without a newline at its end", _FORM))
    # places can be judged only where every line is a leaf
    problems = problems or _misplaced(leaves, file)
    if problems:
        raise Problems(problems)
    return leaves


def _misplaced(leaves: list[Leaf], file: str) -> list[Problem]:
    """The leaves that are there twice, before what they build on, or not followed by the version they make."""
    problems: list[Problem] = []
    first: dict[str, int] = {}
    newest: dict[str, int] = {}
    awaited: str | None = None
    for number, item in enumerate(leaves, 1):
        match = _matched(item.path)
        record = match["record"]
        if item.path in first:
            problems.append(_problem(file, number, f"{item.path} again", f"only line {first[item.path]} with it"))
        elif awaited is not None and item.path != awaited:
            problems.append(_problem(file, number, item.path, f"{awaited}, which the event one line above makes"))
        elif awaited is None and match["version"] is not None:
            problems.append(_problem(file, number, item.path, "a version right below the event that makes it"))
        elif match["base"] is None and record not in newest:
            problems.append(_problem(file, number, item.path, f"{record}/manifest.json above it"))
        first.setdefault(item.path, number)
        if match["base"] is not None:
            newest.setdefault(record, 1)
        awaited = None
        if match["event"] is not None:
            newest[record] = newest.get(record, 1) + 1
            awaited = version_path(record, newest[record])
    if awaited is not None:
        problems.append(_problem(file, len(leaves), "the end of the file", f"{awaited} as the next line"))
    return problems


_kept: dict[Path, tuple[tuple[int, ...], Mapping[str, int] | Problems]] = {}
_KEPT_AT_MOST = 8


def landed(root: Path) -> Mapping[str, int]:
    """Leaf path -> index of everything in the log below ``root``; empty without a log.

    What was read is kept until the file changes (its time, size or number), so a call for every record costs one
    look at the file's status. Raises what :func:`read` raises.
    """
    path = root / FOLDER / ENTRIES_FILE
    try:
        status = path.stat()
    except OSError:
        return MappingProxyType({index.path: number for number, index in enumerate(read(root))})
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino, status.st_dev)
    held = _kept.get(path)
    if held is None or held[0] != stamp:
        try:
            found: Mapping[str, int] | Problems
            found = MappingProxyType({item.path: index for index, item in enumerate(read(root))})
        except Problems as refused:
            found = refused
        while len(_kept) >= _KEPT_AT_MOST:
            del _kept[next(iter(_kept))]
        held = _kept[path] = (stamp, found)
    if isinstance(held[1], Problems):
        raise Problems(held[1].problems)
    return held[1]


def _matched(path: str) -> re.Match[str]:
    match = _PATH.fullmatch(path)
    if match is None:
        raise ValueError(f"{shown(path)} is no path of a leaf")
    return match


def _cut(line: bytes) -> str:
    return f"a line of {len(line)} bytes" if len(line) > MAX_LINE else shown(line.decode("utf-8", "replace"), 200)


def _problem(file: str, line: int, found: str, expected: str) -> Problem:
    return Problem(file, f"line {line}", "REG090", found, expected, _MEND)
