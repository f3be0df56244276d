"""What every verifier takes and gives: a claim and one source's sentences in, a verdict with its evidence out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

Label = Literal["SUPPORT", "REFUTE", "NEI"]
LABELS: tuple[Label, ...] = ("SUPPORT", "REFUTE", "NEI")
MOST_EVIDENCE = 3


@dataclass(frozen=True)
class Passage:
    """One source as a verifier reads it.

    ``sentences`` in reading order; ``offsets`` are their half-open code point spans in the source's text, or empty
    where the text was given as sentences only. ``title`` may be empty.
    """

    sentences: tuple[str, ...]
    title: str = ""
    offsets: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class Evidence:
    """A sentence that the verdict rests on: its index in the passage, its text and, where known, its span."""

    index: int
    text: str
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True)
class Verdict:
    """What a method holds of a claim, given one source.

    ``confidence`` (0..1) is the calibrated probability that ``label`` is right, ``p_support`` (0..1) that the source
    supports the claim; both have four decimals. ``reasons`` are whole sentences in English that name what was compared
    ("The source says 3.4, the claim says 4.3."), the weightiest first.
    """

    label: Label
    confidence: float
    p_support: float
    evidence: tuple[Evidence, ...]
    reasons: tuple[str, ...]
    method: str
    version: str


class Verifier(Protocol):
    """One method. ``version`` names its weights and rules exactly: the same version gives the same verdicts."""

    @property
    def method(self) -> str: ...

    @property
    def version(self) -> str: ...

    def verify(self, claim: str, passage: Passage) -> Verdict:
        """The verdict on one pair; raises nothing for any text, however odd."""
        ...

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        """Verdicts in the order of ``pairs``, each as soon as it is there."""
        ...


def evidence_at(passage: Passage, indices: Sequence[int]) -> tuple[Evidence, ...]:
    """The sentences at ``indices`` (at most three are taken) with their spans."""
    spans = passage.offsets
    return tuple(
        Evidence(index, passage.sentences[index], *(spans[index] if spans else (None, None)))
        for index in indices[:MOST_EVIDENCE]
    )
