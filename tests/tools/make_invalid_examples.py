"""Write ``schemas/examples/<contract>/invalid.json``: for each constraint of a schema, one value that breaks it alone.

Run it from the repository's root after a schema or a valid example has changed, and review the diff:

    python -m tests.tools.make_invalid_examples

For each constraint in a contract's own file the tool looks for a place in the valid examples where it applies, tries
small changes there, and keeps the first one that gives exactly one error, at that constraint. What it cannot break
alone is listed, and makes it fail: such a constraint says nothing that another one does not say.
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonpatch
import jsonschema_rs

from generator.manifest import contracts
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import pointer

EXAMPLES = Path("schemas/examples")
ASSERTIONS = frozenset(
    (
        *("type", "enum", "const", "not", "pattern", "format", "minimum", "maximum", "minLength", "maxLength"),
        *("minItems", "maxItems", "uniqueItems", "contains", "maxProperties", "unevaluatedProperties"),
    )
)
MAPS, SINGLES = ("$defs", "properties", "patternProperties"), ("items", "then", "else")
Parts = tuple[str, ...]
Patch = list[dict[str, Any]]


@dataclass(frozen=True)
class Base:
    """A valid example: of the contract, or of one of its definitions when it lies in ``defs/<definition>/``."""

    contract: str
    name: str
    definition: str | None
    value: Any


@dataclass(frozen=True)
class Constraint:
    """A keyword of the schema object at ``parts``; for ``required`` one of its names."""

    parts: Parts
    keyword: str
    index: int | None = None

    @property
    def place(self) -> str:
        return pointer(*self.parts, self.keyword, *(() if self.index is None else (self.index,)))

    @property
    def slug(self) -> str:
        words, steps = [], iter(self.parts)
        for step in steps:
            word = next(steps) if step in MAPS else {"items": "item"}.get(step, step)
            words.append("setting" if word.startswith("^") else word.replace("_", "-"))
        return "-".join([*words, self.keyword.lower()])


def constraints(rule: dict[str, Any], parts: Parts = ()) -> Iterator[Constraint]:
    """Every constraint of a schema file, in the order of the file."""
    for keyword, value in rule.items():
        if keyword == "required":
            yield from (Constraint(parts, keyword, index) for index in range(len(value)))
        elif keyword in ASSERTIONS:
            yield Constraint(parts, keyword)
        elif keyword in MAPS:
            for name, inner in value.items():
                yield from constraints(inner, (*parts, keyword, name))
        elif keyword in SINGLES:
            yield from constraints(value, (*parts, keyword))


class Tracer:
    """Where each schema object applies in the valid examples."""

    def __init__(self) -> None:
        self.schemas = contracts.documents()
        self.seen: dict[tuple[str, Parts], list[tuple[Base, str]]] = defaultdict(list)
        self.values: dict[str, list[Any]] = defaultdict(list)  # what properties of one name hold in the examples

    def add(self, base: Base) -> None:
        parts = ("$defs", base.definition) if base.definition else ()
        self._visit(base, contracts.schema_id(base.contract), parts, base.value, "")

    def _visit(self, base: Base, where: str, parts: Parts, value: Any, place: str) -> None:
        rule = resolve(self.schemas[where], parts)
        self.seen[where, parts].append((base, place))
        if "$ref" in rule:
            target, _, fragment = rule["$ref"].partition("#")
            self._visit(base, target or where, tuple(fragment.split("/")[1:]), value, place)
        if isinstance(value, dict):
            for name, inner in value.items():
                self.values[name].append(inner)
                if name in rule.get("properties", ()):
                    self._visit(base, where, (*parts, "properties", name), inner, place + pointer(name))
                for known in rule.get("patternProperties", ()):
                    self._visit(base, where, (*parts, "patternProperties", known), inner, place + pointer(name))
        if isinstance(value, list) and "items" in rule:
            for index, inner in enumerate(value):
                self._visit(base, where, (*parts, "items"), inner, place + pointer(index))
        if "if" in rule:
            branch = "then" if jsonschema_rs.Draft202012Validator(rule["if"]).is_valid(value) else "else"
            if branch in rule:
                self._visit(base, where, (*parts, branch), value, place)


def resolve(document: Any, parts: Parts | list[str]) -> Any:
    for part in parts:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def at(value: Any, place: str) -> Any:
    return resolve(value, [part.replace("~1", "/").replace("~0", "~") for part in place.split("/")[1:]])


def expand(patch: Patch) -> Patch:
    """The patch as RFC 6902 knows it: ``repeat`` written out (see ``schemas/examples/README.md``)."""
    return [
        {"op": op["op"], "path": op["path"], "value": repeated(op["value"], op["repeat"])} if "repeat" in op else op
        for op in patch
    ]


def repeated(value: Any, times: int) -> Any:
    if isinstance(value, str):
        return value * times
    copies = [json.loads(json.dumps(value).replace("{n}", str(number))) for number in range(1, times + 1)]
    if isinstance(value, list):
        return [item for copy in copies for item in copy]
    return {name: item for copy in copies for name, item in copy.items()}


def candidates(constraint: Constraint, rule: dict[str, Any], value: Any, place: str) -> Iterator[Patch]:
    """Small changes at ``place`` that may break the constraint, the plainest first."""
    limit = rule[constraint.keyword]

    def put(*values: Any) -> Iterator[Patch]:
        return ([{"op": "replace", "path": place, "value": item}] for item in values)

    match constraint.keyword:
        case "type":
            yield from put(None, 7, "text", True, [], {}, 0.5)
        case "not":
            yield from put(None, *TRACER.values[place.rpartition("/")[2]])
        case "enum":
            yield from put("something else")
        case "const":
            yield from put(False, limit + 1 if isinstance(limit, int) else "something else", True)
        case "pattern":
            known = str(value)
            yield from put(known.upper(), known.lower(), known + "0" * 128, "not allowed here", "0" + known[1:])
            yield from put("ftp://example.org/paper", "3" + known[1:], "")
        case "format":
            yield from put("2026-02-30T09:30:00Z", "2026-02-30", "https://example.org/%zz", "/claims/~2")
        case "minimum":
            yield from put(limit - 1)
        case "maximum":
            yield from put(limit + 1)
        case "minLength":
            yield from put("")
        case "maxLength":
            for text in ("x", "https://a/", "10.5555/", "/a"):
                yield [{"op": "replace", "path": place, "value": text, "repeat": limit // len(text) + 1}]
        case "minItems":
            yield from put([])
            yield [{"op": "remove", "path": f"{place}/0"}]
        case "maxItems":
            yield from _too_many(value, limit, place)
        case "uniqueItems":
            if value:
                yield [{"op": "add", "path": f"{place}/-", "value": value[0]}]
        case "contains":
            yield from ([{"op": "remove", "path": f"{place}/{index}"}] for index in range(len(value)))
        case "maxProperties":
            for item in (1, {}):
                yield [{"op": "replace", "path": place, "value": {"setting_{n}": item}, "repeat": limit + 1}]
        case "required":
            yield [{"op": "remove", "path": place + pointer(limit[constraint.index])}]
        case "unevaluatedProperties":
            for name in ("unexpected", "Not A Name"):
                yield [{"op": "add", "path": place + pointer(name), "value": True}]


def _too_many(value: list[Any], limit: int, place: str) -> Iterator[Patch]:
    known: list[Any] = [value[0]] if value else []
    if known and limit - len(value) < 2:
        yield [{"op": "add", "path": f"{place}/-", "value": value[0]}] * (limit + 1 - len(value))
    for item in ("C{n}", "S{n}", "Q{n}", "name {n}", "https://example.org/{n}", "/claims/records/{n}", *value):
        yield [{"op": "replace", "path": place, "value": [item], "repeat": limit + 1}]
    if limit == 0:
        yield [{"op": "add", "path": f"{place}/-", "value": event()}]


def event() -> dict[str, Any]:
    example = json.loads((EXAMPLES / "correction-record-v1/valid/corrected.json").read_text(encoding="utf-8"))
    return dict(example["correction_events"][0])


def broken(base: Base, patch: Patch) -> list[str] | None:
    """Places, in the schemas, of the constraints that the changed value breaks; ``None`` if the patch does not fit."""
    try:
        value = jsonpatch.apply_patch(base.value, expand(patch))
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException, TypeError):
        return None
    target = contracts.schema_id(base.contract) + (f"#/$defs/{base.definition}" if base.definition else "")
    validator = jsonschema_rs.Draft202012Validator(
        {"$ref": target}, registry=REGISTRY, validate_formats=True, offline=True
    )
    found = []
    for error in validator.iter_errors(value):
        place = unquote(error.absolute_keyword_location or "")
        if error.kind.name == "required":
            where, _, fragment = place.partition("#")
            names = resolve(TRACER.schemas[where], fragment.split("/")[1:])
            place += f"/{names.index(error.kind.value)}"
        found += [place] * (len(error.kind.value) if error.kind.name == "unevaluatedProperties" else 1)
    return found


def case_for(contract: str, constraint: Constraint) -> dict[str, Any] | None:
    """The case that breaks the constraint alone, or ``None``."""
    where = contracts.schema_id(contract)
    rule = resolve(contracts.schema(contract), constraint.parts)
    for base, place in TRACER.seen[where, constraint.parts]:
        if base.contract != contract:
            continue
        for patch in candidates(constraint, rule, at(base.value, place), place):
            if broken(base, patch) != [where + "#" + constraint.place]:
                continue
            value = jsonpatch.apply_patch(base.value, expand(patch))
            problems = contracts.validate(value, contract, file="", definition=base.definition)
            if len(problems) != 1:
                continue
            problem = {key: getattr(problems[0], key) for key in ("place", "found", "expected", "mend")}
            slug = constraint.slug
            if constraint.index is not None:
                slug += "-" + rule["required"][constraint.index].replace("_", "-")
            return {"case": slug, "violates": constraint.place, "base": base.name, "patch": patch, "problem": problem}
    return None


def bases(contract: str) -> list[Base]:
    folder = EXAMPLES / contracts.schema(contract)["x-contract"]
    found = []
    for path in [*sorted(folder.glob("valid/*.json")), *sorted(folder.glob("defs/*/*.json"))]:
        definition = path.parent.name if path.parent.parent.name == "defs" else None
        value = json.loads(path.read_text(encoding="utf-8"))
        found.append(Base(contract, path.relative_to(folder).as_posix(), definition, value))
    return found


def main() -> int:
    missing = 0
    for contract in contracts.names():
        for base in bases(contract):
            TRACER.add(base)
    for contract in contracts.names():
        cases = []
        for constraint in constraints(contracts.schema(contract)):
            case = case_for(contract, constraint)
            if case is None:
                reached = len(TRACER.seen[contracts.schema_id(contract), constraint.parts])
                print(f"{contract}: no case for {constraint.place} (reached in {reached} places)", file=sys.stderr)
                missing += 1
            else:
                cases.append(case)
        stem = contracts.schema(contract)["x-contract"]
        (EXAMPLES / stem / "invalid.json").write_bytes(stored_bytes(cases))
        print(f"{stem}: {len(cases)} cases")
    return 1 if missing else 0


REGISTRY = jsonschema_rs.Registry(list(contracts.documents().items()))
TRACER = Tracer()

if __name__ == "__main__":
    sys.exit(main())
