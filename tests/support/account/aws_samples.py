"""Events and answers of AWS's services, with the members that its documentation shows.

From the guides of Step Functions ("Step Functions events"), Batch ("Job state change events"), ECS
("Task state change events"), Glue's "Automating with EventBridge" and Bedrock's "How EventBridge
for Amazon Bedrock works"; the answers from the API references.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.readers.ledgers import NOW

from .watched_account import ACCOUNT, REGION

BEGAN_MS = NOW // 1_000 - 3_600_000
Document = dict[str, Any]


def at(ms: int) -> datetime:
    """Return a time as boto3 gives it."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms)


def _event(source: str, kind: str, detail: Document, resources: list[str]) -> Document:
    return {
        "version": "0",
        "id": "315c1398-40ff-a850-213b-158f73e60175",
        "detail-type": kind,
        "source": source,
        "account": ACCOUNT,
        "time": "2026-11-18T20:53:20Z",
        "region": REGION,
        "resources": resources,
        "detail": detail,
    }


def arn(service: str, rest: str) -> str:
    """Return an ARN of the account."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


# ------------------------------------------------------------------------------- Step Functions


def execution(
    name: str = "run-1", status: str = "RUNNING", machine: str = "orders", **more: Any
) -> Document:
    """Return the detail of an execution's event: it began at `BEGAN_MS` and took 5 s."""
    has_ended = status not in ("RUNNING", "PENDING_REDRIVE")
    detail: Document = {
        "executionArn": arn("states", f"execution:{machine}:{name}"),
        "stateMachineArn": arn("states", f"stateMachine:{machine}"),
        "name": name,
        "status": status,
        "startDate": BEGAN_MS,
        "stopDate": BEGAN_MS + 5_034 if has_ended else None,
        "input": "{}",
        "inputDetails": {"included": True},
        "output": '{"summary": {"ok": 7}}' if status == "SUCCEEDED" else None,
        "outputDetails": {"included": True} if status == "SUCCEEDED" else None,
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is running and cannot be redriven",
        "error": None,
        "cause": None,
    }
    return detail | more


def execution_event(*arguments: str, **more: Any) -> Document:
    """Return the event of an execution."""
    detail = execution(*arguments, **more)
    kind = "Step Functions Execution Status Change"
    return _event("aws.states", kind, detail, [detail["executionArn"]])


def described(detail: Document) -> Document:
    """Return an execution as DescribeExecution does: times as datetimes, nothing that is null."""
    times = ("startDate", "stopDate", "redriveDate")
    answer = {
        name: at(value) if name in times else value
        for name, value in detail.items()
        if value is not None
    }
    return answer | {"inputDetails": {"included": True}, "outputDetails": {"included": True}}


def map_run(execution_arn: str, label: str = "Items", **counts: int) -> Document:
    """Return an answer of DescribeMapRun, with *counts* of items."""
    names = ("pending", "running", "succeeded", "failed", "timedOut", "aborted", "total")
    every = {name: counts.get(name, 0) for name in (*names, "resultsWritten")}
    every["total"] = counts.get("total", sum(counts.values()))
    machine = execution_arn.split(":")[6]
    return {
        "mapRunArn": arn("states", f"mapRun:{machine}/{label}:0b4c-{label}"),
        "executionArn": execution_arn,
        "status": "RUNNING",
        "startDate": at(BEGAN_MS),
        "maxConcurrency": 0,
        "toleratedFailurePercentage": 100.0,
        "toleratedFailureCount": 0,
        "itemCounts": every,
        "executionCounts": every,
    }


# ------------------------------------------------------------------------------- Batch


def batch_job(job_id: str = "4c7599ae", status: str = "RUNNABLE", **more: Any) -> Document:
    """Return the detail of a job's event, which is what DescribeJobs answers, too."""
    detail: Document = {
        "jobArn": arn("batch", f"job/{job_id}"),
        "jobName": "event-test",
        "jobId": job_id,
        "jobQueue": arn("batch", "job-queue/nightly"),
        "status": status,
        "attempts": [],
        "createdAt": BEGAN_MS,
        "retryStrategy": {"attempts": 2, "evaluateOnExit": []},
        "dependsOn": [],
        "jobDefinition": arn("batch", "job-definition/first-run:1"),
        "parameters": {},
        "container": {"image": "amazonlinux:latest", "command": ["sleep", "600"]},
        "tags": {"resourceArn": arn("batch", f"job/{job_id}")},
        "propagateTags": False,
        "platformCapabilities": [],
    }
    return detail | more


def batch_attempt(number: int, exit_code: int, **container: Any) -> Document:
    """Return an attempt that took a second: the first began a second after the job."""
    began = BEGAN_MS + number * 10_000
    return {
        "container": {"exitCode": exit_code, "logStreamName": "first-run/x", **container},
        "startedAt": began,
        "stoppedAt": began + 1_000,
        "statusReason": "Essential container in task exited",
    }


