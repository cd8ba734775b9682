"""How soon there is something to look at."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from tests.static_site.every_view import VIEWS, open_view

pytestmark = pytest.mark.browser


def test_every_view_has_its_data_after_one_round_trip(still: Page) -> None:
    """A reader who is signed in waits for one answer of the API, never for one after another.

    Where to sign in is known as soon as the scripts run, and asked for once. Whose configuration
    to compare is known when its job is there.
    """
    for name, hash_ in VIEWS.items():
        open_view(still, hash_)
        loaded: list[str] = []
        still.on("request", lambda request, into=loaded: into.append(request.url))

        still.reload()
        open_view(still, hash_)

        asked = still.evaluate("window.asked")
        rounds = {
            one["address"]: one["round"]
            for one in asked
            if "/api/" in one["address"] and not one["address"].endswith("/config")
        }
        assert rounds, name
        assert set(rounds.values()) == {1}, (name, rounds)
        files = [address.rpartition("/")[2] for address in loaded]
        assert files.count("config.json") == 1
        assert files.index("config.json") < files.index("main.js")
