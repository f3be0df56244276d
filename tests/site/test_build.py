"""The built site: deterministic, whole or not at all, self-contained."""

from __future__ import annotations

import filecmp
import gzip
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import ModuleType

import pytest

from generator.manifest import contracts
from generator.manifest.log.append import append
from generator.manifest.problems import Problems, UsageError
from generator.site import swap
from generator.site.build import Built, build
from generator.site.view import standing


def differing(first: Path, second: Path) -> list[str]:
    files = {path.relative_to(first) for path in first.rglob("*") if path.is_file()}
    others = {path.relative_to(second) for path in second.rglob("*") if path.is_file()}
    same = files & others
    changed = [name for name in same if not filecmp.cmp(first / name, second / name, shallow=False)]
    return sorted(str(name) for name in [*changed, *(files ^ others)])


def run_mkdocs(config: Path, site: Path, epoch: int) -> None:
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(config), "--site-dir", str(site)],
        check=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": str(epoch), "NO_MKDOCS_2_WARNING": "1"},
    )


def test_two_days_and_two_ways_give_one_site(tmp_path: Path, maker: ModuleType) -> None:
    # A folder with spaces, because people have them.
    config = maker.project(tmp_path / "a folder")
    maker.store(config.parent / "manifests", maker.example())
    maker.store(config.parent / "manifests", maker.example("imported"), [maker.event()])
    run_mkdocs(config, tmp_path / "one day", 1_700_000_000)
    run_mkdocs(config, tmp_path / "another", 1_800_000_000)
    build(tmp_path / "by srch", None, config)
    assert differing(tmp_path / "one day", tmp_path / "another") == []
    assert differing(tmp_path / "one day", tmp_path / "by srch") == []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_sitemap_lists_every_page_once_and_no_sentinel(site: Path) -> None:
    text = (site / "sitemap.xml").read_text(encoding="utf-8")
    listed = re.findall("<loc>https://assignee.net/([^<]*)</loc>", text)
    pages = [path.parent.relative_to(site).as_posix() + "/" for path in site.rglob("index.html")]
    # search engines should find the version that stands, not one before it
    wanted = [name for name in pages if not re.fullmatch(r"paper/[0-9A-F]+/v\d+/", name)]
    assert len(pages) - len(wanted) == 4
    assert sorted(listed) == sorted("" if name == "./" else name for name in wanted)
    assert "registryslot" not in text
    packed = (site / "sitemap.xml.gz").read_bytes()
    assert gzip.decompress(packed) == text.encode()
    assert packed[4:8] == b"\0\0\0\0"


def test_no_token_of_the_sentinel_is_left(site: Path) -> None:
    for path in site.rglob("*"):
        if path.suffix in (".html", ".json", ".xml"):
            assert b"registryslot" not in path.read_bytes(), path


def test_search_finds_records_by_id(site: Path, maker: ModuleType) -> None:
    docs = json.loads((site / "search" / "search_index.json").read_bytes())["docs"]
    work = maker.example()["work"]
    assert [doc["title"] for doc in docs if doc["location"] == f"paper/{work['short_id']}/"] == [
        f"{work['public_id']} {work['title']}"
    ]


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    loads = re.compile(r"<(?:script|img|iframe|source|link|input)\b[^>]*?\b(?:src|href)\s*=\s*[\"']?([^\"'\s>]+)[^>]*>")
    for path in site.rglob("*.html"):
        for match in loads.finditer(path.read_text(encoding="utf-8")):
            if 'rel="canonical"' not in match.group():
                assert not re.match(r"(?:[a-z]+:)?//", match[1]), (path, match.group())
    for path in site.rglob("*.css"):
        for address in re.findall(r"(?:url\(|@import\s)\s*[\"']?([^\"')]+)", path.read_text(encoding="utf-8")):
            assert not re.match(r"(?:https?:)?//", address), (path, address)


