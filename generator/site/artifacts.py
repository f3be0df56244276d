"""The files that stand beside a record's page: which may be published, and how they get there unchanged."""

from __future__ import annotations

import os
import re
import shutil
import stat
from hashlib import sha256
from pathlib import Path
from typing import Any

from generator.manifest.problems import Problem, pointer
from generator.site.view import FileFacts, is_local

# A reader's browser runs what these may hold only where it is told to, or not at all. SVG and XML are left out.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*\.(?:json|html|pdf|typ|txt|csv|md)")
RESERVED = frozenset({"index.html", "manifest.json", "corrections.json", "cite.bib", "cite.ris", "cite.csl.json"})

# A report is written by this project's own template and needs no more than this. Every "<" of the file must begin one
# of these tags, so a browser cannot find another in it, however it reads broken markup.
_TAGS = (
    "a abbr article aside b bdi blockquote body br caption cite code col colgroup dd del details div dl dt em "
    "figcaption figure footer h1 h2 h3 h4 h5 h6 head header hr html i ins li main mark nav ol p pre q s section "
    "small span strong sub summary sup table tbody td tfoot th thead time title tr u ul wbr"
)
_ATTRIBUTES = "class id lang dir title scope colspan rowspan start value datetime role tabindex rel open"
_VALUE = r'"[^"<>]*"'
_SAFE_TAG = re.compile(
    rf"""<(?:
        !doctype\ html
      | /(?:{"|".join(_TAGS.split())})\s*
      | meta(?:\s+(?:(?:charset|name|content)={_VALUE}|http-equiv="Content-Security-Policy"))*\s*/?
      | (?:{"|".join(_TAGS.split())})(?:\s+(?:
            (?:(?:{"|".join(_ATTRIBUTES.split())})|aria-[a-z]+|data-[a-z-]+)(?:={_VALUE})?
          | href="(?:https?://|\#|\./|[A-Za-z0-9_-]+\.(?:json|pdf|typ|html)")[^"<>]*"?
        ))*\s*/?
    )>""",
    re.IGNORECASE | re.VERBOSE,
)
_TOKEN = re.compile(r"<[^>]*>?")
_STYLE = re.compile(r"<style>[^<]*</style>", re.IGNORECASE)
_REMOTE_STYLE = re.compile(r"url\(|@import|expression\(", re.IGNORECASE)


def problems_of(manifest: dict[str, Any], path: Path) -> list[Problem]:
    """What keeps the listed files of the manifest at ``path`` from being published."""
    problems = []
    for index, item in enumerate(manifest["artifacts"]):
        if not is_local(item):
            continue
        place, name = pointer("artifacts", index, "url"), item["url"]
        if not _NAME.fullmatch(name) or name in RESERVED:
            problems.append(
                Problem(
                    str(path), place, "REG041", repr(name),
                    "a plain file name ending in json, html, pdf, typ, txt, csv or md",
                    "Rename the file and publish the run again.",
                )
            )  # fmt: skip
            continue
        problems.extend(_file_problems(path, place, path.parent / name, item))
    return problems


def _file_problems(path: Path, place: str, file: Path, item: dict[str, Any]) -> list[Problem]:
    try:
        # A link could point out of the registry, so only a regular file counts.
        regular = stat.S_ISREG(file.lstat().st_mode)
    except OSError:
        regular = False
    if not regular:
        return [
            Problem(str(path), place, "REG041", f"no file {file.name} beside it", "the listed file", "Put it back."),
        ]
    data = file.read_bytes()
    found = sha256(data).hexdigest()
    if found != item["sha256"]:
        return [
            Problem(
                str(path), place, "REG041", f"{file.name} has {found}", str(item["sha256"]),
                "Put back the file as it was published.",
            )
        ]  # fmt: skip
    if file.suffix == ".html":
        found_at = active_content(data)
        if found_at is not None:
            return [
                Problem(
                    str(file), f"line {found_at}", "REG041", "markup that a report does not need",
                    "text, tables and links only", "Let 'srch run' write the report; do not edit it by hand.",
                )
            ]  # fmt: skip
    return []


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
    # A report repeats a few tags a thousand times: each is looked at once, and where it stands only if it is not safe.
    if all(_SAFE_TAG.fullmatch(token) for token in set(_TOKEN.findall(text))):
        return None
    position = text.find("<")
    while position >= 0:
        match = _SAFE_TAG.match(text, position)
        if match is None:
            return text.count("\n", 0, position) + 1
        position = text.find("<", match.end())
    return None


def listed(manifest: dict[str, Any]) -> list[FileFacts]:
    """The Files rows of a manifest's own files."""
    return [
        FileFacts(item["url"], item["label"], item["media_type"] or "", item["size"] or 0, item["sha256"] or "")
        for item in manifest["artifacts"]
        if is_local(item)
    ]


def place(source: Path, target: Path) -> None:
    """Put the same bytes at ``target``: a hard link where the file system allows one, else a copy."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)
