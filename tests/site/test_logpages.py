"""The log on the site: its files as they are, the box on its page, and a build without a log."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import ModuleType

import pytest

from generator.manifest.log import checkpoint, note
from generator.manifest.log.append import append
from generator.manifest.log.note import Signer
from generator.manifest.log.published import LogView
from generator.manifest.problems import Problems
from generator.site import logpages
from generator.site.build import build

PLACE = "<!-- registry:log -->"


def registry_of(root: Path, maker: ModuleType) -> Path:
    maker.store(root, maker.numbered(maker.example(), 1), [maker.event()])
    maker.store(root, maker.numbered(maker.example(), 2))
    return root


def box(root: Path) -> str:
    return logpages.put(PLACE, LogView(root))


def test_without_a_log_the_page_says_so(tmp_path: Path, maker: ModuleType) -> None:
    assert box(registry_of(tmp_path, maker)) == (
        '<p class="escalated">This registry keeps no log yet. '
        "Nothing here shows whether its history was only added to.</p>"
    )


def test_an_unsigned_log_is_called_so(tmp_path: Path, maker: ModuleType) -> None:
    append(registry_of(tmp_path, maker), None)
    root = note.encode(checkpoint.read((tmp_path / "log" / "checkpoint").read_bytes()).checkpoint.root)
    assert box(tmp_path) == (
        '<table class="rows"><caption>The log as this site publishes it</caption><tbody>'
        '<tr><th scope="row">Origin</th><td><code>assignee.net/log</code></td></tr>'
        '<tr><th scope="row">Leaves</th><td>4</td></tr>'
        f'<tr><th scope="row">Root</th><td><code class="hash">{root}</code></td></tr>'
        '<tr><th scope="row">Signed by</th><td><strong>unsigned</strong></td></tr>'
        '<tr><th scope="row">Files</th><td><a href="checkpoint">checkpoint</a>, '
        '<a href="entries.jsonl">entries.jsonl</a></td></tr>'
        "</tbody></table>\n"
        '<p class="escalated">The log is unsigned: no key vouches for its checkpoint. '
        "What follows from it is only that the files agree with the entries, "
        "and that a later log continues the one you kept a checkpoint of.</p>"
    )


def test_a_signed_log_names_its_key(tmp_path: Path, maker: ModuleType) -> None:
    signer = Signer.generate("example.org/log")
    append(registry_of(tmp_path, maker), signer, origin="example.org/log")
    shown = box(tmp_path)
    assert f'<td><code class="hash">{signer.verifier.text}</code></td>' in shown
    assert '<a href="key">key</a>' in shown
    assert "unsigned" not in shown


def test_an_origin_is_text(tmp_path: Path, maker: ModuleType) -> None:
    append(registry_of(tmp_path, maker), None, origin="<b>log</b>&c")
    shown = box(tmp_path)
    assert "<code>&lt;b&gt;log&lt;/b&gt;&amp;c</code>" in shown
    assert "<b>" not in shown


def test_the_site_publishes_the_files_as_they_are(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    root = registry_of(config.parent / "manifests", maker)
    append(root, Signer.generate("assignee.net/log"))
    built = build(tmp_path / "site", None, config)
    assert built.warnings == ()
    published = built.site_dir / "log"
    wanted = dict(LogView(root).files())
    found = {
        path.relative_to(published).as_posix(): path.read_bytes()
        for path in published.rglob("*")
        if path.is_file() and path.name != "index.html"
    }
    assert found == wanted
    assert {"checkpoint", "key", "entries.jsonl", "tile/0/000.p/4", "tile/entries/000.p/4"} <= found.keys()
    for name in ("checkpoint", "key", "entries.jsonl"):
        assert found[name] == (root / "log" / name).read_bytes()
    page = (published / "index.html").read_text(encoding="utf-8")
    assert "<td>4</td>" in page
    assert PLACE not in page
    proof = (built.site_dir / "paper" / "6B86B273" / "manifest.json.tlog-proof").read_bytes()
    assert proof == LogView(root).proof("6B/6B86B273/v2/manifest.json")


def test_a_site_without_a_log_is_built(site: Path) -> None:
    assert [path.name for path in (site / "log").iterdir()] == ["index.html"]
    assert logpages.NO_LOG in (site / "log" / "index.html").read_text(encoding="utf-8")


def test_a_log_that_does_not_fit_stops_the_build(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    root = registry_of(config.parent / "manifests", maker)
    append(root, None)
    old = build(tmp_path / "site", None, config).site_dir
    before = (old / "log" / "checkpoint").read_bytes()
    other = shutil.copytree(root, tmp_path / "other")
    maker.store(other, maker.numbered(maker.example(), 3))
    append(other, None)
    shutil.copy(other / "log" / "checkpoint", root / "log" / "checkpoint")
    with pytest.raises(Problems) as caught:
        build(tmp_path / "site", None, config)
    assert [problem.code for problem in caught.value.problems] == ["REG092"]
    assert (old / "log" / "checkpoint").read_bytes() == before
