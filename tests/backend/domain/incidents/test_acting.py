"""People's acts on incidents: acknowledge, mute, resolve, note; in any order, with repeats."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from run_ledger.domain.delivery.deliveries import deliveries_of
from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope, JobEnd, rulings_on
from run_ledger.domain.incidents.causes import Cause, CauseKey, Standing
from run_ledger.domain.incidents.error_rates import judged_rates
from run_ledger.domain.incidents.failing_jobs import judged
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.judging import acted, judged_scope, with_ended_mutes
from run_ledger.domain.instants import Instant

SCOPE = IncidentScope("acme", "nightly", None, "ended")
KEY = CauseKey("failed", "f")
AT_ONCE = AlertRule("failed", grace_seconds=0)


def ended(job: str, result: str, at: int, rule: AlertRule = AT_ONCE) -> JobEnd:
    """Return how a job has ended."""
    fingerprint = "f" if result == "failed" else None
    return JobEnd(job, 1, "acme", "p", "nightly", result, Instant(at), fingerprint)


def after(standing: Standing, *ends: JobEnd, now: int) -> Standing:
    """Return *standing* after jobs have ended."""
    rulings = [one for end in ends for one in rulings_on([AT_ONCE], end).values()]
    return judged_scope(SCOPE, standing, rulings, Instant(now))


def opened(jobs: int = 1) -> Standing:
    """Return a standing with one open incident of so many jobs, which failed from 1 on."""
    return after(Standing(), *(ended(f"j{n}", "failed", n) for n in range(1, jobs + 1)), now=100)


def act(name: Any, at: int = 200, event_id: str = "e", **more: Any) -> IncidentAct:
    """Return an act."""
    return IncidentAct(event_id, name, Instant(at), "person#1", "kim", **more)


def do(standing: Standing, one: IncidentAct, now: int = 200) -> Standing:
    """Return *standing* after an act on its open incident."""
    cause = standing.causes[KEY]
    assert cause.incident is not None
    done = acted(cause, cause.incident.incident_id, one, Instant(now))
    assert done is not None
    return structs.replace(standing, causes={KEY: done})


def told(standing: Standing) -> list[tuple[str, str | None, bool]]:
    """Return kind, reason and silence of each notice."""
    return [
        (one.kind.removeprefix("incident_"), one.reason or one.incident.closed_because, one.silent)
        for one in standing.causes[KEY].notices
    ]


def cause_of(standing: Standing) -> Cause:
    """Return the one cause."""
    return standing.causes[KEY]


OPENED = ("opened", None, False)


def test_each_act_is_told_to_the_history_alone() -> None:
    """Who has acknowledged, muted or noted something need not hear of it; ids are of one notice."""
    standing = do(opened(), act("acknowledge"))
    standing = do(standing, act("note", event_id="n", text="<b>known</b>"))
    standing = do(standing, act("mute", event_id="m", text="x", until=Instant(900)))
    standing = do(standing, act("unmute", at=201, event_id="u"))
    assert told(standing) == [
        OPENED,
        ("changed", "acknowledged", True),
        ("changed", "noted", True),
        ("changed", "muted", True),
        ("changed", "unmuted", True),
    ]
    notices = cause_of(standing).notices
    assert len({one.notice_id for one in notices}) == 5
    assert [one.number for one in notices] == [1, 2, 3, 4, 5]
    noted = notices[2].act
    assert noted is not None
    assert (noted.text, noted.by_name) == ("<b>known</b>", "kim")
    assert cause_of(standing).present_mute is None
    assert cause_of(standing).present_answers.acknowledged is not None


def test_a_resolve_is_judged_by_when_jobs_ended() -> None:
    """What had failed before opens nothing, whenever it is heard of; what fails later does."""
    standing = do(opened(), act("resolve", at=50))
    assert told(standing)[1:] == [("closed", "resolved", False)]
    late = after(standing, ended("late", "failed", 50), ended("later", "failed", 49), now=300)
    assert told(late) == told(standing)
    again = after(late, ended("new", "failed", 51), now=301)
    assert [kind for kind, *_ in told(again)] == ["opened", "closed", "opened"]
    assert cause_of(again).jobs == 1
    first, _, last = (one.incident.incident_id for one in cause_of(again).notices)
    assert first != last


def test_a_resolve_that_is_heard_of_late() -> None:
    """A job that failed after it is another incident, as if all had been heard of in order."""
    standing = after(opened(), ended("since", "failed", 60), now=150)
    standing = after(do(standing, act("resolve", at=50)), now=200)
    assert [kind for kind, *_ in told(standing)] == ["opened", "closed", "opened"]
    assert cause_of(standing).jobs == 1


def test_an_earlier_resolve_undoes_no_later_one() -> None:
    """The latest counts."""
    standing = after(do(opened(), act("resolve", at=90)), ended("new", "failed", 91), now=210)
    standing = after(do(standing, act("resolve", at=80, event_id="old")), now=220)
    assert cause_of(standing).resolved_at == 90
    assert cause_of(standing).jobs == 1


def test_after_many_jobs_a_resolve_leaves_none() -> None:
    """Also those whose marks are not kept any more."""
    standing = after(do(opened(500), act("resolve", at=500)), now=600)
    assert (cause_of(standing).jobs, cause_of(standing).beyond) == (0, 0)
    assert [kind for kind, *_ in told(standing)] == ["opened", "closed"]


def test_a_mute_is_over_by_the_clock() -> None:
    """What is still open then is told again, once; what happens meanwhile reaches nobody."""
    standing = do(opened(), act("mute", text="x", until=Instant(900)))
    assert cause_of(standing).falls_due_at == 900
    assert told(after(standing, ended("b", "failed", 300), now=899)) == told(standing)
    over = after(standing, now=900)
    assert told(over)[-1] == ("changed", "mute_ended", False)
    assert told(after(over, now=901)) == told(over)
    assert cause_of(over).falls_due_at is None
    healed = after(standing, ended("well", "succeeded", 400), now=500)
    assert told(healed)[-1] == ("closed", "healed", True)


def test_a_mute_until_it_grows() -> None:
    """Until twice as many jobs have failed: then people hear that it grew, and of all after."""
    standing = do(opened(3), act("mute", text="x"))
    fifth = after(standing, ended("b", "failed", 300), ended("c", "failed", 301), now=10**9)
    assert told(fifth) == told(standing)
    sixth = after(fifth, ended("d", "failed", 302), now=10**9 + 1)
    assert told(sixth)[-1] == ("changed", "grew", False)
    healed = after(sixth, ended("well", "succeeded", 400), now=10**9 + 2)
    assert told(healed)[-1] == ("closed", "healed", False)


def test_a_mute_is_of_one_incident() -> None:
    """The next incident of the cause is told, and nobody has acknowledged it."""
    standing = do(do(opened(), act("mute", text="x", until=Instant(10**9))), act("acknowledge"))
    standing = after(standing, ended("well", "succeeded", 400), now=500)
    standing = after(standing, ended("again", "failed", 501), now=502)
    assert told(standing)[-1] == OPENED
    assert cause_of(standing).present_mute is None
    assert cause_of(standing).present_answers.acknowledged is None
    assert cause_of(standing).falls_due_at is None


def test_a_mute_of_the_past_mutes_nothing() -> None:
    """One that comes after its own end is history."""
    standing = do(opened(), act("mute", at=100, text="x", until=Instant(150)), now=200)
    assert cause_of(standing).present_mute is None
    assert told(after(standing, now=201)) == told(standing)


def test_channels_hear_of_nothing_silent() -> None:
    """An act, and all of a muted incident, is for the history and for programs alone."""
    standing = do(opened(), act("mute", text="x", until=Instant(900)))
    standing = after(after(standing, now=900), ended("well", "succeeded", 901), now=902)
    heard = [
        one.reason or one.kind
        for one in cause_of(standing).notices
        if deliveries_of(
            SCOPE, KEY, structs.replace(one, incident=structs.replace(one.incident, to=("ops",)))
        )
    ]
    assert heard == ["incident_opened", "mute_ended", "incident_closed"]


def test_what_is_closed_takes_no_act() -> None:
    """Nor does another incident's id."""
    cause = cause_of(opened())
    assert cause.incident is not None
    assert acted(cause, "another", act("note", text="x"), Instant(200)) is None
    closed = cause_of(do(opened(), act("resolve")))
    assert acted(closed, cause.incident.incident_id, act("resolve"), Instant(300)) is None


