"""The stages of a run in their order: each a function of the request, of what came before, and of the tools it has.

Where a model takes part and gives nothing usable, the stage's offline method steps in and the label of what it made
says why. A stage never fails because of a text that it read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from generator.kernel import planted, retrieval, reviewing, semantic_index
from generator.kernel.claims import extract_claims
from generator.kernel.drafting import SERVICES, basis, same_verifier, support_verifier, synthesised
from generator.kernel.labels import all_fallen_back
from generator.kernel.ledger import StageLedger
from generator.kernel.modelled import queries as modelled_queries
from generator.kernel.modelled import synthesis as modelled_synthesis
from generator.kernel.modelled.claims import select_claims
from generator.kernel.models.errors import ModelError
from generator.kernel.queries import make_queries
from generator.kernel.reading.read import read_sources
from generator.kernel.request import Request
from generator.kernel.retrieval import Fusion, Retrieved, retrieve
from generator.kernel.sources.merging import merge
from generator.kernel.sources.papers import Paper, all_dois, bare_doi
from generator.kernel.sources.sample import ORIGIN, load_sample_corpus
from generator.kernel.sources.search import Failure, Ranking, search_all
from generator.kernel.text import sentences
from generator.kernel.tools import Tools
from generator.kernel.verification import methods
from generator.kernel.verification.several import verify_claims
from generator.kernel.verification.verdict import Passage, Verifier
from generator.manifest import cards
from generator.manifest.canonical import sha256_text
from generator.manifest.claims import bar_of, count, passed
from generator.manifest.gate import decide, holding_reasons, holds, verdict
from generator.manifest.problems import UsageError
from generator.manifest.semantic.claims import Judge, Judgement

State = dict[str, Any]

# as the contract has it; the first three in characters
LONGEST_ID, LONGEST_TITLE, LONGEST_TEXT, MOST_SET_ASIDE = 200, 1000, 20_000, 500


@dataclass(frozen=True)
class Stage:
    """``make`` gives what the stage adds to the state, ``told`` says in one line what came out."""

    name: str
    make: Callable[[Request, State, Tools, StageLedger], State]
    told: Callable[[State], str]


def _queries(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    if tools.asker is None:
        return {"queries": make_queries(request.question)}
    try:
        return {"queries": modelled_queries.make_queries(request.question, tools.asker(ledger))}
    except ModelError as error:
        return {"queries": all_fallen_back(make_queries(request.question), error.reason)}


def _retrieval(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    if not request.live:
        found = retrieve(request.question, state["queries"], load_sample_corpus(), request.retrieval)
        return _retrieved(found, {})
    names = ", ".join(SERVICES[name] for name in request.sources)
    tools.tell(f"searching {names}: {len(state['queries'])} queries each; services may ask to wait")
    rankings, failures = search_all(tools.sources, state["queries"], request.retrieval.per_query, ledger)
    for ranking in rankings:
        for reason in ranking.left_out:
            tools.tell(f"{SERVICES[ranking.source]}, {ranking.query_id}: left out {reason}")
    if not rankings:
        reasons = "; ".join(dict.fromkeys(f"{item.source}: {item.reason}" for item in failures))
        raise UsageError(f"no source answered ({reasons}); the same call goes on with --resume")
    merged = merge(rankings, k=request.retrieval.rrf_k)
    fusion = Fusion(merged.fused, merged.found_by)
    found = retrieve(request.question, state["queries"], merged.papers, request.retrieval, fusion)
    also = {paper: merged.also[index] for index, paper in enumerate(merged.papers)}
    searches = [_search(item, tools.today()) for item in _in_order(rankings, failures, request.sources)]
    return {**_retrieved(found, also), "searches": searches}


def _in_order(
    rankings: Sequence[Ranking], failures: Sequence[Failure], sources: Sequence[str]
) -> list[Ranking | Failure]:
    outcomes: list[Ranking | Failure] = [*rankings, *failures]
    return sorted(outcomes, key=lambda item: (int(item.query_id[1:]), sources.index(item.source)))


def _search(outcome: Ranking | Failure, day: str) -> dict[str, Any]:
    """One row of ``retrieval.searches``."""
    found = outcome if isinstance(outcome, Ranking) else None
    return {
        "source": outcome.source,
        "query_id": outcome.query_id,
        "retrieved_on": day,
        "returned": len(found.papers) if found else 0,
        "total": found.total if found else None,
        "sha256": found.sha256 if found else None,
        "failure": outcome.reason if isinstance(outcome, Failure) else None,
    }


def _retrieved(found: Retrieved, also: Mapping[Paper, Sequence[str]]) -> State:
    return {
        "found": found.found,
        "excluded": [_fitted(item) for item in found.excluded],
        "sources": [_source(rank, hit, also.get(hit.paper)) for rank, hit in enumerate(found.hits, start=1)],
    }


def _fitted(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "paper_id": _identifier(item["paper_id"]), "title": item["title"][:LONGEST_TITLE]}


def _identifier(paper_id: str) -> str:
    """The paper's id, or its hash where it is longer than the contract holds, as a DOI may be."""
    return paper_id if len(paper_id) <= LONGEST_ID else f"sha256:{sha256_text(paper_id)}"


