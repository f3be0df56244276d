"""``cross-encoder``: a small language model and ``lexical-v1`` heard together.

Where a claim nearly copies a sentence, the comparison word by word decides alone: a model of this size overlooks
another number, direction, negation or name, and took two in five unknown antonyms for synonyms when it was asked.
Everywhere else its three scores are features beside the lexical ones in a logistic regression, whose weights are
``weights/cross-encoder/blend.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Protocol

from generator.kernel.verification.cross_encoder import WEIGHTS, CrossEncoder
from generator.kernel.verification.lexical import Judgement, LexicalVerifier, judge
from generator.kernel.verification.lexical.model import Model, Probabilities, model
from generator.kernel.verification.verdict import LABELS, Passage, Verdict, evidence_at

METHOD = "cross-encoder"
ENCODER_FEATURES = ("encoder_support", "encoder_refute", "encoder_nei")
"""Names of the encoder's log probabilities among the features of the blend."""
_CHUNK = 32
_HEARD = {
    "SUPPORT": "The language model reads the source as supporting the claim.",
    "REFUTE": "The language model reads the source as refuting the claim.",
    "NEI": "The language model finds nothing in the source that decides the claim.",
}


class Encoder(Protocol):
    """What is asked of the language model."""

    def logits(self, pairs: Iterable[tuple[str, Passage]]) -> list[Probabilities]:
        """Raw scores of SUPPORT, REFUTE and NEI for each pair."""
        ...


def log_softmax(logits: Probabilities) -> Probabilities:
    """Log probabilities of raw scores."""
    top = max(logits)
    norm = top + math.log(sum(math.exp(value - top) for value in logits))
    return logits[0] - norm, logits[1] - norm, logits[2] - norm


def load_blend(folder: Path = WEIGHTS) -> Model:
    """The shipped weights."""
    return Model(json.loads((folder / "blend.json").read_text(encoding="utf-8")))


class BlendedVerifier:
    """The method behind the common interface."""

    method = METHOD

    def __init__(
        self, encoder: Encoder | None = None, blend: Model | None = None, lexical: Model | None = None
    ) -> None:
        self._encoder = encoder or CrossEncoder()
        self._blend = blend or load_blend()
        self._weights = lexical or model()
        self._lexical = LexicalVerifier(self._weights)
        self.version = self._blend.version

    def verify(self, claim: str, passage: Passage) -> Verdict:
        """The verdict on one pair."""
        return next(self.verify_many([(claim, passage)]))

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        """Verdicts in the order of ``pairs``, a few pairs at a time."""
        waiting = iter(pairs)
        while chunk := list(islice(waiting, _CHUNK)):
            found = [judge(claim, passage, self._weights) for claim, passage in chunk]
            asked = [at for at, item in enumerate(found) if not item.unjudged and item.copied is None]
            logits = dict(zip(asked, self._encoder.logits(chunk[at] for at in asked), strict=True))
            for at, (claim, passage) in enumerate(chunk):
                yield self._verdict(claim, passage, found[at], logits.get(at))

    def _verdict(self, claim: str, passage: Passage, found: Judgement, logits: Probabilities | None) -> Verdict:
        if logits is None:
            return replace(self._lexical.verdict(passage, found, claim), method=self.method, version=self.version)
        opinion = log_softmax(logits)
        p = self._blend.probabilities({**found.features, **dict(zip(ENCODER_FEATURES, opinion, strict=True))})
        said = self._lexical.verdict(passage, replace(found, p=p), claim)
        evidence = said.evidence
        if said.label != "NEI" and not evidence:
            evidence = evidence_at(passage, found.order[:1])
        heard = _HEARD[LABELS[max(range(3), key=lambda index: logits[index])]]
        reasons = (heard, *said.reasons)[:4]
        return replace(said, evidence=evidence, reasons=reasons, method=self.method, version=self.version)
