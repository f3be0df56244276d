"""Corrections in words: the banner over a record, its versions, each event with what it changed, and how a reader can
check all of it. Addresses are relative to the record's own page; a page below it puts its ``base`` before them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from generator.manifest.contracts import table
from generator.manifest.corrections import NAME, Event, correction_state, in_force, is_removed, notice_event, notice_row
from generator.manifest.fold import Version
from generator.manifest.identity import PREFIX
from generator.manifest.store import MANIFEST_FILE, Record
from generator.site import changes
from generator.site.text import http_url

PROOF_SUFFIX = ".tlog-proof"
PLAIN_TITLE = "Correction"
SHORT_HASH = 12
_BANNERS = ("remove", "mark", "banner")

# The blocks of the pages that are no record pages: anchor and heading, in their order.
NOTICE_BLOCKS = {"notice": "Notice", "changes": "Changes", "versions": "Versions", "verify": "Verify"}
REMOVED_BLOCKS = {
    "notice": "Notice",
    "about": "About this record",
    "correction-record": "Correction Record",
    "cite": "Cite",
    "files": "Files",
}


class Log(Protocol):
    """What the pages need of a published log; ``size`` is 0 without one."""

    size: int
    signed: bool

    def proof(self, path: str) -> bytes | None:
        """The proof of the leaf with this path, or ``None`` where it is not in the log."""


class Part(NamedTuple):
    """A file of a record that the log can have a leaf for: ``path`` in the log, ``file`` below the record's folder."""

    label: str
    path: str
    file: str

    @property
    def proof(self) -> str:
        return self.file + PROOF_SUFFIX


@dataclass(frozen=True)
class Verification:
    """What a page's own check reads: its parts, and which of them the log has (by ``file``)."""

    url: str
    parts: tuple[Part, ...]
    logged: frozenset[str]
    signed: bool

    def view(self, base: str = "") -> dict[str, Any]:
        """For the template; ``base`` leads from the page to the record's folder."""
        items = [
            {
                "label": part.label,
                "path": part.path,
                "file": base + part.file,
                "proof": base + part.proof if part.file in self.logged else None,
            }
            for part in self.parts
        ]
        return {
            "log": f"{base}../../log/",
            "items": json.dumps(items, ensure_ascii=False),
            "signed": self.signed,
            "command": f"srch verify {self.url}",
            "files": [(item["label"], item["proof"]) for item in items],
        }


def version_part(record: Record, version: Version, *, at_home: bool = False) -> Part:
    """A version's manifest under its own address, or ``at_home``, where the current version stands."""
    count = len(record.versions)
    above = "" if version.number == 1 else f"v{version.number}/"
    name = f"Manifest of version {version.number}{', the current one' * (version.number == count)}"
    file = MANIFEST_FILE if at_home else f"v{version.number}/{MANIFEST_FILE}"
    return Part(name if count > 1 else "Manifest", f"{_leaf_folder(record)}{above}{MANIFEST_FILE}", file)


def event_part(record: Record, event: Event) -> Part:
    """An event's own file."""
    return Part(f"Event {event.id}", f"{_leaf_folder(record)}{event_file(event)}", event_file(event))


def parts_of(record: Record) -> list[Part]:
    """What the record's page can be checked by: every version, the current one at the record's address, every event."""
    *earlier, current = record.versions
    parts = [*(version_part(record, version) for version in earlier), version_part(record, current, at_home=True)]
    return [*parts, *(event_part(record, event) for event in record.events)]


def event_file(event: Event) -> str:
    """Where the event's own file is served, below the record's folder."""
    return f"corrections/{event.file}"


def row_of(event: Event) -> dict[str, Any] | None:
    """The row of ``x-notices`` for an event's notice."""
    return next((row for row in table(NAME, "x-notices") if row["notice"] == event.notice), None)


def title_of(event: Event) -> str:
    """What an event's own page calls it: ``Retraction``, or ``Correction`` where it is no formal notice."""
    row = row_of(event)
    return str(row["notice_title"]) if row else PLAIN_TITLE


def prefix(events: Sequence[Event]) -> str:
    """What stands before the title: ``RETRACTED: `` while such a notice is in force."""
    row = notice_row(events)
    return str(row["title_prefix"] or "") if row else ""


def banner(events: Sequence[Event], base: str = "") -> dict[str, Any] | None:
    """The gravest notice in force, where it is one that stands over the title, and the other such notices."""
    row, event = notice_row(events), notice_event(events)
    if row is None or event is None or row["treatment"] not in _BANNERS:
        return None
    others = [other for other in in_force(events) if other is not event and _treatment(other) in _BANNERS]
    return {
        "label": row["label"],
        "treatment": row["treatment"],
        "sentence": row["banner"],
        "day": event.at[:10],
        "by": event.data["issued_by"],
        "name": row["notice_title"],
        "href": notice_href(event, base),
        "replaced_by": successor(event, base),
        "others": [
            {"name": title_of(other), "day": other.at[:10], "href": notice_href(other, base)} for other in others
        ],
    }


