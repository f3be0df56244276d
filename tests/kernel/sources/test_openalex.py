"""OpenAlex's answers, in the documented shape and with invented works."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import Recordings

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.openalex import FIELDS, MOST_WORDS, URL, OpenAlex, _paper, abstract
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.search import SourceError, sha256


def work(number: int, **members: Any) -> dict[str, Any]:
    """A work as the service sends one."""
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.5555/tree.{number}",
        "title": f"Invented work {number} on street trees",
        "publication_year": 2021,
        "publication_date": "2021-03-04",
        "is_retracted": False,
        "authorships": [
            {"author_position": "first", "author": {"id": "https://openalex.org/A1", "display_name": "Ada Example"}},
            {"author_position": "last", "author": {"id": "https://openalex.org/A2", "display_name": "Bo Muster"}},
        ],
        "abstract_inverted_index": {"Trees": [0], "lowered": [1], "the": [2, 4], "heat;": [3], "leaves.": [5]},
        "primary_location": {"landing_page_url": "https://doi.org/x", "source": {"display_name": "Invented Journal"}},
        "locations": [{"landing_page_url": "https://doi.org/x"}],
    } | members


def page(count: int, *works: Any, cursor: str | None = None) -> str:
    meta = {"count": count, "db_response_time_ms": 20, "page": 1, "per_page": 25, "next_cursor": cursor}
    return json.dumps({"meta": meta, "results": list(works), "group_by": []})


def asked(size: int, **place: str | int) -> dict[str, str | int]:
    return {"search": "street trees", "per_page": size, **place, "select": FIELDS}


def test_a_work_member_by_member(way: Any, ledger: StageLedger) -> None:
    body = page(1, work(1))
    with Recordings().add(URL, body, params=asked(5, page=1)) as net:
        found = OpenAlex(way(net)).search("street trees", 5, ledger)
    assert (found.total, found.sha256) == (1, sha256(body))
    assert found.papers == (
        Paper(
            id="doi:10.5555/tree.1",
            version=None,
            url="https://doi.org/10.5555/tree.1",
            title="Invented work 1 on street trees",
            abstract="Trees lowered the heat; the leaves.",
            authors=("Ada Example", "Bo Muster"),
            published="2021-03-04T00:00:00Z",
            updated=None,
            categories=(),
            comment=None,
            doi="10.5555/tree.1",
            journal_ref="Invented Journal",
            withdrawn=False,
            origin="openalex",
            record="openalex:W1",
            year=None,
        ),
    )


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"doi": None}, {"id": "openalex:W1", "doi": None, "url": "https://openalex.org/W1"}),
        ({"doi": "https://doi.org/10.48550/arxiv.2101.00001"},
         {"id": "2101.00001", "url": "https://arxiv.org/abs/2101.00001"}),
        ({"locations": [None, {"landing_page_url": None}, {"landing_page_url": "http://arxiv.org/abs/2101.00001v3"}]},
         {"id": "2101.00001", "doi": "10.5555/tree.1"}),
        ({"locations": [{"landing_page_url": "https://arxiv.org.example.org/abs/2101.00001"}]},
         {"id": "doi:10.5555/tree.1"}),
        ({"locations": [{"landing_page_url": "https://[/abs/2101.00001"}]}, {"id": "doi:10.5555/tree.1"}),
        ({"is_retracted": True}, {"withdrawn": True}),
        ({"is_retracted": None}, {"withdrawn": False}),
        ({"abstract_inverted_index": None}, {"abstract": ""}),
        ({"publication_date": None}, {"published": None, "year": 2021}),
        ({"authorships": [{"author": None}, {}, {"author": {"display_name": None}}]}, {"authors": ()}),
        ({"primary_location": None}, {"journal_ref": None}),
        ({"primary_location": {"source": None}}, {"journal_ref": None}),
    ],
)  # fmt: skip
def test_members_that_are_missing_or_odd(members: dict[str, Any], expected: dict[str, Any]) -> None:
    paper = _paper(work(1, **members))
    assert paper is not None
    assert {name: getattr(paper, name) for name in expected} == expected


@pytest.mark.parametrize("value", [None, [], work(1, title=None), work(1, id="https://openalex.org/A1"), work(1, id=7)])
def test_what_nobody_could_cite_is_left_out(value: Any) -> None:
    assert _paper(value) is None


@given(
    st.dictionaries(
        st.sampled_from(sorted(work(1))),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["author", "source"]), inner),
        ),
    )
)
def test_no_member_breaks_the_reading(members: dict[str, Any]) -> None:
    paper = _paper(work(1, **members))
    assert paper is None or Paper.from_json(paper.to_json()) == paper


@given(st.lists(st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1), min_size=1, max_size=60))
def test_an_inverted_index_reads_as_the_text_it_was_made_from(words: list[str]) -> None:
    index: dict[str, list[int]] = {}
    for position, word in enumerate(words):
        index.setdefault(word, []).append(position)
    assert abstract(index) == " ".join(words)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        ({"late": [900], "early": [3]}, "early late"),
        ({"b": [1], "a": [1], "c": [0]}, "c a b"),
        ({"a": [0], "b": "1", "c": None}, "a"),
        ({"a": [0], "b": [-1]}, ""),
        ({"a": [True]}, ""),
        ({"a": ["0"]}, ""),
        ({"a": [0.5]}, ""),
        ({"far": [2**53 - 1], "near": [0]}, "near far"),
        ({"a": list(range(MOST_WORDS))}, " ".join(["a"] * MOST_WORDS)),
        ({"a": list(range(MOST_WORDS + 1))}, ""),
        ([], ""),
        ("text", ""),
    ],
)
def test_an_inverted_index_with_gaps_or_of_any_size(index: Any, text: str) -> None:
    assert abstract(index) == text


def test_without_a_key_pages_have_numbers(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        net.add(URL, page(5, work(1), work(2)), params=asked(2, page=1))
        net.add(URL, page(5, work(3), work(4)), params=asked(2, page=2))
        found = OpenAlex(way(net), page=2).search("street trees", 3, ledger)
    assert [paper.record for paper in found.papers] == ["openalex:W1", "openalex:W2", "openalex:W3"]
    assert found.total == 5


def test_with_a_key_pages_have_cursors(way: Any, ledger: StageLedger) -> None:
    with Recordings() as net:
        net.add(URL, page(3, work(1), work(2), cursor="IlsxNl0="), params=asked(2, cursor="*"))
        net.add(URL, page(3, work(3), cursor=None), params=asked(2, cursor="IlsxNl0="))
        found = OpenAlex(way(net), keyed=True, page=2).search("street trees", 9, ledger)
    assert len(found.papers) == 3


@pytest.mark.parametrize("cursor", [None, "", "a&api_key=x", "x" * 501, "über"])
def test_a_cursor_that_is_none_ends_the_list(way: Any, ledger: StageLedger, cursor: str | None) -> None:
    with Recordings().add(URL, page(9, work(1), work(2), cursor=cursor), params=asked(2, cursor="*")) as net:
        assert len(OpenAlex(way(net), keyed=True, page=2).search("street trees", 9, ledger).papers) == 2


def test_an_empty_page_ends_the_list(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, page(9, work(1)), params=asked(1, page=1)) as net:
        net.add(URL, page(9), params=asked(1, page=2))
        assert len(OpenAlex(way(net), page=1).search("street trees", 9, ledger).papers) == 1


def test_the_contact_is_told_where_there_is_one(way: Any, ledger: StageLedger) -> None:
    with Recordings().add(URL, page(0), params=asked(5, page=1) | {"mailto": "ada@example.org"}) as net:
        OpenAlex(way(net), contact="ada@example.org").search("street trees", 5, ledger)


@pytest.mark.parametrize(
    ("status", "error", "reason"),
    [
        (400, {"error": "Invalid query parameter", "message": "x is not a valid parameter"},
         "answered with status 400: Invalid query parameter, x is not a valid parameter"),
        (401, {"error": "Unauthorized", "message": "Invalid API key"},
         "answered with status 401: Unauthorized, Invalid API key; a key of its own goes into SRCH_OPENALEX_KEY"),
        (403, {"error": "Forbidden"},
         "answered with status 403: Forbidden; a key of its own goes into SRCH_OPENALEX_KEY"),
        (404, {}, "answered with status 404"),
    ],
)  # fmt: skip
def test_errors_in_its_own_words(
    way: Any, ledger: StageLedger, status: int, error: dict[str, str], reason: str
) -> None:
    with (
        Recordings().add(URL, json.dumps(error), status, params=asked(5, page=1)) as net,
        pytest.raises(SourceError) as caught,
    ):
        OpenAlex(way(net)).search("street trees", 5, ledger)
    assert str(caught.value) == f"api.openalex.org {reason}"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("", "sent something that is not a JSON object"),
        ('{"meta": {"count": 1}}', "sent something that is not a page of works"),
        ('{"meta": {"count": -1}, "results": []}', "sent something that is not a page of works"),
        ('{"meta": null, "results": []}', "sent something that is not a page of works"),
    ],
)
def test_what_is_no_answer_is_refused(way: Any, ledger: StageLedger, body: str, reason: str) -> None:
    with Recordings().add(URL, body, params=asked(5, page=1)) as net, pytest.raises(SourceError) as caught:
        OpenAlex(way(net)).search("street trees", 5, ledger)
    assert str(caught.value) == f"OpenAlex {reason}"
