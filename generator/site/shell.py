"""The page shell: the final HTML of one built page, cut where a record's own parts belong.

The shell may come from any site engine. It is asked for pages whose title, description, address and body are tokens
(the *sentinels*); whatever frame the engine draws around them is kept as it is. Pages that stand one or two levels
below a record's own, and pages with other headings, have sentinels of their own there: so the engine itself makes the
links and the table of contents of each frame.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from generator.site.text import clean

TITLE = "registryslottitle"
DESCRIPTION = "registryslotdescription"
ID = "registryslotid"
REMOVED_ID = "registryslotremovedid"
"""The id where the sentinel of a removed record stands; two pages cannot share one address."""
PART = "registryslotpart"
"""The last part of the address of a page below a record's own: ``v2``, or the id of an event."""
BODY_START = "registryslotbodystart"
BODY_END = "registryslotbodyend"
_HEAD = "registryslothead"

PREFIX = "registryslot"
"""What every token, and so the name of every sentinel, begins with."""

_TOKENS = re.compile(f"({TITLE}|{DESCRIPTION}|{ID}|{REMOVED_ID}|{PART}|{_HEAD})")


class ShellError(ValueError):
    """The sentinel page does not hold what the shell is cut at."""


class Shell:
    """A page frame with six slots: title, description, id, part, head and body."""

    def __init__(self, html: str) -> None:
        start, end = html.find(BODY_START), html.find(BODY_END)
        if not 0 <= start < end or html.count(BODY_START) != 1 or html.count(BODY_END) != 1:
            raise ShellError("the sentinel page holds its body marks not exactly once")
        # The marks stand in elements of their own; the whole elements make room for the body.
        before = html[: html.rindex("<", 0, start)]
        after = html[html.index(">", end) + 1 :]
        if "</head>" not in before:
            raise ShellError("the sentinel page has no head")
        head, rest = before.split("</head>", 1)
        self._before = _TOKENS.split(f"{head}{_HEAD}</head>{rest}")
        self._after = _TOKENS.split(after)

    def fill(self, *, title: str, description: str, ident: str, head: str, body: str, part: str = "") -> str:
        """A whole page. All but ``head`` and ``body``, which are HTML, is escaped here; ``part`` is for a shell that
        stands below a record's page."""
        slots: Mapping[str, str] = {
            TITLE: escape(clean(title)),
            DESCRIPTION: escape(clean(description)),
            ID: escape(ident),
            REMOVED_ID: escape(ident),
            PART: escape(part),
            _HEAD: head,
        }
        return "".join([*_put(self._before, slots), body, *_put(self._after, slots)])


@dataclass(frozen=True)
class Shells:
    """The frames of a record's pages: its own, that of a removed record, of an earlier version, of a notice."""

    record: Shell
    removed: Shell
    version: Shell
    notice: Shell


def sentinel(headings: Mapping[str, str]) -> str:
    """Markdown of the sentinel page: ``headings`` (anchor to text) give the theme its table of contents."""
    lines = [f'<p id="{BODY_START}"></p>', "", f"# {TITLE} {{ #record }}", ""]
    for anchor, text in headings.items():
        lines += [f"## {text} {{ #{anchor} }}", ""]
    lines += [f'<p id="{BODY_END}"></p>', ""]
    front = ["---", f"title: {TITLE}", f"description: {DESCRIPTION}", "hide: [navigation]", "search: {exclude: true}"]
    return "\n".join([*front, "---", "", *lines])


def _put(parts: list[str], slots: Mapping[str, str]) -> list[str]:
    # re.split with one group alternates: text, token, text, token, ... text.
    return [slots[part] if index % 2 else part for index, part in enumerate(parts)]
