"""What other records say of a run's claims: where one corroborates a claim, or conflicts with it.

Similar claims are looked for in the index, and a judge (the run's verifier) tells what each says of the claim. A claim
that was taken from the very paper behind the run's claim, or behind its support, adds no second voice and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from generator.manifest.semantic.embedder import Embedder
from generator.manifest.semantic.items import claim_origins, origins_of
from generator.manifest.semantic.store import OFFLINE, Index

MOST = 3
"""Claims of other records that are judged for each claim."""
SIMILAR = 0.35
"""The least similarity of a claim that is worth judging."""

Judgement = tuple[Literal["SUPPORT", "REFUTE", "NEI"], float, str]
Judge = Callable[[str, str], Judgement]
"""(the run's claim, the other record's claim) -> (label, confidence, reason): what the other says of the run's."""
_RELATIONS: dict[str, Literal["corroborates", "conflicts"]] = {"SUPPORT": "corroborates", "REFUTE": "conflicts"}


class RelatedClaim(NamedTuple):
    """A claim of another record that bears on one of the run's; ``basis`` is one line: what the judge said, and why."""

    claim_id: str
    public_id: str
    other_claim_id: str
    relation: Literal["corroborates", "conflicts"]
    similarity: float
    basis: str


@dataclass(frozen=True)
class RelatedClaims:
    """``rows`` in the order of the run's claims, the most similar first. ``judged`` pairs were put to the judge;
    ``same_source`` similar claims were left out, because their paper already stands behind the claim, and
    ``struck`` because their record is withdrawn or retracted."""

    rows: tuple[RelatedClaim, ...]
    judged: int
    same_source: int
    struck: int

    @property
    def note(self) -> str:
        """One sentence that says what was left out."""
        left = f"{self.same_source} from the same papers, {self.struck} of withdrawn or retracted records"
        return f"Similar claims of other records: {self.judged} judged; left out: {left}."


def related_claims(
    claims: Sequence[Mapping[str, Any]],
    sources: Sequence[Mapping[str, Any]],
    index: Index,
    judge: Judge,
    *,
    embedder: Embedder = OFFLINE,
    own: str | None = None,
    least: float = SIMILAR,
) -> RelatedClaims:
    """What the claims of other records say of ``claims``, which rest on ``sources`` (both as a run holds them).

    ``own`` is the public id of the record that the run has become, if it has. Raises what ``Index.nearest``,
    ``embedder`` and ``judge`` raise.
    """
    named = {source["id"]: (*origins_of(source), *_text(source)) for source in sources}
    vectors = embedder.embed([claim["text"] for claim in claims], kind="query")
    found = index.nearest(vectors, embedder, most=8 * MOST, kinds=["claim"], without=own)
    rows: list[RelatedClaim] = []
    judged = same_source = struck = 0
    for claim, hits in zip(claims, found, strict=True):
        behind = set(claim_origins(claim, named))
        for source_id in (claim.get("verification") or {}).get("supporting_source_ids", ()):
            behind.update(named.get(source_id, ()))
        asked = 0
        for other, similarity in hits:
            if similarity < least or asked == MOST:
                break
            if other.notice in ("withdrawal", "retraction"):
                struck += 1
                continue
            if not behind.isdisjoint(other.origins):
                same_source += 1
                continue
            asked += 1
            label, confidence, reason = judge(claim["text"], other.text)
            if label in _RELATIONS:
                basis = " ".join(f"{label}, {confidence:.2f}: {reason}".split())
                row = (claim["id"], other.public_id, other.id, _RELATIONS[label], round(similarity, 4), basis)
                rows.append(RelatedClaim(*row))
        judged += asked
    return RelatedClaims(tuple(rows), judged, same_source, struck)


def _text(source: Mapping[str, Any]) -> tuple[str, ...]:
    """The name of a source's whole text, by its hash."""
    text = source.get("text")
    return (f"sha256:{text['sha256']}",) if text else ()
