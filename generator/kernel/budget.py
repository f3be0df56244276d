"""What the models may cost: calls and tokens, for one run or for many in several processes.

One call is one answer that is asked for; its forms and tries (at most 8 in all) count as one. A request reserves the
most it may use before it is sent and gives back what it did not use. A process that is killed in between leaves its
reservation spent: a budget may end early, never late.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from generator.kernel.models.errors import ModelError
from generator.manifest.atomic import locked, remove_leftovers, write_file
from generator.manifest.canonical import stored_bytes
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import load_json

FILE = "budget.json"
BUDGETS = ".budget"  # beside the runs, with a folder for each budget


class BudgetSpent(ModelError):
    """A request does not fit into what is left."""


@dataclass
class Reserved:
    """What one request may use; ``used`` says how many tokens it did use."""

    tokens: int
    spent: int | None = None

    def used(self, tokens: int) -> None:
        self.spent = tokens


@dataclass
class Budget:
    """At most ``calls`` requests to models and ``tokens`` tokens; ``None`` is no limit.

    With a ``folder``, all that is spent is kept in its ``budget.json``: every process that is given the same folder
    shares one budget, and one that begins later goes on with it. A limit may differ from one to the next.
    """

    calls: int | None = None
    tokens: int | None = None
    folder: Path | None = None
    _spent: dict[str, int] = field(default_factory=lambda: {"calls": 0, "tokens": 0})
    _guard: threading.Lock = field(default_factory=threading.Lock)

    @property
    def limited(self) -> bool:
        return self.calls is not None or self.tokens is not None

    def spent(self) -> dict[str, int]:
        """``{calls, tokens}`` so far, by everyone who shares the budget."""
        with self._turn():
            return dict(self._load())

    @contextmanager
    def reserved(self, tokens: int) -> Iterator[Reserved]:
        """Room for one request of at most ``tokens`` tokens, for the block. Raises ``BudgetSpent`` and, where the
        shared file cannot be used, ``UsageError``."""
        self._take(tokens)
        request = Reserved(tokens)
        try:
            yield request
        except Exception:
            # services do not charge for a refusal; what an interrupt cut off may have been charged, and stays spent
            self._give_back(tokens - (request.spent or 0))
            raise
        self._give_back(tokens - (request.spent or 0))

    def forget(self) -> None:
        """Begin anew: what was spent in ``folder`` is removed, and the folder with it."""
        self._spent = {"calls": 0, "tokens": 0}
        if self.folder is not None and self.folder.is_dir():
            with locked(self.folder):
                shutil.rmtree(self.folder, ignore_errors=True)

    def _take(self, tokens: int) -> None:
        with self._turn():
            now = self._load()
            if self.calls is not None and now["calls"] + 1 > self.calls:
                raise BudgetSpent(f"the budget of {self.calls} model calls is spent")
            if self.tokens is not None and now["tokens"] + tokens > self.tokens:
                left = max(0, self.tokens - now["tokens"])
                raise BudgetSpent(f"the request may use {tokens} tokens, and {left} of {self.tokens} are left")
            self._store({"calls": now["calls"] + 1, "tokens": now["tokens"] + tokens})

    def _give_back(self, tokens: int) -> None:
        with self._turn():
            now = self._load()
            self._store({**now, "tokens": max(0, now["tokens"] - tokens)})

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with self._guard:
            if self.folder is None or not self.limited:
                yield
            else:
                with locked(self.folder):
                    remove_leftovers(self.folder)
                    yield

    def _load(self) -> dict[str, int]:
        if self.folder is None or not self.limited:
            return self._spent
        file = self.folder / FILE
        if not file.is_file():
            return {"calls": 0, "tokens": 0}
        try:
            stored = load_json(file)
            spent = {name: stored[name] for name in ("calls", "tokens")}
            if set(stored) == set(spent) and all(type(value) is int and value >= 0 for value in spent.values()):
                return spent
        except (Problems, KeyError, TypeError):
            pass
        raise UsageError(f"{file}: not a budget's file; remove it to begin a new budget")

    def _store(self, spent: dict[str, int]) -> None:
        if self.folder is None or not self.limited:
            self._spent = spent
        else:
            write_file(self.folder / FILE, stored_bytes(spent))
