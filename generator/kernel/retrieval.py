"""Retrieval: each query ranks papers, the rankings are fused, and what must not be used is set aside by name.

A closed corpus is ranked here, by TF-IDF cosine over title and abstract; services rank what they have themselves.
Fusion is reciprocal rank fusion (Cormack, Clarke, Buettcher 2009). Set aside, in this order: papers too far from the
question, withdrawn ones, older versions, near-copies, and papers of which there is no text to read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from generator.kernel.labels import extractive
from generator.kernel.sources.papers import Paper
from generator.kernel.text import stems

METHOD = "tfidf-rrf-v1"
FUSED = "services-rrf-v1"


@dataclass(frozen=True)
class RetrievalSettings:
    """``per_query`` best papers of each query are fused with constant ``rrf_k``; ``min_relevance`` is a cosine 0..1
    between question and paper, ``copy_similarity`` the cosine at which two abstracts count as copies; at most
    ``max_papers`` papers are used."""

    per_query: int = 20
    rrf_k: int = 60
    min_relevance: float = 0.08
    copy_similarity: float = 0.8
    max_papers: int = 12


@dataclass(frozen=True)
class Hit:
    """A paper in the fused ranking. ``relevance`` is the cosine to the question, ``queries`` the ids that found it."""

    paper: Paper
    relevance: float
    fused: float
    queries: tuple[str, ...]


@dataclass(frozen=True)
class Fusion:
    """A fused ranking of papers by their index: the score of each, and the ids of the queries that found it."""

    scores: Mapping[int, float]
    found_by: Mapping[int, Sequence[str]]


@dataclass(frozen=True)
class Retrieved:
    """``hits`` in rank order, and what was set aside with a reason code and sentence each."""

    hits: tuple[Hit, ...]
    excluded: tuple[dict[str, Any], ...]
    found: int


def retrieve(
    question: str,
    queries: Sequence[dict[str, Any]],
    papers: Sequence[Paper],
    settings: RetrievalSettings,
    fusion: Fusion | None = None,
) -> Retrieved:
    """Papers that bear on the question, best first, each paper once; ties are broken by paper id.

    With ``fusion`` the papers were ranked by the services that found them; without it each query ranks them here.
    """
    texts = [f"{paper.title}. {paper.abstract}" for paper in papers]
    if not any(stems(text) for text in texts):
        return Retrieved((), (), 0)
    vectorizer = TfidfVectorizer(analyzer=stems, sublinear_tf=True)
    matrix = vectorizer.fit_transform(texts)
    relevance = (matrix @ vectorizer.transform([question]).T).toarray()[:, 0]
    fusion = fusion or _ranked(queries, papers, settings, vectorizer, matrix)
    fused = fusion.scores
    # The fused rank decides among equals in relevance only: a paper found by all four queries for its common words
    # must not stand before one that answers the question.
    rows = sorted(fused, key=lambda row: (-round(float(relevance[row]), 4), -round(fused[row], 9), _key(papers[row])))
    newest = _newest_versions(papers)
    usable = [
        row
        for row in rows
        if relevance[row] >= settings.min_relevance
        and not newest[papers[row].id].withdrawn
        and newest[papers[row].id].version == papers[row].version
        and papers[row].abstract
    ]
    hits: list[Hit] = []
    excluded: list[dict[str, Any]] = []
    for row in rows:
        paper = papers[row]
        near = float(relevance[row])
        if near < settings.min_relevance:
            excluded.append(_aside(paper, "BELOW_RELEVANCE", f"relevance {near:.3f} is below {settings.min_relevance}"))
        elif newest[paper.id].withdrawn:
            excluded.append(_aside(paper, "WITHDRAWN", "its newest version withdraws it"))
        elif newest[paper.id].version != paper.version:
            excluded.append(_aside(paper, "OLDER_VERSION", f"version {newest[paper.id].version} is there too"))
        elif not paper.abstract:
            excluded.append(_aside(paper, "NO_TEXT", "its source gave no abstract"))
        elif (first := _first_of_copies(row, usable, matrix, papers, settings.copy_similarity)) != row:
            excluded.append(_aside(paper, "DUPLICATE", f"a near-copy of {papers[first].id}, which came first"))
        elif len(hits) < settings.max_papers:
            hits.append(Hit(paper, round(near, 4), round(fused[row], 6), tuple(fusion.found_by[row])))
        else:
            reason = f"the {settings.max_papers} most relevant papers are used"
            excluded.append(_aside(paper, "BELOW_RELEVANCE", reason))
    return Retrieved(tuple(hits), tuple(excluded), len(rows))


def _ranked(
    queries: Sequence[dict[str, Any]],
    papers: Sequence[Paper],
    settings: RetrievalSettings,
    vectorizer: Any,
    matrix: Any,
) -> Fusion:
    """The papers as each query ranks them, fused."""
    fused: dict[int, float] = {}
    found_by: dict[int, list[str]] = {}
    for query in queries:
        scores = (matrix @ vectorizer.transform([query["text"]]).T).toarray()[:, 0]
        order = sorted(range(len(papers)), key=lambda row: (-round(float(scores[row]), 6), _key(papers[row])))
        for rank, row in enumerate(order[: settings.per_query], start=1):
            if scores[row] > 0:
                fused[row] = fused.get(row, 0.0) + 1.0 / (settings.rrf_k + rank)
                found_by.setdefault(row, []).append(query["id"])
    return Fusion(fused, found_by)


def produced_by(settings: RetrievalSettings, *, live: bool = False) -> dict[str, Any]:
    """The label of the retrieval stage, with every number that shaped it."""
    numbers = {name: getattr(settings, name) for name in settings.__dataclass_fields__}
    return extractive(FUSED if live else METHOD, **numbers)


def _key(paper: Paper) -> tuple[str, int]:
    return (paper.id, -(paper.version or 0))


def _newest_versions(papers: Sequence[Paper]) -> dict[str, Paper]:
    """Each paper's newest version in the whole corpus, found or not: a withdrawal holds for every older version."""
    newest: dict[str, Paper] = {}
    for paper in papers:
        if paper.id not in newest or (paper.version or 0) > (newest[paper.id].version or 0):
            newest[paper.id] = paper
    return newest


def _first_of_copies(row: int, usable: Sequence[int], matrix: Any, papers: Sequence[Paper], threshold: float) -> int:
    """The paper published first among this one and its near-copies: same folded title, or nearly the same text."""
    similarity = (matrix[usable] @ matrix[row].T).toarray()[:, 0]
    title = _folded(papers[row].title)
    copies = [
        other
        for other, value in zip(usable, similarity, strict=True)
        if other == row or value >= threshold or _folded(papers[other].title) == title
    ]
    return min(copies, key=lambda other: (papers[other].published or "9999", _key(papers[other])))


def _folded(title: str) -> str:
    return re.sub(r"\W+", " ", title.lower()).strip()


def _aside(paper: Paper, code: str, reason: str) -> dict[str, Any]:
    return {
        "paper_id": paper.id,
        "version": paper.version,
        "url": paper.url,
        "title": paper.title,
        "reason_code": code,
        "reason": reason,
    }
