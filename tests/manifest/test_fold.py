"""The laws of the fold, over every record of the registry: a prefix is the version published then, the order of
reading is nothing and that of landing is everything, what is derived follows the facts."""

from __future__ import annotations

import copy
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import contracts, corrections, fold, patch
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.claims import bar_of, counts_of
from generator.manifest.corrections import Event, correction_record, correction_state, load_events, notice
from generator.manifest.derive import derived, get
from generator.manifest.levels import corroborating_methods
from generator.manifest.log import entries
from generator.manifest.problems import Problem, Problems
from generator.manifest.rules import check_manifest
from generator.manifest.store import Record, Store, load_record
from generator.manifest.tiers import tier_rule

ROOT = Path(__file__).parents[2]
PATHS = {path.parent.name: path for path in Store(ROOT / "manifests").paths()}
RECORDS = sorted(PATHS)
DATA = {short: path.read_bytes() for short, path in PATHS.items()}
MANIFESTS = {short: json.loads(data) for short, data in DATA.items()}
Said = dict[str, Any]


def said(short: str, number: int, /, name: str = "", day: str = "", **more: Any) -> Said:
    """An event of the record: a day after its publication for each number."""
    date = day or f"2026-12-{number:02}"
    slug = name or f"event-{number}"
    return {
        "schema": contracts.schema_id("correction-event"),
        "event_id": f"{date}-{slug}",
        "record": f"SRCH:{short}",
        "corrected_at": f"{date}T09:00:00Z",
        "correction_type": "METADATA",
        "issued_by": "A. Reader",
        "reason": "Reported by a reader.",
        "public_note": "Something was wrong.",
        **more,
    }


def events(*told: Said) -> list[Event]:
    return [Event(Path(f"{data['event_id']}.yml"), sha256_bytes(repr(data).encode()), data) for data in told]


def made(short: str, *told: Said) -> list[fold.Version]:
    return fold.versions(MANIFESTS[short], DATA[short], events(*told), file="manifest.json")


def problems(short: str, *told: Said) -> list[Problem]:
    with pytest.raises(Problems) as refused:
        made(short, *told)
    return list(refused.value.problems)


def replaced(manifest: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "before": patch.value_at(patch.opened(manifest), path), "value": value}


TITLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
SCORE = st.floats(0, 10).map(lambda value: round(value, 1))
# Each edit touches a fact of its own, whatever the record.
EDITS = {
    "/work/title": TITLE,
    "/work/abstract": TITLE,
    "/work/language": st.sampled_from(["en", "de", None]),
    "/provenance/methodology": TITLE,
    "/provenance/sources/0/title": TITLE,
    "/provenance/sources/1/authors/0": TITLE,
    "/quality_assessment/review/score": SCORE,
    "/claims/themes/0/label": TITLE,
    "/uncertainties/1/text": TITLE,
}


@st.composite
def histories(draw: st.DrawFn) -> tuple[str, list[Said]]:
    """A record and events on it that touch different facts, each with a file of its own."""
    short = draw(st.sampled_from(RECORDS))
    manifest = MANIFESTS[short]
    places = draw(st.lists(st.sampled_from(sorted(EDITS)), min_size=1, max_size=4, unique=True))
    told = [
        said(short, number, changes=[replaced(manifest, path, draw(EDITS[path]))])
        for number, path in enumerate(places, 1)
    ]
    if draw(st.booleans()):
        change = {"op": "remove", "path": "/uncertainties/0", "before": manifest["uncertainties"][0]}
        told.append(said(short, 10, changes=[change]))
    if draw(st.booleans()):
        change = {"op": "add", "path": "/uncertainties/-", "value": {"kind": "finding", "text": draw(TITLE)}}
        told.append(said(short, 11, changes=[change]))
    if draw(st.booleans()):
        word = draw(st.sampled_from(["retraction", "correction", "expression_of_concern"]))
        told.append(said(short, 12, notice=word))
    return short, told


@given(histories(), st.data())
def test_a_prefix_of_the_events_gives_the_version_published_then(history, data):
    short, told = history
    whole = made(short, *told)
    assert whole[0].data == DATA[short]
    assert [version.number for version in whole] == list(range(1, len(told) + 2))
    count = data.draw(st.integers(0, len(told)))
    then = made(short, *told[:count])
    assert [version.data for version in then] == [version.data for version in whole[: count + 1]]
    assert [version.sha256 for version in then] == [sha256_bytes(version.data) for version in then]
    for version in whole[1:]:
        assert version.data == stored_bytes(version.manifest)
        assert check_manifest(version.manifest, file="view", view=True) == []
        assert version.manifest["work"]["version"] == version.number
        assert version.manifest["correction_record"]["count"] == version.number - 1
        assert all(get(version.manifest, place) == value for place, value in derived(version.manifest).items())
    assert MANIFESTS[short] == json.loads(DATA[short]), "the fold changes nothing that it is given"


