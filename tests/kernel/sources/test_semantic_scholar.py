"""Semantic Scholar's answers, in the documented shape and with invented papers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import Clock, Recordings

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.search import Settings, SourceError, sha256
from generator.kernel.sources.semantic_scholar import FIELDS, URL, SemanticScholar, _paper


def identity(number: int) -> str:
    return f"{number:040x}"


def entry(number: int, **members: Any) -> dict[str, Any]:
    """A paper as the service sends one, every member there."""
    return {
        "paperId": identity(number),
        "externalIds": {"DOI": f"10.5555/Tree.{number}", "CorpusId": 1000 + number, "MAG": "1"},
        "title": f"Invented study {number} of street trees",
        "abstract": "Street  trees\nlowered the heat.",
        "venue": "Journal of Invented Trees",
        "year": 2021,
        "publicationDate": "2021-03-04",
        "authors": [{"authorId": "7", "name": "Ada Example"}, {"authorId": None, "name": "Bo Muster"}],
    } | members


def page(total: int, offset: int, *entries: Any, following: int | None = None) -> str:
    answer: dict[str, Any] = {"total": total, "offset": offset}
    if following is not None:
        answer["next"] = following
    if entries:
        answer["data"] = list(entries)
    return json.dumps(answer)


def asked(offset: int, limit: int) -> dict[str, str | int]:
    return {"query": "street trees", "fields": FIELDS, "offset": offset, "limit": limit}


def test_a_paper_member_by_member(way: Any, ledger: StageLedger) -> None:
    body = page(1, 0, entry(1))
    with Recordings().add(URL, body, params=asked(0, 5)) as net:
        found = SemanticScholar(way(net)).search("street trees", 5, ledger)
    assert found.total == 1
    assert found.sha256 == sha256(body)
    assert found.papers == (
        Paper(
            id="doi:10.5555/tree.1",
            version=None,
            url="https://doi.org/10.5555/Tree.1",
            title="Invented study 1 of street trees",
            abstract="Street trees lowered the heat.",
            authors=("Ada Example", "Bo Muster"),
            published="2021-03-04T00:00:00Z",
            updated=None,
            categories=(),
            comment=None,
            doi="10.5555/Tree.1",
            journal_ref="Journal of Invented Trees",
            withdrawn=False,
            origin="semantic-scholar",
            record=f"s2:{identity(1)}",
            year=None,
        ),
    )
    assert Paper.from_json(json.loads(json.dumps(found.papers[0].to_json()))) == found.papers[0]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"abstract": None}, {"abstract": ""}),
        ({"externalIds": None}, {"id": f"s2:{identity(1)}", "doi": None,
                                 "url": f"https://www.semanticscholar.org/paper/{identity(1)}"}),
        ({"externalIds": {"CorpusId": 1}}, {"doi": None}),
        ({"externalIds": {"ArXiv": "2101.00001", "DOI": "10.48550/arXiv.2101.00001"}},
         {"id": "2101.00001", "url": "https://arxiv.org/abs/2101.00001", "doi": "10.48550/arXiv.2101.00001"}),
        ({"externalIds": {"ArXiv": "math.GT/0309136"}}, {"id": "math/0309136"}),
        ({"externalIds": {"ArXiv": "../../etc", "DOI": "javascript:x"}}, {"id": f"s2:{identity(1)}", "doi": None}),
        ({"externalIds": {"DOI": "10.5555/a b"}}, {"doi": None}),
        ({"publicationDate": None}, {"published": None, "year": 2021}),
        ({"publicationDate": "2021-02-30", "year": None}, {"published": None, "year": None}),
        ({"authors": None}, {"authors": ()}),
        ({"authors": [{"authorId": None, "name": None}, None, {"name": " "}]}, {"authors": ()}),
        ({"venue": ""}, {"journal_ref": None}),
        ({"title": "RETRACTED: Trees and heat"}, {"withdrawn": True}),
        ({"title": "Retracted papers and their citations"}, {"withdrawn": False}),
        ({"title": "A\u0000 \u202eB"}, {"title": "A \u202eB"}),
    ],
)  # fmt: skip
def test_members_that_are_missing_or_odd(members: dict[str, Any], expected: dict[str, Any]) -> None:
    paper = _paper(entry(1, **members))
    assert paper is not None
    assert {name: getattr(paper, name) for name in expected} == expected


@pytest.mark.parametrize("value", [None, 3, {}, entry(1, title=None), entry(1, title=" "), entry(1, paperId="x/../y")])
def test_what_nobody_could_cite_is_left_out(value: Any) -> None:
    assert _paper(value) is None


@given(
    st.dictionaries(
        st.sampled_from(sorted(entry(1))),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: (
                st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["DOI", "ArXiv", "name"]), inner)
            ),
        ),
    )
)
def test_no_member_breaks_the_reading(members: dict[str, Any]) -> None:
    paper = _paper(entry(1, **members))
    assert paper is None or Paper.from_json(paper.to_json()) == paper


def test_an_empty_result_has_no_data(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, '{"total": 0, "offset": 0}\n', params=asked(0, 5)) as net:
        found = SemanticScholar(way(net)).search("street trees", 5, ledger)
    assert (found.papers, found.total) == ((), 0)


def test_pages_up_to_the_limit(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        net.add(URL, page(9, 0, entry(1), entry(2), following=2), params=asked(0, 2))
        net.add(URL, page(7, 2, entry(3), following=3), params=asked(2, 1))
        found = SemanticScholar(way(net), page=2).search("street trees", 3, ledger)
    assert [paper.doi for paper in found.papers] == ["10.5555/Tree.1", "10.5555/Tree.2", "10.5555/Tree.3"]
    assert found.total == 9, "the first page's: the estimate changes from page to page"


def test_the_last_page_has_no_next(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, page(9, 0, entry(1)), params=asked(0, 2)) as net:
        assert len(SemanticScholar(way(net), page=2).search("street trees", 4, ledger).papers) == 1


@pytest.mark.parametrize("following", [0, -1, "2", True])
def test_a_next_that_leads_nowhere_ends_the_list(way: Any, ledger: StageLedger, following: Any) -> None:
    with Recordings().add(URL, page(9, 0, entry(1), following=following), params=asked(0, 2)) as net:
        assert len(SemanticScholar(way(net), page=2).search("street trees", 4, ledger).papers) == 1


def test_a_list_shorter_than_its_total_ends(way: Any, ledger: StageLedger) -> None:
    refusal = '{"error": "Requested data for this limit and/or offset is not available"}'
    with Recordings().add(URL, page(9, 0, entry(1), following=1), params=asked(0, 2)) as net:
        net.add(URL, refusal, 400, params=asked(1, 2))
        assert len(SemanticScholar(way(net), page=2).search("street trees", 4, ledger).papers) == 1


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, '{"error": "Unrecognized or unsupported fields: [x]"}',
         "answered with status 400: Unrecognized or unsupported fields: [x]"),
        (403, '{"message": "Forbidden"}',
         "answered with status 403: Forbidden; a key of its own goes into SRCH_S2_KEY"),
        (404, '{"error": "Not found"}', "answered with status 404: Not found"),
    ],
)  # fmt: skip
def test_errors_in_its_own_words(way: Any, ledger: StageLedger, status: int, body: str, reason: str) -> None:
    with (
        Recordings().add(URL, body, status, params=asked(0, 5)) as net,
        pytest.raises(SourceError) as caught,
    ):
        SemanticScholar(way(net)).search("street trees", 5, ledger)
    assert str(caught.value) == f"api.semanticscholar.org {reason}"


def test_too_many_requests(way: Any, ledger: StageLedger, clock: Clock) -> None:
    words = "Too Many Requests. Please wait and try again or apply for a key for higher rate limits."
    with Recordings().add(URL, json.dumps({"message": words, "code": "429"}), 429, params=asked(0, 5)) as net:
        net.add(URL, page(1, 0, entry(1)), params=asked(0, 5))
        assert len(SemanticScholar(way(net)).search("street trees", 5, ledger).papers) == 1
    assert clock.slept == [2.0]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("<html>", "sent something that is not a JSON object"),
        ("[]", "sent something that is not a JSON object"),
        ('{"total": 1, "total": 2}', "sent something that is not a JSON object"),
        ("{}", "sent something that is not a page of papers"),
        ('{"total": "1"}', "sent something that is not a page of papers"),
        ('{"total": 1, "data": {}}', "sent something that is not a page of papers"),
        ('{"total": 1, "data": [' + "[" * 100 + "]" * 100 + "]}", "sent something that is not a JSON object"),
    ],
)
def test_what_is_no_answer_is_refused_and_not_kept(way: Any, ledger: StageLedger, body: str, reason: str) -> None:
    with Recordings().add(URL, body, params=asked(0, 5)).add(URL, page(1, 0, entry(1)), params=asked(0, 5)) as net:
        source = SemanticScholar(way(net))
        with pytest.raises(SourceError) as caught:
            source.search("street trees", 5, ledger)
        assert str(caught.value) == f"Semantic Scholar {reason}"
        assert len(source.search("street trees", 5, ledger).papers) == 1


def test_the_key_goes_into_its_header_only_where_there_is_one(way: Any, ledger: StageLedger) -> None:
    settings = Settings.from_environment({"SRCH_S2_KEY": " key-of-forty-letters "})
    with Recordings().add(URL, page(0, 0), params=asked(0, 5)) as net:
        SemanticScholar(way(net, settings)).search("street trees", 5, ledger)
    assert net.requests[0].headers["x-api-key"] == "key-of-forty-letters"
