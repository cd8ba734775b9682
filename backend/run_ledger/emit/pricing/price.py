"""The price of one model. A price is in micro-dollars for a million tokens: all are integers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from run_ledger.emit.pricing.usage_totals import Usage

_PER_PRICE = 1_000_000  # tokens that a price is for


class Price(NamedTuple):
    """Micro-dollars for a million tokens: 3 USD are ``3_000_000``.

    Without *cache_write*, writing to a cache costs the same as input. What is kept there for an
    hour costs *cache_write_hour*, by default twice the input, or the same where *cache_write* is
    not given either.
    """

    input: int
    cached: int
    output: int
    cache_write: int | None = None
    cache_write_hour: int | None = None
    tiers: Mapping[str, Price] | None = None
    """Prices by how a call was served: ``batch``, ``flex``, ``priority``.

    Without it the price counts however a call was served; with it, a tier that it does not name has
    no known price.
    """
    above: tuple[int, Price] | None = None
    """More input than so many tokens in one call makes all of it cost so much."""
    web_search: int = 0
    """Micro-dollars for one web search by the provider: 10 USD a thousand are 10_000."""

    def of(self, usage: Usage) -> int:
        """Return the price of *usage* in millionths of a micro-dollar; the tier is not looked at.

        Where *usage* sums many calls, the input of the average call decides what `above` says.
        """
        if self.above and usage.input_tokens > self.above[0] * max(1, usage.llm_calls):
            return self.above[1].of(usage)
        read, written = usage.cache_read_input_tokens, usage.cache_write_input_tokens
        hour = min(usage.cache_write_hour_tokens, written)
        return (
            (usage.input_tokens - read - written) * self.input
            + read * self.cached
            + (written - hour) * self._writing()
            + hour * self._writing_for_an_hour()
            + usage.output_tokens * self.output
            + usage.web_searches * self.web_search * _PER_PRICE
        )

    def served(self, tier: str | None) -> Price | None:
        """Return the price of calls served by *tier*; None where it is not known."""
        return self if tier is None or self.tiers is None else self.tiers.get(tier)

    def numbers(self) -> Iterator[object]:
        """Yield every number that the price is made of."""
        yield from (one for one in self[:5] if one is not None)
        yield self.web_search
        for price in (self.tiers or {}).values():
            yield from price.numbers()
        if self.above:
            yield self.above[0]
            yield from self.above[1].numbers()

    def _writing(self) -> int:
        return self.input if self.cache_write is None else self.cache_write

    def _writing_for_an_hour(self) -> int:
        if self.cache_write_hour is not None:
            return self.cache_write_hour
        return self.input if self.cache_write is None else 2 * self.input
