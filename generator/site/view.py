"""A manifest and its correction events become a view: the words of a record page, in order, not yet HTML.

Nothing here escapes (the template does) and nothing invents: what the record leaves null is worded "Not stated".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from generator.manifest.contracts import table
from generator.manifest.corrections import correction_state, notice
from generator.manifest.files import is_local
from generator.site import cite
from generator.site.text import NOT_STATED, fine, http_url, score, size, stated

MACHINE = "Machine-generated synthesis - not primary research, not peer reviewed"
SAMPLE = "Sample record: the papers behind it are invented"
QUALITY_GUIDE = "How to read scores, claims, manifests, and evidence links"
MANIFEST_CONTRACT = "paper-manifest-v1.1"
PROVENANCE_CONTRACT = "source-provenance-v1"

# The blocks of a record page, in their fixed order: anchor and heading.
BLOCKS = {
    "abstract": "Abstract",
    "research-question": "Research Question",
    "verification-level": "Verification Level",
    "gate-verdict": "Gate Verdict",
    "quality-tier": "Quality Tier",
    "quality-dimensions": "Quality Dimensions",
    "claims": "Claims",
    "correction-record": "Correction Record",
    "provenance": "Provenance",
    "references": "References",
    "cite": "Cite",
    "files": "Files",
}

SCORE_KINDS = {"rubric": "rubric checks", "model": "model review", None: "kind not stated"}
_METHODS = {"tfidf-bigram-v1": "similarity check"}


class Row(NamedTuple):
    """One label/value row; a list value is shown as a list, ``href`` makes the value a link."""

    label: str
    value: str | list[str]
    href: str | None = None


class FileFacts(NamedTuple):
    """One file beside a record page, as its Files block lists it."""

    name: str
    label: str
    media_type: str
    size: int
    sha256: str


def view(
    manifest: dict[str, Any], events: list[dict[str, Any]], files: Sequence[FileFacts], citation: dict[str, str]
) -> dict[str, Any]:
    """Everything the template prints."""
    work = manifest["work"]
    quality = manifest["quality_assessment"]
    state = correction_state(events)
    sources = {source["id"]: source for source in manifest["provenance"]["sources"]}
    return {
        "public_id": work["public_id"],
        "short_id": work["short_id"],
        "title": work["title"],
        "title_cut": "title" in work["truncated_at_source"],
        "abstract": work["abstract"],
        "abstract_cut": "abstract" in work["truncated_at_source"],
        "question": work["research_question"],
        "imported": manifest["provenance"]["kernel"]["mode"] == "imported",
        "notice": notice_of(events),
        "labels": [MACHINE, *([SAMPLE] if work["sample"] else [])],
        "sample": work["sample"],
        "state": state,
        "event_count": len(events),
        "published_by_decision": _decision_line(quality),
        "tier": quality["tier"],
        "level": f"{quality['verification']['paper_level_key']}, {quality['verification']['paper_level_label']}",
        "score": review_score(quality["review"]),
        "counts": f"{manifest['claims']['aggregate']['verified']} of {manifest['claims']['aggregate']['extracted']}",
        "date": work["submitted"],
        "verification_rows": _verification(manifest),
        "gate_rows": _gate(quality),
        "tier_rows": _tier(quality),
        "checks": quality["review"]["checks"],
        "checks_title": "Rubric checks" if quality["review"]["kind"] == "rubric" else "Review checks",
        "dimensions": _dimensions(quality["dimensions"]["dimensions"]),
        "claim_rows": _claim_rows(manifest["claims"]),
        "claims": [_claim(record, sources) for record in manifest["claims"]["records"]],
        "themes": manifest["claims"]["themes"],
        "disagreements": manifest["claims"]["disagreements"],
        "uncertainties": manifest["uncertainties"],
        "correction_rows": _correction(manifest, events, state),
        "events": [_event(event) for event in events],
        "provenance_rows": _provenance(manifest),
        "references": [_reference(source) for source in manifest["provenance"]["sources"]],
        "excluded": [_excluded(paper) for paper in manifest["provenance"]["retrieval"]["excluded"]],
        "interpretation": manifest["interpretation"],
        "limitations": manifest["limitations"],
        "citation": cite.sentence(citation),
        "bibtex": cite.bibtex(citation),
        "files": [(file.name, file.label, file.media_type, size(file.size), file.sha256) for file in files],
        "elsewhere": [_elsewhere(item) for item in manifest["artifacts"] if not is_local(item)],
        "license": stated(work["license"]),
    }


def notice_of(events: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The gravest formal notice among the events, as its row of ``x-notices``."""
    name = notice(events)
    rows: list[dict[str, Any]] = table("correction-record", "x-notices") if name else []
    return next((row for row in rows if row["notice"] == name), None)


