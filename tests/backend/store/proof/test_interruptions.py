"""Runs that are killed, overlap, run out of time or are throttled neither lose nor count twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest
from tests.support.dynamo.stand_in import client_error
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.recounts.audits import BOOKS, NOW, post, said
from tests.support.recounts.falsehoods import in_item
from tests.support.recounts.proofs import SETTLED, differing, frontier, proof_reading, run_proof

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.instants import DAY, HOUR, later
from run_ledger.store.proof.frontier import Counts, counts_of

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

BY_CLIENT = {"client-1": Counts(2, 0, 10, 0, 1), "client-2": Counts(1, 0, 4, 0, 0)}


class Killed(BaseException):
    """The process ends here."""


class Before:
    """A client that does something before each call, which gets the call's number."""

    def __init__(self, client: Any, happening: Callable[[int], None]) -> None:
        """Pass calls on to *client*."""
        self._client = client
        self._happening = happening
        self._numbers = count(1)

    def __getattr__(self, name: str) -> Any:
        """Return the call, with something before it."""
        call = getattr(self._client, name)

        def after(**request: Any) -> Any:
            self._happening(next(self._numbers))
            return call(**request)

        return after


@pytest.fixture
def books() -> Iterator[DynamoDBClient]:
    """Give a ledger of three jobs, of which one is wrong."""
    with empty_tables() as client:
        post(client, BOOKS)
        in_item(NAMES.jobs, "job-2", n=9)(client)
        yield client


def assert_proved_once(client: Any) -> None:
    """Assert that each job was counted once, and the wrong one is known."""
    assert differing(client) == {"job-2": {"n"}}
    found = frontier(client)
    assert (found.proved_to, found.judged) == (later(SETTLED, -HOUR), 3)
    reading = proof_reading(client)
    assert {one: counts_of(reading, one) for one in BY_CLIENT} == BY_CLIENT


@pytest.mark.parametrize("number", range(1, 80, 3))
def test_a_run_that_is_killed_between_calls(books: DynamoDBClient, number: int) -> None:
    """The next one goes on where it stopped."""

    def kill(at: int) -> None:
        if at == number:
            raise Killed

    with pytest.raises(Killed):
        run_proof(Before(books, kill))

    run_proof(books)

    assert_proved_once(books)


@pytest.mark.parametrize("number", range(1, 80, 5))
def test_two_runs_at_once(books: DynamoDBClient, number: int) -> None:
    """The one that comes later wins where it moves the frontier first, and the other stops."""
    overtaken = []

    def other(at: int) -> None:
        if at == number:
            overtaken.append(run_proof(books).is_overtaken)

    proof = run_proof(Before(books, other))

    assert overtaken == [False]
    assert proof.is_overtaken or proof.judged == 0
    assert_proved_once(books)


def test_a_run_whose_time_is_over_is_gone_on_with(books: DynamoDBClient) -> None:
    """Each takes some steps, and the frontier moves only at the end of the walk."""
    for _ in range(16):
        steps = iter((False, False, True))
        proof = run_proof(books, is_over=lambda steps=steps: next(steps, True))
        if proof.rows_proved_to == later(SETTLED, -HOUR):
            break
    assert_proved_once(books)


def test_a_throttled_run_keeps_what_it_has_done(books: DynamoDBClient) -> None:
    """It fails, and the next one goes on."""

    def refuse(at: int) -> None:
        if at > 12:
            raise client_error("ThrottlingException", "slow down", "Query")

    with pytest.raises(StoreUnavailable):
        run_proof(Before(books, refuse))

    run_proof(books)

    assert_proved_once(books)


def test_what_comes_late_is_proved_again(books: DynamoDBClient) -> None:
    """A late event lets its job be recounted once more, on whatever day the job was created."""
    run_proof(books)
    in_item(NAMES.jobs, "job-2", n=2)(books)
    run_proof(books, later(SETTLED, HOUR))
    days = 9
    for day in range(1, days):
        run_proof(books, later(SETTLED, day * DAY))
    late = said("job-1", "12:00:09", attempt=2, delta={"records_ok": 5})
    post(books, [late], at=later(NOW, days * DAY))

    judged = [
        run_proof(books, later(SETTLED, days * DAY + hours * HOUR)).judged for hours in range(26)
    ]

    assert sum(judged) == 1
    assert differing(books) == {}


def test_a_running_job_is_recounted_once_a_day(books: DynamoDBClient) -> None:
    """Also if an event of it comes every few minutes, so that it never settles."""
    in_item(NAMES.jobs, "job-2", n=2)(books)
    run_proof(books)
    judged = []
    for hours in range(1, 26):
        now = later(SETTLED, hours * HOUR)
        event = said("job-3", f"10:30:{hours:02d}", "client-2", delta={"records_ok": 1})
        post(books, [event], at=now)
        judged.append(run_proof(books, now).judged)
    # Every hour it came in later than the walk looks; the walk over all days takes what runs.
    assert sum(judged) in {1, 2}
