"""What judging a pull request costs: the battery of ``tests/manifest/landing``, each case by the command itself.

Every case is made anew from the template repository; then ``srch check --base main --head topic`` is timed as a process
of its own, interpreter start included. The slowest and the thousand-file cases are printed, and any wrong exit code.
Repositories lie in memory (``/dev/shm``) where that is writable; ``--dir`` names another place.
"""

from __future__ import annotations

import argparse
import importlib
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SLOWEST = 5


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--dir", type=Path, default=Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None)
    arguments.add_argument("--rounds", type=int, default=3, help="times each case is judged; the median counts")
    given = arguments.parse_args()
    sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "manifest" / "landing")]
    repositories, cases = importlib.import_module("landing_repositories"), importlib.import_module("landing_cases")
    with tempfile.TemporaryDirectory(dir=given.dir, prefix="srch-bench-") as name:
        folder = Path(name)
        repositories.make_template(folder / "template")
        rows, wrong = [], []
        for case in cases.CASES:
            shutil.copytree(folder / "template", folder / "case", symlinks=True)
            case.make(repositories.Repo(folder / "case"))
            seconds, codes = measure(folder / "case", case, repositories.NOW, given.rounds)
            rows.append((seconds, case.name))
            if codes != {1 if case.refused else 0}:
                wrong.append(f"{case.name}: exit codes {sorted(codes)}")
            for path in folder.glob("case*"):
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    report(rows, wrong)


def measure(path: Path, case: Any, now: str, rounds: int) -> tuple[float, set[int]]:
    """Median of the wall times in seconds, and the exit codes."""
    command = [sys.executable, "-m", "generator.cli", "check", "--base", case.base, "--head", case.head]
    command += ["--repo", str(path), "--clock", now]
    times, codes = [], set()
    for _ in range(rounds):
        began = time.perf_counter()
        done = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
        times.append(time.perf_counter() - began)
        codes.add(done.returncode)
    return statistics.median(times), codes


def report(rows: list[tuple[float, str]], wrong: list[str]) -> None:
    print(f"{len(rows)} pull requests, {len(wrong)} wrong decisions; seconds each, interpreter start included")
    print(f"  median {statistics.median(seconds for seconds, _ in rows):.2f}, slowest {max(rows)[0]:.2f}")
    for seconds, name in sorted(rows, reverse=True)[:SLOWEST]:
        print(f"  {seconds:.2f}  {name}")
    for line in wrong:
        print(f"  WRONG {line}")
    if wrong:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
