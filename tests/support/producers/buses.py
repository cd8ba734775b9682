"""Stand-ins for EventBridge that accept everything, fail or hang; and the jobs of their events."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from run_ledger.domain.contract.events import Event, decode
from run_ledger.domain.state.job import Job, fold

Entry = Mapping[str, str]


class WillingBus:
    """A bus that accepts everything and keeps it."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.entries: list[Entry] = []
        self.calls: list[int] = []

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Accept all entries."""
        self.calls.append(len(Entries))
        self.entries += Entries
        return {"FailedEntryCount": 0, "Entries": [{"EventId": "x"} for _ in Entries]}

    @property
    def details(self) -> list[dict[str, Any]]:
        """Return the accepted details, in order."""
        return [json.loads(entry["Detail"]) for entry in self.entries]

    @property
    def jobs(self) -> dict[str, Job]:
        """Return the jobs that the accepted events come to, by id."""
        return jobs_of(self.entries)


class MoodyBus(WillingBus):
    """A bus that fails now and then, in each way that a bus can fail."""

    def __init__(self, moods: Callable[[], str]) -> None:
        """Ask *moods* before each call: well, down, lost, some, throttled or odd."""
        super().__init__()
        self.moods = moods
        self.sent: list[Entry] = []

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Accept some, all or no entries, and answer so or otherwise."""
        assert 1 <= len(Entries) <= 10
        self.sent += Entries
        mood = self.moods()
        if mood == "down":
            raise ConnectionError("nobody is there")
        if mood == "lost":  # taken, and the answer never came
            super().put_events(Entries=Entries)
            raise TimeoutError("no answer")
        if mood == "odd":
            return {"FailedEntryCount": 0, "Entries": []}
        every = {"some": 2, "throttled": 1}.get(mood)
        results = []
        for number, entry in enumerate(Entries):
            if every and number % every == 0:
                results.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "slowly"})
            else:
                self.entries.append(entry)
                results.append({"EventId": "x"})
        return {"FailedEntryCount": sum("ErrorCode" in one for one in results), "Entries": results}


class StuckBus(WillingBus):
    """A bus that does not answer until the test allows it."""

    def __init__(self) -> None:
        """Begin stuck."""
        super().__init__()
        self.was_called = threading.Event()
        self.may_answer = threading.Event()

    def put_events(self, *, Entries: Sequence[Entry]) -> Mapping[str, Any]:  # noqa: N803
        """Wait, then take all."""
        self.was_called.set()
        assert self.may_answer.wait(60)
        return super().put_events(Entries=Entries)


@contextmanager
def served(bus: WillingBus) -> Iterator[dict[str, str]]:
    """Serve *bus* over HTTP as EventBridge; give the variables by which the AWS SDK finds it."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            """Answer PutEvents; who may send may do nothing else."""
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            try:
                status, answer = 400, {"__type": "AccessDeniedException"}
                if self.headers["X-Amz-Target"] == "AWSEvents.PutEvents":
                    status, answer = 200, bus.put_events(Entries=request["Entries"])
            except OSError:
                status, answer = 500, {"__type": "InternalFailure"}
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_address[1]}",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_DEFAULT_REGION": "eu-central-1",
            }
        finally:
            server.shutdown()
            thread.join()


def dice(seed: int, moods: Sequence[str]) -> Callable[[], str]:
    """Return moods thrown by seeded dice."""
    thrown = random.Random(seed)
    return lambda: thrown.choice(moods)


def event_of(entry: Entry) -> Event:
    """Return the event that the writer reads from an entry, checked against the contract."""
    envelope = {
        "id": "made-by-the-bus",
        "detail-type": entry["DetailType"],
        "source": entry["Source"],
        "detail": json.loads(entry["Detail"]),
    }
    return decode(json.dumps(envelope))


def jobs_of(entries: Iterable[Entry]) -> dict[str, Job]:
    """Return the jobs that entries come to; repeated entries count once."""
    events: dict[tuple[str, str], Event] = {}
    for entry in entries:
        event = event_of(entry)
        known = events.setdefault((event.entity_id, event.event_id), event)
        assert known.digest == event.digest, "one id, two contents"
    grouped: dict[str, list[Event]] = {}
    for event in events.values():
        if event.kind == "job":
            grouped.setdefault(event.entity_id, []).append(event)
    return {job_id: fold(None, group) for job_id, group in grouped.items()}
