"""``/trends?group_by=model``: what events told by language model, and what they did not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.events import strategies
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.reading import STAFF, client_user
from tests.support.recounts import views
from tests.support.recounts.views import Fact, facts, reading_house

from run_ledger.domain.contract.vocabulary import KNOWN_COUNTERS, MOST_MODELS
from run_ledger.domain.instants import MICROSECONDS, parse, text

DAY = 24 * 3_600 * MICROSECONDS
START, END = parse("2026-10-01T00:00:00Z"), parse("2027-03-01T00:00:00Z")
SPAN = {"from": text(START), "to": text(END)}
KNOWN = {f"c_{name}" for name in KNOWN_COUNTERS}


def counters(series: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return the counters of each point of a series, by time."""
    return {point["at"]: point["counters"] for point in series["points"] if point["counters"]}


@given(data=st.data(), envelopes=strategies.ledgers(max_jobs=4))
def test_series_of_models_are_a_recount(data: st.DataObject, envelopes: list[Envelope]) -> None:
    """Any filters and callers: each model has what was told of it, ``other`` all the rest."""
    asking, seen = data.draw(
        st.sampled_from(((STAFF, None), (client_user("client-1"), {"client-1"}))), "asking"
    )
    client_id = data.draw(st.sampled_from((None, "client-1", "nobody")), "client_id")
    project_id = data.draw(st.sampled_from((None, "project-1", "no-project")), "project_id")
    pipeline = None
    if project_id is None:
        pipeline = data.draw(st.sampled_from((None, "default", "p.1")), "pipeline")
    tz = data.draw(st.sampled_from((None, "Asia/Tokyo")), "tz")
    filters = {"client_id": client_id, "project_id": project_id, "pipeline": pipeline, "tz": tz}
    reply = reading_house(envelopes).get("/trends", asking, group_by="model", **SPAN, **filters)
    assert reply.status == 200, reply.body
    assert reply.rounds <= 3
    is_over_all = client_id is project_id is pipeline is None

    def is_asked_for(fact: Fact) -> bool:
        return (
            START <= fact.at < END
            and (seen is None or fact.client_id in seen)
            and client_id in (None, fact.client_id)
            and project_id in (None, fact.project_id)
            and pipeline in (None, fact.pipeline)
            and not (is_over_all and fact.name.startswith("c_") and fact.name not in KNOWN)
        )

    expected = views.series(
        (fact for fact in facts(envelopes) if is_asked_for(fact)),
        lambda fact: fact.model if fact.name in KNOWN else None,
        DAY,
    )
    if tz:  # the days differ; over all days the sums are the same
        assert _totals(reply.json) == _recounted_totals(expected)
        return
    rest = expected.pop(None, {})
    assert {one["key"]["model"]: counters(one) for one in reply.json["series"]} == {
        model: {at: point["counters"] for at, point in points.items() if point["counters"]}
        for model, points in expected.items()
    }
    other = reply.json["other"] or {"points": []}
    assert counters(other) == {
        at: point["counters"] for at, point in rest.items() if point["counters"]
    }
    assert {point["at"]: point["created"] for point in other["points"]} == {
        at: point["created"] for at, point in rest.items()
    }


def _totals(document: dict[str, Any]) -> dict[tuple[str | None, str], int]:
    sums: dict[tuple[str | None, str], int] = {}
    for one in (*document["series"], document["other"] or {"key": {}, "points": []}):
        for point in one["points"]:
            for name, count in point["counters"].items():
                place = (one["key"].get("model"), name)
                sums[place] = sums.get(place, 0) + count
    return {place: count for place, count in sums.items() if count}


def _recounted_totals(expected: dict[Any, Any]) -> dict[tuple[str | None, str], int]:
    sums: dict[tuple[str | None, str], int] = {}
    for model, points in expected.items():
        for point in points.values():
            for name, count in point["counters"].items():
                sums[model, name] = sums.get((model, name), 0) + count
    return {place: count for place, count in sums.items() if count}


def _call(number: int, model: str, **fields: Any) -> Envelope:
    return job_update(
        job_id=f"job-{number}",
        event_id="1",
        occurred_at="2026-11-22T14:00:00Z",
        delta_by_model={model: {"llm_calls": 1, "cost_microusd": number}},
        **fields,
    )


def test_many_models_without_a_crowded_row_are_all_shown() -> None:
    """No row had to add models up, so each of more than are kept of one row has its series."""
    sent = [_call(n, f"model-{n:03d}", client_id=f"client-{n}") for n in range(60)]
    here = reading_house(sent)
    day = {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    document = here.get("/trends", STAFF, group_by="model", **day).json
    assert len(document["series"]) == 60


def test_an_inventor_of_models_has_the_first_ones_and_the_rest_as_one() -> None:
    """One row had to add models up: the first in byte order are exact, ``other`` is the rest."""
    sent = [_call(n, f"model-{n:03d}") for n in range(150)]
    document = reading_house(sent).get("/trends", STAFF, group_by="model", **SPAN).json
    shown = {
        one["key"]["model"]: one["points"][0]["counters"]["llm_calls"] for one in document["series"]
    }
    assert shown == {
        **{f"model-{n:03d}": 1 for n in range(MOST_MODELS)},
        "other": 150 - MOST_MODELS,
    }


def test_models_of_another_client_are_not_told() -> None:
    """A caller of one client sees no series and no sum of another's models, whatever is asked."""
    sent = [_call(1, "mine", client_id="acme"), _call(2, "theirs", client_id="globex")]
    here = reading_house(sent)
    for filters in ({}, {"client_id": "globex"}, {"project_id": "project-1"}):
        reply = here.get("/trends", client_user("acme"), group_by="model", **SPAN, **filters)
        assert "theirs" not in reply.body


def test_names_of_models_are_kept_as_they_were_sent() -> None:
    """Blanks, slashes, markup and formulas are part of a name; a job shows them, too."""
    names = ["<b>x</b>", "=1+1", "a/b:c d", "é", " "]
    here = reading_house([_call(n, name) for n, name in enumerate(names)])
    document = here.get("/trends", STAFF, group_by="model", **SPAN).json
    assert [one["key"]["model"] for one in document["series"]] == sorted(names)
    job = here.get("/jobs/{job_id}", STAFF, path={"job_id": "job-0"}).json
    assert job["counters_by_model"] == {"<b>x</b>": {"cost_microusd": 0, "llm_calls": 1}}
    assert job["counters"] == {"cost_microusd": 0, "llm_calls": 1}
