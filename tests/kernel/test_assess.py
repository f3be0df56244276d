"""Pairs at the strict door, and texts in sentences, whatever they hold."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.verification.assess import agreement_of, check_pairs, passage_of, stream_pairs
from generator.kernel.verification.several import sides
from generator.kernel.verification.verdict import LABELS, Label, Verdict
from generator.manifest.problems import Problem

HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "json"
TREE = "Street trees cool the air."


def problems_of(path: Path, data: bytes) -> list[Problem]:
    path.write_bytes(data)
    told: list[Problem] = []
    checked = check_pairs(path, told.append)
    assert (checked.problems, checked.size) == (len(told), len(data))
    return told


@pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"the hostile JSON files are not at {HOSTILE}")
def test_hostile_json_on_a_line(tmp_path):
    cases = sorted(HOSTILE.glob("*.json"))
    assert len(cases) > 300
    good = json.dumps({"id": 1, "claim": TREE, "abstract": [TREE]}).encode()
    for case in cases:
        data = case.read_bytes().replace(b"\r", b" ").replace(b"\n", b" ")
        told = problems_of(tmp_path / "in.jsonl", good + b"\n" + data + b"\n" + good.replace(b"1", b"2"))
        # none of them is a pair; of one that is blank nothing is said
        assert bool(told) == bool(data.strip()), case.name
        assert {problem.place.split(",")[0] for problem in told} <= {"line 2"}, case.name
        assert all(problem.found and problem.expected and problem.mend for problem in told)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
PAIRS = st.fixed_dictionaries(
    {"id": st.text(min_size=1, max_size=20) | st.integers(-(2**53) + 1, 2**53 - 1), "claim": st.text(max_size=60)},
    optional={"title": st.none() | st.text(max_size=20), "other": VALUES},
)


@given(st.lists(PAIRS, max_size=5, unique_by=lambda pair: repr(pair["id"])), st.booleans(), st.data())
def test_every_pair_gets_its_line(tmp_path_factory, pairs, ascii_only, data):
    texts = st.text(max_size=80) | st.lists(st.text(max_size=40), max_size=4)
    pairs = [{**pair, "abstract": data.draw(texts)} for pair in pairs]
    path = tmp_path_factory.mktemp("pairs") / "in.jsonl"
    path.write_bytes(b"".join(json.dumps(pair, ensure_ascii=ascii_only).encode() + b"\n" for pair in pairs))
    checked = check_pairs(path, lambda problem: pytest.fail(problem.text()))
    lines: list[bytes] = []
    done = stream_pairs(checked, lines.append, method="lexical-v1")
    answers = [json.loads(line) for line in b"".join(lines).decode().splitlines()]
    assert [answer["id"] for answer in answers] == [pair["id"] for pair in pairs]
    assert sum(done.labels.values()) == done.pairs == checked.pairs == len(pairs)
    for answer, pair in zip(answers, pairs, strict=True):
        assert 0 <= answer["confidence"] <= 1
        assert 0 <= answer["p_support"] <= 1
        if isinstance(pair["abstract"], list):
            assert set(answer["sentences"]) <= set(range(len(pair["abstract"])))


@given(st.binary(max_size=200) | VALUES.map(lambda value: json.dumps(value).encode()))
def test_no_bytes_break_the_door(tmp_path_factory, data):
    problems_of(tmp_path_factory.mktemp("pairs") / "in.jsonl", data)


@given(st.dictionaries(st.sampled_from(["id", "claim", "abstract", "title", "x"]), VALUES))
def test_no_object_breaks_the_door(tmp_path_factory, value):
    told = problems_of(tmp_path_factory.mktemp("pairs") / "in.jsonl", json.dumps(value).encode())
    assert len(told) == len(set(told))


@given(st.text())
def test_no_word_of_a_text_is_lost(text):
    passage = passage_of(text)
    assert passage.sentences == tuple(text[start:end] for start, end in passage.offsets)
    assert all(before[1] <= after[0] for before, after in zip(passage.offsets, passage.offsets[1:], strict=False))
    inside = {place for start, end in passage.offsets for place in range(start, end)}
    assert all(place in inside for place, char in enumerate(text) if char.isalnum())


@pytest.mark.parametrize(
    ("verdicts", "agreement"),
    [
        ([], "none"),
        ([("NEI", 0.9, 0.4)], "none"),
        ([("SUPPORT", 0.6, 0.6)], "single-source"),
        ([("SUPPORT", 0.5, 0.5)], "single-source"),
        ([("SUPPORT", 0.49, 0.49)], "none"),
        # a further source counts only where it is surer than the first has to be
        ([("SUPPORT", 0.75, 0.75), ("NEI", 0.9, 0.1), ("SUPPORT", 0.9, 0.9)], "corroborated"),
        ([("SUPPORT", 0.9, 0.9), ("NEI", 0.9, 0.1), ("SUPPORT", 0.75, 0.75)], "corroborated"),
        ([("SUPPORT", 0.74, 0.74), ("SUPPORT", 0.9, 0.9)], "single-source"),
        ([("SUPPORT", 0.7, 0.7), ("SUPPORT", 0.7, 0.7), ("SUPPORT", 0.7, 0.7)], "single-source"),
        ([("SUPPORT", 0.6, 0.6), ("SUPPORT", 0.45, 0.45)], "single-source"),
        ([("SUPPORT", 0.6, 0.6), ("REFUTE", 0.6, 0.1)], "contested"),
        ([("SUPPORT", 0.6, 0.6), ("REFUTE", 0.59, 0.1)], "single-source"),
        ([("REFUTE", 0.9, 0.0)], "refuted"),
    ],
)
def test_what_several_verdicts_come_to(verdicts: list[tuple[Label, float, float]], agreement: str):
    made = [Verdict(label, confidence, support, (), (), "m", "1") for label, confidence, support in verdicts]
    assert agreement_of(made) == agreement


def said(label: Label, confidence: float, support: float) -> Verdict:
    return Verdict(label, confidence, support, (), (), "m", "1")


VERDICTS = st.builds(
    said,
    st.sampled_from(LABELS),
    st.integers(0, 20).map(lambda n: n / 20),
    st.integers(0, 20).map(lambda n: n / 20),
)


def test_the_verdicts_that_count_are_told_by_their_place():
    verdicts = [
        said("REFUTE", 0.6, 0.1),
        said("SUPPORT", 0.74, 0.74),
        said("SUPPORT", 0.8, 0.8),
        said("NEI", 0.99, 0.8),
        said("SUPPORT", 0.75, 0.75),
        said("REFUTE", 0.59, 0.1),
    ]
    assert sides(verdicts) == ([2, 4], [0])
    assert sides(verdicts[:2]) == ([1], [0])
    assert sides([said("SUPPORT", 0.6, 0.6)] * 2) == ([0], [])
    assert sides([]) == ([], [])


@given(st.lists(VERDICTS, max_size=8))
def test_each_side_counts_what_is_sure_enough(verdicts: list[Verdict]):
    supporting, refuting = sides(verdicts)
    support = {at: verdict.p_support for at, verdict in enumerate(verdicts) if verdict.label == "SUPPORT"}
    sure = [at for at, p in support.items() if p >= 0.75]
    if len(sure) > 1 or not support or max(support.values()) >= 0.75 or max(support.values()) < 0.5:
        assert supporting == sure
    else:
        (only,) = supporting
        assert support[only] == max(support.values())
    assert refuting == [
        at for at, verdict in enumerate(verdicts) if verdict.label == "REFUTE" and verdict.confidence >= 0.6
    ]


@given(st.lists(VERDICTS, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_the_sources_does_not_matter(verdicts: list[Verdict], random: Random):
    before = agreement_of(verdicts)
    random.shuffle(verdicts)
    assert agreement_of(verdicts) == before
