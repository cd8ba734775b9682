"""What the intake costs beyond the bus: units of a request times listed prices."""

from __future__ import annotations

from tests.benchmarks.figures import Figure

from . import prices

EVENTS_A_REQUEST = 50
GOAL = 1.00
# The grant is read, strongly consistent, and the caller's events are counted: an item each.
READ_UNITS, WRITE_UNITS = 1, 1
# Five calls of the bus in turn, of some 20 ms each, and as much again for the rest.
SECONDS, MEMORY_GB = 0.2, 1.0
# The function's line with Lambda's own, and the gateway's.
LOG_BYTES = 1_300 + 300


def parts() -> dict[str, float]:
    """Return what a million requests cost in USD, by what they are paid for."""
    return {
        "API Gateway": prices.API_REQUEST,
        "Lambda": prices.INVOCATION + prices.MILLION * SECONDS * MEMORY_GB * prices.GB_SECOND,
        "DynamoDB": WRITE_UNITS * prices.WRITE_UNIT + READ_UNITS * prices.READ_UNIT,
        "logs": prices.MILLION * LOG_BYTES / 1e9 * (prices.LOG_GB + prices.LOG_GB_MONTH),
    }


def cost_per_million() -> Figure:
    """Add up what a million events in bodies of fifty cost beyond the bus and what follows it."""
    by_part = {name: usd / EVENTS_A_REQUEST for name, usd in parts().items()}
    return Figure(
        "intake_cost_per_million_usd",
        sum(by_part.values()),
        "USD",
        goal=GOAL,
        more_is_better=False,
        notes=(
            f"{EVENTS_A_REQUEST} events a request, {SECONDS} s of a function of {MEMORY_GB} GB",
            ", ".join(f"{name} {usd:.3f}" for name, usd in by_part.items()),
            prices.SOURCE,
        ),
    )
