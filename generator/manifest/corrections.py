"""Correction events beside a manifest: how they are read, in which order they stand, and the state they add up to.

An event is a YAML file ``corrections/<date>-<slug>.yml`` in the record's folder. Events only add: none changes the
manifest's file. They stand in the order in which they landed, which the log tells; what is not in the log yet follows
by date and id.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.manifest import contracts
from generator.manifest.canonical import sha256_bytes
from generator.manifest.identity import PREFIX, SHORT_ID
from generator.manifest.log.entries import landed
from generator.manifest.problems import Problem, Problems, shown
from generator.manifest.strict import loads_yaml, read_bytes

if TYPE_CHECKING:
    from generator.manifest.fold import Change, Version
    from generator.manifest.store import Record

NAME, EVENT = "correction-record", "correction-event"
FOLDER, SUFFIX = "corrections", ".yml"
MAX_BYTES = 256 * 1024
LONGEST_NAME = 128  # the site adds endings, and file systems take 255
FILE_NAME = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}-[a-z0-9]+(?:-[a-z0-9]+)*\.yml")


@dataclass(frozen=True)
class Event:
    """One valid event: its file, the SHA-256 of the file's bytes (hex), and what it says."""

    path: Path
    sha256: str
    data: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.data["event_id"])

    @property
    def at(self) -> str:
        """When the correction was made, as its author says."""
        return str(self.data["corrected_at"])

    @property
    def notice(self) -> str | None:
        return self.data.get("notice")

    @property
    def file(self) -> str:
        return self.path.name

    @property
    def fields(self) -> list[str]:
        """Every part of the manifest that the event changes or concerns; the whole of it where it names none."""
        named = [change["path"] for change in self.data.get("changes", ())] + self.data.get("affected_fields", [])
        return list(dict.fromkeys(named)) or [""]


def load_events(folder: Path) -> tuple[list[Event], list[Problem]]:
    """The valid events of a record's folder in their order, and the problems of the others."""
    events: list[Event] = []
    problems: list[Problem] = []
    where = folder / FOLDER
    if not where.is_dir():
        return events, problems
    for path in sorted(where.iterdir()):
        if path.name.startswith("."):
            continue
        if path.suffix != SUFFIX or not path.is_file() or path.is_symlink():
            mend = "Name the event <date>-<slug>.yml, or remove it."
            problems.append(Problem(str(path), "", "REG060", path.name, "only .yml files", mend))
            continue
        try:
            events.append(_load(path))
        except Problems as refused:
            problems.extend(refused.problems)
    events = in_order(events, folder)
    problems.extend(lifts(events))
    return events, problems


def in_order(events: Sequence[Event], folder: Path) -> list[Event]:
    """The events of the record in ``folder`` in the order in which they stand."""
    order = landed(folder.parent.parent)
    place = f"{folder.parent.name}/{folder.name}/{FOLDER}/"
    return sorted(events, key=lambda event: (order.get(place + event.file, len(order)), event.at, event.id))


def _load(path: Path) -> Event:
    return loads_event(read_bytes(path, limit=MAX_BYTES), path)


def loads_event(data: bytes, path: Path) -> Event:
    """The event in ``data``, which lies or is to lie at ``path``; raises ``Problems``."""
    value = loads_yaml(data, file=str(path))
    wrong = contracts.validate(value, EVENT, file=str(path)) or _placed(value, path)
    if wrong:
        raise Problems(wrong)
    return Event(path, sha256_bytes(data), value)


def _placed(event: dict[str, Any], path: Path) -> list[Problem]:
    """Whether name, date and record are those of the place where the file lies."""
    problems = []
    file, short = str(path), path.parent.parent.name
    if event["event_id"] != path.stem:
        mend = "Give the file the name of the event, and the event the name of its file."
        problems.append(Problem(file, "/event_id", "REG062", shown(event["event_id"]), shown(path.stem), mend))
    if len(path.name) > LONGEST_NAME:
        found, expected = f"a name of {len(path.name)} characters", f"at most {LONGEST_NAME}"
        problems.append(Problem(file, "/event_id", "REG062", found, expected, "Shorten the event's id."))
    if event["event_id"][:10] != event["corrected_at"][:10]:
        mend = "Begin the event's id with the day of its date."
        found = shown(event["corrected_at"])
        problems.append(Problem(file, "/corrected_at", "REG062", found, f"a time on {event['event_id'][:10]}", mend))
    if SHORT_ID.match(short) and event["record"] != PREFIX + short:
        mend = "Put the file into the folder of the record that it corrects."
        problems.append(Problem(file, "/record", "REG062", shown(event["record"]), shown(PREFIX + short), mend))
    if event.get("replaced_by") == event["record"]:
        mend = "Name the record that takes this one's place."
        problems.append(Problem(file, "/replaced_by", "REG067", shown(event["record"]), "another record", mend))
    return problems


