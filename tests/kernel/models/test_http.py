"""What every status means, when a service is tried again, and when it is left alone."""

from __future__ import annotations

import codecs
import gc
import itertools
import logging
import sys
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.models import http
from generator.kernel.models.errors import ModelError
from generator.kernel.models.http import LARGEST_RESPONSE, MOST_POSTS, POLLS, Refused, Service, _words
from generator.kernel.models.secret import Secret
from generator.kernel.models.settings import Model
from generator.manifest.problems import UsageError
from tests.tools.model_server import CHAT_MODEL, ModelServer, Reply, fails, says, script

ODD = "Mon, 01 Jan 2020 00:00:00 +" + "9" * 30  # a date of RFC 5322 but for its zone
KEY = "sk-test-0123456789abcdef"
REQUEST = {"model": CHAT_MODEL, "messages": []}


def service(server: ModelServer, *, key: str = KEY, name: str = CHAT_MODEL, **options: Any) -> Service:
    return Service(server.model(key, name), **{"timeout_s": 20.0, "sleep": server.sleeps.append, **options})


def post(asked: Service, forms: tuple[dict[str, Any], ...] = ({},), first: int = 0) -> tuple[int, dict[str, Any]]:
    return asked.post_in_forms(
        "/chat/completions", REQUEST, forms, first, what="chat completion", sound=lambda body: "choices" in body
    )


def failure(asked: Service) -> str:
    with pytest.raises(ModelError) as raised:
        post(asked)
    prefix = f"the model service at {asked.model.url} "
    assert raised.value.told.startswith(prefix)
    told = raised.value.told.removeprefix(prefix)
    # what goes into a public record does not name the address
    assert raised.value.reason == str(raised.value) == f"the model service {told}"
    return told


def test_an_answer(server):
    server.responder = script(says("yes"))
    assert post(service(server))[1]["choices"][0]["message"]["content"] == "yes"
    asked = server.requests[0]
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/chat/completions", REQUEST)
    assert (asked.headers["Authorization"], asked.headers["User-Agent"]) == (f"Bearer {KEY}", "srch")


PACKED = "sent a packed answer (Content-Encoding), and we take none"
WITHOUT_MODEL = 'is SRCH_MODEL_NAME right ("maker/chat-8b"), and does SRCH_MODEL_URL end before /chat/completions?'


@pytest.mark.parametrize(
    ("reply", "line"),
    [
        (fails(401, "no"), "does not let us in (status 401); is SRCH_MODEL_KEY right?"),
        (fails(403), "does not let us in (status 403); is SRCH_MODEL_KEY right?"),
        (fails(404), f"knows no such model or address (status 404); {WITHOUT_MODEL}"),
        (
            Reply({"status": 404, "title": "Not Found", "detail": "Not found for account"}, 404),
            f"knows no such model or address (status 404: Not found for account); {WITHOUT_MODEL}",
        ),
        (
            Reply({"status": 410, "detail": "It has reached its end of life."}, 410),
            'no longer offers the model "maker/chat-8b" (status 410: It has reached its end of life.); '
            "name another in SRCH_MODEL_NAME",
        ),
        (
            Reply(b"", 302, {"Location": "http://127.0.0.1:9/"}),
            "sends us elsewhere (status 302); give the final address in SRCH_MODEL_URL",
        ),
        (fails(402, "No credit"), "refused the request with status 402: No credit"),
        (Reply({"error": {"message": "Out of luck"}}), "refused the request with status 200: Out of luck"),
        (
            fails(400, "a", kind="exceed_context_size_error"),
            "did not take this text (status 400): it is too long for the model",
        ),
        (Reply({}, 202), "answers later (status 202) and does not say under which NVCF-REQID"),
        (
            Reply(b"[" + b" " * LARGEST_RESPONSE),
            f"sent more than {LARGEST_RESPONSE} bytes for one answer",
        ),
        (
            fails(429, "You exceeded your current quota", "insufficient_quota"),
            "refused the request with status 429: You exceeded your current quota",
        ),
        (
            fails(429, "You exceeded your current quota", kind="insufficient_quota", Retry_After="1"),
            "refused the request with status 429: You exceeded your current quota",
        ),
        (fails(429, "Slow", Retry_After="86400"), "asks us to come back in 86,400 s (status 429: Slow)"),
        (fails(503, Retry_After="61"), "asks us to come back in 61 s (status 503)"),
        (fails(400, f"You gave {KEY}"), "refused the request with status 400"),
        (
            Reply(b'{"detail": "' + "".join(f"\\u{ord(char):04x}" for char in KEY).encode() + b'"}', 400),
            "refused the request with status 400",
        ),
        *[
            (Reply(b"x" * 20, headers={"Content-Encoding": packing}), PACKED)
            for packing in ("gzip", "GZIP", "gzip, gzip", "deflate", "br", "odd")
        ],
        (Reply(b"x" * 20, 402, {"Content-Encoding": "gzip"}), "refused the request with status 402"),
    ],
)
def test_what_is_not_tried_again(reply, line, server):
    server.responder = script(reply)
    assert failure(service(server)) == line
    assert (len(server.requests), server.sleeps) == (1, [])


