"""The data below /data/: the table of versions and its index."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from generator.manifest import history
from generator.manifest.store import Store
from generator.site import dumps
from generator.site.dumps import Dump

SITE = "https://assignee.net/"


def test_every_line_is_a_row_and_nothing_else(registry: Path) -> None:
    data = dumps.versions(dumps.lines(record, SITE) for record in Store(registry).records()).data
    rows = [json.loads(line) for line in data.decode("ascii").splitlines()]
    assert rows == list(history.rows(Store(registry), SITE))
    assert [(row["id"], row["version"]) for row in rows] == sorted((row["id"], row["version"]) for row in rows)
    assert {row["id"] for row in rows} == {record.manifest["work"]["public_id"] for record in Store(registry).records()}


def test_hostile_titles_come_back_whole(tmp_path: Path, maker: ModuleType, hostile: list[str]) -> None:
    maker.store(tmp_path, maker.numbered(maker.example(), 7))
    record = next(Store(tmp_path).records())
    for text in [*hostile, "a\u2028b\u2029c\x85d\x1ce \ud7ff\U0001f642 \\u0041"]:
        record.current.manifest["work"]["title"] = text
        lines = dumps.lines(record, SITE).decode("ascii").splitlines()
        assert [json.loads(line)["title"] for line in lines] == [text]


def test_the_index_names_every_file_with_size_and_hash() -> None:
    more = Dump("data/review-monitor.json", "What to look at next", "application/json", b"{}\n", 0)
    table = dumps.versions([b'{"id":1}\n', b'{"id":2}\n{"id":2}\n'])
    assert json.loads(dumps.index([table, more], SITE)) == {
        "as_of": "The registry as it stood at a time T is the rows with since <= T and (until is null or T < until).",
        "files": [
            {
                "url": f"{SITE}data/review-monitor.json",
                "about": "What to look at next",
                "media_type": "application/json",
                "size": 3,
                "sha256": "ca3d163bab055381827226140568f3bef7eaac187cebd76878e0b63e9e442356",
                "rows": 0,
            },
            {
                "url": f"{SITE}data/versions.jsonl",
                "about": "Every version of every record",
                "media_type": "application/jsonl",
                "size": 27,
                "sha256": sha256(table.data).hexdigest(),
                "rows": 3,
            },
        ],
    }


def test_the_built_site_has_what_its_index_says(site: Path, registry: Path) -> None:
    index = json.loads((site / "data" / "index.json").read_bytes())
    named = {file["url"].removeprefix(SITE): file for file in index["files"]}
    assert "data/versions.jsonl" in named
    assert named.keys() == {
        path.relative_to(site).as_posix() for path in (site / "data").rglob("*") if path.name != "index.json"
    }
    for path, file in named.items():
        data = (site / path).read_bytes()
        assert (len(data), sha256(data).hexdigest()) == (file["size"], file["sha256"])
    rows = [json.loads(line) for line in (site / "data" / "versions.jsonl").read_bytes().splitlines()]
    assert len(rows) == named["data/versions.jsonl"]["rows"]
    assert rows == list(history.rows(Store(registry), SITE))


def test_every_manifest_that_the_table_names_is_there_with_its_hash(site: Path) -> None:
    for line in (site / "data" / "versions.jsonl").read_bytes().splitlines():
        row = json.loads(line)
        if row["manifest_url"] is not None:
            data = (site / row["manifest_url"].removeprefix(SITE)).read_bytes()
            assert sha256(data).hexdigest() == row["manifest_sha256"]
