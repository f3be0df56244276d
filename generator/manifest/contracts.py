"""The public contracts: the JSON Schemas in ``schemas/``, their rule tables, and validation against them.

A contract is asked for by its bare name, such as ``"quality-tiers"``, and means its latest version. Earlier versions
stay in ``schemas/earlier/<name>/<version>.json``: a value is held against the very version it names. Schemas are read
from the repository, or from the installed package; nothing is ever fetched. What these functions return is shared:
read it, do not change it.
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

from generator.manifest.canonical import canonical_bytes
from generator.manifest.problems import Problem, pointer, shown

Rule = dict[str, Any]
Words = tuple[str, str, str]  # found, expected, mend

CODE = "REG010"
_LONG = 400
_PACKAGE = Path(__file__).resolve().parent.parent

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
}
_FORMATS = {
    "date-time": "a date and time that exist",
    "date": "a date that exists",
    "uri": "a web address as RFC 3986 defines it",
    "json-pointer": "a JSON Pointer as RFC 6901 defines it",
}


def folder() -> Path:
    """Where the schema files lie: in the installed package, or else in the repository."""
    installed = _PACKAGE / "_schemas"
    return installed if installed.is_dir() else _PACKAGE.parent / "schemas"


def names() -> tuple[str, ...]:
    """Bare names of all contracts, sorted."""
    return tuple(sorted(_schemas()))


@cache
def documents() -> dict[str, dict[str, Any]]:
    """Address -> schema, of all versions of all contracts."""
    return {content["$id"]: content for content in [*_schemas().values(), *_read("earlier/*/*.json")]}


def schema(name: str) -> dict[str, Any]:
    """The contract's JSON Schema; ``KeyError`` for an unknown name."""
    return _schemas()[name]


def table(name: str, keyword: str, *, address: str | None = None) -> Any:
    """A rule table of the contract, such as ``table("quality-tiers", "x-thresholds")``, in its latest version or in the
    one at ``address``."""
    return (schema(name) if address is None else documents()[address])[keyword]


def schema_id(name: str) -> str:
    """The absolute address of the contract's latest version, with its full number."""
    return str(schema(name)["$id"])


def schema_ids(name: str) -> tuple[str, ...]:
    """The addresses of all versions of the contract, the latest first; ``KeyError`` for an unknown name."""
    latest = schema_id(name)
    earlier = (address for address in documents() if _name(address) == name and address != latest)
    return (latest, *sorted(earlier, key=version_key, reverse=True))


def version_key(address: str) -> tuple[int, ...]:
    """What orders addresses (or plain numbers such as ``1.0.10``) by version."""
    return tuple(int(part) for part in address.rsplit("/", 1)[-1].removesuffix(".json").split("."))


def names_version(value: object, name: str) -> str:
    """The address of the version that ``value`` names; the latest where it names none, or one that is not known."""
    named = value.get("schema") if isinstance(value, dict) else None
    return named if isinstance(named, str) and named in documents() and _name(named) == name else schema_id(name)


def contract_version(name: str) -> str:
    """Name and minor version as instances carry them, such as ``quality-tiers-v1.0``."""
    return str(schema(name)["properties"]["contract_version"]["const"])


def part_address(address: str, *path: str) -> str:
    """The address of the contract that the part at ``path`` of the contract at ``address`` keeps."""
    node: Any = documents()[address]
    for name in path:
        node = node["properties"][name]
    return str(node["$ref"])


def envelope(name: str, *, address: str | None = None) -> dict[str, str]:
    """The three fields that every instance of the contract begins with, in its latest version or the one given."""
    properties = (schema(name) if address is None else documents()[address])["properties"]
    return {key: properties[key]["const"] for key in ("schema", "schema_version", "contract_version")}


def is_valid(value: object, name: str, *, definition: str | None = None) -> bool:
    """Whether ``value`` keeps the version of the contract that it names (see ``names_version``), or the ``definition``
    below the latest version's ``$defs``. Fast."""
    return _validator(_address(value, name, definition), definition).is_valid(value)


def validate(value: object, name: str, *, file: str, definition: str | None = None) -> list[Problem]:
    """Every breach of the contract (or of its ``definition``) in ``value``, in the order of their places."""
    validator = _validator(_address(value, name, definition), definition)
    if validator.is_valid(value):
        return []
    return sorted({problem for error in validator.iter_errors(value) for problem in _problems(error, file)})


@cache
def _schemas() -> dict[str, dict[str, Any]]:
    """Bare name -> the latest version."""
    return {_name(content["$id"]): content for content in _read("*.json")}


def _read(pattern: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder().glob(pattern))]


def _name(address: str) -> str:
    return address.split("/")[-2]


def _address(value: object, name: str, definition: str | None) -> str:
    return schema_id(name) if definition is not None else names_version(value, name)


@cache
def _registry() -> jsonschema_rs.Registry:
    return jsonschema_rs.Registry(list(documents().items()))


@cache
def _validator(address: str, definition: str | None) -> jsonschema_rs.Draft202012Validator:
    where = address
    if definition is not None:
        if definition not in documents()[address]["$defs"]:
            raise KeyError(definition)
        where += f"#/$defs/{definition}"
    return jsonschema_rs.Draft202012Validator(
        {"$ref": where}, registry=_registry(), validate_formats=True, offline=True
    )