@pytest.mark.parametrize("status", [401, 404, 410])
def test_who_is_gone_is_not_asked_again(status, server):
    server.responder = script(fails(status), says("yes"))
    asked = service(server)
    first = failure(asked)
    assert [failure(asked) for _ in range(3)] == [first] * 3
    assert len(server.requests) == 1


@pytest.mark.parametrize("reply", [fails(403), fails(400, "no"), fails(413), fails(402)])
def test_who_refused_one_request_is_asked_the_next(reply, server):
    server.responder = script(reply, says("yes"))
    asked = service(server)
    failure(asked)
    assert post(asked)[0] == 0


def test_a_model_that_was_ended_has_a_successor_that_is_only_told(server):
    server.responder = script(fails(410))
    asked = service(server, name="nvidia/nv-embedqa-e5-v5")
    assert failure(asked) == (
        'no longer offers the model "nvidia/nv-embedqa-e5-v5" (status 410); '
        "name another in SRCH_MODEL_NAME (NVIDIA offers nvidia/nemotron-3-embed-1b in its place)"
    )
    assert asked.model.name == "nvidia/nv-embedqa-e5-v5"


TOO_LONG = [
    fails(413),
    fails(400, "Too much.", "context_length_exceeded"),
    fails(400, "request (9412 tokens) exceeds the available context size (8192 tokens)", 400),
    fails(500, "the request exceeds the available space", 500, kind="exceed_context_size_error"),
    Reply({"error": {"code": 400, "message": "no", "type": "exceed_context_size_error"}}, 200),
    Reply({"object": "error", "message": "This model's maximum context length is 4096 tokens.", "code": 400}, 400),
    fails(400, "The decoder prompt (length 9000) is longer than the maximum model length of 4096."),
    Reply({"error": "Input length 1024 exceeds maximum allowed token size 512"}, 400),
    fails(500, "input is too large to process. increase the physical batch size"),
]


@pytest.mark.parametrize("reply", TOO_LONG, ids=range(len(TOO_LONG)))
def test_a_text_that_is_too_long_is_told_once(reply, server):
    server.responder = script(reply)
    with pytest.raises(Refused) as refused:
        post(service(server), ({"a": 1}, {"b": 1}))
    assert (refused.value.text, refused.value.too_long) == (True, True)
    assert refused.value.reason.endswith(": it is too long for the model")
    assert (len(server.requests), server.sleeps) == (1, [])


def test_a_text_that_is_withheld(server):
    server.responder = script(fails(400, "filtered", "content_filter"))
    with pytest.raises(Refused) as refused:
        post(service(server))
    assert (refused.value.text, refused.value.too_long, refused.value.status) == (True, False, 400)
    assert refused.value.reason.endswith("did not take this text (status 400): filtered")


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        *[(fails(status, "later"), f"answered with status {status}") for status in (408, 409, 429, 500, 502, 503)],
        (Reply(b"x" * 99, cut=9), "broke off in the middle of an answer"),
        (Reply(chunks=b'5\r\n{"cho\r\nzz\r\n'), "broke off in the middle of an answer"),
        (Reply(chunks=b"ffffffffff\r\n{"), "broke off in the middle of an answer"),
    ],
)
def test_what_may_pass_is_tried_five_times_with_growing_waits(reply, why, server):
    server.responder = script(reply)
    assert failure(service(server)) == f"{why}, 5 times"
    assert (len(server.requests), server.sleeps) == (5, [1.0, 2.0, 4.0, 8.0])


