"""The way to a service: one request, its limits, what every status means, and when to try again.

What goes wrong is a ``ModelError`` with one line. One call of a budget is one answer that is asked for, in whatever
forms and tries it takes (``MOST_POSTS`` requests at most).

A key is in one header of a request and nowhere else: what httpx raises or logs, a response's headers and its reason
phrase never leave this module, and a service that sends the key back finds stars in its place. So the functions here
return failures, and raise them only where no variable holds a response.
"""

from __future__ import annotations

import codecs
import ipaddress
import json
import logging
import re
import socket
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import tenacity

from generator.kernel.models.errors import ModelError
from generator.kernel.models.names import successor
from generator.kernel.models.secret import STARS, Secret
from generator.kernel.models.settings import Model
from generator.manifest.problems import Problems, UsageError, printable, shown
from generator.manifest.strict import loads_json

TRIES = 5  # for one request
TRIES_AT_NO_ANSWER = 2  # where a service answers, and with something else: it may charge for each
MOST_POSTS = 8  # for one answer, in all forms and tries together
LONGEST_WAIT_S = 60.0  # before one further try; a service that asks for more is not waited for
MOST_WAITED_S = 600.0  # for all requests to one service
LONGEST_CALL_S = 300.0  # from the connection to the last byte
LARGEST_RESPONSE = 1024 * 1024
POLLS = 60  # for an answer that the service gives later; at most five seconds apart
_POLL_S = 5.0

# NVIDIA's services answer 202 with this header where an answer takes long, and are then asked for it by its value: a
# UUID, at /v1/status/{id} beside the model's address, or on the older host at the second path.
# https://docs.api.nvidia.com/nim/reference (status polling), https://docs.api.nvidia.com/cloud-functions/reference
_LATER = "NVCF-REQID"
_UUID = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_OLDER_STATUS = "/v2/nvcf/pexec/status/"

_NO_LIST = (404, 405, 410, 501)
_REFUSED_FORM = (400, 422)
_TOO_LONG_STATUS = 413
# What OpenAI, llama.cpp, vLLM and NVIDIA's services say of a text that is too long for the model.
_TOO_LONG = re.compile(
    "context_length_exceeded|exceed_context_size|string_above_max_length|maximum context length|maximum model length"
    "|context (?:size|window)|too large to process|maximum allowed token size"
)
_WITHHELD = re.compile("content_filter|content_policy_violation")
_NO_CREDIT = "insufficient_quota"
# OpenAI's reasoning models want the second name for the first, other services know only the first.
_CAP, _NEWER_CAP = "max_tokens", "max_completion_tokens"
_UNKNOWN = {_NEWER_CAP, "unsupported", "unsupported_parameter", "supported", "unknown", "unrecognized", "extra"}
_LONGEST_READ = 2000  # characters of a refusal, for the names in it
_T = TypeVar("_T")
_LOGGERS = ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks")))


class Refused(ModelError):
    """The service did not take a request.

    ``text`` is true where it is this text that it does not take, as it is too long (``too_long``) or withheld; whatever
    else it refuses, it would refuse for every text. ``said`` are its words, with a colon before them; ``words`` are all
    that may be names of what it refuses, the likeliest first.
    """

    def __init__(
        self, reason: str, status: int, said: str, *, text: bool, too_long: bool, words: tuple[str, ...] = ()
    ) -> None:
        super().__init__(reason)
        self.status, self.said, self.text, self.too_long, self.words = status, said, text, too_long, words


class _Again(Exception):
    """A failure that may pass: why, and the seconds the service asked to wait."""

    def __init__(self, why: str, wait_s: float | None = None) -> None:
        super().__init__(why)
        self.wait_s = wait_s


class _NoAnswer(_Again):
    """All was well, and what came is nothing that can be used."""


@dataclass(frozen=True)
class _Response:
    """What of a response is used. ``data`` is without the key, and empty where it came ``packed``; ``later`` is the
    checked id of an answer to come."""

    status: int
    data: bytes
    packed: bool
    wait_s: float | None
    later: str | None


