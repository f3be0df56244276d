"""The real command in a process of its own, and finished material to call it with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
CLOCK = "2026-01-31T12:00:00Z"


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def messages(self) -> list[str]:
        """Standard error without progress and empty lines."""
        return [line for line in self.err.splitlines() if line and not line.startswith("[")]


Srch = Callable[..., Result]
Fails = Callable[..., None]


def environment(**changes: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
    return {**kept, "PYTHONDONTWRITEBYTECODE": "1", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", **changes}


def call(
    *arguments: object,
    cwd: Path,
    env: dict[str, str] | None = None,
    before: Callable[[], None] | None = None,
) -> Result:
    done = subprocess.run(
        [sys.executable, "-m", "generator.cli", *map(os.fsencode, map(_text, arguments))],
        cwd=cwd,
        env=environment(PYTHONPATH=str(ROOT), **(env or {})),
        capture_output=True,
        preexec_fn=before,
        timeout=120,
        check=False,
    )
    result = Result(done.returncode, done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
    assert "Traceback" not in result.err, result.err
    return result


def _text(value: object) -> str | bytes:
    return value if isinstance(value, bytes) else str(value)


@pytest.fixture
def srch(tmp_path: Path) -> Srch:
    """``srch("check", path, env=...)`` in ``tmp_path``; a traceback fails the test."""

    def run(*arguments: object, cwd: Path = tmp_path, **options: object) -> Result:
        return call(*arguments, cwd=cwd, **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def fails(srch: Srch) -> Fails:
    """``fails(["run", ""], "the question is empty")``: exactly this line, exit code 2, nothing on standard output."""

    def check(arguments: list[object], line: str, **options: object) -> None:
        result = srch(*arguments, **options)
        assert (result.messages, result.code, result.out) == ([f"srch: {line}"], 2, "")

    return check


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``runs`` with an approved run, ``approved``, and a waiting one, ``routing``; ``manifests`` with the record of the
    approved one; ``routing.txt``, the draft."""
    folder = tmp_path_factory.mktemp("material")
    shutil.copy(Path(__file__).with_name("routing.txt"), folder)
    assert call("run", QUESTION, "--clock", CLOCK, "--out", "made", "-q", cwd=folder).code == 0
    assert call("import", "routing.txt", cwd=folder).code == 0
    shutil.move(next((folder / "made").iterdir()), folder / "runs" / "approved")
    shutil.rmtree(folder / "made")
    assert call("publish", "runs/approved", cwd=folder).code == 0
    return folder


@pytest.fixture
def place(material: Path, tmp_path: Path) -> Path:
    """A copy of the material in ``tmp_path``, for a test to change."""
    shutil.copytree(material, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file below ``folder`` but locks: name -> bytes."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def files() -> Callable[[Path], dict[str, bytes]]:
    return snapshot
