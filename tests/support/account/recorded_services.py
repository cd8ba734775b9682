"""Services of AWS that answer from what a test recorded, in the shapes that botocore's models have.

Questions and answers are held against the models, so that neither can have a name that AWS lacks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.exceptions import ClientError
from botocore.model import ServiceModel
from botocore.validate import validate_parameters

PAGE = 2
"""How many things a page of a list holds: few, so that lists have several."""
Answers = dict[str, Any]


def refusal(code: str) -> ClientError:
    """Return the error by which a service refuses a call."""
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "AnyCall")


@cache
def _model(service: str) -> ServiceModel:
    found: ServiceModel = botocore.session.Session().get_service_model(service)
    return found


class _Client:
    """One service: a method or a paginator for each call that it can answer."""

    def __init__(self, service: str, account: RecordedAccount) -> None:
        self._service, self._account = service, account

    def __getattr__(self, name: str) -> Callable[..., Answers]:
        def call(**asked: Any) -> Answers:
            return next(self._ask(name, asked))

        return call

    def get_paginator(self, name: str) -> Any:
        client = self

        class Pages:
            def paginate(self, **asked: Any) -> Iterator[Answers]:
                return client._ask(name, asked)

        return Pages()

    def _ask(self, name: str, asked: Answers) -> Iterator[Answers]:
        model = _model(self._service)
        by_name = {xform_name(one): one for one in model.operation_names}
        operation = model.operation_model(by_name[name])
        validate_parameters(asked, operation.input_shape)
        self._account.calls[name] += 1
        failure = self._account.failures.get(name)
        if failure is not None:
            raise failure
        for answer in getattr(self._account, name)(**asked):
            validate_parameters(answer, operation.output_shape)
            yield answer


@dataclass
class RecordedAccount:
    """What an account holds; each method answers a call of the same name, page by page."""

    executions: dict[str, Answers] = field(default_factory=dict)
    machines: dict[str, str] = field(default_factory=dict)
    runs_of_maps: dict[str, list[Answers]] = field(default_factory=dict)
    runs_of_glue: dict[str, Answers] = field(default_factory=dict)
    inferences: dict[str, Answers] = field(default_factory=dict)
    jobs_of_batch: dict[str, Answers] = field(default_factory=dict)
    tasks: dict[str, Answers] = field(default_factory=dict)
    calls: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Exception] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)

    def client(self, service: str) -> Any:
        """Return a client of a service."""
        return _Client(service, self)

    # ------------------------------------------------------------------ Step Functions

    def describe_execution(
        self,
        executionArn: str,  # noqa: N803
        includedData: str = "ALL_DATA",  # noqa: N803
    ) -> Iterator[Answers]:
        """Return one, without its texts if its key is closed; or say that it does not exist."""
        if executionArn not in self.executions:
            raise refusal("ExecutionDoesNotExist")
        found = self.executions[executionArn]
        if executionArn in self.closed:
            if includedData != "METADATA_ONLY":
                raise refusal("KmsAccessDeniedException")
            texts = ("input", "output", "error", "cause")
            found = {name: value for name, value in found.items() if name not in texts}
        yield found

    def list_state_machines(self) -> Iterator[Answers]:
        """Return all."""
        for some in _pages(sorted(self.machines.items())):
            machines = [
                {
                    "stateMachineArn": arn,
                    "name": arn.rpartition(":")[2],
                    "type": kind,
                    "creationDate": 0,
                }
                for arn, kind in some
            ]
            yield {"stateMachines": machines}

    def list_executions(self, stateMachineArn: str) -> Iterator[Answers]:  # noqa: N803
        """Return those of a standard workflow, newest first; an express one keeps none."""
        if self.machines[stateMachineArn] != "STANDARD":
            raise refusal("StateMachineTypeNotSupported")
        shown = ("executionArn", "stateMachineArn", "name", "status", "startDate", "stopDate")
        shown += ("redriveCount", "redriveDate")
        mine = [
            {name: one[name] for name in shown if name in one}
            for one in self.executions.values()
            if one["stateMachineArn"] == stateMachineArn
        ]
        for some in _pages(sorted(mine, key=lambda one: one["startDate"], reverse=True)):
            yield {"executions": some}

    def list_map_runs(self, executionArn: str) -> Iterator[Answers]:  # noqa: N803
        """Return those of an execution."""
        for some in _pages(self.runs_of_maps.get(executionArn, [])):
            shown = ("executionArn", "mapRunArn", "startDate")
            runs = [{name: one[name] for name in shown} for one in some]
            machine = self.executions[executionArn]["stateMachineArn"]
            yield {"mapRuns": [{**run, "stateMachineArn": machine} for run in runs]}

    def describe_map_run(self, mapRunArn: str) -> Iterator[Answers]:  # noqa: N803
        """Return one."""
        every = (one for runs in self.runs_of_maps.values() for one in runs)
        yield next(one for one in every if one["mapRunArn"] == mapRunArn)

    # ------------------------------------------------------------- Glue, Bedrock, Batch, ECS

    def list_jobs(self, **asked: Any) -> Iterator[Answers]:
        """Return Glue's names of jobs, or Batch's jobs of a queue or of an array job."""
        if not asked:
            for names in _pages(sorted({run["JobName"] for run in self.runs_of_glue.values()})):
                yield {"JobNames": names}
            return
        for some in _pages([one for one in self.jobs_of_batch.values() if _is_listed(one, asked)]):
            shown = [{"jobId": one["jobId"], "jobName": one["jobName"]} for one in some]
            yield {"jobSummaryList": shown}

    def get_job_runs(self, JobName: str) -> Iterator[Answers]:  # noqa: N803
        """Return the runs of a job, newest first."""
        mine = [one for one in self.runs_of_glue.values() if one["JobName"] == JobName]
        for some in _pages(sorted(mine, key=lambda one: one["StartedOn"], reverse=True)):
            yield {"JobRuns": some}

    def get_job_run(self, JobName: str, RunId: str) -> Iterator[Answers]:  # noqa: N803
        """Return one, or say that there is none."""
        found = self.runs_of_glue.get(RunId)
        if found is None or found["JobName"] != JobName:
            raise refusal("EntityNotFoundException")
        yield {"JobRun": found}

    def list_model_invocation_jobs(self, submitTimeAfter: Any) -> Iterator[Answers]:  # noqa: N803
        """Return those that were submitted since."""
        every = self.inferences.values()
        for some in _pages([one for one in every if one["submitTime"] >= submitTimeAfter]):
            yield {"invocationJobSummaries": some}

    def get_model_invocation_job(self, jobIdentifier: str) -> Iterator[Answers]:  # noqa: N803
        """Return one, or say that there is none."""
        if jobIdentifier not in self.inferences:
            raise refusal("ResourceNotFoundException")
        yield self.inferences[jobIdentifier]

    def describe_job_queues(self) -> Iterator[Answers]:
        """Return the queues that jobs are in."""
        for some in _pages(sorted({one["jobQueue"] for one in self.jobs_of_batch.values()})):
            yield {"jobQueues": [_queue(arn) for arn in some]}

    def describe_jobs(self, jobs: list[str]) -> Iterator[Answers]:
        """Return those of Batch that there are; what has not begun began at 0."""
        found = [self.jobs_of_batch[one] for one in jobs if one in self.jobs_of_batch]
        yield {"jobs": [{"startedAt": 0, **one} for one in found]}

    def list_clusters(self) -> Iterator[Answers]:
        """Return the clusters that tasks are in."""
        yield {"clusterArns": sorted({one["clusterArn"] for one in self.tasks.values()})}

    def list_tasks(self, cluster: str, desiredStatus: str) -> Iterator[Answers]:  # noqa: N803
        """Return the tasks of a cluster that should be so."""
        mine = [
            arn
            for arn, one in self.tasks.items()
            if (one["clusterArn"], one["desiredStatus"]) == (cluster, desiredStatus)
        ]
        yield from ({"taskArns": some} for some in _pages(mine) or [[]])

    def describe_tasks(self, cluster: str, tasks: list[str]) -> Iterator[Answers]:
        """Return those of a cluster."""
        found = [self.tasks[one] for one in tasks if self.tasks[one]["clusterArn"] == cluster]
        yield {"tasks": found}


def _queue(arn: str) -> Answers:
    return {
        "jobQueueArn": arn,
        "jobQueueName": arn.rpartition("/")[2],
        "state": "ENABLED",
        "priority": 1,
        "computeEnvironmentOrder": [],
    }


def _is_listed(job: Answers, asked: Answers) -> bool:
    """Return whether Batch lists a job; children of an array are listed by their parent alone."""
    parent = job["jobId"].rpartition(":")[0]
    if "arrayJobId" in asked:
        return (parent, job["status"]) == (asked["arrayJobId"], asked["jobStatus"])
    (after,) = (int(one["values"][0]) for one in asked["filters"])
    return not parent and job["jobQueue"] == asked["jobQueue"] and job["createdAt"] >= after


def _pages(every: list[Any]) -> list[list[Any]]:
    return [every[first : first + PAGE] for first in range(0, len(every), PAGE)] or [[]]
