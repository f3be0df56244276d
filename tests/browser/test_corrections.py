"""Corrected, retracted and removed records in Chromium: nothing for axe to find, and a page that checks itself."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from generator.manifest.log.append import append
from generator.manifest.log.note import Signer
from generator.site.build import build
from generator.site.marks import Mark, marked_html

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
SIGNER = Signer("assignee.net/log", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
# Name of a record and what stands below its address.
PAGES = {
    "corrected": ("corrected", ""),
    "concerned": ("concerned", ""),
    "retracted": ("retracted", ""),
    "removed": ("removed", ""),
    "superseded": ("superseded", ""),
    "notice": ("retracted", "notices/2026-11-26-retraction/"),
    "notice-with-changes": ("corrected", "notices/2026-11-25-score/"),
    "notice-of-removed": ("removed", "notices/2026-11-24-wording/"),
    "past-version": ("retracted", "v1/"),
    "current-version": ("corrected", "v3/"),
    "marked-report": ("retracted", "report.html"),
}


class Made(NamedTuple):
    """A built site and the short ids of its records by name."""

    site: Path
    ids: dict[str, str]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType) -> Made:
    root: Path = tmp_path_factory.mktemp("corrected")
    ids = maker.corrected_registry(root)
    append(root, SIGNER)
    return Made(build(tmp_path_factory.mktemp("built") / "site", root, maker.ROOT / "mkdocs.yml").site_dir, ids)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page hangs up on what it was loading; that is no fault."""


@pytest.fixture(scope="module")
def base(made: Made) -> Iterator[str]:
    """Address of the site with corrections, in the place of the one that the other tests look at."""
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(made.site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


def settled(page: Any) -> str | None:
    """The state of the page's own check once it is over; ``None`` on a page without one."""
    if page.locator(".verify").count() == 0:
        return None
    page.wait_for_function("!['', 'checking', undefined].includes(document.querySelector('.verify').dataset.state)")
    state: str = page.evaluate("document.querySelector('.verify').dataset.state")
    return state


@pytest.mark.parametrize(
    ("name", "watched"),
    [(name, view) for name in PAGES for view in VIEWS],
    indirect=["watched"],
    ids=[f"{name}-{view[0]}-{view[1]}" for name in PAGES for view in VIEWS],
)
def test_page(watched: Any, base: str, made: Made, name: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    record, below = PAGES[name]
    page = watched.page
    page.goto(f"{base}paper/{made.ids[record]}/{below}")
    expected = None if name in ("removed", "notice-of-removed", "marked-report") else "ok"
    assert settled(page) == expected
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
    found = axe.Axe().run(page, options={"runOnly": AXE_TAGS}).response
    assert [(item["id"], [node["target"] for node in item["nodes"]]) for item in found["violations"]] == []
    assert len(found["passes"]) > 5


@pytest.mark.parametrize(
    ("name", "label", "sentence"),
    [
        ("retracted", "Notice: Retracted", "This record has been retracted."),
        ("concerned", "Notice: Expression of concern", "There is a formal concern about this record."),
        ("removed", "Notice: Removed", "This record has been removed."),
        ("superseded", "Notice: New version", "A newer version stands in this record's place."),
        ("past-version", "Notice: Retracted", "This record has been retracted."),
    ],
)
def test_the_notice_is_met_before_the_title(
    watched: Any, base: str, made: Made, name: str, label: str, sentence: str
) -> None:
    record, below = PAGES[name]
    page = watched.page
    page.goto(f"{base}paper/{made.ids[record]}/{below}")
    region = page.get_by_role("region", name=label, exact=True)
    assert region.locator("strong").text_content() == sentence
    notice, title = region.bounding_box(), page.locator("h1").bounding_box()
    assert notice["y"] + notice["height"] <= title["y"] < 900
    order = page.evaluate(
        "document.querySelector('.banner').compareDocumentPosition(document.querySelector('h1'))"
        " & Node.DOCUMENT_POSITION_FOLLOWING"
    )
    assert order
    levels = page.evaluate("[...document.querySelectorAll('article :is(h1, h2, h3, h4)')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_one_changed_byte_turns_the_check_from_green_to_red(watched: Any, base: str, made: Made) -> None:
    page = watched.page
    manifest = made.site / "paper" / made.ids["corrected"] / "manifest.json"
    whole = manifest.read_bytes()
    page.goto(f"{base}paper/{made.ids['corrected']}/")
    assert settled(page) == "ok"
    assert page.text_content(".verify-result").startswith("All 5 files match the log at size ")
    green = page.evaluate("getComputedStyle(document.querySelector('.verify')).backgroundColor")
    try:
        manifest.write_bytes(whole.replace(b"red light", b"Red light", 1))
        page.reload()
        assert settled(page) == "failed"
        assert page.text_content(".verify-result") == "1 of 5 files does not match the log."
        bad = page.locator(".verify-items li[data-state=failed]")
        assert bad.count() == 1
        assert "Manifest of version 3, the current one: DOES NOT MATCH" in bad.text_content()
        red = page.evaluate("getComputedStyle(document.querySelector('.verify')).backgroundColor")
    finally:
        manifest.write_bytes(whole)
    assert green != red
    page.reload()
    assert settled(page) == "ok"


def test_without_javascript_the_page_says_what_it_takes(browser: Any, base: str, made: Made) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{base}paper/{made.ids['retracted']}/")
    needs = "This page can check its own files in the browser; that needs JavaScript."
    assert page.text_content(".verify-result") == needs
    page.click("text=Retraction >> nth=0")
    assert page.locator("h1").text_content() == "Retraction: Does blue light make ferns grow shorter?"
    page.click(f".record-id >> text=SRCH:{made.ids['retracted']}")
    assert page.locator("h1").text_content().startswith("RETRACTED: ")
    context.close()


def test_no_style_of_a_report_hides_its_mark(browser: Any) -> None:
    mark = Mark(
        "Retracted", "This record has been retracted", "Retraction", "2026-11-26", "A. Reader", "https://e.org/", "x"
    )
    style = """* { display: none !important; visibility: hidden !important; opacity: 0 !important }
      html, body, main { display: block !important; visibility: visible !important; opacity: 1 !important }
      div, [role] { position: absolute; left: -9999px !important; height: 0 !important; font-size: 0 !important }"""
    report = (
        f"<!doctype html><html><head><title>t</title><style>{style}</style></head><body><main>x</main></body></html>"
    )
    context = browser.new_context(viewport={"width": 800, "height": 600}, java_script_enabled=False)
    page = context.new_page()
    page.set_content(marked_html(report.encode(), mark).decode())
    note = page.get_by_role("note")
    assert note.is_visible()
    assert "This record has been retracted. Retraction of 2026-11-26, issued by A. Reader:" in note.inner_text()
    box = note.bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] < 50
    assert box["height"] > 30
    assert note.locator("a").is_visible()
    context.close()
