"""Whoever was signed out is let in no more, within a minute, whatever token they still have.

API Gateway takes an access token until it expires, also where its person was signed out or deleted:
"Verifying JSON web tokens" and "AdminUserGlobalSignOut" in Amazon Cognito's documents.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import NOW, House, Serial, api_event, house

from run_ledger import api
from run_ledger.domain import instants
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.read.reader import Reader, read_request
from run_ledger.store.clients.sign_outs import note_sign_out, read_sign_outs
from run_ledger.store.clients.signed_out import SignOuts

MINUTE = 60 * MICROSECONDS
ISSUED = "2026-11-22T14:00:00Z"


@pytest.fixture
def here() -> Iterator[House]:
    """Give a house with nothing in it."""
    with house() as made:
        yield made


def person(subject: str = "ann", issued_at: str = ISSUED) -> dict[str, Any]:
    """Return the claims of somebody of staff."""
    seconds = instants.parse(issued_at) // MICROSECONDS
    return {"username": subject, "sub": subject, "cognito:groups": "staff", "iat": str(seconds)}


class Door:
    """The API with what it remembers of sign-outs, and a clock that a test turns on."""

    def __init__(self, here: House) -> None:
        """Begin now."""
        self.here = here
        self.now = Instant(NOW)
        self.reader = Reader(
            here.counting,  # type: ignore[arg-type]
            here.settings,
            Serial(),
            lambda: self.now,
            SignOuts(),
        )

    def ask(self, claims: dict[str, Any], resource: str = "/jobs") -> tuple[int, dict[str, Any]]:
        """Return the status of an answer, and the members of its log line."""
        answer, log = self.reader.answer(read_request(api_event(resource, claims)), 60.0)
        return answer.status, log

    def end(self, subject: str, at: str) -> None:
        """Sign somebody out."""
        note_sign_out(self.here.client, NAMES.clients, subject, instants.parse(at))


def test_a_token_from_before_a_sign_out_lets_nobody_in(here: House) -> None:
    """Another person's does, and one that the same person gets later."""
    door = Door(here)
    door.end("ann", "2026-11-22T14:30:00Z")
    assert door.ask(person())[0] == 401
    assert door.ask(person("ben"))[0] == 200
    assert door.ask(person(issued_at="2026-11-22T14:29:59Z"))[0] == 401
    assert door.ask(person(issued_at="2026-11-22T14:30:00Z"))[0] == 200


def test_a_sign_out_is_known_within_a_minute(here: House) -> None:
    """Until then the reader goes by what it has read, so that looking costs a call a minute."""
    door = Door(here)
    assert door.ask(person())[0] == 200
    door.end("ann", "2026-11-22T14:30:00Z")
    door.now = instants.later(door.now, MINUTE - 1)
    assert door.ask(person())[0] == 200
    door.now = instants.later(door.now, 1)
    assert door.ask(person())[0] == 401


def test_looking_costs_no_round_and_a_call_a_minute(here: House) -> None:
    """It is made beside the request's own calls."""
    door = Door(here)
    first, second = door.ask(person())[1], door.ask(person())[1]
    assert first["rounds"] == second["rounds"]
    assert first["calls"] == second["calls"] + 1


def test_machines_are_not_looked_up(here: House) -> None:
    """Their grants are read with each request: who takes one away, shuts out at once."""
    door = Door(here)
    machine = {"client_id": "machine", "sub": "machine"}
    door.ask(machine)
    asked = [str(request) for _, request in here.counting.requests]
    assert not any("signed-out" in one for one in asked)


def test_a_token_that_does_not_say_when_it_was_issued_is_from_before(here: House) -> None:
    """Nothing that is left out lets anybody in."""
    door = Door(here)
    door.end("ann", "2026-11-22T14:30:00Z")
    claims = person()
    claims["iat"] = "0"
    assert door.ask(claims)[0] == 401


def test_a_later_sign_out_counts_and_an_old_one_is_forgotten(here: House) -> None:
    """No token lives longer than a day, so nobody needs to know of older ones."""
    at = "2026-11-22T14:30:00.5Z"
    for moment in ("2026-11-21T12:00:00Z", at):
        note_sign_out(here.client, NAMES.clients, "ann", instants.parse(moment))
    note_sign_out(here.client, NAMES.clients, "ben", instants.parse("2026-11-20T12:00:00Z"))
    now = instants.parse("2026-11-22T15:00:00Z")
    found = read_sign_outs(here.client, NAMES.clients, now)
    assert found == {"ann": instants.parse("2026-11-22T14:30:01Z")}


def test_the_function_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Lambda runs remembers sign-outs."""
    monkeypatch.setenv("CURSOR_KEY", "stack")
    monkeypatch.setenv("ISSUER", "pool")
    monkeypatch.setattr(api, "dynamodb", lambda: None)
    api._reader.cache_clear()
    assert api._reader().sign_outs is not None
    api._reader.cache_clear()


def test_who_was_signed_out_must_be_known(here: House) -> None:
    """Where the table does not say for the moment, the answer waits until another time."""
    door = Door(here)

    def fail(_number: int, name: str, call: Any) -> Any:
        asked = str(here.counting.requests[-1])
        if name == "query" and "signed-out" in asked:
            code = {"Error": {"Code": "ProvisionedThroughputExceededException"}}
            raise ClientError(code, "Query")  # type: ignore[arg-type]
        return call()

    here.counting.interfere = fail
    assert door.ask(person())[0] == 503
    here.counting.interfere = None
    assert door.ask(person())[0] == 200
