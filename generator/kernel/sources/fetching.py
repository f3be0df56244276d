"""The one way to scholarly services: known hosts over https, bounded in size and time, tried again where that helps.

Keys are put into a request below the HTTP client, on their way to the one host that they belong to. So nothing the
client keeps, logs or raises holds a key, and a redirect takes none along. What a service sends back of a key is made
unreadable before anyone sees the body. Addresses are built from checked identifiers; none comes from a record.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Final, Self
from urllib.request import getproxies

import httpx
import tenacity

from generator import __version__
from generator.kernel.models.secret import Secret
from generator.kernel.sources.pacing import Pace
from generator.manifest.problems import Problems, UsageError, printable
from generator.manifest.strict import loads_json

ARXIV_API: Final = "export.arxiv.org"
ARXIV_HOSTS: Final = frozenset({ARXIV_API, "arxiv.org", "www.arxiv.org"})
SEMANTIC_SCHOLAR: Final = "api.semanticscholar.org"
OPENALEX: Final = "api.openalex.org"
HOSTS: Final = ARXIV_HOSTS | {SEMANTIC_SCHOLAR, OPENALEX}

TRIES: Final = 5
FIRST_WAIT_S: Final = 2.0  # doubled with each try
LONGEST_WAIT_S: Final = 60.0
LONGEST_SILENCE_S: Final = 30.0
LONGEST_CALL_S: Final = 120.0
MOST_REDIRECTS: Final = 3
LARGEST: Final = 10_000_000  # bytes of a body, unpacked

_REDIRECTS: Final = (301, 302, 303, 307, 308)
# These loggers tell of addresses and of headers that came back; the others of httpcore tell of neither.
_TALKATIVE: Final = ("httpx", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


class SourceError(Exception):
    """A service gave nothing that can be used. ``str()`` is one printable line without any key.

    ``status`` is the HTTP status where there was one, ``body`` what came with it (without keys); ``unreached`` says
    that there was no connection at all.
    """

    def __init__(
        self, reason: str, status: int | None = None, body: bytes = b"", *, unreached: bool = False
    ) -> None:
        super().__init__(one_line(reason, 400))
        self.status, self.body, self.unreached = status, body, unreached


class Again(Exception):
    """A failure that may pass: why, as the end of a sentence about the service, the seconds it asked to wait, and
    whether there was no connection at all."""

    def __init__(self, why: str, wait_s: float | None = None, *, unreached: bool = False) -> None:
        super().__init__(why)
        self.wait_s, self.unreached = wait_s, unreached


@dataclass(frozen=True)
class Fetched:
    """A whole answer with status 200: the address it came from in the end, the media type, and the bytes received."""

    url: str
    media_type: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as UTF-8. Raises ``SourceError``."""
        try:
            return self.body.decode("utf-8")
        except UnicodeDecodeError:
            raise SourceError(f"{httpx.URL(self.url).host} sent text that is not UTF-8") from None


class HeaderKey(Secret):
    """A key that goes into the header ``x-api-key``."""

    def sign(self, request: httpx.Request) -> httpx.Request:
        """A copy of the request that holds the key."""
        return _copy(request, request.url, {"x-api-key": self._value})


class ParameterKey(Secret):
    """A key that goes into the query parameter ``api_key``."""

    def sign(self, request: httpx.Request) -> httpx.Request:
        """A copy of the request that holds the key."""
        return _copy(request, request.url.copy_set_param("api_key", self._value), {})


