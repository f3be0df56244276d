"""The commits of a request: where it leaves the base, and whether any of them touches what has landed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from generator.manifest.landing.git import FOLDER_MODE, Repository, history_problem
from generator.manifest.problems import Problems

_COMMIT = re.compile(rb"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True)
class Difference:
    """One path that two trees hold differently; mode ``000000`` where it is not there. No folders, no renames."""

    path: str
    old_mode: str
    new_mode: str
    old: str
    new: str

    @property
    def added(self) -> bool:
        return int(self.old_mode, 8) == 0

    @property
    def removed(self) -> bool:
        return int(self.new_mode, 8) == 0


def differences(repository: Repository, old: str, new: str) -> list[Difference]:
    """What differs between two commits or trees, in the order of the paths."""
    output = repository.git("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff", old, new)[1]
    return [difference for _, difference in _parsed(output)]


def merge_base(repository: Repository, base: str, head: str) -> str:
    """The one commit at which ``head`` left ``base``; raises ``Problems`` where there is none, or more than one."""
    code, output = repository.git("merge-base", "--all", base, head, codes=(0, 1))
    found = output.decode("ascii").split()
    if len(found) == 1:
        return found[0]
    place = f"{base[:12]}..{head[:12]}"
    if code or not found:
        told, mend = "no commit that base and head share", "Make the request from a branch of the base."
    else:
        told = f"{len(found)} merge bases: {', '.join(oid[:12] for oid in sorted(found))}"
        mend = "Put the request's commits on top of the base anew (git rebase), so that it leaves the base once."
    expected = "one commit at which the request leaves the base"
    raise Problems([history_problem(repository.name, told, expected, mend, place)])


def commits(repository: Repository, base: str, head: str) -> list[str]:
    """The commits of the request, parents first; raises ``Problems`` for each that has no parent."""
    output = repository.git("rev-list", "--reverse", "--topo-order", "--parents", head, f"^{base}")[1]
    found = [line.split() for line in output.decode("ascii").splitlines()]
    mend = "Leave the foreign history out: bring its files in as new commits on a branch of the base."
    expected = "commits that descend from the base"
    roots = [
        history_problem(repository.name, "a commit without a parent", expected, mend, f"commit {oid[:12]}")
        for oid, *parents in found
        if not parents
    ]
    if roots:
        raise Problems(roots)
    return [oid for oid, *_ in found]


def steps(repository: Repository, commits: list[str], below: str) -> Iterator[tuple[str, Difference]]:
    """(commit, difference) for each parent of each commit, below the folder ``below`` (everything, if empty)."""
    if not commits:
        return
    command = ["diff-tree", "--stdin", "-m", "-r", "-z", "--raw", "--no-renames", "--no-ext-diff"]
    output = repository.git(*command, *(["--", below] if below else []), given="\n".join([*commits, ""]).encode())[1]
    yield from _parsed(output)


class Tree:
    """The files of a commit or tree, looked up by path; each folder is read once."""

    def __init__(self, repository: Repository, name: str) -> None:
        self._repository = repository
        root = repository.git("rev-parse", "--verify", f"{name}^{{tree}}")[1].decode("ascii").strip()
        self._folders = {"": repository.folder(root)}
        self._entries: dict[str, dict[str, tuple[str, str]]] = {}

    def folder(self, path: str) -> list[tuple[str, str, str]]:
        """(name, mode, id) of the entries of the folder ``path`` (the root: empty); nothing where there is none."""
        if path not in self._folders:
            mode, oid = self.entry(path) or ("", "")
            self._folders[path] = self._repository.folder(oid) if mode == FOLDER_MODE else []
        return self._folders[path]

    def entry(self, path: str) -> tuple[str, str] | None:
        """(mode, id) of what lies at ``path``, folder or file; ``None`` where nothing does."""
        above, _, name = path.rpartition("/")
        if above not in self._entries:
            self._entries[above] = {entry: (mode, oid) for entry, mode, oid in self.folder(above)}
        return self._entries[above].get(name)


def _parsed(output: bytes) -> Iterator[tuple[str, Difference]]:
    """The raw form of ``git diff-tree -z``: ids of commits, and for each path its two modes and ids."""
    commit = ""
    fields = iter(output.split(b"\0"))
    for field in fields:
        if field.startswith(b":"):
            old_mode, new_mode, old, new, _ = field[1:].decode("ascii").split(" ")
            path = next(fields).decode("utf-8", "surrogateescape")
            yield commit, Difference(path, old_mode, new_mode, old, new)
        elif _COMMIT.fullmatch(field):
            commit = field.decode("ascii")
