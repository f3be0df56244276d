"""Verdicts on SciFact that no weight was fitted for: each fold is judged by weights fitted on the four others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from bench.verification.data import FOLDS, Pair, fold_of
from bench.verification.train_lexical import Training, fit, matrix
from generator.kernel.verification.blended import ENCODER_FEATURES, BlendedVerifier, Encoder, log_softmax
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.lexical.model import Model, Probabilities
from generator.kernel.verification.verdict import Passage, Verdict

EMPHASIS = 2.0
"""How much less the encoder's scores are held back than the features; chosen by cross-validation among 1, 2, 4."""


def passage(pair: Pair) -> Passage:
    """The pair's source as verifiers take it."""
    return Passage(pair.sentences, pair.title)


def lexical_models(training: Training) -> list[Model]:
    """One model for each fold, fitted without that fold's documents."""
    return [Model(content) for content in _contents(training, *matrix(training.gold), {})]


def lexical_verdicts(gold: Sequence[Pair], models: Sequence[Model]) -> list[Verdict]:
    """Out-of-fold verdicts of ``lexical-v1``, in the order of ``gold``."""
    folds = fold_of(list(gold))
    verifiers = [LexicalVerifier(model) for model in models]
    return [verifiers[folds[pair.group]].verify(pair.claim, passage(pair)) for pair in gold]


def encoder_logits(encoder: Encoder, gold: Sequence[Pair]) -> list[Probabilities]:
    """The encoder's scores; it saw no label of SciFact, so they are out of fold as they are."""
    return encoder.logits((pair.claim, passage(pair)) for pair in gold)


def with_encoder(training: Training, logits: Sequence[Probabilities]) -> tuple[Any, list[str], dict[str, float]]:
    """(features and encoder scores, their names, the emphasis of the scores)."""
    x, names = matrix(training.gold)
    scores = np.array([log_softmax(row) for row in logits])
    return np.hstack([x, scores]), [*names, *ENCODER_FEATURES], dict.fromkeys(ENCODER_FEATURES, EMPHASIS)


def blended_verdicts(
    training: Training, logits: Sequence[Probabilities], models: Sequence[Model] | None = None
) -> list[Verdict]:
    """Out-of-fold verdicts of ``cross-encoder``, in the order of the labelled claims; ``models`` are the lexical ones
    of the folds, where they are at hand."""
    gold = training.gold
    folds = fold_of(gold)
    contents = _contents(training, *with_encoder(training, logits))
    recorded = _Recorded({(pair.claim, passage(pair)): row for pair, row in zip(gold, logits, strict=True)})
    verifiers = [
        BlendedVerifier(recorded, Model(content), lexical)
        for content, lexical in zip(contents, models or lexical_models(training), strict=True)
    ]
    return [verifiers[folds[pair.group]].verify(pair.claim, passage(pair)) for pair in gold]


def _contents(training: Training, x: Any, names: list[str], emphasis: dict[str, float]) -> list[dict[str, Any]]:
    folds = fold_of(training.gold)
    fold = np.array([folds[pair.group] for pair in training.gold])
    found = []
    for left_out in range(FOLDS):
        kept = [pair for pair in training.gold if folds[pair.group] != left_out]
        labels = [pair.label for pair in kept]
        found.append(fit(x[fold != left_out], names, labels, training.parts(kept), emphasis))
    return found


class _Recorded:
    """Stands for an encoder by the scores that it gave."""

    def __init__(self, logits: dict[tuple[str, Passage], Probabilities]) -> None:
        self._logits = logits

    def logits(self, pairs: Iterable[tuple[str, Passage]]) -> list[Probabilities]:
        return [self._logits[pair] for pair in pairs]
