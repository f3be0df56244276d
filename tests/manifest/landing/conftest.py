"""One template repository for all cases; each gets a copy."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for the two modules beside this file

import landing_repositories


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "repository"
    landing_repositories.make_template(path)
    return path


@pytest.fixture
def repo(template: Path, tmp_path: Path) -> landing_repositories.Repo:
    """A copy of the template, on the branch ``topic``."""
    shutil.copytree(template, tmp_path / "repository", symlinks=True)
    return landing_repositories.Repo(tmp_path / "repository")
