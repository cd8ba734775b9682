"""An analyst with a real browser on the running system: in, narrowed, exported, compared, out."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.screenshots.dashboard import MILLISECONDS, settle, sign_in
from tests.support.events import builders
from tests.support.readers.ledger_http import get, machine_token, put_events, until
from tests.support.stacks.local_stack import LocalStack, local_stack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]
POLICY = "Content Security Policy"
COUNTS = ("created", "started", "ended", "succeeded", "failed", "timed_out", "records_ok")


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Start the whole system with the analysts' app, and let some jobs be reported."""
    with local_stack(tmp_path_factory.mktemp("analysts"), dashboard=True) as stack:
        put_events(stack.document, stack.client("events"), [*_work(datetime.now(UTC))])
        token = machine_token(stack.document)
        until("all jobs counted", 120, lambda: _ended(stack.document, token) == 40)
        yield stack


def _work(now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(40):
        begun = now - timedelta(minutes=30 * number + 20)
        about = {
            "job_id": f"analysed-{number}",
            "client_id": "acme" if number % 3 else "globex",
            "project_id": "analysis",
            "pipeline": "contacts",
        }
        failed = number % 7 == 0
        yield builders.job_update(
            **about, event_id="s", status="running", occurred_at=begun.isoformat()
        )
        yield builders.job_update(
            **about,
            event_id="e",
            status="completed",
            result="failed" if failed else "succeeded",
            occurred_at=(begun + timedelta(minutes=5)).isoformat(),
            delta={
                "records_ok": 10 + number,
                "cost_microusd": 1_000 * number,
                "llm_calls_unpriced": int(number == 1),
            },
            **({"error": {"type": "KeyError", "message": "price"}} if failed else {}),
        )


def _points(stack: Any, token: str, **asked: str) -> list[dict[str, Any]]:
    answer = get(stack, "/trends", token, interval="hour", **asked)
    answer.raise_for_status()
    series = answer.json()["series"]
    return list(series[0]["points"]) if series else []


def _ended(stack: Any, token: str) -> int:
    if not get(stack, "/trends", token).ok:  # a cold function on a busy machine
        return 0
    return sum(point["ended"] for point in _points(stack, token))


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a tab of a fresh profile, far from UTC."""
    context = browser.new_context(
        locale="en-GB", timezone_id="America/New_York", viewport={"width": 1360, "height": 1_000}
    )
    page = context.new_page()
    page.set_default_timeout(MILLISECONDS)
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if POLICY in line.text else None)
    yield page
    context.close()
    assert refused == []


def exported(page: Page) -> list[dict[str, str]]:
    """Return the rows of the CSV file behind the first chart."""
    page.get_by_role("button", name="Export").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").first.click()
    page.keyboard.press("Escape")
    text = Path(download.value.path()).read_text("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_an_analyst_signs_in_narrows_exports_and_leaves(
    system: LocalStack, page: Page, browser: Browser
) -> None:
    """The link's filters survive signing in, and what is exported is what the API says."""
    stack = system.document
    token = machine_token(stack)
    sign_in(page, stack, "/?span=24h&client=acme&previous=false")
    expect(page.get_by_role("heading", name="Trends")).to_be_visible(timeout=MILLISECONDS)
    settle(page)
    assert parse_qs(urlsplit(page.url).query)["client"] == ["acme"]

    rows = exported(page)
    first, last = rows[0]["at"], rows[-1]["at"]
    end = (datetime.fromisoformat(last) + timedelta(hours=1)).isoformat()
    points = _points(stack, token, **{"client_id": "acme", "from": first, "to": end})
    assert [row["at"] for row in rows] == [point["at"] for point in points]
    for row, point in zip(rows, points, strict=True):
        said = {**point, "records_ok": 0, **point["counters"]}
        assert {name: int(row[name]) for name in COUNTS} == {name: said[name] for name in COUNTS}

    chart = page.locator("[data-testid=stVegaLiteChart]").first
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.65, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.97, middle, steps=8)
    page.mouse.up()
    expect(page.get_by_text("Narrowed to")).to_be_visible(timeout=MILLISECONDS)
    settle(page)
    focus = parse_qs(urlsplit(page.url).query)["focus"][0].split("/")
    assert first < focus[1]
    shown = int(_metric(page, "Jobs ended"))
    start = focus[0][:13] + ":00:00Z"
    narrowed = _points(stack, token, **{"client_id": "acme", "from": start, "to": focus[1]})
    assert 0 < shown == sum(point["ended"] for point in narrowed)

    again = page.context.new_page()
    again.goto(page.url)
    expect(again.get_by_text("Narrowed to")).to_be_visible(timeout=MILLISECONDS)
    assert int(_metric(again, "Jobs ended")) == shown
    again.close()

    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=MILLISECONDS)
    assert page.url.startswith(stack["dashboard_url"])
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible(timeout=MILLISECONDS)


def test_a_lower_bound_is_never_cut(system: LocalStack, page: Page) -> None:
    """A cost with calls of unknown cost says "at least", in full at any width."""
    sign_in(page, system.document, "/?span=24h")
    page.goto(system.document["dashboard_url"].rstrip("/") + "/cost?span=24h")
    expect(page.get_by_text("at least").first).to_be_visible(timeout=MILLISECONDS)
    for width in (320, 768, 1360):
        page.set_viewport_size({"width": width, "height": 1_000})
        settle(page)
        cut = page.locator(
            "[data-testid=stMetricValue], [data-testid=stMetricValue] *"
        ).evaluate_all(
            "all => all.filter(one => one.scrollWidth > one.clientWidth + 1 && one.clientWidth)"
            ".map(one => one.innerText)"
        )

        assert cut == [], width


def _metric(page: Page, label: str) -> str:
    tile = page.locator("[data-testid=stMetric]").filter(has_text=label)
    return tile.locator("[data-testid=stMetricValue]").inner_text().replace(",", "").strip()


def test_the_app_keeps_its_secrets(system: LocalStack) -> None:
    """Its file is its owner's alone, and the app was told of no AWS account."""
    file = system.state / "dashboard" / "secrets.toml"

    assert file.stat().st_mode & 0o777 == 0o600
    assert system.document["secret_access_key"] not in file.read_text().split("aws_endpoint")[0]
