"""Live search: what a source is, which there are, and how several are asked side by side."""

from __future__ import annotations

import hashlib
import os
import queue
import re
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import httpx

from generator.kernel.ledger import Answer, StageLedger
from generator.kernel.sources.atom import folded
from generator.kernel.sources.fetching import (
    OPENALEX,
    SEMANTIC_SCHOLAR,
    Fetched,
    Fetcher,
    HeaderKey,
    ParameterKey,
    SourceError,
    one_line,
)
from generator.kernel.sources.markup import plain
from generator.kernel.sources.pacing import Pace, arxiv_folder
from generator.kernel.sources.papers import Paper
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import loads_json

__all__ = ["Failure", "Found", "Ranking", "Settings", "Source", "SourceError", "fetcher", "search_all", "sources"]

CONTACT, S2_KEY, OPENALEX_KEY = "SRCH_CONTACT", "SRCH_S2_KEY", "SRCH_OPENALEX_KEY"
NAMES: Final = ("arxiv", "semantic-scholar", "openalex")
MOST: Final = 200  # papers of one search
MOST_TERMS: Final = 16
_POSSESSIVE: Final = re.compile(r"['’]s\b")
_NEGATION: Final = re.compile(r"(?<=n)['’](?=t\b)")
_ABBREVIATION: Final = re.compile(r"(?<![\w.])(?:[^\W\d_]\.)+[^\W\d_](?!\w)")
_POINT: Final = re.compile(r"(?<=[0-9])\.(?=[0-9])")
# What services read as operators, in whatever case
_OPERATORS: Final = frozenset({"and", "or", "not", "andnot", "near", "to"})
_LONGEST_TERM: Final = 50
# JSON may hold these, XML and HTML may not; the ones that count as white space are folded instead.
_CONTROLS: Final = re.compile("[\x00-\x08\x0e-\x1b]")


@dataclass(frozen=True)
class Found:
    """Papers in the source's order, how many it says there are, and the SHA-256 of the first response's body.

    ``left_out`` says of each entry that could not be read why not, in one printable line.
    """

    papers: tuple[Paper, ...]
    total: int | None
    sha256: str
    left_out: tuple[str, ...] = ()


class Source(Protocol):
    """A service that answers plain words with papers."""

    name: str

    def search(self, query: str, limit: int, ledger: StageLedger) -> Found:
        """At most ``limit`` papers, best first. Raises ``SourceError``."""
        ...


@dataclass(frozen=True)
class Ranking:
    """What one source found for one query, and why entries were left out, see ``Found``."""

    source: str
    query_id: str
    papers: tuple[Paper, ...]
    total: int | None
    sha256: str
    left_out: tuple[str, ...] = ()


@dataclass(frozen=True)
class Failure:
    """Why one source gave nothing for one query, in one printable line."""

    source: str
    query_id: str
    reason: str


@dataclass(frozen=True)
class Settings:
    """Who asks. ``contact`` is an e-mail address; a key that is not there is empty, and empty ones are false."""

    contact: str | None = None
    s2_key: HeaderKey = field(default_factory=lambda: HeaderKey(""))
    openalex_key: ParameterKey = field(default_factory=lambda: ParameterKey(""))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ``UsageError`` that names the variable that cannot be used; a blank one counts as not there."""
        given = {name: environment.get(name, "").strip() for name in (CONTACT, S2_KEY, OPENALEX_KEY)}
        for name in (S2_KEY, OPENALEX_KEY):
            if given[name] and re.fullmatch(r"[\x21-\x7e]{8,500}", given[name]) is None:
                raise UsageError(f"{name} is no key: 8 to 500 characters without spaces or line breaks")
        if given[CONTACT] and re.fullmatch(r"[\w.+-]{1,64}@[\w.-]{1,190}", given[CONTACT], re.ASCII) is None:
            raise UsageError(f"{CONTACT} is not an e-mail address such as name@example.org")
        return cls(given[CONTACT] or None, HeaderKey(given[S2_KEY]), ParameterKey(given[OPENALEX_KEY]))


def fetcher(
    settings: Settings,
    *,
    pace: Pace | None = None,
    transport: httpx.BaseTransport | None = None,
    now: Callable[[], float] = time.time,
    sleep: Callable[[float], None] = time.sleep,
) -> Fetcher:
    """The way to the services for these settings; ``pace`` is by default the one that all of a user's runs share."""
    return Fetcher(
        pace=pace or Pace(arxiv_folder(), now=now, sleep=sleep),
        contact=settings.contact,
        keys={SEMANTIC_SCHOLAR: settings.s2_key, OPENALEX: settings.openalex_key},
        transport=transport,
        now=now,
        sleep=sleep,
    )


