"""The pages of the analysts' app: wide and narrow, light and dark, signed out, failing, in use."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from playwright.sync_api import Browser, Page
from tests.support.dashboard_data import projects, work
from tests.support.ledger_http import get, machine_token, put_events, until
from tests.support.local_stack import local_stack

MILLISECONDS = 90_000
PAGES = {
    "trends": "/?span=7d&by=Client",
    "jobs": "/jobs",
    "errors": "/errors",
    "projects": "/projects?standing=All",
    "clients": "/clients?one=acme&other=globex",
    "cost": "/cost",
}
WIDE, NARROW = (1360, 900), (390, 844)
_MOST_PIXELS = 5_000
_JOBS = 300


def sign_in(page: Page, stack: Mapping[str, Any], path: str, role: str = "staff") -> None:
    """Open a page of the app, sign in, and be back on it."""
    user = stack["users"][role]
    page.goto(stack["dashboard_url"].rstrip("/") + path)
    page.get_by_role("button", name="Sign in").click()
    page.locator("[name=username]").fill(user["email"])
    page.locator("[name=password]").fill(user["password"])
    page.locator("[type=submit]").first.click()
    page.get_by_text("sees ").first.wait_for(state="attached")


def settle(page: Page) -> None:
    """Wait until the page's script has run and its charts are drawn."""
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()
    page.locator("[data-testid=stSpinner]").first.wait_for(state="detached")
    page.wait_for_function("document.querySelectorAll('[data-stale=true]').length === 0")
    page.wait_for_function(
        "[...document.querySelectorAll('[data-testid=stVegaLiteChart]')]"
        ".every(chart => chart.querySelector('svg, canvas'))"
    )


def shoot_whole(page: Page, size: tuple[int, int], path: Path) -> None:
    """Take a picture of the page down to its end."""
    height = int(page.evaluate("document.querySelector('[data-testid=stMain]')?.scrollHeight ?? 0"))
    width = size[0]
    page.set_viewport_size({"width": width, "height": min(max(size[1], height), _MOST_PIXELS)})
    settle(page)
    page.screenshot(path=path)
    page.set_viewport_size({"width": width, "height": size[1]})


def take_all(browser: Browser, folder: Path) -> None:
    """Start a local stack, report a fortnight of work, and take all pictures into *folder*."""
    with TemporaryDirectory() as state, local_stack(Path(state), dashboard=True) as stack:
        now = datetime.now(UTC)
        reported = [*projects(now), *work(now, jobs=_JOBS, days=14, seed=5)]
        put_events(stack.document, stack.client("events"), reported)
        token = machine_token(stack.document)
        until("all jobs there", 300, lambda: _count(stack.document, token) == _JOBS + 3)
        shoot(browser, stack.document, folder)


def _count(stack: Mapping[str, Any], token: str) -> int:
    answer = get(stack, "/clients", token, limit=100)
    return sum(one["jobs"]["total"] for one in answer.json()["items"]) if answer.ok else 0


def shoot(browser: Browser, stack: Mapping[str, Any], folder: Path) -> list[Path]:
    """Take all pictures into *folder* and name them."""
    taken = []
    for scheme in ("light", "dark"):
        for kind, size in (("wide", WIDE), ("narrow", NARROW)):
            context = browser.new_context(
                color_scheme=scheme,  # type: ignore[arg-type]
                viewport={"width": size[0], "height": size[1]},
                locale="en-GB",
            )
            page = context.new_page()
            page.set_default_timeout(MILLISECONDS)
            if kind == "wide":
                page.goto(stack["dashboard_url"])
                page.get_by_role("button", name="Sign in").wait_for()
                taken.append(folder / f"dashboard-signed-out-{scheme}.png")
                page.screenshot(path=taken[-1])
            sign_in(page, stack, "/")
            for name, path in PAGES.items():
                page.goto(stack["dashboard_url"].rstrip("/") + path)
                page.get_by_role("heading", level=1).wait_for()
                settle(page)
                taken.append(folder / f"dashboard-{name}-{kind}-{scheme}.png")
                shoot_whole(page, size, taken[-1])
            context.close()
    return taken
