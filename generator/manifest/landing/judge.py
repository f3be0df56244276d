"""The decision on a request: what would land, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.manifest.landing.content import Content
from generator.manifest.landing.git import Repository, history_problem
from generator.manifest.landing.history import Tree, commits, differences, merge_base, steps
from generator.manifest.landing.trees import Registry, is_steering, sort_out, touched
from generator.manifest.log import entries
from generator.manifest.problems import Problem, Problems


@dataclass(frozen=True)
class Landing:
    """What a request would bring to the tip of its base.

    ``base``, ``head``, ``merge_base`` and ``tree`` (of the merged result) are object ids, ``None`` where the request
    could not be judged so far. ``records`` and ``events`` and ``observations`` are the paths of new manifests, events
    and source observations; ``outside`` is the number of files that change beside the registry, which is not judged.
    """

    base: str | None = None
    head: str | None = None
    merge_base: str | None = None
    tree: str | None = None
    records: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    observations: tuple[str, ...] = ()
    outside: int = 0
    problems: tuple[Problem, ...] = ()

    @property
    def accepted(self) -> bool:
        """Whether it only adds, and adds only what is valid."""
        return not self.problems


def judge(path: Path, base: str, head: str, *, manifests: Path, now: str) -> Landing:
    """Judge what would land if the commit ``head`` were merged into ``base`` in the repository at ``path``.

    ``manifests`` is the registry's folder as seen from ``path``; ``now`` a time such as ``2026-01-31T12:00:00Z``.
    Raises ``UsageError`` when there is nothing to judge: no repository, no such commit, no or too old a ``git``.
    """
    state: dict[str, Any] = {}
    try:
        with Repository(path) as repository:
            state["base"] = repository.resolve(base, "--base")
            state["head"] = repository.resolve(head, "--head")
            problems = _judge(repository, Registry(repository.below_top(manifests)), now, state)
    except Problems as refused:
        problems = list(refused.problems)
    return Landing(**state, problems=tuple(sorted(set(problems))))


def _judge(repository: Repository, registry: Registry, now: str, state: dict[str, Any]) -> list[Problem]:
    base, head = state["base"], state["head"]
    fork = state["merge_base"] = merge_base(repository, base, head)
    chain = commits(repository, base, head)
    problems = _rewritten(repository, registry, fork, base)
    if problems:
        return problems
    landed = Tree(repository, base)
    tree, conflicts = merged(repository, fork, base, head)
    differs = differences(repository, base, tree) if tree else []
    if tree:
        state["tree"] = tree
        state["outside"] = sum(not registry.holds(item.path) and not is_steering(item.path) for item in differs)
        additions, problems = sort_out(differs, registry, landed, Tree(repository, tree))
        state["records"] = tuple(additions.manifests)
        state["events"] = tuple(additions.events)
        state["observations"] = tuple(additions.observations)
        problems.extend(Content(repository, registry, landed, additions).problems(now))
    return [*conflicts, *problems, *_passing(repository, registry, landed, chain, {item.file for item in problems})]


def merged(repository: Repository, fork: str, base: str, head: str) -> tuple[str | None, list[Problem]]:
    """The tree of the merge, or ``None`` and a problem for each file in which the two sides disagree."""
    if fork in (base, head):
        name = head if fork == base else base
        return repository.git("rev-parse", "--verify", f"{name}^{{tree}}")[1].decode("ascii").strip(), []
    command = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages")
    code, output = repository.git(*command, base, head, codes=(0, 1))
    tree, *files = output.decode("utf-8", "surrogateescape").rstrip("\0").split("\0")
    if code == 0:
        return tree.strip(), []
    expected = "a change that fits to what has landed since"
    mend = "Bring the branch up to date with the base and settle the file there."
    return None, [Problem(file, "", "REG088", "a merge conflict", expected, mend) for file in files if file]


def _rewritten(repository: Repository, registry: Registry, fork: str, base: str) -> list[Problem]:
    """What the base itself has changed or lost since the request left it: then its past is not what it was."""
    problems = []
    mend = "Find out who rewrote the base branch, and put back what had landed."
    for item in differences(repository, fork, base) if fork != base else ():
        if item.added or not registry.is_kept(item.path):
            continue
        kept = item.new_mode == item.old_mode and registry.is_log(item.path)
        if kept and registry.inside(item.path) == (entries.FOLDER, entries.ENTRIES_FILE):
            kept = repository.blob(item.new).startswith(repository.blob(item.old))
        if not kept:
            found = f"{'removed' if item.removed else 'changed'} on the base since commit {fork[:12]}"
            problems.append(history_problem(item.path, found, "a base that only adds", mend))
    return problems


def _passing(
    repository: Repository, registry: Registry, landed: Tree, chain: list[str], told: set[str]
) -> list[Problem]:
    """What commits of the request did to landed files, told once for a file and only where the end does not show it.

    A landed file that stands in a parent as it landed must stand in the commit. A file that the request itself brought
    may be reworked.
    """
    problems: list[Problem] = []
    for commit, item in steps(repository, chain, registry.top.rstrip("/")):
        if item.added or item.path in told or landed.entry(item.path) != (item.old_mode, item.old):
            continue
        told.add(item.path)
        problems.extend(touched(item, registry, f"commit {commit[:12]}"))
    return problems
