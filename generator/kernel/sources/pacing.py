"""One request at a time, and none sooner than an interval after the last: arXiv's terms, kept across processes.

arXiv asks for "no more than one request every three seconds" over "a single connection at a time", counted over all
machines of a user (Terms of Use for arXiv APIs). A lock file lets one process through; a file beside it tells when the
last request started. The system frees the lock of a process that is killed, and the moment is written before the
request is sent, so that one killed in the middle counts too.

The files are the user's own: the terms count a user's requests, and files that several users of one machine could write
would let one of them stop the others. So two users of a machine ask side by side.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from generator.manifest.atomic import locked, remove_leftovers, write_file
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import loads_json, read_bytes

ARXIV_INTERVAL_S = 3.0
LONGEST_QUEUE_S = 600.0
STATE = "last-request.json"


def arxiv_folder() -> Path:
    """Where all runs of a user meet. It does not follow the cache's setting: two caches are still one user to arXiv.

    Several machines of a user meet where ``XDG_CACHE_HOME`` names a folder that they share.
    """
    return platformdirs.user_cache_path("srch") / "arxiv-pace"


class Pace:
    """Turns in ``folder``, at least ``interval_s`` seconds apart from start to start. Safe for threads and processes.

    ``now`` is the wall clock in seconds, the one clock that processes share; ``sleep`` takes seconds.
    """

    def __init__(
        self,
        folder: Path,
        interval_s: float = ARXIV_INTERVAL_S,
        *,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._interval_s, self._now, self._sleep = folder, interval_s, now, sleep

    @contextmanager
    def turn(self) -> Iterator[float]:
        """Hold the only turn for the block, which sends one request; gives the moment of its start.

        Raises ``UsageError`` when the folder cannot be used or no turn came within ten minutes.
        """
        busy = f"is held by another request for {LONGEST_QUEUE_S:g} s"
        with locked(self._folder, timeout_s=LONGEST_QUEUE_S, busy=busy):
            remove_leftovers(self._folder)
            self._wait()
            self._note(self._now())
            started = self._now()
            try:
                yield started
            finally:
                # writing took time: what the next one counts from is the moment the request could leave
                self._note(started)

    def _wait(self) -> None:
        path = self._folder / STATE
        if not path.exists():
            return
        last = _moment(path)
        for _ in range(3):  # a sleep may end a little early, or the clock be set forward or back meanwhile
            left = self._interval_s if last is None else last + self._interval_s - self._now()
            if left <= 0:
                return
            if left > self._interval_s:
                last = None
            self._sleep(min(left, self._interval_s))
            if last is None:
                # a damaged moment, or one in the future: it tells nothing, and a whole interval from here is enough
                return

    def _note(self, moment: float) -> None:
        write_file(self._folder / STATE, json.dumps({"started": moment}).encode("ascii"))


def _moment(path: Path) -> float | None:
    try:
        state = loads_json(read_bytes(path, limit=1024), file="the pace")
        started = state["started"]
    except (Problems, UsageError, KeyError, TypeError):
        return None
    return float(started) if isinstance(started, int | float) and not isinstance(started, bool) else None
