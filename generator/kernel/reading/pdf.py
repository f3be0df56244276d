"""A PDF file as sections: lines from their places on the page, columns in order, headings by number, name and size.

PDFium (by pypdfium2) is what Chrome opens strangers' files with: quick, fuzzed daily, and under permissive licences. It
is C++ all the same, and so runs in a process of its own only (``isolated``).
"""

from __future__ import annotations

import ctypes
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from statistics import median
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium
from pypdfium2.version import PYPDFIUM_INFO

from generator.kernel.reading.sections import OMITTED, Section, bare, clean, is_read, made

# pypdfium2's version stands for PDFium's, which it is built with; "sections" is this module's own.
NAME: Final = f"pypdfium2/{PYPDFIUM_INFO.tag}+sections-1.0.0"

MOST_PAGES: Final = 300
MOST_PAGE_CHARACTERS: Final = 60_000
FEWEST_CHARACTERS: Final = 200
"""Less text than this on all pages together is a scan, or a page that says that there is nothing."""

_SUPERSCRIPT: Final = 0.85  # of the line's size
_SMALL_PRINT: Final = 0.93  # of the body's size: notes, captions, the inside of tables
_LARGE_PRINT: Final = 1.08
_GAP: Final = 1.45  # of the usual distance between lines: more than this parts paragraphs

_KNOWN: Final = frozenset(
    (
        *("abstract", "introduction", "background", "related work", "methods", "method", "materials and methods"),
        *("methodology", "approach", "experiments", "experimental setup", "experimental results", "evaluation", "data"),
        *("results and discussion", "discussion", "limitations", "conclusion", "conclusions", "results", "analysis"),
        *("conclusions and future work", "conclusion and future work", "discussion and conclusion", "future work"),
        *("findings", "appendix", "supplementary material", "broader impact", "ethics statement", "preliminaries"),
    )
)
_LAST: Final = frozenset(("references", "reference", "bibliography", "literature cited", "works cited"))
_NUMBERED: Final = re.compile(
    r"(?P<number>[0-9]{1,2}(?:\.[0-9]{1,2}){0,3}|[IVX]{1,5}(?=\.)|[A-H](?:\.[0-9]{1,2}){0,2})\.?\s+(?=[^\W\d_])"
)
_PAGE_NUMBER: Final = re.compile(
    r"(?:page )?[-–—]? ?(?:[0-9]{1,4}|[ivxl]{1,7}) ?[-–—]?(?: ?(?:of|/) ?[0-9]{1,4})?", re.IGNORECASE
)
_CAPTION: Final = re.compile(
    r"(?:fig(?:ure|\.)|table|algorithm|listing|scheme|box)\s*[0-9IVX]+[a-z]?\s*[.:|–—]", re.IGNORECASE
)
_FORMULA_NUMBER: Final = re.compile(r"\s*\([A-Z]?\.?[0-9]{1,3}(?:\.[0-9]{1,3})?[a-z]?\)$")
_LEADERS: Final = re.compile(r"(?:\. ?){5}")  # a line of a table of contents
_WORD: Final = re.compile(r"[^\W\d_]{3,}")
_SENTENCE_END: Final = re.compile(r"[.!?:][\"”’)\]]*(?:\^[0-9,]+)?$")
_BROKEN: Final = "\x02\ufffe"  # what PDFium gives for a hyphen at the end of a line


class Unreadable(Exception):
    """Why no text can be had from a file, in a few words."""


@dataclass(frozen=True)
class _Line:
    """A line of print. Places in points from the lower left corner; ``column`` is -1 across, 0 left, 1 right."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool
    broken: bool
    page: int
    column: int = -1


def sections_of(body: bytes) -> tuple[Section, ...]:
    """The sections of a PDF file, in reading order, up to its references. Raises ``Unreadable``."""
    try:
        document = pypdfium2.PdfDocument(body)
    except pypdfium2.PdfiumError as error:
        locked = getattr(error, "err_code", None) == pdfium.FPDF_ERR_PASSWORD
        raise Unreadable("the file is encrypted" if locked else "the file is broken") from None
    if len(document) > MOST_PAGES:
        raise Unreadable(f"the file has {len(document)} pages; at most {MOST_PAGES} are read")
    pages = [_ordered(list(_lines(document, number)), *_middle(document, number)) for number in range(len(document))]
    if sum(len(line.text) for page in pages for line in page) < FEWEST_CHARACTERS:
        raise Unreadable("the file holds no text, only images perhaps")
    found = made(_parts([line for page in _without_running_heads(pages) for line in page]))
    if not found:
        raise Unreadable("no running text was found in the file")
    return found


# ---- from characters to lines


@dataclass
class _Run:
    """Characters on one baseline."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool
    broken: bool = False


