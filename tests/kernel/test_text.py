"""Sentences with their places, words, stems, and shared runs of words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.text import content_words, is_content, longest_shared_run, sentences, stems, words

ARXIV = (Path(__file__).parents[2] / "../shared/data/arxiv_metadata/arxiv_metadata.jsonl").resolve()

PIECES = [
    "Trees cool streets.",
    "The value was 0.5 °C.",
    "It fell from 9.56 to 9.41 (p < 0.01).",
    "We saw, e.g., lime and plane trees.",
    "Roofs, i.e. flat ones, help; walls do not.",
    "See Fig. 3 and Smith et al. for more.",
    "A ran vs. B by 3.5 points!",
    "Is $x_{i} = 10^{-3}$ enough?",
    "“Quoted words.”",
    "Über 30 µm.",
    "北京很热。",
    "cut off in the mid",
    "$$",
    "...",
    "(95% CI: −0.2 to 0.3).",
]
MIXED = st.lists(st.sampled_from(PIECES) | st.text(max_size=15), max_size=8).map(" ".join)


def cut(text: str) -> list[str]:
    return [text[start:end] for start, end in sentences(text)]


@given(MIXED)
def test_spans_are_in_order_disjoint_and_trimmed(text: str) -> None:
    position = 0
    for start, end in sentences(text):
        assert position <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        assert text[start:end].rstrip("\"”)'")[-1] in ".!?"
        position = end


@given(st.lists(st.sampled_from(PIECES[:9]), min_size=1, max_size=6))
def test_whole_sentences_join_to_the_whole_text(pieces: list[str]) -> None:
    text = " ".join(pieces)
    assert " ".join(cut(text)) == text
    assert " ".join(cut(text + " Then it is cut in the mid")) == text


def whole(text: str) -> None:
    """Sentences and the white space between them are the text, but for a tail that is cut."""
    spans = sentences(text)
    position = 0
    for start, end in spans:
        assert text[position:start].strip() == ""
        position = end
    tail = text[position:].strip()
    assert not tail or not tail.endswith((".", "!", "?")), tail


@pytest.mark.parametrize("paper", load_sample_corpus(), ids=lambda paper: f"{paper.id}v{paper.version}")
def test_sample_abstracts_are_cut_without_loss(paper: object) -> None:
    text = paper.abstract  # type: ignore[attr-defined]
    whole(text)
    assert len(sentences(text)) >= 2 or "withdrawn" in text


@pytest.mark.skipif(not ARXIV.is_file(), reason="../shared/data/arxiv_metadata is not here")
def test_real_abstracts_are_cut_without_loss() -> None:
    with ARXIV.open(encoding="utf-8") as lines:
        records = [json.loads(line) for number, line in enumerate(lines) if number % 25 == 0]
    texts = [" ".join(record["abstract"].split()) for record in records]
    assert len(texts) == 300
    for text in texts:
        whole(text)
    # short pieces are what a segmenter leaves when it cuts inside a sentence
    pieces = [piece for text in texts for piece in cut(text)]
    assert sum(len(piece) < 20 for piece in pieces) <= len(pieces) * 0.01
    assert sum(piece[0].islower() for piece in pieces) <= len(pieces) * 0.03


@pytest.mark.parametrize(
    "expected",
    [
        ["Trees lowered it by 0.5 °C.", "Trees need water."],
        ["It ran at 300 K.", "At 350 K it failed."],
        ["The body clock shifted by 48 min.", "Diet was controlled."],
        ["Layers grew to 30 nm.", "They were flat."],
        ["The barrier is 1.3 eV.", "It is high."],
        ["It fell from 0.93 to 0.74.", "Relative gains were small."],
        ["Cells kept 91% after 1,000 h.", "Others failed."],
        ["Birds, cars, etc. were seen.", "Others were not."],
        ["We saw birds, cars, etc.", "Among them were swifts."],
        ["It is the state of the art.", "Our code is public."],
        ["We use language models, e.g. Halvard, for this.", "It works."],
        ["Load, i.e. the share of tokens, is even.", "It stays so."],
        ["As Smith et al. showed, trees cool.", "Roofs do too."],
        ["The bias is visible in Fig. 3 of the paper.", "It is small."],
        ["We compared A vs. B in one city.", "A won."],
        ["In 2019 J. Smith left.", "He came back."],
        ["Trees cool; roofs reflect.", "Both help."],
        ["The step is $10^{-3}$, i.e. small ($p < 0.01$).", "It helps."],
        ["Is it so?", "It is!", "He said “no.”", "(We agree.)"],
        ["Approx. 5% were lost.", "The rest stayed."],
        ["The U.S. cities were warmer.", "Others were not."],
    ],
    ids=lambda expected: expected[0],
)
def test_where_sentences_end(expected: list[str]) -> None:
    assert cut(" ".join(expected)) == expected


def test_a_sentence_that_is_cut_is_left_out() -> None:
    assert cut("Trees cool. Roofs reflect and th") == ["Trees cool."]
    assert cut("Trees cool and roo") == []
    assert cut("") == []


def naive_run(left: list[str], right: list[str]) -> int:
    best = 0
    for start in range(len(left)):
        for end in range(start + 1, len(left) + 1):
            run = left[start:end]
            if any(right[at : at + len(run)] == run for at in range(len(right))):
                best = max(best, len(run))
    return best


LETTERS = st.lists(st.sampled_from(["a", "B", "c"]), max_size=10)


@given(LETTERS, LETTERS)
def test_the_longest_shared_run_is_that_of_a_plain_search(left: list[str], right: list[str]) -> None:
    found = longest_shared_run(" ".join(left), [item.swapcase() for item in right])
    assert found == naive_run([item.lower() for item in left], [item.lower() for item in right])


@given(st.text(max_size=60))
def test_words_stand_in_the_text_in_order(text: str) -> None:
    position = 0
    for word in words(text):
        position = text.index(word, position) + len(word)
    assert set(content_words(text)) <= set(words(text))
    assert all(is_content(word) for word in content_words(text))


def test_words_and_stems() -> None:
    found = words("Top-8 gating isn't “new”: $x_1$ (Müller’s)")
    assert found == ["Top-8", "gating", "isn't", "new", "x", "1", "Müller’s"]
    assert stems("The bias-based loss") == ["bias-bas", "bias", "base", "loss"]
    assert stems("lowered lowers LOWERING") == ["lower", "lower", "lower"]
    assert content_words("How do trees compare with Trees and roofs?") == ["trees", "roofs"]
