"""Many questions: from a list to finished runs, each in a folder and a process of its own.

What is done stays done: a run that is finished is left alone, one that was begun goes on, and a question that fails, or
whose process is killed, takes no other with it. ``on_dask`` does the same on a cluster.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections import deque
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Literal

from generator.kernel import pipeline
from generator.kernel.budget import BUDGETS, Budget
from generator.kernel.equipment import Plan, equipped, remember
from generator.kernel.request import Request, checked_question, folder_name
from generator.kernel.text import stems
from generator.manifest import runs
from generator.manifest.canonical import digest
from generator.manifest.problems import Problem, Problems, UsageError, printable, shown
from generator.manifest.semantic.near import NEAR_DUPLICATE, is_near_duplicate, nearest_question
from generator.manifest.store import Record, Store

LARGEST = 1_000_000  # bytes of a list
LONGEST_REASON = 400
PATIENCE_S = 5.0  # for a process to end when told to
WITHOUT_MODEL = ("retrieval", "reading")  # stages whose requests go to services

State = Literal["done", "done before", "asked before", "failed"]


@dataclass(frozen=True)
class Listed:
    """The questions of a list with the numbers of their lines, in order, and what is worth telling of them."""

    questions: tuple[tuple[int, str], ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Task:
    """One question to answer in ``folder``; ``number`` counts from 1 in the order of the list."""

    number: int
    request: Request
    folder: Path


@dataclass(frozen=True)
class Outcome:
    """How one question ended. ``reason`` says in one line why there is no run, or which record asks the same;
    ``review`` is what gave the score; ``calls`` and ``tokens`` are those of models, 0 where there is no run;
    ``seconds`` is the time it took now; ``fallbacks`` is why rules stepped in for a model."""

    number: int
    question: str
    folder: Path
    state: State
    reason: str | None = None
    run_id: str | None = None
    score: float | None = None
    verdict: str | None = None
    review: Literal["rubric", "model"] | None = None
    policy: str | None = None
    calls: int = 0
    tokens: int = 0
    seconds: float | None = None
    fallbacks: tuple[str, ...] = ()


def read_questions(data: bytes, file: str) -> Listed:
    """The questions of a text, one on each line; blank lines and those that begin with ``#`` are passed over.

    A question that differs from an earlier one in case or space alone is left out and told. Raises ``Problems`` with
    every line that cannot be used, and ``UsageError`` where there is no question.
    """
    if len(data) > LARGEST:
        found, expected = f"more than {LARGEST} bytes", f"at most {LARGEST} bytes"
        raise Problems([Problem(file, "", "REG001", found, expected, "Split the list.")])
    problems: list[Problem] = []
    questions: list[tuple[int, str]] = []
    notes: list[str] = []
    first: dict[str, int] = {}
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.decode("utf-8").strip()
            if not text or text.startswith("#"):
                continue
            question = checked_question(text)
        except UnicodeDecodeError as error:
            found = f"byte 0x{line[error.start]:02x}"
            problems.append(Problem(file, f"line {number}", "REG002", found, "UTF-8 text", "Save the list as UTF-8."))
        except UsageError as error:
            expected = "a question of at most 500 characters"
            problems.append(Problem(file, f"line {number}", "REG010", str(error), expected, "Correct or remove it."))
        else:
            known = first.setdefault(question.casefold(), number)
            if known != number:
                notes.append(f"line {number} asks what line {known} asks; it is run once")
            else:
                questions.append((number, question))
    if problems:
        raise Problems(problems)
    if not questions:
        raise UsageError(f"{file}: no question in it")
    return Listed(tuple(questions), (*notes, *_alike(questions)))


def _alike(questions: Sequence[tuple[int, str]]) -> Iterator[str]:
    """What is told of questions that are the same in all but their form: both are run."""
    seen: dict[frozenset[str], list[tuple[int, str]]] = {}
    for number, question in questions:
        others = seen.setdefault(frozenset(stems(question)), [])
        near = next((line for line, other in others if is_near_duplicate(question, other)), None)
        if near is not None:
            yield f"line {number} asks nearly what line {near} asks; both are run"
        others.append((number, question))


def tasks_for(questions: Sequence[str], request: Request, out: Path) -> list[Task]:
    """A task for each question, as ``request`` has it in all else. Raises ``UsageError`` where two share a folder."""
    requests = [replace(request, question=question) for question in questions]
    tasks = [Task(number, each, out / folder_name(each)) for number, each in enumerate(requests, start=1)]
    known: dict[Path, Task] = {}
    for task in tasks:
        other = known.setdefault(task.folder, task)
        if other is not task:
            both = f"{shown(other.request.question)} and {shown(task.request.question)}"
            raise UsageError(f"{both} would share the folder {task.folder}; run one of them alone")
    return tasks


def batch_plan(plan: Plan, tasks: Sequence[Task], out: Path) -> Plan:
    """The plan with the place where these tasks' budget is kept, if there is one: the same questions, asked in the same
    way, go on with it. One that the plan names already is kept. Raises ``UsageError`` where it cannot be used."""
    if plan.most_calls is None and plan.most_tokens is None:
        return plan
    folder = plan.budget_folder or out / BUDGETS / _budget_name(tasks)
    Budget(plan.most_calls, plan.most_tokens, folder).spent()
    return replace(plan, budget_folder=folder)


def _budget_name(tasks: Sequence[Task]) -> str:
    return digest(sorted(task.request.key() for task in tasks))[:16]


def end_batch(tasks: Sequence[Task], out: Path) -> None:
    """Forget what was spent for these tasks, as all of them are done; a budget that others share with them stays."""
    Budget(folder=out / BUDGETS / _budget_name(tasks)).forget()
    with suppress(OSError):
        (out / BUDGETS).rmdir()


def settled(tasks: Sequence[Task], manifests: Path | None) -> tuple[list[Outcome], list[Task]]:
    """(the outcomes that are known beforehand, the tasks that are left). A finished run is done before; a question that
    a record of ``manifests`` asks already is not begun. Raises ``Problems`` where the records cannot be read."""
    known, left = [], []
    store = _ReadOnce(manifests) if manifests else None
    for task in tasks:
        if (task.folder / runs.RUN_FILE).is_file():
            known.append(_done_before(task))
            continue
        begun = (task.folder / runs.REQUEST_FILE).is_file()
        earlier = None if begun or store is None else _asked_before(task.request, store)
        if earlier is None:
            left.append(task)
        else:
            known.append(Outcome(task.number, task.request.question, task.folder, "asked before", earlier))
    return known, left


class _ReadOnce(Store):
    """A registry whose records are read once for many questions."""

    @cached_property
    def _read(self) -> tuple[Record, ...]:
        return tuple(super().records())

    def records(self) -> Iterator[Record]:
        return iter(self._read)


def _asked_before(request: Request, store: Store) -> str | None:
    found = nearest_question(request.question, store, sample=not request.live)
    if found is None or found[1] < NEAR_DUPLICATE:
        return None
    near, similarity = found
    mark = f", {near.mark}" if near.mark else ""
    return f"{near.public_id}{mark}, {shown(near.question)} (similarity {similarity:.2f})"


def _done_before(task: Task) -> Outcome:
    try:
        return _told(task, runs.load(task.folder), "done before")
    except (Problems, UsageError) as error:
        return failed(task, error)


def _told(task: Task, finished: runs.RunFolder, state: State, seconds: float | None = None) -> Outcome:
    run = finished.run
    rows: Sequence[Mapping[str, Any]] = run.get("costs", {}).get("stages", [])
    return Outcome(
        number=task.number,
        question=task.request.question,
        folder=task.folder,
        state=state,
        run_id=finished.id,
        score=run["tribunal"]["score"],
        verdict=run["tribunal"]["verdict"],
        review=run["tribunal"]["kind"],
        policy=run["policy"]["outcome"],
        calls=sum(row["calls"] for row in rows if row["stage"] not in WITHOUT_MODEL),
        tokens=sum(row["prompt_tokens"] + row["completion_tokens"] for row in rows),
        seconds=seconds,
        fallbacks=tuple(fallbacks(run)),
    )


def fallbacks(run: Mapping[str, Any]) -> list[str]:
    """Why rules stepped in for a model, each reason once, as the labels of a run record tell it."""
    return list(dict.fromkeys(_reasons(run)))


def _reasons(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        reason = part.get("fallback_reason")
        if reason:
            yield reason
    for inner in part.values() if isinstance(part, Mapping) else part if isinstance(part, list) else ():
        yield from _reasons(inner)


def failed(task: Task, error: BaseException | str) -> Outcome:
    """The outcome of a task that came to no run."""
    return Outcome(task.number, task.request.question, task.folder, "failed", reason_of(error))


def reason_of(error: BaseException | str) -> str:
    """Why something failed, in one printable line."""
    if isinstance(error, Problems):
        first = error.problems[0]
        text = f"{len(error.problems)} problems, the first: {first.file}: {first.place}: {first.found}"
    elif isinstance(error, UsageError | str):
        text = str(error)
    else:
        text = f"{type(error).__name__}: {error}"
    line = printable(" ".join(text.split()))
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def carry_out(task: Task, plan: Plan) -> Outcome:
    """Run the question, or go on with what was begun. What it raises becomes the outcome, but for an interrupt."""
    began = time.monotonic()
    try:
        with equipped(plan, preflight=False) as tools:
            remember(plan, task.folder)
            finished = pipeline.execute(task.request, task.folder, resume=True, tools=tools)
        return _told(task, finished, "done", round(time.monotonic() - began, 1))
    except Exception as error:
        return replace(failed(task, error), seconds=round(time.monotonic() - began, 1))


def in_processes(tasks: Sequence[Task], plan: Plan, jobs: int) -> Generator[Outcome, None, None]:
    """The outcomes as they come, with at most ``jobs`` processes at work; those are ended when the iterator is closed.

    Each question gets a process of its own, so one that is killed is the end of one question alone.
    """
    context = _context()
    waiting = deque(tasks)
    working: dict[Connection, tuple[Task, BaseProcess]] = {}
    try:
        while waiting or working:
            while waiting and len(working) < jobs:
                task = waiting.popleft()
                way, process = _begun(context, task, plan)
                working[way] = task, process
            for ready in wait(list(working)):
                assert isinstance(ready, Connection)
                outcome = _received(ready, *working[ready])
                del working[ready]
                yield outcome
    finally:
        _end([process for _, process in working.values()])


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    # read once by the server, not again by each question's process
    context.set_forkserver_preload([__name__, "generator.kernel.reading.read", "generator.manifest.semantic.claims"])
    return context


def _begun(context: BaseContext, task: Task, plan: Plan) -> tuple[Connection, BaseProcess]:
    way, other_end = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(other_end, task, plan), name=f"question-{task.number}")  # type: ignore[attr-defined]
    with _interrupts_held():
        process.start()
    other_end.close()
    return way, process


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """The terminal's interrupt is for this process, which ends the others: what is started here never gets it."""
    resource_tracker.ensure_running()  # starting it, which a first process does, would let them through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(way: Connection, task: Task, plan: Plan) -> None:
    """What a question's process does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a server that was there before may let it through
    threading.Thread(target=_end_with_parent, daemon=True).start()
    outcome = carry_out(task, plan)
    with suppress(BrokenPipeError):  # nobody waits any longer
        way.send(outcome)


def _end_with_parent() -> None:
    """A parent that was killed cannot end its processes; they must not hold a folder that its next call needs."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _received(way: Connection, task: Task, process: BaseProcess) -> Outcome:
    try:
        outcome: Outcome = way.recv()
    except EOFError:
        process.join()
        code = process.exitcode or 0
        how = f"was killed by {_signal(-code)}" if code < 0 else f"ended early with code {code}"
        outcome = failed(task, f"its process {how}; the same call goes on with it")
    finally:
        way.close()
    process.join()
    return outcome


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _end(processes: Sequence[BaseProcess]) -> None:
    for process in processes:
        process.terminate()
    for process in processes:
        process.join(PATIENCE_S)
        if process.is_alive():
            process.kill()
            process.join()
