"""The data sets of ``../shared/data`` as claim-text pairs, and the folds they are measured in.

A pair is a claim beside the sentences of one source. Labels: SUPPORT, REFUTE, NEI (the source does not say).
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from generator.kernel.text import sentences as split_sentences

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
FOLDS = 5
_MARKS = re.compile(r"\[?<\|[a-z_]+\|>\]?")


@dataclass(frozen=True)
class Pair:
    """A claim and one source's sentences. ``group`` ties pairs that must stay in one fold, ``kind`` is the data set or
    the way the claim was altered, ``evidence`` the gold sentence indices where known."""

    id: str
    group: str
    kind: str
    claim: str
    title: str
    sentences: tuple[str, ...]
    label: str
    evidence: tuple[int, ...] = ()


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-lines file."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def scifact_corpus(data: Path = DATA) -> dict[str, dict[str, Any]]:
    """doc id -> {title, abstract: [sentence]} of the whole SciFact corpus."""
    return {
        str(row["doc_id"]): {"title": row["title"], "abstract": [line.strip() for line in row["abstract"]]}
        for row in read_lines(data / "scifact" / "corpus.jsonl")
    }


def scifact(data: Path = DATA) -> list[Pair]:
    """Every claim with each document it cites; ``group`` is the connected component of cited documents."""
    claims = list(read_lines(data / "scifact" / "claims_train.jsonl"))
    corpus = scifact_corpus(data)
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for row in claims:
        cited = [str(name) for name in row["cited_doc_ids"]]
        for name in cited:
            parent[root(name)] = root(cited[0])
    pairs = []
    for row in claims:
        for name in map(str, row["cited_doc_ids"]):
            evidence = row["evidence"].get(name, [])
            label = {"SUPPORT": "SUPPORT", "CONTRADICT": "REFUTE"}[evidence[0]["label"]] if evidence else "NEI"
            gold = tuple(sorted({index for item in evidence for index in item["sentences"]}))
            text = corpus[name]
            pairs.append(
                Pair(
                    f"scifact-{row['id']}-{name}",
                    root(name),
                    "scifact",
                    row["claim"],
                    text["title"],
                    tuple(text["abstract"]),
                    label,
                    gold,
                )
            )
    return pairs


def altered_dev(data: Path = DATA) -> list[Pair]:
    """The altered and unaltered sentences of ``perturb_dev``: a test set, never trained on."""
    return [
        Pair(row["id"], row["group"], row["type"], row["claim"], row["title"], tuple(row["abstract"]), row["label"])
        for row in read_lines(data / "perturb_dev" / "perturb_dev.jsonl")
    ]


def citation_integrity(part: str, data: Path = DATA) -> list[Pair]:
    """Citing statements (``part``: train or dev) against the candidate sentences of the cited paper."""
    corpus = {str(row["doc_id"]): row for row in read_lines(data / "citation_integrity" / "corpus.jsonl")}
    pairs = []
    for row in read_lines(data / "citation_integrity" / f"claims_{part}.jsonl"):
        for name in map(str, row["cited_doc_ids"]):
            evidence = row["evidence"].get(name, [])
            found = evidence[0]["label"] if evidence else "NEI"
            label = "REFUTE" if found == "CONTRADICT" else found
            claim = " ".join(_MARKS.sub(" ", row["claim"]).split())
            text = corpus[name]
            pairs.append(
                Pair(
                    f"citation-{row['id']}-{name}",
                    name,
                    "citation",
                    claim,
                    text["title"],
                    tuple(line.strip() for line in text["abstract"]),
                    label,
                )
            )
    return pairs


def general(data: Path = DATA) -> list[Pair]:
    """SNLI and Fool Me Twice: sentence pairs of everyday language."""
    pairs = []
    with (data / "nli_general" / "snli_dev_test.tsv").open(encoding="utf-8", newline="") as lines:
        for number, row in enumerate(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)):
            pairs.append(
                Pair(f"snli-{number}", row["premise"], "snli", row["hypothesis"], "", (row["premise"],), row["label"])
            )
    for row in read_lines(data / "nli_general" / "fool_me_twice_dev_test.jsonl"):
        pairs.append(Pair(f"fm2-{row['id']}", row["id"], "fm2", row["claim"], "", tuple(row["evidence"]), row["label"]))
    return pairs


def arxiv(data: Path = DATA) -> Iterator[tuple[str, str, list[str]]]:
    """(id, title, sentences) of the arXiv records."""
    for row in read_lines(data / "arxiv_metadata" / "arxiv_metadata.jsonl"):
        text = row["abstract"]
        yield row["arxiv_id"], row["title"], [text[start:end] for start, end in split_sentences(text)]


def fold_of(pairs: list[Pair], folds: int = FOLDS) -> dict[str, int]:
    """group -> fold, the largest groups first into the emptiest fold; ties by hash of the group's name."""
    size: dict[str, int] = defaultdict(int)
    for pair in pairs:
        size[pair.group] += 1
    filled = [0] * folds
    found = {}
    for group in sorted(size, key=lambda name: (-size[name], hashlib.sha256(name.encode()).hexdigest())):
        fold = filled.index(min(filled))
        found[group] = fold
        filled[fold] += size[group]
    return found
