"""Every request of a run: asked once, kept in the run's folder, shared for the day, counted for the record."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.budget import Budget
from generator.kernel.ledger import Answer, Ledger
from generator.kernel.sources.cache import Cache

REQUEST = {"model": "maker/model", "text": "Do street trees cool the air?"}


def never() -> Answer:
    raise AssertionError("asked again")


class Counted:
    """Answers, and how often it was asked."""

    def __init__(self, body: Any = "an answer") -> None:
        self.times, self.body = 0, body

    def __call__(self) -> Answer:
        self.times += 1
        return Answer(self.body, 10, 2)


class Remembered:
    """A shared cache in memory."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Any]] = {}

    def get(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any] | None:
        return self.held.get(json.dumps([kind, request], sort_keys=True))

    def put(self, kind: str, request: Mapping[str, Any], value: dict[str, Any]) -> None:
        self.held[json.dumps([kind, request], sort_keys=True)] = value


def row(calls: int, cached: int, tokens_in: int, tokens_out: int) -> dict[str, Any]:
    counts = {"calls": calls, "cache_hits": cached, "prompt_tokens": tokens_in, "completion_tokens": tokens_out}
    return {"stage": "test", **counts}


def stored(folder: Path) -> Path:
    (path,) = [path for path in (folder / "requests").iterdir() if path.name != ".lock"]
    return path


def test_the_same_request_is_asked_once_and_counted_once(tmp_path):
    ask = Counted()
    stage = Ledger(tmp_path).stage("test")
    assert stage.answer("chat", REQUEST, ask) == stage.answer("chat", dict(reversed(REQUEST.items())), never)
    assert stage.costs() == row(1, 0, 10, 2)
    stage.answer("embedding", REQUEST, ask)
    stage.answer("chat", {**REQUEST, "text": "Do they?"}, ask)
    assert (ask.times, stage.costs()) == (3, row(3, 0, 30, 6))


@pytest.mark.parametrize("body", [None, "", "text", [], {"a": [1, 2.5, None, True]}, "\U0001f333 \u2028 \x00"])
def test_a_run_that_goes_on_finds_the_answer_and_what_it_had_cost(tmp_path, body):
    first = Ledger(tmp_path).stage("test")
    given = first.answer("chat", REQUEST, Counted(body))
    again = Ledger(tmp_path, budget=Budget(calls=0)).stage("test")
    assert again.answer("chat", REQUEST, never, tokens=10**6) == given == Answer(body, 10, 2)
    assert again.costs() == first.costs() == row(1, 0, 10, 2)


def test_what_fails_is_raised_and_not_kept(tmp_path):
    stage = Ledger(tmp_path, cache=Remembered()).stage("test")

    def fails() -> Answer:
        raise ConnectionError("no answer")

    for _ in range(2):
        with pytest.raises(ConnectionError, match=r"^no answer$"):
            stage.answer("search", REQUEST, fails)
    assert stage.costs() == row(0, 0, 0, 0)
    assert stage.answer("search", REQUEST, Counted()).body == "an answer"


@pytest.mark.parametrize("damage", ["cut", "empty", "changed", "of another form", "not UTF-8", "negative"])
def test_a_stored_answer_that_is_not_whole_is_asked_for_again(tmp_path, damage):
    Ledger(tmp_path).stage("test").answer("chat", REQUEST, Counted())
    path = stored(tmp_path)
    text = path.read_bytes()
    path.write_bytes(
        {
            "cut": text[:-9],
            "empty": b"",
            "changed": text.replace(b"an answer", b"another one"),
            "of another form": b'{"answer": 7}',
            "not UTF-8": text.replace(b"an answer", b"\xff\xfe"),
            "negative": text.replace(b'"prompt_tokens":10', b'"prompt_tokens":-1'),
        }[damage]
    )
    ask = Counted()
    assert Ledger(tmp_path).stage("test").answer("chat", REQUEST, ask).body == "an answer"
    assert ask.times == 1
    assert path.read_bytes() == text, "and the file is whole again"


