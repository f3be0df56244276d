"""The look at the services before a run."""

from __future__ import annotations

import pytest

from generator.kernel.ledger import Ledger
from generator.kernel.models.chat import Chat
from generator.kernel.models.embeddings import Embeddings
from generator.kernel.models.errors import ModelError
from generator.kernel.models.names import near
from generator.kernel.models.preflight import Seen, look_at_chat, look_at_embeddings
from tests.tools.model_server import CHAT_MODEL, EMBEDDING_MODEL, Reply, fails


def test_both_are_there(server):
    assert look_at_chat(Chat(server.model())) == Seen(CHAT_MODEL, True, None, "chat model maker/chat-8b: listed")
    embeddings = Embeddings(server.embedding_model())
    assert look_at_embeddings(embeddings, Ledger.in_memory().stage("preflight")) == Seen(
        EMBEDDING_MODEL, True, 48, "embedding model maker/embed-1b: listed, 48 numbers a text"
    )
    assert embeddings.dimensions == 48
    assert [request.path for request in server.requests] == ["/v1/models", "/v1/models", "/v1/embeddings"]


@pytest.mark.parametrize("models", [[], fails(404), fails(405), Reply(b"no list")])
def test_a_service_may_list_nothing(models, server):
    server.models = models
    seen = look_at_chat(Chat(server.model()))
    assert (seen.listed, seen.text) == (
        None,
        "chat model maker/chat-8b: not listed, as the service lists no models",
    )
    assert (
        look_at_embeddings(Embeddings(server.embedding_model()), Ledger.in_memory().stage("preflight")).dimensions == 48
    )


def test_a_name_that_is_not_listed_brings_near_ones(server):
    seen = look_at_chat(Chat(server.model(name="Chat-9b")))
    assert (seen.listed, seen.text) == (
        False,
        'chat model Chat-9b: "Chat-9b" is not among the 2 models listed; near names are "maker/chat-8b"',
    )


def test_a_model_that_was_ended(server):
    server.models = [CHAT_MODEL, "nvidia/nemotron-3-embed-1b", "nvidia/nv-embedcode-7b-v1"]
    server.embedder = lambda _: Reply({"status": 410, "detail": "It has reached its end of life."}, 410)
    with pytest.raises(ModelError) as ended:
        look_at_embeddings(
            Embeddings(server.embedding_model(name="nvidia/nv-embedqa-e5-v5")), Ledger.in_memory().stage("preflight")
        )
    assert ended.value.told == (
        f'the model service at {server.url} no longer offers the model "nvidia/nv-embedqa-e5-v5" (status 410: It has '
        "reached its end of life.); name another in SRCH_EMBEDDING_NAME (NVIDIA offers nvidia/nemotron-3-embed-1b in "
        'its place); "nvidia/nv-embedqa-e5-v5" is not among the 3 models listed; near names are '
        '"nvidia/nv-embedcode-7b-v1", "nvidia/nemotron-3-embed-1b"'
    )


def test_nobody_lets_us_in(server):
    server.models = fails(401)
    with pytest.raises(ModelError, match=r"\(status 401\); set SRCH_MODEL_KEY$"):
        look_at_chat(Chat(server.model()))
    with pytest.raises(ModelError, match=r"\(status 401\); is SRCH_EMBEDDING_KEY right\?$"):
        look_at_embeddings(
            Embeddings(server.embedding_model("sk-test-0123456789")), Ledger.in_memory().stage("preflight")
        )


def test_vectors_of_nothing(server):
    server.embedder = lambda _: [[0.0, 0.0]]
    with pytest.raises(ModelError, match=r"gave embeddings that cannot be used: a vector is all zero$"):
        look_at_embeddings(Embeddings(server.embedding_model()), Ledger.in_memory().stage("preflight"))


@pytest.mark.parametrize(
    ("name", "listed", "found"),
    [
        ("qwen3-8b", ["qwen3:8b", "llama3:8b"], ("qwen3:8b",)),
        ("nemotron-3-embed-1b", ["nvidia/nemotron-3-embed-1b"], ("nvidia/nemotron-3-embed-1b",)),
        ("NVIDIA/Nemotron-3-Embed-1B", ["nvidia/nemotron-3-embed-1b"], ("nvidia/nemotron-3-embed-1b",)),
        ("gpt", ["claude"], ()),
    ],
)
def test_near_names(name, listed, found):
    assert near(name, listed) == found


def test_the_look_is_counted_like_any_request(server):
    stage = Ledger.in_memory().stage("preflight")
    look_at_embeddings(Embeddings(server.embedding_model()), stage)
    assert stage.costs()["calls"] == 1
