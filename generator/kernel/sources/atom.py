"""The strict door for Atom feeds as arXiv serves them.

One feed either comes in whole or is refused with one clear line (`FeedError`); nothing is guessed. An entry is skipped
only where the caller allows it, and is told of.
Texts are data: they are neither evaluated nor rewritten, except that whitespace is folded and characters that no HTML
page may hold are dropped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from defusedxml import DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden
from defusedxml.ElementTree import ParseError, fromstring

from generator.kernel.sources.papers import Paper, checked_url, is_withdrawn

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_BYTES: Final = 20_000_000
"""Largest feed read, in bytes. A recorded page of 100 entries has 0.23 MB; arXiv sends at most 2,000 at once."""

_ATOM: Final = "{http://www.w3.org/2005/Atom}"
_ARXIV: Final = "{http://arxiv.org/schemas/atom}"
_OPENSEARCH: Final = "{http://a9.com/-/spec/opensearch/1.1/}"

_ARXIV_HOSTS: Final = frozenset({"arxiv.org", "www.arxiv.org", "export.arxiv.org"})
_ARXIV_ID: Final = re.compile(
    r"(?P<id>[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})(?:v(?P<version>[1-9][0-9]{0,3}))?"
)
_SAMPLE_ID: Final = re.compile(r"(?P<id>SAMPLE-[A-Z][0-9]{2})(?:v(?P<version>[1-9][0-9]{0,3}))?")
# Per origin: the hosts an entry's id may lie on, and the shape of what follows /abs/.
_ORIGINS: Final = {
    "arxiv": (_ARXIV_HOSTS, _ARXIV_ID),
    "sample-corpus": (frozenset({"sample.invalid"}), _SAMPLE_ID),
}

_WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,12}")
_RFC_3339: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
# XML 1.0 admits these and HTML does not: DEL and the C1 controls, and the noncharacters. U+0085 is missing on purpose:
# it is a line break and gets folded to a space, where dropping it would join two words.
_NOT_IN_HTML: Final = re.compile(
    "[\x7f-\x84\x86-\x9f\ufdd0-\ufdef"
    + "".join(f"{chr(plane << 16 | 0xFFFE)}{chr(plane << 16 | 0xFFFF)}" for plane in range(17))
    + "]"
)


class FeedError(ValueError):
    """A feed was refused. The message is one line, printable, and safe to show to a terminal."""


class NoFeed(FeedError):
    """What came is no Atom feed at all: a page for people, a line of text, or half an answer."""


@dataclass(frozen=True, slots=True)
class Feed:
    """One page of search results.

    Attributes:
        papers: the entries, in the order given.
        total_results: how many entries the whole search has, from 0.
        start_index: offset of the first entry here, from 0.
        items_per_page: how many entries were asked for; `papers` may hold fewer.
        left_out: for each entry that could not be read, why not.
    """

    papers: tuple[Paper, ...]
    total_results: int
    start_index: int
    items_per_page: int
    left_out: tuple[str, ...] = ()


def parse_feed(data: bytes | str, *, origin: str, whole: bool = True) -> Feed:
    """Read one Atom feed.

    Args:
        data: the feed, at most `MAX_BYTES` long (text counts as UTF-8).
        origin: "arxiv" or "sample-corpus": decides which addresses and identifiers are accepted, and goes into each
            paper's `origin`.
        whole: refuse the feed for one entry that cannot be read; else such an entry is left out, unless all are such.

    Raises:
        FeedError: not text or bytes, too large, arXiv's error entry (the message carries arXiv's own words), a missing
            or repeated element, an identifier that does not fit the origin, a number that is none, a time that is none,
            an entry's address that is not http or https.
        NoFeed: not XML, a document type or entity declared, not an Atom feed.
        ValueError: the origin is unknown.
    """
    if origin not in _ORIGINS:
        raise ValueError(f"unknown origin {_shown(origin)}; known: {', '.join(_ORIGINS)}")
    root = _root(data)
    if root.tag != f"{_ATOM}feed":
        raise NoFeed(f"not an Atom feed: the outermost element is {_shown(root.tag)}")
    entries = root.findall(f"{_ATOM}entry")
    # arXiv reports a refused query as a feed with one entry, whose fields are not those of a paper: look for it first.
    for entry in entries:
        if (summary := _arxiv_refusal(entry)) is not None:
            raise FeedError(f"arXiv refused the query: {summary}")
    papers: list[Paper] = []
    left_out: list[str] = []
    for number, entry in enumerate(entries, start=1):
        try:
            papers.append(_paper(entry, f"entry {number}", origin))
        except FeedError as error:
            if whole or (number == len(entries) and not papers):
                raise
            left_out.append(str(error))
    return Feed(
        papers=tuple(papers),
        total_results=_number(root, "totalResults"),
        start_index=_number(root, "startIndex"),
        items_per_page=_number(root, "itemsPerPage"),
        left_out=tuple(left_out),
    )


def folded(text: str) -> str:
    """Return `text` on one line: runs of whitespace become one space, ends are stripped, HTML-illegal characters go."""
    return " ".join(_NOT_IN_HTML.sub("", text).split())


def _root(data: bytes | str) -> Element:
    if not isinstance(data, bytes | str):
        raise FeedError(f"a feed is bytes or text, not {type(data).__name__}")
    # Text is measured in characters first, so that an enormous one is not copied only to be refused.
    if len(data) > MAX_BYTES or (isinstance(data, str) and len(data.encode("utf-8", "surrogatepass")) > MAX_BYTES):
        raise FeedError(f"feed larger than {MAX_BYTES:,} bytes")
    try:
        root: Element = fromstring(data, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except (DTDForbidden, EntitiesForbidden, ExternalReferenceForbidden):
        raise NoFeed("feed refused: it declares a document type or an entity") from None
    except ParseError as error:
        raise NoFeed(f"not well-formed XML: {folded(str(error))}") from None
    except (ValueError, LookupError) as error:
        # An encoding that Python's parser does not know, or text that cannot be encoded.
        raise NoFeed(f"not readable XML: {_shown(str(error))}") from None
    return root


def _arxiv_refusal(entry: Element) -> str | None:
    """Return arXiv's own words if `entry` is one of its error reports, else None."""
    try:
        parts = urlsplit((entry.findtext(f"{_ATOM}id") or "").strip())
    except ValueError:
        return None
    if parts.hostname not in _ARXIV_HOSTS or not (parts.path == "/api/errors" or parts.path.startswith("/api/errors/")):
        return None
    words = folded(entry.findtext(f"{_ATOM}summary") or "") or "no reason given"
    # The words go to terminals and logs, where controls for text direction could make them read otherwise.
    words = "".join(char if char.isprintable() else "\ufffd" for char in words)
    return words if len(words) <= 300 else words[:297] + "..."


