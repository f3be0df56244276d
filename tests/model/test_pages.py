"""One question offline, with a model that works and with one whose service refuses: each record and its page say
plainly how every part was made. No real model is needed for this."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.kernel import pipeline
from generator.kernel.request import Request
from tests.tools.model_server import CHAT_MODEL, EMBEDDING_MODEL, ModelServer, data_of, fails
from tests.tools.whole_run import QUESTION, published, run_with
from tests.tools.working_model import WorkingModel

REQUEST = Request(QUESTION, "2026-01-02T03:04:05Z")
PARTS = ("Queries", "Claims", "Abstract", "Review")


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    folder = tmp_path_factory.mktemp("offline")
    finished = pipeline.execute(REQUEST, folder / "run", resume=False)
    return finished.run, published(folder / "run", folder)


@pytest.fixture(scope="module")
def modelled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("modelled")
    with ModelServer(WorkingModel().respond) as server:
        finished = run_with(server.environment(), folder / "run", request=REQUEST)
    return finished.run, published(folder / "run", folder)


def test_offline(offline):
    run, page = offline
    assert run["tribunal"]["kind"] == "rubric"
    assert CHAT_MODEL not in page
    assert "in place of a model" not in page
    for part in PARTS:
        assert f"{part} by rule" in page


def test_with_a_model(modelled, offline):
    run, page = modelled
    assert run["tribunal"]["kind"] == "model"
    assert {item["produced_by"]["model"] for item in (*run["queries"], *run["claims"])} == {CHAT_MODEL}
    assert run["abstract"]["produced_by"]["model"] == CHAT_MODEL
    assert (run["semantic_index"]["model"], run["semantic_index"]["dimensions"]) == (EMBEDDING_MODEL, 48)
    assert run["abstract"]["text"] in page
    assert f"Semantic index made by the model {EMBEDDING_MODEL}" in page
    assert f"the model {CHAT_MODEL} chose {len(run['claims'])} of them by their numbers" in page
    assert f"The model {CHAT_MODEL} wrote the abstract from the claims" in page
    assert f"Three roles of the model {CHAT_MODEL} reviewed it blind and in parallel" in page
    assert "The review stayed as it was under 3 planted instructions." in page
    for part in PARTS:
        assert f"{part} by rule" not in page
        assert f"{part} by rule" in offline[1]


@pytest.mark.parametrize("answer", ["no response_format", "nothing at all"])
def test_a_service_that_refuses_the_form(answer, tmp_path):
    """Status 400 for what it does not know: it is asked for less, and only where that fails too a rule steps in."""

    def respond(asked):
        if answer == "nothing at all" or "response_format" in asked:
            return fails(400, "response_format is not supported")
        # without a form the name of the task is nowhere in the request
        words = asked["messages"][0]["content"]
        tasks = {"search queries": "queries", "pick from one paper": "claims", "write a short synthesis": "synthesis"}
        name = next((task for told, task in tasks.items() if told in words), "review")
        return WorkingModel().reply(name, data_of(asked))

    with ModelServer(respond) as server:
        run = run_with(server.environment(), tmp_path / "run", request=replace(REQUEST, seed=1), most=4096).run
    parts = [run["queries"][0], run["claims"][0], run["abstract"], run["tribunal"]]
    if answer == "nothing at all":
        said = "refused the request with status 400: response_format is not supported"
        assert all(said in part["produced_by"]["fallback_reason"] for part in parts)
    else:
        assert [part["produced_by"]["mode"] for part in parts] == ["model"] * 4
