"""``append``: what goes into the log, in which order, and when nothing does."""

from __future__ import annotations

import errno
import os
import resource
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generator.manifest import atomic
from generator.manifest.canonical import sha256_bytes
from generator.manifest.log import checkpoint, entries
from generator.manifest.log.append import append
from generator.manifest.log.merkle import Tree, leaf_hash
from generator.manifest.log.note import Signer
from generator.manifest.log.verify import verify
from generator.manifest.problems import Problems, UsageError
from generator.manifest.store import Store

FIRST = [
    "03/030CEF82/manifest.json",
    "32/32FAE0B9/manifest.json",
    "AB/AB5F292B/manifest.json",
    "E3/E3495244/manifest.json",
]
EVENTS = [
    "03/030CEF82/corrections/2026-11-23-title.yml",
    "03/030CEF82/v2/manifest.json",
    "AB/AB5F292B/corrections/2026-11-24-title.yml",
    "AB/AB5F292B/v2/manifest.json",
    "AB/AB5F292B/corrections/2026-11-25-concern.yml",
    "AB/AB5F292B/v3/manifest.json",
]
RESTORE = "Restore the file as it was; what is wrong in a record is corrected by an event beside it."
LOG = "Take the log folder from the main branch again; only 'srch log append' writes it."


def paths(root: Path) -> list[str]:
    return [leaf.path for leaf in entries.read(root)]


def files(root: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((root / "log").iterdir())}


def refused(root: Path, *arguments: Any) -> list[tuple[str, str, str, str, str, str]]:
    before = files(root)
    with pytest.raises(Problems) as error:
        append(root, *arguments)
    assert files(root) == before
    return [
        (item.file.removeprefix(f"{root}/"), item.place, item.code, item.found, item.expected, item.mend)
        for item in error.value.problems
    ]


def misused(root: Path, *arguments: Any, **options: Any) -> str:
    with pytest.raises(UsageError) as error:
        append(root, *arguments, **options)
    return str(error.value)


def test_manifests_come_first_and_then_events_each_with_its_version(root: Path) -> None:
    done = append(root)
    assert [leaf.path for leaf in done.added] == paths(root) == FIRST + EVENTS
    assert (done.key, done.completed) == (None, False)
    by_path = {leaf.path: leaf.sha256 for leaf in done.added}
    for record in Store(root).records():
        place = f"{record.short_id[:2]}/{record.short_id}"
        for version in record.versions:
            name = entries.version_path(place, version.number)
            assert by_path[name] == version.sha256 == sha256_bytes(version.data)
        for event in record.events:
            assert by_path[f"{place}/corrections/{event.file}"] == sha256_bytes(event.path.read_bytes())
    tree = Tree(leaf_hash(leaf.data) for leaf in done.added)
    written = checkpoint.read(files(root)["checkpoint"])
    assert done.checkpoint == written.checkpoint == checkpoint.Checkpoint("assignee.net/log", 10, tree.root())
    assert list(files(root)) == ["checkpoint", "entries.jsonl"]
    assert not written.signed


def test_records_are_logged_by_the_day_of_submission(root: Path, maker: ModuleType) -> None:
    from generator.manifest.canonical import stored_bytes
    from generator.manifest.strict import load_json

    path = root / "E3" / "E3495244" / "manifest.json"
    manifest = load_json(path)
    manifest["work"]["submitted"] = "2026-11-01"
    path.write_bytes(stored_bytes(manifest))
    append(root)
    assert paths(root) == [FIRST[3], *FIRST[:3], *EVENTS]


def test_a_second_append_changes_no_byte(root: Path, signer: Signer) -> None:
    for key in (None, signer):
        append(root, key)
        before = files(root)
        done = append(root, key)
        assert (done.added, done.completed, files(root)) == ((), False, before)


def test_the_log_grows_and_the_order_in_which_events_landed_stays(root: Path, maker: ModuleType) -> None:
    append(root)
    before = files(root)["entries.jsonl"]
    # dated before those that are in the log, landed after them
    maker.correct(root, "AB5F292B", "2026-11-23-late", title="Coffee and mice")
    append(root)
    assert files(root)["entries.jsonl"].startswith(before)
    late = ["AB/AB5F292B/corrections/2026-11-23-late.yml", "AB/AB5F292B/v4/manifest.json"]
    assert paths(root) == FIRST + EVENTS + late
    assert verify(root).problems == []


