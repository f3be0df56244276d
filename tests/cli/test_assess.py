"""``srch assess``: one claim beside texts, and files of pairs, also when things go wrong in the middle."""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shlex
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from generator.kernel.verification import methods
from generator.kernel.verification.assess import LONGEST_LINE, pair_line
from generator.kernel.verification.verdict import LABELS, Verdict
from generator.manifest.atomic import locked

METHOD = ("--method", methods.DEFAULT)
VERSION = methods.verifier().version
NAME = f"{methods.DEFAULT} {VERSION}"
TFIDF = ("--method", "tfidf-bigram-v1")
BELOW = "tfidf-bigram-v1 1.0.0, which is below the bar: its verdicts do not count as verified"
ABSTRACT = ["Street trees lowered air temperature by 1.2 °C.", "Cool roofs did less.", "Costs were not compared."]
CLAIM = "Street trees lower air temperature."


def pair(number: int, **changes: object) -> dict[str, object]:
    claim = f"Tree number {number} lowers air temperature by {number % 7} °C."
    return {"id": f"p{number}", "claim": claim, "title": "Trees", "abstract": ABSTRACT, **changes}


def write(path: Path, *pairs: object) -> Path:
    lines = [item if isinstance(item, bytes) else json.dumps(item, ensure_ascii=False).encode() for item in pairs]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def many(folder: Path, count: int, times: int = 1) -> Path:
    """``count`` pairs, each beside a text of three sentences ``times`` over."""
    return write(folder / "in.jsonl", *[pair(number, abstract=ABSTRACT * times) for number in range(count)])


def start(*arguments: object, cwd: Path, root: Path, **options: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "generator.cli", "assess", *map(str, arguments), *METHOD],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "OMP_NUM_THREADS": "1"},
        start_new_session=True,
        **options,  # type: ignore[call-overload]
    )


def wait_for(condition, process: subprocess.Popen[bytes] | None = None) -> None:
    deadline = time.monotonic() + 60
    while not condition() and (process is None or process.poll() is None):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def size_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


# One claim


def test_a_claim_beside_a_text(tmp_path, srch):
    (tmp_path / "a.txt").write_text("\n".join(ABSTRACT), encoding="utf-8")
    result = srch("assess", "--claim", CLAIM, "--text", "a.txt", *TFIDF)
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        "SUPPORT     a.txt: the text supports the claim",
        "confidence  not sure (0.23)",
        "reasons     The similarity of the wording, 0.2256, reaches the threshold 0.15.",
        "            The similarity is no calibrated probability, and it cannot tell support from contradiction.",
        "evidence    line 1, characters 0 to 47:",
        "              Street trees lowered air temperature by 1.2 °C.",
        "",
        f"method      {BELOW}",
    ]


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_offsets_and_lines_are_those_of_the_text(ends, tmp_path, srch):
    text = f"Über Dächer.{ends}{ends}Nothing here is of use.{ends}  Street trees lower air temperature, but not in"
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf" + text.encode())
    told = json.loads(srch("assess", "--claim", CLAIM, "--text", "a.txt", "--json", *METHOD).out)
    assert list(told) == [
        *("text", "label", "confidence", "p_support", "sentences", "reasons", "evidence", "method", "version"),
    ]
    (found,) = told["evidence"]
    folded = text.replace("\r\n", "\n").replace("\r", "\n")
    assert folded[found["start"] : found["end"]] == found["text"] == "Street trees lower air temperature, but not in"
    assert (found["line"], told["sentences"], found["index"]) == (4, [2], 2)


def test_standard_input_is_a_text(tmp_path, root):
    process = start("--claim", CLAIM, "--text", "-", cwd=tmp_path, root=root, stdin=-1, stdout=-1, stderr=-1)
    out, told = process.communicate(" ".join(ABSTRACT).encode(), timeout=60)
    assert (process.returncode, told) == (0, b"")
    assert out.decode().splitlines()[0] == "SUPPORT     standard input: the text supports the claim"


@pytest.mark.parametrize(
    ("data", "first"),
    [(b"\xff", "REG002 standard input: line 1"), (b"a" * (16 * 1024 * 1024 + 1), "REG001 standard input")],
    ids=["no text", "too much"],
)
def test_standard_input_that_is_none(data, first, tmp_path, root):
    process = start("--claim", CLAIM, "--text", "-", cwd=tmp_path, root=root, stdin=-1, stdout=-1, stderr=-1)
    out, told = process.communicate(data, timeout=60)
    assert (process.returncode, out, told.decode().splitlines()[0]) == (1, b"", first)


