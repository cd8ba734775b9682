"""The process of `run-ledger mcp` ends at once whenever it is to, and no line of it shows a token.

It is driven by lines of the protocol's first era, as an assistant of then writes them.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.support.site.fake_site_origin import FakeOrigin, running_origin

ROOT = Path(__file__).resolve().parents[3]
PYTHON = ROOT / ".venvs" / "assistants" / "bin" / "python"
SECONDS = 30
HELLO = {
    "protocolVersion": "2025-06-18",
    "capabilities": {},
    "clientInfo": {"name": "test", "version": "1"},
}


@pytest.fixture(scope="module")
def origin() -> Iterator[FakeOrigin]:
    """Give a site whose API does not answer until the tests are over."""
    over = threading.Event()

    def answer(*_: object) -> tuple[int, Any]:
        asked.release()
        over.wait(SECONDS)
        return 503, {}

    asked = threading.Semaphore(0)
    with running_origin() as made:
        made.answer_api = answer  # type: ignore[method-assign]
        made.asked = asked  # type: ignore[attr-defined]
        yield made
        over.set()


@contextmanager
def started(site: str, token: str) -> Iterator[subprocess.Popen[str]]:
    """Run the command until it has said hello."""
    assert PYTHON.exists(), "run infra/tools/bootstrap.py assistants, as make test does"
    with subprocess.Popen(
        [PYTHON, "-m", "run_ledger_ops.command", "mcp", "--site", site],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={
            **{name: value for name, value in os.environ.items() if "RUN_LEDGER" not in name},
            "PYTHONPATH": f"{ROOT / 'backend'}:{ROOT / 'infra'}",
            "RUN_LEDGER_TOKEN": token,
        },
    ) as process:
        try:
            assert _asked(process, 1, "initialize", HELLO)["result"]["serverInfo"]
            _send(process, {"method": "notifications/initialized"})
            yield process
        finally:
            process.kill()


def _send(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    process.stdin.flush()


def _asked(
    process: subprocess.Popen[str], number: int, method: str, params: dict[str, Any]
) -> dict[str, Any]:
    _send(process, {"id": number, "method": method, "params": params})
    assert process.stdout is not None
    found: dict[str, Any] = json.loads(process.stdout.readline())
    return found


@pytest.mark.parametrize("is_asked", [True, False], ids=["while it asks", "while it waits"])
@pytest.mark.parametrize(
    ("how", "code"), [(None, 0), (signal.SIGINT, -signal.SIGINT), (signal.SIGTERM, -signal.SIGTERM)]
)
def test_it_ends_at_once(
    origin: FakeOrigin, how: signal.Signals | None, code: int, is_asked: bool
) -> None:
    """Without a traceback, where its input is closed and by either signal."""
    with started(origin.site_url, "token") as process:
        if is_asked:
            call = {"name": "find_clients", "arguments": {}}
            _send(process, {"id": 2, "method": "tools/call", "params": call})
            assert origin.asked.acquire(timeout=SECONDS)  # type: ignore[attr-defined]
        assert process.stdin is not None
        assert process.stderr is not None
        if how is None:
            process.stdin.close()
        else:
            process.send_signal(how)
        assert process.wait(10) == code
        assert process.stderr.read() == ""


def test_pings_and_questions_go_on_while_others_wait(origin: FakeOrigin) -> None:
    """More questions than are asked at once keep no ping waiting."""
    with started(origin.site_url, "token") as process:
        for number in range(40):
            call = {"name": "find_clients", "arguments": {}}
            _send(process, {"id": number + 10, "method": "tools/call", "params": call})
        assert _asked(process, 2, "ping", {})["id"] == 2


def test_a_token_with_a_line_end_is_shown_nowhere(origin: FakeOrigin) -> None:
    """Neither to the assistant nor in its log."""
    with started(f"{origin.site_url}#/overview", "secr\net") as process:
        call = {"name": "find_clients", "arguments": {}}
        found = _asked(process, 2, "tools/call", call)
        assert found["result"]["isError"] is True
        assert "allowed are letters" in found["result"]["content"][0]["text"]
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.close()
        assert process.wait(10) == 0
        assert "secr" not in json.dumps(found) + process.stderr.read()


def test_it_starts_while_the_site_can_not_be_reached() -> None:
    """Each question says so in words, and may be asked again."""
    with started("http://127.0.0.1:1", "token") as process:
        for number in (2, 3):
            call = {"name": "find_clients", "arguments": {}}
            found = _asked(process, number, "tools/call", call)["result"]
            assert found["isError"] is True
            assert found["content"][0]["text"].startswith("The ledger's site can't be asked:")
        assert "tools" in _asked(process, 4, "tools/list", {})["result"]
