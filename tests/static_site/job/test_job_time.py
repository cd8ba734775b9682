"""A job's page: where its time went, what it ran with, and two jobs side by side."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import let_pass, sign_in
from tests.support.readers.example_jobs import ago, make_completed, make_entry, make_job
from tests.support.site.accessibility import violations
from tests.support.site.fake_site_origin import FakeOrigin

pytestmark = pytest.mark.browser

ERROR = {"type": "RateLimit", "message": "429 from the model after 7 tries", "fingerprint": "f"}


def attempt(number: int, status: str, **fields: Any) -> dict[str, Any]:
    """Return an attempt of a job."""
    none = dict.fromkeys(("result", "started_at", "ended_at", "duration_seconds", "error"))
    return {**none, "attempt": number, "status": status, "first_ended_at": None, **fields}


def failed(number: int, begun: float, ended: float) -> dict[str, Any]:
    """Return an attempt that failed, by minutes ago."""
    return attempt(
        number,
        "completed",
        result="failed",
        error=ERROR,
        started_at=ago(minutes=begun),
        ended_at=ago(minutes=ended),
        duration_seconds=(begun - ended) * 60,
    )


def test_the_time_of_a_job_is_drawn_and_told_in_tables(page: Page, origin: FakeOrigin) -> None:
    """Attempts, stages and parts: as many bars as rows, and every part leads to its page."""
    running = attempt(2, "running", started_at=ago(minutes=30))
    origin.jobs = [
        make_job(
            "job-1",
            attempt=2,
            created_at=ago(minutes=60),
            started_at=ago(minutes=30),
            attempts=[failed(1, 60, 35), running],
        ),
        *(make_completed(f"part-{n}", "succeeded", parent_job_id="job-1") for n in range(3)),
        make_job("part-3", parent_job_id="job-1", status="queued", started_at=None),
    ]
    origin.entries["job-1"] = [
        make_entry("a", occurred_at=ago(minutes=60), detail={"stage": "read"}),
        make_entry("b", occurred_at=ago(minutes=50), detail={"stage": "write"}),
        make_entry("c", occurred_at=ago(minutes=30), attempt=2, detail={"stage": "read"}),
    ]
    sign_in(page, origin, "#/jobs/job-1")

    table = page.get_by_role("table", name="Attempts and stages")
    expect(table.get_by_role("rowheader")).to_have_text(
        [
            "Attempt 2Running",
            "Attempt 1FailedRateLimit: " + ERROR["message"],
            "readattempt 2",
            "writeattempt 1",
            "readattempt 1",
        ]
    )
    expect(table.get_by_role("row").nth(5)).to_contain_text("took 10 min")
    parts = page.get_by_role("table", name="Parts")
    expect(parts.get_by_role("rowheader")).to_have_count(4)
    drawing = page.get_by_role("img", name="2 attempts and 3 parts over 1 h")
    expect(drawing).to_be_visible()
    assert drawing.locator("[data-part]").count() == 3  # what is queued takes no time yet
    assert drawing.locator(".time-drawing__stage").count() == 3
    inside = "svg => [...svg.querySelectorAll('rect')].every(r => r.getBoundingClientRect().right"
    assert drawing.evaluate(f"{inside} <= svg.getBoundingClientRect().right + 2)")

    parts.get_by_role("link", name="part-1").click()
    expect(page.get_by_role("heading", name="part-1", level=1)).to_be_visible()


def test_the_rate_and_the_end_are_told_while_a_job_runs(page: Page, origin: FakeOrigin) -> None:
    """By the events of late; when it has ended, nothing is expected any more."""
    job = make_job("job-1", records_total=1_000, counters={"records_ok": 400})
    origin.jobs = [job]
    origin.entries["job-1"] = [
        make_entry("a", occurred_at=ago(minutes=11), detail={"delta": {"records_ok": 100}}),
        make_entry("b", occurred_at=ago(minutes=1), detail={"delta": {"records_ok": 300}}),
    ]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.get_by_text("About 30 records a minute; at this rate it ends at")).to_be_visible()

    job |= {"status": "completed", "result": "succeeded", "ended_at": ago(seconds=0)}
    job["last_seen_at"] = ago(seconds=0)
    let_pass(page)
    expect(page.get_by_text("records a minute")).to_be_hidden()


def test_a_message_stands_once_on_a_jobs_page(page: Page, origin: FakeOrigin) -> None:
    """Job, attempts and history fail alike: the message is told once, the type everywhere."""
    origin.jobs = [
        make_completed(
            "job-1",
            "failed",
            attempt=3,
            error=ERROR,
            attempts=[failed(n, 60 - 20 * n, 50 - 20 * n) for n in (1, 2, 3)],
        )
    ]
    end = {"status": "completed", "result": "failed", "error": ERROR}
    origin.entries["job-1"] = [make_entry(f"e{n}", attempt=n, detail=end) for n in (1, 2, 3)]
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.locator(".history__entry")).to_have_count(3)

    expect(page.get_by_text(ERROR["message"])).to_have_count(1)
    expect(page.get_by_text(ERROR["type"], exact=True)).to_have_count(7)


def test_an_attempts_other_message_is_told_with_it(page: Page, origin: FakeOrigin) -> None:
    """A retry that succeeded hides no reason of the attempt before."""
    ended = attempt(2, "completed", result="succeeded", started_at=ago(minutes=4))
    origin.jobs = [
        make_completed("job-1", "succeeded", attempt=2, attempts=[failed(1, 9, 5), ended])
    ]
    origin.entries["job-1"] = [
        make_entry("e1", detail={"status": "completed", "result": "failed", "error": ERROR})
    ]
    sign_in(page, origin, "#/jobs/job-1")

    table = page.get_by_role("table", name="Attempts and stages")
    expect(table.get_by_text(f"RateLimit: {ERROR['message']}")).to_be_visible()
    expect(page.get_by_text(ERROR["message"])).to_have_count(1)


def test_the_configuration_says_what_has_changed_since(page: Page, origin: FakeOrigin) -> None:
    """A value that is older than the job is the job's; of another one no past is made up."""
    origin.jobs = [make_completed("job-1", "succeeded", started_at=ago(hours=2))]
    named = {"description": None}
    origin.configs["acme"] = {
        "parameters": [
            {"name": "model", "value": "large", "updated_at": ago(hours=1), **named},
            {"name": "region", "value": "eu", "updated_at": ago(hours=3), **named},
        ],
        "secrets_omitted": 1,
    }
    sign_in(page, origin, "#/jobs/job-1")
    card = page.get_by_role("region", name="Configuration at the time")
    card.locator("summary").click()

    expect(card.get_by_text("it is large now, and what it was is not kept")).to_be_visible()
    expect(card.get_by_text("eu", exact=True)).to_be_visible()
    expect(card.get_by_text("1 secret is not shown.")).to_be_visible()


