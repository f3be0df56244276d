"""``srch check``: every file below the given paths, every rule, all problems in one run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.manifest import cards, files, observations, runs
from generator.manifest.canonical import stored_bytes
from generator.manifest.contracts import CODE, schema_id, schema_ids
from generator.manifest.corrections import FOLDER, Event, load_events
from generator.manifest.identity import PREFIX, SHORT_ID, run_id
from generator.manifest.problems import Problem, Problems, UsageError, shown
from generator.manifest.rules import check_manifest
from generator.manifest.store import MANIFEST_FILE, Record, Store, load_record
from generator.manifest.strict import loads_json, read_bytes

Progress = Callable[[Path], None]


@dataclass
class Report:
    """What a check saw: number of files read, and every problem in file and place order."""

    files: int = 0
    problems: list[Problem] = field(default_factory=list)


def check_record(record: Record) -> list[Problem]:
    """All problems of a parsed record's manifest; cheap enough for every record in every build."""
    problems = check_manifest(record.manifest, file=str(record.path))
    problems = problems or _place(record.path, record.manifest["work"]["short_id"])
    return problems or (_fold(record) if record.events else [])


def check_paths(paths: Iterable[Path], *, progress: Progress | None = None) -> Report:
    """Check files and folders: manifests with their files and corrections, run records, decisions, verifier cards.

    Raises ``UsageError`` for a path that is not there or cannot be read.
    """
    report = Report()
    owners: dict[str, Path] = {}
    folders: set[Path] = set()
    for root in paths:
        if not root.exists():
            raise UsageError(f"{root}: no such file or folder")
        for path in _files(root):
            report.files += 1
            if progress:
                progress(path)
            try:
                if path.parent.name == FOLDER:
                    if path.parent not in folders:  # events of one record are read together
                        folders.add(path.parent)
                        found = _check_events(path.parent)
                        report.problems.extend(item for item in found if root.is_dir() or item.file == str(path))
                    continue
                report.problems.extend(_check_file(path, owners))
            except Problems as refused:
                report.problems.extend(refused.problems)
    report.problems.sort()
    return report


# what a run keeps for going on: its stages, and what was answered to its requests
_OF_A_RUN = ("stages", "requests")


def _files(root: Path) -> list[Path]:
    """The files to read: a given file itself; below a folder every manifest, run, decision, and what lies astray."""
    if not root.is_dir():
        return [root]
    found = []
    paths = (Path(base, name) for base, _, files in os.walk(root, onerror=_unreadable) for name in files)
    for path in sorted(paths):
        inside = path.relative_to(root).parts
        if any(part.startswith(".") or part in _OF_A_RUN for part in inside):
            continue
        own = path.parent.name in (FOLDER, observations.FOLDER)
        if own or (path.suffix == ".json" and not _is_read_with_another(path)):
            found.append(path)
    return found


def _unreadable(error: OSError) -> None:
    raise UsageError(f"{error.filename}: {(error.strerror or 'cannot be read').lower()}") from error


def _is_read_with_another(path: Path) -> bool:
    """A record's run is checked with its manifest; what a run was asked stands in the run itself."""
    in_record = (path.parent / MANIFEST_FILE).exists()
    return path.name == (runs.RUN_FILE if in_record else runs.REQUEST_FILE)


def _check_file(path: Path, owners: dict[str, Path]) -> list[Problem]:
    stray = observations.stray_file(path) if path.parent.name == observations.FOLDER else None
    if stray is not None:
        return [stray]
    data = read_bytes(path)
    value = loads_json(data, file=str(path))
    if path.name == runs.DECISION_FILE:
        run = path.parent / runs.RUN_FILE
        if not run.is_file():
            return [
                Problem(
                    str(path), "", "REG053", "no run.json beside it", "the run that was decided about", "Put it back."
                )
            ]
        return runs.check_decision(value, run_id(loads_json(read_bytes(run), file=str(run))), file=str(path))
    contract = value.get("schema") if isinstance(value, dict) else None
    if contract in schema_ids("synthesis-run"):
        return runs.check_run(value, file=str(path)) or _bytes(path, data, value)
    if contract in schema_ids(observations.NAME) or path.parent.name == observations.FOLDER:
        return observations.check_observation(value, path) or _bytes(path, data, value)
    if contract in schema_ids(cards.NAME):
        return cards.check_card(value, path) or _bytes(path, data, value)
    if contract not in schema_ids("paper-manifest") and path.name != MANIFEST_FILE:
        return [
            Problem(
                str(path),
                "/schema",
                "REG009",
                shown(contract) if contract is not None else "no contract",
                f"{schema_id('paper-manifest')} or {schema_id('synthesis-run')}",
                "Name the contract that the file follows, or move the file elsewhere.",
            )
        ]
    problems = check_manifest(value, file=str(path))
    if any(problem.code == CODE for problem in problems):
        return problems
    problems.extend(_bytes(path, data, value))
    if path.name == MANIFEST_FILE:
        problems.extend(_place(path, value["work"]["short_id"]))
        problems.extend(_artifacts(path, value))
    for name in {value["work"]["id"], value["work"]["public_id"]}:
        first = owners.setdefault(name, path)
        if first != path:
            problems.append(
                Problem(
                    str(path),
                    "/work/id",
                    "REG021",
                    f"{name}, which {first} has too",
                    "one record for each id",
                    "Remove one of the two.",
                )
            )
    return problems


