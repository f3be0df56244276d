"""A model that does every task of the kernel well enough for its reply to be used, the same way each time.

It is an ``Asker`` for tests in one process, and ``respond`` answers for it behind ``ModelServer``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from generator.kernel.models.asking import MAX_TOKENS, Check, Prompt, anything
from generator.kernel.models.errors import ModelError
from tests.tools.model_server import data_of, prompt_of


def words(text: str) -> set[str]:
    return set(re.findall("[a-z]{4,}", text.lower()))


class WorkingModel:
    """Each task has a method; what a task is called is the name of its prompt, and all reviewers are one."""

    model = "working"

    def ask(
        self, prompt: Prompt, data: Mapping[str, Any], *, check: Check = anything, max_tokens: int = MAX_TOKENS
    ) -> Any:
        reply = self.reply(prompt.name, data)
        fault = check(reply)
        if fault:
            raise ModelError(f"the model answered wrongly twice: {fault}")
        return reply

    def respond(self, asked: dict[str, Any]) -> Any:
        """The reply to the body of a chat request."""
        return self.reply(prompt_of(asked) or "", data_of(asked))

    def reply(self, name: str, data: Mapping[str, Any]) -> Any:
        tasks = {"queries": self.queries, "claims": self.claims, "synthesis": self.synthesis}
        return tasks.get("synthesis" if name == "revision" else name, self.review)(data)

    def queries(self, data: Mapping[str, Any]) -> Any:
        cut = " ".join(data["question"].rstrip("?").split()[:8])
        return {"queries": [f"{cut} {word}" for word in ("field", "night", "model", "null result")]}

    def claims(self, data: Mapping[str, Any]) -> Any:
        asked = words(data["question"])
        near = sorted(data["sentences"], key=lambda item: -len(asked & words(item["text"])))
        return {"sentences": [item["number"] for item in near[: data["most"]]]}

    def synthesis(self, data: Mapping[str, Any]) -> Any:
        return {
            "sentences": [
                {
                    "text": f"It holds that {' '.join(claim['text'].split()[:9])}.",
                    "claim_ids": [claim["id"]],
                    "about": "finding",
                }
                for claim in data["claims"][:8]
            ]
        }

    def review(self, data: Mapping[str, Any]) -> Any:
        return {"score": 7.0, "verdict": "APPROVE", "findings": ["Sentence 1 says what claim C1 says."]}
