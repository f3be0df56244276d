"""The table of the home page, the search and the sitemap: how corrected, retracted and removed records stand there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import html5lib
import pytest

from generator.manifest.problems import UsageError
from generator.manifest.store import Record, Store
from generator.site import search, sitemap, triage
from generator.site.build import build

SITE = "https://assignee.net/"
ABSTRACT = "Fronds under blue light grew 12 percent shorter"


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType) -> dict[str, Record]:
    """By name: one record of each state, made of one example."""
    root = tmp_path_factory.mktemp("states")
    lifted = [maker.event(notice="expression_of_concern"), maker.event("2026-11-26", "ok", lifts="2026-11-23-note")]
    events: dict[str, list[dict[str, Any]]] = {
        "current": [],
        "corrected": [maker.event(notice="correction")],
        "noted": [maker.event()],
        "superseded": [maker.event(notice="new_version", replaced_by="SRCH:E50A8461")],
        "concern": [maker.event(notice="expression_of_concern")],
        "lifted": lifted,
        "retracted": [maker.event(), maker.event("2026-11-25", "gone", notice="retraction")],
        "removed": [maker.event(notice="removal")],
    }
    names = {}
    for number, (name, said) in enumerate(events.items()):
        names[maker.store(root, maker.numbered(maker.example(), number), said).name] = name
    return {names[record.short_id]: record for record in Store(root).records()}


def rows_of(records: dict[str, Record]) -> dict[str, Any]:
    """Name -> the table row of each record, as a browser reads it."""
    html = triage.render([triage.summary_of(record) for record in records.values()], script="triage.js")
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    found = {row.find("th/a").get("href"): row for row in tree.find(".//tbody").findall("tr")}
    return {name: found[f"paper/{record.short_id}/"] for name, record in records.items()}


def words(element: Any) -> str:
    return " ".join("".join(element.itertext()).split())


def test_every_row_says_its_state_in_words(records: dict[str, Record]) -> None:
    rows = rows_of(records)
    title = records["current"].manifest["work"]["title"]
    said = {name: (words(row.find("td[@class='title']/a")), words(row.findall("td")[-1])) for name, row in rows.items()}
    assert said == {
        "current": (title, "CURRENT"),
        "corrected": (title, "CORRECTED Correction"),
        "noted": (title, "CORRECTED"),
        "superseded": (title, "SUPERSEDED New version"),
        "concern": (f"EXPRESSION OF CONCERN: {title}", "CORRECTED Expression of concern"),
        "lifted": (title, "CORRECTED"),
        "retracted": (f"RETRACTED: {title}", "CORRECTED Retracted"),
        "removed": (f"REMOVED: {title}", "CORRECTED Removed"),
    }
    assert {name for name, row in rows.items() if row.get("data-notice")} == {
        *("corrected", "superseded", "concern", "retracted", "removed")
    }


def test_a_removed_record_has_no_numbers(records: dict[str, Record]) -> None:
    cells = [words(cell) for cell in rows_of(records)["removed"].findall("td")]
    assert cells[1:5] == ["Removed"] * 4
    row = rows_of(records)["removed"]
    assert [row.get(f"data-{name}") for name in ("tier", "level", "score", "verified", "kind")] == [
        *("", "", "", "", "removed")
    ]


def test_counters_leave_removed_records_out_and_count_none_twice(records: dict[str, Record]) -> None:
    html = triage.render([triage.summary_of(record) for record in records.values()], script="triage.js")
    tree = html5lib.parse(html, treebuilder="etree", namespaceHTMLElements=False)
    counters = [words(item) for item in tree.find(".//ul[@class='counters']").findall("li")]
    assert counters == [
        "8 records",
        "42 claims, 35 verified",
        "7 DOI grade",
        "1 Removed",
        "1 Retracted",
        "1 Expression of concern",
        "1 Superseded",
        "3 Corrected",
        "8 sample records over invented papers",
    ]
    options = [option.get("value") for option in tree.findall(".//select[@name='status']/option")]
    assert options == ["", "current", "corrected", "superseded", "notice"]


def test_a_registry_without_notices_offers_no_filter_for_them(records: dict[str, Record]) -> None:
    html = triage.render([triage.summary_of(records[name]) for name in ("current", "noted")], script="triage.js")
    assert "With a notice" not in html
    assert '<option value="corrected">' in html


def test_search_finds_the_prefix_and_no_text_of_a_removed_record(records: dict[str, Record]) -> None:
    found = {name: json.loads(search.entry(record)) for name, record in records.items()}
    work = {name: record.manifest["work"] for name, record in records.items()}
    assert found["retracted"]["title"] == f"RETRACTED: {work['retracted']['public_id']} {work['retracted']['title']}"
    assert ABSTRACT in found["retracted"]["text"]
    assert found["removed"] == {
        "location": f"paper/{work['removed']['short_id']}/",
        "title": f"REMOVED: {work['removed']['public_id']} {work['removed']['title']}",
        "text": "",
        "SRCH": work["removed"]["short_id"],
    }
    assert found["lifted"]["title"] == f"{work['lifted']['public_id']} {work['lifted']['title']}"


def test_the_sitemap_has_records_and_notices_with_the_day_of_their_last_change(records: dict[str, Record]) -> None:
    def listed(name: str) -> list[tuple[str, str | None]]:
        home = f"{SITE}paper/{records[name].short_id}/"
        found = sitemap.of_records([triage.summary_of(records[name])], SITE)
        return [(address.removeprefix(home), day) for address, day in found]

    assert listed("current") == [("", "2026-11-22")]
    assert listed("retracted") == [
        *(("", "2026-11-25"), ("notices/2026-11-23-note/", "2026-11-23"), ("notices/2026-11-25-gone/", "2026-11-25"))
    ]
    # a notice's page changes when a later event lifts it
    assert listed("lifted") == [
        *(("", "2026-11-26"), ("notices/2026-11-23-note/", "2026-11-26"), ("notices/2026-11-26-ok/", "2026-11-26"))
    ]


def test_the_corrected_title_is_the_one_shown(tmp_path: Path, maker: ModuleType) -> None:
    manifest = maker.example()
    change = {"op": "replace", "path": "/work/title", "before": manifest["work"]["title"], "value": "<b>Better</b>"}
    maker.store(tmp_path, manifest, [maker.event(correction_type="METADATA", changes=[change])])
    record = next(Store(tmp_path).records())
    assert triage.summary_of(record).title == "<b>Better</b>"
    assert "&lt;b&gt;Better&lt;/b&gt;" in json.loads(search.entry(record))["title"]


@pytest.mark.parametrize("repository", [None, "https://code.example.org/owner/name"])
def test_the_code_hosts_form_is_linked_where_it_is_known(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch, repository: str | None
) -> None:
    config = maker.project(tmp_path / "project")
    folder = maker.store(config.parent / "manifests", maker.example())
    if repository is None:
        monkeypatch.delenv("REGISTRY_REPOSITORY", raising=False)
    else:
        monkeypatch.setenv("REGISTRY_REPOSITORY", repository)
    site = build(tmp_path / "site", None, config).site_dir
    page = (site / "paper" / folder.name / "index.html").read_text(encoding="utf-8")
    (href,) = re.findall('<a class="suggest" href="([^"]*)"', page)
    if repository is None:
        assert href == "../../correct/"
    else:
        where = f"{repository}/new/main/manifests/{folder.name[:2]}/{folder.name}/corrections?filename="
        assert href.startswith(where)


def test_a_repository_that_is_no_web_address_stops_the_build(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_REPOSITORY", "javascript://x/%0aalert(1)")
    with pytest.raises(UsageError) as caught:
        build(tmp_path / "site", None, maker.project(tmp_path / "project"))
    assert str(caught.value) == "mkdocs.yml: repository is no address that begins with http:// or https://"
