"""``tfidf-bigram-v1``: the check that the reference drafts describe, kept as they describe it.

A claim passes when its TF-IDF cosine (word unigrams and bigrams) to at least one source text reaches the threshold. It
is a weak signal: a sentence and its contradiction share nearly all their words. Nothing here says "supported".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from generator.manifest.contracts import table

METHOD = "tfidf-bigram-v1"


def parameters() -> dict[str, Any]:
    """Threshold and n-gram range of the method, from ``schemas/verification-levels-v1.json``."""
    found: dict[str, Any] = table("verification-levels", "x-methods")[METHOD]
    return found


def verify(claims: Sequence[dict[str, Any]], sources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims with their ``verification`` filled: confidence is the highest cosine (0..1, four decimals)."""
    texts = [(source["id"], source["text"]["content"]) for source in sources if source["text"]]
    if not claims or not texts:
        return [dict(claim) for claim in claims]
    rules = parameters()
    threshold = float(rules["threshold"])
    vectorizer = TfidfVectorizer(
        ngram_range=(rules["ngram_range"][0], rules["ngram_range"][1]), token_pattern=r"(?u)\b\w+\b"
    )
    try:
        matrix = vectorizer.fit_transform([text for _, text in texts] + [claim["text"] for claim in claims])
    except ValueError:
        # no word in any text: nothing can be similar to anything
        return [_with_verdict(claim, 0.0, threshold, []) for claim in claims]
    similarity = (matrix[len(texts) :] @ matrix[: len(texts)].T).toarray()
    checked = []
    for claim, row in zip(claims, similarity, strict=True):
        scores = [round(float(value), 4) for value in row]
        supporting = [name for (name, _), value in zip(texts, scores, strict=True) if value >= threshold]
        checked.append(_with_verdict(claim, max(scores), threshold, supporting))
    return checked


def _with_verdict(claim: dict[str, Any], confidence: float, threshold: float, near: list[str]) -> dict[str, Any]:
    return {
        **claim,
        "verification": {
            "verified": confidence >= threshold,
            "confidence": confidence,
            "threshold": threshold,
            "method": METHOD,
            "supporting_source_ids": near,
        },
    }
