"""The way to the services: which hosts, how much, how long, how often, and what is said when it fails."""

from __future__ import annotations

import gzip
import socket
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from recordings import Clock, Recordings

from generator.kernel.sources import fetching
from generator.kernel.sources.fetching import Again, Fetched, SourceError, TooLarge, _Body, told
from generator.kernel.sources.search import Settings, fetcher
from generator.manifest.problems import UsageError

S2 = "https://api.semanticscholar.org/graph/v1/paper/search"


def refusal(fetch: Any, url: str = S2, **options: Any) -> SourceError:
    with pytest.raises(SourceError) as caught:
        fetch.get(url, accept="application/json", **options)
    assert str(caught.value).isprintable()
    assert caught.value.__cause__ is None
    return caught.value


def test_the_request_says_who_asks(way: Any) -> None:
    with Recordings().add(S2, "{}", params={"query": "a b"}, headers={"Content-Type": "Application/JSON; x=y"}) as net:
        fetch = way(net, Settings(contact="ada@example.org"))
        fetched = fetch.get(S2, {"query": "a b"}, accept="application/json")
    assert fetched == Fetched(f"{S2}?query=a+b", "application/json", b"{}")
    (request,) = net.requests
    assert request.headers["User-Agent"].startswith("srch/")
    assert request.headers["User-Agent"].endswith(" (mailto:ada@example.org)")
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Connection"] == "close", "one that is kept open would outlive its turn"
    assert "x-api-key" not in request.headers


@pytest.mark.parametrize(
    "url",
    [
        "http://api.openalex.org/works",
        "https://example.org/",
        "https://api.openalex.org.example.org/",
        "https://api.openalex.org:8443/works",
        "https://ada@api.openalex.org/works",
        "https://127.0.0.1/",
        "file:///etc/passwd",
    ],
)
def test_other_places_are_never_asked(way: Any, url: str) -> None:
    assert "is not fetched: not a known service over https" in str(refusal(way(Recordings()), url))


def test_redirects_stay_among_the_known_hosts(way: Any) -> None:
    with Recordings() as net:
        net.add("https://arxiv.org/abs/1", status=301, headers={"Location": "https://www.arxiv.org/abs/1"})
        net.add("https://www.arxiv.org/abs/1", status=302, headers={"Location": "/abs/1v1"})
        net.add("https://www.arxiv.org/abs/1v1", "there")
        assert way(net).get("https://arxiv.org/abs/1", accept="*/*").url == "https://www.arxiv.org/abs/1v1"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("https://example.org/", "sends us elsewhere (status 302)"),
        ("http://arxiv.org/abs/1", "sends us elsewhere (status 302)"),
        ("//example.org", "sends us elsewhere (status 302)"),
        ("https://[", "sends us elsewhere (status 302)"),
        ("javascript:x", "sends us to something that is no address"),
    ],
)
def test_a_redirect_elsewhere_is_refused(way: Any, location: str, reason: str) -> None:
    with Recordings().add("https://arxiv.org/abs/1", status=302, headers={"Location": location}) as net:
        assert str(refusal(way(net), "https://arxiv.org/abs/1")) == f"arxiv.org {reason}"


def test_redirects_end(way: Any) -> None:
    with Recordings() as net:
        for _ in range(4):
            net.add("https://arxiv.org/abs/1", status=302, headers={"Location": "/abs/1"})
        assert str(refusal(way(net), "https://arxiv.org/abs/1")) == "arxiv.org redirected us more than 3 times"