@pytest.mark.parametrize(
    "body",
    [b"", b"5", b'"error"', b"[]", b"<html>", b'{"data": []}', b'{"choices": [NaN]}', b"data: {}\n\ndata: [DONE]\n\n"],
)
def test_what_is_no_answer_is_asked_for_once_more(body, server):
    server.responder = script(Reply(body))
    assert failure(service(server)) == "answered with something that is no chat completion, 2 times"
    assert len(server.requests) == 2
    # failures of another kind beside it do not count as one
    server.responder = script(fails(503), Reply(body), fails(503), says("yes"))
    assert post(service(server))[0] == 0


def test_a_mark_of_the_byte_order_is_passed_over(server):
    server.responder = script(Reply(codecs.BOM_UTF8 + says("yes").data))
    assert post(service(server))[1]["choices"][0]["message"]["content"] == "yes"


def test_an_answer_is_asked_for_unpacked(server):
    post(service(server))
    assert server.requests[0].headers["Accept-Encoding"] == "identity"


def test_a_packed_answer_is_not_unfolded():
    read: list[int] = []
    packing = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packing.compress(bytes(1 << 20)) + packing.flush()

    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            read.append(1)
            yield packed

    headers = {"Content-Encoding": "gzip, gzip"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, headers=headers, stream=Stream()))
    model = Model(httpx.URL("http://127.0.0.1/v1"), "a", Secret(""))
    assert failure(Service(model, transport=transport)) == PACKED
    assert read == []


def test_a_service_that_sends_its_headers_for_ever(server, monkeypatch):
    monkeypatch.setattr(http, "LONGEST_CALL_S", 0.1)
    server.responder = script(Reply(drips=True))
    asked = service(server)
    assert failure(asked) == "took longer than 0.1 s for one answer, 5 times"
    monkeypatch.setattr(http, "LONGEST_CALL_S", 300.0)
    server.responder = script(says("yes"))
    assert post(asked)[0] == 0


def test_a_slow_service(server):
    server.responder = script(Reply(slow=True))
    assert failure(service(server, timeout_s=0.05)) == "did not answer within 0.05 s, 5 times"


def test_nobody_there():
    model = Model(httpx.URL("http://127.0.0.1:9/v1"), "a", Secret(""))
    assert failure(Service(model)) == "cannot be reached"


def test_a_drip_of_an_answer_ends_at_the_limit():
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            return itertools.repeat(b" ")

    ticks = itertools.count(0.0, 50.0)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))
    model = Model(httpx.URL("http://127.0.0.1/v1"), "a", Secret(""))
    waits: list[float] = []
    asked = Service(model, transport=transport, clock=lambda: next(ticks), sleep=waits.append)
    assert failure(asked) == "took longer than 300 s for one answer, 5 times"


@pytest.mark.parametrize(
    ("header", "waited"), [("7", 7.0), ("60", 60.0), *[(text, 1.0) for text in ("0", "soon", "-1", "", ODD)]]
)
def test_it_waits_as_long_as_it_is_asked_to(header, waited, server):
    server.responder = script(fails(429, Retry_After=header), says("yes"))
    post(service(server))
    assert server.sleeps == [waited]


def test_it_waits_until_a_date(server):
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=50), usegmt=True)
    server.responder = script(fails(503, Retry_After=later), says("yes"))
    post(service(server))
    assert 10 < server.sleeps[0] <= 50


