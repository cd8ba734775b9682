"""What tokens cost: a small table of prices, and sums that lose nothing by rounding.

A price is in micro-dollars for a million tokens, so that everything is an integer: 3 USD are
`3_000_000`. The table below is an **example**, gathered on the day of `PRICES_AS_OF`: list prices
in USD without discounts, batches, regions or tiers for long prompts. Prices change and yours may
differ: pass your own.

    RunLedger(prices=Prices({"my-model": Price(input=400_000, cached=40_000, output=1_600_000)}))
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from . import usage as usages
from .usage import Usage

PRICES_AS_OF = "2026-11-22"
_TOKENS_PER_PRICE = 1_000_000
# Who serves a model, before its name: `models/gemini-…`, `eu.anthropic.claude-…`.
_SERVED_BY = re.compile(
    r"^(?:(?:us|eu|apac|global|us-gov)\.)?(?:anthropic|amazon|cohere|deepseek|meta|mistral|openai)\."
)
# A snapshot is priced as its model: `-2025-04-14`, `-20250514`, `@001`, `-v1:0`, `-latest`.
_SNAPSHOT = re.compile(r"^(?:[-@](?:\d{4}-\d{2}-\d{2}|\d{8}|\d{3,4}|latest|v\d+)(?::\d+)?)*$")


class Price(NamedTuple):
    """Micro-dollars for a million tokens; without *cache_write*, that costs the same as input."""

    input: int
    cached: int
    output: int
    cache_write: int | None = None

    def of(self, usage: Usage) -> int:
        """Return the price of *usage* in millionths of a micro-dollar."""
        read, written = usage.cache_read_input_tokens, usage.cache_write_input_tokens
        writing = self.input if self.cache_write is None else self.cache_write
        return (
            (usage.input_tokens - read - written) * self.input
            + read * self.cached
            + written * writing
            + usage.output_tokens * self.output
        )


_OPUS = Price(input=5_000_000, cached=500_000, output=25_000_000, cache_write=6_250_000)
_SONNET = Price(input=3_000_000, cached=300_000, output=15_000_000, cache_write=3_750_000)
_HAIKU = Price(input=1_000_000, cached=100_000, output=5_000_000, cache_write=1_250_000)
# claude: a copy of Anthropic's own price page. gpt, gemini: pages of June and March 2026 that quote
# OpenAI's and Google's.
EXAMPLE_PRICES: Mapping[str, Price] = {
    "claude-haiku-4-5": _HAIKU,
    "claude-opus-4-5": _OPUS,
    "claude-opus-4-6": _OPUS,
    "claude-opus-4-7": _OPUS,
    "claude-opus-4-8": _OPUS,
    "claude-sonnet-4-5": _SONNET,
    "claude-sonnet-4-6": _SONNET,
    "gemini-2.5-flash": Price(input=300_000, cached=30_000, output=2_500_000),
    "gpt-5.4-mini": Price(input=750_000, cached=75_000, output=4_500_000),
    "gpt-5.4-nano": Price(input=200_000, cached=20_000, output=1_250_000),
}


class Prices:
    """Prices by model.

    A key stands for the model of that name and its dated snapshots, whoever serves it. A key that
    ends in `*` stands for every model whose name begins so. The longest matching key counts.
    """

    def __init__(self, table: Mapping[str, Price] = EXAMPLE_PRICES) -> None:
        """Use *table*; raise ValueError where a price is no whole number from 0."""
        for model, price in table.items():
            wrong = [one for one in price if one is not None and not _is_price(one)]
            if wrong:
                raise ValueError(
                    f"the price of {model!r} has {wrong[0]!r}; allowed: whole micro-dollars for "
                    "a million tokens, from 0"
                )
        longest_first = sorted(table, key=len, reverse=True)
        self._table = [(key.lower(), table[key]) for key in longest_first]

    def __repr__(self) -> str:
        """Return the table as text: equal prices have equal texts."""
        return f"Prices({dict(self._table)!r})"

    def of(self, model: str | None) -> Price | None:
        """Return the price of a model; None if the table has none."""
        if model is None:
            return None
        name = _SERVED_BY.sub("", model.lower().rpartition("/")[2])
        for key, price in self._table:
            if key.endswith("*") and name.startswith(key[:-1]):
                return price
            if name.startswith(key) and _SNAPSHOT.match(name[len(key) :]):
                return price
        return None


class Meter:
    """Turns answers of language models into deltas of one job; any thread may use it.

    Cost is rounded down to whole micro-dollars, and the rest is carried over to the next call of
    the same thread: after any number of calls, the sum is their exact price, rounded down once for
    each thread.
    """

    def __init__(
        self, prices: Prices | None = None, on_unpriced: Callable[[], None] = lambda: None
    ) -> None:
        """Use *prices*; call *on_unpriced* for each answer whose model has no price."""
        self._prices = prices or Prices()
        self._on_unpriced = on_unpriced
        # A lock could be held by another thread at a fork, and nobody would ever release it.
        self._of_thread = threading.local()

    def delta(self, answer: Any, model: str | None = None) -> dict[str, int]:
        """Return the delta of *answer*; it is empty where the answer reports no usage.

        For example ``{"llm_calls": 1, "input_tokens": 812, "cost_microusd": 325}``. Pass *model*
        where the answer doesn't name it, as Bedrock's don't. A model without a price costs nothing.
        """
        usage = usages.read(answer)
        if usage is None:
            return {}
        delta = {
            "llm_calls": usage.llm_calls,
            "llm_errors": usage.llm_errors,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_input_tokens": usage.cache_read_input_tokens,
            "cost_microusd": self._cost(usage, model),
        }
        return {name: value for name, value in delta.items() if value}

    def _cost(self, usage: Usage, model: str | None) -> int:
        if not usage.input_tokens and not usage.output_tokens:
            return 0
        price = self._prices.of(model or usage.model)
        if price is None:
            self._on_unpriced()
            return 0
        left_over = getattr(self._of_thread, "left_over", 0)
        cost, self._of_thread.left_over = divmod(left_over + price.of(usage), _TOKENS_PER_PRICE)
        return cost


def _is_price(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
