"""Questions of a page to the API that aren't answered yet, and clocks that stand until they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

COUNT = """
{
  const { fetch } = window;
  window.underWay = 0;
  window.fetch = async (address, options) => {
    if (!new URL(address, document.baseURI).pathname.startsWith("/api/")) {
      return fetch(address, options);
    }
    window.underWay += 1;
    const end = () => { window.underWay -= 1; };
    try {
      const answer = await fetch(address, options);
      const { text } = answer;
      answer.text = () => text.call(answer).finally(end);
      return answer;
    } catch (error) {
      end();
      throw error;
    }
  };
}
"""
"""Count questions until the site has read their answers: by then its deadlines are over, too."""
DEADLINE_SECONDS = 20
"""So long the site waits for an answer."""
STOPS_AHEAD_SECONDS = 5
"""A page's clock can only be stopped in its future, and a busy machine takes a while to do it."""


def wait_until_answered(page: Page) -> None:
    """Wait until no question is under way, nor one that follows from an answer."""
    page.wait_for_function("() => window.underWay === 0")


def stop_clock(page: Page) -> None:
    """Stop the page's clock, which was installed before, and wait until nothing is under way."""
    page.clock.pause_at(page.evaluate("Date.now()") / 1_000 + STOPS_AHEAD_SECONDS)
    wait_until_answered(page)


@contextmanager
def stopped_clock(page: Page) -> Iterator[None]:
    """Stop the page's clock for a jump beyond the site's deadline.

    A question that is under way would take it to have waited so long for its answer.
    """
    stop_clock(page)
    yield
    page.clock.resume()
