"""From run events to job events.

| OpenLineage | ledger |
|---|---|
| run id | `job_id`; all attempts at an Airflow task are one job (`run_identities`) |
| `parent` facet, `parentRun` in older events | `parent_job_id` |
| job namespace and name | `client_id`, `project_id`, `pipeline` by the rules; `name` |
| OTHER, or no type | `queued`, which says nothing of a run that has begun |
| START | `running` |
| RUNNING | no status, which says running, but not that a run which has ended began anew |
| COMPLETE, FAIL, ABORT | `completed`: `succeeded`, `failed`, `cancelled` |
| `errorMessage`, `dataQualityAssertions`, `test` facets | `error` (`failures`), secrets blanked |
| `outputStatistics`, `inputStatistics` | running totals of each dataset (`statistics`) |
| `nominalTime`, `processing_engine`, `jobType`, `tags` facets | tags, from START |
| Airflow's facet | `attempt`, `log_url` |

The id of an event is made from its content, so that an event which is reported again counts once.
"""

from __future__ import annotations

import hashlib
import os
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from run_ledger.emit.counting.mending import cut_text
from run_ledger.emit.identity.identifiers import to_identifier

from .event_times import event_time
from .facets import UnusableEvent, at, items, members, text
from .failures import error_of, reported_error
from .rules import LineageRules
from .run_identities import RunIdentities, RunIdentity
from .statistics import totals_of

Detail = dict[str, Any]
_STATES: dict[str, Detail] = {
    "START": {"status": "running"},
    "RUNNING": {},
    "COMPLETE": {"status": "completed", "result": "succeeded"},
    "FAIL": {"status": "completed", "result": "failed"},
    "ABORT": {"status": "completed", "result": "cancelled"},
}
_BEFORE_START: Detail = {"status": "queued"}
_LOG_URLS = (
    ("airflow", "taskInstance", "log_url"),
    ("spark_applicationDetails", "historyUrl"),
    ("spark_applicationDetails", "uiWebUrl"),
)
_MOST_TAGS = 64
_LONGEST_TAG_NAME = 128
_MOST_REMEMBERED = 10_000  # runs
_OWN_TAG = "openlineage_client_version"  # added by the client to every event, of no use to anybody
_HTTPS = re.compile(r"https://[^\s\x00-\x1f\x7f@/]+(?:/[^\s\x00-\x1f\x7f]*)?\Z")
_encoder = msgspec.json.Encoder(order="deterministic")


class LineageAdapter:
    """Makes job events of run events; threads may share it."""

    def __init__(self, rules: LineageRules) -> None:
        self._rules = rules
        self._identities = RunIdentities(airflow_attempts=rules.airflow_attempts)
        self._left_out: OrderedDict[str, None] = OrderedDict()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def job_event(self, event: Mapping[str, Any]) -> Detail | None:
        """Return the detail of the job event for a run *event*.

        It is None for a job of a type that is left out. Raises UnusableEvent where the event does
        not say which job it is about, or when it occurred.
        """
        if self._process != os.getpid():  # somebody may have held it when this process was forked
            self._process, self._lock = os.getpid(), threading.Lock()
        with self._lock:
            identity = self._identities.identify(event)
            return None if self._is_left_out(event) else _identified(self._detail(event, identity))

    def _is_left_out(self, event: Mapping[str, Any]) -> bool:
        """Return whether the run's job is of a type that is left out, as an event of it told."""
        run_id = str(at(event, "run", "runId"))
        job_type = text(event, "job", "facets", "jobType", "jobType")
        if not job_type:
            return run_id in self._left_out
        if self._rules.job_types.take(job_type):
            return False
        _remember(self._left_out, run_id, None)
        return True

    def _detail(self, event: Mapping[str, Any], identity: RunIdentity) -> Detail:
        kind = str(event.get("eventType") or "OTHER").upper()
        job, facets = members(event, "job"), members(event, "run", "facets")
        status = _STATES.get(kind, _BEFORE_START)
        detail: Detail = {
            "job_id": identity.job_id,
            "name": cut_text(identity.name),
            **_owner(job, self._rules),
            "occurred_at": event_time(event.get("eventTime")),
            "attempt": identity.attempt,
            **status,
        }
        if parent := self._identities.parent(facets, identity):
            detail["parent_job_id"] = parent
        if kind == "START":
            detail |= _description(job, facets, self._rules)
        if log_url := _log_url(facets):
            detail["log_url"] = log_url
        has_failed = status.get("result") in {"failed", "cancelled"}
        error = error_of(event, facets) if has_failed else reported_error(facets)
        if error and kind != "COMPLETE":
            detail["error"] = error
        if totals := totals_of(event, identity.attempt):
            detail["running_totals"] = totals
        return detail


def _remember(known: OrderedDict[Any, Any], key: object, value: object) -> None:
    known[key] = value
    known.move_to_end(key)
    if len(known) > _MOST_REMEMBERED:
        known.popitem(last=False)


def _identified(detail: Detail) -> Detail:
    """Return *detail* with an event id made of it.

    Clocks are coarse: of two events of one time, latest values and running totals are those of the
    greater id. So ids of ends are greater than all others.
    """
    digest = hashlib.blake2b(_encoder.encode(detail), digest_size=16).hexdigest()
    kind = "olend" if detail.get("status") == "completed" else "ol"
    return detail | {"event_id": f"{kind}-{digest}"}


def _owner(job: Mapping[str, Any], rules: LineageRules) -> Detail:
    namespace, name = str(job.get("namespace")), str(job.get("name"))
    found: Detail = {}
    for field, pattern in rules.owner_of(namespace)._asdict().items():
        value = _filled(pattern, namespace, name)
        if not value:
            raise UnusableEvent(f"no {field} for the namespace {namespace!r:.80}")
        found[field] = to_identifier(value)
    return found


def _filled(pattern: str, namespace: str, name: str) -> str:
    values = {"namespace": namespace, "name": name, "root": name.partition(".")[0]}
    return re.sub(r"\{(namespace|name|root)\}", lambda found: values[found[1]], pattern)


def _description(job: Mapping[str, Any], facets: Mapping[str, Any], rules: LineageRules) -> Detail:
    engine = members(facets, "processing_engine")
    kind = at(job, "facets", "jobType")
    described = {
        "namespace": job.get("namespace"),
        "engine": " ".join(
            part for part in map(engine.get, ("name", "version")) if isinstance(part, str)
        ),
        "integration": at(kind, "integration"),
        "job_type": at(kind, "jobType"),
        "nominal_start": at(facets, "nominalTime", "nominalStartTime"),
        "nominal_end": at(facets, "nominalTime", "nominalEndTime"),
    }
    tags = {name: str(value) for name, value in rules.tags.items()}
    for name, value in (*described.items(), *_tags(job), *_tags({"facets": facets})):
        if isinstance(value, str) and value and len(tags) < _MOST_TAGS:
            tags.setdefault(name, value)
    short = {cut_text(name, _LONGEST_TAG_NAME): cut_text(value) for name, value in tags.items()}
    return {"tags": short, "heartbeat_seconds": rules.heartbeat_seconds}


def _tags(holder: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for tag in items(holder, "facets", "tags", "tags"):
        name = at(tag, "key")
        if isinstance(name, str) and name and name != _OWN_TAG:
            yield name, at(tag, "value")


def _log_url(facets: Mapping[str, Any]) -> str | None:
    for path in _LOG_URLS:
        url = at(facets, *path)
        if isinstance(url, str) and len(cut_text(url)) == len(url) and _HTTPS.match(url):
            return url
    return None
