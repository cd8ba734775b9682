"""What a stakeholder asks of figures, on the running system's site, in the fewest clicks.

Costs, rates, files, two jobs side by side, exact times. Each test says who wants what, and within
how many steps; the right answer is a recount of the events, or the API's own answer.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from tests.support.events.builders import Envelope
from tests.support.readers.ledger_http import Stack, get
from tests.support.site import stakeholder_events as told
from tests.support.site.errand import Errand
from tests.support.site.site_visit import visiting
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

Job = dict[str, Any]
MICROUSD = 1_000_000
RECORDS = ("records_ok", "records_failed", "records_skipped")


def dollars(microusd: float) -> str:
    """Write money as the site does: with more digits the smaller it is."""
    value = Decimal(microusd) / MICROUSD
    digits = 2 if value >= Decimal("0.1") else 4 if value >= Decimal("0.001") else 6
    return f"${value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,}"


def midnight(day: date) -> datetime:
    """Return when a day of the reader begins."""
    return datetime.combine(day, time(), told.ZONE)


def used(
    stack: Stack, token: str, by: str, begin: datetime, end: datetime
) -> dict[str, Counter[str]]:
    """Ask the API what Alder used hour by hour, and add it up by group."""
    times = {"from": begin.astimezone(UTC).isoformat(), "to": end.astimezone(UTC).isoformat()}
    asked = {"client_id": told.ALDER, "group_by": by, "interval": "hour", **times}
    answer = get(stack, "/trends", token, **asked)
    answer.raise_for_status()
    document = answer.json()
    assert document["left_out"] is None
    sums: dict[str, Counter[str]] = {}
    for one in document["series"]:
        mine = sums.setdefault(next(iter(one["key"].values())), Counter())
        for point in one["points"]:
            mine.update(point["counters"])
    return sums


def test_what_this_month_cost_by_model(errand: Errand, events: list[Envelope]) -> None:
    """Somebody of Alder asks what this month cost, model by model: 3 steps."""
    errand.go_to("Cost")
    errand.choose("Group by", "Model")
    errand.choose("Period", "This month")
    first = midnight(told.today().date().replace(day=1))
    cost: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for detail in (one["detail"] for one in events):
        if datetime.fromisoformat(detail["occurred_at"]) >= first:
            for model, counters in detail.get("delta_by_model", {}).items():
                cost[model] += counters["cost_microusd"]
                calls[model] += counters["llm_calls"]
    rows = errand.card("Cost and tokens").get_by_role("row")
    for model in cost:
        row = rows.filter(has=errand.page.get_by_role("rowheader", name=model, exact=True))
        expect(row.get_by_role("cell").first).to_contain_text(dollars(cost[model]))
        expect(row.get_by_role("cell").last).to_contain_text(f"{calls[model]:,}")
    # a month may be too young for anything of it
    dearest = max(cost, key=lambda model: cost[model], default="Without a model")
    expect(errand.page.get_by_role("rowheader").first).to_have_text(dearest)
    assert errand.steps <= 3


def test_whose_error_rate_moved_most(
    browser: Browser, running: LocalStack, events: list[Envelope], token: str
) -> None:
    """Somebody of the staff asks which client's error rate moved most in a day: 1 step."""
    assert events
    clients = get(running.document, "/overview", token).json()["clients"]
    rates = {
        one["name"] or one["client_id"]: (one["error_rate"], one["previous"]["error_rate"])
        for one in clients
        if None not in (one["error_rate"], one["previous"]["error_rate"])
    }
    moved = {name: abs(now - before) for name, (now, before) in rates.items()}
    assert moved["Birch Toys"] == 1
    with visiting(browser, running.document["site_url"]) as visit:
        visit.sign_in(running.document["users"]["staff"])
        errand = Errand(visit)
        errand.choose("Order", "Error rate moved most")
        table = errand.card("By client")
        names = table.get_by_role("rowheader")
        expect(names).to_have_count(len(clients))
        shown = names.all_inner_texts()[: len(moved)]
        assert [moved[name] for name in shown] == sorted(moved.values(), reverse=True)
        birch = table.get_by_role("row").filter(has_text="Birch Toys")
        expect(birch.get_by_role("cell").nth(5)).to_have_text("0% was 100%")
        assert errand.steps <= 1


