"""The protocol's own client asks ``/mcp``, in both eras, and gets what the command answers."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.app.dashboard_api import token
from tests.support.assistant.served_door import served_door
from tests.support.dynamo.querying import Querying
from tests.support.readers import asked
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House
from tests.support.readers.scripted_questions import ASKED

from run_ledger.questions.tool_results import tool_result
from run_ledger.questions.tools import INSTRUCTIONS, TOOLS

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venvs" / "assistants" / "bin" / "python"
PROGRAM = ROOT / "tests" / "support" / "assistant" / "official_http_client.py"
SECONDS = 180
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("explain_job", {"job_id": "no-such-job"}),
    ("delete_everything", {}),
]
CALLS = [*((one[1], one[2]) for one in ASKED), *REFUSED]


def asked_by_the_client(**wanted: Any) -> dict[str, Any]:
    """Return what the official client got."""
    assert PYTHON.exists(), "run infra/tools/bootstrap.py assistants, as make test does"
    done = subprocess.run(
        [PYTHON, PROGRAM],
        input=json.dumps(wanted),
        env={},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def here() -> House:
    """Give the filled house."""
    made = House(Querying(empty_store()))  # type: ignore[arg-type]
    asked.fill(made)
    return made


@pytest.fixture(scope="module")
def url(here: House) -> Iterator[str]:
    """Give the address of the house's door."""
    with served_door(here) as address:
        yield address


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
def test_scripted_questions_are_answered(here: House, url: str, mode: str, version: str) -> None:
    """Each as by the command, and as a recount says; refusals are results."""
    found = asked_by_the_client(url=url, mode=mode, token=token("u-1", "staff"), calls=CALLS)
    assert (found["version"], found["name"]) == (version, "run-ledger")
    assert found["instructions"] == INSTRUCTIONS
    assert [one["name"] for one in found["tools"]] == list(TOOLS)
    for (name, given), result in zip(CALLS, found["results"], strict=True):
        same = tool_result(asked.asking(here), name, given)
        assert result["structured"] == same.get("structuredContent"), (name, given)
        assert result["text"] == same["content"][0]["text"]
        assert result["is_error"] == same["isError"]
    for one, result in zip(ASKED, found["results"], strict=False):
        assert one[3](result["structured"]) == one[4], one[0]


def test_a_client_sees_its_own(url: str) -> None:
    """What a person of one client asks is answered without the others."""
    calls = [(name, {}) for name in ("what_is_wrong_now", "find_jobs", "find_clients", "projects")]
    found = asked_by_the_client(
        url=url, mode="auto", token=token("u-2", "client-acme"), calls=calls
    )
    told = json.dumps(found["results"])
    assert "acme" in told
    assert [word for word in ("globex", "hooli", "job-3") if word in told] == []
