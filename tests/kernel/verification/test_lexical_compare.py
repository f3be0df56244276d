"""``lexical-v1`` on claims that nearly copy a sentence: what one changed word makes of the verdict, and what is said of
it. Expected labels are read off the sentences by a person, never off the code."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.lexical import words as w
from generator.kernel.verification.lexical.compare import alike, compare, opposite
from generator.kernel.verification.lexical.parse import OPPOSITE, SIGN, key, parse
from generator.kernel.verification.verdict import Passage, Verdict

FOLLOWS = "Most of the claim follows sentence 1."
SAME_WORDS = "All words of the claim are in sentence 1, in the same order."
NEARLY = "The claim says what sentence 1 says, in nearly the same words."


def judged(claim: str, *sentences: str) -> Verdict:
    return LexicalVerifier().verify(claim, Passage(sentences))


def words_opposed(a: str, b: str) -> bool:
    return opposite(a, b, key(a), key(b))


def words_alike(a: str, b: str) -> bool:
    return alike(a, b, key(a), key(b))


NUMBERS = {
    "degrees": "Street trees lowered the mean air temperature by {} degrees in July.",
    "percent": "The classifier reached an accuracy of {}% on the held-out set.",
    "unit": "The patients were given {} mg of the drug every morning for a year.",
    "range": "Adults aged 12-{} years were asked about their sleep in two surveys.",
}


@pytest.mark.parametrize("frame", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize(("there", "here"), [("34", "43"), ("3.4", "4.3"), ("1,500", "1,501"), ("95.5", "9.55")])
def test_another_number_denies(frame: str, there: str, here: str) -> None:
    found = judged(frame.format(here), frame.format(there))
    assert (found.label, found.reasons) == (
        "REFUTE",
        (f"The source says “{there}”, the claim says “{here}”.", FOLLOWS),
    )


@pytest.mark.parametrize(
    ("there", "here"), [("1,500", "1500"), ("1500", "1,500"), ("3.4", "3·4"), ("12", "twelve"), ("seven", "7")]
)
def test_a_number_may_be_written_otherwise(there: str, here: str) -> None:
    frame = "The survey reached {} adults and their doctors in the region."
    assert judged(frame.format(here), frame.format(there)).label == "SUPPORT"


@pytest.mark.parametrize(("there", "here"), [("twelve", "eleven"), ("12", "eleven"), ("thirty", "40")])
def test_number_words_are_numbers(there: str, here: str) -> None:
    frame = "The survey reached {} schools and their teachers in the region."
    found = judged(frame.format(here), frame.format(there))
    assert (found.label, found.reasons[0]) == ("REFUTE", f"The source says “{there}”, the claim says “{here}”.")


@pytest.mark.parametrize("sign", ["%", " %", " percent"])
def test_percent_may_be_written_otherwise(sign: str) -> None:
    source = "The accuracy of the classifier rose to 93.4% on the held-out set."
    assert judged(f"The accuracy of the classifier rose to 93.4{sign} on the held-out set.", source).label == "SUPPORT"


@pytest.mark.parametrize("dash", ["-", "–", " to "])
def test_a_range_may_be_written_otherwise(dash: str) -> None:
    source = "Patients aged 18-65 years were given the tablet every morning."
    assert judged(f"Patients aged 18{dash}65 years were given the tablet every morning.", source).label == "SUPPORT"


def test_two_numbers_that_changed_places() -> None:
    frame = "The error rate fell from {} to {} over the year."
    found = judged(frame.format("7%", "12%"), frame.format("12%", "7%"))
    assert found.label == "REFUTE"
    assert found.reasons[0] == "The source says “12”, the claim says “7”."


def test_a_number_that_the_sentence_does_not_have() -> None:
    frame = "The drug was given to {}adults with asthma every morning."
    found = judged(frame.format("40 "), frame.format(""))
    assert (found.label, found.reasons) == ("REFUTE", ("The closest sentence does not give the number “40”.", FOLLOWS))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,500", 1500.0), ("12,345,678", 12345678.0), ("3,4", 3.4), ("3·4", 3.4), ("0.05", 0.05), ("007", 7.0),
        ("twenty", 20.0), ("ninety", 90.0), ("billion", 1e9), ("half", 0.5), ("1.2.3", 1.23),
    ],
)  # fmt: skip
def test_values_of_numbers(text: str, value: float) -> None:
    (number,) = parse(f"about {text} cells").numbers
    assert (number.value, number.at, number.text) == (value, 1, text)


@pytest.mark.parametrize("text", ["2nd", "H2O", "IL-6", "COVID-19", "no", "x1"])
def test_what_is_no_number(text: str) -> None:
    assert parse(f"about {text} cells").numbers == ()


DIRECTIONS = [
    *(("increased", "decreased"), ("promoted", "inhibited"), ("raised", "lowered"), ("improved", "worsened")),
    *(("stabilized", "destabilized"), ("activated", "inactivated"), ("methylated", "demethylated")),
    *(("aggravated", "alleviated"), ("exacerbated", "ameliorated"), ("intensified", "mitigated")),
]


@pytest.mark.parametrize(("one", "other"), [*DIRECTIONS, *((b, a) for a, b in DIRECTIONS)])
def test_the_opposite_direction_denies(one: str, other: str) -> None:
    frame = "In most of the treated mice the new compound {} the promoter of the gene."
    found = judged(frame.format(one), frame.format(other))
    assert (found.label, found.reasons) == (
        "REFUTE",
        (f"The source says “{other}”, the claim says the opposite: “{one}”.", FOLLOWS),
    )


@pytest.mark.parametrize(
    ("one", "other"), [("warmer", "cooler"), ("hotter", "colder"), ("heavier", "lighter"), ("cheaper", "dearer")]
)
def test_the_opposite_grade_denies(one: str, other: str) -> None:
    frame = "In most of the towns that we saw the new houses were {} in the end."
    for here, there in ((one, other), (other, one)):
        found = judged(frame.format(here), frame.format(there))
        assert (found.label, found.reasons) == (
            "REFUTE",
            (f"The source says “{there}”, the claim says the opposite: “{here}”.", FOLLOWS),
        )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("stable", "unstable"), ("symptomatic", "asymptomatic"), ("regular", "irregular"),
        ("hyperactive", "hypoactive"),
        ("overfeeding", "underfeeding"), ("preoperative", "postoperative"), ("intracranial", "extracranial"),
        ("harmful", "harmless"), ("endogamous", "exogamous"), ("macroscopic", "microscopic"), ("visible", "invisible"),
    ],
)  # fmt: skip
def test_antonyms_by_prefix_or_ending(one: str, other: str) -> None:
    assert words_opposed(one, other)
    assert words_opposed(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("table", "chair"), ("form", "perform"), ("under", "understand"), ("age", "manage"), ("cell", "cells"),
        ("press", "presses"), ("image", "images"), ("red", "blue"), ("increase", "increased"),
    ],
)  # fmt: skip
def test_what_is_no_antonym(one: str, other: str) -> None:
    assert not words_opposed(one, other)
    assert not words_opposed(other, one)


@given(st.sampled_from(sorted(OPPOSITE)), st.sampled_from(sorted(OPPOSITE)))
def test_antonymy_and_synonymy_take_no_sides(a: str, b: str) -> None:
    assert words_opposed(a, b) == words_opposed(b, a)
    assert words_alike(a, b) == words_alike(b, a)
    assert words_alike(a, a)


def test_every_listed_pair_is_opposed() -> None:
    for pair in w.VERB_PAIRS:
        for left, right in zip(*map(w.forms, pair), strict=True):
            assert words_opposed(left, right), (left, right)
    for left, right in w.WORD_PAIRS:
        assert words_opposed(left, right), (left, right)
    for more, less in product(*w.AMOUNT_WORDS):
        assert words_opposed(more, less), (more, less)


def test_directions_have_one_sign_at_most() -> None:
    assert set(SIGN.values()) == {1, -1}
    assert (SIGN["increased"], SIGN["reduced"], SIGN["rose"], SIGN["fell"]) == (1, -1, 1, -1)
    for verb in ("increase", "aggravate", "exacerbate", "intensify", "prolong"):
        assert {SIGN[form] for form in w.forms(verb)} == {1}, verb
    for verb in ("decrease", "alleviate", "ameliorate", "mitigate", "shorten"):
        assert {SIGN[form] for form in w.forms(verb)} == {-1}, verb
    assert set(OPPOSITE["higher"]) >= {"lower", "less", "fewer"}
    assert all(word in OPPOSITE[other] for word, others in OPPOSITE.items() for other in others)


@pytest.mark.parametrize(
    ("verb", "expected"),
    [
        ("increase", ("increase", "increases", "increased", "increasing")),
        ("simplify", ("simplify", "simplifies", "simplified", "simplifying")),
        ("destroy", ("destroy", "destroys", "destroyed", "destroying")),
        ("impoverish", ("impoverish", "impoverishes", "impoverished", "impoverishing")),
        ("drop", ("drop", "drops", "dropped", "dropping")),
        ("block", ("block", "blocks", "blocked", "blocking")),
    ],
)
def test_forms_of_verbs(verb: str, expected: tuple[str, ...]) -> None:
    assert w.forms(verb) == expected


PLAIN = "The enzyme is required for DNA repair in the mouse liver."
DENIED = "The enzyme is not required for DNA repair in the mouse liver."


@pytest.mark.parametrize(
    ("claim", "source", "reason"),
    [
        (DENIED, PLAIN, "The claim has a negation that the source does not have: “not”."),
        (PLAIN, DENIED, "The claim leaves out a negation of the source: “not”."),
        (
            "The enzyme isn't required for DNA repair in the mouse liver.",
            PLAIN,
            "The claim has a negation that the source does not have: “isn't”.",
        ),
        (
            "The tablet never helped any of the nurses on the ward at night.",
            "The tablet helped any of the nurses on the ward at night.",
            "The claim has a negation that the source does not have: “never”.",
        ),
        (
            "It is not the case that the enzyme is required for DNA repair in the mouse liver.",
            PLAIN,
            "The claim has a negation that the source does not have: “It is not the case”.",
        ),
        (
            "The drug fails to stop the growth of the tumour in old mice.",
            "The drug helps to stop the growth of the tumour in old mice.",
            "The claim has a negation that the source does not have: “fails”.",
        ),
    ],
)
def test_a_negation_too_many_or_too_few_denies(claim: str, source: str, reason: str) -> None:
    found = judged(claim, source)
    assert (found.label, found.reasons[0]) == ("REFUTE", reason)


@pytest.mark.parametrize("word", ["hardly", "barely", "scarcely", "seldom"])
def test_a_word_of_nearly_not_denies(word: str) -> None:
    frame = "The tablet was {}given to older adults in the trial."
    plain, denied = frame.format(""), frame.format(f"{word} ")
    added, left_out = judged(denied, plain), judged(plain, denied)
    assert (added.label, left_out.label) == ("REFUTE", "REFUTE")
    assert added.reasons == (f"The claim has a negation that the source does not have: “{word}”.", FOLLOWS)
    assert left_out.reasons == (f"The claim leaves out a negation of the source: “{word}”.", FOLLOWS)


@pytest.mark.parametrize(
    "source",
    [
        "The enzyme is required for DNA repair in the mouse liver, although it was not seen in the kidney.",
        "The enzyme (which is not found in plants) is required for DNA repair in the mouse liver.",
        "Although it is not abundant, the enzyme is required for DNA repair in the mouse liver.",
    ],
)
def test_a_negation_in_a_dropped_aside_does_not_count(source: str) -> None:
    assert judged(PLAIN, source).label == "SUPPORT"


@pytest.mark.parametrize(
    ("here", "there"), [("does not work", "fails to work"), ("fails to work", "does not work"), ("isn’t", "is not")]
)
def test_two_ways_to_deny_agree(here: str, there: str) -> None:
    frame = "The old vaccine against this strain {} in most of the treated adults and children."
    assert judged(frame.format(here), frame.format(there)).label == "SUPPORT"


@pytest.mark.parametrize(
    ("frame", "one", "other"),
    [
        ("Mortality after the operation was clearly higher in {} than in {} in both trials.", "men", "women"),
        ("The team in charge of the new building chose {} rather than {} for the wires.", "copper", "silver"),
        ("On most of the tasks in the benchmark the {} outperforms the {} by far.", "forest", "network"),
        ("In both of the trials the {} was followed by the {} within a few days.", "fever", "rash"),
    ],
)
def test_two_things_that_changed_places(frame: str, one: str, other: str) -> None:
    assert judged(frame.format(one, other), frame.format(one, other)).reasons == (SAME_WORDS,)
    found = judged(frame.format(other, one), frame.format(one, other))
    assert found.label == "REFUTE"
    assert found.reasons[0].endswith("in another place than the source, which changes what is said.")


def test_active_and_passive_are_no_swap() -> None:
    active = parse("The settlers built the tower in a summer.")
    passive = parse("The tower was built by the settlers in a summer.")
    assert "order" not in [mismatch.kind for mismatch in compare(passive, active).mismatches]


@pytest.mark.parametrize(("here", "there"), [("TP53", "KRAS"), ("GPT-4", "BERT"), ("HbA1c", "HDL")])
def test_another_name_is_not_what_the_source_says(here: str, there: str) -> None:
    frame = "Loss of {} was linked to a slower repair of damaged skin in these mice."
    found = judged(frame.format(here), frame.format(there))
    assert (found.label, found.reasons) == ("NEI", (f"The source names “{there}”, the claim names “{here}”.", FOLLOWS))


INTRODUCED = "Convolutional neural networks (CNN) are trained on images of leaves."


LONG, SHORT = "convolutional neural network", "CNN"


@pytest.mark.parametrize(("here", "there"), [(LONG, SHORT), (SHORT, LONG)])
def test_an_abbreviation_is_what_it_shortens(here: str, there: str) -> None:
    frame = "The {} found the rust in nine of ten leaves."
    found = judged(frame.format(here), INTRODUCED, frame.format(there))
    assert (found.label, [item.index for item in found.evidence]) == ("SUPPORT", [1])


@pytest.mark.parametrize("hedge", ["may", "might"])
def test_a_dropped_hedge_is_not_what_the_source_says(hedge: str) -> None:
    source = f"The new tablet {hedge} reduce the number of attacks in older adults."
    found = judged("The new tablet reduces the number of attacks in older adults.", source)
    assert (found.label, found.reasons) == ("NEI", (f"The source says “{hedge}”, the claim leaves it out.", FOLLOWS))


def test_a_word_in_no_list_is_left_open() -> None:
    frame = "The {} tablet reduced attacks in older adults."
    found = judged(frame.format("purple"), frame.format("round"))
    assert found.reasons[0] == "The source says “round”, the claim says “purple”, which may mean something else."
    frame = "The tablet was {}given to older adults in the trial."
    found = judged(frame.format("secretly "), frame.format(""))
    assert found.reasons[0] == "The claim adds “secretly”, which may change its meaning."
    assert found.label == "NEI"


SYNONYMS = [
    *(("therapy", "treatment"), ("rapid", "fast"), ("approach", "method"), ("crucial", "essential")),
    *(("tumor", "tumour"), ("analyzed", "analysed"), ("color", "colour"), ("stabilization", "stabilisation")),
    *(("fiber", "fibre"), ("anemia", "anaemia"), ("center", "centre"), ("behavior", "behaviour")),
]


@pytest.mark.parametrize(("one", "other"), [*SYNONYMS, *((b, a) for a, b in SYNONYMS)])
def test_synonyms_and_spellings_are_accepted(one: str, other: str) -> None:
    frame = "In this group of patients the {} was seen to matter for the final result."
    found = judged(frame.format(one), frame.format(other))
    assert (found.label, found.reasons) == ("SUPPORT", (NEARLY,))


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("The tablet reduced attacks in older adults.", "We found that the tablet reduced attacks in older adults."),
        ("The tablet reduced attacks in older adults.", "However, the tablet reduced attacks in older adults."),
        ("The tablet reduced attacks in older adults.", "The tablet (10 mg) reduced attacks in older adults."),
        ("The tablet reduced attacks in older adults.", "The tablet reduced attacks in older adults (p < 0.05)."),
        ("It is shown that the tablet reduced attacks in adults.", "The tablet reduced attacks in adults."),
        ("Notably, the tablet reduced attacks in older adults.", "The tablet reduced attacks in older adults."),
    ],
)
def test_lead_ins_and_asides_may_be_dropped_or_added(claim: str, source: str) -> None:
    assert judged(claim, source).label == "SUPPORT"


TEXT = st.one_of(
    st.text(max_size=80),
    st.lists(st.sampled_from("the not no 3.4 7 IL-6 rose fell ( ) , may by A".split()), max_size=14).map(" ".join),
)


@given(TEXT)
def test_a_text_is_a_copy_of_itself(text: str) -> None:
    found = compare(parse(text), parse(text))
    assert found.mismatches == ()
    assert found.overlap == (1.0 if any(token[0].isalnum() for token in parse(text).tokens) else 0.0)


@given(TEXT, TEXT)
def test_overlap_is_a_share_and_differences_are_told_once(claim: str, sentence: str) -> None:
    found = compare(parse(claim), parse(sentence))
    assert 0.0 <= found.overlap <= 1.0
    assert len(set(found.mismatches)) == len(found.mismatches)
    assert found.overlap >= 0.5 or found.mismatches == ()


@given(TEXT)
def test_what_a_parsing_holds(text: str) -> None:
    found = parse(text)
    assert len(found.raw) == len(found.tokens) == len(found.stems)
    assert found.stem_set == {found.stems[index] for index in found.content}
    assert list(found.content) == sorted(set(found.content))
    assert not {index for index in found.content if found.tokens[index] in w.STOP}
    assert [token.lower() for token in found.raw] == list(found.tokens)