def batch_event(detail: Document) -> Document:
    """Return the event of a Batch job."""
    return _event("aws.batch", "Batch Job State Change", detail, [detail["jobArn"]])


# ------------------------------------------------------------------------------- Glue


def glue_event(run: str, state: str, job: str = "orders-etl") -> Document:
    """Return the event of a run: it has no times, and no words of the error."""
    severity = "INFO" if state == "SUCCEEDED" else "ERROR"
    detail = {"jobName": job, "severity": severity, "state": state, "jobRunId": run}
    return _event("aws.glue", "Glue Job State Change", detail | {"message": state}, [])


def glue_run(run: str, state: str, job: str = "orders-etl", **more: Any) -> Document:
    """Return a run as GetJobRun does."""
    answer: Document = {
        "Id": run,
        "Attempt": 0,
        "JobName": job,
        "StartedOn": at(BEGAN_MS),
        "LastModifiedOn": at(BEGAN_MS + 90_000),
        "JobRunState": state,
        "Timeout": 2880,
    }
    if state not in ("STARTING", "RUNNING", "STOPPING", "WAITING"):
        answer["CompletedOn"] = at(BEGAN_MS + 90_000)
    return answer | more


# ------------------------------------------------------------------------------- ECS


def task(task_id: str = "c13b4cb4", status: str = "RUNNING", **more: Any) -> Document:
    """Return the detail of a task's event, whose times are texts."""
    stopped = status == "STOPPED"
    detail: Document = {
        "clusterArn": arn("ecs", "cluster/FargateCluster"),
        "containers": [{"name": "worker", "lastStatus": status}],
        "createdAt": "2026-11-18T16:00:00.402Z",
        "launchType": "FARGATE",
        "cpu": "256",
        "memory": "512",
        "desiredStatus": "STOPPED" if stopped else "RUNNING",
        "group": "family:sample-fargate",
        "lastStatus": status,
        "overrides": {"containerOverrides": []},
        "connectivity": "CONNECTED",
        "taskArn": arn("ecs", f"task/FargateCluster/{task_id}"),
        "taskDefinitionArn": arn("ecs", "task-definition/sample-fargate:1"),
        "version": 4,
        "platformVersion": "1.3.0",
    }
    if status not in ("PROVISIONING", "PENDING"):
        detail["startedAt"] = "2026-11-18T16:01:00.103Z"
    if stopped:
        detail["stoppedAt"] = "2026-11-18T16:05:00.001Z"
        detail["stopCode"] = "EssentialContainerExited"
        detail["stoppedReason"] = "Essential container in task exited"
    return detail | more


def exited(*codes: int | None) -> list[Document]:
    """Return containers with these exit codes; None for one that never ran."""
    names = ("worker", "sidecar", "third")
    return [
        {"name": name, "lastStatus": "STOPPED", **({} if code is None else {"exitCode": code})}
        for name, code in zip(names, codes, strict=False)
    ]


def task_event(detail: Document) -> Document:
    """Return the event of a task."""
    return _event("aws.ecs", "ECS Task State Change", detail, [detail["taskArn"]])


def described_task(detail: Document) -> Document:
    """Return a task as DescribeTasks does."""
    times = ("createdAt", "startedAt", "stoppedAt")
    return {
        name: datetime.fromisoformat(value) if name in times else value
        for name, value in detail.items()
    }


# ------------------------------------------------------------------------------- Bedrock


def inference_event(job: str, status: str, name: str = "describe-products") -> Document:
    """Return the event of a batch inference job, with Bedrock's own form of a time."""
    detail = {
        "version": "0.0",
        "accountId": ACCOUNT,
        "batchJobName": name,
        "batchJobArn": arn("bedrock", f"model-invocation-job/{job}"),
        "batchModelId": "arn:aws:bedrock:us-east-1::foundation-model/demo.model-v1:0",
        "status": status,
        "failureMessage": "",
        "creationTime": "Nov 18, 2026, 4:00:00 PM",
    }
    event = _event("aws.bedrock", "Batch Inference Job State Change", detail, [])
    return event | {"time": "Wed Nov 18 16:00:00 UTC 2026"}


def inference(job: str, status: str, name: str = "describe-products", **more: Any) -> Document:
    """Return a batch inference job as GetModelInvocationJob does."""
    answer: Document = {
        "jobArn": arn("bedrock", f"model-invocation-job/{job}"),
        "jobName": name,
        "modelId": "arn:aws:bedrock:us-east-1::foundation-model/demo.model-v1:0",
        "roleArn": "arn:aws:iam::123456789012:role/batch",
        "status": status,
        "submitTime": at(BEGAN_MS),
        "lastModifiedTime": at(BEGAN_MS + 60_000),
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": "s3://in/file.jsonl"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://out/"}},
    }
    if status in ("Completed", "PartiallyCompleted", "Failed", "Stopped", "Expired"):
        answer["endTime"] = at(BEGAN_MS + 120_000)
    return answer | more
