"""What the live check says of a system that is not as it should be, part by part."""

from __future__ import annotations

import http.server
import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.stacks.templates import ROOT, source

from run_ledger_ops.checks.findings import Level
from run_ledger_ops.checks.live import arrival, dashboard_trial, live_check
from run_ledger_ops.checks.live.machine import NAME, Machine, MachineRefused
from run_ledger_ops.checks.live.sign_in_page import page_answers

LOOPBACK = "127.0.0.1"


def system(*, is_local: bool = True, **more: Any) -> Any:
    """Return a system that has what a part asks it for."""
    services: Mapping[str, Any] = more.pop("services", {})
    return SimpleNamespace(name="run-ledger-test", is_local=is_local, client=services.get, **more)


class Bus:
    """Takes events and counts them."""

    def __init__(self, refuses: str | None = None) -> None:
        self.taken: list[dict[str, Any]] = []
        self._refuses = refuses

    def put_events(self, **asked: list[dict[str, Any]]) -> dict[str, Any]:
        """Take entries, or refuse each with a code."""
        if self._refuses:
            return {"Entries": [{"ErrorCode": self._refuses} for _ in asked["Entries"]]}
        self.taken.extend(asked["Entries"])
        return {"Entries": [{"EventId": "1"} for _ in asked["Entries"]]}


class Answers:
    """A machine whose ledger counts what the bus took by some rule."""

    def __init__(self, bus: Bus, count: Any) -> None:
        self._bus, self._count = bus, count

    def ask(self, path: str) -> Any:
        """Return the job, None as long as nothing is counted."""
        assert path == f"/jobs/{arrival.JOB_ID}"
        counted = self._count(self._bus.taken)
        return {"counters": {arrival.COUNTER: counted}} if counted else None


def ids(taken: list[dict[str, Any]]) -> set[str]:
    """Return the identities of events."""
    return {json.loads(one["Detail"])["event_id"] for one in taken}


@pytest.mark.parametrize(
    ("count", "refuses", "level", "words"),
    [
        (lambda taken: len(ids(taken)), None, Level.WELL, "sent 3 times counts once"),
        (len, None, Level.WRONG, "counts 3 times"),
        (lambda _: 0, None, Level.WRONG, "did not come"),
        (len, "AccessDeniedException", Level.WRONG, "AccessDeniedException"),
    ],
)
def test_an_event_sent_again_counts_once(
    monkeypatch: pytest.MonkeyPatch, count: Any, refuses: str | None, level: Level, words: str
) -> None:
    """All copies have one identity; a ledger that counts each, or none, is found out."""
    monkeypatch.setattr(arrival, "WAIT_SECONDS", 0.0)
    monkeypatch.setattr(arrival, "_AFTERWARDS_SECONDS", 0.0)
    bus = Bus(refuses)
    here = system(services={"events": bus}, outputs={"BusName": "bus"}, parameters={})
    found = arrival.event_counts_once(here, Answers(bus, count))  # type: ignore[arg-type]

    assert found.level is level
    assert words in found.words
    assert len(ids(bus.taken)) == (0 if refuses else 1)


