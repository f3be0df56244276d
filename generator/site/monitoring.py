"""The monitor on the site: the list of what to look at next, the same as data, and the words of a record's block."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from generator.manifest.monitor import Active, Entry, Reference, Watch, register_bytes, urgency
from generator.manifest.monitor.entry import label_of, triggers
from generator.manifest.monitor.report import evaluated
from generator.site import text
from generator.site.records import environment
from generator.site.view import DUE

PLACE = "<!-- registry:monitor -->"
DATA = "data/review-monitor.json"
MOST = 500
"""How many records the page lists; the data has them all."""
MOST_REASONS = 5
"""How many sentences the page gives for one record; the record's own page has them all."""
_TEMPLATE = "monitor.html.j2"


class Link(NamedTuple):
    """A link in words."""

    words: str
    href: str


class Reason(NamedTuple):
    """One active trigger in words: ``text`` is not yet HTML."""

    label: str
    since: str | None
    text: str
    links: list[Link]


class Block(NamedTuple):
    """The Re-review block of a record page: ``watched`` are (label, whether it is watched, what of it)."""

    state: str
    heading: str
    reasons: list[Reason]
    watched: list[tuple[str, bool, str]]


class Row(NamedTuple):
    """One record of the list."""

    short_id: str
    public_id: str
    title: str
    reasons: list[Reason]
    more: int


_HEADINGS = {
    "DUE": "This record is due for re-review.",
    "CLEAR": "Nothing that is watched has changed since this record was made.",
}


def block(entry: Entry, *, rules: str, paper: str = "../") -> Block:
    """The words of one record's block. ``rules`` is the version of the rules that the record was made by, and ``paper``
    the address of the folder of all record pages, seen from where the block stands."""
    reasons = [_reason(item, paper) for item in entry.active]
    reasons = [
        item._replace(text=f"{DUE} {item.text} Tier, level and dimensions were computed by rules {rules}.")
        if found.trigger == "RULES_CHANGED"
        else item
        for item, found in zip(reasons, entry.active, strict=True)
    ]
    return Block(
        entry.state,
        _HEADINGS.get(entry.state, entry.state_basis),
        reasons,
        [(label_of(item.trigger), item.monitored, item.basis) for item in entry.watched],
    )


def render(entries: Iterable[Entry], data: Watch, *, root: str = "../") -> str:
    """The list for the page ``/monitor/`` as HTML; ``root`` is the address of the site seen from there. Of ``entries``
    only those that are due are kept, so a generator over all records will do."""
    due = [entry for entry in entries if entry.state == "DUE"]
    due.sort(key=urgency)
    listed = [_row(entry, f"{root}paper/") for entry in due[:MOST]]
    return text.clean(
        environment()
        .get_template(_TEMPLATE)
        .render(
            rows=listed,
            due=len(due),
            records=data.records,
            counts=[(row["label"], _having(due, row["trigger"])) for row in triggers()],
            triggers=triggers(),
            statement=evaluated(data)["statement"],
            root=root,
            data_file=root + DATA,
        )
    )


def put(page: str, entries: Iterable[Entry], data: Watch) -> str:
    """The page ``/monitor/`` with the list in the place that ``docs/monitor.md`` marks for it."""
    return page.replace(PLACE, render(entries, data))


def data_bytes(entries: Iterable[Entry], data: Watch) -> bytes:
    """The content of ``/data/review-monitor.json``: the monitors of all records, each on a line."""
    return register_bytes(entries, data)


def _having(due: Sequence[Entry], trigger: str) -> int:
    return sum(any(item.trigger == trigger for item in entry.active) for entry in due)


def _row(entry: Entry, paper: str) -> Row:
    work = entry.work
    reasons = [_reason(item, paper) for item in entry.active[:MOST_REASONS]]
    more = len(entry.active) - len(reasons)
    return Row(work["short_id"], work["public_id"], text.one_line(work["title"]), reasons, more)


def _reason(item: Active, paper: str) -> Reason:
    links = [link for reference in item.refers_to if (link := _link(reference, paper))]
    return Reason(label_of(item.trigger), item.since, item.basis, links)


def _link(reference: Reference, paper: str) -> Link | None:
    """A link to a page of this site, or to a source where its address is plain; an observation has no page."""
    if reference.url is None:
        return None
    if reference.kind == "source":
        href = text.http_url(reference.url)
        return Link(reference.id, href) if href else None
    words = reference.id
    if reference.kind == "claim":
        record, _, claim = reference.id.partition("#")
        words = f"{claim} of {record}"
    return Link(words, paper + reference.url.rpartition("/paper/")[2])
