"""Digests: once for each client, days and address, whatever happens to schedule and function."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from dashboard_app import words
from tests.support.dynamo.faults import Cut
from tests.support.events.builders import Envelope, job_update
from tests.support.receivers.digest_stage import OFF_URL, DigestStage
from tests.support.recounts.told_incidents import keep_incidents

from run_ledger.domain.delivery.channels import Channel
from run_ledger.domain.digests.digest_figures import DigestFigures, DigestList
from run_ledger.domain.digests.digest_letters import digest_words
from run_ledger.domain.digests.digest_rules import DigestRule, period_with
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.store.digests.digest_records import DigestReader, address_digest

DAILY = DigestRule("daily", "08:00 UTC")
OPS = Channel("ops", "mail", ("a@acme.example", "b@acme.example"))
DUE = "2026-11-23T08:00:00Z"


def work(client_id: str = "acme", at: str = "2026-11-22T12:00:00Z", **more: Any) -> Envelope:
    """Return the event of a job that failed."""
    return job_update(
        job_id=f"{client_id}-1",
        client_id=client_id,
        event_id=f"end at {at}",
        status="completed",
        result="failed",
        occurred_at=at,
        **more,
    )


class Tags(HTMLParser):
    """Notes the elements of a page, and where its links lead."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self.elements: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.add(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


def addresses(stage: DigestStage) -> list[str]:
    """Return who got mails, in order."""
    return sorted(one for _, _, recipients in stage.mails for one in recipients)


def test_each_address_gets_one_mail_of_its_own() -> None:
    """Though the schedule fires again and again, and two channels have the same address."""
    stage = DigestStage([work()], DUE)
    again = Channel("again", "mail", ("A@acme.example", "c@acme.example"))
    stage.declare("acme", DAILY, OPS, again, Channel("chat", "slack", address="arn:x"))
    assert stage.sweep() == {"acme": "sent"}
    assert stage.sweep() == {"acme": "known"}
    stage.wait(60)
    assert stage.sweep() == {"acme": "known"}
    stage.take()
    assert addresses(stage) == ["a@acme.example", "b@acme.example", "c@acme.example"]
    assert {len(recipients) for _, _, recipients in stage.mails} == {1}
    stage.wait(24 * 60 - 60)
    stage.here.post(work(at="2026-11-23T09:00:00Z", attempt=2))
    assert stage.sweep() == {"acme": "sent"}


def test_two_invocations_at_once_send_one_mail() -> None:
    """Both put the letters into the queue, before either has noted that."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    with suppress(Cut):
        # The last call notes it: the first invocation has not come so far.
        stage.sweep(lambda number: "before" if len(stage.bodies) == 2 else "")
    assert stage.sweep() == {"acme": "sent"}
    assert len(stage.bodies) == 4
    stage.take()
    assert addresses(stage) == ["a@acme.example", "b@acme.example"]


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_function_cut_off_between_any_two_calls_sends_once(where: str) -> None:
    """Each address gets one mail in the end, whichever call was the last one."""
    for last in range(1, 200):
        stage = DigestStage([work(), work("globex")], DUE)
        stage.declare("acme", DAILY, OPS)
        stage.declare("globex", DAILY, Channel("g", "mail", ("g@globex.example",)))
        is_cut = False
        try:
            stage.sweep(lambda number, last=last: where if number == last else "")
        except Cut:
            is_cut = True
        stage.take()
        stage.wait(5)
        stage.sweep()
        stage.wait(5)
        assert set(stage.sweep().values()) == {"known"}
        stage.take()
        assert addresses(stage) == ["a@acme.example", "b@acme.example", "g@globex.example"], last
        if not is_cut:
            assert last > 20
            return
    raise AssertionError("the sweep never came to its end")


def test_a_queue_that_refuses_is_asked_again() -> None:
    """Nothing is noted until it has taken all."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.refusals = 1
    with pytest.raises(StoreUnavailable):
        stage.sweep()
    assert stage.sweep() == {"acme": "sent"}