def review_score(review: dict[str, Any]) -> str:
    """``5.0 of 10 (model review)``; a score never stands without its kind."""
    if review["score"] is None:
        return NOT_STATED
    return f"{score(review['score'])} of {review['scale_max']:g} ({SCORE_KINDS[review['kind']]})"


def _decision_line(quality: dict[str, Any]) -> str | None:
    outcome = quality["policy"]["outcome"]
    if outcome == "AUTO_APPROVE":
        return None
    review = quality["review"]
    why = ", ".join(
        part for part in (review["verdict"], score(review["score"]) if review["score"] is not None else None) if part
    )
    had = "policy had escalated it" if outcome else "no policy outcome is stated"
    had += f" ({why})" if why else ""
    decision = quality["owner_decision"]
    if decision is None or decision["decision"] != "publish":
        return f"No owner's decision to publish is recorded; {had}"
    return f"Published by its owner's recorded decision; {had}"


def _verification(manifest: dict[str, Any]) -> list[Row]:
    levels = manifest["quality_assessment"]["verification"]
    summary = levels["claim_summary"]
    claims = manifest["claims"]
    methods = sorted({record["verification"]["method"] for record in claims["records"]} - {None})
    method = " and ".join(_METHODS.get(name, "method") + f" {name}" for name in methods) or "method not stated"
    aggregate = claims["aggregate"]
    rows = [
        Row("Paper level", f"{levels['paper_level_key']}, {levels['paper_level_label']}"),
        Row("Source-grounded claims", str(summary["source_grounded_claims"])),
        Row("Claim record source", summary["claim_record_source"]),
        Row("Claims with a checked locator", f"{aggregate['located']} of {aggregate['extracted']}"),
        Row("Verified claims", f"{aggregate['verified']} of {aggregate['extracted']} ({method})"),
        Row("Claims corroborated across sources", str(summary["cross_source_corroborated_claims"])),
        Row("Claim records on this page", str(summary["per_claim_public_record_count"])),
    ]
    upper = levels["unsupported_upper_levels"]
    if upper:
        rows.append(Row("Levels not reached", [f"{item['key']}, {item['label']}" for item in upper]))
    return rows


def _gate(quality: dict[str, Any]) -> list[Row]:
    gate, review, decision = quality["gate"], quality["review"], quality["owner_decision"]
    rounds = review["revision_round"]
    rows = [
        Row("Status", gate["status"]),
        Row("Gate", gate["gate"]),
        Row("Reason", gate["reason"]),
        Row("Evaluated", gate["evaluated_at"] or "Not evaluated"),
        Row("Review score", review_score(review)),
        Row("Review verdict", stated(review["verdict"])),
        Row("Revision rounds", stated(rounds)),
        Row("Policy outcome", stated(quality["policy"]["outcome"])),
        Row("Policy basis", stated(quality["policy"]["basis"])),
    ]
    if decision is not None:
        rows += [
            Row("Owner's decision", decision["decision"]),
            Row("Decided by", stated(decision["by"])),
            Row("Decided at", stated(decision["decided_at"])),
            Row("Reason given", stated(decision["reason"])),
            Row("Recorded from", decision["recorded_from"]),
        ]
    return rows


def rule_text(rule: dict[str, Any]) -> str:
    """One tier rule in words: ``T2: review score ≥ 7.5, verified claims ≥ 1``."""
    parts = []
    if rule["min_score"] > 0:
        parts.append(f"review score ≥ {score(rule['min_score'])}")
    if rule["min_verified_claims"] > 0:
        parts.append(f"verified claims ≥ {rule['min_verified_claims']}")
    if rule["reproducibility"]:
        parts.append(f"reproducibility {rule['reproducibility']}")
    return f"{rule['rule']}: {', '.join(parts) or 'no earlier rule fired'}"


def _tier(quality: dict[str, Any]) -> list[Row]:
    tier = quality["tier"]
    inputs = tier["inputs"]
    rule = next((item for item in tier["thresholds"] if item["rule"] == tier["rule"]), None)
    given = "no score" if inputs["review_score"] is None else f"score {score(inputs['review_score'])}"
    return [
        Row("Tier", tier["label"]),
        Row("Basis", tier["basis"]),
        Row("Rule", rule_text(rule) if rule else tier["rule"]),
        Row(
            "Inputs",
            f"{given} ({SCORE_KINDS[quality['review']['kind']]}), verified claims {inputs['verified_claim_count']}, "
            f"reproducibility {inputs['reproducibility_level']}",
        ),
    ]