def test_two_jobs_stand_side_by_side(page: Page, origin: FakeOrigin) -> None:
    """Found from the job's page: counters for each record, stages, configuration, the error."""
    counters = {"records_ok": 90, "records_failed": 10, "input_tokens": 5_000}
    origin.jobs = [
        make_completed("job-1", "succeeded", counters={**counters, "cost_microusd": 2_000_000}),
        make_completed("job-2", "failed", counters=counters | {"records_ok": 40}, error=ERROR),
        make_completed("other", "failed", client_id="globex", pipeline="x"),
    ]
    for job_id, minutes in (("job-1", 8), ("job-2", 5)):
        origin.entries[job_id] = [
            make_entry("a", occurred_at=ago(minutes=9), detail={"stage": "read"}),
            make_entry("b", occurred_at=ago(minutes=minutes), detail={"stage": "write"}),
        ]
    parameter = {"name": "model", "value": "large", "updated_at": ago(days=3), "description": None}
    origin.configs["acme"] = {"parameters": [parameter], "secrets_omitted": 0}
    sign_in(page, origin, "#/jobs/job-1")
    page.get_by_role("link", name="Compare with another job").click()
    offer = page.get_by_role("region", name="Compare with a recent job of this pipeline")
    expect(offer.get_by_role("link")).to_have_text(["job-2"])
    offer.get_by_role("link", name="job-2").click()

    def cells(label: str) -> list[str]:
        one = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name=label))
        return one.get_by_role("cell").all_inner_texts()

    expect(page.get_by_role("rowheader", name="Outcome")).to_be_visible()
    assert cells("Outcome") == ["Succeeded", "Failed"]
    assert cells("Error") == ["–", f"RateLimit: {ERROR['message']}"]
    assert cells("Input tokens") == ["5,000 (50 per record)", "5,000 (100 per record)"]
    assert cells("Cost") == ["$2.00 ($0.0200 per record)", "–"]
    assert cells("read") == ["1 min", "4 min"]
    assert cells("model") == ["large", "large"]
    assert page.url.endswith("#/compare?one=job-1&other=job-2")
    differing = page.get_by_text("differs").filter(visible=True)
    assert differing.count() == 7  # outcome, error, three counters and both stages
    assert violations(page, "comparison") == []
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_two_jobs_of_one_name_are_told_apart(page: Page, origin: FakeOrigin) -> None:
    """By their ids; what is compared stands above both values where there is no room beside."""
    counters = {"records_ok": 10, "llm_calls": 20}
    origin.jobs = [
        make_completed(name, "succeeded", name="Nightly", counters=counters)
        for name in ("job-1", "job-2")
    ]
    page.set_viewport_size({"width": 320, "height": 700})
    sign_in(page, origin, "#/compare?one=job-1&other=job-2")
    table = page.get_by_role("table", name="Counters")
    expect(table.get_by_role("columnheader")).to_have_text(["Nightly (job-1)", "Nightly (job-2)"])
    row = table.get_by_role("row").filter(has_text="Model calls")
    expect(row.get_by_role("cell")).to_have_text(["20 (2 per record)"] * 2)
    label, value = row.get_by_role("rowheader").bounding_box(), row.get_by_role("cell").first
    below = value.bounding_box()
    assert label is not None
    assert below is not None
    assert label["y"] + label["height"] <= below["y"]
    assert violations(page, "comparison") == []


