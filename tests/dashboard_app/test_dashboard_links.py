"""What is chosen on a page is in its link; what a link says that nobody can mean is explained."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from dashboard_app.filters.address import complaints
from dashboard_app.filters.declared import ALL_PARTS, JOB_FILTERS, TREND_FILTERS
from dashboard_app.filters.kinds import Filter
from hypothesis import given
from hypothesis import strategies as st
from tests.dashboard_app.conftest import Open, words_of
from tests.support.app.dashboard_api import Api

OPENAPI = Path(__file__).resolve().parents[2] / "backend" / "openapi.json"
PAGES = ("trends", "jobs", "errors", "incidents", "projects", "clients", "cost")
GOOD = {
    "span": ["90d"],
    "days": ["2026-11-01", "2026-11-07"],
    "interval": ["Day"],
    "tz": ["Europe/Berlin"],
    "utcdays": ["true"],
    "by": ["Pipeline"],
    "previous": ["false"],
    "focus": ["2026-11-20T00:00:00Z/2026-11-21T00:00:00Z"],
    "ended": ["2026-11-20T00:00:00Z/2026-11-20T01:00:00Z"],
    "status": ["Completed"],
    "result": ["Timed out"],
    "stalled": ["true"],
    "standing": ["All"],
    "new_since": ["2026-11-20"],
    "opened": ["acme/spring"],
    "differences": ["false"],
    "client": ["acme"],
    "embed": ["true"],
}
BAD = {
    "span": ["17x"],
    "days": ["2026-99-01"],
    "interval": ["Week"],
    "tz": ["Mars/Olympus"],
    "utcdays": ["yes"],
    "by": ["Colour"],
    "previous": [""],
    "focus": ["2026-11-21T00:00:00Z/2026-11-20T00:00:00Z"],
    "ended": ["yesterday"],
    "status": ["completed"],
    "result": ["<b>"],
    "stalled": ["1"],
    "standing": ["Sitting"],
    "new_since": ["2026-99-01"],
    "differences": ["TRUE"],
    "clent": ["acme"],
}


def test_a_good_link_has_nothing_to_complain_of() -> None:
    """Whatever the widgets write is understood."""
    assert complaints(GOOD) == []


@pytest.mark.parametrize("name", BAD)
def test_each_bad_part_is_named(name: str) -> None:
    """And what there is instead."""
    (found,) = complaints({**GOOD, name: BAD[name]})
    assert name in found


@given(
    st.dictionaries(st.sampled_from([*ALL_PARTS, "x"]), st.lists(st.text(max_size=5), min_size=1))
)
def test_no_link_breaks_the_check(address: dict[str, list[str]]) -> None:
    """Any text in any part."""
    assert all(isinstance(one, str) for one in complaints(address))


@pytest.mark.parametrize(("path", "filters"), [("/jobs", JOB_FILTERS), ("/trends", TREND_FILTERS)])
def test_filters_stand_for_parameters_of_the_api(path: str, filters: tuple[Filter, ...]) -> None:
    """A filter of a page narrows what the API returns: its parameter is one of the path's."""
    document = json.loads(OPENAPI.read_text("utf-8"))
    parameters = {one["name"] for one in document["paths"][path]["get"]["parameters"]}

    assert {one.parameter for one in filters} <= parameters
    assert {one.name for one in filters} <= {*ALL_PARTS}


@pytest.mark.parametrize("page", PAGES)
def test_a_bad_link_is_explained_on_every_page(api: Api, open_page: Open, page: str) -> None:
    """The page is there all the same, with what it usually shows."""
    app = open_page(api, page, span="17x", tz="Mars/Olympus", standing="x", clent="acme")

    assert not app.exception
    said = words_of(app).replace("\\", "")
    assert "Part of this link can't be understood" in said
    for part in ("span=17x", "tz=Mars/Olympus", "standing=x", "nothing here is called clent"):
        assert part in said
    assert app.title[0].value.lower() == page
    assert app.get("download_button")