class Service:
    """One model of one service, for one run; safe to use from several threads.

    A service that does not know the model or the address (404), has ended the model (410) or knows no such key (401)
    is not asked again: later requests raise the same at once. ``sleep`` takes seconds, ``clock`` gives them. Raises
    ``UsageError`` where the environment names a proxy that cannot be used.
    """

    def __init__(
        self,
        model: Model,
        *,
        timeout_s: float = 120.0,
        parallel: int = 16,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.model = model
        self._timeout_s, self._sleep, self._clock = timeout_s, sleep, clock
        self._gone: str | None = None
        self._instead: dict[str, str | None] = {}  # the name that it takes for a field, None for no such field
        self._waited = 0.0
        self._guard = threading.Lock()
        self._places = threading.BoundedSemaphore(parallel)
        client = _client(model, timeout_s, transport)
        if client is None:
            raise UsageError("the proxy that the environment names cannot be used")
        self._client = client
        self._unhide = weakref.finalize(self, _unhide, _hide_in_logs(model.key))
        self._retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_Again),
            wait=_wait,
            sleep=self._wait_for,
            reraise=True,
        )

    def __repr__(self) -> str:
        return f"Service({self.model.name!r})"

    def close(self) -> None:
        self._client.close()
        self._unhide()

    def post_in_forms(
        self,
        path: str,
        request: Mapping[str, Any],
        forms: Sequence[Mapping[str, Any]],
        first: int = 0,
        *,
        what: str,
        sound: Callable[[dict[str, Any]], bool],
        largest: int = LARGEST_RESPONSE,
    ) -> tuple[int, dict[str, Any]]:
        """(the first of the forms, from ``first`` on, that the service takes; the JSON object it answers with).

        Services differ in what they know. A form is what a request holds beside ``request``. Where a refusal names one
        field of it, that field is left out from then on (see ``left_out``), or has its newer name, or, as it has many
        values, the next form with another value follows; a refusal that names none is followed by the next form.
        ``what`` names the object in messages, ``sound`` knows it, ``largest`` is the most bytes of a response. Raises
        ``Refused`` and other ``ModelError``.
        """
        left, form, instead = MOST_POSTS, first, self._instead
        while True:
            sent = _renamed(forms[form], instead)
            content = json.dumps({**request, **sent}).encode("ascii")

            def once(content: bytes = content) -> dict[str, Any]:
                nonlocal left
                left -= 1
                return self._posted(path, content, what, sound, largest)

            try:
                body = self._tried(once, min(TRIES, left))
            except Refused as refused:
                form, instead = _next_form(forms, form, instead, refused.words)
                if refused.text or refused.status not in _REFUSED_FORM or form == len(forms) or not left:
                    raise
            else:
                with self._guard:
                    self._instead = {**self._instead, **instead}
                return form, body

    @property
    def left_out(self) -> frozenset[str]:
        """The fields that the service does not take: requests go without them."""
        return frozenset(name for name, other in self._instead.items() if other is None)

    def models(self) -> tuple[str, ...] | None:
        """The names that the service lists, ``None`` where it lists none. Raises ``ModelError``."""
        return self._tried(self._listed)

    def failed(self, what: str) -> str:
        """One line about the service, with its address and without the key."""
        url = self.model.url
        where = "the model service" if self.model.key.in_text(str(url)) else f"the model service at {url}"
        return f"{where} {what}"

    def _tried(self, once: Callable[[], _T], most: int = TRIES) -> _T:
        if self._gone is not None:
            raise ModelError(self._gone)
        no_answers = 0

        def enough(state: tenacity.RetryCallState) -> bool:
            nonlocal no_answers
            no_answers += bool(state.outcome and isinstance(state.outcome.exception(), _NoAnswer))
            tried = state.attempt_number >= most or no_answers >= TRIES_AT_NO_ANSWER
            return tried or self._waited + state.upcoming_sleep > MOST_WAITED_S

        retrying = self._retrying.copy(stop=enough)
        try:
            return retrying(once)
        except _Again as failure:
            tries = int(retrying.statistics["attempt_number"])
            reason = self.failed(f"{failure}, {tries} times" if tries > 1 else str(failure))
        raise ModelError(reason)

    def _wait_for(self, seconds: float) -> None:
        with self._guard:
            self._waited += seconds
        self._sleep(seconds)

    def _posted(
        self, path: str, content: bytes, what: str, sound: Callable[[dict[str, Any]], bool], largest: int
    ) -> dict[str, Any]:
        """One request and the wait for its answer. Raises ``_Again`` and ``ModelError``."""
        response = self._exchanged("POST", self._address(path), content, largest)
        if isinstance(response, _Response) and response.status == 202:
            response = self._polled(response, largest)
        if not isinstance(response, _Response):
            raise response
        body = self._body(response)
        error = self._unusable(response, body, path)
        if error is not None:
            raise error
        if not isinstance(body, dict) or not sound(body):
            raise _NoAnswer(f"answered with something that is no {what}")
        return body

    def _listed(self) -> tuple[str, ...] | None:
        response = self._exchanged("GET", self._address("/models"), b"", LARGEST_RESPONSE)
        if not isinstance(response, _Response):
            raise response
        if response.status in _NO_LIST:
            return None
        body = self._body(response)
        error = self._unusable(response, body, "/models")
        if error is not None:
            raise error
        models = body.get("data") if isinstance(body, dict) else None
        names = [model.get("id") for model in models if isinstance(model, dict)] if isinstance(models, list) else []
        return tuple(name for name in names if isinstance(name, str) and name) or None

    def _address(self, path: str) -> httpx.URL:
        url = self.model.url
        return url.copy_with(path=f"{url.path.rstrip('/')}{path}")

    def _exchanged(self, method: str, url: httpx.URL, content: bytes, largest: int) -> _Response | Exception:
        """One exchange, or why there was none. Nothing of httpx leaves: it leads to the header with the key."""
        too_slow = _Again(f"took longer than {LONGEST_CALL_S:g} s for one answer")
        with self._places, _Deadline(LONGEST_CALL_S) as deadline:
            ends = self._clock() + LONGEST_CALL_S
            data = bytearray()
            try:
                with self._client.stream(
                    method, url, content=content, extensions={"trace": deadline.watch}
                ) as response:
                    status, headers = response.status_code, response.headers
                    # what a packed answer unfolds to has no limit, and none was asked for
                    packed = headers.get("Content-Encoding", "").strip().lower() not in ("", "identity")
                    for piece in () if packed else response.iter_bytes():
                        data += piece
                        if len(data) > largest or self._clock() > ends:
                            break
            except httpx.HTTPError as error:
                return too_slow if deadline.passed else self._broken(error)
            if len(data) > largest:
                return ModelError(self.failed(f"sent more than {largest} bytes for one answer"))
            if deadline.passed or self._clock() > ends:
                return too_slow
            later = _UUID.fullmatch(headers.get(_LATER, ""))
            return _Response(
                status,
                self.model.key.hidden(bytes(data)),
                packed,
                _asked_wait(headers.get("Retry-After", "")),
                later[0] if later else None,
            )

    def _broken(self, error: httpx.HTTPError) -> Exception:
        """A failure in our words, which does not lead to that of httpx."""
        if isinstance(error, httpx.TimeoutException):
            return _Again(f"did not answer within {self._timeout_s:g} s")
        if isinstance(error, httpx.ConnectError):
            return ModelError(self.failed("cannot be reached"))
        return _Again("broke off in the middle of an answer")

    def _polled(self, response: _Response, largest: int) -> _Response | Exception:
        """The answer that the service promised, asked for until it is there, on the same host."""
        if response.later is None:
            return ModelError(self.failed(f"answers later (status 202) and does not say under which {_LATER}"))
        url = self._address(f"/status/{response.later}")
        older = self.model.url.copy_with(path=f"{_OLDER_STATUS}{response.later}")
        ends = self._clock() + LONGEST_CALL_S
        for poll in range(POLLS):
            self._sleep(min(_POLL_S, 2.0**poll))
            found = self._exchanged("GET", url, b"", largest)
            if isinstance(found, _Response) and found.status == 404 and url != older:
                url = older
                found = self._exchanged("GET", url, b"", largest)
            if not isinstance(found, _Response):
                return found
            if found.status == 404:
                return ModelError(self.failed("took a request for later and then did not know it (status 404)"))
            if found.status != 202:
                return found
            if self._clock() > ends:
                break
        return ModelError(self.failed("took a request for later and did not answer it in time (status 202)"))

    def _unusable(self, response: _Response, body: Any, path: str) -> Exception | None:
        """What the status says, where it is not that all is well; a few services put an error under status 200."""
        status = response.status
        error = _error(body) if status != 200 or (isinstance(body, dict) and "error" in body) else {}
        told = " ".join(str(error.get(name)) for name in ("code", "type", "message"))
        if status == _TOO_LONG_STATUS or (error and _TOO_LONG.search(told)):
            return self._refused(status, error, "did not take this text", text=True, too_long=True)
        if status == 429 and _NO_CREDIT in (error.get("code"), error.get("type")):
            return self._refused(status, error, "refused the request", text=False, too_long=False)
        if status in (408, 409, 429) or status >= 500:
            if response.wait_s is not None and response.wait_s > LONGEST_WAIT_S:
                asked = f"asks us to come back in {response.wait_s:,.0f} s (status {status}{self._said(error)})"
                return ModelError(self.failed(asked))
            return _Again(f"answered with status {status}", response.wait_s)
        if status in (401, 403):
            hint = f"is {self.model.places.key} right?" if self.model.key else f"set {self.model.places.key}"
            failure = self.failed(f"does not let us in (status {status}); {hint}")
            return self._never_again(failure) if status == 401 else ModelError(failure)
        if status == 404:
            hint = (
                f"is {self.model.places.name} right ({shown(self.model.name)}){successor(self.model.name)}, "
                f"and does {self.model.places.url} end before {path}?"
            )
            return self._never_again(
                self.failed(f"knows no such model or address (status 404{self._said(error)}); {hint}")
            )
        if status == 410:
            hint = f"name another in {self.model.places.name}{successor(self.model.name)}"
            ended = f"no longer offers the model {shown(self.model.name)} (status 410{self._said(error)})"
            return self._never_again(self.failed(f"{ended}; {hint}"))
        if 300 <= status < 400:
            hint = f"give the final address in {self.model.places.url}"
            return ModelError(self.failed(f"sends us elsewhere (status {status}); {hint}"))
        if status == 202:
            return ModelError(self.failed("is not there yet: it would answer later (status 202)"))
        if status == 200 and response.packed:
            return ModelError(self.failed("sent a packed answer (Content-Encoding), and we take none"))
        if status != 200 and _WITHHELD.search(told):
            return self._refused(status, error, "did not take this text", text=True, too_long=False)
        if status != 200 or error:
            return self._refused(status, error, "refused the request", text=False, too_long=False)
        return None

    def _never_again(self, failure: str) -> ModelError:
        self._gone = failure
        return ModelError(failure)

    def _refused(self, status: int, error: Mapping[str, Any], what: str, *, text: bool, too_long: bool) -> Refused:
        said = self._said(error)
        why = ": it is too long for the model" if too_long else said
        form = f"{what} (status {status}){why}" if text else f"{what} with status {status}{why}"
        return Refused(self.failed(form), status, said, text=text, too_long=too_long, words=_words(error))

    def _said(self, error: Mapping[str, Any]) -> str:
        """What the service said about a failure, where it said so in words and without the key."""
        said = error.get("message")
        if not isinstance(said, str) or not said.strip() or self.model.key.in_text(said) or STARS in said:
            return ""
        return f": {line(said, 200)}"

    def _body(self, response: _Response) -> Any:
        """The response's JSON value without the key, which may be written with escapes; ``None`` where it is none."""
        try:
            body = loads_json(response.data.removeprefix(codecs.BOM_UTF8), file="the answer")
            if b"\\" not in response.data or not body:
                return body
            return loads_json(self.model.key.hidden(json.dumps(body, ensure_ascii=False).encode()), file="the answer")
        except Problems:
            return None


