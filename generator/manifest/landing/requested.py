"""What a request changes, record by record: read from the repository's objects, as the merge would leave them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from generator.manifest.atomic import write_file
from generator.manifest.check import check_record
from generator.manifest.identity import SHORT_ID
from generator.manifest.landing.content import Content
from generator.manifest.landing.git import FILE_MODE, FOLDER_MODE, Repository
from generator.manifest.landing.history import Tree
from generator.manifest.landing.judge import Landing, judge, merged
from generator.manifest.landing.trees import MANIFEST, Additions, Registry
from generator.manifest.problems import Problems, UsageError
from generator.manifest.store import Record, load_record
from generator.manifest.strict import MAX_BYTES

MOST_KEPT = 20
"""Records of one request that are written out to be looked at."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


@dataclass(frozen=True)
class Requested:
    """A request: the gate's decision, the records it adds, those it corrects with the ids of the events that are new,
    and the folders of those that cannot be read or folded, of which the decision's problems tell."""

    landing: Landing
    new: list[Record] = field(default_factory=list)
    corrected: list[tuple[Record, frozenset[str]]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)


def requested(path: Path, base: str, head: str, *, manifests: Path, now: str, keep: Path | None = None) -> Requested:
    """What merging ``head`` into ``base`` in the repository at ``path`` would change; see ``judge`` for the rest.

    ``keep``: a new folder into which the first ``MOST_KEPT`` of these records are written as they would stand, files
    and corrections included, so that their pages can be built. Nothing is checked out.
    """
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep}: is not empty")
    landing = judge(path, base, head, manifests=manifests, now=now)
    found = Requested(landing)
    if not (landing.records or landing.events):
        return found
    # something is added, so the request could be judged up to its merged tree
    fork, base, head = (str(oid) for oid in (landing.merge_base, landing.base, landing.head))
    with Repository(path) as repository:
        registry = Registry(repository.below_top(manifests))
        tree, _ = merged(repository, fork, base, head)
        assert tree is not None, "what merged for the judge merges again"
        result = Tree(repository, tree)
        additions = Additions(manifests=_ids(result, landing.records), events=_ids(result, landing.events))
        content = Content(repository, registry, Tree(repository, base), additions)
        content.problems(now)
        events: dict[str, set[str]] = {_folder(name): set() for name in landing.records}
        for name in landing.events:
            events.setdefault(_folder(name), set()).add(Path(name).stem)
        kept = 0
        for folder, new in sorted(events.items()):
            record = _read(content.root.joinpath(*registry.inside(folder)))
            if record is None:
                found.unread.append(folder)
            elif f"{folder}/{MANIFEST}" in landing.records:
                found.new.append(record)
            else:
                found.corrected.append((record, frozenset(new)))
            if record is not None and keep is not None and kept < MOST_KEPT:
                kept += 1
                _keep(repository, result, folder, keep.joinpath(*registry.inside(folder)))
    return found


def _ids(tree: Tree, paths: Iterable[str]) -> dict[str, str]:
    return {path: entry[1] for path in paths if (entry := tree.entry(path)) is not None}


def _folder(path: str) -> str:
    return path.rpartition("/")[0].removesuffix("/corrections")


def _read(folder: Path) -> Record | None:
    """The record with its versions made, or ``None`` where a file or the fold does not hold."""
    if not SHORT_ID.match(folder.name):
        return None
    try:
        record = load_record(folder / MANIFEST)
        return None if check_record(record) else record
    except (Problems, UsageError):
        return None


def _keep(repository: Repository, tree: Tree, folder: str, place: Path) -> None:
    """Write the plain files of a record's folder below ``place``."""
    for name, mode, oid in tree.folder(folder):
        if mode == FILE_MODE and _NAME.fullmatch(name):
            data = repository.blob(oid)
            if len(data) <= MAX_BYTES:
                write_file(place / name, data)
        elif mode == FOLDER_MODE and name == "corrections":
            _keep(repository, tree, f"{folder}/{name}", place / name)
