"""The default embedding: word uni- and bigrams hashed into 256 signed buckets, without a model or a download.

It is deterministic on every machine and knows words, not meanings. The buckets are those of scikit-learn's
HashingVectorizer (MurmurHash3, x86, 32 bits, seed 0; the sign of the hash is the sign of the count).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Literal

import mmh3

from generator.manifest.semantic.words import stems

METHOD = "hashing-256-v1"
DIMENSIONS = 256


def counts(text: str) -> dict[int, int]:
    """Bucket -> signed number of the text's uni- and bigrams in it. A bucket whose grams cancel out stays, with 0."""
    unigrams = stems(text)
    found: dict[int, int] = {}
    for gram in [*unigrams, *(f"{left} {right}" for left, right in pairwise(unigrams))]:
        bucket, sign = _place(gram)
        found[bucket] = found.get(bucket, 0) + sign
    return found


def weights(text: str) -> list[tuple[int, float]]:
    """(bucket, weight) of a text, by bucket, scaled to length one; all zero where the grams cancel out."""
    found = counts(text)
    length = math.sqrt(sum(count * count for count in found.values())) or 1.0
    return [(bucket, found[bucket] / length) for bucket in sorted(found)]


class HashingEmbedder:
    """The default embedding as an ``Embedder``."""

    method = METHOD
    model: str | None = None
    dimensions: int | None = DIMENSIONS

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> list[list[float]]:
        """One vector of 256 weights for each text, the same for queries and passages."""
        return [_dense(text) for text in texts]


def _dense(text: str) -> list[float]:
    vector = [0.0] * DIMENSIONS
    for bucket, weight in weights(text):
        vector[bucket] = weight
    return vector


@lru_cache(maxsize=1 << 17)
def _place(gram: str) -> tuple[int, int]:
    hashed = mmh3.hash(gram.encode("utf-8", "surrogatepass"))
    return abs(hashed) % DIMENSIONS, 1 if hashed >= 0 else -1
