"""The public contracts, their examples, and the words in which a breach is reported."""

from __future__ import annotations

import copy
import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonpatch
import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from generator.manifest import contracts
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import Problem

SCHEMAS = Path(__file__).parents[2] / "schemas"
EXAMPLES = SCHEMAS / "examples"
NAMES = contracts.names()
STEMS = {contracts.schema(name)["x-contract"]: name for name in NAMES}
EARLIER = {
    "correction-record/1.0.0": "eca600d6ad4b77e1845cd57937a6f074ab22906b35debfc45daf12b8349828bb",
    "correction-record/1.0.1": "6bde6006c581a1dd73dc37bddcccf1edd94a1a3a314bed097e460c53868b6181",
    "correction-record/1.1.0": "bd26135efdc1bd98263c7847f912393e5d59b9664be8c1b81a9ea06e687b2c20",
    "paper-manifest/1.1.0": "7d3ea7ac0ac184152a036cbb5c08f297237d50e04f1167abbdea3792877b8aab",
    "paper-manifest/1.1.1": "7314a86be7385930637c7a83d923b0a5b051831eea700bd52e005c6e4ef81951",
    "source-provenance/1.0.0": "fcdcadddb7d103a89bcd7e630db27c9e08f9b9d482911fac3c37792e9b8e02bf",
    "synthesis-run/1.0.0": "0ed131c5c1d3f0284bc986965793e7565ca57c17595d65e9304750f568234b6c",
    "synthesis-run/1.0.1": "c6ba9d2fc3ad6fe9151c655a9d95bddb8f85975a02b4b3ff126066a27a58e7ab",
    "verification-levels/1.0.0": "1cab4b1b1dd708af0244b45d65b486b4fbaa9fc6aeff290380362e765e82b392",
}
VALID = sorted([*EXAMPLES.glob("*/valid/*.json"), *EXAMPLES.glob("*/defs/*/*.json")])
CASES = [
    pytest.param(path.parent.name, case, id=f"{path.parent.name}:{case['case']}")
    for path in sorted(EXAMPLES.glob("*/invalid.json"))
    for case in json.loads(path.read_text(encoding="utf-8"))
]
NO_CONSTRAINTS = {
    *("$schema", "$id", "$ref", "$defs", "title", "description", "if", "then", "else", "items"),
    *("properties", "patternProperties"),
}


@cache
def reference_validator(contract: str, definition: str | None) -> jsonschema.Draft202012Validator:
    """A second implementation of JSON Schema, with all formats checked."""
    target = contracts.schema_id(contract) + (f"#/$defs/{definition}" if definition else "")
    return validator_of(target)


def validator_of(target: str) -> jsonschema.Draft202012Validator:
    paths = [*SCHEMAS.glob("*.json"), *SCHEMAS.glob("earlier/*/*.json")]
    files = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    resources: list[tuple[str, Resource[Any]]] = [(file["$id"], DRAFT202012.create_resource(file)) for file in files]
    return jsonschema.Draft202012Validator(
        {"$ref": target},
        registry=Registry().with_resources(resources),
        format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER,
    )


def definition_of(base: str) -> str | None:
    return base.split("/")[1] if base.startswith("defs/") else None


def written_out(value: Any, times: int) -> Any:
    if isinstance(value, str):
        return value * times
    copies = [json.loads(json.dumps(value).replace("{n}", str(number + 1))) for number in range(times)]
    if isinstance(value, dict):
        return {name: item for copy in copies for name, item in copy.items()}
    return [item for copy in copies for item in copy]


def invalid_value(stem: str, case: dict[str, Any]) -> Any:
    """The case's base with its patch applied."""
    value = json.loads((EXAMPLES / stem / case["base"]).read_text(encoding="utf-8"))
    patch = [
        {**op, "value": written_out(op["value"], op["repeat"])} if "repeat" in op else dict(op) for op in case["patch"]
    ]
    return jsonpatch.apply_patch(value, [{k: v for k, v in op.items() if k != "repeat"} for op in patch])


