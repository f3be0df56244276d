"""A change in words: what an event changes, what follows from it, and what the page will say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from generator.manifest import patch
from generator.manifest.canonical import canonical_bytes
from generator.manifest.corrections import Event, in_force, notice_row
from generator.manifest.fold import ABSENT, changed

LONGEST = 300
_LEAD = 40

# Pointers of the parts that people know by a name; * stands for an index or an id.
_ITEMS = {
    ("claims", "records"): "Claim",
    ("claims", "themes"): "Theme",
    ("claims", "disagreements"): "Disagreement",
    ("claims", "discrepancies"): "Discrepancy",
    ("provenance", "sources"): "Source",
    ("provenance", "queries"): "Query",
    ("provenance", "models"): "Model",
    ("uncertainties",): "Uncertainty",
    ("artifacts",): "Artifact",
}
_SECTIONS = {"work", "provenance", "quality_assessment", "claims"}
_COUNTS = {
    "extracted": "Claims",
    "verified": "Verified claims",
    "echoed": "Claims echoed in a source",
    "located": "Claims found at their place in a source",
    "declared": "Claims with a declared source",
}


@dataclass(frozen=True)
class Row:
    """One fact before and after, in words; ``None`` where nothing is there."""

    place: str
    before: str | None
    after: str | None


def place(path: str) -> str:
    """A pointer in words: ``/claims/records/C3/text`` is ``Claim C3, text``, and an index counts from one."""
    parts = patch.tokens(path)
    if not parts:
        return "The whole record"
    for known, name in _ITEMS.items():
        rest = parts[len(known) :]
        if tuple(parts[: len(known)]) == known and rest:
            number = str(int(rest[0]) + 1) if rest[0].isascii() and rest[0].isdecimal() else rest[0]
            head = f"{name} {number}" if rest[0] != patch.APPEND else f"New {name.lower()}"
            return ", ".join([head, *map(_spaced, rest[1:])])
    if parts[0] in _SECTIONS and len(parts) > 1:
        parts = parts[1:]
    words = ", ".join(map(_spaced, parts))
    return words[:1].upper() + words[1:]


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def rows(event: Event) -> list[Row]:
    """The facts that the event changes, before and after; places are those that it names."""
    return [row for change in event.data.get("changes", ()) for row in _rows(change)]


def _rows(change: dict[str, Any]) -> Iterator[Row]:
    where = change["path"]
    if change["op"] == "replace":
        for part in changed(change["before"], change["value"]):
            yield from _parts(where + part.path, part.before, part.after)
    elif change["op"] == "remove":
        yield Row(place(where), words(change["before"]), None)
    else:
        yield Row(place(where), None, words(change["value"]))


def _parts(where: str, before: Any, after: Any) -> Iterator[Row]:
    if isinstance(before, list) and isinstance(after, list):
        # a list is told by what went and what came
        gone, come = _less(before, after), _less(after, before)
        if gone or come:
            yield from (Row(place(where), words(item), None) for item in gone)
            yield from (Row(place(where), None, words(item)) for item in come)
            return
    yield Row(place(where), *_cut(*(None if value is ABSENT else _text(value) for value in (before, after))))


def _less(items: list[Any], others: list[Any]) -> list[Any]:
    left = [canonical_bytes(other) for other in others]
    found = []
    for item in items:
        data = canonical_bytes(item)
        if data in left:
            left.remove(data)
        else:
            found.append(item)
    return found


def words(value: Any) -> str:
    """A value on one line, cut to ``LONGEST`` characters: a text as it is, an item by its text, title or label where
    it has one, anything else as JSON."""
    return _from(_text(value), 0)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        value = next((value[key] for key in ("text", "title", "label") if isinstance(value.get(key), str)), value)
    return " ".join(value.split()) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(before: str | None, after: str | None) -> tuple[str | None, str | None]:
    """Both cut to ``LONGEST`` characters, from a little before the place where long ones part."""
    start = 0
    if before is not None and after is not None and max(len(before), len(after)) > LONGEST:
        pairs = enumerate(zip(before, after, strict=False))
        first = next((at for at, (old, new) in pairs if old != new), min(len(before), len(after)))
        start = first - _LEAD if first > 2 * _LEAD else 0
    old, new = (None if text is None else _from(text, start) for text in (before, after))
    return old, new


def _from(text: str, start: int) -> str:
    shown = ("…" if start else "") + text[start:]
    return shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…"


def consequences(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What the rules make of the change from one manifest to the next, a sentence each; nothing where all stays."""
    return [*_assessment(before, after), *_counts(before, after), *_limitations(before, after)]


