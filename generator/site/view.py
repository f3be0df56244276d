"""A manifest and its correction events become a view: the words of a record page, in order, not yet HTML.

Nothing here escapes (the template does) and nothing invents: what the record leaves null is worded "Not stated".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from generator.manifest import cards
from generator.manifest.claims import bar_of, rules_version
from generator.manifest.contracts import table
from generator.manifest.corrections import Event, correction_state, notice_row
from generator.manifest.files import is_local
from generator.manifest.fold import Version
from generator.manifest.rereview import due
from generator.manifest.store import Record
from generator.site import changes, cite, making, notices
from generator.site.text import NOT_STATED, fine, http_url, score, size, stated

if TYPE_CHECKING:
    from generator.site.monitoring import Block
    from generator.site.related import Related

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
    "verify": "Verify",
}

# What carries a mark where an event changed it: name in the template -> places in the manifest.
_MARKED = {
    "title": ("/work/title",),
    "abstract": ("/work/abstract",),
    "question": ("/work/research_question",),
    "date": ("/work/submitted",),
    "score": ("/quality_assessment/review/score",),
    "review": ("/quality_assessment/review",),
    "gate": ("/quality_assessment/gate",),
    "themes": ("/claims/themes",),
    "disagreements": ("/claims/disagreements",),
    "agreements": ("/claims/agreements",),
    "unanswered": ("/claims/unanswered",),
    "related_claims": ("/claims/related",),
    "uncertainties": ("/uncertainties",),
    "provenance": (
        *("/provenance/external_record", "/provenance/kernel", "/provenance/corpus", "/provenance/draft"),
        *("/provenance/queries", "/provenance/query_count", "/provenance/retrieval", "/provenance/models"),
        *("/provenance/prompt_sha256s", "/provenance/semantic_index", "/provenance/seed", "/provenance/methodology"),
        "/provenance/costs",
        *("/provenance/source_list_boundary", "/work/produced_by"),
    ),
    "files": ("/artifacts",),
    "license": ("/work/license",),
}

SCORE_KINDS = {"rubric": "rubric checks", "model": "model review", None: "kind not stated"}
DUE = "A newer verifier exists: this record is due for re-review."
_METHODS = {"tfidf-bigram-v1": "similarity check"}
_SAYS = {"SUPPORT": "supported", "REFUTE": "refuted", "NEI": "not enough information"}
_MARKS = {
    "corroborated": ("pass", "corroborated"),
    "single-source": ("pass", "single source"),
    "contested": ("contested", "contested: sources disagree"),
    "refuted": ("refuted", "refuted"),
    "none": ("fail", "not supported"),
}


class Row(NamedTuple):
    """One label/value row; a list value is shown as a list, ``href`` makes the value a link."""

    label: str
    value: str | list[str]
    href: str | None = None


class Standing(NamedTuple):
    """What the claims that passed are called: *verified* by a method that meets the bar, else *echoed* in source; a
    draft counts its own. ``number`` of them of ``extracted``; ``method`` in words, its version included."""

    kind: Literal["verified", "echoed", "draft"]
    number: int
    extracted: int
    method: str

    @property
    def label(self) -> str:
        return "Echoed in source" if self.kind == "echoed" else "Verified claims"

    @property
    def counts(self) -> str:
        """``5 of 6``, and who counts where it is a draft."""
        counts = f"{self.number} of {self.extracted}"
        return f"{counts}, as the draft counts, by {self.method}" if self.kind == "draft" else counts


class FileFacts(NamedTuple):
    """One file beside a record page, as its Files block lists it; ``as_published``: where the file stands without the
    mark that this copy carries."""

    name: str
    label: str
    media_type: str
    size: int
    sha256: str
    as_published: str | None = None


def view(
    record: Record,
    version: Version,
    files: Sequence[FileFacts],
    citation: dict[str, str],
    *,
    verify: notices.Verification | None = None,
    suggest: str | None = None,
    review: Block | None = None,
    related: Sequence[Related] | None = None,
    at_home: bool = True,
) -> dict[str, Any]:
    """Everything the template prints of one version of a record.

    ``at_home``: for the record's own page, else for the version's own, one level below. ``verify`` is what the page can
    be checked by, ``suggest`` the address where a correction can be written, ``review`` what the monitor says of the
    record, in place of what this module finds, ``related`` the records to name as related, ``None`` where they are not
    known.
    """
    base = "" if at_home else "../"
    manifest, events = version.manifest, record.events[: version.number - 1]
    work = manifest["work"]
    quality = manifest["quality_assessment"]
    state = correction_state(events)
    notice = notice_row(events)
    touched = changes.touched(record.versions[: version.number]) if events else []
    sources = {source["id"]: source for source in manifest["provenance"]["sources"]}
    stands = standing(manifest)
    return {
        "base": base,
        "at_home": at_home,
        "banner": notices.banner(record.events, base) if record.events else None,
        "version": None if at_home else _version(record, version),
        "marks": {name: changes.mark(touched, *paths) for name, paths in _MARKED.items()},
        "prefix": notices.prefix(record.events),
        "public_id": work["public_id"],
        "short_id": work["short_id"],
        "title": work["title"],
        "title_cut": "title" in work["truncated_at_source"],
        "abstract": work["abstract"],
        "abstract_cut": "abstract" in work["truncated_at_source"],
        "question": work["research_question"],
        "imported": manifest["provenance"]["kernel"]["mode"] == "imported",
        "notice": notice,
        "labels": [MACHINE, *([SAMPLE] if work["sample"] else [])],
        "sample": work["sample"],
        "state": state,
        "event_count": len(events),
        "published_by_decision": _decision_line(quality),
        "tier": quality["tier"],
        "level": f"{quality['verification']['paper_level_key']}, {quality['verification']['paper_level_label']}",
        "score": review_score(quality["review"]),
        "counts_label": stands.label,
        "counts": stands.counts,
        "kind": stands.kind,
        "due": _due(manifest) if at_home and review is None else [],
        "review": review,
        "date": work["submitted"],
        "verification_rows": _verification(manifest, stands),
        "gate_rows": _gate(quality),
        "tier_rows": _tier(quality, stands),
        "checks": quality["review"]["checks"],
        "checks_title": _checks_title(quality),
        "dimensions": _dimensions(quality["dimensions"]["dimensions"]),
        "claim_rows": _claim_rows(manifest["claims"], stands),
        "claims": [
            {
                **_claim(claim, sources, stands.kind),
                "mark": changes.mark(touched, f"/claims/records/{claim['id']}") if touched else None,
            }
            for claim in manifest["claims"]["records"]
        ],
        "themes": manifest["claims"]["themes"],
        "agreements": manifest["claims"].get("agreements", []),
        "unanswered": manifest["claims"].get("unanswered", []),
        "related_claims": making.related_claims(manifest["claims"], {item.short_id for item in related or ()}),
        "making": (made := making.parts(manifest)),
        "made": making.summary(made),
        "removed": making.removed(manifest),
        "reviews": making.reviews(quality["review"]),
        "paired": making.paired(quality["review"]),
        "searches": making.searches(manifest["provenance"]["retrieval"]),
        "costs": making.costs(manifest["provenance"]),
        "disagreements": manifest["claims"]["disagreements"],
        "uncertainties": manifest["uncertainties"],
        "correction_rows": _correction(manifest, events, state),
        "history": notices.history(record, version, base) if record.events else None,
        "suggest": suggest or f"{base}../../correct/",
        "provenance_rows": _provenance(manifest),
        "references": [
            {
                **_reference(source),
                "mark": changes.mark(touched, f"/provenance/sources/{source['id']}") if touched else None,
            }
            for source in manifest["provenance"]["sources"]
        ],
        "related": related,
        "excluded": [_excluded(paper) for paper in manifest["provenance"]["retrieval"]["excluded"]],
        "interpretation": manifest["interpretation"],
        "limitations": manifest["limitations"],
        "citation": cite.sentence(citation),
        "bibtex": cite.bibtex(citation),
        "files": file_rows(files),
        "verify": verify.view(base) if verify else None,
        "elsewhere": [_elsewhere(item) for item in manifest["artifacts"] if not is_local(item)],
        "license": stated(work["license"]),
    }


def standing(manifest: dict[str, Any]) -> Standing:
    """What this record's passed claims are called, and how many there are."""
    quality, claims = manifest["quality_assessment"], manifest["claims"]
    mode, aggregate = manifest["provenance"]["kernel"]["mode"], manifest["claims"]["aggregate"]
    bar = bar_of(quality, mode)
    if "rules" in quality and mode == "executed":
        verifier = quality["rules"]["verifier"]
        names = [f"{verifier['method']} {verifier['version']}"] if verifier["method"] else []
    else:
        names = sorted({record["verification"]["method"] for record in claims["records"]} - {None})
    method = " and ".join(names) or "a method that is not stated"
    if mode == "imported":
        return Standing("draft", aggregate["verified"], aggregate["extracted"], method)
    if bar:
        return Standing("verified", aggregate["verified"], aggregate["extracted"], method)
    # rules 1.0 counted them as verified; no version of the method that made them is on record, so none has figures
    number = aggregate["verified"] if bar is None else aggregate["echoed"]
    return Standing("echoed", number, aggregate["extracted"], method)


