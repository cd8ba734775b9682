"""OpenLineage's own Python client against the door: keys, packing, answers, what it sends again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests
from openlineage.client import OpenLineageClient
from openlineage.client.event_v2 import (
    Dataset,
    DatasetEvent,
    Job,
    JobEvent,
    RunState,
)
from openlineage.client.facet_v2 import parent_run
from tests.support.producers.buses import jobs_of
from tests.support.producers.lineage import NAMESPACE, PARENT_RUN_ID, PRODUCER, RUN_ID, run_event
from tests.support.readers.door_server import served_door
from tests.support.readers.reporting import Answered, ReportingHouse, reporting_house

from run_ledger.domain.instants import MICROSECONDS

AT = "2026-11-22T14:00:00.000Z"


@pytest.fixture
def here() -> Iterator[ReportingHouse]:
    """Give a house."""
    with reporting_house() as house:
        yield house


@pytest.fixture
def url(here: ReportingHouse) -> Iterator[str]:
    """Give its address."""
    with served_door(here) as address:
        yield address


def client(url: str, key: str, **more: Any) -> OpenLineageClient:
    """Make the client as its configuration file does; it sends again at once."""
    transport = {
        "type": "http",
        "url": url,
        "auth": {"type": "api_key", "apiKey": key},
        "retry": {"backoff_factor": 0, "respect_retry_after_header": False},
        **more,
    }
    return OpenLineageClient(config={"transport": transport})


@pytest.mark.parametrize("more", [{}, {"compression": "gzip"}], ids=["plain", "packed"])
def test_a_run_that_it_tells_is_a_job(here: ReportingHouse, url: str, more: dict[str, Any]) -> None:
    """With its parent, its times, and its rows once, however often it told them."""
    parent = parent_run.ParentRunFacet(
        run=parent_run.Run(PARENT_RUN_ID), job=parent_run.Job(NAMESPACE, "myjob")
    )
    sender = client(url, here.key("acme"), **more)
    for minute, (state, rows) in enumerate(
        [
            (RunState.START, None),
            (RunState.RUNNING, 100),
            (RunState.RUNNING, 100),
            (RunState.RUNNING, 250),
            (RunState.COMPLETE, 300),
        ]
    ):
        at = f"2020-12-17T03:0{minute}:00.000Z"
        sender.emit(run_event(state, at, rows=rows, facets={"parent": parent}))
    sender.close()
    (job,) = jobs_of(here.bus.entries).values()
    assert (job.job_id, job.client_id, job.outcome) == (RUN_ID, "acme", "succeeded")
    assert job.counters == {"records_ok": 300, "output_files": 1}
    assert job.latest("parent_job_id") == PARENT_RUN_ID
    assert job.current.duration == 240_000_000


def test_it_sends_again_what_the_bus_did_not_take(here: ReportingHouse, url: str) -> None:
    """Without being told by the user, and the event counts once."""
    here.bus.codes = ["ThrottlingException", "InternalFailure", None]
    client(url, here.key("acme")).emit(run_event(RunState.COMPLETE, rows=5))
    assert here.bus.calls == [1, 1, 1]
    (job,) = jobs_of(here.bus.entries).values()
    assert job.counters["records_ok"] == 5


def test_it_waits_and_sends_again_where_it_sent_too_much(
    here: ReportingHouse, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as the answer's header says, although it tries 429 again by no other rule."""
    asked = here.ask
    statuses = []

    def ask(event: Mapping[str, Any]) -> Answered:
        answered = asked(event)
        statuses.append(answered.status)
        here.now += MICROSECONDS * (answered.status == 429)
        return answered

    monkeypatch.setattr(here, "ask", ask)
    here.events_per_second = 1
    here.now += 9 * MICROSECONDS - here.now % (10 * MICROSECONDS)  # its window ends in a second
    sender = client(url, here.key("acme"), retry={"backoff_factor": 0})
    for _ in range(10):
        sender.emit(run_event(RunState.START))
    sender.emit(run_event(RunState.COMPLETE))
    assert statuses == [*[200] * 10, 429, 200]


@pytest.mark.parametrize(("grant", "status"), [({"clients": ["a", "b"]}, 403), (None, 401)])
def test_it_fails_at_once_where_it_may_not_report(
    here: ReportingHouse, url: str, grant: dict[str, Any] | None, status: int
) -> None:
    """And hears why; nothing is sent a second time."""
    key = here.key(**grant) if grant else "rlk_0123456789abcdef_" + "A" * 43
    with pytest.raises(requests.exceptions.HTTPError) as caught:
        client(url, key).emit(run_event(RunState.START))
    assert caught.value.response.status_code == status
    assert not here.bus.entries


def test_datasets_and_jobs_alone_do_no_harm(here: ReportingHouse, url: str) -> None:
    """A client that reports them goes on."""
    sender = client(url, here.key("acme"))
    sender.emit(DatasetEvent(eventTime=AT, producer=PRODUCER, dataset=Dataset("db", "orders")))
    sender.emit(JobEvent(eventTime=AT, producer=PRODUCER, job=Job(NAMESPACE, "load")))
    assert not here.bus.entries


def test_its_asynchronous_transport_reports_too(here: ReportingHouse, url: str) -> None:
    """It sends a run's later events once the first has been taken."""
    sender = client(url, here.key("acme"), type="async_http")
    for state in (RunState.START, RunState.COMPLETE):
        sender.emit(run_event(state, rows=3))
    assert sender.close(30)
    assert jobs_of(here.bus.entries)[RUN_ID].outcome == "succeeded"
