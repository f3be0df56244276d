"""Counts under the two versions of the rules, and the rules about single verdicts in manifests and runs."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import cards, contracts, runs
from generator.manifest.canonical import sha256_text
from generator.manifest.claims import agreement, bar_of, count, counts_of, passed, rules_version
from generator.manifest.derive import derived, put
from generator.manifest.problems import Problem
from generator.manifest.rules import check_manifest

EXAMPLES = contracts.folder() / "examples"
VERIFY = "Verify the claim again."


def claim(verified: bool | None, agreed: str | None = None, method: str | None = "same-words-v1") -> dict[str, Any]:
    check = {"verified": verified, "method": method, "supporting_source_ids": ["S1", "S2"]}
    return {
        "grounding": {"state": "located"},
        "verification": {**check, "agreement": agreed} if agreed else check,
    }


@pytest.mark.parametrize(
    ("supporting", "refuting", "agreed"),
    [
        (0, 0, "none"),
        (1, 0, "single-source"),
        (2, 0, "corroborated"),
        (9, 0, "corroborated"),
        (0, 1, "refuted"),
        (0, 3, "refuted"),
        (1, 1, "contested"),
        (9, 1, "contested"),
    ],
)
def test_agreement(supporting: int, refuting: int, agreed: str) -> None:
    assert agreement(supporting, refuting) == agreed


@pytest.mark.parametrize(
    ("bar", "verified", "echoed", "corroborated"), [(None, 3, 0, 0), (True, 3, 0, 1), (False, 0, 3, 0)]
)
def test_a_verdict_counts_as_verified_only_over_the_bar(
    bar: bool | None, verified: int, echoed: int, corroborated: int
) -> None:
    records = [
        claim(True, "corroborated"),
        claim(True, "single-source"),
        claim(True),
        claim(False, "contested"),
        claim(None, method=None),
    ]
    found = count(records, bar=bar)
    assert (found.verified, found.echoed, found.corroborated) == (verified, echoed, corroborated)
    assert (found.extracted, found.checked, found.located) == (5, 4, 5)
    assert passed(records) == 3
    assert counts_of({"mode": "per_claim", "records": records}, bar=bar) == found


def test_an_aggregate_without_records_keeps_its_echoes_apart() -> None:
    section = {
        "mode": "aggregate",
        "aggregate": {"extracted": 9, "verified": 0, "echoed": 4, "located": 9, "declared": 0},
    }
    found = counts_of(section, bar=False)
    assert (found.verified, found.echoed) == (0, 4)
    section["aggregate"]["verified"] = 4  # type: ignore[index]
    assert counts_of(section, bar=False).verified == 0
    assert counts_of(section).verified == 4


@pytest.mark.parametrize(
    ("holder", "mode", "version", "bar"),
    [
        ({}, "executed", "1.0", None),
        ({}, "imported", "1.0", None),
        ({"rules": {"version": "1.1", "verifier": {"meets_bar": True}}}, "executed", "1.1", True),
        ({"rules": {"version": "1.1", "verifier": {"meets_bar": False}}}, "executed", "1.1", False),
        ({"rules": {"version": "1.1", "verifier": {"meets_bar": False}}}, "imported", "1.1", None),
    ],
)
def test_which_rules_apply(holder: dict[str, Any], mode: str, version: str, bar: bool | None) -> None:
    assert (rules_version(holder), bar_of(holder, mode)) == (version, bar)


# --- a record counted again by its own rules


def below_the_bar(manifest: dict[str, Any]) -> None:
    """The same record, its verifier without a card, published by its owner's decision."""
    manifest["quality_assessment"]["rules"] = cards.rules_for("weak-words-v1", "1.0.0")
    for record in manifest["claims"]["records"]:
        record["verification"]["method"] = "weak-words-v1"
    decision = {"decision": "publish", "by": None, "reason": None, "decided_at": None, "recorded_from": "srch decide"}
    manifest["quality_assessment"]["owner_decision"] = decision
    manifest["quality_assessment"]["policy"]["outcome"] = "ESCALATE_TO_OWNER"
    manifest["disclosure"].update(human_review="owner decision")
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)


