"""A way to the services that ends in recordings, with a clock of its own and no waiting."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from generator.kernel.ledger import Ledger, StageLedger
from generator.kernel.sources.fetching import Fetcher
from generator.kernel.sources.pacing import Pace
from generator.kernel.sources.search import Settings, fetcher

sys.path.insert(0, str(Path(__file__).parent))  # for the module beside this file

from recordings import Clock

Way = Callable[..., Fetcher]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def ledger() -> StageLedger:
    return Ledger.in_memory().stage("search")


@pytest.fixture
def way(tmp_path: Path, clock: Clock) -> Iterator[Way]:
    """``way(transport, settings, interval_s=0)``: a fetcher whose pace has its own folder, closed after the test."""
    open_ones: list[Fetcher] = []

    def made(transport: httpx.BaseTransport, settings: Settings | None = None, interval_s: float = 0.0) -> Fetcher:
        pace = Pace(tmp_path / "pace", interval_s, now=clock.now, sleep=clock.sleep)
        settings = settings or Settings()
        open_ones.append(fetcher(settings, pace=pace, transport=transport, now=clock.now, sleep=clock.sleep))
        return open_ones[-1]

    yield made
    for one in open_ones:
        one.close()
