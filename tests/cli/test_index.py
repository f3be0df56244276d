"""``srch index``: made once, kept up to date, and asked."""

from __future__ import annotations

import json
import sqlite3

import click
import pytest

from generator import cli
from generator.commands.index import _KINDS
from generator.manifest.semantic.items import KINDS

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"


@pytest.fixture
def record(place):
    return next((place / "manifests").glob("*/*/manifest.json")).parent.name


def test_the_kinds_are_those_of_the_index():
    assert _KINDS == KINDS


def test_built_once_and_then_searched(place, srch, files, record):
    first = srch("index", "build")
    assert first.code == 0
    counts = json.loads((place / "manifests" / record[:2] / record / "manifest.json").read_bytes())
    total = 2 + len(counts["provenance"]["sources"]) + len(counts["claims"]["records"])
    assert first.out == (
        f"build/index: 1 record (1 added, 0 changed, 0 dropped), {total} vectors by hashing-256-v1 ({total} new)\n"
    )
    assert first.err == f"[{total}/{total}] texts embedded\n"
    before = files(place / "build")
    again = json.loads(srch("index", "build", "--json", "-q").out)
    assert again == {
        **{"index": "build/index", "method": "hashing-256-v1", "model": None, "records": 1, "added": 0, "changed": 0},
        **{"dropped": 0, "vectors": total, "embedded": 0, "made_anew": False},
    }
    assert files(place / "build") == before

    found = srch("index", "search", QUESTION.upper(), "--most", "1")
    assert found.out == f"1.0000  SRCH:{record} question question\n        {QUESTION}\n"
    hits = json.loads(srch("index", "search", "cool roofs", "--kind", "claim", "--most", "3", "--json").out)
    assert [hit["kind"] for hit in hits] == ["claim"] * 3
    assert [hit["similarity"] for hit in hits] == sorted((hit["similarity"] for hit in hits), reverse=True)
    assert list(hits[0]) == ["public_id", "title", "kind", "id", "text", "similarity", "notice", "mark"]


def test_related_records_are_listed(place, srch, record):
    assert srch("run", "How do cool roofs lower urban air temperature?", "--out", "more", "-q").code == 0
    assert srch("publish", *(place / "more").iterdir()).code == 0
    assert srch("index", "build", "-q").code == 0
    other = next(path.name for path in (place / "manifests").glob("*/*") if path.name not in (record, "log"))
    found = srch("index", "related", f"srch:{record.lower()}")
    assert found.code == 0
    assert found.out.split()[1:3] == [f"SRCH:{other}", "How"]
    assert " papers cited by both)\n" in found.out
    rows = json.loads(srch("index", "related", record, "--json").out)
    assert [row["public_id"] for row in rows] == [f"SRCH:{other}"]
    assert list(rows[0]) == ["public_id", "title", "similarity", "shared_papers", "notice", "mark"]


def test_a_record_alone_has_no_related_ones(place, srch, record):
    assert srch("index", "build", "-q").code == 0
    found = srch("index", "related", record)
    assert (found.code, found.out) == (0, f"no record asks about something similar to SRCH:{record}\n")


def test_a_damaged_index_is_made_anew(place, srch):
    assert srch("index", "build", "-q").code == 0
    path = place / "build" / "index" / "index.sqlite"
    path.write_bytes(b"x" * 5000)
    told = srch("index", "search", "roofs")
    why = "file is not a database"
    assert (told.code, told.err) == (
        2,
        f"srch: build/index/index.sqlite: the index is damaged ({why}); 'srch index build' makes it anew\n",
    )
    again = srch("index", "build", "-q")
    assert (again.code, again.err) == (
        0,
        f"build/index/index.sqlite: the index was damaged ({why}) and has been made anew\n",
    )
    assert srch("index", "search", "roofs").code == 0


def test_a_planted_row_is_noticed_and_healed(place, srch):
    assert srch("index", "build", "-q").code == 0
    with sqlite3.connect(place / "build" / "index" / "index.sqlite") as base:
        base.execute("UPDATE items SET origins = 'x'")
    told = srch("index", "search", "roofs", "--most", "1")
    assert told.code == 2
    assert told.err.startswith("srch: build/index/index.sqlite: the index is damaged (the text ")
    assert told.err.endswith(" is not as it was written); 'srch index build' makes it anew\n")
    assert srch("index", "build", "-q").code == 0
    assert srch("index", "search", "roofs").code == 0


def test_a_folder_in_the_place_of_the_index_is_told(place, fails):
    (place / "build" / "index" / "index.sqlite").mkdir(parents=True)
    told = "is a folder, not an index; remove it or name another folder for the index"
    for arguments in (["build"], ["search", "roofs"]):
        fails(["index", *arguments], f"build/index/index.sqlite: {told}")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["search", "x"], "build/index: no index there; make it with 'srch index build'"),
        (["search", " "], "TEXT is empty"),
        (["search", b"\xff"], "TEXT holds the character \\udcff, which cannot be shown; leave it out"),
        (["related", "trees"], "trees: no id such as SRCH:E50A8461"),
        (["related", "SRCH:00000000"], "build/index: no index there; make it with 'srch index build'"),
        (["build", "--manifests", "none"], "none: no such folder of manifests"),
        (["build", "--manifests", ".", "--index", "file"], "file: is a file, not a folder"),
    ],
)
def test_calls_that_cannot_be_carried_out(tmp_path, fails, arguments, line):
    (tmp_path / "file").touch()
    fails(["index", *arguments], line)


@pytest.mark.parametrize("name", ["build", "search", "related"])
def test_help_shows_examples_that_parse(name, srch):
    import shlex

    shown = srch("index", name, "--help")
    assert shown.code == 0
    group = cli.cli.commands["index"]
    lines = [line.strip() for line in shown.out.partition("Examples:")[2].splitlines() if " srch " in line]
    assert len(lines) == 2
    for line in lines:
        _, *words = shlex.split(line)
        assert words[:2] == ["index", name]
        group.commands[name].make_context(name, words[2:], parent=click.Context(group))
