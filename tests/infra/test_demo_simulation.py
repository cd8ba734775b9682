"""What the simulated pipelines report: reproducible, valid, plausible, and marked as demo."""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise, takewhile

import pytest

from run_ledger.domain import events as contract
from run_ledger.domain import job as ledger_job
from run_ledger_ops.demo.catalogue import PROJECTS
from run_ledger_ops.demo.events import SOURCE, DemoEvent
from run_ledger_ops.demo.projects import opened_projects, project_events
from run_ledger_ops.demo.scales import LIVE
from run_ledger_ops.demo.timetable import (
    LONGEST_FAMILY,
    Window,
    past_families,
    stream,
    unfinished_events,
)

NOW = datetime(2026, 3, 5, 14, 30, 12, tzinfo=UTC)  # a Thursday
FIRST_DAY = date(2026, 2, 27)
RATE = 2.0
HOUR = timedelta(hours=1)


def past(seed: int = 1, now: datetime = NOW, first_day: date = FIRST_DAY) -> list[DemoEvent]:
    """Give what is told of the days before."""
    return [event for member in past_families(seed, first_day, now) for event in member.events]


def streamed(duration: timedelta, seed: int = 1, since: datetime = NOW) -> list[DemoEvent]:
    """Give so much of the stream."""
    until = since + duration
    return list(takewhile(lambda event: event.at < until, stream(since, seed, RATE)))


def only_jobs(events: Iterable[DemoEvent]) -> list[DemoEvent]:
    """Leave out the projects."""
    return [event for event in events if event.detail_type == "job_update"]


def by_job(events: Iterable[DemoEvent]) -> dict[str, list[DemoEvent]]:
    """Group the events of jobs."""
    grouped = defaultdict(list)
    for event in only_jobs(events):
        grouped[event.detail["job_id"]].append(event)
    return grouped


def ids(events: Iterable[DemoEvent]) -> list[str]:
    """Give the event ids."""
    return [event.detail["event_id"] for event in events]


def root_of(event: DemoEvent) -> str:
    """Give the id of the root job of the event's family."""
    return str(event.detail["job_id"]).split(".")[0]


def totals(events: Iterable[DemoEvent]) -> Counter[str]:
    """Add up all deltas."""
    sums: Counter[str] = Counter()
    for event in events:
        sums.update(event.detail.get("delta", {}))
    return sums


def decoded(event: DemoEvent) -> contract.Event:
    """Take the event through its PutEvents entry to the ledger's own decoder."""
    entry = event.entry("bus")
    envelope = {
        "id": "made-by-the-bus",
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "time": "2026-03-05T14:30:12Z",
        "detail": json.loads(entry["Detail"]),
    }
    return contract.decode(json.dumps(envelope))


@pytest.fixture(scope="module")
def long_stream() -> list[DemoEvent]:
    """Give six hours of the stream."""
    return streamed(6 * HOUR)


@pytest.fixture(scope="module")
def long_past() -> list[DemoEvent]:
    """Give three weeks of the past."""
    return past(first_day=date(2026, 2, 12))


@pytest.fixture(scope="module")
def everything(long_stream: list[DemoEvent], long_past: list[DemoEvent]) -> list[DemoEvent]:
    """Give past, stream and projects together."""
    return [*long_past, *opened_projects(NOW - timedelta(days=28), NOW), *long_stream]


def test_the_same_seed_and_time_give_the_same_events() -> None:
    """Simulating a stretch of time again gives it again, to the byte."""
    assert past() == past()
    assert streamed(HOUR) == streamed(HOUR)


def test_another_seed_is_another_world() -> None:
    """No event id is shared between seeds, or one would be rejected as the other's."""
    assert not set(ids(past(seed=1))) & set(ids(past(seed=2)))
    ours, theirs = streamed(HOUR, seed=1), streamed(HOUR, seed=2)
    assert not set(ids(only_jobs(ours))) & set(ids(only_jobs(theirs)))


def test_the_generation_is_raised_when_the_outcome_changes() -> None:
    """A ledger that heard the old outcome rejects a new one under the same ids.

    If this fails because the simulation was changed on purpose, raise `GENERATION` and take over
    the digest.
    """
    told = [*past(), *opened_projects(NOW - timedelta(days=28), NOW), *streamed(HOUR)]
    digest = hashlib.sha256("\n".join(event.entry("bus")["Detail"] for event in told).encode())
    assert digest.hexdigest()[:16] == "7861d1e34ba83ed2"


