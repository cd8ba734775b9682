"""`run-ledger incidents`: a person's own token, the read API, and the real intake behind HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from tests.support.readers.reporting import (
    ReportingHouse,
    person_claims,
    posted,
    reporting_house,
    signed,
)

from run_ledger.domain.instants import MICROSECONDS
from run_ledger_ops import command
from run_ledger_ops.console import terminal
from run_ledger_ops.sign_in import own_token
from run_ledger_ops.telling import answering

INCIDENT = "0b7b1c0de5f04c3a8f1d2e3c4b5a6978"
Run = Callable[..., tuple[int, str, str]]


def incident(incident_id: str = INCIDENT, **more: Any) -> dict[str, Any]:
    """Return an incident as the read API has it."""
    return {
        "incident_id": incident_id,
        "client_id": "acme",
        "pipeline": "nightly",
        "project_id": None,
        "of_staff": False,
        "what": "failed",
        "state": "open",
        "error": {"type": "KeyError", "message": "no \x1b[31mprice\u202e"},
        "jobs": 3,
        "last_job_id": "nightly-17",
        "began_at": "2026-11-22T02:10:00.000000Z",
        "opened_at": "2026-11-22T02:15:31.000000Z",
        "closed_at": None,
        "closed_because": None,
        "acknowledged_by": None,
        "muted": False,
        "muted_until": None,
        "history": [],
        **more,
    }


@dataclass
class Ledger:
    """A site with its read API, and an intake whose acts are in the history at once."""

    house: ReportingHouse
    incidents: list[dict[str, Any]] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    refusals: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    is_slow: bool = False
    telling: bool = True
    url: str = ""

    def read(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        """Answer a path of the site."""
        if path == "/config.json":
            return 200, self.config
        if path == "/api/incidents":
            self.asked.append(query)
            start = int(query.get("cursor", 0))
            end = start + int(query["limit"])
            more = str(end) if end < len(self.incidents) else None
            shown = self.incidents[start:end]
            return 200, {"items": shown, "next_cursor": more, "telling": self.telling}
        wanted = unquote(path.removeprefix("/api/incidents/"))
        found = [one for one in self.incidents if one["incident_id"] == wanted]
        return (200, found[0]) if found else (404, {"detail": "There is no such incident."})

    def take(self, body: bytes, authorization: str) -> tuple[int, Any]:
        """Hand a body to the intake, and what it takes to the history."""
        self.bodies.append(body)
        if self.refusals:
            return self.refusals.pop(0), {}
        headers = {"Content-Type": "application/json", "Authorization": authorization}
        reply = self.house.ask(posted("/events", body, headers))
        if reply.status == 202 and not self.is_slow:
            said = json.loads(self.house.bus.entries[-1]["Detail"])
            turn = {"at": said["occurred_at"], "kind": "changed", "because": f"{said['act']}d"}
            turn |= {"by": said["by"]["name"], "text": said.get("text"), "until": None}
            self.incidents[0]["history"].append({**turn, "event_id": said["event_id"]})
        return reply.status, reply.json


def _handler(ledger: Ledger) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            self._say(*ledger.read(parts.path, dict(parse_qsl(parts.query))))

        def do_POST(self) -> None:
            assert self.path == "/intake/events"
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._say(*ledger.take(body, self.headers["Authorization"]))

        def _say(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Retry-After", "0")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture(scope="module")
def house() -> Iterator[ReportingHouse]:
    """Give an intake over moto."""
    with reporting_house() as made:
        yield made


@pytest.fixture
def ledger(house: ReportingHouse) -> Iterator[Ledger]:
    """Serve a ledger with one open incident of acme."""
    house.bus.entries.clear()
    house.now = terminal.clock()
    made = Ledger(house, [incident()])
    server = HTTPServer(("127.0.0.1", 0), _handler(made))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    made.config = {
        "authorize_url": "/oauth2/authorize",
        "token_url": "/oauth2/token",
        "client_id": "site",
        "scope": "openid email run-ledger/read",
        "act_scope": "run-ledger/act",
        "intake_base": "/intake",
    }
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def run(ledger: Ledger, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command as somebody in the given groups."""

    def command_line(*words: str, groups: tuple[str, ...] = ("client-acme", "act")) -> Any:
        seconds = ledger.house.now // MICROSECONDS
        claims = person_claims(*groups, iat=seconds - 60, exp=seconds + 3_600)
        monkeypatch.setenv("RUN_LEDGER_TOKEN", f" {signed(claims)}\n")
        code = command.main(["incidents", *words, "--site", ledger.url])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return command_line


