"""Budgets of a month: each level is told once, withdrawn by a correction, and over in time."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from run_ledger.domain.incidents.alert_rules import AlertRule
from run_ledger.domain.incidents.budgets import Spent, budget_scope, budgeted, usd_text
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.incidents.judging import judged_scope
from run_ledger.domain.instants import Instant

RULE = AlertRule("budget", grace_seconds=0, month_microusd=100_000_000)
SCOPE = budget_scope("acme", RULE)
END = 10_000


def after(
    usd: float | Decimal,
    standing: Standing | None = None,
    *,
    now: int = 5,
    rules: Sequence[AlertRule] = (RULE,),
    month: tuple[str, int] = ("2026-12", END),
) -> Standing:
    """Return what becomes of a standing once so much was spent; another look changes nothing."""
    spent = Spent(month[0], Instant(month[1]), int(usd * 1_000_000))
    found = budgeted(SCOPE, standing or Standing(), rules, spent, Instant(now))
    assert budgeted(SCOPE, found, rules, spent, Instant(now)) == found
    assert judged_scope(SCOPE, found, (), Instant(now)) == found
    return found


def told(standing: Standing) -> dict[str, str]:
    """Return what was told of each level."""
    found = {}
    for key, cause in standing.causes.items():
        ends = [one.incident.closed_because or "opened" for one in cause.notices]
        found[key.fingerprint.removesuffix(" of 100 USD")] = " ".join(ends)
    return found


def test_each_level_is_told_once() -> None:
    """From the microdollar on that reaches it."""
    assert told(after(Decimal("49.999999"))) == {}
    half = after(50)
    assert told(half) == {"2026-12 50%": "opened"}
    assert told(after(79, half)) == {"2026-12 50%": "opened"}
    whole = after(250, half)
    assert told(whole) == dict.fromkeys(["2026-12 50%", "2026-12 80%", "2026-12 100%"], "opened")
    (notice,) = whole.causes[max(whole.causes, key=lambda key: "80%" in key.fingerprint)].notices
    assert notice.error == ("Budget", "2026-12 80% of 100 USD: 250 USD were spent")


def test_a_correction_withdraws_and_another_crossing_tells_again() -> None:
    """Only the level that it falls below."""
    whole = after(100)
    less = after(99, whole)
    assert told(less)["2026-12 100%"] == "opened withdrawn"
    assert told(less)["2026-12 80%"] == "opened"
    again = after(101, less, now=6)
    assert told(again)["2026-12 100%"] == "opened withdrawn opened"
    (key,) = (key for key in again.causes if " 100% " in key.fingerprint)
    assert len({one.notice_id for one in again.causes[key].notices}) == 3


def test_what_was_resolved_is_told_when_it_is_reached_anew() -> None:
    """Not before, however often one looks."""
    half = after(50)
    ((key, cause),) = half.causes.items()
    resolved = structs.replace(cause, incident=None, resolved_at=Instant(6))
    half = structs.replace(half, causes={key: resolved})
    assert told(after(51, half, now=7)) == {"2026-12 50%": "opened"}
    again = after(50, after(49, half, now=7), now=8)
    assert told(again) == {"2026-12 50%": "opened opened"}


def test_within_its_grace_a_correction_is_never_told() -> None:
    """As everything that heals in time."""
    rule = AlertRule("budget", grace_seconds=60, month_microusd=100_000_000)
    waiting = after(50, rules=[rule])
    assert told(waiting) == {"2026-12 50%": ""}
    assert told(after(49, waiting, now=100, rules=[rule])) == {"2026-12 50%": ""}


def test_the_month_s_end_closes() -> None:
    """Also where nobody looks what was spent any more; the next month begins anew."""
    half = after(50)
    (cause,) = half.causes.values()
    assert cause.falls_due_at == END
    over = judged_scope(SCOPE, half, (), Instant(END))
    assert told(over) == {"2026-12 50%": "opened month_over"}
    january = after(60, half, now=END, month=("2027-01", 2 * END))
    assert told(january) == {"2026-12 50%": "opened month_over", "2027-01 50%": "opened"}


def test_another_budget_takes_the_place_of_one() -> None:
    """What was told of the former is withdrawn; two budgets are told of side by side."""
    more = AlertRule("budget", grace_seconds=0, month_microusd=1_000_000_000)
    both = after(50, rules=[RULE, more])
    assert told(both) == {"2026-12 50%": "opened"}
    assert told(after(50, both, rules=[more])) == {"2026-12 50%": "opened withdrawn"}


@pytest.mark.parametrize(
    ("microusd", "text"),
    [(0, "0"), (12_500_000, "12.5"), (-1, "-0.000001"), (10**18 + 1, "1000000000000.000001")],
)
def test_sums_are_exact(microusd: int, text: str) -> None:
    """To the last digit, whatever their size."""
    assert usd_text(microusd) == text
    assert int(Decimal(text) * 1_000_000) == microusd


@given(st.lists(st.integers(-200_000_000, 400_000_000), max_size=12))
def test_a_recount(sums: list[int]) -> None:
    """Of any course of sums: a level is open if the last sum reaches it, and told at each turn."""
    standing, expected = Standing(), {50: [False], 80: [False], 100: [False]}
    for number, microusd in enumerate(sums):
        standing = after(Decimal(microusd) / 1_000_000, standing, now=number)
        for level, turns in expected.items():
            turns.append(Decimal(microusd) / 1_000_000 >= level)
    for level, turns in expected.items():
        changes = sum(one != other for one, other in pairwise(turns))
        mine = [one for key, one in standing.causes.items() if f" {level}% " in key.fingerprint]
        assert sum(len(one.notices) for one in mine) == changes
        assert any(one.incident is not None for one in mine) == turns[-1]
