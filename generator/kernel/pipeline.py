"""From a question to a run: stages in a row, each leaving a file, any of which a killed run goes on from.

A stage is a pure function of the request and of what came before it. Its file holds the hashes of that input and of its
output, so a file that was damaged, or belongs to another question, corpus or version of the kernel, is made again.
Clock and seed are part of the request and are kept in its file: a resumed run has the times of the one that was killed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from generator import __version__
from generator.kernel import retrieval, semantic_index, synthesis, tribunal
from generator.kernel.claims import ClaimSettings, extract_claims
from generator.kernel.disagreements import find_disagreements
from generator.kernel.labels import extractive
from generator.kernel.queries import make_queries
from generator.kernel.report import render_html, render_pdf
from generator.kernel.retrieval import RetrievalSettings, retrieve
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.sample import ORIGIN, corpus_sha256, load_sample_corpus
from generator.kernel.verification import methods
from generator.kernel.verification.several import verify_claims
from generator.kernel.verification.tfidf import METHOD as TFIDF
from generator.kernel.verification.tfidf import parameters
from generator.kernel.verification.verdict import Verifier
from generator.manifest import cards, runs
from generator.manifest.atomic import clear_os_errors, locked, remove_leftovers, write_file
from generator.manifest.canonical import digest, sha256_text, stored_bytes
from generator.manifest.claims import bar_of, count, passed
from generator.manifest.contracts import envelope, table
from generator.manifest.gate import policy_basis, policy_outcome, verdict
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import load_json

KERNEL = "srch-kernel"
LONGEST_QUESTION = 500
_JOINERS = "\u200c\u200d"

State = dict[str, Any]
Progress = Callable[[int, int, str, str], None]
"""``(stage number from 1, number of stages, stage name, what came out)``."""


@dataclass(frozen=True)
class Request:
    """What a run is asked to do. ``started_at`` is an RFC 3339 UTC time to the second, ``seed`` is recorded for stages
    that draw at random; no offline stage does. ``verifier`` names a method (see ``verification.methods``)."""

    question: str
    started_at: str
    seed: int = 0
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    claims: ClaimSettings = field(default_factory=ClaimSettings)
    verifier: str = methods.DEFAULT

    def key(self) -> str:
        """Hash of everything but the clock: the same question asked again finds its own folder."""
        return digest({name: value for name, value in self.to_json().items() if name != "started_at"})

    def to_json(self) -> dict[str, Any]:
        """The request as its file and the stage hashes hold it."""
        return {
            "question": self.question,
            "started_at": self.started_at,
            "seed": self.seed,
            "corpus_sha256": corpus_sha256(),
            "kernel": {"name": KERNEL, "version": __version__},
            "retrieval": dict(vars(self.retrieval)),
            "claims": dict(vars(self.claims)),
            "verifier": self.verifier,
        }


def checked_question(text: str) -> str:
    """The question on one line; raises ``UsageError`` when it is empty, too long or holds no word."""
    # Persian, Hindi and others write words with joiners; nothing else that cannot be seen belongs in a question
    question = " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())
    if not question:
        raise UsageError("the question is empty")
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(question)} characters; at most {LONGEST_QUESTION} are taken")
    if not re.search(r"\w", question):
        raise UsageError("the question holds no word")
    return question


def folder_name(request: Request) -> str:
    """A readable, unique folder name for a request, e.g. ``do-street-trees-cool-1a2b3c4d``."""
    slug = "-".join(re.findall(r"[a-z0-9]+", request.question.lower()))[:40].strip("-")
    return f"{slug or 'question'}-{request.key()[:8]}"


def unfinished(parent: Path) -> list[Path]:
    """Run folders below ``parent`` that were begun and not finished, by name."""
    if not parent.is_dir():
        return []
    return sorted(
        path
        for path in parent.iterdir()
        if (path / runs.REQUEST_FILE).is_file() and not (path / runs.RUN_FILE).is_file()
    )


def load_request(folder: Path) -> Request:
    """The request of a begun run; ``UsageError`` when it is not one of this kernel and corpus."""
    file = folder / runs.REQUEST_FILE
    foreign = f"{file}: not a run request; remove the folder and run the question again"
    try:
        stored = load_json(file)
    except Problems:
        raise UsageError(foreign) from None
    try:
        request = Request(
            question=checked_question(stored["question"]),
            started_at=str(stored["started_at"]),
            seed=int(stored["seed"]),
            verifier=str(stored.get("verifier")),
            retrieval=RetrievalSettings(**stored["retrieval"]),
            claims=ClaimSettings(**stored["claims"]),
        )
    except (UsageError, KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(foreign) from None
    if request.to_json() != stored:
        raise UsageError(f"{file}: begun with another version of kernel or corpus; remove the folder and run it again")
    return request


def execute(request: Request, folder: Path, *, resume: bool, progress: Progress | None = None) -> runs.RunFolder:
    """Run all stages in ``folder`` and return the finished run; a finished folder is returned as it is.

    Raises ``UsageError`` when the folder holds an unfinished run and ``resume`` is false, or cannot be written. Safe
    to kill at any moment and to start twice: the folder is locked, each file is whole or absent, ``run.json`` and the
    report come last.
    """
    with locked(folder, busy="is being written by another run"):
        remove_leftovers(folder)
        remove_leftovers(folder / "stages")
        begun = folder / runs.REQUEST_FILE
        if (folder / runs.RUN_FILE).is_file():
            finished = runs.load(folder)
            _write_reports(folder, finished.run)
            return finished
        if begun.is_file():
            if not resume:
                raise UsageError(f"{folder}: an unfinished run of this question; add --resume to go on with it")
            request = load_request(folder)
        else:
            methods.checked(request.verifier)
            write_file(begun, stored_bytes(request.to_json()))
        state: State = {}
        chain = digest(request.to_json())
        for number, (name, stage, told) in enumerate(STAGES, start=1):
            file = folder / "stages" / f"{number:02d}-{name}.json"
            output = _stored_output(file, chain)
            if output is None:
                output = stage(request, state)
                hashes = {"input_sha256": chain, "output_sha256": digest(output)}
                write_file(file, stored_bytes({"stage": name, **hashes, "output": output}))
                # read back, so that a fresh and a resumed run go on from the same value, number for number
                output = load_json(file)["output"]
            state.update(output)
            chain = digest({"input": chain, "output": output})
            if progress:
                progress(number, len(STAGES) + 1, name, told(state))
        run = _record(request, state)
        problems = runs.check_run(run, file=str(folder / runs.RUN_FILE))
        if problems:
            raise Problems(problems)
        # the run record is the mark of a finished run, so everything that is made from it is written first
        _write_reports(folder, run)
        write_file(folder / runs.RUN_FILE, stored_bytes(run))
        if progress:
            progress(len(STAGES) + 1, len(STAGES) + 1, "report", f"{runs.RUN_FILE}, {', '.join(runs.REPORT_FILES)}")
    return runs.load(folder)


def _stored_output(file: Path, chain: str) -> State | None:
    """What a stage left, if it is whole and was made from this very input."""
    if not file.is_file():
        return None
    try:
        stored = load_json(file)
        sound = stored["input_sha256"] == chain and stored["output_sha256"] == digest(stored["output"])
        return stored["output"] if sound else None
    except (Problems, KeyError, TypeError):
        return None


def _write_reports(folder: Path, run: dict[str, Any]) -> None:
    makers: dict[str, Callable[[dict[str, Any]], bytes]] = {
        "report.html": lambda record: render_html(record).encode("utf-8"),
        "report.pdf": render_pdf,
    }
    for name, make in makers.items():
        if not (folder / name).is_file():
            with clear_os_errors(folder / name, "cannot write"):
                write_file(folder / name, make(run))


def _queries(request: Request, state: State) -> State:
    return {"queries": make_queries(request.question)}


def _retrieval(request: Request, state: State) -> State:
    found = retrieve(request.question, state["queries"], load_sample_corpus(), request.retrieval)
    return {
        "found": found.found,
        "excluded": list(found.excluded),
        "sources": [_source(rank, hit) for rank, hit in enumerate(found.hits, start=1)],
    }


def _source(rank: int, hit: retrieval.Hit) -> dict[str, Any]:
    paper: Paper = hit.paper
    return {
        "id": f"S{rank}",
        "paper_id": paper.id,
        "version": paper.version,
        "url": paper.url,
        "title": paper.title,
        "authors": list(paper.authors),
        "published": paper.published[:10] if paper.published else None,
        "doi": paper.doi,
        "origin": paper.origin,
        "invented": paper.origin == ORIGIN,
        "status": "withdrawn" if paper.withdrawn else "active",
        "rank": rank,
        "relevance": hit.relevance,
        "queries": list(hit.queries),
        "text": {"section": "abstract", "content": paper.abstract, "sha256": sha256_text(paper.abstract)},
    }


def _claims(request: Request, state: State) -> State:
    return {"claims": extract_claims(request.question, state["sources"], request.claims)}


def _verification(request: Request, state: State) -> State:
    """Every claim against every source; the rules say which verifier it was, and whether its verdicts may count."""
    verifier = methods.verifier(request.verifier)
    return {
        "claims": verify_claims(state["claims"], state["sources"], verifier),
        "rules": cards.rules_for(verifier.method, verifier.version),
    }


def _same_verifier(request: Request, state: State) -> Verifier:
    """The verifier of the run; a run that was begun with another version of it cannot go on."""
    verifier = methods.verifier(request.verifier)
    stated = state["rules"]["verifier"]
    if (verifier.method, verifier.version) != (stated["method"], stated["version"]):
        raise UsageError(
            f"the run was begun with {stated['method']} {stated['version']}, and here is {verifier.method} "
            f"{verifier.version}; remove its folder and run it again"
        )
    return verifier


def _synthesis(request: Request, state: State) -> State:
    return _synthesised(request, state["claims"], state)


def _synthesised(request: Request, claims: list[dict[str, Any]], state: State) -> State:
    themes, themed = synthesis.group_themes(claims, request.question, state["sources"])
    rules = state["rules"]
    disagreements = find_disagreements(themed, refutations=bool(rules["verifier"]["meets_bar"]))
    invented = all(source["invented"] for source in state["sources"])
    return {
        "claims": themed,
        "themes": themes,
        "disagreements": disagreements,
        "abstract": synthesis.write_abstract(
            request.question, themed, themes, disagreements, rules["verifier"], invented=invented
        ),
        "uncertainties": synthesis.list_uncertainties(
            request.question, themed, disagreements, state["excluded"], rules["verifier"], invented=invented
        ),
    }


def _index(request: Request, state: State) -> State:
    return {"index": semantic_index.build_index(state["sources"], state["claims"])}


def _tribunal(request: Request, state: State) -> State:
    """One round, and a second one when the first falls short: it admits weaker ties to the question and more claims
    of each paper, and is kept only if it scores higher."""
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
        claims = verify_claims(extracted, state["sources"], _same_verifier(request, state))
        revised = _synthesised(request, claims, state)
        again, score = tribunal.review(_draft(request, {**state, **revised}))
        better = score > consensus
        change = (
            f"Sentences with weaker ties to the question were admitted: {len(claims)} claims instead of "
            f"{len(state['claims'])}. {'Kept: it scores higher.' if better else 'Not kept: it scores no higher.'}"
        )
        rounds.append({"round": 1, "checks": again, "consensus": score, "changes": [change]})
        if better:
            kept = {**revised, "index": semantic_index.build_index(state["sources"], revised["claims"])}
            consensus = score
    return {**kept, "rounds": rounds, "score": consensus}


def _draft(request: Request, state: State) -> tribunal.Draft:
    return tribunal.Draft(
        question=request.question,
        **{name: state[name] for name in tribunal.Draft.__dataclass_fields__ if name != "question"},
    )


def _policy(request: Request, state: State) -> State:
    decided = verdict(state["score"], _verified(state), last_round=True)
    outcome = policy_outcome(decided)
    return {"verdict": decided, "outcome": outcome}


def _verified(state: State) -> int:
    return count(state["claims"], bar=bar_of(state, "executed")).verified


def _told_verdicts(state: State) -> str:
    verifier = state["rules"]["verifier"]
    word = "verified" if verifier["meets_bar"] else "echoed in source, none verified"
    share = f"{passed(state['claims'])} of {len(state['claims'])}"
    return f"{verifier['method']} {verifier['version']}: {share} {word}"


def _record(request: Request, state: State) -> dict[str, Any]:
    """The ``synthesis-run-v1`` record of a finished run."""
    invented = all(source["invented"] for source in state["sources"])
    rounds = state["rounds"]
    corpus = load_sample_corpus()
    return {
        **envelope("synthesis-run"),
        "origin": {
            "mode": "executed",
            "kernel": {"name": KERNEL, "version": __version__},
            "dated": request.started_at[:10],
            "started_at": request.started_at,
            "seed": request.seed,
            "corpus": {"name": "sample-corpus", "invented": True, "sha256": corpus_sha256()},
            "draft": None,
        },
        "title": {
            "text": request.question,
            "truncated_at_source": False,
            "produced_by": extractive("question-as-title-v1"),
        },
        "question": {"text": request.question, "language": None},
        "introduction": {
            "text": f"This run asks: {request.question} It put four queries to the "
            f"{'bundled sample corpus of invented papers' if invented else 'literature'} "
            f"and worked on what they found.",
            "truncated_at_source": False,
            "produced_by": extractive("introduction-template-v1"),
        },
        "abstract": state["abstract"],
        "queries": state["queries"],
        "query_count": len(state["queries"]),
        "retrieval": {
            "method": retrieval.METHOD,
            "papers_retrieved": state["found"],
            "papers_used": len(state["sources"]),
            "excluded": state["excluded"],
            "produced_by": retrieval.produced_by(request.retrieval),
        },
        "sources": state["sources"],
        "claims": state["claims"],
        "themes": state["themes"],
        "disagreements": state["disagreements"],
        "semantic_index": semantic_index.describe_index(state["index"]),
        "tribunal": {
            "version": table("synthesis-run", "x-tribunal")["version"],
            "kind": "rubric",
            "rounds": rounds,
            "score": state["score"],
            "verdict": state["verdict"],
            "revision_round": rounds[-1]["round"],
            "produced_by": tribunal.produced_by(),
        },
        "policy": {
            "outcome": state["outcome"],
            "basis": policy_basis(state["outcome"]),
            "rule": state["verdict"] if state["verdict"] == "APPROVE" else "*",
        },
        "rules": state["rules"],
        "uncertainties": state["uncertainties"],
        "methodology": (
            f"Four queries were made from the question by rule and ranked the {len(corpus)} entries of the bundled "
            f"sample corpus of invented papers by TF-IDF cosine; the rankings were fused. Withdrawn papers, older "
            f"versions and near-copies were set aside. Claims are whole sentences of abstracts that share terms with "
            f"the question. {_verification_told(state['rules']['verifier'])} Three rubric checks scored the synthesis "
            f"blind and in parallel. No model wrote any text of it."
        ),
    }


def _verification_told(verifier: dict[str, Any]) -> str:
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


def _told_claims(state: State) -> str:
    papers = {claim["grounding"]["source_id"] for claim in state["claims"]}
    return f"{len(state['claims'])} claims from {len(papers)} papers"


Stage = Callable[[Request, State], State]
STAGES: tuple[tuple[str, Stage, Callable[[State], str]], ...] = (
    ("queries", _queries, lambda state: f"{len(state['queries'])} queries"),
    (
        "retrieval",
        _retrieval,
        lambda state: (
            f"{state['found']} papers found, {len(state['sources'])} used, {len(state['excluded'])} set aside"
        ),
    ),
    ("claims", _claims, _told_claims),
    ("verification", _verification, _told_verdicts),
    ("synthesis", _synthesis, lambda state: f"{len(state['themes'])} themes, {len(state['disagreements'])} conflicts"),
    ("index", _index, lambda state: f"{len(state['index']['items'])} vectors"),
    ("tribunal", _tribunal, lambda state: f"{state['score']}/10 after round {state['rounds'][-1]['round']}"),
    ("policy", _policy, lambda state: f"{state['verdict']}, {state['outcome']}"),
)
