"""The sweep over what goes on: jobs that run too long or have stalled, and overdue projects.

Each look tells of all scopes in which something is wrong, and of those in which something was.
Which these are is remembered before they are told of, so that none stays open because a sweep was
cut off.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from run_ledger.domain import instants
from run_ledger.domain.exceptions import StoreUnavailable
from run_ledger.domain.incidents.alert_rules import AlertRule, IncidentScope
from run_ledger.domain.incidents.causes import Standing
from run_ledger.domain.incidents.expectations import Expectation, length_text
from run_ledger.domain.incidents.levels import LevelSeen, levelled, withdrawn
from run_ledger.domain.incidents.watches import rule_about
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.store.clients.watched_clients import WatchedClient
from run_ledger.store.incidents.incident_items import scope_key, scope_of
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.timed.level_reads import MOST_ITEMS, LevelReads, RunningSight
from run_ledger.store.timed.watch_ledger import OvertakenError, WatchLedger

from .run_sweep import Tell

_NO_PIPELINE = ""
"""In place of a pipeline where an incident is about a project as a whole."""


class _Wrong(NamedTuple):
    """One thing that is wrong: since when, which job (or ""), and what it is in words."""

    since: Instant
    job_id: str
    text: str


class _Sight(NamedTuple):
    """What a look saw of a client: by scope, and the rule that asks for it.

    ``unclear`` are the families of which not all could be read.
    """

    wrong: Mapping[IncidentScope, list[_Wrong]]
    rules: Mapping[IncidentScope, AlertRule]
    unclear: frozenset[str]


class LevelSweep:
    """Looks at all that goes on, once; it counts what went wrong."""

    def __init__(
        self, kept: WatchLedger, reads: LevelReads, tell: Tell, now: Callable[[], Instant]
    ) -> None:
        """Remember in *kept*, look by *reads*, and tell by *tell*."""
        self._kept = kept
        self._reads = reads
        self._tell = tell
        self._now = now
        self.failures: list[str] = []
        """What went wrong, of one client or another."""

    def run(
        self, clients: Sequence[WatchedClient], unreadable: Sequence[str], watermark: Instant
    ) -> None:
        """Look for each of *clients*, as of *watermark*.

        Raises StoreUnavailable where it can't be read what was told before, or what is due.
        """
        known = self._kept.levels()
        looked_at = self._now()
        due = self._due(clients, watermark)
        watched = {client.client_id: client for client in clients}
        for client_id in dict.fromkeys([*watched, *known]):
            if client_id in unreadable:
                continue
            client = watched.get(client_id, WatchedClient(client_id, (), ()))
            revision, open_keys = known.get(client_id, (0, frozenset()))
            try:
                mine = due.get(client_id, ())
                sight = self._sight(client, map(scope_of, open_keys), mine, watermark)
                self._tell_all(client_id, sight, revision, open_keys, looked_at)
            except OvertakenError:
                pass  # Another sweep is at it.
            except StoreUnavailable as error:
                self.failures.append(str(error))

    def _tell_all(
        self,
        client_id: str,
        sight: _Sight,
        revision: int,
        open_keys: frozenset[str],
        looked_at: Instant,
    ) -> None:
        wrong = {scope_key(scope): scope for scope in sight.wrong}
        every = open_keys | wrong.keys()
        if every != open_keys:
            revision = self._kept.keep_levels(client_id, every, revision)
        still = set()
        for key in sorted(every):
            scope = scope_of(key)
            rule = sight.rules.get(scope)
            if rule is None:
                self._tell(scope, partial(withdrawn, scope))
                continue
            found = sight.wrong.get(scope, [])
            if found or scope.family in sight.unclear:
                still.add(key)
            if found or scope.family not in sight.unclear:
                level = _level(scope, found, looked_at)
                self._tell(scope, partial(_levelled, scope, rule, level))
        if still != every:
            self._kept.keep_levels(client_id, still, revision)

    def _sight(
        self,
        client: WatchedClient,
        open_scopes: Iterable[IncidentScope],
        due: Sequence[str],
        watermark: Instant,
    ) -> _Sight:
        """Return what is wrong for a client; *due* are projects of it that were due."""
        wrong: dict[IncidentScope, list[_Wrong]] = defaultdict(list)
        rules: dict[IncidentScope, AlertRule] = {}
        opened = list(open_scopes)
        for scope in opened:
            rule = _rule_of(client, scope)
            if rule is not None:
                rules[scope] = rule
        unclear: set[str] = set()
        of_jobs = {"too_long", "stalled"}
        if any(_asks(client, what) for what in of_jobs) and not self._look_at_jobs(
            client, watermark, wrong, rules
        ):
            unclear |= of_jobs
        if _asks(client, "overdue"):
            known = [scope.project_id or "" for scope in opened if scope.family == "overdue"]
            self._look_at_projects(client, [*due, *known], watermark, wrong, rules)
        return _Sight(wrong, rules, frozenset(unclear))

    def _look_at_jobs(
        self,
        client: WatchedClient,
        watermark: Instant,
        wrong: dict[IncidentScope, list[_Wrong]],
        rules: dict[IncidentScope, AlertRule],
    ) -> bool:
        """Add what is wrong with running jobs, and return whether all were looked at."""
        rows, is_whole = self._reads.running(client.client_id, watermark)
        wanted = [row.job_id for row in rows if _is_candidate(client, row, watermark)]
        for stored in self._reads.jobs(wanted[:MOST_ITEMS]):
            for scope, rule, one in _wrongs(client, stored, watermark):
                wrong[scope].append(one)
                rules.setdefault(scope, rule)
        return is_whole and len(wanted) <= MOST_ITEMS

    def _look_at_projects(
        self,
        client: WatchedClient,
        projects: Sequence[str],
        watermark: Instant,
        wrong: dict[IncidentScope, list[_Wrong]],
        rules: dict[IncidentScope, AlertRule],
    ) -> None:
        asked = {}
        for project_id in dict.fromkeys(projects):
            scope = IncidentScope(client.client_id, _NO_PIPELINE, project_id, "overdue")
            rule = _rule_of(client, scope)
            if rule is not None:
                asked[client.client_id, project_id] = (scope, rule)
        for key, due_at in self._reads.overdue_since(list(asked), watermark).items():
            scope, rule = asked[key]
            rules[scope] = rule
            text = f"the project was due at {instants.clock_text(due_at)} and is not completed"
            wrong[scope].append(_Wrong(due_at, "", text))

    def _due(
        self, clients: Sequence[WatchedClient], watermark: Instant
    ) -> Mapping[str, Sequence[str]]:
        """Return projects that were due, by client, those that were due last before others."""
        asking = [client.client_id for client in clients if _asks(client, "overdue")]
        if not asking:
            return {}
        rows = self._reads.due_projects(watermark).found
        found: dict[str, list[str]] = {client_id: [] for client_id in asking}
        for client_id, project_id in rows:
            if client_id in found and len(found[client_id]) < MOST_ITEMS:
                found[client_id].append(project_id)
        return found


def _asks(client: WatchedClient, what: str) -> bool:
    if what == "too_long":
        return any(one.max_duration_seconds is not None for one in client.expect)
    return any(rule.what == what for rule in client.alerts)


def _rule_of(client: WatchedClient, scope: IncidentScope) -> AlertRule | None:
    """Return the rule by which a client hears of *scope*; None where it has none any more."""
    if scope.family == "too_long":
        about = (scope.pipeline, scope.project_id)
        one = next((one for one in client.expect if (one.pipeline, one.project) == about), None)
        if one is None or one.max_duration_seconds is None:
            return None
        return rule_about("too_long", one, client.alerts, by_default=True)
    for rule in client.alerts:
        if rule.what != scope.family or rule.project not in (None, scope.project_id):
            continue
        if scope.family == "overdue" or (
            rule.pipeline in (None, scope.pipeline)
            and (rule.project is None) == (scope.project_id is None)
        ):
            return rule
    return None


def _limit(client: WatchedClient, pipeline: str, project_id: str) -> Expectation | None:
    """Return what says how long a job may run: what names its project, before what names none."""
    mine = [
        one
        for one in client.expect
        if one.pipeline == pipeline
        and one.project in (None, project_id)
        and one.max_duration_seconds is not None
    ]
    return max(mine, key=lambda one: one.project is not None, default=None)


def _longest(one: Expectation) -> int:
    return (one.max_duration_seconds or 0) * MICROSECONDS


def _stalled_rule(client: WatchedClient, pipeline: str, project_id: str) -> AlertRule | None:
    asked = (rule for rule in client.alerts if rule.what == "stalled")
    return next((rule for rule in asked if rule.is_about(pipeline, project_id)), None)


def _is_candidate(client: WatchedClient, row: RunningSight, watermark: Instant) -> bool:
    """Return whether a job may be wrong, as far as its row tells."""
    one = _limit(client, row.pipeline, row.project_id)
    if one is not None and watermark - row.created_at > _longest(one):
        return True
    is_asked = _stalled_rule(client, row.pipeline, row.project_id) is not None
    return is_asked and not row.is_heard_of


def _wrongs(
    client: WatchedClient, stored: StoredJob, watermark: Instant
) -> Iterator[tuple[IncidentScope, AlertRule, _Wrong]]:
    """Yield what is wrong with a job at *watermark*, and the rules that ask for it."""
    job = stored.job
    if job.client_id != client.client_id or job.current.status != "running":
        return
    one = _limit(client, job.pipeline, job.project_id)
    began = job.current.started_at
    if one is not None and began is not None and watermark - began > _longest(one):
        rule = rule_about("too_long", one, client.alerts, by_default=True)
        if rule is not None:
            scope = IncidentScope(job.client_id, one.pipeline, one.project, "too_long")
            text = f"a job has run for longer than {length_text(one.max_duration_seconds or 0)}"
            yield scope, rule, _Wrong(Instant(began + _longest(one)), job.job_id, text)
    rule = _stalled_rule(client, job.pipeline, job.project_id)
    if rule is not None and job.is_stalled(stored.last_seen_at, watermark):
        project_id = None if rule.project is None else job.project_id
        scope = IncidentScope(job.client_id, job.pipeline, project_id, "stalled")
        text = f"a running job was last heard of at {instants.clock_text(stored.last_seen_at)}"
        yield scope, rule, _Wrong(stored.last_seen_at, job.job_id, text)


def _level(scope: IncidentScope, found: Sequence[_Wrong], looked_at: Instant) -> LevelSeen:
    first = min(found, default=_Wrong(looked_at, "", ""))
    return LevelSeen(looked_at, len(found), first.since, first.job_id, (scope.family, first.text))


def _levelled(
    scope: IncidentScope, rule: AlertRule, level: LevelSeen, standing: Standing, now: Instant
) -> Standing:
    return levelled(scope, standing, rule, level, now)
