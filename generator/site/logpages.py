"""The page of the transparency log: what the log holds now, in a box among prose; its files lie beside it."""

from __future__ import annotations

from html import escape

from generator.manifest.log import checkpoint
from generator.manifest.log.note import encode
from generator.manifest.log.published import LogView
from generator.site.text import one_line

FOLDER = "log"
PLACE = "<!-- registry:log -->"
NO_LOG = "This registry keeps no log yet. Nothing here shows whether its history was only added to."
UNSIGNED = (
    "The log is unsigned: no key vouches for its checkpoint. What follows from it is only that the files agree with "
    "the entries, and that a later log continues the one you kept a checkpoint of."
)


def put(page: str, log: LogView) -> str:
    """The page with the box in the place that ``docs/log.md`` marks for it."""
    return page.replace(PLACE, _box(log))


def _box(log: LogView) -> str:
    """HTML; links are seen from ``/log/``."""
    if not log.checkpoint:
        return f'<p class="escalated">{NO_LOG}</p>'
    root = encode(checkpoint.read(log.checkpoint).checkpoint.root)
    signer = f'<code class="hash">{_shown(log.key_text)}</code>' if log.signed else "<strong>unsigned</strong>"
    rows = [
        ("Origin", f"<code>{_shown(log.origin)}</code>"),
        ("Leaves", f"{log.size:,}"),
        ("Root", f'<code class="hash">{_shown(root)}</code>'),
        ("Signed by", signer),
        ("Files", ", ".join(_link(name) for name in ("checkpoint", *(["key"] if log.signed else []), "entries.jsonl"))),
    ]
    body = "".join(f'<tr><th scope="row">{label}</th><td>{value}</td></tr>' for label, value in rows)
    table = f'<table class="rows"><caption>The log as this site publishes it</caption><tbody>{body}</tbody></table>'
    return table if log.signed else f'{table}\n<p class="escalated">{UNSIGNED}</p>'


def _shown(text: str) -> str:
    return escape(one_line(text))


def _link(name: str) -> str:
    return f'<a href="{name}">{name}</a>'
