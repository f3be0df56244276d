"""tfidf-bigram-v1 against a cosine computed here from its definition, its threshold, and its documented weakness; and
how the verdicts on several sources become one."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel.text import sentences
from generator.kernel.verification import tfidf
from generator.kernel.verification.several import passage_of, verify_claims
from generator.kernel.verification.tfidf import METHOD, VERSION, TfidfVerifier, parameters, verify
from generator.kernel.verification.verdict import Evidence, Label, Passage, Verdict, evidence_at
from generator.manifest import contracts, verdicts
from generator.manifest.canonical import sha256_text
from generator.manifest.cards import min_agreement
from generator.manifest.claims import agreement

Claims = list[dict[str, Any]]


def grams(text: str) -> Counter[str]:
    found = re.findall(r"\w+", text.lower())
    return Counter([*found, *(f"{left} {right}" for left, right in pairwise(found))])


def cosines(claims: list[str], sources: list[str]) -> list[list[float]]:
    """TF-IDF with smoothed idf, ln((1 + n) / (1 + df)) + 1, over all texts; cosine of each claim to each source."""
    documents = [grams(text) for text in (*sources, *claims)]
    frequency = Counter(term for document in documents for term in document)
    vectors = []
    for document in documents:
        weights = {
            term: number * (math.log((1 + len(documents)) / (1 + frequency[term])) + 1)
            for term, number in document.items()
        }
        length = math.sqrt(math.fsum(value * value for value in weights.values())) or 1.0
        vectors.append({term: value / length for term, value in weights.items()})
    home, asked = vectors[: len(sources)], vectors[len(sources) :]
    return [[math.fsum(claim[term] * other.get(term, 0.0) for term in claim) for other in home] for claim in asked]


def as_claims(texts: list[str]) -> Claims:
    return [{"id": f"C{number}", "text": text, "verification": None} for number, text in enumerate(texts, 1)]


def as_sources(texts: list[str]) -> Claims:
    return [{"id": f"S{number}", "text": {"content": text}} for number, text in enumerate(texts, 1)]


VOCABULARY = ["trees", "cool", "roofs", "the", "not", "0", "5", "air", "a", "Temperature", "über", "k", "-", "°C."]
TEXTS = st.lists(st.lists(st.sampled_from(VOCABULARY), max_size=9).map(" ".join), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_confidence_is_the_highest_cosine(claims: list[str], sources: list[str]) -> None:
    checked = verify(as_claims(claims), as_sources(sources))
    for made, row in zip(checked, cosines(claims, sources), strict=True):
        found = made["verification"]
        assert found["confidence"] == pytest.approx(max(row), abs=0.0000501)
        assert found["verified"] is (found["confidence"] >= 0.15)
        near = {f"S{number}" for number, value in enumerate(row, 1) if round(value, 4) >= 0.15}
        # a value within rounding of the threshold may fall on either side
        doubtful = {f"S{number}" for number, value in enumerate(row, 1) if abs(value - 0.15) < 0.0001}
        assert set(found["supporting_source_ids"]) ^ near <= doubtful
        assert (found["threshold"], found["method"]) == (0.15, METHOD)


def test_parameters_are_the_published_ones() -> None:
    found = parameters()
    assert (found["threshold"], found["ngram_range"]) == (0.15, [1, 2])


@pytest.mark.parametrize(("shift", "verified"), [(-0.0001, True), (0.0, True), (0.0001, False)])
def test_the_threshold_itself_passes(shift: float, verified: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    claims, sources = ["trees cool the air"], ["trees warm the air at night", "roofs"]
    confidence = verify(as_claims(claims), as_sources(sources))[0]["verification"]["confidence"]
    rules = {**parameters(), "threshold": round(confidence + shift, 4)}
    monkeypatch.setattr(tfidf, "parameters", lambda: rules)
    found = verify(as_claims(claims), as_sources(sources))[0]["verification"]
    assert (found["verified"], found["confidence"]) == (verified, confidence)
    assert found["supporting_source_ids"] == (["S1"] if verified else [])


@pytest.mark.parametrize(
    ("claim", "denial"),
    [
        ("Street trees lowered air temperature by 0.6 °C.", "Street trees did not lower air temperature by 0.6 °C."),
        ("Loss-free balancing improved mean accuracy.", "No: loss-free balancing never improved mean accuracy."),
        ("The hallucination rate rose to 33.8%.", "The hallucination rate fell to 33.8%."),
    ],
)
def test_a_claim_and_its_denial_both_pass(claim: str, denial: str) -> None:
    """The weakness that every record states: shared words are not support."""
    source = f"We looked at it for a year. {claim} Nothing else was seen."
    for made in verify(as_claims([claim, denial]), as_sources([source])):
        assert made["verification"]["verified"] is True
        assert made["verification"]["supporting_source_ids"] == ["S1"]


def test_nothing_alike_does_not_pass() -> None:
    (made,) = verify(as_claims(["alpha beta"]), as_sources(["gamma delta"]))
    assert made["verification"] == {
        "verified": False,
        "confidence": 0.0,
        "threshold": 0.15,
        "method": METHOD,
        "supporting_source_ids": [],
    }


def test_texts_without_words_pass_nothing() -> None:
    assert [made["verification"]["verified"] for made in verify(as_claims(["...", "?"]), as_sources(["!", ""]))] == [
        False,
        False,
    ]


def test_without_sources_nothing_was_checked() -> None:
    claims = as_claims(["a b"])
    assert verify(claims, []) == claims
    assert verify(claims, [{"id": "S1", "text": None}]) == claims
    assert verify([], as_sources(["a"])) == []


def test_the_claims_given_are_left_alone() -> None:
    claims = as_claims(["trees cool"])
    verify(claims, as_sources(["trees cool"]))
    assert claims == as_claims(["trees cool"])


# --- the verifier of single pairs


def passage(*texts: str) -> Passage:
    starts = [sum(len(text) + 1 for text in texts[:index]) for index in range(len(texts))]
    return Passage(texts, offsets=tuple((start, start + len(text)) for start, text in zip(starts, texts, strict=True)))


@settings(deadline=None, max_examples=60)
@given(TEXTS, TEXTS)
def test_a_pair_s_confidence_is_the_cosine_of_the_two_texts(claims: list[str], texts: list[str]) -> None:
    verifier = TfidfVerifier()
    verdicts_ = list(verifier.verify_many((claim, passage(*texts)) for claim in claims))
    assert verdicts_ == [verifier.verify(claim, passage(*texts)) for claim in claims]
    for claim, verdict in zip(claims, verdicts_, strict=True):
        ((cosine,),) = cosines([claim], [" ".join(texts)])
        assert verdict.confidence == pytest.approx(cosine, abs=0.0000501)
        assert verdict.label == ("SUPPORT" if verdict.confidence >= 0.15 else "NEI")
        assert (verdict.p_support >= min_agreement("min_p_support")) is (verdict.label == "SUPPORT")
        assert 0 <= verdict.p_support <= 1
        assert (verdict.method, verdict.version) == (METHOD, VERSION) == (verifier.method, verifier.version)
        assert len(verdict.evidence) == bool(verdict.confidence)
        for item in verdict.evidence:
            assert (item.text, (item.start, item.end)) == (texts[item.index], passage(*texts).offsets[item.index])


def test_the_reasons_say_what_the_number_is_not() -> None:
    near = TfidfVerifier().verify("Trees cool streets.", passage("Roofs reflect.", "Trees cool streets."))
    assert near.reasons == (
        f"The similarity of the wording, {near.confidence:.4f}, reaches the threshold 0.15.",
        "The similarity is no calibrated probability, and it cannot tell support from contradiction.",
    )
    assert [item.text for item in near.evidence] == ["Trees cool streets."]
    far = TfidfVerifier().verify("Trees cool streets.", passage("Roofs reflect."))
    assert far.reasons[0] == "The similarity of the wording, 0.0000, is below the threshold 0.15."
    assert (far.label, far.confidence, far.p_support, far.evidence) == ("NEI", 0.0, 0.0, ())
    assert TfidfVerifier().verify("...", passage()).label == "NEI"


# --- several sources


class Told:
    """A verifier that says of each source what the test wants: name -> (label, confidence, p_support)."""

    method, version = "told-v1", "1.0.0"

    def __init__(self, said: dict[str, tuple[Label, float, float]]) -> None:
        self.said = said
        self.pairs: list[tuple[str, str]] = []

    def verify(self, claim: str, passage: Passage) -> Verdict:
        self.pairs.append((claim, passage.title))
        label, confidence, p_support = self.said[passage.title]
        found = evidence_at(passage, range(len(passage.sentences)))
        reasons = tuple(f"Reason {number} of {passage.title}." for number in range(1, 6))
        return Verdict(label, confidence, p_support, found, reasons, self.method, self.version)

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        return (self.verify(claim, passage) for claim, passage in pairs)


def told_sources(names: Iterable[str]) -> list[dict[str, Any]]:
    return [
        {"id": name, "title": name, "text": {"content": f"First of {name}. Second of {name}. Third of {name}."}}
        for name in names
    ]


def by(said: dict[str, tuple[Label, float, float]]) -> dict[str, Any]:
    (claim,) = verify_claims(as_claims(["A claim."]), told_sources(said), Told(said))
    found: dict[str, Any] = claim["verification"]
    return found


YES: tuple[Label, float, float] = ("SUPPORT", 0.9, 0.9)
WEAK_YES: tuple[Label, float, float] = ("SUPPORT", 0.49, 0.49)
NO: tuple[Label, float, float] = ("REFUTE", 0.8, 0.02)
WEAK_NO: tuple[Label, float, float] = ("REFUTE", 0.59, 0.1)
NEI: tuple[Label, float, float] = ("NEI", 0.7, 0.2)


@pytest.mark.parametrize(
    ("said", "agreed", "verified", "label", "confidence", "supporting", "refuting"),
    [
        ([YES], "single-source", True, "SUPPORT", 0.9, ["S1"], []),
        ([NEI, YES, NEI], "single-source", True, "SUPPORT", 0.9, ["S2"], []),
        ([YES, YES], "corroborated", True, "SUPPORT", 0.9, ["S1", "S2"], []),
        ([YES, YES, WEAK_NO], "corroborated", True, "SUPPORT", 0.9, ["S1", "S2"], []),
        ([YES, YES, YES, NO], "contested", False, "SUPPORT", 0.9, ["S1", "S2", "S3"], ["S4"]),
        ([NO, YES], "contested", False, "SUPPORT", 0.9, ["S2"], ["S1"]),
        ([NO, ("SUPPORT", 0.6, 0.6)], "contested", False, "REFUTE", 0.8, ["S2"], ["S1"]),
        ([NO, NEI], "refuted", False, "REFUTE", 0.8, [], ["S1"]),
        ([NEI, NEI], "none", False, "NEI", 0.7, [], []),
        ([WEAK_YES], "none", False, "NEI", 0.51, [], []),
        ([WEAK_NO], "none", False, "NEI", 0.41, [], []),
        ([("SUPPORT", 0.5, 0.5)], "single-source", True, "SUPPORT", 0.5, ["S1"], []),
        ([("REFUTE", 0.6, 0.1)], "refuted", False, "REFUTE", 0.6, [], ["S1"]),
    ],
)
def test_what_several_verdicts_come_to(
    said: list[tuple[Label, float, float]],
    agreed: str,
    verified: bool,
    label: str,
    confidence: float,
    supporting: list[str],
    refuting: list[str],
) -> None:
    found = by({f"S{number}": verdict for number, verdict in enumerate(said, 1)})
    assert (found["agreement"], found["verified"], found["label"]) == (agreed, verified, label)
    assert found["confidence"] == confidence
    assert (found["supporting_source_ids"], found["refuting_source_ids"]) == (supporting, refuting)
    assert found["p_support"] == max(p_support for _, _, p_support in said)
    assert (found["threshold"], found["method"], found["version"]) == (None, "told-v1", "1.0.0")


VERDICTS = st.tuples(
    st.sampled_from(["SUPPORT", "REFUTE", "NEI"]),
    st.integers(0, 10000).map(lambda n: n / 10000),
    st.integers(0, 10000).map(lambda n: n / 10000),
)


@settings(deadline=None)
@given(st.lists(VERDICTS, min_size=1, max_size=6))
def test_any_verdicts_make_a_verification_that_keeps_the_contract_and_the_rules(said: list[Any]) -> None:
    sources = told_sources(f"S{number}" for number in range(1, len(said) + 1))
    found = by({source["id"]: verdict for source, verdict in zip(sources, said, strict=True)})
    assert contracts.validate(found, "synthesis-run", file="f", definition="verification") == []
    texts = {source["id"]: source["text"] for source in sources}
    assert verdicts.claim_problems({"verification": found}, "", texts, "f", labelled=True, texts=True) == []
    assert found["agreement"] == agreement(len(found["supporting_source_ids"]), len(found["refuting_source_ids"]))
    assert len(found["evidence"]) <= 3
    for item in found["evidence"]:
        content = texts[item["source_id"]]["content"]
        assert content[item["start"] : item["end"]] == item["quote"]
        assert sha256_text(item["quote"]) == item["sha256"]


def test_reasons_and_evidence_are_those_of_the_deciding_sources() -> None:
    surest: tuple[Label, float, float] = ("SUPPORT", 0.99, 0.99)
    one = by({"S1": NEI, "S2": YES})
    assert one["reasons"] == [f"S2: Reason {number} of S2." for number in (1, 2, 3)]
    assert [item["quote"] for item in one["evidence"]] == ["First of S2.", "Second of S2.", "Third of S2."]
    two = by({"S1": YES, "S2": ("SUPPORT", 0.8, 0.8), "S3": surest})
    assert [reason[:2] for reason in two["reasons"]] == ["S3"] * 3 + ["S1"] * 3
    assert [item["quote"] for item in two["evidence"]] == ["First of S3.", "First of S1.", "Second of S3."]
    contested = by({"S1": YES, "S2": NO, "S3": surest})
    assert [reason[:2] for reason in contested["reasons"]] == ["S3"] * 3 + ["S2"] * 3
    assert {item["source_id"] for item in contested["evidence"]} == {"S2", "S3"}
    nothing = by({"S1": ("NEI", 0.9, 0.01), "S2": ("NEI", 0.8, 0.3)})
    assert {reason[:2] for reason in nothing["reasons"]} == {"S2"}


def test_each_claim_meets_each_source_once_and_each_source_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def counted(text: str) -> list[tuple[int, int]]:
        read.append(text)
        return sentences(text)

    monkeypatch.setattr("generator.kernel.verification.several.sentences", counted)
    said = dict.fromkeys(("S1", "S2", "S3"), NEI)
    sources, verifier, seen = told_sources(said), Told(said), list[tuple[int, int]]()
    verify_claims(as_claims(["a", "b"]), sources, verifier, lambda *row: seen.append(row))
    assert verifier.pairs == [(claim, name) for claim in ("a", "b") for name in ("S1", "S2", "S3")]
    assert read == [source["text"]["content"] for source in sources]
    assert seen == [(number, 6) for number in range(1, 7)]


def test_sources_without_text_are_left_out_and_without_any_nothing_was_checked() -> None:
    sources = told_sources(["S1", "S2"])
    sources[0]["text"] = None
    (claim,) = verify_claims(as_claims(["a"]), sources, Told({"S2": YES}))
    assert claim["verification"]["supporting_source_ids"] == ["S2"]
    untouched = as_claims(["a"])
    assert verify_claims(untouched, sources[:1], Told({})) == untouched
    assert verify_claims([], sources, Told({})) == []


def test_the_drafts_method_keeps_its_threshold() -> None:
    (claim,) = verify_claims(as_claims(["First of S1."]), told_sources(["S1"]), TfidfVerifier())
    found = claim["verification"]
    assert (found["threshold"], found["verified"]) == (0.15, True)
    assert found["verified"] is (found["confidence"] >= found["threshold"])


def test_a_passage_without_a_place_gives_no_evidence() -> None:
    class Placeless(Told):
        def verify(self, claim: str, passage: Passage) -> Verdict:
            made = super().verify(claim, passage)
            return Verdict(made.label, 0.9, 0.9, (Evidence(0, "x"),), (), made.method, made.version)

    (claim,) = verify_claims(as_claims(["a"]), told_sources(["S1"]), Placeless({"S1": YES}))
    assert (claim["verification"]["evidence"], claim["verification"]["reasons"]) == ([], [])


# --- a source as a verifier reads it


def test_a_cut_last_sentence_is_read_too() -> None:
    text = "Trees cool streets. Roofs reflect light. At night, however, trees kept the air war"
    found = passage_of({"id": "S1", "title": None, "text": {"content": text}})
    assert found.sentences == (
        "Trees cool streets.",
        "Roofs reflect light.",
        "At night, however, trees kept the air war",
    )
    assert found.title == ""


@settings(deadline=None)
@given(st.lists(st.sampled_from(["Trees cool.", " ", "cut", "No", "3.4 °C.", "\n", "(b)", "…", "e.g. A.", "“Odd”"])))
def test_no_word_of_a_source_is_lost(parts: list[str]) -> None:
    text = " ".join(parts)
    found = passage_of({"id": "S1", "title": "T", "text": {"content": text}})
    at = 0
    for sentence, (start, end) in zip(found.sentences, found.offsets, strict=True):
        assert at <= start < end
        assert text[start:end] == sentence == sentence.strip()
        assert not any(char.isalnum() for char in text[at:start])
        at = end
    assert not any(char.isalnum() for char in text[at:])


def test_every_word_of_the_sample_corpus_is_read() -> None:
    from generator.kernel.sources.sample import load_sample_corpus

    for paper in load_sample_corpus():
        found = passage_of({"id": "S1", "title": paper.title, "text": {"content": paper.abstract}})
        read = " ".join(found.sentences)
        assert re.findall(r"\w+", read) == re.findall(r"\w+", paper.abstract)
