"""``srch import``: drafts become run folders. All are read before anything is written; each folder is whole."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from generator.kernel.drafts import read_draft
from generator.kernel.facts import load_facts, unused_facts
from generator.manifest import runs
from generator.manifest.atomic import locked, remove_leftovers, write_folder
from generator.manifest.canonical import stored_bytes
from generator.manifest.identity import run_id
from generator.manifest.problems import Problem, Problems, UsageError
from generator.manifest.strict import load_json


@dataclass(frozen=True)
class Imported:
    """One draft's run folder; ``unchanged`` when it was imported before with the same content."""

    draft: Path
    folder: Path
    outcome: Literal["imported", "unchanged"]
    run: dict[str, Any]


def import_drafts(
    drafts: Sequence[Path], facts_file: Path | None, out: Path
) -> tuple[list[Imported], list[Problem]]:
    """(what was imported, warnings). Every draft is read before anything is written.

    Raises ``Problems`` with what is wrong in all drafts and the facts file, and ``UsageError`` when a file cannot be
    read, two drafts want one folder, or a folder holds another run already.
    """
    problems: list[Problem] = []
    facts = {}
    if facts_file is not None:
        try:
            facts = load_facts(facts_file)
        except Problems as refused:
            problems.extend(refused.problems)
    read: dict[Path, tuple[Path, dict[str, Any], dict[str, Any] | None]] = {}
    for draft in drafts:
        try:
            imported = read_draft(draft, facts)
        except Problems as refused:
            problems.extend(refused.problems)
            continue
        folder = out / (re.sub(r"[^a-z0-9]+", "-", draft.stem.lower()).strip("-") or "draft")
        if folder in read:
            raise UsageError(f"{draft} and {read[folder][0]} would share the folder {folder}; rename one of them")
        decision = imported.decision
        if decision is not None:
            decision = {**decision, "run_id": run_id(imported.run)}
        read[folder] = (draft, imported.run, decision)
    if problems:
        raise Problems(problems)
    done = []
    with locked(out):
        remove_leftovers(out)
        # nothing is written before it is known that nothing stands in the way
        unchanged = {folder for folder, (_, run, decision) in read.items() if _same(folder, run, decision)}
        for folder, (draft, run, decision) in read.items():
            if folder not in unchanged:
                files = {runs.RUN_FILE: stored_bytes(run)}
                if decision is not None:
                    files[runs.DECISION_FILE] = stored_bytes(decision)
                write_folder(folder, files)
            done.append(Imported(draft, folder, "unchanged" if folder in unchanged else "imported", run))
    warnings = unused_facts(facts, [draft.name for draft in drafts], file=str(facts_file)) if facts else []
    return done, warnings


def _same(folder: Path, run: dict[str, Any], decision: dict[str, Any] | None) -> bool:
    """Whether the folder holds this very run already; a decision recorded there since is left as it is."""
    if not folder.exists():
        return False
    file = folder / runs.RUN_FILE
    if not file.is_file() or load_json(file) != run:
        raise UsageError(f"{folder}: holds something else already; remove it, or import into another folder with --out")
    known = folder / runs.DECISION_FILE
    if decision is not None and not known.exists():
        raise UsageError(f"{folder}: was imported without the decision that the facts tell of; remove it first")
    return True
