"""Tasks of an analyst, from the page after signing in, in as few clicks as the app needs.

The right answers are those of the API's JSON, or of the events that were sent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.screenshots.dashboard import settle, sign_in
from tests.support.app.analyst import Analyst, by, number
from tests.support.readers.ledger_http import all_items, get, machine_token, put_events, until
from tests.support.recounts.recount import recount_jobs
from tests.support.site import analyst_events
from tests.support.site.analyst_events import HOME, OAK, PINE
from tests.support.site.site_events import NORTH, SOUTH
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FAILED = {"failed", "timed_out"}
SECONDS = 300
Items = list[dict[str, Any]]


class Api:
    """The raw answers of the API, for a machine that sees all clients."""

    def __init__(self, stack: Mapping[str, Any]) -> None:
        self._stack = stack
        self._token = machine_token(stack)

    def ask(self, path: str, **asked: Any) -> dict[str, Any]:
        """Return a document."""
        answer = get(self._stack, path, self._token, **asked)
        answer.raise_for_status()
        return dict(answer.json())

    def jobs(self, **asked: Any) -> Items:
        """Return all jobs that match, from two months if nothing else is asked."""
        if not any(name.endswith("from") for name in asked):
            asked["from"] = text(midnight(70))
        return [*all_items(self._stack, "/jobs", self._token, limit=200, **asked)]

    def points(self, start: datetime, end: datetime, **asked: Any) -> dict[str, Items]:
        """Return the points of series by the name of their group, or by ``all``."""
        times = {"from": text(start), "to": text(end)}
        document = self.ask("/trends", **times, **asked)
        found = {next(iter(one["key"].values()), "all"): one for one in document["series"]}
        return {name: one["points"] for name, one in found.items()} | (
            {"other": document["other"]["points"]} if document.get("other") else {}
        )


def text(moment: datetime) -> str:
    """Write a moment as the API takes it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def midnight(days_ago: int) -> datetime:
    """Return the beginning of a day in Berlin."""
    day = datetime.now(HOME).date() - timedelta(days=days_ago)
    return datetime.combine(day, time(), HOME).astimezone(UTC)


@pytest.fixture(scope="module")
def sent(running: LocalStack, people: object) -> list[dict[str, Any]]:
    """Report what analysts look into, once, and give the events."""
    told = {OAK: analyst_events.oak(), PINE: analyst_events.pine()}
    put_events(running.document, running.client("events"), [*told[OAK], *told[PINE]])
    api = Api(running.document)

    def is_there(client_id: str) -> bool:
        jobs = recount_jobs(one for one in told[client_id] if "job_id" in one["detail"])
        expected = {name: (one["result"], one["created_at"]) for name, one in jobs.items()}
        shown = api.jobs(client_id=client_id)
        return {one["job_id"]: (one["result"], one["created_at"]) for one in shown} == expected

    for client_id in told:
        until(f"the jobs of {client_id}", SECONDS, partial(is_there, client_id))
    return [*told[OAK], *told[PINE]]


@pytest.fixture(scope="module")
def api(running: LocalStack) -> Api:
    """Give the API itself."""
    return Api(running.document)


@pytest.fixture(scope="module")
def tab(browser: Browser, running: LocalStack, sent: object) -> Iterator[Analyst]:
    """Give the tab of somebody who has signed in, one for all tasks."""
    with_page = a_tab(browser)
    sign_in(with_page, running.document, "/")
    yield Analyst(with_page, running.document["dashboard_url"])
    with_page.context.close()


def a_tab(browser: Browser) -> Page:
    """Return a tab of a fresh profile, in Berlin."""
    context = browser.new_context(
        locale="en-GB",
        timezone_id=HOME.key,
        viewport={"width": 1360, "height": 1_000},
        reduced_motion="reduce",
    )
    return context.new_page()


@pytest.fixture
def analyst(tab: Analyst) -> Analyst:
    """Give the analyst on the page after signing in."""
    tab.land()
    return tab


def ids(rows: Items) -> list[str]:
    """Return the jobs of a list or a table."""
    return [str(row.get("job_id", row.get("Job"))) for row in rows]


