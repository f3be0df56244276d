"""Rankings of several sources become one list, whoever answered first."""

from __future__ import annotations

import math
import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel.sources.merging import merge
from generator.kernel.sources.papers import Paper, all_dois, any_doi, bare_arxiv_id, bare_doi
from generator.kernel.sources.search import Ranking

TITLE = "Invented street trees and the heat of summers"


def paper(identity: str, origin: str = "openalex", **members: Any) -> Paper:
    given: dict[str, Any] = {
        "id": identity,
        "version": None,
        "url": "https://example.org/x",
        "title": f"{identity}",
        "abstract": "",
        "authors": (),
        "published": None,
        "updated": None,
        "categories": (),
        "comment": None,
        "doi": None,
        "journal_ref": None,
        "withdrawn": False,
        "origin": origin,
    }
    return Paper(**given | members)


def ranking(*papers: Paper, query_id: str = "Q1", source: str = "openalex") -> Ranking:
    return Ranking(source, query_id, papers, len(papers), "0" * 64)


def together(*papers: Paper) -> bool:
    merged = merge([ranking(item) for item in papers])
    return len(merged.papers) == 1


def test_reciprocal_rank_fusion() -> None:
    a, b, c = paper("A1"), paper("B1"), paper("C1")
    merged = merge([ranking(a, b), ranking(b, c, query_id="Q10"), ranking(b, query_id="Q2", source="arxiv")])
    assert [item.id for item in merged.papers] == ["B1", "A1", "C1"]
    assert merged.fused == {0: math.fsum([1 / 62, 1 / 61, 1 / 61]), 1: 1 / 61, 2: 1 / 62}
    assert merged.found_by == {0: ("Q1", "Q2", "Q10"), 1: ("Q1",), 2: ("Q10",)}
    assert merge([ranking(a)], k=10).fused == {0: 1 / 11}


def test_a_paper_twice_in_one_ranking_counts_once_with_its_best_rank() -> None:
    first, second = (paper("doi:10.5555/x", doi=doi, record="openalex:W1") for doi in ("10.5555/x", "10.5555/X"))
    merged = merge([ranking(paper("A1"), first, second)])
    assert [item.id for item in merged.papers] == ["A1", "doi:10.5555/x"]
    assert merged.fused[1] == 1 / 62
    assert merged.also == {0: (), 1: ("openalex:W1",)}


def test_nothing_at_all() -> None:
    assert merge([]).papers == ()
    assert merge([ranking()]).papers == ()


def test_the_arxiv_record_comes_first_and_the_others_fill_its_gaps() -> None:
    arxiv = paper(
        "2401.00001", "arxiv", version=2, url="http://arxiv.org/abs/2401.00001v2", title="Trees", abstract="Short.",
        authors=("A. Example",), published="2024-01-01T00:00:00Z", categories=("cs.LG",),
    )  # fmt: skip
    journal = paper(
        "doi:10.5555/a", "semantic-scholar", title="Trees!", abstract="A much longer abstract.", doi="10.5555/A",
        journal_ref="Invented Journal", published="2025-05-05T00:00:00Z", withdrawn=True, record="s2:1",
    )  # fmt: skip
    link = paper("2401.00001", "openalex", doi="10.5555/a", record="openalex:W1", authors=("Other",))
    merged = merge([ranking(journal), ranking(link), ranking(arxiv)])
    assert merged.papers == (replace(arxiv, doi="10.5555/a", journal_ref="Invented Journal", withdrawn=True),)
    assert merged.also == {0: ("openalex:W1", "s2:1")}


def test_without_arxiv_the_longest_abstract_and_the_first_date() -> None:
    s2 = paper("doi:10.5555/a", "semantic-scholar", doi="10.5555/a", abstract="Longer text.", year=2020, record="s2:1")
    openalex = paper("doi:10.5555/a", doi="10.5555/A", abstract="Text.", published="2021-01-01T00:00:00Z",
                     authors=("Ada Example",), record="openalex:W1")  # fmt: skip
    (found,) = merge([ranking(openalex), ranking(s2)]).papers
    assert (found.origin, found.abstract, found.authors) == ("semantic-scholar", "Longer text.", ("Ada Example",))
    assert (found.published, found.year) == ("2021-01-01T00:00:00Z", None)


