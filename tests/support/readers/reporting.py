"""An intake over moto that gets requests as API Gateway sends them; the bus is a stand-in."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.readers.reading import ISSUER, NOW

from run_ledger.domain.api.access import ACT_SCOPE
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.intake.key_texts import new_key
from run_ledger.domain.intake.reporters import REPORT_SCOPE
from run_ledger.doors.door_requests import read_request
from run_ledger.doors.event_bus import Bus
from run_ledger.doors.event_door import Intake, Limits
from run_ledger.doors.reporting_callers import Callers
from run_ledger.doors.token_keys import TokenKeys
from run_ledger.store.clients.report_grants import (
    StoredReportKey,
    put_report_grant,
    put_report_key,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

KEY_ID = "pool-key"
JSON_TYPE = "application/json"
PEOPLE_CLIENT = "site-app"


@cache
def signing_key(name: str = "own") -> rsa.RSAPrivateKey:
    """Return the private key of a pool; another one for each name."""
    assert name
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def part(content: Any) -> str:
    """Return a part of a token."""
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def signed(
    said: Any, header: Mapping[str, Any] | None = None, key: rsa.RSAPrivateKey | None = None
) -> str:
    """Return a token that claims what is *said*, signed as *header* says."""
    head = {"alg": "RS256", "kid": KEY_ID} if header is None else header
    text = f"{part(head)}.{part(said)}"
    signature = (key or signing_key()).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{part(signature)}"


def machine_claims(**more: Any) -> dict[str, Any]:
    """Return the claims of a machine's token that may report, with *more*."""
    app = more.get("client_id", "app-1")
    return {
        "token_use": "access",
        "iss": ISSUER,
        "scope": REPORT_SCOPE,
        "client_id": app,
        "sub": app,
        "iat": NOW // MICROSECONDS - 60,
        "exp": NOW // MICROSECONDS + 3_600,
        **more,
    }


def person_claims(*groups: str, **more: Any) -> dict[str, Any]:
    """Return the claims of a person's token that may act, with *more*."""
    return {
        "token_use": "access",
        "iss": ISSUER,
        "scope": f"openid email run-ledger/read {ACT_SCOPE}",
        "client_id": PEOPLE_CLIENT,
        "username": "kim",
        "sub": "s-1",
        "cognito:groups": list(groups),
        "iat": NOW // MICROSECONDS - 60,
        "exp": NOW // MICROSECONDS + 3_600,
        **more,
    }


def key_set(*keys: tuple[str, rsa.RSAPrivateKey]) -> bytes:
    """Return the document in which a pool publishes its keys."""
    return json.dumps({"keys": [_published(name, key) for name, key in keys]}).encode()


