"""Hints about names of models. They are words for the user; no name is ever replaced by another."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from generator.manifest.problems import shown

# Models that NVIDIA's hosted service ended in 2026 and what it offers in their place. Vectors of the two are not
# comparable, and not of one width.
SUCCESSORS = {
    "nvidia/nv-embedqa-e5-v5": "nvidia/nemotron-3-embed-1b",
    "nvidia/llama-3.2-nv-embedqa-1b-v2": "nvidia/nemotron-3-embed-1b",
    "nvidia/llama-nemotron-embed-1b-v2": "nvidia/nemotron-3-embed-1b",
}


def successor(name: str) -> str:
    """`` (NVIDIA offers ... in its place)``, or nothing."""
    return f" (NVIDIA offers {SUCCESSORS[name]} in its place)" if name in SUCCESSORS else ""


def near(name: str, listed: Sequence[str], most: int = 3) -> tuple[str, ...]:
    """The listed names that ``name`` may have been meant to be, the nearest first; upper and lower case are alike.

    Services put the maker before the name ("nvidia/..."), so the last part is compared too.
    """
    spellings: dict[str, str] = {}
    for one in listed:
        spellings.setdefault(one.casefold(), one)
        spellings.setdefault(one.casefold().rpartition("/")[2], one)
    wanted = name.casefold()
    found = difflib.get_close_matches(wanted, spellings, most, 0.6)
    found += difflib.get_close_matches(wanted.rpartition("/")[2], spellings, most, 0.6)
    return tuple(dict.fromkeys(spellings[spelling] for spelling in found))[:most]


def near_words(name: str, listed: Sequence[str]) -> str:
    """``; near names are ...``, or nothing."""
    found = near(name, listed)
    return f"; near names are {', '.join(shown(one) for one in found)}" if found else ""
