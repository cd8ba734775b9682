"""Acts on incidents, from outside: by the command and the intake of the running system."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from tests.support.readers import ledger_http
from tests.support.readers.ledger_http import Stack
from tests.support.site import site_seed
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger.domain.api.access import ACT_SCOPE
from run_ledger_ops import command

pytestmark = pytest.mark.local_stack

SECONDS = 300
OURS, OTHERS = "acts-ours", "acts-others"
UNKNOWN = "0" * 32


@dataclass(frozen=True)
class Desk:
    """Two clients on a running system, and how people of each see and answer their incidents."""

    running: LocalStack
    stack: Stack
    reading: str
    reporting: str

    def token(self, role: str, *, acts: bool = True) -> str:
        """Sign in as a person, with the scope of acts or without it, and return the token."""
        scope = f"openid email {self.stack['scope']}" + (f" {ACT_SCOPE}" if acts else "")
        return ledger_http.personal_tokens(self.stack, role, scope)["access_token"]

    def post(self, token: str, detail_type: str, detail: dict[str, Any]) -> requests.Response:
        """Give one event to the intake."""
        return requests.post(
            f"{self.stack['intake_url']}/events",
            json={"events": [{"detail_type": detail_type, "detail": detail}]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )

    def act(self, token: str, **detail: Any) -> requests.Response:
        """Send an act to the intake."""
        return self.post(token, "incident_update", {"act": "resolve", "event_id": "1", **detail})

    def open_incident(self, pipeline: str) -> str:
        """Let a job of ours fail, by the intake, and return its incident's id once it is known."""
        detail = {"job_id": f"acts-{pipeline}", "client_id": OURS, "project_id": "acts"}
        detail |= {"pipeline": pipeline, "status": "completed", "result": "failed"}
        answer = self.post(self.reporting, "job_update", detail)
        assert answer.status_code == 202, answer.text
        query = {"client_id": OURS, "pipeline": pipeline}

        def look() -> list[dict[str, Any]]:
            return [*ledger_http.all_items(self.stack, "/incidents", self.reading, **query)]

        (found,) = wait_for("the incident", look, SECONDS)
        return str(found["incident_id"])

    def incident(self, incident_id: str) -> dict[str, Any]:
        """Return an incident with its history, as a machine that reads everything sees it."""
        answer = ledger_http.get(self.stack, f"/incidents/{incident_id}", self.reading)
        answer.raise_for_status()
        known: dict[str, Any] = answer.json()
        return known

    def rejected(self, event_id: str) -> str:
        """Return why an act was rejected after it was accepted; "" where it isn't known to be."""
        query = {"path": "/rejections", "token": self.reading}
        found = [
            one for one in ledger_http.all_items(self.stack, **query) if event_id in one["raw"]
        ]
        return ", ".join(str(one["reason"]) for one in found)


@pytest.fixture(scope="module")
def desk(running: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """Declare the clients and one rule, and invite one person to act for each, and one to look."""
    ours = {"id": OURS, "name": "Ours", "alerts": [{"what": "failed", "grace": "0s"}]}
    declared = {"clients": [ours, {"id": OTHERS, "name": "Others"}]}
    site_seed.declare_clients(running, tmp_path_factory.mktemp("acts"), declared)
    people = {
        OURS: site_seed.invite_to(running, OURS, acts=True),
        OTHERS: site_seed.invite_to(running, OTHERS, acts=True),
        "looks": site_seed.invite_to(running, OURS),
    }
    stack = {**running.document, "users": people}
    reading = ledger_http.machine_token(stack)
    return Desk(running, stack, reading, ledger_http.machine_token(stack, stack["report_scope"]))


@dataclass(frozen=True)
class Terminal:
    """`run-ledger incidents`, as somebody types it who has a token."""

    site_url: str
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, token: str, *words: str) -> tuple[int, str, str]:
        """Return the exit code, what was printed, and what was said of it."""
        self.monkeypatch.setenv("RUN_LEDGER_TOKEN", token)
        self.capsys.readouterr()
        wait = [] if words[0] in {"list", "show"} else ["--wait", str(SECONDS)]
        code = command.main(["incidents", *words, *wait, "--site", self.site_url])
        shown = self.capsys.readouterr()
        return code, shown.out, shown.err


