"""The text a run keeps: places that an outsider finds again, whole sentences, and what bears on the question."""

from __future__ import annotations

import string

from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.reading.passages import JOINT, LONGEST_PASSAGE, TextRead, choose_passages
from generator.kernel.reading.sections import FullText, Section, clean
from generator.kernel.text import sentences

QUESTION = "Do street trees lower the air temperature at night?"
ABSTRACT = "Trees stand in streets. They lowered the temperature by 2 °C in the small towns that were visited."
TELLING = "Below the street trees, the air temperature was lower at night by 1.4 °C than in the open."
OTHER = "The paint of the garden walls had been mixed by hand from chalk, oil and lime."


def full(*sections: tuple[str, str]) -> FullText:
    return FullText(
        "https://arxiv.org/html/2601.00001v1", "text/html", "0" * 64, "latexml-html/1.0.0",
        tuple(Section(*section) for section in sections),
    )  # fmt: skip


def check(read: TextRead, paper: FullText, most: int) -> None:
    """Everything that holds for every text."""
    assert len(read.content) <= most
    assert read.full_characters == len(paper.text)
    end = -len(JOINT)
    for part in read.sections:
        assert part["start"] == end + len(JOINT)
        assert end < 0 or read.content[end : part["start"]] == JOINT
        assert part["end"] > part["start"]
        end = part["end"]
        if part["at"] is not None:
            passage = read.content[part["start"] : part["end"]]
            assert paper.text[part["at"] : part["at"] + len(passage)] == passage
            assert "\n" not in passage
            assert part["name"] in {section.name for section in paper.sections}
    assert max(end, 0) == len(read.content)
    ats = [part["at"] for part in read.sections if part["at"] is not None]
    assert ats == sorted(set(ats))
    spans = [(part["start"], part["end"]) for part in read.sections]
    for start, stop in sentences(read.content):
        assert any(first <= start and stop <= last for first, last in spans), read.content[start:stop]


def chosen(question: str, abstract: str, paper: FullText, most: int = 16_000, passages: int = 40) -> TextRead:
    read = choose_passages(question, abstract, paper, most_characters=most, most_passages=passages)
    check(read, paper, most)
    return read


def test_abstract_first_then_what_bears_on_the_question() -> None:
    paper = full(("1 Introduction", OTHER), ("2 Results", f"{OTHER}\n{TELLING}"))
    read = chosen(QUESTION, ABSTRACT, paper)
    assert read.content == f"{ABSTRACT}\n\n{TELLING}"
    at = paper.text.index(TELLING)
    assert read.sections == (
        {"name": "Abstract", "start": 0, "end": len(ABSTRACT), "at": None},
        {"name": "2 Results", "start": len(ABSTRACT) + 2, "end": len(read.content), "at": at},
    )


def test_an_empty_abstract_has_no_part() -> None:
    paper = full(("2 Results", TELLING))
    read = chosen(QUESTION, "", paper)
    assert read.content == TELLING
    assert [part["name"] for part in read.sections] == ["2 Results"]


def test_no_text_at_all() -> None:
    assert chosen(QUESTION, "", full(("2 Walls", OTHER))) == TextRead("", (), len(OTHER))


def test_a_question_without_a_term_takes_the_abstract_alone() -> None:
    assert chosen("What is it?", ABSTRACT, full(("2 Results", TELLING))).content == ABSTRACT


def test_the_abstract_is_not_taken_twice() -> None:
    nearly = ABSTRACT.replace("small towns", "towns")
    paper = full(("Abstract", f"{ABSTRACT}\n{TELLING}"), ("Text", nearly), ("2 Results", TELLING))
    assert chosen(QUESTION, ABSTRACT, paper).content == f"{ABSTRACT}\n\n{TELLING}"


def test_a_passage_that_stands_twice_is_taken_once() -> None:
    assert chosen(QUESTION, "", full(("2 Results", TELLING), ("3 Discussion", TELLING))).content == TELLING


def test_results_come_before_the_introduction_where_not_all_fit() -> None:
    other = TELLING.replace("1.4", "1.5")
    paper = full(("1 Introduction", TELLING), ("4 Results › 4.1 Heat", other))
    assert chosen(QUESTION, "", paper, most=len(TELLING) + 10).content == other
    assert chosen(QUESTION, "", paper, passages=1).content == other
    assert chosen(QUESTION, "", paper).content == f"{TELLING}\n\n{other}"


def test_a_passage_that_ends_or_begins_in_mid_sentence_is_cut_to_its_whole_sentences() -> None:
    paper = full(("2 Results", f"of the garden. {TELLING} At night the street trees were not as"))
    assert chosen(QUESTION, ABSTRACT, paper).content == f"{ABSTRACT}\n\n{TELLING}"


def test_an_abstract_that_ends_in_mid_sentence_is_cut_only_where_a_passage_follows() -> None:
    cut = f"{ABSTRACT} The last sentence is not"
    assert chosen(QUESTION, cut, full(("2 Results", TELLING))).content == f"{ABSTRACT}\n\n{TELLING}"
    assert chosen(QUESTION, cut, full(("2 Walls", OTHER))).content == cut


def test_a_long_paragraph_is_cut_at_the_ends_of_sentences() -> None:
    long = " ".join(f"In the town number {number}, {TELLING[0].lower()}{TELLING[1:]}" for number in range(80))
    paper = full(("2 Results", long))
    read = chosen(QUESTION, "", paper)
    assert len(read.sections) == -(-len(long) // LONGEST_PASSAGE)
    assert all(part["end"] - part["start"] <= LONGEST_PASSAGE for part in read.sections)
    assert read.content.replace(JOINT, " ") == long


def test_an_abstract_longer_than_the_limit_is_cut_at_the_end_of_a_sentence() -> None:
    assert chosen(QUESTION, ABSTRACT, full(("2 Results", TELLING)), most=60).content == "Trees stand in streets."
    assert chosen(QUESTION, ABSTRACT, full(("2 Results", TELLING)), most=5).content == ""


PIECES = st.sampled_from(
    [
        *(
            TELLING,
            OTHER,
            ABSTRACT,
            "Street trees",
            "night",
            ".",
            "e.g.",
            "et al.",
            "[12]",
            "Fig. 3.",
            "(2)",
            "and",
            "°C.",
        ),
        *(
            "The air was cool!",
            "Was it at night?",
            "“Trees.”",
            "; then",
            "1.",
            "A.",
            "[…]",
            "[…].",
            "cf. Sect. 2.",
            "Dr.",
        ),
    ]
)
PARAGRAPH = st.one_of(
    st.lists(PIECES, min_size=1, max_size=7).map(" ".join),
    st.text(alphabet=string.printable + "éß“”’…°\u3002", max_size=80),
    st.text(max_size=40),
).map(clean)
SECTIONS = st.lists(
    st.tuples(
        st.sampled_from(["Abstract", "1 Introduction", "2 Results", "3 Related Work", "Text"]),
        st.lists(PARAGRAPH.filter(bool), min_size=1, max_size=5).map("\n".join),
    ),
    min_size=1,
    max_size=5,
)


@given(PARAGRAPH, SECTIONS, st.integers(0, 600), st.integers(0, 5))
def test_any_paper_within_any_limits(abstract: str, sections: list[tuple[str, str]], most: int, passages: int) -> None:
    paper = full(*sections)
    read = chosen(QUESTION, abstract, paper, most, passages)
    assert sum(part["at"] is not None for part in read.sections) <= passages
    assert read == choose_passages(QUESTION, abstract, paper, most_characters=most, most_passages=passages)
