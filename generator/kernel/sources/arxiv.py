"""arXiv's search: the query interface of its API (https://info.arxiv.org/help/api/user-manual.html).

The words of a query are asked for as ``all:word AND all:word``, by relevance; where fewer papers than wanted hold all
of them, the rest is filled with ``all:word OR all:word``. The first alone is too narrow for a question's five to ten
words, the second alone buries papers that hold all of them under those that repeat a common one. Each word has its own
prefix: arXiv reads a prefix for the next word only.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.atom import Feed, FeedError, NoFeed, parse_feed
from generator.kernel.sources.fetching import ARXIV_API, Again, Fetcher, SourceError
from generator.kernel.sources.papers import Paper
from generator.kernel.sources.search import MOST, Found, ask_once, sha256, terms

URL: Final = f"https://{ARXIV_API}/api/query"
PAGE: Final = 100  # papers per request


class Arxiv:
    """arXiv. ``page`` is how many papers one request asks for."""

    name = "arxiv"

    def __init__(self, way: Fetcher, *, page: int = PAGE) -> None:
        self._way, self._page = way, page

    def search(self, query: str, limit: int, ledger: StageLedger) -> Found:
        """At most ``limit`` papers in their newest version. ``total`` counts those that hold any of the words.

        Raises ``SourceError``: arXiv refused the query (in its own words), could not be read, or sent no entry where
        it had promised some. An entry that cannot be read is left out.
        """
        words, limit = terms(query), min(limit, MOST)
        found = self._ranked(" AND ".join(f"all:{word}" for word in words), limit, ledger)
        if len(found.papers) < limit and len(words) > 1:
            more = self._ranked(" OR ".join(f"all:{word}" for word in words), limit, ledger)
            known = {paper.id for paper in found.papers}
            papers = found.papers + tuple(paper for paper in more.papers if paper.id not in known)
            found = Found(papers, more.total, found.sha256, found.left_out + more.left_out)
        return replace(found, papers=found.papers[:limit])

    def _ranked(self, search: str, limit: int, ledger: StageLedger) -> Found:
        """One list, page after page."""
        papers: dict[str, Paper] = {}
        left_out: list[str] = []
        start, total, first = 0, 1, ""
        while start < min(limit, total):
            body = self._asked(search, start, min(self._page, limit - start), ledger)
            feed = _read(body)
            first, total = first or sha256(body), feed.total_results
            for paper in feed.papers:
                papers.setdefault(paper.id, paper)
            left_out += feed.left_out
            if not feed.papers:
                break
            start += len(feed.papers) + len(feed.left_out)
        return Found(tuple(papers.values()), total, first, tuple(left_out))

    def _asked(self, search: str, start: int, size: int, ledger: StageLedger) -> str:
        params: dict[str, str | int] = {
            "search_query": search,
            "sortBy": "relevance",
            "sortOrder": "descending",
            "start": start,
            "max_results": size,
        }

        def check(body: str) -> None:
            try:
                feed = _read(body)
            except _Unread as error:
                # "Rate exceeded.", nothing, or a page that tells of maintenance comes with status 200 too
                raise Again(f"sent no list of papers ({error})") from None
            if not feed.papers and feed.total_results > start:
                # now and then arXiv sends an empty page of a long list, and the full one when asked again
                raise Again(f"sent no entry from {start} on, where {feed.total_results} are said to be")

        request = {"source": self.name, "query": search, "start": start, "limit": size}
        try:
            return ask_once(self._way, ledger, request, URL, params, accept="application/atom+xml", check=check)
        except SourceError as error:
            if error.status == 400:
                _read(error.body.decode("utf-8", "replace"))  # says what arXiv did not like
            raise


class _Unread(SourceError):
    """What came is no answer."""


def _read(body: str) -> Feed:
    try:
        return parse_feed(body, origin="arxiv", whole=False)
    except NoFeed as error:
        raise _Unread(f"arXiv: {error}") from None
    except FeedError as error:
        raise SourceError(f"arXiv: {error}" if not str(error).startswith("arXiv") else str(error)) from None
