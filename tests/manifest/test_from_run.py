"""A run becomes a manifest: the same bytes each time, nothing filled in, and the known public pages' facts."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.drafts import read_draft
from generator.kernel.facts import load_facts
from generator.manifest import runs
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.from_run import manifest_of
from generator.manifest.identity import run_id
from generator.manifest.publish import publish
from generator.manifest.rules import check_manifest
from generator.manifest.store import Store
from generator.manifest.strict import load_json

REFERENCE = (Path(__file__).parents[2] / "../shared/reference").resolve()
PAGES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(REFERENCE.glob("pages/*.json"))}
DRAFTS = sorted(REFERENCE.glob("drafts/*.txt"))
drafts_here = pytest.mark.skipif(not DRAFTS, reason="../shared/reference/drafts is not here")


def manifest_from(run: dict[str, Any], **changes: Any) -> dict[str, Any]:
    identity = run_id(run)
    arguments: dict[str, Any] = {"short": identity[:8].upper(), "decision": None, "files": {}}
    return manifest_of(run, identity=identity, **{**arguments, **changes})


def test_the_same_run_gives_the_same_bytes(made: Any) -> None:
    run = load_json(made.run.path / "run.json")
    first = stored_bytes(manifest_from(run))
    turned = json.loads(json.dumps(run), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    assert stored_bytes(manifest_from(turned)) == first
    assert stored_bytes(manifest_from(run)) == first


PUBLISHED = sorted((Path(__file__).parents[2] / "manifests").glob("*/*/manifest.json"))


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.parent.name)
def test_a_published_record_is_made_again_from_its_run_byte_for_byte(path: Path) -> None:
    manifest, run = load_json(path), load_json(path.parent / "run.json")
    media = {**runs.REPORT_FILES, runs.RUN_FILE: "application/json"}
    again = manifest_from(
        run,
        short=manifest["work"]["short_id"],
        decision=manifest["quality_assessment"]["owner_decision"],
        files={name: (kind, (path.parent / name).read_bytes()) for name, kind in media.items()},
    )
    assert stored_bytes(again) == path.read_bytes()
    assert check_manifest(manifest, file=str(path)) == []


def test_the_rules_of_the_run_become_those_of_the_record(made: Any) -> None:
    manifest = made.manifest()
    assert manifest["quality_assessment"]["rules"] == made.run.run["rules"]
    assert manifest["schema"] == "https://assignee.net/schemas/paper-manifest/1.1.2.json"
    assert manifest["claims"]["aggregate"]["echoed"] == 0


def test_a_record_whose_verifier_misses_the_bar_says_so(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    run["rules"]["verifier"].update(card=None, card_sha256=None, meets_bar=False)
    manifest = manifest_from(run)
    note = "The verifier of this record does not meet the bar: no claim of it counts as verified."
    assert note in manifest["limitations"]
    assert note not in made.manifest()["limitations"]
    assert manifest["claims"]["aggregate"]["verified"] == 0


def test_a_run_is_not_changed_by_becoming_a_manifest(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    before = stored_bytes(run)
    manifest = manifest_from(run)
    manifest["claims"]["aggregate"]["verified"] = -1
    assert stored_bytes(run) == before


def test_publishing_twice_changes_nothing(made: Any) -> None:
    before = {path: path.read_bytes() for path in sorted(made.root.rglob("*")) if path.is_file()}
    again = publish(made.run, Store(made.root))
    assert (again.outcome, again.path) == ("unchanged", made.path)
    assert {path: path.read_bytes() for path in sorted(made.root.rglob("*")) if path.is_file()} == before


def test_the_manifest_carries_the_run(made: Any) -> None:
    run, manifest = made.run.run, made.manifest()
    assert manifest["work"]["id"] == run_id(run) == made.run.id
    assert manifest["work"]["short_id"] == made.run.id[:8].upper()
    assert manifest["work"]["id_basis"] == "derived"
    assert manifest["work"]["submitted"] == "2026-01-02"
    assert manifest["work"]["sample"] is True
    assert manifest["claims"]["records"] == run["claims"]
    assert manifest["claims"]["aggregate"]["extracted"] == len(run["claims"])
    assert manifest["provenance"]["queries"] == run["queries"]
    assert (manifest["provenance"]["models"], manifest["provenance"]["prompt_sha256s"]) == ([], [])
    assert manifest["quality_assessment"]["review"]["score"] == run["tribunal"]["score"]
    assert manifest["disclosure"] == {
        "machine_generated": True,
        "human_review": "none",
        "editorially_responsible": None,
        "digital_source_type": "https://schema.org/AlgorithmicMediaDigitalSource",
        "basis": "The text was made by software and published without review by a person. "
        "Nobody holds editorial responsibility for it.",
    }
    note = "The papers behind this record are invented: it shows how records work and says nothing true."
    assert note in manifest["limitations"]


def test_every_listed_file_is_the_one_beside_it(made: Any) -> None:
    listed = {item["url"]: item for item in made.manifest()["artifacts"] if item["url"]}
    beside = {path.name for path in made.path.parent.iterdir()} - {"manifest.json"}
    assert set(listed) == beside == {"report.html", "report.pdf", "run.json"}
    for name, item in listed.items():
        data = (made.path.parent / name).read_bytes()
        assert (item["size"], item["sha256"]) == (len(data), sha256_bytes(data))


def test_sources_count_the_claims_that_name_them(made: Any) -> None:
    manifest = made.manifest()
    named = [claim["grounding"]["source_id"] for claim in manifest["claims"]["records"]]
    counts = {source["id"]: source["claims"] for source in manifest["provenance"]["sources"]}
    assert counts == {name: named.count(name) for name in counts}
    assert sum(counts.values()) == len(named)


def test_null_stays_null(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    run["tribunal"].update(score=None, verdict=None)
    run["policy"]["outcome"] = "ESCALATE_TO_OWNER"
    run["origin"].update(dated=None, seed=None)
    for claim in run["claims"]:
        claim["verification"] = {
            "verified": None,
            "confidence": None,
            "threshold": None,
            "method": None,
            "supporting_source_ids": [],
        }
    manifest = manifest_from(run)
    assert manifest["work"]["submitted"] is None
    assert manifest["provenance"]["seed"] is None
    assessment = manifest["quality_assessment"]
    assert (assessment["review"]["score"], assessment["review"]["verdict"]) == (None, None)
    assert assessment["tier"]["tier"] == "QUARANTINE_CANDIDATE"
    assert assessment["tier"]["inputs"]["review_score"] is None
    assert assessment["dimensions"]["dimensions"]["evidence_strength"]["level"] == "UNASSESSED"
    assert all(claim["verification"]["verified"] is None for claim in manifest["claims"]["records"])
    assert manifest["claims"]["aggregate"]["verified"] == 0


def test_a_decision_is_told_and_is_no_review(made: Any) -> None:
    decision = {
        "run_id": made.run.id,
        "decision": "publish",
        "by": "A. Owner",
        "reason": "Sound.",
        "decided_at": "2026-01-03T00:00:00Z",
        "recorded_from": "srch decide",
    }
    manifest = manifest_from(made.run.run, decision=decision)
    assert manifest["quality_assessment"]["owner_decision"] == {
        key: value for key, value in decision.items() if key != "run_id"
    }
    assert manifest["disclosure"]["human_review"] == "owner decision"
    assert manifest["disclosure"]["editorially_responsible"] == "A. Owner"
    assert check_manifest(manifest, file="f") == []


def test_a_model_s_text_is_marked_as_such(made: Any) -> None:
    run = copy.deepcopy(made.run.run)
    run["abstract"]["produced_by"].update(mode="model", model="some-model-1", prompt_sha256="a" * 64)
    manifest = manifest_from(run)
    assert manifest["disclosure"]["digital_source_type"] == (
        "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    )
    assert manifest["provenance"]["models"] == ["some-model-1"]
    assert manifest["provenance"]["prompt_sha256s"] == ["a" * 64]


# --- the three real drafts, against the facts of their public pages


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Manifests of the drafts by file name; the one without a decision is decided here."""
    facts = load_facts(REFERENCE / "drafts" / "import.yml")
    root = tmp_path_factory.mktemp("imported")
    manifests = {}
    for path in DRAFTS:
        draft = read_draft(path, facts)
        identity = run_id(draft.run)
        decision = draft.decision and {**draft.decision, "run_id": identity}
        folder = runs.RunFolder(root / path.stem, draft.run, identity, decision)
        folder.path.mkdir()
        if folder.state == "waits":
            assert publish(folder, Store(root)).outcome == "waits"
            decision = runs.decide(
                folder, decision="publish", by="Owner", reason="Test.", decided_at="2026-01-01T00:00:00Z"
            )
            folder = runs.RunFolder(folder.path, draft.run, identity, decision)
        published = publish(folder, Store(root / "manifests"))
        assert published.path is not None
        manifests[path.name] = load_json(published.path)
    return manifests


