"""The synthesis in sentences, and the abstract built of them.

Everything is deterministic. Sentences are this kernel's own words around marked quotations; a quotation is always a
whole claim. Each names the claims it rests on. No source's wording is taken over outside the marks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from generator.kernel.disagreements import find_disagreements
from generator.kernel.labels import extractive
from generator.kernel.synthesis.agreements import find_agreements
from generator.kernel.synthesis.gaps import list_unanswered
from generator.kernel.synthesis.phrases import join, number, verb
from generator.kernel.synthesis.quoting import LONGEST_RUN, Run, copies, quote, runs_of
from generator.kernel.synthesis.themes import UNNAMED
from generator.kernel.synthesis.uncertainties import list_uncertainties
from generator.manifest.claims import passed

ABSTRACT = "claims-template-v2"
MOST_THEMES = 3
QUOTES_PER_THEME = 2
MOST_PAIRS = 3
"""Agreements, conflicts and open questions that the abstract tells of each kind; all of them stand in the record."""

LONGEST_QUOTED = 1500
"""Characters of a claim that is quoted; longer ones are counted and compared, and stand in the record."""

About = Literal["finding", "agreement", "conflict", "gap", "limit"]
# Fewer words than a copied run has, so that these stand whatever the sources hold.
_LEFT_OUT = "The abstract is left out: a source holds its wording."
_BASIS_LEFT_OUT = "A source holds the wording of this basis."
_TERMS_LEFT_OUT = "No claim takes up all terms of the question."


@dataclass(frozen=True)
class Sentence:
    """One statement of the synthesis with the claims it rests on; ``quoted`` is the one it quotes, if any."""

    text: str
    claim_ids: tuple[str, ...]
    about: About
    quoted: str | None = None


def write_synthesis(
    question: str,
    sources: Sequence[Mapping[str, Any]],
    claims: Sequence[Mapping[str, Any]],
    themes: Sequence[Mapping[str, Any]],
    verifier: Mapping[str, Any],
    *,
    invented: bool,
    excluded: Sequence[Mapping[str, Any]] = (),
    failures: Sequence[Mapping[str, Any]] = (),
    fallbacks: Mapping[str, str] | None = None,
    planted: Sequence[str] = (),
) -> dict[str, Any]:
    """The run's fields ``abstract``, ``synthesis``, ``agreements``, ``disagreements``, ``unanswered`` and
    ``uncertainties``.

    ``claims`` carry verdicts and themes, ``verifier`` is that of the run's ``rules``; the last three are as
    ``list_uncertainties`` takes them. Without claims, or with claims of one paper only, the record says so and stops:
    nothing is compared and nothing is called unanswered.
    """
    runs = runs_of_sources(sources)
    compared = len({_paper(claim) for claim in claims}) >= 2
    disagreements = find_disagreements(claims, refutations=bool(verifier["meets_bar"])) if compared else []
    agreements = find_agreements(claims, disagreements) if compared else []
    unanswered = list_unanswered(question, claims, sources) if compared else []
    disagreements, agreements = (
        [{**item, "basis": _BASIS_LEFT_OUT if copies(item["basis"], runs) else item["basis"]} for item in items]
        for items in (disagreements, agreements)
    )
    unanswered = list(dict.fromkeys(_TERMS_LEFT_OUT if copies(text, runs) else text for text in unanswered))
    planned = _planned(claims, themes, agreements, disagreements, unanswered, verifier, invented=invented)
    kept = _own_words(planned, runs)
    return {
        "abstract": _abstract(kept),
        "synthesis": {
            "sentences": [{"text": item.text, "claim_ids": [*item.claim_ids], "about": item.about} for item in kept],
            "removed": {"unknown_ids": 0, "unsupported": 0, "copied": len(planned) - len(kept)},
            "produced_by": _produced_by(),
        },
        "agreements": agreements,
        "disagreements": disagreements,
        "unanswered": unanswered,
        "uncertainties": list_uncertainties(
            question,
            claims,
            disagreements,
            excluded,
            verifier,
            invented=invented,
            sources=sources,
            unanswered=unanswered,
            failures=failures,
            fallbacks=fallbacks,
            planted=planted,
        ),
    }


def runs_of_sources(sources: Sequence[Mapping[str, Any]]) -> frozenset[Run]:
    texts = (source["text"]["content"] for source in sources if source["text"])
    return runs_of([*texts, *(source["title"] or "" for source in sources)])


def _planned(
    claims: Sequence[Mapping[str, Any]],
    themes: Sequence[Mapping[str, Any]],
    agreements: Sequence[Mapping[str, Any]],
    disagreements: Sequence[Mapping[str, Any]],
    unanswered: Sequence[str],
    verifier: Mapping[str, Any],
    *,
    invented: bool,
) -> list[Sentence]:
    kind = "invented papers of the bundled sample corpus" if invented else "retrieved papers"
    papers = list(dict.fromkeys(map(_paper, claims)))
    if len(papers) < 2:
        return _stopped(claims, papers, kind)
    everything = tuple(claim["id"] for claim in claims)
    found = f"{number(len(claims), 'claim')} were found in {number(len(papers), 'paper')}"
    return [
        Sentence(f"On this question {found} ({kind}).", everything, "finding"),
        *_found(claims, themes),
        *_agreeing(agreements),
        *_conflicting(disagreements),
        *(Sentence(text, (), "gap") for text in unanswered[:MOST_PAIRS]),
        Sentence(_verified(claims, verifier), everything, "limit"),
    ]


def _stopped(claims: Sequence[Mapping[str, Any]], papers: Sequence[str], kind: str) -> list[Sentence]:
    """What is said where there is nothing to compare."""
    if not claims:
        text = f"No sentence of the {kind} bears closely enough on this question to be called a claim."
        return [
            Sentence(text, (), "limit"),
            Sentence("The record stops here: nothing was concluded.", (), "limit"),
        ]
    quoted = next((claim for claim in claims if len(claim["text"]) <= LONGEST_QUOTED), None)
    names = tuple(claim["id"] for claim in claims)
    says = f", which says: {quote(quoted)}" if quoted else ""
    text = (
        f"{'The only claim' if len(claims) == 1 else f'All {len(claims)} claims'} on this question "
        f"{'comes' if len(claims) == 1 else 'come'} from one of the {kind}, {papers[0]}{says}."
    )
    return [
        Sentence(text, names, "finding", quoted["id"] if quoted else None),
        Sentence("One source gives nothing to compare, so the record stops here.", names, "limit"),
    ]


def _found(claims: Sequence[Mapping[str, Any]], themes: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    """The claims closest to the question, then those of the leading themes; no claim is quoted twice."""
    by_id = {claim["id"]: claim for claim in claims}
    closest = _spread(claims)[:QUOTES_PER_THEME]
    said = [_reported(claim, "Closest to it: " * (rank == 0)) for rank, claim in enumerate(closest)]
    quoted = {claim["id"] for claim in closest}
    for theme in _leading(themes, by_id):
        members = [by_id[name] for name in theme["claim_ids"]]
        chosen = [claim for claim in _spread(members) if claim["id"] not in quoted][:QUOTES_PER_THEME]
        if not chosen:
            continue
        speaking = [paper for paper in dict.fromkeys(map(_paper, claims)) if paper in set(map(_paper, members))]
        told = f"{number(len(speaking), 'paper')} {verb(speaking, 'speak')} of {theme['label']} ({join(speaking)})."
        if theme["label"] == UNNAMED:
            told = f"Further findings come from {number(len(speaking), 'paper')} ({join(speaking)})."
        said.append(Sentence(told, tuple(theme["claim_ids"]), "finding"))
        said.extend(_reported(claim) for claim in chosen)
        quoted.update(claim["id"] for claim in chosen)
    return said


def _reported(claim: Mapping[str, Any], opening: str = "") -> Sentence:
    return Sentence(f"{opening}{_paper(claim)} reports: {quote(claim)}.", (claim["id"],), "finding", claim["id"])


def _agreeing(agreements: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    if not agreements:
        return [Sentence("No two papers were found to say the same of one quantity.", (), "agreement")]
    return [
        Sentence(f"{join(item['claim_ids'])} agree: {_run_on(item['basis'])}", tuple(item["claim_ids"]), "agreement")
        for item in agreements[:MOST_PAIRS]
    ]


def _run_on(basis: str) -> str:
    """A basis as it goes on after a colon; one that opens with the id of a source keeps its capital."""
    return basis[0].lower() + basis[1:] if basis.startswith(("Both ", "All ")) else basis


def _conflicting(disagreements: Sequence[Mapping[str, Any]]) -> list[Sentence]:
    if not disagreements:
        text = "By direction words and numbers no pair of claims was found to disagree; others may."
        return [Sentence(text, (), "conflict")]
    said = [
        Sentence(
            f"{join(item['claim_ids'])} may contradict each other. {item['basis']}",
            tuple(item["claim_ids"]),
            "conflict",
        )
        for item in disagreements[:MOST_PAIRS]
    ]
    more = disagreements[MOST_PAIRS:]
    if more:
        names = tuple(dict.fromkeys(name for item in more for name in item["claim_ids"]))
        said.append(Sentence(f"{number(len(more), 'more pair')} may too.", names, "conflict"))
    return said


def _verified(claims: Sequence[Mapping[str, Any]], verifier: Mapping[str, Any]) -> str:
    """How many claims passed, in the word that the verifier's figures allow."""
    share = f"{passed(claims)} of {len(claims)}"
    if not verifier["meets_bar"]:
        return f"{share} claims are echoed in a source by {verifier['method']}; none counts as verified."
    agreed = Counter(claim["verification"].get("agreement") for claim in claims)
    parts = [f"{share} claims are verified by {verifier['method']}"]
    parts += [f"{agreed['corroborated']} of them by more than one source"] if agreed["corroborated"] else []
    parts += [f"{agreed['contested']} {'is' if agreed['contested'] == 1 else 'are'} contested"] * bool(
        agreed["contested"]
    )
    return f"{join(parts)}."


