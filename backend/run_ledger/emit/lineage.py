"""From the run events of OpenLineage to job events: a pure function of the event and the rules.

| OpenLineage | ledger |
|---|---|
| run id | `job_id`; the parent facet's run id is `parent_job_id` |
| job namespace and name | `client_id`, `project_id`, `pipeline` by the rules; `name` |
| START, RUNNING | `running` |
| COMPLETE, FAIL, ABORT | `completed`: `succeeded`, `failed`, `cancelled` |
| OTHER, or no type | an event without a status |
| `errorMessage` facet | `error`, its stack trace left out, obvious secrets blanked |
| `outputStatistics`, `inputStatistics` | counters, from the event that ends the run |
| `nominalTime`, `processing_engine`, `jobType`, `tags` facets | tags, from START |
| Airflow's facet | `attempt`, `log_url` |

**Statistics count once.** Engines repeat them with every RUNNING, as sums so far, so only the event
that ends a run is counted. They travel in an event of their own whose id is made from the run
alone: however often a run's end is reported, even with other statistics, the ledger adds them once.
The id of every other event is made from its content.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from run_ledger.domain import instants
from run_ledger.domain.contract.vocabulary import MAX_COUNT
from run_ledger.emit.counting.outgoing_events import cut_text
from run_ledger.emit.counting.redaction import redacted
from run_ledger.emit.identity.identifiers import to_identifier

Detail = dict[str, Any]
_STATES: dict[str, Detail] = {
    "START": {"status": "running"},
    "RUNNING": {"status": "running"},
    "COMPLETE": {"status": "completed", "result": "succeeded"},
    "FAIL": {"status": "completed", "result": "failed"},
    "ABORT": {"status": "completed", "result": "cancelled"},
}
_COUNTERS = {
    "outputs": (
        ("outputFacets", "outputStatistics"),
        {"rowCount": "records_ok", "size": "output_bytes", "fileCount": "output_files"},
    ),
    "inputs": (
        ("inputFacets", "inputStatistics"),
        {"rowCount": "input_records", "size": "input_bytes", "fileCount": "input_files"},
    ),
}
_LOG_URLS = (
    ("airflow", "taskInstance", "log_url"),
    ("spark_applicationDetails", "historyUrl"),
    ("spark_applicationDetails", "uiWebUrl"),
)
_MOST_TAGS = 64
_LONGEST_TAG_NAME = 128
_OWN_TAG = "openlineage_client_version"  # added by the client to every event, of no use to anybody
_HTTPS = re.compile(r"https://[^\s\x00-\x1f\x7f@/]+(?:/[^\s\x00-\x1f\x7f]*)?\Z")
_TYPED = re.compile(
    r"(?P<type>[A-Za-z_$][\w$.]*(?:Error|Exception|Failure|Fault|Timeout|Interrupt|Exit))"
    r"(?:: *(?P<message>.*)|\Z)",
    re.DOTALL,
)
_TRACE = re.compile(r"\n\s*(?:Traceback \(most recent call last\)|at [\w.$<>]+\(|File \")")
_encoder = msgspec.json.Encoder(order="deterministic")


class Owner(NamedTuple):
    """Patterns for whose a job is; `{namespace}`, `{name}` and `{root}` are filled in.

    `{root}` is the name up to its first dot: for an Airflow task, the DAG.
    """

    client_id: str = ""
    project_id: str = "{namespace}"
    pipeline: str = "{name}"


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


class UnusableEvent(ValueError):
    """A run event from which no job event can be made; the message says what is missing."""


class LineageEvents(NamedTuple):
    """The details of the job events for one run event; `statistics` only where a run ended."""

    state: Detail
    statistics: Detail | None


def lineage_events(event: Mapping[str, Any], rules: LineageRules) -> LineageEvents:
    """Return the job events for a run *event*; raise UnusableEvent where it names no job."""
    kind = str(event.get("eventType") or "OTHER").upper()
    run, job = _members(event, "run"), _members(event, "job")
    facets = _members(run, "facets")
    base = _identity(event, job, rules) | {
        "occurred_at": _time(event.get("eventTime")),
        "attempt": _attempt(facets) if rules.airflow_attempts else 1,
        **_STATES.get(kind, {}),
    }
    parent = _at(facets, "parent", "run", "runId")
    if isinstance(parent, str) and parent and to_identifier(parent) != base["job_id"]:
        base["parent_job_id"] = to_identifier(parent)
    if kind == "START":
        base |= _description(job, facets, rules)
    if log_url := _log_url(facets):
        base["log_url"] = log_url
    if kind != "COMPLETE" and (error := _error(facets)):
        base["error"] = error
    statistics = None
    if base.get("status") == "completed" and (delta := _counted(event)):
        about_run = [base["job_id"], base["attempt"], "statistics"]
        statistics = _identified(base | {"delta": delta}, about_run)
    return LineageEvents(_identified(base, base), statistics)


def _identified(detail: Detail, identity: Any) -> Detail:
    """Return *detail* with an event id made from *identity*, where its time is known.

    Without a time the sender fills in the present one, so a repeat would have another content.
    """
    if detail["occurred_at"] is None:
        return {name: value for name, value in detail.items() if name != "occurred_at"}
    digest = hashlib.blake2b(_encoder.encode(identity), digest_size=16).hexdigest()
    return detail | {"event_id": f"ol-{digest}"}


def _identity(event: Mapping[str, Any], job: Mapping[str, Any], rules: LineageRules) -> Detail:
    run_id = _at(event, "run", "runId")
    namespace, name = job.get("namespace"), job.get("name")
    for value, field in ((run_id, "run.runId"), (namespace, "job.namespace"), (name, "job.name")):
        if not isinstance(value, str) or not value:
            raise UnusableEvent(f"{field} is {value!r:.80}; allowed: text")
    owner = rules.owner_of(str(namespace))
    identity: Detail = {"job_id": to_identifier(str(run_id)), "name": cut_text(name)}
    for field, pattern in owner._asdict().items():
        value = _filled(pattern, str(namespace), str(name))
        if not value:
            raise UnusableEvent(f"no {field} for the namespace {namespace!r:.80}")
        identity[field] = to_identifier(value)
    return identity


def _filled(pattern: str, namespace: str, name: str) -> str:
    values = {"namespace": namespace, "name": name, "root": name.partition(".")[0]}
    return re.sub(r"\{(namespace|name|root)\}", lambda found: values[found[1]], pattern)


def _time(text: Any) -> str | None:
    """Return the time *text* in the contract's form; one without a zone is taken as UTC."""
    try:
        moment = datetime.fromisoformat(text)
        zoned = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        instant = instants.from_datetime(zoned)
    except (TypeError, ValueError, OverflowError):
        return None
    return instants.text(instant) if instants.EARLIEST <= instant <= instants.LATEST else None


