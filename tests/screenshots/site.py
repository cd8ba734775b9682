"""Every view of the site: wide and phone, light and dark, full, empty and failing."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page
from tests.static_site.conftest import sign_in
from tests.static_site.every_view import EMPTY, VIEWS, open_view, wait_for_trouble
from tests.support.fake_site_origin import FakeOrigin, running_origin

from .example_day import fill

SIZES = {"wide": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


def take_all(browser: Browser, folder: Path) -> None:
    """Put a picture of everything into the folder."""
    for scheme in ("light", "dark"):
        for size, viewport in SIZES.items():
            with running_origin() as origin:
                context = browser.new_context(
                    locale="en-GB",
                    timezone_id="Europe/Berlin",
                    viewport=viewport,
                    color_scheme=scheme,
                    reduced_motion="reduce",
                )
                context.set_default_timeout(30_000)
                try:
                    _take(context, origin, folder, f"{size}-{scheme}")
                finally:
                    context.close()


def _take(context: BrowserContext, origin: FakeOrigin, folder: Path, kind: str) -> None:
    page = context.new_page()
    page.goto(origin.site_url)
    page.get_by_role("button", name="Sign in").wait_for()
    _save(page, folder, f"site-signed-out-{kind}")
    sign_in(page, origin, "#/overview")
    for name in EMPTY:
        open_view(page, VIEWS[name])
        _save(page, folder, f"site-{name}-empty-{kind}")
    fill(origin)
    page.reload()
    for name, hash_ in VIEWS.items():
        open_view(page, hash_)
        _save(page, folder, f"site-{name}-{kind}")
    origin.api_status = 503
    for name in ("overview", "errors"):  # one that has data, one that has it no more
        page.goto(f"{origin.site_url}/{VIEWS[name]}")
        if name == "errors":
            page.reload()
        wait_for_trouble(page)
        _save(page, folder, f"site-{name}-failing-{kind}")


def _save(page: Page, folder: Path, name: str) -> None:
    """Take the whole page; rows out of sight are not drawn, so a list is cut at its window."""
    is_list = name.startswith("site-jobs-") and "empty" not in name
    path = folder / f"{name}.png"
    page.screenshot(path=path, full_page=not is_list, animations="disabled")
