"""Whole runs by OpenLineage and the jobs that they must come to, in any order and repeated."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest
from tests.support.producers.lineage import folded_jobs

from run_ledger.domain import instants
from run_ledger.domain.state.job import Job
from run_ledger.emit.lineage import LineageAdapter, LineageRules, Owner, read_rules

EVENTS = Path(__file__).resolve().parents[3] / "events/lineage"
CASES = json.loads((EVENTS / "cases.json").read_text())
RULES = LineageRules(Owner("acme", "warehouse", "{name}"))


def details(events: list[dict[str, Any]], rules: LineageRules = RULES) -> list[dict[str, Any]]:
    """Give what a fresh adapter makes of these events, in this order."""
    adapter = LineageAdapter(rules)
    found = [adapter.job_event(event) for event in events]
    return [one for one in found if one is not None]


def shown(job: Job, names: set[str]) -> dict[str, Any]:
    """Give the named facts about a job, as the cases write them."""
    error, first = job.current.error, job.attempts[min(job.attempts)]
    facts = {
        "outcome": job.outcome,
        "counters": {name: value for name, value in job.counters.items() if value},
        "attempts": [attempt.result for _, attempt in sorted(job.attempts.items())],
        "error": error and {"type": error.type, "message": error.message},
        "first_error": first.error and {"type": first.error.type, "message": first.error.message},
        "ended_at": job.current.ended_at and instants.text(job.current.ended_at),
        "duration_seconds": job.current.duration and job.current.duration / 1_000_000,
    }
    for field, value in job.latest_values.items():
        facts[field] = value.value
    return {name: facts.get(name) for name in names}


def assert_right(case: dict[str, Any], sent: list[dict[str, Any]]) -> None:
    """Compare the jobs that updates come to with those of the case."""
    jobs = sorted(folded_jobs(sent), key=lambda job: str(shown(job, {"name"})))

    assert len(jobs) == len(case["right"])
    for job, right in zip(jobs, case["right"], strict=True):
        assert shown(job, set(right)) == right


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_run_comes_out_right(case: dict[str, Any]) -> None:
    """Its events, in the order in which they were reported, give the jobs that the case names."""
    assert_right(case, details(case["events"]))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_any_order_and_repeats_come_out_the_same(case: dict[str, Any]) -> None:
    """So do all orders, by one adapter, and all of them told again by others."""
    orders = list(itertools.permutations(case["events"]))
    for order in orders:
        assert_right(case, details([*order, *reversed(order)]))
    dice = random.Random(5)
    again = [one for order in dice.sample(orders, min(3, len(orders))) for one in details([*order])]
    assert_right(case, again)


def recorded_jobs(name: str, **options: Any) -> dict[str, Job]:
    """Give the jobs that a recording comes to, by their names."""
    lines = (EVENTS / f"{name}.ndjson").read_text().splitlines()
    rules = read_rules({"client_id": "acme", **options})
    jobs = folded_jobs(details([json.loads(line) for line in lines], rules))
    return {job.latest_values["name"].value: job for job in jobs}


def error_of(job: Job) -> tuple[str, str] | None:
    """Give type and message of a job's error."""
    return job.current.error and (job.current.error.type, job.current.error.message)


UNIQUE = "unique(id) unique_orders_id failed on shop.main.orders, 1 instead of 0"


def test_dbt_as_it_reports_after_a_build() -> None:
    """Of two models and two tests, one failing: the command, a model, and the tests of a model."""
    jobs = recorded_jobs("dbt-artifacts")

    assert {name: job.outcome for name, job in jobs.items()} == {
        "dbt-run-shop": "failed",
        "shop.main.shop.orders.build.run": "succeeded",
        "shop.main.shop.orders.build.test": "failed",
    }
    assert error_of(jobs["shop.main.shop.orders.build.test"]) == ("AssertionFailed", UNIQUE)
    command = jobs["dbt-run-shop"].job_id
    assert [job.latest_values["parent_job_id"].value for name, job in jobs.items()
            if name != "dbt-run-shop"] == [command, command]  # fmt: skip


def test_dbt_as_it_reports_while_it_builds() -> None:
    """Its structured logs tell each query as well, unless that type of job is left out."""
    assert len(recorded_jobs("dbt-structured-logs")) == 18
    assert list(recorded_jobs("dbt-structured-logs", job_types=["JOB", "MODEL"])) == [
        "dbt-run-shop",
        "model.shop.orders",
        "model.shop.totals",
    ]
    jobs = recorded_jobs("dbt-structured-logs", job_types=["-SQL"])
    assert {name: job.outcome for name, job in jobs.items()} == {
        "dbt-run-shop": "failed",
        "model.shop.orders": "succeeded",
        "model.shop.totals": "cancelled",
        "test.shop.not_null_orders_id.84ef11d8fe": "succeeded",
        "test.shop.unique_orders_id.1360ecc70e": "failed",
    }
    assert error_of(jobs["test.shop.unique_orders_id.1360ecc70e"]) == (
        "AssertionFailed",
        f"{UNIQUE}: Got 1 result, configured to fail if != 0",
    )
