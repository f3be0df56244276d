"""What a run could ask for at most: the bounds hold for real runs with a model that is wrong once at everything."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel import pipeline
from generator.kernel.budget import Budget
from generator.kernel.estimate import Estimate, Most, estimate
from generator.kernel.modelled import claims, queries, reviewers
from generator.kernel.models.chat import Chat, messages
from generator.kernel.models.embeddings import Embeddings
from generator.kernel.models.settings import Limits
from generator.kernel.models.tokens import about_tokens
from generator.kernel.queries import make_queries
from generator.kernel.request import Request, checked_question
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.tools import Tools
from tests.tools.model_server import CHAT_MODEL, EMBEDDING_MODEL, ModelServer, data_of, prompt_of, says

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
REQUEST = Request(QUESTION, "2026-01-02T03:04:05Z", chat_model=CHAT_MODEL, embedding_model=EMBEDDING_MODEL)
LIVE = replace(REQUEST, sources=("arxiv", "semantic-scholar", "openalex"), full_text=True)


def most_of(bound: Estimate) -> dict[str, Most]:
    return {each.stage: each for each in bound.stages}


def right(asked: dict[str, Any]) -> Any:
    """A reply that every check lets pass; every review asks for a revision."""
    data, name = data_of(asked), prompt_of(asked)
    if name == "queries":
        return {"queries": ["street trees air", "urban canopy cooling", "cool roofs temperature", "trees warm nights"]}
    if name == "claims":
        return {"sentences": list(range(1, 1 + min(data["most"], len(data["sentences"]))))}
    if name in ("synthesis", "revision"):
        by_paper = {claim["paper"]: claim for claim in data["claims"]}
        started = "In short, " if name == "revision" else ""
        return {
            "sentences": [
                {
                    "text": f"{started}{' '.join(claim['text'].rstrip('.').split()[:9])}.",
                    "claim_ids": [claim["id"]],
                    "about": "finding",
                }
                for claim in by_paper.values()
            ]
        }
    findings = ["The sentence about roofs leaves out that they were dry. " * 5] * reviewers.MOST_FINDINGS
    return {"score": 5.0, "verdict": "REVISE", "findings": findings}


def wrong_first(reply: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
    """A model whose first answer to anything is none. No response tells its tokens, so the estimates are counted."""
    seen: set[str] = set()
    guard = threading.Lock()

    def respond(asked: dict[str, Any]) -> Any:
        key = json.dumps([prompt_of(asked), data_of(asked)])
        with guard:
            first = key not in seen
            seen.add(key)
        return says("no answer" if first else reply(asked), usage={})

    return respond


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run(responder, budget)``: the record of a run that asks the model."""
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)

    def made(responder: Callable[[dict[str, Any]], Any], budget: Budget) -> dict[str, Any]:
        with ModelServer(responder) as server:
            chat, embeddings = Chat(server.model()), Embeddings(server.embedding_model())
            tools = Tools(asker=chat.asker, embedder=embeddings.embedder, budget=budget)
            try:
                return pipeline.execute(REQUEST, tmp_path / "run", resume=False, tools=tools).run
            finally:
                chat.close()
                embeddings.close()

    return made


def within(record: dict[str, Any], bound: Estimate) -> dict[str, int]:
    """The calls of each stage, after a look that none is above its bound."""
    rows = {row["stage"]: row for row in record["costs"]["stages"] if row["calls"]}
    most = most_of(bound)
    assert rows.keys() <= most.keys()
    for stage, row in rows.items():
        assert row["calls"] <= most[stage].calls, stage
        assert row["prompt_tokens"] + row["completion_tokens"] <= most[stage].tokens, stage
    return {stage: row["calls"] for stage, row in rows.items()}


def test_a_run_with_a_model_that_is_wrong_once_and_asks_for_a_revision_fits_into_the_estimate(run):
    bound = estimate(REQUEST)
    record = run(wrong_first(right), Budget(bound.calls, bound.tokens))
    calls = within(record, bound)
    papers = sum(bool(source["text"]) for source in record["sources"])
    assert calls == {"queries": 2, "claims": 2 * papers, "synthesis": 2, "tribunal": 32, "index": 1}
    assert len(record["tribunal"]["rounds"]) == 2
    assert len(record["tribunal"]["paired_check"]["plants"]) == 3
    made = [record["queries"][0], record["claims"][0], record["abstract"], record["semantic_index"]]
    assert [item["produced_by"]["mode"] for item in made] == ["model"] * 4, "no stage found the budget spent"


def test_a_revision_that_is_kept_and_tried_with_planted_instructions_fits_too(run):
    bound = estimate(REQUEST)

    def better(asked: dict[str, Any]) -> Any:
        """Every revision scores higher, and the planted instructions move nothing."""
        reply, data = right(asked), data_of(asked)
        if "score" not in reply:
            return reply
        revised = all("In short, " in sentence["text"] for sentence in data["synthesis"])
        return {**reply, "score": 6.0 if revised else 5.0}

    record = run(wrong_first(better), Budget(bound.calls, bound.tokens))
    tribunal = record["tribunal"]
    assert (tribunal["kind"], tribunal["produced_by"]["fallback_reason"]) == ("model", None)
    assert tribunal["rounds"][1]["changes"][0].endswith("Kept: it scores higher.")
    assert (tribunal["paired_check"]["round"], len(tribunal["paired_check"]["plants"])) == (1, 3)
    # reviews of two rounds, each tried three times more, and the revision: all of them twice
    assert within(record, bound)["tribunal"] == most_of(bound)["tribunal"].calls == 2 * (2 * 3 * 4 + 1)


