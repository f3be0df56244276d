"""What a stage asks a model with, whatever service is behind it: prompts and the fence around data.

Everything that a model reads beside its instructions was written by strangers. It travels as JSON between two marks
that are made from a hash of it, so no text can close its own bracket.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from generator.kernel.models.errors import ModelError

MAX_TOKENS = 4096
_THREADS = 16
Check = Callable[[Any], str | None]


@dataclass(frozen=True)
class Prompt:
    """The instructions of one task.

    ``name`` is letters, digits, ``_`` and ``-``, as services want it for a form; ``system`` holds the place ``{mark}``
    wherever it speaks of the bracket around the data; ``form`` is the JSON Schema of the reply.
    """

    name: str
    system: str
    form: dict[str, Any]

    @property
    def sha256(self) -> str:
        """Hash over instructions and form, for ``produced_by.prompt_sha256``."""
        asked = json.dumps([self.system, self.form], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(asked.encode("utf-8", "surrogatepass")).hexdigest()


def fenced(data: Mapping[str, Any]) -> tuple[str, str]:
    """The mark, and the data as JSON between ``<data MARK>`` and ``</data MARK>`` on lines of their own."""
    text = json.dumps(data, ensure_ascii=False)
    # half characters cannot be sent; JSON's escapes for them would not be read by every service either
    text = text.encode("utf-8", "replace").decode("utf-8")
    mark = hashlib.sha256(text.encode("utf-8")).hexdigest()[:16]
    return mark, f"<data {mark}>\n{text}\n</data {mark}>"


def anything(reply: Any) -> None:
    """The check that a form alone is enough for."""


class Asker(Protocol):
    """What a stage with a model gets."""

    @property
    def model(self) -> str:
        """The model's name as it was asked for."""
        ...

    def ask(
        self, prompt: Prompt, data: Mapping[str, Any], *, check: Check = anything, max_tokens: int = MAX_TOKENS
    ) -> Any:
        """The reply: a JSON value that keeps ``prompt.form`` and for which ``check`` says nothing.

        ``check`` says in one short line of ours what is wrong with a reply; as that line goes into the instructions of
        the one retry, it holds no words of the reply or the data. Raises ``ModelError`` (unavailable, over the budget,
        refused, too long, cut, wrong twice).
        """
        ...


@dataclass(frozen=True)
class Question:
    """One thing to ask; the fields are those of ``Asker.ask``."""

    prompt: Prompt
    data: Mapping[str, Any]
    check: Check = anything
    max_tokens: int = MAX_TOKENS


@dataclass(frozen=True)
class Outcome:
    """What came of a question: the reply, or why there is none."""

    reply: Any = None
    error: ModelError | None = None


def ask_all(asker: Asker, questions: Sequence[Question]) -> list[Outcome]:
    """The outcomes in the order of the questions, however they overtake each other.

    All are asked at once; how many a service gets at the same time is the service's own limit.
    """

    def one(question: Question) -> Outcome:
        try:
            reply = asker.ask(question.prompt, question.data, check=question.check, max_tokens=question.max_tokens)
        except ModelError as error:
            return Outcome(error=error)
        return Outcome(reply)

    with ThreadPoolExecutor(max(1, min(_THREADS, len(questions)))) as pool:
        return list(pool.map(one, questions))
