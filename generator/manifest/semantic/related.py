"""The records of an index that are most like one of them, by the embedding of any model."""

from __future__ import annotations

from typing import NamedTuple

from generator.manifest.problems import UsageError
from generator.manifest.semantic.embedder import Embedder
from generator.manifest.semantic.relations import RELATED
from generator.manifest.semantic.store import OFFLINE, Index


class RelatedRecord(NamedTuple):
    """A record, its similarity (0 to 1, four decimals), how many papers both cite, and its mark and notice."""

    public_id: str
    title: str
    similarity: float
    shared_papers: int
    notice: str | None
    mark: str | None


def related_records(
    record: str, index: Index, *, most: int = 10, embedder: Embedder = OFFLINE, least: float = RELATED
) -> list[RelatedRecord]:
    """The records whose question (or title, where they state none) is nearest to that of ``record``, a public id.

    ``least`` was chosen for the default embedding. Raises ``UsageError`` where the record or the index is not there.
    """
    own = index.items("question", record)
    if not own and not index.holds(record):
        raise UsageError(f"{record}: no record with this id in {index.folder}; 'srch index build' takes in new ones")
    if not own:
        return []
    papers = [set(paper.origins) for paper in index.items("paper", record)]
    found = []
    for hit in index.search(own[0].text, most=most, kinds=["question"], embedder=embedder, without=record):
        if hit.similarity < least:
            break
        other = hit.item
        theirs = {name for paper in index.items("paper", other.public_id) for name in paper.origins}
        shared = sum(not theirs.isdisjoint(names) for names in papers)
        found.append(
            RelatedRecord(other.public_id, other.title, round(hit.similarity, 4), shared, other.notice, other.mark)
        )
    return found
