"""A key is sent to its own service and is seen nowhere else, whatever goes wrong."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from generator.kernel.ledger import Ledger
from generator.kernel.sources.cache import Cache
from generator.kernel.sources.search import Settings, SourceError, search_all, sources

KEYS = {
    "semantic-scholar": "s2/canary+key=7f3a9c-SemanticScholar",
    "openalex": "oa/canary+key=5d1e8b-OpenAlex",
}
SETTINGS = Settings.from_environment(
    {"SRCH_S2_KEY": KEYS["semantic-scholar"], "SRCH_OPENALEX_KEY": KEYS["openalex"], "SRCH_CONTACT": "ada@example.org"}
)


def forms() -> list[str]:
    found = []
    for key in KEYS.values():
        found += [key, quote(key, safe=""), base64.b64encode(key.encode()).decode()]
        found += [base64.urlsafe_b64encode(key.encode()).decode(), key[:16], quote(key, safe="")[:16]]
    return found


def seen(text: str) -> list[str]:
    return [form for form in forms() if form in text]


def echo() -> str:
    return json.dumps({"error": "bad key", "message": " ".join(forms()), "total": 1, "data": forms()})


def answers() -> dict[str, Any]:
    def reply(status: int, body: str | bytes = b"", **headers: str) -> Any:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        data = body.encode() if isinstance(body, str) else body
        return lambda request: httpx.Response(status, stream=httpx.ByteStream(data), headers=names)

    def fails(error: type[httpx.RequestError]) -> Any:
        def answer(request: httpx.Request) -> httpx.Response:
            raise error(f"{request.url} {request.headers}", request=request)

        return answer

    def elsewhere(request: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": f"https://evil.example.org/?k={request.url.query.decode()}"})

    def back(request: httpx.Request) -> httpx.Response:
        return httpx.Response(301, headers={"Location": str(request.url)})

    return {
        "401": reply(401, echo()),
        "403": reply(403, echo()),
        "404": reply(404, echo()),
        "400": reply(400, echo()),
        "429": reply(429, echo()),
        "429 for hours": reply(429, echo(), Retry_After="99999"),
        "500": reply(500, echo()),
        "timeout": fails(httpx.ReadTimeout),
        "no connection": fails(httpx.ConnectError),
        "broken off": fails(httpx.RemoteProtocolError),
        "redirect elsewhere": elsewhere,
        "redirect to itself": back,
        "broken JSON": reply(200, '{"total": ' + " ".join(forms())),
        "no page": reply(200, json.dumps(forms())),
        "too large": reply(200, (" ".join(forms()) * 1000).encode() + b" " * 10_000_000),
        "broken packing": reply(200, " ".join(forms()), Content_Encoding="gzip"),
        "headers": reply(404, "", Content_Type=forms()[0], Retry_After=forms()[1]),
    }


@pytest.mark.parametrize("case", list(answers()))
@pytest.mark.parametrize("name", list(KEYS))
def test_no_failure_shows_a_key(
    name: str, case: str, way: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    for logger in ("httpx", "httpcore", "httpcore.http11"):
        caplog.set_level(logging.DEBUG, logger)
    ledger = Ledger(folder=tmp_path / "run", cache=Cache(tmp_path / "cache", lambda: "2026-11-23"))
    with way(httpx.MockTransport(answers()[case]), SETTINGS) as fetch:
        (source,) = sources([name], SETTINGS, fetch)
        with pytest.raises(SourceError) as caught:
            source.search("street trees", 5, ledger.stage("search"))
    error = caught.value
    shown = [str(error), repr(error), repr(vars(error)), repr(fetch), repr(source), repr(SETTINGS)]
    whole = traceback.TracebackException.from_exception(error, capture_locals=True)
    shown += [line for line in whole.format() if "test_keys.py" not in line]
    shown += [record.getMessage() + repr(record.args) for record in caplog.records]
    assert seen("\n".join(shown)) == []
    assert error.__context__ is None or seen(repr(error.__context__)) == []
    for path in tmp_path.rglob("*"):
        assert not path.is_file() or seen(path.read_text(errors="replace") + path.name) == []
    assert str(error).isprintable()


def test_each_service_gets_its_own_key_and_what_it_sends_back_is_made_unreadable(
    way: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        echo = " ".join(forms())
        works = [{"id": "https://openalex.org/W1", "title": f"Trees {echo}"}]
        papers = [{"paperId": "a" * 40, "title": f"Trees {echo}"}]
        return httpx.Response(200, json={"meta": {"count": 1}, "results": works, "total": 1, "data": papers})

    ledger = Ledger(folder=tmp_path / "run", cache=Cache(tmp_path / "cache", lambda: "2026-11-23"))
    with way(httpx.MockTransport(answer), SETTINGS) as fetch:
        both = sources(list(KEYS), SETTINGS, fetch)
        rankings, failures = search_all(both, [{"id": "Q1", "text": "trees"}], 5, ledger.stage("search"))
    assert failures == []
    assert [len(ranking.papers) for ranking in rankings] == [1, 1]
    assert seen(repr(rankings)) == []
    by_host = {request.url.host: request for request in asked}
    s2, openalex = by_host["api.semanticscholar.org"], by_host["api.openalex.org"]
    assert s2.headers["x-api-key"] == KEYS["semantic-scholar"]
    assert openalex.url.params["api_key"] == KEYS["openalex"]
    assert "x-api-key" not in openalex.headers
    assert "api_key" not in s2.url.params
    logged = [record.getMessage() for record in caplog.records if record.name == "httpx"]
    assert any("https://api.openalex.org/works?search=trees" in line for line in logged), "requests are logged"
    assert seen("\n".join(record.getMessage() for record in caplog.records)) == []
    stored = [path for path in tmp_path.rglob("*.json") if "pace" not in path.parts]
    assert len(stored) == 4, "two answers, in the run's folder and in the cache"
    assert seen("".join(path.read_text() for path in stored)) == []


def test_a_redirect_takes_no_key_to_another_known_host(way: Any) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if request.url.host == "api.openalex.org":
            return httpx.Response(302, headers={"Location": "https://arxiv.org/works"})
        return httpx.Response(200, text="{}")

    way(httpx.MockTransport(answer), SETTINGS).get("https://api.openalex.org/works", accept="*/*")
    assert [request.url.host for request in asked] == ["api.openalex.org", "arxiv.org"]
    assert asked[0].url.params["api_key"] == KEYS["openalex"]
    assert seen(str(asked[1].url) + repr(asked[1].headers.raw)) == []


def test_a_log_line_of_the_library_that_holds_a_key_is_dropped(way: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    logger = logging.getLogger("httpcore.http11")
    with way(httpx.MockTransport(lambda _: httpx.Response(200)), SETTINGS):
        logger.debug("receive_response_headers.complete return_value=%r", [(b"X-Echo", KEYS["openalex"].encode())])
        logger.debug("receive_response_headers.complete return_value=%r", [(b"X-Echo", b"nothing")])
    assert [record.getMessage() for record in caplog.records if record.name == logger.name] == [
        "receive_response_headers.complete return_value=[(b'X-Echo', b'nothing')]"
    ]
    assert not any(isinstance(item, logging.Filter) for item in logger.filters), "and nothing stays behind"