def sources(names: Sequence[str], settings: Settings, way: Fetcher) -> tuple[Source, ...]:
    """The named sources, each once, in the order given. Raises ``UsageError`` for a name that is none."""
    from generator.kernel.sources.arxiv import Arxiv  # these modules build on this one
    from generator.kernel.sources.openalex import OpenAlex
    from generator.kernel.sources.semantic_scholar import SemanticScholar

    made: dict[str, Callable[[], Source]] = {
        "arxiv": lambda: Arxiv(way),
        "semantic-scholar": lambda: SemanticScholar(way),
        "openalex": lambda: OpenAlex(way, contact=settings.contact, keyed=bool(settings.openalex_key)),
    }
    for name in names:
        if name not in made:
            raise UsageError(f"no source {one_line(name, 40)!r}; known: {', '.join(NAMES)}")
    return tuple(made[name]() for name in dict.fromkeys(names))


def search_all(
    sources: Sequence[Source], queries: Sequence[Mapping[str, Any]], limit: int, ledger: StageLedger
) -> tuple[list[Ranking], list[Failure]]:
    """Every source is asked every query (``{"id", "text"}``); the sources side by side, each one query after another.

    Both lists are in the order of queries, then sources, whoever answered first. A ``SourceError`` becomes a
    ``Failure``; anything else that a source raises ends the search and goes through, and so does an interrupt.
    """
    done: queue.SimpleQueue[tuple[int, dict[int, Ranking | Failure], BaseException | None]] = queue.SimpleQueue()
    stop = threading.Event()

    def ask(place: int, source: Source) -> None:
        outcomes: dict[int, Ranking | Failure] = {}
        gone: SourceError | None = None
        try:
            for number, query in enumerate(queries):
                if stop.is_set():
                    break
                try:
                    if gone is not None:
                        raise gone  # a service that no try could reach is not tried again for each query
                    outcomes[number] = _asked(source, query, limit, ledger)
                except SourceError as error:
                    gone = error if error.unreached else None
                    outcomes[number] = Failure(source.name, query["id"], str(error))
        except BaseException as error:  # handed to the thread that waits
            done.put((place, outcomes, error))
        else:
            done.put((place, outcomes, None))

    found: dict[tuple[int, int], Ranking | Failure] = {}
    try:
        for place, source in enumerate(sources):
            # daemons: one that waits for a slow service must not keep an interrupted process alive
            threading.Thread(target=ask, args=(place, source), name=f"search-{source.name}", daemon=True).start()
        for _ in sources:
            place, outcomes, error = done.get()
            if error is not None:
                raise error
            found.update({(number, place): outcome for number, outcome in outcomes.items()})
    finally:
        stop.set()
    ordered = [found[key] for key in sorted(found)]
    rankings = [outcome for outcome in ordered if isinstance(outcome, Ranking)]
    return rankings, [outcome for outcome in ordered if isinstance(outcome, Failure)]


def _asked(source: Source, query: Mapping[str, Any], limit: int, ledger: StageLedger) -> Ranking:
    found = source.search(query["text"], limit, ledger)
    return Ranking(source.name, query["id"], found.papers, found.total, found.sha256, found.left_out)


