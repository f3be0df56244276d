"""The blend of language model and word-by-word comparison: who decides when, and the arithmetic of the pool."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.verification.blended import (
    ENCODER_FEATURES,
    BlendedVerifier,
    load_blend,
    log_softmax,
)
from generator.kernel.verification.cross_encoder import WEIGHTS
from generator.kernel.verification.lexical.model import MODEL, Model
from generator.kernel.verification.verdict import Passage

Triple = tuple[float, float, float]
FLAT = {"mean": 0.0, "scale": 1.0, "weights": [0.0, 0.0, 0.0]}
ONE_HOT = dict(zip(ENCODER_FEATURES, ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]), strict=True))


def plain() -> Model:
    """A blend that listens to the encoder alone."""
    content = json.loads(MODEL.read_text(encoding="utf-8"))
    content["intercept"] = [0.0, 0.0, 0.0]
    content["features"] = dict.fromkeys(content["features"], FLAT)
    content["features"] |= {name: {**FLAT, "weights": weights} for name, weights in ONE_HOT.items()}
    return Model(content)


TREES = Passage(
    (
        "We measured ten streets.",
        "Street trees lowered the air temperature by 1.3 °C at noon.",
        "Roofs were not studied.",
    ),
    "Trees in streets",
    ((0, 24), (25, 84), (85, 107)),
)


class Oracle:
    """An encoder that gives the same logits to every pair and counts what it is asked."""

    def __init__(self, logits: Triple) -> None:
        self._logits = logits
        self.asked: list[str] = []

    def logits(self, pairs: Iterable[tuple[str, Passage]]) -> list[Triple]:
        given = list(pairs)
        self.asked += [claim for claim, _ in given]
        return [self._logits for _ in given]


def softmax(values: Iterable[float]) -> list[float]:
    powers = [math.exp(value) for value in values]
    return [power / sum(powers) for power in powers]


@pytest.mark.parametrize(
    ("claim", "label", "reason"),
    [
        (
            "Street trees lowered the air temperature by 3.1 °C at noon.",
            "REFUTE",
            "The source says “1.3”, the claim says “3.1”.",
        ),
        ("Street trees raised the air temperature by 1.3 °C at noon.", "REFUTE", None),
        ("Street trees did not lower the air temperature by 1.3 °C at noon.", "REFUTE", None),
    ],
)
def test_the_comparison_decides_alone_where_a_copy_differs(claim: str, label: str, reason: str | None) -> None:
    encoder = Oracle((9.0, -9.0, -9.0))
    verdict = BlendedVerifier(encoder, plain()).verify(claim, TREES)
    assert (verdict.label, encoder.asked) == (label, [])
    assert verdict.method == "cross-encoder"
    assert reason is None or reason in verdict.reasons


def test_a_copy_with_an_unknown_word_stays_open_whatever_the_model_says() -> None:
    claim = "Street shrubs lowered the air temperature by 1.3 °C at noon."
    encoder = Oracle((9.0, -9.0, -9.0))
    assert BlendedVerifier(encoder, plain()).verify(claim, TREES).label == "NEI"
    assert encoder.asked == []


def test_a_supported_claim_in_other_words_has_evidence_with_its_place() -> None:
    claim = "Planting cools the air of streets."
    verdict = BlendedVerifier(Oracle((9.0, -9.0, -9.0)), plain()).verify(claim, TREES)
    assert verdict.label == "SUPPORT"
    assert verdict.evidence[0].start is not None
    assert verdict.reasons[0] == "The language model reads the source as supporting the claim."


@pytest.mark.parametrize(("claim", "passage"), [("", TREES), ("... !", TREES), ("Trees cool.", Passage(()))])
def test_nothing_to_judge_is_not_said(claim: str, passage: Passage) -> None:
    verdict = BlendedVerifier(Oracle((9.0, -9.0, -9.0)), plain()).verify(claim, passage)
    assert (verdict.label, verdict.p_support) == ("NEI", 0.0)


def test_many_pairs_come_in_order_over_several_chunks() -> None:
    claims = [f"Street trees lowered the air temperature by {number}.5 °C at noon." for number in range(75)]
    claims[40] = "Street trees lowered the air temperature by 1.3 °C at noon."
    verifier = BlendedVerifier(Oracle((0.0, 0.0, 0.0)), plain())
    verdicts = list(verifier.verify_many((claim, TREES) for claim in claims))
    assert [verdict.label for verdict in verdicts] == ["SUPPORT" if at == 40 else "REFUTE" for at in range(75)]
    assert verdicts == [verifier.verify(claim, TREES) for claim in claims]


scores = st.tuples(*[st.floats(-8, 8)] * 3)


@given(scores)
def test_log_softmax_are_log_probabilities(logits: Triple) -> None:
    assert [math.exp(value) for value in log_softmax(logits)] == pytest.approx(softmax(logits), abs=1e-9)


@given(scores)
def test_a_blend_that_listens_to_the_encoder_alone_says_what_it_says(logits: Triple) -> None:
    verdict = BlendedVerifier(Oracle(logits), plain()).verify("Planting cools the air of streets.", TREES)
    assert verdict.p_support == pytest.approx(softmax(logits)[0], abs=1e-4)


def test_the_shipped_blend_has_the_lexical_features_and_the_encoders() -> None:
    shipped = json.loads((WEIGHTS / "blend.json").read_text(encoding="utf-8"))
    lexical = json.loads(MODEL.read_text(encoding="utf-8"))
    assert set(shipped["features"]) == {*lexical["features"], *ENCODER_FEATURES}
    assert shipped["method"] == "cross-encoder"
    assert load_blend().version == shipped["version"]
