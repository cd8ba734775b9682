"""Staff's digest: one line for one thing, by however many rules people were told of it."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

import pytest
from tests.backend.digesting.test_digest_figures import figures_of
from tests.backend.read.test_incidents_of_staff import tell_staff
from tests.support.events.builders import job_update
from tests.support.readers.declared import declare
from tests.support.recounts.told_incidents import ended, tell
from tests.support.recounts.views import reading_house

from run_ledger.digesting.digest_inquiry import digest_answers
from run_ledger.domain.digests.digest_letters import digest_text, digest_words
from run_ledger.domain.digests.digest_rules import DigestPeriod
from run_ledger.domain.digests.told_once import told_once
from run_ledger.domain.instants import Instant, parse
from run_ledger.questions.asking import Refused
from run_ledger.read import failures, incidents

FAILED = {
    "status": "completed",
    "result": "failed",
    "occurred_at": "2026-11-22T10:00:00Z",
    "error": {"type": "Boom", "message": "it broke"},
}
DAY = DigestPeriod("daily", date(2026, 11, 22), date(2026, 11, 23), "UTC")


def one(incident_id: str, **more: Any) -> dict[str, Any]:
    """Return an incident as the API lists it: open since the hour that its id ends with."""
    return {
        "incident_id": incident_id,
        "client_id": "acme",
        "pipeline": "nightly",
        "project_id": None,
        "tag": None,
        "what": "failed",
        "fingerprint": "fp",
        "of_staff": incident_id.startswith("staff"),
        "opened_at": f"2026-11-22T0{incident_id[-1]}:00:00.000000Z",
        "closed_at": None,
        **more,
    }


@pytest.mark.parametrize(
    ("listed", "left"),
    [
        ([one("staff-1"), one("own-1")], ["own-1"]),
        ([one("own-1"), one("staff-1"), one("own-2", client_id="b")], ["own-1", "own-2"]),
        ([one("staff-1", project_id="p"), one("own-1")], ["own-1"]),
        ([one("staff-1"), one("own-1", project_id="p"), one("own-2", tag="a:b")], ["staff-1"]),
        ([one("staff-1", what="new_error"), one("own-1")], ["own-1"]),
        ([one("own-1", what="missed", fingerprint=None), one("staff-1", what="late")], None),
        ([one("own-1", project_id="p"), one("staff-1", project_id="q")], None),
        ([one("own-1", fingerprint="other"), one("staff-1")], None),
        ([one("own-1"), one("own-2", tag="a:b")], None),
        ([one("own-1", closed_at="2026-11-22T02:00:00.000000Z"), one("staff-3")], None),
        ([one("own-1", closed_at="2026-11-22T04:00:00.000000Z"), one("staff-3")], ["staff-3"]),
    ],
)
def test_what_two_rules_tell_is_told_once(
    listed: list[dict[str, Any]], left: list[str] | None
) -> None:
    """The one that is about more stays, or else the one that is still open, or the client's."""
    expected = [each["incident_id"] for each in listed] if left is None else left
    assert [each["incident_id"] for each in told_once(listed)] == expected
    assert {each["incident_id"] for each in told_once(listed[::-1])} == set(expected)


@pytest.mark.parametrize("client_id", ["*", "acme"])
def test_a_digest_comes_on_the_worst_day_too(
    client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more incidents than the API puts in order, the latest stand there."""
    monkeypatch.setattr(incidents, "MOST_SORTED", 20)
    here = reading_house([job_update(job_id="a", client_id="acme", event_id="1")])
    here.now = parse("2026-11-23T08:00:00Z")
    declare(here.client, "acme")
    for number in range(120):
        at = Instant(parse("2026-11-22T10:00:00Z") + number * 1_000_000)
        tell(here.client, at, [ended("acme", f"p-{number}", f"job-{number}", at)])
    found = figures_of(here, date(2026, 11, 22), "UTC", client_id=client_id).incidents
    assert (found.count, found.at_least) == (100, True)
    assert [each["pipeline"] for each in found.items] == [f"p-{119 - n}" for n in range(10)]


@pytest.mark.parametrize("client_id", ["*", "acme"])
def test_a_digest_comes_though_too_much_failed_in_too_many_ways(
    client_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more different errors than the API can count, it says so, and tells all else."""
    here = reading_house([job_update(job_id="a", client_id="acme", event_id="1", **FAILED)])
    here.now = parse("2026-11-23T08:00:00Z")
    monkeypatch.setattr(failures, "read_failures", lambda *_: ([], frozenset({"acme"})))
    figures = figures_of(here, date(2026, 11, 22), "UTC", client_id=client_id)
    assert figures.new_errors is None
    assert not figures.is_empty
    text = digest_text(digest_words(figures, DAY, "https://ledger.example/"))
    assert "too many different errors to say which are new" in text


@pytest.mark.parametrize("path", ["/errors", "/incidents"])
def test_no_digest_tells_what_could_only_not_be_asked_for(path: str) -> None:
    """Where the API has no time for an answer there is no digest yet: it is tried again."""

    def ask(asked: str, query: Any) -> Any:
        if asked == path:
            raise Refused("no answer in time")
        return {"from": "2026-11-22T00:00:00Z", "to": "2026-11-23T00:00:00Z"}

    with pytest.raises(Refused, match="no answer in time"):
        digest_answers(cast("Any", ask), "acme", DAY)


def test_staffs_digest_counts_no_failure_twice() -> None:
    """Of three things that are wrong, two are told by rules of the client and of staff."""
    here = reading_house([job_update(job_id="a", client_id="acme", event_id="1")])
    here.now = parse("2026-11-23T08:00:00Z")
    declare(here.client, "acme")
    at = parse("2026-11-22T10:00:00Z")
    for name in ("one", "two"):
        tell(here.client, at, [ended("acme", name, f"job-{name}", at)])
    for name in ("two", "three", "one"):
        tell_staff(here, "acme", name, f"job-{name}", at)
    of_staff = figures_of(here, date(2026, 11, 22), "UTC", client_id="*").incidents
    assert of_staff.count == 3
    assert {each["pipeline"]: each["of_staff"] for each in of_staff.items} == {
        "one": False,
        "two": False,
        "three": True,
    }
    assert figures_of(here, date(2026, 11, 22), "UTC", client_id="acme").incidents.count == 2
