"""Writes that are whole or not at all."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import atomic
from generator.manifest.atomic import clear_os_errors, locked, remove_leftovers, write_file, write_folder
from generator.manifest.problems import UsageError


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_written_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "x.json"
    write_file(path, b"1")
    write_file(path, b"22")
    assert path.read_bytes() == b"22"
    assert names(path.parent) == ["x.json"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    path = tmp_path / "x.json"
    write_file(path, b"old")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "somewhere")

    if call == "fsync":
        monkeypatch.setattr(os, "fsync", full)
    else:
        monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError) as refused:
        write_file(path, b"new")
    assert str(refused.value) == f"{path}: cannot write: no space left on device"
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["x.json"]


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    write_folder(tmp_path / "AB" / "r", {"a": b"1", "b": b"2"})
    assert {path.name: path.read_bytes() for path in (tmp_path / "AB" / "r").iterdir()} == {"a": b"1", "b": b"2"}
    assert names(tmp_path / "AB") == ["r"]


def test_a_folder_is_never_overwritten(tmp_path: Path) -> None:
    write_folder(tmp_path / "r", {"a": b"1"})
    with pytest.raises(FileExistsError) as refused:
        write_folder(tmp_path / "r", {"a": b"2"})
    assert refused.value.filename == str(tmp_path / "r")
    assert (tmp_path / "r" / "a").read_bytes() == b"1"


def test_a_folder_that_cannot_be_finished_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    real = atomic._write_synced

    def second_fails(path: Path, data: bytes) -> None:
        written.append(path.name)
        if len(written) == 2:
            raise OSError(errno.EIO, "Input/output error", str(path.name))
        real(path, data)

    monkeypatch.setattr(atomic, "_write_synced", second_fails)
    with pytest.raises(UsageError) as refused:
        write_folder(tmp_path / "r", {"a": b"1", "b": b"2"})
    assert str(refused.value) == f"{tmp_path / 'r'}: cannot write: input/output error"
    assert names(tmp_path) == []


def test_leftovers_of_a_killed_writer_go_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / ".tmp-x-1").write_bytes(b"half")
    (tmp_path / ".tmp-r-2" / "in").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "keep").write_bytes(b"1")
    (tmp_path / ".tmp-link").symlink_to(tmp_path / "outside", target_is_directory=True)
    (tmp_path / "x").write_bytes(b"whole")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == ["outside", "x"]
    assert names(tmp_path / "outside") == ["keep"]
    remove_leftovers(tmp_path / "absent")


def test_a_second_writer_is_told_so(tmp_path: Path) -> None:
    with locked(tmp_path / "runs"):
        with pytest.raises(UsageError) as refused, locked(tmp_path / "runs", timeout_s=0.05, busy="is busy"):
            raise AssertionError("two writers at once")
        assert str(refused.value) == f"{tmp_path / 'runs'} is busy; try again when it has finished"
    with locked(tmp_path / "runs", timeout_s=0.05):
        assert (tmp_path / "runs" / ".lock").exists()


def test_the_lock_is_freed_when_the_block_fails(tmp_path: Path) -> None:
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError
    with locked(tmp_path, timeout_s=0.05):
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UsageError) as refused, locked(tmp_path / "file" / "runs"):
        raise AssertionError("locked below a file")
    assert str(refused.value) == f"{tmp_path / 'file' / 'runs'}: cannot make the folder: not a directory"


def test_a_file_in_the_way_is_called_a_file(tmp_path: Path) -> None:
    (tmp_path / "runs").write_bytes(b"")
    with pytest.raises(UsageError) as refused:
        write_file(tmp_path / "runs" / "x.json", b"1")
    assert str(refused.value) == f"{tmp_path / 'runs'}: is a file, not a folder"


def test_an_error_without_an_errno_is_still_one_line() -> None:
    with (
        pytest.raises(UsageError, match=r"^a/b: cannot write: something odd$"),
        clear_os_errors(Path("a/b"), "cannot write"),
    ):
        raise OSError("Something odd")
