"""The current view of a record is a fold: the published manifest and its events, in order, give version by version.

Version 1 is the published manifest, byte for byte. Each event makes the next one: its changes are applied to the
facts, and what rules derive (counts, levels, tier, dimensions, limitations) is derived again. The fold is a pure
function, so anyone who has the files has every version that ever was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from generator.manifest import contracts, patch
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.corrections import Event, correction_state
from generator.manifest.derive import PLACES, derived, put, recount
from generator.manifest.files import is_local
from generator.manifest.problems import Problem, Problems, pointer, shown
from generator.manifest.rules import check_view


class _Absent:
    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final = _Absent()
"""Stands in a ``Change`` for a value that is not there."""
_BOOKKEEPING = ("/work/version", "/correction_record")


@dataclass(frozen=True)
class Change:
    """One part of a manifest before and after; ``ABSENT`` where it is not there. ``derived``: rules computed it."""

    path: str
    before: Any
    after: Any
    derived: bool


@dataclass(frozen=True)
class Version:
    """One version of a record. ``since`` is the day (version 1) or moment from which it stands, ``event`` what made it
    and ``before`` the manifest that it was made of; ``published`` are the bytes of the first version."""

    number: int
    manifest: dict[str, Any]
    event: Event | None
    since: str | None
    before: dict[str, Any] | None = None
    published: bytes = b""

    @cached_property
    def data(self) -> bytes:
        """The bytes of the version's manifest."""
        return self.published or stored_bytes(self.manifest)

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of ``data``, hex."""
        return sha256_bytes(self.data)

    @cached_property
    def changes(self) -> tuple[Change, ...]:
        """Everything that differs from the version before."""
        return () if self.before is None else changed(self.before, self.manifest)

    @property
    def facts(self) -> list[Change]:
        """The changes that the event states."""
        return [change for change in self.changes if not change.derived]

    @property
    def consequences(self) -> list[Change]:
        """The changes that rules made of them, less the version's own number and state."""
        return [change for change in self.changes if change.derived and not change.path.startswith(_BOOKKEEPING)]


def versions(manifest: dict[str, Any], data: bytes, events: Sequence[Event], *, file: str) -> list[Version]:
    """Every version of the record whose published ``manifest`` has the bytes ``data``; ``events`` stand in order.

    Raises ``Problems``, which name the event's file, at the first event that does not fit or gives no valid record:
    what follows it could not be judged.
    """
    made = [Version(1, manifest, None, manifest["work"]["submitted"], published=data)]
    document: dict[str, Any] = patch.opened(manifest) if events else {}
    kept: dict[tuple[str, str], Any] = {}
    latest = ""
    for number, event in enumerate(events, 2):
        where = str(event.path)
        problems = patch.apply(document, event.data, file=where)
        if problems:
            raise Problems(problems)
        view = _view(_closed(document, event, kept), manifest, events[: number - 1], number, where)
        latest = max(latest, event.at)
        made.append(Version(number, view, event, latest, before=made[-1].manifest))
    return made


def as_of(made: Sequence[Version], moment: str) -> Version | None:
    """The version that stood at ``moment``, a time such as ``2026-11-30T09:00:00Z`` or a day, which means its end;
    ``None`` before the record was there."""
    limit = moment if "T" in moment else f"{moment}T23:59:59Z"
    standing = [version for version in made if version.since is None or _start(version.since) <= limit]
    return standing[-1] if standing else None


def changed(before: Any, after: Any) -> tuple[Change, ...]:
    """The smallest parts in which two manifests, or two parts of them, differ, in the order of the later one; items are
    named by their id."""
    claims = after.get("claims") if isinstance(after, dict) else None
    # a record without single claims states its counts
    stated = "/claims/aggregate" if isinstance(claims, dict) and claims.get("mode") == "aggregate" else None
    computed = (*(place for place in PLACES if place != stated), *_BOOKKEEPING)
    return tuple(
        Change(path, old, new, path.startswith(computed) or _is_count(path))
        for path, old, new in _differences(before, after)
    )


# what a view writes into: these parts are made anew for each version
_WRITTEN_INTO = {("provenance", "sources"), ("provenance", "claim_lineage")}