def test_empty_days_are_silent_unless_asked() -> None:
    """And stay so, whatever is reported later."""
    stage = DigestStage([work("globex")], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.declare("asking", DigestRule("daily", empty=True), OPS)
    assert stage.sweep() == {"acme": "empty", "asking": "sent"}
    stage.here.post(work())
    assert stage.sweep() == {"acme": "known", "asking": "known"}
    stage.take()
    (first, _) = stage.mails
    assert first[1].subject == "Asking, Sun 22 Nov: nothing ended"


def test_chosen_channels_and_switched_off_addresses() -> None:
    """A digest goes by the channels that it names, and not to who has switched it off."""
    stage = DigestStage([work()], DUE)
    rule = DigestRule("daily", to=("ops",))
    stage.declare("acme", rule, OPS, Channel("more", "mail", ("c@acme.example",)))
    off = DigestReader("acme", address_digest("A@ACME.example"))
    stage.sender().records.switch_off(off, stage.now, "operator")
    stage.sender().records.switch_off(
        DigestReader("globex", address_digest("b@acme.example")), stage.now, "link"
    )
    assert stage.sweep() == {"acme": "sent"}
    stage.take()
    assert addresses(stage) == ["b@acme.example"]
    stage.sender().records.switch_on(off)
    stage.wait(24 * 60)
    stage.here.post(work(at="2026-11-23T09:00:00Z", attempt=2))
    stage.sweep()
    stage.take()
    assert addresses(stage) == ["a@acme.example", "b@acme.example", "b@acme.example"]


def test_who_is_not_declared_any_more_gets_no_mail() -> None:
    """Though the letter lies in the queue already."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.sweep()
    stage.declare("acme", DAILY, Channel("ops", "mail", ("b@acme.example",)))
    stage.take()
    assert addresses(stage) == ["b@acme.example"]


def test_without_an_address_nobody_is_told() -> None:
    """That is noted, too, so that it is no failure again and again."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY)
    assert stage.sweep() == {"acme": "nobody"}
    assert stage.sweep() == {"acme": "known"}


HOSTILE = '<script>alert(1)</script>\r\nBcc: x@evil.example\u202e"&'


def test_hostile_names_are_text() -> None:
    """In the subject, in the text and in the HTML, whose elements are ours alone."""
    error = {"type": HOSTILE, "message": f"{HOSTILE}<img src=x onerror=y>", "fingerprint": HOSTILE}
    stage = DigestStage([work(error=error)], DUE)
    stage.declare("acme", DAILY, OPS, name=HOSTILE)
    stage.sweep()
    stage.take()
    letter = stage.mails[0][1]
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert "\u202e" not in letter.subject + letter.text + letter.html
    assert letter.subject.startswith("<script>alert(1)</script> Bcc: x@evil.example")
    assert "&lt;script&gt;" in letter.html
    tags = Tags()
    tags.feed(letter.html)
    assert tags.elements <= {
        *("html", "head", "meta", "title", "body", "h1", "h2", "p", "ul", "li", "a"),
    }
    *jobs, off = tags.links
    assert all(one.startswith("https://ledger.example/#/jobs?") for one in jobs)
    assert off.startswith(f"{OFF_URL}?link=")


def test_what_is_wrong_leads_to_its_incident() -> None:
    """Not to the jobs of the digest's days: it may have begun after them."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    keep_incidents(stage.here.client, "acme", stage.here.now)
    stage.sweep()
    stage.take()
    tags = Tags()
    tags.feed(stage.mails[0][1].html)
    assert "https://ledger.example/#/incidents/acme-open" in tags.links


def test_a_digest_says_the_words_of_site_and_app() -> None:
    """Records that went well are done, there and here."""
    stage = DigestStage([work(delta={"records_ok": 3})], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.sweep()
    stage.take()
    assert f"{words.COUNTERS['records_ok']}: 3 (" in stage.mails[0][1].text


def test_no_other_client_is_ever_in_a_digest() -> None:
    """Neither its name nor its pipelines, projects or errors, though all is the same otherwise."""
    secret = {"type": "Globex", "message": "globex", "fingerprint": "globex-fp"}
    stage = DigestStage(
        [work(), work("globex", project_id="globex-p", pipeline="globex-line", error=secret)], DUE
    )
    stage.declare("acme", DAILY, OPS)
    stage.declare("globex", None, Channel("g", "mail", ("g@globex.example",)))
    stage.sweep()
    stage.take()
    assert stage.mails
    for _, letter, _ in stage.mails:
        assert "globex" not in (letter.subject + letter.text + letter.html).lower()


def test_staff_get_one_over_all_clients() -> None:
    """Once, beside those of clients; a switched-off client's address gets staff's all the same."""
    stage = DigestStage([work(), work("globex")], DUE)
    stage.declare("acme", DAILY, OPS)
    stage.declare("*", DAILY, Channel("desk", "mail", ("a@acme.example",)))
    off = DigestReader("acme", address_digest("a@acme.example"))
    stage.sender().records.switch_off(off, stage.now, "link")
    assert stage.sweep() == {"*": "sent", "acme": "sent"}
    assert stage.sweep() == {"*": "known", "acme": "known"}
    stage.take()
    (staffs,) = [letter for _, letter, to in stage.mails if to == ("a@acme.example",)]
    assert staffs.subject == "All clients, Sun 22 Nov: 2 of 2 jobs failed or timed out"
    assert "- acme: 1 of 1 failed" in staffs.text
    assert "- globex: 1 of 1 failed" in staffs.text
    assert "This daily digest comes by the channel desk of staff." in staffs.text


def test_open_incidents_stand_first() -> None:
    """Each with what is wrong, since when, and a link; one without a pipeline, too."""
    figures = msgspec.structs.replace(
        stage_figures(),
        incidents=DigestList(
            [
                {
                    "client_id": "acme",
                    "pipeline": pipeline,
                    "project_id": None,
                    "incident_id": f"i-{pipeline}",
                    "what": what,
                    "jobs": 3,
                    "last_job_id": "nightly-17",
                    "began_at": "2026-11-22T02:10:00.000000Z",
                    "error": None,
                }
                for pipeline, what in (("nightly", "failed"), (None, "budget"))
            ],
            12,
        ),
    )
    period = period_with(DAILY, date(2026, 11, 22))
    section = digest_words(figures, period, "https://ledger.example").sections[0]
    assert section.heading == "Wrong now"
    first, second, rest = section.lines
    assert first.words == "acme / nightly fails. Since 22 Nov 02:10 UTC, 3 jobs."
    assert first.link == "https://ledger.example/#/incidents/i-nightly"
    assert second.link == "https://ledger.example/#/incidents/i-None"
    assert rest.words == "and 10 more incidents"


def stage_figures() -> DigestFigures:
    """Return the figures of a digest of one failed job."""
    stage = DigestStage([work()], DUE)
    stage.declare("acme", DAILY, OPS)
    return stage.sender().make("acme", period_with(DAILY, date(2026, 11, 22))).figures
