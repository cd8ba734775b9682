"""The courier: brings notices from the queue of deliveries to the channels of clients.

A delivery that fails is put off by its message's time of invisibility, longer each time, and so
keeps its id. What is not delivered in about half a day becomes a dead letter.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from run_ledger import logs, metrics, settings, starting
from run_ledger.delivering.aws_clients import delivery_client
from run_ledger.delivering.channel_senders import ChannelSenders
from run_ledger.delivering.deliverer import FIRST_PAUSE_SECONDS, PACES, Deliverer, Handled
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.delivering.mails import Outbox, Post, SesPost
from run_ledger.delivering.pinned_http import PinnedPoster
from run_ledger.delivering.references import References
from run_ledger.domain.delivery.deliveries import unpacked
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.store.clients.channel_reads import read_channel
from run_ledger.store.deliveries.delivery_lanes import DeliveryLanes
from run_ledger.store.deliveries.delivery_records import DeliveryRecords, Pace
from run_ledger.store.dynamo.connection import dynamodb

_log = logging.getLogger(__name__)

UNITS: Mapping[str, metrics.Unit] = {"NotDelivered": "Count", "GivenUp": "Count"}
# Time that one delivery may take: once less is left, no further one is begun.
_RESERVE_SECONDS = 20.0


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


class Courier(NamedTuple):
    """What an invocation works with."""

    deliverer: Deliverer
    queue: DeliveryQueue


@cache
def _courier() -> Courier:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="courier")
    client, tables = dynamodb(), configuration.tables
    outbox = configuration.outbox
    post: Post = (
        Outbox(Path(outbox), configuration.smtp_port)
        if outbox
        else SesPost(delivery_client("sesv2"), configuration.mail_from)
    )
    senders = ChannelSenders(
        post,
        PinnedPoster(is_local=bool(outbox)),
        References(delivery_client, is_local=bool(outbox)),
        configuration.site_url,
    )
    deliverer = Deliverer(
        partial(read_channel, client, tables.clients),
        DeliveryRecords(client, tables.incidents),
        DeliveryLanes(client, tables.incidents),
        senders,
        _now,
    )
    starting.finished()
    queue = DeliveryQueue(lambda: delivery_client("sqs"), configuration.delivery_queue_url)
    return Courier(deliverer, queue)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Deliver a batch of messages, and say which of them are to come again.

    Those whose receivers are quick go first: they don't wait for slow ones.
    """
    started = time.perf_counter()
    courier = _courier()
    logs.begin(context)
    again: list[str] = []
    counts: Counter[str] = Counter()
    waiting: list[Mapping[str, Any]] = event["Records"]
    for slowest in PACES:
        records, waiting = waiting, []
        for record in records:
            left = context.get_remaining_time_in_millis() / 1_000
            has_time = left >= _RESERVE_SECONDS
            handled = _handled(courier, record, slowest) if has_time else Handled("put_off")
            if handled.outcome == "slower":
                waiting.append(record)
                continue
            counts[handled.outcome] += 1
            if handled.outcome in ("put_off", "waits"):
                again.append(record["messageId"])
                courier.queue.put_off(record["receiptHandle"], handled.again_seconds)
    metrics.emit(
        "delivered",
        UNITS,
        {
            "Messages": len(event["Records"]),
            "Delivered": counts["delivered"],
            "NotDelivered": [counts["put_off"]] if counts["put_off"] else [],
            "GivenUp": [counts["given_up"]] if counts["given_up"] else [],
            "DeliverMs": round((time.perf_counter() - started) * 1_000, 1),
        },
        now=_now(),
    )
    return {"batchItemFailures": [{"itemIdentifier": one} for one in again]}


def _handled(courier: Courier, record: Mapping[str, Any], slowest: Pace) -> Handled:
    """Handle one message; whatever can't be done now is put off, or left to a slower turn."""
    tries = int(record["attributes"]["ApproximateReceiveCount"])
    try:
        delivery = unpacked(record["body"])
    except msgspec.ValidationError:
        # Of a later version, perhaps, whose courier is not there yet.
        _log.exception("unreadable delivery", extra={"message_id": record["messageId"]})
        return Handled("put_off", FIRST_PAUSE_SECONDS * min(tries, 90))
    extra = {"delivery_id": delivery.delivery_id, "client_id": delivery.client_id}
    try:
        handled = courier.deliverer.handle(delivery, tries, slowest)
    except StoreUnavailable as error:
        _log.error("failed", extra=extra | {"failure": str(error)})
        return Handled("put_off", FIRST_PAUSE_SECONDS * min(tries, 90))
    except Exception:  # noqa: BLE001 - whatever is wrong with one message, the others are delivered
        _log.exception("failed", extra=extra)
        return Handled("put_off", FIRST_PAUSE_SECONDS * min(tries, 90))
    extra["outcome"] = handled.outcome
    _log.info("handled", extra=extra)
    return handled
