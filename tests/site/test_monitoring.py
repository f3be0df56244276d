"""The list of what to look at next: in words, with links that lead somewhere, and no record reaches it as markup."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import html5lib
import pytest

from generator.manifest import cards, contracts
from generator.manifest.corrections import Event
from generator.manifest.monitor import Watch, watch
from generator.manifest.observations import Observation
from generator.site import monitoring

EXAMPLES = Path(__file__).parents[2] / "schemas" / "examples" / "paper-manifest-v1.1" / "valid"
EXECUTED = json.loads((EXAMPLES / "executed.json").read_bytes())
HOSTILE = '<img src=x onerror=alert(1)> & "quotes" \u202e\x07'
Rows = list[tuple[dict[str, Any], tuple[Event, ...]]]


@pytest.fixture(autouse=True)
def _rules_of_today(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cards, "newest_version", lambda _: "1.0.0")


def record(number: int, day: str, passed: bool = True, **source: Any) -> dict[str, Any]:
    made = copy.deepcopy(EXECUTED)
    short = f"{number:08d}"
    made["work"].update(short_id=short, public_id=f"SRCH:{short}", submitted=day, title=f"Record {number}")
    made["claims"]["records"] = made["claims"]["records"][:1]
    agreement = "corroborated" if passed else "refuted"
    made["claims"]["records"][0]["verification"].update(verified=passed, agreement=agreement)
    made["provenance"]["sources"] = made["provenance"]["sources"][:1]
    made["provenance"]["sources"][0].update(paper_id="2505.20225", version=1, doi=None, **source)
    made["provenance"]["retrieval"]["excluded"] = []
    return made


def observed(version: int, *, withdrawn: bool = False) -> Observation:
    paper = {"paper_id": "2505.20225", "doi": None, "latest_version": version, "withdrawn": withdrawn}
    return Observation("2026-12-03-arxiv", {"observed_at": "2026-12-03T09:00:00Z", "papers": [paper]})


def rendered(rows: Rows, *seen: Observation) -> str:
    made = watch(rows, seen)
    return monitoring.render((made.entry(*row) for row in rows), made)


def text_of(html: str) -> str:
    return " ".join("".join(html5lib.parse(html, namespaceHTMLElements=False).itertext()).split())


def links_of(html: str) -> list[tuple[str, str]]:
    tree = html5lib.parse(html, namespaceHTMLElements=False)
    return [("".join(link.itertext()), link.get("href")) for link in tree.iter("a")]


def test_without_a_record_and_without_a_reason_it_says_so() -> None:
    empty = text_of(monitoring.render([], Watch()))
    assert "No record has been published yet, so there is nothing to look at." in empty
    one, two = record(1, "2026-11-01"), record(2, "2026-11-01")
    words = "Nothing to look at: nothing that is watched has changed since the {} made."
    assert words.format("record was") in text_of(rendered([(one, ())]))
    assert words.format("records were") in text_of(rendered([(one, ()), (two, ())]))


def test_the_list_names_record_reason_and_what_it_points_at() -> None:
    rows: Rows = [(record(1, "2026-11-01"), ()), (record(2, "2026-11-15", passed=False), ())]
    page = rendered(rows, observed(3))
    assert "2 of 2 records to look at again." in text_of(page)
    assert (
        "A newer record says otherwise of a claim (since 2026-11-15): Claim C1 is corroborated here; claim C1 of the "
        "newer record SRCH:00000002, on the same passage, is refuted. See C1 of SRCH:00000001, C1 of SRCH:00000002."
    ) in text_of(page)
    links = links_of(page)
    assert links[:3] == [
        ("SRCH:00000001", "../paper/00000001/"),
        ("C1 of SRCH:00000001", "../paper/00000001/#claim-C1"),
        ("C1 of SRCH:00000002", "../paper/00000002/#claim-C1"),
    ]
    assert links[3] == ("S1", EXECUTED["provenance"]["sources"][0]["url"])
    assert ("SRCH:00000002", "../paper/00000002/") in links
    assert links[-1] == ("All records as data", "../data/review-monitor.json")
    assert '<time datetime="2026-11-15">2026-11-15</time>' in page


def test_the_triggers_are_explained_with_their_numbers() -> None:
    page = rendered([(record(1, "2026-11-01"), ()), (record(2, "2026-11-01"), ())], observed(2, withdrawn=True))
    tree = html5lib.parse(page, namespaceHTMLElements=False)
    rows = [["".join(cell.itertext()) for cell in row] for row in tree.iter("tr")][1:]
    table = contracts.table("review-monitor", "x-triggers")
    assert [row[:3] for row in rows] == [[item["label"], item["definition"], item["watched_when"]] for item in table]
    assert [row[3] for row in rows] == ["2", "0", "0", "0", "0"]


def test_what_is_clear_or_not_monitored_is_not_listed() -> None:
    gone = Event(
        Path("2026-11-20-note.yml"),
        "0" * 64,
        {"event_id": "2026-11-20-note", "corrected_at": "2026-11-20T09:00:00Z", "notice": "retraction"},
    )
    rows: Rows = [(record(1, "2026-11-01"), (gone,)), (record(2, "2026-11-01", status="withdrawn"), ())]
    page = rendered([*rows, (record(3, "2026-11-01"), ())], observed(2, withdrawn=True))
    assert page.count("<li><p>") == 1
    assert '<li><p><a href="../paper/00000003/">SRCH:00000003</a> <bdi>Record 3</bdi></p>' in page
    assert "1 of 3 records to look at again." in text_of(page)


def test_long_lists_are_cut_and_say_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "MOST", 2)
    monkeypatch.setattr(monitoring, "MOST_REASONS", 1)
    rows: Rows = [(record(number, "2026-11-01"), ()) for number in range(5, 0, -1)]
    rows.append((record(9, "2026-12-01", passed=False), ()))
    page = rendered(rows, observed(4))
    assert [words for words, _ in links_of(page) if words.startswith("SRCH:")] == ["SRCH:00000001", "SRCH:00000002"]
    assert "4 more records stand in the data." in text_of(page)
    assert text_of(page).count("1 more on the record's own page.") == 2


def test_words_of_a_record_are_escaped() -> None:
    made = record(1, "2026-11-01", url="https://example.org/?a=1&b=2")
    made["work"]["title"] = HOSTILE
    made["provenance"]["sources"][0]["paper_id"] = "<script>x</script>"
    seen = observed(2, withdrawn=True)
    seen.data["papers"][0]["paper_id"] = "<script>x</script>"
    page = rendered([(made, ())], Observation("2026-12-03-<b>", seen.data))
    assert "<img" not in page
    assert "<script" not in page
    assert "<b>" not in page
    assert "\x07" not in page
    assert '<img src=x onerror=alert(1)> & "quotes"' in text_of(page)
    assert "S1 (<script>x</script>) has been withdrawn, according to the observation 2026-12-03-<b>." in text_of(page)
    assert ("S1", "https://example.org/?a=1&b=2") in links_of(page)


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://exa mple.org/", None])
def test_an_address_that_is_not_plain_is_no_link(url: str | None) -> None:
    page = rendered([(record(1, "2026-11-01", url=url), ())], observed(2))
    assert [words for words, _ in links_of(page)] == ["SRCH:00000001", "All records as data"]


def test_the_page_gets_the_list_in_its_place() -> None:
    page = (Path(__file__).parents[2] / "docs" / "monitor.md").read_text(encoding="utf-8")
    assert page.count(monitoring.PLACE) == 1
    filled = monitoring.put(page, [], Watch())
    assert monitoring.PLACE not in filled
    assert filled == page.replace(monitoring.PLACE, monitoring.render([], Watch()))


def test_the_data_are_the_register_of_the_contract() -> None:
    rows: Rows = [(record(2, "2026-11-01"), ()), (record(1, "2026-11-01"), ())]
    made = watch(rows, [observed(2)])
    register = json.loads(monitoring.data_bytes((made.entry(*row) for row in rows), made))
    assert contracts.validate(register, "review-monitor", file="r", definition="register") == []
    assert [row["work"]["short_id"] for row in register["records"]] == ["00000001", "00000002"]


# --- the block of a record page ---------------------------------------------------------------------------------------


def test_the_block_of_a_record_that_is_clear_says_what_is_watched() -> None:
    made = record(1, "2026-11-01")
    block = monitoring.block(watch([(made, ())], []).entry(made, ()), rules="1.1")
    assert (block.state, block.heading, block.reasons) == (
        "CLEAR",
        "Nothing that is watched has changed since this record was made.",
        [],
    )
    assert block.watched[1] == ("A record it relies on was corrected", False, "No source is a record of this registry.")


def test_the_block_keeps_the_known_words_for_changed_rules() -> None:
    made = record(1, "2026-11-01")
    del made["quality_assessment"]["rules"]
    block = monitoring.block(watch([(made, ())], []).entry(made, ()), rules="1.0")
    assert block.heading == "This record is due for re-review."
    assert block.reasons == [
        monitoring.Reason(
            "Rules or verifier have changed",
            None,
            "A newer verifier exists: this record is due for re-review. Made by rules 1.0, which let every method's "
            "verdict count as verified. Tier, level and dimensions were computed by rules 1.0.",
            [],
        )
    ]


def test_the_block_links_from_where_the_page_stands() -> None:
    rows: Rows = [(record(1, "2026-11-01"), ()), (record(2, "2026-12-01", passed=False), ())]
    entry = watch(rows, []).entry(*rows[0])
    links = monitoring.block(entry, rules="1.1").reasons[0].links
    assert links == [
        ("C1 of SRCH:00000001", "../00000001/#claim-C1"),
        ("C1 of SRCH:00000002", "../00000002/#claim-C1"),
    ]


def test_the_block_of_a_record_that_is_gone_says_why() -> None:
    made = record(1, "2026-11-01")
    gone = Event(
        Path("2026-11-20-note.yml"),
        "0" * 64,
        {"event_id": "2026-11-20-note", "corrected_at": "2026-11-20T09:00:00Z", "notice": "removal"},
    )
    block = monitoring.block(watch([(made, (gone,))], []).entry(made, (gone,)), rules="1.1")
    assert block.heading == "The record was removed on 2026-11-20; it is not looked at again."
    assert not any(monitored for _, monitored, _ in block.watched)


def test_an_event_is_linked_at_its_own_page() -> None:
    relied = record(2, "2026-11-01")
    here = record(1, "2026-11-10")
    here["provenance"]["sources"][0].update(paper_id="SRCH:00000002", version=None)
    note = Event(
        Path("2026-11-20-note.yml"), "0" * 64, {"event_id": "2026-11-20-note", "corrected_at": "2026-11-20T09:00:00Z"}
    )
    rows: Rows = [(here, ()), (relied, (note,))]
    (reason,) = monitoring.block(watch(rows, []).entry(here, ()), rules="1.1").reasons
    assert reason.links == [
        ("SRCH:00000002", "../00000002/"),
        ("2026-11-20-note", "../00000002/notices/2026-11-20-note/"),
    ]
