"""A site is built beside its place and put there in one step, so a killed build leaves the last good site whole.

The new site grows in ``.<name>.staging-<pid>`` and is exchanged with the old one by a single ``renameat2`` call.
Where the system has no such call, two renames do it, and ``recover`` finishes what a kill between them left.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from generator.manifest.problems import UsageError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2
# A folder of a process that is gone is stale at once. One whose number is in use again, or whose process lives in
# another container, is stale when nobody holds its lock and it has not been touched for this long.
_STALE_AFTER_S = 3600
# What may lie hidden in a site folder and is made anew, or is not missed, after a swap.
_HIDDEN_ALLOWED = frozenset({".well-known", ".nojekyll"})


class Staging:
    """A folder to build into, and the exchange that makes it the site."""

    def __init__(self, site_dir: Path) -> None:
        self.site_dir = Path(os.path.realpath(site_dir))
        self.path = self.site_dir.with_name(f".{self.site_dir.name}.staging-{os.getpid()}")
        self._lock: int | None = None

    def open(self) -> None:
        """Make the folder, after mending what killed builds left. Raises ``UsageError`` when the site's place holds
        something that is no built site, or cannot be written."""
        try:
            self.site_dir.parent.mkdir(parents=True, exist_ok=True)
            recover(self.site_dir)
            _refuse_foreign(self.site_dir)
            if self.path.exists():
                shutil.rmtree(self.path)
            self.path.mkdir()
            self._lock = _lock(self.path)
        except OSError as error:
            raise UsageError(f"{self.site_dir}: cannot build the site there: {_reason(error)}") from error

    def commit(self) -> None:
        """Make the folder the site; the old site is removed afterwards."""
        old = self.site_dir.with_name(f".{self.site_dir.name}.old-{os.getpid()}")
        try:
            if not self.site_dir.exists():
                self.path.rename(self.site_dir)
            elif exchange(self.path, self.site_dir):
                # The staging name now holds the old site; a kill here leaves a stale folder for the next build.
                shutil.rmtree(self.path, ignore_errors=True)
            else:
                self.site_dir.rename(old)
                self.path.rename(self.site_dir)
                shutil.rmtree(old, ignore_errors=True)
        except OSError as error:
            if old.exists() and not self.site_dir.exists():
                old.rename(self.site_dir)
            shutil.rmtree(self.path, ignore_errors=True)
            raise UsageError(f"{self.site_dir}: cannot put the new site in place: {_reason(error)}") from error
        finally:
            self._unlock()

    def discard(self) -> None:
        """Remove the folder; the site stays as it was. Safe to call twice and after ``commit``."""
        if self._lock is not None:
            shutil.rmtree(self.path, ignore_errors=True)
            self._unlock()

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def exchange(first: Path, second: Path) -> bool:
    """Swap two paths of one file system atomically; ``False`` where the system cannot."""
    try:
        renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):
        return False
    done = renameat2(
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(first)),
        ctypes.c_int(_AT_FDCWD),
        ctypes.c_char_p(os.fsencode(second)),
        ctypes.c_uint(_RENAME_EXCHANGE),
    )
    if done == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP):
        return False
    raise OSError(code, os.strerror(code), str(second))


def recover(site_dir: Path) -> None:
    """Finish or clear away what killed builds of ``site_dir`` left beside it."""
    name = re.escape(site_dir.name)
    for kind in ("old", "staging"):
        pattern = re.compile(rf"\.{name}\.{kind}-([0-9]+)")
        for path in sorted(site_dir.parent.iterdir()):
            match = pattern.fullmatch(path.name)
            if not match or path.is_symlink() or not path.is_dir() or not _is_stale(path, int(match[1])):
                continue
            if kind == "old" and not site_dir.exists():
                path.rename(site_dir)
            else:
                shutil.rmtree(path, ignore_errors=True)


def is_built_site(path: Path) -> bool:
    """Whether a folder looks like a site that a build left there."""
    return (path / "sitemap.xml").is_file() and (path / "404.html").is_file() and (path / "assets").is_dir()


def _refuse_foreign(site_dir: Path) -> None:
    if not site_dir.exists():
        return
    if not site_dir.is_dir():
        raise UsageError(f"{site_dir}: is a file; name a folder for the site")
    names = sorted(entry.name for entry in os.scandir(site_dir))
    hidden = [name for name in names if name.startswith(".") and name not in _HIDDEN_ALLOWED]
    if hidden:
        raise UsageError(f"{site_dir}: holds {hidden[0]}, which a new build would remove; name another folder")
    if names and not is_built_site(site_dir):
        raise UsageError(f"{site_dir}: is not empty and not a site built earlier; name another folder, or empty it")


def _is_stale(path: Path, pid: int) -> bool:
    lock = _lock(path)
    if lock is None:
        return False
    os.close(lock)
    try:
        return not _alive(pid) or time.time() - path.stat().st_mtime > _STALE_AFTER_S
    except FileNotFoundError:
        return False


def _alive(pid: int) -> bool:
    if pid == os.getpid():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _lock(path: Path) -> int | None:
    """A descriptor that holds the folder's lock until it is closed or its process dies; ``None`` when taken."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        with suppress(OSError):
            os.close(descriptor)
        return None
    return descriptor


def _reason(error: OSError) -> str:
    return "no space left on the device" if error.errno == errno.ENOSPC else (error.strerror or str(error)).lower()
