"""A request in words: first as data, then as Markdown for a comment on the code host.

Whatever comes from the request stands as escaped text in ``<code>`` inside blocks of HTML, in which a host's Markdown
reads nothing: no link, image, mention, issue number or markup of it can take effect.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from html import escape
from typing import Any

from generator.manifest import telling
from generator.manifest.landing.requested import Requested
from generator.manifest.problems import printable
from generator.manifest.store import Record

MARK = "<!-- srch diff -->"
"""First line of the comment, by which a later one finds it."""
LONGEST = 60_000
_CUT = "This comment is cut here: the request changes more than fits. `srch diff` prints the rest as JSON."
_LONGEST_NOTE = 2_000
_MOST_ROWS = 12_000


def told(request: Requested) -> dict[str, Any]:
    """The request as one JSON object; every key is always there."""
    landing = request.landing
    return {
        "only_adds": landing.accepted,
        "new_records": [_record(record) for record in request.new],
        "corrected_records": [
            {"id": _id(record), "title": record.current.manifest["work"]["title"], "events": _events(record, new)}
            for record, new in request.corrected
        ],
        "unread": request.unread,
        "observations": list(landing.observations),
        "outside": landing.outside,
        "problems": [asdict(problem) for problem in landing.problems],
    }


def _id(record: Record) -> str:
    return str(record.manifest["work"]["public_id"])


def _record(record: Record) -> dict[str, Any]:
    manifest = record.current.manifest
    quality = manifest["quality_assessment"]
    return {
        "id": _id(record),
        "title": manifest["work"]["title"],
        "tier": quality["tier"]["label"],
        "level": quality["verification"]["paper_level_label"],
        "claims": manifest["claims"]["aggregate"]["extracted"],
        "verified": manifest["claims"]["aggregate"]["verified"],
        "events": _events(record, {event.id for event in record.events}),
    }


def _events(record: Record, new: Iterable[str]) -> list[dict[str, Any]]:
    wanted = set(new)
    return [
        event_told(record, number)
        for number, version in enumerate(record.versions)
        if version.event is not None and version.event.id in wanted
    ]


def event_told(record: Record, number: int) -> dict[str, Any]:
    """The event that makes version ``number + 1`` of the record: what it says, changes and leads to."""
    version = record.versions[number]
    assert version.event is not None, "an event made this version"
    said = version.event.data
    return {
        "event_id": version.event.id,
        "version": version.number,
        "corrected_at": version.event.at,
        "correction_type": said["correction_type"],
        "notice": said.get("notice"),
        "issued_by": said["issued_by"],
        "reason": said["reason"],
        "public_note": said["public_note"],
        "evidence": said.get("evidence", []),
        "concerns": [telling.place(path) for path in said.get("affected_fields", [])],
        "facts": [asdict(row) for row in telling.rows(version.event)],
        "consequences": telling.consequences(record.versions[number - 1].manifest, version.manifest),
        "page": telling.page_says(record.events, number - 1),
    }


def markdown(told: dict[str, Any]) -> str:
    """Markdown of at most ``LONGEST`` characters; a closing line says so where something had to be left out."""
    kept: list[str] = []
    length = len(_CUT) + 2
    for block in _blocks(told):
        length += len(block) + 2
        if length > LONGEST:
            kept.append(_CUT)
            break
        kept.append(block)
    return "\n\n".join(kept) + "\n"


def _blocks(told: dict[str, Any]) -> Iterator[str]:
    yield f"{MARK}\n## What this request changes"
    yield _summary(told)
    if told["problems"]:
        yield "### This request does not only add"
        yield "As it stands it cannot land: the gate, `srch check --base`, refuses it for these reasons."
        for problem in told["problems"]:
            place = f" {_code(problem['place'])}" if problem["place"] else ""
            yield (
                f"<p><code>{problem['code']}</code> {_code(problem['file'])}{place}<br>\n"
                f"found {_code(problem['found'])}<br>\nexpected {_code(problem['expected'])}<br>\n"
                f"to mend: {_code(problem['mend'])}</p>"
            )
    for record in told["corrected_records"]:
        yield f"### Correction of `{record['id']}`"
        yield f"<p>{_code(record['title'])}</p>"
        for event in record["events"]:
            yield from _event(event)
    for record in told["new_records"]:
        yield f"### New record `{record['id']}`"
        claims = f"{_number(record['claims'], 'claim')}, {record['verified']} of them verified"
        yield f"<p>{_code(record['title'])}<br>\n{record['tier']}, {record['level']}, {claims}.</p>"
        for event in record["events"]:
            yield from _event(event)


def _summary(told: dict[str, Any]) -> str:
    events = sum(len(record["events"]) for record in (*told["corrected_records"], *told["new_records"]))
    counts = [
        (len(told["new_records"]), "new record"),
        (events, "correction"),
        (len(told["observations"]), "source observation"),
        (len(told["unread"]), "record that cannot be read"),
    ]
    parts = [_number(count, name) for count, name in counts if count]
    lines = [f"{', '.join(parts)}." if parts else "Nothing in the registry changes."]
    if told["outside"]:
        lines.append(f"{_number(told['outside'], 'file')} outside the registry, which this comment does not show.")
    return " ".join(lines)


def _event(event: dict[str, Any]) -> Iterator[str]:
    yield f"#### `{event['event_id']}`"
    kind = event["correction_type"].lower().replace("_", " ")
    notice = f", {event['notice'].replace('_', ' ')}" if event["notice"] else ""
    yield (
        f"<p>{kind}{notice}; makes version {event['version']}<br>\n"
        f"by {_code(event['issued_by'])}<br>\nwhy: {_code(event['reason'], _LONGEST_NOTE)}</p>"
    )
    yield f"<blockquote>{_note(event['public_note'])}</blockquote>"
    if event["facts"]:
        yield _table(event["facts"])
    if event["concerns"]:
        yield f"<p>It concerns {'; '.join(map(_code, event['concerns'][:20]))}.</p>"
    if event["page"] or event["consequences"]:
        lines = "\n".join(f"<li>{_said(line)}</li>" for line in (*event["page"], *event["consequences"][:50]))
        yield f"<ul>\n{lines}\n</ul>"
    if event["evidence"]:
        lines = "\n".join(f"<li>{_code(link['label'])}: {_code(link['url'])}</li>" for link in event["evidence"])
        yield f"<p>Evidence:</p>\n<ul>\n{lines}\n</ul>"


def _said(sentence: str) -> str:
    """A sentence of ours; one about a source names its id, which is the request's."""
    return _code(sentence) if sentence.startswith("Claims from source") else escape(sentence, quote=False)


