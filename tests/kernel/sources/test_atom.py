"""The Atom door: recorded answers of arXiv in full, and what it refuses, word for word."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.sources import atom
from generator.kernel.sources.atom import Feed, FeedError, folded, parse_feed
from generator.kernel.sources.papers import Paper, checked_url, is_withdrawn

RECORDINGS = (Path(__file__).parents[3] / "../shared/data/arxiv_atom").resolve()
NAMES = sorted(path.name for path in RECORDINGS.glob("*.json"))
REFUSED = {"id_abc_s0_m100_b79c8dcf6bc3.json": "arXiv refused the query: incorrect id format for abc"}
ENTRIES = {  # what each recording was seen to hold; a file missing here or there is an error
    "id_0000.0000_s0_m100_8b51d9633a68.json": 0,
    "id_0808.05394_1707.08567_s0_m100_42e5aa0ec3af.json": 1,
    "id_0808.05394_s0_m100_7b0c7d0a7cdd.json": 0,
    "id_1605.08386_s0_m100_199195aa31ad.json": 1,
    "id_1707.08567_s0_m100_6a1afebfc6a3.json": 1,
    "id_2104.12255v1_s0_m100_6ae69987ffe1.json": 1,
    "id_abc_s0_m100_b79c8dcf6bc3.json": 1,
    "id_astro-ph_0601001_s0_m100_3150dca9dc76.json": 1,
    "id_quant-ph_0201082v1_s0_m100_86989fe779ef.json": 1,
    "q_testing_s0_m100_cfe7536492ca.json": 100,
    "q_testing_s0_m10_bc5a6c384fe9.json": 10,
    "q_testing_s0_m15_80c242b59d59.json": 15,
    "q_testing_s10_m10_34e56e15aaac.json": 10,
    "q_testing_s20_m10_348a237fecab.json": 10,
    "q_testing_s30_m10_f2e39f0143dc.json": 10,
    "q_testing_s40_m10_96dd32eb854c.json": 10,
    "q_testing_s50_m10_7f488ab8598c.json": 10,
    "q_testing_s5_m10_c0e94a259d4a.json": 10,
    "q_testing_s5_m15_bbcf6b23085b.json": 15,
    "q_testing_s9_m15_0b78d4b4d476.json": 15,
}

needs_recordings = pytest.mark.skipif(not NAMES, reason=f"no recordings at {RECORDINGS}")


def recorded(name: str) -> dict[str, Any]:
    recording: dict[str, Any] = json.loads((RECORDINGS / name).read_text(encoding="utf-8"))
    return recording


def read(name: str) -> Feed:
    return parse_feed(recorded(name)["body"], origin="arxiv")


# --- recordings -------------------------------------------------------------------------------------------------------


@needs_recordings
def test_every_recording_is_used() -> None:
    assert sorted(ENTRIES) == NAMES
    assert sum(ENTRIES.values()) == 222
    assert sum(recorded(name)["body"].count("<entry>") for name in NAMES) == 222


@needs_recordings
@pytest.mark.parametrize("name", sorted(ENTRIES.keys() - REFUSED.keys()))
def test_recording_is_read_in_full(name: str) -> None:
    recording = recorded(name)
    feed = parse_feed(recording["body"], origin="arxiv")
    assert feed == parse_feed(recording["body"].encode(), origin="arxiv"), "bytes and text are read alike"
    assert len(feed.papers) == ENTRIES[name]
    assert f"start={feed.start_index}&max_results={feed.items_per_page}" in recording["url"]
    assert feed.total_results >= len(feed.papers)
    for paper in feed.papers:
        assert paper.origin == "arxiv"
        assert paper.url == f"http://arxiv.org/abs/{paper.id}v{paper.version}"
        assert paper.title
        assert paper.authors
        assert len(paper.abstract) > 50
        assert paper.published is not None
        assert paper.updated is not None
        assert paper.published <= paper.updated
        assert len(set(paper.categories)) == len(paper.categories) >= 1
        assert not paper.withdrawn
        for text in (paper.title, paper.abstract, *paper.authors):
            assert text == " ".join(text.split())
        assert Paper.from_json(json.loads(json.dumps(paper.to_json()))) == paper


@needs_recordings
@pytest.mark.parametrize("name", sorted(REFUSED))
def test_error_body_gives_arxivs_own_words(name: str) -> None:
    assert recorded(name)["status_code"] == 400
    with pytest.raises(FeedError) as caught:
        read(name)
    assert str(caught.value) == REFUSED[name]


@needs_recordings
def test_counters_of_a_search() -> None:
    feed = read("q_testing_s9_m15_0b78d4b4d476.json")
    assert (feed.total_results, feed.start_index, feed.items_per_page, len(feed.papers)) == (214881, 9, 15, 15)
    whole = read("q_testing_s0_m100_cfe7536492ca.json")
    assert feed.papers == whole.papers[9:24]


@needs_recordings
def test_unknown_id_gives_an_empty_feed() -> None:
    assert read("id_0000.0000_s0_m100_8b51d9633a68.json") == Feed((), 0, 0, 100)


@needs_recordings
@pytest.mark.parametrize(
    ("name", "paper_id", "version", "categories"),
    [
        ("id_quant-ph_0201082v1_s0_m100_86989fe779ef.json", "quant-ph/0201082", 1, ("quant-ph", "cs.PL")),
        ("id_2104.12255v1_s0_m100_6ae69987ffe1.json", "2104.12255", 1, ("cs.CR",)),
        ("id_1707.08567_s0_m100_6a1afebfc6a3.json", "1707.08567", 1, ("cs.IT",)),
    ],
)
def test_ids_old_and_new(name: str, paper_id: str, version: int, categories: tuple[str, ...]) -> None:
    (paper,) = read(name).papers
    assert (paper.id, paper.version, paper.categories) == (paper_id, version, categories)


@needs_recordings
def test_optional_fields_are_taken_where_given() -> None:
    papers = read("q_testing_s0_m100_cfe7536492ca.json").papers
    body = recorded("q_testing_s0_m100_cfe7536492ca.json")["body"]
    assert sum(paper.doi is not None for paper in papers) == body.count("<arxiv:doi>") > 0
    assert sum(paper.journal_ref is not None for paper in papers) == body.count("<arxiv:journal_ref>") > 0
    assert sum(paper.comment is not None for paper in papers) == body.count("<arxiv:comment>") > 0
    (bare,) = read("id_2104.12255v1_s0_m100_6ae69987ffe1.json").papers
    assert (bare.comment, bare.doi, bare.journal_ref) == (None, None, None)


# --- a small feed, to be damaged --------------------------------------------------------------------------------------

FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom">
  <title>a query</title>
  <opensearch:itemsPerPage>10</opensearch:itemsPerPage>
  <opensearch:totalResults>1</opensearch:totalResults>
  <opensearch:startIndex>0</opensearch:startIndex>
  <entry>
    <id>http://arxiv.org/abs/2505.20225v2</id>
    <title>On
      $O(n \\log n)$ &lt;b&gt;things&lt;/b&gt;</title>
    <updated>2025-06-01T00:00:00Z</updated>
    <published>2025-05-26T17:00:00Z</published>
    <link href="https://arxiv.org/abs/2505.20225v2" rel="alternate" type="text/html"/>
    <summary>  Für $p&lt;0.05$
 we find\t27 µs.
    </summary>
    <category term="cs.DS" scheme="http://arxiv.org/schemas/atom"/>
    <category term="cs.LG" scheme="http://arxiv.org/schemas/atom"/>
    <arxiv:comment>12 pages</arxiv:comment>
    <arxiv:primary_category term="cs.LG"/>
    <arxiv:doi>10.5555/12345678</arxiv:doi>
    <author><name>Ada  Examplé</name></author>
  </entry>
</feed>
"""
PLACE = "entry 1 (2505.20225v2)"


