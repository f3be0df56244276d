"""Every code of the rule table, each brought about by a small change to a valid record made by the real pipeline."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generator.manifest import cards, contracts, rules, runs
from generator.manifest.canonical import sha256_bytes, sha256_text, stored_bytes
from generator.manifest.check import check_paths, check_record
from generator.manifest.corrections import load_events
from generator.manifest.derive import derived, put
from generator.manifest.identity import run_id
from generator.manifest.problems import Problem, Problems, UsageError, shown
from generator.manifest.publish import publish
from generator.manifest.rules import check_manifest
from generator.manifest.store import Store, load_record
from generator.manifest.strict import load_json

Manifest = dict[str, Any]
Row = tuple[str, str, str, str]  # place, found, expected, mend
Change = Callable[[Manifest], list[Row]]

COMPUTED = "Publish the run again; this part is computed, never typed in."
MANIFEST_CASES: list[Any] = []
FILE_CASES: list[Any] = []


def on_manifest(code: str) -> Callable[[Change], Change]:
    """A change to the parsed manifest; it returns the problems expected, all of this code."""

    def register(change: Change) -> Change:
        MANIFEST_CASES.append(pytest.param(code, change, id=f"{code}-{change.__name__}"))
        return change

    return register


def on_files(code: str) -> Callable[[Callable[[Path], list[tuple[Path, Row]]]], Any]:
    """A change to the record's files on disk; it returns (file, problem) pairs, all of this code."""

    def register(change: Callable[[Path], list[tuple[Path, Row]]]) -> Any:
        FILE_CASES.append(pytest.param(code, change, id=f"{code}-{change.__name__}"))
        return change

    return register


def derive_again(manifest: Manifest) -> None:
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)


# --- the schema and identity


@on_manifest("REG010")
def a_property_too_many(m: Manifest) -> list[Row]:
    m["work"]["titel"] = "x"
    return [
        (
            "/work/titel",
            'a property "titel"',
            "only the properties of the contract",
            'Rename it to "title", or remove it.',
        )
    ]


@on_manifest("REG023")
def public_id_of_another(m: Manifest) -> list[Row]:
    right = m["work"]["public_id"]
    m["work"]["public_id"] = "SRCH:00000000"
    mend = "Write the public id as SRCH: and the short id."
    return [("/work/public_id", '"SRCH:00000000"', f'"{right}"', mend)]


@on_manifest("REG023")
def derived_id_that_does_not_begin_so(m: Manifest) -> list[Row]:
    m["work"].update(short_id="00000000", public_id="SRCH:00000000")
    upper = m["work"]["id"].upper()
    mend = "Publish the run again with 'srch publish'."
    return [("/work/short_id", '"00000000"', f"the first digits of {upper}", mend)]


@on_manifest("REG021")
def claim_id_twice(m: Manifest) -> list[Row]:
    # the last claim keeps its place in the counts and loses only its name
    last = len(m["claims"]["records"]) - 1
    m["claims"]["records"][last]["id"] = "C1"
    for group in (*m["claims"]["themes"], *m["claims"]["disagreements"]):
        renamed = ["C1" if name == f"C{last + 1}" else name for name in group["claim_ids"]]
        group["claim_ids"] = list(dict.fromkeys(renamed))
    derive_again(m)
    return [(f"/claims/records/{last}/id", "C1 a second time", "each id once", "Number the claims in order.")]


@on_manifest("REG021")
def source_id_twice(m: Manifest) -> list[Row]:
    first = m["provenance"]["sources"][0]
    m["provenance"]["sources"].append({**first})
    place = f"/provenance/sources/{len(m['provenance']['sources']) - 1}/id"
    return [(place, "S1 a second time", "each id once", "Number the sources in order.")]


# --- what is computed


@on_manifest("REG024")
def a_later_version_that_lands(m: Manifest) -> list[Row]:
    m["work"]["version"] = 2
    m["correction_record"].update(state="CORRECTED", count=1)
    mend = "Publish the run again with 'srch publish'; a later version is made by an event."
    return [
        ("/work/version", "2", "1", mend),
        ("/correction_record/state", '"CORRECTED"', '"CURRENT"', mend),
        ("/correction_record/count", "1", "0", mend),
    ]


@on_manifest("REG030")
def one_verified_claim_too_many(m: Manifest) -> list[Row]:
    right = m["claims"]["aggregate"]["verified"]
    m["claims"]["aggregate"]["verified"] = right + 1
    return [("/claims/aggregate/verified", str(right + 1), str(right), COMPUTED)]


@on_manifest("REG030")
def a_source_credited_with_more_claims(m: Manifest) -> list[Row]:
    right = m["provenance"]["sources"][0]["claims"]
    m["provenance"]["sources"][0]["claims"] = right + 7
    return [("/provenance/sources/0/claims", str(right + 7), f"{right}, the number of claims that name it", COMPUTED)]


@on_manifest("REG030")
def records_called_an_aggregate(m: Manifest) -> list[Row]:
    m["claims"]["mode"] = "aggregate"
    derive_again(m)
    mend = "Say per_claim, or leave the records out."
    return [("/claims/mode", "aggregate, with claim records", "per_claim where records are public", mend)]


@on_manifest("REG031")
def a_better_tier(m: Manifest) -> list[Row]:
    tier = m["quality_assessment"]["tier"]
    right = tier["tier"]
    tier["tier"] = "PUBLIC_RECORD"
    assert right not in ("PUBLIC_RECORD", "WATCHLIST", "QUARANTINE_CANDIDATE")
    return [("/quality_assessment/tier/tier", '"PUBLIC_RECORD"', f'"{right}"', COMPUTED)]


