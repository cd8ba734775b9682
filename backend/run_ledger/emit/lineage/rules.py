"""How names of OpenLineage become those of the ledger, and which runs are reported at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

OPTIONS = {
    *("client_id", "project_id", "pipeline", "namespaces", "tags", "heartbeat_seconds"),
    *("airflow_attempts", "job_types"),
}
"""The names that `read_rules` reads."""


_SWITCHES = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}


class Owner(NamedTuple):
    """Patterns for whose a job is; `{namespace}`, `{name}` and `{root}` are filled in.

    `{root}` is the name up to its first dot: for an Airflow task, the DAG.
    """

    client_id: str = ""
    project_id: str = "{namespace}"
    pipeline: str = "{name}"


class JobTypes(NamedTuple):
    """Which types of jobs are reported, in upper case: all, only some, or all but some."""

    only: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()

    def take(self, job_type: str) -> bool:
        """Return whether jobs of this type are reported; those that tell no type always are."""
        name = job_type.strip().upper()
        return not name or (name not in self.without and (not self.only or name in self.only))


class LineageRules(NamedTuple):
    """How names of OpenLineage become those of the ledger.

    `namespaces` maps a job namespace to an owner that replaces the general one. A key that ends in
    `*` stands for all namespaces that begin so; of several keys the longest one counts.
    """

    owner: Owner = Owner()
    namespaces: Mapping[str, Owner] = {}
    tags: Mapping[str, str] = {}
    heartbeat_seconds: int = 86_400
    airflow_attempts: bool = True
    job_types: JobTypes = JobTypes()

    def owner_of(self, namespace: str) -> Owner:
        """Return who owns the jobs of a namespace."""
        if namespace in self.namespaces:
            return self.namespaces[namespace]
        fitting = [
            key
            for key in self.namespaces
            if key.endswith("*") and namespace.startswith(key.removesuffix("*"))
        ]
        return self.namespaces[max(fitting, key=len)] if fitting else self.owner


def read_rules(options: Mapping[str, Any]) -> LineageRules:
    """Return the rules that *options* state, by the names in `OPTIONS`.

    Raises TypeError or ValueError, with the option's name and what is allowed.
    """
    general = _owner(options, Owner())
    namespaces = _mapping(options, "namespaces")
    rules = LineageRules(
        owner=general,
        namespaces={str(key): _owner(_mapping(namespaces, key), general) for key in namespaces},
        tags={str(key): str(value) for key, value in _mapping(options, "tags").items()},
        heartbeat_seconds=_positive(options, "heartbeat_seconds", LineageRules().heartbeat_seconds),
        airflow_attempts=_switch(options, "airflow_attempts", default=True),
        job_types=_job_types(options.get("job_types")),
    )
    if not any(owner.client_id for owner in [rules.owner, *rules.namespaces.values()]):
        raise ValueError("client_id is missing; allowed: an id, or one for each of namespaces")
    return rules


def option_text(options: Mapping[str, Any], name: str) -> str:
    """Return the text of an option that is there; raise ValueError where it is none."""
    value = options[name]
    if isinstance(value, bool) or not isinstance(value, (str, int)) or value == "":
        raise ValueError(f"{name} is {value!r:.80}; allowed: text")
    return str(value)


def _job_types(value: Any) -> JobTypes:
    """Read ``["JOB", "MODEL"]`` (only these), or ``["-SQL"]`` (all but these); a text, too."""
    names = [one for one in re.split(r"[,\s]+", value) if one] if isinstance(value, str) else value
    if names is None:
        return JobTypes()
    if not isinstance(names, list) or not all(isinstance(one, str) for one in names):
        raise TypeError(
            f"job_types is {value!r:.80}; allowed: types to report, as [JOB, MODEL], "
            "or to leave out, as [-SQL]"
        )
    upper = {one.strip().upper() for one in names}
    return JobTypes(
        only=frozenset(one for one in upper if not one.startswith("-")),
        without=frozenset(one.removeprefix("-") for one in upper if one.startswith("-")),
    )


def _owner(options: Mapping[str, Any], otherwise: Owner) -> Owner:
    named = {field: option_text(options, field) for field in Owner._fields if field in options}
    return otherwise._replace(**named)


def _mapping(options: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = options.get(name) or {}
    if not isinstance(value, Mapping):
        raise TypeError(f"{name} is {value!r:.80}; allowed: a mapping")
    return value


def _positive(options: Mapping[str, Any], name: str, default: int) -> int:
    value = options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} is {value!r:.80}; allowed: an integer of at least 1")
    return value


def _switch(options: Mapping[str, Any], name: str, *, default: bool) -> bool:
    value = options.get(name, default)
    if isinstance(value, str):  # from the environment
        value = _SWITCHES.get(value.strip().lower(), value)
    if not isinstance(value, bool):
        raise TypeError(f"{name} is {value!r:.80}; allowed: true or false")
    return value
