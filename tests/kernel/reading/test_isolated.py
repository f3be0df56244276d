"""The process that parses: limited, without secrets, and never a crash for whoever called it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from generator.kernel.reading import isolated
from generator.kernel.reading.isolated import Limits, Parsed, _checked, parse
from generator.kernel.reading.sections import Section

needs_limits = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits memory for sure")

PAGE = b'<article class="ltx_document"><div class="ltx_para"><p class="ltx_p">A tree stands.</p></div></article>'
STOPPED = "reading it took too much memory or time, or failed"


def test_a_page_and_a_file_are_read(small_pdf: bytes) -> None:
    assert parse("html", PAGE) == Parsed((Section("Text", "A tree stands."),), "latexml-html/1.0.0")
    found = parse("pdf", small_pdf)
    assert found.reason is None
    assert found.extractor.startswith("pypdfium2/")
    assert found.sections[0].text.startswith("A plain line of text number 0.")


def test_the_reason_of_a_parser_comes_through() -> None:
    assert parse("html", b"<p>Nothing.</p>") == Parsed(reason="the page holds no converted paper")
    assert parse("pdf", b"%PDF-1.7\n") == Parsed(reason="the file is broken")
    assert parse("pdf", PAGE) == Parsed(reason="the file is broken")


@needs_limits
def test_a_file_that_unpacks_to_a_hundred_times_its_size_is_stopped(
    pdf_of: Callable[[bytes], bytes], plain_lines: bytes
) -> None:
    bomb = pdf_of(b"BT /F 10 Tf " + plain_lines * 200_000 + b"ET")
    assert len(bomb) < 2_000_000 < 200_000_000 < len(plain_lines) * 200_000
    assert parse("pdf", bomb, Limits(memory=400 * 1024 * 1024, cpu=4, wall=60.0)) == Parsed(reason=STOPPED)


def test_a_declared_length_of_200_megabytes_is_only_a_word(small_pdf: bytes) -> None:
    declared = small_pdf.replace(b"/Length ", b"/Length 200000000 % ")
    found = parse("pdf", declared)
    assert found.reason is not None or found.sections


@needs_limits
def test_too_little_memory_is_a_reason() -> None:
    found = parse("html", PAGE + b"<p>" * 3_000_000, Limits(memory=150 * 1024 * 1024))
    assert found.reason is not None
    assert found.sections == ()


@needs_limits
def test_too_little_processor_time_is_a_reason() -> None:
    body = PAGE[:-10] + b'<div class="ltx_para"><p class="ltx_p">one <b>two</b></p></div>' * 200_000
    assert parse("html", body, Limits(cpu=1)).reason == STOPPED


def test_the_clock_is_a_reason() -> None:
    assert parse("html", PAGE, Limits(wall=0.001)) == Parsed(reason="reading it took longer than 0.001 seconds")


def test_a_process_that_cannot_be_started_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    reason = parse("html", PAGE).reason
    assert reason == "the process that reads it could not be started: No such file or directory"


def test_the_child_gets_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCH_API_KEY", "a secret")
    seen: dict[str, Any] = {}

    def run(command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        seen.update(options, command=command)
        return subprocess.CompletedProcess(command, 1)

    monkeypatch.setattr(subprocess, "run", run)
    assert parse("html", PAGE).reason == STOPPED
    assert set(seen["env"]) <= {"PYTHONPATH", "SYSTEMROOT", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"}
    assert "-P" in seen["command"]


GOOD = {"extractor": "x/1", "sections": [{"name": "Text", "text": "A tree."}]}


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        json.dumps({**GOOD, "more": 1}).encode(),
        json.dumps({**GOOD, "sections": []}).encode(),
        json.dumps({**GOOD, "sections": [{"name": "", "text": "A tree."}]}).encode(),
        json.dumps({**GOOD, "sections": [{"name": "Text", "text": "A \u202e tree."}]}).encode(),
        json.dumps({**GOOD, "sections": [{"name": "Text", "text": "A tree.\n\nB."}]}).encode(),
        b'{"extractor": "x/1", "sections": [{"name": "Text", "text": "\\ud800"}]}',
        b'{"reason": 5}',
        b"[" * 100_000,
        b" " * (isolated._ANSWER_BYTES + 1),
    ],
)
def test_an_answer_of_another_form_is_no_text(answer: bytes) -> None:
    assert _checked(answer) == Parsed(reason="reading it gave no usable text")


def test_a_reason_is_one_printable_line() -> None:
    assert _checked(json.dumps({"reason": "a\x1b[2J\u202eb"}).encode()).reason == "a\\u001b[2J\\u202eb"
    assert _checked(json.dumps({"reason": "c" * 500}).encode()).reason == "c" * 200
