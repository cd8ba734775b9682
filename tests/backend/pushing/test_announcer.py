"""Who hears of changes, and for how long: each page of its own clients, and nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tests.support.readers.reading import NOW
from tests.support.readers.reporting import (
    machine_claims,
    person_claims,
    signed,
    signing_key,
)
from tests.support.receivers.open_pages import LISTENERS, Pages, joining, open_pages

from run_ledger.domain.exceptions import Forbidden, LedgerError, StoreUnavailable, Unauthorized
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.pushing.page_listeners import MOST_OF_ONE_PERSON
from run_ledger.store.clients.sign_outs import note_sign_out

SECONDS = NOW // MICROSECONDS
VERSION = {"version": NOW // 1_000}


@pytest.fixture
def pages() -> Iterator[Pages]:
    """Give an announcer that no page listens to."""
    with open_pages() as found:
        yield found


def test_each_page_hears_of_its_own_clients_alone(pages: Pages) -> None:
    """Staff of all; a person of several clients of these; and all hear the same few bytes."""
    pages.join("staff", "staff")
    pages.join("acme", "client-acme", sub="s-2")
    pages.join("both", "client-acme", "client-hooli", sub="s-3")
    assert pages.tell("globex") == (1, 0, 0)
    assert pages.tell("acme", "globex") == (3, 0, 0)
    assert pages.tell("hooli") == (2, 0, 0)
    assert pages.heard("staff") == [VERSION] * 3
    assert pages.heard("acme") == [VERSION]
    assert pages.heard("both") == [VERSION] * 2


def test_a_page_is_answered_when_it_joins(pages: Pages) -> None:
    """So it knows that it hears from now on; joining again doubles nothing."""
    pages.join("one", "staff")
    pages.join("one", "staff")
    assert pages.sockets.got["one"] == [{"joined": NOW // 1_000}] * 2
    assert pages.tell("acme") == (1, 0, 0)


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("", Unauthorized),
        ("[]", Unauthorized),
        ('{"action": "join"}', Unauthorized),
        ('{"action": "join", "token": "x"}', Unauthorized),
        ('{"action": "leave", "token": "x"}', Unauthorized),
        ("\ud800", Unauthorized),
        (joining(person_claims("staff"), key=signing_key("another")), Unauthorized),
        (joining(person_claims("staff"), header={"alg": "none", "kid": "pool-key"}), Unauthorized),
        (joining(person_claims("staff", exp=SECONDS - 61)), Unauthorized),
        (joining(person_claims("staff", exp=SECONDS)), Unauthorized),
        (joining(person_claims("staff", iss="https://elsewhere")), Unauthorized),
        (joining(person_claims("staff", client_id="other-app")), Unauthorized),
        (joining(person_claims("staff", token_use="id")), Unauthorized),
        (joining(person_claims("staff", scope="openid email")), Forbidden),
        (joining(person_claims()), Forbidden),
        (joining(person_claims("act")), Forbidden),
        (joining(machine_claims(scope="run-ledger/read")), Forbidden),
        (joining(machine_claims()), Forbidden),
    ],
)
def test_nobody_joins_without_a_token_that_the_api_takes(
    pages: Pages, message: str, error: type[LedgerError]
) -> None:
    """Forged, expired, of another pool or app, without scope or group, or an application's."""
    pages.open("one")
    with pytest.raises(error):
        pages.announcer.join("one", message, pages.now)
    assert pages.records.all() == []
    assert pages.tell("acme") == (0, 0, 0)
    assert pages.sockets.got["one"] == []


def test_a_page_ends_with_its_token(pages: Pages) -> None:
    """Whoever looks once a minute closes it in time, and until then it hears nothing more."""
    pages.join("short", "staff", exp=SECONDS + 600)
    pages.join("long", "staff", sub="s-2")
    pages.pass_by(580)
    assert pages.announcer.end_what_is_over(pages.now).closed == 0
    pages.pass_by(19)
    assert pages.tell("acme") == (1, 1, 0)
    assert pages.sockets.closed == ["short"]
    assert [one.connection_id for one in pages.records.all()] == ["long"]


def test_a_newer_token_keeps_a_page(pages: Pages) -> None:
    """A page that joins again before the end goes on hearing."""
    pages.join("one", "staff", exp=SECONDS + 600)
    pages.pass_by(500)
    pages.join("one", "staff", iat=SECONDS + 500, exp=SECONDS + 4_100)
    pages.pass_by(500)
    assert pages.announcer.end_what_is_over(pages.now).closed == 0
    assert pages.tell("acme") == (1, 0, 0)


