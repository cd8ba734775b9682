"""A small table of prices, for where the maintained table of genai-prices is not installed.

It is an **example**, gathered on the day of `PRICES_AS_OF`: list prices in USD without discounts.
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger.emit.pricing.price import Price

PRICES_AS_OF = "2026-11-29"
_LONG = 200_000  # tokens of input, from which on some models cost more


def _scaled(price: Price, times: int, by: int) -> Price:
    """Return *price* times a fraction, with its tiers."""

    def scaled(number: int) -> int:
        return number * times // by

    return Price(
        scaled(price.input),
        scaled(price.cached),
        scaled(price.output),
        None if price.cache_write is None else scaled(price.cache_write),
        None if price.cache_write_hour is None else scaled(price.cache_write_hour),
        {name: _scaled(one, times, by) for name, one in (price.tiers or {}).items()},
        price.above and (price.above[0], _scaled(price.above[1], times, by)),
        price.web_search,
    )


def _claude(usd: int, *, long_usd: int | None = None) -> Price:
    """Return the price of a model of Anthropic from that of its input in USD a million tokens."""
    micro = usd * 1_000_000
    standard = Price(
        micro, micro // 10, micro * 5, micro * 5 // 4, micro * 2, tiers={}, web_search=10_000
    )
    if long_usd:
        dear = _scaled(standard, long_usd, usd)._replace(output=micro * 15 // 2)
        standard = standard._replace(above=(_LONG, dear))
    return standard._replace(tiers={"batch": _scaled(standard, 1, 2)})


def _gpt(
    base: tuple[int, int, int],
    *,
    batch: tuple[int, int, int] | None = None,
    flex: bool = False,
    priority: tuple[int, int, int] | None = None,
) -> Price:
    """Return a price of OpenAI or Google: input, cached and output, in micro-USD."""
    half = (base[0] // 2, base[1] // 2, base[2] // 2)
    tiers = {"batch": Price(*(batch or half))}
    if flex:
        tiers["flex"] = Price(*half)
    if priority:
        tiers["priority"] = tiers["fast"] = Price(*priority)
    return Price(*base, tiers=tiers)


_ANTHROPIC = {
    "claude-haiku-4-5": _claude(1),
    "claude-opus-4-5": _claude(5),
    "claude-opus-4-6": _claude(5),
    "claude-opus-4-7": _claude(5),
    "claude-opus-4-8": _claude(5),
    "claude-opus-5": _claude(5),
    "claude-sonnet-4-5": _claude(3, long_usd=6),
    "claude-sonnet-4-6": _claude(3),
    "claude-sonnet-5": _claude(2),
}
_FORMER = {  # on Bedrock they cost the same everywhere
    "claude-3-5-sonnet": _claude(3),
    "claude-3-7-sonnet": _claude(3),
    "claude-opus-4": _claude(15),
    "claude-opus-4-1": _claude(15),
    "claude-sonnet-4": _claude(3),
}
_AMAZON = {
    "nova-lite": Price(60_000, 15_000, 240_000, tiers={}),
    "nova-micro": Price(35_000, 8_750, 140_000, tiers={}),
    "nova-premier": Price(2_500_000, 625_000, 12_500_000, tiers={}),
    "nova-pro": Price(800_000, 200_000, 3_200_000, tiers={}),
    "titan-embed-text-v1": Price(100_000, 100_000, 0, tiers={}),
    "titan-embed-text-v2:0": Price(20_000, 20_000, 0, tiers={}),
}
_GOOGLE_PRO = Price(
    1_250_000,
    125_000,
    10_000_000,
    tiers={},
    above=(_LONG, Price(2_500_000, 250_000, 15_000_000)),
)
EXAMPLE_PRICES: Mapping[str, Price] = {
    **_ANTHROPIC,
    **_FORMER,
    **_AMAZON,
    # On Bedrock, all but the global profiles cost a tenth more.
    **{f"regional.{name}": _scaled(price, 11, 10) for name, price in _ANTHROPIC.items()},
    "gemini-2.5-flash": _gpt((300_000, 30_000, 2_500_000), batch=(150_000, 30_000, 1_250_000)),
    "gemini-2.5-flash-lite": _gpt((100_000, 10_000, 400_000), batch=(50_000, 10_000, 200_000)),
    "gemini-2.5-pro": _GOOGLE_PRO,
    "gpt-4.1": _gpt(
        (2_000_000, 500_000, 8_000_000),
        batch=(1_000_000, 500_000, 4_000_000),
        priority=(3_500_000, 875_000, 14_000_000),
    ),
    "gpt-4.1-mini": _gpt(
        (400_000, 100_000, 1_600_000),
        batch=(200_000, 100_000, 800_000),
        priority=(700_000, 175_000, 2_800_000),
    ),
    "gpt-4.1-nano": _gpt(
        (100_000, 25_000, 400_000),
        batch=(50_000, 25_000, 200_000),
        priority=(200_000, 50_000, 800_000),
    ),
    "gpt-4o": _gpt(
        (2_500_000, 1_250_000, 10_000_000),
        batch=(1_250_000, 1_250_000, 5_000_000),
        priority=(4_250_000, 2_125_000, 17_000_000),
    ),
    "gpt-4o-mini": _gpt(
        (150_000, 75_000, 600_000),
        batch=(75_000, 75_000, 300_000),
        priority=(250_000, 125_000, 1_000_000),
    ),
    "gpt-5": _gpt(
        (1_250_000, 125_000, 10_000_000), flex=True, priority=(2_500_000, 250_000, 20_000_000)
    ),
    "gpt-5-mini": _gpt(
        (250_000, 25_000, 2_000_000), flex=True, priority=(450_000, 45_000, 3_600_000)
    ),
    "gpt-5-nano": _gpt((50_000, 5_000, 400_000), flex=True),
    "gpt-5.1": _gpt(
        (1_250_000, 125_000, 10_000_000), flex=True, priority=(2_500_000, 250_000, 20_000_000)
    ),
    "gpt-5.2": _gpt(
        (1_750_000, 175_000, 14_000_000), flex=True, priority=(3_500_000, 350_000, 28_000_000)
    ),
    "gpt-5.4-mini": _gpt(
        (750_000, 75_000, 4_500_000), flex=True, priority=(1_500_000, 150_000, 9_000_000)
    ),
    "gpt-5.4-nano": _gpt((200_000, 20_000, 1_250_000), flex=True),
    "text-embedding-3-large": Price(130_000, 130_000, 0, tiers={"batch": Price(65_000, 65_000, 0)}),
    "text-embedding-3-small": Price(20_000, 20_000, 0, tiers={"batch": Price(10_000, 10_000, 0)}),
}
