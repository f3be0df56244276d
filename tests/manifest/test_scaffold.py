"""An event in the making: its text comes back as it was, its values before are those that stand, it is never written
over another and never half."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import atomic, patch, scaffold
from generator.manifest.contracts import validate
from generator.manifest.problems import Problems, UsageError
from generator.manifest.scaffold import Made
from generator.manifest.store import load_record
from generator.manifest.strict import load_yaml, loads_yaml

NAUGHTY = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "naughty-strings.json"
AT, NOW = "2026-11-30T09:00:00Z", "2026-12-31T00:00:00Z"
SAID = {"correction_type": "METADATA", "issued_by": "A. Reader", "reason": "Reported.", "public_note": "It said X."}

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
YAML_TEXT = st.text(
    "ab \n\r\t:#-'\"\\>|%@`!&*?[]{},=~\x00\x07\x7f\x85\xa0\u2028\u2029\ufeff\ufffe\U0001f600", max_size=200
)
NUMBER = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUE = st.recursive(
    st.none() | st.booleans() | NUMBER | ANY_TEXT | YAML_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT | YAML_TEXT, inner, max_size=4),
    max_leaves=8,
)


@given(VALUE)
def test_every_value_comes_back_equal(value):
    data = scaffold.yaml_bytes({"value": value}, file="x.yml")
    assert patch.same(loads_yaml(data, file="x.yml"), {"value": value})


@given(note=ANY_TEXT | YAML_TEXT, who=ANY_TEXT | YAML_TEXT, value=VALUE)
def test_every_event_comes_back_equal(note, who, value):
    told = {
        **SAID,
        "public_note": note,
        "issued_by": who,
        "changes": [{"op": "add", "path": "/work/x", "value": value}],
    }
    data = scaffold.yaml_bytes(told, file="x.yml")
    assert patch.same(loads_yaml(data, file="x.yml"), told)


@pytest.mark.skipif(not NAUGHTY.is_file(), reason=f"the naughty strings are not at {NAUGHTY}")
def test_naughty_strings_come_back_equal():
    strings = json.loads(NAUGHTY.read_bytes())
    assert len(strings) > 400
    for text in strings:
        told = {"public_note": text, "changes": [text, {text: text}], "long": f"{text} {text} " * 20}
        assert loads_yaml(scaffold.yaml_bytes(told, file="x.yml"), file="x.yml") == told


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Short.", "note: Short.\n"),
        ("2026-11-30T09:00:00Z", 'note: "2026-11-30T09:00:00Z"\n'),
        ("2026-11-30", 'note: "2026-11-30"\n'),
        ("yes", "note: 'yes'\n"),
        ("12", "note: '12'\n"),
        ("one\ntwo", "note: |-\n  one\n  two\n"),
        ("one\n\ntwo\n", "note: |\n  one\n\n  two\n"),
        (
            "A long note goes on until it is longer than a line should be and then it is folded, as people write it.",
            "note: >-\n"
            "  A long note goes on until it is longer than a line should be and then it is folded, as people write\n"
            "  it.\n",
        ),
        ("tab\tbell\x07", 'note: "tab\\tbell\\a"\n'),
        ("next\x85line", 'note: "next\\Nline"\n'),
        ("right\u202eleft é", 'note: "right\\u202Eleft \\xE9"\n'),
        ("un\xa0café \U0001f600", "note: un\xa0café \U0001f600\n"),
    ],
)
def test_the_text_is_readable(text, written):
    data = scaffold.yaml_bytes({"note": text}, file="x.yml").decode()
    assert data == written
    assert loads_yaml(data.encode(), file="x.yml") == {"note": text}


@pytest.mark.parametrize("value", [{"a": "x\ud800"}, {"a": ["\udfff"]}, {"\udc80": 1}])
def test_half_a_character_is_refused(value):
    with pytest.raises(Problems) as refused:
        scaffold.yaml_bytes(value, file="x.yml")
    (problem,) = refused.value.problems
    assert (problem.file, problem.code, problem.expected) == ("x.yml", "REG007", "whole Unicode characters")
    assert problem.mend == "Leave out the half of a character, such as one byte of a name that is not UTF-8."


@pytest.mark.parametrize(
    ("notice", "paths", "note", "slug"),
    [
        ("expression_of_concern", ["/work/title"], "n", "expression-of-concern"),
        (None, ["/work/title"], "n", "title"),
        (None, ["/claims/records/C3/text"], "n", "c3-text"),
        (None, ["/uncertainties/-"], "Something new", "something-new"),
        (None, [], "Claim C3 was taken from the other paper", "claim-c3-was-taken-from-the"),
        (None, ["/a/b", "/c/d"], "Über Änderungen & mehr!", "uber-anderungen-mehr"),
        (None, [], "数据有误", "note"),
        (None, [], "--- ??? ---", "note"),
        (None, ["/work/" + "x" * 300], "n", "x" * 50),
    ],
)
def test_slug(notice, paths, note, slug):
    assert scaffold.slug_of(notice, paths, note) == slug
    assert scaffold.SLUG.fullmatch(slug)


@given(st.lists(ANY_TEXT.map(lambda text: "/" + text), max_size=3), ANY_TEXT)
def test_a_slug_is_always_one(paths, note):
    assert scaffold.SLUG.fullmatch(scaffold.slug_of(None, paths, note))


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        ([], None),
        (["/quality_assessment/tier"], None),
        (["/work/title"], "METADATA"),
        (["/work/title", "/claims/records/0", "/claims/records/1"], "CLAIM"),
        (["/provenance/seed", "/artifacts/0"], "PROVENANCE"),
    ],
)
def test_guessed_type(paths, kind):
    assert scaffold.guessed_type(paths) == kind


def put(registry: Path, *, slug: str = "note", at: str = AT, **more: Any) -> Made:
    return scaffold.append(registry / "manifest.json", at, slug, {**SAID, **more}, now=NOW)


def test_what_is_written_is_the_event_that_was_checked(registry):
    record = load_record(registry / "manifest.json")
    title = record.manifest["work"]["title"]
    changes = scaffold.changes(record, [("/work/title", "New")], [], [])
    assert changes == [{"op": "replace", "path": "/work/title", "before": title, "value": "New"}]
    made = put(registry, slug="title", changes=changes)
    assert made.path == registry / "corrections" / "2026-11-30-title.yml"
    assert made.path.read_bytes() == made.data
    assert load_yaml(made.path) == made.event
    assert list(made.event) == [key for key in scaffold.KEYS if key in made.event]
    assert validate(made.event, "correction-event", file="x") == []
    after = load_record(registry / "manifest.json")
    assert after.current.manifest["work"]["title"] == made.version.manifest["work"]["title"] == "New"
    # the next value before is that of the record as it stands, not as published
    assert scaffold.changes(after, [("/work/title", "Newer")], [], [])[0]["before"] == "New"


def test_a_second_event_of_one_name_gets_a_number(registry):
    names = [put(registry).path.name for _ in range(3)]
    assert names == ["2026-11-30-note.yml", "2026-11-30-note-2.yml", "2026-11-30-note-3.yml"]
    assert [event.id for event in load_record(registry / "manifest.json").events] == [name[:-4] for name in names]


def test_a_file_that_comes_in_between_is_not_written_over(registry, monkeypatch):
    """Somebody who does not take the lock, such as an editor, puts a file there while the event is checked."""
    write = scaffold.write_new_file
    intruder = registry / "corrections" / "2026-11-30-note.yml"
    text = scaffold.yaml_bytes(
        scaffold.event(load_record(registry / "manifest.json"), AT, "2026-11-30-note", {**SAID, "reason": "Mine."}),
        file="x",
    )

    def late(path: Path, data: bytes) -> None:
        if not intruder.exists():
            intruder.parent.mkdir()
            intruder.write_bytes(text)
        write(path, data)

    monkeypatch.setattr(scaffold, "write_new_file", late)
    made = put(registry)
    assert made.path.name == "2026-11-30-note-2.yml"
    assert intruder.read_bytes() == text
    assert sorted(path.name for path in intruder.parent.iterdir()) == ["2026-11-30-note-2.yml", "2026-11-30-note.yml"]


def test_what_a_killed_writer_left_is_cleared_away(registry):
    left = registry / "corrections" / f"{atomic.TEMPORARY}2026-11-30-note.yml-0"
    left.parent.mkdir()
    left.write_bytes(b"half")
    put(registry)
    assert [path.name for path in left.parent.iterdir()] == ["2026-11-30-note.yml"]


@pytest.mark.parametrize(
    ("more", "code", "place", "found"),
    [
        ({"changes": [{"op": "replace", "path": "/work/title", "before": "x", "value": "y"}]}, "REG063", None, '"x"'),
        ({"lifts": "2026-11-29-none"}, "REG067", "/lifts", '"2026-11-29-none"'),
        ({"replaced_by": "SRCH:00000000"}, "REG067", "/replaced_by", '"SRCH:00000000"'),
        ({"at": "2025-01-01T00:00:00Z"}, "REG086", "/corrected_at", "2025-01-01T00:00:00Z"),
        ({"at": "2027-01-01T00:00:00Z"}, "REG086", "/corrected_at", "2027-01-01T00:00:00Z"),
        ({"public_note": "x" * 4001}, "REG010", "/public_note", "4001 characters"),
        ({"notice": "new_version"}, "REG010", "", 'no property "replaced_by"'),
        ({"evidence": [{"label": "x", "url": "javascript:alert(1)"}]}, "REG010", "/evidence/0/url", None),
        ({"affected_fields": ["work"]}, "REG010", "/affected_fields/0", '"work"'),
    ],
)
def test_nothing_is_written_when_something_is_wrong(registry, more, code, place, found):
    before = sorted(registry.rglob("*"))
    with pytest.raises(Problems) as refused:
        put(registry, **more)
    problem = refused.value.problems[0]
    assert problem.code == code
    assert problem.file.startswith(str(registry / "corrections" / "20"))
    assert place is None or problem.place == place
    assert found is None or problem.found == found
    assert sorted(registry.rglob("*")) == before


def test_all_that_is_wrong_is_told_at_once(registry):
    with pytest.raises(Problems) as refused:
        put(registry, lifts="2026-11-29-none", replaced_by="SRCH:00000000", at="2025-01-01T00:00:00Z")
    assert [problem.code for problem in refused.value.problems] == ["REG086", "REG067", "REG067"]


def test_places_without_a_fact_are_told_before_anything_is_asked(registry):
    record = load_record(registry / "manifest.json")
    with pytest.raises(Problems) as refused:
        scaffold.changes(
            record, [("/quality_assessment/tier/tier", "X"), ("/work/title/x", 1)], ["/uncertainties/99"], []
        )
    assert [(problem.code, problem.place) for problem in refused.value.problems] == [
        ("REG065", "/changes/0/path"),
        ("REG064", "/changes/1/path"),
        ("REG064", "/changes/2/path"),
    ]
    title = record.manifest["work"]["title"]
    with pytest.raises(UsageError, match=re.escape(f"/work/title holds {json.dumps(title)} already")):
        scaffold.changes(record, [("/work/title", title)], [], [])


def test_a_record_outside_a_registry_is_not_corrected(registry, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    registry.rename(elsewhere)
    with pytest.raises(UsageError) as refused:
        scaffold.open_record(elsewhere / "manifest.json")
    assert str(refused.value) == f"{elsewhere}: not a record's place in a registry, which is <two digits>/<ID>"


def test_an_event_dated_before_another_stands_before_it(registry):
    record = load_record(registry / "manifest.json")
    put(
        registry,
        slug="late",
        at="2026-12-02T00:00:00Z",
        changes=scaffold.changes(record, [("/work/title", "B")], [], []),
    )
    made = put(registry, slug="early", at="2026-12-01T00:00:00Z")
    assert (made.version.number, len(made.record.versions)) == (2, 3)
    # its value before is then the published one, which the later event relies on
    record = load_record(registry / "manifest.json")
    with pytest.raises(Problems) as refused:
        put(registry, at="2026-12-01T00:00:00Z", changes=scaffold.changes(record, [("/work/title", "C")], [], []))
    assert [problem.code for problem in refused.value.problems] == ["REG063"]


def filled(template: str, record: str) -> str:
    """The template as a person fills it in."""
    for place, words in {
        "event_id: <YYYY-MM-DD-what-was-wrong>": "event_id: 2026-11-30-title",
        '"<YYYY-MM-DD>T12:00:00Z"': '"2026-11-30T12:00:00Z"',
        "<TYPE>": "METADATA",
        "<who issues the correction>": "A. Reader",
        "<why it is issued>": "Reported by a reader.",
        "<What was wrong and what is right, for readers.\n  More lines are welcome.>": "The title was wrong.",
    }.items():
        assert template.count(place) == 1, place
        template = template.replace(place, words)
    assert f"record: {record}\n" in template
    return template


@pytest.mark.parametrize("everything", [False, True])
def test_the_template_filled_in_passes_every_door(registry, everything):
    record = load_record(registry / "manifest.json")
    text = filled(scaffold.template(record.manifest), record.manifest["work"]["public_id"])
    if everything:
        for line in (
            "notice:",
            "evidence:",
            "  - label",
            "    url",
            "changes:",
            "  - op",
            "    path",
            "    before",
            "    value",
        ):
            assert text.count(f"# {line}") == 1, line
            text = text.replace(f"# {line}", line)
    path = registry / "corrections" / "2026-11-30-title.yml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    record = load_record(registry / "manifest.json")
    assert [event.id for event in record.events] == ["2026-11-30-title"]
    title = record.current.manifest["work"]["title"]
    assert title == ("A better title" if everything else record.manifest["work"]["title"])


def test_the_template_as_it_stands_is_refused(registry):
    record = load_record(registry / "manifest.json")
    path = registry / "corrections" / "2026-11-30-title.yml"
    path.parent.mkdir()
    path.write_text(scaffold.template(record.manifest), encoding="utf-8")
    with pytest.raises(Problems) as refused:
        load_record(registry / "manifest.json")
    assert {problem.place for problem in refused.value.problems} == {"/event_id", "/corrected_at", "/correction_type"}


def manifest_with(title: str) -> dict[str, Any]:
    return {"work": {"public_id": "SRCH:E50A8461", "short_id": "E50A8461", "title": title}}


@given(ANY_TEXT | YAML_TEXT)
def test_no_title_breaks_out_of_the_template(title):
    text = scaffold.template(manifest_with(title))
    lines = [line for line in text.split("\n") if line and not line.startswith("#")]
    expected = [
        *("schema:", "event_id:", "record:", "corrected_at:", "correction_type:", "issued_by:", "reason:"),
        *("public_note:", "  <What", "  More"),
    ]
    assert [
        line.split(" ")[0] if line[0] != " " else line[: len(word)] for line, word in zip(lines, expected, strict=True)
    ] == expected
    assert all(char.isprintable() or char == "\n" for char in text)
    (before,) = (line for line in text.split("\n") if line.startswith("#     before: "))
    value = loads_yaml(before.removeprefix("#     before: ").encode(), file="x")
    assert value in (title, "the title as it stands")


@given(ANY_TEXT | YAML_TEXT | st.text("😀", min_size=100, max_size=200), st.sampled_from(["main", "a/b", "r é#?&%"]))
def test_the_address_of_the_form(title, branch):
    manifest = manifest_with(title)
    url = scaffold.new_file_url("https://github.com/owner/name/", branch, manifest)
    assert len(url) < scaffold.LONGEST_URL
    assert re.fullmatch(r"[A-Za-z0-9:/?&=._~%-]+", url)
    parts = urlsplit(url)
    assert parts.path.startswith("/owner/name/new/")
    assert parts.path.endswith("/manifests/E5/E50A8461/corrections")
    query = parse_qs(parts.query, strict_parsing=True)
    assert query["filename"] == ["YYYY-MM-DD-what-was-wrong.yml"]
    filled(query["value"][0], "SRCH:E50A8461")
    assert parts.fragment == ""
