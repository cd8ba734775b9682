"""Which job and which attempt a run is, and which job it is a part of.

A run is a job of its own, but for tasks of Airflow: each attempt at a task is a run there, and all
of them are attempts of one job. That job's id is made of the namespace, the job's name, the DAG run
and the map index, so that it is the same for all attempts.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from run_ledger.emit.identity.identifiers import to_identifier

from .facets import UnusableEvent, at, count, members, text

_MOST_REMEMBERED = 10_000  # runs
_VERSION = re.compile(r"([0-9]{1,4})\.([0-9]{1,4})")


class RunIdentity(NamedTuple):
    """The job that a run is: its id, the attempt's number from 1, and its name for people."""

    job_id: str
    attempt: int
    name: str


class RunIdentities:
    """Finds identities, and remembers Airflow's attempts, which other runs call parents."""

    def __init__(self, *, airflow_attempts: bool) -> None:
        self._airflow_attempts = airflow_attempts
        self._attempts: OrderedDict[str, RunIdentity] = OrderedDict()

    def identify(self, event: Mapping[str, Any]) -> RunIdentity:
        """Return which job *event* is about; raise UnusableEvent where it does not say."""
        run_id, name = at(event, "run", "runId"), at(event, "job", "name")
        namespace = at(event, "job", "namespace")
        required = {"run.runId": run_id, "job.namespace": namespace, "job.name": name}
        for field, value in required.items():
            if not isinstance(value, str) or not value:
                raise UnusableEvent(f"{field} is {value!r:.80}; allowed: text")
        known = self._attempts.get(str(run_id))
        found = _airflow_attempt(event) if self._airflow_attempts else None
        if found is None:
            return known or RunIdentity(to_identifier(str(run_id)), 1, str(name))
        if known is not None and known.job_id == found.job_id:
            return known  # a run is one attempt, and some versions have counted on at its end
        self._remember(str(run_id), found)
        return found

    def parent(self, facets: Mapping[str, Any], own: RunIdentity) -> str | None:
        """Return the id of the job that a run with these facets is a part of; None for none.

        A run inside an Airflow task names the attempt's run, which leads to the task's job only if
        it was seen here. It then counts as a part of the DAG run, which it names as well.
        """
        told = (members(facets, name) for name in ("parent", "parentRun"))
        facet = next((one for one in told if text(one, "run", "runId")), None)
        if facet is None:
            return None
        run_id = text(facet, "run", "runId")
        if known := self._attempts.get(run_id):
            parent = known.job_id
        else:
            root = text(facet, "root", "run", "runId")
            dag = text(facet, "root", "job", "name")
            is_task = root and dag and text(facet, "job", "name").startswith(f"{dag}.")
            parent = to_identifier(root if is_task and self._airflow_attempts else run_id)
        return parent if parent != own.job_id else None

    def _remember(self, run_id: str, found: RunIdentity) -> None:
        self._attempts[run_id] = found
        self._attempts.move_to_end(run_id)
        while len(self._attempts) > _MOST_REMEMBERED:
            self._attempts.popitem(last=False)


def _airflow_attempt(event: Mapping[str, Any]) -> RunIdentity | None:
    """Return the job and attempt of an Airflow task's run; None where the facets don't tell."""
    namespace, name = text(event, "job", "namespace"), text(event, "job", "name")
    facets = members(event, "run", "facets")
    airflow = members(facets, "airflow")
    instance = members(airflow, "taskInstance")
    number = count(instance.get("try_number"))
    dag_run = _dag_run(airflow, facets)
    map_index = instance.get("map_index")
    is_unknown_instance = "map_index" not in instance and at(airflow, "task", "mapped") is True
    if number is None or not dag_run or is_unknown_instance:
        return None
    parts: list[str | int] = [namespace, name, dag_run]
    label = name
    if (index := count(map_index)) is not None:
        parts.append(index)
        label = f"{name} [{index}]"
    if _has_counted_on(event, facets):
        number -= 1
    return RunIdentity(to_identifier(*parts), max(1, number), label)


def _has_counted_on(event: Mapping[str, Any], facets: Mapping[str, Any]) -> bool:
    """Return whether `try_number` is that of the next attempt: Airflow before 2.10 at a success."""
    if str(event.get("eventType")).upper() != "COMPLETE":
        return False
    engine = members(facets, "processing_engine")
    version = _VERSION.match(text(engine, "version"))
    is_airflow = text(engine, "name").lower() == "airflow"
    return is_airflow and version is not None and (int(version[1]), int(version[2])) < (2, 10)


def _dag_run(airflow: Mapping[str, Any], facets: Mapping[str, Any]) -> str:
    """Return what tells a DAG run from others of the same DAG."""
    for dag_run in (members(airflow, "dagRun"), members(facets, "airflowDagRun", "dagRun")):
        for name in ("run_id", "logical_date", "execution_date"):
            if found := text(dag_run, name):
                return found
    return text(facets, "parent", "run", "runId") or text(facets, "parentRun", "run", "runId")
