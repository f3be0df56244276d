"""Quotations: whole claims between “ ” marks, and the promise that no source's wording stands outside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from generator.kernel.text import words

LONGEST_RUN = 11
"""Words in a row that a text of ours may share with a source outside quotation marks."""
# Marks that turn the direction of a line (Unicode Bidirectional Algorithm, UAX 9): one that is left open inside a
# quotation would turn what follows it.
_UNSEEN = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
_INNER = str.maketrans({"“": "‘", "”": "’", "„": "‘", "‟": "‘"})

Run = tuple[str, ...]


def as_quoted(text: str) -> str:
    """A claim's text as it stands between quotation marks: inner double marks become single ones, line breaks become
    spaces, and marks that turn the line's direction are left out."""
    return " ".join(text.translate(_UNSEEN).translate(_INNER).split())


def quote(claim: Mapping[str, Any]) -> str:
    """A claim as a marked quotation with its id."""
    return f"“{as_quoted(claim['text'])}” [{claim['id']}]"


def outside_quotes(text: str) -> list[str]:
    """The stretches of a text that stand outside “quotation marks”."""
    return [part for part in re.split(r"“[^”]*”", text) if part.strip()]


def quotations(text: str) -> list[str]:
    """The marked quotations of a text, without their marks; marks inside a quotation were turned into single ones."""
    return re.findall(r"“([^”]*)”", text)


def runs_of(texts: Iterable[str]) -> frozenset[Run]:
    """Every run of ``LONGEST_RUN + 1`` words of the texts, in lower case."""
    return frozenset(run for text in texts for run in _runs(text))


def copies(text: str, runs: frozenset[Run]) -> bool:
    """Whether a text holds one of the runs outside its quotations."""
    return any(run in runs for part in outside_quotes(text) for run in _runs(part))


def _runs(text: str) -> Iterable[Run]:
    found = [word.lower() for word in words(text)]
    return (tuple(found[at : at + LONGEST_RUN + 1]) for at in range(len(found) - LONGEST_RUN))
