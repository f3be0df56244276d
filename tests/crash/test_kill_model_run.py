"""Kill -9 of ``srch run`` with models, after every stage and at random moments: what is resumed comes to the very bytes
of a run that nobody killed, and no request is sent again whose answer lies in the run's folder or in the cache."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.kernel.models.preflight import PROBE
from generator.kernel.stages import STAGES
from tests.crash.conftest import ENVIRONMENT
from tests.tools.model_server import ModelServer
from tests.tools.working_model import WorkingModel

QUESTION = "Do street trees lower air temperature?"
CALL = ("run", QUESTION, "--model", "--embed", "--clock", "2026-01-02T03:04:05Z", "--out", "runs", "--resume")
CACHED = "cache"


def asked(body: dict[str, Any]) -> str:
    """What a request is known by, as it is sent and as it is stored."""
    return json.dumps([body["model"], body.get("messages"), body.get("input")], sort_keys=True)


def stored(folder: Path) -> set[str]:
    """The requests whose answers lie in the run's folder or in the cache."""
    found = set()
    for path in [*folder.glob("runs/*/requests/*.json"), *folder.glob(f"{CACHED}/*/*.json")]:
        content = json.loads(path.read_bytes())
        found.add(asked(content.get("request") or content["key"]["request"]))
    return found


@dataclass
class Place:
    """A folder for runs with a cache of its own, and the server that they ask."""

    folder: Path
    server: ModelServer

    def __post_init__(self) -> None:
        self.folder.mkdir()

    def start(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "generator.cli", *CALL],
            cwd=self.folder,
            env={**ENVIRONMENT, **self.server.environment("a-key"), "SRCH_CACHE_DIR": str(self.folder / CACHED)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def killed(self, when: Callable[[subprocess.Popen[str]], None]) -> None:
        """A process that is killed after ``when`` returns, and asks nothing that was answered before it began."""
        before, seen = stored(self.folder), len(self.server.requests)
        process = self.start()
        when(process)
        process.kill()
        process.communicate()
        self._asked_nothing_again(before, seen)

    def finished(self) -> dict[str, bytes]:
        """The run's files after a call that nobody killed."""
        before, seen = stored(self.folder), len(self.server.requests)
        process = self.start()
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, out + err
        self._asked_nothing_again(before, seen)
        return self.files()

    def files(self) -> dict[str, bytes]:
        root = self.folder / "runs"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and path.name != ".lock"
        }

    def _asked_nothing_again(self, before: set[str], seen: int) -> None:
        # a killed process may have left a request on its way that nobody waits for
        again = [body for body in self.sent(seen) if asked(body) in before]
        assert [body["messages"][0]["content"][:80] if "messages" in body else body["input"] for body in again] == []

    def sent(self, seen: int = 0) -> list[dict[str, Any]]:
        """The bodies of what was asked, but for the first look at the embedding model."""
        return [item.body for item in self.server.requests[seen:] if item.body and item.body.get("input") != [PROBE]]


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    with ModelServer(WorkingModel().respond) as running:
        yield running


@pytest.fixture(scope="module")
def whole(tmp_path_factory, server) -> dict[str, bytes]:
    """The files of a run that nobody killed."""
    place = Place(tmp_path_factory.mktemp("whole") / "a", server)
    seen = len(server.requests)
    files = place.finished()
    run = json.loads(next(data for name, data in files.items() if name.endswith("/run.json")))
    assert run["tribunal"]["kind"] == run["abstract"]["produced_by"]["mode"] == "model"
    bodies = [asked(body) for body in place.sent(seen)]
    assert len(bodies) == len(set(bodies)) == sum(row["calls"] for row in run["costs"]["stages"]) > 20
    return files


def test_killed_after_every_stage(tmp_path, server, whole):
    """One folder, killed as soon as each further stage is told."""
    place = Place(tmp_path / "a", server)
    for number in range(1, len(STAGES) + 1):

        def told(process: subprocess.Popen[str], number: int = number) -> None:
            assert process.stderr is not None
            for line in process.stderr:
                if line.startswith(f"[{number}/"):
                    return
            raise AssertionError(f"stage {number} was not told")

        place.killed(told)
        made = [name for name in place.files() if "/stages/" in name and ".tmp-" not in name]
        assert len(made) >= number
        assert {name: data for name, data in place.files().items() if ".tmp-" not in name}.items() <= whole.items()
    assert place.finished() == whole


@pytest.mark.parametrize("chain", range(5))
def test_killed_at_random_moments(chain, tmp_path, server, whole):
    """Five folders, each killed four times before it is let to its end."""
    chance = random.Random(chain)
    place = Place(tmp_path / "a", server)
    for _ in range(4):
        more = chance.randrange(1, 12)

        def busy(process: subprocess.Popen[str], more: int = more) -> None:
            """Some requests further on, or some lines where nothing is left to ask, and a moment more."""
            goal, ends = len(server.requests) + more, time.monotonic() + 6
            while len(server.requests) < goal and process.poll() is None and time.monotonic() < ends:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.08))

        place.killed(busy)
        assert {name: data for name, data in place.files().items() if ".tmp-" not in name}.items() <= whole.items()
    assert place.finished() == whole


def test_two_at_once(tmp_path, server, whole):
    """The second waits for the folder, and then has nothing left to ask."""
    place = Place(tmp_path / "a", server)
    seen = len(server.requests)
    processes = [place.start(), place.start()]
    outputs = [process.communicate(timeout=120) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    assert place.files() == whole
    bodies = [asked(body) for body in place.sent(seen)]
    assert len(bodies) == len(set(bodies))


def test_one_is_killed_while_another_waits(tmp_path, server, whole):
    place = Place(tmp_path / "a", server)
    first = place.start()
    assert first.stderr is not None
    assert any(line.startswith("[4/") for line in first.stderr)
    second = place.start()
    time.sleep(0.5)
    known, seen = stored(place.folder), len(server.requests)
    os.kill(first.pid, 9)
    first.communicate()
    out, err = second.communicate(timeout=120)
    assert second.returncode == 0, out + err
    assert place.files() == whole
    again = [body for body in place.sent(seen) if asked(body) in known]
    assert again == []
