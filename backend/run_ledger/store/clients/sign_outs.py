"""Which people were signed out, and when: tokens that they got before are worth nothing any more.

Cognito takes an access token for good until it expires, whatever became of its person. So whoever
removes a person, or takes a group from one, also writes it down in the table Clients: one row for
each sign-out, in one partition, sorted by time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from run_ledger.domain.instants import MICROSECONDS, Instant, later
from run_ledger.store.dynamo.attributes import to_item
from run_ledger.store.dynamo.batches import every_item
from run_ledger.store.dynamo.expressions import QueryBuilder
from run_ledger.store.items.keys import SIGN_OUTS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_DAY = 86_400 * MICROSECONDS  # Cognito lets no access token live longer


def note_sign_out(client: DynamoDBClient, table: str, subject: str, at: Instant) -> None:
    """Let no token count that the person *subject*, a token's ``sub``, got before *at*."""
    item = to_item({"pk": SIGN_OUTS, "sk": f"{_seconds(at)}#{subject}"})
    client.put_item(TableName=table, Item=item)


def read_sign_outs(client: DynamoDBClient, table: str, now: Instant) -> Mapping[str, Instant]:
    """Return when each person was signed out last, by ``sub``: those of a day before *now*."""
    query = QueryBuilder(table, "pk", SIGN_OUTS)
    query.sort_between("sk", low=_seconds(later(now, -_DAY)))
    found: dict[str, Instant] = {}
    for item in every_item(client.query, query.request(["sk"])):
        seconds, _, subject = item["sk"]["S"].partition("#")
        found[subject] = Instant(int(seconds) * MICROSECONDS)
    return found


def _seconds(at: Instant) -> str:
    """Return whole seconds, rounded up, as a text whose order is that of time."""
    return f"{-(-at // MICROSECONDS):012d}"