def shown_rows(manifest: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The facts of a public page, read from the manifest's own labels."""
    assessment, provenance = manifest["quality_assessment"], manifest["provenance"]
    verification, levels = assessment["verification"], assessment["dimensions"]["dimensions"]
    status = {item["type"]: item["status"].capitalize() for item in manifest["artifacts"]}
    return {
        "Verification Level": {
            "Paper level": f"{verification['paper_level_key']}, {verification['paper_level_label']}",
            "Source-grounded claims": str(verification["claim_summary"]["source_grounded_claims"]),
            "Claim record source": verification["claim_summary"]["claim_record_source"],
        },
        "Quality Tier": {"Tier": assessment["tier"]["label"], "Basis": assessment["tier"]["basis"]},
        "Quality Dimensions": {
            "Evidence strength": levels["evidence_strength"]["level"],
            "Citation grounding": levels["citation_grounding"]["level"],
            "Uncertainty disclosure": levels["uncertainty_disclosure"]["level"],
            "Reproducibility status": levels["reproducibility_status"]["level"],
        },
        "Provenance": {
            "Public provenance": f"{provenance['level_key']}, {provenance['level_label']}",
            "Report artifact": status["report"],
            "External record": status["external_record"],
            "Claim lineage": provenance["claim_lineage"]["label"],
            "Review method": provenance["review_method"],
            "Note": provenance["note"],
        },
    }


@drafts_here
@pytest.mark.parametrize("short", sorted(PAGES))
def test_an_imported_record_has_the_facts_of_its_page(short: str, imported: dict[str, dict[str, Any]]) -> None:
    (manifest,) = [item for item in imported.values() if item["work"]["short_id"] == short]
    page = PAGES[short]
    found = shown_rows(manifest)
    assert {block: {key: page["blocks"][block]["rows"][key] for key in rows} for block, rows in found.items()} == found
    assert manifest["work"]["public_id"] == page["id"]
    assert manifest["work"]["id_basis"] == "published"
    # the page prints a typewriter apostrophe where the draft has a curly one
    assert manifest["work"]["title"].replace("’", "'") == page["title"].replace("’", "'")
    question = page["blocks"]["Research Question"]["text"][0]
    assert manifest["work"]["research_question"].replace("’", "'") == question.replace("’", "'")
    assert check_manifest(manifest, file="f") == []


@drafts_here
def test_the_draft_without_a_page_is_a_quarantine_candidate_once_decided(imported: dict[str, dict[str, Any]]) -> None:
    manifest = imported["lynx-2026-05-28.txt"]
    assert manifest["quality_assessment"]["review"]["score"] == 3.5
    assert manifest["quality_assessment"]["tier"]["tier"] == "QUARANTINE_CANDIDATE"
    assert manifest["quality_assessment"]["owner_decision"]["decision"] == "publish"
    assert manifest["work"]["id_basis"] == "derived"


@drafts_here
def test_what_a_draft_does_not_say_stays_null(imported: dict[str, dict[str, Any]]) -> None:
    assert len(imported) == 3
    for manifest in imported.values():
        assert manifest["provenance"]["seed"] is None
        assert manifest["provenance"]["external_record"]["doi"] is None
        assert manifest["work"]["license"] is None
        assert all(claim["grounding"]["locator"] is None for claim in manifest["claims"]["records"])
        for name in ("numerical_consistency", "benchmark_validity", "novelty", "safety_impact"):
            assert manifest["quality_assessment"]["dimensions"]["dimensions"][name]["level"] == "UNASSESSED"
