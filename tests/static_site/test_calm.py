"""Nothing moves, asks or speaks without a reason."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page
from tests.static_site.conftest import ask_again, sign_in
from tests.static_site.every_view import (
    COSTS_SECONDS,
    VIEWS,
    WATCH_SHIFTS,
    fill_up,
    open_view,
    shift_of,
)
from tests.support.readers.example_jobs import ago, make_job
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

WATCH = """() => {
  window.moved = [];
  new MutationObserver((all) => window.moved.push(...all.map(({ type, target }) => {
    const element = target.nodeType === 1 ? target : target.parentElement;
    return `${type} in ${element.localName}.${element.className}: ${element.textContent}`;
  }))).observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
}"""
AGE = re.compile(
    r"^childList in [^:]+: ( · )?(Updated |Newest event |silent for |for )?"
    r"(just now|([0-9,]+ (s|min|h|d) ?)+( ago)?)$"
    r"|^childList in div\.time-drawing: "
)
"""The ages: how long a job has run, when something was heard of last, how old the data is."""
LISTEN = """() => {
  const live = document.querySelector("#live");
  window.said = [];
  new MutationObserver(() => window.said.push([Date.now(), live.textContent]))
    .observe(live, { childList: true, characterData: true, subtree: true });
}"""


def test_a_poll_without_news_changes_nothing_on_any_view(still: Page, origin: FakeOrigin) -> None:
    """Every answer is a 304 and the document stays as it is; ages alone follow their own clock.

    What is asked for up to an hour is another question in the next one.
    """
    for name, hash_ in VIEWS.items():
        open_view(still, hash_)
        still.locator("#zone button").wait_for()  # loaded after the first view
        still.clock.run_for(1000)  # by then the title has the name of what is shown, too
        if name == "costs":
            still.get_by_text("Acme Tools").first.wait_for()  # asked for apart from the figures
        after = COSTS_SECONDS if name in {"costs", "api"} else 0
        for _ in range(2):  # the second begins when all of the first has come to its end
            ask_again(still, after)
        still.evaluate(WATCH)
        asked = {path for path, _ in origin.api_requests}
        origin.api_requests.clear()

        for _ in range(2):
            ask_again(still, after)
        moved = still.evaluate("window.moved")
        assert {one for one in moved if after == 0 or not AGE.search(one)} == set(), name

        for _ in range(12):
            still.clock.run_for(1000)
        ask_again(still, after)
        moved = still.evaluate("window.moved")
        assert moved, name
        assert {one for one in moved if not AGE.search(one)} == set(), name
        assert {status for path, status in origin.api_requests if path in asked} == {304}, name


def test_what_is_announced_does_not_chatter(still: Page, origin: FakeOrigin) -> None:
    """However often the figures change, one sentence in 20 s is said, and the last is heard."""
    still.evaluate(LISTEN)
    totals = origin.overview["totals"]
    for failed in range(10, 40):
        origin.overview = {**origin.overview, "totals": {**totals, "failed": failed}}
        ask_again(still)
        ask_again(still)
        still.clock.run_for(2000)
    still.clock.run_for(20_000)

    said = still.evaluate("window.said")
    at = [each for each, _ in said]
    assert 3 <= len(said) <= 5
    assert all(later - earlier >= 20_000 for earlier, later in pairwise(at))
    assert said[-1][1].startswith("41 of ")


def test_what_was_said_before_is_said_again(still: Page, origin: FakeOrigin) -> None:
    """A second new job after the first has been looked at is news, though it is called alike."""
    open_view(still, "#/jobs")
    still.clock.run_for(21_000)
    still.evaluate(LISTEN)
    for number in range(2):
        origin.jobs.append(make_job(f"news-{number}", created_at=ago(seconds=0)))
        ask_again(still)
        still.get_by_role("button", name="Show 1 new job").click()
        still.clock.run_for(21_000)

    assert [text for _, text in still.evaluate("window.said")] == ["1 new job"] * 2


@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_nothing_jumps_on_any_view(page: Page, origin: FakeOrigin, size: tuple[int, int]) -> None:
    """From the skeleton to the data, to what is new and to one page more, no part moves away."""
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.add_init_script(WATCH_SHIFTS)
    fill_up(origin)
    sign_in(page, origin, "#/overview")

    # Below a thousandth nobody sees it: on a busy machine the age of the data may get a digit more.
    shifts = {name: round(shift_of(page, origin, hash_), 3) for name, hash_ in VIEWS.items()}
    assert shifts == dict.fromkeys(VIEWS, 0)