def _table(rows: Sequence[dict[str, Any]]) -> str:
    lines: list[str] = []
    room = _MOST_ROWS
    for row in rows:
        cells = (_code(row["place"]), *(_code(row[side]) if row[side] is not None else "–" for side in _SIDES))
        line = "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
        room -= len(line)
        if room < 0:
            lines.append(f'<tr><td colspan="3">and {_number(len(rows) - len(lines), "more fact")}</td></tr>')
            break
        lines.append(line)
    head = "<tr><th>Fact</th><th>Before</th><th>After</th></tr>"
    return "\n".join(["<table>", head, *lines, "</table>"])


_SIDES = ("before", "after")


def _note(text: str) -> str:
    lines = [line for line in text[:_LONGEST_NOTE].splitlines() if line.strip()]
    cut = "<br>\n…" if len(text) > _LONGEST_NOTE else ""
    return "<br>\n".join(_code(line, _LONGEST_NOTE) for line in lines) + cut


def _code(text: str, limit: int = telling.LONGEST) -> str:
    """Text from outside on one line, which neither Markdown nor HTML nor the host reads as anything else."""
    line = printable(" ".join(text.split()))
    line = line if len(line) <= limit else line[: limit - 1] + "…"
    return f"<code>{escape(line, quote=False)}</code>"


def _number(count: int, name: str) -> str:
    if count == 1:
        return f"1 {name}"
    head, _, rest = name.partition(" that ")
    return f"{count} {head}s that {rest}" if rest else f"{count} {head}s"
