"""Settings, the choice of sources, and several sources asked side by side."""

from __future__ import annotations

import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import pytest
from recordings import Recordings

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.search import (
    Failure,
    Found,
    Ranking,
    Settings,
    SourceError,
    search_all,
    sources,
)
from generator.manifest.problems import UsageError

QUERIES = [{"id": f"Q{number}", "text": f"query {number}"} for number in range(1, 5)]


@dataclass
class Stand:
    """A source that answers with ``answer(query)``."""

    name: str
    answer: Any
    asked: list[str] = field(default_factory=list)

    def search(self, query: str, limit: int, ledger: StageLedger) -> Found:
        self.asked.append(query)
        found: Found = self.answer(query)
        return found


def found(name: str) -> Found:
    paper = Paper(name, None, f"https://example.org/{name}", name, "", (), None, None, (), None, None, None, False, "x")
    return Found((paper,), 1, "0" * 64)


def test_sources_are_asked_side_by_side(ledger: StageLedger) -> None:
    # each answers only when all three are being asked: one after another would never end
    meeting = threading.Barrier(3, timeout=30)

    def answer(query: str) -> Found:
        meeting.wait()
        return found("P")

    rankings, failures = search_all([Stand(name, answer) for name in "abc"], QUERIES, 5, ledger)
    assert failures == []
    assert [(item.query_id, item.source) for item in rankings] == [
        (query["id"], name) for query in QUERIES for name in "abc"
    ]


def test_one_that_fails_does_not_stop_the_others(ledger: StageLedger) -> None:
    def fails(query: str) -> Found:
        if query == "query 2":
            raise SourceError("it is\nbroken")
        return found("B")

    rankings, failures = search_all([Stand("b", fails), Stand("a", lambda _: found("A"))], QUERIES, 5, ledger)
    assert failures == [Failure("b", "Q2", "it is broken")]
    assert [(item.source, item.query_id) for item in rankings] == [
        ("b", "Q1"), ("a", "Q1"), ("a", "Q2"), ("b", "Q3"), ("a", "Q3"), ("b", "Q4"), ("a", "Q4"),
    ]  # fmt: skip
    assert rankings[0] == Ranking("b", "Q1", found("B").papers, 1, "0" * 64)


def test_a_fault_of_ours_goes_through(ledger: StageLedger) -> None:
    def broken(query: str) -> Found:
        raise UsageError("the disk is full")

    with pytest.raises(UsageError, match=r"^the disk is full$"):
        search_all([Stand("a", lambda _: found("A")), Stand("b", broken)], QUERIES, 5, ledger)


def test_an_interrupt_ends_the_search_at_once(ledger: StageLedger) -> None:
    free = threading.Event()

    def waits(query: str) -> Found:
        free.wait(60)
        return found("A")

    def interrupts(query: str) -> Found:
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)  # as Ctrl-C does
        free.wait(60)
        return found("B")

    slow = Stand("slow", waits)
    began = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            search_all([slow, Stand("c", interrupts)], QUERIES, 5, ledger)
        assert time.monotonic() - began < 30, "did not wait for the slow one"
        assert all(thread.daemon for thread in threading.enumerate() if thread.name.startswith("search-"))
    finally:
        free.set()
    for thread in threading.enumerate():
        if thread.name.startswith("search-"):
            thread.join(30)
    assert slow.asked == ["query 1"], "nothing more was asked"


def test_no_source_no_query(ledger: StageLedger) -> None:
    assert search_all([], QUERIES, 5, ledger) == ([], [])
    assert search_all([Stand("a", lambda _: found("A"))], [], 5, ledger) == ([], [])


def test_sources_by_name(way: Any) -> None:
    with way(Recordings()) as fetch:
        names = [source.name for source in sources(["openalex", "arxiv", "openalex"], Settings(), fetch)]
        assert names == ["openalex", "arxiv"]
        with pytest.raises(UsageError) as caught:
            sources(["arxiv", "pub\nmed"], Settings(), fetch)
    assert str(caught.value) == "no source 'pub med'; known: arxiv, semantic-scholar, openalex"


def test_blank_variables_are_not_there() -> None:
    settings = Settings.from_environment({"SRCH_CONTACT": " ", "SRCH_S2_KEY": "", "SRCH_OPENALEX_KEY": "\n"})
    assert settings.contact is None
    assert not settings.s2_key
    assert not settings.openalex_key
    assert Settings.from_environment({}).contact is None


@pytest.mark.parametrize("name", ["SRCH_S2_KEY", "SRCH_OPENALEX_KEY"])
@pytest.mark.parametrize("value", ["two words here", "line\r\nX-Evil: 1", "short", "schlüssel-lang", "x" * 501])
def test_keys_that_cannot_be_used(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        Settings.from_environment({name: value})
    assert str(caught.value) == f"{name} is no key: 8 to 500 characters without spaces or line breaks"


@pytest.mark.parametrize("value", ["ada", "ada@example.org\r\nX: 1", "a b@example.org", "<ada@example.org>", "@x"])
def test_contacts_that_cannot_be_used(value: str) -> None:
    with pytest.raises(UsageError, match=r"^SRCH_CONTACT is not an e-mail address such as name@example\.org$"):
        Settings.from_environment({"SRCH_CONTACT": value})


def test_a_service_that_no_try_could_reach_is_not_tried_for_each_query(ledger: StageLedger) -> None:
    def unreachable(query: str) -> Found:
        raise SourceError("it cannot be reached", unreached=True)

    away = Stand("b", unreachable)
    rankings, failures = search_all([Stand("a", lambda _: found("A")), away], QUERIES, 5, ledger)
    assert away.asked == ["query 1"]
    assert failures == [Failure("b", query["id"], "it cannot be reached") for query in QUERIES]
    assert len(rankings) == 4


def test_a_service_that_is_busy_is_asked_the_next_query(ledger: StageLedger) -> None:
    def busy(query: str) -> Found:
        raise SourceError("it answered with status 503", 503)

    away = Stand("b", busy)
    search_all([away], QUERIES, 5, ledger)
    assert away.asked == [query["text"] for query in QUERIES]
