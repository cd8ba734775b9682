"""A reader over moto that gets requests as API Gateway sends them; every call is counted."""

from __future__ import annotations

import base64
import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope, text

from run_ledger.domain import instants
from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.probes import Probe
from run_ledger.domain.exceptions import InvalidEvent
from run_ledger.read.reader import Reader, read_request
from run_ledger.settings import Settings
from run_ledger.store.overview.kept_pages import KeptPages
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.grouping import EventMessage, InvalidMessage
from run_ledger.store.posting.ledger import Keeping, Ledger, Timing

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

NOW = instants.parse("2026-11-22T15:00:00Z")
ISSUER = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_pool"
PEOPLE_CLIENTS = ("site-app", "dashboard-app")
STAFF = {"username": "u-1", "cognito:groups": "staff"}
SETTINGS = Settings(
    tables=NAMES,
    entry_ttl_days=90,
    rollup_shards=8,
    cursor_key="key",
    log_level="INFO",
    issuer=ISSUER,
    is_telling=True,
)


def client_user(*client_ids: str) -> dict[str, str]:
    """Return the claims of a user who belongs to these clients."""
    return {"username": "u-2", "cognito:groups": ",".join(f"client-{one}" for one in client_ids)}


def claims(**more: Any) -> dict[str, Any]:
    """Return the claims of an access token as API Gateway passes them on, with *more*.

    They are a person's if *more* has a user name, and an application's otherwise.
    """
    app_client_id = more.get("client_id", PEOPLE_CLIENTS[0] if "username" in more else "app-1")
    return {
        "token_use": "access",
        "iss": ISSUER,
        "scope": "openid run-ledger/read",
        "client_id": app_client_id,
        "sub": "s-1" if "username" in more else app_client_id,
        "iat": "Sat Jan 01 00:00:00 UTC 2000",
        "exp": "Tue Dec 31 23:59:59 UTC 2999",
        **more,
    }


def bearer(said: Mapping[str, Any]) -> str:
    """Return the header of a token with these claims, whose groups are a list there."""
    groups = said.get("cognito:groups")
    listed = groups.split(",") if isinstance(groups, str) else groups
    payload = json.dumps({**said, "cognito:groups": listed}).encode()
    return f"Bearer e30.{base64.urlsafe_b64encode(payload).rstrip(b'=').decode()}.unsigned"


