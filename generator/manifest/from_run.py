"""A run becomes a manifest: a pure function of the run, the owner's decision and the report files.

The same inputs give the same bytes on every machine and day: no clock, no counter, no verifier card and no version of
this package is read here. A run of an earlier contract becomes the manifest that it became then. What the run leaves
null stays null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from generator.manifest.canonical import sha256_bytes
from generator.manifest.contracts import envelope, part_address, schema_id, table
from generator.manifest.derive import derived, put
from generator.manifest.gate import gate_verdict
from generator.manifest.identity import public_id
from generator.manifest.rounds import kept_round, shown_reviews

PUBLISHER = {"name": "Assignee Research", "url": "https://assignee.net/"}
TRAINED = "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
ALGORITHMIC = "https://schema.org/AlgorithmicMediaDigitalSource"
# the manifest that a run of an earlier contract becomes; all later runs become the latest one
_SCHEMAS = "https://assignee.net/schemas"
_MANIFESTS = {
    f"{_SCHEMAS}/synthesis-run/1.0.0.json": f"{_SCHEMAS}/paper-manifest/1.1.0.json",
    f"{_SCHEMAS}/synthesis-run/1.0.1.json": f"{_SCHEMAS}/paper-manifest/1.1.1.json",
}
# parts of a run that came with later versions of its contract and go into the manifest as they are
_CLAIM_PARTS = ("agreements", "unanswered", "synthesis", "related")
ABSTRACT_OR_PART = {True: "source abstracts", False: "parsed source sections"}
LABELS = {"run.json": ("run", "Run record"), "report.html": ("report", "Report"), "report.pdf": ("report", "Report")}


def manifest_of(
    run: dict[str, Any],
    *,
    identity: str,
    short: str,
    decision: dict[str, Any] | None,
    files: Mapping[str, tuple[str, bytes]],
) -> dict[str, Any]:
    """The ``paper-manifest-v1.1`` record of a valid run.

    ``identity`` is the run's canonical id, ``short`` the public short id, ``files`` maps the names of the public files
    beside the manifest to media type and bytes.
    """
    origin = run["origin"]
    draft = origin["draft"]
    corpus = origin["corpus"]
    address = _MANIFESTS.get(run["schema"])
    rules = {"rules": run["rules"]} if "rules" in run else {}
    manifest: dict[str, Any] = {
        **envelope("paper-manifest", address=address),
        "publisher": dict(PUBLISHER),
        "work": {
            "id": identity,
            "short_id": short,
            "public_id": public_id(short),
            "id_basis": "published" if draft and draft["published_id"] else "derived",
            "version": 1,
            "title": run["title"]["text"],
            "abstract": run["abstract"]["text"],
            "research_question": run["question"]["text"],
            "truncated_at_source": [name for name in ("title", "abstract") if run[name]["truncated_at_source"]],
            "language": run["question"]["language"],
            "license": "CC-BY-4.0" if origin["mode"] == "executed" else None,
            "submitted": origin["dated"],
            "sample": bool(corpus and corpus["invented"]),
            "produced_by": {"title": run["title"]["produced_by"], "abstract": run["abstract"]["produced_by"]},
        },
        "artifacts": _artifacts(draft, files),
        "quality_assessment": {
            "review": _review(run),
            "policy": {"outcome": run["policy"]["outcome"], "basis": run["policy"]["basis"]},
            "owner_decision": _owner_decision(decision),
            "gate": gate_verdict(),
            **rules,
        },
        "correction_record": {"contract": "correction-record-v1", "state": "CURRENT", "count": 0},
        "provenance": _provenance(run, part_address(address or schema_id("paper-manifest"), "provenance")),
        "claims": _claims(run),
        "uncertainties": run["uncertainties"],
        "disclosure": _disclosure(run, decision),
        "interpretation": table("paper-manifest", "x-texts")["interpretation"],
        "limitations": [],
    }
    for pointer, value in derived(manifest).items():
        put(manifest, pointer, value)
    return manifest


def _artifacts(draft: dict[str, Any] | None, files: Mapping[str, tuple[str, bytes]]) -> list[dict[str, Any]]:
    artifacts = []
    for name in sorted(files):
        media_type, data = files[name]
        kind, label = LABELS[name]
        artifacts.append(
            {
                "type": kind,
                "label": label,
                "status": "available",
                "url": name,
                "media_type": media_type,
                "size": len(data),
                "sha256": sha256_bytes(data),
            }
        )
    absent = {"url": None, "media_type": None, "size": None, "sha256": None}
    if not any(item["type"] == "report" for item in artifacts):
        stated = draft is not None and draft["report_artifact"] == "available"
        status = "available" if stated else "not available"
        artifacts.append({"type": "report", "label": "Report", "status": status, **absent})
    registered = draft is not None and draft["external_record"] == "registered"
    status = "registered" if registered else "not registered"
    artifacts.append({"type": "external_record", "label": "External archival record", "status": status, **absent})
    return artifacts


def _review(run: dict[str, Any]) -> dict[str, Any]:
    tribunal = run["tribunal"]
    shown, reviews = kept_round(run) or {}, shown_reviews(run)
    return {
        "score": tribunal["score"],
        "scale_max": 10,
        "kind": tribunal["kind"],
        "verdict": tribunal["verdict"],
        "revision_round": tribunal["revision_round"],
        "checks": shown.get("checks", []),
        **({"reviews": reviews} if reviews is not None else {}),
        **({"paired_check": tribunal["paired_check"]} if "paired_check" in tribunal else {}),
        "produced_by": tribunal["produced_by"],
    }


def _owner_decision(decision: dict[str, Any] | None) -> dict[str, Any] | None:
    if decision is None:
        return None
    return {key: decision[key] for key in ("decision", "by", "reason", "decided_at", "recorded_from")}


def _claims(run: dict[str, Any]) -> dict[str, Any]:
    draft = run["origin"]["draft"]
    declared = draft["declared"] if draft else {"claims_extracted": None, "claims_verified": None}
    return {
        "mode": "per_claim",
        "declared": {"extracted": declared["claims_extracted"], "verified": declared["claims_verified"]},
        "discrepancies": draft["discrepancies"] if draft else [],
        "records": run["claims"],
        "themes": run["themes"],
        "disagreements": run["disagreements"],
        **{name: run[name] for name in _CLAIM_PARTS if name in run},
    }


def _provenance(run: dict[str, Any], address: str) -> dict[str, Any]:
    origin, draft, index = run["origin"], run["origin"]["draft"], run["semantic_index"]
    texts = table("source-provenance", "x-texts")
    made = _produced_by(run)
    cited: dict[str | None, int] = {}
    for claim in run["claims"]:
        source = claim["grounding"]["source_id"]
        cited[source] = cited.get(source, 0) + 1
    kept = ("id", "paper_id", "version", "url", "title", "authors", "published", "doi", "origin", "invented", "status")
    return {
        **envelope("source-provenance", address=address),
        "publisher": dict(PUBLISHER),
        "external_record": {
            "status": "registered" if draft and draft["external_record"] == "registered" else "not registered",
            "doi": None,
            "url": None,
        },
        "claim_lineage": {"claim_record_source": _claim_record_source(run)},
        "source_list_boundary": texts["source_list_boundary"][origin["mode"]],
        "sources": [
            {
                **{key: source[key] for key in kept},
                **{key: source[key] for key in ("also", "full_text") if key in source},
                "text_sha256": source["text"]["sha256"] if source["text"] else None,
                "claims": cited.get(source["id"], 0),
            }
            for source in run["sources"]
        ],
        "kernel": {**origin["kernel"], "mode": origin["mode"]},
        "corpus": origin["corpus"],
        "draft": {"file_name": draft["file_name"], "sha256": draft["sha256"]} if draft else None,
        "queries": run["queries"],
        "query_count": run["query_count"],
        "retrieval": {key: value for key, value in run["retrieval"].items() if key != "produced_by"},
        "models": sorted({str(item["model"]) for item in made if item["model"]}),
        "prompt_sha256s": sorted({str(item["prompt_sha256"]) for item in made if item["prompt_sha256"]}),
        "semantic_index": index,
        **({"costs": run["costs"]} if "costs" in run else {}),
        "seed": origin["seed"],
        "methodology": run["methodology"],
        "note": texts["note"],
        "interpretation": texts["interpretation"],
        "limitations": texts["limitations"],
    }


def _claim_record_source(run: dict[str, Any]) -> str:
    draft = run["origin"]["draft"]
    if draft:
        return str(draft["claim_record_source"] or "not publicly specified")
    if run["schema"] in _MANIFESTS:
        return "parsed source sections"  # what the earlier contracts say, though these runs read abstracts only
    places = [claim["grounding"]["locator"] for claim in run["claims"]]
    kinds = {ABSTRACT_OR_PART[place["section"].casefold() == "abstract"] for place in places if place}
    return " and ".join(sorted(kinds, reverse=True)) or "source abstracts"


def _produced_by(run: dict[str, Any]) -> list[dict[str, Any]]:
    """Every ``produced_by`` label of a run, in no order."""
    found: list[dict[str, Any]] = []
    pending: list[Any] = [run]
    while pending:
        value = pending.pop()
        if isinstance(value, dict):
            found.extend([value["produced_by"]] if isinstance(value.get("produced_by"), dict) else [])
            pending.extend(value.values())
        elif isinstance(value, list):
            pending.extend(value)
    return found


def _disclosure(run: dict[str, Any], decision: dict[str, Any] | None) -> dict[str, Any]:
    review = "owner decision" if decision else "none"
    model = any(item["mode"] == "model" for item in _produced_by(run))
    return {
        "machine_generated": True,
        "human_review": review,
        "editorially_responsible": decision["by"] if decision else None,
        "digital_source_type": TRAINED if model else ALGORITHMIC,
        "basis": table("paper-manifest", "x-texts")["disclosure_basis"][review],
    }
