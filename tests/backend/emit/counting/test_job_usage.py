"""`Job.usage`: what a call of a language model used, counted in one line."""

from __future__ import annotations

import logging
import pickle
from collections.abc import Callable

import pytest
from tests.support.producers.buses import WillingBus

from run_ledger.emit import Price, Prices, RunLedger

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
