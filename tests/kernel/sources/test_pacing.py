"""arXiv's terms: one request at a time, three seconds apart, over all processes, whatever happens to them."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recordings import Clock

from generator.kernel.sources.pacing import STATE, Pace, arxiv_folder

WORKER = Path(__file__).with_name("pace_worker.py")


def test_the_first_goes_at_once_the_next_after_the_interval(tmp_path: Path, clock: Clock) -> None:
    for _ in range(3):
        pace = Pace(tmp_path, now=clock.now, sleep=clock.sleep)  # each time anew, as a new process would
        with pace.turn():
            clock.moment += 1.0  # what the request takes
    assert clock.slept == [2.0, 2.0]


@settings(max_examples=30)  # every turn is written to the disk
@given(events=st.lists(st.tuples(st.integers(0, 2), st.floats(0, 10), st.floats(0, 5)), min_size=2, max_size=12))
def test_starts_are_an_interval_apart(
    events: list[tuple[int, float, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = Clock()
    folder = tmp_path_factory.mktemp("pace")
    users = [Pace(folder, 3.0, now=clock.now, sleep=clock.sleep) for _ in range(3)]
    starts = []
    for user, idle, took in events:
        clock.moment += idle
        asked = clock.now()
        with users[user].turn() as started:
            starts.append(started)
            assert started - asked <= 3.0 + 1e-6, "nobody waits longer than needed"
            clock.moment += took
    assert all(later - earlier >= 3.0 - 1e-6 for earlier, later in pairwise(starts))


@settings(max_examples=30)
@given(shift=st.floats(-1e6, 1e6))
def test_a_clock_that_was_set_costs_one_interval_at_most(
    shift: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    clock = Clock()
    pace = Pace(tmp_path_factory.mktemp("pace"), 3.0, now=clock.now, sleep=clock.sleep)
    with pace.turn():
        pass
    clock.moment += shift
    with pace.turn():
        pass
    waited = sum(clock.slept)
    assert waited <= 3.0 + 1e-6
    if shift < 0:
        assert waited >= 3.0 - 1e-6, "nobody knows how long ago it was"


def test_a_clock_set_back_while_waiting_ends_too(tmp_path: Path) -> None:
    clock = Clock()

    def sleep(seconds: float) -> None:
        clock.slept.append(seconds)
        clock.moment -= 100.0

    pace = Pace(tmp_path, 3.0, now=clock.now, sleep=sleep)
    for _ in range(2):
        with pace.turn():
            pass
    assert clock.slept == [3.0, 3.0]


@pytest.mark.parametrize(
    "state", [b"", b"{", b'{"started": "now"}', b'{"started": true}', b"[1]", b'{"started": NaN}', b"\0" * 5000, b"{}"]
)
def test_a_damaged_moment_costs_a_whole_interval(tmp_path: Path, clock: Clock, state: bytes) -> None:
    (tmp_path / STATE).write_bytes(state)
    for _ in range(2):
        with Pace(tmp_path, 3.0, now=clock.now, sleep=clock.sleep).turn():
            pass
    assert clock.slept == [3.0, 3.0]


def test_a_request_that_fails_counts(tmp_path: Path, clock: Clock) -> None:
    pace = Pace(tmp_path, 3.0, now=clock.now, sleep=clock.sleep)
    with pytest.raises(ZeroDivisionError), pace.turn():
        _ = 1 / 0
    with pace.turn():
        pass
    assert clock.slept == [3.0]


def test_threads_have_one_turn_at_a_time(tmp_path: Path) -> None:
    inside, most, starts = 0, 0, []
    guard = threading.Lock()

    def ask() -> None:
        nonlocal inside, most
        pace = Pace(tmp_path, 0.01)
        for _ in range(4):
            with pace.turn() as started:
                with guard:
                    inside += 1
                    most = max(most, inside)
                    starts.append(started)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert most == 1
    assert len(starts) == 12
    assert all(later - earlier >= 0.01 - 1e-6 for earlier, later in pairwise(sorted(starts)))


def _started(folder: Path, interval_s: float, turns: int, report: Path, *end: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, str(WORKER), str(folder), str(interval_s), str(turns), str(report), *end]
    return subprocess.Popen(command)


def _moments(*reports: Path) -> list[float]:
    lines = [line for report in reports if report.exists() for line in report.read_text().split("\n")[:-1]]
    return sorted(map(float, lines))


@pytest.mark.parametrize("interval_s", [0.02, 0.05])
def test_processes_keep_the_interval_together(tmp_path: Path, interval_s: float) -> None:
    reports = [tmp_path / f"{number}.txt" for number in range(3)]
    workers = [_started(tmp_path / "pace", interval_s, 5, report) for report in reports]
    assert [worker.wait(60) for worker in workers] == [0, 0, 0]
    moments = _moments(*reports)
    assert len(moments) == 15
    assert all(later - earlier >= interval_s - 1e-6 for earlier, later in pairwise(moments))


def test_the_request_of_a_process_killed_in_its_turn_counts(tmp_path: Path, clock: Clock) -> None:
    report = tmp_path / "1.txt"
    assert _started(tmp_path / "pace", 3.0, 1, report, "die").wait(60) == -signal.SIGKILL
    (started,) = _moments(report)
    clock.moment = started + 1.0
    with Pace(tmp_path / "pace", 3.0, now=clock.now, sleep=clock.sleep).turn():
        pass
    assert clock.slept == [pytest.approx(2.0, abs=0.9)], "it had noted its start before, and it blocks nobody"


def test_all_runs_of_a_user_meet_in_one_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    here = arxiv_folder()
    monkeypatch.setenv("SRCH_CACHE_DIR", str(tmp_path))
    assert arxiv_folder() == here