def test_schemas_stand_at_their_addresses(site: Path, maker: ModuleType) -> None:
    for source in sorted((maker.ROOT / "schemas").glob("*.json")):
        data = source.read_bytes()
        name = json.loads(data)["$id"].removeprefix("https://assignee.net/")
        assert (site / name).read_bytes() == data
        assert (site / "schemas" / source.name).read_bytes() == data
        assert (site / "schemas" / f"{source.stem.split('.')[0]}.json").read_bytes() == data
        assert (site / "schemas" / source.stem / "index.html").is_file()


def test_earlier_versions_and_cards_stand_at_their_addresses(site: Path, maker: ModuleType) -> None:
    schemas = maker.ROOT / "schemas"
    earlier = sorted(schemas.glob("earlier/*/*.json"))
    assert {f"{path.parent.name}/{path.stem}" for path in earlier} >= {"synthesis-run/1.0.0", "paper-manifest/1.1.0"}
    for path in earlier:
        assert (site / "schemas" / path.parent.name / path.name).read_bytes() == path.read_bytes()
        assert json.loads(path.read_bytes())["$id"] == f"https://assignee.net/schemas/{path.parent.name}/{path.name}"
    cards = sorted(schemas.glob("cards/*/*.json"))
    assert cards
    for path in cards:
        assert (site / "schemas" / "cards" / path.parent.name / path.name).read_bytes() == path.read_bytes()


