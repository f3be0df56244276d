"""The ``srch`` command: parsing and printing. What it does is done elsewhere.

Exit codes: 0 done (also when there was nothing to do), 1 problems in data, or nobody read the output to its end, 2 a
call that cannot be carried out, 130 interrupted.
"""

from __future__ import annotations

import io
import ipaddress
import os
import re
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

import generator.commands.index  # noqa: F401
from generator.commands import corrections, gate, log, monitor, questions  # noqa: F401  (each adds its commands)
from generator.commands.common import (
    CONFIG,
    CONTEXT,
    MANIFESTS,
    PATH,
    RUNS,
    call_failed,
    cli,
    fail,
    json_option,
    manifests_option,
    next_step,
    note,
    one_line,
    plain_text,
    print_json,
    print_problems,
    quiet_option,
    record_path,
    refuse,
    runs_option,
    time_of,
)
from generator.kernel.verification import methods
from generator.kernel.verification.verdict import Label, Passage, Verdict
from generator.manifest.problems import Format, Problem, Problems, UsageError, printable, render, shown

if TYPE_CHECKING:
    from generator.manifest.rereview import Rereview


METHODS = ", ".join(methods.names())
method_option = click.option(
    "--method",
    metavar="NAME",
    default=methods.DEFAULT,
    show_default=True,
    help=f"How claims are verified: {METHODS}.",
)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point: runs the command and turns every failure into one clear line, or a list of problems, and a code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # file names may hold bytes, and terminals lack characters, that could not be printed otherwise
            stream.reconfigure(errors="backslashreplace")
    try:
        code = cli.main(args=arguments, prog_name="srch", standalone_mode=False)
        if sys.stdout:
            sys.stdout.flush()
    except (click.exceptions.Abort, KeyboardInterrupt):
        fail("interrupted; what was finished is kept, and the same call goes on ('srch run': with --resume)", 130)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see '{context.command_path} --help')" if context else ""
        fail(f"{error.format_message()}{hint}", 2)
    except Problems as refused:
        print_problems(list(refused.problems), "text")
        raise SystemExit(1) from None
    except UsageError as error:
        fail(str(error), 2)
    except BrokenPipeError:
        # the reader of a pipe went away; closing quietly, as click does, is what it expects
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except OSError as error:
        if sys.stdout and not error.filename:
            # what could not be written would be tried again, and fail again, when Python ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        where = error.filename or "cannot write to standard output"
        fail(f"{where}: {(error.strerror or str(error)).lower()}", 2)
    raise SystemExit(code if isinstance(code, int) else 0)


@cli.command("import", context_settings=CONTEXT)
@click.argument("drafts", nargs=-1, required=True, type=PATH, metavar="DRAFT...")
@click.option("--facts", type=PATH, help="YAML file with the facts of publication that drafts do not carry.")
@click.option("--out", type=PATH, default=RUNS, show_default=True, help="Folder in which each draft gets a run folder.")
@json_option
def import_command(drafts: tuple[Path, ...], facts: Path | None, out: Path, as_json: bool) -> None:
    """Read plain-text drafts of the research kernel into runs.

    What a draft does not say stays null; text that a draft cuts off is kept as found and marked. All drafts are read
    before anything is written.

    \b
    Examples:
      srch import drafts/*.txt --facts drafts/import.yml --out runs
    """
    from generator.kernel.importing import import_drafts
    from generator.manifest.claims import passed

    imported, warnings = import_drafts(drafts, facts, out)
    for warning in warnings:
        note(f"warning: {warning.text()}")
    if as_json:
        print_json(
            [{"draft": str(item.draft), "folder": str(item.folder), "outcome": item.outcome} for item in imported]
        )
        return
    for item in imported:
        tribunal = item.run["tribunal"]
        claims = item.run["claims"]
        number = passed(claims)
        score = "no score" if tribunal["score"] is None else f"{tribunal['score']}/10"
        score = f"{score} {tribunal['verdict'] or ''}".strip()
        click.echo(f"{item.outcome:<10} {item.folder}  {len(claims)} claims, {number} verified, {score}")
        for remark in item.run["origin"]["draft"]["discrepancies"]:
            click.echo(f"           note: {remark}")


