"""The page "How far to trust verified": every figure comes from a card, and no card reaches the page as markup."""

from __future__ import annotations

import copy
import re
from typing import Any

import html5lib
import pytest

from generator.manifest import cards
from generator.manifest.strict import load_json
from generator.site.trust import trust_page


@pytest.fixture(scope="module")
def known() -> list[dict[str, Any]]:
    return [load_json(path) for path in cards.paths()]


def card_of(known: list[dict[str, Any]], method: str) -> dict[str, Any]:
    return next(card for card in known if card["method"] == method)


def text_of(html: str) -> str:
    return " ".join("".join(html5lib.parse(html, namespaceHTMLElements=False).itertext()).split())


def test_without_cards_it_says_so() -> None:
    assert trust_page([]) == "<p>No verifier has a card yet.</p>"


def test_the_default_method_stands_first(known: list[dict[str, Any]]) -> None:
    headings = re.findall(r'<h2 id="([^"]+)">', trust_page(known))
    assert headings[0] == cards.default_method()
    assert sorted(headings) == sorted({card["method"] for card in known})


def test_every_row_of_the_bar_is_held_against_every_method(known: list[dict[str, Any]]) -> None:
    page = text_of(trust_page(known))
    for row in cards.bar():
        assert row["label"] in page
    newest = {card["method"]: card for card in known}.values()
    expected = sum(cards.met(row, card) for row in cards.bar() for card in newest)
    assert page.count("(met)") == expected
    assert page.count("(not met)") == len(cards.bar()) * len(newest) - expected


def test_confusion_counts_and_shares(known: list[dict[str, Any]]) -> None:
    card = copy.deepcopy(card_of(known, "lexical-v1"))
    card["confusion"] = [[3, 1, 0], [0, 0, 0], [5, 5, 10]]
    rows = re.findall(r'<tr><th scope="row">(?:supported|refuted|not said)</th>(.*?)</tr>', trust_page([card]))
    assert [re.sub(r"<[^>]+>", " ", row).split() for row in rows] == [
        ["3", "(75%)", "1", "(25%)", "0", "(0%)"],
        ["0", "0", "0"],
        ["5", "(25%)", "5", "(25%)", "10", "(50%)"],
    ]


def test_the_diagram_puts_each_bin_where_its_numbers_say(known: list[dict[str, Any]]) -> None:
    card = copy.deepcopy(card_of(known, "lexical-v1"))
    card["reliability"] = [
        {"from": 0.0, "to": 0.1, "count": 4, "mean_p": 0.0, "share": 0.0},
        {"from": 0.4, "to": 0.5, "count": 0, "mean_p": 0.0, "share": 0.0},
        {"from": 0.9, "to": 1.0, "count": 1, "mean_p": 1.0, "share": 0.5},
    ]
    page = trust_page([card])
    assert re.findall(r'<circle class="dot" cx="([\d.]+)" cy="([\d.]+)" r="([\d.]+)"/>', page) == [
        ("58.0", "312.0", "10.0"),
        ("358.0", "162.0", "6.5"),
    ]
    assert 'aria-label="Reliability of lexical-v1 on SciFact; the table below has the same numbers"' in page


@pytest.mark.parametrize("place", ["title", "limits", "trained_on", "measured_on"])
def test_words_of_a_card_are_escaped(known: list[dict[str, Any]], place: str) -> None:
    hostile = '<img src=x onerror=alert(1)> & "quotes"'
    card = copy.deepcopy(card_of(known, "lexical-v1"))
    if place == "title":
        card["title"] = hostile
    elif place == "limits":
        card["limits"] = [hostile]
    else:
        card[place][0]["name"] = hostile
    page = trust_page([card])
    assert "<img" not in page
    assert hostile in text_of(page)


def test_a_card_without_measurements_has_no_diagram(known: list[dict[str, Any]]) -> None:
    card = copy.deepcopy(card_of(known, "lexical-v1"))
    card.update(confusion=None, reliability=[])
    card["figures"] = {"scifact": {}, "altered": {}, "altered_unseen": {}, "citation": {}}
    page = trust_page([card])
    assert "<svg" not in page
    assert page.count("not measured") == len(cards.bar())
