"""The Atom feeds: what RFC 4287 asks of them, in which order, with what states, and nothing that XML cannot hold."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType
from typing import Any

import feedparser
import pytest
from defusedxml import ElementTree

from generator.manifest.store import Store
from generator.site import feed
from generator.site.feed import Entry
from generator.site.text import clean, one_line

SITE = "https://assignee.net/"
ATOM = "{http://www.w3.org/2005/Atom}"
NOTE = (
    "Machine-generated synthesis of existing literature; not primary research, not peer reviewed. "
    "Sample record: the papers behind it are invented."
)


def entries(root: Path) -> list[Entry]:
    return [entry for record in Store(root).records() for entry in feed.entries_of(record, SITE)]


def feeds(root: Path) -> dict[str, bytes]:
    return dict(feed.files(entries(root), SITE, "Triage registry"))


def ids(data: bytes) -> list[str]:
    return [item.text for item in ElementTree.fromstring(data).iterfind(f"{ATOM}entry/{ATOM}id")]


def assert_atom(data: bytes, address: str) -> Any:
    """What RFC 4287 demands of a feed, and what a common reader makes of it."""
    read = feedparser.parse(data)
    assert not read.bozo, read.get("bozo_exception")
    root = ElementTree.fromstring(data)
    assert root.tag == f"{ATOM}feed"
    assert root.findtext(f"{ATOM}id") == address
    assert [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"] == [address]
    updates = []
    for item in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert len(item.findall(ATOM + name)) == 1
            assert (item.findtext(ATOM + name) or "").strip()
        updates.append(item.findtext(f"{ATOM}updated"))
        alternates = [link for link in item.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert [link.get("type") for link in alternates] == ["text/html"]
        assert {link.get("href", "").startswith(SITE) for link in item.findall(f"{ATOM}link")} == {True}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", moment) for moment in updates)
    assert updates[1:] == sorted(updates[1:], reverse=True)
    assert updates[0] == (updates[1] if updates[1:] else feed.EMPTY_SINCE)
    assert len(set(ids(data))) == len(ids(data)) == len(read.entries)
    assert root.findtext(f"{ATOM}author/{ATOM}name") == "Assignee Research"
    return root


def test_one_entry_for_each_record_and_each_event(tmp_path: Path, maker: ModuleType) -> None:
    plain = maker.numbered(maker.example(), 1)
    retracted = maker.numbered(maker.example(), 2)
    plain["work"]["submitted"] = "2026-11-20"
    maker.store(tmp_path, plain)
    events = [
        maker.event("2026-11-24", "title", correction_type="METADATA", public_note="One.\n\nTwo."),
        maker.event("2026-11-25", "gone", notice="retraction", issued_by="The editors", public_note="It was wrong."),
    ]
    maker.store(tmp_path, retracted, events)
    found = feeds(tmp_path)
    home, other = (f"{SITE}paper/{each['work']['short_id']}/" for each in (retracted, plain))
    gone, titled = f"{home}notices/2026-11-25-gone/", f"{home}notices/2026-11-24-title/"
    assert ids(found["feed.atom"]) == [gone, home, titled, other]
    assert ids(found["feed-corrections.atom"]) == [gone, titled]
    assert ids(found["feed-retractions.atom"]) == [gone]
    for name, data in found.items():
        assert_atom(data, SITE + name)
    name, title = retracted["work"]["public_id"], retracted["work"]["title"]
    retraction, record, correction, _ = feedparser.parse(found["feed.atom"]).entries
    assert retraction.title == f"Retraction: {name}: {title}"
    assert retraction.author == "The editors"
    assert retraction.summary == "It was wrong."
    assert retraction.published == retraction.updated == "2026-11-25T09:00:00Z"
    assert [(tag.term, tag.label) for tag in retraction.tags] == [("retraction", "Retracted"), ("CLAIM", "Claim")]
    assert {(link.rel, link.href) for link in retraction.links} == {
        ("alternate", gone),
        ("related", home),
    }
    assert record.title == f"RETRACTED: {name}: {title}"
    assert (record.published, record.updated) == ("2026-11-22T00:00:00Z", "2026-11-25T09:00:00Z")
    assert record.summary == f"{NOTE} This record has been retracted. {retracted['work']['abstract']}"
    assert [tag.term for tag in record.tags] == ["record", "CORRECTED", "retraction"]
    assert correction.title == f"Correction of metadata: {name}: {title}"
    assert correction.summary == "One.\n\nTwo."
    assert [tag.term for tag in correction.tags] == ["METADATA"]


def test_a_removed_record_keeps_its_entry_without_its_text(tmp_path: Path, maker: ModuleType) -> None:
    manifest = maker.numbered(maker.example(), 2)
    maker.store(tmp_path, manifest, [maker.event(notice="removal")])
    record = next(item for item in feedparser.parse(feeds(tmp_path)["feed.atom"]).entries if "notices" not in item.id)
    assert record.title == f"REMOVED: {manifest['work']['public_id']}: {manifest['work']['title']}"
    assert record.summary == f"{NOTE} This record has been removed."
    assert manifest["work"]["abstract"][:40] not in feeds(tmp_path)["feed.atom"].decode()


def test_a_lifted_notice_says_so_and_comes_up_again(tmp_path: Path, maker: ModuleType) -> None:
    manifest = maker.numbered(maker.example(), 2)
    events = [
        maker.event("2026-11-24", "concern", notice="expression_of_concern"),
        maker.event("2026-11-26", "cleared", lifts="2026-11-24-concern"),
    ]
    maker.store(tmp_path, manifest, events)
    found = feedparser.parse(feeds(tmp_path)["feed-retractions.atom"]).entries
    name = f"{manifest['work']['public_id']}: {manifest['work']['title']}"
    assert [(item.title, item.published, item.updated) for item in found] == [
        (f"Expression of concern lifted: {name}", "2026-11-26T09:00:00Z", "2026-11-26T09:00:00Z"),
        (f"Expression of concern, no longer in force: {name}", "2026-11-24T09:00:00Z", "2026-11-26T09:00:00Z"),
    ]
    titles = [item.title for item in feedparser.parse(feeds(tmp_path)["feed.atom"]).entries]
    assert name in titles


def test_a_record_without_a_day_comes_in_with_its_first_correction(tmp_path: Path, maker: ModuleType) -> None:
    manifest = maker.numbered(maker.example("imported"), 3)
    manifest["work"]["submitted"] = None
    folder = maker.store(tmp_path, manifest)
    assert entries(tmp_path) == []
    (folder / "corrections").mkdir()
    text = maker.yaml.safe_dump({**maker.event(), "record": manifest["work"]["public_id"]})
    (folder / "corrections" / "2026-11-23-note.yml").write_text(text, encoding="utf-8")
    data = feeds(tmp_path)["feed.atom"]
    record = next(item for item in feedparser.parse(data).entries if "notices" not in item.id)
    assert "published" not in record
    assert record.updated == "2026-11-23T09:00:00Z"
    assert_atom(data, f"{SITE}feed.atom")


def test_an_empty_registry_has_valid_feeds() -> None:
    for name, data in feed.files([], SITE, "Triage registry"):
        root = assert_atom(data, SITE + name)
        assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00Z"


def made_up(number: int, *, warns: bool) -> Entry:
    at = f"2026-{number // 400 + 1:02d}-{number // 20 % 20 + 1:02d}T{number % 20:02d}:00:00Z"
    home = f"{SITE}paper/{number:08X}/"
    return Entry(f"{home}notices/x/", f"Number {number}", at, at, "Said.", (("CLAIM", "Claim"),), "A", home, warns)


def test_only_the_newest_are_kept_but_every_warning_is() -> None:
    many = [made_up(number, warns=number % 2 == 0) for number in range(feed.LIMIT * 3)]
    found = dict(feed.files(many[::-1], SITE, "Triage registry"))
    newest = [entry.address for entry in reversed(many)]
    assert ids(found["feed.atom"]) == ids(found["feed-corrections.atom"]) == newest[: feed.LIMIT]
    assert ids(found["feed-retractions.atom"]) == newest[1::2]
    complete = "{http://purl.org/syndication/history/1.0}complete"
    marked = [name for name, data in found.items() if ElementTree.fromstring(data).find(complete) is not None]
    assert marked == ["feed-retractions.atom"]


def test_the_order_of_reading_does_not_show(registry: Path) -> None:
    found = entries(registry)
    assert dict(feed.files(found, SITE, "R")) == dict(feed.files(found[::-1], SITE, "R"))


def test_hostile_text_is_text(tmp_path: Path, maker: ModuleType, hostile: list[str]) -> None:
    everything = [
        *hostile,
        "]]><x/>&lt;&#0;<![CDATA[ \x00\x01\x0b\x0c\x1f\x7f\x85 \ufffe\uffff \u2028 \U0001f642 <!-- --> ' \" \r\n end",
    ]
    base = maker.numbered(maker.example(), 7)
    folder = maker.store(tmp_path, base, [maker.event()])
    record = next(Store(tmp_path).records())
    assert folder.name == record.short_id
    for text in everything:
        # what the doors let in and what they would not: the feed is the last to escape
        record.versions[-1].manifest["work"].update(title=text[:1000] or "-", abstract=text)
        record.events[0].data.update(public_note=text, issued_by=text[:500] or "-")
        data = dict(feed.files(feed.entries_of(record, SITE), SITE, text))["feed.atom"]
        root = assert_atom(data, f"{SITE}feed.atom") if text.strip() else ElementTree.fromstring(data)
        event, own = root.findall(f"{ATOM}entry")
        name = base["work"]["public_id"]
        assert own.findtext(f"{ATOM}title") == one_line(f"{name}: {text[:1000] or '-'}")
        assert (event.findtext(f"{ATOM}summary") or "") == clean(text.strip())
        assert event.findtext(f"{ATOM}author/{ATOM}name") == one_line(text[:500] or "-")
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert tags == {
            *("feed", "entry", "id", "title", "subtitle", "published", "updated", "author", "name"),
            *("link", "category", "summary"),
        }


@pytest.mark.parametrize("name", ["feed.atom", "feed-corrections.atom", "feed-retractions.atom"])
def test_the_site_has_them_and_the_home_page_links_them(site: Path, name: str) -> None:
    assert_atom((site / name).read_bytes(), SITE + name)
    home = (site / "index.html").read_text(encoding="utf-8")
    assert f'href="{name}"' in home
    # the theme would take an alternate link for a translation of the site
    assert 'rel="alternate"' not in home


def test_the_page_on_corrections_links_their_feed(site: Path) -> None:
    page = (site / "correct" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../feed-corrections.atom">' in page
