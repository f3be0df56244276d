"""Pages about the rules, generated from the schemas: the quality guide's tables and one page per contract.

The schemas and the verifier cards are this project's own files and trusted; their words are still escaped, because a
rule such as ``score < 5`` must reach the reader as it is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any

from generator.manifest import cards
from generator.manifest.contracts import version_key
from generator.manifest.problems import Problem, Problems
from generator.manifest.strict import load_json
from generator.site.text import score
from generator.site.trust import trust_page
from generator.site.view import rule_text

Schema = dict[str, Any]


@dataclass(frozen=True)
class Library:
    """What the pages are made from: file stem (``quality-tiers-v1``) -> the latest schema, bare name -> its earlier
    versions, the newest first, and all verifier cards by method and version."""

    schemas: dict[str, Schema] = field(default_factory=dict)
    earlier: dict[str, list[Schema]] = field(default_factory=dict)
    cards: list[dict[str, Any]] = field(default_factory=list)

    def __getitem__(self, stem: str) -> Schema:
        return self.schemas[stem]


_PLACEHOLDER = re.compile(r"<!-- registry:([a-z-]+) -->")


def load(schemas_dir: Path) -> Library:
    """Everything below ``schemas_dir``, in name order; ``Problems`` where a card is not valid."""
    earlier: dict[str, list[Schema]] = {}
    for path in schemas_dir.glob("earlier/*/*.json"):
        earlier.setdefault(path.parent.name, []).append(json.loads(path.read_bytes()))
    for found in earlier.values():
        found.sort(key=lambda schema: version_key(schema["$id"]), reverse=True)
    known, problems = [], list[Problem]()
    for path in cards.paths(schemas_dir / "cards"):
        card = load_json(path)
        problems.extend(cards.check_card(card, path))
        known.append(card)
    if problems:
        raise Problems(problems)
    latest = {path.stem: json.loads(path.read_bytes()) for path in sorted(schemas_dir.glob("*.json"))}
    return Library(latest, earlier, known)


def served(schemas_dir: Path, library: Library) -> Iterator[tuple[Path, list[str]]]:
    """(file, site paths of its copies): every version of every schema, and the cards."""
    for path in sorted(schemas_dir.glob("*.json")):
        yield path, raw_paths(path.stem, library[path.stem])
    for path in [*sorted(schemas_dir.glob("earlier/*/*.json")), *cards.paths(schemas_dir / "cards")]:
        folder = "schemas/cards" if path.parent.parent.name == "cards" else "schemas"
        yield path, [f"{folder}/{path.parent.name}/{path.name}"]


def fill(markdown: str, schemas: Library) -> str:
    """``markdown`` with its placeholders replaced by HTML; one that is not known here stays for a later step."""

    def put(match: re.Match[str]) -> str:
        make = _PARTS.get(match[1])
        return make(schemas) if make else match.group()

    return _PLACEHOLDER.sub(put, markdown)


def contract_page(stem: str, schema: Schema, schemas: Library) -> str:
    """Markdown of the page of one contract: what it is for, its versions, its fields, its rules, its files."""
    parts = [
        "---",
        f"title: {stem}",
        "hide: [navigation]",
        "---",
        "",
        f"# {stem}",
        "",
        f"<p>{_words(schema.get('description') or schema.get('title') or '')}</p>",
        "",
        _rows(
            [
                ("Contract", f"<code>{escape(stem)}</code>"),
                ("Identifier", f"<code>{escape(schema['$id'])}</code>"),
                ("Introduced", escape(str(schema.get("x-introduced", "Not stated")))),
                ("Raw schema", _raw_links(stem, schema)),
                ("Versions", _versions(schema, schemas, "../../")),
                ("Dialect", "JSON Schema 2020-12"),
            ]
        ),
        "",
        "## Fields { #fields }",
        "",
        _field_table(schema, schemas, f"Fields of {stem}"),
        "",
    ]
    named = {name: part for name, part in schema.get("$defs", {}).items() if "properties" in part}
    if named:
        parts += ["## Parts { #parts }", ""]
        for name, part in named.items():
            parts += [f"### {name} {{ #part-{_slug(name)} }}", ""]
            if part.get("description"):
                parts += [f"<p>{_words(part['description'])}</p>", ""]
            parts += [_field_table(part, schemas, f"Fields of {name}"), ""]
    if stem == f"{cards.NAME}-v1":
        parts += ["## Cards { #cards }", "", _verifiers(schemas, "../../"), ""]
    tables = {key: value for key, value in schema.items() if key.startswith("x-") and isinstance(value, dict | list)}
    if tables:
        parts += ["## Rules { #rules }", "", "The tools read these tables from the schema itself.", ""]
        for key, value in tables.items():
            parts += [f"### {key} {{ #{_slug(key)} }}", "", _any_table(value, key), ""]
    return "\n".join(parts)


def raw_paths(stem: str, schema: dict[str, Any]) -> list[str]:
    """Site paths of a schema's raw copies: its permanent address, and the alias of the newest minor version."""
    name, version = schema["$id"].rsplit("/schemas/", 1)[1].split("/", 1)
    major = stem.split(".")[0]
    return [f"schemas/{name}/{version}", *(f"schemas/{alias}.json" for alias in dict.fromkeys((major, stem)))]


