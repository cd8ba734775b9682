"""The projects that the demo pretends."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from tests.support.events.simulation import NOW, past

from run_ledger_ops.demo.past.made_up_projects import opened_projects


def test_jobs_belong_to_projects_that_were_opened() -> None:
    """Every project that a job names has said what it is, whose it is and that it is active."""
    opened = {
        event.detail["project_id"]: event.detail
        for event in opened_projects(NOW - timedelta(days=28), NOW)
        if event.detail["event_id"].endswith(":opened")
    }
    for event in past(first_day=date(2026, 2, 12)):
        project = opened[event.detail["project_id"]]
        assert project["client_id"] == event.detail["client_id"]
        assert project["status"] == "active"


def test_deliveries_have_a_due_date_and_a_size() -> None:
    """A delivery says when it is due and how many jobs it takes; its life ends as completed."""
    lives = defaultdict(list)
    for event in opened_projects(NOW - timedelta(days=40), NOW):
        if "due_at" in event.detail:
            lives[event.detail["project_id"]].append(event.detail)
    assert len(lives) > 12
    assert all(life[0]["jobs_expected"] > 0 for life in lives.values())
    assert all(life[0]["owner"].endswith("(demo)") for life in lives.values())
    statuses = Counter(
        step["status"] for life in lives.values() for step in life if "status" in step
    )
    assert set(statuses) == {"active", "paused", "completed"}


def test_projects_go_on_as_time_goes_by() -> None:
    """What was told of a project is told again word for word, and what came since with it."""
    since = NOW - timedelta(days=6)
    before = {event.detail["event_id"]: event for event in opened_projects(since, NOW)}
    after = {
        event.detail["event_id"]: event
        for event in opened_projects(since, NOW + timedelta(days=14))
    }
    assert before.items() <= after.items()
    assert len(after) > len(before)
