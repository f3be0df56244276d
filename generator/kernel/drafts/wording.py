"""How a draft's texts end: whole sentences, and texts that the kernel which wrote them cut off."""

from __future__ import annotations

import re
from typing import Any

TITLE_CUTS = (80, 110)
_ABBREVIATION = re.compile(r"(?:\b(?:e\.g|i\.e|cf|vs|et al|etc|Fig|Figs|Eq|Sec|Tab|No|Dr|approx)|\b[A-Z])\.$")
_SENTENCE_END = re.compile(r"[.!?。！？]+[\"'”’)\]]*(?=\s+\S)|(?<=[。！？])(?=\S)")
_ENDS_WELL = frozenset(".!?。！？؟۔।॥)]}»›”’\"'」』）】")
_LOOKALIKES = str.maketrans(
    {**dict.fromkeys("’‘ʼ`´′", "'"), **dict.fromkeys("“”„″", '"'), **dict.fromkeys("‐‑–—", "-")}
)


def produced_by(**known: Any) -> dict[str, Any]:
    """How a field was made, as far as the draft says."""
    unknown: dict[str, Any] = {
        "mode": None,
        "method": None,
        "version": None,
        "model": None,
        "prompt_sha256": None,
        "params": {},
        "fallback_reason": None,
    }
    return {**unknown, **known}


def as_said(text: str, cut: bool) -> dict[str, Any]:
    """A text field of the run whose making the draft does not tell."""
    return {"text": text, "truncated_at_source": cut, "produced_by": produced_by()}


def ends_open(text: str) -> bool:
    """Whether a text stops without the end of a sentence."""
    text = text.rstrip()
    return text.endswith(("...", "…")) or text[-1:] not in _ENDS_WELL


def _comparable(text: str) -> str:
    return " ".join(text.translate(_LOOKALIKES).split()).rstrip(" .?!")


def title_cut(title: str, analysed: str | None, question: str | None) -> bool:
    """Whether the title was cut where it was made; see the module's text."""
    own = _comparable(title)
    wholes = [_comparable(whole) for whole in (analysed, question) if whole]
    if own in wholes:
        return False
    if own and any(whole.startswith(own) for whole in wholes):
        return True
    return title.endswith(("...", "…")) or (len(title) in TITLE_CUTS and ends_open(title))


def split_sentences(text: str) -> list[str]:
    """The sentences of a text as found; a paragraph ends a sentence, an abbreviation such as ``e.g.`` does not."""
    found: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        start = 0
        for match in _SENTENCE_END.finditer(paragraph):
            if _ABBREVIATION.search(paragraph[start : match.end()]):
                continue
            if match[0].startswith("..") and paragraph[match.end() :].lstrip()[:1].islower():
                continue
            found.append(" ".join(paragraph[start : match.end()].split()))
            start = match.end()
        found.append(" ".join(paragraph[start:].split()))
    return [sentence for sentence in found if sentence]
