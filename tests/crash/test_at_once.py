"""Several processes at once: nothing is lost, each record is whole, and every process ends well."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

DRAFT = Path(__file__).parents[1] / "cli" / "routing.txt"
QUESTION = "Do street trees lower air temperature?"


def ended(processes: list[subprocess.Popen[str]]) -> list[str]:
    outputs = [process.communicate(timeout=240) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), outputs
    return [out for out, _ in outputs]


def test_the_same_run_four_times(tmp_path, srch, files):
    told = [json.loads(out) for out in ended([srch.start("run", QUESTION, "--json", cwd=tmp_path) for _ in range(4)])]
    assert len({item["run_id"] for item in told}) == 1
    srch("run", QUESTION, "-q", "--out", "alone", cwd=tmp_path)
    assert files(tmp_path / "runs") == files(tmp_path / "alone")


def test_the_same_publication_eight_times(tmp_path, material, srch, files):
    publish = ("publish", "runs/0", "--manifests", tmp_path / "new", "--json")
    told = [json.loads(out)[0] for out in ended([srch.start(*publish, cwd=material) for _ in range(8)])]
    assert sorted(item["outcome"] for item in told) == ["published"] + ["unchanged"] * 7
    assert len({item["manifest"] for item in told}) == 1
    assert files(tmp_path / "new").items() <= files(material / "records").items()
    assert srch("check", tmp_path / "new", cwd=tmp_path) == "1 file checked, no problems\n"


def test_eight_imports_decisions_and_publications(tmp_path, srch, files):
    """Eight owners at once, each with a run of one's own; the last two runs go into the registry twice."""
    text = DRAFT.read_text(encoding="utf-8")
    for number in range(8):
        other = text.replace("Routing settles", f"Routing {number} settles")
        (tmp_path / f"{number}.txt").write_text(other, encoding="utf-8")
    ended([srch.start("import", f"{number}.txt", cwd=tmp_path) for number in range(8)])
    runs = sorted(path.name for path in (tmp_path / "runs").iterdir() if path.name != ".lock")
    assert len(runs) == 8
    decide = ("--publish", "--by", "A", "--reason", "r")
    ended([srch.start("decide", f"runs/{name}", *decide, cwd=tmp_path) for name in runs])
    ended([srch.start("publish", f"runs/{name}", cwd=tmp_path) for name in [*runs, *runs[-2:]]])
    assert len(list((tmp_path / "manifests").glob("*/*/manifest.json"))) == 8
    assert srch("check", "manifests", "runs", cwd=tmp_path) == "24 files checked, no problems\n"
    before = files(tmp_path / "manifests")
    srch("publish", *[f"runs/{name}" for name in runs], cwd=tmp_path)
    assert files(tmp_path / "manifests") == before


def test_eight_different_decisions_about_one_run(tmp_path, material, srch):
    (tmp_path / "runs" / "0").mkdir(parents=True)
    (tmp_path / "runs" / "0" / "run.json").write_bytes((material / "runs" / "0" / "run.json").read_bytes())
    processes = [
        srch.start("decide", "runs/0", "--publish", "--by", f"Owner {number}", "--reason", "r", cwd=tmp_path)
        for number in range(8)
    ]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert sorted(process.returncode for process in processes) == [0] + [2] * 7
    kept = json.loads((tmp_path / "runs" / "0" / "decision.json").read_bytes())
    for process, (_, told) in zip(processes, outputs, strict=True):
        refused = f"srch: runs/0: already decided (publish, by {kept['by']}); a decision is recorded once\n"
        assert told == ("" if process.returncode == 0 else refused)
