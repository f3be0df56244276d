"""A correction event in the making: from what somebody says to a checked file beside the manifest.

The values before are taken from the record as it stands. The event goes through the same doors as one written by hand,
as the text that will be written, and only then into the registry: under its lock and never over another file.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from generator.manifest import patch
from generator.manifest.atomic import locked, remove_leftovers, write_new_file
from generator.manifest.check import check_record, successor
from generator.manifest.contracts import schema_id, table
from generator.manifest.corrections import EVENT, FOLDER, SUFFIX, in_order, lifts, loads_event
from generator.manifest.fold import Version
from generator.manifest.identity import SHORT_ID
from generator.manifest.landing.content import dates
from generator.manifest.problems import Problem, Problems, UsageError, shown
from generator.manifest.store import Record, Store, load_record

KEYS = (
    *("schema", "event_id", "record", "corrected_at", "correction_type", "notice", "issued_by", "reason"),
    *("public_note", "evidence", "replaced_by", "lifts", "affected_fields", "changes"),
)
SLUG = re.compile("[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_SLUG = 80
LONGEST_URL = 8000
FILE_NAME = "YYYY-MM-DD-what-was-wrong.yml"
"""Name that the code host's form begins with: a static page knows no date."""

_WIDTH = 100
_FOLDED_FROM = 80
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}(T[\d:]+Z)?")
_SURROGATE = re.compile("[\ud800-\udfff]")
# Controls, line ends that only some readers know, and what is not seen or turns the direction of what is.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff0-\uffff]"
)
_LONGEST_EXAMPLE = 200


@dataclass(frozen=True)
class Made:
    """An event that passed every check: where it lies or would lie, its bytes, and the versions with it."""

    path: Path
    data: bytes
    record: Record
    version: Version

    @property
    def event(self) -> dict[str, Any]:
        assert self.version.event is not None, "an event made this version"
        return self.version.event.data


def open_record(path: Path) -> Record:
    """The valid record whose manifest is ``path``, in its place in a registry; ``Problems`` or ``UsageError``."""
    record = load_record(path)
    short = record.short_id
    if not SHORT_ID.match(short) or record.folder.parent.name != short[:2]:
        raise UsageError(f"{record.folder}: not a record's place in a registry, which is <two digits>/<ID>")
    problems = check_record(record)
    if problems:
        raise Problems(problems)
    return record


def changes(
    record: Record, sets: Iterable[tuple[str, Any]], removals: Iterable[str], additions: Iterable[tuple[str, Any]]
) -> list[dict[str, Any]]:
    """JSON Patch with the values before, from the record as it stands.

    Raises ``Problems`` for places that are not there or hold no fact, and ``UsageError`` for one that holds the new
    value already.
    """
    document = patch.opened(record.manifest)
    for event in record.events:
        patch.apply(document, event.data, file=str(event.path))
    found: list[dict[str, Any]] = []
    found += [
        {"op": "replace", "path": path, "before": _value_at(document, path), "value": value} for path, value in sets
    ]
    found += [{"op": "remove", "path": path, "before": _value_at(document, path)} for path in removals]
    found += [{"op": "add", "path": path, "value": value} for path, value in additions]
    work = record.manifest["work"]
    stub = {"event_id": "", "corrected_at": "", "record": work["public_id"], "changes": found}
    problems = patch.apply(document, stub, file=str(record.path))
    if problems:
        raise Problems(problems)
    for change in found:
        if change["op"] == "replace" and patch.same(change["before"], change["value"]):
            raise UsageError(f"{change['path']} holds {shown(change['value'])} already")
    return found


def _value_at(document: Any, path: str) -> Any:
    try:
        return patch.value_at(document, path)
    except KeyError:
        return None


def guessed_type(paths: Iterable[str]) -> str | None:
    """The correction type that most of the places call for, the first of them where two are even; ``None`` for none."""
    types = [kind for path in paths if (kind := patch.fact_type(path))]
    return Counter(types).most_common(1)[0][0] if types else None


def slug_of(notice: str | None, paths: Sequence[str], note: str) -> str:
    """A few plain words for the event's name: its notice, else the one place that it changes, else its note."""
    if notice:
        words = [notice.replace("_", "-")]
    elif len(paths) == 1:
        words = [part for part in patch.tokens(paths[0])[1:] if part not in ("records", patch.APPEND)] or [note]
    else:
        words = note.split()[:6]
    plain = unicodedata.normalize("NFKD", "-".join(words)).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", plain)[:50].strip("-")
    return slug or "note"


def event(record: Record, moment: str, name: str, said: Mapping[str, Any]) -> dict[str, Any]:
    """The event called ``name`` at ``moment``, in the order of keys in which it is written; what is ``None`` or empty
    is left out."""
    known = {
        "schema": schema_id(EVENT),
        "event_id": name,
        "record": record.manifest["work"]["public_id"],
        "corrected_at": moment,
        **{key: value for key, value in said.items() if value not in (None, [], ())},
    }
    return {key: known[key] for key in KEYS if key in known}


def tried(record: Record, moment: str, slug: str, said: Mapping[str, Any], *, now: str) -> Made:
    """The event checked as it would be written; nothing is. Raises ``Problems`` with everything that is wrong."""
    name = _free_name(record.folder / FOLDER, f"{moment[:10]}-{slug}")
    path = record.folder / FOLDER / f"{name}{SUFFIX}"
    data = yaml_bytes(event(record, moment, name, said), file=str(path))
    new = loads_event(data, path)
    events = in_order([*record.events, new], record.folder)
    submitted = record.manifest["work"]["submitted"]
    problems = [*lifts(events), *successor(new, Store(record.folder.parent.parent).holds), *dates(new, submitted, now)]
    if problems:
        raise Problems(problems)
    together = replace(record, events=events)
    version = next(version for version in together.versions if version.event is new)
    return Made(path, data, together, version)


