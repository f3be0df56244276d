"""arXiv's HTML (LaTeXML's output) as sections.

The classes are LaTeXML's (https://math.nist.gov/~BMiller/LaTeXML/manual/): ``ltx_section`` with its ``ltx_title``,
``ltx_para`` with its ``ltx_p``. What is no running text (captions, tables, notes, bibliography, listings) is left out.
Selectolax's Lexbor engine reads HTML as browsers do, makes a deep tree without recursion, and is small and quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from pylatexenc.latex2text import LatexNodes2Text
from selectolax.lexbor import LexborHTMLParser, LexborNode

from generator.kernel.reading.sections import OMITTED, Section, clean, made

NAME: Final = "latexml-html/1.0.0"
"""The version goes up whenever the same page would give another text."""

LONGEST_FORMULA: Final = 160
_DEEPEST_FORMULA: Final = 12
_DEEPEST_NAME: Final = 4  # headings above each other that a name holds
_SECTIONS: Final = frozenset(
    f"ltx_{name}" for name in ("part", "chapter", "section", "subsection", "subsubsection", "appendix", "abstract")
)
_EQUATIONS: Final = frozenset({"ltx_equation", "ltx_equationgroup", "ltx_eqn_table"})
_LEFT_OUT: Final = frozenset(
    f"ltx_{name}"
    for name in (
        *("note", "bibliography", "biblist", "authors", "acknowledgements", "classification", "keywords", "dates"),
        *("figure", "table", "float", "caption", "tabular", "listing", "verbatim", "picture", "graphics", "algorithm"),
        *("ERROR", "rdf", "pagination", "index", "glossary", "page_footer", "page_header", "tag", "title", "TOC"),
    )
)
_LEFT_OUT_TAGS: Final = frozenset(
    (
        *("script", "style", "template", "noscript", "nav", "button", "table", "figure", "svg", "iframe", "object"),
        *("header", "footer", "head", "img", "video", "audio", "canvas", "select", "textarea", "form", "-comment"),
    )
)
_BLOCKS: Final = frozenset(["div", "p", "li", "ul", "ol", "dl", "dt", "dd", "section", "blockquote", "article", "br"])
_FATAL: Final = b"Conversion to HTML had a Fatal error"
_EXPONENT: Final = re.compile(r"[-−–+]?\d{1,3}")
_LAYOUT: Final = re.compile(r"\\(?:(?:display|text|script)style|left|right|[bB]ig+[lr]?|(?:no)?limits)(?![a-zA-Z])")
_CLOSING: Final = re.compile(r"[.,;]\s*$")
# What a line cannot show without changing its meaning; a fraction is looked for once the flat ones are written out.
_TWO_LINED: Final = re.compile(
    r"\\(?:begin|[dt]?frac|[dt]?binom|over|atop|substack|stackrel|overset|underset|cases|matrix)(?![a-zA-Z])"
)
_FRACTION: Final = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")
_RAISED: Final = re.compile(r"([_^])\s*\{([^{}]*)\}")
_ONE_TOKEN: Final = re.compile(r"\s*[-+]?(?:[0-9]+(?:\.[0-9]+)?|[A-Za-z]+|\\[A-Za-z]+)\s*")
_WORDS: Final = re.compile(r"\\(log|ln|exp|sin|cos|tan|max|min|sup|inf|arg|bmod)(?![a-zA-Z])")


class Unreadable(Exception):
    """Why no text can be had from a file, in a few words."""


def sections_of(body: bytes) -> tuple[Section, ...]:
    """The sections of a page, in order. Raises ``Unreadable`` for a page that is no converted paper."""
    tree = LexborHTMLParser(body.decode("utf-8", "replace"))
    root = tree.css_first(".ltx_document")
    if root is None:
        raise Unreadable("the page holds no converted paper")
    if _FATAL in body:
        raise Unreadable("the conversion to HTML broke off")
    found = made(_parts(root))
    if not found:
        raise Unreadable("the page holds no text")
    return found


def _parts(root: LexborNode) -> Iterator[tuple[str, list[str]]]:
    """(heading, paragraphs) in reading order; a subsection's heading holds those above it."""
    names: list[str] = []
    writer = _Writer()
    # A stack of what is still to be read, never recursion: a page may nest ten thousand elements. A text in the stack
    # is what to do when an element ends.
    todo: list[LexborNode | str] = [root]
    while todo:
        item = todo.pop()
        # comparing a node with a text would write the node out as HTML
        if isinstance(item, str):
            if item == "end of section":
                yield " › ".join(names[:_DEEPEST_NAME]), writer.paragraphs()
                names.pop()
            else:
                writer.flush()
                writer.inside -= 1
        else:
            classes = _classes(item)
            if item.tag == "-text":
                writer.add(item.text_content or "")
            elif item.tag == "math":
                writer.add(_inline(item))
            elif classes & _EQUATIONS:
                writer.add(f" {OMITTED}{_closing(item)} ")
            elif item.tag == "sup" and _EXPONENT.fullmatch(raised := item.text(deep=True).strip()):
                # 10<sup>-3</sup> must not become 10-3
                writer.add(f"^{raised}")
            elif classes & _SECTIONS:
                yield " › ".join(names[:_DEEPEST_NAME]), writer.paragraphs()
                names.append(_heading(item, "Abstract" if "ltx_abstract" in classes else "Untitled"))
                todo.append("end of section")
                todo.extend(_children(item))
            elif classes & _LEFT_OUT or item.tag in _LEFT_OUT_TAGS:
                continue
            else:
                whole = bool(classes & {"ltx_para", "ltx_item"}) or (item.tag == "p" and not writer.inside)
                if whole:
                    writer.flush()
                    writer.inside += 1
                    todo.append("end of paragraph")
                elif item.tag in _BLOCKS:
                    writer.add(" ")
                todo.extend(_children(item))
    yield "Text", writer.paragraphs()


