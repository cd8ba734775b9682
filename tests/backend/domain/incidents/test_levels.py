"""What goes on, as long as it does: also after somebody has resolved it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec import structs

from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope
from run_ledger.domain.incidents.causes import Cause, CauseKey, Standing
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.judging import acted
from run_ledger.domain.incidents.levels import LevelSeen, LevelThing, levelled
from run_ledger.domain.instants import Instant

SCOPE = IncidentScope("acme", "", "catalogue", "overdue")
RULE = AlertRule("overdue", grace_seconds=0)
KEY = CauseKey("overdue", "")
DUE_AT = Instant(50)


def looked(standing: Standing, jobs: int, at: int) -> Standing:
    """Return what a look makes of a standing: of a project that was due, or is well."""
    level = LevelSeen(Instant(at), (LevelThing(DUE_AT, "", "due"),) * jobs)
    return levelled(SCOPE, standing, RULE, level, Instant(at))


def kinds(standing: Standing) -> list[str]:
    """Return the kinds of all notices."""
    return [one.kind.removeprefix("incident_") for one in standing.causes[KEY].notices]


def test_what_was_resolved_is_told_again_once_it_was_well_in_between() -> None:
    """A project that is due on the same day again is overdue since the same time as before."""
    standing = looked(Standing(), 1, 100)
    incident = standing.causes[KEY].incident
    assert incident is not None
    resolve = IncidentAct("e", "resolve", Instant(110), "person#1", "ann@acme.example")
    resolved = acted(standing.causes[KEY], incident.incident_id, resolve, Instant(120))
    assert resolved is not None
    standing = Standing(causes={KEY: resolved})
    for at in (130, 140):
        standing = looked(standing, 1, at)
        assert kinds(standing) == ["opened", "closed"], "it goes on"
    assert standing.causes[KEY].goes_on_resolved
    standing = looked(standing, 0, 150)
    assert not standing.causes[KEY].goes_on_resolved
    assert kinds(looked(standing, 1, 160)) == ["opened", "closed", "opened"]


STALLED = IncidentScope("acme", "nightly", None, "stalled")
SILENT = CauseKey("stalled", "")


def stalls(standing: Standing, at: int, **since: int) -> Standing:
    """Return what a look makes of a standing in which these jobs have stalled since so long."""
    things = tuple(sorted(LevelThing(Instant(one), job_id, "x") for job_id, one in since.items()))
    rule = AlertRule("stalled", grace_seconds=0)
    return levelled(STALLED, standing, rule, LevelSeen(Instant(at), things), Instant(at))


def test_what_begins_after_a_resolve_is_told_though_the_rest_goes_on() -> None:
    """A job that was killed is silent for ever: it must not silence what becomes of others."""
    standing = stalls(Standing(), 100, killed=90)
    incident = standing.causes[SILENT].incident
    assert incident is not None
    resolve = IncidentAct("e", "resolve", Instant(110), "person#1", "ann@acme.example")
    resolved = acted(standing.causes[SILENT], incident.incident_id, resolve, Instant(110))
    assert resolved is not None
    standing = stalls(Standing(causes={SILENT: resolved}), 120, killed=90)
    assert standing.causes[SILENT].incident is None
    standing = stalls(standing, 130, killed=90, other=125)
    (*_, told) = standing.causes[SILENT].notices
    assert (told.kind, told.jobs, told.last_job_id) == ("incident_opened", 1, "other")
    assert told.incident.began_at == 125
    standing = stalls(standing, 140, killed=90, other=125, third=135)
    assert standing.causes[SILENT].jobs == 2
    standing = stalls(standing, 150, killed=90)
    for at in (160, 170):
        standing = stalls(standing, at, killed=90)
    kinds = [one.kind.removeprefix("incident_") for one in standing.causes[SILENT].notices]
    assert kinds == ["opened", "closed", "opened", "closed"]
    assert standing.causes[SILENT].goes_on_resolved
    standing = stalls(standing, 180)
    assert standing.causes[SILENT].resolved_at is None


def test_what_was_well_after_a_later_incident_is_told_again() -> None:
    """Also where the look that finds it well has nothing to close any more."""
    standing = stalls(Standing(), 100, killed=90)
    cause = structs.replace(standing.causes[SILENT], incident=None, resolved_at=Instant(110))
    standing = stalls(Standing(causes={SILENT: cause}), 130, killed=90, other=125)
    standing = stalls(standing, 150, killed=90)
    standing = stalls(standing, 160)
    assert standing.causes[SILENT].resolved_at is None


@given(
    st.lists(
        st.tuples(
            st.sampled_from(("look", "look", "resolve", "stale")),
            st.frozensets(st.sampled_from("abc")),
            st.integers(0, 15),
        ),
        max_size=14,
    )
)
def test_what_is_so_since_a_resolve_is_open(steps: list[tuple[str, frozenset[str], int]]) -> None:
    """In any order of looks and acts, as a list of what began when says it, and told in turns."""
    standing, began, resolved_at = Standing(), dict[str, int](), 0
    for number, (step, so, ago) in enumerate(steps):
        now = 100 + 10 * number
        cause = standing.causes.get(SILENT, Cause())
        if step == "resolve" and cause.incident is not None:
            at = now - ago
            resolve = IncidentAct(f"{number}", "resolve", Instant(at), "person#1", "ann")
            after = acted(cause, cause.incident.incident_id, resolve, Instant(now))
            assert after is not None
            standing, resolved_at = Standing(causes={SILENT: after}), max(resolved_at, at)
        elif step == "stale":
            assert stalls(standing, now - 1_000, a=1) == standing or not standing.causes
        elif step == "look":
            began = {one: began.get(one, now - 5) for one in so}
            standing = stalls(standing, now, **began)
            resolved_at = resolved_at if began else 0
            left = [one for one in began.values() if one > resolved_at]
            incident = standing.causes[SILENT].incident if standing.causes else None
            assert (incident is not None) is bool(left)
            assert incident is None or incident.jobs == len(left)
    notices = standing.causes[SILENT].notices if standing.causes else ()
    kinds = [one.kind.removeprefix("incident_") for one in notices]
    assert kinds == ["opened", "closed"] * (len(kinds) // 2) + ["opened"] * (len(kinds) % 2)
    assert len({one.notice_id for one in notices}) == len(notices)


def test_a_rule_that_is_changed_counts_at_the_next_look() -> None:
    """Though as many are so as before: whoever asks for one instead of three hears of it now."""
    three, one = (AlertRule("overdue", after=after, grace_seconds=0) for after in (3, 1))
    level = LevelSeen(Instant(100), (LevelThing(DUE_AT, "", "due"),))
    standing = levelled(SCOPE, Standing(), three, level, Instant(100))
    assert kinds(standing) == []
    again = structs.replace(level, looked_at=Instant(110))
    assert levelled(SCOPE, standing, three, again, Instant(110)) == standing, "nothing is written"
    standing = levelled(SCOPE, standing, one, again, Instant(110))
    assert kinds(standing) == ["opened"]
