"""A failing pipeline, from its failure to its mails, on a phone, and to its end: all of it real.

The stack's own functions tell; mails come to a mail server of the tests, texts and webhooks to a
web server of theirs, and people act and look with their own logins.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, expect
from standardwebhooks import Webhook
from tests.support.events.builders import Envelope, job_update
from tests.support.readers import ledger_http
from tests.support.receivers.http_receiver import Got, Receiver, receiver
from tests.support.receivers.smtp_receiver import MailServer
from tests.support.site import site_seed
from tests.support.site.site_visit import Visit, visiting
from tests.support.stacks.local_stack import LocalStack, wait_for

from run_ledger.domain.api.access import ACT_SCOPE

pytestmark = [pytest.mark.local_stack, pytest.mark.browser]

SECONDS = 300
OURS, OTHERS = "told-ours", "told-others"
PHONE = {"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}
MISSING = {"type": "KeyError", "message": "no column <b>price</b>"}
KEY = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
TEAM = f"team@{OURS}.example"
Told = tuple[str, str | None]


class House:
    """Two clients, the one with channels and rules, and who may act on the incidents of each."""

    def __init__(
        self, running: LocalStack, mailed: MailServer, here: Receiver, folder: Path
    ) -> None:
        """Declare them, and invite one person for each."""
        self.running, self.mailed, self.here = running, mailed, here
        self.stack = running.document
        self.token = ledger_http.machine_token(self.stack)
        key = folder / "key"
        key.write_text(KEY)
        chat, hook = (f"{here.url}/{name}" for name in ("chat", "hook"))
        secret = folder / "chat"
        secret.write_text(chat)
        channels = {
            "ops": {"mail": TEAM},
            "chat": {"slack": f"file:{secret}"},
            "hook": {"webhook": hook, "signing_key": f"file:{key}"},
        }
        alerts = [
            {"what": "failed", "pipeline": "feed", "grace": "0s"},
            {"what": "failed", "grace": "30s"},
        ]
        ours = {"id": OURS, "name": "Ours", "channels": channels, "alerts": alerts}
        declared = {"clients": [ours, {"id": OTHERS, "name": "Others"}]}
        site_seed.declare_clients(running, folder, declared)
        self.people = {one: site_seed.invite_to(running, one, acts=True) for one in (OURS, OTHERS)}

    def report(self, *events: Envelope) -> None:
        """Put events on the bus at once."""
        site_seed.post(self.running, *events)

    def mails(self) -> list[tuple[str, str]]:
        """Return subject and text of all mails that came for the client, in the order they came."""
        ours = [one for one in [*self.mailed.got] if one.recipients == (TEAM,)]
        return [(str(one.mail["Subject"]), one.text) for one in ours]

    def texts(self) -> list[str]:
        """Return the texts that came to the chat, in the order in which they came."""
        return [one.document["text"] for one in self._got("chat")]

    def hooks(self, pipeline: str) -> list[dict[str, Any]]:
        """Return what webhooks told of a pipeline, each verified by the public library."""
        told = [Webhook(KEY).verify(one.body, dict(one.headers)) for one in self._got("hook")]
        return [one for one in told if one["data"]["pipeline"] == pipeline]

    def _got(self, name: str) -> list[Got]:
        return [one for one in [*self.here.got] if one.path.endswith(name)]

    def incidents(self, role: str | None = None, **query: str) -> list[dict[str, Any]]:
        """List incidents as a person of a client sees them, or a machine that sees all."""
        token = self.token if role is None else self.personal(role)
        return [*ledger_http.all_items(self.stack, "/incidents", token, **query)]

    def personal(self, role: str) -> str:
        """Return an access token with which a person may read and act."""
        stack = {**self.stack, "users": self.people}
        scope = f"openid email {self.stack['scope']} {ACT_SCOPE}"
        return ledger_http.personal_tokens(stack, role, scope)["access_token"]

    def act(self, role: str, incident_id: str, act: str, **more: Any) -> str:
        """Let a person act over HTTP on an incident of ours; return what the intake says."""
        detail = {"incident_id": incident_id, "client_id": OURS, "act": act, **more}
        answer = requests.post(
            f"{self.stack['intake_url']}/events",
            json={"events": [{"detail_type": "incident_update", "detail": detail}]},
            headers={"Authorization": f"Bearer {self.personal(role)}"},
            timeout=SECONDS,
        )
        assert answer.status_code in {202, 207}, answer.text
        (result,) = answer.json()["results"]
        return str(result["status"])


@pytest.fixture(scope="module")
def house(
    running: LocalStack, mailed: MailServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """Give the clients, with servers that take mails, and texts and webhooks."""
    with receiver() as here:
        yield House(running, mailed, here, tmp_path_factory.mktemp("told"))


def ended(job_id: str, pipeline: str, result: str, attempt: int = 1) -> Envelope:
    """Return the end of a job of ours, just now."""
    error = {"error": MISSING} if result == "failed" else {}
    return job_update(
        job_id=f"told-{job_id}",
        client_id=OURS,
        project_id="told",
        pipeline=pipeline,
        occurred_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        status="completed",
        result=result,
        attempt=attempt,
        **error,
    )


def short(told: list[dict[str, Any]]) -> list[Told]:
    """Return kind and reason of notices."""
    return [
        (
            one["type"].removeprefix("incident_"),
            one["data"]["reason"] or one["data"]["closed_because"],
        )
        for one in told
    ]


def wait(what: str, look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    wait_for(what, look, SECONDS)


def test_a_pipeline_fails_is_told_answered_and_heals(house: House, browser: Browser) -> None:
    """What a retry heals is silent; a failure is told once by each channel, and so is its end."""
    house.report(
        ended("silent", "healing", "failed"), ended("silent", "healing", "succeeded", attempt=2)
    )
    house.report(ended("1", "nightly", "failed"))
    wait("the webhook", lambda: bool(house.hooks("nightly")))
    wait("the mail and the text", lambda: bool(house.mails() and house.texts()))
    (opened,) = house.hooks("nightly")
    ((subject, text),) = house.mails()
    assert [subject] == house.texts() == [f"{OURS} / nightly fails"]
    for part in ("1 job", "told-1", f"{MISSING['type']}: {MISSING['message']}"):
        assert part in text
    assert opened["data"]["error"] == MISSING
    incident_id = opened["data"]["incident_id"]
    link = re.search(r"http://\S+", text)
    assert link is not None
    assert link[0] == f"{house.stack['site_url']}#/incidents/{incident_id}"

    with visiting(browser, house.stack["site_url"], **PHONE) as phone:
        follow(phone, link[0], house.people[OURS])
        expect(phone.page.get_by_text(f"{MISSING['type']}: {MISSING['message']}")).to_be_visible()
        assert phone.overflow() == []
        phone.page.get_by_label("Reason or note").fill("I look after it.")
        phone.page.get_by_role("button", name="Acknowledge").tap()
        phone.hurry_until(phone.page.get_by_text("Done: it is in the history."))
        by = f"Acknowledged by {house.people[OURS]['email']}"
        turn = phone.page.locator(".incident-turns").get_by_role("listitem").filter(has_text=by)
        expect(turn).to_contain_text("I look after it.")
        assert phone.overflow() == []
        house.report(ended("2", "nightly", "succeeded"))
        phone.hurry_until(phone.page.get_by_text("until a later job ran well."))

    wait("the end", lambda: len(house.hooks("nightly")) > 1 and len(house.texts()) > 1)
    wait("the mail of the end", lambda: len(house.mails()) > 1)
    over = f"Over: {OURS} / nightly runs well again"
    assert house.texts() == [subject, over]
    assert [subject for subject, _ in house.mails()] == house.texts()
    assert short(house.hooks("nightly")) == [("opened", None), ("closed", "healed")]
    assert house.hooks("healing") == []
    assert [one["pipeline"] for one in house.incidents(OURS)] == ["nightly"]


def follow(phone: Visit, link: str, person: dict[str, str]) -> None:
    """Follow a mail's link, and sign in."""
    hash_ = f"#{link.partition('#')[2]}"
    phone.sign_in(person, hash_)
    phone.wait_until_live(hash_)


