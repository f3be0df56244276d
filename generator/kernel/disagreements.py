"""Claims that may contradict each other, read from a verifier's verdicts, their direction words and their numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Any

from generator.kernel.conditions import contrary, differing
from generator.kernel.findings import (
    CHANGE,
    DOWN,
    UP,
    VAGUE_STEMS,
    Finding,
    as_written,
    findings,
    same_quantity,
    same_subject,
)
from generator.kernel.quantities import Value, values
from generator.kernel.text import stems
from generator.kernel.verification.lexical.compare import Mismatch, compare
from generator.kernel.verification.lexical.parse import parse

MOST = 20
APART = 0.5
"""Relative difference (of the larger value) from which two values of one quantity cannot both be."""
NEAR = 0.25
"""Relative difference (of the larger value) up to which two values of one quantity are near each other."""
_COPY = 0.8
"""Share of a claim's words that another holds in order, from which the two are one sentence with a difference."""
_DECIDING = ("number", "direction", "negation")
_LONGEST_SHOWN = 30
# Bounds on work: 500 claims of one wording make 125,000 pairs.
_MOST_BY_RULE = 5 * MOST
_MOST_COMPARED = 4000
_LONGEST_COMPARED = 1000
_MOST_PAIRS = 30_000

Claims = Sequence[Mapping[str, Any]]
Pair = dict[str, Any]


@dataclass(frozen=True)
class Said:
    """A finding with the claim that says it; ``at`` is its number among all findings of the claims."""

    at: int
    claim: Mapping[str, Any]
    finding: Finding


def find_disagreements(claims: Claims, *, refutations: bool = False) -> list[Pair]:
    """Pairs of claims of different papers that may contradict each other, at most ``MOST``: {claim_ids, basis}.

    With ``refutations``, the pairs come first of which a verifier holds that one's passage refutes the other. The
    basis says why a pair is one, and which stated conditions differ; pairs with none that differ come before others.
    """
    pairs: dict[frozenset[str], Pair] = {}
    by_id = {claim["id"]: claim for claim in claims}
    rules = (_altered_copies, _opposite_movements, _values_apart)
    by_rule = [item for rule in rules for item in islice(rule(claims), _MOST_BY_RULE)]
    plain = [item for item in by_rule if not _why(item, by_id)]
    qualified = [item for item in by_rule if _why(item, by_id)]
    for item in [*(_refutations(claims) if refutations else ()), *plain, *qualified]:
        pairs.setdefault(frozenset(item["claim_ids"]), item)
    return [{**item, "basis": f"{item['basis']}{_why(item, by_id)}"} for item in list(pairs.values())[:MOST]]


def _refutations(claims: Claims) -> Iterator[Pair]:
    """Claims that stand in the passage of another source by which a claim is refuted."""
    for claim in claims:
        check = claim["verification"]
        for passage in check.get("evidence", ()):
            if passage["source_id"] not in check["refuting_source_ids"]:
                continue
            for other in claims:
                home, where = _home(other), other["grounding"]["locator"]
                overlap = where["start"] < passage["end"] and passage["start"] < where["end"]
                if other["id"] != claim["id"] and home == passage["source_id"] and overlap:
                    basis = (
                        f"By {check['method']}, {home} refutes {claim['id']} in the passage that gives {other['id']}."
                    )
                    yield {"claim_ids": [claim["id"], other["id"]], "basis": basis}


def _opposite_movements(claims: Claims) -> Iterator[Pair]:
    """Pairs of claims of different papers that move one quantity in opposite directions.

    One quantity means two shared words, or one where that is all that one sentence says of it and the sentences share
    two other words. The basis of a pair says which words made it one.
    """
    read = [
        (claim, frozenset(stems(claim["text"])), [item for item in findings(claim["text"]) if item.ways])
        for claim in claims
    ]
    read = [item for item in read if item[2]]
    for (left, left_stems, left_moves), (right, right_stems, right_moves) in combinations(read, 2):
        if _home(left) == _home(right):
            continue
        subject = (left_stems & right_stems) - UP - DOWN - CHANGE - VAGUE_STEMS
        for one, other in ((one, other) for one in left_moves for other in right_moves):
            common = same_quantity(one, other)
            alike = len(common) >= 2 or len(subject - common) >= 2
            if not common or one.ways & other.ways or not alike:
                continue
            if _among(other, left_moves) and _among(one, right_moves):
                continue  # both say both
            name = as_written(common, left["text"])
            yield {
                "claim_ids": [left["id"], right["id"]],
                "basis": f"Opposite directions near ‘{name}’: ‘{_shown(one.words)}’{_size(one)} in {_home(left)} "
                f"against ‘{_shown(other.words)}’{_size(other)} in {_home(right)}.",
            }
            break


def _among(finding: Finding, others: Iterable[Finding]) -> bool:
    """Whether one of the others says the same: the same way of the same quantity."""
    return any(same_quantity(finding, other) and finding.ways & other.ways for other in others)


def _values_apart(claims: Claims) -> Iterator[Pair]:
    """Pairs of claims of different papers that give one quantity of one thing values that cannot both be.

    Sizes of a change are held against sizes of a change in the same direction, levels against levels. A change under
    conditions that differ is no conflict: that trees cool less by night leaves what they do by day as it is.
    """
    for former, latter in pairs_of_findings(claims):
        left, one, right, other = former.claim, former.finding, latter.claim, latter.finding
        if one.value is None or other.value is None or one.role != other.role or one.ways != other.ways:
            continue
        if not apart(one.value, other.value) or not same_subject(one, other):
            continue
        unlike = differing(left["text"], right["text"])
        if contrary(left["text"], right["text"]) or (one.role == "change" and any(unlike)):
            continue
        common = same_quantity(one, other)
        if one.role == "level" and len(common) < 2 and len(same_subject(one, other)) < 2:
            continue
        name = as_written(common, left["text"])
        yield {
            "claim_ids": [left["id"], right["id"]],
            "basis": f"Values of ‘{name}’ that lie apart: {one.value.written} in {_home(left)} against "
            f"{other.value.written} in {_home(right)}.",
        }


