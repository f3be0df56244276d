"""``srch run`` for many questions, and what it would ask: one call, one budget, one table, what failed at the end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from generator.kernel.request import Request, folder_name
from tests.cli.conftest import CLOCK, QUESTION, ROOT, environment
from tests.tools.model_server import CHAT_MODEL, ModelServer

ONE = "Do street trees lower air temperature?"
TWO = "How do cool roofs lower urban air temperature?"
THREE = "Does load balancing suppress expert specialisation?"


@pytest.fixture
def listed(tmp_path) -> Path:
    path = tmp_path / "questions.txt"
    path.write_text(f"# three\n{ONE}\n\n{TWO}\n{THREE}\n", encoding="utf-8")
    return path


def many(srch, *arguments, **options):
    return srch("run", "--questions", "questions.txt", "--clock", CLOCK, *arguments, **options)


@pytest.fixture
def start(tmp_path):
    """``start("run", ...)``: the command as a process that a test may interrupt."""
    started = []

    def begun(*arguments: object, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "generator.cli", *map(str, arguments)],
            cwd=tmp_path,
            env=environment(PYTHONPATH=str(ROOT), **(env or {})),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,  # so that all of it can be interrupted, as a terminal does
        )
        started.append(process)
        return process

    yield begun
    for process in started:
        process.kill()
        process.communicate()


def folder_of(out: Path, question: str) -> Path:
    """The run's folder below ``out``."""
    begun = out.glob("*/request.json")
    return next(path.parent for path in begun if json.loads(path.read_bytes())["question"] == question)


def test_each_question_gets_the_run_that_it_gets_alone(tmp_path, srch, listed, files):
    result = many(srch, "--jobs", "2")
    assert result.code == 0
    assert srch("run", ONE, "--clock", CLOCK, "--out", "alone", "-q").code == 0
    assert files(folder_of(tmp_path / "runs", ONE)) == files(folder_of(tmp_path / "alone", ONE))
    progress = result.err.splitlines()
    line = r"\[{}/3\] done {{9}}(Do street|How do|Does load).{{37,}}  [0-9.]+/10 (APPROVE|REVISE) \(rubric\)  [0-9.]+ s"
    assert all(re.fullmatch(line.format(number), told) for number, told in enumerate(progress, 1)), progress
    head, *rows, last, following = result.out.splitlines()
    assert head.split() == ["score", "review", "verdict", "policy", "calls", "tokens", "question"]
    for number, (row, question) in enumerate(zip(rows, (ONE, TWO, THREE), strict=True), start=1):
        assert re.fullmatch(rf" +{number}  done +[0-9.]+  rubric +[A-Z]+ +[A-Z_]+ +0 +0  {re.escape(question)}", row)
    assert last == "3 questions: 3 done; 0 calls to models, 0 tokens"
    assert following == "  next     srch queue --runs runs"

    again = many(srch, "--jobs", "2", "--json")
    assert [row.split()[1:3] for row in again.err.splitlines()] == [["done", "before"]] * 3
    told = json.loads(again.out)
    assert told["totals"] == {
        **{"done": 0, "done before": 3, "asked before": 0, "failed": 0},
        **{"calls": 0, "tokens": 0},
    }
    assert [row["question"] for row in told["questions"]] == [ONE, TWO, THREE]
    assert list(told["questions"][0]) == [
        *("number", "question", "folder", "state", "reason", "run_id", "score", "verdict", "review", "policy"),
        *("calls", "tokens", "seconds", "fallbacks"),
    ]
    assert [(row["review"], row["fallbacks"]) for row in told["questions"]] == [("rubric", [])] * 3


def test_what_fails_is_told_at_the_end_and_the_same_call_runs_it_again(tmp_path, srch, listed):
    assert srch("run", TWO, "--clock", CLOCK, "-q").code == 0
    assert srch("run", ONE, "--clock", CLOCK, "-q").code == 0
    broken, unfinished = folder_of(tmp_path / "runs", TWO), folder_of(tmp_path / "runs", ONE)
    whole = (unfinished / "run.json").read_bytes()
    for folder in (broken, unfinished):
        (folder / "run.json").unlink()
    kept = (broken / "request.json").read_bytes()
    (broken / "request.json").write_bytes(b"{}")
    result = many(srch, "-q")
    request = broken.relative_to(tmp_path) / "request.json"
    reason = f"{request}: not a run request; remove the folder and run the question again"
    assert (result.code, result.err) == (1, "")
    assert result.out.splitlines()[-3:] == [
        "3 questions: 2 done, 1 failed; 0 calls to models, 0 tokens",
        f"   2  failed: {reason}",
        "  next     the same call runs what failed again and leaves the rest as it is",
    ]
    assert (unfinished / "run.json").read_bytes() == whole, "an unfinished run goes on without --resume"
    (broken / "request.json").write_bytes(kept)
    again = many(srch, "-q")
    assert (again.code, again.out.splitlines()[-2]) == (
        0,
        "3 questions: 1 done, 2 done before; 0 calls to models, 0 tokens",
    )


