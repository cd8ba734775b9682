"""What somebody does on the site to get something done, step by step and counted."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect
from tests.support.site.site_visit import IS_LIVE, Visit


class Errand:
    """One task of a person, from the page that comes after signing in.

    A click, a choice from a menu and a text that is typed are a step each. What is looked for, is
    looked for in the order in which people read: by role, label or visible text.
    """

    def __init__(self, visit: Visit) -> None:
        """Begin on the overview, as after signing in."""
        self.visit = visit
        self.page: Page = visit.page
        self.steps = 0
        visit.open("#/overview")

    def go_to(self, place: str) -> None:
        """Click an entry of the navigation."""
        self.click(self.page.get_by_role("navigation").get_by_role("link", name=place, exact=True))
        expect(self.page.get_by_role("heading", level=1, name=place)).to_be_visible()

    def click(self, thing: Locator) -> None:
        """Click something, and wait until the page has its data."""
        thing.click()
        self._done()

    def choose(self, label: str, choice: str) -> None:
        """Choose from a menu."""
        self.page.get_by_label(label, exact=True).select_option(choice)
        self._done()

    def type(self, label: str, text: str) -> None:
        """Type a text, or a date, into a field."""
        field = self.page.get_by_label(label, exact=True)
        if field.get_attribute("type") == "date":
            field.fill(text)
        else:
            field.press_sequentially(text)
        self._done()

    def unfold_filters(self) -> None:
        """Show the filters that are folded away; they stay unfolded until the page is left."""
        if not self.page.get_by_label("Tag", exact=True).is_visible():
            self.click(self.page.get_by_text("More filters"))

    def _done(self) -> None:
        self.steps += 1
        self.page.wait_for_function(IS_LIVE)

    def card(self, title: str) -> Locator:
        """Find the part of a page that has this heading."""
        return self.page.get_by_role("region", name=title, exact=True)

    def sees_jobs(self, ids: list[str], most: int | None = None) -> None:
        """Wait until the list shows exactly these jobs, in this order; with *most*, so many."""
        self.page.wait_for_function(
            "([ids, most]) => JSON.stringify([...document.querySelectorAll('[data-job-id]')]"
            ".map(row => row.dataset.jobId).slice(0, most ?? Infinity)) === JSON.stringify(ids)",
            arg=[ids, most],
        )
