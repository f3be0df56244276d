from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from generator.site.build import Built, build


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def maker() -> ModuleType:
    return _load("registry_maker")


@pytest.fixture(scope="session")
def hostile(maker: ModuleType) -> list[str]:
    """Hostile texts of up to 1,000 characters that hold every line of the shared lists."""
    if not maker.HOSTILE.is_dir():
        pytest.skip("the shared hostile strings are not here")
    texts: list[str] = maker.payloads(1000)
    return texts


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory, maker: ModuleType) -> Path:
    """Folder of manifests: an executed sample, an imported draft, a corrected and a retracted record, a hostile one,
    one whose verifier misses the bar, and one of the first rules."""
    root: Path = tmp_path_factory.mktemp("registry")
    maker.store(root, maker.example("executed"))
    maker.store(root, maker.example("imported"))
    maker.store(root, maker.numbered(maker.example("executed"), 1), [maker.event()])
    retracted = maker.event(notice="retraction", public_note="<b>Withdrawn</b>\nby us.")
    maker.store(root, maker.numbered(maker.example("executed"), 2), [retracted])
    text = "\"><img src=x onerror=alert(1)><script>alert('x')</script>{{7*7}} \x07\u202eabc & </title></textarea>"
    maker.store(root, maker.with_texts(maker.numbered(maker.example("executed"), 3), text))
    maker.store(root, maker.echoed(maker.numbered(maker.example("executed"), 4)))
    maker.store(root, maker.of_rules_1_0())
    return root


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory, registry: Path, maker: ModuleType) -> Built:
    return build(tmp_path_factory.mktemp("built") / "site", registry, maker.ROOT / "mkdocs.yml")


@pytest.fixture(scope="session")
def site(built: Built) -> Path:
    return built.site_dir