def test_every_event_is_accepted_by_the_ledger(everything: list[DemoEvent]) -> None:
    """The ledger's own decoder takes every event, under the id and time that it was given."""
    for event in everything:
        accepted = decoded(event)
        assert accepted.event_id == event.detail["event_id"]
        assert accepted.source == SOURCE


def test_event_ids_are_unique(everything: list[DemoEvent]) -> None:
    """No two events share an id."""
    assert max(Counter(ids(everything)).values()) == 1


def test_everything_is_marked_as_demo(everything: list[DemoEvent]) -> None:
    """Whatever names a job or a project marks it; so do all ids and the source."""
    for event in everything:
        detail = event.detail
        assert event.entry("bus")["Source"] == "run-ledger.demo"
        assert detail["project_id"].startswith("demo-")
        assert detail.get("job_id", "demo-").startswith("demo-")
        if "name" in detail:
            assert detail["name"].startswith("Demo · ")
            assert detail["tags"]["demo"] == "true"
    assert all("name" in events[0].detail for events in by_job(everything).values())


def test_counters_are_sane(everything: list[DemoEvent]) -> None:
    """A job's records fit into its total, cached tokens into the input, and cost is the price."""
    models = {project.pipeline.name: project.pipeline.model for project in PROJECTS}
    for events in by_job(everything).values():
        first, sums = events[0].detail, totals(events)
        done = sums["records_ok"] + sums["records_failed"] + sums["records_skipped"]
        assert done <= first.get("records_total", 0)
        assert sums["llm_errors"] <= sums["llm_calls"]
        assert sums["cache_read_input_tokens"] <= sums["input_tokens"]
        assert sums["cost_microusd"] == models[first["pipeline"]].cost_microusd(
            input_tokens=sums["input_tokens"],
            cached_tokens=sums["cache_read_input_tokens"],
            output_tokens=sums["output_tokens"],
        )
        assert all(
            value > 0 for event in events for value in event.detail.get("delta", {0: 1}).values()
        )


def test_cost_is_the_price_of_fresh_cached_and_output_tokens() -> None:
    """A million tokens cost what the table says, and cached ones are not paid twice."""
    model = PROJECTS[0].pipeline.model
    cost = model.cost_microusd(
        input_tokens=3_000_000, cached_tokens=1_000_000, output_tokens=2_000_000
    )
    assert cost == 2 * 400_000 + 40_000 + 2 * 1_600_000


def test_an_attempt_is_queued_then_runs_then_ends(everything: list[DemoEvent]) -> None:
    """The events of a job rise in time, and each attempt goes through its states in order."""
    rank = {"queued": 0, "running": 1, "completed": 2}
    for events in by_job(everything).values():
        assert all(earlier.at < later.at for earlier, later in pairwise(events))
        steps = [
            (event.detail["attempt"], rank[event.detail.get("status", "running")])
            for event in events
        ]
        assert steps == sorted(steps)
        assert steps[0] == (1, 0)


def test_completed_jobs_have_done_all_their_records(everything: list[DemoEvent]) -> None:
    """What succeeds or ends in part has seen every record; only in part do records fail."""
    for events in by_job(everything).values():
        last, sums = events[-1].detail, totals(events)
        if "records_total" not in events[0].detail or "result" not in last:
            continue
        if last["result"] in ("succeeded", "partial"):
            done = sums["records_ok"] + sums["records_failed"] + sums["records_skipped"]
            assert done == events[0].detail["records_total"]
            assert bool(sums["records_failed"]) == (last["result"] == "partial")


def test_all_that_can_happen_happens(everything: list[DemoEvent]) -> None:
    """Every client, pipeline, result and kind of error turns up, and failures stay few."""
    jobs = only_jobs(everything)
    ends = Counter(event.detail["result"] for event in jobs if "result" in event.detail)
    assert set(ends) == {"succeeded", "partial", "failed", "cancelled", "timed_out"}
    assert 0.7 < ends["succeeded"] / ends.total() < 0.9
    errors = {event.detail["error"]["type"] for event in jobs if "error" in event.detail}
    assert errors == {
        "RateLimitExceeded",
        "UpstreamTimeout",
        "WorkerLost",
        "SchemaViolation",
        "BadInputRow",
        "ContextTooLong",
        "NoSignOfLife",
        "ShardsFailed",
    }
    assert {event.detail["client_id"] for event in jobs} == {"acme", "globex", "initech"}
    assert len({event.detail["pipeline"] for event in jobs}) == 3
    assert {event.detail["project_id"][:13] for event in jobs} == {
        f"demo-{project.client_id}-{project.code}"[:13] for project in PROJECTS
    }


