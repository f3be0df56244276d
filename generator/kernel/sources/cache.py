"""Answers that all runs share for one UTC day: the same question to the same service is asked once a day.

One file per answer, ``<folder>/<day>/<hash of kind and request>.json``, written whole or not at all. The file carries
the hash of its value: one that was damaged or cut is as good as none. Folders of days long past are removed.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import platformdirs

from generator.manifest.atomic import write_file
from generator.manifest.canonical import digest
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import loads_json, read_bytes

FOLDER = "SRCH_CACHE_DIR"
DAYS_KEPT = 30
LARGEST = 64 * 1024 * 1024  # bytes of a file
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")


def default_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """The folder that ``SRCH_CACHE_DIR`` names, else the place of the system for a user's caches."""
    named = environment.get(FOLDER, "").strip()
    return Path(named) if named else platformdirs.user_cache_path("srch") / "answers"


def utc_day() -> str:
    """Today in UTC, ``YYYY-MM-DD``."""
    return datetime.now(UTC).date().isoformat()


class Cache:
    """The cache in ``folder``; ``today`` gives the UTC day, ``YYYY-MM-DD``. Safe for threads and processes."""

    def __init__(self, folder: Path, today: Callable[[], str] = utc_day) -> None:
        self._folder, self._today = folder, today
        self._pruned_on: str | None = None

    def get(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        """What was put for the request today; ``None`` where nothing was, or nothing that can still be trusted."""
        key = {"kind": kind, "request": dict(request)}
        path = self._path(self._day(), key)
        try:
            stored = loads_json(read_bytes(path, limit=LARGEST), file="a cached answer")
            value = stored["value"]
            sound = stored["key"] == key and stored["sha256"] == _hash(value) and isinstance(value, dict)
        except (Problems, UsageError, KeyError, TypeError):
            return None
        return value if sound else None

    def put(self, kind: str, request: Mapping[str, Any], value: dict[str, Any]) -> None:
        """Keep the value for the rest of the day. A cache that cannot be written only costs time, so nobody is told."""
        day = self._day()
        key = {"kind": kind, "request": dict(request)}
        stored = {"key": key, "sha256": _hash(value), "value": value}
        with suppress(UsageError):
            write_file(self._path(day, key), _bytes(stored))
        if self._pruned_on != day:
            self._pruned_on = day
            self._prune(day)

    def _prune(self, day: str) -> None:
        oldest = date.fromisoformat(day) - timedelta(days=DAYS_KEPT)
        with suppress(OSError):
            for path in self._folder.iterdir():
                if _DAY.fullmatch(path.name) and path.name < oldest.isoformat() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)

    def _day(self) -> str:
        day = self._today()
        if _DAY.fullmatch(day) is None:
            raise ValueError(f"{day!r} is not a day")
        return day

    def _path(self, day: str, key: Mapping[str, Any]) -> Path:
        return self._folder / day / f"{digest(key)}.json"


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _hash(value: Any) -> str:
    return hashlib.sha256(_bytes(value)).hexdigest()
