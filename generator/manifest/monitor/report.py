"""The monitor in the shape of its contract: one object a record, and the list of all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import orjson

from generator.manifest import cards, contracts
from generator.manifest.claims import RULES
from generator.manifest.monitor.entry import NAME, Active, Entry, triggers, urgency


class Evaluated(Protocol):
    """What is told of the data that a monitor was computed from; a ``Watch`` is one."""

    records: int
    observations: int
    latest_submitted: str | None
    latest_corrected: str | None
    latest_observed: str | None


def monitor_of(entry: Entry, data: Evaluated) -> dict[str, Any]:
    """The ``review-monitor-v1`` object of one record."""
    rows = {row["trigger"]: row for row in triggers()}
    return {
        **contracts.envelope(NAME),
        "publisher": entry.publisher,
        "work": entry.work,
        "state": entry.state,
        "state_basis": entry.state_basis,
        "active_triggers": [_active(item) for item in entry.active],
        "monitored_triggers": [
            {
                "trigger": item.trigger,
                "label": rows[item.trigger]["label"],
                "definition": rows[item.trigger]["definition"],
                "monitored": item.monitored,
                "basis": item.basis,
            }
            for item in entry.watched
        ],
        "last_evaluated_basis": evaluated(data),
        **contracts.table(NAME, "x-texts"),
    }


def register_bytes(entries: Iterable[Entry], data: Evaluated) -> bytes:
    """The monitors of all records as one JSON document (definition ``register`` of the contract), one record a line."""
    ordered = sorted(entries, key=urgency)
    states = [row["state"] for row in contracts.table(NAME, "x-states")]
    head = {
        **contracts.envelope(NAME),
        "last_evaluated_basis": evaluated(data),
        "counts": {state: sum(entry.state == state for entry in ordered) for state in states},
        "triggers": [{name: row[name] for name in ("trigger", "label", "definition")} for row in triggers()],
        **contracts.table(NAME, "x-texts"),
    }
    lines = [b'{"records":[' + (b"\n" if ordered else b"")]
    lines.append(b",\n".join(orjson.dumps(_row(entry)) for entry in ordered))
    lines.append(b"]," + orjson.dumps(head)[1:] + b"\n")
    return b"".join(lines)


def evaluated(data: Evaluated) -> dict[str, Any]:
    """The data in numbers and days, and in one sentence."""
    method = cards.default_method()
    version = cards.newest_version(method)
    verifier = None if version is None else f"{method} {version}"
    return {
        "records": data.records,
        "observations": data.observations,
        "latest_submitted": data.latest_submitted,
        "latest_corrected": data.latest_corrected,
        "latest_observed": data.latest_observed,
        "rules": RULES,
        "verifier": verifier,
        "statement": f"Computed from {_number(data.records, 'record', data.latest_submitted)}, "
        f"{_number(data.observations, 'observation of sources', data.latest_observed)}, rules {RULES} and "
        f"{verifier or 'no measured verifier'}; the latest correction is {_of(data.latest_corrected) or 'none'}.",
    }


def _row(entry: Entry) -> dict[str, Any]:
    return {
        "work": entry.work,
        "state": entry.state,
        "active_triggers": [_active(item) for item in entry.active],
        "monitored": [item.trigger for item in entry.watched if item.monitored],
    }


def _active(item: Active) -> dict[str, Any]:
    return {
        "trigger": item.trigger,
        "since": item.since,
        "basis": item.basis,
        "refers_to": [reference._asdict() for reference in item.refers_to],
    }


def _number(count: int, noun: str, latest: str | None) -> str:
    head, _, rest = noun.partition(" ")
    words = f"{count or 'no'} {head}{'' if count == 1 else 's'}{' ' if rest else ''}{rest}"
    return words if latest is None else f"{words} (the latest {_of(latest)})"


def _of(moment: str | None) -> str | None:
    return None if moment is None else f"of {moment[:10]}"
