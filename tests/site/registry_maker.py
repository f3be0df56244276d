"""Registries for tests: valid manifests made from the examples beside the schemas, with any text put into them."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from generator.manifest import cards
from generator.manifest.canonical import sha256_text, stored_bytes
from generator.manifest.corrections import Event
from generator.manifest.derive import derived, put
from generator.manifest.store import Record

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "schemas" / "examples" / "paper-manifest-v1.1" / "valid"
HOSTILE = ROOT.parent / "shared" / "data" / "hostile"


def example(name: str = "executed") -> dict[str, Any]:
    """The example beside the schemas, with its verifier's card as it is now."""
    value: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_bytes())
    verifier = value["quality_assessment"]["rules"]["verifier"]
    value["quality_assessment"]["rules"] = cards.rules_for(verifier["method"], verifier["version"])
    return rederived(value)


def echoed(manifest: dict[str, Any]) -> dict[str, Any]:
    """A copy whose claims were judged by a method without measured figures, published by its owner's decision."""
    copied = copy.deepcopy(manifest)
    copied["quality_assessment"]["rules"] = cards.rules_for("weak-words-v1", "1.0.0")
    for claim in copied["claims"]["records"]:
        claim["verification"]["method"] = "weak-words-v1"
    decision = {"decision": "publish", "by": "A. Owner", "reason": None, "decided_at": None}
    copied["quality_assessment"]["owner_decision"] = {**decision, "recorded_from": "srch decide"}
    copied["quality_assessment"]["policy"]["outcome"] = "ESCALATE_TO_OWNER"
    copied["disclosure"].update(human_review="owner decision", editorially_responsible="A. Owner")
    return rederived(copied)


def of_rules_1_0() -> dict[str, Any]:
    """A published record of the first rules, without its files."""
    value: dict[str, Any] = json.loads((ROOT / "manifests" / "32" / "32FAE0B9" / "manifest.json").read_bytes())
    value["artifacts"] = [item for item in value["artifacts"] if item["url"] is None]
    return rederived(value)


def numbered(manifest: dict[str, Any], number: int) -> dict[str, Any]:
    """A copy with an id of its own, without files beside it."""
    copied = copy.deepcopy(manifest)
    identity = hashlib.sha256(str(number).encode()).hexdigest()
    short = identity[:8].upper()
    copied["work"].update(id=identity, short_id=short, public_id=f"SRCH:{short}", id_basis="derived")
    copied["artifacts"] = [item for item in copied["artifacts"] if item["url"] is None or "/" in item["url"]]
    return rederived(copied)


