"""Claims of different papers that say the same of the same quantity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from generator.kernel.conditions import Condition, contrary, differing
from generator.kernel.disagreements import NEAR, Said, apart, meet, near_copies, pairs_of_findings, relative_difference
from generator.kernel.findings import as_written, same_quantity, same_subject
from generator.kernel.synthesis.phrases import join

MOST = 20
LARGEST = 5
_OTHER_THING = ("name", "word", "order")
# Stems that two statements must share in quantity and subject; a name with a digit (T80) counts twice.
_KNOWN_BY = 2
_LEVEL_KNOWN_BY = 4


def find_agreements(
    claims: Sequence[Mapping[str, Any]], disagreements: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """Groups of two to five claims of as many papers that agree, at most ``MOST``: {claim_ids, basis}.

    Two claims agree that move one quantity of one thing the same way, or that give it levels whose ranges meet or that
    lie within ``NEAR`` of each other, unless they state contrary conditions (by day, at night). In a group each agrees
    with each. A pair that is among the ``disagreements`` agrees in nothing.
    """
    clashing = {frozenset(item["claim_ids"]) for item in disagreements}
    copied = [
        (frozenset([left["id"], right["id"]]), left, right, unlike) for left, right, unlike in near_copies(claims)
    ]
    # one sentence about another thing: "X lowers Y" and "Z lowers Y"
    clashing |= {pair for pair, _, _, unlike in copied if any(item.kind in _OTHER_THING for item in unlike)}
    partners: dict[int, set[int]] = {}
    held: dict[int, Said] = {}
    for one, other in pairs_of_findings(claims):
        if frozenset([one.claim["id"], other.claim["id"]]) in clashing or not _agree(one, other):
            continue
        held[one.at], held[other.at] = one, other
        partners.setdefault(one.at, set()).add(other.at)
        partners.setdefault(other.at, set()).add(one.at)
    found: list[dict[str, Any]] = []
    covered: list[tuple[set[str], frozenset[str]]] = []
    for first in sorted(held, key=lambda at: (-len(partners[at]), at)):
        group = [first]
        for at in sorted(partners[first]):
            papers = {_paper(held[member]) for member in group}
            if len(group) < LARGEST and _paper(held[at]) not in papers and partners[at].issuperset(group):
                group.append(at)
        members = [held[at] for at in sorted(group)]
        names = [item.claim["id"] for item in members]
        subject = frozenset.intersection(*(item.finding.subject for item in members))
        if any(len(former.intersection(names)) >= 2 and subject & about for former, about in covered):
            continue
        covered.append((set(names), subject))
        found.append({"claim_ids": names, "basis": _basis(members)})
        if len(found) == MOST:
            break
    told = {name for item in found for name in item["claim_ids"]}
    for pair, left, right, unlike in copied:
        if not unlike and pair not in clashing and not told.issuperset(pair):
            homes = [str(claim["grounding"]["source_id"]) for claim in (left, right)]
            basis = f"{join(homes)} say it in nearly the same words."
            found.append({"claim_ids": [left["id"], right["id"]], "basis": basis})
    return found[:MOST]


def _paper(said: Said) -> str:
    return str(said.claim["grounding"]["source_id"])


def _agree(former: Said, latter: Said) -> bool:
    left, one, right, other = former.claim, former.finding, latter.claim, latter.finding
    common, subject = same_quantity(one, other), same_subject(one, other)
    if not subject or one.ways != other.ways or contrary(left["text"], right["text"]):
        return False
    known_by = sum(2 if any(map(str.isdigit, item)) else 1 for item in common | subject)
    if one.ways:
        return known_by >= _KNOWN_BY and not (
            one.value
            and other.value
            and one.role == other.role == "change"
            and apart(one.value, other.value)
            and not any(differing(left["text"], right["text"]))
        )
    if one.value is None or other.value is None or one.value.kind != other.value.kind or known_by < _LEVEL_KNOWN_BY:
        return False
    return meet(one.value, other.value) or relative_difference(one.value, other.value) <= NEAR


def _basis(members: Sequence[Said]) -> str:
    claims, read = [item.claim for item in members], [item.finding for item in members]
    common = frozenset.intersection(*(item.quantity for item in read))
    subject = frozenset.intersection(*(item.subject for item in read))
    texts = [claim["text"] for claim in claims]
    name, thing = _noun(common, texts, 4), _noun(subject, texts, 3)
    what = "Both" if len(members) == 2 else f"All {len(members)}"
    way = {frozenset([1]): "a higher", frozenset([-1]): "a lower"}.get(read[0].ways)
    if way:
        said = f"{what} tell of {way} ‘{name}’"
    elif read[0].ways:
        said = f"{what} tell of a ‘{name}’ that does not move as looked for"
    else:
        said = f"{what} give near values of ‘{name}’"
    told = f"{said}{f' with ‘{thing}’' if thing else ''}: {_where(members)}."
    circumstances = [f"‘{only[0].words}’ in {_paper(item)}" for item in members if (only := _only_of(item, members))]
    return f"{told} They state different conditions: {join(circumstances)}." if circumstances else told


def _noun(wanted: frozenset[str], texts: Sequence[str], most: int) -> str:
    """The stems as one of the texts writes them; "passivation" says better what it is than "passivated"."""
    written = [as_written(wanted, text, most) for text in texts]
    return min(written, key=lambda words: (words.endswith("ed"), written.index(words)))


def _where(members: Sequence[Said]) -> str:
    """The sizes with their papers, then the papers that state none."""
    sized = [f"{size} in {_paper(item)}" for item in members if (size := _size(item))]
    others = [_paper(item) for item in members if not _size(item)]
    if not sized:
        return f"in {join(others)}"
    return join(sized) + (f", and without a number in {join(others)}" if others else "")


def _size(said: Said) -> str:
    value, role = said.finding.value, said.finding.role
    if value is None:
        return ""
    return f"by {value.written}" if role == "change" else said.finding.words or value.written


def _only_of(said: Said, members: Sequence[Said]) -> list[Condition]:
    """The conditions of one member that no other states."""
    others = " ".join(item.claim["text"] for item in members if item is not said)
    return differing(said.claim["text"], others)[0]
