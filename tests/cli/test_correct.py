"""``srch correct``: what it writes, what it prints, what it asks for, and when it writes nothing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from generator.manifest.store import load_record

EPOCH = {"SOURCE_DATE_EPOCH": "1798761600"}  # 2027-01-01T00:00:00Z
AT = ("--clock", "2026-12-01T09:00:00Z")
COMMAND = (sys.executable, "-m", "generator.cli", "correct")
WHO = ("--by", "A. Reader", "--reason", "Reported by a reader.", "--note", "The title said what the record does not.")


@pytest.fixture
def record(place) -> str:
    return next((place / "manifests").glob("*/*/manifest.json")).parent.name


@pytest.fixture
def correct(srch, record):
    def call(*arguments, name=None, **options):
        return srch("correct", name or f"SRCH:{record}", *arguments, env=EPOCH, **options)

    return call


def folder(place: Path, short: str) -> Path:
    return place / "manifests" / short[:2] / short


def test_what_is_printed_and_written(place, record, correct, srch):
    manifest = json.loads((folder(place, record) / "manifest.json").read_bytes())
    title = manifest["work"]["title"]
    result = correct("--set", "/work/title=Trees and roofs", "--evidence", "The paper=https://example.org/a", *WHO, *AT)
    file = f"manifests/{record[:2]}/{record}/corrections/2026-12-01-title.yml"
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines() == [
        f"SRCH:{record}  Trees and roofs",
        "  Title",
        f"    - {title}",
        "    + Trees and roofs",
        f"written  {file} (version 2)",
        f"next     git add {file}, commit, and open a pull request with this one file",
        f"         srch check manifests/{record[:2]}/{record} looks at the record again",
    ]
    assert (place / file).read_text(encoding="utf-8") == (
        "schema: https://assignee.net/schemas/correction-event/1.0.0.json\n"
        "event_id: 2026-12-01-title\n"
        f"record: SRCH:{record}\n"
        'corrected_at: "2026-12-01T09:00:00Z"\n'
        "correction_type: METADATA\n"
        "issued_by: A. Reader\n"
        "reason: Reported by a reader.\n"
        "public_note: The title said what the record does not.\n"
        "evidence:\n"
        "  - label: The paper\n"
        "    url: https://example.org/a\n"
        "changes:\n"
        "  - op: replace\n"
        "    path: /work/title\n"
        f"    before: {title}\n"
        "    value: Trees and roofs\n"
    )
    assert srch("check", "-q").out == "2 files checked, no problems\n"
    assert oct((place / file).stat().st_mode & 0o777) == oct(0o666 & ~_umask())


def _umask() -> int:
    now = os.umask(0)
    os.umask(now)
    return now


def test_what_follows_is_told(place, record, correct):
    quality = json.loads((folder(place, record) / "manifest.json").read_bytes())["quality_assessment"]
    result = correct("--set", "/quality_assessment/review/score=4.2", *WHO, *AT, "--dry-run")
    assert result.out.splitlines()[1:5] == [
        "  Review, score",
        f"    - {quality['review']['score']}",
        "    + 4.2",
        f"  Tier moves from {quality['tier']['label']} to Quarantine candidate.",
    ]


def test_a_dry_run_prints_the_file_and_writes_nothing(place, record, correct, files):
    before = files(place)
    result = correct("--set", "/work/title=New", *WHO, *AT, "--dry-run")
    assert (result.code, files(place)) == (0, before)
    head, _, text = result.out.partition("\n\n")
    file = f"manifests/{record[:2]}/{record}/corrections/2026-12-01-title.yml"
    assert head.splitlines()[-1] == f"not written, for --dry-run: {file}"
    assert correct("--set", "/work/title=New", *WHO, *AT).code == 0
    assert (place / file).read_text(encoding="utf-8") == text


def test_as_data(place, record, correct):
    told = json.loads(correct("--set", "/work/title=New", *WHO, *AT, "--json").out)
    file = f"manifests/{record[:2]}/{record}/corrections/2026-12-01-title.yml"
    assert (told["file"], told["written"]) == (file, True)
    assert told["event"] == yaml.safe_load((place / file).read_text(encoding="utf-8"))
    assert told["told"]["facts"][0]["after"] == "New"
    dry = json.loads(correct("--set", "/work/title=Newer", *WHO, *AT, "--json", "--dry-run").out)
    assert (dry["written"], dry["file"]) == (False, file.replace("title", "title-2"))
    assert dry["event"]["changes"][0]["before"] == "New"


@pytest.mark.parametrize("name", ["{0}", "srch:{0}", "manifests/{1}/{0}", "manifests/{1}/{0}/manifest.json"])
def test_a_record_by_any_of_its_names(name, record, correct, place):
    assert correct("--type", "CLAIM", *WHO, *AT, name=name.format(record, record[:2])).code == 0
    assert len(list((folder(place, record) / "corrections").iterdir())) == 1


@pytest.mark.parametrize(
    ("given", "value"),
    [
        ("x", "x"),
        ("12", 12),
        ('"12"', "12"),
        ("null", None),
        ("1.50", 1.5),
        ("[true]", [True]),
        ("{broken", "{broken"),
        ("a=b=c", "a=b=c"),
        ("", ""),
        ("-1", -1),
        ("01", "01"),
    ],
)
def test_values_are_json_or_text(given, value, correct):
    result = correct("--add", f"/uncertainties/-={given}", *WHO, *AT, "--json", "--dry-run")
    # the contract refuses each of them, and names the value that it got
    assert result.code == 1
    assert result.messages[1].endswith(f" of the corrected record: {json.dumps(value)} (REG010)")


def test_lists_and_several_changes(place, record, correct):
    manifest = json.loads((folder(place, record) / "manifest.json").read_bytes())
    doubts = manifest["uncertainties"]
    result = correct(
        *("--remove", "/uncertainties/0", "--set", "/uncertainties/1/text=Only titles were read."),
        *("--add", '/uncertainties/-={"kind": "finding", "text": "A new doubt."}', "--slug", "doubts"),
        *(*WHO, *AT),
    )
    assert (result.code, result.err) == (0, "")
    view = load_record(folder(place, record) / "manifest.json").current.manifest
    assert view["uncertainties"] == [
        {**doubts[1], "text": "Only titles were read."},
        *doubts[2:],
        {"kind": "finding", "text": "A new doubt."},
    ]


def test_a_notice_and_its_lifting(record, correct, srch):
    told = correct("--type", "claim", "--notice", "Expression-of-Concern", *WHO, *AT)
    assert told.out.splitlines()[1:3] == [
        "  This record will be shown as EXPRESSION OF CONCERN: in a banner above its title, and before the title.",
        "  no fact changes",
    ]
    assert srch("show", record).out.startswith("EXPRESSION OF CONCERN: ")
    # what lifts a notice concerns what the notice did
    lifted = correct("--lifts", "2026-12-01-expression-of-concern", *WHO, "--clock", "2026-12-02T09:00:00Z")
    assert lifted.out.splitlines()[1:3] == [
        "  The notice of 2026-12-01-expression-of-concern no longer holds.",
        "  This record will be shown without any notice again.",
    ]
    assert not srch("show", record).out.startswith("EXPRESSION")


def test_the_template_can_be_filled_in(place, record, correct, srch):
    text = correct("--template").out
    for blank, words in {
        "<YYYY-MM-DD-what-was-wrong>": "2026-12-01-title",
        "<YYYY-MM-DD>": "2026-12-01",
        "<TYPE>": "METADATA",
        "<who issues the correction>": "A. Reader",
        "<why it is issued>": "Reported.",
        "<What was wrong and what is right, for readers.": "It was wrong.",
        "More lines are welcome.>": "It is right now.",
    }.items():
        text = text.replace(blank, words)
    path = folder(place, record) / "corrections" / "2026-12-01-title.yml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    assert srch("check", "-q").out == "2 files checked, no problems\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "missing: --type, --by, --reason, --note (see 'srch correct --help')"),
        (["--set", "/work/title=x"], "missing: --by, --reason, --note (see 'srch correct --help')"),
        (
            ["--notice", "new_version", "--type", "CLAIM", *WHO],
            "missing: --replaced-by (see 'srch correct --help')",
        ),
        (["--type", "X"], '--type "X" is none of METADATA, ARTIFACT, CLAIM, BENCHMARK, PROVENANCE, QUALITY_ASSESSMENT'),
        (["--notice", "correktion"], None),
        (["--set", "/work/title"], "--set \"/work/title\" has no '='; write PATH=VALUE"),
        (["--set", "work/title=x"], '--set "work/title" is not a JSON Pointer, such as /claims/records/C3/text'),
        (["--remove", "/work/~2"], '--remove "/work/~2" is not a JSON Pointer, such as /claims/records/C3/text'),
        (["--field", "x"], '--field "x" is not a JSON Pointer, such as /claims/records/C3/text'),
        (["--evidence", "paper"], '--evidence "paper" is neither an address nor LABEL=https://...'),
        (["--evidence", "=https://x.org"], '--evidence "=https://x.org" is neither an address nor LABEL=https://...'),
        (["--replaced-by", "x"], '--replaced-by "x" is not an id such as SRCH:E50A8461'),
        (["--by", " "], "--by is empty"),
        (["--note", "a\x1b[2J"], "--note holds the character \\u001b, which cannot be shown; leave it out"),
        (["--reason", b"a\xff"], "--reason holds the character \\udcff, which cannot be shown; leave it out"),
        (
            ["--set", b"/work/title=a\xff"],
            "--set /work/title holds the character \\udcff, which cannot be shown; leave it out",
        ),
        (["--slug", "Not One", "--type", "CLAIM", *WHO], None),
        (["--slug", "a" * 81, "--type", "CLAIM", *WHO], None),
        (["--clock", "soon"], '--clock "soon" is not a time such as 2026-01-31T12:00:00Z'),
        (["--by", "a", "--by", "b"], "--by is given 2 times. (see 'srch correct --help')"),
    ],
)
def test_calls_that_cannot_be_carried_out(arguments, line, correct, place, files):
    before = files(place)
    result = correct(*arguments)
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert line is None or result.messages == [f"srch: {line}"]
    assert files(place) == before


def test_records_that_are_not_there(correct, fails):
    assert correct(*WHO, name="SRCH:00000000").messages == ["srch: SRCH:00000000: no record with this id in manifests"]
    assert correct(*WHO, name="nowhere").messages == [
        "srch: nowhere: neither a record's folder nor an id such as SRCH:E50A8461"
    ]


@pytest.mark.parametrize(
    ("arguments", "codes"),
    [
        (["--set", "/quality_assessment/tier/tier=FLAGSHIP_CANDIDATE"], ["REG065"]),
        (["--set", "/work/id=" + "0" * 64, "--remove", "/claims/records/C99"], ["REG065", "REG064"]),
        (["--remove", "/claims/records/C1", *WHO], ["REG066"]),
        (["--set", "/work/title=", *WHO], ["REG066"]),
        (["--type", "CLAIM", "--lifts", "2026-01-01-none", *WHO], ["REG067"]),
        (["--type", "CLAIM", "--notice", "new_version", "--replaced-by", "00000000", *WHO], ["REG067"]),
        (["--type", "CLAIM", *WHO, "--clock", "2027-01-01T00:00:01Z"], ["REG086"]),
        (["--type", "CLAIM", *WHO, "--clock", "2020-01-01T00:00:00Z"], ["REG086"]),
        (["--set", "/provenance/seed=9007199254740993", *WHO], ["REG006"]),
        (["--set", '/work/title={"a": 1, "a": 2}', *WHO], ["REG004"]),
        (["--set", '/work/title="\\ud800"', *WHO], ["REG007"]),
        (["--type", "CLAIM", *WHO[:-1], "x" * 4001], ["REG010"]),
    ],
)
def test_problems_are_told_and_nothing_is_written(arguments, codes, correct, place, files):
    before = files(place)
    result = correct(*arguments)
    assert (result.code, result.out) == (1, "")
    assert list(dict.fromkeys(line.split()[0] for line in result.messages if line.startswith("REG"))) == codes
    assert files(place) == before


def test_a_value_that_stands_already(correct, place, record):
    correct("--set", "/work/title=New", *WHO, *AT)
    assert correct("--set", "/work/title=New", *WHO, *AT).messages == ['srch: /work/title holds "New" already']


def test_what_is_missing_is_asked_for_at_a_terminal(place, record, root):
    """A real terminal: the questions are on standard error, and the answers make the event."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, record, *AT],
        cwd=place,
        env={**os.environ, **EPOCH, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(follower)
    os.write(leader, b"nonsense\nclaim\nA. Reader\nReported.\nIt was wrong.\n")
    _, err = process.communicate(timeout=60)
    os.close(leader)
    assert process.returncode == 0, err
    for question in ("Which part is concerned", "Who issues the correction", "Why is it issued", "What was wrong"):
        assert question in err
    told = yaml.safe_load((folder(place, record) / "corrections" / "2026-12-01-it-was-wrong.yml").read_text())
    assert [told[key] for key in ("correction_type", "issued_by", "reason", "public_note")] == [
        "CLAIM",
        "A. Reader",
        "Reported.",
        "It was wrong.",
    ]


def test_without_a_terminal_nothing_is_asked(correct, place):
    assert correct("--json").messages == ["srch: missing: --type, --by, --reason, --note (see 'srch correct --help')"]


def test_eight_at_once_lose_nothing(place, record, root):
    environment = {**os.environ, **EPOCH, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    processes = [
        subprocess.Popen(
            [*COMMAND, record, "--type", "CLAIM", *WHO[:-1], f"Note {number}.", "--slug", "note", *AT],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in range(8)
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, outputs
    events = load_record(folder(place, record) / "manifest.json").events
    assert sorted(event.id for event in events) == ["2026-12-01-note", *(f"2026-12-01-note-{n}" for n in range(2, 9))]
    assert sorted(event.data["public_note"] for event in events) == [f"Note {number}." for number in range(8)]


def test_of_two_at_once_on_one_fact_one_is_refused_or_builds_on_the_other(place, record, root):
    environment = {**os.environ, **EPOCH, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    processes = [
        subprocess.Popen(
            [*COMMAND, record, "--set", f"/work/title=T{number}", *WHO, "--clock", f"2026-12-0{number}T09:00:00Z"],
            cwd=place,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for number in (1, 2, 3)
    ]
    outputs = [process.communicate(timeout=240) for process in processes]
    codes = [process.returncode for process in processes]
    events = load_record(folder(place, record) / "manifest.json").events
    assert len(events) == codes.count(0) >= 1
    for code, (_, err) in zip(codes, outputs, strict=True):
        assert code == 0 or (code == 1 and "REG063" in err)
    assert load_record(folder(place, record) / "manifest.json").current.number == len(events) + 1
