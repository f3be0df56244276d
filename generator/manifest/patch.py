"""Changes to the facts of a manifest: JSON Patch (RFC 6902) whose every change carries the value before.

Places are JSON Pointers into the manifest as it was published. The index of an item never moves, whatever earlier
changes added or removed, so changes to different facts hold in either order; an item that has an ``id`` may be named
by it, which is how items that were added are named. What rules derive cannot be changed: it is derived again.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import Any

from generator.manifest.contracts import table
from generator.manifest.problems import Problem, pointer, shown
from generator.manifest.strict import MAX_DEPTH

APPEND = "-"
_FIX = "See 'srch show {record} --manifest' for the view as it stands."


@dataclass
class Items:
    """A list under change: the published items under their index, added ones under a key that sorts after those."""

    published: dict[int, Any]
    added: dict[tuple[str, str, int], Any] = field(default_factory=dict)

    def find(self, token: str) -> tuple[dict[Any, Any], Any] | None:
        """The dictionary and key that hold the item called ``token``, an index as published or an id."""
        if token.isascii() and token.isdecimal() and (token == "0" or token[0] != "0"):
            index = int(token)
            return (self.published, index) if index in self.published else None
        for held in (self.published, self.added):
            for key, item in held.items():
                if isinstance(item, dict) and item.get("id") == token:
                    return held, key
        return None


_NESTED = (dict, Items)


def opened(value: Any) -> Any:
    """``value`` with every list as ``Items``."""
    if isinstance(value, dict):
        return {key: opened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return Items({index: opened(item) for index, item in enumerate(value)})
    return value


def closed(value: Any) -> Any:
    """The inverse of ``opened``: what was added stands after what was published, by date and id of its event."""
    if isinstance(value, dict):
        return {key: closed(inner) if isinstance(inner, _NESTED) else inner for key, inner in value.items()}
    if isinstance(value, Items):
        items = list(value.published.values())
        if value.added:
            items += [item for _, item in sorted(value.added.items())]
        return [closed(item) if isinstance(item, _NESTED) else item for item in items]
    return value


def tokens(path: str) -> list[str]:
    """The parts of a JSON Pointer."""
    return [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]


def is_fact(path: str, *, aggregate: bool = False) -> bool:
    """Whether the place is, or lies in, one of the facts of ``x-facts``; ``aggregate``: the record publishes no single
    claims, so that the counts it states are facts too."""
    parts = tokens(path)
    if parts[:2] == ["provenance", "sources"] and parts[3:4] == ["claims"]:
        return False  # counted from the claims
    return any(parts[: len(fact)] == fact for fact in _facts(aggregate))


def fact_type(path: str) -> str | None:
    """The correction type that fits a change at ``path`` best, by ``x-facts``."""
    parts = tokens(path)
    for row in fact_rows():
        if parts[: len(tokens(row["path"]))] == tokens(row["path"]):
            return str(row["type"])
    return "CLAIM" if parts[:2] == ["claims", "aggregate"] else None


def fact_rows() -> list[dict[str, str]]:
    """The rows of ``x-facts``: those of the event's contract, then those of the parts that came later to the
    manifest's."""
    return [*table("correction-event", "x-facts"), *table("paper-manifest", "x-facts")]


def _facts(aggregate: bool) -> list[list[str]]:
    rows = [tokens(row["path"]) for row in fact_rows()]
    return [*rows, ["claims", "aggregate"]] if aggregate else rows


def apply(document: Any, event: dict[str, Any], *, file: str) -> list[Problem]:
    """Apply the changes of ``event`` to an ``opened`` manifest, in place; the problems of those that do not fit."""
    problems: list[Problem] = []
    for number, change in enumerate(event.get("changes", ())):
        found = _apply_one(document, change, (event["corrected_at"], event["event_id"], number), file, event["record"])
        if found is not None:
            problems.append(found)
    return problems


def _apply_one(
    document: Any, change: dict[str, Any], key: tuple[str, str, int], file: str, record: str
) -> Problem | None:
    path, op = change["path"], change["op"]
    place = pointer("changes", key[2], "path")
    aggregate = document["claims"]["mode"] == "aggregate"
    if not is_fact(path, aggregate=aggregate):
        return _not_a_fact(document, path, place, file)
    parts = tokens(path)
    levels = len(parts) + _depth(change.get("value"))
    if levels > MAX_DEPTH:
        # each value is within the limit of its file, but values can be put into one another
        said = pointer("changes", key[2], "value")
        return Problem(file, said, "REG005", f"{levels} levels", f"at most {MAX_DEPTH} levels", "Flatten the value.")
    holder, missing = _walk(document, parts[:-1])
    if missing is not None:
        return _no_place(file, place, path, pointer(*parts[: missing + 1]), record, _names(holder))
    last = parts[-1]
    if op == "add":
        return _add(holder, last, change, key, file, place, path, record)
    where = _slot(holder, last)
    if where is None:
        return _no_place(file, place, path, path, record, _names(holder))
    held, slot = where
    now = closed(held[slot])
    if not _holds(now, change["before"], parts, aggregate=aggregate):
        mend = f"Another event may have changed it since: take the value from 'srch show {record} --manifest'."
        said = pointer("changes", key[2], "before")
        return Problem(
            file, said, "REG063", shown(change["before"]), f"the value that {path} holds now, {shown(now)}", mend
        )
    if op == "remove":
        del held[slot]
    else:
        held[slot] = opened(change["value"])
    return None


