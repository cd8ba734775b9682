"""Open pages on the running system hear of changes: their own, at once, while they may.

The socket is the real one: API Gateway's of the local AWS, behind the site's own address.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.support.readers.ledger_http import Stack, machine_token, personal_tokens
from tests.support.site.site_events import RUNNING, Pipeline, ended
from tests.support.site.site_seed import declare_clients, post
from tests.support.site.site_visit import Visit, visiting
from tests.support.stacks.local_stack import LocalStack, wait_for
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

People = dict[str, dict[str, str]]
Hearing = tuple[Visit, list[str]]
SCOPE = "openid email run-ledger/read"
A_WHILE = 60
OTHER = "site-others"
"""A client that no other test looks at: North's lists have room for what they show elsewhere."""


@pytest.fixture
def mine() -> str:
    """Give the id of a job that no other test uses."""
    return f"pushed-{uuid.uuid4().hex[:8]}"


def _hearing(browser: Browser, stack: Stack, person: dict[str, str]) -> Iterator[Hearing]:
    with visiting(browser, stack["site_url"]) as visit:
        got: list[str] = []
        session = visit.context.new_cdp_session(visit.page)
        session.send("Network.enable")
        session.on(
            "Network.webSocketFrameReceived",
            lambda event: got.append(event["response"]["payloadData"]),
        )
        visit.sign_in(person, "#/jobs")
        expect(visit.page.locator(".freshness")).to_contain_text("Live")
        yield visit, got
        assert visit.troubles() == []


@pytest.fixture
def frames(browser: Browser, stack: Stack, people: People) -> Iterator[Hearing]:
    """Give a live tab of somebody of North, and all that its sockets receive."""
    yield from _hearing(browser, stack, people["north"])


@pytest.fixture
def staff_frames(browser: Browser, stack: Stack, people: People) -> Iterator[Hearing]:
    """Give a live tab of somebody of the staff, and all that its sockets receive."""
    yield from _hearing(browser, stack, people["staff"])


@pytest.fixture
def socket(stack: Stack) -> Iterator[ClientConnection]:
    """Give a program's socket, by which nothing is heard yet."""
    with connect(stack["push_url"]) as opened:
        yield opened


def join(socket: ClientConnection, token: str) -> None:
    """Send what a page sends."""
    socket.send(json.dumps({"action": "join", "token": token}))


def versions(frames: list[str]) -> list[str]:
    """Return the messages among them that tell of changes."""
    return [frame for frame in frames if "version" in json.loads(frame)]


def test_a_change_shows_without_a_poll(
    staff_frames: Hearing, running: LocalStack, mine: str
) -> None:
    """An event through bus, queue, writer, stream and socket: the page asks because it heard."""
    visit, got = staff_frames
    told = Pipeline(OTHER)
    post(running, *told.job(mine, RUNNING, hours=1))
    visit.open(f"#/jobs?q={mine}")
    visit.hurry_until(visit.job(mine))
    expect(visit.page.locator(".freshness")).to_contain_text("Live")
    # From here on the page has no poll that is due: its timers stand still, but for the news. What
    # it asks for because of the job's beginning is answered first, else it may show the end, too.
    visit.page.wait_for_timeout(2_500)
    before = len(versions(got))
    post(running, *told.job(mine, ended("cancelled", event_id="end"), hours=0))
    expect(visit.job(mine)).to_contain_text("Cancelled")
    assert len(versions(got)) > before


def test_what_is_declared_shows_without_a_poll(
    staff_frames: Hearing, running: LocalStack, stack: Stack, tmp_path: Path, mine: str
) -> None:
    """`clients apply` through the table's stream and socket: the client's page asks as it hears.

    Of that, a page of another client hears nothing; nor does anybody where nothing has changed.
    """
    visit, got = staff_frames
    value = {"name": "model", "value": f"{mine}-one"}
    client = {"id": OTHER, "name": f"{mine} before", "parameters": [value]}
    declare_clients(running, tmp_path, {"clients": [client]})
    visit.open(f"#/clients/{OTHER}")
    expect(visit.page.get_by_role("heading", name=f"{mine} before")).to_be_visible()
    expect(visit.page.locator(".freshness")).to_contain_text("Live")
    visit.page.wait_for_timeout(2_500)
    before = len(versions(got))
    with connect(stack["push_url"]) as others:
        join(others, personal_tokens(stack, "client", SCOPE)["access_token"])
        assert "joined" in json.loads(others.recv(timeout=A_WHILE))
        client |= {"name": f"{mine} after", "parameters": [{**value, "value": f"{mine}-two"}]}
        declare_clients(running, tmp_path, {"clients": [client]})
        expect(visit.page.get_by_role("heading", name=f"{mine} after")).to_be_visible()
        expect(visit.page.get_by_text(f"{mine}-two")).to_be_visible()
        told = len(versions(got))
        assert told > before
        declare_clients(running, tmp_path, {"clients": [client]})
        with pytest.raises(TimeoutError):
            others.recv(timeout=2)
    assert len(versions(got)) == told