def test_echoed_claims_earn_no_tier_level_or_dimension(made: Any) -> None:
    manifest = made.manifest()
    number = manifest["claims"]["aggregate"]["verified"]
    assert number >= 5
    assert manifest["quality_assessment"]["dimensions"]["dimensions"]["evidence_strength"]["level"] == "MEDIUM"
    below_the_bar(manifest)
    assert check_manifest(manifest, file="f") == []
    aggregate, quality = manifest["claims"]["aggregate"], manifest["quality_assessment"]
    assert (aggregate["verified"], aggregate["echoed"]) == (0, number)
    assert quality["tier"]["inputs"]["verified_claim_count"] == 0
    assert quality["tier"]["tier"] == "PUBLIC_RECORD"
    assert quality["dimensions"]["dimensions"]["evidence_strength"]["level"] == "LOW"
    assert quality["verification"]["paper_level"] == 2


def test_a_claim_corroborated_over_the_bar_lifts_the_level(made: Any) -> None:
    manifest = made.manifest()
    check = manifest["claims"]["records"][0]["verification"]
    other = next(
        source["id"]
        for source in manifest["provenance"]["sources"]
        if source["id"] not in check["supporting_source_ids"]
    )
    check["supporting_source_ids"].append(other)
    check["agreement"] = "corroborated"
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)
    assert check_manifest(manifest, file="f") == []
    levels = manifest["quality_assessment"]["verification"]
    assert (levels["paper_level"], levels["claim_summary"]["cross_source_corroborated_claims"]) == (3, 1)
    below_the_bar(manifest)
    assert check_manifest(manifest, file="f") == []
    assert manifest["quality_assessment"]["verification"]["paper_level"] == 2