def _own_words(planned: Iterable[Sentence], runs: frozenset[Run]) -> list[Sentence]:
    """The sentences that, one after the other, hold no long run of a source outside their quotations."""
    kept: list[Sentence] = []
    for item in planned:
        # a run may reach over the sentences before it, back to the last quotation
        at = max((place for place, former in enumerate(kept) if former.quoted), default=0)
        if not copies(_told([*kept[at:], item]), runs):
            kept.append(item)
    return kept or [Sentence(_LEFT_OUT, (), "limit")]


def _told(sentences: Iterable[Sentence]) -> str:
    return " ".join(item.text for item in sentences)


def _abstract(sentences: Sequence[Sentence]) -> dict[str, Any]:
    return {
        "text": _told(sentences),
        "truncated_at_source": False,
        "claim_ids": [item.quoted for item in sentences if item.quoted],
        "produced_by": _produced_by(),
    }


def _produced_by() -> dict[str, Any]:
    return extractive(
        ABSTRACT,
        most_themes=MOST_THEMES,
        quotes_per_theme=QUOTES_PER_THEME,
        most_pairs=MOST_PAIRS,
        longest_run=LONGEST_RUN,
    )


def _leading(
    themes: Sequence[Mapping[str, Any]], by_id: Mapping[str, Mapping[str, Any]]
) -> Sequence[Mapping[str, Any]]:
    """Themes that several papers share, the larger and nearer to the question first, or else the first ones; three at
    most."""
    shared = [theme for theme in themes if len({_paper(by_id[name]) for name in theme["claim_ids"]}) >= 2]
    ranked = sorted(shared, key=lambda theme: (-len(theme["claim_ids"]), -_nearness(theme, by_id)))
    return (ranked or list(themes))[:MOST_THEMES]


def _nearness(theme: Mapping[str, Any], by_id: Mapping[str, Mapping[str, Any]]) -> float:
    """Mean relevance of a theme's claims to the question."""
    found = [by_id[name]["relevance"] or 0.0 for name in theme["claim_ids"]]
    return round(sum(found) / len(found), 6)


def _spread(claims: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The claims that can be quoted by relevance, with each paper's best one before any paper's second."""
    quotable = [claim for claim in claims if len(claim["text"]) <= LONGEST_QUOTED]
    ordered = sorted(quotable, key=lambda claim: (-(claim["relevance"] or 0.0), claim["id"]))
    seen: Counter[str] = Counter()
    ranked = []
    for position, claim in enumerate(ordered):
        ranked.append((seen[_paper(claim)], position, claim))
        seen[_paper(claim)] += 1
    return [claim for _, _, claim in sorted(ranked, key=lambda item: item[:2])]


def _paper(claim: Mapping[str, Any]) -> str:
    return str(claim["grounding"]["source_id"])
