"""What the monitor finds of one record, before it is put into the shape of the contract."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from generator.manifest.contracts import schema, table

NAME = "review-monitor"
Kind = Literal["source", "record", "claim", "event", "observation"]
State = Literal["CLEAR", "DUE", "NOT_MONITORED"]


class Reference(NamedTuple):
    """Something that a trigger points at; see the contract's ``reference``."""

    kind: Kind
    id: str
    url: str | None


class Active(NamedTuple):
    """One active trigger: ``since`` is the day from which it holds, ``basis`` says why, in words."""

    trigger: str
    since: str | None
    basis: str
    refers_to: tuple[Reference, ...]


class Watched(NamedTuple):
    """Whether a trigger is watched for a record, and what of it, in words."""

    trigger: str
    monitored: bool
    basis: str


class Entry(NamedTuple):
    """One record in the monitor's list. ``active`` and ``watched`` stand most urgent first; ``publisher`` is the
    record's own."""

    publisher: dict[str, Any]
    work: dict[str, Any]
    state: State
    state_basis: str
    active: tuple[Active, ...]
    watched: tuple[Watched, ...]


def triggers() -> list[dict[str, Any]]:
    """The rows of ``x-triggers``, the most urgent first."""
    rows: list[dict[str, Any]] = table(NAME, "x-triggers")
    return rows


def label_of(trigger: str) -> str:
    """A trigger in a few words."""
    return str(next(row["label"] for row in triggers() if row["trigger"] == trigger))


def most_references() -> int:
    """How many things one trigger may point at."""
    return int(schema(NAME)["$defs"]["active_trigger"]["properties"]["refers_to"]["maxItems"])


def urgency(entry: Entry) -> tuple[int, str, str]:
    """What sorts a list most urgent first: the most urgent trigger, then what has waited longest, then the id. What
    is clear follows what is due, and what is not monitored comes last."""
    order = [row["trigger"] for row in triggers()]
    last = len(order) + (entry.state == "NOT_MONITORED")
    rank = min((order.index(item.trigger) for item in entry.active), default=last)
    days = (item.since or "9999" for item in entry.active if order.index(item.trigger) == rank)
    return rank, min(days, default="9999"), entry.work["public_id"]
