"""What schedulers, queues and settings say, and what is made of it."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.backend.emit.conftest import Make
from tests.support.producers.buses import WillingBus

from run_ledger.emit import RunLedger
from run_ledger.emit.delivery import process_hooks
from run_ledger.emit.identity import environment
from run_ledger.emit.identity.environment import BusTarget
from run_ledger.emit.identity.identifiers import to_identifier
from run_ledger.emit.identity.spool_places import spool_places

OWNER = {"client_id": "c", "project_id": "p"}
BATCH = {"AWS_BATCH_JOB_ID": "4c2f-11:3", "AWS_BATCH_JOB_ATTEMPT": "2"}
AIRFLOW = {
    "AIRFLOW_CTX_DAG_ID": "nightly",
    "AIRFLOW_CTX_DAG_RUN_ID": "scheduled__2026-11-22T00:00:00+00:00",
    "AIRFLOW_CTX_TASK_ID": "enrich.map",
    "AIRFLOW_CTX_TRY_NUMBER": "3",
}
STATED = {"RUN_LEDGER_JOB_ID": "execution-7", "RUN_LEDGER_RETRIES": "1"}
KUBERNETES = {"RUN_LEDGER_JOB_ID": "enrich", "JOB_COMPLETION_INDEX": "4", "RUN_LEDGER_ATTEMPT": "5"}


def set_all(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    """Set environment variables."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "job_id", "attempt"),
    [
        (BATCH, "4c2f-11:3", 2),
        ({"AWS_BATCH_JOB_ID": "x"}, "x", 1),
        (STATED, "execution-7", 2),
        ({**BATCH, **STATED}, "execution-7", 2),
        (KUBERNETES, "enrich:4", 5),
        ({**STATED, "RUN_LEDGER_RETRIES": "soon"}, "execution-7", 1),
        ({**STATED, "RUN_LEDGER_RETRIES": " 1\n"}, "execution-7", 2),
        ({**STATED, "RUN_LEDGER_RETRIES": "1.0"}, "execution-7", 2),
        ({**STATED, "RUN_LEDGER_RETRIES": "1.5"}, "execution-7", 1),
        ({**STATED, "RUN_LEDGER_RETRIES": "-3"}, "execution-7", 1),
        ({**STATED, "RUN_LEDGER_ATTEMPT": "0"}, "execution-7", 2),
    ],
)
def test_a_scheduler_names_the_job_and_counts_its_tries(
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    variables: dict[str, str],
    job_id: str,
    attempt: int,
) -> None:
    """AWS Batch, Kubernetes, Step Functions and whatever sets RUN_LEDGER_…."""
    set_all(monkeypatch, variables)

    job = make().job(**OWNER)

    assert (job.job_id, job.attempt) == (job_id, attempt)


