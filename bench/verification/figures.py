"""Figures of a verifier over labelled pairs: discrimination, calibration, and what altered sentences get past it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from sklearn.metrics import balanced_accuracy_score, f1_score, roc_auc_score

from bench.verification.data import Pair
from generator.kernel.verification.verdict import LABELS, Verdict

BINS = 10
TRUE_KINDS = ("identity", "paraphrase")


def judged(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Balanced accuracy and AUROC of "supported or not", macro-F1 of the three labels, calibration error, confusion.

    ECE is the expected calibration error of ``p_support`` in ten bins of equal width (Guo et al. 2017);
    ``ece_label`` that of ``confidence`` in the label given.
    """
    truth = [pair.label == "SUPPORT" for pair in pairs]
    said = [verdict.label == "SUPPORT" for verdict in verdicts]
    p = [verdict.p_support for verdict in verdicts]
    right = [pair.label == verdict.label for pair, verdict in zip(pairs, verdicts, strict=True)]
    bins = reliability(p, truth)
    confusion = Counter((pair.label, verdict.label) for pair, verdict in zip(pairs, verdicts, strict=True))
    labels, given = [pair.label for pair in pairs], [verdict.label for verdict in verdicts]
    return {
        "items": len(pairs),
        "balanced_accuracy": _round(balanced_accuracy_score(truth, said)),
        "auroc": _round(roc_auc_score(truth, p)),
        "macro_f1": _round(f1_score(labels, given, labels=list(LABELS), average="macro", zero_division=0)),
        "ece": _round(error(bins)),
        "ece_label": _round(error(reliability([verdict.confidence for verdict in verdicts], right))),
        "confusion": [[confusion[true, given] for given in LABELS] for true in LABELS],
        "reliability": bins,
    }


def reliability(p: Sequence[float], truth: Sequence[bool]) -> list[dict[str, float]]:
    """Bins of equal width over 0..1 with their mean probability and observed share; empty bins have count 0."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for value, true in zip(p, truth, strict=True):
        held[min(int(value * BINS), BINS - 1)].append((value, true))
    return [
        {
            "from": round(index / BINS, 2),
            "to": round((index + 1) / BINS, 2),
            "count": len(items),
            "mean_p": _round(sum(value for value, _ in items) / len(items)) if items else 0.0,
            "share": _round(sum(true for _, true in items) / len(items)) if items else 0.0,
        }
        for index, items in enumerate(held)
    ]


def error(bins: Sequence[dict[str, float]]) -> float:
    """Expected calibration error: mean distance of probability and share, weighted by the bins' counts."""
    total = sum(row["count"] for row in bins)
    return sum(row["count"] * abs(row["mean_p"] - row["share"]) for row in bins) / total if total else 0.0


def altered(pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """Shares of altered and of true sentences that were called supported, in all and by kind."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    for pair, verdict in zip(pairs, verdicts, strict=True):
        by_kind[pair.kind.removeprefix("test-")].append(verdict.label == "SUPPORT")
    true = [said for kind in TRUE_KINDS for said in by_kind.get(kind, [])]
    false = [said for kind, items in by_kind.items() if kind not in (*TRUE_KINDS, "unrelated") for said in items]
    return {
        "items": len(pairs),
        "altered_accepted": _round(sum(false) / len(false)),
        "true_accepted": _round(sum(true) / len(true)),
        "by_kind": {
            kind: {"items": len(items), "accepted": _round(sum(items) / len(items))}
            for kind, items in sorted(by_kind.items())
        },
    }


def _round(value: float) -> float:
    return round(float(value), 4)
