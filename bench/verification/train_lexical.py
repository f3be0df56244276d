"""Train ``lexical-v1``: count word statistics, observe near-copies, fit the weights, write what the package ships.

    python -m bench.verification.train_lexical

Data: SciFact train (labels), SciFact corpus and arXiv abstracts (word statistics, sentences altered by ``alter``). The
same data give the same files. It takes some five minutes on one core.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from bench.verification import alter
from bench.verification.data import DATA, Pair, arxiv, general, scifact, scifact_corpus
from generator.kernel.verification import lexical
from generator.kernel.verification.lexical.features import RULES, features, source, statistics
from generator.kernel.verification.lexical.model import MODEL, Model
from generator.kernel.verification.lexical.parse import parse, read
from generator.kernel.verification.verdict import LABELS
from generator.manifest.atomic import write_file

VERSION = "1.0.0"
SEED = 0
RAREST, RAREST_RELATED, NEIGHBOURS, WINDOW, DIMENSIONS = 3, 5, 10, 6, 150
LEAST_LIKE = 0.5
STRENGTH = 0.005
"""Inverse regularisation of the logistic regression; chosen by cross-validation among 0.005, 0.01, 0.02 and 0.05.
Titles and conclusions as further claims brought nothing: balanced accuracy 0.732 without, 0.730 with them."""
SUPPORT_FROM = 0.4
"""Where SUPPORT begins: the share of SUPPORT among the labelled claims, where a calibrated probability gives the best
balanced accuracy."""
LONG_FROM = 17
"""Content words from which a claim is longer than those of the labelled set (99 % of them have fewer)."""
SNLI_STEP = 8
SURE = 0.97
STATED = {"word": [0.35, 0.25, 0.4], "hedge": [0.35, 0.1, 0.55]}
"""Set, not observed: a word replaced by one in no list may be a synonym or the opposite, and nothing here can tell; and
the training rules drop no hedge. Both are "not sure"."""


def count_words(data: Path) -> dict[str, Any]:
    """Document frequencies and words of like use: the cosine of vectors of positive pointwise mutual information,
    reduced by SVD (Levy and Goldberg 2014)."""
    texts: list[list[list[str]]] = []
    for row in scifact_corpus(data).values():
        texts.append([_stems(text) for text in (row["title"], *row["abstract"])])
    for _, title, sentences in arxiv(data):
        texts.append([_stems(text) for text in (title, *sentences)])
    frequency: Counter[str] = Counter()
    for text in texts:
        frequency.update({stem for sentence in text for stem in sentence})
    words = sorted((stem for stem, n in frequency.items() if n >= RAREST_RELATED), key=lambda s: (-frequency[s], s))
    at = {stem: index for index, stem in enumerate(words)}
    left: list[Any] = []
    right: list[Any] = []
    weight: list[Any] = []
    for text in texts:
        places = np.array([at[stem] for sentence in text for stem in sentence if stem in at], dtype=np.int32)
        for distance in range(1, WINDOW + 1):
            if len(places) > distance:
                left.append(places[:-distance])
                right.append(places[distance:])
                weight.append(np.full(len(places) - distance, 1.0 / distance))
    rows, columns, values = np.concatenate(left), np.concatenate(right), np.concatenate(weight)
    size = len(words)
    together = sparse.coo_matrix(
        (np.concatenate([values, values]), (np.concatenate([rows, columns]), np.concatenate([columns, rows]))),
        shape=(size, size),
    ).tocsr()
    sums = np.asarray(together.sum(axis=1)).ravel()
    context = sums**0.75 / (sums**0.75).sum()
    found = together.tocoo()
    information = np.log(found.data / (sums[found.row] * context[found.col]))
    kept = information > 0
    positive = sparse.coo_matrix((information[kept], (found.row[kept], found.col[kept])), shape=(size, size)).tocsr()
    reduced = TruncatedSVD(DIMENSIONS, random_state=SEED, n_iter=4)
    vectors = reduced.fit_transform(positive) / np.sqrt(reduced.singular_values_)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    related = {}
    for index, stem in enumerate(words):
        likeness = vectors @ vectors[index]
        nearest = [other for other in np.argsort(-likeness, kind="stable")[: NEIGHBOURS + 1] if other != index]
        close = {words[other]: round(100 * float(likeness[other])) for other in nearest if likeness[other] > LEAST_LIKE}
        if close:
            related[stem] = close
    return {
        "documents": len(texts),
        "frequency": {stem: n for stem, n in sorted(frequency.items()) if n >= RAREST and len(stem) < 40},
        "related": dict(sorted(related.items())),
    }


def _stems(text: str) -> list[str]:
    parsed = read(text)
    return [parsed.stems[index] for index in parsed.content]


def matrix(pairs: Sequence[Pair]) -> tuple[Any, list[str]]:
    """(pairs x features, names of the features)."""
    rows = [features(parse(lexical.clean(pair.claim)), source(pair.sentences, pair.title))[1] for pair in pairs]
    names = sorted(rows[0])  # RULES are among them, and are taken out when weights are fitted
    return np.array([[row[name] for name in names] for row in rows]), names


def observe_copies(pairs: Iterable[Pair]) -> dict[str, Any]:
    """Shares of the labels among claims that copy a sentence whole or in part, by what differs."""
    whole: dict[str, Counter[str]] = defaultdict(Counter)
    part: dict[str, Counter[str]] = defaultdict(Counter)
    for pair in pairs:
        parsed = parse(lexical.clean(pair.claim))
        ready = source(pair.sentences, pair.title)
        order, _ = features(parsed, ready)
        _, found = lexical.closest(parsed, ready, order)
        if found is None or found.overlap < 0.6:
            continue
        (whole if found.overlap >= 0.75 else part)[lexical.difference(found)][pair.label] += 1
    return {
        "whole_from": 0.75,
        "part_from": 0.6,
        "whole": {name: _shares(whole[name]) for name in sorted(whole)} | STATED,
        "stated": sorted(STATED),
        "part": {
            name: _shares(part[name])
            for name in ("direction", "negation", "nothing", "number", "order")
            if sum(part[name].values()) >= 5
        },
        "observed": {
            size: {name: dict(sorted(table[name].items())) for name in sorted(table)}
            for size, table in (("whole", whole), ("part", part))
        },
    }


def _shares(counts: Counter[str]) -> list[float]:
    """Smoothed by one of each label and never surer than ``SURE``: real claims differ from altered sentences."""
    total = sum(counts.values()) + 3
    shares = [(counts[label] + 1) / total for label in LABELS]
    top = max(range(3), key=lambda index: shares[index])
    if shares[top] > SURE:
        rest = 1 - shares[top]
        shares = [SURE if index == top else share / rest * (1 - SURE) for index, share in enumerate(shares)]
    return [round(share, 4) for share in shares]


def covered(pairs: Sequence[Pair]) -> tuple[Any, Any]:
    """(share of each claim that two sentences hold, whether it is supported), as arrays."""
    if not pairs:
        return np.empty(0), np.empty(0, dtype=bool)
    x, names = matrix(pairs)
    return x[:, names.index("cover_two")], np.array([pair.label == "SUPPORT" for pair in pairs])


def fit_long(cover: Any, truth: Any) -> dict[str, Any]:
    """How likely support is by the share of a claim that two sentences hold, over claims of science, of an
    encyclopaedia and of everyday life; weighted so that SUPPORT begins where the prior odds of both sides are even."""
    weights = np.where(truth, SUPPORT_FROM / truth.mean(), (1 - SUPPORT_FROM) / (1 - truth.mean()))
    regression = LogisticRegression().fit(cover[:, None], truth, sample_weight=weights)
    return {
        "content_words_from": LONG_FROM,
        "cover_two": round(float(regression.coef_[0, 0]), 5),
        "intercept": round(float(regression.intercept_[0]), 5),
    }


def fit(
    x: Any, names: Sequence[str], labels: Sequence[str], parts: dict[str, Any], emphasis: dict[str, float] | None = None
) -> dict[str, Any]:
    """The content of ``model.json``. ``emphasis``: features whose weights are held back less, by this factor."""
    rules = {}
    for rule in RULES:
        told: Counter[str] = Counter()
        holds = x[:, names.index(rule)] > 0
        told.update(str(label) for label in np.array(labels)[holds])
        rules[rule] = _shares(told)
    kept = [index for index, name in enumerate(names) if name not in RULES]
    x, names = x[:, kept], [names[index] for index in kept]
    scaler = StandardScaler().fit(x)
    scale = scaler.scale_ / np.array([(emphasis or {}).get(name, 1.0) for name in names])
    wanted = np.array([LABELS.index(label) for label in labels])
    regression = LogisticRegression(C=STRENGTH, max_iter=5000, tol=1e-6)
    regression.fit((x - scaler.mean_) / scale, wanted)
    return {
        "method": lexical.METHOD,
        "version": VERSION,
        "labels": list(LABELS),
        "support_from": SUPPORT_FROM,
        "temperature": 1.0,
        "intercept": [round(float(value), 5) for value in regression.intercept_],
        "features": {
            name: {
                "mean": round(float(scaler.mean_[index]), 5),
                "scale": round(float(scale[index]), 5) or 1.0,
                "weights": [round(float(value), 5) for value in regression.coef_[:, index]],
            }
            for index, name in enumerate(names)
        },
        "rules": rules,
        **parts,
    }


@dataclass(frozen=True)
class Training:
    """What the method is trained on: claims that people labelled, everyday pairs, and what was observed among altered
    sentences."""

    gold: list[Pair]
    general: list[Pair]
    copies: dict[str, Any]

    @cached_property
    def _everyday(self) -> tuple[Any, Any]:
        """What every fold needs of the everyday pairs, made once."""
        return covered(self.general)

    def parts(self, gold: Sequence[Pair]) -> dict[str, Any]:
        """The parts of the model that are no weights, with the labelled claims restricted to ``gold``."""
        denied, open_ = (sum(pair.label == label for pair in gold) for label in ("REFUTE", "NEI"))
        share = round(denied / (denied + open_), 4)
        cover, truth = (np.concatenate(both) for both in zip(covered(gold), self._everyday, strict=True))
        return {"long_claims": {**fit_long(cover, truth), "refute_share": share}, "near_copies": self.copies}


def training(data: Path = DATA) -> Training:
    """Everything read and made, in about three minutes."""
    print("altering sentences", file=sys.stderr)
    everyday = general(data)
    short = [pair for pair in everyday if pair.kind == "snli"][::SNLI_STEP]
    altered = alter.training_pairs(SEED, data)
    print(f"observing {len(altered)} near-copies", file=sys.stderr)
    others = [pair for pair in everyday if pair.kind == "fm2"]
    return Training(scifact(data), [*others, *short], observe_copies(altered))


def main(arguments: Sequence[str] | None = None) -> int:
    """Train, and write ``model.json`` and ``statistics.json``."""
    parser = argparse.ArgumentParser(
        description=(__doc__ or "").split("\n")[0], epilog="example: python -m bench.verification.train_lexical"
    )
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the data sets")
    parser.add_argument("--keep-statistics", action="store_true", help="use the word statistics that are there")
    given = parser.parse_args(arguments)
    if not given.keep_statistics:
        print("counting words", file=sys.stderr)
        counted = json.dumps(count_words(given.data), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        write_file(MODEL.with_name("statistics.json"), counted.encode() + b"\n")
        statistics.cache_clear()
    known = training(given.data)
    print(f"fitting {len(known.gold)} claims", file=sys.stderr)
    x, names = matrix(known.gold)
    content = fit(x, names, [pair.label for pair in known.gold], known.parts(known.gold))
    Model(content)  # reads it as the package will
    write_file(MODEL, json.dumps(content, indent=1, ensure_ascii=False).encode() + b"\n")
    print(f"wrote {MODEL.name}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
