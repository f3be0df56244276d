"""Many questions: read from a list, each in a process or on a cluster's worker, one failing without the others."""

from __future__ import annotations

import json
import multiprocessing
import os
import re
import shutil
import signal
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator import __version__
from generator.kernel import many, on_dask, pipeline
from generator.kernel.budget import Budget
from generator.kernel.equipment import OPTIONS_FILE, Plan, remember, remembered
from generator.kernel.many import (
    Listed,
    Outcome,
    Task,
    batch_plan,
    end_batch,
    fallbacks,
    in_processes,
    read_questions,
    reason_of,
    settled,
    tasks_for,
)
from generator.kernel.on_dask import Cluster, checked_address, on_cluster
from generator.kernel.request import Request, load_request
from generator.manifest.problems import Problem, Problems, UsageError
from generator.manifest.publish import publish
from generator.manifest.runs import load
from generator.manifest.store import Store
from tests.tools.model_server import CHAT_MODEL, ModelServer, fails

CLOCK = "2026-01-02T03:04:05Z"
TWELVE = [
    "Do street trees lower air temperature?",
    "How do cool roofs lower urban air temperature?",
    "Do street trees warm or cool streets at night?",
    "Does load balancing suppress expert specialisation?",
    "Does loss-free balancing improve accuracy of mixture-of-experts language models?",
    "Does retrieving more passages increase or reduce hallucination?",
    "How do irrelevant passages affect answers of retrieval-augmented generation?",
    "Is excess lead iodide good or bad for perovskite stability?",
    "Does 2D passivation improve the stability of perovskite solar cells?",
    "Does sleep restriction impair declarative memory in adolescents?",
    "Do later school starts change sleep of adolescents?",
    "Do naps improve memory in adolescents?",
]
REQUEST = Request("any", CLOCK)


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The record of each question, run one after the other in this process; by question."""
    out = tmp_path_factory.mktemp("alone")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "_write_reports", lambda *_: None)
        for task in tasks_for(TWELVE, REQUEST, out):
            pipeline.execute(task.request, task.folder, resume=False)
    return {task.request.question: (task.folder / "run.json").read_bytes() for task in tasks_for(TWELVE, REQUEST, out)}


def records(outcomes: list[Outcome]) -> dict[str, bytes]:
    return {outcome.question: (outcome.folder / "run.json").read_bytes() for outcome in outcomes}


def told(error: pytest.ExceptionInfo[UsageError]) -> str:
    return str(error.value)


# ---- the list


def test_blank_lines_remarks_and_repeats_are_passed_over():
    data = b"\xef\xbb\xbf# questions\r\n\r\nDo trees cool?\r\n  # indented\n\tdo  TREES cool? \nDo roofs cool?\n"
    assert read_questions(data, "q.txt") == Listed(
        ((3, "Do trees cool?"), (6, "Do roofs cool?")), ("line 5 asks what line 3 asks; it is run once",)
    )


def test_questions_that_differ_in_form_alone_are_told_and_both_are_kept():
    found = read_questions(b"Do street trees cool cities?\nDo roofs?\nDo the street trees cool a city?", "q.txt")
    assert [line for line, _ in found.questions] == [1, 2, 3]
    assert found.notes == ("line 3 asks nearly what line 1 asks; both are run",)
    assert read_questions(b"Do trees cool streets?\nDo trees not cool streets?", "q").notes == ()


def test_every_bad_line_is_told_at_once():
    data = b"Do trees cool?\n?!\n\xff\xfe\nDo roofs cool?\n" + b"a" * 501 + b"\n"
    with pytest.raises(Problems) as raised:
        read_questions(data, "q.txt")
    expected = "a question of at most 500 characters"
    long = "the question has 501 characters; at most 500 are taken"
    assert raised.value.problems == (
        Problem("q.txt", "line 2", "REG010", "the question holds no word", expected, "Correct or remove it."),
        Problem("q.txt", "line 3", "REG002", "byte 0xff", "UTF-8 text", "Save the list as UTF-8."),
        Problem("q.txt", "line 5", "REG010", long, expected, "Correct or remove it."),
    )


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# nothing\n"])
def test_a_list_without_a_question_is_refused(data):
    with pytest.raises(UsageError) as raised:
        read_questions(data, "q.txt")
    assert told(raised) == "q.txt: no question in it"


def test_a_list_that_is_too_long_is_refused():
    with pytest.raises(Problems) as raised:
        read_questions(b"#" * 1_000_001, "q.txt")
    assert raised.value.problems[0].found == "more than 1000000 bytes"


@given(st.lists(st.text("abc ?#é\u200b", max_size=12), max_size=8))
def test_what_is_read_is_what_was_written_line_for_line(lines: list[str]):
    try:
        found = read_questions("\n".join(lines).encode(), "q")
    except (Problems, UsageError):
        return
    for number, question in found.questions:
        assert question == many.checked_question(lines[number - 1])
    folded = [question.casefold() for _, question in found.questions]
    assert len(set(folded)) == len(folded)


# ---- what is settled beforehand


def test_each_question_has_a_folder_of_its_own(tmp_path, monkeypatch):
    tasks = tasks_for(TWELVE, REQUEST, tmp_path)
    assert [task.number for task in tasks] == list(range(1, 13))
    assert len({task.folder for task in tasks}) == 12
    monkeypatch.setattr(many, "folder_name", lambda request: "same")
    with pytest.raises(UsageError) as raised:
        tasks_for(["one?", "two?"], REQUEST, tmp_path)
    assert told(raised) == f'"one?" and "two?" would share the folder {tmp_path / "same"}; run one of them alone'


def test_finished_and_asked_questions_are_settled_and_begun_ones_are_not(tmp_path, alone):
    tasks = tasks_for(TWELVE[:3], REQUEST, tmp_path / "runs")
    finished = tmp_path / "published" / "0"
    finished.mkdir(parents=True)
    (finished / "run.json").write_bytes(alone[TWELVE[0]])
    public_id = publish(load(finished), Store(tmp_path / "manifests")).public_id
    shutil.copytree(finished, tasks[0].folder)
    known, left = settled(tasks, tmp_path / "manifests")
    assert [(item.number, item.state) for item in known] == [(1, "done before")]
    tribunal = json.loads(alone[TWELVE[0]])["tribunal"]
    assert (known[0].score, known[0].verdict) == (tribunal["score"], tribunal["verdict"])
    assert left == tasks[1:]

    again = tasks_for(["Do the street trees lower the air temperature?"], REQUEST, tmp_path / "runs")
    known, left = settled(again, tmp_path / "manifests")
    reason = f'{public_id}, "{TWELVE[0]}" (similarity 1.00)'
    assert ([(item.state, item.reason) for item in known], left) == ([("asked before", reason)], [])
    assert settled(again, None) == ([], again)
    assert settled(tasks_for([again[0].request.question], replace(REQUEST, sources=("arxiv",)), tmp_path), None)[1]
    again[0].folder.mkdir(parents=True)
    (again[0].folder / "request.json").write_text("{}")
    assert settled(again, tmp_path / "manifests") == ([], again), "what was begun goes on"


def test_a_finished_run_that_is_damaged_is_told_as_failed(tmp_path):
    (task,) = tasks_for(TWELVE[:1], REQUEST, tmp_path)
    task.folder.mkdir()
    (task.folder / "run.json").write_bytes(b"{")
    (outcome,), left = settled([task], None)
    assert (outcome.state, left) == ("failed", [])
    assert outcome.reason is not None
    assert str(task.folder / "run.json") in outcome.reason


def test_the_budget_belongs_to_the_questions_and_ends_with_them(tmp_path):
    tasks = tasks_for(TWELVE[:2], REQUEST, tmp_path)
    plan = batch_plan(Plan(most_calls=3), tasks, tmp_path)
    assert plan.budget_folder is not None
    assert plan.budget_folder == batch_plan(Plan(most_tokens=9), tasks[::-1], tmp_path).budget_folder
    assert plan.budget_folder != batch_plan(Plan(most_calls=3), tasks[:1], tmp_path).budget_folder
    with Budget(3, None, plan.budget_folder).reserved(5) as request:
        request.used(5)
    (plan.budget_folder / "budget.json").write_text("{")
    with pytest.raises(UsageError, match="not a budget's file; remove it to begin a new budget"):
        batch_plan(Plan(most_calls=3), tasks, tmp_path)
    end_batch(tasks[:1], tmp_path)
    assert plan.budget_folder.exists(), "it is for two questions, and one of them may not be done"
    end_batch(tasks[::-1], tmp_path)
    assert not plan.budget_folder.parent.exists()
    assert batch_plan(Plan(), tasks, tmp_path / "none").budget_folder is None
    end_batch(tasks, tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_limits_budget_and_cache_are_remembered_and_given_ones_win(tmp_path):
    run, cache = tmp_path / "run", tmp_path / "cache"
    plan = Plan(most_calls=3, budget_folder=tmp_path / ".budget" / "0123456789abcdef")
    remember(plan, run)
    assert remembered(Plan(cache=cache), run) == plan
    given = Plan(most_calls=0, most_tokens=9)
    assert remembered(given, run) == replace(given, budget_folder=plan.budget_folder)
    remember(Plan(cache=cache), run)
    assert not (run / OPTIONS_FILE).exists(), "what does not differ from the defaults is not kept"
    assert remembered(given, run) == given
    remember(Plan(cache=cache), tmp_path / "none")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "change",
    [
        {"budget": "../0123456789abcd"},
        {"budget": 7},
        {"max_calls": -1},
        {"max_tokens": True},
        {"max_tokens": 1.0},
        {"no_cache": None},
        {"more": 1},
        None,
    ],
)
def test_options_that_cannot_be_read_are_told_and_not_dropped(tmp_path, change):
    remember(Plan(most_calls=3), tmp_path)
    file = tmp_path / OPTIONS_FILE
    stored = json.loads(file.read_bytes())
    file.write_text(json.dumps({**stored, **change}) if change else "[")
    with pytest.raises(UsageError) as raised:
        remembered(Plan(), tmp_path)
    assert told(raised) == f"{file}: not the options of a run; remove it to go on without a limit"


def test_the_reasons_of_fallbacks_are_told_once_each():
    def made(reason: str | None) -> dict[str, Any]:
        return {"produced_by": {"mode": "extractive", "fallback_reason": reason}}

    run = {"queries": [made("spent"), made("spent")], "claims": [made(None), {"deep": made("gone")}], "text": "x"}
    assert fallbacks(run) == ["spent", "gone"]
    assert fallbacks({"claims": [made(None)]}) == []


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (UsageError("a: no such file"), "a: no such file"),
        (Problems([Problem("f", "/a", "REG010", "x", "y", "z")] * 2), "2 problems, the first: f: /a: x"),
        (ValueError("two\nlines \x1b[2J"), "ValueError: two lines \\u001b[2J"),
        (MemoryError(), "MemoryError: "),
        (OSError("x" * 1000), f"OSError: {'x' * 390}…"),
    ],
)
def test_a_reason_is_one_printable_line(error, line):
    assert reason_of(error).rstrip() == line.rstrip()


# ---- processes of this machine


def test_a_killed_process_and_a_failing_question_take_no_other_with_them(tmp_path, alone):
    tasks = tasks_for(TWELVE[:4], REQUEST, tmp_path)
    tasks[0].folder.mkdir()
    (tasks[0].folder / "request.json").write_text("{}")
    found: list[Outcome] = []
    with closing(in_processes(tasks, Plan(), 2)) as outcomes:
        for outcome in outcomes:
            found.append(outcome)
            if len(found) == 1:
                child = next(item for item in multiprocessing.active_children() if item.name == "question-2")
                assert child.pid is not None
                os.kill(child.pid, signal.SIGKILL)
    states = {outcome.number: outcome.state for outcome in found}
    assert states == {1: "failed", 2: "failed", 3: "done", 4: "done"}
    reasons = {outcome.number: outcome.reason for outcome in found}
    request = tasks[0].folder / "request.json"
    assert reasons[1] == f"{request}: not a run request; remove the folder and run the question again"
    assert reasons[2] == "its process was killed by SIGKILL; the same call goes on with it"
    done = [outcome for outcome in found if outcome.state == "done"]
    assert records(done) == {outcome.question: alone[outcome.question] for outcome in done}
    (again,) = in_processes(tasks[1:2], Plan(), 1)
    assert records([again]) == {TWELVE[1]: alone[TWELVE[1]]}


def test_closing_ends_the_processes(tmp_path):
    made = in_processes(tasks_for(TWELVE[:3], REQUEST, tmp_path), Plan(), 2)
    next(made)
    made.close()
    names = {child.name for child in multiprocessing.active_children()}
    assert not any(name.startswith("question-") for name in names)


# ---- a Dask cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", silence_logs=50
    ) as made:
        yield made


@pytest.fixture
def marked(tmp_path) -> Cluster:
    """What a worker is told, with folders that it reaches."""
    mark = on_dask._marked(tmp_path / "runs")
    return Cluster(__version__, Plan(), tmp_path / "runs", mark, "")


def pids(cluster: Any) -> list[int]:
    from distributed import Client

    with Client(cluster.scheduler_address, set_as_default=False) as client:
        return sorted(client.run(os.getpid).values())


def test_twelve_questions_end_once_each_though_a_worker_is_killed_half_way(tmp_path, cluster, alone):
    victim = pids(cluster)[0]
    found: list[Outcome] = []
    with closing(on_cluster(tasks_for(TWELVE, REQUEST, tmp_path), Plan(), cluster.scheduler_address)) as outcomes:
        for outcome in outcomes:
            found.append(outcome)
            if len(found) == 4:
                os.kill(victim, signal.SIGKILL)
    assert sorted(outcome.number for outcome in found) == list(range(1, 13))
    assert {outcome.state for outcome in found} == {"done"}, [outcome.reason for outcome in found]
    assert records(found) == alone
    assert victim not in pids(cluster)


def test_a_question_that_fails_on_the_cluster_is_told(tmp_path, cluster):
    tasks = tasks_for(TWELVE[:2], REQUEST, tmp_path)
    tasks[1].folder.mkdir()
    (tasks[1].folder / "request.json").write_text("{}")
    found = {outcome.number: outcome for outcome in on_cluster(tasks, Plan(), cluster.scheduler_address)}
    assert [found[number].state for number in (1, 2)] == ["done", "failed"]
    assert load_request(found[1].folder).question == TWELVE[0]
    assert found[2].reason is not None
    assert found[2].reason.endswith("not a run request; remove the folder and run the question again")


def test_workers_of_another_version_are_refused_before_anything_is_begun(tmp_path, cluster, monkeypatch):
    monkeypatch.setattr(on_dask, "__version__", "9.9.9")
    with pytest.raises(UsageError) as raised:
        next(on_cluster(tasks_for(TWELVE, REQUEST, tmp_path), Plan(), cluster.scheduler_address))
    line = r"the worker tcp://\S+ has another version of this package: {}; here is 9\.9\.9"
    assert re.fullmatch(line.format(re.escape(__version__)), told(raised))
    assert [path.name for path in tmp_path.iterdir()] == [".reach"]


def test_workers_that_cannot_do_it_are_refused_before_anything_is_begun(tmp_path, cluster):
    plan = Plan(chat=True)
    tasks = tasks_for(TWELVE, replace(REQUEST, chat_model="maker/model"), tmp_path)
    with pytest.raises(UsageError) as raised:
        next(on_cluster(tasks, plan, cluster.scheduler_address))
    assert "cannot take part: no chat model is set: give SRCH_MODEL_URL and SRCH_MODEL_NAME" in told(raised)


def test_no_scheduler_and_no_worker(tmp_path):
    distributed = pytest.importorskip("distributed", reason="the package distributed is not installed")
    tasks = tasks_for(TWELVE[:1], REQUEST, tmp_path)
    with pytest.raises(UsageError) as raised:
        next(on_cluster(tasks, Plan(), "tcp://127.0.0.1:1", wait_s=0.5))
    assert told(raised) == "no Dask scheduler answers at tcp://127.0.0.1:1 within 0.5 s"
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0", silence_logs=50) as empty:
        address = empty.scheduler_address
        with pytest.raises(UsageError) as raised:
            next(on_cluster(tasks, Plan(), address, wait_s=0.5))
    assert told(raised) == f"the scheduler at {address} has no worker; start one: dask worker {address}"


def test_a_worker_needs_the_same_folders(tmp_path, marked, monkeypatch):
    assert on_dask._own_plan(marked) == Plan()
    other = replace(marked, out=tmp_path / "elsewhere")
    with pytest.raises(UsageError) as raised:
        on_dask._own_plan(other)
    expected = "is not the same folder here, or cannot be written; --out must be a shared one"
    assert told(raised) == f"{tmp_path / 'elsewhere'} {expected}"
    on_dask._marked(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="is not the same folder here"):
        on_dask._own_plan(other)
    monkeypatch.setattr(on_dask, "arxiv_folder", lambda: tmp_path / "pace")
    paced = replace(marked, pace_mark=on_dask._marked(tmp_path / "pace"))
    assert on_dask._own_plan(paced) == Plan()
    monkeypatch.setattr(on_dask, "arxiv_folder", lambda: tmp_path / "other-pace")
    with pytest.raises(UsageError, match="is not the folder that keeps arXiv's pace for all machines"):
        on_dask._own_plan(paced)
    with pytest.raises(UsageError) as raised:
        on_dask._own_plan(replace(marked, plan=Plan(manifests=tmp_path / "none")))
    assert told(raised) == f"{tmp_path / 'none'} is not there"
    with pytest.raises(UsageError) as raised:
        on_dask._own_plan(replace(marked, version="0.0.1"))
    assert told(raised) == f"this worker has version {__version__} of this package, and 0.0.1 is asked for"


def test_a_worker_does_not_look_at_the_models_for_what_was_begun(tmp_path, marked, monkeypatch):
    with ModelServer(models=fails(401)) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        request = replace(REQUEST, chat_model=CHAT_MODEL)
        (task,) = tasks_for(TWELVE[:1], request, tmp_path / "runs")
        cluster = replace(marked, plan=Plan(chat=True))
        assert on_dask._look(cluster, task, True) is not None
        asked = len(server.requests)
        assert on_dask._look(cluster, task, False) is None
        assert len(server.requests) == asked


def test_a_worker_that_joins_later_and_lacks_something_fails_its_question_alone(tmp_path, marked):
    (task,) = tasks_for(TWELVE[:1], REQUEST, tmp_path / "runs")
    outcome = on_dask._answer(task, replace(marked, version="0.0.1"))
    assert (outcome.state, task.folder.exists()) == ("failed", False)


def test_a_worker_reads_its_own_settings_and_cache(tmp_path, marked, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SRCH_CACHE_DIR", str(tmp_path / "own"))
    sent = replace(marked, plan=Plan(cache=Path("/of/the/sender")))
    assert on_dask._own_plan(sent) == Plan(cache=tmp_path / "own")
    (tmp_path / "srch.toml").write_text("")
    assert on_dask._own_plan(sent).config == Path("srch.toml")
    (tmp_path / "named.toml").write_text("")
    named = replace(marked, plan=Plan(config=tmp_path / "named.toml"))
    assert on_dask._own_plan(named) == Plan(config=tmp_path / "named.toml")


def test_no_key_travels(tmp_path, marked, monkeypatch):
    cloudpickle = pytest.importorskip("cloudpickle", reason="the package distributed is not installed")
    for name in ("SRCH_MODEL_KEY", "SRCH_S2_KEY", "SRCH_OPENALEX_KEY"):
        monkeypatch.setenv(name, "sk-canary-0123456789")
    plan = Plan(sources=("arxiv", "openalex"), chat=True, config=tmp_path / "srch.toml")
    task = Task(1, replace(REQUEST, chat_model="maker/model"), tmp_path)
    sent = cloudpickle.dumps((on_dask._answer, task, replace(marked, plan=on_dask._to_travel(plan))))
    assert b"maker/model" in sent
    assert b"canary" not in sent


def test_addresses(monkeypatch):
    for good in ("tcp://127.0.0.1:8786", "tls://scheduler.example.org:8786"):
        assert checked_address(good) == good
    for bad in ("127.0.0.1:8786", "tcp://host", "http://host:80", "tcp://host:80/path", "tcp://a b:1", "tcp://u@h:1"):
        with pytest.raises(UsageError) as raised:
            checked_address(bad)
        assert told(raised) == f"--scheduler {json.dumps(bad)} is not an address such as tcp://127.0.0.1:8786"
    monkeypatch.setattr(on_dask, "find_spec", lambda name: None)
    with pytest.raises(UsageError) as raised:
        checked_address("tcp://127.0.0.1:8786")
    line = "--scheduler needs the package distributed; install it: pip install 'srch-registry[dask]'"
    assert told(raised) == line