def _lines(document: pypdfium2.PdfDocument, number: int) -> Iterator[_Line]:
    """The upright lines of a page, in the file's order."""
    try:
        page = document[number]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError:
        return  # one broken page does not hide the others
    parts: list[_Run] = []
    for run in _runs(text_page.raw):
        last = parts[-1] if parts else None
        joint = _joint(parts, run) if last and not last.broken else None
        if joint is None:
            if parts:
                yield _line(parts, number)
            parts = [run]
        else:
            parts.append(replace(run, text=joint + run.text))
    if parts:
        yield _line(parts, number)


def _runs(raw: pdfium.FPDF_TEXTPAGE) -> Iterator[_Run]:
    run: _Run | None = None
    high, before = "", -1.0
    number = min(pdfium.FPDFText_CountChars(raw), MOST_PAGE_CHARACTERS)
    x, y = ctypes.c_double(), ctypes.c_double()
    box, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    for index in range(number):
        char = chr(min(pdfium.FPDFText_GetUnicode(raw, index), 0xFFFD))
        if "\ud800" <= char < "\udc00":
            high = char  # PDFium counts in UTF-16: an italic letter of a formula is two of its characters
            continue
        if "\udc00" <= char < "\ue000":
            char = (high + char).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        high = ""
        if char in _BROKEN or char in "\r\n":
            if run:
                run.broken = char in _BROKEN
                yield run
            run = None
            continue
        angle = pdfium.FPDFText_GetCharAngle(raw, index)
        if not (-0.1 < math.remainder(angle, 2 * math.pi) < 0.1):
            continue  # arXiv's stamp at the margin, labels of axes
        if pdfium.FPDFText_IsGenerated(raw, index) == 1 or char.isspace():
            if run:
                run.text += " "
            continue
        pdfium.FPDFText_GetCharOrigin(raw, index, x, y)
        pdfium.FPDFText_GetLooseCharBox(raw, index, box)
        pdfium.FPDFText_GetMatrix(raw, index, matrix)
        size = round(pdfium.FPDFText_GetFontSize(raw, index) * math.hypot(matrix.c, matrix.d), 2)
        if not all(map(math.isfinite, (x.value, y.value, size, box.right))) or not 1 <= size <= 400:
            continue
        if run and abs(y.value - run.base) < 0.05 * run.size and abs(size - run.size) < 0.05 * run.size:
            # the letters of a ligature all stand where it begins
            gap = x.value - run.right if x.value != before else 0.0
            if -0.6 * size < gap < 1.2 * size:
                before = x.value
                run.text += char
                run.right = max(run.right, box.right)
                continue
        if run:
            yield run
        before = x.value
        run = _Run(char, x.value, max(box.right, x.value), y.value, size, _is_bold(raw, index))
    if run:
        yield run


def _is_bold(raw: pdfium.FPDF_TEXTPAGE, index: int) -> bool:
    buffer = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    pdfium.FPDFText_GetFontInfo(raw, index, buffer, 128, flags)
    name = buffer.value.decode("utf-8", "replace").lower()
    # CMBX, SFBX: Computer Modern's bold; "Medi": what Nimbus and Times call theirs
    return any(word in name for word in ("bold", "cmbx", "sfbx", "-medi", "black", "heavy"))


def _joint(parts: Sequence[_Run], run: _Run) -> str | None:
    """What joins a run to the line before it, or ``None`` where it opens another line."""
    last, main = parts[-1], max(parts, key=lambda part: (part.size, len(part.text)))
    gap, rise = run.left - last.right, run.base - main.base
    size = max(main.size, run.size)
    if not -0.6 * size < gap < 0.9 * size:
        return None
    space = " " if gap > 0.18 * size and not last.text.endswith(" ") else ""
    if abs(rise) < 0.12 * size:
        return space
    if abs(rise) < 0.8 * size and run.size < _SUPERSCRIPT * main.size:
        # 10 with a raised -3 must not become 10-3; the rest of a raised or lowered piece follows it as it is
        same = abs(run.base - last.base) < 0.05 * size
        return space if same else "^" if rise > 0 else "_"
    return None


def _line(parts: Sequence[_Run], page: int) -> _Line:
    main = max(parts, key=lambda part: (len(part.text), part.size))
    length = sum(len(part.text) for part in parts)
    return _Line(
        text=clean("".join(part.text for part in parts)),
        left=min(part.left for part in parts),
        right=max(part.right for part in parts),
        base=main.base,
        size=main.size,
        bold=sum(len(part.text) for part in parts if part.bold) >= 0.8 * length,
        broken=parts[-1].broken,
        page=page,
    )


# ---- from lines to the order of reading


