"""Tasks of an analyst, from the page after signing in, in as few clicks as the app needs.

The right answers are those of the API's JSON, or of the events that were sent.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
from playwright.sync_api import Browser, expect
from tests.end_to_end.tasks.conftest import (
    DAY,
    HOUR,
    Api,
    Items,
    a_tab,
    ids,
    midnight,
    page_has,
    text,
)
from tests.screenshots.dashboard import settle, sign_in
from tests.support.app.analyst import Analyst, by, number
from tests.support.recounts.recount import recount_jobs
from tests.support.site import analyst_events
from tests.support.site.analyst_events import HOME, OAK
from tests.support.site.site_events import NORTH, SOUTH
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]


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
        name: tuple(one.get(name, "(not set)") or "(empty)" for one in values)
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