def test_a_run_with_a_model_that_is_always_wrong_fits_too(run):
    bound = estimate(REQUEST)
    record = run(lambda asked: says("no answer", usage={}), Budget(bound.calls, bound.tokens))
    calls = within(record, bound)
    assert {name: calls[name] for name in ("queries", "synthesis")} == {"queries": 2, "synthesis": 2}
    reason = record["abstract"]["produced_by"]["fallback_reason"]
    assert reason.startswith(f"the model {CHAT_MODEL} answered wrongly twice: ")


@pytest.mark.parametrize(
    ("left", "reason"),
    [
        (Budget(calls=0), "the budget of 0 model calls is spent"),
        (Budget(calls=2), "the budget of 2 model calls is spent"),
        (Budget(tokens=3000), None),
    ],
)
def test_a_stage_that_finds_the_budget_spent_goes_on_by_rule_and_says_so(run, left, reason):
    record = run(wrong_first(right), left)
    told = record["abstract"]["produced_by"]["fallback_reason"]
    few = told.startswith("the request may use ") and told.endswith(" of 3000 are left")
    assert told == reason or (reason is None and few)
    assert record["queries"][0]["produced_by"]["mode"] == ("extractive" if left.calls == 0 else "model")
    assert record["tribunal"]["kind"] == "rubric"
    assert sum(row["calls"] for row in record["costs"]["stages"]) <= (3000 if left.calls is None else left.calls)


def test_a_budget_that_ends_within_the_paired_check_is_told_as_such(run):
    """The rounds fit and the planted instructions do not: it is the budget that ended, not the review that moved."""
    papers = 12
    record = run(wrong_first(right), Budget(calls=2 + 2 * papers + 2 + 6 + 2 + 6 + 3))
    label = record["tribunal"]["produced_by"]
    assert (record["tribunal"]["kind"], label["fallback_reason"]) == ("rubric", "the budget of 45 model calls is spent")


def test_the_judge_is_asked_no_more_often_than_the_estimate_says(tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)
    request = replace(REQUEST, chat_model=None, embedding_model=None, verifier="llm-judge")
    bound = estimate(request)
    answer = {"label": "NEI", "confidence": 0.2, "sentences": [], "reason": "They do not say."}
    with ModelServer(lambda asked: answer) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        pipeline.execute(request, tmp_path / "run", resume=False)
        asked = len(server.chats)
        longest = max(about_tokens(json.dumps(chat["messages"], ensure_ascii=False)) for chat in server.chats)
    assert 0 < asked <= bound.calls
    assert not any(stage.budgeted for stage in bound.stages)
    assert asked * (longest + Limits().max_tokens) <= bound.tokens
    related = most_of(estimate(request, related=True))
    assert related["index"].calls == 36


def test_without_a_model_nothing_is_asked_of_one():
    plain = estimate(replace(REQUEST, chat_model=None, embedding_model=None))
    assert (plain.stages, plain.calls, plain.tokens, plain.services, plain.full_texts) == ((), 0, 0, {}, 0)
    assert plain.queries == tuple(query["text"] for query in make_queries(QUESTION))


def test_services_and_full_texts():
    bound = estimate(LIVE)
    assert dict(bound.services) == {"arxiv": 8, "semantic-scholar": 4, "openalex": 4}
    assert bound.full_texts == 12
    assert estimate(replace(LIVE, full_text=False)).full_texts == 0
    assert {stage.stage: stage.calls for stage in bound.stages} == {
        **{"queries": 2, "claims": 24, "synthesis": 2, "tribunal": 50, "index": 1}
    }


def test_a_live_run_may_use_more_than_one_on_the_sample_corpus_and_short_answers_make_it_less():
    sample, live, short = estimate(REQUEST), estimate(LIVE), estimate(LIVE, Limits(max_tokens=256))
    for stage in ("claims", "synthesis", "tribunal"):
        assert most_of(sample)[stage].tokens < most_of(live)[stage].tokens
        assert most_of(short)[stage].tokens < most_of(live)[stage].tokens


@given(st.text(max_size=500).filter(lambda text: any(char.isalnum() for char in text)))
def test_no_question_makes_longer_queries_than_told(text: str):
    question = checked_question(text)
    bound = most_of(estimate(replace(REQUEST, question=question)))["queries"]
    fault = "there must be 4 queries, not 5"
    sent = [messages(queries.PROMPT, {"question": question}, words) for words in ("", fault)]
    asked = sum(about_tokens(json.dumps(each, ensure_ascii=False)) for each in sent)
    assert asked + bound.calls * queries.MOST_TOKENS <= bound.tokens


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=20, max_size=400), min_size=1, max_size=50
    ),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=1000),
)
def test_no_paper_takes_more_than_its_share(sentences: list[str], title: str):
    bound = most_of(estimate(LIVE))["claims"]
    numbered = [{"number": number, "text": text} for number, text in enumerate(sentences, start=1)]
    data = {"question": QUESTION, "title": title, "sentences": numbered, "most": 3}
    asked = about_tokens(json.dumps(messages(claims.PROMPT, data), ensure_ascii=False)) + claims.MOST_TOKENS
    assert asked * bound.calls <= bound.tokens


def test_every_paper_of_the_sample_corpus_fits():
    bound = most_of(estimate(REQUEST))["index"]
    longest = max(about_tokens(f"{paper.title}. {paper.abstract}") for paper in load_sample_corpus())
    assert 12 * longest <= bound.tokens <= 12 * longest + 12 * about_tokens("x" * 2000)
