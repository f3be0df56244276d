"""Claims: whole sentences at their place, tied to the question, capped, and none of them plan or method."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel.claims import ClaimSettings, extract_claims
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.text import sentences, stems
from generator.manifest.canonical import sha256_text

QUESTIONS = [
    "How do street trees compare with cool roofs in lowering urban air temperature?",
    "Do street trees warm or cool streets at night?",
    "Does loss-free balancing improve accuracy of mixture-of-experts language models?",
    "How does batch size affect routing and perplexity in sparse mixture-of-experts?",
    "Does retrieving more passages increase or reduce hallucination?",
    "How do irrelevant passages affect answers of retrieval-augmented generation?",
    "Does 2D passivation improve the stability of perovskite solar cells at 85 °C?",
    "Is excess lead iodide good or bad for perovskite stability?",
    "Does sleep restriction impair declarative memory in adolescents?",
    "Do naps help adolescents learn?",
]


def source(number: int, text: str, title: str = "Untitled") -> dict[str, Any]:
    return {
        "id": f"S{number}",
        "title": title,
        "text": {"section": "abstract", "content": text, "sha256": sha256_text(text)},
    }


ALL = [
    source(number, paper.abstract, paper.title)
    for number, paper in enumerate(load_sample_corpus(), start=1)
    if paper.abstract
]
BY_ID = {item["id"]: item for item in ALL}
WORDS = sorted({word for text in QUESTIONS for word in text.rstrip("?").split()})


def texts(question: str, *sources: dict[str, Any], **changes: Any) -> list[str]:
    return [claim["text"] for claim in extract_claims(question, sources, ClaimSettings(**changes))]


def check(question: str, limits: ClaimSettings) -> list[dict[str, Any]]:
    """Everything that holds for every claim of every question."""
    claims = extract_claims(question, ALL, limits)
    assert [claim["id"] for claim in claims] == [f"C{number}" for number in range(1, len(claims) + 1)]
    order = [(int(claim["grounding"]["source_id"][1:]), claim["grounding"]["locator"]["start"]) for claim in claims]
    assert order == sorted(order)
    named = [claim["grounding"]["source_id"] for claim in claims]
    assert all(named.count(name) <= limits.per_paper for name in named)
    assert len(claims) <= limits.most
    keys = [" ".join(stems(claim["text"])) for claim in claims]
    assert len(set(keys)) == len(keys)
    for claim in claims:
        home = BY_ID[claim["grounding"]["source_id"]]
        where, content = claim["grounding"]["locator"], home["text"]["content"]
        assert content[where["start"] : where["end"]] == where["quote"] == claim["text"]
        assert where["sha256"] == sha256_text(claim["text"])
        assert where["section"] == "abstract"
        assert (where["start"], where["end"]) in sentences(content)
        assert claim["text"][-1] in ".!”)"
        own = set(stems(claim["text"])) & set(stems(question))
        assert own
        assert len(own | (set(stems(home["title"])) & set(stems(question)))) >= min(
            limits.min_shared, len(set(stems(question)))
        )
        assert limits.min_coverage <= claim["relevance"] <= 1
        assert claim["verification"]["verified"] is None
        assert claim["theme"] is None
        assert claim["grounding"]["state"] == "located"
    return claims


@pytest.mark.parametrize("question", QUESTIONS)
def test_claims_of_each_question(question: str) -> None:
    claims = check(question, ClaimSettings())
    assert len(claims) >= 5
    assert len({claim["grounding"]["source_id"] for claim in claims}) >= 3


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=9).map(" ".join),
    st.builds(
        ClaimSettings,
        min_coverage=st.sampled_from([0.0, 0.22, 0.6]),
        min_shared=st.integers(1, 3),
        per_paper=st.integers(1, 4),
        most=st.integers(1, 20),
    ),
)
def test_claims_of_any_question_within_any_limits(question: str, limits: ClaimSettings) -> None:
    check(question, limits)


METHOD = [
    "We train a model on cool roofs with 24 street trees.",
    "We fogged 60 street trees and cool roofs.",
    "We coat cool roofs and street trees with 3 layers.",
    "Here we simulate street trees and cool roofs at 2 m.",
    "In this paper we study street trees and cool roofs at 10 sites.",
    "This paper presents 5 results on street trees and cool roofs.",
    "Two street trees and 4 cool roofs were measured for 3 years.",
    "In a field study, 12 cool roofs stood beside 3 street trees.",
    "Several recent reports claim that street trees beat cool roofs by 3 °C.",
    "It is often said that street trees are better than cool roofs.",
    "Street trees are thought to be better than cool roofs.",
    "Are street trees better than cool roofs?",
    "Data on 30 street trees and cool roofs are available online.",
    "To test street trees and cool roofs, 30 sites were chosen.",
]
FINDING = [
    "Street trees lowered the temperature more than cool roofs.",
    "Cool roofs did not lower it beside street trees.",
    "We find that street trees beat cool roofs.",
    "We train street trees beside cool roofs and find that both help.",
    "With 3 cool roofs, we observe cooler street trees.",
    "Street trees and 4 cool roofs were measured, and the roofs were 3 °C cooler on average, or less.",
    "In a field study, street trees were better than cool roofs.",
    "Costs were 46 euros with cool roofs and 118 with street trees.",
]
OTHER = "Nothing else is told here. Nor here. Nor in this one."
ASKED = "Do street trees or cool roofs lower the temperature?"


@pytest.mark.parametrize("sentence", METHOD)
def test_plan_method_and_hearsay_are_no_claims(sentence: str) -> None:
    assert texts(ASKED, source(1, f"{OTHER} {sentence}")) == []


@pytest.mark.parametrize("sentence", FINDING)
def test_findings_are_claims(sentence: str) -> None:
    assert texts(ASKED, source(1, f"{OTHER} {sentence}")) == [sentence]


def test_an_opening_sentence_is_background_unless_it_holds_a_number() -> None:
    background = "Many cool roofs are better than street trees."
    number = "In 12 cities cool roofs were better than street trees."
    assert texts(ASKED, source(1, f"{background} {OTHER}")) == []
    assert texts(ASKED, source(1, f"{number} {OTHER}")) == [number]
    assert texts(ASKED, source(1, f"{background} Nothing more.")) == [background]


def test_a_sentence_that_is_cut_is_no_claim() -> None:
    assert texts(ASKED, source(1, f"{OTHER} Street trees lowered the temperature more than coo")) == []


def test_a_title_names_the_subject_but_a_sentence_must_hold_a_term_itself() -> None:
    title = "Street trees and cool roofs"
    assert texts(ASKED, source(1, f"{OTHER} The temperature fell by 3 °C.", title)) == ["The temperature fell by 3 °C."]
    assert texts(ASKED, source(1, f"{OTHER} It fell by 3 °C.", title)) == []


def test_the_same_sentence_in_two_papers_is_one_claim() -> None:
    sentence = "Street trees lowered the temperature more than cool roofs."
    first, second = source(1, f"{OTHER} {sentence}"), source(2, f"{OTHER} {sentence.upper()}")
    (claim,) = extract_claims(ASKED, [first, second], ClaimSettings())
    assert claim["grounding"]["source_id"] == "S1"


def test_a_long_question_is_not_lost_because_no_sentence_covers_it() -> None:
    long = (
        "How do street trees, parks, lawns, cool roofs, green facades, water bodies, shading sails and orientation "
        "change air temperature, radiant temperature, humidity, energy demand and mortality in dense districts?"
    )
    assert len(check(long, ClaimSettings())) >= 5
    assert len(extract_claims(long, ALL, ClaimSettings(most_terms=1000))) < 5


def test_a_compound_does_not_outweigh_the_rest_of_the_question() -> None:
    text = f"{OTHER} Small batches raised perplexity. Mixture-of-experts models were larger, with 64 experts."
    question = "Does batch size raise perplexity in mixture-of-experts?"
    assert "Small batches raised perplexity." in texts(question, source(1, text))


@pytest.mark.parametrize("question", ["What is it?", "?!", "xyzzy plugh"])
def test_no_term_no_claim(question: str) -> None:
    assert extract_claims(question, ALL, ClaimSettings()) == []


def test_a_source_without_text_gives_nothing() -> None:
    assert extract_claims(ASKED, [{"id": "S1", "title": "Street trees", "text": None}], ClaimSettings()) == []
    assert extract_claims(ASKED, [], ClaimSettings()) == []
