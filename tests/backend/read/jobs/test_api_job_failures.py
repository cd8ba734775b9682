"""From a group of errors to its jobs: lists by what jobs failed of, and by when they ended."""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.querying import Querying
from tests.support.events.builders import job_update
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import NOW, House, Reply, client_user
from tests.support.recounts.job_lists import TIMEOUT

from run_ledger.domain.instants import text

HOUR = 3_600_000_000
DAY = 24 * HOUR
SLOW = {"type": "Timeout", "message": "no answer in 31 s"}
ODD = {"type": "KeyError", "message": "'title'", "fingerprint": "a 'quoted' <b>&"}


@pytest.fixture
def here() -> House:
    """Give a house without jobs."""
    return House(Querying(empty_store()))  # type: ignore[arg-type]


def end(
    here: House, job_id: str, result: str = "failed", *, age: int = HOUR, **fields: Any
) -> None:
    """Let a job of the client that its id begins with end, an hour after it began."""
    who = {"job_id": job_id, "client_id": job_id.partition("-")[0]}
    attempt = fields.get("attempt", 1)
    began = {"event_id": f"b{attempt}", "occurred_at": text(NOW - age - HOUR), "status": "running"}
    here.post(
        job_update(**who, **began, attempt=attempt),
        job_update(
            **who,
            event_id=f"e{attempt}",
            occurred_at=text(NOW - age),
            status="completed",
            result=result,
            **fields,
        ),
    )


def ids(reply: Reply) -> list[str]:
    """Return which jobs a page gives, in its order."""
    assert reply.status == 200, reply.body
    return [job["job_id"] for job in reply.json["items"]]


def test_a_group_of_errors_leads_to_its_jobs(here: House) -> None:
    """All jobs that `/errors` counts in a group, of all clients or of one, and no others."""
    for number, client in enumerate(("a", "b", "a", "c", "a")):
        end(here, f"{client}-{number}", age=number * DAY, error=SLOW)
        end(here, f"{client}-odd-{number}", age=number * DAY, error=ODD)
        end(here, f"{client}-well-{number}", "succeeded", age=number * DAY)
    end(here, "b-late", "timed_out", error=SLOW)
    groups = {one["fingerprint"]: one for one in here.get("/errors").json["items"]}
    assert {name: one["count"] for name, one in groups.items()} == {
        TIMEOUT: 6,
        ODD["fingerprint"]: 5,
    }

    assert ids(here.get("/jobs", fingerprint=TIMEOUT)) == [
        "a-0", "b-late", "b-1", "a-2", "c-3", "a-4"
    ]  # fmt: skip
    assert ids(here.get("/jobs", fingerprint=ODD["fingerprint"], client_id="b")) == ["b-odd-1"]
    assert ids(here.get("/jobs", fingerprint=TIMEOUT, result="timed_out")) == ["b-late"]
    assert ids(here.get("/jobs", client_user("a", "c"), fingerprint=TIMEOUT)) == [
        "a-0", "a-2", "c-3", "a-4"
    ]  # fmt: skip
    assert ids(here.get("/jobs", client_user("a"), fingerprint=TIMEOUT, client_id="b")) == []
    assert ids(here.get("/jobs", fingerprint=TIMEOUT[:-1])) == []


def test_the_failure_that_stands_decides(here: House) -> None:
    """Tried again, a job has its latest attempt's: none while it runs, or if that went well."""
    for name in ("stays", "runs", "well", "other"):
        end(here, f"a-{name}", age=3 * HOUR, error=SLOW)
    again = {"client_id": "a", "attempt": 2, "status": "running", "event_id": "again"}
    here.post(job_update(job_id="a-runs", occurred_at=text(NOW), **again))
    end(here, "a-well", "succeeded", attempt=2)
    end(here, "a-other", attempt=2, error=ODD)

    assert ids(here.get("/jobs", fingerprint=TIMEOUT)) == ["a-stays"]
    assert ids(here.get("/jobs", fingerprint=ODD["fingerprint"])) == ["a-other"]
    # The group counts attempts: all four of the first ones.
    (counted,) = (
        one["count"] for one in here.get("/errors").json["items"] if one["fingerprint"] == TIMEOUT
    )
    assert counted == 4
    # It fails for the second time, then a later event says that it did not fail after all.
    end(here, "a-runs", attempt=2, error=SLOW)
    assert ids(here.get("/jobs", fingerprint=TIMEOUT)) == ["a-stays", "a-runs"]
    said = {"status": "completed", "result": "cancelled", "attempt": 2, "event_id": "z"}
    here.post(job_update(job_id="a-runs", client_id="a", occurred_at=text(NOW), **said))
    assert ids(here.get("/jobs", fingerprint=TIMEOUT)) == ["a-stays"]


