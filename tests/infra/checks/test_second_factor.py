"""`run-ledger status` says whether people are asked for a second factor.

OPTIONAL asks nobody by itself: "Adding MFA to a user pool" in Amazon Cognito's Developer Guide
leaves setting it up to the application, and the managed sign-in pages offer it only when it is
required.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from run_ledger_ops.checks.findings import Level
from run_ledger_ops.checks.second_factor import second_factor


@pytest.mark.parametrize(
    ("mfa", "endpoint_url", "level", "words"),
    [
        ("ON", None, Level.WELL, "everybody is asked"),
        ("OFF", None, Level.LOOK, "nobody is asked"),
        ("OPTIONAL", None, Level.LOOK, "only those whom a program has set up"),
        (None, None, Level.LOOK, "Mfa=ON"),
        ("OFF", "http://127.0.0.1:4566", Level.WELL, "local AWS"),
        ("ON", "http://127.0.0.1:4566", Level.WELL, "everybody is asked"),
    ],
)
def test_what_the_parameter_comes_to(
    mfa: str | None, endpoint_url: str | None, level: Level, words: str
) -> None:
    """A stage on AWS where nobody is asked wants a look."""
    parameters = {} if mfa is None else {"Mfa": mfa}
    system: Any = SimpleNamespace(parameters=parameters, endpoint_url=endpoint_url)
    found = second_factor(system)
    assert (found.part, found.level) == ("second factor", level)
    assert words in found.words