class _Deadline:
    """Ends an exchange after so many seconds, wherever it is: a limit for each read alone never ends a service that
    sends a byte now and then.

    A timer's thread shuts the connection; ``watch`` gets to know it, as httpcore's extension ``trace``.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._socket: socket.socket | None = None
        self._guard = threading.Lock()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._timer.cancel()

    def watch(self, event: str, told: Mapping[str, Any]) -> None:
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._guard:
                self._socket = told["return_value"].get_extra_info("socket")
                if self.passed:
                    self._shut()

    def _end(self) -> None:
        with self._guard:
            self.passed = True
            self._shut()

    def _shut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):  # it may have come to an end by itself
                # that of SSLSocket would take its parts from under the thread that reads
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _client(model: Model, timeout_s: float, transport: httpx.BaseTransport | None) -> httpx.Client | None:
    """``None`` where the environment names a proxy that cannot be used. What is raised then may hold its password."""
    try:
        return httpx.Client(
            timeout=httpx.Timeout(timeout_s, connect=min(10.0, timeout_s)),
            # each exchange has a connection of its own, which its deadline may shut
            limits=httpx.Limits(max_keepalive_connections=0),
            # a proxy of the environment could not reach a service on this machine
            trust_env=not _on_this_machine(model.url.host),
            follow_redirects=False,
            transport=transport,
            auth=model.key.sign,
            headers={
                "User-Agent": "srch",
                "Content-Type": "application/json",
                "Accept": "application/json",
                "Accept-Encoding": "identity",
            },
        )
    except (ImportError, ValueError, httpx.InvalidURL):
        return None


def _renamed(form: Mapping[str, Any], instead: Mapping[str, str | None]) -> dict[str, Any]:
    """The form with the fields that a service takes."""
    names = {name: instead.get(name, name) for name in form}
    return {other: form[name] for name, other in names.items() if other is not None}


def _next_form(
    forms: Sequence[Mapping[str, Any]], form: int, instead: dict[str, str | None], words: Sequence[str]
) -> tuple[int, dict[str, str | None]]:
    """(the form to try after a refusal with these words, the names of fields in it); ``len(forms)`` for none.

    The most tokens of an answer are always told: their field may get its newer name, and is never left out. A service
    that takes the field, and only not so many tokens, is not asked again: it may know the other name as none.
    """
    sent = _renamed(forms[form], instead)
    named = next((word for word in words if word in sent), None)
    if named == _CAP and _UNKNOWN.intersection(words):
        return form, {**instead, _CAP: _NEWER_CAP}
    if named in (_CAP, _NEWER_CAP):
        return len(forms), instead
    if named is not None and not isinstance(sent[named], Mapping):
        return form, {**instead, named: None}
    for later in range(form + 1, len(forms)):
        other = _renamed(forms[later], instead)
        if other != sent and (named is None or other.get(named) != sent[named]):
            return later, instead
    return len(forms), instead


def _words(error: Mapping[str, Any]) -> tuple[str, ...]:
    """The words of an error, and before them what may be names of fields: OpenAI tells one as ``param``, FastAPI tells
    places as lists ``loc``."""
    told = error.get("message")
    if isinstance(told, dict):
        told = told.get("detail")
    faults = [item for item in told if isinstance(item, dict)] if isinstance(told, list) else []
    places, prose = [item.get("loc") for item in faults], [item.get("msg") for item in faults] or told
    text = f"{error.get('param')} {places} {error.get('code')} {prose}"
    return tuple(re.findall("[a-z_]+", text[:_LONGEST_READ].lower()))


def line(text: str, limit: int) -> str:
    """The text on one printable line of at most ``limit`` characters."""
    flat = printable(" ".join(text.split()))
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def _error(body: Any) -> dict[str, Any]:
    """The error that a body tells of: in an object ``error``, a text ``error`` or, as RFC 9457 has it, at the top."""
    if not isinstance(body, dict):
        return {}
    error = body.get("error", body)
    if not isinstance(error, dict):
        return {"message": error} if error else {}
    return error if "message" in error else {**error, "message": error.get("detail")}


def _on_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _asked_wait(text: str) -> float | None:
    """Seconds of a ``Retry-After`` header (RFC 9110: seconds, or a date), or ``None``."""
    if re.fullmatch("[0-9]{1,9}", text.strip()):
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return None


def _wait(state: tenacity.RetryCallState) -> float:
    """1, 2, 4, 8 seconds, or longer where the service asks for it."""
    failure = state.outcome.exception() if state.outcome else None
    asked = failure.wait_s if isinstance(failure, _Again) else None
    return max(asked or 0.0, 2.0 ** (state.attempt_number - 1))


class _WithoutKey(logging.Filter):
    """Takes a line out of the log that holds the key: httpcore writes every header of a response to its own."""

    def __init__(self, key: Secret) -> None:
        super().__init__()
        self._key = key

    def filter(self, record: logging.LogRecord) -> bool:
        if self._key and self._key.in_text(record.getMessage()):
            record.msg, record.args = "(a line that holds the key)", ()
        return True


def _hide_in_logs(key: Secret) -> _WithoutKey:
    without = _WithoutKey(key)
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(without)
    return without


def _unhide(without: _WithoutKey) -> None:
    for name in _LOGGERS:
        logging.getLogger(name).removeFilter(without)
