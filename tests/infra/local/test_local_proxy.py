"""The same-origin proxy: where requests go, what of them goes on, and what comes back."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import urllib3
from tests.support.stacks.local_stack import HTTP, LOOPBACK, free_port

from run_ledger.read.answers import COMMON_HEADERS
from run_ledger_ops.local.edge.proxy import Proxy
from run_ledger_ops.local.edge.routes import Routes

SITE_PATHS = frozenset({"/index.html", "/views/jobs.js", "/long"})
ROUTES = Routes(1, "abc", "api", "d1.cloudfront.net", SITE_PATHS, {"X-Added": "yes"})
ADDED = {"X-A": "b", "X-Content-Type-Options": "nosniff"}
API = "/restapis/abc/api/_user_request_"
SEEN: list[tuple[str, str, dict[str, str], bytes]] = []


class Upstreams(BaseHTTPRequestHandler):
    """Stands for the local AWS: notes what it is asked and answers by the path."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer in one piece, in chunks, without a body or not at all."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        SEEN.append((self.command, self.path, dict(self.headers.items()), body))
        if self.path.endswith("/hangs-up"):
            self.close_connection = True
        elif self.path.endswith("/chunks"):
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            self.wfile.write(b"4\r\nlong\r\n3\r\ner!\r\n0\r\n\r\n")
        elif "/long" in self.path:
            body = b'{"text":"' + b"long " * 500 + b'"}'
            self.send_response(200)
            self.send_header("ETag", 'W/"1"')
            self.send_header("Content-Length", str(len(body)))
            if self.path.endswith("/long-br"):
                self.send_header("Content-Encoding", "br")
            self.end_headers()
            self.wfile.write(body)
        elif self.path.endswith("/unchanged"):
            self.send_response(304)
            self.send_header("ETag", '"1"')
            self.end_headers()
        else:
            self.send_response(200)
            self.send_header("Content-Length", "5")
            self.send_header("Keep-Alive", "timeout=5")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(b"hello")

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base class's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Stay silent."""


@pytest.fixture
def origin(running: str) -> str:
    """Give the origin of a proxy in front of the stand-in, which has seen nothing yet."""
    SEEN.clear()
    return running


@pytest.fixture(scope="module")
def running() -> Iterator[str]:
    """Start the proxy and the stand-in."""
    upstream = HTTPServer((LOOPBACK, 0), Upstreams)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    port = free_port()
    proxy = Proxy(
        port,
        Routes(upstream.server_port, "abc", "api", "d1.cloudfront.net", SITE_PATHS, ADDED, 1_024),
    )
    proxy.start()
    yield f"http://{LOOPBACK}:{port}"
    proxy.stop()
    upstream.shutdown()
    upstream.server_close()


@pytest.mark.parametrize(
    ("target", "path", "host"),
    [
        ("/", "/", "d1.cloudfront.net"),
        ("/views/jobs.js?x=1", "/views/jobs.js?x=1", "d1.cloudfront.net"),
        ("/apis", "/apis", "d1.cloudfront.net"),
        ("/api", f"{API}/", None),
        ("/api/", f"{API}/", None),
        ("/api/jobs?limit=2&cursor=a%2Fb", f"{API}/jobs?limit=2&cursor=a%2Fb", None),
        ("/api?x=1", f"{API}/?x=1", None),
        ("/oauth2/authorize?client_id=1", "/oauth2/authorize?client_id=1", None),
        ("/login", "/login", None),
        ("/loginx", "/loginx", "d1.cloudfront.net"),
        ("/favicon.ico", "/logo.svg", "d1.cloudfront.net"),
    ],
)
def test_path_decides_where_a_request_goes(target: str, path: str, host: str | None) -> None:
    """API and sign-in are known by their paths; everything else is the site's."""
    upstream = ROUTES.upstream(target)
    assert (upstream.path, upstream.host) == (path, host)


@pytest.mark.parametrize(
    "path",
    ["/_ministack/reset", "/_localstack/health", "/%5Fministack/sqs/messages?account=1", "/health"],
)
def test_pages_of_the_local_aws_itself_are_not_on_the_origin(origin: str, path: str) -> None:
    """They know no sign-in, show what lies in the queues, and can reset everything."""
    for method in ("GET", "POST"):
        assert HTTP.request(method, f"{origin}{path}").status == 404
    assert SEEN == []


def test_only_the_api_gets_headers_added() -> None:
    """The site's come from CloudFront already, and sign-in pages have their own."""
    assert ROUTES.upstream("/api/jobs").added_headers == {"X-Added": "yes"}
    assert ROUTES.upstream("/").added_headers == {}
    assert ROUTES.upstream("/login").added_headers == {}


def test_request_and_answer_pass_through(origin: str) -> None:
    """Method, path, headers and body go on; status, headers and body come back."""
    answer = HTTP.request("POST", f"{origin}/oauth2/token?x=1", body=b"a=b", headers={"X-Q": "1"})
    assert (answer.status, answer.data) == (200, b"hello")
    assert "Keep-Alive" not in answer.headers
    [(method, path, headers, body)] = SEEN
    assert (method, path, body) == ("POST", "/oauth2/token?x=1", b"a=b")
    assert headers["X-Q"] == "1"
    assert headers["X-Forwarded-Proto"] == "https"


