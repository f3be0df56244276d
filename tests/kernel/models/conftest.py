"""A prompt, and a server that says what a test wants."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from generator.kernel.models.asking import Prompt
from tests.tools.model_server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def prompt() -> Prompt:
    form = {
        "type": "object",
        "properties": {
            "answer": {"type": "string", "maxLength": 20},
            "ids": {"type": "array", "items": {"type": "string", "enum": ["S1", "S2"]}},
        },
        "required": ["answer", "ids"],
        "additionalProperties": False,
    }
    return Prompt("testing", "Answer from the data between <data {mark}> and </data {mark}>.", form)
