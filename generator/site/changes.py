"""What an event changed, in words: the name of each field, its value before and after, and where a page marks it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from generator.manifest.canonical import canonical_bytes
from generator.manifest.contracts import table
from generator.manifest.corrections import Event, in_force
from generator.manifest.fold import ABSENT, Change, Version
from generator.manifest.patch import tokens
from generator.manifest.problems import pointer

BRIEF = 240

# What rules derive and readers look for: counts, levels, the tier.
_HEADLINES = {
    "/claims/aggregate/extracted": "Claims extracted",
    "/claims/aggregate/verified": "Claims verified",
    "/claims/aggregate/echoed": "Claims echoed in source",
    "/claims/aggregate/located": "Claims with a locator",
    "/claims/aggregate/declared": "Claims declared without a locator",
    "/quality_assessment/tier/label": "Tier",
    "/quality_assessment/verification/paper_level_label": "Paper level",
    "/quality_assessment/verification/claim_summary/source_grounded_claims": "Source-grounded claims",
    "/quality_assessment/verification/claim_summary/cross_source_corroborated_claims": "Claims corroborated across "
    "sources",
    "/provenance/level_label": "Public provenance",
    "/provenance/review_method": "Review method",
    "/provenance/claim_lineage/label": "Claim lineage",
}
# Fields whose own name says too little. All others are called as the manifest calls them.
_NAMES = {
    **_HEADLINES,
    "/work/submitted": "Date",
    "/work/license": "Licence",
    "/work/sample": "Sample record",
    "/work/truncated_at_source": "Texts cut short in the draft",
    "/claims/disagreements": "Possible disagreements",
    "/quality_assessment/review/score": "Review score",
    "/quality_assessment/review/verdict": "Review verdict",
    "/quality_assessment/tier/tier": "Tier: key",
}
_ITEMS = {
    ("claims", "records"): "Claim",
    ("claims", "themes"): "Theme",
    ("provenance", "sources"): "Source",
    ("provenance", "queries"): "Query",
    ("artifacts",): "File",
    ("uncertainties",): "Uncertainty",
    ("claims", "disagreements"): "Possible disagreement",
}
# Parts of the manifest that only hold others: readers know what is in them without their names.
_HOLDERS = {"work", "claims", "quality_assessment", "provenance"}
_ORDER = ("work", "quality_assessment", "claims", "uncertainties", "provenance", "artifacts")
_TELLING = ("text", "title", "label", "basis", "url")


class Value(NamedTuple):
    """A value in words; ``code``: it is printed as data; ``cut``: the words go on."""

    text: str
    code: bool = False
    cut: bool = False


class Difference(NamedTuple):
    """One field before and after; ``None`` where it is not there."""

    label: str
    before: Value | None
    after: Value | None


class Mark(NamedTuple):
    """A word beside a field, with the event that it leads to; ``doubt``: a notice is about the field as it stands."""

    word: str
    event_id: str
    doubt: bool


class Touched(NamedTuple):
    """A part of the manifest that an event changed, or that its notice concerns."""

    path: str
    event: Event
    changed: bool


def differences(changes: Iterable[Change], *, brief: bool = False) -> list[Difference]:
    """Every change in words, in the order of the page; ``brief`` shortens what is long."""
    found = []
    for change in sorted(changes, key=lambda change: _rank(change.path)):
        before, after = _only_other_items(change.before, change.after)
        found.append(Difference(label(change.path), _worded(before, brief=brief), _worded(after, brief=brief)))
    return found


def is_headline(path: str) -> bool:
    """Whether a consequence is one that readers look for: a count, a level, the tier."""
    return path in _HEADLINES or (path.startswith("/quality_assessment/dimensions/") and path.endswith("/level"))


def label(path: str) -> str:
    """What a field of the manifest is called on pages."""
    if path in _NAMES:
        return _NAMES[path]
    parts = tokens(path)
    if parts[:3] == ["quality_assessment", "dimensions", "dimensions"] and len(parts) > 4:
        rows = table("quality-dimensions", "x-dimensions")
        name = next((row["label"] for row in rows if row["key"] == parts[3]), parts[3])
        return name if parts[4:] == ["level"] else f"{name}: {_plain(parts[4:])}"
    for length in (1, 2):
        name = _ITEMS.get(tuple(parts[:length]))
        if name and len(parts) > length:
            item = str(int(parts[length]) + 1) if parts[length].isdecimal() else parts[length]
            rest = _plain(parts[length + 1 :])
            return f"{name} {item}: {rest}" if rest else f"{name} {item}"
    shown = parts[1:] if parts[:1] and parts[0] in _HOLDERS and len(parts) > 1 else parts
    words = ": ".join(filter(None, (_plain(shown[:1]), _plain(shown[1:]))))
    return words[:1].upper() + words[1:] or "The whole record"


def touched(versions: Sequence[Version]) -> list[Touched]:
    """What the events behind these versions changed or concern, latest last. Items are named by their ids."""
    found = []
    events = [version.event for version in versions if version.event is not None]
    standing = {event.id for event in in_force(events)}
    for version in versions[1:]:
        event = version.event
        if event is None:
            continue
        found += [Touched(change.path, event, True) for change in version.facts]
        if event.notice is not None and event.id in standing:
            named = event.data.get("affected_fields", [])
            found += [Touched(by_id(path, versions[0].manifest), event, False) for path in named if path]
    return found


def by_id(path: str, manifest: Any) -> str:
    """The pointer with ids in the place of indices, as the changes of a version have them."""
    here, named = manifest, []
    for part in tokens(path):
        if isinstance(here, list) and part.isdecimal() and int(part) < len(here):
            here = here[int(part)]
            part = here["id"] if isinstance(here, dict) and isinstance(here.get("id"), str) else part
        else:
            here = here.get(part) if isinstance(here, dict) else None
        named.append(part)
    return pointer(*named)


def mark(parts: Sequence[Touched], *paths: str) -> Mark | None:
    """The mark for the fields at or below ``paths``: what was changed last, else the latest notice about them."""
    here = [part for part in parts if any(part.path == path or part.path.startswith(path + "/") for path in paths)]
    if not here:
        return None
    changed = [part for part in here if part.changed]
    last = (changed or here)[-1]
    word = "corrected" if last.changed else str(last.event.notice).replace("_", " ")
    return Mark(f"{word} {last.event.at[:10]}", last.event.id, not last.changed)


def _rank(path: str) -> int:
    part = (tokens(path) or [""])[0]
    return _ORDER.index(part) if part in _ORDER else len(_ORDER)


def _only_other_items(before: Any, after: Any) -> tuple[Any, Any]:
    """Of two lists that were compared as wholes, the items that the other does not have."""
    if not (isinstance(before, list) and isinstance(after, list)):
        return before, after
    old, new = ({canonical_bytes(item) for item in items} for items in (before, after))
    gone = [item for item in before if canonical_bytes(item) not in new]
    come = [item for item in after if canonical_bytes(item) not in old]
    return (gone or ABSENT, come or ABSENT) if gone or come else (before, after)


def _worded(value: Any, *, brief: bool) -> Value | None:
    if value is ABSENT:
        return None
    text, code = _said(value, brief=brief)
    if brief and len(text) > BRIEF:
        return Value(text[: BRIEF - 1].rstrip() + "…", code, True)
    return Value(text, code)


def _said(value: Any, *, brief: bool) -> tuple[str, bool]:
    """(words, whether they are data)."""
    if value is None:
        return "not stated", False
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    if isinstance(value, str):
        return value or "empty", False
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return "\n".join(value), False
    if brief:
        items = value if isinstance(value, list) else [value]
        lines = [_telling(item) for item in items]
        if items and all(lines):
            return "\n".join(str(line) for line in lines), False
    if isinstance(value, (dict, list)) and value:
        return json.dumps(value, ensure_ascii=False, indent=None if brief else 2, sort_keys=True), True
    return (json.dumps(value), False) if not isinstance(value, (dict, list)) else ("empty", False)


def _telling(item: Any) -> str | None:
    """The words that an object is known by."""
    if not isinstance(item, dict):
        return None
    return next((item[key] for key in _TELLING if isinstance(item.get(key), str) and item[key]), None)


def _plain(parts: Sequence[str]) -> str:
    return ", ".join(part.replace("_", " ") for part in parts)