def _paper(entry: Element, place: str, origin: str) -> Paper:
    url = _required(entry, f"{_ATOM}id", place)
    paper_id, version = _identifier(url, place, origin)
    place = f"{place} ({url.rpartition('/abs/')[2]})"
    abstract = _optional(entry, f"{_ATOM}summary", place) or ""
    comment = _joined(entry, f"{_ARXIV}comment", place, "; ")
    return Paper(
        id=paper_id,
        version=version,
        url=url,
        title=_required(entry, f"{_ATOM}title", place),
        abstract=abstract,
        authors=tuple(
            _required(author, f"{_ATOM}name", f"{place} author") for author in entry.iterfind(f"{_ATOM}author")
        ),
        published=_time(entry, "published", place),
        updated=_time(entry, "updated", place),
        categories=_categories(entry, place),
        comment=comment,
        doi=_joined(entry, f"{_ARXIV}doi", place, " "),
        journal_ref=_optional(entry, f"{_ARXIV}journal_ref", place),
        withdrawn=is_withdrawn(comment, abstract),
        origin=origin,
    )


def _identifier(url: str, place: str, origin: str) -> tuple[str, int | None]:
    _address(url, place)
    hosts, shape = _ORIGINS[origin]
    parts = urlsplit(url)
    found = shape.fullmatch(parts.path.removeprefix("/abs/")) if parts.path.startswith("/abs/") else None
    if parts.netloc not in hosts or parts.query or parts.fragment or found is None:
        raise FeedError(f"{place}: id {_shown(url)} is not one of origin {origin}")
    return found["id"], int(found["version"]) if found["version"] else None


def _address(url: str, place: str) -> None:
    try:
        checked_url(url)
    except ValueError as error:
        raise FeedError(f"{place}: {error}") from None


def _categories(entry: Element, place: str) -> tuple[str, ...]:
    # The primary category is named twice by arXiv, once in each kind of element; dict keys keep order and drop repeats.
    marks = [*entry.iterfind(f"{_ARXIV}primary_category"), *entry.iterfind(f"{_ATOM}category")]
    terms = dict.fromkeys(folded(mark.get("term", "")) for mark in marks)
    if "" in terms:
        raise FeedError(f"{place}: a category without term")
    return tuple(terms)


def _time(entry: Element, name: str, place: str) -> str | None:
    text = _optional(entry, f"{_ATOM}{name}", place)
    if text is None:
        return None
    try:
        if _RFC_3339.fullmatch(text) is None:
            raise ValueError
        datetime.fromisoformat(text)
    except ValueError:
        raise FeedError(f"{place}: {name} {_shown(text)} is not an RFC 3339 time") from None
    return text


def _number(root: Element, name: str) -> int:
    text = _required(root, f"{_OPENSEARCH}{name}", "feed")
    if _WHOLE_NUMBER.fullmatch(text) is None:
        raise FeedError(f"feed: {name} {_shown(text)} is not a whole number")
    return int(text)


def _required(parent: Element, tag: str, place: str) -> str:
    text = _optional(parent, tag, place)
    if text is None:
        raise FeedError(f"{place}: no {_local(tag)}")
    return text


def _optional(parent: Element, tag: str, place: str) -> str | None:
    """Return the folded text of the only child `tag`; None if there is none or it is blank."""
    children = parent.findall(tag)
    if len(children) > 1:
        raise FeedError(f"{place}: more than one {_local(tag)}")
    return _joined(parent, tag, place, " ")


def _joined(parent: Element, tag: str, place: str, separator: str) -> str | None:
    """Return the folded texts of all children `tag`; None if there is none or all are blank."""
    texts: list[str] = []
    for child in parent.iterfind(tag):
        # Reading only the text before a child element would cut a title short without a word.
        if len(child):
            raise FeedError(f"{place}: {_local(tag)} holds elements, not text")
        texts.append(folded(child.text or ""))
    return separator.join(filter(None, texts)) or None


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _shown(text: object) -> str:
    """Quote untrusted text for a one-line message: ASCII only, at most 120 characters of it."""
    whole = str(text)
    return ascii(whole if len(whole) <= 120 else whole[:117] + "...")
