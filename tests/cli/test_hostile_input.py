"""Hostile files: all of the JSON parsing test suite in the place of manifests and runs, and YAML made to hurt."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

HOSTILE = Path(__file__).parents[3] / "shared" / "data" / "hostile" / "json"


@pytest.mark.skipif(not HOSTILE.is_dir(), reason=f"the hostile JSON files are not at {HOSTILE}")
def test_hostile_json_as_manifest_and_as_run(tmp_path, srch):
    cases = sorted(HOSTILE.glob("*.json"))
    assert len(cases) > 300
    names: dict[str, str] = {}
    for number, case in enumerate(cases):
        short = f"{number:08X}"
        for file in (Path("manifests") / short[:2] / short / "manifest.json", Path("runs") / case.stem / "run.json"):
            (tmp_path / file).parent.mkdir(parents=True)
            shutil.copyfile(case, tmp_path / file)
            names[str(file)] = case.name
    result = srch("check", "manifests", "runs", "--format", "json")
    assert (result.code, result.messages[-1].split()[:3]) == (1, [str(len(names)), "files", "checked,"])
    found: dict[str, set[str]] = {}
    for problem in json.loads(result.out):
        assert all(problem[key] for key in ("file", "code", "found", "expected", "mend"))
        found.setdefault(problem["file"], set()).add(problem["code"])
    # none of the cases is a record, so every one of them is refused, and the good ones not for their syntax
    assert found.keys() == names.keys()
    for file, name in names.items():
        if name.startswith("n_"):
            assert found[file] & {"REG002", "REG003", "REG005", "REG006"}, name
        if name.startswith("y_"):
            assert "REG003" not in found[file], name
    queue = srch("queue")
    assert (queue.code, queue.out) == (1, "no run waits for a decision\n")
    for name in ("n_structure_100000_opening_arrays", "n_single_space", "i_string_not_in_unicode_range"):
        assert srch("publish", f"runs/{name}", "--manifests", "new").code == 1
        decided = srch("decide", f"runs/{name}", "--publish", "--by", "A", "--reason", "r")
        assert (decided.code, decided.out) == (1, "")
    assert not (tmp_path / "new").exists()


LAUGHS = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join(['*' + before] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "first"),
    [
        (LAUGHS, "REG003 facts.yml: line 1, column 4"),
        ('- !!python/object/apply:os.system ["touch owned"]\n', "REG003 facts.yml: line 1, column 3"),
        ("- !!python/name:os.system\n", "REG003 facts.yml: line 1, column 3"),
        ("- draft: !!binary aGk=\n", "REG003 facts.yml: line 1, column 10"),
        ("- draft: a\n  draft: b\n", "REG004 facts.yml: line 2"),
        ("[" * 5000, "REG005 facts.yml: line 1"),
        ("- " * 5000 + "a", "REG005 facts.yml: line 1"),
        ("{a: " * 5000, "REG005 facts.yml: line 1"),
        ("- a\n---\n- b\n", "REG003 facts.yml: line 2, column 1"),
        ("- draft: a\0\n", "REG003 facts.yml: line 1"),
        ("- a\n- \x07\n", "REG003 facts.yml: line 2"),
        ('- draft: "\\ud800"\n', "REG007 facts.yml: /0/draft"),
        ('- draft: "\\UFFFFFFFF"\n', "REG003 facts.yml"),
        ('- draft: "\\U00110000"\n', "REG003 facts.yml"),
        (f"- id: {'9' * 5000}\n", "REG006 facts.yml: line 1"),
        ("- ? [a]\n  : b\n", "REG003 facts.yml: line 1"),
        ("- 1: b\n", "REG003 facts.yml: line 1"),
        ("- @a\n", "REG003 facts.yml: line 1, column 3"),
        ("- b: 'c\n", "REG003 facts.yml: line 2, column 1"),
        ("%YAML 9.9\n---\n- a\n", "REG003 facts.yml: line 1, column 1"),
        ("draft: routing.txt\n", "IMP020 facts.yml"),
        ("just text\n", "IMP020 facts.yml"),
        ("- just text\n", "IMP020 facts.yml: /0"),
        ("- <<: {draft: routing.txt}\n", "IMP021 facts.yml: /0/<<"),
        ("- draft: routing.txt\n  id: 0o17\n", "IMP021 facts.yml: /0/id"),
        ("- draft: routing.txt\n  id: .inf\n", "IMP021 facts.yml: /0/id"),
        ("#" * 300_000, "REG001 facts.yml"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_hostile_facts(content, first, place, srch, files):
    (place / "facts.yml").write_text(content, encoding="utf-8")
    before = files(place)
    result = srch("import", "routing.txt", "--facts", "facts.yml", "--out", "new")
    assert (result.messages[0], result.code, result.out) == (first, 1, "")
    assert files(place) == before


def test_hostile_yaml_as_correction_event(place, srch):
    folder = next((place / "manifests").glob("*/*/manifest.json")).parent / "corrections"
    folder.mkdir()
    contents = [LAUGHS, "!!python/name:os.system", "a: 1\na: 2\n", "[" * 5000, "\0", '"\\UFFFFFFFF"']
    for number, content in enumerate(contents):
        (folder / f"2026-01-0{number + 1}-a.yml").write_text(content, encoding="utf-8")
    result = srch("check")
    codes = [line.split()[0] for line in result.out.splitlines() if line.startswith("REG")]
    assert (codes, result.code) == (["REG003", "REG003", "REG004", "REG005", "REG003", "REG003"], 1)


def test_a_quote_without_end_costs_no_time(place, srch):
    (place / "slow.json").write_bytes(b"[" * 70 + b'"' + b'\\"' * 4_000_000)
    assert srch("check", "slow.json").code == 1
