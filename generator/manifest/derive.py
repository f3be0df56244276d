"""What follows from a manifest's facts, computed again each time it is asked for.

``derived(manifest)`` reads facts only (work, artifacts, review, rules, claims, sources, uncertainties) and returns the
parts that rules make of them, by the version of the rules that the manifest names. ``publish`` writes those parts,
``check`` compares them, and nothing else may.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from generator.manifest.claims import Counts, bar_of, counts_of
from generator.manifest.contracts import part_address, table
from generator.manifest.dimensions import Fact, quality_dimensions
from generator.manifest.levels import corroborating_methods, verification_levels
from generator.manifest.provenance import external_record, inspectable, lineage_label, provenance_level, review_method
from generator.manifest.tiers import quality_tier

PLACES = (
    "/claims/aggregate",
    "/quality_assessment/verification",
    "/quality_assessment/dimensions",
    "/quality_assessment/tier",
    "/provenance/artifact_inspectability",
    "/provenance/level",
    "/provenance/level_key",
    "/provenance/level_label",
    "/provenance/basis",
    "/provenance/review_method",
    "/provenance/claim_lineage/count",
    "/provenance/claim_lineage/label",
    "/limitations",
)
"""Where the derived parts stand."""


def derived(manifest: dict[str, Any]) -> dict[str, Any]:
    """JSON Pointer of each derived part -> its value, in an order where later parts may use earlier ones."""
    claims = manifest["claims"]
    assessment, provenance = manifest["quality_assessment"], manifest["provenance"]
    counts = counts_of(claims, corroborating_methods(), bar=bar_of(assessment, provenance["kernel"]["mode"]))
    artifacts = manifest["artifacts"]
    types = inspectable(artifacts)
    dimensions = quality_dimensions(facts(manifest, counts))
    level = provenance_level(artifacts, counts.grounded)
    review = assessment["review"]
    echoed = {"echoed": counts.echoed} if "rules" in assessment else {}
    parts = (
        {
            "extracted": counts.extracted,
            "verified": counts.verified,
            "located": counts.located,
            "declared": counts.declared,
            **echoed,
        },
        verification_levels(
            claims,
            types,
            provenance["claim_lineage"]["claim_record_source"],
            counts=counts,
            address=part_address(manifest["schema"], "quality_assessment", "verification"),
        ),
        dimensions,
        quality_tier(
            review["score"], counts.verified, dimensions["dimensions"]["reproducibility_status"]["level"], types
        ),
        types,
        level["level"],
        level["key"],
        level["label"],
        level["basis"],
        review_method(review["kind"]),
        counts.grounded,
        lineage_label(counts.grounded),
        limitations(manifest),
    )
    return dict(zip(PLACES, parts, strict=True))


def recount(manifest: dict[str, Any]) -> None:
    """Write at each source how many claims name it."""
    cited = Counter(claim["grounding"]["source_id"] for claim in manifest["claims"]["records"])
    if manifest["claims"]["mode"] == "per_claim":
        for source in manifest["provenance"]["sources"]:
            source["claims"] = cited[source["id"]]


def limitations(manifest: dict[str, Any]) -> list[str]:
    """What a reader must not take the record for, as far as its facts tell."""
    provenance, records = manifest["provenance"], manifest["claims"]["records"]
    mode, corpus = provenance["kernel"]["mode"], provenance["corpus"]
    notes: list[str] = list(table("paper-manifest", "x-texts", address=manifest["schema"])["limitations"])
    if mode == "imported":
        notes.append("Imported from a draft: its claims carry no place in a source that could be checked.")
    methods = {claim["verification"]["method"] for claim in records}
    if "tfidf-bigram-v1" in methods:
        notes.append("Claims were checked by text similarity, which cannot tell support from contradiction.")
    if methods and bar_of(manifest["quality_assessment"], mode) is False:
        notes.append("The verifier of this record does not meet the bar: no claim of it counts as verified.")
    if corpus and corpus["invented"]:
        notes.append("The papers behind this record are invented: it shows how records work and says nothing true.")
    if mode == "executed":
        if not records:
            notes.append("No relevant claim was found; there is nothing to rely on.")
        elif len({claim["grounding"]["source_id"] for claim in records}) == 1:
            notes.append("All claims come from one source only.")
    return notes


def facts(manifest: dict[str, Any], counts: Counts) -> dict[str, Fact]:
    """The facts that the dimension rules ask for."""
    available = {item["type"] for item in manifest["artifacts"] if item["status"] == "available"}
    return {
        "claims": counts.extracted,
        "grounded": counts.grounded,
        "located": counts.located,
        "verified": counts.verified,
        "verified_share": counts.verified_share,
        "checked": counts.checked,
        "corroborated": counts.corroborated,
        "uncertainties": len(manifest["uncertainties"]),
        "uncertainty_findings": sum(item["kind"] == "finding" for item in manifest["uncertainties"]),
        "report_public": "report" in available,
        "run_public": "run" in available,
        "sources_listed": len(manifest["provenance"]["sources"]),
        "external_record": external_record(manifest["artifacts"]),
        "all_located": counts.extracted > 0 and counts.located == counts.extracted,
    }


def put(document: dict[str, Any], pointer: str, value: Any) -> None:
    """Set the value at a JSON Pointer made of object keys; the parent objects must exist."""
    *parents, last = pointer.split("/")[1:]
    target: Any = document
    for key in parents:
        target = target[key]
    target[last] = value


def get(document: dict[str, Any], pointer: str) -> Any:
    """The value at a JSON Pointer made of object keys; ``KeyError`` when it is not there."""
    target: Any = document
    for key in pointer.split("/")[1:]:
        target = target[key]
    return target