def test_a_signed_out_persons_pages_are_closed(pages: Pages) -> None:
    """At the next look, all of them; and the same token is taken no more."""
    pages.join("first", "staff")
    pages.join("second", "staff")
    pages.join("other", "staff", sub="s-2")
    pages.pass_by(5)
    note_sign_out(pages.client, "clients", "s-1", pages.now)
    assert pages.announcer.end_what_is_over(pages.now).closed == 2
    assert sorted(pages.sockets.closed) == ["first", "second"]
    with pytest.raises(Unauthorized, match="signed out"):
        pages.join("third", "staff")
    pages.pass_by(5)
    pages.join("fourth", "staff", iat=SECONDS + 10)
    assert pages.tell("acme") == (2, 0, 0)


def test_a_closed_page_is_forgotten(pages: Pages) -> None:
    """By its word, or when it is found to be gone."""
    pages.join("one", "staff")
    pages.join("two", "staff", sub="s-2")
    pages.announcer.leave("one")
    del pages.sockets.got["two"]
    assert pages.tell("acme") == (0, 1, 0)
    assert pages.records.all() == []
    pages.announcer.leave("never there")


def test_one_person_has_so_many_pages_at_most(pages: Pages) -> None:
    """The oldest makes room; nobody else's does."""
    pages.join("other", "staff", sub="s-2")
    for number in range(MOST_OF_ONE_PERSON + 2):
        pages.pass_by(1)
        pages.join(f"page-{number}", "staff")
    assert pages.sockets.closed == ["page-0", "page-1"]
    assert len(pages.records.all()) == MOST_OF_ONE_PERSON + 1


def test_one_socket_that_fails_keeps_nobody_else_from_hearing(pages: Pages) -> None:
    """It is counted, and stays: the next message may reach it."""
    pages.join("one", "staff")
    pages.sockets.failure = EndpointConnectionError(endpoint_url="https://sockets")
    assert pages.tell("acme") == (0, 0, 1)
    throttled = {"Error": {"Code": "LimitExceededException", "Message": "slow down"}}
    pages.sockets.failure = ClientError(throttled, "PostToConnection")  # type: ignore[arg-type]
    assert pages.tell("acme") == (0, 0, 1)
    pages.sockets.failure = None
    assert pages.tell("acme") == (1, 0, 0)


def test_a_store_that_refuses_is_told_apart(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """What may pass a moment later is no mistake of ours; a missing right is."""

    def refuse(code: str) -> Any:
        def call(**_: Any) -> None:
            raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Query")  # type: ignore[arg-type]

        return call

    monkeypatch.setattr(pages.client, "query", refuse("ThrottlingException"))
    with pytest.raises(StoreUnavailable):
        pages.tell("acme")
    monkeypatch.setattr(pages.client, "query", refuse("AccessDeniedException"))
    with pytest.raises(ClientError):
        pages.tell("acme")


def test_a_page_that_can_not_be_forgotten_lets_nobody_hear_twice(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a batch fails it comes again, for all pages; one that has gone is found gone later."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "DeleteItem")  # type: ignore[arg-type]

    pages.join("gone", "staff")
    pages.join("here", "staff", sub="s-2")
    del pages.sockets.got["gone"]
    with monkeypatch.context() as broken:
        broken.setattr(pages.client, "delete_item", refuse)
        assert pages.tell("acme") == (1, 1, 0)
    assert pages.tell("acme") == (1, 1, 0)
    assert [one.connection_id for one in pages.records.all()] == ["here"]


def test_a_socket_is_closed_where_its_page_can_not_be_forgotten(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its time is over for whoever it was; the next look forgets it."""

    def refuse(**_: Any) -> None:
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, "DeleteItem")  # type: ignore[arg-type]

    pages.join("one", "staff")
    pages.pass_by(2 * 3_600)
    with monkeypatch.context() as broken:
        broken.setattr(pages.client, "delete_item", refuse)
        with pytest.raises(StoreUnavailable):
            pages.announcer.end_what_is_over(pages.now)
    assert pages.sockets.closed == ["one"]


def test_items_of_another_version_are_passed_over(pages: Pages) -> None:
    """A later version may put there what this one does not know."""
    item = {"pk": {"S": "open"}, "sk": {"S": "later"}}
    pages.client.put_item(TableName=LISTENERS, Item=item)  # type: ignore[arg-type]
    pages.join("one", "staff")
    assert pages.tell("acme") == (1, 0, 0)


def test_items_go_by_themselves(pages: Pages) -> None:
    """An hour after the token's end, should nobody have taken them away."""
    pages.join("one", "staff", exp=SECONDS + 600)
    (item,) = pages.client.scan(TableName=LISTENERS)["Items"]
    assert item["expires_at"] == {"N": str(SECONDS + 4_200)}
    assert "clients" not in item


def test_a_message_says_nothing_but_a_number(pages: Pages) -> None:
    """Not whose change it was, nor which: as many bytes for everybody."""
    pages.join("one", "client-acme")
    pages.now = Instant(NOW + 1)
    pages.tell("acme", "globex")
    (message,) = pages.heard("one")
    assert message.keys() == {"version"}
    assert json.dumps(message) == json.dumps({"version": NOW // 1_000})
    assert signed(person_claims("staff")) not in json.dumps(message)
