"""Claims: where they stand in their sources, and how many there are. Every count on a page comes from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from generator.manifest.canonical import sha256_text


@dataclass(frozen=True)
class Counts:
    """Counters over claim records. ``grounded`` = ``located`` + ``declared``; ``checked`` claims have a verdict."""

    extracted: int
    verified: int
    located: int
    declared: int
    checked: int
    corroborated: int

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


def count(records: Sequence[dict[str, Any]], corroborating_methods: frozenset[str] = frozenset()) -> Counts:
    """Counters over claim records; a claim is corroborated when a method that can tell support from contradiction
    (``corroborating_methods``) found it supported by two or more sources."""
    verified = [record for record in records if record["verification"]["verified"]]
    return Counts(
        extracted=len(records),
        verified=len(verified),
        located=sum(record["grounding"]["state"] == "located" for record in records),
        declared=sum(record["grounding"]["state"] == "declared" for record in records),
        checked=sum(record["verification"]["verified"] is not None for record in records),
        corroborated=sum(
            record["verification"]["method"] in corroborating_methods
            and len(set(record["verification"]["supporting_source_ids"])) >= 2
            for record in verified
        ),
    )


def counts_of(section: dict[str, Any], corroborating_methods: frozenset[str] = frozenset()) -> Counts:
    """Counters of a manifest's ``claims`` section; one without public records has only the aggregate it states."""
    if section["mode"] == "per_claim":
        return count(section["records"], corroborating_methods)
    aggregate = section["aggregate"]
    return Counts(
        extracted=aggregate["extracted"],
        verified=aggregate["verified"],
        located=aggregate["located"],
        declared=aggregate["declared"],
        checked=aggregate["extracted"],
        corroborated=0,
    )
