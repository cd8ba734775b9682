"""Errors that are new since a chosen day, in the analysts' app, by a recount."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from tests.dashboard_app.conftest import NOW, Open, person, words_of
from tests.support.app.dashboard_api import Api
from tests.support.app.dashboard_data import work
from tests.support.recounts import recount


def failures(client_ids: set[str]) -> list[tuple[date, str]]:
    """Return day and fingerprint of each failure of these clients."""
    jobs = recount.recount_jobs([*work(NOW, jobs=120, days=14, seed=5)]).values()
    return [
        (date.fromisoformat(job["ended_at"][:10]), job["error"]["fingerprint"])
        for job in jobs
        if job["client_id"] in client_ids and job["result"] in ("failed", "timed_out")
    ]


def new_since(day: date, client_ids: set[str]) -> set[str]:
    """Return the error groups since a day that the 30 days before do not have."""
    found = failures(client_ids)
    known = {name for at, name in found if day - timedelta(days=30) <= at < day}
    return {name for at, name in found if at >= day} - known


def test_which_errors_are_new_since_a_day(api: Api, open_page: Open) -> None:
    """The table has them, whoever asks, and the address keeps the day."""
    for user, seen in (
        (person("staff"), {"acme", "globex", "initech"}),
        (person("client-initech"), {"initech"}),
    ):
        for day in sorted({at for at, _ in failures(seen)}):
            app = open_page(api, "errors", user, new_since=str(day))
            assert not app.exception
            expected = new_since(day, seen)
            tables = [one.value for one in app.dataframe if "first_seen_at" in one.value]
            shown = set(tables[-1]["fingerprint"]) if expected else set()
            assert shown == expected, day
            said = "nothing has failed in a way" in words_of(app)
            assert said is not bool(expected)
            assert str(day) in app.query_params["new_since"]


@pytest.mark.parametrize(
    ("day", "said", "since"),
    [
        (
            "2026-11-23",
            "new since 23 Nov 2026. That day has not begun (in UTC), so those since 16 Nov 2026",
            "2026-11-16",
        ),
        (
            "2030-01-01",
            "new since 1 Jan 2030. That day has not begun (in UTC), so those since 16 Nov 2026",
            "2026-11-16",
        ),
        (
            "2010-01-01",
            (
                "new since 1 Jan 2010. The API looks through 400 days at most, so those since "
                "19 Oct 2025"
            ),
            "2025-10-19",
        ),
    ],
)
def test_a_day_out_of_reach_is_told(
    api: Api, open_page: Open, day: str, said: str, since: str
) -> None:
    """What was asked is said, what is shown, and why; the API is asked for what is shown."""
    app = open_page(api, "errors", new_since=day)

    assert not app.exception
    assert f"You asked for errors that are {said} are shown." in words_of(app).replace("\\", "")
    (asked,) = [one for one in api.asked if "new=true" in one]
    assert f"from={since}T00" in asked
    assert "to=2026-11-23T00" in asked


def test_failures_by_day_take_one_request(api: Api, open_page: Open) -> None:
    """And not one for each of thirty days."""
    open_page(api, "errors", span="30d")
    asked = [one for one in api.asked if one.startswith("/errors?")]
    assert len(asked) <= 4