def _day(moment: str | None) -> str | None:
    """The day of a time that a service gave, in a year that the contract knows."""
    return moment[:10] if moment and re.match("[12][0-9]{3}-[0-9]{2}-[0-9]{2}", moment) else None


def _source(rank: int, hit: retrieval.Hit, also: Sequence[str] | None) -> dict[str, Any]:
    """A source of the run record; what a service sent is cut to what the contract holds."""
    paper: Paper = hit.paper
    abstract = _whole(paper.abstract)
    return {
        "id": f"S{rank}",
        "paper_id": _identifier(paper.id),
        "version": paper.version,
        "url": paper.url,
        "title": paper.title[:LONGEST_TITLE],
        "authors": [name[:LONGEST_TITLE] for name in paper.authors[:5000]],
        "published": _day(paper.published),
        "doi": _first_doi(paper.doi),
        "origin": paper.origin,
        "invented": paper.origin == ORIGIN,
        "status": "withdrawn" if paper.withdrawn else "active",
        **({"also": list(also)} if also is not None else {}),
        "rank": rank,
        "relevance": hit.relevance,
        "queries": list(hit.queries),
        "text": {"section": "abstract", "content": abstract, "sha256": sha256_text(abstract)},
    }


def _whole(text: str) -> str:
    """The text, or as many of its whole sentences as the contract holds."""
    if len(text) <= LONGEST_TEXT:
        return text
    ends = [end for _, end in sentences(text[:LONGEST_TEXT])]
    return text[: ends[-1]] if ends else text[:LONGEST_TEXT]


def _first_doi(text: str | None) -> str | None:
    """The first DOI of a field that may name several."""
    return next((doi for doi in map(bare_doi, all_dois(text or "")) if doi), None)


