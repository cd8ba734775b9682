"""Rows are never called wrong while events, late ones and repairs come; a fault then is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope, job_update
from tests.support.recounts.audits import FAILED, Interleaved, audit, drifts, post
from tests.support.recounts.proofs import differing, run_proof

from run_ledger.domain.instants import HOUR, Instant, later, parse, text

BEGIN = parse("2026-11-20T18:00:00Z")
HOURS = 40
JOBS = 9


def traffic(dice: random.Random) -> list[tuple[Instant, Envelope]]:
    """Return events, each with when it comes in: repeats and late ones among them."""
    found: list[tuple[Instant, Envelope]] = []
    for number in range(JOBS):
        client = f"client-{dice.randrange(2)}"
        names = {
            "job_id": f"job-{number}",
            "client_id": client,
            "project_id": f"{client}-project-{dice.randrange(2)}",
            "pipeline": f"pipeline-{dice.randrange(2)}",
        }
        at = later(BEGIN, dice.randrange(HOURS) * HOUR)
        for step in range(dice.randrange(2, 6)):
            fields: dict[str, Any] = {"delta": {"records_ok": dice.randrange(1, 9)}}
            if step == 0:
                fields["status"] = "running"
            elif dice.random() < 0.4:
                fields |= {"status": "completed", "result": "failed", "error": FAILED}
            event = job_update(event_id=f"{number}-{step}", occurred_at=text(at), **names, **fields)
            late = dice.choice((0, 0, 0, HOUR, 30 * HOUR))
            found += [(later(at, late), event)] * dice.choice((1, 1, 2))
            at = later(at, dice.randrange(1, 5 * 3_600) * 1_000_000)
    return sorted(found, key=lambda one: (one[0], one[1]["id"]))


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_found_until_something_is_wrong(seed: int) -> None:
    """Hour after hour; then one count of one row is changed, and that row alone is found."""
    dice = random.Random(seed)
    events = traffic(dice)
    with empty_tables() as client:
        now = later(BEGIN, 2 * HOUR)
        while events:
            due = [event for at, event in events if at <= now]
            events = events[len(due) :]
            half = len(due) // 2
            _post(client, due[:half], now)
            happenings: list[Callable[[], Any]] = [
                partial(_post, client, [one], now) for one in due[half:]
            ]
            happenings.append(partial(audit, client, repair=True))
            among = Interleaved(client, happenings, every=dice.randrange(3, 12))
            proof = run_proof(among, now)
            assert (proof.found, proof.differing) == ([], 0)
            for happening in among.rest():
                happening()
            now = later(now, 4 * HOUR)
        assert run_proof(client, later(now, HOUR)).found == []
        assert drifts(audit(client, is_vouched=True)) == set()

        row, attribute = _falsified(client, dice, text(later(now, HOUR))[:10])
        run_proof(client, later(now, 2 * HOUR))

        assert differing(client, "row") == {row: {attribute}}


def _post(client: Any, events: Sequence[Envelope], now: Instant) -> None:
    if events:
        post(client, events, at=now)


def _falsified(client: Any, dice: random.Random, today: str) -> tuple[str, str]:
    """Add one to a count of a row of today, or of all days, and return both."""
    items = [
        one
        for one in client.scan(TableName=NAMES.rollups)["Items"]
        if today in f"{one['pk']['S']} {one['sk']['S']}"
        or one["pk"]["S"].split("#")[0] in ("clients", "projects")
    ]
    item = dice.choice(sorted(items, key=str))
    attribute = dice.choice(sorted(name for name in item if "N" in item[name]))
    count = int(item[attribute]["N"])
    client.put_item(TableName=NAMES.rollups, Item=item | {attribute: {"N": str(count + 1)}})
    return f"{item['pk']['S']} {item['sk']['S'].rpartition('#')[0]}", attribute