def sent(ledger: Ledger, source: str = "run-ledger/act/acme") -> dict[str, Any]:
    """Return the detail of the one act on the bus, and check where it comes from."""
    (entry,) = ledger.house.bus.entries
    assert (entry["DetailType"], entry["Source"]) == ("incident_update", source)
    detail: dict[str, Any] = json.loads(entry["Detail"])
    return detail


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["acknowledge", INCIDENT], {}),
        (["acknowledge", INCIDENT, "--reason", "mine"], {"text": "mine"}),
        (["unmute", INCIDENT], {}),
        (["resolve", INCIDENT, "--reason", "The feed is mended."], {"text": "The feed is mended."}),
        (["note", INCIDENT, "Ticket 4711"], {"text": "Ticket 4711"}),
        (["mute", INCIDENT, "--until-grows", "--reason", "x"], {"text": "x", "until_grows": True}),
        (
            ["mute", INCIDENT, "--until", "2999-01-02T03:04:05Z", "--reason", "x"],
            {"text": "x", "until": "2999-01-02T03:04:05.000000Z"},
        ),
    ],
)
def test_an_act_goes_to_the_intake_and_is_shown(
    ledger: Ledger, run: Run, words: list[str], said: dict[str, Any]
) -> None:
    """With all that was said, of the incident's client, by whose token it is."""
    code, out, _ = run(*words)
    detail = sent(ledger)
    kept = {name: detail.get(name) for name in ("text", "until", "until_grows")}
    assert kept == {"text": None, "until": None, "until_grows": None, **said}
    assert (detail["act"], detail["client_id"]) == (words[0], "acme")
    assert detail["by"] == {"id": "person#s-1", "name": "kim@acme.example"}
    assert code == 0
    assert "by kim@acme.example" in out


DIFFERS = {"client_id": "*", "pipeline": "proof", "what": "differs", "last_job_id": "row all 1"}


@pytest.mark.parametrize(
    ("of", "where"), [({}, "acme / nightly"), (DIFFERS, "all clients / row all 1")]
)
def test_staff_answer_their_own_incidents(
    ledger: Ledger, run: Run, of: dict[str, str], where: str
) -> None:
    """Of a client's jobs or of the ledger itself; each line says whose it is."""
    ledger.incidents = [incident(of_staff=True, **of)]
    code, out, _ = run("acknowledge", INCIDENT, groups=("staff", "act"))
    assert code == 0
    assert sent(ledger, "run-ledger/act/for/staff")["client_id"] == "*"
    assert "whose: staff's" in out
    assert f"where: {where}\n" in out
    assert f"{where}  staff's rule  since" in run("list")[1]
    ledger.house.bus.entries.clear()
    code, _, err = run("resolve", INCIDENT, groups=("client-acme", "act"))
    assert (code, ledger.house.bus.entries) == (2, [])
    assert "a client on whose incidents you may act" in err


def test_a_list_is_narrowed_down(ledger: Ledger, run: Run) -> None:
    """By all that the API knows, which is asked for nothing else."""
    words = ["--state", "all", "--what", "missed", "--project", "p-1", "--pipeline", "nightly"]
    assert run("list", *words, "--from", "2026-11-22", "--to", "2026-11-23T01:00:00+01:00")[0] == 0
    assert run("list", "--of-staff")[0] == run("list", "--no-of-staff")[0] == 0
    assert ledger.asked == [
        {
            "what": "missed",
            "project_id": "p-1",
            "pipeline": "nightly",
            "from": "2026-11-22T00:00:00.000000Z",
            "to": "2026-11-23T00:00:00.000000Z",
            "limit": "50",
        },
        {"state": "open", "of_staff": "true", "limit": "50"},
        {"state": "open", "of_staff": "false", "limit": "50"},
    ]


@pytest.mark.parametrize("status", [503, 429])
def test_what_nobody_knows_of_is_sent_again(ledger: Ledger, run: Run, status: int) -> None:
    """With the same id, so that it counts once."""
    ledger.refusals = [status, status]
    assert run("acknowledge", INCIDENT)[0] == 0
    assert len({*ledger.bodies}) == 1
    assert len(ledger.bodies) == 3


def test_it_gives_up(ledger: Ledger, run: Run) -> None:
    """After three times, and says so."""
    ledger.refusals = [503] * 9
    code, _, err = run("acknowledge", INCIDENT)
    assert (code, len(ledger.bodies)) == (2, 3)
    assert "try again" in err


def test_who_may_not_act_is_told_who_gives_the_right(ledger: Ledger, run: Run) -> None:
    """By the command that does; nothing is on the bus."""
    code, out, err = run("acknowledge", INCIDENT, groups=("client-acme",))
    assert (code, out, ledger.house.bus.entries) == (2, "", [])
    assert "may not act on incidents" in err
    assert "users invite EMAIL --client ID --act" in err


def test_another_clients_incident_can_not_be_acted_on(ledger: Ledger, run: Run) -> None:
    """The intake refuses it, also where the API had shown it."""
    code, _, err = run("resolve", INCIDENT, groups=("client-globex", "act"))
    assert (code, ledger.house.bus.entries) == (2, [])
    assert "a client on whose incidents you may act" in err


@pytest.mark.parametrize("incident_id", ["nobody", "../jobs", "a?b=c", "x" * 5_000, "\x1b[31m"])
def test_an_unknown_incident_sends_nothing(ledger: Ledger, run: Run, incident_id: str) -> None:
    """Whatever the id is, it is the id of an incident and no other path."""
    code, _, err = run("acknowledge", incident_id)
    assert (code, ledger.bodies) == (2, [])
    assert "There is no such incident" in err


