"""``/trends``: its series are what a recount of the events gives, for whoever asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import views
from tests.support.recounts.views import Fact, facts, reading_house

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS
from run_ledger.domain.instants import MICROSECONDS, parse, text
from run_ledger.domain.state.durations import BOUNDS

HOUR = 3_600 * MICROSECONDS
LENGTHS = {"hour": HOUR, "3h": 3 * HOUR, "6h": 6 * HOUR, "day": 24 * HOUR}
SPANS = {
    **dict.fromkeys(
        ("hour", "3h", "6h"), (parse("2026-11-21T00:00:00Z"), parse("2026-11-23T00:00:00Z"))
    ),
    "day": (parse("2026-10-01T00:00:00Z"), parse("2027-03-01T00:00:00Z")),
}
KEYS = {"client": "client_id", "project": "project_id", "pipeline": "pipeline", None: None}
MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}


def asked(here: House, asking: Mapping[str, Any], **parameters: Any) -> dict[str, Any]:
    """Return the answer, after a look at what every answer promises."""
    reply = here.get("/trends", asking, **parameters)
    assert reply.status == 200, reply.body
    assert reply.rounds <= 3
    document: dict[str, Any] = reply.json
    assert [sorted(one["key"].items()) for one in document["series"]] == sorted(
        sorted(one["key"].items()) for one in document["series"]
    )
    for one in document["series"]:
        moments = [point["at"] for point in one["points"]]
        assert moments == sorted(set(moments))
    return document


def shown(document: Mapping[str, Any]) -> dict[Any, dict[str, dict[str, Any]]]:
    """Return the series of an answer by key, and their points by time, without percentiles."""
    return {
        next(iter(one["key"].values()), None): {
            point["at"]: {**_counts(point), "attempts": _counts(point["attempts"])}
            for point in one["points"]
        }
        for one in document["series"]
    }


def _counts(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in figures.items()
        if name not in ("at", "seconds") and not name.startswith("duration_")
    }


def plain(expected: Mapping[Any, Any], *, is_grouped: bool) -> Mapping[Any, Any]:
    """Return a recount's series without durations, as `shown` has those of an answer."""
    series = {
        group: {
            at: {**_counts(point), "attempts": _counts(point["attempts"])}
            for at, point in points.items()
        }
        for group, points in expected.items()
    }
    return series if is_grouped else series or {None: {}}


def assert_percentiles(document: Mapping[str, Any], expected: Mapping[Any, Any]) -> None:
    """p50 and p95 are within 5 % of the nearest-rank percentiles of the durations themselves.

    All durations of more than some 400 years share the last bucket.
    """
    longest = BOUNDS[-1] / MICROSECONDS
    for one in document["series"]:
        group = next(iter(one["key"].values()), None)
        for point in one["points"]:
            counted = expected[group][point["at"]]
            _assert_percentiles(point, counted["seconds"], longest)
            _assert_percentiles(point["attempts"], counted["attempts"]["seconds"], longest)


