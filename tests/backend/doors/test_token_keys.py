"""The pool's keys: fetched seldom, kept while none can be fetched, never trusted otherwise."""

from __future__ import annotations

from tests.support.readers.reading import NOW
from tests.support.readers.reporting import (
    detail,
    machine_claims,
    reporting_house,
    sent,
    signed,
)

from run_ledger.domain.instants import MICROSECONDS

NOW_SECONDS = NOW // MICROSECONDS


def test_keys_of_tokens_are_fetched_once_an_hour() -> None:
    """And for unknown ones at most once in half a minute, however many tokens invent some."""
    with reporting_house() as house:
        house.grant("app-1", staff=True)
        good = signed(machine_claims(exp=NOW_SECONDS + 90_000))
        invented = signed(machine_claims(), {"alg": "RS256", "kid": "mine"})
        for _ in range(5):
            assert house.send(good, sent(detail())).status == 202
            assert house.send(invented, sent(detail())).status == 401
        assert house.keys_fetched == 1
        house.now += 31 * MICROSECONDS
        for _ in range(5):
            house.send(invented, sent(detail()))
        assert house.keys_fetched == 2
        house.now += 3_600 * MICROSECONDS
        assert house.send(good, sent(detail())).status == 202
        assert house.keys_fetched == 3


def test_without_the_pools_keys_tokens_wait_and_report_keys_pass() -> None:
    """503 with the time to wait; keys that were fetched before go on to count."""
    with reporting_house() as house:
        house.grant("app-1", staff=True)
        token = signed(machine_claims(exp=NOW_SECONDS + 90_000))
        house.keys_failure = TimeoutError()
        reply = house.send(token, sent(detail()))
        assert (reply.status, reply.headers["Retry-After"]) == (503, "2")
        assert house.send(house.key("acme"), sent(detail())).status == 202
        house.keys_failure = None
        assert house.send(token, sent(detail())).status == 202
        house.keys_failure = TimeoutError()
        house.now += 3_601 * MICROSECONDS
        assert house.send(token, sent(detail())).status == 202
