"""Untrusted text on its way out: what may not stand in a page, what may become a link, how values are worded."""

from __future__ import annotations

import re
from typing import Any

NOT_STATED = "Not stated"

# C0 and C1 controls (bar tab and line feed), lone surrogates and the two noncharacters that XML forbids. A page keeps
# the place of each as U+FFFD, so that nothing is hidden and nothing reaches a parser that reads it differently.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")

# Everything that some reader (str.splitlines, a RIS or BibTeX parser) takes for a line end, and the tab.
_LINE_ENDS = re.compile("[\t\n\x0b\x0c\r\x1c-\x1e\x85\u2028\u2029]+")

_HTTP = re.compile(
    r"https?://[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?(?:[/?#][^\s\x00-\x20\x7f-\x9f\"'<>\\^`{|}]*)?",
    re.IGNORECASE,
)


def clean(text: str) -> str:
    """``text`` with every control character shown as U+FFFD."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub("\ufffd", text)


def one_line(text: str) -> str:
    """``clean`` text on one line: line ends and tabs become one space."""
    return clean(_LINE_ENDS.sub(" ", text)).strip()


def http_url(value: str | None) -> str | None:
    """``value`` when it is a plain http or https address, else ``None``: anything else stays text on a page."""
    return value if value and _HTTP.fullmatch(value) else None


def stated(value: Any) -> str:
    """``value`` as text; what the record leaves null is called so and nothing is put in its place."""
    return NOT_STATED if value is None or value == "" else str(value)


def score(value: float) -> str:
    """A score with one or two decimals: ``5.0``, ``8.83``."""
    text = f"{value:.2f}"
    return text[:-1] if text.endswith("0") else text


def fine(value: float) -> str:
    """A similarity with two to four decimals, so that 0.1496 does not read as the threshold it misses."""
    text = f"{value:.4f}"
    return text[:-2] if text.endswith("00") else text.rstrip("0") if text.endswith("0") else text


def size(count: int | None) -> str:
    """A file size in bytes, with a rounded reading for large ones."""
    if count is None:
        return NOT_STATED
    return f"{count:,} bytes"
