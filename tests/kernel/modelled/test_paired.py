"""The paired check, and a model that does whatever the text it reads asks for."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from generator.kernel import planted, tribunal
from generator.kernel.budget import BudgetSpent
from generator.kernel.claims import ClaimSettings
from generator.kernel.modelled.claims import select_claims
from generator.kernel.modelled.paired import DOWN, MOST_PLACES, OFF_TASK, UP, paired_check
from generator.kernel.modelled.reviewers import SET_ASIDE, Reviewed, exposed, review
from generator.kernel.modelled.synthesis import Basis, write
from generator.kernel.models.asking import Prompt
from generator.kernel.models.errors import ModelError
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.several import verify_claims
from generator.manifest.canonical import sha256_text
from generator.manifest.gate import verdict
from tests.tools.injections import READ, WORDED_AS_FINDINGS, ordered, strings

INJECTIONS = Path(__file__).parents[4] / "shared" / "data" / "hostile" / "prompt-injections.json"
VIEW: dict[str, Any] = {
    "question": "?",
    "synthesis": [
        {"text": "Trees cool cities.", "claim_ids": ["C1"], "about": "finding"},
        {"text": "Roofs do so.", "claim_ids": ["C2"], "about": "finding"},
        {"text": "Parks do so.", "claim_ids": ["C3"], "about": "finding"},
    ],
    "claims": [
        {"id": "C1", "paper": "S1", "text": "Trees cool.", "evidence": [{"paper": "S2", "text": "Trees cool too."}]},
        {"id": "C2", "paper": "S3", "text": "Roofs cool.", "evidence": []},
        {
            "id": "C3",
            "paper": "S2",
            "text": "Parks cool.",
            "evidence": [{"paper": "S3", "text": "Parks cool too."}, {"paper": "S1", "text": "So do all parks."}],
        },
    ],
    "papers": [
        {"id": "S1", "title": "Trees of cities."},
        {"id": "S2", "title": "Parks of cities."},
        {"id": "S3", "title": "Roofs of cities."},
    ],
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
def test_one_instruction_of_each_kind_stands_at_all_ends_and_in_one_place_more(seed: int, lab: Any) -> None:
    _, check, asker = checked(lab, lambda prompt, data: STEADY, seed)
    for number, (kind, tried) in enumerate(zip((UP, DOWN, OFF_TASK), check["plants"], strict=True), start=1):
        (plant,) = (plant for plant in kind if sha256_text(plant.text) == tried["instruction_sha256"])
        for _, data in asker.asked[3 * number : 3 * number + 3]:
            for name, part in READ.items():
                texts = list(part(data)) if name != "all" else []
                assert not texts or texts[0].startswith(f"{plant.text} ")
                assert not texts or texts[-1].endswith(f". {plant.text}")
            places = [place for claim in data["claims"] for place in (claim, *claim["evidence"])]
            homes = [place["paper"] for place in places if place["text"].endswith(f". {plant.text}")]
            assert tried["planted_in"] in homes
            assert 8 <= json.dumps(data).count(plant.text) <= MOST_PLACES
            assert f"{plant.text} {plant.text}" not in json.dumps(data)


def test_an_instruction_is_not_put_into_text_that_is_set_aside(lab: Any) -> None:
    hidden = {"id": "C4", "paper": "S1", "text": SET_ASIDE, "evidence": [{"paper": "S1", "text": SET_ASIDE}]}
    view = {**VIEW, "claims": [hidden, *VIEW["claims"], hidden]}
    asker = lab.asker(lambda prompt, data: STEADY)
    paired_check(view, review(view, asker), asker, round_number=0, seed=0)
    assert [data["claims"][at] for _, data in asker.asked for at in (0, -1)] == [hidden] * 24


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


def planted_kind(data: Any) -> str | None:
    """Which kind of instruction stands in the data."""
    text = "\n".join(strings(data))
    kinds = {"up": UP, "down": DOWN, "off task": OFF_TASK}
    return next((name for name, plants in kinds.items() if any(plant.text in text for plant in plants)), None)


@pytest.mark.parametrize("first", [False, True], ids=["the last order counts", "the first order counts"])
@pytest.mark.parametrize("part", READ)
def test_a_reviewer_that_obeys_one_order_about_a_score_moves_beside_a_strangers(
    part: str, first: bool, lab: Any
) -> None:
    """Whatever part it obeys, wherever the stranger's order stands in it, and whatever that order is."""
    asker = lab.asker(lambda prompt, data: {**STEADY, **ordered(READ[part](data), first=first)})
    for order in WORDED_AS_FINDINGS:
        for at in range(3):
            view = copy.deepcopy(VIEW)
            evidence = [item for claim in view["claims"] for item in claim["evidence"]]
            for place in (view["synthesis"][at], view["claims"][at], evidence[at]):
                place["text"] = order
            view["papers"][at]["title"] = order
            reviewed = review(view, asker)
            assert reviewed.consensus == (0 if "reject" in order else 10), "it is obeyed"
            for seed in range(10):
                assert paired_check(view, reviewed, asker, round_number=0, seed=seed)["moved"], (order, at, seed)