def test_an_echoing_verifier_cannot_approve_a_run(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    run["rules"]["verifier"].update(card=None, card_sha256=None, meets_bar=False)
    (problem,) = runs.check_run(run, file="r")
    score = run["tribunal"]["score"]
    assert (problem.place, problem.code) == ("/policy/outcome", "REG050")
    assert problem.found == f"AUTO_APPROVE at score {score} with 0 verified claims"


# --- single verdicts

Change = Callable[[dict[str, Any]], None]
Rows = list[tuple[str, str, str, str]]


def both_sides(check: dict[str, Any]) -> None:
    check["refuting_source_ids"] = ["S1"]


def contested(check: dict[str, Any]) -> None:
    check["refuting_source_ids"] = ["S2"]


def unsure(check: dict[str, Any]) -> None:
    check["p_support"] = 0.4999


def no_source(check: dict[str, Any]) -> None:
    check.update(supporting_source_ids=[], evidence=[])


def unlabelled(check: dict[str, Any]) -> None:
    for name in ("label", "p_support", "agreement", "refuting_source_ids", "evidence", "reasons"):
        del check[name]


CASES: list[tuple[Change, Rows]] = [
    (
        both_sides,
        [("/refuting_source_ids", "S1 on both sides", "each source on one side", "Leave each source on one side.")],
    ),
    (
        contested,
        [
            ("/agreement", '"single-source"', '"contested", by 1 supporting and 1 refuting sources', VERIFY),
            ("/verified", "true", "false, by 1 supporting and 1 refuting sources", VERIFY),
        ],
    ),
    (unsure, [("/p_support", "0.4999 with a supporting source", "0.5 or more", VERIFY)]),
    (
        no_source,
        [
            ("/agreement", '"single-source"', '"none", by 0 supporting and 0 refuting sources', VERIFY),
            ("/verified", "true", "false, by 0 supporting and 0 refuting sources", VERIFY),
            ("/label", '"SUPPORT"', '"NEI", by 0 supporting and 0 refuting sources', VERIFY),
        ],
    ),
    (unlabelled, [("", "a verdict without a label", "label, agreement, evidence and reasons", VERIFY)]),
]


@pytest.mark.parametrize(("change", "rows"), CASES, ids=lambda item: getattr(item, "__name__", ""))
def test_reg074_in_manifests_and_runs(change: Change, rows: Rows, made: Any) -> None:
    manifest, run = made.manifest(), copy.deepcopy(made.run.run)
    assert manifest["claims"]["records"][0]["verification"]["supporting_source_ids"] == ["S1"]
    for claims in (manifest["claims"]["records"], run["claims"]):
        change(claims[0]["verification"])
    wanted = [
        Problem("f", place, "REG074", found, expected, mend)
        for place, found, expected, mend in ((f"/verification{row[0]}", *row[1:]) for row in rows)
    ]

    def of(problems: list[Problem], prefix: str) -> list[Problem]:
        return [
            Problem("f", item.place.removeprefix(prefix), item.code, item.found, item.expected, item.mend)
            for item in problems
            if item.code == "REG074"
        ]

    assert of(check_manifest(manifest, file="f"), "/claims/records/0") == wanted
    assert of(runs.check_run(run, file="f"), "/claims/0") == wanted


def test_evidence_of_a_run_stands_in_the_source_s_text(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    item = run["claims"][0]["verification"]["evidence"][0]
    content = next(source["text"]["content"] for source in run["sources"] if source["id"] == item["source_id"])
    item["start"] += 1
    item["end"] += 1
    (problem,) = runs.check_run(run, file="r")
    assert (problem.place, problem.code) == ("/claims/0/verification/evidence/0", "REG036")
    assert problem.found.strip('"…')[:30] == content[item["start"] : item["end"]][:30]
    assert problem.mend == "Take the passage from the source again."


def test_evidence_of_a_run_is_hashed_and_named(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    evidence = run["claims"][0]["verification"]["evidence"]
    evidence[0]["quote"] = evidence[0]["quote"][:-1] + "!"
    codes = [(problem.place, problem.code) for problem in runs.check_run(run, file="r")]
    place = "/claims/0/verification/evidence/0"
    assert codes == [(f"{place}/sha256", "REG035"), (place, "REG036")]
    evidence[0]["sha256"] = sha256_text(evidence[0]["quote"])
    evidence[0]["source_id"] = "S99"
    assert [(item.place, item.code) for item in runs.check_run(run, file="r")] == [(f"{place}/source_id", "REG037")]


@pytest.mark.parametrize(("name", "holder"), list(product(["rules", "card"], ["manifest", "run"])))
def test_rules_and_cards_are_checked_in_both(name: str, holder: str, made: Any) -> None:
    document = made.manifest() if holder == "manifest" else copy.deepcopy(made.run.run)
    part = document["quality_assessment"] if holder == "manifest" else document
    if name == "rules":
        part["rules"]["verifier"]["card"] = "schemas/cards/same-words-v1/9.9.9.json"
        expected = '"schemas/cards/same-words-v1/1.0.0.json"'
    else:
        part["rules"]["verifier"].update(version="9.9.9", card="schemas/cards/same-words-v1/9.9.9.json")
        expected = "a card of the registry"
        for record in document["claims"]["records"] if holder == "manifest" else document["claims"]:
            record["verification"]["version"] = "9.9.9"
    check = check_manifest if holder == "manifest" else runs.check_run
    (problem,) = check(document, file="f")
    place = "/quality_assessment" if holder == "manifest" else ""
    assert (problem.place, problem.code) == (f"{place}/rules/verifier/card", "REG072")
    assert problem.expected == expected


def test_a_run_of_today_says_by_which_rules(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    del run["rules"]
    assert [(item.place, item.code) for item in runs.check_run(run, file="r")] == [("", "REG070")]


def test_a_run_names_one_verifier(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    run["claims"][1]["verification"]["method"] = "other-words-v1"
    (problem,) = runs.check_run(run, file="r")
    assert (problem.place, problem.code) == ("/claims/1/verification/method", "REG071")
    assert problem.found == "other-words-v1 1.0.0"


@pytest.mark.parametrize(
    "path", sorted(EXAMPLES.glob("*/valid/*.json")), ids=lambda path: f"{path.parts[-3]}-{path.stem}"
)
def test_the_examples_keep_every_rule(path: Path) -> None:
    """Where this fails after a new card, run ``python -m tests.tools.make_valid_examples``."""
    value = json.loads(path.read_bytes())
    if path.parts[-3] == "paper-manifest-v1.1":
        assert check_manifest(value, file=path.name) == []
    elif path.parts[-3] == "synthesis-run-v1":
        assert runs.check_run(value, file=path.name) == []
    elif path.parts[-3] == "verifier-card-v1":
        assert value["meets_bar"] is cards.meets_bar(value)
