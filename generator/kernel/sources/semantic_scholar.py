"""Semantic Scholar's paper search, Graph API v1 (https://api.semanticscholar.org/api-docs/graph).

An answer is ``{"total", "offset", "next", "data": [...]}``; ``next`` is missing on the last page and ``data`` where
nothing was found. Any member of a paper but ``paperId`` may be null. ``total`` is an estimate: the list may end before,
which the service tells by refusing the next page with status 400.
"""

from __future__ import annotations

import re
from typing import Any, Final

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.fetching import SEMANTIC_SCHOLAR, Fetcher, SourceError
from generator.kernel.sources.markup import without_heading
from generator.kernel.sources.papers import (
    Paper,
    address,
    any_doi,
    bare_arxiv_id,
    bare_doi,
    day,
    is_retracted_title,
    year,
)
from generator.kernel.sources.search import (
    MOST,
    S2_KEY,
    Found,
    ask_once,
    entry_list,
    entry_object,
    entry_prose,
    entry_text,
    json_object,
    refused,
    sha256,
    terms,
)

URL: Final = f"https://{SEMANTIC_SCHOLAR}/graph/v1/paper/search"
FIELDS: Final = "externalIds,title,abstract,authors,year,publicationDate,venue"
PAGE: Final = 100  # the most that one request may ask for
_PAPER_ID: Final = re.compile("[0-9a-f]{40}")


class SemanticScholar:
    """Semantic Scholar. ``page`` is how many papers one request asks for."""

    name = "semantic-scholar"

    def __init__(self, way: Fetcher, *, page: int = PAGE) -> None:
        self._way, self._page = way, page

    def search(self, query: str, limit: int, ledger: StageLedger) -> Found:
        """At most ``limit`` papers that have a title. Raises ``SourceError``."""
        words, limit = " ".join(terms(query)), min(limit, MOST)
        papers: dict[str, Paper] = {}
        start: int | None = 0
        total: int | None = None
        first = ""
        while start is not None and start < limit:
            try:
                body = self._asked(words, start, min(self._page, limit - start), ledger)
            except SourceError as error:
                if error.status == 400 and first:
                    break  # the list is shorter than its total
                raise refused(error, S2_KEY) from None
            answer = _read(body)
            total, first = (answer["total"] if not first else total), first or sha256(body)
            for paper in map(_paper, entry_list(answer.get("data"))):
                if paper is not None:
                    papers.setdefault(paper.id, paper)
            following = answer.get("next")
            # bool is an int in Python, but true is no number
            onward = isinstance(following, int) and not isinstance(following, bool) and following > start
            start = following if onward else None
        return Found(tuple(papers.values())[:limit], total, first)

    def _asked(self, words: str, start: int, size: int, ledger: StageLedger) -> str:
        params: dict[str, str | int] = {"query": words, "fields": FIELDS, "offset": start, "limit": size}
        request = {"source": self.name, "query": words, "fields": FIELDS, "offset": start, "limit": size}

        def check(body: str) -> None:
            _read(body)

        return ask_once(self._way, ledger, request, URL, params, accept="application/json", check=check)


def _read(body: str) -> dict[str, Any]:
    """The answer, whose ``total`` is a whole number and whose ``data``, if it is there, is a list."""
    answer = json_object(body, "Semantic Scholar")
    total, data = answer.get("total"), answer.get("data", [])
    if not isinstance(total, int) or isinstance(total, bool) or total < 0 or not isinstance(data, list):
        raise SourceError("Semantic Scholar sent something that is not a page of papers")
    return answer


def _paper(value: Any) -> Paper | None:
    """The paper; ``None`` for one without title or identifier, which nobody could cite."""
    entry = entry_object(value)
    identity, title = entry.get("paperId"), entry_prose(entry.get("title"))
    if not isinstance(identity, str) or _PAPER_ID.fullmatch(identity) is None or not title:
        return None
    others = entry_object(entry.get("externalIds"))
    arxiv_id = bare_arxiv_id(entry_text(others.get("ArXiv")))
    written = any_doi(entry_text(others.get("DOI")))
    doi = bare_doi(written or "")
    authors = [entry_object(author) for author in entry_list(entry.get("authors"))]
    record = f"s2:{identity}"
    published = day(entry.get("publicationDate"))
    return Paper(
        id=arxiv_id or (f"doi:{doi.lower()}" if doi else record),
        version=None,
        url=address(arxiv_id, written) or f"https://www.semanticscholar.org/paper/{identity}",
        title=title,
        abstract=without_heading(entry_prose(entry.get("abstract"))),
        authors=tuple(name for author in authors if (name := entry_text(author.get("name")))),
        published=published,
        updated=None,
        categories=(),
        comment=None,
        doi=written,
        journal_ref=entry_text(entry.get("venue")) or None,
        withdrawn=is_retracted_title(title),
        origin="semantic-scholar",
        record=record,
        year=None if published else year(entry.get("year")),
    )
