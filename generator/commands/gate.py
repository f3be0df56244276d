"""Additions only: what ``srch check --base`` prints."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from generator.commands.common import print_json
from generator.manifest.problems import Format, UsageError, printable, render

if TYPE_CHECKING:
    from generator.manifest.landing.judge import Landing


def check_landing(
    paths: tuple[Path, ...], base: str, head: str, repository: Path, now: str, form: Format, *, as_json: bool
) -> None:
    """Judge a request and print the decision; leaves with exit code 1 when it is refused.

    Problems are printed as ``srch check`` prints them. ``as_json`` prints one object with the whole decision instead.
    """
    from generator.manifest.landing.judge import judge

    if len(paths) > 1:
        raise UsageError(f"--base takes one folder of records, not {len(paths)}")
    manifests = paths[0] if paths else Path("manifests")
    landing = judge(repository, base, head, manifests=manifests, now=now)
    if as_json:
        print_json(told(landing))
    else:
        if form == "json" or landing.problems:
            click.echo(render(landing.problems, form))
        for line in summary(landing, manifests):
            click.echo(line, err=form == "json")
    if not landing.accepted:
        raise SystemExit(1)


def told(landing: Landing) -> dict[str, object]:
    """The decision as one JSON object; every key is always there."""
    return {
        "decision": "accepted" if landing.accepted else "refused",
        "base": landing.base,
        "head": landing.head,
        "merge_base": landing.merge_base,
        "tree": landing.tree,
        "records": list(landing.records),
        "events": list(landing.events),
        "observations": list(landing.observations),
        "outside": landing.outside,
        "problems": [asdict(problem) for problem in landing.problems],
    }


def summary(landing: Landing, manifests: Path) -> list[str]:
    """One or two lines for whoever made the request."""
    if not landing.accepted:
        count = len(landing.problems)
        lines = [f"refused: {_number(count, 'problem')}; nothing of this request may land"]
    else:
        counts = {"new record": landing.records, "correction event": landing.events}
        parts = [_number(len(paths), name) for name, paths in counts.items() if paths]
        if landing.observations:
            parts.append(_number(len(landing.observations), "source observation"))
        where = printable(str(manifests))
        if parts:
            lines = [f"accepted: this request only adds to {where}: {', '.join(parts)}"]
        else:
            lines = [f"accepted: this request changes nothing below {where}"]
    if landing.outside:
        files = "1 file that changes" if landing.outside == 1 else f"{landing.outside} files that change"
        lines.append(f"not judged here: {files} elsewhere in the repository")
    return lines


def _number(count: int, name: str) -> str:
    return f"{count} {name}{'' if count == 1 else 's'}"