def test_p95_by_pipeline_and_hour_in_two_zones_across_a_change_of_clocks(
    analyst: Analyst, api: Api
) -> None:
    """Who: an analyst of durations. Wants: each hour's p95 on the day on which clocks were set.

    Ten clicks: client (2), Days, the date to type, Pipeline, the file (2); UTC, its file (2).
    """
    change = analyst_events.change_of_clocks()
    day = change.astimezone(HOME).date()
    analyst.choose("Client", OAK)
    analyst.press("Days")
    type_days(analyst, day, day)
    analyst.press("Pipeline")
    expect(analyst.page.get_by_text("By pipeline")).to_be_visible()
    in_berlin, begin, end = p95(analyst), moment_of(day, HOME), moment_of(day + DAY, HOME)
    expected = p95_of(api, begin, end)

    assert (end - begin) / HOUR in (23, 25)
    assert in_berlin == expected
    assert {at for _, at in in_berlin} >= {begin, change - HOUR, change}

    analyst.click(analyst.page.get_by_role("button", name="Show UTC"))
    expect(analyst.page).to_have_url(re.compile("tz=UTC"))
    settle(analyst.page)
    in_utc = p95(analyst)

    assert in_utc == p95_of(api, moment_of(day, UTC), moment_of(day + DAY, UTC))
    assert in_utc.keys() < in_berlin.keys()
    assert analyst.clicks <= 10


def moment_of(day: date, zone: Any) -> datetime:
    """Return the beginning of a day in a zone, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def type_days(analyst: Analyst, first: date, last: date) -> None:
    """Click the first date's year, and type both dates."""
    parts = analyst.page.locator("[data-testid=stDateInputField] [role=spinbutton]")
    analyst.click(parts.first)
    analyst.page.keyboard.type(f"{first:%Y%m%d}")
    analyst.page.keyboard.press("Tab")
    analyst.page.keyboard.type(f"{last:%Y%m%d}")
    analyst.page.keyboard.press("Escape")
    expect(analyst.page).to_have_url(re.compile(f"days={first}.*days={last}"))
    settle(analyst.page)


def p95(analyst: Analyst) -> dict[tuple[str, datetime], float]:
    """Return the 95th percentiles of the chart, by pipeline and hour."""
    rows = analyst.csv("duration-95th-percentile")
    return {
        (row["group"], datetime.fromisoformat(row["at"])): float(row["duration_p95_seconds"])
        for row in rows
        if row["duration_p95_seconds"]
    }


def p95_of(api: Api, start: datetime, end: datetime) -> dict[tuple[str, datetime], float]:
    """Return the same as the API tells it."""
    asked = {"interval": "hour", "client_id": OAK, "group_by": "pipeline"}
    return {
        (name, datetime.fromisoformat(point["at"])): point["duration_p95_seconds"]
        for name, points in api.points(start, end, **asked).items()
        for point in points
        if point["duration_p95_seconds"] is not None
    }


def test_a_spike_to_its_jobs(analyst: Analyst, api: Api) -> None:
    """Who: an analyst on call. Wants: which error an hour's failures are of, and its jobs.

    Three clicks: client (2), the link that names the error.
    """
    hour = analyst_events.noon(analyst_events.SPIKE_DAYS)
    within = {"ended_from": text(hour), "ended_to": text(hour + HOUR)}
    failed = api.jobs(client_id=OAK, result="failed,timed_out", **within)
    ((top, count),) = Counter(one["error"]["type"] for one in failed).most_common(1)
    of_day = [one for one in api.jobs(client_id=OAK) if one["ended_at"][:10] == f"{hour:%F}"]
    assert Counter(one["error"]["type"] for one in of_day if one["error"]).most_common(1) != [
        (top, count)
    ]

    analyst.choose("Client", OAK)
    link = analyst.page.get_by_role("link").filter(has_text="% failed")
    expect(link).to_contain_text(top)
    analyst.click(link)
    expect(analyst.page.get_by_text(f"{count} jobs", exact=True)).to_be_visible()
    settle(analyst.page)

    assert ids(analyst.rows("Job")) == ids([one for one in failed if one["error"]["type"] == top])
    assert analyst.clicks <= 3