def file_rows(files: Sequence[FileFacts]) -> list[tuple[str, str, str, str, str, str | None]]:
    """The rows of a Files block."""
    return [
        (file.name, file.label, file.media_type, size(file.size), file.sha256, file.as_published) for file in files
    ]


def removed_view(record: Record, files: Sequence[FileFacts], citation: dict[str, str]) -> dict[str, Any]:
    """What stays of a removed record: what it was, who published it, when and why it went."""
    manifest = record.current.manifest
    work = manifest["work"]
    return {
        "base": "",
        "banner": notices.banner(record.events),
        "prefix": notices.prefix(record.events),
        "public_id": work["public_id"],
        "title": work["title"],
        "history": notices.history(record, record.current),
        "removal": notices.removal(record),
        "about_rows": [
            Row("Record id", work["id"]),
            Row("Public id", work["public_id"]),
            Row("Publisher", manifest["publisher"]["name"]),
            Row("Date", stated(work["submitted"])),
            Row("Licence", stated(work["license"])),
            Row("Kind", MACHINE),
            *([Row("Sample", SAMPLE)] if work["sample"] else []),
        ],
        "correction_rows": _correction(manifest, record.events, correction_state(record.events)),
        "citation": cite.sentence(citation),
        "bibtex": cite.bibtex(citation),
        "files": file_rows(files),
    }


