"""What is throttled travels alone, through the real handler, boto3 and HTTP.

DynamoDB is a stand-in that throttles as AWS documents it (Amazon DynamoDB API Reference,
"TransactWriteItems", "TransactionCanceledException" and "BatchGetItem"): see
`tests.support.dynamo.throttles`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from tests.support.dynamo.stand_in import Key
from tests.support.dynamo.tables import NAMES
from tests.support.dynamo.throttled_writer import FUNCTION_SECONDS, World, throttled_writer
from tests.support.dynamo.throttles import Throttle, Throttled
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledgers
from tests.support.readers.ledgers import assert_balanced

from run_ledger.store.posting.waits import PATIENCE_AFTERWARDS_SECONDS, PATIENCE_SECONDS

JOBS, EVENTS = 20, 5
HOT = 7
QUICK_SECONDS = 1.0
WHOLE = ("ThrottlingException", "ProvisionedThroughputExceededException", "RequestLimitExceeded")
REASONS = ("ThrottlingError", "ProvisionedThroughputExceeded")


def first(value: str) -> Callable[[Key], bool]:
    """Return whether a key's first part is *value*."""
    return lambda key: key[0] == value


def events(
    numbers: Iterable[int] = range(EVENTS), jobs: Iterable[int] = range(JOBS)
) -> list[Envelope]:
    """Return events of each job of four clients; that with number 0 begins it."""
    return [
        job_update(
            event_id=f"{job}-{number}",
            job_id=f"job-{job}",
            client_id=f"client-{job % 4}",
            project_id=f"project-{job % 4}",
            **({"status": "running"} if number == 0 else {"delta": {"records_ok": 1}}),
        )
        for job in jobs
        for number in numbers
    ]


def ids(of: Iterable[Envelope]) -> set[str]:
    """Return the ids of events."""
    return {one["detail"]["event_id"] for one in of}


def assert_all_posted_once(world: World, sent: Iterable[Envelope]) -> None:
    """Assert that every event has its entry, all is balanced, and nothing is dead."""
    assert not world.dead
    assert len(ledgers.entries(world.store)) == len(ids(sent))
    assert_balanced(world.store)


ONE_KEY = {
    "its item": Throttle(NAMES.jobs, first(f"job-{HOT}")),
    "its log": Throttle(NAMES.entries, first(f"log#job#job-{HOT}#0")),
    "its item, provisioned": Throttle(NAMES.jobs, first(f"job-{HOT}"), code=REASONS[1]),
    **{code: Throttle(NAMES.jobs, first(f"job-{HOT}"), whole=code) for code in WHOLE},
    "its reading": Throttle(NAMES.jobs, first(f"job-{HOT}"), reads=True),
}
# A request that fails as a whole is tried three times by botocore, with pauses of its own.
BOTOCORE_SECONDS = 3.5


@pytest.mark.parametrize("throttle", ONE_KEY.values(), ids=ONE_KEY.keys())
def test_a_job_that_is_throttled_for_ever_takes_no_other_with_it(throttle: Throttle) -> None:
    """The others are posted at once; its own events alone end as dead letters.

    The first batch gives up on it when its patience is over, later ones sooner.
    """
    sent = events()
    own = ids(events(jobs=[HOT]))
    is_whole = throttle.whole is not None or throttle.reads
    with throttled_writer([throttle]) as world:
        world.send(sent)
        world.run()
        assert set(world.dead) == own
        assert {one.event_id for one in ledgers.entries(world.store)} == ids(sent) - own
        assert_balanced(world.store)
        # Halves of twenty jobs, until the throttled one is alone: five requests that fail.
        assert world.last_commit_at <= (5 * BOTOCORE_SECONDS if is_whole else QUICK_SECONDS)
        slack = 2 * BOTOCORE_SECONDS if is_whole else 1.5
        assert max(world.invocations[1:]) <= PATIENCE_AFTERWARDS_SECONDS + slack
        if not is_whole:
            assert world.invocations[0] <= PATIENCE_SECONDS + slack


