"""Calls ``srch`` again and again, each time killing it (SIGKILL) at another change of the file system.

    python kill_points.py PLAN.json

The plan: ``base`` (a folder, copied for every try), ``work`` (where the copies go), ``kill`` (the call to kill),
``after`` (calls made after the kill, each to its end), ``stride`` (kill at every stride-th change). A change is a call
that opens a file for writing, makes, renames, links or removes one, or syncs it; the kill comes right before it. The
tries end with the first call that lives to its end. Every process is forked from this one, so that nothing is
imported twice; it prints one JSON list, an object for each try.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import traceback
from hashlib import sha256
from pathlib import Path

CHANGES = {"os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"}


def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    from generator import cli  # noqa: F401
    from generator.kernel import pipeline  # noqa: F401
    from generator.manifest import check, publish  # noqa: F401
    from generator.manifest.log import append, verify  # noqa: F401
    from generator.site import build  # noqa: F401

    tries = []
    for number in range(1, 100_000, plan["stride"]):
        folder = Path(plan["work"]) / str(number)
        shutil.copytree(plan["base"], folder)
        killed = child(folder, plan["kill"], kill_at=number)
        seen = snapshot(folder)
        after = [child(folder, arguments, kill_at=None) for arguments in plan["after"]]
        tries.append({"number": number, "killed": killed, "seen": seen, "after": after, "end": snapshot(folder)})
        shutil.rmtree(folder)
        if killed["signal"] is None:
            break
    json.dump(tries, sys.stdout)


def child(folder: Path, arguments: list[str], *, kill_at: int | None) -> dict[str, object]:
    out, err = folder / ".out", folder / ".err"
    pid = os.fork()
    if pid == 0:
        try:
            os.chdir(folder)
            for path, number in ((out, 1), (err, 2)):
                os.dup2(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC), number)
            os._exit(run(arguments, kill_at))
        except BaseException:
            traceback.print_exc()
            os._exit(70)
    _, status = os.waitpid(pid, 0)
    told = {"out": out.read_text(encoding="utf-8"), "err": err.read_text(encoding="utf-8")}
    out.unlink()
    err.unlink()
    if os.WIFSIGNALED(status):
        return {**told, "signal": os.WTERMSIG(status), "code": None}
    return {**told, "signal": None, "code": os.WEXITSTATUS(status)}


def run(arguments: list[str], kill_at: int | None) -> int:
    from generator import cli

    if kill_at is not None:
        count = 0

        def changed() -> None:
            nonlocal count
            count += 1
            if count == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

        def audit(event: str, details: tuple[object, ...]) -> None:
            writes = event == "open" and isinstance(details[2], int) and details[2] & (os.O_WRONLY | os.O_RDWR)
            if event in CHANGES or writes:
                changed()

        sync = os.fsync

        def fsync(descriptor: int) -> None:
            changed()
            sync(descriptor)

        os.fsync = fsync
        sys.addaudithook(audit)
    try:
        cli.main(arguments)
    except SystemExit as end:
        sys.stdout.flush()
        return end.code if isinstance(end.code, int) else 1


def snapshot(folder: Path) -> dict[str, str]:
    """Name -> hash of every file, hidden ones included, but locks; ``/`` for an empty folder."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if path.is_file() and path.name != ".lock":
            found[name] = sha256(path.read_bytes()).hexdigest()
        elif path.is_dir() and not any(path.iterdir()):
            found[name + "/"] = ""
    return found


if __name__ == "__main__":
    main()