@cli.command("queue", context_settings=CONTEXT)
@runs_option
@click.option("--all", "show_all", is_flag=True, help="Show every finished run, not only those that wait.")
@json_option
def queue_command(runs_folder: Path, show_all: bool, as_json: bool) -> None:
    """List the runs that wait for their owner's decision.

    \b
    Examples:
      srch queue
      srch queue --runs runs --all --json
    """
    from generator.manifest import runs

    if not runs_folder.is_dir():
        raise UsageError(f"{runs_folder}: no such folder of runs")
    problems: list[Problem] = []
    rows = []
    for path in runs.find(runs_folder):
        try:
            loaded = runs.load(path)
        except Problems as refused:
            problems.extend(refused.problems)
            continue
        if show_all or loaded.state == "waits":
            rows.append(loaded)
    if as_json:
        print_json(
            [
                {
                    "folder": str(row.path),
                    "run_id": row.id,
                    "title": row.run["title"]["text"],
                    "score": row.run["tribunal"]["score"],
                    "verdict": row.run["tribunal"]["verdict"],
                    "policy": row.run["policy"]["outcome"],
                    "state": row.state,
                }
                for row in rows
            ]
        )
    elif not rows:
        click.echo("no run waits for a decision" if not show_all else "no finished run")
    else:
        for row in rows:
            tribunal = row.run["tribunal"]
            score = "no score" if tribunal["score"] is None else f"{tribunal['score']}/10"
            click.echo(f"{row.state:<10} {score:>8} {tribunal['verdict'] or 'no verdict':<8} {row.path}")
            click.echo(f"           {one_line(row.run['title']['text'])}")
        waiting = [row for row in rows if row.state == "waits"]
        if waiting:
            click.echo(f"{len(waiting)} waiting; decide: srch decide RUN --publish|--reject --by NAME --reason TEXT")
    if problems:
        print_problems(problems, "text")
        raise SystemExit(1)


@cli.command("decide", context_settings=CONTEXT)
@click.argument("run", metavar="RUN")
@click.option("--publish", "decision", flag_value="publish", help="The run is to be published.")
@click.option("--reject", "decision", flag_value="reject", help="The run is not to be published.")
@click.option("--by", required=True, metavar="NAME", help="Who decides; stands on the record's page.")
@click.option("--reason", required=True, metavar="TEXT", help="Why; stands on the record's page.")
@click.option("--clock", metavar="TIME", help="Time of the decision. Default: SOURCE_DATE_EPOCH, else now.")
@runs_option
@manifests_option
@json_option
def decide_command(
    run: str,
    decision: str | None,
    by: str,
    reason: str,
    clock: str | None,
    runs_folder: Path,
    manifests: Path,
    as_json: bool,
) -> None:
    """Record the owner's decision about RUN, a run's folder or its id. A decision is recorded once.

    A run that is published already can no longer be decided about: its record is corrected, not withdrawn in silence.

    \b
    Examples:
      srch decide runs/lynx-2026-05-28 --publish --by "A. Owner" --reason "Useful as a negative example"
      srch decide SRCH:1A2B3C4D --reject --by "A. Owner" --reason "Off topic"
    """
    from generator.manifest import runs
    from generator.manifest.store import Store

    if decision not in ("publish", "reject"):
        raise UsageError("say --publish or --reject (see 'srch decide --help')")
    by, reason = plain_text("--by", by), plain_text("--reason", reason)
    folder = runs.load(runs.locate(run, runs_folder))
    published = Store(manifests).find(folder.id, folder.published_id)
    if published is not None and folder.decision is None:
        raise UsageError(f"{folder.path}: published already as SRCH:{published}; append a correction to the record")
    record = runs.decide(
        folder,
        decision="publish" if decision == "publish" else "reject",
        by=by,
        reason=reason,
        decided_at=time_of(clock),
    )
    if as_json:
        print_json(record)
        return
    click.echo(f"{folder.path}: {record['decision']}, by {record['by']}")
    click.echo(f"  next     {next_step('to publish' if decision == 'publish' else 'rejected', folder.path)}")


