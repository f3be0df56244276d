"""Corrections: ``srch correct``, ``show``, ``diff`` and ``dump``."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.commands.common import (
    CONTEXT,
    PATH,
    cli,
    json_option,
    manifests_option,
    note,
    one_line,
    plain_text,
    print_json,
    record_path,
    refuse,
    time_of,
)
from generator.manifest.problems import Problems, UsageError, printable, shown

if TYPE_CHECKING:
    from generator.manifest.corrections import Event
    from generator.manifest.fold import Version
    from generator.manifest.scaffold import Made
    from generator.manifest.store import Record

_LABELLED = re.compile(r"(?P<label>.*?)=(?P<url>https?://.*)", re.DOTALL)
_COUNTS = ("extracted", "verified", "echoed", "located", "declared")
_RANGE = re.compile(r"(?P<base>.+?)\.\.\.?(?P<head>.+)")


@cli.command("correct", context_settings=CONTEXT)
@click.argument("record", metavar="ID")
@click.option("--type", "kind", metavar="TYPE", help="METADATA, ARTIFACT, CLAIM ...; default: by what is changed.")
@click.option("--notice", metavar="NOTICE", help="correction, retraction, expression_of_concern ..., if it is one.")
@click.option("--by", metavar="NAME", help="Who issues the correction; stands on the record's page.")
@click.option("--reason", metavar="TEXT", help="Why it is issued; stands on the record's page.")
@click.option("--note", "public_note", metavar="TEXT", help="What was wrong and what is right, for readers.")
@click.option("--set", "sets", multiple=True, metavar="PATH=VALUE", help="A new value: JSON, else taken as text.")
@click.option("--remove", "removals", multiple=True, metavar="PATH", help="A place whose value goes.")
@click.option(
    "--add", "additions", multiple=True, metavar="PATH=VALUE", help="A new part; to add to a list, end in /-."
)
@click.option("--field", "fields", multiple=True, metavar="PATH", help="A place that the note concerns, unchanged.")
@click.option("--evidence", multiple=True, metavar="LABEL=URL", help="Where readers can see for themselves.")
@click.option("--replaced-by", metavar="ID", help="The record that stands in this one's place.")
@click.option("--lifts", metavar="EVENT", help="An earlier event whose notice no longer holds.")
@click.option("--slug", metavar="WORDS", help="Name of the file after its date, such as claim-3-source.")
@click.option("--clock", metavar="TIME", help="Time of the correction. Default: SOURCE_DATE_EPOCH, else now.")
@click.option("--dry-run", is_flag=True, help="Check and print everything, write nothing.")
@click.option("--template", is_flag=True, help="Print an event of this record to fill in by hand, and stop.")
@manifests_option
@json_option
def correct_command(
    record: str,
    kind: str | None,
    notice: str | None,
    by: str | None,
    reason: str | None,
    public_note: str | None,
    sets: tuple[str, ...],
    removals: tuple[str, ...],
    additions: tuple[str, ...],
    fields: tuple[str, ...],
    evidence: tuple[str, ...],
    replaced_by: str | None,
    lifts: str | None,
    slug: str | None,
    clock: str | None,
    dry_run: bool,
    template: bool,
    manifests: Path,
    as_json: bool,
) -> None:
    """Write a correction beside the record ID: one small file, checked by every rule before it is there.

    The values before are taken from the record as it stands. Places are JSON Pointers, counted as published; an item
    with an id may be named by it. What is missing is asked for at a terminal. Nothing of the past is changed.

    \b
    Examples:
      srch correct SRCH:E50A8461 --set "/work/title=A better title" --by "A. Reader" --reason Typo --note "Said X."
      srch correct SRCH:E50A8461 --remove /claims/records/C3 --by "An Author" --reason Misread --note "No." --dry-run
      srch correct E50A8461 --type CLAIM --notice retraction --by "An Owner" --reason "Retracted sources" --note "No."
      srch correct E50A8461 --template
    """
    from generator.manifest import scaffold
    from generator.manifest.store import Store

    moment, now = time_of(clock), time_of(None)
    path = record_path(record, Store(manifests))
    found = scaffold.open_record(path)
    if template:
        click.echo(scaffold.template(found.manifest), nl=False)
        return
    changes = scaffold.changes(
        found,
        [_assigned("--set", text) for text in sets],
        [_pointer("--remove", text) for text in removals],
        [_assigned("--add", text) for text in additions],
    )
    places = [change["path"] for change in changes]
    concerned = [_pointer("--field", text) for text in fields]
    said: dict[str, Any] = {
        "correction_type": _choice("--type", kind, "x-correction-types", "correction_type"),
        "notice": _choice("--notice", notice, "x-notices", "notice"),
        "issued_by": None if by is None else plain_text("--by", by),
        "reason": None if reason is None else plain_text("--reason", reason),
        "public_note": None if public_note is None else plain_text("--note", public_note),
        "evidence": [_link(text) for text in evidence],
        "replaced_by": _public_id(replaced_by),
        "lifts": lifts,
        "affected_fields": concerned,
        "changes": changes,
    }
    said["correction_type"] = said["correction_type"] or scaffold.guessed_type([*places, *concerned])
    if said["correction_type"] is None and lifts is not None:
        lifted = next((event for event in found.events if event.id == lifts), None)
        said["correction_type"] = lifted and lifted.data["correction_type"]
    _complete(said, asking=sys.stdin is not None and sys.stdin.isatty() and not as_json)
    words = slug if slug is not None else scaffold.slug_of(said["notice"], places, said["public_note"])
    if scaffold.SLUG.fullmatch(words) is None or len(words) > scaffold.LONGEST_SLUG:
        most = f"at most {scaffold.LONGEST_SLUG} characters"
        raise UsageError(f"--slug {shown(words)} is not made of small letters, digits and single hyphens, {most}")
    if dry_run:
        made = scaffold.tried(found, moment, words, said, now=now)
    else:
        made = scaffold.append(path, moment, words, said, now=now)
    if as_json:
        print_json(_made_told(made, written=not dry_run))
    else:
        _print_made(made, written=not dry_run)


def _choice(option: str, given: str | None, rows: str, key: str) -> str | None:
    """``given`` as the contract writes it, whatever its case and hyphens; ``UsageError`` for a word that it lacks."""
    from generator.manifest.contracts import table

    if given is None:
        return None
    known = [str(row[key]) for row in table("correction-record", rows)]
    found = next((name for name in known if name.lower() == given.strip().lower().replace("-", "_")), None)
    if found is None:
        raise UsageError(f"{option} {shown(given)} is none of {', '.join(known)}")
    return found


def _assigned(option: str, text: str) -> tuple[str, Any]:
    """PATH and value of ``PATH=VALUE``; the value is JSON where it parses as JSON, else text."""
    from generator.manifest.strict import loads_json

    path, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f"{option} {shown(text)} has no '='; write PATH=VALUE")
    _pointer(option, path)
    data = plain_text(f"{option} {path}", value) if value.strip() else value
    try:
        return path, loads_json(data.encode("utf-8"), file=f"{option} {path}")
    except Problems as refused:
        if any(problem.code != "REG003" for problem in refused.problems):
            raise
        return path, value


def _pointer(option: str, path: str) -> str:
    if re.fullmatch(r"(/([^~/]|~[01])*)+", path) is None:
        raise UsageError(f"{option} {shown(path)} is not a JSON Pointer, such as /claims/records/C3/text")
    return plain_text(option, path)


def _link(text: str) -> dict[str, str]:
    """``LABEL=URL``, or an address alone, which is then its own label."""
    text = plain_text("--evidence", text)
    if text.startswith(("http://", "https://")):
        return {"label": text.partition("://")[2][:200] or text, "url": text}
    match = _LABELLED.fullmatch(text)
    if match is None or not match["label"].strip():
        raise UsageError(f"--evidence {shown(text)} is neither an address nor LABEL=https://...")
    return {"label": match["label"].strip(), "url": match["url"]}


def _public_id(text: str | None) -> str | None:
    from generator.manifest.identity import parse_public_id, public_id

    if text is None:
        return None
    short = parse_public_id(text)
    if short is None:
        raise UsageError(f"--replaced-by {shown(text)} is not an id such as SRCH:E50A8461")
    return public_id(short)


def _complete(said: dict[str, Any], *, asking: bool) -> None:
    """Ask for what is missing, or say what it is."""
    from generator.manifest.contracts import table

    wanted = {"correction_type": "--type", "issued_by": "--by", "reason": "--reason", "public_note": "--note"}
    if said["notice"] in ("new_version", "new_edition"):
        wanted["replaced_by"] = "--replaced-by"
    missing = [key for key in wanted if said[key] is None]
    if missing and not asking:
        raise UsageError(f"missing: {', '.join(wanted[key] for key in missing)} (see 'srch correct --help')")
    types = [str(row["correction_type"]) for row in table("correction-record", "x-correction-types")]
    questions = {
        "issued_by": "Who issues the correction",
        "reason": "Why is it issued",
        "public_note": "What was wrong and what is right, for readers",
    }
    for key in missing:
        if key == "correction_type":
            said[key] = click.prompt(
                "Which part is concerned", type=click.Choice(types, case_sensitive=False), err=True
            )
        elif key == "replaced_by":
            said[key] = _public_id(click.prompt("Id of the record in its place", err=True))
        else:
            said[key] = plain_text(wanted[key], click.prompt(questions[key], err=True))


def _made_told(made: Made, *, written: bool) -> dict[str, Any]:
    from generator.manifest.landing.comment import event_told

    return {
        "file": str(made.path),
        "written": written,
        "event": made.event,
        "told": event_told(made.record, made.version.number - 1),
    }


def _print_made(made: Made, *, written: bool) -> None:
    work = made.version.manifest["work"]
    click.echo(f"{work['public_id']}  {one_line(work['title'])}")
    before = made.record.versions[made.version.number - 2].manifest
    _print_effect(made.version, before, made.record.events)
    if made.version.number < len(made.record.versions):
        later = len(made.record.versions) - made.version.number
        click.echo(f"  it stands before {later} event{'' if later == 1 else 's'} dated later")
    if not made.event.get("changes"):
        click.echo("  no fact changes")
    folder = printable(str(made.path.parent.parent))
    if written:
        click.echo(f"written  {printable(str(made.path))} (version {made.version.number})")
        click.echo(f"next     git add {printable(str(made.path))}, commit, and open a pull request with this one file")
        click.echo(f"         srch check {folder} looks at the record again")
    else:
        click.echo(f"not written, for --dry-run: {printable(str(made.path))}")
        click.echo()
        click.echo("\n".join(printable(line) for line in made.data.decode("utf-8").split("\n")), nl=False)


def _print_effect(version: Version, before: dict[str, Any], events: Sequence[Event], indent: str = "  ") -> None:
    """Facts before and after, then what the page says and what the rules make of it."""
    from generator.manifest import telling

    assert version.event is not None, "an event made this version"
    for row in telling.rows(version.event):
        click.echo(f"{indent}{printable(row.place)}")
        click.echo(f"{indent}  - {_side(row.before)}")
        click.echo(f"{indent}  + {_side(row.after)}")
    for sentence in (
        *telling.page_says(events, version.number - 2),
        *telling.consequences(before, version.manifest),
    ):
        click.echo(f"{indent}{printable(sentence)}")


def _side(text: str | None) -> str:
    return "(not there)" if text is None else printable(text)


@cli.command("show", context_settings=CONTEXT)
@click.argument("record", metavar="ID")
@click.option("--as-of", metavar="DATE", help="As it stood on a day (its end), or at a time: 2026-11-30T09:00:00Z.")
@click.option("--version", "number", type=click.IntRange(1), metavar="N", help="As version N was.")
@click.option("--manifest", "raw", is_flag=True, help="Print the version's manifest, the very bytes.")
@click.option("--history", is_flag=True, help="Tell what each event changed.")
@manifests_option
@json_option
def show_command(
    record: str, as_of: str | None, number: int | None, raw: bool, history: bool, manifests: Path, as_json: bool
) -> None:
    """Show the record ID as it stands, or as it stood: its state, notice, tier, level, counts and versions.

    \b
    Examples:
      srch show SRCH:E50A8461
      srch show SRCH:E50A8461 --as-of 2026-11-30 --history
      srch show E50A8461 --version 1 --manifest
    """
    from generator.manifest import scaffold
    from generator.manifest.store import Store

    if as_of is not None:
        refuse({"--version": number}, "--as-of", "--version")
    if raw and (as_json or history):
        raise UsageError(f"--manifest and {'--json' if as_json else '--history'} exclude each other")
    found = scaffold.open_record(record_path(record, Store(manifests)))
    version = _version(found, as_of, number)
    if raw:
        click.echo(version.data, nl=False)
    elif as_json:
        print_json(_shown(found, version))
    else:
        _print_record(found, version)
        if history:
            _print_history(found, version)


def _version(record: Record, as_of: str | None, number: int | None) -> Version:
    from generator.manifest import fold

    if number is not None:
        if number > len(record.versions):
            name, most = record.manifest["work"]["public_id"], len(record.versions)
            raise UsageError(f"{name} has {most} version{'' if most == 1 else 's'}; there is no version {number}")
        return record.versions[number - 1]
    if as_of is None:
        return record.current
    moment = _moment(as_of)
    version = fold.as_of(record.versions, moment)
    if version is None:
        work = record.manifest["work"]
        note(f"{work['public_id']} was not there on {moment}: it was submitted on {work['submitted']}.")
        raise SystemExit(1)
    return version


def _moment(text: str) -> str:
    """A day as it is, a time in UTC to the second."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        pass
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise UsageError(f"--as-of {shown(text)} has no time zone; write it like 2026-01-31T12:00:00Z")
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise UsageError(f"--as-of {shown(text)} is neither a day nor a time such as 2026-01-31T12:00:00Z") from None