def test_a_muted_error_that_grows_is_told_again(house: House) -> None:
    """Until twice as many jobs have failed nobody hears of it; then all do, and of its end."""

    def jobs() -> list[int]:
        found = [one for one in house.incidents(client_id=OURS) if one["pipeline"] == "feed"]
        return [one["jobs"] for one in found]

    def turns() -> list[str | None]:
        (one,) = [one for one in house.incidents(client_id=OURS) if one["pipeline"] == "feed"]
        answer = ledger_http.get(house.stack, f"/incidents/{one['incident_id']}", house.token)
        return [turn["because"] for turn in answer.json()["history"]] if answer.ok else []

    house.report(ended("a", "feed", "failed"), ended("b", "feed", "failed"))
    wait("two jobs", lambda: jobs() == [2])
    (incident_id,) = (
        one["incident_id"] for one in house.incidents(OURS) if one["pipeline"] == "feed"
    )
    mute = {"until_grows": True, "text": "The supplier is slow."}
    assert house.act(OURS, incident_id, "mute", **mute) == "accepted"
    wait("the mute", lambda: "muted" in turns())
    house.report(ended("c", "feed", "failed"))
    wait("three jobs", lambda: jobs() == [3])
    house.report(ended("d", "feed", "failed"))
    wait("the growth", lambda: len(house.hooks("feed")) > 1)
    house.report(ended("e", "feed", "succeeded"))
    wait("the end", lambda: len(house.hooks("feed")) > 2)
    assert short(house.hooks("feed")) == [
        ("opened", None),
        ("changed", "grew"),
        ("closed", "healed"),
    ]
    assert house.hooks("feed")[1]["data"]["jobs"] == 4


