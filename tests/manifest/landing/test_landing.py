"""The battery of pull requests on real repositories: no wrong decision, and each refusal names file and rule."""

from __future__ import annotations

from pathlib import Path

import pytest
from landing_cases import CASES, Case
from landing_repositories import NOW, Repo

from generator.manifest.landing.judge import Landing, judge


def decide(repo: Repo, base: str = "main", head: str = "topic") -> Landing:
    return judge(repo.path, base, head, manifests=Path("manifests"), now=NOW)


def told(landing: Landing, repo: Repo) -> set[tuple[str, str]]:
    return {(problem.code, problem.file.replace(str(repo.path), ".")) for problem in landing.problems}


def test_there_are_enough_cases():
    assert len(CASES) >= 45
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "-"))
def test_the_decision_is_right(case: Case, repo: Repo):
    case.make(repo)
    landing = decide(repo, case.base, case.head)
    assert told(landing, repo) == case.refused
    assert landing.accepted is (not case.refused)
    for problem in landing.problems:
        assert problem.found
        assert problem.expected
        assert problem.mend
        assert str(repo.path.parent) not in problem.file.removeprefix(str(repo.path))
        assert "srch-gate-" not in problem.text()
    assert not list(repo.path.parent.glob("*-ran"))
