"""Every request that leaves the machine: asked once, and once answered, kept and counted by the stage that asked.

An answer is looked for in the run's own folder, then in the cache that all runs share for one UTC day, and only then
asked for. It is stored in the folder before it is used, so that a run that was killed goes on without asking again and
comes to the same result; what a request had cost then is what it costs in the record. What failed is counted by the
budget alone: nothing of it is kept, so that a record which told it would depend on when a run was killed. A request
never holds a key.
"""

from __future__ import annotations

import hashlib
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import orjson

from generator.kernel.budget import Budget
from generator.manifest.atomic import remove_leftovers, write_file
from generator.manifest.canonical import digest
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import loads_json, read_bytes

Kind = Literal["search", "full-text", "chat", "embedding"]
MODEL_KINDS = ("chat", "embedding")
FOLDER = "requests"
LARGEST = 64 * 1024 * 1024  # bytes of a stored answer


@dataclass(frozen=True)
class Answer:
    """What was answered: a JSON value (a text for a raw response), and the tokens it took, 0 where no model did."""

    body: Any
    prompt_tokens: int = 0
    completion_tokens: int = 0


class SharedCache(Protocol):
    """Answers that any run of the same UTC day may use again."""

    def get(self, kind: str, request: Mapping[str, Any]) -> dict[str, Any] | None: ...

    def put(self, kind: str, request: Mapping[str, Any], value: dict[str, Any]) -> None: ...


@dataclass(frozen=True)
class _Entry:
    """``seconds`` is how long the stage had worked when the answer came, ``earlier`` whether that was in an earlier
    process."""

    answer: Answer
    cached: bool
    seconds: float | None
    earlier: bool = False


@dataclass
class Ledger:
    """The requests of one run. ``folder`` is the run's, ``seconds`` a clock that only goes forward; without it no time
    is recorded, so that a run with a fixed clock gives the same bytes."""

    folder: Path | None = None
    cache: SharedCache | None = None
    budget: Budget = field(default_factory=Budget)
    seconds: Callable[[], float] | None = None
    _memory: dict[str, _Entry] = field(default_factory=dict)
    _turns: defaultdict[str, threading.Lock] = field(default_factory=lambda: defaultdict(threading.Lock))
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def in_memory(cls) -> Ledger:
        """A ledger that forgets everything with the process."""
        return cls()

    def stage(self, name: str) -> StageLedger:
        """What the stage ``name`` asks through."""
        return StageLedger(self, name, self.seconds() if self.seconds else 0.0)

    def remove_leftovers(self) -> None:
        """Remove what a killed writer left; under the run folder's lock only."""
        if self.folder:
            remove_leftovers(self.folder / FOLDER)

    def entry(
        self,
        kind: Kind,
        request: Mapping[str, Any],
        ask: Callable[[], Answer],
        tokens: int,
        worked: Callable[[], float | None],
    ) -> tuple[str, _Entry]:
        """(key, entry) of the request, asked for if nobody did before; one of several threads asks, the others wait.
        ``worked`` is how long the stage has worked so far."""
        key = digest({"kind": kind, "request": dict(request)})
        with self._guard:
            turn = self._turns[key]
        with turn:
            known = self._memory.get(key) or self._stored(key)
            if known is None:
                known = self._asked(key, kind, request, ask, tokens, worked)
            self._memory[key] = known
        return key, known

    def _asked(
        self,
        key: str,
        kind: Kind,
        request: Mapping[str, Any],
        ask: Callable[[], Answer],
        tokens: int,
        worked: Callable[[], float | None],
    ) -> _Entry:
        value = self.cache.get(kind, request) if self.cache else None
        shared = _answer(value)
        if shared is not None:
            answer = shared
        elif kind in MODEL_KINDS:
            with self.budget.reserved(tokens) as reserved:
                answer = ask()
                reserved.used(answer.prompt_tokens + answer.completion_tokens)
        else:
            answer = ask()
        entry = _Entry(answer, shared is not None, worked())
        # the run's folder first: a process killed in between then still finds the answer where it looks first
        if self.folder:
            write_file(self._file(key), _bytes({"kind": kind, "request": dict(request), **_entry_json(entry)}))
        if self.cache and shared is None:
            self.cache.put(kind, request, _answer_json(entry.answer))
        return entry

    def _file(self, key: str) -> Path:
        assert self.folder is not None
        return self.folder / FOLDER / f"{key}.json"

    def _stored(self, key: str) -> _Entry | None:
        """What the run's folder holds, if it is whole."""
        if self.folder is None or not self._file(key).is_file():
            return None
        try:
            stored = loads_json(read_bytes(self._file(key), limit=LARGEST), file="a stored answer")
            answer = _answer(stored["answer"])
            sound = stored["sha256"] == _hash(stored["answer"]) and _is_time(stored["seconds"])
            return _Entry(answer, bool(stored["cached"]), stored["seconds"], True) if answer and sound else None
        except (Problems, UsageError, KeyError, TypeError):
            return None


