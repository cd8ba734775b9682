"""Every page in every state: signed out, forbidden, empty, full, with the API down or expired."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest
from dashboard_app.filters import choices
from dashboard_app.sign_in import signing_in
from streamlit.proto.Metric_pb2 import Metric
from streamlit.testing.v1 import AppTest
from tests.dashboard_app.conftest import NOW, Open, person, words_of
from tests.support.app.dashboard_api import Api

from run_ledger.domain.exceptions import InvalidQuery

PAGES = ("trends", "jobs", "errors", "incidents", "projects", "clients", "cost")
SIGNED_OUT: dict[str, Any] = {"is_logged_in": False}


@pytest.fixture
def sign_ins(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note when the app goes to the sign-in page."""
    noted: list[bool] = []
    monkeypatch.setattr(signing_in, "enter", lambda: noted.append(True))
    return noted


def frame_of(app: AppTest, column: str) -> Any:
    """Return the one table that has a column."""
    (found,) = [one.value for one in app.dataframe if column in one.value]
    return found


@pytest.mark.parametrize("page", PAGES)
def test_signed_out(api: Api, open_page: Open, page: str) -> None:
    """There is a way in and no data; the API is not even asked."""
    app = open_page(api, page, SIGNED_OUT)

    assert not app.exception
    assert [button.label for button in app.button] == ["Sign in"]
    assert api.asked == []


@pytest.mark.parametrize("page", PAGES)
def test_full(api: Api, open_page: Open, page: str) -> None:
    """The page shows data and no trouble."""
    app = open_page(api, page)

    assert not app.exception
    assert not app.error
    assert not app.warning
    assert app.title[0].value.lower() == page
    assert app.get("download_button")


@pytest.mark.parametrize("page", PAGES)
def test_empty(empty_api: Api, open_page: Open, page: str) -> None:
    """An empty ledger says how the first event is sent."""
    app = open_page(empty_api, page)

    assert not app.exception
    assert "Nothing has been reported yet" in words_of(app)
    assert any("put-events" in block.value for block in app.code)


@pytest.mark.parametrize("page", PAGES)
def test_forbidden(api: Api, open_page: Open, page: str) -> None:
    """Somebody in no group is told what helps, and can sign out."""
    app = open_page(api, page, person())

    assert not app.exception
    assert "You may not see this" in words_of(app)
    assert "Sign out" in [button.label for button in app.button]


@pytest.mark.parametrize("page", PAGES)
def test_the_api_is_down(open_page: Open, page: str) -> None:
    """No API is no traceback: it is said, and trying again is offered."""
    app = open_page(Api(None, url="http://127.0.0.1:9"), page)  # type: ignore[arg-type]

    assert not app.exception
    assert "The API does not answer" in words_of(app)
    assert "Try again" in [button.label for button in app.button]


def test_the_api_fails(api: Api, open_page: Open) -> None:
    """Its own words are shown, as far as it has any."""
    api.status = 503

    assert "The test wants it so" in words_of(open_page(api))


def test_a_refused_token_leads_to_signing_in(
    api: Api, open_page: Open, sign_ins: list[bool]
) -> None:
    """A 401 goes to the sign-in page by itself."""
    api.status = 401

    app = open_page(api)

    assert sign_ins == [True]
    assert "Your sign-in has ended" in words_of(app)


def test_an_expired_token_is_not_even_sent(api: Api, open_page: Open, sign_ins: list[bool]) -> None:
    """Expiry is known before the API has to say it."""
    open_page(api, user=person("staff", exp=NOW.timestamp() - 1))

    assert sign_ins == [True]
    assert api.asked == []


def test_a_new_token_that_is_refused_goes_round_in_no_circle(
    api: Api, open_page: Open, sign_ins: list[bool]
) -> None:
    """Signing in anew would not help, so it does not happen by itself."""
    api.status = 401

    app = open_page(api, user=person("staff", issued_at=NOW.timestamp() - 5))

    assert sign_ins == []
    assert "does not accept this sign-in" in words_of(app)