def test_airflow_runs_have_ids_that_the_contract_takes(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plus sign is none of its characters; a digest keeps apart what would become the same."""
    set_all(monkeypatch, AIRFLOW)
    first = make().job(**OWNER)
    monkeypatch.setenv("AIRFLOW_CTX_DAG_RUN_ID", "scheduled__2026-11-22T00:00:00-00:00")
    other = make().job(**OWNER)

    assert first.attempt == 3
    assert (first.job_id or "").startswith(
        "nightly:scheduled__2026-11-22T00:00:00-00:00:enrich.map-"
    )
    assert first.job_id != other.job_id
    assert len(to_identifier("x" * 500)) == 128


def test_celery_workers_send_before_they_end(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They end past Python's own ways to be told; Celery's signal tells."""
    told: list[Any] = []
    shutdown = SimpleNamespace(connect=lambda receiver, **_: told.append(receiver))
    signals = SimpleNamespace(worker_process_shutdown=shutdown)
    monkeypatch.setitem(sys.modules, "celery.signals", signals)  # type: ignore[arg-type]
    monkeypatch.setattr(process_hooks, "_registered_in", [])
    make(interval_seconds=60).join(**OWNER, job_id="j").add(records_ok=1)

    (receiver,) = told
    receiver(signal=shutdown, sender=None, pid=1, exitcode=0)

    assert bus.jobs["j"].counters == {"records_ok": 1}


def test_several_jobs_of_one_task_are_numbered(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first has the scheduler's id, the others have it with their number, at every try.

    Another ledger of the process goes on counting.
    """
    for attempt in ("1", "2"):
        set_all(monkeypatch, {**BATCH, "AWS_BATCH_JOB_ATTEMPT": attempt})
        jobs = [make().job(**OWNER) for _ in range(3)]
        assert [(job.job_id, job.attempt) for job in jobs] == [
            ("4c2f-11:3", int(attempt)),
            ("4c2f-11:3:2", int(attempt)),
            ("4c2f-11:3:3", int(attempt)),
        ]


def test_a_worker_process_leaves_the_schedulers_id_to_its_parent(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else both would end the same job."""
    set_all(monkeypatch, BATCH)
    monkeypatch.setattr(environment, "is_worker", lambda: True)

    job = make().job(**OWNER)

    assert job.job_id != BATCH["AWS_BATCH_JOB_ID"]
    assert job.attempt == 1


def test_what_is_said_counts_more_than_the_surroundings(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An id of the pipeline's own is tried as often as the scheduler says; an attempt is final."""
    set_all(monkeypatch, BATCH)
    ledger = make()

    own = ledger.job(**OWNER, job_id="own")
    told = ledger.job(**OWNER, job_id="own-2", attempt=9)

    assert (own.job_id, own.attempt) == ("own", 2)
    assert (told.job_id, told.attempt) == ("own-2", 9)


def test_owner_and_parent_may_come_from_the_environment(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a pipeline's code names nobody."""
    set_all(
        monkeypatch,
        {
            "RUN_LEDGER_CLIENT_ID": "acme",
            "RUN_LEDGER_PROJECT_ID": "catalogue",
            "RUN_LEDGER_PIPELINE": "pl",
            "RUN_LEDGER_PARENT_JOB_ID": "above",
        },
    )
    ledger = make()
    with ledger.job():
        pass

    assert ledger.flush(30)
    assert {
        name: bus.details[0][name]
        for name in ("client_id", "project_id", "pipeline", "parent_job_id")
    } == {
        "client_id": "acme",
        "project_id": "catalogue",
        "pipeline": "pl",
        "parent_job_id": "above",
    }


def test_inside_run_a_program_has_its_own_job_and_may_join_the_runs(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`run-ledger run` has the scheduler's id, and may start many programs: theirs are new."""
    set_all(monkeypatch, BATCH)
    monkeypatch.setenv("RUN_LEDGER_PARENT_JOB_ID", BATCH["AWS_BATCH_JOB_ID"])
    monkeypatch.setenv("RUN_LEDGER_PARENT_ATTEMPT", "2")
    ledger = make()

    own = ledger.job(**OWNER)
    assert not (own.job_id or "").startswith("4c2f-11:3")
    assert own.attempt == 1
    part = ledger.join(**OWNER)
    assert (part.job_id, part.attempt) == ("4c2f-11:3", 2)


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        ({}, {}, None),
        ({"bus": "b"}, {}, BusTarget("b", None, None, "run-ledger.emit")),
        (
            {},
            {"RUN_LEDGER_BUS": "b", "RUN_LEDGER_SOURCE": "s", "AWS_REGION": "eu-west-1"},
            BusTarget("b", "eu-west-1", None, "s"),
        ),
        (
            {"bus": "arn:aws:events:eu-central-1:1:event-bus/b"},
            {"AWS_REGION": "eu-west-1"},
            BusTarget(
                "arn:aws:events:eu-central-1:1:event-bus/b", "eu-central-1", None, "run-ledger.emit"
            ),
        ),
        (
            {"bus": "b", "region": "x", "endpoint_url": "http://y", "source": "z"},
            {"RUN_LEDGER_BUS": "c", "RUN_LEDGER_REGION": "w", "RUN_LEDGER_ENDPOINT_URL": "v"},
            BusTarget("b", "x", "http://y", "z"),
        ),
    ],
)
def test_where_events_go(
    monkeypatch: pytest.MonkeyPatch,
    given: dict[str, str],
    variables: dict[str, str],
    expected: BusTarget | None,
) -> None:
    """What is given counts, then the environment; without a bus, nowhere."""
    set_all(monkeypatch, variables)
    wanted: dict[str, str | None] = dict.fromkeys(("bus", "region", "endpoint_url", "source"))

    assert environment.target(**{**wanted, **given}) == expected  # type: ignore[arg-type]


def test_where_the_spool_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As given, as the environment says, in the user's state, or among the temporary files."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert spool_places().roots[0] == tmp_path / "run-ledger" / "spool"
    monkeypatch.delenv("XDG_STATE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert spool_places().roots[0] == tmp_path / "home/.local/state/run-ledger/spool"
    monkeypatch.setenv("HOME", "/dev/null/nothing")
    places = spool_places()
    assert [root.name for root in places.roots] == ["spool"]
    assert "/dev" not in str(places.roots[0])
    assert "/dev/null/nothing/.local/state can't be used" in str(places.problem)
    monkeypatch.setenv("RUN_LEDGER_SPOOL", str(tmp_path / "own"))
    assert spool_places().roots[0] == tmp_path / "own"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("RUN_LEDGER_SPOOL", "~/own")
    assert spool_places().roots[0] == tmp_path / "own"
    monkeypatch.setenv("RUN_LEDGER_SPOOL", "off")
    assert spool_places().roots == []
    assert spool_places().problem is None
    assert spool_places("given").roots[0] == Path("given").absolute()


def test_a_lambda_function_sends_before_it_is_frozen(
    make: Make, bus: WillingBus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Leaving the block waits, for a moment at most, until the events are safe."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "enrich")
    ledger: RunLedger = make()
    with ledger.job(**OWNER, job_id="j") as job:
        job.add(records_ok=1)

    assert bus.jobs["j"].outcome == "succeeded"
    assert bus.jobs["j"].counters == {"records_ok": 1}
