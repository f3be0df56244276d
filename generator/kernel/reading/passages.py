"""The text a run keeps of a paper: its abstract, then the paragraphs that bear most on the question.

A paragraph weighs what BM25 (Robertson and Zaragoza 2009) says of it among the paper's own paragraphs, a little more
under a heading that promises findings. Only these passages are kept: the rest of the paper stays where it is.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.kernel.reading.sections import OMITTED, FullText, Section, bare
from generator.kernel.text import sentences, stems

MOST_CHARACTERS: Final = 16_000
MOST_PASSAGES: Final = 40
LONGEST_PASSAGE: Final = 2_400
"""A longer paragraph is cut at the ends of sentences, and each piece weighed by itself."""
_FEWEST_WORDS: Final = 5  # content words; less is a label or a broken line

JOINT: Final = "\n\n"
_K1, _B = 1.2, 0.75  # BM25's usual constants
_TELLING: Final = 1.25
_SAYING_LESS: Final = 0.7
_FINDINGS: Final = re.compile(
    r"\b(?:results?|findings?|discussions?|conclusions?|concluding|evaluation|analys[ie]s|ablations?)\b"
)
_NO_FINDINGS: Final = re.compile(
    r"\b(?:related|prior|previous) (?:work|research|studies)\b|\bbackground\b|\bpreliminaries\b|^introduction$"
)
_SAME_AS_ABSTRACT: Final = 0.5  # share of a passage's runs of three content words that the abstract holds too


@dataclass(frozen=True)
class TextRead:
    """What a run keeps: ``content``, the ``sections`` it is made of ({name, start, end, at}), and the number of
    characters of the full text it was taken from."""

    content: str
    sections: tuple[dict[str, Any], ...]
    full_characters: int


@dataclass(frozen=True)
class _Piece:
    name: str
    text: str
    at: int
    stems: tuple[str, ...]


def choose_passages(
    question: str,
    abstract: str,
    full: FullText,
    *,
    most_characters: int = MOST_CHARACTERS,
    most_passages: int = MOST_PASSAGES,
) -> TextRead:
    """Abstract and passages in reading order, joined by ``JOINT``, ``most_characters`` code points at most.

    Each passage is whole sentences of one paragraph as they stand in ``full.text`` at ``at``. The abstract is cut after
    its last whole sentence that fits, if passages follow it or it is too long. Passages that share no term with the
    question, and those that say what the abstract says, are not taken.
    """
    opening = _fitting(abstract, most_characters)
    wanted = set(stems(question))
    told = _runs(stems(opening))
    pieces = [piece for piece in _pieces(full.sections) if not _repeats(piece, opening, told)]
    weights = _weights(pieces, wanted)
    room = most_characters - len(opening)
    chosen: list[int] = []
    seen: set[str] = set()
    for index in sorted(range(len(pieces)), key=lambda index: (-round(weights[index], 6), index)):
        cost = len(pieces[index].text) + (len(JOINT) if opening or chosen else 0)
        if weights[index] <= 0 or len(chosen) == most_passages:
            break
        if cost <= room and pieces[index].text not in seen:
            seen.add(pieces[index].text)
            chosen.append(index)
            room -= cost
    if not chosen and len(abstract.strip()) <= most_characters:
        opening = abstract.strip()
    return _joined(opening, [pieces[index] for index in sorted(chosen)], len(full.text))


def _joined(opening: str, passages: Sequence[_Piece], full_characters: int) -> TextRead:
    parts: list[tuple[str, str, int | None]] = [("Abstract", opening, None)] if opening else []
    parts += [(piece.name, piece.text, piece.at) for piece in passages]
    spans = []
    start = 0
    for name, text, at in parts:
        spans.append({"name": name, "start": start, "end": start + len(text), "at": at})
        start += len(text) + len(JOINT)
    return TextRead(JOINT.join(text for _, text, _ in parts), tuple(spans), full_characters)


def _pieces(sections: Sequence[Section]) -> Iterator[_Piece]:
    """Everything that may become a passage, in reading order, with its place in the full text."""
    offset = 0
    for section in sections:
        at = offset
        for paragraph in section.text.split("\n"):
            for start, end in _cut(paragraph):
                text = paragraph[start:end]
                found = tuple(stems(text))
                if len(found) >= _FEWEST_WORDS:
                    yield _Piece(section.name, text, at + start, found)
            at += len(paragraph) + 1
        offset += len(section.text) + len(JOINT)


def _cut(paragraph: str) -> Iterator[tuple[int, int]]:
    """Spans of whole sentences, each at most ``LONGEST_PASSAGE`` long.

    What does not begin as a sentence does (the rest of one that a page or a formula parted) is left out; what does not
    end as one, ``sentences`` leaves out. So no sentence of the joined text crosses a joint.
    """
    begun: tuple[int, int] | None = None
    for start, end in sentences(paragraph):
        sound = end - start <= LONGEST_PASSAGE and not _is_rest(paragraph[start:end])
        if begun and (not sound or end - begun[0] > LONGEST_PASSAGE):
            yield begun
            begun = None
        if sound:
            begun = (begun[0] if begun else start, end)
    if begun:
        yield begun


def _is_rest(sentence: str) -> bool:
    """Whether a text begins in the middle of a sentence."""
    return sentence[0].islower() or sentence[0] in ",;:.)]…" or sentence.startswith(OMITTED)


def _repeats(piece: _Piece, opening: str, told: set[tuple[str, ...]]) -> bool:
    """Whether a passage is the abstract over again, in its own section or as a copy elsewhere."""
    if not opening:
        return False
    own = _runs(piece.stems)
    same = len(own & told) >= _SAME_AS_ABSTRACT * len(own)
    return same or bare(piece.name) == "abstract"


def _runs(found: Sequence[str]) -> set[tuple[str, ...]]:
    return set(zip(found, found[1:], found[2:], strict=False))


def _weights(pieces: Sequence[_Piece], wanted: set[str]) -> list[float]:
    """BM25 of each piece for the question's terms, times what its heading promises."""
    holding = Counter(term for piece in pieces for term in set(piece.stems) & wanted)
    average = sum(len(piece.stems) for piece in pieces) / len(pieces) if pieces else 1.0
    found = []
    for piece in pieces:
        counts = Counter(term for term in piece.stems if term in wanted)
        length = 1 - _B + _B * len(piece.stems) / average
        score = sum(
            math.log(1 + (len(pieces) - holding[term] + 0.5) / (holding[term] + 0.5))
            * number * (_K1 + 1) / (number + _K1 * length)
            for term, number in counts.items()
        )  # fmt: skip
        found.append(score * _promise(piece.name))
    return found


def _promise(name: str) -> float:
    headings = [bare(part) for part in name.split("›")]
    if any(_NO_FINDINGS.search(heading) for heading in headings):
        return _SAYING_LESS
    return _TELLING if any(_FINDINGS.search(heading) for heading in headings) else 1.0


def _fitting(abstract: str, most: int) -> str:
    """The abstract up to its last whole sentence that fits."""
    text = abstract.strip()
    return text[: max((end for _, end in sentences(text) if end <= most), default=0)]
