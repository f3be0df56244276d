"""Many questions, and what a run would ask for: ``srch run`` with ``--questions`` or ``--dry-run``."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.commands.common import fail, note, one_line, print_json
from generator.kernel.verification import methods

if TYPE_CHECKING:
    from generator.commands.questions import Asked
    from generator.kernel.equipment import Plan
    from generator.kernel.estimate import Estimate
    from generator.kernel.many import Outcome, State, Task

STATES: tuple[State, ...] = ("done", "done before", "asked before", "failed")
INTERRUPTED = "interrupted; what was finished is kept, and the same call goes on"
ROW = "{:>4}  {:<12} {:>5}  {:<6} {:<8} {:<17} {:>6} {:>9}  {}"


def answer(
    question: str | None, listed: Path | None, asked: Asked, *, jobs: int, scheduler: str | None, dry_run: bool
) -> None:
    """Answer the questions of the file ``listed``, or say of them, or of ``question``, what that would take."""
    from generator.commands.questions import request_of
    from generator.kernel.many import settled, tasks_for
    from generator.kernel.on_dask import checked_address

    if scheduler is not None:
        checked_address(scheduler)
    questions = [question] if question is not None else _read(listed or Path("-"), asked)
    first = request_of(questions[0], asked)
    tasks = tasks_for([first.question, *questions[1:]], first, asked.out)
    known, left = settled(tasks, None if asked.again else asked.plan.manifests)
    if dry_run:
        _tell_estimate(known, left, asked)
        return
    try:
        with closing(_outcomes(tasks, left, asked, jobs, scheduler)) as made:
            outcomes = _followed(known, made, len(tasks), quiet=asked.quiet)
    except KeyboardInterrupt:
        fail(INTERRUPTED, 130)
    if asked.as_json:
        print_json(_summary(outcomes))
    else:
        for line in _table(outcomes):
            click.echo(line)
    states = {outcome.state for outcome in outcomes}
    if "failed" in states or states == {"asked before"}:
        raise SystemExit(1)


def _read(listed: Path, asked: Asked) -> list[str]:
    from generator.kernel.many import LARGEST, read_questions
    from generator.manifest.strict import read_bytes

    name = "standard input" if str(listed) == "-" else str(listed)
    data = sys.stdin.buffer.read(LARGEST + 1) if str(listed) == "-" else read_bytes(listed, limit=LARGEST)
    found = read_questions(data, name)
    for remark in found.notes:
        if not asked.quiet:
            note(f"{one_line(name)}: {remark}")
    return [question for _, question in found.questions]


def _outcomes(
    tasks: Sequence[Task], left: Sequence[Task], asked: Asked, jobs: int, scheduler: str | None
) -> Generator[Outcome, None, None]:
    """The outcomes of what is left to do, as they come."""
    from generator.kernel.equipment import begun, equipped
    from generator.kernel.many import batch_plan, end_batch, in_processes
    from generator.kernel.on_dask import on_cluster

    if not left:
        # an unfinished one may have been ended by a call for it alone, which leaves the budget of all
        end_batch(tasks, asked.out)
        return
    methods.verifier(left[0].request.verifier)  # what it lacks is told before anything is begun
    plan = batch_plan(asked.plan, tasks, asked.out)
    if scheduler is not None:
        # a file that was not named is the worker's own
        made = on_cluster(left, replace(plan, config=asked.config), scheduler)
    else:
        preflight = not all(begun(task.folder) for task in left)
        with equipped(plan, tell=lambda text: None if asked.quiet else note(text), preflight=preflight):
            pass
        made = in_processes(left, plan, jobs)
    failures = False
    with closing(made):
        for outcome in made:
            failures = failures or outcome.state == "failed"
            yield outcome
    if not failures:
        end_batch(tasks, asked.out)


def _followed(known: Sequence[Outcome], made: Iterator[Outcome], total: int, *, quiet: bool) -> list[Outcome]:
    """All outcomes in the order of the list; each is told when it comes."""
    outcomes: list[Outcome] = []
    for source in (known, made):
        for outcome in source:
            outcomes.append(outcome)
            if not quiet:
                note(_progress(outcome, len(outcomes), total))
    return sorted(outcomes, key=lambda outcome: outcome.number)


def _progress(outcome: Outcome, number: int, total: int) -> str:
    parts = [f"[{number}/{total}] {outcome.state:<12} {one_line(outcome.question, 48):<48}"]
    if outcome.verdict is not None:
        parts.append(f"{outcome.score}/10 {outcome.verdict} ({outcome.review})")
    if outcome.seconds is not None:
        parts.append(f"{outcome.seconds:.1f} s")
    if outcome.reason:
        parts.append(one_line(outcome.reason, 160))
    return "  ".join(parts).rstrip()


def _table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield ROW.format("", "", "score", "review", "verdict", "policy", "calls", "tokens", "question").rstrip()
    for item in outcomes:
        score, question = "-" if item.score is None else f"{item.score}", one_line(item.question, 60)
        review, verdict, policy = item.review or "-", item.verdict or "-", item.policy or "-"
        yield ROW.format(item.number, item.state, score, review, verdict, policy, item.calls, item.tokens, question)
    totals = _totals(outcomes)
    counts = ", ".join(f"{totals[state]} {state}" for state in STATES if totals[state])
    number = f"{len(outcomes)} question{'' if len(outcomes) == 1 else 's'}"
    yield f"{number}: {counts}; {totals['calls']} calls to models, {totals['tokens']:,} tokens"
    for item in outcomes:
        if item.reason:
            yield f"{item.number:>4}  {item.state}: {item.reason}"
    if totals["asked before"]:
        yield "  next     read those records, or add --again to run the questions all the same"
    if totals["failed"]:
        yield "  next     the same call runs what failed again and leaves the rest as it is"
    elif totals["done"] or totals["done before"]:
        yield f"  next     srch queue --runs {outcomes[0].folder.parent}"


def _totals(outcomes: Sequence[Outcome]) -> dict[str, int]:
    counted = Counter(outcome.state for outcome in outcomes)
    return {
        **{str(state): counted[state] for state in STATES},
        "calls": sum(outcome.calls for outcome in outcomes),
        "tokens": sum(outcome.tokens for outcome in outcomes),
    }


def _summary(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """The outcomes as one JSON object; an outcome's ``state`` is one of ``STATES``."""
    rows = [{**vars(outcome), "folder": str(outcome.folder)} for outcome in outcomes]
    return {"questions": rows, "totals": _totals(outcomes)}