def _reading(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    if not request.full_text or tools.read is None:
        return {}
    sources, notes = read_sources(request.question, state["sources"], tools.read, ledger, tools.tell)
    return {"sources": sources, "unread": notes}


def _claims(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    """Claims from sentences that do not address a reader; what does is named in its source and never becomes one."""
    sources = [_with_set_aside(source) for source in state["sources"]]
    if tools.asker is None:
        return {"sources": sources, "claims": extract_claims(request.question, sources, request.claims)}
    try:
        chosen = select_claims(request.question, sources, request.claims, tools.asker(ledger))
        if not chosen.claims:
            picked = "no sentence that the model picked is a finding on the question"
            raise ModelError(picked if chosen.refused else "the model picked no sentence of any paper")
    except ModelError as error:
        claims = extract_claims(request.question, sources, request.claims)
        return {"sources": sources, "claims": all_fallen_back(claims, error.reason), "unchosen": error.reason}
    return {"sources": sources, "claims": chosen.claims}


def _with_set_aside(source: dict[str, Any]) -> dict[str, Any]:
    """The source with its sentences that address their reader, those that hold a run first where there are too many.

    Questions are not among them: no model is shown one and none is a finding, but papers ask them in good faith.
    """
    holding = holding_reasons()
    found = [
        {"start": item.start, "end": item.end, "reason": item.reason}
        for item in planted.set_aside([source])
        if item.reason != planted.QUESTION
    ]
    if not found:
        return source
    kept = sorted(found, key=lambda item: (item["reason"] not in holding, item["start"]))[:MOST_SET_ASIDE]
    return {**source, "text": {**source["text"], "set_aside": sorted(kept, key=lambda item: item["start"])}}


def _verification(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    """Every claim against every source; the rules say which verifier it was, and whether its verdicts may count."""
    verifier = methods.verifier(request.verifier)
    return {
        "claims": verify_claims(state["claims"], state["sources"], verifier),
        "rules": cards.rules_for(verifier.method, verifier.version),
    }


def _synthesis(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    made = synthesised(request, state["claims"], state)
    if tools.asker is None:
        return made
    try:
        written = modelled_synthesis.write(basis(request, {**state, **made}), tools.asker(ledger), support_verifier())
    except ModelError as error:
        return synthesised(request, state["claims"], state, unwritten=error.reason)
    return {**made, "abstract": written.abstract, "synthesis": written.synthesis}


def _index(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    """Vectors of sources and claims, and what earlier records hold near them."""
    embedder = tools.embedder(ledger) if tools.embedder else None
    index = semantic_index.build_index(state["sources"], state["claims"], embedder)
    if tools.related is None:
        return {"index": index}
    judge = _judge(same_verifier(request, state))
    return {"index": index, "related": tools.related(request.question, state["claims"], state["sources"], judge)}


def _judge(verifier: Verifier) -> Judge:
    """(label, confidence, first reason) of a claim given another record's claim."""

    def judged(claim: str, other: str) -> Judgement:
        found = verifier.verify(claim, Passage((other,)))
        return found.label, found.confidence, found.reasons[0] if found.reasons else ""

    return judged


def _tribunal(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    asker = tools.asker(ledger) if tools.asker else None
    return reviewing.reviewed(request, state, asker)


def _policy(request: Request, state: State, tools: Tools, ledger: StageLedger) -> State:
    verified = count(state["claims"], bar=bar_of(state, "executed")).verified
    decided = verdict(state["score"], verified, last_round=True)
    tribunal = {
        "kind": state["review_kind"],
        "paired_check": state.get("paired_check"),
        "produced_by": state["review_label"],
    }
    return {
        "verdict": decided,
        "policy": decide(decided, holds({"tribunal": tribunal, "sources": state["sources"]})),
    }


def _told_claims(state: State) -> str:
    papers = {claim["grounding"]["source_id"] for claim in state["claims"]}
    return f"{len(state['claims'])} claims from {len(papers)} papers{_told_fallback(state['claims'])}"


def _told_fallback(items: Sequence[Mapping[str, Any]]) -> str:
    reasons = dict.fromkeys(item["produced_by"]["fallback_reason"] for item in items)
    reasons.pop(None, None)
    return f" (by rule: {'; '.join(reasons)})" if reasons else ""


def _told_retrieval(state: State) -> str:
    failed = sum(bool(item["failure"]) for item in state.get("searches", ()))
    told = f"{state['found']} papers found, {len(state['sources'])} used, {len(state['excluded'])} set aside"
    return f"{told}; {failed} of {len(state['searches'])} searches failed" if failed else told


def _told_reading(state: State) -> str:
    read = sum(bool(source.get("full_text")) for source in state["sources"])
    asked = any("full_text" in source for source in state["sources"])
    return f"full text of {read} of {len(state['sources'])} papers" if asked else "not asked for: abstracts only"


def _told_verdicts(state: State) -> str:
    verifier = state["rules"]["verifier"]
    word = "verified" if verifier["meets_bar"] else "echoed in source, none verified"
    share = f"{passed(state['claims'])} of {len(state['claims'])}"
    return f"{verifier['method']} {verifier['version']}: {share} {word}"


def _told_synthesis(state: State) -> str:
    told = f"{len(state['themes'])} themes, {len(state['disagreements'])} conflicts"
    return told + _told_fallback([state["abstract"]])


def _told_index(state: State) -> str:
    index = state["index"]
    by = f" of {index['dimensions']} numbers by {index.get('model') or index['method']}"
    reason = f" (by rule: {index['fallback_reason']})" if index.get("fallback_reason") else ""
    return f"{len(index['items'])} vectors{by}{reason}"


def _told_policy(state: State) -> str:
    held = state["verdict"] == "APPROVE" and state["policy"]["rule"] == "*"
    why = f": {state['policy']['basis']}" if held else ""
    return f"{state['verdict']}, {state['policy']['outcome']}{why}"


STAGES: tuple[Stage, ...] = (
    Stage("queries", _queries, lambda state: f"{len(state['queries'])} queries{_told_fallback(state['queries'])}"),
    Stage("retrieval", _retrieval, _told_retrieval),
    Stage("reading", _reading, _told_reading),
    Stage("claims", _claims, _told_claims),
    Stage("verification", _verification, _told_verdicts),
    Stage("synthesis", _synthesis, _told_synthesis),
    Stage("tribunal", _tribunal, reviewing.told),
    Stage("index", _index, _told_index),
    Stage("policy", _policy, _told_policy),
)
