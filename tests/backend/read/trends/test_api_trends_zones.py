"""``/trends`` by days of a time zone: a recount by local days, made hour by hour with zoneinfo."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.backend.read.trends.test_api_trends import HOUR, asked, assert_percentiles, plain, shown
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import views
from tests.support.recounts.views import facts, reading_house

from run_ledger.domain.instants import from_datetime, parse, text
from run_ledger.domain.zones import zone

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "America/St_Johns",
)
SPAN = {"from": "2026-10-01", "to": "2027-03-01"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def local_day(moment: int, tz: str) -> date:
    """Return the local day that the hour of UTC begins in which *moment* lies in."""
    return wall_date(moment // HOUR * HOUR, tz)


def wall_date(moment: int, tz: str) -> date:
    """Return the date that calendars in a zone show."""
    return (_EPOCH + timedelta(microseconds=moment)).astimezone(rules(tz)).date()


@cache
def rules(tz: str) -> ZoneInfo:
    """Return a zone by the rules of the package tzdata: those of the machine may be older."""
    with files("tzdata").joinpath("zoneinfo", *tz.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=tz)


def local_edge(moment: int, tz: str) -> int:
    """Return where that day begins, found by walking back from hour to hour."""
    hour = moment // HOUR * HOUR
    while local_day(hour - HOUR, tz) == local_day(moment, tz):
        hour -= HOUR
    return hour


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
@settings(max_examples=30)
def test_days_of_a_zone_are_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Counts, counters and percentiles of each local day, by any group."""
    tz = data.draw(st.sampled_from(ZONES), "tz")
    group_by = data.draw(st.sampled_from((None, "client", "project", "pipeline")), "group_by")
    here = reading_house(envelopes)

    asking = client_user("client-1")
    document = asked(here, asking, tz=tz, client_id="client-1", group_by=group_by, **SPAN)

    key = {"client": "client_id", "project": "project_id", "pipeline": "pipeline", None: None}
    name = key[group_by]
    expected = views.series(
        (
            replace(fact, at=local_edge(fact.at, tz))
            for fact in facts(envelopes)
            if fact.client_id == "client-1"
            and parse("2026-09-29T00:00:00Z") < fact.at < parse("2027-03-03T00:00:00Z")
            and date(2026, 10, 1) <= local_day(fact.at, tz) < date(2027, 3, 1)
        ),
        lambda fact: getattr(fact, name) if name else None,
        HOUR,
    )
    assert document["tz"] == tz
    assert_percentiles(document, expected)
    assert shown(document) == plain(expected, is_grouped=bool(group_by))


