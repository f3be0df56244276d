"""``verify`` of the whole log, and what a site shows of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from generator.manifest.log import entries, tlog_proof
from generator.manifest.log.append import append
from generator.manifest.log.checkpoint import Checkpoint
from generator.manifest.log.note import Signer
from generator.manifest.log.published import LogView
from generator.manifest.log.verify import Report, verify
from generator.manifest.problems import Problems, UsageError


def results(report: Report) -> dict[str, str]:
    return {check.check: check.result for check in report.checks}


def test_a_log_in_order(root: Path, signer: Signer, maker: ModuleType) -> None:
    append(root)
    old = (root / "log" / "checkpoint").read_bytes()
    maker.correct(root, "E3495244", "2026-11-26-note")
    report = verify(root)
    assert (report.origin, report.size, report.key) == ("assignee.net/log", 10, None)
    assert (report.manifests, report.events, report.not_logged, report.problems) == (4, 3, 1, [])
    assert [(check.check, check.result, check.detail) for check in report.checks] == [
        ("entries", "ok", "10 leaves: 4 manifests, 3 events, 3 versions made by them"),
        ("checkpoint", "ok", f"size and root are those of the entries: {report.root}"),
        ("signature", "not done", "unsigned: the log has no key"),
        ("files", "ok", "every leaf is the hash of its file, or of the version its events make"),
        ("consistency", "not done", "no older checkpoint was given"),
    ]
    append(root, signer)
    report = verify(root, older=old, older_name="old", verifier=signer.verifier)
    assert report.problems == []
    assert [(check.check, check.detail) for check in report.checks[2:]] == [
        ("signature", f"signed by {signer.verifier.text}"),
        ("files", "every leaf is the hash of its file, or of the version its events make"),
        ("consistency", "the log goes on from the older checkpoint"),
    ]


def test_what_is_wrong_is_told_by_check(root: Path, signer: Signer) -> None:
    append(root, signer)
    other = Signer.generate("assignee.net/log")
    report = verify(root, verifier=other.verifier)
    assert results(report)["signature"] == "FAILED"
    assert [(item.code, item.found, item.expected) for item in report.problems] == [
        ("REG093", f"the key {signer.verifier.text} beside it", other.verifier.text)
    ]
    (root / "03" / "030CEF82" / "manifest.json").unlink()
    report = verify(root)
    assert results(report) == {
        "entries": "ok", "checkpoint": "ok", "signature": "ok", "files": "FAILED", "consistency": "not done",
    }  # fmt: skip
    assert {item.code for item in report.problems} == {"REG091"}


def test_an_unsigned_log_is_not_one_of_a_key(root: Path, signer: Signer) -> None:
    append(root)
    report = verify(root, verifier=signer.verifier)
    key = signer.verifier
    assert [(item.code, item.found) for item in report.problems] == [
        ("REG093", f"no signature of the key {key.name}+{key.key_hash.hex()}")
    ]


def test_an_older_checkpoint_that_does_not_fit_is_a_problem(root: Path, signer: Signer, tmp_path: Path) -> None:
    append(root, signer)
    view = LogView(root)
    other = Signer.generate("assignee.net/log")
    key = f"{signer.name}+{signer.verifier.key_hash.hex()}"
    zero = "A" * 43 + "="
    root_now = verify(root).root
    small = Checkpoint("assignee.net/log", 3, b"\0" * 32)
    cases = [
        (small.written(signer), f"leaves have the root {{}}, the older checkpoint says {zero}: the log was rewritten"),
        (small.written(other), f"no signature of the key {key}"),
        (
            Checkpoint("other", 3, b"\0" * 32).written(None),
            "the older checkpoint is of the log other, this one of assignee.net/log",
        ),
        (
            Checkpoint("assignee.net/log", 11, b"\0" * 32).written(signer),
            "the older checkpoint counts 11 leaves, this log only 10",
        ),
        (b"x\n", "1 lines, not origin, size and root"),
    ]
    for older, words in cases:
        report = verify(root, older=older, older_name="kept")
        assert results(report)["consistency"] == "FAILED"
        (problem,) = report.problems
        assert (problem.file, problem.code) == ("kept", "REG095")
        assert words.split("{}")[0] in problem.found
        assert words.split("{}")[-1] in problem.found
    for size in range(1, 11):
        old = Checkpoint("assignee.net/log", size, view._tree.root(size)).written(signer)
        assert verify(root, older=old).problems == []
    assert root_now == verify(root).root


def test_a_log_rewritten_with_its_own_key_is_found_by_a_kept_checkpoint(
    root: Path, signer: Signer, maker: ModuleType
) -> None:
    """Its holder signs another past: every check of the log itself holds, and the one against the old one does not."""
    append(root, signer)
    old = (root / "log" / "checkpoint").read_bytes()
    shutil.rmtree(root / "log")
    shutil.rmtree(root / "AB")
    maker.registry(root, ("AB5F292B",))
    append(root, signer)
    maker.correct(root, "AB5F292B", "2026-12-01-title", title="Another past")
    maker.correct(root, "E3495244", "2026-12-01-note")
    maker.correct(root, "32FAE0B9", "2026-12-01-note")
    append(root, signer)
    assert verify(root).problems == []
    report = verify(root, older=old, older_name="old")
    assert [item.code for item in report.problems] == ["REG095"]
    assert report.problems[0].found.endswith(": the log was rewritten, or split in two")


def test_a_log_that_lost_its_signature_does_not_go_on_from_a_signed_one(root: Path, signer: Signer) -> None:
    append(root, signer)
    old = (root / "log" / "checkpoint").read_bytes()
    (root / "log" / "checkpoint").write_bytes(old.split(b"\n\n")[0] + b"\n")
    (root / "log" / "key").unlink()
    problems = verify(root, older=old, older_name="old").problems
    assert [(item.code, item.found) for item in problems] == [
        ("REG095", "the older checkpoint is signed, this log's is not")
    ]


def test_no_log(root: Path) -> None:
    with pytest.raises(UsageError) as error:
        verify(root)
    assert str(error.value) == f"{root / 'log'}: no log here; 'srch log append' begins one"
    with pytest.raises(UsageError) as error:
        verify(root / "nowhere")
    assert str(error.value) == f"{root / 'nowhere'}: no such folder"
    view = LogView(root)
    assert (view.size, view.signed, view.key_text, view.origin, view.checkpoint) == (0, False, "", "", b"")
    assert (list(view.files()), view.proof("03/030CEF82/manifest.json")) == ([], None)


def test_a_site_shows_the_log_up_to_its_checkpoint(root: Path, signer: Signer, maker: ModuleType) -> None:
    append(root, signer)
    view = LogView(root)
    assert (view.size, view.signed, view.key_text, view.origin) == (10, True, signer.verifier.text, "assignee.net/log")
    files = dict(view.files())
    assert files["checkpoint"] == view.checkpoint == (root / "log" / "checkpoint").read_bytes()
    assert files["key"] == (root / "log" / "key").read_bytes()
    assert files["entries.jsonl"] == (root / "log" / "entries.jsonl").read_bytes()
    assert sorted(set(files) - {"checkpoint", "key", "entries.jsonl"}) == sorted(
        f"tile/{level}/000.p/{width}" for level in ("0", "entries") for width in range(1, 11)
    )
    for leaf in entries.read(root):
        data = view.proof(leaf.path)
        assert data is not None
        tlog_proof.parse(data).verify(leaf.sha256, signer.verifier)
    assert view.proof("nothing") is None
    before = (root / "log" / "checkpoint").read_bytes()
    maker.correct(root, "E3495244", "2026-11-26-note")
    append(root, signer)
    (root / "log" / "checkpoint").write_bytes(before)
    assert dict(LogView(root).files()) == files, "leaves beyond the checkpoint are not shown yet"
    (root / "log" / "checkpoint").write_bytes(before.replace(b"\n10\n", b"\n12\n"))
    with pytest.raises(Problems):
        LogView(root)
