"""Compaction goes on beside writers, late events, audits, repairs, the proof and itself."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from tests.support.dynamo.deleting import Deleting
from tests.support.dynamo.stand_in import client_error
from tests.support.dynamo.tables import NAMES, empty_tables
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.ledgers import empty_store
from tests.support.readers.reading import Serial
from tests.support.recounts.audits import FAILED, Interleaved, audit, drifts, post, rows
from tests.support.recounts.proofs import run_proof
from tests.support.recounts.recount import recount_rollups

from run_ledger.domain.instants import HOUR, Instant, later, parse, text
from run_ledger.store.compacting.compaction_walk import Compaction, compact_rows
from run_ledger.store.dynamo.reading import Reading
from run_ledger.store.items.packed_items import RIGHT
from run_ledger.store.items.rollup_items import sort_of
from run_ledger.store.lists.rollup_reads import Range, read_sums

BEGIN = parse("2026-11-20T18:00:00Z")
ONCE_MORE = 8
HOURS_KEPT = ("client#", "project#", "models#")


def compact(client: Any, now: Instant, is_over: Callable[[], bool] = lambda: False) -> Compaction:
    """Let one run go on with compaction."""
    return compact_rows(Reading(client, NAMES, Serial(), 3_600.0), now, is_over)


def items_of_hours(client: Any, *, below: str) -> Counter[tuple[str, str]]:
    """Return how many items each row of an hour before another has; *below* is such a time."""
    found = (
        (one["pk"]["S"], sort_of(one)) for one in client.scan(TableName=NAMES.rollups)["Items"]
    )
    return Counter(
        (pk, sort)
        for pk, sort in found
        if pk.startswith(HOURS_KEPT) and f"{pk[-10:]}T{sort[:2]}" < below
    )


def one_by_one(client: Any, events: Sequence[Envelope], now: Instant) -> None:
    """Post each event by a writer of its own, so that rows have several shards."""
    for number, event in enumerate(events):
        post(client, [event], at=now, seed=number)


def of_job(number: int, at: Instant, **fields: Any) -> Envelope:
    """Return an event of a job of one of two clients, with counts of all kinds."""
    client = f"client-{number % 2}"
    return job_update(
        event_id=f"{number}-{at}-{fields.get('status')}",
        occurred_at=text(at),
        job_id=f"job-{number}",
        client_id=client,
        project_id=f"{client}-project",
        delta={"records_ok": number + 1, "own_pages": 1},
        delta_by_model={"gpt": {"input_tokens": 5}},
        **fields,
    )


def a_day(jobs: int = 6) -> list[Envelope]:
    """Return the starts and ends of some jobs within three hours."""
    found = []
    for number in range(jobs):
        at = later(BEGIN, number % 3 * HOUR)
        failed = {"status": "completed", "result": "failed", "error": FAILED}
        found += [of_job(number, at, status="running"), of_job(number, later(at, 90), **failed)]
    return found


def test_rows_of_hours_that_are_over_become_one_item_each_and_count_the_same() -> None:
    """Hour after hour; once all is merged the day says so, and is not walked through again."""
    events = a_day()
    with empty_tables() as client:
        one_by_one(client, events, later(BEGIN, 3 * HOUR))
        assert max(items_of_hours(client, below="2026-11-21").values()) > 1
        now = later(BEGIN, 5 * HOUR)
        for _ in range(ONCE_MORE):
            done = compact(client, now)
            assert rows(client) == recount_rollups(events)
            assert drifts(audit(client, is_vouched=True)) == set()
            now = later(now, HOUR)
        assert set(items_of_hours(client, below="2026-11-21").values()) == {1}
        assert (done.moved, done.left, done.waiting, done.days) == (0, 0, 0, 0)
        assert any(RIGHT in one for one in client.scan(TableName=NAMES.rollups)["Items"])


def test_what_comes_late_counts_at_once_and_is_merged_later() -> None:
    """A late event makes a shard anew beside the merged item."""
    events = a_day()
    with empty_tables() as client:
        one_by_one(client, events, later(BEGIN, 3 * HOUR))
        now = later(BEGIN, 5 * HOUR)
        for _ in range(ONCE_MORE):
            compact(client, now)
            now = later(now, HOUR)
        late = of_job(0, later(BEGIN, 120))
        one_by_one(client, [late], now)
        assert rows(client) == recount_rollups([*events, late])
        for _ in range(ONCE_MORE):
            compact(client, now)
            assert rows(client) == recount_rollups([*events, late])
            now = later(now, HOUR)
        assert set(items_of_hours(client, below="2026-11-21").values()) == {1}


def test_an_hour_that_is_not_over_or_was_written_just_now_is_left() -> None:
    """Writers may still be at work on it."""
    with empty_tables() as client:
        one_by_one(client, a_day(), later(BEGIN, 3 * HOUR))
        before = client.scan(TableName=NAMES.rollups)["Items"]
        compact(client, later(BEGIN, 3 * HOUR))
        compact(client, later(BEGIN, 4 * HOUR))
        assert client.scan(TableName=NAMES.rollups)["Items"] == before


@pytest.mark.parametrize("seed", range(2))
def test_all_is_exact_while_everything_goes_on(seed: int) -> None:
    """Posts, late ones too, audits with repairs, proofs and other compactors, call by call."""
    dice = random.Random(seed)
    with empty_tables() as client:
        posted: list[Envelope] = []
        now = later(BEGIN, HOUR)
        for number in range(8):
            fresh = [
                of_job(
                    dice.randrange(5),
                    later(BEGIN, dice.randrange(number * 3_600 + 3_600) * 1_000_000),
                    attempt=dice.randrange(1, 4),
                    **dice.choice(
                        (
                            {"status": "running"},
                            {"status": "completed", "result": "succeeded"},
                            {"status": "completed", "result": "failed", "error": FAILED},
                        )
                    ),
                )
                for _ in range(dice.choice((0, 2, 4)))
            ]
            posted += fresh
            happenings: list[Callable[[], Any]] = [
                partial(post, client, [one], at=now, seed=dice.randrange(99)) for one in fresh
            ]
            happenings += [
                partial(audit, client, repair=True),
                partial(compact, client, now),
                partial(run_proof, client, now),
            ]
            dice.shuffle(happenings)
            among = Interleaved(client, happenings, every=dice.randrange(1, 9))
            compact(among, now)
            for happening in among.rest():
                happening()
            assert rows(client) == recount_rollups(posted)
            findings = audit(Interleaved(client, [partial(compact, client, now)], every=3))
            assert drifts(findings) == set()
            assert (
                run_proof(Interleaved(client, [partial(compact, client, now)], 5), now).found == []
            )
            now = later(now, dice.choice((HOUR // 2, HOUR, 2 * HOUR)))


def test_readers_get_the_same_at_every_moment() -> None:
    """Pages are short, and a step of every row is made between any two of them."""
    events = a_day(18)
    store = empty_store()
    client = Deleting(store, page_bytes=900)
    for number, event in enumerate(events):
        post(client, [event], at=later(BEGIN, 3 * HOUR), seed=number)
    wanted = [
        Range(f"{kind}#client-0{rest}#2026-11-20", [f"{hour}" for hour in (18, 19, 20, 21)])
        for kind, rest in (("client", ""), ("project", "-project"), ("models", ""))
    ]

    def read(through: Any) -> Any:
        reading = Reading(through, NAMES, Serial(), 60.0)
        return read_sums(reading, wanted, lambda _: lambda sort: sort, rounds=99)

    right = read(client)
    assert not right.unread
    assert len(right.counts) == 9
    now = later(BEGIN, 5 * HOUR)
    for pages in range(24):
        step = partial(compact, client, now)
        assert read(Interleaved(client, [step], every=1 + pages % 11, operation="query")) == right
        now = later(now, HOUR // 3)
    assert len(store.items(NAMES.rollups)) < 60


def test_what_dynamodb_refuses_for_the_moment_is_done_by_the_next_run() -> None:
    """Of each transaction the first is throttled; nothing is lost, and the end is the same."""
    events = a_day()
    with empty_tables() as client:
        one_by_one(client, events, later(BEGIN, 3 * HOUR))
        now = later(BEGIN, 5 * HOUR)
        left = 0
        for number in range(2 * ONCE_MORE):
            done = compact(Throttled(client) if number % 2 == 0 else client, now)
            left += done.left
            assert rows(client) == recount_rollups(events)
            now = later(now, HOUR)
        assert left
        assert set(items_of_hours(client, below="2026-11-21").values()) == {1}


def test_a_run_whose_time_is_over_begins_no_further_day() -> None:
    """What it has not walked through is said."""
    with empty_tables() as client:
        one_by_one(client, a_day(), later(BEGIN, 3 * HOUR))
        done = compact(client, later(BEGIN, 9 * HOUR), lambda: True)
        assert (done.days, done.days_left, done.moved) == (0, 1, 0)


class Throttled:
    """A client whose writes are refused for the moment."""

    def __init__(self, client: Any) -> None:
        """Refuse what is for *client*."""
        self._client = client

    def __getattr__(self, name: str) -> Any:
        """Return a call."""
        return (
            self._refuse
            if name in ("transact_write_items", "update_item")
            else getattr(self._client, name)
        )

    @staticmethod
    def _refuse(**_request: Any) -> Any:
        raise client_error("ThrottlingException")