def test_the_newest_version_is_cited() -> None:
    old, new = (paper("2401.00001", "arxiv", version=number, abstract=f"v{number}") for number in (1, 3))
    (found,) = merge([ranking(old), ranking(new)]).papers
    assert (found.version, found.abstract) == (3, "v3")


@pytest.mark.parametrize(
    ("doi", "other"),
    [("10.5555/AbC", "10.5555/aBc"), ("10.5555/a", "https://doi.org/10.5555/A"), ("doi:10.5555/a", "10.5555/a"),
     ("10.5555/a; 10.5555/b", "10.5555/b"), ("10.5555/a, 10.5555/b", "10.5555/a")],
)  # fmt: skip
def test_one_doi_however_written(doi: str, other: str) -> None:
    assert together(paper("A1", doi=doi), paper("B1", doi=other))


def test_arxivs_own_doi_is_the_arxiv_identifier() -> None:
    arxiv = paper("2401.00001", "arxiv", version=1)
    other = paper("openalex:W1", doi="10.48550/ARXIV.2401.00001")
    (found,) = merge([ranking(other), ranking(arxiv)]).papers
    assert (found.id, found.doi) == ("2401.00001", "10.48550/ARXIV.2401.00001")
    third = paper("openalex:W2", doi="10.5555/a", title="x")
    (found,) = merge([ranking(other), ranking(arxiv), ranking(replace(third, id="2401.00001"))]).papers
    assert found.doi == "10.5555/a", "a journal's DOI is the better one"


def test_an_old_arxiv_identifier_is_one_with_and_without_its_class() -> None:
    written = ("math.GT/0309136", "math/0309136")
    assert together(*(paper(name, "arxiv") for name in written), paper("x", doi="10.48550/arxiv.math.gt/0309136"))


def test_sameness_is_carried_on() -> None:
    first = paper("2401.00001", "arxiv", doi="10.5555/a")
    second = paper("s2:1", doi="10.5555/b")
    both = paper("doi:10.5555/a", doi="10.5555/a; 10.5555/b")
    assert not together(first, second)
    assert together(second, first, both)


def test_titles_are_compared_of_what_identifiers_put_together() -> None:
    nameless = paper("2401.00001", "arxiv", title=TITLE, doi="10.5555/a")
    named = paper("doi:10.5555/a", doi="10.5555/a", authors=("Ada Example",))
    other = paper("openalex:W1", title=TITLE.upper() + "!", authors=("A. Example",))
    assert not together(nameless, other)
    assert together(nameless, named, other)


AUTHOR = {"authors": ("Ada Example", "Bo Muster")}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (AUTHOR, {"authors": ("Example, A.",)}, True),
        (AUTHOR, {"authors": ("Ádá Éxample",)}, True),
        (AUTHOR, {"authors": ("Cy Nobody",)}, False),
        (AUTHOR | {"year": 2019}, AUTHOR | {"published": "2022-01-01T00:00:00Z"}, True),
        (AUTHOR | {"year": 2010}, AUTHOR | {"year": 2020}, False),
        (AUTHOR | {"year": 2020}, {"authors": ("Cy Nobody",), "year": 2020}, False),
        (AUTHOR, {}, False),
        (AUTHOR | {"year": 2020}, {"year": 2021}, True),
        ({}, {}, False),
    ],
)
def test_one_title_is_one_paper_where_authors_and_years_agree(
    one: dict[str, Any], other: dict[str, Any], same: bool
) -> None:
    title = {"title": TITLE}
    assert together(paper("A1", **title, **one), paper("B1", **title, **other)) is same


@pytest.mark.parametrize("title", ["Introduction", "Annual report 2020", "A b c d", "树木与城市热岛"])
def test_a_short_title_is_no_reason(title: str) -> None:
    assert not together(paper("A1", title=title, **AUTHOR), paper("B1", title=title, **AUTHOR))


