"""Which questions count as asked before, and how often that errs on real text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import near_questions
from generator.manifest.semantic.near import Near, is_near_duplicate, nearest_question, similarity
from generator.manifest.semantic.store import Index
from generator.manifest.store import Store

ROOT = Path(__file__).parents[3]
TREES = "Do street trees cool the city?"


@pytest.mark.parametrize(
    "other",
    [
        "do street trees cool the city",
        "DO STREET TREES COOL THE CITY???",
        "Does a street tree cool cities?",
        "Is it true that the city is cooled by street trees?",
        "Is there evidence that street-trees cool a city?",
    ],
)
def test_a_question_in_another_form_is_the_same(other: str) -> None:
    assert similarity(TREES, other) == 1.0
    assert is_near_duplicate(other, TREES)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Does vitamin C shorten colds?", "Does vitamin D shorten colds?"),
        ("Does insulin help in type 1 diabetes?", "Does insulin help in type 2 diabetes?"),
        ("Do trees cool more than roofs?", "Do roofs cool more than trees?"),
        ("Does exercise before meals lower glucose?", "Does exercise after meals lower glucose?"),
        ("Do 5 doses suffice?", "Do 6 doses suffice?"),
        ("Does tea improve sleep?", "Does tea without caffeine improve sleep?"),
        ("", ""),
        ("Is it?", "Is it?"),
    ],
)
def test_a_word_that_turns_the_question_makes_another(one: str, other: str) -> None:
    assert not is_near_duplicate(one, other)
    assert similarity(one, other) == similarity(other, one)


def test_the_sample_records_ask_different_questions() -> None:
    questions = [record.manifest["work"]["research_question"] for record in Store(ROOT / "manifests").records()]
    pairs = [(one, other) for one in questions for other in questions if one is not other]
    assert len(questions) == 8
    assert not any(is_near_duplicate(*pair) for pair in pairs)


def test_the_nearest_is_found_in_the_records_and_in_their_index(registry: Any, tmp_path: Path) -> None:
    short = registry.add(TREES, title="Trees and cities", events=[registry.event(notice="retraction")])
    registry.add("Does coffee help memory in mice?")
    registry.add(None, title="Does a street tree cool cities?")
    registry.add("Do street trees cool cities?", events=[registry.event(notice="removal")])
    index = Index(tmp_path / "index")
    index.build(registry.store)
    near = Near(f"SRCH:{short}", "Trees and cities", TREES, 1.0, "Retracted")
    for where in (registry.store, index):
        assert nearest_question("Does a street tree cool cities?", where) == (near, 1.0)
        assert nearest_question("Which stars are oldest?", where) is None


@pytest.mark.skipif(not near_questions.CLAIMS.is_file(), reason="../shared/data is absent: SciFact is needed")
def test_errors_on_real_text_stay_below_what_was_measured() -> None:
    refused, missed = near_questions.rates()[0.97]
    assert refused <= 0.01
    assert max(missed.values()) <= 0.04
