"""Where published files are read from: a built site's folder, or its address."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from generator.manifest.identity import SHORT_ID
from generator.manifest.problems import Problem, Problems, UsageError, printable, shown
from generator.manifest.strict import read_bytes

if TYPE_CHECKING:
    import httpx

MAX_REDIRECTS = 3
MAX_SECONDS = 120.0  # for one file; the client limits each wait
_RECORD = re.compile(r"(?P<home>.*?)paper/(?P<short>[0-9A-F]{8,64})(?:/.*)?$")


class Source(Protocol):
    """A published site. Paths are relative to its home and made by this package, never taken from what was read."""

    def get(self, path: str, *, limit: int) -> bytes | None:
        """The file's bytes, ``None`` where there is none; ``Problems`` when it is larger than ``limit`` bytes."""

    def shorts(self) -> Iterable[str]:
        """The short ids of the records published, as far as the source can list them."""


class FolderSource:
    """A built site below ``home``; links that lead out of it are not followed."""

    def __init__(self, home: Path) -> None:
        self._home = home

    def get(self, path: str, *, limit: int) -> bytes | None:
        file = self._home / path
        if not file.is_file():
            return None
        if not file.resolve().is_relative_to(self._home.resolve()):
            raise UsageError(f"{file}: leads out of {self._home}")
        return read_bytes(file, limit=limit)

    def shorts(self) -> Iterable[str]:
        papers = self._home / "paper"
        names = (path.name for path in papers.iterdir()) if papers.is_dir() else ()
        return sorted(name for name in names if SHORT_ID.match(name) and (papers / name).is_dir())


class HttpSource:
    """A site's address. Only addresses below its own scheme, host and port are asked for; redirects elsewhere are
    refused, as are answers larger than expected. ``client`` sets the time limits and must not follow redirects."""

    def __init__(self, client: httpx.Client, home: str) -> None:
        self._client = client
        self._home = home

    def get(self, path: str, *, limit: int) -> bytes | None:
        import httpx

        url = httpx.URL(self._home + path)
        try:
            for _ in range(MAX_REDIRECTS + 1):
                with self._client.stream("GET", url, follow_redirects=False) as response:
                    if not response.has_redirect_location:
                        return _body(response, url, limit, time.monotonic() + MAX_SECONDS)
                    target = url.join(response.headers["Location"])
                    if _origin(target) != _origin(url):
                        raise UsageError(f"{url}: leads to another site, {printable(str(target))}, which is not asked")
                    url = target
        except httpx.TimeoutException:
            raise UsageError(f"{url}: no answer in time") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            words = printable(str(error)) or type(error).__name__
            raise UsageError(f"{url}: cannot be fetched: {words}") from None
        raise UsageError(f"{url}: more than {MAX_REDIRECTS} redirects")

    def shorts(self) -> Iterable[str]:
        return ()


def site_of(address: str) -> tuple[str, str | None]:
    """The home (with a slash at its end) of the site at an address, and the record that the address is a page of.

    Raises ``UsageError`` for what is no http or https address, and for one with a user name or a query.
    """
    import httpx

    try:
        url = httpx.URL(address)
    except httpx.InvalidURL:
        raise UsageError(f"{shown(address)} is not an address") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"{shown(address)} is not an http or https address")
    if url.userinfo or url.query:
        raise UsageError("an address with a user name or a query is not a published page's")
    path = url.path.removesuffix("index.html")
    record = _RECORD.match(path)
    home = record["home"] if record else path.rstrip("/") + "/"
    return str(url.copy_with(path=home, fragment=None)), record["short"] if record else None


def site_around(folder: Path) -> tuple[Path, str | None]:
    """The home of the built site that ``folder`` is or belongs to, and the record whose folder it is."""
    whole = folder.resolve()
    record = _RECORD.match(whole.as_posix())
    if record is not None and (whole / "manifest.json").exists():
        return Path(record["home"]), record["short"]
    if not (folder / "paper").is_dir() and not (folder / "log").is_dir():
        raise UsageError(f"{folder}: neither a built site nor a record's folder in one (paper/<ID>)")
    if not (folder / "paper").is_dir():
        raise UsageError(f"{folder}: not a built site; for a registry's own log call 'srch log verify'")
    return folder, None


def _body(response: httpx.Response, url: httpx.URL, limit: int, ends: float) -> bytes | None:
    if response.status_code == 404:
        return None
    if response.status_code != 200:
        raise UsageError(f"{url}: answered {response.status_code}")
    parts = []
    size = 0
    for part in response.iter_bytes():
        size += len(part)
        if time.monotonic() > ends:
            raise UsageError(f"{url}: not there in {MAX_SECONDS:g} seconds")
        if size > limit:
            words = f"more than {limit} bytes", f"at most {limit} bytes", "Ask those who publish the site."
            raise Problems([Problem(str(url), "", "REG001", *words)])
        parts.append(part)
    return b"".join(parts)


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port