def write(folder: Path, short: str, told: list[Said], landed: list[Said] = ()) -> Path:  # type: ignore[assignment]
    """A registry with the record, its events in files and, where some have landed, a log in their order."""
    root = folder / "manifests"
    place = root / short[:2] / short
    (place / "corrections").mkdir(parents=True)
    shutil.copyfile(PATHS[short], place / "manifest.json")
    for data in told:
        text = yaml.safe_dump(data, allow_unicode=True)
        (place / "corrections" / f"{data['event_id']}.yml").write_text(text, encoding="utf-8")
    if landed:
        record = f"{short[:2]}/{short}"
        lines = [entries.leaf(entries.version_path(record, 1), "0" * 64)]
        for number, data in enumerate(landed, 2):
            lines.append(entries.leaf(f"{record}/corrections/{data['event_id']}.yml", "0" * 64))
            lines.append(entries.leaf(entries.version_path(record, number), "0" * 64))
        (root / "log").mkdir()
        (root / "log" / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
    return place / "manifest.json"


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_in_which_files_are_read_does_not_matter(history, chance):
    short, told = history
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        shuffled = list(told)
        chance.shuffle(shuffled)
        path = write(Path(folder), short, shuffled)
        listed = Path.iterdir
        patched.setattr(Path, "iterdir", lambda self: iter(_shuffled(list(listed(self)), chance)))
        record = load_record(path)
        assert [event.id for event in record.events] == [data["event_id"] for data in told]
        assert record.current.data == made(short, *told)[-1].data


def _shuffled(items: list[Path], chance: random.Random) -> list[Path]:
    chance.shuffle(items)
    return items


@given(histories(), st.data())
def test_events_on_different_facts_land_in_any_order_with_one_current_view(history, data):
    short, told = history
    current = made(short, *told)[-1].data
    order = data.draw(st.permutations(told))
    count = data.draw(st.integers(0, len(order)))
    with tempfile.TemporaryDirectory() as folder:
        record = load_record(write(Path(folder), short, told, order[:count]))
        # what has landed stands first, in the log's order; the others follow by date
        waiting = [item["event_id"] for item in told if item not in order[:count]]
        expected = [item["event_id"] for item in order[:count]] + waiting
        assert [event.id for event in record.events] == expected
        assert record.current.data == current
        assert made(short, *order)[-1].data == current


def test_of_two_events_on_one_fact_the_order_of_landing_decides(tmp_path):
    short = RECORDS[0]
    title = MANIFESTS[short]["work"]["title"]
    first = said(short, 1, changes=[replaced(MANIFESTS[short], "/work/title", "First")])
    second = said(short, 2, changes=[{"op": "replace", "path": "/work/title", "before": "First", "value": "Second"}])
    rival = said(short, 3, changes=[{"op": "replace", "path": "/work/title", "before": title, "value": "Rival"}])
    assert made(short, first, second)[-1].manifest["work"]["title"] == "Second"
    assert problems(short, first, rival) == [
        Problem(
            f"{rival['event_id']}.yml",
            "/changes/0/before",
            "REG063",
            json.dumps(title) if len(json.dumps(title)) <= 80 else json.dumps(title)[:79] + "…",
            'the value that /work/title holds now, "First"',
            f"Another event may have changed it since: take the value from 'srch show SRCH:{short} --manifest'.",
        )
    ]
    # had the rival landed first, it would be the other way round, whatever the dates say
    path = write(tmp_path, short, [first, rival], [rival])
    with pytest.raises(Problems) as refused:
        _ = load_record(path).versions
    assert [(Path(item.file).stem, item.code) for item in refused.value.problems] == [(first["event_id"], "REG063")]


def without_claims(manifest: dict[str, Any], keep: int) -> list[dict[str, Any]]:
    """Changes that leave the first ``keep`` claims, and what names the others without them."""
    claims = manifest["claims"]
    kept = [claim["id"] for claim in claims["records"][:keep]]
    changes: list[dict[str, Any]] = []
    for index, claim in enumerate(claims["records"]):
        if index >= keep:
            changes.append({"op": "remove", "path": f"/claims/records/{index}", "before": claim})
    for index, theme in enumerate(claims["themes"]):
        left = [name for name in theme["claim_ids"] if name in kept]
        if not left:
            changes.append({"op": "remove", "path": f"/claims/themes/{index}", "before": theme})
        elif left != theme["claim_ids"]:
            changes.append(replaced(manifest, f"/claims/themes/{index}/claim_ids", left))
    for index, item in enumerate(claims["disagreements"]):
        if not set(item["claim_ids"]) <= set(kept):
            changes.append({"op": "remove", "path": f"/claims/disagreements/{index}", "before": item})
    return changes


@pytest.mark.parametrize("short", RECORDS)
def test_a_corrected_claim_count_moves_the_tier_the_level_and_the_counts(short):
    manifest = MANIFESTS[short]
    quality = manifest["quality_assessment"]
    bar = bar_of(quality, "executed")
    tiers = []
    for keep in range(len(manifest["claims"]["records"])):
        view = made(short, said(short, 1, changes=without_claims(manifest, keep)))[-1].manifest
        records = manifest["claims"]["records"][:keep]
        verified = sum(claim["verification"]["verified"] for claim in records)
        aggregate = view["claims"]["aggregate"]
        assert (aggregate["extracted"], aggregate["verified"]) == (keep, verified)
        new = view["quality_assessment"]
        reproducible = new["dimensions"]["dimensions"]["reproducibility_status"]["level"]
        rule = tier_rule(quality["review"]["score"], verified, reproducible)
        assert (new["tier"]["tier"], new["tier"]["rule"]) == (rule["tier"], rule["rule"])
        assert new["tier"]["inputs"]["verified_claim_count"] == verified
        counts = counts_of(view["claims"], corroborating_methods(), bar=bar)
        level = 0 if not keep else 3 if counts.corroborated else 2
        assert new["verification"]["paper_level"] == max(level, 1)
        assert view["provenance"]["claim_lineage"]["count"] == keep
        cited = [claim["grounding"]["source_id"] for claim in records]
        assert [source["claims"] for source in view["provenance"]["sources"]] == [
            cited.count(source["id"]) for source in manifest["provenance"]["sources"]
        ]
        tiers.append(rule["tier"])
    # no claim: neither DOI grade nor better, whatever the score
    assert tiers[0] == ("PUBLIC_RECORD" if quality["review"]["score"] >= 7.5 else quality["tier"]["tier"])


@pytest.mark.parametrize("short", [name for name in RECORDS if "rules" not in MANIFESTS[name]["quality_assessment"]])
def test_a_verdict_taken_back_moves_the_tier(short):
    """One claim after the other turns out not to be supported, an event each."""
    manifest = MANIFESTS[short]
    told = []
    for number, claim in enumerate(manifest["claims"]["records"], 1):
        place = f"/claims/records/{claim['id']}/verification"
        verdict = {**claim["verification"], "verified": False, "confidence": 0.0, "supporting_source_ids": []}
        told.append(said(short, number, changes=[replaced(manifest, place, verdict)], correction_type="CLAIM"))
    score = manifest["quality_assessment"]["review"]["score"]
    for version in made(short, *told):
        left = len(told) - version.number + 1
        assert version.manifest["claims"]["aggregate"]["verified"] == left
        dimensions = version.manifest["quality_assessment"]["dimensions"]["dimensions"]
        rule = tier_rule(score, left, dimensions["reproducibility_status"]["level"])
        assert version.manifest["quality_assessment"]["tier"]["tier"] == rule["tier"]


def test_a_corrected_score_moves_the_tier_and_nothing_else():
    short = "0729108B"
    version = made(
        short, said(short, 1, changes=[replaced(MANIFESTS[short], "/quality_assessment/review/score", 4.2)])
    )[-1]
    assert [(change.path, change.before, change.after) for change in version.facts] == [
        ("/quality_assessment/review/score", 7.8, 4.2)
    ]
    told = {change.path: (change.before, change.after) for change in version.consequences}
    assert told["/quality_assessment/tier/tier"] == ("DOI_GRADE", "QUARANTINE_CANDIDATE")
    assert all(path.startswith("/quality_assessment/tier/") for path in told)


def test_what_events_add_up_to_must_be_a_valid_record():
    short = "0729108B"
    claim = MANIFESTS[short]["claims"]["records"][2]
    taken = said(short, 1, changes=[{"op": "remove", "path": "/claims/records/2", "before": claim}])
    assert problems(short, taken) == [
        Problem(
            "2026-12-01-event-1.yml",
            "/changes",
            "REG066",
            '/claims/themes/0/claim_ids/1 of the corrected record: "C3" (REG037)',
            "the id of a listed claim",
            "List the claim, or correct the id.",
        )
    ]
    for path, value in [("/work/title", ""), ("/work/title", None), ("/claims/records", "none"), ("/artifacts", {})]:
        (found, *_) = problems(short, said(short, 1, changes=[replaced(MANIFESTS[short], path, value)]))
        assert (found.code, found.file, found.found.split(" ")[0]) == ("REG066", "2026-12-01-event-1.yml", path)
    gone = {"op": "remove", "path": "/work/title", "before": MANIFESTS[short]["work"]["title"]}
    assert [item.code for item in problems(short, said(short, 1, changes=[gone]))] == ["REG066"]
    added = {"op": "add", "path": "/claims/records/-", "value": claim}
    assert {item.code for item in problems(short, said(short, 1, changes=[added]))} == {"REG066"}


def test_the_first_event_that_does_not_fit_is_named_and_no_later_one():
    short = "0729108B"
    wrong = {"op": "replace", "path": "/work/title", "before": "x", "value": "y"}
    found = problems(short, said(short, 1), said(short, 2, changes=[wrong]), said(short, 3, changes=[wrong]))
    assert [item.file for item in found] == ["2026-12-02-event-2.yml"]


@given(histories())
def test_as_of_at_every_boundary(history):
    short, told = history
    versions = made(short, *told)
    submitted = MANIFESTS[short]["work"]["submitted"]
    assert versions[0].since == submitted
    assert fold.as_of(versions, "2026-11-21") is None
    assert fold.as_of(versions, "2026-11-21T23:59:59Z") is None
    assert fold.as_of(versions, f"{submitted}T00:00:00Z") is versions[0]
    assert fold.as_of(versions, submitted) is versions[0]
    for before, version in pairwise(versions):
        at, day = version.since, version.since[:10]
        assert fold.as_of(versions, at) is version
        assert fold.as_of(versions, f"{day}T08:59:59Z") is before
        assert fold.as_of(versions, day) is version, "a day means its end"
    assert fold.as_of(versions, "2999-12-31") is versions[-1]


def test_since_never_goes_back_when_a_later_one_carries_an_earlier_date():
    short = RECORDS[0]
    versions = made(short, said(short, 9), said(short, 3), said(short, 12))
    assert [version.since for version in versions[1:]] == [
        "2026-12-09T09:00:00Z",
        "2026-12-09T09:00:00Z",
        "2026-12-12T09:00:00Z",
    ]
    # two that stand from one moment: the later one is what stood
    assert fold.as_of(versions, "2026-12-10") is versions[2]
    assert fold.as_of(versions, "2026-12-05") is versions[0]


def test_a_record_that_says_no_day_always_stood():
    manifest = copy.deepcopy(MANIFESTS[RECORDS[0]])
    manifest["work"]["submitted"] = None
    (only,) = fold.versions(manifest, stored_bytes(manifest), [], file="manifest.json")
    assert fold.as_of([only], "1000-01-01") is only


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": 2}, [("/a", 1, 2)]),
        ({"a": 1}, {"b": 1}, [("/b", fold.ABSENT, 1), ("/a", 1, fold.ABSENT)]),
        ({"a": [1, 2]}, {"a": [1, 3]}, [("/a/1", 2, 3)]),
        ({"a": [1, 2]}, {"a": [1]}, [("/a", [1, 2], [1])]),
        (
            {"a": [{"id": "x", "t": 1}, {"id": "y", "t": 1}]},
            {"a": [{"id": "y", "t": 2}, {"id": "z"}]},
            [("/a/y/t", 1, 2), ("/a/z", fold.ABSENT, {"id": "z"}), ("/a/x", {"id": "x", "t": 1}, fold.ABSENT)],
        ),
        ({"a/b": {"~": 1}}, {"a/b": {"~": None}}, [("/a~1b/~0", 1, None)]),
    ],
)
def test_the_smallest_parts_that_differ(before, after, told):
    assert [(change.path, change.before, change.after) for change in fold.changed(before, after)] == told