def _raw_links(stem: str, schema: dict[str, Any]) -> str:
    links = (f'<a href="../../{escape(path)}">/{escape(path)}</a>' for path in raw_paths(stem, schema))
    return f'<span class="addresses">{"<br>".join(links)}</span>'


def _versions(schema: Schema, schemas: Library, home: str) -> str:
    """Links to every version of a contract, the latest first."""
    name = schema["$id"].split("/")[-2]
    addresses = [schema["$id"], *(earlier["$id"] for earlier in schemas.earlier.get(name, ()))]
    numbers = [address.rsplit("/", 1)[1].removesuffix(".json") for address in addresses]
    links = [f'<a href="{home}schemas/{escape(name)}/{escape(number)}.json">{escape(number)}</a>' for number in numbers]
    return ", ".join([f"{links[0]} (latest)", *links[1:]])


def _contracts(schemas: Library) -> str:
    rows = [
        [
            f'<a href="{escape(stem)}/">{escape(stem)}</a>',
            _words(schema.get("description") or schema.get("title") or ""),
            _versions(schema, schemas, "../"),
            _raw_links(stem, schema).replace("../../", "../"),
        ]
        for stem, schema in schemas.schemas.items()
    ]
    return _grid(["Contract", "What it describes", "Versions", "Raw schema"], rows, "Contracts")


def _bar(schemas: Library) -> str:
    words = {">=": "at least", "<=": "at most"}
    rows = [
        [_words(row["label"]), f"{words[row['comparison']]} {_plain(row['value'])}"]
        for row in schemas[f"{cards.NAME}-v1"]["x-bar"]
    ]
    return _grid(["Measured figure", "Asked for"], rows, "The bar for verified")


def _verifiers(schemas: Library, home: str = "../") -> str:
    """Every version of every method with its figures against the bar, as its card gives them."""
    bar = schemas[f"{cards.NAME}-v1"]["x-bar"]
    rows = []
    for card in schemas.cards:
        path = cards.path_of(card["method"], card["version"])
        figures = [_figure(row, card) for row in bar]
        verdict = "yes, <em>verified</em>" if card["meets_bar"] else "no, <em>echoed in source</em>"
        name = f"<code>{escape(card['method'])}</code> {escape(card['version'])}<br>{_words(card['title'])}"
        rows.append([name, *figures, verdict, f'<a href="{home}{escape(path)}">card</a>'])
    heads = [escape(row["figure"].replace("_", " ")) for row in bar]
    return _grid(["Method and version", *heads, "Meets the bar", "Figures"], rows, "Verifiers and their figures")


def _figure(row: dict[str, Any], card: dict[str, Any]) -> str:
    value = cards.figure(row, card)
    if value is None:
        return "not measured"
    return f"{value:.2f}" if cards.met(row, card) else f"{value:.2f} (misses)"


def _agreements(schemas: Library) -> str:
    rows = [
        [_words(row["label"]), _words(row["definition"]), "yes" if row["verified"] else "no"]
        for row in schemas[f"{cards.NAME}-v1"]["x-agreements"]
    ]
    return _grid(["Word", "Meaning", "May count as verified"], rows, "What several sources come to")


def _confidence(schemas: Library) -> str:
    rows = [
        [_words(row["label"]), f"{row['from']:g} or more" if row["from"] else "less than that"]
        for row in schemas[f"{cards.NAME}-v1"]["x-confidence-bands"]
    ]
    return _grid(["Word", "Confidence"], rows, "Confidence in words")


def _tiers(schemas: Library) -> str:
    rules = schemas["quality-tiers-v1"]["x-thresholds"]
    rows = [
        [
            escape(rule["rule"]),
            f'<span class="chip tier-{escape(rule["rule"].lower())}">{escape(rule["label"])}</span>',
            escape(rule_text(rule).split(": ", 1)[1]),
            _words(rule["basis"]),
        ]
        for rule in rules
    ]
    return _grid(["Rule", "Tier", "Fires when", "Basis shown on the page"], rows, "Tiers, in the order they are tried")


