"""The one record every source is read into, and the two rules that belong to it: safe address, withdrawn or not.

A `Paper` is data taken from strangers. Its texts are kept as they were written (LaTeX included), with whitespace
folded; whoever shows them must escape them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Final
from urllib.parse import urlsplit

_UNSAFE_IN_URL: Final = re.compile(r"[^\x21-\x7e]|[\"'<>\\^`{|}]")

# A notice that names the paper: "This paper has been withdrawn", "Paper withdrawn", "We have withdrawn this paper".
_NOUN: Final = r"(?:arxiv\s+)?(?:paper|article|submission|manuscript|preprint|work|note|report|version)"
_GONE: Final = r"(?:withdrawn|retracted)\b"
# "Withdrawn from <something>" is about that thing (a journal, a conference), unless the thing is arXiv or publication.
_NOT_ELSEWHERE: Final = r"(?!\s+from\s+(?!(?:the\s+)?(?:arxiv|publication)\b))"
_NAMED: Final = (
    rf"(?:(?:this|the|our)\s+)?{_NOUN}\s+(?:(?:has\s+been|is(?:\s+being)?|was)\s+)?(?:temporarily\s+)?{_GONE}{_NOT_ELSEWHERE}"
    rf"|(?:(?:the\s+)?authors?|we)\s+(?:has|have)\s+{_GONE}\s+(?:this|the|our)\s+{_NOUN}{_NOT_ELSEWHERE}"
)
# The bare word is a notice only where it stands alone or gives an actor or a reason: not in "Withdrawn NSDI entry".
_BARE: Final = (
    r"(?:withdrawn|retracted)(?=\s*$|\s*[.;:,!)\]–—-]|\s+(?:by|due|because|for|as|since|at|on|until|pending|in\s+order)\b"
    r"|\s+from\s+(?:the\s+)?(?:arxiv|publication)\b)"
)
_ABSTRACT_NOTICE: Final = re.compile(rf"^[\s(\[*]*(?:{_NAMED}|{_BARE})", re.IGNORECASE)
# In a comment the notice may follow page counts ("12 pages. This paper has been withdrawn"), so it may open any clause;
# the bare word has to open the comment.
_COMMENT_NOTICE: Final = re.compile(rf"^[\s(\[*]*{_BARE}|(?:^|[.;:,!(\[*–—-])\s*(?:{_NAMED})", re.IGNORECASE)


def checked_url(url: str) -> str:
    """Return `url` unchanged if it is safe to cite and to link.

    Safe means: scheme http or https, a host name, no user name or password, and only printable ASCII without quotes,
    angle brackets, spaces and the like. Everything else, `javascript:` and relative addresses included, is refused.

    Raises:
        ValueError: one line that names the address and the reason.
    """
    shown = ascii(url if len(url) <= 120 else url[:117] + "...")
    if _UNSAFE_IN_URL.search(url):
        raise ValueError(f"address {shown} holds characters that do not belong in one")
    try:
        parts = urlsplit(url)
        # Reading .port checks it; urlsplit alone lets a broken port pass.
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ValueError(f"address {shown} cannot be read") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"address {shown} is neither http nor https")
    if not host or "@" in parts.netloc:
        raise ValueError(f"address {shown} has no plain host name")
    return url


def is_withdrawn(comment: str | None, abstract: str) -> bool:
    """Say whether arXiv's metadata declare a paper withdrawn.

    arXiv has no field for this: a withdrawal is a new version whose comment holds the notice, and often its abstract
    is replaced by one. So a paper counts as withdrawn if its comment opens with "withdrawn" (alone, or with an actor or
    a reason: "Withdrawn by the authors: ..."), if a clause of the comment opens with a notice that names the paper
    ("12 pages. This paper has been withdrawn", "the authors have withdrawn this article"), or if the abstract opens in
    either way. "Retracted" is read alike.

    "Withdrawn from" a journal or a conference does not count, "withdrawn from arXiv" does. Withdrawals that are told in
    other words are missed: a false alarm would silence a sound paper, and arXiv's own notice has this form.
    """
    return bool((comment and _COMMENT_NOTICE.search(comment)) or _ABSTRACT_NOTICE.search(abstract))


@dataclass(frozen=True, slots=True)
class Paper:
    """One version of one paper, as a source described it.

    Attributes:
        id: identifier without version: `2505.20225`, `astro-ph/0601001`, `SAMPLE-A01`.
        version: version number from 1, or None where the source gave none.
        url: the abstract page with its version, as the source gave it; http or https only (`checked_url`).
        title: one line.
        abstract: one line, whitespace folded; empty where the source gave none.
        authors: names in the order given; may be empty.
        published: RFC 3339 time of version 1, as given.
        updated: RFC 3339 time of this version, as given.
        categories: the primary one first, each once.
        comment: the authors' comment.
        doi: as given, without resolver; arXiv may put several in one text.
        journal_ref: as given.
        withdrawn: see `is_withdrawn`.
        origin: "arxiv" or "sample-corpus"; other sources name themselves likewise.
    """

    id: str
    version: int | None
    url: str
    title: str
    abstract: str
    authors: tuple[str, ...]
    published: str | None
    updated: str | None
    categories: tuple[str, ...]
    comment: str | None
    doi: str | None
    journal_ref: str | None
    withdrawn: bool
    origin: str

    def __post_init__(self) -> None:
        """Refuse what no page may cite. Raises ValueError."""
        for name in ("id", "title", "origin"):
            if not getattr(self, name).strip():
                raise ValueError(f"paper without {name}")
        if self.version is not None and self.version < 1:
            raise ValueError(f"version {self.version} is below 1")
        checked_url(self.url)

    def to_json(self) -> dict[str, object]:
        """Return the fields under their own names, tuples as lists; `from_json` reads it back."""
        found = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}

    @classmethod
    def from_json(cls, data: Mapping[str, object]) -> Paper:
        """Read what `to_json` wrote; every field must be there, with its type, and no other.

        Raises:
            ValueError: one line that names the first wrong field.
        """
        names = {field.name for field in fields(cls)}
        if wrong := sorted(map(str, names ^ set(data))):
            raise ValueError(f"paper fields missing or unknown: {', '.join(wrong)[:200]}")
        version, withdrawn = data["version"], data["withdrawn"]
        # bool is an int in Python, but true is no version number
        if version is not None and (not isinstance(version, int) or isinstance(version, bool)):
            raise ValueError("paper field version is neither a whole number nor null")
        if not isinstance(withdrawn, bool):
            raise ValueError("paper field withdrawn is neither true nor false")
        return cls(
            id=_text(data, "id"),
            version=version,
            url=_text(data, "url"),
            title=_text(data, "title"),
            abstract=_text(data, "abstract"),
            authors=_texts(data, "authors"),
            published=_text_or_none(data, "published"),
            updated=_text_or_none(data, "updated"),
            categories=_texts(data, "categories"),
            comment=_text_or_none(data, "comment"),
            doi=_text_or_none(data, "doi"),
            journal_ref=_text_or_none(data, "journal_ref"),
            withdrawn=withdrawn,
            origin=_text(data, "origin"),
        )


def _text(data: Mapping[str, object], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise ValueError(f"paper field {name} is not text")
    return value


def _text_or_none(data: Mapping[str, object], name: str) -> str | None:
    return None if data[name] is None else _text(data, name)


def _texts(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = data[name]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"paper field {name} is not a list of texts")
    return tuple(value)
