"""The open full text of a paper on arXiv: its HTML, or its PDF where there is no HTML.

Addresses are built from the checked identifier and version, never taken from a record. What came of it, a text or a
lasting reason why not, is one answer of the ledger; what may be better in an hour is not stored.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from generator.kernel.ledger import Answer, StageLedger
from generator.kernel.reading.isolated import Form, Parsed, parse
from generator.kernel.reading.sections import FullText
from generator.kernel.sources.fetching import SourceError, TooLarge
from generator.manifest.problems import printable

if TYPE_CHECKING:
    from generator.kernel.sources.papers import Paper

MOST_BYTES: Final[Mapping[Form, int]] = {"html": 24 * 1024 * 1024, "pdf": 48 * 1024 * 1024}

_IDENTIFIER: Final = re.compile(r"[0-9]{2}(?:0[1-9]|1[0-2])\.[0-9]{4,5}|[a-z-]{2,20}(?:\.[A-Z]{2})?/[0-9]{7}", re.ASCII)
_MOST_VERSIONS: Final = 9999
_MEDIA_TYPES: Final[Mapping[Form, str]] = {"html": "text/html", "pdf": "application/pdf"}
_GONE: Final = (404, 410)
_REFUSED: Final = (400, 403, 451)
_LONGEST_REASON: Final = 300


class Fetched(Protocol):
    """A whole answer with status 200."""

    @property
    def media_type(self) -> str: ...
    @property
    def body(self) -> bytes: ...


class Fetch(Protocol):
    """Fetches ``url``, asking for the media type ``accept``, at most ``largest`` bytes; ``Fetcher.get`` is one.

    Raises ``SourceError`` for everything else, with the ``status`` that came. Keeping arXiv's pace is its business.
    """

    def __call__(self, url: str, /, *, accept: str, largest: int) -> Fetched: ...


@dataclass(frozen=True)
class NotRead:
    """Why a paper's full text was not read, in one printable line."""

    reason: str


def read_full_text(paper: Paper, ledger: StageLedger, fetch: Fetch) -> FullText | NotRead:
    """The full text of a paper that is on arXiv. Nothing that the network or a file does is raised; what the ledger
    raises (``UsageError`` where its folder cannot be written) is."""
    if paper.origin == "sample-corpus" or not is_arxiv_id(paper.id):
        return NotRead("the paper has no arXiv identifier, so no open full text is known")
    if paper.withdrawn:
        return NotRead("the paper is withdrawn")
    if paper.version is not None and not 1 <= paper.version <= _MOST_VERSIONS:
        return NotRead("the paper's version is no version of arXiv's")
    request = {"arxiv": paper.id, "version": paper.version}
    try:
        answer = ledger.answer("full-text", request, lambda: _ask(paper, fetch))
    except SourceError as error:
        return NotRead(_line(str(error)))
    return _checked(answer.body, paper)


def is_arxiv_id(text: str) -> bool:
    """Whether a text is an arXiv identifier without version: ``2505.20225``, ``astro-ph/0601001``."""
    return _IDENTIFIER.fullmatch(text) is not None


def addresses(identifier: str, version: int | None) -> dict[Form, str]:
    """Where a version of a paper lies; the newest one where the version is not known."""
    if not is_arxiv_id(identifier):
        raise ValueError("not an arXiv identifier")
    name = identifier if version is None else f"{identifier}v{version}"
    return {"html": f"https://arxiv.org/html/{name}", "pdf": f"https://arxiv.org/pdf/{name}"}


def _ask(paper: Paper, fetch: Fetch) -> Answer:
    reasons = []
    refused = False
    forms: tuple[Form, ...] = ("html", "pdf")
    for form in forms:
        url = addresses(paper.id, paper.version)[form]
        try:
            found = _read(form, url, fetch)
        except SourceError as error:
            if error.status not in _REFUSED:
                raise
            refused, found = True, NotRead(str(error))
        if isinstance(found, FullText):
            return Answer(found.to_json())
        reasons.append(f"{form.upper()}: {found.reason}")
    if refused:
        # arXiv refuses those that ask too much as well, so another day may be better
        raise SourceError("; ".join(reasons))
    return Answer({"not_read": _line("; ".join(reasons))})


def _read(form: Form, url: str, fetch: Fetch) -> FullText | NotRead:
    """One form of a paper. Raises ``SourceError`` for what may pass: no network, a server in trouble, a refusal."""
    try:
        fetched = fetch(url, accept=_MEDIA_TYPES[form], largest=MOST_BYTES[form])
    except TooLarge as error:
        return NotRead(str(error))
    except SourceError as error:
        if error.status in _GONE:
            return NotRead("there is none")
        raise
    if len(fetched.body) > MOST_BYTES[form]:
        return NotRead(f"it has more than {MOST_BYTES[form]} bytes")
    if fetched.media_type.partition(";")[0].strip().lower() != _MEDIA_TYPES[form]:
        return NotRead("what came is of another media type")
    parsed: Parsed = parse(form, fetched.body)
    if parsed.reason is not None:
        return NotRead(parsed.reason)
    sha256 = hashlib.sha256(fetched.body).hexdigest()
    return FullText(url, _MEDIA_TYPES[form], sha256, parsed.extractor, parsed.sections)


def _checked(body: Any, paper: Paper) -> FullText | NotRead:
    """The ledger's answer, which may come from a store that others can write to."""
    try:
        if isinstance(body, dict) and set(body) == {"not_read"} and isinstance(body["not_read"], str):
            return NotRead(_line(body["not_read"]))
        found = FullText.from_json(body)
        forms = [form for form, url in addresses(paper.id, paper.version).items() if url == found.url]
        if not forms or found.media_type != _MEDIA_TYPES[forms[0]]:
            raise ValueError("full text of another address")
    except ValueError as error:
        return NotRead(f"the stored answer cannot be used: {_line(str(error))}")
    return found


def _line(text: str) -> str:
    return printable(" ".join(text.split())[:_LONGEST_REASON])
