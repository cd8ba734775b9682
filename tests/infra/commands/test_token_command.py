"""`run-ledger token`: a person's own access token, by the sign-in pages in a browser."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
import stat
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from tests.support.stacks.local_stack import HTTP, free_port

from run_ledger_ops import command
from run_ledger_ops.commands import token as token_command
from run_ledger_ops.sign_in import own_token

SECRET = "the-access-token"
Run = Callable[..., tuple[int, str, str]]


@dataclass
class Pages:
    """A site with its sign-in pages: they let in everybody, and check the proof of the code."""

    url: str = ""
    refusal: str | None = None
    config: dict[str, Any] = field(default_factory=dict)
    challenges: dict[str, str] = field(default_factory=dict)

    def way_back(self, query: dict[str, str]) -> str:
        """Return where the browser goes after signing in."""
        if self.refusal is not None:
            answer = {"error": "access_denied", "error_description": self.refusal}
        else:
            answer = {"code": f"code-{len(self.challenges)}"}
            assert query["code_challenge_method"] == "S256"
            self.challenges[answer["code"]] = query["code_challenge"]
        return f"{query['redirect_uri']}?{urlencode({**answer, 'state': query['state']})}"

    def token(self, form: dict[str, str]) -> dict[str, str] | None:
        """Return the answer of the token endpoint; None where the code is not proven."""
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        proof = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        is_proven = self.challenges.pop(form["code"], None) == proof
        return {"access_token": SECRET, "refresh_token": "never"} if is_proven else None


@contextmanager
def serving_pages() -> Iterator[Pages]:
    """Serve a site with its sign-in pages on a free port of this machine."""
    pages = Pages()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/oauth2/authorize":
                self.send_response(302)
                self.send_header("Location", pages.way_back(dict(parse_qsl(parts.query))))
                self.send_header("Content-Length", "0")
                self.end_headers()
            elif parts.path == "/config.json":
                self._say(pages.config)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            self._say(pages.token(dict(parse_qsl(self.rfile.read(length).decode()))))

        def _say(self, document: dict[str, Any] | None) -> None:
            body = json.dumps(document or {"error": "invalid_grant"}).encode()
            self.send_response(200 if document else 400)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    pages.url = f"http://127.0.0.1:{server.server_port}"
    pages.config = {
        "authorize_url": "/oauth2/authorize",
        "token_url": f"{pages.url}/oauth2/token",
        "client_id": "site",
        "scope": "openid email run-ledger/read",
    }
    try:
        yield pages
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    """Serve a site; the sign-in leads back to a free port, where nobody waits for long."""
    monkeypatch.setattr(token_command, "_WAIT_SECONDS", 30.0)
    port = free_port()
    monkeypatch.setattr(own_token, "PORT", port)
    monkeypatch.setattr(own_token, "REDIRECT_URI", f"http://127.0.0.1:{port}/")
    with serving_pages() as served:
        yield served


class Visitor:
    """A browser that opens one address, on a thread of its own, and reads where it ends."""

    def __init__(self) -> None:
        self.seen = ""
        self.thread: threading.Thread | None = None

    def open(self, address: str) -> bool:
        """Open an address, as `webbrowser.open` does."""
        self.thread = threading.Thread(target=self._read, args=(address,))
        self.thread.start()
        return True

    def _read(self, address: str) -> None:
        back = own_token.REDIRECT_URI
        for stray in ("favicon.ico", "?code=stolen&state=guessed"):
            assert HTTP.request("GET", f"{back}{stray}", timeout=20).status == 404
        self.seen = HTTP.request("GET", address, timeout=20, retries=3).data.decode()


@pytest.fixture
def visitor(monkeypatch: pytest.MonkeyPatch) -> Iterator[Visitor]:
    """Give the browser that the command opens."""
    made = Visitor()
    monkeypatch.setattr(webbrowser, "open", made.open)
    yield made
    if made.thread is not None:
        made.thread.join()


@pytest.fixture
def run(pages: Pages, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a way to run the command; it returns the exit code and what was printed."""

    def token(*arguments: str) -> tuple[int, str, str]:
        code = command.main(["token", "--site", pages.url, *arguments])
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return token


def test_the_token_is_all_that_is_printed(run: Run, visitor: Visitor) -> None:
    """So that a shell puts it into a variable; requests that are not the answer change nothing."""
    code, out, notes = run()

    assert (code, out) == (0, f"{SECRET}\n")
    assert SECRET not in notes
    assert "/oauth2/authorize?" in notes
    assert visitor.thread is not None
    visitor.thread.join()
    assert "You are signed in" in visitor.seen


def test_a_file_is_for_its_owner_alone(run: Run, visitor: Visitor, tmp_path: Path) -> None:
    """And nothing is printed; a file that is there is never overwritten."""
    path = tmp_path / "token"
    code, out, notes = run("--file", str(path))

    assert (code, out) == (0, "")
    assert path.read_text() == f"{SECRET}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert SECRET not in notes
    assert visitor.thread is not None
    visitor.thread.join()
    assert "You are signed in" in visitor.seen
    code, _, notes = run("--file", str(path))
    assert code != 0
    assert str(path) in notes


