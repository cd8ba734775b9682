"""``/errors``: kinds of failures, exactly counted, for whoever asks; samples beside the counts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, House, client_user
from tests.support.recounts import recount
from tests.support.recounts.views import reading_house

MACHINE = {"username": "", "client_id": "m-1", "sub": "m-1"}
MOST_ROUNDS = 4
SPAN = {"from": "2026-11-20", "to": "2026-11-24"}


def _failure(number: int, day: int, fingerprint: str, client_id: str = "acme") -> Envelope:
    return job_update(
        job_id=f"job-{number}",
        name=f"=Job <{number}>",
        client_id=client_id,
        event_id="1",
        status="completed",
        result="failed",
        occurred_at=f"2026-11-{day}T10:{number:02d}:00Z",
        error={"type": "Late", "message": f"no. {number}", "fingerprint": fingerprint},
    )


@pytest.fixture(scope="module")
def here() -> House:
    """Give failures of three kinds and two clients, and one that said nothing."""
    return reading_house(
        [
            *(_failure(number, 20 + number // 3, "often") for number in range(8)),
            *(_failure(10 + number, 21, "rare", "globex") for number in range(2)),
            _failure(20, 22, "both"),
            _failure(21, 21, "both", "globex"),
            _failure(22, 19, "before"),
            job_update(
                job_id="job-30",
                client_id="globex",
                event_id="1",
                status="completed",
                result="timed_out",
                occurred_at="2026-11-23T23:59:59.999999Z",
            ),
            job_update(
                job_id="job-31",
                client_id="acme",
                event_id="1",
                status="completed",
                result="partial",
            ),
        ],
        writers=1,
    )


def _ask(here: House, asking: Any = STAFF, **parameters: Any) -> Any:
    reply = here.get("/errors", asking, **{**SPAN, **parameters})
    assert reply.status == 200, reply.body
    assert reply.rounds <= MOST_ROUNDS
    return reply.json


def test_a_kind_is_shown_whole(here: House) -> None:
    """How often, since when, until when, what it said, whose it is, and the latest jobs."""
    listed = _ask(here)
    often = listed["items"][0]
    # A row keeps three jobs of a day, chosen by their ids: the latest is always among them.
    assert often.pop("job_ids")[0] == "job-7"
    assert often.pop("job_names")["job-7"] == "=Job <7>"
    assert often == {
        "fingerprint": "often",
        "type": "Late",
        "message": "no. 7",
        "count": 8,
        "jobs": 8,
        "first_seen_at": "2026-11-20T10:00:00.000000Z",
        "last_seen_at": "2026-11-22T10:07:00.000000Z",
        "days": [
            {"at": f"2026-11-{day}T00:00:00.000000Z", "count": count, "jobs": count}
            for day, count in ((20, 3), (21, 3), (22, 2))
        ],
        "clients": ["acme"],
    }
    assert listed["covers"] == {
        "from": "2026-11-20T00:00:00.000000Z",
        "to": "2026-11-24T00:00:00.000000Z",
    }


def test_the_most_frequent_come_first(here: House) -> None:
    """Then by fingerprint; a failure that said nothing is a kind of its own."""
    assert [(one["fingerprint"], one["count"], one["clients"]) for one in _ask(here)["items"]] == [
        ("often", 8, ["acme"]),
        ("both", 2, ["acme", "globex"]),
        ("rare", 2, ["globex"]),
        ("none", 1, ["globex"]),
    ]
    nothing = _ask(here)["items"][-1]
    assert (nothing["type"], nothing["message"], nothing["job_ids"]) == (None, None, ["job-30"])


def test_callers_see_their_clients_alone(here: House) -> None:
    """Counts, samples and jobs are those of a ledger that holds nothing else."""
    alone = reading_house(
        [
            *(_failure(10 + number, 21, "rare", "globex") for number in range(2)),
            _failure(21, 21, "both", "globex"),
        ]
    )
    here.grant("m-1", clients=["globex"])
    span = {"to": "2026-11-23"}
    expected = _ask(alone, **span)["items"]
    assert [one["fingerprint"] for one in expected] == ["rare", "both"]
    for asking, parameters in (
        (client_user("globex", "nobody"), {}),
        (MACHINE, {}),
        (STAFF, {"client_id": "globex"}),
    ):
        assert _ask(here, asking, **span, **parameters)["items"] == expected
    assert _ask(here, client_user("globex"), client_id="acme")["items"] == []
    assert _ask(here, client_user("nobody"))["items"] == []


def test_spans_are_whole_days(here: House) -> None:
    """Any moment of a day names it; the last seven unless said."""
    listed = _ask(here, **{"from": "2026-11-19T23:59:59Z", "to": "2026-11-20T00:00:00.5Z"})
    assert listed["covers"] == {
        "from": "2026-11-19T00:00:00.000000Z",
        "to": "2026-11-21T00:00:00.000000Z",
    }
    assert {one["fingerprint"]: one["count"] for one in listed["items"]} == {
        "before": 1,
        "often": 3,
    }
    assert here.get("/errors", STAFF).json["covers"] == {
        "from": "2026-11-16T00:00:00.000000Z",
        "to": "2026-11-23T00:00:00.000000Z",
    }


def test_a_failure_taken_back_is_none() -> None:
    """A later end of the same attempt wins, and the failure is counted no more."""
    here = reading_house(
        [
            _failure(1, 21, "late"),
            job_update(
                job_id="job-1",
                client_id="acme",
                event_id="2",
                status="completed",
                result="succeeded",
                occurred_at="2026-11-21T11:00:00Z",
            ),
        ]
    )
    assert _ask(here)["items"] == []


@pytest.mark.parametrize(
    ("parameters", "parameter"),
    [
        ({"from": "2026-11-23", "to": "2026-11-22"}, "from"),
        ({"from": "2026-11-22", "to": "2026-11-22"}, "from"),
        ({"from": "2025-10-01", "to": "2026-11-22"}, "from"),
        ({"to": "9999-12-31T12:00:00Z"}, "to"),
        ({"to": "0001-01-01"}, "to"),
        ({"limit": 101}, "limit"),
        ({"project_id": "p"}, "project_id"),
        ({"cursor": "AAAA"}, "cursor"),
    ],
)
def test_a_wrong_parameter_is_named(here: House, parameters: Any, parameter: str) -> None:
    """And nothing is read for it."""
    reply = here.get("/errors", STAFF, **parameters)
    assert (reply.status, reply.json["parameter"], reply.calls) == (400, parameter, 0)


def test_of_too_many_clients_some_are_left_out(here: House) -> None:
    """The answer says how many, and names them."""
    many = client_user(*(f"c-{number:02d}" for number in range(60)))
    reply = here.get("/errors", many, **{"from": "2026-10-01", "to": "2026-11-22"})
    assert (reply.status, reply.calls) == (200, 38 * 52)
    assert reply.json["left_out"]["clients"] == [f"c-{number:02d}" for number in range(38, 60)]
    assert reply.json["left_out"]["count"] == 22


def test_a_client_with_more_groups_than_can_be_read_is_left_out() -> None:
    """A fingerprint for each failure takes the list from nobody else."""
    events = [
        job_update(
            job_id=f"job-{number}",
            client_id="noisy" if number else "acme",
            event_id="1",
            status="completed",
            result="failed",
            error={"type": "E", "message": "m", "fingerprint": f"one-{number:04d}"},
            occurred_at="2026-11-22T14:00:00Z",
        )
        for number in range(200)
    ]
    here = reading_house(events, page_bytes=3_000)
    reply = here.get("/errors", STAFF)
    assert [group["fingerprint"] for group in reply.json["items"]] == ["one-0000"]
    assert reply.json["left_out"]["clients"] == ["noisy"]
    alone = here.get("/errors", STAFF, client_id="noisy")
    assert (alone.status, alone.json["parameter"]) == (400, "from")


def test_cursors_keep_their_span(here: House) -> None:
    """A page asked for after midnight goes on with the days that the first one began with."""
    here.now += 24 * 3_600 * 1_000_000
    first = here.get("/errors", STAFF, limit=1).json
    here.now += 24 * 3_600 * 1_000_000
    second = here.get("/errors", STAFF, limit=1, cursor=first["next_cursor"]).json
    here.now -= 2 * 24 * 3_600 * 1_000_000
    assert second["covers"] == first["covers"]
    assert second["items"][0]["fingerprint"] == "both"


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_counts_are_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Whoever asks, however many shards, however little DynamoDB gives at once; page by page."""
    here = reading_house(envelopes, page_bytes=data.draw(st.sampled_from((700, 1_000_000))))
    asking, seen = data.draw(
        st.sampled_from(
            ((STAFF, {"client-1", "client-2"}), (client_user("client-2", "x"), {"client-2"}))
        )
    )
    expected: Counter[str] = Counter()
    of_jobs: Counter[str] = Counter()
    by_day: Counter[tuple[str, str]] = Counter()
    clients: dict[str, set[str]] = {}
    for job in recount.recount_jobs(envelopes).values():
        for attempt in job["attempts"]:
            day = (attempt["ended_at"] or "")[:10]
            if (
                attempt["result"] in ("failed", "timed_out")
                and job["client_id"] in seen
                and "2026-11-20" <= day < "2026-11-24"
            ):
                fingerprint = (attempt["error"] or {"fingerprint": "none"})["fingerprint"]
                expected[fingerprint] += 1
                of_jobs[fingerprint] += attempt is job["attempts"][-1]
                by_day[fingerprint, day] += 1
                clients.setdefault(fingerprint, set()).add(job["client_id"])
    found = []
    for page in here.walk("/errors", asking, limit=data.draw(st.sampled_from((1, 50))), **SPAN):
        assert page.rounds <= MOST_ROUNDS
        found += page.json["items"]
    assert [(one["fingerprint"], one["count"]) for one in found] == sorted(
        expected.items(), key=lambda pair: (-pair[1], pair[0])
    )
    assert {one["fingerprint"]: one["jobs"] for one in found} == of_jobs
    assert {one["fingerprint"]: set(one["clients"]) for one in found} == clients
    days = [(one, each) for one in found for each in one["days"]]
    assert {(one["fingerprint"], each["at"][:10]): each["count"] for one, each in days} == by_day
    assert all(one["jobs"] == sum(each["jobs"] for each in one["days"]) for one in found)


