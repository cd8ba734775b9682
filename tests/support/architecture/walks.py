"""The way of an event, three requests and an `add` through the product's files, as it is run.

`python -m tests.support.architecture.walks` prints for each how many files it passes and how often
it goes from one file to another. Each walk runs over stand-ins in memory and takes milliseconds.
"""

from __future__ import annotations

import gc
import io
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from types import FrameType
from unittest import mock

from tests.support.dynamo.writer_process import Context
from tests.support.events.builders import job_update, text
from tests.support.producers.buses import WillingBus
from tests.support.producers.otlp import AGENT, PROTOBUF_TYPE, as_protobuf, chat
from tests.support.readers import log_lines
from tests.support.readers.ledgers import empty_store, make_ledger
from tests.support.readers.reading import NOW, SETTINGS, Serial, api_event
from tests.support.readers.reporting import posted, reporting_house
from tests.support.recounts.views import reading_house

from run_ledger import api, intake, writer
from run_ledger.emit import RunLedger
from run_ledger.read.reader import ASSISTANTS, Reader

from .modules import ROOT

_PRODUCT = f"{ROOT}/backend/"
_OWNER = {"client_id": "acme", "project_id": "catalogue"}


@dataclass
class Walk:
    """The files that calls went through, from the first call to the last."""

    files: list[str] = field(default_factory=list)
    """Each file once, in the order of its first call, by path in the repository."""
    changes: int = 0
    """How often a function was called that stands in another file than the one called before."""
    _latest: str = ""

    def note(self, frame: FrameType, event: str, _: object) -> None:
        """Take note of a call, as a function for `sys.setprofile`."""
        path = frame.f_code.co_filename
        if event != "call" or not path.startswith(_PRODUCT):
            return
        file = path.removeprefix(f"{ROOT}/")
        if file not in self.files:
            self.files.append(file)
        self.changes += self._latest not in {"", file}
        self._latest = file

    @contextmanager
    def in_this_thread(self) -> Iterator[None]:
        """Note this thread's calls, but none of the garbage collector's, which may end anything."""
        gc.disable()
        sys.setprofile(self.note)
        try:
            yield
        finally:
            sys.setprofile(None)
            gc.enable()


def event() -> Walk:
    """Follow the first event of a new job through the writer, as its queue delivers it."""
    envelope = job_update(status="running", name="Descriptions", delta={"records_ok": 1})
    batch = {"Records": [{"messageId": "m-1", "body": text(envelope)}]}
    ledger = make_ledger(empty_store())
    walk = Walk()
    with _quiet(), mock.patch.object(writer, "_ledger", return_value=ledger), walk.in_this_thread():
        answer = writer.handler(batch, Context())
    assert answer == {"batchItemFailures": []}
    return walk


def request() -> Walk:
    """Follow `/jobs?status=running` through the reader, where two jobs run."""
    house = reading_house(
        job_update(job_id=job_id, event_id=job_id, status="running") for job_id in ("a", "b")
    )
    reader = Reader(client=house.counting, settings=SETTINGS, executor=Serial(), now=lambda: NOW)
    asked = api_event("/jobs", parameters={"status": ["running"]})
    walk = Walk()
    with _quiet(), mock.patch.object(api, "_reader", return_value=reader), walk.in_this_thread():
        answer = api.handler(asked, Context())
    assert answer["statusCode"] == 200
    return walk


def spans() -> Walk:
    """Follow a request with an agent's span and a call below it through the intake."""
    agent = {"id": 1, "attributes": AGENT}
    with reporting_house() as house:
        headers = {
            "Authorization": f"Bearer {house.key('acme')}",
            "Content-Type": PROTOBUF_TYPE,
        }
        sent = posted("/v1/traces", as_protobuf([chat(2, parent=1), agent]), headers)
        house.ask(sent)  # loads what is loaded with the first spans
        walk = Walk()
        made = mock.patch.object(intake, "_intake", return_value=house.intake())
        with _quiet(), made, walk.in_this_thread():
            answer = intake.handler(sent, Context())
    assert answer["statusCode"] == 200
    assert len(house.bus.entries) == 2
    return walk


def question() -> Walk:
    """Follow a call of `find_clients` through `/mcp`, where one client has a job."""
    house = reading_house([job_update(status="running")])
    reader = Reader(client=house.counting, settings=SETTINGS, executor=Serial(), now=lambda: NOW)
    called = {"name": "find_clients", "arguments": {}}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": called}
    sent = api_event(ASSISTANTS) | {"httpMethod": "POST", "body": json.dumps(message)}
    sent["headers"] |= {"Content-Type": "application/json"}
    walk = Walk()
    with _quiet(), mock.patch.object(api, "_reader", return_value=reader):
        api.handler(sent, Context())  # the first one imports what the others find
        with walk.in_this_thread():
            answer = api.handler(sent, Context())
    assert "structuredContent" in answer["body"]
    return walk


def add() -> Walk:
    """Follow one `job.add` of a job that runs, and the thread that brings it to the bus."""
    bus, walk, is_walking, is_woken = WillingBus(), Walk(), threading.Event(), threading.Event()

    def note(frame: FrameType, event: str, argument: object) -> None:
        # What the thread still does for the flush before is no part of the walk.
        if is_walking.is_set() and event == "c_return" and frame.f_code.co_name == "_work":
            is_woken.set()
        if is_woken.is_set() and is_walking.is_set():
            walk.note(frame, event, argument)

    threading.setprofile(note)
    try:
        with tempfile.TemporaryDirectory() as folder:
            ledger = RunLedger("bus", client=bus, spool=folder)
            with ledger.job(**_OWNER) as job:
                ledger.flush()  # the job's beginning is sent, and the thread runs
                is_walking.set()
                with walk.in_this_thread():
                    job.add(records_ok=1)
                ledger.flush()
                is_walking.clear()
            ledger.close()
    finally:
        threading.setprofile(None)
    assert [detail.get("delta") for detail in bus.details][1] == {"records_ok": 1}
    return walk


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the handlers' log lines off the terminal; they are written all the same."""
    with log_lines.restored(), redirect_stdout(io.StringIO()):
        yield


WALKS: Mapping[str, Callable[[], Walk]] = {
    "event": event,
    "request": request,
    "spans": spans,
    "question": question,
    "add": add,
}


def main() -> None:
    """Print each walk's figures and files."""
    for name, follow in WALKS.items():
        walk = follow()
        head = f"{name}: {len(walk.files)} files, {walk.changes} changes of file"
        sys.stdout.write("\n    ".join([head, *walk.files]) + "\n")


if __name__ == "__main__":
    main()
