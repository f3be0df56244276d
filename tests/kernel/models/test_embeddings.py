"""Vectors are those of the texts, in order, sound, of unit length and of one width, whatever that width is."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.budget import Budget
from generator.kernel.ledger import Ledger
from generator.kernel.models.embeddings import BATCH, Embeddings, ModelEmbedder, unit_vectors
from generator.kernel.models.errors import ModelError
from tests.tools.model_server import EMBEDDING_MODEL, ModelServer, Reply, by_words, embeds, fails


def embedder(server: ModelServer, ledger: Ledger | None = None) -> ModelEmbedder:
    embeddings = Embeddings(server.embedding_model(), sleep=server.sleeps.append)
    return embeddings.embedder((ledger or Ledger.in_memory()).stage("index"))


def failure(asked: ModelEmbedder, texts: list[str] | None = None) -> str:
    with pytest.raises(ModelError) as raised:
        asked.embed(texts or ["a", "b"], kind="passage")
    return raised.value.reason


@pytest.mark.parametrize("width", [1, 3, 384, 2048])
def test_any_width(width, server):
    server.embedder = lambda asked: [[float(len(text))] * width for text in asked["input"]]
    asked = embedder(server)
    assert asked.dimensions is None
    vectors = asked.embed(["a", "bc"], kind="query")
    assert [len(vector) for vector in vectors] == [width, width]
    assert vectors[0] == [round(1 / math.sqrt(width), 7)] * width
    assert (asked.method, asked.model, asked.dimensions) == ("embedding-model", EMBEDDING_MODEL, width)


def test_the_request(server):
    embedder(server).embed(["a"], kind="passage")
    embedder(server).embed(["a"], kind="query")
    assert server.embeddings == [
        {
            "model": EMBEDDING_MODEL,
            "input": ["a"],
            "encoding_format": "float",
            "input_type": kind,
            "truncate": "END",
        }
        for kind in ("passage", "query")
    ]


def test_a_service_that_knows_no_input_type_is_asked_without(server):
    def embed(body: dict[str, Any]) -> Any:
        if "input_type" in body or "truncate" in body:
            return fails(400, "Unrecognized request arguments supplied: input_type, truncate")
        return fails(422, "encoding_format") if "encoding_format" in body else [[1.0, 0.0]]

    server.embedder = embed
    asked = embedder(server)
    assert [asked.embed([text], kind="query") for text in "ab"] == [[[1.0, 0.0]]] * 2
    assert [sorted(body) for body in server.embeddings] == [
        ["encoding_format", "input", "input_type", "model", "truncate"],
        ["encoding_format", "input", "model", "truncate"],
        ["encoding_format", "input", "model"],
        *[["input", "model"]] * 2,
    ]


def test_many_texts_go_in_batches(server):
    texts = [f"text {number}" for number in range(2 * BATCH + 1)]
    assert embedder(server).embed(texts, kind="passage") == [
        [round(part, 7) for part in by_words(text)] for text in texts
    ]
    assert [len(body["input"]) for body in server.embeddings] == [BATCH, BATCH, 1]
    assert embedder(server).embed([], kind="passage") == []


def test_vectors_go_by_their_index(server):
    server.embedder = lambda _: Reply({"data": [{"index": 1, "embedding": [0, 2]}, {"index": 0, "embedding": [3, 0]}]})
    assert embedder(server).embed(["a", "b"], kind="query") == [[1.0, 0.0], [0.0, 1.0]]


WRONG: list[tuple[Any, str]] = [
    ([], "0 vectors for 2 texts"),
    ([{"index": 0, "embedding": [1]}], "1 vectors for 2 texts"),
    ([{"index": 0, "embedding": [1]}] * 2, "their indices are not those of the texts"),
    ([{"index": at, "embedding": [1]} for at in (1, 2)], "their indices are not those of the texts"),
    ([{"index": at, "embedding": [1]} for at in (False, True)], "their indices are not those of the texts"),
    ([{"embedding": [1]}] * 2, "their indices are not those of the texts"),
    ([[1], [2]], "their indices are not those of the texts"),
    ([{"index": at} for at in (0, 1)], "a vector is no list of numbers"),
    ([{"index": at, "embedding": "AACAPw=="} for at in (0, 1)], "a vector is no list of numbers"),
    ([{"index": at, "embedding": [1, None]} for at in (0, 1)], "a vector is no list of numbers"),
    ([{"index": at, "embedding": [1, True]} for at in (0, 1)], "a vector is no list of numbers"),
    ([{"index": at, "embedding": [1] * (at + 1)} for at in (0, 1)], "their widths are 1, 2"),
    ([{"index": at, "embedding": []} for at in (0, 1)], "their widths are 0"),
    ([{"index": at, "embedding": [0, -0.0]} for at in (0, 1)], "a vector is all zero"),
    ([{"index": at, "embedding": [1e308] * 9} for at in (0, 1)], "a vector is longer than a number can tell"),
]


@pytest.mark.parametrize(("data", "fault"), WRONG, ids=range(len(WRONG)))
def test_vectors_that_cannot_be_used(data, fault, server):
    server.embedder = lambda _: Reply({"data": data})
    line = f"the model service gave embeddings that cannot be used: {fault}"
    assert failure(embedder(server)) == line
    assert len(server.requests) == 1


def test_no_number_is_no_answer(server):
    server.embedder = lambda _: Reply(b'{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1]}]}')
    assert failure(embedder(server)).endswith("answered with something that is no list of embeddings, 2 times")


def test_a_width_that_changes_is_an_error(server, tmp_path):
    widths = iter([3, 3, 4])
    server.embedder = lambda asked: [[1.0] * next(widths)]
    asked = embedder(server, Ledger(tmp_path))
    for text in "ab":
        asked.embed([text], kind="query")
    line = f"the model {EMBEDDING_MODEL} gave vectors of 4 numbers after vectors of 3"
    assert failure(asked, ["c"]) == line
    # also where the earlier ones came from a run's folder
    server.embedder = lambda _: [[1.0] * 4]
    again = embedder(server, Ledger(tmp_path))
    assert len(again.embed(["a"], kind="query")[0]) == 3
    assert failure(again, ["d"]) == line


def test_a_run_that_goes_on_embeds_nothing_again(server, tmp_path):
    texts = [f"text {number}" for number in range(BATCH + 1)]
    first = embedder(server, Ledger(tmp_path))
    again = embedder(server, Ledger(tmp_path))
    assert first.embed(texts, kind="passage") == again.embed(texts, kind="passage")
    assert len(server.embeddings) == 2
    assert first.ledger.costs() == again.ledger.costs() == {
        "stage": "index",
        "calls": 2,
        "cache_hits": 0,
        "prompt_tokens": 14,
        "completion_tokens": 0,
    }  # fmt: skip


def test_a_text_that_is_too_long(server):
    server.embedder = lambda _: Reply({"error": "Input length 900 exceeds maximum allowed token size 512"}, 400)
    assert failure(embedder(server)).endswith("did not take this text (status 400): it is too long for the model")
    assert len(server.requests) == 1


def test_a_budget_that_is_spent_is_a_reason(server):
    asked = embedder(server, Ledger(budget=Budget(calls=0)))
    assert failure(asked) == "the budget of 0 model calls is spent"


def test_an_empty_text_is_refused_here(server):
    with pytest.raises(ValueError, match=r"^an empty text has no embedding$"):
        embedder(server).embed(["a", " \n"], kind="query")
    assert server.requests == []


def test_half_characters_are_sent_as_question_marks(server):
    embedder(server).embed(["a\ud800b"], kind="query")
    assert server.embeddings[0]["input"] == ["a?b"]


PARTS = st.floats(-1e6, 1e6).filter(lambda part: abs(part) > 1e-6 or part == 0)
SAME_WIDTH = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(PARTS, min_size=width, max_size=width), min_size=1, max_size=5)
)


@given(SAME_WIDTH, st.randoms(use_true_random=False))
def test_vectors_are_of_unit_length_and_keep_their_direction(given_vectors, random):
    data = [{"index": at, "embedding": vector} for at, vector in enumerate(given_vectors)]
    random.shuffle(data)
    vectors, fault = unit_vectors(data, len(data))
    if any(not any(vector) for vector in given_vectors):
        assert fault == "a vector is all zero"
        return
    for vector, unit in zip(given_vectors, vectors, strict=True):
        assert math.isclose(math.hypot(*unit), 1, abs_tol=1e-6)
        length = math.hypot(*vector)
        assert all(math.isclose(part, one / length, abs_tol=1e-7) for part, one in zip(unit, vector, strict=True))


def test_embeds_is_the_documented_shape():
    assert embeds([[1.0]]).body == {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [1.0]}],
        "model": EMBEDDING_MODEL,
        "usage": {"prompt_tokens": 7},
    }