def changed(old: str, new: str) -> str:
    assert FEED.count(old) == 1, old
    return FEED.replace(old, new)


def refusal(data: Any, origin: str = "arxiv") -> str:
    with pytest.raises(FeedError) as caught:
        parse_feed(data, origin=origin)
    message = str(caught.value)
    assert message.isprintable(), "one line, no control characters"
    return message


def test_one_entry_field_by_field() -> None:
    (paper,) = parse_feed(FEED, origin="arxiv").papers
    assert asdict(paper) == {
        "id": "2505.20225",
        "version": 2,
        "url": "http://arxiv.org/abs/2505.20225v2",
        "title": "On $O(n \\log n)$ <b>things</b>",
        "abstract": "Für $p<0.05$ we find 27 µs.",
        "authors": ("Ada Examplé",),
        "published": "2025-05-26T17:00:00Z",
        "updated": "2025-06-01T00:00:00Z",
        "categories": ("cs.LG", "cs.DS"),
        "comment": "12 pages",
        "doi": "10.5555/12345678",
        "journal_ref": None,
        "withdrawn": False,
        "origin": "arxiv",
        "record": None,
        "year": None,
    }


def test_version_and_optional_elements_may_be_missing() -> None:
    feed = changed("2505.20225v2</id>", "2505.20225</id>")
    for line in (
        "<updated>",
        "<published>",
        "<arxiv:comment>",
        "<arxiv:doi>",
        "<author>",
        "<arxiv:primary",
        "<category",
    ):
        feed = "\n".join(kept for kept in feed.splitlines() if not kept.strip().startswith(line))
    (paper,) = parse_feed(feed, origin="arxiv").papers
    assert (paper.version, paper.updated, paper.published, paper.comment, paper.doi) == (None,) * 5
    assert (paper.authors, paper.categories) == ((), ())


