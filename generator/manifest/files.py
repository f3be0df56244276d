"""The files that stand beside a manifest: which may be published, and whether they are what the manifest lists.

A report is the one file that a browser renders, and a pull request can bring any bytes under its name. So it may hold
no more than this project's own template writes: every "<" of it must begin a tag from a short list.
"""

from __future__ import annotations

import re
import stat
from functools import lru_cache
from pathlib import Path
from typing import Any

from generator.manifest.canonical import sha256_bytes
from generator.manifest.problems import Problem, pointer, shown
from generator.manifest.strict import read_bytes

CODE = "REG041"
MARKUP_CODE = "REG042"

# A reader's browser runs what these may hold only where it is told to, or not at all. SVG and XML are left out.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.(?:json|html|pdf|typ|txt|csv|md)")
# What the site itself writes into a record's folder.
RESERVED = frozenset({"index.html", "manifest.json", "corrections.json", "cite.bib", "cite.ris", "cite.csl.json"})

_TAGS = "|".join(
    "a abbr article aside b bdi blockquote body br caption cite code col colgroup dd del details div dl dt em "
    "figcaption figure footer h1 h2 h3 h4 h5 h6 head header hr html i ins li main mark nav ol p pre q s section "
    "small span strong sub summary sup table tbody td tfoot th thead time title tr u ul wbr".split()
)
_ATTRIBUTES = "|".join(
    "class id lang dir title scope colspan rowspan start value datetime role tabindex rel open".split()
)
_VALUE = r'"[^"<>]*"'
_SAFE_TAG = re.compile(
    rf"""<(?:
        !doctype\ html
      | /(?:{_TAGS})\s*
      | meta(?:\s+(?:(?:charset|name|content)={_VALUE}|http-equiv="Content-Security-Policy"))*\s*/?
      | (?:{_TAGS})(?:\s+(?:
            (?:(?:{_ATTRIBUTES})|aria-[a-z]+|data-[a-z-]+)(?:={_VALUE})?
          | href="(?:https?://|\#|\./|[A-Za-z0-9_-]+\.(?:json|pdf|typ|html)")[^"<>]*"?
        ))*\s*/?
    )>""",
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(r"<[^>]*>?")
_STYLE = re.compile(r"<style>[^<]*</style>", re.IGNORECASE)
_REMOTE_STYLE = re.compile(r"url\(|@import|expression\(", re.IGNORECASE)


def is_local(artifact: dict[str, Any]) -> bool:
    """Whether a manifest's artifact is a file beside the manifest."""
    return artifact["url"] is not None and "/" not in artifact["url"]


def problems_of(manifest: dict[str, Any], path: Path, *, hashes: bool = True) -> list[Problem]:
    """What keeps the listed files of the manifest at ``path`` from being published.

    Without ``hashes`` only names, sizes and what a report may hold are looked at: a build does not read every file of
    every record, because ``srch check`` has.
    """
    problems: list[Problem] = []
    for index, item in enumerate(manifest["artifacts"]):
        if is_local(item):
            problems.extend(_file_problems(path, pointer("artifacts", index), item, hashes=hashes))
    return problems


def _file_problems(path: Path, place: str, item: dict[str, Any], *, hashes: bool) -> list[Problem]:
    manifest, name = str(path), item["url"]
    if not _NAME.fullmatch(name) or name in RESERVED:
        expected = "a plain name ending in json, html, pdf, typ, txt, csv or md, and none that the site writes itself"
        mend = "Rename the file and publish the run again."
        return [Problem(manifest, place + "/url", CODE, shown(name), expected, mend)]
    file = path.parent / name
    try:
        # A link could point out of the registry, so only a regular file counts.
        status = file.lstat()
    except OSError:
        status = None
    if status is None or not stat.S_ISREG(status.st_mode):
        return [Problem(manifest, place + "/url", CODE, f"no file {name} beside it", "the listed file", "Put it back.")]
    mend = "Put back the file as it was published."
    problems = []
    if status.st_size != item["size"]:
        found, expected = f"{name} has {status.st_size} bytes", f"{item['size']} bytes"
        problems.append(Problem(manifest, place + "/size", CODE, found, expected, mend))
    markup = name.endswith(".html")
    data = read_bytes(file) if hashes or markup else b""
    if hashes and (digest := sha256_bytes(data)) != item["sha256"]:
        found, expected = f"{name} has {digest}", shown(item["sha256"])
        problems.append(Problem(manifest, place + "/sha256", CODE, found, expected, mend))
    line = active_content(data) if markup and not problems else None
    if line is not None:
        found, expected = "markup that a report does not need", "text, tables and links only"
        mend = "Let 'srch run' write the report; do not edit it by hand."
        problems.append(Problem(str(file), f"line {line}", MARKUP_CODE, found, expected, mend))
    return problems


def active_content(data: bytes) -> int | None:
    """Line of the first tag in an HTML report that is not on the short list of harmless ones; ``None`` without one."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        return data.count(b"\n", 0, error.start) + 1

    def blank(match: re.Match[str]) -> str:
        # Keeps the line count; a style sheet that reaches out stays, and is found as a tag.
        return match.group() if _REMOTE_STYLE.search(match.group()) else "\n" * match.group().count("\n")

    text = _STYLE.sub(blank, text)
    # Reports repeat a few tags a thousand times: each is looked at once, and where it stands only if it is not safe.
    if all(_is_safe(token) for token in set(_TOKEN.findall(text))):
        return None
    position = text.find("<")
    while position >= 0:
        match = _SAFE_TAG.match(text, position)
        if match is None:
            return text.count("\n", 0, position) + 1
        position = text.find("<", match.end())
    return None


@lru_cache(maxsize=4096)
def _is_safe(token: str) -> bool:
    return _SAFE_TAG.fullmatch(token) is not None
