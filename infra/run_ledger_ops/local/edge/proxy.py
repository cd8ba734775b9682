"""Site, API and sign-in on one loopback origin, as CloudFront and Cognito's domain give them.

Paths decide: `/api/*` goes to the REST API, the sign-in pages to Cognito, everything else to the
CloudFront distribution, each with the `Host` by which the local AWS knows it. So the site runs
under the response headers (the content security policy among them) of the very template.
"""

import gzip
import http.client
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote

from run_ledger_ops.local.edge.renewal import (
    RENEWAL_HEADERS,
    TOKEN_PATH,
    renewal_answer,
    renewal_request,
)
from run_ledger_ops.local.edge.revocation import (
    REVOCATION_HEADERS,
    REVOKE_PATH,
    revocation_answer,
    revocation_request,
)
from run_ledger_ops.local.machine.ports import LOOPBACK

SIGN_IN_PATHS = frozenset(
    {"/oauth2/authorize", "/oauth2/token", "/oauth2/userInfo", "/login", "/logout"}
)

# The local sign-in page names no icon, so browsers ask for this one; the site has another.
_DEFAULT_ICON, _SITE_ICON = "/favicon.ico", "/logo.svg"

_HOP_BY_HOP = {
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_UPSTREAM_SECONDS = 35.0  # API Gateway itself gives up after 29
_IDLE_SECONDS = 75.0
_BODY_LIMIT = 1_000_000
_LENGTH_DIGITS = 20
_PIECE = 64 * 1024


@dataclass(frozen=True)
class Upstream:
    """Where a request goes on: the path there, and the host name that it is asked under."""

    path: str
    host: str | None = None
    added_headers: Mapping[str, str] = field(default_factory=dict)
    compressed_from: int | None = None


@dataclass(frozen=True)
class Routes:
    """The three things behind the one origin."""

    cloud_port: int
    api_id: str
    api_stage: str
    distribution_domain: str
    api_headers: Mapping[str, str] = field(default_factory=dict)
    api_compressed_from: int | None = None
    """What API Gateway compresses: answers of so many bytes at least. The local one does not."""

    def upstream(self, target: str) -> Upstream:
        """Return where a request target (path and query, as sent) goes on."""
        path, mark, query = target.partition("?")
        if path == f"/{self.api_stage}" or path.startswith(f"/{self.api_stage}/"):
            rest = path.removeprefix(f"/{self.api_stage}")
            base = f"/restapis/{self.api_id}/{self.api_stage}/_user_request_"
            return Upstream(
                f"{base}{rest or '/'}{mark}{query}",
                added_headers=self.api_headers,
                compressed_from=self.api_compressed_from,
            )
        if path in SIGN_IN_PATHS:
            return Upstream(target)
        if path == _DEFAULT_ICON:
            return Upstream(_SITE_ICON, self.distribution_domain)
        return Upstream(target, self.distribution_domain)


class Proxy:
    """The server, answering from `start` to `stop` on threads of its own."""

    def __init__(self, port: int, routes: Routes) -> None:
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.routes = routes
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="proxy", daemon=True
        )

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def stop(self) -> None:
        """Stop listening; requests under way are not waited for."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    routes: Routes

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore browsers that went away; all other trouble is answered, and not raised."""