class _Writer:
    """Running text that becomes paragraphs. Text outside any paragraph (a stray line between two) is dropped."""

    def __init__(self) -> None:
        self.inside = 0
        self._pieces: list[str] = []
        self._done: list[str] = []

    def add(self, text: str) -> None:
        if self.inside:
            self._pieces.append(text)

    def flush(self) -> None:
        """End the paragraph, if any was begun."""
        line = clean("".join(self._pieces))
        self._pieces.clear()
        if not line:
            return
        if self._done and line[0].islower() and self._done[-1].endswith((OMITTED, f"{OMITTED},")):
            # "the loss is [formula]" and "where x is ..." are one sentence in two paragraphs
            self._done[-1] += f" {line}"
        else:
            self._done.append(line)

    def paragraphs(self) -> list[str]:
        """What was written since the last time."""
        found, self._done = self._done, []
        return found


def _children(node: LexborNode) -> list[LexborNode]:
    return list(node.iter(include_text=True))[::-1]


def _classes(node: LexborNode) -> set[str]:
    return set((node.attributes.get("class") or "").split()) if node.tag != "-text" else set()


def _heading(section: LexborNode, default: str) -> str:
    for child in section.iter():
        if "ltx_title" in _classes(child):
            writer = _Writer()
            writer.inside = 1
            todo = _children(child)
            while todo:
                node = todo.pop()
                if node.tag == "-text":
                    writer.add(node.text_content or "")
                elif node.tag == "math":
                    writer.add(_inline(node))
                elif "ltx_note" not in _classes(node) and node.tag not in _LEFT_OUT_TAGS:
                    todo.extend(_children(node))
            writer.flush()
            return " ".join(writer.paragraphs()).replace("›", ">") or default
    return default


def _inline(node: LexborNode) -> str:
    """A formula within a line, as plain characters: "p<0.05", "3.2±0.1", "x^2"."""
    return _plain_formula(node.attributes.get("alttext") or "")


@lru_cache(maxsize=4096)
def _plain_formula(tex: str) -> str:
    """TeX in Unicode, where that stays readable; else ``OMITTED``. Readers look for "85 °C" and "≤ 3", not for TeX."""
    depth = deepest = 0
    for char in tex:
        depth += (char == "{") - (char == "}")
        deepest = max(deepest, depth)
    if not tex.strip() or len(tex) > 4 * LONGEST_FORMULA or deepest > _DEEPEST_FORMULA:
        return OMITTED
    try:
        plain = _TO_TEXT.latex_to_text(_in_a_line(tex))
    except Exception:  # a formula is a stranger's text, and any fault of its reader costs this formula only
        return OMITTED
    plain = clean(plain).replace(" ^", "^")
    return plain if plain and len(plain) <= LONGEST_FORMULA and "\\" not in plain else OMITTED


def _in_a_line(tex: str) -> str:
    """TeX whose groups still hold together once the braces are gone: "x^{a+b}" as "x^{(a+b)}", "a/b" for a fraction."""
    line = _LAYOUT.sub(" ", tex)
    line = re.sub(r"\^\s*\{?\s*\\circ\s*\}?", "°", line)
    line = _RAISED.sub(lambda found: f"{found[1]}{{{_held(found[2])}}}", line)
    line = _FRACTION.sub(lambda found: f"{_held(found[1])}/{_held(found[2])}", line)
    if _TWO_LINED.search(line):
        raise ValueError("a formula of more than one line")
    return _WORDS.sub(lambda found: f" \\{found[1]} ", line)


def _held(group: str) -> str:
    return group if _ONE_TOKEN.fullmatch(group) else f"({group})"


def _closing(equation: LexborNode) -> str:
    """The mark that ends a displayed formula, for it may end the sentence."""
    formulas = [node.attributes.get("alttext") or "" for node in equation.css("math")]
    last = formulas[-1] if formulas else ""
    own = _CLOSING.search(last.rstrip("} ")) or _CLOSING.search(
        " ".join(
            child.text(deep=True)
            for child in equation.css(".ltx_eqn_cell")
            if not _classes(child) & {"ltx_eqn_eqno", "ltx_eqn_center_padleft", "ltx_eqn_center_padright"}
        )
    )
    return own.group().strip() if own else ""


_TO_TEXT: Final = LatexNodes2Text(math_mode="text", keep_comments=False, strict_latex_spaces="macros")
