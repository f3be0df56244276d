"""Comparisons and their two sides: who is ahead of whom, and when a sentence has it the other way round."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.verification.lexical.features import statistics
from generator.kernel.verification.lexical.parse import parse
from generator.kernel.verification.lexical.sides import comparisons, held_against


def told(text: str) -> list[tuple[set[str], set[str], int]]:
    return [(set(ahead), set(behind), sign) for ahead, behind, sign, _ in comparisons(parse(text))]


def held(claim: str, sentence: str) -> int:
    return held_against(parse(claim), parse(sentence), statistics().idf)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Trees outperform roofs.", 1),
        ("Trees exceeded the roofs.", 1),
        ("A tree beats a roof.", 1),
        ("Trees underperform roofs.", -1),
        ("The trees trailed the roofs.", -1),
        ("Trees are warmer than roofs.", 1),
        ("Trees are cooler than roofs.", -1),
        ("Trees are better than roofs.", 1),
        ("Trees are worse than roofs.", -1),
        ("In summer, trees are warmer than roofs, but not indoors.", 1),
    ],
)
def test_two_sides_and_a_sign(text: str, sign: int) -> None:
    assert told(text) == [({"tree"}, {"roof"}, sign)]


def test_more_and_less_say_of_what() -> None:
    assert told("Trees cost more money than roofs.") == [({"tree", "cost"}, {"roof"}, 1)]
    assert told("Trees cost less money than roofs.") == [({"tree", "cost"}, {"roof"}, -1)]
    assert told("Trees had fewer leaks than roofs.") == [({"tree"}, {"roof"}, -1)]


def test_a_word_on_both_sides_is_on_neither() -> None:
    assert told("Young trees are warmer than old trees.") == [({"young"}, {"old"}, 1)]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "than",
        "Trees are tall.",
        "Trees cool the air, than which nothing is better.",
        "Warmer than roofs.",
        "Trees are warmer than this.",
        "Trees are warmer; than roofs.",
        "Trees outperform trees.",
        "Outperforms.",
    ],
)
def test_what_names_no_two_sides(text: str) -> None:
    assert told(text) == []


def test_two_comparisons_of_one_sentence() -> None:
    assert told("Trees outperform roofs, whereas walls are cooler than doors.") == [
        ({"tree"}, {"roof"}, 1),
        ({"wall"}, {"door"}, -1),
    ]


@pytest.mark.parametrize(("between", "reached"), [(0, True), (9, True), (12, False), (40, False)])
def test_a_comparison_reaches_some_eleven_words_each_way(between: int, reached: bool) -> None:
    before, after = (" ".join(f"{letter}{number}" for number in range(between)) for letter in "uv")
    found = told(f"trees {before} near outperforms far {after} roofs")
    ahead, behind = ({key for row in found for key in row[side]} for side in (0, 1))
    assert ("tree" in ahead, "roof" in behind) == (reached, reached)


@pytest.mark.parametrize(
    ("claim", "sentence", "expected"),
    [
        ("Trees outperform roofs.", "Trees outperformed the roofs in both towns.", 1),
        ("Trees outperform roofs.", "Roofs outperformed the trees in both towns.", -1),
        ("Trees outperform roofs.", "Roofs trailed the trees in both towns.", 1),
        ("Trees outperform roofs.", "Trees trailed the roofs in both towns.", -1),
        ("Trees are warmer than roofs.", "Roofs are cooler than trees.", 1),
        ("Trees are warmer than roofs.", "Trees are cooler than roofs.", -1),
        ("Trees are warmer than roofs.", "Roofs are warmer than trees.", -1),
        ("Men had higher rates than women.", "Women had lower rates than men.", 1),
        ("Men had higher rates than women.", "Women had higher rates than men.", -1),
        ("Trees outperform roofs.", "Walls outperform doors.", 0),
        ("Trees outperform roofs.", "Trees outperform doors.", 0),
        ("Trees outperform roofs.", "Roofs and trees were seen.", 0),
        ("Trees and roofs were seen.", "Roofs outperform trees.", 0),
        ("", "", 0),
    ],
)
def test_the_same_way_round_or_the_other(claim: str, sentence: str, expected: int) -> None:
    assert held(claim, sentence) == expected
    assert held(sentence, claim) == expected


def test_one_comparison_exchanged_outweighs_one_kept() -> None:
    kept, exchanged = "Trees outperform roofs", "doors outperform walls"
    assert held("Trees outperform roofs, but walls outperform doors.", f"{kept}, but {exchanged}.") == -1
    assert held("Walls outperform doors, but trees outperform roofs.", f"{kept}, but {exchanged}.") == -1


THINGS = ["trees", "roofs", "walls", "networks", "mice", "copper"]
TWO = st.lists(st.sampled_from(THINGS), min_size=2, max_size=2, unique=True)
MORE = st.sampled_from(["outperform", "exceed", "are warmer than", "are better than", "have higher rates than"])


@given(TWO, MORE)
def test_a_comparison_holds_for_itself_and_not_turned_round(things: list[str], more: str) -> None:
    one, other = things
    straight, turned = f"The {one} {more} the {other}.", f"The {other} {more} the {one}."
    assert (held(straight, straight), held(straight, turned)) == (1, -1)


PROSE = st.lists(
    st.sampled_from([*THINGS, *"outperform trailed than warmer cooler less , ; ( but the are".split()]), max_size=14
).map(" ".join)


@given(PROSE, PROSE)
def test_sides_have_words_of_their_own_and_a_sign(text: str, other: str) -> None:
    for ahead, behind, sign, word in comparisons(parse(text)):
        assert ahead
        assert behind
        assert not ahead & behind
        assert ahead | behind <= parse(text).stem_set
        assert sign in (1, -1, 0)
        assert word in parse(text).tokens
    assert held(text, other) in (-1, 0, 1)
    if not (comparisons(parse(text)) and comparisons(parse(other))):
        assert held(text, other) == 0
