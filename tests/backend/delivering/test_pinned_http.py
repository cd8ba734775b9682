"""Requests to declared addresses: to the judged address alone, for a limited time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
from tests.support.receivers.http_receiver import Mood, Receiver, receiver

from run_ledger.delivering import pinned_http
from run_ledger.delivering.pinned_http import (
    NoAnswerError,
    PinnedPoster,
    ReceiverAnswer,
    RefusedAddressError,
)

PUBLIC, METADATA = "93.184.215.14", "169.254.169.254"


@pytest.fixture
def here() -> Iterator[Receiver]:
    """Give a receiver on this machine."""
    with receiver() as made:
        yield made


class Net:
    """Names that mean what a test says, and connections that go nowhere."""

    def __init__(self, *answers: list[str]) -> None:
        """Answer the first question by the first of *answers*, and so on."""
        self.answers = list(answers)
        self.connected: list[str] = []

    def getaddrinfo(self, host: str, port: int, **_: Any) -> list[Any]:
        """Return addresses as the operating system does."""
        assert host == "hooks.example.com"
        found = self.answers.pop(0)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    def create_connection(self, address: tuple[str, int], timeout: float) -> socket.socket:
        """Note where a connection was to go."""
        assert timeout > 0
        self.connected.append(address[0])
        raise ConnectionRefusedError


def net(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> Net:
    """Put a net in place of the machine's."""
    made = Net(*answers)
    monkeypatch.setattr(pinned_http.socket, "getaddrinfo", made.getaddrinfo)
    monkeypatch.setattr(pinned_http.socket, "create_connection", made.create_connection)
    return made


def test_a_request_comes_with_its_headers(here: Receiver) -> None:
    """On a laptop's stack, over http to this machine."""
    answer = PinnedPoster(is_local=True).post(here.url + "?a=b", b"{}", {"webhook-id": "7"})
    assert answer == ReceiverAnswer(200)
    (got,) = here.got
    assert (got.path, got.body, got.headers["webhook-id"]) == ("/hook?a=b", b"{}", "7")
    assert got.headers["User-Agent"] == "run-ledger"


def test_a_deployed_stage_sends_nothing_to_this_machine(here: Receiver) -> None:
    """Nor in the clear to anywhere."""
    for url in (here.url, "http://hooks.example.com/", here.url.replace("http", "https")):
        with pytest.raises(RefusedAddressError):
            PinnedPoster().post(url, b"{}", {})
    assert not here.got


@pytest.mark.parametrize(
    "url",
    [
        *("", "hooks.example.com", "file:///etc/passwd", "ftp://hooks.example.com/", "https:///x"),
        *("https://user:word@hooks.example.com/", "https://hooks.example.com:x/", "https://a b/"),
        *("https://hooks.example.com/\r\nX: y", "https://höoks.example.com/", "//127.0.0.1/"),
        *("http://127.0.0.1.example.com/", "http://localhost/", "http://[::1]/"),
    ],
)
def test_no_other_address_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not on a laptop either."""
    made = net(monkeypatch)
    with pytest.raises(RefusedAddressError):
        PinnedPoster(is_local=True).post(url, b"{}", {})
    assert not made.connected


@pytest.mark.parametrize("addresses", [[METADATA], ["10.0.0.7"], [PUBLIC, "127.0.0.1"], []])
def test_a_name_that_leads_inside_is_refused(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where only one of its addresses does."""
    made = net(monkeypatch, addresses)
    with pytest.raises(RefusedAddressError):
        PinnedPoster().post("https://hooks.example.com/x", b"{}", {})
    assert not made.connected


def test_a_name_is_resolved_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was judged is connected to, though the name means something else a moment later."""
    made = net(monkeypatch, [PUBLIC], [METADATA])
    with pytest.raises(NoAnswerError):
        PinnedPoster().post("https://hooks.example.com/x", b"{}", {})
    assert made.connected == [PUBLIC]
    assert made.answers == [[METADATA]]


def test_a_receiver_without_a_certificate_gets_nothing(
    here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host that answers at the address, and can't show that it is the one, gets no message."""
    made = net(monkeypatch, [PUBLIC])
    port = int(here.url.split(":")[2].split("/")[0])
    monkeypatch.undo()

    def connected(_: object, seconds: float) -> socket.socket:
        sock = socket.socket()
        sock.settimeout(seconds)
        sock.connect(("127.0.0.1", port))
        return sock

    monkeypatch.setattr(pinned_http.socket, "getaddrinfo", made.getaddrinfo)
    monkeypatch.setattr(pinned_http.socket, "create_connection", connected)
    with pytest.raises(NoAnswerError):
        PinnedPoster(seconds=3).post("https://hooks.example.com/x", b"{}", {})
    assert not here.got


def test_a_redirect_is_an_answer_and_nothing_more(here: Receiver) -> None:
    """Nobody goes where it leads."""
    here.moods = [Mood(307, {"Location": f"http://{METADATA}/latest/meta-data/"})]
    assert PinnedPoster(is_local=True).post(here.url, b"{}", {}).status == 307
    assert len(here.got) == 1


def test_what_a_receiver_asks_for_is_told(here: Receiver) -> None:
    """Cut, as it may be of any length."""
    here.moods = [Mood(429, {"Retry-After": "120"}), Mood(503, {"Retry-After": "9" * 5_000})]
    poster = PinnedPoster(is_local=True)
    assert poster.post(here.url, b"{}", {}) == ReceiverAnswer(429, "120")
    assert poster.post(here.url, b"{}", {}) == ReceiverAnswer(503, "9" * 100)


def test_a_slow_receiver_is_cut_off(here: Receiver) -> None:
    """Though something comes all the time, and each byte well before the next is due."""
    here.moods = [Mood(drip=0.05)]
    with pytest.raises(NoAnswerError):
        PinnedPoster(is_local=True, seconds=0.5).post(here.url, b"{}", {})
    assert len(here.got) == 1


def test_nobody_there_is_no_answer() -> None:
    """The port is one that nobody listens at."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(NoAnswerError):
            PinnedPoster(is_local=True).post(url, b"{}", {})


def test_who_is_connected_to_too_late_gets_nothing(
    here: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else nothing would cut it off any more, where it sends each byte just in time."""
    here.moods = [Mood(drip=0.05)]
    real = socket.create_connection

    def late(address: tuple[str, int], _: float) -> socket.socket:
        time.sleep(0.5)
        return real(address, 5)

    monkeypatch.setattr(pinned_http.socket, "create_connection", late)
    end = threading.Timer(3, here.ended.set)
    end.start()
    with pytest.raises(NoAnswerError):
        PinnedPoster(is_local=True, seconds=0.2).post(here.url, b"{}", {})
    end.cancel()
    assert not here.got


def test_names_that_are_resolved_slowly_hold_up_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a name server may answer later than anybody waits; a batch has four messages."""
    made = net(monkeypatch, [PUBLIC])
    go_on = threading.Event()

    def getaddrinfo(host: str, port: int, **more: Any) -> list[Any]:
        if host.startswith("slow"):
            go_on.wait(30)
            raise socket.gaierror
        return made.getaddrinfo(host, port, **more)

    monkeypatch.setattr(pinned_http.socket, "getaddrinfo", getaddrinfo)
    poster = PinnedPoster(seconds=1)
    for number in range(3):
        with pytest.raises(NoAnswerError):
            poster.post(f"https://slow{number}.example.com/", b"{}", {})
    with pytest.raises(NoAnswerError):
        poster.post("https://hooks.example.com/x", b"{}", {})
    go_on.set()
    assert made.connected == [PUBLIC]
