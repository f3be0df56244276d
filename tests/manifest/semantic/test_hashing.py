"""The default embedding: the same vectors as scikit-learn's, to the last bit, and the same words as the kernel."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, HashingVectorizer

from generator.kernel.semantic_index import build_index, describe_index
from generator.manifest.semantic import words
from generator.manifest.semantic.hashing import HashingEmbedder, counts, weights

ROOT = Path(__file__).parents[3]
TEXTS = [
    "Per 10% of the area converted, street trees lowered daytime air temperature by 0.29 °C.",
    "Auxiliary-loss-free load balancing doesn't improve accuracy, and accuracy is what counts.",
    "Größere Bäume kühlen; 树木降温, деревья охлаждают.",
    "of the and",
    "",
]


def grams(text: str) -> list[str]:
    unigrams = words.stems(text)
    return unigrams + [f"{left} {right}" for left, right in pairwise(unigrams)]


def scikit(text: str) -> list[tuple[int, float]]:
    row = HashingVectorizer(n_features=256, analyzer=grams).transform([text])
    row.sort_indices()
    return list(zip(row.indices.tolist(), row.data.tolist(), strict=True))


@given(st.one_of(st.sampled_from(TEXTS), st.text(st.characters(codec="utf-8"), max_size=200)))
def test_weights_are_those_of_scikit_learn_to_the_last_bit(text: str) -> None:
    assert weights(text) == scikit(text)


@given(st.lists(st.sampled_from([f"word{number}" for number in range(400)]), max_size=300))
def test_collisions_add_up_and_cancel_out_as_in_scikit_learn(chosen: list[str]) -> None:
    text = " ".join(chosen)
    assert weights(text) == scikit(text)


def test_the_stop_words_hold_scikit_learns() -> None:
    assert words.STOP_WORDS >= ENGLISH_STOP_WORDS


@pytest.mark.parametrize("path", sorted((ROOT / "manifests").glob("*/*/run.json")), ids=lambda path: path.parent.name)
def test_published_runs_keep_the_hash_of_their_index(path: Path) -> None:
    run = json.loads(path.read_bytes())
    assert describe_index(build_index(run["sources"], run["claims"])) == run["semantic_index"]


def test_vectors_have_length_one_or_nothing_to_say() -> None:
    rows = np.array(HashingEmbedder().embed(TEXTS, kind="passage"))
    assert rows.shape == (5, 256)
    assert np.allclose(np.linalg.norm(rows, axis=1), [1, 1, 1, 0, 0])
    assert counts("of the and") == {}
