"""The dashboard's widgets: metrics, queries and links, in rows of a grid 24 wide."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from run_ledger.store.dynamo.table_names import Tables
from run_ledger.store.items.keys import BY_CLIENT, BY_DAY, BY_DUE, BY_OPEN, BY_TIME, PARTITION_KEYS
from run_ledger.store.items.rejection_items import BY_DAY_SHARD

from . import links
from .queries import QUERIES

Widget = dict[str, Any]
WIDTH = 24
TABLES = (*Tables._fields, "listeners")
QUEUES = {"updates": "queue", "updates-dead": "dead letters", "rule-dead": "rule's dead letters"}
# There only where a customer's key is, jobs of AWS are, or the stage tells: else their lines stay
# empty.
BUS_DEAD, TELLER_DEAD = "bus-dead", "teller-dead"
DELIVERIES, DELIVERIES_DEAD = "deliveries", "deliveries-dead"
AWS_JOBS, AWS_JOBS_DEAD = "aws-jobs", "aws-jobs-dead"
ACTS, ACTS_DEAD = "acts", "acts-dead"
INDEXES = {
    "jobs": tuple(PARTITION_KEYS),
    "projects": (BY_CLIENT, BY_DUE),
    "rejections": (BY_DAY, BY_DAY_SHARD),
    "incidents": (BY_DUE, BY_TIME, BY_CLIENT, BY_OPEN),
}
FUNCTIONS = ("writer", "reader", "sweeper", "prover", "compactor")
_BY_NAME = {query.name: query for query in QUERIES}
_STAGE, _REGION = links.STAGE, links.REGION


class MetricLine(NamedTuple):
    """One metric of a chart."""

    namespace: str
    metric: str
    dimensions: tuple[str, ...]
    label: str
    stat: str = "Sum"
    right: bool = False

    def as_json(self) -> list[Any]:
        """Return the line as CloudWatch takes it."""
        options: dict[str, Any] = {"label": self.label, "stat": self.stat}
        if self.right:
            options["yAxis"] = "right"
        return [self.namespace, self.metric, *self.dimensions, options]


def _ours(
    metric: str, function: str, label: str, stat: str = "Sum", *, right: bool = False
) -> MetricLine:
    return MetricLine(
        "RunLedger", metric, ("stage", _STAGE, "function", function), label, stat, right
    )


def _queue(
    metric: str, name: str, label: str, stat: str = "Maximum", *, right: bool = False
) -> MetricLine:
    return MetricLine(
        "AWS/SQS", metric, ("QueueName", f"run-ledger-{_STAGE}-{name}"), label, stat, right
    )


def _lambda(metric: str, function: str, label: str, stat: str = "Sum") -> MetricLine:
    name = f"run-ledger-{_STAGE}-{function}"
    return MetricLine("AWS/Lambda", metric, ("FunctionName", name), label, stat)


def _table(metric: str, name: str) -> MetricLine:
    return MetricLine("AWS/DynamoDB", metric, ("TableName", f"run-ledger-{_STAGE}-{name}"), name)


def _index(metric: str, table: str, name: str) -> MetricLine:
    dimensions = ("TableName", f"run-ledger-{_STAGE}-{table}", "GlobalSecondaryIndexName", name)
    return MetricLine("AWS/DynamoDB", metric, dimensions, f"{table}/{name}")


def _rule(metric: str, label: str) -> MetricLine:
    names = (f"run-ledger-{_STAGE}", f"run-ledger-{_STAGE}-updates")
    dimensions = ("EventBusName", names[0], "RuleName", names[1])
    return MetricLine("AWS/Events", metric, dimensions, label)


def _api(metric: str, label: str, stat: str = "Sum") -> MetricLine:
    dimensions = ("ApiName", f"run-ledger-{_STAGE}", "Stage", "api")
    return MetricLine("AWS/ApiGateway", metric, dimensions, label, stat)


def _intake_api(metric: str, label: str, stat: str = "Sum") -> MetricLine:
    """Return a line that stays empty in a stage without an intake."""
    dimensions = ("ApiName", f"run-ledger-{_STAGE}-intake", "Stage", "intake")
    return MetricLine("AWS/ApiGateway", metric, dimensions, label, stat)


def _sign_ins(metric: str, client: str, label: str) -> MetricLine:
    dimensions = ("UserPool", "${UserPool}", "UserPoolClient", f"${{{client}}}")
    return MetricLine("AWS/Cognito", metric, dimensions, label)


def _chart(title: str, *lines: MetricLine) -> Widget:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "region": _REGION,
            "view": "timeSeries",
            "period": 300,
            "metrics": [line.as_json() for line in lines],
        },
    }


def _asked(name: str) -> Widget:
    query = _BY_NAME[name]
    source = f"SOURCE '{links.function_log_group(query.function)}'"
    return {
        "type": "log",
        "properties": {
            "title": query.name,
            "region": _REGION,
            "view": query.view,
            "query": f"{source} | {query.text}",
        },
    }


def _links() -> Widget:
    groups = {name: links.function_log_group(name) for name in FUNCTIONS}
    groups["API access"] = links.access_log_group()
    kinds = {
        "Logs": [f"[{name}]({links.log_group(group)})" for name, group in groups.items()],
        "Ask": [f"[{query.name}]({links.insights(query)})" for query in QUERIES],
        "Queues": [f"[{label}]({links.queue(name)})" for name, label in QUEUES.items()],
        "Tables": [f"[{name}]({links.table(name)})" for name in TABLES],
        "Runbook": ["${RunbookUrl}"],
    }
    text = "\n\n".join(f"**{kind}:** {', '.join(each)}" for kind, each in kinds.items())
    return {"type": "text", "properties": {"markdown": f"# Run Ledger, {_STAGE}\n\n{text}"}}


def _intake() -> tuple[Widget, ...]:
    visible = "ApproximateNumberOfMessagesVisible"
    dead = {name: label for name, label in QUEUES.items() if name.endswith("dead")}
    return (
        _chart(
            "Queue: depth and age",
            _queue(visible, "updates", "waiting"),
            _queue("ApproximateNumberOfMessagesNotVisible", "updates", "in work"),
            _queue("ApproximateAgeOfOldestMessage", "updates", "oldest, seconds", right=True),
            _queue(visible, ACTS, "acts on incidents"),
        ),
        _chart(
            "Dead letters",
            *(_queue(visible, name, label) for name, label in dead.items()),
            _queue(visible, BUS_DEAD, "bus's dead letters"),
            _queue(visible, AWS_JOBS_DEAD, "dead letters of jobs of AWS"),
            _queue(visible, TELLER_DEAD, "teller's dead letters"),
            _queue(visible, DELIVERIES_DEAD, "courier's dead letters"),
            _queue(visible, ACTS_DEAD, "dead letters of acts"),
        ),
        _chart(
            "From event to ledger, seconds",
            _ours("BusSeconds", "writer", "since the bus, p50", "p50"),
            _ours("BusSeconds", "writer", "since the bus, p99", "p99"),
        ),
    )


def _bus() -> Widget:
    return _chart(
        "Bus: what it could not hand on",
        _rule("FailedInvocations", "given up"),
        _rule("InvocationsFailedToBeSentToDlq", "lost"),
        _rule("ThrottledRules", "held back by the account's quota"),
    )


def _events() -> Widget:
    return _chart(
        "Events",
        _ours("Posted", "writer", "posted"),
        _ours("Duplicates", "writer", "duplicates"),
        _ours("Rejected", "writer", "rejected"),
        _ours("Failed", "writer", "failed for now"),
    )


def _writer() -> tuple[Widget, ...]:
    return (
        _chart(
            "Writer: duration, ms",
            _lambda("Duration", "writer", "p50", "p50"),
            _lambda("Duration", "writer", "p95", "p95"),
            _lambda("Duration", "writer", "longest", "Maximum"),
        ),
        _chart(
            "Writer: errors, throttles, concurrency",
            _lambda("Errors", "writer", "errors"),
            _lambda("Throttles", "writer", "throttles"),
            _lambda("ConcurrentExecutions", "writer", "at once", "Maximum"),
            _lambda("Errors", "sweeper", "failed sweeps"),
        ),
        _chart(
            "Write units by table", *(_table("ConsumedWriteCapacityUnits", name) for name in TABLES)
        ),
        _chart("Throttles by table and index", *_throttles()),
    )


def _proof() -> Widget:
    return _chart(
        "Proof: differing jobs, errors",
        _ours("Differing", "prover", "differing", "Maximum"),
        _lambda("Errors", "prover", "errors"),
        _lambda("Errors", "compactor", "compactor's errors"),
        _ours("BehindSeconds", "compactor", "compaction behind, seconds", "Maximum", right=True),
    )


def _throttles() -> Iterator[MetricLine]:
    """Yield the throttled calls of tables, and of their indexes, which those leave out."""
    yield _ours("Throttled", "writer", "the writer's calls")
    for metric in ("WriteThrottleEvents", "ReadThrottleEvents"):
        yield from (_table(metric, name) for name in TABLES)
        yield from (_index(metric, name, index) for name in INDEXES for index in INDEXES[name])


def _reading() -> tuple[Widget, ...]:
    return (
        _chart(
            "API: requests and refusals",
            _api("Count", "requests"),
            _api("4XXError", "4xx"),
            _api("5XXError", "5xx"),
        ),
        _chart(
            "API: latency, ms", *(_api("Latency", stat, stat) for stat in ("p50", "p95", "p99"))
        ),
        _chart(
            "Intake: requests and refusals",
            _intake_api("Count", "requests"),
            _intake_api("4XXError", "4xx"),
            _intake_api("5XXError", "5xx"),
            _lambda("Throttles", "intake", "throttles"),
        ),
        _chart(
            "Jobs of AWS",
            _queue("NumberOfMessagesSent", AWS_JOBS, "events", "Sum"),
            _ours("NotUnderstood", AWS_JOBS, "not understood"),
            _ours("ReconcileFailed", AWS_JOBS, "failed looks"),
            _lambda("Errors", AWS_JOBS, "errors"),
        ),
        _chart(
            "Sign-ins",
            _sign_ins("SignInSuccesses", "SiteClient", "site"),
            _sign_ins("SignInSuccesses", "DashboardClient", "analysts' app"),
            _sign_ins("TokenRefreshSuccesses", "SiteClient", "site, renewed"),
        ),
    )


def _telling() -> Widget:
    return _chart(
        "Notices to people",
        _queue("ApproximateAgeOfOldestMessage", DELIVERIES, "oldest, seconds", right=True),
        _ours("NotDelivered", "courier", "tries that failed"),
        _ours("GivenUp", "courier", "given up"),
        _ours("NotTold", "teller", "not told yet"),
        _lambda("Errors", "courier", "errors"),
        _lambda("Errors", "digester", "digests that failed"),
        _ours("NotPushed", "pusher", "pages not told of changes"),
    )


def _rows() -> Sequence[tuple[int, Sequence[Widget]]]:
    """Return rows of widgets that share the width, each with its height."""
    return (
        (5, (_links(),)),
        (6, (_asked("Ended attempts by result"), _asked("Running, queued, stalled"), _bus())),
        (7, (_asked("Recent failed attempts"), _asked("Failed attempts by error"))),
        (6, (_asked("Running and stalled by client"), _asked("Newest event, seconds ago"))),
        (6, _intake()),
        (6, (_events(), _asked("Rejected events by reason"), _asked("Duplicates met"))),
        (6, (_asked("Slowest writes"), _asked("Events that could not be posted"), _proof())),
        (6, _writer()),
        (6, _reading()[:2]),
        (6, (*_reading()[2:], _telling())),
        (6, (_asked("Slowest answers of the API"), _asked("Refusals of the API"))),
    )


def placed() -> list[Widget]:
    """Return all widgets with their places."""
    widgets = []
    y = 0
    for height, row in _rows():
        width = WIDTH // len(row)
        for place, widget in enumerate(row):
            at = {"x": place * width, "y": y, "width": width, "height": height}
            widgets.append({**at, **widget})
        y += height
    return widgets
