"""A client's rules give each end of a job its scopes, and ask for it in one of them at most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.contract.vocabulary import RESULTS
from run_ledger.domain.incidents.alert_rules import (
    ALERT_WHATS,
    AlertRule,
    IncidentScope,
    JobEnd,
    rulings_on,
)
from run_ledger.domain.instants import Instant

ENDED = IncidentScope("acme", "nightly", None, "ended")
PARTIAL = IncidentScope("acme", "nightly", None, "partial")


def end(result: str, *, failed: int = 0, ok: int = 0, project: str = "p") -> JobEnd:
    """Return an end of a job of the pipeline nightly."""
    return JobEnd(
        "j", 1, "acme", project, "nightly", result, Instant(7), records_ok=ok, records_failed=failed
    )


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("failed", "bad"),
        ("timed_out", "neither"),
        ("cancelled", "neither"),
        ("succeeded", "good"),
        ("partial", "good"),
    ],
)
def test_a_rule_about_failures(result: str, kind: str) -> None:
    """What it does not ask for neither opens nor ends anything, but for jobs that delivered."""
    (found,) = rulings_on([AlertRule("failed")], end(result)).items()
    assert (found[0], found[1].kind) == (ENDED, kind)


@pytest.mark.parametrize(
    ("failed", "ok", "kind"),
    [(10, 90, "good"), (11, 90, "bad"), (0, 0, "good"), (1, 0, "bad")],
)
def test_a_share_of_failed_records(failed: int, ok: int, kind: str) -> None:
    """A partial job counts above the share that is declared, and within it is good."""
    rule = AlertRule("partial", above_percent=10)
    (ruling,) = rulings_on([rule], end("partial", failed=failed, ok=ok)).values()
    assert ruling.kind == kind


@pytest.mark.parametrize("result", ["failed", "timed_out", "cancelled"])
def test_a_failure_ends_no_partial_incident(result: str) -> None:
    """Nor does it open one."""
    assert rulings_on([AlertRule("partial")], end(result))[PARTIAL].kind == "neither"


def test_the_first_of_several_rules_asks() -> None:
    """And in the scope of another rule for the same, nothing opens."""
    narrow, wide = AlertRule("failed", project="p", after=3), AlertRule("failed")
    own = IncidentScope("acme", "nightly", "p", "ended")
    found = rulings_on([narrow, wide], end("failed"))
    assert {scope: one.kind for scope, one in found.items()} == {own: "bad", ENDED: "neither"}
    assert found[own].rule is narrow
    found = rulings_on([narrow, wide], end("failed", project="q"))
    assert {scope: one.kind for scope, one in found.items()} == {ENDED: "bad"}
    found = rulings_on([narrow, wide], end("succeeded"))
    assert {scope: one.kind for scope, one in found.items()} == {own: "good", ENDED: "good"}


def test_rules_about_something_else() -> None:
    """They give it nothing, and cost it nothing."""
    other = [AlertRule("failed", pipeline="hourly"), AlertRule("failed", project="q")]
    assert rulings_on(other, end("failed")) == {}


@pytest.mark.parametrize(
    ("result", "kind"),
    [
        ("failed", "bad"),
        ("timed_out", "bad"),
        ("cancelled", "neither"),
        ("succeeded", "good"),
        ("partial", "good"),
    ],
)
def test_error_rates_count_every_end_but_cancelled_ones(result: str, kind: str) -> None:
    """All rules about one scope ask together, beside the one that asks for the failure."""
    low, high = AlertRule("error_rate", above_percent=5), AlertRule("error_rate", last=50)
    found = rulings_on([AlertRule("failed"), low, high], end(result))
    rate = found[IncidentScope("acme", "nightly", None, "rate")]
    assert (rate.kind, rate.rule, rate.rates) == (kind, None, (low, high))
    assert found[ENDED].rates == ()


rules = st.builds(
    AlertRule,
    st.sampled_from(ALERT_WHATS),
    st.sampled_from([None, "nightly", "hourly"]),
    st.sampled_from([None, "p", "q"]),
)


@given(st.lists(rules, max_size=6), st.sampled_from(RESULTS), st.integers(0, 3))
def test_an_end_is_asked_for_once(some: list[AlertRule], result: str, failed: int) -> None:
    """Recounted rule by rule: by the first that names it, in a scope of this client."""
    one = end(result, failed=failed)
    found = rulings_on(some, one)
    asking = [
        rule
        for rule in some
        if rule.pipeline in (None, "nightly")
        and rule.project in (None, "p")
        and rule.what == result
        and (result != "partial" or failed)
    ]
    bad = [ruling.rule for ruling in found.values() if ruling.rule is not None]
    assert bad == asking[:1]
    assert all(scope.client_id == "acme" for scope in found)