def _levels(schemas: Library) -> str:
    rows = [
        [escape(item["key"]), _words(item["label"]), _words(item["definition"])]
        for item in schemas["verification-levels-v1"]["x-levels"]
    ]
    return _grid(["Level", "Name", "Meaning"], rows, "Verification levels")


def _methods(schemas: Library) -> str:
    rows = []
    for name, facts in schemas["verification-levels-v1"]["x-methods"].items():
        rows.append(
            [
                f"<code>{escape(name)}</code>",
                "Not stated" if facts.get("threshold") is None else escape(str(facts["threshold"])),
                "yes" if facts.get("can_corroborate") else "no",
                _words(facts.get("note") or ""),
            ]
        )
    return _grid(["Method", "Threshold", "Can corroborate", "Note"], rows, "Verification methods")


def _provenance(schemas: Library) -> str:
    rows = [
        [escape(item["key"]), _words(item["label"]), _words(item["definition"])]
        for item in schemas["source-provenance-v1"]["x-levels"]
    ]
    return _grid(["Level", "Name", "Meaning"], rows, "Public provenance levels")


def _dimensions(schemas: Library) -> str:
    schema = schemas["quality-dimensions-v1"]
    definitions = schema["properties"]["dimensions"]["properties"]
    rows = []
    for key, rules in schema["x-rules"].items():
        asks = definitions.get(key, {}).get("properties", {}).get("definition", {}).get("const", "")
        for number, rule in enumerate(rules):
            name = f"<strong>{_name(key)}</strong><br>{_words(asks)}" if number == 0 else _name(key)
            rows.append(
                [
                    name,
                    escape(rule["rule"]),
                    f'<span class="chip level-{escape(rule["level"].lower())}">{escape(rule["level"])}</span>',
                    _when(rule["when"]),
                    _words(rule["basis"]),
                ]
            )
    return _grid(["Dimension", "Rule", "Level", "When", "Basis shown on the page"], rows, "Dimension rules, in order")


def _tribunal(schemas: Library) -> str:
    table = schemas["synthesis-run-v1"]["x-tribunal"]
    rows = []
    for key, value in table.items():
        if isinstance(value, list):
            shown = ", ".join(_plain(item) for item in value)
        else:
            shown = score(value) if isinstance(value, float) else _plain(value)
        rows.append((_name(key), shown))
    return _rows(rows)


def _rubric(schemas: Library) -> str:
    rows = [
        [escape(role) if number == 0 else "", escape(item["label"]), escape(_plain(item["of"]))]
        for role, check in schemas["synthesis-run-v1"]["x-rubric"].items()
        for number, item in enumerate(check["items"])
    ]
    return _grid(["Check", "What it looks at", "Points"], rows, "Points of the rubric checks")


def _policy(schemas: Library) -> str:
    rows = [
        ["anything else" if row["verdict"] == "*" else escape(row["verdict"]), escape(row["outcome"])]
        for row in schemas["synthesis-run-v1"]["x-policy"]
    ]
    return _grid(["Verdict", "Policy outcome"], rows, "Policy")


def _facts(schemas: Library) -> str:
    rows = [
        [f"<code>{escape(row['path'])}</code>", f"<code>{escape(row['type'])}</code>"]
        for row in [*schemas["correction-event-v1"]["x-facts"], *schemas["paper-manifest-v1.1"]["x-facts"]]
    ]
    return _grid(["Place", "Correction type that fits"], rows, "Facts that a correction can change")


def _notices(schemas: Library) -> str:
    table = schemas["correction-record-v1"]
    treatments = {row["treatment"]: row["definition"] for row in table["x-treatments"]}
    rows = [
        [
            f"<code>{escape(row['notice'])}</code>",
            _words(row["banner"]),
            escape((row["title_prefix"] or "none").strip()),
            _words(treatments[row["treatment"]]),
        ]
        for row in table["x-notices"]
    ]
    return _grid(["Notice", "Banner", "Before the title", "What the page does"], rows, "Notices, the gravest first")


_PARTS: dict[str, Callable[[Library], str]] = {
    "schemas": _contracts,
    "tiers": _tiers,
    "levels": _levels,
    "methods": _methods,
    "provenance": _provenance,
    "dimensions": _dimensions,
    "tribunal": _tribunal,
    "rubric": _rubric,
    "policy": _policy,
    "bar": _bar,
    "verifiers": _verifiers,
    "agreements": _agreements,
    "confidence": _confidence,
    "trust": lambda schemas: trust_page(schemas.cards),
    "facts": _facts,
    "notices": _notices,
}


