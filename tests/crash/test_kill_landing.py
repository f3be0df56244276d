"""A registry in which every call is killed at a random moment: a correction, a publication, and the log's append."""

from __future__ import annotations

import json
import random
import shutil
import time
from pathlib import Path

from generator.manifest.log.verify import verify
from generator.manifest.store import Store, load_record

ROUNDS = 26


def test_correct_publish_and_append_killed_again_and_again(tmp_path: Path, material: Path, srch) -> None:
    shutil.copytree(material / "runs", tmp_path / "runs")
    root = tmp_path / "manifests"
    srch("publish", "runs/0", cwd=tmp_path)
    short = next(Store(root).paths()).parent.name
    note = ["--by", "A. Reader", "--reason", "Seen.", "--note", "Was wrong."]
    chance = random.Random(4)
    began = time.monotonic()
    srch("log", "append", cwd=tmp_path)
    usual = time.monotonic() - began
    killed = 0
    for number in range(ROUNDS):
        shutil.copytree(tmp_path / "runs" / "1", tmp_path / "runs" / f"again-{number}")
        change = ["--set", f"/work/title=Title {number}", "--slug", f"n{number:02}", *note]
        for call in (["correct", short, *change], ["publish", f"runs/again-{number}"], ["log", "append"]):
            process = srch.start(*call, cwd=tmp_path)
            time.sleep(usual * chance.uniform(0.3, 1.1))
            process.kill()
            _, told = process.communicate(timeout=60)
            assert process.returncode in (-9, 0), told
            killed += process.returncode == -9
        srch("check", "manifests", "-q", cwd=tmp_path)  # whatever is there is whole
        lines = (root / "log" / "entries.jsonl").read_bytes().splitlines()
        assert len({json.loads(line)["path"] for line in lines}) == len(lines)
    assert killed > ROUNDS
    srch("correct", short, "--set", "/work/title=The end", "--slug", "the-end", *note, cwd=tmp_path)
    srch("publish", "runs/1", cwd=tmp_path)
    srch("log", "append", cwd=tmp_path)
    assert verify(root).problems == []
    record = load_record(root / short[:2] / short / "manifest.json")
    assert record.current.manifest["work"]["title"] == "The end"
    assert len(list(Store(root).paths())) == 2
    kept = [path.name for path in root.rglob("*") if path.name.startswith(".") and path.name != ".lock"]
    assert kept == []
