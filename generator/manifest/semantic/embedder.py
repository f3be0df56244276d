"""What turns texts into vectors."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol


class Embedder(Protocol):
    """A way to turn texts into vectors. ``method`` and ``model`` name it in every row that it makes: vectors of two
    models never meet. ``dimensions`` is the width of its vectors, ``None`` where only an answer tells."""

    @property
    def method(self) -> str: ...

    @property
    def model(self) -> str | None: ...

    @property
    def dimensions(self) -> int | None: ...

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> list[list[float]]:
        """One vector of length one for each text; all zeros where a text says nothing."""
        ...