def test_several_texts_and_what_they_come_to(tmp_path, srch):
    for name, text in (("a.txt", f"As seen before: {CLAIM}"), ("b.txt", CLAIM), ("c.txt", "Cats like fish.")):
        (tmp_path / name).write_text(text, encoding="utf-8")
    texts = ("--text", "a.txt", "--text", "c.txt", "--text", "b.txt")
    result = srch("assess", "--claim", CLAIM, *texts, *TFIDF)
    assert [line for line in result.out.splitlines() if line[:1].isalpha() and ".txt" in line] == [
        "SUPPORT     a.txt: the text supports the claim",
        "NEI         c.txt: the text does not say enough to tell",
        "SUPPORT     b.txt: the text supports the claim",
    ]
    assert result.out.splitlines()[-2:] == [
        "together    corroborated: Two or more sources support the claim, and none refutes it.",
        f"method      {BELOW}",
    ]
    told = json.loads(srch("assess", "--claim", CLAIM, *texts, "--json", *TFIDF).out)
    assert (list(told), told["agreement"]) == (["agreement", "sources"], "corroborated")
    assert [(source["text"], source["label"]) for source in told["sources"]] == [
        ("a.txt", "SUPPORT"),
        ("c.txt", "NEI"),
        ("b.txt", "SUPPORT"),
    ]


@pytest.mark.parametrize("text", ["", " \n\t", "...", "猫は木に登りますか", "\u2028\u202e\x00\x1b[2J"])
def test_texts_that_say_nothing(text, tmp_path, srch):
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    result = srch("assess", "--claim", CLAIM, "--text", "a.txt", *METHOD)
    assert (result.code, result.out.splitlines()[0]) == (0, "NEI         a.txt: the text does not say enough to tell")
    assert "\x1b" not in result.out


def test_the_methods_are_listed(srch):
    rows = json.loads(srch("assess", "--list-methods", "--json").out)
    assert [row["method"] for row in rows] == ["lexical-v1", "cross-encoder", "llm-judge", "tfidf-bigram-v1"]
    assert [row["default"] for row in rows] == [True, False, False, False]
    tfidf = rows[3]
    assert (tfidf["version"], tfidf["card"], tfidf["meets_bar"], tfidf["installed"], tfidf["needs"]) == (
        "1.0.0",
        "schemas/cards/tfidf-bigram-v1/1.0.0.json",
        False,
        True,
        None,
    )
    judge = rows[2]
    assert (judge["version"], judge["card"], judge["meets_bar"], judge["ready"]) == (None, None, False, False)
    assert judge["needs"] == "method llm-judge needs the variable SRCH_MODEL_URL, such as http://127.0.0.1:11434/v1"
    text = srch("assess", "--list-methods")
    assert (text.code, len(text.out.splitlines())) == (0, 12)
    assert text.out.splitlines()[-2:] == [
        "  version  1.0.0: below the bar, so its verdicts do not count as verified",
        "  ready    yes",
    ]
    keyed = {"SRCH_MODEL_URL": "http://127.0.0.1:9/v1", "SRCH_MODEL_NAME": "m", "SRCH_MODEL_KEY": "sk-very-secret"}
    ready = srch("assess", "--list-methods", "--json", env=keyed)
    assert json.loads(ready.out)[2]["ready"] is True
    assert "very-secret" not in ready.out + ready.err


def test_a_judge_that_is_not_there_ends_the_work_and_keeps_the_key(tmp_path, srch, fails):
    many(tmp_path, 2)
    (tmp_path / "a.txt").write_text(CLAIM, encoding="utf-8")
    keyed = {"SRCH_MODEL_URL": "http://127.0.0.1:9/v1", "SRCH_MODEL_NAME": "m", "SRCH_MODEL_KEY": "sk-very-secret"}
    for given in (["--claim", CLAIM, "--text", "a.txt"], ["--pairs", "in.jsonl", "--out", "out.jsonl"]):
        fails(
            ["assess", *given, "--method", "llm-judge"],
            "the model service at http://127.0.0.1:9/v1 cannot be reached",
            env=keyed,
        )
    assert not (tmp_path / "out.jsonl").exists()


def test_what_the_readme_shows_is_so(tmp_path, srch, root):
    shown = re.search(r"^echo '(.*)' > source\.txt\n(srch assess .*)$", (root / "README.md").read_text("utf-8"), re.M)
    assert shown is not None
    (tmp_path / "source.txt").write_text(shown[1] + "\n", encoding="utf-8")
    result = srch(*shlex.split(shown[2])[1:])
    assert result.out.splitlines()[0] == "REFUTE      source.txt: the text contradicts the claim"


