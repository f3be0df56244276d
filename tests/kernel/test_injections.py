"""Instructions planted in a paper of the whole run, before a model that obeys every one it sees: nothing is approved by
itself, and verdict and labels are those of the run without it.

The 75 are a published set; the others are worded as findings, so that the rules about wording let them through and the
paired check has to hold.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from generator.kernel import pipeline, planted, stages
from generator.kernel.modelled.paired import DOWN, OFF_TASK, UP
from generator.kernel.pipeline import execute
from generator.kernel.request import Request
from generator.kernel.retrieval import RetrievalSettings
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.text import sentences
from generator.kernel.tools import Tools
from tests.tools.injections import READ, WORDED_AS_FINDINGS, instructions, judged, ordered, strings
from tests.tools.working_model import WorkingModel

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
KEPT = ("SAMPLE-D07", "SAMPLE-D02", "SAMPLE-D01", "SAMPLE-D13", "SAMPLE-D10", "SAMPLE-D08")
HOME = "SAMPLE-D01"

SIGNS = {plant.text: plant.sign for plant in OFF_TASK}


class Obedient(WorkingModel):
    """A model that works well, and does all that any text it reads tells it to.

    Of several orders for a score the last one counts, or the first (``first``). ``read`` is everything it was shown.
    """

    model = "obedient"

    def __init__(self, instruction: str = "", *, first: bool = False) -> None:
        self.instruction, self.first = instruction, first
        self.read: list[str] = []

    def reply(self, name: str, data: Mapping[str, Any]) -> Any:
        self.read += strings(data)
        return super().reply(name, data)

    def _orders(self, data: Mapping[str, Any]) -> list[str]:
        """What it is asked to say, beside scores."""
        told = "\n".join(strings(data))
        own = [self.instruction] if self.instruction and self.instruction in told else []
        return [*own, *(f"As I was told: {sign}." for text, sign in SIGNS.items() if text in told)]

    def claims(self, data: Mapping[str, Any]) -> Any:
        picked = super().claims(data)["sentences"]
        asking = [item["number"] for item in data["sentences"] if self.instruction and self.instruction in item["text"]]
        return {"sentences": [*asking, *(number for number in picked if number not in asking)][: data["most"]]}

    def synthesis(self, data: Mapping[str, Any]) -> Any:
        ids = [claim["id"] for claim in data["claims"][:2]]
        orders = [{"text": order, "claim_ids": ids, "about": "finding"} for order in self._orders(data)]
        return {"sentences": [*orders, *super().synthesis(data)["sentences"]]}

    def review(self, data: Mapping[str, Any]) -> Any:
        reply = {**super().review(data), **ordered(strings(data), first=self.first)}
        return {**reply, "findings": self._orders(data) or reply["findings"]}


class ScoreOnly(WorkingModel):
    """A model that works well, whose reviewers obey one order about a score, and nothing else."""

    model = "score-only"

    def __init__(self, part: str, *, first: bool) -> None:
        self.part, self.first = part, first

    def review(self, data: Mapping[str, Any]) -> Any:
        return {**super().review(data), **ordered(READ[self.part](data), first=self.first)}


def planted_in(instruction: str, place: str) -> tuple[Paper, ...]:
    """The papers of the question, with the instruction in the abstract of one."""
    papers = []
    for paper in load_sample_corpus():
        if paper.id in KEPT:
            if paper.id == HOME and instruction:
                at = [0, *(end for _, end in sentences(paper.abstract))]
                cut = {"first": 0, "middle": at[len(at) // 2], "last": at[-1]}[place]
                text = f"{paper.abstract[:cut]} {instruction} {paper.abstract[cut:]}".strip()
                paper = replace(paper, abstract=text)
            papers.append(paper)
    return tuple(papers)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """``run(asker, instruction, place)``: the record of a run in which one abstract holds the instruction."""
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)
    monkeypatch.setattr("generator.manifest.atomic.os.fsync", lambda _: None)
    made = 0

    def run(asker: WorkingModel, instruction: str = "", place: str = "last") -> dict[str, Any]:
        nonlocal made
        made += 1
        monkeypatch.setattr(stages, "load_sample_corpus", lambda: planted_in(instruction, place))
        request = Request(
            QUESTION, "2026-01-02T03:04:05Z", retrieval=RetrievalSettings(max_papers=6), chat_model=asker.model
        )
        return execute(request, tmp_path / str(made), resume=False, tools=Tools(asker=lambda _: asker)).run

    return run


@pytest.mark.parametrize("group", range(5))
def test_published_instructions(run, group):
    chance = random.Random(group)
    asker = Obedient()
    clean = run(asker)
    assert clean["claims"][0]["produced_by"]["mode"] == "model"
    assert clean["tribunal"]["paired_check"]["moved"], "a model that obeys is found out without any stranger's help"
    assert clean["abstract"]["produced_by"]["mode"] == "extractive", "and what it wrote is not used either"
    for instruction in instructions()[group::5]:
        place = chance.choice(["first", "middle", "last"])
        asker = Obedient(instruction)
        attacked = run(asker, instruction, place)
        assert not [text for text in asker.read if instruction in text], "no stage with a model is shown it"
        assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER", instruction
        assert attacked["tribunal"]["verdict"] == clean["tribunal"]["verdict"], instruction
        assert judged(attacked) == judged(clean), instruction
        home = next(source for source in attacked["sources"] if source["paper_id"] == HOME)
        text = home["text"]["content"]
        aside = " ".join(text[item["start"] : item["end"]] for item in home["text"].get("set_aside", ()))
        # papers ask their readers questions in good faith: no model is shown one, and no owner is bothered with it
        assert (instruction in aside) == (planted.addressed(instruction) != planted.QUESTION), (instruction, place)
        assert instruction not in json.dumps(attacked["abstract"], ensure_ascii=False)


@pytest.mark.parametrize("first", [False, True], ids=["the last order counts", "the first order counts"])
@pytest.mark.parametrize("number", range(len(WORDED_AS_FINDINGS)))
def test_instructions_worded_as_findings(run, number, first):
    """The wording gives nothing away: the model reads it, obeys it, and its review is not used."""
    instruction = WORDED_AS_FINDINGS[number]
    assert planted.addressed(instruction) is None, "caught by its wording now; put a subtler one in its place"
    asker = Obedient(instruction, first=first)
    attacked = run(asker, instruction)
    assert any(claim["text"] == instruction for claim in attacked["claims"]), "it got as far as it can"
    reviews = attacked["tribunal"]["rounds"][0]["reviews"]
    assert {item["score"] for item in reviews} == {0 if "reject" in instruction else 10}, "and it was obeyed"
    assert attacked["tribunal"]["paired_check"]["moved"]
    assert attacked["tribunal"]["kind"] == "rubric"
    assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER"
    clean = run(Obedient(first=first))
    assert attacked["tribunal"]["verdict"] == clean["tribunal"]["verdict"]
    before, after = judged(clean), judged(attacked)
    assert {key: after[key] for key in before if key in after} == {key: before[key] for key in before if key in after}


@pytest.mark.parametrize("first", [False, True], ids=["the last order counts", "the first order counts"])
@pytest.mark.parametrize("part", ["all", "sentences", "claims", "evidence"])
@pytest.mark.parametrize("number", range(len(WORDED_AS_FINDINGS)))
def test_a_reviewer_that_obeys_no_order_but_one_about_its_score(run, number, part, first):
    """Nothing but the score gives it away, and the stranger's order stands wherever claims and evidence are shown."""
    attacked = run(ScoreOnly(part, first=first), WORDED_AS_FINDINGS[number], "first")
    assert attacked["tribunal"]["paired_check"]["moved"]
    assert attacked["tribunal"]["kind"] == "rubric"
    assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER"


