"""What a site shows of corrected, concerned, retracted and removed records, of their versions, events and proofs."""

from __future__ import annotations

import hashlib
import io
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from generator.manifest import contracts
from generator.manifest.log.append import append
from generator.manifest.log.published import LogView
from generator.manifest.store import Record, Store, load_record
from generator.site import changes, marks, notices
from generator.site.build import build
from generator.site.live import LiveSite, plain
from generator.site.marks import Mark, marked_html, marked_pdf
from generator.site.monitoring import Block, Link, Reason
from generator.site.records import RecordPages
from generator.site.shell import BODY_END, BODY_START, Shell, Shells
from generator.site.writer import RecordWriter

BODY = f'<p id="{BODY_START}"></p><p id="{BODY_END}"></p>'
SHELL = Shell(f"<html><head><title>t</title></head><body>{BODY}</body></html>")
SHELLS = Shells(SHELL, SHELL, SHELL, SHELL)
MARK = Mark(
    label="Retracted",
    sentence="This record has been retracted",
    kind="Retraction",
    day="2026-11-26",
    by="Assignee Research",
    url="https://assignee.net/paper/EEED5F05/notices/2026-11-26-retraction/",
    event_id="2026-11-26-retraction",
)


class Made(NamedTuple):
    """A registry with a record of each kind, and the site built of it; ``ids``: name of each record -> short id."""

    root: Path
    site: Path
    ids: dict[str, str]

    def folder(self, name: str) -> Path:
        return self.site / "paper" / self.ids[name]

    def html(self, name: str, below: str = "") -> str:
        return (self.folder(name) / below / "index.html").read_text(encoding="utf-8")

    def text(self, name: str, below: str = "") -> str:
        return words(self.html(name, below))

    def record(self, name: str) -> Record:
        short = self.ids[name]
        return load_record(self.root / short[:2] / short / "manifest.json")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType) -> Made:
    root: Path = tmp_path_factory.mktemp("corrected")
    ids = maker.corrected_registry(root)
    append(root)
    return Made(root, build(tmp_path_factory.mktemp("built") / "site", root, maker.ROOT / "mkdocs.yml").site_dir, ids)


