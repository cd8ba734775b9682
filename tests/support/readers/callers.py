"""Every kind of caller, and the requests that all of them send to each path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers import declared
from tests.support.readers.reading import NOW, PEOPLE_CLIENTS, STAFF, House, Reply, client_user
from tests.support.recounts.proofs import keep_proof
from tests.support.recounts.told_incidents import keep_incidents
from tests.support.recounts.views import reading_house

from run_ledger.domain.contract.fingerprints import fingerprint
from run_ledger.domain.instants import text
from run_ledger.read.gateway.description import DESCRIPTION

CLIENTS = ("acme", "globex", "initech")
EVERYTHING = frozenset(CLIENTS)
STAFF_ONLY = "staff only"
NOT_THERE = "nobody's"
MOST_PAGES = 12


class Caller(NamedTuple):
    """A caller's claims beside the usual ones, and the clients that it may see.

    *refused* is the status of the answers to a caller that may see nothing.
    """

    claims: Mapping[str, Any]
    sees: frozenset[str] = frozenset()
    is_staff: bool = False
    refused: int | None = None


class Ask(NamedTuple):
    """One request; *owner* is the client whose job or project it names, None if it names none."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    owner: str | None = None


def _user(*groups: str, **claims: Any) -> dict[str, Any]:
    return {"username": "u-3", "cognito:groups": ",".join(groups), **claims}


CALLERS: Mapping[str, Caller] = {
    "staff": Caller(STAFF, EVERYTHING, is_staff=True),
    "staff and client": Caller(_user("client-acme", "staff"), EVERYTHING, is_staff=True),
    "staff in the other app": Caller(
        {**STAFF, "client_id": PEOPLE_CLIENTS[1]}, EVERYTHING, is_staff=True
    ),
    "one client": Caller(client_user("acme"), frozenset({"acme"})),
    "another client": Caller(client_user("globex"), frozenset({"globex"})),
    "two clients": Caller(client_user("acme", "globex"), frozenset({"acme", "globex"})),
    "client and odd groups": Caller(
        _user("Staff", "client-", "clients-globex", "client-acme", "admin"), frozenset({"acme"})
    ),
    "client with no data": Caller(client_user("hooli")),
    "machine for all": Caller({"client_id": "m-all"}, EVERYTHING, is_staff=True),
    "machine of one client": Caller({"client_id": "m-acme"}, frozenset({"acme"})),
    "machine of several": Caller({"client_id": "m-two"}, frozenset({"acme", "initech"})),
    "machine of a client with no data": Caller({"client_id": "m-hooli"}),
    "machine without grant": Caller({"client_id": "m-none"}, refused=403),
    "machine with empty grant": Caller({"client_id": "m-empty"}, refused=403),
    "machine with a group": Caller({"client_id": "m-none", "cognito:groups": "staff"}, refused=403),
    "no group": Caller({"username": "u-3"}, refused=403),
    "odd groups": Caller(_user("Staff", "client-", "acme", "clients-acme"), refused=403),
    "no scope": Caller({**STAFF, "scope": "openid email"}, refused=403),
    "another scope": Caller({**STAFF, "scope": "run-ledger/write"}, refused=403),
    "ID token": Caller({**STAFF, "token_use": "id"}, refused=401),
    "another pool": Caller({**STAFF, "iss": "https://cognito-idp.test/other"}, refused=401),
    "a person in a machine's app": Caller({**STAFF, "client_id": "m-all"}, refused=401),
    "a machine's grant, another's subject": Caller(
        {"client_id": "m-all", "sub": "m-none"}, refused=401
    ),
    "expired": Caller({**STAFF, "exp": "Sun Nov 22 14:00:00 UTC 2026"}, refused=401),
    "not valid yet": Caller({**STAFF, "iat": "Sun Nov 22 16:00:00 UTC 2026"}, refused=401),
    "a word for the end": Caller({**STAFF, "exp": "never"}, refused=401),
    "nobody": Caller({"token_use": None}, refused=401),
}
GRANTS: Mapping[str, Mapping[str, Any]] = {
    "m-all": {"staff": True},
    "m-acme": {"clients": ["acme"]},
    "m-two": {"clients": ["acme", "initech"]},
    "m-hooli": {"clients": ["hooli"]},
    "m-empty": {"clients": []},
}


def _lists(*filters: Mapping[str, str]) -> tuple[Ask, ...]:
    """Return requests for a list: as it is, by page, by each client, and with *filters*."""
    own = tuple(Ask({}, {"client_id": client, "limit": "1"}) for client in (*CLIENTS, "hooli"))
    return (Ask({}, {}), Ask({}, {"limit": "1"}), *own, *(Ask({}, one) for one in filters))


def _things(name: str, suffix: str = "", **query: str) -> tuple[Ask, ...]:
    """Return requests for one job or project of each client, and for one that doesn't exist."""
    owned = tuple(Ask({name: f"{client}{suffix}"}, query, client) for client in CLIENTS)
    return (*owned, Ask({name: f"hooli{suffix}"}, query, NOT_THERE))


