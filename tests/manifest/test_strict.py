"""The strict doors for JSON, YAML and text: what comes in, and the words in which the rest is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import strict
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import Problem, Problems, UsageError
from generator.manifest.strict import load_json, load_text, loads_json, loads_yaml, read_bytes

HOSTILE = (Path(__file__).parents[2] / "../shared/data/hostile/json").resolve()
CASES = sorted(HOSTILE.glob("*.json")) if HOSTILE.is_dir() else []
hostile = pytest.mark.skipif(not CASES, reason="../shared/data/hostile/json is not here")


def refused(data: bytes, door: Any = loads_json) -> list[tuple[str, str, str, str, str]]:
    with pytest.raises(Problems) as error:
        door(data, file="f")
    assert {problem.file for problem in error.value.problems} == {"f"}
    return [(item.place, item.code, item.found, item.expected, item.mend) for item in error.value.problems]


def outcome(data: bytes, door: Any = loads_json) -> tuple[Any, tuple[Problem, ...]]:
    """The value, or the problems for which it is refused."""
    try:
        return door(data, file="f"), ()
    except Problems as error:
        return None, error.problems


SYNTAX = "Mend the JSON syntax at this place."
BIG = "Write large numbers as strings."
JSON_REFUSALS = [
    (b"\xef\xbb\xbf{}", "line 1", "REG002", "a byte order mark", "plain UTF-8", "Save the file without a BOM."),
    (
        b'{\n"a": "\xff"}',
        "line 2",
        "REG002",
        "byte 0xff at offset 8",
        "UTF-8 text",
        "Save the file in the UTF-8 encoding.",
    ),
    (b"", "line 1, column 1", "REG003", "the end of the file", "JSON (expecting value)", SYNTAX),
    (b"[1,\n 2,]", "line 2, column 4", "REG003", '"]"', "JSON (expecting value)", SYNTAX),
    (b"{} []", "line 1, column 4", "REG003", '"[]"', "JSON (extra data)", SYNTAX),
    (b"{'a': 1}", "line 1, column 2", "REG003", "\"'a': 1}\"", None, SYNTAX),
    (
        b'{"a": 1, "b": {"a": 2, "a": 3}}',
        "/b/a", "REG004", 'key "a" twice',
        "each key once in an object",
        "Keep one of them.",
    ),
    (b"[" * 65 + b"]" * 65, "", "REG005", "65 levels", "at most 64 levels", "Flatten the document."),
    (b"[NaN]", "/0", "REG006", "NaN", "a finite number or null", "Write null where a value is not known."),
    (b"-Infinity", "", "REG006", "-Infinity", "a finite number or null", "Write null where a value is not known."),
    (b"9007199254740992", "", "REG006", '"9007199254740992"', "an integer within ±(2^53 - 1)", BIG),
    (b"-9007199254740992", "", "REG006", '"-9007199254740992"', "an integer within ±(2^53 - 1)", BIG),
    (b"[1e400]", "/0", "REG006", '"1e400"', "a number that a double can hold", BIG),
    (
        b'{"a": ["\\ud800"]}',
        "/a/0",
        "REG007",
        '"\\\\ud800"',
        "whole Unicode characters",
        "Write the character itself, or both halves of its surrogate pair.",
    ),
    (
        b'{"\\udc00x": 1}',
        "",
        "REG007",
        '"\\\\udc00x"',
        "whole Unicode characters",
        "Write the character itself, or both halves of its surrogate pair.",
    ),
]


@pytest.mark.parametrize(
    ("data", "place", "code", "found", "expected", "mend"),
    JSON_REFUSALS,
    ids=[f"{row[2]}-{number}" for number, row in enumerate(JSON_REFUSALS)],
)
def test_json_refusals(data: bytes, place: str, code: str, found: str, expected: str | None, mend: str) -> None:
    (got,) = refused(data)
    # the words of json's own "expecting property name" differ between versions of Python
    assert got == (place, code, found, got[3] if expected is None else expected, mend)
    assert got[3].startswith("JSON (") or expected is not None


def test_all_refusals_of_one_file_come_together() -> None:
    rows = refused(b'{"a": NaN, "a": 1e999, "b": ["\\ud800"], "c": 99999999999999999999}')
    assert sorted(row[1] for row in rows) == ["REG004", "REG006", "REG006", "REG006", "REG007"]


def test_the_deepest_allowed_nesting_comes_in_and_brackets_in_strings_do_not_count() -> None:
    assert loads_json(b"[" * 64 + b"]" * 64, file="f")
    assert loads_json(b'["' + b"[" * 500 + b'"]', file="f") == ["[" * 500]
    assert loads_json(b'["\\"' + b"[{" * 90 + b'"]', file="f") == ['"' + "[{" * 90]


def test_numbers_at_the_edge() -> None:
    assert loads_json(b"[9007199254740991, -9007199254740991, 1.5, 1e3]", file="f") == [2**53 - 1, 1 - 2**53, 1.5, 1000]


def test_a_broken_flood_of_brackets_is_refused_without_a_traceback() -> None:
    assert refused(b"[" * 2_000_000)[0][:3] == ("", "REG005", "2000000 levels")


JSON_TEXT = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(-1e15, 1e15, allow_nan=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


@given(JSON_TEXT, st.booleans(), st.sampled_from([None, 1, 3]))
def test_every_portable_document_comes_in_as_it_is(value: Any, escaped: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=escaped, indent=indent)
    assert loads_json(text.encode(), file="f") == value


@given(st.text(alphabet='[]{}":,\\ u0a1e-.9nNaft\n', max_size=40))
def test_the_fast_and_the_slow_way_agree(text: str) -> None:
    """Whatever is written, the short cut for plain documents gives the value and refusal of the close look."""
    data = text.encode()

    fast = outcome(data)
    short_cut = strict._plain
    try:
        strict._plain = lambda data: None
        slow = outcome(data)
    finally:
        strict._plain = short_cut
    assert json.dumps(fast, default=vars) == json.dumps(slow, default=vars)


def test_the_short_cut_is_taken_for_what_the_tools_wrote() -> None:
    value = {"a": [1, 2.5, "é", None, {"b": "x: y"}], "c": {}}
    assert strict._plain(stored_bytes(value)) == value
    assert strict._plain(stored_bytes(value).replace(b'"c"', b'"a"')) is None


@hostile
@pytest.mark.parametrize("path", [path for path in CASES if path.name.startswith("y_")], ids=lambda path: path.stem)
def test_valid_json_comes_in_unless_it_is_not_portable(path: Path) -> None:
    """The door is narrower than JSON in four named ways; everything else of the y_ cases must come in."""
    data = path.read_bytes()
    narrower = {
        "y_object_duplicated_key": "REG004",
        "y_object_duplicated_key_and_value": "REG004",
        "y_string_nonCharacterInUTF-8_U+10FFFF": None,
    }
    code = narrower.get(path.stem)
    if code:
        assert {row[1] for row in refused(data)} == {code}
    else:
        assert loads_json(data, file="f") == json.loads(data)


@hostile
@pytest.mark.parametrize("path", [path for path in CASES if path.name.startswith("n_")], ids=lambda path: path.stem)
def test_invalid_json_is_refused_with_words(path: Path) -> None:
    for row in refused(path.read_bytes()):
        assert row[1] in {"REG002", "REG003", "REG004", "REG005", "REG006", "REG007"}
        assert all(part.isprintable() for part in row)
        assert row[2]
        assert row[3]
        assert row[4].endswith(".")


@hostile
@pytest.mark.parametrize("path", [path for path in CASES if path.name.startswith("i_")], ids=lambda path: path.stem)
def test_undecided_json_is_either_a_value_or_a_problem(path: Path) -> None:
    value, problems = outcome(path.read_bytes())
    assert problems or json.loads(json.dumps(value, allow_nan=False)) == value


YAML = "Mend the YAML at this place."
ONE = "one plain YAML document"
YAML_REFUSALS = [
    (b"a: &x 1\n", "line 1, column 4", "REG003", "an anchor or alias", ONE, YAML),
    (b"a: 1\nb: *x\n", "line 2, column 4", "REG003", "an anchor or alias", ONE, YAML),
    (b"a: !!python/name:os.system\n", "line 1, column 4", "REG003", None, ONE, YAML),
    (b"a: !!str 1\n", "line 1, column 4", "REG003", "the tag tag:yaml.org,2002:str", ONE, YAML),
    (b"a: 1\n---\nb: 2\n", "line 2, column 1", "REG003", "another document", ONE, YAML),
    (b"a: [1\n", "line 2, column 1", "REG003", None, ONE, YAML),
    (
        b"a: 9007199254740992\n",
        "line 1",
        "REG006",
        '"9007199254740992"',
        "an integer within ±(2^53 - 1)",
        "Put it in quotes, if it is meant as text.",
    ),
    (b"a: 1\nb: 2\na: 3\n", "line 3", "REG004", 'key "a" twice', "each key once", "Keep one of them."),
    (b"1: a\n", "line 1", "REG003", "the key 1", "a text key", "Put the key in quotes."),
    (b"? [a]\n: b\n", "line 1", "REG003", 'the key ["a"]', "a text key", "Put the key in quotes."),
    (b"a: 1\n\x07\n", "line 2", "REG003", "the character U+0007", "printable characters", "Remove the character."),
    (b"a: \xff\n", "line 1", "REG002", "byte 0xff at offset 3", "UTF-8 text", "Save the file in the UTF-8 encoding."),
    (b"[" * 70 + b"]" * 70, "line 1", "REG005", "a deeper level", "at most 64 levels", "Flatten the document."),
]


@pytest.mark.parametrize(
    ("data", "place", "code", "found", "expected", "mend"),
    YAML_REFUSALS,
    ids=[f"{row[2]}-{number}" for number, row in enumerate(YAML_REFUSALS)],
)
def test_yaml_refusals(data: bytes, place: str, code: str, found: str | None, expected: str, mend: str) -> None:
    (got,) = refused(data, loads_yaml)
    assert got == (place, code, got[2] if found is None else found, expected, mend)
    assert got[2].isprintable()


def test_a_merge_key_is_a_key_like_any_other() -> None:
    assert loads_yaml(b'"<<": {b: 1}\na: 2\n', file="f") == {"<<": {"b": 1}, "a": 2}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2026-01-02", "2026-01-02"),
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05Z"),
        ("12:30:45", "12:30:45"),
        ("0o17", "0o17"),
        ("017", "017"),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("1_000", "1_000"),
        ("12", 12),
        ("-1.5", -1.5),
        ("true", True),
        ("null", None),
    ],
)
def test_plain_yaml_scalars_are_json_s(text: str, value: object) -> None:
    got = loads_yaml(f"a: {text}\n".encode(), file="f")["a"]
    assert (got, type(got)) == (value, type(value))


@given(st.binary(max_size=200))
def test_yaml_of_any_bytes_is_a_value_or_a_problem(data: bytes) -> None:
    value, problems = outcome(data, loads_yaml)
    assert all(isinstance(item, Problem) and item.mend for item in problems)
    assert problems or json.dumps(value, allow_nan=False)


def test_files_are_read_with_bounds(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": 1}')
    assert load_json(path) == {"a": 1}
    with pytest.raises(Problems) as error:
        load_json(path, limit=7)
    assert error.value.problems == (
        Problem(str(path), "", "REG001", "8 bytes", "at most 7 bytes", "Split or shorten the file."),
    )


@pytest.mark.parametrize("kind", ["missing", "folder", "pipe"])
def test_only_regular_files_are_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UsageError) as error:
        read_bytes(path)
    assert str(error.value) == f"{path}: {'no such file' if kind == 'missing' else 'not a regular file'}"


def test_text_may_have_a_mark_and_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "draft.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo\rthree\n")
    assert load_text(path) == "one\ntwo\nthree\n"


MARKS = ["key: value", "  - item", "- a", "a: 'b'", 'a: "b"', "note: >-", "  folded", "x: 012", "? k", "# c", "---"]
PLAIN = st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20)


@given(st.lists(st.one_of(PLAIN, st.sampled_from([*MARKS, "...", "a: 1\na: 2", "- - - a", "1: b"])), max_size=8))
def test_the_quick_way_reads_yaml_as_the_close_one_does(lines: list[str]) -> None:
    data = "\n".join(lines).encode()
    quick = outcome(data, loads_yaml)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(strict, "_QuickLoader", None)
        assert repr(outcome(data, loads_yaml)) == repr(quick)
