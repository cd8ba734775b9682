"""What an event may say of how its pipeline should run; what is wrong is named."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from tests.support.events.builders import PROJECT_ID, decoded, job_update

from run_ledger.domain import zones
from run_ledger.domain.contract.vocabulary import JobUpdate
from run_ledger.domain.exceptions import InvalidEvent

NIGHTLY = {"cron": "0 2 * * *", "timezone": "Europe/Berlin", "grace": "15m", "max_duration": "2h"}


@pytest.mark.parametrize(
    "expect",
    [
        {},
        NIGHTLY,
        {"every": "366d", "grace": "24h"},
        {"every": "60s"},
        {"max_duration": "1s"},
        {"project": PROJECT_ID},
        {"project": PROJECT_ID, "every": "6h"},
        {"cron": "0 2 * * *", "grace": "0s"},
        {"cron": None, "every": "6h"},
    ],
)
def test_it_is_taken(expect: dict[str, Any]) -> None:
    """The keys and values of the clients' file, and an empty one that takes back."""
    update = decoded(job_update(expect=expect)).update
    assert isinstance(update, JobUpdate)
    for name, value in expect.items():
        if value is not None:
            assert getattr(update.expect, name) == value


@pytest.mark.parametrize(
    ("expect", "field", "allowed"),
    [
        ({"cron": "61 2 * * *"}, "cron", "each with numbers in its range"),
        ({"cron": "nightly"}, "cron", "an object with cron"),
        ({"cron": "0 0 30 2 *"}, "cron", "asks for a run at some time"),
        ({"cron": 5}, "cron", "an object with cron"),
        ({"cron": "0 2 * * *", "every": "1h"}, "every", "it or cron, not both"),
        ({"cron": "0 2 * * *", "timezone": "Mars/Base"}, "timezone", "such as Europe/Berlin"),
        ({"cron": "0 2 * * *", "timezone": "../etc/x"}, "timezone", "an object with cron"),
        ({"cron": "0 2 * * *", "timezone": "localtime"}, "timezone", "time zone database"),
        ({"timezone": "UTC"}, "timezone", "only beside cron"),
        ({"every": "59s"}, "every", "from 1m to 366d"),
        ({"every": "367d"}, "every", "from 1m to 366d"),
        ({"every": "6 h"}, "every", "an object with cron"),
        ({"max_duration": "0s"}, "max_duration", "from 1s to 366d"),
        ({"max_duration": "1h", "grace": "1m"}, "grace", "only beside cron or every"),
        ({"every": "1h", "grace": "25h"}, "grace", "from 0s to 24h"),
        ({"project": "another", "every": "1h"}, "project", "the event's own project_id"),
    ],
)
def test_what_is_wrong_is_named(expect: dict[str, Any], field: str, allowed: str) -> None:
    """With its field and what is allowed, in one short line."""
    with pytest.raises(InvalidEvent) as caught:
        decoded(job_update(expect=expect))
    assert caught.value.field == f"detail.expect.{field}"
    assert allowed in caught.value.allowed
    assert len(str(caught.value)) <= 400


@pytest.mark.parametrize("expect", [{"crom": "0 2 * * *"}, {"pipeline": "nightly", "every": "1h"}])
def test_a_misspelt_member_is_refused(expect: dict[str, Any]) -> None:
    """What was left of it might take back what was meant to be said."""
    with pytest.raises(InvalidEvent) as caught:
        decoded(job_update(expect=expect))
    assert caught.value.field == "detail.expect"


def test_a_machine_without_zones_leaves_them_to_the_writer(monkeypatch: pytest.MonkeyPatch) -> None:
    """A producer's machine may not have the package that names them."""
    zones.zone.cache_clear()
    zones._names.cache_clear()
    monkeypatch.setitem(sys.modules, "tzdata", None)
    assert decoded(job_update(expect={"cron": "0 2 * * *", "timezone": "Mars/Base"}))
