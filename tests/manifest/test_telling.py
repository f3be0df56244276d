"""A change in words: places, values before and after, what follows, and what the page will say."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import fold, telling
from generator.manifest.canonical import stored_bytes
from generator.manifest.contracts import schema_id, table
from generator.manifest.corrections import Event
from generator.manifest.telling import Row

MANIFEST = json.loads((Path(__file__).parents[2] / "manifests/07/0729108B/manifest.json").read_bytes())


def event(*changes: dict[str, Any], number: int = 1, **more: Any) -> Event:
    data = {
        "schema": schema_id("correction-event"),
        "event_id": f"2026-12-{number:02}-x",
        "record": "SRCH:0729108B",
        "corrected_at": f"2026-12-{number:02}T00:00:00Z",
        "correction_type": "CLAIM",
        "issued_by": "A. Reader",
        "reason": "Reported.",
        "public_note": "Something was wrong.",
        "changes": list(changes),
        **more,
    }
    return Event(Path(f"{data['event_id']}.yml"), "0" * 64, data)


def replaced(path: str, before: Any, value: Any) -> Event:
    return event({"op": "replace", "path": path, "before": before, "value": value})


def views(*changes: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    made = fold.versions(MANIFEST, stored_bytes(MANIFEST), [event(*changes)], file="manifest.json")
    return MANIFEST, made[-1].manifest


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "The whole record"),
        ("/work/title", "Title"),
        ("/work/research_question", "Research question"),
        ("/claims/records/C3/text", "Claim C3, text"),
        ("/claims/records/2", "Claim 3"),
        ("/claims/records", "Records"),
        ("/claims/records/-", "New claim"),
        ("/claims/themes/T1/claim_ids", "Theme T1, claim ids"),
        ("/provenance/sources/S2/title", "Source S2, title"),
        ("/provenance/kernel/version", "Kernel, version"),
        ("/artifacts/0/sha256", "Artifact 1, sha256"),
        ("/uncertainties/-", "New uncertainty"),
        ("/quality_assessment/review/score", "Review, score"),
        ("/a~1b/~0", "A/b, ~"),
        ("/work", "Work"),
    ],
)
def test_place(path, words):
    assert telling.place(path) == words


LONG = "word " * 100


@pytest.mark.parametrize(
    ("given_event", "told"),
    [
        (event(), []),
        (replaced("/work/title", "Old", "New"), [Row("Title", "Old", "New")]),
        (replaced("/work/language", None, "en"), [Row("Language", "null", "en")]),
        (replaced("/work/sample", True, False), [Row("Sample", "true", "false")]),
        (replaced("/work/abstract", "a\n\n b", "a b c"), [Row("Abstract", "a b", "a b c")]),
        (
            replaced("/claims/records/C1/verification", {"a": 1, "b": 2}, {"a": 1, "b": 3, "c": []}),
            [Row("Claim C1, verification, b", "2", "3"), Row("Claim C1, verification, c", None, "[]")],
        ),
        (
            replaced("/claims/themes/T1/claim_ids", ["C1", "C2", "C3"], ["C1", "C4"]),
            [
                Row("Theme T1, claim ids", "C2", None),
                Row("Theme T1, claim ids", "C3", None),
                Row("Theme T1, claim ids", None, "C4"),
            ],
        ),
        (
            event(
                {"op": "remove", "path": "/claims/records/2", "before": {"id": "C3", "text": "Said so."}},
                {"op": "add", "path": "/provenance/sources/-", "value": {"id": "S9", "title": "A paper"}},
                {"op": "remove", "path": "/uncertainties/0", "before": {"kind": "k"}},
            ),
            [
                Row("Claim 3", "Said so.", None),
                Row("New source", None, "A paper"),
                Row("Uncertainty 1", '{"kind": "k"}', None),
            ],
        ),
        (
            replaced("/work/abstract", LONG + "old", LONG + "new"),
            [Row("Abstract", "…" + (LONG + "old")[460:], "…" + (LONG + "new")[460:])],
        ),
        (
            replaced("/work/abstract", "old " + LONG, "new " + LONG),
            [Row("Abstract", ("old " + LONG)[:299] + "…", ("new " + LONG)[:299] + "…")],
        ),
    ],
)
def test_rows(given_event, told):
    assert telling.rows(given_event) == told


def test_nothing_follows_where_no_fact_changes():
    assert telling.consequences(*views()) == []
    before = MANIFEST["work"]["title"]
    title = {"op": "replace", "path": "/work/title", "before": before, "value": "New"}
    assert telling.consequences(*views(title)) == []


def test_what_follows_from_a_score():
    change = {"op": "replace", "path": "/quality_assessment/review/score", "before": 7.8, "value": 4.2}
    assert telling.consequences(*views(change)) == ["Tier moves from DOI grade to Quarantine candidate."]


def test_what_follows_when_every_claim_goes():
    claims = MANIFEST["claims"]
    changes = [
        {"op": "remove", "path": f"/claims/{name}/{index}", "before": item}
        for name in ("records", "themes")
        for index, item in enumerate(claims[name])
    ]
    assert telling.consequences(*views(*changes)) == [
        "Tier moves from DOI grade to Public record.",
        "Verification level moves from L2 (Source-grounded claims) to L1 (Literature synthesis).",
        "Provenance level moves from L3 (Claim aggregate record) to L2 (Inspectable artifacts).",
        "Evidence strength moves from MEDIUM to UNASSESSED.",
        "Citation grounding moves from HIGH to UNASSESSED.",
        "Reproducibility status moves from HIGH to MEDIUM.",
        "Claims: 0 instead of 7.",
        "Verified claims: 0 instead of 7.",
        "Claims found at their place in a source: 0 instead of 7.",
        "Claims from source S1: 0 instead of 2.",
        "Claims from source S2: 0 instead of 2.",
        "Claims from source S4: 0 instead of 1.",
        "Claims from source S7: 0 instead of 1.",
        "Claims from source S9: 0 instead of 1.",
        "A limitation is added: No relevant claim was found; there is nothing to rely on.",
    ]


def test_counts_that_the_record_states_are_facts_and_not_told_twice():
    before = copy.deepcopy(MANIFEST)
    before["claims"].update(mode="aggregate", records=[])
    after = copy.deepcopy(before)
    after["claims"]["aggregate"]["verified"] = 3
    assert telling.consequences(before, after) == []


@pytest.mark.parametrize("row", table("correction-record", "x-notices"), ids=lambda row: row["notice"])
def test_what_the_page_will_say(row):
    (said,) = telling.page_says([event(notice=row["notice"])], 0)
    if row["treatment"] == "remove":
        assert said.startswith("This record will be shown as REMOVED: ")
    elif row["treatment"] == "mark":
        assert said.startswith(f"This record will be shown as {row['title_prefix'].removesuffix(': ')}: ")
    else:
        assert said == f"The page will say: {row['banner']}."


def test_what_the_page_will_say_after_other_events():
    retraction, concern = event(number=1, notice="retraction"), event(number=2, notice="expression_of_concern")
    assert telling.page_says([retraction, concern], 1) == ["The graver notice stays: retracted."]
    assert telling.page_says([retraction, event(number=2)], 1) == []
    lifted = event(number=3, lifts="2026-12-01-x")
    assert telling.page_says([retraction, lifted], 1) == [
        "The notice of 2026-12-01-x no longer holds.",
        "This record will be shown without any notice again.",
    ]
    assert telling.page_says([retraction, concern, lifted], 2) == [
        "The notice of 2026-12-01-x no longer holds.",
        "This record will be shown as EXPRESSION OF CONCERN: in a banner above its title, and before the title.",
    ]
    newer = event(number=2, notice="new_version", replaced_by="SRCH:12345678")
    assert telling.page_says([newer], 0) == [
        "The page will say: A newer version stands in this record's place.",
        "The page will lead to SRCH:12345678, which stands in its place.",
    ]


def test_notices_in_force():
    one, two = event(number=1, notice="correction"), event(number=2, notice="retraction")
    assert telling.standing([event()]) is None
    assert telling.standing([one]) == "Correction"
    assert telling.standing([one, two]) == "Retracted, the gravest of 2 notices"
    assert telling.standing([one, two, event(number=3, lifts="2026-12-02-x")]) == "Correction"
