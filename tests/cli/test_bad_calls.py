"""Calls that cannot be carried out: each gives exactly one line that says what is wrong, and exit code 2."""

from __future__ import annotations

import os

import pytest


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["bogus"], "No such command 'bogus'. (see 'srch --help')"),
        (["run"], "a question is missing (see 'srch run --help')"),
        (["run", ""], "the question is empty"),
        (["run", " \t\n "], "the question is empty"),
        (["run", "\u200b\u202e"], "the question is empty"),
        (["run", b"\xff\xfe"], "the question is empty"),
        (["run", "?!… —"], "the question holds no word"),
        (["run", "a" * 501], "the question has 501 characters; at most 500 are taken"),
        (["run", "two", "questions"], "Got unexpected extra argument (questions) (see 'srch run --help')"),
        (["queue", "--bogus"], "No such option '--bogus'. Did you mean '--runs'? (see 'srch queue --help')"),
        (["run", "q", "--seed", "-1"], "Invalid value for '--seed': -1 is not in the range 0<=x<=2147483647."),
        (["run", "q", "--seed", "1", "--seed", "2"], "--seed is given 2 times."),
        (["run", "q", "--out", "a", "--out", "a"], "--out is given 2 times."),
        (["run", "--resume"], "runs: no unfinished run"),
        (
            ["run", "q", "--method", "lexical"],
            'no method "lexical"; there are: lexical-v1, llm-judge, tfidf-bigram-v1, cross-encoder',
        ),
        (
            ["run", "--resume", "--method", "tfidf-bigram-v1"],
            "--method is for a question; an unfinished run goes on with the method it was begun with",
        ),
        (["run", "q", "--clock", "soon"], '--clock "soon" is not a time such as 2026-01-31T12:00:00Z'),
        (["run", "q", "--clock", ""], '--clock "" is not a time such as 2026-01-31T12:00:00Z'),
        (["run", "q", "--clock", "2026-02-30T00:00:00Z"], None),
        (["run", "q", "--clock", "0001-01-01T00:00:00+14:00"], None),
        (
            ["run", "q", "--clock", "2026-01-31T12:00:00"],
            '--clock "2026-01-31T12:00:00" has no time zone; write it like 2026-01-31T12:00:00Z',
        ),
        (
            ["run", "q", "--clock", "0999-12-31T23:59:59Z"],
            '--clock "0999-12-31T23:59:59Z" lies outside the years 1000 to 2999',
        ),
        (
            ["run", "q", "--clock", "3000-01-01T00:00:00Z"],
            '--clock "3000-01-01T00:00:00Z" lies outside the years 1000 to 2999',
        ),
        (["import"], "Missing argument 'DRAFT...'. (see 'srch import --help')"),
        (["import", "nowhere.txt"], "nowhere.txt: no such file"),
        (["import", "routing.txt", "--facts", "nowhere.yml"], "nowhere.yml: no such file"),
        (["import", "runs"], "runs: not a regular file"),
        (["import", "routing.txt", "--facts", "runs"], "runs: not a regular file"),
        (["import", os.devnull], f"{os.devnull}: not a regular file"),
        (["import", "routing.txt", "--facts", "x", "--facts", "y"], "--facts is given 2 times."),
        (
            ["import", "routing.txt", "./routing.txt"],
            "routing.txt and routing.txt would share the folder runs/routing; rename one of them",
        ),
        (["queue", "--runs", "nowhere"], "nowhere: no such folder of runs"),
        (["queue", "--runs", "routing.txt"], "routing.txt: no such folder of runs"),
        (["decide", "runs/routing", "--by", "A", "--reason", "r"], "say --publish or --reject"),
        (["decide", "runs/routing", "--publish", "--reason", "r"], "Missing option '--by'."),
        (["decide", "runs/routing", "--publish", "--by", "A"], "Missing option '--reason'."),
        (["decide", "runs/routing", "--publish", "--by", " ", "--reason", "r"], "--by is empty"),
        (["decide", "runs/routing", "--publish", "--by", "A", "--reason", "\n"], "--reason is empty"),
        (
            ["decide", "runs/routing", "--publish", "--by", b"A\xff", "--reason", "r"],
            "--by holds the character \\udcff, which cannot be shown; leave it out",
        ),
        (
            ["decide", "runs/routing", "--publish", "--by", "A", "--reason", "\x1b[2J"],
            "--reason holds the character \\u001b, which cannot be shown; leave it out",
        ),
        (
            ["decide", "runs/routing", "--publish", "--reject", "--by", "A", "--reason", "r"],
            "--publish and --reject exclude each other. (see 'srch decide --help')",
        ),
        (
            ["decide", "runs/routing", "--publish", "--by", "A", "--by", "B", "--reason", "r"],
            "--by is given 2 times. (see 'srch decide --help')",
        ),
        (
            ["decide", "nowhere", "--reject", "--by", "A", "--reason", "r"],
            "nowhere: neither a run folder nor an id such as SRCH:E50A8461",
        ),
        (
            ["decide", "SRCH:00000000", "--reject", "--by", "A", "--reason", "r"],
            "SRCH:00000000: no run with this id in runs",
        ),
        (["decide", "routing.txt", "--reject", "--by", "A", "--reason", "r"], "routing.txt: no such run folder"),
        (["decide", "runs", "--reject", "--by", "A", "--reason", "r"], "runs: no run.json in it"),
        (["publish"], "Missing argument 'RUN...'. (see 'srch publish --help')"),
        (["publish", "SRCH:12"], "SRCH:12: neither a run folder nor an id such as SRCH:E50A8461"),
        (["publish", "SRCH:00000000"], "SRCH:00000000: no run with this id in runs"),
        (["publish", "manifests"], "manifests: no run.json in it"),
        (["publish", "runs/approved/run.json", "--manifests", "routing.txt"], "routing.txt: is a file, not a folder"),
        (["check", "nowhere"], "nowhere: no such file or folder"),
        (["check", "manifests", "nowhere"], "nowhere: no such file or folder"),
        (["check", os.devnull], f"{os.devnull}: not a regular file"),
        (["check", "--format", "xml"], None),
        (["check", "--format", "json", "--format", "text"], "--format is given 2 times. (see 'srch check --help')"),
        (["assess"], "say --claim with --text, or --pairs with --out"),
        (["assess", "routing.txt"], "Got unexpected extra argument (routing.txt) (see 'srch assess --help')"),
        (["assess", "--claim", "c"], "--claim needs --text FILE"),
        (["assess", "--text", "routing.txt"], "--text needs --claim TEXT"),
        (["assess", "--claim", " ", "--text", "routing.txt"], "--claim is empty"),
        (
            ["assess", "--claim", "a\x1b[2J", "--text", "routing.txt"],
            "--claim holds the character \\u001b, which cannot be shown; leave it out",
        ),
        (["assess", "--claim", "c", "--claim", "d", "--text", "routing.txt"], "--claim is given 2 times."),
        (["assess", "--claim", "c", "--text", "nowhere.txt"], "nowhere.txt: no such file"),
        (["assess", "--claim", "c", "--text", "runs"], "runs: not a regular file"),
        (["assess", "--claim", "c", "--text", os.devnull], f"{os.devnull}: not a regular file"),
        (
            ["assess", "--claim", "c", "--text", "routing.txt", "--text", "./routing.txt"],
            "--text routing.txt is given twice; one source cannot corroborate itself",
        ),
        (["assess", "--claim", "c", "--text", "routing.txt", "--out", "o"], "--claim and --out exclude each other"),
        (["assess", "--claim", "c", "--text", "routing.txt", "--jobs", "2"], "--claim and --jobs exclude each other"),
        (["assess", "--pairs", "p", "--claim", "c"], "--pairs and --claim exclude each other"),
        (["assess", "--pairs", "p", "--text", "routing.txt"], "--pairs and --text exclude each other"),
        (["assess", "--pairs", "p"], "--pairs needs --out FILE, or --out - for standard output"),
        (["assess", "--pairs", "p", "--out", "o", "--jobs", "-1"], None),
        (["assess", "--pairs", "p", "--out", "o"], "p: no such file"),
        (
            ["assess", "--pairs", "p", "--out", "-", "--json"],
            "--json and --out - would both write to standard output; leave one out",
        ),
        (
            ["assess", "--pairs", "p", "--out", "o", "--method", "TFIDF"],
            'no method "TFIDF"; there are: tfidf-bigram-v1, llm-judge, lexical-v1, cross-encoder',
        ),
        (["assess", "--list-methods", "--claim", "c"], "--list-methods and --claim exclude each other"),
        (
            ["assess", "--claim", "c", "--text", "routing.txt", "--method", "llm-judge"],
            "method llm-judge needs the variable SRCH_MODEL_URL, such as http://127.0.0.1:11434/v1",
        ),
        (["rereview", "--manifests", "nowhere"], "nowhere: no such folder of manifests"),
        (["rereview", "nowhere"], "nowhere: neither a record's folder nor an id such as SRCH:E50A8461"),
        (["rereview", "SRCH:00000000"], "SRCH:00000000: no record with this id in manifests"),
        (["rereview", "--method", "x"], None),
        (["build"], "mkdocs.yml: no such file; run this in the registry's folder, or name its mkdocs.yml"),
        (["build", "extra"], "Got unexpected extra argument (extra) (see 'srch build --help')"),
        (["serve", "--address", "localhost"], None),
        (
            ["serve", "--address", "127.0.0.1:99999"],
            '--address "127.0.0.1:99999" is not an IP address and a port, such as 127.0.0.1:8000',
        ),
        (["serve"], "mkdocs.yml: no such file; run this in the registry's folder, or name its mkdocs.yml"),
    ],
)
def test_one_line(arguments, line, place, srch, files):
    before = files(place)
    result = srch(*arguments)
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    if line is not None:
        assert result.messages[0].removesuffix(f" (see 'srch {arguments[0]} --help')") == (
            f"srch: {line}".removesuffix(f" (see 'srch {arguments[0]} --help')")
        )
    assert files(place) == before


