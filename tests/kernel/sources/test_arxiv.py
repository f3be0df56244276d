"""arXiv's search, on its own recorded answers: words, pages, versions, refusals and pages that come out empty."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import Clock, Recordings

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.arxiv import URL, Arxiv
from generator.kernel.sources.search import SourceError, sha256, terms

RECORDINGS = (Path(__file__).parents[3] / "../shared/data/arxiv_atom").resolve()
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")


def recorded(start: int, size: int) -> dict[str, Any]:
    (path,) = RECORDINGS.glob(f"q_testing_s{start}_m{size}_*.json")
    recording: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return recording


def asked(search: str, start: int, size: int) -> dict[str, str | int]:
    return {
        "search_query": search,
        "sortBy": "relevance",
        "sortOrder": "descending",
        "start": start,
        "max_results": size,
    }


def feed(total: int, *entries: str) -> str:
    """An invented answer in arXiv's shape; an entry is given by its identifier."""
    body = "".join(
        f"<entry><id>http://arxiv.org/abs/{entry}</id><title>Invented {entry}</title><summary>Words.</summary>"
        f"<published>2024-01-02T03:04:05Z</published><author><name>A. Nobody</name></author></entry>"
        for entry in entries
    )
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/">'
        f"<opensearch:totalResults>{total}</opensearch:totalResults><opensearch:startIndex>0</opensearch:startIndex>"
        f"<opensearch:itemsPerPage>10</opensearch:itemsPerPage>{body}</feed>"
    )


@needs_recordings
def test_one_recorded_page(way: Any, ledger: StageLedger) -> None:
    recording = recorded(0, 100)
    with Recordings().add(URL, recording["body"], params=asked("all:testing", 0, 100)) as net:
        found = Arxiv(way(net)).search("Testing?", 100, ledger)
        again = Arxiv(way(net)).search("testing", 100, ledger)
    assert len(found.papers) == 100
    assert found.total is not None
    assert found.total > 100
    assert found.sha256 == sha256(recording["body"])
    assert again == found, "the ledger answers the second time"
    assert all(paper.origin == "arxiv" and "v" not in paper.id and paper.url.endswith(f"v{paper.version}")
               for paper in found.papers)  # fmt: skip


@needs_recordings
def test_recorded_pages_make_one_list(way: Any, ledger: StageLedger, clock: Clock) -> None:
    with Recordings() as net:
        for start in range(0, 50, 10):
            net.add(URL, recorded(start, 10)["body"], params=asked("all:testing", start, 10))
        found = Arxiv(way(net, interval_s=3.0), page=10).search("testing", 50, ledger)
    assert len({paper.id for paper in found.papers}) == len(found.papers) == 50
    assert clock.slept == pytest.approx([3.0] * 4), "paced"


@needs_recordings
def test_a_refusal_carries_arxivs_own_words(way: Any, ledger: StageLedger) -> None:
    (path,) = RECORDINGS.glob("id_abc_*.json")
    refusal = json.loads(path.read_text(encoding="utf-8"))
    with (
        Recordings().add(URL, refusal["body"], refusal["status_code"], params=asked("all:abc", 0, 5)) as net,
        pytest.raises(SourceError, match=r"^arXiv refused the query: incorrect id format for abc$"),
    ):
        Arxiv(way(net)).search("abc", 5, ledger)


def test_a_refusal_without_words(way: Any, ledger: StageLedger) -> None:
    with (
        Recordings().add(URL, "<html>Bad</html>", 400, params=asked("all:abc", 0, 5)) as net,
        pytest.raises(SourceError, match=r"^arXiv: not an Atom feed: the outermost element is 'html'$"),
    ):
        Arxiv(way(net)).search("abc", 5, ledger)


