"""What the simulated pipelines report: valid, plausible, and marked as demo."""

from collections import Counter, defaultdict
from datetime import date, timedelta
from itertools import pairwise

import pytest
from tests.support.events.simulation import (
    NOW,
    by_job,
    decoded,
    deltas,
    ids,
    only_jobs,
    past,
    projects,
    totals,
)

from run_ledger.domain.state import job as ledger_job
from run_ledger_ops.demo.past.catalogue import PROJECTS
from run_ledger_ops.demo.reporting.demo_events import SOURCE, DemoEvent


@pytest.fixture(scope="module")
def long_past() -> list[DemoEvent]:
    """Give three weeks of the past."""
    return past(first_day=date(2026, 2, 12))


@pytest.fixture(scope="module")
def everything(long_past: list[DemoEvent]) -> list[DemoEvent]:
    """Give past and projects together."""
    return [*long_past, *projects(NOW - timedelta(days=28), NOW)]


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
    """Whatever names a job or a project marks it, and as simulated; so do ids and the source."""
    for event in everything:
        detail = event.detail
        assert event.entry("bus")["Source"] == "run-ledger.demo"
        assert detail["project_id"].startswith("demo-")
        assert detail.get("job_id", "demo-").startswith("demo-")
        if "name" in detail:
            assert detail["name"].startswith("Demo · ")
            assert detail["tags"].items() >= {"demo": "true", "simulated": "true"}.items()
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
        told = [delta for event in events for delta in deltas(event)]
        assert all(value > 0 for delta in told for value in delta.values())


def test_what_calls_take_is_told_of_their_model(everything: list[DemoEvent]) -> None:
    """Each job's calls, tokens and cost are its pipeline's model's, and its records are its own."""
    models = {project.pipeline.name: project.pipeline.model.name for project in PROJECTS}
    told = [event.detail for event in everything if "delta_by_model" in event.detail]
    assert {models[detail["pipeline"]] for detail in told} == {*models.values()}
    assert all({*detail["delta_by_model"]} == {models[detail["pipeline"]]} for detail in told)
    apart = {"llm_calls", "llm_errors", "input_tokens", "output_tokens", "cost_microusd"}
    for event in everything:
        own, *of_models = deltas(event)
        assert not own.keys() & apart
        assert not any(name.startswith("records_") for delta in of_models for name in delta)


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