def test_a_registry_without_a_record_has_no_log(tmp_path: Path) -> None:
    assert misused(tmp_path / "nowhere") == f"{tmp_path / 'nowhere'}: no such folder"
    done = append(tmp_path)
    assert (done.added, done.checkpoint) == ((), None)
    assert not (tmp_path / "log").exists()


def test_a_signed_log(root: Path, signer: Signer) -> None:
    done = append(root, signer)
    assert done.key == signer.verifier
    kept = files(root)
    assert kept["key"] == f"{signer.verifier.text}\n".encode()
    checkpoint.read(kept["checkpoint"]).note.verify(signer.verifier)
    assert misused(root) == f"{root / 'log'}: this log is signed; set SRCH_LOG_KEY to its private key"
    other = Signer.generate("assignee.net/log")
    words = f"SRCH_LOG_KEY holds another key than that of this log, {signer.verifier.text}"
    assert misused(root, other) == words
    assert files(root) == kept


def test_an_unsigned_log_may_be_signed_from_some_day_on(root: Path, signer: Signer) -> None:
    append(root)
    before = files(root)
    assert append(root, signer).added == ()
    after = files(root)
    assert after["checkpoint"].startswith(before["checkpoint"] + "\n\u2014 assignee.net/log ".encode())
    assert after["entries.jsonl"] == before["entries.jsonl"]
    assert after["key"] == f"{signer.verifier.text}\n".encode()


def test_a_log_keeps_its_name(root: Path, signer: Signer) -> None:
    elsewhere = "SRCH_LOG_KEY holds a key named assignee.net/log; the log is example.org/log, and both must be one"
    assert misused(root, signer, origin="example.org/log") == elsewhere
    assert misused(root, origin="a b") == '--origin "a b" is empty, too long, or holds a space or a plus sign'
    done = append(root, origin="example.org/log")
    assert done.checkpoint is not None
    assert done.checkpoint.origin == "example.org/log"
    kept = '--origin "assignee.net/log": this log is example.org/log, and a log keeps its name'
    assert misused(root, origin="assignee.net/log") == kept
    assert append(root).checkpoint == append(root, origin="example.org/log").checkpoint == done.checkpoint


def test_a_witness_signature_stays_while_the_log_does_not_grow(root: Path, signer: Signer, maker: ModuleType) -> None:
    append(root, signer)
    path = root / "log" / "checkpoint"
    witness = "\u2014 witness.example AAAAAAAA\n"
    path.write_bytes(path.read_bytes() + witness.encode())
    append(root, signer)
    assert path.read_text(encoding="utf-8").endswith(witness)
    maker.correct(root, "E3495244", "2026-11-26-note")
    append(root, signer)
    assert witness not in path.read_text(encoding="utf-8")


def test_nothing_is_added_while_a_logged_file_is_not_as_it_was(root: Path) -> None:
    append(root)
    said = {leaf.path: leaf.sha256 for leaf in entries.read(root)}
    (root / FIRST[1]).unlink()
    (root / FIRST[3]).write_bytes((root / FIRST[3]).read_bytes() + b" ")
    (root / EVENTS[0]).write_text((root / EVENTS[0]).read_text(encoding="utf-8") + "# more\n", encoding="utf-8")
    (root / EVENTS[2]).unlink()
    digest = {name: sha256_bytes((root / name).read_bytes()) for name in (FIRST[3], EVENTS[0])}
    assert refused(root) == [
        (
            EVENTS[0], "", "REG091", f"a file with the SHA-256 {digest[EVENTS[0]]}",
            f"{said[EVENTS[0]]}, as line 5 of log/entries.jsonl has it", RESTORE,
        ),
        (FIRST[1], "", "REG091", "no such file", "the file of line 2 of log/entries.jsonl has it", RESTORE),
        (EVENTS[2], "", "REG091", "no such file", "the file of line 7 of log/entries.jsonl has it", RESTORE),
        (
            FIRST[3], "", "REG091", f"a file with the SHA-256 {digest[FIRST[3]]}",
            f"{said[FIRST[3]]}, as line 4 of log/entries.jsonl has it", RESTORE,
        ),
    ]  # fmt: skip


