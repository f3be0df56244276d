"""Drafts of the earlier research kernel, read into run records.

A draft is plain text: title, kernel, notice and date, then the sections Abstract, 1 Introduction, 2 Methodology,
3 Results, 4 Uncertainties, 5 Extracted Claims (a tab-separated table) and References. What a draft does not say stays
null; what it says twice and differently is kept twice and named in ``origin.draft.discrepancies``.

Cut texts. The kernel that wrote the known drafts cut a title at 80 characters when it was the analysed paper's title
and at 110 when it was the question (a space left at the end was dropped), a claim at 120 and an abstract at 600, in
mid-word. Such a text is kept as found and marked. A text counts as cut when it does not end like a sentence: in
sentence punctuation or a closing quote or bracket. Titles end without punctuation when they are whole, so a title
counts as cut when the analysed title or the question goes on where it stops, or, if it belongs to neither, when it
ends open at exactly one of the two lengths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.kernel.drafts.layout import Reader, Run, split_draft
from generator.kernel.drafts.record import make_record
from generator.kernel.facts import Facts
from generator.manifest.canonical import sha256_bytes
from generator.manifest.contracts import validate
from generator.manifest.problems import Problems
from generator.manifest.strict import decode_text, read_bytes


@dataclass(frozen=True)
class ImportedRun:
    """A draft as a run record, and the owner's decision that the facts tell of (its ``run_id`` is still ``None``)."""

    run: Run
    decision: dict[str, Any] | None


def read_draft(path: Path, facts: Mapping[str, Facts] | None = None) -> ImportedRun:
    """Read one draft file; ``facts`` is what ``load_facts`` gave, the entry is found by the draft's file name.

    Raises ``UsageError`` when the file cannot be read and ``Problems``, with everything that is wrong, when it is not
    a draft that can be understood whole.
    """
    data = read_bytes(path)
    entry = facts.get(path.name) if facts else None
    text = decode_text(data, str(path), allow_bom=True)
    run = parse_draft(text, file_name=path.name, sha256=sha256_bytes(data), facts=entry, file=str(path))
    problems = validate(run, "synthesis-run", file=str(path))
    if problems:
        raise Problems(problems)
    return ImportedRun(run, _decision(entry))


def parse_draft(text: str, *, file_name: str, sha256: str, facts: Facts | None = None, file: str | None = None) -> Run:
    """The run record of a draft's text; ``file`` names it in problems (default: ``file_name``)."""
    reader = Reader(file or file_name)
    draft = split_draft(text, reader)
    if draft is None:
        raise Problems(reader.problems)
    run = make_record(draft, reader, file_name=file_name, sha256=sha256, facts=facts)
    if reader.problems:
        raise Problems(reader.problems)
    return run


def _decision(facts: Facts | None) -> dict[str, Any] | None:
    if facts is None or facts.owner_decision is None:
        return None
    return {
        "run_id": None,
        "decision": facts.owner_decision,
        "by": None,
        "reason": None,
        "decided_at": None,
        "recorded_from": "import facts",
    }
