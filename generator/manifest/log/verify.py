"""``srch log verify``: the whole log against itself, its checkpoint, the registry's files and an older checkpoint."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from generator.manifest.log.entries import CHECKPOINT_FILE, FOLDER, is_event, version_of
from generator.manifest.log.note import NoteError, Verifier, encode
from generator.manifest.log.registry import compare
from generator.manifest.log.state import AGAIN, Log, continues, load
from generator.manifest.problems import Problem, UsageError

Result = Literal["ok", "FAILED", "not done"]


@dataclass(frozen=True)
class Check:
    """One check: its name, what came of it, and a line that says what was found."""

    check: str
    result: Result
    detail: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Report:
    """``checks`` in order, the ``problems`` behind those that failed, and what the log counts."""

    origin: str
    size: int
    root: str
    key: str | None
    manifests: int
    events: int
    not_logged: int
    checks: list[Check] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def signed(self) -> bool:
        return self.key is not None


def verify(root: Path, *, older: bytes | None = None, older_name: str = "", verifier: Verifier | None = None) -> Report:
    """Check the log below the registry's ``root``; ``older`` is the file of a checkpoint that somebody kept.

    ``verifier``: a key from elsewhere, which the log must be signed with. What is in the registry and not in the log
    yet is counted, not a problem. Raises ``UsageError`` where there is no log, ``Problems`` where it cannot be read.
    """
    if not root.is_dir():
        raise UsageError(f"{root}: no such folder")
    log = load(root)
    if not log.leaves and log.opened is None:
        raise UsageError(f"{root / FOLDER}: no log here; 'srch log append' begins one")
    compared = compare(root, log.leaves)
    key = verifier or log.key
    report = Report(
        origin="" if log.opened is None else log.opened.checkpoint.origin,
        size=len(log.leaves),
        root=encode(log.tree.root()),
        key=None if key is None else key.text,
        manifests=sum(version_of(leaf.path) == 1 for leaf in log.leaves),
        events=sum(is_event(leaf.path) for leaf in log.leaves),
        not_logged=sum(version_of(leaf.path) in (1, None) for leaf in compared.pending),
    )
    counted = f"{report.size} leaves: {report.manifests} manifests, {report.events} events, {report.events} versions"
    report.checks.append(Check("entries", "ok", f"{counted} made by them"))
    _add(report, "checkpoint", f"size and root are those of the entries: {report.root}", _checkpoint(log))
    if log.signed or verifier is not None:
        _add(report, "signature", f"signed by {report.key}", log.wrong_signature(verifier))
    else:
        report.checks.append(Check("signature", "not done", "unsigned: the log has no key"))
    _add(report, "files", "every leaf is the hash of its file, or of the version its events make", compared.problems)
    if older is None:
        report.checks.append(Check("consistency", "not done", "no older checkpoint was given"))
    else:
        _add(report, "consistency", "the log goes on from the older checkpoint", _older(log, older, older_name, key))
    return report


def _checkpoint(log: Log) -> list[Problem]:
    problems = log.wrong_checkpoint()
    size = 0 if log.opened is None else log.opened.checkpoint.size
    if not problems and size != len(log.leaves):
        found = "no checkpoint" if log.opened is None else f"a checkpoint of {size} leaves"
        problems.append(Problem(log.checkpoint_file, "", "REG092", found, f"one of {len(log.leaves)}", AGAIN))
    return problems


def _older(log: Log, older: bytes, name: str, key: Verifier | None) -> list[Problem]:
    if log.opened is None:
        return []
    try:
        continues(log.tree, log.opened, older, key)
    except NoteError as error:
        mend = f"Keep both {FOLDER}/{CHECKPOINT_FILE} files: together they show that the log was not only added to."
        return [Problem(name, "", "REG095", str(error), "a checkpoint that this log goes on from", mend)]
    return []


def _add(report: Report, name: str, words: str, problems: list[Problem]) -> None:
    if problems:
        report.problems.extend(problems)
        report.checks.append(Check(name, "FAILED", f"{len(problems)} problem{'' if len(problems) == 1 else 's'}"))
    else:
        report.checks.append(Check(name, "ok", words))
