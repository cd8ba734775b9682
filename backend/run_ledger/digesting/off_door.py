"""The door for links of digests: API Gateway calls it, and it switches a digest off.

It needs no sign-in: the secret in a link is what gives the right to. As programs follow the links
of mails to look at them, GET only shows a page with a button; POST switches off, as mail programs
send it by themselves (RFC 8058), too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

from run_ledger import logs, settings, starting
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import Instant
from run_ledger.read.answers import Answer
from run_ledger.store.digests.digest_records import DigestRecords, is_link_secret
from run_ledger.store.dynamo.connection import dynamodb

from .off_pages import ASKING, STOPPED, UNAVAILABLE, UNKNOWN

_log = logging.getLogger(__name__)


class OffDoor(NamedTuple):
    """What a request is answered with."""

    records: DigestRecords
    now: Callable[[], Instant]

    def answer(self, method: str, secret: str) -> Answer:
        """Answer a request for the link with *secret*; *method* is GET or POST."""
        if method != "POST":
            return ASKING if is_link_secret(secret) else UNKNOWN
        try:
            reader = self.records.reader_of_link(secret, self.now())
            if reader is None:
                return UNKNOWN
            self.records.switch_off(reader, self.now(), "link")
        except StoreUnavailable as error:
            _log.error("not switched off", extra={"failure": str(error)})
            return UNAVAILABLE
        _log.info("switched off", extra={"client_id": reader.client_id})
        return STOPPED


def _now() -> Instant:
    return Instant(time.time_ns() // 1_000)


@cache
def _door() -> OffDoor:
    configuration = settings.load()
    logs.configure(configuration.log_level, stage=configuration.stage, function="digest-off")
    door = OffDoor(DigestRecords(dynamodb(), configuration.tables.incidents), _now)
    starting.finished()
    return door


def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    """Answer one request; no line about it has the secret or an address."""
    door = _door()
    logs.begin(context)
    secret = (event.get("queryStringParameters") or {}).get("link") or ""
    return door.answer(str(event.get("httpMethod", "")).upper(), str(secret)).proxied()
