"""Which job and which attempt it is, where the caller does not say."""

from __future__ import annotations

import threading
import uuid
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from run_ledger.emit.identity import environment
from run_ledger.emit.identity.identifiers import to_identifier

_REMEMBERED = 10_000  # job ids


class JobIdentities:
    """Takes job ids from the scheduler, and counts the attempts of each job in this process."""

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
        """Return whose work it is, as given, else as the environment says.

        For example ``{"client_id": "acme", "project_id": "catalogue"}``.
        """
        identity = {
            "client_id": client_id or environment.value("CLIENT_ID"),
            "project_id": project_id or environment.value("PROJECT_ID"),
        }
        pipeline = pipeline or environment.value("PIPELINE")
        return {**identity, "pipeline": pipeline} if pipeline else identity

    def identify(
        self, owner: Mapping[str, Any], job_id: str | None, attempt: int | None
    ) -> dict[str, Any]:
        """Return *owner* with ``job_id`` and ``attempt``, as given, scheduled or counted here."""
        scheduled = environment.scheduled_job()
        chosen = job_id or self._scheduled_id(scheduled)
        identity = {**owner, "job_id": chosen or uuid.uuid4().hex}
        if attempt is None:
            with self._lock:
                counted = self._ended.get(_key(identity), 0) + 1
            attempt = max(scheduled.attempt if scheduled and chosen else 1, counted)
        return {**identity, "attempt": attempt}

    def note_end(self, identity: Mapping[str, Any]) -> None:
        """Remember that an attempt ended here, so that the job's next one gets a higher number."""
        with self._lock:
            _remember(self._ended, _key(identity), int(identity["attempt"]))

    def _scheduled_id(self, scheduled: environment.ScheduledJob | None) -> str | None:
        """Return the scheduler's job id; the second job that takes it here gets ``:2`` after it."""
        if scheduled is None or scheduled.job_id is None:
            return None
        if not scheduled.per_task and environment.is_worker():
            return None  # the id is the parent process's
        with self._lock:
            # What encloses this process may have taken the id already.
            first = 2 if scheduled.job_id == environment.value("PARENT_JOB_ID") else 1
            number = self._taken.get(scheduled.job_id, first - 1) + 1
            _remember(self._taken, scheduled.job_id, number)
        if number == 1:
            return scheduled.job_id
        return to_identifier(f"{scheduled.job_id}:{number}")


def _key(identity: Mapping[str, Any]) -> tuple[Any, ...]:
    return (identity.get("client_id"), identity.get("project_id"), identity["job_id"])


def _remember(known: OrderedDict[Any, int], key: Any, number: int) -> None:
    known[key] = number
    known.move_to_end(key)
    while len(known) > _REMEMBERED:
        known.popitem(last=False)
