"""What a question asks that no claim answers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.synthesis import list_unanswered


def claims_of(*texts: str) -> list[dict[str, Any]]:
    return [
        {"id": f"C{number}", "text": text, "grounding": {"source_id": f"S{number}"}}
        for number, text in enumerate(texts, start=1)
    ]


@pytest.mark.parametrize(
    ("question", "texts", "expected"),
    [
        (
            "How do street trees compare with cool roofs in lowering air temperature?",
            ["Street trees lower air temperature.", "Cool roofs lower air temperature."],
            ["No claim compares street trees with cool roofs directly."],
        ),
        (
            "How do street trees compare with cool roofs in lowering air temperature?",
            ["Street trees lower air temperature more than cool roofs."],
            [],
        ),
        (
            "How do street trees compare with cool roofs in lowering air temperature?",
            ["Street trees lower air temperature."],
            ["No claim speaks of cool roofs."],
        ),
        (
            "Are street trees better than cool roofs?",
            ["Street trees help.", "Cool roofs help."],
            ["No claim compares street trees with cool roofs directly."],
        ),
        ("Trees versus lawns?", ["Trees help.", "Lawns help."], ["No claim compares Trees with lawns directly."]),
        (
            "What is the difference between naps and night sleep for memory?",
            ["Naps help memory.", "Night sleep helps memory."],
            ["No claim compares naps with night sleep directly."],
        ),
        (
            "Do naps help memory in adolescents?",
            ["Naps help memory."],
            ["No claim says that it was found in adolescents."],
        ),
        ("Do naps help memory in adolescents?", ["Naps help memory of an adolescent."], []),
        ("Do trees cool streets in Lower Saxony?", ["Trees cool streets."], ["No claim is about Lower Saxony."]),
        ("How much do trees cool?", ["Trees cool."], ["The question asks for a number; no claim gives one."]),
        ("How much do trees cool?", ["Trees cool by 2 °C."], []),
        (
            "Why do trees cool?",
            ["Trees cool."],
            ["The question asks how it comes about; no claim states a cause or a mechanism."],
        ),
        ("Why do trees cool?", ["Trees cool because they shade."], []),
        ("Do trees cool over time?", ["Trees cool for ten years and more."], []),
        (
            "In which cities do trees cool cities?",
            ["Trees cool cities."],
            ["The question asks for a place; no claim names one."],
        ),
        ("In which cities do trees cool cities?", ["Trees cool cities such as those in Spain."], []),
        ("When did trees cool?", ["Trees cool."], ["The question asks for a time; no claim names a year."]),
        ("Do trees suppress heat?", ["Trees reduce heat."], []),
        ("Do trees and lawns cool costly roofs?", ["Trees cool roofs."], ["No claim takes up: lawns, costly."]),
    ],
)
def test_open_sides_of_a_question(question: str, texts: list[str], expected: list[str]) -> None:
    assert list_unanswered(question, claims_of(*texts)) == expected


def test_the_title_of_a_paper_with_a_claim_takes_up_a_term() -> None:
    claims = claims_of("Naps help memory.")
    titles = [{"id": "S1", "title": "Naps of adolescents"}, {"id": "S2", "title": "Coffee"}]
    assert list_unanswered("Do naps or coffee help memory in adolescents?", claims, titles) == [
        "No claim takes up: coffee."
    ]


def test_without_claims_nothing_is_held_against_the_question() -> None:
    assert list_unanswered("Why do trees cool?", []) == []


@given(st.text(max_size=300), st.lists(st.text(max_size=60), max_size=4))
def test_any_question_gives_plain_sentences(question: str, texts: list[str]) -> None:
    for sentence in list_unanswered(question, claims_of(*texts)):
        assert sentence.endswith(".")
        assert "“" not in sentence
        assert "\n" not in sentence


def test_a_long_question_is_read_in_no_time() -> None:
    list_unanswered("how do " * 4000 + "?", claims_of("Trees cool."))
    list_unanswered("is a " * 4000 + "than", claims_of("Trees cool."))
