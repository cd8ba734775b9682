"""Whether what is reported arrives: probes, and a bus that isn't there."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError
from tests.support.producers.buses import Entry, WillingBus

from run_ledger.domain.contract.probes import is_probe_id
from run_ledger.emit import RunLedger
from run_ledger.emit.delivery.read_api import CannotLook, read_api

Make = Callable[..., RunLedger]
ARN = "arn:aws:events:eu-central-1:123456789012:event-bus/bus"


class AwsBus(WillingBus):
    """A bus that can be looked up, if it is there; AWS takes events in any case."""

    def __init__(self, *, is_there: bool = True, code: str | None = None) -> None:
        """Answer look-ups with *code*, if it is given."""
        super().__init__()
        self.is_there = is_there
        self.code = code
        self.looked_up: list[str] = []

    def describe_event_bus(self, *, Name: str) -> Mapping[str, Any]:  # noqa: N803
        """Describe the bus."""
        self.looked_up.append(Name)
        code = self.code or ("" if self.is_there else "ResourceNotFoundException")
        if code:
            raise ClientError({"Error": {"Code": code}}, "DescribeEventBus")
        return {"Name": Name, "Arn": ARN}


class RefusingBus(WillingBus):
    """A bus that refuses every entry, or every call."""

    def __init__(self, error: Exception | str) -> None:
        """Raise *error*, or answer with it as each entry's code."""
        super().__init__()
        self.error = error

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Refuse."""
        if isinstance(self.error, Exception):
            raise self.error
        code = {"ErrorCode": self.error, "ErrorMessage": "no"}
        return {"FailedEntryCount": len(Entries), "Entries": [code for _ in Entries]}


def client_error(code: str) -> ClientError:
    """Return an error that AWS answers with."""
    return ClientError({"Error": {"Code": code}}, "PutEvents")


def test_a_probe_that_comes_is_well(make: Make) -> None:
    """The probe is an event of its own kind, and is looked for by its id until it comes."""
    bus = AwsBus()
    ledger = make(client=bus, region="eu-central-1")
    asked: list[str] = []

    def look(probe_id: str) -> bool:
        asked.append(probe_id)
        return len(asked) == 3

    found = ledger.check(30, look=look)

    assert (found.is_accepted, found.has_arrived) == (True, True)
    assert (found.bus, found.region, found.account) == ("bus", "eu-central-1", "123456789012")
    assert "All is well" in str(found)
    (entry,) = bus.entries
    assert entry["DetailType"] == "probe"
    assert json.loads(entry["Detail"]) == {"probe_id": found.probe_id}
    assert is_probe_id(found.probe_id)
    assert set(asked) == {found.probe_id}
    assert ledger.check(0, look=lambda _: True).probe_id != found.probe_id
    assert ledger.stats().accepted == 0


def test_a_probe_that_does_not_come_is_told_with_likely_reasons(make: Make) -> None:
    """The bus took it, and the ledger never saw it."""
    found = make(client=AwsBus()).check(0.01, look=lambda _: False)

    assert (found.is_accepted, found.has_arrived) == (True, False)
    for words in ("did not come", "another region or account", "rule", "123456789012"):
        assert words in found.message


def test_what_can_not_be_seen_is_said(make: Make) -> None:
    """Without a way to look, the outcome is open, and says what it needs."""
    found = make().check(1)

    assert (found.is_accepted, found.has_arrived) == (True, None)
    assert "can't be seen" in found.message
    assert "RUN_LEDGER_TOKEN" in found.message

    def refused(_: str) -> bool:
        raise CannotLook("the token has expired")

    assert "the token has expired" in make().check(1, look=refused).message
    broken = make().check(1, look=lambda _: bool(1 / 0))
    assert (broken.has_arrived, "ZeroDivisionError" in broken.message) == (None, True)


@pytest.mark.parametrize(
    ("bus", "words"),
    [
        (AwsBus(is_there=False), "there is no event bus bus in"),
        (RefusingBus(client_error("AccessDeniedException")), "events:PutEvents"),
        (RefusingBus(client_error("ExpiredTokenException")), "renew the credentials"),
        (RefusingBus(client_error("UnrecognizedClientException")), "AWS_PROFILE"),
        (RefusingBus(client_error("InvalidSignatureException")), "clock"),
        (RefusingBus(NoCredentialsError()), "AWS_ACCESS_KEY_ID"),
        (RefusingBus("NotAuthorizedForDetailTypeException"), "policy"),
        (RefusingBus("AccessDeniedException"), "events:PutEvents"),
        (RefusingBus("InvalidArgument"), "InvalidArgument"),
        (RefusingBus(OSError("no route")), "no route"),
    ],
)
def test_what_is_wrong_is_said(make: Make, bus: WillingBus, words: str) -> None:
    """The diagnosis names the cause and what to do; nothing raises."""
    found = make(client=bus).check(1, look=lambda _: True)

    assert (found.is_accepted, found.has_arrived) == (False, None)
    assert words in found.message
    assert found.as_dict()["message"] == found.message


def test_without_a_bus_there_is_nothing_to_check() -> None:
    """It says how to name one."""
    found = RunLedger().check()

    assert not found.is_accepted
    assert "RUN_LEDGER_BUS" in found.message


def test_events_for_a_bus_that_is_not_there_wait(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """AWS would take and drop them; they are kept, a warning says why, and later they are sent."""
    bus = AwsBus(is_there=False)
    ledger = make(client=bus)

    with caplog.at_level(logging.WARNING, "run_ledger.emit"):
        with ledger.job(client_id="acme", project_id="p", job_id="j"):
            pass
        assert ledger.flush(10)

    assert bus.entries == []
    assert ledger.stats().spooled == 2
    assert "there is no event bus bus in" in caplog.text
    bus.is_there = True
    ledger.close(10)
    with make(client=bus) as later:
        later.job(client_id="acme", project_id="p", job_id="other").start()
        assert later.flush(10)
    assert len(bus.looked_up) >= 2


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException", "Odd"])
def test_a_bus_that_can_not_be_looked_up_is_used(make: Make, code: str) -> None:
    """Producers often may send and nothing else; they are not asked again and again."""
    bus = AwsBus(code=code)
    ledger = make(client=bus)
    for number in range(3):
        with ledger.job(client_id="acme", project_id="p", job_id=f"j{number}"):
            pass
        assert ledger.flush(10)

    assert len(bus.jobs) == 3
    assert len(bus.looked_up) == 1


def test_a_bus_by_its_arn_may_be_another_accounts(tmp_path: Path) -> None:
    """Who may send to another account's bus may often not look it up, so nothing waits for it."""
    bus = AwsBus(is_there=False)
    with RunLedger(ARN, client=bus, spool=tmp_path) as ledger:
        ledger.job(client_id="acme", project_id="p", job_id="j").start()
        assert ledger.flush(10)

    assert "j" in bus.jobs


