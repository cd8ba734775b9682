"""The sweeper counts what runs and has stalled, changes nothing, and never makes a zero up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import nullcontext
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import log_lines
from tests.support.readers.log_lines import Line
from tests.support.readers.reading import NOW, House, Serial, house

from run_ledger import sweeper
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.lists import sweep as sweeps
from run_ledger.store.lists.sweep import Sweep

MINUTE = 60 * 1_000_000
SLOT = 5 * MINUTE
DAY = 24 * 60 * MINUTE
# NOW lies on the edge of a slot, in its first microsecond.
assert NOW % SLOT == 0


class Context:
    """What Lambda tells a function of an invocation."""

    aws_request_id = "invocation-1"

    def __init__(self, milliseconds: int = 60_000) -> None:
        """Have so much time left."""
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return it."""
        return self.milliseconds


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house that the handler finds, where it is `NOW`."""
    for name, table in NAMES._asdict().items():
        monkeypatch.setenv(f"{name.upper()}_TABLE", table)
    sweeper._tools.cache_clear()
    with log_lines.restored(), house() as made:
        monkeypatch.setattr(sweeper, "dynamodb", lambda: made.counting)
        monkeypatch.setattr(sweeper, "ThreadPoolExecutor", lambda *_: Serial())
        monkeypatch.setattr("time.time_ns", lambda: made.now * 1_000)
        yield made
    sweeper._tools.cache_clear()


@pytest.fixture
def swept(here: House, capsys: pytest.CaptureFixture[str]) -> Callable[[], tuple[Line, list[Line]]]:
    """Give a function that sweeps and returns the line with the metrics, and those before it."""

    def run(context: Context | None = None, *, fails: bool = False) -> tuple[Line, list[Line]]:
        capsys.readouterr()
        with pytest.raises(StoreUnavailable) if fails else nullcontext():
            sweeper.handler({"time": "2026-11-22T15:00:00Z"}, context or Context())
        *others, line = log_lines.read(capsys.readouterr().out)
        assert (line["message"], line["function"]) == ("swept", "sweeper")
        return line, others

    return run


def running(job_id: str, *, client: str = "client-1", **fields: Any) -> dict[str, Any]:
    """Return the event that starts a job."""
    return job_update(event_id=job_id, job_id=job_id, client_id=client, status="running", **fields)


def counted(here: House) -> Sweep:
    """Return what a sweep counts at the house's time."""
    return sweeps.sweep(Reading(here.counting, NAMES, Serial(), 60.0), here.now)  # type: ignore[arg-type]


def test_zero_is_said(swept: Callable[[], tuple[Line, list[Line]]]) -> None:
    """An empty ledger has a count of everything but of the age of its newest event.

    Metrics are what the alarms read, and no more: each has its price.
    """
    line, others = swept()
    assert log_lines.metrics_of(line) == {"Stalled": [0]}
    assert sweeper.UNITS.keys() == {"Stalled"}
    assert (line["Running"], line["Queued"], line["SweepFailed"]) == (0, 0, 0)
    assert "NewestEventAgeSeconds" not in line
    assert others == []


def test_what_runs_and_what_has_stalled_is_counted(
    here: House, swept: Callable[[], tuple[Line, list[Line]]]
) -> None:
    """By the heartbeat of each job, over all days and clients; and the clients are named."""
    here.post(running("a"), running("b", client="client-2"), at=NOW - 21 * MINUTE)
    here.post(running("patient", heartbeat_seconds=3600), at=NOW - 40 * MINUTE)
    here.post(
        running("old", time="2026-09-01T00:00:00Z"),
        running("c"),
        running("eager", heartbeat_seconds=60),
        job_update(event_id="q", job_id="q", status="queued"),
        job_update(event_id="e", job_id="e", status="completed", result="failed"),
        at=NOW - MINUTE,
    )
    line, others = swept()
    assert (line["Running"], line["Queued"], line["Stalled"]) == (6, 1, 2)
    assert line["NewestEventAgeSeconds"] == 300.0
    assert log_lines.metrics_of(line) == {"Stalled": [2]}
    assert [(one["client_id"], one["running"], one["stalled"]) for one in others] == [
        ("client-1", 5, 1),
        ("client-2", 1, 1),
    ]
    assert {one["request_id"] for one in others} == {"invocation-1"}


