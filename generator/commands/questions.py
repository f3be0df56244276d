"""A question becomes a run: ``srch run``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.commands.common import (
    CONTEXT,
    MANIFESTS,
    PATH,
    RUNS,
    cli,
    epoch_seconds,
    json_option,
    next_step,
    note,
    print_json,
    quiet_option,
    time_of,
)
from generator.kernel.verification import methods
from generator.manifest.problems import UsageError

if TYPE_CHECKING:
    from generator.kernel.equipment import Plan
    from generator.kernel.request import Request
    from generator.manifest.runs import RunFolder

METHODS = ", ".join(methods.names())
CONFIG_FILE = Path("srch.toml")


@dataclass(frozen=True)
class Asked:
    """The command line of ``srch run``, beside the question. ``config`` is the settings' file that was named."""

    out: Path
    resume: bool
    seed: int
    started_at: str
    timed: bool
    method: str | None
    plan: Plan
    config: Path | None
    again: bool
    as_json: bool
    quiet: bool


@cli.command("run", context_settings=CONTEXT)
@click.argument("question", required=False)
@click.option("--out", type=PATH, default=RUNS, show_default=True, help="Folder in which the run gets its own folder.")
@click.option(
    "--resume", is_flag=True, help="Go on with an unfinished run, with its limits; no QUESTION: the only one in --out."
)
@click.option(
    "--questions",
    "listed",
    type=click.Path(path_type=Path, readable=False, allow_dash=True),
    metavar="FILE",
    help="Answer the questions of FILE, one a line, # for remarks; - is standard input. Finished ones are left alone, "
    "unfinished ones go on without --resume.",
)
@click.option(
    "--jobs", type=click.IntRange(1, 256), metavar="N", help="With --questions: so many at a time.  [default: 1]"
)
@click.option(
    "--scheduler",
    metavar="ADDRESS",
    help="With --questions: run them on the Dask cluster of this scheduler, e.g. tcp://127.0.0.1:8786. Workers use "
    "their own keys and must share --out.",
)
@click.option(
    "--dry-run", is_flag=True, help="Say what would be asked at most; nothing is sent, nothing is written."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, show_default=True, help="Recorded in the run.")
