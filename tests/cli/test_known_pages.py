"""The known drafts, imported and published, give pages on which every fact of the known public pages stands."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).parents[2] / ".." / "shared"
pytestmark = pytest.mark.skipif(
    not (SHARED / "bin" / "compare-page").exists(), reason=f"the reference drafts and pages are not at {SHARED}"
)


def test_every_fact_of_the_known_pages_stands(tmp_path: Path, root: Path, srch: Any) -> None:
    drafts = SHARED / "reference" / "drafts"
    files = sorted(drafts.glob("*.txt"))
    assert srch("import", *files, "--facts", drafts / "import.yml", "--out", "RUNS").code == 0
    published = srch("publish", *sorted((tmp_path / "RUNS").glob("[a-z]*")))
    assert published.code == 0
    assert [line.split()[0] for line in published.out.splitlines()] == ["published", "published", "waits"]
    build = ("build", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--site-dir", "site")
    assert srch(*build).code == 0
    command = [sys.executable, SHARED / "bin" / "compare-page", tmp_path / "site"]
    compared = subprocess.run(command, capture_output=True, text=True, check=False)
    assert compared.stdout.splitlines()[-1] == "52 of 52 facts of the known pages stand"
    assert compared.returncode == 0
    assert {path.name for path in (tmp_path / "site" / "paper").iterdir()} == {"183ECE99", "E50A8461"}

    lynx = next(path for path in (tmp_path / "RUNS").iterdir() if path.name.startswith("lynx"))
    assert srch("decide", lynx, "--publish", "--by", "A. Owner", "--reason", "A negative example").code == 0
    made = json.loads(srch("publish", lynx, "--json").out)
    tier = json.loads((tmp_path / made[0]["manifest"]).read_bytes())["quality_assessment"]["tier"]
    assert (tier["tier"], tier["inputs"]["review_score"]) == ("QUARANTINE_CANDIDATE", 3.5)