def _prefix(events: Sequence[Event]) -> str:
    from generator.manifest.corrections import notice_row

    row = notice_row(events)
    return str(row["title_prefix"] or "") if row else ""


def _shown(record: Record, version: Version) -> dict[str, Any]:
    from generator.manifest.corrections import in_force, notice
    from generator.manifest.landing.comment import event_told

    events = record.events[: version.number - 1]
    manifest = version.manifest
    quality, provenance = manifest["quality_assessment"], manifest["provenance"]
    standing = {event.id for event in in_force(events)}
    return {
        "id": manifest["work"]["public_id"],
        "title": manifest["work"]["title"],
        "title_prefix": _prefix(events),
        "correction_state": manifest["correction_record"]["state"],
        "notice": notice(events),
        "version": version.number,
        "versions": len(record.versions),
        "since": version.since,
        "manifest_sha256": version.sha256,
        "tier": quality["tier"]["tier"],
        "level": quality["verification"]["paper_level_key"],
        "provenance_level": provenance["level_key"],
        "score": quality["review"]["score"],
        "review_method": provenance["review_method"],
        "claims": manifest["claims"]["aggregate"],
        "sources": len(provenance["sources"]),
        "history": [
            {
                "version": made.number,
                "since": made.since,
                "manifest_sha256": made.sha256,
                "event": None
                if made.event is None
                else {**event_told(record, made.number - 1), "in_force": made.event.id in standing},
            }
            for made in record.versions[: version.number]
        ],
    }


