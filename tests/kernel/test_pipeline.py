"""From a question to a run: the same bytes each time, resumable at any point, honest about what was not found."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel import pipeline, tribunal
from generator.kernel.pipeline import execute
from generator.kernel.request import Request, checked_question, folder_name, load_request, unfinished
from generator.kernel.stages import STAGES
from generator.kernel.verification import methods
from generator.manifest import cards, runs
from generator.manifest.canonical import digest, stored_bytes
from generator.manifest.problems import UsageError
from generator.manifest.strict import load_json

QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
CLOCK = "2026-01-02T03:04:05Z"
REQUEST = Request(QUESTION, CLOCK, seed=7)
NAMES = [f"stages/{number:02d}-{stage.name}.json" for number, stage in enumerate(STAGES, start=1)]
FILES = sorted([*NAMES, "request.json", "report.html", "report.pdf", "run.json"])

OTHER_VERSION = "begun with another version of kernel or corpus; remove the folder and run it again"
NO_REQUEST = "not a run request; remove the folder and run the question again"

TWO_FOR_EACH_TOPIC = {
    "A": [
        "Does loss-free balancing improve accuracy of mixture-of-experts language models?",
        "Does load balancing suppress expert specialisation?",
    ],
    "B": [
        "Does retrieving more passages increase or reduce hallucination?",
        "How do irrelevant passages affect answers of retrieval-augmented generation?",
    ],
    "C": [
        "Does 2D passivation improve the stability of perovskite solar cells at 85 °C?",
        "Is excess lead iodide good or bad for perovskite stability?",
    ],
    "D": [QUESTION, "Do street trees warm or cool streets at night?"],
    "E": [
        "Does sleep restriction impair declarative memory in adolescents?",
        "Do later school starts change sleep and learning of adolescents?",
    ],
}


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    execute(REQUEST, folder, resume=False)
    return folder


@pytest.fixture
def begun(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run that a test may cut short."""
    shutil.copytree(finished, tmp_path / "run")
    return tmp_path / "run"


def test_a_run_leaves_these_files(finished: Path) -> None:
    assert sorted(contents(finished)) == FILES


def test_another_process_writes_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from generator.kernel.pipeline import execute; "
        "from generator.kernel.request import Request; "
        "execute(Request(sys.argv[1], sys.argv[2], seed=7), Path(sys.argv[3]), resume=False)"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345", "TZ": "Pacific/Chatham", "SOURCE_DATE_EPOCH": "1"}
    subprocess.run(
        [sys.executable, "-c", script, QUESTION, CLOCK, str(tmp_path / "run")],
        check=True,
        env=environment,
        cwd=tmp_path,
        timeout=120,
    )
    assert contents(tmp_path / "run") == contents(finished)


@pytest.mark.parametrize("kept", range(len(NAMES) + 1))
def test_a_run_cut_short_after_any_stage_goes_on_to_the_same_bytes(begun: Path, finished: Path, kept: int) -> None:
    for name in [*NAMES[kept:], "run.json", "report.pdf", "report.html"]:
        (begun / name).unlink()
    assert unfinished(begun.parent) == [begun]
    told: list[str] = []
    execute(load_request(begun), begun, resume=True, progress=lambda *row: told.append(row[2]))
    assert contents(begun) == contents(finished)
    assert told == [*(stage.name for stage in STAGES), "report"]
    assert unfinished(begun.parent) == []