BILLION_LAUGHS = (
    '<!DOCTYPE feed [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {name} "{f"&{below};" * 10}">' for below, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><feed>&i;</feed>"
)
HOSTILE = {
    "billion laughs": BILLION_LAUGHS,
    "external entity": '<!DOCTYPE feed [<!ENTITY x SYSTEM "file:///etc/passwd">]><feed>&x;</feed>',
    "external subset": '<!DOCTYPE feed SYSTEM "http://sample.invalid/feed.dtd"><feed/>',
    "parameter entity": '<!DOCTYPE feed [<!ENTITY % x SYSTEM "http://sample.invalid/x">%x;]><feed/>',
    "bare doctype": "<!DOCTYPE feed><feed/>",
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_document_types_and_entities_are_refused(name: str) -> None:
    expected = "feed refused: it declares a document type or an entity"
    assert refusal(HOSTILE[name]) == expected
    assert refusal(HOSTILE[name].encode()) == expected
    assert refusal(HOSTILE[name].encode("utf-16")) == expected


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a feed is bytes or text, not NoneType"),
        (20, "a feed is bytes or text, not int"),
        (["<feed/>"], "a feed is bytes or text, not list"),
        ("", "not well-formed XML: no element found: line 1, column 0"),
        (b"", "not well-formed XML: no element found: line 1, column 0"),
        ("Rate exceeded.", "not well-formed XML: syntax error: line 1, column 0"),
        ("<feed><entry></feed>", "not well-formed XML: mismatched tag: line 1, column 15"),
        (FEED[: FEED.index("</title>")], "not well-formed XML: no element found: line 4, column 16"),
        ("<feed>\0</feed>", "not well-formed XML: not well-formed (invalid token): line 1, column 6"),
        ("<feed>&nbsp;</feed>", "not well-formed XML: undefined entity: line 1, column 6"),
        (b"<feed>\xff</feed>", "not well-formed XML: not well-formed (invalid token): line 1, column 6"),
        (
            b"<?xml version='1.0' encoding='no-such'?><feed/>",
            "not readable XML: 'unknown encoding: no-such'",
        ),
        ("<html><body>Sorry</body></html>", "not an Atom feed: the outermost element is 'html'"),
        ("<feed/>", "not an Atom feed: the outermost element is 'feed'"),
        (
            '<rss xmlns="http://sample.invalid/ns"/>',
            "not an Atom feed: the outermost element is '{http://sample.invalid/ns}rss'",
        ),
        (
            '<entry xmlns="http://www.w3.org/2005/Atom"/>',
            "not an Atom feed: the outermost element is '{http://www.w3.org/2005/Atom}entry'",
        ),
    ],
)
def test_what_is_no_feed(data: Any, message: str) -> None:
    assert refusal(data) == message


def test_lone_surrogates_are_refused_without_a_traceback() -> None:
    assert refusal("<feed>\ud800</feed>").startswith("not readable XML: ")


def test_size_limit_counts_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert atom.MAX_BYTES == 20_000_000
    assert refusal(b" " * 20_000_001) == "feed larger than 20,000,000 bytes"
    size = len(FEED.encode())
    assert size > len(FEED), "the feed holds characters of two bytes"
    monkeypatch.setattr(atom, "MAX_BYTES", size)
    parse_feed(FEED, origin="arxiv")
    parse_feed(FEED.encode(), origin="arxiv")
    monkeypatch.setattr(atom, "MAX_BYTES", size - 1)
    assert refusal(FEED) == refusal(FEED.encode()) == f"feed larger than {size - 1:,} bytes"


