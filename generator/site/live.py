"""``mkdocs serve`` without waiting for the records: each page is made when a browser first asks for it.

Pages are written into the server's own folder and then served by MkDocs as any other file. A record whose files have
changed since is made anew on the next request, so the manifests need no watcher.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from generator.manifest.identity import SHORT_ID
from generator.manifest.problems import Problems, UsageError, render
from generator.manifest.store import MANIFEST_FILE, Record, Store, load_record
from generator.site import search, triage
from generator.site.triage import Summary
from generator.site.writer import FOLDER, RecordWriter, newest

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mkdocs.livereload import LiveReloadServer

log = logging.getLogger("mkdocs.plugins.registry")

_RECORD = re.compile(rf"{FOLDER}/([0-9A-F]+)(?:/.*)?")
_REBUILD_TIMEOUT_S = 60
Signature = tuple[tuple[str, int, int], ...]


class LiveSite:
    """The records of a served site; ``prepare`` brings one address up to date."""

    def __init__(self, writer: RecordWriter, store: Store, site_dir: Path, without: str) -> None:
        self._writer = writer
        self._store = store
        self._site_dir = site_dir
        self._without = without
        self._lock = threading.Lock()
        self._written: dict[str, Signature] = {}
        self._known: dict[Path, tuple[Signature, Summary | None, str]] = {}
        self._home = _read(site_dir / "index.html")
        self._index = _read(site_dir / search.INDEX)

    def prepare(self, path: str) -> None:
        """Make the file behind ``path`` (relative to the site's root), if it is one that depends on records."""
        match = _RECORD.fullmatch(path)
        with self._lock:
            if match and SHORT_ID.match(match[1]):
                self._record(match[1])
            elif path in ("", "index.html") and self._home is not None:
                page = triage.put(self._home.decode("utf-8"), newest([item for item, _ in self._scan()]))
                (self._site_dir / "index.html").write_bytes(page.encode("utf-8"))
            elif path == search.INDEX and self._index is not None:
                text = "".join(search.merged(self._index, [entry for _, entry in self._scan()], without=self._without))
                (self._site_dir / search.INDEX).write_bytes(text.encode("utf-8"))

    def _record(self, short: str) -> None:
        path = self._store.folder(short) / MANIFEST_FILE
        page = self._site_dir / FOLDER / short / "index.html"
        if not path.is_file():
            page.unlink(missing_ok=True)
            return
        now = _signature(path)
        if self._written.get(short) == now and page.is_file():
            return
        try:
            self._writer.write(self._sound(path), self._site_dir)
        except Problems as refused:
            text = render(refused.problems, "text")
            log.warning("%s is not valid:\n%s", path, text)
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_bytes(self._writer.note(short, f"<pre>{escape(text)}</pre>").encode("utf-8"))
        self._written[short] = now

    def _scan(self) -> list[tuple[Summary, str]]:
        found = []
        for path in self._store.paths():
            now = _signature(path)
            known = self._known.get(path)
            if known is None or known[0] != now:
                try:
                    record = self._sound(path)
                    known = (now, triage.summary_of(record.manifest, record.events), search.entry(record.manifest))
                except (Problems, UsageError):
                    known = (now, None, "")
                self._known[path] = known
            if known[1] is not None:
                found.append((known[1], known[2]))
        return found

    def _sound(self, path: Path) -> Record:
        record = load_record(path)
        problems = self._writer.problems_of(record)
        if problems:
            raise Problems(problems)
        return record


class Gate:
    """Holds requests back while a rebuild replaces the site behind them."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._site: LiveSite | None = None

    def close(self) -> None:
        self._ready.clear()
        self._site = None

    def open(self, site: LiveSite | None) -> None:
        self._site = site
        self._ready.set()

    def site(self) -> LiveSite | None:
        self._ready.wait(_REBUILD_TIMEOUT_S)
        return self._site


def wrap(server: LiveReloadServer, gate: Gate) -> None:
    """Let ``gate`` see every request before the server answers it."""
    answer = cast("Callable[[WSGIEnvironment, StartResponse], Iterable[bytes]]", server.get_app())
    mount: str = server.mount_path

    def app(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path: str = environ["PATH_INFO"].encode("latin-1").decode("utf-8", "ignore")
        if path.startswith(mount) and not path.startswith("/livereload/"):
            site = gate.site()
            try:
                if site is not None:
                    site.prepare(path.removeprefix(mount))
            except Exception:
                # Whatever stands in the site's folder is served; the log says what went wrong.
                log.exception("cannot make %s", path)
        return answer(environ, start_response)

    server.set_app(app)


def _signature(path: Path) -> Signature:
    files: list[Path] = [path, *sorted((path.parent / "corrections").glob("*.yml"))]
    return tuple((file.name, stat.st_mtime_ns, stat.st_size) for file in files if (stat := _stat(file)) is not None)


def _stat(path: Path) -> Any:
    try:
        return path.stat()
    except OSError:
        return None


def _read(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None