@on_manifest("REG031")
def a_gentler_threshold(m: Manifest) -> list[Row]:
    m["quality_assessment"]["tier"]["thresholds"][1]["min_score"] = 5.5
    return [("/quality_assessment/tier/thresholds/1/min_score", "5.5", "7.5", COMPUTED)]


@on_manifest("REG032")
def a_higher_level(m: Manifest) -> list[Row]:
    m["quality_assessment"]["verification"]["paper_level"] = 3
    return [("/quality_assessment/verification/paper_level", "3", "2", COMPUTED)]


@on_manifest("REG032")
def corroboration_claimed(m: Manifest) -> list[Row]:
    m["quality_assessment"]["verification"]["claim_summary"]["cross_source_corroborated_claims"] = 4
    place = "/quality_assessment/verification/claim_summary/cross_source_corroborated_claims"
    return [(place, "4", "0", COMPUTED)]


@on_manifest("REG033")
def stronger_evidence(m: Manifest) -> list[Row]:
    dimension = m["quality_assessment"]["dimensions"]["dimensions"]["evidence_strength"]
    assert dimension["level"] == "MEDIUM"
    dimension["level"] = "HIGH"
    return [("/quality_assessment/dimensions/dimensions/evidence_strength/level", '"HIGH"', '"MEDIUM"', COMPUTED)]


@on_manifest("REG034")
def a_higher_provenance(m: Manifest) -> list[Row]:
    m["provenance"]["level"] = 4
    return [("/provenance/level", "4", "3", COMPUTED)]


@on_manifest("REG034")
def rubric_checks_called_reviewers(m: Manifest) -> list[Row]:
    m["provenance"]["review_method"] = "Automated multi-reviewer assessment"
    place = "/provenance/review_method"
    return [(place, '"Automated multi-reviewer assessment"', '"Automated rubric checks"', COMPUTED)]


@on_manifest("REG039")
def a_limitation_left_out(m: Manifest) -> list[Row]:
    left = m["limitations"].pop()
    found, expected = shown(m["limitations"]), shown([*m["limitations"], left])
    return [("/limitations", found, expected, COMPUTED)]


# --- quotes and names


@on_manifest("REG035")
def a_quote_with_another_hash(m: Manifest) -> list[Row]:
    where = m["claims"]["records"][0]["grounding"]["locator"]
    right = sha256_text(where["quote"])
    where["sha256"] = "0" * 64
    mend = "The quote was changed after it was hashed: take it from the source again."
    return [("/claims/records/0/grounding/locator/sha256", f'"{"0" * 64}"', right, mend)]


@on_manifest("REG036")
def a_longer_place_than_quote(m: Manifest) -> list[Row]:
    where = m["claims"]["records"][0]["grounding"]["locator"]
    length = len(where["quote"])
    where["end"] += 1
    return [
        (
            "/claims/records/0/grounding/locator/end",
            f"{length + 1} characters",
            f"{length} characters, the length of the quote",
            "Locate the quote in the source again.",
        )
    ]


@on_manifest("REG036")
def a_claim_that_is_not_its_quote(m: Manifest) -> list[Row]:
    """Both texts are long and part late: what is shown begins twenty characters before that."""
    claim = next(item for item in m["claims"]["records"] if len(item["text"]) > 90)
    index = m["claims"]["records"].index(claim)
    quote = claim["text"]
    claim["text"] = quote[:-3] + "!!!"
    mend = "An extracted claim is its quote, word for word."
    start = len(quote) - 23
    return [
        (
            f"/claims/records/{index}/grounding/locator/quote",
            f'"{quote[start:]}" from character {start} on',
            f'the claim\'s text, "{quote[start:-3]}!!!"',
            mend,
        )
    ]


@on_manifest("REG037")
def a_source_that_is_not_listed(m: Manifest) -> list[Row]:
    claim = m["claims"]["records"][0]
    name = claim["grounding"]["source_id"]
    claim["grounding"]["source_id"] = "S99"
    next(source for source in m["provenance"]["sources"] if source["id"] == name)["claims"] -= 1
    mend = "List the source, or correct the id."
    return [("/claims/records/0/grounding/source_id", '"S99"', "the id of a listed source", mend)]


@on_manifest("REG037")
def support_from_nowhere(m: Manifest) -> list[Row]:
    m["claims"]["records"][1]["verification"]["supporting_source_ids"][0] = "S98"
    mend = "List the source, or correct the id."
    return [
        ("/claims/records/1/verification/supporting_source_ids/0", '"S98"', "the id of a listed source", mend),
    ]


@on_manifest("REG037")
def a_theme_that_is_not_listed(m: Manifest) -> list[Row]:
    m["claims"]["records"][0]["theme"] = "T99"
    return [
        ("/claims/records/0/theme", '"T99"', "the id of a listed theme", "List the theme, or correct the id."),
    ]


@on_manifest("REG037")
def a_theme_of_no_claim(m: Manifest) -> list[Row]:
    m["claims"]["themes"][0]["claim_ids"][0] = "C99"
    mend = "List the claim, or correct the id."
    return [("/claims/themes/0/claim_ids/0", '"C99"', "the id of a listed claim", mend)]


@on_manifest("REG037")
def a_disagreement_with_no_claim(m: Manifest) -> list[Row]:
    m["claims"]["disagreements"] = [{"claim_ids": ["C1", "C99"], "basis": "Made up."}]
    mend = "List the claim, or correct the id."
    return [("/claims/disagreements/0/claim_ids/1", '"C99"', "the id of a listed claim", mend)]


def as_published_before(m: Manifest) -> None:
    """Make it a record of rules 1.0, as it was published."""
    published = load_json(Path(__file__).parents[2] / "manifests" / "32" / "32FAE0B9" / "manifest.json")
    m.clear()
    m.update(published)
    assert check_manifest(m, file="f") == []