def test_what_the_page_shows_is_so(tmp_path, srch, root):
    page = (root / "docs" / "assess.md").read_text("utf-8")
    given, answer = (json.loads(line) for line in re.findall(r'^    (\{"id": .*)$', page, re.M))
    write(tmp_path / "pairs.jsonl", given)
    told = json.loads(srch("assess", "--pairs", "pairs.jsonl", "--out", "-", "-q").out)
    assert list(told) == list(answer)
    assert (told["id"], told["label"], told["sentences"]) == (answer["id"], answer["label"], answer["sentences"])
    assert f"at most {LONGEST_LINE // 2**20} MiB" in page


# Pairs


def test_pairs_in_their_order_with_their_ids(tmp_path, srch, files):
    pairs = [
        {**pair(0), "id": 7, "label": "SUPPORT", "extra": {"deep": [1, None]}},
        {**pair(1), "id": "7", "title": None},
        {**pair(2), "id": "a\u2028b", "claim": "Line\u2028separator\u2029and\u0085next", "title": ""},
        {"id": 0, "claim": CLAIM, "abstract": []},
        {"id": -1, "claim": "", "abstract": ""},
        {"id": "text", "claim": CLAIM, "abstract": "Cats like fish. Street trees lower air temp"},
        {"id": "é\\u0000\n", "claim": "x" * 100_000, "abstract": ["", "y" * 100_000]},
    ]
    write(tmp_path / "in.jsonl", *pairs)
    result = srch("assess", "--pairs", "in.jsonl", "--out", "new/folder/out.jsonl", *METHOD)
    assert (result.code, result.messages) == (0, [])
    data = (tmp_path / "new/folder/out.jsonl").read_bytes()
    answers = [json.loads(line) for line in data.decode().splitlines()]
    assert [answer["id"] for answer in answers] == [item["id"] for item in pairs]
    assert {tuple(answer) for answer in answers} == {
        ("id", "label", "confidence", "p_support", "sentences", "reasons"),
    }
    assert [answer["label"] for answer in answers][3:5] == ["NEI", "NEI"]
    assert answers[5]["sentences"] == [1]
    counts = [sum(answer["label"] == label for answer in answers) for label in LABELS]
    assert result.out.splitlines()[:2] == [
        "done: new/folder/out.jsonl",
        f"  pairs    7: {counts[0]} SUPPORT, {counts[1]} REFUTE, {counts[2]} NEI",
    ]
    assert sorted(files(tmp_path / "new")) == ["folder/out.jsonl", "folder/out.jsonl.about.json"]
    about = json.loads((tmp_path / "new/folder/out.jsonl.about.json").read_bytes())
    assert (about["method"], about["version"], about["input"]["pairs"]) == (methods.DEFAULT, VERSION, 7)
    # on standard output come the same bytes, and nothing else
    assert srch("assess", "--pairs", "in.jsonl", "--out", "-", "-q", *METHOD).out.encode() == data


