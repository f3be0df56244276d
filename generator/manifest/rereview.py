"""Re-review: what another verifier says of a published record's claims. It rewrites nothing; a record is corrected by
an event beside it, as ever.

The record's public run holds its claims and the texts of its sources, so anyone can do this. This module knows no
verifier: the caller hands in a function, such as ``generator.kernel.verification.several.verify_claims`` with one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.manifest import cards, runs
from generator.manifest.claims import rules_version
from generator.manifest.identity import run_id
from generator.manifest.problems import Problems, UsageError
from generator.manifest.rules import check_manifest
from generator.manifest.store import MANIFEST_FILE
from generator.manifest.strict import load_json

Claims = list[dict[str, Any]]
Verify = Callable[[Claims, Claims], Claims]
"""``(claims, sources) -> claims`` with their ``verification`` filled anew; both in the shapes of the run record."""


@dataclass(frozen=True)
class ClaimReview:
    """One claim: ``old`` and ``new`` are its ``verification`` objects, as published and as made now."""

    id: str
    text: str
    old: dict[str, Any]
    new: dict[str, Any]

    @property
    def changed(self) -> bool:
        """Whether the claim passes now and did not, or the other way round."""
        return bool(self.old["verified"] is not self.new["verified"])

    @property
    def reasons(self) -> list[str]:
        """Why the new verdict is what it is."""
        return list(self.new.get("reasons", ()))


@dataclass(frozen=True)
class Rereview:
    """A record seen again: why it is due, if it is, and each of its claims in their order."""

    public_id: str
    due: str | None
    claims: tuple[ClaimReview, ...]


def due(manifest: dict[str, Any]) -> str | None:
    """Why a record is due for re-review, as one sentence; ``None`` when it is not.

    An imported record never is: its sources' texts are not at hand, so nobody can verify its claims again.
    """
    if manifest["provenance"]["kernel"]["mode"] == "imported":
        return None
    method = cards.default_method()
    if rules_version(manifest["quality_assessment"]) == "1.0":
        return "Made by rules 1.0, which let every method's verdict count as verified."
    used = manifest["quality_assessment"]["rules"]["verifier"]
    newest = cards.newest_version(method)
    if used["method"] != method or used["version"] is None or newest is None:
        return None
    if cards.is_older(used["version"], newest):
        return f"Verified by {method} {used['version']}; {method} {newest} has been measured since."
    return None


def rereview(record_folder: Path, verify: Verify) -> Rereview:
    """The claims of the record in ``record_folder`` (or of its manifest file), verified again by ``verify``.

    Nothing is written. Raises ``UsageError`` when there is no record, or no public run with its sources' texts, and
    ``Problems`` when the record or its run is not valid.
    """
    folder = record_folder.parent if record_folder.name == MANIFEST_FILE else record_folder
    file, run_file = folder / MANIFEST_FILE, folder / runs.RUN_FILE
    if not file.is_file():
        raise UsageError(f"{record_folder}: no {MANIFEST_FILE} in it")
    manifest = load_json(file)
    problems = check_manifest(manifest, file=str(file))
    if problems:
        raise Problems(problems)
    if not run_file.is_file():
        raise UsageError(f"{folder}: no public {runs.RUN_FILE}; its claims cannot be verified again")
    run = load_json(run_file)
    problems = runs.check_run(run, file=str(run_file))
    if problems:
        raise Problems(problems)
    if run_id(run) != manifest["work"]["id"]:
        raise UsageError(f"{run_file}: not the run of the record beside it (see 'srch check {folder}')")
    again = verify(run["claims"], run["sources"])
    return Rereview(
        public_id=manifest["work"]["public_id"],
        due=due(manifest),
        claims=tuple(
            ClaimReview(old["id"], old["text"], old["verification"], new["verification"])
            for old, new in zip(run["claims"], again, strict=True)
        ),
    )
