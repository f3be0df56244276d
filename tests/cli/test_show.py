"""``srch show`` and ``srch dump``: a record, and the registry, as they stand and as they stood."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from generator.manifest.store import load_record

EPOCH = {"SOURCE_DATE_EPOCH": "1798761600"}  # 2027-01-01T00:00:00Z
WHO = ("--by", "A. Reader", "--reason", "Reported by a reader.")


@pytest.fixture
def record(place, srch) -> str:
    """The record with three events: a title, a concern, and a score that moves the tier."""
    short = next((place / "manifests").glob("*/*/manifest.json")).parent.name
    calls = [
        ("2026-12-01T09:00:00Z", "--set", "/work/title=A title", "--note", "The title was a question."),
        ("2026-12-02T09:00:00Z", "--type", "CLAIM", "--notice", "expression_of_concern", "--note", "Doubts."),
        ("2026-12-03T09:00:00Z", "--set", "/quality_assessment/review/score=4.2", "--note", "The score was wrong."),
    ]
    for at, *rest in calls:
        assert srch("correct", short, "--clock", at, *WHO, *rest, env=EPOCH).code == 0
    return short


def path(place: Path, short: str) -> Path:
    return place / "manifests" / short[:2] / short / "manifest.json"


def test_a_summary_for_a_stranger(place, record, srch):
    held = load_record(path(place, record))
    published = held.manifest
    counts = published["claims"]["aggregate"]
    result = srch("show", record)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "EXPRESSION OF CONCERN: A title",
        f"  record       SRCH:{record}",
        "  state        CORRECTED",
        "  notice       Expression of concern",
        "  tier         Quarantine candidate",
        f"  level        {held.current.manifest['quality_assessment']['verification']['paper_level_key']} "
        f"{held.current.manifest['quality_assessment']['verification']['paper_level_label']}",
        f"  provenance   {published['provenance']['level_key']} {published['provenance']['level_label']}",
        "  score        4.2/10",
        "  reviewed by  Automated rubric checks",
        f"  claims       {counts['extracted']} extracted, {counts['verified']} verified, {counts['located']} located",
        f"  sources      {len(published['provenance']['sources'])}",
        "  version      4 of 4, since 2026-12-03T09:00:00Z",
        f"  sha256       {held.current.sha256}",
        "  versions",
        f"     1  {published['work']['submitted']}            as published",
        "     2  2026-12-01T09:00:00Z  2026-12-01-title (metadata)",
        "     3  2026-12-02T09:00:00Z  2026-12-02-expression-of-concern (claim, expression of concern)",
        "  >  4  2026-12-03T09:00:00Z  2026-12-03-review-score (quality assessment)",
    ]


@pytest.mark.parametrize(
    ("options", "number"),
    [
        ((), 4),
        (("--version", "1"), 1),
        (("--version", "3"), 3),
        (("--as-of", "2026-11-30"), 1),
        (("--as-of", "2026-12-01"), 2),
        (("--as-of", "2026-12-02T08:59:59Z"), 2),
        (("--as-of", "2026-12-02T09:00:00Z"), 3),
        (("--as-of", "2026-12-02T10:00:00+01:00"), 3),
        (("--as-of", "2999-12-31"), 4),
    ],
)
def test_the_very_bytes_of_a_version(options, number, place, record, srch):
    version = load_record(path(place, record)).versions[number - 1]
    # the command's standard output is text to the fixture; the manifest is UTF-8 throughout
    shown = srch("show", record, *options, "--manifest")
    assert shown.out.encode() == version.data
    told = json.loads(srch("show", record, *options, "--json").out)
    assert (told["version"], told["manifest_sha256"]) == (number, hashlib.sha256(version.data).hexdigest())
    assert [item["version"] for item in told["history"]] == list(range(1, number + 1))
    assert told["title"] == version.manifest["work"]["title"]
    assert told["tier"] == version.manifest["quality_assessment"]["tier"]["tier"]
    assert told["notice"] == ("expression_of_concern" if number > 2 else None)
    assert told["title_prefix"] == ("EXPRESSION OF CONCERN: " if number > 2 else "")
    if number == 1:
        assert shown.out.encode() == path(place, record).read_bytes()


def test_history_tells_what_each_event_changed(place, record, srch):
    title = load_record(path(place, record)).manifest["work"]["title"]
    lines = srch("show", record, "--as-of", "2026-12-02", "--history").out.splitlines()
    start = lines.index("2026-12-01-title, version 2")
    assert lines[start:] == [
        "2026-12-01-title, version 2",
        "  by A. Reader: Reported by a reader.",
        "  The title was a question.",
        "  Title",
        f"    - {title}",
        "    + A title",
        "",
        "2026-12-02-expression-of-concern, version 3",
        "  by A. Reader: Reported by a reader.",
        "  Doubts.",
        "  This record will be shown as EXPRESSION OF CONCERN: in a banner above its title, and before the title.",
    ]


def test_before_the_record_was_there(place, record, srch):
    day = load_record(path(place, record)).manifest["work"]["submitted"]
    result = srch("show", record, "--as-of", "2020-01-01")
    assert (result.code, result.out) == (1, "")
    assert result.messages == [f"SRCH:{record} was not there on 2020-01-01: it was submitted on {day}."]


@pytest.mark.parametrize(
    ("options", "line"),
    [
        (("--as-of", "2026-12-01", "--version", "2"), "--as-of and --version exclude each other"),
        (("--manifest", "--json"), "--manifest and --json exclude each other"),
        (("--manifest", "--history"), "--manifest and --history exclude each other"),
        (("--version", "5"), "SRCH:{0} has 4 versions; there is no version 5"),
        (("--as-of", "soon"), '--as-of "soon" is neither a day nor a time such as 2026-01-31T12:00:00Z'),
        (("--as-of", "2026-02-30"), '--as-of "2026-02-30" is neither a day nor a time such as 2026-01-31T12:00:00Z'),
        (
            ("--as-of", "2026-12-01T09:00:00"),
            '--as-of "2026-12-01T09:00:00" has no time zone; write it like 2026-01-31T12:00:00Z',
        ),
    ],
)
def test_calls_that_cannot_be_carried_out(options, line, record, fails):
    fails(["show", record, *options], line.format(record))


def test_a_broken_event_is_told(place, record, srch):
    event = path(place, record).parent / "corrections" / "2026-12-04-x.yml"
    event.write_text("a: 1\n", encoding="utf-8")
    result = srch("show", record)
    assert (result.code, result.out) == (1, "")
    assert result.messages[0].startswith(f"REG010 manifests/{record[:2]}/{record}/corrections/2026-12-04-x.yml")


def test_hostile_words_reach_no_terminal(place, record, srch):
    value = json.dumps("\x1b[2Jx\u202ey\nz")
    assert srch("correct", record, "--set", f"/work/title={value}", *WHO, "--note", "n", env=EPOCH).code == 0
    for options in ((), ("--history",)):
        out = srch("show", record, *options).out
        assert "\\u001b[2Jx\\u202ey z" in out
        assert not any(char in out for char in "\x1b\u202e")


@pytest.mark.parametrize(
    ("day", "number"), [("2020-01-01", None), ("2026-11-30", 1), ("2026-12-01", 2), ("2026-12-31", 4), (None, 4)]
)
def test_the_registry_as_it_stood(day, number, place, record, srch):
    options = ("--as-of", day) if day else ()
    rows = [json.loads(line) for line in srch("dump", *options).out.splitlines()]
    assert [row["version"] for row in rows] == ([number] if number else [])
    if number:
        version = load_record(path(place, record)).versions[number - 1]
        assert rows[0]["manifest_sha256"] == version.sha256
        assert rows[0]["title"] == version.manifest["work"]["title"]
    written = srch("dump", *options, "--out", "rows.jsonl")
    assert (written.code, written.out) == (0, "")
    assert written.err == f"written  rows.jsonl ({len(rows)} record{'' if len(rows) == 1 else 's'})\n"
    text = (place / "rows.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in text.splitlines()] == rows


def test_dump_needs_a_registry(fails):
    fails(["dump", "--manifests", "nowhere"], "nowhere: no such folder of manifests")
