"""A key that shows itself to nobody."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx

_TELLING = 8  # so many characters of a key in a row are not to be seen
STARS = "*" * _TELLING  # at least these stand in ``Secret.hidden`` data for a part of a key


class Secret:
    """A key that shows itself to nobody who prints, stores or logs what holds it."""

    __slots__ = ("_parts", "_value")

    def __init__(self, value: str) -> None:
        self._value = value
        # all telling parts of all forms of the key
        self._parts = frozenset(part for form in self._forms() for part in _windows(form))

    def __repr__(self) -> str:
        return "(secret)"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError("a key is not stored")

    def __bool__(self) -> bool:
        return bool(self._value)

    def sign(self, request: httpx.Request) -> httpx.Request:
        """Put the key into the request's header; called by the HTTP client, so no caller's variable holds it."""
        if self._value:
            request.headers["Authorization"] = f"Bearer {self._value}"
        return request

    def in_text(self, text: str) -> bool:
        """Whether the text holds a telling part of the key, as it is, in base64 or hexadecimal digits, or escaped for
        JSON or an address."""
        return any(part in text for part in self._parts)

    def hidden(self, data: bytes) -> bytes:
        """The data with stars for what it holds of the key; a key of a few letters is none and is left."""
        shown = bytearray(data)
        for part in self._parts if len(self._value) >= _TELLING else ():
            at = data.find(part.encode("ascii"))
            while at >= 0:
                shown[at : at + len(part)] = b"*" * len(part)
                at = data.find(part.encode("ascii"), at + 1)
        return bytes(shown)

    def _forms(self) -> Iterator[str]:
        value = self._value.encode("ascii")
        yield self._value
        yield json.dumps(self._value)[1:-1]
        yield quote(self._value, safe="")
        yield value.hex()
        yield value.hex().upper()
        for before in range(3 if len(value) >= _TELLING else 0):
            # three bytes become four characters: what the neighbours' bits reach into is left away
            encoded = base64.b64encode(b"\0" * before + value).decode("ascii")
            whole = encoded[(before * 8 + 5) // 6 : (before + len(value)) * 8 // 6]
            yield whole
            yield whole.translate(str.maketrans("+/", "-_"))


def _windows(form: str) -> Iterator[str]:
    size = min(_TELLING, len(form))
    return (form[start : start + size] for start in range(len(form) - size + 1) if size)
