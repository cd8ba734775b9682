"""Jobs of AWS's services: events of the account's default bus by a queue, and a look by a schedule.

Both come to the same updates with the same ids, so it does not matter which of them comes first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from run_ledger import logs, metrics, settings, starting
from run_ledger.aws_jobs.aws_account import AccountServices, service_client
from run_ledger.aws_jobs.follower import Follower, Means, Message
from run_ledger.aws_jobs.reconciler import Reconciler
from run_ledger.domain.instants import Instant
from run_ledger.doors.event_bus import Bus, eventbridge
from run_ledger.store.clients.aws_job_rules import read_rules
from run_ledger.store.dynamo.connection import dynamodb

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {
    "NotUnderstood": "Count",
    "ReconcileFailed": "Count",
}


class _Tools(NamedTuple):
    follower: Follower
    reconciler: Reconciler


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


@cache
def _tools(place: str) -> _Tools:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="aws-jobs")
    if not configuration.bus_name:
        raise ValueError("BUS_NAME is not set; allowed: the stack's own")
    client, tables = dynamodb(), configuration.tables
    means = Means(
        rules=lambda: read_rules(client, tables.clients),
        account=AccountServices(service_client, place),
        bus=Bus(eventbridge(), configuration.bus_name),
        jobs=(client, tables.jobs),
        place=place,
        now=_now,
    )
    tools = _Tools(Follower(means), Reconciler(means))
    starting.finished()
    return tools


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Follow the events of a batch, or look at recent jobs, and write one line with the metrics.

    Returns the partial-batch answer for SQS.
    """
    # arn:aws:lambda:REGION:ACCOUNT:function:NAME
    place = ":".join(context.invoked_function_arn.split(":")[3:5])
    tools = _tools(place)
    logs.begin(context)

    def remaining_seconds() -> float:
        return float(context.get_remaining_time_in_millis() / 1_000)

    if "Records" not in event:
        _reconcile(tools.reconciler, remaining_seconds)
        return None
    messages = [Message(record["messageId"], record["body"]) for record in event["Records"]]
    report = tools.follower.follow(messages, remaining_seconds)
    metrics.emit(
        "followed",
        UNITS,
        {
            "Messages": len(messages),
            "Sent": report.sent,
            "Ignored": report.ignored,
            "CountersLeftOut": report.counters_left_out,
            "Failed": len(report.failed),
            # Left out where there is none, as a metric is paid for by the hour that has a value.
            "NotUnderstood": [report.not_understood] if report.not_understood else [],
        },
        now=_now(),
    )
    return {
        "batchItemFailures": [
            {"itemIdentifier": message.message_id}
            for message in messages
            if message.message_id in report.failed
        ]
    }


def _reconcile(reconciler: Reconciler, remaining_seconds: Any) -> None:
    values: dict[str, metrics.Values] = {"ReconcileFailed": 1}
    extra: dict[str, object] = {}
    try:
        report = reconciler.reconcile(remaining_seconds)
    except Exception:  # noqa: BLE001 - whatever it was: the metric raises the alarm, the line says it
        _log.exception("failed")
    else:
        extra["failed_looks"] = report.failed
        values = {
            "ReconcileFailed": int(bool(report.failed)),
            "Seen": report.seen,
            "Sent": report.sent,
            "CountersLeftOut": report.counters_left_out,
            "NotUnderstood": [report.not_understood] if report.not_understood else [],
        }
    metrics.emit("reconciled", UNITS, values, now=_now(), extra=extra)