@pytest.mark.parametrize(
    ("authors", "others", "dois", "same"),
    [
        (("Ada Example", "Bo Muster"), ("A. Example", "C. Nobody"), ("10.5555/a", "10.5555/b"), False),
        (("Ada Example", "Bo Muster"), ("A. Example", "B. Muster", "C. Nobody"), ("10.5555/a", "10.5555/b"), True),
        (("Ada Example", "Bo Muster"), ("A. Example",), ("10.5555/a", "10.5555/b"), True),
        (("Ada Example", "Bo Muster"), ("A. Example", "C. Nobody"), ("10.48550/arXiv.2401.00001", "10.5555/b"), True),
        (("Ada Example", "Bo Muster"), ("A. Example", "C. Nobody"), (None, "10.5555/b"), True),
    ],
)
def test_one_title_with_two_dois_needs_two_authors(
    authors: tuple[str, ...], others: tuple[str, ...], dois: tuple[str | None, str], same: bool
) -> None:
    one = paper("A1", title=TITLE, authors=authors, doi=dois[0])
    assert together(one, paper("B1", title=TITLE, authors=others, doi=dois[1])) is same


def test_the_doi_of_a_volume_joins_no_two_arxiv_papers() -> None:
    volume = {"doi": "10.5555/volume"}
    first = paper("2401.00001", "arxiv", title="First paper of the volume", **volume)
    second = paper("2401.00002", "arxiv", title="Quite another work", **volume)
    copy = paper("s2:1", "semantic-scholar", title="First Paper of the Volume.", **volume)
    whole = paper("openalex:W1", title="Proceedings", **volume)
    merged = merge([ranking(first, second, copy, whole)])
    assert sorted(item.id for item in merged.papers) == ["2401.00001", "2401.00002", "openalex:W1"]
    assert together(first, copy, whole), "it is a DOI like others where it is of one arXiv paper"
    assert together(first, replace(second, title=first.title))


@pytest.mark.parametrize(
    ("title", "other", "same"),
    [
        ("Measurement of the W+ boson cross section", "Measurement of the W- boson cross section", False),
        ("Measurement of the W− boson cross section", "Measurement of the W- boson cross section", True),
        ("Measurement of the $W^{+}$ boson cross section", "Measurement of the W+ boson cross section", True),
        ("Effect of CO$_2$ on invented wheat fields", "Effect of CO2 on Invented Wheat Fields", True),
        ("Self-attention for long - very long - texts", "Self attention for long, very long texts", True),
        ("RETRACTED ARTICLE: " + TITLE, TITLE, True),
        ("[Retracted Article] " + TITLE, TITLE, True),
        ("हिन्दी भाषा के शहरों में पेड़ों की छाया", "हिन्दा भाषा के शहरों में पेड़ों की छाया", False),
    ],
)
def test_what_counts_in_a_title(title: str, other: str, same: bool) -> None:
    assert together(paper("A1", title=title, **AUTHOR), paper("B1", title=other, **AUTHOR)) is same


def test_the_copy_of_a_retracted_article_counts_as_withdrawn() -> None:
    copy = paper("2401.00001", "semantic-scholar", title=TITLE, **AUTHOR)
    article = paper("doi:10.5555/a", title=f"RETRACTED: {TITLE}", doi="10.5555/a", withdrawn=True, **AUTHOR)
    (found,) = merge([ranking(copy), ranking(article)]).papers
    assert (found.id, found.title, found.withdrawn) == ("2401.00001", TITLE, True)


SICI = "10.5555/(SICI)1521-3978(199901)47:1/3<289::AID-X>3.0.CO;2-Q"


def test_a_doi_that_cannot_be_cited_still_tells_papers_apart() -> None:
    assert bare_doi(SICI) is None
    assert any_doi(f"https://doi.org/{SICI}") == SICI
    assert all_dois(f"{SICI}; 10.5555/a,10.5555/b") == [SICI, "10.5555/a", "10.5555/b"]
    assert together(paper("A1", doi=SICI), paper("B1", doi=SICI.lower()))
    (found,) = merge([ranking(paper("A1", doi=f"{SICI} 10.5555/a")), ranking(paper("B1", doi="10.5555/A"))]).papers
    assert found.doi == f"10.5555/a {SICI}", "one that can be cited comes first"


def test_two_arxiv_papers_of_one_title_stay_two() -> None:
    first = paper("2401.00001", "arxiv", title=TITLE, **AUTHOR)
    second = paper("2401.00002", "arxiv", title=TITLE, **AUTHOR)
    nobody_knows_which = paper("openalex:W1", title=TITLE, **AUTHOR)
    assert len(merge([ranking(first, second, nobody_knows_which)]).papers) == 3


