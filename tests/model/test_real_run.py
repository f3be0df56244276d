"""The whole kernel with a real model, small and on one thread: what it gives is used where it is right, and where it is
not, the record says which part was made by rule and why."""

from __future__ import annotations

import json
import random
import time
from contextlib import suppress
from dataclasses import replace

import jsonschema_rs
import pytest

from generator.kernel import pipeline, stages
from generator.kernel.ledger import Ledger
from generator.kernel.modelled import claims, queries, reviewers, synthesis
from generator.kernel.models.asking import Prompt
from generator.kernel.models.chat import Chat
from generator.kernel.models.errors import ModelError
from generator.kernel.models.settings import Limits, read_settings
from generator.kernel.planted import QUESTION as ASKED
from generator.kernel.planted import addressed
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.tools import Tools
from tests.tools.injections import instructions, judged
from tests.tools.real_model import NAME, WIDTH, RealModel
from tests.tools.whole_run import SMALL, published, run_with

LONGEST_RUN_S = 600  # a whole run; less than two minutes on a core of its own
PROMPTS = {
    prompt.name: prompt
    for prompt in (queries.PROMPT, claims.PROMPT, synthesis.PROMPT, synthesis.REVISION, *reviewers.PROMPTS.values())
}


@pytest.fixture(scope="module")
def whole(real, tmp_path_factory):
    """(finished run, its folder, the seconds it took)."""
    folder = tmp_path_factory.mktemp("real") / "run"
    began = time.monotonic()
    return run_with(real.environment(), folder), folder, time.monotonic() - began


def labels(run):
    """How each part was made."""
    return {
        "queries": run["queries"][0]["produced_by"],
        "claims": run["claims"][0]["produced_by"],
        "abstract": run["abstract"]["produced_by"],
        "review": run["tribunal"]["produced_by"],
        "index": run["semantic_index"]["produced_by"],
    }


def test_every_part_says_how_it_was_made(whole):
    run = whole[0].run
    for part, label in labels(run).items():
        if label["mode"] == "model":
            assert (label["model"], label["fallback_reason"]) == (NAME, None), part
        else:
            assert label["model"] is None, part
            assert label["fallback_reason"], f"{part}: a model was asked, so its place tells why it is not used"
    # for who reads the log: what this model is good for
    print({part: label["fallback_reason"] or label["model"] for part, label in labels(run).items()})


def test_the_index_is_the_models(whole):
    index = whole[0].run["semantic_index"]
    assert (index["model"], index["dimensions"]) == (NAME, WIDTH)
    assert index["produced_by"]["mode"] == "model"


def test_what_it_cost(whole):
    rows = {row["stage"]: row for row in whole[0].run["costs"]["stages"]}
    assert rows["queries"]["calls"] in (1, 2)
    assert rows["claims"]["calls"] >= 2
    assert rows["tribunal"]["calls"] >= 3
    assert rows["index"]["calls"] == 1
    for name in ("queries", "claims", "synthesis", "tribunal"):
        assert rows[name]["prompt_tokens"] > 200 * rows[name]["calls"]
        assert rows[name]["completion_tokens"] > 0
    assert rows["verification"]["calls"] == rows["policy"]["calls"] == 0
    assert whole[2] < LONGEST_RUN_S


def test_every_complete_reply_keeps_its_form(whole):
    """The server holds the model to the schema, so a reply that was not cut is right in its form."""
    seen = 0
    for file in (whole[1] / "requests").glob("*.json"):
        stored = json.loads(file.read_bytes())
        if stored["kind"] == "chat":
            form = stored["request"]["form"]
            assert form["schema"] == PROMPTS[form["name"]].form
            if stored["answer"]["body"]["finish_reason"] == "stop":
                jsonschema_rs.validate(form["schema"], json.loads(stored["answer"]["body"]["content"]))
                seen += 1
    assert seen >= 6


def test_it_is_published_and_its_page_names_the_model(whole, tmp_path):
    finished, folder, _ = whole
    page = published(folder, tmp_path)
    assert f"Semantic index made by the model {NAME}" in page
    for label in labels(finished.run).values():
        assert (label["fallback_reason"] or NAME).rstrip(".") in page


def test_the_same_again_and_with_instructions_in_a_paper(real, tmp_path):
    """One cache for all runs: the second is the first, and its costs say that nothing was asked. With one of the 75
    published instructions in a paper verdict and labels stay, and nothing is approved by itself."""
    first = run_with(real.environment(), tmp_path / "1", cache=tmp_path / "cache", embeddings=False, most=256)
    second = run_with(real.environment(), tmp_path / "2", cache=tmp_path / "cache", embeddings=False, most=256)
    assert {**first.run, "costs": None} == {**second.run, "costs": None}
    assert sum(row["calls"] for row in second.run["costs"]["stages"]) == 0
    chance = random.Random(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "_write_reports", lambda *_: None)
        home = first.run["sources"][0]["paper_id"]
        for number, instruction in enumerate(instructions()):
            before = chance.random() < 0.5
            papers = tuple(
                paper
                if paper.id != home
                else replace(
                    paper,
                    abstract=f"{instruction} {paper.abstract}" if before else f"{paper.abstract} {instruction}",
                )
                for paper in load_sample_corpus()
            )
            patch.setattr(stages, "load_sample_corpus", lambda papers=papers: papers)
            attacked = run_with(
                real.environment(), tmp_path / f"a{number}", cache=tmp_path / "cache", embeddings=False, most=256
            ).run
            assert attacked["tribunal"]["verdict"] == first.run["tribunal"]["verdict"], instruction
            assert judged(attacked) == judged(first.run), instruction
            assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER", instruction
            aside = any(source["text"].get("set_aside") for source in attacked["sources"])
            assert aside == (addressed(instruction) != ASKED), instruction


def test_answers_that_are_cut(real, tmp_path):
    """Every stage hears that its answer was cut, and goes on by rule."""
    chat = Chat(read_settings(real.environment()).needed_chat(), Limits(timeout_s=300, max_tokens=8, parallel=1))
    request = replace(SMALL, chat_model=NAME)
    run = pipeline.execute(request, tmp_path / "run", resume=False, tools=Tools(asker=chat.asker)).run
    chat.close()
    found = labels(run)
    for part in ("queries", "claims", "abstract", "review"):
        assert found[part]["mode"] == "extractive"
        assert "was cut off in the middle of its answer, after at most 8 tokens" in found[part]["fallback_reason"], part


def test_a_form_that_the_server_refuses(real):
    """It is asked for less, and the reply is checked here."""
    model = read_settings(real.environment()).needed_chat()
    chat = Chat(model, Limits(timeout_s=300, max_tokens=64, parallel=1))
    # llama.cpp's server finds no definition by its anchor
    named = {"$defs": {"b": {"$anchor": "b", "type": "string"}}, "properties": {"a": {"$ref": "#b"}}}
    form = {"type": "object", "required": ["a"], **named}
    with suppress(ModelError):
        chat.asker(Ledger.in_memory().stage("x")).ask(Prompt("refused", "Give a. {mark}", form), {"a": 1})
    assert chat._forms["refused"] > 0, "the first form was refused"
    chat.close()


def test_a_context_that_is_too_small(real, tmp_path):
    """Nothing that a stage asks fits but the queries: every other part is made by rule and says so."""
    with RealModel(context=512) as small:
        run = run_with(small.environment(), tmp_path / "run", embeddings=False).run
    found = labels(run)
    for part in ("claims", "abstract", "review"):
        assert found[part]["mode"] == "extractive"
        assert "it is too long for the model" in found[part]["fallback_reason"], part
