"""What a message says, and that nothing in it is anything but text, in each channel's markup."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from run_ledger.domain.delivery.deliveries import Delivery, packed, trials_of, unpacked
from run_ledger.domain.delivery.incident_phrases import LEVEL, PHRASES
from run_ledger.domain.delivery.message_texts import (
    letter_of,
    slack_message,
    teams_message,
)
from run_ledger.domain.delivery.wordings import Wording, wording_of
from run_ledger.domain.incidents.alert_rules import ALERT_WHATS
from run_ledger.domain.incidents.drift import DIFFERS
from run_ledger.domain.instants import Instant

Detail = dict[str, Any]
SITE = "https://ledger.example.com"
HOSTILE = [
    "<script>alert(1)</script>",
    "<!channel> <@U123> <https://evil.example|Click>",
    "[click](https://evil.example) **bold** `code`",
    "&lt;b&gt; &amp;",
    "a\r\nBcc: victim@example.com",
    "\u202egnp.exe \u200b\x00\x1b[31m",
    "x" * 5_000,
    '"><img src=x onerror=alert(1)>',
]


def told(kind: str = "incident_opened", **detail: Any) -> Delivery:
    """Return the delivery of an incident."""
    whole = {
        "notice_id": "0b7b.opened",
        "incident_id": "0b7b",
        "client_id": "hooli",
        "pipeline": "nightly",
        "project_id": None,
        "what": "failed",
        "fingerprint": "fp",
        "error": {"type": "KeyError", "message": "no column price"},
        "jobs": 3,
        "last_job_id": "nightly-17",
        "began_at": "2026-11-22T02:10:00.000000Z",
        "closed_at": None,
        "closed_because": None,
    }
    at = "2026-11-22T02:15:31.000000Z"
    return Delivery("0b7b-opened-ops", "hooli", "ops", kind, at, whole | detail)


def test_an_opening_says_what_since_when_how_often_and_where() -> None:
    """The headline has all that a phone shows first."""
    assert wording_of(told(), SITE) == Wording(
        "hooli / nightly fails",
        ("Since 22 Nov 02:10 UTC, 3 jobs.", "Last job: nightly-17"),
        "KeyError: no column price",
        f"{SITE}/#/incidents/0b7b",
    )
    assert wording_of(told(jobs=1, project_id="p"), "").lines == (
        "Since 22 Nov 02:10 UTC, 1 job.",
        "Project: p",
        "Last job: nightly-17",
    )


@pytest.mark.parametrize(
    ("because", "words"),
    [
        ("healed", "runs well again"),
        ("withdrawn", "was corrected: no job fails so any more"),
        ("resolved", "was resolved"),
    ],
)
def test_an_end_says_from_when_to_when(because: str, words: str) -> None:
    """It begins with the good news."""
    end = told(
        "incident_closed", closed_at="2026-11-22T03:10:04.000000Z", closed_because=because, jobs=0
    )
    wording = wording_of(end, SITE)
    assert wording.headline == f"Over: hooli / nightly {words}"
    assert wording.lines == ("It began 22 Nov 02:10 UTC, and was over 22 Nov 03:10 UTC.",)


@pytest.mark.parametrize("what", [*ALERT_WHATS, DIFFERS])
def test_a_withdrawal_says_what_is_true_of_it(what: str) -> None:
    """A rule that was taken away corrects nothing, nor does a row that was mended."""
    end = told(
        "incident_closed",
        what=what,
        closed_at="2026-11-22T03:10:04.000000Z",
        closed_because="withdrawn",
    )
    words = wording_of(end, SITE).headline
    about = {
        **dict.fromkeys(("missed", "late", "too_long", "stalled", "overdue"), "taken away"),
        "budget": "the budget was changed",
        DIFFERS: "is right again",
    }.get(what, "was corrected")
    assert about in words
    assert ("corrected" in words) == (what == "budget" or about == "was corrected")


def test_a_change_begins_with_its_reason() -> None:
    """Whatever it is that changed, and whatever is wrong, in words."""
    change = told("incident_changed", reason="reminder", what="quite_new")
    assert wording_of(change, SITE).headline == "Reminder: hooli / nightly quite new"


def test_a_trial_says_that_it_is_one() -> None:
    """Nobody gets up at night for it."""
    (trial,) = trials_of("hooli", ["ops"], "a1", Instant(1_795_000_000_000_000))
    wording = wording_of(trial, SITE)
    assert wording.headline == "Trial of channel ops"
    assert "Nothing is wrong." in wording.lines[1]


def test_an_incident_s_id_is_one_part_of_the_link() -> None:
    """Whatever it has in it leads to no other page and no other host; without a site, nowhere."""
    odd = told(incident_id="a/../b?c#d é")
    assert wording_of(odd, SITE).link == f"{SITE}/#/incidents/a%2F..%2Fb%3Fc%23d%20%C3%A9"
    assert wording_of(odd, "").link == ""


@pytest.mark.parametrize("what", [*ALERT_WHATS, DIFFERS])
def test_all_that_goes_wrong_has_words_of_its_own(what: str) -> None:
    """For its opening and for its end."""
    assert what in PHRASES
    healed = told("incident_closed", what=what, closed_because="healed")
    said = {wording_of(one, SITE).headline for one in (told(what=what), healed)}
    assert len(said) == 2
    assert not any("_" in one or LEVEL in one for one in said)


@pytest.mark.parametrize(
    ("detail", "headline", "first"),
    [
        ({"what": "missed", "jobs": 1}, "hooli / nightly did not run", "1 run."),
        ({"what": "late", "jobs": 3}, "hooli / nightly is late", "3 runs."),
        ({"what": "too_long", "jobs": 1}, "hooli / nightly runs too long", "1 job."),
        ({"what": "overdue", "pipeline": None, "project_id": "p"}, "hooli / p is overdue", ""),
        (
            {"what": "budget", "pipeline": None, "fingerprint": "2026-11 80% of 12.5 USD"},
            "hooli reached 80% of 12.5 USD in 2026-11",
            "",
        ),
        (
            {"what": DIFFERS, "client_id": "*", "last_job_id": "row all 2026-11-18"},
            "Ledger / row all 2026-11-18 differs from its entries",
            "",
        ),
    ],
)
def test_a_number_says_what_it_counts(detail: Detail, headline: str, first: str) -> None:
    """Runs or jobs, one or many; of what is one as a whole, nothing."""
    wording = wording_of(told(**{"last_job_id": None, **detail}), SITE)
    assert wording.headline == headline
    since = "Since 22 Nov 02:10 UTC"
    assert wording.lines == (f"{since}, {first}" if first else f"{since}.",)


def test_a_budget_s_end_says_which() -> None:
    """As each of its levels is told."""
    budget = {"what": "budget", "pipeline": None, "fingerprint": "2026-11 80% of 12.5 USD"}
    ends = {
        because: wording_of(told("incident_closed", closed_because=because, **budget), "").headline
        for because in ("withdrawn", "month_over")
    }
    assert ends == {
        "withdrawn": "Over: hooli is below 80% of 12.5 USD in 2026-11 again: "
        "costs were corrected, or the budget was changed",
        "month_over": "Over: hooli begins a new month",
    }


def test_a_tag_is_said() -> None:
    """The incident is about jobs with it alone."""
    assert "Tag: team:search" in wording_of(told(tag="team:search"), SITE).lines


@pytest.mark.parametrize(("what", "kind"), [("missed", "missed"), ("budget", "Budget")])
def test_what_the_headline_says_is_not_said_again(what: str, kind: str) -> None:
    """The ledger's own words have a type that only repeats what is wrong."""
    own = told(what=what, error={"type": kind, "message": "no run began"})
    assert wording_of(own, SITE).quoted == "no run began"


