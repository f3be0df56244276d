"""The index: what a build takes in and leaves alone, what a search finds, and what survives a bad day."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest.canonical import sha256_text
from generator.manifest.problems import Problems, UsageError
from generator.manifest.semantic import store as semantic_store
from generator.manifest.semantic.hashing import HashingEmbedder
from generator.manifest.semantic.store import FILE, KINDS, Built, Index, _Space
from generator.manifest.store import Store

ROOT = Path(__file__).parents[3]
TREES = "Do street trees cool the city?"
COFFEE = "Does coffee help memory in mice?"


class Counting:
    """An embedder of any width that tells what it was asked; a text's vector is made of its length."""

    method = "counting-v1"

    def __init__(self, model: str | None = "m1", dimensions: int | None = None, width: int = 3) -> None:
        self.model, self.dimensions, self.width = model, dimensions, width
        self.asked: list[str] = []

    def embed(self, texts: Sequence[str], *, kind: Literal["query", "passage"]) -> list[list[float]]:
        self.asked += texts
        return [[float(len(text)), *([1.0] * (self.width - 1))] for text in texts]


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def rows(index: Index) -> list[tuple[Any, ...]]:
    with sqlite3.connect(index.path) as base:
        names = "record, kind, item, text_sha256, method, model, width, length(vector)"
        return base.execute(f"SELECT {names} FROM vectors ORDER BY method, model, width, record, kind, item").fetchall()


def test_every_vector_says_whose_it_is_and_what_made_it(registry: Any, index: Index) -> None:
    short = registry.add(TREES, claims=["Trees cool the street."])
    assert index.build(registry.store) == Built(1, 1, 0, 0, 4, 4, None)
    name = f"SRCH:{short}"
    told = ("hashing-256-v1", "", 256, 1024)
    assert rows(index) == [
        (name, "claim", "C1", sha256_text("Trees cool the street."), *told),
        (name, "paper", "S1", sha256_text("Paper 2505.00001"), *told),
        (name, "question", "question", sha256_text(TREES), *told),
        (name, "synthesis", "abstract", sha256_text("A synthesis\nAn invented abstract."), *told),
    ]


def test_a_second_build_does_nothing_and_a_new_record_is_all_that_is_embedded(registry: Any, index: Index) -> None:
    registry.add(TREES)
    embedder = Counting()
    index.build(registry.store, embedder)
    before, asked = index.path.read_bytes(), len(embedder.asked)
    assert index.build(registry.store, embedder) == Built(1, 0, 0, 0, 4, 0, None)
    assert (index.path.read_bytes(), len(embedder.asked)) == (before, asked)
    registry.add(COFFEE, claims=["Coffee wakes mice.", "Mice drink coffee."])
    assert index.build(registry.store, embedder) == Built(2, 1, 0, 0, 9, 5, None)
    assert embedder.asked[asked:] == ["Coffee wakes mice.", "Mice drink coffee.", *embedder.asked[asked + 2 :]]


def test_a_new_version_embeds_only_the_texts_that_changed(registry: Any, index: Index) -> None:
    short = registry.add(TREES)
    embedder = Counting()
    index.build(registry.store, embedder)
    del embedder.asked[:]
    change = {"op": "replace", "path": "/work/research_question", "before": TREES, "value": "Do trees cool cities?"}
    registry.change(short, registry.event(correction_type="METADATA", changes=[change]))
    assert index.build(registry.store, embedder) == Built(1, 0, 1, 0, 4, 1, None)
    assert embedder.asked == ["Do trees cool cities?"]
    assert [(item.text, item.mark) for item in index.items("question")] == [("Do trees cool cities?", "Corrected")]


def test_removed_records_go_and_retracted_ones_are_marked(registry: Any, index: Index) -> None:
    gone, marked = registry.add(TREES), registry.add(COFFEE)
    index.build(registry.store)
    registry.change(gone, registry.event(notice="removal"))
    registry.change(marked, registry.event(notice="retraction"))
    assert index.build(registry.store) == Built(1, 0, 1, 1, 4, 0, None)
    hits = index.search("street trees coffee", most=99)
    assert {(hit.item.public_id, hit.item.notice, hit.item.mark) for hit in hits} == {
        (f"SRCH:{marked}", "retraction", "Retracted")
    }
    assert {row[0] for row in rows(index)} == {f"SRCH:{marked}"}