def test_what_is_new_since_a_day(here: House) -> None:
    """Groups that did not fail in the 30 days before; of a client, by its own failures alone."""

    def since(day: str, asking: Any = STAFF, **more: Any) -> list[tuple[str, int]]:
        listed = _ask(here, asking, **{"from": day, "new": "true", **more})
        assert listed["covers"]["from"][:10] == day
        return [(one["fingerprint"], one["count"]) for one in listed["items"]]

    assert since("2026-11-20") == [("often", 8), ("both", 2), ("rare", 2), ("none", 1)]
    # "both" failed at Globex on the 21st: it is new on the 22nd to whoever sees Acme alone.
    assert since("2026-11-22") == [("none", 1)]
    assert since("2026-11-22", client_user("acme")) == [("both", 1)]
    assert since("2026-11-22", client_id="acme") == [("both", 1)]
    old = _ask(here, **{"from": "2026-11-22", "new": "false"})["items"]
    assert [(one["fingerprint"], one["count"]) for one in old] == [("often", 2), ("both", 1)]


def test_what_failed_longer_ago_than_is_looked_back_is_new_again() -> None:
    """A failure exactly 30 days before the day is known, one of the day before that is not."""
    here = reading_house(
        [
            *(
                job_update(
                    job_id=f"job-{name}-{at[:10]}",
                    event_id="1",
                    status="completed",
                    result="failed",
                    occurred_at=at,
                    error={"type": "E", "message": "m", "fingerprint": name},
                )
                for name, at in (
                    ("known", "2026-10-21T00:00:00Z"),
                    ("forgotten", "2026-10-20T23:59:59Z"),
                    ("known", "2026-11-20T10:00:00Z"),
                    ("forgotten", "2026-11-20T10:00:00Z"),
                )
            )
        ]
    )
    new = _ask(here, **{"from": "2026-11-20", "new": "true"})["items"]
    assert [one["fingerprint"] for one in new] == ["forgotten"]


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_what_is_new_is_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """New and not new are a partition of all groups, for whoever asks, page by page."""
    here = reading_house(envelopes)
    asking, seen = data.draw(
        st.sampled_from(
            ((STAFF, {"client-1", "client-2"}), (client_user("client-2", "x"), {"client-2"}))
        )
    )
    day = data.draw(st.sampled_from(("2026-11-21", "2026-11-22", "2026-11-23")))
    failed = {
        (attempt["ended_at"][:10], (attempt["error"] or {"fingerprint": "none"})["fingerprint"])
        for job in recount.recount_jobs(envelopes).values()
        for attempt in job["attempts"]
        if attempt["result"] in ("failed", "timed_out") and job["client_id"] in seen
    }
    now = {name for at, name in failed if day <= at < "2026-11-24"}
    looked_back = (date.fromisoformat(day) - timedelta(days=30)).isoformat()
    before = {name for at, name in failed if looked_back <= at < day}
    for is_new, expected in (("true", now - before), ("false", now & before)):
        pages = here.walk("/errors", asking, limit=1, **{**SPAN, "from": day, "new": is_new})
        found = [one["fingerprint"] for page in pages for one in page.json["items"]]
        assert (len(found), {*found}) == (len(expected), expected)


def test_names_of_jobs_cost_a_call_for_a_hundred(here: House) -> None:
    """One round reads them all; a job without a name has none."""
    listed = _ask(here)
    names = {job: name for one in listed["items"] for job, name in one["job_names"].items()}
    ids = {job for one in listed["items"] for job in one["job_ids"]}
    assert names == {job: f"=Job <{job[4:]}>" for job in ids - {"job-30"}}
    with_names = here.get("/errors", STAFF, **SPAN).calls
    assert with_names == 2 * len(("20", "21", "22", "23")) + 2