class Fetcher:
    """Fetches from ``HOSTS``. Safe to use from several threads.

    ``contact`` is the e-mail address told to the services, ``keys`` the key for each host, ``pace`` arXiv's.
    ``transport`` stands in for the network in tests; ``now`` is the wall clock and ``sleep`` takes seconds.
    """

    def __init__(
        self,
        *,
        pace: Pace,
        contact: str | None = None,
        keys: Mapping[str, Secret] | None = None,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._pace, self._now = pace, now
        self._keys = {host: key for host, key in (keys or {}).items() if key}
        product = f"srch/{__version__}"
        self._client = httpx.Client(
            transport=_Signing(transport or _network(), self._keys),
            timeout=httpx.Timeout(LONGEST_SILENCE_S, connect=10.0),
            # gzip alone: what other packings unfold to is harder to bound
            headers={
                "User-Agent": f"{product} (mailto:{contact})" if contact else product,
                "Accept-Encoding": "gzip",
            },
        )
        self._retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            retry=tenacity.retry_if_exception_type(Again),
            wait=_wait,
            sleep=sleep,
            reraise=True,
        )
        self._filter = _KeyFilter(tuple(self._keys.values()))
        for name in _TALKATIVE:
            logging.getLogger(name).addFilter(self._filter)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the connections."""
        self._client.close()
        for name in _TALKATIVE:
            logging.getLogger(name).removeFilter(self._filter)

    def get(
        self,
        url: str,
        params: Mapping[str, str | int] | None = None,
        *,
        accept: str,
        largest: int = LARGEST,
        check: Callable[[Fetched], None] | None = None,
    ) -> Fetched:
        """The answer to a GET request, at most ``largest`` bytes.

        ``check`` may raise ``Again`` to have the request sent again, or anything else, which goes through.

        Raises ``SourceError``: an address that is not fetched, no connection, a status other than 200, too large, too
        slow, redirected elsewhere. 408, 429, 5xx and broken connections are tried again up to ``TRIES`` times, with
        growing waits or as long as the service asks; one that asks for more than a minute is not waited for.
        """
        address = httpx.URL(url, params=dict(params)) if params else httpx.URL(url)
        try:
            fetched: Fetched = self._retrying(self._tried, address, accept, largest, check)
        except Again as failure:
            reason, unreached = f"{address.host} {failure}, {TRIES} times", failure.unreached
        else:
            return fetched
        raise SourceError(reason, unreached=unreached)

    def _tried(self, address: httpx.URL, accept: str, largest: int, check: Callable[[Fetched], None] | None) -> Fetched:
        for _ in range(MOST_REDIRECTS + 1):
            outcome = self._sent(_allowed(address), accept, largest)
            if isinstance(outcome, Fetched):
                if check:
                    check(outcome)
                return outcome
            address = outcome
        raise SourceError(f"{address.host} redirected us more than {MOST_REDIRECTS} times")

    def _sent(self, address: httpx.URL, accept: str, largest: int) -> Fetched | httpx.URL:
        """One request's answer, or where it redirects to. Raises ``Again`` or ``SourceError``, nothing of httpx."""
        failure: Exception
        try:
            with self._turn(address.host):
                ends = self._now() + LONGEST_CALL_S
                with self._client.stream("GET", address, headers={"Accept": accept}) as response:
                    reply = self._received(response, ends, largest)
        except httpx.TimeoutException:
            failure = Again(f"did not answer within {LONGEST_SILENCE_S:g} s")
        except httpx.ConnectError:
            failure = Again("cannot be reached", unreached=True)
        except httpx.HTTPError:
            failure = Again("broke off in the middle of an answer")
        except httpx.InvalidURL:
            failure = SourceError(f"{address.host} sends us to something that is no address")
        except UsageError as error:
            failure = SourceError(f"no turn for {address.host}: {error}")
        else:
            if len(reply.body) > largest:
                raise SourceError(f"{address.host} sent more than {largest:,} bytes")
            if self._now() > ends:
                raise Again(f"took longer than {LONGEST_CALL_S:g} s")
            return self._outcome(address, reply)
        raise failure  # here, not above: what httpx raised leads to the request and is not to hang on this

    def _turn(self, host: str) -> AbstractContextManager[Any]:
        return self._pace.turn() if host in ARXIV_HOSTS else nullcontext()

    def _received(self, response: httpx.Response, ends: float, largest: int) -> _Reply:
        """The answer up to the limits, without keys, which a service may send back."""
        body = bytearray()
        for piece in response.iter_bytes():
            body += piece
            if len(body) > largest or self._now() > ends:
                break
        hidden = bytes(body)
        for key in self._keys.values():
            hidden = key.hidden(hidden)
        told = {name: response.headers.get(name, "") for name in ("Content-Type", "Location", "Retry-After")}
        safe = {name: "" if self._holds_key(text) else text for name, text in told.items()}
        media_type = safe["Content-Type"].partition(";")[0].strip().lower()
        return _Reply(response.status_code, media_type, safe["Location"], safe["Retry-After"], hidden)

    def _holds_key(self, text: str) -> bool:
        return any(key.in_text(text) for key in self._keys.values())

    def _outcome(self, address: httpx.URL, reply: _Reply) -> Fetched | httpx.URL:
        host, status, body = address.host, reply.status, reply.body
        if status == 200:
            return Fetched(str(address), reply.media_type, body)
        if status in _REDIRECTS:
            try:
                return _allowed(address.join(reply.location))
            except (httpx.InvalidURL, SourceError):
                raise SourceError(f"{host} sends us elsewhere (status {status})", status) from None
        if status in (408, 429) or status >= 500:
            wait_s = _asked_wait(reply.retry_after, self._now())
            if wait_s is not None and wait_s > LONGEST_WAIT_S:
                reason = f"{host} asks us to come back in {wait_s:,.0f} s (status {status}{told(body)})"
                raise SourceError(reason, status, body)
            raise Again(f"answered with status {status}{told(body)}", wait_s)
        raise SourceError(f"{host} answered with status {status}{told(body)}", status, body)


