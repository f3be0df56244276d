"""What is about all records at once: feeds, data, the log, and the generated parts of the prose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from generator.manifest.log.published import LogView
from generator.manifest.monitor import Entry, Watch
from generator.site import dumps, feed, logpages, monitoring, triage
from generator.site.dumps import Dump
from generator.site.kept import Kept
from generator.site.triage import Summary

HOME, LOG, MONITOR = "index.html", f"{logpages.FOLDER}/index.html", "monitor/index.html"
PAGES = (HOME, LOG, MONITOR)
"""Pages of the prose, relative to the site's root, that hold a part made from all records."""
FEEDS = (feed.ALL, feed.CORRECTIONS, feed.RETRACTIONS)

Files = Iterator[tuple[str, bytes]]
Monitored = tuple[Watch, Sequence[Entry]]


class Whole:
    """The registry as a whole. ``kept`` is what is kept of each record, in the order of their ids; ``site_url`` ends in
    a slash. The log and what the monitor says of all records are asked for when they are needed, and once."""

    def __init__(
        self,
        kept: Sequence[Kept],
        log: Callable[[], LogView],
        monitored: Callable[[], Monitored],
        *,
        site_url: str,
        site_name: str,
    ) -> None:
        self.kept = kept
        self._open_log = log
        self._monitored = monitored
        self._site_url = site_url
        self._site_name = site_name

    @cached_property
    def log(self) -> LogView:
        """The log; raises ``Problems`` where it cannot be read."""
        return self._open_log()

    @cached_property
    def monitored(self) -> Monitored:
        """The monitor, and what it says of each record."""
        return self._monitored()

    @property
    def summaries(self) -> list[Summary]:
        """The rows of the home page."""
        return triage.newest(item.summary for item in self.kept)

    def filled(self, path: str, page: str) -> str:
        """The page at ``path``, one of ``PAGES``, with its generated part; ``page`` is as the engine made it."""
        if path == HOME:
            return triage.put(page, self.summaries)
        if path == LOG:
            return logpages.put(page, self.log)
        watch, entries = self.monitored
        return monitoring.put(page, entries, watch)

    def feeds(self) -> Files:
        """Path and bytes of the feeds."""
        entries = [entry for item in self.kept for entry in item.feed_entries]
        return feed.files(entries, self._site_url, self._site_name)

    def data(self) -> Files:
        """Path and bytes of what lies below ``/data/``."""
        watch, entries = self.monitored
        about = "What changed since each record was made, the most urgent first"
        monitor = monitoring.data_bytes(entries, watch)
        made = [
            dumps.versions(item.version_lines for item in self.kept),
            Dump(monitoring.DATA, about, "application/json", monitor, len(entries)),
        ]
        for dump in made:
            yield dump.path, dump.data
        yield dumps.INDEX, dumps.index(made, self._site_url)

    def log_files(self) -> Files:
        """Path and bytes of the files of the log."""
        for path, content in self.log.files():
            yield f"{logpages.FOLDER}/{path}", content

    def write(self, site_dir: Path) -> None:
        """Write all files, and fill every page of ``PAGES`` that the prose has, below a folder that nobody serves."""
        for files in (self.feeds(), self.data(), self.log_files()):
            put_all(site_dir, files)
        for path in PAGES:
            place = site_dir / path
            if place.is_file():
                place.write_bytes(self.filled(path, place.read_bytes().decode("utf-8")).encode("utf-8"))


def put_all(site_dir: Path, files: Iterable[tuple[str, bytes]]) -> None:
    """Write files by their path below ``site_dir``."""
    for path, content in files:
        place = site_dir / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