@pytest.mark.parametrize("past", ["0", "1", "Sun, 06 Nov 1994 08:49:37 GMT"])
def test_who_asks_for_no_wait_is_waited_for_all_the_same(past, server):
    server.responder = script(fails(429, Retry_After=past))
    assert failure(service(server)) == "answered with status 429, 5 times"
    assert server.sleeps == [1.0, 2.0, 4.0, 8.0]


def test_all_requests_together_wait_ten_minutes_at_most(server):
    server.responder = script(fails(429, Retry_After="60"))
    asked = service(server)
    lines = [failure(asked) for _ in range(4)]
    assert lines == [
        *["answered with status 429, 5 times"] * 2,
        "answered with status 429, 3 times",
        "answered with status 429",
    ]
    assert server.sleeps == [60.0] * 10


def test_forms_are_tried_from_the_first_to_the_simplest(server):
    forms: tuple[dict[str, Any], ...] = ({"response_format": {"type": 2}}, {"response_format": {"type": 1}}, {})
    server.responder = script(fails(400, "response_format"), fails(422, "response_format"), says("yes"))
    asked = service(server)
    assert post(asked, forms)[0] == 2
    assert [request.body for request in server.requests] == [{**REQUEST, **form} for form in forms]
    assert post(asked, forms, 2)[0] == 2
    assert len(server.requests) == 4


def test_the_last_form_that_is_refused_is_the_failure(server):
    server.responder = script(fails(400, "one"), fails(400, "two"))
    with pytest.raises(Refused, match=r"refused the request with status 400: two$"):
        post(service(server), ({"a": 1}, {}))


FORMS = (
    {"max_tokens": 9, "seed": 0, "temperature": 0, "response_format": {"type": "json_schema"}, "logprobs": True},
    {"max_tokens": 9, "seed": 0, "temperature": 0, "response_format": {"type": "json_schema"}},
    {"max_tokens": 9, "seed": 0, "temperature": 0, "response_format": {"type": "json_object"}},
    {"max_tokens": 9},
    {"max_completion_tokens": 9},
)
O_SERIES = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."


def sent(server: ModelServer) -> list[dict[str, Any]]:
    return [{name: body[name] for name in body if name not in REQUEST} for body in server.chats]


@pytest.mark.parametrize(
    "refused",
    [
        Reply({"error": {"message": "Not with this model.", "param": "seed", "code": "unsupported_parameter"}}, 400),
        fails(400, "Unrecognized request argument supplied: seed"),
        Reply({"detail": [{"type": "extra_forbidden", "loc": ["body", "seed"], "msg": "Extra", "input": 0}]}, 422),
        Reply({"object": "error", "message": {"detail": [{"loc": ["body", "seed"], "msg": "Extra inputs"}]}}, 422),
        Reply({"object": "error", "message": "[{'type': 'extra_forbidden', 'loc': ('body', 'seed')}]"}, 400),
        Reply({"status": 400, "detail": "`seed` is unknown"}, 400),
    ],
)
def test_only_the_field_that_a_refusal_names_is_left_out(refused, server):
    server.responder = lambda body: refused if "seed" in body else says("yes")
    asked = service(server)
    assert [post(asked, FORMS)[0] for _ in range(2)] == [0, 0]
    without = {name: value for name, value in FORMS[0].items() if name != "seed"}
    assert sent(server) == [FORMS[0], without, without]
    assert asked.left_out == {"seed"}


def test_the_most_tokens_have_another_name_where_they_must(server):
    refused = Reply({"error": {"message": O_SERIES, "param": "max_tokens", "code": "unsupported_parameter"}}, 400)
    warm = fails(400, "Unsupported value: 'temperature' does not support 0 with this model.", "unsupported_value")
    server.responder = lambda body: refused if "max_tokens" in body else warm if "temperature" in body else says("yes")
    asked = service(server)
    assert [post(asked, FORMS)[0] for _ in range(2)] == [0, 0]
    assert [sorted(form) for form in sent(server)] == [
        ["logprobs", "max_tokens", "response_format", "seed", "temperature"],
        ["logprobs", "max_completion_tokens", "response_format", "seed", "temperature"],
        *[["logprobs", "max_completion_tokens", "response_format", "seed"]] * 2,
    ]
    assert sent(server)[-1]["max_completion_tokens"] == 9
    assert asked.left_out == {"temperature"}


