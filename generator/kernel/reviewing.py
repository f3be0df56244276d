"""The review of a draft: rubric checks by rule always, reviewers with a model where one takes part.

A model's review counts only if it stays where it is when an instruction is planted in what it reads (see
``modelled.paired``); else the rubric checks decide, on a text by rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from generator.kernel import tribunal
from generator.kernel.claims import extract_claims
from generator.kernel.drafting import basis, same_verifier, support_verifier, synthesised
from generator.kernel.labels import fallen_back, modelled
from generator.kernel.modelled import synthesis as modelled_synthesis
from generator.kernel.modelled.paired import paired_check
from generator.kernel.modelled.reviewers import METHOD, Reviewed, exposed, review
from generator.kernel.models.asking import Asker
from generator.kernel.models.errors import ModelError
from generator.kernel.request import Request
from generator.kernel.verification.several import verify_claims
from generator.manifest.canonical import digest
from generator.manifest.claims import bar_of, count
from generator.manifest.contracts import table
from generator.manifest.gate import verdict

State = dict[str, Any]
RUBRIC_ONLY = "The review consists of rubric checks by rule; nobody judged the content."
BY_MODEL = "The review was made by a language model in three roles; no person judged the content."


def reviewed(request: Request, state: Mapping[str, Any], asker: Asker | None) -> State:
    """Rounds, score and how the review was made; with what a revision changed, where one was kept. Without a claim there
    is nothing that a model could review."""
    if asker is None or not state["claims"]:
        made = _by_rubric(request, state)
        return {**made, "uncertainties": _uncertain({**state, **made}, RUBRIC_ONLY)}
    try:
        made = _by_model(request, state, asker)
    except ModelError as error:
        made = _by_rubric(request, state)
        made["review_label"] = fallen_back(made["review_label"], error.reason)
    words = BY_MODEL
    if made["review_kind"] == "rubric":
        reason = made["review_label"]["fallback_reason"].rstrip(".")
        words = f"{RUBRIC_ONLY} A model's review was not used: {reason}."
    return {**made, "uncertainties": _uncertain({**state, **made}, words)}


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


def _by_rubric(request: Request, state: Mapping[str, Any]) -> State:
    """One round of rubric checks, and a second one when the first falls short: it admits weaker ties to the question
    and more claims of each paper, and is kept only if it scores higher."""
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
        claims = verify_claims(extracted, state["sources"], same_verifier(request, state))
        revised = synthesised(request, claims, state)
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
    first, view, made = _round(request, state, asker, 0)
    check = paired_check(view, first, asker, round_number=0, seed=request.seed)
    if check["moved"]:
        return _not_used(request, state, first, check)
    rounds, kept, last, score = [made], {}, first, made["consensus"]
    if rules["max_revision_rounds"] and verdict(score, _verified(state), last_round=False) == "REVISE":
        try:
            revised = _revised(request, state, first, asker)
            second, view, made = _round(request, {**state, **revised}, asker, 1)
        except ModelError as error:
            rounds.append(
                {"round": 1, "checks": [], "consensus": None, "changes": [f"Not revised: {error.reason}"[:4000]]}
            )
        else:
            better = modelled_synthesis.is_better(
                state["abstract"]["text"], revised["abstract"]["text"], score, made["consensus"]
            )
            outcome = "Kept: it scores higher." if better else "Not kept: it scores no higher, or is shorter."
            rounds.append({**made, "changes": [f"The synthesis was written again after the findings. {outcome}"]})
            if better:
                check = paired_check(view, second, asker, round_number=1, seed=request.seed)
                if check["moved"]:
                    return _not_used(request, state, first, check)
                kept, last, score = revised, second, made["consensus"]
    prompts = digest(sorted({item["produced_by"]["prompt_sha256"] for item in last.reviews}))
    return {
        **kept,
        "rounds": rounds,
        "score": score,
        "review_kind": "model",
        "review_label": modelled(METHOD, model=asker.model, prompt_sha256=prompts),
        "paired_check": check,
    }


def _not_used(request: Request, state: Mapping[str, Any], first: Reviewed, check: dict[str, Any]) -> State:
    """What rules make of the claims, where the model was seen to obey what it reads: it has written and reviewed
    nothing that counts. Its reviews stay on record."""
    reason = str(check["finding"])
    # what was written by rule before the review has its own reason
    unwritten = state["abstract"]["produced_by"]["fallback_reason"] or reason
    written = synthesised(request, state["claims"], state, unwritten=unwritten)
    by_rule = {
        name: {**written[name], "produced_by": fallen_back(written[name]["produced_by"], unwritten)}
        for name in ("abstract", "synthesis")
    }
    made = _by_rubric(request, {**state, **written, **by_rule})
    start, *rest = made["rounds"]
    return {
        **written,
        **by_rule,
        **made,
        "rounds": [{**start, "reviews": first.reviews}, *rest],
        "review_label": fallen_back(made["review_label"], reason),
        "paired_check": check,
    }


def _round(
    request: Request, state: Mapping[str, Any], asker: Asker, number: int
) -> tuple[Reviewed, dict[str, Any], dict[str, Any]]:
    """(reviews, what the reviewers saw, the round of the run record)."""
    draft = _draft(request, state)
    checks, _ = tribunal.review(draft)
    view = exposed(request.question, state["claims"], state["sources"], state["synthesis"]["sentences"])
    found = review(view, asker)
    made = {
        "round": number,
        "checks": checks,
        "consensus": tribunal.capped(draft, found.consensus),
        "changes": [],
        "reviews": found.reviews,
    }
    return found, view, made


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
