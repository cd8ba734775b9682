"""The front of the local AWS: events are on the disk before an answer, and nobody signs up."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from run_ledger_ops.local.aws.envelopes import KeptEvent
from run_ledger_ops.local.aws.event_file import EventFile, read_events
from run_ledger_ops.local.aws.front import Application, Front, Message, Receive, Send

ENTRY = {"EventBusName": "bus", "Source": "s", "DetailType": "job_update", "Detail": '{"a": 1.50}'}


def aws(results: Sequence[dict[str, Any]], status: int = 200) -> Application:
    """Return a local AWS that reads a request and answers with these results in two pieces."""

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        while (await receive())["more_body"]:
            pass
        body = json.dumps({"FailedEntryCount": 0, "Entries": results}).encode()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body[:9], "more_body": True})
        await send({"type": "http.response.body", "body": body[9:]})

    return application


async def call(
    front: Front,
    entries: Sequence[dict[str, Any]],
    target: str = "AWSEvents.PutEvents",
    look: Callable[[], object] = lambda: None,
) -> list[Message]:
    """Make a call of the bus, its body in two pieces, and return what was answered.

    Whenever a piece of the answer arrives, *look* is called.
    """
    body = json.dumps({"Entries": entries}).encode()
    pieces = [{"body": body[:20], "more_body": True}, {"body": body[20:], "more_body": False}]
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", **pieces.pop(0)}

    async def send(message: Message) -> None:
        look()
        answered.append(message)

    scope = {"type": "http", "headers": [(b"x-amz-target", target.encode())]}
    await front(scope, receive, send)
    return answered


def put(front: Front, *entries: dict[str, Any]) -> list[Message]:
    """Make a call of PutEvents."""
    return asyncio.run(call(front, entries))


def kept_in(file: Path) -> list[KeptEvent | None]:
    """Return what a file holds."""
    return list(read_events(file, file.stat().st_size)) if file.exists() else []


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where the file would be."""
    return tmp_path / "journal.jsonl"


def front_of(application: Application, file: Path) -> Front:
    """Return a front before a local AWS."""
    return Front(application, EventFile(file), "eu-central-1")


def test_events_that_the_bus_took_are_in_the_file_as_it_delivers_them(file: Path) -> None:
    """With the ids that it gave; one that it refused is not among them."""
    results = [{"EventId": "1"}, {"ErrorCode": "No"}, {"EventId": "3"}]
    arn = "arn:aws:events:eu-central-1:000000000000:event-bus/bus"
    answered = put(front_of(aws(results), file), ENTRY, ENTRY, ENTRY | {"EventBusName": arn})
    assert [message["type"] for message in answered] == [
        "http.response.start",
        *["http.response.body"] * 2,
    ]
    first, second = kept_in(file)
    assert first is not None
    assert second is not None
    assert first.event.pop("time").endswith("Z")
    assert first == KeptEvent(
        "bus",
        {
            "version": "0",
            "id": "1",
            "source": "s",
            "account": "000000000000",
            "region": "eu-central-1",
            "resources": [],
            "detail-type": "job_update",
            "detail": {"a": 1.5},
        },
    )
    assert (second.bus, second.event["id"]) == ("bus", "3")
    assert file.stat().st_mode & 0o777 == 0o600


def test_no_answer_leaves_before_the_disk_has_the_events(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has an answer finds the event in the file, flushed."""
    synced: list[int] = []
    fsync = os.fsync

    def note(descriptor: int) -> None:
        fsync(descriptor)
        synced.append(file.stat().st_size)

    monkeypatch.setattr(os, "fsync", note)
    sizes: list[int] = []
    front = front_of(aws([{"EventId": "1"}]), file)
    asyncio.run(call(front, [ENTRY], look=lambda: sizes.append(file.stat().st_size)))
    assert sizes == synced * 3


def test_many_callers_share_one_wait_for_the_disk(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred at once wait for two writes: one under way, one with all that came meanwhile."""
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)

    async def crowd() -> None:
        front = front_of(aws([{"EventId": "1"}]), file)
        await asyncio.gather(*(call(front, [ENTRY]) for _ in range(100)))

    asyncio.run(crowd())
    assert len(kept_in(file)) == 100
    assert len(synced) <= 2


@pytest.mark.parametrize(
    ("target", "status"), [("AWSEvents.PutRule", 200), ("AWSEvents.PutEvents", 400)]
)
def test_other_calls_and_refused_ones_leave_no_trace(file: Path, target: str, status: int) -> None:
    """They pass as they are."""
    front = front_of(aws([{"EventId": "1"}], status), file)
    answered = asyncio.run(call(front, [ENTRY], target=target))
    assert answered[0]["status"] == status
    assert not file.exists()


def test_disk_that_takes_no_more_is_told_to_the_sender_and_ends_the_local_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A sender without an answer of success tries again; the local AWS stops in order, and says it.

    InternalFailure is an error of PutEvents that its API reference tells callers to retry.
    """
    ended: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda *what: ended.append(what))
    answered = put(front_of(aws([{"EventId": "1"}]), tmp_path), ENTRY)
    assert answered[0]["status"] == 500
    assert json.loads(answered[1]["body"])["__type"] == "InternalFailure"
    assert ended == [(os.getpid(), signal.SIGTERM)]
    assert "Events can't be kept" in caplog.text


def test_time_of_a_process_passes_untouched(file: Path) -> None:
    """Messages that are no HTTP requests, such as those of start and stop, are not looked into."""
    seen: list[str] = []

    async def application(scope: Any, receive: Receive, send: Send) -> None:
        seen.append(scope["type"])

    async def never(*_: object) -> Any:
        raise AssertionError

    asyncio.run(front_of(application, file)({"type": "lifespan"}, never, never))
    assert seen == ["lifespan"]


@pytest.mark.parametrize(
    "target",
    [
        "AWSCognitoIdentityProviderService.SignUp",
        "AWSCognitoIdentityProviderService.ListUsers, AWSCognitoIdentityProviderService.SignUp",
    ],
)
def test_nobody_signs_up(file: Path, target: str) -> None:
    """As SignUp of Cognito answers where a pool allows administrators alone to create people.

    The API reference of SignUp names NotAuthorizedException, and AdminCreateUserConfig the rule.
    """

    async def unreachable(*_: object) -> None:
        raise AssertionError

    answered = asyncio.run(call(front_of(unreachable, file), [], target))
    assert answered[0]["status"] == 400
    assert json.loads(answered[1]["body"]) == {
        "__type": "NotAuthorizedException",
        "message": "SignUp is not permitted for this user pool",
    }


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        (b"origin", b"https://page.example", 403),
        (b"origin", b"null", 403),
        (b"sec-fetch-site", b"cross-site", 403),
        (b"host", b"page.example:4566", 403),
        (b"host", b"127.0.0.1.page.example", 403),
        (b"sec-fetch-site", b"none", 200),
        (b"host", b"127.0.0.1:4566", 200),
        (b"host", b"LOCALHOST:4566", 200),
        (b"host", b"bucket.s3.eu-central-1.amazonaws.com", 200),
        (b"host", b"d1.cloudfront.net", 200),
        (b"host", b"host.docker.internal:4566", 200),
    ],
)
def test_pages_are_not_answered(file: Path, header: bytes, value: bytes, status: int) -> None:
    """Any page on the web could ask for all that there is, and reset it."""
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answered.append(message)

    scope = {"type": "http", "headers": [(header, value)]}
    asyncio.run(front_of(aws([]), file)(scope, receive, send))
    assert answered[0]["status"] == status