def _attempt(facets: Mapping[str, Any]) -> int:
    number = _at(facets, "airflow", "taskInstance", "try_number")
    return max(1, _count(number) or 1)


def _description(job: Mapping[str, Any], facets: Mapping[str, Any], rules: LineageRules) -> Detail:
    engine = _members(facets, "processing_engine")
    kind = _at(job, "facets", "jobType")
    described = {
        "namespace": job.get("namespace"),
        "engine": " ".join(
            part for part in map(engine.get, ("name", "version")) if isinstance(part, str)
        ),
        "integration": _at(kind, "integration"),
        "job_type": _at(kind, "jobType"),
        "nominal_start": _at(facets, "nominalTime", "nominalStartTime"),
        "nominal_end": _at(facets, "nominalTime", "nominalEndTime"),
    }
    tags = {name: str(value) for name, value in rules.tags.items()}
    for name, value in (*described.items(), *_tags(job), *_tags({"facets": facets})):
        if isinstance(value, str) and value and len(tags) < _MOST_TAGS:
            tags.setdefault(name, value)
    short = {cut_text(name, _LONGEST_TAG_NAME): cut_text(value) for name, value in tags.items()}
    return {"tags": short, "heartbeat_seconds": rules.heartbeat_seconds}


def _tags(holder: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    tags = _at(holder, "facets", "tags", "tags")
    for tag in tags if isinstance(tags, list) else []:
        name = _at(tag, "key")
        if isinstance(name, str) and name and name != _OWN_TAG:
            yield name, _at(tag, "value")


def _log_url(facets: Mapping[str, Any]) -> str | None:
    for path in _LOG_URLS:
        url = _at(facets, *path)
        if isinstance(url, str) and len(cut_text(url)) == len(url) and _HTTPS.match(url):
            return url
    return None


def _error(facets: Mapping[str, Any]) -> dict[str, str] | None:
    text = _at(facets, "errorMessage", "message")
    if not isinstance(text, str) or not text.strip():
        return None
    kind, message = "Error", _TRACE.split(f"\n{text.strip()}", maxsplit=1)[0].strip()
    if not message:  # nothing but a traceback, whose last line says what it was
        message = text.strip().splitlines()[-1].strip()
    if typed := _TYPED.match(message):
        kind, message = typed["type"], (typed["message"] or "").strip()
    return {"type": cut_text(kind), "message": cut_text(redacted(message))}


def _counted(event: Mapping[str, Any]) -> dict[str, int]:
    """Return the statistics summed over all distinct datasets, such as ``{"records_ok": 5}``."""
    sums: dict[str, int] = {}
    for side, (path, counters) in _COUNTERS.items():
        for statistics in _by_dataset(event.get(side), path):
            for field, counter in counters.items():
                sums[counter] = sums.get(counter, 0) + (_count(statistics.get(field)) or 0)
    return {counter: value for counter, value in sums.items() if 0 < value <= MAX_COUNT}


def _by_dataset(datasets: Any, path: tuple[str, ...]) -> list[Mapping[str, Any]]:
    """Return the statistics of each dataset; the last ones where it is listed twice."""
    found: dict[object, Mapping[str, Any]] = {}
    for dataset in datasets if isinstance(datasets, list) else []:
        statistics = _at(dataset, *path)
        if isinstance(statistics, Mapping):
            names = _at(dataset, "namespace"), _at(dataset, "name")
            nameless = not all(isinstance(name, str) for name in names)
            found[len(found) if nameless else names] = statistics
    return list(found.values())


def _count(value: Any) -> int | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_COUNT
    return value if is_count else None


def _members(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = holder.get(name)
    return found if isinstance(found, Mapping) else {}


def _at(holder: Any, *path: str) -> Any:
    for name in path:
        if not isinstance(holder, Mapping):
            return None
        holder = holder.get(name)
    return holder
