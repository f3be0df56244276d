"""Kill -9 of ``srch build`` at many of its changes to the file system: the old site or the new one stands there,
complete, and the next build leaves nothing of the killed one."""

from __future__ import annotations

from pathlib import Path

CONFIG = Path(__file__).parents[2] / "mkdocs.yml"


def test_an_old_site_of_one_record_and_a_new_one_of_two(tmp_path, material, srch, kill_points):
    base = tmp_path / "base"
    base.mkdir()
    srch("publish", material / "runs" / "0", "--manifests", base / "one", cwd=base)
    build = ["build", "--config", CONFIG, "--site-dir", "site", "--manifests"]
    srch(*build, base / "one", cwd=base)
    call = [*build, material / "records"]
    tries = kill_points(base, kill=call, after=[call], stride=23)
    assert len(tries) >= 8

    def site(names: dict[str, str]) -> dict[str, str]:
        return {name: digest for name, digest in names.items() if name.startswith("site/")}

    old, new = site(tries[0]["seen"]), site(tries[-1]["seen"])
    assert sum(name.endswith("/manifest.json") for name in old) == 1
    assert sum(name.endswith("/manifest.json") for name in new) == 2
    for item in tries:
        assert site(item["seen"]) in (old, new), item["number"]
        assert item["after"][0]["code"] == 0
        assert item["end"] == tries[-1]["end"], item["number"]
    assert any(site(item["seen"]) == new for item in tries[:-1]), "a kill after the exchange"
