"""How problems are printed: text, JSON, GitHub's workflow commands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.problems import Problem, Problems, pointer, render, shown

A = Problem("a.json", "/x", "REG010", "1", "2", "Write 2.")
B = Problem("b.json", "", "REG001", "big", "small", "Cut it.")


def test_text_names_place_and_the_whole_file() -> None:
    assert A.text() == "REG010 a.json: /x\n  found:    1\n  expected: 2\n  to mend:  Write 2."
    assert B.text() == "REG001 b.json\n  found:    big\n  expected: small\n  to mend:  Cut it."


def test_render_sorts_by_file_and_place() -> None:
    assert render([B, A], "text") == f"{A.text()}\n{B.text()}"
    assert render([], "text") == ""


def test_json_is_a_list_of_the_fields() -> None:
    assert json.loads(render([B, A], "json")) == [
        {"file": "a.json", "place": "/x", "code": "REG010", "found": "1", "expected": "2", "mend": "Write 2."},
        {"file": "b.json", "place": "", "code": "REG001", "found": "big", "expected": "small", "mend": "Cut it."},
    ]
    assert json.loads(render([], "json")) == []


@pytest.mark.parametrize(
    ("problem", "command"),
    [
        (A, "::error file=a.json,title=REG010::/x: found 1; expected 2. Write 2."),
        (B, "::error file=b.json,title=REG001::whole file: found big; expected small. Cut it."),
        (
            Problem("c.yml", "line 7, column 3", "REG003", "x", "y", "Z."),
            "::error file=c.yml,line=7,title=REG003::line 7, column 3: found x; expected y. Z.",
        ),
        (
            Problem("d.yml", "line 12", "REG004", "x", "y", "Z."),
            "::error file=d.yml,line=12,title=REG004::line 12: found x; expected y. Z.",
        ),
        (
            Problem("50%,a:b\r\n.json", "/p", "REG010", "100%\r\n::warning::", "y", "Z."),
            "::error file=50%25%2Ca%3Ab%0D%0A.json,title=REG010::"
            "/p: found 100%25\\u000d\\u000a::warning::; expected y. Z.",
        ),
    ],
)
def test_github_commands_are_escaped_as_documented(problem: Problem, command: str) -> None:
    assert problem.github() == command


@given(st.lists(st.builds(Problem, *[st.text(max_size=12)] * 6), max_size=4))
def test_one_line_each_on_github_whatever_the_data(problems: list[Problem]) -> None:
    out = render(problems, "github")
    assert len(out.split("\n")) == max(len(problems), 1)
    assert "\r" not in out
    assert all(line.startswith("::error file=") for line in out.split("\n") if problems)
    assert json.loads(render(problems, "json")) == [vars(item) for item in sorted(problems)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        ("é\n", '"é\\n"'),
        ("\u202e\x7f", '"\\u202e\\u007f"'),
        ({"b": 1, "a": [True]}, '{"a": [true], "b": 1}'),
        ("x" * 100, '"' + "x" * 78 + "…"),
    ],
)
def test_shown(value: object, text: str) -> None:
    assert shown(value) == text


@given(st.text())
def test_shown_is_one_printable_line(text: str) -> None:
    assert shown(text).isprintable()
    assert len(shown(text)) <= 80


@pytest.mark.parametrize(
    ("parts", "text"), [((), ""), (("a", 0), "/a/0"), (("a/b", "m~n", ""), "/a~1b/m~0n/"), (("~1",), "/~01")]
)
def test_pointer_follows_rfc_6901(parts: tuple[str | int, ...], text: str) -> None:
    assert pointer(*parts) == text


def test_problems_come_sorted_and_counted() -> None:
    refused = Problems([B, A])
    assert refused.problems == (A, B)
    assert str(refused) == "2 problem(s)"