def _depth(value: Any) -> int:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(_depth, inner), default=0) if isinstance(value, (dict, list)) else 0


def _holds(now: Any, before: Any, parts: list[str], *, aggregate: bool) -> bool:
    """Whether ``before`` is the value there. How many claims name a source is counted, so it is not compared."""
    if parts[:2] == ["provenance", "sources"] and not aggregate:
        now, before = (_uncounted(value, len(parts)) for value in (now, before))
    return same(now, before)


def _uncounted(value: Any, length: int) -> Any:
    if length == 2 and isinstance(value, list):
        return [_uncounted(item, 3) for item in value]
    if length == 3 and isinstance(value, dict):
        return {name: inner for name, inner in value.items() if name != "claims"}
    return value


def _add(
    holder: Any,
    last: str,
    change: dict[str, Any],
    key: tuple[str, str, int],
    file: str,
    place: str,
    path: str,
    record: str,
) -> Problem | None:
    if isinstance(holder, Items):
        if last != APPEND:
            mend = "End the path in '/-'; to change an item that is there, say replace."
            return Problem(file, place, "REG064", shown(path), "a path that ends in '/-' to add to a list", mend)
        holder.added[key] = opened(change["value"])
        return None
    if not isinstance(holder, dict):
        return _no_place(file, place, path, path, record, [])
    if last in holder:
        mend = "Say replace, with the value before."
        return Problem(file, place, "REG063", f"{path} is there already", "a place that holds nothing yet", mend)
    holder[last] = opened(change["value"])
    return None


def value_at(document: Any, path: str) -> Any:
    """The value at ``path`` of an ``opened`` manifest, closed; ``KeyError`` where there is none."""
    here, missing = _walk(document, tokens(path))
    if missing is not None:
        raise KeyError(path)
    return closed(here)


def same(left: Any, right: Any) -> bool:
    """Whether two JSON values are one value: ``1`` and ``1.0`` are, ``1`` and ``true`` are not."""
    if isinstance(left, dict):
        return isinstance(right, dict) and left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list):
        return isinstance(right, list) and len(left) == len(right) and all(map(same, left, right))
    return isinstance(left, bool) is isinstance(right, bool) and bool(left == right)


def _walk(document: Any, parts: list[str]) -> tuple[Any, int | None]:
    """What the parts lead to, or the last thing on the way and the number of the part that leads nowhere."""
    here = document
    for number, part in enumerate(parts):
        where = _slot(here, part)
        if where is None:
            return here, number
        held, slot = where
        here = held[slot]
    return here, None


def _slot(holder: Any, token: str) -> tuple[dict[Any, Any], Any] | None:
    if isinstance(holder, Items):
        return holder.find(token)
    if isinstance(holder, dict) and token in holder:
        return holder, token
    return None


def _names(holder: Any) -> list[str]:
    if isinstance(holder, Items):
        held = [*holder.published.items(), *holder.added.items()]
        return [str(item.get("id", key)) if isinstance(item, dict) else str(key) for key, item in held]
    return [str(name) for name in holder] if isinstance(holder, dict) else []


def _no_place(file: str, place: str, path: str, nearest: str, record: str, names: list[str]) -> Problem:
    near = difflib.get_close_matches(nearest.rsplit("/", 1)[-1], names, 1)
    mend = f"Did you mean {shown(near[0])}? " if near else ""
    found = f"{shown(path)}, but there is no {nearest}" if nearest != path else shown(path)
    return Problem(
        file,
        place,
        "REG064",
        found,
        "a place in the manifest, counted as it was published",
        mend + _FIX.format(record=record),
    )


def _not_a_fact(document: Any, path: str, place: str, file: str) -> Problem:
    _, missing = _walk(document, tokens(path))
    expected = "the place of a fact: " + ", ".join(row["path"] for row in fact_rows())
    if missing is not None:
        near = difflib.get_close_matches(path, [row["path"] for row in fact_rows()], 1)
        mend = f"Write {near[0]}, if that is meant." if near else "Correct the path."
        return Problem(file, place, "REG065", shown(path), expected, mend)
    mend = "Change the facts that it follows from; this part is computed from them, or never changes."
    return Problem(file, place, "REG065", shown(path), expected, mend)
