"""The files that ``lexical-v1`` ships, its arithmetic beside scikit-learn's, and the figures made of verdicts."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score, confusion_matrix, f1_score, roc_auc_score
from sklearn.preprocessing import StandardScaler

from bench.verification import figures
from bench.verification.data import Pair
from bench.verification.train_lexical import STRENGTH, Training, fit
from generator.kernel.verification.lexical import DECIDING, METHOD, NOTHING
from generator.kernel.verification.lexical.features import OPPOSED, QUANTITY, RULES, STATISTICS
from generator.kernel.verification.lexical.model import MODEL, Model, model
from generator.kernel.verification.verdict import LABELS, Label, Verdict


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(MODEL.read_text(encoding="utf-8"))
    return found


def test_files_are_small_and_plain() -> None:
    assert MODEL.stat().st_size < 100_000
    assert STATISTICS.stat().st_size < 1_200_000
    assert {path.suffix for path in MODEL.parent.iterdir() if path.is_file()} == {".py", ".json"}


def test_shape_of_the_model(content: dict[str, Any]) -> None:
    assert (content["method"], content["labels"]) == (METHOD, list(LABELS))
    assert not set(content["features"]) & set(RULES)
    assert list(content["rules"]) == list(RULES)
    assert 50 <= len(content["features"]) <= 100
    for name, row in content["features"].items():
        assert set(row) == {"mean", "scale", "weights"}, name
        assert row["scale"] > 0
        assert len(row["weights"]) == 3
        # a softmax over all three labels: its weights for one feature add up to nothing
        assert sum(row["weights"]) == pytest.approx(0, abs=3e-5), name
    assert sum(content["intercept"]) == pytest.approx(0, abs=3e-5)
    assert 0 < content["support_from"] < 1


def test_shares_are_probabilities(content: dict[str, Any]) -> None:
    copies = content["near_copies"]
    assert 0.5 <= copies["part_from"] < copies["whole_from"] <= 1
    assert set(copies["whole"]) <= {*DECIDING, NOTHING}
    assert set(copies["part"]) <= {*DECIDING, NOTHING}
    for row in (*content["rules"].values(), *copies["whole"].values(), *copies["part"].values()):
        assert len(row) == 3
        assert sum(row) == pytest.approx(1, abs=3e-4)
        assert all(0 < share < 1 for share in row)


def test_what_differs_decides_as_a_reader_would(content: dict[str, Any]) -> None:
    likeliest = {name: LABELS[row.index(max(row))] for name, row in content["near_copies"]["whole"].items()}
    assert likeliest == {
        **dict.fromkeys(("number", "direction", "negation", "order"), "REFUTE"),
        **dict.fromkeys(("name", "hedge", "word"), "NEI"),
        **dict.fromkeys((NOTHING, "added"), "SUPPORT"),
    }


def test_rules_decide_as_a_reader_would(content: dict[str, Any]) -> None:
    likeliest = {name: LABELS[row.index(max(row))] for name, row in content["rules"].items()}
    assert likeliest == {OPPOSED: "REFUTE", QUANTITY: "NEI"}
    assert all(row[0] < content["support_from"] for row in content["rules"].values())


def test_part_of_a_copy_that_puts_things_in_another_order_is_refuted(content: dict[str, Any]) -> None:
    row = content["near_copies"]["part"]["order"]
    assert LABELS[row.index(max(row))] == "REFUTE"


def test_shape_of_the_statistics() -> None:
    found = json.loads(STATISTICS.read_text(encoding="utf-8"))
    assert set(found) == {"documents", "frequency", "related"}
    assert all(3 <= count <= found["documents"] for count in found["frequency"].values())
    assert set(found["related"]) <= set(found["frequency"])
    for stem, near in found["related"].items():
        assert stem not in near
        assert all(50 <= likeness <= 100 for likeness in near.values())


NAMES = ["a", "b", "claim_content", "cover_two"]


@cache
def small(temperature: float = 1.0) -> tuple[Model, Any, Any]:
    """A model fitted on made-up numbers, with the scaler and the regression that it repeats."""
    random = np.random.default_rng(5)
    x = random.normal(size=(90, len(NAMES))) * [1, 5, 2, 0.3]
    y = (x[:, 0] + 0.3 * x[:, 1] + random.normal(size=90) > 0).astype(int) + (x[:, 2] > 1.5)
    scaler = StandardScaler().fit(x)
    regression = LogisticRegression(C=0.5, tol=1e-8, max_iter=2000).fit(scaler.transform(x), y)
    found = Model(
        {
            "version": "0.0.1",
            "support_from": 0.4,
            "temperature": temperature,
            "intercept": regression.intercept_.tolist(),
            "features": {
                name: {
                    "mean": scaler.mean_[at],
                    "scale": scaler.scale_[at],
                    "weights": regression.coef_[:, at].tolist(),
                }
                for at, name in enumerate(NAMES)
            },
            "rules": {OPPOSED: [0.1, 0.8, 0.1], QUANTITY: [0.05, 0.15, 0.8]},
            "long_claims": {"content_words_from": 17, "cover_two": 4.0, "intercept": -2.0, "refute_share": 0.25},
            "near_copies": {
                "whole_from": 0.75,
                "part_from": 0.6,
                "whole": {"nothing": [0.9, 0.05, 0.05], "number": [0.1, 0.8, 0.1]},
                "part": {"nothing": [0.8, 0.1, 0.1]},
            },
        }
    )
    return found, scaler, regression


def row(values: list[float], opposed: float = 0.0, quantity: float = 0.0) -> dict[str, float]:
    return dict(zip(NAMES, values, strict=True)) | {OPPOSED: opposed, QUANTITY: quantity}


VALUES = st.lists(st.floats(-16, 16), min_size=4, max_size=4)


@given(VALUES)
def test_probabilities_are_those_of_scikit_learn(values: list[float]) -> None:
    found, scaler, regression = small()
    expected = regression.predict_proba(scaler.transform([values]))[0]
    assert found.probabilities(row(values)) == pytest.approx(expected, abs=1e-9)
    assert sum(found.probabilities(row(values))) == pytest.approx(1)


@given(VALUES, st.floats(0.25, 4))
def test_temperature_divides_the_scores(values: list[float], temperature: float) -> None:
    plain, cooled = small()[0].probabilities(row(values)), small(temperature)[0].probabilities(row(values))
    powers = [p ** (1 / temperature) for p in plain]
    assert cooled == pytest.approx([power / sum(powers) for power in powers], abs=1e-6)


@given(VALUES, st.sampled_from(LABELS))
def test_contributions_add_up_to_the_margin(values: list[float], label: Label) -> None:
    found, scaler, regression = small()
    scores = regression.coef_ @ scaler.transform([values])[0]
    at = LABELS.index(label)
    parts = found.contributions(row(values), label)
    assert sum(weight for weight, _ in parts) == pytest.approx(scores[at] - (scores.sum() - scores[at]) / 2, abs=1e-9)
    assert parts == sorted(parts, reverse=True)


def test_rules_before_weights() -> None:
    found, _, _ = small()
    assert found.probabilities(row([0, 0, 3, 0], opposed=1.0)) == (0.1, 0.8, 0.1)
    assert found.probabilities(row([0, 0, 3, 0], quantity=1.0)) == (0.05, 0.15, 0.8)
    # the first rule of the list decides where both hold, and rules before the length of the claim
    assert found.probabilities(row([0, 0, 30, 0.9], opposed=1.0, quantity=1.0)) == (0.1, 0.8, 0.1)
    assert found.probabilities(row([0, 0, 30, 0.9], quantity=1.0)) == (0.05, 0.15, 0.8)
    support = 1 / (1 + math.exp(-(4 * 0.9 - 2)))
    expected = support, (1 - support) / 4, (1 - support) * 0.75
    assert found.probabilities(row([9, 9, 17, 0.9])) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("overlap", "differs", "expected"),
    [
        (1.0, "nothing", (0.9, 0.05, 0.05)),
        (0.75, "number", (0.1, 0.8, 0.1)),
        (0.75, "order", None),
        (0.74, "nothing", (0.8, 0.1, 0.1)),
        (0.6, "number", None),
        (0.59, "nothing", None),
    ],
)
def test_shares_of_copies(overlap: float, differs: str, expected: tuple[float, ...] | None) -> None:
    assert small()[0].of_copy(overlap, differs) == expected


@pytest.mark.parametrize(
    ("p", "label"),
    [
        ((0.4, 0.6, 0.0), "SUPPORT"),
        ((0.39, 0.31, 0.3), "REFUTE"),
        ((0.39, 0.3, 0.31), "NEI"),
        ((0.2, 0.4, 0.4), "NEI"),
    ],
)
def test_where_support_begins(p: tuple[float, float, float], label: Label) -> None:
    assert small()[0].label(p) == label


def made_up() -> tuple[Any, list[str], list[str]]:
    """Numbers, their names with the rules among them, and labels: the first rule holds for four of six REFUTE, the
    second for three NEI and one SUPPORT."""
    random = np.random.default_rng(3)
    names = ["a", OPPOSED, "b", "same", QUANTITY]
    labels = ["REFUTE"] * 6 + ["NEI"] * 6 + ["SUPPORT"] * 6
    x = random.normal(size=(18, 5)) * [1, 1, 4, 1, 1]
    x[:, 1] = [*[1] * 4, *[0] * 14]
    x[:, 3] = 7.0
    x[:, 4] = [*[0] * 6, 1, 1, 1, *[0] * 3, 1, *[0] * 5]
    return x, names, labels


def test_rules_are_the_shares_observed_where_they_hold() -> None:
    found = fit(*made_up(), {"near_copies": "as given"})
    # (1 + count) / (3 + total), of SUPPORT, REFUTE and NEI
    assert found["rules"] == {
        OPPOSED: [round(1 / 7, 4), round(5 / 7, 4), round(1 / 7, 4)],
        QUANTITY: [round(2 / 7, 4), round(1 / 7, 4), round(4 / 7, 4)],
    }
    assert list(found["rules"]) == list(RULES)
    assert list(found["features"]) == ["a", "b", "same"]
    assert found["near_copies"] == "as given"


def test_weights_are_those_of_scikit_learn() -> None:
    x, _, labels = made_up()
    found = fit(*made_up(), {})
    columns = x[:, [0, 2, 3]]
    scaler = StandardScaler().fit(columns)
    wanted = [LABELS.index(label) for label in labels]
    regression = LogisticRegression(C=STRENGTH, tol=1e-8, max_iter=5000).fit(scaler.transform(columns), wanted)
    assert found["intercept"] == pytest.approx(regression.intercept_.tolist(), abs=1e-4)
    for at, name in enumerate(("a", "b", "same")):
        assert found["features"][name]["weights"] == pytest.approx(regression.coef_[:, at].tolist(), abs=1e-4)
        assert found["features"][name]["mean"] == pytest.approx(columns[:, at].mean(), abs=1e-5)
    assert found["features"]["same"]["scale"] == 1.0


def test_emphasis_holds_a_feature_back_less() -> None:
    plain, stressed = fit(*made_up(), {}), fit(*made_up(), {}, {"b": 2.0})
    assert stressed["features"]["a"]["scale"] == plain["features"]["a"]["scale"]
    assert stressed["features"]["b"]["scale"] == pytest.approx(plain["features"]["b"]["scale"] / 2, abs=1e-5)

    def told(content: dict[str, Any]) -> float:
        feature = content["features"]["b"]
        return float(np.abs(feature["weights"]).sum() / feature["scale"])

    assert told(stressed) > 2 * told(plain)


def said_of(claim: str, label: str) -> Pair:
    return Pair("", "", "x", claim, "", ("Trees cool the air.",), label)


def test_refutations_among_long_claims_are_as_frequent_as_among_labelled_ones() -> None:
    """SUPPORT takes no part in the share, and the everyday pairs take none."""
    gold = [said_of("Trees cool the air.", "SUPPORT")] * 7 + [said_of("Roofs warm it.", "REFUTE")]
    gold += [said_of("Walls stand.", "NEI")] * 3
    known = Training(gold, [said_of("Cats sleep.", "REFUTE")] * 9, {"whole_from": 0.75})
    parts = known.parts(gold)
    assert set(parts) == {"long_claims", "near_copies"}
    assert parts["long_claims"]["refute_share"] == 0.25
    assert parts["long_claims"]["content_words_from"] == 17
    assert parts["long_claims"]["cover_two"] > 0
    assert parts["near_copies"] == {"whole_from": 0.75}
    assert known.parts([*gold, *gold[-4:-3]])["long_claims"]["refute_share"] == 0.4


def test_the_shipped_model_is_read_once() -> None:
    assert model() is model()
    assert model().version.count(".") == 2


def pair(label: str, kind: str = "x") -> Pair:
    return Pair("", "", kind, "", "", (), label)


def verdict(label: Label, confidence: float, p_support: float) -> Verdict:
    return Verdict(label, confidence, p_support, (), (), "m", "1")


def test_figures_by_hand() -> None:
    pairs = [pair("SUPPORT"), pair("SUPPORT"), pair("REFUTE"), pair("NEI")]
    verdicts = [
        verdict("SUPPORT", 0.95, 0.95),
        verdict("NEI", 0.55, 0.3),
        verdict("REFUTE", 0.85, 0.05),
        verdict("SUPPORT", 0.65, 0.65),
    ]
    found = figures.judged(pairs, verdicts)
    assert (found["items"], found["balanced_accuracy"], found["auroc"]) == (4, 0.5, 0.75)
    assert found["macro_f1"] == pytest.approx((0.5 + 1 + 0) / 3, abs=1e-4)
    assert found["confusion"] == [[1, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert found["ece"] == pytest.approx((0.05 + 0.7 + 0.05 + 0.65) / 4)
    assert found["ece_label"] == pytest.approx((0.05 + 0.55 + 0.15 + 0.65) / 4)
    assert [(bins["count"], bins["mean_p"], bins["share"]) for bins in found["reliability"] if bins["count"]] == [
        (1, 0.05, 0.0),
        (1, 0.3, 1.0),
        (1, 0.65, 0.0),
        (1, 0.95, 1.0),
    ]


ROWS = st.lists(
    st.tuples(st.sampled_from(LABELS), st.sampled_from(LABELS), st.integers(0, 100).map(lambda n: n / 100)),
    min_size=2,
    max_size=40,
).filter(lambda rows: {label == "SUPPORT" for label, *_ in rows} == {True, False})


@given(ROWS)
def test_figures_are_those_of_scikit_learn(rows: list[tuple[Label, Label, float]]) -> None:
    truth, said, p = zip(*rows, strict=True)
    found = figures.judged([pair(label) for label in truth], [verdict(label, value, value) for _, label, value in rows])
    positive, given_support = np.array(truth) == "SUPPORT", np.array(said) == "SUPPORT"
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(positive, given_support), abs=5.1e-5)
    assert found["auroc"] == pytest.approx(roc_auc_score(positive, p), abs=5.1e-5)
    macro = f1_score(truth, said, labels=LABELS, average="macro", zero_division=0)
    assert found["macro_f1"] == pytest.approx(macro, abs=5.1e-5)
    assert found["confusion"] == confusion_matrix(truth, said, labels=LABELS).tolist()
    edges = np.minimum((np.array(p) * 10).astype(int), 9)
    error = sum(
        (edges == at).mean() * abs(np.array(p)[edges == at].mean() - positive[edges == at].mean()) for at in set(edges)
    )
    assert found["ece"] == pytest.approx(error, abs=2e-4)
    assert sum(bins["count"] for bins in found["reliability"]) == len(rows)


def test_calibration_of_nothing() -> None:
    assert figures.error(figures.reliability([], [])) == 0.0


def test_accepted_shares() -> None:
    pairs = [pair("SUPPORT", "identity"), pair("SUPPORT", "test-paraphrase"), pair("REFUTE", "test-number")]
    pairs += [pair("REFUTE", "number"), pair("NEI", "unrelated")]
    verdicts = [verdict(label, 0.9, 0.1) for label in ("SUPPORT", "NEI", "SUPPORT", "REFUTE", "SUPPORT")]  # type: ignore[arg-type]
    found = figures.altered(pairs, verdicts)
    assert (found["items"], found["altered_accepted"], found["true_accepted"]) == (5, 0.5, 0.5)
    assert found["by_kind"] == {
        "identity": {"items": 1, "accepted": 1.0},
        "number": {"items": 2, "accepted": 0.5},
        "paraphrase": {"items": 1, "accepted": 0.0},
        "unrelated": {"items": 1, "accepted": 1.0},
    }
