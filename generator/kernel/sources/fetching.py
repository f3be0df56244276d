"""The one way to scholarly services: known hosts over https, bounded in size and time, tried again where that helps.

Keys are put into a request below the HTTP client, on their way to the one host that they belong to. So nothing the
client keeps, logs or raises holds a key, and a redirect takes none along. What a service sends back of a key is made
unreadable before anyone sees the body. Addresses are built from checked identifiers; none comes from a record.

Each request has a connection of its own: arXiv allows one at a time, and one that is kept open outlives its turn.
"""

from __future__ import annotations

import logging
import re
import socket
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
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
LARGEST: Final = 10_000_000  # bytes of a body, unpacked and as it comes

_REDIRECTS: Final = (301, 302, 303, 307, 308)
_PACKINGS: Final = ("", "identity", "gzip")
# These loggers tell of addresses and of headers that came back; the others of httpcore tell of neither.
_TALKATIVE: Final = ("httpx", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


class SourceError(Exception):
    """A service gave nothing that can be used. ``str()`` is one printable line without any key.

    ``status`` is the HTTP status where there was one, ``body`` what came with it (without keys); ``unreached`` says
    that there was no connection at all.
    """

    def __init__(self, reason: str, status: int | None = None, body: bytes = b"", *, unreached: bool = False) -> None:
        super().__init__(one_line(reason, 400))
        self.status, self.body, self.unreached = status, body, unreached


class TooLarge(SourceError):
    """The answer is larger than was asked for; the next one would be too."""


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
    ``transport`` stands in for the network in tests; ``now`` is the wall clock and ``sleep`` takes seconds. Raises
    ``UsageError`` where the environment names a proxy that cannot be used.
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
            headers={
                "User-Agent": f"{product} (mailto:{contact})" if contact else product,
                "Accept-Encoding": "gzip",
                "Connection": "close",
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

        Raises ``SourceError``: an address that is not fetched, no connection, a status other than 200, too large
        (``TooLarge``), too slow, redirected elsewhere. 408, 429, 5xx and broken connections are tried again up to
        ``TRIES`` times, with growing waits, longer where the service asks for it; one that asks for more than a minute
        is not waited for.
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
        deadline = _Deadline(LONGEST_CALL_S)
        too_long = Again(f"took longer than {LONGEST_CALL_S:g} s")
        try:
            with self._turn(address.host):
                ends = self._now() + LONGEST_CALL_S
                asked = self._client.stream(
                    "GET", address, headers={"Accept": accept}, extensions={"trace": deadline.watch}
                )
                with deadline, asked as response:
                    reply = self._received(response, ends, largest)
        except httpx.TimeoutException:
            failure = too_long if deadline.passed else Again(f"did not answer within {LONGEST_SILENCE_S:g} s")
        except httpx.ConnectError:
            failure = Again("cannot be reached", unreached=True)
        except (httpx.HTTPError, zlib.error):
            failure = too_long if deadline.passed else Again("broke off in the middle of an answer")
        except httpx.InvalidURL:
            failure = SourceError(f"{address.host} sends us to something that is no address")
        except UsageError as error:
            failure = SourceError(f"no turn for {address.host}: {error}")
        else:
            if reply.too_large:
                raise TooLarge(f"{address.host} sent more than {largest:,} bytes")
            # an answer of unknown length that was cut looks whole
            if deadline.passed or self._now() > ends:
                raise too_long
            return self._outcome(address, reply)
        raise failure  # here, not above: what httpx raised leads to the request and is not to hang on this

    def _turn(self, host: str) -> AbstractContextManager[Any]:
        return self._pace.turn() if host in ARXIV_HOSTS else nullcontext()

    def _received(self, response: httpx.Response, ends: float, largest: int) -> _Reply:
        """The answer up to the limits, without keys, which a service may send back. Raises ``zlib.error``."""
        packing = response.headers.get("Content-Encoding", "").strip().lower()
        body = _Body(largest, gzip=packing == "gzip")
        # as it comes: httpx unfolds each piece whole, however large that is, and once for every packing named
        pieces = response.stream if packing in _PACKINGS else ()
        assert not isinstance(pieces, httpx.AsyncByteStream)
        for piece in pieces:
            body.add(piece)
            if body.too_large or self._now() > ends:
                break
        else:
            body.end()
        hidden = bytes(body.unpacked)
        for key in self._keys.values():
            hidden = key.hidden(hidden)
        told = {name: response.headers.get(name, "") for name in ("Content-Type", "Location", "Retry-After")}
        safe = {name: "" if self._holds_key(text) else text for name, text in told.items()}
        media_type = safe["Content-Type"].partition(";")[0].strip().lower()
        return _Reply(
            response.status_code,
            media_type,
            safe["Location"],
            safe["Retry-After"],
            hidden,
            body.too_large,
            packing in _PACKINGS,
        )

    def _holds_key(self, text: str) -> bool:
        return any(key.in_text(text) for key in self._keys.values())

    def _outcome(self, address: httpx.URL, reply: _Reply) -> Fetched | httpx.URL:
        host, status, body = address.host, reply.status, reply.body
        if status == 200:
            if not reply.readable:
                raise SourceError(f"{host} sent an answer in a packing that was not asked for")
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
    """What came back, without keys: status, three headers (empty where missing), body. ``readable`` is false where the
    body was left unread, as it came in a packing that nobody asked for."""

    status: int
    media_type: str
    location: str
    retry_after: str
    body: bytes
    too_large: bool
    readable: bool


class _Body:
    """A body as it comes in, unpacked no further than one byte above ``largest``."""

    def __init__(self, largest: int, *, gzip: bool) -> None:
        self.unpacked = bytearray()
        self._largest, self._received = largest, 0
        self._unpacker = _unpacker() if gzip else None

    @property
    def too_large(self) -> bool:
        return len(self.unpacked) > self._largest or self._received > self._largest

    def add(self, piece: bytes) -> None:
        """Take in the next bytes. Raises ``zlib.error``."""
        self._received += len(piece)
        if self._unpacker is None:
            self.unpacked += piece
            return
        while piece and not self.too_large:
            if self._unpacker.eof:
                self._unpacker = _unpacker()  # a file of several members, RFC 1952, 2.2
            self.unpacked += self._unpacker.decompress(piece, self._largest + 1 - len(self.unpacked))
            piece = self._unpacker.unused_data

    def end(self) -> None:
        """All is there. Raises ``zlib.error`` where that is less than a packed body."""
        if self._unpacker is not None and self._received and not self._unpacker.eof:
            raise zlib.error("cut short")


class _Deadline:
    """Shuts the connection of one request ``seconds`` after it began to connect, whatever is being waited for.

    httpx's own limits are for the silence between two bytes: headers that drip would hold it, and arXiv's turn, for
    ever. ``watch`` is httpcore's ``trace`` extension, which tells of connections.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._guard = threading.Lock()
        self._stream: Any = None
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def watch(self, event: str, info: Mapping[str, Any]) -> None:
        """Hear of what the request is at."""
        if event.endswith(".connect_tcp.started") and self._timer.ident is None:
            self._timer.start()
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._guard:
                self._stream = info["return_value"]
                if self.passed:
                    self._shut()

    def _pass(self) -> None:
        with self._guard:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        held = self._stream.get_extra_info("socket") if self._stream is not None else None
        if held is not None:
            with suppress(OSError):
                # the plain socket's: the one of ssl would take away what the waiting thread reads with
                socket.socket.shutdown(held, socket.SHUT_RDWR)


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


def _unpacker() -> zlib._Decompress:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # gzip and nothing else


def _network() -> httpx.BaseTransport:
    """The network, through the proxy of the environment; the client looks for one only where it has no transport.

    Raises ``UsageError`` where that proxy cannot be used.
    """
    proxies = getproxies()
    proxy = proxies.get("https") or proxies.get("all")
    with suppress(ImportError, ValueError, httpx.InvalidURL):
        return httpx.HTTPTransport(proxy=f"http://{proxy}" if proxy and "://" not in proxy else proxy)
    # outside: what was raised shows parts of the address, which may hold a password
    raise UsageError("the proxy that the environment names cannot be used")


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
    """2, 4, 8, 16 seconds, or as long as the service asks where that is more."""
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.wait_s if isinstance(failure, Again) else None
    return max(asked or 0.0, float(FIRST_WAIT_S * 2 ** (state.attempt_number - 1)))
