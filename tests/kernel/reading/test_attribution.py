"""Whose finding a sentence tells. All sentences are invented."""

from __future__ import annotations

from typing import Any

import pytest

from generator.kernel.claims import ClaimSettings, extract_claims
from generator.kernel.reading.attribution import is_own
from generator.kernel.reading.passages import choose_passages
from generator.kernel.reading.sections import FullText, Section
from generator.manifest.canonical import sha256_text

OTHERS = [
    "[12] showed that street trees lower the temperature by 2 °C.",
    "In [3], street trees lowered the temperature by 2 °C.",
    "Smith et al. (2019) found that cool roofs lower the temperature.",
    "Smith et al. [7] report that cool roofs lower the temperature.",
    "Smith and Jones (2019) found lower temperatures below street trees.",
    "We note that Smith et al. (2019) found lower temperatures below street trees.",
    "Prior work reports that street trees lower the temperature.",
    "Several recent studies in cities have found that street trees lower the temperature.",
    "Others have shown that cool roofs lower the temperature.",
    "Street trees have been shown to lower the temperature more than cool roofs.",
    "Street trees have long been widely reported to be better than cool roofs.",
    "According to [4], street trees lower the temperature by 3 °C.",
    "Street trees lower the temperature by 2 °C [12, 13].",
    "Street trees lower the temperature by 2 °C (Lee et al., 2020; Roe, 2021).",
    "Street trees lower the temperature by 2 °C (Lee and Roe 2020).",
    "Street trees lower the temperature in cities.^12",
    "As reported by many authors, street trees lower the temperature.",
    "Future work should test whether street trees lower the temperature.",
    "In this section, street trees lower the temperature by 3 °C.",
    "Table 3 lists how far 12 street trees lowered the temperature.",
    "The temperature fell by […] below street trees.",
]
OWN = [
    "Street trees lowered the temperature more than cool roofs.",
    "We find that street trees lowered the temperature by 2 °C, as in [12].",
    "Our results show lower temperatures below street trees than those of Lee (2020).",
    "In line with previous studies, street trees lowered the temperature by 2 °C.",
    "Unlike earlier reports, we found that cool roofs did not lower the temperature.",
    "Street trees lowered the temperature by 2 °C (Table 3).",
    "Street trees lowered the temperature by 2 °C (July 2019).",
    "In the summer of 2019 street trees lowered the temperature by 2 °C.",
    "Street trees (n = 12) lowered the temperature by 2 °C [95% CI 1.2, 2.8].",
    "Over 4 km^2 of street trees, the temperature fell by 2 °C.",
]


@pytest.mark.parametrize("sentence", OTHERS)
def test_what_others_found_is_not_this_papers_finding(sentence: str) -> None:
    assert not is_own(sentence, "3 Results")


@pytest.mark.parametrize("sentence", OWN)
def test_what_the_paper_found_is_its_own(sentence: str) -> None:
    assert is_own(sentence, "3 Results")


@pytest.mark.parametrize(
    "name", ["2 Related Work", "II. BACKGROUND", "2 Related Work › 2.1 Shade", "A Literature Review"]
)
def test_in_a_section_on_others_work_only_what_the_paper_says_of_itself_counts(name: str) -> None:
    assert not is_own(OWN[0], name)
    assert is_own("We find that street trees lowered the temperature.", name)


QUESTION = "Do street trees or cool roofs lower the temperature?"
ABSTRACT = "Many cool roofs are better than street trees. Nothing else is told here. Nor in this sentence."
FULL = FullText(
    "https://arxiv.org/html/2601.00001v2",
    "text/html",
    "0" * 64,
    "latexml-html/1.0.0",
    (
        Section(
            "1 Introduction", "Street trees in cities lower the temperature by 2 °C, as many reports say [12, 13]."
        ),
        Section(
            "3 Results › 3.1 Night",
            "Street trees lowered the temperature at night more than all of the cool roofs did.\n"
            "The colour of 12 walls had no influence on the moss that was growing beside them.",
        ),
    ),
)


def source(abstract: str, full: FullText) -> dict[str, Any]:
    read = choose_passages(QUESTION, abstract, full)
    return {
        "id": "S1",
        "title": "Untitled",
        "text": {
            "section": "abstract",
            "content": read.content,
            "sha256": sha256_text(read.content),
            "sections": list(read.sections),
        },
    }


def test_a_claim_names_the_section_it_stands_in() -> None:
    home = source(ABSTRACT, FULL)
    (claim,) = extract_claims(QUESTION, [home], ClaimSettings())
    where = claim["grounding"]["locator"]
    assert where["section"] == "3 Results › 3.1 Night"
    assert where["quote"] == "Street trees lowered the temperature at night more than all of the cool roofs did."
    assert home["text"]["content"][where["start"] : where["end"]] == where["quote"] == claim["text"]
    (part,) = [part for part in home["text"]["sections"] if part["name"] == where["section"]]
    at = part["at"] + where["start"] - part["start"]
    assert FULL.text[at : at + len(where["quote"])] == where["quote"]


def test_a_claim_of_the_abstract_names_it() -> None:
    home = source("Nothing is told here. Nor here. Street trees lowered the temperature by 4 °C.", FULL)
    found = extract_claims(QUESTION, [home], ClaimSettings())
    assert [claim["grounding"]["locator"]["section"] for claim in found] == ["Abstract", "3 Results › 3.1 Night"]


def test_the_first_sentence_of_a_passage_is_no_background() -> None:
    home = source("", FULL)
    assert home["text"]["content"].startswith("Street trees in cities")
    long = FULL.sections[1].text.partition("\n")[0] + " The walls were red. The roofs were blue."
    only = source("", FullText(FULL.url, FULL.media_type, FULL.sha256, FULL.extractor, (Section("3 Results", long),)))
    assert only["text"]["content"] == long
    (claim,) = extract_claims(QUESTION, [only], ClaimSettings())
    assert claim["grounding"]["locator"]["start"] == 0


def test_the_first_sentence_of_the_abstract_is_background_with_a_full_text_too() -> None:
    quotes = [claim["text"] for claim in extract_claims(QUESTION, [source(ABSTRACT, FULL)], ClaimSettings())]
    assert ABSTRACT.partition(". ")[0] + "." not in quotes


def test_claims_per_paper_are_capped_over_all_its_sections() -> None:
    lines = "\n".join(f"Street trees lowered the temperature in the {name} quarter of the old town." for name in
                      ("northern", "southern", "eastern", "western", "busy"))  # fmt: skip
    home = source("", FullText(FULL.url, FULL.media_type, FULL.sha256, FULL.extractor, (Section("3 Results", lines),)))
    assert len(extract_claims(QUESTION, [home], ClaimSettings(per_paper=3))) == 3
