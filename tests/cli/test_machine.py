"""A machine that does not play along: no right to write, a full disk, a reader that goes away, an interrupt."""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

RUN = ("run", "Do street trees lower air temperature?", "--clock", "2026-01-31T12:00:00Z")


def may_write_everywhere() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o555)
        return os.access(folder, os.W_OK)


as_root = may_write_everywhere()


def no_file_over(size: int):
    """Stands in for a full disk, without any right: each file may have ``size`` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.skipif(as_root, reason="root may write everywhere")
@pytest.mark.parametrize(
    ("arguments", "folder"),
    [
        ((*RUN, "--out", "closed"), "closed"),
        (("import", "routing.txt", "--out", "closed"), "closed"),
        (("publish", "runs/approved", "--manifests", "closed"), "closed"),
        (("decide", "runs/routing", "--reject", "--by", "A", "--reason", "r"), "runs/routing"),
    ],
)
def test_no_right_to_write(arguments, folder, place, srch, files):
    (place / folder).mkdir(exist_ok=True)
    before = files(place)
    (place / folder).chmod(0o555)
    try:
        result = srch(*arguments)
    finally:
        (place / folder).chmod(0o755)
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert result.messages[0].startswith(f"srch: {folder}")
    assert result.messages[0].endswith(": permission denied")
    assert files(place) == before


@pytest.mark.skipif(as_root, reason="root may read everything")
def test_no_right_to_read(place, fails):
    (place / "routing.txt").chmod(0)
    fails(["import", "routing.txt"], "routing.txt: permission denied")
    (place / "runs").chmod(0o300)
    try:
        fails(["check", "runs"], "runs: permission denied")
    finally:
        (place / "runs").chmod(0o755)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="no /proc, where even root cannot write")
@pytest.mark.parametrize(
    "arguments",
    [
        (*RUN, "--out"),
        ("import", "routing.txt", "--out"),
        ("publish", "runs/approved", "--manifests"),
        ("build", "--manifests", "manifests", "--site-dir"),
    ],
)
def test_a_place_where_nobody_can_write(arguments, place, srch, root, files):
    before = files(place)
    config = ("--config", root / "mkdocs.yml") if arguments[0] == "build" else ()
    result = srch(arguments[0], *config, *arguments[1:], "/proc/none")
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert result.messages[0].startswith("srch: /proc/none")
    assert files(place) == before


@pytest.mark.parametrize("size", [100, 2000, 30_000, 100_000])
def test_run_on_a_full_disk_goes_on_later(size, tmp_path, srch, files):
    full = srch(*RUN, "--out", "runs", before=no_file_over(size))
    assert (full.code, full.out, len(full.messages)) == (2, "", 1)
    assert full.messages[0].startswith("srch: runs/do-street-trees-lower-air-temperature-")
    assert full.messages[0].endswith(": cannot write: file too large")
    folder = next((tmp_path / "runs").iterdir())
    assert not (folder / "run.json").exists()
    assert not [path for path in folder.rglob("*") if path.name.startswith(".tmp-")]
    assert srch(*RUN, "--out", "runs", "--resume", "-q").code == 0
    assert srch(*RUN, "--out", "whole", "-q").code == 0
    assert files(tmp_path / "runs") == files(tmp_path / "whole")


@pytest.mark.parametrize("size", [0, 1000, 30_000, 60_000, 100_000])
def test_publish_on_a_full_disk(size, place, srch, files):
    full = srch("publish", "runs/approved", "--manifests", "new", before=no_file_over(size))
    assert (full.code, full.out, len(full.messages)) == (2, "", 1)
    assert full.messages[0].endswith(": cannot write: file too large")
    assert files(place / "new") == {}
    assert srch("publish", "runs/approved", "--manifests", "new").code == 0
    assert files(place / "new") == files(place / "manifests")


def test_import_and_decide_on_a_full_disk(place, srch, fails, files):
    before = files(place)
    fails(
        ["import", "routing.txt", "--out", "new"],
        "new/routing: cannot write: file too large",
        before=no_file_over(100),
    )
    decide = ["decide", "runs/routing", "--reject", "--by", "A", "--reason", "r"]
    fails(decide, "runs/routing/decision.json: cannot write: file too large", before=no_file_over(10))
    assert files(place) == before


def test_build_on_a_full_disk_leaves_the_old_site(place, srch, root, files):
    arguments = ("build", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--site-dir", "site")
    assert srch(*arguments).code == 0
    before = files(place)
    full = srch(*arguments, before=no_file_over(5000))
    assert (full.code, full.out) == (2, "")
    assert full.messages[-1].endswith("file too large")
    assert files(place) == before


@pytest.fixture
def disk(tmp_path: Path):
    """``disk(kilobytes)`` gives a file system of that size; called again, it changes the size."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = False

    def sized(kilobytes: int) -> Path:
        nonlocal mounted
        options = f"{'remount,' if mounted else ''}size={kilobytes}k"
        mount = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]
        done = subprocess.run(mount, capture_output=True, check=mounted)
        if done.returncode:
            pytest.skip("cannot mount a small file system here; files of a limited size stand in for it")
        mounted = True
        return folder

    yield sized
    if mounted:
        subprocess.run(["umount", folder], check=True)


