"""What tokens cost: whose price counts, and that rounding is fair."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.llm.shapes import delta_of

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.emit.counting.meter import Meter
from run_ledger.emit.pricing.example_prices import EXAMPLE_PRICES, PRICES_AS_OF
from run_ledger.emit.pricing.price import Price
from run_ledger.emit.pricing.prices import Prices
from run_ledger.emit.pricing.usage_totals import Usage

SMALL = Price(input=100_000, cached=10_000, output=400_000)
LARGE = Price(input=2_000_000, cached=200_000, output=8_000_000, cache_write=2_500_000)
TABLE = Prices({"small": SMALL, "large": LARGE, "large-mini": SMALL, "own-*": LARGE})


@pytest.mark.parametrize(
    ("model", "price"),
    [
        *(("small", SMALL), ("SMALL", SMALL), ("openai/small", SMALL), ("models/small", SMALL)),
        *(("small-2026-03-05", SMALL), ("small-20260305", SMALL), ("small@001", SMALL)),
        *(("small-latest", SMALL), ("eu.anthropic.small-20260305-v1:0", SMALL)),
        *(("large", LARGE), ("large-mini", SMALL), ("large-mini-2026-03-05", SMALL)),
        *(("own-thing", LARGE), ("own-", LARGE)),
        *(("large-max", None), ("smaller", None), ("small-audio", None), ("xsmall", None)),
        *(("own", None), ("", None), (None, None)),
    ],
)
def test_a_model_is_priced_by_its_name_or_that_of_its_snapshot(
    model: str | None, price: Price | None
) -> None:
    """Dated snapshots cost what the model costs; of another of its family nothing is known."""
    assert TABLE.of(model) == price


@pytest.mark.parametrize("wrong", [-1, 1.5, True, "3"])
def test_a_price_that_is_none_is_refused(wrong: Any) -> None:
    """A table is checked when it is made, and the complaint says what is allowed."""
    with pytest.raises(ValueError, match=re.escape(f"the price of 'm' has {wrong!r}; allowed: ")):
        Prices({"m": Price(wrong, 0, 0)})


def test_each_kind_of_token_has_its_price() -> None:
    """Fresh, cached, written and output tokens are priced apart, and none twice."""
    usage = Usage(
        input_tokens=10_000_000,
        cache_read_input_tokens=3_000_000,
        cache_write_input_tokens=1_000_000,
        output_tokens=2_000_000,
    )

    assert LARGE.of(usage) == (6 * 2_000_000 + 3 * 200_000 + 2_500_000 + 16_000_000) * 1_000_000
    assert SMALL.of(usage) == (7 * 100_000 + 3 * 10_000 + 2 * 400_000) * 1_000_000


def test_the_examples_say_when_they_were_true() -> None:
    """The shipped table carries its date, and cached input is never dearer than fresh input."""
    assert re.fullmatch(r"\d{4}-\d{2}-\d{2}", PRICES_AS_OF)
    assert Prices().of("claude-haiku-4-5-20251001") == EXAMPLE_PRICES["claude-haiku-4-5"]
    for price in EXAMPLE_PRICES.values():
        assert price.cached <= price.input
        assert price.input <= price.output or not price.output  # embeddings answer nothing


def test_an_answer_becomes_a_delta() -> None:
    """The counters are the contract's, and what is 0 is left out."""
    meter = Meter(TABLE)
    answer = {
        "model": "small",
        "usage": {
            "input_tokens": 100,
            "cache_read_input_tokens": 900,
            "output_tokens": 50,
        },
    }

    delta = delta_of(meter, answer)

    assert delta == {
        "llm_calls": 1,
        "input_tokens": 1000,
        "output_tokens": 50,
        "cache_read_input_tokens": 900,
        "cost_microusd": (100 * 100_000 + 900 * 10_000 + 50 * 400_000) // 1_000_000,
    }
    assert set(delta) <= set(KNOWN_COUNTERS)
    assert delta_of(meter, TimeoutError()) == {"llm_calls": 1, "llm_errors": 1}
    assert delta_of(meter, None) == {}


def test_a_model_without_a_price_costs_nothing_and_is_counted() -> None:
    """An unknown model leaves the cost alone, and the meter says so each time."""
    unpriced: list[tuple[str | None, int, bool]] = []
    meter = Meter(TABLE, lambda *noted: unpriced.append(noted))

    unknown = delta_of(meter, {"model": "?", "usage": {"input_tokens": 10**6}})
    assert unknown == {"llm_calls": 1, "input_tokens": 10**6, "llm_calls_unpriced": 1}
    unnamed = delta_of(meter, {"inputTokens": 10**6, "outputTokens": 0})
    assert unnamed == {"llm_calls": 1, "input_tokens": 10**6, "llm_calls_unpriced": 1}
    assert unpriced == [("?", 1, True), (None, 1, True)]
    known = delta_of(meter, {"inputTokens": 10**6, "outputTokens": 0}, "small")
    assert known == {"llm_calls": 1, "input_tokens": 10**6, "cost_microusd": 100_000}


@given(st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=30))
def test_rounding_does_not_pile_up(calls: list[tuple[int, int]]) -> None:
    """After any calls the summed cost is their exact price, rounded down once."""
    meter = Meter(TABLE)
    summed = sum(
        delta_of(meter, {"model": "small", "inputTokens": given_, "outputTokens": out}).get(
            "cost_microusd", 0
        )
        for given_, out in calls
    )
    exact = sum(Fraction(given_ * 100_000 + out * 400_000, 10**6) for given_, out in calls)

    assert summed == int(exact)


def test_each_thread_carries_its_own_remainder() -> None:
    """Threads that share a meter lose less than a micro-dollar each, and never block."""
    meter = Meter(Prices({"m": Price(1, 1, 1)}))

    def ask(_: int) -> int:
        return sum(
            delta_of(meter, {"model": "m", "inputTokens": 400_000, "outputTokens": 0}).get(
                "cost_microusd", 0
            )
            for _ in range(100)
        )

    with ThreadPoolExecutor(4) as pool:
        summed = sum(pool.map(ask, range(4)))

    assert 160 - 4 < summed <= 160