def test_a_closed_incident_sends_nothing(ledger: Ledger, run: Run) -> None:
    """The teller would reject it, and nobody would hear of that."""
    ledger.incidents[0]["state"] = "closed"
    code, _, err = run("note", INCIDENT, "late")
    assert (code, ledger.bodies) == (2, [])
    assert "closed" in err


def test_a_ledger_without_acts_says_so(ledger: Ledger, run: Run) -> None:
    """Before anything is asked."""
    del ledger.config["act_scope"], ledger.config["intake_base"]
    code, _, err = run("acknowledge", INCIDENT)
    assert (code, ledger.bodies) == (2, [])
    assert "Telling=true and Intake=true" in err


def test_one_that_takes_long_is_said_to_be_on_its_way(
    ledger: Ledger, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The exit code tells it from one that is done."""
    ledger.is_slow = True
    monkeypatch.setattr(answering, "_POLL_SECONDS", 0.25)
    code, out, err = run("acknowledge", INCIDENT, "--wait", "1", "--json")
    assert code == 1
    assert json.loads(out)["is_done"] is False
    assert "not in the history yet" in err


def test_a_list_reads_page_by_page(ledger: Ledger, run: Run) -> None:
    """As many as were asked for, and says whether there are more."""
    ledger.incidents = [incident(f"i-{number}") for number in range(250)]
    code, out, err = run("list", "--limit", "120", "--client", "acme")
    assert (code, len(out.splitlines())) == (0, 120)
    assert "there are more" in err
    assert [one["limit"] for one in ledger.asked] == ["100", "20"]
    assert {(one["state"], one["client_id"]) for one in ledger.asked} == {("open", "acme")}


def test_a_terminal_obeys_no_producer(ledger: Ledger, run: Run) -> None:
    """What would move its cursor or turn its text around is not printed."""
    ledger.incidents[0]["history"] = [
        {"at": "2026-11-22T03:00:00.000000Z", "kind": "changed", "because": "noted", "by": "a@b.c"}
        | {"text": "\x1b]0;title\x07 and\nmore", "until": None, "event_id": "e"}
    ]
    for words in (["list"], ["show", INCIDENT]):
        code, out, _ = run(*words)
        assert code == 0
        assert "3 jobs failed" in out
        assert "acme / nightly" in out
        assert all(letter.isprintable() or letter == "\n" for letter in out)
    assert "2026-11-22T03:00:00Z  noted by a@b.c:  ]0;title  and more" in out


def test_runs_are_no_jobs(ledger: Ledger, run: Run) -> None:
    """What is counted has its word."""
    ledger.incidents = [incident(what="missed", jobs=1), incident(what="late", jobs=2)]
    out = run("list")[1]
    assert [words in out for words in ("1 run missed", "2 runs late")] == [True, True]


def test_an_empty_list_says_whether_the_ledger_tells(ledger: Ledger, run: Run) -> None:
    """That nothing is open says nothing where nobody is told."""
    ledger.incidents.clear()
    assert "No incident is open" in run("list")[2]
    ledger.telling = False
    assert "tells nobody" in run("list")[2]
    assert json.loads(run("list", "--json")[1]) == {"telling": False, "incidents": []}


@pytest.mark.parametrize("when", ["2h", "1d", "30m", "2026-11-22T15:00:00Z"])
def test_until_is_ahead(when: str) -> None:
    """A length of time counts from now."""
    now = terminal.moment("2026-11-22T14:00:00Z")
    assert answering.until(when, lambda: now) > now


@pytest.mark.parametrize(
    "when", ["0m", "tomorrow", "", "2000-01-01T00:00:00Z", "99999999999d", "2026-11-22T15:00:00"]
)
def test_until_refuses_what_is_over_or_no_time(
    run: Run, capsys: pytest.CaptureFixture[str], when: str
) -> None:
    """Before anything is sent."""
    with pytest.raises(SystemExit) as ended:
        run("mute", INCIDENT, "--until", when, "--reason", "x")
    assert ended.value.code == 2
    assert "--until" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["mute", INCIDENT, "--until", "2h"], ["mute", INCIDENT, "--reason", "x"], ["note", "i"]],
)
def test_what_an_act_needs_is_asked_for(run: Run, words: list[str]) -> None:
    """A mute has an end and a reason, a note a text."""
    with pytest.raises(SystemExit) as ended:
        run(*words)
    assert ended.value.code == 2


def test_a_sign_in_asks_for_the_right_where_there_are_acts(ledger: Ledger) -> None:
    """An assistant's doesn't; nor does anybody's where none are taken."""
    pages = own_token.sign_in_pages(ledger.url)
    assert pages.scope == "openid email run-ledger/read"
    assert pages.to_act().scope == "openid email run-ledger/read run-ledger/act"
    ledger.config["act_scope"] = None
    pages = own_token.sign_in_pages(ledger.url)
    assert pages.to_act() == pages