@on_manifest("REG038")
def a_pass_below_the_threshold(m: Manifest) -> list[Row]:
    as_published_before(m)
    m["claims"]["records"][0]["verification"]["confidence"] = 0.1499
    return [
        (
            "/claims/records/0/verification/verified",
            "true at confidence 0.1499",
            "false against the threshold 0.15",
            "Verify the claim again.",
        )
    ]


@on_manifest("REG038")
def a_fail_at_the_threshold(m: Manifest) -> list[Row]:
    as_published_before(m)
    m["claims"]["records"][0]["verification"].update(confidence=0.15, verified=False)
    derive_again(m)
    return [
        (
            "/claims/records/0/verification/verified",
            "false at confidence 0.15",
            "true against the threshold 0.15",
            "Verify the claim again.",
        )
    ]


# --- verifiers and their verdicts


@on_manifest("REG070")
def rules_left_out(m: Manifest) -> list[Row]:
    del m["quality_assessment"]["rules"]
    derive_again(m)
    mend = "Make it again with 'srch run' or 'srch import'; only records of the first version go without."
    return [("/quality_assessment", "no rules", "the rules that the claims are counted by", mend)]


@on_manifest("REG071")
def a_verdict_of_another_version(m: Manifest) -> list[Row]:
    m["claims"]["records"][2]["verification"]["version"] = "0.9.0"
    return [
        (
            "/claims/records/2/verification/method",
            "same-words-v1 0.9.0",
            "same-words-v1 1.0.0, the verifier of the record",
            "Verify all claims of a record with one verifier.",
        )
    ]


@on_manifest("REG072")
def a_card_of_other_bytes(m: Manifest) -> list[Row]:
    verifier = m["quality_assessment"]["rules"]["verifier"]
    right = verifier["card_sha256"]
    verifier["card_sha256"] = "0" * 64
    mend = "Name the card that lies in the registry; a published card is never changed."
    return [("/quality_assessment/rules/verifier/card_sha256", f'"{"0" * 64}"', f'"{right}"', mend)]


@on_manifest("REG073")
def a_bar_that_is_not_met(m: Manifest) -> list[Row]:
    m["quality_assessment"]["rules"] = cards.rules_for("tfidf-bigram-v1", "1.0.0")
    m["quality_assessment"]["rules"]["verifier"]["meets_bar"] = True
    for claim in m["claims"]["records"]:
        claim["verification"]["method"] = "tfidf-bigram-v1"
    derive_again(m)
    place = "/quality_assessment/rules/verifier/meets_bar"
    return [(place, "true", "false, by the figures of its card", COMPUTED)]


@on_manifest("REG074")
def a_label_against_its_sources(m: Manifest) -> list[Row]:
    check = m["claims"]["records"][0]["verification"]
    check["label"] = "REFUTE"
    number = len(check["supporting_source_ids"])
    expected = f'"SUPPORT", by {number} supporting and 0 refuting sources'
    return [("/claims/records/0/verification/label", '"REFUTE"', expected, "Verify the claim again.")]


@on_manifest("REG035")
def evidence_with_another_hash(m: Manifest) -> list[Row]:
    item = m["claims"]["records"][0]["verification"]["evidence"][0]
    right = item["sha256"]
    item["sha256"] = "0" * 64
    mend = "Take the passage from the source again."
    return [("/claims/records/0/verification/evidence/0/sha256", f'"{"0" * 64}"', right, mend)]


@on_manifest("REG036")
def evidence_of_another_length(m: Manifest) -> list[Row]:
    item = m["claims"]["records"][0]["verification"]["evidence"][0]
    item["end"] += 2
    length = len(item["quote"])
    found, expected = f"{length + 2} characters", f"{length} characters, the length of the quote"
    mend = "Take the passage from the source again."
    return [("/claims/records/0/verification/evidence/0/end", found, expected, mend)]


@on_manifest("REG037")
def evidence_from_nowhere(m: Manifest) -> list[Row]:
    m["claims"]["records"][0]["verification"]["evidence"][0]["source_id"] = "S97"
    mend = "List the source, or correct the id."
    return [("/claims/records/0/verification/evidence/0/source_id", '"S97"', "the id of a listed source", mend)]


@on_manifest("REG030")
def echoes_that_are_not_there(m: Manifest) -> list[Row]:
    m["claims"]["aggregate"]["echoed"] = 3
    return [("/claims/aggregate/echoed", "3", "0", COMPUTED)]


# --- addresses


@on_manifest("REG040")
def an_arxiv_address_of_no_paper(m: Manifest) -> list[Row]:
    m["provenance"]["sources"][0]["url"] = "https://arxiv.org/pdf/2505.20225"
    return [
        (
            "/provenance/sources/0/url",
            '"https://arxiv.org/pdf/2505.20225"',
            "an arXiv address such as https://arxiv.org/abs/2505.20225v1",
            "Give the address of the paper's abstract page.",
        )
    ]


@on_manifest("REG040")
def an_address_of_another_paper(m: Manifest) -> list[Row]:
    m["provenance"]["sources"][0].update(url="https://arxiv.org/abs/2505.20225v1", paper_id="2505.20226")
    mend = "Make id and address name one paper."
    return [("/provenance/sources/0/paper_id", '"2505.20226"', '"2505.20225", as in its address', mend)]


# --- gates


