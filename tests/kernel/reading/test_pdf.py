"""PDF files: real ones, set by Typst for the test from invented text, through the real parser."""

from __future__ import annotations

import io
import random
from collections.abc import Callable

import pypdf
import pytest
import typst
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.reading.pdf import MOST_PAGES, Unreadable, sections_of
from generator.kernel.reading.sections import OMITTED, read_sections
from generator.kernel.text import sentences

WORDS = (
    "shade crowns municipal arborists pavement evaporation considerable temperature measurement afternoon radiation "
    "neighbourhood ventilation extraordinarily heterogeneous canopy sensor interpolation uncertainty orientation"
).split()


def prose(seed: int, number: int) -> list[str]:
    """Invented sentences without sense, all different."""
    draw = random.Random(seed)
    found = [" ".join(draw.choices(WORDS, k=draw.randint(8, 16))) for _ in range(number)]
    return [f"{text.capitalize()} in plot {seed} of row {row}." for row, text in enumerate(found)]


FIRST, SECOND, THIRD, FOURTH = prose(1, 24), prose(2, 24), prose(3, 16), prose(4, 12)

PAPER = f"""
#set page(paper: "a4", columns: COLUMNS, margin: 2cm, numbering: "1 of 1", header: [Invented Proceedings 7 (2026) 12])
#set text(size: 10pt, hyphenate: true, lang: "en")
#set par(justify: true, first-line-indent: 1.2em, leading: 0.6em, spacing: 0.6em)
#set heading(numbering: "1.1")
#set super(typographic: false)
#place(top, float: true, scope: "parent", align(center, text(17pt)[*The Shade of Invented Trees*]))
= Introduction
{" ".join(FIRST[:12])}

{" ".join(FIRST[12:])}
= Results
{" ".join(SECOND[:6])} The heat is given by
$ Q = h A (T_1 - T_2) $
where the letters have their usual sense. {" ".join(SECOND[6:])}
#figure(rect(width: 40pt, height: 20pt), caption: [A caption sentence about crowns.])
== Night
{" ".join(THIRD)} The crowns kept 10#super[−3] of the heat.#footnote[A footnote sentence about crowns.]
= Conclusion
{" ".join(FOURTH)}
#heading(numbering: none)[References]
+ A. Roe. A cited title about crowns. 2019.
"""


def pdf(source: str, columns: int = 1) -> bytes:
    return bytes(typst.compile(source.replace("COLUMNS", str(columns)).encode()))


@pytest.fixture(scope="module", params=[1, 2], ids=["one column", "two columns"])
def paper(request: pytest.FixtureRequest) -> bytes:
    return pdf(PAPER, request.param)


def test_headings_become_sections_up_to_the_references(paper: bytes) -> None:
    found = sections_of(paper)
    assert [section.name for section in found] == [
        "1 Introduction",
        "2 Results",
        "2 Results › 2.1 Night",
        "3 Conclusion",
    ]
    assert read_sections([dict(vars(section)) for section in found]) == found


def test_every_sentence_is_whole_and_in_order(paper: bytes) -> None:
    texts = {section.name: section.text for section in sections_of(paper)}
    whole = {name: [text[start:end] for start, end in sentences(text)] for name, text in texts.items()}
    assert whole["1 Introduction"] == FIRST
    assert whole["3 Conclusion"] == FOURTH
    assert whole["2 Results"] == [
        *SECOND[:6], f"The heat is given by {OMITTED} where the letters have their usual sense.", *SECOND[6:]
    ]  # fmt: skip
    assert whole["2 Results › 2.1 Night"][: len(THIRD)] == THIRD


def test_paragraphs_are_kept_apart(paper: bytes) -> None:
    texts = {section.name: section.text for section in sections_of(paper)}
    assert texts["1 Introduction"].split("\n") == [" ".join(FIRST[:12]), " ".join(FIRST[12:])]


