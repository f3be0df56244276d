"""Sentences altered by rule: what each kind does to a sentence, what the two rule sets share (no word), which documents
they may use. What reads the data sets is skipped where they are absent."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.verification import alter, alter_test
from bench.verification.alter import Altered
from bench.verification.data import DATA, Pair, altered_dev, read_lines
from generator.kernel.verification.lexical import words as features
from generator.kernel.verification.lexical.parse import SAME
from generator.manifest.semantic.words import stem

NAMES = ["TP53", "GPT-4", "SIRT1", "LLMs", "ResNet50", "VDR", "HER2", "CNNs", "YOLOv5", "IL-23"]
SENTENCES = [
    "We found that aspirin (ASA) significantly increased survival in 37% of patients compared with placebo.",
    "However, BRCA1 is not required for DNA repair, which suggests that TP53 may be linked with cancer.",
    "Extensive experiments demonstrate that DeepNet outperforms existing methods on three benchmarks.",
    "Treatment with IL-6 inhibits 12.5 mg of the tumor growth because it widens dense vessels, although cells die.",
    "Both MEK and ERK were activated upstream of RAF, and accuracy improved from 81.2% to 93.4% with BERT.",
]
LABELS = {
    "identity": "SUPPORT",
    "paraphrase": "SUPPORT",
    "number": "REFUTE",
    "direction": "REFUTE",
    "negation": "REFUTE",
    "comparison": "REFUTE",
    "entity": "NEI",
    "overclaim": "NEI",
}
Rule = Callable[[str, random.Random, Sequence[str]], list[Altered]]
RULES = pytest.mark.parametrize("rule", [alter.alterations, alter_test.alterations], ids=["training", "test"])
needs_data = pytest.mark.skipif(
    not (DATA / "perturb_dev").is_dir() or not (DATA / "arxiv_metadata").is_dir(),
    reason="../shared/data is absent: SciFact, arxiv_metadata and perturb_dev are needed",
)


def forms(rule: Rule, sentence: str, tries: int = 60) -> dict[str, set[str]]:
    """kind -> every claim that some seed makes of the sentence."""
    found: dict[str, set[str]] = {}
    for seed in range(tries):
        for item in rule(sentence, random.Random(seed), NAMES):
            found.setdefault(item.kind.removeprefix("test-"), set()).add(item.claim)
    return found


def vocabulary(texts: Iterable[str]) -> set[str]:
    """The words of a list, common function words aside."""
    function = set(
        "a an and are as at be by can for in is it of on or that the this to was we were with our from".split()
    )
    return {word for text in texts for word in re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower())} - function


@RULES
def test_the_same_seed_makes_the_same_claims(rule: Rule) -> None:
    for sentence in SENTENCES:
        assert rule(sentence, random.Random(7), NAMES) == rule(sentence, random.Random(7), NAMES)


@RULES
def test_each_kind_has_its_label_and_changes_the_sentence(rule: Rule) -> None:
    kinds = set()
    for sentence in SENTENCES:
        for seed in range(20):
            for item in rule(sentence, random.Random(seed), NAMES):
                kind = item.kind.removeprefix("test-")
                kinds.add(kind)
                assert item.label == LABELS[kind]
                assert (item.claim == sentence) == (kind == "identity")
    assert kinds >= set(LABELS) - ({"overclaim"} if rule is alter.alterations else set())


@pytest.mark.parametrize(
    ("kind", "sentence", "claim"),
    [
        ("direction", "Smoking increased the risk of cancer.", "Smoking decreased the risk of cancer."),
        ("direction", "Higher doses were given to the old.", "Lower doses were given to the old."),
        ("direction", "An effective drug was given to mice.", "An ineffective drug was given to mice."),
        ("number", "The trial enrolled two patients.", "The trial enrolled seven patients."),
        ("negation", "SIRT6 is required for DNA repair in mice.", "SIRT6 is not required for DNA repair in mice."),
        ("negation", "BRCA1 does not bind the promoter.", "BRCA1 binds the promoter."),
        ("negation", "The enzyme regulates the pathway.", "The enzyme does not regulate the pathway."),
        ("negation", "There was no difference between groups.", "There was a difference between groups."),
        ("entity", "Loss of KRAS was seen in mice.", "Loss of VDR was seen in mice."),
        (
            "comparison",
            "Our method outperforms previous methods on both tasks.",
            "Previous methods outperform our method on both tasks.",
        ),
        (
            "comparison",
            "Mortality was higher in women than in men.",
            "Mortality was higher in men than in women.",
        ),
        ("paraphrase", "However, this protein was not seen in any sample.", "This protein was not seen in any sample."),
        ("paraphrase", "We show that vitamin D reduces the risk of falls.", "Vitamin D reduces the risk of falls."),
    ],
)
def test_training_rules(kind: str, sentence: str, claim: str) -> None:
    assert claim in forms(alter.alterations, sentence)[kind]


@pytest.mark.parametrize(
    ("kind", "sentence", "claim"),
    [
        ("direction", "The model works on dense graphs only.", "The model works on sparse graphs only."),
        ("number", "Accuracy rose by 34.8% on this task.", "Accuracy rose by 43.8% on this task."),
        ("number", "Accuracy rose by 34.8% on this task.", "Accuracy rose by 3.48% on this task."),
        ("negation", "The drug is effective in mice.", "It is not the case that the drug is effective in mice."),
        ("negation", "The drug is effective in mice.", "The drug is by no means effective in mice."),
        ("negation", "The enzyme regulates the pathway.", "The enzyme cannot be said to regulate the pathway."),
        ("negation", "Both drugs and diets were tried here.", "Neither drugs nor diets was tried here."),
        ("comparison", "Error fell from 12% to 7% in a year.", "Error fell from 7% to 12% in a year."),
        ("overclaim", "The drug may reduce mortality in men.", "The drug reduces mortality in men."),
        ("overclaim", "Smoking was associated with cancer here.", "Smoking caused cancer here."),
        ("paraphrase", "We show that the pill was safe.", "It turns out that the pill was safe."),
    ],
)
def test_test_rules(kind: str, sentence: str, claim: str) -> None:
    assert claim in forms(alter_test.alterations, sentence)[kind]


@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        ("number", "We studied IL-6, COVID-19 and type 2 diabetes [4]."),
        ("direction", "We train large language models by active learning."),
        ("direction", "Both high and low doses were given."),
        ("negation", "Few patients with or without cancer."),
        ("entity", "No name is in this sentence."),
    ],
)
def test_what_says_nothing_to_alter_is_left(kind: str, sentence: str) -> None:
    assert kind not in forms(alter.alterations, sentence)


def test_number_changes_keep_article_and_shape() -> None:
    for claim in forms(alter.alterations, "There was a 20% gain over 1,500 runs.")["number"]:
        assert re.fullmatch(r"There was an? \d+% gain over \d+(?:,\d{3})? runs\.", claim), claim
        assert ("an " in claim) == bool(re.search(r"an? (?:8|11%|18%)", claim)), claim


@RULES
@given(
    text=st.one_of(
        st.text(max_size=120), st.lists(st.sampled_from(" ".join(SENTENCES).split()), max_size=25).map(" ".join)
    )
)
def test_any_text_is_altered_or_left(rule: Rule, text: str) -> None:
    made = rule(text, random.Random(0), NAMES)
    assert [item.claim for item in made if item.kind.endswith("identity")] == [text]
    assert all(item.claim != text for item in made if not item.kind.endswith("identity"))
    assert len({item.kind for item in made}) == len(made)


def test_the_two_rule_sets_share_no_word() -> None:
    training = set(alter.OPPOSITES) | vocabulary(word for pair in alter.SYNONYMS for word in pair)
    training |= vocabulary(word for old, others in alter.REPORTING for word in (old, *others))
    test = set(alter_test.OPPOSITES) | vocabulary(word for pair in alter_test.SYNONYMS for word in pair)
    test |= vocabulary(alter_test.LEADS)
    assert training & test == set()


def test_no_test_direction_pair_is_known_to_the_features() -> None:
    text = "\n".join(str(value) for name, value in vars(features).items() if not name.startswith("__"))
    known = set(re.findall(r"[a-z]+(?:-[a-z]+)*", text.lower()))
    assert [word for pair in alter_test.DIRECTION_PAIRS for word in pair if word in known] == []


def test_no_test_synonym_is_known_to_the_features() -> None:
    """No word of them is listed, and no pair has the stems of two listed words of one meaning."""
    test = vocabulary(word for pair in alter_test.SYNONYMS for word in pair) | vocabulary(alter_test.LEADS)
    listed = {word for group in features.SYNONYMS for word in group}
    assert test & listed <= features.STOP
    for pair in alter_test.SYNONYMS:
        left, right = ({group for word in words.split() for group in SAME.get(stem(word), ())} for words in pair)
        assert not left & right, pair


def test_direction_pairs_are_many() -> None:
    assert len(set(alter.DIRECTION_PAIRS)) >= 100
    assert 40 <= len(set(alter_test.DIRECTION_PAIRS)) <= 60
    for left, right in (*alter.DIRECTION_PAIRS, *alter_test.DIRECTION_PAIRS):
        assert left != right


def test_about_an_eighth_of_all_documents_is_reserved() -> None:
    share = sum(alter.reserved_for_test(f"{number}") for number in range(4000)) / 4000
    assert 0.1 < share < 0.15
    assert alter.reserved_for_test("4") == alter.reserved_for_test("4")


def test_declarative_titles() -> None:
    for title in (
        "p53 inhibits tumor growth in mice",
        "BRCA1 is required for DNA repair in human cells",
        "Statins reduce mortality in older adults",
    ):
        assert alter.declarative(title), title
    for title in (
        "How does p53 inhibit tumor growth?",
        "A survey of large language models in medicine",
        "Genes that regulate growth in yeast cells",
        "Mechanisms of activation and controls of growth",
    ):
        assert not alter.declarative(title), title


@pytest.fixture(scope="module")
def made() -> dict[str, list[Pair]]:
    return {
        "training": alter.training_pairs(3, limit=60),
        "titles": alter.title_pairs(3, limit=60),
        "test": alter_test.test_pairs(3),
    }


@needs_data
def test_documents_are_kept_apart(made: dict[str, list[Pair]]) -> None:
    dev = {str(row["doc_id"]) for row in read_lines(DATA / "perturb_dev" / "perturb_dev.jsonl")}
    cited = {str(name) for row in read_lines(DATA / "scifact" / "claims_train.jsonl") for name in row["cited_doc_ids"]}
    titles = {" ".join(re.findall(r"\w+", pair.title.lower())) for pair in altered_dev()}
    for name, pairs in made.items():
        assert pairs
        for pair in pairs:
            assert alter.reserved_for_test(pair.group) == (name == "test")
            assert pair.group not in dev | cited
            assert not pair.title or " ".join(re.findall(r"\w+", pair.title.lower())) not in titles


@needs_data
def test_ids_are_unique_and_labels_follow_the_kind(made: dict[str, list[Pair]]) -> None:
    for pairs in made.values():
        assert len({pair.id for pair in pairs}) == len(pairs)
    known = LABELS | {"unrelated": "NEI", "title": "SUPPORT", "neighbour": "NEI", "conclusion": "SUPPORT"}
    for pair in (pair for pairs in made.values() for pair in pairs):
        assert pair.label == known[pair.kind.split("-")[-1]]
    assert all(pair.kind.startswith("test-") for pair in made["test"])
    assert all(pair.kind.split("-")[0] in ("title", "conclusion") for pair in made["titles"])


@needs_data
def test_a_conclusion_is_not_among_its_sentences_nor_a_title_beside_its_own(made: dict[str, list[Pair]]) -> None:
    for pair in made["titles"]:
        assert pair.title == ""
        assert pair.claim not in pair.sentences
    assert {pair.kind for pair in made["training"]} >= {"identity", "paraphrase", "direction", "negation", "unrelated"}
    for pair in made["training"]:
        assert (pair.claim in pair.sentences) == (pair.kind == "identity"), pair


@needs_data
def test_pairs_are_the_same_for_the_same_seed(made: dict[str, list[Pair]]) -> None:
    assert alter.training_pairs(3, limit=60) == made["training"]
    assert alter_test.test_pairs(3) == made["test"]
    assert [replace(pair) for pair in alter.title_pairs(3, limit=60)] == made["titles"]
    assert alter.training_pairs(4, limit=60) != made["training"]
