"""Renewing tokens through the API of the local AWS."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import urllib3
from tests.support.stacks.local_stack import HTTP, LOOPBACK, free_port

from run_ledger_ops.local.edge.proxy import Proxy
from run_ledger_ops.local.edge.renewal import TOKEN_PATH, renewal_answer, renewal_request
from run_ledger_ops.local.edge.routes import Routes

FORM = b"grant_type=refresh_token&client_id=site&refresh_token=a%2Bb"
RESULT = {"AccessToken": "a", "IdToken": "i", "ExpiresIn": 3600, "TokenType": "Bearer"}


def test_a_renewal_is_put_into_the_words_of_the_api() -> None:
    """Client and refresh token go on as they are."""
    request = renewal_request(FORM)

    assert request is not None
    assert json.loads(request) == {"ClientId": "site", "RefreshToken": "a+b"}


@pytest.mark.parametrize(
    "form",
    [
        b"grant_type=authorization_code&client_id=site&code=c",
        b"grant_type=client_credentials&client_id=machine&client_secret=s",
        FORM + b"&client_secret=s",
        b"grant_type=refresh_token&refresh_token=t",
        b"\xff\xfe",
        b"",
    ],
)
def test_all_else_is_for_the_token_endpoint(form: bytes) -> None:
    """Only renewals of clients without a secret take the other way."""
    assert renewal_request(form) is None


def test_refusals_and_failures_are_told_apart() -> None:
    """A token that is refused is an invalid grant; a failure stays one."""
    status, body = renewal_answer(400, b'{"__type": "NotAuthorizedException"}')
    assert (status, json.loads(body)) == (400, {"error": "invalid_grant"})
    assert renewal_answer(500, b"broken") == (500, b"broken")


class Api(BaseHTTPRequestHandler):
    """Stands for the local AWS: renews when asked through its API, and only then."""

    def do_POST(self) -> None:
        """Answer as the API or as the token endpoint."""
        self.rfile.read(int(self.headers["content-length"]))
        target = self.headers.get("X-Amz-Target", "")
        is_api = self.path == "/" and target.endswith(".GetTokensFromRefreshToken")
        body = json.dumps({"AuthenticationResult": RESULT} if is_api else {"by": self.path})
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


def test_the_proxy_lets_the_api_renew() -> None:
    """The site gets an answer as of the token endpoint; other grants still go to that."""
    upstream = HTTPServer((LOOPBACK, 0), Api)
    thread = threading.Thread(target=upstream.serve_forever, args=[0.02])
    thread.start()
    port = free_port()
    proxy = Proxy(port, Routes(upstream.server_port, "abc", "api", "d1.cloudfront.net"))
    proxy.start()
    try:
        renewed, other = (
            post_form(f"http://{LOOPBACK}:{port}{TOKEN_PATH}", form)
            for form in (FORM, b"grant_type=authorization_code&client_id=site")
        )
    finally:
        proxy.stop()
        upstream.shutdown()
        upstream.server_close()
        thread.join()

    assert renewed.json() == {
        "access_token": "a",
        "id_token": "i",
        "expires_in": 3600,
        "token_type": "Bearer",
    }
    assert renewed.headers["Cache-Control"] == "no-store"
    assert other.json() == {"by": TOKEN_PATH}


def post_form(url: str, form: bytes) -> urllib3.BaseHTTPResponse:
    """Send a form as browsers do."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return HTTP.request("POST", url, body=form, headers=headers)
