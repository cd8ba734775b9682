"""Runs of the proof over a ledger in moto, and what they leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import structs
from tests.support.dynamo.tables import NAMES
from tests.support.readers.reading import Serial

from run_ledger.domain.instants import DAY, HOUR, Instant, floor, later
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.proof.frontier import (
    OF_ALL,
    Counts,
    Differing,
    Frontier,
    WrongValue,
    all_differing,
    move,
    note_difference,
    read_frontier,
)
from run_ledger.store.proof.proving import Proof, prove
from run_ledger.store.proof.row_frontier import RowFrontier, move_rows

from .audits import NOW

SETTLED = later(NOW, 2 * HOUR)
"""When all that came in at `NOW` has settled."""


def proof_reading(client: Any) -> Reading:
    """Return a way to read that has all the time it needs."""
    return Reading(client, NAMES, Serial(), 3_600.0)


def run_proof(
    client: Any, now: Instant = SETTLED, is_over: Callable[[], bool] = lambda: False
) -> Proof:
    """Let one run go on with the proof."""
    return prove(proof_reading(client), now, is_over, pause=lambda _: None)


def differing(client: Any, kind: str = "job") -> dict[str, set[str]]:
    """Return which jobs (projects, rows) are known to differ, and in which attributes."""
    found: list[Differing] = all_differing(proof_reading(client))
    return {
        one.id: {each.attribute for each in one.differences} for one in found if one.kind == kind
    }


def frontier(client: Any) -> Frontier:
    """Return the frontier, after a run at least."""
    found = read_frontier(proof_reading(client))
    assert found is not None
    return found


def keep_proof(
    client: Any,
    now: Instant,
    judged: Mapping[str, int],
    *differing: tuple[str, str],
) -> None:
    """Keep that the ledger is proved until an hour before *now*, with so many recounts a client.

    *differing* are the client and id of each job that differs.
    """
    reading = proof_reading(client)
    settled = later(floor(now, HOUR), -HOUR)
    first = Frontier(
        since=later(settled, -DAY), proved_to=settled, target=settled, whole_to=later(settled, -DAY)
    )
    for client_id, job_id in differing:
        wrong = WrongValue("c_records_ok", 41, 40)
        note_difference(reading, Differing(client_id, "job", job_id, now, [wrong]))
    counts = {one: Counts(number) for one, number in judged.items()}
    move(reading, first, structs.replace(first, judged_at=now), counts)
    rows = RowFrontier(since=floor(settled, DAY), proved_to=settled, target=settled)
    rows = move_rows(reading, rows, rows, OF_ALL, Counts())
    for client_id, number in judged.items():
        rows = move_rows(reading, rows, rows, client_id, Counts(rows=6 * number, projects=1))
