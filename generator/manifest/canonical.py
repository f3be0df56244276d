"""Two writings of one JSON value: the canonical bytes that identities are made of, and the bytes kept in git.

``canonical_bytes`` is RFC 8785 (JSON Canonicalization Scheme). ``stored_bytes`` holds the same value with two spaces
of indentation, one line per element and a final newline, so that a change gives a diff that a person can review. It
is made from the canonical bytes and keeps their order of keys, so each is a function of the value alone.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

import rfc8785


def canonical_bytes(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value; raises ``ValueError`` for what JSON cannot hold."""
    return rfc8785.dumps(value)


def digest(value: Any) -> str:
    """SHA-256 of the canonical bytes, 64 lower-case hex digits."""
    return hashlib.sha256(canonical_bytes(value)).hexdigest()


def sha256_text(text: str) -> str:
    """SHA-256 of the text's UTF-8 bytes, 64 lower-case hex digits."""
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def sha256_bytes(data: bytes) -> str:
    """SHA-256 of the bytes, 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def stored_bytes(value: Any) -> bytes:
    """The reviewable bytes of a JSON value: sorted, indented by two, UTF-8, one final newline.

    Numbers are normalised through the canonical form first: ``1.0`` and ``1`` are one number and one writing.
    """
    normal = json.loads(canonical_bytes(value))
    return (json.dumps(normal, ensure_ascii=False, indent=2) + "\n").encode("utf-8")
