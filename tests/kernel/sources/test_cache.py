"""The cache of a UTC day: what comes back, what does not, and what is removed."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.sources.cache import Cache, default_folder

REQUEST = {"source": "arxiv", "query": "all:trees", "start": 0}
VALUE = {"body": "text", "prompt_tokens": 0, "completion_tokens": 0}


def test_an_answer_lasts_for_the_day_and_belongs_to_its_request(tmp_path: Path) -> None:
    days = ["2026-11-22"]
    cache = Cache(tmp_path / "c", lambda: days[-1])
    assert cache.get("search", REQUEST) is None
    cache.put("search", REQUEST, VALUE)
    assert cache.get("search", dict(reversed(REQUEST.items()))) == VALUE, "the order of members is nothing"
    assert Cache(tmp_path / "c", lambda: "2026-11-22").get("search", REQUEST) == VALUE
    assert cache.get("chat", REQUEST) is None
    assert cache.get("search", REQUEST | {"start": 10}) is None
    days.append("2026-11-23")
    assert cache.get("search", REQUEST) is None


texts = st.text(st.characters(exclude_categories=["Cs"]))
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner),
    max_leaves=8,
)


@given(value=json_values)
def test_any_json_value_comes_back(value: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = Cache(tmp_path_factory.mktemp("c"), lambda: "2026-11-23")
    cache.put("search", REQUEST, {"body": value})
    assert cache.get("search", REQUEST) == {"body": value}


@given(place=st.integers(0, 10_000), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_file_is_a_miss(place: int, byte: int, cut: bool, tmp_path_factory: pytest.TempPathFactory) -> None:
    cache = Cache(tmp_path_factory.mktemp("c"), lambda: "2026-11-23")
    cache.put("search", REQUEST, VALUE)
    (path,) = cache._folder.glob("*/*.json")
    whole = path.read_bytes()
    place %= len(whole)
    path.write_bytes(whole[:place] if cut else whole[:place] + bytes([byte]) + whole[place + 1 :])
    found = cache.get("search", REQUEST)
    assert found is None or found == VALUE, "never anything else"
    assert not cut or place >= len(whole) - 1 or found is None


def test_a_file_of_another_request_is_a_miss(tmp_path: Path) -> None:
    cache = Cache(tmp_path, lambda: "2026-11-23")
    cache.put("search", REQUEST, VALUE)
    cache.put("search", REQUEST | {"start": 10}, {"body": "other"})
    first, second = tmp_path.glob("*/*.json")
    first.write_bytes(second.read_bytes())
    found = [cache.get("search", REQUEST), cache.get("search", REQUEST | {"start": 10})]
    assert found in ([None, {"body": "other"}], [VALUE, None])


def test_days_long_past_are_removed_and_nothing_else(tmp_path: Path) -> None:
    for name in ("2026-10-23", "2026-10-24", "2026-11-24", "notes", "2026-1-1"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("x")
    Cache(tmp_path, lambda: "2026-11-23").put("search", REQUEST, VALUE)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-1-1", "2026-10-24", "2026-11-23", "2026-11-24", "notes",
    ]  # fmt: skip


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(tmp_path / "file", lambda: "2026-11-23")
    cache.put("search", REQUEST, VALUE)
    assert cache.get("search", REQUEST) is None


def test_a_day_is_a_day(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^'\.\./\.\.' is not a day$"):
        Cache(tmp_path, lambda: "../..").put("search", REQUEST, VALUE)


def test_where_the_cache_lies(tmp_path: Path) -> None:
    assert default_folder({"SRCH_CACHE_DIR": str(tmp_path)}) == tmp_path
    assert "srch" in default_folder({"SRCH_CACHE_DIR": " "}).parts


def _write(folder: Path, process: int) -> None:
    cache = Cache(folder, lambda: "2026-11-23")
    for number in range(20):
        cache.put("search", {"number": number}, {"body": f"{process}" * 5000})
        found = cache.get("search", {"number": number})
        assert found is not None
        assert len(set(found["body"])) == 1, "one writer's answer, whole"


def test_two_processes_share_a_cache(tmp_path: Path) -> None:
    context = multiprocessing.get_context("forkserver")
    workers = [context.Process(target=_write, args=(tmp_path, number)) for number in (1, 2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert len(list(tmp_path.glob("2026-11-23/*"))) == 20, "nothing half-written is left"
