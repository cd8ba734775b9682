"""What was used, by client, project and model: the page says what a recount of its events says."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.support.events.builders import Envelope, job_update
from tests.support.readers.declared import declare
from tests.support.site.fake_site_origin import FakeOrigin
from tests.support.site.real_reader import serve

pytestmark = pytest.mark.browser

HERE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 18, 15, 30, tzinfo=HERE)
HOSTILE = "=<b>big</b>"
# Of each job: the days since, its client, its project, what it did, and what a model took.
WORK = (
    (0, "acme", "spring", {"records_ok": 50}, {"small": 400_000}),
    (2, "acme", "spring", {"records_ok": 30, "records_failed": 20}, {HOSTILE: 3_000_000}),
    (3, "acme", "autumn", {"records_ok": 10, "cost_microusd": 70_000}, {}),
    (4, "globex", "crm", {"records_ok": 100}, {"small": 900_000}),
    (5, "globex", "crm", {"llm_calls_unpriced": 2, "cost_microusd": 100_000}, {}),
    (8, "acme", "spring", {"records_ok": 10}, {"small": 1_000_000}),
    (9, "hooli", "only-before", {"records_ok": 5}, {HOSTILE: 200_000}),
    (40, "acme", "spring", {"records_ok": 5}, {"small": 5_000_000}),
)
Sums = dict[str, Counter[str]]


def event(number: int) -> Envelope:
    """Return a job's only event, just after midnight of its day here."""
    days, client_id, project_id, delta, models = WORK[number]
    by_model = {
        name: {"cost_microusd": cost, "llm_calls": 3, "input_tokens": cost // 10}
        for name, cost in models.items()
    }
    return job_update(
        job_id=f"job-{number}",
        client_id=client_id,
        project_id=project_id,
        event_id="1",
        status="completed",
        result="succeeded",
        occurred_at=(NOW.replace(hour=0, minute=5) - timedelta(days=days)).isoformat(),
        delta=delta,
        **({"delta_by_model": by_model} if by_model else {}),
    )


EVENTS = [event(number) for number in range(len(WORK))]


def open_costs(page: Page, origin: FakeOrigin, query: str, *groups: str) -> None:
    """Open the page as somebody of these groups, at that moment."""
    serve(origin, EVENTS, *groups, at=NOW)
    page.clock.set_system_time(NOW)
    sign_in(page, origin, f"#/costs{query}")


def recount(
    name_of: Callable[[tuple[Any, ...]], str], first: int, last: int, clients: set[str]
) -> Sums:
    """Return what was used from *first* to *last* days ago, by group."""
    sums: Sums = {}
    for work in WORK:
        days, client_id, _, delta, models = work
        if first <= days <= last and client_id in clients:
            mine = sums.setdefault(name_of(work), Counter())
            mine.update(delta)
            for cost in models.values():
                mine.update(cost_microusd=cost, input_tokens=cost // 10, llm_calls=3)
    return sums


def shown(page: Page) -> dict[str, list[str]]:
    """Return what the table shows: the figures of each row by its name, in its order."""
    rows: list[list[str]] = page.evaluate(
        """() => [...document.querySelectorAll('.costs tbody tr')].map((row) =>
        [...row.children].map((cell) => (cell.firstChild ?? cell).textContent))"""
    )
    return {name: figures for name, *figures in rows}


def money(sums: Counter[str], records: int | None = None) -> str:
    """Write a cost, or the cost per record, as the page does."""
    dollars = sums["cost_microusd"] / 1e6 / (1 if records is None else records)
    digits = 2 if dollars >= 0.1 or dollars == 0 else 4 if dollars >= 0.001 else 6
    return ("at least " if sums["llm_calls_unpriced"] else "") + f"${dollars:,.{digits}f}"


def expected(sums: Counter[str]) -> list[str]:
    """Return the figures of a row."""
    records = sums["records_ok"] + sums["records_failed"]
    per_record = money(sums, records) if records else "–"
    return [money(sums), f"{sums['input_tokens']:,}", f"{records:,}", per_record]


def total(sums: Sums) -> Counter[str]:
    """Add up all groups."""
    return sum(sums.values(), Counter())


@pytest.mark.parametrize("groups", [("staff",), ("client-acme",)])
@pytest.mark.parametrize(("by", "place"), [("client", 1), ("project", 2)])
def test_what_did_each_client_and_project_cost(
    page: Page, origin: FakeOrigin, groups: tuple[str, ...], by: str, place: int
) -> None:
    """In the last seven days, as a recount says; nobody learns of another client."""
    clients = {"acme", "globex", "hooli"} if groups == ("staff",) else {"acme"}
    sums = recount(lambda work: work[place], 0, 6, clients)
    before = recount(lambda work: work[place], 7, 13, clients)
    open_costs(page, origin, "", *groups)
    page.get_by_label("Group by").select_option(label=by.capitalize())
    names = sorted({*sums, *before}, key=lambda name: -sums.get(name, Counter())["cost_microusd"])
    expect(page.locator(".costs tbody th")).to_have_text([*names, "Total"])

    table = shown(page)
    assert list(table) == [*names, "Total"]
    for name in names:
        assert table[name] == expected(sums.get(name, Counter())), name
    assert table["Total"] == expected(total(sums))
    unseen = {"acme", "globex", "hooli", "crm", "only-before"} - clients - {*names}
    assert [word for word in unseen if word in page.content()] == []


def test_clients_have_their_names(page: Page, origin: FakeOrigin, tmp_path: Path) -> None:
    """The name of the clients' file leads a row, with the id below; without one, the id does."""
    house = serve(origin, EVENTS, at=NOW)
    declare(house.client, "globex", name=HOSTILE)
    page.clock.set_system_time(NOW)
    sign_in(page, origin, "#/costs")
    expect(page.locator(".costs tbody th")).to_have_text(
        ["acme", f"{HOSTILE}globex", "hooli", "Total"]
    )
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    download.value.save_as(tmp_path / "costs.csv")
    rows = csv.DictReader(io.StringIO((tmp_path / "costs.csv").read_text("utf-8-sig")))
    assert [(row["client"], row["name"]) for row in rows] == [
        ("acme", "acme"),
        ("globex", f"'{HOSTILE}"),
        ("hooli", "hooli"),
    ]

    page.get_by_role("link", name=HOSTILE).click()
    expect(page).to_have_url(f"{origin.site_url}/#/clients/globex")


def test_without_the_clients_list_ids_stand_there(page: Page, origin: FakeOrigin) -> None:
    """Figures neither wait for names nor go without them."""
    serve(origin, EVENTS, at=NOW)
    answer = origin.answer_api

    def unable(path: str, query: dict[str, str], authorization: str) -> tuple[int, Any]:
        if path == "/clients":
            return 503, {"error": {"code": "unavailable", "message": "Try again."}}
        return answer(path, query, authorization)

    origin.answer_api = unable  # type: ignore[method-assign]
    page.clock.set_system_time(NOW)
    sign_in(page, origin, "#/costs")
    expect(page.locator(".costs tbody th")).to_have_text(["acme", "globex", "hooli", "Total"])
    expect(page.locator(".banner:visible")).to_have_count(0)


def test_how_much_more_than_before(page: Page, origin: FakeOrigin) -> None:
    """A change stands where both costs are known; a lower bound is not compared."""
    open_costs(page, origin, "")
    change = page.locator(".costs tr", has_text="acme").locator("td .figures__note").first
    expect(change).to_have_text("+247%")  # 3.47 after 1.00
    whole = page.locator(".costs__total td .figures__note").first
    expect(whole).to_have_text("$1.20 before")
    expect(page.get_by_text("The cost of 2 model calls is not known.")).to_be_visible()

    page.goto(f"{origin.site_url}/#/costs?client_id=acme&period=30d")
    expect(page.locator(".costs__total td .figures__note").first).to_have_text(
        "−10.6%"
    )  # 4.47, 5.00
    expect(page.get_by_text("is not known")).to_be_hidden()


def test_what_did_each_model_cost(page: Page, origin: FakeOrigin) -> None:
    """Models, hostile names as text, and what was not told by model add up to the total."""
    open_costs(page, origin, "?group_by=model")
    expect(page.locator(".costs tbody th").first).to_have_text(HOSTILE)
    assert shown(page) == {
        HOSTILE: ["$3.00", "300,000", "3"],
        "small": ["$1.30", "130,000", "6"],
        "Without a model": ["at least $0.17", "0", "0"],
        "Total": ["at least $4.47", "430,000", "9"],
    }


def test_today_and_this_month(page: Page, origin: FakeOrigin) -> None:
    """Each period has its own days, those of the reader's zone."""
    everybody = {"acme", "globex", "hooli"}
    open_costs(page, origin, "?period=today")
    for period, first, last in (
        ("today", (0, 0), (1, 1)),
        ("month", (0, 17), (31, 48)),
        ("30d", (0, 29), (30, 59)),
    ):
        page.get_by_label("Period").select_option(period)
        now, before = (
            total(recount(lambda work: work[1], *days, everybody)) for days in (first, last)
        )
        assert now["cost_microusd"] > 0
        expect(page.locator(".costs__total td").first).to_have_text(
            money(now) + ("none before" if not before else f"{money(before)} before")
        )


def test_a_table_of_costs_can_be_taken_away(page: Page, origin: FakeOrigin, tmp_path: Path) -> None:
    """As CSV: the same numbers, and names that no spreadsheet executes."""
    open_costs(page, origin, "?group_by=model")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download CSV").click()
    assert download.value.suggested_filename == "costs-by-model.csv"
    file = tmp_path / "costs.csv"
    download.value.save_as(file)
    content = file.read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))
    assert [row["model"] for row in rows] == [f"'{HOSTILE}", "small", "Without a model"]
    assert [float(row["cost_usd"]) for row in rows] == [3.0, 1.3, 0.17]
    assert [row["cost_is_lower_bound"] for row in rows] == ["false", "false", "true"]
    assert [float(row["previous_cost_usd"]) for row in rows] == [0.2, 1.0, 0.0]


def test_what_is_left_out_is_said(page: Page, origin: FakeOrigin) -> None:
    """Whom the table is without, and what is added up as one."""
    origin.costs = {
        "series": [{"key": {"client_id": "acme"}, "points": [{"counters": {"cost_microusd": 9}}]}],
        "other": {"key": {}, "points": [{"counters": {"cost_microusd": 5_000_000}}]},
        "left_out": {"count": 7, "clients": ["globex"], "projects": [], "after": "hooli"},
    }
    sign_in(page, origin, "#/costs")
    expect(
        page.get_by_text("Without globex and 6 more, and without all clients after hooli")
    ).to_be_visible()
    assert list(shown(page)) == ["acme", "All others", "Total"]
    assert shown(page)["Total"][0] == "$5.00"
