"""Four queries from one question, by rule: everything, its first half, its second half, its most specific words."""

from __future__ import annotations

from typing import Any

from generator.kernel.labels import extractive
from generator.kernel.text import content_words

METHOD = "split-question-v1"
_WIDER = ("evaluation", "comparison", "limitations", "review")


def make_queries(question: str) -> list[dict[str, Any]]:
    """Four different, non-empty queries ``{id, text, produced_by}`` for any question that holds a word."""
    terms = content_words(question) or question.split()
    middle = (len(terms) + 1) // 2
    specific = sorted(terms, key=lambda term: (-_specificity(term), terms.index(term)))[: max(3, len(terms) // 2)]
    candidates = [terms, terms[:middle], terms[middle:], [term for term in terms if term in specific]]
    candidates += [[*terms[:4], extra] for extra in _WIDER]
    texts: list[str] = []
    for candidate in candidates:
        text = " ".join(candidate)
        if text and text.lower() not in (known.lower() for known in texts):
            texts.append(text)
    return [
        {"id": f"Q{number}", "text": text, "produced_by": extractive(METHOD)}
        for number, text in enumerate(texts[:4], start=1)
    ]


def _specificity(term: str) -> float:
    """Names, numbers and compounds are rarer than plain words, long words rarer than short ones."""
    return (
        4.0 * any(char.isdigit() for char in term)
        + 3.0 * any(char.isupper() for char in term[1:])
        + 2.0 * ("-" in term)
        + 1.0 * term[:1].isupper()
        + len(term) / 10
    )
