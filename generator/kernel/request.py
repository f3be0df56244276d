"""What a run is asked to do: the question, where to look, what may take part, and the time and seed it is given."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator import __version__
from generator.kernel.claims import ClaimSettings
from generator.kernel.retrieval import RetrievalSettings
from generator.kernel.sources.sample import ORIGIN, corpus_sha256
from generator.kernel.verification import methods
from generator.manifest import runs
from generator.manifest.canonical import digest
from generator.manifest.problems import Problems, UsageError
from generator.manifest.strict import load_json

KERNEL = "srch-kernel"
LONGEST_QUESTION = 500
_JOINERS = "\u200c\u200d"
# the same question asked again finds its own folder, whenever it is asked
_NOT_IN_KEY = ("started_at", "timed")


@dataclass(frozen=True)
class Request:
    """What a run is asked to do. ``started_at`` is an RFC 3339 UTC time to the second, ``seed`` is recorded for stages
    that draw at random. ``verifier`` names a method (see ``verification.methods``), ``sources`` the services to search
    (or the bundled corpus), ``chat_model`` and ``embedding_model`` the models that take part, if any. A ``timed`` run
    records how long things took and so cannot be repeated byte for byte."""

    question: str
    started_at: str
    seed: int = 0
    retrieval: RetrievalSettings = field(default_factory=RetrievalSettings)
    claims: ClaimSettings = field(default_factory=ClaimSettings)
    verifier: str = methods.DEFAULT
    sources: tuple[str, ...] = (ORIGIN,)
    full_text: bool = False
    chat_model: str | None = None
    embedding_model: str | None = None
    timed: bool = False

    @property
    def live(self) -> bool:
        """Whether the run searches services, not the bundled corpus."""
        return self.sources != (ORIGIN,)

    def key(self) -> str:
        """Hash of everything but the clock: the same question asked again finds its own folder."""
        return digest({name: value for name, value in self.to_json().items() if name not in _NOT_IN_KEY})

    def to_json(self) -> dict[str, Any]:
        """The request as its file and the stage hashes hold it."""
        return {
            "question": self.question,
            "started_at": self.started_at,
            "seed": self.seed,
            "corpus_sha256": None if self.live else corpus_sha256(),
            "kernel": {"name": KERNEL, "version": __version__},
            "retrieval": dict(vars(self.retrieval)),
            "claims": dict(vars(self.claims)),
            "verifier": self.verifier,
            "sources": list(self.sources),
            "full_text": self.full_text,
            "chat_model": self.chat_model,
            "embedding_model": self.embedding_model,
            "timed": self.timed,
        }


def checked_question(text: str) -> str:
    """The question on one line; raises ``UsageError`` when it is empty, too long or holds no word."""
    # Persian, Hindi and others write words with joiners; nothing else that cannot be seen belongs in a question
    question = " ".join("".join(char if char.isprintable() or char in _JOINERS else " " for char in text).split())
    if not question:
        raise UsageError("the question is empty")
    if len(question) > LONGEST_QUESTION:
        raise UsageError(f"the question has {len(question)} characters; at most {LONGEST_QUESTION} are taken")
    if not re.search(r"\w", question):
        raise UsageError("the question holds no word")
    return question


def folder_name(request: Request) -> str:
    """A readable, unique folder name for a request, e.g. ``do-street-trees-cool-1a2b3c4d``."""
    slug = "-".join(re.findall(r"[a-z0-9]+", request.question.lower()))[:40].strip("-")
    return f"{slug or 'question'}-{request.key()[:8]}"


def unfinished(parent: Path) -> list[Path]:
    """Run folders below ``parent`` that were begun and not finished, by name."""
    if not parent.is_dir():
        return []
    return sorted(
        path
        for path in parent.iterdir()
        if (path / runs.REQUEST_FILE).is_file() and not (path / runs.RUN_FILE).is_file()
    )


def load_request(folder: Path) -> Request:
    """The request of a begun run; ``UsageError`` when it is not one of this kernel and corpus."""
    file = folder / runs.REQUEST_FILE
    foreign = f"{file}: not a run request; remove the folder and run the question again"
    try:
        stored = load_json(file)
    except Problems:
        raise UsageError(foreign) from None
    try:
        request = Request(
            question=checked_question(stored["question"]),
            started_at=str(stored["started_at"]),
            seed=int(stored["seed"]),
            verifier=str(stored.get("verifier")),
            retrieval=RetrievalSettings(**stored["retrieval"]),
            claims=ClaimSettings(**stored["claims"]),
            sources=tuple(stored.get("sources") or ()),
            full_text=stored.get("full_text"),
            chat_model=stored.get("chat_model"),
            embedding_model=stored.get("embedding_model"),
            timed=stored.get("timed"),
        )
    except (UsageError, KeyError, TypeError, ValueError, AttributeError):
        raise UsageError(foreign) from None
    if request.to_json() != stored:
        raise UsageError(f"{file}: begun with another version of kernel or corpus; remove the folder and run it again")
    return request
