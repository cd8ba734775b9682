"""Of what events say, what counts: for how long, beside what clients declare, and how much."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from run_ledger.domain.incidents.expectations import (
    MOST_EXPECTATIONS,
    Announcement,
    Expectation,
    counting,
)
from run_ledger.domain.instants import DAY, Instant, parse
from run_ledger.schedules import slots

SAID_AT = parse("2026-03-01T02:00:05Z")
NIGHTLY = {"cron": "0 2 * * *"}


def said(
    pipeline: str = "nightly",
    members: Mapping[str, str] = NIGHTLY,
    project: str | None = None,
) -> Announcement:
    """Return what events say of a pipeline."""
    return Announcement.of("acme", pipeline, project, members, SAID_AT)


def test_the_members_mean_what_the_file_means() -> None:
    """With the same defaults, and marked as said by events; without any, nothing is expected."""
    members = {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "max_duration": "2h"}
    assert said(members=members).expectation == Expectation(
        "nightly",
        cron="0 2 * * *",
        timezone="Europe/Berlin",
        max_duration_seconds=7_200,
        of_events=True,
    )
    every = said(members={"every": "6h", "grace": "0s"}, project="p").expectation
    assert every == Expectation(
        "nightly", "p", every_seconds=21_600, grace_seconds=0, of_events=True
    )
    assert said(members={}).expectation is None
    assert said(members={}).is_over(SAID_AT, slots)


@pytest.mark.parametrize(
    ("members", "days"),
    [
        (NIGHTLY, 30.0),
        ({"every": "1h"}, 30.0),
        ({"max_duration": "2h"}, 30.0),
        ({"cron": "0 2 1 * *"}, 92.0),  # asked for on the first of April, May and June
        ({"every": "20d", "grace": "24h"}, 61.0),
        ({"cron": "0 0 1 1 *"}, 400.0),
    ],
)
def test_it_ends_when_no_event_says_it_any_more(members: Mapping[str, str], days: float) -> None:
    """After thirty days, and after three runs were asked for; after 400 days at the latest."""
    one, end = said(members=members), SAID_AT + round(days * DAY)
    assert not one.is_over(Instant(end - DAY // 12), slots)
    assert one.is_over(Instant(end + DAY // 12), slots)


def test_what_the_client_declares_wins() -> None:
    """Over all that events say of its pipeline, in whichever project; not over other pipelines."""
    announced = [said(), said(project="p"), said("feed", {"every": "6h"})]
    declared = [Expectation("nightly", project="q", max_duration_seconds=60)]
    found, too_many = counting(announced, declared, SAID_AT, slots)
    assert ([one.pipeline for one in found], too_many) == (["feed"], 0)
    everything, _ = counting(announced, [], SAID_AT, slots)
    assert [(one.pipeline, one.project) for one in everything] == [
        ("feed", None),
        ("nightly", None),
        ("nightly", "p"),
    ]


def test_of_too_many_the_first_by_name_count() -> None:
    """In whichever order they were said, and without those that are over or taken back."""
    names = [f"p{number:03}" for number in range(MOST_EXPECTATIONS + 2)]
    announced = [said("a", {}), *(said(name) for name in reversed(names))]
    found, too_many = counting(announced, [], SAID_AT, slots)
    assert [one.pipeline for one in found] == names[:MOST_EXPECTATIONS]
    assert too_many == 2