def _middle(document: pypdfium2.PdfDocument, number: int) -> tuple[float, float]:
    """(x of the middle, height) of a page, in points."""
    try:
        page = document[number]
        left, bottom, right, top = page.get_mediabox()
    except pypdfium2.PdfiumError:
        return 306.0, 792.0
    return (left + right) / 2, abs(top - bottom)


def _ordered(lines: list[_Line], middle: float, height: float) -> list[_Line]:
    """A page's lines as one reads them: in two columns where most lines keep to one side of the middle."""
    lines = [line for line in lines if line.text]
    left = [line for line in lines if line.right <= middle + 3]
    right = [line for line in lines if line.left >= middle - 3]
    across = len(lines) - len(left) - len(right)
    if min(len(left), len(right)) < 4 or across > 0.4 * len(lines) or not _side_by_side(left, right):
        return lines
    found: list[_Line] = []
    columns: tuple[list[_Line], list[_Line]] = ([], [])
    for line in sorted(lines, key=lambda line: (-line.base, line.left)):
        if line.right <= middle + 3:
            columns[0].append(replace(line, column=0))
        elif line.left >= middle - 3:
            columns[1].append(replace(line, column=1))
        else:
            found += [*columns[0], *columns[1], line]
            columns = ([], [])
    return [*found, *columns[0], *columns[1]]


def _side_by_side(left: Sequence[_Line], right: Sequence[_Line]) -> bool:
    """Whether two groups of lines share some height of the page."""
    lowest = max(min(line.base for line in group) for group in (left, right))
    highest = min(max(line.base for line in group) for group in (left, right))
    return lowest < highest


def _without_running_heads(pages: Sequence[list[_Line]]) -> list[list[_Line]]:
    """Pages without what stands at the top or foot of many of them, and without page numbers."""
    edges = []
    for lines in pages:
        by_height = sorted(lines, key=lambda line: -line.base)
        edges.append({id(line) for line in [*by_height[:2], *by_height[-2:]]})
    seen = Counter(
        key
        for lines, edge in zip(pages, edges, strict=True)
        for key in {_head_key(line) for line in lines if id(line) in edge}
    )
    often = 2 if len(pages) <= 6 else 3
    return [
        [
            line
            for line in lines
            if id(line) not in edge or not (seen[_head_key(line)] >= often or _PAGE_NUMBER.fullmatch(line.text))
        ]
        for lines, edge in zip(pages, edges, strict=True)
    ]


def _head_key(line: _Line) -> str:
    return re.sub(r"[0-9]+", "#", line.text.lower())


# ---- from lines to paragraphs and sections


def _parts(lines: Sequence[_Line]) -> Iterator[tuple[str, list[str]]]:
    """(heading, paragraphs) up to the references."""
    body = _body_size(lines)
    words = Counter(word.lower() for line in lines for word in re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", line.text))
    writer = _Writer(_leading(lines, body), _edges(lines), words)
    heading, above, previous = "Text", {}, None
    for line in lines:
        found = _heading(line, body)
        if found and previous and _goes_on(previous, line):
            heading = f"{heading} {line.text}"
            previous = line
            continue
        if found:
            yield heading, writer.paragraphs()
            if bare(line.text) in _LAST:
                return
            number = _NUMBERED.match(line.text)
            heading = line.text
            if number:
                above[number["number"]] = line.text
                parents = [above[key] for key in _prefixes(number["number"]) if key in above]
                heading = " › ".join([*parents, line.text])
            previous = line
            continue
        previous = None
        if line.size >= _SMALL_PRINT * body and not _LEADERS.search(line.text):
            writer.add(line)
    yield heading, writer.paragraphs()


def _prefixes(number: str) -> list[str]:
    parts = number.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _goes_on(heading: _Line, line: _Line) -> bool:
    """Whether a heading's second line follows it: same print, next in the column, and no number or name of its own."""
    return (
        (heading.page, heading.column, heading.bold) == (line.page, line.column, line.bold)
        and abs(heading.size - line.size) < 0.3
        and 0 < heading.base - line.base < 1.6 * line.size
        and not _NUMBERED.match(line.text)
        and bare(line.text) not in _KNOWN
    )


def _heading(line: _Line, body: float) -> bool:
    text = line.text
    if len(text) > 100 or line.size < _SMALL_PRINT * body or not _WORD.search(text) or _LEADERS.search(text):
        return False
    if bare(text) in _KNOWN or not is_read(text):
        return text[0].isupper() or text[0].isdigit()
    if text.endswith((".", ",", ";", ":")) or _CAPTION.match(text):
        return False
    opens = _NUMBERED.match(text)
    stands_out = line.size >= _LARGE_PRINT * body or line.bold or (opens is not None and text.upper() == text)
    return stands_out and (text[opens.end() if opens else 0].isupper()) and len(_WORD.findall(text)) <= 14


def _body_size(lines: Sequence[_Line]) -> float:
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda size: (sizes[size], size)) if sizes else 10.0


