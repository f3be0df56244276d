"""The run record of a draft: everything that was read, what contradicts itself, review and policy."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from generator.kernel.drafts.evidence import read_claims, read_sources, read_uncertainties
from generator.kernel.drafts.layout import DraftText, Reader, Run, check_limit
from generator.kernel.drafts.statements import (
    Method,
    introduction_record,
    line_of,
    read_introduction,
    read_method,
    read_results,
)
from generator.kernel.drafts.wording import as_said, ends_open, produced_by, title_cut
from generator.kernel.facts import Facts
from generator.manifest.cards import rules_for
from generator.manifest.contracts import envelope
from generator.manifest.gate import policy_outcome, verdict

ROUNDING = 0.005  # the drafts print confidences with two digits
_VERSION = re.compile(r"(?P<name>.*\S)\s+v?(?P<version>\d+(?:\.\d+)+)", re.ASCII)


def make_record(draft: DraftText, reader: Reader, *, file_name: str, sha256: str, facts: Facts | None) -> Run:
    """The ``synthesis-run-v1`` record; what was wrong is noted in ``reader``."""
    analysed, question = read_introduction(draft, reader)
    method = read_method(draft, reader)
    claims = read_claims(draft.sections.get("Extracted Claims"), method, reader)
    declared = read_results(draft.sections.get("Results"), reader)
    uncertainties = read_uncertainties(draft.sections.get("Uncertainties"), reader)
    _compare_counts(declared, claims, "Extracted Claims" in draft.sections, reader)
    _compare_marks(claims, reader)
    policy = _policy(declared, claims, reader)
    kernel = _VERSION.fullmatch(draft.header.kernel)
    abstract = draft.text("Abstract") or ""
    check_limit(abstract, "abstract", line_of(draft, "Abstract"), reader)
    methodology = draft.text("Methodology")
    return {
        **envelope("synthesis-run"),
        "origin": {
            "mode": "imported",
            "kernel": {
                "name": kernel["name"] if kernel else draft.header.kernel or None,
                "version": kernel["version"] if kernel else None,
            },
            "dated": draft.header.dated,
            "started_at": None,
            "seed": None,
            "corpus": None,
            "draft": {
                "file_name": file_name,
                "sha256": sha256,
                "published_id": facts.id if facts else None,
                "claim_record_source": facts.claim_record_source if facts else None,
                "report_artifact": facts.report_artifact if facts else None,
                "external_record": facts.external_record if facts else None,
                "declared": declared,
                "discrepancies": reader.notes,
                "notice": draft.header.notice,
                "methodology": methodology,
            },
        },
        "title": as_said(draft.header.title, title_cut(draft.header.title, analysed, question)),
        "question": {"text": question, "language": None},
        "introduction": introduction_record(draft),
        "abstract": {**as_said(abstract, bool(abstract) and ends_open(abstract)), "claim_ids": []},
        "queries": [],
        "query_count": method.query_count,
        "retrieval": {
            "method": method.retrieval,
            "papers_retrieved": declared["papers_retrieved"],
            "papers_used": None,
            "excluded": [],
            "produced_by": produced_by(),
        },
        "sources": read_sources(draft.sections.get("References"), reader),
        "claims": claims,
        "themes": [],
        "disagreements": [],
        "semantic_index": method.semantic_index,
        "tribunal": _tribunal(declared, method, uncertainties),
        "policy": policy,
        # the draft counts its own claims: it names a method, no version of it and no figures
        "rules": rules_for(method.verification, None),
        "uncertainties": uncertainties,
        "methodology": methodology,
    }


def _tribunal(declared: Mapping[str, Any], method: Method, uncertainties: Sequence[Mapping[str, Any]]) -> Run:
    """The review as declared. It is a model's only if the draft says so of its own tribunal."""
    by_model = any(
        re.search(r"\btribunal\b", item["text"], re.I)
        and re.search(r"\bLLM\b|\blanguage[- ]model", item["text"], re.I)
        and not re.search(r"\b(not|no|without)\b", item["text"], re.I)
        for item in uncertainties
    )
    kind = "model" if by_model else None
    return {
        "version": method.tribunal,
        "kind": kind,
        "rounds": [],
        "score": declared["score"],
        "verdict": declared["verdict"],
        "revision_round": declared["revision_round"],
        "produced_by": produced_by(mode=kind, params=dict(method.tribunal_params)),
    }


def _verified(claims: Sequence[Mapping[str, Any]]) -> int:
    return sum(bool(claim) and claim.get("verification", {}).get("verified") is True for claim in claims)


def _compare_counts(
    declared: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], has_table: bool, reader: Reader
) -> None:
    counted = {"claims_extracted": len(claims), "claims_verified": _verified(claims)}
    words = {"claims_extracted": "extracted", "claims_verified": "verified"}
    for key, number in counted.items():
        if declared[key] is not None and declared[key] != number:
            shows = f"its claim table shows {number}" if has_table else "it has no claim table"
            reader.notes.append(f"The draft declares {declared[key]} claims {words[key]}; {shows}.")


def _compare_marks(claims: Sequence[Mapping[str, Any]], reader: Reader) -> None:
    for claim in claims:
        checked = claim.get("verification") or {}
        confidence, threshold = checked.get("confidence"), checked.get("threshold")
        if confidence is None or threshold is None or checked["verified"] in (None, confidence >= threshold):
            continue
        if abs(confidence - threshold) <= ROUNDING:
            continue
        mark = "verified" if checked["verified"] else "not verified"
        side = "below" if confidence < threshold else "not below"
        reader.notes.append(
            f"Claim {claim['id']} is marked {mark}, but its confidence {confidence:g} is {side} the threshold "
            f"{threshold:g}."
        )


def _policy(declared: Mapping[str, Any], claims: Sequence[Mapping[str, Any]], reader: Reader) -> dict[str, Any]:
    """The declared outcome; a draft cannot approve itself against the tribunal's rules, so that one is escalated."""
    said, outcome = declared["verdict"], declared["policy"]
    count = _verified(claims)
    ruled = verdict(declared["score"], count, last_round=True)
    basis = "As the draft's Results section states." if outcome else "The draft states no policy."
    if reader.problems:
        return {"outcome": outcome, "basis": basis, "rule": None}
    if said is not None and declared["score"] is not None and said != ruled:
        claims_word = "claim" if count == 1 else "claims"
        reader.notes.append(
            f"The draft's verdict is {said}; the rules give {ruled} for a score of {declared['score']:.1f} "
            f"with {count} verified {claims_word}."
        )
    if outcome is not None and said is not None and outcome != policy_outcome(said):
        reader.notes.append(f"The draft's policy is {outcome}; the rules give {policy_outcome(said)} for {said}.")
    if outcome == "AUTO_APPROVE" and (ruled != "APPROVE" or policy_outcome(said) != "AUTO_APPROVE"):
        basis = "The draft states AUTO_APPROVE; its own score, verdict and claims do not reach that: its owner decides."
        return {"outcome": "ESCALATE_TO_OWNER", "basis": basis, "rule": "*"}
    return {"outcome": outcome, "basis": basis, "rule": None}
