"""The related records that a record's page names: others that ask about something similar."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from generator.manifest.corrections import is_removed
from generator.manifest.identity import public_id
from generator.manifest.semantic.marks import mark_of
from generator.manifest.semantic.relations import Relations
from generator.manifest.store import Record
from generator.site import text


class Related(NamedTuple):
    """Another record as a page names it. ``mark`` is the label of its notice, or its correction state; ``sources`` says
    how many papers both cite, where they do."""

    short_id: str
    public_id: str
    title: str
    mark: str | None
    similarity: str
    sources: str | None


class RelatedRecords:
    """What the pages of all records name; removed records are never among them.

    All records pass through ``reading`` before the first is asked for.
    """

    def __init__(self) -> None:
        self._relations = Relations()
        self._places: dict[str, int] = {}
        self._named: list[tuple[str, str, str | None]] = []

    def reading(self, records: Iterable[Record]) -> Iterator[Record]:
        """Hand the records on, and take in what is needed of each."""
        for record in records:
            if not is_removed(record.events):
                manifest = record.current.manifest
                work = manifest["work"]
                self._places[work["short_id"]] = self._relations.add(manifest)
                mark = mark_of(record.events) if record.events else None
                self._named.append((work["short_id"], work["title"], mark))
            yield record

    def block(self, record: Record) -> list[Related]:
        """The records that the page of ``record`` names, the most similar first."""
        found = []
        for alike in self._relations.of(self._places[record.manifest["work"]["short_id"]]):
            short, title, mark = self._named[alike.place]
            shared = None
            if alike.shared:
                shared = f"same sources: {alike.shared} {'paper' if alike.shared == 1 else 'papers'} cited by both"
            named = (short, public_id(short), text.one_line(title), mark, f"{alike.similarity:.2f}", shared)
            found.append(Related(*named))
        return found
