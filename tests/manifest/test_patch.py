"""Changes to facts: which places may be changed at all, what a value before is for, and why indices never move."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.manifest import patch
from generator.manifest.contracts import table
from generator.manifest.derive import derived
from generator.manifest.problems import Problem, pointer
from generator.manifest.store import Store

ROOT = Path(__file__).parents[2]
MANIFESTS = {path.parent.name: json.loads(path.read_bytes()) for path in Store(ROOT / "manifests").paths()}
RECORDS = sorted(MANIFESTS)
ROWS = [*table("correction-event", "x-facts"), *table("paper-manifest", "x-facts")]
FACTS = [row["path"] for row in ROWS]
DATE = "2026-11-30"


def event(*changes: dict[str, Any], day: str = DATE, name: str = "x") -> dict[str, Any]:
    return {
        "event_id": f"{day}-{name}",
        "corrected_at": f"{day}T09:00:00Z",
        "record": "SRCH:0729108B",
        "changes": list(changes),
    }


def replaced(path: str, before: Any, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "before": before, "value": value}


def removed(path: str, before: Any) -> dict[str, Any]:
    return {"op": "remove", "path": path, "before": before}


def added(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def places(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every pointer into ``value`` with what it leads to, the whole of it first."""
    yield path, value
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, path + pointer(key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, path + pointer(index))


def below(path: str, tops: list[str]) -> bool:
    return any(path == top or path.startswith(top + "/") for top in tops)


@pytest.mark.parametrize("short", RECORDS)
def test_every_place_of_every_record_is_a_fact_or_refused(short):
    manifest = MANIFESTS[short]
    document = patch.opened(manifest)
    computed = [*derived(manifest), "/correction_record", "/work/id", "/work/short_id", "/work/public_id"]
    computed += ["/work/id_basis", "/work/version", "/schema", "/schema_version", "/contract_version", "/publisher"]
    computed += ["/disclosure", "/quality_assessment/policy", "/quality_assessment/owner_decision"]
    known = [(path, value) for path, value in places(manifest) if path]
    facts = 0
    for path, value in known:
        problems = patch.apply(document, event(replaced(path, value, value)), file="e.yml")
        counted = path.startswith("/provenance/sources/") and path.endswith("/claims")
        if below(path, FACTS) and not counted:
            facts += 1
            assert problems == [], path
            assert not below(path, computed), path
        else:
            assert [(problem.code, problem.place) for problem in problems] == [("REG065", "/changes/0/path")], path
            for change in (removed(path, value), added(path + "/new", 1), added(path, 1)):
                if not patch.is_fact(change["path"]):
                    assert [item.code for item in patch.apply(document, event(change), file="e.yml")] == ["REG065"]
    assert facts > 300
    assert {path for path, _ in known} >= set(derived(manifest))
    assert patch.closed(document) == manifest


def test_what_is_refused_says_which_places_there_are():
    document = patch.opened(MANIFESTS["0729108B"])
    found = patch.apply(document, event(replaced("/quality_assessment/tier/tier", "DOI_GRADE", "X")), file="e.yml")
    assert found == [
        Problem(
            "e.yml",
            "/changes/0/path",
            "REG065",
            '"/quality_assessment/tier/tier"',
            "the place of a fact: " + ", ".join(FACTS),
            "Change the facts that it follows from; this part is computed from them, or never changes.",
        )
    ]
    misspelt = patch.apply(document, event(replaced("/work/titel", "a", "b")), file="e.yml")
    assert [(item.code, item.mend) for item in misspelt] == [("REG065", "Write /work/title, if that is meant.")]


def test_a_record_without_single_claims_states_its_counts():
    manifest = copy.deepcopy(MANIFESTS["0729108B"])
    manifest["claims"].update(mode="aggregate", records=[])
    change = event(replaced("/claims/aggregate/verified", 7, 3))
    assert patch.apply(patch.opened(MANIFESTS["0729108B"]), change, file="e.yml")[0].code == "REG065"
    document = patch.opened(manifest)
    assert patch.apply(document, change, file="e.yml") == []
    assert patch.closed(document)["claims"]["aggregate"]["verified"] == 3
    assert patch.fact_type("/claims/aggregate/verified") == "CLAIM"


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["path"])
def test_a_fact_has_a_type(row):
    assert (patch.is_fact(row["path"]), patch.is_fact(row["path"] + "/0")) == (True, True)
    assert patch.fact_type(row["path"]) == patch.fact_type(row["path"] + "/0/x") == row["type"]
    assert not patch.is_fact(row["path"] + "s")


