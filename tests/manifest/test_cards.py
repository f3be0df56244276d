"""Verifier cards: strict reading, the bar from the contract, figures from the card file and nowhere else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import cards, contracts
from generator.manifest.canonical import sha256_bytes, stored_bytes
from generator.manifest.check import check_paths
from generator.manifest.problems import Problem, Problems

EXAMPLES = contracts.folder() / "examples" / "verifier-card-v1" / "valid"
GOOD: dict[str, Any] = json.loads((EXAMPLES / "meets-bar.json").read_bytes())
WEAK: dict[str, Any] = json.loads((EXAMPLES / "misses-bar.json").read_bytes())
BAR = contracts.table("verifier-card", "x-bar")
PUBLISHED = sorted(contracts.folder().glob("cards/*/*.json"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of cards."""
    monkeypatch.setattr(cards, "folder", lambda: tmp_path)
    return tmp_path


def put(folder: Path, card: dict[str, Any], **changes: Any) -> Path:
    made = {**card, **changes}
    path = folder / made["method"] / f"{made['version']}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(stored_bytes(made))
    return path


def test_the_bar_is_the_published_one() -> None:
    assert [(row["set"], row["figure"], row["comparison"], row["value"]) for row in BAR] == [
        ("scifact", "balanced_accuracy", ">=", 0.72),
        ("scifact", "auroc", ">=", 0.80),
        ("scifact", "macro_f1", ">=", 0.56),
        ("scifact", "ece", "<=", 0.08),
        ("altered", "altered_accepted", "<=", 0.04),
        ("altered", "true_accepted", ">=", 0.96),
    ]
    assert contracts.table("verifier-card", "x-agreement") == {
        "min_p_support": 0.5,
        "min_p_corroborate": 0.75,
        "min_refute_confidence": 0.6,
    }
    assert cards.min_agreement("min_p_support") == 0.5


@pytest.mark.parametrize("row", BAR, ids=lambda row: row["figure"])
@pytest.mark.parametrize(("shift", "meets"), [(0.0, True), (0.001, True), (-0.001, False), (None, False)])
def test_each_figure_of_the_bar_counts_by_itself(row: dict[str, Any], shift: float | None, meets: bool) -> None:
    card = copy.deepcopy(GOOD)
    better = 1 if row["comparison"] == ">=" else -1
    card["figures"][row["set"]][row["figure"]] = None if shift is None else row["value"] + better * shift
    assert cards.meets_bar(card) is meets
    del card["figures"][row["set"]][row["figure"]]
    assert cards.meets_bar(card) is False


@given(st.lists(st.floats(0, 1), min_size=len(BAR), max_size=len(BAR)))
def test_a_card_meets_the_bar_when_it_meets_every_row(values: list[float]) -> None:
    card = copy.deepcopy(GOOD)
    for row, value in zip(BAR, values, strict=True):
        card["figures"][row["set"]][row["figure"]] = value
    expected = all(
        value >= row["value"] if row["comparison"] == ">=" else value <= row["value"]
        for row, value in zip(BAR, values, strict=True)
    )
    assert cards.meets_bar(card) is expected


def test_a_method_counts_only_with_a_card_of_that_version_that_meets_the_bar(folder: Path) -> None:
    put(folder, GOOD)
    put(folder, WEAK)
    assert cards.counts_as_verified("example-words-v1", "1.0.0") is True
    assert cards.counts_as_verified("example-words-v1", "1.0.1") is False
    assert cards.counts_as_verified("example-words-v1", None) is False
    assert cards.counts_as_verified("example-likeness-v1", "1.2.10") is False
    assert cards.counts_as_verified("unknown", "1.0.0") is False
    assert cards.counts_as_verified(None, None) is False


def test_the_rules_of_a_run_name_the_card_and_its_hash(folder: Path) -> None:
    path = put(folder, GOOD)
    made = cards.rules_for("example-words-v1", "1.0.0")
    assert made == {
        "version": "1.1",
        "verifier": {
            "method": "example-words-v1",
            "version": "1.0.0",
            "card": "schemas/cards/example-words-v1/1.0.0.json",
            "card_sha256": sha256_bytes(path.read_bytes()),
            "meets_bar": True,
        },
    }
    assert contracts.validate(made, "synthesis-run", file="f", definition="rules") == []
    absent = cards.rules_for("example-words-v1", "9.0.0")
    assert absent["verifier"]["card"] is absent["verifier"]["card_sha256"] is None
    assert absent["verifier"]["meets_bar"] is False
    assert contracts.validate(cards.rules_for(None, None), "synthesis-run", file="f", definition="rules") == []