def _check_events(folder: Path) -> list[Problem]:
    """The problems of a record's events, each by itself and all of them together."""
    manifest = folder.parent / MANIFEST_FILE
    if not manifest.is_file():
        expected, mend = f"a {MANIFEST_FILE} in {folder.parent}", "Put the event beside the record that it corrects."
        return [Problem(str(folder), "", "REG060", "corrections of no record", expected, mend)]
    events, problems = load_events(folder.parent)
    known = Store(folder.parent.parent.parent).holds
    problems.extend(problem for event in events for problem in successor(event, known))
    if problems:
        return problems
    try:
        record = load_record(manifest)
    except Problems:
        return []  # the manifest's own problems are told with it
    return [] if check_manifest(record.manifest, file=str(manifest)) else _fold(record)


def _fold(record: Record) -> list[Problem]:
    try:
        _ = record.versions
    except Problems as refused:
        return list(refused.problems)
    return []


def successor(event: Event, known: Callable[[str], bool]) -> list[Problem]:
    """The problem of an event that names a record in this one's place whose short id is not ``known``."""
    short = str(event.data.get("replaced_by") or "").removeprefix(PREFIX)
    if not short or known(short):
        return []
    expected, mend = "a record of this registry", "Publish that record first, or in the same pull request."
    return [Problem(str(event.path), "/replaced_by", "REG067", shown(PREFIX + short), expected, mend)]


def _bytes(path: Path, data: bytes, value: object) -> list[Problem]:
    if stored_bytes(value) == data:
        return []
    written = stored_bytes(value)
    same = next(
        (i for i, (a, b) in enumerate(zip(data, written, strict=False)) if a != b), min(len(data), len(written))
    )
    line = data.count(b"\n", 0, same) + 1
    return [
        Problem(
            str(path),
            f"line {line}",
            "REG008",
            "bytes that the tools would not write",
            "keys sorted, two spaces of indentation, plain UTF-8, one final newline",
            "Let 'srch publish' write the file; do not edit it by hand.",
        )
    ]


def _place(path: Path, short: str) -> list[Problem]:
    problems = []
    folder, group = path.parent.name, path.parent.parent.name
    if SHORT_ID.match(folder) and (folder != short or group != short[:2]):
        problems.append(
            Problem(
                str(path),
                "/work/short_id",
                "REG020",
                f"{short} in the folder {group}/{folder}",
                f"the folder {short[:2]}/{short}",
                "Move the record to the folder of its id.",
            )
        )
    return problems


def _artifacts(path: Path, manifest: dict[str, Any]) -> list[Problem]:
    problems = files.problems_of(manifest, path)
    if not problems:
        for item in manifest["artifacts"]:
            if item["type"] == "run" and files.is_local(item):
                problems.extend(_artifact_content(path.parent / item["url"], manifest, path))
    return problems


def _artifact_content(file: Path, manifest: dict[str, Any], path: Path) -> list[Problem]:
    """A public run record must be the very run that gave the record its id, and hold by itself."""
    run = loads_json(read_bytes(file), file=str(file))
    problems = runs.check_run(run, file=str(file))
    work = manifest["work"]
    if not problems and run_id(run) != work["id"]:
        problems.append(
            Problem(
                str(path),
                "/work/id",
                "REG023",
                shown(work["id"]),
                f"{run_id(run)}, the id of {file.name} beside it",
                "Publish the run again with 'srch publish'.",
            )
        )
    return problems
