"""What a model wrote, made fit to be shown: one line of plain words, or nothing."""

from __future__ import annotations

import re
import unicodedata

_NO_WORDS = re.compile(
    r"<[a-z/!?]|&(?:#\w+|[a-z]{2,8});|\]\s*\(|`|\*\*|__|~~|\\[a-z]|\b\w{2,12}://|\b(?:javascript|vbscript|mailto):"
    r"|\bdata:\w+/|\bwww\.|[\w.+-]@[\w-]+\.\w|\b[\w-]{2,}\.(?:com|org|net|info|io|xyz|biz|co|app|dev|ru|cn)\b",
    re.IGNORECASE,
)


def plain(text: str) -> str | None:
    """The text on one line without invisible characters; ``None`` where it holds markup or an address, or is empty.

    Characters that steer, hide or are no characters (control, format, surrogate, private, unassigned) go; markup is not
    mended but refused, because what is left of it is not what was written.
    """
    kept = "".join(
        " " if char.isspace() else char
        for char in unicodedata.normalize("NFC", text)
        if char.isspace() or not unicodedata.category(char).startswith("C")
    )
    line = " ".join(kept.split())
    return None if not line or _NO_WORDS.search(line) else line
