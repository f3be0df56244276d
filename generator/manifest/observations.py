"""Observations of sources: what somebody saw at a service of papers, kept in the registry and only ever added to.

An observation is a file ``observations/<date>-<slug>.json`` below the registry's root. It follows the contract
``source-observation`` and comes in through this one door.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from generator.manifest import contracts
from generator.manifest.atomic import locked, remove_leftovers, write_file
from generator.manifest.canonical import stored_bytes
from generator.manifest.monitor.keys import names_of, shown
from generator.manifest.problems import Problem, Problems, UsageError, pointer
from generator.manifest.problems import shown as quoted
from generator.manifest.strict import loads_json, read_bytes

NAME = "source-observation"
FOLDER, SUFFIX = "observations", ".json"
FILE_NAME = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(?:-[a-z0-9]+)*\.json")
SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
MAX_SLUG = 100
_VERSION_AT_END = re.compile(r"(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})v[0-9]+")


@dataclass(frozen=True)
class Observation:
    """One valid observation: ``name`` is its file's name without the ending, ``data`` what it says."""

    name: str
    data: dict[str, Any]


def check_observation(value: Any, path: Path) -> list[Problem]:
    """All problems of an observation: its contract first and, where that holds, its place and its papers."""
    file = str(path)
    problems = [replace(problem, code="REG097") for problem in contracts.validate(value, NAME, file=file)]
    if problems:
        return problems
    return sorted([*_placed(value, path), *_papers(value["papers"], file)])


def stray_file(path: Path) -> Problem | None:
    """The problem of something among the observations that is none; ``None`` for a file that may be one."""
    if path.suffix == SUFFIX and path.is_file() and not path.is_symlink():
        return None
    mend = "Name the observation <date>-<slug>.json, or remove it."
    return Problem(str(path), "", "REG096", path.name, "only .json files", mend)


def load_observations(root: Path) -> tuple[list[Observation], list[Problem]]:
    """The valid observations of the registry at ``root`` in the order of their names, and the problems of the others.

    Raises ``UsageError`` for a file that cannot be read.
    """
    found: list[Observation] = []
    problems: list[Problem] = []
    where = root / FOLDER
    for path in sorted(where.iterdir()) if where.is_dir() else ():
        if path.name.startswith("."):
            continue
        if (stray := stray_file(path)) is not None:
            problems.append(stray)
            continue
        try:
            value = loads_json(read_bytes(path), file=str(path))
        except Problems as refused:
            problems.extend(refused.problems)
            continue
        wrong = check_observation(value, path)
        problems.extend(wrong)
        if not wrong:
            found.append(Observation(path.stem, value))
    return found, problems


def observation(
    papers: Iterable[Mapping[str, Any]], *, at: str, method: str, version: str, basis: str
) -> dict[str, Any]:
    """An observation made at ``at`` (RFC 3339, UTC), with its papers in the order of their names.

    A paper seen more than once is listed once, in its latest version, and as withdrawn where one of those who saw that
    version says so.
    """
    seen: dict[str, dict[str, Any]] = {}
    for paper in papers:
        name = names_of(paper)[0]
        known = seen.get(name)
        rank, known_rank = _rank(paper), _rank(known) if known else (-1, False)
        if rank > known_rank:
            seen[name] = dict(paper)
    return {
        **contracts.envelope(NAME),
        "observed_at": at,
        "observed_by": {"method": method, "version": version},
        "basis": basis,
        "papers": [seen[name] for name in sorted(seen)],
    }


def write_observation(folder: Path, slug: str, value: dict[str, Any]) -> Path:
    """Write an observation into ``folder`` as ``<date>-<slug>.json`` and return the file.

    Raises ``UsageError`` when there is a file of that name, whatever it holds, and ``Problems`` when the observation
    is not valid; then nothing is written.
    """
    path = folder / f"{value['observed_at'][:10]}-{slug}{SUFFIX}"
    problems = check_observation(value, path)
    if problems:
        raise Problems(problems)
    with locked(folder):
        remove_leftovers(folder)
        if path.exists() or path.is_symlink():
            raise UsageError(f"{path}: is there already, and observations are never changed; give another --slug")
        write_file(path, stored_bytes(value))
    return path


def _rank(paper: Mapping[str, Any]) -> tuple[int, bool]:
    return paper["latest_version"] or 0, paper["withdrawn"]


def _placed(value: dict[str, Any], path: Path) -> Iterator[Problem]:
    """Whether the file's name and folder are those of an observation of that day."""
    file, day = str(path), value["observed_at"][:10]
    if path.parent.name != FOLDER:
        mend = "Move the file into the folder 'observations' below the records."
        yield Problem(file, "", "REG096", f"the folder {quoted(path.parent.name)}", quoted(FOLDER), mend)
    if FILE_NAME.fullmatch(path.name) is None:
        mend = "Name the file after the day and what was looked at, in small letters: 2026-12-01-arxiv.json."
        yield Problem(file, "", "REG096", f"the name {quoted(path.name)}", "<date>-<slug>.json", mend)
    elif not path.name.startswith(day):
        mend = "Begin the file's name with the day on which the sources were seen."
        yield Problem(file, "/observed_at", "REG096", quoted(value["observed_at"]), f"a time on {path.name[:10]}", mend)


def _papers(papers: list[dict[str, Any]], file: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, paper in enumerate(papers):
        place = pointer("papers", index)
        if paper["paper_id"] is not None and _VERSION_AT_END.fullmatch(paper["paper_id"]):
            mend = "Write the version as latest_version."
            yield Problem(file, f"{place}/paper_id", "REG097", quoted(paper["paper_id"]), "an id without version", mend)
        name = names_of(paper)[0]
        if name in first:
            found = f"{shown(paper)}, which stands at {first[name]} too"
            yield Problem(file, place, "REG098", found, "each paper once", "Keep the one with the later version.")
        first.setdefault(name, index)
