"""The report of a run: complete, labelled, the same bytes each time, and never more than text."""

from __future__ import annotations

import copy
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import html5lib
import pytest

from generator.kernel import report
from generator.kernel.report import render_html, render_pdf
from generator.manifest import contracts

ROOT = Path(__file__).parents[2]
HOSTILE = ROOT / ".." / "shared" / "data" / "hostile"
hostile = pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"the hostile strings are not at {HOSTILE}")

MADE = {
    "mode": "extractive",
    "method": "clause-synthesis-v1",
    "version": "0.1.0",
    "model": None,
    "prompt_sha256": None,
    "params": {},
    "fallback_reason": None,
}
QUOTE = "Routing settles early."
RUN: dict[str, Any] = {
    **contracts.envelope("synthesis-run"),
    "origin": {
        "mode": "executed",
        "kernel": {"name": "srch-kernel", "version": "0.1.0"},
        "dated": "2026-05-28",
        "started_at": "2026-05-28T10:11:12Z",
        "seed": 7,
        "corpus": {"name": "sample-corpus", "invented": True, "sha256": "0" * 64},
        "draft": None,
    },
    "title": {"text": "How stable is expert routing?", "truncated_at_source": False, "produced_by": MADE},
    "question": {"text": "How stable is expert routing?", "language": "en"},
    "introduction": None,
    "abstract": {
        "text": "Two papers look at routing.\n\nBoth find it stable.",
        "truncated_at_source": False,
        "claim_ids": ["C1"],
        "produced_by": MADE,
    },
    "queries": [{"id": "Q1", "text": "expert routing stability", "produced_by": MADE}],
    "query_count": 1,
    "retrieval": {
        "method": "relevance",
        "papers_retrieved": 3,
        "papers_used": 2,
        "excluded": [
            {
                "paper_id": "SAMPLE-A03",
                "version": 1,
                "url": None,
                "title": "A withdrawn paper",
                "reason_code": "WITHDRAWN",
                "reason": "withdrawn by its authors",
            }
        ],
        "produced_by": MADE,
    },
    "sources": [
        {
            "id": f"S{number}",
            "paper_id": f"SAMPLE-A0{number}",
            "version": 1,
            "url": f"https://example.org/abs/SAMPLE-A0{number}",
            "title": f"Routing study {number}",
            "authors": ["Ada Example", "Bo Sample"],
            "published": "2026-01-02",
            "doi": None,
            "origin": "sample-corpus",
            "invented": True,
            "status": "active",
            "rank": number,
            "relevance": 0.5,
            "queries": ["Q1"],
            "text": None,
        }
        for number in (1, 2)
    ],
    "claims": [
        {
            "id": "C1",
            "text": QUOTE,
            "truncated_at_source": False,
            "grounding": {
                "state": "located",
                "source_id": "S1",
                "locator": {"section": "abstract", "start": 10, "end": 32, "quote": QUOTE, "sha256": "0" * 64},
            },
            "relevance": 0.3,
            "theme": "T1",
            "verification": {
                "verified": True,
                "confidence": 0.35,
                "threshold": 0.15,
                "method": "tfidf-bigram-v1",
                "supporting_source_ids": ["S1"],
            },
            "produced_by": MADE,
        }
    ],
    "themes": [{"id": "T1", "label": "routing stability", "claim_ids": ["C1"]}],
    "disagreements": [],
    "semantic_index": None,
    "tribunal": {
        "version": "v2",
        "kind": "rubric",
        "rounds": [
            {
                "round": 0,
                "checks": [
                    {
                        "role": "SKEPTIC",
                        "label": "Doubt",
                        "score": 7.0,
                        "items": [
                            {"id": "R1", "label": "Keeps to sources", "points": 2.5, "of": 3.0, "finding": "It does."}
                        ],
                    }
                ],
                "consensus": 7.0,
                "changes": [],
            }
        ],
        "score": 7.0,
        "verdict": "REVISE",
        "revision_round": 0,
        "produced_by": MADE,
    },
    "policy": {"outcome": "ESCALATE_TO_OWNER", "basis": "Not approved.", "rule": "*"},
    "uncertainties": [{"kind": "finding", "text": "Two papers are few."}],
    "methodology": "Search, then check.",
}
HEADINGS = [
    "Abstract",
    "1 Introduction",
    "2 Methodology",
    "3 Results",
    "4 Uncertainties",
    "5 Extracted Claims",
    "References",
    "How each part was made",
]
ALLOWED = frozenset(
    (
        *("html", "head", "meta", "title", "style", "body", "main", "header", "section", "h1", "h2", "h3", "p", "div"),
        *("span", "strong", "em", "cite", "bdi", "time", "a", "ul", "ol", "li"),
        *("table", "thead", "tbody", "tr", "th", "td"),
    )
)


