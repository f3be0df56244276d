"""Who a record is: the SHA-256 of its run's canonical JSON, and the short public form of it.

``SRCH:`` and the first eight hex digits name a record in public; when another record holds those eight, as many more
digits follow as are needed. Imported records keep the id under which they were published.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from generator.manifest.canonical import digest

PREFIX = "SRCH:"
SHORTEST = 8
SHORT_ID = re.compile(r"^[0-9A-F]{8,64}$")


def run_id(run: dict[str, Any]) -> str:
    """The canonical id of a run: 64 lower-case hex digits."""
    return digest(run)


def short_id(canonical: str, taken: Callable[[str], bool]) -> str:
    """The shortest prefix, of eight upper-case digits or more, that ``taken`` does not report as another record's."""
    upper = canonical.upper()
    for length in range(SHORTEST, len(upper) + 1):
        if not taken(upper[:length]):
            return upper[:length]
    raise ValueError(f"{canonical} is taken at full length")


def public_id(short: str) -> str:
    """The id as people quote it, e.g. ``SRCH:E50A8461``."""
    return PREFIX + short


def parse_public_id(text: str) -> str | None:
    """The short id in ``SRCH:E50A8461``, ``srch:e50a8461`` or ``E50A8461``; ``None`` for anything else."""
    upper = text.strip().upper().removeprefix(PREFIX)
    return upper if SHORT_ID.match(upper) else None