def _when(tests: dict[str, dict[str, Any]]) -> str:
    parts = []
    for fact, test in tests.items():
        for kind, value in test.items():
            shown = "yes" if value is True else "no" if value is False else _plain(value)
            sign = {"min": "≥", "max": "≤", "equals": "="}.get(kind, escape(kind))
            parts.append(f"{escape(fact.replace('_', ' '))} {sign} {shown}")
    return ", ".join(parts) or "no earlier rule fired"


def _field_table(schema: dict[str, Any], schemas: Library, label: str) -> str:
    rows = [
        [f"<code>{escape(path)}</code>", _type(part), "yes" if required else "no", _words(_about(part))]
        for path, part, required in _fields(schema, "")
    ]
    return _grid(["Field", "Type", "Required", "Meaning"], rows, label)


def _fields(schema: dict[str, Any], prefix: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    required = set(schema.get("required", ()))
    for name, part in schema.get("properties", {}).items():
        path = f"{prefix}{name}"
        yield path, part, name in required
        for inner, step in ((part, "."), (part.get("items"), "[].")):
            if isinstance(inner, dict) and "properties" in inner:
                yield from _fields(inner, path + step)


def _type(part: dict[str, Any]) -> str:
    if "$ref" in part:
        return _reference(part["$ref"])
    if "const" in part:
        return f"always <code>{escape(json.dumps(part['const'], ensure_ascii=False)[:120])}</code>"
    if "enum" in part:
        return "one of " + ", ".join(f"<code>{_plain(item)}</code>" for item in part["enum"])
    for key in ("anyOf", "oneOf", "allOf"):
        if key in part:
            word = " and " if key == "allOf" else " or "
            return word.join(dict.fromkeys(_type(item) for item in part[key]))
    kinds = part.get("type", "any")
    words = " or ".join(kinds) if isinstance(kinds, list) else str(kinds)
    text = escape(words)
    if isinstance(part.get("items"), dict) and "array" in words:
        text += " of " + _type(part["items"])
    limits = []
    for low, high, unit in (
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " items"),
        ("minimum", "maximum", ""),
    ):
        if low in part and high in part:
            limits.append(f"{part[low]} to {part[high]}{unit}")
        elif low in part:
            limits.append(f"at least {part[low]}{unit}")
        elif high in part:
            limits.append(f"at most {part[high]}{unit}")
    if "pattern" in part:
        limits.append(f"<code>{escape(part['pattern'])}</code>")
    return text + (f" ({', '.join(limits)})" if limits else "")


def _reference(ref: str) -> str:
    name = ref.rsplit("/", 1)[-1]
    if ref.startswith("#/$defs/"):
        return f"{escape(name)}"
    match = re.search(r"/schemas/([a-z-]+)/[^#]*(?:#/\$defs/(.+))?$", ref)
    if match is None:
        return f"<code>{escape(ref)}</code>"
    return f"{escape(match[2])} of {escape(match[1])}" if match[2] else escape(match[1])


def _about(part: dict[str, Any]) -> str:
    text = part.get("description") or part.get("title") or ""
    return str(text)


def _any_table(value: Any, label: str) -> str:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        names = list(dict.fromkeys(name for item in value for name in item))
        rows = [[_cell(item.get(name)) for name in names] for item in value]
        return _grid([_name(name) for name in names], rows, label)
    if isinstance(value, dict):
        return _rows([(f"<code>{escape(str(key))}</code>", _cell(item)) for key, item in value.items()])
    return f"<p>{_cell(value)}</p>"


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return "<br>".join(f"{escape(str(key))}: {_cell(item)}" for key, item in value.items()) or "none"
    if isinstance(value, list):
        if any(isinstance(item, dict) for item in value):
            return "<ul>" + "".join(f"<li>{_cell(item)}</li>" for item in value) + "</ul>"
        return ", ".join(_plain(item) for item in value)
    return _plain(value)


def _plain(value: Any) -> str:
    if value is None:
        return "any"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return escape(str(value))


def _words(text: str) -> str:
    """Prose of a schema; `backticks` mark code there."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _name(key: str) -> str:
    return escape(key.replace("_", " ").capitalize())


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    body = "".join(f'<tr><th scope="row">{label}</th><td>{value}</td></tr>' for label, value in rows)
    return f'<table class="rows"><tbody>{body}</tbody></table>'


def _grid(head: Sequence[str], rows: Sequence[Sequence[str]], label: str) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}"><table class="facts">'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"
    )
