"""Record pages: one compiled template over a view, put into a shell. Knows no site engine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.site import text
from generator.site.shell import Shell
from generator.site.view import FileFacts, view

TEMPLATES = Path(__file__).resolve().parent / "templates"

# Not rel="alternate": the theme takes every such link for a translation of the site and fetches from it.
_DESCRIPTIONS = (
    ("manifest.json", "application/json"),
    ("corrections.json", "application/json"),
    ("cite.bib", "application/x-bibtex"),
    ("cite.ris", "application/x-research-info-systems"),
    ("cite.csl.json", "application/vnd.citationstyles.csl+json"),
)
_HEAD = "".join(f'<link rel="describedby" type="{media}" href="{name}">' for name, media in _DESCRIPTIONS)


def environment() -> Environment:
    """The one template environment: everything is escaped, and a name that is not there is an error."""
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    env.filters["score"] = text.score
    env.filters["number"] = "{:g}".format
    return env


class RecordPages:
    """Renders record pages into one shell."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._template = environment().get_template("record.html.j2")

    def page(
        self,
        manifest: dict[str, Any],
        events: list[dict[str, Any]],
        files: Sequence[FileFacts],
        citation: dict[str, str],
    ) -> str:
        """The whole page of one record."""
        work = manifest["work"]
        body = self._template.render(v=view(manifest, events, files, citation))
        return self._shell.fill(
            title=f"{work['public_id']}: {text.one_line(work['title'])}",
            description=f"Machine-generated synthesis. {text.one_line(work['abstract'])[:200]}",
            ident=work["short_id"],
            head=_HEAD,
            # One pass over the finished body: no field can be forgotten.
            body=text.clean(body),
        )



    def frame(self, title: str, description: str, ident: str, body: str) -> str:
        """A page with the record shell around ``body``, which is HTML."""
        return self._shell.fill(title=title, description=description, ident=ident, head="", body=text.clean(body))
