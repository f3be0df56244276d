"""What every command of ``srch`` shares: the group, common options, times, and how things are printed."""

from __future__ import annotations

import json
import os
import re
import sys
import unicodedata
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from generator import __version__
from generator.manifest.problems import Format, Problem, UsageError, printable, render, shown

if TYPE_CHECKING:
    from generator.manifest.store import Store

RUNS = Path("runs")
MANIFESTS = Path("manifests")
SITE = Path("site")
CONFIG = Path("mkdocs.yml")
FIRST_YEAR, LAST_YEAR = 1000, 2999  # what the contracts' timestamps can hold

CONTEXT: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 100}
PATH = click.Path(path_type=Path, readable=False)

runs_option = click.option(
    "--runs", "runs_folder", type=PATH, default=RUNS, show_default=True, help="Folder that holds the runs."
)
manifests_option = click.option(
    "--manifests", type=PATH, default=MANIFESTS, show_default=True, help="Folder that holds the records."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON document on standard output.")
quiet_option = click.option("--quiet", "-q", is_flag=True, help="No progress on standard error.")


class Command(click.Command):
    """A command that refuses an option given twice, of which click would take the last without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        given = [item for item in order if isinstance(item, click.Option) and item.flag_value is not True]
        for option in given:
            names = [item.opts[0] for item in given if item.name == option.name]
            if len(set(names)) > 1:
                raise click.UsageError(f"{' and '.join(sorted(set(names)))} exclude each other.", ctx)
            if len(names) > 1 and not option.multiple:
                raise click.UsageError(f"{names[0]} is given {len(names)} times.", ctx)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        epoch_seconds()  # libraries read the variable too, and fail on a bad one with a traceback
        return super().invoke(ctx)


class Group(click.Group):
    command_class = Command


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(__version__, prog_name="srch")
def cli() -> None:
    """Make, publish and check public records of machine-made literature syntheses.

    A question (or a draft) becomes a run, a run becomes a manifest, manifests become a static site.

    \b
    Examples:
      srch run "How do street trees compare with cool roofs?"
      srch queue
      srch publish runs/*
      srch build --site-dir site
    """


def time_of(text: str | None) -> str:
    """The time given, or SOURCE_DATE_EPOCH (reproducible-builds.org), or now: RFC 3339 in UTC, to the second."""
    if text is None:
        seconds = epoch_seconds()
        moment = datetime.now(UTC) if seconds is None else datetime.fromtimestamp(seconds, UTC)
    else:
        try:
            moment = datetime.fromisoformat(text)
            zoned = moment.tzinfo is not None
            moment = moment.astimezone(UTC)
        except (ValueError, OverflowError):
            raise UsageError(f"--clock {shown(text)} is not a time such as 2026-01-31T12:00:00Z") from None
        if not zoned:
            raise UsageError(f"--clock {shown(text)} has no time zone; write it like 2026-01-31T12:00:00Z")
        if not FIRST_YEAR <= moment.year <= LAST_YEAR:
            raise UsageError(f"--clock {shown(text)} lies outside the years {FIRST_YEAR} to {LAST_YEAR}")
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def epoch_seconds() -> int | None:
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch is None:
        return None
    last = int(datetime(LAST_YEAR + 1, 1, 1, tzinfo=UTC).timestamp()) - 1
    if re.fullmatch("[0-9]{1,11}", epoch) is None or int(epoch) > last:
        raise UsageError(f"SOURCE_DATE_EPOCH is {shown(epoch)}, not a number of seconds since 1970, at most {last}")
    return int(epoch)


def plain_text(name: str, text: str) -> str:
    """What an owner said, for a page: not empty, without control characters and bytes that are no text."""
    wrong = next((c for c in text if unicodedata.category(c) in ("Cc", "Cs") and not c.isspace()), None)
    if wrong is not None:
        raise UsageError(f"{name} holds the character {printable(wrong)}, which cannot be shown; leave it out")
    if not text.strip():
        raise UsageError(f"{name} is empty")
    return text.strip()


def one_line(text: str, limit: int = 88) -> str:
    line = printable(" ".join(text.split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_problems(problems: list[Problem], form: Format) -> None:
    note(render(problems, form))
    note(f"{len(problems)} problem{'' if len(problems) == 1 else 's'}")


def note(text: str) -> None:
    """Print on standard error; where that cannot be written there is nobody to tell, and work goes on."""
    try:
        click.echo(text, err=True)
    except OSError:
        # what is left in the buffer would be tried again, and fail again, when Python ends
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def call_failed(message: str) -> str:
    """One line; a long one, such as with a very long path, keeps its end, where the reason stands."""
    line = one_line(message, 4000)
    return f"srch: {line if len(line) <= 400 else f'{line[:200]} … {line[-200:]}'}"


def fail(message: str, code: int) -> NoReturn:
    note(call_failed(message))
    raise SystemExit(code)


def record_path(name: str, store: Store) -> Path:
    """The manifest of a record named by its folder, its file or its id."""
    from generator.manifest.identity import parse_public_id

    path = Path(name)
    if path.exists():
        return path / "manifest.json" if path.is_dir() else path
    wanted = parse_public_id(name)
    if wanted is None:
        raise UsageError(f"{name}: neither a record's folder nor an id such as SRCH:E50A8461")
    found = store.folder(wanted) / "manifest.json"
    if not found.is_file():
        raise UsageError(f"{name}: no record with this id in {store.root}")
    return found


def refuse(given: Mapping[str, object], main: str, *others: str) -> None:
    for name in others:
        if given[name] is not None:
            raise UsageError(f"{main} and {name} exclude each other")


def next_step(state: str, folder: Path) -> str:
    if state == "waits":
        return f"srch decide {folder} --publish|--reject --by NAME --reason TEXT"
    if state == "rejected":
        return "nothing: the run is not to be published"
    return f"srch publish {folder}"