def _dimensions(dimensions: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Label, level and basis of each dimension, in the order of the contract."""
    rows = table("quality-dimensions", "x-dimensions")
    return [(row["label"], dimensions[row["key"]]["level"], dimensions[row["key"]]["basis"]) for row in rows]


def _claim_rows(claims: dict[str, Any]) -> list[Row]:
    aggregate, declared = claims["aggregate"], claims["declared"]
    rows = [
        Row("Claims extracted", str(aggregate["extracted"])),
        Row("Claims verified", str(aggregate["verified"])),
        Row("Claims with a locator", str(aggregate["located"])),
        Row("Claims declared without a locator", str(aggregate["declared"])),
    ]
    if declared["extracted"] is not None or declared["verified"] is not None:
        rows.append(
            Row(
                "Counts the draft declares",
                f"extracted {_or_not_stated(declared['extracted'])}, verified {_or_not_stated(declared['verified'])}",
            )
        )
    if claims["discrepancies"]:
        rows.append(Row("Discrepancies", list(claims["discrepancies"])))
    return rows


def _claim(record: dict[str, Any], sources: dict[str, Any]) -> dict[str, Any]:
    check, grounding = record["verification"], record["grounding"]
    source = sources.get(grounding["source_id"]) if grounding["source_id"] is not None else None
    name = _METHODS.get(check["method"], "check")
    if check["verified"] is None:
        state, verdict = "none", "not checked"
    elif check["verified"]:
        state, verdict = "pass", f"{name} passed"
    else:
        state, verdict = "fail", f"{name} not passed"
    numbers = ""
    if check["confidence"] is not None:
        numbers = fine(check["confidence"])
        if check["threshold"] is not None:
            sign = "≥" if check["confidence"] >= check["threshold"] else "<"
            numbers += f" {sign} {fine(check['threshold'])}"
    locator = grounding["locator"]
    if locator is not None:
        place = f"{locator['section']}, characters {locator['start']}-{locator['end']}"
        sha = locator["sha256"]
    else:
        place = "none, the claim is declared by the draft" if grounding["state"] == "declared" else "none"
        sha = None
    return {
        "id": record["id"],
        "text": record["text"],
        "cut": record["truncated_at_source"],
        "state": state,
        "verdict": verdict,
        "numbers": numbers,
        "source_id": source["id"] if source else None,
        "source_title": (source["title"] or source["paper_id"] or source["url"] or source["id"]) if source else None,
        "place": place,
        "sha": sha,
        "theme": record["theme"],
        "supporting": ", ".join(check["supporting_source_ids"]),
    }


def _correction(manifest: dict[str, Any], events: Sequence[dict[str, Any]], state: str) -> list[Row]:
    rows = [
        Row("Status", state),
        Row("Correction count", str(len(events))),
        Row("Manifest contract", MANIFEST_CONTRACT),
        Row("Correction contract", manifest["correction_record"]["contract"]),
        Row("Record as data", "corrections.json", "corrections.json"),
    ]
    if events:
        rows.insert(2, Row("Last corrected", max(event["corrected_at"] for event in events)))
    return rows


def _event(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": event["event_id"],
        "at": event["corrected_at"],
        "type": event["correction_type"],
        "note": event["public_note"],
        "fields": event["affected_fields"],
        "by": stated(event.get("issued_by")),
        "reason": stated(event.get("reason")),
        "notice": event.get("notice"),
    }


def _provenance(manifest: dict[str, Any]) -> list[Row]:
    source = manifest["provenance"]
    kernel, corpus, draft, retrieval = source["kernel"], source["corpus"], source["draft"], source["retrieval"]
    report = any(item["type"] == "report" and item["status"] == "available" for item in manifest["artifacts"])
    external = source["external_record"]
    executed = kernel["mode"] == "executed"
    made = manifest["work"]["produced_by"]
    queries: str | list[str]
    if source["queries"]:
        queries = [query["text"] for query in source["queries"]]
    elif source["query_count"] is not None:
        queries = f"{source['query_count']} queries; their texts are not stated"
    else:
        queries = NOT_STATED
    rows = [
        Row("Publisher", source["publisher"]["name"]),
        Row("Public provenance", f"{source['level_key']}, {source['level_label']}"),
        Row("Report artifact", "Available" if report else "Not available"),
        Row("External record", "Registered" if external["status"] == "registered" else "Not registered"),
        Row("Claim lineage", source["claim_lineage"]["label"]),
        Row("Review method", source["review_method"]),
        Row("Quality guide", QUALITY_GUIDE, "../../quality/"),
        Row("Provenance contract", PROVENANCE_CONTRACT),
        Row("Note", source["note"]),
    ]
    if external["status"] == "registered":
        address = external["doi"] or external["url"]
        rows.append(Row("External address", stated(address), http_url(external["url"])))
    rows += [
        Row("Kernel", f"{stated(kernel['name'])}, version {_or_not_stated(kernel['version'])}"),
        Row("How the record came here", "run by the kernel" if executed else "imported from a draft"),
        Row("Queries", queries),
        Row("Retrieval method", stated(retrieval["method"])),
        Row("Papers retrieved", stated(retrieval["papers_retrieved"])),
        Row("Papers used", stated(retrieval["papers_used"])),
        Row("Corpus", _corpus(corpus)),
        Row("Title made by", produced_by(made["title"])),
        Row("Abstract made by", produced_by(made["abstract"])),
        Row("Review made by", produced_by(manifest["quality_assessment"]["review"]["produced_by"])),
        Row("Models", list(source["models"]) or ("None" if executed else NOT_STATED)),
        Row("Prompt hashes", list(source["prompt_sha256s"]) or ("None" if executed else NOT_STATED)),
        Row("Semantic index", _index(source["semantic_index"])),
        Row("Random seed", stated(source["seed"])),
    ]
    if draft is not None:
        rows.append(Row("Draft", f"{draft['file_name']}, sha256 {draft['sha256']}"))
    disclosure = manifest["disclosure"]
    rows += [
        Row("Methodology", stated(source["methodology"])),
        Row("Record id", manifest["work"]["id"]),
        Row("Human review", disclosure["human_review"]),
        Row("Editorially responsible", stated(disclosure["editorially_responsible"])),
        Row("Limits of the source list", source["source_list_boundary"]),
    ]
    return rows


def produced_by(made: dict[str, Any] | None) -> str:
    """How a generated field was made, in words."""
    if made is None or made["mode"] is None:
        return NOT_STATED
    parts = [made["mode"], *(str(made[key]) for key in ("method", "version", "model") if made[key] is not None)]
    if made["fallback_reason"]:
        parts.append(f"fallback: {made['fallback_reason']}")
    return ", ".join(parts)


def _or_not_stated(value: Any) -> str:
    return "not stated" if value is None else str(value)


def _corpus(corpus: dict[str, Any] | None) -> str:
    if corpus is None:
        return NOT_STATED
    invented = "invented papers" if corpus["invented"] else "published papers"
    return f"{corpus['name']} ({invented}), sha256 {corpus['sha256']}"


def _index(index: dict[str, Any] | None) -> str:
    if index is None:
        return NOT_STATED
    parts = [part for part in (index["method"], index["model"]) if part]
    if index["dimensions"] is not None:
        parts.append(f"{index['dimensions']} dimensions")
    if index["items"] is not None:
        parts.append(f"{index['items']} items")
    return ", ".join(parts) or NOT_STATED


def _reference(source: dict[str, Any]) -> dict[str, Any]:
    marks = []
    if source["invented"]:
        marks.append("invented paper")
    if source["status"] != "active":
        marks.append("withdrawn" if source["status"] == "withdrawn" else "not checked for withdrawal")
    name = None
    if source["paper_id"] is not None:
        name = source["paper_id"] + (f", version {source['version']}" if source["version"] is not None else "")
    return {
        "id": source["id"],
        "title": source["title"],
        "authors": ", ".join(source["authors"]),
        "published": source["published"],
        "name": name,
        "doi": source["doi"],
        "url": source["url"],
        "href": http_url(source["url"]),
        "marks": marks,
        "claims": source["claims"],
        "origin": source["origin"],
    }


def _excluded(paper: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": paper["title"],
        "name": paper["paper_id"],
        "code": paper["reason_code"],
        "reason": paper["reason"],
        "url": paper["url"],
        "href": http_url(paper["url"]),
    }


def _elsewhere(item: dict[str, Any]) -> dict[str, Any]:
    return {"label": item["label"], "status": item["status"], "url": item["url"], "href": http_url(item["url"])}