def test_nobody_sees_or_acts_on_what_is_anothers(house: House, browser: Browser) -> None:
    """Neither by its id nor in lists; an act is refused, and the history has none of it."""
    house.report(ended("x", "feed", "failed"))
    wait("an incident", lambda: bool(house.incidents(OURS, state="open")))
    (incident,) = house.incidents(OURS, state="open")
    incident_id = incident["incident_id"]
    token = house.personal(OTHERS)
    assert house.incidents(OTHERS) == house.incidents(OTHERS, client_id=OURS) == []
    hidden, absent = (
        ledger_http.get(house.stack, f"/incidents/{one}", token) for one in (incident_id, "0" * 32)
    )
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.text.replace(incident_id, "0" * 32) == absent.text
    for act in ("acknowledge", "resolve"):
        assert house.act(OTHERS, incident_id, act) == "rejected"
    with visiting(browser, house.stack["site_url"], **PHONE) as phone:
        phone.expected = {"404"}
        phone.sign_in(house.people[OTHERS], f"#/incidents/{incident_id}")
        expect(phone.page.get_by_role("heading", name="There is no such")).to_be_visible()
        expect(phone.page.get_by_role("button", name="Acknowledge")).to_have_count(0)
        assert OURS not in phone.page.content()
        phone.open("#/incidents")
        expect(phone.page.get_by_role("heading", name="Incidents", exact=True)).to_be_visible()
        assert OURS not in phone.page.content()
    assert house.act(OURS, incident_id, "resolve") == "accepted"
    wait("its end", lambda: not house.incidents(OURS, state="open"))
    known = ledger_http.get(house.stack, f"/incidents/{incident_id}", house.token).json()
    assert (known["closed_because"], len(known["history"])) == ("resolved", 2)
