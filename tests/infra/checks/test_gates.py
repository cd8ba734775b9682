"""`run-ledger status` says whether API and intake refuse who has no token."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest

from run_ledger_ops.checks.findings import Finding, Level
from run_ledger_ops.checks.system_health import findings
from run_ledger_ops.console.target import Target


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """Answer all requests with *status*; give the address, and the requests that came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            came.append(f"{self.command} {self.path}")
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - as the server calls it

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", came
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def found_of(url: str, intake: str | None) -> dict[str, Finding]:
    """Return what is found of a system of which nothing but these addresses answers."""
    system: Any = SimpleNamespace(reachable_api_url=url, reachable_intake_url=intake, outputs={})
    found: dict[str, Finding] = {}
    looks = findings(system, None)  # type: ignore[arg-type]
    for _ in range(2 if intake else 1):
        one = next(look for look in looks if look.part != "stack")
        found[one.part] = one
    return found


@pytest.mark.parametrize(
    ("status", "level"), [(401, Level.WELL), (403, Level.WRONG), (500, Level.WRONG)]
)
def test_gates_refuse_who_has_no_token(
    status: int, level: Level, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each by the method that it takes; any other answer than 401 is wrong."""
    monkeypatch.setattr(
        "run_ledger_ops.checks.system_health._stack", lambda _: Finding("stack", Level.WELL, "", {})
    )
    with answering(status) as (url, came):
        found = found_of(url, f"{url}/intake")
        assert came == ["GET /jobs", "POST /intake/events"]
        assert {part: one.level for part, one in found.items()} == {"API": level, "intake": level}
        assert found["intake"].figures["status"] == status
        assert list(found_of(url, None)) == ["API"]


def test_an_intake_that_is_away_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be reached is told, and hides nothing else."""
    monkeypatch.setattr(
        "run_ledger_ops.checks.system_health._stack", lambda _: Finding("stack", Level.WELL, "", {})
    )
    with answering(401) as (url, _):
        found = found_of(url, "http://127.0.0.1:1/intake")
    assert (found["API"].level, found["intake"].level) == (Level.WELL, Level.UNKNOWN)


def test_where_the_intake_answers_from_here() -> None:
    """A local AWS has an address of its own for each API; a stage without an intake has none."""
    outputs = {"IntakeUrl": "https://abc.execute-api.eu-west-1.amazonaws.com/intake"}
    local: Any = SimpleNamespace(
        intake_url=outputs["IntakeUrl"], addresses={}, is_local=True, outputs=outputs
    )
    local._reachable = lambda url: Target._reachable(
        SimpleNamespace(_endpoint="http://127.0.0.1:4566"),  # type: ignore[arg-type]
        url,
    )
    there = Target.reachable_intake_url.fget(local)  # type: ignore[attr-defined]
    assert there == "http://127.0.0.1:4566/restapis/abc/intake/_user_request_"
    without: Any = SimpleNamespace(intake_url=None)
    assert Target.reachable_intake_url.fget(without) is None  # type: ignore[attr-defined]