def test_what_fails_is_explained_and_often_mended(everything: list[DemoEvent]) -> None:
    """Each failed attempt has an error, and some jobs succeed at their second attempt."""
    mended = 0
    for events in by_job(everything).values():
        for event in events:
            if event.detail.get("result") in ("failed", "partial", "timed_out"):
                assert event.detail["error"]["message"]
        last = events[-1].detail
        mended += last["attempt"] == 2 and last.get("result") == "succeeded"
    assert mended > 15


def test_some_jobs_stall_now_and_then(long_stream: list[DemoEvent]) -> None:
    """A few running jobs are silent for longer than their heartbeat; nearly all are not."""
    silences = 0
    for events in by_job(long_stream).values():
        heartbeat = timedelta(seconds=events[0].detail["heartbeat_seconds"])
        runs = [
            later.at - earlier.at
            for earlier, later in pairwise(events)
            if earlier.detail.get("status", "running") == "running"
        ]
        silences += any(pause > heartbeat for pause in runs)
    assert 3 < silences < 20


def test_shards_belong_to_a_parent_that_outlives_them(everything: list[DemoEvent]) -> None:
    """A parent begins before its shards, ends after them and says how they ended."""
    jobs = by_job(everything)
    shards = defaultdict(list)
    for events in jobs.values():
        if "parent_job_id" in events[0].detail:
            shards[events[0].detail["parent_job_id"]].append(events)
    assert len(shards) > 50
    for parent_id, children in shards.items():
        parent = jobs[parent_id]
        if "result" not in parent[-1].detail:
            continue  # still under way where the simulated day was cut off
        assert parent[0].at < min(events[0].at for events in children)
        assert parent[-1].at > max(events[-1].at for events in children)
        results = {events[-1].detail["result"] for events in children}
        assert (parent[-1].detail["result"] == "succeeded") == (results == {"succeeded"})
        assert totals(parent) == {"shards_ended": len(children)}


def test_the_ledger_comes_to_the_same_state(long_past: list[DemoEvent]) -> None:
    """The fold of a job's events, latest first, has its last result and its counters."""
    for events in by_job(long_past).values():
        job = ledger_job.fold(None, [decoded(event) for event in reversed(events)])
        assert job.outcome == events[-1].detail.get("result", "running")
        assert job.attempt == events[-1].detail["attempt"]


@pytest.mark.parametrize("seed", range(6))
def test_the_past_is_modest(seed: int) -> None:
    """Six days and today are some hundred jobs and at most 4,000 events, projects included."""
    events = past(seed)
    assert 400 < len(by_job(events)) < 1_000
    assert len(events) + len(opened_projects(NOW - timedelta(days=6), NOW)) < 4_000


def test_the_past_is_over() -> None:
    """Nothing of the past is yet to come, and it begins with the first day asked for."""
    events = past()
    assert max(event.at for event in events) <= NOW
    assert min(event.at for event in events).date() == FIRST_DAY


def test_the_past_comes_latest_first() -> None:
    """The families come in the order in which a list shows them."""
    begun = [member.begun_at for member in past_families(1, FIRST_DAY, NOW)]
    assert begun == sorted(begun, reverse=True)


def test_the_past_follows_the_clock_and_the_week(long_past: list[DemoEvent]) -> None:
    """Working hours are busier than evenings, working days busier than the weekend."""
    begun = [events[0].at for job_id, events in by_job(long_past).items() if "." not in job_id]
    hours = Counter(at.hour for at in begun)
    assert sum(hours[hour] for hour in range(9, 17)) > 3 * sum(
        hours[hour] for hour in (19, 20, 21, 22, 23)
    )
    days = Counter(at.date() for at in begun)
    assert days[date(2026, 3, 3)] > 1.5 * days[date(2026, 3, 1)]


def test_telling_the_past_again_later_repeats_it() -> None:
    """What was told is told again word for word; only what has ended since is new."""
    before = {event.detail["event_id"]: event for event in past()}
    after = {event.detail["event_id"]: event for event in past(now=NOW + 30 * HOUR)}
    assert before.items() <= after.items()
    assert len(after) > len(before)


def test_the_stream_is_in_order_and_begins_now(long_stream: list[DemoEvent]) -> None:
    """The stream's times never fall, and nothing in it is older than its beginning."""
    times = [event.at for event in long_stream]
    assert times == sorted(times)
    assert times[0] >= NOW


