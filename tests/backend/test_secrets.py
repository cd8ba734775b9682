"""Secrets pushed through every path: which may be seen where, and that no log line holds any.

What is promised, precisely:

- Where a client's secret lies (its reference), and whatever else such a parameter's item holds, is
  in no answer, no log line and no error, whoever asks.
- What a producer writes into an event (name, stage, tags, errors, its log's address, fields that
  nobody knows) is shown with the job to those who may see the job, and to nobody else. A rejected
  event is shown to staff. No log line holds any of it.
- What a caller sends (token, headers, claims, parameters and their names, ids in a path, cursors)
  is in no log line. Only a refused parameter comes back, in the refusal, to who sent it.

Names are no place for secrets: the ids of jobs, projects, clients, pipelines and events are logged
and shown, and so are an error's type where it is one word, and its fingerprint.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.stand_in import Dynamo, client_error
from tests.support.events.builders import job_update
from tests.support.readers import declared
from tests.support.readers.callers import ASKED, CALLERS, EVERYTHING, GRANTS, STAFF_ONLY
from tests.support.readers.ledgers import empty_store, make_ledger
from tests.support.readers.reading import NOW, STAFF, House, Serial, api_event, claims

from run_ledger import api, writer
from run_ledger.logs import JsonFormatter
from run_ledger.openapi.endpoints import ENDPOINTS
from run_ledger.read.reader import ROUTES, Reader

marks = st.text("bcdfghjkmnpqrstvwxz", min_size=14, max_size=20).map(lambda text: f"Zq{text}")
FORMS = (
    "{}",
    "arn:aws:secretsmanager:eu-central-1:123456789012:secret:{}",
    "arn:aws:ssm:eu-central-1:123456789012:parameter/{}",
    "sk-{}",
    "AKIA{}",
    "password={}",
    "https://user:{}@host/path",
    "-----BEGIN PRIVATE KEY-----\n{}",
)
forms = st.sampled_from(FORMS)


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation"

    def get_remaining_time_in_millis(self) -> int:
        """Return that there is time enough."""
        return 20_000


class Lines(logging.Handler):
    """Keeps every line as it would be written."""

    def __init__(self) -> None:
        """Start with none."""
        super().__init__()
        self.setFormatter(JsonFormatter())
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.lines.append(self.format(record))


@contextmanager
def logged() -> Iterator[list[str]]:
    """Give the list that all lines go to meanwhile."""
    handler, root, ours = Lines(), logging.getLogger(), logging.getLogger("run_ledger")
    level = ours.level
    root.addHandler(handler)
    ours.setLevel(logging.DEBUG)
    try:
        yield handler.lines
    finally:
        root.removeHandler(handler)
        ours.setLevel(level)


def deliver(store: Dynamo, *bodies: str) -> None:
    """Hand messages to the writer, as its queue does."""
    ledger = make_ledger(store)
    records = [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]
    with patch.object(writer, "_ledger", lambda: ledger):
        answer = writer.handler({"Records": records}, Context())
    assert answer == {"batchItemFailures": []}


def ask(here: House, event: dict[str, Any]) -> tuple[int, str]:
    """Put a request to the reader's function; return status, and headers and body as one text."""
    here.counting.requests.clear()
    reader = Reader(here.counting, here.settings, Serial(), lambda: here.now)  # type: ignore[arg-type]
    with patch.object(api, "_reader", lambda: reader):
        answer = api.handler(event, Context())
    return answer["statusCode"], json.dumps(answer, ensure_ascii=False)


def told(here: House, kind: str) -> Iterator[tuple[str, str]]:
    """Yield each path and what it tells a caller about all that there is."""
    for path in ROUTES:
        for one in [one for one in ASKED[path] if one.owner in (None, STAFF_ONLY, "acme")][:1]:
            query = {name: [value] for name, value in one.query.items()}
            event = api_event(path, CALLERS[kind].claims, path=one.path, parameters=query)
            yield path, ask(here, event)[1]


def a_house(store: Dynamo | None = None) -> House:
    """Give a reader of a ledger to which machines have grants."""
    here = House(Querying(store or empty_store()))  # type: ignore[arg-type]
    for app_client_id, grant in GRANTS.items():
        here.grant(app_client_id, **grant)
    return here


@settings(max_examples=8)
@given(mark=marks, form=forms, also=forms)
def test_references_are_nowhere(mark: str, form: str, also: str) -> None:
    """Neither the reference nor a value beside it, be the store well or failing."""
    here = a_house()
    here.post(job_update(job_id="acme-1", client_id="acme", project_id="acme-project"))
    declared.declare(here.client, "acme")
    declared.configure(here.client, "acme", "open", value="shown")
    for name in ("token", "other"):
        declared.configure(
            here.client,
            "acme",
            name,
            kind="secret",
            secret_ref=form.format(mark),
            note=also.format(mark),
        )
    with logged() as lines:
        for kind in ("staff", "one client", "machine of one client", "another client", "nobody"):
            assert not any(mark in text for _, text in told(here, kind))
        here.counting.interfere = _denied
        assert not any(mark in text for _, text in told(here, "staff"))
    assert any("failed" in line for line in lines)
    assert not any(mark in line for line in lines)