def test_a_value_before_that_does_not_hold():
    title = MANIFESTS["0729108B"]["work"]["title"]
    document = patch.opened(MANIFESTS["0729108B"])
    assert patch.apply(document, event(replaced("/work/title", "Old", "New")), file="e.yml") == [
        Problem(
            "e.yml",
            "/changes/0/before",
            "REG063",
            '"Old"',
            f'the value that /work/title holds now, "{title}"',
            "Another event may have changed it since: take the value from 'srch show SRCH:0729108B --manifest'.",
        )
    ]
    assert patch.closed(document) == MANIFESTS["0729108B"]


@pytest.mark.parametrize(
    ("now", "said", "holds"),
    [
        (1, 1.0, True),
        (1, True, False),
        (0, False, False),
        (None, False, False),
        (None, "", False),
        ("é", "e\u0301", False),
        ([1, 2], [2, 1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": None}, {}, False),
        ([], {}, False),
        ([1.0, {"a": True}], [1, {"a": True}], True),
        ([{"a": 1}], [{"a": True}], False),
    ],
)
def test_when_two_values_are_one(now, said, holds):
    assert patch.same(now, said) is patch.same(said, now) is holds
    document = patch.opened({"claims": {"mode": "per_claim"}, "work": {"title": now}})
    codes = [item.code for item in patch.apply(document, event(replaced("/work/title", said, "x")), file="e.yml")]
    assert codes == ([] if holds else ["REG063"])


def small() -> Any:
    return patch.opened(
        {
            "claims": {"mode": "per_claim", "records": [{"id": "C1"}, {"id": "C2"}, {"id": "C3", "text": "t"}]},
            "uncertainties": ["a", "b", "c"],
            "work": {"a/b": {"~": 1}},
        }
    )


def texts(document: Any) -> list[Any]:
    return list(patch.closed(document)["uncertainties"])


def test_an_index_is_that_of_the_published_list_for_ever():
    document = small()
    assert patch.apply(document, event(removed("/uncertainties/0", "a")), file="e.yml") == []
    assert patch.apply(document, event(replaced("/uncertainties/2", "c", "C")), file="e.yml") == []
    assert texts(document) == ["b", "C"]
    gone = patch.apply(document, event(removed("/uncertainties/0", "a")), file="e.yml")
    assert [(item.code, item.place, item.found) for item in gone] == [
        ("REG064", "/changes/0/path", '"/uncertainties/0"')
    ]
    assert (
        patch.apply(document, event(removed("/uncertainties/2", "C"), removed("/uncertainties/1", "b")), file="") == []
    )
    assert texts(document) == []


def test_items_are_named_by_index_or_id_and_added_ones_by_id():
    document = small()
    assert patch.value_at(document, "/claims/records/C3/text") == patch.value_at(document, "/claims/records/2/text")
    assert patch.apply(document, event(added("/claims/records/-", {"id": "C9", "text": "new"})), file="e.yml") == []
    assert patch.apply(document, event(replaced("/claims/records/C9/text", "new", "newer")), file="e.yml") == []
    by_index = patch.apply(document, event(replaced("/claims/records/3/text", "newer", "x")), file="e.yml")
    assert [(item.code, item.found) for item in by_index] == [
        ("REG064", '"/claims/records/3/text", but there is no /claims/records/3')
    ]
    assert patch.apply(document, event(removed("/claims/records/C9", {"id": "C9", "text": "newer"})), file="") == []
    assert [item["id"] for item in patch.closed(document)["claims"]["records"]] == ["C1", "C2", "C3"]
    with pytest.raises(KeyError):
        patch.value_at(document, "/claims/records/C9")


def test_added_items_stand_by_date_and_id_of_their_event():
    late = event(added("/uncertainties/-", "late"), day="2026-12-02")
    early = event(
        added("/uncertainties/-", "early 1"), added("/uncertainties/-", "early 2"), day="2026-12-01", name="b"
    )
    earlier = event(added("/uncertainties/-", "earlier"), day="2026-12-01", name="a")
    document = small()
    for one in (late, early, earlier):
        assert patch.apply(document, one, file="e.yml") == []
    assert texts(document) == ["a", "b", "c", "earlier", "early 1", "early 2", "late"]


@pytest.mark.parametrize(
    ("change", "code", "found", "expected", "mend"),
    [
        (
            added("/uncertainties/1", "x"),
            "REG064",
            '"/uncertainties/1"',
            "a path that ends in '/-' to add to a list",
            "End the path in '/-'; to change an item that is there, say replace.",
        ),
        (
            added("/claims/records/C3/text", "x"),
            "REG063",
            "/claims/records/C3/text is there already",
            "a place that holds nothing yet",
            "Say replace, with the value before.",
        ),
        (
            replaced("/claims/records/C33/text", "t", "x"),
            "REG064",
            '"/claims/records/C33/text", but there is no /claims/records/C33',
            "a place in the manifest, counted as it was published",
            "Did you mean \"C3\"? See 'srch show SRCH:0729108B --manifest' for the view as it stands.",
        ),
        *(
            (
                removed(f"/uncertainties/{token}", "b"),
                "REG064",
                json.dumps(f"/uncertainties/{token}", ensure_ascii=False),
                "a place in the manifest, counted as it was published",
                "See 'srch show SRCH:0729108B --manifest' for the view as it stands.",
            )
            for token in ("-", "01", "-1", "+1", "1.0", "٣", "²", " 1", "9" * 400, "")
        ),
        (
            removed("/uncertainties/1/deeper", "b"),
            "REG064",
            '"/uncertainties/1/deeper"',
            "a place in the manifest, counted as it was published",
            "See 'srch show SRCH:0729108B --manifest' for the view as it stands.",
        ),
    ],
)
def test_places_that_lead_nowhere(change, code, found, expected, mend):
    document = small()
    before = patch.closed(document)
    (problem,) = patch.apply(document, event(change), file="e.yml")
    assert (problem.code, problem.expected) == (code, expected)
    if len(found) < 80:
        assert problem.found == found
        assert problem.mend.removeprefix('Did you mean "1"? ') == mend
    assert patch.closed(document) == before


def test_all_problems_come_at_once_and_escapes_are_read():
    document = small()
    wrong = [removed("/uncertainties/9", 1), replaced("/uncertainties/0", "x", "y"), added("/work/id", 1)]
    found = patch.apply(document, event(*wrong), file="e.yml")
    assert [(item.code, item.place) for item in found] == [
        ("REG064", "/changes/0/path"),
        ("REG063", "/changes/1/before"),
        ("REG065", "/changes/2/path"),
    ]
    assert patch.value_at(document, "/work/a~1b/~0") == 1


def test_a_whole_list_can_be_replaced_and_then_counts_anew():
    document = small()
    assert patch.apply(document, event(replaced("/uncertainties", ["a", "b", "c"], ["z"])), file="e.yml") == []
    assert patch.apply(document, event(replaced("/uncertainties/0", "z", "y")), file="e.yml") == []
    assert texts(document) == ["y"]


@pytest.mark.parametrize("short", RECORDS)
def test_opening_and_closing_changes_nothing(short):
    before = copy.deepcopy(MANIFESTS[short])
    assert patch.closed(patch.opened(MANIFESTS[short])) == before == MANIFESTS[short]


FACT_PLACES = {
    short: [
        (path, value)
        for path, value in places(manifest)
        if path and patch.is_fact(path) and not isinstance(value, dict | list)
    ]
    for short, manifest in MANIFESTS.items()
}


@given(st.data())
def test_changes_to_different_facts_commute(data):
    short = data.draw(st.sampled_from(RECORDS))
    known = FACT_PLACES[short]
    chosen = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=6, unique_by=lambda item: item[0]))
    value = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5)
    events = [
        event(
            replaced(path, before, data.draw(value)) if data.draw(st.booleans()) else removed(path, before),
            day=f"2026-12-{number:02}",
        )
        for number, (path, before) in enumerate(chosen, 1)
    ]
    events.append(event(added("/uncertainties/-", data.draw(value)), day="2026-12-20"))
    events.append(event(added("/uncertainties/-", data.draw(value)), day="2026-12-21"))
    views = []
    for order in (events, list(reversed(events)), data.draw(st.permutations(events))):
        document = patch.opened(MANIFESTS[short])
        for one in order:
            assert patch.apply(document, one, file="e.yml") == []
        views.append(json.dumps(patch.closed(document), sort_keys=True))
    assert views[0] == views[1] == views[2]