def with_claims(texts: list[str]) -> dict[str, Any]:
    run = copy.deepcopy(RUN)
    claim = run["claims"][0]
    run["claims"] = [{**claim, "id": f"C{index}", "text": text} for index, text in enumerate(texts, start=1)]
    return run


def everywhere(text: str) -> dict[str, Any]:
    """The run with ``text`` in each place that can hold somebody else's words."""
    run = with_claims([text])
    for part in ("title", "abstract", "question"):
        run[part]["text"] = text
    run["sources"][0].update(title=text, authors=[text], paper_id=text, doi=text)
    run["uncertainties"][0]["text"] = run["queries"][0]["text"] = run["methodology"] = text
    run["themes"][0]["label"] = run["retrieval"]["excluded"][0]["title"] = text
    run["tribunal"]["rounds"][0]["checks"][0]["items"][0]["finding"] = text
    return run


def parsed(document: str) -> Any:
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), namespaceHTMLElements=False)
    tree = parser.parse(document)
    assert parser.errors == []
    return tree


def assert_inert(document: str) -> Any:
    """Nothing in the document runs or loads anything."""
    tree = parsed(document)
    for element in tree.iter():
        if not isinstance(element.tag, str):
            raise AssertionError(f"a comment or other node: {element.text!r}")
        assert element.tag in ALLOWED
        for name, value in element.attrib.items():
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "style", "action", "background", "poster", "data")
            if name == "href":
                assert element.tag == "a"
                assert value.startswith(("https://", "http://"))
    return tree


def pdf_text(data: bytes) -> str:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(data)).pages)


def squeezed(text: str) -> str:
    return "".join(text.replace("\u200b", "").split())


# --- what stands in a report ----------------------------------------------------------------------------------------


def test_the_run_of_these_tests_is_valid() -> None:
    assert contracts.validate(RUN, "synthesis-run", file="run") == []


def test_html_has_the_sections_the_labels_and_the_facts() -> None:
    tree = assert_inert(render_html(RUN))
    assert [element.text for element in tree.iter("h2")] == HEADINGS
    text = " ".join(" ".join(tree.itertext()).split())
    first = text.index("Made by software. Not peer reviewed.")
    assert first < text.index("Demonstration on invented papers.") < text.index("How stable is expert routing?", 200)
    for words in (
        "srch-kernel 0.1.0 · 2026-05-28",
        "≈ echoed in source",
        "0.35",
        "S1, abstract, characters 10 to 32",
        "Rubric checks 7.0 of 10",
        "[invented paper]",
        "A withdrawn paper (SAMPLE-A03): withdrawn by its authors",
        "clause-synthesis-v1, 0.1.0",
    ):
        assert words in text
    assert [link.attrib["href"] for link in tree.iter("a")] == [source["url"] for source in RUN["sources"]]


def test_pdf_has_the_sections_the_labels_and_the_facts() -> None:
    text = squeezed(pdf_text(render_pdf(RUN)))
    positions = [text.index(squeezed(heading)) for heading in HEADINGS]
    assert positions == sorted(positions)
    for words in (
        "Made by software. Not peer reviewed.",
        "Demonstration on invented papers.",
        "≈ echoed in source",
        "S1, abstract, characters 10 to 32",
        "Both find it stable.",
        "https://example.org/abs/SAMPLE-A02",
        "Machine-made, not peer reviewed · invented papers · page 1 of 2",
    ):
        assert squeezed(words) in text


def judged(**changes: Any) -> dict[str, Any]:
    """The run under rules 1.1, its claim judged by a verifier that meets the bar."""
    run = copy.deepcopy(RUN)
    run["rules"] = {
        "version": "1.1",
        "verifier": {"method": "same-words-v1", "version": "1.0.0", "card": "c", "meets_bar": True},
    }
    run["claims"][0]["verification"] = {
        "verified": True,
        "confidence": 0.95,
        "threshold": None,
        "method": "same-words-v1",
        "version": "1.0.0",
        "label": "SUPPORT",
        "p_support": 0.95,
        "agreement": "single-source",
        "supporting_source_ids": ["S1"],
        "refuting_source_ids": [],
        "evidence": [
            {"source_id": "S1", "start": 10, "end": 32, "quote": QUOTE, "sha256": "0" * 64},
            {"source_id": "S2", "start": 0, "end": 20, "quote": "It settles <b>late</b>.", "sha256": "0" * 64},
        ],
        "reasons": ["S1: The source says the same."],
        **changes,
    }
    return run


def shown(run: dict[str, Any]) -> str:
    return " ".join(" ".join(assert_inert(render_html(run)).itertext()).split())


