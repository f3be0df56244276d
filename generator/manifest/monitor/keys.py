"""What makes two papers, or two claims, the same one: names, and short keys made of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from typing import Any

from generator.manifest.identity import parse_public_id

KEY_SIZE = 16

_ARXIV_ID = re.compile(r"(?:[0-9]{4}\.[0-9]{4,5}|[a-z-]+(?:\.[A-Z]{2})?/[0-9]{7})")
_SUBJECT_CLASS = re.compile(r"\.[A-Z]{2}(?=/)")
_ARXIV_DOI = "10.48550/arxiv."
_RECORD_PATH = re.compile(r"paper/([0-9A-Fa-f]{8,64})(?:[/?#].*)?", re.DOTALL)
_RECORD_ID = re.compile(r"SRCH:[0-9A-F]{8,64}", re.IGNORECASE)


def names_of(paper: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of a paper that has ``paper_id`` or ``doi`` or both, the one of its service first.

    The same preprint has one name whether it is given by its arXiv id, with or without the subject class that old ids
    may carry, or by the DOI that arXiv registers. Everything else keeps the name it was given; DOIs ignore case.
    """
    return _names(paper.get("paper_id"), paper.get("doi"))


def shown(paper: Mapping[str, Any]) -> str:
    """How a paper is named to readers: ``arXiv:2505.20225``, ``doi:10.5555/x``, ``SAMPLE-D07``."""
    if paper.get("paper_id") is not None:
        name = str(paper["paper_id"])
        return f"arXiv:{name}" if _ARXIV_ID.fullmatch(name) else name
    return f"doi:{paper['doi']}"


def key(*parts: str) -> bytes:
    """``KEY_SIZE`` bytes that stand for the parts, none of which has a line break; different parts give different keys
    for all practical purposes."""
    return blake2b("\n".join(parts).encode("utf-8", "surrogatepass"), digest_size=KEY_SIZE).digest()


@lru_cache(maxsize=1 << 16)
def paper_key(name: str) -> bytes:
    """The key of a paper by one of its names."""
    return key("paper", name)


def same_words(text: str) -> str:
    """A claim's text in the form in which two claims are compared. Case counts: 5 mW is not 5 MW."""
    return " ".join(unicodedata.normalize("NFC", text).split()).removesuffix(".").rstrip()


def relied_on(manifest: Mapping[str, Any]) -> dict[str, str]:
    """Short id -> source id of the records of this registry that stand among a record's sources: by their address at
    the record's own publisher, or by their id. The record itself is left out."""
    home = manifest["publisher"]["url"].rstrip("/") + "/"
    found: dict[str, str] = {}
    for source in manifest["provenance"]["sources"]:
        short = _named_record(source, home)
        if short is not None and short != manifest["work"]["short_id"]:
            found.setdefault(short, source["id"])
    return found


def _named_record(source: Mapping[str, Any], home: str) -> str | None:
    paper_id, url = source["paper_id"], source["url"]
    if paper_id is not None and _RECORD_ID.fullmatch(paper_id):
        return parse_public_id(paper_id)
    if url is not None and url.startswith(home):
        match = _RECORD_PATH.fullmatch(url.removeprefix(home))
        return match[1].upper() if match else None
    return None


@lru_cache(maxsize=1 << 16)
def _names(paper_id: str | None, doi: str | None) -> tuple[str, ...]:
    named = [_service_name(paper_id)] if paper_id is not None else []
    if doi is not None:
        named.append(_doi_name(doi))
    return tuple(dict.fromkeys(named))


def _service_name(paper_id: str) -> str:
    if _ARXIV_ID.fullmatch(paper_id):
        return "arxiv:" + _SUBJECT_CLASS.sub("", paper_id)
    return "id:" + paper_id


def _doi_name(doi: str) -> str:
    lower = doi.lower()
    if lower.startswith(_ARXIV_DOI):
        name = doi[len(_ARXIV_DOI) :]
        if _ARXIV_ID.fullmatch(name):
            return _service_name(name)
    return "doi:" + lower
