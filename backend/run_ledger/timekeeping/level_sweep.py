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
from run_ledger.domain.incidents.expectations import Expectation
from run_ledger.domain.incidents.levels import LevelSeen, LevelThing, levelled, withdrawn
from run_ledger.domain.instants import MICROSECONDS, Instant
from run_ledger.domain.lengths import length_text
from run_ledger.domain.state.job import DEFAULT_HEARTBEAT_SECONDS
from run_ledger.store.clients.watched_clients import WatchedClient
from run_ledger.store.incidents.incident_items import scope_key, scope_of
from run_ledger.store.items.job_items import StoredJob
from run_ledger.store.timed.level_reads import MOST_ITEMS, LevelReads, RunningSight
from run_ledger.store.timed.watch_ledger import OvertakenError, WatchLedger

from .listeners import Listener, listeners
from .run_sweep import Tell
from .watching import Watching

_NO_PIPELINE = ""
"""In place of a pipeline where an incident is about a project as a whole."""


class _Sight(NamedTuple):
    """What a look saw of a client: by scope, and the rule that asks for it.

    ``unclear`` are the families of which not all could be read.
    """

    wrong: Mapping[IncidentScope, list[LevelThing]]
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

    def run(self, watching: Watching, watermark: Instant) -> None:
        """Look for all clients of which anybody wants to hear, as of *watermark*.

        Raises StoreUnavailable where it can't be read what was told before, or what is due.
        """
        known = self._kept.levels()
        looked_at = self._now()
        due = self._due(watching, watermark)
        watched = {client.client_id: client for client in watching.clients}
        at_work = self._reads.clients_at_work() if _asks(watching.staff, "stalled") else ()
        for client_id in dict.fromkeys([*watched, *known, *due, *at_work]):
            if client_id in watching.unreadable:
                continue
            client = watched.get(client_id, WatchedClient(client_id, (), ()))
            one = _Watched(client, tuple(listeners(client.alerts, watching.staff)))
            revision, open_keys = known.get(client_id, (0, frozenset()))
            try:
                mine = due.get(client_id, ())
                sight = self._sight(one, map(scope_of, open_keys), mine, watermark)
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
                level = LevelSeen(looked_at, tuple(sorted(found)))
                self._tell(scope, partial(_levelled, scope, rule, level))
        if still != every:
            self._kept.keep_levels(client_id, still, revision)

    def _sight(
        self,
        client: _Watched,
        open_scopes: Iterable[IncidentScope],
        due: Sequence[str],
        watermark: Instant,
    ) -> _Sight:
        """Return what is wrong for a client; *due* are projects of it that were due."""
        wrong: dict[IncidentScope, list[LevelThing]] = defaultdict(list)
        rules: dict[IncidentScope, AlertRule] = {}
        opened = list(open_scopes)
        for scope in opened:
            rule = client.rule_of(scope)
            if rule is not None:
                rules[scope] = rule
        unclear: set[str] = set()
        of_jobs = {"too_long", "stalled"}
        if any(client.asks(what) for what in of_jobs) and not self._look_at_jobs(
            client, watermark, wrong, rules
        ):
            unclear |= of_jobs
        if client.asks("overdue"):
            known = [scope.project_id or "" for scope in opened if scope.family == "overdue"]
            self._look_at_projects(client, [*due, *known], watermark, wrong, rules)
        return _Sight(wrong, rules, frozenset(unclear))

    def _look_at_jobs(
        self,
        client: _Watched,
        watermark: Instant,
        wrong: dict[IncidentScope, list[LevelThing]],
        rules: dict[IncidentScope, AlertRule],
    ) -> bool:
        """Add what is wrong with running jobs, and return whether all were looked at."""
        rows, is_whole = self._reads.running(client.declared.client_id, watermark)
        wanted = [row.job_id for row in rows if _is_candidate(client, row, watermark)]
        for stored in self._reads.jobs(_from_both_ends(wanted)):
            for scope, rule, one in _wrongs(client, stored, watermark):
                wrong[scope].append(one)
                rules.setdefault(scope, rule)
        return is_whole and len(wanted) <= MOST_ITEMS

    def _look_at_projects(
        self,
        client: _Watched,
        projects: Sequence[str],
        watermark: Instant,
        wrong: dict[IncidentScope, list[LevelThing]],
        rules: dict[IncidentScope, AlertRule],
    ) -> None:
        client_id = client.declared.client_id
        asked: dict[tuple[str, str], list[tuple[IncidentScope, AlertRule]]] = defaultdict(list)
        for project_id in dict.fromkeys(projects):
            for heard in client.heard:
                scope = IncidentScope(
                    client_id, _NO_PIPELINE, project_id, "overdue", owner=heard.owner
                )
                rule = client.rule_of(scope)
                if rule is not None:
                    asked[client_id, project_id].append((scope, rule))
        for key, due_at in self._reads.overdue_since(list(asked), watermark).items():
            text = f"the project was due at {instants.clock_text(due_at)} and is not completed"
            for scope, rule in asked[key]:
                rules[scope] = rule
                wrong[scope].append(LevelThing(due_at, "", text))

    def _due(self, watching: Watching, watermark: Instant) -> Mapping[str, Sequence[str]]:
        """Return projects that were due, by client, those that were due last before others."""
        by_staff = _asks(watching.staff, "overdue")
        asking = {one.client_id for one in watching.clients if _asks(one.alerts, "overdue")}
        if not asking and not by_staff:
            return {}
        rows = self._reads.due_projects(watermark).found
        found: dict[str, list[str]] = {}
        for client_id, project_id in rows:
            mine = found.get(client_id, [])
            if (by_staff or client_id in asking) and len(mine) < MOST_ITEMS:
                found[client_id] = [*mine, project_id]
        return found


