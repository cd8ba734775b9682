"""The sweep over schedules: which runs were missed or late, told step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import islice, product

from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import STAFF, AlertRule, IncidentScope, Ruling
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.judging import judged_scope
from run_ledger.domain.incidents.levels import withdrawn
from run_ledger.domain.incidents.watches import (
    RunFamily,
    SlotVerdict,
    Watch,
    begun_watch,
    verdicts,
    with_rule,
)
from run_ledger.domain.instants import Instant
from run_ledger.schedules import ScheduleError, slots
from run_ledger.store.timed.run_reads import RunReads
from run_ledger.store.timed.watch_ledger import (
    KeptWatch,
    OvertakenError,
    WatchKey,
    WatchLedger,
    watch_key,
)

from .listeners import Listener, listeners
from .watching import Watching

Tell = Callable[[IncidentScope, Callable[[Standing, Instant], Standing]], None]
"""Changes what is kept of a scope, and tells what there is to tell; raises StoreUnavailable."""

_OWNERS = (None, STAFF)
_Rules = Mapping[tuple[RunFamily, str | None], AlertRule | None]

MOST_STEPS = 200
"""How many steps of one schedule are judged in a sweep: the next one goes on."""


class RunSweep:
    """Judges all schedules once; it counts what went wrong."""

    def __init__(
        self, kept: WatchLedger, runs: RunReads, tell: Tell, now: Callable[[], Instant]
    ) -> None:
        """Remember in *kept*, look for runs in *runs*, and tell by *tell*."""
        self._kept = kept
        self._runs = runs
        self._tell = tell
        self._now = now
        self.failures: list[str] = []
        """What went wrong, of one schedule or another."""

    def run(self, watching: Watching, watermark: Instant | None) -> None:
        """Judge what is expected, up to *watermark* (None: not yet at all).

        Schedules that nobody asks for any more are dropped, and their incidents withdrawn; but not
        those of clients that are unreadable. Raises StoreUnavailable where the watches can't
        be read.
        """
        known = self._kept.watches()
        expected = {
            watch_key(client.client_id, one): (client, one)
            for client in watching.clients
            for one in client.expect
            if one.has_schedule
        }
        # What clients declare comes first: nothing that events say may hold it up.
        for key, (client, one) in sorted(expected.items(), key=lambda part: part[1][1].of_events):
            mine = known.get(key, KeptWatch(0, None))
            heard = tuple(listeners(client.alerts, watching.staff))
            self._attempt(partial(self._watch, key, heard, one, mine, watermark))
        for key, mine in known.items():
            if key not in expected and key[0] not in watching.unreadable and not mine.is_dropped:
                self._attempt(partial(self._drop, key, mine))

    def _attempt(self, work: Callable[[], None]) -> None:
        """Do *work* on one schedule; what goes wrong with it does not hold up the others."""
        try:
            work()
        except OvertakenError:
            pass  # Another sweep is at it, and goes on.
        except (StoreUnavailable, ScheduleError) as error:
            self.failures.append(str(error))

    def _watch(
        self,
        key: WatchKey,
        heard: Sequence[Listener],
        one: Expectation,
        mine: KeptWatch,
        watermark: Instant | None,
    ) -> None:
        now, revision = self._now(), mine.revision
        watch = begun_watch(one, mine.watch, now, slots)
        if watch != mine.watch:
            revision = self._kept.keep_watch(key, watch, revision)
        if watermark is None:
            return
        rules = _rules(one, heard)
        self._withdraw(key, watch, rules)
        find = partial(self._runs.find, key[0], one)
        found = verdicts(watch, watermark, now, find, slots)
        for verdict in islice(found, MOST_STEPS):
            self._tell_verdict(key, verdict, rules)
            if verdict.watch != watch:
                watch = verdict.watch
                revision = self._kept.keep_watch(key, watch, revision)

    def _tell_verdict(
        self,
        key: WatchKey,
        verdict: SlotVerdict,
        rules: _Rules,
    ) -> None:
        if verdict.family is None or verdict.ruling is None:
            return
        for owner in _OWNERS:
            rule = rules[verdict.family, owner]
            if owner is not None and rule is None:
                continue  # What was open by an earlier rule of staff's has been withdrawn.
            ruling = with_rule(verdict.ruling, rule, key[0])
            if ruling is not None:
                scope = _scope(key, verdict.family, owner)
                self._tell(scope, partial(_judged, scope, ruling))

    def _withdraw(self, key: WatchKey, watch: Watch, rules: _Rules) -> None:
        """Withdraw what may be open and nobody wants to hear of any more."""
        may_be_open: dict[RunFamily, bool] = {
            "missed": watch.missed is not None,
            "late": watch.late,
        }
        for (family, owner), rule in rules.items():
            if may_be_open[family] and rule is None:
                scope = _scope(key, family, owner)
                self._tell(scope, partial(withdrawn, scope))

    def _drop(self, key: WatchKey, mine: KeptWatch) -> None:
        families: tuple[RunFamily, ...] = ("missed", "late")
        for family, owner in product(families, _OWNERS):
            scope = _scope(key, family, owner)
            self._tell(scope, partial(withdrawn, scope))
        self._kept.drop_watch(key, mine.revision, self._now())


def _rules(one: Expectation, heard: Sequence[Listener]) -> _Rules:
    families: tuple[RunFamily, ...] = ("missed", "late")
    return {
        (family, listener.owner): listener.rule(family, one)
        for listener in heard
        for family in families
    }


def _scope(key: WatchKey, family: RunFamily, owner: str | None) -> IncidentScope:
    client_id, pipeline, project = key
    return IncidentScope(client_id, pipeline, project or None, family, owner=owner)


def _judged(scope: IncidentScope, ruling: Ruling, standing: Standing, now: Instant) -> Standing:
    return judged_scope(scope, standing, [ruling], now)
