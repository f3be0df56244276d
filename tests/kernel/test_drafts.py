"""Drafts into run records: the three real ones field by field, and invented ones for everything that can be wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.drafts import layout, parse_draft, read_draft
from generator.kernel.facts import Facts, load_facts, unused_facts
from generator.manifest import contracts
from generator.manifest.problems import Problem, Problems, UsageError

REAL = Path(__file__).parents[2] / ".." / "shared" / "reference" / "drafts"
real = pytest.mark.skipif(not REAL.is_dir(), reason=f"the reference drafts are not at {REAL}")

METHODOLOGY = (
    "Multi-query arXiv search (4 parallel queries, Relevance-sorted). TF-IDF cosine semantic verification (bigrams, "
    "threshold=0.15). NIM nv-embedqa-e5-v5 (dim=1024) for semantic indexing. Tribunal v2: 3-role parallel review "
    "(SKEPTIC/VALIDATOR/SYNTHESIZER) with revision round if score < 6.5."
)
RESULTS = (
    "7 papers retrieved. 2 claims extracted, 1 verified. Tribunal: 5.0/10 → REVISE (revision_round=1). "
    "Policy: ESCALATE_TO_OWNER."
)
DRAFT = f"""
SOVEREIGN: How stable is routing in sparse models?

SOVEREIGN Research Kernel

Autonomous draft — Owner review required before publication

May 28, 2026

Abstract

Routing settles early.

1 Introduction

Analysis of: A Survey of Expert Routing. Research goal: How stable is routing in sparse models?.

2 Methodology

{METHODOLOGY}

3 Results

{RESULTS}

4 Uncertainties

The sample is small. Tribunal consensus is LLM-based and prompt-sensitive.

5 Extracted Claims

Claim\tVerified\tConfidence
Routing settles early.\t✓\t0.21
Routing never settles.\t×\t0.05

References

