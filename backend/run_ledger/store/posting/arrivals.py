"""Keeping for a day that a probe came, and what failed: how far the writer has come.

Nothing else knows of it: no job, total or list.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from run_ledger.domain.contract.probes import Probe
from run_ledger.domain.instants import Instant
from run_ledger.store.dynamo.faults import Fault, fault
from run_ledger.store.items.probe_items import Arrival, arrival_item, failing_item

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_MOST_A_BATCH = 10  # so that a flood of them costs less than a flood of events


class ProbeReport(NamedTuple):
    """What became of a batch's probes."""

    kept: int
    left_out: int
    """Probes beyond the first few of a batch, repeats, and those without a proper id."""
    trouble: str | None
    """Why one could not be kept; whoever sent it does not find it, and may send another."""
    passing: frozenset[str] = frozenset()
    """The ids of those that could not be kept for a reason that passes."""


def keep_arrivals(
    client: DynamoDBClient, table: str, probes: Iterable[Probe], now: Instant
) -> ProbeReport:
    """Keep in *table* that *probes* came; no trouble with that fails the batch."""
    given = list(probes)
    by_id = {probe.probe_id: probe for probe in given if probe.probe_id is not None}
    taken = list(by_id.items())[:_MOST_A_BATCH]
    for place, (probe_id, probe) in enumerate(taken):
        item = arrival_item(Arrival(probe_id, probe.sent_at, now))
        try:
            client.put_item(TableName=table, Item=item)
        except (ClientError, BotoCoreError) as error:
            left = frozenset(one for one, _ in taken[place:])
            passing = left if fault(error) is Fault.PASSING else frozenset()
            return ProbeReport(place, len(given) - place, str(error), passing)
    return ProbeReport(len(taken), len(given) - len(taken), None)


def keep_failing(client: DynamoDBClient, table: str, sent_at: Instant, now: Instant) -> str | None:
    """Note in *table* that messages have failed, of which the oldest was sent at *sent_at*.

    Returns why that could not be noted, None where it was.
    """
    try:
        client.put_item(TableName=table, Item=failing_item(sent_at, now, uuid.uuid4().hex[:8]))
    except (ClientError, BotoCoreError) as error:
        return str(error)
    return None