def _denied(number: int, name: str, call: Any) -> Any:
    call()
    raise client_error("AccessDeniedException", "not authorized", name)


@settings(max_examples=8)
@given(mark=marks, form=forms)
def test_what_events_say_is_shown_with_their_job_alone(mark: str, form: str) -> None:
    """To those who see the job or, of a rejected one, to staff; logs hold nothing of it."""
    secret = form.format(mark)
    said = {
        "job_id": "acme-1",
        "client_id": "acme",
        "project_id": "acme-project",
        "name": secret,
        "stage": secret,
        "tags": {secret: secret},
        "log_url": f"https://logs.test/{mark}",
        "unheard_of": {secret: [secret]},
    }
    error = {"type": f"{secret} happened", "message": secret}
    failed = {**said, "status": "completed", "result": "failed", "error": error}
    broken = (
        json.dumps(job_update(event_id="1", **{**said, "attempt": secret})),
        json.dumps(job_update(event_id="2", **{**said, "tags": {secret: 7}})),
        json.dumps(job_update(event_id="3", **{**said, "delta": {secret: 1}})),
        json.dumps(job_update(event_id="4", **{**said, "status": secret})),
        json.dumps({**job_update(event_id="5", **said), "detail-type": secret}),
        json.dumps({**job_update(event_id="6", **said), "detail": secret}),
        json.dumps(job_update(event_id="7", **{**failed, "client_id": "globex"})),
        f'{{"half": "{mark}',
    )
    store = empty_store()
    here = a_house(store)
    with logged() as lines:
        whole = job_update(event_id="a", occurred_at="2026-11-22T14:00:00Z", **failed)
        deliver(store, json.dumps(whole))
        deliver(store, json.dumps(whole), *broken)
        shown = {path for path, text in told(here, "one client") if mark in text}
        assert shown >= {"/jobs", "/jobs/{job_id}", "/jobs/{job_id}/entries"}
        assert "/rejections" not in shown
        assert "/rejections" in {path for path, text in told(here, "staff") if mark in text}
        for kind in ("another client", "client with no data", "machine of a client with no data"):
            assert not any(mark in text for _, text in told(here, kind))
        here.counting.interfere = _denied
        assert not any(mark in text for _, text in told(here, "one client"))
    assert any("posted" in line for line in lines)
    assert any("rejected" in line for line in lines)
    assert not [line for line in lines if mark in line]


@settings(max_examples=8)
@given(mark=marks, form=forms, data=st.data())
def test_what_callers_send_is_not_logged(mark: str, form: str, data: st.DataObject) -> None:
    """Of a refused parameter its sender is told; nothing else comes back, and no line keeps any."""
    secret = form.format(mark)
    here = _standing
    with logged() as lines:
        for path in ROUTES:
            names = [one.name for one in ENDPOINTS[path].parameters]
            for name in (*names, "no_such", secret):
                event = api_event(
                    path, STAFF, path=ASKED[path][0].path, parameters={name: [secret]}
                )
                status, text = ask(here, event)
                assert status in {200, 400, 404}
                assert status == 400 or mark not in text.replace(f'"{name}": "{mark}"', "")
            event = api_event(path, STAFF, path=dict.fromkeys(ASKED[path][0].path, secret))
            status, text = ask(here, event)
            assert status == (404 if "{" in path else 200)
            assert mark not in text
            assert mark not in ask(here, _with_secret_headers(path, secret))[1]
            assert mark not in ask(here, _with_secret_claims(path, secret, data))[1]
    assert lines
    assert not [line for line in lines if mark in line]


def _with_secret_headers(path: str, secret: str) -> dict[str, Any]:
    event = api_event(path, STAFF, path=ASKED[path][0].path)
    names = ("Authorization", "Cookie", "X-Api-Key", "If-None-Match", "User-Agent", "Referer")
    event["headers"] = dict.fromkeys(names, secret)
    event["multiValueHeaders"] = {name: [secret] for name in names}
    return event


def _with_secret_claims(path: str, secret: str, data: st.DataObject) -> dict[str, Any]:
    event = api_event(path, STAFF, path=ASKED[path][0].path)
    names = ("sub", "email", "username", "client_id", "scope", "iss", "exp", "cognito:groups")
    held = data.draw(st.sets(st.sampled_from(names), min_size=1))
    event["requestContext"]["authorizer"]["claims"] = {
        **claims(**STAFF),
        **dict.fromkeys(held, secret),
    }
    return event


_standing = a_house()
_standing.post(
    *(
        job_update(job_id=f"{client}-1", client_id=client, project_id=f"{client}-project")
        for client in sorted(EVERYTHING)
    ),
    at=NOW,
)
