"""The handler of the intake: it gives the events of a request over HTTP to the bus."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from run_ledger import logs, metrics, settings, starting
from run_ledger.domain.instants import Instant
from run_ledger.doors.door_requests import read_request
from run_ledger.doors.event_bus import Bus, eventbridge
from run_ledger.doors.event_door import Intake, Limits
from run_ledger.doors.people_names import PeopleNames
from run_ledger.doors.reporting_callers import Callers
from run_ledger.doors.token_keys import TokenKeys
from run_ledger.store.dynamo.connection import dynamodb

# As of the read API, the metrics of API Gateway tell requests, failures and latency.
UNITS: Mapping[str, metrics.Unit] = {}


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


@cache
def _intake() -> Intake:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="intake")
    for name, value in (
        ("BUS_NAME", configuration.bus_name),
        ("ISSUER", configuration.issuer),
        ("TOKEN_KEYS_URL", configuration.token_keys_url),
    ):
        if not value:
            raise ValueError(f"{name} is not set; allowed: the stack's own")
    client, table = dynamodb(), configuration.tables.clients
    intake = Intake(
        callers=Callers(
            client,
            table,
            configuration.issuer,
            TokenKeys(configuration.token_keys_url, _now),
            PeopleNames(configuration.issuer.rpartition("/")[2]),
        ),
        limits=Limits(client, table, configuration.events_per_second),
        bus=Bus(eventbridge(), configuration.bus_name),
        now=_now,
    )
    starting.finished()
    return intake


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request, and log one line about it: no ids of people, no tokens, no keys."""
    started = time.perf_counter()
    intake = _intake()
    logs.begin(context)
    answer, way = intake.answer(
        read_request(event), lambda: context.get_remaining_time_in_millis() / 1_000
    )
    metrics.emit(
        "intake",
        UNITS,
        {"RequestMs": round((time.perf_counter() - started) * 1_000, 1)},
        now=_now(),
        extra={
            **way,
            "status": answer.status,
            "api_request_id": (event.get("requestContext") or {}).get("requestId"),
        },
    )
    return answer.proxied()
