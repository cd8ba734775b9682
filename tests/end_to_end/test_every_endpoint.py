"""Every path of the API on the running system: gateway, rights and tables hold for each."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.support.events.builders import job_update, project_update
from tests.support.readers.callers import OF_NOBODY
from tests.support.readers.ledger_http import Stack, get, personal_tokens, put_events, until
from tests.support.recounts.told_incidents import keep_incidents
from tests.support.stacks.local_stack import LocalStack

from run_ledger.domain.instants import from_datetime
from run_ledger.read.reader import ROUTES
from run_ledger.store.dynamo.attributes import to_item

pytestmark = pytest.mark.local_stack

SECONDS = 90
OTHER = "every-endpoint-other"
REFERENCE = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:of-every-endpoint"
STAFF_ONLY = "/rejections"
PROBE_ID = "3Jc9mB0yQkWv6sXe_4tLhA"


@pytest.fixture(scope="module")
def told(running: LocalStack) -> Stack:
    """Give a system that took in failures and projects of two clients, one of them declared."""
    stack = running.document
    mine = stack["users"]["client"]["client_id"]
    events = []
    for client_id in (mine, OTHER):
        same = {"client_id": client_id, "project_id": f"{client_id}-endpoints"}
        events += [
            job_update(
                **same,
                job_id=f"{client_id}-endpoints-1",
                event_id="1",
                status="completed",
                result="failed",
                error={"type": "Late", "message": "too late", "fingerprint": "of-endpoints"},
            ),
            project_update(**same, event_id="1", status="active"),
        ]
    put_events(stack, running.client("events"), events)
    running.client("events").put_events(
        Entries=[
            {
                "EventBusName": stack["event_bus_name"],
                "Source": "tests",
                "DetailType": "probe",
                "Detail": json.dumps({"probe_id": PROBE_ID}),
            }
        ]
    )
    now = from_datetime(datetime.now(UTC))
    for client_id in (mine, OTHER):
        incidents = stack["tables"]["incidents"]
        keep_incidents(running.client("dynamodb"), client_id, now, table=incidents)
    items: tuple[dict[str, Any], ...] = (
        {"sk": "param#open", "kind": "plain", "value": "shown"},
        {"sk": "param#hidden", "kind": "secret", "secret_ref": REFERENCE},
    )
    for item in items:
        running.client("dynamodb").put_item(
            TableName=stack["tables"]["clients"], Item=to_item({"pk": mine, **item})
        )
    token = personal_tokens(stack, "staff", stack["scope"])["access_token"]
    paths = (f"/jobs/{OTHER}-endpoints-1", f"/projects/{OTHER}-endpoints", f"/probes/{PROBE_ID}")
    for path in paths:
        until(path, SECONDS, lambda path=path: get(stack, path, token).status_code == 200)  # type: ignore[misc]
    return stack


def _paths(client_id: str) -> dict[str, str]:
    """Return a path to ask for each path of the API, about one client's things."""
    ids = {
        "job_id": f"{client_id}-endpoints-1",
        "project_id": f"{client_id}-endpoints",
        "client_id": client_id,
        "probe_id": PROBE_ID,
        "incident_id": f"{client_id}-open",
    }
    return {path: path.format(**ids) for path in ROUTES}


def test_staff_and_clients_are_answered_on_every_path(told: Stack) -> None:
    """Staff see both clients' things; a client's user sees theirs, and nothing of the other's."""
    mine = told["users"]["client"]["client_id"]
    for role in ("staff", "client"):
        token = personal_tokens(told, role, told["scope"])["access_token"]
        for client_id in (mine, OTHER):
            for path, asked in _paths(client_id).items():
                answer = get(told, asked, token)
                is_owned = "{" in path and path not in OF_NOBODY
                is_hidden = role == "client" and client_id == OTHER and is_owned
                expected = 403 if role == "client" and path == STAFF_ONLY else 200
                assert answer.status_code == (404 if is_hidden else expected), answer.text
                if role == "client" and not is_hidden:
                    assert OTHER not in answer.text
                assert REFERENCE not in answer.text
                assert "secret_ref" not in answer.text


def test_what_was_told_is_in_the_totals(told: Stack) -> None:
    """Overview, errors and configuration, each through the rights that the template gives."""
    mine = told["users"]["client"]["client_id"]
    token = personal_tokens(told, "client", told["scope"])["access_token"]
    now = datetime.now(UTC)  # the events said no time of their own, so theirs is the bus's
    span = {"from": f"{now - timedelta(days=1):%F}", "to": f"{now + timedelta(days=2):%F}"}
    groups = get(told, "/errors", token, **span).json()["items"]
    (group,) = [one for one in groups if one["fingerprint"] == "of-endpoints"]
    assert (group["count"], group["clients"], group["job_ids"]) == (
        1,
        [mine],
        [f"{mine}-endpoints-1"],
    )
    for parameters in ({"interval": "hour"}, {"group_by": "project"}, {"pipeline": "default"}):
        series = get(told, "/trends", token, **span, **parameters).json()["series"]
        assert sum(point["failed"] for one in series for point in one["points"]) >= 1
    (client,) = get(told, "/overview", token).json()["clients"]
    assert client["client_id"] == mine
    assert client["last_event_at"] is not None
    config = get(told, f"/clients/{mine}/config", token).json()
    assert config["secrets_omitted"] >= 1
    assert "shown" in {one["value"] for one in config["parameters"]}
