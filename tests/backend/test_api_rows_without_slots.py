"""Lists over rows of an earlier version, which do not say when their jobs were seen."""

from __future__ import annotations

import pytest
from tests.support.events import job_update
from tests.support.reading import NOW, house
from tests.support.tables import NAMES

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
