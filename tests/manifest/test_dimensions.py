"""Quality dimensions over a grid of facts, against rules written here as questions."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.contracts import is_valid, table
from generator.manifest.dimensions import Fact, dimension_rule, quality_dimensions, rule_holds

KEYS = [
    "evidence_strength",
    "citation_grounding",
    "numerical_consistency",
    "benchmark_validity",
    "novelty",
    "uncertainty_disclosure",
    "reproducibility_status",
    "safety_impact",
]


def expected(facts: dict[str, Any]) -> dict[str, str]:
    if not facts["claims"] or not facts["checked"]:
        evidence = "UNASSESSED"
    elif facts["verified_share"] >= 0.8 and facts["corroborated"]:
        evidence = "HIGH"
    else:
        evidence = "MEDIUM" if facts["verified_share"] >= 0.5 else "LOW"
    if not facts["claims"]:
        grounding = "UNASSESSED"
    elif facts["all_located"] and facts["sources_listed"] >= 2:
        grounding = "HIGH"
    else:
        grounding = "MEDIUM" if facts["grounded"] and facts["sources_listed"] else "LOW"
    stated = "HIGH" if facts["uncertainty_findings"] else "MEDIUM"
    uncertainty = stated if facts["uncertainties"] else "LOW"
    listed = facts["sources_listed"] >= 1
    archived = facts["report_public"] and facts["external_record"]
    complete = facts["run_public"] and facts["all_located"]
    if listed and (archived or complete):
        reproducibility = "HIGH"
    elif facts["report_public"] or (facts["run_public"] and listed):
        reproducibility = "MEDIUM"
    else:
        reproducibility = "LOW"
    return {
        **dict.fromkeys(KEYS, "UNASSESSED"),
        "evidence_strength": evidence,
        "citation_grounding": grounding,
        "uncertainty_disclosure": uncertainty,
        "reproducibility_status": reproducibility,
    }


@st.composite
def consistent_facts(draw: st.DrawFn) -> dict[str, Fact]:
    claims = draw(st.integers(0, 12))
    located = draw(st.integers(0, claims))
    verified = draw(st.integers(0, claims))
    uncertainties = draw(st.integers(0, 5))
    return {
        "claims": claims,
        "located": located,
        "grounded": draw(st.integers(located, claims)),
        "verified": verified,
        "verified_share": verified / claims if claims else 0.0,
        "checked": draw(st.integers(verified, claims)),
        "corroborated": draw(st.integers(0, verified)),
        "uncertainties": uncertainties,
        "uncertainty_findings": draw(st.integers(0, uncertainties)),
        "report_public": draw(st.booleans()),
        "run_public": draw(st.booleans()),
        "sources_listed": draw(st.integers(0, 3)),
        "external_record": draw(st.booleans()),
        "all_located": claims > 0 and located == claims,
    }


@given(consistent_facts())
def test_levels_are_what_the_rules_ask(facts: dict[str, Fact]) -> None:
    made = quality_dimensions(facts)
    assert {key: item["level"] for key, item in made["dimensions"].items()} == expected(facts)
    assert is_valid(made, "quality-dimensions")
    assert all(item["score"] is None for item in made["dimensions"].values())


@given(consistent_facts())
def test_the_basis_belongs_to_the_level(facts: dict[str, Fact]) -> None:
    for key, item in quality_dimensions(facts)["dimensions"].items():
        rule = dimension_rule(key, facts)
        assert (item["level"], item["basis"]) == (rule["level"], rule["basis"])
        earlier = table("quality-dimensions", "x-rules")[key]
        assert not any(rule_holds(row["when"], facts) for row in earlier[: earlier.index(rule)])


@pytest.mark.parametrize("share", [n / 20 for n in range(21)])
@pytest.mark.parametrize("corroborated", [0, 1])
def test_thresholds_of_evidence_strength(share: float, corroborated: int) -> None:
    facts = {"claims": 20, "checked": 20, "verified_share": share, "corroborated": corroborated}
    wanted = "HIGH" if share >= 0.8 and corroborated else "MEDIUM" if share >= 0.5 else "LOW"
    assert dimension_rule("evidence_strength", facts)["level"] == wanted


def test_keys_stand_in_the_order_of_the_contract() -> None:
    assert list(table("quality-dimensions", "x-rules")) == KEYS
    assert [row["key"] for row in table("quality-dimensions", "x-dimensions")] == KEYS


@pytest.mark.parametrize(("value", "limit"), list(product([0, 1, 2, 0.5], [0, 1, 2])))
def test_a_condition_compares(value: float, limit: int) -> None:
    assert rule_holds({"x": {"min": limit}}, {"x": value}) is (value >= limit)
    assert rule_holds({"x": {"equals": limit}}, {"x": value}) is (value == limit)


def test_all_conditions_of_a_rule_must_hold() -> None:
    when = {"a": {"min": 1}, "b": {"equals": True}}
    assert [rule_holds(when, {"a": a, "b": b}) for a in (0, 1) for b in (False, True)] == [False, False, False, True]
    assert rule_holds({}, {}) is True
