"""Every kind of caller at the intake: keys and machines with a grant report, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import pytest
from tests.support.producers.otlp import (
    JSON_TYPE,
    PROTOBUF_TYPE,
    as_json,
    as_protobuf,
    chat,
    refusal_text,
)
from tests.support.readers.callers import CALLERS as READING_CALLERS
from tests.support.readers.reading import NOW
from tests.support.readers.reporting import (
    KEY_ID,
    ReportingHouse,
    detail,
    machine_claims,
    reporting_house,
    run_event,
    sent,
    signed,
    signing_key,
)

from run_ledger.domain.instants import MICROSECONDS
from run_ledger.doors.lineage_door import LINEAGE, LINEAGE_BATCH
from run_ledger.doors.trace_door import TRACES
from run_ledger.store.clients.report_grants import (
    delete_report_grant,
    delete_report_key,
    read_report_keys,
)

NOW_SECONDS = NOW // MICROSECONDS
CLIENTS = ("acme", "globex", "initech", "hooli")


class Caller(NamedTuple):
    """How a caller's credential is made, whom it may report for, or the status of its refusal."""

    credential: Callable[[ReportingHouse], str | None]
    reports: frozenset[str] = frozenset()
    refused: int | None = None


def _claims(**more: Any) -> Callable[[ReportingHouse], str]:
    return lambda _: signed(machine_claims(**more))


def _key(change: Callable[[str], str], *clients: str) -> Callable[[ReportingHouse], str]:
    return lambda house: change(house.key(*(clients or ("acme",)), name="changed"))


def _person(said: Mapping[str, Any]) -> Callable[[ReportingHouse], str]:
    """Return how a person's token is made that, against all rules, has the scope."""
    times = {"iat": NOW_SECONDS - 60, "exp": NOW_SECONDS + 60, "client_id": "site-app"}
    return _claims(**{**times, "sub": "s-1", **said})


def _every(*clients: str) -> frozenset[str]:
    return frozenset(clients)


CALLERS: Mapping[str, Caller] = {
    "key of one client": Caller(lambda house: house.key("acme"), _every("acme")),
    "key of two": Caller(lambda house: house.key("acme", "globex"), _every("acme", "globex")),
    "key of all": Caller(lambda house: house.key(staff=True), _every(*CLIENTS)),
    "key without a grant": Caller(lambda house: house.key(clients=[]), refused=403),
    "key with another secret": Caller(_key(lambda key: key[:-4] + "AAAA"), refused=401),
    "key with another id": Caller(_key(lambda key: f"rlk_{'0' * 16}{key[20:]}"), refused=401),
    "key cut short": Caller(_key(lambda key: key[:-1]), refused=401),
    "key made longer": Caller(_key(lambda key: key + "A"), refused=401),
    "key in capitals": Caller(_key(str.upper), refused=401),
    "key's digest as its secret": Caller(
        lambda house: f"rlk_{house.key('acme')[4:20]}_{_digest(house)[:43]}", refused=401
    ),
    "machine of one client": Caller(_claims(client_id="m-acme"), _every("acme")),
    "machine for all": Caller(_claims(client_id="m-all"), _every(*CLIENTS)),
    "machine of several": Caller(_claims(client_id="m-two"), _every("acme", "initech")),
    "machine with two scopes": Caller(
        _claims(client_id="m-acme", scope="run-ledger/read run-ledger/report"), _every("acme")
    ),
    "machine that may only read": Caller(_claims(client_id="m-reader"), refused=403),
    "machine without grant": Caller(_claims(client_id="m-none"), refused=403),
    "machine with empty grant": Caller(_claims(client_id="m-empty"), refused=403),
    "machine with a group": Caller(
        _claims(client_id="m-none", **{"cognito:groups": ["staff"]}), refused=403
    ),
    "the scope of reads": Caller(_claims(client_id="m-all", scope="run-ledger/read"), refused=403),
    "a scope that begins alike": Caller(
        _claims(client_id="m-all", scope="run-ledger/reporting"), refused=403
    ),
    "ID token": Caller(_claims(client_id="m-all", token_use="id"), refused=401),
    "another pool": Caller(
        _claims(client_id="m-all", iss="https://cognito-idp.test/other"), refused=401
    ),
    "expired": Caller(_claims(client_id="m-all", exp=NOW_SECONDS - 61), refused=401),
    "not valid yet": Caller(_claims(client_id="m-all", iat=NOW_SECONDS + 100_000), refused=401),
    "a word for the end": Caller(_claims(client_id="m-all", exp="never"), refused=401),
    "another's subject": Caller(_claims(client_id="m-all", sub="m-none"), refused=401),
    "no application": Caller(_claims(client_id=None), refused=401),
    "forged": Caller(
        lambda _: signed(machine_claims(client_id="m-all"), key=signing_key("another")),
        refused=401,
    ),
    "forged, of another key": Caller(
        lambda _: signed(
            machine_claims(client_id="m-all"),
            {"alg": "RS256", "kid": "mine"},
            signing_key("another"),
        ),
        refused=401,
    ),
    "unsigned": Caller(
        lambda _: signed(machine_claims(client_id="m-all"), {"alg": "none", "kid": KEY_ID}),
        refused=401,
    ),
    "nobody": Caller(lambda _: None, refused=401),
    "nothing": Caller(lambda _: "", refused=401),
    # Each person of the reads, by a token that has the scope of reports.
    **{
        f"person: {name}": Caller(_person(one.claims), refused=401)
        for name, one in READING_CALLERS.items()
        if "username" in one.claims and "scope" not in one.claims
    },
}


def _digest(house: ReportingHouse) -> str:
    return read_report_keys(house.client, "clients")[0].digest


