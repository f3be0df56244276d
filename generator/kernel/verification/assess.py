"""Claims beside texts in, verdicts out: one claim and a few texts, or a file of pairs of any length.

Pairs are read twice. The first reading checks every line and tells every problem; only a file without one is judged,
in the second. Verdicts grow in a folder beside the output, ``OUT.part``, line by line, each written at once. When the
last is there, ``OUT.about.json`` gets what they were made from, the file is renamed to ``OUT``, and the folder goes. So
``OUT`` is whole or absent, and the same call goes on after the last whole line that a killed one left.
"""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import stat
import threading
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from generator.kernel.verification.methods import verifier
from generator.kernel.verification.verdict import LABELS, Passage, Verdict, Verifier
from generator.manifest.atomic import clear_os_errors, locked, remove_leftovers, write_file
from generator.manifest.canonical import stored_bytes
from generator.manifest.claims import agreement
from generator.manifest.problems import Problem, Problems, UsageError, pointer, shown
from generator.manifest.strict import load_json, loads_json

LONGEST_LINE = 4 * 1024 * 1024
LONGEST_ID = 1000
MADE_BY = "srch assess 1"
_LARGEST_CHUNK = 1024 * 1024
_MOST_IN_CHUNK = 256
_ANOTHER = "move it away, or give another --out"

Told = Callable[[Problem], None]
Progress = Callable[[int, int], None]
"""``(pairs done, pairs in all)``; 0 in all while the input is checked."""


@dataclass(frozen=True)
class Checked:
    """An input without a problem, or with ``problems`` of them, which were told."""

    path: Path
    pairs: int
    size: int
    sha256: str
    problems: int


@dataclass(frozen=True)
class Assessed:
    """What was made. ``before`` is how many of the ``pairs`` an earlier call had judged, ``seconds`` the time of this
    one. ``finished_before``: the output was there, whole, and nothing was done."""

    pairs: int
    before: int
    labels: dict[str, int]
    method: str
    version: str
    seconds: float
    finished_before: bool = False


def passage_of(text: str, title: str = "") -> Passage:
    """The text cut into sentences, with their places; no word is left out."""
    from generator.kernel.verification import several  # slow to load, and lists of sentences do not need it

    return several.passage_of({"text": {"content": text}, "title": title})


def agreement_of(verdicts: Iterable[Verdict]) -> str:
    """What the verdicts of several sources on one claim come to, such as ``corroborated``."""
    from generator.kernel.verification import several

    supporting, refuting = several.sides(list(verdicts))
    return agreement(len(supporting), len(refuting))


def check_pairs(path: Path, told: Told, progress: Progress | None = None) -> Checked:
    """Read the file of pairs once; each problem goes to ``told`` when it is found.

    Raises ``UsageError`` when it cannot be read. Takes memory for the longest line and 8 bytes a pair.
    """
    count = pairs = 0
    digest = hashlib.sha256()
    seen = _Seen()

    def problem(found: Problem) -> None:
        nonlocal count
        count += 1
        told(found)

    with _opened(path) as handle:
        for number, line in _lines(handle, digest.update):
            try:
                seen.add(_read(line, str(path), number)["id"])
                pairs += 1
            except Problems as refused:
                for found in refused.problems:
                    problem(found)
            if progress:
                progress(pairs, 0)
        size = handle.tell()
        repeated = seen.repeated()
        if repeated:
            handle.seek(0)
            for found in _same_ids(handle, str(path), repeated):
                problem(found)
    return Checked(path, pairs, size, digest.hexdigest(), count)


