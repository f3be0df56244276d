"""Files of a record under a notice carry its mark where readers get them: a banner in HTML, a stamp on each PDF page.

The files as they were published stay as they are, with the first version. A marked copy is a function of the file and
the notice: its bytes hold no time and no random id. A PDF that cannot be marked is never served bare: a page that says
so stands in for it.
"""

from __future__ import annotations

import io
import json
import logging
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.manifest.problems import printable

# pypdf and typst are loaded where they are used: most sites have no record under such a notice.
if TYPE_CHECKING:
    from pypdf import PageObject, PdfWriter

TEMPLATES = Path(__file__).resolve().parent / "templates"
MOST_PAGES = 5000
MARKED = (".html", ".pdf")
_SIZE_PT = 8.0
_ISSUER = 80

# Text that a tag cannot stand in, and the start of what a reader sees.
_RAW = re.compile(r"<(title|style)\b[^>]*>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_DOCTYPE = re.compile(r"\ufeff?\s*<!doctype[^>]*>", re.IGNORECASE)

# The report's own style sheet must not be able to hide the banner, so it takes nothing from it.
_RESET = "all:initial!important;"
_BOX = (
    f"{_RESET}display:block!important;margin:0 0 1rem!important;padding:.7rem 1rem!important;"
    "border:3px solid #9b1c1c!important;background:#fff!important;color:#7a1414!important;"
    "font:bold 1rem/1.5 sans-serif!important;overflow-wrap:anywhere!important"
)
_LINK = f"{_RESET}display:inline!important;color:#7a1414!important;font:inherit!important;"
_LINK += "text-decoration:underline!important;cursor:pointer!important;overflow-wrap:anywhere!important"


class Mark(NamedTuple):
    """What a marked file says: the notice's ``label`` and ``sentence``, its kind, day, issuer and full address.
    ``base`` leads from the file to the record's folder."""

    label: str
    sentence: str
    kind: str
    day: str
    by: str
    url: str
    event_id: str
    base: str = ""

    @property
    def words(self) -> str:
        """``Retraction of 2026-11-30, issued by A. Reader:``, with a long name cut short."""
        by = printable(self.by)
        return f"{self.kind} of {self.day}, issued by {by if len(by) <= _ISSUER else by[: _ISSUER - 1] + '…'}:"


def marked(name: str, data: bytes, mark: Mark) -> bytes:
    """The bytes of the file ``name`` with the mark; files of other types than HTML and PDF are as they were."""
    if name.lower().endswith(".html"):
        return marked_html(data, mark)
    return marked_pdf(data, mark) if name.lower().endswith(".pdf") else data


def marked_html(data: bytes, mark: Mark) -> bytes:
    """A report with a banner as the first thing in its body. It is UTF-8, and one that REG042 lets through."""
    text = data.decode("utf-8")
    banner = (
        f'<div role="note" style="{_BOX}">{escape(mark.sentence)}. {escape(mark.words)} '
        f'<a style="{_LINK}" href="{mark.base}notices/{escape(mark.event_id)}/">{escape(mark.url)}</a></div>\n'
    )
    # ASCII, so that it reads the same in whatever encoding the report names.
    banner = banner.encode("ascii", "xmlcharrefreplace").decode("ascii")
    seen = _RAW.sub(lambda match: " " * len(match.group()), text)
    found = _BODY.search(seen) or _DOCTYPE.match(seen)
    place = found.end() if found else 0
    return f"{text[:place]}\n{banner}{text[place:]}".encode()


def marked_pdf(data: bytes, mark: Mark) -> bytes:
    """A report with the mark over every page, or one page in its place that says why it is not here."""
    quiet = logging.getLogger("pypdf")
    level = quiet.level
    quiet.setLevel(logging.CRITICAL)
    try:
        return _stamped(data, mark)
    except Exception:  # whatever a broken file does to its reader
        return _stand_in(mark)
    finally:
        quiet.setLevel(level)


def _stamped(data: bytes, mark: Mark) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject

    reader = PdfReader(io.BytesIO(data), strict=False)
    if reader.is_encrypted or not 0 < len(reader.pages) <= MOST_PAGES:
        raise ValueError("encrypted, empty or too long")
    title = (reader.metadata.title if reader.metadata else None) or ""
    writer = PdfWriter(clone_from=reader)
    stamps: dict[tuple[float, float], PageObject] = {}
    for page in writer.pages:
        if page.rotation:
            page.transfer_rotation_to_content()  # else the mark would be turned with the page
        box = page.cropbox
        size = (round(float(box.width), 2), round(float(box.height), 2))
        if not all(18 <= side <= 14400 for side in size):
            raise ValueError("a page of no usable size")
        _expect_balanced(page, writer)
        if size not in stamps:
            stamps[size] = PdfReader(io.BytesIO(_overlay(mark, *size))).pages[0]
        page.merge_translated_page(stamps[size], float(box.left), float(box.bottom), over=True, expand=False)
    # The copy is no longer the archival, tagged file that its embedded metadata speak of.
    writer.root_object.pop(NameObject("/Metadata"), None)
    writer.root_object.pop(NameObject("/OutputIntents"), None)
    writer.add_metadata({"/Title": f"{mark.label.upper()}: {title}"})
    for page in writer.pages:
        page.compress_content_streams()
    writer.compress_identical_objects()
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def _expect_balanced(page: PageObject, writer: PdfWriter) -> None:
    """Refuse a page that leaves its graphics state changed: what it leaves, such as a clip, could hide the mark."""
    from pypdf.generic import ContentStream

    contents = page.get_contents()
    if contents is None:
        return
    depth = 0
    for _, operator in ContentStream(contents, writer).operations:
        depth += {b"q": 1, b"Q": -1}.get(operator, 0)
        if depth < 0:
            break
    if depth:
        raise ValueError("unbalanced graphics state")


def _overlay(mark: Mark, width: float, height: float) -> bytes:
    size = max(4.0, min(_SIZE_PT, width / 60))
    return _compiled({**_shown(mark), "page": False, "width": width, "height": height, "size": size})


def _stand_in(mark: Mark) -> bytes:
    words = (
        f"{mark.words.rstrip(':')}. The report cannot be shown here with this mark on its pages, so this page stands "
        "in for it. The file as it was published stands with version 1 of the record. The notice:"
    )
    size: dict[str, Any] = {"width": 595.28, "height": 841.89, "size": 12.0}
    return _compiled({**_shown(mark), "words": words, "page": True, **size})


def _shown(mark: Mark) -> dict[str, Any]:
    return {
        "title": mark.label,
        "label": mark.label,
        "sentence": mark.sentence,
        "words": mark.words,
        "url": mark.url,
    }


def _compiled(view: Mapping[str, Any]) -> bytes:
    import typst

    made = typst.compile(
        TEMPLATES / "mark.typ",
        root=TEMPLATES,
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"view": json.dumps(view)},
        timestamp=0,
    )
    if not isinstance(made, bytes):
        raise TypeError("one page was expected")
    return made
