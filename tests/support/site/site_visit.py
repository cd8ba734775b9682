"""A person who looks at a running stack's site with a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Response,
)
from playwright.sync_api import TimeoutError as TookTooLong
from tests.support.site.browser import MILLISECONDS
from tests.support.site.under_way import COUNT, wait_until_answered

SECONDS = 240

WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`policy: ${event.violatedDirective}: ${event.blockedURI} ${event.sample}`);
});
"""
IS_LIVE = """() => !document.querySelector("main[aria-busy], main [aria-busy]")
  && document.querySelector("main .freshness[data-state=live]") !== null"""
A_TURN = (
    "() => new Promise((done) => { const {port1, port2} = new MessageChannel();"
    " port1.onmessage = done; port2.postMessage(null); })"
)


class Visit:
    """One tab, and what went wrong in it: errors, violated policies, scripts that ran."""

    def __init__(self, context: BrowserContext, site_url: str) -> None:
        """Open an empty tab."""
        self.context = context
        self.site_url = site_url.rstrip("/")
        self.page = context.new_page()
        self.answers: list[Response] = []
        self.expected: set[str] = set()
        """Parts of messages on the console that a test provokes."""
        self._troubles: list[str] = []
        self.page.on("pageerror", lambda error: self._troubles.append(f"error: {error}"))
        self.page.on("console", self._hear)
        self.page.on("dialog", lambda dialog: self._troubles.append(f"dialog: {dialog.message}"))
        self.page.on("response", self._note)

    def _hear(self, message: ConsoleMessage) -> None:
        # the sign-in pages of the local AWS have no icon, and it answers late on a busy machine
        isnt_ours = "favicon" in message.location["url"] or "504" in message.text
        if message.type in {"error", "warning"} and not isnt_ours:
            self._troubles.append(f"{message.type}: {message.text}")

    def _note(self, response: Response) -> None:
        if urlsplit(response.url).path.startswith("/api/"):
            self.answers.append(response)

    def troubles(self) -> list[str]:
        """Return what went wrong unexpectedly, and forget it."""
        found = [one for one in self._troubles if not any(part in one for part in self.expected)]
        if urlsplit(self.page.url).scheme != "about":
            ran = self.page.evaluate("'broken' in window || 'broken' in {}")
            found += ["a script ran"] if ran else []
        self._troubles.clear()
        self.expected.clear()
        return found

    def without_push(self) -> None:
        """Let the tab's sockets lead nowhere, so that it asks by itself every few seconds."""
        self.page.route_web_socket("**/push", lambda _: None)

    def sign_in(self, person: Mapping[str, str], hash_: str = "") -> None:
        """Open the site at a place and sign in; wait until the person is signed in."""
        self.begin_sign_in(person, hash_)
        self.page.get_by_role("button", name="Sign out").wait_for()

    def begin_sign_in(self, person: Mapping[str, str], hash_: str = "") -> None:
        """Open the site at a place and send the form of the sign-in pages."""
        self.page.goto(f"{self.site_url}/{hash_}")
        self.page.get_by_role("button", name="Sign in").click()
        self.fill_sign_in(person)

    def fill_sign_in(self, person: Mapping[str, str]) -> None:
        """Fill the form of the sign-in pages and send it."""
        self.page.locator("[name=username]").fill(person["email"])
        self.page.locator("[name=password]").fill(person["password"])
        self.page.locator("[type=submit]").first.click()

    def open(self, hash_: str) -> None:
        """Go to a place, and wait until its data is there."""
        self.page.evaluate("hash => { location.hash = hash }", hash_)
        self.wait_until_live(hash_)

    def wait_until_live(self, hash_: str) -> None:
        """Wait until the data of a place is there."""
        try:
            self.page.wait_for_function("hash => location.hash === hash", arg=hash_)
            self._take_turns()  # the site hears of a new address later, and shows the old place
            self.page.wait_for_function(IS_LIVE)
        except TookTooLong as error:
            raise AssertionError(f"{hash_} is not live: {self._seen()}") from error

    def field(self, label: str) -> Locator:
        """Find the field with a label; say what is there if it doesn't come."""
        field = self.page.get_by_label(label, exact=True)
        try:
            field.wait_for()
        except TookTooLong as error:
            raise AssertionError(f"there is no field {label}: {self._seen()}") from error
        return field

    def _seen(self) -> str:
        """Return where the tab is, what it shows, and the newest answers and troubles."""
        shown = self.page.locator("body").inner_text()
        answers = [f"{one.status} {one.url}" for one in self.answers[-8:]]
        return f"{self.page.url} shows {shown[:400]!r} after {answers} and {self._troubles}"

    def hurry(self) -> None:
        """Let the page ask now instead of at its next turn, as when a laptop wakes."""
        self.page.evaluate("window.dispatchEvent(new Event('online'))")

    def hurry_until(self, thing: Locator) -> None:
        """Let the page ask again and again, and show new jobs, until it shows something."""
        deadline = time.monotonic() + SECONDS
        news = self.page.get_by_role("button", name=re.compile("^Show .* new"))
        while not thing.is_visible():
            if news.is_visible():
                news.click()
            assert time.monotonic() < deadline, f"waited {SECONDS} s in vain for {thing}"
            self.polled()

    def polled(self) -> list[Response]:
        """Let the page ask once, and return the answers when it has used them."""
        self._let_answers_in()
        self.answers.clear()
        with self.page.expect_response("**/api/**"):
            self.hurry()
        self._let_answers_in()
        return [*self.answers]

    def _let_answers_in(self) -> None:
        wait_until_answered(self.page)
        self._take_turns()

    def _take_turns(self) -> None:
        for _ in range(5):
            self.page.evaluate(A_TURN)

    def job(self, job_id: str) -> Locator:
        """Find a job's row in the list."""
        return self.page.locator(f'[data-job-id="{job_id}"]')

    def job_ids(self) -> list[str]:
        """Give the jobs of the list, from top to bottom."""
        ids: list[str] = self.page.locator("[data-job-id]").evaluate_all(
            "rows => rows.map(row => row.dataset.jobId)"
        )
        return ids

    def overflow(self) -> list[int]:
        """Return by how many pixels the page is wider than its window."""
        wider: int = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        return [wider] if wider > 0 else []


@contextmanager
def visiting(browser: Browser, site_url: str, **options: Any) -> Iterator[Visit]:
    """Give a tab with a new profile; fail at the end if anything went wrong in it."""
    given = {"locale": "en-GB", "timezone_id": "Europe/Berlin", "reduced_motion": "reduce"}
    context = browser.new_context(**{**given, **options})
    context.set_default_timeout(MILLISECONDS)
    context.add_init_script(WATCH)
    context.add_init_script(COUNT)
    try:
        visit = Visit(context, site_url)
        yield visit
        assert visit.troubles() == []
    finally:
        context.close()