def test_the_pages_list_every_version_and_every_card(site: Path, maker: ModuleType) -> None:
    page = (site / "schemas" / "synthesis-run-v1" / "index.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="../../schemas/synthesis-run/([\d.]+)\.json">', page)
    assert links[-2:] == ["1.0.1", "1.0.0"]
    index = (site / "schemas" / "index.html").read_text(encoding="utf-8")
    assert '<a href="../schemas/paper-manifest/1.1.0.json">1.1.0</a>' in index
    guide = (site / "quality" / "index.html").read_text(encoding="utf-8")
    for path in (maker.ROOT / "schemas").glob("cards/*/*.json"):
        link = f'schemas/cards/{path.parent.name}/{path.name}">card</a>'
        assert f'<a href="../{link}' in guide
        assert f'<a href="../../{link}' in (site / "schemas" / "verifier-card-v1" / "index.html").read_text(
            encoding="utf-8"
        )
    assert (site / "verified" / "index.html").is_file()
    assert 'href="../verified/"' in guide


def test_the_guide_gives_the_bar_and_the_words_from_the_contract(site: Path) -> None:
    guide = " ".join(re.sub(r"<[^>]+>", " ", (site / "quality" / "index.html").read_text(encoding="utf-8")).split())
    for row in contracts.table("verifier-card", "x-bar"):
        words = {">=": "at least", "<=": "at most"}[row["comparison"]]
        assert f"{row['label']} {words} {row['value']}" in guide
    for row in contracts.table("verifier-card", "x-agreements"):
        assert f"{row['label']} {row['definition']}" in guide
    assert "sure 0.9 or more fairly sure 0.7 or more not sure less than that" in guide
    assert "tfidf-bigram-v1 1.0.0" in guide


def test_a_card_that_is_not_valid_stops_the_build(maker: ModuleType, tmp_path: Path) -> None:
    config = maker.project(tmp_path / "project")
    path = config.parent / "schemas" / "cards" / "tfidf-bigram-v1" / "1.0.0.json"
    card = json.loads(path.read_bytes())
    path.write_text(json.dumps({**card, "meets_bar": True}), encoding="utf-8")
    with pytest.raises(Problems) as refused:
        build(tmp_path / "site", config.parent / "manifests", config)
    (problem,) = refused.value.problems
    assert (problem.file, problem.place, problem.code) == (str(path), "/meets_bar", "REG075")
    assert not (tmp_path / "site").exists()


def test_the_home_page_never_adds_echoes_to_verified_claims(site: Path, registry: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    counters = " ".join(
        re.sub(r"<[^>]+>", " ", home[home.index("counters") : home.index("</ul>", home.index("counters"))]).split()
    )
    manifests = [json.loads(path.read_bytes()) for path in registry.glob("*/*/manifest.json")]
    stands = [standing(manifest) for manifest in manifests]
    totals = {
        kind: sum(item.number for item in stands if item.kind == kind) for kind in ("verified", "echoed", "draft")
    }
    assert (
        f"{totals['verified']} verified , {totals['echoed']} echoed in source, {totals['draft']} verified as"
        in counters
    )
    assert totals["echoed"] == 12 + 5
    rows = re.findall(r'data-verified="([\d.]+)".*?data-label="Verified claims">(.*?)</td>', home)
    assert len(rows) == len(manifests)
    for key, cell in rows:
        words = " ".join(re.sub(r"<[^>]+>", " ", cell).split())
        number = int(words.split()[0])
        echo = words.endswith(("echoed, not verified", "as its draft counts"))
        assert float(key) == (number / 1000 if echo else number)


def test_home_is_whole_without_javascript(site: Path, registry: Path) -> None:
    home = (site / "index.html").read_text(encoding="utf-8")
    table = home[home.index('<table class="triage-table">') : home.index("</table>", home.index("triage-table"))]
    ids = {path.parent.name for path in registry.glob("*/*/manifest.json")}
    assert set(re.findall(r'<a href="paper/([0-9A-F]+)/">', table)) == ids
    assert f"<strong>{len(ids)}</strong> records" in home
    assert "<!-- registry:" not in home


def test_guide_and_contract_pages_leave_no_placeholder(site: Path) -> None:
    for path in [site / "quality" / "index.html", *site.glob("schemas/**/index.html")]:
        assert "<!-- registry:" not in path.read_text(encoding="utf-8"), path
    guide = (site / "quality" / "index.html").read_text(encoding="utf-8")
    for words in (
        *("Flagship candidate", "review score ≥ 7.5, verified claims ≥ 1"),
        *("Source-grounded claims", "D2.3", "Papers that carry a claim"),
    ):
        assert words in guide


def test_empty_registry_says_what_to_do(tmp_path: Path, maker: ModuleType) -> None:
    built = build(tmp_path / "site", None, maker.project(tmp_path / "project"))
    assert built.records == 0
    assert "No record has been published yet." in (built.site_dir / "index.html").read_text(encoding="utf-8")


def test_bad_manifest_leaves_the_old_site(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    manifests = config.parent / "manifests"
    maker.store(manifests, maker.example())
    site = build(tmp_path / "site", None, config).site_dir
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    wrong = maker.numbered(maker.example(), 1)
    wrong["quality_assessment"]["tier"]["label"] = "Best of all"
    maker.store(manifests, wrong)
    broken = maker.store(manifests, maker.numbered(maker.example(), 2))
    (broken / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(Problems) as caught:
        build(tmp_path / "site", None, config)
    assert {problem.code for problem in caught.value.problems} >= {"REG003"}
    assert len({problem.file for problem in caught.value.problems}) == 2
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    assert not list(tmp_path.glob(".site.*"))


def test_changed_artifact_is_refused(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    folder = maker.store(config.parent / "manifests", maker.example())
    (folder / "report.pdf").write_bytes(b"another report")
    with pytest.raises(Problems) as caught:
        build(tmp_path / "site", None, config)
    found = [(problem.code, problem.place.rpartition("/")[2]) for problem in caught.value.problems]
    assert found == [("REG041", "size")]
    (folder / "report.pdf").unlink()
    (folder / "report.pdf").symlink_to("/etc/hostname")
    with pytest.raises(Problems, match="1 problem"):
        build(tmp_path / "site", None, config)


@pytest.mark.parametrize("name", ["../manifest.json", "index.html", "x.svg", ".hidden.json", "a/b.json"])
def test_artifact_names_stay_in_their_folder(name: str, maker: ModuleType, tmp_path: Path) -> None:
    from generator.manifest.files import problems_of

    manifest = maker.example()
    manifest["artifacts"][0]["url"] = name
    found = [problem.place for problem in problems_of(manifest, tmp_path / "manifest.json")]
    assert ("/artifacts/0/url" in found) == ("/" not in name)


def test_a_second_build_keeps_what_is_the_same_and_makes_the_rest_anew(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    record = maker.store(config.parent / "manifests", maker.example())
    page = build(tmp_path / "site", None, config).site_dir / "paper" / record.name
    before = {path.name: (path.stat().st_ino, path.read_bytes()) for path in page.iterdir()}
    (page / "cite.bib").write_bytes(b"tampered with")
    (page / "stray.txt").write_bytes(b"of no record")
    build(tmp_path / "site", None, config)
    after = {path.name: (path.stat().st_ino, path.read_bytes()) for path in page.iterdir()}
    assert {name: data for name, (_, data) in after.items()} == {name: data for name, (_, data) in before.items()}
    assert {name for name in after if after[name][0] == before[name][0]} >= after.keys() - {"cite.bib"}
    assert (page / "manifest.json").stat().st_ino != (record / "manifest.json").stat().st_ino


def test_foreign_folder_is_not_replaced(tmp_path: Path, maker: ModuleType) -> None:
    config = maker.project(tmp_path / "project")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(UsageError, match="is not empty and not a site built earlier"):
        build(tmp_path / "mine", None, config)
    assert (tmp_path / "mine" / "thesis.txt").read_text(encoding="utf-8") == "years of work"
    site = build(tmp_path / "site", None, config).site_dir
    (site / ".git").mkdir()
    with pytest.raises(UsageError, match=r"holds \.git"):
        build(site, None, config)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(UsageError, match="is a file"):
        build(tmp_path / "file", None, config)


def test_missing_inputs_give_one_line(tmp_path: Path, maker: ModuleType) -> None:
    with pytest.raises(UsageError, match="no such file"):
        build(tmp_path / "site", None, tmp_path / "mkdocs.yml")
    config = maker.project(tmp_path / "project")
    with pytest.raises(UsageError, match="no such folder of manifests"):
        build(tmp_path / "site", tmp_path / "none", config)
    config.write_text("site_name: x\nsite_url: https://e.org/\ntheme: {name: material}\n", encoding="utf-8")
    with pytest.raises(UsageError, match="plugin 'registry' is not listed"):
        build(tmp_path / "site", None, config)
    config.write_text("site_name: [x", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        build(tmp_path / "site", None, config)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("delay", [0.3, 0.6, 0.8, 1.0, 1.2, 1.5])
def test_kill_at_any_moment_leaves_a_whole_site(tmp_path: Path, maker: ModuleType, delay: float) -> None:
    config = maker.project(tmp_path / "project")
    for number in range(60):
        maker.store(config.parent / "manifests", maker.numbered(maker.example(), number))
    old = build(tmp_path / "site", None, config).site_dir
    (config.parent / "docs" / "index.md").write_text("# Changed\n\n<!-- registry:triage -->\n", encoding="utf-8")
    code = "import sys; from pathlib import Path; from generator.site.build import build; "
    code += "build(Path(sys.argv[1]), None, Path(sys.argv[2]))"
    process = subprocess.Popen([sys.executable, "-c", code, str(old), str(config)])
    time.sleep(delay)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert len(list(old.glob("paper/*/index.html"))) == 60
    assert swap.is_built_site(old)
    again = build(old, None, config)
    assert again.records == 60
    assert "Changed" in (old / "index.html").read_text(encoding="utf-8")
    assert not list(tmp_path.glob(".site.*"))


def test_two_renames_where_the_system_cannot_exchange(
    tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap, "exchange", lambda first, second: False)
    config = maker.project(tmp_path / "project")
    site = build(tmp_path / "site", None, config).site_dir
    maker.store(config.parent / "manifests", maker.example())
    assert build(site, None, config).records == 1
    assert len(list(site.glob("paper/*"))) == 1
    assert not list(tmp_path.glob(".site.*"))


def test_kill_between_two_renames_is_mended(tmp_path: Path) -> None:
    gone = tmp_path / ".site.old-999999999"
    gone.mkdir()
    (gone / "index.html").write_text("old", encoding="utf-8")
    (tmp_path / ".site.staging-999999999").mkdir()
    swap.recover(tmp_path / "site")
    assert (tmp_path / "site" / "index.html").read_text(encoding="utf-8") == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_running_build_is_not_cleared_away(tmp_path: Path) -> None:
    first = swap.Staging(tmp_path / "site")
    first.open()
    (first.path / "index.html").write_text("x", encoding="utf-8")
    swap.recover(tmp_path / "site")
    assert (first.path / "index.html").is_file()
    first.discard()
    assert list(tmp_path.iterdir()) == []


def test_build_counts_its_records(built: Built, registry: Path) -> None:
    assert built.records == len(list(registry.glob("*/*/manifest.json")))
    assert built.warnings == ()


def test_serve_makes_records_when_asked(tmp_path: Path, maker: ModuleType) -> None:
    import socket

    config = maker.project(tmp_path / "project")
    manifests = config.parent / "manifests"
    folder = maker.store(manifests, maker.example())
    short = folder.name
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = (tmp_path / "log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "mkdocs", "serve", "--config-file", str(config), "--dev-addr", f"127.0.0.1:{port}"],
        stdout=log,
        stderr=log,
    )
    base = f"http://127.0.0.1:{port}/"

    def get(path: str) -> str:
        with urllib.request.urlopen(base + path, timeout=20) as answer:
            return str(answer.read().decode())

    try:
        for _ in range(100):
            try:
                get("quality/")
                break
            except OSError:
                time.sleep(0.2)
        assert "Does blue light make ferns grow shorter?" in get(f"paper/{short}/")
        assert json.loads(get(f"paper/{short}/manifest.json"))["work"]["short_id"] == short
        assert short in get("")
        assert short in get("search/search_index.json")
        assert short in get("feed.atom")
        assert short in get("data/versions.jsonl")
        assert short in get("data/review-monitor.json")
        assert "This registry keeps no log yet." in get("log/")
        assert "1 record" in get("monitor/")
        append(manifests, None)
        assert "<td>1</td>" in get("log/")
        assert get("log/checkpoint").splitlines()[:2] == ["assignee.net/log", "1"]
        assert get(f"paper/{short}/manifest.json.tlog-proof").startswith("c2sp.org/tlog-proof@v1")
        # A record that comes or changes later is there on the next request.
        other = maker.numbered(maker.example(), 1)
        other["work"]["title"] = "Added while serving"
        maker.store(manifests, other)
        assert "Added while serving" in get("")
        assert "Added while serving" in get(f"paper/{other['work']['short_id']}/")
        assert "Added while serving" in get("feed.atom")
        (folder / "manifest.json").write_text("{", encoding="utf-8")
        assert "REG003" in get(f"paper/{short}/")
        with pytest.raises(urllib.error.HTTPError):
            get("paper/00000000/")
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)
        log.close()
    assert "manifests" not in next(line for line in (tmp_path / "log").read_text().splitlines() if "Watching" in line)


def test_failed_exchange_keeps_the_old_site(tmp_path: Path, maker: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    config = maker.project(tmp_path / "project")
    site = build(tmp_path / "site", None, config).site_dir
    before = sorted(path.name for path in site.iterdir())

    def refused(first: Path, second: Path) -> bool:
        raise OSError(16, "Device or resource busy", str(second))

    monkeypatch.setattr(swap, "exchange", refused)
    with pytest.raises(UsageError, match="cannot put the new site in place: device or resource busy"):
        build(site, None, config)
    assert sorted(path.name for path in site.iterdir()) == before
    assert not list(tmp_path.glob(".site.*"))
