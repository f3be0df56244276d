"""Every version of every record as one table, so that the registry as it stood at any moment is a filter on it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from generator.manifest.corrections import is_removed, notice, version_url
from generator.manifest.fold import Version
from generator.manifest.store import Record, Store

Row = dict[str, Any]


def rows(store: Store, site_url: str = "") -> Iterator[Row]:
    """The rows of all records of ``store``, by record and version; ``site_url``, with a slash at its end, begins each
    address. Raises ``Problems`` at the first record that cannot be read."""
    for record in store.records():
        yield from record_rows(record, site_url)


def record_rows(record: Record, site_url: str = "") -> Iterator[Row]:
    """One row for each version of a record: from when until when it stood, its hash, its state and its numbers.

    ``since`` and ``until`` are times such as ``2026-11-30T09:00:00Z``, so that comparing them as text compares them as
    times. ``since`` is ``None`` where nobody knows when the record was made, ``until`` is ``None`` in the version that
    stands now. A removed record keeps its versions' hashes and dates; title, numbers and addresses are gone.
    """
    removed = is_removed(record.events)
    made = record.versions
    home = f"{site_url}paper/{record.manifest['work']['short_id']}/"
    for version, following in zip(made, [*made[1:], None], strict=True):
        work = version.manifest["work"]
        yield {
            "id": work["public_id"],
            "version": version.number,
            "since": _moment(version.since),
            "until": _moment(following.since) if following else None,
            "manifest_sha256": version.sha256,
            "manifest_url": None if removed else version_url(home, version.number, len(made)),
            "event_id": version.event.id if version.event else None,
            "correction_state": version.manifest["correction_record"]["state"],
            "notice": notice(record.events[: version.number - 1]),
            "removed": removed,
            **_numbers(version, removed=removed),
            "title": None if removed else work["title"],
        }


def as_of(rows: Iterable[Row], moment: str) -> Iterator[Row]:
    """The rows that stood at ``moment``, a time such as ``2026-11-30T09:00:00Z`` or a day, which means its end: at
    most one of each record, and the same version that ``fold.as_of`` gives."""
    limit = moment if "T" in moment else f"{moment}T23:59:59Z"
    for row in rows:
        since, until = row["since"], row["until"]
        if (since is None or since <= limit) and (until is None or limit < until):
            yield row


def _numbers(version: Version, *, removed: bool) -> Row:
    if removed:
        return {"tier": None, "level": None, "score": None, "score_kind": None, "claims": None}
    quality = version.manifest["quality_assessment"]
    return {
        "tier": quality["tier"]["tier"],
        "level": quality["verification"]["paper_level_key"],
        "score": quality["review"]["score"],
        "score_kind": quality["review"]["kind"],
        "claims": dict(sorted(version.manifest["claims"]["aggregate"].items())),
    }


def _moment(since: str | None) -> str | None:
    """A day is its first second."""
    return since if since is None or "T" in since else f"{since}T00:00:00Z"
