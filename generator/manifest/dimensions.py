"""Quality dimensions: eight aspects, each the first rule of its table in ``schemas/quality-dimensions-v1.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.manifest.contracts import envelope, schema, table

NAME = "quality-dimensions"
Fact = bool | int | float


def dimension_rule(key: str, facts: Mapping[str, Fact]) -> dict[str, Any]:
    """The rule that fires for dimension ``key``; the last rule of each table asks for nothing."""
    rules: list[dict[str, Any]] = table(NAME, "x-rules")[key]
    for rule in rules:
        if rule_holds(rule["when"], facts):
            return rule
    raise AssertionError(f"the last rule of {key} must always fire")


def quality_dimensions(facts: Mapping[str, Fact]) -> dict[str, Any]:
    """The ``quality-dimensions-v1`` object; ``score`` stays null because no check here measures on a scale."""
    definitions = schema(NAME)["properties"]["dimensions"]["properties"]
    dimensions = {}
    for key in table(NAME, "x-rules"):
        rule = dimension_rule(key, facts)
        dimensions[key] = {
            "score": None,
            "level": rule["level"],
            "basis": rule["basis"],
            "definition": definitions[key]["properties"]["definition"]["const"],
        }
    return {
        **envelope(NAME),
        "dimensions": dimensions,
        **table(NAME, "x-texts"),
    }


def rule_holds(when: Mapping[str, Mapping[str, Any]], facts: Mapping[str, Fact]) -> bool:
    """Whether every condition ``{fact: {"min": n} | {"equals": v}}`` of a rule holds; no condition always holds."""
    return all(_holds(facts[name], test) for name, test in when.items())


def _holds(value: Fact, test: Mapping[str, Any]) -> bool:
    if "equals" in test:
        return bool(value == test["equals"])
    return bool(value >= test["min"])
