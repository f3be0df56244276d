"""Files and folders that are not what a command needs: one line or a list of problems, and nothing is changed."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

LONG = "a" * 300


@pytest.mark.parametrize("out", ["file", "file/below"])
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "Do trees cool?", "--out"],
        ["import", "routing.txt", "--out"],
        ["publish", "runs/approved", "--manifests"],
    ],
)
def test_a_file_where_a_folder_is_to_be(arguments, out, place, srch, files):
    (place / "file").write_text("kept", encoding="utf-8")
    before = files(place)
    result = srch(*arguments, out)
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert result.messages[0].startswith(f"srch: {out}")
    assert "file" in result.messages[0] or result.messages[0].endswith("not a directory")
    assert files(place) == before


def test_a_very_long_path_keeps_the_reason(place, srch):
    deep = "/".join([LONG] * 5)
    result = srch("import", "routing.txt", "--out", deep)
    assert (result.code, len(result.messages)) == (2, 1)
    assert result.messages[0].endswith(": cannot make the folder: file name too long")
    assert len(result.messages[0]) < 420


@pytest.mark.parametrize("command", [["import"], ["import", "routing.txt", "--facts"], ["check"]])
@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("binary", bytes(range(128, 256)), "REG002"), ("utf16", "[1]".encode("utf-16"), "REG002"), ("empty", b"", None)],
)
def test_files_of_another_kind(command, name, content, code, place, srch, files):
    if command[-1] == "--facts" and name == "empty":
        pytest.skip("an empty file of facts states no fact")
    (place / name).write_bytes(content)
    before = files(place)
    result = srch(*command, name, *([] if command == ["check"] else ["--out", "new"]))
    text = result.out if command == ["check"] else result.err
    assert (result.code, text.splitlines()[0].split()[0]) == (1, code or {"check": "REG003"}.get(command[0], "IMP001"))
    assert files(place) == before


def test_json_where_yaml_facts_are_wanted(place, srch):
    (place / "facts.json").write_text('{"draft": "routing.txt"}', encoding="utf-8")
    result = srch("import", "routing.txt", "--facts", "facts.json")
    assert (result.code, result.messages[0].split()[0]) == (1, "IMP020")


def test_a_file_too_large_is_not_read(place, srch):
    with (place / "large.txt").open("wb") as handle:
        handle.truncate(17 * 1024 * 1024)
    result = srch("import", "large.txt")
    assert (result.code, result.messages[0], result.messages[2]) == (
        1,
        "REG001 large.txt",
        "  expected: at most 16777216 bytes",
    )


def test_pipes_and_devices_are_not_waited_for(place, fails):
    os.mkfifo(place / "pipe")
    fails(["import", "pipe"], "pipe: not a regular file")
    fails(["import", "routing.txt", "--facts", "pipe"], "pipe: not a regular file")
    fails(["check", "pipe"], "pipe: not a regular file")
    (place / "runs" / "routing" / "run.json").unlink()
    os.mkfifo(place / "runs" / "routing" / "run.json")
    fails(["publish", "runs/routing"], "runs/routing: no run.json in it")


def test_names_that_steer_a_terminal_are_escaped(place, srch):
    name = "a\n\x1b[31m\u202e.json"
    (place / name).write_text("{", encoding="utf-8")
    (place / "b.json").write_text('{"\\u001b[2J": NaN}', encoding="utf-8")
    result = srch("check", name, "b.json")
    assert [line for line in result.out.splitlines() if line.startswith("REG")] == [
        "REG003 a\\u000a\\u001b[31m\\u202e.json: line 1, column 2",
        "REG006 b.json: /\\u001b[2J",
    ]
    missing = srch("check", "no\n\x1b[31m")
    assert missing.messages == ["srch: no \\u001b[31m: no such file or folder"]


def test_names_that_are_no_text(place, srch):
    bad = os.fsencode(place) + b"/\xff.json"
    Path(os.fsdecode(bad)).write_bytes(b"{")
    assert srch("check", b"\xff.json").code == 1
    assert srch("check", b"\xff.json", "--format", "json").code == 1
    assert srch("publish", "runs/approved", "--manifests", b"\xff", env={"LC_ALL": "C.UTF-8"}).code == 0
    assert srch("publish", "runs/approved", "--manifests", b"\xff", "--json", env={"PYTHONUTF8": "1"}).code == 0


@pytest.mark.parametrize("kind", ["folder", "file", "binary", "empty", "list"])
def test_build_with_a_configuration_that_is_none(kind, place, srch, files):
    config = place / "config.yml"
    if kind == "folder":
        config.mkdir()
    else:
        config.write_bytes({"file": b"text", "binary": b"\xff\x00", "empty": b"", "list": b"- a\n"}[kind])
    before = files(place)
    for command in ("build", "serve"):
        result = srch(command, "--config", "config.yml")
        assert (result.code, result.out) == (2, "")
        assert result.messages[-1].startswith("srch: ")
        assert files(place) == before


@pytest.mark.parametrize("manifests", ["nowhere", "routing.txt"])
def test_build_without_a_folder_of_manifests(manifests, place, root, fails):
    arguments = ["build", "--config", root / "mkdocs.yml", "--site-dir", "site", "--manifests", manifests]
    fails(arguments, f"{manifests}: no such folder of manifests")
    assert not (place / "site").exists()


@pytest.mark.parametrize("site", ["routing.txt", "runs", "routing.txt/below"])
def test_build_never_replaces_what_is_no_site(site, place, srch, root, files):
    before = files(place)
    result = srch("build", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--site-dir", site)
    assert (result.code, result.out, len(result.messages)) == (2, "", 1)
    assert files(place) == before


def test_build_with_a_broken_record_leaves_the_old_site(place, srch, root, files):
    arguments = ("build", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--site-dir", "site")
    assert srch(*arguments).code == 0
    before = files(place / "site")
    next((place / "manifests").glob("*/*/manifest.json")).write_text("{}", encoding="utf-8")
    result = srch(*arguments)
    assert (result.code, result.messages[0].split()[0]) == (1, "REG010")
    assert files(place / "site") == before
    assert sorted(path.name for path in place.iterdir() if "site" in path.name) == ["site"]


def test_serve_where_the_port_is_taken(place, srch, root):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        arguments = ("--config", root / "mkdocs.yml", "--manifests", "manifests", "--address", address)
        result = srch("serve", *arguments)
    assert result.code == 2
    assert result.messages[-1].endswith("address already in use")
