"""Tokens of an assistant's questions are renewed once and sent nowhere else; refusals are words."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from run_ledger.questions.asking import Refused
from run_ledger_ops.assistant.api_session import ApiSession, fixed_token, machine_token

Answer = tuple[int, dict[str, str], bytes]


class Server(ThreadingHTTPServer):
    """Answers what a test wants, and remembers what was asked."""

    def __init__(self) -> None:
        """Listen on a free port of this machine."""
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[Answer] = []
        self.asked: list[tuple[str, str, str]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        self.server.asked.append((self.path, self.headers.get("Authorization", ""), body))
        status, headers, answer = self.server.answers.pop(0)
        self.send_response(status)
        length = {} if "Transfer-Encoding" in headers else {"Content-Length": str(len(answer))}
        for name, value in {**headers, **length}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer)

    do_POST = do_GET  # noqa: N815 - as the server calls it

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class CountingLock:
    """A lock that tells how many have come for it, whether they have it or wait."""

    def __init__(self) -> None:
        """Let nobody have come."""
        self.came = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Tell, and wait for the lock."""
        self.came.release()
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let the next one have it."""
        self._lock.release()


@pytest.fixture
def server() -> Iterator[Server]:
    """Give a running server."""
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def said(status: int, document: object, **headers: str) -> Answer:
    """Return a JSON answer."""
    return status, headers, json.dumps(document).encode()


def test_a_token_is_asked_for_once_and_renewed_once(server: Server) -> None:
    """A refused one is replaced; a second refusal is told."""
    tokens = iter("abc")
    session = ApiSession(server.url, lambda: next(tokens))
    server.answers = [said(200, {"n": 1}), said(401, {}), said(200, {"n": 2})]
    assert session("/jobs", {"q": "a b", "tag": None}) == {"n": 1}
    assert session("/jobs", {}) == {"n": 2}
    assert server.asked == [
        ("/jobs?q=a+b", "Bearer a", ""),
        ("/jobs", "Bearer a", ""),
        ("/jobs", "Bearer b", ""),
    ]
    server.answers = [said(401, {"detail": "secret words"}), said(401, {})]
    with pytest.raises(Refused, match="sign in again"):
        session("/jobs", {})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (said(400, {"detail": "limit: 500 is too many"}), "limit: 500 is too many"),
        (said(404, {"detail": "There is no such job."}), "There is no such job"),
        (said(403, {}), "may not see"),
        (said(429, {}), "answers 429"),
        (said(503, "busy"), "answers 503"),
        ((200, {}, b"[1]"), "can't be read"),
        ((200, {}, b"no JSON"), "can't be read"),
        ((200, {}, b"[" * 100_000), "can't be read"),
    ],
)
def test_refusals_are_words(server: Server, answer: Answer, words: str) -> None:
    """The API's own where it has some."""
    server.answers = [answer]
    with pytest.raises(Refused, match=words):
        ApiSession(server.url, fixed_token("a"))("/jobs", {})


def test_a_token_follows_no_redirect(server: Server) -> None:
    """Wherever that leads."""
    server.answers = [said(302, {}, Location=f"{server.url}/elsewhere"), said(200, {})]
    with pytest.raises(Refused, match="302"):
        ApiSession(server.url, fixed_token("a"))("/jobs", {})
    assert [path for path, *_ in server.asked] == ["/jobs"]


def test_nobody_there_is_told() -> None:
    """Not with a traceback."""
    with pytest.raises(Refused, match="can't be reached"):
        ApiSession("http://127.0.0.1:1", fixed_token("a"))("/jobs", {})


@pytest.mark.parametrize(
    "token", ["hid\nden", "hid den", "hidd\u00e9n", '"hidden"', "", "hid\x00den"]
)
def test_a_token_that_no_header_can_carry_is_not_shown(server: Server, token: str) -> None:
    """HTTP's own complaint would show it to the assistant. Blanks around a token are none of it."""
    with pytest.raises(Refused, match="allowed are letters, digits") as refused:
        ApiSession(server.url, fixed_token(token))("/jobs", {})
    assert "hid" not in str(refused.value)
    server.answers = [said(200, {})]
    ApiSession(server.url, fixed_token(" good\r\n"))("/jobs", {})
    assert [authorization for _, authorization, _ in server.asked] == ["Bearer good"]


@pytest.mark.parametrize("status", [200, 404, 503])
def test_a_connection_that_breaks_in_the_middle_is_told(server: Server, status: int) -> None:
    """In words, for refusals too."""
    server.answers = [(status, {"Transfer-Encoding": "chunked"}, b"ff\r\nhalf")]
    with pytest.raises(Refused, match=r"can't be reached|no such thing|answers 503"):
        ApiSession(server.url, fixed_token("a"))("/jobs", {})


def test_long_refusals_are_cut(server: Server) -> None:
    """An answer is bounded, whatever is in front of the API."""
    server.answers = [said(400, {"detail": "x" * 100_000})]
    with pytest.raises(Refused) as refused:
        ApiSession(server.url, fixed_token("a"))("/jobs", {})
    assert len(str(refused.value)) == 1_000


def test_half_a_character_is_refused(server: Server) -> None:
    """No address can carry it."""
    with pytest.raises(Refused, match="half a character"):
        ApiSession(server.url, fixed_token("a"))("/jobs", {"q": "\ud800"})
    assert server.asked == []


def test_questions_that_waited_for_a_failed_sign_in_begin_no_other(server: Server) -> None:
    """Each would open one more page, and wait as long again; a later question may try again."""
    begun, go_on = threading.Event(), threading.Event()
    attempts: list[int] = []

    def new_token() -> str:
        attempts.append(1)
        if len(attempts) > 1:
            return "t"
        begun.set()
        go_on.wait(10)
        raise Refused("Nobody is signed in.")

    session = ApiSession(server.url, new_token)
    lock = session._lock = CountingLock()  # type: ignore[assignment]
    told: list[str] = []

    def ask() -> None:
        try:
            session("/jobs", {})
        except Refused as refusal:
            told.append(str(refusal))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads[0].start()
    assert begun.wait(10)
    for thread in threads[1:]:
        thread.start()
    assert all(lock.came.acquire(timeout=10) for _ in threads)
    go_on.set()
    for thread in threads:
        thread.join()
    assert (told, len(attempts)) == (["Nobody is signed in."] * 4, 1)
    server.answers = [said(200, {"n": 1})]
    assert session("/jobs", {}) == {"n": 1}


def test_a_fixed_token_is_not_renewed(server: Server) -> None:
    """Whoever set it is told to set a new one."""
    server.answers = [said(401, {})]
    with pytest.raises(Refused, match="Set a new one"):
        ApiSession(server.url, fixed_token("a"))("/jobs", {})


def test_a_machine_signs_in_by_its_app_client(server: Server) -> None:
    """By client credentials; what is wrong with them is told without them."""
    new_token = machine_token(f"{server.url}/token", "app", "hidden", "run-ledger/read")
    server.answers = [said(200, {"access_token": "t"})]
    assert new_token() == "t"
    ((_, authorization, form),) = server.asked
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"app:hidden"
    assert parse_qs(form) == {"grant_type": ["client_credentials"], "scope": ["run-ledger/read"]}

    for answer in (said(400, {"error": "invalid_client"}), said(200, {}), (200, {}, b"no")):
        server.answers = [answer]
        with pytest.raises(Refused) as refused:
            new_token()
        assert "hidden" not in str(refused.value)
    with pytest.raises(Refused, match="can't be reached"):
        machine_token("http://127.0.0.1:1/token", "app", "hidden", "s")()
