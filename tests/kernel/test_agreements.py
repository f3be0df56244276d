"""Claims of several papers that say the same of one quantity, and values that cannot both be."""

from __future__ import annotations

import json
import random
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.disagreements import find_disagreements
from generator.kernel.synthesis import find_agreements

DATA = Path(__file__).parents[3] / "shared" / "data"


def claim(number: int, source: str, text: str) -> dict[str, Any]:
    return {"id": f"C{number}", "text": text, "grounding": {"source_id": source}}


def claims_of(*texts: str) -> list[dict[str, Any]]:
    return [claim(number, f"S{number}", text) for number, text in enumerate(texts, start=1)]


def agreed(*texts: str) -> list[dict[str, Any]]:
    claims = claims_of(*texts)
    return find_agreements(claims, find_disagreements(claims))


def conflicts(*texts: str) -> list[str]:
    return [item["basis"] for item in find_disagreements(claims_of(*texts))]


@pytest.mark.parametrize(
    ("texts", "basis"),
    [
        (
            (
                "Street trees lowered air temperature by 1.2 °C.",
                "Near schools, street trees reduced air temperature by 1.4 °C.",
            ),
            "Both tell of a lower ‘air temperature’ with ‘street trees’: by 1.2 °C in S1 and by 1.4 °C in S2.",
        ),
        (
            ("Naps raised word recall.", "In a school, naps improved word recall by 3 points."),
            "Both tell of a higher ‘word recall’ with ‘naps’: by 3 points in S2, and without a number in S1.",
        ),
        (
            ("Naps raised word recall.", "In a school, naps improved word recall."),
            "Both tell of a higher ‘word recall’ with ‘naps’: in S1 and S2.",
        ),
        (
            (
                "In towns, asthma prevalence was 12% among bakers.",
                "Here asthma prevalence was 13% for bakers of towns.",
            ),
            "Both give near values of ‘asthma prevalence’ with ‘towns bakers’: 12% in S1 and 13% in S2. "
            "They state different conditions: ‘among bakers’ in S1.",
        ),
    ],
)
def test_an_agreement_names_what_agrees(texts: tuple[str, str], basis: str) -> None:
    found = agreed(*texts)
    if "among" not in basis:
        assert [item["basis"] for item in found] == [basis]
    else:
        assert found[0]["basis"].startswith(basis.partition(". They")[0])
    assert found[0]["claim_ids"] == ["C1", "C2"]


@pytest.mark.parametrize(
    "texts",
    [
        ("Street trees lowered air temperature by 1.2 °C.", "Street trees raised air temperature by 1.2 °C."),
        ("By day street trees lowered air temperature.", "At night street trees lowered air temperature."),
        ("Street trees lowered air temperature.", "Night trains lowered ticket prices."),
        ("Street trees lowered air temperature.", "Loud parties lowered air temperature."),
        ("Asthma prevalence was 12% among bakers.", "Asthma prevalence was 12 cases among bakers."),
    ],
)
def test_opposite_contrary_or_other_things_do_not_agree(texts: tuple[str, str]) -> None:
    assert agreed(*texts) == []


def test_one_sentence_about_two_things_is_no_agreement() -> None:
    text = "The enzyme CASP11 lowered the number of living cells in the culture of bone marrow."
    assert agreed(text, text.replace("CASP11", "CASP8")) == []


def test_one_paper_does_not_agree_with_itself() -> None:
    text = "Street trees lowered air temperature."
    assert find_agreements([claim(1, "S1", text), claim(2, "S1", text)]) == []


def test_claims_that_agree_with_each_other_are_one_group() -> None:
    found = agreed(
        "Street trees lowered air temperature by 1.1 °C.",
        "In old quarters, street trees reduced the air temperature by about 1.2 °C on calm days.",
        "Our sensors show that street trees decrease air temperature by 1.3 °C along main roads.",
    )
    assert [item["claim_ids"] for item in found] == [["C1", "C2", "C3"]]
    assert found[0]["basis"].startswith(
        "All 3 tell of a lower ‘air temperature’ with ‘street trees’: by 1.1 °C in S1, by "
    )


def test_a_conflict_is_no_agreement() -> None:
    texts = ("Street trees lowered air temperature by 1.2 °C.", "Street trees lowered air temperature by 9.4 °C.")
    assert agreed(*texts) == []
    assert conflicts(texts[0], texts[0].replace("1.2", "1.4")) == []
    assert conflicts(*texts) == ["Nearly the same words, but ‘1.2’ in S1 against ‘9.4’ in S2."]


