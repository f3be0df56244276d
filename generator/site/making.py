"""How each part of a record was made, in words: by rule, by which model, or by rule in a model's place and why.

And what only runs with services or models have: their searches, reviews, the paired check and what it all took.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from generator.site.text import http_url, score

SERVICES = {"arxiv": "arXiv", "semantic-scholar": "Semantic Scholar", "openalex": "OpenAlex"}
_ABOUT = {"corroborates": "corroborates", "conflicts": "conflicts with"}


class Part(NamedTuple):
    """One part of a record: ``by`` is what made it; ``instead`` says why it was not a model, where one was asked."""

    name: str
    by: str
    instead: str | None
    model: bool = False


def parts(manifest: Mapping[str, Any]) -> list[Part]:
    """The parts of an executed record, in the order in which they were made; none for an imported one."""
    provenance, quality, claims = manifest["provenance"], manifest["quality_assessment"], manifest["claims"]
    if provenance["kernel"]["mode"] != "executed":
        return []
    verifiers = {claim["verification"]["method"] for claim in claims["records"]} - {None}
    index = provenance["semantic_index"]
    return [
        *_part("Queries", [query["produced_by"] for query in provenance["queries"]], "written"),
        *_part("Claims", [claim["produced_by"] for claim in claims["records"]], "chosen"),
        *([Part("Verdicts", f"by {' and '.join(sorted(verifiers))}", None)] if verifiers else []),
        *_part("Abstract", [manifest["work"]["produced_by"]["abstract"]], "written"),
        *_part("Review", [quality["review"]["produced_by"]], "given"),
        *(_part("Semantic index", [index["produced_by"]], "made") if index else []),
    ]


def summary(made: Sequence[Part]) -> list[str]:
    """The same in a sentence or two: what each model made, what rules made, what rules made in a model's place."""
    by: dict[str, list[str]] = {}
    for part in made:
        in_place = part.instead and not part.model
        by.setdefault("in place of a model, by rule" if in_place else _maker(part), []).append(part.name.lower())
    return [f"{', '.join(names).capitalize()}: {maker}." for maker, names in by.items()]


def _maker(part: Part) -> str:
    if part.by.endswith("no model"):
        return "by rule, no model"
    # "written by the model ..." without its verb, which is another one for each part
    return part.by.partition(" ")[2] if part.model and part.by[0].isalpha() else part.by


def _part(name: str, labels: Sequence[Mapping[str, Any]], verb: str) -> list[Part]:
    """What made the items of one part: all of them, or so many of each."""
    if not labels:
        return []
    models = [label["model"] for label in labels if label["mode"] == "model"]
    reasons = dict.fromkeys(label["fallback_reason"] for label in labels)
    reasons.pop(None, None)
    rest = len(labels) - len(models)
    if not models:
        by = f"by rule ({labels[0]['method']}); no model"
    elif not rest:
        by = f"{verb} by the model {models[0]}"
    else:
        by = f"{len(models)} {verb} by the model {models[0]}, {rest} by rule"
    return [Part(name, by, "; ".join(reasons) or None, bool(models))]


def removed(manifest: Mapping[str, Any]) -> str | None:
    """What was taken out of a model's text; ``None`` where nothing was."""
    synthesis = manifest["claims"].get("synthesis")
    counts = synthesis["removed"] if synthesis else {}
    told = [
        f"{counts[name]} {words if counts[name] == 1 else several}"
        for name, words, several in (
            ("unknown_ids", "citation of a claim that does not exist", "citations of claims that do not exist"),
            ("unsupported", "sentence that its claims do not support", "sentences that their claims do not support"),
            ("copied", "sentence in a source's own words", "sentences in a source's own words"),
        )
        if counts.get(name)
    ]
    return f"Taken out of the text: {', '.join(told)}." if told else None


def reviews(review: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The reviews by a model: role, score and verdict in words, findings, and why one does not count."""
    return [
        {
            "role": item["role"],
            "score": "none" if item["score"] is None else f"{score(item['score'])} of 10",
            "verdict": item["verdict"] or "none",
            "findings": item["findings"],
            "void": item["void"],
        }
        for item in review.get("reviews", ())
    ]


def paired(review: Mapping[str, Any]) -> str | None:
    """What the paired check came to; ``None`` where none was made."""
    check = review.get("paired_check")
    return str(check["finding"]) if check else None


def searches(retrieval: Mapping[str, Any]) -> list[str]:
    """One line for each search of a service."""
    return [_search(item) for item in retrieval.get("searches", ())]


def _search(item: Mapping[str, Any]) -> str:
    place = f"{SERVICES.get(item['source'], item['source'])}, {item['query_id']}, {item['retrieved_on']}"
    if item["failure"]:
        return f"{place}: no answer ({item['failure']})"
    of = "" if item["total"] is None else f" of {item['total']}"
    return f"{place}: {item['returned']}{of} papers, answer sha256 {str(item['sha256'])[:12]}"


def costs(provenance: Mapping[str, Any]) -> list[tuple[str, int, int, int, int, str]]:
    """(stage, calls, answers from the cache, tokens in, tokens out, seconds) of the stages that asked for something."""
    rows = provenance["costs"]["stages"] if "costs" in provenance else []
    return [
        (
            row["stage"],
            row["calls"],
            row["cache_hits"],
            row["prompt_tokens"],
            row["completion_tokens"],
            "not measured" if row["seconds"] is None else f"{row['seconds']:.1f}",
        )
        for row in rows
        if row["calls"] or row["cache_hits"]
    ]


def related_claims(claims: Mapping[str, Any], here: Collection[str]) -> list[dict[str, Any]]:
    """What claims of other records said of this one's when it was made; ``here`` are short ids of records that have a
    page of claims beside this one."""
    return [
        {
            "claim_id": item["claim_id"],
            "relation": _ABOUT[item["relation"]],
            "other": item["other_claim_id"],
            "public_id": item["public_id"],
            "short": (short := item["public_id"].removeprefix("SRCH:")),
            "is_here": short in here,
            "basis": item["basis"],
        }
        for item in claims.get("related", {}).get("claims", ())
    ]


def beyond(source: Mapping[str, Any]) -> dict[str, Any]:
    """Of a source: its names at other services, and the full text that was read."""
    full = source.get("full_text")
    return {
        "also": _names(source.get("also", ())),
        "full": f"{full['characters']} characters of full text read, {full['media_type']}" if full else None,
        "full_url": full["url"] if full else None,
        "full_href": http_url(full["url"]) if full else None,
    }


def _names(names: Iterable[str]) -> str:
    return ", ".join(names)