def test_stages_that_are_there_are_not_made_again(begun: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (begun / "run.json").unlink()

    def never(*_: Any) -> Any:
        raise AssertionError("made again")

    monkeypatch.setattr(pipeline, "STAGES", tuple(replace(stage, make=never) for stage in STAGES))
    execute(REQUEST, begun, resume=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("damage", ["cut", "changed", "of another input", "empty"])
def test_a_stage_file_that_is_not_sound_is_made_again(begun: Path, finished: Path, name: str, damage: str) -> None:
    (begun / "run.json").unlink()
    path = begun / name
    if damage == "cut":
        path.write_bytes(path.read_bytes()[:-20])
    elif damage == "empty":
        path.write_bytes(b"")
    else:
        stored = load_json(path)
        if damage == "changed":
            stored["output"]["injected"] = "not from this kernel"
        else:
            stored["input_sha256"] = "0" * 64
        path.write_bytes(stored_bytes(stored))
    execute(REQUEST, begun, resume=True)
    assert contents(begun) == contents(finished)


def test_a_missing_report_is_made_again_from_the_record(begun: Path, finished: Path) -> None:
    (begun / "report.pdf").unlink()
    execute(REQUEST, begun, resume=False)
    assert contents(begun) == contents(finished)


def test_a_finished_run_is_returned_as_it_is(begun: Path) -> None:
    before = contents(begun)
    again = execute(Request(QUESTION, "2030-01-01T00:00:00Z", seed=7), begun, resume=False)
    assert contents(begun) == before
    assert again.run["origin"]["started_at"] == CLOCK


def test_a_resumed_run_keeps_the_time_at_which_it_began(begun: Path, finished: Path) -> None:
    (begun / "run.json").unlink()
    execute(Request(QUESTION, "2030-01-01T00:00:00Z", seed=7), begun, resume=True)
    assert contents(begun) == contents(finished)


def test_an_unfinished_run_needs_resume(begun: Path) -> None:
    (begun / "run.json").unlink()
    with pytest.raises(UsageError) as refused:
        execute(REQUEST, begun, resume=False)
    assert str(refused.value) == f"{begun}: an unfinished run of this question; add --resume to go on with it"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"corpus_sha256": "0" * 64}, OTHER_VERSION),
        ({"kernel": {"name": "x", "version": "9"}}, OTHER_VERSION),
        ({"verifier": None}, OTHER_VERSION),
        ({"question": "?!"}, NO_REQUEST),
        ({"seed": "many"}, NO_REQUEST),
        ({"retrieval": {"unknown": 1}}, NO_REQUEST),
    ],
)
def test_a_request_that_is_not_this_kernel_s_is_refused(begun: Path, change: dict[str, Any], reason: str) -> None:
    (begun / "run.json").unlink()
    file = begun / "request.json"
    file.write_bytes(stored_bytes({**load_json(file), **change}))
    with pytest.raises(UsageError) as refused:
        execute(REQUEST, begun, resume=True)
    assert str(refused.value) == f"{file}: {reason}"


def test_the_chain_of_hashes_holds(finished: Path) -> None:
    chain = digest(load_json(finished / "request.json"))
    for name in NAMES:
        stored = load_json(finished / name)
        assert stored["input_sha256"] == chain
        assert stored["output_sha256"] == digest([stored["output"], stored["costs"]])
        chain = digest({"input": chain, "output": stored["output"]})


def test_another_question_or_seed_gets_another_folder_and_another_hour_does_not() -> None:
    name = folder_name(REQUEST)
    assert re.fullmatch(r"how-do-street-trees-compare-with-cool-ro-[0-9a-f]{8}", name)
    assert folder_name(Request(QUESTION, "2030-01-01T00:00:00Z", seed=7)) == name
    others = {
        folder_name(Request(QUESTION + " ", CLOCK, seed=7)),
        folder_name(Request(QUESTION, CLOCK, seed=8)),
        folder_name(Request("街路樹", CLOCK)),
        folder_name(Request(QUESTION, CLOCK, seed=7, verifier="tfidf-bigram-v1")),
        name,
    }
    assert len(others) == 5
    assert re.fullmatch(r"question-[0-9a-f]{8}", folder_name(Request("街路樹", CLOCK)))


@given(st.text(max_size=600))
def test_any_text_is_a_question_on_one_printable_line_or_refused(text: str) -> None:
    try:
        question = checked_question(text)
    except UsageError as error:
        assert str(error).startswith("the question ")  # noqa: PT017
        return
    assert question == " ".join(question.split())
    assert question.translate({0x200C: None, 0x200D: None}).isprintable()
    assert 0 < len(question) <= 500
    assert checked_question(question) == question
    assert re.fullmatch(r"[a-z0-9-]{1,40}-[0-9a-f]{8}", folder_name(Request(question, CLOCK)))


def test_joiners_of_a_word_stay() -> None:
    assert checked_question("آیا خواب\u202e می\u200cتواند\u00ad؟") == "آیا خواب می\u200cتواند ؟"


def test_a_question_that_is_too_long_is_counted() -> None:
    with pytest.raises(UsageError, match=r"^the question has 501 characters; at most 500 are taken$"):
        checked_question("x" * 501)
    assert checked_question(" a\n\tb\x00c ") == "a b c"


@pytest.fixture
def by_same_words(same_words: Any, measured: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """``by_same_words(folder)`` runs the question with the small verifier, whose card meets the bar."""
    monkeypatch.setattr(methods, "verifier", lambda name: same_words)
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)

    def run(folder: Path, **options: Any) -> dict[str, Any]:
        return execute(REQUEST, folder, resume=False, **options).run

    return run


