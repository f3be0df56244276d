"""Earlier records of a registry, as a run meets them: the same question asked before, and claims that bear on its own.

A run on invented papers meets only records of that kind, and a run on real ones never meets those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from generator.kernel.tools import Related
from generator.manifest.identity import parse_public_id
from generator.manifest.problems import Problems, UsageError
from generator.manifest.semantic.claims import Judge, related_claims
from generator.manifest.semantic.near import NEAR_DUPLICATE, Near, nearest_question
from generator.manifest.semantic.relations import RELATED
from generator.manifest.semantic.store import Index
from generator.manifest.store import Store
from generator.manifest.strict import load_json

MOST_RECORDS = 5
LONGEST_BASIS = 4000  # characters, as the contract has it


def refuse_asked_before(question: str, manifests: Path, *, sample: bool) -> None:
    """Raises ``UsageError`` with the earlier record where the registry has this question already, in all but its form;
    ``sample``: whether it is put to the invented papers of the bundled corpus."""
    found = asked_before(question, manifests, sample=sample)
    if found is not None:
        mark = f", {found.mark}" if found.mark else ""
        raise UsageError(
            f"asked before: {found.public_id}{mark}, “{found.question}” (similarity {found.similarity:.2f}); "
            f"read that record, or add --again to run it all the same"
        )


def asked_before(question: str, manifests: Path, *, sample: bool) -> Near | None:
    """The record that asks the same, the earlier id first; ``None`` where there is none."""
    store = Store(manifests)
    found = nearest_question(question, store, sample=sample)
    return found[0] if found and found[1] >= NEAR_DUPLICATE else None


def related_to(manifests: Path, folder: Path) -> Related:
    """What compares a run with the records in ``manifests``, through their index in ``folder``, which is brought up to
    them first."""

    def related(
        question: str, claims: Sequence[Mapping[str, Any]], sources: Sequence[Mapping[str, Any]], judge: Judge
    ) -> dict[str, Any]:
        store, index = Store(manifests), Index(folder)
        with suppress(Problems):  # 'srch check' tells of records that cannot be read; the others are met all the same
            index.build(store)
        sample = any(source["invented"] for source in sources)
        near = index.search(question, most=4 * MOST_RECORDS, kinds=["question"])
        records = [
            {"public_id": hit.item.public_id, "similarity": round(hit.similarity, 4)}
            for hit in near
            if hit.similarity >= RELATED and _is_sample(store, hit.item.public_id) == sample
        ]
        rows = related_claims(claims, sources, index, judge).rows
        return {
            "records": records[:MOST_RECORDS],
            "claims": [
                {**row._asdict(), "basis": row.basis[:LONGEST_BASIS]}
                for row in rows
                if _is_sample(store, row.public_id) == sample
            ],
        }

    return related


def _is_sample(store: Store, public_id: str) -> bool | None:
    """Whether a record rests on invented papers; ``None`` where it cannot be read."""
    short = parse_public_id(public_id)
    try:
        return bool(load_json(store.folder(short or "") / "manifest.json")["work"]["sample"])
    except (Problems, UsageError, KeyError, TypeError):
        return None
