"""A loopback server that answers like DynamoDB, at once: the stand-in behind HTTP.

It runs in a process of its own, so that a program's CPU time is its own, too::

    with answering_server() as server:
        os.environ.update(server.environment)   # any boto3 client now talks to it
        server.items("jobs")                    # what a table holds by now

Queries find nothing: the stand-in has no indexes. With `hold_seconds`, a transaction holds its
items for so long before it commits, and one that meets a held item is cancelled with
TransactionConflict, as DynamoDB does to transactions that run side by side.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
import urllib3
from botocore.exceptions import ClientError
from tests.support.dynamo.stand_in import Dynamo, Place, cancelled
from tests.support.dynamo.tables import NAMES
from tests.support.readers.ledgers import empty_store, schemas

ROOT = Path(__file__).resolve().parents[3]
LOOPBACK = "127.0.0.1"
_NOTHING_FOUND = {"Items": [], "Count": 0, "ScannedCount": 0}


@dataclass(frozen=True)
class Server:
    """A running server."""

    url: str

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables by which clients and handlers find it."""
        return {
            **{f"{name.upper()}_TABLE": table for name, table in NAMES._asdict().items()},
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": "testing",
            "AWS_SECRET_ACCESS_KEY": "testing",
            "AWS_DEFAULT_REGION": "eu-central-1",
        }

    def items(self, table: str) -> list[dict[str, Any]]:
        """Return all items of a table."""
        answer = urllib3.request("GET", f"{self.url}/{table}", retries=False)
        items: list[dict[str, Any]] = answer.json()
        return items


@contextmanager
def answering_server(hold_seconds: float = 0.0) -> Iterator[Server]:
    """Start a server with empty tables on a free port; end it afterwards."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.dynamo.answering_server", str(hold_seconds)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (ROOT / "backend", ROOT)))},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin
    assert process.stdout
    try:
        port = process.stdout.readline().strip()
        assert port, "the answering server did not start"
        yield Server(f"http://{LOOPBACK}:{port}")
    finally:
        process.stdin.close()
        process.wait(30)
        process.stdout.close()


class Holding:
    """The items that open transactions hold."""

    def __init__(self, seconds: float) -> None:
        """Hold items for *seconds*."""
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: set[Place] = set()

    @contextmanager
    def items_of(self, request: dict[str, Any]) -> Iterator[None]:
        """Hold the items that *request* writes, or cancel it where another one holds some."""
        if not self._seconds:
            yield
            return
        places = [_place(action) for action in request["TransactItems"]]
        with self._lock:
            if not self._held.isdisjoint(places):
                raise cancelled(
                    [
                        {"Code": "TransactionConflict" if place in self._held else "None"}
                        for place in places
                    ]
                )
            self._held.update(places)
        time.sleep(self._seconds)
        try:
            yield
        finally:
            with self._lock:
                self._held.difference_update(places)


def _place(action: dict[str, Any]) -> Place:
    ((_, write),) = action.items()
    table = write["TableName"]
    item = write.get("Key") or write["Item"]
    return table, tuple(item[name]["S"] for name in schemas()[table].key)


class AnsweringHandler(BaseHTTPRequestHandler):
    """One connection to the stand-in."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; waiting to join them would add 40 ms to each answer.
    disable_nagle_algorithm = True
    store: Dynamo
    holding: Holding
    tick: Callable[[], None] = staticmethod(lambda: None)
    """Called before each call is answered."""

    def do_POST(self) -> None:
        """Answer one call of DynamoDB."""
        self.tick()
        request = msgspec.json.decode(self.rfile.read(int(self.headers["Content-Length"])))
        operation = self.headers["X-Amz-Target"].partition(".")[2]
        try:
            if operation == "Query" and request["TableName"] != NAMES.entries:
                self._answer(200, _NOTHING_FOUND)
            elif operation == "TransactWriteItems":
                with self.holding.items_of(request):
                    answer = self.store.perform(operation, request)
                self._answer(200, answer)
            else:
                self._answer(200, self.store.perform(operation, request))
        except ClientError as error:
            self._answer(400, _as_wire(error))

    def do_GET(self) -> None:
        """Answer with all items of a table."""
        self._answer(200, self.store.items(self.path.removeprefix("/")))

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, content: object) -> None:
        body = msgspec.json.encode(content)
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _as_wire(error: ClientError) -> dict[str, Any]:
    response: dict[str, Any] = dict(error.response)
    fault = response.pop("Error")
    return {"__type": f"dynamodb#{fault['Code']}", "Message": fault["Message"], **response}


def main() -> None:
    """Serve until standard input ends."""
    AnsweringHandler.store = empty_store()
    AnsweringHandler.holding = Holding(float(sys.argv[1]))
    with ThreadingHTTPServer((LOOPBACK, 0), AnsweringHandler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sys.stdout.write(f"{server.server_address[1]}\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main()