- <http://arxiv.org/abs/2505.20225v1>
- <http://arxiv.org/abs/2410.17954v2>
"""


def changed(*pairs: tuple[str, str]) -> str:
    text = DRAFT
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


def parsed(text: str, facts: Facts | None = None) -> dict[str, Any]:
    return parse_draft(text, file_name="d.txt", sha256="0" * 64, facts=facts)


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(Problems) as caught:
        parsed(text)
    return caught.value.problems


def notes_of(run: dict[str, Any]) -> list[str]:
    return list(run["origin"]["draft"]["discrepancies"])


# --- the three real drafts ------------------------------------------------------------------------------------------

UNSAID = {
    "mode": None,
    "method": None,
    "version": None,
    "model": None,
    "prompt_sha256": None,
    "params": {},
    "fallback_reason": None,
}
REFERENCE_RUNS = {
    "expertflow-2026-05-28.txt": {
        "dated": "2026-05-28",
        "title": "How robust is ExpertFlow’s token scheduling in MoE vision-language models to distribution shifts in "
        "attribute",
        "question": "How robust is ExpertFlow’s token scheduling in MoE vision-language models to distribution shifts "
        "in attribute binding tasks on AMBER across different expert activation budgets compared to dense baselines?",
        "declared": (12, 10, 1, 5.0, "REVISE", 1, "ESCALATE_TO_OWNER"),
        "marks": "××××××××✓×",
        "confidences": [0.05, 0.08, 0.07, 0.05, 0.01, 0.06, 0.10, 0.13, 0.21, 0.07],
        "cut": [1, 6, 7, 8, 9],
        "papers": [("2505.20225", 1), ("2602.09258", 1), ("2410.17954", 2)],
        "facts": ("E50A8461", "parsed source sections", "available", "none"),
    },
    "flame-moe-2026-05-27.txt": {
        "dated": "2026-05-27",
        "title": "FLAME-MoE: A Transparent End-to-End Research Platform for Mixture-of-Experts Lan",
        "question": "What is the impact of token scheduling in ExpertFlow on attribute binding accuracy (e.g., on "
        "AMBER) relative to dense baselines under varying expert activation budgets in MoE vision-language models?",
        "declared": (10, 8, 8, 7.8, "APPROVE", 0, "AUTO_APPROVE"),
        "marks": "✓" * 8,
        "confidences": [0.35, 0.19, 0.25, 0.30, 0.21, 0.21, 0.19, 0.33],
        "cut": [0, 3],
        "papers": [("2603.11114", 1), ("2410.17954", 2), ("2505.20225", 1)],
        "facts": ("183ECE99", "not publicly specified", "available", "registered"),
    },
    "lynx-2026-05-28.txt": {
        "dated": "2026-05-28",
        "title": "Does the Lynx token scheduling approach generalize to other sparse MoE architectures (e.g., Mixtral "
        "8x7B, Deep",
        "question": "Does the Lynx token scheduling approach generalize to other sparse MoE architectures (e.g., "
        "Mixtral 8x7B, DeepSeek-MoE) for document-based QA tasks, and what is the accuracy-throughput trade-off "
        "relative to static expert routing methods?",
        "declared": (10, 9, 1, 3.5, "REJECT", 0, "ESCALATE_TO_OWNER"),
        "marks": "×××✓×××××",
        "confidences": [0.06, 0.10, 0.06, 0.21, 0.13, 0.08, 0.04, 0.03, 0.05],
        "cut": [1, 3, 4, 5, 7],
        "papers": [("2505.20225", 1), ("2410.17954", 2), ("2401.04088", 1)],
        "facts": (None, "not publicly specified", "available", "none"),
    },
}


@real
@pytest.mark.parametrize("name", sorted(REFERENCE_RUNS))
def test_a_reference_draft_is_read_field_by_field(name: str) -> None:
    want = REFERENCE_RUNS[name]
    run = read_draft(REAL / name, load_facts(REAL / "import.yml")).run
    assert contracts.validate(run, "synthesis-run", file=name) == []
    draft = run["origin"]["draft"]
    assert run["origin"]["mode"] == "imported"
    assert run["origin"]["kernel"] == {"name": "SOVEREIGN Research Kernel", "version": None}
    assert run["origin"]["dated"] == want["dated"]
    assert (run["origin"]["started_at"], run["origin"]["seed"], run["origin"]["corpus"]) == (None, None, None)
    keys = ("published_id", "claim_record_source", "report_artifact", "external_record")
    assert tuple(draft[key] for key in keys) == want["facts"]
    assert draft["file_name"] == name
    assert draft["notice"] == "Autonomous draft — Owner review required before publication"
    assert draft["methodology"] == run["methodology"] == METHODOLOGY
    assert tuple(draft["declared"].values()) == want["declared"]
    assert draft["discrepancies"] == []
    assert run["title"] == {"text": want["title"], "truncated_at_source": True, "produced_by": UNSAID}
    assert run["question"] == {"text": want["question"], "language": None}
    analysed = "FLAME-MoE: A Transparent End-to-End Research Platform for Mixture-of-Experts Language Models"
    assert run["introduction"]["text"] == f"Analysis of: {analysed}. Research goal: {want['question']}."
    assert run["introduction"]["truncated_at_source"] is False
    assert run["abstract"]["text"].endswith("64 experts with top-8 gating and 2 shared experts—closely refle")
    assert (run["abstract"]["truncated_at_source"], run["abstract"]["claim_ids"]) == (True, [])
    assert (run["queries"], run["query_count"]) == ([], 4)
    assert run["retrieval"] == {
        "method": "Multi-query arXiv search (4 parallel queries, Relevance-sorted)",
        "papers_retrieved": want["declared"][0],
        "papers_used": None,
        "excluded": [],
        "produced_by": UNSAID,
    }
    assert run["semantic_index"]["model"] == "nv-embedqa-e5-v5"
    assert (run["semantic_index"]["dimensions"], run["semantic_index"]["method"]) == (1024, None)
    assert (run["themes"], run["disagreements"]) == ([], [])
    assert run["policy"]["outcome"] == want["declared"][6]


@real
@pytest.mark.parametrize("name", sorted(REFERENCE_RUNS))
def test_claims_review_and_references_of_a_reference_draft(name: str) -> None:
    want = REFERENCE_RUNS[name]
    run = read_draft(REAL / name).run
    claims = run["claims"]
    assert [claim["id"] for claim in claims] == [f"C{number + 1}" for number in range(len(claims))]
    assert "".join("✓" if claim["verification"]["verified"] else "×" for claim in claims) == want["marks"]
    assert [claim["verification"]["confidence"] for claim in claims] == want["confidences"]
    assert [index for index, claim in enumerate(claims) if claim["truncated_at_source"]] == want["cut"]
    for claim in claims:
        assert claim["grounding"] == {"state": "declared", "source_id": None, "locator": None}
        assert (claim["verification"]["threshold"], claim["verification"]["method"]) == (0.15, "tfidf-bigram-v1")
        assert claim["produced_by"] == UNSAID
    tribunal = run["tribunal"]
    assert (tribunal["version"], tribunal["kind"], tribunal["rounds"]) == ("v2", "model", [])
    assert (tribunal["score"], tribunal["verdict"], tribunal["revision_round"]) == want["declared"][3:6]
    roles = "SKEPTIC/VALIDATOR/SYNTHESIZER"
    assert tribunal["produced_by"]["params"] == {"reviewers": 3, "roles": roles, "revision_below": 6.5}
    assert [item["text"] for item in run["uncertainties"]] == [
        "NIM free tier latency varies.",
        "TF-IDF verification is a weak signal.",
        "arXiv Relevance ranking is query-dependent.",
        "Tribunal consensus is LLM-based and prompt-sensitive.",
    ]
    assert [(source["paper_id"], source["version"]) for source in run["sources"]] == want["papers"]
    assert [source["url"] for source in run["sources"]] == [
        f"http://arxiv.org/abs/{paper}v{version}" for paper, version in want["papers"]
    ]
    assert {source["origin"] for source in run["sources"]} == {"draft reference"}
    assert {source["status"] for source in run["sources"]} == {"not checked"}
    assert {source["title"] for source in run["sources"]} == {None}


@real
def test_the_owner_s_decision_comes_beside_the_run_and_not_in_it() -> None:
    facts = load_facts(REAL / "import.yml")
    decisions = {name: read_draft(REAL / name, facts).decision for name in REFERENCE_RUNS}
    assert decisions["expertflow-2026-05-28.txt"] == {
        "run_id": None,
        "decision": "publish",
        "by": None,
        "reason": None,
        "decided_at": None,
        "recorded_from": "import facts",
    }
    assert decisions["flame-moe-2026-05-27.txt"] is None
    assert decisions["lynx-2026-05-28.txt"] is None
    assert "owner_decision" not in str(read_draft(REAL / "expertflow-2026-05-28.txt", facts).run)


# --- drafts not seen before -----------------------------------------------------------------------------------------


def test_the_invented_draft_is_a_valid_run() -> None:
    assert contracts.validate(parsed(DRAFT), "synthesis-run", file="d.txt") == []


@pytest.mark.parametrize(
    "variant",
    [
        DRAFT.replace("\n", "\r\n"),
        DRAFT.replace("\n", "\r"),
        DRAFT.replace("\n", "  \n"),
        DRAFT.rstrip("\n"),
        DRAFT.replace("\n\n", "\n\n\n\n"),
        DRAFT.replace("→", "->"),
        DRAFT.replace("5.0/10", "5/10"),
        DRAFT.replace("5.0/10", "5.0 / 10.0"),
        DRAFT.replace("✓", "✔\ufe0f").replace("×", "✗"),
        DRAFT.replace("May 28, 2026", "2026-05-28"),
        DRAFT.replace("May 28, 2026", "28 May 2026"),
        DRAFT.replace("May 28, 2026", "Date: May 28th 2026"),
        DRAFT.replace("1 Introduction", "Introduction").replace("5 Extracted Claims", "EXTRACTED CLAIMS:"),
        DRAFT.replace("2 Methodology", "II. Methodology").replace("3 Results", "## 7. Results"),
        DRAFT.replace("- <http", "* <http"),
        DRAFT.replace("<http://arxiv.org/abs/2505.20225v1>", "http://arxiv.org/abs/2505.20225v1"),
        DRAFT.replace("routing in sparse models?\n\nSOV", "routing\nin sparse models?\n\nSOV"),
    ],
)
def test_writing_habits_change_nothing(variant: str) -> None:
    assert variant != DRAFT
    assert parsed(variant) == parsed(DRAFT)


def test_a_byte_order_mark_changes_the_digest_only(tmp_path: Path) -> None:
    path = tmp_path / "d.txt"
    path.write_bytes(b"\xef\xbb\xbf" + DRAFT.encode())
    run = read_draft(path).run
    assert run["title"]["text"] == "How stable is routing in sparse models?"
    run["origin"]["draft"]["sha256"] = "0" * 64
    assert run == parsed(DRAFT)


def test_missing_sections_are_null_and_empty() -> None:
    text = DRAFT[: DRAFT.index("1 Introduction")]
    run = parsed(text)
    assert run["question"]["text"] is None
    assert run["introduction"] is None
    assert run["methodology"] is None
    assert (run["claims"], run["sources"], run["uncertainties"], run["queries"]) == ([], [], [], [])
    assert (run["query_count"], run["semantic_index"], run["policy"]["outcome"]) == (None, None, None)
    assert set(run["origin"]["draft"]["declared"].values()) == {None}
    tribunal = run["tribunal"]
    assert [tribunal[key] for key in ("version", "kind", "score", "verdict", "revision_round")] == [None] * 5


def test_a_draft_that_says_little_is_read_and_nothing_is_filled_in(tmp_path: Path) -> None:
    path = tmp_path / "my draft (2).txt"
    path.write_text("On expert routing\n\nAbstract\n\nRouting was studied.\n", encoding="utf-8")
    run = read_draft(path).run
    assert run["origin"]["draft"]["file_name"] == "my draft (2).txt"
    assert (run["origin"]["dated"], run["origin"]["kernel"]) == (None, {"name": None, "version": None})
    assert (run["question"]["text"], run["tribunal"]["version"], run["tribunal"]["score"]) == (None, None, None)


@pytest.mark.parametrize(
    "table",
    ["Claim\tVerified\tConfidence\n", "", "None.\n"],
)
def test_an_empty_claim_table_counts_nothing(table: str) -> None:
    rows = DRAFT[DRAFT.index("Claim\tVerified") : DRAFT.index("\nReferences")]
    run = parsed(changed((rows, table)))
    assert run["claims"] == []
    assert notes_of(run)[:2] == [
        "The draft declares 2 claims extracted; its claim table shows 0.",
        "The draft declares 1 claims verified; its claim table shows 0.",
    ]


def test_an_absent_claim_table_is_named() -> None:
    run = parsed(DRAFT[: DRAFT.index("5 Extracted Claims")] + DRAFT[DRAFT.index("References") :])
    assert notes_of(run)[0] == "The draft declares 2 claims extracted; it has no claim table."


def test_a_declared_count_that_the_table_denies_is_kept_beside_it() -> None:
    run = parsed(changed(("1 verified", "8 verified")))
    assert run["origin"]["draft"]["declared"]["claims_verified"] == 8
    assert notes_of(run) == ["The draft declares 8 claims verified; its claim table shows 1."]


@pytest.mark.parametrize(
    ("row", "note"),
    [
        ("✓\t0.05", "Claim C1 is marked verified, but its confidence 0.05 is below the threshold 0.15."),
        ("×\t0.21", "Claim C1 is marked not verified, but its confidence 0.21 is not below the threshold 0.15."),
        ("×\t0.15", None),  # a confidence of 0.149 is printed so
        ("\t0.21", None),
    ],
)
def test_a_mark_that_its_confidence_denies_is_named(row: str, note: str | None) -> None:
    said = [text for text in notes_of(parsed(changed(("✓\t0.21", row)))) if text.startswith("Claim ")]
    assert said == ([note] if note else [])


def test_a_draft_cannot_approve_itself_against_the_rules() -> None:
    run = parsed(changed(("→ REVISE", "→ APPROVE"), ("ESCALATE_TO_OWNER", "AUTO_APPROVE")))
    assert run["origin"]["draft"]["declared"]["policy"] == "AUTO_APPROVE"
    assert run["tribunal"]["verdict"] == "APPROVE"
    assert (run["policy"]["outcome"], run["policy"]["rule"]) == ("ESCALATE_TO_OWNER", "*")
    assert notes_of(run) == [
        "The draft's verdict is APPROVE; the rules give REVISE for a score of 5.0 with 1 verified claim."
    ]


def test_a_policy_that_its_verdict_denies_is_named() -> None:
    run = parsed(changed(("ESCALATE_TO_OWNER", "AUTO_APPROVE")))
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"
    assert notes_of(run) == ["The draft's policy is AUTO_APPROVE; the rules give ESCALATE_TO_OWNER for REVISE."]


def test_what_results_say_beyond_the_record_s_fields_is_kept() -> None:
    run = parsed(changed(("7 papers retrieved.", "7 papers retrieved. Two were preprints.")))
    assert notes_of(run) == ["The Results section also says, outside the record's fields: “Two were preprints”."]


def test_the_review_is_a_model_s_only_where_the_draft_says_so() -> None:
    run = parsed(changed((" Tribunal consensus is LLM-based and prompt-sensitive.", "")))
    assert (run["tribunal"]["kind"], run["tribunal"]["produced_by"]["mode"]) == (None, None)
    assert run["uncertainties"] == [{"kind": None, "text": "The sample is small."}]


@pytest.mark.parametrize(
    ("method", "name", "threshold"),
    [
        ("TF-IDF cosine verification (bigrams, threshold=0.2).", "tfidf-bigram-v1", 0.2),
        ("TF-IDF cosine verification (threshold=0.15).", None, 0.15),
        ("BM25 verification.", None, None),
    ],
)
def test_the_verifier_is_named_only_as_the_methodology_says(
    method: str, name: str | None, threshold: float | None
) -> None:
    run = parsed(changed(("TF-IDF cosine semantic verification (bigrams, threshold=0.15).", method)))
    checked = run["claims"][0]["verification"]
    assert (checked["method"], checked["threshold"]) == (name, threshold)


@pytest.mark.parametrize(
    ("kernel", "name", "version", "prefix"),
    [
        ("SOVEREIGN Research Kernel", "SOVEREIGN Research Kernel", None, "SOVEREIGN"),
        ("ACME Review Engine v2.1", "ACME Review Engine", "2.1", "ACME"),
        ("srch-kernel 0.1.0", "srch-kernel", "0.1.0", "srch-kernel"),
    ],
)
def test_other_kernels(kernel: str, name: str, version: str | None, prefix: str) -> None:
    run = parsed(changed(("SOVEREIGN Research Kernel", kernel), ("SOVEREIGN: ", f"{prefix}: ")))
    assert run["origin"]["kernel"] == {"name": name, "version": version}
    assert run["title"]["text"] == "How stable is routing in sparse models?"


@pytest.mark.parametrize(
    ("title", "cut"),
    [
        ("A Survey of Expert Routing", False),  # the analysed paper's whole title
        ("How stable is routing in sparse models", False),  # the whole question but for its mark
        ("How stable is routing in sp", True),
        ("A Survey of Expert", True),
        ("Something else without a full stop", False),
        ("Something else that trails off...", True),
        ("x" * 80, True),
        ("x" * 110, True),
        ("x" * 79 + "?", False),
        ("x" * 100, False),
    ],
)
def test_when_a_title_counts_as_cut(title: str, cut: bool) -> None:
    run = parsed(changed(("SOVEREIGN: How stable is routing in sparse models?", f"SOVEREIGN: {title}")))
    assert (run["title"]["text"], run["title"]["truncated_at_source"]) == (title, cut)


def test_apostrophes_do_not_hide_a_cut() -> None:
    question = "How robust is ExpertFlow’s routing?"
    run = parsed(changed(("How stable is routing in sparse models?.", f"{question}."), ("N: How stable is rou", "N: ")))
    assert run["question"]["text"] == question
    text = changed(("How stable is routing in sparse models?.", f"{question}."))
    run = parsed(text.replace("SOVEREIGN: How stable is routing in sparse models?", "How robust is ExpertFlow's"))
    assert run["title"] == {"text": "How robust is ExpertFlow's", "truncated_at_source": True, "produced_by": UNSAID}


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("It ends.", False),
        ("It ends (really)", False),
        ("He said “it ends”", False),
        ("Does it end?", False),
        ("它结束了。", False),
        ("It does not en", True),
        ("It does not end—", True),
        ("It does not end, ", True),
        ("It does not end…", True),
        ("It does not end...", True),
        ("By 2.4e20", True),
    ],
)
def test_when_a_sentence_counts_as_cut(text: str, cut: bool) -> None:
    abstract = ("Abstract\n\nRouting settles early.", f"Abstract\n\n{text}")
    run = parsed(changed(abstract, ("Routing never settles.", text)))
    assert (run["abstract"]["truncated_at_source"], run["claims"][1]["truncated_at_source"]) == (cut, cut)
    assert run["claims"][1]["text"] == text.strip()


@pytest.mark.parametrize(
    ("goal", "question"),
    [
        ("Does it hold?.", "Does it hold?"),
        ("Does it hold?", "Does it hold?"),
        ("Find out whether it holds.", "Find out whether it holds."),
        ("Find out whether it holds..", "Find out whether it holds."),
        ("And then...", "And then..."),
    ],
)
def test_only_the_template_s_full_stop_leaves_the_question(goal: str, question: str) -> None:
    run = parsed(changed(("How stable is routing in sparse models?.", goal)))
    assert run["question"]["text"] == question


@pytest.mark.parametrize(
    ("reference", "want"),
    [
        ("- <https://arxiv.org/pdf/2505.20225v3.pdf>", ("2505.20225", 3, None, None)),
        ("- <https://arxiv.org/abs/hep-th/9901001>", ("hep-th/9901001", None, None, None)),
        ("- <https://doi.org/10.1234/abc>", (None, None, "10.1234/abc", None)),
        ("[1] A known title <https://example.org/a>", (None, None, None, "A known title")),
        ("- https://example.org/a?b=c#d", (None, None, None, None)),
        ("- <https://arxiv.org.example.org/abs/2505.20225>", (None, None, None, None)),
    ],
)
def test_references(reference: str, want: tuple[str | None, int | None, str | None, str | None]) -> None:
    source = parsed(changed(("- <http://arxiv.org/abs/2410.17954v2>", reference)))["sources"][1]
    assert (source["paper_id"], source["version"], source["doi"], source["title"]) == want
    assert source["url"] in reference


def test_a_reference_listed_twice_is_kept_once() -> None:
    run = parsed(changed(("2410.17954v2", "2505.20225v1")))
    assert [source["id"] for source in run["sources"]] == ["S1"]
    assert notes_of(run) == ["The references list http://arxiv.org/abs/2505.20225v1 more than once; it is kept once."]


def test_uncertainties_are_cut_at_sentences_and_not_at_abbreviations() -> None:
    text = "Some sets, e.g. AMBER, are small (cf. Fig. 2). Values near 0.15 flip. arXiv ranks by itself.\n- A last one"
    run = parsed(changed(("The sample is small. Tribunal consensus is LLM-based and prompt-sensitive.", text)))
    assert [item["text"] for item in run["uncertainties"]] == [
        "Some sets, e.g. AMBER, are small (cf. Fig. 2).",
        "Values near 0.15 flip.",
        "arXiv ranks by itself.",
        "A last one",
    ]


# --- what is wrong --------------------------------------------------------------------------------------------------

IS_DRAFT = "a draft: title, kernel, notice, date, then sections such as Abstract and Extracted Claims"
SECTIONS = "one of Abstract, Introduction, Methodology, Results, Uncertainties, Extracted Claims, References"


def line_of(part: str, text: str = DRAFT) -> str:
    return f"line {text[: text.index(part)].count(chr(10)) + 1}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "an empty file"),
        ("\n \n", "an empty file"),
        ("Dear all,\n\nsee you tomorrow.\n", 'no section heading; the text begins "Dear all,"'),
        ("\x00\x01ELF", 'no section heading; the text begins "\\u0000\\u0001ELF"'),
    ],
)
def test_what_is_no_draft_is_one_clear_error(text: str, found: str) -> None:
    mend = "Give the plain text of a draft."
    [problem] = problems_of(text)
    assert problem.found.replace("\\\\", "\\") == found
    assert (problem.file, problem.place, problem.code) == ("d.txt", "line 1", "IMP001")
    assert (problem.expected, problem.mend) == (IS_DRAFT, mend)


TRIBUNAL = "a score out of 10 and a verdict, e.g. '5.0/10 → REVISE (revision_round=1)'"
CELLS = "3 cells: claim, verified, confidence"
CELLS_MEND = "Write claim, mark and confidence, separated by one tab each."
DECIMAL = "a decimal number from 0 to 1, such as 0.15"
MARKS = "✓ (verified) or × (not verified)"
REFERENCE = "a reference such as '- <http://arxiv.org/abs/2505.20225v1>'"
REFERENCE_MEND = "Write one http or https address a line."
HEADER = "after the title: the kernel's name, a notice, and a date such as May 28, 2026 or 2026-05-28"


@pytest.mark.parametrize(
    ("old", "new", "code", "found", "expected", "mend"),
    [
        (
            "SOVEREIGN: How stable is routing in sparse models?",
            "SOVEREIGN:",
            "IMP002",
            "no title",
            "a title before the first section",
            "Put the title in the first line, e.g. 'SOVEREIGN: How robust is ...'.",
        ),
        ("May 28, 2026", "May 32, 2026", "IMP003", '"May 32, 2026"', HEADER, "Correct or remove the line."),
        ("May 28, 2026", "05/28/2026", "IMP003", '"05/28/2026"', HEADER, "Correct or remove the line."),
        (
            "May 28, 2026",
            "May 28, 2026\n\nOne\n\nTwo",
            "IMP003",
            '"One" and 1 more such lines',
            HEADER,
            "Correct or remove the line.",
        ),
        (
            "4 Uncertainties",
            "4 Discussion",
            "IMP004",
            'the section "4 Discussion"',
            SECTIONS,
            "Move its text into a known section, or remove it.",
        ),
        (
            "4 Uncertainties",
            "4 Results",
            "IMP004",
            "a second section Results; the first is at line 22",
            "each section once",
            "Join the two sections.",
        ),
        (
            "Tribunal: 5.0/10 → REVISE",
            "Tribunal: ? → 7",
            "IMP005",
            '"? → 7 (revision_round=1)."',
            TRIBUNAL,
            "Correct the Tribunal line.",
        ),
        ("5.0/10", "50/100", "IMP005", '"50/100 → REVISE (revision_round=1)."', TRIBUNAL, "Correct the Tribunal line."),
        ("5.0/10", "11/10", "IMP005", "the score 11/10", "0 to 10", "Correct the score."),
        (
            "→ REVISE",
            "→ MAYBE",
            "IMP005",
            'the verdict "MAYBE"',
            "one of APPROVE, REVISE, REJECT",
            "Correct the verdict.",
        ),
        (
            "ESCALATE_TO_OWNER",
            "PUBLISH_ALL",
            "IMP005",
            'the policy "PUBLISH_ALL"',
            "one of AUTO_APPROVE, ESCALATE_TO_OWNER",
            "Correct the policy.",
        ),
        (
            "7 papers",
            "7000000000 papers",
            "IMP005",
            'the count "7000000000"',
            "a count up to 1000000",
            "Correct the number.",
        ),
        (
            "Claim\tVerified\tConfidence",
            "Claim\tConfidence\tVerified",
            "IMP006",
            '"Claim\\tConfidence\\tVerified"',
            "the table's head: Claim, Verified, Confidence, separated by tabs",
            "Put the head above the first claim.",
        ),
        (
            "Routing never settles.\t×\t0.05",
            "Routing never\tsettles.\t×\t0.05",
            "IMP006",
            '4 cells in "Routing never\\tsettles.\\t×\\t0.05"',
            CELLS,
            CELLS_MEND,
        ),
        (
            "Routing never settles.\t×\t0.05",
            "Routing never settles.",
            "IMP006",
            '1 cell in "Routing never settles."',
            CELLS,
            CELLS_MEND,
        ),
        (
            "Routing never settles.\t×",
            "\t×",
            "IMP006",
            "an empty claim",
            "the claim's text",
            "Write the claim, or remove the row.",
        ),
        ("×\t", "yes\t", "IMP007", 'the mark "yes"', MARKS, "Correct the mark."),
        ("×\t", "[x]\t", "IMP007", 'the mark "[x]"', MARKS, "Correct the mark."),
        ("0.05", "1.05", "IMP008", 'the confidence "1.05"', DECIMAL, "Correct the number."),
        ("0.05", "NaN", "IMP008", 'the confidence "NaN"', DECIMAL, "Correct the number."),
        ("0.05", "-0.05", "IMP008", 'the confidence "-0.05"', DECIMAL, "Correct the number."),
        ("0.05", "0,05", "IMP008", 'the confidence "0,05"', DECIMAL, "Correct the number."),
        (
            "- <http://arxiv.org/abs/2410.17954v2>",
            "- <javascript:alert(1)>",
            "IMP009",
            '"- <javascript:alert(1)>"',
            REFERENCE,
            REFERENCE_MEND,
        ),
        ("- <http://arxiv.org/abs/2410.17954v2>", "- a book", "IMP009", '"- a book"', REFERENCE, REFERENCE_MEND),
        (
            "- <http://arxiv.org/abs/2410.17954v2>",
            "- <http://arxiv.org/abs/→>",
            "IMP009",
            '"- <http://arxiv.org/abs/→>"',
            REFERENCE,
            REFERENCE_MEND,
        ),
        (
            "Routing never",
            "Routing\x07 never",
            "IMP010",
            "the control character U+0007",
            "plain text",
            "Remove the character.",
        ),
        (
            "Routing never settles.",
            "x" * 4001,
            "IMP011",
            "4001 characters",
            "at most 4000 characters for one claim",
            "Shorten it.",
        ),
        (
            "threshold=0.15",
            "threshold=1.5",
            "IMP014",
            "the threshold 1.5",
            "a cosine threshold from 0 to 1",
            "Correct the number.",
        ),
        ("dim=1024", "dim=0", "IMP014", "dim=0", "an embedding of one dimension or more", "Correct the number."),
    ],
)
def test_each_error_says_where_what_and_how_to_mend(
    old: str, new: str, code: str, found: str, expected: str, mend: str
) -> None:
    text = changed((old, new))
    place = {"IMP014": line_of("2 Methodology")}.get(code) or line_of(new.replace("May 28, 2026\n\n", ""), text)
    if code == "IMP002":
        place = "line 2"
    assert problems_of(text) == (Problem("d.txt", place, code, found, expected, mend),)


def test_all_errors_of_a_file_come_at_once() -> None:
    text = changed(("→ REVISE", "→ MAYBE"), ("✓\t0.21", "ok\t2"), ("- <http://arxiv.org/abs/2505.20225v1>", "- ?"))
    assert [(problem.place, problem.code) for problem in problems_of(text)] == [
        (line_of("7 papers"), "IMP005"),
        (line_of("Routing settles early.\t"), "IMP007"),
        (line_of("Routing settles early.\t"), "IMP008"),
        (line_of("- <http://arxiv.org/abs/2505"), "IMP009"),
    ]


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_draft(tmp_path / "missing.txt")
    (tmp_path / "latin.txt").write_bytes("Abstract é".encode("latin-1"))
    with pytest.raises(Problems) as caught:
        read_draft(tmp_path / "latin.txt")
    assert [problem.code for problem in caught.value.problems] == ["REG002"]


def test_the_limits_are_the_contract_s() -> None:
    definitions = contracts.schema("synthesis-run")["$defs"]
    assert layout.LIMITS["title"] == definitions["title"]["maxLength"]
    assert layout.LIMITS["abstract"] == definitions["long_text"]["maxLength"]
    assert {layout.LIMITS[kind] for kind in ("question", "claim", "text")} == {definitions["text"]["maxLength"]}


# --- properties -----------------------------------------------------------------------------------------------------

CLAIM = st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=60).filter(str.strip)
ROW = st.tuples(CLAIM, st.sampled_from(["✓", "×", ""]), st.integers(0, 100).map(lambda value: f"{value / 100:.2f}"))


@given(st.lists(ROW, max_size=12), st.integers(0, 20), st.integers(0, 20))
def test_counts_are_the_table_s_whatever_is_declared(
    rows: list[tuple[str, str, str]], extracted: int, verified: int
) -> None:
    table = "".join("\t".join(row) + "\n" for row in rows)
    text = changed(
        ("Routing settles early.\t✓\t0.21\nRouting never settles.\t×\t0.05\n", table),
        ("2 claims extracted, 1 verified", f"{extracted} claims extracted, {verified} verified"),
    )
    run = parsed(text)
    assert [claim["text"] for claim in run["claims"]] == [claim.strip() for claim, _, _ in rows]
    marks = {"✓": True, "×": False, "": None}
    assert [claim["verification"]["verified"] for claim in run["claims"]] == [marks[mark] for _, mark, _ in rows]
    counted = sum(mark == "✓" for _, mark, _ in rows)
    said = notes_of(run)
    assert any("claims extracted" in note for note in said) == (extracted != len(rows))
    assert any("claims verified" in note for note in said) == (verified != counted)
    assert contracts.validate(run, "synthesis-run", file="d.txt") == []


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text: str) -> None:
    for candidate in (text, DRAFT + text, text + DRAFT, DRAFT.replace("Routing", text)):
        try:
            run = parsed(candidate)
        except Problems:
            continue
        assert run["title"]["text"]


# --- facts ----------------------------------------------------------------------------------------------------------


def facts_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "import.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_facts_by_draft(tmp_path: Path) -> None:
    path = facts_file(tmp_path, "- draft: a.txt\n  id: E50A8461\n  external_record: none\n- draft: b.txt\n")
    assert load_facts(path) == {
        "a.txt": Facts("a.txt", id="E50A8461", external_record="none"),
        "b.txt": Facts("b.txt"),
    }
    assert load_facts(facts_file(tmp_path, "# nothing yet\n")) == {}


KEYS = "one of draft, id, claim_record_source, report_artifact, external_record, owner_decision"
ID_MEND = "Write the id without 'SRCH:', in upper case, in quotes if it is all digits."


@pytest.mark.parametrize(
    ("text", "want"),
    [
        (
            "draft: a.txt\n",
            ("", "IMP020", '{"draft": "a.txt"}', "a list of entries"),
        ),
        ("- a.txt\n", ("/0", "IMP020", '"a.txt"', "an entry with keys")),
        ("- draft: a.txt\n  doi: x\n", ("/0/doi", "IMP021", 'the key "doi"', KEYS)),
        ("- id: E50A8461\n", ("/0/draft", "IMP021", "no key draft", "a file name without folders")),
        ("- draft: x/a.txt\n", ("/0/draft", "IMP021", '"x/a.txt"', "a file name without folders")),
        ("- draft: a.txt\n- draft: a.txt\n", ("/1/draft", "IMP022", '"a.txt" again', "one entry per draft")),
        ("- draft: a.txt\n  id: e50a8461\n", ("/0/id", "IMP021", '"e50a8461"', "8 to 64 upper-case hex digits")),
        ("- draft: a.txt\n  id: 12345678\n", ("/0/id", "IMP021", "12345678", "8 to 64 upper-case hex digits")),
        (
            "- draft: a.txt\n  id: E50A8461\n- draft: b.txt\n  id: E50A8461\n",
            ("/1/id", "IMP022", '"E50A8461" again', "each id once"),
        ),
        (
            "- draft: a.txt\n  owner_decision: maybe\n",
            ("/0/owner_decision", "IMP021", '"maybe"', 'one of "publish", "reject"'),
        ),
        (
            "- draft: a.txt\n  external_record: yes\n",
            ("/0/external_record", "IMP021", "true", 'one of "registered", "none"'),
        ),
    ],
)
def test_each_error_of_the_facts_file(tmp_path: Path, text: str, want: tuple[str, str, str, str]) -> None:
    path = facts_file(tmp_path, text)
    with pytest.raises(Problems) as caught:
        load_facts(path)
    [problem] = caught.value.problems
    assert (problem.file, problem.place, problem.code, problem.found, problem.expected) == (str(path), *want)
    assert problem.mend
    if problem.place.endswith("/id") and problem.code == "IMP021":
        assert problem.mend == ID_MEND


def test_an_unused_fact_is_a_warning() -> None:
    facts = {"a.txt": Facts("a.txt"), "b.txt": Facts("b.txt")}
    assert unused_facts(facts, ["a.txt"], file="import.yml") == [
        Problem(
            "import.yml",
            "/1/draft",
            "IMP023",
            '"b.txt"',
            "the name of a given draft",
            "Name that draft too, or correct the file name in the entry.",
        )
    ]


def test_facts_enter_the_run(tmp_path: Path) -> None:
    run = parsed(DRAFT, Facts("d.txt", id="E50A8461", owner_decision="reject"))
    assert run["origin"]["draft"]["published_id"] == "E50A8461"
    assert run["origin"]["draft"]["external_record"] is None
    path = tmp_path / "d.txt"
    path.write_text(DRAFT, encoding="utf-8")
    imported = read_draft(path, {"d.txt": Facts("d.txt", owner_decision="reject")})
    assert imported.decision is not None
    assert imported.decision["decision"] == "reject"
    decision = {**imported.decision, "run_id": "0" * 64}
    assert contracts.is_valid(decision, "synthesis-run", definition="decision")