def test_cost_by_model_with_at_least(analyst: Analyst, api: Api) -> None:
    """Who: who pays. Wants: what a client's models cost in 30 days, and what is not known of it.

    Five clicks: Cost, 30d, client (2), Model.
    """
    asked = {"interval": "day", "tz": HOME.key, "client_id": OAK}
    series = api.points(midnight(29), midnight(-1), group_by="model", **asked)
    sums = {name: added_up(points) for name, points in series.items()}
    whole = added_up(api.points(midnight(29), midnight(-1), **asked)["all"])
    assert whole["llm_calls_unpriced"] > 0

    analyst.go("Cost")
    analyst.press("30d")
    analyst.choose("Client", OAK)
    analyst.press("Model")
    analyst.sees("the models", lambda: page_has(analyst, "Cost by model"))
    rows = by(analyst.rows("Model"), "Model")

    other = sums.pop("other")
    assert rows.keys() == {*sums, "Not told by model"}
    for name, row in rows.items():
        told = sums.get(name, other)
        assert round(number(row["Cost (USD)"]) * 1e6) == told["cost_microusd"], name
        is_bound = row["Cost is at least that"] == "true"
        assert is_bound == (told["llm_calls_unpriced"] > 0), name
    tile = analyst.page.locator("[data-testid=stMetric]").first
    expect(tile).to_contain_text(f"at least ${whole['cost_microusd'] / 1e6:,.2f}")
    assert analyst.clicks <= 5


def page_has(analyst: Analyst, words: str) -> bool:
    """Return whether some words stand on the page."""
    return analyst.page.get_by_text(words, exact=True).first.is_visible()


def added_up(points: Items) -> Counter[str]:
    """Return the sums of the counters of points."""
    sums: Counter[str] = Counter()
    for point in points:
        sums.update(point["counters"])
    return sums


def test_the_slowest_and_the_dearest_twenty(analyst: Analyst, api: Api) -> None:
    """Who: who makes pipelines faster and cheaper. Wants: the worst 20 of 30 days, of all jobs.

    Twelve clicks: Jobs, 30d, client (2), Longest first (2), its file (2), the same of the dearest.
    """
    everything = api.jobs(client_id=OAK, **{"from": text(midnight(29))})
    assert len(everything) > 200
    analyst.go("Jobs")
    analyst.press("30d")
    analyst.choose("Client", OAK)
    for word, of in (
        ("Longest first", lambda job: job["duration_seconds"] or 0),
        ("Dearest first", lambda job: job["counters"].get("cost_microusd", 0)),
    ):
        worst = sorted(everything, key=lambda job: (of(job), job["created_at"]), reverse=True)
        expected = ids(worst)[:20]
        analyst.choose("Order", word)
        analyst.sees(word, lambda first=expected[:10]: ids(analyst.rows("Job"))[:10] == first)

        assert ids(analyst.csv("jobs"))[:20] == expected
    assert analyst.clicks <= 12


def test_an_export_has_exactly_what_is_on_screen(analyst: Analyst, api: Api) -> None:
    """Who: who goes on in a notebook. Wants: the failed jobs of a client, as CSV and Parquet.

    Eight clicks: Jobs, client (2), Failed (2), Export, CSV, Parquet.
    """
    expected = api.jobs(client_id=OAK, result="failed", **{"from": text(hours_ago(7 * 24))})
    analyst.go("Jobs")
    analyst.choose("Client", OAK)
    analyst.choose("Result", "Failed")
    said = analyst.page.get_by_text(f"{len(expected)} jobs", exact=True)
    expect(said).to_be_visible()
    settle(analyst.page)
    seen = ids(analyst.rows("Job"))
    parquet = pd.read_parquet(analyst.file("jobs", "Parquet"))
    rows = analyst.csv("jobs")

    assert seen == ids(expected)[: len(seen)]
    assert ids(rows) == list(parquet["job_id"]) == ids(expected)
    for job, row, kept in zip(expected, rows, parquet.to_dict("records"), strict=True):
        for name in ("client_id", "project_id", "pipeline", "status", "result", "created_at"):
            assert row[name] == job[name]
        assert row["error_message"] == kept["error_message"] == job["error"]["message"]
        assert kept["created_at"] == pd.Timestamp(job["created_at"])
        assert row["duration_seconds"] == (
            "" if job["duration_seconds"] is None else str(float(job["duration_seconds"]))
        )
    assert analyst.clicks <= 8


def hours_ago(count: int) -> datetime:
    """Return the beginning of the hour of UTC after the one so many hours ago."""
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return hour - (count - 1) * HOUR


def test_which_clients_error_rate_moved_most(analyst: Analyst, api: Api) -> None:
    """Who: somebody of the staff. Wants: whose error rate changed most against the week before.

    One click: Client, of what can be grouped by.
    """
    answers = [moved(api)]
    analyst.press("Client")
    analyst.sees("a comparison", lambda: page_has(analyst, "Compared with the previous period"))
    row = analyst.rows("Previous error rate")[0]
    answers.append(moved(api))  # the hour may have changed meanwhile

    rates = (round(number(row[name]), 9) for name in ("Error rate", "Previous error rate"))
    shown = (row["Group"], *rates)
    assert shown in [(name, *(round(one, 9) for one in rates)) for name, *rates in answers]
    assert analyst.clicks <= 1


