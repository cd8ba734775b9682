"""Site, API and sign-in on one loopback origin, as CloudFront and Cognito's domain give them.

Paths decide: `/api/*` goes to the REST API, `/intake/*` to the intake, `/digests/*` to the door for
links of digests, `/push` to the sockets of open pages, the sign-in pages to Cognito, the site's
files to the CloudFront distribution, each with the `Host` by which the local AWS knows it. So the
site runs under the response headers (the content security policy among them) of the very template.
Nothing else passes: no call of AWS, and no request under another host name than this machine's.
"""

import gzip
import http.client
import threading
from collections.abc import Iterable, Mapping
from email.errors import MultipartInvariantViolationDefect, StartBoundaryNotFoundDefect
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from run_ledger_ops.local.edge.headers import (
    Upstream,
    answer_headers,
    compressed_headers,
    quote_target,
    request_headers,
    takes_gzip,
)
from run_ledger_ops.local.edge.refusals import BUSY, Problem, problem
from run_ledger_ops.local.edge.revocation import REVOKE_PATH
from run_ledger_ops.local.edge.routes import Routes
from run_ledger_ops.local.edge.sign_in_calls import sign_in_call
from run_ledger_ops.local.edge.tunnel import carry, is_of_own_page, is_upgrade, opened
from run_ledger_ops.local.edge.turns import Turns
from run_ledger_ops.local.machine.ports import LOOPBACK

READERS_AT_ONCE = 2
"""How many requests the API answers at a time: each takes a reader's process for itself."""
INTAKES_AT_ONCE = 2
_READERS_WAITING = 100
_TURN_SECONDS = 20.0
_UPSTREAM_SECONDS = 35.0  # API Gateway itself gives up after 29
_IDLE_SECONDS = 75.0
_BODY_LIMIT = 1_000_000
_INTAKE_BODY_LIMIT = 10_000_000  # as API Gateway
_LENGTH_DIGITS = 20
_PIECE = 64 * 1024
# What the library misses behind the headers of a form in parts, as it has not read the body.
_OF_BODIES = (MultipartInvariantViolationDefect, StartBoundaryNotFoundDefect)