def test_a_version_that_events_do_not_add_up_to_is_found(root: Path, maker: ModuleType) -> None:
    """Whole leaves changed, with a checkpoint that fits: what the events make is computed, not believed."""
    append(root)
    changed = [
        entries.Leaf(leaf.path, "0" * 64 if leaf.path == EVENTS[1] else leaf.sha256) for leaf in entries.read(root)
    ]
    (root / "log" / "entries.jsonl").write_bytes(b"".join(leaf.data + b"\n" for leaf in changed))
    tree = Tree(leaf_hash(leaf.data) for leaf in changed)
    point = checkpoint.Checkpoint("assignee.net/log", 10, tree.root())
    (root / "log" / "checkpoint").write_bytes(point.written(None))
    record = next(record for record in Store(root).records() if record.short_id == "030CEF82")
    found = f"a version, made of the manifest and its events, with the SHA-256 {record.current.sha256}"
    expected = f"{'0' * 64}, as line 6 of log/entries.jsonl has it"
    assert refused(root) == [(EVENTS[1], "", "REG091", found, expected, RESTORE)]


def test_a_record_that_breaks_a_rule_is_not_logged(root: Path, maker: ModuleType) -> None:
    append(root)
    maker.registry(root, ("BA6679DC",))
    path = root / "BA" / "BA6679DC" / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"public_id": "SRCH:BA6679DC"', b'"public_id": "SRCH:00000000"'))
    assert [(item[0], item[1], item[2]) for item in refused(root)] == [
        ("BA/BA6679DC/manifest.json", "/work/public_id", "REG023")
    ]
    maker.correct(root, "E3495244", "2026-11-26-wrong", changes=[
        {"op": "replace", "path": "/work/title", "before": "something else", "value": "new"}
    ])  # fmt: skip
    assert [(item[0], item[2]) for item in refused(root)] == [
        ("BA/BA6679DC/manifest.json", "REG023"),
        ("E3/E3495244/corrections/2026-11-26-wrong.yml", "REG063"),
    ]


def test_a_log_that_was_changed_is_not_continued(root: Path, signer: Signer) -> None:
    append(root, signer)
    good = files(root)
    key = signer.verifier.text
    tree = Tree(leaf_hash(leaf.data) for leaf in entries.read(root))
    point = checkpoint.Checkpoint("assignee.net/log", 10, tree.root())

    def put(**changed: bytes | None) -> None:
        for name, data in {**good, **{name.replace("_", "."): data for name, data in changed.items()}}.items():
            (root / "log" / name).unlink(missing_ok=True)
            if data is not None:
                (root / "log" / name).write_bytes(data)

    put(checkpoint=None)
    assert refused(root, signer) == [("log/checkpoint", "", "REG092", "no such file", "the log's checkpoint", LOG)]
    put(checkpoint=point.written(None))
    named = f"no signature of the key {signer.name}+{signer.verifier.key_hash.hex()}"
    assert refused(root, signer) == [("log/checkpoint", "", "REG093", named, f"one signature of the key {key}", LOG)]
    put(entries_jsonl=b"".join(good["entries.jsonl"].splitlines(keepends=True)[:-2]))
    assert (
        "log/checkpoint", "line 2", "REG092", "a checkpoint of 10 leaves and entries for 8",
        "as many entries as the checkpoint counts, or more", LOG,
    ) in refused(root, signer)  # fmt: skip
    from base64 import b64encode

    put(checkpoint=checkpoint.Checkpoint("assignee.net/log", 10, b"x" * 32).written(signer))
    assert refused(root, signer) == [
        (
            "log/checkpoint", "line 3", "REG092", f"the root {b64encode(b'x' * 32).decode()}",
            f"{b64encode(tree.root()).decode()}, the root over the first 10 entries", LOG,
        )
    ]  # fmt: skip
    put(checkpoint=b"x\n", key=b"y\n")
    assert refused(root, signer) == [
        (
            "log/checkpoint", "", "REG092", "1 lines, not origin, size and root",
            "a checkpoint: origin, size and root, and signatures where the log is signed", LOG,
        ),
        ("log/key", "", "REG093", "a public key is written name+hash+base64", "a public key and a newline", LOG),
    ]  # fmt: skip
    put(entries_jsonl=good["entries.jsonl"][:-1])
    assert [item[:3] for item in refused(root, signer)] == [("log/entries.jsonl", "line 10", "REG090")]