def words(html: str) -> str:
    """The words of the record's part of a page, on one line."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html[html.index('<div class="record') :])).split())


def rows(html: str, caption: str) -> list[list[str]]:
    """The cells of the first table with this caption."""
    start = html.index(f"<caption>{caption}</caption>")
    body = html[html.index("<tbody>", start) : html.index("</tbody>", start)]
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]+>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)
        ]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    ]


# --- the record's page -----------------------------------------------------------------------------------------------


def test_the_page_shows_the_version_that_stands(made: Made) -> None:
    text = made.text("corrected")
    assert "Does red light make ferns grow shorter?" in text
    assert "Tier Quarantine candidate Level" in text
    assert "Score 4.2 of 10 (rubric checks) corrected 2026-11-25" in text
    assert "Correction state: CORRECTED Correction: see the Correction Record below" in text
    assert "Status CORRECTED Correction count 2 Last corrected 2026-11-25T09:00:00Z" in text


def test_a_note_has_no_banner_and_no_prefix(made: Made) -> None:
    html = made.html("corrected")
    assert 'class="banner' not in html
    assert '<h1 id="record" dir="auto">Does red light' in html


def test_what_was_changed_stands_beside_what_was_before(made: Made) -> None:
    html = made.html("corrected")
    old = made.record("corrected").manifest
    assert rows(html, "What was changed") == [
        ["Title", "Does blue light make ferns grow shorter?", "Does red light make ferns grow shorter?"],
        ["Possible disagreements", old["claims"]["disagreements"][0]["basis"], "not there"],
        ["Claim C2: truncated at source", "no", "yes"],
        ["Uncertainties", "not there", "Few ferns grew."],
    ]
    second = html[html.index('id="event-2026-11-25-score"') :]
    assert rows(second, "What was changed") == [
        ["Review score", str(old["quality_assessment"]["review"]["score"]), "4.2"]
    ]
    assert rows(second, "What follows from it, derived again by rule") == [
        ["Tier", "DOI grade", "Quarantine candidate"]
    ]
    assert "more derived fields on the event's own page , with every value in full." in words(html)


def test_corrected_fields_carry_a_mark_that_leads_to_the_event(made: Made) -> None:
    html = made.html("corrected")
    link = '<a class="chip mark changed" href="#event-2026-11-23-title">corrected 2026-11-23</a>'
    after_title = html[html.index("</h1>") : html.index("status-line")]
    assert link in after_title
    claim = html[html.index('<li id="claim-C2"') : html.index('<li id="claim-C3"')]
    assert link in claim
    other = html[html.index('<li id="claim-C1"') : html.index('<li id="claim-C2"')]
    assert "chip mark changed" not in other
    assert 'id="event-2026-11-23-title"' in html


def test_a_claim_under_a_notice_is_marked_by_its_kind(made: Made) -> None:
    html = made.html("concerned")
    for claim in ("C1", "C3"):
        part = html[html.index(f'<li id="claim-{claim}"') :]
        link = '<a class="chip mark doubted" href="#event-2026-11-23-concern">expression of concern 2026-11-23</a>'
        assert link in part[: part.index("</li>")]
    part = html[html.index('<li id="claim-C2"') : html.index('<li id="claim-C3"')]
    assert "expression of concern" not in part
    assert "Concerns: Claim C1 , Claim C3" in words(html)


def test_events_tell_who_why_and_where_to_see_it(made: Made) -> None:
    html = made.html("corrected")
    text = words(html)
    assert "The title named the wrong light. It is right now." in text
    assert "Issued by: A. Reader Reason: One of the paper's authors reported it. Makes version 2" in text
    link = '<a href="https://arxiv.org/abs/2505.20225v2" rel="noopener nofollow">'
    assert f"<bdi>The paper&#39;s second version</bdi>: {link}" in html
    assert '<a href="notices/2026-11-23-title/">2026-11-23-title</a>' in html
    retracted = made.text("retracted")
    assert f"In its place: SRCH:{made.ids['corrected']} Lifts: 2026-11-23-concern" in retracted
    assert "No longer in force, lifted by: 2026-11-26-retraction" in retracted


def test_versions_are_listed_with_their_hashes(made: Made) -> None:
    html = made.html("corrected")
    versions = made.record("corrected").versions
    assert rows(html, "Versions") == [
        [f"Version {v.number}{' (current)' * (v.number == 3)}", str(v.since), by, v.sha256[:12]]
        for v, by in zip(versions, ("publication", "event 2026-11-23-title", "event 2026-11-25-score"), strict=True)
    ]
    for version in versions:
        assert f'<a href="v{version.number}/manifest.json"><code title="{version.sha256}">' in html


@pytest.mark.parametrize(
    ("name", "banner", "prefix"),
    [
        (
            "concerned",
            "There is a formal concern about this record. Expression of concern of 2026-11-23 , issued by A. Reader .",
            "EXPRESSION OF CONCERN: ",
        ),
        (
            "retracted",
            "This record has been retracted. In its place stands {corrected} . Retraction of 2026-11-26 , issued by "
            "Assignee Research .",
            "RETRACTED: ",
        ),
        (
            "removed",
            "This record has been removed. Removal of 2026-11-27 , issued by A. Reader .",
            "REMOVED: ",
        ),
        (
            "superseded",
            "A newer version stands in this record's place. In its place stands {corrected} . New version of "
            "2026-11-23 , issued by A. Reader .",
            "",
        ),
    ],
)
def test_a_notice_stands_above_the_title(made: Made, name: str, banner: str, prefix: str) -> None:
    html = made.html(name)
    expected = banner.format(corrected=f"SRCH:{made.ids['corrected']}")
    start = html.index('<section class="banner banner-')
    section = html[start : html.index("</section>")]
    assert words('<div class="record">' + section) == expected
    label = re.search(r'aria-label="([^"]+)"', section)
    assert label is not None
    assert label[1].startswith("Notice: ")
    assert re.search(r'<a href="notices/[^"]+/">', section)
    # first thing of the record, before its id and its only h1
    assert html[:start].rstrip().endswith(('<div class="record">', '<div class="record removed-page">'))
    title = "Does blue light make ferns grow shorter?"
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", html) == [prefix + title]
    assert f"SRCH:{made.ids[name]}: {prefix}{title}" in html[: html.index("</head>")]


def test_a_lifted_notice_stays_in_the_history_only(made: Made) -> None:
    html = made.html("lifted")
    assert 'class="banner' not in html
    assert "EXPRESSION OF CONCERN: " not in html
    assert "No longer in force, lifted by: 2026-11-24-cleared" in words(html)
    assert "No longer, lifted by 2026-11-24-cleared" in made.text("lifted", "notices/2026-11-23-concern")


def test_two_notices_in_force_are_both_named(maker: ModuleType) -> None:
    base = maker.numbered(maker.example(), 1)
    events = [
        maker.event("2026-11-23", "concern", notice="expression_of_concern"),
        maker.event("2026-11-24", "newer", notice="new_version", replaced_by="SRCH:12345678"),
    ]
    shown = notices.banner(maker.record(base, events).events)
    assert shown is not None
    assert shown["label"] == "Expression of concern"
    assert shown["others"] == [{"name": "New version", "day": "2026-11-24", "href": "notices/2026-11-24-newer/"}]


def test_a_record_without_events_has_no_versions(made: Made) -> None:
    folder = made.folder("plain")
    assert {path.name for path in folder.iterdir() if path.is_dir()} == set()
    assert "<caption>Versions</caption>" not in made.html("plain")
    source = made.root / made.ids["plain"][:2] / made.ids["plain"] / "manifest.json"
    assert (folder / "manifest.json").read_bytes() == source.read_bytes()


# --- versions --------------------------------------------------------------------------------------------------------


def test_every_version_keeps_its_manifest_and_its_page(made: Made) -> None:
    for name in ("corrected", "concerned", "retracted", "lifted", "superseded"):
        record, folder = made.record(name), made.folder(name)
        for version in record.versions:
            data = (folder / f"v{version.number}" / "manifest.json").read_bytes()
            assert data == version.data
            assert hashlib.sha256(data).hexdigest() == version.sha256
            assert f"version {version.number} of {len(record.versions)}" in made.text(name, f"v{version.number}")
        assert (folder / "manifest.json").read_bytes() == record.current.data
        assert (folder / "v1" / "manifest.json").read_bytes() == record.path.read_bytes()
        for event in record.events:
            assert (folder / "corrections" / event.file).read_bytes() == event.path.read_bytes()


def test_a_past_version_says_so_and_is_kept_out_of_search_engines(made: Made) -> None:
    html = made.html("corrected", "v1")
    text = words(html)
    submitted = made.record("corrected").manifest["work"]["submitted"]
    first = f"This is version 1 of 3, as it stood from {submitted} to 2026-11-23T09:00:00Z . The current version ."
    assert text.startswith(first)
    assert "Does blue light make ferns grow shorter?" in text
    assert "Correction state in version 1: CURRENT" in text
    head = html[: html.index("</head>")]
    assert '<meta name="robots" content="noindex">' in head
    assert '<link rel="latest-version" href="../">' in head
    assert '<link rel="successor-version" href="../v2/">' in head
    assert "predecessor-version" not in head
    assert f'<link rel="canonical" href="https://assignee.net/paper/{made.ids["corrected"]}/v1/">' in head
    assert "noindex" not in made.html("corrected")
    assert made.text("corrected", "v3").startswith(
        "This is version 3 of 3, which stands now, since 2026-11-25T09:00:00Z ."
    )
    assert "Suggest a correction" not in text


def test_a_past_version_tells_of_the_notice_that_is_in_force_now(made: Made) -> None:
    html = made.html("retracted", "v1")
    assert words(html).startswith("This record has been retracted.")
    assert 'href="../notices/2026-11-26-retraction/"' in html
    assert "RETRACTED: Does blue light" in words(html)


def test_a_version_is_cited_under_its_own_address(made: Made) -> None:
    text = made.text("corrected", "v2")
    assert (
        f"version 2 (sample record over invented papers). https://assignee.net/paper/{made.ids['corrected']}/v2/"
        in text
    )


# --- events ----------------------------------------------------------------------------------------------------------


def test_every_event_has_a_page_linked_both_ways(made: Made) -> None:
    for name in ("corrected", "concerned", "retracted", "removed", "lifted", "superseded"):
        home = made.html(name)
        for event in made.record(name).events:
            html = made.html(name, f"notices/{event.id}")
            assert f'href="notices/{event.id}/"' in home
            assert '<a href="../../">' in html
            assert '<link rel="describes" href="../../">' in html
            title = made.record(name).current.manifest["work"]["title"]
            assert re.findall(r"<h1[^>]*>(.*?)</h1>", html) == [f"{notices.title_of(event)}: {title}"]
            assert f"<title>{notices.title_of(event)}: {title}" in html
            assert f'content="{event.at[:10]}. ' in html[: html.index("</head>")]
            assert event.sha256 in html


def test_a_notice_tells_everything_of_the_event(made: Made) -> None:
    text = made.text("retracted", "notices/2026-11-26-retraction")
    assert "Kind of notice Retraction Concerns Claim" in text
    assert "Date 2026-11-26T09:00:00Z Issued by Assignee Research Reason The main source was withdrawn." in text
    assert (
        f"In the record's place SRCH:{made.ids['corrected']} Lifts 2026-11-23-concern In force Yes Evidence None given"
        in text
    )
    assert "This event changes no field of the record." in text
    assert "The event made version 3 out of version 2. Both keep their addresses." in text
    other = made.text("corrected", "notices/2026-11-25-score")
    assert "Kind of notice None of the formal kinds Concerns Quality assessment" in other
    html = made.html("corrected", "notices/2026-11-25-score")
    follows = rows(html, "What follows from it, derived again by rule")
    assert ["Tier", "DOI grade", "Quarantine candidate"] in follows
    record = made.record("corrected")
    assert len(follows) == len(record.versions[2].consequences)


# --- removal ---------------------------------------------------------------------------------------------------------


def test_a_removed_record_leaves_a_tombstone(made: Made) -> None:
    record, folder = made.record("removed"), made.folder("removed")
    there = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert there == {
        *("index.html", "corrections.json", "cite.bib", "cite.ris", "cite.csl.json"),
        *("notices/2026-11-24-wording/index.html", "notices/2026-11-27-removal/index.html"),
    }
    text = made.text("removed")
    manifest = record.manifest
    for kept in (
        manifest["work"]["id"],
        manifest["work"]["public_id"],
        manifest["work"]["submitted"],
        manifest["publisher"]["name"],
        "It named private persons.",
        "Reason: One of the paper's authors reported it.",
        *(version.sha256 for version in record.versions),
    ):
        assert kept in text
    assert (
        "The text of this record, its files and its versions are no longer served here. Nor are the files of its "
        "events, which can repeat that text. What identifies the record stays."
    ) in text
    gone = [manifest["work"]["abstract"], "Other words.", manifest["claims"]["records"][0]["text"]]
    gone += [manifest["provenance"]["sources"][0]["title"]]
    for path in folder.rglob("*"):
        if path.is_file():
            content = path.read_text(encoding="utf-8")
            assert not [item for item in gone if item in content], path
    assert "Neither is served any more" in made.text("removed", "notices/2026-11-24-wording")
    assert "so the text of its changes is not published." in made.text("removed", "notices/2026-11-24-wording")


def test_the_contents_of_a_tombstone_are_those_of_its_page(made: Made) -> None:
    html = made.html("removed")
    listed = re.findall(r'<a href="#([a-z-]+)" class="md-nav__link">', html)
    assert listed == list(notices.REMOVED_BLOCKS)


# --- marked files ----------------------------------------------------------------------------------------------------


def test_files_of_a_retracted_record_are_marked_where_readers_get_them(made: Made) -> None:
    from pypdf import PdfReader

    record, folder = made.record("retracted"), made.folder("retracted")
    report = (folder / "report.html").read_text(encoding="utf-8")
    opening = report.index("<body>")
    assert words('<div class="record">' + report[opening : report.index("</div>")]).startswith(
        "This record has been retracted. Retraction of 2026-11-26, issued by Assignee Research: https://assignee.net/"
    )
    pages = PdfReader(folder / "report.pdf").pages
    assert len(pages) == 2
    for number, page in enumerate(pages, 1):
        text = page.extract_text()
        assert "This record has been retracted. Retraction of 2026-11-26, issued by Assignee Research:" in " ".join(
            text.split()
        )
        assert f"Page {('one', 'two')[number - 1]}" in text
    assert (folder / "run.json").read_bytes() == (record.folder / "run.json").read_bytes()
    for name in ("report.html", "report.pdf", "run.json"):
        assert (folder / "v1" / name).read_bytes() == (record.folder / name).read_bytes()
    for version in ("v2", "v3"):  # only the first version has the files bare
        assert (folder / version / "report.pdf").read_bytes() == (folder / "report.pdf").read_bytes()
        assert 'href="../notices/2026-11-26-retraction/"' in (folder / version / "report.html").read_text("utf-8")
        assert (folder / version / "run.json").read_bytes() == (record.folder / "run.json").read_bytes()
    html = made.html("retracted")
    for name in ("report.html", "report.pdf"):
        data = (folder / name).read_bytes()
        row = html[html.index(f'<td><a href="{name}">') :]
        row = row[: row.index("</tr>")]
        assert f'Report</bdi>, marked copy; as published: <a href="v1/{name}">v1/{name}</a>' in row
        assert f"{len(data):,} bytes" in row
        assert hashlib.sha256(data).hexdigest() in row


def test_marks_are_the_same_in_every_build(maker: ModuleType) -> None:
    data = maker.pdf("One", "Two")
    assert marked_pdf(data, MARK) == marked_pdf(data, MARK)
    assert marked_html(b"<body>x", MARK) == marked_html(b"<body>x", MARK)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("<!doctype html><html><head><title>t</title></head><body>", "<h1>x</h1></body></html>"),
        ('<html><head><title>a <body> b</title><style>body{x:y}</style></head><BODY class="a">', "x"),
        ("<!doctype html>", "<title>t</title><h1>x</h1>"),
        ("", "just text"),
        ("<!DOCTYPE html>", "<title><body> never ends"),
    ],
)
def test_the_banner_of_a_report_is_the_first_thing_in_its_body(before: str, after: str) -> None:
    made = marked_html((before + after).encode(), MARK).decode()
    assert made.startswith(before + '\n<div role="note" style="all:initial!important;display:block!important;')
    assert made.endswith("</div>\n" + after)


def test_words_of_a_mark_are_escaped() -> None:
    hostile = MARK._replace(by='"><script>x</script>', url='https://e.org/"<b>', sentence="<i>&")
    text = marked_html(b"<body>", hostile).decode()
    assert re.findall(r"<[a-z]+", text) == ["<body", "<div", "<a"]
    other = marked_html("<body>é".encode(), MARK._replace(by="Zoë 猫")).decode()
    assert "issued by Zo&#235; &#29483;:" in other
    assert other.endswith("é")


def broken_pdfs(maker: ModuleType) -> dict[str, bytes]:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import DecodedStreamObject, NameObject

    good = maker.pdf("One")

    def changed(before: bytes, after: bytes) -> bytes:
        writer = PdfWriter(clone_from=PdfReader(io.BytesIO(good)))
        page = writer.pages[0]
        contents = page.get_contents()
        assert contents is not None
        stream = DecodedStreamObject()
        stream.set_data(before + contents.get_data() + after)
        page[NameObject("/Contents")] = stream
        out = io.BytesIO()
        writer.write(out)
        return out.getvalue()

    locked = PdfWriter(clone_from=PdfReader(io.BytesIO(good)))
    locked.encrypt("secret", algorithm="RC4-128")
    out = io.BytesIO()
    locked.write(out)
    return {
        "empty": b"",
        "text": b"made up for a test: report.pdf\n",
        "cut": good[: len(good) // 3],
        "no page": b"%PDF-1.7\n%%EOF",
        "locked": out.getvalue(),
        "clip left over": changed(b"0 0 0 0 re W n q ", b""),
        "clip below": changed(b"Q 0 0 0 0 re W n q ", b""),
    }


@pytest.mark.parametrize("name", ["empty", "text", "cut", "no page", "locked", "clip left over", "clip below"])
def test_a_pdf_that_cannot_be_marked_is_not_served_bare(maker: ModuleType, name: str) -> None:
    from pypdf import PdfReader

    pages = PdfReader(io.BytesIO(marked_pdf(broken_pdfs(maker)[name], MARK))).pages
    assert len(pages) == 1
    text = " ".join(pages[0].extract_text().split())
    assert text.startswith("This record has been retracted Retraction of 2026-11-26, issued by Assignee Research.")
    assert "The report cannot be shown here with this mark on its pages, so this page stands in for it." in text


def test_turned_and_cropped_pages_carry_the_mark_too(maker: ModuleType) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(maker.pdf("One", "Two", "Three"))))
    writer.pages[0].rotate(90)
    writer.pages[1].cropbox.lower_left = (40, 40)
    out = io.BytesIO()
    writer.write(out)
    pages = PdfReader(io.BytesIO(marked_pdf(out.getvalue(), MARK))).pages
    assert len(pages) == 3
    assert all("This record has been retracted." in page.extract_text() for page in pages)
    assert pages[0].rotation == 0
    assert float(pages[0].mediabox.width) > float(pages[0].mediabox.height)


def test_only_html_and_pdf_are_marked() -> None:
    assert marks.marked("run.json", b"{}", MARK) == b"{}"


# --- proofs and the page's own check ---------------------------------------------------------------------------------


class Blocks(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if ("class", "verify") in attrs:
            self.found.append(dict(attrs))


def block(html: str) -> dict[str, Any]:
    (only,) = Blocks(html).found
    return {**only, "items": json.loads(str(only["data-items"]))}


def test_the_page_names_every_version_and_event_with_its_proof(made: Made) -> None:
    short = made.ids["corrected"]
    group = f"{short[:2]}/{short}"
    shown = block(made.html("corrected"))
    assert shown["data-log"] == "../../log/"
    assert shown["data-key"] == "none"
    assert shown["items"] == [
        {
            "label": "Manifest of version 1",
            "path": f"{group}/manifest.json",
            "file": "v1/manifest.json",
            "proof": "v1/manifest.json.tlog-proof",
        },
        {
            "label": "Manifest of version 2",
            "path": f"{group}/v2/manifest.json",
            "file": "v2/manifest.json",
            "proof": "v2/manifest.json.tlog-proof",
        },
        {
            "label": "Manifest of version 3, the current one",
            "path": f"{group}/v3/manifest.json",
            "file": "manifest.json",
            "proof": "manifest.json.tlog-proof",
        },
        {
            "label": "Event 2026-11-23-title",
            "path": f"{group}/corrections/2026-11-23-title.yml",
            "file": "corrections/2026-11-23-title.yml",
            "proof": "corrections/2026-11-23-title.yml.tlog-proof",
        },
        {
            "label": "Event 2026-11-25-score",
            "path": f"{group}/corrections/2026-11-25-score.yml",
            "file": "corrections/2026-11-25-score.yml",
            "proof": "corrections/2026-11-25-score.yml.tlog-proof",
        },
    ]
    assert f"srch verify https://assignee.net/paper/{short}/" in made.text("corrected")
    assert '<script src="../../assets/verify.js" defer></script>' in made.html("corrected")


def test_proofs_are_those_of_the_log(made: Made) -> None:
    log = LogView(made.root)
    found = 0
    for name in ("corrected", "plain", "retracted"):
        folder = made.folder(name)
        pages = ["", *(str(path.parent.relative_to(folder)) for path in folder.glob("*/**/index.html"))]
        for below in pages:
            for item in block(made.html(name, below))["items"]:
                proof = (folder / below / item["proof"]).resolve()
                assert proof.read_bytes() == log.proof(item["path"])
                data = (folder / below / item["file"]).resolve().read_bytes()
                leaf = json.dumps(
                    {"path": item["path"], "sha256": hashlib.sha256(data).hexdigest()}, separators=(",", ":")
                )
                assert leaf in (made.site / "log" / "entries.jsonl").read_text(encoding="utf-8").splitlines()
                found += 1
    assert found == 5 + 3 + 2 * 3 + 1 + 5 + 3 + 2 * 3


def test_what_is_not_in_the_log_yet_is_called_so(made: Made, maker: ModuleType) -> None:
    class Empty:
        size, signed = 1, True

        def proof(self, path: str) -> bytes | None:
            return None

    writer = RecordWriter(SHELLS, "https://assignee.net/", log=Empty())
    folder = writer.write(made.record("plain"), made.site.parent / "unlogged")
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert block(html)["items"][0]["proof"] is None
    assert "data-key" not in block(html)
    assert "Manifest : not in the log yet" in words(html)
    assert "whoever holds its key can show another one to a reader who kept no old checkpoint." in words(html)
    assert not list(folder.rglob("*.tlog-proof"))


def test_a_site_without_a_log_says_so(made: Made) -> None:
    folder = RecordWriter(SHELLS, "https://assignee.net/").write(made.record("plain"), made.site.parent / "bare")
    html = (folder / "index.html").read_text(encoding="utf-8")
    assert "This site publishes no log, so there is nothing to hold these files against." in words(html)
    assert "verify.js" not in html
    assert not list(folder.rglob("*.tlog-proof"))


# --- links -----------------------------------------------------------------------------------------------------------


class Links(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.ids: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("href", "src") and value is not None:
                self.found.append(value)
            elif name == "id" and value:
                self.ids.add(value)


def test_no_link_of_a_record_page_at_any_depth_is_broken(made: Made) -> None:
    pages = sorted((made.site / "paper").rglob("*.html"))
    parsed = {path: Links(path.read_text(encoding="utf-8")) for path in pages}
    assert len({len(path.relative_to(made.site).parts) for path in pages}) == 3
    root = "https://site.example/"
    for path, page in parsed.items():
        here = root + path.relative_to(made.site).as_posix().removesuffix("index.html")
        for link in page.found:
            target = urlsplit(urljoin(here, link))
            if target.netloc != "site.example":
                continue
            file = made.site / unquote(target.path).lstrip("/")
            file = file / "index.html" if target.path.endswith("/") else file
            assert file.is_file(), (path, link)
            if target.fragment and file in parsed:
                assert target.fragment in parsed[file].ids, (path, link)


def test_the_theme_knows_the_depth_of_each_page(made: Made) -> None:
    for below, depth in (("", "../.."), ("v1", "../../.."), ("notices/2026-11-23-title", "../../../..")):
        html = made.html("corrected", below)
        assert f'"base": "{depth}"' in html
        assert f'new URL("{depth}",location)' in html


# --- data, labels, serving -------------------------------------------------------------------------------------------


def test_correction_records_follow_their_contract(made: Made) -> None:
    for name in made.ids:
        path = made.folder(name) / "corrections.json"
        assert contracts.validate(json.loads(path.read_bytes()), "correction-record", file=str(path)) == []


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("", "The whole record"),
        ("/work/title", "Title"),
        ("/work/research_question", "Research question"),
        ("/claims/records/C3", "Claim C3"),
        ("/claims/records/C3/grounding/locator", "Claim C3: grounding, locator"),
        ("/provenance/sources/S1/title", "Source S1: title"),
        ("/provenance/sources", "Sources"),
        ("/uncertainties", "Uncertainties"),
        ("/uncertainties/0/text", "Uncertainty 1: text"),
        ("/artifacts/0/label", "File 1: label"),
        ("/quality_assessment/review/score", "Review score"),
        ("/quality_assessment/gate/reason", "Gate: reason"),
        ("/quality_assessment/tier/label", "Tier"),
        ("/quality_assessment/dimensions/dimensions/evidence_strength/level", "Evidence strength"),
        ("/quality_assessment/dimensions/dimensions/evidence_strength/basis", "Evidence strength: basis"),
        ("/claims/aggregate/verified", "Claims verified"),
    ],
)
def test_fields_have_readable_names(path: str, label: str) -> None:
    assert changes.label(path) == label


def test_long_values_are_cut_on_the_record_page_only(maker: ModuleType) -> None:
    base = maker.numbered(maker.example(), 1)
    long = "word " * 200
    record = maker.record(base, [maker.event(changes=[maker.replaced(base, "/work/abstract", long)])])
    (brief,) = changes.differences(record.current.facts, brief=True)
    assert brief.after is not None
    assert brief.after.cut
    assert len(brief.after.text) == 240
    assert brief.after.text.endswith("…")
    (whole,) = changes.differences(record.current.facts)
    assert whole.after == changes.Value(long)


CITATION = {
    **dict.fromkeys(("key", "id", "number", "title", "publisher", "year", "version", "language", "url", "note"), "x"),
    **dict.fromkeys(("date", "status", "sample"), ""),
}


def test_only_plain_web_addresses_of_evidence_become_links(maker: ModuleType) -> None:
    links = [{"label": "Look", "url": url} for url in ("javascript:alert(1)", "https://example.org/a")]
    record = maker.record(maker.numbered(maker.example(), 1), [maker.event(evidence=links)])
    pages = RecordPages(SHELLS)
    for html in (pages.page(record, [], CITATION), pages.notice(record, record.current)):
        assert '<bdi class="plain-address">javascript:alert(1)</bdi>' in html
        assert '<a href="https://example.org/a" rel="noopener nofollow">https://example.org/a</a>' in html
        assert 'href="javascript' not in html


def test_what_the_monitor_says_takes_the_place_of_the_notice_that_a_record_is_due(maker: ModuleType) -> None:
    record, pages = maker.record(maker.of_rules_1_0()), RecordPages(SHELLS)
    assert "A newer verifier exists: this record is due for re-review." in pages.page(record, [], CITATION)
    reason = Reason("A source was withdrawn", "2026-11-20", "S1 <b>was</b>.", [Link("S1", "https://e.org/a")])
    block = Block("DUE", "This record is due for re-review.", [reason], [("A source was withdrawn", True, "9 of 9.")])
    html = pages.page(record, [], CITATION, review=block)
    text = words(html)
    assert "A newer verifier exists" not in text
    assert ("This record is due for re-review. A source was withdrawn, since 2026-11-20 : S1 <b>was</b>. S1 ") in text[
        : text.index("Abstract")
    ]
    assert '<a href="https://e.org/a" rel="noopener nofollow"><bdi>S1</bdi></a>' in html
    assert (
        "Re-review: This record is due for re-review. What is watched A source was withdrawn: watched. 9 of 9." in text
    )
    quiet = words(pages.page(record, [], CITATION, review=block._replace(state="CLEAR", heading="Nothing changed.")))
    assert "Nothing changed." not in quiet[: quiet.index("Abstract")]
    assert "Re-review: Nothing changed." in quiet


def test_a_correction_can_be_suggested(maker: ModuleType) -> None:
    record = maker.record(maker.numbered(maker.example(), 1))
    pages = RecordPages(SHELLS)
    plain = '<a class="suggest" href="../../correct/">Suggest a correction</a>'
    assert plain in pages.page(record, [], CITATION)
    form = "https://code.example/new/main?filename=a&value=b"
    shown = pages.page(record, [], CITATION, suggest=form)
    assert f'<a class="suggest" href="{form.replace("&", "&amp;")}" rel="noopener nofollow">' in shown


def test_serving_makes_and_unmakes_what_a_record_needs(tmp_path: Path, maker: ModuleType) -> None:
    root, site = tmp_path / "manifests", tmp_path / "site"
    root.mkdir()
    site.mkdir()
    base = maker.numbered(maker.example(), 1)
    short = base["work"]["short_id"]
    folder = maker.store(root, base, [maker.event(notice="retraction")])
    live = LiveSite(RecordWriter(SHELLS, "https://e.org/"), Store(root), site, "paper/x", "https://e.org/", "Name")
    page = site / "paper" / short
    live.prepare(f"paper/{short}/v1/")
    assert (page / "v2" / "manifest.json").is_file()
    assert (page / "notices" / "2026-11-23-note" / "index.html").is_file()
    assert not list(page.rglob("*.tlog-proof"))
    append(root)
    live.prepare(f"paper/{short}/")
    assert len(list(page.rglob("*.tlog-proof"))) == 4
    removal = maker.event("2026-11-24", "removal", notice="removal", record=base["work"]["public_id"])
    (folder / "corrections" / "2026-11-24-removal.yml").write_text(json.dumps(removal), encoding="utf-8")
    live.prepare(f"paper/{short}/v1/manifest.json")
    assert not (page / "v1").exists()
    assert not (page / "manifest.json").exists()
    assert "REMOVED: " in (page / "index.html").read_text(encoding="utf-8")


def test_a_second_build_makes_the_same_site(made: Made, tmp_path: Path, maker: ModuleType) -> None:
    again = build(tmp_path / "site", made.root, maker.ROOT / "mkdocs.yml").site_dir
    for path in sorted((made.site / "paper").rglob("*")):
        if path.is_file():
            assert (again / path.relative_to(made.site)).read_bytes() == path.read_bytes(), path


@pytest.mark.parametrize(
    ("asked", "read"),
    [
        ("/paper/E50A8461/", "/paper/E50A8461/"),
        ("/./paper/E50A8461/run.json", "/paper/E50A8461/run.json"),
        ("//paper//E50A8461/./", "/paper/E50A8461/"),
        ("/x/../paper/E50A8461/v2/manifest.json", "/paper/E50A8461/v2/manifest.json"),
        ("/search/./search_index.json", "/search/search_index.json"),
        ("/", "/"),
        ("/..", "/"),
    ],
)
def test_a_served_address_is_made_anew_as_the_server_reads_it(asked: str, read: str) -> None:
    assert plain(asked) == read
