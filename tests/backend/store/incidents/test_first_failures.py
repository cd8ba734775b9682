"""Errors that a client has not had before: told once, and new as ``/errors`` says it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.backend.store.incidents.test_teller import WELL, Stage, begun_stage
from tests.support.dynamo import faults
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import job_update
from tests.support.readers.reading import House

from run_ledger.domain.api.failures import LOOKED_BACK_DAYS
from run_ledger.domain.incidents.alert_rules import NEW_AFTER_DAYS, AlertRule

NEW = AlertRule("new_error", grace_seconds=0)
FAILED = AlertRule("failed", grace_seconds=0)
BEGIN = datetime(2026, 8, 1, 10, tzinfo=UTC)


def report(
    stage: Stage, job: str, hours: float, fingerprint: str | None = "fp", **more: Any
) -> None:
    """Let a job end so many hours after the beginning, and give the teller what came of it."""
    error = {"type": "E", "message": "m", "fingerprint": fingerprint}
    at = (BEGIN + timedelta(hours=hours)).isoformat()
    ended = WELL if fingerprint is None else {"result": "failed", "error": error}
    event = job_update(
        job_id=job,
        event_id=f"{job}-{hours}",
        occurred_at=at,
        **{"status": "completed", **ended, **more},
    )
    begun = len(stage.records)
    stage.post(event)
    assert stage.deliver(stage.records[begun:]) == []


def opened(stage: Stage) -> list[tuple[str, str]]:
    """Return what was opened, and by which job."""
    kinds = [one for kind, one in stage.told if kind == "incident_opened"]
    return [(one["what"], one["last_job_id"]) for one in kinds]


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Give a stage whose teller the handler finds."""
    with begun_stage() as made:
        made.declare(NEW, FAILED)
        yield made


def test_an_error_is_new_once(stage: Stage) -> None:
    """What fails by it after a good job is not new any more, on the same day or another."""
    report(stage, "a", 0)
    report(stage, "b", 1)
    assert opened(stage) == [("new_error", "a")]
    report(stage, "w", 2, None)
    assert stage.kinds == ["opened", "closed"]
    report(stage, "c", 3)
    assert opened(stage)[1:] == [("failed", "c")]
    report(stage, "x", 4, None)
    report(stage, "d", 24 * 20)
    assert opened(stage)[2:] == [("failed", "d")]
    report(stage, "y", 24 * 20 + 1, None)
    report(stage, "e", 24 * 60)
    assert opened(stage)[3:] == [("new_error", "e")]


def test_while_it_is_open_it_stays_one_incident(stage: Stage) -> None:
    """Though midnight passes, and a job is tried again."""
    report(stage, "a", 13)
    report(stage, "b", 15)
    report(stage, "a", 40, attempt=2)
    assert opened(stage) == [("new_error", "a")]
    report(stage, "w", 41, None)
    assert stage.kinds == ["opened", "closed"]


def test_one_pipeline_has_it(stage: Stage) -> None:
    """The one that is heard of first; the others fail by it as by any other error."""
    report(stage, "a", 0, pipeline="first")
    report(stage, "b", 0, pipeline="second")
    report(stage, "c", 1, pipeline="first")
    assert opened(stage) == [("new_error", "a"), ("failed", "b")]
    report(stage, "d", 2, client_id="client-2")
    assert len(opened(stage)) == 2, "another client has no rules, and errors of its own"
    stage.declare(NEW, client_id="client-3")
    report(stage, "e", 3, client_id="client-3")
    assert opened(stage)[2:] == [("new_error", "e")]


def test_the_first_rule_decides(stage: Stage) -> None:
    """A rule about failures that stands first leaves no new errors."""
    stage.declare(FAILED, NEW)
    report(stage, "a", 0)
    assert opened(stage) == [("failed", "a")]


def test_a_fingerprint_that_begins_like_another(stage: Stage) -> None:
    """Is another error, whatever characters it has."""
    report(stage, "a", 0, "fp#x")
    report(stage, "w", 1, None)
    report(stage, "b", 24, "fp")
    report(stage, "c", 25, "fp#")
    assert opened(stage) == [("new_error", "a"), ("new_error", "b"), ("new_error", "c")]


def test_what_is_withdrawn_and_comes_again_is_told(stage: Stage) -> None:
    """By the rule about failures: it was told as new before."""
    report(stage, "a", 0)
    report(stage, "a", 1, None, attempt=2, result="cancelled")
    assert stage.kinds == ["opened", "closed"]
    report(stage, "a", 2, attempt=3)
    assert opened(stage)[1:] == [("failed", "a")]
    before = list(stage.told)
    assert stage.deliver() == []
    assert stage.told == before, "a replay of everything changes nothing"


def test_a_replay_of_what_was_corrected_brings_nothing_back(stage: Stage) -> None:
    """Not by another rule either, when its error was told as new and withdrawn."""
    report(stage, "a", 0, "g")
    report(stage, "a", 1, "f", attempt=2)
    told = [("new_error", "a"), ("new_error", "a")]
    assert opened(stage) == told
    assert stage.deliver(stage.records[:1]) == []
    stage.sweep(60)
    assert opened(stage) == told


def test_in_doubt_it_comes_again(stage: Stage) -> None:
    """Where DynamoDB refuses, that end alone is given again, and others are told."""
    refused = faults.refused_with("ThrottlingException")
    stage.teller = stage.make_teller(
        lambda call: refused if call.request["TableName"] == NAMES.rollups else None
    )
    error = {"type": "E", "message": "m", "fingerprint": "fp"}
    for job, pipeline in (("a", "other"), ("b", "default")):
        stage.report(job, 1, pipeline=pipeline, status="completed", result="failed", error=error)
    stage.declare(AlertRule("failed", pipeline="default", grace_seconds=0), NEW)
    assert stage.deliver() == ["0" * 21]
    assert opened(stage) == [("failed", "b")]
    stage.teller = stage.make_teller()
    assert stage.deliver() == []
    assert opened(stage) == [("failed", "b"), ("new_error", "a")]


_steps = st.lists(
    st.tuples(st.sampled_from([0, 1, 29, 30, 31]), st.sampled_from("fg"), st.sampled_from("pq")),
    min_size=1,
    max_size=9,
)


@given(_steps)
def test_new_is_what_the_api_says(steps: list[tuple[int, str, str]]) -> None:
    """Each error that ``/errors`` has as new on a day is told as new on it, and no other."""
    assert NEW_AFTER_DAYS == LOOKED_BACK_DAYS
    with begun_stage() as stage:
        stage.declare(NEW)
        hours, days = 0.0, {}
        for number, (later, fingerprint, pipeline) in enumerate(steps):
            hours += 24 * later
            if hours > 24 * 100:
                break
            report(stage, f"{number}", hours + number / 10, fingerprint, pipeline=pipeline)
            days[f"{number}"] = (BEGIN + timedelta(hours=hours)).date()
            for one in "pq":
                at = hours + number / 10 + 0.05
                report(stage, f"well-{number}-{one}", at, None, pipeline=one)
        told = {
            (days[one["last_job_id"]], one["fingerprint"])
            for kind, one in stage.told
            if kind == "incident_opened"
        }
        assert len(opened(stage)) == len(told)
        house = House(Querying(stage.store))  # type: ignore[arg-type]
        for day in set(days.values()):
            asked = {"from": f"{day}", "to": f"{day + timedelta(days=1)}", "new": "true"}
            listed = house.get("/errors", client_id="client-1", **asked)
            new = {one["fingerprint"] for one in listed.json["items"]}
            assert new == {fingerprint for at, fingerprint in told if at == day}
