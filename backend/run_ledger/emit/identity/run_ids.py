"""Which job it is, and the how-manieth try, where the caller does not say."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from run_ledger.emit.delivery import processes
from run_ledger.emit.identity import environment

_REMEMBERED = 10_000  # job ids


class Naming:
    """Names jobs by what the scheduler says, and counts tries of one job in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ended: OrderedDict[Any, int] = OrderedDict()
        self._taken: OrderedDict[str, int] = OrderedDict()

    def after_fork(self) -> None:
        """Begin with a lock that nobody holds."""
        self._lock = threading.Lock()

    def owner(
        self, client_id: str | None, project_id: str | None, pipeline: str | None
    ) -> dict[str, Any]:
        """Return whose work it is: what was given, else what the environment says."""
        identity = {
            "client_id": client_id or environment.value("CLIENT_ID"),
            "project_id": project_id or environment.value("PROJECT_ID"),
        }
        pipeline = pipeline or environment.value("PIPELINE")
        return {**identity, "pipeline": pipeline} if pipeline else identity

    def name(
        self, identity: Mapping[str, Any], job_id: str | None, attempt: int | None
    ) -> dict[str, Any]:
        """Return *identity* with the job's id and its attempt, as given or found out."""
        scheduled = environment.scheduled()
        chosen = job_id or self._scheduled_id(scheduled)
        tried = scheduled.attempt if scheduled and chosen else 1
        named = {**identity, "job_id": chosen or uuid.uuid4().hex}
        with self._lock:
            counted = self._ended.get(_key(named), 0) + 1
        return {**named, "attempt": max(tried, counted) if attempt is None else attempt}

    def ended(self, identity: Mapping[str, Any]) -> None:
        """Remember that a try ended here, so that the next one of the same job counts on."""
        with self._lock:
            _remember(self._ended, _key(identity), int(identity["attempt"]))

    def _scheduled_id(self, scheduled: environment.Scheduled | None) -> str | None:
        """Return the scheduler's id, numbered from the second job on that has it here."""
        if scheduled is None or scheduled.job_id is None:
            return None
        if not scheduled.per_task and processes.is_worker():
            return None  # the id is the parent process's
        with self._lock:
            # What encloses this process may have taken the id already.
            first = 2 if scheduled.job_id == environment.value("PARENT_JOB_ID") else 1
            number = self._taken.get(scheduled.job_id, first - 1) + 1
            _remember(self._taken, scheduled.job_id, number)
        if number == 1:
            return scheduled.job_id
        return environment.identifier(f"{scheduled.job_id}:{number}")


def _key(identity: Mapping[str, Any]) -> tuple[Any, ...]:
    return (identity.get("client_id"), identity.get("project_id"), identity["job_id"])


def _remember(known: OrderedDict[Any, int], key: Any, number: int) -> None:
    known[key] = number
    known.move_to_end(key)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
