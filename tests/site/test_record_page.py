"""What stands on a record page, in which order, and with which words."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generator.manifest import contracts
from generator.site.text import fine, http_url, one_line, score

BLOCKS = [
    "Abstract",
    "Research Question",
    "Verification Level",
    "Gate Verdict",
    "Quality Tier",
    "Quality Dimensions",
    "Claims",
    "Correction Record",
    "Provenance",
    "References",
    "Cite",
    "Files",
]


class Page(HTMLParser):
    """Headings, rows under them, and the order of first appearances."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[tuple[str, str]] = []
        self.rows: dict[tuple[str, str], str] = {}
        self.text = ""
        self._cells: list[str] = []
        self._open: str | None = None
        self.feed(html[html.index('<div class="record">') :])

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "tr":
            self._cells = []
        if tag in ("h1", "h2", "th", "td"):
            self._open = tag
            self._cells.append("") if tag in ("th", "td") else self.headings.append((tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == self._open:
            self._open = None
        if tag == "tr" and len(self._cells) > 1:
            self.rows.setdefault((self.headings[-1][1], self._cells[0]), self._cells[1])

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._open in ("th", "td"):
            self._cells[-1] += data
        elif self._open:
            tag, text = self.headings[-1]
            self.headings[-1] = (tag, text + data)


def page(site: Path, short: str) -> Page:
    return Page((site / "paper" / short / "index.html").read_text(encoding="utf-8"))


def test_blocks_stand_in_the_fixed_order(site: Path) -> None:
    for folder in sorted((site / "paper").iterdir()):
        headings = page(site, folder.name).headings
        assert [tag for tag, _ in headings] == ["h1", *["h2"] * len(BLOCKS)]
        assert [text for _, text in headings[1:]] == BLOCKS


def test_id_title_labels_and_card_come_before_the_first_block(site: Path, maker: ModuleType) -> None:
    work = maker.example()["work"]
    text = page(site, work["short_id"]).text
    first = [
        work["public_id"],
        work["title"],
        "Correction state: CURRENT",
        "Machine-generated synthesis - not primary research, not peer reviewed",
        "Sample record: the papers behind it are invented",
        "Tier",
        "Level",
        "Score",
        "Date",
        "Abstract",
    ]
    places = [text.index(words) for words in first]
    assert places == sorted(places)


def test_escalated_record_says_who_let_it_through(site: Path, maker: ModuleType) -> None:
    text = page(site, maker.example("imported")["work"]["short_id"]).text
    assert re.search(r"Published by its owner's recorded decision; policy had escalated it \(REVISE, 5\.2\)", text)


@pytest.mark.parametrize(
    ("block", "label", "value"),
    [
        ("Verification Level", "Paper level", "L2, Source-grounded claims"),
        ("Verification Level", "Source-grounded claims", "6"),
        ("Quality Tier", "Tier", "DOI grade"),
        ("Quality Tier", "Rule", "T2: review score ≥ 7.5, verified claims ≥ 1"),
        ("Quality Dimensions", "Evidence strength", "MEDIUM"),
        ("Quality Dimensions", "Novelty", "UNASSESSED"),
        ("Correction Record", "Status", "CURRENT"),
        ("Correction Record", "Correction count", "0"),
        ("Correction Record", "Manifest contract", "paper-manifest-v1.1"),
        ("Correction Record", "Correction contract", "correction-record-v1"),
        ("Provenance", "Publisher", "Assignee Research"),
        ("Provenance", "Report artifact", "Available"),
        ("Provenance", "External record", "Not registered"),
        ("Provenance", "Quality guide", "How to read scores, claims, manifests, and evidence links"),
        ("Provenance", "Provenance contract", "source-provenance-v1"),
        ("Provenance", "Note", "Machine-generated synthesis of existing literature. Not primary research."),
    ],
)
def test_row(site: Path, maker: ModuleType, block: str, label: str, value: str) -> None:
    assert page(site, maker.example()["work"]["short_id"]).rows[block, label] == value


def test_what_a_draft_does_not_say_is_called_so(site: Path, maker: ModuleType) -> None:
    rows = page(site, maker.example("imported")["work"]["short_id"]).rows
    assert rows["Provenance", "Random seed"] == "Not stated"
    assert rows["Provenance", "Prompt hashes"] == "Not stated"


def test_cut_texts_are_marked(site: Path, maker: ModuleType) -> None:
    manifest = maker.example("imported")
    text = page(site, manifest["work"]["short_id"]).text
    expected = {"abstract": "The text stops here", "title": "The title stops here"}
    for name in manifest["work"]["truncated_at_source"]:
        assert f"{expected[name]} in the draft it was imported from." in text
    assert "stops here in the draft" not in page(site, maker.example()["work"]["short_id"]).text


def test_corrections_change_the_current_view_only(site: Path, registry: Path, maker: ModuleType) -> None:
    short = maker.numbered(maker.example(), 1)["work"]["short_id"]
    shown = page(site, short)
    assert shown.rows["Correction Record", "Status"] == "CORRECTED"
    assert shown.rows["Correction Record", "Correction count"] == "1"
    assert "Claim C1 came from the second version." in shown.text
    kept = (site / "paper" / short / "manifest.json").read_bytes()
    assert kept == (registry / short[:2] / short / "manifest.json").read_bytes()


def test_retraction_stands_in_the_title(site: Path, maker: ModuleType) -> None:
    shown = page(site, maker.numbered(maker.example(), 2)["work"]["short_id"])
    assert shown.headings[0][1].startswith("RETRACTED: ")
    assert "Retracted: see the Correction Record below" in shown.text


def test_correction_record_follows_its_contract(site: Path) -> None:
    for path in sorted((site / "paper").glob("*/corrections.json")):
        assert contracts.validate(json.loads(path.read_bytes()), "correction-record", file=str(path)) == []


def test_every_listed_file_is_there_as_listed(site: Path) -> None:
    import hashlib

    for folder in sorted((site / "paper").iterdir()):
        html = (folder / "index.html").read_text(encoding="utf-8")
        files = html[html.index('<h2 id="files">') :]
        listed = re.findall(r'<a href="([^"]+)">\1</a>.*?<td>([0-9,]+) bytes</td><td><code[^>]*>([0-9a-f]{64})', files)
        assert {name for name, _, _ in listed} == {path.name for path in folder.iterdir()} - {"index.html"}
        for name, size, sha in listed:
            data = (folder / name).read_bytes()
            assert (len(data), hashlib.sha256(data).hexdigest()) == (int(size.replace(",", "")), sha)


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        " https://example.org",
        "https://example.org/a b",
        'https://example.org/"onclick="x',
        "https://user@example.org/",
        "//example.org",
        "https://",
        "https://example.org/\u0000",
        "ftp://example.org",
        "https://example.org\\@evil.example",
        "",
        None,
    ],
)
def test_only_plain_web_addresses_become_links(address: str | None) -> None:
    assert http_url(address) is None


def test_plain_web_addresses_become_links() -> None:
    for address in ("http://arxiv.org/abs/2505.20225v1", "https://example.org", "HTTPS://example.org:8080/a?b=c#d"):
        assert http_url(address) == address


def test_numbers_do_not_round_over_a_threshold() -> None:
    assert [fine(value) for value in (0.35, 0.1496, 0.15, 1.0, 0.125, 0.0)] == [
        "0.35", "0.1496", "0.15", "1.00", "0.125", "0.00",
    ]  # fmt: skip
    assert [score(value) for value in (5.0, 8.83, 10, 0)] == ["5.0", "8.83", "10.0", "0.0"]


def test_one_line_knows_every_line_end() -> None:
    assert one_line("a\r\nb\u2028c\x85d\x0be\x00") == "a b c d e\ufffd"
