"""One freshly started local stack for all end-to-end tests of a run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.local_stack import LocalStack, local_stack


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start the whole system, empty, and stop it at the end of the run."""
    with local_stack(tmp_path_factory.mktemp("end-to-end")) as stack:
        yield stack


@pytest.fixture
def stack(running: LocalStack) -> dict[str, Any]:
    """Give what stack.json tells any program about the running system."""
    return running.document