def _print_record(record: Record, version: Version) -> None:
    from generator.manifest import telling

    events = record.events[: version.number - 1]
    manifest = version.manifest
    quality, provenance = manifest["quality_assessment"], manifest["provenance"]
    verification, score = quality["verification"], quality["review"]["score"]
    counts = manifest["claims"]["aggregate"]
    told = [f"{counts[name]} {name}" for name in _COUNTS if counts.get(name) or name in _COUNTS[:2]]
    of = len(record.versions)
    place = f"{version.number} of {of}" if of > 1 else "1"
    since = f", since {version.since}" if version.since else ""
    rows = {
        "record": manifest["work"]["public_id"],
        "state": manifest["correction_record"]["state"],
        "notice": telling.standing(events) or "none",
        "tier": quality["tier"]["label"],
        "level": f"{verification['paper_level_key']} {verification['paper_level_label']}",
        "provenance": f"{provenance['level_key']} {provenance['level_label']}",
        "score": "not stated" if score is None else f"{score}/{quality['review']['scale_max']}",
        "reviewed by": provenance["review_method"],
        "claims": ", ".join(told),
        "sources": str(len(provenance["sources"])),
        "version": f"{place}{since}",
        "sha256": version.sha256,
    }
    click.echo(printable(_prefix(events) + " ".join(manifest["work"]["title"].split())))
    for name, value in rows.items():
        click.echo(f"  {name:<12} {printable(value)}")
    click.echo("  versions")
    for made in record.versions:
        mark = ">" if made is version and of > 1 else " "
        click.echo(f"  {mark} {made.number:>2}  {made.since or 'not stated':<20}  {_made_by(made)}")