def _assert_percentiles(figures: Mapping[str, Any], took: list[float], longest: float) -> None:
    for name, hundredths in (("p50", 50), ("p95", 95)):
        value = figures[f"duration_{name}_seconds"]
        if not took:
            assert value is None
            continue
        exact = took[max(1, -(-hundredths * len(took) // 100)) - 1]
        # Up to a millisecond, durations are not told apart.
        assert value == pytest.approx(min(exact, longest), rel=0.05, abs=0.001)


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_series_are_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Any filters, groups and callers; several writers; answers so short that they go on."""
    interval = data.draw(st.sampled_from((*LENGTHS,)), "interval")
    group_by = data.draw(st.sampled_from((None, "client", "project", "pipeline")), "group_by")
    client_id = data.draw(st.sampled_from((None, "client-1", "client-2", "nobody")), "client_id")
    project_id = pipeline = None
    if group_by != "pipeline":
        project_id = data.draw(st.sampled_from((None, "project-1", "no-project")), "project_id")
    if project_id is None and group_by != "project":
        pipeline = data.draw(st.sampled_from((None, "default", "p.1")), "pipeline")
    asking, seen = data.draw(
        st.sampled_from(
            (
                (STAFF, None),
                (client_user("client-1"), {"client-1"}),
                (client_user("client-2", "stranger"), {"client-2"}),
                (client_user("stranger"), set[str]()),
            )
        ),
        "asking",
    )
    page_bytes = data.draw(st.sampled_from((400, 1_000_000)), "page_bytes")
    here = reading_house(envelopes, page_bytes=page_bytes)
    start, end = SPANS[interval]

    reply = here.get(
        "/trends",
        asking,
        interval=interval,
        **{"from": text(start), "to": text(end)},
        client_id=client_id,
        project_id=project_id,
        pipeline=pipeline,
        group_by=group_by,
    )
    if reply.status == 400:
        # Whatever doesn't fit into three rounds is refused, never cut.
        assert page_bytes == 400
        assert reply.json["detail"].startswith(("from: more was", "client_id: there", "project_id"))
        return

    assert reply.status == 200, reply.body
    assert reply.rounds <= 3
    is_over_all = client_id is project_id is pipeline is group_by is None

    def is_asked_for(fact: Fact) -> bool:
        return (
            start <= fact.at < end
            and (seen is None or fact.client_id in seen)
            and client_id in (None, fact.client_id)
            and project_id in (None, fact.project_id)
            and pipeline in (None, fact.pipeline)
            and not (
                is_over_all
                and fact.name.startswith("c_")
                and fact.name.removeprefix("c_") not in KNOWN_COUNTERS
            )
        )

    key = KEYS[group_by]
    expected = views.series(
        filter(is_asked_for, facts(envelopes)),
        lambda fact: getattr(fact, key) if key else None,
        LENGTHS[interval],
    )
    assert_percentiles(reply.json, expected)
    assert shown(reply.json) == plain(expected, is_grouped=bool(group_by))


def a_day() -> list[Envelope]:
    """Give two jobs of one hour, and one of the next, of two clients."""
    return [
        *_life("job-1", "acme match", "14:00:00", "14:00:10", "succeeded"),
        *_life("job-2", "acme match", "14:10:00", "14:10:40", "failed"),
        *_life("job-3", "globex crawl", "15:00:00", "15:01:00", "cancelled"),
    ]


def _life(job_id: str, who: str, start: str, end: str, result: str) -> list[Envelope]:
    client_id, pipeline = who.split()
    same = {"job_id": job_id, "client_id": client_id, "project_id": "crm", "pipeline": pipeline}
    return [
        job_update(
            **same,
            event_id="1",
            status="running",
            occurred_at=f"2026-11-22T{start}Z",
            delta={"records_ok": 5, "pages": 2},
        ),
        job_update(
            **same,
            event_id="2",
            status="completed",
            result=result,
            occurred_at=f"2026-11-22T{end}Z",
        ),
    ]


@pytest.fixture(scope="module")
def here() -> House:
    """Give a reader of that day; nothing is written to it."""
    return reading_house(a_day())


ENDS = {
    "started": 2,
    "ended": 2,
    "succeeded": 1,
    "partial": 0,
    "failed": 1,
    "cancelled": 0,
    "timed_out": 0,
    "error_rate": 0.5,
    "duration_p50_seconds": pytest.approx(10, rel=0.05),
    "duration_p95_seconds": pytest.approx(40, rel=0.05),
}


def test_one_point_whole(here: House) -> None:
    """A series in exactly the shape that the design promises."""
    document = asked(
        here,
        STAFF,
        interval="hour",
        client_id="acme",
        **{"from": "2026-11-22T14:20:00Z", "to": "2026-11-22T14:21:00+00:00"},
    )
    assert document == {
        "interval": "hour",
        "from": "2026-11-22T14:00:00.000000Z",
        "to": "2026-11-22T15:00:00.000000Z",
        "tz": "UTC",
        "group_by": None,
        "series": [
            {
                "key": {},
                "points": [
                    {
                        "at": "2026-11-22T14:00:00.000000Z",
                        "created": 2,
                        **ENDS,
                        "attempts": ENDS,
                        "counters": {"pages": 4, "records_ok": 10},
                    }
                ],
            }
        ],
        "other": None,
        "left_out": None,
    }


def test_spans_by_default(here: House) -> None:
    """Thirty days by day, one by hour, up to now or back from ``to`` where that is said."""
    here.now = parse("2026-11-22T15:20:00Z")
    by_day = asked(here, STAFF)
    assert (by_day["interval"], by_day["from"][:10], by_day["to"][:10]) == (
        "day",
        "2026-10-23",
        "2026-11-23",
    )
    by_hour = asked(here, STAFF, interval="hour")
    assert (by_hour["from"][:13], by_hour["to"][:13]) == ("2026-11-21T15", "2026-11-22T16")
    earlier = asked(here, STAFF, to="2026-11-01")
    assert (earlier["from"][:10], earlier["to"][:10]) == ("2026-10-02", "2026-11-01")


def test_groups_are_named(here: House) -> None:
    """The key says what a series is of; the same project of two clients is one to who sees both."""
    span = {"from": "2026-11-22", "to": "2026-11-23"}
    keys = {
        group: [one["key"] for one in asked(here, STAFF, group_by=group, **span)["series"]]
        for group in ("client", "project", "pipeline")
    }
    assert keys == {
        "client": [{"client_id": "acme"}, {"client_id": "globex"}],
        "project": [{"project_id": "crm"}],
        "pipeline": [{"pipeline": "crawl"}, {"pipeline": "match"}],
    }
    by_client = asked(here, client_user("globex"), project_id="crm", group_by="client", **span)
    assert [one["key"] for one in by_client["series"]] == [{"client_id": "globex"}]


def test_over_everything_counters_are_those_of_the_contract(here: House) -> None:
    """By day and by hour alike, however a caller comes to see everything."""
    span = {"from": "2026-11-22", "to": "2026-11-23"}
    here.grant("m-1", staff=True)
    for asking in (STAFF, MACHINE):
        for interval in ("day", "hour"):
            document = asked(here, asking, interval=interval, **span)
            points = document["series"][0]["points"]
            assert {name for point in points for name in point["counters"]} == {"records_ok"}
            assert sum(point["created"] for point in points) == 3


def test_machines_see_what_they_were_granted(here: House) -> None:
    """One client, as its user would; another's series has no points, as nobody's has none."""
    here.grant("m-1", clients=["globex"])
    span = {"from": "2026-11-22", "to": "2026-11-23"}
    assert asked(here, MACHINE, **span) == asked(here, client_user("globex"), **span)
    for parameters in ({"client_id": "acme"}, {"client_id": "nobody"}):
        (one,) = asked(here, MACHINE, **span, **parameters)["series"]
        assert one == {"key": {}, "points": []}


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"interval": "minute"}, "interval"),
        ({"group_by": "status"}, "group_by"),
        ({"project_id": "p", "group_by": "pipeline"}, "group_by"),
        ({"project_id": "p", "pipeline": "x"}, "pipeline"),
        ({"group_by": "project", "pipeline": "x"}, "pipeline"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2026-11-22T00:00:00"}, "from"),
        ({"from": "2026-11-22", "to": "2026-11-22"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"to": "9999-12-31T12:00:00Z"}, "to"),
        ({"from": "2025-01-01", "to": "2026-11-22"}, "from"),
        ({"interval": "hour", "from": "2026-10-01", "to": "2026-11-22"}, "from"),
        ({"client_id": "a b"}, "client_id"),
        ({"limit": "5"}, "limit"),
        ({"from": ["2026-11-21", "2026-11-22"]}, "from"),
    ],
)
def test_a_wrong_parameter_is_named(
    here: House, parameters: dict[str, Any], parameter: str
) -> None:
    """Everything that the rollups can't answer is said, and what would be allowed."""
    reply = here.get("/trends", STAFF, **parameters)
    assert reply.status == 400
    assert reply.json["parameter"] == parameter
    assert reply.calls == 0


def test_longest_spans(here: House) -> None:
    """400 days by day and 31 by hour are answered, wherever in a day they begin and end.

    Three and six hours may have as many points as hours.
    """
    for interval, days in (("day", 400), ("hour", 31), ("3h", 93), ("6h", 186)):
        end = parse("2026-11-22T15:20:00Z")
        span = {"from": text(end - days * 24 * HOUR), "to": text(end)}
        document = asked(here, STAFF, interval=interval, client_id="acme", **span)
        assert sum(point["created"] for point in document["series"][0]["points"]) == 2


def test_points_of_nothing_are_left_out() -> None:
    """What was counted and taken back leaves no point: an end that a later one moved."""
    here = reading_house(
        [
            job_update(event_id="1", status="queued", occurred_at="2026-11-22T10:00:00Z"),
            job_update(event_id="0", status="queued", occurred_at="2026-11-22T09:00:00Z"),
        ]
    )
    span = {"from": "2026-11-22", "to": "2026-11-23"}
    document = asked(here, STAFF, interval="hour", client_id="client-1", **span)
    assert [point["at"] for point in document["series"][0]["points"]] == [
        "2026-11-22T09:00:00.000000Z"
    ]