def test_a_raised_exponent_does_not_become_another_number(paper: bytes) -> None:
    text = "\n".join(section.text for section in sections_of(paper))
    assert "kept 10^−3 of the heat." in text


def test_heads_numbers_captions_notes_and_references_are_left_out(paper: bytes) -> None:
    text = "\n".join(section.text for section in sections_of(paper))
    for word in ("Proceedings", " of 3", "caption sentence", "footnote sentence", "cited title", "Shade of Invented"):
        assert word not in text


def test_a_hyphen_that_the_paper_writes_elsewhere_stays() -> None:
    source = "#set page(width: 130pt, height: auto, margin: 10pt)\n#set text(size: 10pt)\n" + (
        "= Results\nWe had a well-known tree here and it was one of the well-\\ known trees of the town that we saw in "
        "those years, and so on it went. " + " ".join(FIRST[:4])
    )
    text = sections_of(pdf(source))[-1].text
    assert text.count("well-known") == 2


def test_a_table_of_contents_and_the_heads_of_chapters_are_left_out() -> None:
    source = '#set heading(numbering: "1.1")\n#outline()\n' + "".join(
        f"#pagebreak()\n#set page(header: [Chapter {part} on crowns])\n= Part {name}\n{' '.join(prose(part, 90))}\n"
        for part, name in ((11, "Shade"), (12, "Night"))
    )
    found = sections_of(pdf(source))
    assert [section.name for section in found] == ["1 Part Shade", "2 Part Night"]
    whole = [[section.text[start:end] for start, end in sentences(section.text)] for section in found]
    assert whole == [prose(11, 90), prose(12, 90)]


def encrypted(password: str) -> bytes:
    writer = pypdf.PdfWriter(clone_from=io.BytesIO(pdf(PAPER)))
    writer.encrypt(password, "owner", algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def blank(pages: int) -> bytes:
    writer = pypdf.PdfWriter()
    for _ in range(pages):
        writer.add_blank_page(200, 200)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_an_encrypted_file_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^the file is encrypted$"):
        sections_of(encrypted("secret"))


def test_a_file_that_anyone_may_open_is_read() -> None:
    assert sections_of(encrypted(""))[0].name == "1 Introduction"


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7\n", b"no file at all", b"%PDF-1.4\n" + b"1 0 obj<<>>endobj\n" * 50])
def test_a_broken_file_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^the file is broken$"):
        sections_of(data)


def test_a_file_without_text_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^the file holds no text, only images perhaps$"):
        sections_of(blank(2))


def test_a_file_of_too_many_pages_is_refused() -> None:
    with pytest.raises(Unreadable, match=rf"^the file has {MOST_PAGES + 1} pages; at most {MOST_PAGES} are read$"):
        sections_of(blank(MOST_PAGES + 1))


@given(st.data())
def test_any_damage_gives_clean_sections_or_a_reason(small_pdf: bytes, data: st.DataObject) -> None:
    body = bytearray(small_pdf)
    for _ in range(data.draw(st.integers(1, 12))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place] = data.draw(st.integers(0, 255))
    try:
        found = sections_of(bytes(body[: data.draw(st.integers(0, len(body)))]))
    except Unreadable:
        return
    assert read_sections([dict(vars(section)) for section in found]) == found


def test_the_hand_made_file_of_these_tests_is_read(small_pdf: bytes) -> None:
    (section,) = sections_of(small_pdf)
    assert section.text.startswith("A plain line of text number 0.")


def test_text_at_absurd_places_and_sizes_is_left_out(pdf_of: Callable[[bytes], bytes], plain_lines: bytes) -> None:
    wild = b"BT /F 10 Tf 1e30 0 0 1e30 0 0 Tm (Huge.) Tj 0 0 0 0 0 0 Tm (Flat.) Tj 0 1 -1 0 30 30 Tm (Upright.) Tj "
    text = sections_of(pdf_of(wild + plain_lines + b"ET"))[0].text
    assert all(word not in text for word in ("Huge", "Flat", "Upright"))
    assert "number 19." in text
