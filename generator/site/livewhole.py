"""While serving: what is about all records, made when a browser asks for it, from records read once and again only
when their files change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from generator.manifest.log.published import LogView
from generator.manifest.problems import Problems, UsageError
from generator.manifest.store import Record, Store
from generator.site import dumps, logpages, search, whole
from generator.site.kept import Kept, kept_of
from generator.site.reviews import Reviews
from generator.site.whole import Monitored, Whole

Signature = tuple[tuple[str, int, int], ...]


class LiveWhole:
    """The pages and files of a served site that are about all records.

    ``sound`` gives the record of a manifest's file, or raises ``Problems``; ``signature`` changes with its files. Pages
    whose location begins with ``without`` are left out of the search.
    """

    def __init__(
        self,
        store: Store,
        site_dir: Path,
        sound: Callable[[Path], Record],
        signature: Callable[[Path], Signature],
        *,
        site_url: str,
        site_name: str,
        without: str,
    ) -> None:
        self._store = store
        self._site_dir = site_dir
        self._sound = sound
        self._signature = signature
        self._site_url = site_url
        self._site_name = site_name
        self._without = without
        self._known: dict[Path, tuple[Signature, Kept | None]] = {}
        # as the engine made them
        self._made = {
            path: (site_dir / path).read_bytes() for path in (*whole.PAGES, search.INDEX) if (site_dir / path).is_file()
        }

    def prepare(self, path: str) -> None:
        """Make the file behind ``path`` (relative to the site's root), if it is one about all records."""
        page = f"{path}index.html" if not path or path.endswith("/") else path
        if page in whole.PAGES and page in self._made:
            text = self._whole().filled(page, self._made[page].decode("utf-8"))
            whole.put_all(self._site_dir, [(page, text.encode("utf-8"))])
        elif path == search.INDEX and path in self._made:
            entries = [item.search_entry for item in self._scan()]
            text = "".join(search.merged(self._made[path], entries, without=self._without))
            whole.put_all(self._site_dir, [(path, text.encode("utf-8"))])
        elif path in whole.FEEDS:
            whole.put_all(self._site_dir, self._whole().feeds())
        elif path.startswith(f"{dumps.FOLDER}/"):
            whole.put_all(self._site_dir, self._whole().data())
        elif path.startswith(f"{logpages.FOLDER}/"):
            whole.put_all(self._site_dir, self._whole().log_files())

    def _whole(self) -> Whole:
        return Whole(
            self._scan(),
            lambda: LogView(self._store.root),
            self._monitored,
            site_url=self._site_url,
            site_name=self._site_name,
        )

    def _monitored(self) -> Monitored:
        records = self._records()
        reviews = Reviews(self._store.root, records)
        return reviews.watch, [reviews.entry(record) for record in records]

    def _scan(self) -> list[Kept]:
        found = []
        for path in self._store.paths():
            now = self._signature(path)
            known = self._known.get(path)
            if known is None or known[0] != now:
                try:
                    known = (now, kept_of(self._sound(path), self._site_url))
                except (Problems, UsageError):
                    known = (now, None)
                self._known[path] = known
            if known[1] is not None:
                found.append(known[1])
        return found

    def _records(self) -> list[Record]:
        """The records without problems; those with problems say so on their own pages."""
        found = []
        for path in self._store.paths():
            try:
                found.append(self._sound(path))
            except (Problems, UsageError):
                continue
        return found
