"""Atom feeds (RFC 4287): what was published, what was corrected, and which records readers are warned of.

``feed.atom`` and ``feed-corrections.atom`` hold the newest entries only; the table of all versions below ``/data/``
has everything. ``feed-retractions.atom`` is whole at any time and says so (a complete feed, RFC 5005).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from xml.etree import ElementTree

from generator.manifest.contracts import table
from generator.manifest.corrections import NAME, Event, in_force, is_removed, notice_row
from generator.manifest.fold import Version
from generator.manifest.from_run import PUBLISHER
from generator.manifest.store import Record
from generator.site.cite import NOTE
from generator.site.text import clean, one_line

ALL, CORRECTIONS, RETRACTIONS = "feed.atom", "feed-corrections.atom", "feed-retractions.atom"
MEDIA_TYPE = "application/atom+xml"
LIMIT = 200
"""Entries in a feed that is not complete."""
EMPTY_SINCE = "1970-01-01T00:00:00Z"
"""A feed must say when it last changed; one that never held an entry says this, which is no time of any record."""

_ATOM, _HISTORY = "http://www.w3.org/2005/Atom", "http://purl.org/syndication/history/1.0"
_ABSTRACT_LIMIT = 600
_WARNING = ("mark", "remove")


class Entry(NamedTuple):
    """One entry; ``address`` is both its permanent id and the page that it leads to.

    ``updated`` and ``published`` are times in UTC to the second; ``published`` is ``None`` where the day is not known.
    ``record_url`` is the page of the record that a correction is about, ``None`` in a record's own entry; ``warns``
    says whether the entry is about a notice that marks or removes a record.
    """

    address: str
    title: str
    published: str | None
    updated: str
    summary: str
    categories: tuple[tuple[str, str], ...]
    author: str | None
    record_url: str | None
    warns: bool

    @property
    def is_event(self) -> bool:
        """Whether this is a correction event and not a record."""
        return self.record_url is not None


def entries_of(record: Record, site_url: str) -> list[Entry]:
    """The entry of a record and those of its events; ``site_url`` ends in a slash.

    A record whose day nobody knows has an entry only once it was corrected: an entry must say when it changed.
    """
    versions = record.versions
    home = f"{site_url}paper/{record.manifest['work']['short_id']}/"
    found = [_event(record, version, version.event, home) for version in versions if version.event is not None]
    since = versions[-1].since
    return found if since is None else [_record(record, home, versions[0].since, since), *found]


def files(entries: Sequence[Entry], site_url: str, site_name: str) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each feed of a site."""
    # Newest first; of what changed at one time, the later event first, and last the record that they changed.
    ordered = sorted(entries, key=lambda entry: entry.address)
    ordered.sort(key=lambda entry: (entry.updated, entry.is_event, entry.published or ""), reverse=True)
    events = [entry for entry in ordered if entry.is_event]
    warnings = [entry for entry in events if entry.warns]
    name = one_line(site_name)
    yield ALL, _atom(ordered[:LIMIT], ALL, f"{name}: records and corrections", site_url)
    yield CORRECTIONS, _atom(events[:LIMIT], CORRECTIONS, f"{name}: corrections", site_url)
    title = f"{name}: retractions, removals and concerns"
    yield RETRACTIONS, _atom(warnings, RETRACTIONS, title, site_url, complete=True)


def _record(record: Record, home: str, published: str | None, updated: str) -> Entry:
    manifest, row = record.current.manifest, notice_row(record.events)
    work, state = manifest["work"], manifest["correction_record"]["state"]
    parts = [f"{NOTE}."]
    if work["sample"]:
        parts.append("Sample record: the papers behind it are invented.")
    if row is not None:
        parts.append(f"{row['banner']}.")
    if not is_removed(record.events):
        abstract = one_line(work["abstract"])
        parts.append(abstract if len(abstract) <= _ABSTRACT_LIMIT else abstract[: _ABSTRACT_LIMIT - 1] + "…")
    prefix = (row or {}).get("title_prefix") or ""
    states = {item["state"]: item["label"] for item in table(NAME, "x-states")}
    categories = [("record", "Record"), (state, states[state])]
    if row is not None:
        categories.append((row["notice"], row["label"]))
    return Entry(
        address=home,
        title=one_line(f"{prefix}{work['public_id']}: {work['title']}"),
        published=_moment(published) if published else None,
        updated=_moment(updated),
        summary=" ".join(parts),
        categories=tuple(categories),
        author=None,
        record_url=None,
        warns=False,
    )


