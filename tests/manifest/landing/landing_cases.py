"""The battery: pull requests by name, each with the decision that is right.

A case changes the repository, whose branch ``topic`` stands at the tip of ``main``, and names what must be told: a set
of (code, file), empty for a request that is accepted.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from landing_repositories import (
    LANDED,
    LANDED_TITLE,
    NEW,
    OTHER,
    ROOT,
    TREES,
    Repo,
    event,
    replacing,
    title_of,
)

Told = set[tuple[str, str]]
MANIFEST = f"{TREES}/manifest.json"
FILES = ("manifest.json", "report.html", "report.pdf", "run.json")


@dataclass(frozen=True)
class Case:
    """A request. ``base`` and ``head`` are names of commits."""

    name: str
    make: Callable[[Repo], None]
    refused: frozenset[tuple[str, str]]
    base: str = "main"
    head: str = "topic"


CASES: list[Case] = []


def accepted(make: Callable[[Repo], None]) -> Callable[[Repo], None]:
    CASES.append(Case(make.__name__.replace("_", " "), make, frozenset()))
    return make


def refused(*told: tuple[str, str], base: str = "main", head: str = "topic") -> Callable[..., Callable[[Repo], None]]:
    def register(make: Callable[[Repo], None]) -> Callable[[Repo], None]:
        CASES.append(Case(make.__name__.replace("_", " "), make, frozenset(told), base, head))
        return make

    return register


def edit_manifest(repo: Repo) -> None:
    repo.edit(MANIFEST, b'"sample": true', b'"sample": null')


# What only adds


@accepted
def nothing_at_all(repo: Repo) -> None:
    pass


@accepted
def head_behind_the_base(repo: Repo) -> None:
    repo.git("reset", "--quiet", "--hard", "main~1")


@accepted
def event_added(repo: Repo) -> None:
    repo.add_event(changes=replacing("/work/title", LANDED_TITLE, "Roofs and trees compared"))
    repo.commit()


@accepted
def note_that_changes_nothing(repo: Repo) -> None:
    repo.add_event(notice="expression_of_concern")
    repo.commit()


@accepted
def events_of_two_records_in_two_commits(repo: Repo) -> None:
    repo.add_event(OTHER)
    repo.commit()
    repo.add_event(TREES)
    repo.commit()


@accepted
def event_on_the_day_of_the_record(repo: Repo) -> None:
    repo.add_event(OTHER, corrected_at="2026-11-22T00:00:00Z")
    repo.commit()


@accepted
def event_at_this_very_moment(repo: Repo) -> None:
    repo.add_event(corrected_at="2027-01-01T00:00:00Z")
    repo.commit()


@accepted
def record_added(repo: Repo) -> None:
    repo.add_record()
    repo.commit()


@accepted
def record_added_with_an_event(repo: Repo) -> None:
    repo.add_record()
    repo.add_event(NEW, changes=replacing("/work/title", title_of(NEW), "Another title"))
    repo.commit()


def two_events_of_which_the_first_is_not_logged(repo: Repo, day: str) -> None:
    repo.switch("main")
    repo.add_event(slug="waits", changes=replacing("/work/title", LANDED_TITLE, "Second title"))
    repo.commit("landed, and not logged yet")
    repo.switch("topic")
    repo.merge("main")
    changes = replacing("/work/title", "Second title", "Third title")
    repo.add_event(slug="on-top", corrected_at=f"{day}T00:00:00Z", changes=changes)
    repo.commit()


@accepted
def event_on_top_of_one_that_is_not_logged_yet(repo: Repo) -> None:
    two_events_of_which_the_first_is_not_logged(repo, "2026-12-31")


# until the log is appended events stand by date, and so they would be appended
@refused(("REG063", f"{TREES}/corrections/2026-11-22-on-top.yml"))
def event_on_top_of_one_that_is_not_logged_yet_and_bears_a_later_date(repo: Repo) -> None:
    two_events_of_which_the_first_is_not_logged(repo, "2026-11-22")


def lift_of_a_notice_that_is_not_logged(repo: Repo, day: str) -> None:
    repo.switch("main")
    repo.add_event(slug="concern", corrected_at="2026-12-01T00:00:00Z", notice="expression_of_concern")
    repo.commit("landed, and not logged yet")
    repo.switch("topic")
    repo.merge("main")
    repo.add_event(slug="lift", corrected_at=f"{day}T00:00:00Z", lifts="2026-12-01-concern")
    repo.commit()


@accepted
def lift_of_a_notice_that_is_not_logged_yet(repo: Repo) -> None:
    lift_of_a_notice_that_is_not_logged(repo, "2026-12-02")


@refused(("REG063", f"{TREES}/corrections/2026-11-30-lift.yml"))
def lift_dated_before_a_notice_that_is_not_logged_yet(repo: Repo) -> None:
    lift_of_a_notice_that_is_not_logged(repo, "2026-11-30")


@refused(("REG085", f"{TREES}/corrections/2026-12-01-{'a' * 200}.yml"))
def event_with_a_name_that_the_site_could_not_write(repo: Repo) -> None:
    repo.add_event(slug="a" * 200, corrected_at="2026-12-01T00:00:00Z")
    repo.commit()


@accepted
def record_added_that_takes_the_place_of_another(repo: Repo) -> None:
    repo.add_record()
    repo.add_event(notice="new_version", replaced_by=f"SRCH:{NEW.rpartition('/')[2]}")
    repo.commit()


@accepted
def base_has_moved_on(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    repo.add_event(OTHER)
    repo.log()
    repo.commit()


@accepted
def merge_of_the_base_into_the_branch(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    repo.add_event(OTHER)
    repo.log()
    repo.commit()
    repo.switch("topic")
    repo.merge("main")


@accepted
def octopus_that_only_adds(repo: Repo) -> None:
    for name in ("one", "two", "three"):
        repo.switch(name, "main")
        repo.add_event(slug=name)
        repo.commit()
    repo.switch("topic")
    repo.merge("one", "two", "three")


@accepted
def rework_of_its_own_event(repo: Repo) -> None:
    path = repo.add_event()
    repo.commit()
    repo.edit(path, b"A note for readers.", b"A better note.")
    repo.commit()


@accepted
def own_event_renamed_and_own_record_removed(repo: Repo) -> None:
    path = repo.add_event()
    repo.add_record()
    repo.commit()
    repo.file(path).unlink()
    shutil.rmtree(repo.file(NEW))
    repo.add_event(slug="other-name")
    repo.commit()


@accepted
def code_only(repo: Repo) -> None:
    repo.write("generator/code.py", "ONE = 2\n")
    repo.write("generator/new.py", "")
    repo.commit()


@accepted
def code_and_an_event(repo: Repo) -> None:
    repo.write("generator/code.py", "ONE = 2\n")
    repo.add_event()
    repo.commit()


@accepted
def thousand_events(repo: Repo) -> None:
    add_thousand(repo)
    repo.commit()


def add_thousand(repo: Repo) -> None:
    """Spread over all records, each on top of the one before it."""
    folders = sorted(path.parent for path in repo.file("manifests").glob("??/*/manifest.json"))
    titles = [
        LANDED_TITLE if folder == repo.file(TREES) else title_of(str(folder.relative_to(repo.path)))
        for folder in folders
    ]
    for number in range(1000):
        at, turn = number % len(folders), number // len(folders)
        folder = str(folders[at].relative_to(repo.path))
        title = f"Title {turn}"
        repo.add_event(
            folder,
            slug=f"note-{turn:03}",
            corrected_at=f"2026-12-01T{turn // 60:02}:{turn % 60:02}:00Z",
            changes=replacing("/work/title", titles[at], title),
        )
        titles[at] = title


# Landed files edited


@refused(("REG080", MANIFEST))
def manifest_edited(repo: Repo) -> None:
    edit_manifest(repo)
    repo.commit()


@refused(("REG080", f"{TREES}/report.html"))
def one_byte_edited(repo: Repo) -> None:
    repo.edit(f"{TREES}/report.html", b"e", b"o")
    repo.commit()


@refused(("REG080", MANIFEST))
def manifest_written_again_in_other_bytes(repo: Repo) -> None:
    repo.write(MANIFEST, json.dumps(json.loads(repo.file(MANIFEST).read_bytes())))
    repo.commit()


@refused(("REG080", MANIFEST))
def line_ends_of_a_landed_file_rewritten(repo: Repo) -> None:
    repo.write(MANIFEST, repo.file(MANIFEST).read_bytes().replace(b"\n", b"\r\n"))
    repo.commit()


@refused(("REG080", LANDED))
def event_edited(repo: Repo) -> None:
    repo.edit(LANDED, b"A note for readers.", b"Another note.")
    repo.commit()


@refused(("REG080", LANDED), ("REG089", "manifests/log/entries.jsonl"), ("REG089", "manifests/log/checkpoint"))
def event_edited_and_its_log_line_hashed_again(repo: Repo) -> None:
    repo.edit(LANDED, b"A note for readers.", b"Another note.")
    repo.file("manifests/log/entries.jsonl").unlink()
    repo.log()
    repo.commit()


@refused(("REG080", MANIFEST))
def edited_beside_a_good_event(repo: Repo) -> None:
    repo.add_event()
    edit_manifest(repo)
    repo.commit()


@refused(("REG080", "manifests/README.md"))
def words_about_the_records_edited(repo: Repo) -> None:
    repo.write("manifests/README.md", "# Nothing here is true\n")
    repo.commit()


# Removed and renamed


@refused(("REG081", MANIFEST))
def manifest_removed(repo: Repo) -> None:
    repo.file(MANIFEST).unlink()
    repo.commit()


@refused(*(("REG081", f"{OTHER}/{name}") for name in FILES))
def folder_of_a_record_removed(repo: Repo) -> None:
    shutil.rmtree(repo.file(OTHER))
    repo.commit()


@refused(("REG081", MANIFEST), ("REG084", f"{TREES}/manifest-1.json"))
def manifest_renamed(repo: Repo) -> None:
    repo.file(MANIFEST).rename(repo.file(f"{TREES}/manifest-1.json"))
    repo.commit()


@refused(*(("REG081", f"{OTHER}/{name}") for name in FILES))
def record_moved_out_of_the_registry(repo: Repo) -> None:
    shutil.move(repo.file(OTHER), repo.file("attic"))
    repo.commit()


@refused(("REG081", LANDED))
def event_removed(repo: Repo) -> None:
    repo.file(LANDED).unlink()
    repo.commit()


@refused(("REG081", LANDED), ("REG062", f"{TREES}/corrections/2026-11-23-renamed.yml"))
def event_renamed(repo: Repo) -> None:
    repo.file(LANDED).rename(repo.file(f"{TREES}/corrections/2026-11-23-renamed.yml"))
    repo.commit()


@refused(("REG081", MANIFEST), ("REG084", f"{MANIFEST}/manifest.json"))
def folder_in_the_place_of_a_manifest(repo: Repo) -> None:
    data = repo.file(MANIFEST).read_bytes()
    repo.file(MANIFEST).unlink()
    repo.write(f"{MANIFEST}/manifest.json", data)
    repo.commit()


# Modes, links, submodules


@refused(("REG082", MANIFEST))
def manifest_made_executable(repo: Repo) -> None:
    repo.git("update-index", "--chmod=+x", MANIFEST)
    repo.git("commit", "--quiet", "--message", "mode")


@refused(("REG082", f"{TREES}/corrections/2026-12-01-note.yml"))
def executable_event_added(repo: Repo) -> None:
    repo.file(repo.add_event()).chmod(0o755)
    repo.commit()


@refused(("REG083", MANIFEST))
def manifest_replaced_by_a_link(repo: Repo) -> None:
    repo.write(f"{NEW}.json", repo.file(MANIFEST).read_bytes())
    repo.file(f"{NEW}.json").rename(repo.file("copy.json"))
    repo.file(MANIFEST).unlink()
    repo.file(MANIFEST).symlink_to("../../../copy.json")
    repo.commit()


@refused(*(("REG081", f"{OTHER}/{name}") for name in FILES), ("REG083", OTHER))
def folder_of_a_record_replaced_by_a_link(repo: Repo) -> None:
    shutil.move(repo.file(OTHER), repo.file("elsewhere"))
    repo.file(OTHER).symlink_to("../../elsewhere")
    repo.commit()


@refused(("REG083", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_that_is_a_link(repo: Repo) -> None:
    repo.file(f"{TREES}/corrections/2026-12-01-note.yml").symlink_to("2026-11-23-landed.yml")
    repo.commit()


@refused(("REG083", f"{OTHER}/corrections"))
def submodule_in_a_record(repo: Repo) -> None:
    commit = repo.git("rev-parse", "HEAD")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{OTHER}/corrections")
    repo.git("commit", "--quiet", "--message", "submodule")


@refused(*(("REG081", f"{OTHER}/{name}") for name in FILES), ("REG083", OTHER), ("REG089", ".gitmodules"))
def record_replaced_by_a_submodule(repo: Repo) -> None:
    shutil.rmtree(repo.file(OTHER))
    repo.write(".gitmodules", f'[submodule "x"]\n\tpath = {OTHER}\n\turl = https://example.org/x\n')
    repo.git("add", "--all")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{repo.git('rev-parse', 'HEAD')},{OTHER}")
    repo.git("commit", "--quiet", "--message", "submodule")


# Names


@refused(("REG085", "manifests/e3"), ("REG084", "manifests/e3/E3495244/corrections/2026-12-01-note.yml"))
def folder_that_differs_in_case_only(repo: Repo) -> None:
    repo.write("manifests/e3/E3495244/corrections/2026-12-01-note.yml", event(TREES, "2026-12-01-note"))
    repo.commit()


@refused(("REG085", f"{TREES}/Manifest.json"))
def file_that_differs_in_case_only(repo: Repo) -> None:
    repo.write(f"{TREES}/Manifest.json", repo.file(MANIFEST).read_bytes())
    repo.commit()


@refused(("REG085", "Manifests"))
def registry_that_differs_in_case_only(repo: Repo) -> None:
    repo.write(f"Manifests/{TREES.partition('/')[2]}/manifest.json", b"{}\n")
    repo.commit()


@refused(
    *(("REG085", f"{TREES}/corrections/2026-12-01-caf{last}.yml") for last in ("\u00e9", "e\u0301")),
)
def names_that_differ_in_how_an_accent_is_written(repo: Repo) -> None:
    for form in ("NFC", "NFD"):
        name = unicodedata.normalize(form, "2026-12-01-caf\u00e9")
        repo.write(f"{TREES}/corrections/{name}.yml", event(TREES, name))
    repo.commit()


@refused(("REG085", f"{TREES}/corrections/2026-12-01-n\u043ete.yml"))
def letter_of_another_alphabet(repo: Repo) -> None:
    name = "2026-12-01-n\u043ete"
    repo.write(f"{TREES}/corrections/{name}.yml", event(TREES, name))
    repo.commit()


@refused(("REG085", MANIFEST))
def tree_that_holds_a_name_twice(repo: Repo) -> None:
    """Such a tree cannot be made by ``git add``; the second entry is what some readers take."""
    blob = repo.git("hash-object", "-w", "--stdin", given=b"{}\n")
    lines = repo.git("ls-tree", f"HEAD:{TREES}").splitlines()
    at = next(index for index, line in enumerate(lines) if line.endswith("\tmanifest.json"))
    lines.insert(at + 1, f"100644 blob {blob}\tmanifest.json")
    oid = raw_tree(repo, lines)
    for folder in ("manifests/E3", "manifests", ""):
        name = {"manifests/E3": "E3495244", "manifests": "E3", "": "manifests"}[folder]
        entries = repo.git("ls-tree", f"HEAD:{folder}").splitlines()
        oid = raw_tree(repo, [f"040000 tree {oid}\t{name}" if line.endswith(f"\t{name}") else line for line in entries])
    commit = repo.git("commit-tree", oid, "-p", "HEAD", "-m", "twice")
    repo.git("update-ref", "refs/heads/topic", commit)


def raw_tree(repo: Repo, lines: list[str]) -> str:
    data = b""
    for line in lines:
        about, _, name = line.partition("\t")
        mode, _, oid = about.split(" ")
        data += f"{mode.lstrip('0')} {name}\0".encode() + bytes.fromhex(oid)
    return repo.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", given=data)


@refused(("REG084", f"{TREES}/.git.json"), ("REG084", f"{TREES}/corrections/.git"))
def names_like_those_of_git(repo: Repo) -> None:
    repo.write(f"{TREES}/.git.json", "{}\n")
    blob = repo.git("hash-object", "-w", "--stdin", given=b"[core]\n")
    repo.git("add", "--all")
    repo.git("-c", "core.protectHFS=false", "commit", "--quiet", "--message", "names")
    lines = repo.git("ls-tree", f"HEAD:{TREES}/corrections").splitlines()
    oid = raw_tree(repo, [f"100644 blob {blob}\t.git", *lines])
    parts = [*TREES.split("/"), "corrections"]
    while parts:
        name = parts.pop()
        entries = repo.git("ls-tree", f"HEAD:{'/'.join(parts)}").splitlines()
        oid = raw_tree(repo, [f"040000 tree {oid}\t{name}" if line.endswith(f"\t{name}") else line for line in entries])
    repo.git("update-ref", "refs/heads/topic", repo.git("commit-tree", oid, "-p", "main", "-m", "names"))


# Attributes and the log


@refused(("REG089", ".gitattributes"))
def attributes_of_the_repository_changed(repo: Repo) -> None:
    repo.write(".gitattributes", "manifests/** text eol=crlf\n")
    # only this file: the attributes would make "git add --all" take the others for changed
    repo.git("add", ".gitattributes")
    repo.git("commit", "--quiet", "--message", "attributes")


@refused(("REG089", "manifests/.gitattributes"))
def attributes_of_the_registry_added(repo: Repo) -> None:
    repo.write("manifests/.gitattributes", "* text eol=crlf\n")
    # only this file: the attributes would make "git add --all" take the others for changed
    repo.git("add", "manifests/.gitattributes")
    repo.git("commit", "--quiet", "--message", "attributes")


@refused(("REG089", f"{TREES}/corrections/.GitAttributes"))
def attributes_of_a_record_added(repo: Repo) -> None:
    repo.write(f"{TREES}/corrections/.GitAttributes", "* ident\n")
    repo.commit()


@refused(("REG089", "manifests/log/checkpoint"))
def checkpoint_changed(repo: Repo) -> None:
    repo.write("manifests/log/checkpoint", "example.org/log\n0\nAAAA\n")
    repo.commit()


@refused(("REG089", "manifests/log/entries.jsonl"), ("REG089", "manifests/log/checkpoint"))
def log_appended_by_the_request(repo: Repo) -> None:
    repo.add_event(OTHER)
    repo.log()
    repo.commit()


@refused(("REG089", "manifests/log/key"))
def key_of_the_log_added(repo: Repo) -> None:
    repo.write("manifests/log/key", "example.org/log+00000000+AAAA\n")
    repo.commit()


@refused(("REG089", "manifests/log/checkpoint"))
def checkpoint_changed_and_put_back(repo: Repo) -> None:
    before = repo.file("manifests/log/checkpoint").read_bytes()
    repo.write("manifests/log/checkpoint", "example.org/log\n0\nAAAA\n")
    repo.commit()
    repo.write("manifests/log/checkpoint", before)
    repo.commit()


# What is added, and where


@refused(("REG086", f"{TREES}/corrections/2027-01-01-note.yml"))
def event_dated_in_the_future(repo: Repo) -> None:
    repo.add_event(corrected_at="2027-01-01T00:00:01Z")
    repo.commit()


@refused(("REG086", f"{TREES}/corrections/2026-11-21-note.yml"))
def event_dated_before_its_record(repo: Repo) -> None:
    repo.add_event(corrected_at="2026-11-21T23:59:59Z")
    repo.commit()


@refused(("REG084", f"{TREES}/corrections/note.yml"), ("REG084", f"{TREES}/corrections/2026-12-01-a.yaml"))
def events_with_other_names(repo: Repo) -> None:
    repo.write(f"{TREES}/corrections/note.yml", event(TREES, "2026-12-01-note"))
    repo.write(f"{TREES}/corrections/2026-12-01-a.yaml", event(TREES, "2026-12-01-a"))
    repo.commit()


@refused(("REG062", f"{TREES}/corrections/2026-12-02-note.yml"))
def event_whose_date_is_not_its_name(repo: Repo) -> None:
    repo.write(f"{TREES}/corrections/2026-12-02-note.yml", event(TREES, "2026-12-02-note"))
    repo.commit()


@refused(("REG062", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_of_another_record(repo: Repo) -> None:
    repo.add_event(record="SRCH:BA6679DC")
    repo.commit()


@refused(("REG062", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_with_carriage_returns(repo: Repo) -> None:
    path = repo.add_event()
    repo.write(path, repo.file(path).read_bytes().replace(b"\n", b"\r\n"))
    repo.commit()


@refused(("REG002", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_with_a_byte_order_mark(repo: Repo) -> None:
    path = repo.add_event()
    repo.write(path, b"\xef\xbb\xbf" + repo.file(path).read_bytes())
    repo.commit()


@refused(("REG003", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_that_is_no_yaml(repo: Repo) -> None:
    repo.write(f"{TREES}/corrections/2026-12-01-note.yml", "a: [\n")
    repo.commit()


@refused(("REG063", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_with_another_value_before(repo: Repo) -> None:
    repo.add_event(changes=replacing("/work/title", title_of(TREES), "Another title"))
    repo.commit()


@refused(("REG067", f"{TREES}/corrections/2026-12-01-note.yml"))
def successor_that_is_not_there(repo: Repo) -> None:
    repo.add_event(notice="new_version", replaced_by=f"SRCH:{NEW.rpartition('/')[2]}")
    repo.commit()


@refused(("REG065", f"{TREES}/corrections/2026-12-01-note.yml"))
def event_that_sets_the_tier(repo: Repo) -> None:
    tier = json.loads(repo.file(MANIFEST).read_bytes())["quality_assessment"]["tier"]["tier"]
    repo.add_event(changes=replacing("/quality_assessment/tier/tier", tier, "FLAGSHIP_CANDIDATE"))
    repo.commit()


@refused(("REG084", "manifests/AA/AAAAAAAA/corrections/2026-12-01-note.yml"))
def event_in_a_folder_without_a_manifest(repo: Repo) -> None:
    repo.add_event("manifests/AA/AAAAAAAA")
    repo.commit()


@refused(("REG084", f"{TREES}/extra.json"), ("REG084", f"{TREES}/corrections/old/2026-12-01-a.yml"))
def more_files_in_a_landed_record(repo: Repo) -> None:
    repo.write(f"{TREES}/extra.json", "{}\n")
    repo.write(f"{TREES}/corrections/old/2026-12-01-a.yml", event(TREES, "2026-12-01-a"))
    repo.commit()


@refused(("REG084", f"{NEW}/notes.txt"), ("REG084", f"{NEW}/v2/manifest.json"))
def new_record_with_files_that_it_does_not_list(repo: Repo) -> None:
    repo.add_record()
    repo.write(f"{NEW}/notes.txt", "notes\n")
    repo.write(f"{NEW}/v2/manifest.json", "{}\n")
    repo.commit()


@refused(("REG041", f"{NEW}/manifest.json"))
def new_record_without_a_file_that_it_lists(repo: Repo) -> None:
    repo.add_record()
    repo.file(f"{NEW}/report.pdf").unlink()
    repo.commit()


@refused(("REG020", "manifests/AA/AAAAAAAA/manifest.json"))
def new_record_in_the_folder_of_another_id(repo: Repo) -> None:
    shutil.copytree(ROOT / NEW, repo.file("manifests/AA/AAAAAAAA"))
    repo.commit()


@refused(("REG021", f"{TREES}0/manifest.json"), ("REG020", f"{TREES}0/manifest.json"))
def landed_record_again_under_a_longer_id(repo: Repo) -> None:
    repo.write(f"{TREES}0/manifest.json", repo.file(MANIFEST).read_bytes())
    for name in FILES:
        repo.write(f"{TREES}0/{name}", repo.file(f"{TREES}/{name}").read_bytes())
    repo.commit()


@refused(("REG031", f"{NEW}/manifest.json"))
def new_record_that_the_rules_reject(repo: Repo) -> None:
    repo.add_record()
    tier = json.loads(repo.file(f"{NEW}/manifest.json").read_bytes())["quality_assessment"]["tier"]["tier"]
    better = "WATCHLIST" if tier != "WATCHLIST" else "PUBLIC_RECORD"
    # the last one: the others stand in the table of the rules
    first, _, last = repo.file(f"{NEW}/manifest.json").read_bytes().rpartition(f'"tier": "{tier}"'.encode())
    repo.write(f"{NEW}/manifest.json", first + f'"tier": "{better}"'.encode() + last)
    repo.commit()


@refused(("REG084", "manifests/notes.md"), ("REG084", "manifests/observations/latest.json"))
def files_beside_the_records(repo: Repo) -> None:
    repo.write("manifests/notes.md", "notes\n")
    repo.write("manifests/observations/latest.json", "{}\n")
    repo.commit()


@refused(("REG063", f"{OTHER}/corrections/2026-12-02-bad.yml"))
def thousand_events_and_a_bad_one(repo: Repo) -> None:
    add_thousand(repo)
    bad = replacing("/work/abstract", "not this", "but that")
    repo.add_event(OTHER, slug="bad", corrected_at="2026-12-02T00:00:00Z", changes=bad)
    repo.commit()


@refused(*(("REG080", f"{folder}/{name}") for folder in (TREES, OTHER) for name in FILES))
def every_file_of_two_records_edited_beside_a_thousand_events(repo: Repo) -> None:
    add_thousand(repo)
    for folder in (TREES, OTHER):
        for name in FILES:
            repo.write(f"{folder}/{name}", repo.file(f"{folder}/{name}").read_bytes() + b"\n")
    repo.commit()


# What the end of a request does not show


@refused(("REG080", MANIFEST))
def edit_and_revert_in_two_commits(repo: Repo) -> None:
    edit_manifest(repo)
    repo.commit()
    repo.git("revert", "--no-edit", "HEAD")


@refused(("REG081", LANDED))
def removal_and_revert_in_two_commits(repo: Repo) -> None:
    repo.file(LANDED).unlink()
    repo.commit()
    repo.git("revert", "--no-edit", "HEAD")


def evil_merge(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    repo.add_event(OTHER)
    repo.commit()
    repo.switch("topic")
    repo.merge("main", commit=False)
    edit_manifest(repo)
    repo.commit("merge")


@refused(("REG080", MANIFEST))
def edit_within_a_merge_commit(repo: Repo) -> None:
    evil_merge(repo)


@refused(("REG080", MANIFEST))
def edit_within_a_merge_commit_reverted_later(repo: Repo) -> None:
    before = repo.file(MANIFEST).read_bytes()
    evil_merge(repo)
    repo.write(MANIFEST, before)
    repo.commit()


@refused(("REG081", f"{OTHER}/corrections/2026-12-01-note.yml"))
def merge_of_the_base_that_drops_what_landed_there(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    path = repo.add_event(OTHER)
    repo.commit()
    repo.switch("topic")
    repo.merge("main", commit=False)
    repo.file(path).unlink()
    repo.commit("merge")


@refused(("REG080", MANIFEST))
def octopus_that_edits(repo: Repo) -> None:
    for name in ("one", "two"):
        repo.switch(name, "main")
        repo.add_event(slug=name)
        repo.commit()
    repo.switch("three", "main")
    edit_manifest(repo)
    repo.commit()
    repo.switch("topic")
    repo.merge("one", "two", "three")


@refused(("REG080", MANIFEST))
def octopus_that_hides_an_edit_in_itself(repo: Repo) -> None:
    for name in ("one", "two"):
        repo.switch(name, "main")
        repo.add_event(slug=name)
        repo.commit()
    repo.switch("topic")
    repo.git("merge", "--quiet", "--no-commit", "--no-ff", "one", "two")
    edit_manifest(repo)
    repo.commit("octopus")
    repo.write(MANIFEST, repo.git("show", f"main:{MANIFEST}") + "\n")
    repo.commit()


# Histories


REPOSITORY = "."


@refused(("REG087", REPOSITORY))
def orphan_history_merged(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--orphan", "orphan")
    repo.write("generator/other.py", "")
    repo.commit()
    repo.switch("topic")
    repo.merge("--allow-unrelated-histories", "orphan")


@refused(("REG087", REPOSITORY), head="orphan")
def orphan_head(repo: Repo) -> None:
    repo.git("switch", "--quiet", "--orphan", "orphan")
    repo.add_record()
    repo.commit()


@refused(("REG087", MANIFEST))
def base_rewritten(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    edit_manifest(repo)
    repo.commit()


@refused(("REG087", LANDED), ("REG087", "manifests/log/entries.jsonl"))
def base_that_dropped_an_event_with_its_log_lines(repo: Repo) -> None:
    repo.add_event(OTHER)
    repo.commit()
    repo.switch("main")
    repo.file(LANDED).unlink()
    repo.file("manifests/log/entries.jsonl").unlink()
    repo.log()
    repo.commit()


@refused(("REG089", "manifests/log/entries.jsonl"), ("REG089", "manifests/log/checkpoint"))
def base_moved_back_with_its_log(repo: Repo) -> None:
    repo.switch("main")
    repo.add_event(OTHER)
    repo.log()
    repo.commit()
    repo.switch("topic")
    repo.merge("main")
    repo.add_event()
    repo.commit()
    repo.git("branch", "--force", "main", "main~1")


@refused(("REG087", REPOSITORY))
def two_merge_bases(repo: Repo) -> None:
    repo.add_event(slug="one")
    one = repo.commit()
    repo.switch("main")
    repo.add_event(slug="two")
    two = repo.commit()
    repo.merge(one)
    repo.switch("topic")
    repo.merge(two)
    repo.add_event(slug="three")
    repo.commit()


@refused(("REG088", f"{TREES}/corrections/2026-12-01-note.yml"))
def two_events_of_one_name(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    repo.switch("main")
    repo.add_event(public_note="Another note.")
    repo.commit()


@refused(("REG088", "generator/code.py"))
def code_that_does_not_merge(repo: Repo) -> None:
    repo.write("generator/code.py", "ONE = 2\n")
    repo.commit()
    repo.switch("main")
    repo.write("generator/code.py", "ONE = 3\n")
    repo.commit()


@refused(("REG088", "generator/code.py"), ("REG080", MANIFEST))
def code_that_does_not_merge_beside_an_edit(repo: Repo) -> None:
    edit_manifest(repo)
    code_that_does_not_merge(repo)


# Tricks of the judged repository


@refused(("REG080", MANIFEST))
def replace_ref_that_hides_an_edit(repo: Repo) -> None:
    before = repo.git("rev-parse", f"HEAD:{MANIFEST}")
    edit_manifest(repo)
    repo.commit()
    repo.git("replace", repo.git("rev-parse", f"HEAD:{MANIFEST}"), before)


@refused(("REG080", MANIFEST))
def replace_ref_that_hides_a_commit(repo: Repo) -> None:
    edit_manifest(repo)
    bad = repo.commit()
    repo.git("revert", "--no-edit", "HEAD")
    repo.add_event()
    repo.commit()
    repo.git("replace", bad, "main")


@refused(("REG080", MANIFEST))
def graft_that_hides_a_commit(repo: Repo) -> None:
    edit_manifest(repo)
    repo.commit()
    repo.git("revert", "--no-edit", "HEAD")
    head, base = repo.git("rev-parse", "HEAD"), repo.git("rev-parse", "main")
    repo.write(".git/info/grafts", f"{head} {base}\n")


@refused(("REG080", MANIFEST))
def files_said_to_be_unchanged(repo: Repo) -> None:
    edit_manifest(repo)
    repo.commit()
    repo.git("update-index", "--assume-unchanged", MANIFEST)
    repo.git("update-index", "--skip-worktree", LANDED)
    repo.write(".git/info/attributes", "* -diff binary merge=ours\n")


@refused(("REG087", REPOSITORY), base="base", head="HEAD")
def shallow_clone(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    there = Path(f"{repo.path}-there")
    repo.path.rename(there)
    repo.path.mkdir()
    repo.git("init", "--quiet")
    repo.git("fetch", "--quiet", "--depth", "2", f"file://{there}", "topic")
    repo.git("switch", "--quiet", "--detach", "FETCH_HEAD")
    repo.git("branch", "base", "HEAD~1")


@refused(("REG087", REPOSITORY))
def object_that_is_missing(repo: Repo) -> None:
    path = repo.add_event()
    repo.commit()
    blob = repo.git("rev-parse", f"HEAD:{path}")
    repo.file(f".git/objects/{blob[:2]}/{blob[2:]}").unlink()


@refused(("REG087", REPOSITORY), base="base", head="HEAD")
def clone_that_would_fetch_what_it_lacks(repo: Repo) -> None:
    repo.add_event()
    repo.commit()
    there = Path(f"{repo.path}-there")
    repo.path.rename(there)
    repo.path.mkdir()
    repo.git("-C", str(there), "config", "uploadpack.allowFilter", "true")
    repo.git("clone", "--quiet", "--no-checkout", "--filter=blob:none", f"file://{there}", ".")
    marker = Path(f"{repo.path}-ran")
    script = Path(f"{repo.path}-fetches")
    script.write_text(f'#!/bin/sh\ntouch {marker}\nexec git-upload-pack "$@"\n', "utf-8")
    script.chmod(0o755)
    repo.git("config", "remote.origin.uploadpack", str(script))
    repo.git("branch", "base", "origin/main")
    repo.git("update-ref", "--no-deref", "HEAD", "refs/remotes/origin/topic")
