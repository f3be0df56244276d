"""What a site keeps of each record once its pages are written, for everything that is about all records at once."""

from __future__ import annotations

from typing import NamedTuple

from generator.manifest.store import Record
from generator.site import dumps, feed, search
from generator.site.feed import Entry
from generator.site.triage import Summary, summary_of


class Kept(NamedTuple):
    """A row of the home page, an entry of the search, the entries of the feeds, and the lines of the table of versions
    of one record."""

    summary: Summary
    search_entry: str
    feed_entries: list[Entry]
    version_lines: bytes


def kept_of(record: Record, site_url: str) -> Kept:
    """What is kept of a record without problems; ``site_url`` ends in a slash."""
    return Kept(
        summary_of(record),
        search.entry(record),
        feed.entries_of(record, site_url),
        dumps.lines(record, site_url),
    )
