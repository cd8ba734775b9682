"""The page of the API's description: all of it is there, and requests can be tried."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.static_site.conftest import sign_in
from tests.static_site.every_view import open_view
from tests.support.readers.example_jobs import make_job
from tests.support.site.accessibility import violations
from tests.support.site.fake_site_origin import DESCRIPTION, FakeOrigin

pytestmark = pytest.mark.browser

DOCUMENT = json.loads(DESCRIPTION.read_text("utf-8"))
HOSTILE = "</pre><img src=x onerror=alert(1)><script>alert(2)</script>\u202eevil"
SUMMARY = ".reference__operation > summary"


def opened(page: Page, path: str, method: str = "GET") -> None:
    """Unfold one path."""
    page.locator(SUMMARY, has=page.get_by_text(f"{method} {path}", exact=True)).click()


@pytest.fixture
def reference(page: Page, origin: FakeOrigin) -> Page:
    """Give the page, signed in."""
    sign_in(page, origin, "#/api")
    open_view(page, "#/api")
    return page


def test_every_path_is_there_with_its_parameters_and_answers(reference: Page) -> None:
    """Unfolded, each shows what the description says of it, and no more is asked for that."""
    for path, item in DOCUMENT["paths"].items():
        ((method, operation),) = item.items()
        opened(reference, path, method.upper())
        part = reference.locator(".reference__operation[open]")
        expect(part.locator(":scope > dl")).to_have_count(2)
        terms = part.locator(":scope > dl > dt > code").all_inner_texts()
        names = [one["name"] for one in operation["parameters"]]
        assert terms == [*names, *operation["responses"]], path
        examples = operation["responses"]["200"]["content"]["application/json"]
        assert part.get_by_text("Example: GET", exact=False).count() >= len(
            examples.get("examples", {})
        )
        # Only what changes nothing for sure can be sent from here.
        assert part.get_by_role("button", name="Send").count() == (method == "get"), path
        opened(reference, path, method.upper())  # folds it again


def test_schemas_unfold_as_deep_as_somebody_looks(reference: Page) -> None:
    """A member that is made of others shows these, and an example its JSON."""
    opened(reference, "/jobs")
    reference.get_by_text("Members of JobList").click()
    reference.get_by_text("Members of Job", exact=True).first.click()
    expect(reference.get_by_text("What the job is doing, in its own words").first).to_be_visible()
    reference.locator("summary", has_text="Example: GET /jobs?client_id").first.click()
    expect(reference.locator("pre").filter(has_text="next_cursor")).to_be_visible()
    assert violations(reference, "unfolded") == []


def test_a_request_is_sent_as_its_fields_say(reference: Page, origin: FakeOrigin) -> None:
    """Empty fields are left out; the answer is JSON, and takes as long as is said."""
    origin.jobs.append(make_job("enrich-041", client_id="acme"))
    opened(reference, "/jobs")
    form = reference.locator("details[open] form")
    form.get_by_label("client_id").fill(" acme ")
    form.get_by_label("status").select_option("running")
    form.get_by_role("button", name="Send").click()

    expect(form.get_by_role("status")).to_contain_text(
        "GET /jobs?client_id=acme&status=running was answered in"
    )
    assert json.loads(form.locator("pre").inner_text())["items"][0]["job_id"] == "enrich-041"
    assert ("/api/jobs?client_id=acme&status=running", 200) in origin.api_requests


def test_an_id_of_a_path_is_needed_and_stays_one_id(reference: Page, origin: FakeOrigin) -> None:
    """Without it nothing is sent; what it holds can't lead to another path."""
    opened(reference, "/jobs/{job_id}")
    form = reference.locator("details[open] form")
    send = form.get_by_role("button", name="Send")
    for wrong in ("", "..", "."):
        form.get_by_label("job_id (required)").fill(wrong)
        send.click()
        expect(form.get_by_role("status")).to_contain_text("job_id is missing: fill it in")
    assert not [path for path, _ in origin.api_requests if path.startswith("/api/jobs")]

    form.get_by_label("job_id (required)").fill("../clients?x=1#y")
    send.click()
    expect(form.get_by_role("status")).to_contain_text("no such thing")
    assert ("/api/jobs/..%2Fclients%3Fx%3D1%23y", 404) in origin.api_requests


def test_what_is_refused_is_told(reference: Page, origin: FakeOrigin) -> None:
    """A wrong parameter, what one may not see, and trouble; the page stays as it is."""
    origin.bad_parameter = "client_id"
    opened(reference, "/jobs")
    form = reference.locator("details[open] form")
    form.get_by_label("client_id").fill("x")
    send, said = form.get_by_role("button", name="Send"), form.get_by_role("status")
    send.click()
    expect(said).to_contain_text("client_id is not a known client")
    for status, words in ((403, "as the test wants it"), (503, "the API answered 503")):
        origin.api_status = status
        send.click()
        expect(said).to_contain_text(words)
    expect(form.get_by_label("client_id")).to_have_value("x")


def test_what_producers_sent_stays_text(reference: Page, origin: FakeOrigin) -> None:
    """Markup in an answer is shown as it is, within the page's security policy."""
    origin.jobs.append(make_job("hostile", name=HOSTILE))
    opened(reference, "/jobs")
    form = reference.locator("details[open] form")
    form.get_by_role("button", name="Send").click()
    expect(form.locator("pre")).to_contain_text("onerror=alert(1)")
    assert reference.locator("pre img, pre script, form img").count() == 0


def test_a_long_answer_is_cut_and_says_so(reference: Page, origin: FakeOrigin) -> None:
    """A page of the largest answers stays one that can be scrolled."""
    origin.jobs += [make_job(f"long-{n}", name="x" * 1_000) for n in range(50)]
    opened(reference, "/jobs")
    form = reference.locator("details[open] form")
    form.get_by_role("button", name="Send").click()
    expect(form.get_by_role("status")).to_contain_text("The first 50000 of")
    assert len(form.locator("pre").text_content() or "") == 50_000


def test_the_description_can_be_saved_with_its_address(
    reference: Page, origin: FakeOrigin, tmp_path: Path
) -> None:
    """Programs elsewhere find the API by it."""
    with reference.expect_download() as waiting:
        reference.get_by_role("button", name="Download openapi.json").click()
    saved = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(saved)
    document = json.loads(saved.read_text("utf-8"))
    assert saved.name == "openapi.json"
    assert document == {**DOCUMENT, "servers": [{"url": f"{origin.site_url}/api"}]}


def test_nobody_loads_it_who_does_not_open_it(page: Page, origin: FakeOrigin) -> None:
    """All other views are loaded beforehand; this one and its data when its link is followed."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    sign_in(page, origin, "#/overview")
    open_view(page, "#/overview")
    page.wait_for_load_state("networkidle")
    assert any("clients-view.js" in url for url in asked)
    assert not [url for url in asked if "reference" in url or "/views/api/" in url]
    assert not [path for path, _ in origin.api_requests if "openapi" in path]

    page.get_by_role("link", name="API", exact=True).click()
    expect(page.get_by_role("heading", name="API", exact=True)).to_be_visible()
    expect(page.get_by_text("GET /overview", exact=True)).to_be_visible()