@pytest.fixture
def terminal(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    """Give a terminal with the command."""
    return Terminal(desk.stack["site_url"], monkeypatch, capsys)


def test_each_act_is_done_and_says_who_did_it(desk: Desk, terminal: Terminal) -> None:
    """All five by the command; the API has them in order, with address and words; each once."""
    incident_id = desk.open_incident("each")
    token = desk.token(OURS)
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=8)
    until = f"{end:%Y-%m-%dT%H:%M:%SZ}"
    acts = (
        ["acknowledge", incident_id, "--reason", "I look after it."],
        ["note", incident_id, "Ticket 4711"],
        ["mute", incident_id, "--until", until, "--reason", "The supplier mends it."],
        ["unmute", incident_id],
        ["resolve", incident_id, "--reason", "The feed is mended."],
    )
    told = []
    for words in acts:
        code, out, err = terminal.run(token, *words, "--json")
        assert (code, err) == (0, ""), words
        answer = json.loads(out)
        assert answer["is_done"], words
        told.append(answer["event_id"])

    known = desk.incident(incident_id)
    assert (known["state"], known["closed_because"]) == ("closed", "resolved")
    opened, *turns = known["history"]
    assert (opened["kind"], opened["by"]) == ("opened", None)
    by = desk.stack["users"][OURS]["email"]
    assert [(one["because"], one["by"], one["text"], one["event_id"]) for one in turns] == [
        ("acknowledged", by, "I look after it.", told[0]),
        ("noted", by, "Ticket 4711", told[1]),
        ("muted", by, "The supplier mends it.", told[2]),
        ("unmuted", by, None, told[3]),
        ("resolved", by, "The feed is mended.", told[4]),
    ]
    assert datetime.fromisoformat(turns[2]["until"]) == end
    assert known["acknowledged_by"] == by
    code, _, err = terminal.run(token, "note", incident_id, "late")
    assert (code, "closed" in err) == (2, True)


def test_an_act_counts_once_and_its_author_is_no_matter_of_words(desk: Desk) -> None:
    """The same id twice is one note, by whose token it was, whatever the event says."""
    incident_id = desk.open_incident("twice")
    token, ids = desk.token(OURS), [str(uuid.uuid4()) for _ in range(2)]
    for event_id in (ids[0], ids[0], ids[1]):
        said = {"incident_id": incident_id, "client_id": OURS, "event_id": event_id}
        said |= {"act": "note", "text": "Ticket 4711", "by": {"id": "boss", "name": "boss@x.org"}}
        assert desk.act(token, **said).json()["results"][0]["status"] == "accepted"

    def noted() -> list[tuple[str, str]]:
        turns = desk.incident(incident_id)["history"][1:]
        return [(one["event_id"], one["by"]) for one in turns]

    wait_for("both notes", lambda: {one for one, _ in noted()} == {*ids}, SECONDS)
    assert sorted(noted()) == sorted((one, desk.stack["users"][OURS]["email"]) for one in ids)


def test_nobody_of_another_client_sees_or_acts(desk: Desk, terminal: Terminal) -> None:
    """No answer tells an incident of another client from one that there isn't."""
    incident_id = desk.open_incident("hidden")
    token = desk.token(OTHERS)
    assert json.loads(terminal.run(token, "list", "--state", "all", "--json")[1])["incidents"] == []
    for words in (["show"], ["acknowledge"], ["resolve"], ["mute", "--until-grows", "--reason=x"]):
        hidden, absent = (
            terminal.run(token, words[0], one, *words[1:]) for one in (incident_id, UNKNOWN)
        )
        assert hidden == absent
        assert hidden[0] == 2
        assert "no incident with this id" in hidden[2]

    refused = {}
    for client_id in (OURS, "acts-nobody"):
        answer = desk.act(token, incident_id=incident_id, client_id=client_id)
        assert answer.status_code == 207
        refused[client_id] = answer.text.replace(client_id, "")
        assert "rejected" in answer.text
    assert refused[OURS] == refused["acts-nobody"]

    said = []
    for one in (incident_id, UNKNOWN):
        event_id = str(uuid.uuid4())
        answer = desk.act(token, incident_id=one, client_id=OTHERS, event_id=event_id)
        assert answer.status_code == 202
        why = wait_for("its rejection", lambda i=event_id: desk.rejected(i), SECONDS)
        said.append([text.replace(event_id, "").replace(one, "") for text in (answer.text, why)])
    assert said[0] == said[1]
    known = desk.incident(incident_id)
    assert (known["state"], len(known["history"])) == ("open", 1)


def test_only_who_has_the_right_acts(desk: Desk, terminal: Terminal) -> None:
    """Neither a token without the scope, nor who isn't in the group, nor what reports or reads."""
    incident_id = desk.open_incident("right")
    tokens = {
        "without the scope": desk.token(OURS, acts=False),
        "not in the group": desk.token("looks"),
        "a machine that reports": desk.reporting,
        "a machine that reads": desk.reading,
        "a key that reports": desk.stack["report_key"],
    }
    said = {"incident_id": incident_id, "client_id": OURS}
    answers = {name: desk.act(token, **said) for name, token in tokens.items()}
    taken = {name: one.status_code for name, one in answers.items() if "accepted" in one.text}
    assert taken == {}
    assert {one.status_code for one in answers.values()} <= {207, 403}, answers
    for name in ("without the scope", "not in the group"):
        assert answers[name].status_code == 403, name
        code, out, err = terminal.run(tokens[name], "resolve", incident_id)
        assert (code, out) == (2, ""), name
        assert "users invite EMAIL --client ID --act" in err
    known = desk.incident(incident_id)
    assert (known["state"], len(known["history"])) == ("open", 1)
