"""Keys that can be told from all else go into ``srch run``, a process of its own, and everything that can go wrong at
the services does: what it prints, its run and its cache hold no part of them, in no writing."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from generator.kernel.models.preflight import PROBE
from tests.tools.model_server import ModelServer, Reply, by_words, fails, says

ROOT = Path(__file__).parents[2]
QUESTION = "Do street trees lower air temperature?"
KEYS = {
    "SRCH_MODEL_KEY": "nvapi-Wq3.cAnArY+81/zK=mq7vTdHJ",
    "SRCH_EMBEDDING_KEY": "nvapi-Xr4.cAnArY+92/yL=e2wRbcGK",
    "SRCH_S2_KEY": "s2k-Ys5.cAnArY+03/xM=s9hLzoFL",
    "SRCH_OPENALEX_KEY": "oak-Zt6.cAnArY+14/wN=x1oPnaEM",
}
IN_FILE = "nvapi-Vp2.cAnArY+70/vJ=t0mLfeIG"
PART = 8  # characters in a row that give a key away

# the real command, in a process of its own, that does not wait between tries
COMMAND = "import time; time.sleep = lambda seconds: None; from generator.cli import main; main()"


def writings(key: str) -> list[str]:
    """The key as it is and as it stands in addresses, in base64 at each of the places where it can begin, in hex."""
    raw = key.encode()
    encoded = [base64.b64encode(b"\0" * before + raw).decode()[2 + before : -4] for before in range(3)]
    urlsafe = [text.translate(str.maketrans("+/", "-_")) for text in encoded]
    return [key, *encoded, *urlsafe, quote(key, safe=""), raw.hex(), raw.hex().upper()]


PARTS = {
    text[at : at + PART]
    for key in (*KEYS.values(), IN_FILE)
    for text in writings(key)
    for at in range(len(text) - PART + 1)
}
ECHO = " ".join(text for key in (*KEYS.values(), IN_FILE) for text in writings(key))
HEADERS = {
    "X-Echo": f"Bearer {KEYS['SRCH_MODEL_KEY']}",
    "NVCF-REQID": KEYS["SRCH_MODEL_KEY"],
    "Location": f"http://127.0.0.1:9/{quote(KEYS['SRCH_EMBEDDING_KEY'], safe='')}",
    "Set-Cookie": f"key={IN_FILE}",
}


def leaks(text: str) -> list[str]:
    return sorted(PARTS.intersection(text[at : at + PART] for at in range(len(text))))


def own(asked: dict[str, Any]) -> str:
    """The keys that this very request was sent with are all that a real service could echo."""
    return " ".join(writings(KEYS["SRCH_MODEL_KEY" if "messages" in asked else "SRCH_EMBEDDING_KEY"]))


Mode = Callable[[dict[str, Any]], Reply]
MODES: dict[str, Mode] = {
    **{
        f"status {status}": (lambda asked, status=status: fails(status, own(asked), own(asked), Retry_After="0"))
        for status in (400, 401, 403, 404, 410, 429, 503)
    },
    "later": lambda asked: Reply({"said": own(asked)}, 202),
    "truncated": lambda asked: says('{"queries": ["' + own(asked), finish="length"),
    "broken off": lambda asked: Reply(own(asked).encode(), cut=9),
    "no JSON": lambda asked: Reply(own(asked).encode()),
    "wrong JSON": lambda asked: says({"queries": own(asked), "data": [own(asked)]}),
    "said in a reply": lambda asked: says({"queries": [own(asked).split()[0]] * 4}),
    "slow": lambda asked: Reply(slow=True),
}


class Called:
    """One call of the command, with all that it left."""

    def __init__(self, folder: Path, environment: dict[str, str], *arguments: str, toml: str = "") -> None:
        base = {name: value for name, value in os.environ.items() if not name.startswith("SRCH_")}
        folder.mkdir()
        (folder / "srch.toml").write_text(
            f'[model]\ntimeout_s = 1\nparallel = 4\n{toml}[embedding]\nkey = "{IN_FILE}"\n', encoding="utf-8"
        )
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, "run", QUESTION, "--clock", "2026-01-02T03:04:05Z", *arguments],
            cwd=folder,
            env={
                **base,
                "PYTHONPATH": str(ROOT),
                "PYTHONDONTWRITEBYTECODE": "1",
                "OPENBLAS_NUM_THREADS": "1",
                "SRCH_CACHE_DIR": str(folder / "cache"),
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.code, self.out, self.err = done.returncode, done.stdout, done.stderr
        files = [path for path in folder.rglob("*") if path.is_file() and path.name != "srch.toml"]
        self.names = {path.name for path in files}
        self.written = "\n".join(path.read_bytes().decode("latin-1") for path in files) + "\n".join(map(str, files))
        records = list(folder.glob("runs/*/run.json"))
        self.run = json.loads(records[0].read_bytes()) if records else None

    def leaks(self) -> list[str]:
        return leaks("\n".join((self.out, self.err, self.written)))


def echoing(reply: Reply) -> Reply:
    return replace(reply, headers={**HEADERS, **reply.headers}, reason="Bearer " + KEYS["SRCH_MODEL_KEY"])


@pytest.mark.parametrize("mode", MODES)
def test_services_that_fail_in_the_middle(mode, tmp_path):
    """Both models are seen before the run and fail in it: it ends well, by the offline methods, and says why."""

    def embedder(asked: dict[str, Any]) -> Any:
        return [by_words(PROBE)] if asked["input"] == [PROBE] else echoing(MODES[mode](asked))

    with ModelServer(lambda asked: echoing(MODES[mode](asked)), embedder=embedder) as server:
        # a second passes at each try; a few of them are enough
        few = ("--max-calls", "3") if mode == "slow" else ()
        called = Called(tmp_path / "a", {**server.environment(), **KEYS}, "--model", "--embed", *few)
        sent = {request.headers.get("Authorization") for request in server.requests}
    assert called.leaks() == []
    assert sent == {f"Bearer {KEYS['SRCH_MODEL_KEY']}", f"Bearer {KEYS['SRCH_EMBEDDING_KEY']}"}
    assert called.code == 0, called.err
    assert "Traceback" not in called.err
    assert {"run.json", "report.html", "report.pdf"} <= called.names
    made = [*called.run["queries"], *called.run["claims"], called.run["abstract"], called.run["synthesis"]]
    labels = [*(item["produced_by"] for item in made), called.run["tribunal"]["produced_by"]]
    labels.append(called.run["semantic_index"]["produced_by"])
    assert [label for label in labels if label["mode"] != "extractive" or not label["fallback_reason"]] == []


@pytest.mark.parametrize("mode", ["status 401", "status 403", "status 404", "status 503", "later", "no JSON"])
def test_services_that_fail_at_once(mode, tmp_path):
    """A service that is not there for a first look is told in one line, before anything is begun."""

    def answer(asked: dict[str, Any]) -> Reply:
        return echoing(MODES[mode](asked))

    with ModelServer(answer, embedder=answer, models=answer({"messages": []})) as server:
        called = Called(tmp_path / "a", {**server.environment(), **KEYS}, "--model", "--embed", "--json")
    assert called.leaks() == []
    assert (called.code, called.out) == (2, "")
    assert re.fullmatch(r"(?: {8}chat model .*\n)?srch: .{20,600}\n", called.err), called.err
    assert called.run is None


def test_nobody_there(tmp_path):
    nowhere = {"SRCH_MODEL_URL": "http://127.0.0.1:9/v1", "SRCH_MODEL_NAME": "m"}
    called = Called(tmp_path / "a", {**nowhere, **KEYS}, "--model")
    assert called.leaks() == []
    told = "srch: the model service at http://127.0.0.1:9/v1 cannot be reached\n"
    assert (called.code, called.out, called.err) == (2, "", told)


def test_a_key_of_the_file_is_used_and_not_told(tmp_path):
    with ModelServer(lambda _: fails(429, ECHO, Retry_After="0")) as server:
        environment = {name: value for name, value in server.environment().items() if name != "SRCH_MODEL_KEY"}
        called = Called(tmp_path / "a", environment, "--model", toml=f'key = "{IN_FILE}"\n')
        assert {request.headers.get("Authorization") for request in server.requests} == {f"Bearer {IN_FILE}"}
    assert called.code == 0
    assert called.leaks() == []


def test_live_sources_that_cannot_be_reached(tmp_path):
    """All ways out end at a proxy that refuses them and says what it was asked."""
    with ModelServer() as server:
        proxy = server.url.removesuffix("/v1")
        ways = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy", "ALL_PROXY"), proxy)
        called = Called(tmp_path / "a", {**ways, **KEYS, "NO_PROXY": ""}, "--source", "live")
    assert called.leaks() == []
    assert (called.code, called.out) == (2, "")
    assert "Traceback" not in called.err
    last = called.err.splitlines()[-1]
    assert last.startswith("srch: no source answered ("), called.err
    assert all(f"{name}: " in last for name in ("arxiv", "semantic-scholar", "openalex"))


def test_the_test_sees_what_it_looks_for():
    assert all(leaks(f"a{text}b") for key in (*KEYS.values(), IN_FILE) for text in writings(key))
    assert leaks(ECHO)
    assert not leaks("a text without any of them, nvapi-, canary")
