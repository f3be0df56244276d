from __future__ import annotations

import http.server
import importlib.util
import os
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from generator.site.build import build

MAKER = Path(__file__).resolve().parents[1] / "site" / "registry_maker.py"


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("registry_maker", MAKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Chromium; without one the tests are skipped, but not where CI is set, so that they cannot vanish unseen."""
    reason = None
    names = ("chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        reason = "playwright is not installed"
    if reason is None and path is None:
        reason = "no Chromium found (Debian: apt-get install chromium)"
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"browser tests must run in CI: {reason}")
        print(f"browser tests skipped: {reason}")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def records(maker: ModuleType) -> dict[str, str]:
    """Name of each test record -> its short id."""
    numbered = {"corrected": maker.numbered(maker.example(), 1), "hostile": maker.numbered(maker.example(), 2)}
    plain = {name: maker.example(name) for name in ("executed", "imported")}
    return {name: manifest["work"]["short_id"] for name, manifest in {**plain, **numbered}.items()}


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType) -> Path:
    root: Path = tmp_path_factory.mktemp("registry")
    maker.store(root, maker.example("executed"))
    maker.store(root, maker.example("imported"))
    maker.store(root, maker.numbered(maker.example(), 1), [maker.event(notice="expression_of_concern")])
    marks = "\"'><img src=x onerror=window.ran=1><script>window.ran=2</script><svg onload=window.ran=3> javascript:x() "
    lines = maker.payloads(1000)[::40] if maker.HOSTILE.is_dir() else []
    text = (marks + " ".join(lines))[:19000]
    maker.store(root, maker.with_texts(maker.numbered(maker.example(), 2), text))
    place: Path = build(tmp_path_factory.mktemp("built") / "site", root, maker.ROOT / "mkdocs.yml").site_dir
    return place


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


class _Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that leaves a page hangs up on what it was loading; that is no fault."""


@pytest.fixture(scope="session")
def base(site: Path) -> Iterator[str]:
    """Address of the built site on loopback."""
    server = _Server(("127.0.0.1", 0), partial(_Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()


class Watched:
    """A page that notes everything it must not do."""

    def __init__(self, context: Any, base: str) -> None:
        self.faults: list[str] = []
        context.route("**/*", lambda route: self._route(route, base))
        self.page = context.new_page()
        self.page.on("console", lambda message: self._console(message))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: (self.faults.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        self.page.on("response", lambda answer: self._answer(answer))

    def _route(self, route: Any, base: str) -> None:
        url = route.request.url
        if url.startswith((base, "data:", "blob:")):
            route.continue_()
        else:
            self.faults.append(f"external request: {url}")
            route.abort()

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(f"console {message.type}: {message.text}")

    def _answer(self, answer: Any) -> None:
        if answer.status >= 400:
            self.faults.append(f"{answer.status}: {answer.url}")


@pytest.fixture
def watched(browser: Any, base: str, request: pytest.FixtureRequest) -> Iterator[Watched]:
    """A page in a fresh context; parametrize indirectly with (width, colour scheme)."""
    width, scheme = getattr(request, "param", (1280, "light"))
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = Watched(context, base)
    yield page
    context.close()
    assert page.faults == []