def test_parts_beyond_a_page_are_all_there(page: Page, origin: FakeOrigin) -> None:
    """Five hundred parts are drawn, and told as a table when somebody opens it."""
    origin.jobs = [
        make_job("job-1"),
        *(
            make_completed(
                f"part-{n:03}", "succeeded", parent_job_id="job-1", created_at=ago(hours=n)
            )
            for n in range(510)
        ),
    ]
    sign_in(page, origin, "#/jobs/job-1")
    parts = page.get_by_role("region", name="Parts of this job")
    expect(parts).to_contain_text("510 jobs, none failed")
    expect(page.locator("[data-part]")).to_have_count(510)
    expect(page.get_by_role("table", name="Parts")).to_be_hidden()

    parts.locator("summary").click()
    expect(page.get_by_role("table", name="Parts").get_by_role("rowheader")).to_have_count(510)


def test_details_that_cannot_be_fetched_are_fetched_again(page: Page, origin: FakeOrigin) -> None:
    """The summary stands without them."""
    origin.jobs = [make_job("job-1", records_total=10)]
    page.route("**/components/timeline/time-drawing.css", lambda route: route.abort())
    sign_in(page, origin, "#/jobs/job-1")
    expect(page.get_by_text("A part of this page could not be fetched.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_be_visible()

    page.unroute("**/components/timeline/time-drawing.css")
    let_pass(page)
    expect(page.get_by_role("region", name="History")).to_be_visible()
