"""Sentences with their places, and the words by which texts are compared."""

from __future__ import annotations

import re
from collections.abc import Sequence

from syntok import segmenter

from generator.manifest.semantic.words import is_content, stems, words

__all__ = ["Span", "content_words", "is_content", "longest_shared_run", "sentences", "stems", "words"]

# The segmenter takes "0.5 °C. Trees", "48 min. Diet", "to 0.74. Relative", "cars, etc. Among", "state of the art. Our"
# for abbreviations and list numbers: these end a sentence where a capital follows. "In 2019 J. Smith" does not.
_HIDDEN_END = re.compile(
    r"(?:°[CFK]|\d\s?(?:min|ms|yr|[kcmµn]m|[kmµ]g|ml|kWh?|MW|[kMG]Pa|[kMGTm]?eV|[kMGT]?Hz|dB|ppm|mol|[kM]?pc|[A-Za-zµΩ])?"
    r"|\betc|[- ]the[- ]art)\.(?=\s+[A-Z“\"(\[])"
)
_AFTER_YEAR = re.compile(r"(?<!\d)(?:18|19|20)\d\d\s[A-Z]\.$")
_ENDS = (".", "!", "?", '."', ".”", ".)", "?)", "!)", ".''", "?”")
Span = tuple[int, int]


def sentences(text: str) -> list[Span]:
    """Half-open code point spans of the whole sentences of ``text``.

    A piece that the segmenter cut at a semicolon, or that goes on in lower case, is joined to what follows it; text at
    the end without a sentence mark is a cut sentence and left out. Every span holds one to several lines as they are.
    """
    pieces: list[Span] = []
    for paragraph in segmenter.analyze(text):
        for tokens in paragraph:
            start, end = _trimmed(text, tokens[0].offset, tokens[-1].offset + len(tokens[-1].value))
            if start == end:
                continue
            unfinished = pieces and not text[pieces[-1][0] : pieces[-1][1]].endswith(_ENDS)
            if pieces and (unfinished or text[start].islower()):
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((start, end))
    whole = [span for piece in pieces for span in _split_at_hidden_ends(text, piece)]
    return [(start, end) for start, end in whole if text[start:end].endswith(_ENDS)]


def _trimmed(text: str, start: int, end: int) -> Span:
    """The span without white space at its ends; the segmenter does not take every control character for a space."""
    piece = text[start:end]
    start += len(piece) - len(piece.lstrip())
    return start, start + len(piece.strip())


def _split_at_hidden_ends(text: str, span: Span) -> list[Span]:
    start, end = span
    found = []
    for match in _HIDDEN_END.finditer(text, start, end):
        if _AFTER_YEAR.search(text[start : match.end()]):
            continue
        found.append(_trimmed(text, start, match.end()))
        start, end = _trimmed(text, match.end(), end)
    return [*found, (start, end)] if start < end else found


def content_words(text: str) -> list[str]:
    """Content words as written, each once, in order of first appearance."""
    seen: dict[str, str] = {}
    for word in words(text):
        if is_content(word):
            seen.setdefault(word.lower(), word)
    return list(seen.values())


def longest_shared_run(text: str, other: Sequence[str]) -> int:
    """Length in words of the longest run of ``text`` that stands in the word list ``other`` too, case ignored."""
    left = [word.lower() for word in words(text)]
    right = [word.lower() for word in other]
    best = 0
    previous = [0] * (len(right) + 1)
    for word in left:
        current = [0] * (len(right) + 1)
        for index, item in enumerate(right):
            if item == word:
                current[index + 1] = previous[index] + 1
                best = max(best, current[index + 1])
        previous = current
    return best