@pytest.mark.parametrize(
    ("words", "posts"),
    [
        ("max_tokens is too large: 9. This model supports at most 8", 1),
        ("unknown: max_completion_tokens, max_tokens", 2),
    ],
)
def test_a_service_that_takes_no_such_limit_is_not_asked_without(words, posts, server):
    server.responder = script(fails(400, words))
    with pytest.raises(Refused, match=f"{words}$"):
        post(service(server), FORMS)
    assert len(server.chats) == posts
    assert all({"max_tokens", "max_completion_tokens"} & set(form) for form in sent(server))


def test_a_form_that_is_refused_as_a_whole_is_passed_over_where_it_is(server):
    refused = fails(400, "response_format: json_schema is not supported")
    server.responder = script(refused, fails(400, "no"), says("yes"))
    asked = service(server)
    assert post(asked, FORMS)[0] == 3
    assert sent(server) == [FORMS[0], FORMS[2], FORMS[3]]
    assert asked.left_out == set()


def test_what_a_refused_request_went_without_is_not_kept(server):
    server.responder = script(fails(400, "seed"), fails(413), says("yes"))
    asked = service(server)
    with pytest.raises(Refused):
        post(asked, FORMS)
    post(asked, FORMS)
    assert sent(server)[-1] == FORMS[0]


def test_one_answer_is_asked_for_eight_times_at_most(server):
    fields = ({"max_tokens": 9, **{f"field_{letter}": 1 for letter in "abcdef"}},)
    refusals = [fails(400, f"field_{letter} is unknown") for letter in "abcd"]
    server.responder = script(*refusals, fails(503))
    assert failure_of(service(server), fields) == "answered with status 503, 4 times"
    assert len(server.chats) == MOST_POSTS == 8
    server.responder = lambda body: fails(400, next((name for name in body if name.startswith("field_")), "max_tokens"))
    many = ({"max_tokens": 9, **{f"field_{letter}": 1 for letter in "abcdefghijkl"}},)
    assert failure_of(service(server), many).endswith("status 400: field_h")
    assert len(server.chats) == 2 * MOST_POSTS


def failure_of(asked: Service, forms: tuple[dict[str, Any], ...]) -> str:
    with pytest.raises(ModelError) as raised:
        post(asked, forms)
    return raised.value.reason.removeprefix("the model service ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("loc", "msg", "detail")), inner),
)


@given(st.dictionaries(st.sampled_from(("message", "param", "code")), JSON))
def test_any_error_has_words(error):
    assert all(isinstance(word, str) for word in _words(error))


def statuses(server: ModelServer) -> list[str]:
    return [request.path for request in server.requests if request.method == "GET"]


@pytest.mark.parametrize("older", [False, True])
def test_an_answer_that_comes_later_is_polled_for(older):
    pending = Reply({}, 202)
    with ModelServer(older_status=older) as server:
        server.responder = script(server.later(pending, pending, says("at last")))
        body = post(service(server))[1]
        assert body["choices"][0]["message"]["content"] == "at last"
        new, old = (f"{path}00000000-0000-4000-8000-000000000000" for path in ("/v1/status/", "/v2/nvcf/pexec/status/"))
        assert statuses(server) == ([new, old, old, old] if older else [new, new, new])
        assert server.sleeps == [1.0, 2.0, 4.0]
        assert all(request.headers["Authorization"] == f"Bearer {KEY}" for request in server.requests)


def test_a_later_answer_may_fail_like_any_other(server):
    server.responder = script(server.later(fails(422, "It ended with an error.")))
    assert failure(service(server)) == "refused the request with status 422: It ended with an error."


def test_polling_ends(server):
    server.responder = script(server.later(*[Reply({}, 202)] * (POLLS + 1)))
    assert failure(service(server)) == "took a request for later and did not answer it in time (status 202)"
    assert len(statuses(server)) == POLLS
    assert sum(server.sleeps) < 300


