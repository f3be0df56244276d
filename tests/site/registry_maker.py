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
from generator.manifest.derive import derived, put

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


def store(root: Path, manifest: dict[str, Any], events: list[dict[str, Any]] | None = None) -> Path:
    """Write a record's folder, with made-up files for the artifacts it lists, and return it."""
    short = manifest["work"]["short_id"]
    folder = root / short[:2] / short
    folder.mkdir(parents=True)
    for item in manifest["artifacts"]:
        if item["url"] and "/" not in item["url"]:
            data = f"made up for a test: {item['url']}\n".encode()
            (folder / item["url"]).write_bytes(data)
            item.update(size=len(data), sha256=hashlib.sha256(data).hexdigest())
    (folder / "manifest.json").write_bytes(stored_bytes(manifest))
    for number, event in enumerate(events or []):
        (folder / "corrections").mkdir(exist_ok=True)
        (folder / "corrections" / f"2026-11-2{number}-note.yml").write_text(yaml.safe_dump(event), encoding="utf-8")
    return folder


def event(**more: Any) -> dict[str, Any]:
    return {
        "event_id": "note-1",
        "corrected_at": "2026-11-23T09:00:00Z",
        "correction_type": "CLAIM",
        "public_note": "Claim C1 came from the second version.",
        "affected_fields": ["/claims/records/0"],
        **more,
    }


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