def _paste(monkeypatch: pytest.MonkeyPatch, answer: Callable[[str], str]) -> None:
    """Let somebody open the address that is printed, and paste what *answer* makes of it."""

    class Keyboard(io.StringIO):
        def readline(self, *_: Any) -> str:
            printed = next(line.strip() for line in heard if "/oauth2/authorize?" in line)
            return f"{answer(printed)}\n"

    heard: list[str] = []
    monkeypatch.setattr(token_command, "warn", lambda text: heard.extend(text.splitlines()))
    monkeypatch.setattr(sys, "stdin", Keyboard())


def test_without_a_browser_the_address_is_pasted(
    pages: Pages, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No port is opened and no browser started."""
    _paste(monkeypatch, lambda printed: pages.way_back(dict(parse_qsl(urlsplit(printed).query))))

    assert run("--paste")[:2] == (0, f"{SECRET}\n")


@pytest.mark.parametrize(
    ("landed", "said"),
    [
        ("", "does not belong to this sign-in"),
        ("http://localhost:8976/?code=c&state=other", "does not belong to this sign-in"),
        ("http://localhost:8976/?state=STATE", "it has no code"),
        ("http://localhost:8976/?state=STATE&error=access_denied", "access_denied"),
        ("http://localhost:8976/?code=made-up&state=STATE", "answered 400"),
        ("http://[?state=STATE", "it has no code"),
    ],
)
def test_what_is_no_answer_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, landed: str, said: str
) -> None:
    """With the reason; no file is left behind."""

    def pasted(printed: str) -> str:
        return landed.replace("STATE", dict(parse_qsl(urlsplit(printed).query))["state"])

    _paste(monkeypatch, pasted)
    code, out, notes = run("--paste", "--file", str(tmp_path / "token"))

    assert code != 0
    assert out == ""
    assert said in notes
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("visitor")
def test_a_refused_sign_in_says_why(pages: Pages, run: Run) -> None:
    """In the words of the sign-in pages."""
    pages.refusal = "the user is disabled"
    code, out, notes = run()

    assert (code != 0, out) == (True, "")
    assert "the user is disabled" in notes


def test_nobody_comes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command ends, and says what else there is."""
    monkeypatch.setattr(webbrowser, "open", lambda _: False)
    monkeypatch.setattr(token_command, "_WAIT_SECONDS", 0.05)
    code, _, notes = run()

    assert code != 0
    assert "--paste" in notes


def test_a_port_in_use_is_said(run: Run) -> None:
    """With what helps."""
    with socket.create_server(("127.0.0.1", own_token.PORT)):
        code, _, notes = run()

    assert code != 0
    assert f"port {own_token.PORT}" in notes
    assert "--paste" in notes


def test_a_terminal_shows_no_token(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is asked to sign in before that is said."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True, raising=False)
    code, out, notes = run()

    assert (code != 0, out) == (True, "")
    assert "export RUN_LEDGER_TOKEN=" in notes


@pytest.mark.parametrize(
    "site",
    [
        "http://ledger.example",
        "ftp://x",
        "ledger.example",
        "https://",
        "http://[",
        "",
        "https://ledger.example:port",
        "https://ledger.example:99999",
        "https://ledger example",
    ],
)
def test_only_a_safe_address_is_asked(capsys: pytest.CaptureFixture[str], site: str) -> None:
    """A token comes by https, or from this machine."""
    assert command.main(["token", "--site", site, "--paste"]) != 0
    assert "token" in capsys.readouterr().err


@pytest.mark.parametrize("view", ["", "/", "#/overview", "/?a=b#/jobs/x", "/#"])
def test_a_site_is_found_by_what_a_browser_shows(pages: Pages, view: str) -> None:
    """Links to other views begin with the site's own address."""
    assert own_token.site_of(f"{pages.url}{view}").url == f"{pages.url}/"


@pytest.mark.parametrize("word", ["token", "mcp"])
@pytest.mark.parametrize("other", [["--stage", "one"], ["--stack", "stack.json"]])
def test_one_system_is_named_and_not_two(
    word: str, other: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """A site beside a stage or a stack is refused, since the one would win without a word."""
    with pytest.raises(SystemExit) as ended:
        command.main([word, "--site", "https://ledger.example", *other])
    assert ended.value.code == 2
    assert f"{other[0]}: not allowed with argument --site" in capsys.readouterr().err


def test_what_is_no_site_of_a_ledger_is_said(pages: Pages, run: Run) -> None:
    """The missing setting is named, and an unsafe one."""
    del pages.config["token_url"]
    assert "has no token_url" in run("--paste")[2]
    pages.config["token_url"] = "http://elsewhere.example/"
    assert "elsewhere.example" in run("--paste")[2]
    pages.config["token_url"] = "http://["
    assert "is no address" in run("--paste")[2]


def test_what_speaks_no_http_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Another program may listen at the port that somebody names."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def greet() -> None:
            caller, _ = server.accept()
            with caller:
                caller.recv(1_000)
                caller.sendall(b"SSH-2.0-OpenSSH\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        site = f"http://127.0.0.1:{server.getsockname()[1]}"
        assert command.main(["token", "--site", site, "--paste"]) == 2
        thread.join()
    assert "gave no answer that can be read" in capsys.readouterr().err
