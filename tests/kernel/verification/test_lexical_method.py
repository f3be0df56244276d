"""``lexical-v1`` as a verifier: what is chosen and shown, what is NEI, that any text is taken in bounded time, that two
processes agree, and that loading stays light."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.text import sentences
from generator.kernel.verification import lexical
from generator.kernel.verification.lexical import LexicalVerifier, judge
from generator.kernel.verification.lexical.features import (
    OPPOSED,
    QUANTITY,
    RULES,
    _remembered_source,
    abbreviations,
    choose,
    events,
    features,
    source,
    statistics,
)
from generator.kernel.verification.lexical.model import model
from generator.kernel.verification.lexical.parse import _remembered, _remembered_stems, parse, read, stem_set
from generator.kernel.verification.verdict import LABELS, Passage, Verdict

ROOT = Path(__file__).resolve().parents[3]
HOSTILE = ROOT.parent / "shared" / "data" / "hostile"
NO_WORD = "The claim has no word that could be looked for."
NO_TEXT = "The source has no text that could be compared."
TEXT = (
    "Street trees cool cities in summer. They were planted in 1990 by the town. "
    "Trees lowered the mean air temperature by 0.6 degrees. Cool roofs were tried later, in other towns."
)


def passage(text: str, title: str = "") -> Passage:
    spans = tuple(sentences(text))
    return Passage(tuple(text[start:end] for start, end in spans), title, spans)


def judged(claim: str, *sentences: str, title: str = "") -> Verdict:
    return LexicalVerifier().verify(claim, Passage(sentences, title))


def check(found: Verdict, given: Passage) -> None:
    """What holds for every verdict."""
    assert found.label in LABELS
    assert 0 <= found.confidence <= 1
    assert 0 <= found.p_support <= 1
    assert (found.confidence, found.p_support) == (round(found.confidence, 4), round(found.p_support, 4))
    assert found.label != "SUPPORT" or found.confidence == found.p_support >= 0.3
    assert len(found.evidence) <= 3
    for item in found.evidence:
        assert item.text == given.sentences[item.index]
    assert 1 <= len(found.reasons) <= 4
    for reason in found.reasons:
        assert reason.endswith(".")
        assert len(reason) < 300
        assert "\n" not in reason
        assert "“”" not in reason


def test_the_sentence_with_the_rare_words_is_chosen() -> None:
    """Two sentences share two words with the claim each; those of the second are rarer."""
    claim = parse("Osteoclasts were seen in the patients of the study with erythropoietin.")
    texts = "The patients of the study were old.", "Osteoclasts need erythropoietin here.", "Nothing else."
    ready = source(texts, "")
    order, found = choose(claim, ready)
    assert order == [1, 0, 2]
    assert found["cover_1"] > found["cover_2"] > found["cover_3"] == 0.0


def test_rarity_falls_with_frequency() -> None:
    known = statistics()
    assert known.idf("cell") < known.idf("osteoclast") < known.idf("never-seen-word") < 1.0
    assert known.idf("never-seen-word") == known.idf("nor-this-one")


def test_related_words_are_the_likest_first() -> None:
    known = statistics()
    for word in ("cell", "mice", "reduc", "treatment"):
        near = known.near(word)
        assert near
        assert [likeness for _, likeness in near] == sorted((likeness for _, likeness in near), reverse=True)
        assert all(0 < likeness <= 0.9 and other != word for other, likeness in near)
    assert known.near("no-such-word") == ()


def test_words_outside_the_statistics_are_not_remembered() -> None:
    known = statistics()
    before = len(known._idf), len(known._near)
    for number in range(1000):
        known.idf(f"unheard{number}")
        known.near(f"unheard{number}")
    assert (len(known._idf), len(known._near)) == before


def test_evidence_has_index_text_and_span() -> None:
    found = LexicalVerifier().verify("Trees lowered the mean air temperature by 0.6 degrees.", passage(TEXT))
    (item,) = found.evidence
    assert (item.index, item.text) == (2, "Trees lowered the mean air temperature by 0.6 degrees.")
    assert item.start is not None
    assert TEXT[item.start : item.end] == item.text


def test_evidence_without_offsets_has_no_span() -> None:
    (item,) = judged("Trees lowered the air.", "Trees lowered the air.").evidence
    assert (item.index, item.start, item.end) == (0, None, None)


@pytest.mark.parametrize(
    ("claim", "sentences", "reason"),
    [
        ("", ["The cat sat on the mat."], NO_WORD),
        ("  \n ", ["The cat sat on the mat."], NO_WORD),
        ("?! ... ()", ["The cat sat on the mat."], NO_WORD),
        ("It was not.", ["It was not."], NO_WORD),
        ("[12, 13] (Smith et al., 2020)", ["The cat sat on the mat."], NO_WORD),
        ("The cat sat.", [], NO_TEXT),
        ("The cat sat.", [""], NO_TEXT),
        ("The cat sat.", ["...", " ", "It is."], NO_TEXT),
        ("cat " * 1001, ["The cat sat on the mat."], "The claim is longer than 4000 characters."),
    ],
)
def test_what_cannot_be_judged_is_nei(claim: str, sentences: list[str], reason: str) -> None:
    found = judged(claim, *sentences)
    assert (found.label, found.confidence, found.p_support) == ("NEI", 1.0, 0.0)
    assert (found.evidence, found.reasons) == ((), (reason,))


def test_a_title_alone_is_no_text() -> None:
    assert judged("The cat sat.", title="The cat sat").reasons == (NO_TEXT,)


def test_a_source_on_something_else_is_nei() -> None:
    found = judged("Zebra stripes deter biting flies.", "Rivers carry sand to the sea.", "Lakes freeze in winter.")
    assert (found.label, found.evidence) == ("NEI", ())
    assert found.reasons == (
        "The source does not have the words “Zebra”, “deter” or “stripes”.",
        "No sentence shares a word with the claim.",
    )


@pytest.mark.parametrize(
    "marks", ["(Smith et al., 2020)", "[12, 13]", "[3–5]", "(Li and Wu, 2019; Ono, 2021)", "[<|multi_cit|>]", "<|cit|>"]
)
def test_citation_marks_say_nothing(marks: str) -> None:
    plain = "Trees lowered the mean air temperature by 0.6 degrees"
    assert judged(f"{plain} {marks}.", *passage(TEXT).sentences) == judged(f"{plain} .", *passage(TEXT).sentences)


def test_bracketed_numbers_stay_where_the_source_has_some() -> None:
    assert lexical.clean("Values in [0, 1] are fine [7].") == "Values in are fine ."
    assert lexical.clean("Values in [0, 1] are fine [7].", numbered=True) == "Values in [0, 1] are fine [7]."
    frame = "Values lie in [0, {}] for all the inputs."
    assert judged(frame.format(1), frame.format(2)).label == "REFUTE"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Convolutional neural networks (CNNs) are used.", [("cnns", ("convolut", "neural", "network"))]),
        ("Body mass index (BMI) was measured.", [("bmi", ("bodi", "mass", "index"))]),
        ("It was seen (as in Fig) and (p) and (12).", []),
        ("Nothing like it (XQZ) was seen.", []),
    ],
)
def test_abbreviations(text: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert list(abbreviations(text)) == expected


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("The drug increased weight.", [1]),
        ("The drug reduced weight.", [-1]),
        ("The drug did not increase weight.", [0]),
        ("There was no association with age.", [0]),
        ("Weight was unchanged.", [0]),
        ("Little effect was seen.", [0]),
        ("Young women were seen.", []),
    ],
)
def test_events(text: str, signs: list[int]) -> None:
    assert [sign for sign, *_ in events(parse(text))] == signs


def test_a_removal_turns_an_event() -> None:
    *_, (_, before, after, removal) = events(parse("Loss of SIRT6 increases inflammation in mice."))
    assert (removal, before, after) == (1, {"loss", "sirt6"}, {"inflamm", "mice"})


def test_features_are_those_of_the_model() -> None:
    _, found = features(parse("Trees cool the air."), source(passage(TEXT).sentences, "Trees"))
    weighed = {name for _, name in model().contributions(found, "SUPPORT")}
    assert RULES == ("clearly_opposed", "quantity_missing")
    assert not weighed & set(RULES)
    assert set(found) == weighed | set(RULES)
    assert all(isinstance(value, float) for value in found.values())


def found_in(claim: str, *sentences: str, title: str = "") -> dict[str, float]:
    return features(parse(claim), source(sentences, title))[1]


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("It fell by 3.4 degrees.", "It fell."),
        ("It fell by 3.4 degrees.", "It fell by 3 degrees."),
        ("It fell by 0.6 degrees.", "It fell by 0.7 degrees."),
        ("It fell by 3% in a year.", "It fell by 3.6% in a year."),
        ("It fell by 3 percent in a year.", "It fell in a year."),
        ("It rose 3 fold in a year.", "It rose in a year."),
        ("It killed 21 mice.", "It killed mice."),
        ("It killed 1,500 mice.", "It killed 1,501 mice."),
        ("It was founded in 1899.", "It was founded long ago."),
        ("It was seen in 2031 mice.", "It was seen in mice."),
        ("It killed 30 mice and 31 rats.", "It killed 30 mice."),
    ],
)
def test_a_quantity_that_stands_nowhere(claim: str, sentence: str) -> None:
    assert found_in(claim, sentence)[QUANTITY] == 1.0
    # wherever in the source it stands, in the title too, it is not missing
    assert found_in(claim, sentence, "Nothing else was seen.", claim)[QUANTITY] == 0.0
    assert found_in(claim, sentence, title=claim)[QUANTITY] == 0.0


@pytest.mark.parametrize(
    ("claim", "sentence"),
    [
        ("It fell.", "It fell."),
        ("It fell by 3 degrees.", "It fell."),
        ("It killed 20 mice.", "It killed mice."),
        ("It killed thirty mice.", "It killed mice."),
        ("It killed 30 mice.", "It killed thirty mice."),
        ("It killed 1,500 mice.", "It killed 1500 mice."),
        ("It was founded in 1900.", "It was founded long ago."),
        ("It will end in 2030.", "It will end."),
        ("It acts by IL-33.", "It acts by a cytokine."),
        ("It fell by 3% in a year.", "It fell by 3.4% in a year."),
        ("It fell by 4% in a year.", "It fell by 3.6% in a year."),
    ],
)
def test_a_quantity_that_is_not_missed(claim: str, sentence: str) -> None:
    assert found_in(claim, sentence)[QUANTITY] == 0.0


def test_a_missing_quantity_decides_alone_and_is_told_first() -> None:
    wards = "Asthma was common among the nurses of all wards."
    found = judged("Asthma affects 37% of nurses.", wards, "Many were smokers.")
    assert (found.label, found.evidence) == ("NEI", ())
    assert found.reasons[0] == "The claim has a number that stands nowhere in the source."
    told = judged("Asthma affects 37% of nurses.", wards, title="Asthma in 37% of nurses").reasons
    assert "The claim has a number that stands nowhere in the source." not in told


COMPARED = "In a test with ten tasks, the network outperformed a forest model."


def test_two_sides_exchanged_are_clearly_opposed() -> None:
    claim = "The forest model outperforms the network."
    found = judged(claim, COMPARED)
    assert (found.label, [item.index for item in found.evidence]) == ("REFUTE", [0])
    assert found.reasons[0] == "What goes up in the claim goes down in the source, or the other way round."
    assert found_in(claim, COMPARED)[OPPOSED] == 1.0
    assert found_in(claim, "Ten tasks were set.", title=COMPARED)[OPPOSED] == 1.0
    assert found_in("The network outperforms the forest model.", COMPARED)[OPPOSED] == 0.0


@given(st.text(max_size=60), st.lists(st.text(max_size=60), max_size=4), st.text(max_size=30))
def test_any_text_is_taken(claim: str, found: list[str], title: str) -> None:
    given = Passage(tuple(found), title)
    check(LexicalVerifier().verify(claim, given), given)


WORDS = "the trees cool air not no by 3.4 7 % IL-6 (TP53) may rose fell than and , . [3] – increased lower [".split()
PROSE = st.lists(st.sampled_from(WORDS), max_size=15).map(" ".join)


@given(PROSE, st.lists(PROSE, max_size=4), PROSE)
def test_any_prose_is_taken(claim: str, found: list[str], title: str) -> None:
    given = Passage(tuple(found), title)
    check(LexicalVerifier().verify(claim, given), given)


@given(st.lists(st.tuples(PROSE, st.lists(PROSE, max_size=3)), max_size=4))
def test_many_are_judged_as_one_by_one(pairs: list[tuple[str, list[str]]]) -> None:
    verifier = LexicalVerifier()
    asked = [(claim, Passage(tuple(found))) for claim, found in pairs]
    assert list(verifier.verify_many(asked)) == [verifier.verify(*pair) for pair in asked]


def test_verdicts_come_as_they_are_asked_for() -> None:
    def endless() -> Iterator[tuple[str, Passage]]:
        while True:
            yield "Trees cool the air.", passage(TEXT)

    verdicts = LexicalVerifier().verify_many(endless())
    assert next(verdicts) == next(verdicts)


def test_what_was_judged_before_does_not_matter() -> None:
    pair = "Trees lowered the mean air temperature by 0.7 degrees.", passage(TEXT)
    first = LexicalVerifier().verify(*pair)
    for number in range(50):
        judged(f"Trees lowered it by {number} degrees.", f"Roofs lowered it by {number + 1} degrees.")
    assert LexicalVerifier().verify(*pair) == first


@given(st.one_of(st.text(max_size=200), PROSE))
def test_stems_alone_are_those_of_the_parsing(text: str) -> None:
    for token in text.split():
        if token.isalpha():
            assert stem_set(token) == read(token).stem_set


def hostile_texts() -> list[str]:
    texts: list[str] = []
    for name in ("naughty-strings.json", "prompt-injections.json"):
        content = json.loads((HOSTILE / name).read_text(encoding="utf-8"))
        rows = content if isinstance(content, list) else [content]
        texts.extend(row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows)
    texts.extend((HOSTILE / "xss-payloads.txt").read_text(encoding="utf-8").splitlines()[::10])
    texts.extend(path.read_bytes().decode("utf-8", "replace") for path in sorted((HOSTILE / "json").iterdir()))
    return texts


@pytest.mark.skipif(not HOSTILE.is_dir(), reason="../shared/data/hostile is absent: hostile texts are needed")
def test_hostile_texts_are_taken() -> None:
    texts = hostile_texts()
    assert len(texts) > 1000
    verifier = LexicalVerifier()
    for text, other in zip(texts, [*texts[1:], "The end."], strict=True):
        for source_ in (Passage((text, other), other), Passage((f"It was found that {text}",))):
            check(verifier.verify(text, source_), source_)


def mixed(words: list[str], count: int, seed: int) -> str:
    random = Random(seed)
    return " ".join(random.choice(words) for _ in range(count))


VOCABULARY = [f"w{number}x" for number in range(300)]
NUMERALS = [*map(str, range(99)), "x", "y"]
TURNS = "increased cells reduced tumor weight no effect not".split()
HEAVY = {
    "one long word": ("a" * 4000, ["a" * 1_000_000] * 3),
    "a long claim": ("cells grow " * 100_000, ["cells grow " * 100_000]),
    "two words": (mixed(["xx", "yy"], 1300, 1), [mixed(["xx", "yy"], 300_000, seed) for seed in (2, 3, 4)]),
    "many words": (mixed(VOCABULARY, 800, 1), [mixed(VOCABULARY, 800, seed) for seed in (2, 3, 4)]),
    "another end": (" ".join(VOCABULARY) + " q" * 900, [" ".join(VOCABULARY) + " p" * 900] * 3),
    "every other word": (" q ".join(VOCABULARY), [" p ".join(VOCABULARY)] * 3),
    "numbers": (mixed(NUMERALS, 1300, 1), [mixed(NUMERALS, 1300, 2)] * 3),
    "directions": (mixed(TURNS, 500, 1), [mixed(TURNS, 500, seed) for seed in (2, 3, 4)]),
    "brackets": ("(" * 4000, ["(" * 1_000_000, "[1," * 300_000]),
    "citations": ("(Smith et al., 2020; " * 190, ["(Smith et al., 2020; " * 40_000]),
    "digits": ("1,1." * 1000, ["1·1.1," * 100_000 + "a", "1" * 1_000_000 + "a"]),
    "hyphens": ("a-" * 2000, ["a-" * 300_000 + "b"]),
    "ratios": ("odds ratio " * 300, ["OR 95% " * 100_000, "odds ratio 1.1 95% 0.9 " * 40_000]),
    "many sentences": (mixed(VOCABULARY, 600, 1), [f"cells grow {number % 99}." for number in range(50_000)]),
    "abbreviations": ("Cells grow.", [f"Any Bold ({chr(65 + n % 26)}B{chr(65 + n // 26)}C)." for n in range(20_000)]),
}


@pytest.mark.parametrize(("claim", "found"), HEAVY.values(), ids=HEAVY)
def test_a_megabyte_takes_no_longer_than_seconds(claim: str, found: list[str]) -> None:
    given = Passage(tuple(found), found[0])
    started = time.process_time()
    check(LexicalVerifier().verify(claim, given), given)
    assert time.process_time() - started < 4


def test_long_texts_are_not_remembered() -> None:
    kept = (_remembered, _remembered_stems, _remembered_source)
    before = [cache.cache_info().currsize for cache in kept]
    long = "Trees cool the air. " * 3000
    judged(long[:3900], long, long, title=long)
    assert [cache.cache_info().currsize for cache in kept] == before
    assert all(cache.cache_info().maxsize for cache in kept)


PROGRAM = """
import sys
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.verdict import Passage
LexicalVerifier().verify("Trees cool the air.", Passage(("Trees warm the air.",)))
heavy = {"numpy", "scipy", "sklearn", "syntok", "httpx", "pickle"}
print(sorted(name for name in sys.modules if name.split(".")[0] in heavy))
"""


def run(program: str, seed: str = "0") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", program]
    done = subprocess.run(call, capture_output=True, text=True, check=True, env=environment, cwd=ROOT)
    return done.stdout


def test_loading_is_light() -> None:
    assert run(PROGRAM) == "[]\n"
    timed = (
        "import time; started = time.process_time(); "
        "from generator.kernel.verification.lexical import LexicalVerifier; "
        "from generator.kernel.verification.lexical.features import statistics; "
        "LexicalVerifier(); statistics(); print(time.process_time() - started)"
    )
    assert min(float(run(timed)) for _ in range(3)) < 1


SAME = """
import random
from generator.kernel.verification.lexical import LexicalVerifier, judge
from generator.kernel.verification.verdict import Passage
words = ("trees cool the air not reduced increased no loss of TP53 (IL-6) tumour growth in 3.4 7% of mice may "
         "treatment higher lower than patients risk mortality associated with drug therapy cells protein was").split()
random = random.Random(4)
def text(): return " ".join(random.choices(words, k=random.randint(4, 18)))
for _ in range(200):
    claim, passage = text(), Passage(tuple(text() for _ in range(6)), text())
    print(LexicalVerifier().verify(claim, passage), sorted(judge(claim, passage).features.items()))
"""


def test_two_processes_agree_to_the_last_digit() -> None:
    first = run(SAME, "1")
    assert len(first.splitlines()) == 200
    assert run(SAME, "2") == first == run(SAME, "777")


def test_a_judgement_keeps_what_it_rests_on() -> None:
    found = judge("Trees lowered the mean air temperature by 0.7 degrees.", passage(TEXT))
    assert (found.copied, found.differs, found.unjudged) == (2, "number", "")
    assert found.comparison is not None
    assert [(item.claim, item.source) for item in found.comparison.mismatches] == [("0.7", "0.6")]
    assert sum(found.p) == pytest.approx(1)
