"""What the crash tests share: the command as a process, a finished run and its record, and the killing driver."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(ROOT),
    "PYTHONDONTWRITEBYTECODE": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "SOURCE_DATE_EPOCH": "1767225600",
}
QUESTIONS = [
    "How do street trees compare with cool roofs in lowering urban air temperature?",
    "Do street trees lower air temperature?",
]


class Srch:
    """Starts and calls the command."""

    def start(self, *arguments: object, cwd: Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "generator.cli", *map(str, arguments)],
            cwd=cwd,
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: object, cwd: Path) -> str:
        process = self.start(*arguments, cwd=cwd)
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        return out


@pytest.fixture(scope="session")
def srch() -> Srch:
    return Srch()


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory, srch: Srch) -> Path:
    """``runs/0`` and ``runs/1``, two approved runs, and ``records``, both of them published."""
    folder = tmp_path_factory.mktemp("material")
    (folder / "runs").mkdir()
    for number, question in enumerate(QUESTIONS):
        srch("run", question, "-q", "--out", f"made-{number}", cwd=folder)
        shutil.move(next((folder / f"made-{number}").iterdir()), folder / "runs" / str(number))
        (folder / f"made-{number}").rmdir()
    srch("publish", "runs/0", "runs/1", "--manifests", "records", cwd=folder)
    return folder


Tries = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def kill_points(tmp_path: Path) -> Tries:
    """``kill_points(base, kill=[...], after=[[...]], stride=1)``: what every try left; see ``kill_points.py``.

    ``visible`` in each try is what was seen right after the kill, without hidden names and empty folders. ``env``:
    what the calls find in their environment beside the usual.
    """

    def tries(
        base: Path,
        *,
        kill: list[object],
        after: list[list[object]],
        stride: int = 1,
        env: dict[str, str] | None = None,
    ) -> list[dict[str, Any]]:
        work = tmp_path / "work"
        plan = {
            "base": str(base),
            "work": str(work),
            "kill": [str(part) for part in kill],
            "after": [[str(part) for part in call] for call in after],
            "stride": stride,
        }
        (tmp_path / "plan.json").write_text(json.dumps(plan), encoding="utf-8")
        done = subprocess.run(
            [sys.executable, HERE / "kill_points.py", tmp_path / "plan.json"],
            env={**ENVIRONMENT, **(env or {})},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        found: list[dict[str, Any]] = json.loads(done.stdout)
        assert all(item["killed"]["signal"] == 9 for item in found[:-1])
        last = found[-1]["killed"]
        assert (last["signal"], last["code"]) == (None, 0), last["err"]
        for item in found:
            hidden = {name for name in item["seen"] if any(part.startswith(".") for part in Path(name).parts)}
            item["visible"] = {
                name: digest for name, digest in item["seen"].items() if name not in hidden and not name.endswith("/")
            }
            for call in item["after"]:
                assert "Traceback" not in call["err"], call["err"]
            if after:
                left = [name for name in item["end"] if any(part.startswith(".") for part in Path(name).parts)]
                assert left == [], "the call that finishes the work clears away what the killed one left"
        return found

    return tries


def read(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    """Every file below a folder but locks: name -> bytes."""
    return read