@cli.command("publish", context_settings=CONTEXT)
@click.argument("run_folders", nargs=-1, required=True, metavar="RUN...")
@manifests_option
@runs_option
@json_option
def publish_command(run_folders: tuple[str, ...], manifests: Path, runs_folder: Path, as_json: bool) -> None:
    """Write the public record of each RUN that policy approved or its owner decided to publish.

    A run that waits or was rejected is left alone and named. Publishing a second time changes nothing; a published
    record is never rewritten.

    \b
    Examples:
      srch publish runs/*
      srch publish SRCH:1A2B3C4D --manifests manifests --json
    """
    from generator.manifest import runs
    from generator.manifest.publish import publish
    from generator.manifest.store import Store

    store = Store(manifests)
    results, refusals = [], []
    problems: list[Problem] = []
    for name in run_folders:
        try:
            folder = runs.load(runs.locate(name, runs_folder))
        except Problems as refused:
            problems.extend(refused.problems)
            continue
        except UsageError as error:
            refusals.append(str(error))
            continue
        try:
            results.append(publish(folder, store))
        except Problems as refused:
            problems.extend(refused.problems)
        except UsageError as error:
            # the registry cannot be written: what was published before is still told
            refusals.append(str(error))
            break
    if as_json:
        print_json(
            [
                {
                    "run": str(item.run),
                    "outcome": item.outcome,
                    "id": item.public_id,
                    "manifest": str(item.path) if item.path else None,
                }
                for item in results
            ]
        )
    else:
        for item in results:
            what = f"{item.public_id}  {item.path}" if item.path else str(item.run)
            hint = "  (srch decide RUN --publish|--reject)" if item.outcome == "waits" else ""
            click.echo(f"{item.outcome:<10} {what}{hint}")
    if problems:
        print_problems(problems, "text")
    for refusal in refusals:
        note(call_failed(refusal))
    if refusals or problems:
        raise SystemExit(2 if refusals else 1)


