"""Kill -9 of ``srch log append`` before every single change that it makes to the file system, and several at once:
entries and checkpoint are whole, no leaf is lost or there twice, and the next call gives the very log of a call that
nobody killed."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.manifest.log.note import Signer

APPEND = ["log", "append", "--manifests", "manifests"]
VERIFY = ["log", "verify", "manifests", "--json"]


def corrected(manifests: Path, day: int) -> None:
    """An event for each record."""
    for path in manifests.glob("*/*/manifest.json"):
        event = {
            "schema": "https://assignee.net/schemas/correction-event/1.0.0.json",
            "event_id": f"2026-12-{day}-note",
            "record": f"SRCH:{path.parent.name}",
            "corrected_at": f"2026-12-{day}T09:00:00Z",
            "correction_type": "METADATA",
            "issued_by": "A. Reader",
            "reason": "A test.",
            "public_note": "A note.",
        }
        (path.parent / "corrections").mkdir(exist_ok=True)
        (path.parent / "corrections" / f"2026-12-{day}-note.yml").write_text(yaml.safe_dump(event), encoding="utf-8")


@pytest.fixture
def base(tmp_path: Path, material: Path) -> Path:
    """``manifests`` with two records, and no log."""
    shutil.copytree(material / "records", tmp_path / "base" / "manifests")
    (tmp_path / "base" / "manifests" / ".lock").unlink(missing_ok=True)
    return tmp_path / "base"


@pytest.fixture
def killed(kill_points: Callable[..., list[dict[str, Any]]]) -> Callable[..., int]:
    """Kill an append of ``base`` at every change, check what it leaves and what the next one makes of it; how often."""

    def tries(base: Path, key: str | None) -> int:
        found = kill_points(
            base, kill=APPEND, after=[VERIFY, APPEND, VERIFY], env={"SRCH_LOG_KEY": key} if key else None
        )
        before, whole = logged(found[0]["seen"]), logged(found[-1]["seen"])
        states = []
        for item in found:
            seen = logged(item["visible"])
            # each file is as it was or as it will be; entries come first, and the key last
            for name, digest in seen.items():
                assert digest in (before.get(name), whole[name]), (item["number"], name)
            new = [name for name in ("entries.jsonl", "checkpoint", "key") if seen.get(name) == whole.get(name)]
            states.append(new)
            if "checkpoint" in new:
                assert "entries.jsonl" in new, item["number"]
            _, appended, verified = item["after"]
            assert (appended["code"], verified["code"]) == (0, 0), (item["number"], appended, verified)
            assert logged(item["end"]) == whole, item["number"]
        assert len({tuple(state) for state in states}) >= 2
        return len(found) - 1

    return tries


def logged(names: dict[str, str]) -> dict[str, str]:
    before = "manifests/log/"
    return {
        name.removeprefix(before): digest
        for name, digest in names.items()
        if name.startswith(before) and "/." not in name and not name.endswith("/")
    }


@pytest.mark.parametrize("signed", [False, True])
def test_kill_before_every_change(base: Path, srch: Any, killed: Callable[..., int], signed: bool) -> None:
    """The first append; one that adds events; and one that completes what a killed one left."""
    signer = Signer.generate("assignee.net/log")
    key = signer.secret_text() if signed else None
    count = killed(base, key)
    log = base / "manifests" / "log"
    append(base, signer if signed else None)
    old = (log / "checkpoint").read_bytes()
    corrected(base / "manifests", 10)
    count += killed(base, key)
    append(base, signer if signed else None)
    (log / "checkpoint").write_bytes(old)
    count += killed(base, key)
    append(base, signer if signed else None)
    if signed:
        (log / "key").unlink()
        count += killed(base, key)
        # a log without a key, signed from now on
        (log / "checkpoint").write_bytes(old.split(b"\n\n")[0] + b"\n")
    else:
        corrected(base / "manifests", 11)
    count += killed(base, key)
    # together more than a hundred
    assert count >= (45, 60)[signed], count


def append(base: Path, signer: Signer | None) -> None:
    from generator.manifest.log.append import append

    append(base / "manifests", signer)


def test_appends_at_once(base: Path, srch: Any) -> None:
    corrected(base / "manifests", 10)
    corrected(base / "manifests", 11)
    processes = [srch.start(*APPEND, "--json", cwd=base) for _ in range(6)]
    told = []
    for process in processes:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        told.append(json.loads(out))
    assert sorted(len(item["added"]) for item in told) == [0, 0, 0, 0, 0, 10]
    assert {item["size"] for item in told} == {10}
    lines = (base / "manifests" / "log" / "entries.jsonl").read_text(encoding="ascii").splitlines()
    assert len(lines) == len(set(lines)) == 10
    assert json.loads(srch(*VERIFY, cwd=base))["ok"] is True