acts = st.lists(
    st.tuples(
        st.sampled_from(["acknowledge", "mute", "unmute", "note"]),
        st.integers(100, 105),
        st.sampled_from([None, 110, 250, 900]),
    ),
    max_size=5,
)


@given(acts, st.randoms(use_true_random=False))
def test_any_order_leads_to_the_same(
    told_acts: list[tuple[str, int, int | None]], dice: Any
) -> None:
    """Of two acts of a kind the later one counts, by when it happened, then by its id."""
    all_acts = [
        act(name, at, f"e{number}", until=None if until is None else Instant(until))
        for number, (name, at, until) in enumerate(told_acts)
    ]
    mixed = [*all_acts]
    dice.shuffle(mixed)
    standings = []
    for order in (all_acts, mixed):
        standing = opened()
        for one in order:
            standing = do(standing, one)
        standings.append(standing)
    one, other = map(cause_of, standings)
    assert one.present_answers == other.present_answers or not all_acts
    mutes = [each for each in all_acts if each.act in ("mute", "unmute")]
    last = max(mutes, key=lambda each: (each.at, each.event_id), default=None)
    is_muted = last is not None and last.act == "mute" and (last.until is None or last.until > 200)
    assert (one.present_mute is not None) == is_muted
    assert len(one.notices) == 1 + len(all_acts)
    assert len({each.notice_id for each in one.notices}) == len(one.notices)


def test_error_rates_begin_anew_after_a_resolve() -> None:
    """Only jobs that ended after it are counted."""
    rule = AlertRule("error_rate", grace_seconds=0, above_percent=50, last=2)
    scope = IncidentScope("acme", "nightly", None, "rate")

    def rates(standing: Standing, *ends: JobEnd, now: int) -> Standing:
        found = [rulings_on([rule], end)[scope] for end in ends]
        return judged_rates(scope, standing, found, Instant(now))

    failed = [ended(f"j{n}", "failed", n) for n in range(1, 7)]
    standing = rates(Standing(), *failed[:3], now=10)
    ((key, cause),) = standing.causes.items()
    assert cause.incident is not None
    resolved = acted(cause, cause.incident.incident_id, act("resolve", at=3), Instant(10))
    assert resolved is not None
    standing = rates(structs.replace(standing, causes={key: resolved}), now=11)
    for one, is_open in zip(failed[3:], (False, True, True), strict=True):
        standing = rates(standing, one, now=12)
        assert (standing.causes[key].incident is not None) == is_open


def test_the_time_alone_changes_nothing_else() -> None:
    """A look at a standing without mutes gives it back."""
    for standing in (opened(), Standing(), do(opened(), act("acknowledge"))):
        assert with_ended_mutes(standing, Instant(10**9)) == standing
        assert judged(SCOPE, standing, (), Instant(10**6)) == standing
    assert list(itertools.chain(opened().causes)) == [KEY]
