"""The bus, as the intake gives events to it: by PutEvents, of which each entry's answer counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Protocol, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.intake.bus_entries import BusEntry
from run_ledger.domain.intake.event_results import (
    EventResultDocument,
    accepted,
    refused_by_bus,
    to_retry,
)
from run_ledger.store.dynamo.connection import client_config

_log = logging.getLogger(__name__)

ENTRIES_PER_CALL = 10
BYTES_PER_CALL = 250_000  # AWS takes 1 MB today and took 256 KB before: this suits both
_NEVER_RIGHT = frozenset(
    {"MalformedDetail", "InvalidArgument", "InvalidDetailType", "EntryTooLarge"}
)
_CALL_SECONDS = 6.0


class EntryTaker(Protocol):
    """The part of botocore's client for EventBridge that is used here."""

    def put_events(self, *, Entries: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:  # noqa: N803
        """Send up to ten entries, as botocore does."""


@cache
def eventbridge() -> EntryTaker:
    """Return the client that the handler uses; it gives a call up after six seconds.

    It makes no call a second time: whoever is told to send an event again has its id.
    """
    config = client_config(read_timeout=4, attempts=1)
    return cast("EntryTaker", boto3.client("events", config=config))


class Bus:
    """An event bus by its name."""

    def __init__(self, client: EntryTaker, name: str) -> None:
        """Give events to the bus *name* through *client*."""
        self._client = client
        self._name = name

    def put(
        self, entries: Sequence[BusEntry], remaining_seconds: Callable[[], float]
    ) -> list[EventResultDocument]:
        """Give *entries* to the bus, and return what became of each, in their order.

        No call is begun for which the time may not suffice: its entries are to be sent again.
        """
        results: list[EventResultDocument] = []
        for batch in _calls(entries):
            if remaining_seconds() < _CALL_SECONDS:
                results += [to_retry(entry.event_id) for entry in batch]
            else:
                results += self._put(batch)
        return results

    def _put(self, batch: Sequence[BusEntry]) -> list[EventResultDocument]:
        try:
            answer = self._client.put_events(Entries=[self._entry(one) for one in batch])
        except (ClientError, BotoCoreError) as error:
            # Whether it took effect is not known. Sent again with the same ids, they count once.
            _log.exception("the bus did not answer", exc_info=error)
            return [to_retry(entry.event_id) for entry in batch]
        told = answer.get("Entries", [])
        if len(told) != len(batch):
            _log.error("the bus answered about other entries", extra={"entries": len(told)})
            return [to_retry(entry.event_id) for entry in batch]
        return [_result(entry, one) for entry, one in zip(batch, told, strict=True)]

    def _entry(self, entry: BusEntry) -> dict[str, str]:
        return {
            "EventBusName": self._name,
            "Source": entry.source,
            "DetailType": entry.detail_type,
            "Detail": entry.detail,
        }


def _result(entry: BusEntry, told: Mapping[str, Any]) -> EventResultDocument:
    """Return what became of an entry: only one that the bus gave an id has been taken."""
    code = told.get("ErrorCode")
    if code in _NEVER_RIGHT:
        return refused_by_bus(entry.event_id, str(code))
    if code or not told.get("EventId"):
        return to_retry(entry.event_id)
    return accepted(entry.event_id)


def _calls(entries: Sequence[BusEntry]) -> Iterator[Sequence[BusEntry]]:
    """Give the entries in portions that one call takes."""
    batch: list[BusEntry] = []
    size = 0
    for entry in entries:
        if batch and (len(batch) == ENTRIES_PER_CALL or size + entry.size > BYTES_PER_CALL):
            yield batch
            batch, size = [], 0
        batch.append(entry)
        size += entry.size
    if batch:
        yield batch
