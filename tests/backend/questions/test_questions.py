"""What an assistant asks is answered as a recount says, and with nothing of other clients."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any, get_args

import msgspec
import pytest
from tests.support.readers import asked
from tests.support.readers.asked import ACME, asking
from tests.support.readers.reading import House, house
from tests.support.readers.scripted_questions import ASKED, SINCE, UNTIL, cost, costs, ended

from run_ledger.domain.incidents.alert_rules import ALERT_WHATS
from run_ledger.domain.incidents.drift import DIFFERS
from run_ledger.questions.about_incidents import What
from run_ledger.questions.asking import Refused
from run_ledger.questions.shaping import MOST_BYTES, NOTE, bounded, said, usd
from run_ledger.questions.tools import TOOLS, answer


@pytest.fixture(scope="module")
def here() -> Iterator[House]:
    """Give the filled house, which no test changes."""
    with house() as made:
        asked.fill(made)
        yield made


@pytest.mark.parametrize(
    ("tool", "given", "found", "right"),
    [pytest.param(*one[1:], id=one[0]) for one in ASKED],
)
def test_a_question_is_answered_as_a_recount_says(
    here: House, tool: str, given: dict[str, Any], found: Callable[[Any], Any], right: Any
) -> None:
    """Forty questions of people who want to know, of every tool some."""
    assert found(answer(asking(here), tool, given)) == right


def test_every_tool_is_asked_something() -> None:
    """And there are thirty questions at least."""
    assert {one[1] for one in ASKED} == set(TOOLS)
    assert len(ASKED) >= 30


def calls(right: bool = True) -> dict[str, dict[str, Any]]:
    """Return arguments for each tool; about acme's jobs, or else about another client's."""
    job, client = ("job-1", "acme") if right else ("job-3", "globex")
    return {
        **{name: {"client_id": client} for name in TOOLS},
        "explain_job": {"job_id": job},
        "why_did_it_fail": {"job_id": job},
        "find_clients": {},
    }


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_nobody_learns_of_another_client(here: House, tool: str) -> None:
    """Neither by asking about all, nor by naming another one: as if there were no such client."""
    others = ("globex", "hooli", "crm", "job-3", "job-6", "match")
    broad = calls()[tool] if "job_id" in calls()[tool] else {}
    whole = json.dumps(answer(asking(here, ACME), tool, broad))
    assert [word for word in others if f'"{word}"' in whole] == []

    if tool == "find_clients":
        return
    named = calls(right=False)[tool]
    absent = json.loads(
        json.dumps(named).replace("globex", "no-such").replace("job-3", "no-such-job")
    )
    assert _outcome(here, tool, named) == _outcome(here, tool, absent)


def _outcome(here: House, tool: str, given: dict[str, Any]) -> str:
    try:
        found = json.dumps(answer(asking(here, ACME), tool, given))
    except Refused as refusal:
        found = f"refused: {refusal}"
    for value in given.values():
        found = found.replace(str(value), "X")
    return found


def texts(value: Any) -> Iterator[tuple[str, str]]:
    """Yield all texts of an answer, each with the name of its member."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from [(name, each)] if isinstance(each, str) else texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def test_incidents_of_staff_are_nowhere_for_others(here: House) -> None:
    """Neither counted nor listed, and what may be asked of is all that the API knows."""
    now = answer(asking(here, ACME), "what_is_wrong_now", {})["incidents"]
    assert (now["open"], now["of_staff"]) == (1, 0)
    assert [one["of_staff"] for one in now["newest"]] == [False]
    listed = answer(asking(here, ACME), "find_incidents", {"state": "any"})["incidents"]
    assert listed == now["newest"]
    assert listed[0]["link"].endswith(f"#/incidents/{listed[0]['incident_id']}")
    assert {*get_args(What)} == {*ALERT_WHATS, DIFFERS}


@pytest.mark.parametrize("tool", sorted(TOOLS))
def test_texts_of_producers_are_marked(here: House, tool: str) -> None:
    """A text that reads like an order stands nowhere but in its mark, with nothing unseen in it."""
    given = {**calls()[tool]}
    if tool == "explain_job":
        given = {"job_id": "runs"}
    found = answer(asking(here), tool, given)
    marked = [name for name, text in texts(found) if "delete_everything" in text]
    assert set(marked) <= {"producer_text"}
    assert not [text for _, text in texts(found) if "\u202e" in text]
    assert found["note"] == NOTE
    if tool in ("explain_job", "why_did_it_fail", "error_groups", "find_clients", "find_incidents"):
        assert marked


