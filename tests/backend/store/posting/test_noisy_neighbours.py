"""What one producer does wrong, or too much of, others hardly notice: in calls, not by a clock.

A writer's time goes into its calls, so an event is visible so many calls after its batch began.
Usual is a batch of the same size in which all events are of quiet jobs; with noise in it, the
others' events may be visible after twice as many calls. A conflict is answered as DynamoDB
documents it for two transactions on one item (``TransactionCanceledException``, reason
``TransactionConflict``), an item at its limit as for one of 400 KB (reason ``ValidationError``).
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.support.dynamo.stand_in import Answer, Call, Dynamo
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import assert_balanced, make_ledger, post

from run_ledger.store.items.log_items import entries_of

QUIET = 12
NOISE = 88
CONFLICTS = 6


def quiet_jobs(count: int, first: int = 0) -> list[Envelope]:
    """Return an event each of so many jobs, of several clients."""
    return [
        job_update(
            event_id=f"quiet-{n}",
            job_id=f"quiet-{n}",
            client_id=f"client-{n % 4}",
            project_id=f"project-{n % 4}",
            status="running",
        )
        for n in range(first, first + count)
    ]


def of_noise(place: int, **fields: Any) -> Envelope:
    """Return an event of the noisy producer's only job."""
    mine = {"job_id": "noisy", "client_id": "noisy", "project_id": "noisy"}
    return job_update(event_id=f"noise-{place}", **mine, **fields)


def nonsense(place: int) -> Envelope | str:
    """Return what is no event, one in three of each kind: no JSON, a stranger, a bad field."""
    if place % 3 == 0:
        return f'{{"{place}"'
    if place % 3 == 1:
        return job_update(event_id=f"stray-{place}", job_id="known", client_id="stranger")
    return job_update(event_id=f"bad-{place}", job_id="known", status="sleeping")


def delta(place: int) -> Envelope:
    """Return one more event of a hot job."""
    return of_noise(place, delta={"records_ok": 1})


def too_large(place: int) -> Envelope:
    """Return an event by which the noisy job's item grows beyond what an item holds."""
    error = {"type": "t" * 1000, "message": "m" * 1000}
    return of_noise(place, attempt=1000 + place, error=error)


class Watch:
    """A client's script that notes after how many calls all quiet events have been written."""

    def __init__(self, *, conflicts: int = 0) -> None:
        """Let the first transactions that touch the noisy job end in a conflict."""
        self.calls = 0
        self.visible_after = 0
        self._conflicts = conflicts
        self._left = {f"quiet-{n}" for n in range(QUIET)}

    def __call__(self, call: Call) -> Any:
        """Answer every call by what it is."""
        return self._answer

    def _answer(self, call: Call) -> Answer:
        self.calls += 1
        actions = call.request.get("TransactItems", [])
        hot = [
            place
            for place, action in enumerate(actions)
            if action.get("Update", {}).get("Key") == {"job_id": {"S": "noisy"}}
        ]
        if hot and self._conflicts:
            self._conflicts -= 1
            return call.perform(Fail=dict.fromkeys(hot, "TransactionConflict"))
        answer = call.perform()
        rows = [action["Put"]["Item"] for action in actions if "Put" in action]
        self._left -= {entry.event_id for row in rows for entry in entries_of(row)}
        if not self._left and not self.visible_after:
            self.visible_after = self.calls
        return answer


def calls_until_visible(store: Dynamo, batch: list[Any], *, conflicts: int = 0) -> int:
    """Post *batch* and return after how many calls its quiet events were all visible."""
    post(make_ledger(store), [job_update(event_id="known", job_id="known")])
    watch = Watch(conflicts=conflicts)
    post(make_ledger(store, watch), batch)
    assert watch.visible_after, "all quiet events have been posted"
    return watch.visible_after


def mixed(noise: list[Any]) -> list[Any]:
    """Return the quiet events with *noise* before, between and after them."""
    quiet: list[Any] = quiet_jobs(QUIET)
    step = len(noise) // QUIET
    return [
        one
        for place in range(QUIET)
        for one in (*noise[place * step : (place + 1) * step], quiet[place])
    ] + noise[QUIET * step :]


@pytest.fixture
def usual() -> int:
    """Return after how many calls the quiet events of a batch are visible, with nothing wrong."""
    return calls_until_visible(ledgers.empty_store(), mixed(quiet_jobs(NOISE, QUIET)))


def test_a_batch_full_of_nonsense(usual: int) -> None:
    """Of a hundred events 88 are rejected: the others are visible as early as ever."""
    store = ledgers.empty_store()
    assert calls_until_visible(store, mixed([nonsense(n) for n in range(NOISE)])) <= usual
    assert len(ledgers.rejections(store)) == NOISE
    assert_balanced(store)


def test_a_hot_job_that_many_writers_change(usual: int) -> None:
    """Its conflicts hold up the transaction that it was first in, once, and no other event."""
    store = ledgers.empty_store()
    batch = mixed([delta(n) for n in range(NOISE)])
    assert calls_until_visible(store, batch, conflicts=CONFLICTS) <= 2 * usual
    assert_balanced(store)


def test_a_client_whose_items_are_at_their_limit(usual: int) -> None:
    """A job that takes no more fails alone, and others are visible in twice the calls."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    for attempt in range(1, 197):
        error = {"type": "t" * 1000, "message": "m" * 1000}
        post(ledger, [of_noise(-attempt, attempt=attempt, error=error)])
    batch = mixed([too_large(n) for n in range(NOISE)])
    assert calls_until_visible(store, batch) <= 2 * usual
    assert_balanced(store)


def test_all_of_it_at_once(usual: int) -> None:
    """Nonsense, a hot job and a full one in one batch: still twice the calls at most."""
    store = ledgers.empty_store()
    ledger = make_ledger(store)
    error = {"type": "t" * 1000, "message": "m" * 1000}
    for attempt in range(1, 197):
        full = job_update(
            event_id=f"full-{attempt}",
            job_id="full",
            client_id="full",
            attempt=attempt,
            error=error,
        )
        post(ledger, [full])
    noise: list[Any] = [nonsense(n) for n in range(50)] + [delta(n) for n in range(30)]
    noise += [
        job_update(
            event_id=f"more-{n}", job_id="full", client_id="full", attempt=900 + n, error=error
        )
        for n in range(8)
    ]
    assert calls_until_visible(store, mixed(noise), conflicts=CONFLICTS) <= 2 * usual
    assert_balanced(store)


def test_nonsense_at_ten_thousand_a_minute_takes_few_of_the_writers_calls() -> None:
    """Ten thousand rejected events are a hundred batches of five calls: eight calls a second.

    A writer makes some hundred calls a second, and there are eight. So the queue gets no longer.
    """
    store, watch = ledgers.empty_store(), Watch()
    ledger = make_ledger(store, watch)
    for minute_part in range(5):
        post(ledger, [f'{{"{minute_part}-{n}"' for n in range(100)])
    calls_a_batch = watch.calls / 5
    assert calls_a_batch <= 5
    assert 10_000 / 60 / 100 * calls_a_batch < 10
    assert len(store.items(NAMES.rejections)) > 500