def assess_pairs(
    checked: Checked,
    out: Path,
    *,
    method: str,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessed:
    """Judge all pairs of a checked input into ``out``, or go on where an earlier call was stopped.

    ``jobs`` processes work (0: one for each core); the bytes are the same for any number. Raises ``UsageError`` when
    ``out`` cannot be written, is being written by another process, or was made by or begun with something else.
    """
    judge = verifier(method)
    made = {"made_by": MADE_BY, "method": judge.method, "version": judge.version, "input": _identity(checked)}
    about = out.with_name(f"{out.name}.about.json")
    part = out.with_name(f"{out.name}.part")
    refuse_output(checked.path, out)
    started = time.monotonic()
    with locked(part, timeout_s=0, busy="is being written by another process"):
        try:
            if out.exists():
                labels = _finished(out, about, made)
                shutil.rmtree(part)
                return Assessed(checked.pairs, checked.pairs, labels, judge.method, judge.version, 0.0, True)
            _begin(part, made)
            counted, lines_file = _Counted(), part / "lines.jsonl"
            with _opened(checked.path) as handle, _growing(lines_file) as lines:
                digest = hashlib.sha256()
                source = (line for _, line in _lines(handle, digest.update))
                left = _keep_whole_lines(lines, lines_file, source, counted)
                before = counted.lines
                if progress:
                    progress(before, checked.pairs)
                for line in _judged(left, judge, jobs):
                    counted.add(line)
                    _write(lines, line, part)
                    if progress:
                        progress(counted.lines, checked.pairs)
                if digest.hexdigest() != checked.sha256:
                    raise UsageError(f"{checked.path}: changed while it was read; remove {part} and start again")
                with clear_os_errors(part, "cannot write"):
                    os.fsync(lines.fileno())
            output = {"sha256": counted.digest.hexdigest(), "bytes": counted.size}
            write_file(about, stored_bytes({**made, "output": output, "labels": counted.labels}))
            with clear_os_errors(out, "cannot write"):
                lines_file.rename(out)
                shutil.rmtree(part)
        finally:
            if part.is_dir() and not any((part / name).exists() for name in ("begun.json", "lines.jsonl")):
                shutil.rmtree(part, ignore_errors=True)
    seconds = time.monotonic() - started
    return Assessed(checked.pairs, before, counted.labels, judge.method, judge.version, seconds)


def stream_pairs(
    checked: Checked,
    write: Callable[[bytes], object],
    *,
    method: str,
    jobs: int = 1,
    progress: Progress | None = None,
) -> Assessed:
    """Judge all pairs of a checked input and hand each line of the output to ``write``; nothing is kept."""
    judge = verifier(method)
    counted = _Counted()
    started = time.monotonic()
    with _opened(checked.path) as handle:
        for line in _judged((line for _, line in _lines(handle)), judge, jobs):
            write(line)
            counted.add(line)
            if progress:
                progress(counted.lines, checked.pairs)
    seconds = time.monotonic() - started
    return Assessed(checked.pairs, 0, counted.labels, judge.method, judge.version, seconds)


def refuse_output(path: Path, out: Path) -> None:
    """Raise ``UsageError`` for an output that is the input, a folder, or no plain file."""
    with clear_os_errors(out, "cannot write"):
        try:
            status = out.stat()
        except FileNotFoundError:
            return
        if stat.S_ISDIR(status.st_mode):
            raise UsageError(f"{out}: is a folder, not a file")
        if path.exists() and os.path.samestat(status, path.stat()):
            raise UsageError(f"{out}: is the input too; give another --out")
        if not stat.S_ISREG(status.st_mode):
            raise UsageError(f"{out}: not a regular file; '--out -' writes to standard output")


def pair_line(identity: str | int, verdict: Verdict) -> bytes:
    """One line of the output. Line ends of other kinds than ``\\n`` are escaped, so no reader splits at them."""
    line = orjson.dumps(
        {
            "id": identity,
            "label": verdict.label,
            "confidence": verdict.confidence,
            "p_support": verdict.p_support,
            "sentences": [evidence.index for evidence in verdict.evidence],
            "reasons": verdict.reasons,
        },
        option=orjson.OPT_APPEND_NEWLINE,
    )
    for mark, escape in _OTHER_LINE_ENDS:
        line = line.replace(mark, escape)
    return line


_OTHER_LINE_ENDS = (
    ("\u2028".encode(), b"\\u2028"),
    ("\u2029".encode(), b"\\u2029"),
    ("\u0085".encode(), b"\\u0085"),
)


# Reading


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file, open for reading; only a regular file, for it is read twice."""
    with clear_os_errors(path, "cannot read"):
        if not path.exists():
            raise UsageError(f"{path}: no such file")
        if not path.is_file():
            raise UsageError(f"{path}: not a regular file")
        handle = path.open("rb", buffering=256 * 1024)
    with handle:
        yield handle


def _lines(handle: BinaryIO, update: Callable[[bytes], object] | None = None) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line that is not blank. Of a line that is too long the first bytes come, cut so that it
    still is too long. All bytes go to ``update`` too."""
    number = 0
    while line := handle.readline(LONGEST_LINE + 2):
        number += 1
        if update:
            update(line)
        if len(line) == LONGEST_LINE + 2 and not line.endswith(b"\n"):
            while rest := handle.readline(LONGEST_LINE):
                if update:
                    update(rest)
                if rest.endswith(b"\n"):
                    break
        if not line.isspace():
            yield number, line


def _read(line: bytes, file: str, number: int) -> dict[str, Any]:
    """The pair in a line; raises ``Problems``."""
    line = line.rstrip(b"\r\n")
    place = f"line {number}"
    if len(line) > LONGEST_LINE:
        found, most = f"more than {LONGEST_LINE} bytes", f"at most {LONGEST_LINE} bytes a line"
        raise Problems([Problem(file, place, "REG001", found, most, "Shorten the text, or split the pair.")])
    try:
        value = loads_json(line, file=file)
    except Problems as refused:
        raise Problems(_placed(problem, place) for problem in refused.problems) from None
    problems = _structure(value, file, place)
    if problems:
        raise Problems(problems)
    pair: dict[str, Any] = value
    return pair


def _placed(problem: Problem, line: str) -> Problem:
    """A problem of one line's JSON as one of the file."""
    place = problem.place
    if place.startswith("line 1"):
        place = place.removeprefix("line 1")
    elif place:
        place = f", {place}"
    found = problem.found.replace("the end of the file", "the end of the line")
    return Problem(problem.file, line + place, problem.code, found, problem.expected, problem.mend)


_SENTENCES = "a list of sentences, or one text"


def _structure(value: Any, file: str, line: str) -> list[Problem]:
    if not isinstance(value, dict):
        mend = "Write one object a line, with id, claim and abstract."
        return [Problem(file, line, "PAIR001", shown(value), "a pair, which is an object", mend)]
    problems = []

    def wrong(expected: str, mend: str, *path: str | int, found: str | None = None) -> None:
        if found is None:
            item: Any = value
            for part in path:
                item = item[part]
            found = shown(item)
        problems.append(Problem(file, f"{line}, {pointer(*path)}", "PAIR001", found, expected, mend))

    for name in ("id", "claim", "abstract"):
        if name not in value:
            problems.append(Problem(file, line, "PAIR001", f"no {name}", f"the field {name}", f"Add the {name}."))
    identity = value.get("id", 0)
    if isinstance(identity, bool) or not isinstance(identity, str | int):
        wrong("a text or a whole number", "Give the pair an id of its own.", "id")
    elif isinstance(identity, str) and not 0 < len(identity) <= LONGEST_ID:
        length = f"{len(identity)} characters"
        wrong(f"1 to {LONGEST_ID} characters", "Give the pair a shorter id of its own.", "id", found=length)
    if not isinstance(value.get("claim", ""), str):
        wrong("a text", "Write the claim as one text.", "claim")
    if not isinstance(value.get("title"), str | None):
        wrong("a text or null", "Write the title as one text, or leave it out.", "title")
    abstract = value.get("abstract", "")
    if isinstance(abstract, list):
        for index, sentence in enumerate(abstract):
            if not isinstance(sentence, str):
                wrong("a sentence", "Write each sentence as one text.", "abstract", index)
    elif not isinstance(abstract, str):
        wrong(_SENTENCES, "Write the source's text, best cut into sentences.", "abstract")
    return problems


class _Seen:
    """Which ids there were, as hashes of 8 bytes in 256 parts, so that only a part is ever looked at as a set."""

    def __init__(self) -> None:
        self._parts = [array("q") for _ in range(256)]

    def add(self, identity: str | int) -> None:
        number = hash(identity)
        self._parts[number & 255].append(number)

    def repeated(self) -> set[int]:
        """The hashes that came more than once: of equal ids or, hardly ever, of different ones."""
        found: set[int] = set()
        for part in self._parts:
            if len(set(part)) < len(part):
                found.update(number for number, times in Counter(part).items() if times > 1)
        return found


def _same_ids(handle: BinaryIO, file: str, hashes: set[int]) -> Iterator[Problem]:
    first: dict[str | int, int] = {}
    for number, line in _lines(handle):
        try:
            identity = _read(line, file, number)["id"]
        except Problems:
            continue
        if hash(identity) in hashes and first.setdefault(identity, number) != number:
            found = f"the id {shown(identity)}, which line {first[identity]} has too"
            mend = "Give each pair an id of its own."
            yield Problem(file, f"line {number}, /id", "PAIR002", found, "each id once", mend)


# Judging


def _passage(pair: dict[str, Any]) -> Passage:
    title = pair.get("title") or ""
    abstract = pair["abstract"]
    return passage_of(abstract, title) if isinstance(abstract, str) else Passage(tuple(abstract), title)


def _answers(lines: Iterable[bytes], judge: Verifier) -> Iterator[bytes]:
    """The output line of each input line, as soon as it is there."""
    identities: deque[str | int] = deque()

    def pairs() -> Iterator[tuple[str, Passage]]:
        for line in lines:
            try:
                pair = orjson.loads(line)
                identities.append(pair["id"])
                given = pair["claim"], _passage(pair)
            except (ValueError, KeyError, TypeError):
                raise UsageError("the input changed while it was read; start again") from None
            yield given

    for verdict in judge.verify_many(pairs()):
        yield pair_line(identities.popleft(), verdict)


def _judged(lines: Iterator[bytes], judge: Verifier, jobs: int) -> Iterator[bytes]:
    count = jobs or _cores()
    return _answers(lines, judge) if count == 1 else _shared(lines, judge.method, count)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _shared(lines: Iterator[bytes], method: str, jobs: int) -> Iterator[bytes]:
    """The output lines in order, made by ``jobs`` processes. Few pairs are under way at a time: a piece of work is as
    large as keeps a process busy for a moment."""
    kinds = multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if "forkserver" in kinds else "spawn")
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_start_worker, initargs=(method,))
    waiting: deque[Future[tuple[list[bytes], float]]] = deque()
    size = 1
    try:
        while True:
            while len(waiting) < 2 * jobs and (chunk := _chunk(lines, size)):
                waiting.append(pool.submit(_work, chunk))
            if not waiting:
                break
            answers, seconds = waiting.popleft().result()
            size = min(_MOST_IN_CHUNK, 2 * size) if seconds < 0.1 else max(1, size // 2) if seconds > 0.4 else size
            yield from answers
        pool.shutdown()
    except BrokenProcessPool:
        raise UsageError("a process that judged pairs ended early; is there memory for all --jobs?") from None
    finally:
        # when all went well nothing is left to stop
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in set(multiprocessing.active_children()) - others:
            worker.terminate()


def _chunk(lines: Iterator[bytes], most: int) -> list[bytes]:
    chunk: list[bytes] = []
    size = 0
    while len(chunk) < most and size < _LARGEST_CHUNK and (line := next(lines, None)) is not None:
        chunk.append(line)
        size += len(line)
    return chunk


_judge: Verifier | None = None


def _start_worker(method: str) -> None:
    global _judge
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal sends it to all; the first process ends the others
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _judge = verifier(method)


def _end_with_parent() -> None:
    """A killed process cannot end those it started."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(lines: list[bytes]) -> tuple[list[bytes], float]:
    assert _judge is not None
    started = time.monotonic()
    answers = list(_answers(lines, _judge))
    return answers, time.monotonic() - started


# Writing


@dataclass
class _Counted:
    """What the output holds so far."""

    lines: int = 0
    size: int = 0
    labels: dict[str, int] = field(default_factory=lambda: dict.fromkeys(LABELS, 0))
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, line: bytes) -> None:
        self.lines += 1
        self.size += len(line)
        self.labels[orjson.loads(line)["label"]] += 1
        self.digest.update(line)


def _identity(checked: Checked) -> dict[str, Any]:
    return {"sha256": checked.sha256, "bytes": checked.size, "pairs": checked.pairs}


def _begin(part: Path, made: dict[str, Any]) -> None:
    """Note what the folder is for, or see that it is for the same."""
    remove_leftovers(part)
    begun = part / "begun.json"
    if not begun.exists() and not (part / "lines.jsonl").exists():
        write_file(begun, stored_bytes(made))
        return
    _same(part, "begun", _stored(begun), made, "remove it, or give another --out")


def _finished(out: Path, about: Path, made: dict[str, Any]) -> dict[str, int]:
    """The labels of an output that is there and was made from the same; ``UsageError`` if it was not."""
    if not about.exists():
        raise UsageError(f"{out}: is there already, and no {about.name} says what made it; {_ANOTHER}")
    stored = _stored(about)
    _same(out, "made", stored, made, _ANOTHER)
    with clear_os_errors(out, "cannot read"), out.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()
    labels = stored.get("labels")
    if stored.get("output") != {"sha256": digest, "bytes": out.stat().st_size} or not isinstance(labels, dict):
        raise UsageError(f"{out}: was changed after it was made; {_ANOTHER}")
    return {label: labels.get(label, 0) for label in LABELS}


def _stored(path: Path) -> dict[str, Any]:
    try:
        stored = load_json(path)
    except (Problems, UsageError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _same(path: Path, verb: str, stored: dict[str, Any], made: dict[str, Any], way_out: str) -> None:
    if stored.get("made_by") != made["made_by"]:
        raise UsageError(f"{path}: what it was {verb} by cannot be told; {way_out}")
    if stored.get("input") != made["input"]:
        raise UsageError(f"{path}: was {verb} {'with' if verb == 'begun' else 'from'} another input; {way_out}")
    method = f"{stored.get('method')} {stored.get('version')}"
    wanted = f"{made['method']} {made['version']}"
    if method != wanted:
        raise UsageError(f"{path}: was {verb} by {method}, not {wanted}; {way_out}")


@contextmanager
def _growing(path: Path) -> Iterator[FileIO]:
    """The file, there or new, open for writing without a buffer."""
    with clear_os_errors(path.parent, "cannot write"):
        path.touch()
        handle = path.open("r+b", buffering=0)
    with handle:
        yield handle


def _keep_whole_lines(lines: FileIO, path: Path, source: Iterator[bytes], counted: _Counted) -> Iterator[bytes]:
    """Keep and count what an earlier call left, up to the last whole line that answers the pair in its place; give the
    pairs that are left."""
    waiting: bytes | None = None
    with path.open("rb") as kept:
        for line in kept:
            waiting = next(source, None)
            if waiting is None or not _answered(line, waiting):
                break
            counted.add(line)
            waiting = None
    lines.truncate(counted.size)
    lines.seek(counted.size)
    return source if waiting is None else chain([waiting], source)


def _answered(line: bytes, pair: bytes) -> bool:
    try:
        answer = orjson.loads(line)
        return line.endswith(b"\n") and answer["label"] in LABELS and answer["id"] == orjson.loads(pair)["id"]
    except (ValueError, KeyError, TypeError):
        return False


def _write(lines: FileIO, line: bytes, part: Path) -> None:
    with clear_os_errors(part, "cannot write"):
        left = memoryview(line)
        while left:
            left = left[lines.write(left) :]
