"""What is wrong, as data: every check returns ``Problem`` values, and one place prints them.

Two kinds of failure reach a user. A *problem* lies in data that somebody wrote: it has a stable code, a file and a
place in it, and leads to exit code 1. A *usage error* lies in how a command was called or in the machine it runs on
(missing file, no write right, full disk): one line, exit code 2.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

Format = Literal["text", "json", "github"]


@dataclass(frozen=True, order=True)
class Problem:
    """One thing wrong in one place.

    ``file`` is the path as the caller gave it; ``place`` a JSON Pointer (RFC 6901, ``""`` is the whole document) or
    ``line N`` / ``line N, column M`` for text; the three last fields are one plain line each.
    """

    file: str
    place: str
    code: str
    found: str
    expected: str
    mend: str

    def text(self) -> str:
        """Four lines for a terminal, without the control characters that a file's name or keys may hold."""
        where = f"{self.file}: {self.place}" if self.place else self.file
        found, expected, mend = printable(self.found), printable(self.expected), printable(self.mend)
        return f"{self.code} {printable(where)}\n  found:    {found}\n  expected: {expected}\n  to mend:  {mend}"

    def github(self) -> str:
        """One workflow command that annotates the file in a pull request (GitHub Actions' documented escaping)."""
        line = ""
        if self.place.startswith("line "):
            line = ",line=" + self.place.removeprefix("line ").split(",")[0]
        body = printable(f"{self.place or 'whole file'}: found {self.found}; expected {self.expected}. {self.mend}")
        title = _escape_property(self.code)
        return f"::error file={_escape_property(self.file)}{line},title={title}::{_escape_data(body)}"


class Problems(Exception):
    """Data that cannot be used; ``problems`` holds all of them, in file and place order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems))
        super().__init__(f"{len(self.problems)} problem(s)")


class UsageError(Exception):
    """A command cannot be carried out as called; ``str()`` is one clear line."""


def shown(value: object, limit: int = 80) -> str:
    """``value`` as JSON on one line, cut to ``limit`` characters with an ellipsis; for ``Problem.found``."""
    try:
        text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    except (TypeError, ValueError):
        text = repr(value)
    text = printable(text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def printable(text: str) -> str:
    """The text with an escape in the place of each character that would not be seen, or would steer a terminal."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def pointer(*parts: str | int) -> str:
    """A JSON Pointer (RFC 6901) from its unescaped parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def render(problems: Iterable[Problem], form: Format) -> str:
    """All problems in one of the three output forms; JSON is an array of objects with the fields of ``Problem``."""
    ordered = sorted(problems)
    if form == "json":
        return json.dumps([asdict(problem) for problem in ordered], ensure_ascii=False, indent=2)
    if form == "github":
        return "\n".join(problem.github() for problem in ordered)
    return "\n".join(problem.text() for problem in ordered)


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
