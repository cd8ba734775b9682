"""The events that a call of PutEvents has put on a bus, as EventBridge delivers them."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

_ACCOUNT = "000000000000"


class KeptEvent(NamedTuple):
    """An event, and the name of the bus that took it."""

    bus: str
    event: dict[str, Any]


def taken_events(request: bytes, answer: bytes, *, at: str, region: str) -> list[KeptEvent]:
    """Return the events of a request that the bus took, in order, given its answer.

    *at* is when they came (`2026-11-30T12:00:00Z`). Raises ValueError or KeyError for a request
    and an answer that are none of PutEvents.
    """
    entries = json.loads(request)["Entries"]
    results = json.loads(answer)["Entries"]
    return [
        _kept(entry, result["EventId"], at, region)
        for entry, result in zip(entries, results, strict=True)
        if "EventId" in result
    ]


def _kept(entry: Mapping[str, Any], event_id: str, at: str, region: str) -> KeptEvent:
    bus = str(entry.get("EventBusName", "default")).rpartition("/")[2]
    return KeptEvent(
        bus,
        {
            "version": "0",
            "id": event_id,
            "source": entry.get("Source", ""),
            "account": _ACCOUNT,
            "time": at,
            "region": region,
            "resources": entry.get("Resources", []),
            "detail-type": entry.get("DetailType", ""),
            "detail": json.loads(entry.get("Detail", "{}")),
        },
    )
