"""What a reader should doubt, about the method and about the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.kernel.labels import shortened
from generator.kernel.synthesis.gaps import list_unanswered
from generator.kernel.synthesis.phrases import join, number, verb
from generator.manifest.problems import printable

LONGEST_REASON = 400  # characters


def list_uncertainties(
    question: str,
    claims: Sequence[Mapping[str, Any]],
    disagreements: Sequence[Mapping[str, Any]],
    excluded: Sequence[Mapping[str, Any]],
    verifier: Mapping[str, Any],
    *,
    invented: bool,
    sources: Sequence[Mapping[str, Any]] = (),
    unanswered: Sequence[str] | None = None,
    failures: Sequence[Mapping[str, Any]] = (),
    fallbacks: Mapping[str, str] | None = None,
    planted: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """What a reader should doubt: about the method (``method``) and about these findings (``finding``).

    ``verifier`` is that of the run's ``rules``; ``sources`` tell how far each was read (``text.sections``);
    ``failures`` are sources of literature of which searches failed ({source, reason}, and how many of them: failed,
    of); ``fallbacks`` give for a stage why it was done by rule and not by a model; ``planted`` are the ids of sources
    from which sentences were set aside because they address their reader.
    """
    items = [
        ("method", _doubt(verifier)),
        ("method", _read(sources)),
    ]
    if invented:
        items.append(("method", "The corpus is invented, so nothing in this record is evidence about the world."))
    items.extend(
        ("method", _failed(item)) for item in failures
    )
    items.extend(
        ("method", f"A model was to do the {stage}; it was done by rule: {_reason(reason)}.")
        for stage, reason in (fallbacks or {}).items()
    )
    if planted:
        names = list(dict.fromkeys(planted))
        items.append(("method", f"Sentences of {join(names)} were set aside because they address their reader."))
    items.extend(
        ("finding", f"{' and '.join(item['claim_ids'])} may contradict each other. {item['basis']}")
        for item in disagreements
    )
    open_ends = list_unanswered(question, claims, sources) if unanswered is None else unanswered
    items.extend(("finding", text) for text in open_ends)
    papers = {claim["grounding"]["source_id"] for claim in claims}
    if not claims:
        items.append(("finding", "No claim was found, so the question stays open."))
    elif len(papers) == 1:
        items.append(("finding", "All claims come from one paper; nothing confirms or contradicts it here."))
    items.extend(("finding", _contested(claim)) for claim in claims if claim["verification"].get("refuting_source_ids"))
    failed = [
        claim["id"]
        for claim in claims
        if claim["verification"]["verified"] is False and not claim["verification"].get("refuting_source_ids")
    ]
    if failed:
        items.append(("finding", f"{verifier['method']} found no support in any source for {', '.join(failed)}."))
    withdrawn = [item["paper_id"] for item in excluded if item["reason_code"] == "WITHDRAWN"]
    if withdrawn:
        items.append(("finding", f"Withdrawn and not used: {', '.join(sorted(set(withdrawn)))}."))
    # a source that failed for each of several queries is named once
    return [{"kind": kind, "text": text} for kind, text in dict.fromkeys(items)]


def _doubt(verifier: Mapping[str, Any]) -> str:
    """What to doubt of the verifier: even one that meets the bar errs, and any other says little."""
    name = f"{verifier['method']} {verifier['version']}"
    if verifier["meets_bar"]:
        return f"Verdicts are those of a program, {name}, which errs; its card gives the shares in which it does."
    if verifier["method"] == "tfidf-bigram-v1":
        return "The similarity check is weak: a sentence and its contradiction share most of their words."
    return f"The verifier, {name}, does not meet the bar for verified: its verdicts are weak."


def _read(sources: Sequence[Mapping[str, Any]]) -> str:
    """How far the sources were read; a section with a place in the full text lies beyond the abstract."""
    further = sum(
        any(section["at"] is not None for section in (source["text"] or {}).get("sections") or ()) for source in sources
    )
    if not further:
        return "Only titles and abstracts were read; what a paper says further on is unknown here."
    share = (
        f"{further} of {number(len(sources), 'source')} {'was' if further == 1 else 'were'} read beyond the abstract"
    )
    return f"{share}, in chosen passages only; what the rest says is unknown here."


def _failed(item: Mapping[str, Any]) -> str:
    """A source of which some searches failed, or all."""
    source, why = printable(str(item["source"])), _reason(item["reason"])
    if item.get("failed", 1) < item.get("of", 1):
        return f"{item['failed']} of {item['of']} searches of {source} failed: {why}."
    return f"{source} could not be searched: {why}."


def _reason(text: str) -> str:
    return shortened(printable(str(text)).strip().rstrip("."), LONGEST_REASON)


def _contested(claim: Mapping[str, Any]) -> str:
    """Both sides of a claim that a source refutes, with their sources."""
    check = claim["verification"]
    by = f"by the verdicts of {check['method']}"
    against = f"{join(check['refuting_source_ids'])} {verb(check['refuting_source_ids'], 'refute')} it"
    if not check["supporting_source_ids"]:
        return f"{claim['id']} is refuted: {against}, and no source supports it, {by}."
    supporting = f"{join(check['supporting_source_ids'])} {verb(check['supporting_source_ids'], 'support')} it"
    return f"{claim['id']} is contested: {supporting}, and {against}, {by}."