def test_a_verdict_is_shown_with_its_reasons_and_evidence() -> None:
    text = shown(judged())
    for words in (
        "Claims verified 1, by same-words-v1",
        "✓ verified, single source",
        "0.95, sure",
        "S1: The source says the same.",
        "Evidence: S1, characters 10 to 32, the claim itself",
        "Evidence: S2, characters 0 to 20: “It settles <b>late</b>.”",
        "Verification by a verifier same-words-v1, 1.0.0",
    ):
        assert words in text
    assert "contested" not in text
    pdf = squeezed(pdf_text(render_pdf(judged())))
    for words in ("S1: The source says the same.", "“It settles <b>late</b>.”", "0.95, sure"):
        assert squeezed(words) in pdf


def test_a_contested_claim_is_called_so_in_words() -> None:
    text = shown(judged(verified=False, agreement="contested", refuting_source_ids=["S2"]))
    assert "! contested: sources disagree" in text
    assert "Claims contested or refuted 1" in text
    assert "Claims verified 0, by same-words-v1" in text


def test_verified_is_not_said_of_a_method_that_misses_the_bar() -> None:
    run = judged()
    run["rules"]["verifier"].update(card=None, meets_bar=False)
    text = shown(run)
    assert "verified" not in text.replace("which does not meet the bar for verified", "")
    for words in (
        "Claims echoed in source 1, by same-words-v1, which does not meet the bar for verified",
        "≈ echoed in source, single source",
        "0.95, not calibrated",
        "same-words-v1, 1.0.0, without measured figures",
    ):
        assert words in text


def test_a_draft_keeps_its_own_count() -> None:
    run = judged()
    run["origin"].update(mode="imported", draft={"notice": None, "discrepancies": []})
    run["claims"][0]["verification"] = {**RUN["claims"][0]["verification"]}
    text = shown(run)
    assert "Claims verified 1, as the draft counts, by tfidf-bigram-v1" in text
    assert "✓ yes, by the draft" in text


def test_pdf_metadata() -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    reader = pypdf.PdfReader(io.BytesIO(render_pdf(RUN)))
    assert reader.metadata.title == "How stable is expert routing?"
    assert reader.metadata.author == "srch-kernel 0.1.0"
    assert reader.metadata["/Keywords"] == (
        "machine-generated, not peer reviewed, literature synthesis, invented sample papers"
    )
    assert reader.metadata.creation_date.isoformat() == "2026-05-28T10:11:12+00:00"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_labels_follow_the_run() -> None:
    def heads(run: dict[str, Any]) -> list[str]:
        return [label["head"] for label in report.view(run)["labels"]]

    run = copy.deepcopy(RUN)
    assert heads(run) == ["Made by software. Not peer reviewed.", "Demonstration on invented papers."]
    run["origin"]["corpus"] = None
    for source in run["sources"]:
        source["invented"] = False
    assert heads(run) == ["Made by software. Not peer reviewed."]
    run["sources"] = run["sources"][:1]
    assert heads(run) == ["Made by software. Not peer reviewed.", "One source only."]
    run["claims"] = []
    assert heads(run) == ["Made by software. Not peer reviewed.", "No claim."]


def test_unknown_facts_are_said_to_be_unknown() -> None:
    run = copy.deepcopy(RUN)
    run["tribunal"].update(kind=None, score=None, verdict=None, revision_round=None, rounds=[])
    run["retrieval"].update(papers_retrieved=None, papers_used=None, excluded=[])
    run["methodology"] = run["query_count"] = run["question"]["language"] = None
    run["abstract"]["text"], run["uncertainties"], run["sources"], run["claims"] = "", [], [], []
    text = " ".join(" ".join(assert_inert(render_html(run)).itertext()).split())
    assert "Papers retrieved not stated" in text
    assert "Review, kind not stated not stated" in text
    assert "Abstract Not stated." in text
    assert "No claims." in text
    assert render_pdf(run).startswith(b"%PDF-1.7")


def test_rendering_leaves_the_run_alone() -> None:
    run = copy.deepcopy(RUN)
    render_html(run)
    render_pdf(run)
    assert run == RUN


# --- the same bytes -------------------------------------------------------------------------------------------------

SCRIPT = """
import hashlib, json, sys
from pathlib import Path
from generator.kernel.report import render_html, render_pdf
run = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
print(hashlib.sha256(render_pdf(run)).hexdigest(), hashlib.sha256(render_html(run).encode()).hexdigest())
"""


