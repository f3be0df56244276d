"""``tfidf-bigram-v1``: the check that the reference drafts describe, kept as they describe it.

A claim passes when its TF-IDF cosine (word unigrams and bigrams) to at least one source text reaches the threshold. It
is a weak signal: a sentence and its contradiction share nearly all their words. Its card says how weak.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sklearn.feature_extraction.text import TfidfVectorizer

from generator.kernel.verification.verdict import Passage, Verdict, evidence_at
from generator.manifest.cards import min_agreement
from generator.manifest.contracts import table

METHOD = "tfidf-bigram-v1"
VERSION = "1.0.0"


def parameters() -> dict[str, Any]:
    """Threshold and n-gram range of the method, from ``schemas/verification-levels-v1.json``."""
    found: dict[str, Any] = table("verification-levels", "x-methods")[METHOD]
    return found


class TfidfVerifier:
    """The method as a verifier of single pairs: TF-IDF over the two texts of the pair.

    It says SUPPORT at the threshold and above, else NEI, and never REFUTE. Its confidence is the cosine (0..1, four
    decimals) and no probability; ``p_support`` is the cosine on a scale that puts the threshold where support begins
    to count (``x-agreement``).
    """

    def __init__(self) -> None:
        rules = parameters()
        self.threshold = float(rules["threshold"])
        self._ngrams = (int(rules["ngram_range"][0]), int(rules["ngram_range"][1]))

    @property
    def method(self) -> str:
        return METHOD

    @property
    def version(self) -> str:
        return VERSION

    def verify(self, claim: str, passage: Passage) -> Verdict:
        """The verdict on one pair; its evidence is the sentence that is most like the claim."""
        cosine, nearest = self._similarity(claim, passage.sentences)
        passes = cosine >= self.threshold
        reached = "reaches" if passes else "is below"
        return Verdict(
            label="SUPPORT" if passes else "NEI",
            confidence=cosine,
            p_support=self._scaled(cosine),
            evidence=evidence_at(passage, [] if nearest is None else [nearest]),
            reasons=(
                f"The similarity of the wording, {cosine:.4f}, {reached} the threshold {self.threshold:g}.",
                "The similarity is no calibrated probability, and it cannot tell support from contradiction.",
            ),
            method=METHOD,
            version=VERSION,
        )

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        """Verdicts in the order of ``pairs``, each as soon as it is there."""
        for claim, passage in pairs:
            yield self.verify(claim, passage)

    def _similarity(self, claim: str, sentences: Sequence[str]) -> tuple[float, int | None]:
        """(cosine of the claim to the whole passage, index of the sentence nearest to it, if any shares a word)."""
        vectorizer = TfidfVectorizer(ngram_range=self._ngrams, token_pattern=r"(?u)\b\w+\b")
        try:
            matrix = vectorizer.fit_transform([" ".join(sentences), claim])
        except ValueError:
            # no word in either text: nothing can be similar to anything
            return 0.0, None
        cosine = min(max(round(float((matrix[1] @ matrix[0].T).sum()), 4), 0.0), 1.0)
        if not sentences or not cosine:
            return cosine, None
        near = (vectorizer.transform(sentences) @ matrix[1].T).toarray().ravel()
        return cosine, int(near.argmax())

    def _scaled(self, cosine: float) -> float:
        least = min_agreement("min_p_support")
        if cosine < self.threshold:
            # never rounded up to what a passing cosine gets
            return min(round(least * cosine / self.threshold, 4), round(least - 0.0001, 4))
        return round(least + (1 - least) * (cosine - self.threshold) / (1 - self.threshold), 4)


def verify(claims: Sequence[dict[str, Any]], sources: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The claims with their ``verification`` filled as the drafts do it, by TF-IDF over all texts of the run:
    confidence is the highest cosine (0..1, four decimals)."""
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
