"""What events say of how pipelines should run, recounted from all that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.dynamo.stand_in import Dynamo
from tests.support.dynamo.tables import NAMES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_APART = timedelta(minutes=1)
Said = dict[tuple[str, str, str], dict[str, str]]
"""What the last event says, by client, pipeline and project: "" where it is about all."""


def recounted(raws: Iterable[str], now: int) -> Said:
    """Return what the last of the events *raws* says of each pipeline; all of them are accepted.

    A time that is later than the bus's counts as that one, and one that is later than *now*, when
    all were taken in, in microseconds since 1970, as now.
    """
    taken_in = _EPOCH + timedelta(microseconds=now)
    last: dict[tuple[str, str, str], tuple[datetime, str, dict[str, str]]] = {}
    for envelope in map(json.loads, raws):
        detail: dict[str, Any] = envelope["detail"]
        expect = detail.get("expect")
        if expect is None:
            continue
        sent = _time(envelope["time"])
        told = detail.get("occurred_at")
        at = sent if told is None else min(_time(told), sent)
        if at - taken_in > _APART:
            at = taken_in
        name = detail.get("event_id")
        order = (at, envelope["id"] if name is None else name)
        project = expect.get("project", "")
        key = (detail["client_id"], detail.get("pipeline") or "default", project)
        if key not in last or order > last[key][:2]:
            members = {one: text for one, text in expect.items() if one != "project"}
            last[key] = (*order, members)
    return {key: members for key, (_, _, members) in last.items()}


def kept(store: Dynamo) -> Said:
    """Return what the writer has kept."""
    found: Said = {}
    for item in store.items(NAMES.entries):
        if item["pk"]["S"] == "announced":
            client_id, pipeline, project = item["sk"]["S"].split("#")
            own = item.keys() & {"cron", "timezone", "every", "grace", "max_duration"}
            found[client_id, pipeline, project] = {name: item[name]["S"] for name in own}
    return found


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