def test_papers_with_all_words_come_before_those_with_any(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        net.add(URL, feed(1, "2401.00001v2"), params=asked("all:urban AND all:trees", 0, 3))
        some = feed(900, "2401.00009v1", "2401.00001v2", "hep-th/9901001v1")
        net.add(URL, some, params=asked("all:urban OR all:trees", 0, 3))
        found = Arxiv(way(net)).search("urban trees", 3, ledger)
    assert [paper.id for paper in found.papers] == ["2401.00001", "2401.00009", "hep-th/9901001"]
    assert [paper.version for paper in found.papers] == [2, 1, 1]
    assert found.total == 900


def test_enough_papers_with_all_words_need_no_second_question(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, feed(7, "2401.00001v1"), params=asked("all:urban AND all:trees", 0, 1)) as net:
        assert Arxiv(way(net)).search("urban trees", 1, ledger).total == 7


def test_nothing_found(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, feed(0), params=asked("all:qqqq", 0, 9)) as net:
        found = Arxiv(way(net)).search("qqqq", 9, ledger)
    assert (found.papers, found.total) == ((), 0)


def test_an_empty_page_of_a_longer_list_is_asked_for_again(way: Any, ledger: StageLedger) -> None:
    second = asked("all:trees", 2, 2)
    with Recordings().add(URL, feed(4, "2401.00001v1", "2401.00002v1"), params=asked("all:trees", 0, 2)) as net:
        net.add(URL, feed(4), params=second).add(URL, feed(4, "2401.00003v1", "2401.00004v1"), params=second)
        assert len(Arxiv(way(net), page=2).search("trees", 4, ledger).papers) == 4


def test_a_page_that_stays_empty_is_told(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        for _ in range(5):
            net.add(URL, feed(4), params=asked("all:trees", 0, 4))
        with pytest.raises(SourceError) as caught:
            Arxiv(way(net)).search("trees", 4, ledger)
    told = "export.arxiv.org sent no entry from 0 on, where 4 are said to be, 5 times"
    assert str(caught.value) == told


def test_an_answer_that_cannot_be_read_is_not_kept(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        net.add(URL, feed(1, "https://x"), params=asked("all:trees", 0, 4))
        net.add(URL, feed(1, "2401.00001v1"), params=asked("all:trees", 0, 4))
        source = Arxiv(way(net))
        with pytest.raises(SourceError, match=r"^arXiv: entry 1: id .* is not one of origin arxiv$"):
            source.search("trees", 4, ledger)
        assert len(source.search("trees", 4, ledger).papers) == 1


@pytest.mark.parametrize(
    "body",
    [
        "Rate exceeded.",
        "",
        "<html><body>Down for maintenance<br></body></html>",
        "<!DOCTYPE html><html><body>Down for maintenance</body></html>",
        feed(1, "2401.00001v1")[:-20],
    ],
)
def test_what_is_no_feed_is_asked_for_again(way: Any, ledger: StageLedger, body: str) -> None:
    params = asked("all:trees", 0, 4)
    with Recordings().add(URL, body, params=params).add(URL, feed(1, "2401.00001v1"), params=params) as net:
        assert len(Arxiv(way(net)).search("trees", 4, ledger).papers) == 1


def test_what_stays_no_feed_is_told(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        for _ in range(5):
            net.add(URL, "Rate exceeded.", params=asked("all:trees", 0, 4))
        with pytest.raises(SourceError) as caught:
            Arxiv(way(net)).search("trees", 4, ledger)
    why = "arXiv: not well-formed XML: syntax error: line 1, column 0"
    assert str(caught.value) == f"export.arxiv.org sent no list of papers ({why}), 5 times"


def test_an_odd_entry_costs_itself_and_not_the_page(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        odd = feed(3, "2401.00001v1", "2401.00002v0")
        net.add(URL, odd, params=asked("all:trees", 0, 2))
        net.add(URL, feed(3, "2401.00003v1"), params=asked("all:trees", 2, 1))
        found = Arxiv(way(net), page=2).search("trees", 3, ledger)
    assert [paper.id for paper in found.papers] == ["2401.00001", "2401.00003"], "the odd one counts for the next page"
    assert found.left_out == ("entry 2: id 'http://arxiv.org/abs/2401.00002v0' is not one of origin arxiv",)


def test_a_busy_arxiv_is_waited_for(way: Any, ledger: StageLedger, clock: Clock) -> None:
    with Recordings() as net:
        net.add(URL, "Rate exceeded.", 429, params=asked("all:trees", 0, 4))
        net.add(URL, "", 503, params=asked("all:trees", 0, 4), headers={"Retry-After": "20"})
        net.add(URL, feed(1, "2401.00001v1"), params=asked("all:trees", 0, 4))
        assert len(Arxiv(way(net, interval_s=3.0)).search("trees", 4, ledger).papers) == 1
    assert clock.slept == [2.0, 1.0, 20.0]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("non-invasive imaging", ["non", "invasive", "imaging"]),
        ('all:"x" ANDNOT (cat:cs.LG)', ["all", "cat", "cs", "lg"]),
        ("trees AND streets OR parks NOT cars", ["trees", "streets", "parks", "cars"]),
        ("Alzheimer's disease, Alzheimer’s", ["alzheimer", "disease"]),
        ("Kühlung größer 气候 CO2", ["kühlung", "größer", "气候", "co2"]),
        ("trees Trees TREES", ["trees"]),
        ("a_b*? ~c^2 [d TO e]", ["d", "e"]),
        ("a_b", ["a", "b"]),
        ("vitamin C", ["vitamin", "c"]),
        ("COVID-19, GPT-3.5 and v1.2.", ["covid", "19", "gpt", "3.5", "v1.2"]),
        ("U.S. and u.s.a. cities, e.g. J.Smith", ["us", "usa", "cities", "eg", "smith"]),
        ("Don't isn’t", ["dont", "isnt"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("nai\u0308ve naïve CO₂ ﬁne", ["naïve", "co2", "fine"]),
    ],
)
def test_words_of_a_query(query: str, words: list[str]) -> None:
    assert terms(query) == words


@pytest.mark.parametrize("query", ["", " ", '"" ()', "AND or", "x" * 60])
def test_a_query_without_words(query: str) -> None:
    with pytest.raises(SourceError, match=r"^the query holds no word to search for$"):
        terms(query)


@given(st.text(max_size=80))
def test_no_query_says_more_than_words(query: str) -> None:
    try:
        found = terms(query)
    except SourceError:
        return
    assert 0 < len(found) <= 16
    for term in found:
        assert term == term.lower()
        assert any(char.isalnum() for char in term)
        for at, char in enumerate(term):
            inside = term[at - 1 : at].isdigit() and term[at + 1 : at + 2].isdigit()
            assert char.isalnum() or unicodedata.category(char)[0] == "M" or (char == "." and inside), term
    assert not {"and", "or", "not", "andnot"} & set(found)
