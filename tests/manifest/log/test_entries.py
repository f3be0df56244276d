"""The one door of ``log/entries.jsonl``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.manifest.canonical import canonical_bytes
from generator.manifest.log import entries
from generator.manifest.log.entries import Leaf, landed, leaf, parse, parse_leaf, read
from generator.manifest.problems import Problems, UsageError

H = "ab" * 32
BASE, EVENT, SECOND = (
    "E5/E50A8461/manifest.json",
    "E5/E50A8461/corrections/2026-11-30-x.yml",
    "E5/E50A8461/v2/manifest.json",
)
MEND = "Take log/entries.jsonl from the main branch again; only 'srch log append' writes it."
FORM = '{"path":"<two digits>/<ID>/<file>","sha256":"<64 lower-case hex digits>"} and a newline'


def lines(*paths: str) -> bytes:
    return b"".join(leaf(path, H) + b"\n" for path in paths)


def refused(data: bytes) -> list[tuple[str, str, str]]:
    with pytest.raises(Problems) as error:
        parse(data, "e")
    assert {(item.file, item.code, item.mend) for item in error.value.problems} == {("e", "REG090", MEND)}
    return [(item.place, item.found, item.expected) for item in error.value.problems]


def test_a_leaf_is_the_canonical_json_of_path_and_hash() -> None:
    for path in (BASE, EVENT, SECOND):
        assert leaf(path, H) == canonical_bytes({"sha256": H, "path": path}) == Leaf(path, H).data
        assert parse_leaf(leaf(path, H)) == Leaf(path, H)


@pytest.mark.parametrize(
    "path",
    [
        "", "E5/E50A8461", "E5/E50A8461/", "E6/E50A8461/manifest.json", "e5/e50a8461/manifest.json",
        "E5/E50A846/manifest.json", "E5/E50A8461/Manifest.json", "E5/E50A8461/v1/manifest.json",
        "E5/E50A8461/v02/manifest.json", "E5/E50A8461/v2/../manifest.json", "/E5/E50A8461/manifest.json",
        "E5/E50A8461/corrections/2026-11-30.yml", "E5/E50A8461/corrections/2026-11-30-X.yml",
        "E5/E50A8461/corrections/2026-11-30-x.yaml", "E5/E50A8461/run.json", "E5/E50A8461/manifest.json\n",
        "E5/E50A8461/corrections/2026-11-30-" + "x" * 1000 + ".yml",
    ],
)  # fmt: skip
def test_no_other_path_is_taken(path: str) -> None:
    with pytest.raises(ValueError, match=r" is no leaf of the log$"):
        leaf(path, H)


def test_what_a_path_says() -> None:
    assert [entries.record_of(path) for path in (BASE, EVENT, SECOND)] == ["E5/E50A8461"] * 3
    assert [entries.version_of(path) for path in (BASE, EVENT, SECOND)] == [1, None, 2]
    assert [entries.is_event(path) for path in (BASE, EVENT, SECOND)] == [False, True, False]
    assert [entries.version_path("E5/E50A8461", number) for number in (1, 2)] == [BASE, SECOND]
    with pytest.raises(ValueError, match=r'^"x" is no path of a leaf$'):
        entries.record_of("x")


def test_every_wrong_line_is_named() -> None:
    right = leaf(BASE, H)
    data = b"\n".join(
        [right, b"", right.replace(b":", b": ", 1), right.replace(b"ab", b"AB"), right + b"\r", b"x" * 2000, b"\xff"]
    )
    shown = [
        json.dumps(text) for text in ("", right.replace(b":", b": ", 1).decode(), right.replace(b"ab", b"AB").decode())
    ]
    assert refused(data + b"\n") == [
        ("line 2", shown[0], FORM),
        ("line 3", shown[1], FORM),
        ("line 4", shown[2], FORM),
        ("line 5", json.dumps(right.decode() + "\r"), FORM),
        ("line 6", "a line of 2000 bytes", FORM),
        ("line 7", '"�"', FORM),
    ]


def test_a_line_that_was_cut_off_is_no_leaf() -> None:
    assert refused(lines(BASE)[:-1]) == [
        ("line 1", f"{json.dumps(leaf(BASE, H).decode())} without a newline at its end", FORM)
    ]
    assert refused(lines(BASE) + b'{"path"') == [("line 2", r'"{\"path\"" without a newline at its end', FORM)]


def test_a_leaf_stands_once_and_behind_what_it_builds_on() -> None:
    assert [item.path for item in parse(lines(BASE, EVENT, SECOND), "e")] == [BASE, EVENT, SECOND]
    assert refused(lines(BASE, BASE)) == [("line 2", f"{BASE} again", "only line 1 with it")]
    assert refused(lines(EVENT, SECOND, BASE)) == [("line 1", EVENT, f"{BASE} above it")]
    below = f"{SECOND}, which the event one line above makes"
    other = BASE.replace("E50A8461", "E50A8462")
    assert refused(lines(BASE, EVENT, other)) == [("line 3", other, below)]
    assert refused(lines(BASE, EVENT, "E5/E50A8461/v3/manifest.json")) == [
        ("line 3", "E5/E50A8461/v3/manifest.json", below)
    ]
    assert refused(lines(BASE, SECOND)) == [("line 2", SECOND, "a version right below the event that makes it")]
    assert refused(lines(BASE, EVENT)) == [("line 2", "the end of the file", f"{SECOND} as the next line")]


def test_what_landed_is_read_once_until_the_file_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert landed(tmp_path) == {}
    file = tmp_path / "log" / "entries.jsonl"
    file.parent.mkdir()
    file.write_bytes(lines(BASE))
    assert landed(tmp_path) == {BASE: 0}
    reads = []
    monkeypatch.setattr(entries, "read_bytes", lambda path, *, limit: reads.append(path) or path.read_bytes())
    assert landed(tmp_path) == {BASE: 0}
    assert reads == []
    file.with_name("new").write_bytes(lines(BASE, EVENT, SECOND))
    file.with_name("new").replace(file)
    assert landed(tmp_path) == {BASE: 0, EVENT: 1, SECOND: 2}
    assert reads == [file]
    with pytest.raises(TypeError):
        landed(tmp_path)[BASE] = 5  # type: ignore[index]
    file.with_name("new").write_bytes(b"x\n")
    file.with_name("new").replace(file)
    for _ in range(2):
        with pytest.raises(Problems):
            landed(tmp_path)
    assert reads == [file, file]


def test_entries_that_are_no_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    assert read(tmp_path) == []
    file = tmp_path / "log" / "entries.jsonl"
    file.symlink_to(tmp_path / "nowhere")
    for call in (read, landed):
        with pytest.raises(UsageError) as error:
            call(tmp_path)
        assert str(error.value) == f"{file}: no such file"
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(UsageError) as error:
        landed(tmp_path)
    assert str(error.value) == f"{file}: not a regular file"


def test_reading_entries_loads_no_cryptography() -> None:
    code = "import sys, generator.manifest.corrections; print('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
