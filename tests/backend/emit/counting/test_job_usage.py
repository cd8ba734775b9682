"""`Job.usage`: what a call of a language model used, counted in one line."""

from __future__ import annotations

import pickle
from collections.abc import Callable

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
