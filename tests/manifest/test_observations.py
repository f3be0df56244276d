"""Observations of sources: the one door by which they come in, and how they are written, once."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import contracts
from generator.manifest.canonical import stored_bytes
from generator.manifest.monitor.keys import names_of
from generator.manifest.observations import (
    Observation,
    check_observation,
    load_observations,
    observation,
    write_observation,
)
from generator.manifest.problems import Problem, Problems, UsageError

AT = "2026-12-03T09:00:00Z"
PLACE = Path("manifests/observations/2026-12-03-arxiv.json")


def paper(paper_id: str | None = "2505.20225", **more: Any) -> dict[str, Any]:
    return {
        **{"paper_id": paper_id, "doi": None, "latest_version": 1, "withdrawn": False, "url": None, "title": None},
        **more,
    }


def made(*papers: dict[str, Any], at: str = AT) -> dict[str, Any]:
    return observation(papers or (paper(),), at=at, method="by-hand-v1", version="1", basis="Read by a person.")


def problem(place: str, code: str, found: str, expected: str, mend: str, path: Path = PLACE) -> Problem:
    return Problem(str(path), place, code, found, expected, mend)


def test_a_sound_observation_has_no_problem() -> None:
    assert check_observation(made(), PLACE) == []
    assert check_observation(made(paper(None, doi="10.5555/x", latest_version=None)), PLACE) == []


def test_breaches_of_the_contract_have_the_code_of_observations() -> None:
    value = {**made(), "observed_at": "yesterday", "more": 1}
    found = check_observation(value, PLACE)
    by_contract = contracts.validate(value, "source-observation", file=str(PLACE))
    assert found == [replace(item, code="REG097") for item in by_contract]
    assert {(item.place, item.code) for item in found} == {("/more", "REG097"), ("/observed_at", "REG097")}
    assert [item.code for item in check_observation([], PLACE)] == ["REG097"]


@pytest.mark.parametrize("name", ["arxiv.json", "2026-12-03.json", "2026-12-03-ArXiv.json", "2026-12-03-a_b.json"])
def test_the_file_is_named_after_day_and_subject(name: str) -> None:
    path = PLACE.with_name(name)
    mend = "Name the file after the day and what was looked at, in small letters: 2026-12-01-arxiv.json."
    assert check_observation(made(), path) == [
        problem("", "REG096", f'the name "{name}"', "<date>-<slug>.json", mend, path)
    ]


def test_the_file_lies_under_its_day_and_in_its_folder() -> None:
    path = Path("manifests/E5/2026-12-04-arxiv.json")
    assert check_observation(made(), path) == [
        problem(
            "",
            "REG096",
            'the folder "E5"',
            '"observations"',
            "Move the file into the folder 'observations' below the records.",
            path,
        ),
        problem(
            "/observed_at",
            "REG096",
            f'"{AT}"',
            "a time on 2026-12-04",
            "Begin the file's name with the day on which the sources were seen.",
            path,
        ),
    ]


def test_a_paper_is_named_without_its_version() -> None:
    value = made()
    value["papers"][0]["paper_id"] = "2505.20225v2"
    assert check_observation(value, PLACE) == [
        problem(
            "/papers/0/paper_id",
            "REG097",
            '"2505.20225v2"',
            "an id without version",
            "Write the version as latest_version.",
        )
    ]


def test_a_paper_stands_once_under_whatever_name() -> None:
    value = made()
    other_name = paper(None, doi="10.48550/arXiv.2505.20225", latest_version=None)
    value["papers"] += [other_name, paper("2505.1"), paper("2505.1")]
    mend = "Keep the one with the later version."
    assert check_observation(value, PLACE) == [
        problem(
            "/papers/1",
            "REG098",
            "doi:10.48550/arXiv.2505.20225, which stands at 0 too",
            "each paper once",
            mend,
        ),
        problem("/papers/3", "REG098", "2505.1, which stands at 2 too", "each paper once", mend),
    ]


# --- reading ----------------------------------------------------------------------------------------------------------


def test_a_registry_without_observations_has_none(tmp_path: Path) -> None:
    assert load_observations(tmp_path) == ([], [])


def test_all_observations_are_read_and_all_problems_told(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    folder.mkdir()
    (folder / "2026-12-03-b.json").write_bytes(stored_bytes(made()))
    (folder / "2026-12-02-a.json").write_bytes(stored_bytes(made(at="2026-12-02T00:00:00Z")))
    (folder / "2026-12-01-c.json").write_bytes(stored_bytes(made()))
    (folder / "2026-12-04-d.json").write_bytes(b"{")
    (folder / "notes.txt").write_text("x", encoding="utf-8")
    (folder / "2026-12-03-link.json").symlink_to(folder / "2026-12-03-b.json")
    (folder / "2026-12-03-folder.json").mkdir()
    (folder / ".lock").touch()
    found, problems = load_observations(tmp_path)
    assert found == [
        Observation("2026-12-02-a", made(at="2026-12-02T00:00:00Z")),
        Observation("2026-12-03-b", made()),
    ]
    assert [(Path(item.file).name, item.code) for item in problems] == [
        ("2026-12-01-c.json", "REG096"),
        ("2026-12-03-folder.json", "REG096"),
        ("2026-12-03-link.json", "REG096"),
        ("2026-12-04-d.json", "REG003"),
        ("notes.txt", "REG096"),
    ]
    mend = "Name the observation <date>-<slug>.json, or remove it."
    assert problems[-1] == problem("", "REG096", "notes.txt", "only .json files", mend, folder / "notes.txt")


# --- making and writing -----------------------------------------------------------------------------------------------


def test_papers_stand_in_the_order_of_their_names() -> None:
    rows = [paper("2505.2"), paper(None, doi="10.5555/x", latest_version=None), paper("2505.1"), paper("math/0309136")]
    assert [item["paper_id"] for item in made(*rows)["papers"]] == ["math/0309136", None, "2505.1", "2505.2"]


def test_of_two_sightings_the_later_version_counts() -> None:
    rows = [paper(latest_version=2, withdrawn=True), paper(latest_version=3), paper(latest_version=None)]
    assert made(*rows)["papers"] == [rows[1]]
    assert made(*reversed(rows))["papers"] == [rows[1]]
    same = [paper(latest_version=3, title="A"), paper(latest_version=3, withdrawn=True)]
    assert made(*same)["papers"] == made(*reversed(same))["papers"] == [same[1]]


SIGHTINGS = st.builds(
    lambda number, version, withdrawn: paper(f"2505.0000{number}", latest_version=version, withdrawn=withdrawn),
    st.integers(1, 3),
    st.one_of(st.none(), st.integers(1, 4)),
    st.booleans(),
)


@given(st.lists(SIGHTINGS, min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_an_observation_does_not_depend_on_the_order_of_the_responses(rows: list[dict[str, Any]], random: Any) -> None:
    value = made(*rows)
    assert check_observation(value, PLACE) == []
    random.shuffle(rows)
    assert made(*rows) == value
    for item in value["papers"]:
        versions = [row["latest_version"] or 0 for row in rows if names_of(row) == names_of(item)]
        assert (item["latest_version"] or 0) == max(versions)


def test_an_observation_is_written_once(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    path = write_observation(folder, "arxiv", made())
    assert path == folder / "2026-12-03-arxiv.json"
    assert path.read_bytes() == stored_bytes(made())
    assert load_observations(tmp_path) == ([Observation("2026-12-03-arxiv", made())], [])
    before = path.read_bytes()
    for other in (made(), made(paper("2505.1"))):
        with pytest.raises(UsageError) as refused:
            write_observation(folder, "arxiv", other)
        assert str(refused.value) == (
            f"{path}: is there already, and observations are never changed; give another --slug"
        )
    assert path.read_bytes() == before
    assert sorted(item.name for item in folder.iterdir() if item.name != ".lock") == ["2026-12-03-arxiv.json"]


def test_what_is_not_sound_is_not_written(tmp_path: Path) -> None:
    folder = tmp_path / "observations"
    with pytest.raises(Problems) as refused:
        write_observation(folder, "arxiv", made(paper(title="x" * 1001)))
    assert [(item.file, item.place, item.code) for item in refused.value.problems] == [
        (str(folder / "2026-12-03-arxiv.json"), "/papers/0/title", "REG097")
    ]
    assert not folder.exists()


def test_the_examples_lie_well(tmp_path: Path) -> None:
    for path in (Path(__file__).parents[2] / "schemas/examples/source-observation-v1/valid").glob("*.json"):
        value = json.loads(path.read_bytes())
        write_observation(tmp_path / "observations", path.stem, value)
    found, problems = load_observations(tmp_path)
    assert (len(found), problems) == (2, [])