def rederived(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with its computed parts computed again."""
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)
    return manifest


def with_texts(manifest: dict[str, Any], text: str) -> dict[str, Any]:
    """``text`` as title, abstract, question, first claim, its reason and evidence, theme, finding, first reference."""
    text = text or " "
    work, claims, source = manifest["work"], manifest["claims"], manifest["provenance"]["sources"][0]
    work.update(title=text[:1000], abstract=text[:20000], research_question=text[:4000])
    claim = claims["records"][0]
    claim["text"] = text[:4000]
    locator = claim["grounding"]["locator"]
    locator.update(quote=claim["text"], sha256=sha256_text(claim["text"]), end=locator["start"] + len(claim["text"]))
    passage = claim["verification"]["evidence"][1]
    passage.update(quote=text[:4000], sha256=sha256_text(text[:4000]), end=passage["start"] + len(text[:4000]))
    claim["verification"]["reasons"] = [text[:4000]]
    claims["themes"][0]["label"] = text[:1000]
    source.update(title=text[:1000], authors=[text[:1000]], url="https://example.org/a%22b?c=%3Cscript%3E")
    manifest["uncertainties"][0]["text"] = text[:4000]
    return rederived(manifest)


def small(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest with one claim and one source left."""
    claims, provenance = manifest["claims"], manifest["provenance"]
    keep, source = claims["records"][0], provenance["sources"][0]
    claims["records"] = [keep]
    claims["themes"] = [{"id": keep["theme"], "label": "Theme", "claim_ids": [keep["id"]]}]
    claims["disagreements"] = []
    for passage in keep["verification"]["evidence"]:
        passage["source_id"] = source["id"]
    keep["verification"].update(supporting_source_ids=[source["id"]], agreement="single-source")
    keep["grounding"]["source_id"] = source["id"]
    provenance["sources"] = [source]
    provenance["retrieval"]["excluded"] = []
    return manifest


def store(
    root: Path,
    manifest: dict[str, Any],
    events: list[dict[str, Any]] | None = None,
    contents: dict[str, bytes] | None = None,
) -> Path:
    """Write a record's folder, with made-up files for the artifacts it lists but ``contents`` does not hold."""
    short = manifest["work"]["short_id"]
    folder = root / short[:2] / short
    folder.mkdir(parents=True)
    for item in manifest["artifacts"]:
        if item["url"] and "/" not in item["url"]:
            data = (contents or {}).get(item["url"], f"made up for a test: {item['url']}\n".encode())
            (folder / item["url"]).write_bytes(data)
            item.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_bytes(stored_bytes(manifest))
    for event in events or []:
        (folder / "corrections").mkdir(exist_ok=True)
        text = yaml.safe_dump({**event, "record": manifest["work"]["public_id"]}, sort_keys=False)
        (folder / "corrections" / f"{event['event_id']}.yml").write_text(text, encoding="utf-8")
    return folder


def event(day: str = "2026-11-23", slug: str = "note", **more: Any) -> dict[str, Any]:
    """A correction event of nine o'clock that day, without the record that it is put beside."""
    return {
        "schema": "https://assignee.net/schemas/correction-event/1.0.0.json",
        "event_id": f"{day}-{slug}",
        "corrected_at": f"{day}T09:00:00Z",
        "correction_type": "CLAIM",
        "issued_by": "A. Reader",
        "reason": "One of the paper's authors reported it.",
        "public_note": "Claim C1 came from the second version.",
        **({} if "changes" in more else {"affected_fields": ["/claims/records/0"]}),
        **more,
    }


def corrected_registry(root: Path) -> dict[str, str]:
    """A registry with a record for each way in which corrections show; name of each -> its short id."""
    made = {
        name: numbered(example(), number)
        for number, name in enumerate(("corrected", "concerned", "removed", "lifted", "superseded", "plain"), 11)
    }
    retracted = example()
    retracted["artifacts"].insert(0, {**retracted["artifacts"][0], "media_type": "text/html", "url": "report.html"})
    made["retracted"] = rederived(retracted)
    ids = {name: str(manifest["work"]["short_id"]) for name, manifest in made.items()}
    base = made["corrected"]
    concern = event("2026-11-23", "concern", notice="expression_of_concern", public_note="We are looking into it.")
    events = {
        "corrected": [
            event(
                "2026-11-23",
                "title",
                notice="correction",
                correction_type="METADATA",
                public_note="The title named the wrong light.\nIt is right now.",
                evidence=[
                    {"label": "The paper's second version", "url": "https://arxiv.org/abs/2505.20225v2"},
                    {"label": "A file at hand", "url": "https://example.org/a%22b"},
                ],
                changes=[
                    replaced(base, "/work/title", "Does red light make ferns grow shorter?"),
                    {"op": "add", "path": "/uncertainties/-", "value": {"kind": "finding", "text": "Few ferns grew."}},
                    {"op": "remove", "path": "/claims/disagreements/0", "before": base["claims"]["disagreements"][0]},
                    replaced(base, "/claims/records/1/truncated_at_source", True),
                ],
            ),
            event(
                "2026-11-25",
                "score",
                correction_type="QUALITY_ASSESSMENT",
                public_note="One finding was counted twice.",
                changes=[replaced(base, "/quality_assessment/review/score", 4.2)],
            ),
        ],
        "concerned": [{**concern, "affected_fields": ["/claims/records/0", "/claims/records/C3"]}],
        "retracted": [
            concern,
            event(
                "2026-11-26",
                "retraction",
                notice="retraction",
                lifts=concern["event_id"],
                issued_by="Assignee Research",
                reason="The main source was withdrawn.",
                public_note="Do not rely on this record.",
                replaced_by=base["work"]["public_id"],
            ),
        ],
        "removed": [
            event("2026-11-24", "wording", changes=[replaced(made["removed"], "/work/abstract", "Other words.")]),
            event("2026-11-27", "removal", notice="removal", public_note="It named private persons."),
        ],
        "lifted": [
            concern,
            event(
                "2026-11-24", "cleared", notice="clarification", lifts=concern["event_id"], public_note="It was right."
            ),
        ],
        "superseded": [
            event(notice="new_version", replaced_by=base["work"]["public_id"], public_note="A better one is there.")
        ],
    }
    report = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>A report</title></head>'
    contents = {"report.html": f"{report}<body><h1>A report</h1><p>One claim.</p></body></html>\n".encode()}
    contents["report.pdf"] = pdf("Page one", "Page two")
    for name, manifest in made.items():
        store(root, manifest, events.get(name), contents)
    return ids


def pdf(*pages: str) -> bytes:
    """A PDF with a page for each text."""
    import typst

    source = "#set page(width: 300pt, height: 400pt)\n" + "\n#pagebreak()\n".join(pages)
    data: Any = typst.compile(source.encode(), format="pdf", ignore_system_fonts=True, timestamp=0)
    return bytes(data)


def record(manifest: dict[str, Any], events: list[dict[str, Any]] | None = None) -> Record:
    """The record of a manifest and its events, in their order, without any file."""
    short = manifest["work"]["short_id"]
    folder = Path(short[:2]) / short
    made = []
    for data in events or []:
        content = yaml.safe_dump({**data, "record": manifest["work"]["public_id"]}).encode()
        path = folder / "corrections" / f"{data['event_id']}.yml"
        made.append(Event(path, hashlib.sha256(content).hexdigest(), yaml.safe_load(content)))
    return Record(folder / "manifest.json", short, manifest, made, stored_bytes(manifest))


def replaced(manifest: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The change that puts ``value`` at ``path``, with the value that stands there."""
    here: Any = manifest
    for part in path.split("/")[1:]:
        here = here[int(part)] if isinstance(here, list) else here[part]
    return {"op": "replace", "path": path, "before": copy.deepcopy(here), "value": value}


def project(folder: Path) -> Path:
    """A copy of the site's sources (prose, schemas, configuration) with an empty registry; returns its mkdocs.yml."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copytree(ROOT / "docs", folder / "docs")
    shutil.copytree(ROOT / "schemas", folder / "schemas", ignore=shutil.ignore_patterns("examples"))
    shutil.copy(ROOT / "mkdocs.yml", folder / "mkdocs.yml")
    (folder / "manifests").mkdir()
    return folder / "mkdocs.yml"


def payloads(limit: int) -> list[str]:
    """All hostile lines and strings, joined into texts of at most about ``limit`` characters."""
    lines = (HOSTILE / "xss-payloads.txt").read_bytes().decode("utf-8", "replace").splitlines()
    lines += json.loads((HOSTILE / "naughty-strings.json").read_bytes())
    lines += [str(item) for item in json.loads((HOSTILE / "prompt-injections.json").read_bytes())]
    texts, current = [], ""
    for line in lines:
        for start in range(0, max(len(line), 1), limit):
            part = line[start : start + limit]
            if current and len(current) + len(part) + 1 > limit:
                texts.append(current)
                current = part
            else:
                current = f"{current} {part}" if current else part
    return [*texts, current]