def test_bad_lines_are_told_all_at_once_and_nothing_is_begun(tmp_path, srch, listed):
    listed.write_bytes(b"Do trees cool?\n?!\n\xff\n")
    result = many(srch)
    assert (result.code, result.out, (tmp_path / "runs").exists()) == (1, "", False)
    assert result.err.splitlines() == [
        "REG010 questions.txt: line 2",
        "  found:    the question holds no word",
        "  expected: a question of at most 500 characters",
        "  to mend:  Correct or remove it.",
        "REG002 questions.txt: line 3",
        "  found:    byte 0xff",
        "  expected: UTF-8 text",
        "  to mend:  Save the list as UTF-8.",
        "2 problems",
    ]


def test_standard_input_and_what_is_told_of_a_list(tmp_path):
    text = f"{ONE}\n{ONE.upper()}\nDo the street trees lower air temperature?\n"
    done = subprocess.run(
        [sys.executable, "-m", "generator.cli", "run", "--questions", "-", "--dry-run", "--json"],
        input=text.encode(),
        cwd=tmp_path,
        env=environment(PYTHONPATH=str(ROOT)),
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert done.stderr.decode().splitlines() == [
        "standard input: line 2 asks what line 1 asks; it is run once",
        "standard input: line 3 asks nearly what line 1 asks; both are run",
    ]
    assert [row["number"] for row in json.loads(done.stdout)["questions"]] == [1, 2]


def test_calls_that_cannot_be_carried_out(fails, listed):
    both = "--jobs and --scheduler exclude each other: the cluster's workers say how many run at a time"
    run = ["run", "--questions", "questions.txt"]
    fails(["run", "q", "--questions", "questions.txt"], "QUESTION and --questions exclude each other")
    fails([*run, "--jobs", "2", "--scheduler", "tcp://127.0.0.1:1"], both)
    fails(["run", "q", "--jobs", "2"], "--jobs needs --questions")
    fails(["run", "q", "--scheduler", "tcp://127.0.0.1:1"], "--scheduler needs --questions")
    fails(["run", "--dry-run"], "--dry-run needs a question or --questions")
    fails([*run, "--jobs", "0"], "Invalid value for '--jobs': 0 is not in the range 1<=x<=256. (see 'srch run --help')")
    fails(["run", "--questions", "none.txt"], "none.txt: no such file")


def test_questions_that_records_ask_already(place, srch, listed):
    listed.write_text(f"{QUESTION.upper()}\n", encoding="utf-8")
    refused = many(srch, "--out", "new")
    assert refused.code == 1, "there is nothing else"
    line = r"^   1  asked before: SRCH:[0-9A-F]{8}, \"How do street trees .*\" \(similarity 1\.00\)$"
    assert re.search(line, refused.out, re.MULTILINE)
    assert refused.out.splitlines()[-1] == (
        "  next     read those records, or add --again to run the questions all the same"
    )
    assert not (place / "new").exists()
    listed.write_text(f"{QUESTION.upper()}\n{THREE}\n", encoding="utf-8")
    mixed = many(srch, "--out", "new", "-q", "--json")
    assert (mixed.code, [row["state"] for row in json.loads(mixed.out)["questions"]]) == (0, ["asked before", "done"])
    again = many(srch, "--out", "new", "-q", "--json", "--again")
    assert [row["state"] for row in json.loads(again.out)["questions"]] == ["done", "done before"]


def test_an_interrupt_keeps_what_was_finished_and_the_same_call_goes_on(tmp_path, srch, start, listed):
    more = "".join(f"{question[:-1]} in coastal villages?\n" for question in (ONE, TWO, THREE))
    listed.write_text(listed.read_text(encoding="utf-8") + more, encoding="utf-8")
    process = start("run", "--questions", "questions.txt", "--clock", CLOCK)
    first = process.stderr.readline()
    assert first.startswith("[1/6] done ")
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    *progress, last = err.splitlines()
    assert (process.returncode, out) == (130, "")
    assert last == "srch: interrupted; what was finished is kept, and the same call goes on"
    assert all(line.startswith("[") for line in progress)
    again = [row["state"] for row in json.loads(many(srch, "-q", "--json").out)["questions"]]
    before = 1 + len(progress)
    assert again[:before] == ["done before"] * before
    assert {*again} == {"done before", "done"}


def test_one_budget_for_all_processes(tmp_path, srch, listed):
    with ModelServer(lambda asked: "no answer") as server:
        models = {**server.environment(), "SRCH_CACHE_DIR": str(tmp_path / "cache")}
        call = ("--model", "--max-calls", "7", "--jobs", "2", "--json", "-q")
        told = json.loads(many(srch, *call, env=models).out)
        asked = len(server.chats)
        assert [row["state"] for row in told["questions"]] == ["done"] * 3
        assert (asked, told["totals"]["calls"]) == (7, 7)
        assert not (tmp_path / "runs" / ".budget").exists(), "all is done, so the next call begins a new budget"
        assert json.loads(many(srch, *call, env=models).out)["totals"]["done before"] == 3
        assert len(server.chats) == asked
        reasons = set()
        for path in (tmp_path / "runs").glob("*/run.json"):
            record = json.loads(path.read_bytes())
            reasons.add(record["abstract"]["produced_by"]["fallback_reason"])
        assert "the budget of 7 model calls is spent" in reasons
        assert reasons <= {reason for row in told["questions"] for reason in row["fallbacks"]}


def test_a_call_that_is_made_again_goes_on_with_its_budget(tmp_path, srch, listed):
    with ModelServer(lambda asked: "no answer") as server:
        models = {**server.environment(), "SRCH_CACHE_DIR": str(tmp_path / "cache")}
        last = tmp_path / "runs" / folder_name(Request(THREE, CLOCK, chat_model=CHAT_MODEL))
        last.mkdir(parents=True)
        (last / "request.json").write_bytes(b"{}")
        call = ("--model", "--max-calls", "7", "-q")
        assert many(srch, *call, env=models).code == 1
        (kept,) = (tmp_path / "runs" / ".budget").glob("*/budget.json")
        assert json.loads(kept.read_bytes())["calls"] == 7
        (last / "request.json").unlink()
        assert many(srch, *call, env=models).code == 0
        assert len(server.chats) == 7, "nothing was left for the third"
        label = json.loads((last / "run.json").read_bytes())["queries"][0]["produced_by"]
        assert label["fallback_reason"] == "the budget of 7 model calls is spent"
        assert not kept.parent.parent.exists()


class Killing:
    """A model that never answers rightly, and kills the process that asks it first, with all that this one started."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None

    def __call__(self, asked: object) -> str:
        process, self.process = self.process, None
        if process is not None:
            os.killpg(process.pid, signal.SIGKILL)
        return "no answer"


@pytest.fixture
def killed(tmp_path, start):
    """``killed(server, "run", ...)``: a call that is killed within its first request to a model; its environment."""

    def call(server: ModelServer, *arguments: object) -> dict[str, str]:
        models = {**server.environment(), "SRCH_CACHE_DIR": str(tmp_path / "cache")}
        process = start(*arguments, "--clock", CLOCK, env=models)
        server.responder.process = process
        assert process.wait(60) == -signal.SIGKILL
        return models

    return call


@pytest.mark.parametrize(("named", "given", "most"), [(False, (), 7), (True, ("--max-calls", "9"), 9)])
def test_a_killed_run_goes_on_within_its_limits(tmp_path, srch, killed, named, given, most):
    with ModelServer(Killing()) as server:
        models = killed(server, "run", ONE, "--model", "--max-calls", "7", "--no-cache")
        (budget,) = (tmp_path / "runs" / ".budget").glob("*/budget.json")
        assert json.loads(budget.read_bytes())["calls"] == 1
        question = (ONE, "--model") if named else ()
        told = json.loads(srch("run", *question, "--resume", *given, "-q", "--json", env=models).out)
        assert len(server.chats) == most
    assert f"the budget of {most} model calls is spent" in told["fallbacks"]
    assert not budget.parent.parent.exists()
    assert not (tmp_path / "cache").exists(), "neither call may use the cache"


def test_a_killed_run_of_many_goes_on_alone_with_the_budget_of_all(tmp_path, srch, killed, listed):
    with ModelServer(Killing()) as server:
        many_of = ("--questions", "questions.txt", "--model", "--max-calls", "7")
        models = killed(server, "run", *many_of)
        assert srch("run", "--resume", "-q", env=models).code == 0
        assert len(server.chats) == 7
        (budget,) = (tmp_path / "runs" / ".budget").glob("*/budget.json")
        assert json.loads(budget.read_bytes())["calls"] == 7, "the other questions are not done"
        told = json.loads(srch("run", *many_of, "--clock", CLOCK, "-q", "--json", env=models).out)
        assert [row["state"] for row in told["questions"]] == ["done before", "done", "done"]
        assert told["questions"][2]["fallbacks"] == ["the budget of 7 model calls is spent"]
        assert len(server.chats) == 7
    assert not budget.parent.parent.exists()


@pytest.mark.parametrize("alone", [True, False])
def test_a_run_whose_requests_are_all_answered_ends_though_the_service_is_away(tmp_path, srch, listed, alone):
    listed.write_text(f"{ONE}\n", encoding="utf-8")
    with ModelServer(lambda asked: "no answer") as server:
        models = {**server.environment(), "SRCH_CACHE_DIR": str(tmp_path / "cache")}
        assert srch("run", ONE, "--clock", CLOCK, "--model", "--no-cache", "-q", env=models).code == 0
    (record,) = (tmp_path / "runs").glob("*/run.json")
    whole = record.read_bytes()
    record.unlink()
    for stage in (record.parent / "stages").iterdir():
        stage.unlink()
    call = ("--resume",) if alone else ("--questions", "questions.txt", "--model")
    result = srch("run", *call, "--clock", CLOCK, "-q", env=models)
    assert (result.code, result.err) == (0, "")
    assert record.read_bytes() == whole
    other = srch("run", TWO, "--clock", CLOCK, "--model", "-q", env=models)
    assert (other.code, other.out) == (2, ""), "what was not begun is not begun without the service"


def test_a_dry_run_says_what_would_be_asked_and_does_nothing(tmp_path, srch, listed):
    names = {"SRCH_MODEL_URL": "http://127.0.0.1:9/v1", "SRCH_MODEL_NAME": "maker/model"}
    before = sorted(tmp_path.rglob("*"))
    result = many(srch, "--dry-run", "--source", "arxiv", "--full-text", "--model", "--max-calls", "100", env=names)
    assert (result.code, result.err, sorted(tmp_path.rglob("*"))) == (0, "", before)
    lines = result.out.splitlines()
    assert lines[:4] == [
        "3 questions to run; nothing was sent, nothing was written",
        "queries by rule; the model would make others",
        f"   1  {ONE}",
        "        street trees lower air temperature",
    ]
    rest = [line.split() for line in lines[-9:]]
    assert lines[-9] == "services  arxiv: at most 24 searches, more only where a page comes short"
    assert lines[-8] == "texts     at most 36 full texts, each as HTML or else as PDF"
    assert [row[0] for row in rest[3:7]] == ["queries", "claims", "synthesis", "tribunal"]
    assert [int(row[1]) for row in rest[3:7]] == [6, 72, 6, 150]
    assert rest[7][:3] == ["in", "all", "234"]
    assert int(rest[7][3].replace(",", "")) == sum(int(row[2].replace(",", "")) for row in rest[3:7])
    assert lines[-1] == "budget    --max-calls allows 100; a stage that finds it spent goes on by rule"


def test_a_dry_run_for_one_question(tmp_path, srch):
    result = srch("run", ONE, "--dry-run")
    assert (result.code, list(tmp_path.iterdir())) == (0, [])
    assert result.out.splitlines()[-2:] == [
        "services  none: the bundled sample corpus is searched",
        "models    none",
    ]
    told = json.loads(srch("run", ONE, "--dry-run", "--json", "--source", "live").out)
    assert told["most"] == {
        "services": {"arxiv": 8, "semantic-scholar": 4, "openalex": 4},
        **{"full_texts": 0, "stages": [], "calls": 0, "tokens": 0},
    }
    assert told["questions"][0]["queries"][0] == "street trees lower air temperature"
    assert srch("run", ONE, "--clock", CLOCK, "-q").code == 0
    done = srch("run", ONE, "--dry-run")
    assert done.out.splitlines() == [
        "0 questions to run; nothing was sent, nothing was written",
        f"  done before: {ONE}",
    ]
