"""From a question or a draft to a published record: what each command does when all is well, and does only once."""

from __future__ import annotations

import json
import shlex
import shutil
from pathlib import Path

import click
import pytest

from generator import cli
from generator.manifest.canonical import stored_bytes

COMMANDS = sorted(cli.cli.commands)


def examples(command: str) -> list[str]:
    text = cli.cli.commands[command].help or ""
    return [line.strip() for line in text.partition("Examples:")[2].splitlines() if line.strip()]


def test_all_commands_are_there():
    assert [
        *("assess", "build", "check", "correct", "decide", "diff", "dump", "import", "index", "log", "monitor"),
        *("observe", "publish", "queue", "rereview", "run", "serve", "show", "verify"),
    ] == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_examples_that_parse(command, srch):
    shown = srch(command, "--help")
    assert shown.code == 0
    assert shown.out.startswith(f"Usage: srch {command} ")
    assert len(examples(command)) >= 1
    for line in examples(command):
        assert line in shown.out
        name, *arguments = shlex.split(line)[1:]
        assert name == command
        cli.cli.commands[command].make_context(command, arguments, parent=click.Context(cli.cli))


def test_help_and_version_do_not_look_at_the_environment(srch):
    assert srch("run", "--help", env={"SOURCE_DATE_EPOCH": "x"}).code == 0
    assert srch("--version").out.startswith("srch, version ")


def test_run_publish_check_and_again(place, srch, files):
    question = "Do street trees lower air temperature?"
    first = srch("run", question, "--clock", "2026-01-31T12:00:00Z", "--json", "--out", "new")
    assert first.code == 0
    assert [line.split()[0] for line in first.err.splitlines()] == [f"[{number}/10]" for number in range(1, 11)]
    told = json.loads(first.out)
    assert (told["already_done"], told["state"]) == (False, "approved")
    before = files(place / "new")
    again = json.loads(srch("run", question, "--out", "new", "--json").out)
    assert again == {**told, "already_done": True}
    assert files(place / "new") == before

    published = json.loads(srch("publish", told["folder"], "--manifests", "records", "--json").out)
    assert [item["outcome"] for item in published] == ["published"]
    manifest = place / published[0]["manifest"]
    assert manifest.parent.name == told["run_id"][:8].upper()
    stamp, before = manifest.stat().st_mtime_ns, files(place / "records")
    second = srch("publish", told["folder"], "--manifests", "records")
    assert (second.code, second.out.split()[0]) == (0, "unchanged")
    assert (manifest.stat().st_mtime_ns, files(place / "records")) == (stamp, before)
    assert srch("check", "records", "new", "-q").out == "2 files checked, no problems\n"


def test_missing_reports_of_a_finished_run_are_made_again(place, srch, files):
    assert srch("run", "Do trees cool?", "--clock", "2026-01-31T12:00:00Z", "--out", "new", "-q").code == 0
    folder = next((place / "new").iterdir())
    before = files(folder)
    (folder / "report.pdf").unlink()
    assert srch("run", "Do trees cool?", "--out", "new", "-q").code == 0
    assert files(folder) == before


def test_a_damaged_stage_is_made_again(place, srch, files):
    arguments = ("run", "Do trees cool?", "--clock", "2026-01-31T12:00:00Z", "--out", "new", "-q")
    assert srch(*arguments).code == 0
    folder = next((place / "new").iterdir())
    before = files(folder)
    for name in ("run.json", "report.html", "report.pdf"):
        (folder / name).unlink()
    stage = folder / "stages" / "04-claims.json"
    stage.write_bytes(stage.read_bytes().replace(b'"state": "located"', b'"state": "missing"'))
    (folder / "stages" / "06-synthesis.json").write_bytes(b"[]")
    (folder / "stages" / "08-index.json").write_bytes(b"\xff")
    assert srch("run", "--resume", "--out", "new", "-q").code == 0
    assert files(folder) == before


@pytest.mark.parametrize("question", ["the of and", "Как деревья охлаждают город?", "猫は木に登りますか", "שאלה", "42"])
def test_a_question_that_finds_nothing_gives_an_honest_run(question, srch):
    told = json.loads(srch("run", question, "--clock", "2026-01-31T12:00:00Z", "-q", "--json").out)
    assert (told["policy"], told["state"]) == ("ESCALATE_TO_OWNER", "waits")
    assert srch("check", "runs").code == 0
    assert srch("publish", told["folder"]).out == (
        f"waits      {told['folder']}  (srch decide RUN --publish|--reject)\n"
    )


def test_import_twice_and_with_facts(place, srch, files):
    before = files(place)
    assert srch("import", "routing.txt").out.split()[0] == "unchanged"
    assert files(place) == before
    (place / "facts.yml").write_text("- draft: routing.txt\n  id: E50A8461\n", encoding="utf-8")
    told = json.loads(srch("import", "routing.txt", "--facts", "facts.yml", "--out", "other", "--json").out)
    assert told == [{"draft": "routing.txt", "folder": "other/routing", "outcome": "imported"}]