@dataclass(frozen=True)
class _AskedOfApi:
    """A request to the API of the local AWS, and what makes the sign-in pages' answer of its."""

    body: bytes
    headers: Mapping[str, str]
    read: Callable[[int, bytes], tuple[int, bytes]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal for what matters."""

    def do_GET(self) -> None:
        """Pass the request on and its answer back, whatever the method is."""
        body = self._read_body()
        if body is None:
            return
        if is_inner(self.path):
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing here.")
            return
        asked = self._asked_of_api(body)
        upstream = self.server.routes.upstream(self.path)
        connection = http.client.HTTPConnection(
            LOOPBACK, self.server.routes.cloud_port, timeout=_UPSTREAM_SECONDS
        )
        try:
            if asked is None:
                host = self.headers["Host"] or ""
                headers = request_headers(self.headers.items(), upstream, host)
                connection.request(self.command, quote_target(upstream.path), body or None, headers)
            else:
                connection.request("POST", "/", asked.body, asked.headers)
            answer = connection.getresponse()
        except TimeoutError:
            self._refuse(HTTPStatus.GATEWAY_TIMEOUT, "The local AWS did not answer in time.")
        except (OSError, http.client.HTTPException):
            self._refuse(HTTPStatus.BAD_GATEWAY, "The local AWS does not answer.")
        else:
            if asked is None:
                self._answer(answer, upstream)
            else:
                status, words = asked.read(answer.status, answer.read())
                self._send_whole(status, words, "application/json", ("Cache-Control", "no-store"))
        finally:
            connection.close()

    def _asked_of_api(self, body: bytes) -> "_AskedOfApi | None":
        """Return what the API of the local AWS is asked for in place of the sign-in pages."""
        if (self.command, self.path) == ("POST", TOKEN_PATH):
            renewal = renewal_request(body)
            return _AskedOfApi(renewal, RENEWAL_HEADERS, renewal_answer) if renewal else None
        if (self.command, self.path) == ("POST", REVOKE_PATH):
            request = revocation_request(body, self.headers["Authorization"] or "")
            return _AskedOfApi(request, REVOCATION_HEADERS, revocation_answer) if request else None
        return None

    # The gateway itself refuses methods that it does not know.
    do_HEAD = do_POST = do_OPTIONS = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def _read_body(self) -> bytes | None:
        if "transfer-encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length.")
            return None
        length = self.headers.get("content-length", "0")
        if not length.isdecimal():
            self._refuse(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
            return None
        if len(length) > _LENGTH_DIGITS or int(length) > _BODY_LIMIT:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request is too large.")
            return None
        return self.rfile.read(int(length))

    def _answer(self, answer: http.client.HTTPResponse, upstream: Upstream) -> None:
        """Pass an answer on piece by piece, in chunks where its length isn't known beforehand."""
        length = answer.headers.get("content-length")
        chunked = answer.chunked or length is None
        bodiless = self.command == "HEAD" or answer.status in {
            HTTPStatus.NO_CONTENT,
            HTTPStatus.NOT_MODIFIED,
        }
        headers = answer_headers(answer.headers.items(), upstream)
        self.send_response_only(answer.status, answer.reason)
        is_plain = not chunked and not bodiless and "content-encoding" not in answer.headers
        if is_plain and self._is_compressed(int(length or 0), upstream):
            body = gzip.compress(answer.read(), mtime=0)
            self._send_headers(compressed_headers(headers, len(body)))
            self.wfile.write(body)
            return
        framing = [("Transfer-Encoding", "chunked")] if chunked and not bodiless else []
        self._send_headers([*headers, *framing])
        if bodiless:
            return
        while piece := answer.read1(_PIECE):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _is_compressed(self, length: int, upstream: Upstream) -> bool:
        least = upstream.compressed_from
        return least is not None and length >= least and takes_gzip(self.headers["Accept-Encoding"])

    def _send_headers(self, headers: Iterable[tuple[str, str]]) -> None:
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        body = f"{sentence}\n".encode()
        self.close_connection = True
        self._send_whole(status, body, "text/plain; charset=utf-8", ("Connection", "close"))

    def _send_whole(self, status: int, body: bytes, kind: str, header: tuple[str, str]) -> None:
        self.send_response_only(status)
        length = ("Content-Length", str(len(body)))
        self._send_headers([("Content-Type", kind), length, header])
        if self.command != "HEAD":
            self.wfile.write(body)


def is_inner(target: str) -> bool:
    """Return whether a request target is one of the local AWS's own pages.

    It answers these under every host name and to everybody: they show what lies in the queues and
    can reset all of it. No page of the site begins like them.
    """
    path = unquote(target.partition("?")[0])
    return path.startswith("/_") or path == "/health"


def end_to_end(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the headers that are meant for the far end, without those of one connection."""
    headers = list(headers)
    named = {
        token.strip().lower()
        for name, value in headers
        if name.lower() == "connection"
        for token in value.split(",")
    }
    return [(name, value) for name, value in headers if name.lower() not in _HOP_BY_HOP | named]


def answer_headers(headers: Iterable[tuple[str, str]], upstream: Upstream) -> list[tuple[str, str]]:
    """Return the headers to answer with: those that CloudFront adds stand in place of others."""
    added = {name.lower() for name in upstream.added_headers}
    kept = [(name, value) for name, value in end_to_end(headers) if name.lower() not in added]
    return [*kept, *upstream.added_headers.items()]


def compressed_headers(headers: Iterable[tuple[str, str]], length: int) -> list[tuple[str, str]]:
    """Return the headers of an answer whose body was compressed to so many bytes."""
    kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
    return [
        *kept,
        ("Content-Encoding", "gzip"),
        ("Vary", "Accept-Encoding"),
        ("Content-Length", str(length)),
    ]


def takes_gzip(accept_encoding: str | None) -> bool:
    """Return whether a viewer takes compressed answers: by name or by `*`, unless with `q=0`."""
    for part in (accept_encoding or "").lower().split(","):
        coding, _, weight = part.replace(" ", "").partition(";q=")
        if coding in {"gzip", "*"}:
            return not weight or weight.strip("0.") != ""
    return False


def request_headers(
    headers: Iterable[tuple[str, str]], upstream: Upstream, host: str
) -> dict[str, str]:
    """Return the headers to ask upstream with: as CloudFront would, over HTTPS to the viewer."""
    kept = {
        name.title(): value
        for name, value in end_to_end(headers)
        if not name.lower().startswith("x-forwarded-") and name.lower() != "content-length"
    }
    return kept | {"Host": upstream.host or host, "X-Forwarded-Proto": "https"}


def quote_target(target: str) -> str:
    """Make a request target safe to send on, whatever bytes the viewer put into it."""
    return quote(target, safe="%/:?#[]@!$&'()*+,;=-._~")
