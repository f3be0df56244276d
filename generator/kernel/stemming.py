"""Stems: "lowers" and "lowered" are one word. Apart from the rest of the text tools, because it loads in no time."""

from __future__ import annotations

from functools import lru_cache

import snowballstemmer

_stemmer = snowballstemmer.stemmer("english")


@lru_cache(maxsize=65536)
def stem(word: str) -> str:
    """The Snowball stem of a word, in lower case."""
    return str(_stemmer.stemWord(word.lower().replace("’", "'")))
