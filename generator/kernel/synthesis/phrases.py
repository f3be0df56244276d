"""Small parts of sentences: lists, numbers with nouns."""

from __future__ import annotations

from collections.abc import Sequence


def join(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def number(count: int, noun: str) -> str:
    """``1 claim``, ``2 claims``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def verb(names: Sequence[str], word: str) -> str:
    """A verb for one name or several: ``supports``, ``support``."""
    return f"{word}s" if len(names) == 1 else word