def _version(record: Record, version: Version) -> dict[str, Any]:
    """What an earlier version's page says of itself."""
    count = len(record.versions)
    return {
        "number": version.number,
        "of": count,
        "since": version.since,
        "until": None if version.number == count else record.versions[version.number].since,
        "current": version.number == count,
    }


def _due(manifest: dict[str, Any]) -> list[str]:
    """The notice that a record is due for re-review, and why; nothing when it is not."""
    why = due(manifest)
    if why is None:
        return []
    by = f"Tier, level and dimensions were computed by rules {rules_version(manifest['quality_assessment'])}."
    return [DUE, f"{why} {by}"]


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


def _verification(manifest: dict[str, Any], stands: Standing) -> list[Row]:
    levels = manifest["quality_assessment"]["verification"]
    summary = levels["claim_summary"]
    claims = manifest["claims"]
    aggregate = claims["aggregate"]
    below = "" if stands.kind != "echoed" else ", which does not meet the bar for verified"
    by = "" if stands.kind == "draft" else f" (by {stands.method}{below})"
    rows = [
        Row("Paper level", f"{levels['paper_level_key']}, {levels['paper_level_label']}"),
        Row("Source-grounded claims", str(summary["source_grounded_claims"])),
        Row("Claim record source", summary["claim_record_source"]),
        Row("Claims with a checked locator", f"{aggregate['located']} of {aggregate['extracted']}"),
        Row(stands.label, stands.counts + by),
        Row("Claims corroborated across sources", str(summary["cross_source_corroborated_claims"])),
        *_contested(claims["records"]),
        _rules(manifest["quality_assessment"]),
        Row("Claim records on this page", str(summary["per_claim_public_record_count"])),
    ]
    upper = levels["unsupported_upper_levels"]
    if upper:
        rows.append(Row("Levels not reached", [f"{item['key']}, {item['label']}" for item in upper]))
    return rows


def _contested(records: Sequence[dict[str, Any]]) -> list[Row]:
    """Claims that a source refutes, where a verifier that can tell was asked."""
    agreed = [record["verification"]["agreement"] for record in records if "label" in record["verification"]]
    if not agreed:
        return []
    return [Row("Claims contested or refuted", str(sum(item in ("contested", "refuted") for item in agreed)))]


def _rules(quality: dict[str, Any]) -> Row:
    """By which rules the claims are counted, with the verifier's card."""
    if "rules" not in quality:
        return Row("Rules of counting", "1.0: every method's verdict counts as it stands")
    version, verifier = quality["rules"]["version"], quality["rules"]["verifier"]
    name = f"{stated(verifier['method'])} {verifier['version'] or '(version not stated)'}"
    if verifier["card"] is None:
        return Row("Rules of counting", f"{version}; {name} has no measured figures")
    meets = "meets the bar" if verifier["meets_bar"] else "does not meet the bar"
    return Row("Rules of counting", f"{version}; {name} {meets} by its card", f"../../{verifier['card']}")


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


def _tier(quality: dict[str, Any], stands: Standing) -> list[Row]:
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
            f"{given} ({SCORE_KINDS[quality['review']['kind']]}), "
            f"{_counted(quality, stands)} {inputs['verified_claim_count']}, "
            f"reproducibility {inputs['reproducibility_level']}",
        ),
    ]


def _counted(quality: dict[str, Any], stands: Standing) -> str:
    if stands.kind == "echoed" and "rules" not in quality:
        return "claims that passed, which rules 1.0 count,"
    return "verified claims, as the draft counts," if stands.kind == "draft" else "verified claims"