def test_what_may_pass_is_tried_again_with_growing_waits(way: Any, clock: Clock) -> None:
    with Recordings() as net:
        net.add(S2, '{"message": "Too Many Requests", "code": "429"}', 429)
        net.add(S2, httpx.ConnectError("refused")).add(S2, httpx.ReadTimeout("slow")).add(S2, "gone", 500)
        net.add(S2, "{}")
        assert way(net).get(S2, accept="*/*").body == b"{}"
    assert clock.slept == [2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize(
    ("answer", "status", "reason"),
    [
        (b"", 503, "answered with status 503"),
        (b'{"message": "Too Many Requests"}', 429, "answered with status 429: Too Many Requests"),
        (httpx.ConnectError("x"), 0, "cannot be reached"),
        (httpx.ReadTimeout("x"), 0, "did not answer within 30 s"),
        (httpx.RemoteProtocolError("x"), 0, "broke off in the middle of an answer"),
    ],
)
def test_after_the_last_try_the_reason_is_told(way: Any, answer: Any, status: int, reason: str) -> None:
    with Recordings() as net:
        for _ in range(fetching.TRIES):
            net.add(S2, answer, status)
        assert str(refusal(way(net))) == f"api.semanticscholar.org {reason}, 5 times"


@pytest.mark.parametrize("form", ["seconds", "date"])
def test_the_service_says_how_long_to_wait(way: Any, clock: Clock, form: str) -> None:
    later = format_datetime(datetime.fromtimestamp(clock.now(), UTC) + timedelta(seconds=37), usegmt=True)
    with Recordings() as net:
        net.add(S2, "", 503, headers={"Retry-After": "37" if form == "seconds" else later}).add(S2, "{}")
        way(net).get(S2, accept="*/*")
    assert clock.slept == [37.0]


def test_a_service_that_asks_for_hours_is_not_waited_for(way: Any, clock: Clock) -> None:
    with Recordings().add(S2, '{"error": "Budget spent"}', 429, headers={"Retry-After": "40000"}) as net:
        error = refusal(way(net))
    assert str(error) == ("api.semanticscholar.org asks us to come back in 40,000 s (status 429: Budget spent)")
    assert error.status == 429
    assert clock.slept == []


@pytest.mark.parametrize("retry_after", ["0", "1", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_short_wait_does_not_take_the_growing_ones_away(way: Any, clock: Clock, retry_after: str) -> None:
    with Recordings() as net:
        for _ in range(3):
            net.add(S2, "", 429, headers={"Retry-After": retry_after})
        way(net.add(S2, "{}")).get(S2, accept="*/*")
    assert clock.slept == [2.0, 4.0, 8.0]


@pytest.mark.parametrize("retry_after", ["-5", "soon", "1e3", "Mon, 99 Nov 2026"])
def test_a_wait_that_cannot_be_read_is_not_kept(way: Any, clock: Clock, retry_after: str) -> None:
    with Recordings() as net:
        net.add(S2, "", 503, headers={"Retry-After": retry_after}).add(S2, "{}")
        way(net).get(S2, accept="*/*")
    assert clock.slept == [2.0]


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_other_statuses_are_final(way: Any, status: int) -> None:
    with Recordings().add(S2, '{"error": "No\\nsuch\\u001b thing"}', status) as net:
        error = refusal(way(net))
    assert str(error) == f"api.semanticscholar.org answered with status {status}: No such\\u001b thing"
    assert error.status == status


def test_a_body_has_an_end(way: Any) -> None:
    with Recordings().add(S2, b"x" * 1001) as net:
        error = refusal(way(net), largest=1000)
    assert str(error) == "api.semanticscholar.org sent more than 1,000 bytes"
    assert isinstance(error, TooLarge)
    packed = gzip.compress(b"x" * 100_000)
    with Recordings().add(S2, packed, headers={"Content-Encoding": "gzip"}) as net:
        assert "sent more than 1,000 bytes" in str(refusal(way(net), largest=1000))
    with Recordings().add(S2, b"x" * 1000) as net:
        assert len(way(net).get(S2, accept="*/*", largest=1000).body) == 1000


@pytest.mark.parametrize("packing", ["gzip, gzip", "gzip,gzip", "br", "deflate", "zstd", "x"])
def test_a_packing_that_nobody_asked_for_is_not_unfolded(way: Any, packing: str) -> None:
    read = []

    class Body(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            read.append(1)
            yield gzip.compress(gzip.compress(bytes(1_000_000)))

    def answer(request: httpx.Request) -> httpx.Response:
        status = 404 if "no" in request.url.path else 200
        return httpx.Response(status, headers={"Content-Encoding": packing}, stream=Body())

    error = refusal(way(httpx.MockTransport(answer)))
    assert str(error) == "api.semanticscholar.org sent an answer in a packing that was not asked for"
    assert refusal(way(httpx.MockTransport(answer)), "https://arxiv.org/no").status == 404
    assert read == []


def test_a_packed_body_is_unfolded_no_further_than_the_limit() -> None:
    body = _Body(1000, gzip=True)
    body.add(gzip.compress(bytes(500_000)))
    assert body.too_large
    assert len(body.unpacked) == 1001
    empty = _Body(1000, gzip=True)
    while not empty.too_large:
        empty.add(gzip.compress(b""))
    assert empty.unpacked == b"", "what unfolds to nothing ends too"


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=4), st.integers(1, 40))
def test_a_packed_body_reads_as_it_was_however_it_is_cut(members: list[bytes], size: int) -> None:
    packed = b"".join(map(gzip.compress, members))
    body = _Body(1000, gzip=True)
    for start in range(0, len(packed), size):
        body.add(packed[start : start + size])
    body.end()
    assert body.unpacked == b"".join(members)
    assert not body.too_large


def test_half_a_packed_body_is_asked_for_again(way: Any) -> None:
    half = gzip.compress(bytes(range(256)))[:-9]
    packed = {"Content-Encoding": "GZip"}
    with Recordings().add(S2, half, headers=packed).add(S2, gzip.compress(b"{}"), headers=packed) as net:
        assert way(net).get(S2, accept="*/*").body == b"{}"


@pytest.mark.parametrize("begin", ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\n\r\n"])
def test_an_answer_that_drips_is_cut(way: Any, monkeypatch: pytest.MonkeyPatch, begin: str) -> None:
    """Over a connection within this machine: only there the time between two bytes is real."""
    over = threading.Event()
    monkeypatch.setattr(fetching, "_allowed", lambda url: url)
    monkeypatch.setattr(fetching, "LONGEST_CALL_S", 0.2)
    monkeypatch.setattr(fetching, "TRIES", 1)

    def drip(server: socket.socket) -> None:
        held, _ = server.accept()
        with held, suppress(OSError):
            held.recv(65536)
            held.sendall(begin.encode())
            while not over.wait(0.02):
                held.sendall(b"X-A: b\r\n" if begin else b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        try:
            error = refusal(way(httpx.HTTPTransport()), f"http://127.0.0.1:{server.getsockname()[1]}/")
        finally:
            over.set()
            thread.join(30)
    assert str(error) == "127.0.0.1 took longer than 0.2 s, 1 times"


def test_a_body_that_drips_takes_too_long(way: Any, clock: Clock) -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            while True:
                clock.moment += 50
                yield b"."

    asked = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, stream=Drip())

    error = refusal(way(httpx.MockTransport(answer)))
    assert str(error) == "api.semanticscholar.org took longer than 120 s, 5 times"
    assert len(asked) == fetching.TRIES


def test_a_packing_that_is_broken_is_tried_again(way: Any) -> None:
    with Recordings().add(S2, "no gzip", headers={"Content-Encoding": "gzip"}).add(S2, "{}") as net:
        assert way(net).get(S2, accept="*/*").body == b"{}"


def test_the_caller_may_ask_for_another_try(way: Any) -> None:
    def check(fetched: Fetched) -> None:
        if fetched.body != b"full":
            raise Again("sent an empty page")

    with Recordings().add(S2, "").add(S2, "full") as net:
        assert way(net).get(S2, accept="*/*", check=check).body == b"full"
    with Recordings() as net:
        for _ in range(5):
            net.add(S2, "")
        assert str(refusal(way(net), check=check)) == "api.semanticscholar.org sent an empty page, 5 times"


def test_arxiv_is_paced_in_every_try_and_redirect(way: Any, clock: Clock) -> None:
    with Recordings() as net:
        net.add("https://export.arxiv.org/api/query", "", 503)
        net.add("https://export.arxiv.org/api/query", "", 301, headers={"Location": "https://arxiv.org/api/query"})
        net.add("https://arxiv.org/api/query", "feed")
        fetch = way(net, interval_s=3.0)
        fetch.get("https://export.arxiv.org/api/query", accept="*/*")
        assert clock.slept == [2.0, 1.0, 3.0], "the wait for another try counts as part of the interval"
        net.add(S2, "{}")
        fetch.get(S2, accept="*/*")
    assert len(clock.slept) == 3, "others are not"


def test_text_is_utf_8() -> None:
    assert Fetched("https://arxiv.org/", "text/plain", "ß".encode()).text == "ß"
    with pytest.raises(SourceError, match=r"^arxiv\.org sent text that is not UTF-8$"):
        _ = Fetched("https://arxiv.org/", "text/plain", b"\xff").text


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error": "Invalid filter", "message": "Unknown field: x"}', ": Invalid filter, Unknown field: x"),
        (b'{"message": "Too Many Requests"}', ": Too Many Requests"),
        (b'{"error": {"deep": 1}}', ""),
        (b'["error"]', ""),
        (b"<html>", ""),
        (b'{"error": NaN}', ""),
    ],
)
def test_what_a_service_says_of_a_failure(body: bytes, words: str) -> None:
    assert told(body) == words


def test_a_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    used = []
    monkeypatch.setattr(fetching, "getproxies", lambda: {"https": "proxy.example.org:3128"})
    monkeypatch.setattr(httpx, "HTTPTransport", lambda proxy: used.append(proxy))
    fetching._network()
    assert used == ["http://proxy.example.org:3128"]


@pytest.mark.parametrize(
    "address", ["socks5://ada:canary-secret@127.0.0.1:1080", "http://ada:can@ry-secret@host:1:2", "ftp://canary-secret"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setattr(fetching, "getproxies", lambda: {"all": address})
    monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
    with pytest.raises(UsageError, match=r"^the proxy that the environment names cannot be used$") as caught:
        fetcher(Settings())
    assert caught.value.__context__ is None