def test_a_client_sees_their_own_alone(api: Api, open_page: Open) -> None:
    """The rows are those of the caller's client, whatever the page was told before."""
    mine = frame_of(open_page(api, "jobs", person("client-acme"), span="30d"), "job_id")
    everything = frame_of(open_page(api, "jobs", span="30d"), "job_id")

    assert set(mine["client_id"]) == {"acme"}
    assert set(everything["client_id"]) == {"acme", "globex", "initech"}


def test_another_token_is_asked_for_anew(api: Api, open_page: Open) -> None:
    """Within one session nothing that was told to one caller serves another."""
    app = open_page(api, "jobs", person("client-globex"), span="30d")
    assert set(frame_of(app, "job_id")["client_id"]) == {"globex"}

    app.user = person("client-initech", sub="u-2")
    app.run()

    assert set(frame_of(app, "job_id")["client_id"]) == {"initech"}


@pytest.mark.parametrize("page", PAGES)
def test_signing_out_reaches_the_other_tabs(
    api: Api, open_page: Open, page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tab with the same sign-in shows no data any more and asks nothing; a new sign-in does."""
    monkeypatch.setattr(signing_in.st, "logout", lambda: None)
    user = person("staff", page=page)
    tab, other = open_page(api, page, user), open_page(api, "trends", user)

    next(button for button in other.button if button.label == "Sign out").click().run()
    api.asked.clear()
    tab.run()

    assert [button.label for button in tab.button] == ["Sign in"]
    assert not tab.dataframe
    assert api.asked == []
    tab.user = person("staff", page=page, again=True)
    tab.run()
    assert api.asked


@pytest.mark.parametrize("page", PAGES)
def test_no_token_is_on_a_page(api: Api, open_page: Open, page: str) -> None:
    """What is shown to be copied names a variable, not its value."""
    user = person("staff")
    app = open_page(api, page, user)

    shown = words_of(app) + "".join(block.value for block in app.code)
    assert "RUN_LEDGER_TOKEN" in shown
    assert user["tokens"]["access"] not in shown


def test_figures_are_those_of_the_api(api: Api, open_page: Open) -> None:
    """Each tile says what the API's points add up to."""
    app = open_page(api, span="30d")
    points = api.house.get(
        "/trends", interval="day", **{"from": "2026-10-24T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    ).json["series"][0]["points"]

    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Jobs created"] == f"{sum(one['created'] for one in points):,}"
    assert shown["Jobs ended"] == f"{sum(one['ended'] for one in points):,}"
    failed = sum(one["failed"] + one["timed_out"] for one in points)
    judged = sum(one["ended"] - one["cancelled"] for one in points)
    assert shown["Error rate"] == f"{failed / judged * 100:.1f}%"


def test_what_fell_points_downwards() -> None:
    """An error rate that fell is good news, one that rose is not; where nothing moved, no arrow."""

    def page() -> None:
        from dashboard_app.frames.trends import ATTEMPTS  # noqa: PLC0415 - AppTest runs it as a script
        from dashboard_app.pages.trends.figures import figures  # noqa: PLC0415 - AppTest runs it as a script

        names = ("created", "ended", "error_rate", "records", "tokens", "cost_usd", *ATTEMPTS)
        before = dict.fromkeys(names, 0.5)
        figures(before, {**before, "created": 0.4, "ended": 0.6, "error_rate": 0.3}, before)  # type: ignore[arg-type]

    told = {
        metric.label: (metric.delta, metric.color, metric.proto.direction)
        for metric in AppTest.from_function(page).run().metric
    }
    kinds = Metric.MetricDirection
    assert told["Jobs created"][0::2] == ("-20.0%", kinds.DOWN)
    assert told["Jobs ended"][0::2] == ("+20.0%", kinds.UP)
    assert told["Error rate"] == ("-20.0 points", Metric.MetricColor.GREEN, kinds.DOWN)
    assert told["Records"][0::2] == ("unchanged", kinds.NONE)


def test_a_link_opens_the_same_analysis(api: Api, open_page: Open) -> None:
    """What stands in the address is what is asked of the API."""
    open_page(api, span="30d", client="acme", by="Pipeline", previous="false", interval="Day")

    asked = [one for one in api.asked if one.startswith("/trends") and "group_by" in one]
    assert any("client_id=acme" in one and "interval=day" in one for one in asked)
    assert not any("from=2026-09" in one for one in api.asked if one.startswith("/trends"))


def test_a_focus_in_the_link_narrows_the_page(api: Api, open_page: Open) -> None:
    """The figures are those of the part that the brush had chosen."""
    part = "2026-11-20T00:00:00Z/2026-11-22T00:00:00Z"
    app = open_page(api, span="30d", focus=part)
    points = api.house.get(
        "/trends", interval="day", **{"from": "2026-11-20T00:00:00Z", "to": "2026-11-22T00:00:00Z"}
    ).json["series"][0]["points"]

    shown = {metric.label: metric.value for metric in app.metric}
    assert shown["Jobs ended"] == f"{sum(one['ended'] for one in points):,}"
    assert "Narrowed to" in words_of(app)


@pytest.mark.parametrize(
    "address",
    [
        {"span": "17x", "interval": "never", "tz": "Mars/Olympus"},
        {"focus": "x/y", "by": "Nobody"},
        {"focus": "2026-11-22T00:00:00Z/2020-01-01T00:00:00Z"},
        {"client": "<script>alert(1)</script>"},
    ],
)
def test_nonsense_in_a_link_is_no_traceback(
    api: Api, open_page: Open, address: dict[str, str]
) -> None:
    """What can't be understood is left out, or refused by the API in words."""
    assert not open_page(api, **address).exception


def test_a_job_opens_from_its_link(api: Api, open_page: Open) -> None:
    """Attempts, counters and events are those of the job."""
    app = open_page(api, "job", job="job-0003")

    assert not app.exception
    assert "Enrich job" in words_of(app)
    assert len(frame_of(app, "occurred_at")) == 2
    assert set(frame_of(app, "counter")["value"]) >= {12}


def test_a_job_that_is_not_there_is_said(api: Api, open_page: Open) -> None:
    """Another client's job and none at all look the same."""
    app = open_page(api, "job", person("client-acme"), job="nobody-s")

    assert not app.exception
    assert "There is no such job" in words_of(app)


def test_secrets_are_counted(api: Api, open_page: Open) -> None:
    """How many there are is said; neither value nor reference is anywhere."""
    app = open_page(api, "clients", one="acme")

    assert "1 parameter is secret for acme" in words_of(app)
    assert set(frame_of(app, "value")["name"]) == {"model", "confidence"}


def test_two_clients_side_by_side(api: Api, open_page: Open) -> None:
    """What differs is shown, what is the same is left out."""
    app = open_page(api, "clients", one="acme", other="globex")

    rows = frame_of(app, "differs").set_index("name")
    assert list(rows.index) == ["confidence", "region"]
    assert rows.loc["confidence", "one"] == "0.85"
    assert rows.loc["confidence", "other"] == "0.9"


def test_errors_agree_with_trends(api: Api, open_page: Open) -> None:
    """As many failures are grouped as jobs failed or timed out in the same days."""
    app = open_page(api, "errors", span="30d")
    points = api.house.get(
        "/trends", interval="day", **{"from": "2026-10-24T00:00:00Z", "to": "2026-11-23T00:00:00Z"}
    ).json["series"][0]["points"]

    failed = sum(one["failed"] + one["timed_out"] for one in points)
    assert f"{failed:,} jobs failed or timed out" in words_of(app)


def test_unknown_ledger(open_page: Open) -> None:
    """An app that was not told where the API is says what to do."""
    from tests.dashboard_app.conftest import MAIN  # noqa: PLC0415

    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.user = person("staff")

    assert "has not been told" in words_of(app.run())


def test_the_first_chart_waits_for_little(api: Api, open_page: Open) -> None:
    """Clients and trends, at once; what can be chosen, and what is compared or live, come later."""
    app = open_page(api)

    assert not app.exception
    paths = [target.partition("?")[0] for target in api.asked]
    assert sorted(paths[:2]) == ["/clients", "/trends"]
    assert "group_by" not in "".join(api.asked[:2])
    assert api.asked[paths.index("/trends")] not in api.asked[2:]
    assert min(paths.index("/projects"), paths.index("/overview")) > 1
    assert "group_by=pipeline" in "".join(api.asked[2:])


def test_a_page_runs_once(api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first run has all that can be chosen; another one asks nothing."""
    monkeypatch.setattr(choices.st, "rerun", None)
    app = open_page(api)

    chosen_from = {one.label: one.options for one in app.selectbox}
    assert "contacts" in chosen_from["Pipeline"]
    assert "acme-catalogue" in chosen_from["Project"]
    before = len(api.asked)
    app.run()
    assert len(api.asked) == before


def test_a_refused_chart_leaves_what_was_chosen(
    api: Api, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipeline of a link is asked for, shown and kept where the API refuses the chart."""
    refusal = InvalidQuery("from", "more was counted than one answer can add up")
    monkeypatch.setattr("run_ledger.read.trend_sums._by_client", Mock(side_effect=refusal))
    app = open_page(api, span="30d", tz="Europe/Berlin", pipeline="contacts")

    assert "more was counted" in words_of(app).replace("\\", "")
    assert "pipeline=contacts" in next(one for one in api.asked if one.startswith("/trends"))
    chosen = app.selectbox(key="pipeline")
    assert (chosen.value, chosen.disabled) == ("contacts", False)
    assert "acme-catalogue" in app.selectbox(key="project").options
    assert app.query_params["pipeline"] == "contacts"


def test_what_was_chosen_holds_for_another_client(api: Api, open_page: Open) -> None:
    """The choices of another client are loaded after the chart, which has the same pipeline."""
    app = open_page(api)
    app.selectbox(key="pipeline").set_value("contacts").run()
    api.asked.clear()
    app.selectbox(key="client").set_value("acme").run()

    asked = [one for one in api.asked if one.startswith(("/trends", "/projects"))]
    assert "client_id=acme" in asked[0]
    assert "pipeline=contacts" in asked[0]
    assert any(one.startswith("/projects") for one in asked[1:])
    assert app.selectbox(key="pipeline").value == "contacts"
    assert [one.label for one in app.selectbox if one.disabled] == []


@pytest.mark.parametrize(("interval", "said"), [("Auto", "6 hours"), ("Hour", "one hour")])
@pytest.mark.parametrize("by", ["Nothing", "Client"])
def test_a_rate_says_of_how_many_jobs_it_is(
    api: Api, open_page: Open, interval: str, said: str, by: str
) -> None:
    """Few jobs are rated by six hours, unless hours are asked for; how many is below the chart."""
    app = open_page(api, interval=interval, by=by)

    assert not app.exception
    assert f"Each point is the rate of {said}, computed from 1 to " in words_of(app)


@pytest.mark.parametrize(("interval", "begin"), [("3h", "2026-11-09T21"), ("6h", "2026-11-09T18")])
def test_some_hours_are_intervals_too(api: Api, open_page: Open, interval: str, begin: str) -> None:
    """The API adds them up from midnight UTC; what is shown beyond the days asked for is said."""
    app = open_page(
        api, span="Days", days=["2026-11-10", "2026-11-12"], tz="Europe/Berlin", interval=interval
    )

    assert not app.exception
    asked = next(one for one in api.asked if one.startswith("/trends"))
    assert f"interval={interval}" in asked
    assert f"from={begin}" in asked
    assert f"Intervals of {interval} begin at midnight UTC" in words_of(app)