@pytest.fixture(scope="module")
def here() -> Iterator[ReportingHouse]:
    """Give a house in which machines have grants."""
    with reporting_house() as house:
        house.grant("m-all", staff=True)
        house.grant("m-acme", clients=["acme"])
        house.grant("m-two", clients=["acme", "initech"])
        house.grant("m-empty", clients=[])
        house.client.put_item(
            TableName="clients",
            Item={"pk": {"S": "app#m-reader"}, "sk": {"S": "grant"}, "staff": {"BOOL": True}},
        )
        yield house


@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_reports_for_its_clients_alone(here: ReportingHouse, kind: str) -> None:
    """Event by event; who is refused learns nothing, and the bus gets nothing of theirs."""
    caller = CALLERS[kind]
    here.bus.entries.clear()
    here.now += 10 * MICROSECONDS  # a window of its own
    credential = caller.credential(here)
    reply = here.send(credential, sent(*(detail(client_id=client) for client in CLIENTS)))
    if caller.refused is not None:
        assert reply.status == caller.refused
        assert ("WWW-Authenticate" in reply.headers) == (caller.refused == 401)
        assert not here.bus.entries
        for client in CLIENTS:
            assert client not in reply.body
        return
    wanted = ["accepted" if client in caller.reports else "rejected" for client in CLIENTS]
    assert reply.statuses == wanted
    assert {entry["Source"].rpartition("/")[2] for entry in here.bus.entries} == caller.reports


@pytest.mark.parametrize("path", [LINEAGE, LINEAGE_BATCH])
@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_reports_lineage_for_its_clients_alone(
    here: ReportingHouse, kind: str, path: str
) -> None:
    """Whatever a namespace is called, no event counts for a client beyond the grant."""
    caller = CALLERS[kind]
    here.bus.entries.clear()
    here.now += 10 * MICROSECONDS
    credential = caller.credential(here)
    events = [run_event(namespace=client) for client in CLIENTS]
    bodies = [events] if path == LINEAGE_BATCH else events
    replies = [here.send(credential, json.dumps(body), path=path) for body in bodies]
    if caller.refused is not None:
        assert {reply.status for reply in replies} == {caller.refused}
        assert not here.bus.entries
        assert not any(client in reply.body for client in CLIENTS for reply in replies)
        return
    sources = {entry["Source"].rpartition("/")[2] for entry in here.bus.entries}
    # Of one client, all namespaces are; of several, those that the grant names, which are none.
    assert sources == (caller.reports if len(caller.reports) == 1 else set())
    if path == LINEAGE:
        assert {reply.status for reply in replies} == {200 if len(caller.reports) == 1 else 403}


@pytest.mark.parametrize("media_type", [JSON_TYPE, PROTOBUF_TYPE])
@pytest.mark.parametrize("kind", CALLERS)
def test_each_caller_reports_spans_for_its_clients_alone(
    here: ReportingHouse, kind: str, media_type: str
) -> None:
    """Span by span, whatever its attributes claim."""
    caller = CALLERS[kind]
    here.bus.entries.clear()
    here.now += 10 * MICROSECONDS
    spans = [
        chat(number, attributes={"run_ledger.client_id": client})
        for number, client in enumerate(CLIENTS, 1)
    ]
    body = as_json(spans) if media_type == JSON_TYPE else as_protobuf(spans)
    reply = here.send(caller.credential(here), body, media_type, path=TRACES)
    assert reply.headers["Content-Type"] == media_type
    assert reply.status == (caller.refused or 200)
    assert ("WWW-Authenticate" in reply.headers) == (caller.refused == 401)
    assert {entry["Source"].rpartition("/")[2] for entry in here.bus.entries} == caller.reports
    if caller.refused is not None:
        told = refusal_text(reply.body, media_type)
        assert not any(client in told for client in CLIENTS)


def test_all_ways_of_refusal_are_tried() -> None:
    """Some are let in, some refused in each way; and as many kinds as the reads have."""
    assert {caller.refused for caller in CALLERS.values()} == {None, 401, 403}
    assert len(CALLERS) >= len(READING_CALLERS) == 27


def test_a_wrong_secret_is_answered_as_an_unknown_key(here: ReportingHouse) -> None:
    """To the byte: nobody learns which keys there are."""
    key = here.key("acme", name="told apart")
    wrong, unknown = key[:-4] + "AAAA", f"rlk_{'0' * 16}{key[20:]}"
    assert here.send(wrong, sent()).body == here.send(unknown, sent()).body


@pytest.mark.parametrize(
    "header",
    [
        "Basic {}",
        "{}",
        "Bearer",
        "Bearer {} more",
        "Bearer {}, Bearer {}",
        "Token {}",
        "Bearer\t{}",
    ],
)
def test_other_forms_of_the_header_are_refused(here: ReportingHouse, header: str) -> None:
    """As two of them, which API Gateway joins."""
    key = here.key("acme", name="in a header")
    reply = here.send(None, sent(detail()), Authorization=header.format(key, key))
    assert reply.status == 401


def test_what_was_withdrawn_is_gone_at_the_next_request(here: ReportingHouse) -> None:
    """A revoked key and a machine's grant: nothing is kept in the process."""
    key = here.key("acme", name="brief")
    here.grant("m-brief", clients=["acme"])
    token = signed(machine_claims(client_id="m-brief"))
    assert [here.send(one, sent(detail())).status for one in (key, token)] == [202, 202]
    delete_report_key(here.client, "clients", key[4:20])
    delete_report_grant(here.client, "clients", "m-brief")
    assert [here.send(one, sent(detail())).status for one in (key, token)] == [401, 403]
