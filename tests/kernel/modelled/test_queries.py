"""Queries by a model: what it is shown, what it may answer, how it is labelled."""

from __future__ import annotations

from typing import Any

import pytest

from generator.kernel.modelled import queries
from generator.kernel.models.errors import ModelError

GOOD = ["street trees air temperature", "urban forest cooling", "cool roof albedo", "no effect of greening on heat"]


def test_only_the_question_is_shown_and_four_labelled_queries_come_back(lab: Any) -> None:
    asker = lab.always({"queries": [f" {GOOD[0]} ", *GOOD[1:]]})
    made = queries.make_queries(lab.question, asker)
    assert [(item["id"], item["text"]) for item in made] == [(f"Q{n}", text) for n, text in enumerate(GOOD, 1)]
    assert asker.asked == [(queries.PROMPT, {"question": lab.question})]
    label = made[0]["produced_by"]
    assert (label["mode"], label["model"], label["method"]) == ("model", "scripted-1", "model-queries-v1")
    assert label["prompt_sha256"] == queries.PROMPT.sha256


@pytest.mark.parametrize(
    ("last", "problem"),
    [
        ("", "query 4 names no subject"),
        ("the of and", "query 4 names no subject"),
        ("Tree streets, temperature of the air", "query 4 has the same words as query 1"),
        ("one two three four five six seven eight nine ten eleven twelve cats", "query 4 has more than 12 words"),
        ("trees\u202e cities", "query 4 holds characters that are not printable"),
        ("trees\ncities", "query 4 holds characters that are not printable"),
        *(
            (text, "query 4 holds an operator, a field name, a mark or an address; use words only")
            for text in [
                "trees AND roofs",
                "ti:trees",
                '"cool roofs"',
                "trees (urban)",
                "tree*",
                "trees -roofs",
                "https://example.com trees",
                "www.example.com",
                "example.com trees",
                "trees; roofs",
                "a/b trees",
            ]
        ),
    ],
)
def test_the_check_says_what_is_wrong(last: str, problem: str, lab: Any) -> None:
    assert queries.problem({"queries": [*GOOD[:3], last]}) == problem
    with pytest.raises(ModelError, match=r"wrongly twice"):
        queries.make_queries(lab.question, lab.always({"queries": [*GOOD[:3], last]}))


@pytest.mark.parametrize("number", [0, 3, 5])
def test_there_are_four(number: int) -> None:
    texts = [f"trees {'abcde'[at] * 3}" for at in range(number)]
    assert queries.problem({"queries": texts}) == f"there must be 4 queries, not {number}"


@pytest.mark.parametrize("text", ["CO2 loss-free uptake", "vitamin D and COVID-19 outcomes", "Straße Bäume Hitze"])
def test_words_of_any_kind_pass(text: str) -> None:
    assert queries.problem({"queries": [*GOOD[:3], text]}) is None
