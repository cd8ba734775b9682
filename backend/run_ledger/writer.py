"""The writer: an SQS batch of events, or one event of EventBridge, into the ledger."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, NamedTuple

import msgspec

from run_ledger import logs, metrics, settings, starting
from run_ledger.domain.contract.events import decode
from run_ledger.domain.contract.probes import Probe, read_probe
from run_ledger.domain.exceptions import InvalidEvent, StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo import throttles
from run_ledger.store.dynamo.connection import dynamodb
from run_ledger.store.posting.entities import Layout
from run_ledger.store.posting.grouping import EventMessage, InvalidMessage
from run_ledger.store.posting.ledger import Keeping, Ledger
from run_ledger.store.posting.reports import Report

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {
    "Posted": "Count",
    "Duplicates": "Count",
    "Rejected": "Count",
    "Failed": "Count",
    "FirstFailures": "Count",
    "Throttled": "Count",
    "BusSeconds": "Seconds",
}


@cache
def _ledger() -> Ledger:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="writer")
    ledger = Ledger(
        dynamodb(),
        configuration.tables,
        Keeping(
            configuration.entry_ttl_days,
            configuration.rollup_shards,
            Layout(configuration.entry_layout),
        ),
    )
    starting.finished()
    return ledger


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Post what *event* carries.

    Returns the partial-batch answer for SQS. A direct event that could not be posted raises
    StoreUnavailable, so that Lambda delivers it again.
    """
    if "Records" in event:
        messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    else:
        messages = [(str(event.get("id", "")), _raw(event))]
    started = time.perf_counter()
    ledger = _ledger()
    logs.begin(context)
    batch = _decoded(messages)
    again = _delivered_again(event)
    lost = _keep_probes(ledger, batch.probes)
    # Before they are tried, as a writer that dies of them says nothing afterwards.
    _note_failing(ledger, event, again - batch.probes.keys())
    report = ledger.post(
        batch.accepted, batch.invalid, lambda: context.get_remaining_time_in_millis() / 1000
    )
    _note_failing(ledger, event, report.failed_message_ids - again)
    counted = len(messages) - len(batch.probes)
    _write_log(report, counted, _first_failures(event, report), time.perf_counter() - started)
    if "Records" in event:
        # A probe comes again once: among the dead letters it would hold up what it is for.
        failed = report.failed_message_ids | (lost - again)
        return {
            "batchItemFailures": [
                {"itemIdentifier": message_id} for message_id, _ in messages if message_id in failed
            ]
        }
    if report.failed_message_ids:
        raise StoreUnavailable("; ".join(report.failures))
    return None


def _raw(event: dict[str, Any]) -> str:
    """Return a direct event as JSON.

    Half a surrogate pair can't be written in UTF-8: it stays the escape that it was sent as, which
    the contract takes for U+FFFD.
    """
    try:
        return msgspec.json.encode(event).decode()
    except UnicodeEncodeError:
        return json.dumps(event)


class _Batch(NamedTuple):
    accepted: list[EventMessage]
    invalid: list[InvalidMessage]
    probes: dict[str, Probe]
    """By the ids of their messages."""


def _decoded(messages: list[tuple[str, str]]) -> _Batch:
    batch = _Batch([], [], {})
    for message_id, raw in messages:
        try:
            batch.accepted.append(EventMessage(message_id, raw, decode(raw)))
        except InvalidEvent as error:
            # Only here, so that events pay nothing for probes.
            probe = read_probe(raw) if error.reason == "unknown_detail_type" else None
            if probe is not None:
                batch.probes[message_id] = probe
            else:
                batch.invalid.append(InvalidMessage(message_id, raw, error))
    return batch


def _keep_probes(ledger: Ledger, probes: Mapping[str, Probe]) -> set[str]:
    """Keep that *probes* came, and say so in one log line. Nothing else counts or lists them.

    Return the ids of the messages of those that could not be kept for the moment.
    """
    if not probes:
        return set()
    report = ledger.keep_arrivals(probes.values())
    _log.info("probes", extra={"kept": report.kept, "left_out": report.left_out})
    if report.trouble is not None:
        _log.error("probe not kept", extra={"failure": report.trouble})
    return {message_id for message_id, one in probes.items() if one.probe_id in report.passing}


def _first_failures(event: dict[str, Any], report: Report) -> int:
    """Return how many messages failed that were delivered for the first time.

    One that fails for its own sake fails again and again, and would count each time.
    """
    return len(report.failed_message_ids - _delivered_again(event))


def _delivered_again(event: dict[str, Any]) -> set[str]:
    """Return the ids of messages that were delivered before."""
    return {
        record["messageId"]
        for record in event.get("Records", ())
        if record.get("attributes", {}).get("ApproximateReceiveCount", "1") != "1"
    }


def _note_failing(ledger: Ledger, event: dict[str, Any], message_ids: Collection[str]) -> None:
    """Note since when messages wait that have failed: until then at most, all is posted."""
    sent = [
        int(record.get("attributes", {}).get("SentTimestamp", 0)) * 1_000
        for record in event.get("Records", ())
        if record["messageId"] in message_ids
    ]
    trouble = ledger.keep_failing(Instant(min(sent))) if sent else None
    if trouble is not None:
        _log.error("failures not noted", extra={"failure": trouble})


def _write_log(report: Report, messages: int, first_failures: int, seconds: float) -> None:
    """Write a log line for each thing that became of an event or a row, and one for the batch.

    The line for the batch carries the metrics.
    """
    for posting in report.postings:
        _log.info("posted", extra=posting)
    for repeat in report.repeats:
        _log.info("duplicate", extra=repeat)
    for rejection in report.rejections:
        _log.warning("rejected", extra=rejection)
    for unnamed in report.without_id:
        # Their producer can't send them again, and their equals in a replay count once.
        _log.warning("no event_id", extra=unnamed)
    for folding in report.foldings:
        _log.warning("own counters folded", extra=folding)
    for row in report.full_rows:
        _log.warning("row full", extra=row)
    for failure in report.failures:
        _log.error("failed", extra={"failure": failure})
    late = [posting["late_seconds"] for posting in report.postings]
    since_bus = [posting["bus_seconds"] for posting in report.postings if "bus_seconds" in posting]
    metrics.emit(
        "batch",
        UNITS,
        {
            "Messages": messages,
            "Posted": sum(posting["events"] for posting in report.postings),
            "Duplicates": report.duplicates,
            "Rejected": len(report.rejections),
            "Failed": len(report.failed_message_ids),
            # Left out where there is none, as a metric is paid for by the hour that has a value.
            "FirstFailures": [first_failures] if first_failures else [],
            "Calls": report.calls + report.transactions,
            "Cancelled": report.cancelled,
            "Throttled": throttles.writes.take(),
            "BatchMs": round(seconds * 1_000, 1),
            "WriteMs": report.write_ms,
            "LateSeconds": late,
            "BusSeconds": since_bus,
        },
        now=Instant(time.time_ns() // 1_000),
    )
