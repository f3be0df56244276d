"""``lexical-v1`` on the data sets: altered sentences are caught and true ones accepted; no labelled claim is judged by
weights that were fitted on it. Skipped where the data are absent."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from bench.verification import figures, folds
from bench.verification.data import DATA, FOLDS, Pair, altered_dev, citation_integrity, fold_of, scifact
from bench.verification.train_lexical import Training
from generator.kernel.verification.blended import ENCODER_FEATURES, BlendedVerifier, log_softmax
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.lexical.model import MODEL, Model
from generator.kernel.verification.verdict import LABELS, Passage, Verdict

pytestmark = pytest.mark.skipif(
    not (DATA / "scifact").is_dir() or not (DATA / "perturb_dev").is_dir(),
    reason="../shared/data is absent: SciFact and perturb_dev are needed",
)


@pytest.fixture(scope="module")
def altered() -> list[Pair]:
    return altered_dev()


@pytest.fixture(scope="module")
def labelled() -> list[Pair]:
    return scifact()


def judged(pairs: list[Pair]) -> list[Verdict]:
    return list(LexicalVerifier().verify_many((pair.claim, Passage(pair.sentences, pair.title)) for pair in pairs))


def test_altered_sentences_are_caught_and_true_ones_accepted(altered: list[Pair]) -> None:
    verdicts = judged(altered)
    found = figures.altered(altered, verdicts)
    assert found["altered_accepted"] <= 0.01, found["by_kind"]
    assert found["true_accepted"] >= 0.99, found["by_kind"]
    assert found["by_kind"]["unrelated"]["accepted"] <= 0.01
    for pair, verdict in zip(altered, verdicts, strict=True):
        assert "“”" not in " ".join(verdict.reasons)
        assert pair.kind != "identity" or verdict.evidence[0].text in pair.sentences


def test_documents_of_one_fold_are_in_no_other(labelled: list[Pair]) -> None:
    names = fold_of(labelled)
    assert set(names.values()) == set(range(FOLDS))
    home: dict[tuple[str, ...], set[int]] = defaultdict(set)
    claims: dict[str, set[int]] = defaultdict(set)
    for pair in labelled:
        home[pair.sentences].add(names[pair.group])
        claims[pair.claim].add(names[pair.group])
    assert {len(found) for found in home.values()} == {1}
    assert {len(found) for found in claims.values()} == {1}
    sizes = [sum(names[pair.group] == fold for pair in labelled) for fold in range(FOLDS)]
    assert max(sizes) - min(sizes) <= 2


def test_altered_claims_are_no_labelled_claims(labelled: list[Pair], altered: list[Pair]) -> None:
    assert not {pair.claim for pair in labelled} & {pair.claim for pair in altered}


def test_each_fold_is_judged_by_weights_fitted_without_it(
    labelled: list[Pair], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The true fit is replaced by one that notes whose labels it is given, and names the model after it."""
    gold = labelled[:60]
    names = fold_of(gold)
    fitted: list[int] = []
    shipped = json.loads(MODEL.read_text(encoding="utf-8"))

    def noted(x: Any, _: Any, labels: Sequence[str], parts: dict[str, Any], emphasis: Any) -> dict[str, Any]:
        assert (len(x), emphasis) == (len(labels), {})
        kept = [pair for pair in gold if names[pair.group] != len(fitted)]
        assert labels == [pair.label for pair in kept]
        assert parts == {"seen": [pair.id for pair in kept]}
        fitted.append(len(labels))
        return shipped | {"version": f"without {len(fitted) - 1}"}

    monkeypatch.setattr(folds, "fit", noted)
    monkeypatch.setattr(Training, "parts", lambda _, pairs: {"seen": [pair.id for pair in pairs]})
    models = folds.lexical_models(Training(gold, [], {}))
    assert [len(gold) - count for count in fitted] == [sum(names[p.group] == at for p in gold) for at in range(FOLDS)]
    versions = [verdict.version for verdict in folds.lexical_verdicts(gold, models)]
    assert versions == [f"without {names[pair.group]}" for pair in gold]


def test_the_blend_of_each_fold_is_fitted_without_it(labelled: list[Pair], monkeypatch: pytest.MonkeyPatch) -> None:
    """Each label is replaced by the fold that it belongs to, and each fit says which labels it was given. A verdict
    must come from a blend, and a comparison, that its own fold had no part in."""
    gold = labelled[:60]
    names = fold_of(gold)
    logits = [(float(at), -1.0, 0.5) for at in range(len(gold))]
    marked = [replace(pair, label=str(names[pair.group])) for pair in gold]
    shipped = json.loads(MODEL.read_text(encoding="utf-8"))
    fitted: list[tuple[bool, str]] = []

    def noted(
        x: Any, columns: Sequence[str], labels: Sequence[str], _: Any, emphasis: dict[str, float]
    ) -> dict[str, Any]:
        (absent,) = {str(fold) for fold in range(FOLDS)} - set(labels)
        encoded = bool(emphasis)
        assert emphasis == (dict.fromkeys(ENCODER_FEATURES, folds.EMPHASIS) if encoded else {})
        assert x.shape == (len(labels), len(columns))
        assert (tuple(columns[-3:]) == ENCODER_FEATURES) == encoded
        if encoded:
            rows = [log_softmax(row) for row, pair in zip(logits, marked, strict=True) if pair.label != absent]
            assert x[:, -3:].tolist() == [list(row) for row in rows]
        fitted.append((encoded, absent))
        return shipped | {"version": absent}

    asked: list[tuple[str, str]] = []

    class Noted(BlendedVerifier):
        def __init__(self, encoder: Any, blend: Model, lexical: Model) -> None:
            asked.append((blend.version, lexical.version))
            super().__init__(encoder, blend, lexical)

    monkeypatch.setattr(folds, "fit", noted)
    monkeypatch.setattr(folds, "BlendedVerifier", Noted)
    monkeypatch.setattr(Training, "parts", lambda *_: {})
    verdicts = folds.blended_verdicts(Training(marked, [], {}), logits)
    every = [str(fold) for fold in range(FOLDS)]
    assert sorted(fitted) == sorted((encoded, fold) for encoded in (False, True) for fold in every)
    assert asked == [(fold, fold) for fold in every]
    assert [(verdict.version, verdict.method) for verdict in verdicts] == [
        (pair.label, "cross-encoder") for pair in marked
    ]


def test_the_data_sets_as_pairs(labelled: list[Pair], altered: list[Pair]) -> None:
    for pairs in (labelled, altered):
        assert len({pair.id for pair in pairs}) == len(pairs)
        assert {pair.label for pair in pairs} == set(LABELS)
    for pair in labelled:
        assert all(index < len(pair.sentences) for index in pair.evidence)
        assert bool(pair.evidence) == (pair.label != "NEI")


@pytest.mark.skipif(not (DATA / "citation_integrity").is_dir(), reason="../shared/data/citation_integrity is absent")
def test_citing_statements_have_no_marks_left() -> None:
    pairs = citation_integrity("dev")
    assert {pair.label for pair in pairs} == set(LABELS)
    assert not any("<|" in pair.claim for pair in pairs)
