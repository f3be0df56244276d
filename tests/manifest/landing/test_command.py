"""What ``srch check --base`` prints, and how it is called."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from landing_repositories import ENVIRONMENT, NOW, ROOT, TREES, Repo

MANIFEST = f"{TREES}/manifest.json"


def srch(*arguments: object, cwd: Path) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-m", "generator.cli", "check", *map(str, arguments)],
        cwd=cwd,
        env={**ENVIRONMENT, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout, done.stderr


def make_requests(repo: Repo) -> None:
    """``topic``, which adds, and ``bad``, which edits too."""
    repo.add_record()
    repo.add_event()
    repo.add_event(slug="second")
    repo.write("generator/code.py", "ONE = 2\n")
    repo.commit()
    repo.switch("bad", "topic")
    repo.edit(MANIFEST, b'"sample": true', b'"sample": null')
    repo.commit()
    repo.switch("topic")


MEND = "Take the file from the base branch again; what is wrong with a record is told by a correction."
OUTSIDE = "not judged here: 1 file that changes elsewhere in the repository\n"


def test_an_accepted_request(repo: Repo):
    make_requests(repo)
    told = "accepted: this request only adds to manifests: 1 new record, 2 correction events\n"
    assert srch("--base", "main", "--clock", NOW, cwd=repo.path) == (0, told + OUTSIDE, "")
    assert srch("manifests", "--base", "main", "--clock", NOW, cwd=repo.path) == (0, told + OUTSIDE, "")
    empty = "accepted: this request changes nothing below manifests\n"
    assert srch("--base", "topic", cwd=repo.path) == (0, empty, "")


def test_a_refused_request_from_any_folder(repo: Repo, tmp_path: Path):
    make_requests(repo)
    code, out, err = srch("--base", "main", "--head", "bad", "--repo", repo.path, "--clock", NOW, cwd=tmp_path)
    assert (code, err) == (1, "")
    assert out == (
        f"REG080 {MANIFEST}\n  found:    other bytes\n  expected: the file as it landed\n  to mend:  {MEND}\n"
        f"refused: 1 problem; nothing of this request may land\n{OUTSIDE}"
    )


def test_problems_as_json_and_as_annotations(repo: Repo):
    make_requests(repo)
    call = ("--base", "main", "--head", "bad", "--clock", NOW, "--format")
    code, out, err = srch(*call, "json", cwd=repo.path)
    assert (code, err) == (1, f"refused: 1 problem; nothing of this request may land\n{OUTSIDE}")
    assert [(problem["code"], problem["file"]) for problem in json.loads(out)] == [("REG080", MANIFEST)]
    code, out, _ = srch(*call, "github", cwd=repo.path)
    assert code == 1
    assert out.splitlines()[0] == (
        f"::error file={MANIFEST},title=REG080::whole file: found other bytes; expected the file as it landed. {MEND}"
    )
    code, out, err = srch("--base", "main", "--clock", NOW, "--format", "json", cwd=repo.path)
    assert (code, json.loads(out)) == (0, [])


def test_the_decision_as_one_object(repo: Repo):
    make_requests(repo)
    ids = {name: repo.git("rev-parse", name) for name in ("main", "topic", "bad", "topic^{tree}", "bad^{tree}")}
    told = {
        "decision": "accepted",
        "base": ids["main"],
        "head": ids["topic"],
        "merge_base": ids["main"],
        "tree": ids["topic^{tree}"],
        "records": ["manifests/BB/BB99F7FF/manifest.json"],
        "events": [f"{TREES}/corrections/2026-12-01-note.yml", f"{TREES}/corrections/2026-12-01-second.yml"],
        "observations": [],
        "outside": 1,
        "problems": [],
    }
    code, out, err = srch("--base", "main", "--clock", NOW, "--json", cwd=repo.path)
    assert (code, json.loads(out), err) == (0, told, "")
    code, out, err = srch("--base", "main", "--head", "bad", "--clock", NOW, "--json", cwd=repo.path)
    problem = {
        "file": MANIFEST,
        "place": "",
        "code": "REG080",
        "found": "other bytes",
        "expected": "the file as it landed",
        "mend": MEND,
    }
    refusal = {"decision": "refused", "head": ids["bad"], "tree": ids["bad^{tree}"], "problems": [problem]}
    assert (code, json.loads(out), err) == (1, {**told, **refusal}, "")


def test_a_name_that_steers_a_terminal_is_escaped(repo: Repo):
    repo.write(os.fsdecode(b"manifests/\x1b[2J\xff.json"), "{}\n")
    repo.commit()
    code, out, _ = srch("--base", "main", cwd=repo.path)
    assert code == 1
    assert out.splitlines()[0] == "REG085 manifests/\\u001b[2J\\udcff.json"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--head", "topic"], "--head needs --base"),
        (["--repo", "."], "--repo needs --base"),
        (["--clock", NOW], "--clock needs --base"),
        (["--json"], "--json needs --base"),
        (["--base", "main", "a", "b"], "--base takes one folder of records, not 2"),
        (["--base", "main", "--json", "--format", "json"], "--json and --format exclude each other"),
        (["--base", "none"], '--base "none": no such commit in .; fetch it first'),
        (["--base", "main", "--head", "none"], '--head "none": no such commit in .; fetch it first'),
        (["--base", "main", "--repo", "none"], "none: no such folder"),
        (["--base", "main", "--clock", "soon"], '--clock "soon" is not a time such as 2026-01-31T12:00:00Z'),
        (["--base", "main", "../x"], "../x: outside the repository ."),
    ],
)
def test_bad_calls(repo: Repo, arguments: list[str], line: str):
    assert srch(*arguments, cwd=repo.path) == (2, "", f"srch: {line}\n")
