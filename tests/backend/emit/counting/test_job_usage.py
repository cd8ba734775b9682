"""`Job.usage`: what a call of a language model used, counted in one line."""

from __future__ import annotations

import logging
import pickle
from collections import Counter
from collections.abc import Callable

import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.domain.contract.vocabulary import MAX_MODELS_PER_EVENT, MOST_MODELS
from run_ledger.emit import Price, Prices, RunLedger
from run_ledger.emit.counting.meter import Meter

ANSWER = {"model": "m", "usage": {"prompt_tokens": 1000, "completion_tokens": 500}}
PRICES = Prices({"m": Price(input=100_000, cached=10_000, output=400_000)})
Make = Callable[..., RunLedger]


def test_an_answer_is_counted_and_priced(make: Make, bus: WillingBus) -> None:
    """Calls, errors, tokens and cost are the job's; an unknown model is counted in the stats."""
    ledger = make(prices=PRICES)

    with ledger.job(client_id="acme", project_id="p", job_id="j") as job:
        for _ in range(3):
            job.usage(ANSWER)
        job.usage(TimeoutError("no answer"))
        job.usage({"inputTokens": 10, "outputTokens": 0})
        job.usage({"inputTokens": 10, "outputTokens": 0}, model="m")
        job.usage("nonsense")

    assert ledger.close()
    assert bus.jobs["j"].counters == {
        "llm_calls": 6,
        "llm_errors": 1,
        "input_tokens": 3020,
        "output_tokens": 1500,
        "cost_microusd": 901,
        "llm_calls_unpriced": 1,
        "llm_answers_unread": 1,
    }
    assert (ledger.stats().unpriced, ledger.stats().unread) == (1, 1)


def test_a_job_that_reports_nothing_takes_answers_all_the_same() -> None:
    """Without a bus the line costs nothing and raises nothing."""
    ledger = RunLedger()

    with ledger.job(client_id="acme", project_id="p") as job:
        job.usage(ANSWER)

    assert ledger.stats().unpriced == 0


def test_workers_get_the_prices_with_the_job(make: Make) -> None:
    """A job that is pickled takes its ledger's prices along, and one ledger serves many."""
    ledger = make(client=None, spool="off", prices=PRICES)
    job = ledger.job(client_id="acme", project_id="p", job_id="j")

    first, second = (pickle.loads(pickle.dumps(job)) for _ in range(2))  # noqa: S301 our own

    assert first._reporter is second._reporter
    assert first._reporter._prices.of("m") == PRICES.of("m")


def test_what_is_not_known_is_said_once(
    make: Make, bus: WillingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """A model without a price and a type that is not known are named once each, without content."""
    ledger = make(prices=PRICES)

    with caplog.at_level(logging.WARNING), ledger.job(client_id="a", project_id="p") as job:
        for number in range(3):
            job.usage({"model": "new", "usage": {"prompt_tokens": number + 1}})
            job.usage({"answer": "a secret of somebody"})

    assert ledger.close()
    assert len([line for line in caplog.messages if "model 'new'" in line]) == 1
    assert len([line for line in caplog.messages if "type builtins.dict" in line]) == 1
    assert "a secret" not in caplog.text
    assert (ledger.stats().unpriced, ledger.stats().unread) == (3, 3)


def test_a_stream_that_tells_its_usage_after_its_end_is_priced(
    make: Make, bus: WillingBus, caplog: pytest.LogCaptureFixture
) -> None:
    """Between its end and its usage the cost is not known, which is no reason for a warning."""
    ledger = make(prices=PRICES)
    chunk = {"id": "c", "object": "chat.completion.chunk", "model": "m"}

    with caplog.at_level(logging.WARNING), ledger.job(client_id="a", project_id="p") as job:
        job.usage(chunk | {"choices": [{"delta": {}, "finish_reason": "stop"}]})
        assert ledger.stats().unpriced == 1
        job.usage(chunk | {"choices": [], "usage": ANSWER["usage"]})

    assert ledger.close()
    assert ledger.stats().unpriced == 0
    assert "price" not in caplog.text
    (found,) = bus.jobs.values()
    assert found.counters == {
        "llm_calls": 1,
        "input_tokens": 1000,
        "output_tokens": 500,
        "cost_microusd": 300,
    }


def test_usage_is_told_by_model(make: Make, bus: WillingBus) -> None:
    """Each model's calls, tokens and cost stand in its own delta, and not in the job's again."""
    price = Price(input=1_000_000, cached=1_000_000, output=2_000_000)
    ledger = make(prices=Prices({"small": price}))
    with ledger.job(client_id="acme", project_id="p", job_id="j") as job:
        job.add(records_ok=1)
        job.usage({"model": "small", "usage": {"input_tokens": 10, "output_tokens": 5}})
        job.usage({"model": "big/one", "usage": {"input_tokens": 7, "output_tokens": 0}})
        job.usage({"inputTokens": 3, "outputTokens": 1})
        job.add(llm_calls=2, model="mine\n")
    assert ledger.close()

    told: dict[str | None, Counter[str]] = {}
    for detail in bus.details:
        for model, delta in [
            (None, detail.get("delta", {})),
            *detail.get("delta_by_model", {}).items(),
        ]:
            told.setdefault(model, Counter()).update(delta)
    assert told == {
        None: {
            "records_ok": 1,
            "llm_calls": 1,
            "input_tokens": 3,
            "output_tokens": 1,
            "llm_calls_unpriced": 1,
        },
        "small": {"llm_calls": 1, "input_tokens": 10, "output_tokens": 5, "cost_microusd": 20},
        "big/one": {"llm_calls": 1, "input_tokens": 7, "llm_calls_unpriced": 1},
        "mine": {"llm_calls": 2},
    }


def test_a_stream_that_names_its_model_late_moves_to_it() -> None:
    """What its first part told of no model is told of the one that a later part names."""
    meter = Meter(Prices({}))
    told: dict[str | None, Counter[str]] = {}
    for answer in (
        {"id": "c", "usage": {"prompt_tokens": 9, "completion_tokens": 1}},
        {"id": "c", "model": "m", "usage": {"prompt_tokens": 9, "completion_tokens": 4}},
    ):
        for model, delta in meter.deltas(answer).items():
            told.setdefault(model, Counter()).update(delta)
    assert +told.pop(None, Counter()) == {}
    assert told == {
        "m": {"llm_calls": 1, "input_tokens": 9, "output_tokens": 4, "llm_calls_unpriced": 1}
    }


def test_more_models_than_a_job_keeps_are_one_and_events_stay_small(
    make: Make, bus: WillingBus
) -> None:
    """No event names more models than the contract allows, and no call is lost."""
    ledger = make()
    with ledger.job(client_id="acme", project_id="p", job_id="j") as job:
        for number in range(MOST_MODELS + 60):
            job.add(llm_calls=1, model=f"m{number}")
    assert ledger.close()

    by_model = [detail.get("delta_by_model", {}) for detail in bus.details]
    assert max(map(len, by_model)) <= MAX_MODELS_PER_EVENT
    assert sum(one["llm_calls"] for models in by_model for one in models.values()) == (
        MOST_MODELS + 60
    )
    assert sum(models.get("other", {}).get("llm_calls", 0) for models in by_model) == 60
