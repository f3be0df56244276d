"""What stands on a record page, in which order, and with which words."""

from __future__ import annotations

import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generator.manifest import contracts
from generator.site.text import fine, http_url, one_line, score
from generator.site.view import standing

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
    "Verify",
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
        ("Verification Level", "Paper level", "L3, Cross-source corroborated"),
        ("Verification Level", "Verified claims", "5 of 6 (by lexical-v1 1.0.0)"),
        ("Verification Level", "Claims corroborated across sources", "2"),
        ("Verification Level", "Claims contested or refuted", "1"),
        ("Verification Level", "Rules of counting", "1.1; lexical-v1 1.0.0 meets the bar by its card"),
        ("Claims", "Claims verified", "5"),
        ("Verification Level", "Source-grounded claims", "6"),
        ("Quality Tier", "Tier", "DOI grade"),
        ("Quality Tier", "Rule", "T2: review score ≥ 7.5, verified claims ≥ 1"),
        ("Quality Dimensions", "Evidence strength", "HIGH"),
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


def claims_of(site: Path, short: str) -> dict[str, tuple[str, str]]:
    """Id of each claim -> (class of its list item, its words on one line)."""
    html = (site / "paper" / short / "index.html").read_text(encoding="utf-8")
    part = html[html.index('<ol class="claims">') : html.index("</ol>", html.index('<ol class="claims">'))]
    found = {}
    for item in re.split(r"(?=<li id=.claim-)", part)[1:]:
        opening = re.match(r'<li id="claim-(\w+)"(?: class="([^"]*)")?>', item)
        assert opening is not None
        words = unescape(" ".join(re.sub(r"<[^>]+>", " ", item).split()))
        found[opening[1]] = (opening[2] or "", words)
    return found


def test_each_claim_shows_its_verdict_with_reasons_and_evidence(site: Path, maker: ModuleType) -> None:
    found = claims_of(site, maker.example()["work"]["short_id"])
    assert found["C1"][0] == ""
    for words in (
        "verified, corroborated",
        "Sources say: supported",
        "Confidence: 0.97, sure",
        "By: lexical-v1 1.0.0",
        "Supported by: S1, S2",
        "S1: The claim stands in the source word for word.",
        "Evidence: S1 , characters 81-159, where the claim stands itself",
        "Evidence: S2 , characters 60-131: “ Fronds grew shorter in all three greenhouses than in the dark controls. ”",
    ):
        assert words in found["C1"][1]
    assert "verified, single source" in found["C2"][1]
    assert "Refuted by" not in found["C2"][1]


def test_a_contested_claim_stands_out_by_words_and_frame(site: Path, maker: ModuleType) -> None:
    found = claims_of(site, maker.example()["work"]["short_id"])
    assert found["C6"][0] == "claim-contested"
    assert "contested: sources disagree" in found["C6"][1]
    assert "Supported by: S3 Refuted by: S1" in found["C6"][1]
    assert "verified" not in found["C6"][1]
    style = (site / "assets" / "registry.css").read_text(encoding="utf-8")
    assert "ol.claims > li:is(.claim-contested, .claim-refuted) {\n  border: 3px double" in style


def test_verified_is_not_said_where_the_verifier_misses_the_bar(site: Path, maker: ModuleType) -> None:
    short = maker.echoed(maker.numbered(maker.example(), 4))["work"]["short_id"]
    shown = page(site, short)
    assert "Verified claims" not in shown.text
    by = "5 of 6 (by weak-words-v1 1.0.0, which does not meet the bar for verified)"
    assert shown.rows["Verification Level", "Echoed in source"] == by
    assert shown.rows["Verification Level", "Paper level"] == "L2, Source-grounded claims"
    assert shown.rows["Verification Level", "Rules of counting"] == "1.1; weak-words-v1 1.0.0 has no measured figures"
    assert shown.rows["Claims", "Claims echoed in source"] == "5"
    assert shown.rows["Quality Tier", "Tier"] == "Public record"
    found = claims_of(site, short)
    assert all("verified" not in words for _, words in found.values())
    assert "echoed in source, corroborated" in found["C1"][1]
    assert "Confidence: 0.97, not calibrated" in found["C1"][1]
    assert "due for re-review" not in shown.text


def test_a_record_of_the_first_rules_is_echoed_and_due(site: Path, maker: ModuleType) -> None:
    manifest = maker.of_rules_1_0()
    shown = page(site, manifest["work"]["short_id"])
    assert (
        "A newer verifier exists: this record is due for re-review. Made by rules 1.0, which let every method's "
        "verdict count as verified. Tier, level and dimensions were computed by rules 1.0."
    ) in shown.text
    by = "12 of 12 (by tfidf-bigram-v1, which does not meet the bar for verified)"
    assert shown.rows["Verification Level", "Echoed in source"] == by
    assert shown.rows["Verification Level", "Rules of counting"] == "1.0: every method's verdict counts as it stands"
    assert shown.rows["Quality Tier", "Tier"] == manifest["quality_assessment"]["tier"]["label"] == "DOI grade"
    inputs = "score 8.3 (rubric checks), claims that passed, which rules 1.0 count, 12, reproducibility LOW"
    assert shown.rows["Quality Tier", "Inputs"] == inputs
    assert not any(label in ("Verified claims", "Claims verified") for _, label in shown.rows)
    # what the checks of the time found is quoted as it was published, under the rules of the time
    assert "Rubric checks, by rules 1.0" in shown.text
    found = claims_of(site, manifest["work"]["short_id"])
    assert all("echoed in source: 0." in words and "verified" not in words for _, words in found.values())


def test_a_draft_keeps_its_count_with_the_name_of_its_method(site: Path, maker: ModuleType) -> None:
    manifest = maker.example("imported")
    shown = page(site, manifest["work"]["short_id"])
    number, of = (manifest["claims"]["aggregate"][name] for name in ("verified", "extracted"))
    count = f"{number} of {of}, as the draft counts, by a method that is not stated"
    assert shown.rows["Verification Level", "Verified claims"] == count
    assert "due for re-review" not in shown.text
    for record in manifest["claims"]["records"]:
        record["verification"]["method"] = "tfidf-bigram-v1"
    assert standing(manifest).counts == f"{number} of {of}, as the draft counts, by tfidf-bigram-v1"


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
    kept = (site / "paper" / short / "v1" / "manifest.json").read_bytes()
    assert kept == (registry / short[:2] / short / "manifest.json").read_bytes()
    assert json.loads((site / "paper" / short / "manifest.json").read_bytes())["work"]["version"] == 2


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
        there = [path for path in (*folder.iterdir(), *folder.glob("corrections/*.yml")) if path.is_file()]
        assert {name for name, _, _ in listed} == {str(path.relative_to(folder)) for path in there} - {"index.html"}
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