def test_a_file_of_what_is_on_screen(
    errand: Errand, stack: Stack, token: str, tmp_path: Path
) -> None:
    """Somebody of Alder takes the week's costs by project away as CSV: 3 steps.

    The file has the rows of the screen in their order, and the API's numbers to the last digit, of
    the week and of the one before.
    """
    errand.go_to("Cost")
    errand.choose("Group by", "Project")
    card = errand.card("Cost and tokens")
    file = tmp_path / "costs.csv"
    with errand.page.expect_download() as download:
        errand.click(card.get_by_role("button", name="Download CSV"))
    download.value.save_as(file)
    rows = list(csv.DictReader(io.StringIO(file.read_bytes().decode("utf-8-sig"))))
    week = midnight(told.today().date() - timedelta(days=6))
    now = used(stack, token, "project", week, datetime.now(UTC))
    earlier = midnight(told.today().date() - timedelta(days=13))
    same_time = datetime.now(told.ZONE).replace(tzinfo=None) - timedelta(days=7)
    before = used(stack, token, "project", earlier, same_time.replace(tzinfo=told.ZONE))
    *names, total = card.get_by_role("rowheader").all_inner_texts()
    assert total == "Total"
    assert [row["project"] for row in rows] == names
    assert {*names} == {*now, *before}
    for row in rows:
        for prefix, sums in (("", now), ("previous_", before)):
            mine = sums.get(row["project"], Counter())
            cost, records = mine["cost_microusd"], sum(mine[name] for name in RECORDS)
            assert float(row[f"{prefix}cost_usd"]) * MICROUSD == pytest.approx(cost, abs=1e-6)
            assert int(row[f"{prefix}records"]) == records
            assert int(row[f"{prefix}tokens"]) == mine["input_tokens"] + mine["output_tokens"]
            assert row[f"{prefix}llm_calls"] == str(mine["llm_calls"])
    assert sum(float(row["cost_usd"]) for row in rows) > 0
    assert errand.steps <= 3


def test_two_jobs_side_by_side(errand: Errand, jobs: list[Job]) -> None:
    """Somebody of Alder asks why one summary was dearer than another: 5 steps."""
    one, other = (
        next(job for job in jobs if job["job_id"] == name) for name in ("alder-one", "alder-other")
    )
    errand.go_to("Jobs")
    errand.type("Search", "alder-one")
    errand.sees_jobs(["alder-one"])
    errand.click(errand.page.get_by_role("link", name="alder-one", exact=True))
    errand.click(errand.page.get_by_role("link", name="Compare with another job"))
    errand.click(errand.page.get_by_role("link", name="alder-other", exact=True))
    counters = errand.card("Counters").get_by_role("row")
    for place, job in enumerate((one, other)):
        cost, records = job["counters"]["cost_microusd"], job["counters"]["records_ok"]
        each = f"{dollars(cost)} ({dollars(cost / records)} per record)"
        row = counters.filter(has_text="Cost")
        expect(row.get_by_role("cell").nth(place)).to_have_text(each)
        row = counters.filter(has_text="Records done")
        expect(row.get_by_role("cell").nth(place)).to_have_text(f"{records}")
        facts = errand.card("Job").get_by_role("row").filter(has_text="Outcome")
        expect(facts.get_by_role("cell").nth(place)).to_have_text(job["result"].capitalize())
    expect(counters.filter(has_text="Cost")).to_contain_text("differs")
    expect(errand.card("Stages of the present attempt")).to_contain_text("writing")
    assert errand.steps <= 5


def test_the_exact_second_by_touch(
    browser: Browser, running: LocalStack, person: dict[str, str], jobs: list[Job]
) -> None:
    """Somebody of Alder, on a phone, asks in which second a job ended: a tap.

    All of the exact time can be read, within the window.
    """
    (job,) = [one for one in jobs if one["job_id"] == "alder-overnight"]
    exact = f"{datetime.fromisoformat(job['ended_at']).astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    phone = {"has_touch": True, "is_mobile": True, "viewport": {"width": 320, "height": 640}}
    with visiting(browser, running.document["site_url"], **phone) as visit:
        visit.sign_in(person, f"#/jobs/{job['job_id']}")
        facts = visit.page.get_by_role("main").locator(".fact")
        ended = facts.filter(has_text="Ended").get_by_role("definition")
        shown = "element => getComputedStyle(element, '::after').content"
        assert exact not in ended.evaluate(shown)
        ended.tap()
        assert exact in ended.evaluate(shown)
        assert ended.evaluate("element => element.scrollWidth <= element.clientWidth")
        assert visit.overflow() == []
