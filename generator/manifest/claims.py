"""Claims: where they stand in their sources, and how many there are. Every count on a page comes from here.

Rules 1.1 count a verdict as *verified* only if its method's measured figures meet the bar (see ``cards``); a claim that
another method passed is *echoed in source*. Rules 1.0, and drafts, which count their own claims, take every verdict as
it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.manifest.canonical import sha256_text

FIRST_RULES, RULES = "1.0", "1.1"


@dataclass(frozen=True)
class Counts:
    """Counters over claim records. ``grounded`` = ``located`` + ``declared``; ``checked`` claims have a verdict;
    ``echoed`` ones passed a method that does not meet the bar."""

    extracted: int
    verified: int
    located: int
    declared: int
    checked: int
    corroborated: int
    echoed: int = 0

    @property
    def grounded(self) -> int:
        """Claims that lead back to a source, with a checked place or by declaration."""
        return self.located + self.declared

    @property
    def verified_share(self) -> float:
        """Verified claims as a share 0..1 of all; 0 without claims."""
        return self.verified / self.extracted if self.extracted else 0.0


def locator(section: str, text: str, start: int, end: int) -> dict[str, Any]:
    """Where a quote stands: code point offsets into the section's text, the quote itself and its SHA-256."""
    quote = text[start:end]
    return {"section": section, "start": start, "end": end, "quote": quote, "sha256": sha256_text(quote)}


def passed(records: Sequence[Mapping[str, Any]]) -> int:
    """How many claims their method passed, whichever method it is."""
    return sum(record["verification"]["verified"] is True for record in records)


def rules_version(holder: Mapping[str, Any]) -> str:
    """The version of the rules that a run, or a manifest's ``quality_assessment``, is counted by."""
    return str(holder["rules"]["version"]) if "rules" in holder else FIRST_RULES


def bar_of(holder: Mapping[str, Any], mode: str) -> bool | None:
    """Whether the verdicts of a run, or of a manifest's ``quality_assessment``, may count as verified; ``None`` where
    they count as they stand: under rules 1.0 and in imported drafts."""
    if mode == "imported" or "rules" not in holder:
        return None
    return bool(holder["rules"]["verifier"]["meets_bar"])


def agreement(supporting: int, refuting: int) -> str:
    """What so many supporting and refuting sources come to."""
    if supporting and refuting:
        return "contested"
    if supporting:
        return "corroborated" if supporting >= 2 else "single-source"
    return "refuted" if refuting else "none"


def count(
    records: Sequence[dict[str, Any]],
    corroborating_methods: frozenset[str] = frozenset(),
    *,
    bar: bool | None = None,
) -> Counts:
    """Counters over claim records, ``bar`` being what ``bar_of`` says.

    A claim is corroborated when a verifier that meets the bar found two or more sources for it and none against it;
    where verdicts count as they stand, the method must be one of ``corroborating_methods``.
    """
    passing = [record for record in records if record["verification"]["verified"]]
    verified = [] if bar is False else passing
    return Counts(
        extracted=len(records),
        verified=len(verified),
        located=sum(record["grounding"]["state"] == "located" for record in records),
        declared=sum(record["grounding"]["state"] == "declared" for record in records),
        checked=sum(record["verification"]["verified"] is not None for record in records),
        corroborated=sum(_corroborated(record["verification"], corroborating_methods, bar) for record in verified),
        echoed=len(passing) - len(verified),
    )


def counts_of(
    section: dict[str, Any],
    corroborating_methods: frozenset[str] = frozenset(),
    *,
    bar: bool | None = None,
) -> Counts:
    """Counters of a manifest's ``claims`` section; one without public records has only the aggregate it states."""
    if section["mode"] == "per_claim":
        return count(section["records"], corroborating_methods, bar=bar)
    aggregate = section["aggregate"]
    return Counts(
        extracted=aggregate["extracted"],
        verified=0 if bar is False else aggregate["verified"],
        located=aggregate["located"],
        declared=aggregate["declared"],
        checked=aggregate["extracted"],
        corroborated=0,
        echoed=aggregate.get("echoed", 0),
    )


def _corroborated(verification: dict[str, Any], methods: frozenset[str], bar: bool | None) -> bool:
    if bar is None:
        return verification["method"] in methods and len(set(verification["supporting_source_ids"])) >= 2
    return bool(verification.get("agreement") == "corroborated")
