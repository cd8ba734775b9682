"""Lists of more than a page: what is shown, exported and said, against a recount."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import NOW, Open, words_of
from tests.dashboard_app.test_dashboard_pages import frame_of
from tests.support.app.dashboard_api import Api, serving
from tests.support.app.dashboard_data import PIPELINES, fill
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

MONTH = {"span": "30d"}


@pytest.fixture(scope="module")
def busy_api() -> Iterator[Api]:
    """Serve a ledger with more jobs than three pages hold."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    fill(house, NOW, jobs=740)
    with serving(house) as api:
        yield api


def recount(api: Api, **filters: str) -> set[str]:
    """Return the ids of all jobs that match, page by page from the API itself."""
    asked: dict[str, Any] = {"limit": 200, "from": "2026-10-01", **filters}
    pages = api.house.walk("/jobs", **asked)
    return {item["job_id"] for page in pages for item in page.json["items"]}


def more(app: AppTest) -> list[Any]:
    """Return the buttons that load more jobs, the smallest step first."""
    return [button for button in app.button if button.label.endswith(" more")]


@pytest.mark.parametrize("pipeline", [None, PIPELINES[0]])
def test_the_jobs_page_drops_no_job(busy_api: Api, open_page: Open, pipeline: str | None) -> None:
    """It says that there are more until all are there; then they are those of a recount."""
    filters = {} if pipeline is None else {"pipeline": pipeline}
    everything = recount(busy_api, **filters)
    assert len(everything) > 200

    app = open_page(busy_api, "jobs", **MONTH, **filters)
    loads = 0
    while more(app):
        assert "The first " in words_of(app)
        assert "the API has more" in words_of(app)
        more(app)[0].click().run()
        loads += 1

    assert loads == (len(everything) - 1) // 200
    assert set(frame_of(app, "job_id")["job_id"]) == everything
    assert f"{len(everything)} jobs" in words_of(app)
    assert "the API has more" not in words_of(app)