@on_manifest("REG050")
def published_by_policy_below_the_score(m: Manifest) -> list[Row]:
    m["quality_assessment"]["review"]["score"] = 6.4
    derive_again(m)
    verified = m["claims"]["aggregate"]["verified"]
    return [
        (
            "/quality_assessment/policy/outcome",
            f'AUTO_APPROVE at score 6.4, {verified} verified claims, verdict "APPROVE"',
            "a score of 6.5 or more, 5 or more verified claims and the verdict APPROVE",
            "Escalate the run and record its owner's decision with 'srch decide'.",
        )
    ]


@on_manifest("REG099")
def published_by_policy_after_a_review_that_moved(m: Manifest) -> list[Row]:
    check = {"round": 0, "moved": True, "before": 7.0, "plants": [], "finding": "It moved."}
    m["quality_assessment"]["review"]["paired_check"] = check
    return [
        (
            "/quality_assessment/policy/outcome",
            "AUTO_APPROVE",
            "ESCALATE_TO_OWNER, because of paired_check (x-holds)",
            "Escalate the run and record its owner's decision with 'srch decide'.",
        )
    ]


@on_manifest("REG050")
def published_by_policy_with_four_claims(m: Manifest) -> list[Row]:
    for claim in m["claims"]["records"][4:]:
        claim["verification"].update(
            verified=False, label="NEI", agreement="none", p_support=0.04, supporting_source_ids=[], evidence=[]
        )
    derive_again(m)
    score = m["quality_assessment"]["review"]["score"]
    return [
        (
            "/quality_assessment/policy/outcome",
            f'AUTO_APPROVE at score {score}, 4 verified claims, verdict "APPROVE"',
            "a score of 6.5 or more, 5 or more verified claims and the verdict APPROVE",
            "Escalate the run and record its owner's decision with 'srch decide'.",
        )
    ]


@on_manifest("REG051")
def escalated_without_a_decision(m: Manifest) -> list[Row]:
    m["quality_assessment"]["policy"]["outcome"] = "ESCALATE_TO_OWNER"
    return [
        (
            "/quality_assessment/owner_decision",
            'no decision on a record whose policy outcome is "ESCALATE_TO_OWNER"',
            "the owner's recorded decision to publish",
            "Record it with 'srch decide RUN --publish' and publish the run again.",
        )
    ]


@on_manifest("REG051")
def rejected_and_published(m: Manifest) -> list[Row]:
    m["quality_assessment"]["owner_decision"] = {
        "decision": "reject",
        "by": "A. Owner",
        "reason": "Not ready.",
        "decided_at": "2026-01-03T00:00:00Z",
        "recorded_from": "srch decide",
    }
    m["disclosure"].update(human_review="owner decision", editorially_responsible="A. Owner")
    mend = "A rejected run has no public record: remove the folder in the same pull request that added it."
    return [("/quality_assessment/owner_decision/decision", '"reject"', '"publish"', mend)]


@on_manifest("REG052")
def a_review_by_a_person_that_never_was(m: Manifest) -> list[Row]:
    m["disclosure"].update(human_review="owner decision", editorially_responsible="A. Owner")
    return [
        ("/disclosure/human_review", '"owner decision"', '"none"', "Publish the run again."),
        ("/disclosure/editorially_responsible", '"A. Owner"', "null", "Publish the run again."),
    ]


# --- files on disk


def write(path: Path, value: Any) -> None:
    path.write_bytes(stored_bytes(value))