def test_what_is_about_no_pipeline_names_what_it_is_about() -> None:
    """A client's budget, and a project that is overdue."""
    nothing = {"pipeline": None, "last_job_id": None, "jobs": 1}
    budget = told(what="budget", **nothing)
    assert wording_of(budget, SITE).headline == "hooli reached its budget"
    assert wording_of(budget, SITE).lines == ("Since 22 Nov 02:10 UTC.",)
    overdue = told(what="overdue", project_id="catalogue", **nothing)
    assert wording_of(overdue, SITE).headline == "hooli / catalogue is overdue"
    about = {"what": "overdue", "project_id": "catalogue", **nothing}
    end = told("incident_closed", closed_because="healed", **about)
    assert wording_of(end, SITE).headline == "Over: hooli / catalogue is not overdue any more"


def test_runs_that_were_missed_are_no_jobs() -> None:
    """A job is what ran."""
    assert wording_of(told(what="missed", jobs=2), SITE).lines[0].endswith(", 2 runs.")
    assert wording_of(told(what="late", jobs=1), SITE).lines[0].endswith(", 1 run.")


def test_everything_that_is_told_has_words() -> None:
    """No name of a field comes to people."""
    for what in (*ALERT_WHATS, DIFFERS):
        bare = f"hooli / nightly {what.replace('_', ' ')}"
        assert wording_of(told(what=what), SITE).headline != bare