def test_a_run_names_its_verifier_and_the_rules_it_is_counted_by(by_same_words: Any, tmp_path: Path) -> None:
    told: list[str] = []
    run = by_same_words(tmp_path / "run", progress=lambda *row: told.append(row[3]))
    assert run["rules"] == cards.rules_for("same-words-v1", "1.0.0")
    assert run["rules"]["verifier"]["meets_bar"] is True
    number = len(run["claims"])
    assert f"same-words-v1 1.0.0: {number} of {number} verified" in told
    for claim in run["claims"]:
        check = claim["verification"]
        assert (check["method"], check["version"]) == ("same-words-v1", "1.0.0")
        assert (check["verified"], check["agreement"]) == (True, "single-source")
        assert check["supporting_source_ids"] == [claim["grounding"]["source_id"]]
        (passage,) = check["evidence"]
        assert passage["quote"] == claim["text"]
    assert run["policy"]["outcome"] == "AUTO_APPROVE"
    assert run["abstract"]["text"].endswith(f"{number} of {number} claims are verified by same-words-v1.")
    assert (
        "Each was held against every source by same-words-v1 1.0.0, which says of each whether it supports or refutes "
        "the claim. The measured figures of this version meet the bar, so that its verdicts count as verified."
    ) in run["methodology"]


def test_a_verifier_that_misses_the_bar_verifies_nothing_and_approves_nothing(
    by_same_words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cards, "folder", lambda: tmp_path / "no cards")
    told: list[str] = []
    run = by_same_words(tmp_path / "run", progress=lambda *row: told.append(row[3]))
    number = len(run["claims"])
    assert f"same-words-v1 1.0.0: {number} of {number} echoed in source, none verified" in told
    assert all(claim["verification"]["verified"] for claim in run["claims"])
    assert run["tribunal"]["verdict"] != "APPROVE"
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"
    items = {row["id"]: row["points"] for check in run["tribunal"]["rounds"][-1]["checks"] for row in check["items"]}
    assert (items["VA3"], items["VA5"], items["SK5"]) == (0, 0, 0)
    assert run["abstract"]["text"].endswith(
        f"{number} of {number} claims are echoed in a source by same-words-v1; none counts as verified."
    )
    assert (
        "This version has no measured figures, so a claim that passed is called echoed in source" in run["methodology"]
    )


def test_the_drafts_method_is_told_as_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)
    run = execute(Request(QUESTION, CLOCK, verifier="tfidf-bigram-v1"), tmp_path / "run", resume=False).run
    assert run["rules"] == cards.rules_for("tfidf-bigram-v1", "1.0.0")
    assert run["rules"]["verifier"]["card"] == "schemas/cards/tfidf-bigram-v1/1.0.0.json"
    assert {claim["verification"]["threshold"] for claim in run["claims"]} == {0.15}
    assert (
        "Each was compared with every source by TF-IDF cosine over words and word pairs (tfidf-bigram-v1 1.0.0, "
        "threshold 0.15), which cannot tell support from contradiction. This version does not meet the bar, so a claim "
        "that passed is called echoed in source, not verified."
    ) in run["methodology"]
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"