def api_event(
    resource: str,
    asking: Mapping[str, Any] | None = None,
    *,
    path: Mapping[str, str] | None = None,
    parameters: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    """Return a REST API's proxy event; *asking* holds claims beside the usual ones."""
    single = {name: values[-1] for name, values in (parameters or {}).items()}
    said = claims(**(STAFF if asking is None else asking))
    return {
        "resource": resource,
        "path": resource.format(**(path or {})),
        "httpMethod": "GET",
        "headers": {"Authorization": bearer(said)},
        "multiValueHeaders": None,
        "queryStringParameters": single or None,
        "multiValueQueryStringParameters": dict(parameters or {}) or None,
        "pathParameters": dict(path or {}) or None,
        "stageVariables": {"people_clients": ",".join(PEOPLE_CLIENTS)},
        "requestContext": {
            "requestId": "r-1",
            "authorizer": {"claims": said},
        },
        "body": None,
        "isBase64Encoded": False,
    }


class Serial(Executor):
    """Runs each call at once: moto is for one thread at a time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done already."""
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whatever it is, the future carries it
            future.set_exception(error)
        return future


@dataclass
class Reply:
    """An answer's parts: status, headers, body, and the calls that it took."""

    status: int
    headers: dict[str, str]
    body: str
    rounds: int
    calls: int
    log: dict[str, Any]

    @property
    def json(self) -> Any:
        """Return the document."""
        return json.loads(self.body)


# Gets the number of a call, from 1, the method's name and the call itself; answers in its place.
Interference = Callable[[int, str, Callable[[], Any]], Any]


class CountingClient:
    """A DynamoDB client that counts each call, and lets a test change what happens."""

    def __init__(self, client: DynamoDBClient) -> None:
        """Pass everything on to *client*."""
        self._client = client
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.interfere: Interference | None = None

    def __getattr__(self, name: str) -> Any:
        """Return the method, noting its use."""
        method = getattr(self._client, name)

        def call(**arguments: Any) -> Any:
            self.requests.append((name, arguments))
            if self.interfere is not None:
                return self.interfere(len(self.requests), name, partial(method, **arguments))
            return method(**arguments)

        return call


@dataclass
class House:
    """The tables, a writer's side and a reader's side."""

    client: DynamoDBClient
    now: int = NOW
    settings: Settings = SETTINGS
    dice: random.Random = field(default_factory=lambda: random.Random(8))
    kept: KeptPages | None = None
    counting: CountingClient = field(init=False)
    # a page's requests and those of its test come from two threads, and each counts its calls
    turn: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def __post_init__(self) -> None:
        """Give the reader a client of its own."""
        self.counting = CountingClient(self.client)

    def post(
        self, *envelopes: Envelope | str, at: int | None = None, layout: Layout = Layout.LOG
    ) -> None:
        """Post events through the real ledger, which receives them at *at*, in one batch."""
        ledger = Ledger(
            self.client,
            NAMES,
            Keeping(90, 8, layout),
            timing=Timing(now=lambda: self.now if at is None else at, dice=self.dice),
        )
        deliveries, refusals = [], []
        for number, one in enumerate(envelopes):
            raw = one if isinstance(one, str) else text(one)
            try:
                deliveries.append(EventMessage(str(number), raw, decode(raw)))
            except InvalidEvent as error:
                refusals.append(InvalidMessage(str(number), raw, error))
        report = ledger.post(deliveries, refusals, lambda: 60.0)
        assert not report.failures, report.failures

    def keep_probe(self, probe_id: str, sent_at: int | None = None) -> None:
        """Let the ledger take in a probe."""
        ledger = Ledger(
            self.client,
            NAMES,
            Keeping(90, 8),
            timing=Timing(now=lambda: self.now, dice=self.dice),
        )
        assert ledger.keep_arrivals([Probe(probe_id, sent_at)]).kept == 1

    def grant(self, app_client_id: str, **grant: Any) -> None:
        """Grant an application access to clients, or to all."""
        item: Any = {"pk": {"S": f"app#{app_client_id}"}, "sk": {"S": "grant"}}
        if "staff" in grant:
            item["staff"] = {"BOOL": grant["staff"]}
        if "clients" in grant:
            item["clients"] = {"L": [{"S": one} for one in grant["clients"]]}
        self.client.put_item(TableName=NAMES.clients, Item=item)

    def get(
        self,
        resource: str,
        asking: Mapping[str, Any] | None = None,
        *,
        path: Mapping[str, str] | None = None,
        method: str = "GET",
        headers: Mapping[str, str] | None = None,
        **parameters: Any,
    ) -> Reply:
        """Ask the reader; a parameter may be one value or a list of them."""
        given = {
            name: [str(one) for one in value] if isinstance(value, list) else [str(value)]
            for name, value in parameters.items()
            if value is not None
        }
        event = api_event(resource, asking, path=path, parameters=given)
        event["httpMethod"] = method
        event["headers"] |= dict(headers or {})
        event["multiValueHeaders"] = {name: [value] for name, value in event["headers"].items()}
        return self.ask(event)

    def ask(self, event: Mapping[str, Any]) -> Reply:
        """Put a proxy event to the reader."""
        with self.turn:
            return self._ask(event)

    def _ask(self, event: Mapping[str, Any]) -> Reply:
        self.counting.requests.clear()
        reader = Reader(
            self.counting,  # type: ignore[arg-type]
            self.settings,
            Serial(),
            lambda: instants.Instant(self.now),
            kept=self.kept,
        )
        answer, log = reader.answer(read_request(event), 60.0)
        proxied = answer.proxied()
        if self.counting.interfere is None:  # else there may be calls that were made again
            assert log["calls"] == len(self.counting.requests)
        return Reply(
            proxied["statusCode"],
            proxied["headers"],
            proxied["body"],
            log["rounds"],
            log["calls"],
            log,
        )

    def walk(
        self, resource: str, asking: Mapping[str, Any] | None = None, **parameters: Any
    ) -> Iterable[Reply]:
        """Follow cursors to the end and give each page."""
        cursor = None
        while True:
            reply = self.get(resource, asking, cursor=cursor, **parameters)
            assert reply.status == 200, reply.body
            yield reply
            cursor = reply.json["next_cursor"]
            if cursor is None:
                return


@contextmanager
def house() -> Iterator[House]:
    """Give a house with empty tables."""
    with empty_tables() as client:
        yield House(client)
