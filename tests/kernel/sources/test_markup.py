"""Titles and abstracts without the markup that publishers leave in them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.sources.markup import plain, without_heading
from generator.kernel.sources.merging import merge
from generator.kernel.sources.openalex import _paper as work
from generator.kernel.sources.openalex import abstract
from generator.kernel.sources.search import Ranking
from generator.kernel.sources.semantic_scholar import _paper as entry

MATH = '<mml:math xmlns:mml="http://www.w3.org/1998/Math/MathML" display="inline"><mml:mi>N</mml:mi></mml:math>'


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Growth of <i>Arbor inventa</i> in <B>heat</B>", "Growth of Arbor inventa in heat"),
        ("CO<sub>2</sub> and H<jats:sub>2</jats:sub>O", "CO2 and H2O"),
        (f"Waves in{MATH}-fold trees", "Waves in N-fold trees"),
        (f"({MATH})", "(N)"),
        ("One.</p><p>Two.<br/>Three.", "One.  Two. Three."),
        ("<jats:title>Aims</jats:title><jats:p>Trees.</jats:p>", " Aims  Trees. "),
        ("Trees &amp; roofs, p &lt; 0.05&#8202;&#x2014;", "Trees & roofs, p < 0.05\u200a—"),
        ("&amp;lt;", "&lt;"),
        ("AT&T &copy 3 &nosuchname;", "AT&T &copy 3 &nosuchname;"),
        ("if $a<b$ and $c>d$, or x <i and y> z", "if $a<b$ and $c>d$, or x <i and y> z"),
        ("<script>x</script> <image> 1<2>0", "<script>x</script> <image> 1<2>0"),
    ],
)
def test_markup_goes_and_the_rest_stays(text: str, read: str) -> None:
    assert plain(text) == read


@given(st.text(st.sampled_from("<>/ip=\"'&; amm:l")))
def test_any_text_can_be_read(text: str) -> None:
    assert len(plain(text)) <= len(text)


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Abstract: trees cool.", "trees cool."),
        ("ABSTRACT Trees cool.", "Trees cool."),
        ("Abstract. Trees", "Trees"),
        ("abstract — trees", "trees"),
        ("Abstract - trees", "trees"),
        ("Abstract Background: trees", "Background: trees"),
        ("Abstract We ask of trees.", "We ask of trees."),
        ("Abstract interpretation is sound.", "Abstract interpretation is sound."),
        ("Abstract Interpretation is sound.", "Abstract Interpretation is sound."),
        ("Abstracts of trees", "Abstracts of trees"),
        ("Abstraction: a word", "Abstraction: a word"),
        ("Trees. Abstract: no", "Trees. Abstract: no"),
        ("", ""),
    ],
)
def test_the_heading_of_an_abstract(text: str, read: str) -> None:
    assert without_heading(text) == read


def test_both_services_give_plain_titles_and_abstracts() -> None:
    title, said = "Growth of <i>Arbor inventa</i> &amp; its <b>shade</b>", "Abstract: CO<sub>2</sub> rose, p&lt;0.05"
    one: Any = entry({"paperId": "a" * 40, "title": title, "abstract": said, "authors": [{"name": "A. Example"}]})
    other: Any = work({"id": "https://openalex.org/W1", "title": title, "authorships": []})
    assert (one.title, one.abstract) == ("Growth of Arbor inventa & its shade", "CO2 rose, p<0.05")
    assert other.title == one.title
    assert abstract({"<p>Abstract": [0], "Trees": [1], "cool.</p>": [2]}) == "Trees cool."
    assert entry({"paperId": "a" * 40, "title": "<p></p>"}) is None, "nothing is left to cite"


def test_a_title_with_markup_is_the_same_title() -> None:
    names = {"authors": [{"name": "A. Example"}], "year": 2020}
    one: Any = entry({"paperId": "a" * 40, "title": "Growth of Arbor inventa under heat", **names})
    other: Any = work({
        "id": "https://openalex.org/W1", "title": "Growth of <i>Arbor inventa</i> under heat",
        "authorships": [{"author": {"display_name": "Ada Example"}}], "publication_year": 2020,
    })  # fmt: skip
    assert len(merge([Ranking("x", "Q1", (paper,), 1, "") for paper in (one, other)]).papers) == 1


def test_a_doi_that_cannot_be_cited_leads_to_a_page_all_the_same() -> None:
    doi = "10.5555/(sici)1521(199901)47:1/3<289::aid-x>3.0.co;2-q"
    for paper in (
        entry({"paperId": "a" * 40, "title": "T", "externalIds": {"DOI": doi}}),
        work({"id": "https://openalex.org/W1", "title": "T", "doi": f"https://doi.org/{doi}"}),
    ):
        assert paper is not None
        assert paper.id == paper.record, "an identifier goes into addresses and files"
        assert paper.doi == doi
        assert paper.url == "https://doi.org/10.5555/(sici)1521(199901)47:1/3%3C289::aid-x%3E3.0.co;2-q"
