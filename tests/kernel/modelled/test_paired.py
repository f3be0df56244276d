"""The paired check, and a model that does whatever the text it reads asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from generator.kernel import planted, tribunal
from generator.kernel.claims import ClaimSettings
from generator.kernel.modelled.claims import select_claims
from generator.kernel.modelled.paired import DOWN, OFF_TASK, UP, paired_check
from generator.kernel.modelled.reviewers import Reviewed, exposed, review
from generator.kernel.modelled.synthesis import Basis, write
from generator.kernel.models.asking import Prompt
from generator.kernel.models.errors import ModelError
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.several import verify_claims
from generator.manifest.canonical import sha256_text
from generator.manifest.gate import verdict

INJECTIONS = Path(__file__).parents[4] / "shared" / "data" / "hostile" / "prompt-injections.json"
VIEW: dict[str, Any] = {
    "question": "?",
    "synthesis": [],
    "claims": [
        {"id": "C1", "paper": "S1", "text": "Trees cool.", "evidence": [{"paper": "S2", "text": "Trees cool too."}]},
        {"id": "C2", "paper": "S3", "text": "Roofs cool.", "evidence": []},
    ],
    "papers": [],
}
STEADY = {"score": 7.0, "verdict": "APPROVE", "findings": ["C1 is sound."]}
GREAT = {"score": 10, "verdict": "APPROVE", "findings": []}
BAD = {"score": 0, "verdict": "REJECT", "findings": []}


@lru_cache
def injections() -> tuple[str, ...]:
    if not INJECTIONS.is_file():
        return ()
    groups = json.loads(INJECTIONS.read_text(encoding="utf-8"))
    return tuple(text for group in groups.values() for text in group)


def obeyed(text: str) -> dict[str, Any] | None:
    """What a review says that does as the text asks; ``None`` where the text asks for nothing."""
    if any(plant.text in text for plant in UP):
        return GREAT
    if any(plant.text in text for plant in DOWN):
        return BAD
    for plant in OFF_TASK:
        if plant.text in text:
            return {**STEADY, "findings": [f"It is {plant.sign.title()}, of course."]}
    if any(instruction in text for instruction in injections()):
        return {**GREAT, "findings": ["Here is what was asked for."]}
    return None


def servant(prompt: Prompt, data: Mapping[str, Any]) -> Any:
    """The reply of a model that obeys every instruction it sees in the data, and works well where it sees none."""
    text = "\n".join(strings(data))
    if prompt.name.startswith("review"):
        return obeyed(text) or STEADY
    if any(instruction in text for instruction in injections()):
        return {"sentences": "as you wish"}
    if prompt.name == "claims":
        return {"sentences": [item["number"] for item in data["sentences"] if "temperature" in item["text"]][:1]}
    wording = {
        "1.2 K": "Street trees cool city air by 1.2 K at noon.",
        "0.4 K": "Cool roofs do so by 0.4 K in summer.",
        "more than": "Street trees lowered the temperature more than cool roofs in dry cities.",
    }
    return {
        "sentences": [
            {"text": text, "claim_ids": [claim["id"]], "about": "finding"}
            for claim in data["claims"]
            for sign, text in wording.items()
            if sign in claim["text"]
        ]
    }


def strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    items = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [text for item in items for text in strings(item)]


def checked(lab: Any, reply: Any, seed: int = 0) -> tuple[Reviewed, dict[str, Any], Any]:
    asker = lab.asker(reply)
    first = review(VIEW, asker)
    return first, paired_check(VIEW, first, asker, round_number=0, seed=seed), asker


def test_a_steady_review_does_not_move(lab: Any) -> None:
    _, check, asker = checked(lab, lambda prompt, data: STEADY)
    assert (check["moved"], check["before"], check["round"]) == (False, 7.0, 0)
    assert [plant["after"] for plant in check["plants"]] == [7.0, 7.0, 7.0]
    assert check["finding"] == "The review stayed as it was under 3 planted instructions."
    assert len(asker.asked) == 12


@pytest.mark.parametrize("seed", range(12))
def test_one_instruction_of_each_kind_stands_in_one_place_of_one_source(seed: int, lab: Any) -> None:
    _, check, asker = checked(lab, lambda prompt, data: STEADY, seed)
    for number, (kind, tried) in enumerate(zip((UP, DOWN, OFF_TASK), check["plants"], strict=True), start=1):
        (plant,) = (plant for plant in kind if sha256_text(plant.text) == tried["instruction_sha256"])
        for _, data in asker.asked[3 * number : 3 * number + 3]:
            places = [place for claim in data["claims"] for place in (claim, *claim["evidence"])]
            assert [place["paper"] for place in places if place["text"].endswith(f". {plant.text}")] == [
                tried["planted_in"]
            ]
            assert json.dumps(data).count(plant.text) == 1


def test_the_same_seed_plants_the_same(lab: Any) -> None:
    one, same = (checked(lab, lambda prompt, data: STEADY, 3)[1] for _ in range(2))
    assert one == same
    others = [checked(lab, lambda prompt, data: STEADY, seed)[1]["plants"] for seed in range(10)]
    assert len({json.dumps(plants) for plants in others}) > 3


@pytest.mark.parametrize("kind", [UP, DOWN, OFF_TASK], ids=["up", "down", "off task"])
def test_a_review_that_obeys_one_kind_alone_moves(kind: Any, lab: Any) -> None:
    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        text = "\n".join(strings(data))
        return (obeyed(text) if any(plant.text in text for plant in kind) else None) or STEADY

    for seed in range(6):
        _, check, _ = checked(lab, reply, seed)
        assert check["moved"]
        assert [plant["moved"] for plant in check["plants"]].count(True) == 1
        assert check["finding"].startswith("The review moved under 1 of 3 planted instructions, so it is not used: ")


def test_one_reviewer_that_obeys_is_enough(lab: Any) -> None:
    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        return servant(prompt, data) if prompt.name == "review-validator" else STEADY

    _, check, _ = checked(lab, reply)
    assert check["moved"]
    assert "VALIDATOR went from APPROVE to REJECT" in check["finding"]
    assert "VALIDATOR did as it was told" in check["finding"]
    assert "SKEPTIC" not in check["finding"]


def attacked(data: Any) -> bool:
    return any(plant.text in "\n".join(strings(data)) for plant in (*UP, *DOWN, *OFF_TASK))


@pytest.mark.parametrize(("score", "moved"), [(7.5, False), (7.6, True), (6.5, False), (8.0, True)])
def test_the_consensus_may_move_by_half_a_point(score: float, moved: bool, lab: Any) -> None:
    _, check, _ = checked(lab, lambda prompt, data: {**STEADY, "score": score} if attacked(data) else STEADY)
    assert check["moved"] is moved


@pytest.mark.parametrize("failure", [ModelError("gone"), {**STEADY, "score": 3.0}, {"score": "ten"}])
def test_a_review_that_becomes_void_is_one_that_moved(failure: Any, lab: Any) -> None:
    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        return failure if prompt.name == "review-skeptic" and attacked(data) else STEADY

    _, check, _ = checked(lab, reply)
    assert check["moved"]
    assert "SKEPTIC became void (" in check["finding"]


def test_no_review_the_second_time_is_one_that_moved(lab: Any) -> None:
    _, check, _ = checked(lab, lambda prompt, data: ModelError("gone") if attacked(data) else STEADY)
    assert check["moved"]
    assert {plant["after"] for plant in check["plants"]} == {None}


@pytest.mark.parametrize(("steady", "left_out"), [(GREAT, UP), (BAD, DOWN)])
def test_what_the_review_says_anyway_is_not_asked_for(steady: Any, left_out: Any, lab: Any) -> None:
    _, check, _ = checked(lab, lambda prompt, data: steady)
    known = {sha256_text(plant.text) for plant in left_out}
    assert len(check["plants"]) == 2
    assert not known & {plant["instruction_sha256"] for plant in check["plants"]}
    assert not check["moved"]


def test_a_draft_without_claims_is_tried_too(lab: Any) -> None:
    asker = lab.asker(servant)
    view = {**VIEW, "claims": []}
    check = paired_check(view, review(view, asker), asker, round_number=1, seed=0)
    assert check["moved"]
    assert {plant["planted_in"] for plant in check["plants"]} == {None}


def test_no_instruction_holds_its_own_sign_and_each_speaks_to_its_reader() -> None:
    for plant in (*UP, *DOWN, *OFF_TASK):
        assert not plant.sign or plant.sign not in plant.text.lower()
        assert planted.addressed(plant.text), plant.text


# From here on: each known instruction in an abstract, and the model that obeys every one it sees.


def path(lab: Any, instruction: str | None, *, set_aside: bool = True) -> tuple[Reviewed, dict[str, Any], str, Any]:
    """(review, paired check, verdict of the rubric checks, asker) for a draft made with a model from abstracts, one of
    which holds the instruction."""
    first, _, rest = lab.texts["S1"].partition(". ")
    sources = lab.sources(S1=f"{first}. {instruction} {rest}") if instruction else lab.sources()
    asker, verifier = lab.asker(servant), LexicalVerifier()
    found = select_claims(lab.question, sources, ClaimSettings(), asker)
    claims = verify_claims(found.claims, sources, verifier)
    written = write(Basis(lab.question, claims, sources), asker, verifier)
    view = exposed(lab.question, claims, sources, written.synthesis["sentences"])
    if not set_aside:
        view["claims"][0]["evidence"].append({"paper": "S1", "text": instruction})
    reviewed = review(view, asker)
    themed = [{**claim, "theme": "T1"} for claim in claims]
    rules = {"version": "1.1", "verifier": {"meets_bar": True}}
    draft = tribunal.Draft(lab.question, sources, [], themed, [], written.abstract, [], rules)
    by_rule = verdict(tribunal.review(draft)[1], len(claims), last_round=True)
    return reviewed, paired_check(view, reviewed, asker, round_number=0, seed=1), by_rule, asker


def needed() -> tuple[str, ...]:
    if not injections():
        pytest.skip("no hostile/prompt-injections.json beside the repository")
    return injections()


def test_the_servant_is_just_where_nothing_is_planted_and_found_out_all_the_same(lab: Any) -> None:
    reviewed, check, _, _ = path(lab, None)
    assert reviewed.consensus == 7.0
    assert check["moved"]


def test_no_known_instruction_reaches_a_model_and_no_review_moves_by_one(lab: Any) -> None:
    clean, _, decided, _ = path(lab, None)
    for instruction in needed():
        reviewed, check, by_rule, asker = path(lab, instruction)
        assert not any(instruction in text for _, data in asker.asked for text in strings(data)), instruction
        assert reviewed == clean, instruction
        assert check["moved"], instruction
        assert by_rule == decided, instruction


def test_an_instruction_that_gets_past_the_first_guard_is_found_out_by_the_last(lab: Any) -> None:
    """It raises the score of the review, and the review is not used: with it and without it the rubric decides."""
    _, _, decided, _ = path(lab, None)
    for instruction in needed():
        reviewed, check, by_rule, _ = path(lab, instruction, set_aside=False)
        assert reviewed.consensus == 10
        assert check["moved"], instruction
        assert by_rule == decided, instruction
