"""Series over many: what is too much is in `other` or named, and takes nothing from the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, client_user
from tests.support.recounts.views import reading_house

DAYS = {"from": "2026-11-20", "to": "2026-11-23"}
MOST = "run_ledger.read.trend_sums.MOST_PARTITIONS"


def _jobs(counts: Mapping[str, int], field: str, **fields: Any) -> list[Envelope]:
    """Return as many jobs as *counts* says for each value of *field*."""
    return [
        job_update(
            job_id=f"{value}-{number}",
            event_id="1",
            occurred_at=f"2026-11-{20 + number % 3}T10:00:00Z",
            delta={"records_ok": 2, f"own_{value.replace('-', '_')}": 1},
            **{"pipeline": "default", **fields, field: value},
        )
        for value, count in counts.items()
        for number in range(count)
    ]


def _sums(series: Mapping[str, Any] | None) -> Counter[str]:
    found: Counter[str] = Counter()
    for point in (series or {"points": []})["points"]:
        found["created"] += point["created"]
        found.update(point["counters"])
    return found


def test_of_too_many_projects_the_largest_have_series(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other projects together are `other`, exact to the last counter."""
    monkeypatch.setattr(MOST, 15)
    counts = {f"p-{number}": 1 + number for number in range(9)}
    here = reading_house(_jobs(counts, "project_id"))
    document = here.get("/trends", STAFF, group_by="project", **DAYS).json
    shown = {one["key"]["project_id"]: one for one in document["series"]}
    assert list(shown) == ["p-5", "p-6", "p-7", "p-8"]
    assert all(_sums(shown[name])["created"] == counts[name] for name in shown)
    rest = [name for name in counts if name not in shown]
    created = sum(counts[name] for name in rest)
    own = {f"own_{name.replace('-', '_')}": counts[name] for name in rest}
    assert _sums(document["other"]) == Counter(
        {"created": created, "records_ok": 2 * created, **own}
    )
    assert (document["other"]["key"], document["left_out"]) == ({}, None)


def test_of_too_many_clients_the_rest_is_told_by_day(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows over all say what the others come to; of those only known counters are counted."""
    monkeypatch.setattr(MOST, 6)
    counts = {f"c-{number}": 1 + number for number in range(5)}
    here = reading_house(_jobs(counts, "client_id"))
    document = here.get("/trends", STAFF, group_by="client", **DAYS).json
    assert [one["key"]["client_id"] for one in document["series"]] == ["c-3", "c-4"]
    assert _sums(document["other"]) == Counter({"created": 6, "records_ok": 12})
    assert document["left_out"] is None


@pytest.mark.parametrize("more", [{"interval": "hour"}, {"tz": "Europe/Berlin"}])
def test_where_no_row_tells_the_rest_it_is_named(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, str]
) -> None:
    """By hour, or in another zone, there are no rows over all: the smaller clients are left out."""
    monkeypatch.setattr(MOST, 8)
    here = reading_house(_jobs({f"c-{number}": 1 + number for number in range(5)}, "client_id"))
    document = here.get("/trends", STAFF, group_by="client", **DAYS, **more).json
    assert [one["key"]["client_id"] for one in document["series"]] == ["c-3", "c-4"]
    assert document["other"] is None
    assert document["left_out"]["clients"] == ["c-0", "c-1", "c-2"]


def test_a_caller_with_many_clients_is_told_which_are_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever may see some clients gets no row over all: the first by name are added up."""
    monkeypatch.setattr(MOST, 6)
    here = reading_house(_jobs({f"c-{number}": 2 for number in range(4)}, "client_id"))
    asking = client_user(*(f"c-{number}" for number in range(3)))
    document = here.get("/trends", asking, group_by="client", **DAYS).json
    assert [one["key"]["client_id"] for one in document["series"]] == ["c-0", "c-1"]
    assert document["left_out"]["clients"] == ["c-2"]


@pytest.mark.parametrize("group_by", ["client", "pipeline", "project"])
def test_a_client_that_alone_is_too_much_is_left_out(group_by: str) -> None:
    """A pipeline or project for each job: the other clients' series are whole, and it is named."""
    noisy = [
        job_update(
            job_id=f"noisy-{number}",
            client_id="noisy",
            project_id="noisy",
            pipeline=f"p-{number:04d}",
            event_id="1",
            occurred_at=f"2026-11-22T10:{number % 60:02d}:00Z",
        )
        for number in range(300)
    ]
    mine = _jobs({"acme": 3}, "client_id", project_id="catalogue")
    here = reading_house([*mine, *noisy], page_bytes=6_000)
    document = here.get("/trends", STAFF, group_by=group_by, **DAYS).json
    name = {"client": "acme", "pipeline": "default", "project": "catalogue"}[group_by]
    shown = {next(iter(one["key"].values())): one for one in document["series"]}
    assert _sums(shown[name])["created"] == 3
    if group_by != "project":
        assert list(shown) == [name]
        assert document["left_out"]["clients"] == ["noisy"]
        alone = here.get("/trends", STAFF, group_by=group_by, client_id="noisy", **DAYS)
        assert (alone.status, alone.json["parameter"]) == (400, "from")
    own = here.get("/trends", client_user("acme"), group_by=group_by, **DAYS).json
    assert own["left_out"] is None


def test_more_series_than_an_answer_carries_become_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest groups that fit have series; all together are still all jobs."""
    here = reading_house(_jobs({f"p-{number:02d}": 1 + number for number in range(12)}, "pipeline"))
    whole = here.get("/trends", STAFF, group_by="pipeline", **DAYS)
    monkeypatch.setattr("run_ledger.read.answers.MOST_BYTES", len(whole.body) // 2)
    document = here.get("/trends", STAFF, group_by="pipeline", **DAYS).json
    names = [one["key"]["pipeline"] for one in document["series"]]
    assert 0 < len(names) < 12
    assert names == [f"p-{number:02d}" for number in range(12 - len(names), 12)]
    together = sum((_sums(one) for one in document["series"]), _sums(document["other"]))
    before = sum((_sums(one) for one in whole.json["series"]), Counter[str]())
    assert together == before


def test_too_many_names_of_a_client_are_one_counter() -> None:
    """A point has 64 own counters, those first in byte order, and the sum of the rest."""
    events = [
        job_update(
            job_id=f"job-{number}",
            event_id="1",
            occurred_at="2026-11-22T10:00:00Z",
            delta={"records_ok": 1, **{f"sku_{number * 23 + one:05d}": 1 for one in range(23)}},
        )
        for number in range(30)
    ]
    here = reading_house(events)
    (series,) = here.get("/trends", STAFF, group_by="client", **DAYS).json["series"]
    counters = series["points"][0]["counters"]
    assert counters.pop("records_ok") == 30
    assert counters.pop("other_counters") == 30 * 23 - 64
    assert counters == {f"sku_{number:05d}": 1 for number in range(64)}


def test_a_project_id_of_two_clients_is_their_sum() -> None:
    """Staff who ask for the project see what both have counted, and each one's own by client."""
    here = reading_house(
        [
            job_update(
                job_id=f"j-{client}",
                client_id=client,
                project_id="shared",
                occurred_at="2026-11-21T10:00:00Z",
            )
            for client in ("c-1", "c-2")
        ]
    )
    whole = here.get("/trends", STAFF, project_id="shared", **DAYS).json
    (series,) = whole["series"]
    assert _sums(series)["created"] == 2
    split = here.get("/trends", STAFF, project_id="shared", group_by="client", **DAYS).json
    assert [_sums(one)["created"] for one in split["series"]] == [1, 1]
