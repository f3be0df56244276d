"""Measuring: cards are written once and then kept, wrong claims are shown as they were judged, the table and the speed
say what was found. No label of a training set is scored here."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from bench.verification import folds, measure
from bench.verification.data import Pair, read_lines
from generator.kernel.sources.sample import load_sample_corpus
from generator.kernel.verification.lexical import LexicalVerifier
from generator.kernel.verification.lexical.features import STATISTICS
from generator.kernel.verification.lexical.model import MODEL
from generator.kernel.verification.tfidf import TfidfVerifier
from generator.kernel.verification.verdict import LABELS, Label, Passage, Verdict
from generator.manifest import cards, contracts
from generator.manifest.canonical import sha256_bytes, stored_bytes

EXAMPLES = contracts.folder() / "examples" / "verifier-card-v1" / "valid"
OWN = list(read_lines(measure.OWN_CLAIMS))
PAPERS = {paper.id: paper for paper in load_sample_corpus()}


@pytest.fixture
def card() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / "meets-bar.json").read_bytes())
    return found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of cards."""
    monkeypatch.setattr(cards, "folder", lambda: tmp_path)
    return tmp_path


class Says:
    """A verifier that gives each claim the label it is told to, or else one and the same."""

    version = "1.0.0"

    def __init__(self, labels: dict[str, Label] | None = None, method: str = "tfidf-bigram-v1") -> None:
        self.method = method
        self._labels = labels or {}
        self.asked: list[tuple[str, Passage]] = []

    def verify(self, claim: str, passage: Passage) -> Verdict:
        self.asked.append((claim, passage))
        label = self._labels.get(claim, "SUPPORT")
        p = 0.875 if label == "SUPPORT" else 0.125
        return Verdict(label, 0.875, p, (), ("Told so.", "Twice."), self.method, self.version)

    def verify_many(self, pairs: Iterable[tuple[str, Passage]]) -> Iterator[Verdict]:
        for pair in pairs:
            yield self.verify(*pair)


# ---------------------------------------------------------------- cards


def test_a_card_is_written_as_the_tools_keep_it(folder: Path, card: dict[str, Any]) -> None:
    assert measure.store(card, replace=False) is True
    path = folder / card["method"] / f"{card['version']}.json"
    assert path.read_bytes() == stored_bytes(card)
    assert [kept for kept in folder.rglob("*") if kept.is_file()] == [path]


