"""The sitemap: pages of the prose without a date (a build's date says nothing about them); pages of records and of
notices with the day of their last change. Earlier versions are left out: search engines should find the current one."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

from generator.site.triage import Summary

Address = tuple[str, str | None]


def of_records(summaries: Iterable[Summary], site_url: str) -> Iterator[Address]:
    """The page of each record, and those of its notices; ``site_url`` ends in a slash."""
    for item in summaries:
        home = f"{site_url}paper/{item.short_id}/"
        yield home, item.changed
        for event_id, changed in item.notices:
            yield f"{home}notices/{event_id}/", changed


def write(site_dir: Path, entries: Iterable[Address]) -> None:
    """``sitemap.xml`` and its gzip from (address, date or ``None``); the same entries give the same bytes."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">']
    for address, date in entries:
        stamp = f"<lastmod>{escape(date)}</lastmod>" if date else ""
        lines.append(f"<url><loc>{escape(address)}</loc>{stamp}</url>")
    data = "\n".join([*lines, "</urlset>", ""]).encode("utf-8")
    (site_dir / "sitemap.xml").write_bytes(data)
    buffer = io.BytesIO()
    # No file name and no time in the gzip header: both would change from build to build.
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", mtime=0) as packed:
        packed.write(data)
    (site_dir / "sitemap.xml.gz").write_bytes(buffer.getvalue())
