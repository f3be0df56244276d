"""The same decision in whatever form a repository comes, and whatever its owner has configured."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from landing_repositories import LANDED_TITLE, NOW, OTHER, TREES, Repo, replacing

from generator.manifest.landing import git
from generator.manifest.landing.judge import Landing, judge
from generator.manifest.problems import UsageError
from generator.manifest.store import load_record

MANIFEST = f"{TREES}/manifest.json"


def decide(path: Path, base: str = "main", head: str = "topic", manifests: str = "manifests") -> Landing:
    return judge(path, base, head, manifests=Path(manifests), now=NOW)


def told(landing: Landing) -> list[tuple[str, str]]:
    return [(problem.code, problem.file) for problem in landing.problems]


def event_and_edit(repo: Repo) -> None:
    """On ``topic`` a good request, on ``bad`` one that edits."""
    repo.add_event()
    repo.commit()
    repo.switch("bad", "topic")
    repo.edit(MANIFEST, b'"sample": true', b'"sample": null')
    repo.commit()


def test_landing_says_what_would_land(repo: Repo):
    path = repo.add_event()
    repo.add_record()
    repo.write("generator/code.py", "ONE = 2\n")
    head = repo.commit()
    landing = decide(repo.path)
    assert landing.accepted
    assert landing.head == head
    assert landing.base == landing.merge_base == repo.git("rev-parse", "main")
    assert landing.tree == repo.git("rev-parse", "topic^{tree}")
    assert landing.records == ("manifests/BB/BB99F7FF/manifest.json",)
    assert landing.events == (path,)
    assert (landing.observations, landing.outside) == ((), 1)


def test_a_commit_is_named_where_the_end_shows_nothing(repo: Repo):
    repo.edit(MANIFEST, b'"sample": true', b'"sample": null')
    bad = repo.commit()
    repo.git("revert", "--no-edit", "HEAD")
    (problem,) = decide(repo.path).problems
    assert problem.text() == (
        f"REG080 {MANIFEST}: commit {bad[:12]}\n"
        "  found:    other bytes\n"
        "  expected: the file as it landed\n"
        "  to mend:  Take the file from the base branch again; what is wrong with a record is told by a correction."
    )


def test_a_renamed_file_is_told_with_its_new_place(repo: Repo):
    repo.git("mv", MANIFEST, "manifest-of-trees.json")
    repo.commit()
    (problem,) = decide(repo.path).problems
    assert (problem.code, problem.file, problem.found) == (
        "REG081",
        MANIFEST,
        "the file moved to manifest-of-trees.json",
    )


@pytest.mark.parametrize("form", ["bare", "worktree", "borrowing", "packed", "below"])
def test_every_form_of_repository(repo: Repo, form: str):
    event_and_edit(repo)
    there, manifests = Path(f"{repo.path}-{form}"), "manifests"
    if form == "bare":
        repo.git("clone", "--quiet", "--bare", ".", str(there))
    elif form == "worktree":
        repo.git("worktree", "add", "--quiet", str(there), "main")
    elif form == "borrowing":
        repo.git("clone", "--quiet", "--bare", "--shared", ".", str(there))
        repo.write("../repository-borrowing/objects/info/alternates", "../../repository/.git/objects\n")
    elif form == "packed":
        repo.git("repack", "-a", "-d", "--quiet")
        repo.git("pack-refs", "--all")
        repo.git("commit-graph", "write", "--reachable")
        there = repo.path
    else:
        there, manifests = repo.path / "generator", "../manifests"
    assert decide(there, manifests=manifests).accepted
    assert told(decide(there, head="bad", manifests=manifests)) == [("REG080", MANIFEST)]


def test_a_repository_of_sha_256(repo: Repo, tmp_path: Path):
    event_and_edit(repo)
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "--quiet", "--object-format", "sha256", "--initial-branch", "main")
    for branch in ("main", "topic", "bad"):
        if branch != "main":
            other.switch(branch, "HEAD")
        shutil.rmtree(other.file("manifests"), ignore_errors=True)
        repo.switch(branch)
        shutil.copytree(repo.file("manifests"), other.file("manifests"))
        other.commit()
    landing = decide(other.path)
    assert landing.accepted
    assert len(landing.tree or "") == 64
    assert told(decide(other.path, head="bad")) == [("REG080", MANIFEST)]


def test_records_at_the_top_of_their_repository(repo: Repo, tmp_path: Path):
    other = Repo(tmp_path / "other")
    shutil.copytree(repo.file("manifests"), other.path)
    other.git("init", "--quiet", "--initial-branch", "main")
    other.commit()
    other.switch("topic", "main")
    other.write(repo.add_event().removeprefix("manifests/"), repo.file(repo.add_event()).read_bytes())
    other.commit()
    assert decide(other.path, manifests=".").accepted
    other.edit(MANIFEST.removeprefix("manifests/"), b'"sample": true', b'"sample": null')
    other.commit()
    assert told(decide(other.path, manifests=".")) == [("REG080", MANIFEST.removeprefix("manifests/"))]


def trap(folder: Path) -> tuple[Path, Path]:
    """A program that leaves a file when it is run, and the file."""
    marker, script = folder / "it-ran", folder / "trap.sh"
    script.write_text(f"#!/bin/sh\ntouch '{marker}'\n", encoding="utf-8")
    script.chmod(0o755)
    return script, marker


def test_configured_programs_do_not_run(repo: Repo, tmp_path: Path):
    event_and_edit(repo)
    repo.switch("main")
    repo.add_event(OTHER)
    repo.commit()
    script, marker = trap(tmp_path)
    repo.write(".git/info/attributes", "* merge=mine diff=mine filter=mine\n")
    attributes = tmp_path / "attributes"
    attributes.write_text("* merge=mine diff=mine filter=mine\n", encoding="utf-8")
    for name, value in {
        "core.fsmonitor": str(script),
        "core.attributesFile": str(attributes),
        "core.sshCommand": str(script),
        "core.pager": str(script),
        "core.hooksPath": str(tmp_path),
        "credential.helper": str(script),
        "diff.external": str(script),
        "diff.mine.textconv": str(script),
        "diff.mine.command": str(script),
        "merge.mine.driver": f"{script} %O %A %B",
        "filter.mine.clean": str(script),
        "filter.mine.smudge": str(script),
        "alias.rev-parse": f"!{script}",
        "alias.diff-tree": f"!{script}",
        "core.useReplaceRefs": "true",
        "diff.renames": "copies",
        "merge.renames": "false",
        "core.quotePath": "true",
        "core.abbrev": "4",
    }.items():
        repo.git("config", name, value)
    assert decide(repo.path).accepted
    assert told(decide(repo.path, head="bad")) == [("REG080", MANIFEST)]
    assert not marker.exists()


def test_the_environment_does_not_steer(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    event_and_edit(repo)
    script, marker = trap(tmp_path)
    other = Repo(tmp_path / "other")
    other.path.mkdir()
    other.git("init", "--quiet", "--initial-branch", "main")
    settings = tmp_path / "settings"
    settings.write_text(f"[core]\n\tfsmonitor = {script}\n[diff]\n\texternal = {script}\n", encoding="utf-8")
    for name, value in {
        "GIT_DIR": str(other.file(".git")),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(other.file(".git/objects")),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(tmp_path),
        "GIT_COMMON_DIR": str(other.file(".git")),
        "GIT_EXTERNAL_DIFF": str(script),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "diff.external",
        "GIT_CONFIG_VALUE_0": str(script),
        "GIT_REPLACE_REF_BASE": "refs/heads/",
        "GIT_GRAFT_FILE": str(tmp_path / "grafts"),
        "GIT_SHALLOW_FILE": str(tmp_path / "shallow"),
        "GIT_ATTR_SOURCE": "bad",
        "GIT_TRACE": str(tmp_path / "trace"),
        "GIT_PAGER": str(script),
        "GIT_NAMESPACE": "other",
        "LC_ALL": "de_DE.UTF-8",
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "grafts").write_text(f"{'1' * 40}\n", encoding="ascii")
    (tmp_path / "shallow").write_text(f"{'1' * 40}\n", encoding="ascii")
    assert decide(repo.path).accepted
    assert told(decide(repo.path, head="bad")) == [("REG080", MANIFEST)]
    assert not marker.exists()
    assert not (tmp_path / "trace").exists()


def test_nothing_is_written_into_the_judged_repository(repo: Repo):
    event_and_edit(repo)
    repo.switch("main")
    repo.add_event(OTHER)
    repo.commit()

    def state() -> dict[str, tuple[int, int]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in repo.path.rglob("*") if path.is_file()
        }

    before = state()
    decide(repo.path)
    decide(repo.path, head="bad")
    assert state() == before


@pytest.mark.parametrize("order", ["one two", "two one"])
def test_requests_on_different_facts_land_in_either_order(repo: Repo, tmp_path: Path, order: str):
    """The current view is, byte for byte, the one that the other order gives."""
    views = []
    for turn, branches in enumerate((order.split(), order.split()[::-1])):
        place = Repo(tmp_path / f"turn-{turn}")
        shutil.copytree(repo.path, place.path, symlinks=True)
        title = replacing("/work/title", LANDED_TITLE, "Roofs first")
        question = place.git("show", f"main:{MANIFEST}")
        old = load_record(place.file(MANIFEST)).manifest["work"]["research_question"]
        assert old in question
        place.switch("one", "main")
        place.add_event(slug="one", corrected_at="2026-12-02T00:00:00Z", changes=title)
        place.commit()
        place.switch("two", "main")
        place.add_event(slug="two", changes=replacing("/work/research_question", old, "Which cools more?"))
        place.commit()
        for branch in branches:
            assert decide(place.path, head=branch).accepted
            place.land(branch)
        record = load_record(place.file(MANIFEST))
        assert [event.id[11:] for event in record.events] == ["landed", *branches]
        views.append(record.current.data)
    assert views[0] == views[1]


@pytest.mark.parametrize("logged", [True, False])
@pytest.mark.parametrize("order", ["one two", "two one"])
def test_the_second_of_two_requests_on_one_fact_is_refused(repo: Repo, order: str, logged: bool):
    """Whichever lands second, even when it bears the earlier date, and even before the first one is logged."""
    first, second = order.split()
    for day, name in enumerate(("one", "two"), 1):
        repo.switch(name, "main")
        change = replacing("/work/title", LANDED_TITLE, f"Title {name}")
        repo.add_event(slug=name, corrected_at=f"2026-12-0{day}T00:00:00Z", changes=change)
        repo.commit()
    assert decide(repo.path, head=first).accepted
    assert decide(repo.path, head=second).accepted
    if logged:
        repo.land(first)
    else:
        repo.switch("main")
        repo.merge(first)
    days = {"one": "2026-12-01", "two": "2026-12-02"}
    (problem,) = decide(repo.path, head=second).problems
    assert (problem.code, problem.file) == ("REG063", f"{TREES}/corrections/{days[second]}-{second}.yml")
    assert problem.expected == f'the value that /work/title holds now, "Title {first}"'


def test_the_judge_is_the_code_that_runs(repo: Repo):
    """A request that brings its own rules and its own gate is judged by these."""
    repo.write("generator/manifest/landing/judge.py", "def judge(*_, **__): return None\n")
    repo.write("schemas/paper-manifest-v1.1.json", "{}\n")
    repo.edit(MANIFEST, b'"sample": true', b'"sample": null')
    repo.commit()
    assert told(decide(repo.path)) == [("REG080", MANIFEST)]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("nowhere", "topic"), '--base "nowhere": no such commit in {path}; fetch it first'),
        (("main", "--all"), '--head "--all": no such commit in {path}; fetch it first'),
        (("main", "1" * 40), f'--head "{"1" * 40}": no such commit in {{path}}; fetch it first'),
        (("main", f"main:{MANIFEST}"), f'--head "main:{MANIFEST}": no such commit in {{path}}; fetch it first'),
    ],
)
def test_names_of_no_commit(repo: Repo, arguments: tuple[str, str], line: str):
    with pytest.raises(UsageError) as raised:
        decide(repo.path, *arguments)
    assert str(raised.value) == line.format(path=repo.path)


def test_no_repository(tmp_path: Path):
    with pytest.raises(UsageError) as raised:
        decide(tmp_path)
    assert str(raised.value).startswith(f"{tmp_path}: not a git repository")
    with pytest.raises(UsageError) as raised:
        decide(tmp_path / "none")
    assert str(raised.value) == f"{tmp_path / 'none'}: no such folder"


def test_folder_outside_the_repository(repo: Repo):
    with pytest.raises(UsageError) as raised:
        decide(repo.path, manifests="../manifests")
    assert str(raised.value) == f"../manifests: outside the repository {repo.path}"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("git version 2.37.9", 'git 2.38 or newer is needed to judge a request; this is "git version 2.37.9"'),
        ("", 'git 2.38 or newer is needed to judge a request; this is ""'),
    ],
)
def test_git_that_is_too_old(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, line: str):
    (tmp_path / "bin").mkdir()
    old = tmp_path / "bin" / "git"
    old.write_text(f"#!/bin/sh\necho '{answer}'\n", encoding="utf-8")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(UsageError) as raised:
        decide(repo.path)
    assert str(raised.value) == line


def test_no_git_at_all(repo: Repo, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(repo.path))
    with pytest.raises(UsageError) as raised:
        decide(repo.path)
    assert str(raised.value) == "git cannot be run: no such file or directory"


def test_the_scratch_folder_is_removed(repo: Repo):
    with git.Repository(repo.path) as repository:
        scratch = repository.scratch
        assert scratch.is_dir()
    assert not scratch.parent.exists()
