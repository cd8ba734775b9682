"""The digester: a schedule calls it, and it sends the digests of clients that are due.

`run-ledger digest show` invokes it, too, with ``{"show": {"client_id": …, "day": …}}``. API Gateway
does not know it, so nobody else can.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache, partial
from typing import Any, NamedTuple

import msgspec

from run_ledger import logs, metrics, settings, starting
from run_ledger.delivering.aws_clients import delivery_client
from run_ledger.delivering.delivery_queue import DeliveryQueue
from run_ledger.domain.digests.digest_letters import digest_text
from run_ledger.domain.digests.digest_rules import DigestRule, period_before, period_with
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.read.reader import Reader
from run_ledger.store.clients.digest_reads import (
    DeclaredDigest,
    read_digests,
    read_mail_channels,
)
from run_ledger.store.digests.digest_records import LINK_SECRET_BYTES, DigestRecords
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb

from .digest_sender import DigestSender

_log = logging.getLogger(__name__)

# No metric of ours: the function fails where a digest does, and its errors cost nothing.
UNITS: Mapping[str, metrics.Unit] = {}
# Time that one digest may take: once less is left, no further one is begun.
_RESERVE_SECONDS = 35.0


class DigestsFailed(Exception):
    """Some digests could not be sent; the next invocation tries again."""


class Digester(NamedTuple):
    """What an invocation works with."""

    declared: Callable[[], list[DeclaredDigest]]
    sender: DigestSender


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


@cache
def _digester() -> Digester:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="digester")
    client, tables = dynamodb(), configuration.tables
    reader = Reader(
        client=client,
        settings=configuration,
        executor=ThreadPoolExecutor(MOST_CONNECTIONS, "digester"),
        now=_now,
    )
    sender = DigestSender(
        reader,
        lambda client_id: read_mail_channels(client, tables.clients, client_id),
        DigestRecords(client, tables.incidents),
        DeliveryQueue(lambda: delivery_client("sqs"), configuration.delivery_queue_url),
        partial(secrets.token_urlsafe, LINK_SECRET_BYTES),
        configuration.digest_off_url,
        configuration.site_url,
    )
    starting.finished()
    return Digester(lambda: read_digests(client, tables.clients), sender)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Send what is due, or show a digest.

    Raises StoreUnavailable where digests can't be read, and DigestsFailed where some could not be
    sent, so that the function's errors tell it.
    """
    digester = _digester()
    logs.begin(context)
    if "show" in event:
        return _shown(digester, event["show"])
    started = time.perf_counter()
    outcomes: Counter[str] = Counter()
    for one in digester.declared():
        left = context.get_remaining_time_in_millis() / 1_000
        outcomes["late" if left < _RESERVE_SECONDS else _outcome(digester, one, left)] += 1
    failed = outcomes["failed"]
    metrics.emit(
        "digests",
        UNITS,
        {
            "Digests": outcomes.total(),
            "Sent": outcomes["sent"],
            "Empty": outcomes["empty"],
            "Late": outcomes["late"],
            "Failed": failed,
            "DigestMs": round((time.perf_counter() - started) * 1_000, 1),
        },
        now=_now(),
    )
    if failed:
        raise DigestsFailed(f"{failed} digests could not be sent: the log says which")
    return {"sent": outcomes["sent"]}


def _outcome(digester: Digester, declared: DeclaredDigest, seconds: float) -> str:
    """Send a client's digest if it is due, so that others get theirs where it fails."""
    until = time.monotonic() + seconds
    extra = {"client_id": declared.client_id}
    if declared.rule is None:
        _log.error("unreadable digest", extra=extra)
        return "failed"
    try:
        outcome: str = digester.sender.send_due(
            declared.client_id, declared.rule, lambda: until - time.monotonic()
        )
    except StoreUnavailable as error:
        _log.error("failed", extra=extra | {"failure": str(error)})
        return "failed"
    except Exception:  # noqa: BLE001 - whatever is wrong with one digest, the others are sent
        _log.exception("failed", extra=extra)
        return "failed"
    if outcome not in ("not_due", "known"):
        _log.info("digest", extra=extra | {"outcome": outcome})
    return outcome


def _shown(digester: Digester, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a digest would tell: the days up to now unless ``day`` names one of others."""
    client_id = asked["client_id"]
    declared = {one.client_id: one.rule for one in digester.declared()}
    rule = declared.get(client_id) or DigestRule("daily")
    day = asked.get("day")
    period = (
        period_before(rule, _now()) if day is None else period_with(rule, date.fromisoformat(day))
    )
    made = digester.sender.make(client_id, period)
    return {
        "client_id": client_id,
        "is_declared": declared.get(client_id) is not None,
        "every": period.every,
        "first_day": str(period.first),
        "last_day": str(period.last),
        "tz": period.tz,
        "is_empty": made.figures.is_empty,
        "recipients": len(list(digester.sender.recipients(client_id, rule))),
        "figures": msgspec.to_builtins(made.figures),
        "text": digest_text(made.words),
    }