def test_links_lead_to_the_site(here: House) -> None:
    """They are those of the site's own pages; without a site there are none."""
    found = answer(asking(here), "explain_job", {"job_id": "job-1"})
    assert found["link"] == "https://ledger.example/#/jobs/job-1"
    without = answer(asking(here, site=None), "explain_job", {"job_id": "job-1"})
    assert without["link"] is None


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "#/overview"),
        ({"period": "24h"}, "#/overview"),
        ({"period": "7d"}, "#/overview?period=7d"),
        ({"client_id": "acme"}, None),
    ],
)
def test_what_is_wrong_leads_to_the_same_overview(
    here: House, given: dict[str, Any], place: str | None
) -> None:
    """Of the same period; the site has none of one client."""
    found = answer(asking(here), "what_is_wrong_now", given)
    assert found["link"] == (None if place is None else f"https://ledger.example/{place}")


@pytest.mark.parametrize(
    ("tool", "given", "words"),
    [
        ("find_jobs", {"limit": 51}, r"limit"),
        ("find_jobs", {"result": ["bad"]}, r"result"),
        ("find_jobs", {"colour": "red"}, r"colour"),
        ("find_jobs", {"client_id": "two words"}, r"client_id"),
        ("find_jobs", {"created_from": "soon"}, r"from"),
        ("find_jobs", {"cursor": "AAAA"}, r"cursor"),
        ("find_incidents", {"what": "queued"}, r"what"),
        ("find_incidents", {"opened_from": "soon"}, r"opened_from"),
        ("explain_job", {}, r"job_id"),
        ("explain_job", {"job_id": "no-such-job"}, r"no-such-job|There is no"),
        ("cost_by", {"since": "2026-11-22T14:30:00Z"}, r"since must be on the hour"),
        ("cost_by", {"since": "2026-13-22T14:00:00Z"}, r"since is no time"),
        ("cost_by", {"since": UNTIL, "until": SINCE}, r"since must be before until"),
        ("cost_by", {"until": "2027-01-01T00:00:00Z"}, r"no later than"),
        ("cost_by", {"since": "2026-09-01T01:00:00Z"}, r"more than 31 days"),
        ("what_is_wrong_now", {"period": "1y"}, r"period"),
        ("delete_everything", {}, r"There is no tool"),
    ],
)
def test_what_is_not_allowed_is_named(
    here: House, tool: str, given: dict[str, Any], words: str
) -> None:
    """The refusal names the argument, or what there is."""
    with pytest.raises(Refused, match=words):
        answer(asking(here), tool, given)


def test_whole_days_may_be_many(here: House) -> None:
    """A year by days, where both ends are midnight in UTC."""
    given = {"since": "2025-12-01T00:00:00Z", "until": "2026-11-22T00:00:00Z"}
    found = answer(asking(here), "cost_by", given)
    assert costs(found) == {"": cost(ended(10_000, 15))}


def test_long_answers_are_shortened_and_say_so() -> None:
    """No more bytes than are allowed; no cursor leads past what is left out."""
    jobs = [{"job_id": f"job-{number}", "text": "x" * 1_000} for number in range(100)]
    found = bounded({"jobs": jobs, "next_cursor": "abc", "link": None})
    assert len(msgspec.json.encode(found)) <= MOST_BYTES
    assert 0 < len(found["jobs"]) < 100
    assert found["shortened"] == {"jobs": 100 - len(found["jobs"])}
    assert found["next_cursor"] is None
    assert f"limit={len(found['jobs'])}" in found["advice"]

    with pytest.raises(ValueError, match="no list"):
        bounded({"text": "x" * MOST_BYTES})


def test_texts_are_shortened() -> None:
    """And what no screen shows becomes a space."""
    assert said(None) is None
    shown = said("a\x1b[31mb\u200bc" + "d" * 1_000)
    assert shown is not None
    assert shown["producer_text"].startswith("a [31mb cd")
    assert len(shown["producer_text"]) == 401


@pytest.mark.parametrize(
    ("microusd", "text"),
    [(0, "0"), (1, "0.000001"), (1_500_000, "1.5"), (10**21, "1" + "0" * 15), (-70_000, "-0.07")],
)
def test_money_is_exact(microusd: int, text: str) -> None:
    """Neither rounded nor in powers of ten."""
    assert usd(microusd) == text


def test_schemas_are_closed() -> None:
    """An assistant learns which arguments there are, and that there are no others."""
    for tool in TOOLS.values():
        schema = tool.schema()
        assert schema["type"] == "object"
        assert schema["additionalProperties"] is False
        assert "$ref" not in json.dumps(schema)
