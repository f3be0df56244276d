"""A chat model behind ``/chat/completions``: from a prompt and data to a reply that was checked."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import jsonschema_rs

from generator.kernel.ledger import Answer, StageLedger
from generator.kernel.models.asking import MAX_TOKENS, Check, Prompt, anything, fenced
from generator.kernel.models.errors import ModelError
from generator.kernel.models.http import Service, line
from generator.kernel.models.settings import Limits, Model
from generator.kernel.models.tokens import about_tokens, used_tokens
from generator.manifest.problems import Problems, pointer
from generator.manifest.strict import loads_json

SEED = 0
LARGEST_REPLY = 128 * 1024  # characters
LONGEST_FAULT = 300

_WANTED = "\nAnswer with one JSON value that keeps this JSON Schema, and with nothing else:\n"
_AGAIN = "\nAn earlier answer of yours was not accepted: {fault}. Give one that is right in this too."


class Chat:
    """One chat model for one run: what all stages share (limits, the form it takes, whether it is still there)."""

    def __init__(
        self,
        model: Model,
        limits: Limits | None = None,
        *,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.limits = limits or Limits()
        self.service = Service(
            model,
            timeout_s=self.limits.timeout_s,
            parallel=self.limits.parallel,
            sleep=sleep,
            transport=transport,
        )
        self._forms: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Chat({self.model!r})"

    @property
    def model(self) -> str:
        return self.service.model.name

    def asker(self, ledger: StageLedger) -> ChatAsker:
        """What one stage asks with; every request goes through its ledger."""
        return ChatAsker(self, ledger)

    def close(self) -> None:
        self.service.close()

    def complete(self, request: Mapping[str, Any], prompt: Prompt) -> dict[str, Any]:
        """The service's completion, in the first form of request that it takes. Raises ``ModelError``."""
        self._forms[prompt.name], body = self.service.post_in_forms(
            "/chat/completions",
            {"model": request["model"], "messages": request["messages"]},
            _forms(prompt, request["max_tokens"]),
            self._forms.get(prompt.name, 0),
            what="chat completion",
            sound=is_completion,
        )
        return body


def _forms(prompt: Prompt, max_tokens: int) -> tuple[dict[str, Any], ...]:
    """What a service is asked for beside the messages; one that refuses a request for its form gets the next. All tell
    the most tokens of an answer: the budget reserves no more."""
    steady = {"temperature": 0, "seed": SEED, "max_tokens": max_tokens, "stream": False}
    schema = {"name": prompt.name, "strict": True, "schema": prompt.form}
    return (
        {**steady, "response_format": {"type": "json_schema", "json_schema": schema}},
        {**steady, "response_format": {"type": "json_object"}},
        steady,
        {"max_tokens": max_tokens},
        {"max_completion_tokens": max_tokens},
    )


def is_completion(body: dict[str, Any]) -> bool:
    """Whether a response's object is a chat completion with at least one choice."""
    choices = body.get("choices")
    return isinstance(choices, list) and bool(choices) and isinstance(choices[0], dict)


def text_and_refusal(message: Any) -> tuple[str | None, bool]:
    """(the text of a choice's message, or ``None``; whether the model declined to answer).

    A text may come in parts, ``[{"type": "text", "text": ...}, ...]``, with thoughts among them, which are left away.
    A model that declines says so in ``refusal``, or in a part of that type.
    """
    if not isinstance(message, dict):
        return None, False
    content = message.get("content")
    parts = [part for part in content if isinstance(part, dict)] if isinstance(content, list) else []
    texts = [part["text"] for part in parts if part.get("type") == "text" and isinstance(part.get("text"), str)]
    text = content if isinstance(content, str) else "".join(texts) if texts else None
    declined = bool(message.get("refusal")) or any(part.get("type") == "refusal" for part in parts)
    return text, declined and not text