def test_copies_have_the_time_for_which_the_queue_collects(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another poller may hold a copy for the whole window before it would count."""
    slept: list[float] = []
    monkeypatch.setattr(arrival, "time", SimpleNamespace(monotonic=lambda: 0.0, sleep=slept.append))
    bus = Bus()
    parameters = {"BatchWindowSeconds": "60"}
    here = system(services={"events": bus}, outputs={"BusName": "bus"}, parameters=parameters)
    arrival.event_counts_once(here, Answers(bus, lambda taken: len(ids(taken))))  # type: ignore[arg-type]

    assert slept == [63.0]


class Logs:
    """Takes queries, but for those with a text in them."""

    def __init__(self, refused: str = "§", code: str = "MalformedQueryException") -> None:
        self.started: list[dict[str, Any]] = []
        self._refused, self._code = refused, code

    def start_query(self, **asked: Any) -> dict[str, str]:
        """Start a query, or refuse it as the API does."""
        if self._refused in asked["queryString"]:
            raise ClientError({"Error": {"Code": self._code, "Message": "no"}}, "StartQuery")
        self.started.append(asked)
        return {"queryId": "1"}


def dashboard(query: str, pattern: str = "__CLIENT__") -> Any:
    """Return a CloudWatch with a dashboard of one query and one variable."""
    body = {
        "variables": [{"id": "client", "pattern": pattern, "defaultValue": ".*"}],
        "widgets": [
            {"type": "metric", "properties": {}},
            {"type": "log", "properties": {"title": "Failures", "query": query}},
        ],
    }
    return SimpleNamespace(get_dashboard=lambda **_: {"DashboardBody": json.dumps(body)})


SOURCE = "SOURCE '/aws/lambda/writer' | "


@pytest.mark.parametrize(
    ("query", "pattern", "level", "words"),
    [
        (f"{SOURCE}filter client_id like /^__CLIENT__$/", "__CLIENT__", Level.WELL, "resolve"),
        (f"{SOURCE}filter client_id like /^x$/", "__CLIENT__", Level.WRONG, "nothing: client"),
        (f"{SOURCE}filter __CLIENT__ like __RESULT__", "__CLIENT__", Level.WRONG, "__RESULT__"),
        (f"{SOURCE}filter __CLIENT__ and ${{Stage}}", "__CLIENT__", Level.WRONG, "${S"),
        (f"{SOURCE}nonsense § __CLIENT__", "__CLIENT__", Level.WRONG, "queries of Failures"),
    ],
)
def test_the_dashboards_variables_resolve(
    query: str, pattern: str, level: Level, words: str
) -> None:
    """Each stands for something, none is left over, and the queries are what CloudWatch takes."""
    logs = Logs()
    services = {"cloudwatch": dashboard(query, pattern), "logs": logs}
    here = system(services=services, outputs={"DashboardName": "d"})
    found = dashboard_trial.dashboard_resolves(here)

    assert (found.level, words in found.words) == (level, True), found.words
    for one in logs.started:
        assert one["logGroupNames"] == ["/aws/lambda/writer"]
        assert "SOURCE" not in one["queryString"]
        assert one["endTime"] - one["startTime"] == 60


def test_another_trouble_with_logs_is_no_finding_about_the_dashboard() -> None:
    """A missing right is said as such."""
    logs = Logs("filter", "AccessDeniedException")
    services = {"cloudwatch": dashboard(f"{SOURCE}filter __CLIENT__"), "logs": logs}
    with pytest.raises(ClientError):
        dashboard_trial.dashboard_resolves(
            system(services=services, outputs={"DashboardName": "d"})
        )


def test_a_stage_without_a_dashboard_is_well() -> None:
    """It is an optional part."""
    assert dashboard_trial.dashboard_resolves(system(outputs={})).level is Level.WELL


@contextmanager
def serving(pages: Mapping[str, tuple[int, str, str]]) -> Iterator[str]:
    """Serve pages by path: status, Location or nothing, body."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, location, body = pages[self.path.partition("?")[0]]
            self.send_response(status)
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body.encode())

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = http.server.ThreadingHTTPServer((LOOPBACK, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


LOGIN = (200, "", "<!DOCTYPE html><HTML><form></form></HTML>")


@pytest.mark.parametrize(
    ("pages", "level", "words"),
    [
        ({"/oauth2/authorize": (302, "/login", ""), "/login": LOGIN}, Level.WELL, "answers at"),
        ({"/oauth2/authorize": LOGIN}, Level.WELL, "answers at"),
        ({"/oauth2/authorize": (302, "/error", ""), "/error": LOGIN}, Level.WRONG, "/error"),
        ({"/oauth2/authorize": (400, "", "")}, Level.WRONG, "answers 400"),
        ({"/oauth2/authorize": (200, "", "{}")}, Level.WRONG, "is no page to sign in at"),
    ],
)
def test_people_get_a_page_to_sign_in_at(
    pages: dict[str, tuple[int, str, str]], level: Level, words: str
) -> None:
    """Cognito leads what it does not know to /error (AWS: "Redirect and authorization errors")."""
    with serving(pages) as url:
        here = system(
            reachable_authorize_url=f"{url}/oauth2/authorize",
            reachable_token_url=f"{url}/oauth2/token",
            outputs={"SiteClientId": "site", "Scope": "run-ledger/read"},
        )
        found = page_answers(here)

    assert (found.level, words in found.words) == (level, True), found.words


class Cognito:
    """App clients of a user pool."""

    def __init__(self, *names: str) -> None:
        self.clients = {f"id-{name}-{at}": name for at, name in enumerate(names)}

    def get_paginator(self, name: str) -> Any:
        """Return the pages of all app clients."""
        assert name == "list_user_pool_clients"
        listed = [{"ClientId": one, "ClientName": name} for one, name in self.clients.items()]
        return SimpleNamespace(paginate=lambda **_: [{"UserPoolClients": listed}])

    def create_user_pool_client(self, **asked: Any) -> dict[str, Any]:
        """Make an app client."""
        self.clients["id-new"] = asked["ClientName"]
        made = {"ClientId": "id-new", "ClientName": asked["ClientName"], "ClientSecret": "s"}
        return {"UserPoolClient": made}

    def delete_user_pool_client(self, **asked: str) -> None:
        """Delete an app client."""
        del self.clients[asked["ClientId"]]


@pytest.mark.parametrize("status", [200, 403, 404, 500])
def test_the_machine_of_the_check_is_gone_afterwards(status: int) -> None:
    """So is that of a check that was killed; the apps of others stay. A refusal is a finding."""
    cognito, grants = Cognito("billing", NAME), []
    dynamodb = SimpleNamespace(
        put_item=lambda **asked: grants.append("put"),
        update_item=lambda **asked: grants.append("put"),
        delete_item=lambda **asked: grants.append("delete"),
    )
    pages = {"/oauth2/token": (200, "", '{"access_token": "t"}'), "/jobs/x": (status, "", "{}")}
    with serving(pages) as url:
        here = system(
            cognito=cognito,
            dynamodb=dynamodb,
            tables=SimpleNamespace(clients="clients"),
            outputs={"UserPoolId": "pool", "Scope": "run-ledger/read"},
            reachable_token_url=f"{url}/oauth2/token",
            reachable_api_url=url,
        )
        machine = Machine(here)
        if status in {200, 404}:
            assert machine.ask("/jobs/x") == ({} if status == 200 else None)
        else:
            with pytest.raises(MachineRefused, match=f"answers {status}"):
                machine.ask("/jobs/x")
        assert cognito.clients["id-new"] == NAME
        assert machine.leave() is None

    assert set(cognito.clients.values()) == {"billing"}
    both = ["delete"] * 2  # what it might see, and for whom it might report
    assert grants == [*both, "put", *both]


def test_a_part_that_fails_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a finding, what is not checked is named, and a failure is no `well`."""

    def failing(*_: object) -> Any:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetDashboard")

    for name in ("event_arrives", "page_answers", "dashboard_resolves", "alarm_fires"):
        monkeypatch.setattr(live_check, name, failing)
    monkeypatch.setattr(live_check, "event_counts_once", _refused)
    found = list(live_check.live_findings(system(is_local=False), with_alarm=False))

    assert [one.part for one in found] == [
        "event", "counted once", "sign-in page", "dashboard", "not checked"
    ]  # fmt: skip
    assert [one.level for one in found[:4]] == [
        Level.UNKNOWN, Level.WRONG, Level.UNKNOWN, Level.UNKNOWN
    ]  # fmt: skip
    assert "an alarm" in found[-1].words


def _refused(*_: object) -> Any:
    raise MachineRefused("the API answers 403 to a machine that may see everything")


def test_what_can_not_be_removed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the command that removes it, and so that the check is no success."""
    for name in ("event_arrives", "event_counts_once", "page_answers", "dashboard_resolves"):
        monkeypatch.setattr(live_check, name, _refused)
    monkeypatch.setattr(Machine, "leave", lambda _: f"`run-ledger apps remove {NAME}`")
    found = list(live_check.live_findings(system(), with_alarm=False))

    (left,) = [one for one in found if one.part == "clean-up"]
    assert left.level is Level.WRONG
    assert NAME in left.words


def test_check_waits_longer_than_the_queue_may_collect() -> None:
    """A lone event of a healthy stage comes after the window, which is a minute by default."""
    window = source()["Parameters"]["BatchWindowSeconds"]

    assert window["MaxValue"] + 20 <= arrival.WAIT_SECONDS


def test_runbook_names_every_part() -> None:
    """Whoever reads a line finds its part in the runbook, with what to do."""
    texts = [path.read_text() for path in Path(live_check.__file__).parents[1].rglob("*.py")]
    parts = set(re.findall(r'\b(?:Finding\(|_PART = )"([^"]+)"', "".join(texts)))
    runbook = (ROOT / "infra" / "RUNBOOK.md").read_text()
    named = re.findall(r"^\| `([^`]+)` \|", runbook.partition("status` finds\n")[2], re.MULTILINE)

    assert len(parts) > 12
    assert parts <= set(named)
