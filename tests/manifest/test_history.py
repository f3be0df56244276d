"""The table of all versions: as of any moment it gives what the fold gives."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import fold, history
from generator.manifest.corrections import Event, notice
from generator.manifest.store import Record, Store, load_record

SITE = "https://assignee.net/"
NUMBERS = ("tier", "level", "score", "score_kind", "claims")


def event(number: int, at: str, **more: Any) -> Event:
    """An event in memory that stands at ``number``; nothing of it is read from a disk."""
    data = {
        "schema": "https://assignee.net/schemas/correction-event/1.0.0.json",
        "event_id": f"{at[:10]}-number-{number}",
        "corrected_at": at,
        "correction_type": "METADATA",
        "issued_by": "A. Reader",
        "reason": "A test.",
        "public_note": "A note.",
        "affected_fields": ["/work/title"],
        **more,
    }
    return Event(Path(f"corrections/{data['event_id']}.yml"), f"{number:064x}", data)


def with_events(record: Record, *events: Event) -> Record:
    for item in events:
        item.data["record"] = record.manifest["work"]["public_id"]
    return replace(record, events=list(events))


@pytest.fixture(scope="module")
def record(made: Any) -> Record:
    """The record of this folder's run, without corrections."""
    return load_record(made.path)


def test_a_record_without_events_is_one_row(made: Any, record: Record) -> None:
    manifest = record.manifest
    assert list(history.rows(Store(made.root), SITE)) == [
        {
            "id": manifest["work"]["public_id"],
            "version": 1,
            "since": "2026-01-02T00:00:00Z",
            "until": None,
            "manifest_sha256": record.current.sha256,
            "manifest_url": f"{SITE}paper/{record.short_id}/manifest.json",
            "event_id": None,
            "correction_state": "CURRENT",
            "notice": None,
            "removed": False,
            "tier": manifest["quality_assessment"]["tier"]["tier"],
            "level": manifest["quality_assessment"]["verification"]["paper_level_key"],
            "score": manifest["quality_assessment"]["review"]["score"],
            "score_kind": "rubric",
            "claims": manifest["claims"]["aggregate"],
            "title": manifest["work"]["title"],
        }
    ]


def test_each_event_closes_a_row_and_opens_the_next(record: Record) -> None:
    old = record.manifest["work"]["title"]
    change = {"op": "replace", "path": "/work/title", "before": old, "value": "A better title"}
    corrected = with_events(
        record,
        event(1, "2026-02-01T09:00:00Z", changes=[change]),
        event(2, "2026-03-01T09:00:00Z", notice="expression_of_concern"),
    )
    rows = list(history.record_rows(corrected, SITE))
    home = f"{SITE}paper/{record.short_id}/"
    columns = ("version", "since", "until", "manifest_url", "event_id", "correction_state", "notice", "title")
    assert [tuple(row[name] for name in columns) for row in rows] == [
        (1, "2026-01-02T00:00:00Z", "2026-02-01T09:00:00Z", f"{home}v1/manifest.json", None, "CURRENT", None, old),
        (
            *(2, "2026-02-01T09:00:00Z", "2026-03-01T09:00:00Z", f"{home}v2/manifest.json"),
            *("2026-02-01-number-1", "CORRECTED", None, "A better title"),
        ),
        (
            *(3, "2026-03-01T09:00:00Z", None, f"{home}v3/manifest.json"),
            *("2026-03-01-number-2", "CORRECTED", "expression_of_concern", "A better title"),
        ),
    ]
    assert [row["manifest_sha256"] for row in rows] == [version.sha256 for version in corrected.versions]


def test_a_removed_record_keeps_hashes_and_dates_only(record: Record) -> None:
    removed = with_events(
        record, event(1, "2026-02-01T09:00:00Z"), event(2, "2026-03-01T09:00:00Z", notice="removal")
    )
    rows = list(history.record_rows(removed, SITE))
    assert [row["manifest_sha256"] for row in rows] == [version.sha256 for version in removed.versions]
    assert [(row["since"], row["until"]) for row in rows] == [
        ("2026-01-02T00:00:00Z", "2026-02-01T09:00:00Z"),
        ("2026-02-01T09:00:00Z", "2026-03-01T09:00:00Z"),
        ("2026-03-01T09:00:00Z", None),
    ]
    assert {row[name] for row in rows for name in (*NUMBERS, "title", "manifest_url")} == {None}
    assert [row["removed"] for row in rows] == [True, True, True]
    # what the published text said is nowhere in the rows
    assert removed.manifest["work"]["title"] not in json.dumps(rows)


def test_a_lifted_removal_brings_the_numbers_back(record: Record) -> None:
    back = with_events(
        record,
        event(1, "2026-02-01T09:00:00Z", notice="removal"),
        event(2, "2026-03-01T09:00:00Z", lifts="2026-02-01-number-1"),
    )
    rows = list(history.record_rows(back))
    assert [row["notice"] for row in rows] == [None, "removal", None]
    assert [row["title"] for row in rows] == [record.manifest["work"]["title"]] * 3
    assert rows[0]["manifest_url"] == f"paper/{record.short_id}/v1/manifest.json"


def test_a_day_is_its_end(record: Record) -> None:
    rows = list(history.record_rows(with_events(record, event(1, "2026-02-01T09:00:00Z"))))

    def standing(moment: str) -> list[int]:
        return [row["version"] for row in history.as_of(rows, moment)]

    assert standing("2026-01-01") == []
    assert standing("2026-01-02") == [1]
    assert standing("2026-02-01T08:59:59Z") == [1]
    assert standing("2026-02-01T09:00:00Z") == [2]
    assert standing("2026-02-01") == [2]


days = st.integers(1, 9).map(lambda day: f"2026-01-0{day}")
times = st.builds(lambda day, hour: f"{day}T{hour:02d}:00:00Z", days, st.sampled_from((0, 9, 23)))
notices = st.sampled_from((None, "retraction", "correction", "expression_of_concern", "clarification"))


@given(st.lists(st.tuples(times, notices), max_size=5), st.one_of(times, days), st.booleans())
def test_as_of_the_table_is_as_of_the_fold(
    made: Any, events: list[tuple[str, str | None]], moment: str, dated: bool
) -> None:
    """Whatever the order and the dates of the events, two at one time and some before the record's day included."""
    base = load_record(made.path)
    if not dated:
        base.manifest["work"]["submitted"] = None
    made_events = [
        event(number, at, **({"notice": kind} if kind else {})) for number, (at, kind) in enumerate(events, 1)
    ]
    whole = with_events(base, *made_events)
    wanted = fold.as_of(whole.versions, moment)
    found = list(history.as_of(history.record_rows(whole), moment))
    if wanted is None:
        assert found == []
        return
    assert len(found) == 1
    row = found[0]
    assert (row["version"], row["manifest_sha256"]) == (wanted.number, wanted.sha256)
    assert row["correction_state"] == wanted.manifest["correction_record"]["state"]
    assert row["notice"] == notice(made_events[: wanted.number - 1])
    assert row["title"] == wanted.manifest["work"]["title"]
    assert row["claims"] == wanted.manifest["claims"]["aggregate"]