def _leading(lines: Sequence[_Line], body: float) -> float:
    """The usual distance between two lines of the body, in points."""
    steps = [
        first.base - second.base
        for first, second in pairwise(lines)
        if (first.page, first.column) == (second.page, second.column)
        and 0.8 * body < first.base - second.base < 2.5 * body
    ]
    return median(steps) if steps else 1.2 * body


def _edges(lines: Sequence[_Line]) -> dict[tuple[int, int], tuple[float, float]]:
    """(left, right) of each column of each page, where most of its lines begin and the longest ends."""
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for line in lines:
        left, right = found.get((line.page, line.column), (line.left, line.right))
        found[line.page, line.column] = (min(left, line.left), max(right, line.right))
    return found


class _Writer:
    """Lines that become paragraphs."""

    def __init__(self, leading: float, edges: dict[tuple[int, int], tuple[float, float]], words: Counter[str]) -> None:
        self._leading, self._edges, self._words = leading, edges, words
        self._done: list[str] = []
        self._last: _Line | None = None
        self._caption = False

    def add(self, line: _Line) -> None:
        last, self._last = self._last, line
        near = last is not None and (last.page, last.column) == (line.page, line.column)
        parted = not near or (last is not None and not 0 < last.base - line.base < _GAP * self._leading)
        if _CAPTION.match(line.text) and (parted or not self._done or _SENTENCE_END.search(self._done[-1])):
            self._caption = True
        elif self._caption and last is not None and (parted or self._ends_caption(last, line)):
            self._caption = False
        if self._caption:
            return
        if self._is_formula(line):
            end = _FORMULA_NUMBER.sub("", line.text)[-1:]
            mark = OMITTED + (end if end in ".,;" else "")
            if not self._done:
                self._done.append(mark)
            elif OMITTED in self._done[-1][-6:]:
                self._done[-1] = self._done[-1][: self._done[-1].rindex(OMITTED)] + mark
            else:
                self._done[-1] += f" {mark}"
        elif not self._done or self._opens(last, line, parted):
            self._done.append(line.text + ("\u00ad" if line.broken else ""))
        else:
            self._done[-1] = self._joined(self._done[-1], line)

    def _ends_caption(self, last: _Line, line: _Line) -> bool:
        _, right = self._edges[last.page, last.column]
        moved = abs(line.left - last.left) > 0.7 * line.size or last.right < right - 3 * last.size
        return (_SENTENCE_END.search(last.text) is not None and moved) or abs(line.size - last.size) > 0.3

    def _opens(self, last: _Line | None, line: _Line, parted: bool) -> bool:
        """Whether a line opens a paragraph; never in the middle of a sentence that goes on in lower case."""
        before = self._done[-1]
        ended = _SENTENCE_END.search(before) is not None
        if before.endswith("\u00ad") or (not ended and line.text[0].islower()):
            return False
        if last is None:
            return True
        left, _ = self._edges[line.page, line.column]
        _, right = self._edges[last.page, last.column]
        indented = line.left - left > 0.7 * line.size
        short = last.right < right - 3 * last.size
        near = (last.page, last.column) == (line.page, line.column)
        return (parted and near) or (ended and (indented or short))

    def _joined(self, before: str, line: _Line) -> str:
        after = line.text + ("\u00ad" if line.broken else "")
        if not before.endswith("\u00ad"):
            return f"{before} {after}"
        before = before[:-1]
        head = re.search(r"[^\W\d_]+$", before)
        tail = re.match(r"[^\W\d_]+", after)
        if not head or not tail or tail[0][0].isupper():
            return f"{before}-{after}"  # "COVID-" and "19", "Smith-" and "Jones"
        whole, parts = (head[0] + tail[0]).lower(), f"{head[0]}-{tail[0]}".lower()
        # the paper's own spelling elsewhere says whether the hyphen belongs to the word
        return before + ("-" if self._words[parts] > self._words[whole] else "") + after

    def _is_formula(self, line: _Line) -> bool:
        left, _ = self._edges[line.page, line.column]
        dense = re.sub(r"\s+", "", line.text)
        letters = sum(map(len, _WORD.findall(line.text)))
        return letters < 0.4 * len(dense) and line.left - left > 0.9 * line.size

    def paragraphs(self) -> list[str]:
        """What was written since the last time."""
        found, self._done = [text.replace("\u00ad", "-") for text in self._done], []
        self._last, self._caption = None, False
        return found
