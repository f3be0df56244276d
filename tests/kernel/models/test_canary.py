"""A key that can be told from all else is looked for everywhere, after everything that can go wrong has."""

from __future__ import annotations

import base64
import json
import logging
import os
import traceback
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from generator.kernel.ledger import Ledger
from generator.kernel.models.asking import Prompt
from generator.kernel.models.chat import Chat
from generator.kernel.models.embeddings import Embeddings
from generator.kernel.models.errors import ModelError
from generator.kernel.models.preflight import look_at_chat, look_at_embeddings
from generator.kernel.models.settings import read_settings
from generator.manifest.problems import Problems, UsageError
from tests.tools.model_server import ModelServer, Reply, embeds, fails, says, script

CANARY = "nvapi-Q7~zK9_canary+0123/4567=89ABCdefGHI"


def writings() -> list[str]:
    """The key as it is, in base64 at each of the three places it can begin at, in an address, in JSON, and reversed
    out of none of them: what is looked for is any eight characters in a row."""
    key = CANARY.encode()
    encoded = [base64.b64encode(b"\0" * before + key).decode()[2 + before : -4] for before in range(3)]
    urlsafe = [text.translate(str.maketrans("+/", "-_")) for text in encoded]
    return [CANARY, *encoded, *urlsafe, quote(CANARY, safe=""), quote(CANARY), json.dumps(CANARY)[1:-1]]


PARTS = {text[at : at + 8] for text in writings() for at in range(len(text) - 7)}
ECHO = " ".join(
    [CANARY, quote(CANARY, safe=""), *(base64.b64encode(b"\0" * n + CANARY.encode()).decode() for n in range(3))]
)
HEADERS = {
    "X-Echo": f"Bearer {CANARY}",
    "Retry-After": CANARY,
    "NVCF-REQID": CANARY,
    "Location": f"http://127.0.0.1:9/{quote(CANARY, safe='')}",
    "X-Basic": base64.b64encode(f"key:{CANARY}".encode()).decode(),
}


def leaks(text: str) -> list[str]:
    return sorted(part for part in PARTS if part in text)


def told(call: Callable[[], Any]) -> str:
    """The result, or the error with all its causes, as the most talkative tool would print them."""
    try:
        return repr(call())
    except (ModelError, UsageError, Problems) as error:
        full = traceback.TracebackException.from_exception(error, capture_locals=True)
        return "".join(full.format()) + repr(error) + str(error) + repr(vars(error))


def echoing(reply: Reply) -> Reply:
    """The reply with the key in its reason phrase and its headers."""
    return replace(reply, headers={**HEADERS, **reply.headers}, reason=CANARY)


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(char):04x}" for char in text)


PATHS = {
    **{f"status {status}": fails(status, ECHO, ECHO) for status in (400, 401, 402, 403, 404, 408, 409, 410, 413, 418)},
    **{f"status {status}": fails(status, ECHO, ECHO) for status in (422, 429, 500, 502, 503)},
    "elsewhere": Reply(ECHO.encode(), 307),
    "later": Reply({"said": ECHO}, 202),
    "escaped": Reply(b'{"error": {"message": "' + escaped(CANARY).encode() + b'"}}', 400),
    "words": Reply({"error": ECHO}, 400),
    "detail": Reply({"detail": ECHO, "title": ECHO}, 404),
    "error in 200": Reply({"error": {"message": ECHO, "type": ECHO}}),
    "too long": fails(400, f"{ECHO} maximum context length", "context_length_exceeded"),
    "filtered": fails(400, ECHO, "content_filter"),
    "no JSON": Reply(ECHO.encode()),
    "no completion": Reply({"choices": ECHO, "data": ECHO}),
    "broken JSON": Reply(b'{"choices": "' + ECHO.encode()),
    "cut": Reply(ECHO.encode(), cut=9),
    "chunks": Reply(chunks=b"ffffffff\r\n" + ECHO.encode()),
    "wrong chunks": Reply(chunks=ECHO.encode() + b"\r\n"),
    "encoding": Reply(ECHO.encode(), headers={"Content-Encoding": "gzip"}),
    "large": Reply(ECHO.encode() + b" " * (17 * 1024 * 1024)),
    "slow": Reply(slow=True),
    "says it": says(ECHO),
    "says it in JSON": says({"answer": ECHO}),
    "says it escaped": says('{"answer": "' + escaped(CANARY) + '"}'),
    "cut short": says(ECHO, finish="length"),
    "withheld": says(ECHO, finish=ECHO),
    "null": says(None, refusal=ECHO),
    "usage": says({"answer": 1}, usage={"prompt_tokens": ECHO}),
    "embeddings": embeds([[1.0]], model=ECHO),
    "wrong embeddings": Reply({"data": [{"index": 0, "embedding": [ECHO]}]}),
    "zero embeddings": embeds([[0.0]], model=ECHO),
    "good": says({"answer": "fine"}),
}
PROMPT = Prompt("canary", "Look at {mark}.", {"type": "object", "properties": {"answer": {"const": "fine"}}})


