"""The review of a run with a scripted model: what counts, what is kept, and what the record says of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from generator.kernel import pipeline
from generator.kernel.budget import BudgetSpent
from generator.kernel.models.errors import ModelError
from generator.kernel.pipeline import execute
from generator.kernel.request import Request
from generator.kernel.retrieval import RetrievalSettings
from generator.kernel.tools import Tools
from generator.manifest import runs
from generator.manifest.rounds import kept_round, shown_reviews
from tests.tools.working_model import WorkingModel

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
CLOCK = "2026-01-02T03:04:05Z"
Score = Callable[[str, Mapping[str, Any], int], Any]


class Scored(WorkingModel):
    """Works as ever, and reviews by ``score(role, view, number of the review)``: a score, a reply or an exception."""

    def __init__(self, score: Score) -> None:
        self.score, self.reviews = score, 0

    def ask(self, prompt: Any, data: Mapping[str, Any], **more: Any) -> Any:
        if not prompt.name.startswith("review-"):
            return super().ask(prompt, data, **more)
        number, self.reviews = self.reviews, self.reviews + 1
        found = self.score(prompt.name.removeprefix("review-"), data, number)
        if isinstance(found, Exception):
            raise found
        if not isinstance(found, int | float):
            return found
        verdict = "APPROVE" if found >= 6.5 else "REVISE" if found >= 4 else "REJECT"
        return {"score": found, "verdict": verdict, "findings": ["A sentence is missing."]}


@pytest.fixture
def reviewed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., dict[str, Any]]:
    """``reviewed(score)`` is the run record of a run whose model reviews so; it is valid in any case."""
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)

    def run(score: Score, **settings: Any) -> dict[str, Any]:
        model = Scored(score)
        request = Request(QUESTION, CLOCK, chat_model=model.model, **settings)
        tools = Tools(asker=lambda ledger: model)
        record = execute(request, tmp_path / "run", resume=False, tools=tools).run
        assert runs.check_run(record, file="run.json") == []
        return record

    return run


def told(run: Mapping[str, Any]) -> str:
    return " ".join(item["text"] for item in run["uncertainties"])


def test_a_steady_review_counts_and_the_integrating_role_stays_within_the_others(reviewed: Any) -> None:
    scores = {"skeptic": 7.0, "validator": 8.0, "synthesizer": 9.5}
    run = reviewed(lambda role, view, number: scores[role])
    assert (run["tribunal"]["kind"], run["tribunal"]["score"]) == ("model", 8.0)
    assert run["tribunal"]["paired_check"]["moved"] is False
    assert run["policy"] == {**run["policy"], "outcome": "AUTO_APPROVE", "rule": "APPROVE"}
    assert "reviewed it blind and in parallel." in run["methodology"]


def test_a_void_review_is_told(reviewed: Any) -> None:
    def score(role: str, view: Any, number: int) -> Any:
        return {"score": 9, "verdict": "REJECT", "findings": []} if role == "skeptic" else 7.0

    run = reviewed(score)
    assert run["tribunal"]["kind"] == "model"
    assert "two of the three reviews count" in run["methodology"]
    assert "The review of SKEPTIC does not count." in told(run)


def test_a_review_that_moves_is_not_used_and_neither_is_what_the_model_wrote(reviewed: Any) -> None:
    clean: list[Any] = []

    def score(role: str, view: Any, number: int) -> float:
        clean.append(view) if not clean else None
        return 7.0 if view == clean[0] else 1.0

    run = reviewed(score)
    tribunal = run["tribunal"]
    assert (tribunal["kind"], tribunal["paired_check"]["moved"]) == ("rubric", True)
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"
    assert run["abstract"]["produced_by"]["mode"] == "extractive"
    reason = tribunal["paired_check"]["finding"]
    assert tribunal["produced_by"]["fallback_reason"] == run["abstract"]["produced_by"]["fallback_reason"] == reason
    assert [item["score"] for item in shown_reviews(run) or []] == [7.0] * 3
    assert "A model's review was not used" in told(run)
    assert "No model wrote any text of it" in run["methodology"]


@pytest.mark.parametrize("second", [5.0, 4.5, 6.0])
def test_a_revision_is_kept_only_when_it_scores_higher(reviewed: Any, second: float) -> None:
    before: list[Any] = []

    def score(role: str, view: Any, number: int) -> float:
        before.append(view["synthesis"]) if not before else None
        return 5.0 if len(view["synthesis"]) == len(before[0]) and number < 12 else second

    run = reviewed(score)
    rounds = run["tribunal"]["rounds"]
    assert [item["consensus"] for item in rounds] == [5.0, second]
    kept = second > 5.0
    assert run["tribunal"]["score"] == max(5.0, second)
    assert kept_round(run) == rounds[kept]
    assert ("Kept: it scores higher." in rounds[1]["changes"][0]) is kept


def test_a_revision_whose_review_moves_leaves_both_rounds_on_record(reviewed: Any) -> None:
    def score(role: str, view: Any, number: int) -> float:
        # three reviews and three pairs of the first round stay; the revised text is liked, and its pairs move
        return 5.0 if number < 12 else 7.0 if number < 15 else 1.0

    run = reviewed(score)
    tribunal = run["tribunal"]
    assert (tribunal["paired_check"]["round"], tribunal["paired_check"]["moved"]) == (1, True)
    assert {item["round"]: item["reviews"][0]["score"] for item in tribunal["rounds"] if "reviews" in item} == {
        0: 5.0,
        1: 7.0,
    }
    assert [item["score"] for item in shown_reviews(run) or []] == [7.0] * 3
    assert tribunal["kind"] == "rubric"


def test_a_score_that_a_rule_holds_down_is_told(reviewed: Any) -> None:
    run = reviewed(lambda role, view, number: 7.0, retrieval=RetrievalSettings(max_papers=1))
    assert run["tribunal"]["score"] == 3.9
    assert "The reviews come to 7; a rule holds the score at 3.9" in told(run)
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"


@pytest.mark.parametrize("error", [ModelError("the service cannot be reached"), BudgetSpent("the budget is spent")])
@pytest.mark.parametrize("at", [0, 3, 4, 13])
def test_a_model_that_goes_away_during_the_review_leaves_the_rubric_checks(reviewed: Any, at: int, error: Any) -> None:
    run = reviewed(lambda role, view, number: copy.copy(error) if number >= at else 7.0)
    assert run["tribunal"]["kind"] == ("model" if at > 11 else "rubric")
    if at <= 11:
        assert error.reason in run["tribunal"]["produced_by"]["fallback_reason"]
        assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"
        assert "moved" not in told(run)


def test_long_reasons_do_not_break_the_record(reviewed: Any) -> None:
    def score(role: str, view: Any, number: int) -> Any:
        return ModelError(f"request {number} of the tenant failed: {'x' * 3900}") if number >= 3 else 7.0

    run = reviewed(score)
    assert len(run["methodology"]) <= 4000
    assert run["tribunal"]["kind"] == "rubric"


def test_a_revision_by_rule_keeps_why_no_model_made_it(reviewed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from generator.kernel import tribunal

    checks = tribunal.review
    scores = iter([5.0, 5.0, 6.0])  # once beside the reviewers, twice in their place
    monkeypatch.setattr(tribunal, "review", lambda draft: (checks(draft)[0], next(scores)))
    run = reviewed(lambda role, view, number: ModelError("no reply"))
    assert run["tribunal"]["score"] == 6.0
    reason = run["tribunal"]["produced_by"]["fallback_reason"]
    assert {claim["produced_by"]["fallback_reason"] for claim in run["claims"]} == {reason}
    assert run["abstract"]["produced_by"]["fallback_reason"] == reason
