"""What a run could ask for at most, before anything is asked: requests to services, full texts, calls and tokens.

The bounds follow the stages: how often each may ask, with every reply wrong once and a revision, and how long its
request can be, measured on the very words that are sent around the longest data it may hold. A request that a service
fails to answer is sent again by the client and counts once, as it does in a budget.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from generator.kernel.modelled import claims, paired, queries, reviewers, synthesis
from generator.kernel.models import chat
from generator.kernel.models.asking import Prompt
from generator.kernel.models.embeddings import BATCH
from generator.kernel.models.settings import Limits
from generator.kernel.models.tokens import about_tokens
from generator.kernel.queries import make_queries
from generator.kernel.request import Request
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.stages import LONGEST_TEXT, LONGEST_TITLE
from generator.kernel.text import sentences
from generator.kernel.verification import llm_judge
from generator.kernel.verification.verdict import MOST_EVIDENCE, Passage
from generator.manifest.contracts import table
from generator.manifest.semantic.claims import MOST as MOST_RELATED

TRIES = 2  # a wrong reply is asked for once more (``models.chat``)
PER_QUERY = {"arxiv": 2, "semantic-scholar": 1, "openalex": 1}  # arXiv: for all of the words, then for any of them
FORMS = 2  # of a full text: HTML, then PDF

# A live text: no character takes more than four bytes, and so few sentences have so little in them.
WIDE = "\U0001f333"
LONGEST_SENTENCE = 1000  # characters of a claim
MOST_SENTENCES = 1000  # of one text
MOST_PAIRS = 20
MOST_GAPS, LONGEST_GAP = 12, 600  # what no claim takes up, in our words and the question's


@dataclass(frozen=True)
class Most:
    """At most ``calls`` requests of one stage to a model, which may use ``tokens`` tokens together. Those that are not
    ``budgeted`` go past the budget."""

    stage: str
    kind: str
    calls: int
    tokens: int
    budgeted: bool = True


@dataclass(frozen=True)
class Estimate:
    """The most that one question's run may ask for. ``queries`` are those by rule; ``services`` counts the requests of
    the search by source, as long as no page comes short."""

    queries: tuple[str, ...]
    services: Mapping[str, int]
    full_texts: int
    stages: tuple[Most, ...]

    @property
    def calls(self) -> int:
        return sum(stage.calls for stage in self.stages)

    @property
    def tokens(self) -> int:
        return sum(stage.tokens for stage in self.stages)


@dataclass(frozen=True)
class _Longest:
    """The longest title, the texts of papers (as sentences) of which one is the longest, and the longest sentence."""

    title: str
    papers: tuple[tuple[str, ...], ...]
    sentence: str


def estimate(request: Request, limits: Limits | None = None, *, related: bool = False) -> Estimate:
    """The bounds for a request; ``limits`` are those of the models' settings, and with ``related`` the run's claims are
    compared with those of earlier records."""
    by_rule = tuple(query["text"] for query in make_queries(request.question))
    longest = _live() if request.live else _sample()
    stages: list[Most] = []
    if request.chat_model is not None:
        stages += _chats(request, longest, limits or Limits())
    if request.embedding_model is not None:
        stages.append(_embeddings(request, longest))
    if request.verifier == llm_judge.METHOD:
        stages += _judged(request, longest, related=related)
    services = {name: len(by_rule) * PER_QUERY[name] for name in request.sources} if request.live else {}
    full_texts = request.retrieval.max_papers if request.live and request.full_text else 0
    return Estimate(by_rule, services, full_texts, tuple(stages))


def _live() -> _Longest:
    """What a run record holds at most of a paper of any source."""
    sentence = WIDE * (LONGEST_TEXT // MOST_SENTENCES)
    return _Longest(WIDE * LONGEST_TITLE, ((sentence,) * MOST_SENTENCES,), WIDE * LONGEST_SENTENCE)


@cache
def _sample() -> _Longest:
    texts = [
        tuple(paper.abstract[start:end] for start, end in sentences(paper.abstract)) for paper in load_sample_corpus()
    ]
    return _Longest(
        max((paper.title for paper in load_sample_corpus()), key=_size),
        tuple(texts),
        max((sentence for text in texts for sentence in text), key=_size),
    )


def _size(text: str) -> int:
    return len(text.encode())


def _chats(request: Request, longest: _Longest, limits: Limits) -> list[Most]:
    """The stages that a chat model takes part in."""
    papers = request.retrieval.max_papers

    def of(prompt: Prompt, data: Mapping[str, Any], most_tokens: int) -> int:
        """The tokens of one request: its second try, which also tells what was wrong with the first."""
        words = chat.messages(prompt, data, WIDE * chat.LONGEST_FAULT)
        return about_tokens(json.dumps(words, ensure_ascii=False)) + min(most_tokens, limits.max_tokens)

    one_paper = max(
        of(claims.PROMPT, _paper(request, longest.title, text), claims.MOST_TOKENS) for text in longest.papers
    )
    written, view = _claims_told(request, longest), _view(request, longest)
    revising = {
        **written,
        "sentences": view["synthesis"],
        "findings": [_finding(role) for role in reviewers.PROMPTS for _ in range(reviewers.MOST_FINDINGS)],
    }
    planted = max((plant.text for plant in (*paired.UP, *paired.DOWN, *paired.OFF_TASK)), key=len)
    attacked = {**view, "planted": [planted] * paired.MOST_PLACES}
    one_review = max(of(prompt, attacked, reviewers.MOST_TOKENS) for prompt in reviewers.PROMPTS.values())
    revisions = min(1, int(table("synthesis-run", "x-tribunal")["max_revision_rounds"]))
    plants = 3  # one that asks for approval, one for rejection, one for something else
    # a revision that is kept is tried with planted instructions as the first text was
    reviews = len(reviewers.PROMPTS) * (1 + plants) * (1 + revisions)
    revising_tokens = of(synthesis.REVISION, revising, synthesis.MOST_TOKENS) if revisions else 0
    return [
        _most("queries", 1, of(queries.PROMPT, {"question": request.question}, queries.MOST_TOKENS)),
        _most("claims", papers, one_paper),
        _most("synthesis", 1, of(synthesis.PROMPT, written, synthesis.MOST_TOKENS)),
        Most(
            "tribunal",
            "chat",
            TRIES * (reviews + revisions),
            TRIES * (reviews * one_review + revising_tokens),
        ),
    ]


def _most(stage: str, requests: int, tokens: int) -> Most:
    return Most(stage, "chat", TRIES * requests, TRIES * requests * tokens)


def _paper(request: Request, title: str, text: Sequence[str]) -> dict[str, Any]:
    """What the choice of claims from one paper is asked with."""
    numbered = [{"number": number, "text": sentence} for number, sentence in enumerate(text, start=1)]
    return {
        "question": request.question,
        "title": title,
        "sentences": numbered,
        "most": request.claims.per_paper,
    }


def _claims_told(request: Request, longest: _Longest) -> dict[str, Any]:
    """What a synthesis is asked with."""
    claim = {
        "id": "C00",
        "paper": "S00",
        "text": longest.sentence,
        "found": "SUPPORT",
        "agreement": "single-source",
    }
    return {
        "question": request.question,
        "claims": [claim] * request.claims.most,
        "conflicts": [["C00", "C00"]] * MOST_PAIRS,
        "not_taken_up": ["x" * LONGEST_GAP] * MOST_GAPS,
    }


def _view(request: Request, longest: _Longest) -> dict[str, Any]:
    """What a reviewer is shown."""
    quote, ids = longest.sentence[: reviewers.LONGEST_QUOTE], [f"C{number:02}" for number in range(request.claims.most)]
    claim = {
        "id": "C00",
        "paper": "S00",
        "text": quote,
        "found": "SUPPORT",
        "agreement": "single-source",
        "supporting_papers": 10,
        "refuting_papers": 10,
        "evidence": [{"paper": "S00", "text": quote}] * MOST_EVIDENCE,
    }
    # a sentence by rule may be longer, but has no character of four bytes after another
    sentence = {"text": WIDE * synthesis.LONGEST_SENTENCE, "claim_ids": ids, "about": "agreement"}
    return {
        "question": request.question,
        "synthesis": [sentence] * synthesis.MOST_SENTENCES,
        "claims": [claim] * request.claims.most,
        "papers": [{"id": "S00", "title": longest.title[: reviewers.LONGEST_QUOTE]}] * request.retrieval.max_papers,
    }


def _finding(role: str) -> str:
    return f"{role}: {WIDE * reviewers.LONGEST_FINDING}"


def _embeddings(request: Request, longest: _Longest) -> Most:
    """A vector for each source and claim, many in one request; a wrong response is not asked for again."""
    papers, claims_most = request.retrieval.max_papers, request.claims.most
    paper = max(about_tokens(f"{longest.title}. {' '.join(text)}") for text in longest.papers)
    tokens = papers * paper + claims_most * about_tokens(longest.sentence)
    return Most("index", "embedding", math.ceil((papers + claims_most) / BATCH), tokens)


def _judged(request: Request, longest: _Longest, *, related: bool) -> list[Most]:
    """The judge holds every claim against every source, once more for what a revision by rule admits, and each claim
    against its nearest ones of earlier records."""

    def of(passage: Passage) -> int:
        words = llm_judge.messages(longest.sentence, passage)
        return about_tokens(json.dumps(words, ensure_ascii=False)) + Limits().max_tokens

    pairs = request.claims.most * request.retrieval.max_papers
    one = max(of(Passage(text, longest.title)) for text in longest.papers)
    # an earlier record's claim may come from anywhere
    other = request.claims.most * MOST_RELATED
    found = [Most(stage, "judge", pairs, pairs * one, budgeted=False) for stage in ("verification", "tribunal")]
    if related:
        tokens = other * of(Passage((WIDE * LONGEST_SENTENCE,)))
        found.append(Most("index", "judge", other, tokens, budgeted=False))
    return found
