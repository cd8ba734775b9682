"""What goes on, as long as it does: also after somebody has resolved it."""

from __future__ import annotations

from msgspec import structs

from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope
from run_ledger.domain.incidents.causes import CauseKey, Standing
from run_ledger.domain.incidents.incident_acts import IncidentAct
from run_ledger.domain.incidents.judging import acted
from run_ledger.domain.incidents.levels import LevelSeen, levelled
from run_ledger.domain.instants import Instant

SCOPE = IncidentScope("acme", "", "catalogue", "overdue")
RULE = AlertRule("overdue", grace_seconds=0)
KEY = CauseKey("overdue", "")
DUE_AT = Instant(50)


def looked(standing: Standing, jobs: int, at: int) -> Standing:
    """Return what a look makes of a standing: of a project that was due, or is well."""
    level = LevelSeen(Instant(at), jobs, DUE_AT, "", ("overdue", "due"))
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


def test_a_rule_that_is_changed_counts_at_the_next_look() -> None:
    """Though as many are so as before: whoever asks for one instead of three hears of it now."""
    three, one = (AlertRule("overdue", after=after, grace_seconds=0) for after in (3, 1))
    level = LevelSeen(Instant(100), 1, DUE_AT, "", ("overdue", "due"))
    standing = levelled(SCOPE, Standing(), three, level, Instant(100))
    assert kinds(standing) == []
    again = structs.replace(level, looked_at=Instant(110))
    assert levelled(SCOPE, standing, three, again, Instant(110)) == standing, "nothing is written"
    standing = levelled(SCOPE, standing, one, again, Instant(110))
    assert kinds(standing) == ["opened"]
