"""A model that is a function of prompt and data, and a small draft of invented papers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import jsonschema_rs
import pytest

from generator.kernel.models.asking import Check, Prompt, anything
from generator.kernel.models.errors import ModelError

QUESTION = "Do street trees or cool roofs lower the air temperature of cities more?"
TEXTS = {
    "S1": "Heat is a burden in cities. In twelve cities street trees lowered the air temperature by 1.2 K at noon. "
    "Watering was the same in all of them.",
    "S2": "Roofs cover a fifth of most cities. Cool roofs lowered the air temperature of cities by 0.4 K in summer. "
    "The effect was smaller at night.",
    "S3": "Both measures are in use. Street trees lowered the air temperature more than cool roofs did in dry cities. "
    "Costs differed by a factor of three.",
}


class Scripted:
    """An ``Asker`` in this process: ``reply(prompt, data)`` gives the value, or a ``ModelError`` to be raised. A reply
    that breaks form or check is asked for once more, as the real one does."""

    model = "scripted-1"

    def __init__(self, reply: Callable[[Prompt, Mapping[str, Any]], Any]) -> None:
        self.reply = reply
        self.asked: list[tuple[Prompt, dict[str, Any]]] = []

    def ask(self, prompt: Prompt, data: Mapping[str, Any], *, check: Check = anything, max_tokens: int = 0) -> Any:
        assert max_tokens > 0
        fault: str | None = None
        for _ in range(2):
            self.asked.append((prompt, json.loads(json.dumps(data))))
            answer = self.reply(prompt, data)
            if isinstance(answer, ModelError):
                raise answer
            errors = list(jsonschema_rs.Draft202012Validator(prompt.form).iter_errors(answer))
            fault = "it breaks its form" if errors else check(answer)
            if fault is None:
                return answer
        raise ModelError(f"the model answered wrongly twice: {fault}")


def always(value: Any) -> Scripted:
    return Scripted(lambda prompt, data: value)


def sources(**changed: str) -> list[dict[str, Any]]:
    return [
        {
            "id": name,
            "title": f"Cooling of cities, part {name[1]}",
            "rank": 1,
            "status": "active",
            "text": {"section": "abstract", "content": changed.get(name, text), "sha256": "0" * 64},
        }
        for name, text in TEXTS.items()
    ]


@dataclass(frozen=True)
class Lab:
    """What the tests beside this file share."""

    question: str = QUESTION
    texts: Mapping[str, str] = field(default_factory=lambda: TEXTS)
    asker: type[Scripted] = Scripted
    always: Callable[[Any], Scripted] = always
    sources: Callable[..., list[dict[str, Any]]] = sources


@pytest.fixture(scope="session")
def lab() -> Lab:
    return Lab()
