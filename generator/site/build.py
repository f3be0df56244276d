"""Building and serving the site for the ``srch`` command, through MkDocs' own Python interface.

The result is what plain ``mkdocs build`` and ``mkdocs serve`` give. What goes wrong comes out as ``Problems`` or
``UsageError``, never as a traceback of the engine.
"""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mkdocs.commands.build import build as mkdocs_build
from mkdocs.commands.serve import serve as mkdocs_serve
from mkdocs.config import load_config
from mkdocs.exceptions import Abort, MkDocsException

from generator.manifest.problems import Problems, UsageError
from generator.site.plugin import RegistryError, RegistryPlugin, manifests_override

CONFIG_FILE = Path("mkdocs.yml")
_ADDRESS = (errno.EADDRINUSE, errno.EADDRNOTAVAIL)


@dataclass(frozen=True)
class Built:
    """What a build made; ``warnings`` are the engine's own, one line each."""

    site_dir: Path
    records: int
    seconds: float
    warnings: tuple[str, ...]


def build(
    site_dir: Path | None = None, manifests_dir: Path | None = None, config_file: Path = CONFIG_FILE
) -> Built:
    """Build the whole site and put it at ``site_dir`` (default: as in ``config_file``) in one step.

    Raises ``Problems`` when a record is not valid and ``UsageError`` for everything else that stops a build; the site
    that stood there before is then untouched.
    """
    start = time.monotonic()
    options = {} if site_dir is None else {"site_dir": str(site_dir.absolute())}
    with _engine(manifests_dir, config_file) as messages:
        config = load_config(config_file=str(config_file), **options)
        plugin = config.plugins.get("registry")
        if not isinstance(plugin, RegistryPlugin):
            raise UsageError(f"{config_file}: the plugin 'registry' is not listed under plugins")
        config.plugins.on_startup(command="build", dirty=False)
        try:
            mkdocs_build(config)
        finally:
            config.plugins.on_shutdown()
        place = Path(config.site_dir)
    warnings = tuple(text for level, text in messages if level >= logging.WARNING)
    return Built(place, plugin.record_count, time.monotonic() - start, warnings)


def serve(
    manifests_dir: Path | None = None,
    config_file: Path = CONFIG_FILE,
    address: str = "127.0.0.1:8000",
    *,
    open_in_browser: bool = False,
) -> None:
    """Serve the site until interrupted. The prose is rebuilt when it changes; a record is made when it is asked for."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(message)s"))
    with _engine(manifests_dir, config_file, handler):
        mkdocs_serve(config_file=str(config_file), dev_addr=address, open_in_browser=open_in_browser)


@contextmanager
def _engine(
    manifests_dir: Path | None, config_file: Path, handler: logging.Handler | None = None
) -> Iterator[list[tuple[int, str]]]:
    """Run the engine quietly: its messages are collected, its exceptions translated."""
    if config_file.is_dir():
        raise UsageError(f"{config_file}: a folder, where an MkDocs configuration file was expected")
    if not config_file.is_file():
        raise UsageError(f"{config_file}: no such file; run this in the registry's folder, or name its mkdocs.yml")
    if manifests_dir is not None and not manifests_dir.is_dir():
        raise UsageError(f"{manifests_dir}: no such folder of manifests")
    messages: list[tuple[int, str]] = []
    collector = _Collector(messages)
    logger = logging.getLogger("mkdocs")
    level, propagate = logger.level, logger.propagate
    token = manifests_override.set(manifests_dir.absolute() if manifests_dir is not None else None)
    handlers = [collector, *([handler] if handler else [])]
    for each in handlers:
        logger.addHandler(each)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        yield messages
    except (Abort, MkDocsException) as stop:
        raise _translated(stop, messages, config_file) from stop
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        what = "cannot serve" if error.errno in _ADDRESS else "cannot make the site"
        raise UsageError(f"{where}{what}: {(error.strerror or str(error)).lower()}") from error
    finally:
        for each in handlers:
            logger.removeHandler(each)
        logger.setLevel(level)
        logger.propagate = propagate
        manifests_override.reset(token)


def _translated(stop: BaseException, messages: list[tuple[int, str]], config_file: Path) -> Problems | UsageError:
    cause: BaseException | None = stop
    while cause is not None:
        if isinstance(cause, RegistryError):
            return cause.cause
        cause = cause.__cause__ or cause.__context__
    errors = [text for level, text in messages if level >= logging.ERROR]
    return UsageError(f"{config_file}: {' '.join((errors[0] if errors else str(stop)).split())}")


class _Collector(logging.Handler):
    def __init__(self, messages: list[tuple[int, str]]) -> None:
        super().__init__()
        self._messages = messages

    def emit(self, record: logging.LogRecord) -> None:
        self._messages.append((record.levelno, record.getMessage()))