class Page(HTMLParser):
    """A page as a reader of mail sees it: its elements, and its text."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note an element."""
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        """Note text."""
        self.text += data


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text_in_a_mail(text: str) -> None:
    """A parser of HTML finds the elements of a harmless mail, and the words as text."""
    hostile = told(pipeline=text, last_job_id=text, error={"type": text, "message": text})
    wording = wording_of(hostile, SITE)
    letter, harmless = letter_of(wording), Page()
    harmless.feed(letter_of(wording_of(told(), SITE)).html)
    page = Page()
    page.feed(letter.html)
    assert [tag for tag, _ in page.elements] == [tag for tag, _ in harmless.elements]
    (link,) = [attributes["href"] for tag, attributes in page.elements if tag == "a"]
    assert link == wording.link
    assert wording.headline in page.text
    assert wording.quoted in page.text
    assert "\n" not in letter.subject
    assert "\r" not in letter.subject
    assert len(letter.subject) < 250


def test_a_mail_fits_a_phone_and_its_colours() -> None:
    """Its width is the screen's, long words are broken, and dark mail programs may turn it dark."""
    page = Page()
    page.feed(letter_of(wording_of(told(), SITE)).html)
    named = {one.get("name"): one.get("content") for tag, one in page.elements if tag == "meta"}
    assert named["viewport"] == "width=device-width, initial-scale=1"
    assert named["color-scheme"] == "light dark"
    styles = [one.get("style") or "" for _, one in page.elements]
    assert any("overflow-wrap:anywhere" in one for one in styles)
    assert not any(re.search(r"[;\s]color:", f";{one}") for one in styles)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text_in_slack(text: str) -> None:
    """All are plain text; the notification's has no `<`, by which all of Slack's markup begins."""
    hostile = told(pipeline=text, last_job_id=text, error={"type": text, "message": text})
    wording = wording_of(hostile, SITE)
    message = slack_message(wording)
    assert not set("<>") & set(message["text"])
    assert unescaped(message["text"]) == wording.headline
    texts = [block["text"] for block in message["blocks"]]
    markup = [one["text"] for one in texts if one["type"] == "mrkdwn"]
    assert markup == [f"<{wording.link}|Open in Run Ledger>"]
    plain = [one["text"] for one in texts if one["type"] == "plain_text"]
    assert plain == [wording.headline, *wording.lines, wording.quoted]
    assert all(0 < len(one) <= 3_000 for one in plain)


def unescaped(text: str) -> str:
    """Return what Slack shows for *text*."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_are_text_in_teams(text: str) -> None:
    """Only runs of text have them, which know no Markdown."""
    wording = wording_of(told(pipeline=text, error={"type": text, "message": text}), SITE)
    (attachment,) = teams_message(wording)["attachments"]
    card = attachment["content"]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {run["type"] for run in runs} == {"TextRun"}
    assert [run["text"] for run in runs] == [wording.headline, *wording.lines, wording.quoted]
    assert [action["url"] for action in card["actions"]] == [wording.link]


@given(st.text(), st.text())
def test_any_text_is_one_short_visible_line(name: str, message: str) -> None:
    """Whatever producers send."""
    wording = wording_of(told(pipeline=name, error={"type": "", "message": message}), SITE)
    for line in (wording.headline, *wording.lines, wording.quoted):
        assert len(line) <= 400
        assert line == " ".join(line.split())
        assert "\u202e" not in line
    json.dumps(slack_message(wording)).encode()


def test_a_message_of_the_queue_comes_back_as_it_was() -> None:
    """And a body that is none is said to be none."""
    assert unpacked(packed(told())) == told()
    for body in ("", "{}", "[]", '{"delivery_id": 7}', "\ud800"):
        with pytest.raises(ValueError, match=r"."):
            unpacked(body)
