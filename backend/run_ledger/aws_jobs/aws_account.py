"""The services of the account, asked about single jobs and about recent ones.

Every answer is as boto3 gives it; `run_ledger.domain.aws_jobs` reads it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from botocore.exceptions import ClientError

from run_ledger.domain.aws_jobs import batch_jobs, bedrock_jobs, glue_runs, step_functions
from run_ledger.domain.aws_jobs.facts import Facts
from run_ledger.domain.instants import EPOCH, Instant
from run_ledger.store.dynamo.batches import portions
from run_ledger.store.dynamo.connection import client_config

_GONE = frozenset(
    {
        "ClusterNotFoundException",
        "EntityNotFoundException",
        "ExecutionDoesNotExist",
        "ResourceNotFound",
        "ResourceNotFoundException",
        "StateMachineDoesNotExist",
        # What was never there: a key comes from a tag, which any producer of a client may write.
        "InvalidArn",
        "InvalidInputException",
        "ValidationException",
    }
)
# Input, output and error lie under a key that the function may not use.
_CLOSED = frozenset({"KmsAccessDeniedException", "KmsInvalidStateException"})
_BATCH_ID = re.compile(r"[0-9A-Za-z-]{1,64}(?:[:#][0-9]{1,5})?")
_STANDARD = "STANDARD"
_ECS_STATUSES = ("RUNNING", "STOPPED")
_BATCH_STATUSES = ("RUNNING", "SUCCEEDED", "FAILED")
_MOST_MAP_RUNS = 200
_GLUE_COLONS = 4  # glue:REGION:ACCOUNT:JOB:RUN


@cache
def service_client(name: str) -> Any:
    """Return the client of a service, made at its first use."""
    # One that hangs is given up long before the function is: the event comes again.
    make: Any = boto3.client
    return make(name, config=client_config(read_timeout=5, attempts=3))


class AccountServices:
    """The account and region that the function runs in."""

    def __init__(self, client: Callable[[str], Any], place: str) -> None:
        """Ask by the clients that *client* gives for names of services, as boto3 has them.

        *place* is ``REGION:ACCOUNT``: what is elsewhere, nobody here knows.
        """
        self._client = client
        self._place = place

    def look(self, service: str, reference: tuple[str, ...]) -> Facts | None:
        """Return what a service says of one job; None where it does not know it (any more).

        Raises ClientError where it does not answer.
        """
        if self._is_elsewhere(reference[0]):
            return None
        try:
            return self._look(service, reference)
        except ClientError as error:
            if _code(error) in _GONE:
                return None
            raise

    def _look(self, service: str, reference: tuple[str, ...]) -> Facts | None:
        match service:
            case step_functions.SERVICE:
                return self._execution(reference[0])
            case glue_runs.SERVICE:
                job, run = reference
                return self._facts("glue", "get_job_run", JobName=job, RunId=run).get("JobRun")
            case bedrock_jobs.SERVICE:
                return self._facts(
                    "bedrock", "get_model_invocation_job", jobIdentifier=reference[0]
                )
            case batch_jobs.SERVICE:
                jobs = self._facts("batch", "describe_jobs", jobs=[reference[0]])["jobs"]
            case _:
                cluster, task = reference
                jobs = self._facts("ecs", "describe_tasks", cluster=cluster, tasks=[task])["tasks"]
        return next(iter(jobs), None)

    def _execution(self, arn: str) -> Facts:
        """Return an execution, without its texts where these are under a key of others."""
        asked = ("stepfunctions", "describe_execution")
        try:
            return self._facts(*asked, executionArn=arn)
        except ClientError as error:
            if _code(error) not in _CLOSED:
                raise
        return self._facts(*asked, executionArn=arn, includedData="METADATA_ONLY")

    def map_runs(self, execution_arn: str) -> list[Facts]:
        """Return the Map runs of an execution, those of its first two hundred Map states.

        There are none where the execution is not known (any more).
        """
        if self._is_elsewhere(execution_arn):
            return []
        try:
            return self._map_runs(execution_arn)
        except ClientError as error:
            if _code(error) in _GONE:
                return []
            raise

    def _map_runs(self, execution_arn: str) -> list[Facts]:
        pages = self._pages("stepfunctions", "list_map_runs", executionArn=execution_arn)
        arns = [run["mapRunArn"] for page in pages for run in page["mapRuns"]]
        return [
            self._facts("stepfunctions", "describe_map_run", mapRunArn=arn)
            for arn in arns[:_MOST_MAP_RUNS]
        ]

    # ------------------------------------------------------------------------- recent jobs

    def state_machines(self) -> Iterator[str]:
        """Give the ARNs of state machines with standard workflows; express ones keep no list."""
        for page in self._pages("stepfunctions", "list_state_machines"):
            for machine in page["stateMachines"]:
                if machine.get("type", _STANDARD) == _STANDARD:
                    yield machine["stateMachineArn"]

    def executions(self, machine_arn: str, since: Instant) -> Iterator[Facts]:
        """Give the executions of a state machine that began or ended since an instant.

        They come newest first, so that no more pages are read than have such.
        """
        first = _datetime(since)
        for page in self._pages("stepfunctions", "list_executions", stateMachineArn=machine_arn):
            is_recent = False
            for one in page["executions"]:
                if max(one["startDate"], one.get("stopDate") or one["startDate"]) >= first:
                    is_recent = True
                    yield one
            if not is_recent:
                return

    def batch_queues(self) -> Iterator[str]:
        """Give the ARNs of Batch's job queues."""
        for page in self._pages("batch", "describe_job_queues"):
            for queue in page["jobQueues"]:
                yield queue["jobQueueArn"]

    def batch_jobs(self, queue: str, since: Instant) -> Iterator[Facts]:
        """Give the jobs of a queue created since an instant, with the children of array jobs."""
        after = [{"name": "AFTER_CREATED_AT", "values": [str(since // 1_000)]}]
        listed = self._batch_ids(jobQueue=queue, filters=after)
        for some in portions(listed):
            for job in self._facts("batch", "describe_jobs", jobs=some)["jobs"]:
                yield job
                if "size" in job.get("arrayProperties", {}):
                    yield from self._children(job["jobId"])

    def _children(self, array_id: str) -> Iterator[Facts]:
        for status in _BATCH_STATUSES:
            for some in portions(self._batch_ids(arrayJobId=array_id, jobStatus=status)):
                yield from self._facts("batch", "describe_jobs", jobs=some)["jobs"]

    def _batch_ids(self, **asked: Any) -> list[str]:
        pages = self._pages("batch", "list_jobs", **asked)
        return [job["jobId"] for page in pages for job in page["jobSummaryList"]]

    def glue_jobs(self) -> Iterator[str]:
        """Give the names of Glue's jobs."""
        for page in self._pages("glue", "list_jobs"):
            yield from page["JobNames"]

    def glue_runs(self, job: str, since: Instant) -> Iterator[Facts]:
        """Give the runs of a job that began since an instant, newest first."""
        first = _datetime(since)
        for page in self._pages("glue", "get_job_runs", JobName=job):
            recent = [run for run in page["JobRuns"] if run.get("StartedOn", first) >= first]
            yield from recent
            if not recent:
                return

    def ecs_tasks(self) -> Iterator[Facts]:
        """Give the tasks of all clusters; ECS remembers stopped ones for an hour or so."""
        for page in self._pages("ecs", "list_clusters"):
            for cluster in page["clusterArns"]:
                for status in _ECS_STATUSES:
                    yield from self._tasks(cluster, status)

    def _tasks(self, cluster: str, status: str) -> Iterator[Facts]:
        pages = self._pages("ecs", "list_tasks", cluster=cluster, desiredStatus=status)
        for page in pages:
            if page["taskArns"]:
                asked = {"cluster": cluster, "tasks": page["taskArns"]}
                yield from self._facts("ecs", "describe_tasks", **asked)["tasks"]

    def bedrock_jobs(self, since: Instant) -> Iterator[Facts]:
        """Give the jobs of batch inference submitted since an instant."""
        asked = {"submitTimeAfter": _datetime(since)}
        for page in self._pages("bedrock", "list_model_invocation_jobs", **asked):
            yield from page["invocationJobSummaries"]

    def _pages(self, client: str, call: str, **asked: Any) -> Iterator[Facts]:
        """Give the pages of a list, none of what is gone: it may be deleted during a look."""
        try:
            yield from self._client(client).get_paginator(call).paginate(**asked)
        except ClientError as error:
            if _code(error) not in _GONE:
                raise

    def _is_elsewhere(self, arn: str) -> bool:
        parts = arn.split(":")
        return parts[0] == "arn" and ":".join(parts[3:5]) != self._place

    def _facts(self, client: str, call: str, **asked: Any) -> Facts:
        answer: Facts = getattr(self._client(client), call)(**asked)
        return answer


def reference_of(service: str, key: str) -> tuple[str, ...] | None:
    """Return by what a service is asked about the job of a key; None where it can't be.

    ECS forgets a stopped task within an hour or so, and of a Glue run's retries the key has none.
    A key may be any text, as tags are.
    """
    match service:
        case step_functions.SERVICE | bedrock_jobs.SERVICE if key.startswith("arn:"):
            return (key,)
        case batch_jobs.SERVICE if _BATCH_ID.fullmatch(key.rpartition("/")[2]):
            return (key.rpartition("/")[2],)
        case glue_runs.SERVICE if key.count(":") >= _GLUE_COLONS:
            job, _, run = key.split(":", 3)[3].rpartition(":")
            return (job, run) if job and run else None
        case _:
            return None


def _code(error: ClientError) -> str:
    return error.response["Error"]["Code"]


def _datetime(instant: Instant) -> datetime:
    return EPOCH.astimezone(UTC) + timedelta(microseconds=instant)