def test_models_and_widths_stand_side_by_side_and_never_meet(registry: Any, index: Index) -> None:
    registry.add(TREES)
    for embedder in (Counting("a"), Counting("b"), Counting("a", 5, 5), HashingEmbedder()):
        index.build(registry.store, embedder)
    widths = [(method, model, width) for *_, method, model, width, _ in rows(index)]
    assert [(name, widths.count(name)) for name in dict.fromkeys(widths)] == [
        (("counting-v1", "a", 3), 4),
        (("counting-v1", "a", 5), 4),
        (("counting-v1", "b", 3), 4),
        (("hashing-256-v1", "", 256), 4),
    ]
    assert len(index.search(TREES, embedder=Counting("a", 5, 5))) == 4
    with pytest.raises(UsageError) as refused:
        index.search(TREES, embedder=Counting("c", 7, 7))
    told = "the index has no vectors of counting-v1 of c, 7 wide; build it with that model first"
    assert str(refused.value) == f"{index.folder}: {told}"


@pytest.mark.parametrize(
    ("vectors", "told"),
    [
        ([[1.0, 0.0]] * 3, "the embedder gave 3 vectors of widths [2], not 4 vectors of one width"),
        ([[1.0]] * 3 + [[1.0, 2.0]], "the embedder gave 4 vectors of widths [1, 2], not 4 vectors of one width"),
        ([[]] * 4, "the embedder gave 4 vectors of widths [0], not 4 vectors of one width"),
        ([[float("nan")]] * 4, "the embedder gave a vector with a number that is not finite"),
    ],
)
def test_what_is_no_vector_is_refused(registry: Any, index: Index, vectors: Any, told: str) -> None:
    registry.add(TREES)
    embedder = Counting()
    embedder.embed = lambda texts, *, kind: vectors  # type: ignore[method-assign,assignment]
    with pytest.raises(UsageError) as refused:
        index.build(registry.store, embedder)
    assert str(refused.value) == told
    assert rows(index) == []


@given(st.data())
def test_search_is_exact(data: st.DataObject) -> None:
    width, number = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 40))
    small = st.lists(st.integers(-3, 3), min_size=width, max_size=width)
    raw = np.array(data.draw(st.lists(small, min_size=number, max_size=number)), dtype=np.float32)
    matrix = semantic_store._unit(raw)
    kinds = [data.draw(st.sampled_from(KINDS)) for _ in range(number)]
    keys = [(f"SRCH:{place // 4:08d}", kind, f"C{place}") for place, kind in enumerate(kinds)]
    query = np.array([data.draw(small)], dtype=np.float32)
    wanted, most = data.draw(st.sets(st.sampled_from(KINDS), min_size=1)), data.draw(st.integers(1, 50))
    found = _Space(0, keys, matrix).top(query, most, frozenset(wanted), keys[0][0])[0]
    exact = matrix.astype(np.float64) @ semantic_store._unit(query)[0]
    allowed = [place for place in range(number) if kinds[place] in wanted and keys[place][0] != keys[0][0]]
    assert len(found) == min(most, len(allowed))
    assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)
    assert all(abs(exact[place] - value) < 2e-6 for place, value in found)
    missed = set(allowed) - {place for place, _ in found}
    assert all(exact[place] < found[-1][1] + 2e-6 for place in missed)


def test_ties_stand_in_the_order_of_the_records(registry: Any, index: Index) -> None:
    shorts = sorted(registry.add(TREES) for _ in range(4))
    index.build(registry.store)
    hits = index.search(TREES, most=3, kinds=["question"])
    assert [(hit.item.public_id, hit.similarity) for hit in hits] == [(f"SRCH:{short}", 1.0) for short in shorts[:3]]


