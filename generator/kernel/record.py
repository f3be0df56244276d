"""The ``synthesis-run-v1`` record of a finished run, and how it tells in words what was done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator import __version__
from generator.kernel import retrieval, semantic_index
from generator.kernel.drafting import SERVICES
from generator.kernel.labels import extractive, shortened
from generator.kernel.request import KERNEL, Request
from generator.kernel.sources.sample import corpus_sha256, load_sample_corpus
from generator.kernel.verification.tfidf import METHOD as TFIDF
from generator.kernel.verification.tfidf import parameters
from generator.manifest.contracts import envelope, table

State = Mapping[str, Any]
LONGEST_TEXT, LONGEST_REASON = 4000, 200  # characters; the first is the contract's


def record(request: Request, state: State, costs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The run record; ``costs`` has one row for each stage."""
    rounds = state["rounds"]
    corpus = {"name": "sample-corpus", "invented": True, "sha256": corpus_sha256()}
    searches = {"searches": state["searches"]} if state.get("searches") is not None else {}
    optional = {name: state[name] for name in ("agreements", "unanswered", "synthesis", "related") if name in state}
    return {
        **envelope("synthesis-run"),
        "origin": {
            "mode": "executed",
            "kernel": {"name": KERNEL, "version": __version__},
            "dated": request.started_at[:10],
            "started_at": request.started_at,
            "seed": request.seed,
            "corpus": None if request.live else corpus,
            "draft": None,
        },
        "title": {
            "text": request.question,
            "truncated_at_source": False,
            "produced_by": extractive("question-as-title-v1"),
        },
        "question": {"text": request.question, "language": None},
        "introduction": {
            "text": f"This run asks: {request.question} It put {_number(len(state['queries']))} queries to "
            f"{_where(request)} and worked on what they found.",
            "truncated_at_source": False,
            "produced_by": extractive("introduction-template-v1"),
        },
        "abstract": state["abstract"],
        "queries": state["queries"],
        "query_count": len(state["queries"]),
        "retrieval": {
            "method": retrieval.FUSED if request.live else retrieval.METHOD,
            "papers_retrieved": state["found"],
            "papers_used": len(state["sources"]),
            "excluded": state["excluded"],
            **searches,
            "produced_by": retrieval.produced_by(request.retrieval, live=request.live),
        },
        "sources": state["sources"],
        "claims": state["claims"],
        "themes": state["themes"],
        "disagreements": state["disagreements"],
        **optional,
        "semantic_index": semantic_index.describe_index(state["index"]),
        "tribunal": {
            "version": table("synthesis-run", "x-tribunal")["version"],
            "kind": state["review_kind"],
            "rounds": rounds,
            "score": state["score"],
            "verdict": state["verdict"],
            "revision_round": max(item["round"] for item in rounds if item["consensus"] is not None),
            **({"paired_check": state["paired_check"]} if "paired_check" in state else {}),
            "produced_by": state["review_label"],
        },
        "policy": state["policy"],
        "rules": state["rules"],
        "uncertainties": state["uncertainties"],
        "costs": {"stages": list(costs)},
        "methodology": methodology(request, state),
    }


def methodology(request: Request, state: State) -> str:
    """What was done, in words, stage by stage; where a model took part, which one, and where it could not."""
    told = " ".join(
        part
        for part in (
            _searching(request, state),
            "Withdrawn papers, older versions and near-copies were set aside.",
            _reading(request, state),
            _claiming(state),
            _verification_told(state["rules"]["verifier"]),
            _writing(state),
            _reviewing(state),
        )
        if part
    )
    return told[:LONGEST_TEXT]


def _where(request: Request) -> str:
    if not request.live:
        return "the bundled sample corpus of invented papers"
    names = [SERVICES[name] for name in request.sources]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _searching(request: Request, state: State) -> str:
    label = state["queries"][0]["produced_by"]
    by = f"by the model {label['model']}" if label["mode"] == "model" else f"by rule{_instead(label)}"
    made = f"{_number(len(state['queries'])).capitalize()} queries were made from the question {by}"
    if not request.live:
        return (
            f"{made} and ranked the {len(load_sample_corpus())} entries of {_where(request)} by TF-IDF cosine; the "
            f"rankings were fused."
        )
    return f"{made} and put to {_where(request)}; the rankings were fused, and papers found twice were merged."


def _reading(request: Request, state: State) -> str:
    if not request.full_text:
        return ""
    read = sum(bool(source.get("full_text")) for source in state["sources"])
    return (
        f"Of {read} of the {len(state['sources'])} papers the full text was read, and the passages nearest to the "
        f"question were kept; of the others only the abstract."
    )


def _claiming(state: State) -> str:
    by_model = [claim["produced_by"] for claim in state["claims"] if claim["produced_by"]["mode"] == "model"]
    where = "of abstracts and full texts" if any(map(_sections, state["sources"])) else "of abstracts"
    if not by_model:
        reason = _instead(state["claims"][0]["produced_by"]) if state["claims"] else ""
        return f"Claims are whole sentences {where} that share terms with the question{reason}."
    rest = len(state["claims"]) - len(by_model)
    others = f" {rest} were chosen by rule." if rest else ""
    return (
        f"Claims are whole sentences {where}; the model {by_model[0]['model']} chose {len(by_model)} of them by their "
        f"numbers, and their words are the source's.{others}"
    )


def _sections(source: Mapping[str, Any]) -> bool:
    return bool(source["text"] and source["text"].get("sections"))


def _writing(state: State) -> str:
    label = state["abstract"]["produced_by"]
    if label["mode"] != "model":
        return f"No model wrote any text of it{_instead(label)}."
    return (
        f"The model {label['model']} wrote the abstract from the claims; sentences that no cited claim supports were "
        f"taken out."
    )


def _reviewing(state: State) -> str:
    label = state["review_label"]
    if state["review_kind"] == "model":
        void = sum(item["void"] is not None for item in state["reviews"])
        counts = f"; {_number(3 - void)} of the three reviews count" if void else ""
        return f"Three roles of the model {label['model']} reviewed it blind and in parallel{counts}."
    return f"Three rubric checks scored the synthesis blind and in parallel{_instead(label)}."


def _instead(label: Mapping[str, Any]) -> str:
    """Where a rule stepped in for a model; a long reason stands whole in the label itself."""
    reason = (label["fallback_reason"] or "").rstrip(".")
    return f" (in place of a model: {shortened(reason, LONGEST_REASON)})" if reason else ""


def _verification_told(verifier: Mapping[str, Any]) -> str:
    """What was done to verify the claims, and how far its verdicts go."""
    name = f"{verifier['method']} {verifier['version']}"
    done = f"Each was held against every source by {name}, which says of each whether it supports or refutes the claim."
    if verifier["method"] == TFIDF:
        done = (
            f"Each was compared with every source by TF-IDF cosine over words and word pairs ({name}, threshold "
            f"{parameters()['threshold']:g}), which cannot tell support from contradiction."
        )
    if verifier["meets_bar"]:
        return f"{done} The measured figures of this version meet the bar, so that its verdicts count as verified."
    why = "has no measured figures" if verifier["card"] is None else "does not meet the bar"
    return f"{done} This version {why}, so a claim that passed is called echoed in source, not verified."


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
    return words[count] if count < len(words) else str(count)