@given(
    tz=st.sampled_from((*ZONES, "Africa/Cairo", "America/Havana", "Pacific/Apia", "Asia/Beirut")),
    start=st.integers(
        parse("2000-01-01T00:00:00Z") // HOUR * 4, parse("2029-01-01T00:00:00Z") // HOUR * 4
    ),
    quarters=st.integers(1, 4 * 24 * 40),
)
@example("Pacific/Apia", parse("2011-12-29T00:00:00Z") // HOUR * 4, 4 * 72)
@example("Asia/Kolkata", parse("2026-11-22T18:30:00Z") // HOUR * 4 + 2, 1)
@example("America/Havana", parse("2026-11-01T00:00:00Z") // HOUR * 4, 4 * 72)
@example("America/St_Johns", parse("2008-11-01T00:00:00Z") // HOUR * 4, 4 * 72)
@settings(max_examples=300)
def test_days_cover_their_span_without_gap_or_overlap(tz: str, start: int, quarters: int) -> None:
    """Every hour belongs to the day it begins in, whatever clocks or the date line do."""
    first, end = start * HOUR // 4, (start + quarters) * HOUR // 4
    edges = zone(tz).edges(first, end)

    assert list(edges) == sorted(set(edges))
    assert len(edges) >= 2
    for begin, stop in pairwise(edges):
        hours = range(begin, stop, HOUR)
        assert len({local_day(hour, tz) for hour in hours}) == 1
        assert local_edge(begin, tz) == begin
        assert local_day(stop, tz) > local_day(begin, tz)
    # No day more than are needed, and none less: but for the rest of an hour that midnight cuts.
    assert edges[-2] < end <= edges[-1]
    assert edges[0] <= first < edges[1] or wall_date(first, tz) == local_day(edges[0], tz)


def finished(hours: list[str]) -> list[Envelope]:
    """Give a job for each hour, that took as many minutes as it has number."""
    return [
        job_update(
            job_id=f"job-{number}",
            client_id="acme",
            event_id=status,
            occurred_at=text(parse(f"{hour}:00:00Z") + minutes * HOUR // 60),
            status=status,
            delta={"records_ok": number + 1},
            **more,
        )
        for number, hour in enumerate(hours)
        for status, minutes, more in (
            ("running", 0, {}),
            ("completed", number + 1, {"result": "succeeded"}),
        )
    ]


@pytest.fixture(scope="module")
def autumn() -> House:
    """Give a ledger with a job in each hour around the end of summer time in Berlin."""
    start = parse("2026-10-24T20:00:00Z")
    return reading_house(finished([text(start + n * HOUR)[:13] for n in range(30)]))


def test_a_day_of_25_hours(autumn: House) -> None:
    """Clocks go back: the day has an hour more, and the day after begins an hour later in UTC."""
    span = {"from": "2026-10-25", "to": "2026-10-27", "tz": "Europe/Berlin"}
    document = asked(autumn, STAFF, **span)

    assert (document["from"][:13], document["to"][:13]) == ("2026-10-24T22", "2026-10-26T23")
    points = document["series"][0]["points"]
    assert [point["at"][:13] for point in points] == ["2026-10-24T22", "2026-10-25T23"]
    assert [point["created"] for point in points] == [25, 3]


def test_a_day_of_23_hours(autumn: House) -> None:
    """Clocks go forward: the day is short, and its points' edges say so."""
    document = asked(
        autumn, STAFF, tz="Europe/Berlin", **{"from": "2026-03-29", "to": "2026-03-30"}
    )
    assert (document["from"][:13], document["to"][:13]) == ("2026-03-28T23", "2026-03-29T22")


def test_percentiles_are_of_the_merged_durations(autumn: House) -> None:
    """Not of the hours' percentiles: of 25 attempts that took 3 to 27 minutes, the 13th."""
    span = {"from": "2026-10-25", "to": "2026-10-26", "tz": "Europe/Berlin"}
    (point,) = asked(autumn, STAFF, **span)["series"][0]["points"]
    assert point["duration_p50_seconds"] == pytest.approx(15 * 60, rel=0.05)
    assert point["duration_p95_seconds"] == pytest.approx(26 * 60, rel=0.05)
    assert point["counters"] == {"records_ok": sum(2 * n for n in range(3, 28))}


@pytest.mark.parametrize("tz", ["Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu"])
def test_hours_of_a_day_add_up_to_it(autumn: House, tz: str) -> None:
    """A date means the same midnight by hour as by day; so do an answer's own edges."""
    span = {"from": "2026-10-25", "to": "2026-10-26", "tz": tz}
    by_day = asked(autumn, STAFF, **span)
    by_hour = asked(autumn, STAFF, interval="hour", **span)
    again = asked(autumn, STAFF, tz=tz, **{"from": by_day["from"], "to": by_day["to"]})

    assert (by_hour["from"], by_hour["to"]) == (by_day["from"], by_day["to"])
    (day,) = by_day["series"][0]["points"]
    assert day["created"] == sum(one["created"] for one in by_hour["series"][0]["points"])
    assert again == by_day


def test_half_an_hour_goes_to_the_day_that_its_hour_begins_in(autumn: House) -> None:
    """India's midnight is 18:30 UTC: the day counts from 19:00."""
    document = asked(autumn, STAFF, tz="Asia/Kolkata", **{"from": "2026-10-26", "to": "2026-10-27"})
    assert document["from"] == "2026-10-25T19:00:00.000000Z"
    (point,) = document["series"][0]["points"]
    assert (point["at"], point["created"]) == ("2026-10-25T19:00:00.000000Z", 7)


def test_a_half_hour_that_no_day_has_begun_in(autumn: House) -> None:
    """A span inside India's first half hour is of the day before, which its hour belongs to."""
    span = {"from": "2026-10-25T18:40:00Z", "to": "2026-10-25T18:50:00Z"}
    document = asked(autumn, STAFF, tz="Asia/Kolkata", **span)
    assert (document["from"][:13], document["to"][:13]) == ("2026-10-24T19", "2026-10-25T19")


def test_default_span_ends_with_the_local_day(autumn: House) -> None:
    """Thirty days up to now, in days of the zone: it is tomorrow in Auckland already."""
    autumn.now = parse("2026-10-26T12:20:00Z")
    document = asked(autumn, STAFF, tz="Pacific/Auckland")
    assert (document["from"][:13], document["to"][:13]) == ("2026-09-26T12", "2026-10-27T11")


def test_utc_by_name_is_the_default(autumn: House) -> None:
    """Saying it changes nothing, and its rows are those by day."""
    span = {"from": "2026-10-25", "to": "2026-10-27"}
    assert asked(autumn, STAFF, tz="UTC", **span) == asked(autumn, STAFF, **span)


@pytest.mark.parametrize(
    "tz",
    [
        "Mars/Olympus",
        "europe/berlin",
        "Europe",
        "../etc/passwd",
        "/etc/localtime",
        "",
        "CEST",
        "+01:00",
    ],
)
def test_no_zone_is_a_400_that_names_it(autumn: House, tz: str) -> None:
    """And says what is allowed."""
    reply = autumn.get("/trends", STAFF, tz=tz)
    assert reply.status == 400
    assert reply.json["parameter"] == "tz"
    assert "Europe/Berlin" in reply.json["detail"]
    assert reply.calls == 0


@pytest.mark.parametrize(
    ("span", "parameter"),
    [
        ({"from": "2026-11-22", "to": "2026-11-22"}, "from"),
        ({"from": "2025-01-01", "to": "2026-11-22"}, "from"),
        ({"interval": "hour", "from": "2026-10-01", "to": "2026-11-22"}, "from"),
        ({"from": "0001-01-01"}, "from"),
        ({"to": "0001-01-01T00:00:00Z"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"from": "2026-02-30"}, "from"),
    ],
)
def test_wrong_spans_are_named_in_every_zone(
    autumn: House, span: dict[str, Any], parameter: str
) -> None:
    """At the edges of what can be written, too."""
    for tz in ("Pacific/Kiritimati", "America/New_York"):
        reply = autumn.get("/trends", STAFF, tz=tz, **span)
        assert (reply.status, reply.json["parameter"]) == (400, parameter), reply.body


def test_longest_spans_in_a_zone_with_a_change_of_clocks(autumn: House) -> None:
    """400 days by day and 31 by hour, as calendars there have them; 3 and 6 hours are of UTC."""
    for interval, first, last in (
        ("day", "2025-11-01", "2026-12-06"),
        ("hour", "2026-10-01", "2026-11-01"),
        ("3h", "2026-10-01", "2026-11-01"),
        ("6h", "2026-10-01", "2026-11-01"),
    ):
        document = asked(
            autumn,
            STAFF,
            interval=interval,
            tz="Europe/Berlin",
            client_id="acme",
            **{"from": first, "to": last},
        )
        points = document["series"][0]["points"]
        assert sum(one["created"] for one in points) == 30
        if interval in ("3h", "6h"):
            assert {int(one["at"][11:13]) % int(interval[0]) for one in points} == {0}


def test_more_clients_and_days_than_an_answer_adds_up() -> None:
    """Everything by day of a zone reads all clients: those beyond are named, and UTC has all."""
    here = reading_house(
        [job_update(job_id=f"j-{n}", client_id=f"client-{n:02d}", event_id="1") for n in range(70)]
    )
    span = {"from": "2026-10-23", "to": "2026-11-22"}
    reply = here.get("/trends", STAFF, tz="Europe/Berlin", **span)
    assert reply.json["left_out"]["count"] == 70 - 32
    assert here.get("/trends", STAFF, **span).json["left_out"] is None


def test_who_asks_for_no_zone_reads_none() -> None:
    """A cold function of the reader starts without the modules that zones take."""
    code = "import sys, run_ledger.api; print('zoneinfo' in sys.modules)"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path), "AWS_DEFAULT_REGION": "eu-central-1"},
    )
    assert said.stdout.strip() == "False"


def test_every_zone_has_days() -> None:
    """Whatever name the list holds can be read, and its days are whole hours of UTC."""
    now = from_datetime(datetime(2026, 11, 22, 12, tzinfo=UTC))
    for name in files("tzdata").joinpath("zones").read_text("utf-8").split():
        begin, end = zone(name).edges(now, now + 1)
        assert 23 * HOUR <= end - begin <= 25 * HOUR, name