def test_a_reader_sees_what_was_built_since(registry: Any, index: Index) -> None:
    registry.add(TREES)
    index.build(registry.store)
    reader = Index(index.folder)
    assert len(reader.search("coffee", kinds=["question"])) == 1
    registry.add(COFFEE)
    index.build(registry.store)
    assert [hit.item.text for hit in reader.search("coffee", kinds=["question"])] == [COFFEE, TREES]


def test_without_an_index_one_line_says_how_to_make_it(index: Index) -> None:
    with pytest.raises(UsageError) as refused:
        index.search("x")
    assert str(refused.value) == f"{index.folder}: no index there; make it with 'srch index build'"


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database " * 100)


def damage_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def damage_vector(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("UPDATE vectors SET vector = zeroblob(1023) WHERE kind = 'claim'")


def damage_number(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("UPDATE vectors SET vector = ? WHERE kind = 'claim'", (np.full(256, np.nan, "<f4").tobytes(),))


def damage_form(path: Path) -> None:
    with sqlite3.connect(path) as base:
        base.execute("PRAGMA user_version = 99")


def changed(statement: str, *values: object) -> Any:
    """What plants a row, as one with a database tool could."""

    def change(path: Path) -> None:
        with sqlite3.connect(path) as base:
            base.execute(statement, values)

    return change


def hashed(kind: str, origins: str) -> Any:
    """A row whose hash is right and whose content is not."""

    def change(path: Path) -> None:
        with sqlite3.connect(path) as base:
            for record, item, sha in base.execute("SELECT record, item, text_sha256 FROM items").fetchall():
                row = semantic_store.row_sha256(record, kind, item, sha, origins)
                values = (kind, origins, row, record, item)
                base.execute(
                    "UPDATE items SET (kind, origins, row_sha256) = (?, ?, ?) WHERE (record, item) = (?, ?)", values
                )
                base.execute("UPDATE vectors SET kind = ? WHERE (record, item) = (?, ?)", (kind, record, item))

    return change


ON_READING = [
    damage_header,
    damage_pages,
    damage_vector,
    damage_number,
    damage_form,
    changed("UPDATE items SET origins = 'x'"),
    changed("UPDATE items SET origins = '{}'"),
    changed("UPDATE items SET text = 'planted'"),
    changed("UPDATE items SET text = CAST(x'ff' AS TEXT)"),
    changed("UPDATE items SET kind = 'other'"),
    changed("UPDATE vectors SET kind = 'other'"),
    changed("UPDATE records SET title = 'planted'"),
    changed("UPDATE records SET mark = 'Retracted'"),
    changed("UPDATE records SET notice = 'retraction'"),
    changed("UPDATE records SET texts = 9223372036854775807"),
    changed("DELETE FROM changes"),
    changed("CREATE TRIGGER planted AFTER INSERT ON items BEGIN DELETE FROM items; END"),
    changed("ALTER TABLE items ADD COLUMN more TEXT"),
    changed("DROP TABLE items"),
    hashed("other", "[]"),
    hashed("claim", "[1]"),
    hashed("claim", "[" * 100_000),
]
ON_BUILDING = [
    changed("DELETE FROM items WHERE kind = 'claim'"),
    changed("DELETE FROM records"),
    changed("INSERT INTO changes VALUES (1)"),
    changed("UPDATE vectors SET text_sha256 = ''"),
    changed("UPDATE vectors SET item = 'C9' WHERE kind = 'claim'"),
    changed("INSERT INTO items SELECT record, kind, 'C2', text, text_sha256, origins, row_sha256 FROM items LIMIT 1"),
]


@pytest.mark.parametrize("damage", [*ON_READING, *ON_BUILDING])
def test_rows_that_no_build_wrote_are_made_anew_by_the_next_one(registry: Any, index: Index, damage: Any) -> None:
    registry.add(TREES)
    index.build(registry.store)
    good = rows(index)
    damage(index.path)
    built = index.build(registry.store)
    assert built.damaged is not None
    assert built.damaged.isprintable()
    assert rows(index) == good
    assert index.build(registry.store) == Built(1, 0, 0, 0, 4, 0, None)


@pytest.mark.parametrize("damage", ON_READING)
def test_a_damaged_index_says_so_in_one_line(registry: Any, index: Index, damage: Any) -> None:
    registry.add(TREES)
    index.build(registry.store)
    damage(index.path)
    with pytest.raises(UsageError) as refused:
        Index(index.folder).search(TREES)
    told = str(refused.value)
    assert told.startswith(f"{index.path}: the index is damaged (")
    assert told.endswith("; 'srch index build' makes it anew")
    assert told.isprintable()


def test_a_folder_in_the_place_of_the_file_is_told_and_left_alone(registry: Any, index: Index) -> None:
    index.path.mkdir(parents=True)
    for call in (lambda: index.build(registry.store), lambda: index.search(TREES), lambda: index.items("claim")):
        with pytest.raises(UsageError) as refused:
            call()
        told = "is a folder, not an index; remove it or name another folder for the index"
        assert str(refused.value) == f"{index.path}: {told}"
    assert index.path.is_dir()


def test_records_that_cannot_be_read_are_named_and_the_others_are_there(registry: Any, index: Index) -> None:
    broken, sound = registry.add(TREES), registry.add(COFFEE)
    registry.rewrite(broken, lambda value: value["work"].pop("title"))
    with pytest.raises(Problems) as refused:
        index.build(registry.store)
    assert [(problem.file, problem.found) for problem in refused.value.problems] == [
        (str(registry.manifest(broken)), 'no property "title"')
    ]
    assert {row[0] for row in rows(index)} == {f"SRCH:{sound}"}


KILLED = """
import os, sys
from pathlib import Path
from generator.manifest.semantic import store
from generator.manifest.semantic.hashing import HashingEmbedder
from generator.manifest.store import Store
store._BATCH = 3
class Killing(HashingEmbedder):
    calls = 0
    def embed(self, texts, *, kind):
        Killing.calls += 1
        if Killing.calls > int(sys.argv[3]):
            os.kill(os.getpid(), 9)
        return super().embed(texts, kind=kind)
store.Index(Path(sys.argv[1])).build(Store(Path(sys.argv[2])), Killing())
"""


def call(index: Index, registry: Any, calls: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", KILLED, str(index.folder), str(registry.root), str(calls)]
    return subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)})