@dataclass(frozen=True)
class _Reply:
    """What came back, without keys: status, three headers (empty where missing), body."""

    status: int
    media_type: str
    location: str
    retry_after: str
    body: bytes


class _Signing(httpx.BaseTransport):
    """Puts each key into the requests to its own host, below the client."""

    def __init__(self, inner: httpx.BaseTransport, keys: Mapping[str, Secret]) -> None:
        self._inner, self._keys = inner, keys

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        key = self._keys.get(request.url.host)
        return self._inner.handle_request(key.sign(request) if key else request)

    def close(self) -> None:
        self._inner.close()


class _KeyFilter(logging.Filter):
    """Drops a line of a log that holds a key, such as the headers of a service that sends it back."""

    def __init__(self, keys: tuple[Secret, ...]) -> None:
        super().__init__()
        self._keys = keys

    def filter(self, record: logging.LogRecord) -> bool:
        line = record.getMessage()
        return not any(key.in_text(line) for key in self._keys)


def one_line(text: str, limit: int) -> str:
    """The text on one printable line of at most ``limit`` characters."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def told(body: bytes) -> str:
    """What a service said about a failure, as ``": words"``; empty where it said nothing in JSON.

    OpenAlex sends ``error`` and ``message``; Semantic Scholar one of them.
    """
    try:
        value = loads_json(body, file="the answer")
    except Problems:
        return ""
    said = [value.get(name) for name in ("error", "message")] if isinstance(value, dict) else []
    words = one_line(", ".join(part for part in said if isinstance(part, str)), 200)
    return f": {words}" if words else ""


def _allowed(url: httpx.URL) -> httpx.URL:
    if url.scheme != "https" or url.host not in HOSTS or url.port not in (None, 443) or url.userinfo:
        raise SourceError(f"{url.scheme}://{url.host} is not fetched: not a known service over https")
    return url


def _copy(request: httpx.Request, url: httpx.URL, headers: Mapping[str, str]) -> httpx.Request:
    every = request.headers.copy()
    every.update(headers)
    return httpx.Request(request.method, url, headers=every, stream=request.stream, extensions=request.extensions)


def _network() -> httpx.BaseTransport:
    """The network, through the proxy of the environment; the client looks for one only where it has no transport."""
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    return httpx.HTTPTransport(proxy=f"http://{proxy}" if proxy and "://" not in proxy else proxy)


def _asked_wait(text: str, now: float) -> float | None:
    """Seconds of a ``Retry-After`` header (RFC 9110, 10.2.3: seconds, or a date), or ``None``."""
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.fromtimestamp(now, UTC)).total_seconds())


def _wait(state: tenacity.RetryCallState) -> float:
    """As long as the service asks, else 2, 4, 8, 16 seconds."""
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.wait_s if isinstance(failure, Again) else None
    return float(FIRST_WAIT_S * 2 ** (state.attempt_number - 1)) if asked is None else asked
