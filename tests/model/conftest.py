"""The real model. Its tests need the wheels that ``make test-model`` installs: without them they are skipped with the
reason, and fail where ``CI_MODEL`` says that the wheels were to be there."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.tools import real_model
from tests.tools.real_model import RealModel


@pytest.fixture(scope="session")
def real() -> Iterator[RealModel]:
    """The real model's server, for all tests."""
    absent = real_model.missing()
    if absent and os.environ.get("CI_MODEL"):
        pytest.fail(absent)
    if absent:
        pytest.skip(absent)
    with RealModel() as running:
        yield running
