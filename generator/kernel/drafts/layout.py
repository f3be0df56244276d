"""A draft's text, taken apart: header lines and sections, with the line numbers that problems name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from generator.manifest.problems import Problem, shown

Run = dict[str, Any]
LIMITS = {"title": 1000, "question": 4000, "abstract": 20000, "claim": 4000, "text": 4000}
DEFAULT_PREFIX = "SOVEREIGN"
_SECTIONS = {
    "abstract": "Abstract",
    "introduction": "Introduction",
    "methodology": "Methodology",
    "methods": "Methodology",
    "results": "Results",
    "uncertainties": "Uncertainties",
    "extracted claims": "Extracted Claims",
    "claims": "Extracted Claims",
    "references": "References",
    "bibliography": "References",
}
_FOREIGN_SECTION = re.compile(
    r"discussion|conclusions?|background|acknowledge?ments?|appendix|limitations|funding|keywords|evaluation|experiments"
    r"|(?:related|future) work"
)
_NUMBER = r"(?:(?:\d+|[IVX]+)(?:\.\d+)*[.)]?[ \t]+)"
_HEADING = re.compile(rf"(?:#+[ \t]*)?{_NUMBER}?(?P<name>[A-Za-z]+(?:[ \t]+[A-Za-z]+)?)[ \t]*:?", re.ASCII)
_OTHER_HEADING = re.compile(r"(?:#+[ \t]*)?\d+(?:\.\d+)*[.)]?[ \t]+[A-Z][A-Za-z -]{2,50}", re.ASCII)
_NOTICE = re.compile(
    r"\b(?:draft|preprint|publication|unpublished|not (?:peer[- ])?reviewed|review (?:required|needed|pending))\b",
    re.IGNORECASE,
)
_KERNEL_WORD = re.compile(r"\bkernel\b", re.IGNORECASE)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH_NAMES = (
    r"(?P<month>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_DATES = tuple(
    re.compile(rf"(?:dated?:?\s+)?{form}\.?", re.IGNORECASE | re.ASCII)
    for form in (
        r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})",
        rf"{_MONTH_NAMES}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})",
        rf"(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+{_MONTH_NAMES},?\s+(?P<year>\d{{4}})",
    )
)


@dataclass
class Reader:
    """Collects what is wrong in one file, and what the draft says in two ways."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def wrong(self, line: int, code: str, found: str, expected: str, mend: str) -> None:
        """Note a problem of the file at a line."""
        self.problems.append(Problem(self.file, f"line {line}", code, found, expected, mend))


@dataclass(frozen=True)
class Section:
    """The lines under one heading, with their numbers in the file; blank lines are kept as empty texts."""

    line: int
    lines: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        """The section's paragraphs, as found; an empty line between two of them."""
        body = "\n".join(text.strip() for _, text in self.lines).strip("\n")
        return re.sub(r"\n{2,}", "\n\n", body)

    def filled(self) -> list[tuple[int, str]]:
        """The lines that hold something, with their numbers."""
        return [(number, text) for number, text in self.lines if text.strip()]

    def line_with(self, part: str) -> int:
        """The number of the first line that holds the start of ``part``; the heading's when none does."""
        start = part.split("\n")[0].strip()
        return next((number for number, text in self.lines if start and start in text), self.line)


@dataclass(frozen=True)
class _Header:
    title: str
    title_line: int
    kernel: str
    notice: str | None
    dated: str | None


@dataclass(frozen=True)
class DraftText:
    """A draft taken apart: its header, and its sections by name."""
    header: _Header
    sections: Mapping[str, Section]

    def text(self, name: str) -> str | None:
        """The section's text; ``None`` when the draft has no such section or nothing in it."""
        section = self.sections.get(name)
        return (section.text or None) if section else None