class Running:
    """What a test asks with, without a variable that shows a key."""

    def __init__(self, server: ModelServer, folder: Path, *, timeout_s: float | None = None) -> None:
        sleep = server.sleeps.append
        self.chat = Chat(server.model(CANARY), sleep=sleep)
        self.embeddings = Embeddings(server.embedding_model(CANARY), sleep=sleep)
        if timeout_s is not None:
            for service in (self.chat.service, self.embeddings.service):
                service._client.timeout = httpx.Timeout(timeout_s)
        self.stage = Ledger(folder).stage("canary")

    def calls(self) -> list[Callable[[], Any]]:
        asker, embedder = self.chat.asker(self.stage), self.embeddings.embedder(self.stage)
        return [
            lambda: look_at_chat(self.chat),
            lambda: asker.ask(PROMPT, {"a": 1}),
            lambda: asker.ask(PROMPT, {"a": 2}),
            lambda: embedder.embed(["a"], kind="query"),
            lambda: look_at_embeddings(self.embeddings, self.stage),
        ]

    def close(self) -> None:
        self.chat.close()
        self.embeddings.close()


@pytest.mark.parametrize("polled", [False, True])
@pytest.mark.parametrize("path", PATHS)
def test_the_key_is_nowhere(path, polled, server, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    reply = echoing(PATHS[path])
    answered = server.later(*[reply] * 40) if polled else reply
    server.responder = server.embedder = lambda _: answered
    server.models = reply
    running = Running(server, tmp_path, timeout_s=0.05 if reply.slow else None)
    seen = [told(call) for call in running.calls()]
    seen += [repr(vars(running)), repr(vars(running.chat)), repr(vars(running.embeddings)), repr(running.chat.service)]
    running.close()
    printed = capfd.readouterr()
    seen += [caplog.text, *(repr(vars(record)) for record in caplog.records), printed.out, printed.err]
    seen += [file.read_text() for file in tmp_path.rglob("*") if file.is_file()]
    assert leaks("\n".join(seen)) == []
    # it was really asked with, and the talkative loggers really talked
    assert all(request.headers["Authorization"] == f"Bearer {CANARY}" for request in server.requests)
    assert {request.path for request in server.requests} >= {"/v1/models", "/v1/embeddings"}
    assert "send_request_headers.started" in caplog.text


def test_nobody_there(server, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    running = Running(server, tmp_path)
    for service in (running.chat.service, running.embeddings.service):
        object.__setattr__(service.model, "url", httpx.URL("http://127.0.0.1:9/v1"))
    seen = [told(call) for call in running.calls()]
    assert all("cannot be reached" in text for text in seen)
    assert leaks("\n".join(seen) + caplog.text) == []


@pytest.mark.parametrize(
    "text",
    [
        f'[model]\nkey = "{CANARY}',
        f'[model]\nkey = "{CANARY}"\nkey = "b"\n',
        f'[model]\nkey = "{CANARY} {CANARY}"\n',
        f'[model]\nkey = ["{CANARY}"]\n',
        f'[model]\nkey = "{CANARY}"\nurl = "http://{CANARY}@a/v1"\nname = 1\n',
        f'[model]\nurl = "http://a/{CANARY}"\nkey_env = "{CANARY}"\n',
        f'[model]\nkey = "{CANARY}"\nwrong = 1\n\xff',
        '[model]\nurl = "http://a"\nname = "\\u0000"\n',
        "\x00",
    ],
    ids=range(9),
)
def test_settings_do_not_tell_it(text, monkeypatch, tmp_path):
    (tmp_path / "srch.toml").write_text(text, encoding="latin-1")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SRCH_EMBEDDING_KEY", CANARY)
    monkeypatch.delenv("SRCH_MODEL_KEY", raising=False)
    seen = told(lambda: read_settings(os.environ, Path("srch.toml")))
    assert "Problems" in seen
    assert leaks(seen) == []
    monkeypatch.setenv("SRCH_MODEL_KEY", CANARY)
    monkeypatch.setenv("SRCH_MODEL_URL", f"http://{CANARY}@a/v1")
    seen = told(lambda: read_settings(os.environ, Path("srch.toml")))
    assert leaks(seen) == []


def test_the_test_sees_what_it_looks_for():
    assert leaks(f"Bearer {CANARY}")
    assert leaks(base64.b64encode(f"x{CANARY}".encode()).decode())
    assert leaks(repr({"url": quote(CANARY, safe="")}))
    assert not leaks("a text without it")
    assert "canary" in told(lambda: script({"a": "canary"})({}))