@on_files("REG001")
def a_file_too_large(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    size = 16 * 1024 * 1024 + 1
    with path.open("ab") as handle:
        handle.truncate(size)
    return [(path, ("", f"{size} bytes", "at most 16777216 bytes", "Split or shorten the file."))]


@on_files("REG002")
def a_byte_order_mark(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return [(path, ("line 1", "a byte order mark", "plain UTF-8", "Save the file without a BOM."))]


@on_files("REG003")
def a_cut_file(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(b'{\n  "work": ')
    row = ("line 2, column 11", "the end of the file", "JSON (expecting value)", "Mend the JSON syntax at this place.")
    return [(path, row)]


@on_files("REG004")
def a_key_twice(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b"{", b'{ "schema": 1,', 1))
    return [(path, ("/schema", 'key "schema" twice', "each key once in an object", "Keep one of them."))]


@on_files("REG005")
def too_deep(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(b"[" * 70 + b"]" * 70)
    return [(path, ("", "70 levels", "at most 64 levels", "Flatten the document."))]


@on_files("REG006")
def not_a_number(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"seed": 0', b'"seed": NaN'))
    mend = "Write null where a value is not known."
    return [(path, ("/provenance/seed", "NaN", "a finite number or null", mend))]


@on_files("REG007")
def half_a_character(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"id_basis": "derived"', b'"id_basis": "\\ud83d"'))
    mend = "Write the character itself, or both halves of its surrogate pair."
    return [(path, ("/work/id_basis", '"\\\\ud83d"', "whole Unicode characters", mend))]


@on_files("REG008")
def edited_by_hand(record: Path) -> list[tuple[Path, Row]]:
    path = record / "manifest.json"
    lines = path.read_bytes().split(b"\n")
    lines[4] = lines[4] + b" "
    path.write_bytes(b"\n".join(lines))
    row = (
        "line 5",
        "bytes that the tools would not write",
        "keys sorted, two spaces of indentation, plain UTF-8, one final newline",
        "Let 'srch publish' write the file; do not edit it by hand.",
    )
    return [(path, row)]


@on_files("REG009")
def a_file_of_no_contract(record: Path) -> list[tuple[Path, Row]]:
    path = record / "notes.json"
    path.write_bytes(b'{"schema": "mine"}')
    base = "https://assignee.net/schemas"
    row = (
        "/schema",
        '"mine"',
        f"{base}/paper-manifest/1.1.2.json or {base}/synthesis-run/1.0.2.json",
        "Name the contract that the file follows, or move the file elsewhere.",
    )
    return [(path, row)]


@on_files("REG020")
def in_the_folder_of_another(record: Path) -> list[tuple[Path, Row]]:
    short = record.name
    moved = record.parent.parent / "00" / "00000000"
    moved.parent.mkdir()
    record.rename(moved)
    row = (
        "/work/short_id",
        f"{short} in the folder 00/00000000",
        f"the folder {short[:2]}/{short}",
        "Move the record to the folder of its id.",
    )
    return [(moved / "manifest.json", row)]


@on_files("REG023")
def beside_another_run(record: Path) -> list[tuple[Path, Row]]:
    run = load_json(record / "run.json")
    run["origin"]["seed"] = 12345
    write(record / "run.json", run)
    manifest = load_json(record / "manifest.json")
    data = (record / "run.json").read_bytes()
    for item in manifest["artifacts"]:
        if item["type"] == "run":
            item.update(size=len(data), sha256=sha256_bytes(data))
    write(record / "manifest.json", manifest)
    row = (
        "/work/id",
        f'"{manifest["work"]["id"]}"',
        f"{run_id(run)}, the id of run.json beside it",
        "Publish the run again with 'srch publish'.",
    )
    return [(record / "manifest.json", row)]


def place_of(record: Path, name: str) -> tuple[str, dict[str, Any]]:
    artifacts = load_json(record / "manifest.json")["artifacts"]
    index = next(number for number, item in enumerate(artifacts) if item["url"] == name)
    return f"/artifacts/{index}", artifacts[index]


@on_files("REG041")
def a_report_that_is_gone(record: Path) -> list[tuple[Path, Row]]:
    place, _ = place_of(record, "report.pdf")
    (record / "report.pdf").unlink()
    row = (f"{place}/url", "no file report.pdf beside it", "the listed file", "Put it back.")
    return [(record / "manifest.json", row)]


@on_files("REG041")
def a_report_of_the_same_size(record: Path) -> list[tuple[Path, Row]]:
    place, item = place_of(record, "report.pdf")
    data = bytearray((record / "report.pdf").read_bytes())
    data[-2] ^= 1
    (record / "report.pdf").write_bytes(data)
    row = (
        f"{place}/sha256",
        f"report.pdf has {sha256_bytes(bytes(data))}",
        f'"{item["sha256"]}"',
        "Put back the file as it was published.",
    )
    return [(record / "manifest.json", row)]


def list_again(record: Path, name: str, **changes: Any) -> None:
    """Make the manifest list the file as it is now."""
    manifest = load_json(record / "manifest.json")
    data = (record / name).read_bytes()
    for item in manifest["artifacts"]:
        if item["url"] == name:
            item.update(size=len(data), sha256=sha256_bytes(data), **changes)
    write(record / "manifest.json", manifest)


@on_files("REG041")
def a_report_in_the_place_of_the_page(record: Path) -> list[tuple[Path, Row]]:
    place, _ = place_of(record, "report.html")
    list_again(record, "report.html", url="index.html")
    row = (
        f"{place}/url",
        '"index.html"',
        "a plain name ending in json, html, pdf, typ, txt, csv or md, and none that the site writes itself",
        "Rename the file and publish the run again.",
    )
    return [(record / "manifest.json", row)]


@on_files("REG042")
def a_report_with_a_script(record: Path) -> list[tuple[Path, Row]]:
    path = record / "report.html"
    lines = path.read_bytes().rstrip(b"\n").split(b"\n")
    path.write_bytes(b"\n".join([*lines, b"<script>alert(1)</script>", b""]))
    list_again(record, "report.html")
    mend = "Let 'srch run' write the report; do not edit it by hand."
    row = (f"line {len(lines) + 1}", "markup that a report does not need", "text, tables and links only", mend)
    return [(path, row)]


@on_files("REG041")
def a_size_that_is_not_the_file_s(record: Path) -> list[tuple[Path, Row]]:
    place, item = place_of(record, "report.html")
    manifest = load_json(record / "manifest.json")
    manifest["artifacts"][int(place.rpartition("/")[2])]["size"] = 1
    write(record / "manifest.json", manifest)
    found = f"report.html has {item['size']} bytes"
    return [(record / "manifest.json", (f"{place}/size", found, "1 bytes", "Put back the file as it was published."))]


@on_files("REG042")
def a_report_that_would_run_a_script(record: Path) -> list[tuple[Path, Row]]:
    place, _ = place_of(record, "report.html")
    lines = (record / "report.html").read_text(encoding="utf-8").splitlines(keepends=True)
    data = "".join([lines[0], "<script>alert(1)</script>\n", *lines[1:]]).encode()
    (record / "report.html").write_bytes(data)
    manifest = load_json(record / "manifest.json")
    listed = manifest["artifacts"][int(place.rpartition("/")[2])]
    listed["size"], listed["sha256"] = len(data), sha256_bytes(data)
    write(record / "manifest.json", manifest)
    row = (
        "line 2",
        "markup that a report does not need",
        "text, tables and links only",
        "Let 'srch run' write the report; do not edit it by hand.",
    )
    return [(record / "report.html", row)]


def card_at(record: Path, method: str, **changes: Any) -> Path:
    """The card of the small verifier, changed, in the registry below a folder ``method``."""
    card = {**load_json(cards.folder() / "same-words-v1" / "1.0.0.json"), **changes}
    path = record.parent.parent / "cards" / method / "1.0.0.json"
    path.parent.mkdir(parents=True)
    write(path, card)
    return path


@on_files("REG075")
def a_card_that_hides_its_figures(record: Path) -> list[tuple[Path, Row]]:
    path = card_at(record, "same-words-v1", meets_bar=False)
    mend = "Let the benchmark write the card; this part is computed, never typed in."
    return [(path, ("/meets_bar", "false", "true: every figure meets the bar", mend))]


@on_files("REG076")
def a_card_of_another_method(record: Path) -> list[tuple[Path, Row]]:
    path = card_at(record, "other-words-v1")
    return [(path, ("/method", '"same-words-v1"', '"other-words-v1"', "Move the card to <method>/<version>.json."))]


def stray_note(record: Path, name: str) -> Path:
    path = record / "corrections" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("A note.", encoding="utf-8")
    return path


@on_files("REG060")
def something_else_among_the_corrections(record: Path) -> list[tuple[Path, Row]]:
    path = stray_note(record, "2026-03-04-note.txt")
    row = ("", "2026-03-04-note.txt", "only .yml files", "Name the event <date>-<slug>.yml, or remove it.")
    return [(path, row)]


def event_in(folder: Path, name: str = "2026-03-04-note", **changes: Any) -> Path:
    """An event beside the record, written as JSON, which is YAML; ``changes`` replace or add what it says."""
    event = {
        "schema": contracts.schema_id("correction-event"),
        "event_id": name,
        "record": f"SRCH:{folder.name}",
        "corrected_at": "2026-03-04T08:00:00Z",
        "correction_type": "METADATA",
        "issued_by": "A. Reader",
        "reason": "Seen while reading.",
        "public_note": "The title was wrong.",
        **changes,
    }
    path = folder / "corrections" / f"{name}.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(stored_bytes(event))
    return path


TITLE = {"op": "replace", "path": "/work/title", "before": "Another title", "value": "The right title"}
FACT_ROWS = [*contracts.table("correction-event", "x-facts"), *contracts.table("paper-manifest", "x-facts")]
FACTS = "the place of a fact: " + ", ".join(row["path"] for row in FACT_ROWS)


@on_files("REG062")
def an_event_under_another_name(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, event_id="2026-03-04-other")
    mend = "Give the file the name of the event, and the event the name of its file."
    return [(path, ("/event_id", '"2026-03-04-other"', '"2026-03-04-note"', mend))]


@on_files("REG062")
def an_event_with_a_name_that_is_too_long(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, f"2026-03-04-{'a' * 120}")
    return [(path, ("/event_id", "a name of 135 characters", "at most 128", "Shorten the event's id."))]


@on_files("REG062")
def an_event_of_another_day(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, corrected_at="2026-03-05T08:00:00Z")
    mend = "Begin the event's id with the day of its date."
    return [(path, ("/corrected_at", '"2026-03-05T08:00:00Z"', "a time on 2026-03-04", mend))]


@on_files("REG062")
def an_event_of_another_record(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, record="SRCH:00000000")
    mend = "Put the file into the folder of the record that it corrects."
    return [(path, ("/record", '"SRCH:00000000"', f'"SRCH:{record.name}"', mend))]


@on_files("REG063")
def a_value_before_that_does_not_hold(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, changes=[TITLE])
    title = shown(load_json(record / "manifest.json")["work"]["title"])
    mend = f"Another event may have changed it since: take the value from 'srch show SRCH:{record.name} --manifest'."
    return [(path, ("/changes/0/before", '"Another title"', f"the value that /work/title holds now, {title}", mend))]


@on_files("REG064")
def a_change_of_a_place_that_is_not_there(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, changes=[{**TITLE, "path": "/claims/records/C91/text"}])
    row = (
        "/changes/0/path",
        '"/claims/records/C91/text", but there is no /claims/records/C91',
        "a place in the manifest, counted as it was published",
        f'Did you mean "C9"? See \'srch show SRCH:{record.name} --manifest\' for the view as it stands.',
    )
    return [(path, row)]


@on_files("REG065")
def a_change_of_what_is_derived(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, changes=[{**TITLE, "path": "/quality_assessment/tier/tier"}])
    mend = "Change the facts that it follows from; this part is computed from them, or never changes."
    return [(path, ("/changes/0/path", '"/quality_assessment/tier/tier"', FACTS, mend))]


@on_files("REG066")
def a_change_that_gives_no_valid_record(record: Path) -> list[tuple[Path, Row]]:
    title = load_json(record / "manifest.json")["work"]["title"]
    path = event_in(record, changes=[{**TITLE, "before": title, "value": ""}])
    found = "/work/title of the corrected record: 0 characters (REG010)"
    return [(path, ("/changes", found, "at least 1 character", "Write a text."))]


@on_files("REG066")
def a_change_of_a_file_s_hash(record: Path) -> list[tuple[Path, Row]]:
    artifacts = load_json(record / "manifest.json")["artifacts"]
    index = next(index for index, item in enumerate(artifacts) if item["url"] == "report.html")
    path = f"/artifacts/{index}/sha256"
    change = {"op": "replace", "path": path, "before": artifacts[index]["sha256"], "value": "0" * 64}
    row = (
        "/changes",
        f'/artifacts/{index} of the corrected record: "report.html" (REG041)',
        "a file as it was published",
        "Publish a new record with the right file, and name it with 'replaced_by'.",
    )
    return [(event_in(record, changes=[change]), row)]


@on_files("REG067")
def an_event_that_lifts_nothing(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, lifts="2026-03-01-concern")
    expected = "an earlier event of this record that carries a notice"
    mend = "Leave it out: there is no such event."
    return [(path, ("/lifts", '"2026-03-01-concern"', expected, mend))]


@on_files("REG067")
def an_event_that_names_a_record_elsewhere(record: Path) -> list[tuple[Path, Row]]:
    path = event_in(record, notice="new_version", replaced_by="SRCH:00000000")
    mend = "Publish that record first, or in the same pull request."
    return [(path, ("/replaced_by", '"SRCH:00000000"', "a record of this registry", mend))]


@on_files("REG067")
def an_event_that_replaces_a_record_by_itself(record: Path) -> list[tuple[Path, Row]]:
    own = f"SRCH:{record.name}"
    path = event_in(record, notice="new_version", replaced_by=own)
    mend = "Name the record that takes this one's place."
    return [(path, ("/replaced_by", f'"{own}"', "another record", mend))]


@pytest.mark.parametrize(("code", "change"), MANIFEST_CASES)
def test_a_change_to_a_manifest(code: str, change: Change, made: Any) -> None:
    manifest = made.manifest()
    assert check_manifest(manifest, file="f") == []
    wanted = change(manifest)
    assert check_manifest(manifest, file="f") == [
        Problem("f", place, code, found, expected, mend) for place, found, expected, mend in wanted
    ]


@pytest.mark.parametrize(("code", "change"), FILE_CASES)
def test_a_change_on_disk(code: str, change: Any, registry: Path) -> None:
    root = registry.parent.parent
    assert check_paths([root]).problems == []
    wanted = change(registry)
    assert check_paths([root]).problems == [
        Problem(str(path), place, code, found, expected, mend) for path, (place, found, expected, mend) in wanted
    ]


# --- codes that need more than one file or a command


def test_reg021_two_records_of_one_id(registry: Path) -> None:
    root = registry.parent.parent
    longer = load_json(registry / "manifest.json")["work"]["id"].upper()[:9]
    copy = registry.parent / longer
    shutil.copytree(registry, copy)
    manifest = load_json(copy / "manifest.json")
    manifest["work"].update(short_id=longer, public_id=f"SRCH:{longer}")
    write(copy / "manifest.json", manifest)
    assert check_paths([root]).problems == [
        Problem(
            str(copy / "manifest.json"),
            "/work/id",
            "REG021",
            f"{manifest['work']['id']}, which {registry / 'manifest.json'} has too",
            "one record for each id",
            "Remove one of the two.",
        )
    ]


def test_reg022_a_published_record_is_never_rewritten(made: Any, registry: Path) -> None:
    manifest = load_json(registry / "manifest.json")
    manifest["work"]["language"] = "en" if manifest["work"]["language"] is None else None
    write(registry / "manifest.json", manifest)
    before = (registry / "manifest.json").read_bytes()
    with pytest.raises(Problems) as refused:
        publish(made.run, Store(registry.parent.parent))
    assert refused.value.problems == (
        Problem(
            str(registry / "manifest.json"),
            "",
            "REG022",
            f"a different record than the one {made.run.path} makes",
            "that a published manifest is never rewritten",
            "Append a correction event to the published record instead.",
        ),
    )
    assert (registry / "manifest.json").read_bytes() == before


@pytest.fixture
def decided(made: Any, tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(made.run.path / "run.json", folder)
    runs.decide(
        runs.load(folder), decision="publish", by="A. Owner", reason="Sound.", decided_at="2026-01-03T00:00:00Z"
    )
    assert check_paths([folder]).problems == []
    return folder


def test_reg053_a_decision_about_another_run(decided: Path) -> None:
    file = decided / "decision.json"
    decision = load_json(file)
    right = decision["run_id"]
    write(file, {**decision, "run_id": "0" * 64})
    assert check_paths([decided]).problems == [
        Problem(
            str(file),
            "/run_id",
            "REG053",
            f'"{"0" * 64}"',
            f"the id of the run beside it, {right}",
            "Decide again with 'srch decide'; the run is not the one that was decided about.",
        )
    ]


def test_reg053_a_decision_without_its_run(decided: Path) -> None:
    (decided / "run.json").unlink()
    file = str(decided / "decision.json")
    assert check_paths([decided]).problems == [
        Problem(file, "", "REG053", "no run.json beside it", "the run that was decided about", "Put it back.")
    ]


# --- runs


def changed_run(made: Any, change: Callable[[dict[str, Any]], None]) -> list[Problem]:
    run = load_json(made.run.path / "run.json")
    assert runs.check_run(run, file="r") == []
    change(run)
    return runs.check_run(run, file="r")


def test_a_run_whose_text_was_changed(made: Any) -> None:
    def change(run: dict[str, Any]) -> None:
        run["sources"][0]["text"]["content"] += " More."

    text = made.run.run["sources"][0]["text"]
    assert changed_run(made, change) == [
        Problem(
            "r",
            "/sources/0/text/sha256",
            "REG035",
            f'"{text["sha256"]}"',
            sha256_text(text["content"] + " More."),
            "The text was changed after it was hashed: take it from the source again.",
        )
    ]


def test_a_run_whose_quote_moved(made: Any) -> None:
    where = made.run.run["claims"][0]["grounding"]["locator"]
    content = made.run.run["sources"][0]["text"]["content"]
    assert made.run.run["claims"][0]["grounding"]["source_id"] == "S1"

    def change(run: dict[str, Any]) -> None:
        locator = run["claims"][0]["grounding"]["locator"]
        locator["start"] += 1
        locator["end"] += 1

    (problem,) = changed_run(made, change)
    assert (problem.place, problem.code) == ("/claims/0/grounding/locator", "REG036")
    assert problem.found.strip('"…')[:40] == content[where["start"] + 1 : where["end"] + 1][:40]
    assert problem.expected.removeprefix('the quote "')[:40] == where["quote"][:40]
    assert problem.mend == "Locate the quote in the source's text again."


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({"paired_check": {"round": 0, "moved": True, "before": 7, "plants": [], "finding": "x"}}, "paired_check"),
        ({"kind": "model"}, "no_paired_check"),
        ({"produced_by": {"fallback_reason": "no reply"}}, "review_not_used"),
    ],
)
def test_a_run_that_must_wait_for_its_owner(made: Any, change: dict[str, Any], held: str) -> None:
    def changed(run: dict[str, Any]) -> None:
        produced_by = {**run["tribunal"]["produced_by"], **change.get("produced_by", {})}
        run["tribunal"].update(change, produced_by=produced_by)

    expected = f"ESCALATE_TO_OWNER, because of {held} (x-holds)"
    mend = "Escalate the run to its owner."
    assert changed_run(made, changed) == [
        Problem("r", "/policy/outcome", "REG099", "AUTO_APPROVE", expected, mend)
    ]


@pytest.mark.parametrize(
    ("reason", "held"), [("orders a verdict", True), ("speaks of instructions", True), ("is an order", False)]
)
def test_a_source_that_speaks_to_its_reviewer_holds_the_run(made: Any, reason: str, held: bool) -> None:
    def changed(run: dict[str, Any]) -> None:
        run["sources"][2]["text"]["set_aside"] = [{"start": 0, "end": 5, "reason": reason}]

    assert [problem.code for problem in changed_run(made, changed)] == ["REG099"] * held


@pytest.mark.parametrize(
    ("parts", "place"),
    [
        ([(0, 9), (11, 20)], None),
        ([(0, 9), (8, 20)], "/sources/0/text/sections/1"),
        ([(9, 9)], "/sources/0/text/sections/0"),
        ([(0, 10**6)], "/sources/0/text/sections/0"),
    ],
)
def test_the_parts_of_a_text_lie_in_it_in_order(made: Any, parts: list[tuple[int, int]], place: str | None) -> None:
    def changed(run: dict[str, Any]) -> None:
        rows = [{"name": "abstract", "start": start, "end": end, "at": None} for start, end in parts]
        run["sources"][0]["text"]["sections"] = rows

    assert [(item.code, item.place) for item in changed_run(made, changed)] == ([("REG100", place)] if place else [])


@pytest.mark.parametrize("name", ["queries", "sources", "claims", "themes"])
def test_a_run_with_an_id_twice(made: Any, name: str) -> None:
    def change(run: dict[str, Any]) -> None:
        run[name].append({**run[name][0]})

    number, identity = len(made.run.run[name]), made.run.run[name][0]["id"]
    found, mend = f"{identity} a second time", f"Number the {name} in order."
    assert Problem("r", f"/{name}/{number}/id", "REG021", found, "each id once", mend) in changed_run(made, change)


def test_a_run_that_approves_itself(made: Any) -> None:
    def change(run: dict[str, Any]) -> None:
        run["tribunal"]["score"] = 6.4

    verified = sum(claim["verification"]["verified"] for claim in made.run.run["claims"])
    assert changed_run(made, change) == [
        Problem(
            "r",
            "/policy/outcome",
            "REG050",
            f"AUTO_APPROVE at score 6.4 with {verified} verified claims",
            "a score of 6.5 and 5 verified claims",
            "Escalate the run to its owner.",
        )
    ]


# --- the table itself, and whole registries


def test_every_code_is_tested_and_stands_in_the_table_and_in_the_source() -> None:
    package = Path(rules.__file__).parents[1]
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(package.rglob("*.py")))
    used = set(re.findall(r'"(REG\d{3})"', source))
    table = rules.titles()
    tested = {case.values[0] for case in (*MANIFEST_CASES, *FILE_CASES)}
    tested |= {"REG022", "REG053", "REG100"}  # test_reg022_..., test_reg053_..., test_the_parts_of_a_text_... above
    # landing, log and monitor have tests of their own
    own = Path(__file__).parent
    paths = [*own.glob("*/*.py"), own / "test_observations.py"]
    others = "\n".join(path.read_text(encoding="utf-8") for path in paths)
    tested |= set(re.findall(r"\bREG0[89]\d\b", others))
    assert used == set(table)
    assert tested == set(table)
    assert all(title and title[0].islower() and not title.endswith(".") for title in table.values())


def test_all_problems_of_all_files_come_in_one_run_in_a_stable_order(registry: Path) -> None:
    root = registry.parent.parent
    (root / "00" / "00000000").mkdir(parents=True)
    (root / "00" / "00000000" / "manifest.json").write_bytes(b"{")
    a_size_that_is_not_the_file_s(registry)
    (registry / "stray.json").write_bytes(b"[]")
    stray_note(registry, "a.txt")
    seen: list[Path] = []
    report = check_paths([root], progress=seen.append)
    assert [(Path(item.file).relative_to(root).parts[-2:], item.code) for item in report.problems] == [
        (("00000000", "manifest.json"), "REG003"),
        (("corrections", "a.txt"), "REG060"),
        ((registry.name, "manifest.json"), "REG041"),
        ((registry.name, "stray.json"), "REG009"),
    ]
    assert report.files == len(seen) == 4
    assert check_paths([root]).problems == report.problems


def test_a_path_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        check_paths([tmp_path / "none"])
    assert str(refused.value) == f"{tmp_path / 'none'}: no such file or folder"


def test_an_empty_registry_has_nothing_wrong(tmp_path: Path) -> None:
    report = check_paths([tmp_path])
    assert (report.files, report.problems) == (0, [])


def test_a_record_is_checked_alone_too(registry: Path) -> None:
    assert check_record(load_record(registry / "manifest.json")) == []
    ((path, row),) = in_the_folder_of_another(registry)
    (problem,) = check_record(load_record(path))
    assert (problem.code, problem.place) == ("REG020", row[0])
    assert load_events(path.parent) == ([], [])
