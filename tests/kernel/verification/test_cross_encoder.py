"""The cross-encoder: which sentences it reads, how they are cut, what it says when something is missing, and that the
shipped weights give one answer for one pair. Tests of the weights skip where onnxruntime or tokenizers is missing."""

from __future__ import annotations

import hashlib
import json
import math
import shutil
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.verification import cross_encoder, methods
from generator.kernel.verification.cross_encoder import WEIGHTS, CrossEncoder, Reader, fitted, select
from generator.kernel.verification.verdict import LABELS, Passage
from generator.manifest.problems import UsageError

MISSING = 'method cross-encoder needs the optional packages: pip install "srch-registry[models]"'
TREES = Passage(
    (
        "We measured ten streets.",
        "Street trees lowered the air temperature by 1.3 °C at noon.",
        "Roofs were not studied.",
    ),
    "Trees in streets",
)
KINASE = Passage(
    (
        "The kinase p62 binds ubiquitin in neurons.",
        "Deletion of p62 reduces autophagy in mice.",
        "Infection was not affected.",
    ),
    "Role of p62 in autophagy",
)
SCHOOLS = Passage(
    (
        "Pupils in smaller classes read better after two years.",
        "Teachers reported less noise in smaller classes.",
        "Marks in mathematics did not change.",
    ),
    "Class size and reading",
)
PASSAGES = (TREES, KINASE, SCHOOLS)
ODD = {
    "empty": "",
    "blank": " \u2028\t",
    "surrogate": "\ud800",
    "nul": "a\x00b",
    "one long word": "a" * 1_000_000,
    "many words": "warm trees " * 90_000,
    "many emoji": "🌳" * 250_000,
}


# which sentences are read


@pytest.mark.parametrize(
    ("sentences", "expected"),
    [
        # "roof" is the rare word in the first passage, "tree" in the second
        (("Roofs last.", "Trees grow.", "Trees age.", "Trees fall."), 0),
        (("Trees last.", "Roofs grow.", "Roofs age.", "Roofs fall."), 0),
        (("Trees grow.", "Roofs last.", "Trees age.", "Trees fall."), 1),
    ],
)
def test_rare_is_meant_within_the_passage(sentences: tuple[str, ...], expected: int) -> None:
    assert select("Trees and roofs.", Passage(sentences), 1) == [expected]


def test_two_shared_words_count_more_than_one() -> None:
    passage = Passage(("Street trees cool.", "Trees are old.", "Streets are long.", "Nothing was cool."))
    assert select("Street trees are cool.", passage, 1) == [0]


def test_words_are_compared_by_stem_and_stop_words_do_not_count() -> None:
    passage = Passage(("It lowered temperatures.", "The one of the other is as it was.", "Nobody knows."))
    assert select("The lowering of the temperature.", passage, 1) == [0]


def test_of_equal_sentences_the_later_is_read() -> None:
    assert select("Trees cool.", Passage(("Trees cool.",) * 5), 2) == [3, 4]


@pytest.mark.parametrize("claim", ["", "the of and", "... !", "Kinases bind.", "\ud800"])
def test_without_a_shared_word_the_first_are_read(claim: str) -> None:
    assert select(claim, Passage(("Trees cool.", "Roofs last.", "Streets flood.", "Rain falls."))) == [0, 1, 2]


def test_a_tie_goes_to_the_earlier_sentence_beside_one_that_shares_a_word() -> None:
    passage = Passage(("Rain falls.", "Wind blows.", "Snow melts.", "Trees cool.", "Roofs last."))
    assert select("Trees.", passage) == [0, 1, 3]


@pytest.mark.parametrize(
    ("sentences", "expected"), [((), []), (("",), [0]), (("", ""), [0, 1]), (("Trees cool.",), [0])]
)
def test_short_passages_are_read_whole(sentences: tuple[str, ...], expected: list[int]) -> None:
    assert select("Trees cool.", Passage(sentences)) == expected


WORDS = st.lists(st.sampled_from(["trees", "roofs", "streets", "cool", "flood", "the", ""]), max_size=6).map(" ".join)


@given(WORDS, st.lists(WORDS, max_size=8), st.integers(0, 5))
def test_as_many_as_asked_for_in_reading_order(claim: str, sentences: list[str], most: int) -> None:
    passage = Passage(tuple(sentences))
    found = select(claim, passage, most)
    assert found == sorted(set(found))
    assert len(found) == min(most, len(sentences))
    assert set(found) <= set(range(len(sentences)))
    assert select(" ".join(reversed(claim.split())), passage, most) == found
    # whoever is read for few is read for more
    assert set(found) <= set(select(claim, passage, most + 1))


