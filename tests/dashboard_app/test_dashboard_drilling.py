"""From a group of errors to its jobs: what the page counts is what the list shows."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import Open, person, words_of
from tests.support.app.dashboard_api import Api

from run_ledger.domain.contract.fingerprints import fingerprint

HOSTILE = "<script>*x*</script> " + "y" * 90


def groups(api: Api, **parameters: str) -> dict[str, int]:
    """Return how often each error was counted in the month, straight from the API."""
    month = {"from": "2026-10-24", "to": "2026-11-23"}
    items = api.house.get("/errors", **month, **parameters).json["items"]
    return {one["fingerprint"]: one["count"] for one in items}


def job_ids(app: AppTest) -> list[str]:
    """Return the jobs of the table."""
    assert not app.exception
    (frame,) = [one.value for one in app.dataframe if "job_id" in one.value]
    return list(frame["job_id"])


def test_a_group_of_errors_leads_to_its_jobs(api: Api, open_page: Open) -> None:
    """The link carries the error, the period and the client."""
    name = max(groups(api, client_id="acme"))
    app = open_page(api, "errors", span="30d", client="acme", error=name)

    links = [parse_qs(one.proto.query_string) for one in app.get("page_link")]
    assert {"span": ["30d"], "client": ["acme"], "error": [name]} in links


def test_the_jobs_of_an_error_are_those_that_were_counted(api: Api, open_page: Open) -> None:
    """As many as the group counts where none was tried again, whenever they were created."""
    counted = groups(api)
    assert len(counted) > 1
    for name, count in counted.items():
        ids = job_ids(open_page(api, "jobs", span="30d", error=name))
        assert len(ids) == len(set(ids)) == count

    (asked,) = {one for one in api.asked if f"fingerprint={name}" in one}
    query = parse_qs(urlsplit(asked).query)
    assert query["ended_from"] == ["2026-10-24T00:00:00Z"]
    assert not query.keys() & {"from", "to"}
    of_acme = open_page(api, "jobs", person("client-acme"), span="30d", error=name)
    assert len(job_ids(of_acme)) == groups(api, client_id="acme")[name]


def test_the_error_can_be_taken_away(api: Api, open_page: Open) -> None:
    """The page says what it is narrowed to, and all jobs are one click away."""
    name = fingerprint("RateLimitError", "The model answered 429 for too long")
    app = open_page(api, "jobs", span="30d", error=name)
    assert "Failed with **RateLimitError**" in words_of(app)
    few = len(job_ids(app))

    (button,) = [one for one in app.button if one.label == "All jobs"]
    button.click().run()

    assert "error" not in app.query_params
    assert len(job_ids(app)) > few
    assert "Failed with" not in words_of(app)


def test_an_error_that_nobody_had_is_said(api: Api, open_page: Open) -> None:
    """Whatever stands in the link, it is shown as text, or refused by the API in words."""
    app = open_page(api, "jobs", span="30d", error=HOSTILE)
    assert not app.exception
    assert "No job of this period matches" in words_of(app)
    assert r"\<script\>\*x\*" in words_of(app)
    assert not open_page(api, "jobs", span="30d", error="z" * 999).exception