def _checks_title(quality: dict[str, Any]) -> str:
    """Whose checks these are; those of the first rules call every claim that passed verified."""
    title = "Rubric checks" if quality["review"]["kind"] == "rubric" else "Review checks"
    if quality["review"]["kind"] == "model" and "reviews" in quality["review"]:
        return "Rubric checks by rule, beside the reviews; they do not make the score"
    return title if "rules" in quality else f"{title}, by rules {rules_version(quality)}"


def _dimensions(dimensions: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Label, level and basis of each dimension, in the order of the contract."""
    rows = table("quality-dimensions", "x-dimensions")
    return [(row["label"], dimensions[row["key"]]["level"], dimensions[row["key"]]["basis"]) for row in rows]


def _claim_rows(claims: dict[str, Any], stands: Standing) -> list[Row]:
    aggregate, declared = claims["aggregate"], claims["declared"]
    rows = [
        Row("Claims extracted", str(aggregate["extracted"])),
        _passed_row(stands),
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


def _passed_row(stands: Standing) -> Row:
    if stands.kind == "draft":
        return Row("Claims verified", f"{stands.number}, as the draft counts, by {stands.method}")
    return Row("Claims verified" if stands.kind == "verified" else "Claims echoed in source", str(stands.number))


def _claim(record: dict[str, Any], sources: dict[str, Any], kind: str) -> dict[str, Any]:
    check, grounding = record["verification"], record["grounding"]
    source = sources.get(grounding["source_id"]) if grounding["source_id"] is not None else None
    state, verdict = _verdict(check, kind)
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
        "numbers": _numbers(check) if "label" not in check else "",
        "source_id": source["id"] if source else None,
        "source_title": (source["title"] or source["paper_id"] or source["url"] or source["id"]) if source else None,
        "place": place,
        "sha": sha,
        "theme": record["theme"],
        "supporting": ", ".join(check["supporting_source_ids"]),
        "judged": _judged(check, grounding, kind) if "label" in check else None,
    }


def _verdict(check: dict[str, Any], kind: str) -> tuple[str, str]:
    """(how a claim's badge looks, what it says): *verified* only by a method that meets the bar."""
    name = _METHODS.get(check["method"], "check")
    if check["verified"] is None:
        return "none", "not checked"
    if "label" in check:
        state, words = _MARKS[check["agreement"]]
        if not check["verified"]:
            return state, words
        return (state, f"verified, {words}") if kind == "verified" else ("echo", f"echoed in source, {words}")
    if not check["verified"]:
        return "fail", f"{name} not passed"
    return ("pass", f"{name} passed, verified as the draft counts") if kind == "draft" else ("echo", "echoed in source")


def _numbers(check: dict[str, Any]) -> str:
    if check["confidence"] is None:
        return ""
    numbers = fine(check["confidence"])
    if check["threshold"] is not None:
        sign = "≥" if check["confidence"] >= check["threshold"] else "<"
        numbers += f" {sign} {fine(check['threshold'])}"
    return numbers


def _judged(check: dict[str, Any], grounding: dict[str, Any], kind: str) -> dict[str, Any]:
    """What a verifier says of a claim: label, confidence, sources on both sides, reasons, evidence."""
    number = fine(check["confidence"])
    home = (grounding["source_id"], *((where["start"], where["end"]) if (where := grounding["locator"]) else ()))
    return {
        "label": _SAYS[check["label"]],
        # only a method that meets the bar is known to be calibrated
        "confidence": f"{number}, {cards.sureness(check['confidence'])}"
        if kind == "verified"
        else f"{number}, not calibrated",
        "method": f"{check['method']} {check['version']}",
        "supporting": check["supporting_source_ids"],
        "refuting": check["refuting_source_ids"],
        "reasons": check["reasons"],
        "evidence": [
            {
                "source_id": item["source_id"],
                "place": f"characters {item['start']}-{item['end']}",
                # the claim stands there itself: no need to print it twice
                "quote": None if (item["source_id"], item["start"], item["end"]) == home else item["quote"],
            }
            for item in check["evidence"]
        ],
    }


def _correction(manifest: dict[str, Any], events: Sequence[Event], state: str) -> list[Row]:
    rows = [
        Row("Status", state),
        Row("Correction count", str(len(events))),
        Row("Manifest contract", MANIFEST_CONTRACT),
        Row("Correction contract", manifest["correction_record"]["contract"]),
        Row("Record as data", "corrections.json", "corrections.json"),
    ]
    if events:
        rows.insert(2, Row("Last corrected", max(event.at for event in events)))
    return rows


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
        **making.beyond(source),
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