def _tell_estimate(known: Sequence[Outcome], left: Sequence[Task], asked: Asked) -> None:
    from generator.kernel.equipment import model_settings
    from generator.kernel.estimate import estimate

    plan = asked.plan
    limits = model_settings(plan).limits if plan.uses_models else None
    found = [(task, estimate(task.request, limits, related=plan.manifests is not None)) for task in left]
    if asked.as_json:
        print_json(_estimate_json(known, found, plan))
        return
    for line in _estimate_lines(known, found, plan):
        click.echo(line)


def _estimate_lines(
    known: Sequence[Outcome], found: Sequence[tuple[Task, Estimate]], plan: Plan
) -> Iterator[str]:
    number = f"{len(found)} question{'' if len(found) == 1 else 's'}"
    yield f"{number} to run; nothing was sent, nothing was written"
    for outcome in known:
        yield f"  {outcome.state}: {one_line(outcome.question)}{f' ({outcome.reason})' if outcome.reason else ''}"
    if plan.chat and found:
        yield "queries by rule; the model would make others"
    for task, each in found:
        yield f"{task.number:>4}  {one_line(task.request.question)}"
        for query in each.queries:
            yield f"        {one_line(query)}"
    if not found:
        return
    totals = _estimate_totals(found, plan)
    if not plan.live:
        yield "services  none: the bundled sample corpus is searched"
    for name, requests in totals["services"].items():
        yield f"services  {name}: at most {requests} searches, more only where a page comes short"
    if plan.full_text:
        yield f"texts     at most {totals['full_texts']} full texts, each as HTML or else as PDF"
    if not totals["stages"]:
        yield "models    none"
        return
    yield f"models    {'at most':<22}{'calls':>8}{'tokens':>14}"
    for row in totals["stages"]:
        past = "" if row["budgeted"] else "  past the budget"
        stage = f"{row['stage']}{' (judge)' if row['kind'] == 'judge' else ''}"
        yield f"          {stage:<22}{row['calls']:>8,}{row['tokens']:>14,}{past}"
    yield f"          {'in all':<22}{totals['calls']:>8,}{totals['tokens']:>14,}"
    if plan.most_calls is not None:
        yield f"budget    --max-calls allows {plan.most_calls:,}; a stage that finds it spent goes on by rule"
    if plan.most_tokens is not None:
        yield f"budget    --max-tokens allows {plan.most_tokens:,}; a stage that finds it spent goes on by rule"


def _estimate_totals(found: Sequence[tuple[Task, Estimate]], plan: Plan) -> dict[str, Any]:
    stages: dict[tuple[str, str], dict[str, Any]] = {}
    for _, each in found:
        for most in each.stages:
            row = stages.setdefault((most.stage, most.kind), {**vars(most), "calls": 0, "tokens": 0})
            row["calls"] += most.calls
            row["tokens"] += most.tokens
    return {
        "services": {name: sum(each.services[name] for _, each in found) for name in plan.sources if plan.live},
        "full_texts": sum(each.full_texts for _, each in found),
        "stages": list(stages.values()),
        "calls": sum(each.calls for _, each in found),
        "tokens": sum(each.tokens for _, each in found),
    }


def _estimate_json(
    known: Sequence[Outcome], found: Sequence[tuple[Task, Estimate]], plan: Plan
) -> dict[str, Any]:
    return {
        "questions": [
            {"number": task.number, "question": task.request.question, "queries": list(each.queries)}
            for task, each in found
        ],
        "queries_by_model": plan.chat,
        "not_run": [
            {"number": item.number, "question": item.question, "state": item.state, "reason": item.reason}
            for item in known
        ],
        "most": _estimate_totals(found, plan),
        "budget": {"calls": plan.most_calls, "tokens": plan.most_tokens},
    }
