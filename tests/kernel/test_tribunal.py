"""The rubric checks: points of each item for hand-made drafts, blindness, caps, and the published table."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel import tribunal
from generator.kernel.tribunal import Draft, review
from generator.manifest.contracts import table

POINTS = {
    "SKEPTIC": {"SK1": 3, "SK2": 1, "SK3": 2, "SK4": 2, "SK5": 2},
    "VALIDATOR": {"VA1": 3, "VA2": 1, "VA3": 2, "VA4": 1, "VA5": 2, "VA6": 1},
    "SYNTHESIZER": {"SY1": 3, "SY2": 2, "SY3": 1, "SY4": 2, "SY5": 2},
}
MEETS, MISSES = ({"version": "1.1", "verifier": {"meets_bar": meets}} for meets in (True, False))
PREFIX = "Before it. "
LONG = "one two three four five six seven eight nine ten eleven twelve thirteen"


def claim(number: int, source: int, **verification: Any) -> dict[str, Any]:
    text = f"Trees cool street {number}."
    return {
        "id": f"C{number}",
        "text": text,
        "theme": "T1",
        "grounding": {
            "state": "located",
            "source_id": f"S{source}",
            "locator": {"start": len(PREFIX), "end": len(PREFIX) + len(text)},
        },
        "verification": {
            "verified": True,
            "method": "same-words-v1",
            "agreement": "single-source",
            "supporting_source_ids": [f"S{source}"],
            **verification,
        },
    }


def source(number: int, content: str, section: str = "abstract", status: str = "active") -> dict[str, Any]:
    return {"id": f"S{number}", "status": status, "text": {"section": section, "content": content}}


def good(papers: int = 6) -> Draft:
    """One claim of each of six papers, all verified by a method that meets the bar, each by its own source alone."""
    claims = [claim(number, number) for number in range(1, papers + 1)]
    quotes = " ".join(f"S{number} reports: “{item['text']}” [C{number}]." for number, item in enumerate(claims, 1))
    return Draft(
        question="Do trees cool streets?",
        sources=[source(number, PREFIX + item["text"] + " " + LONG) for number, item in enumerate(claims, 1)],
        excluded=[],
        claims=claims,
        disagreements=[],
        abstract={"text": f"Papers speak. {quotes}", "claim_ids": [item["id"] for item in claims]},
        uncertainties=[{"kind": "method", "text": "Weak."}, {"kind": "finding", "text": "Few."}],
        rules=MEETS,
    )


def points(draft: Draft) -> dict[str, float]:
    checks, _ = review(draft)
    return {item["id"]: item["points"] for check in checks for item in check["items"]}


def changed(draft: Draft, **changes: Any) -> dict[str, float]:
    """Points that a change takes or gives, against the good draft."""
    before, after = points(good()), points(replace(draft, **changes))
    return {name: after[name] for name in before if before[name] != after[name]}


def with_claims(*claims: dict[str, Any]) -> Draft:
    return replace(good(), claims=list(claims))


def test_the_points_table_is_the_schema_s() -> None:
    rubric = table("synthesis-run", "x-rubric")
    assert {role: {row["id"]: row["of"] for row in rubric[role]["items"]} for role in rubric} == POINTS
    assert list(rubric) == table("synthesis-run", "x-tribunal")["roles"]
    assert set(tribunal._ITEMS) == {name for items in POINTS.values() for name in items}
    assert all(sum(items.values()) == 10 for items in POINTS.values())


def test_a_good_draft_earns_all_but_what_one_source_and_an_abstract_cannot() -> None:
    checks, consensus = review(good())
    unearned = {"VA5": 0, "VA6": 0}
    assert points(good()) == {name: of for items in POINTS.values() for name, of in items.items()} | unearned
    assert [(check["role"], check["score"]) for check in checks] == [
        ("SKEPTIC", 10.0),
        ("VALIDATOR", 7.0),
        ("SYNTHESIZER", 10.0),
    ]
    assert consensus == 9.0


def test_a_method_that_misses_the_bar_earns_nothing_for_verified_claims() -> None:
    assert changed(good(), rules=MISSES) == {"SK5": 0, "VA3": 0}
    found = {
        item["id"]: item["finding"] for check in review(replace(good(), rules=MISSES))[0] for item in check["items"]
    }
    assert found["SK2"] == "6 of 6 claims passed."
    assert found["SK5"] == "0 of 6 claims were confirmed by such a method."
    assert found["VA3"] == "0 verified claims; policy asks for 5."


def test_sk1_a_claim_out_of_place() -> None:
    moved = claim(1, 1)
    moved["grounding"]["locator"]["start"] += 1
    assert changed(good(), claims=[moved, *good().claims[1:]])["SK1"] == 2.5


def test_sk2_a_claim_that_did_not_pass() -> None:
    failed = claim(1, 1, verified=False, agreement="contested")
    assert changed(good(), claims=[failed, *good().claims[1:]]) == {"SK2": 0.83, "SK5": 1.67}


def test_sk3_a_term_that_no_claim_holds() -> None:
    assert changed(good(), question="Do trees cool streets and lawns?") == {"SK3": 1.5}


def test_sk4_a_disagreement_that_nobody_names() -> None:
    pair = [{"claim_ids": ["C1", "C2"], "basis": "x"}, {"claim_ids": ["C3", "C4"], "basis": "x"}]
    named = {"kind": "finding", "text": "C1 and C2 may contradict each other."}
    assert changed(good(), disagreements=pair) == {"SK4": 0}
    assert changed(good(), disagreements=pair, uncertainties=[*good().uncertainties, named]) == {"SK4": 1}


def test_va5_claims_of_several_sources() -> None:
    several = [claim(number, number, agreement="corroborated") for number in range(1, 7)]
    assert changed(good(), claims=several) == {"VA5": 2}
    assert changed(good(), claims=[*several[:3], *good().claims[3:]]) == {"VA5": 1}
    assert changed(good(), claims=several, rules=MISSES) == {"SK5": 0, "VA3": 0}


def test_va1_va2_and_va3_fewer_papers_and_claims() -> None:
    two = good().claims[:2]
    few = changed(good(), claims=two, abstract={**good().abstract, "claim_ids": ["C1", "C2"]})
    assert {name: few[name] for name in ("VA1", "VA3")} == {"VA1": 1, "VA3": 0.8}
    crowd = [claim(number, 1 if number < 6 else 2) for number in range(1, 7)]
    assert changed(good(), claims=crowd)["VA2"] == round(2 * (1 - 5 / 6), 2)


def test_va4_a_withdrawn_source_in_use() -> None:
    sources = [source(1, good().sources[0]["text"]["content"], status="withdrawn"), *good().sources[1:]]
    assert changed(good(), sources=sources) == {"VA4": 0}


def test_va6_a_source_read_further() -> None:
    sources = [source(1, good().sources[0]["text"]["content"], section="body"), *good().sources[1:]]
    assert changed(good(), sources=sources) == {"VA6": round(1 / 6, 2)}


def test_sy1_fewer_papers_quoted() -> None:
    one = {"text": "S1 reports: “Trees cool street 1.” [C1].", "claim_ids": ["C1"]}
    assert changed(good(), abstract=one) == {"SY1": 0.75}


def test_sy2_a_quotation_that_is_no_claim() -> None:
    text = good().abstract["text"] + " S1 reports: “Trees warm.”"
    assert changed(good(), abstract={**good().abstract, "text": text}) == {"SY2": round(2 * 6 / 7, 2)}
    unquoted = {**good().abstract, "text": "Nothing is quoted."}
    assert changed(good(), abstract=unquoted)["SY2"] == 0
    assert "SY2" not in changed(good(), abstract={**unquoted, "produced_by": {"mode": "model"}})


@pytest.mark.parametrize(("length", "earned"), [(11, 1), (12, 0), (13, 0)])
def test_sy3_twelve_words_of_a_source(length: int, earned: int) -> None:
    taken = " ".join(LONG.upper().split()[:length])
    text = f"{good().abstract['text']} {taken}"
    assert changed(good(), abstract={**good().abstract, "text": text}) == ({} if earned else {"SY3": 0})


def test_sy4_each_kind_of_uncertainty_is_half() -> None:
    assert changed(good(), uncertainties=good().uncertainties[:1]) == {"SY4": 1}
    assert changed(good(), uncertainties=[]) == {"SY4": 0}


def test_sy5_a_claim_alone_in_its_theme() -> None:
    alone = {**claim(1, 1), "theme": "T2"}
    assert changed(good(), claims=[alone, *good().claims[1:]]) == {"SY5": round(2 * 5 / 6, 2)}


def test_each_check_gets_its_own_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def greedy(draft: Draft) -> tuple[float, str]:
        seen.append(id(draft.claims))
        del draft.claims[1:]
        draft.abstract["text"] = ""
        return 1.0, "I changed what I saw."

    monkeypatch.setitem(tribunal._ITEMS, "SK1", greedy)
    draft = good()
    before = copy.deepcopy(draft)
    found = points(draft)
    assert draft == before
    assert seen
    assert seen[0] != id(draft.claims)
    assert {name: found[name] for name in ("VA1", "VA3", "SY1", "SY2")} == {"VA1": 3, "VA3": 2, "SY1": 3, "SY2": 2}


def test_one_source_is_capped_below_revision() -> None:
    draft = with_claims(*(claim(number, 1) for number in range(1, 7)))
    draft = replace(draft, sources=[source(1, PREFIX + "Trees cool street 1.")])
    checks, consensus = review(draft)
    assert consensus <= 3.9 < sum(check["score"] for check in checks) / 3
    assert table("synthesis-run", "x-tribunal")["revise_min_score"] == 4.0


def test_claims_about_something_else_are_capped_too() -> None:
    asked = "Do trees, lawns, ponds, sails or vines cool streets?"
    checks, consensus = review(replace(good(), question=asked))
    assert consensus == 3.9 < sum(check["score"] for check in checks) / 3


def test_no_claim_earns_nothing() -> None:
    checks, consensus = review(replace(good(), claims=[], abstract={"text": "", "claim_ids": []}))
    assert consensus == 0
    assert {item["finding"] for check in checks for item in check["items"]} == {"There is no claim to look at."}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.sampled_from(["T1", "T2"])), max_size=8))
def test_points_stay_within_their_bounds(drawn: list[tuple[int, bool, str]]) -> None:
    claims = [
        {**claim(number, home, verified=verified), "theme": theme}
        for number, (home, verified, theme) in enumerate(drawn, start=1)
    ]
    draft = replace(with_claims(*claims), abstract={"text": "", "claim_ids": [item["id"] for item in claims]})
    checks, consensus = review(draft)
    assert 0 <= consensus <= 10
    for check in checks:
        assert all(0 <= item["points"] <= item["of"] for item in check["items"])
        assert check["score"] == round(sum(item["points"] for item in check["items"]), 1)
    assert review(draft) == (checks, consensus)
