"""What a client, and a job, cost by language model: pages against the API's own answers."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from tests.dashboard_app.conftest import Open, words_of
from tests.support.app.dashboard_api import Api
from tests.support.events.builders import job_update

FORMULA, MARKUP = "=1+cmd()", "<b>big</b>"


@pytest.fixture
def filled(empty_api: Api) -> Api:
    """Give an API of a client whose work used two models, of another client, and of old events."""
    for number, fields in enumerate(
        (
            {"delta_by_model": {MARKUP: {"cost_microusd": 3_000_000, "llm_calls": 3}}},
            {
                "delta_by_model": {
                    MARKUP: {"cost_microusd": 500_000, "llm_calls": 1},
                    FORMULA: {"input_tokens": 70, "llm_calls": 2, "llm_calls_unpriced": 2},
                }
            },
            {"delta": {"cost_microusd": 250_000, "records_ok": 5}},
            {"client_id": "globex", "delta_by_model": {"secret": {"cost_microusd": 9_000_000}}},
        )
    ):
        empty_api.house.post(
            job_update(
                **{
                    "job_id": f"job-{fields.get('client_id', 'acme')}",
                    "client_id": "acme",
                    "event_id": f"e{number}",
                    "occurred_at": "2026-11-22T15:00:00Z",
                    "status": "running",
                    **fields,
                }
            )
        )
    return empty_api


def _tables(app: Any) -> list[pd.DataFrame]:
    return [one.value for one in app.dataframe]


def test_what_a_client_cost_by_model(filled: Api, open_page: Open) -> None:
    """Each model has its cost, and so has what no event told by model; together it is all."""
    app = open_page(filled, "cost", span="24h", tz="UTC", by="Model", client="acme")

    assert not app.exception
    asked = {"group_by": "model", "client_id": "acme"}
    document = filled.house.get("/trends", **asked, **{"from": "2026-11-22T00:00:00Z"}).json
    series = {one["key"]["model"]: one for one in document["series"]}
    right = {
        model: sum(point["counters"].get("cost_microusd", 0) for point in one["points"])
        for model, one in {**series, "Without a model": document["other"]}.items()
    }
    assert right == {MARKUP: 3_500_000, FORMULA: 0, "Without a model": 250_000}
    (table,) = [one for one in _tables(app) if "group" in one]
    shown = dict(zip(table["group"], (table["cost_usd"] * 1_000_000).astype(int), strict=True))
    assert shown == right
    bounds = dict(zip(table["group"], table["cost_is_lower_bound"], strict=True))
    assert bounds == {MARKUP: False, FORMULA: True, "Without a model": False}
    assert {metric.label: metric.value for metric in app.metric}["Cost"] == "at least $3.75"
    assert "the cost of 2 model calls" in words_of(app)
    assert "secret" not in words_of(app)


def test_what_a_job_cost_by_model(filled: Api, open_page: Open) -> None:
    """The job's own table has the models, the dearest first, with what the API says of each."""
    app = open_page(filled, "jobs", span="24h", tz="UTC", job="job-acme")

    assert not app.exception
    job = filled.house.get("/jobs/{job_id}", path={"job_id": "job-acme"}).json
    (table,) = [one for one in _tables(app) if "model" in one]
    assert list(table["model"]) == [MARKUP, FORMULA]
    for row in table.to_dict("records"):
        counters = job["counters_by_model"][row["model"]]
        assert row["llm_calls"] == counters["llm_calls"]
        assert row["cost_usd"] * 1_000_000 == counters.get("cost_microusd", 0)
        assert row["cost_is_lower_bound"] == ("llm_calls_unpriced" in counters)
    (events,) = [one for one in _tables(app) if "deltas" in one]
    assert any("Cost +$0.50" in deltas for deltas in events["deltas"])
    assert any(FORMULA in str(models) for models in events["models"])


def test_a_cost_in_the_list_of_jobs_says_that_it_is_a_lower_bound(
    filled: Api, open_page: Open
) -> None:
    """The table has a column for it where a job has calls whose cost nobody knew."""
    app = open_page(filled, "jobs", span="24h", tz="UTC")

    (table,) = [one for one in _tables(app) if "outcome" in one and "job_id" in one]
    assert dict(zip(table["job_id"], table["cost_is_lower_bound"], strict=True)) == {
        "job-acme": True,
        "job-globex": False,
    }
