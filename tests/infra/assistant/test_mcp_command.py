"""`run-ledger mcp` serves the protocol's own client, in an environment where its SDK is.

One process there makes all calls at once; behind them is the real reader of a small ledger.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.support.app.dashboard_api import Api, token
from tests.support.dynamo.querying import Querying
from tests.support.readers import asked
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import House
from tests.support.readers.scripted_questions import ASKED, SINCE, UNTIL
from tests.support.site.fake_site_origin import FakeOrigin, running_origin

from run_ledger.questions.shaping import NOTE
from run_ledger.questions.tools import TOOLS
from run_ledger_ops import command

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venvs" / "assistants" / "bin" / "python"
PROGRAM = ROOT / "tests" / "support" / "assistant" / "official_client.py"
SECONDS = 180
# What the command's own clock decides is asked of the reader in this process alone.
BY_CLOCK = ("compare_periods", "cost_by", "why_did_it_fail")
SCRIPTED = [one for one in ASKED if one[1] not in BY_CLOCK]
PERIOD = {"since": SINCE, "until": UNTIL}
REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("explain_job", {"job_id": "no-such-job"}),
    ("find_jobs", {"limit": 0}),
    ("delete_everything", {}),
]


@pytest.fixture(scope="module")
def origin() -> Iterator[FakeOrigin]:
    """Give a site whose API is the real reader; tokens are not signed, and say who asks."""
    house = House(Querying(empty_store()))  # type: ignore[arg-type]
    asked.fill(house)
    api, lock = Api(house), threading.Lock()

    def answer(path: str, query: dict[str, str], authorization: str) -> tuple[int, Any]:
        with lock:
            status, _, body = api.answer(
                f"{path}?{urlencode(query)}", {"Authorization": authorization}
            )
        return status, json.loads(body)

    with running_origin() as made:
        made.answer_api = answer  # type: ignore[method-assign]
        yield made


def call(
    origin: FakeOrigin, calls: list[tuple[str, dict[str, Any]]], **environment: str
) -> dict[str, Any]:
    """Return what the official client got."""
    assert PYTHON.exists(), "run infra/tools/bootstrap.py assistants, as make test does"
    done = subprocess.run(
        [PYTHON, PROGRAM],
        input=json.dumps({"arguments": ["--site", origin.site_url], "calls": calls}),
        env={
            **{name: value for name, value in os.environ.items() if "RUN_LEDGER" not in name},
            "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT / 'infra'}",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def served(origin: FakeOrigin) -> dict[str, Any]:
    """Give what staff got: the scripted questions, two of a period, and what is refused."""
    calls = [(one[1], one[2]) for one in SCRIPTED]
    calls += [("cost_by", PERIOD), ("compare_periods", PERIOD), *REFUSED]
    return call(origin, calls, RUN_LEDGER_TOKEN=token("u-1", "staff"))


def test_it_says_what_it_is(served: dict[str, Any]) -> None:
    """All tools are there, each read-only and with a closed schema."""
    assert served["name"] == "run-ledger"
    assert NOTE in served["instructions"]
    assert [tool["name"] for tool in served["tools"]] == list(TOOLS)
    for tool in served["tools"]:
        schema = tool.get("inputSchema") or tool["input_schema"]
        assert schema["additionalProperties"] is False
        hints = tool["annotations"]
        assert hints.get("readOnlyHint", hints.get("read_only_hint")) is True


@pytest.mark.parametrize("number", range(len(SCRIPTED)), ids=[one[0] for one in SCRIPTED])
def test_scripted_questions_are_answered(served: dict[str, Any], number: int) -> None:
    """As in the reader's own process: structured, and as text for clients that read no other."""
    found, right = SCRIPTED[number][3:]
    result = served["results"][number]
    assert not result["is_error"], result["text"]
    assert found(result["structured"]) == right
    assert json.loads(result["text"]) == result["structured"]


def test_periods_are_answered(served: dict[str, Any]) -> None:
    """With the reader's figures."""
    costs, compared = served["results"][len(SCRIPTED) : len(SCRIPTED) + 2]
    week = [one for one in asked.WORK if one[0] < 7 * 24]
    dollars = f"{sum(one[6] for one in week) / 1e6:.6f}"
    assert f"{float(costs['structured']['groups'][0]['cost_usd']):.6f}" == dollars
    # and the job's part, which is a job, too
    assert compared["structured"]["groups"][0]["period"]["ended"] == len(week) + 1


def test_refusals_are_results(served: dict[str, Any]) -> None:
    """An assistant reads them and tries again; they end nothing."""
    words = ("There is no such job", "limit", "There is no tool")
    for result, word in zip(served["results"][-len(REFUSED) :], words, strict=True):
        assert result["is_error"]
        assert result["structured"] is None
        assert word in result["text"]


@pytest.mark.parametrize("bad", ["", "garbage", "a.b.c"])
def test_a_forged_token_gets_nothing(origin: FakeOrigin, bad: str) -> None:
    """Whatever is asked: no figure, no name, and the same words for all."""
    origin_answer = origin.answer_api

    def refusing(path: str, query: dict[str, str], authorization: str) -> tuple[int, Any]:
        if authorization != f"Bearer {token('u-1', 'staff')}":
            return 401, {"message": "Unauthorized"}  # as API Gateway answers
        return origin_answer(path, query, authorization)

    origin.answer_api = refusing  # type: ignore[method-assign]
    try:
        calls = [("what_is_wrong_now", {}), ("explain_job", {"job_id": "job-1"})]
        found = call(origin, calls, RUN_LEDGER_TOKEN=bad or "x")
    finally:
        origin.answer_api = origin_answer  # type: ignore[method-assign]
    assert {one["is_error"] for one in found["results"]} == {True}
    (text,) = {one["text"] for one in found["results"]}
    assert text.startswith("The API refuses RUN_LEDGER_TOKEN; tokens are good for an hour.")


def test_a_client_sees_its_own(origin: FakeOrigin) -> None:
    """What a person of one client asks is answered without the others."""
    calls = [(name, {}) for name in ("what_is_wrong_now", "find_jobs", "find_clients", "projects")]
    found = call(origin, calls, RUN_LEDGER_TOKEN=token("u-2", "client-acme"))
    assert not any(one["is_error"] for one in found["results"])
    told = json.dumps(found["results"])
    assert "acme" in told
    assert [word for word in ("globex", "hooli", "job-3") if word in told] == []


def test_without_the_sdk_the_command_says_what_to_install(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In this environment it is not installed."""
    code = command.main(["mcp", "--site", "http://127.0.0.1:1"])
    assert code == 2
    assert 'pip install "run-ledger[ops,mcp]"' in capsys.readouterr().err