@dataclass
class StageLedger:
    """One stage's way out. Safe to use from several threads."""

    ledger: Ledger
    name: str
    _began: float
    _seen: dict[str, _Entry] = field(default_factory=dict)

    def answer(
        self, kind: Kind, request: Mapping[str, Any], ask: Callable[[], Answer], *, tokens: int = 0
    ) -> Answer:
        """The answer to ``request``, a JSON object without any key.

        ``ask`` sends it and returns what it has checked; what it raises goes through and nothing is stored. ``tokens``
        is the most that a model may use for it. Raises ``BudgetSpent`` where a model's request does not fit into what
        is left, and ``UsageError`` when the answer cannot be stored.
        """
        key, entry = self.ledger.entry(kind, request, ask, tokens, self.seconds)
        self._seen[key] = entry
        return entry.answer

    def costs(self) -> dict[str, Any]:
        """What the stage's answered requests had cost when they were made, each counted once: the ``costs`` row of the
        run record without the stage's ``seconds``."""
        entries = list(self._seen.values())
        return {
            "stage": self.name,
            "calls": sum(not entry.cached for entry in entries),
            "cache_hits": sum(entry.cached for entry in entries),
            "prompt_tokens": sum(entry.answer.prompt_tokens for entry in entries if not entry.cached),
            "completion_tokens": sum(entry.answer.completion_tokens for entry in entries if not entry.cached),
        }

    def seconds(self) -> float | None:
        """How long the stage has worked, with what earlier processes worked on it until the last answer that was
        found of them; ``None`` where no time is recorded."""
        if self.ledger.seconds is None:
            return None
        earlier = [entry.seconds for entry in list(self._seen.values()) if entry.earlier and entry.seconds is not None]
        return round(max(earlier, default=0.0) + self.ledger.seconds() - self._began, 3)


def _answer(value: Any) -> Answer | None:
    if not isinstance(value, dict) or set(value) != {"body", "prompt_tokens", "completion_tokens"}:
        return None
    tokens = (value["prompt_tokens"], value["completion_tokens"])
    if not all(isinstance(number, int) and number >= 0 for number in tokens):
        return None
    return Answer(value["body"], *tokens)


def _is_time(value: Any) -> bool:
    return value is None or (type(value) in (int, float) and value >= 0)


def _answer_json(answer: Answer) -> dict[str, Any]:
    return {
        "body": answer.body,
        "prompt_tokens": answer.prompt_tokens,
        "completion_tokens": answer.completion_tokens,
    }


def _entry_json(entry: _Entry) -> dict[str, Any]:
    answer = _answer_json(entry.answer)
    return {"answer": answer, "cached": entry.cached, "seconds": entry.seconds, "sha256": _hash(answer)}


def _bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE)


def _hash(value: Any) -> str:
    return hashlib.sha256(_bytes(value)).hexdigest()