def moved(api: Api) -> tuple[str, float, float]:
    """Return the client with most failures beyond those of its rate before, and both rates."""
    now = hours_ago(1)
    start = hours_ago(7 * 24)
    asked = {"interval": "hour", "group_by": "client"}
    series = [
        {name: rate(points) for name, points in api.points(begin, end, **asked).items()}
        for begin, end in ((start, now), (start - 7 * DAY, now - 7 * DAY))
    ]
    changes = {
        name: (-abs(share - before) * judged, -abs(judged - judged_before), name, share, before)
        for name, (share, judged) in series[0].items()
        if name in series[1] and judged
        for before, judged_before in [series[1][name]]
        if judged_before
    }
    *_, name, share, before = min(changes.values())
    return name, share, before


def rate(points: Items) -> tuple[float, int]:
    """Return the share of jobs that failed or timed out, and of how many it is."""
    judged = sum(point["ended"] - point["cancelled"] for point in points)
    bad = sum(point["failed"] + point["timed_out"] for point in points)
    return (bad / judged if judged else 0.0), judged


def test_an_error_groups_jobs_and_when_it_began(
    analyst: Analyst, api: Api, sent: list[dict[str, Any]]
) -> None:
    """Who: who mends a pipeline. Wants: which jobs an error failed, and the first of them.

    Five clicks: Errors, client (2), the group's row, the link to its jobs.
    """
    failures = recount_jobs(
        one for one in sent if one["detail"].get("job_id", "").startswith("oak-full-")
    )
    began = min(failures.values(), key=lambda job: job["ended_at"])
    analyst.go("Errors")
    analyst.choose("Client", OAK)
    analyst.sees("its errors", lambda: "DiskFull" in by(analyst.rows("Type"), "Type"))
    analyst.select("Type", "DiskFull")
    analyst.click(analyst.page.get_by_role("link", name="The jobs of this error group"))
    expect(analyst.page.get_by_text(f"{len(failures)} jobs", exact=True)).to_be_visible()
    settle(analyst.page)
    rows = analyst.rows("Job")

    assert set(ids(rows)) == failures.keys()
    assert rows[-1]["Job"] == began["job_id"]
    created = datetime.fromisoformat(rows[-1]["Created (Europe/Berlin)"])
    assert created == datetime.fromisoformat(began["created_at"]).replace(microsecond=0)
    assert analyst.clicks <= 5


def test_a_projects_burn_up_with_its_expected_end(analyst: Analyst, api: Api) -> None:
    """Who: who promised a date. Wants: how much is done, at which pace, and when the rest is.

    Four clicks: Projects, client (2), the project's row.
    """
    analyst.go("Projects")
    analyst.choose("Client", OAK)
    analyst.sees("the project", lambda: "oak-grove" in by(analyst.rows("Project"), "Project"))
    analyst.select("Project", "oak-grove")
    sentence = analyst.page.get_by_text("expected jobs are done.")
    expect(sentence).to_be_visible()
    settle(analyst.page)
    told = re.search(
        r"([\d,]+) of ([\d,]+) expected jobs are done\. In the last 7 days, ([\d.,]+) jobs a day "
        r"were done\. At this pace, all are done on (\d+ \w+ \d+), (\d+) days? after the due date",
        sentence.inner_text(),
    )
    project = api.ask("/projects/oak-grove", client_id=OAK)
    done = [
        job
        for job in api.jobs(client_id=OAK, project_id="oak-grove")
        if job["result"] in ("succeeded", "partial")
    ]
    now, since = datetime.now(UTC), midnight(6)
    pace = sum(datetime.fromisoformat(job["ended_at"]) >= since for job in done) / (
        (now - since) / DAY
    )
    end = now + (project["jobs_expected"] - len(done)) / pace * DAY

    assert told is not None, sentence.inner_text()
    assert project["jobs_done"] == len(done)
    assert (number(told[1]), number(told[2])) == (len(done), analyst_events.EXPECTED_JOBS)
    assert number(told[3]) == pytest.approx(pace, abs=0.2)  # it falls with every minute
    shown = datetime.strptime(told[4], "%d %b %Y").replace(tzinfo=HOME)
    assert abs(shown.date() - end.astimezone(HOME).date()) <= DAY
    late = end - datetime.fromisoformat(project["due_at"])
    assert abs(int(told[5]) - late / DAY) <= 1
    assert number(analyst.rows("Done in all")[-1]["Done in all"]) == len(done)
    assert analyst.clicks <= 4


