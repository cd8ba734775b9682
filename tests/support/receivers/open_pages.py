"""Open pages behind a stand-in for API Gateway's sockets, and an announcer over moto for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.readers.reading import ISSUER, NOW, Serial
from tests.support.readers.reporting import (
    KEY_ID,
    PEOPLE_CLIENT,
    key_set,
    person_claims,
    signed,
    signing_key,
)

from run_ledger.domain.api.access import Trust
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.doors.token_keys import TokenKeys
from run_ledger.pushing.announcer import Announcer
from run_ledger.pushing.sockets import Sockets
from run_ledger.store.clients.sign_outs import read_sign_outs
from run_ledger.store.listeners.listener_records import ListenerRecords

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

LISTENERS = "listeners"


class StandInSockets:
    """Holds sockets as API Gateway does: those that are open get what is posted."""

    def __init__(self) -> None:
        """Hold none yet."""
        self.got: dict[str, list[Any]] = {}
        self.closed: list[str] = []
        self.failure: Exception | None = None

    def post_to_connection(self, *, ConnectionId: str, Data: bytes) -> None:  # noqa: N803
        """Give a message to a page."""
        if self.failure is not None:
            raise self.failure
        self._open(ConnectionId).append(json.loads(Data))

    def delete_connection(self, *, ConnectionId: str) -> None:  # noqa: N803
        """Close a socket."""
        self._open(ConnectionId)
        del self.got[ConnectionId]
        self.closed.append(ConnectionId)

    def _open(self, connection_id: str) -> list[Any]:
        if connection_id not in self.got:
            gone = {"Error": {"Code": "GoneException", "Message": "gone"}}
            raise ClientError(gone, "PostToConnection")  # type: ignore[arg-type]
        return self.got[connection_id]


class Pages:
    """An announcer and the pages that listen to it."""

    def __init__(self, client: DynamoDBClient) -> None:
        """Begin with no page."""
        self.client = client
        self.sockets = StandInSockets()
        self.records = ListenerRecords(client, LISTENERS)
        self.now = NOW
        self.announcer = Announcer(
            self.records,
            Sockets(self.sockets),
            trust=Trust(ISSUER, frozenset({PEOPLE_CLIENT})),
            token_keys=TokenKeys(
                "https://keys", lambda: self.now, lambda _: key_set((KEY_ID, signing_key()))
            ),
            read_sign_outs=partial(read_sign_outs, client, NAMES.clients),
            executor=Serial(),
        )

    def open(self, page: str) -> None:
        """Open a socket, by which nothing is heard yet."""
        self.sockets.got[page] = []

    def join(self, page: str, *groups: str, **more: Any) -> None:
        """Open a page of somebody in *groups*, and let it join by a token with *more* claims."""
        if page not in self.sockets.got:
            self.open(page)
        self.announcer.join(page, joining(person_claims(*groups, **more)), self.now)

    def heard(self, page: str) -> list[Any]:
        """Return what a page has got, but for the answers to its joining."""
        return [message for message in self.sockets.got[page] if "joined" not in message]

    def tell(self, *changed: str) -> tuple[int, int, int]:
        """Tell of changes; return how many pages were told, closed and not told."""
        return tuple(self.announcer.tell(frozenset(changed), self.now))

    def pass_by(self, seconds: float) -> None:
        """Let time go by."""
        self.now = Instant(self.now + int(seconds * MICROSECONDS))


def joining(claims: Mapping[str, Any], **of: Any) -> str:
    """Return the message by which a page joins, with a token that has these *claims*."""
    return json.dumps({"action": "join", "token": signed(claims, **of)})


@contextmanager
def open_pages() -> Iterator[Pages]:
    """Give an announcer over moto that no page listens to."""
    with empty_tables() as client:
        client.create_table(
            TableName=LISTENERS,
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield Pages(client)
