"""The pusher's handler: sockets, streams and the schedule lead to the announcer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.writer_process import Context
from tests.support.readers.reading import NOW
from tests.support.readers.reporting import person_claims, signing_key
from tests.support.receivers.open_pages import Pages, joining, open_pages
from tests.support.recounts.told_incidents import AT_ONCE, ended, tell_rulings

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import STAFF as OF_STAFF
from run_ledger.domain.incidents.alert_rules import rulings_on
from run_ledger.pushing import pusher
from run_ledger.store.incidents.row_items import row_key


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """Give the pages of a handler that has its announcer."""
    with open_pages() as found:
        monkeypatch.setattr(pusher, "_announcer", lambda: found.announcer)
        monkeypatch.setattr(pusher, "_now", lambda: found.now)
        yield found


def handled(event: dict[str, Any]) -> dict[str, Any]:
    """Return what the handler answers."""
    return pusher.handler(event, Context())


def over_a_socket(page: str, kind: str, body: str | None = None) -> dict[str, Any]:
    """Return an event of API Gateway's."""
    return {"requestContext": {"connectionId": page, "eventType": kind}, "body": body}


def change(client_id: str | None) -> dict[str, Any]:
    """Return a record of a stream; of a deletion where it is about no client."""
    image = {"NewImage": {"client_id": {"S": client_id}}} if client_id else {}
    return {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1", **image}}


def declared(partition: str, sort: str) -> dict[str, Any]:
    """Return a record with the keys of an item, as the stream of the table Clients has them."""
    keys = {"pk": {"S": partition}, "sk": {"S": sort}}
    return {"eventSource": "aws:dynamodb", "dynamodb": {"SequenceNumber": "1", "Keys": keys}}


def test_a_page_joins_hears_and_leaves(pages: Pages) -> None:
    """A batch is one message, however many changes it has."""
    pages.open("one")
    joined = over_a_socket("one", "MESSAGE", joining(person_claims("client-acme")))
    assert handled(joined) == {"statusCode": 200}
    records = [change("acme"), change("globex"), change("acme"), change(None)]
    assert handled({"Records": records}) == {"batchItemFailures": []}
    assert pages.heard("one") == [{"version": NOW // 1_000}]
    assert handled({"Records": [change("globex")]}) == {"batchItemFailures": []}
    assert len(pages.heard("one")) == 1
    assert handled(over_a_socket("one", "DISCONNECT")) == {"statusCode": 200}
    handled({"Records": [change("acme")]})
    assert len(pages.heard("one")) == 1


def test_what_staff_alone_may_see_moves_no_client_s_page(pages: Pages) -> None:
    """That staff's incident about a client changes is nothing that the client's pages hear of."""
    pages.join("staff", "staff")
    pages.join("acme", "client-acme", sub="s-2")
    pages.join("both", "client-acme", "client-globex", sub="s-3")
    end = ended("acme", "nightly", "job-1", NOW)
    for owner, hearing in ((OF_STAFF, ["staff"]), (None, ["staff", "acme", "both"])):
        before = {page: len(pages.heard(page)) for page in ("staff", "acme", "both")}
        ((scope, ruling),) = rulings_on([AT_ONCE], end, owner).items()
        (told,) = tell_rulings(pages.client, NOW, scope, [ruling])
        key = row_key(told.incident.incident_id)
        image = pages.client.get_item(TableName=NAMES.incidents, Key=key)["Item"]
        record = {"eventSource": "aws:dynamodb", "dynamodb": {"NewImage": image}}
        assert handled({"Records": [record]}) == {"batchItemFailures": []}
        assert [page for page in before if len(pages.heard(page)) > before[page]] == hearing


def test_how_notices_come_through_is_news_for_staff_alone(pages: Pages) -> None:
    """Their overview shows it; a client's pages don't, though a row of it names the client."""
    pages.join("staff", "staff")
    pages.join("acme", "client-acme", sub="s-2")
    image = {"NewImage": {"client_id": {"S": "acme"}}}
    rows = {"channel#acme#mail": {}, "waiting#2026#d-1": image, "given-up#2026#d-1": image}
    for number, (sort, more) in enumerate(rows.items(), 1):
        record = declared("deliveries", sort)
        record["dynamodb"] |= more
        assert handled({"Records": [record]}) == {"batchItemFailures": []}
        assert (len(pages.heard("staff")), pages.heard("acme")) == (number, [])
    handled({"Records": [declared("delivery#d-1", "state")]})
    assert len(pages.heard("staff")) == len(rows)


def test_what_is_declared_of_a_client_is_news_of_it(pages: Pages) -> None:
    """Of the table Clients a record has keys alone, so one that deletes says as much."""
    pages.join("staff", "staff")
    pages.join("acme", "client-acme", sub="s-2")
    pages.join("globex", "client-globex", sub="s-3")
    for sort in ("profile", "param#model", "param#profile"):
        before = {page: len(pages.heard(page)) for page in ("staff", "acme", "globex")}
        assert handled({"Records": [declared("acme", sort)]}) == {"batchItemFailures": []}
        heard = [page for page in before if len(pages.heard(page)) > before[page]]
        assert heard == ["staff", "acme"], sort


def test_a_client_may_have_the_name_of_a_partition_of_another_table(pages: Pages) -> None:
    """What is declared of it is news for its own pages as well, not for staff alone."""
    pages.join("own", "client-deliveries")
    handled({"Records": [declared("deliveries", "profile")]})
    assert len(pages.heard("own")) == 1


@pytest.mark.parametrize(
    ("partition", "sort"),
    [
        ("*", "profile"),
        ("clients", "acme"),
        ("clients#watched", "acme"),
        ("aws#jobs", "acme"),
        ("app#abc", "grant"),
        ("report#keys", "abc"),
        ("report#use#acme", "use"),
        ("people#signed-out", "000123#s-1"),
    ],
)
def test_what_no_page_shows_of_the_table_clients_is_no_news(
    pages: Pages, partition: str, sort: str
) -> None:
    """Not for staff either, even where a filter lets it through."""
    pages.join("staff", "staff")
    assert handled({"Records": [declared(partition, sort)]}) == {"batchItemFailures": []}
    assert pages.heard("staff") == []


def test_a_page_that_is_not_taken_in_is_cut_off(pages: Pages) -> None:
    """Also one that had joined before."""
    pages.join("one", "staff")
    forged = joining(person_claims("staff"), key=signing_key("another"))
    for body in (forged, None):
        pages.open("one")
        assert handled(over_a_socket("one", "MESSAGE", body)) == {"statusCode": 403}
        assert "one" not in pages.sockets.got
    assert pages.records.all() == []


def test_a_page_stays_where_nobody_can_tell_who_it_is(
    pages: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears nothing, and so goes on asking; it may try again."""

    def refuse(**_: Any) -> None:
        error = {"Error": {"Code": "ThrottlingException", "Message": "no"}}
        raise ClientError(error, "PutItem")  # type: ignore[arg-type]

    pages.open("one")
    monkeypatch.setattr(pages.client, "put_item", refuse)
    body = joining(person_claims("staff"))
    assert handled(over_a_socket("one", "MESSAGE", body)) == {"statusCode": 503}
    assert pages.sockets.got == {"one": []}


def test_a_schedule_closes_what_is_over(pages: Pages) -> None:
    """It reads the listeners, and closes those whose token has expired."""
    pages.join("one", "staff")
    pages.pass_by(3_600)
    assert handled({"source": "aws.events"}) == {"batchItemFailures": []}
    assert pages.sockets.closed == ["one"]


def test_a_batch_that_nobody_could_be_told_of_comes_again(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Lambda gives it again for as long as it is news, and the alarm's metric counts it."""

    def refuse(**_: Any) -> None:
        error = {"Error": {"Code": "ThrottlingException", "Message": "no"}}
        raise ClientError(error, "Query")  # type: ignore[arg-type]

    monkeypatch.setattr(pages.client, "query", refuse)
    with pytest.raises(StoreUnavailable):
        handled({"Records": [change("acme")]})
    pusher.logs.configure("INFO", stage="test", function="pusher")
    with pytest.raises(StoreUnavailable):
        handled({"Records": [change("acme")]})
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [1] in [line.get("NotPushed") for line in lines]


@pytest.mark.parametrize("name", ["LISTENERS_TABLE", "PUSH_ENDPOINT", "ISSUER", "PEOPLE_CLIENT"])
def test_a_setting_that_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The function does not start with half of what it needs."""
    for one in ("LISTENERS_TABLE", "PUSH_ENDPOINT", "ISSUER", "PEOPLE_CLIENT"):
        monkeypatch.setenv(one, "https://somewhere/push")
    monkeypatch.delenv(name)
    with pytest.raises(ValueError, match=f"{name} is not set"):
        pusher._announcer.__wrapped__()