class _Watched(NamedTuple):
    """A client, and who wants to hear of it."""

    declared: WatchedClient
    heard: Sequence[Listener]

    def asks(self, what: str) -> bool:
        """Return whether it is to be looked for *what*."""
        if what == "too_long":
            return any(one.max_duration_seconds is not None for one in self.declared.expect)
        return any(_asks(listener.alerts, what) for listener in self.heard)

    def rule_of(self, scope: IncidentScope) -> AlertRule | None:
        """Return the rule by which somebody hears of *scope*; None where none asks any more."""
        (listener,) = (one for one in self.heard if one.owner == scope.owner)
        if scope.family == "too_long":
            about = (scope.pipeline, scope.project_id)
            expect = self.declared.expect
            one = next((one for one in expect if (one.pipeline, one.project) == about), None)
            if one is None or one.max_duration_seconds is None:
                return None
            return listener.rule("too_long", one)
        for rule in listener.alerts:
            if rule.what != scope.family or rule.project not in (None, scope.project_id):
                continue
            if scope.family == "overdue" or (
                rule.pipeline in (None, scope.pipeline)
                and (rule.project is None) == (scope.project_id is None)
            ):
                return rule
        return None


def _from_both_ends(job_ids: Sequence[str]) -> list[str]:
    """Return the ids that are looked at: of too many, the oldest jobs, and as many of the newest.

    What was killed long ago stays silent for ever, and must not hide what happens now.
    """
    if len(job_ids) <= MOST_ITEMS:
        return [*job_ids]
    half = MOST_ITEMS // 2
    return [*job_ids[:half], *job_ids[-half:]]


def _asks(alerts: Iterable[AlertRule], what: str) -> bool:
    return any(rule.what == what for rule in alerts)


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


def _stalled_rule(listener: Listener, pipeline: str, project_id: str) -> AlertRule | None:
    asked = (rule for rule in listener.alerts if rule.what == "stalled")
    return next((rule for rule in asked if rule.is_about(pipeline, project_id)), None)


def _is_candidate(client: _Watched, row: RunningSight, watermark: Instant) -> bool:
    """Return whether a job may be wrong, as far as its row tells."""
    one = _limit(client.declared, row.pipeline, row.project_id)
    if one is not None and watermark - row.created_at > _longest(one):
        return True
    if row.is_heard_of:
        return False
    about = (row.pipeline, row.project_id)
    return any(_stalled_rule(listener, *about) is not None for listener in client.heard)


def _wrongs(
    client: _Watched, stored: StoredJob, watermark: Instant
) -> Iterator[tuple[IncidentScope, AlertRule, LevelThing]]:
    """Yield what is wrong with a job at *watermark*, and the rules that ask for it."""
    job = stored.job
    if job.client_id != client.declared.client_id or job.current.status != "running":
        return
    for listener in client.heard:
        yield from _too_long(client.declared, listener, stored, watermark)
        rule = _stalled_rule(listener, job.pipeline, job.project_id)
        if rule is not None and job.is_stalled(stored.last_seen_at, watermark):
            project_id = None if rule.project is None else job.project_id
            scope = IncidentScope(
                job.client_id, job.pipeline, project_id, "stalled", owner=listener.owner
            )
            text = f"a running job was last heard of at {instants.clock_text(stored.last_seen_at)}"
            heartbeat = job.latest("heartbeat_seconds") or DEFAULT_HEARTBEAT_SECONDS
            since = Instant(stored.last_seen_at + heartbeat * MICROSECONDS)
            yield scope, rule, LevelThing(since, job.job_id, text)


def _too_long(
    client: WatchedClient, listener: Listener, stored: StoredJob, watermark: Instant
) -> Iterator[tuple[IncidentScope, AlertRule, LevelThing]]:
    """Yield that a job has run for longer than it may, if it has and a rule asks for it."""
    job = stored.job
    one, began = _limit(client, job.pipeline, job.project_id), job.current.started_at
    if one is None or began is None or watermark - began <= _longest(one):
        return
    rule = listener.rule("too_long", one)
    if rule is not None:
        longest = length_text(one.max_duration_seconds or 0)
        text = f"a job has run for longer than {longest}{one.source_text}"
        scope = IncidentScope(
            job.client_id, one.pipeline, one.project, "too_long", owner=listener.owner
        )
        yield scope, rule, LevelThing(Instant(began + _longest(one)), job.job_id, text)


def _levelled(
    scope: IncidentScope, rule: AlertRule, level: LevelSeen, standing: Standing, now: Instant
) -> Standing:
    return levelled(scope, standing, rule, level, now)
