"""Claims, references and uncertainties of a draft."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from generator.kernel.drafts.layout import Reader, Section, check_limit
from generator.kernel.drafts.statements import Method
from generator.kernel.drafts.wording import ends_open, produced_by, split_sentences
from generator.manifest.problems import shown

VERIFIED_MARKS, REFUTED_MARKS = "✓✔", "×✗✘"
_NOTHING = re.compile(r"(?:none(?: known| stated| reported)?|n/a|[-–—])\.?", re.IGNORECASE)
_DECIMAL = re.compile(r"\d*\.?\d+", re.ASCII)
_BRACKETED = re.compile(r"(?:[-*•]|\[\d+\]|\d+[.)])?\s*(?P<title>[^<>]*?)\s*<(?P<url>[^<>]*)>\.?")
_BARE = re.compile(r"(?:[-*•]|\[\d+\]|\d+[.)])?\s*(?P<url>[A-Za-z][A-Za-z0-9+.-]*:[^\s<>]+)")
_URI = re.compile(r"(?:[A-Za-z0-9._~:/?#@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+")
_ARXIV = re.compile(
    r"/(?:abs|pdf)/(?P<id>\d{4}\.\d{4,5}|[a-z-]+(?:\.[A-Z]{2})?/\d{7})(?:v(?P<version>[1-9]\d{0,3}))?(?:\.pdf)?/?",
    re.ASCII,
)
_DOI = re.compile(r"/(10\.\d{4,9}/\S+)", re.ASCII)


def read_claims(section: Section | None, method: Method, reader: Reader) -> list[dict[str, Any]]:
    """One claim per row of the table, in order; a row that cannot be read is a problem with its line."""
    rows = section.filled() if section else []
    if not rows or (len(rows) == 1 and _NOTHING.fullmatch(rows[0][1].strip())):
        return []
    number, head = rows[0]
    if [cell.strip().lower() for cell in head.rstrip(" ").split("\t")] != ["claim", "verified", "confidence"]:
        expected = "the table's head: Claim, Verified, Confidence, separated by tabs"
        reader.wrong(number, "IMP006", shown(head), expected, "Put the head above the first claim.")
        if _DECIMAL.fullmatch(head.split("\t")[-1].strip()):
            rows = [(number, ""), *rows]  # a claim stands where the head should
    claims = [_claim(number, line, method, reader) for number, line in rows[1:]]
    return [{"id": f"C{index}", **claim} for index, claim in enumerate(claims, start=1)]


def _claim(number: int, line: str, method: Method, reader: Reader) -> dict[str, Any]:
    cells = [cell.strip() for cell in line.split("\t")]
    if len(cells) != 3:
        found = f"{len(cells)} cell{'' if len(cells) == 1 else 's'} in {shown(line.strip(), 60)}"
        mend = "Write claim, mark and confidence, separated by one tab each."
        reader.wrong(number, "IMP006", found, "3 cells: claim, verified, confidence", mend)
        return {}
    text, mark, confidence = cells
    if not text:
        reader.wrong(number, "IMP006", "an empty claim", "the claim's text", "Write the claim, or remove the row.")
    check_limit(text, "claim", number, reader)
    return {
        "text": text,
        "truncated_at_source": ends_open(text),
        "grounding": {"state": "declared", "source_id": None, "locator": None},
        "relevance": None,
        "theme": None,
        "verification": {
            "verified": _mark(mark, number, reader),
            "confidence": _confidence(confidence, number, reader),
            "threshold": method.threshold,
            "method": method.verification,
            "supporting_source_ids": [],
        },
        "produced_by": produced_by(),
    }


def _mark(mark: str, line: int, reader: Reader) -> bool | None:
    """✓ is verified, × is not, an empty cell says nothing."""
    plain = mark.rstrip("\ufe0e\ufe0f")
    if not plain:
        return None
    if len(plain) == 1 and plain in VERIFIED_MARKS + REFUTED_MARKS:
        return plain in VERIFIED_MARKS
    reader.wrong(line, "IMP007", f"the mark {shown(mark)}", "✓ (verified) or × (not verified)", "Correct the mark.")
    return None


def _confidence(cell: str, line: int, reader: Reader) -> float | None:
    if not cell:
        return None
    value = float(cell) if _DECIMAL.fullmatch(cell) else None
    if value is None or value > 1:
        found = f"the confidence {shown(cell)}"
        reader.wrong(line, "IMP008", found, "a decimal number from 0 to 1, such as 0.15", "Correct the number.")
        return None
    return value


def read_sources(section: Section | None, reader: Reader) -> list[dict[str, Any]]:
    """One source per reference, in order; an address given twice is listed once and noted."""
    rows = section.filled() if section else []
    if len(rows) == 1 and _NOTHING.fullmatch(rows[0][1].strip()):
        return []
    found: dict[str, dict[str, Any]] = {}
    for number, line in rows:
        match = _BRACKETED.fullmatch(line.strip()) or _BARE.fullmatch(line.strip())
        if match is None or not _is_web_address(match["url"]):
            expected = "a reference such as '- <http://arxiv.org/abs/2505.20225v1>'"
            reader.wrong(number, "IMP009", shown(line.strip()), expected, "Write one http or https address a line.")
        elif match["url"] in found:
            reader.notes.append(f"The references list {match['url']} more than once; it is kept once.")
        else:
            found[match["url"]] = _source(len(found) + 1, match["url"], match.groupdict().get("title") or None)
    return list(found.values())


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    plain = _URI.fullmatch(url) is not None and len(url) <= 2000
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def _source(number: int, url: str, title: str | None) -> dict[str, Any]:
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.").removeprefix("export.")
    arxiv = _ARXIV.fullmatch(parts.path) if host == "arxiv.org" else None
    doi = _DOI.fullmatch(parts.path) if host in ("doi.org", "dx.doi.org") else None
    return {
        "id": f"S{number}",
        "paper_id": arxiv["id"] if arxiv else None,
        "version": int(arxiv["version"]) if arxiv and arxiv["version"] else None,
        "url": url,
        "title": title,
        "authors": [],
        "published": None,
        "doi": doi[1] if doi else None,
        "origin": "draft reference",
        "invented": False,
        "status": "not checked",
        "rank": None,
        "relevance": None,
        "queries": [],
        "text": None,
    }


def read_uncertainties(section: Section | None, reader: Reader) -> list[dict[str, Any]]:
    """One entry per sentence, its kind left open."""
    if section is None or _NOTHING.fullmatch(section.text):
        return []
    text = re.sub(r"(?m)^\s*[-*•]\s+", "\n\n", section.text)
    found = split_sentences(text)
    for sentence in found:
        check_limit(sentence, "text", section.line, reader)
    return [{"kind": None, "text": sentence} for sentence in found]
