"""What a full text is: sections of paragraphs, with one strict door for what a parser or a store gives back.

A section's text is its paragraphs separated by ``\\n``; a paragraph is one line. The text of the whole paper is the
texts of its sections joined by ``\\n\\n`` (`FullText.text`), and offsets into it are code points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

OMITTED: Final = "[…]"
"""Stands where a formula was left out, so that no sentence seems whole that is not."""

MOST_SECTIONS: Final = 2_000
MOST_CHARACTERS: Final = 2_000_000
LONGEST_NAME: Final = 200

_JOINERS: Final = "\u200c\u200d"
_LIGATURES: Final = {code: unicodedata.normalize("NFKC", chr(code)) for code in range(0xFB00, 0xFB07)}
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_EXTRACTOR: Final = re.compile(r"[\x21-\x7e]{1,100}")
_NUMBER: Final = re.compile(
    r"^(?:(?:appendix|section|chapter)\s+)?(?:[0-9]+|[ivxlc]+|[a-z])?(?:[.-][0-9a-z]+)*[.:)]?\s+"
)
_NOT_READ: Final = re.compile(
    r"(?:references?|bibliography|literature cited|works cited|acknowledge?ments?|funding|(?:table of )?contents"
    r"|(?:author|credit) contributions?|(?:declaration of )?(?:competing|conflicts? of) interests?"
    r"|(?:data|code)(?: and (?:data|code|materials?))? availability(?: statement)?|neurips paper checklist"
    r"|list of (?:figures|tables)|checklist|index|glossary|keywords)"
)


@dataclass(frozen=True)
class Section:
    """``name`` on one line ("3 Results", "3 Results › 3.2 Shade"); ``text`` with a paragraph on each line."""

    name: str
    text: str


@dataclass(frozen=True)
class FullText:
    """A paper's text as it was read.

    ``url`` and ``media_type`` are what was fetched, ``sha256`` the hash of the bytes received, ``extractor`` the reader
    with its version, as in ``pypdfium2/5.15.2``.
    """

    url: str
    media_type: str
    sha256: str
    extractor: str
    sections: tuple[Section, ...]

    @property
    def text(self) -> str:
        """The whole text, into which a passage's ``at`` points."""
        return "\n\n".join(section.text for section in self.sections)

    def to_json(self) -> dict[str, Any]:
        """The fields under their own names; ``from_json`` reads it back."""
        return {**vars(self), "sections": [dict(vars(section)) for section in self.sections]}

    @classmethod
    def from_json(cls, data: object) -> FullText:
        """Read what ``to_json`` wrote. Raises ``ValueError`` when anything is missing, unknown, ill-typed or too large;
        whether ``url`` is the right one is for the caller to say."""
        fields = _object(data, {"url", "media_type", "sha256", "extractor", "sections"})
        names = ("url", "media_type", "sha256", "extractor")
        url, media_type, sha256, extractor = (_text(fields[name]) for name in names)
        if not _SHA256.fullmatch(sha256) or not _EXTRACTOR.fullmatch(extractor):
            raise ValueError("full text with a hash or reader of the wrong form")
        return cls(url, media_type, sha256, extractor, read_sections(fields["sections"]))


def read_sections(data: object) -> tuple[Section, ...]:
    """Sections out of a JSON value that may come from anywhere. Raises ``ValueError`` unless they are just what
    ``made`` gives: some, not too many, each with a name and clean text."""
    if not isinstance(data, list) or not 0 < len(data) <= MOST_SECTIONS:
        raise ValueError("full text without sections, or with too many")
    found = []
    for item in data:
        fields = _object(item, {"name", "text"})
        found.append(Section(_text(fields["name"]), _text(fields["text"])))
    if sum(len(section.text) for section in found) > MOST_CHARACTERS:
        raise ValueError("full text that is too long")
    for section in found:
        paragraphs = section.text.split("\n")
        if section.name != clean(section.name)[:LONGEST_NAME].strip() or not section.name:
            raise ValueError("section with a name that is no clean line")
        if not all(paragraph and paragraph == clean(paragraph) for paragraph in paragraphs):
            raise ValueError("section with text that is not clean")
    return tuple(found)


def made(parts: Iterable[tuple[str, Sequence[str]]]) -> tuple[Section, ...]:
    """Sections of (heading, paragraphs): texts cleaned, empty ones and those that are not the paper's own argument
    (references, thanks, contents) left out. Stops at ``MOST_SECTIONS`` and ``MOST_CHARACTERS``."""
    found: list[Section] = []
    room = MOST_CHARACTERS
    for heading, paragraphs in parts:
        if not is_read(heading):
            continue
        text = "\n".join(line for line in map(clean, paragraphs) if line)
        if len(text) > room or len(found) == MOST_SECTIONS:
            break
        if text:
            found.append(Section(clean(heading)[:LONGEST_NAME].strip() or "Text", text))
            room -= len(text)
    return tuple(found)


def is_read(heading: str) -> bool:
    """Whether text below a heading is the paper's own argument."""
    return not any(_NOT_READ.fullmatch(bare(part)) for part in heading.split("›"))


def bare(heading: str) -> str:
    """A heading in lower case without its number: "4.2 Main Results:" is "main results"."""
    lower = clean(heading).lower()
    return _NUMBER.sub("", lower + " ").strip(" .:")


def clean(text: str) -> str:
    """One line of text that can be stored and shown: white space folded, typographic ligatures spelt out; control and
    direction characters, soft hyphens, lone surrogates, private-use characters and noncharacters dropped."""
    folded = " ".join(text.translate(_LIGATURES).split())
    if folded.isprintable():
        return folded
    # white space that only shows once a character beside it is dropped is folded by the second pass
    return " ".join("".join(char for char in folded if _is_kept(char)).split())


def _is_kept(char: str) -> bool:
    return char in _JOINERS or unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co", "Cn")


def _object(data: object, names: set[str]) -> Mapping[str, Any]:
    if not isinstance(data, dict) or set(data) != names:
        raise ValueError("full text with fields missing or unknown")
    return data


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("full text with a field that is no text")
    return value