def test_deep_nesting_is_no_crash() -> None:
    depth = 200_000
    assert refusal("<a>" * depth + "</a>" * depth) == "not an Atom feed: the outermost element is 'a'"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("<id>http://arxiv.org/abs/2505.20225v2</id>", "", "entry 1: no id"),
        ("<id>http://arxiv.org/abs/2505.20225v2</id>", "<id> </id>", "entry 1: no id"),
        ("<title>On\n      $O(n \\log n)$ &lt;b&gt;things&lt;/b&gt;</title>", "", f"{PLACE}: no title"),
        ("<title>On", "<title>One</title><title>On", f"{PLACE}: more than one title"),
        ("<title>On", "<title><i>On</i>", f"{PLACE}: title holds elements, not text"),
        ("<summary>  Für", "<summary><p>Für</p>", f"{PLACE}: summary holds elements, not text"),
        ("<author><name>Ada  Examplé</name></author>", "<author/>", f"{PLACE} author: no name"),
        ('<category term="cs.DS"', "<category", f"{PLACE}: a category without term"),
        ("2025-06-01T00:00:00Z", "yesterday", f"{PLACE}: updated 'yesterday' is not an RFC 3339 time"),
        (
            "2025-05-26T17:00:00Z",
            "2025-02-30T17:00:00Z",
            f"{PLACE}: published '2025-02-30T17:00:00Z' is not an RFC 3339 time",
        ),
        (">1<", "><", "feed: no totalResults"),
        (">1<", ">many<", "feed: totalResults 'many' is not a whole number"),
        (">1<", ">-1<", "feed: totalResults '-1' is not a whole number"),
        (">0<", ">0.5<", "feed: startIndex '0.5' is not a whole number"),
        (">10<", ">1e3<", "feed: itemsPerPage '1e3' is not a whole number"),
        (">10<", ">١٠<", "feed: itemsPerPage '\\u0661\\u0660' is not a whole number"),
        (
            "<opensearch:startIndex>0</opensearch:startIndex>",
            "",
            "feed: no startIndex",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "javascript:alert(1)//abs/2505.20225v2",
            "entry 1: address 'javascript:alert(1)//abs/2505.20225v2' is neither http nor https",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "ftp://arxiv.org/abs/2505.20225v2",
            "entry 1: address 'ftp://arxiv.org/abs/2505.20225v2' is neither http nor https",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "/abs/2505.20225v2",
            "entry 1: address '/abs/2505.20225v2' is neither http nor https",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "http://sample.invalid/abs/2505.20225v2",
            "entry 1: id 'http://sample.invalid/abs/2505.20225v2' is not one of origin arxiv",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "http://arxiv.org/abs/2505.20225v0",
            "entry 1: id 'http://arxiv.org/abs/2505.20225v0' is not one of origin arxiv",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "http://arxiv.org/abs/2505.20225v2&lt;script&gt;",
            "entry 1: address 'http://arxiv.org/abs/2505.20225v2<script>' holds characters that do not belong in one",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "http://arxiv.org/api/errors#bad",
            "arXiv refused the query: Für $p<0.05$ we find 27 µs.",
        ),
        (
            "http://arxiv.org/abs/2505.20225v2",
            "http://[arxiv.org/abs/2505.20225v2",
            "entry 1: address 'http://[arxiv.org/abs/2505.20225v2' cannot be read",
        ),
    ],
)
def test_damaged_feeds(old: str, new: str, message: str) -> None:
    assert refusal(changed(old, new)) == message


@pytest.mark.parametrize(
    "href",
    [
        "http://dx.doi.org/10.5555/(SICI)1521-3978(199901)47:1/3&lt;289::AID-X&gt;3.0.CO;2-Q",
        "http://dx.doi.org/10.5555/a 10.5555/b",
        "data:text/html,x",
        "",
    ],
)
def test_links_are_not_read(href: str) -> None:
    (paper,) = parse_feed(changed("https://arxiv.org/abs/2505.20225v2", href), origin="arxiv").papers
    assert paper.url == "http://arxiv.org/abs/2505.20225v2"


