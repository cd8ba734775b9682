"""Every view of the site, and what it shows when it is full, empty or failing."""

from __future__ import annotations

from playwright.sync_api import Page

VIEWS = {
    "overview": "#/overview",
    "jobs": "#/jobs",
    "job": "#/jobs/enrich-041",
    "errors": "#/errors",
    "projects": "#/projects",
    "clients": "#/clients",
    "client": "#/clients/acme",
}
EMPTY = ("overview", "jobs", "errors", "projects", "clients")


def open_view(page: Page, hash_: str) -> None:
    """Open a view and wait until its data is there."""
    page.evaluate("hash => { location.hash = hash }", hash_)
    page.wait_for_function(
        "hash => location.hash === hash && !document.querySelector('[aria-busy]')"
        " && document.querySelector('.freshness[data-state=live]')",
        arg=hash_,
    )


def wait_for_trouble(page: Page) -> None:
    """Wait until the page says that the API can't be had."""
    page.get_by_role("button", name="Try now").wait_for()