def _published(name: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()

    def written(number: int) -> str:
        return part(number.to_bytes((number.bit_length() + 7) // 8, "big"))

    return {
        "kid": name,
        "kty": "RSA",
        "alg": "RS256",
        "use": "sig",
        "n": written(numbers.n),
        "e": written(numbers.e),
    }


@dataclass
class StandInBus:
    """Takes entries as EventBridge does; `codes` are the errors of the entries to come."""

    entries: list[dict[str, str]] = field(default_factory=list)
    calls: list[int] = field(default_factory=list)
    codes: list[str | None] = field(default_factory=list)
    failure: Exception | None = None

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> dict[str, Any]:  # noqa: N803
        """Answer entry by entry, in their order."""
        self.calls.append(len(Entries))
        if self.failure is not None:
            raise self.failure
        answers: list[dict[str, str]] = []
        for entry in Entries:
            code = self.codes.pop(0) if self.codes else None
            if code is None:
                self.entries.append(dict(entry))
                answers.append({"EventId": f"bus-{len(self.entries)}"})
            else:
                answers.append({"ErrorCode": code, "ErrorMessage": "no"})
        failed = sum("ErrorCode" in one for one in answers)
        return {"FailedEntryCount": failed, "Entries": answers}


@dataclass
class StandInNames:
    """Knows what people are called, as Cognito does."""

    asked: list[str] = field(default_factory=list)
    failure: Exception | None = None

    def find(self, username: str) -> str:
        """Return an address."""
        self.asked.append(username)
        if self.failure is not None:
            raise self.failure
        return f"{username}@acme.example"


@dataclass
class Answered:
    """An answer's parts."""

    status: int
    headers: dict[str, str]
    body: str
    log: dict[str, Any]

    @property
    def json(self) -> Any:
        """Return the document."""
        return json.loads(self.body)

    @property
    def statuses(self) -> list[str]:
        """Return what became of each event."""
        return [one["status"] for one in self.json["results"]]


@dataclass
class ReportingHouse:
    """The table of clients, a bus, and the intake between them."""

    client: DynamoDBClient
    bus: StandInBus = field(default_factory=StandInBus)
    now: int = NOW
    events_per_second: int = 100
    keys_fetched: int = 0
    keys_made: int = 0
    keys_failure: Exception | None = None
    names: Any = field(default_factory=StandInNames)

    def __post_init__(self) -> None:
        """Make one intake, as an instance of the function has."""
        self._keys = TokenKeys(f"{ISSUER}/keys", lambda: Instant(self.now), self._fetch)

    def _fetch(self, _url: str) -> bytes:
        self.keys_fetched += 1
        if self.keys_failure is not None:
            raise self.keys_failure
        return key_set((KEY_ID, signing_key()))

    def key(self, *clients: str, name: str = "partner", **grant: Any) -> str:
        """Make a report key for *clients*, or with another *grant*, and return its text."""
        self.keys_made += 1
        digest = hashlib.sha256(f"{name} {self.keys_made}".encode()).digest()
        text, key = new_key(digest[:8], digest)
        given = grant or {"clients": list(clients)}
        stored = StoredReportKey(key.key_id, name, key.digest, "2026-11-22T00:00:00Z", given)
        put_report_key(self.client, NAMES.clients, stored)
        return text

    def grant(self, app_client_id: str, **grant: Any) -> None:
        """Let a machine report."""
        put_report_grant(self.client, NAMES.clients, app_client_id, grant)

    def send(
        self,
        credential: str | None,
        body: bytes | str,
        media_type: str = JSON_TYPE,
        *,
        seconds: float = 20.0,
        path: str = "/events",
        **headers: str,
    ) -> Answered:
        """Send a body as API Gateway hands one on."""
        sent = {"Content-Type": media_type, **{k.replace("_", "-"): v for k, v in headers.items()}}
        if credential is not None:
            sent.setdefault("Authorization", f"Bearer {credential}")
        raw = body.encode() if isinstance(body, str) else body
        return self.ask(posted(path, raw, sent), seconds)

    def intake(self) -> Intake:
        """Return the intake as it is now."""
        table = NAMES.clients
        return Intake(
            Callers(self.client, table, ISSUER, self._keys, self.names),
            Limits(self.client, table, self.events_per_second),
            Bus(self.bus, "bus"),
            lambda: Instant(self.now),
        )

    def ask(self, event: Mapping[str, Any], seconds: float = 20.0) -> Answered:
        """Put a proxy event to the intake."""
        answer, log = self.intake().answer(read_request(event), lambda: seconds)
        proxied = answer.proxied()
        return Answered(proxied["statusCode"], proxied["headers"], proxied["body"], log)


def posted(path: str, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return the proxy event of a request."""
    return {
        "httpMethod": "POST",
        "resource": path,
        "headers": dict(headers),
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "stageVariables": {"people_clients": f"{PEOPLE_CLIENT},another-app"},
        "body": base64.b64encode(body).decode(),
        "isBase64Encoded": True,
    }


@contextmanager
def reporting_house() -> Iterator[ReportingHouse]:
    """Give a house in which nobody may report yet."""
    with empty_tables() as client:
        yield ReportingHouse(client)


def sent(*details: Mapping[str, Any], detail_type: str = "job_update") -> str:
    """Return the body of a request with these details."""
    return json.dumps({"events": [{"detail_type": detail_type, "detail": one} for one in details]})


def detail(**more: Any) -> dict[str, Any]:
    """Return a detail of acme's, with *more*."""
    return {"job_id": "job-1", "project_id": "p-1", "client_id": "acme", **more}


def run_event(kind: str = "START", *, namespace: str = "nightly", **more: Any) -> dict[str, Any]:
    """Return a run event of OpenLineage, with *more*."""
    return {
        "eventType": kind,
        "eventTime": "2026-11-22T14:00:00Z",
        "producer": "https://producer.example/1",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": "01939f00-0000-7000-8000-000000000001", "facets": {}},
        "job": {"namespace": namespace, "name": "sales.load"},
        "inputs": [],
        "outputs": [],
        **more,
    }
