"""What a sentence says of which quantity: values, units, ranges, levels, conditions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.conditions import conditions, contrary, differing
from generator.kernel.findings import as_written, findings, movements
from generator.kernel.quantities import Value, values


@pytest.mark.parametrize(
    ("text", "kind", "low", "at", "high"),
    [
        ("It fell by 1.2 °C.", "degrees Celsius", 1.2, 1.2, 1.2),
        ("It was 0.2 ± 0.1 °C lower.", "degrees Celsius", 0.1, 0.2, 0.3),
        ("A fall of 0.19 °C (95% CI: 0.14–0.24).", "degrees Celsius", 0.14, 0.19, 0.24),
        ("It took 2–4 h.", "time", 7200, 10800, 14400),
        ("It took 90 min.", "time", 5400, 5400, 5400),
        ("A dose of 500 mg.", "mass", 0.0005, 0.0005, 0.0005),
        ("The share was 31.4%.", "percent", 31.4, 31.4, 31.4),
        ("It gained 0.9 percentage points.", "points", 0.9, 0.9, 0.9),
        ("It cost 46 euros.", "unit euro", 46, 46, 46),
        ("There were 1,250 of them.", "number", 1250, 1250, 1250),
        ("The difference was −0.6 points.", "points", -0.6, -0.6, -0.6),
    ],
)
def test_a_value(text: str, kind: str, low: float, at: float, high: float) -> None:
    (found,) = values(text)
    assert found.kind == kind
    assert (found.low, found.at, found.high) == pytest.approx((low, at, high))
    assert found.written in text


def test_symbols_of_units_tell_capitals_apart() -> None:
    assert [value.kind for value in values("It took 5 MW, 5 mW, 5 m and 5 M.")] == [
        "power",
        "power",
        "length",
        "unit m",
    ]
    assert [value.at for value in values("It took 5 MW or 5 mW.")] == [5e6, 0.005]


@pytest.mark.parametrize("text", ["The gene CRMP2 and the T80.", "See x^2 and H2O.", "No number at all."])
def test_a_digit_in_a_name_is_no_value(text: str) -> None:
    assert values(text) == []


def said(text: str) -> list[tuple[set[int], str, float | None]]:
    return [(set(item.ways), item.role, item.value.at if item.value else None) for item in findings(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Trees lowered air temperature by 1.2 °C.", [({-1}, "change", 1.2)]),
        ("Trees lowered air temperature.", [({-1}, "none", None)]),
        ("The error rate fell from 31% to 12% in towns.", [({-1}, "none", None)]),
        ("Word recall was 17% lower after a nap.", [({-1}, "change", 17)]),
        ("Streets were 0.8 °C warmer than the park.", [({1}, "change", 0.8)]),
        (
            "Trees lowered air temperature by 0.3 °C and cool roofs by 0.2 °C.",
            [({-1}, "change", 0.3), ({-1}, "change", 0.2)],
        ),
        ("Asthma prevalence was 12% in towns.", [(set(), "level", 12)]),
        ("Coated cells had a T80 of 1,420 h, compared with 760 h for others.", [({1}, "level", 1420 * 3600)]),
        ("Coated cells had a T80 of 300 h versus 760 h for others.", [({-1}, "level", 300 * 3600)]),
    ],
)
def test_what_a_sentence_says(text: str, expected: list[tuple[set[int], str, float | None]]) -> None:
    assert said(text) == expected


def test_it_stands_for_the_quantity_before() -> None:
    first, second = findings("Trees lowered air temperature by 1.2 °C, whereas roofs lowered it by 0.4 °C.")
    assert first.quantity == second.quantity
    assert ("tree" in first.subject, "roof" in second.subject) == (True, True)
    assert "roof" not in first.subject


def test_an_aside_is_not_the_quantity() -> None:
    (move,) = movements("Declarative recall, measured at noon, dropped after a nap.")
    assert "recal" in move.quantity
    assert "noon" not in move.quantity


@pytest.mark.parametrize(
    ("left", "right", "kinds"),
    [
        ("By day trees cool.", "At night trees cool.", {"time of day"}),
        ("Cells last at 45 °C.", "Cells last at 85 °C.", {"temperature"}),
        ("It holds in mice.", "It holds in adolescents.", {"population"}),
        ("They took 5 mg daily.", "They took 50 mg daily.", {"dose"}),
        ("Reefs die at 10 m depth.", "Reefs die at 40 m depth.", {"depth"}),
    ],
)
def test_contrary_conditions(left: str, right: str, kinds: set[str]) -> None:
    one, other = differing(left, right)
    assert {item.kind for item in one} == {item.kind for item in other} == kinds
    assert contrary(left, right)
    assert not contrary(left, left)


def test_a_condition_that_one_leaves_out_is_not_contrary() -> None:
    one, other = differing("In winter trees cool.", "Trees cool.")
    assert [item.words for item in one] == ["In winter"]
    assert other == []
    assert not contrary("In winter trees cool.", "Trees cool.")


def test_a_name_is_short_and_keeps_names() -> None:
    text = "Passivation raised the T80 of " + " ".join(f"word{'x' * 40}{number}" for number in range(9))
    assert as_written(frozenset(["t80", "passiv"]), text) == "passivation T80"
    assert as_written(frozenset(["nowher"]), text) == "nowher"
    long = "Alpha beta gamma delta epsilon zeta."
    assert len(as_written(frozenset(["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]), long).split()) == 4


@given(st.text(max_size=200))
def test_any_text_can_be_read(text: str) -> None:
    for value in values(text):
        assert isinstance(value, Value)
        assert value.low <= value.high
    for finding in findings(text):
        assert finding.quantity
    assert len(conditions(text)) <= 8
    assert differing(text, text) == ([], [])
