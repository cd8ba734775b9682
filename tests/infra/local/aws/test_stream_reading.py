"""Streams are read beside the queues, and what all functions have read is forgotten."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.stacks.local_stack import wait_for

from run_ledger_ops.local.aws.stream_reading import KEPT, ReadRecords, StreamReading

SCOPE = ("000000000000", "eu-central-1")
STREAM = "arn:aws:dynamodb:eu-central-1:000000000000:table/jobs/stream/1"


class Looks:
    """Looks at streams that last until they are let go; each says whether there is more."""

    def __init__(self, *more: bool) -> None:
        self.more = list(more)
        self.begun = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self.done = 0
        self.forgotten = 0

    def look(self) -> bool:
        """Look, for as long as it takes."""
        self.begun.release()
        assert self.go_on.acquire(timeout=10)
        self.done += 1
        return self.more.pop(0)

    def forget(self) -> None:
        """Note that something may be forgotten."""
        self.forgotten += 1


def test_who_asks_for_a_look_does_not_wait_for_it() -> None:
    """Queues' messages go to functions while another function reads a stream."""
    looks = Looks(True, False)
    reading = StreamReading(looks.look, looks.forget)
    assert reading() is False
    assert looks.begun.acquire(timeout=10)
    assert looks.done == 0
    looks.go_on.release(2)
    wait_for("both looks", lambda: looks.done == 2, 10)
    assert looks.forgotten == 1


def test_a_look_that_is_asked_for_amid_another_follows_it() -> None:
    """What was written after the first look has passed it is read at once."""
    looks = Looks(False, False)
    reading = StreamReading(looks.look, looks.forget)
    reading()
    assert looks.begun.acquire(timeout=10)
    reading()
    reading()
    looks.go_on.release()
    assert looks.begun.acquire(timeout=10)
    looks.go_on.release()
    wait_for("both looks", lambda: looks.done == 2, 10)
    assert not looks.begun.acquire(timeout=0.1)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_look_that_fails_is_not_the_last() -> None:
    """The next one who asks gets another."""
    seen: list[int] = []

    def look() -> bool:
        seen.append(len(seen))
        if len(seen) == 1:
            raise ValueError
        return False

    reading = StreamReading(look, lambda: None)

    def is_looked_again() -> bool:
        reading()
        return len(seen) > 1

    wait_for("another look", is_looked_again, 10)


class Scoped(dict[tuple[str, str, str], Any]):
    """A store of the local AWS."""

    def get_scoped(self, account: str, region: str, key: str, default: Any = None) -> Any:
        """Return a value."""
        return self.get((account, region, key), default)

    def set_scoped(self, account: str, region: str, key: str, value: Any) -> None:
        """Set a value."""
        self[account, region, key] = value

    def all_items(self) -> list[Any]:
        """Return all keys with their values."""
        return list(self.items())


class Stand:
    """A table with a stream, and functions that have read it so far."""

    def __init__(self, records: int, **positions: int | None) -> None:
        self.records = list(range(records))
        table = {"LatestStreamArn": STREAM}
        self.dynamodb = SimpleNamespace(
            _stream_records=Scoped({(*SCOPE, "jobs"): self.records}),
            _stream_trimmed=Scoped(),
            _tables=Scoped({(*SCOPE, "jobs"): table}),
        )
        self.functions = SimpleNamespace(
            _esms=Scoped({(*SCOPE, name): {"EventSourceArn": STREAM} for name in positions}),
            _dynamodb_stream_positions=Scoped(
                {(*SCOPE, name): at for name, at in positions.items() if at is not None}
            ),
        )
        self.forget = ReadRecords(self.dynamodb, self.functions)

    @property
    def horizon(self) -> int:
        """The place of the first record that there is."""
        return int(self.dynamodb._stream_trimmed.get_scoped(*SCOPE, "jobs", 0))


@pytest.mark.parametrize(
    ("records", "positions", "horizon"),
    [
        (KEPT + 900, {"teller": KEPT + 900, "pusher": KEPT + 900}, 900),
        (KEPT + 900, {"teller": 700, "pusher": KEPT + 900}, 700),
        (KEPT + 900, {"teller": None, "pusher": KEPT + 900}, 0),
        (KEPT + 900, {}, 0),
        (KEPT, {"teller": KEPT}, 0),
    ],
)
def test_what_all_have_read_is_forgotten(
    records: int, positions: dict[str, int | None], horizon: int
) -> None:
    """But for the newest; what nobody reads, or somebody not yet, stays for its day."""
    stand = Stand(records, **positions)
    stand.forget()
    assert stand.horizon == horizon
    assert stand.records == list(range(horizon, records))


def test_places_go_on_after_something_was_forgotten() -> None:
    """Functions know places since the beginning, not in what is left."""
    stand = Stand(KEPT + 900, teller=800)
    stand.forget()
    stand.records += range(KEPT + 900, KEPT + 1_000)
    stand.functions._dynamodb_stream_positions.set_scoped(*SCOPE, "teller", 850)
    stand.forget()
    assert (stand.horizon, stand.records[0]) == (850, 850)
