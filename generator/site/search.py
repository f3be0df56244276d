"""Search entries of records, in the form that the theme's search index has.

The theme puts titles and texts of the index into its page as HTML, so both are escaped here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from generator.manifest.corrections import is_removed, notice_row
from generator.manifest.store import Record
from generator.site.text import one_line

INDEX = "search/search_index.json"
_TEXT_LIMIT = 1200


def entry(record: Record) -> str:
    """One record as a JSON object, in its current version; of a removed one, title and id are all there is to find."""
    work = record.current.manifest["work"]
    prefix = (notice_row(record.events) or {}).get("title_prefix") or ""
    words = "" if is_removed(record.events) else f"{work['research_question'] or ''} {work['abstract']}".strip()
    return _json(
        {
            "location": f"paper/{work['short_id']}/",
            "title": escape(one_line(f"{prefix}{work['public_id']} {work['title']}")),
            "text": escape(one_line(words[:_TEXT_LIMIT])),
            "SRCH": work["short_id"],
        }
    )


def merged(index: bytes, entries: Iterable[str], *, without: str) -> Iterator[str]:
    """The theme's index with ``entries`` added, less the pages whose location begins with ``without``, in pieces."""
    frame = json.loads(index)
    own = [_json(doc) for doc in frame.pop("docs") if not doc["location"].startswith(without)]
    yield _json(frame)[:-1] + ',"docs":['
    for number, text in enumerate([*own, *entries]):
        yield (",\n" if number else "\n") + text
    yield "\n]}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