class Proxy:
    """The server, answering from `start` to `stop` on threads of its own."""

    def __init__(self, port: int, routes: Routes, turns: Turns | None = None) -> None:
        self._server = _Server((LOOPBACK, port), _Handler)
        self._server.routes = routes
        self._server.hosts = frozenset(
            host for name in (LOOPBACK, "localhost") for host in (f"{name}:{port}", name)
        )
        self._server.turns = turns or Turns(READERS_AT_ONCE, _READERS_WAITING, _TURN_SECONDS)
        # Turns of its own: whoever reports keeps nobody from reading.
        self._server.intake_turns = Turns(INTAKES_AT_ONCE, _READERS_WAITING, _TURN_SECONDS)
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
    hosts: frozenset[str]
    turns: Turns
    intake_turns: Turns

    def handle_error(self, request: object, client_address: object) -> None:
        """Ignore browsers that went away; all other trouble is answered, and not raised."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Server
    raw_requestline: bytes = b""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Keep the terminal for what matters."""

    def do_GET(self) -> None:
        """Pass the request on and its answer back, whatever the method is."""
        body = self._read_body()
        if body is None:
            return
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in self.server.hosts:
            self._refuse(HTTPStatus.FORBIDDEN, "This host name is none of this machine's.")
        elif refusal := self.server.routes.refusal(self.command, self.path):
            self._refuse(refusal.status, refusal.sentence, refusal.headers)
        elif self.server.routes.outbox is not None and self.server.routes.is_outbox(self.path):
            self._send_whole(HTTPStatus.OK, *self.server.routes.outbox.answer(self.path))
        elif self.server.routes.is_of_push(self.path):
            self._open_socket()
        elif not self._is_of_an_api(self.path):
            self._pass_on(body)
        else:
            is_intake = self.server.routes.is_of_intake(self.path)
            turns = self.server.intake_turns if is_intake else self.server.turns
            with turns.turn() as has_turn:
                if has_turn:
                    self._pass_on(body)
                else:
                    self._send_problem(BUSY)

    # The gateway itself refuses methods that it does not know.
    do_HEAD = do_POST = do_OPTIONS = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what the base class can't read: a long line, long headers, an unknown method."""
        status = HTTPStatus(code)
        self._refuse(status, f"{message or explain or status.phrase}.")

    def _pass_on(self, body: bytes) -> None:
        authorization = self.headers["Authorization"] or ""
        asked = sign_in_call(self.command, self.path, body, authorization)
        if asked is None and self.path.partition("?")[0] == REVOKE_PATH:
            self._refuse(HTTPStatus.BAD_REQUEST, "Name a token and a client.")
            return
        upstream = self.server.routes.upstream(self.path)
        connection = http.client.HTTPConnection(
            LOOPBACK, self.server.routes.cloud_port, timeout=_UPSTREAM_SECONDS
        )
        try:
            if asked is None:
                headers = request_headers(self.headers.items(), upstream, self.headers["Host"])
                connection.request(self.command, quote_target(upstream.path), body or None, headers)
            else:
                connection.request("POST", "/", asked.body, dict(asked.headers))
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
                kept = {"Content-Type": "application/json", "Cache-Control": "no-store"}
                self._send_whole(status, words, kept)
        finally:
            connection.close()

    def _open_socket(self) -> None:
        """Lead a page's WebSocket to the local AWS, for as long as it lasts."""
        if self.command != "GET" or not is_upgrade(self.headers.items()):
            needed = {"Upgrade": "websocket"}
            self._refuse(HTTPStatus.UPGRADE_REQUIRED, "Only WebSockets are opened here.", needed)
            return
        if not is_of_own_page(self.headers["Origin"], self.server.hosts):
            self._refuse(HTTPStatus.FORBIDDEN, "A page of another site opens no socket here.")
            return
        self.close_connection = True
        routes = self.server.routes
        try:
            upstream = opened(routes.cloud_port, routes.push_path, self.headers.items())
        except OSError:
            self._refuse(HTTPStatus.BAD_GATEWAY, "The local AWS does not answer.")
            return
        with upstream:
            carry(self.connection, upstream)

    def _read_body(self) -> bytes | None:
        lengths = set(self.headers.get_all("content-length", ["0"]))
        defects = [one for one in self.headers.defects if not isinstance(one, _OF_BODIES)]
        if defects or len(lengths) > 1:
            self._refuse(HTTPStatus.BAD_REQUEST, "The headers can be read in two ways.")
            return None
        if "transfer-encoding" in self.headers:
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "Send a Content-Length.")
            return None
        (length,) = lengths
        if not length.isdecimal():
            self._refuse(HTTPStatus.BAD_REQUEST, "Content-Length is not a number.")
            return None
        is_intake = self.server.routes.is_of_intake(self.path)
        most = _INTAKE_BODY_LIMIT if is_intake else _BODY_LIMIT
        if len(length) > _LENGTH_DIGITS or int(length) > most:
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

    def _refuse(
        self, status: HTTPStatus, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.close_connection = True
        if self._is_of_an_api(self._target()):
            self._send_problem(
                problem(status, sentence, {"Connection": "close", **(headers or {})})
            )
            return
        kept = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
        self._send_whole(status, f"{sentence}\n".encode(), kept | dict(headers or {}))

    def _is_of_an_api(self, target: str) -> bool:
        routes = self.server.routes
        return routes.is_of_api(target) or routes.is_of_intake(target)

    def _target(self) -> str:
        """Return the request's target, also of a line that was too long to be read to its end."""
        words = self.raw_requestline[:_PIECE].split(b" ", 2)
        return words[1].decode("latin-1") if len(words) > 1 else ""

    def _send_problem(self, told: Problem) -> None:
        self._send_whole(told.status, told.body, told.all_headers(self.server.routes.api_headers))

    def _send_whole(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        self.send_response_only(status)
        self._send_headers([*headers.items(), ("Content-Length", str(len(body)))])
        if self.command != "HEAD":
            self.wfile.write(body)