def test_titles_are_compared_in_plain_letters() -> None:
    one = paper("A1", title="The ﬁne-grained HEAT of cities: a survey", **AUTHOR)
    assert together(one, paper("B1", title="The fine grained heat of cities — A Survey.", **AUTHOR))


names = st.sampled_from(["Ada Example", "Bo Muster", "Cy Nobody", "Example, A."])
papers = st.builds(
    paper,
    st.sampled_from(["2401.00001", "2401.00002", "openalex:W1", "openalex:W2", "doi:10.5555/a", "s2:1"]),
    st.sampled_from(["arxiv", "semantic-scholar", "openalex", "sample-corpus"]),
    version=st.none() | st.integers(1, 3),
    title=st.sampled_from([TITLE, TITLE.upper(), "Quite another title of an invented paper", "Heat"]),
    abstract=st.sampled_from(["", "Short.", "A longer one."]),
    authors=st.lists(names, max_size=2).map(tuple),
    published=st.none() | st.sampled_from(["2019-01-01T00:00:00Z", "2024-01-01T00:00:00Z"]),
    doi=st.none() | st.sampled_from(["10.5555/a", "10.5555/A", "10.5555/b", "10.48550/arXiv.2401.00002"]),
    withdrawn=st.booleans(),
    record=st.none() | st.sampled_from(["openalex:W1", "s2:1"]),
    year=st.none() | st.integers(2018, 2026),
)
rankings = st.lists(
    st.builds(
        lambda found, query, source: Ranking(source, query, tuple(found), None, ""),
        st.lists(papers, max_size=6),
        st.sampled_from(["Q1", "Q2", "Q10"]),
        st.sampled_from(["arxiv", "openalex"]),
    ),
    max_size=6,
)


@settings(max_examples=200)
@given(rankings, st.randoms(use_true_random=False))
def test_the_order_of_answers_does_not_matter(given: list[Ranking], chance: random.Random) -> None:
    mixed = list(given)
    chance.shuffle(mixed)
    assert merge(mixed) == merge(given)


@settings(max_examples=200)
@given(rankings)
def test_merging_what_is_merged_changes_nothing(given: list[Ranking]) -> None:
    once = merge(given)
    again = merge([Ranking("all", "Q1", once.papers, None, "")])
    assert again.papers == once.papers


@settings(max_examples=200)
@given(rankings)
def test_every_record_is_in_exactly_one_paper(given: list[Ranking]) -> None:
    merged = merge(given)
    ids = [item.id for item in merged.papers]
    assert len(set(ids)) == len(ids)
    records = {item for ranking in given for item in ranking.papers}
    assert len(merged.papers) <= len(records)
    identified = [bare_arxiv_id(item.id) for item in merged.papers if bare_arxiv_id(item.id)]
    assert len(set(identified)) == len(identified)
    for record in records:
        homes = [item for item in merged.papers if item.id == record.id]
        doi = (record.doi or "none").lower()
        same_doi = [item for item in merged.papers if doi in (item.doi or "").lower().split()]
        assert len(homes) <= 1
        on_arxiv = {item.title.casefold() for item in same_doi if bare_arxiv_id(item.id) or "48550" in (item.doi or "")}
        assert len(same_doi) <= 1 or len(on_arxiv) > 1
        assert not record.withdrawn or not homes or homes[0].withdrawn
    # each ranking gives one share to each paper it holds: no record is lost, none counts for two papers
    assert set(merged.fused) == set(merged.found_by) == set(merged.also) == set(range(len(merged.papers)))
    for index, score in merged.fused.items():
        assert 0 < score <= len(given) / 61 + 1e-9, index
    assert list(merged.fused.values()) == sorted(merged.fused.values(), reverse=True)
    found = {query for queries in merged.found_by.values() for query in queries}
    assert found == {ranking.query_id for ranking in given if ranking.papers}


@given(st.text(max_size=40))
def test_a_doi_is_bare_or_none(text: str) -> None:
    doi = bare_doi(text)
    assert doi is None or bare_doi(f"https://doi.org/{doi}") == doi == bare_doi(f"doi:{doi}")