def _closed(document: dict[str, Any], event: Event, kept: dict[tuple[str, str], Any]) -> dict[str, Any]:
    """The document as plain lists and dictionaries. Parts that the event does not touch are those of the version
    before, held in ``kept``: the claims are most of a manifest, and a record can have many events."""
    for change in event.data.get("changes", ()):
        head = tuple(patch.tokens(change["path"])[:2])
        for place in [place for place in kept if place[: len(head)] == head]:
            del kept[place]
    view: dict[str, Any] = {}
    for name, part in document.items():
        if not isinstance(part, dict):
            view[name] = patch.closed(part)
            continue
        view[name] = {}
        for key, inner in part.items():
            if (name, key) in _WRITTEN_INTO:
                view[name][key] = patch.closed(inner)
                continue
            if (name, key) not in kept:
                kept[name, key] = patch.closed(inner)
            view[name][key] = kept[name, key]
    return view


def _view(
    view: dict[str, Any], published: dict[str, Any], events: Sequence[Event], number: int, file: str
) -> dict[str, Any]:
    """The facts in ``view`` made a manifest, in place: numbered, and with what rules derive from them."""
    view["work"]["version"] = number
    view["correction_record"] = {
        **view["correction_record"],
        "state": correction_state(events),
        "count": len(events),
    }
    # rules can only read what the schema allows
    if contracts.is_valid(view, "paper-manifest"):
        recount(view)
        for place, value in derived(view).items():
            put(view, place, value)
        problems = [*check_view(view, file=file), *_files(view, published, file)]
    else:
        problems = contracts.validate(view, "paper-manifest", file=file)
    if problems:
        raise Problems([_unfit(problem, file) for problem in problems])
    return view


def _files(view: dict[str, Any], published: dict[str, Any], file: str) -> list[Problem]:
    """The files beside a manifest never change, so no event can add one or say that it is another."""

    def listed(manifest: dict[str, Any]) -> list[tuple[int, tuple[Any, ...]]]:
        facts = ("url", "type", "media_type", "size", "sha256")
        items = enumerate(manifest["artifacts"])
        return [(index, tuple(item[fact] for fact in facts)) for index, item in items if is_local(item)]

    known = {facts for _, facts in listed(published)}
    mend = "Publish a new record with the right file, and name it with 'replaced_by'."
    return [
        Problem(file, pointer("artifacts", index), "REG041", shown(facts[0]), "a file as it was published", mend)
        for index, facts in listed(view)
        if facts not in known
    ]


def _unfit(problem: Problem, file: str) -> Problem:
    """A problem of the view, told as one of the event that leads to it."""
    found = f"{problem.place or 'the whole manifest'} of the corrected record: {problem.found} ({problem.code})"
    return Problem(file, "/changes", "REG066", found, problem.expected, problem.mend)


def _start(since: str) -> str:
    return since if "T" in since else f"{since}T00:00:00Z"


def _is_count(path: str) -> bool:
    parts = patch.tokens(path)
    return parts[:2] == ["provenance", "sources"] and parts[3:] == ["claims"]


def _differences(before: Any, after: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if type(before) is type(after) and isinstance(after, dict):
        for key in [*after, *(key for key in before if key not in after)]:
            yield from _pair(before.get(key, ABSENT), after.get(key, ABSENT), path + pointer(key))
    elif type(before) is type(after) and isinstance(after, list):
        old, new = _keyed(before), _keyed(after)
        if old is not None and new is not None:
            for key in [*new, *(key for key in old if key not in new)]:
                yield from _pair(old.get(key, ABSENT), new.get(key, ABSENT), path + pointer(key))
        elif len(before) == len(after):
            for index, (left, right) in enumerate(zip(before, after, strict=True)):
                yield from _pair(left, right, path + pointer(index))
        else:
            yield path, before, after
    elif not patch.same(before, after):
        yield path, before, after


def _pair(before: Any, after: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if before is ABSENT or after is ABSENT:
        yield path, before, after
    else:
        yield from _differences(before, after, path)


def _keyed(items: list[Any]) -> dict[str, Any] | None:
    """The items under their ids, where each has one of its own."""
    if not items or not all(isinstance(item, dict) and isinstance(item.get("id"), str) for item in items):
        return {} if not items else None
    found = {item["id"]: item for item in items}
    return found if len(found) == len(items) else None