# Paths of things that belong to no client: whoever may read something may ask for them.
OF_NOBODY = {"/probes/{probe_id}"}
# A path that the reader gains needs a line here.
ASKED: Mapping[str, tuple[Ask, ...]] = {
    "/jobs": _lists(
        {"status": "running"},
        {"result": "failed"},
        {"fingerprint": fingerprint("Timeout", "the same for all"), "limit": "1"},
        {"result": "failed,timed_out", "ended_from": "2026-11-22"},
        {"stalled": "true"},
        {"stalled": "false", "limit": "1"},
        {"project_id": "globex-project"},
        {"parent_job_id": "globex-1"},
        {"pipeline": "globex-enrich"},
        {"q": "GLOBEX-", "limit": "1"},
        {"tag": "team:globex"},
        {"sort": "cost", "limit": "1"},
        {"client_id": "globex", "project_id": "acme-project"},
        {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T14:30:00Z", "limit": "1"},
    ),
    "/jobs/{job_id}": _things("job_id", "-1"),
    "/jobs/{job_id}/entries": _things("job_id", "-1", limit="1"),
    "/projects": _lists(),
    "/projects/{project_id}": _things("project_id", "-project"),
    "/overview": (Ask({}, {}),),
    "/errors": _lists({"client_id": "globex"}),
    "/incidents": _lists(
        {"state": "open"},
        {"state": "open", "sort": "jobs", "limit": "1"},
        {"state": "closed", "limit": "1"},
        {"pipeline": "globex-enrich"},
        {"project_id": "globex-project", "limit": "1"},
        {"client_id": "globex", "what": "failed", "state": "open"},
        {"from": "2026-11-22T13:00:00Z", "to": "2026-11-22T13:30:00Z"},
    ),
    "/incidents/{incident_id}": (
        *_things("incident_id", "-open"),
        *(Ask({"incident_id": f"{client}-closed"}, {}, client) for client in CLIENTS),
    ),
    "/probes/{probe_id}": (Ask({"probe_id": "a-probe-that-never-came"}, {}, NOT_THERE),),
    "/proof": (Ask({}, {}), *(Ask({}, {"client_id": one}) for one in (*CLIENTS, "hooli"))),
    "/rejections": (Ask({}, {}, STAFF_ONLY),),
    "/clients": (Ask({}, {}), Ask({}, {"limit": "1"})),
    "/clients/{client_id}": _things("client_id"),
    "/clients/{client_id}/config": _things("client_id"),
    "/trends": (
        Ask({}, {}),
        *(Ask({}, {"group_by": by}) for by in ("client", "project", "pipeline")),
        *(Ask({}, {"client_id": client}) for client in (*CLIENTS, "hooli")),
        *(Ask({}, {"project_id": f"{client}-project"}) for client in (*CLIENTS, "hooli")),
    ),
    DESCRIPTION: (Ask({}, {}),),
}


def world(clients: frozenset[str]) -> House:
    """Give a house to which only these clients have ever reported."""
    here = reading_house(
        [one for client in CLIENTS if client in clients for one in _events(client)]
    )
    for client in clients & {"acme", "globex"}:
        declared.declare(here.client, client, description=f"About {client}.")
        declared.configure(here.client, client, "model", value=f"{client}-model")
        declared.configure(here.client, client, "token", secret_ref=f"arn:{client}")
    # How far the proof is concerns all; each client has jobs that were recounted, and one differs.
    keep_proof(
        here.client,
        NOW,
        {client: 3 + len(client) for client in clients},
        *((client, f"{client}-2") for client in sorted(clients)),
    )
    for client in sorted(clients):
        keep_incidents(here.client, client, NOW)
    for app_client_id, grant in GRANTS.items():
        here.grant(app_client_id, **grant)
    return here


def _events(client: str) -> Iterator[Envelope]:
    """Yield a client's events: of a job that runs, one that failed, one that succeeded."""
    who = {"client_id": client, "project_id": f"{client}-project", "pipeline": f"{client}-enrich"}
    moment = NOW - CLIENTS.index(client)
    said: tuple[dict[str, Any], ...] = (
        {"status": "running", "delta": {"records_ok": 3}, "name": f"of {client}"},
        {
            "status": "completed",
            "result": "failed",
            "error": {"type": "Timeout", "message": "the same for all"},
        },
        {"status": "completed", "result": "succeeded", "parent_job_id": f"{client}-1"},
    )
    for number, fields in enumerate(said, start=1):
        at = text(moment - 3_600_000_000 * number)
        yield job_update(
            job_id=f"{client}-{number}", event_id=f"e{number}", occurred_at=at, **who, **fields
        )
        yield job_update(job_id=f"{client}-{number}", event_id=f"f{number}", occurred_at=at, **who)
    yield project_update(
        client_id=client,
        project_id=f"{client}-project",
        event_id="p",
        occurred_at=text(moment),
        name=f"project of {client}",
    )


def replies(here: House, path: str, ask: Ask, claims: Mapping[str, Any]) -> list[Reply]:
    """Return the answer, the 304 for its ETag, and the pages that its cursors lead to."""
    asked = [here.get(path, claims, path=ask.path, **ask.query)]
    tag = {"If-None-Match": asked[0].headers.get("ETag", "*")}
    pages = [here.get(path, claims, path=ask.path, headers=tag, **ask.query)]
    while len(pages) < MOST_PAGES and asked[-1].status == 200:
        cursor = asked[-1].json.get("next_cursor")
        if cursor is None:
            break
        asked.append(here.get(path, claims, path=ask.path, cursor=cursor, **ask.query))
    return [*asked, *pages]