def notice_href(event: Event, base: str = "") -> str:
    """Address of an event's own page."""
    return f"{base}notices/{event.id}/"


def successor(event: Event, base: str = "") -> dict[str, str] | None:
    """The record that takes this one's place."""
    named = event.data.get("replaced_by")
    return {"id": named, "href": f"{base}../{named.removeprefix(PREFIX)}/"} if named else None


def history(record: Record, version: Version, base: str = "") -> dict[str, Any]:
    """The versions up to this one and the events that made them, oldest first. Of a removed record nothing of the text
    is told."""
    removed = is_removed(record.events)
    events, versions = record.events[: version.number - 1], record.versions[: version.number]
    ends = [later.since for _, later in pairwise(record.versions)]
    return {
        "versions": [
            {
                "number": version.number,
                "current": version is record.current,
                "since": version.since,
                "until": end,
                "sha": version.sha256,
                "sha_short": version.sha256[:SHORT_HASH],
                "by": f"event {version.event.id}" if version.event else "publication",
                "href": None if removed else f"{base}v{version.number}/",
                "manifest": None if removed else f"{base}v{version.number}/{MANIFEST_FILE}",
            }
            for version, end in zip(versions, [*ends, None], strict=False)
        ],
        "events": [event_view(record, made, events, base, brief=True) for made in versions[1:]],
    }


def event_view(
    record: Record, version: Version, events: Sequence[Event], base: str = "", *, brief: bool
) -> dict[str, Any]:
    """An event and what it changed: facts first, then what rules made of them. ``events``: all that count so far."""
    event, removed = version.event, is_removed(record.events)
    if event is None:
        raise ValueError(f"version {version.number} was made by no event")
    standing = {other.id for other in in_force(events)}
    lifter = next((other for other in events if other.data.get("lifts") == event.id), None)
    facts = [] if removed else changes.differences(version.facts, brief=brief)
    follows = version.consequences
    first = [change for change in follows if changes.is_headline(change.path)] if brief else follows
    consequences = [] if removed else changes.differences(first, brief=brief)
    named = [path for path in event.data.get("affected_fields", []) if path]
    row = row_of(event)
    return {
        "id": event.id,
        "at": event.at,
        "version": version.number,
        "type": _type(event),
        "notice": row["notice_title"] if row else None,
        "title": title_of(event),
        "in_force": event.id in standing,
        "lifted_by": {"id": lifter.id, "href": notice_href(lifter, base)} if lifter else None,
        "lifts": {"id": event.data["lifts"], "href": f"{base}notices/{event.data['lifts']}/"}
        if event.data.get("lifts")
        else None,
        "note": event.data["public_note"],
        "by": event.data["issued_by"],
        "reason": event.data["reason"],
        "evidence": [
            {"label": item["label"], "url": item["url"], "href": http_url(item["url"])}
            for item in event.data.get("evidence", [])
        ],
        "replaced_by": successor(event, base),
        "href": notice_href(event, base),
        "file": None if removed else base + event_file(event),
        "sha": event.sha256,
        "concerns": [changes.label(changes.by_id(path, record.manifest)) for path in named],
        "facts": facts,
        "consequences": consequences,
        "more": 0 if removed else len(follows) - len(first),
        "removed": removed,
    }


def notice_view(record: Record, version: Version, verification: Verification | None) -> dict[str, Any]:
    """Everything on an event's own page, which stands two levels below the record's."""
    base = "../../"
    removed = is_removed(record.events)
    work = record.current.manifest["work"]
    before, after = history(record, version, base)["versions"][-2:]
    return {
        "base": base,
        "public_id": work["public_id"],
        "title": work["title"],
        "banner": banner(record.events, base),
        "state": correction_state(record.events),
        "event": event_view(record, version, record.events, base, brief=False),
        "before": before,
        "after": after,
        "verify": verification.view(base) if verification else None,
        "removed": removed,
    }


def removal(record: Record) -> dict[str, Any]:
    """The event that removed the record."""
    event = notice_event(record.events)
    made = next(version for version in record.versions if version.event is event)
    return event_view(record, made, record.events, brief=True)


def _leaf_folder(record: Record) -> str:
    return f"{record.short_id[:2]}/{record.short_id}/"


def _treatment(event: Event) -> str | None:
    row = row_of(event)
    return str(row["treatment"]) if row else None


def _type(event: Event) -> str:
    rows = table(NAME, "x-correction-types")
    return str(next(row["label"] for row in rows if row["correction_type"] == event.data["correction_type"]))
