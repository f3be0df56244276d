"""Verifier cards: what was measured of each version of a method, and whether that is enough to say *verified*.

A card lies in ``schemas/cards/<method>/<version>.json`` and is never changed once published. Figures come from cards
and from nowhere else; the bar they must meet is ``x-bar`` of the ``verifier-card`` contract.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from generator.manifest import contracts
from generator.manifest.canonical import sha256_bytes
from generator.manifest.claims import RULES
from generator.manifest.problems import Problem, Problems, pointer, shown
from generator.manifest.strict import loads_json, read_bytes

NAME = "verifier-card"
Card = dict[str, Any]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {">=": operator.ge, "<=": operator.le}
_NUMBERS = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})*", re.ASCII)


def folder() -> Path:
    """Where the cards lie: beside the contracts, ``<method>/<version>.json``."""
    return contracts.folder() / "cards"


def paths(root: Path | None = None) -> list[Path]:
    """All cards below ``root`` (default ``folder()``), by method and version, the oldest first."""
    found = (root or folder()).glob("*/*.json")
    return sorted(found, key=lambda path: (path.parent.name, _order(path.stem), path.stem))


def path_of(method: str, version: str) -> str:
    """Where a method's card stands in the repository and on the site."""
    return f"schemas/cards/{method}/{version}.json"


def card(method: str | None, version: str | None) -> Card | None:
    """The card of this version of the method, or ``None``; ``Problems`` when there is one that is not valid."""
    found = _find(method, version)
    return found[0] if found else None


def card_sha256(method: str | None, version: str | None) -> str | None:
    """SHA-256 of the card's bytes; ``None`` without a card."""
    found = _find(method, version)
    return found[1] if found else None


def meets_bar(card: Card) -> bool:
    """Whether every figure of the bar is met, by the version of the contract that the card names."""
    return all(met(row, card) for row in bar(card))


def bar(card: Card | None = None) -> list[dict[str, Any]]:
    """The rows of ``x-bar`` that apply to the card, or the latest ones."""
    address = contracts.names_version(card, NAME) if card is not None else None
    rows: list[dict[str, Any]] = contracts.table(NAME, "x-bar", address=address)
    return rows


def figure(row: dict[str, Any], card: Card) -> float | None:
    """The card's figure for a row of the bar; ``None`` when it was not measured."""
    value = card["figures"][row["set"]].get(row["figure"])
    return None if value is None or isinstance(value, dict) else float(value)


def met(row: dict[str, Any], card: Card) -> bool:
    """Whether the card meets one row of the bar; what was not measured meets nothing."""
    value = figure(row, card)
    return value is not None and _COMPARISONS[row["comparison"]](value, row["value"])


def counts_as_verified(method: str | None, version: str | None) -> bool:
    """Whether verdicts of this version of the method may count as verified: it has a card, and that meets the bar."""
    found = card(method, version)
    return found is not None and meets_bar(found)


def default_method() -> str:
    """The method that a run uses unless another one is asked for."""
    return str(contracts.table(NAME, "x-default"))


def newest_version(method: str) -> str | None:
    """The newest version of the method that has a card; ``None`` when none has."""
    return max((path.stem for path in folder().glob(f"{method}/*.json")), key=_order, default=None)


def is_older(version: str, other: str) -> bool:
    """Whether one version number comes before another; what is no number comes first."""
    return _order(version) < _order(other)


def rules_for(method: str | None, version: str | None) -> dict[str, Any]:
    """The ``rules`` object of a run whose claims this verifier judged: the rules of today, the card as it is now."""
    known = card(method, version)
    return {
        "version": RULES,
        "verifier": {
            "method": method,
            "version": version,
            "card": path_of(str(method), str(version)) if known else None,
            "card_sha256": card_sha256(method, version),
            "meets_bar": known is not None and meets_bar(known),
        },
    }


def min_agreement(name: str) -> float:
    """A threshold of ``x-agreement``: ``min_p_support``, ``min_p_corroborate`` or ``min_refute_confidence``."""
    return float(contracts.table(NAME, "x-agreement")[name])


def sureness(confidence: float) -> str:
    """A confidence in words, by the bands of ``x-confidence-bands``."""
    rows = contracts.table(NAME, "x-confidence-bands")
    return str(next(row["label"] for row in rows if confidence >= row["from"]))


def check_card(value: Any, path: Path) -> list[Problem]:
    """All problems of a card's content: the contract first, then what follows from its figures and its place."""
    problems = contracts.validate(value, NAME, file=str(path))
    if problems:
        return problems
    if value["meets_bar"] != meets_bar(value):
        missed = [f"{row['set']} {row['figure']}" for row in bar(value) if not met(row, value)]
        expected = "true: every figure meets the bar" if not missed else f"false: {', '.join(missed)} missed"
        mend = "Let the benchmark write the card; this part is computed, never typed in."
        problems.append(Problem(str(path), "/meets_bar", "REG075", shown(value["meets_bar"]), expected, mend))
    for name, place in (("method", path.parent.name), ("version", path.stem)):
        if value[name] != place:
            mend = "Move the card to <method>/<version>.json."
            problems.append(Problem(str(path), pointer(name), "REG076", shown(value[name]), shown(place), mend))
    return problems


def _find(method: str | None, version: str | None) -> tuple[Card, str] | None:
    if method is None or version is None:
        return None
    path = folder() / method / f"{version}.json"
    try:
        status = path.stat()
    except OSError:
        return None
    return _load(path, status.st_mtime_ns, status.st_size)


@lru_cache(maxsize=256)
def _load(path: Path, _changed: int, _size: int) -> tuple[Card, str]:
    """The card in a file and the file's SHA-256; read again only when the file has changed."""
    data = read_bytes(path)
    value = loads_json(data, file=str(path))
    problems = check_card(value, path)
    if problems:
        raise Problems(problems)
    return value, sha256_bytes(data)


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")) if _NUMBERS.fullmatch(version) else ()
