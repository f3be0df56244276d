"""The facts file beside a set of drafts: what the drafts do not carry about their publication."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.manifest.problems import Problem, Problems, pointer, shown
from generator.manifest.strict import load_yaml


@dataclass(frozen=True)
class Facts:
    """What a draft does not carry about its publication; ``None`` where the facts file is silent too."""

    draft: str
    id: str | None = None
    claim_record_source: str | None = None
    report_artifact: str | None = None
    external_record: str | None = None
    owner_decision: str | None = None


_FACT_VALUES: dict[str, tuple[str, ...]] = {
    "claim_record_source": ("parsed source sections", "not publicly specified"),
    "report_artifact": ("available", "not available"),
    "external_record": ("registered", "none"),
    "owner_decision": ("publish", "reject"),
}
_FACT_KEYS = ("draft", "id", *_FACT_VALUES)
_PUBLISHED_ID = re.compile(r"[0-9A-F]{8,64}")


def load_facts(path: Path) -> dict[str, Facts]:
    """The facts file's entries by the drafts' file names; raises ``Problems`` with everything that is wrong in it."""
    value = load_yaml(path)
    file = str(path)
    if value is None:
        return {}
    if not isinstance(value, list):
        mend = "Write one entry per draft: '- draft: NAME.txt', its facts below it."
        raise Problems([Problem(file, "", "IMP020", shown(value), "a list of entries", mend)])
    problems: list[Problem] = []
    facts: dict[str, Facts] = {}
    ids: set[str] = set()
    for index, entry in enumerate(value):
        found = list(_fact_problems(entry, index, file, facts, ids))
        problems.extend(found)
        if not found:
            facts[entry["draft"]] = Facts(**entry)
            ids.add(entry.get("id") or "")
    if problems:
        raise Problems(problems)
    return facts


def unused_facts(facts: Mapping[str, Facts], drafts: Iterable[str], *, file: str) -> list[Problem]:
    """A warning for each entry of the facts file that is about none of the given drafts (file names)."""
    given = set(drafts)
    mend = "Name that draft too, or correct the file name in the entry."
    return [
        Problem(file, pointer(index, "draft"), "IMP023", shown(name), "the name of a given draft", mend)
        for index, name in enumerate(facts)
        if name not in given
    ]


def _fact_problems(
    entry: Any, index: int, file: str, known: Mapping[str, Facts], ids: set[str]
) -> Iterator[Problem]:
    if not isinstance(entry, dict):
        yield Problem(file, pointer(index), "IMP020", shown(entry), "an entry with keys", "Start it with '- draft: '.")
        return
    for key in entry:
        if key not in _FACT_KEYS:
            expected = "one of " + ", ".join(_FACT_KEYS)
            yield Problem(file, pointer(index, key), "IMP021", f"the key {shown(key)}", expected, "Correct the key.")
    name = entry.get("draft")
    if not isinstance(name, str) or not name or "/" in name or "\\" in name:
        found = shown(name) if "draft" in entry else "no key draft"
        yield Problem(
            file, pointer(index, "draft"), "IMP021", found, "a file name without folders", "Name the draft's file."
        )
    elif name in known:
        yield Problem(
            file, pointer(index, "draft"), "IMP022", f"{shown(name)} again", "one entry per draft", "Keep one of them."
        )
    for key, allowed in _FACT_VALUES.items():
        if entry.get(key) is not None and entry[key] not in allowed:
            expected = "one of " + ", ".join(shown(item) for item in allowed)
            yield Problem(file, pointer(index, key), "IMP021", shown(entry[key]), expected, "Correct the value.")
    yield from _id_problems(entry.get("id"), index, file, ids)


def _id_problems(value: Any, index: int, file: str, ids: set[str]) -> Iterator[Problem]:
    place = pointer(index, "id")
    if value is None:
        return
    if not isinstance(value, str) or not _PUBLISHED_ID.fullmatch(value):
        mend = "Write the id without 'SRCH:', in upper case, in quotes if it is all digits."
        yield Problem(file, place, "IMP021", shown(value), "8 to 64 upper-case hex digits", mend)
    elif value in ids:
        mend = "Two drafts cannot have been published under one id: correct one of them."
        yield Problem(file, place, "IMP022", f"{shown(value)} again", "each id once", mend)
