"""Declared clients in the table: written as a whole, read as at one instant, never mixed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from msgspec import structs
from tests.support.dynamo.tables import NAMES, empty_tables

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.clients.client_records import ClientRecords
from run_ledger.store.items.client_items import ClientParameter, ClientProfile, ClientRecord

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

ARN = "arn:aws:ssm:eu-central-1:123456789012:parameter/acme/key"
ACME = ClientRecord(
    "acme",
    ClientProfile("Acme", "Four markets", "team@acme.example", {"region": "eu"}),
    {
        "model": ClientParameter("model", "Which one", value="medium"),
        "key": ClientParameter("key", secret_ref=ARN),
    },
)


@pytest.fixture
def dynamodb() -> Iterator[DynamoDBClient]:
    """Give empty tables."""
    with empty_tables() as client:
        yield client


def records_of(client: Any, prefix: str = "r") -> ClientRecords:
    """Give the records of a table, each write a second after the one before."""
    seconds, numbers = count(), count()
    return ClientRecords(
        client,
        NAMES.clients,
        lambda: next(seconds) * instants.MICROSECONDS,
        lambda: f"{prefix}{next(numbers)}",
    )


def items(client: DynamoDBClient) -> dict[tuple[str, str], dict[str, Any]]:
    """Return what the table holds, by key."""
    found = client.scan(TableName=NAMES.clients)["Items"]
    return {(item["pk"]["S"], item["sk"]["S"]): dict(item) for item in found}


def declare(records: ClientRecords, wanted: ClientRecord) -> None:
    """Write a client, whatever it was before."""
    assert records.write(records.read(wanted.client_id), wanted)


def with_parameters(number: int, value: str = "x") -> ClientRecord:
    """Return Acme with so many parameters."""
    names = [f"p{one:03}" for one in range(number)]
    return structs.replace(
        ACME, parameters={one: ClientParameter(one, value=value) for one in names}
    )


def test_what_is_written_is_read(dynamodb: DynamoDBClient) -> None:
    """Profile, parameters and directory; and a secret's reference where the reader has no eyes."""
    records = records_of(dynamodb)
    declare(records, ACME)
    assert records.read("acme").record == ACME
    assert records.directory() == {"acme": "Acme"}
    there = items(dynamodb)
    assert there["acme", "param#key"]["secret_ref"] == {"S": ARN}
    assert "value" not in there["acme", "param#key"]
    assert there["acme", "param#model"]["kind"] == {"S": "plain"}
    assert there["acme", "param#model"]["updated_at"] == {"S": "1970-01-01T00:00:00.000000Z"}


def test_without_references_none_is_asked_for(dynamodb: DynamoDBClient) -> None:
    """An operator may lack the right to see them."""
    records = records_of(dynamodb)
    declare(records, ACME)
    found = records.read("acme", references=False).record
    assert found is not None
    assert found.parameters["key"] == ClientParameter("key")
    assert found.parameters["model"] == ACME.parameters["model"]


def test_only_what_differs_is_written(dynamodb: DynamoDBClient) -> None:
    """The rest keeps its `updated_at`; what is gone is removed."""
    records = records_of(dynamodb)
    declare(records, ACME)
    parameters = {
        "model": ClientParameter("model", "Which one", value="large"),
        "new": ClientParameter("new"),
    }
    parameters["new"] = ClientParameter("new", value="")
    declare(records, structs.replace(ACME, parameters=parameters))
    there = items(dynamodb)
    assert ("acme", "param#key") not in there
    assert there["acme", "profile"]["updated_at"] == {"S": "1970-01-01T00:00:00.000000Z"}
    assert there["acme", "param#model"]["updated_at"] == {"S": "1970-01-01T00:00:01.000000Z"}
    declare(records, structs.replace(ACME, profile=ClientProfile("Acme Ltd")))
    profile = items(dynamodb)["acme", "profile"]
    assert profile["updated_at"] == {"S": "1970-01-01T00:00:02.000000Z"}
    assert "contact" not in profile
    assert records.directory() == {"acme": "Acme Ltd"}


@pytest.mark.parametrize("is_new", [True, False])
def test_of_two_at_once_one_wins_whole(dynamodb: DynamoDBClient, *, is_new: bool) -> None:
    """The other is told, and has written nothing."""
    one, other = records_of(dynamodb, "one"), records_of(dynamodb, "other")
    if not is_new:
        declare(one, with_parameters(3, "before"))
    seen = other.read("acme")
    declare(one, with_parameters(2, "one"))
    assert not other.write(seen, with_parameters(5, "other"))
    assert one.read("acme").record == with_parameters(2, "one")
    assert not other.write(seen, None) or is_new
    assert one.read("acme").record == with_parameters(2, "one")


