"""Lists over rows of an earlier version, which do not say all that rows say now."""

from __future__ import annotations

import pytest
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers.reading import NOW, house

from run_ledger.domain.instants import text

DAY = 86_400 * 1_000_000


@pytest.mark.parametrize(("silent_days", "stalled"), [(2, "true"), (0, "false")])
def test_jobs_from_before_there_were_slots_are_judged_by_their_items(
    silent_days: int, stalled: str
) -> None:
    """Their rows say nothing of when they were seen, which neither fails a list nor hides them."""
    with house() as here:
        update = job_update(job_id="early", status="running")
        here.post(update, at=NOW - silent_days * DAY)
        here.client.update_item(
            TableName=NAMES.jobs,
            Key={"job_id": {"S": "early"}},
            UpdateExpression="REMOVE seen_slot",
        )
        for asked in ("true", "false"):
            found = [job["job_id"] for job in here.get("/jobs", stalled=asked).json["items"]]
            assert found == (["early"] if asked == stalled else [])


def test_jobs_from_before_rows_showed_failures_are_judged_by_their_items() -> None:
    """Among those whose rows show what they failed of, and when, and for every page size."""
    with house() as here:
        for number in range(6):
            here.post(
                job_update(
                    job_id=f"job-{number}",
                    occurred_at=text(NOW - number * DAY),
                    status="completed",
                    result="failed",
                    error={"type": "E", "message": "m", "fingerprint": "fg"[number % 2]},
                )
            )
        for number in range(4):
            here.client.update_item(
                TableName=NAMES.jobs,
                Key={"job_id": {"S": f"job-{number}"}},
                UpdateExpression="REMOVE fingerprint, ended_at",
            )
        for limit in (1, 50):
            for asked, expected in (
                ({"fingerprint": "f"}, ["job-0", "job-2", "job-4"]),
                ({"fingerprint": "g"}, ["job-1", "job-3", "job-5"]),
                ({"ended_from": text(NOW - 2 * DAY)}, ["job-0", "job-1", "job-2"]),
            ):
                pages = list(here.walk("/jobs", limit=limit, **asked))
                assert [job["job_id"] for page in pages for job in page.json["items"]] == expected