def noticed(*words: str | None, lifts: dict[int, int] | None = None) -> list[Event]:
    short = RECORDS[0]
    told = [said(short, number, notice=word) for number, word in enumerate(words, 1)]
    for later, earlier in (lifts or {}).items():
        told[later]["lifts"] = told[earlier]["event_id"]
    return events(*told)


@pytest.mark.parametrize(
    ("given_events", "state", "word"),
    [
        (noticed(), "CURRENT", None),
        (noticed(None), "CORRECTED", None),
        (noticed("correction"), "CORRECTED", "correction"),
        (noticed("retraction", "correction"), "CORRECTED", "retraction"),
        (noticed("expression_of_concern", "retraction"), "CORRECTED", "retraction"),
        (noticed("retraction", "removal"), "CORRECTED", "removal"),
        (noticed("new_version"), "SUPERSEDED", "new_version"),
        (noticed("new_version", "retraction"), "SUPERSEDED", "retraction"),
        (noticed("expression_of_concern", None, lifts={1: 0}), "CORRECTED", None),
        (noticed("retraction", "correction", lifts={1: 0}), "CORRECTED", "correction"),
        (noticed("new_version", None, lifts={1: 0}), "CORRECTED", None),
        # what lifts a notice may carry one, which can be lifted in turn
        (noticed("retraction", "correction", None, lifts={1: 0, 2: 1}), "CORRECTED", None),
    ],
)
def test_state_and_notice(given_events, state, word):
    assert (correction_state(given_events), notice(given_events)) == (state, word)
    assert corrections.lifts(given_events) == []


