"""The MkDocs plugin ``registry``: a thin skin that lends the theme's frame to pages made elsewhere in this package.

MkDocs builds the prose and the sentinel pages. The plugin takes their final HTML as the shells of all record pages,
writes the records after MkDocs is done, and exchanges the finished site with the old one in one step.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from mkdocs.config import config_options
from mkdocs.config.base import Config
from mkdocs.exceptions import PluginError
from mkdocs.plugins import BasePlugin, event_priority
from mkdocs.structure.files import File, Files, InclusionLevel

from generator.manifest.log.published import LogView
from generator.manifest.monitor import Entry
from generator.manifest.problems import Problems, UsageError, render
from generator.manifest.scaffold import new_file_url
from generator.manifest.store import Record, Store
from generator.site import guide, records, search, shell, sitemap, text
from generator.site.kept import Kept, kept_of
from generator.site.live import Gate, LiveSite, wrap
from generator.site.related import RelatedRecords
from generator.site.reviews import Reviews
from generator.site.swap import Staging
from generator.site.whole import Whole
from generator.site.writer import FOLDER, RecordWriter

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.livereload import LiveReloadServer
    from mkdocs.structure.pages import Page

_SENTINELS = records.sentinels()
_SENTINEL_URL = f"{FOLDER}/{shell.PREFIX}"

# The command line names its own folder of manifests this way; mkdocs.yml is read again on every rebuild.
manifests_override: ContextVar[Path | None] = ContextVar("manifests_override", default=None)


class RegistryConfig(Config):  # type: ignore[no-untyped-call]
    """Both folders are relative to the folder of ``mkdocs.yml``. ``repository`` is the address of the repository at its
    code host, such as ``https://github.com/owner/name``, for the links that suggest a correction; ``branch`` is the one
    that corrections go to."""

    manifests_dir = config_options.Type(str, default="manifests")
    schemas_dir = config_options.Type(str, default="schemas")
    repository = config_options.Optional(config_options.URL())
    branch = config_options.Type(str, default="main")


class RegistryError(PluginError):
    """Stops a build; ``cause`` is the ``Problems`` or ``UsageError`` that the commands print."""

    def __init__(self, cause: Problems | UsageError) -> None:
        self.cause = cause
        super().__init__(render(cause.problems, "text") if isinstance(cause, Problems) else str(cause))


class RegistryPlugin(BasePlugin[RegistryConfig]):  # type: ignore[no-untyped-call]
    """See the module's text. One instance lives through all rebuilds of ``mkdocs serve``."""

    def __init__(self) -> None:
        super().__init__()
        self._serving = False
        self._staging: Staging | None = None
        self._shell_html: dict[str, str] = {}
        self._schemas = guide.Library()
        self._prose: list[str] = []
        self._gate = Gate()
        self.record_count = 0

    # MkDocs keeps plugin instances between rebuilds only if this event is defined.
    def on_startup(self, *, command: Literal["build", "gh-deploy", "serve"], dirty: bool) -> None:
        self._serving = command == "serve"

    def on_config(self, config: MkDocsConfig) -> None:
        base = Path(config.config_file_path).resolve().parent if config.config_file_path else Path.cwd()
        self._manifests = manifests_override.get() or base / self.config.manifests_dir
        self._schemas_dir = base / self.config.schemas_dir
        self._name = config.site_name
        self._shell_html = {}
        self._gate.close()
        if not config.site_url:
            raise RegistryError(UsageError("mkdocs.yml: site_url is not set; records need it for their addresses"))
        if self.config.repository and text.http_url(self.config.repository) is None:
            raise RegistryError(UsageError("mkdocs.yml: repository is no address that begins with http:// or https://"))
        if not self._schemas_dir.is_dir():
            raise RegistryError(UsageError(f"{self._schemas_dir}: no such folder of schemas"))
        _guarded(self._load_schemas)
        if not self._serving:
            staging = Staging(Path(config.site_dir))
            _guarded(staging.open)
            self._staging = staging
            config.site_dir = str(staging.path)

    def on_files(self, files: Files, *, config: MkDocsConfig) -> Files:
        pages = dict(_SENTINELS)
        for stem, schema in self._schemas.schemas.items():
            pages[f"schemas/{stem}.md"] = guide.contract_page(stem, schema, self._schemas)
        for uri, content in pages.items():
            files.append(File.generated(config, uri, content=content, inclusion=InclusionLevel.NOT_IN_NAV))
        return files

    def on_page_markdown(self, markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
        return guide.fill(markdown, self._schemas)

    def on_env(self, env: Any, *, config: MkDocsConfig, files: Files) -> None:
        pages = [file.page for file in files.documentation_pages() if file.src_uri not in _SENTINELS]
        self._prose = sorted(page.canonical_url for page in pages if page and page.canonical_url)

    # After every other plugin, so that the shell is the page as a reader would get it.
    @event_priority(-100)
    def on_post_page(self, output: str, *, page: Page, config: MkDocsConfig) -> str:
        if page.file.src_uri in _SENTINELS:
            self._shell_html[page.file.src_uri] = output
            return ""
        return output

    @event_priority(-100)
    def on_post_build(self, *, config: MkDocsConfig) -> None:
        site_dir = Path(config.site_dir)
        _guarded(lambda: self._finish(site_dir, config.site_url or ""))
        if self._staging is not None:
            staging, self._staging = self._staging, None
            config.site_dir = str(staging.site_dir)
            _guarded(staging.commit)

    def on_build_error(self, *, error: Exception) -> None:
        self._discard()
        self._gate.open(None)

    def on_shutdown(self) -> None:
        self._discard()

    def on_serve(self, server: LiveReloadServer, *, config: MkDocsConfig, builder: Callable[..., None]) -> None:
        server.watch(str(self._schemas_dir))
        if self._serving:
            wrap(server, self._gate)

    def _finish(self, site_dir: Path, site_url: str) -> None:
        """Everything that MkDocs did not write."""
        site_url = site_url.rstrip("/") + "/"
        if len(self._shell_html) < len(_SENTINELS):
            raise UsageError("the theme gave no page for the records; is another plugin removing pages?")
        self._write_schemas(site_dir)
        earlier = self._staging.site_dir if self._staging is not None else None
        store = Store(self._manifests)
        prose: list[sitemap.Address] = [(address, None) for address in self._prose]
        writer = RecordWriter(records.shells(self._shell_html), site_url, earlier=earlier, suggest=self._suggest())
        if self._serving:
            sitemap.write(site_dir, prose)
            self._gate.open(LiveSite(writer, store, site_dir, _SENTINEL_URL, site_url, self._name))
            return
        log = LogView(self._manifests)
        related = RelatedRecords()
        reviews = Reviews(self._manifests, related.reading(writer.sound(store)))
        writer.log, writer.review, writer.related = log, reviews.block, related.block
        kept: list[Kept] = []
        entries: list[Entry] = []
        for record in writer.write_all(store, site_dir):
            kept.append(kept_of(record, site_url))
            entries.append(reviews.entry(record))
        self.record_count = len(kept)
        registry = Whole(kept, lambda: log, lambda: (reviews.watch, entries), site_url=site_url, site_name=self._name)
        registry.write(site_dir)
        index = site_dir / search.INDEX
        if index.is_file():
            found = [item.search_entry for item in kept]
            pieces = search.merged(index.read_bytes(), found, without=_SENTINEL_URL)
            with index.open("w", encoding="utf-8", newline="") as handle:
                handle.writelines(pieces)
        sitemap.write(site_dir, [*prose, *sitemap.of_records(registry.summaries, site_url)])

    def _suggest(self) -> Callable[[Record], str] | None:
        """Where a correction of a record can be written: at the code host, if mkdocs.yml names the repository."""
        repository, branch = self.config.repository, self.config.branch
        if not repository:
            return None
        return lambda record: new_file_url(repository, branch, record.current.manifest)

    def _load_schemas(self) -> None:
        self._schemas = guide.load(self._schemas_dir)

    def _write_schemas(self, site_dir: Path) -> None:
        for path, targets in guide.served(self._schemas_dir, self._schemas):
            for target in targets:
                (site_dir / target).parent.mkdir(parents=True, exist_ok=True)
                (site_dir / target).write_bytes(path.read_bytes())

    def _discard(self) -> None:
        if self._staging is not None:
            self._staging.discard()
            self._staging = None


def _guarded(action: Callable[[], object]) -> None:
    """Run ``action`` so that what stops it reaches MkDocs as a build error: one message, no traceback."""
    try:
        action()
    except (Problems, UsageError) as cause:
        raise RegistryError(cause) from cause
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        reason = (error.strerror or str(error)).lower()
        raise RegistryError(UsageError(f"{where}cannot build the site: {reason}")) from error
