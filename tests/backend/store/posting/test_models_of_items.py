"""Items hold a bounded number of models, and show the same whatever came in which order."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.dynamo.stand_in import Call, Dynamo, Fault, item_bytes
from tests.support.dynamo.tables import NAMES
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, MOST_MODELS
from run_ledger.domain.state.model_counters import models_of
from run_ledger.store.items.own_names import MODELS_HELD

_NAMES = [f"model {number:03d}" for number in range(200)]


def _many(seed: int, events: int, names: list[str]) -> list[Envelope]:
    dice = random.Random(seed)
    return [
        job_update(
            job_id=f"job-{number % 2}",
            event_id=f"e{number}",
            delta_by_model={
                model: {dice.choice((*KNOWN_COUNTERS, "thoughts")): dice.randint(-2, 3)}
                for model in dice.sample(names, min(8, len(names)))
            },
        )
        for number in range(events)
    ]


def _models(store: Dynamo, table: str) -> list[int]:
    return [len(models_of(item)) for item in store.items(table)]


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 1_000_000), st.sampled_from([5, 60, 200]), st.sampled_from([1, 9, 60]))
def test_any_order_and_grouping_shows_the_same(seed: int, names: int, batch: int) -> None:
    """Shuffled, repeated, in batches of any size, by three writers: items are what a recount gives.

    A recount adds up all events, and keeps the models whose names come first in byte order.
    """
    store = ledgers.empty_store()
    sent = _many(seed, 60, _NAMES[:names])
    dice = random.Random(seed)
    deliveries = [*sent, *dice.sample(sent, 10)]
    dice.shuffle(deliveries)
    writers = [ledgers.make_ledger(store, seed=number) for number in range(3)]
    for start in range(0, len(deliveries), batch):
        report = ledgers.post(dice.choice(writers), deliveries[start : start + batch])
        assert not report.failures
    ledgers.assert_balanced(store)
    for table in (NAMES.jobs, NAMES.rollups):
        assert max(_models(store, table)) <= MODELS_HELD
        assert all(item_bytes(item) < 64 * 1024 for item in store.items(table))


def test_a_late_model_that_comes_first_takes_its_place() -> None:
    """It is among the first although more models than are kept were there before it."""
    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store)
    for number, model in enumerate([*reversed(_NAMES), "a"]):
        event = {"event_id": f"e{number}", "delta_by_model": {model: {"llm_calls": 1}}}
        assert not ledgers.post(ledger, [job_update(job_id="job-1", **event)]).failures
    counted = ledgers.stored_jobs(store)["job-1"].job.counters_by_model
    kept = ["a", *_NAMES[: MOST_MODELS - 1]]
    assert counted == {
        **{model: {"llm_calls": 1} for model in kept},
        "other": {"llm_calls": len(_NAMES) + 1 - MOST_MODELS},
    }
    ledgers.assert_balanced(store)


def test_the_widest_event_fits_into_its_expressions() -> None:
    """As many models and names as one event may have, of a job that takes its state in, too."""
    sizes: list[int] = []

    def script(call: Call) -> Fault | None:
        for action in call.request.get("TransactItems", ()):
            (one,) = action.values()
            sizes.append(len(one.get("UpdateExpression", "")))
            sizes.append(len(one.get("ConditionExpression", "")))
        return None

    store = ledgers.empty_store()
    ledger = ledgers.make_ledger(store, script)
    delta: dict[str, Any] = {f"own_{number}": 1 for number in range(24)}
    by_model = {
        f"{place}{'m' * 127}": {
            **dict.fromkeys(KNOWN_COUNTERS, 1),
            **{f"own_{place}_{number}": 1 for number in range(24 - len(KNOWN_COUNTERS))},
        }
        for place in range(8)
    }
    for number in range(8):  # each brings names of its own
        renamed = {f"{number}{model}"[:128]: delta for model, delta in by_model.items()}
        report = ledgers.post(
            ledger,
            [
                job_update(
                    job_id="job-1",
                    event_id=f"e{number}",
                    status="completed",
                    result="failed",
                    name="A",
                    tags={"a": "b"},
                    delta=delta,
                    delta_by_model=renamed,
                )
            ],
        )
        assert not report.failures
    assert max(sizes) <= 4096
    ledgers.assert_balanced(store)


def test_an_event_without_models_writes_what_it_always_did() -> None:
    """No row of models, and no attribute of its job or rows beyond those of its delta."""
    actions: list[int] = []

    def script(call: Call) -> Fault | None:
        actions.append(len(call.request.get("TransactItems", ())))
        return None

    for fields, expected in (
        ({"delta": {"llm_calls": 1}}, 8),
        ({"delta_by_model": {"gpt": {"llm_calls": 1}}}, 9),
    ):
        store, before = ledgers.empty_store(), len(actions)
        ledgers.post(ledgers.make_ledger(store, script), [job_update(job_id="job-1", **fields)])
        assert max(actions[before:]) == expected