@click.option(
    "--clock", metavar="TIME", help="Time of the run, e.g. 2026-01-31T12:00:00Z. Default: SOURCE_DATE_EPOCH, else now."
)
@click.option(
    "--method", metavar="NAME", help=f"How claims are verified: {METHODS}.  [default: {methods.DEFAULT}]"
)
@click.option(
    "--source",
    "sources",
    multiple=True,
    metavar="NAME",
    help="Where to search: arxiv, semantic-scholar, openalex, or live for all three; several may be given.  "
    "[default: sample-corpus, invented papers]",
)
@click.option("--full-text", is_flag=True, help="Read papers beyond the abstract where arXiv has their full text.")
@click.option("--model", "chat", is_flag=True, help="Let the chat model of SRCH_MODEL_URL and _NAME take part.")
@click.option("--embed", "embeddings", is_flag=True, help="Let the model of SRCH_EMBEDDING_NAME make the index.")
@click.option(
    "--config", type=PATH, help=f"File with the models' settings.  [default: {CONFIG_FILE}, where there is one]"
)
@click.option(
    "--max-calls",
    type=click.IntRange(0),
    metavar="N",
    help="At most N requests to models, for all questions of the call together. The same call, made again before all "
    "of them are done, goes on with what is left; then a new budget begins.",
)
@click.option(
    "--max-tokens", type=click.IntRange(0), metavar="N", help="At most N tokens of models, in the same way."
)
@click.option(
    "--manifests",
    type=PATH,
    default=MANIFESTS,
    show_default=True,
    help="Records to compare with, where the folder is there.",
)
@click.option("--again", is_flag=True, help="Run a question that a record asks already.")
@click.option("--no-cache", is_flag=True, help="Ask services and models again for what was answered today.")
@json_option
@quiet_option
def run_command(
    question: str | None,
    out: Path,
    resume: bool,
    listed: Path | None,
    jobs: int | None,
    scheduler: str | None,
    dry_run: bool,
    seed: int,
    clock: str | None,
    method: str | None,
    sources: tuple[str, ...],
    full_text: bool,
    chat: bool,
    embeddings: bool,
    config: Path | None,
    max_calls: int | None,
    max_tokens: int | None,
    manifests: Path,
    again: bool,
    no_cache: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Answer QUESTION and leave a run with all its evidence.

    By default it searches the bundled sample corpus, offline and without a model; that corpus is invented: its records
    show how everything works and say nothing true. With --source the live literature is searched, with --model a chat
    model takes part in queries, claims, synthesis and review; where it gives nothing usable, the offline method steps
    in and the record says so. Each stage leaves a file; a killed run goes on with --resume and asks nothing twice. The
    same question, seed and clock give the same bytes offline.

    With --questions each question gets a run of its own. One that fails takes no other with it: it is told at the end,
    the exit code is 1, and the same call runs it again.

    \b
    Examples:
      srch run "How do street trees compare with cool roofs at night?"
      srch run "Does retrieval augmentation reduce hallucination?" --source live --full-text
      srch run "Do later school starts change sleep?" --source arxiv --source openalex --model --max-calls 60
      srch run --resume
      srch run --questions questions.txt --jobs 2 --out runs
      srch run --questions questions.txt --scheduler tcp://127.0.0.1:8786 --model --max-calls 500
      srch run --questions questions.txt --source live --model --dry-run
    """
    from generator.commands import many
    from generator.kernel.equipment import Plan, checked_sources
    from generator.kernel.sources.cache import default_folder

    if config is not None and not config.is_file():
        raise UsageError(f"{config}: no such file")
    plan = Plan(
        sources=checked_sources(sources),
        full_text=full_text,
        chat=chat,
        embeddings=embeddings,
        config=config or (CONFIG_FILE if CONFIG_FILE.is_file() else None),
        manifests=manifests if manifests.is_dir() else None,
        cache=None if no_cache else default_folder(),
        most_calls=max_calls,
        most_tokens=max_tokens,
    )
    timed = clock is None and epoch_seconds() is None
    asked = Asked(out, resume, seed, time_of(clock), timed, method, plan, config, again, as_json, quiet)
    _refuse_mixed(question, listed, jobs, scheduler, resume=resume, dry_run=dry_run)
    if listed is not None or (dry_run and question is not None):
        many.answer(question, listed, asked, jobs=jobs or 1, scheduler=scheduler, dry_run=dry_run)
        return
    if question is None:
        folder, request, plan = _unfinished(asked)
    else:
        folder, request = _begun(question, asked)
        plan = asked.plan
    known = (folder / "run.json").is_file()
    finished = _execute(request, folder, plan, asked)
    if as_json:
        print_json({**summary(finished, folder), "already_done": known})
    else:
        _print(finished, folder, known=known)


def _refuse_mixed(
    question: str | None, listed: Path | None, jobs: int | None, scheduler: str | None, *, resume: bool, dry_run: bool
) -> None:
    """Raises ``UsageError`` for options that do not go together."""
    if question is not None and listed is not None:
        raise UsageError("QUESTION and --questions exclude each other")
    if jobs is not None and scheduler is not None:
        raise UsageError("--jobs and --scheduler exclude each other: the cluster's workers say how many run at a time")
    for name, given in (("--jobs", jobs), ("--scheduler", scheduler)):
        if given is not None and listed is None:
            raise UsageError(f"{name} needs --questions")
    if question is None and listed is None:
        if dry_run:
            raise UsageError("--dry-run needs a question or --questions")
        if not resume:
            raise UsageError("a question is missing (see 'srch run --help')")


def _unfinished(asked: Asked) -> tuple[Path, Request, Plan]:
    """The only unfinished run, with the sources and models it was begun with."""
    from dataclasses import replace

    from generator.kernel import request as requests

    if asked.method is not None:
        raise UsageError("--method is for a question; an unfinished run goes on with the method it was begun with")
    waiting = requests.unfinished(asked.out)
    if len(waiting) != 1:
        names = f"s: {', '.join(path.name for path in waiting)}; give the question" if waiting else ""
        raise UsageError(f"{asked.out}: {len(waiting) or 'no'} unfinished run{names}")
    request = requests.load_request(waiting[0])
    plan = replace(
        asked.plan,
        sources=request.sources,
        full_text=request.full_text,
        chat=request.chat_model is not None,
        embeddings=request.embedding_model is not None,
    )
    return waiting[0], request, plan


def request_of(question: str, asked: Asked) -> Request:
    """The request for a question."""
    from generator.kernel import request as requests
    from generator.kernel.equipment import request_for

    method = methods.checked(asked.method or methods.DEFAULT)
    plain = requests.Request(
        requests.checked_question(question), asked.started_at, asked.seed, verifier=method, timed=asked.timed
    )
    return request_for(plain, asked.plan)


def _begun(question: str, asked: Asked) -> tuple[Path, Request]:
    """The run's folder and request; a question that a record has asked already is refused before anything is begun."""
    from generator.kernel import request as requests
    from generator.kernel.earlier import refuse_asked_before

    request = request_of(question, asked)
    folder = asked.out / requests.folder_name(request)
    if asked.plan.manifests and not asked.again and not (folder / "request.json").is_file():
        refuse_asked_before(request.question, asked.plan.manifests, sample=not request.live)
    return folder, request


def _execute(request: Request, folder: Path, plan: Plan, asked: Asked) -> RunFolder:
    from generator.kernel import pipeline
    from generator.kernel.equipment import begun, check_models, equipped, remember, remembered
    from generator.kernel.many import Task, batch_plan, end_batch

    def progress(number: int, total: int, name: str, result: str) -> None:
        if not asked.quiet:
            note(f"[{number}/{total}] {name:<13} {result}")

    def tell(text: str) -> None:
        if not asked.quiet:
            note(f"        {text}")

    tasks = [Task(1, request, folder)]
    if (folder / "run.json").is_file():
        end_batch(tasks, asked.out)  # a call that was killed in its last moment left the budget
        return pipeline.execute(request, folder, resume=asked.resume)
    methods.verifier(request.verifier)  # what it lacks is told before anything is begun
    check_models(request, plan)
    plan = batch_plan(remembered(plan, folder) if asked.resume else plan, tasks, asked.out)
    with equipped(plan, tell=tell, preflight=not begun(folder)) as tools:
        if asked.resume or not begun(folder):
            remember(plan, folder)
        finished = pipeline.execute(request, folder, resume=asked.resume, progress=progress, tools=tools)
    end_batch(tasks, asked.out)
    return finished


def summary(finished: RunFolder, folder: Path) -> dict[str, Any]:
    """A finished run as one JSON object."""
    from generator.kernel.many import fallbacks

    tribunal, policy = finished.run["tribunal"], finished.run["policy"]
    return {
        "folder": str(folder),
        "run_id": finished.id,
        "score": tribunal["score"],
        "verdict": tribunal["verdict"],
        "review": tribunal["kind"],
        "fallbacks": fallbacks(finished.run),
        "policy": policy["outcome"],
        "claims": len(finished.run["claims"]),
        "state": finished.state,
        "costs": finished.run.get("costs"),
    }


def _print(finished: RunFolder, folder: Path, *, known: bool) -> None:
    tribunal, policy = finished.run["tribunal"], finished.run["policy"]
    by = "rubric checks, no reviewer" if tribunal["kind"] == "rubric" else "reviewed by a model in three roles"
    click.echo(f"{'done before' if known else 'done'}: {folder}")
    click.echo(f"  run      {finished.id}")
    click.echo(f"  checks   {tribunal['score']}/10, {tribunal['verdict']} ({by})")
    click.echo(f"  policy   {policy['outcome']}")
    for line in cost_table(finished.run):
        click.echo(line)
    click.echo(f"  next     {next_step(finished.state, folder)}")


def cost_table(run: dict[str, Any]) -> list[str]:
    """What the stages' requests took, for a reader; nothing where none was sent."""
    rows = run.get("costs", {}).get("stages", [])
    asked = [row for row in rows if row["calls"] or row["cache_hits"]]
    if not asked:
        return []
    names = ("calls", "cache_hits", "prompt_tokens", "completion_tokens")
    lines = [f"  {'costs':<14}{'calls':>7}{'cached':>8}{'tokens in':>11}{'out':>8}{'seconds':>9}"]
    total = {name: sum(row[name] for row in asked) for name in names}
    seconds = [row["seconds"] for row in asked]
    whole = None if None in seconds else sum(seconds)
    for row in [*asked, {"stage": "in all", **total, "seconds": whole}]:
        time = "-" if row["seconds"] is None else f"{row['seconds']:.1f}"
        counts = f"{row['calls']:>7}{row['cache_hits']:>8}{row['prompt_tokens']:>11}{row['completion_tokens']:>8}"
        lines.append(f"    {row['stage']:<12}{counts}{time:>9}")
    return lines