@cli.command("check", context_settings=CONTEXT)
@click.argument("paths", nargs=-1, type=PATH, metavar="[PATH]...")
@click.option("--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True)
@click.option("--base", metavar="REF", help="Prove instead that merging HEAD into this commit would only add.")
@click.option("--head", metavar="REF", help="With --base: what would be merged.  [default: HEAD]")
@click.option("--repo", type=PATH, metavar="DIR", help="With --base: the repository that holds both.  [default: .]")
@click.option("--clock", metavar="TIME", help="With --base: no event may be dated after this.  [default: now]")
@click.option("--json", "as_json", is_flag=True, help="With --base: print the whole decision as one JSON object.")
@click.option("--rules", is_flag=True, help="List every rule with its code, and stop.")
@quiet_option
def check_command(
    paths: tuple[Path, ...],
    form: Format,
    base: str | None,
    head: str | None,
    repo: Path | None,
    clock: str | None,
    as_json: bool,
    rules: bool,
    quiet: bool,
) -> None:
    """Check manifests, their files and corrections, and run records; default: everything below manifests/.

    Every problem of every file is printed in one run, with file, place, what was found, what was expected and how to
    mend it. Exit code 1 if there is any.

    With --base nothing is checked out and no file of the working tree is read: the merge of two commits is made from
    the repository's objects, and anything but a valid addition below PATH is refused. PATH is then the folder of
    records as seen from --repo. Needs git 2.38 or newer and the whole history.

    \b
    Examples:
      srch check
      srch check manifests/E5/E50A8461 runs --format json
      srch check --format github
      srch check --base origin/main
      srch check --base main --head topic --repo ../registry --json
    """
    if base is not None:
        if as_json and form != "text":
            raise UsageError("--json and --format exclude each other")
        gate.check_landing(paths, base, head or "HEAD", repo or Path(), time_of(clock), form, as_json=as_json)
        return
    for name, given in {"--head": head, "--repo": repo, "--clock": clock, "--json": as_json or None}.items():
        if given is not None:
            raise UsageError(f"{name} needs --base")
    from generator.manifest.check import check_paths
    from generator.manifest.rules import titles

    if rules:
        if form == "json":
            print_json(titles())
        else:
            for code, title in titles().items():
                click.echo(f"{code}  {title}")
        return
    seen = 0

    def progress(path: Path) -> None:
        nonlocal seen
        seen += 1
        if not quiet and seen % 500 == 0:
            note(f"{seen} files checked")

    report = check_paths(paths or (MANIFESTS,), progress=progress)
    if form == "json":
        click.echo(render(report.problems, "json"))
    elif report.problems:
        click.echo(render(report.problems, form))
    count = len(report.problems)
    files = f"{report.files} file{'' if report.files == 1 else 's'}"
    summary = f"{files} checked, {count or 'no'} problem{'' if count == 1 else 's'}"
    click.echo(summary, err=form == "json")
    if count:
        raise SystemExit(1)


SAYS: dict[Label, str] = {
    "SUPPORT": "the text supports the claim",
    "REFUTE": "the text contradicts the claim",
    "NEI": "the text does not say enough to tell",
}


@cli.command("assess", context_settings=CONTEXT)
@click.option("--claim", metavar="TEXT", help="The claim to judge.")
@click.option(
    "--text",
    "texts",
    type=PATH,
    multiple=True,
    metavar="FILE",
    help="A source's text in UTF-8, '-' for standard input; several sources: give it again.",
)
@click.option("--pairs", type=PATH, metavar="FILE", help="Many claims, each with its source: one JSON object a line.")
@click.option("--out", type=PATH, metavar="FILE", help="Where the verdicts on --pairs go; '-' for standard output.")
@method_option
@click.option(
    "--jobs", type=click.IntRange(0, 256), metavar="N", help="Processes for --pairs; 0: one a core.  [default: 1]"
)
@click.option("--list-methods", is_flag=True, help="List the methods, and whether each meets the bar.")
@json_option
@quiet_option
def assess_command(
    claim: str | None,
    texts: tuple[Path, ...],
    pairs: Path | None,
    out: Path | None,
    method: str,
    jobs: int | None,
    list_methods: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Judge whether a source supports a claim, refutes it, or does not say enough (NEI).

    One claim: --claim with one or more --text. The verdict comes with its confidence, its reasons and the sentences it
    rests on; offsets count characters from 0, a line end as one. The exit code is 0 whatever the verdict.

    Many claims: --pairs with --out. Each line of --pairs is an object with id (text or whole number, each once), claim,
    abstract (a list of sentences, or one text) and, if there is one, title; other fields are passed over. Each line of
    --out has id, label, confidence, p_support, sentences (indices from 0) and reasons, in the order of the input. All
    lines are checked first, and a file with a bad line is not judged at all.

    Verdicts grow in the folder OUT.part and become OUT when the last is there, with OUT.about.json beside it that says
    what they were made from. A call that was stopped goes on where it was; an OUT that is whole is left alone.

    The method llm-judge asks a chat model by the OpenAI-compatible protocol. It sends claims and texts to the service
    that these variables of the environment name: SRCH_MODEL_URL (the address that ends before /chat/completions),
    SRCH_MODEL_NAME and, where the service wants one, SRCH_MODEL_KEY.

    \b
    Examples:
      srch assess --claim "Street trees lower air temperature." --text abstract.txt
      srch assess --claim "Street trees lower air temperature." --text a.txt --text b.txt --json
      srch assess --pairs pairs.jsonl --out verdicts.jsonl --jobs 0
      srch assess --list-methods
    """
    given = {"--claim": claim, "--text": texts or None, "--pairs": pairs, "--out": out, "--jobs": jobs}
    if list_methods:
        refuse(given, "--list-methods", *given)
        _list_methods(as_json)
    elif pairs is not None:
        refuse(given, "--pairs", "--claim", "--text")
        if out is None:
            raise UsageError("--pairs needs --out FILE, or --out - for standard output")
        _assess_pairs(pairs, out, methods.checked(method), 1 if jobs is None else jobs, as_json, quiet)
    elif claim is not None and texts:
        refuse(given, "--claim", "--out", "--jobs")
        _assess_texts(plain_text("--claim", claim), texts, methods.checked(method), as_json)
    elif claim is None and not texts:
        raise UsageError("say --claim with --text, or --pairs with --out (see 'srch assess --help')")
    else:
        raise UsageError("--claim needs --text FILE" if claim is not None else "--text needs --claim TEXT")


def _list_methods(as_json: bool) -> None:
    from generator.manifest import cards

    rows = []
    for name in methods.names():
        needs = None
        try:
            version: str | None = methods.verifier(name).version
        except UsageError as error:
            version, needs = cards.newest_version(name), str(error)
        rows.append(
            {
                "method": name,
                "title": methods.METHODS[name].title,
                "default": name == methods.DEFAULT,
                "version": version,
                "card": cards.path_of(name, str(version)) if cards.card(name, version) else None,
                "meets_bar": cards.counts_as_verified(name, version),
                "installed": not methods.missing_packages(name),
                "ready": needs is None,
                "needs": needs,
            }
        )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        click.echo(f"{row['method']}{' (default)' if row['default'] else ''}: {row['title']}")
        bar = "meets the bar" if row["meets_bar"] else "below the bar" if row["card"] else "no card"
        counts = "its verdicts count as verified" if row["meets_bar"] else "its verdicts do not count as verified"
        click.echo(f"  version  {row['version'] or 'not known'}: {bar}, so {counts}")
        click.echo(f"  ready    {'yes' if row['ready'] else 'no: ' + str(row['needs'])}")


def _assess_texts(claim: str, files: tuple[Path, ...], method: str, as_json: bool) -> None:
    from generator.kernel.verification.assess import agreement_of, passage_of
    from generator.manifest.contracts import table

    same = [file for index, file in enumerate(files) if file.resolve() in [other.resolve() for other in files[:index]]]
    if same:
        raise UsageError(f"--text {same[0]} is given twice; one source cannot corroborate itself")
    contents = [_text(file) for file in files]
    judge = methods.verifier(method)
    passages = [passage_of(content) for content in contents]
    verdicts = list(judge.verify_many((claim, passage) for passage in passages))
    sources = [_told_verdict(*each) for each in zip(files, contents, passages, verdicts, strict=True)]
    agreement = agreement_of(verdicts)
    if as_json:
        print_json(sources[0] if len(sources) == 1 else {"agreement": agreement, "sources": sources})
        return
    for source in sources:
        _print_verdict(source)
    if len(sources) > 1:
        definition = next(
            row["definition"] for row in table("verifier-card", "x-agreements") if row["agreement"] == agreement
        )
        click.echo(f"together    {agreement}: {definition}")
    click.echo(f"method      {judge.method} {judge.version}, {_standing(judge.method, judge.version)}")


def _text(file: Path) -> str:
    from generator.manifest.strict import MAX_BYTES, decode_text, load_text

    if str(file) != "-":
        return load_text(file)
    if sys.stdin is None:
        raise UsageError("standard input is closed; there is no text to read")
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        found, expected = f"more than {MAX_BYTES} bytes", f"at most {MAX_BYTES} bytes"
        raise Problems([Problem("standard input", "", "REG001", found, expected, "Shorten the text.")])
    text = decode_text(data, "standard input", allow_bom=True)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _told_verdict(file: Path, content: str, passage: Passage, verdict: Verdict) -> dict[str, Any]:
    return {
        "text": str(file),
        "label": verdict.label,
        "confidence": verdict.confidence,
        "p_support": verdict.p_support,
        "sentences": [item.index for item in verdict.evidence],
        "reasons": list(verdict.reasons),
        "evidence": [
            {
                "index": item.index,
                "line": content.count("\n", 0, item.start) + 1,
                "start": item.start,
                "end": item.end,
                "text": item.text,
            }
            for item in verdict.evidence
        ],
        "method": verdict.method,
        "version": verdict.version,
    }


def _print_verdict(source: dict[str, Any]) -> None:
    from generator.manifest.cards import sureness

    name = "standard input" if source["text"] == "-" else printable(source["text"])
    click.echo(f"{source['label']:<11} {name}: {SAYS[source['label']]}")
    click.echo(f"confidence  {sureness(source['confidence'])} ({source['confidence']:.2f})")
    for number, reason in enumerate(source["reasons"]):
        click.echo(f"{'' if number else 'reasons':<11} {printable(reason)}")
    for number, item in enumerate(source["evidence"]):
        place = f"line {item['line']}, characters {item['start']} to {item['end']}"
        click.echo(f"{'' if number else 'evidence':<11} {place}:")
        click.echo(f"{'':<13} {one_line(item['text'], 1000)}")
    click.echo()


def _standing(method: str, version: str) -> str:
    from generator.manifest import cards

    if cards.counts_as_verified(method, version):
        return "which meets the bar: its verdicts count as verified"
    if cards.card(method, version):
        return "which is below the bar: its verdicts do not count as verified"
    return "which has no card: its verdicts do not count as verified"


def _assess_pairs(pairs: Path, out: Path, method: str, jobs: int, as_json: bool, quiet: bool) -> None:
    from generator.kernel.verification import assess

    streams = str(out) == "-"
    if streams and as_json:
        raise UsageError("--json and --out - would both write to standard output; leave one out")
    methods.verifier(method)  # what it lacks is told before a large file is read
    if not streams:
        assess.refuse_output(pairs, out)
    with _Meter(quiet) as meter:
        checked = assess.check_pairs(pairs, lambda problem: meter.note(problem.text()), meter)
    if checked.problems:
        note(f"{checked.problems} problem{'' if checked.problems == 1 else 's'}; nothing was judged")
        raise SystemExit(1)
    with _Meter(quiet) as meter:
        if streams:
            assess.stream_pairs(checked, sys.stdout.buffer.write, method=method, jobs=jobs, progress=meter)
            return
        done = assess.assess_pairs(checked, out, method=method, jobs=jobs, progress=meter)
    if as_json:
        print_json(
            {
                "out": str(out),
                "pairs": done.pairs,
                "labels": done.labels,
                "method": done.method,
                "version": done.version,
                "judged_before": done.before,
                "already_done": done.finished_before,
            }
        )
        return
    click.echo(f"{'done before' if done.finished_before else 'done'}: {out}")
    counts = ", ".join(f"{count} {label}" for label, count in done.labels.items())
    click.echo(f"  pairs    {done.pairs}" + (f": {counts}" if done.pairs else ""))
    click.echo(f"  method   {done.method} {done.version}, {_standing(done.method, done.version)}")


class _Meter:
    """Progress on standard error: a line that is written over on a terminal, elsewhere only the last one."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet
        self.live = not quiet and sys.stderr is not None and sys.stderr.isatty()
        self.began = self.shown_at = time.monotonic()
        self.first: int | None = None
        self.done = self.total = self.width = 0

    def __call__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        if self.first is None:
            self.first = done
        if self.live and (now := time.monotonic()) - self.shown_at >= 0.5:
            self.shown_at = now
            self._over(self.line())

    def line(self, *, ended: bool = False) -> str:
        if not self.total:
            return f"[{self.done} pairs checked]"
        seconds = max(time.monotonic() - self.began, 1e-6)
        rate = (self.done - (self.first or 0)) / seconds
        left = "" if ended or not rate else f", {_duration((self.total - self.done) / rate)} left"
        return f"[{self.done}/{self.total}] {rate:.{0 if rate >= 10 else 1}f} pairs/s{left}"

    def note(self, text: str) -> None:
        if self.width:
            self._over("")
        note(text)

    def _over(self, text: str) -> None:
        with suppress(OSError):
            click.echo(f"\r{text:<{self.width}}\r{text}", err=True, nl=False)
        self.width = len(text)

    def __enter__(self) -> _Meter:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        if self.width:
            self._over("")
        if self.total and not self.quiet and failure is not BrokenPipeError:
            note(self.line(ended=True))


def _duration(seconds: float) -> str:
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


@cli.command("rereview", context_settings=CONTEXT)
@click.argument("records", nargs=-1, metavar="[RECORD]...")
@method_option
@manifests_option
@json_option
def rereview_command(records: tuple[str, ...], method: str, manifests: Path, as_json: bool) -> None:
    """List the records that are due for re-review, and what today's verifier says of their claims.

    A record is due when its claims were verified by rules or by a version of the method that newer ones have followed.
    A RECORD (its folder or its id) is verified again whether it is due or not. Nothing is written: a record is never
    changed, and what is wrong with it is told by a correction. The exit code is 0 whatever the verdicts are.

    \b
    Examples:
      srch rereview
      srch rereview SRCH:E50A8461 --method cross-encoder --json
    """
    from generator.kernel.verification.several import verify_claims
    from generator.manifest.rereview import due, rereview
    from generator.manifest.store import Store
    from generator.manifest.strict import load_json

    judge = methods.verifier(methods.checked(method))
    store = Store(manifests)
    paths = [record_path(name, store) for name in records] if records else list(store.paths())
    if not records and not manifests.is_dir():
        raise UsageError(f"{manifests}: no such folder of manifests")
    problems: list[Problem] = []
    refusals: list[str] = []
    reviews = []
    for path in paths:
        try:
            if records or due(load_json(path)):
                reviews.append(rereview(path, lambda claims, sources: verify_claims(claims, sources, judge)))
        except Problems as refused:
            problems.extend(refused.problems)
        except (KeyError, TypeError):
            problems.append(
                Problem(str(path), "", "REG010", "no manifest", "a record", f"See what 'srch check {path}' says.")
            )
        except UsageError as error:
            refusals.append(str(error))
    if as_json:
        print_json(
            [
                {
                    "id": review.public_id,
                    "due": review.due,
                    "method": judge.method,
                    "version": judge.version,
                    "claims": [{**vars(claim), "changed": claim.changed} for claim in review.claims],
                }
                for review in reviews
            ]
        )
    else:
        for review in reviews:
            _print_review(review, f"{judge.method} {judge.version}")
        waiting = sum(review.due is not None for review in reviews)
        click.echo(f"{waiting} of {len(paths)} record{'' if len(paths) == 1 else 's'} due for re-review")
    if problems:
        print_problems(problems, "text")
    for refusal in refusals:
        note(call_failed(refusal))
    if refusals or problems:
        raise SystemExit(2 if refusals else 1)


def _print_review(review: Rereview, by: str) -> None:
    click.echo(f"{review.public_id}  {'due: ' + review.due if review.due else 'not due'}")
    changed = [claim for claim in review.claims if claim.changed]
    click.echo(f"  {len(review.claims)} claims, {len(changed) or 'none'} judged otherwise by {by}")
    for claim in changed:
        old, new = (
            "passed" if verdict["verified"] else "not checked" if verdict["verified"] is None else "did not pass"
            for verdict in (claim.old, claim.new)
        )
        now = claim.new["agreement"] if claim.new["agreement"] == "contested" else claim.new["label"]
        click.echo(f"  {claim.id:<5} {old} by {claim.old['method'] or 'no method'}, {new} now ({now})")
        click.echo(f"        {one_line(claim.text)}")
        for reason in claim.reasons[:1]:
            click.echo(f"        {one_line(reason, 400)}")


@cli.command("build", context_settings=CONTEXT)
@click.option("--site-dir", type=PATH, help="Where the site goes. [default: as in the configuration]")
@click.option("--manifests", type=PATH, help="Folder that holds the records. [default: as in the configuration]")
@click.option("--config", "config_file", type=PATH, default=CONFIG, show_default=True, help="MkDocs configuration.")
@json_option
def build_command(site_dir: Path | None, manifests: Path | None, config_file: Path, as_json: bool) -> None:
    """Build the static site; plain 'mkdocs build' gives the same.

    The finished site takes the old one's place in one step. If a record is not valid nothing is replaced.

    \b
    Examples:
      srch build
      srch build --manifests manifests --site-dir /var/www/registry
    """
    from generator.site.build import build

    built = build(site_dir, manifests, config_file)
    for warning in built.warnings:
        note(f"warning: {warning}")
    if as_json:
        print_json({"site_dir": str(built.site_dir), "records": built.records, "seconds": round(built.seconds, 3)})
    else:
        click.echo(f"{built.records} records in {built.site_dir} ({built.seconds:.1f} s)")


@cli.command("serve", context_settings=CONTEXT)
@click.option("--address", default="127.0.0.1:8000", show_default=True, metavar="HOST:PORT")
@click.option("--manifests", type=PATH, help="Folder that holds the records. [default: as in the configuration]")
@click.option("--config", "config_file", type=PATH, default=CONFIG, show_default=True, help="MkDocs configuration.")
def serve_command(address: str, manifests: Path | None, config_file: Path) -> None:
    """Serve the site on this machine and rebuild its prose when it changes; records are made when asked for.

    \b
    Examples:
      srch serve
      srch serve --address 127.0.0.1:8123
    """
    host, _, port = address.rpartition(":")
    try:
        if host != "localhost":
            ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        sound = re.fullmatch("[0-9]{1,5}", port) is not None and int(port) < 65536
    except ValueError:
        sound = False
    if not sound:
        raise UsageError(f"--address {shown(address)} is not an IP address and a port, such as 127.0.0.1:8000")
    from generator.site.build import serve

    serve(manifests, config_file, address)


if __name__ == "__main__":
    main()