def test_head_has_no_body(origin: str) -> None:
    """The length is that of a GET, the body is not sent, and the connection goes on to serve."""
    pool = urllib3.PoolManager(retries=False, maxsize=1)
    answer = pool.request("HEAD", f"{origin}/")
    assert (answer.headers["Content-Length"], answer.data) == ("5", b"")
    assert pool.request("GET", f"{origin}/index.html").data == b"hello"
    pool.clear()


def test_chunks_pass_through(origin: str) -> None:
    """An answer of unknown length arrives whole."""
    answer = HTTP.request("GET", f"{origin}/api/chunks")
    assert answer.data == b"longer!"
    assert answer.headers["X-A"] == "b"


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "*", "deflate, GZIP;q=0.5"])
def test_long_answers_of_the_api_are_compressed_for_those_who_take_it(
    origin: str, accepted: str
) -> None:
    """As API Gateway does, the tag stays; the connection goes on to serve."""
    pool = urllib3.PoolManager(retries=False, maxsize=1)
    plain = pool.request("GET", f"{origin}/api/long")
    packed = pool.request("GET", f"{origin}/api/long", headers={"Accept-Encoding": accepted})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert packed.headers["ETag"] == plain.headers["ETag"]
    assert int(packed.headers["Content-Length"]) < 200 < int(plain.headers["Content-Length"])
    assert packed.data == plain.data
    assert pool.request("GET", f"{origin}/api/short").data == b"hello"
    pool.clear()


@pytest.mark.parametrize(
    ("path", "accepted"),
    [
        ("/api/long", "identity"),
        ("/api/long", "gzip;q=0"),
        ("/api/long", "br"),
        ("/api/short", "gzip"),
        ("/api/long-br", "gzip"),
        ("/long", "gzip"),
    ],
)
def test_other_answers_are_not_compressed(origin: str, path: str, accepted: str) -> None:
    """Short ones, those for viewers that don't take it, the site's, and what is encoded already."""
    answer = HTTP.request(
        "GET", f"{origin}{path}", headers={"Accept-Encoding": accepted}, decode_content=False
    )
    assert answer.headers.get("Content-Encoding") != "gzip"
    assert len(answer.data) == int(answer.headers["Content-Length"])


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_methods_that_there_are_not_are_the_gateways_to_refuse(origin: str, method: str) -> None:
    """They go on as they came."""
    HTTP.request(method, f"{origin}/api/jobs", body=b"x")
    assert [seen[0] for seen in SEEN] == [method]


def test_not_modified_passes_through(origin: str) -> None:
    """An answer that never has a body doesn't wait for one."""
    pool = urllib3.PoolManager(retries=False, maxsize=1)
    answer = pool.request("GET", f"{origin}/api/unchanged", timeout=5)
    assert (answer.status, answer.headers["ETag"]) == (304, '"1"')
    assert pool.request("GET", f"{origin}/index.html").data == b"hello"
    pool.clear()


def test_local_aws_that_hangs_up_is_a_bad_gateway(origin: str) -> None:
    """The viewer gets an answer even so."""
    answer = HTTP.request("GET", f"{origin}/api/hangs-up")
    assert answer.status == 502
    assert b"does not answer" in answer.data


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: 2000000\r\n", b"413"),
        (b"Content-Length: " + b"9" * 5000 + b"\r\n", b"413"),
        (b"Content-Length: many\r\n", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"411"),
        (b"Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", b"400"),
        (b"Content-Length: 0\r\nContent-Length: 4\r\n", b"400"),
        (b"No colon\r\nContent-Length: 4\r\n", b"400"),
    ],
)
def test_bodies_without_a_sound_length_are_refused(origin: str, head: bytes, status: bytes) -> None:
    """What could be read in two ways is read in none."""
    port = int(origin.rsplit(":", 1)[1])
    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
        connection.sendall(b"POST /login HTTP/1.1\r\nHost: localhost\r\n" + head + b"\r\n")
        answer = connection.makefile("rb").read()
    assert answer.split(b" ")[1] == status
    assert SEEN == []


SIGNATURE = (
    "AWS4-HMAC-SHA256 Credential=test/20261130/eu-central-1/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0"
)
TARGET = {"X-Amz-Target": "DynamoDB_20120810.ListTables"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/logout"),
        ("GET", "/oauth2/userInfo"),
        ("POST", "/oauth2/token"),
        ("POST", "/login"),
        ("GET", "/"),
        ("POST", "/api/jobs"),
    ],
)
@pytest.mark.parametrize(
    "headers",
    [TARGET, {"x-amz-date": "1"}, {"X_Amz_Target": "1"}, {"Authorization": SIGNATURE}],
)
def test_no_call_of_aws_passes(
    origin: str, method: str, path: str, headers: dict[str, str]
) -> None:
    """What makes one of a request stays behind: the local AWS would answer it under any path."""
    HTTP.request(method, f"{origin}{path}", headers=headers)
    [(_, _, passed, _)] = SEEN
    assert not [name for name in passed if name.lower().startswith(("x-amz", "x_amz"))]
    assert "Authorization" not in passed


