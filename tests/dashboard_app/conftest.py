"""The analysts' app on the real reader, with made-up work in it, at a moment that stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from dashboard_app import clock
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash
from tests.support.app.dashboard_api import Api, serving, token
from tests.support.app.dashboard_data import fill
from tests.support.recounts.views import reading_house

from run_ledger.domain import instants

MAIN = Path(__file__).resolve().parents[2] / "dashboard_app" / "main.py"
NOW = datetime(2026, 11, 22, 15, 20, tzinfo=UTC)
Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _standing_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it be the same moment for the app as for the reader."""
    monkeypatch.setattr(clock, "now", lambda: NOW)


@pytest.fixture(scope="session")
def filled() -> Iterator[Api]:
    """Serve a ledger with two weeks of work."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    fill(house, NOW)
    with serving(house) as api:
        yield api


@pytest.fixture
def api(filled: Api) -> Iterator[Api]:
    """Give the filled ledger's API, with nothing noted and nothing failing."""
    filled.asked.clear()
    yield filled
    filled.status = None


@pytest.fixture
def empty_api() -> Iterator[Api]:
    """Serve a ledger that nothing was reported to."""
    house = reading_house([])
    house.now = instants.parse("2026-11-22T15:20:00Z")
    with serving(house) as api:
        yield api


def person(*groups: str, **claims: Any) -> dict[str, Any]:
    """Return what Streamlit says of somebody who is signed in."""
    return {
        "is_logged_in": True,
        "email": "somebody@acme.example",
        "tokens": {"access": token("u-1", *groups, **claims)},
    }


@pytest.fixture
def open_page() -> Open:
    """Give a way to open a page as somebody, with what an address holds."""

    def opened(
        api: Api,
        page: str = "trends",
        user: dict[str, Any] | None = None,
        **address: str | list[str],
    ) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=60)
        app.secrets["run_ledger"] = {
            "api_url": api.url,
            "event_bus": "bus",
            "site_url": "https://s",
        }
        app.user = person("staff") if user is None else user
        app.query_params.update(address)
        if page != "trends":
            # Before a first run `switch_page` knows pages by file names; ours have addresses.
            app._page_hash = calc_hash(page)
            app.query_params.update(address)
        return app.run()

    return opened


def words_of(app: AppTest) -> str:
    """Return everything that a page says in words."""
    kinds = (app.title, app.subheader, app.markdown, app.caption, app.info, app.warning, app.error)
    told = "\n".join(str(element.value) for kind in kinds for element in kind)
    return unescape(told.replace(":small[]", ""))  # as it is seen, but for the backslashes
