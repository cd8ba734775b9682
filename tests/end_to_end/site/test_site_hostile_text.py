"""Hostile text and axe, on the running system: all that the contract lets through is only text."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlencode

import pytest
from playwright.sync_api import expect
from tests.support.site.accessibility import violations
from tests.support.site.site_events import HOSTILE, LOG_URLS, NORTH, TEXTS, hostile_id
from tests.support.site.site_seed import is_known
from tests.support.site.site_visit import IS_LIVE, Visit
from tests.support.stacks.local_stack import LocalStack

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

LISTS = {
    f"#/jobs?client_id={HOSTILE}": "[data-job-id]",
    f"#/errors?client_id={HOSTILE}": "main li",
    f"#/projects?client_id={HOSTILE}": "main li",
    "#/clients": "main li",
    "#/overview": "main li",
}
MORE = (
    f"#/costs?client_id={HOSTILE}&group_by=model",
    f"#/costs?client_id={HOSTILE}&group_by=project",
    f"#/compare?{urlencode({'one': hostile_id('job', 0), 'other': hostile_id('job', 3)})}",
    f"#/projects/{quote(hostile_id('project', 0), safe='')}?client_id={HOSTILE}",
    f"#/jobs?{urlencode({'q': TEXTS[0][:60], 'sort': 'cost'})}",
    "#/errors?new_since=<script>window.broken=1</script>",
    "#/costs?since=<script>window.broken=1</script>",
)
"""Where hostile text stands beside figures, and comes from the address."""
JOBS = [f"#/jobs/{hostile_id('job', number)}" for number in range(len(TEXTS))]
OF_NORTH = (
    "#/overview",
    "#/jobs",
    "#/jobs/north-running",
    "#/jobs/north-retried",
    "#/jobs/north-parent",
    "#/errors",
    "#/errors?new_since=2010-01-01",
    "#/projects",
    f"#/projects/catalogue?client_id={NORTH}",
    "#/costs?group_by=model",
    "#/compare?one=north-retried&other=north-failed",
    "#/clients",
    f"#/clients/{NORTH}",
)
SAMPLE = 200
"""So much of an error's message is kept as a sample, at least."""
PROTOCOLS = "[...document.links].map((link) => link.protocol)"


def is_harmless(visit: Visit) -> None:
    """Check that nothing sticks out, no link leads to a script, and no markup came of text."""
    assert visit.overflow() == [], visit.page.url
    assert {*visit.page.evaluate(PROTOCOLS)} <= {"http:", "https:"}
    assert (
        visit.page.locator("main script, main img, main iframe, [onload], [onerror]").count() == 0
    )


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_in_every_list(staff: Visit, width: int) -> None:
    """It is shown, breaks no layout and runs nothing."""
    staff.page.set_viewport_size({"width": width, "height": 800})
    for hash_, item in LISTS.items():
        staff.open(hash_)
        expect(staff.page.locator(item).first).to_be_visible()
        is_harmless(staff)
        if HOSTILE in hash_:
            shown = staff.page.evaluate("document.querySelector('main').textContent")
            missing = [ascii(text)[:40] for text in TEXTS if text[:SAMPLE] not in shown]
            assert missing == [], hash_


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_beside_figures_and_in_addresses(staff: Visit, width: int) -> None:
    """Names of models in the costs, two jobs side by side, a project, and what a link asks for."""
    staff.page.set_viewport_size({"width": width, "height": 800})
    for hash_ in MORE:
        staff.page.goto(f"{staff.site_url}/{hash_}")
        staff.page.wait_for_function(IS_LIVE)
        is_harmless(staff)
        shown = staff.page.get_by_role("main")
        if "group_by=model" in hash_:
            models = shown.get_by_role("rowheader").evaluate_all(
                "names => names.map(name => name.textContent)"
            )
            assert {TEXTS[0][:128], TEXTS[3][:128]} <= {*models}
        elif "compare" in hash_:
            heads = shown.get_by_role("columnheader").evaluate_all(
                "names => names.map(name => name.textContent)"
            )
            assert {*heads} == {TEXTS[0], TEXTS[3]}
        elif "since" in hash_:
            expect(shown).to_contain_text("<script>window.broken=1</script>")


@pytest.mark.parametrize("width", [320, 1280])
def test_hostile_text_is_text_on_every_page_of_one_thing(staff: Visit, width: int) -> None:
    """Jobs with all their parts and history unfolded, and the client with its configuration."""
    page = staff.page
    page.set_viewport_size({"width": width, "height": 800})
    for number, (hash_, text) in enumerate(zip(JOBS, TEXTS, strict=True)):
        staff.open(hash_)
        assert page.evaluate("document.querySelector('h1').textContent") == text
        expect(page.locator(".history__entry")).to_have_count(3)
        for summary in page.locator(".history__entry summary").all():
            summary.click()
        shown: str = page.evaluate("document.querySelector('main').textContent")
        assert shown.count(text) > 5  # name, stage, error, tags, history
        is_harmless(staff)
        leads_to_logs(staff, LOG_URLS[number % len(LOG_URLS)])
    staff.open(f"#/clients/{HOSTILE}")
    shown = page.evaluate("document.querySelector('main').textContent")
    assert [ascii(text)[:40] for text in TEXTS[:-1] if text not in shown] == []
    is_harmless(staff)


def leads_to_logs(visit: Visit, url: str) -> None:
    """Check that an address of logs is a link only if it hides nothing, and opens apart."""
    links = visit.page.get_by_role("link", name="Open the logs")
    if "@" in url:
        expect(links).to_have_count(0)
        expect(visit.page.get_by_text(url, exact=True).first).to_be_visible()
    else:
        expect(links).to_have_attribute("rel", "noopener noreferrer")
        href: Any = links.evaluate("link => [link.host, link.target]")
        assert href == ["evil.example", "_blank"]


def test_what_the_contract_keeps_out_is_nowhere(running: LocalStack) -> None:
    """Jobs whose events had an address of logs that is no https never came to be."""
    assert is_known(running, hostile_id("job", 0))
    for job_id in ("refused-0", "refused-1"):
        assert not is_known(running, job_id)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_view_with_real_data(
    north: Visit, staff: Visit, scheme: Any
) -> None:
    """No violation of WCAG 2.2 AA, neither with a day's work nor with hostile text."""
    found: list[str] = []
    hostile = [*LISTS, MORE[0], MORE[2], JOBS[0], JOBS[3], f"#/clients/{HOSTILE}"]
    for visit, hashes in ((north, OF_NORTH), (staff, hostile)):
        visit.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for hash_ in hashes:
            visit.open(hash_)
            found += violations(visit.page, f"{scheme} {hash_}")
        visit.page.emulate_media(color_scheme="light")
    assert found == []
