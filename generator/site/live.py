"""``mkdocs serve`` without waiting for the records: each page is made when a browser first asks for it.

Pages are written into the server's own folder and then served by MkDocs as any other file. A record whose files have
changed since is made anew on the next request, so the manifests need no watcher.
"""

from __future__ import annotations

import logging
import posixpath
import re
import shutil
import threading
from collections.abc import Callable, Iterable
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from generator.manifest.identity import SHORT_ID
from generator.manifest.log import entries
from generator.manifest.log.published import LogView
from generator.manifest.problems import Problems, render
from generator.manifest.store import MANIFEST_FILE, Record, Store, load_record
from generator.site.livewhole import LiveWhole, Signature
from generator.site.writer import FOLDER, RecordWriter

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

    from mkdocs.livereload import LiveReloadServer

log = logging.getLogger("mkdocs.plugins.registry")

_RECORD = re.compile(rf"{FOLDER}/([0-9A-F]+)(?:/.*)?")
_REBUILD_TIMEOUT_S = 60


class LiveSite:
    """The records of a served site; ``prepare`` brings one address up to date."""

    def __init__(
        self, writer: RecordWriter, store: Store, site_dir: Path, without: str, site_url: str, site_name: str
    ) -> None:
        self._writer = writer
        self._store = store
        self._site_dir = site_dir
        self._lock = threading.Lock()
        self._written: dict[str, Signature] = {}
        self._log: Signature | None = None
        self._whole = LiveWhole(
            store, site_dir, self._sound, self._signature, site_url=site_url, site_name=site_name, without=without
        )

    def prepare(self, path: str) -> None:
        """Make the file behind ``path`` (relative to the site's root), if it is one that depends on records."""
        match = _RECORD.fullmatch(path)
        with self._lock:
            if match and SHORT_ID.match(match[1]):
                self._record(match[1])
            else:
                self._whole.prepare(path)

    def _record(self, short: str) -> None:
        path = self._store.folder(short) / MANIFEST_FILE
        folder = self._site_dir / FOLDER / short
        page = folder / "index.html"
        now = self._signature(path)
        if path.is_file() and page.is_file() and self._written.get(short) == now:
            return
        # Anew as a whole: a record that was removed, or an event that was taken back, must leave nothing behind.
        shutil.rmtree(folder, ignore_errors=True)
        if not path.is_file():
            return
        try:
            self._open_log()
            self._writer.write(self._sound(path), self._site_dir)
        except Problems as refused:
            text = render(refused.problems, "text")
            log.warning("%s is not valid:\n%s", path, text)
            folder.mkdir(parents=True, exist_ok=True)
            page.write_bytes(self._writer.note(short, f"<pre>{escape(text)}</pre>").encode("utf-8"))
        self._written[short] = now

    def _open_log(self) -> None:
        """Give the writer the log as it is now, for the proofs beside the files."""
        now = _log_signature(self._store.root)
        if self._log != now:
            self._writer.log = LogView(self._store.root)
            self._log = now

    def _signature(self, path: Path) -> Signature:
        """What changes with the files of a record, and with the log, which orders its events."""
        return (*_signature(path), *_log_signature(self._store.root))

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
                    site.prepare(plain(path).removeprefix(mount))
            except Exception:
                # Whatever stands in the site's folder is served; the log says what went wrong.
                log.exception("cannot make %s", path)
        return answer(environ, start_response)

    server.set_app(app)


def plain(path: str) -> str:
    """The path as the server reads it: ``/./paper//X/`` is ``/paper/X/``, and must be made anew as that."""
    whole = posixpath.normpath(f"/{path}").lstrip("/")
    return f"/{whole}/" if whole and path.endswith(("/", "/.", "/..")) else f"/{whole}"


def _signature(path: Path) -> Signature:
    files: list[Path] = [path, *sorted((path.parent / "corrections").glob("*.yml"))]
    return tuple((file.name, stat.st_mtime_ns, stat.st_size) for file in files if (stat := _stat(file)) is not None)


def _log_signature(root: Path) -> Signature:
    files = (root / entries.FOLDER / name for name in (entries.ENTRIES_FILE, entries.CHECKPOINT_FILE, entries.KEY_FILE))
    return tuple((file.name, stat.st_mtime_ns, stat.st_size) for file in files if (stat := _stat(file)) is not None)


def _stat(path: Path) -> Any:
    try:
        return path.stat()
    except OSError:
        return None