def _problems(error: jsonschema_rs.ValidationError, file: str) -> Iterator[Problem]:
    rule, conditional = _rule(error)
    place = pointer(*error.instance_path)
    keyword = error.kind.name
    if keyword == "required":
        name = str(error.kind.value)
        mend = f"Add {shown(name)}{_about(rule.get('properties', {}).get(name))}"
        yield Problem(file, place, CODE, f"no property {shown(name)}", f"the property {shown(name)}", mend)
    elif keyword == "unevaluatedProperties":
        for name in error.kind.value:
            found = f"a property {shown(name)}"
            near = difflib.get_close_matches(name, _property_names(rule), 1)
            mend = f"Rename it to {shown(near[0])}, or remove it." if near else "Remove it, or correct its name."
            yield Problem(file, place + pointer(name), CODE, found, "only the properties of the contract", mend)
    else:
        words = _WORDS.get(keyword, _other)
        found, expected, mend = words(error.instance, error.kind.value, rule)
        if conditional:
            mend = f"Make both fields agree: {rule['description']}"
        yield Problem(file, place, CODE, found, expected, mend)


def _rule(error: jsonschema_rs.ValidationError) -> tuple[Rule, bool]:
    """The schema that holds the broken keyword, and whether it applies only when another field has some value."""
    where, _, fragment = (error.absolute_keyword_location or "#").partition("#")
    parts = [unquote(part).replace("~1", "/").replace("~0", "~") for part in fragment.split("/")[1:-1]]
    rule: Any = documents()[where] if where else {}
    for part in parts:
        rule = rule[int(part)] if isinstance(rule, list) else rule[part]
    return rule, ("then" in parts or "else" in parts) and "description" in rule


def _property_names(rule: Rule) -> list[str]:
    """Names of properties that an object may have, those of the definition it extends included."""
    found = list(rule.get("properties", ()))
    if "$ref" in rule:
        where, _, fragment = rule["$ref"].partition("#/$defs/")
        owners = [documents()[where]] if where else _schemas().values()
        for owner in owners:
            found += owner.get("$defs", {}).get(fragment, {}).get("properties", ())
    return found


def _about(rule: Rule | None) -> str:
    return f": {rule['description']}" if rule and "description" in rule else "."


def _type(value: Any, types: Any, rule: Rule) -> Words:
    allowed = sorted([types] if isinstance(types, str) else types, key="null".__eq__)
    expected = " or ".join(_TYPES[name] for name in allowed)
    return shown(value), expected, f"Give {expected}{_about(rule)}"


def _enum(value: Any, options: Any, rule: Rule) -> Words:
    expected = "one of " + ", ".join(shown(option, _LONG) for option in options)
    near = difflib.get_close_matches(str(value).upper(), [str(option) for option in options], 1)
    mend = f"Write {shown(near[0], _LONG)}, if that is meant." if near else "Write one of these values."
    return shown(value), expected, mend


def _const(value: Any, expected: Any, rule: Rule) -> Words:
    return shown(value), shown(expected, _LONG), f"Write {shown(expected, _LONG)}, and nothing else."


def _pattern(value: Any, pattern: Any, rule: Rule) -> Words:
    return shown(value), f"text that matches {pattern}", f"Correct the text{_about(rule)}"


def _format(value: Any, name: Any, rule: Rule) -> Words:
    return shown(value), _FORMATS.get(name, f"the format {name}"), f"Correct the text{_about(rule)}"


def _minimum(value: Any, limit: Any, rule: Rule) -> Words:
    return shown(value), f"{limit} or more", f"Correct the number{_about(rule)}"


def _maximum(value: Any, limit: Any, rule: Rule) -> Words:
    return shown(value), f"{limit} or less", f"Correct the number{_about(rule)}"


def _bound(unit: str, word: str, mend: str) -> Callable[[Any, Any, Rule], Words]:
    """Words for a bound on a size: ``0 characters``, ``at least 1 character``."""

    def words(value: Any, limit: Any, rule: Rule) -> Words:
        return _number_of(len(value), unit), f"{word} {_number_of(limit, unit)}", mend

    return words


def _number_of(number: int, unit: str) -> str:
    plural = unit.removesuffix("y") + "ies" if unit.endswith("y") else unit + "s"
    return f"{number} {unit if number == 1 else plural}"


def _unique(value: Any, _: Any, rule: Rule) -> Words:
    seen: dict[bytes, int] = {}
    for index, item in enumerate(value):
        first = seen.setdefault(canonical_bytes(item), index)
        if first != index:
            return f"{shown(item)} at {first} and at {index}", "each item once", "Remove the repeated items."
    raise AssertionError("uniqueItems broken, but no item stands twice")


def _contains(value: Any, _: Any, rule: Rule) -> Words:
    missing = rule["contains"].get("description", "")
    return f"{_number_of(len(value), 'item')}, none of the kind", "an item of the kind", f"Add it: {missing}"


def _not(value: Any, forbidden: Any, rule: Rule) -> Words:
    unwanted = _TYPES.get(str(forbidden.get("type")), "what is there")
    return shown(value), f"anything but {unwanted}", f"Correct the value{_about(rule)}"


def _other(value: Any, _: Any, rule: Rule) -> Words:
    return shown(value), "a value that the contract allows", f"Correct the value{_about(rule)}"


_WORDS: dict[str, Callable[[Any, Any, Rule], Words]] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "pattern": _pattern,
    "format": _format,
    "minimum": _minimum,
    "maximum": _maximum,
    "minLength": _bound("character", "at least", "Write a text."),
    "maxLength": _bound("character", "at most", "Shorten the text."),
    "minItems": _bound("item", "at least", "Add what is missing."),
    "maxItems": _bound("item", "at most", "Shorten the list."),
    "maxProperties": _bound("property", "at most", "Remove properties."),
    "uniqueItems": _unique,
    "contains": _contains,
    "not": _not,
}
