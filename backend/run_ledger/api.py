"""The handler of the read API: it answers requests of API Gateway from the ledger."""

from __future__ import annotations

import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import msgspec

from run_ledger import logs, metrics, settings, starting
from run_ledger.domain.instants import Instant
from run_ledger.read.reader import ASSISTANTS, Reader, read_request
from run_ledger.store.clients.forbidden_reads import read_rights
from run_ledger.store.clients.signed_out import SignOuts
from run_ledger.store.dynamo.connection import MOST_CONNECTIONS, dynamodb
from run_ledger.store.overview.kept_pages import KeptPages

# No alarm or chart reads a metric of the reader's: those of API Gateway tell requests, failures and
# latency, and cost nothing. What its lines hold is for queries of the logs.
UNITS: Mapping[str, metrics.Unit] = {}

CHECK_OF_RIGHTS = {"check": "read_rights"}
# API Gateway waits 29 seconds, and Lambda less. A request that takes longer gets 503.
_MOST_SECONDS = 15.0
_RESERVE_SECONDS = 1.0
_CRASHED, _UNAVAILABLE = 500, 503


@cache
def _reader() -> Reader:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="reader")
    if not configuration.cursor_key:
        raise ValueError("CURSOR_KEY is not set; allowed: any text that only this stack knows")
    if not configuration.issuer:
        raise ValueError("ISSUER is not set; allowed: the iss of the user pool's tokens")
    reader = Reader(
        client=dynamodb(),
        settings=configuration,
        executor=ThreadPoolExecutor(MOST_CONNECTIONS, "reader"),
        now=lambda: Instant(time.time_ns() // 1_000),
        sign_outs=SignOuts(),
        kept=KeptPages(),
    )
    starting.finished()
    return reader


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request, and log one line about it: no ids of people, no tokens.

    `run-ledger status` invokes the function with ``{"check": "read_rights"}``. API Gateway can't,
    since what it sends is always the description of a request.
    """
    if event == CHECK_OF_RIGHTS:
        reader = _reader()
        rights = read_rights(reader.client, reader.settings.tables.clients)
        return msgspec.structs.asdict(rights)
    started = time.perf_counter()
    asked = read_request(event)
    remaining = context.get_remaining_time_in_millis() / 1_000
    reader = _reader()
    logs.begin(context)
    seconds = min(_MOST_SECONDS, remaining - _RESERVE_SECONDS)
    if asked.resource == ASSISTANTS:
        # Nothing else needs it: no other request waits for its import.
        from run_ledger.assistants.assistant_door import answer_assistant  # noqa: PLC0415

        answer, way = answer_assistant(reader, asked, event, seconds)
    else:
        answer, way = reader.answer(asked, seconds)
    metrics.emit(
        "request",
        UNITS,
        {
            "RequestMs": round((time.perf_counter() - started) * 1_000, 1),
            "Rounds": way.pop("rounds"),
            "Calls": way.pop("calls"),
            "Unavailable": int(answer.status == _UNAVAILABLE),
            "Crashed": int(answer.status == _CRASHED),
        },
        now=Instant(time.time_ns() // 1_000),
        extra={
            "method": asked.method,
            **way,
            "status": answer.status,
            "bytes": len(answer.body),
            # API Gateway's access log calls this request_id; in our lines that is the invocation's.
            "api_request_id": (event.get("requestContext") or {}).get("requestId"),
        },
    )
    return answer.proxied()