# how they are cut


PIECES = st.lists(st.lists(st.integers(0, 9), max_size=30), max_size=6)


@given(PIECES, st.integers(0, 120))
def test_pieces_fit_and_the_longest_lose_first(pieces: list[list[int]], room: int) -> None:
    found = fitted(pieces, room)
    assert sum(map(len, found)) <= room
    # the highest common limit under which all fit, tried one by one
    limit = max(cap for cap in range(31) if sum(min(len(piece), cap) for piece in pieces) <= room)
    assert found == [piece[:limit] for piece in pieces]


@given(PIECES)
def test_nothing_is_cut_without_need(pieces: list[list[int]]) -> None:
    assert fitted(pieces, sum(map(len, pieces))) == pieces


def test_a_short_piece_stays_whole_beside_long_ones() -> None:
    assert [len(piece) for piece in fitted([[1] * 100, [2] * 5, [3] * 40], 45)] == [20, 5, 20]
    assert fitted([], 10) == []
    assert fitted([[1, 2], [3]], 0) == [[], []]


# what is said when something is missing


class FakeTokenizer:
    """Stands for a tokenizer that is read from any text and never used."""

    @classmethod
    def from_str(cls, text: str) -> FakeTokenizer:
        return cls()

    def no_truncation(self) -> None: ...

    def no_padding(self) -> None: ...

    def token_to_id(self, name: str) -> int:
        return 0


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Stand-ins for the optional packages, by name: what is not in it cannot be imported."""
    there: dict[str, Any] = {
        "onnxruntime": SimpleNamespace(),
        "tokenizers": SimpleNamespace(Tokenizer=FakeTokenizer),
    }

    def stand_in(name: str) -> Any:
        if name not in there:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return there[name]

    monkeypatch.setattr(cross_encoder, "import_module", stand_in)
    return there


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as ``CrossEncoder`` takes it, with a model that is none."""
    (tmp_path / "model.onnx").write_bytes(b"model")
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    config = {
        "labels": LABELS,
        "input": {"length": 192, "sentences": 3, "title": True},
        "sha256": hashlib.sha256(b"model").hexdigest(),
    }
    (tmp_path / "config.json").write_text(json.dumps(config), "utf-8")
    return tmp_path


def refusal(folder: Path) -> str:
    with pytest.raises(UsageError) as refused:
        CrossEncoder(folder)
    return str(refused.value)


@pytest.mark.parametrize("gone", [("onnxruntime",), ("tokenizers",), ("onnxruntime", "tokenizers")])
def test_a_missing_package_is_said_in_one_line(packages: dict[str, Any], folder: Path, gone: tuple[str, ...]) -> None:
    for name in gone:
        del packages[name]
    assert refusal(folder) == MISSING


