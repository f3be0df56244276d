"""Kill -9 of ``srch correct`` before every single change that it makes to the file system, and a full disk: the event
is there whole or not at all, no other file changes, and the next call goes through."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.manifest.store import load_record

ROOT = Path(__file__).parents[2]
AT = "2026-12-01T09:00:00Z"
EPOCH = "1798761600"  # 2027-01-01T00:00:00Z
SAID = ["--by", "A", "--reason", "r", "--note", "The note. " * 200]


@pytest.fixture
def registry(tmp_path) -> Path:
    base = tmp_path / "base"
    shutil.copytree(ROOT / "manifests" / "07", base / "manifests" / "07")
    return base


def test_kill_before_every_change(registry, kill_points):
    title = ["correct", "0729108B", "--set", "/work/title=New", *SAID, "--slug", "title"]
    other = ["correct", "0729108B", "--set", "/work/abstract=Other", *SAID, "--slug", "abstract"]
    at = ["--clock", AT]
    environment = {"SOURCE_DATE_EPOCH": EPOCH}
    tries = kill_points(registry, kill=[*title, *at], after=[["check", "manifests"], [*other, *at]], env=environment)
    assert len(tries) > 6
    events = "manifests/07/0729108B/corrections/"
    whole = tries[-1]["visible"]
    before = {name: digest for name, digest in whole.items() if not name.startswith(events)}
    assert set(whole) - set(before) == {f"{events}2026-12-01-title.yml"}
    there = 0
    for item in tries:
        assert item["visible"] in (before, whole), item["number"]
        there += item["visible"] == whole
        checked, corrected = item["after"]
        assert (checked["code"], corrected["code"]) == (0, 0), checked["out"] + corrected["err"]
        assert item["end"].items() >= item["visible"].items()
        assert f"{events}2026-12-01-abstract.yml" in item["end"]
        assert (f"{events}2026-12-01-title.yml" in item["end"]) is (item["visible"] == whole)
    assert there > 2, "a kill after the event is there"


@pytest.mark.parametrize("size", [0, 1, 100, 2000])
def test_a_full_disk(size, registry, files):
    """No file may have more than ``size`` bytes, of some 2,500 that the event takes."""
    before = files(registry)
    call = [sys.executable, "-m", "generator.cli", "correct", "0729108B", "--set", "/work/title=New", *SAID]
    options = {
        "cwd": registry,
        "env": {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "SOURCE_DATE_EPOCH": EPOCH},
        "capture_output": True,
        "text": True,
        "check": False,
    }
    call += ["--clock", AT]
    full = subprocess.run(call, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)), **options)
    place = "manifests/07/0729108B/corrections/2026-12-01-title.yml"
    assert (full.returncode, full.stdout) == (2, "")
    assert full.stderr == f"srch: {place}: cannot write: file too large\n"
    assert files(registry) == before
    again = subprocess.run(call, **options)
    assert again.returncode == 0, again.stderr
    record = load_record(registry / "manifests" / "07" / "0729108B" / "manifest.json")
    assert record.current.manifest["work"]["title"] == "New"
    assert set(files(registry)) - set(before) == {place}
