"""The line of the Trends page that says how far the figures are proved."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from dashboard_app.ui.proof_line import proof_words
from tests.dashboard_app.conftest import Open, person, words_of
from tests.support.app.dashboard_api import Api
from tests.support.recounts.proofs import keep_proof

NOW = datetime(2026, 11, 22, 15, 10, tzinfo=UTC)
ZONE = ZoneInfo("UTC")
GOOD = {
    "proved_to": "2026-11-22T14:00:00.000000Z",
    "rows_proved_to": "2026-11-22T00:00:00.000000Z",
    "judged": 18204,
    "differences": 0,
}


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({}, "Proved to 22 Nov 2026, 14:00 UTC: 0 differences in 18,204 jobs"),
        ({"differences": 1, "judged": 1}, "14:00 UTC: 1 difference in 1 job**"),
        (
            {"proved_to": "2026-11-22T08:00:00.000000Z"},
            "**Proved only to 22 Nov 2026, 08:00 UTC, 7 h behind: 0 differences",
        ),
        (
            {"rows_proved_to": "2026-11-20T00:00:00.000000Z"},
            "0 differences in 18,204 jobs; totals only to 20 Nov 2026, 00:00 UTC**",
        ),
        ({"rows_proved_to": None}, ":material/verified: Proved to 22 Nov 2026, 14:00 UTC"),
        ({"judged": 0}, "Nothing is proved yet: a job is proved an hour after its last event."),
        ({"judged": 0, "differences": 1}, "1 difference in 0 jobs**"),
        (
            {"judged": 0, "rows_proved_to": "2026-11-20T00:00:00.000000Z"},
            "0 differences in 0 jobs; totals only to",
        ),
        ({"differences": 999}, ": 999 differences in"),
        ({"differences": 1_000}, ": at least 1,000 differences in"),
        ({"proved_to": None}, "These figures are not proved yet."),
    ],
)
def test_what_the_line_says(members: dict[str, object], said: str) -> None:
    """Until when, in how many jobs; that it differs or is behind is said plainly."""
    assert said in proof_words({**GOOD, **members}, NOW, ZONE)


def test_the_page_tells_the_proof_of_what_one_may_see(api: Api, open_page: Open) -> None:
    """Staff are told of all clients; others of theirs."""
    assert "not proved yet" in words_of(open_page(api))
    keep_proof(api.house.client, api.house.now, {"acme": 41, "globex": 7})

    assert "0 differences in 48 jobs" in words_of(open_page(api))
    assert "0 differences in 41 jobs" in words_of(open_page(api, "trends", person("client-acme")))
