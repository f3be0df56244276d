"""From a question to a run: stages in a row, each leaving a file, any of which a killed run goes on from.

A stage is a function of the request, of what came before, and of what was answered to its requests. Its file holds the
hashes of that input and of its output, so a file that was damaged, or belongs to another question, corpus or version of
the kernel, is made again. Clock and seed are part of the request and are kept in its file: a resumed run has the times
of the one that was killed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from generator.kernel.ledger import Ledger
from generator.kernel.record import record
from generator.kernel.report import render_html, render_pdf
from generator.kernel.request import Request, load_request
from generator.kernel.stages import STAGES, Stage
from generator.kernel.tools import Tools
from generator.kernel.verification import methods
from generator.manifest import runs
from generator.manifest.atomic import clear_os_errors, locked, remove_leftovers, write_file
from generator.manifest.canonical import digest, stored_bytes
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import load_json

State = dict[str, Any]
Progress = Callable[[int, int, str, str], None]
"""``(stage number from 1, number of stages, stage name, what came out)``."""


def execute(
    request: Request, folder: Path, *, resume: bool, progress: Progress | None = None, tools: Tools | None = None
) -> runs.RunFolder:
    """Run all stages in ``folder`` and return the finished run; a finished folder is returned as it is.

    Raises ``UsageError`` when the folder holds an unfinished run and ``resume`` is false, or cannot be written. Safe
    to kill at any moment and to start twice: the folder is locked, each file is whole or absent, ``run.json`` and the
    report come last. A request that was answered is never sent again.
    """
    tools = tools or Tools()
    with locked(folder, busy="is being written by another run"):
        remove_leftovers(folder)
        remove_leftovers(folder / "stages")
        begun = folder / runs.REQUEST_FILE
        if (folder / runs.RUN_FILE).is_file():
            finished = runs.load(folder)
            _write_reports(folder, finished.run)
            return finished
        if begun.is_file():
            if not resume:
                raise UsageError(f"{folder}: an unfinished run of this question; add --resume to go on with it")
            request = load_request(folder)
        else:
            methods.checked(request.verifier)
            write_file(begun, stored_bytes(request.to_json()))
        ledger = Ledger(folder, tools.cache, tools.budget, time.monotonic if request.timed else None)
        ledger.remove_leftovers()
        state: State = {}
        costs: list[dict[str, Any]] = []
        chain = digest(request.to_json())
        for number, stage in enumerate(STAGES, start=1):
            file = folder / "stages" / f"{number:02d}-{stage.name}.json"
            stored = _stored(file, chain)
            if stored is None:
                _make(stage, file, chain, request, state, tools, ledger)
                # read back, so that a fresh and a resumed run go on from the same value, number for number
                stored = load_json(file)
            output = stored["output"]
            state.update(output)
            costs.append(stored["costs"])
            chain = digest({"input": chain, "output": output})
            if progress:
                progress(number, len(STAGES) + 1, stage.name, stage.told(state))
        run = record(request, state, costs)
        problems = runs.check_run(run, file=str(folder / runs.RUN_FILE))
        if problems:
            raise Problems(problems)
        # the run record is the mark of a finished run, so everything that is made from it is written first
        _write_reports(folder, run)
        write_file(folder / runs.RUN_FILE, stored_bytes(run))
        if progress:
            progress(len(STAGES) + 1, len(STAGES) + 1, "report", f"{runs.RUN_FILE}, {', '.join(runs.REPORT_FILES)}")
    return runs.load(folder)


def _make(
    stage: Stage, file: Path, chain: str, request: Request, state: State, tools: Tools, ledger: Ledger
) -> None:
    """Carry a stage out and leave its file."""
    asked = ledger.stage(stage.name)
    output = stage.make(request, state, tools, asked)
    costs = {**asked.costs(), "seconds": asked.seconds()}
    hashes = {"input_sha256": chain, "output_sha256": digest([output, costs])}
    write_file(file, stored_bytes({"stage": stage.name, **hashes, "costs": costs, "output": output}))


def _stored(file: Path, chain: str) -> dict[str, Any] | None:
    """What a stage left, if it is whole and was made from this very input."""
    if not file.is_file():
        return None
    try:
        stored: dict[str, Any] = load_json(file)
        made = digest([stored["output"], stored["costs"]])
        return stored if (stored["input_sha256"], stored["output_sha256"]) == (chain, made) else None
    except (Problems, KeyError, TypeError):
        return None


def _write_reports(folder: Path, run: dict[str, Any]) -> None:
    makers: dict[str, Callable[[dict[str, Any]], bytes]] = {
        "report.html": lambda record: render_html(record).encode("utf-8"),
        "report.pdf": render_pdf,
    }
    for name, make in makers.items():
        if not (folder / name).is_file():
            with clear_os_errors(folder / name, "cannot write"):
                write_file(folder / name, make(run))
