"""From a paper to its full text: addresses, the order of forms, what is kept, and what a store may not slip in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.ledger import Answer, Ledger
from generator.kernel.reading.fetch import MOST_BYTES, NotRead, addresses, is_arxiv_id, read_full_text
from generator.kernel.reading.sections import FullText, Section
from generator.kernel.sources.fetching import SourceError, TooLarge
from generator.kernel.sources.papers import Paper

PAPER = Paper(
    "2601.00001",
    2,
    "https://evil.example/abs/2601.00001",
    "Trees",
    "",
    (),
    None,
    None,
    (),
    None,
    None,
    None,
    False,
    "arxiv",
)
PAGE = b'<article class="ltx_document"><div class="ltx_para"><p class="ltx_p">A tree stands.</p></div></article>'
HTML, PDF = "https://arxiv.org/html/2601.00001v2", "https://arxiv.org/pdf/2601.00001v2"


@dataclass
class Response:
    media_type: str
    body: bytes


@dataclass
class Web:
    """Addresses and what lies there; an ``int`` is a status. Remembers what was asked."""

    pages: Mapping[str, Response | TooLarge | int | None]
    asked: list[str] = field(default_factory=list)

    def get(self, url: str, /, *, accept: str, largest: int) -> Response:
        self.asked.append(url)
        form = "html" if "/html/" in url else "pdf"
        assert (accept, largest) == ({"html": "text/html", "pdf": "application/pdf"}[form], MOST_BYTES[form])  # type: ignore[index]
        found = self.pages.get(url, 404)
        if found is None:
            raise SourceError("arxiv.org cannot be reached, 5 times")
        if isinstance(found, TooLarge):
            raise found
        if isinstance(found, int):
            raise SourceError(f"arxiv.org answered with status {found}", found)
        return found


def read(web: Web, paper: Paper = PAPER) -> FullText | NotRead:
    return read_full_text(paper, Ledger.in_memory().stage("reading"), web.get)


def test_html_comes_first(small_pdf: bytes) -> None:
    web = Web({HTML: Response("text/html", PAGE), PDF: Response("application/pdf", small_pdf)})
    sha256 = hashlib.sha256(PAGE).hexdigest()
    assert read(web) == FullText(HTML, "text/html", sha256, "latexml-html/1.0.0", (Section("Text", "A tree stands."),))
    assert web.asked == [HTML]


@pytest.mark.parametrize(
    "html",
    [404, 410, Response("text/html", b"<p>HTML is not available for the source.</p>"), Response("text/plain", PAGE)],
)
def test_the_pdf_where_there_is_no_html(html: Response | int, small_pdf: bytes) -> None:
    web = Web({HTML: html, PDF: Response("application/pdf", small_pdf)})
    found = read(web)
    assert isinstance(found, FullText)
    assert (found.url, found.media_type) == (PDF, "application/pdf")
    assert web.asked == [HTML, PDF]


def test_neither_is_a_reason_for_each() -> None:
    assert read(Web({})) == NotRead("HTML: there is none; PDF: there is none")
    web = Web({HTML: Response("text/html", b""), PDF: Response("application/pdf", b"%PDF")})
    assert read(web) == NotRead("HTML: the page holds no converted paper; PDF: the file is broken")
    web = Web({HTML: Response("text/html", PAGE + b" " * MOST_BYTES["html"])})
    assert read(web) == NotRead(f"HTML: it has more than {MOST_BYTES['html']} bytes; PDF: there is none")


def test_a_lasting_outcome_is_asked_for_once_and_a_passing_one_again(tmp_path: Path) -> None:
    for pages in ({}, {HTML: Response("text/html", PAGE)}):
        folder = tmp_path / str(len(pages))
        web = Web(pages)
        first = read_full_text(PAPER, Ledger(folder).stage("reading"), web.get)
        asked = list(web.asked)
        assert read_full_text(PAPER, Ledger(folder).stage("reading"), web.get) == first
        assert web.asked == asked
    ledger = Ledger(tmp_path / "down")
    assert read_full_text(PAPER, ledger.stage("reading"), Web({HTML: None}).get) == NotRead(
        "arxiv.org cannot be reached, 5 times"
    )
    up = Web({HTML: Response("text/html", PAGE)})
    assert isinstance(read_full_text(PAPER, ledger.stage("reading"), up.get), FullText)


@pytest.mark.parametrize("status", [401, 503])
def test_another_status_is_told_and_not_kept(status: int) -> None:
    web = Web({HTML: status})
    assert read(web) == NotRead(f"arxiv.org answered with status {status}")
    assert web.asked == [HTML]


@pytest.mark.parametrize("status", [400, 403, 451])
def test_the_pdf_where_the_html_is_refused(status: int, small_pdf: bytes) -> None:
    web = Web({HTML: status, PDF: Response("application/pdf", small_pdf)})
    ledger = Ledger.in_memory()
    for _ in range(2):
        assert isinstance(read_full_text(PAPER, ledger.stage("reading"), web.get), FullText)
    assert web.asked == [HTML, PDF], "kept"
    told = f"HTML: arxiv.org answered with status {status}; PDF: there is none"
    refused, ledger = Web({HTML: status}), Ledger.in_memory()
    for _ in range(2):
        assert read_full_text(PAPER, ledger.stage("reading"), refused.get) == NotRead(told)
    assert refused.asked == [HTML, PDF] * 2, "whoever asks too much is refused too, so this is not kept"


def test_a_form_that_is_too_large_is_passed_over_for_good(small_pdf: bytes) -> None:
    large = TooLarge("arxiv.org sent more than 5 bytes")
    web = Web({HTML: large, PDF: Response("application/pdf", small_pdf)})
    assert isinstance(read(web), FullText)
    assert web.asked == [HTML, PDF]
    ledger, web = Ledger.in_memory(), Web({HTML: large, PDF: large})
    told = NotRead(f"HTML: {large}; PDF: {large}")
    assert [read_full_text(PAPER, ledger.stage("reading"), web.get) for _ in range(2)] == [told] * 2
    assert web.asked == [HTML, PDF]


@pytest.mark.parametrize(
    ("paper", "reason"),
    [
        (replace(PAPER, withdrawn=True), "the paper is withdrawn"),
        (replace(PAPER, id="SAMPLE-A01", origin="sample-corpus"), "the paper has no arXiv identifier"),
        (replace(PAPER, origin="sample-corpus"), "the paper has no arXiv identifier"),
        (replace(PAPER, id="W2741809807", origin="openalex"), "the paper has no arXiv identifier"),
        (replace(PAPER, version=10_000), "the paper's version is no version of arXiv's"),
    ],
)
def test_papers_that_are_not_asked_for(paper: Paper, reason: str) -> None:
    web = Web({})
    found = read(web, paper)
    assert isinstance(found, NotRead)
    assert found.reason.startswith(reason)
    assert web.asked == []


@pytest.mark.parametrize(
    "identifier",
    [
        *("../2601.00001", "2601.00001v2", "2601.00001/..", "2613.00001", "2601.001", "2601.00001\n", "2601.0000１"),
        *("astro-ph/06010012", "astro-ph/0601001?x", "//evil.example/0601001", "astro-ph/../x", "a/0601001"),
        *("", "2601.00001#", "%2e%2e"),
    ],
)
def test_what_is_no_identifier_makes_no_address(identifier: str) -> None:
    assert not is_arxiv_id(identifier)
    with pytest.raises(ValueError, match=r"^not an arXiv identifier$"):
        addresses(identifier, 1)


def test_addresses() -> None:
    assert addresses("astro-ph/0601001", 3) == {
        "html": "https://arxiv.org/html/astro-ph/0601001v3", "pdf": "https://arxiv.org/pdf/astro-ph/0601001v3"
    }  # fmt: skip
    assert addresses("math.GT/0309136", None)["pdf"] == "https://arxiv.org/pdf/math.GT/0309136"


@given(st.text())
def test_an_address_holds_nothing_but_an_identifier(text: str) -> None:
    if is_arxiv_id(text):
        assert all(char.isascii() and (char.isalnum() or char in "./-") for char in text)
        assert ".." not in text


class Kept:
    """A ledger that was tampered with."""

    def __init__(self, body: Any) -> None:
        self.body = body

    def answer(self, kind: str, request: Mapping[str, Any], ask: Any, *, tokens: int = 0) -> Answer:
        assert (kind, request) == ("full-text", {"arxiv": "2601.00001", "version": 2})
        return Answer(self.body)


TEXT = FullText(HTML, "text/html", "0" * 64, "x/1", (Section("Text", "A tree."),)).to_json()


def kept(body: Any) -> FullText | NotRead:
    return read_full_text(PAPER, Kept(body), Web({}).get)  # type: ignore[arg-type]


def test_a_kept_text_is_used() -> None:
    assert kept(TEXT) == FullText.from_json(TEXT)
    assert kept({"not_read": "HTML:\nnone"}) == NotRead("HTML: none")


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "text",
        {},
        {"not_read": 1},
        {**TEXT, "more": 1},
        {**TEXT, "url": "https://evil.example/"},
        {**TEXT, "url": PDF},
        {**TEXT, "url": 5},
        {**TEXT, "media_type": "text/plain"},
        {**TEXT, "sha256": "0" * 63},
        {**TEXT, "extractor": "a b"},
        {**TEXT, "sections": None},
        {**TEXT, "sections": [{"name": "Text", "text": "A tree.", "more": 1}]},
        {**TEXT, "sections": [{"name": "Text", "text": 5}]},
        {**TEXT, "sections": [{"name": "Text", "text": "A \x00tree."}]},
        {**TEXT, "sections": [{"name": "Two\nlines", "text": "A tree."}]},
        {**TEXT, "sections": [{"name": "n" * 201, "text": "A tree."}]},
        {**TEXT, "sections": [{"name": "Text", "text": "A tree."}] * 2001},
        {**TEXT, "sections": [{"name": "Text", "text": "a" * 1_000_001}] * 2},
    ],
)
def test_a_kept_text_of_another_form_is_not_used(body: Any) -> None:
    found = kept(body)
    assert isinstance(found, NotRead)
    assert found.reason.startswith("the stored answer cannot be used: full text ") or "section with" in found.reason