def test_another_run_of_the_day_takes_the_answer_from_the_cache_for_nothing(tmp_path):
    cache = Cache(tmp_path / "cache", lambda: "2026-11-23")
    one = Ledger(tmp_path / "one", cache).stage("test")
    one.answer("chat", REQUEST, Counted({"a": 1}))
    other = Ledger(tmp_path / "other", cache, Budget(calls=0)).stage("test")
    assert other.answer("chat", REQUEST, never).body == {"a": 1}
    assert other.costs() == row(0, 1, 0, 0)
    # the run keeps a copy of its own, so that it can go on another day
    later = Ledger(tmp_path / "other", Cache(tmp_path / "cache", lambda: "2026-11-24"), Budget(calls=0)).stage("test")
    assert later.answer("chat", REQUEST, never).body == {"a": 1}
    assert later.costs() == other.costs()
    tomorrow = Ledger(tmp_path / "new", Cache(tmp_path / "cache", lambda: "2026-11-24")).stage("test")
    assert tomorrow.answer("chat", REQUEST, Counted({"a": 2})).body == {"a": 2}


@pytest.mark.parametrize("value", [{}, {"body": 1}, {"body": 1, "prompt_tokens": "1", "completion_tokens": 0}, [1]])
def test_what_a_cache_holds_in_another_form_is_not_taken(value):
    cache = Remembered()
    cache.put("chat", REQUEST, value)
    assert Ledger(cache=cache).stage("test").answer("chat", REQUEST, Counted()).body == "an answer"


def test_threads_that_ask_the_same_wait_for_the_first_and_others_do_not():
    inside, go_on = threading.Event(), threading.Event()
    times: list[str] = []

    def slow() -> Answer:
        times.append("asked")
        inside.set()
        assert go_on.wait(30)
        return Answer("slow")

    stage = Ledger.in_memory().stage("test")
    found: list[Answer] = []
    threads = [
        threading.Thread(target=lambda: found.append(stage.answer("chat", REQUEST, slow))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    assert inside.wait(30)
    assert stage.answer("chat", {"other": 1}, Counted()).body == "an answer", "another request is not held up"
    go_on.set()
    for thread in threads:
        thread.join()
    assert (times, found) == (["asked"], [Answer("slow")] * 4)
    assert stage.costs() == row(2, 0, 10, 2)


def test_with_a_clock_the_seconds_are_kept_and_without_one_nothing_of_the_time(tmp_path):
    moments = iter([5.0, 7.25])
    Ledger(tmp_path / "timed", seconds=lambda: next(moments)).stage("test").answer("chat", REQUEST, Counted())
    Ledger(tmp_path / "plain").stage("test").answer("chat", REQUEST, Counted())
    assert json.loads(stored(tmp_path / "timed").read_bytes())["seconds"] == 2.25
    assert json.loads(stored(tmp_path / "plain").read_bytes())["seconds"] is None


def test_a_stage_that_was_killed_has_worked_for_as_long_as_its_processes_together(tmp_path):
    now = [100.0]
    first = Ledger(tmp_path, seconds=lambda: now[0]).stage("test")
    for number, moment in enumerate((103.0, 104.0)):  # asked side by side: two answers within four seconds
        now[0] = moment
        first.answer("chat", {"number": number}, Counted())
    assert first.seconds() == 4.0
    now[0] = 7.0  # another process, another clock
    second = Ledger(tmp_path, seconds=lambda: now[0]).stage("test")
    assert second.seconds() == 0.0
    for number in range(2):
        second.answer("chat", {"number": number}, never)
    now[0] = 9.5
    second.answer("chat", {"number": 2}, Counted())
    assert second.seconds() == 6.5
    now[0] = 1.0
    third = Ledger(tmp_path, seconds=lambda: now[0]).stage("test")
    for number in range(3):
        third.answer("chat", {"number": number}, never)
    now[0] = 1.25
    assert third.seconds() == 6.75
    untimed = Ledger(tmp_path).stage("test")
    untimed.answer("chat", {"number": 0}, never)
    assert untimed.seconds() is None


@pytest.mark.parametrize("seconds", [b'"2"', b"-1", b"true", b"[]"])
def test_a_stored_time_that_is_none_is_not_taken(tmp_path, seconds):
    Ledger(tmp_path, seconds=lambda: 2.0).stage("test").answer("chat", REQUEST, Counted())
    path = stored(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"seconds":0.0', b'"seconds":' + seconds))
    ask = Counted()
    Ledger(tmp_path, seconds=lambda: 2.0).stage("test").answer("chat", REQUEST, ask)
    assert ask.times == 1


def test_what_a_killed_writer_left_is_removed(tmp_path):
    (tmp_path / "requests").mkdir()
    (tmp_path / "requests" / ".tmp-x.json-12345678").write_bytes(b"{")
    Ledger(tmp_path).remove_leftovers()
    assert list((tmp_path / "requests").iterdir()) == []
    Ledger.in_memory().remove_leftovers()
