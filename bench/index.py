"""Exact search in the semantic index against a plain matrix product: 100,000 random unit vectors, top 10.

For each width the same vectors lie in an index (A) and in a numpy array (B). Queries are measured in turns, A B A B, in
one process. A is ``Index.nearest`` whole: opening the file, looking whether it has changed, the product, the ranking
and reading the texts found. B is the product and numpy's own selection, the floor. Printed are medians in ms for one
query, the ratio A / B, the time to read the vectors at the first query, and whether both find the same.
"""

from __future__ import annotations

import argparse
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from generator.manifest.canonical import sha256_text
from generator.manifest.semantic.store import Index, row_sha256
from generator.manifest.store import Store

MOST = 10
_PER_RECORD = 25


class Given:
    """Stands for the model whose vectors are given."""

    method, model = "random-v1", None

    def __init__(self, dimensions: int) -> None:
        self.dimensions: int | None = dimensions

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> list[list[float]]:
        raise NotImplementedError


def fill(index: Index, matrix: NDArray[np.float32]) -> None:
    """Make an index that holds the rows of ``matrix`` in their order."""
    index.build(Store(index.folder / "none"))
    width = matrix.shape[1]
    with sqlite3.connect(index.path) as base:
        records = [f"SRCH:{number:08X}" for number in range(-(-len(matrix) // _PER_RECORD))]
        heads = [(name, "", "A record", None, None, _PER_RECORD) for name in records]
        rows = [(*head, row_sha256(*head)) for head in heads]
        base.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
        keys = [(records[row // _PER_RECORD], f"C{row % _PER_RECORD:02}") for row in range(len(matrix))]
        text, sha = "A claim.", sha256_text("A claim.")
        base.executemany(
            "INSERT INTO items VALUES (?, 'claim', ?, ?, ?, '[]', ?)",
            [(name, item, text, sha, row_sha256(name, "claim", item, sha, "[]")) for name, item in keys],
        )
        base.executemany(
            f"INSERT INTO vectors VALUES (?, 'claim', ?, '{sha}', 'random-v1', '', {width}, ?)",
            ((*key, row.tobytes()) for key, row in zip(keys, matrix, strict=True)),
        )


def timed(action: Callable[[], list[int]]) -> tuple[float, list[int]]:
    """(milliseconds, what it gave)."""
    start = time.perf_counter()
    found = action()
    return (time.perf_counter() - start) * 1000, found


def measure(width: int, number: int, rounds: int, folder: Path) -> str:
    """One line of figures."""
    random = np.random.default_rng(width)
    matrix = random.standard_normal((number, width), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    index, embedder = Index(folder / str(width)), Given(width)
    fill(index, matrix)

    def ours(query: NDArray[np.float32]) -> list[int]:
        hits = index.nearest([query.tolist()], embedder, most=MOST)[0]
        return [int(hit.item.public_id[5:], 16) * _PER_RECORD + int(hit.item.id[1:]) for hit in hits]

    def floor(query: NDArray[np.float32]) -> list[int]:
        near = matrix @ query
        best = np.argpartition(near, -MOST)[-MOST:]
        return [int(place) for place in best[np.argsort(-near[best])]]

    queries = random.standard_normal((rounds + 1, width), dtype=np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    first, _ = timed(lambda: ours(queries[0]))
    a, b, same = [], [], True
    for query in queries[1:]:
        taken, found = timed(lambda query=query: ours(query))  # type: ignore[misc]
        taken_by_floor, expected = timed(lambda query=query: floor(query))  # type: ignore[misc]
        a.append(taken)
        b.append(taken_by_floor)
        same &= found == expected
    ratio = statistics.median(one / other for one, other in zip(a, b, strict=True))
    return (
        f"{number} vectors of {width}: index {statistics.median(a):.1f} ms, "
        f"matrix product {statistics.median(b):.1f} ms, ratio {ratio:.2f}; first query {first:.0f} ms; "
        f"file {index.path.stat().st_size / 1e6:.0f} MB; {'the same found' if same else 'NOT the same found'}"
    )


def main() -> None:
    """Measure both widths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vectors", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=50)
    options = parser.parse_args()
    for width in (256, 1024):
        with tempfile.TemporaryDirectory() as name:
            print(measure(width, options.vectors, options.rounds, Path(name)), flush=True)


if __name__ == "__main__":
    main()