def pairs_of_findings(claims: Claims) -> Iterator[tuple[Said, Said]]:
    """Findings of two papers that speak of one quantity, each pair once, in the order of the claims."""
    read = [(claim, finding) for claim in claims for finding in findings(claim["text"])]
    said = [Said(at, claim, finding) for at, (claim, finding) in enumerate(read)]
    return islice(_paired(said), _MOST_PAIRS)


def _paired(said: Sequence[Said]) -> Iterator[tuple[Said, Said]]:
    places: dict[str, list[int]] = {}
    for latter in said:
        for at in sorted({at for key in latter.finding.quantity for at in places.get(key, ())}):
            former = said[at]
            if _home(former.claim) != _home(latter.claim) and same_quantity(former.finding, latter.finding):
                yield former, latter
        for key in latter.finding.quantity:
            places.setdefault(key, []).append(latter.at)


def apart(one: Value, other: Value) -> bool:
    """Whether two values of one kind of unit cannot both be: their stated ranges do not meet, and the values differ by
    more than ``APART`` of the larger, or both ranges are stated."""
    if one.kind != other.kind or meet(one, other):
        return False
    return (one.ranged and other.ranged) or relative_difference(one, other) > APART


def meet(one: Value, other: Value) -> bool:
    """Whether the stated ranges of two values overlap."""
    return one.low <= other.high and other.low <= one.high


def relative_difference(one: Value, other: Value) -> float:
    """|a - b| as a share of the larger of both."""
    largest = max(abs(one.at), abs(other.at))
    return abs(one.at - other.at) / largest if largest else 0.0


def _altered_copies(claims: Claims) -> Iterator[Pair]:
    """Sentences of two papers that are one but for a number, a direction or a negation."""
    for left, right, mismatches in near_copies(claims):
        # a number or a word that only one of them holds is an aside; a negation that only one holds turns it
        deciding = [
            item
            for item in mismatches
            if item.kind in _DECIDING
            and (item.kind == "negation" or (item.claim and item.source))
            and not (item.kind == "number" and _near(item, left["text"], right["text"]))
        ]
        if not deciding or any(item.kind in ("name", "order") for item in mismatches):
            continue
        ours, theirs = (f"‘{_shown(item)}’" if item else "nothing" for item in (deciding[0].claim, deciding[0].source))
        yield {
            "claim_ids": [left["id"], right["id"]],
            "basis": f"Nearly the same words, but {ours} in {_home(left)} against {theirs} in {_home(right)}.",
        }


def _near(item: Mismatch, left: str, right: str) -> bool:
    """Whether two numbers that differ are values with a unit that lie near each other: 1.2 °C and 1.4 °C."""
    ours, theirs = (
        [value for value in values(text) if value.kind != "number" and value.written.startswith(number)]
        for text, number in ((left, item.claim), (right, item.source))
    )
    near = (
        one.kind == other.kind and (meet(one, other) or relative_difference(one, other) <= NEAR)
        for one in ours
        for other in theirs
    )
    return any(near)


def near_copies(claims: Claims) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], tuple[Mismatch, ...]]]:
    """Claims of two papers that are nearly one sentence, with what differs, seen from both sides."""
    read = [(claim, parse(claim["text"])) for claim in claims if len(claim["text"]) <= _LONGEST_COMPARED]
    compared = 0
    for (left, mine), (right, other) in combinations(read, 2):
        size = min(len(mine.stem_set), len(other.stem_set))
        if size < 3 or _home(left) == _home(right) or len(mine.stem_set & other.stem_set) < 0.7 * size:
            continue
        compared += 1
        if compared > _MOST_COMPARED:
            return
        there, back = compare(mine, other), compare(other, mine)
        if min(there.overlap, back.overlap) >= _COPY:
            turned = (Mismatch(item.kind, item.source, item.claim) for item in back.mismatches)
            yield left, right, (*there.mismatches, *turned)


def _why(pair: Pair, by_id: Mapping[str, Mapping[str, Any]]) -> str:
    """Which stated conditions of a pair differ, as a sentence with a space before it; empty where none does."""
    left, right = (by_id[name] for name in pair["claim_ids"])
    said = why_differing(left, right)
    return f" {said}" if said else ""


def why_differing(left: Mapping[str, Any], right: Mapping[str, Any], what: str = "They") -> str:
    """The conditions that only one of two claims states, as one sentence, or nothing."""
    sides = []
    for claim, found in zip((left, right), differing(left["text"], right["text"]), strict=True):
        if found:
            sides.append(f"{_home(claim)} says {' and '.join(f'‘{_shown(item.words)}’' for item in found[:2])}")
    return f"{what} may differ because {' and '.join(sides)}." if sides else ""


def _size(finding: Finding) -> str:
    return f" by {finding.value.written}" if finding.value and finding.role == "change" else ""


def _shown(text: str) -> str:
    """Words of a source in a basis: short, on one line, without marks that end a quotation."""
    plain = " ".join(text.translate(_MARKS).split())
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[: _LONGEST_SHOWN - 1].rstrip()}…"


_MARKS = {ord(mark): None for mark in "“”‘’\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}


def _home(claim: Mapping[str, Any]) -> str:
    return str(claim["grounding"]["source_id"])