def split_draft(text: str, reader: Reader) -> DraftText | None:
    """Header and sections; ``None``, with one problem, for a text that is no draft."""
    lines = list(enumerate(text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ").split("\n"), start=1))
    for number, line in lines:
        control = next((char for char in line if (char < " " and char != "\t") or "\x7f" <= char <= "\x9f"), None)
        if control is not None:
            found = f"the control character U+{ord(control):04X}"
            reader.wrong(number, "IMP010", found, "plain text", "Remove the character.")
    marks = list(_headings(lines, reader))
    header_lines = lines[: marks[0][0]] if marks else lines
    if not any(name in _SECTIONS.values() for _, name in marks):
        first = next((line.strip() for _, line in lines if line.strip()), None)
        found = "an empty file" if first is None else f"no section heading; the text begins {shown(first, 60)}"
        expected = "a draft: title, kernel, notice, date, then sections such as Abstract and Extracted Claims"
        reader.problems[:] = [
            Problem(reader.file, "line 1", "IMP001", found, expected, "Give the plain text of a draft.")
        ]
        return None
    sections: dict[str, Section] = {}
    for (start, name), (end, _) in zip(marks, [*marks[1:], (len(lines), "")], strict=True):
        number = lines[start][0]
        if name in sections:
            found = f"a second section {name}; the first is at line {sections[name].line}"
            reader.wrong(number, "IMP004", found, "each section once", "Join the two sections.")
        sections.setdefault(name, Section(number, tuple(lines[start + 1 : end])))
    header = _header(header_lines, lines[marks[0][0]][0], reader)
    return DraftText(header, sections)


def _headings(lines: Sequence[tuple[int, str]], reader: Reader) -> Iterator[tuple[int, str]]:
    """Index and section name of each heading line; names of unknown sections begin with ``?``."""
    for index, (number, line) in enumerate(lines):
        text = line.strip()
        match = _HEADING.fullmatch(text)
        name = " ".join(match["name"].split()).lower() if match else ""
        if name in _SECTIONS:
            yield index, _SECTIONS[name]
            continue
        alone = all(not lines[near][1].strip() for near in (index - 1, index + 1) if 0 <= near < len(lines))
        title = not any(earlier.strip() for _, earlier in lines[:index])
        if alone and not title and (_FOREIGN_SECTION.fullmatch(name) or _OTHER_HEADING.fullmatch(text)):
            expected = "one of " + ", ".join(dict.fromkeys(_SECTIONS.values()))
            mend = "Move its text into a known section, or remove it."
            reader.wrong(number, "IMP004", f"the section {shown(text)}", expected, mend)
            yield index, f"?{number}"


def _header(lines: Sequence[tuple[int, str]], end: int, reader: Reader) -> _Header:
    filled = _joined_title([(number, line.strip()) for number, line in lines], reader)
    dated = notice = kernel = None
    extra: list[tuple[int, str]] = []
    title_line, raw_title = end, ""
    if filled and not _is_title_missing(filled):
        title_line, raw_title = filled.pop(0)
    for number, text in filled:
        parsed = _date(text)
        if parsed is not None and dated is None:
            dated = parsed
        elif _NOTICE.search(text) and notice is None and parsed is None:
            notice = text
        elif kernel is None and parsed is None and not re.search(r"\d{4}", text):
            kernel = text
        else:
            extra.append((number, text))
    for number, text in extra[:1]:
        more = f" and {len(extra) - 1} more such lines" if len(extra) > 1 else ""
        expected = "after the title: the kernel's name, a notice, and a date such as May 28, 2026 or 2026-05-28"
        reader.wrong(number, "IMP003", shown(text) + more, expected, "Correct or remove the line.")
    title = _without_prefix(raw_title, kernel)
    if not title:
        mend = "Put the title in the first line, e.g. 'SOVEREIGN: How robust is ...'."
        reader.wrong(title_line, "IMP002", "no title", "a title before the first section", mend)
    check_limit(title, "title", title_line, reader)
    return _Header(title, title_line, kernel or "", notice, dated)


def _joined_title(lines: Sequence[tuple[int, str]], reader: Reader) -> list[tuple[int, str]]:
    """The header's filled lines; a title that was wrapped (its first paragraph has several lines) is one line again."""
    filled = [item for item in lines if item[1]]
    first = next((index for index, item in enumerate(lines) if item[1]), 0)
    paragraph: list[tuple[int, str]] = []
    for item in lines[first:]:
        if not item[1]:
            break
        paragraph.append(item)
    rest = filled[len(paragraph) :]
    special = any(_date(text) or _NOTICE.search(text) or _KERNEL_WORD.search(text) for _, text in paragraph[1:])
    if len(paragraph) < 2 or special or not rest:
        return filled
    return [(paragraph[0][0], " ".join(text for _, text in paragraph)), *rest]


def _is_title_missing(filled: Sequence[tuple[int, str]]) -> bool:
    """Whether the header begins with another of its lines: a date, the notice, or the only kernel line."""
    first = filled[0][1]
    others = [text for _, text in filled[1:] if _date(text) is None and not _NOTICE.search(text)]
    if _date(first) is not None or first.startswith("Autonomous draft"):
        return True
    return not others and first.endswith("Research Kernel")


def _without_prefix(title: str, kernel: str | None) -> str:
    """The title without the kernel's name before it (``SOVEREIGN: ``, or the first word of the kernel line)."""
    names = {DEFAULT_PREFIX, *((kernel or "").split()[:1])}
    for name in names:
        if title.startswith(name + ":"):
            return title[len(name) + 1 :].strip()
    return title


def _date(text: str) -> str | None:
    """ISO date of ``May 28, 2026``, ``28 May 2026`` or ``2026-05-28``; ``None`` for anything else."""
    for form in _DATES:
        match = form.fullmatch(text)
        if match:
            month = match["month"].lower()[:3]
            number = _MONTHS.index(month) + 1 if month in _MONTHS else int(match["month"])
            try:
                return date(int(match["year"]), number, int(match["day"])).isoformat()
            except ValueError:
                return None
    return None


def check_limit(text: str, kind: str, line: int, reader: Reader) -> None:
    """Note a problem when a text is longer than the contract allows."""
    if len(text) > LIMITS[kind]:
        expected = f"at most {LIMITS[kind]} characters for one {kind}"
        reader.wrong(line, "IMP011", f"{len(text)} characters", expected, "Shorten it.")