def test_queue_lists_what_waits(place, srch):
    assert srch("queue").out.splitlines()[0] == "waits        5.0/10 REVISE   runs/routing".replace("5.0", "  5")
    assert [row["folder"] for row in json.loads(srch("queue", "--json").out)] == ["runs/routing"]
    rows = json.loads(srch("queue", "--all", "--json").out)
    assert [(row["folder"], row["state"]) for row in rows] == [("runs/approved", "approved"), ("runs/routing", "waits")]
    (place / "none").mkdir()
    assert srch("queue", "--runs", "none").out == "no run waits for a decision\n"


def test_queue_does_not_show_what_a_killed_import_left(place, srch):
    shutil.copytree(place / "runs" / "routing", place / "runs" / ".tmp-routing-0")
    assert len(json.loads(srch("queue", "--json").out)) == 1


def test_waiting_run_is_left_alone_until_it_is_decided(place, srch, files):
    before = files(place / "manifests")
    waits = srch("publish", "runs/routing")
    assert (waits.code, waits.out) == (0, "waits      runs/routing  (srch decide RUN --publish|--reject)\n")
    assert files(place / "manifests") == before
    identity = json.loads(srch("queue", "--json").out)[0]["run_id"]
    decide = ("decide", f"SRCH:{identity[:8].upper()}", "--by", "A. Owner", "--clock", "2026-02-01T00:00:00Z")
    first = srch(*decide, "--publish", "--reason", "Useful", "--json")
    assert json.loads(first.out) == {
        "run_id": identity,
        "decision": "publish",
        "by": "A. Owner",
        "reason": "Useful",
        "decided_at": "2026-02-01T00:00:00Z",
        "recorded_from": "srch decide",
    }
    kept = (place / "runs/routing/decision.json").read_bytes()
    # the same decision later is no second one
    assert srch(*decide[:-1], "2027-01-01T00:00:00Z", "--publish", "--reason", "Useful").code == 0
    other = srch(*decide, "--reject", "--reason", "Useful")
    assert other.messages == ["srch: runs/routing: already decided (publish, by A. Owner); a decision is recorded once"]
    assert other.code == 2
    assert (place / "runs/routing/decision.json").read_bytes() == kept
    assert srch("publish", "runs/routing").out.startswith("published  SRCH:")
    assert srch("check", "manifests", "runs").code == 0


def test_rejected_run_is_never_published(place, srch, files):
    before = files(place / "manifests")
    assert srch("decide", "runs/routing", "--reject", "--by", "A", "--reason", "Off topic").code == 0
    rejected = srch("publish", "runs/routing", "--json")
    told = [{"run": "runs/routing", "outcome": "rejected", "id": None, "manifest": None}]
    assert (rejected.code, json.loads(rejected.out)) == (0, told)
    assert files(place / "manifests") == before


def record(place: Path) -> Path:
    return next((place / "manifests").glob("*/*/manifest.json"))


def other_record(place: Path) -> Path:
    """The registry with the record of another run where the approved run's would go."""
    path = record(place)
    manifest = json.loads(path.read_bytes())
    manifest["work"]["id"] = manifest["work"]["id"][:8] + "0" * 56
    path.write_bytes(stored_bytes(manifest))
    return path


def test_taken_short_id_grows_by_one_digit(place, srch):
    taken = other_record(place)
    before = taken.read_bytes()
    told = json.loads(srch("publish", "runs/approved", "--json").out)[0]
    assert told["outcome"] == "published"
    assert len(told["id"]) == len("SRCH:") + 9
    assert told["id"].startswith(f"SRCH:{taken.parent.name}")
    assert taken.read_bytes() == before
    assert json.loads(srch("publish", "runs/approved", "--json").out)[0] == {**told, "outcome": "unchanged"}


def published_draft(place: Path, srch) -> str:
    """Imports the draft again as one that was published under the id of the record that is there."""
    short = record(place).parent.name
    facts = f"- draft: routing.txt\n  id: {short!r}\n  owner_decision: publish\n".replace("'", '"')
    (place / "facts.yml").write_text(facts, encoding="utf-8")
    assert srch("import", "routing.txt", "--facts", "facts.yml", "--out", "other").code == 0
    return short


def test_published_id_of_another_record_is_refused(place, srch, files):
    short = published_draft(place, srch)
    before = files(place / "manifests")
    refused = srch("publish", "other/routing")
    assert refused.code == 1
    assert refused.messages == [
        f"REG022 manifests/{short[:2]}/{short}/manifest.json",
        "  found:    a different record than the one other/routing makes",
        "  expected: that a published manifest is never rewritten",
        "  to mend:  Append a correction event to the published record instead.",
        "1 problem",
    ]
    assert files(place / "manifests") == before


