"""The related records on a record's page."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html import unescape
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generator.site.build import build

TREES = "Do street trees cool the city?"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "manifests"


@pytest.fixture
def add(root: Path, maker: ModuleType) -> Any:
    numbers = iter(range(1, 99))

    def added(question: str, *events: dict[str, Any], title: str = "A synthesis", papers: str = "a") -> str:
        made = maker.numbered(maker.example(), next(numbers))
        made["work"].update(research_question=question, title=title)
        for source in made["provenance"]["sources"]:
            source.update(paper_id=f"{papers}-{source['id']}", doi=None, url=None)
        maker.store(root, maker.rederived(made), list(events))
        return str(made["work"]["short_id"])

    return added


def made(root: Path, maker: ModuleType, site: Path) -> Path:
    return build(site, root, maker.ROOT / "mkdocs.yml").site_dir


def block(site: Path, short: str) -> str:
    html = (site / "paper" / short / "index.html").read_text(encoding="utf-8")
    assert html.count('<h3 id="related">Related records</h3>') == 1
    return html.partition('<h3 id="related">')[2].partition("<h2")[0]


def rows(site: Path, short: str) -> list[tuple[str, str]]:
    """(address, text) of each row."""
    found = re.findall(r'<li><a href="([^"]*)">(.*?)</li>', block(site, short), re.DOTALL)
    return [(href, unescape(re.sub("<[^>]*>", "", text))) for href, text in found]


def test_a_page_names_the_records_that_ask_something_similar(
    add: Any, root: Path, maker: ModuleType, tmp_path: Path
) -> None:
    one = add(TREES, title="One")
    two = add("Do street trees cool a city?", title="Two")
    park = add("Do street trees cool the park?", maker.event(notice="retraction"), title="Three", papers="b")
    fixed = add("Do street trees cool the city by day?", maker.event(), title="Four", papers="c")
    coffee = add("Does coffee help memory in mice?", title="Five")
    gone = add(TREES, maker.event(notice="removal"), title="Six")
    site = made(root, maker, tmp_path / "site")
    found = rows(site, one)
    count = len(maker.example()["provenance"]["sources"])
    assert found[0] == (f"../{two}/", f"SRCH:{two} Two (similarity 1.00; same sources: {count} papers cited by both)")
    told = {href: re.sub(r"0\.\d\d\)", "N)", text) for href, text in found[1:]}
    assert told == {
        f"../{park}/": f"SRCH:{park} Three Retracted (similarity N)",
        f"../{fixed}/": f"SRCH:{fixed} Four Corrected (similarity N)",
    }
    assert all((site / "paper" / one / href).resolve().is_dir() for href, _ in found)
    assert rows(site, coffee) == []
    assert "No other record asks about something similar." in block(site, coffee)
    for short in (one, two, park, fixed, coffee):
        assert not {f"../{short}/", f"../{gone}/"} & {href for href, _ in rows(site, short)}
    removed = (site / "paper" / gone / "index.html").read_text(encoding="utf-8")
    assert 'id="related"' not in removed
    version = (site / "paper" / fixed / "v1" / "index.html").read_text(encoding="utf-8")
    assert 'id="related"' not in version


def test_at_most_five_are_named_in_the_order_of_their_ids(
    add: Any, root: Path, maker: ModuleType, tmp_path: Path
) -> None:
    shorts = sorted(add(TREES) for _ in range(8))
    site = made(root, maker, tmp_path / "site")
    assert [href for href, _ in rows(site, shorts[0])] == [f"../{short}/" for short in shorts[1:6]]
    assert [href for href, _ in rows(site, shorts[7])] == [f"../{short}/" for short in shorts[:5]]


def test_hostile_titles_are_escaped(
    add: Any, root: Path, maker: ModuleType, tmp_path: Path, hostile: list[str]
) -> None:
    one = add(TREES)
    for text in [*hostile[:3], "<script>alert(1)</script>\n\x07</li>"]:
        add(TREES, title=text)
    found = block(made(root, maker, tmp_path / "site"), one)
    assert re.findall("<(/?[a-z0-9]+)", found.partition("<ul")[2].partition("</ul>")[0]) == [
        *(["li", "a", "/a", "bdi", "/bdi", "/li"] * 4)
    ]
    assert "\x07" not in found


def test_builds_give_the_same_bytes_also_by_the_engine_itself(
    add: Any, root: Path, maker: ModuleType, tmp_path: Path
) -> None:
    shorts = [add(f"{TREES} {'again ' * number}") for number in range(6)]
    first = made(root, maker, tmp_path / "site")
    pages = {short: (first / "paper" / short / "index.html").read_bytes() for short in shorts}
    assert made(root, maker, tmp_path / "site") == first
    assert {short: (first / "paper" / short / "index.html").read_bytes() for short in shorts} == pages
    place = tmp_path / "place"
    place.mkdir()
    for name in ("docs", "schemas"):
        (place / name).symlink_to(maker.ROOT / name)
    shutil.copy(maker.ROOT / "mkdocs.yml", place)
    shutil.copytree(root, place / "manifests")
    subprocess.run([sys.executable, "-m", "mkdocs", "build", "-q"], cwd=place, check=True)
    assert {short: (place / "site" / "paper" / short / "index.html").read_bytes() for short in shorts} == pages
