"""What record pages cost: CPU time and memory of a whole build, against an empty build and against copying the result.

Two shapes of records, each measured by itself. *imported*: a draft of ten claims, the size of the known public records,
each with its own title and id. *executed*: the kernel's answer to a question of the sample corpus, each with its own
seed, id, run record, HTML and PDF report beside the manifest. Four commands are measured in turn, A A' B C, A A' ...:

A  ``srch build`` with N records, no earlier site       A'  the same again, nothing changed
B  ``srch build`` with no record                        C   ``cp -r`` of A's record pages (the floor)

CPU time is user + system of the whole process as the kernel accounts it, memory the largest resident size. What a file
system charges for creating a file differs more between machines than everything else here, so the work is done in
memory (``/dev/shm``) where that has room; ``--dir`` names another place.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

DRAFT = """SOVEREIGN: Does the invented router keep its experts busy under shifting load?

SOVEREIGN Research Kernel

May 28, 2026

Abstract

This invented draft stands for the size of a known one. {filler}

1 Introduction

Research goal: Does the invented router keep its experts busy under shifting load?

2 Methodology

Multi-query arXiv search (4 parallel queries, Relevance-sorted). TF-IDF cosine semantic verification (bigrams, \
threshold=0.15). Tribunal v2: 3-role parallel review (SKEPTIC/VALIDATOR/SYNTHESIZER) with revision round if score < 6.5.

3 Results

12 papers retrieved. 10 claims extracted, 10 verified. Tribunal: 7.8/10 → APPROVE (revision_round=0). \
Policy: AUTO_APPROVE.

4 Uncertainties

The verification is a weak signal. The ranking depends on the query. The tribunal is LLM-based and prompt-sensitive.

5 Extracted Claims

Claim\tVerified\tConfidence
{claims}

References

- <http://arxiv.org/abs/2505.00001v1>
- <http://arxiv.org/abs/2505.00002v1>
- <http://arxiv.org/abs/2505.00003v2>
""".format(
    filler="The router was never built and its load never measured. " * 8,
    claims="\n".join(
        f"Arm {number} of the invented trial kept {50 + number} of its 64 experts busy.\t✓\t0.{20 + number}"
        for number in range(10)
    ),
)
QUESTION = "How do street trees compare with cool roofs in lowering urban air temperature?"
ROOT = Path(__file__).resolve().parent.parent


def make_records(folder: Path, shape: str, number: int) -> int:
    """Write ``number`` valid records below ``folder``; returns the number of claims of each."""
    # Imported here only: the measuring process has to stay small, because a child's peak memory begins with the memory
    # of the process that it was forked from.
    from generator.kernel.drafts import parse_draft
    from generator.kernel.pipeline import execute
    from generator.kernel.request import Request
    from generator.manifest import runs
    from generator.manifest.canonical import sha256_text, stored_bytes
    from generator.manifest.from_run import manifest_of
    from generator.manifest.identity import run_id, short_id
    from generator.manifest.store import MANIFEST_FILE, Store

    store = Store(folder)
    reports = {}
    if shape == "executed":
        first = execute(Request(QUESTION, "2026-01-31T12:00:00Z"), folder.with_name("run"), resume=True)
        base = first.run
        reports = {name: (kind, (first.path / name).read_bytes()) for name, kind in runs.REPORT_FILES.items()}
    else:
        base = parse_draft(DRAFT, file_name="draft.txt", sha256=sha256_text(DRAFT))
    for turn in range(number):
        origin = {**base["origin"], "seed": turn} if shape == "executed" else base["origin"]
        title = base["title"] if shape == "executed" else {**base["title"], "text": f"{base['title']['text']} {turn}"}
        run = {**base, "origin": origin, "title": title}
        identity = run_id(run)
        short = short_id(identity, lambda name: (store.folder(name) / MANIFEST_FILE).exists())
        files = dict(reports)
        if shape == "executed":
            files[runs.RUN_FILE] = ("application/json", stored_bytes(run))
        manifest = manifest_of(run, identity=identity, short=short, decision=None, files=files)
        place = store.folder(short)
        place.mkdir(parents=True)
        for name, (_, data) in files.items():
            (place / name).write_bytes(data)
        (place / MANIFEST_FILE).write_bytes(stored_bytes(manifest))
    return len(base["claims"])


def measure(command: list[str]) -> tuple[float, float]:
    """(CPU seconds, peak resident MB) of one command; ends the benchmark when it fails."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        raise SystemExit(f"{' '.join(command)}: exit status {os.waitstatus_to_exitcode(status)}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main() -> None:
    """Measure and print one line per figure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=2000)
    parser.add_argument("--pairs", type=int, default=5, help="rounds that count, after one that does not")
    parser.add_argument("--shape", choices=("imported", "executed"), help="measure only this shape")
    parser.add_argument("--dir", type=Path, help="folder to work in (default: memory, if 3 GB are free there)")
    parser.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make:
        print(make_records(options.make, options.shape, options.records))
        return
    for shape in [options.shape] if options.shape else ["imported", "executed"]:
        report(shape, options.records, options.pairs, options.dir or _roomy())


def report(shape: str, records: int, pairs: int, place: Path) -> None:
    """Measure one shape in a new folder below ``place`` and print its figures."""
    with tempfile.TemporaryDirectory(dir=place) as name:
        work = Path(name)
        full, empty = work / "full", work / "empty"
        empty.mkdir()
        making = [sys.executable, __file__, "--make", str(full), "--shape", shape, "--records", str(records)]
        claims = int(subprocess.run(making, check=True, capture_output=True, text=True).stdout)
        build = [sys.executable, "-m", "generator.cli", "build"]
        a_command = [*build, "--manifests", str(full), "--site-dir", str(work / "site-a")]
        b_command = [*build, "--manifests", str(empty), "--site-dir", str(work / "site-b")]
        rows = []
        for round_number in range(pairs + 1):
            shutil.rmtree(work / "site-a", ignore_errors=True)
            a_cpu, a_memory = measure(a_command)
            again_cpu, _ = measure(a_command)
            b_cpu, _ = measure(b_command)
            copy = work / "copy"
            c_cpu, _ = measure(["cp", "-r", str(work / "site-a" / "paper"), str(copy)])
            shutil.rmtree(copy)
            if round_number:
                rows.append((a_cpu, again_cpu, b_cpu, c_cpu, a_memory))
        per_record = [(a - b) * 1000 / records for a, _, b, _, _ in rows]
        again = [(a - b) * 1000 / records for _, a, b, _, _ in rows]
        floor = [c * 1000 / records for _, _, _, c, _ in rows]
        ratio = [page / copied for page, copied in zip(per_record, floor, strict=True)]
        size = (work / "site-a" / "paper").rglob("index.html")
        page = statistics.median(path.stat().st_size for path in size)
        print(f"{shape}: {records} records of {claims} claims, {pairs} rounds in {place}, median (min-max)")
        print(f"record page                 {page / 1000:.0f} kB of HTML")
        print(f"CPU per record              {_spread(per_record)} ms")
        print(f"the same, built again       {_spread(again)} ms")
        print(f"floor: cp -r of the result  {_spread(floor)} ms per record")
        print(f"ratio to the floor          {_spread(ratio)}")
        print(f"peak memory of the build    {_spread([memory for *_, memory in rows])} MB", flush=True)


def _roomy() -> Path:
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 3_000_000_000:
        return memory
    return Path(tempfile.gettempdir())


def _spread(values: list[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    main()
