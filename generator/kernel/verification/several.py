"""Several sources, one claim: the verdicts on every source of a run become the ``verification`` of each claim.

The source that a claim was taken from is one source among the others: alone it makes a claim *single-source*, not
*corroborated*. One source that refutes makes a claim *contested* or *refuted*, however many support it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from typing import Any, NamedTuple

from generator.kernel.text import Span, sentences
from generator.kernel.verification.verdict import MOST_EVIDENCE, Passage, Verdict, Verifier
from generator.manifest.canonical import sha256_text
from generator.manifest.cards import min_agreement
from generator.manifest.claims import agreement

Claim = dict[str, Any]
Progress = Callable[[int, int], None]
"""``(pairs done, pairs in all)``."""

LONGEST = 4000  # characters of a quote or a reason, as the contract has it
MOST_REASONS = 3  # of one source


class Told(NamedTuple):
    """What a verifier holds of a claim, given one source."""

    source_id: str
    verdict: Verdict


def passage_of(source: dict[str, Any]) -> Passage:
    """A run's source as a verifier reads it: all of its text, in sentences.

    What lies between and after the whole sentences, such as a last one that was cut, is a sentence too: a verifier must
    not miss a word that stands there.
    """
    content = source["text"]["content"] if source["text"] else ""
    spans = list(_covering(content, sentences(content)))
    return Passage(tuple(content[start:end] for start, end in spans), source.get("title") or "", tuple(spans))


def verify_claims(
    claims: Sequence[Claim],
    sources: Sequence[dict[str, Any]],
    verifier: Verifier,
    progress: Progress | None = None,
) -> list[Claim]:
    """The claims with their ``verification`` filled from ``verifier``'s verdicts on every source that has text.

    Each claim is held against each source once, and each source is cut into sentences once. Without any text the claims
    come back as they were.
    """
    passages = [(source["id"], passage_of(source)) for source in sources if source["text"]]
    if not claims or not passages:
        return [dict(claim) for claim in claims]
    total = len(claims) * len(passages)
    verdicts = verifier.verify_many((claim["text"], passage) for claim in claims for _, passage in passages)
    known = {source["id"]: source["text"]["content"] for source in sources if source["text"]}
    checked = []
    for number, claim in enumerate(claims):
        told = []
        for position, (source_id, _) in enumerate(passages, start=1):
            told.append(Told(source_id, next(verdicts)))
            if progress:
                progress(number * len(passages) + position, total)
        threshold = getattr(verifier, "threshold", None)
        checked.append({**claim, "verification": _verification(told, known, verifier, threshold)})
    return checked


def _verification(
    told: Sequence[Told], texts: dict[str, str], verifier: Verifier, threshold: float | None
) -> dict[str, Any]:
    for_it, against = sides([item.verdict for item in told])
    supporting, refuting = [told[at] for at in for_it], [told[at] for at in against]
    agreed = agreement(len(supporting), len(refuting))
    deciding = _deciding(told, supporting, refuting)
    first = deciding[0].verdict
    label = first.label if supporting or refuting else "NEI"
    # a weak SUPPORT or REFUTE that counts for nothing leaves NEI with what is left of certainty
    confidence = first.confidence if first.label == label else round(1 - first.confidence, 4)
    return {
        "verified": agreed in ("corroborated", "single-source"),
        "confidence": confidence,
        "threshold": threshold,
        "method": verifier.method,
        "version": verifier.version,
        "label": label,
        "p_support": max(item.verdict.p_support for item in told),
        "agreement": agreed,
        "supporting_source_ids": [item.source_id for item in supporting],
        "refuting_source_ids": [item.source_id for item in refuting],
        "evidence": list(_evidence(deciding, texts)),
        "reasons": [
            f"{item.source_id}: {reason}"[:LONGEST]
            for item in deciding
            for reason in item.verdict.reasons[:MOST_REASONS]
        ],
    }


def sides(verdicts: Sequence[Verdict]) -> tuple[list[int], list[int]]:
    """Indices of the verdicts that count for and against a claim.

    The surest support counts from ``min_p_support`` on; each further one has to reach ``min_p_corroborate``, because
    among many sources some weak verdict is nearly always wrong. Refutations count from ``min_refute_confidence`` on.
    """
    supporting = [
        at
        for at, verdict in enumerate(verdicts)
        if verdict.label == "SUPPORT" and verdict.p_support >= min_agreement("min_p_support")
    ]
    surest = max(supporting, key=lambda at: verdicts[at].p_support, default=None)
    return (
        [at for at in supporting if at == surest or verdicts[at].p_support >= min_agreement("min_p_corroborate")],
        [
            at
            for at, verdict in enumerate(verdicts)
            if verdict.label == "REFUTE" and verdict.confidence >= min_agreement("min_refute_confidence")
        ],
    )


def _deciding(told: Sequence[Told], supporting: Sequence[Told], refuting: Sequence[Told]) -> list[Told]:
    """The verdicts that decide, the weightiest first: the two surest of one side, the surest of each side where there
    are two, or else the one nearest to support. Equal ones stand in the order of the sources."""
    for_it = sorted(supporting, key=lambda item: -item.verdict.p_support)
    against = sorted(refuting, key=lambda item: -item.verdict.confidence)
    if for_it and against:
        return sorted([for_it[0], against[0]], key=lambda item: -item.verdict.confidence)
    return (for_it or against)[:2] or [max(told, key=lambda item: item.verdict.p_support)]


def _evidence(deciding: Sequence[Told], texts: dict[str, str]) -> Iterator[dict[str, Any]]:
    """At most three passages, each deciding source's best one before any one's second."""
    ranks = zip_longest(*([(item.source_id, found) for found in item.verdict.evidence] for item in deciding))
    places = [place for rank in ranks for place in rank if place is not None]
    for source_id, found in places[:MOST_EVIDENCE]:
        if found.start is None or found.end is None or not found.start < found.end:
            continue
        end = min(found.end, found.start + LONGEST)
        quote = texts[source_id][found.start : end]
        yield {
            "source_id": source_id,
            "start": found.start,
            "end": end,
            "quote": quote,
            "sha256": sha256_text(quote),
        }


def _covering(text: str, whole: Sequence[Span]) -> Iterator[Span]:
    """The spans of ``whole``, and of every stretch around them that holds a letter or a digit."""
    at = 0
    for start, end in [*whole, (len(text), len(text))]:
        between = text[at:start]
        if any(char.isalnum() for char in between):
            left = at + len(between) - len(between.lstrip())
            yield left, left + len(between.strip())
        if start < end:
            yield start, end
        at = end
