"""The stand-in for the network: it fails a test that asks for more or less than was recorded."""

from __future__ import annotations

import httpx
import pytest
from recordings import Recordings


def test_each_recording_answers_once_and_in_order() -> None:
    with Recordings() as recordings:
        recordings.add("https://example.org/a?x=1", "first").add("https://example.org/a?x=1", "second", 503)
        with httpx.Client(transport=recordings) as client:
            answers = [client.get("https://example.org/a", params={"x": 1}) for _ in range(2)]
    assert [(answer.text, answer.status_code) for answer in answers] == [("first", 200), ("second", 503)]


def test_a_recording_that_was_not_used_fails_the_test() -> None:
    with pytest.raises(AssertionError, match=r"^recordings not used: https://example\.org/b$"), Recordings() as left:
        left.add("https://example.org/b", "never asked for")


def test_a_request_without_a_recording_fails_the_test() -> None:
    recordings = Recordings().add("https://example.org/c?x=1", "one").add("https://example.org/c", httpx.ReadError("x"))
    with httpx.Client(transport=recordings) as client:
        with pytest.raises(httpx.ReadError):
            client.get("https://example.org/c")
        client.get("https://example.org/c?x=1")
        with pytest.raises(AssertionError, match=r"^no recording of https://example\.org/c\?x=2$"):
            client.get("https://example.org/c?x=2")
