"""The day that analysts look at, the API that has the right answers, and an analyst's tab."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from tests.screenshots.dashboard import sign_in
from tests.support.app.analyst import Analyst
from tests.support.readers.ledger_http import all_items, get, machine_token, put_events, until
from tests.support.recounts.recount import recount_jobs
from tests.support.site import analyst_events
from tests.support.site.analyst_events import HOME, OAK, PINE
from tests.support.stacks.local_stack import LocalStack

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


def page_has(analyst: Analyst, words: str) -> bool:
    """Return whether some words stand on the page."""
    return analyst.page.get_by_text(words, exact=True).first.is_visible()
