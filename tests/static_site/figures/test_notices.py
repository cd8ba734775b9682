"""How notices come through, on the overview of staff alone, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from tests.screenshots.example_day import fill
from tests.static_site.conftest import sign_in
from tests.support.readers.example_jobs import ago
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

HOSTILE = '<img src=x onerror="alert(1)">'


def test_staff_see_what_did_not_come(page: Page, origin: FakeOrigin) -> None:
    """What fails first, with its reason as text, and when each channel worked last."""
    fill(origin)
    works = {"worked_at": ago(minutes=3), "failing_since": None, "off_at": None, "reason": None}
    fails = {"worked_at": None, "failing_since": ago(hours=1), "off_at": None, "reason": HOSTILE}
    origin.overview["notices"] = {
        "channels": [
            {"client_id": "*", "channel": "desk", **works},
            {"client_id": "acme", "channel": "hook", **fails},
        ],
        "waiting": 2,
        "oldest_waiting_at": ago(hours=1),
        "given_up": 0,
        "last_given_up_at": None,
    }
    sign_in(page, origin, "")
    card = page.get_by_role("region", name="Notices to people")
    expect(card).to_contain_text("1 of 2 channels does not work; 2 notices wait, the oldest since")
    lines = card.get_by_role("listitem")
    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_contain_text("acme / hook")
    expect(lines.nth(0)).to_contain_text(HOSTILE)
    expect(lines.nth(1)).to_contain_text("Staff / desk")
    expect(card.locator("img")).to_have_count(0)


def test_others_see_none_of_it(page: Page, origin: FakeOrigin) -> None:
    """The API gives them none, and the site loads nothing for it."""
    fill(origin)
    origin.overview["notices"] = None
    sign_in(page, origin, "")
    expect(page.get_by_role("region", name="Open incidents")).to_be_visible()
    expect(page.get_by_text("Notices to people")).to_have_count(0)
