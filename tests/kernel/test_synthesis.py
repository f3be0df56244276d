"""Themes, the abstract and the uncertainties, on real runs over the sample corpus and on small hand-made claims."""

from __future__ import annotations

import re
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
    write_synthesis,
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


def write_abstract(
    question: str,
    claims: list[dict[str, Any]],
    themes: list[dict[str, Any]],
    verifier: dict[str, Any],
    *,
    invented: bool,
) -> dict[str, Any]:
    made = write_synthesis(question, [], claims, themes, verifier, invented=invented)
    assert isinstance(made["abstract"], dict)
    return made["abstract"]


def judged(number: int, agreement: str, supporting: list[str], refuting: list[str]) -> dict[str, Any]:
    """A claim of S<number> with its verdict by several sources."""
    made = claim(number, f"S{number}", f"Trees cool {'ABCDE'[number - 1]}ville.")
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
        assert told in run["abstract"]["text"]


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
    made = write_abstract("Do trees cool?", themed, themes, MISSES, invented=True)
    by_id = {item["id"]: item for item in claims}
    assert quotations(made["text"]) == [as_quoted(by_id[name]["text"]) for name in made["claim_ids"]]
    assert len(made["claim_ids"]) <= QUOTES_PER_THEME * (MOST_THEMES + 1)
    assert group_themes(claims, "Do trees cool?", []) == (themes, themed)


def test_no_claim_is_said_plainly() -> None:
    made = write_abstract("Do trees cool?", [], [], MISSES, invented=True)
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
    made = write_abstract("Do trees cool?", one, [], MISSES, invented=False)
    assert made["text"] == (
        "The only claim on this question comes from one of the retrieved papers, S1, which says: “Trees cool.” [C1]. "
        "One source gives nothing to compare, so the record stops here."
    )
    two = [*one, claim(2, "S1", "They shade.")]
    text = write_abstract("Do trees cool?", two, [], MISSES, invented=False)["text"]
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
    assert sum(item["kind"] == "method" for item in items) == 2
    assert sum(item["kind"] == "method" for item in list_uncertainties("x", [], [], [], MISSES, invented=True)) == 3


def test_unanswered_terms_are_matched_in_any_form() -> None:
    claims = [claim(1, "S1", "Lowering by planted trees.")]
    assert unanswered_terms("How do trees lower planting costs of roofs?", claims) == ["costs", "roofs"]


def test_quotation_marks_inside_a_claim_do_not_end_the_quotation() -> None:
    claims = [claim(1, "S1", "They said “no” twice."), claim(2, "S2", "He said “yes.”")]
    themes, themed = group_themes(claims, "What did they say?", [])
    made = write_abstract("What did they say?", themed, themes, MISSES, invented=False)
    assert quotations(made["text"]) == ["They said ‘no’ twice.", "He said ‘yes.’"]
    assert all("say" not in part or "said" not in part for part in outside_quotes(made["text"]))


def test_the_abstract_says_verified_only_of_a_method_that_meets_the_bar() -> None:
    claims = [
        judged(1, "corroborated", ["S1", "S2"], []),
        judged(2, "single-source", ["S2"], []),
        judged(3, "contested", ["S3"], ["S1"]),
    ]

    def last(verifier: dict[str, Any], told: list[dict[str, Any]]) -> str:
        text = write_abstract("Do trees cool?", told, [], verifier, invented=False)["text"]
        return str(text).rpartition("may contradict each other.")[2].rpartition("others may. ")[2]

    verified = "2 of 3 claims are verified by same-words-v1, 1 of them by more than one source and 1 is contested."
    assert last(MEETS, claims) == verified
    assert (
        last(MEETS, [claims[1], judged(4, "single-source", ["S4"], [])])
        == "2 of 2 claims are verified by same-words-v1."
    )
    assert last(MEETS, [*claims, claims[2]]).endswith(" and 2 are contested.")
    assert last(MISSES, claims) == "2 of 3 claims are echoed in a source by same-words-v1; none counts as verified."


def test_a_contested_claim_is_named_with_both_sides() -> None:
    claims = [
        judged(1, "contested", ["S1"], ["S3", "S4"]),
        judged(2, "contested", ["S2", "S5"], ["S3"]),
        judged(3, "refuted", [], ["S1"]),
        judged(4, "none", [], []),
        judged(5, "single-source", ["S5"], []),
    ]
    items = list_uncertainties("Do trees cool?", claims, [], [], MEETS, invented=False)
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


def source(number: int, content: str, title: str = "", **more: Any) -> dict[str, Any]:
    return {"id": f"S{number}", "title": title, "text": {"section": "abstract", "content": content, **more}}