@pytest.mark.parametrize("epoch", ["", "x", "-1", "1.5", "1e9", "٣", "9" * 5000, "32503680000", "253402300800"])
@pytest.mark.parametrize("command", [["run", "q"], ["check"], ["build"]])
def test_bad_source_date_epoch(epoch, command, place, srch, files):
    before = files(place)
    result = srch(*command, env={"SOURCE_DATE_EPOCH": epoch})
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert result.messages[0].startswith("srch: SOURCE_DATE_EPOCH is ")
    assert result.messages[0].endswith(", not a number of seconds since 1970, at most 32503679999")
    assert files(place) == before


def test_the_last_second_that_can_be_recorded(place, srch):
    decide = ("decide", "runs/routing", "--reject", "--by", "A", "--reason", "r", "--json")
    assert '"2999-12-31T23:59:59Z"' in srch(*decide, env={"SOURCE_DATE_EPOCH": "32503679999"}).out


def test_too_long_a_reason_is_a_problem_of_the_decision(place, srch):
    result = srch("decide", "runs/routing", "--publish", "--by", "A", "--reason", "r" * 4001)
    assert result.messages == [
        "REG010 the decision: /reason",
        "  found:    4001 characters",
        "  expected: at most 4000 characters",
        "  to mend:  Shorten the text.",
        "1 problem",
    ]
    assert (result.code, (place / "runs/routing/decision.json").exists()) == (1, False)