def test_versions_are_ordered_as_numbers(folder: Path) -> None:
    for version in ("1.9.0", "1.10.0", "1.2.10"):
        put(folder, GOOD, version=version)
    assert cards.newest_version("example-words-v1") == "1.10.0"
    assert cards.newest_version("unknown") is None
    assert [path.stem for path in cards.paths()] == ["1.2.10", "1.9.0", "1.10.0"]
    assert cards.is_older("1.9.0", "1.10.0")
    assert not cards.is_older("1.10.0", "1.9.0")
    assert cards.is_older("what", "0.0.1")


def test_a_card_is_read_again_when_its_file_has_changed(folder: Path) -> None:
    path = put(folder, GOOD)
    assert cards.counts_as_verified("example-words-v1", "1.0.0") is True
    figures = copy.deepcopy(GOOD["figures"])
    figures["scifact"]["auroc"] = 0.5
    put(folder, GOOD, figures=figures, meets_bar=False, title="Another, longer title of the same method")
    assert cards.counts_as_verified("example-words-v1", "1.0.0") is False
    path.unlink()
    assert cards.card("example-words-v1", "1.0.0") is None


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"{", "REG003"),
        (b'{"schema": 1, "schema": 2}', "REG004"),
        (b"\xef\xbb\xbf{}", "REG002"),
        (stored_bytes({**GOOD, "method": "example-words-v1", "kind": "oracle"}), "REG010"),
        (stored_bytes({**GOOD, "meets_bar": False}), "REG075"),
        (stored_bytes({**GOOD, "version": "2.0.0"}), "REG076"),
    ],
)
def test_a_card_that_is_not_sound_is_refused(folder: Path, data: bytes, code: str) -> None:
    path = put(folder, GOOD)
    path.write_bytes(data)
    with pytest.raises(Problems) as refused:
        cards.counts_as_verified("example-words-v1", "1.0.0")
    assert [problem.code for problem in refused.value.problems] == [code]
    assert {problem.file for problem in refused.value.problems} == {str(path)}


def test_the_missed_figures_are_named(folder: Path) -> None:
    path = put(folder, WEAK, meets_bar=True)
    missed = ", ".join(f"{row['set']} {row['figure']}" for row in BAR)
    mend = "Let the benchmark write the card; this part is computed, never typed in."
    assert check_paths([folder]).problems == [
        Problem(str(path), "/meets_bar", "REG075", "true", f"false: {missed} missed", mend)
    ]


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_published_cards_are_sound_and_kept_as_the_tools_write_them(path: Path) -> None:
    assert check_paths([path]).problems == []
    assert cards.card(path.parent.name, path.stem) == json.loads(path.read_bytes())


def test_the_drafts_method_has_a_card_and_misses_the_bar() -> None:
    card = cards.card("tfidf-bigram-v1", "1.0.0")
    assert card is not None
    assert card["meets_bar"] is False


@pytest.mark.parametrize(
    ("confidence", "word"),
    [
        (1.0, "sure"),
        (0.9, "sure"),
        (0.8999, "fairly sure"),
        (0.7, "fairly sure"),
        (0.6999, "not sure"),
        (0.0, "not sure"),
    ],
)
def test_confidence_in_words(confidence: float, word: str) -> None:
    assert cards.sureness(confidence) == word


def test_the_default_method_is_the_kernel_s() -> None:
    from generator.kernel.verification import methods

    assert cards.default_method() == methods.DEFAULT
    assert cards.default_method() in methods.names()


def test_the_agreements_of_the_contract_are_those_of_a_claim() -> None:
    rows = contracts.table("verifier-card", "x-agreements")
    verification = contracts.schema("synthesis-run")["$defs"]["verification"]["properties"]
    assert [row["agreement"] for row in rows] == verification["agreement"]["enum"]
    assert [row["agreement"] for row in rows if row["verified"]] == ["corroborated", "single-source"]
    bands = [row["from"] for row in contracts.table("verifier-card", "x-confidence-bands")]
    assert bands == sorted(bands, reverse=True)
    assert bands[-1] == 0
