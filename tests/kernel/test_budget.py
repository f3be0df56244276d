"""What the models may cost, for one process and for several: nothing is lost; the end may come early, never late."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import signal
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.budget import Budget, BudgetSpent
from generator.kernel.ledger import Answer, Ledger
from generator.manifest.problems import UsageError

PROCESSES = multiprocessing.get_context("spawn")


def spend(folder: Path, times: int, tokens: int) -> None:
    budget = Budget(10_000, 10_000_000, folder)
    for _ in range(times):
        with budget.reserved(tokens) as request:
            request.used(tokens - 1)


def spend_until_the_end(folder: Path, taken: Path) -> None:
    """Take calls one by one until none is left; a line is written after each that was got."""
    budget = Budget(calls=40, folder=folder)
    with taken.open("a", encoding="ascii") as lines:
        while True:
            try:
                with budget.reserved(1) as request:
                    request.used(1)
            except BudgetSpent:
                return
            lines.write("x\n")
            lines.flush()


def die_within_a_request(folder: Path) -> None:
    with Budget(10, 1000, folder).reserved(300):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_call_that_does_not_fit_is_refused_and_the_next_smaller_one_is_not():
    budget = Budget(calls=3, tokens=100)
    with budget.reserved(60) as request:
        request.used(40)
    assert budget.spent() == {"calls": 1, "tokens": 40}
    line = "the request may use 61 tokens, and 60 of 100 are left"
    with pytest.raises(BudgetSpent, match=f"^{line}$"), budget.reserved(61):
        pass
    with budget.reserved(60) as request:
        request.used(60)
    with budget.reserved(0) as request:
        request.used(0)
    with pytest.raises(BudgetSpent, match=r"^the budget of 3 model calls is spent$"), budget.reserved(0):
        pass
    assert budget.spent() == {"calls": 3, "tokens": 100}


@given(
    st.lists(st.tuples(st.integers(0, 50), st.floats(0, 1), st.booleans()), max_size=30),
    st.integers(0, 12),
    st.integers(0, 400),
)
def test_it_never_ends_late(requests: list[tuple[int, float, bool]], calls: int, tokens: int):
    budget = Budget(calls, tokens)
    made = used = 0
    for most, share, fails in requests:
        try:
            with budget.reserved(most) as request:
                made += 1
                if fails:
                    raise ValueError
                request.used(round(most * share))
                used += round(most * share)
        except (BudgetSpent, ValueError):
            pass
        assert budget.spent() == {"calls": made, "tokens": used}
    assert made <= calls
    assert used <= tokens


@pytest.mark.parametrize("folder", [None, "budget"])
def test_what_a_refused_request_reserved_is_given_back_and_what_an_interrupt_cut_off_is_not(tmp_path, folder):
    budget = Budget(9, 100, tmp_path / folder if folder else None)
    with pytest.raises(ValueError), budget.reserved(70):  # noqa: PT011  (any failure of the service)
        raise ValueError
    assert budget.spent() == {"calls": 1, "tokens": 0}
    with pytest.raises(KeyboardInterrupt), budget.reserved(70):
        raise KeyboardInterrupt
    assert budget.spent() == {"calls": 2, "tokens": 70}


def test_a_service_that_takes_more_than_it_was_allowed_is_counted_in_full():
    budget = Budget(tokens=100)
    with budget.reserved(50) as request:
        request.used(120)
    assert budget.spent()["tokens"] == 120
    with pytest.raises(BudgetSpent, match="and 0 of 100 are left"), budget.reserved(1):
        pass


def test_several_processes_and_threads_lose_nothing(tmp_path):
    workers = [PROCESSES.Process(target=spend, args=(tmp_path / "b", 15, 10)) for _ in range(2)]
    threads = [threading.Thread(target=spend, args=(tmp_path / "b", 10, 10)) for _ in range(2)]
    for each in (*workers, *threads):
        each.start()
    for each in (*workers, *threads):
        each.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert Budget(10_000, folder=tmp_path / "b").spent() == {"calls": 50, "tokens": 450}


def test_two_processes_share_what_is_left_between_them(tmp_path):
    taken = [tmp_path / "1", tmp_path / "2"]
    workers = [PROCESSES.Process(target=spend_until_the_end, args=(tmp_path / "b", path)) for path in taken]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(len(path.read_text().splitlines()) for path in taken) == 40
    assert Budget(calls=40, folder=tmp_path / "b").spent() == {"calls": 40, "tokens": 40}


def test_a_process_killed_within_a_request_leaves_its_reservation_spent(tmp_path):
    worker = PROCESSES.Process(target=die_within_a_request, args=(tmp_path,))
    worker.start()
    worker.join()
    assert worker.exitcode == -signal.SIGKILL
    budget = Budget(10, 1000, tmp_path)
    assert budget.spent() == {"calls": 1, "tokens": 300}
    with budget.reserved(700) as request:
        request.used(1)
    assert budget.spent() == {"calls": 2, "tokens": 301}


def test_what_a_killed_writer_left_is_cleared_away(tmp_path):
    (tmp_path / ".tmp-budget.json-1234").write_bytes(b'{"calls"')
    with Budget(1, folder=tmp_path).reserved(5) as request:
        request.used(5)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name != ".lock") == ["budget.json"]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b'{"calls": 1}',
        b'{"calls": 1, "tokens": -1}',
        b'{"calls": 1, "tokens": true}',
        b'{"calls": 1.0, "tokens": 1}',
        b'{"calls": 1, "tokens": 1, "more": 1}',
        b'{"calls": 1, "calls": 2, "tokens": 1}',
        b'{"calls": NaN, "tokens": 1}',
        b"\xff",
    ],
)
def test_a_damaged_file_is_told_and_not_taken_for_an_empty_one(tmp_path, text):
    (tmp_path / "budget.json").write_bytes(text)
    line = f"{tmp_path / 'budget.json'}: not a budget's file; remove it to begin a new budget"
    for use in (lambda: Budget(1, folder=tmp_path).spent(), lambda: Budget(1, folder=tmp_path).reserved(1).__enter__()):
        with pytest.raises(UsageError, match=f"^{re.escape(line)}$"):
            use()
    assert (tmp_path / "budget.json").read_bytes() == text


def test_a_limit_may_be_raised_for_what_was_begun(tmp_path):
    with Budget(calls=1, folder=tmp_path).reserved(5) as request:
        request.used(5)
    with pytest.raises(BudgetSpent), Budget(calls=1, folder=tmp_path).reserved(1):
        pass
    with Budget(calls=2, tokens=6, folder=tmp_path).reserved(1) as request:
        request.used(1)
    assert json.loads((tmp_path / "budget.json").read_bytes()) == {"calls": 2, "tokens": 6}


def test_forgotten_it_begins_anew(tmp_path):
    with Budget(calls=1, folder=tmp_path / "b").reserved(5) as request:
        request.used(5)
    Budget(folder=tmp_path / "b").forget()
    assert not (tmp_path / "b").exists()
    assert Budget(calls=1, folder=tmp_path / "b").spent() == {"calls": 0, "tokens": 0}
    Budget().forget()


def test_without_a_limit_nothing_is_written(tmp_path):
    with Budget(folder=tmp_path / "b").reserved(5) as request:
        request.used(5)
    assert not (tmp_path / "b").exists()


def test_only_models_are_counted_and_an_answer_that_is_known_costs_nothing(tmp_path):
    budget = Budget(calls=1, folder=tmp_path / "b")
    stage = Ledger(tmp_path / "run", budget=budget).stage("x")
    for kind in ("search", "full-text", "chat"):
        for _ in range(2):
            stage.answer(kind, {"of": kind}, lambda: Answer("text", 3, 4), tokens=20)
    assert budget.spent() == {"calls": 1, "tokens": 7}
    with pytest.raises(BudgetSpent):
        stage.answer("embedding", {"of": "more"}, lambda: Answer([[1.0]]), tokens=1)