def test_a_job_is_never_stalled_early_and_at_most_a_slot_late(here: House) -> None:
    """The boundary goes to the living, for five minutes at most, whenever it was last seen."""
    silences = [minutes * MINUTE + more for minutes in range(13, 23) for more in (-1, 0, 1)]
    for silence in silences:
        here.post(running(f"job-{silence}", client=f"c:{silence}"), at=NOW - silence)
    found = counted(here)
    assert {silence for silence in silences if found.running[f"c:{silence}"] != 1} == set()
    stalled = {silence for silence in silences if found.stalled[f"c:{silence}"]}
    assert min(stalled) > 15 * MINUTE
    assert {silence for silence in silences if silence > 15 * MINUTE + SLOT} <= stalled


def test_a_job_from_before_there_were_slots_has_stalled(here: House) -> None:
    """It was not seen since; and nothing is known of the newest event."""
    here.post(running("a"), at=NOW - DAY)
    here.client.update_item(
        TableName=NAMES.jobs, Key={"job_id": {"S": "a"}}, UpdateExpression="REMOVE seen_slot"
    )
    found = counted(here)
    assert (found.running, found.stalled) == ({"client-1": 1}, {"client-1": 1})
    assert found.newest_event_age_seconds is None


def test_only_the_days_and_rows_are_asked_for(here: House) -> None:
    """A Query of the days, and one of the index for each day with something to know; no item."""
    here.post(*(running(f"job-{n}") for n in range(3)), at=NOW)
    here.post(running("old", time="2026-09-01T00:00:00Z"), at=NOW)
    ended = job_update(event_id="x", job_id="x", status="completed", result="partial")
    here.post(ended | {"time": "2026-08-01T00:00:00Z"}, at=NOW)
    here.counting.requests.clear()
    counted(here)
    names = [
        (name, request["TableName"], request.get("IndexName"))
        for name, request in here.counting.requests
    ]
    assert names == [
        ("query", NAMES.rollups, None),
        ("query", NAMES.jobs, "by_outcome"),
        ("query", NAMES.jobs, "by_outcome"),
    ]


def test_pages_are_read_to_their_end(here: House) -> None:
    """However many days there are, and however many rows a day has."""
    for day in range(5):
        at = f"2026-11-{20 - day}T00:00:00Z"
        here.post(*(running(f"job-{day}-{n}", time=at) for n in range(4)), at=NOW - DAY)

    def paged(number: int, name: str, call: Any) -> Any:
        # A day has one row for each shard of the writers at most.
        call.keywords["Limit"] = 3 if "IndexName" in call.keywords else 9
        return call()

    here.counting.interfere = paged
    found = counted(here)
    assert sum(found.running.values()) == sum(found.stalled.values()) == 20
    assert len(here.counting.requests) > 1 + 5


def fail(*_: Any) -> Any:
    """Stand for a table that does not answer."""
    raise StoreUnavailable("no answer")


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_what_cannot_be_counted_has_failed_and_is_no_zero(
    here: House, swept: Callable[..., tuple[Line, list[Line]]], failing: int
) -> None:
    """Whichever call fails: no count at all, a line, and an error, which raises the alarm."""
    here.post(running("a"), running("old", time="2026-09-01T00:00:00Z"), at=NOW - DAY)

    def interfere(number: int, name: str, call: Any) -> Any:
        return fail() if number == failing else call()

    here.counting.interfere = interfere
    line, others = swept(fails=True)
    assert "_aws" not in line
    assert line["SweepFailed"] == 1
    (failure,) = others
    assert failure["level"] == "ERROR"
    assert "StoreUnavailable" in failure["exception"]


def test_a_sweep_without_time_has_failed(swept: Callable[..., tuple[Line, list[Line]]]) -> None:
    """It ends before Lambda ends it, and says so."""

    class Never(Serial):
        def submit(self, *_: Any, **__: Any) -> Any:
            return Future()

    tools = (sweeper._tools()[0], Never())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeper, "_tools", lambda: tools)
        line, _ = swept(Context(milliseconds=5_000), fails=True)
    assert line["SweepFailed"] == 1
    assert "Running" not in line


def test_a_sweep_changes_nothing(here: House) -> None:
    """It calls nothing that writes."""
    here.post(running("a"), at=NOW - DAY)
    here.counting.requests.clear()
    counted(here)
    assert {name for name, _ in here.counting.requests} == {"query"}
