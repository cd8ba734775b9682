"""The projects that the demo pretends."""

from collections import Counter, defaultdict
from datetime import date, timedelta

from tests.support.events.simulation import NOW, by_job, past, projects


def test_jobs_belong_to_projects_that_were_opened() -> None:
    """Every project that a job names has said what it is, whose it is and that it is active."""
    opened = {
        event.detail["project_id"]: event.detail
        for event in projects(NOW - timedelta(days=28), NOW)
        if event.detail["event_id"].endswith(":opened")
    }
    for event in past(first_day=date(2026, 2, 12)):
        project = opened[event.detail["project_id"]]
        assert project["client_id"] == event.detail["client_id"]
        assert project["status"] == "active"


def test_deliveries_have_a_due_date_and_a_size() -> None:
    """A delivery says when it is due and how many jobs it takes; its life ends as completed."""
    lives = defaultdict(list)
    for event in projects(NOW - timedelta(days=40), NOW):
        if "due_at" in event.detail:
            lives[event.detail["project_id"]].append(event.detail)
    assert len(lives) > 12
    assert all(life[0]["jobs_expected"] > 0 for life in lives.values())
    assert all(life[0]["owner"].endswith("(demo)") for life in lives.values())
    statuses = Counter(
        step["status"] for life in lives.values() for step in life if "status" in step
    )
    assert set(statuses) == {"active", "paused", "completed"}


def test_a_completed_delivery_is_complete() -> None:
    """A delivery that is completed has just as many jobs done as it expects."""
    since = NOW - timedelta(days=30)
    stories = defaultdict(dict)
    for event in projects(since, NOW):
        stories[event.detail["project_id"]].update(event.detail)
    done = Counter(
        events[-1].detail["project_id"]
        for events in by_job(past(first_day=since.date())).values()
        if events[-1].detail.get("result") in ("succeeded", "partial")
    )
    completed = [one for one in stories.values() if one["status"] == "completed"]
    assert len(completed) > 6
    assert {one["project_id"]: one["jobs_expected"] for one in completed} == {
        one["project_id"]: done[one["project_id"]] for one in completed
    }


def test_projects_go_on_as_time_goes_by() -> None:
    """What was told of a project is told again word for word, and what came since with it."""
    since = NOW - timedelta(days=6)
    before = {event.detail["event_id"]: event for event in projects(since, NOW)}
    after = {event.detail["event_id"]: event for event in projects(since, NOW + timedelta(days=14))}
    assert before.items() <= after.items()
    assert len(after) > len(before)