def test_page_that_asks_is_not_named_to_the_local_aws(origin: str) -> None:
    """It answers programs alone; the pages of this origin come through the proxy."""
    HTTP.request("POST", f"{origin}/login", headers={"Origin": origin, "Sec-Fetch-Site": "none"})
    [(_, _, passed, _)] = SEEN
    assert not [name for name in passed if name.lower().startswith(("origin", "sec-fetch"))]


def test_tokens_and_clients_secrets_pass(origin: str) -> None:
    """Both stand in the header that signatures would stand in."""
    for value in ("Bearer abc", "Basic YTpi"):
        HTTP.request("GET", f"{origin}/api/jobs", headers={"Authorization": value})
        assert SEEN[-1][2]["Authorization"] == value


@pytest.mark.parametrize("path", ["/", "/logout", "/api/jobs"])
@pytest.mark.parametrize("name", ["X-Amz-Signature", "x-amz-credential", "X%2DAmz-Date"])
def test_presigned_addresses_are_refused(origin: str, path: str, name: str) -> None:
    """A signature in the address makes a call of AWS, too."""
    assert HTTP.request("GET", f"{origin}{path}?a=b&{name}=1").status == 403
    assert SEEN == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", "/logout", 405),
        ("GET", "/login", 405),
        ("HEAD", "/oauth2/authorize", 405),
        ("POST", "/", 405),
        ("OPTIONS", "/", 405),
        ("DELETE", "/oauth2/token", 405),
        ("GET", "/oauth2/revoke", 405),
        ("POST", "/oauth2/revoke", 400),
        ("GET", "/v2/_catalog", 404),
        ("POST", "/WriteGetObjectResponse", 404),
        ("GET", "/run-ledger-local-artifacts", 404),
        ("GET", "/restapis/abc/api/_user_request_/jobs", 404),
        ("POST", "/oauth2/login", 404),
    ],
)
def test_only_what_the_three_have_is_passed_on(
    origin: str, method: str, path: str, status: int
) -> None:
    """The local AWS takes other paths, and other methods of these, for calls of its services."""
    answer = HTTP.request(method, f"{origin}{path}")
    assert answer.status == status
    assert ("Allow" in answer.headers) == (status == 405)
    assert SEEN == []


def raw(origin: str, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send bytes; return the status, the headers and the body of what comes back."""
    port = int(origin.rsplit(":", 1)[1])
    with socket.create_connection((LOOPBACK, port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    return int(status.split(" ")[1]), headers, body


@pytest.mark.parametrize(
    "host",
    [
        b"",
        b"Host: evil.example\r\n",
        b"Host: abc.execute-api.eu-central-1.amazonaws.com\r\n",
        b"Host: 127.0.0.1.evil.example\r\n",
        b"Host: localhost\r\nHost: evil.example\r\n",
    ],
)
@pytest.mark.parametrize("path", [b"/", b"/api/jobs", b"/oauth2/authorize"])
def test_strange_host_is_refused(origin: str, host: bytes, path: bytes) -> None:
    """A page elsewhere, whose name leads to this machine, reads nothing here."""
    assert raw(origin, b"GET " + path + b" HTTP/1.1\r\n" + host + b"\r\n")[0] == 403
    assert SEEN == []


@pytest.mark.parametrize("target", [b"http://evil.example/", b"*", b"evil.example:443"])
def test_target_without_a_path_is_refused(origin: str, target: bytes) -> None:
    """Nobody asks this origin to ask another."""
    assert raw(origin, b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")[0] == 400
    assert SEEN == []


@pytest.mark.parametrize(
    ("request_", "status", "name"),
    [
        (b"TRACE /api/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "not-found"),
        (b"BREW /api/jobs HTTP/1.1\r\nHost: localhost\r\n\r\n", 404, "not-found"),
        (b"GET /api/jobs?q=" + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n", 414, "request-uri-too-long"),
        (
            b"GET /api/jobs HTTP/1.1\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
            431,
            "request-header-fields-too-large",
        ),
        (
            b"GET /api/jobs HTTP/1.1\r\n" + b"X: x\r\n" * 200 + b"\r\n",
            431,
            "request-header-fields-too-large",
        ),
        (b"GET /api/jobs HTTP/1.1\r\nHost: evil\r\n\r\n", 403, "forbidden"),
    ],
)
def test_what_can_not_be_passed_on_is_answered_as_the_api_would(
    origin: str, request_: bytes, status: int, name: str
) -> None:
    """By a problem document with the API's headers, and without a word of the request."""
    answered, headers, body = raw(origin, request_)
    assert answered == status
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Cache-Control"] == COMMON_HEADERS["Cache-Control"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    document = json.loads(body)
    assert (document["type"], document["status"]) == (f"urn:run-ledger:problem:{name}", status)
    assert b"xxx" not in body
