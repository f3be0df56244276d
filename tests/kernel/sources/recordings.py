"""Recorded answers in the place of the network, and a clock that only its own sleep moves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import httpx


class Recordings(httpx.MockTransport):
    """Answers each request with the recording of its address, each recording once and in the order they were added.

    A request without a recording fails the test, and so does closing while a recording is left.
    """

    def __init__(self) -> None:
        super().__init__(self._answer)
        self._left: defaultdict[httpx.URL, list[httpx.Response | Exception]] = defaultdict(list)
        self.requests: list[httpx.Request] = []

    def add(
        self,
        url: str,
        answer: str | bytes | Exception = b"",
        status: int = 200,
        *,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """``answer`` is a body, or what the network raises."""
        address = httpx.URL(url, params=dict(params)) if params else httpx.URL(url)
        self._left[address].append(answer if isinstance(answer, Exception) else _response(answer, status, headers))
        return self

    def close(self) -> None:
        """Raises ``AssertionError`` that names the recordings nobody asked for."""
        left = [str(url) for url, answers in self._left.items() for _ in answers]
        self._left.clear()
        assert not left, f"recordings not used: {', '.join(left)}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        at: TracebackType | None = None,
    ) -> None:
        if error is None:
            self.close()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answers = self._left[request.url]
        assert answers, f"no recording of {request.url}"
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def _response(body: str | bytes, status: int, headers: Mapping[str, str] | None) -> httpx.Response:
    """As it comes from the network: not yet read, so that packings are undone by the reader."""
    data = body.encode() if isinstance(body, str) else body
    return httpx.Response(status, stream=httpx.ByteStream(data), headers=headers)


@dataclass
class Clock:
    """Wall clock in seconds. ``slept`` holds every wait."""

    moment: float = 1_800_000_000.0
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.moment += seconds
