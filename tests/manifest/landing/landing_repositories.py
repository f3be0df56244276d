"""Real repositories to judge: one template, copied for each case, and the moves that a request is made of.

The base, ``main``, holds seven of the eight records of ``manifests/``, one landed event and a log. The eighth record is
what requests add.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from generator.manifest.canonical import sha256_bytes
from generator.manifest.log import entries
from generator.manifest.store import load_record
from generator.manifest.strict import load_json

ROOT = Path(__file__).parents[3]
NOW = "2027-01-01T00:00:00Z"
SCHEMA = "https://assignee.net/schemas/correction-event/1.0.0.json"

TREES = "manifests/E3/E3495244"
OTHER = "manifests/BA/BA6679DC"
NEW = "manifests/BB/BB99F7FF"
LANDED = f"{TREES}/corrections/2026-11-23-landed.yml"
LANDED_TITLE = "Trees and roofs compared"

# Git as a contributor has it, but the same on every machine and at every time.
ENVIRONMENT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A. Reader",
    "GIT_AUTHOR_EMAIL": "reader@example.org",
    "GIT_AUTHOR_DATE": "2026-12-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "A. Reader",
    "GIT_COMMITTER_EMAIL": "reader@example.org",
    "GIT_COMMITTER_DATE": "2026-12-01T00:00:00Z",
}


class Repo:
    """A working tree on the branch ``topic``, which a case turns into a request to ``main``."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def git(self, *arguments: str, given: bytes | None = None, fails: bool = False) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.path, env=ENVIRONMENT, input=given, capture_output=True, check=False
        )
        assert fails or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    def file(self, name: str) -> Path:
        return self.path / name

    def write(self, name: str, data: bytes | str) -> None:
        path = self.file(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)

    def edit(self, name: str, old: bytes, new: bytes) -> None:
        data = self.file(name).read_bytes()
        assert old in data
        self.write(name, data.replace(old, new, 1))

    def commit(self, message: str = "change") -> str:
        self.git("add", "--all", "--force")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.git("rev-parse", "HEAD")

    def switch(self, branch: str, *start: str) -> None:
        self.git("switch", "--quiet", *(("--create", branch, *start) if start else (branch,)))

    def merge(self, *branches: str, commit: bool = True) -> None:
        self.git("merge", "--quiet", "--no-ff", "--no-edit", *(() if commit else ("--no-commit",)), *branches)

    def add_record(self) -> None:
        shutil.copytree(ROOT / NEW, self.file(NEW), dirs_exist_ok=True)

    def add_event(self, folder: str = TREES, slug: str = "note", **changes: Any) -> str:
        """Write an event and return its path."""
        name = f"{changes.get('corrected_at', '2026-12-01T00:00:00Z')[:10]}-{slug}"
        path = f"{folder}/corrections/{name}.yml"
        self.write(path, event(folder, name, **changes))
        return path

    def log(self) -> None:
        """Write the log of what lies in the working tree, as it is on the main branch."""
        folder = self.file("manifests/log")
        held = entries.read(self.file("manifests"))
        known = {leaf.path for leaf in held}
        lines = [leaf.data for leaf in held]
        for path in sorted(self.file("manifests").glob("??/*/manifest.json")):
            record = load_record(path)
            place = f"{path.parent.parent.name}/{path.parent.name}"
            for version in record.versions:
                if version.event and f"{place}/corrections/{version.event.file}" not in known:
                    lines.append(entries.leaf(f"{place}/corrections/{version.event.file}", version.event.sha256))
                if entries.version_path(place, version.number) not in known:
                    lines.append(entries.leaf(entries.version_path(place, version.number), version.sha256))
        folder.mkdir(exist_ok=True)
        (folder / "entries.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))
        (folder / "checkpoint").write_text(f"example.org/log\n{len(lines)}\n{sha256_bytes(b''.join(lines))}\n", "utf-8")

    def land(self, branch: str) -> None:
        """Merge a request into ``main`` and log it, as the main branch does."""
        self.switch("main")
        self.merge(branch)
        self.log()
        self.commit("log")


def event(folder: str, name: str, **changes: Any) -> str:
    """The text of a valid event; ``changes`` replace its keys, ``None`` leaves one out."""
    said = {
        "schema": SCHEMA,
        "event_id": name,
        "record": f"SRCH:{folder.rpartition('/')[2]}",
        "corrected_at": "2026-12-01T00:00:00Z",
        "correction_type": "METADATA",
        "issued_by": "A. Reader",
        "reason": "The record says it otherwise.",
        "public_note": "A note for readers.",
        **changes,
    }
    return yaml.safe_dump({key: value for key, value in said.items() if value is not None}, sort_keys=False)


def replacing(path: str, before: Any, value: Any) -> list[dict[str, Any]]:
    return [{"op": "replace", "path": path, "before": before, "value": value}]


def title_of(folder: str) -> str:
    return str(load_json(ROOT / folder / "manifest.json")["work"]["title"])


def make_template(path: Path) -> None:
    """The base that every case begins from, with ``topic`` checked out at its tip."""
    path.mkdir(parents=True)
    repo = Repo(path)
    repo.git("init", "--quiet", "--initial-branch", "main")
    for name in ("commit.gpgSign", "gc.auto", "core.autocrlf", "core.ignoreCase"):
        repo.git("config", name, "0" if name == "gc.auto" else "false")
    tracked = subprocess.run(["git", "ls-files", "-z", "manifests"], cwd=ROOT, capture_output=True, check=False).stdout
    names = [name for name in tracked.decode().split("\0") if name] or [
        str(file.relative_to(ROOT)) for file in (ROOT / "manifests").rglob("*") if file.is_file()
    ]
    for name in names:
        if name.count("/") == 3 and not name.startswith(f"{NEW}/"):
            repo.write(name, (ROOT / name).read_bytes())
    repo.write("manifests/README.md", "# Records\n")
    repo.write(".gitattributes", "manifests/** -text\n")
    repo.write("generator/code.py", "ONE = 1\n")
    repo.commit("records")
    repo.add_event(
        slug="landed",
        corrected_at="2026-11-23T00:00:00Z",
        changes=replacing("/work/title", title_of(TREES), LANDED_TITLE),
    )
    repo.log()
    repo.commit("one event, and the log")
    repo.git("switch", "--quiet", "--create", "topic")