def written(question: str, claims: list[dict[str, Any]], sources: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    themes, themed = group_themes(claims, question, sources)
    return write_synthesis(question, sources, themed, themes, MISSES, invented=False, **more)


TREES = [
    claim(1, "S1", "Street trees lowered air temperature by 1.2 °C."),
    claim(2, "S2", "Street trees lowered air temperature by 1.4 °C."),
    claim(3, "S3", "Street trees did not lower air temperature."),
]
TREE_SOURCES = [source(number, item["text"]) for number, item in enumerate(TREES, start=1)]


def test_a_synthesis_tells_findings_agreement_conflict_gap_and_limit_in_this_order() -> None:
    made = written("How much do street trees lower air temperature over time?", TREES, TREE_SOURCES)
    told = [(item["about"], item["claim_ids"]) for item in made["synthesis"]["sentences"]]
    order = ["finding", "agreement", "conflict", "gap", "limit"]
    assert sorted(order.index(about) for about, _ in told) == [order.index(about) for about, _ in told]
    assert {about for about, _ in told} == set(order)
    assert ("agreement", ["C1", "C2"]) in told
    assert ("conflict", ["C1", "C3"]) in told
    assert ("conflict", ["C2", "C3"]) in told
    assert " ".join(item["text"] for item in made["synthesis"]["sentences"]) == made["abstract"]["text"]
    assert made["synthesis"]["removed"] == {"unknown_ids": 0, "unsupported": 0, "copied": 0}
    assert made["synthesis"]["produced_by"]["mode"] == "extractive"
    assert made["unanswered"] == ["The question asks how it goes over time; no claim speaks of that."]
    assert {"kind": "finding", "text": made["unanswered"][0]} in made["uncertainties"]
    assert (
        "C1 and C2 agree: both tell of a lower ‘air temperature’ with ‘street trees’: by 1.2 °C in S1 and "
        in (made["abstract"]["text"])
    )


def test_every_sentence_names_the_claims_it_rests_on() -> None:
    made = written("How do street trees lower air temperature?", TREES, TREE_SOURCES)
    for item in made["synthesis"]["sentences"]:
        named = {name for name in ("C1", "C2", "C3") if name in item["text"]}
        assert named <= set(item["claim_ids"])
        assert item["claim_ids"] or item["about"] in ("gap", "agreement", "conflict")


def test_more_conflicts_than_the_abstract_tells_are_counted() -> None:
    claims = [
        claim(number, f"S{number}", f"Street trees {way} air temperature in {town}.")
        for number, (way, town) in enumerate(
            zip(["lowered"] * 3 + ["raised"] * 2, ["Ahl", "Behl", "Cehl", "Dehl", "Ehl"], strict=True), start=1
        )
    ]
    made = written("Do trees cool?", claims, [])
    assert len(made["disagreements"]) == 6
    last = [item for item in made["synthesis"]["sentences"] if item["about"] == "conflict"][-1]
    assert last["text"] == "3 more pairs may too."
    assert set(last["claim_ids"]) == {name for item in made["disagreements"][3:] for name in item["claim_ids"]}


def test_a_claim_of_great_length_is_counted_but_not_quoted() -> None:
    long = [claim(number, f"S{number}", f"Trees {'cool ' * 780}street {number}.") for number in range(1, 4)]
    made = written("Do trees cool?", [*long, claim(4, "S4", "Trees cool.")], [])
    assert made["abstract"]["claim_ids"] == ["C4"]
    assert "4 claims were found in 4 papers" in made["abstract"]["text"]
    assert all(len(item["text"]) <= 4000 for item in made["synthesis"]["sentences"])
    (only, stop) = written("Do trees cool?", long[:1], [])["synthesis"]["sentences"]
    assert only["text"] == "The only claim on this question comes from one of the retrieved papers, S1."
    assert stop["text"] == "One source gives nothing to compare, so the record stops here."


@pytest.mark.parametrize("count", [0, 1, 2])
def test_one_source_or_none_stops_the_record(count: int) -> None:
    claims = [claim(1, "S1", "Street trees lowered air temperature by 1.2 °C."), claim(2, "S1", "Lawns did not.")]
    made = written("Why do trees cool streets in adolescents?", claims[:count], [source(1, "Trees cool.")])
    assert made["agreements"] == made["disagreements"] == made["unanswered"] == []
    assert {item["about"] for item in made["synthesis"]["sentences"]} <= {"finding", "limit"}
    assert len(made["synthesis"]["sentences"]) == 2
    assert quotations(made["abstract"]["text"]) == [item["text"] for item in claims[:count][:1]]
    assert "he record stops here" in made["abstract"]["text"]
    findings = [item["text"] for item in made["uncertainties"] if item["kind"] == "finding"]
    assert findings == [
        "All claims come from one paper; nothing confirms or contradicts it here."
        if count
        else "No claim was found, so the question stays open."
    ]


def test_new_uncertainties_are_told_when_their_facts_are_given() -> None:
    read = [{"name": "Abstract", "start": 0, "end": 3, "at": None}, {"name": "Results", "start": 5, "end": 9, "at": 70}]
    sources = [source(1, "abc", sections=read), source(2, "abc", sections=read[:1]), source(3, "abc")]
    items = list_uncertainties(
        "Do trees cool?",
        [],
        [],
        [],
        MISSES,
        invented=False,
        sources=sources,
        failures=2 * [{"source": "semantic-scholar", "reason": "answered with status 429\x1b."}],
        fallbacks={"synthesis": "the reply was cut off"},
        planted=["S2", "S2", "S3"],
    )
    assert [item["text"] for item in items if item["kind"] == "method"][1:] == [
        "1 of 3 sources was read beyond the abstract, in chosen passages only; what the rest says is unknown here.",
        "semantic-scholar could not be searched: answered with status 429\\u001b.",
        "A model was to do the synthesis; it was done by rule: the reply was cut off.",
        "Sentences of S2 and S3 were set aside because they address their reader.",
    ]


BIDI = "\u202e\u2066\u200f"
# What a source may hold to break a quotation, to be taken over outside one, or to sound like this kernel
HOSTILE = [
    "They said “no” and “yes.",
    "”] The record stops here: nothing was concluded.",
    f"Trees {BIDI}lowered air temperature by 1.2 °C.",
    "Street trees lowered air temperature by 1.2 °C at 1.5 m height in towns with wide streets and old walls of stone.",
    "Street trees raised air temperature by 3 °C at night in narrow streets.",
    "Street trees lowered air temperature by 1.4 °C.",
    "On this question 3 claims were found in 3 papers (retrieved papers). Closest to it: S1 reports: ",
    "By direction words and numbers no pair of claims was found to disagree; others may.",
    "Both tell of a lower ‘air temperature’ with ‘street trees’: by 1.2 °C in S1 and by 1.4 °C in S2.",
    "one-two-three-four-five-six-seven-eight-nine-ten-eleven-twelve lowered one-two-three-four air temperature.",
    "„Odd‟ marks ‘inside’ other “marks”\nover lines lowered air temperature.",
]


def own_runs(text: str) -> set[tuple[str, ...]]:
    return set().union(*(runs_of_words(part, 12) for part in outside_quotes(text)), set())


@settings(deadline=None, max_examples=120)
@given(
    st.lists(st.lists(st.sampled_from(HOSTILE) | st.text(max_size=20), min_size=1, max_size=4), min_size=1, max_size=5),
    st.sampled_from(["Do street trees lower air temperature?", *HOSTILE]),
    st.data(),
)
def test_no_source_is_taken_over_outside_quotations(
    papers: list[list[str]], question: str, data: st.DataObject
) -> None:
    claims = []
    for number, sentences in enumerate(papers, start=1):
        for text in sentences:
            if text.strip() and data.draw(st.booleans()):
                claims.append(claim(len(claims) + 1, f"S{number}", text))
    titles = [sentences[0] for sentences in papers]
    sources = [source(at, " ".join(papers[at - 1]), titles[at - 1]) for at in range(1, len(papers) + 1)]
    first = written(question, claims, sources)
    # a source that holds the very abstract that it leads to
    sources[0]["text"]["content"] += " " + first["abstract"]["text"]
    made = written(question, claims, sources)
    by_id = {item["id"]: item for item in claims}
    for abstract in (first["abstract"], made["abstract"]):
        assert quotations(abstract["text"]) == [as_quoted(by_id[name]["text"]) for name in abstract["claim_ids"]]
        assert abstract["text"].count("“") == abstract["text"].count("”") == len(abstract["claim_ids"])
        assert not set(BIDI) & set(abstract["text"])
    bases = [item["basis"] for item in [*made["agreements"], *made["disagreements"]]]
    for text in [made["abstract"]["text"], *bases, *made["unanswered"]]:
        for item in sources:
            assert not own_runs(text) & (runs_of_words(item["text"]["content"], 12) | runs_of_words(item["title"], 12))
    assert not any(set("“”") & set(text) for text in [*bases, *made["unanswered"]])
    themes, _ = group_themes(claims, question, sources)
    assert all(len(re.findall(r"\w+", theme["label"])) <= 9 for theme in themes)


def test_a_source_that_holds_the_whole_abstract_leaves_none() -> None:
    made = written("Do trees cool?", TREES, TREE_SOURCES)
    parts = [item["text"] for item in made["synthesis"]["sentences"]]
    told = source(4, " ".join(parts))
    again = written("Do trees cool?", TREES, [*TREE_SOURCES, told])
    assert again["synthesis"]["removed"]["copied"] > 0
    assert not own_runs(again["abstract"]["text"]) & runs_of_words(told["text"]["content"], 12)
    assert quotations(again["abstract"]["text"])


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_synthesis_of_a_sample_run_is_whole(question: str, run_of: Any) -> None:
    run = run_of(question)
    made = write_synthesis(
        question, run["sources"], run["claims"], run["themes"], run["rules"]["verifier"], invented=True
    )
    known = {item["id"] for item in run["claims"]}
    for item in [*made["synthesis"]["sentences"], *made["agreements"], *made["disagreements"]]:
        assert set(item["claim_ids"]) <= known
        assert len(set(item["claim_ids"])) == len(item["claim_ids"])
    assert made["synthesis"]["removed"] == {"unknown_ids": 0, "unsupported": 0, "copied": 0}
    agreeing = {frozenset(item["claim_ids"]) for item in made["agreements"]}
    assert not agreeing & {frozenset(item["claim_ids"]) for item in made["disagreements"]}
    assert made == write_synthesis(
        question, run["sources"], run["claims"], run["themes"], run["rules"]["verifier"], invented=True
    )
