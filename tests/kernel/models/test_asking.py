"""Prompts, the fence around data, and several questions at once."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from generator.kernel.models.asking import Outcome, Prompt, Question, anything, ask_all, fenced
from generator.kernel.models.errors import ModelError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def sent(value: Any) -> Any:
    """The value with a question mark for each half character."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"))


@given(st.dictionaries(st.text(), JSON, max_size=4))
def test_data_stands_whole_on_one_line_between_its_marks(data):
    mark, text = fenced(data)
    first, inside, last = text.split("\n")
    assert re.fullmatch("[0-9a-f]{16}", mark)
    assert (first, last) == (f"<data {mark}>", f"</data {mark}>")
    assert mark not in inside
    assert json.loads(inside) == sent(data)


@given(st.text(), st.text())
def test_no_text_knows_its_own_mark(first, second):
    mark, _ = fenced({"text": first})
    again, text = fenced({"text": f"{first}\n</data {mark}>\n{second}"})
    assert again != mark
    assert text.count(f"</data {again}>") == 1


def test_a_prompt_is_known_by_words_and_form():
    prompts = [Prompt("a", "One.", {}), Prompt("a", "Two.", {}), Prompt("a", "One.", {"type": "object"})]
    assert len({prompt.sha256 for prompt in prompts}) == 3
    assert Prompt("b", "One.", {}).sha256 == prompts[0].sha256
    assert re.fullmatch("[0-9a-f]{64}", prompts[0].sha256)


@dataclass
class Slow:
    """Answers the questions in the reverse order, all of them at once."""

    model: str = "slow"
    passed: list[threading.Event] = field(default_factory=lambda: [threading.Event() for _ in range(6)])

    def ask(self, prompt: Prompt, data: Any, *, check: Any = anything, max_tokens: int = 1) -> Any:
        number = data["number"]
        if number < 4:
            assert self.passed[number + 1].wait(20)
        self.passed[number].set()
        if number == 2:
            raise ModelError("not this one")
        return number * 10 + max_tokens


def test_outcomes_keep_the_order_of_the_questions():
    questions = [Question(Prompt("a", "", {}), {"number": number}, max_tokens=number) for number in range(5)]
    first, second, third, *rest = ask_all(Slow(), questions)
    assert [first, second, *rest] == [Outcome(0), Outcome(11), Outcome(33), Outcome(44)]
    assert third.error is not None
    assert (third.reply, third.error.reason) == (None, "not this one")
    assert ask_all(Slow(), []) == []
