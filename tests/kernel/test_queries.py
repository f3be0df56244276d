"""Four queries from any question."""

from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from generator.kernel.queries import make_queries
from generator.kernel.request import checked_question
from generator.kernel.text import content_words, words
from generator.manifest.problems import UsageError


@given(st.text(max_size=80))
@example("a")
@example("What is it?")
@example("evaluation")
@example("review evaluation")
@example("Evaluation comparison limitations review")
@example("_")
@example("İ i̇")
@example("ß SS ss")
@example("街路樹")
def test_four_different_queries_for_any_question_with_a_word(text: str) -> None:
    try:
        question = checked_question(text)
    except UsageError:
        assume(False)
    made = make_queries(question)
    assert [item["id"] for item in made] == ["Q1", "Q2", "Q3", "Q4"]
    assert all(item["text"].strip() == item["text"] != "" for item in made)
    assert len({item["text"].lower() for item in made}) == 4
    assert all("\n" not in item["text"] for item in made)
    assert make_queries(question) == made


def test_the_first_query_holds_every_content_word_and_two_halves_share_them() -> None:
    question = "How do street trees compare with cool roofs in lowering urban air temperature?"
    texts = [item["text"] for item in make_queries(question)]
    assert texts[0].split() == content_words(question)
    assert f"{texts[1]} {texts[2]}" == texts[0]
    assert set(texts[3].split()) < set(texts[0].split())


def test_the_fourth_query_prefers_names_numbers_and_compounds() -> None:
    texts = [item["text"] for item in make_queries("Does gating in ExpertFlow with top-8 experts keep load even?")]
    assert {"ExpertFlow", "top-8"} <= set(texts[3].split())


def test_markup_is_taken_for_words() -> None:
    made = make_queries('What about "street trees" & <script>alert(1)</script>?')
    assert made[0]["text"] == "street trees script alert script" or set(words(made[0]["text"])) == {
        *("street", "trees", "script", "alert"),
    }
    assert not any(char in item["text"] for item in made for char in '<>&"()')


@pytest.mark.parametrize("text", ["", "  \n", "?!...", "--- ***", "\u200b"])
def test_a_question_without_a_word_is_refused_before(text: str) -> None:
    with pytest.raises(UsageError, match=r"^the question (is empty|holds no word)$"):
        checked_question(text)
