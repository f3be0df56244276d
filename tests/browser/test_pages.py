"""The built site in Chromium: no request to anywhere else, no error, WCAG 2.2 AA, and a table that works."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
VIEWS = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]
# Home and records in every view, prose in the two that differ most.
PAGES = [(page, view) for page in ("", "executed", "imported", "corrected", "hostile") for view in VIEWS]
PROSE = ["quality/", "methodology/", "correct/", "schemas/", "schemas/paper-manifest-v1.1/"]
PAGES += [(page, view) for page in PROSE for view in (VIEWS[0], VIEWS[3])]


@pytest.mark.parametrize(
    ("address", "watched"),
    PAGES,
    indirect=["watched"],
    ids=[f"{page or 'home'}-{view[0]}-{view[1]}" for page, view in PAGES],
)
def test_page(watched: Any, base: str, records: dict[str, str], address: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    page = watched.page
    page.goto(base + (f"paper/{records[address]}/" if address in records else address))
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, "the page scrolls sideways"
    found = axe.Axe().run(page, options={"runOnly": AXE_TAGS}).response
    assert [(item["id"], [node["target"] for node in item["nodes"]]) for item in found["violations"]] == []
    assert len(found["passes"]) > 10
    assert page.evaluate("window.ran") is None


def test_axe_sees_what_it_should(watched: Any, base: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    watched.page.goto(base)
    watched.page.evaluate("document.querySelector('.chip').style.color = '#999'")
    found = axe.Axe().run(watched.page, options={"runOnly": AXE_TAGS}).response
    assert "color-contrast" in [item["id"] for item in found["violations"]]


def shown(page: Any) -> list[str]:
    """Short ids of the rows in sight, in order; headings of groups as they stand."""
    rows: list[str] = page.eval_on_selector_all(
        ".triage-table tbody tr",
        "rows => rows.map(r => r.className === 'group' ? r.textContent : r.cells[0].textContent.slice(5))",
    )
    return rows


def test_filters_narrow_the_table_and_live_in_the_address(watched: Any, base: str, records: dict[str, str]) -> None:
    page = watched.page
    page.goto(base)
    assert len(shown(page)) == 4
    page.fill("input[name=q]", "roof MOSSES")
    assert shown(page) == [records["imported"]]
    assert page.text_content(".shown") == "1 of 4 records shown"
    page.fill("input[name=q]", "")
    page.select_option("select[name=tier]", label="Watchlist")
    assert shown(page) == [records["imported"]]
    page.select_option("select[name=tier]", "")
    page.select_option("select[name=status]", label="CORRECTED")
    assert shown(page) == [records["corrected"]]
    address = page.url
    assert address.endswith("#status=corrected")
    page.goto("about:blank")
    page.goto(address)
    assert shown(page) == [records["corrected"]]
    page.click("form.filters button[type=reset]")
    page.wait_for_function("document.querySelector('.shown').textContent === 'All 4 records shown'")
    assert "#" not in page.url


def test_sorting_by_score_keeps_kinds_apart(watched: Any, base: str, records: dict[str, str]) -> None:
    page = watched.page
    page.goto(base)
    page.click("th[data-sort=score] button")
    rows = shown(page)
    assert page.get_attribute("th[data-sort=score]", "aria-sort") == "descending"
    assert rows[0] == "Scores from rubric checks"
    assert set(rows[1:4]) == {records[name] for name in ("executed", "corrected", "hostile")}
    assert rows[4:] == ["Scores of no stated kind", records["imported"]]


def test_sorting_by_keyboard(watched: Any, base: str, records: dict[str, str]) -> None:
    page = watched.page
    page.goto(base)
    page.focus("th[data-sort=date] button")
    page.keyboard.press("Enter")
    newest = shown(page)
    assert newest[-1] == records["imported"]
    page.keyboard.press("Enter")
    assert page.get_attribute("th[data-sort=date]", "aria-sort") == "ascending"
    assert shown(page)[0] == records["imported"]
    assert page.url.endswith("#sort=date&dir=asc")


def test_nonsense_in_the_address_is_harmless(watched: Any, base: str) -> None:
    page = watched.page
    page.goto(base + "#sort=constructor&tier=<img src=x onerror=window.ran=1>&q=&dir=up&status=none")
    assert len(shown(page)) == 4
    assert page.evaluate("window.ran") is None


def test_pages_are_whole_without_javascript(browser: Any, base: str, records: dict[str, str]) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(base)
    assert page.locator(".triage-table tbody tr").count() == 4
    assert not page.locator("form.filters").is_visible()
    page.click(f"text=SRCH:{records['executed']}")
    assert page.locator("h1").text_content() == "Does blue light make ferns grow shorter?"
    assert page.locator("#files").is_visible()
    context.close()


def test_first_screen_of_a_record_says_what_it_is(watched: Any, base: str, records: dict[str, str]) -> None:
    page = watched.page
    page.goto(base + f"paper/{records['executed']}/")
    labels = page.locator(".labels li").all_text_contents()
    assert "Machine-generated synthesis - not primary research, not peer reviewed" in labels
    assert "Sample record: the papers behind it are invented" in labels
    for label in page.locator(".labels li").all():
        box = label.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 900


@pytest.mark.parametrize("form", ["{}", "SRCH:{}"])
def test_search_shows_hostile_titles_as_text(watched: Any, base: str, records: dict[str, str], form: str) -> None:
    page = watched.page
    page.goto(base)
    page.click("input[name=query]")
    page.keyboard.type(form.format(records["hostile"]))
    page.wait_for_selector(".md-search-result__item", timeout=10000)
    page.wait_for_timeout(300)
    assert page.locator(".md-search-result__item img, .md-search-result__item script").count() == 0
    assert page.evaluate("window.ran") is None
    page.locator(".md-search-result__item a").first.click()
    page.wait_for_url(f"**/paper/{records['hostile']}/**")
    assert page.evaluate("window.ran") is None


def test_hostile_record_shows_its_title_as_written(
    watched: Any, base: str, records: dict[str, str], maker: ModuleType, site: Path
) -> None:
    import json

    page = watched.page
    page.goto(base + f"paper/{records['hostile']}/")
    title = json.loads((site / "paper" / records["hostile"] / "manifest.json").read_bytes())["work"]["title"]
    assert page.locator("h1").text_content().startswith(title[:100])
    for block in page.locator(".record a").all():
        assert (block.get_attribute("href") or "").split(":")[0].lower() in ("https", "http") or ":" not in (
            block.get_attribute("href") or ""
        )