def test_an_event_lifts_a_notice_that_stands_before_it(tmp_path):
    short = RECORDS[0]
    concern = said(short, 2, name="concern", notice="expression_of_concern")
    lifting = said(short, 3, lifts=concern["event_id"])
    assert corrections.lifts(events(concern, lifting)) == []
    (early,) = corrections.lifts(events(lifting, concern))
    assert (early.code, early.place, early.found) == ("REG067", "/lifts", '"2026-12-02-concern"')
    assert early.mend == "Leave it out: there is no such event."
    (unknown,) = corrections.lifts(events(concern, said(short, 3, lifts="2026-12-02-other")))
    assert unknown.mend == "Name one of 2026-12-02-concern."
    plain = said(short, 1)
    assert [item.code for item in corrections.lifts(events(plain, said(short, 3, lifts=plain["event_id"])))] == [
        "REG067"
    ]
    # landed the other way round, it lifts nothing
    path = write(tmp_path, short, [concern, lifting], [lifting])
    assert [item.code for item in load_events(path.parent)[1]] == ["REG067"]


def test_an_event_whose_notice_is_lifted_keeps_its_changes():
    short = RECORDS[0]
    first = said(short, 1, notice="correction", changes=[replaced(MANIFESTS[short], "/work/title", "New")])
    versions = made(short, first, said(short, 2, lifts=first["event_id"]))
    assert [version.manifest["work"]["title"] for version in versions[1:]] == ["New", "New"]
    assert versions[-1].manifest["correction_record"]["state"] == "CORRECTED"