def append(manifest: Path, moment: str, slug: str, said: Mapping[str, Any], *, now: str) -> Made:
    """Check the event and write it beside ``manifest``, the path of the record's; another slug where one is taken.

    The record is read anew under the registry's lock, so that of two events at once the second is checked against the
    first. Raises ``Problems``, and ``UsageError`` when the registry cannot be written; then nothing is.
    """
    folder = manifest.parent / FOLDER
    with locked(manifest.parent.parent.parent):
        remove_leftovers(folder)
        while True:
            made = tried(open_record(manifest), moment, slug, said, now=now)
            try:
                write_new_file(made.path, made.data)
            except FileExistsError:
                continue  # somebody without the lock, such as an editor, was faster
            return made


def _free_name(folder: Path, name: str) -> str:
    number, free = 1, name
    while (folder / f"{free}{SUFFIX}").exists():
        number += 1
        free = f"{name}-{number}"
    return free


def yaml_bytes(value: Any, *, file: str) -> bytes:
    """``value`` as YAML for people to read, which the strict door gives back equal.

    Lines of a text stay lines, a long text is folded, whatever another reader could take for a date is quoted, and
    what would not be seen is escaped. Raises ``Problems`` for what YAML cannot hold: half a character.
    """
    _refuse_halves(value, file)
    text = yaml.dump(value, Dumper=_Readable, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return str(text).encode("utf-8")


class _Readable(yaml.SafeDumper):
    """Blocks for long texts, quotes with escapes for what would not be seen."""

    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def write_double_quoted(self, text: str, split: bool = True) -> None:
        # PyYAML would write direction marks and other unseen characters as they are
        readable, self.allow_unicode = self.allow_unicode, not _HIDDEN.search(text)
        super().write_double_quoted(text, split)
        self.allow_unicode = readable


def _readable_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _MOMENT.fullmatch(text) or _HIDDEN.search(text):
        style = '"'
    elif "\n" in text:
        style = "|"
    elif len(text) > _FOLDED_FROM:
        style = ">"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Readable.add_representer(str, _readable_text)


def _refuse_halves(value: Any, file: str) -> None:
    for text in _texts(value):
        if _SURROGATE.search(text):
            found = shown(text.encode("ascii", "backslashreplace").decode())
            mend = "Leave out the half of a character, such as one byte of a name that is not UTF-8."
            raise Problems([Problem(file, "", "REG007", found, "whole Unicode characters", mend)])


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def template(manifest: Mapping[str, Any]) -> str:
    """The event file of a record with the places to fill in; as it stands it is refused, so that none is forgotten."""
    work = manifest["work"]
    types = ", ".join(row["correction_type"] for row in table("correction-record", "x-correction-types"))
    notices = ", ".join(row["notice"] for row in table("correction-record", "x-notices"))
    title = _in_quotes(work["title"])
    if len(title) > _LONGEST_EXAMPLE:
        title = '"the title as it stands"'
    return f"""\
# A correction of {work["public_id"]}. Fill in what stands in <...>; lines that begin with # say how.
schema: {schema_id(EVENT)}
# The file's name without .yml: the day, then a few words in small letters, with hyphens.
event_id: <YYYY-MM-DD-what-was-wrong>
record: {work["public_id"]}
# When you make the correction, in UTC. The day is that of the name.
corrected_at: "<YYYY-MM-DD>T12:00:00Z"
# One of: {types}
correction_type: <TYPE>
# For a formal notice, one of: {notices}
# notice: correction
issued_by: <who issues the correction>
reason: <why it is issued>
public_note: >-
  <What was wrong and what is right, for readers.
  More lines are welcome.>
# Where a reader can see for themselves:
# evidence:
#   - label: The paper's second version
#     url: https://example.org/paper-v2
# What is to be changed. Give the value as it stands, and the new one. Items are counted from 0, as published.
# changes:
#   - op: replace
#     path: /work/title
#     before: {title}
#     value: A better title
# Without changes, what the note concerns:
# affected_fields:
#   - /claims/records/0
"""


def _in_quotes(text: str) -> str:
    """A double-quoted YAML scalar on one line, with an escape for every character that could end a comment."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08X}" for c in escaped) + '"'


def new_file_url(repository: str, branch: str, manifest: Mapping[str, Any]) -> str:
    """The code host's form for a new event of the record, with the template filled in.

    ``repository`` is the address of the repository, such as ``https://github.com/owner/name``; at most ``LONGEST_URL``
    characters come back, as the host takes no more.
    """
    short = manifest["work"]["short_id"]
    where = f"{repository.rstrip('/')}/new/{quote(branch, safe='/')}/manifests/{short[:2]}/{short}/{FOLDER}"
    url = f"{where}?filename={FILE_NAME}&value={quote(template(manifest), safe='')}"
    if len(url) > LONGEST_URL:
        plain = {"work": {**manifest["work"], "title": "x" * (_LONGEST_EXAMPLE + 1)}}
        url = f"{where}?filename={FILE_NAME}&value={quote(template(plain), safe='')}"
    return url
