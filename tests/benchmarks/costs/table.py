"""The tables of costs that the README shows: `python -m tests.benchmarks.costs.table`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from . import idle, prices, rates, reading
from .load import RATES, default_window, jobs_at, load


def by_rate() -> str:
    """Return the table of a month's bill by rate."""
    window = default_window()
    loads = [load(rate, window) for rate in RATES]
    bills = [rates.month(at) for at in loads]
    heads = [f"{rate:,} a second" for rate in RATES]
    lines = [
        _row("USD a month", heads),
        "|---|" + "---:|" * len(RATES),
        _row("jobs at a time", [f"{jobs_at(rate):,}" for rate in RATES]),
        _row("events in a batch", [f"{at.batch:.0f}" for at in loads]),
        _row("longest delay by collecting, s", [f"{at.delay_seconds:.2g}" for at in loads]),
    ]
    for parts in zip(*bills, strict=True):
        name = f"*{parts[0].what}*" if parts[0].optional else parts[0].what
        lines.append(_row(name, [_usd(part.usd) for part in parts]))
    lines.append(_row("**together, without options**", _bold(rates.total(one) for one in bills)))
    lines.append(_row("with options", [_usd(rates.total(b, with_optional=True)) for b in bills]))
    lines.append(_row("**a million events**", [f"**{rates.a_million(at):.2f}**" for at in loads]))
    lines.append(
        _row(
            "a million, with storage and idle's share",
            [f"{rates.a_million_in_all(at):.2f}" for at in loads],
        )
    )
    soonest = [load(rate, 1) for rate in RATES]
    lines.append(
        _row(
            "a million, with `BatchWindowSeconds=1`",
            [f"{rates.a_million(at):.2f}" for at in soonest],
        )
    )
    return "\n".join(lines)


def when_idle() -> str:
    """Return the table of what a stage costs in which nothing happens."""
    lines = ["| an idle stage | | USD a month |", "|---|---|---:|"]
    lines += [f"| {one.what} | {one.arithmetic} | {one.usd:.2f} |" for one in idle.needed()]
    lines.append(f"| **together** | | **{idle.total(idle.needed()):.2f}** |")
    lines += [f"| *{one.what}* | {one.arithmetic} | {one.usd:.2f} |" for one in idle.optional()]
    return "\n".join(lines)


def of_tabs() -> str:
    """Return the sentences on open tabs."""
    return (
        f"{reading.TABS} tabs of the site that stay open cost {reading.tabs_usd():.0f} USD a "
        "month if people look at them in office hours and at other tabs for the rest of the time. "
        f"This is {reading.share():.1%} of the cost of writing {reading.RATE} events a second. If "
        f"people look at them day and night, it is {reading.share(prices.HOURS_A_MONTH):.0%}."
    )


def _row(name: str, values: list[str]) -> str:
    return f"| {name} | {' | '.join(values)} |"


def _usd(usd: float) -> str:
    return f"{usd:,.2f}" if usd < 100 else f"{usd:,.0f}"


def _bold(sums: Iterator[float]) -> list[str]:
    return [f"**{_usd(one)}**" for one in sums]


if __name__ == "__main__":
    sys.stdout.write(f"{by_rate()}\n\n{when_idle()}\n\n{of_tabs()}\n")
