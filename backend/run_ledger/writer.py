"""The writer: an SQS batch of events, or one event of EventBridge, into the ledger."""

from __future__ import annotations

import json
import logging
from functools import cache
from typing import Any

import msgspec

from run_ledger import logs, settings
from run_ledger.domain.errors import InvalidEvent, StoreUnavailable
from run_ledger.domain.events import decode
from run_ledger.store.client import dynamodb
from run_ledger.store.ledger import Delivery, Ledger, Refusal, Report

_log = logging.getLogger(__name__)


@cache
def _ledger() -> Ledger:
    configuration = settings.load()
    logs.configure(configuration.log_level)
    return Ledger(
        dynamodb(),
        configuration.tables,
        entry_ttl_days=configuration.entry_ttl_days,
        rollup_shards=configuration.rollup_shards,
    )


def handler(event: dict[str, Any], context: Any) -> dict[str, Any] | None:
    """Post what *event* carries.

    Returns the partial-batch answer for SQS. A direct event that could not be posted raises
    StoreUnavailable, so that Lambda delivers it again.
    """
    if "Records" in event:
        messages = [(record["messageId"], record["body"]) for record in event["Records"]]
    else:
        messages = [(str(event.get("id", "")), _raw(event))]
    report = _post(messages, context)
    _write_log(report, len(messages))
    if "Records" in event:
        failed = [message_id for message_id, _ in messages]
        return {
            "batchItemFailures": [
                {"itemIdentifier": message_id}
                for message_id in failed
                if message_id in report.failed_message_ids
            ]
        }
    if report.failed_message_ids:
        raise StoreUnavailable("; ".join(report.failures))
    return None


def _raw(event: dict[str, Any]) -> str:
    """Return the text of a direct event.

    Half a surrogate pair has no form in UTF-8: it stays the escape that it was sent as, so that the
    event is rejected with its reason rather than tried again and dropped.
    """
    try:
        return msgspec.json.encode(event).decode()
    except UnicodeEncodeError:
        return json.dumps(event)


def _post(messages: list[tuple[str, str]], context: Any) -> Report:
    ledger = _ledger()
    deliveries: list[Delivery] = []
    refusals: list[Refusal] = []
    for message_id, raw in messages:
        try:
            deliveries.append(Delivery(message_id, raw, decode(raw)))
        except InvalidEvent as error:
            refusals.append(Refusal(message_id, raw, error))
    return ledger.post(deliveries, refusals, lambda: context.get_remaining_time_in_millis() / 1000)


def _write_log(report: Report, messages: int) -> None:
    """Write one line a posting, one a rejection, one a failure, and one for the batch."""
    for posting in report.postings:
        _log.info("posted", extra=posting)
    for error in report.rejected:
        _log.warning("rejected", extra={"reason": error.reason, "field": error.field})
    for failure in report.failures:
        _log.error("failed", extra={"failure": failure})
    _log.info(
        "batch",
        extra={
            "messages": messages,
            "duplicates": report.duplicates,
            "rejections": len(report.rejected),
            "failures": len(report.failed_message_ids),
            "transactions": report.transactions,
            "cancelled": report.cancelled,
        },
    )