@pytest.mark.parametrize(
    ("texts", "basis"),
    [
        (
            (
                "Street trees lowered air temperature by 0.3 °C.",
                "We saw that street trees reduced air temperature by 2 °C.",
            ),
            ["Values of ‘air temperature’ that lie apart: 0.3 °C in S1 against 2 °C in S2."],
        ),
        (  # units are held against each other
            (
                "The coated parts had a mean cell lifetime of 90 min.",
                "In coated parts the cell lifetime was 4 h on average.",
            ),
            ["Values of ‘cell lifetime’ that lie apart: 90 min in S1 against 4 h in S2."],
        ),
        (  # stated ranges that meet can both be
            (
                "Street trees lowered air temperature by 0.3 °C (95% CI: 0.1–2.5).",
                "We saw that street trees reduced air temperature by 2 °C.",
            ),
            [],
        ),
        (  # stated ranges that do not meet cannot, however near the values
            (
                "Street trees lowered air temperature by 1.0 ± 0.1 °C.",
                "We saw that street trees reduced air temperature by 1.3 ± 0.1 °C.",
            ),
            ["Values of ‘air temperature’ that lie apart: 1.0 ± 0.1 °C in S1 against 1.3 ± 0.1 °C in S2."],
        ),
        (  # another thing has another value
            (
                "Street trees lowered air temperature by 0.3 °C.",
                "We saw that white pavements reduced air temperature by 2 °C.",
            ),
            [],
        ),
        (  # contrary conditions
            (
                "By day street trees lowered air temperature by 0.3 °C.",
                "We saw that at night street trees reduced air temperature by 2 °C.",
            ),
            [],
        ),
        (  # one unit is a share, the other a number
            (
                "Street trees lowered air temperature by 3%.",
                "We saw that street trees reduced air temperature by 2 °C.",
            ),
            [],
        ),
    ],
)
def test_values_that_cannot_both_be(texts: tuple[str, str], basis: list[str]) -> None:
    assert conflicts(*texts) == basis


def test_conditions_that_differ_are_named() -> None:
    (basis,) = conflicts(
        "In winter street trees raised air temperature along canals.", "Street trees lowered air temperature."
    )
    assert basis == (
        "Opposite directions near ‘air temperature’: ‘raised’ in S1 against ‘lowered’ in S2. "
        "They may differ because S1 says ‘In winter’."
    )


def test_a_sentence_does_not_contradict_itself() -> None:
    text = "Naps raised word recall but lowered word recall of names after noon."
    assert conflicts(text, text) == []
    assert agreed(text, text)[0]["claim_ids"] == ["C1", "C2"]


def test_the_same_words_agree() -> None:
    (found,) = agreed("The seal lives on ice in spring.", "The seal lives on ice in spring.")
    assert found["basis"] == "S1 and S2 say it in nearly the same words."


@pytest.mark.parametrize("other", ["Street trees lower air temperature by {} °C in {} towns of kind {}.", "{} {} {}"])
def test_five_hundred_claims_are_compared_in_seconds(other: str) -> None:
    claims = [claim(at, f"S{at}", other.format(at % 17, at, at % 5)) for at in range(500)]
    began = time.process_time()
    found = find_disagreements(claims)
    find_agreements(claims, found)
    assert time.process_time() - began < 5


def sentences_of_unrelated_papers() -> list[str]:
    file = DATA / "scifact" / "corpus.jsonl"
    if not file.is_file():
        pytest.skip(f"{file.name} of SciFact is not here")
    with file.open(encoding="utf-8") as lines:
        papers = [json.loads(line)["abstract"] for line in lines]
    draw = random.Random(20260131)
    return [draw.choice(paper) for paper in draw.sample(papers, 3000)]


def test_sentences_of_unrelated_papers_nearly_never_clash_or_agree() -> None:
    pairs = list(pairwise(sentences_of_unrelated_papers()))
    clashing = sum(bool(conflicts(*pair)) for pair in pairs)
    agreeing = sum(bool(agreed(*pair)) for pair in pairs)
    print(f"of {len(pairs)} pairs, {clashing} clash and {agreeing} agree")
    assert max(clashing, agreeing) < 0.005 * len(pairs)


@pytest.mark.parametrize(
    ("kind", "least", "most"), [("number", 0.95, 1), ("direction", 0.95, 1), ("identity", 0, 0.01)]
)
def test_altered_sentences_clash_with_their_originals(kind: str, least: float, most: float) -> None:
    file = DATA / "perturb_dev" / "perturb_dev.jsonl"
    if not file.is_file():
        pytest.skip(f"{file.name} is not here")
    with file.open(encoding="utf-8") as lines:
        items = [item for item in map(json.loads, lines) if item["type"] == kind]
    found = sum(bool(conflicts(item["claim"], item["source_sentence"])) for item in items)
    print(f"{kind}: {found} of {len(items)}")
    assert least <= found / len(items) <= most
