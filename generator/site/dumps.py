"""The registry as data: a table of every version of every record, and an index of what lies below ``/data/``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from generator.manifest.history import record_rows
from generator.manifest.store import Record

FOLDER = "data"
VERSIONS, INDEX = f"{FOLDER}/versions.jsonl", f"{FOLDER}/index.json"
AS_OF = "The registry as it stood at a time T is the rows with since <= T and (until is null or T < until)."


class Dump(NamedTuple):
    """One file below ``/data/``: its path on the site, what it is, its bytes and how many rows they hold."""

    path: str
    about: str
    media_type: str
    data: bytes
    rows: int


def lines(record: Record, site_url: str) -> bytes:
    """The rows of one record as JSON lines, in ASCII: no character of a title is a line end to any reader."""
    return b"".join(
        json.dumps(row, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        for row in record_rows(record, site_url)
    )


def versions(of_records: Iterable[bytes]) -> Dump:
    """The table of all versions from what :func:`lines` gave for each record, in the order of the records' ids."""
    data = b"".join(of_records)
    return Dump(VERSIONS, "Every version of every record", "application/jsonl", data, data.count(b"\n"))


def index(dumps: Iterable[Dump], site_url: str) -> bytes:
    """What lies below ``/data/``, with sizes in bytes and SHA-256 in hex, and how to take an as-of view."""
    value: dict[str, Any] = {
        "as_of": AS_OF,
        "files": [
            {
                "url": site_url + dump.path,
                "about": dump.about,
                "media_type": dump.media_type,
                "size": len(dump.data),
                "sha256": sha256(dump.data).hexdigest(),
                "rows": dump.rows,
            }
            for dump in sorted(dumps, key=lambda dump: dump.path)
        ],
    }
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