def test_an_answer_that_was_promised_and_is_not_known(server):
    server.responder = script(server.later())
    asked = service(server)
    assert failure(asked) == "took a request for later and then did not know it (status 404)"
    # this says nothing of the model
    server.responder = script(says("yes"))
    assert post(asked)[0] == 0


@pytest.mark.parametrize(
    "identity",
    ["../../admin", "1", "%2e%2e", *(f"00000000-0000-4000-8000-{end}" for end in ("00000000000g", "000000000000/x"))],
)
def test_an_identity_that_is_none_goes_into_no_path(identity, server):
    server.responder = script(server.later(says("yes"), identity=identity))
    assert failure(service(server)) == "answers later (status 202) and does not say under which NVCF-REQID"
    assert statuses(server) == []


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["a", "b"], ("a", "b")),
        ([], None),
        (Reply({"data": [{"id": 1}, 2, {"id": ""}, {"id": "c"}]}), ("c",)),
        (Reply({"models": []}), None),
        (Reply(b"nothing"), None),
        *[(fails(status), None) for status in (404, 405, 410, 501)],
    ],
)
def test_the_models_listed(models, names, server):
    server.models = models
    asked = service(server)
    assert asked.models() == names
    # a missing list does not shut the door
    server.responder = script(says("yes"))
    assert post(asked)[0] == 0


def test_a_list_that_comes_later(server):
    server.models = Reply({}, 202)
    with pytest.raises(ModelError, match=r"is not there yet: it would answer later \(status 202\)$"):
        service(server).models()


@pytest.mark.parametrize(
    ("variable", "proxy"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("HTTPS_PROXY", "http://user:s3cretpass/x@proxy.example.org:8080"),
        ("HTTPS_PROXY", "http://user:s3cr@et@h:1:2"),
        ("HTTPS_PROXY", "ftp://s3cret"),
    ],
)
def test_a_proxy_that_cannot_be_used(variable, proxy, monkeypatch):
    monkeypatch.setitem(sys.modules, "socksio", None)
    for name in ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(UsageError) as refused:
        Service(Model(httpx.URL("https://models.example.org/v1"), "a", Secret("")))
    assert str(refused.value) == "the proxy that the environment names cannot be used"
    assert refused.value.__context__ is None
    # a service on this machine is reached without it
    assert Service(Model(httpx.URL("http://127.0.0.1/v1"), "a", Secret("")))


def test_proxies_of_the_environment_are_for_other_machines(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    def trusts(url: str) -> bool:
        return bool(Service(Model(httpx.URL(url), "a", Secret("")))._client.trust_env)

    for url in ("http://localhost/v1", "http://127.0.0.1/v1", "http://127.9.9.9/v1", "http://[::1]/v1"):
        assert not trusts(url)
    for url in ("https://models.example.org/v1", "http://10.0.0.1/v1", "http://localhost.example.org/v1"):
        assert trusts(url)


def test_only_so_many_requests_at_the_same_time(server):
    running: list[int] = []
    seen: list[int] = []

    def respond(_: dict[str, Any]) -> Any:
        running.append(1)
        seen.append(len(running))
        running.pop()
        return says("yes")

    server.responder = respond
    asked = service(server, parallel=1)
    with ThreadPoolExecutor(8) as pool:
        futures: list[Callable[[], Any]] = [pool.submit(post, asked).result for _ in range(16)]
        assert all(result()[0] == 0 for result in futures)
    assert set(seen) == {1}


def test_a_service_that_is_let_go_leaves_the_loggers_as_they_were():
    loggers = [logging.getLogger(name) for name in ("httpx", "httpcore.http11", "httpcore.connection")]
    gc.collect()  # what other tests let go
    before = [list(logger.filters) for logger in loggers]
    model = Model(httpx.URL("http://127.0.0.1/v1"), "a", Secret(KEY))
    closed, dropped = Service(model), Service(model)
    assert [len(logger.filters) for logger in loggers] == [len(filters) + 2 for filters in before]
    closed.close()
    del dropped
    gc.collect()
    assert [logger.filters for logger in loggers] == before