def test_killed_builds_are_completed_without_doing_anything_twice(registry: Any, index: Index) -> None:
    for number in range(3):
        registry.add(f"{TREES} {number}")
    for calls in (0, 1, 2):
        assert call(index, registry, calls).wait() == -signal.SIGKILL
    # batches of three: none, then one, then two were kept
    assert len(rows(index)) == 9
    built = index.build(registry.store)
    assert (built.added, built.embedded, built.vectors, built.damaged) == (0, 3, 12, None)
    clean = Index(index.folder.with_name("clean"))
    clean.build(registry.store)
    assert rows(index) == rows(clean)


def test_two_builds_at_once_make_one_index(registry: Any, index: Index) -> None:
    for number in range(3):
        registry.add(f"{TREES} {number}")
    both = [call(index, registry, 99) for _ in range(2)]
    assert [process.wait() for process in both] == [0, 0]
    assert len(rows(index)) == 12
    assert index.build(registry.store).embedded == 0


def test_a_failing_embedder_keeps_what_was_embedded(
    registry: Any, index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.add(TREES)
    monkeypatch.setattr(semantic_store, "_BATCH", 3)
    embedder, calls = Counting(), count()
    sound = embedder.embed

    def failing(texts: Sequence[str], *, kind: Literal["query", "passage"]) -> list[list[float]]:
        if next(calls):
            raise UsageError("the model is gone")
        return sound(texts, kind=kind)

    embedder.embed = failing  # type: ignore[method-assign]
    with pytest.raises(UsageError, match="the model is gone"):
        index.build(registry.store, embedder)
    assert len(rows(index)) == 3
    assert index.build(registry.store, Counting()).embedded == 1


def test_the_file_is_named_and_lies_in_the_folder(index: Index) -> None:
    index.build(Store(index.folder / "none"))
    assert sorted(path.name for path in index.folder.iterdir()) == [".lock", FILE]