def test_the_same_card_is_stored_again(folder: Path, card: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    measure.store(card, replace=False)
    assert measure.store(copy.deepcopy(card), replace=False) is True
    assert capsys.readouterr().err == ""


def test_a_card_that_differs_is_refused_and_kept(
    folder: Path, card: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    measure.store(card, replace=False)
    other = {**card, "limits": ["Another limit."]}
    assert measure.store(other, replace=False) is False
    path = folder / card["method"] / f"{card['version']}.json"
    assert path.read_bytes() == stored_bytes(card)
    assert capsys.readouterr().err == (
        f"{card['version']}.json of {card['method']} differs from what was measured; raise the version, or --replace\n"
    )
    assert measure.store(other, replace=True) is True
    assert path.read_bytes() == stored_bytes(other)


def test_another_version_is_another_card(folder: Path, card: dict[str, Any]) -> None:
    assert measure.store(card, replace=False)
    assert measure.store({**card, "version": "9.0.0"}, replace=False)
    names = {path.name for path in (folder / card["method"]).iterdir()}
    assert names == {f"{card['version']}.json", "9.0.0.json"}


# ---------------------------------------------------------------- the project's own claims


def test_own_claims_are_about_the_papers_of_the_sample() -> None:
    assert len({row["id"] for row in OWN}) == len({row["claim"] for row in OWN}) == len(OWN)
    assert {row["label"] for row in OWN} == set(LABELS)
    assert {row["paper"] for row in OWN} <= set(PAPERS)


def test_wrong_ones_are_shown_as_they_were_judged() -> None:
    verifier = Says()
    assert measure.wrong_ones(verifier) == [
        {
            "claim": row["claim"],
            "source": row["paper"],
            "expected": row["label"],
            "given": "SUPPORT",
            "confidence": 0.875,
            "reasons": ["Told so.", "Twice."],
        }
        for row in OWN
        if row["label"] != "SUPPORT"
    ]
    for row, (claim, passage) in zip(OWN, verifier.asked, strict=True):
        paper = PAPERS[row["paper"]]
        assert (claim, passage.title) == (row["claim"], paper.title)
        assert all(sentence in paper.abstract for sentence in passage.sentences)


def test_of_a_verifier_that_is_right_nothing_is_shown() -> None:
    assert measure.wrong_ones(Says({row["claim"]: row["label"] for row in OWN})) == []


@pytest.mark.parametrize("verifier", [LexicalVerifier(), TfidfVerifier()], ids=lambda verifier: verifier.method)
def test_a_published_card_shows_what_the_method_still_gets_wrong(verifier: Any) -> None:
    path = cards.folder() / verifier.method / f"{verifier.version}.json"
    published = json.loads(path.read_bytes())
    assert published["examples"] == measure.wrong_ones(verifier)
    assert published["limits"] == measure._LIMITS[verifier.method]


# ---------------------------------------------------------------- a card from verdicts


def pairs_of(kind: str, *labels: str) -> list[Pair]:
    return [
        Pair(f"{kind}-{at}", str(at), kind, f"{kind} {at}", "", ("It is.",), label) for at, label in enumerate(labels)
    ]


def small_sets() -> dict[str, list[Pair]]:
    altered = [*pairs_of("identity", "SUPPORT", "SUPPORT"), *pairs_of("number", *["REFUTE"] * 4)]
    unseen = [*pairs_of("test-paraphrase", "SUPPORT"), *pairs_of("test-direction", "REFUTE", "REFUTE")]
    return {
        "scifact": pairs_of("scifact", "SUPPORT", "SUPPORT", "REFUTE", "NEI"),
        "altered": altered,
        "altered_unseen": unseen,
        "citation": pairs_of("citation", "SUPPORT", "NEI"),
    }


def all_right(sets: dict[str, list[Pair]]) -> dict[str, Label]:
    return {pair.claim: pair.label for pairs in sets.values() for pair in pairs}  # type: ignore[misc]


@pytest.mark.parametrize("method", ["tfidf-bigram-v1", "lexical-v1"])
def test_a_card_is_sound_and_names_what_it_was_measured_on(tmp_path: Path, method: str) -> None:
    sets = small_sets()
    told = all_right(sets) | {"number 3": "SUPPORT"}
    verifier = Says(told, method)
    made = measure.make_card(verifier, sets, {key: measure._all(verifier, pairs) for key, pairs in sets.items()})
    path = tmp_path / method / "1.0.0.json"
    assert [problem.text() for problem in cards.check_card(made, path)] == []
    assert made["figures"]["scifact"] == {
        "balanced_accuracy": 1.0,
        "auroc": 1.0,
        "macro_f1": 1.0,
        "ece": 0.125,
        "ece_label": 0.125,
    }
    assert made["figures"]["altered"] == {
        "altered_accepted": 0.25,
        "true_accepted": 1.0,
        "by_kind": {"identity": {"items": 2, "accepted": 1.0}, "number": {"items": 4, "accepted": 0.25}},
    }
    assert set(made["figures"]["altered_unseen"]["by_kind"]) == {"paraphrase", "direction"}
    assert made["confusion"] == [[2, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert made["meets_bar"] is False
    assert [row["items"] for row in made["measured_on"]] == [4, 6, 3, 2]
    shipped = [path.read_bytes() for path in (MODEL, STATISTICS)] if method == "lexical-v1" else []
    assert made["model_files"] == [
        {"name": name, "size": len(data), "sha256": sha256_bytes(data)}
        for name, data in zip(("model.json", "statistics.json"), shipped, strict=False)
    ]


def test_five_folds_are_named_only_where_something_was_fitted() -> None:
    sets = small_sets()
    protocols = {name: measure._measured_on(name, sets)[0]["protocol"] for name in measure.MEASURED}
    fitted = "Five folds by connected components of cited documents; each fold judged by weights fitted without it."
    assert protocols == {
        "tfidf-bigram-v1": "Every claim with every abstract that it cites.",
        "lexical-v1": fitted,
        "cross-encoder": fitted,
    }


# ---------------------------------------------------------------- the whole run


@pytest.fixture
def small_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """The command on four small sets, with a verifier that is right in all of them."""
    sets = small_sets()
    verifier = Says(all_right(sets), "lexical-v1")
    monkeypatch.setattr(measure, "scifact", lambda _: sets["scifact"])
    monkeypatch.setattr(measure, "altered_dev", lambda _: sets["altered"])
    monkeypatch.setattr(measure.alter_test, "test_pairs", lambda *_: sets["altered_unseen"])
    monkeypatch.setattr(measure, "citation_integrity", lambda part, _: sets["citation"] if part == "dev" else [])
    monkeypatch.setattr(measure.methods, "verifier", lambda _: verifier)
    monkeypatch.setattr(measure, "training", lambda _: "what is known")
    monkeypatch.setattr(folds, "lexical_models", lambda known: [known])
    monkeypatch.setattr(folds, "lexical_verdicts", lambda gold, _: measure._all(Says(all_right(sets)), gold))
    return verifier


CALL = ["--methods", "lexical-v1", "--no-speed"]


def test_labelled_claims_are_never_shown_to_the_shipped_weights(
    small_run: Says, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert measure.main(CALL) == 0
    asked = {claim for claim, _ in small_run.asked}
    assert asked == {pair.claim for key, pairs in small_sets().items() if key != "scifact" for pair in pairs} | {
        row["claim"] for row in OWN
    }
    assert (folder / "lexical-v1" / "1.0.0.json").is_file()
    out, err = capsys.readouterr()
    assert "lexical-v1       bal.acc 1.000  AUROC 1.000  F1 1.000  ECE 0.125" in out
    assert err == "lexical-v1: judging 15 pairs\n"


def test_the_run_fails_where_a_card_differs(small_run: Says, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert measure.main([*CALL, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    path = folder / "lexical-v1" / "1.0.0.json"
    assert (told["cards"], told["pairs_per_cpu_second"]) == ([json.loads(path.read_bytes())], {})
    assert measure.main(CALL) == 0
    small_run._labels["number 3"] = "SUPPORT"
    before = path.read_bytes()
    assert (measure.main(CALL), path.read_bytes()) == (1, before)
    assert measure.main([*CALL, "--replace"]) == 0
    assert path.read_bytes() != before


def test_a_method_whose_packages_are_not_there_is_left_out(
    small_run: Says, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(measure.methods, "missing_packages", lambda _: ["onnxruntime", "tokenizers"])
    assert measure.main(["--methods", "cross-encoder", "--no-speed"]) == 0
    assert capsys.readouterr().err == "cross-encoder: left out, onnxruntime and tokenizers not installed\n"
    assert (small_run.asked, list(folder.iterdir())) == ([], [])


# ---------------------------------------------------------------- speed and table


def test_speed_is_the_better_of_two_runs_in_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = {"tfidf-bigram-v1": ["0.5 0.002", "0.4 0.004"], "cross-encoder": ["2.0004 0.1", "3.0 0.05"]}
    asked: list[tuple[str, str]] = []

    def run(command: list[str], **options: Any) -> Any:
        program, flag, text, name, data, most = command
        assert (program, flag, data) == (sys.executable, "-c", str(tmp_path))
        compile(text, "speed", "exec")
        assert options["check"] is True
        asked.append((name, most))
        return SimpleNamespace(stdout=said[name].pop(0) + "\n")

    monkeypatch.setattr(subprocess, "run", run)
    assert measure.speed(["tfidf-bigram-v1", "cross-encoder"], tmp_path) == {
        "tfidf-bigram-v1": {"load_s": 0.4, "pairs_per_s": 500},
        "cross-encoder": {"load_s": 2.0, "pairs_per_s": 20},
    }
    assert asked == [("tfidf-bigram-v1", "919"), ("cross-encoder", "200")] * 2


def rows() -> list[dict[str, Any]]:
    scores = {"balanced_accuracy": 0.7321, "auroc": 0.8125, "macro_f1": 0.6, "ece": 0.0449, "ece_label": 0.1}
    caught = {
        "altered_accepted": 0.0051,
        "true_accepted": 0.998,
        "by_kind": {"identity": {"items": 2, "accepted": 1.0}, "number": {"items": 3, "accepted": 0.005}},
    }
    figures = {"scifact": scores, "altered": caught, "altered_unseen": caught, "citation": scores}
    return [
        {"method": "tfidf-bigram-v1", "figures": figures, "confusion": [[1, 2, 3]] * 3, "meets_bar": False},
        {"method": "lexical-v1", "figures": figures, "confusion": [[4, 5, 6]] * 3, "meets_bar": True},
    ]


def test_the_table_has_a_block_for_each_set() -> None:
    scores = "bal.acc 0.732  AUROC 0.812  F1 0.600  ECE 0.045"
    caught = "altered accepted 0.005  true accepted 0.998   identity 1.00 number 0.01"
    names = ("tfidf-bigram-v1 ", "lexical-v1      ")
    speeds = {
        "tfidf-bigram-v1": {"load_s": 0.25, "pairs_per_s": 400.0},
        "lexical-v1": {"load_s": 0.5, "pairs_per_s": 300.0},
    }
    expected = []
    for key, cells in (("scifact", scores), ("altered", caught), ("altered_unseen", caught), ("citation", scores)):
        expected += ["", key, *(f"  {name} {cells}" for name in names)]
    end = [
        "",
        "confusion on scifact (rows true, columns given: SUPPORT, REFUTE, NEI)",
        f"  {names[0]} {[[1, 2, 3]] * 3}",
        f"  {names[1]} {[[4, 5, 6]] * 3}",
        "",
        f"  {names[0]} does not meet the bar",
        f"  {names[1]} meets the bar",
    ]
    timed = [
        "",
        "speed (CPU, one core)",
        f"  {names[0]} 400 pairs/s  load 0.25 s  1.00 of tfidf-bigram-v1",
        f"  {names[1]} 300 pairs/s  load 0.50 s  0.75 of tfidf-bigram-v1",
    ]
    assert measure.table(iter(rows()), {}).split("\n") == [*expected, *end]
    assert measure.table(rows(), speeds).split("\n") == [*expected, *timed, *end]


def test_without_the_draft_s_method_no_ratio_is_told() -> None:
    told = measure.table(rows()[1:], {"lexical-v1": {"load_s": 0.5, "pairs_per_s": 300.0}})
    assert "  lexical-v1       300 pairs/s  load 0.50 s\n" in told