def terms(query: str) -> list[str]:
    """The words of a query as every service takes them: NFKC, lower case, each once, letters and digits only.

    No quote, bracket, colon, hyphen (arXiv and Semantic Scholar read one as "without") or operator is left, so a query
    can ask for words and for nothing else; the one other sign is the point within a number. Marks belong to the letter
    they stand on. "U.S." and "don't" are one word each. A single letter or digit that a word was split into is left out
    where there is anything else. Raises ``SourceError`` if no word is left.
    """
    found: dict[str, bool] = {}
    for word in unicodedata.normalize("NFKC", query).lower().split():
        parts = _parts(word)
        for part in parts:
            found[part] = found.get(part, False) or len(part) > 1 or len(parts) == 1
    known = {term: whole for term, whole in found.items() if term not in _OPERATORS and len(term) <= _LONGEST_TERM}
    kept = [term for term, whole in known.items() if whole] or list(known)
    if not kept:
        raise SourceError("the query holds no word to search for")
    return kept[:MOST_TERMS]


def _parts(word: str) -> list[str]:
    joined = _NEGATION.sub("", _POSSESSIVE.sub("", word))
    joined = _ABBREVIATION.sub(lambda found: found[0].replace(".", ""), joined)
    points = {found.start() for found in _POINT.finditer(joined)}
    parts = "".join(char if is_of_word(char) or at in points else " " for at, char in enumerate(joined)).split()
    return [part for part in parts if any(char.isalnum() for char in part)]


def is_of_word(char: str) -> bool:
    """Whether it is a letter, a digit, or a mark that stands on one."""
    return char.isalnum() or unicodedata.category(char).startswith("M")


def ask_once(
    way: Fetcher,
    ledger: StageLedger,
    request: Mapping[str, Any],
    url: str,
    params: Mapping[str, str | int],
    *,
    accept: str,
    check: Callable[[str], None],
) -> str:
    """The body of one search request, from the ledger or the service.

    ``check`` reads a new body and raises ``SourceError`` for one that cannot be used, so that none such is ever kept;
    it may raise ``Again`` to have the request sent once more. ``request`` is what the ledger knows it by.
    """

    def ask() -> Answer:
        def checked(fetched: Fetched) -> None:
            check(fetched.text)

        return Answer(way.get(url, params, accept=accept, check=checked).text)

    body = ledger.answer("search", request, ask).body
    if not isinstance(body, str):
        raise SourceError("a kept answer is no text")
    return body


def refused(error: SourceError, variable: str) -> SourceError:
    """The error, with the variable that may be to blame where a service lets nobody in or asks to slow down."""
    if error.status not in (401, 403, 429):
        return error
    return SourceError(f"{error}; a key of its own goes into {variable}", error.status, error.body)


def json_object(body: str, name: str) -> dict[str, Any]:
    """The JSON object in a response's body. Raises ``SourceError``."""
    try:
        value = loads_json(body.encode("utf-8", "surrogatepass"), file="the answer")
    except Problems:
        value = None
    if not isinstance(value, dict):
        raise SourceError(f"{name} sent something that is not a JSON object")
    return value


def sha256(body: str) -> str:
    """The SHA-256 of a body's UTF-8 bytes."""
    return hashlib.sha256(body.encode("utf-8")).hexdigest()


def entry_object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one: services leave whole members out or null."""
    return value if isinstance(value, dict) else {}


def entry_list(value: Any) -> list[Any]:
    """The value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def entry_prose(value: Any) -> str:
    """The value as ``entry_text`` gives it, without the markup that titles and abstracts may hold."""
    return entry_text(plain(value)) if isinstance(value, str) else ""


def entry_text(value: Any) -> str:
    """The value on one line if it is a text, else an empty one; characters that no page may hold are dropped."""
    return folded(_CONTROLS.sub("", value)) if isinstance(value, str) else ""
