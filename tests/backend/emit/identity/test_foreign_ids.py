"""Ids from outside come to the same legal id by every way in, and no two to one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.domain.contract.vocabulary import is_identifier
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.identifiers import to_identifier

OWNER = {"client_id": "c", "project_id": "p"}
IDS: list[Any] = json.loads(Path(__file__).with_name("foreign_ids.json").read_text("utf-8"))["ids"]
OTHERS: list[Any] = [0, False, b"task-7", UUID(int=7), 1.5, "\ud83d", "'; drop", "\x00", "nul\x00"]
NOT_IN_AN_ENVIRONMENT = {"\x00", "\ud83d"}


@pytest.mark.parametrize("job_id", [*IDS, *OTHERS], ids=ascii)
def test_every_way_in_comes_to_the_same_id(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch, job_id: Any
) -> None:
    """By job, join, send, a parent's id and, of a text, the environment."""
    ledger = make()
    right = to_identifier(job_id)
    ledger.job(**OWNER, job_id=job_id, parent_job_id=job_id).start()
    ledger.join(**OWNER, job_id=job_id).add(records_ok=1)
    assert ledger.send("job_update", {**OWNER, "job_id": job_id, "parent_job_id": job_id})
    if isinstance(job_id, str) and not set(job_id) & NOT_IN_AN_ENVIRONMENT:
        monkeypatch.setenv("RUN_LEDGER_JOB_ID", job_id)
        ledger.job(**OWNER).start()
        monkeypatch.setenv("RUN_LEDGER_PARENT_JOB_ID", job_id)
        ledger.join(**OWNER).add(records_ok=1)

    assert ledger.flush(30)
    assert is_identifier(right)
    assert {detail["job_id"] for detail in bus.details} == {right}
    assert {detail.get("parent_job_id", right) for detail in bus.details} == {right}
    assert ledger.stats().invalid == 0


def test_no_two_names_come_to_one_id() -> None:
    """But a number and its digits."""
    made = [to_identifier(name) for name in IDS]

    assert len(set(made)) == len(IDS) - 1
    assert to_identifier(42) == to_identifier("42") != to_identifier("42 ")


@pytest.mark.parametrize("field", ["client_id", "project_id", "pipeline"])
def test_owners_are_named_as_jobs_are(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch, field: str
) -> None:
    """Given in a call or by the environment, for a job and for a project."""
    ledger = make()
    ledger.job(**{**OWNER, field: "Kunde Müller"}).start()
    ledger.project(**{**OWNER, **({} if field == "pipeline" else {field: "Kunde Müller"})}).add(x=1)
    monkeypatch.setenv(f"RUN_LEDGER_{field.upper()}", "Kunde Müller")
    ledger.job(**{**OWNER, field: None}).start()  # type: ignore[arg-type]

    assert ledger.flush(30)
    jobs = [detail for detail in bus.details if "job_id" in detail]
    assert {detail[field] for detail in jobs} == {to_identifier("Kunde Müller")}
    assert len(jobs) == 2


@pytest.mark.parametrize("nothing", [None, "", b""])
def test_an_empty_id_is_none(make: Make, bus: WillingBus, nothing: Any) -> None:
    """Each job gets one of its own, for many without a name are not one."""
    ledger = make()
    for _ in range(2):
        with ledger.job(**OWNER, job_id=nothing, parent_job_id=nothing, pipeline=nothing):
            pass

    assert ledger.flush(30)
    assert len(bus.jobs) == 2
    assert not {"parent_job_id", "pipeline"} & bus.details[0].keys()
    assert ledger.send("job_update", {**OWNER, "job_id": nothing}) is None


def test_a_job_can_be_joined_by_the_id_that_it_shows(make: Make, bus: WillingBus) -> None:
    """What `Job.job_id` says is no other name of the job, but its id."""
    ledger = make()
    with ledger.job(**OWNER, job_id="dag/task") as job:
        assert job.job_id == to_identifier("dag/task")
        ledger.join(**OWNER, job_id=job.job_id).add(records_ok=1)

    assert ledger.flush(30)
    assert list(bus.jobs) == [job.job_id]


def test_the_enclosing_jobs_id_is_mended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A parent that the environment names otherwise than the ledger is the same job."""
    monkeypatch.setenv("RUN_LEDGER_PARENT_JOB_ID", "dag/task")
    enclosing = environment.enclosing_job()

    assert enclosing is not None
    assert enclosing.job_id == to_identifier("dag/task")
