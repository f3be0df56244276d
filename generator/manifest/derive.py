"""What follows from a manifest's facts, computed again each time it is asked for.

``derived(manifest)`` reads facts only (work, artifacts, review, rules, claims, sources, uncertainties) and returns the
parts that rules make of them, by the version of the rules that the manifest names. ``publish`` writes those parts,
``check`` compares them, and nothing else may.
"""

from __future__ import annotations

from typing import Any

from generator.manifest.claims import Counts, bar_of, counts_of
from generator.manifest.dimensions import Fact, quality_dimensions
from generator.manifest.levels import corroborating_methods, verification_levels
from generator.manifest.provenance import external_record, inspectable, lineage_label, provenance_level, review_method
from generator.manifest.tiers import quality_tier


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
    parts: dict[str, Any] = {
        "/claims/aggregate": {
            "extracted": counts.extracted,
            "verified": counts.verified,
            "located": counts.located,
            "declared": counts.declared,
            **echoed,
        },
        "/quality_assessment/verification": verification_levels(
            claims, types, provenance["claim_lineage"]["claim_record_source"], counts=counts
        ),
        "/quality_assessment/dimensions": dimensions,
        "/quality_assessment/tier": quality_tier(
            review["score"], counts.verified, dimensions["dimensions"]["reproducibility_status"]["level"], types
        ),
        "/provenance/artifact_inspectability": types,
        "/provenance/level": level["level"],
        "/provenance/level_key": level["key"],
        "/provenance/level_label": level["label"],
        "/provenance/basis": level["basis"],
        "/provenance/review_method": review_method(review["kind"]),
        "/provenance/claim_lineage/count": counts.grounded,
        "/provenance/claim_lineage/label": lineage_label(counts.grounded),
    }
    return parts


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
