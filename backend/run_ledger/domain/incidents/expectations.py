"""How a pipeline should run, as its client or its own events say: when, and how long.

An example: `Expectation("nightly", cron="0 2 * * *", timezone="Europe/Berlin")` asks for a run
each night, which begins at two o'clock on the clocks of Berlin, or up to five minutes later.

Of what a pipeline's own events say, the last event counts, by when it happened. It counts until
another one says otherwise; and where none says it any more, until people have been told for long
enough that runs stay away. So nobody is told for ever of a pipeline that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Self

from msgspec import Struct

from run_ledger.domain.instants import DAY, MICROSECONDS, Duration, Instant
from run_ledger.domain.lengths import seconds_in

DEFAULT_GRACE_SECONDS = 300
MOST_EXPECTATIONS = 50
"""So many a client declares, and so many of its events count."""
LEAST_KEPT = Duration(30 * DAY)
"""So long what events say counts in any case after the last of them."""
MOST_KEPT = Duration(400 * DAY)
_RUNS = 3
"""So many runs are asked for after the last event that says so, before it counts no more."""


class Expectation(Struct, frozen=True, omit_defaults=True):
    """What is expected of the runs of one pipeline, perhaps in one project alone.

    Either ``cron``, five fields read on the clocks of ``timezone``, or ``every_seconds``, the
    longest time from one run to the next, or none of both. ``grace_seconds`` is how late a run may
    begin. A job may run for ``max_duration_seconds``, None for as long as it takes.
    ``of_events`` says that the pipeline's events say so, and not its client.
    """

    pipeline: str
    project: str | None = None
    cron: str | None = None
    timezone: str = "UTC"
    every_seconds: int | None = None
    grace_seconds: int = DEFAULT_GRACE_SECONDS
    max_duration_seconds: int | None = None
    of_events: bool = False

    @property
    def has_schedule(self) -> bool:
        """Return whether runs are asked for at some time."""
        return self.cron is not None or self.every_seconds is not None

    @property
    def source_text(self) -> str:
        """Return what to add where an expectation is named, so that its source is known."""
        return ", as its events say" if self.of_events else ""


Slots = Callable[[Expectation, Instant], Iterator[Instant]]
"""Yields the slots of an expectation that are later than an instant."""


class Announcement(Struct, frozen=True):
    """What events say of a client's pipeline; ``expectation`` is None where nothing is expected.

    ``said_at`` is when the last of them happened.
    """

    client_id: str
    expectation: Expectation | None
    said_at: Instant

    @classmethod
    def of(
        cls,
        client_id: str,
        pipeline: str,
        project: str | None,
        members: Mapping[str, str],
        said_at: Instant,
    ) -> Self:
        """Return it by the *members* of an event's ``expect``, which has been checked."""

        def seconds(name: str) -> int | None:
            return seconds_in(members[name]) if name in members else None

        expected = None
        if members.keys() & {"cron", "every", "max_duration"}:
            grace = seconds("grace")
            expected = Expectation(
                pipeline,
                project,
                members.get("cron"),
                members.get("timezone", "UTC"),
                seconds("every"),
                DEFAULT_GRACE_SECONDS if grace is None else grace,
                seconds("max_duration"),
                of_events=True,
            )
        return cls(client_id, expected, said_at)

    def is_over(self, now: Instant, slots: Slots) -> bool:
        """Return whether it counts no more *now*, as no event has said it for too long."""
        age, one = now - self.said_at, self.expectation
        if one is None or age > MOST_KEPT:
            return True
        if age <= LEAST_KEPT:
            return False
        last = next(islice(slots(one, self.said_at), _RUNS - 1, None), None)
        return last is None or now > last + one.grace_seconds * MICROSECONDS


def counting(
    announced: Iterable[Announcement],
    declared: Iterable[Expectation],
    now: Instant,
    slots: Slots,
) -> tuple[tuple[Expectation, ...], int]:
    """Return what counts of what a client's events say, and how many of that are too many.

    What the client has *declared* of a pipeline wins over all that events say of it. Of more than
    `MOST_EXPECTATIONS`, the first by pipeline and project count.
    """
    pipelines = {one.pipeline for one in declared}
    found = [
        one.expectation
        for one in announced
        if one.expectation is not None
        and one.expectation.pipeline not in pipelines
        and not one.is_over(now, slots)
    ]
    found.sort(key=lambda one: (one.pipeline, one.project or ""))
    return tuple(found[:MOST_EXPECTATIONS]), max(0, len(found) - MOST_EXPECTATIONS)
