"""The bundled sample corpus: invented papers, read through the same door as arXiv's answers.

It makes a run possible without network, and gives tests a corpus with known oddities. `sample/README.md` lists them.
Nothing in it is a publication; every entry says so in its comment, and every address lies under the reserved domain
`sample.invalid`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from generator.kernel.sources.atom import FeedError, parse_feed
from generator.kernel.sources.papers import Paper

ORIGIN = "sample-corpus"


@cache
def load_sample_corpus() -> tuple[Paper, ...]:
    """Return every version of every sample paper: feeds by file name, papers in feed order.

    Raises:
        FeedError: a bundled feed is damaged; the message names the file.
    """
    papers: list[Paper] = []
    for name, data in _feeds():
        papers += _parsed(name, data)
    return tuple(papers)


def corpus_sha256() -> str:
    """Return the corpus's identity, 64 hexadecimal digits: SHA-256 over each feed's name, length and bytes, in order.

    Name and length go in, so that moving a line from one feed to the next or renaming a feed changes the sum.
    """
    digest = hashlib.sha256()
    for name, data in _feeds():
        digest.update(f"{name}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def _feeds() -> Iterator[tuple[str, bytes]]:
    folder = files("generator.kernel.sources") / "sample"
    for feed in sorted((item for item in folder.iterdir() if item.name.endswith(".xml")), key=lambda item: item.name):
        yield feed.name, feed.read_bytes()


def _parsed(name: str, data: bytes) -> tuple[Paper, ...]:
    try:
        return parse_feed(data, origin=ORIGIN).papers
    except FeedError as error:
        raise FeedError(f"{name}: {error}") from None
