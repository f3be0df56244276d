"""A run of the whole kernel with the models of an environment, and the page that comes of it."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from generator.kernel import pipeline
from generator.kernel.claims import ClaimSettings
from generator.kernel.equipment import Plan, equipped, request_for
from generator.kernel.request import Request
from generator.kernel.retrieval import RetrievalSettings
from generator.kernel.sources.cache import Cache
from generator.manifest.runs import RunFolder, load

ROOT = Path(__file__).parents[2]
QUESTION = "Do street trees lower air temperature?"
# few papers and claims: a small model on one thread reads some hundred tokens a second
SMALL = Request(
    QUESTION,
    "2026-01-02T03:04:05Z",
    retrieval=RetrievalSettings(max_papers=2),
    claims=ClaimSettings(per_paper=1, most=2),
)
SETTINGS = "[model]\ntimeout_s = 300\nparallel = 1\nmax_tokens = {most}\n"


def run_with(
    environment: dict[str, str],
    folder: Path,
    *,
    request: Request = SMALL,
    embeddings: bool = True,
    most: int = 400,
    cache: Path | None = None,
) -> RunFolder:
    """A run in ``folder`` with the models that the environment names, as ``srch run --model --embed`` makes one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    config = folder.parent / "srch.toml"
    config.write_text(SETTINGS.format(most=most), encoding="utf-8")
    plan = Plan(chat=True, embeddings=embeddings, config=config)
    with equipped(plan, environment=environment) as tools:
        tools = replace(tools, cache=Cache(cache, lambda: "2026-01-01") if cache else None)
        return pipeline.execute(request_for(request, plan, environment), folder, resume=False, tools=tools)


def srch(*arguments: object) -> str:
    """What the command prints; it has to end well."""
    done = subprocess.run(
        [sys.executable, "-m", "generator.cli", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1767225600"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def published(run: Path, folder: Path) -> str:
    """The words of the page that the run's record gets, once it is decided about, published, checked and built."""
    if load(run).run["policy"]["outcome"] != "AUTO_APPROVE":
        srch("decide", run, "--publish", "--by", "Ada Example", "--reason", "It shows how parts are labelled.")
    srch("publish", run, "--manifests", folder / "manifests")
    assert srch("check", folder / "manifests") == "1 file checked, no problems\n"
    srch("build", "--manifests", folder / "manifests", "--site-dir", folder / "site")
    (page,) = (folder / "site" / "paper").glob("*/index.html")
    text = re.sub(r"<(script|style)\b.*?</\1>", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", text)).split())
