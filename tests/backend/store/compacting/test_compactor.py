"""The compactor's handler: it goes on with compaction, and says where that is behind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.dynamo.stand_in import client_error
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers import log_lines
from tests.support.readers.log_lines import Line
from tests.support.readers.reading import NOW, House, Serial, house
from tests.support.recounts.audits import audit, post
from tests.support.recounts.falsehoods import in_row
from tests.support.stacks.templates import properties

from run_ledger.compacting import compactor
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, HOUR, MICROSECONDS, Instant, floor, later, text

Run = Callable[..., Line]
HOUR_ROW = ("client#acme#2026-11-22", "15#default")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Give a house that the handler finds; jobs of two clients have reported, by some writers."""
    for name, table in NAMES._asdict().items():
        monkeypatch.setenv(f"{name.upper()}_TABLE", table)
    compactor._tools.cache_clear()
    with log_lines.restored(), house() as made:
        monkeypatch.setattr(compactor, "dynamodb", lambda: made.counting)
        monkeypatch.setattr(compactor, "ThreadPoolExecutor", lambda *_: Serial())
        monkeypatch.setattr("time.time_ns", lambda: made.now * 1_000)
        for number in range(4):
            report(made, f"early-{number}", writer=number)
        yield made
    compactor._tools.cache_clear()


def report(here: House, job_id: str, writer: int = 0) -> None:
    """Let jobs of two clients report to a writer now, of what was at the house's beginning."""
    for client in ("acme", "globex"):
        name = f"{client}-{job_id}"
        event = job_update(
            event_id=name, job_id=name, client_id=client, status="running", occurred_at=text(NOW)
        )
        post(here.client, [event], at=Instant(here.now), seed=writer)


@pytest.fixture
def run(here: House, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that lets the compactor run and returns its line."""

    def once(seconds: int = 600) -> Line:
        capsys.readouterr()
        context = SimpleNamespace(
            aws_request_id="1", get_remaining_time_in_millis=lambda: seconds * 1_000
        )
        compactor.handler({}, context)
        (line,) = log_lines.read(capsys.readouterr().out)
        assert (line["message"], line["function"]) == ("compacted", "compactor")
        return line

    return once


def end_of_day(here: House) -> Instant:
    """Return when the day of the house's time ends."""
    return later(floor(here.now, DAY), DAY)


def test_compaction_that_goes_on_costs_no_metric(here: House, run: Run) -> None:
    """From hour to hour, over the end of a day, and when something comes late."""
    for number in range(40):
        here.now = later(here.now, HOUR)
        if number in (9, 12, 25):
            report(here, f"late-{number}")
        line = run()
        assert "_aws" not in line
        assert "BehindSeconds" not in line
    assert (line["moved"], line["days"], line["days_left"]) == (0, 0, 0)


def test_a_day_that_no_run_gets_to_is_told_of(here: House, run: Run) -> None:
    """Once it has waited for longer than usual: since an hour after its end."""
    ended_at = end_of_day(here)
    here.now = later(ended_at, HOUR + compactor.USUAL)
    assert "BehindSeconds" not in run(seconds=30)
    here.now = later(here.now, HOUR)
    line = run(seconds=30)
    assert line["days_left"] == 1
    assert log_lines.metrics_of(line) == {"BehindSeconds": [7 * 3_600]}


def test_a_day_of_which_no_step_can_be_made_is_told_of(here: House, run: Run) -> None:
    """Though each run walks through it: DynamoDB refuses the writes for the moment, each time."""

    def refuse(_number: int, name: str, call: Any) -> Any:
        if name in ("put_item", "transact_write_items", "update_item"):
            raise client_error("ThrottlingException")
        return call()

    ended_at = end_of_day(here)
    here.counting.interfere = refuse
    here.now = later(ended_at, 9 * HOUR)
    line = run()
    assert line["left"] > 0
    assert (line["days_left"], line["BehindSeconds"]) == (0, 8 * 3_600)


def test_what_comes_late_lets_a_day_begin_anew(here: House, run: Run) -> None:
    """It is behind only since it could have been done with that."""
    here.now = later(end_of_day(here), 20 * HOUR)
    report(here, "late")
    here.now = later(here.now, 3 * HOUR)
    assert "BehindSeconds" not in run(seconds=30)
    here.now = later(here.now, 6 * HOUR)
    assert run(seconds=30)["BehindSeconds"] == 8 * 3_600


def test_a_day_that_goes_on_is_never_behind(here: House, run: Run) -> None:
    """However little a run can do."""
    here.now = later(end_of_day(here), -MICROSECONDS)
    assert "BehindSeconds" not in run(seconds=30)


@pytest.mark.parametrize("is_repaired", [False, True])
def test_an_old_day_is_made_anew_before_the_alarm_goes_off(
    here: House, run: Run, *, is_repaired: bool
) -> None:
    """It is behind by weeks at once: packed for the first time, or again after a repair."""
    if is_repaired:
        for _ in range(40):
            here.now = later(here.now, HOUR)
            run()
    here.now = later(here.now, 30 * DAY)
    if is_repaired:
        in_row(*HOUR_ROW, created=9)(here.client)
        audit(here.client, repair=True)
    told = 0
    while (line := run())["days"]:
        told += "BehindSeconds" in line
        here.now = later(here.now, HOUR)
    assert 0 < told < properties("CompactionBehindAlarm")["DatapointsToAlarm"]


def test_a_run_that_fails_is_an_error(here: House, run: Run) -> None:
    """Which the alarm counts."""

    def fail(*_: Any) -> Any:
        raise StoreUnavailable("no answer")

    here.counting.interfere = fail
    with pytest.raises(StoreUnavailable):
        run()