def test_several_dois_and_comments_are_joined() -> None:
    feed = changed("</arxiv:doi>", "</arxiv:doi><arxiv:doi>10.5555/b</arxiv:doi><arxiv:doi/>")
    feed = feed.replace("</arxiv:comment>", "</arxiv:comment><arxiv:comment>Withdrawn by us: an error</arxiv:comment>")
    feed = feed.replace("12 pages</arxiv", "This paper has been withdrawn</arxiv")
    (paper,) = parse_feed(feed, origin="arxiv").papers
    assert paper.doi == "10.5555/12345678 10.5555/b"
    assert paper.comment == "This paper has been withdrawn; Withdrawn by us: an error"
    assert paper.withdrawn


ENTRY = FEED[FEED.index("  <entry>") : FEED.index("</feed>")]


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("<name>Ada  Examplé</name>", "<name> </name>", "author: no name"),
        ('term="cs.DS"', 'term=""', "a category without term"),
        ("<title>On", "<title>One</title><title>On", "more than one title"),
    ],
)
def test_an_entry_that_cannot_be_read_may_be_left_out(old: str, new: str, why: str) -> None:
    assert ENTRY.count(old) == 1
    odd = ENTRY.replace(old, new)
    for entries, place in ((odd + ENTRY, 1), (ENTRY + odd, 2)):
        feed = FEED.replace(ENTRY, entries)
        found = parse_feed(feed, origin="arxiv", whole=False)
        assert [paper.id for paper in found.papers] == ["2505.20225"]
        (told,) = found.left_out
        assert told.startswith(f"entry {place} (2505.20225v2)")
        assert told.endswith(why)
        assert refusal(feed) == told, "a feed that has to be whole is refused"
    with pytest.raises(FeedError, match=f"{why}$"):
        parse_feed(FEED.replace(ENTRY, odd * 2), origin="arxiv", whole=False)


def test_long_refusals_are_cut() -> None:
    feed = changed("http://arxiv.org/abs/2505.20225v2", "http://arxiv.org/api/errors#x").replace("27 µs", "x" * 900)
    message = refusal(feed)
    assert len(message) == len("arXiv refused the query: ") + 300
    assert message.endswith("xxx...")


def test_refusals_cannot_turn_a_terminals_text_around() -> None:
    feed = changed("http://arxiv.org/abs/2505.20225v2", "http://arxiv.org/api/errors#x").replace("27 µs", "\u202eevil")
    assert refusal(feed) == "arXiv refused the query: Für $p<0.05$ we find \ufffdevil."


def test_unknown_origin_is_the_callers_mistake() -> None:
    with pytest.raises(ValueError, match=r"^unknown origin 'elsewhere'; known: arxiv, sample-corpus$") as caught:
        parse_feed(FEED, origin="elsewhere")
    assert not isinstance(caught.value, FeedError)


def test_arxiv_ids_are_no_sample_ids() -> None:
    assert refusal(FEED, "sample-corpus") == (
        "entry 1: id 'http://arxiv.org/abs/2505.20225v2' is not one of origin sample-corpus"
    )


def test_characters_no_page_may_hold_are_dropped() -> None:
    feed = changed("27 µs", "a&#x7f;b\x80c&#x9f;d\ufdd0e\U0001fffff g\x85h\u2028i")
    (paper,) = parse_feed(feed, origin="arxiv").papers
    assert paper.abstract == "Für $p<0.05$ we find abcdef g h i."


def illegal_in_html() -> Iterator[str]:
    yield from map(chr, [*range(0x7F, 0xA0), *range(0xFDD0, 0xFDF0)])
    for plane in range(17):
        yield from (chr(plane * 0x10000 + 0xFFFE), chr(plane * 0x10000 + 0xFFFF))


def test_folding_leaves_nothing_illegal() -> None:
    assert folded("".join(illegal_in_html())) == ""
    assert folded("\U0001f333 e\u0301 \ufffd \u00ad") == "\U0001f333 e\u0301 \ufffd \u00ad"


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = folded(text)
    assert folded(once) == once
    assert "\n" not in once
    assert "  " not in once


@given(st.binary(max_size=200) | st.text(max_size=200))
def test_noise_is_refused_in_one_line(data: bytes | str) -> None:
    refusal(data)


@given(st.integers(0, len(FEED) - 1), st.sampled_from(["", "<", "&", '"', "\x07", "</entry>", "\ud800", "é"]))
def test_damage_anywhere_is_read_or_refused(position: int, inserted: str) -> None:
    message, urls = "", ["http:"]
    try:
        feed = parse_feed(FEED[:position] + inserted + FEED[position + 1 :], origin="arxiv")
        urls = [paper.url for paper in feed.papers]
    except FeedError as error:
        message = str(error)
    assert message.isprintable()
    assert all(url.startswith("http") for url in urls)


