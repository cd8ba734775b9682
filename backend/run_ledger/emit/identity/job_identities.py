"""Which job and which attempt it is, where the caller does not say."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from run_ledger.emit.identity import environment
from run_ledger.emit.identity.identifiers import named, to_identifier
from run_ledger.emit.identity.schedulers import ScheduledJob

_REMEMBERED = 10_000  # job ids

Key = tuple[Any, ...]  # client, project and job


class Identified(NamedTuple):
    """The fields that say which attempt at which job it is."""

    fields: dict[str, Any]
    follows: int = 0
    """The attempt that ended in this process, where nothing but that says which one this is."""


class JobIdentities:
    """Takes job ids from the scheduler, and counts the attempts of each job in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: OrderedDict[Key, int] = OrderedDict()
        self._running: OrderedDict[Key, int] = OrderedDict()
        self._taken: OrderedDict[Hashable, int] = OrderedDict()
        self._taken_by_execution: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def after_fork(self) -> None:
        """Begin with a lock that nobody holds."""
        self._lock = threading.Lock()

    def owner(self, client_id: object, project_id: object, pipeline: object) -> dict[str, Any]:
        """Return whose work it is, as given, else as the environment says.

        For example ``{"client_id": "acme", "project_id": "catalogue"}``.
        """
        given = {"client_id": client_id, "project_id": project_id, "pipeline": pipeline}
        names = {
            field: named(given_name) or named(environment.value(field.upper()))
            for field, given_name in given.items()
        }
        if names["pipeline"] is None:
            del names["pipeline"]
        return names

    def identify(self, owner: Mapping[str, Any], job_id: object, attempt: int | None) -> Identified:
        """Return *owner* with ``job_id`` and ``attempt``, as given, scheduled or counted here."""
        scheduled = environment.scheduled_job()
        given = named(job_id)
        if given and scheduled and given == scheduled.job_id:
            with self._lock:
                self._next_number(scheduled)  # so no other job here takes the same id
        chosen = given or self._scheduled_id(scheduled)
        fields = {**owner, "job_id": chosen or uuid.uuid4().hex}
        if attempt is not None:
            return Identified({**fields, "attempt": attempt})
        number = scheduled.attempt if scheduled and chosen else 1
        with self._lock:
            ended = self._ended.get(_key(fields), 0) if given else 0
        if ended < number:
            return Identified({**fields, "attempt": number})
        return Identified({**fields, "attempt": ended + 1}, follows=ended)

    def note_start(self, identity: Mapping[str, Any]) -> bool:
        """Remember that an attempt runs here; return whether it does so already."""
        key = (*_key(identity), identity["attempt"])
        with self._lock:
            number = self._running.get(key, 0)
            _remember(self._running, key, number + 1)
        return number > 0

    def note_end(self, identity: Mapping[str, Any]) -> None:
        """Remember that an attempt ended here, so that the job's next one gets a higher number."""
        with self._lock:
            self._running.pop((*_key(identity), identity["attempt"]), None)
            _remember(self._ended, _key(identity), int(identity["attempt"]))

    def _scheduled_id(self, scheduled: ScheduledJob | None) -> str | None:
        """Return the scheduler's job id; the second job of one execution gets ``:2`` after it."""
        if scheduled is None or scheduled.job_id is None or scheduled.is_shared:
            return None
        if not scheduled.per_task and (environment.is_worker() or environment.is_inside_run()):
            return None  # the id is the parent process's
        with self._lock:
            number = self._next_number(scheduled)
        return scheduled.job_id if number == 1 else to_identifier(scheduled.job_id, number)

    def _next_number(self, scheduled: ScheduledJob) -> int:
        """Return how many jobs of this execution there are now, with the one to come."""
        if scheduled.execution is None:
            key = (scheduled.job_id, scheduled.attempt)
            number = self._taken.get(key, 0) + 1
            _remember(self._taken, key, number)
        else:
            number = self._taken_by_execution.get(scheduled.execution, 0) + 1
            self._taken_by_execution[scheduled.execution] = number
        return number


_of_targets: dict[Hashable, JobIdentities] = {}


def job_identities(target: Hashable) -> JobIdentities:
    """Return what this process knows of the jobs that it reports to *target*.

    All ledgers of a process that report to one target share it, so a notebook's cell may make its
    ledger anew.
    """
    return _of_targets.setdefault(target, JobIdentities())


def _key(identity: Mapping[str, Any]) -> Key:
    return (identity.get("client_id"), identity.get("project_id"), identity["job_id"])


def _remember(known: OrderedDict[Any, int], key: Hashable, number: int) -> None:
    known[key] = number
    known.move_to_end(key)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