PLACES = {
    **ONE_KEY,
    "an index": Throttle(NAMES.jobs, index="by_client"),
    "what an index takes of one": Throttle(NAMES.jobs, first(f"job-{HOT}"), index="by_outcome"),
    "table of jobs": Throttle(NAMES.jobs),
    "table of jobs, provisioned": Throttle(NAMES.jobs, code=REASONS[1]),
    "table of jobs, whole": Throttle(NAMES.jobs, whole=WHOLE[1]),
    "reading of jobs": Throttle(NAMES.jobs, reads=True),
    "table of entries": Throttle(NAMES.entries),
    "table of rollups": Throttle(NAMES.rollups),
    "a partition of rollups": Throttle(NAMES.rollups, first("client#client-1#2026-11-22")),
    "the rollups of all": Throttle(NAMES.rollups, first("all")),
}


@pytest.mark.parametrize("until", [1.0, 400.0])
@pytest.mark.parametrize("throttle", PLACES.values(), ids=PLACES.keys())
def test_when_throttling_ends_every_event_is_posted_once(throttle: Throttle, until: float) -> None:
    """Whether a key, an index or a table, and whether a moment or longer than a batch waits."""
    sent = events()
    with throttled_writer([replace(throttle, until=until)]) as world:
        world.send(sent)
        world.run()
        assert_all_posted_once(world, sent)
        throttled = world.store.throttles
        assert isinstance(throttled, Throttled)
        assert throttled.met


def test_an_index_that_is_throttled_for_ever_holds_up_no_delta() -> None:
    """A delta writes to no index, so jobs that are there already go on."""
    begun, more = events([0], range(4)), events(range(1, EVENTS), range(4))
    new = events(jobs=range(4, JOBS))
    throttle = Throttle(NAMES.jobs, index="by_client")
    with throttled_writer([]) as world:
        world.send(begun)
        world.run()
        assert isinstance(world.store.throttles, Throttled)
        world.store.throttles.throttles.append(throttle)
        world.send([*more, *new])
        world.run()
        assert set(world.dead) == ids(new)
        assert {one.event_id for one in ledgers.entries(world.store)} == ids([*begun, *more])
        assert_balanced(world.store)


def test_a_row_that_is_throttled_for_ever_fails_the_jobs_of_its_client_alone() -> None:
    """They stand for one another: a transaction that counts in the row waits, no other does."""
    sent = events()
    throttle = Throttle(NAMES.rollups, first("client#client-1#2026-11-22"))
    with throttled_writer([throttle]) as world:
        world.send(sent)
        world.run()
        own = ids(events(jobs=range(1, JOBS, 4)))
        assert set(world.dead) == own
        assert {one.event_id for one in ledgers.entries(world.store)} == ids(sent) - own
        assert world.last_commit_at <= QUICK_SECONDS
        assert_balanced(world.store)


def test_a_shard_that_is_throttled_for_ever_fails_nothing() -> None:
    """The writer adds to another shard of its rows."""
    sent = events()
    with throttled_writer([Throttle(NAMES.rollups, lambda key: key[1].endswith("#1"))]) as world:
        world.send(sent)
        world.run()
        assert_all_posted_once(world, sent)
        assert world.seconds <= PATIENCE_SECONDS


def test_a_batch_after_another_does_not_wait_for_what_stays_throttled() -> None:
    """Batch after batch with one event of it: each is held up for as long as afterwards, at most.

    A writer that waited for the time's end with each would take three batches in two minutes.
    """
    batches = [events([number]) for number in range(EVENTS)]
    with throttled_writer([ONE_KEY["its item"]]) as world:
        for batch in batches:
            world.send(batch)
            world.step()
        first_batch, *later = world.invocations
        assert first_batch <= PATIENCE_SECONDS + 1.5
        assert max(later) <= PATIENCE_AFTERWARDS_SECONDS + 1.5
        others = {one for one in ids(events()) if not one.startswith(f"{HOT}-")}
        assert set(world.done_at) == others


@pytest.mark.parametrize("seed", range(5))
def test_any_pattern_of_throttling_that_ends_loses_and_doubles_nothing(seed: int) -> None:
    """Some of all places, each until a time of its own; nobody's events become dead letters."""
    dice = random.Random(seed)
    chosen = dice.sample(sorted(PLACES), 4)
    throttles = [
        replace(PLACES[name], until=dice.choice([0.2, 3.0, 40.0, 900.0])) for name in chosen
    ]
    sent = events()
    dice.shuffle(sent)
    with throttled_writer(throttles, seed=seed) as world:
        for start in range(0, len(sent), 40):
            world.send(sent[start : start + 40])
            world.step()
        world.run()
        assert_all_posted_once(world, sent)
        assert max(world.invocations) <= FUNCTION_SECONDS
