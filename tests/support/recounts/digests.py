"""What a digest must tell, counted from the events one by one, by local days."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from importlib.resources import files
from typing import Any
from zoneinfo import ZoneInfo

from tests.support.events.builders import Envelope
from tests.support.recounts.views import RESULTS, Fact, facts

from run_ledger.domain.digests.digest_figures import WorkFigures
from run_ledger.domain.instants import HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FAR = timedelta(days=30)  # zones have no time in the years 1 and 9999
_COUNTERS = {
    "records_ok": "records_ok",
    "records_failed": "records_failed",
    "records_skipped": "records_skipped",
    "cost_microusd": "cost_microusd",
    "llm_calls_unpriced": "unpriced_calls",
}


def recounted_work(
    envelopes: Iterable[Envelope], client_id: str, first: date, end: date, tz: str
) -> dict[str | None, WorkFigures]:
    """Return the work of a client by pipeline, and of all under None, in the days up to *end*."""
    return work_in(facts(envelopes), client_id, first, end, tz)


def work_in(
    counted: Iterable[Fact], client_id: str, first: date, end: date, tz: str
) -> dict[str | None, WorkFigures]:
    """Return the same of facts about jobs, whichever and whosever they are."""
    with files("tzdata").joinpath("zoneinfo", *tz.split("/")).open("rb") as file:
        zone = ZoneInfo.from_file(file, key=tz)
    sums: dict[str | None, dict[str, Any]] = {None: {}}
    for fact in counted:
        hour = _EPOCH + timedelta(microseconds=fact.at // HOUR * HOUR)
        if fact.client_id != client_id or abs(hour.date() - first) > _FAR:
            continue
        if not first <= hour.astimezone(zone).date() < end:
            continue
        name = fact.name.removeprefix("c_")
        name = _COUNTERS.get(name, name)
        for whose in (None, fact.pipeline):
            mine = sums.setdefault(whose, {})
            mine[name] = mine.get(name, 0) + fact.amount
    return {whose: _figures(mine) for whose, mine in sums.items()}


def _figures(sums: dict[str, int]) -> WorkFigures:
    known = {name: sums.get(name, 0) for name in WorkFigures.__struct_fields__}
    del known["error_rate"]
    ended = sum(known[name] for name in RESULTS)
    judged = ended - known["cancelled"]
    known["ended"] = ended
    rate = (known["failed"] + known["timed_out"]) / judged if judged else None
    return WorkFigures(**known, error_rate=rate)
