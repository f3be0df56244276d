"""Kill -9 of ``srch publish``, ``import`` and ``decide`` before every single change that they make to the file system:
a record is there whole or not at all, and the same call finishes the work."""

from __future__ import annotations

import shutil
from pathlib import Path

DRAFT = Path(__file__).parents[1] / "cli" / "routing.txt"


def test_publish(material, kill_points):
    publish = ["publish", "runs/0", "runs/1", "--manifests", "new"]
    tries = kill_points(material, kill=publish, after=[["check", "new"], publish, ["check", "new"]])
    assert len(tries) > 25
    whole = tries[-1]["visible"]
    records = {name: digest for name, digest in whole.items() if name.startswith("new/")}
    assert len(records) == 8
    between = 0
    for item in tries:
        visible = {name: digest for name, digest in item["visible"].items() if name.startswith("new/")}
        folders = {Path(name).parent for name in visible}
        assert visible == {name: digest for name, digest in records.items() if Path(name).parent in folders}
        between += len(folders) == 1
        first, published, checked = item["after"]
        assert first["code"] == 0 or first["err"] == "srch: new: no such file or folder\n"
        assert (published["code"], checked["code"]) == (0, 0)
        assert item["end"] == whole, item["number"]
    assert between > 5


def test_import(tmp_path, kill_points):
    base = tmp_path / "base"
    base.mkdir()
    for name in ("a.txt", "b.txt"):
        shutil.copy(DRAFT, base / name)
    imports = ["import", "a.txt", "b.txt", "--out", "runs"]
    tries = kill_points(base, kill=imports, after=[["queue"], imports, ["check", "runs"]])
    whole = tries[-1]["visible"]
    assert {"runs/a/run.json", "runs/b/run.json"} <= set(whole)
    for item in tries:
        assert item["visible"].items() <= whole.items()
        assert [call["code"] for call in item["after"][1:]] == [0, 0]
        assert item["end"] == whole, item["number"]


def test_decide(material, kill_points):
    decide = ["decide", "runs/0", "--publish", "--by", "A", "--reason", "r"]
    tries = kill_points(material, kill=decide, after=[["queue", "--all"], decide, ["check", "runs"]])
    for item in tries:
        assert item["visible"].items() <= tries[-1]["visible"].items()
        assert [call["code"] for call in item["after"]] == [0, 0, 0]
        assert item["end"] == tries[-1]["visible"]
