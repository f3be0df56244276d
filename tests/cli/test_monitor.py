"""What to look at next, on the command line: real recordings become an observation, and that makes records due."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from generator.manifest.canonical import stored_bytes

RECORDINGS = Path(__file__).parents[3] / "shared" / "data" / "arxiv_atom"
needs_recordings = pytest.mark.skipif(not RECORDINGS.is_dir(), reason=f"no recordings at {RECORDINGS}")
CLOCK = ("--clock", "2026-12-03T09:00:00Z")
FILE = "manifests/observations/2026-12-03-arxiv.json"

ENTRY = """
<entry><id>http://arxiv.org/abs/{id}</id><title>{title}</title><summary>{summary}</summary>
<author><name>A. Author</name></author>
<published>2025-05-26T00:00:00Z</published><updated>2025-06-26T00:00:00Z</updated>
<arxiv:comment>{comment}</arxiv:comment></entry>"""


def feed(*entries: dict[str, str]) -> str:
    rows = (ENTRY.format(**{"title": "A title", "summary": "Words.", "comment": "9 pages", **row}) for row in entries)
    return (
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:arxiv="http://arxiv.org/schemas/atom" '
        'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"><opensearch:totalResults>1</opensearch:totalResults>'
        "<opensearch:startIndex>0</opensearch:startIndex><opensearch:itemsPerPage>1</opensearch:itemsPerPage>"
        f"{''.join(rows)}</feed>"
    )


def record(place: Path) -> Path:
    return next((place / "manifests").glob("*/*/manifest.json"))


def named(place: Path) -> str:
    return f"SRCH:{record(place).parent.name}"


@pytest.fixture
def due_by_source(place: Path, srch) -> Path:
    """The registry with a record whose first source is said to be withdrawn, and the second to have a new version."""
    manifest = json.loads(record(place).read_bytes())
    first, second = manifest["provenance"]["sources"][:2]
    bare = {"doi": None, "latest_version": 9, "url": None, "title": None}
    papers = [
        {"paper_id": source["paper_id"], "withdrawn": gone, **bare} for source, gone in ((first, True), (second, False))
    ]
    (place / "one.xml").write_text(feed({"id": "2505.20225v2"}), encoding="utf-8")
    assert srch("observe", "one.xml", *CLOCK).code == 0
    observation = json.loads((place / FILE).read_bytes())
    (place / FILE).write_bytes(stored_bytes({**observation, "papers": papers}))
    return place


def test_a_feed_becomes_an_observation(place, srch):
    withdrawn = {"id": "2505.20226v3", "comment": "This paper has been withdrawn by the authors"}
    (place / "one.xml").write_text(feed({"id": "2505.20225v2", "title": "Trees &amp;\n roofs"}), encoding="utf-8")
    recording = {"url": "https://export.arxiv.org/api/query", "status_code": 200, "body": feed(withdrawn)}
    (place / "two.json").write_text(json.dumps(recording), encoding="utf-8")
    result = srch("observe", "one.xml", "two.json", *CLOCK)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"{FILE}: 2 papers from 2 responses, 1 withdrawn: 2505.20226\n"
    observation = json.loads((place / FILE).read_bytes())
    assert observation["observed_at"] == "2026-12-03T09:00:00Z"
    assert observation["papers"] == [
        {
            "doi": None,
            "latest_version": 2,
            "paper_id": "2505.20225",
            "title": "Trees & roofs",
            "url": "http://arxiv.org/abs/2505.20225v2",
            "withdrawn": False,
        },
        {
            "doi": None,
            "latest_version": 3,
            "paper_id": "2505.20226",
            "title": "A title",
            "url": "http://arxiv.org/abs/2505.20226v3",
            "withdrawn": True,
        },
    ]
    told = json.loads(srch("observe", "two.json", *CLOCK, "--slug", "again", "--json").out)
    assert told == {
        "file": "manifests/observations/2026-12-03-again.json",
        "papers": 1,
        "withdrawn": ["2505.20226"],
    }


def test_an_observation_is_never_written_over(place, srch, fails, files):
    (place / "one.xml").write_text(feed({"id": "2505.20225v2"}), encoding="utf-8")
    assert srch("observe", "one.xml", *CLOCK).code == 0
    before = files(place)
    words = f"{FILE}: is there already, and observations are never changed; give another --slug"
    fails(["observe", "one.xml", *CLOCK], words)
    assert files(place) == before


@needs_recordings
def test_real_recordings_become_one_observation(place, srch):
    names = sorted(path for path in RECORDINGS.glob("*.json") if not path.name.startswith("id_abc"))
    assert len(names) == 19
    result = srch("observe", *names, *CLOCK, "--json")
    assert (result.code, result.messages) == (0, [])
    told = json.loads(result.out)
    assert told == {"file": FILE, "papers": 105, "withdrawn": []}
    papers = {paper["paper_id"]: paper for paper in json.loads((place / FILE).read_bytes())["papers"]}
    assert papers["2403.16981"]["latest_version"] == 2
    assert papers["astro-ph/0601001"]["latest_version"] == 1
    assert all(paper["doi"] is None for paper in papers.values())
    assert srch("monitor").code == 0


@needs_recordings
def test_refused_feeds_are_all_named_and_nothing_is_written(place, srch, files):
    refused = RECORDINGS / "id_abc_s0_m100_b79c8dcf6bc3.json"
    (place / "broken.xml").write_text("<feed", encoding="utf-8")
    (place / "empty.json").write_text('{"status_code": 503}', encoding="utf-8")
    before = files(place)
    result = srch("observe", refused, "broken.xml", "empty.json", *CLOCK)
    assert (result.code, result.out) == (1, "")
    assert [line for line in result.messages if line.startswith(("REG", "  found"))] == [
        f"REG097 {refused}",
        "  found:    arXiv refused the query: incorrect id format for abc",
        "REG097 broken.xml",
        "  found:    not well-formed XML: unclosed token: line 1, column 0",
        "REG097 empty.json: /body",
        "  found:    null",
    ]
    assert result.messages[-1] == "3 problems"
    assert files(place) == before


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["observe"], "Missing argument 'FEED...'. (see 'srch observe --help')"),
        (["observe", "nowhere.xml"], "nowhere.xml: no such file"),
        (["observe", "none.xml"], "no paper stands in the responses; nothing is written"),
        (
            ["observe", "none.xml", "--out", "x"],
            "--out x: observations lie in a folder called 'observations', below the records",
        ),
        (
            ["observe", "none.xml", "--slug", "Not This"],
            '--slug "Not This" is not small letters, digits and single hyphens, at most 100',
        ),
        (["observe", "none.xml", "--clock", "soon"], '--clock "soon" is not a time such as 2026-01-31T12:00:00Z'),
        (["monitor", "--manifests", "nowhere"], "nowhere: no such folder of manifests"),
        (["monitor", "x"], "x: neither a record's folder nor an id such as SRCH:E50A8461"),
        (["monitor", "SRCH:00000000"], "SRCH:00000000: no record with this id in manifests"),
        (["monitor", "--all", "SRCH:00000000"], "--all lists every record; leave it out to see the records given"),
    ],
)
def test_calls_that_cannot_be_carried_out(arguments, line, place, fails, files):
    (place / "none.xml").write_text(feed(), encoding="utf-8")
    before = files(place)
    fails(arguments, line)
    assert files(place) == before


def test_nothing_to_look_at(place, srch):
    result = srch("monitor")
    assert (result.code, result.out, result.err) == (0, "none of 1 record to look at again\n", "")
    assert json.loads(srch("monitor", "--json").out) == []
    (told,) = json.loads(srch("monitor", "--all", "--json").out)
    assert (told["state"], told["work"]["public_id"]) == ("CLEAR", named(place))
    assert srch("monitor", "--all").out.splitlines()[0].startswith(f"{named(place)}: clear  ")


def test_what_is_due_is_listed_with_its_reasons(due_by_source, srch, files):
    place = due_by_source
    before = files(place)
    names = [item["paper_id"] for item in json.loads(record(place).read_bytes())["provenance"]["sources"][:2]]
    result = srch("monitor")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[1:] == [
        "  A source was withdrawn (since 2026-12-03)",
        f"    S1 ({names[0]}) has been withdrawn, according to the observation 2026-12-03-arxiv.",
        "  A source has a newer version (since 2026-12-03)",
        f"    S2 ({names[1]}) was used in version 1; version 9 is known from the observation 2026-12-03-arxiv.",
        "1 of 1 record to look at again",
    ]
    (told,) = json.loads(srch("monitor", "--json").out)
    assert [item["trigger"] for item in told["active_triggers"]] == ["SOURCE_WITHDRAWN", "SOURCE_NEW_VERSION"]
    whole = srch("monitor", named(place)).out.splitlines()
    assert whole[:5] == result.out.splitlines()[:5]
    assert whole[6] == "  not watched  A record it relies on was corrected: No source is a record of this registry."
    assert [line.split("  ")[1] for line in whole[5:]] == ["watched", "not watched", "watched", "watched", "watched"]
    assert json.loads(srch("monitor", record(place).parent, "--json").out) == [told]
    assert files(place) == before


def test_a_registry_that_is_not_sound_is_told_whole(due_by_source, srch):
    place = due_by_source
    manifest = json.loads(record(place).read_bytes())
    copied = place / "manifests" / "00" / "00000000"
    shutil.copytree(record(place).parent, copied)
    record_file = place / "manifests" / "00" / "00000000" / "manifest.json"
    record_file.write_bytes(stored_bytes({**manifest, "unexpected": 1}))
    (place / FILE).with_name("note.txt").write_text("x", encoding="utf-8")
    result = srch("monitor")
    assert (result.code, result.out) == (1, "")
    assert [line for line in result.messages if line.startswith("REG")] == [
        "REG010 manifests/00/00000000/manifest.json: /unexpected",
        "REG096 manifests/observations/note.txt",
    ]
