"""The pages of the analysts' app in every size, light and dark, signed out, failing, in use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page
from tests.support.app.analysts_app import Provider, providing, running_app
from tests.support.app.dashboard_api import Api, serving
from tests.support.app.dashboard_data import fill, long_jobs
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

from .album import Album

MILLISECONDS = 90_000
PAGES = {
    "trends": "/?span=30d",
    "trends-by-client": "/?span=7d&by=Client",
    "jobs": "/jobs",
    "job": "/job?job=job-0007",
    "jobs-compared": "/job?job=long-1&with=long-2",
    "errors": "/errors",
    "incidents": "/incidents",
    "incident": "/incidents?incident=acme-open",
    "projects": "/projects?standing=All",
    "project": "/projects?opened=acme%2Facme-catalogue",
    "clients": "/clients?one=acme&other=globex",
    "cost": "/cost",
}
STATES = ("signed-out", "first-use", "forbidden", "failing")
SIZES = {"wide": (1360, 900), "phone": (390, 844), "smallest": (320, 640)}
SCHEMES = ("light", "dark")
_MOST_PIXELS = 7_000
_JOBS = 3_000


@dataclass
class Scenes:
    """What pictures are taken of: the app with work to show, and one with none."""

    browser: Browser
    album: Album
    full: str
    empty: str
    api: Api
    provider: Provider

    @contextmanager
    def tab(self, scheme: str, kind: str) -> Iterator[Page]:
        """Give a tab of a fresh profile."""
        width, height = SIZES[kind]
        context = self.browser.new_context(
            color_scheme=scheme,  # type: ignore[arg-type]
            viewport={"width": width, "height": height},
            locale="en-GB",
            timezone_id="Europe/Berlin",
            reduced_motion="reduce",
            is_mobile=kind != "wide",
            has_touch=kind != "wide",
        )
        page = context.new_page()
        page.set_default_timeout(MILLISECONDS)
        yield page
        context.close()

    def shoot(self, page: Page, name: str, scheme: str, kind: str) -> None:
        """Take a picture of the page down to its end."""
        self.album.add(
            f"dashboard-{name}-{kind}-{scheme}",
            lambda path: shoot_whole(page, SIZES[kind], path),
        )


def sign_in(page: Page, stack: Mapping[str, Any], path: str, role: str = "staff") -> None:
    """Open a page of the app of a local stack, sign in, and be back on it."""
    user = stack["users"][role]
    page.goto(stack["dashboard_url"].rstrip("/") + path)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=username]").fill(user["email"])
    page.locator("[name=password]").fill(user["password"])
    page.locator("[type=submit]").first.click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )


def settle(page: Page) -> None:
    """Wait until the page's script has run and its charts are drawn."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSpinner]").first.wait_for(state="detached")
    page.wait_for_function("() => document.querySelectorAll('[data-stale=true]').length === 0")
    page.wait_for_function(
        "() => [...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(chart => chart.querySelector('svg, canvas'))"
    )


def shoot_whole(page: Page, size: tuple[int, int], path: Path) -> None:
    """Take a picture of the page down to its end."""
    width, height = size
    whole = int(page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0"))
    page.set_viewport_size({"width": width, "height": min(max(height, whole), _MOST_PIXELS)})
    settle(page)
    page.wait_for_function("() => !document.querySelector('[data-testid=stSkeleton]')")
    page.screenshot(path=path, animations="disabled")
    page.set_viewport_size({"width": width, "height": height})


def take_all(browser: Browser, album: Album) -> None:
    """Put all pictures that are wanted into the album, of two made-up months."""
    with scenes(browser, album) as all_of_it:
        for scheme in SCHEMES:
            for kind in SIZES:
                if album.wants_any(f"dashboard-{name}-{kind}-{scheme}" for name in STATES):
                    take_states(all_of_it, scheme, kind)
                take_pages(all_of_it, scheme, kind)


@contextmanager
def scenes(browser: Browser, album: Album) -> Iterator[Scenes]:
    """Start the app twice: on a ledger with two months of work, and on an empty one."""
    now = datetime.now(UTC)
    houses = [reading_house([]), reading_house([])]
    for house in houses:
        house.now = instants.parse(now.isoformat())
    fill(houses[0], now, jobs=_JOBS, days=60)
    houses[0].post(*long_jobs(now))
    with (
        TemporaryDirectory() as logs,
        serving(houses[0]) as api,
        serving(houses[1]) as empty,
        providing() as provider,
        running_app(Path(logs), provider, api.url, demo=True) as full_url,
        running_app(Path(logs), provider, empty.url) as empty_url,
    ):
        yield Scenes(browser, album, full_url, empty_url, api, provider)


def take_pages(all_of_it: Scenes, scheme: str, kind: str) -> None:
    """Take every page, with work in it."""
    wants = all_of_it.album.wants
    wanted = [name for name in PAGES if wants(f"dashboard-{name}-{kind}-{scheme}")]
    if not wanted:
        return
    with all_of_it.tab(scheme, kind) as page:
        _enter(page, all_of_it.full)
        for name in wanted:
            path = PAGES[name]
            page.goto(all_of_it.full + path)
            page.get_by_role("heading", level=1).wait_for()
            settle(page)
            all_of_it.shoot(page, name, scheme, kind)


def take_states(all_of_it: Scenes, scheme: str, kind: str) -> None:
    """Take the pages without data: signed out, first use, refused, failing."""
    with all_of_it.tab(scheme, kind) as page:
        page.goto(all_of_it.full)
        page.get_by_role("button", name="Sign in").wait_for()
        all_of_it.shoot(page, "signed-out", scheme, kind)
    with all_of_it.tab(scheme, kind) as page:
        _enter(page, all_of_it.empty)
        page.get_by_text("Nothing has been reported yet").wait_for()
        all_of_it.shoot(page, "first-use", scheme, kind)
    with all_of_it.tab(scheme, kind) as page:
        all_of_it.provider.groups = ()
        _enter(page, all_of_it.full)
        all_of_it.provider.groups = ("staff",)
        page.get_by_text("You may not see this").wait_for()
        all_of_it.shoot(page, "forbidden", scheme, kind)
    with all_of_it.tab(scheme, kind) as page:
        all_of_it.api.status = 503
        _enter(page, all_of_it.full)
        page.get_by_text("The API does not answer").wait_for()
        all_of_it.api.status = None
        all_of_it.shoot(page, "failing", scheme, kind)


def _enter(page: Page, url: str) -> None:
    """Sign in at a provider that asks nothing."""
    page.goto(url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("button", name="Sign out", include_hidden=True).first.wait_for(
        state="attached"
    )