@pytest.mark.parametrize(
    ("page", "address", "said"),
    [
        ("clients", {"one": "nobody"}, "which is not here"),
        ("clients", {"other": "nobody"}, "which is not here"),
        ("errors", {"span": "30d", "error": "0" * 32}, "is not in these days"),
        ("jobs", {"job": "nobody-s"}, "There is no such job"),
        ("job", {"job": "job-0003", "with": "nobody-s"}, "There is no job nobody-s"),
        (
            "trends",
            {"focus": "2020-01-01/2020-01-02"},
            (
                "the part 1 Jan 2020, 00:00 UTC – 2 Jan 2020, 00:00 UTC, which lies outside this "
                "period: all of it is shown, 15 Nov 2026, 16:00 UTC – 22 Nov 2026, 16:00 UTC"
            ),
        ),
        ("trends", {"project": "a <b>"}, "project_id"),
        ("jobs", {"q": "a" * 129}, "q: "),
    ],
)
def test_a_thing_that_is_not_there_is_said(
    api: Api, open_page: Open, page: str, address: dict[str, str], said: str
) -> None:
    """Ids that nothing has, or that nothing can have."""
    app = open_page(api, page, **address)
    assert not app.exception
    assert said in words_of(app).replace("\\", "")


# What a link holds, and what of it the page must have asked or show.
RESTORED: dict[str, list[tuple[dict[str, Any], str]]] = {
    "trends": [
        ({"span": "24h", "tz": "Asia/Tokyo", "project": "acme-catalogue"}, "project_id=acme-cat"),
        ({"span": "Days", "days": ["2026-11-10", "2026-11-12"]}, "from=2026-11-10T00"),
    ],
    "jobs": [
        (
            {"status": "Completed", "result": "Failed", "pipeline": "contacts", "q": "job-00"},
            "pipeline=contacts&q=job-00&result=failed&status=completed",
        ),
    ],
    "errors": [({"client": "globex"}, "/errors?client_id=globex")],
    "incidents": [
        (
            {"what": "Failed", "pipeline": "acme-enrich", "client": "acme"},
            "client_id=acme&from=2026-11-",
        ),
        ({"what": "Missed run"}, "state=open&what=missed"),
        ({"state": "Closed", "rules": "Staff’s"}, "of_staff=true&state=closed"),
    ],
    "projects": [({"client": "acme"}, "/projects?client_id=acme")],
    "clients": [({"one": "acme", "other": "globex"}, "/clients/globex/config")],
    "cost": [
        ({"by": "Project", "client": "acme"}, "group_by=project"),
        ({"by": "Model", "client": "acme"}, "group_by=model"),
    ],
}


@pytest.mark.parametrize(
    ("page", "address", "asked"),
    [(page, *case) for page, cases in RESTORED.items() for case in cases],
)
def test_opening_a_link_restores_the_analysis(
    api: Api, open_page: Open, page: str, address: dict[str, Any], asked: str
) -> None:
    """The requests are those that the link is about, and it stays as it was."""
    app = open_page(api, page, **address)

    assert not app.exception
    assert not app.warning
    assert any(asked in one for one in api.asked), api.asked
    for name, value in address.items():  # what is as usual needs no place in the link
        assert app.query_params.get(name, value) == value


def test_a_link_with_a_former_word_is_understood(api: Api, open_page: Open) -> None:
    """A link that was kept from before a word changed opens the same analysis."""
    app = open_page(api, "jobs", result="Partly done")

    assert not app.exception
    assert not app.warning
    assert any("result=partial" in one for one in api.asked)
    assert app.selectbox(key="result").value == "Partial"
    assert app.query_params["result"] == "Partial"  # so that it outlives a reload


def test_filters_offer_what_there_is_and_take_what_is_not(api: Api, open_page: Open) -> None:
    """Projects and pipelines are chosen from a list; a name that is not in it may be typed."""
    app = open_page(api, "trends", project="not-in-the-list")

    assert not app.exception
    assert {"contacts", "products"} <= set(app.selectbox(key="pipeline").options)
    assert "acme-catalogue" in app.selectbox(key="project").options
    assert any("project_id=not-in-the-list" in one for one in api.asked)
    assert "Nothing was counted in this period" in words_of(app)