class _Api(BaseHTTPRequestHandler):
    status, body = 200, ""
    seen: list[tuple[str, str]] = []  # noqa: RUF012 - reset by the fixture

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers["Authorization"]))
        self.send_response(type(self).status)
        if type(self).status == 302:
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        content = type(self).body.encode()
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[_Api]]:
    """Give a read API, which the environment names."""
    _Api.seen = []
    _Api.status, _Api.body = 200, ""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Api) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        monkeypatch.setenv("RUN_LEDGER_API_URL", f"http://127.0.0.1:{server.server_port}/api/")
        monkeypatch.setenv("RUN_LEDGER_TOKEN", "token-1")
        yield _Api
        server.shutdown()
        thread.join()


def test_the_read_api_is_asked_with_the_token(api: type[_Api]) -> None:
    """200 with that id means yes, 404 no; everything else says that it can't be seen, and why."""
    look = read_api(None)
    assert look is not None
    api.body = '{"probe_id": "some-probe-of-ours"}'
    assert look("some-probe-of-ours")
    assert not look("another-probe-of-ours")
    assert api.seen[0] == ("/api/probes/some-probe-of-ours", "Bearer token-1")
    api.status = 404
    assert not look("some-probe-of-ours")
    for status, words in ((401, "expired"), (403, "older"), (500, "500"), (302, "302")):
        api.status = status
        with pytest.raises(CannotLook, match=words):
            look("some-probe-of-ours")
    api.status, api.body = 200, "<html>"
    with pytest.raises(CannotLook, match="no answer of the read API"):
        look("some-probe-of-ours")


def test_a_token_is_sent_over_https_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """To another machine, a token goes encrypted or not at all."""
    monkeypatch.setenv("RUN_LEDGER_TOKEN", "token-1")
    for address in ("http://ledger.example/api", "file:///etc/passwd", "nonsense"):
        monkeypatch.setenv("RUN_LEDGER_API_URL", address)
        look = read_api(None)
        assert look is not None
        with pytest.raises(CannotLook, match="no https address"):
            look("some-probe-of-ours")
    monkeypatch.delenv("RUN_LEDGER_TOKEN")
    assert read_api(None) is None