def test_an_append_that_was_cut_off_is_completed(root: Path, signer: Signer, maker: ModuleType) -> None:
    """Killed after the entries; killed after the checkpoint, before the key; and the first append, killed likewise."""
    append(root, signer)
    whole = files(root)
    (root / "log" / "key").unlink()
    assert (append(root, signer).added, files(root)) == ((), whole)
    (root / "log" / "key").unlink()
    (root / "log" / "checkpoint").unlink()
    done = append(root, signer)
    assert (done.added, done.completed, files(root)) == ((), True, whole)
    before = (root / "log" / "checkpoint").read_bytes()
    maker.correct(root, "E3495244", "2026-11-26-note")
    append(root, signer)
    whole = files(root)
    (root / "log" / "checkpoint").write_bytes(before)
    assert [(item.code, item.found) for item in verify(root).problems] == [("REG092", "a checkpoint of 10 leaves")]
    done = append(root, signer)
    assert (done.added, done.completed, files(root)) == ((), True, whole)


@pytest.mark.parametrize("signed", [False, True])
def test_a_disk_that_is_full_at_any_change_loses_nothing(
    root: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch, signed: bool
) -> None:
    """The call fails with one line at each change in turn, and the next one, with room again, does the rest."""
    key = signer if signed else None
    tries = 0
    for number in range(1, 100):
        left = number

        def change(call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left == 0:
                    raise OSError(errno.ENOSPC, "No space left on device")
                return call(*arguments, **options)

            return counted

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", change(os.fsync))
            patch.setattr(Path, "replace", change(Path.replace))
            patch.setattr(atomic, "_write_synced", change(atomic._write_synced))
            said = ""
            try:
                append(root, key)
            except UsageError as error:
                said = str(error)
        if left > 0:
            assert said == ""
            break
        assert said.startswith(f"{root / 'log'}/")
        assert said.endswith(": cannot write: no space left on device")
        tries += 1
        assert set(files(root) if (root / "log").exists() else ()) <= {"checkpoint", "entries.jsonl", "key"}
        assert (paths(root) if (root / "log").exists() else []) in ([], FIRST + EVENTS)
        append(root, key)
        assert paths(root) == FIRST + EVENTS
        assert verify(root).problems == []
        for path in (root / "log").iterdir():
            path.unlink()
    assert tries >= 8 + 4 * signed


def test_files_that_may_have_any_size_but_enough(root: Path, maker: ModuleType, tmp_path: Path) -> None:
    """A limit of the system on the size of files stands in for a full disk, whose writes stop after any byte."""
    append(root)
    grown = files(root)
    maker.correct(root, "E3495244", "2026-11-26-note")
    needed = 0
    for size in range(0, len(grown["entries.jsonl"]) + 500, 16):
        child = os.fork()
        if child == 0:
            try:
                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
                append(root)
                os._exit(0)
            except UsageError as error:
                os._exit(2 if str(error).endswith(": cannot write: file too large") else 3)
            except BaseException:
                os._exit(4)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == 0:
            break
        assert code == 2
        needed += 1
        assert files(root) == grown
    assert needed > 75
    assert paths(root) == [
        *FIRST,
        *EVENTS,
        "E3/E3495244/corrections/2026-11-26-note.yml",
        "E3/E3495244/v2/manifest.json",
    ]
    assert verify(root).problems == []


def test_two_appends_at_once_lose_nothing(root: Path, maker: ModuleType) -> None:
    """Each of eight threads corrects another record and appends: every leaf is there once."""
    records = list(maker.RECORDS)
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            maker.correct(root, records[number % 4], f"2026-12-{number + 10}-note")
            append(root)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    found = paths(root)
    assert len(found) == len(set(found)) == 4 + 6 + 16
    assert verify(root).problems == []
    assert verify(root).not_logged == 0