def test_a_finished_output_is_left_as_it_is(tmp_path, srch, files):
    refuted = ABSTRACT[0].replace("lowered", "raised")
    claims = [ABSTRACT[0], refuted, "Cats like fish."]
    write(tmp_path / "in.jsonl", *[pair(number, claim=claim) for number, claim in enumerate(claims)])
    call = ("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD)
    first = json.loads(srch(*call, "--json").out)
    assert first == {
        "out": "out.jsonl",
        "pairs": 3,
        "labels": dict.fromkeys(LABELS, 1),
        "method": methods.DEFAULT,
        "version": VERSION,
        "judged_before": 0,
        "already_done": False,
    }
    before, stamp = files(tmp_path), (tmp_path / "out.jsonl").stat().st_mtime_ns
    again = srch(*call)
    assert (again.code, again.out.splitlines()[:2]) == (
        0,
        ["done before: out.jsonl", "  pairs    3: 1 SUPPORT, 1 REFUTE, 1 NEI"],
    )
    assert json.loads(srch(*call, "--json").out) == {**first, "judged_before": 3, "already_done": True}
    assert (files(tmp_path), (tmp_path / "out.jsonl").stat().st_mtime_ns) == (before, stamp)


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n \n"])
def test_no_pairs_make_an_empty_output(content, tmp_path, srch):
    (tmp_path / "in.jsonl").write_bytes(content)
    result = srch("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD)
    assert (result.code, result.out.splitlines()[1], result.err) == (0, "  pairs    0", "")
    assert (tmp_path / "out.jsonl").read_bytes() == b""


def test_line_ends_and_blank_lines_change_nothing(tmp_path, srch):
    lines = many(tmp_path, 3).read_bytes().splitlines()
    (tmp_path / "other.jsonl").write_bytes(b"\r\n\n" + b"\r\n".join(lines) + b"\n \n")
    (tmp_path / "last.jsonl").write_bytes(b"\n".join(lines))
    outputs = [
        srch("assess", "--pairs", name, "--out", "-", "-q", *METHOD).out
        for name in ("in.jsonl", "other.jsonl", "last.jsonl")
    ]
    assert len(outputs[0].splitlines()) == 3
    assert outputs == [outputs[0]] * 3


@pytest.mark.parametrize("jobs", ["0", "2", "3"])
def test_any_number_of_processes_gives_the_same_bytes(jobs, tmp_path, srch):
    many(tmp_path, 300)
    for name, number in (("one.jsonl", "1"), ("more.jsonl", jobs)):
        result = srch("assess", "--pairs", "in.jsonl", "--out", name, "--jobs", number, *METHOD)
        assert result.code == 0
        # no terminal: only the last line of progress
        assert [line.split()[0] for line in result.err.splitlines()] == ["[300/300]"]
    assert (tmp_path / "one.jsonl").read_bytes() == (tmp_path / "more.jsonl").read_bytes()
    # the folder of the second stage is gone, and the notes differ in nothing
    assert (tmp_path / "one.jsonl.about.json").read_bytes() == (tmp_path / "more.jsonl.about.json").read_bytes()


def test_quiet_is_quiet(tmp_path, srch):
    many(tmp_path, 2)
    assert srch("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", "-q", *METHOD).err == ""


def test_other_line_ends_are_escaped():
    verdict = Verdict("NEI", 0.5, 0.5, (), ("a\u2028b\u2029c\u0085d\x0be\x1cf\r\n",), "m", "1")
    line = pair_line("\u2028", verdict)
    assert len(line.decode().splitlines()) == 1
    told = json.loads(line)
    assert (told["id"], told["reasons"]) == ("\u2028", list(verdict.reasons))


BAD = [
    (
        b'{"id": 1, "claim": "a", "abstract": [}',
        ["REG003", ", column 38", '"}"', "JSON (expecting value)", "Mend the JSON syntax at this place."],
    ),
    (
        b'{"id": 2, "claim": "a", "abstract": ["b"]',
        [
            "REG003",
            ", column 42",
            "the end of the line",
            "JSON (expecting ',' delimiter)",
            "Mend the JSON syntax at this place.",
        ],
    ),
    (
        b'{"id": 3, "claim": "a", "claim": "b", "abstract": []}',
        ["REG004", ", /claim", 'key "claim" twice', "each key once in an object", "Keep one of them."],
    ),
    (
        b'{"id": 4, "claim": "a", "abstract": [], "score": NaN}',
        ["REG006", ", /score", "NaN", "a finite number or null", "Write null where a value is not known."],
    ),
    (
        b'{"id": 12345678901234567890, "claim": "a", "abstract": []}',
        [
            "REG006",
            ", /id",
            '"12345678901234567890"',
            "an integer within ±(2^53 - 1)",
            "Write large numbers as strings.",
        ],
    ),
    (
        b'{"id": "\xff", "claim": "a", "abstract": []}',
        ["REG002", "", "byte 0xff at offset 8", "UTF-8 text", "Save the file in the UTF-8 encoding."],
    ),
    (
        b'\xef\xbb\xbf{"id": 5, "claim": "a", "abstract": []}',
        ["REG002", "", "a byte order mark", "plain UTF-8", "Save the file without a BOM."],
    ),
    (
        b'{"id": 6, "claim": "\\ud800", "abstract": []}',
        [
            "REG007",
            ", /claim",
            '"\\\\ud800"',
            "whole Unicode characters",
            "Write the character itself, or both halves of its surrogate pair.",
        ],
    ),
    (
        b'{"id": 7, "claim": "a", "abstract": [], "x": ' + b"[" * 100 + b"]" * 100 + b"}",
        ["REG005", "", "101 levels", "at most 64 levels", "Flatten the document."],
    ),
    (
        b'{"id": 8, "claim": "' + b"a" * LONGEST_LINE + b'", "abstract": []}',
        [
            "REG001",
            "",
            "more than 4194304 bytes",
            "at most 4194304 bytes a line",
            "Shorten the text, or split the pair.",
        ],
    ),
    (
        b'["id", 9]',
        [
            "PAIR001",
            "",
            '["id", 9]',
            "a pair, which is an object",
            "Write one object a line, with id, claim and abstract.",
        ],
    ),
    (
        b'{"id": true, "claim": "a", "abstract": []}',
        ["PAIR001", ", /id", "true", "a text or a whole number", "Give the pair an id of its own."],
    ),
    (
        b'{"id": "", "claim": "a", "abstract": []}',
        ["PAIR001", ", /id", "0 characters", "1 to 1000 characters", "Give the pair a shorter id of its own."],
    ),
    (
        b'{"id": 10.5, "claim": "a", "abstract": []}',
        ["PAIR001", ", /id", "10.5", "a text or a whole number", "Give the pair an id of its own."],
    ),
    (
        b'{"id": 11, "claim": null, "abstract": []}',
        ["PAIR001", ", /claim", "null", "a text", "Write the claim as one text."],
    ),
    (
        b'{"id": 12, "claim": "a", "abstract": ["b", 3]}',
        ["PAIR001", ", /abstract/1", "3", "a sentence", "Write each sentence as one text."],
    ),
    (
        b'{"id": 13, "claim": "a", "abstract": {"a": 1}}',
        [
            "PAIR001",
            ", /abstract",
            '{"a": 1}',
            "a list of sentences, or one text",
            "Write the source's text, best cut into sentences.",
        ],
    ),
    (
        b'{"id": 14, "claim": "a", "abstract": [], "title": ["b"]}',
        ["PAIR001", ", /title", '["b"]', "a text or null", "Write the title as one text, or leave it out."],
    ),
    (b'{"id": 15, "claim": "a"}', ["PAIR001", "", "no abstract", "the field abstract", "Add the abstract."]),
]


def test_every_bad_line_is_told_and_nothing_is_judged(tmp_path, srch, files):
    lines: list[object] = []
    wanted: list[str] = []
    for number, (line, (code, place, found, expected, mend)) in enumerate(BAD):
        lines += [pair(number), line]
        wanted += [
            f"{code} in.jsonl: line {2 * number + 2}{place}",
            f"  found:    {found}",
            f"  expected: {expected}",
            f"  to mend:  {mend}",
        ]
    lines += [pair(3), {**pair(0), "id": "p30"}, {**pair(0), "id": "p30"}]
    last = len(lines)
    for number, name, first in ((last - 2, "p3", 7), (last, "p30", last - 1)):
        wanted += [
            f"PAIR002 in.jsonl: line {number}, /id",
            f'  found:    the id "{name}", which line {first} has too',
            "  expected: each id once",
            "  to mend:  Give each pair an id of its own.",
        ]
    write(tmp_path / "in.jsonl", *lines)
    before = files(tmp_path)
    result = srch("assess", "--pairs", "in.jsonl", "--out", "new/out.jsonl", *METHOD)
    assert (result.code, result.out) == (1, "")
    assert result.messages == [*wanted, f"{len(BAD) + 2} problems; nothing was judged"]
    assert files(tmp_path) == before
    assert not (tmp_path / "new").exists()


def test_a_pair_with_several_problems_tells_them_all(tmp_path, srch):
    write(tmp_path / "in.jsonl", {"claim": 1, "abstract": [None, "a", []], "title": 3})
    result = srch("assess", "--pairs", "in.jsonl", "--out", "-", *METHOD)
    assert (result.code, result.out) == (1, "")
    assert [line for line in result.messages if line.startswith("PAIR")] == [
        "PAIR001 in.jsonl: line 1",
        "PAIR001 in.jsonl: line 1, /abstract/0",
        "PAIR001 in.jsonl: line 1, /abstract/2",
        "PAIR001 in.jsonl: line 1, /claim",
        "PAIR001 in.jsonl: line 1, /title",
    ]


def test_outputs_of_something_else_are_refused(tmp_path, srch, fails, files):
    many(tmp_path, 3)
    write(tmp_path / "other.jsonl", pair(1))
    (tmp_path / "foreign").write_bytes(b"{}\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    os.mkfifo(tmp_path / "pipe")
    assert srch("assess", "--pairs", "other.jsonl", "--out", "out.jsonl", *METHOD).code == 0
    move = "move it away, or give another --out"
    assess = ["assess", "--pairs", "in.jsonl", "--out"]
    before = files(tmp_path)
    for out, line in (
        ("out.jsonl", f"out.jsonl: was made from another input; {move}"),
        ("foreign", f"foreign: is there already, and no foreign.about.json says what made it; {move}"),
        ("in.jsonl", "in.jsonl: is the input too; give another --out"),
        ("./in.jsonl", "in.jsonl: is the input too; give another --out"),
        ("link.jsonl", "link.jsonl: is the input too; give another --out"),
        ("folder", "folder: is a folder, not a file"),
        ("pipe", "pipe: not a regular file; '--out -' writes to standard output"),
        ("in.jsonl/out.jsonl", "in.jsonl/out.jsonl: cannot write: not a directory"),
        ("a" * 300, f"{'a' * 300}: cannot write: file name too long"),
    ):
        fails([*assess, out, *METHOD], line)
    assert files(tmp_path) == before
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".part")]
    for file, line in (
        ("nowhere.jsonl", "nowhere.jsonl: no such file"),
        ("folder", "folder: not a regular file"),
        ("pipe", "pipe: not a regular file"),
        (os.devnull, f"{os.devnull}: not a regular file"),
        ("-", "-: no such file"),
    ):
        fails(["assess", "--pairs", file, "--out", "new.jsonl", *METHOD], line)


def test_an_output_that_was_changed_or_made_by_another_version_is_refused(tmp_path, srch, fails):
    many(tmp_path, 2)
    call = ["assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD]
    assert srch(*call).code == 0
    move = "move it away, or give another --out"
    about, out = tmp_path / "out.jsonl.about.json", tmp_path / "out.jsonl"
    whole, told = out.read_bytes(), about.read_bytes()
    out.write_bytes(whole.replace(b"SUPPORT", b"REFUTE "))
    fails(call, f"out.jsonl: was changed after it was made; {move}")
    out.write_bytes(whole)
    about.write_bytes(told.replace(f'"version": "{VERSION}"'.encode(), b'"version": "0.0.1"'))
    fails(call, f"out.jsonl: was made by {methods.DEFAULT} 0.0.1, not {NAME}; {move}")
    for content in (b"", b"[]", b"{", b'{"made_by": 1}'):
        about.write_bytes(content)
        fails(call, f"out.jsonl: what it was made by cannot be told; {move}")
    assert out.read_bytes() == whole


class Model(BaseHTTPRequestHandler):
    """A chat model that supports what stands in the first sentence; a word of the claim makes it misbehave."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        data = json.loads(asked["messages"][1]["content"].split("\n")[1])
        answer = {"label": "SUPPORT", "confidence": 0.7, "sentences": [0], "reason": "It is there."}
        content = "I will not say." if "garbage" in data["claim"] else json.dumps(answer)
        body = json.dumps({"choices": [{"message": {"content": content}, "finish_reason": "stop"}]}).encode()
        self.send_response(401 if self.headers["Authorization"] != "Bearer sk-very-secret" else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_pairs_judged_by_a_chat_model(jobs, tmp_path, srch, fails, files):
    write(tmp_path / "in.jsonl", *[pair(0), pair(1, claim="garbage"), pair(2, abstract=[]), pair(3)])
    with ThreadingHTTPServer(("127.0.0.1", 0), Model) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        url = f"http://127.0.0.1:{server.server_address[1]}"
        keyed = {"SRCH_MODEL_URL": url, "SRCH_MODEL_NAME": "m", "SRCH_MODEL_KEY": "sk-very-secret"}
        call = ["assess", "--pairs", "in.jsonl", "--out", "out.jsonl", "--method", "llm-judge", "--jobs", jobs]
        fails(
            call,
            f"the model service at {url} does not let us in (status 401); is SRCH_MODEL_KEY right?",
            env={**keyed, "SRCH_MODEL_KEY": "sk-wrong-secret"},
        )
        # nothing was judged, and the same call with the right key goes on
        result = srch(*call, env=keyed)
        server.shutdown()
    assert (result.code, result.out.splitlines()[1]) == (0, "  pairs    4: 2 SUPPORT, 0 REFUTE, 2 NEI")
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_bytes().splitlines()]
    assert [(answer["label"], answer["confidence"], answer["reasons"][0]) for answer in answers] == [
        ("SUPPORT", 0.7, "The model says: It is there."),
        ("NEI", 0.0, "The model's answer could not be read."),
        ("NEI", 0.0, "The source has no text."),
        ("SUPPORT", 0.7, "The model says: It is there."),
    ]
    assert "secret" not in result.out + result.err
    assert not [name for name, data in files(tmp_path).items() if b"secret" in data]


# Stopped in the middle


def begun(tmp_path: Path, root: Path, lines: int, *options: object) -> int:
    """Starts on ``in.jsonl``, kills it when ``lines`` lines or more are there, and says how many bytes were."""
    grown = tmp_path / "out.jsonl.part" / "lines.jsonl"
    process = start("--pairs", "in.jsonl", "--out", "out.jsonl", "-q", *options, cwd=tmp_path, root=root)
    wait_for(lambda: grown.exists() and grown.read_bytes().count(b"\n") >= lines, process)
    process.kill()
    process.wait()
    wait_for(lambda: not group_lives(process.pid))
    return size_of(grown)


def begun_anew(tmp_path: Path, lines: bytes) -> None:
    """The folder of a stopped call in the place of what was made, with these lines in it."""
    part, out, about = (tmp_path / f"out.jsonl{end}" for end in (".part", "", ".about.json"))
    if out.exists():
        told = json.loads(about.read_bytes())
        part.mkdir()
        note = {name: told[name] for name in ("made_by", "method", "version", "input")}
        (part / "begun.json").write_text(json.dumps(note), encoding="utf-8")
        out.unlink()
        about.unlink()
    (part / "lines.jsonl").write_bytes(lines)
    (part / ".tmp-begun.json-00").touch()


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_killed_call_goes_on_and_loses_nothing(jobs, tmp_path, srch, root, files):
    many(tmp_path, 400, times=8)
    whole = srch("assess", "--pairs", "in.jsonl", "--out", "-", "-q", *METHOD).out.encode()
    part, out = tmp_path / "out.jsonl.part", tmp_path / "out.jsonl"
    least = 0
    for lines in [1, *sorted(random.Random(7).sample(range(2, 250), 3))]:
        size = begun(tmp_path, root, lines, "--jobs", jobs)
        if out.exists():  # it may have been faster
            break
        left = (part / "lines.jsonl").read_bytes()
        assert size >= least
        assert whole.startswith(left)
        least = size
    # what a crash of the machine may leave at the end
    kept = whole[: whole.index(b"\n", len(whole) // 2) + 1]
    for end in (b"", whole[len(kept) : len(kept) + 20], b"\0" * 50, b'{"id": "p0"}\n', b"\n", b"\xff\n", whole):
        begun_anew(tmp_path, kept + end)
        done = srch("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", "--jobs", jobs, "--json", *METHOD)
        assert json.loads(done.out)["judged_before"] == kept.count(b"\n")
        assert out.read_bytes() == whole
        assert sorted(files(tmp_path)) == ["in.jsonl", "out.jsonl", "out.jsonl.about.json"]
        assert not part.exists()


def test_killed_between_the_last_steps(tmp_path, srch, files):
    many(tmp_path, 3)
    call = ("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD)
    assert srch(*call).code == 0
    before = files(tmp_path)
    part = tmp_path / "out.jsonl.part"
    # all lines are there, and what they were made from is noted; only the name is missing
    told = (tmp_path / "out.jsonl.about.json").read_bytes()
    begun_anew(tmp_path, (tmp_path / "out.jsonl").read_bytes())
    note = (part / "begun.json").read_bytes()
    (tmp_path / "out.jsonl.about.json").write_bytes(told)
    assert srch(*call).code == 0
    assert files(tmp_path) == before
    # the name is there, and the folder still too
    part.mkdir()
    (part / "begun.json").write_bytes(note)
    assert srch(*call).out.startswith("done before: ")
    assert (files(tmp_path), part.exists()) == (before, False)
    # nothing but an empty folder
    for name in ("out.jsonl", "out.jsonl.about.json"):
        (tmp_path / name).unlink()
    part.mkdir()
    assert srch(*call).code == 0
    assert files(tmp_path) == before


def test_what_was_begun_with_something_else_is_refused(tmp_path, srch, fails, root, files):
    many(tmp_path, 400, times=8)
    begun(tmp_path, root, 5)
    other = "remove it, or give another --out"
    call = ["assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD]
    note = tmp_path / "out.jsonl.part" / "begun.json"
    told = note.read_bytes()
    note.write_bytes(told.replace(VERSION.encode(), b"0.0.1"))
    fails(call, f"out.jsonl.part: was begun by {methods.DEFAULT} 0.0.1, not {NAME}; {other}")
    note.unlink()
    fails(call, f"out.jsonl.part: what it was begun by cannot be told; {other}")
    note.write_bytes(told)
    lines = (tmp_path / "in.jsonl").read_bytes()
    (tmp_path / "in.jsonl").write_bytes(lines + json.dumps(pair(400)).encode())
    before = files(tmp_path)
    fails(call, f"out.jsonl.part: was begun with another input; {other}")
    assert files(tmp_path) == before


def test_two_at_once(tmp_path, fails, files):
    many(tmp_path, 3)
    with locked(tmp_path / "out.jsonl.part"):
        before = files(tmp_path)
        fails(
            ["assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD],
            "out.jsonl.part is being written by another process; try again when it has finished",
        )
        assert files(tmp_path) == before


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_interrupt_leaves_what_goes_on(jobs, tmp_path, srch, root):
    many(tmp_path, 400, times=8)
    grown = tmp_path / "out.jsonl.part" / "lines.jsonl"
    process = start("--pairs", "in.jsonl", "--out", "out.jsonl", "--jobs", jobs, cwd=tmp_path, root=root, stderr=-1)
    wait_for(lambda: size_of(grown) > 0, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does, to every process
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert [line for line in told.decode().splitlines() if line and not line.startswith("[")] == [
        "srch: interrupted; what was finished is kept, and the same call goes on ('srch run': with --resume)"
    ]
    wait_for(lambda: not group_lives(process.pid))
    done = json.loads(srch("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", "--json", *METHOD).out)
    assert (done["pairs"], done["judged_before"] > 0) == (400, True)
    whole = srch("assess", "--pairs", "in.jsonl", "--out", "-", "-q", *METHOD).out.encode()
    assert (tmp_path / "out.jsonl").read_bytes() == whole


@pytest.mark.parametrize("size", [0, 100, 1000, 5000])
def test_a_full_disk(size, tmp_path, srch):
    many(tmp_path, 50)
    call = ("assess", "--pairs", "in.jsonl", "--out", "out.jsonl", *METHOD)
    full = srch(*call, before=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
    assert (full.code, full.out, len(full.messages)) == (2, "", 1)
    assert full.messages[0].startswith("srch: out.jsonl.part")
    assert full.messages[0].endswith(": cannot write: file too large")
    assert not (tmp_path / "out.jsonl").exists()
    assert srch(*call).code == 0
    whole = srch("assess", "--pairs", "in.jsonl", "--out", "-", "-q", *METHOD).out.encode()
    assert (tmp_path / "out.jsonl").read_bytes() == whole


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_reader_that_goes_away(jobs, tmp_path, root):
    many(tmp_path, 800)  # more than a pipe holds
    process = start("--pairs", "in.jsonl", "--out", "-", "--jobs", jobs, cwd=tmp_path, root=root, stdout=-1, stderr=-1)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    assert process.stderr is not None
    told = process.stderr.read()
    assert (process.wait(), told) == (1, b"")
    wait_for(lambda: not group_lives(process.pid))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_standard_output_that_is_full(tmp_path, root):
    many(tmp_path, 3)
    with Path("/dev/full").open("wb") as full:
        process = start("--pairs", "in.jsonl", "--out", "-", "-q", cwd=tmp_path, root=root, stdout=full, stderr=-1)
        _, told = process.communicate(timeout=60)
    assert (process.returncode, told) == (2, b"srch: cannot write to standard output: no space left on device\n")


# Other commands that take a method


def test_a_run_is_verified_by_the_method_asked_for(tmp_path, srch, fails):
    call = ("run", "Do trees cool?", "--clock", "2026-01-31T12:00:00Z", "--out", "runs", "-q", "--json")
    told = json.loads(srch(*call, *TFIDF).out)
    run = json.loads((tmp_path / told["folder"] / "run.json").read_bytes())
    assert {claim["verification"]["method"] for claim in run["claims"]} == {"tfidf-bigram-v1"}
    fails([*call, "--method", "llm-judge"], "method llm-judge needs the variable SRCH_MODEL_URL, such as "
          "http://127.0.0.1:11434/v1")  # fmt: skip
    assert len(list((tmp_path / "runs").iterdir())) == 1


def test_rereview_tells_and_writes_nothing(tmp_path, srch, root, files):
    before = files(root / "manifests")
    told = json.loads(srch("rereview", "--manifests", root / "manifests", "--json", *TFIDF).out)
    old = [record for record in told if record["due"].startswith("Made by rules 1.0,")]
    assert len(old) >= 6
    assert {(record["method"], record["version"]) for record in told} == {("tfidf-bigram-v1", "1.0.0")}
    assert all(set(claim) == {"id", "text", "old", "new", "changed"} for record in told for claim in record["claims"])
    name = old[0]["id"]
    one = srch("rereview", name, "--manifests", root / "manifests", *TFIDF)
    assert (one.code, one.out.splitlines()[0], one.out.splitlines()[-1]) == (
        0,
        f"{name}  due: Made by rules 1.0, which let every method's verdict count as verified.",
        "1 of 1 record due for re-review",
    )
    assert files(root / "manifests") == before
    (tmp_path / "manifests").mkdir()
    assert srch("rereview", *TFIDF).out == "0 of 0 records due for re-review\n"
