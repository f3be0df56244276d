"""The semantic index over all records: ``srch index``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from generator.commands.common import (
    CONTEXT,
    PATH,
    Group,
    cli,
    json_option,
    manifests_option,
    note,
    one_line,
    plain_text,
    print_json,
    quiet_option,
)
from generator.manifest.problems import UsageError

if TYPE_CHECKING:
    from generator.manifest.semantic.related import RelatedRecord
    from generator.manifest.semantic.store import Hit

INDEX = Path("build/index")
# the names of semantic.items.KINDS, which loads with the rest only when it is needed
_KINDS = ("question", "synthesis", "paper", "claim")

index_option = click.option(
    "--index", "index_folder", type=PATH, default=INDEX, show_default=True, help="Folder that holds the index."
)
most_option = click.option(
    "--most", type=click.IntRange(1, 1000), default=10, show_default=True, help="How many to print."
)


@cli.group(cls=Group, context_settings=CONTEXT)
def index() -> None:
    """Search all records by what they ask and say: questions, syntheses, papers and claims.

    The index is made from the records and can be made anew at any time. Its default vectors are made offline, from
    words; similarity is that of words, from 0 to 1.

    \b
    Examples:
      srch index build
      srch index search "cool roofs at night"
      srch index related SRCH:E3495244
    """


@index.command("build", context_settings=CONTEXT)
@manifests_option
@index_option
@json_option
@quiet_option
def build_command(manifests: Path, index_folder: Path, as_json: bool, quiet: bool) -> None:
    """Make the index, or bring it up to the records: only what is new or changed is read into it.

    Removed records are dropped, and those with a notice carry it. A call that was cut off is completed by the next one;
    a damaged index is made anew.

    \b
    Examples:
      srch index build
      srch index build --manifests manifests --index build/index --json
    """
    from generator.manifest.semantic.store import OFFLINE, Index
    from generator.manifest.store import Store

    if not manifests.is_dir():
        raise UsageError(f"{manifests}: no such folder of manifests")
    target = Index(index_folder)

    def progress(done: int, total: int) -> None:
        if not quiet:
            note(f"[{done}/{total}] texts embedded")

    built = target.build(Store(manifests), progress=progress)
    if built.damaged is not None:
        note(f"{target.path}: the index was damaged ({one_line(built.damaged)}) and has been made anew")
    if as_json:
        print_json(
            {
                "index": str(index_folder),
                "method": OFFLINE.method,
                "model": OFFLINE.model,
                "records": built.records,
                "added": built.added,
                "changed": built.changed,
                "dropped": built.dropped,
                "vectors": built.vectors,
                "embedded": built.embedded,
                "made_anew": built.damaged is not None,
            }
        )
        return
    click.echo(
        f"{index_folder}: {built.records} record{'' if built.records == 1 else 's'} ({built.added} added, "
        f"{built.changed} changed, {built.dropped} dropped), {built.vectors} vectors by {OFFLINE.method} "
        f"({built.embedded} new)"
    )


@index.command("search", context_settings=CONTEXT)
@click.argument("text")
@click.option("--kind", "kinds", type=click.Choice(_KINDS), multiple=True, help="Only this kind; may be repeated.")
@most_option
@index_option
@json_option
def search_command(text: str, kinds: tuple[Any, ...], most: int, index_folder: Path, as_json: bool) -> None:
    """Print what in all records is nearest to TEXT, the nearest first.

    Every text of the index is compared, so the order is exact. A record with a notice is marked.

    \b
    Examples:
      srch index search "cool roofs at night"
      srch index search "cool roofs at night" --kind claim --most 3 --json
    """
    from generator.manifest.semantic.items import KINDS
    from generator.manifest.semantic.store import Index

    hits = Index(index_folder).search(plain_text("TEXT", text), most=most, kinds=kinds or KINDS)
    if as_json:
        print_json([_as_data(hit) for hit in hits])
        return
    for hit in hits:
        mark = f" [{hit.item.mark}]" if hit.item.mark else ""
        click.echo(f"{hit.similarity:.4f}  {hit.item.public_id} {hit.item.kind} {one_line(hit.item.id, 40)}{mark}")
        click.echo(f"        {one_line(hit.item.text)}")


@index.command("related", context_settings=CONTEXT)
@click.argument("record", metavar="RECORD")
@most_option
@index_option
@json_option
def related_command(record: str, most: int, index_folder: Path, as_json: bool) -> None:
    """Print the records that ask about something similar to what RECORD (its id) asks, the most similar first.

    Compared are research questions, or titles where a record states no question. Papers that both cite are counted:
    records that rest on the same papers are no independent confirmation of each other.

    \b
    Examples:
      srch index related SRCH:E3495244
      srch index related E3495244 --most 3 --json
    """
    from generator.manifest.identity import parse_public_id, public_id
    from generator.manifest.semantic.related import related_records
    from generator.manifest.semantic.store import Index

    short = parse_public_id(record)
    if short is None:
        raise UsageError(f"{one_line(record)}: no id such as SRCH:E50A8461")
    found = related_records(public_id(short), Index(index_folder), most=most)
    if as_json:
        print_json([item._asdict() for item in found])
        return
    for item in found:
        click.echo(_line(item))
    if not found:
        click.echo(f"no record asks about something similar to {public_id(short)}")


def _line(item: RelatedRecord) -> str:
    mark = f" [{item.mark}]" if item.mark else ""
    shared = f" ({item.shared_papers} paper{'' if item.shared_papers == 1 else 's'} cited by both)"
    return f"{item.similarity:.4f}  {item.public_id}{mark} {one_line(item.title)}{shared if item.shared_papers else ''}"


def _as_data(hit: Hit) -> dict[str, Any]:
    return {
        "public_id": hit.item.public_id,
        "title": hit.item.title,
        "kind": hit.item.kind,
        "id": hit.item.id,
        "text": hit.item.text,
        "similarity": round(hit.similarity, 4),
        "notice": hit.item.notice,
        "mark": hit.item.mark,
    }
