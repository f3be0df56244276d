"""How often the check for near-duplicate questions errs, by threshold, on real text (``../shared/data/scifact``).

*Different*: two claims written about one abstract, most of which differ in a word or two. They are SciFact's own, and a
few say the same (false refusals are therefore an upper bound). *The same*: a claim and each of its variants: other
case, other punctuation, its last or first phrase moved, words without content left out or put in, plurals changed, a
leading phrase as questions have it, and all of these at once. Prints shares in per cent and the worst pairs. And how
well the default embedding tells claims about one paper from all others, for the records that a page names as related.
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np

from generator.manifest.semantic.hashing import HashingEmbedder
from generator.manifest.semantic.near import NEAR_DUPLICATE, similarity
from generator.manifest.semantic.relations import RELATED

ROOT = Path(__file__).resolve().parent.parent
CLAIMS = ROOT.parent / "shared" / "data" / "scifact" / "claims_train.jsonl"
THRESHOLDS = (0.80, 0.85, 0.90, 0.93, 0.95, 0.97)
_LEADS = ("Is it true that", "Is there evidence that", "Do studies show that", "What is known about whether")
_MOVABLE = ("in", "during", "among", "by", "with", "for", "after", "from", "at")
_IRREGULAR = frozenset("is was has does as this thus its plus less across versus status".split())


def claims() -> list[tuple[tuple[int, ...], str]]:
    """(documents, text) of every claim of the training set."""
    with CLAIMS.open(encoding="utf-8") as handle:
        rows = [json.loads(line) for line in handle]
    return [(tuple(row["cited_doc_ids"]), row["claim"]) for row in rows]


def different() -> list[tuple[str, str]]:
    """Pairs of different claims about one abstract, each pair once."""
    of_document: dict[int, list[str]] = {}
    for documents, text in claims():
        for document in documents:
            of_document.setdefault(document, []).append(text)
    return sorted({pair for texts in of_document.values() for pair in combinations(texts, 2) if pair[0] != pair[1]})


def variants(text: str, rng: random.Random) -> Iterator[tuple[str, str]]:
    """(kind, variant) of a claim; kinds that cannot be made of it are left out."""
    changes: dict[str, Callable[[str], str]] = {
        "case": str.upper,
        "punctuation": lambda words: re.sub(r"(?<=\w)[.,;:)](?=\s|$)|(?<=\s)\(", "", words) + " ?",
        "order": _moved,
        "little words": lambda words: _little(words, rng),
        "plurals": lambda words: _plurals(words, rng),
        "leading phrase": lambda words: f"{rng.choice(_LEADS)} {words[:1].lower()}{words[1:].rstrip('.')}?",
    }
    whole = text
    for kind, change in changes.items():
        made = change(text)
        if made != text:
            yield kind, made
        if kind != "case":
            whole = change(whole)
    yield "all of them", whole


def _moved(text: str) -> str:
    """The last phrase that begins with a preposition put first: "X rises in mice." becomes "In mice, X rises."."""
    words = text.rstrip(".").split(" ")
    places = [index for index, word in enumerate(words) if word in _MOVABLE and 2 < index < len(words) - 1]
    if not places or "than" in words:
        return text
    tail = words[places[-1] :]
    first = words[0].lower() if words[0][1:].islower() or words[0] == "A" else words[0]
    return f"{' '.join([tail[0].capitalize(), *tail[1:]])}, {' '.join([first, *words[1 : places[-1]]])}."


def _little(text: str, rng: random.Random) -> str:
    """Articles left out, and one put in."""
    words = [word for word in text.split(" ") if word not in ("the", "a", "an")]
    words.insert(rng.randrange(1, max(2, len(words))), "the")
    return " ".join(words)


def _plurals(text: str, rng: random.Random) -> str:
    """One word of letters that ends in a single s without it, or another one with it."""
    words = text.split(" ")
    places = [
        index
        for index, word in enumerate(words)
        if re.fullmatch("[a-z]{4,}(?:[bdf-hj-np-rtvw]|(?<!i)c)s?", word) and word not in _IRREGULAR
    ]
    if not places:
        return text
    place = rng.choice(places)
    word = words[place]
    words[place] = word[:-1] if word.endswith("s") else word + "s"
    return " ".join(words)


def rates() -> dict[float, tuple[float, dict[str, float]]]:
    """Threshold -> (share of different pairs that are refused, kind of variant -> share that is missed)."""
    rng = random.Random(7)
    apart = [similarity(one, other) for one, other in different()]
    alike: dict[str, list[float]] = {}
    for _, text in claims():
        for kind, variant in variants(text, rng):
            alike.setdefault(kind, []).append(similarity(text, variant))
    return {
        limit: (
            sum(value >= limit for value in apart) / len(apart),
            {kind: sum(value < limit for value in values) / len(values) for kind, values in alike.items()},
        )
        for limit in THRESHOLDS
    }


def alike() -> dict[float, tuple[float, ...]]:
    """Threshold -> shares of the pairs of claims with and without a common paper whose embeddings reach it."""
    texts = {text: set(documents) for documents, text in claims()}
    vectors = np.asarray(HashingEmbedder().embed(list(texts), kind="passage"))
    near = vectors @ vectors.T
    papers = list(texts.values())
    pairs = list(combinations(range(len(papers)), 2))
    shared = np.array([not papers[one].isdisjoint(papers[other]) for one, other in pairs])
    values = near[tuple(np.array(pairs).T)]
    steps = (0.2, 0.25, 0.3, 0.35, 0.4, 0.5)
    return {limit: tuple(float((values[kind] >= limit).mean()) for kind in (shared, ~shared)) for limit in steps}


def main() -> None:
    """Print the tables."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    found = rates()
    print(f"{len(different())} pairs of different claims, {len(claims())} claims with variants; used: {NEAR_DUPLICATE}")
    for limit, (refused, missed) in found.items():
        told = ", ".join(f"{kind} {share:.1%}" for kind, share in missed.items())
        print(f"{limit:.2f}  refused though different {refused:.1%}; missed: {told}")
    worst = sorted(((similarity(*pair), *pair) for pair in different()), reverse=True)
    for value, one, other in worst[:12]:
        print(f"{value:.3f}  {one}\n       {other}")
    print(f"related records, by the default embedding; used: {RELATED}")
    for limit, (with_one, without) in alike().items():
        print(f"{limit:.2f}  named with a common paper {with_one:.1%}, without one {without:.3%}")


if __name__ == "__main__":
    main()
