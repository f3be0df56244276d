"""Runs of the kernel on the sample corpus with a fixed clock, made once and shared; reports are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from generator.kernel import pipeline
from generator.kernel.pipeline import execute
from generator.kernel.request import Request, checked_question

CLOCK = "2026-01-02T03:04:05Z"
Runner = Callable[[str], dict[str, Any]]


@pytest.fixture(scope="session")
def run_of(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    """``run_of(question)`` is the finished run record, computed on first use."""
    known: dict[str, dict[str, Any]] = {}

    def run(question: str) -> dict[str, Any]:
        if question not in known:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(pipeline, "_write_reports", lambda *_: None)
                folder = tmp_path_factory.mktemp("run")
                request = Request(checked_question(question), CLOCK)
                known[question] = execute(request, folder, resume=False).run
        return known[question]

    return run