def test_a_disk_that_is_really_full(tmp_path, srch, files, disk):
    assert srch(*RUN, "--out", "whole", "-q").code == 0
    whole = files(tmp_path / "whole")
    for kilobytes in (32, 96, 160, 240):
        full = srch(*RUN, "--out", disk(kilobytes) / "runs", "--resume")
        assert (full.code, full.out, len(full.messages)) == (2, "", 1)
        assert full.messages[0].endswith(": no space left on device")
    assert srch(*RUN, "--out", disk(1000) / "runs", "--resume", "-q").code == 0
    assert files(tmp_path / "disk" / "runs") == whole
    shutil.rmtree(tmp_path / "disk" / "runs")
    run = next((tmp_path / "whole").iterdir())
    records = disk(160) / "manifests"
    full = srch("publish", run, "--manifests", records)
    assert (full.code, full.out, len(full.messages)) == (2, "", 1)
    assert files(records) == {}
    disk(2000)
    assert srch("publish", run, "--manifests", records).code == 0
    assert srch("check", records).code == 0


def start(*arguments: object, cwd: Path, root: Path, **streams: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "generator.cli", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
        **streams,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("arguments", [("check", "--rules"), ("queue", "--all", "--json"), ("--help",)])
def test_a_reader_that_goes_away_is_no_failure_to_tell_of(arguments, place, root):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*arguments, cwd=place, root=root, stdout=writer, stderr=subprocess.PIPE)
    os.close(writer)
    _, told = process.communicate(timeout=60)
    assert (told, process.returncode) == (b"", 1)


def test_progress_that_nobody_reads_does_not_stop_a_run(tmp_path, root):
    reader, writer = os.pipe()
    os.close(reader)
    process = start(*RUN, "--json", cwd=tmp_path, root=root, stdout=subprocess.PIPE, stderr=writer)
    os.close(writer)
    out, _ = process.communicate(timeout=60)
    assert (json.loads(out)["state"], process.returncode) == ("approved", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("check",), ("check", "--rules"), ("queue", "--all", "--json")])
def test_output_that_cannot_be_written(arguments, place, root):
    with Path("/dev/full").open("wb") as full:
        process = start(*arguments, cwd=place, root=root, stdout=full, stderr=subprocess.PIPE)
        _, told = process.communicate(timeout=60)
    assert told == b"srch: cannot write to standard output: no space left on device\n"
    assert process.returncode == 2


def test_closed_outputs(place, srch):
    assert srch("check", before=lambda: os.close(1)).code == 0
    assert srch("check", "nowhere", before=lambda: os.close(2)).code == 2


def test_a_terminal_without_the_characters(place, srch):
    result = srch("queue", "--all", env={"PYTHONIOENCODING": "ascii"})
    assert result.code == 0
    assert result.out.isascii()


@pytest.mark.parametrize("line", [1, 8])
def test_interrupt_keeps_what_was_finished(line, tmp_path, srch, root, files):
    process = start(*RUN, "--out", "runs", cwd=tmp_path, root=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    for _ in range(line):
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    if process.returncode != 0:  # it may have been faster
        assert process.returncode == 130
        assert [text for text in told.decode().splitlines() if text and not text.startswith("[")] == [
            "srch: interrupted; what was finished is kept, and the same call goes on ('srch run': with --resume)"
        ]
        assert "add --resume to go on with it" in srch(*RUN, "--out", "runs").messages[0]
    assert srch("run", "--resume", "--out", "runs", "-q").code == 0 or process.returncode == 0
    assert srch(*RUN, "--out", "whole", "-q").code == 0
    assert files(tmp_path / "runs") == files(tmp_path / "whole")


def test_interrupt_ends_serve(place, root):
    arguments = ("serve", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--address", "127.0.0.1:0")
    process = start(*arguments, cwd=place, root=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and b"Serving on" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert b"Traceback" not in told
    assert process.returncode in (0, 130)
