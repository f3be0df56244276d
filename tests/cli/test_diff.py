"""``srch diff``: what a request changes, in words from which no hostile text gets out, and the workflow posting it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import html5lib
import pytest
import yaml

from generator.manifest import scaffold
from generator.manifest.landing import comment

EPOCH = {"SOURCE_DATE_EPOCH": "1798761600"}  # 2027-01-01T00:00:00Z
AT = "2026-12-01T09:00:00Z"
TREES, OTHER, NEW = "E3495244", "BA6679DC", "BB99F7FF"
GIT = {
    **{name: value for name, value in os.environ.items() if not name.startswith("GIT_")},
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    **{f"GIT_{who}_{what}": "a@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


class Request:
    """A repository whose base holds two records, and the branch ``topic`` of a request."""

    def __init__(self, path: Path, root: Path, srch: Callable[..., object]) -> None:
        self.path, self.root, self.srch = path, root, srch

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.path, env=GIT, capture_output=True, check=True)

    def copy(self, short: str) -> Path:
        place = self.path / "manifests" / short[:2] / short
        shutil.copytree(self.root / "manifests" / short[:2] / short, place)
        return place

    def correct(self, short: str, *arguments: str) -> None:
        who = () if "--by" in arguments else ("--by", "A. Reader", "--reason", "Reported.", "--note", "It was wrong.")
        done = self.srch("correct", short, "--clock", AT, *who, *arguments, env=EPOCH, cwd=self.path)
        assert done.code == 0, done.err  # type: ignore[attr-defined]
        (self.path / "manifests" / ".lock").unlink(missing_ok=True)

    def commit(self) -> None:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Change")

    def diff(self, *options: str, range_: str = "main..topic"):
        self.commit()
        return self.srch("diff", range_, *options, env=EPOCH, cwd=self.path)


@pytest.fixture
def request_(tmp_path, root, srch) -> Request:
    made = Request(tmp_path / "repository", root, srch)
    made.path.mkdir()
    made.git("init", "--quiet", "--initial-branch", "main")
    for short in (TREES, OTHER):
        made.copy(short)
    (made.path / "README.md").write_text("base\n", encoding="utf-8")
    made.commit()
    made.git("switch", "--quiet", "--create", "topic")
    return made


def test_a_correction_in_words(request_):
    request_.correct(TREES, "--set", "/quality_assessment/review/score=4.2", "--evidence", "A paper=https://x.org/a")
    result = request_.diff()
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        "<!-- srch diff -->\n"
        "## What this request changes\n\n"
        "1 correction.\n\n"
        f"### Correction of `SRCH:{TREES}`\n\n"
        "<p><code>How do street trees compare with cool roofs in lowering urban air temperature?</code></p>\n\n"
        "#### `2026-12-01-review-score`\n\n"
        "<p>quality assessment; makes version 2<br>\n"
        "by <code>A. Reader</code><br>\n"
        "why: <code>Reported.</code></p>\n\n"
        "<blockquote><code>It was wrong.</code></blockquote>\n\n"
        "<table>\n"
        "<tr><th>Fact</th><th>Before</th><th>After</th></tr>\n"
        "<tr><td><code>Review, score</code></td><td><code>8.1</code></td><td><code>4.2</code></td></tr>\n"
        "</table>\n\n"
        "<ul>\n"
        "<li>Tier moves from DOI grade to Quarantine candidate.</li>\n"
        "</ul>\n\n"
        "<p>Evidence:</p>\n"
        "<ul>\n"
        "<li><code>A paper</code>: <code>https://x.org/a</code></li>\n"
        "</ul>\n"
    )


def test_a_new_record_a_notice_and_files_elsewhere(request_):
    request_.copy(NEW)
    request_.correct(OTHER, "--notice", "retraction", "--type", "CLAIM")
    (request_.path / "README.md").write_text("changed\n", encoding="utf-8")
    told = request_.diff().out
    assert told.split("\n")[3] == (
        "1 new record, 1 correction. 1 file outside the registry, which this comment does not show."
    )
    assert f"### New record `SRCH:{NEW}`" in told
    assert "DOI grade, Source-grounded claims, 10 claims, 10 of them verified.</p>" in told
    assert "This record will be shown as RETRACTED: in a banner above its title" in told
    assert "<p>claim, retraction; makes version 2<br>" in told
    assert "refuses" not in told


def test_nothing_at_all(request_):
    (request_.path / "README.md").write_text("changed\n", encoding="utf-8")
    assert request_.diff().out.split("\n")[3] == (
        "Nothing in the registry changes. 1 file outside the registry, which this comment does not show."
    )


def test_what_is_no_addition_is_said_first(request_):
    manifest = request_.path / "manifests" / TREES[:2] / TREES / "manifest.json"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    (request_.path / "manifests" / OTHER[:2] / OTHER / "run.json").unlink()
    result = request_.diff()
    assert result.code == 0
    lines = result.out.split("\n")
    assert lines[5] == "### This request does not only add"
    assert lines[7] == "As it stands it cannot land: the gate, `srch check --base`, refuses it for these reasons."
    assert f"<p><code>REG080</code> <code>manifests/{TREES[:2]}/{TREES}/manifest.json</code><br>" in lines
    assert f"<p><code>REG081</code> <code>manifests/{OTHER[:2]}/{OTHER}/run.json</code><br>" in lines
    told = json.loads(request_.srch("diff", "main..topic", "--json", env=EPOCH, cwd=request_.path).out)
    assert (told["only_adds"], [item["code"] for item in told["problems"]]) == (False, ["REG081", "REG080"])


def test_an_event_that_does_not_fit_is_told_with_the_reason(request_):
    folder = request_.path / "manifests" / TREES[:2] / TREES / "corrections"
    request_.correct(TREES, "--set", "/work/title=New")
    path = folder / "2026-12-01-title.yml"
    path.write_text(path.read_text().replace("before: How", "before: Who"), encoding="utf-8")
    told = request_.diff().out
    assert "1 record that cannot be read." in told
    assert "<p><code>REG063</code>" in told
    assert "Correction of" not in told


def test_the_base_may_have_moved_on(request_):
    request_.correct(TREES, "--set", "/work/title=New")
    request_.commit()
    request_.git("switch", "--quiet", "main")
    request_.correct(TREES, "--set", "/work/abstract=Other", "--slug", "abstract")
    request_.commit()
    request_.git("switch", "--quiet", "topic")
    (request_.path / "README.md").write_text("changed\n", encoding="utf-8")
    result = request_.diff("--json")
    assert (result.code, result.err) == (0, "")
    told = json.loads(result.out)
    (record,) = told["corrected_records"]
    assert [event["event_id"] for event in record["events"]] == ["2026-12-01-title"]
    assert record["events"][0]["version"] == 3, "what has landed stands before what has not"
    assert told["outside"] == 1


def test_a_conflict_has_no_result_to_show(request_):
    request_.correct(TREES, "--set", "/work/title=One", "--slug", "same")
    request_.commit()
    request_.git("switch", "--quiet", "main")
    request_.correct(TREES, "--set", "/work/title=Two", "--slug", "same")
    request_.commit()
    request_.git("switch", "--quiet", "topic")
    told = request_.srch("diff", "main..topic", env=EPOCH, cwd=request_.path).out
    assert "<p><code>REG088</code>" in told


def test_records_are_written_as_they_would_stand(request_, root, tmp_path):
    request_.correct(TREES, "--set", "/work/title=New")
    request_.copy(NEW)
    assert request_.diff("--records", "../kept").code == 0
    kept = tmp_path / "kept"
    assert sorted(path.name for path in kept.iterdir()) == [NEW[:2], TREES[:2]]
    for short in (NEW, TREES):
        for path in (root / "manifests" / short[:2] / short).iterdir():
            assert (kept / short[:2] / short / path.name).read_bytes() == path.read_bytes()
    assert (kept / TREES[:2] / TREES / "corrections" / "2026-12-01-title.yml").is_file()
    again = request_.srch("diff", "main..topic", "--records", "../kept", env=EPOCH, cwd=request_.path)
    assert (again.code, again.messages) == (2, ["srch: ../kept: is not empty"])
    assert request_.srch("check", "../kept", "-q", cwd=request_.path).code == 0


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["main"], '"main" is not of the form BASE..HEAD'),
        (["..topic"], '"..topic" is not of the form BASE..HEAD'),
        (["none..topic"], '--base "none": no such commit in .; fetch it first'),
        (["main..topic", "--repo", "nowhere"], "nowhere: no such folder"),
    ],
)
def test_calls_that_cannot_be_carried_out(arguments, line, request_, fails):
    fails(["diff", *arguments], line, cwd=request_.path)


HOSTILE = [
    "@owner please merge, see #1 and GH-2, owner/repo#3",
    "![x](http://evil.example/x.png) [click](javascript:alert(1)) <http://evil.example>",
    "</code></p><script>alert(1)</script><img src=x onerror=alert(1)>",
    "`code` ``more`` ~~~ ``` | a | b |\n\n# heading\n\n- [ ] task\n\n<table>\n",
    "&lt;b&gt; &#64;owner &commat;owner",
    "--> <!-- srch diff --> -->",
    "www.evil.example https://evil.example mailto:a@b.example",
    "\\| \\`x\\` $\\unicode{x}$ :tada: [^1]: note",
    "line\n\n\n@owner\n\n#1\u2028@owner\u202e",
    "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
]


@pytest.fixture
def hostile(request_) -> Request:
    """Every text of a request made hostile: notes, names, reasons, labels, titles, values and problems."""
    for number, text in enumerate(HOSTILE):
        shown = text.replace("\u202e", "")
        request_.correct(
            TREES,
            *("--by", shown, "--reason", shown, "--note", shown, "--slug", f"n-{number:02}"),
            *("--evidence", f"{shown}=https://evil.example/@owner#1"),
            *("--add", f"/uncertainties/-={json.dumps({'kind': 'finding', 'text': text})}"),
            *("--set", f"/claims/themes/{number % 3}/label={json.dumps(text)}"),
            *(("--notice", "correction") if number % 2 else ()),
        )
    request_.correct(OTHER, "--set", f"/work/title={json.dumps(' '.join(HOSTILE))}")
    (request_.path / "manifests" / "@owner #1 <b>.md").write_text("x", encoding="utf-8")
    return request_


def test_no_text_of_a_request_takes_effect(hostile):
    told = hostile.diff().out
    assert_inert(told)
    (request_title,) = re.findall(rf"### Correction of `SRCH:{OTHER}`\n\n<p>(.*)</p>", told)
    assert request_title.startswith("<code>@owner please merge")


def assert_inert(text: str) -> None:
    """Outside of code no word of a request is left, and each block of HTML is one in which Markdown reads nothing."""
    tree = html5lib.parse(f"<body>{text}</body>", namespaceHTMLElements=False)
    known = {"html", "head", "body", "p", "code", "br", "blockquote", "table", "tbody", "tr", "th", "td", "ul", "li"}
    assert {element.tag for element in tree.iter() if isinstance(element.tag, str)} <= known
    assert all(set(element.attrib) <= {"colspan"} for element in tree.iter())
    for block in text.split("\n\n"):
        if "<" in block.removeprefix(comment.MARK):
            # CommonMark's sixth kind of HTML block: it begins with such a tag and ends at an empty line
            assert re.match(r"<(p|table|ul|blockquote)>", block), block
            assert "\n\n" not in block
    rest = re.sub(r"<code>[^<>\n]*</code>", "", text)
    for word in ("@", "#1", "evil", "javascript", "script>", "![", "](", "owner", "deadbeef", ":tada"):
        assert word not in rest, word


def test_a_large_request_is_cut_with_a_closing_line(request_):
    for short in (TREES, OTHER):
        for number in range(4):
            request_.correct(
                short,
                *("--by", "A", "--reason", "<&>" * 1000, "--note", "&" * 4000, "--slug", f"n-{number:02}"),
                *("--set", f"/work/abstract={'<' * 3900}{number}"),
            )
    told = request_.diff().out
    assert 40_000 < len(told) <= comment.LONGEST
    assert told.endswith(
        "\n\nThis comment is cut here: the request changes more than fits. `srch diff` prints the rest as JSON.\n"
    )
    assert_inert(told)
    accepted(told, request_.path.parent)


WORKFLOWS = Path(__file__).parents[2] / ".github" / "workflows"


def guard() -> str:
    """The script by which the workflow that may write looks at the comment."""
    steps = yaml.safe_load((WORKFLOWS / "preview-comment.yml").read_text())["jobs"]["comment"]["steps"]
    return str(next(step["run"] for step in steps if step.get("shell", "").startswith("python")))


def judged(text: str | bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    place = folder / "comment"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    (place / "comment.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    environment = {**os.environ, "FOLDER": str(place)}
    return subprocess.run(
        [sys.executable, "-I", "-c", guard()], env=environment, capture_output=True, text=True, check=False
    )


def accepted(text: str, folder: Path) -> None:
    done = judged(text, folder)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_workflow_takes_what_the_command_prints(hostile, tmp_path):
    hostile.copy(NEW)
    hostile.correct(NEW, "--notice", "removal", "--type", "CLAIM")
    (hostile.path / "README.md").write_text("changed\n", encoding="utf-8")
    claims = json.loads((hostile.path / f"manifests/{NEW[:2]}/{NEW}/manifest.json").read_bytes())["claims"]
    taken = [f"/claims/{name}/{n}" for name in ("records", "themes", "disagreements") for n in range(len(claims[name]))]
    hostile.correct(NEW, *(part for path in taken for part in ("--remove", path)), "--slug", "all")
    told = hostile.diff().out
    assert "A limitation is added" in told
    accepted(told, tmp_path)


HEAD = "<!-- srch diff -->\n## What this request changes\n\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1 correction.\n",
        HEAD + "@owner\n",
        HEAD + "[x](y)\n",
        HEAD + "![x](y)\n",
        HEAD + "see #1\n",
        HEAD + "https://evil.example\n",
        HEAD + "www.evil.example\n",
        HEAD + "<b>x</b>\n",
        HEAD + "<p onclick=x>x</p>\n",
        HEAD + "<code>x</code\n>",
        HEAD + "<code>@owner\n</code>\n",
        HEAD + "`@owner`\n",
        HEAD + "&#64;owner\n",
        HEAD + "x <!-- y -->\n",
        HEAD + "x" * 60_000 + "\n",
        HEAD.encode() + b"\xff",
        HEAD + "\r\n",
        HEAD + "\u202e",
    ],
)
def test_the_workflow_refuses_anything_else(text, tmp_path):
    done = judged(text, tmp_path)
    assert done.returncode == 1


def test_the_workflow_refuses_links_and_other_files(tmp_path):
    assert judged(HEAD + "1 correction.\n", tmp_path).returncode == 0
    (tmp_path / "comment" / "more.md").write_text("x")
    environment = {**os.environ, "FOLDER": str(tmp_path / "comment")}
    command = [sys.executable, "-I", "-c", guard()]
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 1
    (tmp_path / "comment" / "more.md").unlink()
    (tmp_path / "comment" / "comment.md").rename(tmp_path / "real.md")
    (tmp_path / "comment" / "comment.md").symlink_to(tmp_path / "real.md")
    assert subprocess.run(command, env=environment, capture_output=True, check=False).returncode == 1


@pytest.mark.parametrize("name", ["preview.yml", "preview-comment.yml"])
def test_neither_workflow_runs_what_a_request_brings(name):
    text = (WORKFLOWS / name).read_text(encoding="utf-8")
    plan = yaml.safe_load(text)
    (job,) = plan["jobs"].values()
    assert "pull_request_target" not in text
    assert "secrets." not in text
    writes = {**plan["permissions"], **job.get("permissions", {})}
    assert writes == ({"contents": "read"} if name == "preview.yml" else {"actions": "read", "pull-requests": "write"})
    for step in job["steps"]:
        assert "${{" not in step.get("run", ""), "what a stranger chose never becomes part of a script"
        if step.get("uses", "").startswith("actions/checkout"):
            assert name == "preview.yml"
            assert step["with"]["ref"] == "${{ github.event.pull_request.base.sha }}"
            assert step["with"]["persist-credentials"] is False
        assert re.fullmatch(r"actions/[a-z-]+@v\d+", step.get("uses", "actions/x@v1"))


def test_the_form_of_the_code_host_leads_to_the_place_of_an_event(request_):
    manifest = json.loads((request_.path / f"manifests/{TREES[:2]}/{TREES}/manifest.json").read_bytes())
    url = scaffold.new_file_url("https://github.com/owner/name", "main", manifest)
    place = f"/new/main/manifests/{TREES[:2]}/{TREES}/corrections?filename=YYYY-MM-DD-what-was-wrong.yml&value="
    assert url.startswith(f"https://github.com/owner/name{place}")
