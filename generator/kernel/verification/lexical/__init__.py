"""``lexical-v1``, the default method: what words, numbers and their order say, by rules and a small table of weights.

A claim that nearly copies a sentence is compared with it word by word; one in other words is judged by features of the
closest sentences. Everything is deterministic, needs no numerical library, and can be read in ``model.json``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from generator.kernel.verification.lexical import reasons
from generator.kernel.verification.lexical.compare import Comparison, compare
from generator.kernel.verification.lexical.features import LONGEST, Source, features, source
from generator.kernel.verification.lexical.model import Model, Probabilities, model
from generator.kernel.verification.lexical.parse import Parsed, parse
from generator.kernel.verification.verdict import Label, Passage, Verdict, evidence_at

METHOD = "lexical-v1"
NOTHING = "nothing"
DECIDING = ("number", "direction", "negation", "order", "name", "hedge", "word", "added")
"""Kinds of differences between a claim and the sentence that it copies, the one that decides first."""
_COPIED = 0.5
"""Share of a claim's words in a sentence from which the two are compared."""
_PER_MISMATCH = 0.08
"""What a mismatch takes from a sentence's overlap when the one that the claim copies is looked for."""


@dataclass(frozen=True)
class Judgement:
    """Probabilities with what they rest on: the chosen sentences, best first, and the features by name.

    ``copied``: index of the sentence that the claim nearly copies, with its ``comparison`` and what ``differs``
    (one of ``DECIDING``, or ``NOTHING``); None, None and "" where there is no such sentence. ``unjudged``: why the pair
    cannot be judged, which makes it NEI; empty where it can.
    """

    p: Probabilities
    order: list[int]
    features: dict[str, float]
    copied: int | None
    comparison: Comparison | None
    differs: str
    unjudged: str = ""


def judge(claim: str, passage: Passage, weights: Model | None = None) -> Judgement:
    """The judgement on one pair, before it is put into words."""
    weights = weights or model()
    ready = source(passage.sentences, passage.title)
    parsed = parse(clean(claim, any(map(reasons.NUMBERED.search, ready.sentences))))
    order, found = features(parsed, ready)
    unjudged = _unjudged(claim, parsed, ready)
    copied, comparison = closest(parsed, ready, order)
    if comparison is not None:
        differs = difference(comparison)
        p = weights.of_copy(comparison.overlap, differs)
        if p is not None:
            return Judgement(p, order, found, copied, comparison, differs, unjudged)
    return Judgement(weights.probabilities(found), order, found, None, None, "", unjudged)


def _unjudged(claim: str, parsed: Parsed, ready: Source) -> str:
    if not parsed.content:
        return "The claim has no word that could be looked for."
    if not any(ready.stems):
        return "The source has no text that could be compared."
    # its end would go unread, and could say anything
    return f"The claim is longer than {LONGEST} characters." if len(claim) > LONGEST else ""


def difference(comparison: Comparison) -> str:
    """The kind of the difference that decides, or ``NOTHING``."""
    kinds = {mismatch.kind for mismatch in comparison.mismatches}
    return next((kind for kind in DECIDING if kind in kinds), NOTHING)


def clean(text: str, numbered: bool = False) -> str:
    """The claim without citation marks, on one line and of bounded length; where the source too has numbers in square
    brackets (``numbered``), they stay, since they may be part of what is said."""
    text = reasons.CITATIONS.sub(" ", text[:LONGEST])
    return " ".join((text if numbered else reasons.NUMBERED.sub(" ", text)).split())


def closest(claim: Parsed, ready: Source, order: list[int]) -> tuple[int | None, Comparison | None]:
    """The chosen sentence that the claim copies most closely, where it copies one at all."""
    best: tuple[float, int, Comparison] | None = None
    for index in order:
        if len(claim.stem_set & ready.stems[index]) < _COPIED * len(claim.stem_set):
            continue
        found = compare(claim, parse(ready.sentences[index]), ready.short)
        value = found.overlap - _PER_MISMATCH * len(found.mismatches)
        if best is None or value > best[0]:
            best = (value, index, found)
    return (None, None) if best is None else best[1:]


class LexicalVerifier:
    """The method behind the common interface. It keeps no state between calls."""

    method = METHOD

    def __init__(self, weights: Model | None = None) -> None:
        self._weights = weights or model()
        self.version = self._weights.version

    def verify(self, claim: str, passage: Passage) -> Verdict:
        """The verdict on one pair; a claim or a source without words, or a claim beyond all length, is NEI."""
        return self.verdict(passage, judge(claim, passage, self._weights), claim)

    def verdict(self, passage: Passage, found: Judgement, claim: str) -> Verdict:
        """A judgement with its evidence and reasons."""
        support, refute, neither = (0.0, 0.0, 1.0) if found.unjudged else found.p
        label: Label = self._weights.label((support, refute, neither))
        confidence = {"SUPPORT": support, "REFUTE": refute, "NEI": neither}[label]
        return Verdict(
            label,
            round(confidence, 4),
            round(support, 4),
            evidence_at(passage, reasons.evidence(label, found)),
            reasons.explain(label, clean(claim), passage, found, self._weights),
            self.method,
            self.version,
        )

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        """Verdicts one by one, in the order of the pairs."""
        for claim, passage in pairs:
            yield self.verify(claim, passage)