def _made_by(version: Version) -> str:
    if version.event is None:
        return "as published"
    words = [version.event.data["correction_type"].lower().replace("_", " ")]
    if version.event.notice:
        words.append(version.event.notice.replace("_", " "))
    return f"{version.event.id} ({', '.join(words)})"


def _print_history(record: Record, version: Version) -> None:
    for made in record.versions[1 : version.number]:
        assert made.event is not None, "an event made every later version"
        said = made.event.data
        click.echo()
        click.echo(f"{made.event.id}, version {made.number}")
        click.echo(f"  by {printable(said['issued_by'])}: {printable(' '.join(said['reason'].split()))}")
        click.echo(f"  {printable(' '.join(said['public_note'].split()))}")
        for link in said.get("evidence", ()):
            click.echo(f"  see {printable(link['label'])}: {printable(link['url'])}")
        _print_effect(made, record.versions[made.number - 2].manifest, record.events)


@cli.command("diff", context_settings=CONTEXT)
@click.argument("commits", metavar="BASE..HEAD")
@click.option("--repo", type=PATH, default=Path(), help="Folder of the repository.  [default: here]")
@click.option("--records", type=PATH, metavar="FOLDER", help="Write the records concerned, as they would stand, here.")
@manifests_option
@json_option
def diff_command(commits: str, repo: Path, records: Path | None, manifests: Path, as_json: bool) -> None:
    """Tell in words what merging HEAD into BASE changes in the registry, as Markdown for a comment.

    Read from the repository's objects, never from a checkout. Whether it may land is for 'srch check --base' to say:
    this command ends well either way.

    \b
    Examples:
      srch diff origin/main..HEAD
      srch diff main..correction --repo ../registry --json
      srch diff main..correction --records preview/manifests
    """
    from generator.manifest.landing import comment
    from generator.manifest.landing.requested import requested

    match = _RANGE.fullmatch(commits)
    if match is None:
        raise UsageError(f"{shown(commits)} is not of the form BASE..HEAD")
    found = requested(repo, match["base"], match["head"], manifests=manifests, now=time_of(None), keep=records)
    told = comment.told(found)
    if as_json:
        print_json(told)
    else:
        click.echo(comment.markdown(told), nl=False)


@cli.command("dump", context_settings=CONTEXT)
@click.option("--as-of", metavar="DATE", help="The registry as it stood on a day (its end), or at a time.")
@click.option("--out", type=PATH, metavar="FILE", help="Write here instead of standard output.")
@manifests_option
def dump_command(as_of: str | None, out: Path | None, manifests: Path) -> None:
    """Print the registry as JSON lines, one record each, as it stands or as it stood.

    \b
    Examples:
      srch dump
      srch dump --as-of 2026-11-30 --out registry.jsonl
    """
    from generator.manifest import history
    from generator.manifest.atomic import write_file
    from generator.manifest.store import Store

    if not manifests.is_dir():
        raise UsageError(f"{manifests}: no such folder of manifests")
    rows: Iterable[dict[str, Any]] = history.rows(Store(manifests))
    rows = (row for row in rows if row["until"] is None) if as_of is None else history.as_of(rows, _moment(as_of))
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    if out is None:
        for line in lines:
            click.echo(line, nl=False)
        return
    text = list(lines)
    write_file(out, "".join(text).encode("utf-8"))
    click.echo(f"written  {printable(str(out))} ({len(text)} record{'' if len(text) == 1 else 's'})", err=True)