def lifts(events: Sequence[Event]) -> list[Problem]:
    """The problems of events in order: each lifts the notice of an event that stands before it, if any."""
    problems = []
    noticed: set[str] = set()
    for event in events:
        lifted = event.data.get("lifts")
        if lifted is not None and lifted not in noticed:
            expected = "an earlier event of this record that carries a notice"
            mend = f"Name one of {', '.join(sorted(noticed))}." if noticed else "Leave it out: there is no such event."
            problems.append(Problem(str(event.path), "/lifts", "REG067", shown(lifted), expected, mend))
        if event.notice is not None:
            noticed.add(event.id)
    return problems


def in_force(events: Sequence[Event]) -> list[Event]:
    """The events whose notice no other one lifts, in their order."""
    lifted = {event.data.get("lifts") for event in events}
    return [event for event in events if event.id not in lifted]


def correction_state(events: Sequence[Event]) -> str:
    """The first row of ``x-states`` that applies: enough events, and one of its notices in force where it names any."""
    notices = {event.notice for event in in_force(events)}
    for row in contracts.table(NAME, "x-states"):
        if len(events) >= row["min_events"] and (row["notices"] is None or notices & set(row["notices"])):
            return str(row["state"])
    raise AssertionError("the last row of x-states must always apply")


def notice(events: Sequence[Event]) -> str | None:
    """The gravest notice in force, in the order of ``x-notices``; ``None`` without one."""
    row = notice_row(events)
    return str(row["notice"]) if row else None


def notice_row(events: Sequence[Event]) -> dict[str, Any] | None:
    """The row of ``x-notices`` for the gravest notice in force: label, title prefix, banner, treatment."""
    present = {event.notice for event in in_force(events)}
    rows: list[dict[str, Any]] = contracts.table(NAME, "x-notices") if present - {None} else []
    return next((row for row in rows if row["notice"] in present), None)


def notice_event(events: Sequence[Event]) -> Event | None:
    """The latest event in force that carries the gravest notice."""
    name = notice(events)
    return next((event for event in reversed(in_force(events)) if event.notice == name), None) if name else None


def is_removed(events: Sequence[Event]) -> bool:
    """Whether a removal is in force: the record's text and files are no longer public."""
    row = notice_row(events)
    return row is not None and row["treatment"] == "remove"


def correction_record(record: Record, site_url: str) -> dict[str, Any]:
    """The ``correction-record-v1`` object that is published beside the page; ``site_url`` ends in a slash.

    Once a record is removed it names the events and the hashes of the versions, but neither repeats their text.
    """
    texts = contracts.table(NAME, "x-texts")
    events, versions = record.events, record.versions
    manifest = record.current.manifest
    work = manifest["work"]
    home = f"{site_url}paper/{work['short_id']}/"
    removed = is_removed(events)
    standing = {event.id for event in in_force(events)}
    return {
        **contracts.envelope(NAME),
        "contract_updated": contracts.schema(NAME)["x-introduced"],
        "generated_from": texts["generated_from"],
        "publisher": manifest["publisher"],
        "work": {key: work[key] for key in ("id", "short_id", "public_id", "title", "version")},
        "manifest": {
            "schema": manifest["schema"],
            "contract_version": manifest["contract_version"],
            "contract_updated": contracts.schema("paper-manifest")["x-introduced"],
            "current_manifest_url": None if removed else home + "manifest.json",
            "correction_record_url": home + "corrections.json",
        },
        "correction_state": correction_state(events),
        "notice": notice(events),
        "correction_count": len(events),
        "last_corrected_at": versions[-1].since if events else None,
        "correction_events": [
            _published(version, home, version.event, in_force=version.event.id in standing, removed=removed)
            for version in versions
            if version.event is not None
        ],
        "versions": [
            {
                "version": version.number,
                "manifest_url": None if removed else version_url(home, version.number, len(versions)),
                "manifest_sha256": version.sha256,
                "since": version.since,
                "event_id": version.event.id if version.event else None,
            }
            for version in versions
        ],
        "known_superseded_manifest_urls": []
        if removed
        else [version_url(home, version.number, len(versions)) for version in versions[:-1]],
        "policy": {
            "corrections_are_additive": True,
            "no_silent_public_rewrites": True,
            "private_operational_logs_public": False,
            "basis": texts["policy_basis"],
        },
        "interpretation": texts["interpretation"],
        "limitations": texts["limitations"],
    }


def version_url(home: str, number: int, of: int) -> str:
    """Where a version's manifest stands; a record that was never corrected has one address only."""
    return f"{home}manifest.json" if of == 1 else f"{home}v{number}/manifest.json"


def _published(version: Version, home: str, event: Event, *, in_force: bool, removed: bool) -> dict[str, Any]:
    said = {key: value for key, value in event.data.items() if not (removed and key == "changes")}
    return {
        **said,
        "affected_fields": event.fields,
        "version": version.number,
        "event_url": f"{home}{FOLDER}/{event.file}",
        "event_sha256": event.sha256,
        "notice_url": f"{home}notices/{event.id}/",
        "in_force": in_force,
        "effects": [] if removed else [_effect(change) for change in version.changes],
    }


def _effect(change: Change) -> dict[str, Any]:
    from generator.manifest.fold import ABSENT

    sides = {"before": change.before, "after": change.after}
    return {
        "path": change.path,
        "derived": change.derived,
        **{name: value for name, value in sides.items() if value is not ABSENT},
    }
