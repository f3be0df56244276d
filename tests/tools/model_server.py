"""A model service for tests: a real HTTP server on this machine that speaks the OpenAI-compatible protocol by a script.

::

    with ModelServer(lambda asked: {"claims": []}) as server:
        chat = Chat(server.model(), sleep=server.sleeps.append)
        ...
    assert data_of(server.chats[0])["question"] == "..."

The responder gets the body of each chat request and returns a ``Reply``, or the JSON value (or text) that the model is
to say. It may be called from several threads. Nothing here waits, except for a ``Reply`` that is slow or drips.
"""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import httpx

from generator.kernel.models.secret import Secret
from generator.kernel.models.settings import CHAT, EMBEDDING, Model

CHAT_MODEL = "maker/chat-8b"
EMBEDDING_MODEL = "maker/embed-1b"


@dataclass(frozen=True)
class Reply:
    """What the service does with one request: bytes are sent as they are, any other body as JSON."""

    body: object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    cut: int = 0  # so many bytes at the end are promised and not sent
    chunks: bytes | None = None  # sent as the body of a chunked response, right or wrong
    slow: bool = False  # nothing is sent before the server ends
    drips: bool = False  # a header is sent byte by byte until the server ends

    @property
    def data(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Request:
    """One request as it came. ``body`` is ``{}`` for a GET."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]


Responder = Callable[[dict[str, Any]], Any]


def says(content: object, *, finish: str | None = "stop", usage: object = None, **message: Any) -> Reply:
    """A chat completion whose message is the text, or the value as JSON."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    choice = {"index": 0, "message": {"role": "assistant", "content": text, **message}, "finish_reason": finish}
    counted = {"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120} if usage is None else usage
    return Reply({"id": "1", "object": "chat.completion", "model": CHAT_MODEL, "choices": [choice], "usage": counted})


def fails(status: int, message: object = None, code: object = None, *, kind: str = "error", **headers: str) -> Reply:
    """A failure as OpenAI words it; ``Retry_After="7"`` becomes a header."""
    body = {"error": {"message": message, "type": kind, "code": code}} if message else {}
    return Reply(body, status, {name.replace("_", "-"): value for name, value in headers.items()})


def embeds(vectors: Iterable[Sequence[float]], **body: Any) -> Reply:
    """A list of embeddings."""
    data = [{"object": "embedding", "index": at, "embedding": list(vector)} for at, vector in enumerate(vectors)]
    return Reply({"object": "list", "data": data, "model": EMBEDDING_MODEL, "usage": {"prompt_tokens": 7}, **body})


def by_words(text: str, width: int = 48) -> list[float]:
    """A vector that is near those of texts with the same words."""
    vector = [0.0] * width
    for word in text.casefold().split():
        vector[int(hashlib.sha256(word.strip(".,;:?!").encode()).hexdigest(), 16) % width] += 1.0
    return [part / math.hypot(*vector) for part in vector]


def data_of(asked: Mapping[str, Any]) -> Any:
    """The data inside the fence of a chat request's body."""
    first, data, last = asked["messages"][1]["content"].split("\n")
    assert last == first.replace("<", "</", 1)
    return json.loads(data)


def prompt_of(asked: Mapping[str, Any]) -> str | None:
    """The name of the prompt that a chat request's body carries with its form."""
    name = asked.get("response_format", {}).get("json_schema", {}).get("name")
    return None if name is None else str(name)


def script(*replies: Any) -> Responder:
    """Answers in order, the last one again and again."""
    left = list(replies)
    guard = threading.Lock()

    def respond(_: dict[str, Any]) -> Any:
        with guard:
            return left.pop(0) if len(left) > 1 else left[0]

    return respond


class ModelServer:
    """The server, while it is entered. ``requests`` holds what it was asked, in the order of arrival.

    ``responder`` answers chats, ``embedder`` gets the body of a request for embeddings and returns a ``Reply`` or the
    vectors; ``models`` are the names listed, or a ``Reply``. ``later`` promises an answer, as NVIDIA's service does.
    """

    def __init__(
        self,
        responder: Responder | None = None,
        *,
        embedder: Callable[[dict[str, Any]], Any] | None = None,
        models: Sequence[str] | Reply = (CHAT_MODEL, EMBEDDING_MODEL),
        older_status: bool = False,
    ) -> None:
        self.responder = responder or script({})
        self.embedder = embedder or (lambda asked: [by_words(text) for text in asked["input"]])
        self.models = models
        self.status_path = "/v2/nvcf/pexec/status/" if older_status else "/v1/status/"
        self.requests: list[Request] = []
        self.sleeps: list[float] = []  # for a client's ``sleep``
        self._promised: dict[str, list[Reply]] = {}
        self._ended = threading.Event()
        self._guard = threading.Lock()
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        assert self._server is not None, "the server is not entered"
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    @property
    def chats(self) -> list[dict[str, Any]]:
        """The bodies of the chat requests."""
        return [request.body for request in self.requests if request.path.endswith("/chat/completions")]

    @property
    def embeddings(self) -> list[dict[str, Any]]:
        """The bodies of the requests for embeddings."""
        return [request.body for request in self.requests if request.path.endswith("/embeddings")]

    def model(self, key: str = "", name: str = CHAT_MODEL) -> Model:
        return Model(httpx.URL(self.url), name, Secret(key), CHAT)

    def embedding_model(self, key: str = "", name: str = EMBEDDING_MODEL) -> Model:
        return Model(httpx.URL(self.url), name, Secret(key), EMBEDDING)

    def environment(self, key: str = "") -> dict[str, str]:
        """The variables that name both models of this server."""
        given = {"SRCH_MODEL_URL": self.url, "SRCH_MODEL_NAME": CHAT_MODEL, "SRCH_EMBEDDING_NAME": EMBEDDING_MODEL}
        return {**given, "SRCH_MODEL_KEY": key} if key else given

    def later(self, *replies: Reply, identity: str | None = None) -> Reply:
        """A 202 whose answers are polled for: each poll gets the next reply, and after the last one a 404."""
        with self._guard:
            identity = identity or f"00000000-0000-4000-8000-{len(self._promised):012d}"
            self._promised[identity] = list(replies)
        return Reply({}, 202, {"NVCF-REQID": identity, "NVCF-STATUS": "pending-evaluation"})

    def answer(self, request: Request) -> Reply:
        if request.path == "/v1/models" and request.method == "GET":
            if isinstance(self.models, Reply):
                return self.models
            listed = [{"id": name, "object": "model", "owned_by": "maker"} for name in self.models]
            return Reply({"object": "list", "data": listed})
        if request.path == "/v1/chat/completions" and request.method == "POST":
            said = self.responder(request.body)
            return said if isinstance(said, Reply) else says(said)
        if request.path == "/v1/embeddings" and request.method == "POST":
            vectors = self.embedder(request.body)
            return vectors if isinstance(vectors, Reply) else embeds(vectors)
        if request.path.startswith(self.status_path) and request.method == "GET":
            with self._guard:
                left = self._promised.get(request.path.removeprefix(self.status_path), [])
                return left.pop(0) if left else Reply({"status": 404, "title": "Not Found"}, 404)
        return Reply({"error": {"message": "no such path"}}, 404)

    def __enter__(self) -> ModelServer:
        told = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # a response goes out in two pieces

            def do_GET(self) -> None:
                self.respond({})

            def do_POST(self) -> None:
                self.respond(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

            def respond(self, body: dict[str, Any]) -> None:
                request = Request(self.command, self.path, dict(self.headers), body)
                told.requests.append(request)
                reply = told.answer(request)
                if reply.slow:
                    told._ended.wait(30)
                    self.close_connection = True
                    return
                if reply.drips:
                    self.close_connection = True
                    self.drip()
                    return
                self.send_response(reply.status, reply.reason)
                for name, value in {"Content-Type": "application/json", **reply.headers}.items():
                    self.send_header(name, value)
                if reply.chunks is not None:
                    self.send_header("Transfer-Encoding", "chunked")
                else:
                    self.send_header("Content-Length", str(len(reply.data)))
                self.end_headers()
                self.wfile.write(reply.data[: len(reply.data) - reply.cut] if reply.chunks is None else reply.chunks)
                self.close_connection = reply.cut > 0 or reply.chunks is not None

            def drip(self) -> None:
                with suppress(OSError):  # the client had enough
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not told._ended.wait(0.005):
                        self.wfile.write(b"a")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._ended.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
