"""The semantic index of a run: one vector for each source and claim, made without a model or a download.

Word uni- and bigrams are hashed into 256 signed buckets and scaled to length one (scikit-learn's HashingVectorizer).
It is deterministic on every machine and knows words, not meanings; the method's name says so in every record.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from sklearn.feature_extraction.text import HashingVectorizer

from generator.kernel.labels import extractive
from generator.kernel.text import stems
from generator.manifest.canonical import digest

METHOD = "hashing-256-v1"
DIMENSIONS = 256


def build_index(sources: Sequence[dict[str, Any]], claims: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """``{method, dimensions, items: [{id, vector: [[bucket, weight], ...]}]}``; weights have four decimals."""
    items = [(source["id"], f"{source['title']}. {source['text']['content']}") for source in sources if source["text"]]
    items += [(claim["id"], claim["text"]) for claim in claims]
    rows = []
    if items:
        matrix = HashingVectorizer(n_features=DIMENSIONS, analyzer=_grams).transform([text for _, text in items])
        for (name, _), row in zip(items, matrix, strict=True):
            row.sort_indices()
            weights = zip(row.indices.tolist(), row.data.tolist(), strict=True)
            rows.append({"id": name, "vector": [[bucket, round(weight, 4)] for bucket, weight in weights]})
    return {"method": METHOD, "dimensions": DIMENSIONS, "items": rows}


def describe_index(index: dict[str, Any]) -> dict[str, Any]:
    """What the run record says of its index: method, width, number of vectors and the hash of the whole."""
    return {
        "method": METHOD,
        "model": None,
        "dimensions": DIMENSIONS,
        "items": len(index["items"]),
        "sha256": digest(index),
        "produced_by": extractive(METHOD, dimensions=DIMENSIONS),
    }


def _grams(text: str) -> list[str]:
    unigrams = stems(text)
    return unigrams + [f"{left} {right}" for left, right in pairwise(unigrams)]
