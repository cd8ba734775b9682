"""Puts the events of `site_events` on a running stack's bus, and creates the people who look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import requests
import yaml
from tests.support.events.builders import Envelope
from tests.support.readers import ledger_http
from tests.support.readers.ledger_http import all_items, put_events
from tests.support.recounts.recount import recount_jobs
from tests.support.site import site_events
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger_ops import command
from run_ledger_ops.sign_in.access_options import Access, to_clients
from run_ledger_ops.sign_in.user_pool import People

PASSWORD = "Correct-horse-1"
SECONDS = 300
AT_ONCE = 5
"""The overview asks so many things at once: so many functions are woken up before anybody looks."""
COMPARED = ("status", "result", "attempt", "name", "counters", "error", "tags")


def declare_clients(
    running: LocalStack, folder: Path, declared: Mapping[str, Any] | None = None
) -> None:
    """Declare clients as an operator does, those of `site_events` where nothing else is given."""
    file = folder / "clients.yaml"
    content = declared or site_events.declared()
    file.write_text(yaml.safe_dump(content, allow_unicode=False), "utf-8")
    stack_file = str(running.state / "stack.json")
    assert command.main(["clients", "apply", str(file), "--stack", stack_file]) == 0


def invite(running: LocalStack) -> dict[str, dict[str, str]]:
    """Create the people and return the logins: North's, one without group, the stack's own."""
    cognito = running.client("cognito-idp")
    pool_id = running.document["issuer"].rsplit("/", 1)[1]
    people = People(cognito, pool_id)
    north, nobody = "someone@north.example", "nobody@nowhere.example"
    people.invite(north, to_clients([site_events.NORTH]), by_mail=False)
    cognito.admin_create_user(
        UserPoolId=pool_id, Username=nobody, UserAttributes=[{"Name": "email", "Value": nobody}]
    )
    for email in (north, nobody):
        people.set_password(email, PASSWORD)
    return {
        "staff": running.document["users"]["staff"],
        "north": {"email": north, "password": PASSWORD},
        "nobody": {"email": nobody, "password": PASSWORD},
    }


def report(running: LocalStack) -> None:
    """Report all jobs and projects, and wait until the API shows them as it must."""
    stack = running.document
    told = {
        site_events.NORTH: site_events.north(),
        site_events.SOUTH: site_events.south(),
        site_events.BULK: site_events.bulk(),
        site_events.HOSTILE: site_events.hostile(),
    }
    post(running, *site_events.refused())
    tell(running, told)
    token = ledger_http.machine_token(stack)
    with ThreadPoolExecutor(AT_ONCE) as asking:
        warm = partial(ledger_http.get, stack, token=token)
        for answer in asking.map(warm, ["/overview"] * AT_ONCE):
            answer.raise_for_status()


def tell(running: LocalStack, told: Mapping[str, Sequence[Envelope]]) -> None:
    """Report the jobs and projects of clients, and wait until the API shows them as it must."""
    stack = running.document
    post(running, *(one for all_ in told.values() for one in all_))
    token = ledger_http.machine_token(stack)
    for client_id, envelopes in told.items():
        jobs = [one for one in envelopes if one["detail-type"] == "job_update"]
        expected = {job_id: _compared(job) for job_id, job in recount_jobs(jobs).items()}
        projects = {one["detail"]["project_id"] for one in envelopes}
        shown = partial(_shown, stack, token, client_id)
        wait_for(
            f"the jobs of {client_id}",
            lambda shown=shown, expected=expected: shown("jobs") == expected,
            SECONDS,
        )
        wait_for(
            f"the projects of {client_id}",
            lambda shown=shown, projects=projects: {*shown("projects")} == projects,
            SECONDS,
        )


def _shown(stack: ledger_http.Stack, token: str, client_id: str, what: str) -> dict[str, Any]:
    """Return a client's jobs or projects as the API shows them, by id."""
    try:
        items = [*all_items(stack, f"/{what}", token, client_id=client_id, limit=100)]
    except requests.HTTPError:  # functions that are cold on a busy machine answer too late
        return {}
    key = f"{what.removesuffix('s')}_id"
    return {one[key]: _compared(one) if what == "jobs" else None for one in items}


def _compared(job: dict[str, Any]) -> dict[str, Any]:
    return {name: job[name] for name in COMPARED}


def post(running: LocalStack, *envelopes: dict[str, Any]) -> None:
    """Put some more events on the bus."""
    put_events(running.document, running.client("events"), envelopes)


def is_known(running: LocalStack, job_id: str) -> bool:
    """Return whether the ledger has a job."""
    stack = running.document
    answer = ledger_http.get(stack, f"/jobs/{job_id}", ledger_http.machine_token(stack))
    assert answer.status_code in {requests.codes.ok, requests.codes.not_found}
    return answer.ok


def invite_to(running: LocalStack, client_id: str, *, acts: bool = False) -> dict[str, str]:
    """Create somebody who may see one client, or act on its incidents too; return the login."""
    people = People(running.client("cognito-idp"), running.document["issuer"].rsplit("/", 1)[1])
    email = f"{'act' if acts else 'someone'}@{client_id}.example"
    people.invite(email, Access(is_staff=False, clients=(client_id,), acts=acts), by_mail=False)
    people.set_password(email, PASSWORD)
    return {"email": email, "password": PASSWORD}
