"""The trained part of the method: a table of named weights in ``model.json``, applied with plain arithmetic.

A multinomial logistic regression over standardised features (Hosmer and Lemeshow, Applied Logistic Regression) and, for
claims that nearly copy a sentence, the observed share of each label by what differs. No pickle, no library at run time.
"""

from __future__ import annotations

import json
import math
from functools import cache
from pathlib import Path
from typing import Any

from generator.kernel.verification.lexical.features import RULES
from generator.kernel.verification.verdict import LABELS, Label

MODEL = Path(__file__).parent / "model.json"

Probabilities = tuple[float, float, float]
"""Of SUPPORT, REFUTE and NEI, in this order; they sum to one."""


class Model:
    """What ``model.json`` holds, read once and applied to any number of claims."""

    def __init__(self, content: dict[str, Any]) -> None:
        self.version = str(content["version"])
        self.support_from = float(content["support_from"])
        self.temperature = float(content["temperature"])
        self._intercept = [float(value) for value in content["intercept"]]
        self._features = [
            (name, float(row["mean"]), 1 / float(row["scale"]), *map(float, row["weights"]))
            for name, row in content["features"].items()
        ]
        # label -> (feature, mean, 1 / scale, weight for the label less the mean of the other two)
        self._against_others = {
            label: [
                (name, mean, inverse, weights[at] - (sum(weights) - weights[at]) / 2)
                for name, mean, inverse, *weights in self._features
            ]
            for at, label in enumerate(LABELS)
        }
        self._rules: list[tuple[str, Probabilities]] = [(name, tuple(content["rules"][name])) for name in RULES]
        long = content["long_claims"]
        self._long_from = int(long["content_words_from"])
        self._long = float(long["cover_two"]), float(long["intercept"]), float(long["refute_share"])
        copies = content["near_copies"]
        self.copy_from = float(copies["whole_from"])
        self.part_from = float(copies["part_from"])
        self._whole: dict[str, Probabilities] = {name: tuple(row) for name, row in copies["whole"].items()}
        self._part: dict[str, Probabilities] = {name: tuple(row) for name, row in copies["part"].items()}

    def probabilities(self, features: dict[str, float]) -> Probabilities:
        """Of a claim that is worded in its own way."""
        for name, p in self._rules:
            if features[name]:
                return p
        if features["claim_content"] >= self._long_from:
            return self._of_long(features["cover_two"])
        support, refute, neither = self._intercept
        for name, mean, inverse, a, b, c in self._features:
            value = (features[name] - mean) * inverse
            support += a * value
            refute += b * value
            neither += c * value
        scores = [score / self.temperature for score in (support, refute, neither)]
        top = max(scores)
        powers = [math.exp(score - top) for score in scores]
        total = powers[0] + powers[1] + powers[2]
        return powers[0] / total, powers[1] / total, powers[2] / total

    def _of_long(self, cover: float) -> Probabilities:
        """Of a claim longer than any that the weights were trained on: how much of it two sentences hold decides."""
        weight, intercept, refute = self._long
        support = 1 / (1 + math.exp(-(weight * cover + intercept)))
        return support, (1 - support) * refute, (1 - support) * (1 - refute)

    def of_copy(self, overlap: float, differs: str) -> Probabilities | None:
        """Of a claim that copies a sentence but for what ``differs``; None where that was not observed."""
        if overlap >= self.copy_from:
            return self._whole.get(differs)
        return self._part.get(differs) if overlap >= self.part_from else None

    def contributions(self, features: dict[str, float], label: Label) -> list[tuple[float, str]]:
        """What speaks for the label against the mean of the others, heaviest first: (weight, feature)."""
        rows = self._against_others[label]
        return sorted(
            [(weight * (features[name] - mean) * inverse, name) for name, mean, inverse, weight in rows], reverse=True
        )

    def label(self, p: Probabilities) -> Label:
        """SUPPORT from ``support_from`` on, else the likelier of the two others."""
        if p[0] >= self.support_from:
            return "SUPPORT"
        return "REFUTE" if p[1] > p[2] else "NEI"


@cache
def model() -> Model:
    """The shipped model, read once."""
    return Model(json.loads(MODEL.read_text(encoding="utf-8")))
