"""Themes, the abstract and the uncertainties, on real runs over the sample corpus and on small hand-made claims."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.kernel.synthesis import (
    MOST_THEMES,
    QUOTES_PER_THEME,
    as_quoted,
    group_themes,
    list_uncertainties,
    outside_quotes,
    quotations,
    unanswered_terms,
    write_abstract,
)
from generator.kernel.text import stems, words

QUESTIONS = [
    "Does loss-free balancing improve accuracy of mixture-of-experts language models?",
    "Does load balancing suppress expert specialisation?",
    "Does retrieving more passages increase or reduce hallucination?",
    "How do irrelevant passages affect answers of retrieval-augmented generation?",
    "Does 2D passivation improve the stability of perovskite solar cells at 85 °C?",
    "Is excess lead iodide good or bad for perovskite stability?",
    "How do street trees compare with cool roofs in lowering urban air temperature?",
    "Do street trees warm or cool streets at night?",
    "Does sleep restriction impair declarative memory in adolescents?",
    "Are sleep spindles associated with memory consolidation in adolescents?",
]
MEETS = {"method": "same-words-v1", "version": "1.0.0", "card": "x.json", "card_sha256": "0" * 64, "meets_bar": True}
MISSES = {**MEETS, "meets_bar": False}
TFIDF = {**MISSES, "method": "tfidf-bigram-v1"}
WEAK_LABELS = {"mean", "ci", "did", "shows", "found", "the question", "null", "ms", "points", ""}


def claim(number: int, source: str, text: str, relevance: float = 0.5, verified: bool | None = True) -> dict[str, Any]:
    return {
        "id": f"C{number}",
        "text": text,
        "relevance": relevance,
        "theme": None,
        "grounding": {"source_id": source},
        "verification": {"verified": verified},
    }


def judged(number: int, agreement: str, supporting: list[str], refuting: list[str]) -> dict[str, Any]:
    """A claim of S<number> with its verdict by several sources."""
    made = claim(number, f"S{number}", f"Trees cool street {number}.")
    made["verification"] = {
        "verified": agreement in ("corroborated", "single-source"),
        "method": "same-words-v1",
        "agreement": agreement,
        "supporting_source_ids": supporting,
        "refuting_source_ids": refuting,
    }
    return made


def runs_of_words(text: str, length: int) -> set[tuple[str, ...]]:
    found = [word.lower() for word in words(text)]
    return {tuple(found[start : start + length]) for start in range(len(found) - length + 1)}


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_abstract_is_this_kernel_s_own_words_around_whole_claims(question: str, run_of: Any) -> None:
    run = run_of(question)
    abstract = run["abstract"]
    by_id = {item["id"]: item for item in run["claims"]}
    assert quotations(abstract["text"]) == [as_quoted(by_id[name]["text"]) for name in abstract["claim_ids"]]
    assert len(set(abstract["claim_ids"])) == len(abstract["claim_ids"])
    assert len({by_id[name]["grounding"]["source_id"] for name in abstract["claim_ids"]}) >= 2
    own = set().union(*(runs_of_words(part, 12) for part in outside_quotes(abstract["text"])))
    for source in run["sources"]:
        assert not own & runs_of_words(source["text"]["content"], 12)
        assert abstract["text"] != source["text"]["content"]
    assert f"{len(run['claims'])} claims were found in" in abstract["text"]
    assert "invented papers" in abstract["text"]
    for name in abstract["claim_ids"]:
        position = abstract["text"].index(f"” [{name}]")
        attributed = abstract["text"][:position].rpartition(" reports: “")[0].rpartition(" ")[2]
        assert attributed == by_id[name]["grounding"]["source_id"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_themes_partition_the_claims(question: str, run_of: Any) -> None:
    run = run_of(question)
    assert [theme["id"] for theme in run["themes"]] == [f"T{number}" for number in range(1, len(run["themes"]) + 1)]
    members = [name for theme in run["themes"] for name in theme["claim_ids"]]
    assert sorted(members) == sorted(item["id"] for item in run["claims"])
    by_id = {item["id"]: item for item in run["claims"]}
    for theme in run["themes"]:
        assert all(by_id[name]["theme"] == theme["id"] for name in theme["claim_ids"])
    sizes = [len({by_id[name]["grounding"]["source_id"] for name in theme["claim_ids"]}) for theme in run["themes"]]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_theme_is_named_by_a_term_of_its_claims_that_the_sources_use(question: str, run_of: Any) -> None:
    run = run_of(question)
    by_id = {item["id"]: item for item in run["claims"]}
    titles = {item for source in run["sources"] for item in stems(source["title"])}
    for theme in run["themes"]:
        label = theme["label"]
        assert label.lower() not in WEAK_LABELS
        if label == "further findings":
            assert len(theme["claim_ids"]) <= 2
            continue
        assert len(label.split()) <= 3
        assert any(label.lower() in by_id[name]["text"].lower() for name in theme["claim_ids"]), label
        if " " not in label:
            assert set(stems(label)) <= titles
            assert not label.endswith("ed")


def test_known_contradictions_reach_the_record(run_of: Any) -> None:
    run = run_of(QUESTIONS[0])
    papers = {source["id"]: source["paper_id"].removeprefix("SAMPLE-") for source in run["sources"]}
    by_id = {item["id"]: papers[item["grounding"]["source_id"]] for item in run["claims"]}
    found = {tuple(sorted(by_id[name] for name in item["claim_ids"])) for item in run["disagreements"]}
    assert {("A04", "A05"), ("A02", "A05"), ("A01", "A06")} <= found
    assert ("A02", "A04") not in found
    for item in run["disagreements"]:
        told = f"{' and '.join(item['claim_ids'])} may contradict each other. {item['basis']}"
        assert {"kind": "finding", "text": told} in run["uncertainties"]
    assert "Some claims may contradict each other: " in run["abstract"]["text"]


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["S1", "S2", "S3"]),
            st.lists(st.sampled_from(["trees", "cool", "roofs", "the", "lowered", "5", "air", "“odd”"]), max_size=7),
            st.sampled_from([0.2, 0.5]),
        ),
        max_size=7,
    )
)
def test_any_claims_make_a_consistent_synthesis(drawn: list[tuple[str, list[str], float]]) -> None:
    claims = [
        claim(number, source, " ".join(text) + ".", relevance)
        for number, (source, text, relevance) in enumerate(drawn, start=1)
    ]
    themes, themed = group_themes(claims, "Do trees cool?", [])
    assert sorted(name for theme in themes for name in theme["claim_ids"]) == sorted(item["id"] for item in claims)
    assert [{**item, "theme": None} for item in themed] == claims
    made = write_abstract("Do trees cool?", themed, themes, [], MISSES, invented=True)
    by_id = {item["id"]: item for item in claims}
    assert quotations(made["text"]) == [as_quoted(by_id[name]["text"]) for name in made["claim_ids"]]
    assert len(made["claim_ids"]) <= QUOTES_PER_THEME * (MOST_THEMES + 1)
    assert group_themes(claims, "Do trees cool?", []) == (themes, themed)


def test_no_claim_is_said_plainly() -> None:
    made = write_abstract("Do trees cool?", [], [], [], MISSES, invented=True)
    assert made["text"] == (
        "No sentence of the invented papers of the bundled sample corpus bears closely enough on this question to be "
        "called a claim. The record stops here: nothing was concluded."
    )
    assert made["claim_ids"] == []
    texts = [item["text"] for item in list_uncertainties("Do trees cool?", [], [], [], MISSES, invented=True)]
    assert "No claim was found, so the question stays open." in texts
    assert group_themes([], "Do trees cool?", []) == ([], [])


def test_one_source_is_said_plainly() -> None:
    one = [claim(1, "S1", "Trees cool.")]
    made = write_abstract("Do trees cool?", one, [], [], MISSES, invented=False)
    assert made["text"] == (
        "The only claim on this question comes from one of the retrieved papers, S1, which says: “Trees cool.” [C1]. "
        "One source gives nothing to compare, so the record stops here."
    )
    two = [*one, claim(2, "S1", "They shade.")]
    text = write_abstract("Do trees cool?", two, [], [], MISSES, invented=False)["text"]
    assert text.startswith("All 2 claims on this question come from one of the retrieved papers, S1, which says: ")
    texts = [item["text"] for item in list_uncertainties("Do trees cool?", two, [], [], MISSES, invented=False)]
    assert "All claims come from one paper; nothing confirms or contradicts it here." in texts


def test_uncertainties_name_what_is_missing_failed_and_withdrawn() -> None:
    claims = [claim(1, "S1", "Trees cool."), claim(2, "S2", "Roofs cool.", verified=False)]
    excluded = [
        {"paper_id": "P9", "reason_code": "WITHDRAWN"},
        {"paper_id": "P9", "reason_code": "WITHDRAWN"},
        {"paper_id": "P8", "reason_code": "DUPLICATE"},
    ]
    items = list_uncertainties("Do trees or lawns cool?", claims, [], excluded, MISSES, invented=False)
    assert [item["text"] for item in items if item["kind"] == "finding"] == [
        "No claim takes up: lawns.",
        "same-words-v1 found no support in any source for C2.",
        "Withdrawn and not used: P9.",
    ]
    assert sum(item["kind"] == "method" for item in items) == 3
    assert sum(item["kind"] == "method" for item in list_uncertainties("x", [], [], [], MISSES, invented=True)) == 4


def test_unanswered_terms_are_matched_in_any_form() -> None:
    claims = [claim(1, "S1", "Lowering by planted trees.")]
    assert unanswered_terms("How do trees lower planting costs of roofs?", claims) == ["costs", "roofs"]


def test_quotation_marks_inside_a_claim_do_not_end_the_quotation() -> None:
    claims = [claim(1, "S1", "They said “no” twice."), claim(2, "S2", "He said “yes.”")]
    themes, themed = group_themes(claims, "What did they say?", [])
    made = write_abstract("What did they say?", themed, themes, [], MISSES, invented=False)
    assert quotations(made["text"]) == ["They said ‘no’ twice.", "He said ‘yes.’"]
    assert all("say" not in part or "said" not in part for part in outside_quotes(made["text"]))


def test_the_abstract_says_verified_only_of_a_method_that_meets_the_bar() -> None:
    claims = [
        judged(1, "corroborated", ["S1", "S2"], []),
        judged(2, "single-source", ["S2"], []),
        judged(3, "contested", ["S3"], ["S1"]),
    ]

    def last(verifier: dict[str, Any], told: list[dict[str, Any]]) -> str:
        text = write_abstract("Do trees cool?", told, [], [], verifier, invented=False)["text"]
        return str(text).rpartition("may contradict each other.")[2].rpartition("others may. ")[2]

    verified = "2 of 3 are verified by same-words-v1, 1 of them by more than one source and 1 is contested."
    assert last(MEETS, claims) == verified
    assert last(MEETS, [claims[1], judged(4, "single-source", ["S4"], [])]) == "2 of 2 are verified by same-words-v1."
    assert last(MEETS, [*claims, claims[2]]).endswith(" and 2 are contested.")
    assert last(MISSES, claims) == "2 of 3 are echoed in a source by same-words-v1; none counts as verified."


def test_a_contested_claim_is_named_with_both_sides() -> None:
    claims = [
        judged(1, "contested", ["S1"], ["S3", "S4"]),
        judged(2, "contested", ["S2", "S5"], ["S3"]),
        judged(3, "refuted", [], ["S1"]),
        judged(4, "none", [], []),
        judged(5, "single-source", ["S5"], []),
    ]
    items = list_uncertainties("Do trees cool streets?", claims, [], [], MEETS, invented=False)
    assert [item["text"] for item in items if item["kind"] == "finding"] == [
        "C1 is contested: S1 supports it, and S3 and S4 refute it, by the verdicts of same-words-v1.",
        "C2 is contested: S2 and S5 support it, and S3 refutes it, by the verdicts of same-words-v1.",
        "C3 is refuted: S1 refutes it, and no source supports it, by the verdicts of same-words-v1.",
        "same-words-v1 found no support in any source for C4.",
    ]


@pytest.mark.parametrize(
    ("verifier", "doubt"),
    [
        (
            MEETS,
            "Verdicts are those of a program, same-words-v1 1.0.0, which errs; "
            "its card gives the shares in which it does.",
        ),
        (MISSES, "The verifier, same-words-v1 1.0.0, does not meet the bar for verified: its verdicts are weak."),
        (TFIDF, "The similarity check is weak: a sentence and its contradiction share most of their words."),
    ],
)
def test_the_first_doubt_is_about_the_verifier(verifier: dict[str, Any], doubt: str) -> None:
    assert list_uncertainties("x", [], [], [], verifier, invented=False)[0] == {"kind": "method", "text": doubt}
