"""What the monitor keeps of a record: as little as the triggers of other records need."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from generator.manifest.contracts import table
from generator.manifest.corrections import Event, in_force
from generator.manifest.monitor.entry import NAME
from generator.manifest.monitor.keys import key, names_of, paper_key, same_words

NOT_TOLD, ACTIVE, WITHDRAWN = 0, 1, 2
_STATES = {"active": ACTIVE, "withdrawn": WITHDRAWN, "not checked": NOT_TOLD}


class PaperFact(NamedTuple):
    """What a record or an observation says of one paper: version 0 is one that is not stated."""

    key: bytes
    version: int
    state: int


class ClaimFact(NamedTuple):
    """A claim with an outcome: by its ``passage`` and its ``words`` (``None`` where it cannot be compared by them) it
    is the same as another one; ``verdict`` is its row in ``x-verdicts``. ``paper`` stands for the paper it names, 0
    for none."""

    passage: bytes | None
    words: bytes | None
    paper: int
    id: str
    verdict: int


class Gone(NamedTuple):
    """Why a record is not looked at again: the row of ``x-not-monitored`` that applies, and the event that says so."""

    words: str
    strikes: bool
    day: str
    event_id: str


class Facts(NamedTuple):
    """All that is kept of one record. ``events`` are (day, id), in their order; a record that is gone has neither
    papers nor claims."""

    public_id: str
    submitted: str | None
    events: tuple[tuple[str, str], ...]
    corrected_at: str | None
    gone: Gone | None
    papers: tuple[PaperFact, ...]
    claims: tuple[ClaimFact, ...]


def facts_of(manifest: Mapping[str, Any], events: Sequence[Event]) -> Facts:
    """The facts of a record; ``manifest`` is its current view, and ``events`` are all its events."""
    gone = gone_of(events)
    return Facts(
        public_id=manifest["work"]["public_id"],
        submitted=manifest["work"]["submitted"],
        events=tuple((event.at[:10], event.id) for event in events),
        corrected_at=max((event.at for event in events), default=None),
        gone=gone,
        papers=() if gone else tuple(_papers(manifest["provenance"])),
        claims=() if gone else tuple(claims_of(manifest)),
    )


def gone_of(events: Sequence[Event]) -> Gone | None:
    """Why the record is not looked at again; ``None`` where it is. A notice that was lifted does not count."""
    noticed = {event.notice: event for event in in_force(events)}
    for row in table(NAME, "x-not-monitored"):
        if row["notice"] in noticed:
            event = noticed[row["notice"]]
            return Gone(row["words"], row["strikes"], event.at[:10], event.id)
    return None


def claims_of(manifest: Mapping[str, Any]) -> Iterator[ClaimFact]:
    """The claims that have an outcome, in their order."""
    papers = {source["id"]: names_of(source) for source in manifest["provenance"]["sources"]}
    for claim in manifest["claims"]["records"]:
        passed = claim["verification"]["verified"]
        if passed is None:
            continue
        grounding = claim["grounding"]
        names = papers.get(grounding["source_id"], ())
        where = grounding["locator"]
        yield ClaimFact(
            passage=key("passage", names[0], where["sha256"]) if names and where else None,
            words=None if claim["truncated_at_source"] else key("words", same_words(claim["text"])),
            # eight bytes are enough to tell the papers of one claim's few namesakes apart; 0 is kept for none
            paper=int.from_bytes(paper_key(names[0])[:8]) or 1 if names else 0,
            id=claim["id"],
            verdict=_verdict(passed, claim["verification"].get("agreement")),
        )


def observed_papers(papers: Iterable[Mapping[str, Any]]) -> Iterator[PaperFact]:
    """What an observation says of its papers."""
    for paper in papers:
        state = WITHDRAWN if paper["withdrawn"] else ACTIVE
        yield PaperFact(paper_key(names_of(paper)[0]), paper["latest_version"] or 0, state)


@cache
def verdicts() -> tuple[tuple[bool, str], ...]:
    """(passed, words) of each row of ``x-verdicts``."""
    return tuple((row["passed"], row["words"]) for row in table(NAME, "x-verdicts"))


def _papers(provenance: Mapping[str, Any]) -> Iterator[PaperFact]:
    """What the record's sources, and the papers it set aside, say that others may want to know."""
    for source in provenance["sources"]:
        names, state = names_of(source), _STATES[source["status"]]
        if names and (source["version"] or state != NOT_TOLD):
            yield PaperFact(paper_key(names[0]), source["version"] or 0, state)
    for paper in provenance["retrieval"]["excluded"]:
        state = WITHDRAWN if paper["reason_code"] == "WITHDRAWN" else NOT_TOLD
        if paper["version"] or state != NOT_TOLD:
            yield PaperFact(paper_key(names_of(paper)[0]), paper["version"] or 0, state)


@cache
def _verdict(passed: bool, agreement: str | None) -> int:
    rows = table(NAME, "x-verdicts")
    fitting = [index for index, row in enumerate(rows) if row["passed"] is passed]
    exact = (index for index in fitting if rows[index]["agreement"] == agreement)
    return next(exact, fitting[-1])