@given(histories())
def test_the_correction_record_says_what_the_fold_gives(history):
    short, told = history
    record = Record(PATHS[short], short, MANIFESTS[short], events(*told), DATA[short])
    published = correction_record(record, "https://assignee.net/")
    assert contracts.validate(published, "correction-record", file="x") == []
    assert [item["manifest_sha256"] for item in published["versions"]] == [item.sha256 for item in record.versions]
    assert [item["event_id"] for item in published["correction_events"]] == [data["event_id"] for data in told]
    assert published["correction_count"] == len(told)
    assert len(published["known_superseded_manifest_urls"]) == len(told)


def test_events_that_say_nothing_else_change_number_and_state_only():
    for short in RECORDS:
        version = made(short, said(short, 1))[-1]
        assert [change.path for change in version.changes] == [
            "/correction_record/count",
            "/correction_record/state",
            "/work/version",
        ], short
        assert (version.facts, version.consequences) == ([], [])


def test_the_process_does_not_matter(tmp_path):
    """One history gives one hash, in a process with other random hashes too."""
    short = RECORDS[0]
    told = [
        said(short, number, changes=[replaced(MANIFESTS[short], path, "x")])
        for number, path in enumerate(["/work/title", "/work/abstract", "/provenance/methodology"], 1)
    ]
    path = write(tmp_path, short, told)
    code = (
        "import sys; from pathlib import Path; from generator.manifest.store import load_record;"
        "print(load_record(Path(sys.argv[1])).current.sha256)"
    )
    for seed in ("0", "1", "4711"):
        done = subprocess.run(
            [sys.executable, "-c", code, str(path)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == made(short, *told)[-1].sha256
