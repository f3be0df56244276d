"""What a run is given to work with beside its request: the services, the models and the clock of the outside world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from generator.kernel.budget import Budget
from generator.kernel.ledger import SharedCache, StageLedger
from generator.kernel.models.asking import Asker
from generator.kernel.reading.fetch import Fetch
from generator.kernel.sources.search import Source
from generator.manifest.semantic.claims import Judge
from generator.manifest.semantic.embedder import Embedder

Related = Callable[[str, Sequence[Mapping[str, Any]], Sequence[Mapping[str, Any]], Judge], dict[str, Any]]
"""``(question, claims, sources, judge)`` to the ``related`` part of the run record."""


def _nothing(text: str) -> None:
    """Tell nobody."""


def today() -> str:
    """The UTC day, such as 2026-11-22."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


@dataclass(frozen=True)
class Tools:
    """Nothing by default: a run offline needs none of it.

    ``sources`` are searched side by side; ``read`` fetches a paper's full text; ``asker`` and ``embedder`` make what
    asks a model through a stage's ledger; ``related`` compares with earlier records. ``cache`` and ``budget`` are
    shared by all runs that are given the same ones; ``tell`` hears how a long stage is getting on.
    """

    sources: tuple[Source, ...] = ()
    read: Fetch | None = None
    asker: Callable[[StageLedger], Asker] | None = None
    embedder: Callable[[StageLedger], Embedder] | None = None
    related: Related | None = None
    cache: SharedCache | None = None
    budget: Budget = field(default_factory=Budget)
    today: Callable[[], str] = today
    tell: Callable[[str], None] = _nothing
