"""Hostile text goes through every field, and nothing of it becomes markup, script or a second record."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import defusedxml.ElementTree as ET
import html5lib
import pytest
import rispy

from generator.manifest.check import check_record
from generator.manifest.files import active_content
from generator.manifest.store import load_record
from generator.site import cite
from generator.site.records import RecordPages
from generator.site.shell import BODY_END, BODY_START, Shell, Shells
from generator.site.text import clean
from generator.site.view import FileFacts

BODY = f'<p id="{BODY_START}"></p><p id="{BODY_END}"></p>'
SHELL = Shell(f"<html><head><title>t</title></head><body>{BODY}</body></html>")
SHELLS = Shells(SHELL, SHELL, SHELL, SHELL)
FILES = [FileFacts("manifest.json", "Manifest", "application/json", 1, "0" * 64)]
# What the record template uses, and nothing else.
TAGS = {
    *("html", "head", "title", "link", "body", "div", "p", "h1", "h2", "h3", "ul", "ol", "li", "dl", "dt", "dd"),
    *("span", "bdi", "a", "time", "table", "tbody", "thead", "tr", "th", "td", "caption", "br", "code", "cite", "pre"),
    *("section", "strong", "meta", "details", "summary"),
}
# What could run or load something, or change how the page around it works.
LOADING = {
    *("script", "iframe", "object", "embed", "base", "form", "style", "svg", "img", "meta", "input", "video", "audio"),
    *("math", "template", "link"),
}
ACTIVE = re.compile(r"^[\s\x00-\x20]*(javascript|vbscript|data|file|blob)\s*:", re.IGNORECASE)


def elements(html: str) -> Iterator[tuple[str, dict[str, str]]]:
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    for element in tree.iter():
        # html5lib gives comments a function as their tag.
        yield (element.tag if isinstance(element.tag, str) else "#comment"), dict(element.attrib)


def assert_inert(html: str, tags: set[str]) -> None:
    for tag, attributes in elements(html):
        assert tag in tags, tag
        for name, value in attributes.items():
            assert not name.lower().startswith("on"), (tag, name)
            assert name.lower() not in ("style", "srcdoc", "formaction", "action", "http-equiv"), (tag, name)
            if name.lower() in ("href", "src", "xlink:href", "poster", "background"):
                assert not ACTIVE.match(value), (tag, name, value)


def text_of(html: str, tag: str) -> str:
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    found = next(element for element in tree.iter(tag))
    return "".join(found.itertext())


def test_every_hostile_line_stays_text(hostile: list[str], maker: ModuleType) -> None:
    pages = RecordPages(SHELLS)
    base = maker.small(maker.numbered(maker.example(), 9))
    for text in hostile:
        manifest = maker.with_texts(base, text)
        citation = cite.facts(manifest, "https://assignee.net/paper/X/", "CURRENT")
        html = pages.page(maker.record(manifest), FILES, citation)
        assert_inert(html, TAGS)
        # html5lib folds nothing here, so the reader sees exactly what the manifest says.
        assert text_of(html, "h1") == clean(manifest["work"]["title"])


def test_every_hostile_line_stays_text_in_events(hostile: list[str], maker: ModuleType) -> None:
    pages = RecordPages(SHELLS)
    base = maker.small(maker.numbered(maker.example(), 9))
    for start in range(0, len(hostile), 3):
        some = hostile[start : start + 3]
        changes = [maker.replaced(base, "/work/title", some[0] or " ")]
        words = {name: " ".join(some)[:4000] for name in ("public_note", "reason", "issued_by")}
        link = {"label": some[-1] or " ", "url": "https://example.org/a%22b?c=%3Cscript%3E"}
        first = maker.event(notice="correction", changes=changes, evidence=[link], **words)
        last = maker.event("2026-11-25", "retraction", notice="retraction", **words)
        record = maker.record(base, [first, last])
        citation = cite.facts(record.current.manifest, "https://assignee.net/paper/X/", "CORRECTED")
        gone = maker.record(base, [first, maker.event("2026-11-25", "removal", notice="removal", **words)])
        made = [
            pages.page(record, FILES, citation),
            pages.notice(record, record.versions[1]),
            pages.version(record, record.current, FILES, citation),
            pages.removed(gone, FILES, citation),
            pages.notice(gone, gone.versions[1]),
        ]
        for html in made:
            assert_inert(html, TAGS)
        title = clean(some[0] or " ")
        assert text_of(made[0], "h1") == f"RETRACTED: {title}"
        assert text_of(made[1], "h1") == f"Correction: {title}"


def test_hostile_citations_parse_back_to_one_entry(hostile: list[str], maker: ModuleType) -> None:
    bibtexparser = pytest.importorskip("bibtexparser")
    manifest = maker.small(maker.numbered(maker.example(), 9))
    for text in hostile:
        manifest["work"]["title"] = text or " "
        facts = cite.facts(manifest, "https://assignee.net/paper/X/", "CURRENT")
        entries = parse_bibtex(bibtexparser, cite.bibtex(facts))
        assert len(entries) == 1
        assert entries[0]["number"] == manifest["work"]["public_id"]
        records = rispy.loads(cite.ris(facts))
        assert len(records) == 1
        assert records[0].get("title", "").strip() == facts["title"]
        assert json.loads(cite.csl(facts))[0]["title"] == facts["title"]


def parse_bibtex(bibtexparser: ModuleType, text: str) -> list[dict[str, Any]]:
    if hasattr(bibtexparser, "parse_string"):  # version 2
        library = bibtexparser.parse_string(text)
        assert not library.failed_blocks
        return [{field.key: field.value for field in entry.fields} for entry in library.entries]
    return list(bibtexparser.loads(text).entries)


def test_hostile_records_are_valid_and_the_whole_site_holds_nothing_active(
    hostile: list[str], maker: ModuleType, tmp_path: Path
) -> None:
    from generator.site.build import build

    long = [" ".join(hostile[start : start + 18])[:19000] for start in range(0, len(hostile), 18)]
    root = tmp_path / "manifests"
    for number, text in enumerate(long):
        folder = maker.store(root, maker.with_texts(maker.numbered(maker.example(), number), text))
        assert check_record(load_record(folder / "manifest.json")) == []
    clean_root = tmp_path / "clean"
    for number, _ in enumerate(long):
        maker.store(clean_root, maker.numbered(maker.example(), number))
    site = build(tmp_path / "site", root, maker.ROOT / "mkdocs.yml").site_dir
    plain = build(tmp_path / "plain", clean_root, maker.ROOT / "mkdocs.yml").site_dir
    for path in sorted(plain.rglob("*.html")):
        name = path.relative_to(plain)
        # The frame may hold scripts; hostile text may not add, change or remove one.
        assert scripts(site / name) == scripts(path), name
    for path in sorted(site.rglob("*.json")):
        json.loads(path.read_bytes())
    assert len(ET.fromstring((site / "sitemap.xml").read_bytes())) >= len(long)
    for doc in json.loads((site / "search" / "search_index.json").read_bytes())["docs"]:
        if doc["location"].startswith("paper/"):
            assert "<" not in doc["title"] + doc["text"]


def scripts(path: Path) -> Counter[tuple[str, str]]:
    """Everything on a page that could run or load something."""
    found: Counter[tuple[str, str]] = Counter()
    for tag, attributes in elements(path.read_text(encoding="utf-8")):
        if tag in LOADING:
            found[tag, attributes.get("src", "")] += 1
        for name, value in attributes.items():
            if name.lower().startswith("on") or ACTIVE.match(value):
                found[tag, f"{name}={value}"] += 1
    return found


@pytest.mark.parametrize(
    "markup",
    [
        "<script>x</script>",
        '<a href="javascript:x">a</a>',
        '<a href="&#106;avascript:x">a</a>',
        '<p onclick="x">a</p>',
        '<meta http-equiv="refresh" content="0">',
        "<img src=x>",
        "<svg></svg>",
        "<style>a { background: url(https://e.org) }</style>",
        "<style>@import 'x'</style>",
        "<!-- --!><script>x</script> -->",
        "<p title='x' onclick=y>",
        '<base href="https://e.org">',
        "a < b",
    ],
)
def test_active_reports_are_refused(markup: str) -> None:
    assert active_content(f"<!doctype html>\n<p>\n{markup}".encode()) == 3


def test_plain_reports_pass() -> None:
    report = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><style>p { margin: 0 }</style></head>'
    report += '<body><h1 dir="auto">a &lt;script&gt;</h1><a href="https://e.org/?a=1&amp;b" rel="nofollow">x</a></body>'
    assert active_content(report.encode()) is None
    assert active_content(b"<p>\xff") == 1
