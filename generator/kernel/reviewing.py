"""The review of a draft: rubric checks by rule always, reviewers with a model where one takes part.

A model's review counts only if it stays where it is when an instruction is planted in what it reads (see
``modelled.paired``); else the rubric checks decide, on a text by rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from generator.kernel import tribunal
from generator.kernel.claims import extract_claims
from generator.kernel.drafting import basis, same_verifier, support_verifier, synthesised
from generator.kernel.labels import all_fallen_back, fallen_back, modelled, shortened
from generator.kernel.modelled import synthesis as modelled_synthesis
from generator.kernel.modelled.paired import paired_check
from generator.kernel.modelled.reviewers import METHOD, Reviewed, exposed, review
from generator.kernel.models.asking import Asker
from generator.kernel.models.errors import ModelError
from generator.kernel.request import Request
from generator.kernel.synthesis.writing import runs_of_sources
from generator.kernel.verification.several import verify_claims
from generator.manifest.canonical import digest
from generator.manifest.claims import bar_of, count
from generator.manifest.contracts import table
from generator.manifest.gate import verdict

State = dict[str, Any]
LONGEST_REASON = 600  # characters of a reason within a sentence
RUBRIC_ONLY = "The review consists of rubric checks by rule; nobody judged the content."
BY_MODEL = "The review was made by a language model in three roles; no person judged the content."


def reviewed(request: Request, state: Mapping[str, Any], asker: Asker | None) -> State:
    """Rounds, score and how the review was made; with what a revision changed, where one was kept. Without a claim
    there is nothing that a model could review."""
    if asker is None or not state["claims"]:
        made = _by_rubric(request, state)
        return {**made, "uncertainties": _uncertain({**state, **made}, RUBRIC_ONLY)}
    try:
        made = _by_model(request, state, asker)
    except ModelError as error:
        made = _by_rubric(request, state, instead=error.reason)
        made["review_label"] = fallen_back(made["review_label"], error.reason)
    if made["review_kind"] == "rubric":
        reason = shortened(made["review_label"]["fallback_reason"].rstrip("."), LONGEST_REASON)
        words = f"{RUBRIC_ONLY} A model's review was not used: {reason}."
    else:
        words = " ".join([_by_roles(made["reviews"]), *made["capped"]])
    return {**made, "uncertainties": _uncertain({**state, **made}, words)}


def _by_roles(reviews: Sequence[Mapping[str, Any]]) -> str:
    void = [item["role"] for item in reviews if item["void"] is not None]
    return f"{BY_MODEL} The review of {' and '.join(void)} does not count." if void else BY_MODEL


def told(state: Mapping[str, Any]) -> str:
    """What came out, in one line."""
    label = state["review_label"]
    kind = f"by {label['model']}" if state["review_kind"] == "model" else "rubric checks"
    reason = f" ({label['fallback_reason']})" if label["fallback_reason"] else ""
    return f"{state['score']}/10 after round {state['rounds'][-1]['round']}, {kind}{reason}"


def _uncertain(state: Mapping[str, Any], words: str) -> list[dict[str, Any]]:
    """The uncertainties with the one about the review after those about the method."""
    items = state["uncertainties"]
    at = sum(item["kind"] == "method" for item in items)
    return [*items[:at], {"kind": "method", "text": words[:4000]}, *items[at:]]


def _by_rubric(request: Request, state: Mapping[str, Any], *, instead: str | None = None) -> State:
    """One round of rubric checks, and a second one when the first falls short: it admits weaker ties to the question
    and more claims of each paper, and is kept only if it scores higher. ``instead`` is why no model reviewed."""
    rules = table("synthesis-run", "x-tribunal")
    checks, consensus = tribunal.review(_draft(request, state))
    rounds = [{"round": 0, "checks": checks, "consensus": consensus, "changes": []}]
    kept: State = {}
    revise = verdict(consensus, _verified(state), last_round=False) == "REVISE"
    if revise and rules["max_revision_rounds"]:
        wider = replace(
            request.claims,
            min_coverage=request.claims.min_coverage * 0.7,
            min_shared=max(1, request.claims.min_shared - 1),
            per_paper=request.claims.per_paper + 1,
        )
        extracted = extract_claims(request.question, state["sources"], wider)
        if instead:
            extracted = all_fallen_back(extracted, instead)
        claims = verify_claims(extracted, state["sources"], same_verifier(request, state))
        revised = synthesised(request, claims, state, unwritten=instead)
        again, score = tribunal.review(_draft(request, {**state, **revised}))
        better = score > consensus
        change = (
            f"Sentences with weaker ties to the question were admitted: {len(claims)} claims instead of "
            f"{len(state['claims'])}. {'Kept: it scores higher.' if better else 'Not kept: it scores no higher.'}"
        )
        rounds.append({"round": 1, "checks": again, "consensus": score, "changes": [change]})
        if better:
            kept = revised
            consensus = score
    return {
        **kept,
        "rounds": rounds,
        "score": consensus,
        "review_kind": "rubric",
        "review_label": tribunal.produced_by(),
    }


def _by_model(request: Request, state: Mapping[str, Any], asker: Asker) -> State:
    """Blind reviews, tried with planted instructions before they decide anything, and one guarded revision below the
    score that approves, whose review is tried likewise."""
    rules = table("synthesis-run", "x-tribunal")
    last = _round(request, state, asker, 0)
    check = paired_check(last.view, last.reviewed, asker, round_number=0, seed=request.seed)
    if check["moved"]:
        return _not_used(request, state, [last], check)
    rounds, kept, score = [last.made], {}, last.made["consensus"]
    if rules["max_revision_rounds"] and verdict(score, _verified(state), last_round=False) == "REVISE":
        try:
            revised = _revised(request, state, last.reviewed, asker)
            second = _round(request, {**state, **revised}, asker, 1)
        except ModelError as error:
            change = f"Not revised: {shortened(error.reason, LONGEST_REASON)}"
            rounds.append({"round": 1, "checks": [], "consensus": None, "changes": [change]})
        else:
            better = modelled_synthesis.is_better(
                state["abstract"]["text"], revised["abstract"]["text"], score, second.made["consensus"]
            )
            outcome = "Kept: it scores higher." if better else "Not kept: it scores no higher, or is shorter."
            change = f"The synthesis was written again after the findings. {outcome}"
            rounds.append({**second.made, "changes": [change, *second.made["changes"]]})
            if better:
                check = paired_check(second.view, second.reviewed, asker, round_number=1, seed=request.seed)
                if check["moved"]:
                    return _not_used(request, state, [last, second], check)
                kept, last, score = revised, second, second.made["consensus"]
    prompts = digest(sorted({item["produced_by"]["prompt_sha256"] for item in last.reviewed.reviews}))
    return {
        **kept,
        "rounds": rounds,
        "score": score,
        "reviews": last.reviewed.reviews,
        "capped": last.made["changes"],
        "review_kind": "model",
        "review_label": modelled(METHOD, model=asker.model, prompt_sha256=prompts),
        "paired_check": check,
    }


def _not_used(
    request: Request, state: Mapping[str, Any], tried: Sequence[_Round], check: dict[str, Any]
) -> State:
    """What rules make of the claims, where the model was seen to obey what it reads: it has written and reviewed
    nothing that counts. Its reviews stay on record, in the rounds in which they were made."""
    reason = str(check["finding"])
    # what was written by rule before the review has its own reason
    unwritten = state["abstract"]["produced_by"]["fallback_reason"] or reason
    written = synthesised(request, state["claims"], state, unwritten=unwritten)
    made = _by_rubric(request, {**state, **written}, instead=reason)
    rounds = {item["round"]: item for item in made["rounds"]}
    for item in tried:
        number = item.made["round"]
        of_model = {**item.made, "consensus": None, "changes": ["These reviews do not count: see the paired check."]}
        rounds[number] = {**rounds.get(number, of_model), "reviews": item.reviewed.reviews}
    return {
        **written,
        **made,
        "rounds": [rounds[number] for number in sorted(rounds)],
        "review_label": fallen_back(made["review_label"], reason),
        "paired_check": check,
    }


class _Round(NamedTuple):
    """What reviewers saw and found, and the round of the run record."""

    reviewed: Reviewed
    view: dict[str, Any]
    made: dict[str, Any]


def _round(request: Request, state: Mapping[str, Any], asker: Asker, number: int) -> _Round:
    draft = _draft(request, state)
    checks, _ = tribunal.review(draft)
    view = exposed(request.question, state["claims"], state["sources"], state["synthesis"]["sentences"])
    found = review(view, asker, runs_of_sources(state["sources"]))
    consensus = tribunal.capped(draft, found.consensus)
    capped = (
        f"The reviews come to {found.consensus:g}; a rule holds the score at {consensus:g}, because the claims come "
        f"from one source or take up too few terms of the question."
    )
    made = {
        "round": number,
        "checks": checks,
        "consensus": consensus,
        "changes": [capped] if consensus < round(found.consensus, 1) else [],
        "reviews": found.reviews,
    }
    return _Round(found, view, made)


def _revised(request: Request, state: Mapping[str, Any], first: Reviewed, asker: Asker) -> State:
    """Abstract and synthesis, written again after what the reviewers found."""
    findings = [
        f"{item['role']}: {finding}" for item in first.reviews if item["void"] is None for finding in item["findings"]
    ]
    before = state["synthesis"]["sentences"]
    written = modelled_synthesis.revise(
        basis(request, state), before, findings, asker, support_verifier()
    )
    return {"abstract": written.abstract, "synthesis": written.synthesis}


def _draft(request: Request, state: Mapping[str, Any]) -> tribunal.Draft:
    return tribunal.Draft(
        question=request.question,
        **{name: state[name] for name in tribunal.Draft.__dataclass_fields__ if name != "question"},
    )


def _verified(state: Mapping[str, Any]) -> int:
    return count(state["claims"], bar=bar_of(state, "executed")).verified