NOT_BEGUN = "Days after today have not begun, so 20 Nov 2026 to 22 Nov 2026 is shown"


@pytest.mark.parametrize("page", ["trends", "jobs", "errors", "cost"])
@pytest.mark.parametrize(
    ("days", "said", "shown"),
    [
        (
            ["2026-11-20", "2026-12-05"],
            f"You asked for 20 Nov 2026 to 5 Dec 2026. {NOT_BEGUN}",
            ("2026-11-20", "2026-11-23"),
        ),
        (
            ["2030-01-01", "2030-01-03"],
            f"You asked for 1 Jan 2030 to 3 Jan 2030. {NOT_BEGUN}",
            ("2026-11-20", "2026-11-23"),
        ),
        (
            ["2026-11-22", "2026-11-20"],
            "The link asks for days 2026-11-22 to 2026-11-20, which end before they begin",
            ("2026-11-20", "2026-11-23"),
        ),
        (
            ["2010-03-01", "2010-03-07"],
            "the newest event of the ledger is of 22 Nov 2026",
            ("2010-03-01", "2010-03-08"),
        ),
    ],
)
def test_days_out_of_reach_are_explained(  # noqa: PLR0913, PLR0917 - pytest gives them by name
    api: Api, open_page: Open, page: str, days: list[str], said: str, shown: tuple[str, str]
) -> None:
    """What was asked is said, what is shown, and why; the API is asked for what is shown."""
    app = open_page(api, page, span="Days", days=days)

    assert not app.exception
    assert not app.warning
    assert said in words_of(app).replace("\\", "")
    path = {"jobs": "/jobs?", "errors": "/errors?"}.get(page, "/trends?")
    (asked, *_) = [one for one in api.asked if one.startswith(path) and "pipeline" not in one]
    query = parse_qs(urlsplit(asked).query)
    assert (query["from"][0][:10], query["to"][0][:10]) == shown


@pytest.mark.parametrize("page", ["projects", "clients", "job"])
def test_what_is_of_all_time_says_nothing_of_days(api: Api, open_page: Open, page: str) -> None:
    """No page says that days are shown in place of others where it shows no days."""
    address = {"job": "job-0003"} if page == "job" else {}
    app = open_page(api, page, span="Days", days=["2030-01-01", "2030-01-03"], **address)

    assert not app.exception
    assert "You asked for" not in words_of(app)


@pytest.mark.parametrize(
    ("ended", "said"),
    [
        (
            "2030-01-01T00:00:00Z/2030-01-02T00:00:00Z",
            (
                "It is from 1 Jan 2030, 00:00 UTC to 2 Jan 2030, 00:00 UTC; the newest event of "
                "the ledger is of 22 Nov 2026"
            ),
        ),
        (
            "2010-03-01T00:00:00Z/2010-03-02T00:00:00Z",
            (
                "It is from 1 Mar 2010, 00:00 UTC to 2 Mar 2010, 00:00 UTC; the newest event of "
                "the ledger is of 22 Nov 2026"
            ),
        ),
        (
            "2026-11-22T00:00:00Z/2026-11-20T00:00:00Z",
            "ended=2026-11-22T00:00:00Z/2026-11-20T00:00:00Z is not a part of a period",
        ),
    ],
)
def test_ends_out_of_reach_are_explained(api: Api, open_page: Open, ended: str, said: str) -> None:
    """The list says when it looked for jobs, and when the newest event was."""
    app = open_page(api, "jobs", ended=ended)

    assert not app.exception
    assert said in words_of(app).replace("\\", "")


def test_longer_than_the_api_allows_is_explained(api: Api, open_page: Open) -> None:
    """By hour there are 31 days at most."""
    app = open_page(api, "trends", span="90d", interval="Hour")

    assert "You asked for 90 days. The last 31 of them are shown" in words_of(app)


def test_an_empty_period_leads_to_where_data_are(api: Api, open_page: Open) -> None:
    """With one press."""
    app = open_page(api, "jobs", span="Days", days=["2010-03-01", "2010-03-07"])
    next(one for one in app.button if one.label == "The last 7 days").click().run()

    assert app.dataframe
