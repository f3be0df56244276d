"""The files that stand beside a record's page: as published, or marked where a notice asks for it."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from generator.manifest.corrections import notice_event, notice_row
from generator.manifest.files import is_local
from generator.manifest.store import Record
from generator.site.marks import Mark
from generator.site.view import FileFacts


def listed(manifest: dict[str, Any]) -> list[FileFacts]:
    """The Files rows of a manifest's own files."""
    return [
        FileFacts(item["url"], item["label"], item["media_type"] or "", item["size"] or 0, item["sha256"] or "")
        for item in manifest["artifacts"]
        if is_local(item)
    ]


def facts(name: str, label: str, media_type: str, data: bytes) -> FileFacts:
    """The Files row of a file that holds ``data``."""
    return FileFacts(name, label, media_type, len(data), sha256(data).hexdigest())


def mark_of(record: Record, home: str) -> Mark | None:
    """The mark that the record's files carry while a notice of that treatment is in force; ``home`` is the full
    address of the record's page, with a slash at its end."""
    row, event = notice_row(record.events), notice_event(record.events)
    if row is None or event is None or row["treatment"] != "mark":
        return None
    return Mark(
        label=row["label"],
        sentence=row["banner"],
        kind=row["notice_title"],
        day=event.at[:10],
        by=event.data["issued_by"],
        url=f"{home}notices/{event.id}/",
        event_id=event.id,
    )
