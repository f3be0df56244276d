"""PDF files made by hand, down to their bytes."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import pytest

LINES = b"".join(
    b"1 0 0 1 50 %d Tm (A plain line of text number %d.) Tj\n" % (700 - 14 * row, row) for row in range(20)
)


@pytest.fixture(scope="session")
def plain_lines() -> bytes:
    """Operators that set twenty lines of text."""
    return LINES


@pytest.fixture(scope="session")
def pdf_of() -> Callable[[bytes], bytes]:
    """``pdf_of(operators)`` is a file of one page with these."""
    return content_stream


@pytest.fixture(scope="session")
def small_pdf() -> bytes:
    """A file of one page with twenty lines of text."""
    return content_stream(b"BT /F 10 Tf " + LINES + b"ET")


def content_stream(stream: bytes) -> bytes:
    """A PDF file of one page with this content."""
    data = zlib.compress(stream, 9)
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream" % (len(data), data),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out = bytearray(b"%PDF-1.4\n")
    places = []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj" % number + content + b"endobj\n"
    start = len(out)
    out += b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % start)