def test_a_job_by_link_and_back_to_the_list(analyst: Analyst, api: Api) -> None:
    """Who: an analyst among failed jobs. Wants: one of them, its link, and the list as it was.

    Six clicks: Jobs, client (2), Failed (2), the row; then one press of Back.
    """
    job = api.ask("/jobs/oak-key-1")
    analyst.go("Jobs")
    analyst.choose("Client", OAK)
    analyst.choose("Result", "Failed")
    analyst.sees("failures", lambda: {one["Outcome"] for one in jobs_of(analyst)} == {"Failed"})
    before, address = jobs_of(analyst), analyst.page.url
    analyst.select("Job", "oak-key-1")
    expect(analyst.page.get_by_role("heading", name="oak-key-1")).to_be_visible()
    settle(analyst.page)
    assert analyst.clicks <= 6

    again = analyst.page.context.new_page()
    again.goto(analyst.page.url)
    expect(again.get_by_role("heading", name="oak-key-1")).to_be_visible()
    expect(again.get_by_text(job["error"]["message"], exact=True)).to_be_visible()
    again.close()

    analyst.page.go_back()
    expect(analyst.page).to_have_url(address)
    analyst.sees("the list as it was", lambda: jobs_of(analyst) == before)
    assert analyst.page.get_by_role("heading", name="oak-key-1").count() == 0


def jobs_of(analyst: Analyst) -> list[dict[str, str]]:
    """Return the rows of the list of jobs."""
    return analyst.rows("Job")


def test_two_clients_configurations(analyst: Analyst, api: Api) -> None:
    """Who: who sets clients up. Wants: in what two clients' configurations differ.

    Five clicks: Clients, the one (2), the other (2).
    """
    documents = [api.ask(f"/clients/{name}/config") for name in (NORTH, SOUTH)]
    values = [
        {one["name"]: one["value"] for one in document["parameters"]} for document in documents
    ]
    differing = {
        name: tuple(one.get(name) or "" for one in values)
        for name in {*values[0], *values[1]}
        if values[0].get(name) != values[1].get(name)
    }
    analyst.go("Clients")
    analyst.choose("Client", NORTH, 1)
    analyst.choose("Compare with", SOUTH)
    expect(analyst.page.get_by_text(f"2 parameters are secret for {NORTH}")).to_be_visible()
    settle(analyst.page)
    analyst.sees("both", lambda: SOUTH in analyst.rows("Parameter")[0])
    rows = by(analyst.rows("Parameter"), "Parameter")

    assert {name: (row[NORTH], row[SOUTH]) for name, row in rows.items()} == differing
    assert {row["Differs"] for row in rows.values()} == {"true"}
    assert analyst.clicks <= 5


def test_yesterdays_failures_by_end_in_a_fresh_session(
    analyst: Analyst, api: Api, browser: Browser, running: LocalStack
) -> None:
    """Who: who reports each morning. Wants: what failed yesterday, whenever begun, as a link.

    Nine clicks: Jobs, client (2), Yesterday (2), Ended (2), Failed (2).
    """
    within = {"ended_from": text(midnight(1)), "ended_to": text(midnight(0))}
    expected = api.jobs(client_id=OAK, result="failed", **within)
    assert {one["created_at"] < text(midnight(1)) for one in expected} == {True, False}

    analyst.go("Jobs")
    analyst.choose("Client", OAK)
    analyst.choose("Time", "Yesterday")
    analyst.choose("By", "Ended")
    analyst.choose("Result", "Failed")
    analyst.sees("failures", lambda: sorted(ids(jobs_of(analyst))) == sorted(ids(expected)))
    assert analyst.clicks <= 9

    link = urlsplit(analyst.page.url)
    fresh = a_tab(browser)
    sign_in(fresh, running.document, f"{link.path}?{link.query}")
    other = Analyst(fresh, analyst.url)
    other.sees("the same", lambda: jobs_of(other) == jobs_of(analyst))
    assert parse_qs(urlsplit(fresh.url).query) == parse_qs(link.query)
    fresh.context.close()