def _event(record: Record, version: Version, event: Event, home: str) -> Entry:
    """An event's entry changes once more when a later event lifts its notice."""
    work = record.current.manifest["work"]
    rows = {row["notice"]: row for row in table(NAME, "x-notices")}
    row = rows.get(event.notice)
    lifted = next((other for other in record.events if other.id == event.data.get("lifts")), None)
    undone = rows.get(lifted.notice) if lifted is not None else None
    standing = event in in_force(record.events)
    lifting = next((item for item in record.versions if item.event and item.event.data.get("lifts") == event.id), None)
    kind = event.data["correction_type"]
    if row is not None:
        what = row["notice_title"] if standing else f"{row['notice_title']}, no longer in force"
    elif undone is not None:
        what = f"{undone['notice_title']} lifted"
    else:
        what = f"Correction of {kind.lower().replace('_', ' ')}"
    categories = [(kind, kind.capitalize().replace("_", " "))]
    if row is not None:
        categories.insert(0, (row["notice"], row["label"]))
    return Entry(
        address=f"{home}notices/{event.id}/",
        title=one_line(f"{what}: {work['public_id']}: {work['title']}"),
        published=event.at,
        updated=(lifting or version).since or event.at,
        summary=event.data["public_note"].strip(),
        categories=tuple(categories),
        author=one_line(event.data["issued_by"]),
        record_url=home,
        warns=any(item is not None and item["treatment"] in _WARNING for item in (row, undone)),
    )


def _atom(entries: Sequence[Entry], path: str, title: str, site_url: str, *, complete: bool = False) -> bytes:
    feed = ElementTree.Element("feed", {"xmlns": _ATOM, "xml:lang": "en"})
    if complete:
        feed.set("xmlns:fh", _HISTORY)
        ElementTree.SubElement(feed, "fh:complete")
    _text(feed, "id", site_url + path)
    _text(feed, "title", title)
    _text(feed, "subtitle", f"{NOTE}.")
    _text(feed, "updated", max((entry.updated for entry in entries), default=EMPTY_SINCE))
    _text(ElementTree.SubElement(feed, "author"), "name", PUBLISHER["name"])
    _link(feed, "self", MEDIA_TYPE, site_url + path)
    _link(feed, "alternate", "text/html", site_url)
    for entry in entries:
        _put(ElementTree.SubElement(feed, "entry"), entry)
    ElementTree.indent(feed, "")
    data: bytes = ElementTree.tostring(feed, encoding="utf-8", xml_declaration=True)
    return data + b"\n"


def _put(element: ElementTree.Element, entry: Entry) -> None:
    _text(element, "id", entry.address)
    _text(element, "title", entry.title)
    if entry.published is not None:
        _text(element, "published", entry.published)
    _text(element, "updated", entry.updated)
    if entry.author is not None:
        _text(ElementTree.SubElement(element, "author"), "name", entry.author)
    _link(element, "alternate", "text/html", entry.address)
    if entry.record_url is not None:
        _link(element, "related", "text/html", entry.record_url)
    for term, label in entry.categories:
        ElementTree.SubElement(element, "category", {"term": term, "label": label})
    _text(element, "summary", entry.summary)


def _text(parent: ElementTree.Element, name: str, value: str) -> None:
    """An element with text in it, plain text in Atom's sense; control characters cannot stand in XML."""
    ElementTree.SubElement(parent, name).text = clean(value)


def _link(parent: ElementTree.Element, rel: str, media_type: str, address: str) -> None:
    ElementTree.SubElement(parent, "link", {"rel": rel, "type": media_type, "href": address})


def _moment(since: str) -> str:
    """A day is its first second."""
    return since if "T" in since else f"{since}T00:00:00Z"