def _assessment(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    old, new = before["quality_assessment"], after["quality_assessment"]
    yield from _moved("Tier", old["tier"]["label"], new["tier"]["label"])
    yield from _moved("Verification level", *(_level(part["verification"], "paper_level") for part in (old, new)))
    yield from _moved("Provenance level", *(_level(part["provenance"], "level") for part in (before, after)))
    for name, dimension in new["dimensions"]["dimensions"].items():
        known = old["dimensions"]["dimensions"].get(name, dimension)
        yield from _moved(_spaced(name).capitalize(), known["level"], dimension["level"])


def _level(part: dict[str, Any], name: str) -> str:
    return f"{part[name + '_key']} ({part[name + '_label']})"


def _moved(name: str, before: str, after: str) -> Iterator[str]:
    if before != after:
        yield f"{name} moves from {before} to {after}."


def _counts(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    if after["claims"]["mode"] == "per_claim":
        old, new = before["claims"]["aggregate"], after["claims"]["aggregate"]
        for key, name in _COUNTS.items():
            if old.get(key, 0) != new.get(key, 0):
                yield f"{name}: {new.get(key, 0)} instead of {old.get(key, 0)}."
    known = {source["id"]: source["claims"] for source in before["provenance"]["sources"]}
    for source in after["provenance"]["sources"]:
        if known.get(source["id"], source["claims"]) != source["claims"]:
            yield f"Claims from source {source['id']}: {source['claims']} instead of {known[source['id']]}."


def _limitations(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for text in after["limitations"]:
        if text not in before["limitations"]:
            yield f"A limitation is added: {text}"
    for text in before["limitations"]:
        if text not in after["limitations"]:
            yield f"A limitation falls away: {text}"


def page_says(events: Sequence[Event], number: int) -> list[str]:
    """What the page will show otherwise once ``events[number]`` stands after those before it."""
    before, after = events[:number], events[: number + 1]
    new = after[-1]
    said = []
    lifted = new.data.get("lifts")
    if lifted is not None:
        said.append(f"The notice of {lifted} no longer holds.")
    old_row, row = notice_row(before), notice_row(after)
    if row is not None and row != old_row:
        said.append(_shown(row))
    elif row is None and old_row is not None:
        said.append("This record will be shown without any notice again.")
    elif new.notice is not None and row is not None and row["notice"] != new.notice:
        said.append(f"The graver notice stays: {row['label'].lower()}.")
    if new.data.get("replaced_by"):
        said.append(f"The page will lead to {new.data['replaced_by']}, which stands in its place.")
    return said


def _shown(row: dict[str, Any]) -> str:
    if row["treatment"] == "remove":
        return "This record will be shown as REMOVED: its text and files go, and a page with its metadata stays."
    if row["treatment"] == "mark":
        return (
            f"This record will be shown as {row['label'].upper()}: in a banner above its title, and before the title."
        )
    return f"The page will say: {row['banner']}."


def standing(events: Sequence[Event]) -> str | None:
    """The gravest notice in force and how many are, in words; ``None`` without one."""
    row = notice_row(events)
    if row is None:
        return None
    count = sum(event.notice is not None for event in in_force(events))
    return str(row["label"]) if count == 1 else f"{row['label']}, the gravest of {count} notices"