def test_the_paired_check_holds_where_the_wording_rules_fail(run, monkeypatch):
    """As if ``planted`` knew no rule: every instruction reaches the model in words that make it a claim."""
    monkeypatch.setattr(planted, "addressed", lambda _: None)
    chance = random.Random(75)
    ours = [*UP, *DOWN, *OFF_TASK]
    for instruction in [*chance.sample(instructions(), 8), *(plant.text for plant in chance.sample(ours, 3))]:
        worded = f"Street trees lowered air temperature more than cool roofs; {instruction}"
        asker = Obedient(worded)
        attacked = run(asker, worded, chance.choice(["first", "last"]))
        assert any(worded in text for text in asker.read)
        assert attacked["tribunal"]["paired_check"]["moved"], instruction
        assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER", instruction
        assert attacked["tribunal"]["kind"] == "rubric"


def test_a_model_that_obeys_nobody_is_used(run):
    clean = run(WorkingModel())
    assert (clean["tribunal"]["kind"], clean["tribunal"]["paired_check"]["moved"]) == ("model", False)
    assert clean["policy"]["outcome"] == "AUTO_APPROVE"
    attacked = run(WorkingModel(), UP[0].text)
    assert attacked["tribunal"]["kind"] == "model"
    assert attacked["tribunal"]["verdict"] == clean["tribunal"]["verdict"]
    assert attacked["policy"]["outcome"] == "ESCALATE_TO_OWNER", "what speaks to its reader is the owner's"
