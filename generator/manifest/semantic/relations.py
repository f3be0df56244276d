"""Which records ask about something similar: each against all, exactly, and the same on every machine.

The default embedding counts words in buckets. Products of whole numbers are exact in 32-bit floats up to 2**24,
whatever the order of the sums, and what follows is one rounded operation for each pair: so one matrix product over
blocks of records gives the same figures everywhere, and a site the same bytes.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.manifest.semantic.hashing import DIMENSIONS, counts
from generator.manifest.semantic.items import origins_of, subject_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MOST = 5
RELATED = 0.3
"""The least similarity at which a record is named. Of the pairs of SciFact's claims that share a paper 72 % reach it,
of all others 0.07 % (``bench/near_questions.py``)."""
_BLOCK = 512
_CELLS = 1 << 24


class Alike(NamedTuple):
    """Another record, by its place among those taken in, its similarity, 0 to 1, and how many papers both cite."""

    place: int
    similarity: float
    shared: int


class Relations:
    """What every record asks, or its title where it states no question, and the papers it cites."""

    def __init__(self) -> None:
        self._starts = array("Q", [0])
        self._buckets = bytearray()
        self._counts = array("h")
        self._papers: list[list[tuple[str, ...]]] = []
        self._found: list[list[Alike]] | None = None

    def __len__(self) -> int:
        return len(self._papers)

    def add(self, manifest: Mapping[str, Any]) -> int:
        """Take in a record's current view; returns its place."""
        found = counts(subject_of(manifest)[1])
        self._buckets.extend(found)
        self._counts.extend(found.values())
        self._starts.append(len(self._counts))
        self._papers.append([origins_of(source) for source in manifest["provenance"]["sources"]])
        self._found = None
        return len(self._papers) - 1

    def of(self, place: int) -> list[Alike]:
        """The at most ``MOST`` records that are most like the one at ``place``, at ``RELATED`` or above, the most
        similar first and ties in the order in which they were taken in."""
        if self._found is None:
            self._found = self._all()
        return self._found[place]

    def _all(self) -> list[list[Alike]]:
        import numpy as np

        matrix = np.zeros((len(self), DIMENSIONS), dtype=np.float32)
        for row in range(len(self)):
            start, end = self._starts[row], self._starts[row + 1]
            matrix[row, list(self._buckets[start:end])] = self._counts[start:end]
        squares = np.einsum("ij,ij->i", matrix, matrix, dtype=np.float64)
        scale = (1 / np.sqrt(np.where(squares > 0, squares, 1))).astype(np.float32)
        found: list[list[Alike]] = []
        height = max(1, min(_BLOCK, _CELLS // max(1, len(self))))
        for start in range(0, len(self), height):
            near = matrix[start : start + height] @ matrix.T
            near *= scale[start : start + height, None]
            near *= scale
            for offset, row_near in enumerate(near):
                row_near[start + offset] = -1
                found.append([self._alike(start + offset, place, row_near) for place in _highest(row_near)])
        return found

    def _alike(self, one: int, other: int, near: NDArray[np.float32]) -> Alike:
        theirs = {name for names in self._papers[other] for name in names}
        shared = sum(not theirs.isdisjoint(names) for names in self._papers[one])
        # rounding can carry equal texts past one
        return Alike(other, min(1.0, round(float(near[other]), 4)), shared)


def _highest(near: NDArray[np.float32]) -> list[int]:
    import numpy as np

    places = np.flatnonzero(near >= RELATED)
    values = near[places]
    if len(places) > MOST:
        last = np.partition(values, -MOST)[-MOST]
        above = np.flatnonzero(values > last)
        # ties can be as many as there are records
        chosen = np.concatenate((above, np.flatnonzero(values == last)[: MOST - len(above)]))
        places, values = places[chosen], values[chosen]
    return [int(place) for place in places[np.argsort(-values, kind="stable")]]
