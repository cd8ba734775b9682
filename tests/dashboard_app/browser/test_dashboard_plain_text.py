"""Text of others in the analysts' app, in a real browser: what is read is what was written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
import requests
from playwright.sync_api import Browser, Page
from tests.support.app import plain_text_page
from tests.support.app.plain_text_page import TEXTS
from tests.support.stacks.local_stack import LOOPBACK, ROOT, free_port, wait_for

pytestmark = pytest.mark.browser
MILLISECONDS = 120_000
# How often `show` has a text: each in all its elements.
SHOWN = 24
READ = """
box => {
  const boxes = '[data-testid=stMarkdownContainer], [data-testid=stCaptionContainer]';
  const texts = [...box.querySelectorAll(boxes)]
    .filter(one => !one.querySelector('[data-testid=stMarkdownContainer]'))
    .map(one => one.textContent);
  const made = 'a:not([data-testid]):not([aria-label]), img, em, del, code, .katex, blockquote,'
    + ' ol, p [data-testid=stIconMaterial], p span[style*="color"]';
  const found = [...box.querySelectorAll(`:is(${boxes}) :is(${made})`)].map(one => one.outerHTML);
  return [texts, found];
}
"""


def _is_there(port: int) -> bool:
    try:
        return requests.get(f"http://{LOOPBACK}:{port}/_stcore/health", timeout=5).ok
    except requests.ConnectionError:
        return False


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Give a tab that shows every text."""
    port = free_port()
    serve = ["-m", "streamlit", "run", plain_text_page.__file__, "--server.headless=true"]
    where = [f"--server.address={LOOPBACK}", f"--server.port={port}"]
    home = tmp_path_factory.mktemp("home")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": str(home)}
    quiet = ["--browser.gatherUsageStats=false", "--server.fileWatcherType=none"]
    with subprocess.Popen(
        [sys.executable, *serve, *where, *quiet],
        cwd=home,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            wait_for("the server", lambda: _is_there(port), 60)
            tab = browser.new_page()
            tab.goto(f"http://{LOOPBACK}:{port}/")
            tab.wait_for_selector("#all-shown", state="attached", timeout=MILLISECONDS)
            yield tab
            tab.close()
        finally:
            process.terminate()


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_shown_to_the_letter(page: Page, text: str) -> None:
    """Nothing is changed in it, left out or made of it, in messages, headings and labels."""
    box = page.locator(f".st-key-text-{TEXTS.index(text)}")

    def count() -> int:
        shown = "\n".join(box.evaluate(READ)[0]).replace("\u00a0", " ")
        return shown.count(text)

    # Streamlit loads what draws some elements a moment after the page says that it has all.
    wait_for(f"{SHOWN} times {text!r}", lambda: count() >= SHOWN, MILLISECONDS / 1000)
    assert count() == SHOWN
    assert box.evaluate(READ)[1] == []


def test_without_the_door_it_is_changed(page: Page) -> None:
    """The reading above sees what Streamlit makes of a text that did not come through the door."""
    texts, _ = page.locator(".st-key-without-the-door").evaluate(READ)

    assert texts == ["a → b — c ≥ d"]
