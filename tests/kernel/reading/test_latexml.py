"""arXiv's HTML: whole sentences in sections, nothing that is no running text, and no fear of a hostile page.

The pages are invented; their elements and classes are LaTeXML's as arXiv serves them.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.reading.latexml import LONGEST_FORMULA, Unreadable, _plain_formula, sections_of
from generator.kernel.reading.sections import OMITTED, clean, read_sections

PAGE = Path(__file__).with_name("page.html").read_bytes()

TEXTS = {
    "Abstract": "Trees lowered the air temperature by 2.1±0.3 K.",
    "1 Introduction": "Cities are warm [1, 2]. Shade may help.",
    "2 Results": f"The loss of heat is {OMITTED}, where h is a constant.",
    "2 Results › 2.1 Night": (
        "At night, crowns kept 10^-3 of the heat (Table 1).\nOld trees helped most.\nYoung trees did not.\n"
        "Dew fell early."
    ),
    "Appendix A Sites": "Sixty sites were used.",
}


def document(body: str) -> bytes:
    return f'<html><body><article class="ltx_document">{body}</article></body></html>'.encode("utf-8", "surrogatepass")


def para(text: str) -> bytes:
    return document(f'<div class="ltx_para"><p class="ltx_p">{text}</p></div>')


def test_sections_of_a_page_as_arxiv_serves_it() -> None:
    assert {section.name: section.text for section in sections_of(PAGE)} == TEXTS


def test_sections_pass_the_door_of_the_store() -> None:
    found = sections_of(PAGE)
    assert read_sections([dict(vars(section)) for section in found]) == found


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        ("p<0.05", "p<0.05"),
        ("85\\,^{\\circ}\\mathrm{C}", "85 °C"),
        ("12\\%", "12%"),
        ("2\\times 10^{-5}", "2×10^-5"),
        ("x^{a+b}", "x^(a+b)"),
        ("\\displaystyle\\frac{a+b}{c}", "(a+b)/c"),
        ("\\frac{1}{2}", "1/2"),
        ("\\text{PM}_{2.5}", "PM_2.5"),
        ("\\leq 3", "≤3"),
        ("\\frac{\\frac{a}{b}}{c}", OMITTED),
        ("\\begin{matrix}a\\\\ b\\end{matrix}", OMITTED),
        ("", OMITTED),
        ("a+" * LONGEST_FORMULA, OMITTED),
        ("{" * 5000, OMITTED),
        ("\\frac" * 100, OMITTED),
        ("\\input{/etc/passwd}", OMITTED),
    ],
)
def test_a_formula_in_a_line_is_plain_text_or_is_marked_as_left_out(tex: str, plain: str) -> None:
    assert _plain_formula(tex) == plain


@given(st.text(alphabet="\\{}^_abfrc12%&$#~\n[]", max_size=60))
def test_any_formula_gives_one_clean_line(tex: str) -> None:
    plain = _plain_formula(tex)
    assert plain == clean(plain)
    assert 0 < len(plain) <= LONGEST_FORMULA


@pytest.mark.parametrize("end", [".", ",", ""])
def test_a_displayed_formula_keeps_the_mark_that_ends_its_sentence(end: str) -> None:
    equation = (
        '<table class="ltx_equationgroup ltx_eqn_align ltx_eqn_table"><tbody><tr class="ltx_eqn_row">'
        f'<td class="ltx_eqn_cell"><math alttext="\\displaystyle a=b{end}" display="block"></math></td>'
        '<td class="ltx_eqn_cell ltx_eqn_eqno">(2)</td></tr></tbody></table>'
    )
    (section,) = sections_of(document(f'<div class="ltx_para"><p class="ltx_p">Here</p>{equation}</div>'))
    assert section.text == f"Here {OMITTED}{end}"


def test_a_sentence_that_goes_on_in_the_next_paragraph_after_a_formula_is_one() -> None:
    parts = (
        '<div class="ltx_para"><p class="ltx_p">It is</p><table class="ltx_equation"><tr><td>'
        '<math alttext="x"></math></td></tr></table></div>'
        '<div class="ltx_para"><p class="ltx_p">where x is one.</p></div>'
        '<div class="ltx_para"><p class="ltx_p">Next.</p></div>'
    )
    (section,) = sections_of(document(parts))
    assert section.text == f"It is {OMITTED} where x is one.\nNext."


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"\x00\xff\xfe",
        b"<html><body><h1>No HTML for '2601.00001'</h1><p>HTML is not available for the source.</p></body></html>",
        b"<p class='ltx_p'>No document.</p>",
    ],
)
def test_a_page_without_a_paper_is_refused(page: bytes) -> None:
    with pytest.raises(Unreadable, match=r"^the page holds no converted paper$"):
        sections_of(page)


def test_a_page_with_nothing_to_read_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^the page holds no text$"):
        sections_of(document("<script>x</script><p class='ltx_p'>\u202e \u200b</p>"))


def test_a_conversion_that_broke_off_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"^the conversion to HTML broke off$"):
        sections_of(para("Conversion to HTML had a Fatal error and exited abruptly."))


def test_ten_thousand_nested_elements() -> None:
    (section,) = sections_of(document("<div>" * 10_000 + "<p>Deep.</p>" + "</div>" * 10_000))
    assert section.text == "Deep."
    (section,) = sections_of(para("<span>" * 10_000 + "Deep."))
    assert section.text == "Deep."


def test_nested_sections_give_names_of_bounded_length() -> None:
    nested = '<section class="ltx_section"><h2 class="ltx_title">Name</h2>' * 3_000
    (section,) = sections_of(document(nested + '<p class="ltx_p">Deep.</p>'))
    assert len(section.name) <= 200
    assert section.text == "Deep."


def test_entities_of_an_own_document_type_are_not_expanded() -> None:
    bomb = '<!DOCTYPE html [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>' + para("&b;&b; end.").decode()
    assert "haha" not in str(sections_of(bomb.encode()))


def test_characters_that_no_page_may_hold_are_dropped() -> None:
    (section,) = sections_of(para("A\u202etree\u0000 with&#xD800; a\u200bbird&#x2029;\ufdd0\ue000 sang\u00ad."))
    assert section.text == "Atree with\ufffd abird sang."
    read_sections([dict(vars(section))])


@given(st.recursive(st.text(max_size=8), lambda inner: st.builds(
    lambda tag, kind, parts: f'<{tag} class="{kind}">{"".join(parts)}</{tag}>',
    st.sampled_from(["div", "p", "span", "section", "math", "table", "li", "sup", "h2", "template", "svg"]),
    st.sampled_from(["ltx_para", "ltx_p", "ltx_section", "ltx_title", "ltx_note", "ltx_equation", "ltx_item", ""]),
    st.lists(inner, max_size=4),
), max_leaves=25))  # fmt: skip
def test_any_nesting_gives_clean_sections_or_a_reason(body: str) -> None:
    try:
        found = sections_of(document(body))
    except Unreadable:
        return
    assert read_sections([dict(vars(section)) for section in found]) == found
