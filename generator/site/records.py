"""Pages of a record: compiled templates over views, put into shells. Knows no site engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from generator.manifest.corrections import notice_event, notice_row
from generator.manifest.fold import Version
from generator.manifest.store import Record
from generator.site import notices, text
from generator.site.shell import ID, PART, REMOVED_ID, Shell, Shells, sentinel
from generator.site.view import BLOCKS, FileFacts, removed_view, view

if TYPE_CHECKING:
    from generator.site.monitoring import Block
    from generator.site.related import Related

FOLDER = "paper"
TEMPLATES = Path(__file__).resolve().parent / "templates"

# Kind of shell -> where its sentinel stands, and the headings of its pages.
_SENTINELS = {
    "record": (f"{FOLDER}/{ID}.md", BLOCKS),
    "removed": (f"{FOLDER}/{REMOVED_ID}.md", notices.REMOVED_BLOCKS),
    "version": (f"{FOLDER}/{ID}/{PART}.md", BLOCKS),
    "notice": (f"{FOLDER}/{ID}/notices/{PART}.md", notices.NOTICE_BLOCKS),
}

# Not rel="alternate": the theme takes every such link for a translation of the site and fetches from it.
_DATA = (
    ("manifest.json", "application/json"),
    ("corrections.json", "application/json"),
    ("cite.bib", "application/x-bibtex"),
    ("cite.ris", "application/x-research-info-systems"),
    ("cite.csl.json", "application/vnd.citationstyles.csl+json"),
)
_HEAD = "".join(f'<link rel="describedby" type="{media}" href="{name}">' for name, media in _DATA)
_HEAD_REMOVED = "".join(f'<link rel="describedby" type="{media}" href="{name}">' for name, media in _DATA[1:])
_UNLISTED = '<meta name="robots" content="noindex">'


def sentinels() -> dict[str, str]:
    """Path and Markdown of every page that a site engine has to build for the shells."""
    return {path: sentinel(headings) for path, headings in _SENTINELS.values()}


def shells(html: Mapping[str, str]) -> Shells:
    """The shells from the final HTML of the pages that ``sentinels`` names."""
    return Shells(**{kind: Shell(html[path]) for kind, (path, _) in _SENTINELS.items()})


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
    """Renders the pages of records. Bodies are cleaned of control characters as a whole: no field can be forgotten."""

    def __init__(self, frames: Shells) -> None:
        self._shells = frames
        env = environment()
        self._record = env.get_template("record.html.j2")
        self._notice = env.get_template("notice.html.j2")
        self._removed = env.get_template("removed.html.j2")

    def page(
        self,
        record: Record,
        files: Sequence[FileFacts],
        citation: dict[str, str],
        *,
        verify: notices.Verification | None = None,
        suggest: str | None = None,
        review: Block | None = None,
        related: Sequence[Related] | None = None,
    ) -> str:
        """The page of a record as it stands."""
        shown = view(
            record, record.current, files, citation, verify=verify, suggest=suggest, review=review, related=related
        )
        work = record.current.manifest["work"]
        return self._shells.record.fill(
            title=f"{work['public_id']}: {_title(record, record.current)}",
            description=f"{_sentence(record)}Machine-generated synthesis. {text.one_line(work['abstract'])[:200]}",
            ident=work["short_id"],
            head=_HEAD + _notice_links(record, ""),
            body=text.clean(self._record.render(v=shown)),
        )

    def version(
        self,
        record: Record,
        version: Version,
        files: Sequence[FileFacts],
        citation: dict[str, str],
        *,
        verify: notices.Verification | None = None,
    ) -> str:
        """The page of one version of a corrected record, one level below the record's. Search engines leave it out."""
        shown = view(record, version, files, citation, verify=verify, at_home=False)
        work = version.manifest["work"]
        number, last = version.number, len(record.versions)
        links = ['<link rel="latest-version" href="../">']
        links += [f'<link rel="predecessor-version" href="../v{number - 1}/">'] if number > 1 else []
        links += [f'<link rel="successor-version" href="../v{number + 1}/">'] if number < last else []
        data = '<link rel="describedby" type="application/json" href="manifest.json">'
        return self._shells.version.fill(
            title=f"{work['public_id']}, version {number}: {_title(record, version)}",
            description=f"{_sentence(record)}Version {number} of {last}. {text.one_line(work['abstract'])[:200]}",
            ident=work["short_id"],
            part=f"v{number}",
            head=_UNLISTED + "".join(links) + data + _notice_links(record, "../"),
            body=text.clean(self._record.render(v=shown)),
        )

    def notice(self, record: Record, version: Version, *, verify: notices.Verification | None = None) -> str:
        """The page of the event that made ``version``, two levels below the record's."""
        event = version.event
        if event is None:
            raise ValueError(f"version {version.number} was made by no event")
        work = record.current.manifest["work"]
        return self._shells.notice.fill(
            title=f"{notices.title_of(event)}: {text.one_line(work['title'])}",
            description=f"{event.at[:10]}. {text.one_line(event.data['public_note'])[:200]}",
            ident=work["short_id"],
            part=event.id,
            head='<link rel="describes" href="../../">',
            body=text.clean(self._notice.render(v=notices.notice_view(record, version, verify))),
        )

    def removed(self, record: Record, files: Sequence[FileFacts], citation: dict[str, str]) -> str:
        """What stands at the address of a removed record."""
        work = record.current.manifest["work"]
        return self._shells.removed.fill(
            title=f"{work['public_id']}: {_title(record, record.current)}",
            description=_sentence(record).strip(),
            ident=work["short_id"],
            head=_HEAD_REMOVED + _notice_links(record, ""),
            body=text.clean(self._removed.render(v=removed_view(record, files, citation))),
        )

    def frame(self, title: str, description: str, ident: str, body: str) -> str:
        """A page with the record shell around ``body``, which is HTML."""
        return self._shells.record.fill(
            title=title, description=description, ident=ident, head="", body=text.clean(body)
        )


def _title(record: Record, version: Version) -> str:
    return text.one_line(notices.prefix(record.events) + version.manifest["work"]["title"])


def _sentence(record: Record) -> str:
    """What the gravest notice says, for those who see a page only as a search result."""
    row = notice_row(record.events)
    return f"{row['banner']}. " if row else ""


def _notice_links(record: Record, base: str) -> str:
    """Links in a page's head to the notice that is in force and to the history."""
    if not record.events:
        return ""
    event = notice_event(record.events)
    found = f'<link rel="version-history" type="application/json" href="{base}corrections.json">'
    if event is None:
        return found
    return found + f'<link rel="describedby" type="text/html" href="{escape(notices.notice_href(event, base))}">'