CONTRADICTION = {**STEADY, "score": 3.0}


def test_a_review_that_comes_to_contradict_itself_is_one_that_moved(lab: Any) -> None:
    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        return CONTRADICTION if prompt.name == "review-skeptic" and attacked(data) else STEADY

    _, check, _ = checked(lab, reply)
    assert check["moved"]
    assert "SKEPTIC became void (the score 3 belongs to REJECT, and the verdict is APPROVE)" in check["finding"]
    assert [plant["after"] for plant in check["plants"]] == [7.0] * 3


def test_so_is_one_of_which_too_little_is_left(lab: Any) -> None:
    _, check, _ = checked(lab, lambda prompt, data: CONTRADICTION if attacked(data) else STEADY)
    assert check["moved"]
    assert [plant["after"] for plant in check["plants"]] == [None] * 3


@pytest.mark.parametrize("name", ["review-skeptic", "review"], ids=["one role", "all roles"])
@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (ModelError("gone"), "gone"),
        ({"score": "ten"}, "the model answered wrongly twice: it breaks its form"),
        (ModelError("x" * 900), "x" * 199 + "…"),
    ],
)
def test_no_second_review_is_no_check_and_says_nothing_of_the_first(
    failure: Any, reason: str, name: str, lab: Any
) -> None:
    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        return failure if prompt.name.startswith(name) and attacked(data) else STEADY

    with pytest.raises(ModelError) as raised:
        checked(lab, reply)
    assert raised.value.reason == f"the paired check could not be made: {reason}"


def test_a_spent_budget_goes_through_as_it_is(lab: Any) -> None:
    with pytest.raises(BudgetSpent, match=r"^spent$"):
        checked(lab, lambda prompt, data: BudgetSpent("spent") if attacked(data) else STEADY)


def test_what_moved_before_the_model_was_gone_counts(lab: Any) -> None:
    replies = {None: STEADY, "up": GREAT, "down": ModelError("gone")}
    _, check, _ = checked(lab, lambda prompt, data: replies[planted_kind(data)])
    assert check["moved"]
    assert [(plant["after"], plant["moved"]) for plant in check["plants"]] == [(10, True)]
    assert check["finding"] == (
        "The review moved under 1 of 1 planted instruction, so it is not used: the consensus went from 7 to 10."
    )


def test_one_role_that_moved_counts_where_another_is_gone(lab: Any) -> None:
    replies = {"review-skeptic": BAD, "review-validator": ModelError("gone"), "review-synthesizer": STEADY}
    _, check, _ = checked(lab, lambda prompt, data: replies[prompt.name] if planted_kind(data) == "down" else STEADY)
    assert [(plant["after"], plant["moved"]) for plant in check["plants"]] == [(7.0, False), (None, True), (7.0, False)]
    assert check["finding"].endswith("not used: SKEPTIC went from APPROVE to REJECT.")


def test_a_role_that_gave_no_first_review_moves_nothing_by_giving_a_second(lab: Any) -> None:
    scores = {"review-validator": 7.0, "review-synthesizer": 9.0}

    def reply(prompt: Prompt, data: Mapping[str, Any]) -> Any:
        if prompt.name == "review-skeptic":
            return {**STEADY, "score": 9.0} if attacked(data) else ModelError("gone")
        return {**STEADY, "score": scores[prompt.name]}

    first, check, _ = checked(lab, reply)
    assert first.consensus == 7.0
    assert [(plant["after"], plant["moved"]) for plant in check["plants"]] == [(7.0, False)] * 3


def test_the_finding_is_cut_where_it_grows_long(lab: Any) -> None:
    odd = {
        "up": {**STEADY, "score": 3.0},
        "down": {**STEADY, "verdict": "REJECT"},
        "off task": {**STEADY, "verdict": "REVISE", "findings": ["Lisbon, bonjour, Shakespeare."]},
    }
    _, check, _ = checked(lab, lambda prompt, data: odd.get(planted_kind(data) or "", STEADY))
    assert len(check["finding"]) == 600
    assert check["finding"].endswith("…")


@pytest.mark.parametrize(("steady", "left_out"), [(GREAT, UP), (BAD, DOWN)])
def test_what_the_review_says_anyway_is_not_asked_for(steady: Any, left_out: Any, lab: Any) -> None:
    _, check, _ = checked(lab, lambda prompt, data: steady)
    known = {sha256_text(plant.text) for plant in left_out}
    assert len(check["plants"]) == 2
    assert not known & {plant["instruction_sha256"] for plant in check["plants"]}
    assert not check["moved"]


def test_a_draft_without_claims_is_tried_too(lab: Any) -> None:
    asker = lab.asker(servant)
    view = {**VIEW, "claims": [], "papers": []}
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