def test_how_many_claims_name_a_source_is_counted_and_not_compared():
    document = patch.opened(MANIFESTS["0729108B"])
    source = {**MANIFESTS["0729108B"]["provenance"]["sources"][2], "claims": 99}
    removal = {"op": "remove", "path": f"/provenance/sources/{source['id']}", "before": source}
    assert patch.apply(document, event(removal), file="e.yml") == []
    whole = patch.opened(MANIFESTS["0729108B"])
    wrong = {**removal, "before": {**source, "title": "Another"}}
    assert [item.code for item in patch.apply(whole, event(wrong), file="e.yml")] == ["REG063"]


def test_values_put_into_one_another_stay_within_the_depth_of_a_file():
    deep: Any = "x"
    for _ in range(55):
        deep = {"a": deep}
    document = patch.opened(MANIFESTS["0729108B"])
    first = {"op": "add", "path": "/claims/themes/0/x", "value": deep}
    assert patch.apply(document, event(first), file="e.yml") == []
    second = {"op": "add", "path": f"/claims/themes/0/x{'/a' * 54}/b", "value": deep}
    assert patch.apply(document, event(second), file="e.yml") == [
        Problem("e.yml", "/changes/0/value", "REG005", "114 levels", "at most 64 levels", "Flatten the value.")
    ]
