"""The link of a digest's real mail: looked at, pressed by people and mail programs, and undone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect
from tests.support.site import site_seed
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger_ops import command
from run_ledger_ops.local.first_digests import ask_for_digests

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

SECONDS = 300
CLIENT, OTHER = "digest-ours", "digest-others"
LEAD, TEAM = f"lead@{CLIENT}.example", f"team@{CLIENT}.example"
SIZES = {"wide": (1280, 800), "phone": (390, 844)}


@pytest.fixture(scope="module")
def mails(
    running: LocalStack, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], EmailMessage]:
    """Give the digests of two clients, by client and address, as they lie in the outbox."""
    an_hour_ago = f"{datetime.now(UTC) - timedelta(hours=1):%H:%M} UTC"
    clients = [
        {
            "id": client_id,
            "name": client_id,
            "channels": {"ops": {"mail": [LEAD, TEAM]}},
            "digest": {"every": "daily", "at": an_hour_ago, "empty": True},
        }
        for client_id in (CLIENT, OTHER)
    ]
    folder = tmp_path_factory.mktemp("digests")
    site_seed.declare_clients(running, folder, {"clients": clients})
    ask_for_digests(running.client, "run-ledger-local-digester")
    wait_for("the digests", lambda: len(_digests(running)) == 4, SECONDS)
    return _digests(running)


def _digests(running: LocalStack) -> dict[tuple[str, str], EmailMessage]:
    found: dict[tuple[str, str], EmailMessage] = {}
    for path in (running.state / "outbox").glob("digest-*.eml"):
        mail: Any = message_from_bytes(path.read_bytes(), policy=policy.default)
        client_id = str(mail["Subject"]).partition(",")[0]
        if client_id in (CLIENT, OTHER):
            found[client_id, str(mail["To"])] = mail
    return found


def link_of(mail: EmailMessage) -> str:
    """Return the link that the header has."""
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    return str(mail["List-Unsubscribe"]).strip("<>")


def off(running: LocalStack, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str, str]]:
    """Return who is off, as `run-ledger digest list` says: client, address, by whom."""
    stack_file = str(running.state / "stack.json")
    capsys.readouterr()
    assert command.main(["digest", "list", "--json", "--stack", stack_file]) == 0
    return [
        (one["client_id"], each["address"], each["switched_off_by"])
        for one in json.loads(capsys.readouterr().out)["digests"]
        for each in one["addresses"]
        if each["switched_off_at"]
    ]


def switch_on(running: LocalStack, address: str) -> None:
    """Switch a digest on again, as an operator does."""
    words = ["digest", "on", "--client", CLIENT, "--address", address]
    assert command.main([*words, "--stack", str(running.state / "stack.json")]) == 0


def test_a_mail_program_presses_it(
    running: LocalStack,
    mails: dict[tuple[str, str], EmailMessage],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """As RFC 8058 says, by a form of either kind; looking at it before does nothing."""
    link = link_of(mails[CLIENT, LEAD])
    looked = requests.get(link, timeout=SECONDS)
    assert looked.status_code == 200
    assert off(running, capsys) == []
    for form in (
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
    ):
        pressed = requests.post(link, timeout=SECONDS, allow_redirects=False, **form)  # type: ignore[arg-type]
        assert pressed.status_code == 200, pressed.text
        assert off(running, capsys) == [(CLIENT, LEAD, "link")]
        switch_on(running, LEAD)
    assert off(running, capsys) == []


def test_what_nobody_got_does_nothing(
    running: LocalStack,
    mails: dict[tuple[str, str], EmailMessage],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """A changed link, none, another path and other methods; nothing leads elsewhere."""
    link = link_of(mails[CLIENT, LEAD])
    (secret,) = parse_qs(urlsplit(link).query)["link"]
    base = link.partition("?")[0]
    changed = f"{base}?link={secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"
    for wrong in (base, changed, f"{base}?link=../../x", f"{base}?link=https://evil.example/"):
        answer = requests.post(wrong, timeout=SECONDS, allow_redirects=False)
        assert answer.status_code == 404, wrong
        assert "Location" not in answer.headers
    for method in ("PUT", "DELETE"):
        assert requests.request(method, link, timeout=SECONDS).status_code in {404, 405}
    assert requests.post(f"{base}/x", timeout=SECONDS).status_code == 404
    assert off(running, capsys) == []


@pytest.mark.parametrize(
    "look", [(size, scheme) for size in SIZES for scheme in ("light", "dark")], ids="-".join
)
def test_somebody_presses_it(
    running: LocalStack,
    mails: dict[tuple[str, str], EmailMessage],
    browser: Browser,
    capsys: pytest.CaptureFixture[str],
    look: tuple[str, Any],
) -> None:
    """On any screen, by day and by night: one button, and a word that it has worked."""
    size, scheme = look
    width, height = SIZES[size]
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    troubles: list[str] = []
    page = context.new_page()
    page.on("console", lambda line: troubles.append(line.text))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.goto(link_of(mails[CLIENT, TEAM]))
    expect(page.get_by_role("heading")).to_have_text("Stop these digests?")
    assert _is_readable(page)
    button = page.get_by_role("button", name="Stop these digests")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    button.press("Enter")
    expect(page.get_by_role("heading")).to_have_text("These digests are stopped")
    assert off(running, capsys) == [(CLIENT, TEAM, "link")]
    switch_on(running, TEAM)
    assert off(running, capsys) == []
    assert [one for one in troubles if "favicon" not in one and "404" not in one] == []
    context.close()


def _is_readable(page: Page) -> bool:
    """Return whether the style is applied, and nothing is wider than the screen."""
    found: bool = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth &&
            getComputedStyle(document.body).color !==
            getComputedStyle(document.body).backgroundColor &&
            getComputedStyle(document.body).maxWidth !== 'none'"""
    )
    return found
