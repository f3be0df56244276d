"""OpenAlex's search over works (https://developers.openalex.org/api-reference/works).

An answer is ``{"meta": {"count", "next_cursor"}, "results": [...]}``. An abstract comes as an inverted index, from each
word to its positions. Lists are read by cursor with a key, and by page number without one: without a key OpenAlex
answers a cursor with status 401.
"""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

from generator.kernel.ledger import StageLedger
from generator.kernel.sources.fetching import OPENALEX, Fetcher, SourceError
from generator.kernel.sources.markup import without_heading
from generator.kernel.sources.papers import (
    Paper,
    address,
    any_doi,
    arxiv_id_of,
    bare_arxiv_id,
    bare_doi,
    day,
    is_retracted_title,
    year,
)
from generator.kernel.sources.search import (
    MOST,
    OPENALEX_KEY,
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

URL: Final = f"https://{OPENALEX}/works"
FIELDS: Final = (
    "id,doi,title,publication_date,publication_year,authorships,abstract_inverted_index,is_retracted"
    ",primary_location,locations"
)
PAGE: Final = 100  # the most that one request may ask for
MOST_WORDS: Final = 5_000
"""Words of an abstract. Longer ones are whole papers or an attack; neither is an abstract, and none is kept."""
_WORK: Final = re.compile("https://openalex.org/(?P<id>W[0-9]{1,15})")
_CURSOR: Final = re.compile("[A-Za-z0-9+/=_-]{1,500}")
_ARXIV_HOSTS: Final = ("arxiv.org", "www.arxiv.org", "export.arxiv.org")


class OpenAlex:
    """OpenAlex. ``keyed`` says whether requests carry a key, ``page`` how many works one asks for."""

    name = "openalex"

    def __init__(self, way: Fetcher, *, contact: str | None = None, keyed: bool = False, page: int = PAGE) -> None:
        self._way, self._contact, self._keyed, self._page = way, contact, keyed, page

    def search(self, query: str, limit: int, ledger: StageLedger) -> Found:
        """At most ``limit`` works that have a title. Raises ``SourceError``."""
        words, limit = " ".join(terms(query)), min(limit, MOST)
        size = min(self._page, limit)
        papers: dict[str, Paper] = {}
        place: dict[str, str | int] | None = {"cursor": "*"} if self._keyed else {"page": 1}
        total: int | None = None
        first, seen = "", 0
        while place is not None and seen < limit:
            try:
                body = self._asked(words, place, size, ledger)
            except SourceError as error:
                raise refused(error, OPENALEX_KEY) from None
            meta, results = _read(body)
            total, first = (meta["count"] if not first else total), first or sha256(body)
            for paper in map(_paper, results):
                if paper is not None:
                    papers.setdefault(paper.id, paper)
            seen += len(results)
            place = _next(place, meta) if results and seen < meta["count"] else None
        return Found(tuple(papers.values())[:limit], total, first)

    def _asked(self, words: str, place: dict[str, str | int], size: int, ledger: StageLedger) -> str:
        params: dict[str, str | int] = {"search": words, "per_page": size, **place, "select": FIELDS}
        if self._contact:
            params["mailto"] = self._contact
        request = {"source": self.name, "query": words, "limit": size, "fields": FIELDS, **place}

        def check(body: str) -> None:
            _read(body)

        return ask_once(self._way, ledger, request, URL, params, accept="application/json", check=check)


def _next(place: dict[str, str | int], meta: dict[str, Any]) -> dict[str, str | int] | None:
    if "page" in place:
        return {"page": int(place["page"]) + 1}
    cursor = meta.get("next_cursor")
    return {"cursor": cursor} if isinstance(cursor, str) and _CURSOR.fullmatch(cursor) else None


def _read(body: str) -> tuple[dict[str, Any], list[Any]]:
    """``meta``, whose ``count`` is a whole number, and ``results``."""
    answer = json_object(body, "OpenAlex")
    meta, results = entry_object(answer.get("meta")), answer.get("results")
    count = meta.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 0 or not isinstance(results, list):
        raise SourceError("OpenAlex sent something that is not a page of works")
    return meta, results


def _paper(value: Any) -> Paper | None:
    """The work; ``None`` for one without title or identifier, which nobody could cite."""
    entry = entry_object(value)
    work, title = _WORK.fullmatch(entry_text(entry.get("id"))), entry_prose(entry.get("title"))
    if work is None or not title:
        return None
    written = any_doi(entry_text(entry.get("doi")))
    doi = bare_doi(written or "")
    arxiv_id = (arxiv_id_of(doi) if doi else None) or _arxiv_location(entry)
    published = day(entry.get("publication_date"))
    authors = [entry_object(entry_object(item).get("author")) for item in entry_list(entry.get("authorships"))]
    place = entry_object(entry_object(entry.get("primary_location")).get("source"))
    record = f"openalex:{work['id']}"
    return Paper(
        id=arxiv_id or (f"doi:{doi.lower()}" if doi else record),
        version=None,
        url=address(arxiv_id, written) or f"https://openalex.org/{work['id']}",
        title=title,
        abstract=abstract(entry.get("abstract_inverted_index")),
        authors=tuple(name for author in authors if (name := entry_text(author.get("display_name")))),
        published=published,
        updated=None,
        categories=(),
        comment=None,
        doi=written,
        journal_ref=entry_text(place.get("display_name")) or None,
        withdrawn=entry.get("is_retracted") is True or is_retracted_title(title),
        origin="openalex",
        record=record,
        year=None if published else year(entry.get("publication_year")),
    )


def _arxiv_location(entry: dict[str, Any]) -> str | None:
    """The identifier of the first place of the work that is an abstract page of arXiv."""
    for location in entry_list(entry.get("locations")):
        try:
            page = urlsplit(entry_text(entry_object(location).get("landing_page_url")))
        except ValueError:
            continue
        if page.hostname in _ARXIV_HOSTS and page.path.startswith("/abs/"):
            found = bare_arxiv_id(page.path.removeprefix("/abs/"))
            if found:
                return found
    return None


def abstract(index: Any) -> str:
    """The text of an inverted index, each word at its positions; empty where there is none or it cannot be one.

    A position that no word has is passed over, so that an index with gaps still reads; words at one position come in
    the order of the alphabet.
    """
    placed: list[tuple[int, str]] = []
    for word, positions in entry_object(index).items():
        for position in entry_list(positions):
            if isinstance(position, bool) or not isinstance(position, int) or position < 0:
                return ""
            placed.append((position, word))
            if len(placed) > MOST_WORDS:
                return ""
    return without_heading(entry_prose(" ".join(word for _, word in sorted(placed))))