def test_a_run_goes_on_only_with_the_version_of_the_verifier_it_was_begun_with(
    by_same_words: Any, same_words: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    by_same_words(folder)
    for name in ("run.json", *NAMES[6:]):
        (folder / name).unlink()
    newer = type("Newer", (type(same_words),), {"version": "1.0.1"})()
    monkeypatch.setattr(methods, "verifier", lambda name: newer)
    checks = tribunal.review
    # a revision round needs the verifier again
    monkeypatch.setattr(tribunal, "review", lambda draft: (checks(draft)[0], 5.0))
    with pytest.raises(UsageError) as refused:
        execute(REQUEST, folder, resume=True)
    assert str(refused.value) == (
        "the run was begun with same-words-v1 1.0.0, and here is same-words-v1 1.0.1; "
        "remove its folder and run it again"
    )


@pytest.mark.parametrize("topic", TWO_FOR_EACH_TOPIC)
@pytest.mark.parametrize("which", [0, 1])
def test_each_topic_answers_two_questions(topic: str, which: int, run_of: Any) -> None:
    run = run_of(TWO_FOR_EACH_TOPIC[topic][which])
    papers = {source["id"]: source["paper_id"] for source in run["sources"]}
    named = [papers[claim["grounding"]["source_id"]] for claim in run["claims"]]
    assert len(named) >= 5
    assert len(set(named)) >= 3
    assert sum(name.startswith(f"SAMPLE-{topic}") for name in named) >= 0.8 * len(named)
    assert run["tribunal"]["score"] >= 6.5
    assert run["policy"]["outcome"] == "AUTO_APPROVE"
    assert runs.check_run(run, file="run") == []


@pytest.mark.parametrize(
    "question",
    [
        "What is the best recipe for sourdough bread?",
        "Wie stark kühlen Straßenbäume die Luft in Städten?",
        "街路樹は都市の気温を下げますか",
        "LLM",
        "Who won the 1998 football world cup?",
    ],
)
def test_an_off_topic_question_stops_there(question: str, run_of: Any) -> None:
    run = run_of(question)
    assert run["claims"] == run["themes"] == run["disagreements"] == []
    assert (run["tribunal"]["score"], run["tribunal"]["verdict"]) == (0, "REJECT")
    assert run["policy"]["outcome"] == "ESCALATE_TO_OWNER"
    assert len(run["tribunal"]["rounds"]) == 1
    assert "nothing was concluded" in run["abstract"]["text"]
    assert len(run["queries"]) == 4


@pytest.mark.parametrize(
    "question",
    [
        'What about "street trees" and $T_{air}$ <script>alert(1)</script> & cool roofs?',
        "perovskite",
        "trees " * 80,
        "İ ß ﬁ 𝔘 street trees cool roofs air",
        "street trees cool roofs \u202e air",
    ],
)
def test_an_odd_question_makes_a_valid_run(question: str, run_of: Any) -> None:
    run = run_of(question)
    assert runs.check_run(run, file="run") == []
    assert run["question"]["text"] == checked_question(question)
    assert len({item["text"].lower() for item in run["queries"]}) == 4


def test_every_made_field_says_how(finished: Path) -> None:
    run = load_json(finished / "run.json")
    labels = [
        run[name]["produced_by"]
        for name in ("title", "introduction", "abstract", "retrieval", "semantic_index", "tribunal")
    ]
    labels += [item["produced_by"] for name in ("queries", "claims") for item in run[name]]
    for label in labels:
        assert set(label) == {"mode", "method", "version", "model", "prompt_sha256", "params", "fallback_reason"}
        assert (label["mode"], label["model"], label["prompt_sha256"]) == ("extractive", None, None)
        assert re.fullmatch(r"[a-z0-9-]+-v\d+", label["method"])
    assert run["tribunal"]["kind"] == "rubric"
    assert "review" not in json.dumps(run["tribunal"]).lower()


@pytest.mark.parametrize(
    ("scores", "rounds", "kept", "verdict"),
    [
        ((6.5,), 1, False, "APPROVE"),
        ((3.9,), 1, False, "REJECT"),
        ((6.4, 6.5), 2, True, "APPROVE"),
        ((4.0, 4.1), 2, True, "REVISE"),
        ((6.4, 6.4), 2, False, "REVISE"),
        ((5.0, 3.0), 2, False, "REVISE"),
    ],
)
def test_one_revision_round_and_it_is_kept_only_when_it_scores_higher(
    scores: tuple[float, ...], rounds: int, kept: bool, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_scores = iter(scores)
    checks = tribunal.review
    seen: list[int] = []

    def scored(draft: Any) -> Any:
        seen.append(len(draft.claims))
        return checks(draft)[0], next(given_scores)

    monkeypatch.setattr(tribunal, "review", scored)
    monkeypatch.setattr(pipeline, "_write_reports", lambda *_: None)
    question = "Does excess lead iodide change the stability of perovskite solar cells?"
    run = execute(Request(question, CLOCK), tmp_path / "run", resume=False).run
    reviewed = run["tribunal"]
    assert [item["round"] for item in reviewed["rounds"]] == list(range(rounds))
    assert (reviewed["score"], reviewed["verdict"]) == (max(scores), verdict)
    assert len(run["claims"]) == seen[1 if kept else 0]
    if rounds == 2:
        assert seen[1] > seen[0]
        (change,) = reviewed["rounds"][1]["changes"]
        assert f"{seen[1]} claims instead of {seen[0]}." in change
        assert change.endswith("Kept: it scores higher." if kept else "Not kept: it scores no higher.")
    outcome = "AUTO_APPROVE" if verdict == "APPROVE" else "ESCALATE_TO_OWNER"
    assert run["policy"]["outcome"] == outcome
    assert run["semantic_index"]["items"] == len(run["sources"]) + len(run["claims"])
