"""Writes that are there whole or not at all, and one writer at a time.

A file is written beside its place, flushed to the disk and renamed over it; a folder is filled beside its place and
renamed into it. A process killed in between leaves a ``.tmp-`` name that the next writer removes.
"""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from generator.manifest.problems import UsageError

TEMPORARY = ".tmp-"


@contextmanager
def clear_os_errors(path: Path, action: str) -> Iterator[None]:
    """Turn an ``OSError`` of the block into one line that says where, what could not be done, and why."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{path}: {action}: {(error.strerror or str(error)).lower()}") from error


def make_folder(path: Path) -> None:
    """Make the folder and those above it; raises ``UsageError`` when one of them cannot be made or is a file."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{path}: is a file, not a folder") from error
    except OSError as error:
        raise UsageError(f"{path}: cannot make the folder: {(error.strerror or str(error)).lower()}") from error


def write_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically; the folder must exist or be creatable. Raises ``UsageError``."""
    make_folder(path.parent)
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with clear_os_errors(path, "cannot write"):
        try:
            _write_synced(temporary, data)
            temporary.replace(path)
            _sync_folder(path.parent)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise


def write_new_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` atomically where nothing is; ``FileExistsError`` if something came there first."""
    make_folder(path.parent)
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with clear_os_errors(path, "cannot write"):
        try:
            _write_synced(temporary, data)
            # unlike a rename, a link never takes another file's place
            try:
                os.link(temporary, path)
            except FileExistsError:
                taken = True
            else:
                taken = False
        finally:
            with suppress(OSError):
                temporary.unlink()
        _sync_folder(path.parent)
    if taken:
        raise FileExistsError(errno.EEXIST, "is there already", str(path))


def write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """Create the folder ``path`` with ``files`` in it, all at once; ``FileExistsError`` if it is there already."""
    make_folder(path.parent)
    if path.exists():
        raise FileExistsError(errno.EEXIST, "is there already", str(path))
    temporary = path.with_name(f"{TEMPORARY}{path.name}-{secrets.token_hex(4)}")
    with clear_os_errors(path, "cannot write"):
        try:
            temporary.mkdir()
            for name, data in files.items():
                _write_synced(temporary / name, data)
            _sync_folder(temporary)
            temporary.rename(path)
            _sync_folder(path.parent)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed writer left in ``folder``; call it under the folder's lock only."""
    if folder.is_dir():
        for path in folder.glob(f"{TEMPORARY}*"):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                with suppress(OSError):
                    path.unlink()


@contextmanager
def locked(folder: Path, *, timeout_s: float = 60.0, busy: str = "is in use by another process") -> Iterator[None]:
    """Hold the folder's lock file (``.lock``) for the block; the system frees it when a process dies.

    Raises ``UsageError`` when the folder cannot be made or another process keeps the lock for ``timeout_s`` seconds.
    """
    make_folder(folder)
    with clear_os_errors(folder, "cannot lock the folder"):
        lock = FileLock(folder / ".lock", timeout=timeout_s)
        try:
            lock.acquire()
        except Timeout:
            raise UsageError(f"{folder} {busy}; try again when it has finished") from None
    try:
        yield
    finally:
        lock.release()


def _write_synced(path: Path, data: bytes) -> None:
    with path.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
