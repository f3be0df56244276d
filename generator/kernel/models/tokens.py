"""Tokens: what a request may use and what a response says it used."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

_MOST = 10**8


def about_tokens(text: str) -> int:
    """An estimate on the high side: tokenizers make one token of about four bytes of English prose."""
    return math.ceil(len(text.encode("utf-8", "replace")) / 3)


def used_tokens(body: Mapping[str, Any], about_prompt: int, about_completion: int) -> tuple[int, int]:
    """(prompt, completion) tokens as the response's ``usage`` tells; what it does not tell soundly is the estimate, so
    that a budget holds with services that count nothing."""
    usage = body.get("usage")
    told = usage if isinstance(usage, dict) else {}

    def number(name: str, otherwise: int) -> int:
        value = told.get(name)
        return value if type(value) is int and 0 <= value <= _MOST else otherwise

    return number("prompt_tokens", about_prompt), number("completion_tokens", about_completion)