def test_ambiguous_id_asks_for_the_folder(place, srch, fails):
    identity = srch("publish", "runs/approved").out.split()[1]
    (place / "runs" / "copy").mkdir()
    (place / "runs" / "copy" / "run.json").write_bytes((place / "runs" / "approved" / "run.json").read_bytes())
    fails(["publish", identity], f"{identity}: 2 runs in runs have this id; name the folder")


def test_two_unfinished_runs_ask_for_the_question(tmp_path, fails):
    for name in ("b", "a"):
        (tmp_path / "runs" / name).mkdir(parents=True)
        (tmp_path / "runs" / name / "request.json").write_text("{}", encoding="utf-8")
    (tmp_path / "runs" / ".tmp-c").mkdir()
    fails(["run", "--resume"], "runs: 2 unfinished runs: a, b; give the question")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"question": 1}', b"\xff", b'{"question": "", "started_at": []}'])
def test_a_request_that_is_none(tmp_path, fails, content):
    file = tmp_path / "runs" / "a" / "request.json"
    file.parent.mkdir(parents=True)
    file.write_bytes(content)
    fails(
        ["run", "--resume"],
        "runs/a/request.json: not a run request; remove the folder and run the question again",
    )


def test_an_unfinished_run_is_named_as_such(tmp_path, fails):
    (tmp_path / "runs" / "a" / "stages").mkdir(parents=True)
    fails(["publish", "runs/a"], "runs/a: an unfinished run; go on with 'srch run --resume'")
