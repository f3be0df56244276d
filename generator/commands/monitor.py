"""What to look at next: ``srch monitor`` and ``srch observe``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator import __version__
from generator.commands.common import (
    CONTEXT,
    MANIFESTS,
    PATH,
    cli,
    json_option,
    manifests_option,
    one_line,
    print_json,
    record_path,
    time_of,
)
from generator.manifest.problems import Problem, Problems, UsageError, shown

if TYPE_CHECKING:
    from generator.kernel.sources.papers import Paper
    from generator.manifest.monitor import Entry, Watch
    from generator.manifest.store import Record, Store

METHOD = "arxiv-atom-v1"
_STATE_WORDS = {"DUE": "due", "CLEAR": "clear", "NOT_MONITORED": "not monitored"}


@cli.command("monitor", context_settings=CONTEXT)
@click.argument("records", nargs=-1, metavar="[RECORD]...")
@click.option("--all", "show_all", is_flag=True, help="List records that are clear, or not monitored, too.")
@manifests_option
@json_option
def monitor_command(records: tuple[str, ...], show_all: bool, manifests: Path, as_json: bool) -> None:
    """List what to look at next, the most urgent first: records of which something has changed since they were made.

    A source was withdrawn or has a newer version, a record that this one relies on was corrected, a newer record says
    otherwise of a claim, or rules and verifier have moved on. A RECORD (its folder or its id) is shown with all that is
    watched for it. Nothing is written, and no record is changed: what is wrong with one is told by a correction.

    Everything is computed from the records, their corrections, and the observations of sources that 'srch observe'
    writes. The exit code is 0 whether or not anything is due.

    \b
    Examples:
      srch monitor
      srch monitor --all --json
      srch monitor SRCH:E50A8461
    """
    from generator.manifest.monitor import monitor_of, urgency
    from generator.manifest.store import Store

    if records and show_all:
        raise UsageError("--all lists every record; leave it out to see the records given")
    store = Store(manifests)
    if not manifests.is_dir():
        raise UsageError(f"{manifests}: no such folder of manifests")
    paths = list(dict.fromkeys(record_path(name, store) for name in records))
    watch = _watch(store)
    if records:
        found = [watch.entry(record.current.manifest, record.events) for record in _sound(paths)]
    else:
        entries = (watch.entry(record.current.manifest, record.events) for record in store.records())
        found = sorted((entry for entry in entries if show_all or entry.state == "DUE"), key=urgency)
    if as_json:
        print_json([monitor_of(entry, watch) for entry in found])
        return
    for entry in found:
        _print_entry(entry, whole=bool(records))
    if not records:
        due = sum(entry.state == "DUE" for entry in found)
        click.echo(f"{due or 'none'} of {watch.records} record{'' if watch.records == 1 else 's'} to look at again")


def _watch(store: Store) -> Watch:
    """A watch over the whole registry; raises ``Problems`` with all problems of its records and observations."""
    from generator.manifest.monitor import Watch
    from generator.manifest.observations import load_observations

    watch = Watch()
    observations, problems = load_observations(store.root)
    for observation in observations:
        watch.add_observation(observation)
    try:
        for record in _sound(store.paths()):
            watch.add(record.current.manifest, record.events)
    except Problems as refused:
        problems.extend(refused.problems)
    if problems:
        raise Problems(problems)
    return watch


def _sound(paths: Iterable[Path]) -> Iterator[Record]:
    """The records at ``paths``; raises ``Problems`` with those of all records after the last one."""
    from generator.manifest.check import check_record
    from generator.manifest.store import load_record

    problems: list[Problem] = []
    for path in paths:
        try:
            record = load_record(path)
            found = check_record(record)
        except Problems as refused:
            found = list(refused.problems)
        problems.extend(found)
        if not problems:
            yield record
    if problems:
        raise Problems(problems)


def _print_entry(entry: Entry, *, whole: bool) -> None:
    from generator.manifest.monitor.entry import label_of

    click.echo(f"{entry.work['public_id']}: {_STATE_WORDS[entry.state]}  {one_line(entry.work['title'], 60)}")
    for item in entry.active:
        since = f" (since {item.since})" if item.since else ""
        click.echo(f"  {label_of(item.trigger)}{since}")
        click.echo(f"    {one_line(item.basis, 400)}")
    if whole:
        if entry.state == "NOT_MONITORED":
            click.echo(f"  {entry.state_basis}")
            return
        for watched in entry.watched:
            word = "watched    " if watched.monitored else "not watched"
            click.echo(f"  {word}  {label_of(watched.trigger)}: {one_line(watched.basis, 200)}")


@cli.command("observe", context_settings=CONTEXT)
@click.argument("feeds", nargs=-1, required=True, type=PATH, metavar="FEED...")
@click.option(
    "--out",
    type=PATH,
    default=MANIFESTS / "observations",
    show_default=True,
    help="Folder of the observations, below that of the records.",
)
@click.option("--slug", metavar="WORD", default="arxiv", show_default=True, help="What the file's name says was seen.")
@click.option(
    "--clock",
    metavar="TIME",
    help="When the responses were recorded, e.g. 2026-01-31T12:00:00Z. Default: SOURCE_DATE_EPOCH, else now.",
)
@json_option
def observe_command(feeds: tuple[Path, ...], out: Path, slug: str, clock: str | None, as_json: bool) -> None:
    """Write down what recorded responses of the arXiv API say of papers: their versions, and what was withdrawn.

    A FEED is an Atom document as arXiv serves it, or a JSON recording of a response with the document as its 'body'.
    Nothing is fetched. The file is named after the day and never written over: observations are only ever added, and
    'srch monitor' reads them all.

    \b
    Examples:
      srch observe response.xml --clock 2026-12-01T09:00:00Z
      srch observe recordings/a.json recordings/b.json --slug arxiv-cited --json
    """
    from generator.manifest.observations import FOLDER, MAX_SLUG, SLUG, observation, write_observation

    if SLUG.fullmatch(slug) is None or len(slug) > MAX_SLUG:
        raise UsageError(f"--slug {shown(slug)} is not small letters, digits and single hyphens, at most {MAX_SLUG}")
    if out.name != FOLDER:
        raise UsageError(f"--out {out}: observations lie in a folder called '{FOLDER}', below the records")
    at = time_of(clock)
    papers = _read_feeds(feeds)
    if not papers:
        raise UsageError("no paper stands in the responses; nothing is written")
    value = observation(map(_seen, papers), at=at, method=METHOD, version=__version__, basis=_basis())
    path = write_observation(out, slug, value)
    withdrawn = [paper["paper_id"] for paper in value["papers"] if paper["withdrawn"]]
    if as_json:
        print_json({"file": str(path), "papers": len(value["papers"]), "withdrawn": withdrawn})
        return
    count, read = len(value["papers"]), len(feeds)
    click.echo(
        f"{path}: {count} paper{'' if count == 1 else 's'} from {read} response{'' if read == 1 else 's'}, "
        f"{len(withdrawn) or 'none'} withdrawn{': ' + ', '.join(withdrawn) if withdrawn else ''}"
    )


def _basis() -> str:
    from generator.manifest.contracts import table

    return str(table("source-observation", "x-texts")["atom_basis"])


def _read_feeds(feeds: tuple[Path, ...]) -> list[Paper]:
    """The papers of all feeds; raises ``Problems`` with the feeds that the door for Atom refuses."""
    from generator.kernel.sources.atom import FeedError, parse_feed

    papers: list[Paper] = []
    problems: list[Problem] = []
    for path in feeds:
        try:
            papers += parse_feed(_document(path), origin="arxiv").papers
        except FeedError as error:
            expected, mend = "a response of the arXiv API", "Record the response again, or leave the file out."
            problems.append(Problem(str(path), "", "REG097", str(error), expected, mend))
        except Problems as refused:
            problems.extend(refused.problems)
    if problems:
        raise Problems(problems)
    return papers


def _document(path: Path) -> bytes | str:
    """The Atom document in a file: the file itself, or the body of a recorded response."""
    from generator.kernel.sources.atom import MAX_BYTES
    from generator.manifest.strict import loads_json, read_bytes

    # in a recording every quote of the document takes two bytes
    data = read_bytes(path, limit=2 * MAX_BYTES)
    if not data.lstrip().startswith(b"{"):
        return data
    recording = loads_json(data, file=str(path))
    body = recording.get("body")
    if not isinstance(body, str):
        mend = "Keep the whole response as the text 'body'."
        raise Problems([Problem(str(path), "/body", "REG097", shown(body), "an Atom document as text", mend)])
    return body


def _seen(paper: Paper) -> dict[str, Any]:
    """What a paper of a feed says that a monitor wants to know. Its DOI is left out: arXiv's word on a preprint says
    nothing of an article that has one."""
    return {
        "paper_id": paper.id,
        "doi": None,
        "latest_version": paper.version,
        "withdrawn": paper.withdrawn,
        "url": paper.url,
        "title": paper.title,
    }
