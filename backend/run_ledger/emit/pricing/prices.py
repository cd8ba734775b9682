"""What tokens cost: your own table, a maintained one, or a small example.

A price is in micro-dollars for a million tokens, so that everything is an integer: 3 USD are
`3_000_000`. Without a table of your own, that of the package genai-prices counts if it is installed
(`pip install run-ledger[prices]`), else and for what it does not know `EXAMPLE_PRICES`.

    RunLedger(prices=Prices({"my-model": Price(input=400_000, cached=40_000, output=1_600_000)}))
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.emit.pricing import maintained_prices
from run_ledger.emit.pricing.example_prices import EXAMPLE_PRICES
from run_ledger.emit.pricing.model_names import ModelName, is_snapshot, parsed
from run_ledger.emit.pricing.price import Price
from run_ledger.emit.pricing.usage_totals import Usage

UNITS_PER_MICROUSD = 1_000_000
"""Of what `Prices.cost` returns: a price is for a million tokens."""

_FREE = Price(0, 0, 0)


class Prices:
    """Prices by model.

    A key stands for the model of that name and its dated snapshots, whoever serves it; the longest
    matching key counts. A key that ends in ``*`` stands for every model whose name begins so; one
    that begins with ``regional.`` for the model on Bedrock, but in its global profiles.
    """

    def __init__(
        self, table: Mapping[str, Price] | None = None, *, maintained: bool | None = None
    ) -> None:
        """Use *table*, and by default examples; raise ValueError where a price is wrong.

        With *maintained*, prices of the package genai-prices are used for what *table* does not
        have; by default only where there is no table.
        """
        self._is_own = table is not None
        table = EXAMPLE_PRICES if table is None else table
        for model, price in table.items():
            wrong = [one for one in price.numbers() if not _is_price(one)]
            if wrong:
                raise ValueError(
                    f"the price of {model!r} has {wrong[0]!r}; allowed: whole micro-dollars for "
                    "a million tokens, from 0"
                )
        self._maintained = not self._is_own if maintained is None else maintained
        if maintained and not maintained_prices.is_installed():
            raise ValueError(
                "maintained prices need genai-prices: pip install 'run-ledger[prices]'"
            )
        longest_first = sorted(table, key=len, reverse=True)
        self._table = [(key.lower(), table[key]) for key in longest_first]

    def __repr__(self) -> str:
        """Return the table as text: equal prices have equal texts."""
        return f"Prices({dict(self._table)!r}, own={self._is_own}, maintained={self._maintained})"

    def of(self, model: str | None) -> Price | None:
        """Return the price of a model in the table; None if the table has none."""
        return None if model is None else self._of(parsed(model))

    def cost(self, usage: Usage, model: str | None) -> int | None:
        """Return the cost of *usage* in millionths of a micro-dollar; None where nobody knows it.

        One's own table counts first; the maintained one before the examples.
        """
        if model is None:
            return None
        name = parsed(model)
        price = self._of(name)
        if self._maintained and (price is None or not self._is_own):
            cost = maintained_prices.cost(usage, name)
            if cost is not None:
                return cost
        if price is None:
            return None
        if not self._is_own and (usage.input_audio_tokens or usage.output_audio_tokens):
            return None  # the examples have prices of text alone
        price = price.served(usage.tier)
        return None if price is None else price.of(usage)

    def _of(self, model: ModelName) -> Price | None:
        if model.is_free:
            return _FREE
        names = [model.whole, model.name]
        if model.is_regional:
            names.insert(1, f"regional.{model.name}")
        for name in names:
            for key, price in self._table:
                if key.endswith("*") and name.startswith(key[:-1]):
                    return price
                if name.startswith(key) and is_snapshot(name[len(key) :]):
                    return price
        return None


def _is_price(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
