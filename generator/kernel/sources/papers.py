"""The one record every source is read into, and the two rules that belong to it: safe address, withdrawn or not.

A `Paper` is data taken from strangers. Its texts are kept as they were written (LaTeX included), with whitespace
folded; whoever shows them must escape them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Final
from urllib.parse import quote, urlsplit

_UNSAFE_IN_URL: Final = re.compile(r"[^\x21-\x7e]|[\"'<>\\^`{|}]")

_ARXIV_ID: Final = re.compile(
    r"(?:(?P<id>[0-9]{4}\.[0-9]{4,5})|(?P<archive>[a-z-]+)(?:\.[a-zA-Z]{2})?/(?P<number>[0-9]{7}))(?:v[1-9][0-9]{0,3})?"
)
_ARXIV_DOI: Final = re.compile(r"10\.48550/arxiv\.(?P<id>.+)", re.IGNORECASE)
# Printable ASCII without what would have to be escaped in JSON.
_DOI: Final = re.compile(r"10\.[0-9]{4,9}/[!#-~]+", re.ASCII)
_SEVERAL: Final = re.compile(r"[\s;,]+(?=10\.[0-9]{4,9}/|doi:|https?://)|\s+", re.IGNORECASE)
_RESOLVER: Final = re.compile(r"^(?:https?://(?:dx\.)?doi\.org/|doi:\s*)", re.IGNORECASE)

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

_TITLE_NOTICE: Final = re.compile(
    r"[\[(]?(?:retracted|withdrawn)(?:\s+(?:article|paper|chapter))?\s*[\])]?\s*:|[\[(](?:retracted|withdrawn)\b",
    re.IGNORECASE,
)
_NOTICE: Final = re.compile(
    r"[\[(]?\s*(?:retracted|withdrawn)(?:\s+(?:article|paper|chapter))?\s*[\])]?[\s:]*", re.IGNORECASE
)
_DAY: Final = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


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


def is_retracted_title(title: str) -> bool:
    """Say whether a title opens with a publisher's notice, as in "RETRACTED: Trees" or "[Withdrawn] Trees"."""
    return _TITLE_NOTICE.match(title) is not None


def without_notice(title: str) -> str:
    """The title as it was before a publisher put a notice in front of it, see `is_retracted_title`."""
    return _NOTICE.sub("", title, count=1) if is_retracted_title(title) else title


def day(value: object) -> str | None:
    """A day (`2021-03-04`) as the RFC 3339 time of its beginning in UTC; None for anything else."""
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        return None
    try:
        date.fromisoformat(value)
    except ValueError:
        return None
    return f"{value}T00:00:00Z"


def year(value: object) -> int | None:
    """A year of print that can be one, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 1400 <= value <= 2200 else None


def bare_arxiv_id(text: str) -> str | None:
    """The arXiv identifier that `text` is, without version; None if it is none.

    Of an old one the subject class is left out (`math/0309136` for `math.GT/0309136v1`): arXiv knows both as one paper.
    """
    found = _ARXIV_ID.fullmatch(text)
    if found is None:
        return None
    return found["id"] or f"{found['archive']}/{found['number']}"


def arxiv_id_of(doi: str) -> str | None:
    """The arXiv identifier in one of arXiv's own DOIs (`10.48550/arXiv.2505.20225`, in any case), else None."""
    found = _ARXIV_DOI.fullmatch(doi)
    return bare_arxiv_id(found["id"]) if found else None


def bare_doi(text: str) -> str | None:
    """The DOI in `text`, without resolver or `doi:` and as it was written; None if it is none that can be cited.

    DOIs with `<` or `>`, as journals made them of SICIs (ANSI/NISO Z39.56) around 1999, are DOIs but are not cited.
    """
    doi = any_doi(text)
    return doi if doi and "<" not in doi and ">" not in doi else None


def any_doi(text: str) -> str | None:
    """The DOI in `text` as `bare_doi` gives it, and also one that cannot be cited: good for comparing papers."""
    doi = _RESOLVER.sub("", text.strip())
    return doi if _DOI.fullmatch(doi) and len(doi) <= 500 else None


def all_dois(text: str | None) -> list[str]:
    """Each DOI in a text that may hold several, as `any_doi` gives it."""
    parts = _SEVERAL.split(text or "")
    return [doi for part in parts if (doi := any_doi(part.rstrip(",;")))]


def address(arxiv_id: str | None, doi: str | None) -> str | None:
    """The page of a paper, built from its checked identifiers: arXiv's first, else the DOI resolver's, else None."""
    if arxiv_id:
        return f"https://arxiv.org/abs/{arxiv_id}"
    return f"https://doi.org/{quote(doi, safe='/:;()._-')}" if doi else None


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
        doi: as given, without resolver; may be several in one text, and such as `bare_doi` does not cite.
        journal_ref: as given.
        withdrawn: see `is_withdrawn`.
        origin: "arxiv", "semantic-scholar", "openalex" or "sample-corpus".
        record: the source's own name for the paper where `id` is another one: `openalex:W2741809807`, `s2:649def34...`.
        year: year of publication where the source gives no day.
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
    record: str | None = None
    year: int | None = None

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
        withdrawn = data["withdrawn"]
        if not isinstance(withdrawn, bool):
            raise ValueError("paper field withdrawn is neither true nor false")
        return cls(
            id=_text(data, "id"),
            version=_number_or_none(data, "version"),
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
            record=_text_or_none(data, "record"),
            year=_number_or_none(data, "year"),
        )


def _text(data: Mapping[str, object], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise ValueError(f"paper field {name} is not text")
    return value


def _text_or_none(data: Mapping[str, object], name: str) -> str | None:
    return None if data[name] is None else _text(data, name)


def _number_or_none(data: Mapping[str, object], name: str) -> int | None:
    value = data[name]
    # bool is an int in Python, but true is no number
    if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
        raise ValueError(f"paper field {name} is neither a whole number nor null")
    return value


def _texts(data: Mapping[str, object], name: str) -> tuple[str, ...]:
    value = data[name]
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError(f"paper field {name} is not a list of texts")
    return tuple(value)
