"""An analyst in front of the app: clicks that are counted, tables as they are read, files."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, expect
from tests.screenshots.dashboard import settle
from tests.support.stacks.local_stack import wait_for

SECONDS = 120
_HEAD, _ROW, _MARK = 36, 33, 16
"""Pixels of a table's head and rows, and how far within its row the box to select it lies."""
_CELLS = "table => [...table.rows].map(row => [...row.cells].map(cell => cell.textContent))"


class Analyst:
    """Somebody who has signed in, with one tab."""

    def __init__(self, page: Page, url: str) -> None:
        """Sit down in front of a tab of the app."""
        self.page, self.url = page, url
        self.clicks = 0

    def land(self) -> None:
        """Come to the page that a person lands on after signing in."""
        self.page.goto(self.url)
        self._arrive("Trends")
        self.clicks = 0

    def go(self, name: str) -> None:
        """Click a page's name at the top."""
        self.click(self.page.get_by_role("link", name=name, exact=True).first)
        self._arrive(name)

    def _arrive(self, name: str) -> None:
        expect(self.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        settle(self.page)

    def click(self, thing: Locator) -> None:
        """Click something."""
        thing.click()
        self.clicks += 1

    def press(self, name: str) -> None:
        """Click one of some words side by side, such as a period's."""
        self.click(self.page.get_by_role("radio", name=name, exact=True))

    def choose(self, label: str, word: str, number: int = 0) -> None:
        """Open a list and click a word in it, and wait until the box says so.

        Typing narrows a list: of a long one, Streamlit draws only the part in sight.
        """
        box = self.page.get_by_role("combobox", name=label, exact=True).nth(number)
        box.scroll_into_view_if_needed()  # scrolling closes a list
        self.click(box)
        expect(self.page.get_by_role("option").first).to_be_visible()
        option = self.page.get_by_role("option", name=word, exact=True)
        if option.count() == 0:
            self.page.keyboard.type(word)
        self.click(option)
        expect(box).to_have_value(word)
        settle(self.page)

    def rows(self, column: str) -> list[dict[str, str]]:
        """Return the rows in sight of the first table with a column, by their titles."""
        head, *rows = self._table(column).locator("table[role=grid]").evaluate(_CELLS)
        return [dict(zip(head, row, strict=True)) for row in rows]

    def _table(self, column: str) -> Locator:
        title = self.page.locator("th", has_text=re.compile(f"^{re.escape(column)}$"))
        table = self.page.locator("[data-testid=stDataFrame]").filter(has=title).first
        # At once: a table that is about to be replaced never stands still.
        table.evaluate("table => table.scrollIntoView({ block: 'nearest' })")
        return table

    def sees(self, what: str, is_so: Callable[[], bool]) -> None:
        """Wait until something is on screen."""
        wait_for(what, is_so, SECONDS)
        settle(self.page)

    def select(self, column: str, value: str) -> None:
        """Select the first row that has a value in a column."""
        table = self._table(column)
        place = [row[column] for row in self.rows(column)].index(value)
        at = {"x": _MARK, "y": _HEAD + _ROW * place + _MARK}
        table.click(position=at)  # type: ignore[arg-type]
        self.clicks += 1

    def file(self, name: str, kind: str) -> Path:
        """Open an export, and take a file of it away."""
        opener = self.page.locator(f".st-key-export-{name}").get_by_role("button")
        if opener.get_attribute("aria-expanded") != "true":
            self.click(opener)
        button = self.page.get_by_test_id("stDownloadButton").filter(has_text=kind)
        with self.page.expect_download() as coming:
            self.click(button.get_by_role("button"))
        return Path(coming.value.path())

    def csv(self, name: str) -> list[dict[str, str]]:
        """Return the rows of the CSV file of an export."""
        text = self.file(name, "CSV").read_text("utf-8-sig")
        self.page.keyboard.press("Escape")
        return list(csv.DictReader(io.StringIO(text, newline="")))


def number(text: str) -> float:
    """Return the number that a table or sentence shows, such as $4.2000 or 1,234."""
    return float(re.sub(r"[^0-9.\-]", "", text))


def by(rows: list[dict[str, str]], column: str) -> dict[str, Any]:
    """Return rows by what they say in a column."""
    return {row[column]: row for row in rows}