def test_how_notices_come_through_reaches_staff_alone(
    running: LocalStack, stack: Stack, mine: str
) -> None:
    """A channel's item changes: staff hear, whose overview shows it, and nobody else."""
    dynamodb, table = running.client("dynamodb"), "run-ledger-local-incidents"
    key = {"pk": {"S": "deliveries"}, "sk": {"S": f"channel#acme#{mine}"}}
    with connect(stack["push_url"]) as staff, connect(stack["push_url"]) as acme:
        for socket, role in ((staff, "staff"), (acme, "client")):
            join(socket, personal_tokens(stack, role, SCOPE)["access_token"])
            assert "joined" in json.loads(socket.recv(timeout=A_WHILE))
        dynamodb.put_item(TableName=table, Item=key)
        assert "version" in json.loads(staff.recv(timeout=A_WHILE))
        dynamodb.delete_item(TableName=table, Key=key)
        assert "version" in json.loads(staff.recv(timeout=A_WHILE))
        with pytest.raises(TimeoutError):
            acme.recv(timeout=1)


def test_another_clients_page_gets_no_byte(
    frames: Hearing, running: LocalStack, stack: Stack, mine: str
) -> None:
    """Of another client's change, staff hear; North's page receives no frame at all."""
    visit, got = frames
    with connect(stack["push_url"]) as staff:
        join(staff, personal_tokens(stack, "staff", SCOPE)["access_token"])
        assert "joined" in json.loads(staff.recv(timeout=A_WHILE))
        before = len(versions(got))
        post(running, *Pipeline(OTHER).job(mine, ended("cancelled"), hours=1))
        assert "version" in json.loads(staff.recv(timeout=A_WHILE))
    visit.page.wait_for_timeout(1_500)
    assert len(versions(got)) == before
    assert not [frame for frame in got if set(json.loads(frame)) - {"version", "joined"}]


def test_signing_out_ends_hearing(frames: Hearing, running: LocalStack, mine: str) -> None:
    """The socket is closed with the session, and its listener is forgotten."""
    visit, _ = frames
    closed: list[Any] = []
    visit.page.on("websocket", lambda one: one.on("close", closed.append))
    known = listeners(running)
    assert known
    visit.page.get_by_role("button", name="Sign out").click()
    visit.page.get_by_role("button", name="Sign in").wait_for()
    wait_for("the listener's end", lambda: len(listeners(running)) < len(known), A_WHILE)


def listeners(running: LocalStack) -> set[str]:
    """Return the ids of the sockets that hear of changes."""
    items = running.client("dynamodb").scan(TableName="run-ledger-local-listeners")["Items"]
    return {item["sk"]["S"] for item in items}


def test_forged_and_foreign_tokens_hear_nothing(socket: ClientConnection, stack: Stack) -> None:
    """A machine's token, and one whose signature is another's: the socket is closed."""
    join(socket, machine_token(stack))
    with pytest.raises(ConnectionClosed):
        socket.recv(timeout=A_WHILE)
    good = personal_tokens(stack, "staff", SCOPE)["access_token"]
    head, claims, signature = good.split(".")
    with connect(stack["push_url"]) as other:
        join(other, f"{head}.{claims}.{signature[::-1]}")
        with pytest.raises(ConnectionClosed):
            other.recv(timeout=A_WHILE)


def test_who_has_not_joined_hears_nothing(
    socket: ClientConnection, running: LocalStack, stack: Stack, mine: str
) -> None:
    """However long the socket is open, and whatever else it sends."""
    socket.send("hello")
    socket.send('{"action": "listen"}')
    with connect(stack["push_url"]) as staff:
        join(staff, personal_tokens(stack, "staff", SCOPE)["access_token"])
        staff.recv(timeout=A_WHILE)
        post(running, *Pipeline(OTHER).job(mine, ended("cancelled"), hours=1))
        staff.recv(timeout=A_WHILE)
    with pytest.raises(TimeoutError):
        socket.recv(timeout=1)


def test_a_page_of_another_site_opens_no_socket(stack: Stack) -> None:
    """Neither by the site's address nor at the local AWS itself."""
    for url in (
        stack["push_url"],
        stack["aws_endpoint_url"].replace("http", "ws", 1) + "/_aws/execute-api/x/push",
    ):
        with pytest.raises(InvalidStatus), connect(url, origin="https://evil.example"):
            pass


def test_a_burst_is_a_message_a_second_at_most(
    socket: ClientConnection, running: LocalStack, stack: Stack, mine: str
) -> None:
    """Thirty changes within some seconds are one message each second, and one more at most."""
    join(socket, personal_tokens(stack, "staff", SCOPE)["access_token"])
    socket.recv(timeout=A_WHILE)
    began = time.monotonic()
    for number in range(30):
        post(running, *Pipeline(OTHER).job(f"{mine}-{number}", ended("cancelled"), hours=1))
        time.sleep(0.05)
    heard = 0
    try:
        while True:
            socket.recv(timeout=2.5)
            heard += 1
    except TimeoutError:
        seconds = time.monotonic() - began
    assert 1 <= heard <= seconds + 1