@pytest.mark.usefixtures("packages")
def test_another_model_than_the_one_named_is_refused(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"model, changed")
    line = f"method cross-encoder: {folder / 'model.onnx'} is not the file that config.json names"
    assert refusal(folder) == line


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("name", ["config.json", "model.onnx", "tokenizer.json"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder) == f"method cross-encoder: cannot read {folder / name}: No such file or directory"


@pytest.mark.usefixtures("packages")
def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    assert refusal(gone) == f"method cross-encoder: cannot read {gone / 'config.json'}: No such file or directory"


def test_the_shipped_config_names_the_shipped_model() -> None:
    config = json.loads((WEIGHTS / "config.json").read_text("utf-8"))
    assert config["sha256"] == hashlib.sha256((WEIGHTS / "model.onnx").read_bytes()).hexdigest()
    assert tuple(config["labels"]) == LABELS
    assert not [line for line in config["trained_on"] if "labels" in line and "without labels" not in line]


# the shipped weights


def needs_packages() -> None:
    missing = methods.missing_packages("cross-encoder")
    if missing:
        pytest.skip(f"{', '.join(missing)} not installed; it is an optional part")


@pytest.fixture(scope="module")
def encoder() -> CrossEncoder:
    needs_packages()
    return CrossEncoder()


@pytest.fixture(scope="module")
def reader() -> Reader:
    needs_packages()
    return Reader(WEIGHTS / "tokenizer.json", 192, 3, True)


def pairs() -> list[tuple[str, Passage]]:
    """Every sentence of every passage beside every passage."""
    return [(claim, passage) for source in PASSAGES for claim in source.sentences for passage in PASSAGES]


def log_softmax(logits: tuple[float, float, float]) -> list[float]:
    top = max(logits)
    norm = top + math.log(sum(math.exp(value - top) for value in logits))
    return [value - norm for value in logits]


def test_logits_are_finite_and_the_same_every_time(encoder: CrossEncoder) -> None:
    found = encoder.logits(pairs())
    assert len(found) == len(pairs())
    assert all(len(row) == len(LABELS) and all(map(math.isfinite, row)) for row in found)
    assert encoder.logits(pairs()) == found
    assert CrossEncoder().logits(pairs()) == found
    assert len(set(found)) > 1


def test_no_pair_depends_on_its_neighbours(encoder: CrossEncoder) -> None:
    together = encoder.logits(pairs())
    assert [encoder.logits([pair])[0] for pair in pairs()] == together
    assert encoder.logits(reversed(pairs())) == together[::-1]
    assert encoder.logits([]) == []


@pytest.mark.parametrize("source", PASSAGES, ids=lambda passage: passage.title)
@pytest.mark.parametrize("index", range(3))
def test_a_copied_sentence_is_likelier_supported_than_one_of_another_passage(
    encoder: CrossEncoder, source: Passage, index: int
) -> None:
    copied = log_softmax(encoder.logits([(source.sentences[index], source)])[0])[0]
    for other in PASSAGES:
        if other is not source:
            foreign = [log_softmax(row)[0] for row in encoder.logits((claim, source) for claim in other.sentences)]
            assert copied > max(foreign)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_odd_text_raises_nothing(encoder: CrossEncoder, text: str) -> None:
    asked = [(text, TREES), ("Trees cool.", Passage((text,), text)), (text, Passage((text, text))), (text, Passage(()))]
    assert all(math.isfinite(value) for row in encoder.logits(asked) for value in row)


def test_a_lone_surrogate_is_read_as_a_question_mark(encoder: CrossEncoder) -> None:
    first, second = encoder.logits([("Trees \ud800 cool.", TREES), ("Trees ? cool.", TREES)])
    assert first == second


def test_the_encoder_says_what_it_reads(encoder: CrossEncoder) -> None:
    passage = Passage(("Rain falls.", "Wind blows.", "Snow melts.", "Trees cool.", "Roofs last."))
    assert encoder.select("Trees.", passage) == [0, 1, 3]
    unread = Passage((*passage.sentences[:2], "Ice cracks.", *passage.sentences[3:]))
    assert encoder.logits([("Trees.", unread)]) == encoder.logits([("Trees.", passage)])


def decoded(reader: Reader, claim: str, passage: Passage) -> str:
    ids, _ = reader.read(claim, passage)
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(WEIGHTS / "tokenizer.json"))
    text: str = tokenizer.decode(ids, skip_special_tokens=False)
    return text


def test_a_pair_is_laid_out_as_in_training(reader: Reader) -> None:
    titled = Passage(("Trees cool.", "Roofs last."), "On trees")
    assert decoded(reader, "Trees cool.", titled) == (
        "[CLS] trees cool. [SEP] on trees [SEP] trees cool. roofs last. [SEP]"
    )
    untitled = Passage(titled.sentences)
    assert decoded(reader, "Trees cool.", untitled) == "[CLS] trees cool. [SEP] trees cool. roofs last. [SEP]"


@given(st.integers(0, 600), st.lists(st.integers(0, 300), max_size=4), st.integers(0, 300))
def test_a_pair_is_never_longer_than_the_model_holds(
    reader: Reader, claim: int, sentences: list[int], title: int
) -> None:
    passage = Passage(tuple("tree " * count for count in sentences), "roof " * title)
    ids, segments = reader.read("tree " * claim, passage)
    assert len(ids) == len(segments) <= 512
    # [CLS] claim [SEP], then the source
    assert segments.count(0) == min(claim, 416) + 2
    assert segments == sorted(segments)
    if claim <= 100:
        assert len(ids) <= 192


def test_the_shipped_weights_changed_by_one_byte_do_not_load(tmp_path: Path) -> None:
    needs_packages()
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(WEIGHTS / name, tmp_path / name)
    content = bytearray((WEIGHTS / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (tmp_path / "model.onnx").write_bytes(content)
    line = f"method cross-encoder: {tmp_path / 'model.onnx'} is not the file that config.json names"
    assert refusal(tmp_path) == line