def constraints(rule: Any, place: str = "") -> Iterator[str]:
    """JSON Pointers to all constraints of a schema file; any keyword that is not known to be none counts as one."""
    for keyword, value in rule.items():
        here = f"{place}/{keyword}"
        if keyword in ("properties", "patternProperties", "$defs"):
            for name, inner in value.items():
                yield from constraints(inner, f"{here}/{name.replace('~', '~0').replace('/', '~1')}")
        elif keyword in ("items", "then", "else"):
            yield from constraints(value, here)
        elif keyword == "required":
            yield from (f"{here}/{index}" for index in range(len(value)))
        elif keyword not in NO_CONSTRAINTS and not keyword.startswith("x-"):
            yield here


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def properties_of(rule: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(rule, dict):
        if isinstance(rule.get("properties"), dict):
            yield from rule["properties"].items()
        for keyword, inner in rule.items():
            if keyword not in ("if", "contains"):
                yield from properties_of(inner)


@pytest.mark.parametrize("name", NAMES)
def test_schema_is_valid_and_named_by_its_version(name: str) -> None:
    schema = contracts.schema(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    stem = schema["x-contract"]
    assert (SCHEMAS / f"{stem}.json").is_file()
    assert stem.startswith(f"{name}-v")
    version = schema["$id"].removeprefix(f"https://assignee.net/schemas/{name}/").removesuffix(".json")
    major, minor, patch = version.split(".")
    assert all(part.isdigit() for part in (major, minor, patch))
    assert schema["title"]
    assert schema["description"]
    if name == "correction-event":  # written by hand: it names its schema, and no more
        assert schema["$defs"]["event_fields"]["properties"]["schema"]["const"] == schema["$id"]
        return
    assert contracts.envelope(name) == {
        "schema": schema["$id"],
        "schema_version": f"{major}.{minor}",
        "contract_version": f"{name}-v{major}.{minor}",
    }
    assert contracts.contract_version(name) == f"{name}-v{major}.{minor}"


def test_ids_are_unique_and_every_file_is_a_contract() -> None:
    ids = Counter(contracts.schema_id(name) for name in NAMES)
    assert set(ids.values()) == {1}
    assert len(NAMES) == len(list(SCHEMAS.glob("*.json"))) == 12


def test_earlier_versions_are_kept_as_they_were_published() -> None:
    kept = {}
    for path in SCHEMAS.glob("earlier/*/*.json"):
        name = f"{path.parent.name}/{path.stem}"
        assert json.loads(path.read_bytes())["$id"] == f"https://assignee.net/schemas/{name}.json"
        kept[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept == EARLIER
    earlier = {f"https://assignee.net/schemas/{name}.json" for name in EARLIER}
    assert set(contracts.documents()) == earlier | {contracts.schema_id(name) for name in NAMES}


def test_the_versions_of_a_contract_are_listed_newest_first() -> None:
    base = "https://assignee.net/schemas"
    assert contracts.schema_ids("synthesis-run") == (
        f"{base}/synthesis-run/1.0.2.json",
        f"{base}/synthesis-run/1.0.1.json",
        f"{base}/synthesis-run/1.0.0.json",
    )
    assert contracts.schema_ids("quality-tiers") == (f"{base}/quality-tiers/1.0.0.json",)
    numbers = ["1.0.10", "1.0.9", "1.1.0", "2.0.0", "10.0.0"]
    assert sorted(numbers, key=contracts.version_key) == ["1.0.9", "1.0.10", "1.1.0", "2.0.0", "10.0.0"]


EARLIER_EXAMPLES = sorted(EXAMPLES.glob("*/earlier/*/*.json"))


@pytest.mark.parametrize("path", EARLIER_EXAMPLES, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_a_value_is_held_against_the_version_it_names(path: Path) -> None:
    name, version = STEMS[path.parents[2].name], path.parent.name
    value = json.loads(path.read_bytes())
    assert value["schema"] == f"https://assignee.net/schemas/{name}/{version}.json"
    assert stored_bytes(value) == path.read_bytes()
    assert contracts.validate(value, name, file="f") == []
    assert contracts.is_valid(value, name)
    assert list(validator_of(value["schema"]).iter_errors(value)) == []
    if contracts.version_key(contracts.schema_id(name))[:2] != contracts.version_key(value["schema"])[:2]:
        return  # a new second number may ask for more
    # the third number only adds: the value keeps the later version too once it and its parts name it
    latest = {**copy.deepcopy(value), **contracts.envelope(name)}
    if name == "paper-manifest":
        address = contracts.schema_id(name)
        assessment = latest["quality_assessment"]
        latest["provenance"]["schema"] = contracts.part_address(address, "provenance")
        assessment["verification"]["schema"] = contracts.part_address(address, "quality_assessment", "verification")
    assert contracts.validate(latest, name, file="f") == []
    assert reference_validator(name, None).is_valid(latest)


def test_an_earlier_version_does_not_know_what_a_later_one_added() -> None:
    run = json.loads((EXAMPLES / "synthesis-run-v1/valid/executed.json").read_bytes())
    run["schema"] = "https://assignee.net/schemas/synthesis-run/1.0.0.json"
    round_number = len(run["tribunal"]["rounds"]) - 1
    in_1_0_2 = {
        *("/agreements", "/costs", "/related", "/retrieval/searches", "/synthesis", "/unanswered"),
        *("/sources/0/also", "/sources/0/text/sections", "/tribunal/paired_check"),
        *(f"/sources/{index}/full_text" for index in range(len(run["sources"]))),
        f"/tribunal/rounds/{round_number}/reviews",
    }
    added = in_1_0_2 | {"/rules"} | {
        f"/claims/{index}/verification/{name}"
        for index in range(len(run["claims"]))
        for name in ("version", "label", "p_support", "agreement", "refuting_source_ids", "evidence", "reasons")
    }
    problems = contracts.validate(run, "synthesis-run", file="f")
    assert {problem.place for problem in problems} == added
    assert {problem.expected for problem in problems} == {"only the properties of the contract"}


@pytest.mark.parametrize(
    "named",
    [
        "https://assignee.net/schemas/synthesis-run/1.0.7.json",
        "https://assignee.net/schemas/gate-verdict/1.0.0.json",
        7,
    ],
)
def test_a_value_that_names_no_version_of_the_contract_is_held_against_the_latest(named: Any) -> None:
    run = json.loads((EXAMPLES / "synthesis-run-v1/valid/executed.json").read_bytes())
    (problem,) = contracts.validate({**run, "schema": named}, "synthesis-run", file="f")
    assert (problem.place, problem.expected) == ("/schema", f'"{contracts.schema_id("synthesis-run")}"')


@pytest.mark.parametrize("own", list(contracts.documents()))
def test_every_reference_resolves_within_the_contracts(own: str) -> None:
    by_id = contracts.documents()
    for reference in references(by_id[own]):
        target, _, fragment = reference.partition("#")
        assert target != own, f"{reference}: a local reference is written without the address"
        found: Any = by_id[target or own]
        for part in fragment.split("/")[1:]:
            found = found[part]
        assert isinstance(found, dict)


@pytest.mark.parametrize("name", NAMES)
def test_every_property_is_described(name: str) -> None:
    bare = [key for key, rule in properties_of(contracts.schema(name)) if not rule.get("description")]
    assert bare == []


@pytest.mark.parametrize("path", VALID, ids=lambda path: path.relative_to(EXAMPLES).as_posix())
def test_valid_example_is_accepted_by_both_validators_and_kept_as_the_tools_write_it(path: Path) -> None:
    stem, base = path.relative_to(EXAMPLES).parts[0], path.relative_to(EXAMPLES / path.relative_to(EXAMPLES).parts[0])
    definition = definition_of(base.as_posix())
    data = path.read_bytes()
    value = json.loads(data)
    assert contracts.validate(value, STEMS[stem], file=path.name, definition=definition) == []
    assert contracts.is_valid(value, STEMS[stem], definition=definition)
    assert list(reference_validator(STEMS[stem], definition).iter_errors(value)) == []
    assert stored_bytes(value) == data


@pytest.mark.parametrize("stem", STEMS)
def test_each_contract_has_two_valid_examples(stem: str) -> None:
    assert len(list((EXAMPLES / stem / "valid").glob("*.json"))) >= 2


@pytest.mark.parametrize(("stem", "case"), CASES)
def test_invalid_example_fails_for_its_one_reason(stem: str, case: dict[str, Any]) -> None:
    value = invalid_value(stem, case)
    definition = definition_of(case["base"])
    problems = contracts.validate(value, STEMS[stem], file="an example", definition=definition)
    assert problems == [Problem(file="an example", code="REG010", **case["problem"])]
    assert not contracts.is_valid(value, STEMS[stem], definition=definition)
    assert not reference_validator(STEMS[stem], definition).is_valid(value)
    found, expected, mend = (case["problem"][key] for key in ("found", "expected", "mend"))
    assert len(found) <= 120
    assert mend.endswith(".")
    assert not any("\n" in words for words in (found, expected, mend))


@pytest.mark.parametrize("stem", STEMS)
def test_each_constraint_has_exactly_one_invalid_example(stem: str) -> None:
    cases = json.loads((EXAMPLES / stem / "invalid.json").read_text(encoding="utf-8"))
    expected = list(constraints(contracts.schema(STEMS[stem])))
    assert Counter(case["violates"] for case in cases) == Counter(expected)
    assert set(Counter(case["case"] for case in cases).values()) == {1}
    assert (EXAMPLES / stem / "invalid.json").read_bytes() == stored_bytes(cases)


def test_problems_are_ordered_by_place_and_each_unexpected_property_has_its_own() -> None:
    value = {**json.loads((EXAMPLES / "gate-verdict-v1/valid/unverified.json").read_text(encoding="utf-8"))}
    value.update({"zeta": 1, "alpha": 2, "statuss": 3, "gate": 4})
    problems = contracts.validate(value, "gate-verdict", file="f.json")
    assert [problem.place for problem in problems] == ["/alpha", "/gate", "/statuss", "/zeta"]
    assert problems[2].mend == 'Rename it to "status", or remove it.'


def test_a_name_of_an_extended_definition_is_suggested() -> None:
    value = json.loads((EXAMPLES / "synthesis-run-v1/defs/decision/by-owner.json").read_text(encoding="utf-8"))
    value["decided"] = value["decided_at"]
    (problem,) = contracts.validate(value, "synthesis-run", file="d", definition="decision")
    assert problem.mend == 'Rename it to "decided_at", or remove it.'


def test_names_with_pointer_characters_are_escaped_and_long_values_are_cut() -> None:
    value = json.loads((EXAMPLES / "gate-verdict-v1/valid/unverified.json").read_text(encoding="utf-8"))
    value["a/b~c"] = 1
    value["status"] = "x" * 10_000
    problems = contracts.validate(value, "gate-verdict", file="f.json")
    assert [problem.place for problem in problems] == ["/a~1b~0c", "/status"]
    assert len(problems[1].found) <= 80


@pytest.mark.parametrize("value", [None, [], "text", 0, 0.5, True])
@pytest.mark.parametrize("name", NAMES)
def test_what_is_no_object_is_one_problem(name: str, value: Any) -> None:
    (problem,) = contracts.validate(value, name, file="f.json")
    assert (problem.place, problem.expected) == ("", "an object")


def test_unknown_names_are_errors_of_the_caller() -> None:
    with pytest.raises(KeyError):
        contracts.schema("no-such-contract")
    with pytest.raises(KeyError):
        contracts.validate({}, "synthesis-run", file="f", definition="no-such-definition")
    with pytest.raises(KeyError):
        contracts.table("quality-tiers", "x-nothing")


def test_rule_tables_are_total_and_each_rule_has_its_own_words() -> None:
    thresholds = contracts.table("quality-tiers", "x-thresholds")
    assert [row["tier"] for row in thresholds] == contracts.schema("quality-tiers")["$defs"]["tier"]["enum"]
    assert len({row["basis"] for row in thresholds}) == len({row["rule"] for row in thresholds}) == len(thresholds)
    last = thresholds[-1]
    assert (last["min_score"], last["min_verified_claims"], last["reproducibility"]) == (0, 0, None)
    assert "reproducibility" in thresholds[0]["basis"]

    rules = contracts.table("quality-dimensions", "x-rules")
    keys = list(contracts.schema("quality-dimensions")["properties"]["dimensions"]["properties"])
    assert list(rules) == keys == [row["key"] for row in contracts.table("quality-dimensions", "x-dimensions")]
    assert all(rows[-1]["when"] == {} for rows in rules.values())
    every = [row for rows in rules.values() for row in rows]
    assert len({row["basis"] for row in every}) == len({row["rule"] for row in every}) == len(every)

    for name in ("verification-levels", "source-provenance"):
        levels = contracts.table(name, "x-levels")
        assert [(row["level"], row["key"]) for row in levels] == [(n, f"L{n}") for n in range(len(levels))]
        assert len({row["basis"] for row in levels}) == len(levels)
    counters = contracts.schema("verification-levels")["properties"]["claim_summary"]["required"]
    assert {row["counter"] for row in contracts.table("verification-levels", "x-levels")} - {None} <= set(counters)


def test_tables_and_enumerations_name_the_same_things() -> None:
    def enum_of(name: str, *path: str) -> list[Any]:
        found: Any = contracts.schema(name)
        for part in path:
            found = found[part]
        return [option for option in found["enum"] if option is not None]

    def column(name: str, keyword: str, key: str) -> list[Any]:
        return [row[key] for row in contracts.table(name, keyword)]

    assert set(column("correction-record", "x-states", "state")) == set(enum_of("correction-record", "$defs", "state"))
    assert sorted(column("correction-record", "x-notices", "notice")) == enum_of(
        "correction-event", "$defs", "notice_or_null"
    )
    types = enum_of("correction-event", "$defs", "correction_type")
    assert column("correction-record", "x-correction-types", "correction_type") == types
    for name in ("correction-event", "paper-manifest"):
        assert set(column(name, "x-facts", "type")) <= set(types)
    treatments = column("correction-record", "x-treatments", "treatment")
    assert {row["treatment"] for row in contracts.table("correction-record", "x-notices")} == set(treatments)
    assert column("gate-verdict", "x-statuses", "status") == enum_of("gate-verdict", "properties", "status")
    assert column("gate-verdict", "x-reasons", "reason_code") == enum_of("gate-verdict", "properties", "reason_code")
    assert list(contracts.table("source-provenance", "x-review-methods").values()) == enum_of(
        "source-provenance", "properties", "review_method"
    )
    roles = contracts.table("synthesis-run", "x-tribunal")["roles"]
    assert list(contracts.table("synthesis-run", "x-rubric")) == roles
    assert roles == enum_of("synthesis-run", "$defs", "checks", "items", "properties", "role")