# --- papers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comment", "abstract"),
    [
        ("Withdrawn", "We show."),
        ("withdrawn by the author", "We show."),
        ("Withdrawn by the authors: a sign error. More text.", "We show."),
        ("This paper has been withdrawn by the author due to a crucial error in equation 3", "We show."),
        ("12 pages, 3 figures. This paper has been withdrawn", "We show."),
        ("8 pages; the submission was withdrawn by arXiv administrators", "We show."),
        ("arXiv admin note: This version has been withdrawn by arXiv administrators", "We show."),
        ("The authors have withdrawn this paper because of an error", "We show."),
        ("Paper withdrawn from arXiv by the authors", "We show."),
        ("This paper has been retracted", "We show."),
        (None, "This paper has been withdrawn by the authors. It was wrong."),
        (None, "[Withdrawn] We show."),
        (None, "Withdrawn due to an error in Lemma 2."),
        ("5 pages", "This article is withdrawn."),
    ],
)
def test_withdrawn(comment: str | None, abstract: str) -> None:
    assert is_withdrawn(comment, abstract)


@pytest.mark.parametrize(
    ("comment", "abstract"),
    [
        (None, ""),
        ("12 pages", "We study why papers are withdrawn."),
        ("Withdrawn from an invented conference, 12 pages", "We show."),
        ("This paper was withdrawn from the Journal of Things", "We show."),
        ("ICX 2020 withdrawn submission", "We show."),
        ("Withdrawn ICX submission", "We show."),
        ("Replaces a note that was withdrawn", "We show."),
        ("12 pages", "In-service vehicles are withdrawn by operators. This paper has been withdrawn from nothing."),
        (None, "Withdrawn electrons leave a hole."),
        (None, "Retracted papers are cited for years."),
    ],
)
def test_not_withdrawn(comment: str | None, abstract: str) -> None:
    assert not is_withdrawn(comment, abstract)


@pytest.mark.parametrize("url", ["http://arxiv.org/abs/2505.20225v2", "https://example.org:8443/a/b?c=d&e=%20#f"])
def test_good_addresses(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("", "address '' is neither http nor https"),
        ("http://", "address 'http://' has no plain host name"),
        ("https:/abs", "address 'https:/abs' has no plain host name"),
        ("https://me:pw@example.org/", "address 'https://me:pw@example.org/' has no plain host name"),
        ("https://example.org:x/", "address 'https://example.org:x/' cannot be read"),
        ("https://example.org/a b", "address 'https://example.org/a b' holds characters that do not belong in one"),
        ("java\tscript:x", "address 'java\\tscript:x' holds characters that do not belong in one"),
        ('https://x.org/"', "address 'https://x.org/\"' holds characters that do not belong in one"),
        ("https://ex\u0430mple.org", "address 'https://ex\\u0430mple.org' holds characters that do not belong in one"),
    ],
)
def test_bad_addresses(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"^address ") as caught:
        checked_url(url)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("id", 3, "paper field id is not text"),
        ("id", " ", "paper without id"),
        ("title", "", "paper without title"),
        ("version", True, "paper field version is neither a whole number nor null"),
        ("version", "2", "paper field version is neither a whole number nor null"),
        ("year", "2025", "paper field year is neither a whole number nor null"),
        ("record", 7, "paper field record is not text"),
        ("version", 0, "version 0 is below 1"),
        ("withdrawn", 0, "paper field withdrawn is neither true nor false"),
        ("authors", "Ada", "paper field authors is not a list of texts"),
        ("categories", [1], "paper field categories is not a list of texts"),
        ("doi", 10.5, "paper field doi is not text"),
        ("abstract", None, "paper field abstract is not text"),
        ("url", "javascript:x", "address 'javascript:x' is neither http nor https"),
        ("extra", 1, "paper fields missing or unknown: extra"),
    ],
)
def test_from_json_refuses(field: str, value: object, message: str) -> None:
    (paper,) = parse_feed(FEED, origin="arxiv").papers
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        Paper.from_json(paper.to_json() | {field: value})
    assert str(caught.value) == message


def test_from_json_misses_a_field() -> None:
    (paper,) = parse_feed(FEED, origin="arxiv").papers
    data = paper.to_json()
    del data["doi"], data["url"]
    with pytest.raises(ValueError, match=r"^paper fields missing or unknown: doi, url$"):
        Paper.from_json(data)
