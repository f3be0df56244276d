"""Titles and abstracts without the markup that publishers leave in them: HTML, JATS and MathML, and references to
characters. What only looks like a tag, as in "a<b and c>d", stays."""

from __future__ import annotations

import html
import re
from typing import Final

_ATTRIBUTES: Final = r"""(?:\s+[\w:.-]+\s*=\s*(?:"[^"<>]*"|'[^'<>]*'))*\s*/?>"""
_TAG: Final = re.compile(rf"</?(?:i|b|em|strong|sub|sup|sc|scp|p|br|jats:\w+|mml:\w+){_ATTRIBUTES}", re.IGNORECASE)
# Tags that part words; a formula is parted from the word before it only.
_BREAK: Final = re.compile(
    rf"</?(?:p|br|jats:(?:p|sec|title|list|list-item|break|disp-formula)){_ATTRIBUTES}|(?<=\w)<mml:math{_ATTRIBUTES}",
    re.IGNORECASE,
)
_REFERENCE: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
# The heading of the section, not the word: it has a mark behind it, is in capitals, or a sentence begins behind it.
_HEADING: Final = re.compile(
    r"\s*(?:(?i:abstract)\s*(?:[:.—–]|\s-\s)|ABSTRACT\b"
    r"|Abstract(?=\s+[A-Z0-9])(?!\s+(?:Algebra|Argument|Art\b|Data|Domain|Interpret|Machine|Reason|State|Syntax)))\s*"
)


def plain(text: str) -> str:
    """The text without known tags, and with references to characters read once."""
    bare = _TAG.sub("", _BREAK.sub(" ", text))
    return _REFERENCE.sub(lambda found: html.unescape(found[0]), bare)


def without_heading(abstract: str) -> str:
    """An abstract in plain text without the word "Abstract" that heads it."""
    return _HEADING.sub("", abstract, count=1) if _HEADING.match(abstract) else abstract
