"""Measure what events take in the table of entries, and what reading them back costs.

Sizes and units follow from documented rules (`tests.support.dynamo.sizing`), applied to what the
real ledger writes to the stand-in, and to what the real reader asks of it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.figures import Figure
from tests.support.dynamo.item_sizes import item_bytes
from tests.support.dynamo.querying import Querying
from tests.support.dynamo.sizing import READ_BLOCK, stored_bytes
from tests.support.dynamo.stand_in import Answer, Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.readers import ledgers
from tests.support.readers.reading import SETTINGS, Serial, api_event

from run_ledger.read.reader import Reader, read_request
from run_ledger.store.posting.entities import Layout

from . import mixes
from .writer_units import posted

EVENTS = 1_000
MOST_BYTES_OVER_OLD = 0.5
MOST_UNITS_OVER_OLD = 1 / 3


def bytes_per_million_events() -> Figure:
    """Add up what a million events of the usual mix take, beside each event by itself as of old."""
    return Figure(
        "stored_bytes_per_million_events",
        _stored(Layout.LOG),
        "bytes",
        _stored(Layout.ROWS),
        goal=MOST_BYTES_OVER_OLD,
        goal_is_ratio=True,
        more_is_better=False,
        notes=(mixes.USUAL, "with the 100 bytes that DynamoDB counts more for each item"),
    )


def _stored(layout: Layout) -> float:
    store = ledgers.empty_store()
    events = posted(store.client(), mixes.usual("stored"), layout)
    return stored_bytes(store.items(NAMES.entries)) / events * 1_000_000


def history_read_units() -> Figure:
    """Read the history of a job that got a thousand events, five a batch, on one page."""
    by_hundred = [history_units(100, layout) for layout in (Layout.LOG, Layout.ROWS)]
    return Figure(
        "history_read_units_1000_events",
        history_units(EVENTS),
        "read units",
        history_units(EVENTS, Layout.ROWS),
        goal=MOST_UNITS_OVER_OLD,
        goal_is_ratio=True,
        more_is_better=False,
        notes=(
            f"{EVENTS:,} events, {mixes.EVENTS_A_JOB} a batch, one page; of the table of entries",
            "in ten pages of a hundred: {:g} of {:g}".format(*by_hundred),
        ),
    )


class Reads(Querying):
    """A client that adds up the read units of its queries, by table."""

    def __init__(self, store: Dynamo) -> None:
        """Count from nothing."""
        super().__init__(store)
        self.units: Counter[str] = Counter()

    def query(self, **request: Any) -> Answer:
        """Answer, and add a unit for each started 4 KB: consistent reads alone."""
        answer = super().query(**request)
        assert request["ConsistentRead"]
        size = sum(map(item_bytes, answer["Items"]))
        self.units[request["TableName"]] += max(1, -(-size // READ_BLOCK))
        return answer


def history_units(limit: int, layout: Layout = Layout.LOG) -> int:
    """Return the read units of a thousand events' history, in pages of *limit*."""
    store = ledgers.empty_store()
    posted(Querying(store), story(), layout)
    client = Reads(store)
    reader = Reader(client, SETTINGS, Serial(), lambda: ledgers.NOW)  # type: ignore[arg-type]
    parameters, found = {"limit": [str(limit)]}, 0
    while True:
        event = api_event(
            "/jobs/{job_id}/entries",
            path={"job_id": mixes.job_ids("story")[0]},
            parameters=parameters,
        )
        answer, _ = reader.answer(read_request(event), 60.0)
        page = json.loads(answer.proxied()["body"])
        found += len(page["items"])
        if page["next_cursor"] is None:
            break
        parameters["cursor"] = [page["next_cursor"]]
    assert found == EVENTS, f"{found} entries instead of {EVENTS}"
    return client.units[NAMES.entries]


def story() -> Iterator[mixes.Batch]:
    """Yield the events of one job, five a batch: its start, its deltas, its end."""
    for batch in mixes.lives("story", EVENTS // mixes.EVENTS_A_JOB):
        yield batch[:: mixes.JOBS]
