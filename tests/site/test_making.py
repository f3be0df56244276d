"""How a page tells what a model made, what rules made, and what it took."""

from __future__ import annotations

import copy
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import contracts
from generator.site import making

EXAMPLE = json.loads(
    (contracts.folder() / "examples/paper-manifest-v1.1/valid/executed.json").read_text(encoding="utf-8")
)
MODEL = "invented-chat-1b"


def label(model: str | None = None, reason: str | None = None) -> dict[str, Any]:
    mode = "model" if model else "extractive"
    return {"mode": mode, "method": "by-rule-v1", "model": model, "fallback_reason": reason}


def manifest(**labels: list[dict[str, Any]]) -> dict[str, Any]:
    """The example with these labels; ``queries`` and ``claims`` take one each for each item."""
    made = copy.deepcopy(EXAMPLE)
    for item, produced_by in zip(made["provenance"]["queries"], labels.get("queries", []), strict=False):
        item["produced_by"] = produced_by
    for item, produced_by in zip(made["claims"]["records"], labels.get("claims", []), strict=False):
        item["produced_by"] = produced_by
    if "review" in labels:
        made["quality_assessment"]["review"]["produced_by"] = labels["review"][0]
    return made


@pytest.fixture(scope="module")
def text(site: Path, maker: Any) -> str:
    """The words of the example's page."""
    short = EXAMPLE["work"]["short_id"]
    html = (site / "paper" / short / "index.html").read_text(encoding="utf-8")
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html[html.index('<div class="record">') :])).split())


def test_the_page_tells_everything_that_only_such_runs_have(text: str) -> None:
    review = EXAMPLE["quality_assessment"]["review"]
    assert "Reviews by a model, blind and in parallel" in text
    for item in review["reviews"]:
        assert item["role"] in text
        assert item["void"] is None or f"Does not count: {item['void']}" in text
        assert all(finding in text for finding in item["findings"])
    assert f"Paired check: {review['paired_check']['finding']}" in text
    for item in (*EXAMPLE["claims"]["agreements"], *EXAMPLE["claims"]["related"]["claims"]):
        assert item["basis"] in text
    assert EXAMPLE["claims"]["unanswered"][0] in text
    assert "Taken out of the text: 1 citation of a claim that does not exist, 2 sentences that" in text
    assert "What the requests took" in text
    assert "search 8 4 0 0 12.5" in text
    assert "synthesis 2 0 1800 240 not measured" in text
    assert "arXiv, Q1, 2026-11-22: 20 of 131 papers" in text
    assert "OpenAlex, Q1, 2026-11-22: no answer (answered with status 503, 5 times)" in text
    assert "41250 characters of full text read, text/html" in text
    assert "Also openalex:W2741809807" in text


def test_an_imported_record_tells_nothing_of_its_making() -> None:
    imported = copy.deepcopy(EXAMPLE)
    imported["provenance"]["kernel"]["mode"] = "imported"
    assert making.parts(imported) == []
    assert making.summary([]) == []


def test_parts_by_a_model_by_rule_and_by_rule_in_its_place() -> None:
    claims = [label(MODEL), label(MODEL), *[label(None, "the reply was cut")] * (len(EXAMPLE["claims"]["records"]) - 2)]
    queries = [label(MODEL)] * len(EXAMPLE["provenance"]["queries"])
    made = {part.name: part for part in making.parts(manifest(queries=queries, claims=claims, review=[label()]))}
    assert made["Queries"][1:] == (f"written by the model {MODEL}", None, True)
    rest = len(claims) - 2
    assert made["Claims"][1:] == (f"2 chosen by the model {MODEL}, {rest} by rule", "the reply was cut", True)
    assert made["Review"][1:] == ("by rule (by-rule-v1); no model", None, False)


def test_the_summary_groups_parts_by_their_maker() -> None:
    parts = [
        making.Part("Queries", f"written by the model {MODEL}", None, True),
        making.Part("Claims", "by rule (x); no model", "cut"),
        making.Part("Verdicts", "by lexical-v1", None),
        making.Part("Abstract", f"written by the model {MODEL}", None, True),
        making.Part("Review", f"2 given by the model {MODEL}, 1 by rule", None, True),
        making.Part("Semantic index", "by rule (x); no model", None),
    ]
    assert making.summary(parts) == [
        f"Queries, abstract: by the model {MODEL}.",
        "Claims: in place of a model, by rule.",
        "Verdicts: by lexical-v1.",
        f"Review: 2 given by the model {MODEL}, 1 by rule.",
        "Semantic index: by rule, no model.",
    ]