@pytest.mark.parametrize(("rate", "hours"), [(0.5, 24), (2.0, 10), (10.0, 2)])
def test_the_stream_keeps_its_pace(rate: float, hours: int) -> None:
    """About as many jobs begin in a minute as were asked for."""
    until = NOW + hours * HOUR
    events = takewhile(lambda event: event.at < until, stream(NOW, 1, rate))
    assert len(by_job(events)) / (hours * 60) == pytest.approx(rate, rel=0.15)


def test_live_jobs_take_minutes_and_report_every_few_seconds(
    long_stream: list[DemoEvent],
) -> None:
    """The median attempt works for some minutes, with a report every few seconds."""
    pauses, durations = [], []
    for events in by_job(long_stream).values():
        first = [event for event in events if event.detail["attempt"] == 1]
        if "records_total" in first[0].detail and first[-1].detail.get("result") == "succeeded":
            durations.append((first[-1].at - first[1].at).total_seconds())
            pauses += [(b.at - a.at).total_seconds() for a, b in pairwise(first[1:])]
    assert 60 < sorted(durations)[len(durations) // 2] < 300
    assert 3 < sorted(pauses)[len(pauses) // 2] < 8
    assert max(pauses) < LIVE.heartbeat_seconds


def test_no_family_of_the_stream_outlasts_the_longest(long_stream: list[DemoEvent]) -> None:
    """Unfinished families are looked for no further back than this."""
    roots = defaultdict(list)
    for event in only_jobs(long_stream):
        roots[root_of(event)].append(event.at)
    assert max(max(times) - min(times) for times in roots.values()) < LONGEST_FAMILY


@pytest.mark.parametrize("minutes", [0.5, 7.3, 61])
def test_a_stream_that_was_cut_can_be_taken_up(minutes: float) -> None:
    """What was told before the cut and what is unfinished at it make up the uncut families."""
    cut = NOW + timedelta(minutes=minutes)
    told = only_jobs(streamed(cut - NOW))
    begun = by_job(told)
    whole = only_jobs(streamed(cut - NOW + LONGEST_FAMILY))
    rest = list(unfinished_events([Window(NOW, cut, 1, RATE)], cut))
    assert not set(ids(told)) & set(ids(rest))
    told_in_all = {event.detail["event_id"]: event for event in told + rest}
    for event in whole:
        if event.detail["job_id"] in begun:
            assert told_in_all[event.detail["event_id"]] == event
    assert {root_of(event) for event in rest} <= {root_of(event) for event in told}


def test_a_stream_goes_on_with_what_is_unfinished() -> None:
    """Unfinished events come in their place among the new ones."""
    unfinished = list(unfinished_events([Window(NOW - HOUR, NOW, 1, RATE)], NOW))
    assert unfinished
    events = stream(NOW, 1, RATE, unfinished)
    seen = list(takewhile(lambda event: event.at < NOW + LONGEST_FAMILY, events))
    assert set(ids(unfinished)) <= set(ids(seen))
    assert [event.at for event in seen] == sorted(event.at for event in seen)


def test_jobs_belong_to_projects_that_were_opened(long_past: list[DemoEvent]) -> None:
    """Every project that a job names has said what it is, whose it is and that it is active."""
    opened = {
        event.detail["project_id"]: event.detail
        for event in opened_projects(NOW - timedelta(days=28), NOW)
        if event.detail["event_id"].endswith(":opened")
    }
    for event in only_jobs(long_past):
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


def test_the_stream_carries_on_the_projects() -> None:
    """Over a fortnight every delivery completes and is followed by the next, in the stream, too."""
    fortnight = project_events(NOW, NOW + timedelta(days=14))
    completed = [event for event in fortnight if event.detail.get("status") == "completed"]
    assert len(completed) == sum(project.is_delivery for project in PROJECTS)
    until = NOW + timedelta(days=3)
    quiet = takewhile(lambda event: event.at < until, stream(NOW, 1, 0.1))
    told = [event for event in quiet if event.detail_type == "project_update"]
    assert told == project_events(NOW, until)


def test_a_stretch_of_projects_can_be_told_in_pieces() -> None:
    """Two stretches that meet tell each event once."""
    cut = NOW + timedelta(days=3, hours=5)
    end = NOW + timedelta(days=9)
    assert project_events(NOW, cut) + project_events(cut, end) == project_events(NOW, end)
