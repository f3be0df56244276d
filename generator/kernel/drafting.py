"""What a draft of the synthesis is made of, for the stage that writes it and for the review that may revise it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.kernel import synthesis
from generator.kernel.labels import all_fallen_back
from generator.kernel.modelled.synthesis import Basis
from generator.kernel.request import Request
from generator.kernel.verification import methods
from generator.kernel.verification.verdict import Verifier
from generator.manifest.problems import UsageError

State = dict[str, Any]
SERVICES = {"arxiv": "arXiv", "semantic-scholar": "Semantic Scholar", "openalex": "OpenAlex"}


def synthesised(
    request: Request, claims: list[dict[str, Any]], state: Mapping[str, Any], *, unwritten: str | None = None
) -> State:
    """Themes, agreements, conflicts, open ends and the text, all by rule; ``unwritten`` is why no model wrote it, and
    then stands in the text's labels."""
    themes, themed = synthesis.group_themes(claims, request.question, state["sources"])
    written = synthesis.write_synthesis(
        request.question,
        state["sources"],
        themed,
        themes,
        state["rules"]["verifier"],
        invented=not request.live,
        excluded=state["excluded"],
        failures=_failures(state.get("searches", ())),
        fallbacks=_fallbacks(state["queries"], themed, state.get("unchosen"), unwritten),
        planted=[source["id"] for source in state["sources"] if source["text"].get("set_aside")],
    )
    if unwritten:
        names = ("abstract", "synthesis")
        written.update(zip(names, all_fallen_back([written[name] for name in names], unwritten), strict=True))
    return {"claims": themed, "themes": themes, **written}


def _failures(searches: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The sources of which searches failed, with the first reason and how many of how many."""
    found = []
    for name in dict.fromkeys(item["source"] for item in searches if item["failure"]):
        rows = [item for item in searches if item["source"] == name]
        failed = [item["failure"] for item in rows if item["failure"]]
        found.append({"source": SERVICES[name], "reason": failed[0], "failed": len(failed), "of": len(rows)})
    return found


def _fallbacks(
    queries: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    unchosen: str | None,
    unwritten: str | None,
) -> dict[str, str]:
    """Why a part was made by rule and not by a model, by its name; the first reason of each part."""
    found: dict[str, str] = {}
    for name, items in (("writing of queries", queries), ("choice of claims", claims)):
        reasons = [item["produced_by"]["fallback_reason"] for item in items if item["produced_by"]["fallback_reason"]]
        if reasons:
            part = "" if len(reasons) == len(items) else f" ({len(reasons)} of {len(items)})"
            found[name + part] = reasons[0]
    if unchosen and not claims:
        found["choice of claims"] = unchosen
    return {**found, "writing of the abstract": unwritten} if unwritten else found


def basis(request: Request, state: Mapping[str, Any]) -> Basis:
    """What a model writes a synthesis from."""
    return Basis(
        request.question, state["claims"], state["sources"], state["disagreements"], state["unanswered"]
    )


def support_verifier() -> Verifier:
    """The verifier that decides whether a model's sentence is supported by the claims it cites: the default method,
    which needs no model, whatever verifies the claims."""
    return methods.verifier(methods.DEFAULT)


def same_verifier(request: Request, state: Mapping[str, Any]) -> Verifier:
    """The verifier of the run; a run that was begun with another version of it cannot go on."""
    verifier = methods.verifier(request.verifier)
    stated = state["rules"]["verifier"]
    if (verifier.method, verifier.version) != (stated["method"], stated["version"]):
        raise UsageError(
            f"the run was begun with {stated['method']} {stated['version']}, and here is {verifier.method} "
            f"{verifier.version}; remove its folder and run it again"
        )
    return verifier
