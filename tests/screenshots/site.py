"""Every view of the site in every state: wide and phone, light and dark, on paper and others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, Route
from playwright.sync_api import Error as PlaywrightError
from tests.static_site.conftest import sign_in
from tests.static_site.every_view import EMPTY, VIEWS, open_view, wait_for_trouble
from tests.support.events.hostile import hostile_jobs, hostile_rest
from tests.support.site.fake_site_origin import FakeOrigin, running_origin

from .album import Album
from .example_day import fill

WIDE, PHONE = {"width": 1280, "height": 860}, {"width": 390, "height": 844}
KINDS: dict[str, dict[str, Any]] = {
    "wide-light": {"viewport": WIDE, "color_scheme": "light"},
    "phone-light": {"viewport": PHONE, "color_scheme": "light"},
    "wide-dark": {"viewport": WIDE, "color_scheme": "dark"},
    "phone-dark": {"viewport": PHONE, "color_scheme": "dark"},
}
"""In these, every view is taken in every state."""

SURROUNDINGS: dict[str, dict[str, Any]] = {
    "tablet": {"viewport": {"width": 768, "height": 1024}},
    "smallest": {"viewport": {"width": 320, "height": 640}},
    "smallest-dark": {"viewport": {"width": 320, "height": 640}, "color_scheme": "dark"},
    "wall": {"viewport": {"width": 3840, "height": 2160}},
    "forced-colours": {"viewport": WIDE, "forced_colors": "active", "color_scheme": "dark"},
    "print": {"viewport": {"width": 794, "height": 1123}},
}
"""In these, every view is taken as it is in use."""

MORE_VIEWS = {"job-failed": "#/jobs/enrich-399", "job-ended": "#/jobs/enrich-041-a"}
HOSTILE_VIEWS = ("overview", "jobs", "errors", "projects", "clients")


@dataclass
class Studio:
    """What pictures of one kind are taken with."""

    browser: Browser
    album: Album
    kind: str
    options: dict[str, Any]

    def wants(self, *names: str) -> bool:
        """Say whether any of these pictures is wanted."""
        return self.album.wants_any(f"site-{name}-{self.kind}" for name in names)

    def shoot(self, page: Page, name: str) -> None:
        """Take the page down to its end, but of a list of jobs what is in sight.

        Jobs out of sight are not drawn.
        """
        is_print = self.kind == "print"
        is_whole = is_print or not name.startswith("jobs")

        def take(path: Path) -> None:
            page.emulate_media(media="print" if is_print else "screen")
            page.screenshot(path=path, full_page=is_whole, animations="disabled")
            page.emulate_media(media="screen")

        self.album.add(f"site-{name}-{self.kind}", take)

    @contextmanager
    def tab(self) -> Iterator[tuple[Page, FakeOrigin]]:
        """Give a tab of a fresh profile, and an origin with nothing in it."""
        with running_origin() as origin:
            context = self.browser.new_context(
                locale="en-GB",
                timezone_id="Europe/Berlin",
                reduced_motion="reduce",
                is_mobile=self.kind.startswith("phone"),
                has_touch=self.kind.startswith("phone"),
                **self.options,
            )
            context.set_default_timeout(30_000)
            try:
                yield context.new_page(), origin
            finally:
                context.close()


def take_all(browser: Browser, album: Album) -> None:
    """Put a picture of everything into the album."""
    for kind, options in KINDS.items():
        studio = Studio(browser, album, kind, options)
        for take in (take_outside, take_empty, take_views, take_trouble, take_hostile):
            take(studio)
    for kind, options in SURROUNDINGS.items():
        take_views(Studio(browser, album, kind, options))


def take_outside(studio: Studio) -> None:
    """Take what somebody sees who is not signed in."""
    if not studio.wants("signed-out", "no-access", "unknown"):
        return
    with studio.tab() as (page, origin):
        page.goto(origin.site_url)
        page.get_by_role("button", name="Sign in").wait_for()
        studio.shoot(page, "signed-out")
        origin.api_status = 403
        sign_in(page, origin, "#/overview")
        page.get_by_role("heading", name="You have no access yet").wait_for()
        studio.shoot(page, "no-access")
    with studio.tab() as (page, origin):
        sign_in(page, origin, "#/nowhere")
        page.get_by_role("heading", name="There is no such").wait_for()
        studio.shoot(page, "unknown")


def take_empty(studio: Studio) -> None:
    """Take every view before anything was reported, and while it loads for the first time."""
    if not studio.wants(*(f"{name}-{state}" for name in VIEWS for state in ("empty", "loading"))):
        return
    with studio.tab() as (page, origin):
        sign_in(page, origin, "#/overview")
        for name in EMPTY:
            open_view(page, VIEWS[name])
            studio.shoot(page, f"{name}-empty")
        asked: list[Route] = []

        def never_answer(route: Route) -> None:
            asked.append(route)

        page.route(f"{origin.site_url}/api/**", never_answer)
        page.reload()
        for name, hash_ in VIEWS.items():
            page.goto(f"{origin.site_url}/{hash_}")
            page.locator(f".{name}-view[aria-busy]").wait_for()
            studio.shoot(page, f"{name}-loading")
        for route in asked:
            with suppress(PlaywrightError):  # those that were given up meanwhile
                route.abort()


def take_views(studio: Studio) -> None:
    """Take every view as it is in use."""
    views = VIEWS | MORE_VIEWS
    if not studio.wants(*views):
        return
    with studio.tab() as (page, origin):
        fill(origin)
        sign_in(page, origin, "#/overview")
        for name, hash_ in views.items():
            open_view(page, hash_)
            studio.shoot(page, name)


def take_trouble(studio: Studio) -> None:
    """Take the site while the API fails or the network is gone, with data and without."""
    if not studio.wants("overview-failing", "errors-failing", "jobs-offline"):
        return
    with studio.tab() as (page, origin):
        fill(origin)
        sign_in(page, origin, "#/jobs")
        open_view(page, VIEWS["jobs"])
        page.context.set_offline(offline=True)
        open_elsewhere_and_back(page, VIEWS["jobs"])
        studio.shoot(page, "jobs-offline")
        page.context.set_offline(offline=False)
        open_view(page, VIEWS["overview"])
        origin.api_status = 503
        open_elsewhere_and_back(page, VIEWS["overview"])
        studio.shoot(page, "overview-failing")
        page.goto(f"{origin.site_url}/{VIEWS['errors']}")
        page.reload()
        wait_for_trouble(page)
        studio.shoot(page, "errors-failing")


def open_elsewhere_and_back(page: Page, hash_: str) -> None:
    """Let a view ask at once, as it does when it is opened, and wait for its banner."""
    for target in ("#/clients", hash_):
        page.evaluate("hash => { location.hash = hash }", target)
    page.locator(".banner").locator("visible=true").wait_for()


def take_hostile(studio: Studio) -> None:
    """Take the site with hostile texts from producers."""
    names = [f"{name}-hostile" for name in (*HOSTILE_VIEWS, "job")]
    if not studio.wants(*names):
        return
    with studio.tab() as (page, origin):
        hostile_jobs(origin)
        hostile_rest(origin)
        sign_in(page, origin, "#/overview")
        for name in HOSTILE_VIEWS:
            open_view(page, VIEWS[name])
            studio.shoot(page, f"{name}-hostile")
        open_view(page, "#/jobs/job-3")
        studio.shoot(page, "job-hostile")