def test_two_processes_make_the_same_bytes(tmp_path: Path) -> None:
    run = with_claims(["漢字 and 😀", "plain"])
    file = tmp_path / "run.json"
    file.write_text(json.dumps(run), encoding="utf-8")
    seen = set()
    for number, zone in enumerate(("UTC", "Asia/Tokyo")):
        folder = tmp_path / f"cwd{number}"
        folder.mkdir()
        environment = {
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "PYTHONHASHSEED": str(number + 1),
            "TZ": zone,
            "SOURCE_DATE_EPOCH": str(1_000_000_000 + number * 86_400),
        }
        command = [sys.executable, "-c", SCRIPT, str(file)]
        done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
        seen.add(done.stdout)
    assert len(seen) == 1


# --- other people's words -------------------------------------------------------------------------------------------

TRICKS = [
    '#import "@preview/cetz:0.3.0"',
    '#read("/etc/passwd")',
    "#panic()",
    "*not bold* _not italic_ `not code`",
    "$not math$ @nobody <nowhere>",
    "= not a heading",
    "// not a comment /* nor this */",
    r"\u{41} \# \\ #{1+1}",
    '"quotes" and {{ braces }} and {% tags %}',
    "</td></tr></table><script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "javascript:alert(1)",
]


@pytest.mark.parametrize("trick", TRICKS)
def test_markup_stays_text(trick: str) -> None:
    run = everywhere(trick)
    tree = assert_inert(render_html(run))
    assert trick in [cell.text for cell in tree.iter("td")]
    text = squeezed(pdf_text(render_pdf(run)))
    assert text.count(squeezed(trick)) >= 8


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "//example.org", "JAVASCRIPT:x"])
def test_only_web_addresses_become_links(url: str) -> None:
    run = copy.deepcopy(RUN)
    run["sources"][0]["url"] = url
    links = list(assert_inert(render_html(run)).iter("a"))
    assert [link.attrib["href"] for link in links] == [RUN["sources"][1]["url"]]
    assert b"(" + url.encode() not in render_pdf(run)


@pytest.mark.parametrize(
    "text",
    [
        "W" * 1000,
        "https://example.org/" + "path/" * 100,
        "null \x00 bell \x07 escape \x1b[31m",
        "\u202eright to left override\u202c",
        "مرحبا بالعالم",
        "שלום עולם",
        "हिन्दी में",
        "e\u0301\u0302\u0303" * 20,
        "👨‍👩‍👧‍👦 😀",
        "\ue000\U000f0000\U000e0001\ufffe",
        "\ufeff\u2028\u2029\u200b",
        " ",
        "\n\n",
    ],
)
def test_odd_text_is_rendered(text: str) -> None:
    run = everywhere(text)
    assert_inert(render_html(run))
    assert render_pdf(run).startswith(b"%PDF-1.7")


def test_a_character_without_a_glyph_is_boxed_and_named() -> None:
    text = squeezed(pdf_text(render_pdf(with_claims(["a 漢 b 😀 c"]))))
    assert squeezed("a □ b □ c") in text
    assert "(U+6F22,U+1F600)" in text
    assert "漢" in render_html(with_claims(["a 漢 b"]))
    assert "(U+" not in squeezed(pdf_text(render_pdf(RUN)))


def test_the_label_stays_on_the_first_page_under_the_longest_title() -> None:
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")
    run = copy.deepcopy(RUN)
    run["title"]["text"] = "W" * 1000
    first = pypdf.PdfReader(io.BytesIO(render_pdf(run))).pages[0].extract_text()
    assert "Not peer reviewed." in first
    assert "invented papers." in first


@hostile
def test_all_hostile_strings_stay_text() -> None:
    naughty = json.loads((HOSTILE / "naughty-strings.json").read_text(encoding="utf-8"))
    payloads = (HOSTILE / "xss-payloads.txt").read_text(encoding="utf-8").splitlines()
    strings = [text for text in (*naughty, *payloads) if text]
    assert len(strings) > 5000
    for start in range(0, len(strings), 1000):
        texts = strings[start : start + 1000]
        cells = [cell.text or "" for cell in assert_inert(render_html(with_claims(texts))).iter("td")]
        shown = {squeezed(text) for text in cells}
        assert {squeezed(report._clean(text)) for text in texts} <= shown


@hostile
@pytest.mark.parametrize("name", ["naughty-strings.json", "xss-payloads.txt"])
def test_hostile_strings_make_a_pdf(name: str) -> None:
    text = (HOSTILE / name).read_text(encoding="utf-8")
    strings = json.loads(text) if name.endswith(".json") else text.splitlines()
    for start in range(0, min(len(strings), 2000), 500):
        run = with_claims([text for text in strings[start : start + 500] if text])
        run["title"]["text"] = run["abstract"]["text"] = strings[start + 1]
        assert render_pdf(run).startswith(b"%PDF-1.7")