@dataclass(frozen=True)
class ChatAsker:
    """A chat model for one stage (the protocol ``Asker``)."""

    chat: Chat
    ledger: StageLedger

    @property
    def model(self) -> str:
        return self.chat.model

    def ask(
        self, prompt: Prompt, data: Mapping[str, Any], *, check: Check = anything, max_tokens: int = MAX_TOKENS
    ) -> Any:
        """See ``Asker.ask``. A reply that was cut or withheld is not asked for again; a wrong one is, once."""
        most = min(max_tokens, self.chat.limits.max_tokens)
        fault = ""
        for _ in range(2):
            found = self._answered(prompt, data, fault, most)
            reply, fault = _read(found["content"], prompt.form)
            fault = fault or line(check(reply) or "", LONGEST_FAULT)
            if not fault:
                return reply
        raise ModelError(f"the model {line(self.model, 200)} answered wrongly twice: {fault}")

    def _answered(self, prompt: Prompt, data: Mapping[str, Any], fault: str, max_tokens: int) -> dict[str, Any]:
        """``{content, finish_reason, declined}`` of the model's reply, in one piece."""
        request = {
            "service": str(self.chat.service.model.url),
            "model": self.model,
            "messages": messages(prompt, data, fault),
            "max_tokens": max_tokens,
            "temperature": 0,
            "seed": SEED,
            "form": {"name": prompt.name, "schema": prompt.form},
        }
        asked_with = about_tokens(json.dumps(request["messages"], ensure_ascii=False))
        answer = self.ledger.answer(
            "chat", request, lambda: self._asked(request, prompt, asked_with), tokens=asked_with + max_tokens
        )
        found: dict[str, Any] = answer.body
        who = f"the model {line(self.model, 200)}"
        if found["finish_reason"] == "length":
            raise ModelError(f"{who} was cut off in the middle of its answer, after at most {max_tokens} tokens")
        if found["finish_reason"] == "content_filter":
            raise ModelError(f"the service withheld the answer of {who}")
        if found.get("declined"):
            raise ModelError(f"{who} declined to answer")
        if found["content"] is None:
            raise ModelError(f"{who} gave no text")
        if len(found["content"]) > LARGEST_REPLY:
            raise ModelError(f"{who} gave an answer of more than {LARGEST_REPLY} characters")
        return found

    def _asked(self, request: Mapping[str, Any], prompt: Prompt, asked_with: int) -> Answer:
        body = self.chat.complete(request, prompt)
        choice = body["choices"][0]
        content, declined = text_and_refusal(choice.get("message"))
        content = content if content is None else content[: LARGEST_REPLY + 1]
        finish = choice.get("finish_reason")
        kept = {"content": content, "finish_reason": finish if isinstance(finish, str) else None, "declined": declined}
        prompt_tokens, completion_tokens = used_tokens(body, asked_with, about_tokens(content or ""))
        return Answer(kept, prompt_tokens, completion_tokens)


def messages(prompt: Prompt, data: Mapping[str, Any], fault: str = "") -> list[dict[str, str]]:
    """The talk that asks for one reply: instructions, and the data inside its fence.

    ``fault`` says what was wrong with an earlier reply. The reply itself is not sent back: it is a stranger's text too.
    """
    mark, text = fenced(data)
    system = prompt.system.replace("{mark}", mark)
    system += _WANTED + json.dumps(prompt.form, ensure_ascii=False)
    if fault:
        system += _AGAIN.replace("{fault}", fault)
    return [{"role": "system", "content": system}, {"role": "user", "content": text}]


def _read(content: str, form: Mapping[str, Any]) -> tuple[Any, str]:
    """(reply, what is wrong with it). Words around it are passed over: a model without a fixed form thinks aloud, or
    puts its answer into a fence. What is wrong is told in our words and those of the form, never in those of the reply.
    """
    opening, closing = ("[", "]") if form.get("type") == "array" else ("{", "}")
    content = content.rpartition("</think>")[2]
    first, last = content.find(opening), content.rfind(closing)
    try:
        reply = loads_json(content[first : last + 1].encode("utf-8", "surrogatepass"), file="the answer")
    except Problems:
        return None, "it was not one JSON value"
    for error in jsonschema_rs.Draft202012Validator(dict(form), validate_formats=True, offline=True).iter_errors(reply):
        return None, _fault(error, form)
    return reply, ""


def _fault(error: Any, form: Mapping[str, Any]) -> str:
    """Which rule of the form is broken where. Names of properties are told only where the form has them."""
    known = _names(form)
    place = pointer(*(part if isinstance(part, int) or part in known else "*" for part in error.instance_path))
    rule: Any = form
    for part in error.schema_path:
        rule = rule[part]
    keyword = error.schema_path[-1] if error.schema_path else "form"
    return f"at {place or 'its top'} it does not keep {keyword}: {line(json.dumps(rule), LONGEST_FAULT // 2)}"


def _names(rule: Any) -> set[str]:
    """All names of properties in a schema."""
    if isinstance(rule, list):
        return {name for item in rule for name in _names(item)}
    if not isinstance(rule, dict):
        return set()
    own = set(rule["properties"]) if isinstance(rule.get("properties"), dict) else set()
    return own | {name for item in rule.values() for name in _names(item)}