def test_failures_that_said_nothing_are_none(here: House) -> None:
    """As `/errors` names them; what has not failed has none of any name."""
    end(here, "a-silent")
    end(here, "a-slow", "timed_out")
    end(here, "a-well", "succeeded")
    end(here, "a-warned", "partial", error=SLOW)
    here.post(job_update(job_id="a-runs", client_id="a", status="running", error=SLOW))

    assert ids(here.get("/jobs", fingerprint="none")) == ["a-slow", "a-silent"]
    assert ids(here.get("/jobs", fingerprint=TIMEOUT)) == []


def test_several_results_are_one_list(here: House) -> None:
    """Merged, newest first, in any order of asking; its cursor serves either way to ask."""
    results = ("failed", "succeeded", "timed_out", "failed", "cancelled", "timed_out")
    for number, result in enumerate(results):
        end(here, f"a-{number}", result, age=number * HOUR)

    whole = ["a-0", "a-2", "a-3", "a-5"]
    page = here.get("/jobs", result="failed,timed_out", limit=2)
    assert ids(page) == whole[:2]
    cursor = page.json["next_cursor"]
    assert ids(here.get("/jobs", result="timed_out,failed", cursor=cursor)) == whole[2:]
    assert here.get("/jobs", result="failed", cursor=cursor).json["parameter"] == "cursor"
    assert ids(here.get("/jobs", client_user("a"), result="timed_out,failed")) == whole


def test_a_span_of_ends_is_what_the_overview_counts(here: House) -> None:
    """Whenever the jobs began: its figures of a day are the lengths of these lists."""
    for hours, result in ((0, "failed"), (1, "succeeded"), (23, "timed_out"), (26, "failed")):
        end(here, f"a-{hours}", result, age=hours * HOUR)
    # It began three weeks ago, and ended an hour ago.
    end(here, "b-long", age=21 * DAY)
    late = {"status": "completed", "result": "partial", "event_id": "late"}
    here.post(job_update(job_id="b-long", client_id="b", occurred_at=text(NOW - HOUR), **late))

    overview = here.get("/overview").json
    since, totals = overview["since"], overview["totals"]
    failed = ids(here.get("/jobs", result="failed,timed_out", ended_from=since))
    assert failed == ["a-0", "a-23"]
    assert len(failed) == totals["failed"] + totals["timed_out"]
    ended = ids(here.get("/jobs", ended_from=since))
    assert ended == ["a-0", "a-1", "a-23", "b-long"]
    assert len(ended) == totals["ended"]
    assert ids(here.get("/jobs", ended_to=since)) == ["a-26"]
    edge = text(NOW - HOUR)
    assert ids(here.get("/jobs", ended_from=edge, ended_to=text(NOW))) == ["a-1", "b-long"]


def test_rows_show_what_jobs_failed_of(here: House) -> None:
    """Among very many failures the few are found by rows alone: no other item is read."""
    for number in range(130):
        end(here, f"a-{number}", age=number * HOUR, error=SLOW if number % 60 == 7 else ODD)
    for parameters in ({}, {"client_id": "a"}, {"ended_from": text(NOW - 10 * DAY)}):
        reply = here.get("/jobs", fingerprint=TIMEOUT, **parameters)
        assert ids(reply) == ["a-7", "a-67", "a-127"]
        (items,) = (
            request["RequestItems"]
            for name, request in here.counting.requests
            if name == "batch_get_item"
        )
        assert [len(one["Keys"]) for one in items.values()] == [3]
        assert reply.rounds <= 3


def test_a_cursor_is_bound_to_the_failure(here: House) -> None:
    """It serves no other fingerprint and no other span."""
    for number in range(3):
        end(here, f"a-{number}", age=number * HOUR, error=SLOW)
    asked = {"fingerprint": TIMEOUT, "ended_from": text(NOW - DAY), "limit": 1}
    cursor = here.get("/jobs", **asked).json["next_cursor"]
    assert ids(here.get("/jobs", **asked, cursor=cursor)) == ["a-1"]
    for other in (
        {"fingerprint": "f"},
        {"ended_from": text(NOW - 2 * DAY)},
        {"ended_to": text(NOW)},
    ):
        reply = here.get("/jobs", **{**asked, **other}, cursor=cursor)
        assert (reply.status, reply.json["parameter"], reply.calls) == (400, "cursor", 0)
