"""A start collects no garbage; what comes after it does, as usual."""

import json
import subprocess
import sys

import pytest
from tests.support.stacks.local_stack import ROOT

THRESHOLD = "import gc; usual = gc.get_threshold()[0]\n"


def said_by_a_fresh_process(program: str) -> list[int]:
    """Run *program* in a process of its own and return the numbers that it prints."""
    done = subprocess.run(
        [sys.executable, "-c", THRESHOLD + program],
        env={"PYTHONPATH": str(ROOT / "backend")},
        capture_output=True,
        text=True,
        check=True,
    )
    numbers: list[int] = json.loads(done.stdout)
    return numbers


@pytest.mark.parametrize("handler", ["writer", "api"])
def test_importing_a_handler_puts_collections_off(handler: str) -> None:
    """A hundred thousand new objects, as boto3 makes, are no reason to collect by then."""
    usual, then = said_by_a_fresh_process(
        f"import run_ledger.{handler}; print([usual, gc.get_threshold()[0]])"
    )
    assert usual < 100_000 < then


def test_a_started_handler_collects_as_usual_and_spares_what_stays() -> None:
    """The usual threshold is back, and what a start made is out of the collector's sight."""
    usual, then, frozen, again = said_by_a_fresh_process(
        "from run_ledger import starting; import boto3; starting.finished()\n"
        "first = gc.get_freeze_count()\n"
        "more = [[number] for number in range(50_000)]; starting.finished()\n"
        "print([usual, gc.get_threshold()[0], first, gc.get_freeze_count() - first])"
    )
    assert then == usual
    assert frozen > 10_000
    assert again < 1_000, "a second call must not freeze what requests made"
