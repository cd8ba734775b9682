"""The figures of a digest: a recount of the events, and the read API's to the digit."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update, project_update
from tests.support.readers.declared import declare
from tests.support.readers.reading import STAFF, House, Serial, client_user
from tests.support.recounts.digests import recounted_work
from tests.support.recounts.told_incidents import keep_timed
from tests.support.recounts.views import reading_house

from run_ledger.digesting.digest_inquiry import asking_as, digest_answers
from run_ledger.domain.digests.digest_figures import DigestFigures, WorkFigures, digest_figures
from run_ledger.domain.digests.digest_letters import digest_text, digest_words
from run_ledger.domain.digests.digest_rules import DigestEvery, DigestRule, period_with
from run_ledger.domain.instants import HOUR, Instant, parse, text
from run_ledger.read.reader import Reader

CLIENT = "client-1"
# The days on which clocks change, and others.
CHANGES = (
    ("Europe/Berlin", date(2026, 10, 25)),
    ("Europe/Berlin", date(2027, 3, 28)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2027, 4, 4)),
    ("Asia/Kathmandu", date(2026, 11, 22)),
    ("UTC", date(2026, 11, 22)),
)


def figures_of(
    here: House, day: date, tz: str, every: DigestEvery = "daily", client_id: str = CLIENT
) -> DigestFigures:
    """Return the figures of the digest about *day*."""
    reader = Reader(
        here.client,
        here.settings,
        Serial(),
        lambda: Instant(here.now),
    )
    period = period_with(DigestRule(every, f"08:00 {tz}"), day)
    return digest_figures(digest_answers(asking_as(reader, client_id, 60.0), client_id, period))


def test_staffs_figures_are_those_of_the_api() -> None:
    """Over all clients, the worst first, each figure as staff find it on the site, to the digit."""
    here = reading_house(
        [
            job_update(
                job_id=f"{client_id}-{number}",
                client_id=client_id,
                pipeline="nightly",
                event_id="end",
                status="completed",
                result=result,
                occurred_at=f"2026-11-{day}T12:00:00Z",
                delta={"cost_microusd": 1_000_001, "records_ok": 3},
            )
            for number, (client_id, day, result) in enumerate(
                [
                    ("globex", 22, "failed"),
                    ("globex", 22, "failed"),
                    ("acme", 22, "failed"),
                    ("acme", 22, "succeeded"),
                    ("calm", 22, "succeeded"),
                    ("gone", 21, "timed_out"),
                    ("long-gone", 20, "failed"),
                ]
            )
        ]
    )
    here.now = parse("2026-11-23T08:00:00Z")
    figures = figures_of(here, date(2026, 11, 22), "UTC", client_id="*")
    assert [one.name for one in figures.groups] == ["globex", "acme", "gone", "calm"]
    assert (figures.work.failed, figures.work.ended, figures.work_before.timed_out) == (3, 5, 1)
    days = {"interval": "day", "from": "2026-11-22", "to": "2026-11-23", "tz": "UTC"}
    asked = here.get("/trends", STAFF, **days, group_by="client").json
    for series in asked["series"]:
        (point,) = series["points"]
        (told,) = [one for one in figures.groups if one.name == series["key"]["client_id"]]
        assert (told.work.failed, told.work.ended) == (point["failed"], point["ended"])
        assert told.work.cost_microusd == point["counters"].get("cost_microusd", 0)
        assert told.work.error_rate == point["error_rate"]
    period = period_with(DigestRule("daily"), date(2026, 11, 22))
    words = digest_text(digest_words(figures, period, "https://ledger.example"))
    assert words.startswith("All clients, Sun 22 Nov: 3 of 5 jobs failed or timed out\n")
    assert "Clients, worst first\n- globex: 2 of 2 failed, the day before 0 of 0 failed" in words
    assert "client_id" not in words  # the link is that of all clients
    assert all("*" not in one for one in words.splitlines())


def work_at(moments: list[tuple[int, str, str, str, int]], around: date) -> list[Envelope]:
    """Give jobs that ended so many quarters of an hour after the day before *around* began."""
    begin = parse(f"{around - timedelta(days=1)}T00:00:00Z") - 14 * HOUR
    return [
        job_update(
            job_id=f"job-{number}",
            client_id=client_id,
            pipeline=pipeline,
            event_id="end",
            status="completed",
            result=result,
            occurred_at=text(Instant(begin + quarters * HOUR // 4)),
            delta={"cost_microusd": cost, "records_ok": 1},
        )
        for number, (quarters, client_id, pipeline, result, cost) in enumerate(moments)
    ]


@given(
    st.sampled_from(CHANGES),
    st.lists(
        st.tuples(
            st.integers(0, 4 * 96),
            st.sampled_from((CLIENT, "client-2")),
            st.sampled_from(("a", "b")),
            st.sampled_from(("succeeded", "partial", "failed", "cancelled", "timed_out")),
            st.integers(1, 2**53 // 8),
        ),
        max_size=12,
    ),
)
@settings(max_examples=20, deadline=None)
def test_figures_are_a_recount_where_clocks_change(
    change: tuple[str, date], moments: list[tuple[int, str, str, str, int]]
) -> None:
    """Each job counts in the local day that its hour begins in, once; large sums are exact."""
    tz, day = change
    envelopes = work_at(moments, day)
    here = reading_house(envelopes)
    here.now = parse(f"{day + timedelta(days=3)}T00:00:00Z")
    declare(here.client, CLIENT)
    for one in (day, day + timedelta(days=1)):
        assert_recount(figures_of(here, one, tz), envelopes, one, 1, tz)


@given(
    strategies.ledgers(max_jobs=4),
    st.sampled_from(("UTC", "Europe/Berlin", "Pacific/Kiritimati")),
    st.sampled_from(("daily", "weekly")),
)
@settings(max_examples=15, deadline=None)
def test_figures_are_a_recount_of_any_events(
    envelopes: list[Envelope], tz: str, every: DigestEvery
) -> None:
    """Retries, repeats, corrections and disorder included."""
    here = reading_house(envelopes)
    declare(here.client, CLIENT)
    for day in (date(2026, 11, 21), date(2026, 11, 22)):
        first, days = (day, 1) if every == "daily" else (date(2026, 11, 16), 7)
        assert_recount(figures_of(here, day, tz, every), envelopes, first, days, tz)


def assert_recount(
    figures: DigestFigures, envelopes: list[Envelope], first: date, days: int, tz: str
) -> None:
    """Assert that *figures* are those of the days, and of as many before."""
    length = timedelta(days=days)
    now = recounted_work(envelopes, CLIENT, first, first + length, tz)
    before = recounted_work(envelopes, CLIENT, first - length, first, tz)
    assert figures.work == now.pop(None)
    assert figures.work_before == before.pop(None)
    nothing = WorkFigures()
    expected = {
        name: (now.get(name, nothing), before.get(name, nothing)) for name in {**now, **before}
    }
    told = {one.name: (one.work, one.work_before) for one in figures.groups}
    assert told == {
        name: pair for name, pair in expected.items() if any(p != nothing for p in pair)
    }


def failed(number: int, at: str, **more: Any) -> Envelope:
    """Return the event of a job that failed."""
    known = {
        "client_id": CLIENT,
        "pipeline": "nightly",
        "error": {"type": "KeyError", "message": "no column price", "fingerprint": "fp"},
        **more,
    }
    return job_update(
        job_id=f"failed-{number}",
        event_id="end",
        status="completed",
        result="failed",
        occurred_at=at,
        **known,
    )


def test_a_day_is_the_apis_to_the_digit() -> None:
    """What `/trends` answers to a person of the client is what stands in the digest."""
    here = reading_house(
        [
            failed(1, "2026-11-21T22:59:59Z"),
            failed(2, "2026-11-21T23:00:00Z", delta={"cost_microusd": 123_456_789_012_345}),
            failed(3, "2026-11-22T22:59:59Z", delta={"cost_microusd": -1}),
            failed(4, "2026-11-22T23:00:00Z"),
            failed(5, "2026-11-22T12:00:00Z", client_id="client-2"),
        ]
    )
    here.now = parse("2026-11-23T07:00:00Z")
    declare(here.client, CLIENT)
    figures = figures_of(here, date(2026, 11, 22), "Europe/Berlin")

    asked = {"from": "2026-11-22", "to": "2026-11-23", "tz": "Europe/Berlin", "interval": "day"}
    (series,) = here.get("/trends", client_user(CLIENT), **asked).json["series"]
    (point,) = series["points"]
    names = ("created", "ended", "succeeded", "partial", "failed", "cancelled", "timed_out")
    assert {name: getattr(figures.work, name) for name in names} == {
        name: point[name] for name in names
    }
    assert figures.work.error_rate == point["error_rate"]
    assert figures.work.cost_microusd == point["counters"]["cost_microusd"] == 123_456_789_012_344
    assert (figures.since, figures.until) == (
        "2026-11-21T23:00:00.000000Z",
        "2026-11-22T23:00:00.000000Z",
    )


def test_the_worst_pipeline_stands_first() -> None:
    """By failed and timed out jobs, then by partial ones, then by failures of the time before."""
    day, before = "2026-11-22T10:00:00Z", "2026-11-21T10:00:00Z"
    well = [
        job_update(
            job_id=f"{pipeline}-{at[9]}-{result}",
            client_id=CLIENT,
            pipeline=pipeline,
            event_id="1",
            status="completed",
            result=result,
            occurred_at=at,
        )
        for pipeline, at, result in (
            ("calm", day, "succeeded"),
            ("odd", day, "partial"),
            ("healed", before, "failed"),
            ("healed", day, "succeeded"),
            ("slow", day, "timed_out"),
            ("gone", before, "succeeded"),
        )
    ]
    here = reading_house([*well, failed(1, day), failed(2, day)])
    declare(here.client, CLIENT)
    figures = figures_of(here, date(2026, 11, 22), "UTC")
    assert [one.name for one in figures.groups] == [
        "nightly",
        "slow",
        "odd",
        "healed",
        "calm",
        "gone",
    ]


def test_new_errors_are_those_of_the_days_alone() -> None:
    """One that began the day before in the same day of UTC, or later, is not among them."""
    error = {"type": "E", "message": "m"}
    here = reading_house(
        [
            failed(1, "2026-11-21T12:00:00Z", error={**error, "fingerprint": "yesterdays"}),
            failed(2, "2026-11-22T12:00:00Z", error={**error, "fingerprint": "yesterdays"}),
            failed(3, "2026-11-21T23:30:00Z", error={**error, "fingerprint": "todays"}),
            failed(4, "2026-11-22T23:30:00Z", error={**error, "fingerprint": "tomorrows"}),
            failed(5, "2026-10-30T12:00:00Z", error={**error, "fingerprint": "known"}),
            failed(6, "2026-11-22T12:00:00Z", error={**error, "fingerprint": "known"}),
            failed(
                7,
                "2026-11-22T12:00:00Z",
                error={**error, "fingerprint": "another's"},
                client_id="client-2",
            ),
        ]
    )
    declare(here.client, CLIENT)
    found = figures_of(here, date(2026, 11, 22), "Europe/Berlin").new_errors
    assert [one["fingerprint"] for one in found.items] == ["todays"]
    assert found.count == 1


def test_projects_that_are_overdue_are_told() -> None:
    """Of this client alone."""
    here = reading_house(
        [
            project_update(
                project_id=f"p-{client_id}",
                client_id=client_id,
                event_id="1",
                occurred_at="2026-11-01T09:00:00Z",
                status="active",
                due_at="2026-11-20T00:00:00Z",
                jobs_expected=10,
            )
            for client_id in (CLIENT, "client-2")
        ]
    )
    declare(here.client, CLIENT)
    figures = figures_of(here, date(2026, 11, 22), "UTC")
    assert [one["project_id"] for one in figures.overdue.items] == [f"p-{CLIENT}"]
    assert not figures.is_empty


def test_missed_and_late_runs_are_those_of_the_days() -> None:
    """Of the zone's days, what is over among them, and just as `/incidents` has them."""
    here = reading_house([])
    here.now = parse("2026-11-23T08:00:00Z")
    declare(here.client, CLIENT)
    begin, end = parse("2026-11-21T23:00:00Z"), parse("2026-11-22T23:00:00Z")
    for whose, what, opened_at, closed_at in (
        ((CLIENT, "before"), "missed", Instant(begin - 1), None),
        ((CLIENT, "first"), "missed", begin, Instant(begin + HOUR)),
        ((CLIENT, "last"), "late", Instant(end - 1), None),
        ((CLIENT, "after"), "late", end, None),
        ((CLIENT, "failing"), "failed", begin, None),
        (("client-2", "other"), "missed", begin, None),
    ):
        keep_timed(here.client, whose, what, opened_at, closed_at)
    figures = figures_of(here, date(2026, 11, 22), "Europe/Berlin")
    assert [(one["pipeline"], one["what"]) for one in figures.tardy.items] == [
        ("last", "late"),
        ("first", "missed"),
    ]
    asked = {"from": figures.since, "to": figures.until}
    listed = here.get("/incidents", client_user(CLIENT), **asked).json["items"]
    assert figures.tardy.items == [one for one in listed if one["what"] != "failed"]
    period = period_with(DigestRule("daily", "08:00 Europe/Berlin"), date(2026, 11, 22))
    words = digest_text(digest_words(figures, period, ""))
    assert "- last: 2 runs began late since 22 Nov 22:59 UTC, still so" in words
    assert "- first: 2 runs missed since 21 Nov 23:00 UTC, well again 22 Nov 00:00 UTC" in words


def test_a_missed_run_that_came_later_is_no_empty_day() -> None:
    """Though nothing was done in the days, and all is well now."""
    here = reading_house([])
    here.now = parse("2026-11-23T08:00:00Z")
    declare(here.client, CLIENT)
    opened_at, closed_at = parse("2026-11-22T02:15:00Z"), parse("2026-11-23T01:00:00Z")
    keep_timed(here.client, (CLIENT, "nightly"), "missed", opened_at, closed_at)
    figures = figures_of(here, date(2026, 11, 22), "UTC")
    assert figures.incidents.count == 0
    assert not figures.is_empty


def test_a_day_without_anything_is_empty() -> None:
    """Neither work of the day before nor another client's makes it another."""
    here = reading_house(
        [failed(1, "2026-11-21T12:00:00Z"), failed(2, "2026-11-22T12:00:00Z", client_id="client-2")]
    )
    declare(here.client, CLIENT)
    assert figures_of(here, date(2026, 11, 22), "UTC").is_empty
    assert not figures_of(here, date(2026, 11, 21), "UTC").is_empty
