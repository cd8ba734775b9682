"""An analyst's task with two jobs: what one did otherwise than the other."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import expect
from tests.end_to_end.tasks.conftest import Api
from tests.screenshots.dashboard import settle
from tests.support.app.analyst import Analyst, number
from tests.support.recounts.recount import recount_jobs
from tests.support.site.analyst_events import PAIR, STAGES

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]
COUNTERS = {
    "Records done": "records_ok",
    "Input tokens": "input_tokens",
    "Cost": "cost_microusd",
}


def test_two_jobs_side_by_side(analyst: Analyst, api: Api, sent: list[dict[str, Any]]) -> None:
    """Who: who makes a pipeline faster. Wants: where a slow job's time went, beside a quick one's.

    Eight clicks: Jobs, pipeline (2), the slow job's row, Compare with (2), the file (2).
    """
    quick, slow = PAIR
    events = [one for one in sent if one["detail"].get("job_id") in PAIR]
    jobs = recount_jobs(events)
    analyst.go("Jobs")
    analyst.choose("Pipeline", "saplings")
    analyst.sees("both jobs", lambda: {row["Job"] for row in analyst.rows("Job")} == {*PAIR})
    analyst.select("Job", slow)
    expect(analyst.page.get_by_role("heading", name=slow)).to_be_visible()
    settle(analyst.page)
    analyst.choose("Compare with", quick)
    analyst.sees("the comparison", lambda: quick in analyst.rows("What")[0])
    seen = analyst.rows("What")
    rows = {(row["group"], row["what"]): row for row in analyst.csv("comparison")}

    for side, job_id in (("one", slow), ("other", quick)):
        told, counters = api.ask(f"/jobs/{job_id}"), jobs[job_id]["counters"]
        assert rows["Job", "Outcome"][side] == "Succeeded"
        assert rows["Job", "Duration"][side] == minutes(told["duration_seconds"])
        for word, name in COUNTERS.items():
            unit = 1e6 if name == "cost_microusd" else 1
            assert number(rows["Counters", word][side]) * unit == counters[name]
            if name != "records_ok":
                each = number(rows["Per record", word][side]) * unit
                assert each == pytest.approx(counters[name] / counters["records_ok"], rel=0.01)
        stages = {what: row[side] for (group, what), row in rows.items() if group == "Stages"}
        assert stages == {name: minutes(took) for name, took in stages_of(events, job_id).items()}
    assert {what for (group, what), row in rows.items() if row["differs"] == "True"} == {
        *("Duration", "Records done", "Input tokens", "Cost", "describe")
    }
    assert [(row[slow], row[quick]) for row in seen] == [
        (row["one"], row["other"]) for row in [*rows.values()][: len(seen)]
    ]
    assert analyst.clicks <= 8


def stages_of(events: list[dict[str, Any]], job_id: str) -> dict[str, float]:
    """Return how long each stage of a job lasted, in seconds, as its events tell."""
    mine = [one["detail"] for one in events if one["detail"]["job_id"] == job_id]
    times = [datetime.fromisoformat(one["occurred_at"]) for one in mine]
    lengths = (end - begin for begin, end in pairwise(times))
    return dict(zip(STAGES, (one / timedelta(seconds=1) for one in lengths), strict=True))


def minutes(seconds: float) -> str:
    """Write whole minutes as the app does."""
    hours, left = divmod(round(seconds / 60), 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (left, "min")) if count)
