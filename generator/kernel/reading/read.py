"""The sources of a run, read beyond the abstract where their full text is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from generator.kernel.ledger import StageLedger
from generator.kernel.reading.fetch import Fetch, read_full_text
from generator.kernel.reading.passages import choose_passages
from generator.kernel.reading.sections import FullText
from generator.kernel.sources.papers import Paper
from generator.manifest.canonical import sha256_text

ABSTRACT, FULL_TEXT = "abstract", "abstract and passages of the full text"


def read_sources(
    question: str,
    sources: Sequence[dict[str, Any]],
    fetch: Fetch,
    ledger: StageLedger,
    tell: Callable[[str], None],
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """(the sources with ``full_text``, null where only the abstract was read; why each of those was not read).

    A source that was read keeps its abstract, followed by the passages that bear on the question.
    """
    read, notes = [], []
    for number, source in enumerate(sources, start=1):
        tell(f"full text {number} of {len(sources)}")
        found = read_full_text(_paper(source), ledger, fetch)
        if isinstance(found, FullText):
            read.append(_with_passages(question, source, found))
        else:
            read.append({**source, "full_text": None})
            notes.append({"source_id": source["id"], "reason": found.reason})
    return read, notes


def _with_passages(question: str, source: dict[str, Any], full: FullText) -> dict[str, Any]:
    chosen = choose_passages(question, source["text"]["content"], full)
    text = {
        "section": FULL_TEXT,
        "content": chosen.content,
        "sha256": sha256_text(chosen.content),
        "sections": [dict(part) for part in chosen.sections],
    }
    about = {
        "url": full.url,
        "media_type": full.media_type,
        "sha256": full.sha256,
        "extractor": full.extractor,
        "characters": chosen.full_characters,
    }
    return {**source, "full_text": about, "text": text}


def _paper(source: dict[str, Any]) -> Paper:
    """The paper of a run source, as far as reading it needs."""
    return Paper(
        id=source["paper_id"],
        version=source["version"],
        url=source["url"],
        title=source["title"],
        abstract=source["text"]["content"],
        authors=(),
        published=None,
        updated=None,
        categories=(),
        comment=None,
        doi=None,
        journal_ref=None,
        withdrawn=source["status"] == "withdrawn",
        origin=source["origin"],
    )