@pytest.mark.parametrize("content", ["[]", "{}", '{"work": 1}', '{"work": {"id": []}}', "null"])
def test_a_broken_record_in_the_way_is_not_overwritten(place, srch, content, files):
    published_draft(place, srch)
    record(place).write_text(content, encoding="utf-8")
    before = files(place / "manifests")
    assert srch("publish", "other/routing").code == 1
    # a broken holder of the first eight digits counts as another record
    assert srch("publish", "runs/approved").out.startswith(f"published  SRCH:{record(place).parent.name}")
    assert before.items() <= files(place / "manifests").items()


def test_changed_record_is_refused_not_mended(place, srch):
    path = record(place)
    manifest = json.loads(path.read_bytes())
    manifest["limitations"] = manifest["limitations"][:1]
    path.write_bytes(stored_bytes(manifest))
    before = path.read_bytes()
    refused = srch("publish", "runs/approved")
    assert (refused.code, refused.messages[0].split()[0]) == (1, "REG022")
    assert path.read_bytes() == before


def test_record_folder_without_manifest_is_not_filled(place, fails):
    path = record(place)
    path.unlink()
    short = path.parent.name
    fails(
        ["publish", "runs/approved"],
        f"manifests/{short[:2]}/{short}: is there already, without a manifest.json; move it away first",
    )


def test_publish_goes_on_after_what_it_cannot_read(place, srch):
    (place / "runs" / "broken").mkdir()
    (place / "runs" / "broken" / "run.json").write_text("{", encoding="utf-8")
    mixed = srch("publish", "runs/broken", "nowhere", "runs/approved", "--manifests", "new")
    assert mixed.out.split()[0] == "published"
    assert mixed.messages[0] == "REG003 runs/broken/run.json: line 1, column 2"
    assert mixed.messages[-2:] == [
        "1 problem",
        "srch: nowhere: neither a run folder nor an id such as SRCH:E50A8461",
    ]
    assert mixed.code == 2
    assert srch("publish", "runs/broken", "runs/approved", "--manifests", "new").code == 1


def test_a_broken_run_does_not_hide_the_others(place, srch):
    short = record(place).parent.name
    (place / "runs" / "broken").mkdir()
    (place / "runs" / "broken" / "run.json").write_text("[]", encoding="utf-8")
    assert srch("publish", short).code == 0
    queue = srch("queue", "--json")
    assert (len(json.loads(queue.out)), queue.code) == (1, 1)
    missing = srch("publish", "SRCH:00000000")
    assert (missing.code, missing.messages[0].split()[0]) == (1, "REG010")


def test_build_of_the_material(place, srch, root, files):
    arguments = ("build", "--config", root / "mkdocs.yml", "--manifests", "manifests", "--site-dir", "site", "--json")
    built = srch(*arguments, env={"SOURCE_DATE_EPOCH": "1767225600"})
    assert (built.code, json.loads(built.out)["records"]) == (0, 1)
    before = files(place / "site")
    assert srch(*arguments, env={"SOURCE_DATE_EPOCH": "1767225600"}).code == 0
    assert files(place / "site") == before


def test_check_of_several_planted_errors_in_three_formats(place, srch):
    path = record(place)
    short = path.parent.name
    manifest = json.loads(path.read_bytes())
    claim = manifest["claims"]["records"][0]
    claim["grounding"]["locator"]["quote"] += "!"
    manifest["claims"]["records"][1]["id"] = claim["id"]
    manifest["quality_assessment"]["tier"]["tier"] = "WATCHLIST"
    path.write_bytes(stored_bytes(manifest))
    (path.parent / "report.pdf").write_bytes(b"%PDF-")
    (place / "manifests" / "stray.json").write_text('{"b": NaN, "a": 1, "a": 1}', encoding="utf-8")
    found = json.loads(srch("check", "--format", "json").out)
    names = [artifact["url"] for artifact in manifest["artifacts"]]
    codes = {(problem["code"], problem["place"]) for problem in found}
    assert {
        ("REG035", "/claims/records/0/grounding/locator/sha256"),
        ("REG041", f"/artifacts/{names.index('report.pdf')}/sha256"),
        ("REG021", "/claims/records/1/id"),
        ("REG031", "/quality_assessment/tier/tier"),
        ("REG004", "/a"),
        ("REG006", "/b"),
    } <= codes
    assert found == sorted(found, key=lambda problem: tuple(problem.values()))
    text = srch("check")
    assert text.code == 1
    assert text.out.splitlines()[-1] == f"2 files checked, {len(found)} problems"
    assert sum(line.startswith("REG") for line in text.out.splitlines()) == len(found)
    github = srch("check", "--format", "github").out.splitlines()
    assert len(github) == len(found) + 1
    assert all(line.startswith(f"::error file=manifests/{short[:2]}/{short}/") for line in github[: len(found) - 2])


def test_every_rule_is_listed(srch):
    rules = json.loads(srch("check", "--rules", "--format", "json").out)
    assert srch("check", "--rules").out.splitlines() == [f"{code}  {title}" for code, title in rules.items()]
