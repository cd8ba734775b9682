"""Run events made with the public OpenLineage client's classes, and the jobs they come to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from openlineage.client.event_v2 import (
    InputDataset,
    Job,
    OutputDataset,
    Run,
    RunEvent,
    RunState,
)
from openlineage.client.facet_v2 import (
    error_message_run,
    input_statistics_input_dataset,
    job_type_job,
    nominal_time_run,
    output_statistics_output_dataset,
    parent_run,
    processing_engine_run,
    tags_run,
)

from run_ledger.domain.contract import events as contract
from run_ledger.domain.state import job as ledger_job

RUN_ID = "3b452093-782c-4ef2-9c0c-aafe2aa6f34d"
PARENT_RUN_ID = "a6d1f7a0-5e1c-7b1a-9c1d-0f4f2e3c4b5a"
PRODUCER = "https://github.com/OpenLineage/OpenLineage/tree/1.54.0/client/python"
NAMESPACE, NAME = "my-scheduler-namespace", "myjob.mytask"


class Recorder:
    """Stands in for the ledger's client and keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.flushed: list[float] = []
        self.delivered: list[float] = []
        self.closed: list[float] = []
        self.is_stuck = False

    def send(self, detail_type: str, detail: Mapping[str, Any]) -> None:
        """Keep an update as JSON would carry it."""
        assert detail_type == "job_update"
        self.sent.append(json.loads(json.dumps(detail)))

    def flush(self, timeout: float) -> bool:
        """Note that a flush was asked for; there is a disk."""
        self.flushed.append(timeout)
        return True

    def deliver(self, timeout: float, *, start_seconds: float) -> bool:
        """Note for how long the bus was waited for."""
        assert (start_seconds > 0) == (timeout > 0)
        self.delivered.append(timeout)
        return not self.is_stuck

    def close(self, timeout: float) -> bool:
        """Note that the end was asked for."""
        self.closed.append(timeout)
        return True


def run_event(  # noqa: PLR0913 an event has that many parts
    state: RunState | None,
    at: str = "2020-12-17T03:00:00.000Z",
    *,
    run_id: str = RUN_ID,
    facets: Mapping[str, Any] | None = None,
    rows: int | None = None,
    namespace: str = NAMESPACE,
    name: str = NAME,
) -> RunEvent:
    """Make a run event; *rows* were written to its one output so far."""
    outputs = [] if rows is None else [output("instance.schema.table", rows)]
    return RunEvent(
        eventType=state,
        eventTime=at,
        run=Run(run_id, dict(facets or {})),
        job=Job(namespace, name),
        producer=PRODUCER,
        outputs=outputs,
    )


def output(name: str, rows: int | None, size: int | None = None) -> OutputDataset:
    """Make an output with its statistics."""
    statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
        rowCount=rows, size=size, fileCount=1
    )
    return OutputDataset(
        "my-datasource-namespace", name, outputFacets={"outputStatistics": statistics}
    )


def described(state: RunState) -> RunEvent:
    """Make an event with all facets that the ledger reads, and some that it does not read."""
    event = run_event(
        state,
        rows=10,
        facets={
            "parent": parent_run.ParentRunFacet(
                run=parent_run.Run(PARENT_RUN_ID), job=parent_run.Job(NAMESPACE, "myjob")
            ),
            "nominalTime": nominal_time_run.NominalTimeRunFacet(
                "2020-12-17T03:00:00.000Z", "2020-12-17T04:00:00.000Z"
            ),
            "processing_engine": processing_engine_run.ProcessingEngineRunFacet(
                version="2.5.0", name="Airflow", openlineageAdapterVersion="0.19.0"
            ),
            "errorMessage": error_message_run.ErrorMessageRunFacet(
                message="org.apache.spark.sql.AnalysisException: Table or view not found: t",
                programmingLanguage="JAVA",
                stackTrace="at io.openlineage.SomeClass.method(SomeClass.java:13)",
            ),
            "tags": tags_run.TagsRunFacet([tags_run.TagsRunFacetFields("pii", "true", "USER")]),
            "airflow": {
                "taskInstance": {
                    "try_number": 2,
                    "log_url": "https://airflow.example/dags/myjob/log?try=2",
                }
            },
            "somebodys_own": {"anything": [1, {"deep": None}]},
        },
    )
    assert event.job.facets is not None
    event.job.facets["jobType"] = job_type_job.JobTypeJobFacet("BATCH", "AIRFLOW", "TASK")
    event.inputs = [
        InputDataset(
            "my-datasource-namespace",
            "instance.schema.source",
            inputFacets={
                "inputStatistics": input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                    rowCount=12, size=3400
                )
            },
        ),
        InputDataset("my-datasource-namespace", "instance.schema.other"),
    ]
    return event


def decoded(details: Iterable[Mapping[str, Any]]) -> list[contract.Event]:
    """Decode updates with the ledger's own decoder, as if the bus had delivered them."""
    envelope = {"id": "of-the-bus", "detail-type": "job_update", "source": "test"}
    at = {"time": "2026-11-22T12:00:00Z"}
    return [contract.decode(json.dumps(envelope | at | {"detail": detail})) for detail in details]


def folded(details: Iterable[Mapping[str, Any]]) -> ledger_job.Job:
    """Return the job that updates come to; repeated ones count once."""
    distinct: dict[str, contract.Event] = {}
    for event in decoded(details):
        known = distinct.setdefault(event.event_id, event)
        assert known.digest == event.digest, "an id came back with other content"
    return ledger_job.fold(None, list(distinct.values()))


def folded_jobs(details: Iterable[Mapping[str, Any]]) -> list[ledger_job.Job]:
    """Return the jobs that updates come to; of an id that comes back, the first content counts."""
    jobs: dict[str, dict[str, contract.Event]] = {}
    for event in decoded(details):
        assert isinstance(event.update, contract.JobUpdate)
        jobs.setdefault(event.update.job_id, {}).setdefault(event.event_id, event)
    return [ledger_job.fold(None, list(events.values())) for events in jobs.values()]