def test_a_client_that_was_removed_and_declared_anew_is_another(dynamodb: DynamoDBClient) -> None:
    """What was read of the first must not be written over the second."""
    records = records_of(dynamodb)
    declare(records, ACME)
    seen = records.read("acme")
    assert records.write(seen, None)
    declare(records, ACME)
    assert not records.write(seen, with_parameters(1))


def test_more_than_a_transaction_takes(dynamodb: DynamoDBClient) -> None:
    """A hundred parameters, and as many others in their place, and none."""
    records = records_of(dynamodb)
    declare(records, with_parameters(100))
    assert records.read("acme").record == with_parameters(100)
    others = {f"q{one}": ClientParameter(f"q{one}", value="y") for one in range(100)}
    declare(records, structs.replace(ACME, parameters=others))
    assert records.read("acme").record == structs.replace(ACME, parameters=others)
    assert records.write(records.read("acme"), None)
    assert items(dynamodb) == {}


class Interrupted(Exception):
    """The process ended here."""


class Brittle:
    """A client whose calls fail from the nth transaction on."""

    def __init__(self, client: DynamoDBClient, transactions: int) -> None:
        self._client = client
        self._left = transactions

    def transact_write_items(self, **request: Any) -> Any:
        """Do it while it may."""
        if not self._left:
            raise Interrupted
        self._left -= 1
        return self._client.transact_write_items(**request)

    def __getattr__(self, name: str) -> Any:
        """Do all else as ever."""
        return getattr(self._client, name)


@pytest.mark.parametrize("transactions", [1, 2])
def test_what_was_cut_off_is_done_by_doing_it_again(
    dynamodb: DynamoDBClient, transactions: int
) -> None:
    """Half of it may be there in between; afterwards all is as it was declared."""
    declare(records_of(dynamodb), with_parameters(100))
    others = {f"q{one}": ClientParameter(f"q{one}", value="y") for one in range(100)}
    wanted = structs.replace(ACME, profile=ClientProfile("Acme Ltd"), parameters=others)
    with pytest.raises(Interrupted):
        declare(records_of(Brittle(dynamodb, transactions), "cut"), wanted)
    declare(records_of(dynamodb, "again"), wanted)
    assert records_of(dynamodb).read("acme").record == wanted
    assert records_of(dynamodb).directory() == {"acme": "Acme Ltd"}


class Busy:
    """A client behind whose back each query meets another state."""

    def __init__(self, client: DynamoDBClient, changes: Iterator[ClientRecord]) -> None:
        self._client = client
        self._changes = changes

    def query(self, **request: Any) -> Any:
        """Let somebody else write before the query."""
        wanted = next(self._changes, None)
        if wanted is not None:
            declare(records_of(self._client, f"busy{wanted.profile.name}"), wanted)
        return self._client.query(**request)

    def __getattr__(self, name: str) -> Any:
        """Do all else as ever."""
        return getattr(self._client, name)


def test_a_reading_is_of_one_instant(dynamodb: DynamoDBClient) -> None:
    """What changed while it was read is read again; if it never rests, that is said."""
    declare(records_of(dynamodb), ACME)
    changed = [structs.replace(ACME, profile=ClientProfile(f"n{one}")) for one in range(9)]
    stored = records_of(Busy(dynamodb, iter(changed[:2]))).read("acme")
    assert stored.record == changed[1]
    assert records_of(dynamodb).write(stored, ACME)
    with pytest.raises(StoreUnavailable, match="acme"):
        records_of(Busy(dynamodb, iter(changed))).read("acme")


def test_items_written_by_hand_are_taken_over(dynamodb: DynamoDBClient) -> None:
    """A profile without a revision can be changed, and is guarded from then on."""
    for item in ({"sk": {"S": "profile"}}, {"sk": {"S": "param#n"}, "value": {"N": "5"}}):
        dynamodb.put_item(TableName=NAMES.clients, Item={"pk": {"S": "acme"}, **item})
    records = records_of(dynamodb)
    seen = records.read("acme")
    assert seen.record == ClientRecord(
        "acme", ClientProfile(""), {"n": ClientParameter("n", value="5")}
    )
    assert records.write(seen, ACME)
    assert records.read("acme").record == ACME
    assert not records.write(seen, None)


def test_the_directory_has_all_pages(dynamodb: DynamoDBClient) -> None:
    """Also beyond the megabyte that a query returns."""
    for number in range(6):
        item = {"pk": {"S": "clients"}, "sk": {"S": f"c{number}"}, "name": {"S": "n" * 300_000}}
        dynamodb.put_item(TableName=NAMES.clients, Item=item)
    assert [*records_of(dynamodb).directory()] == [f"c{number}" for number in range(6)]
