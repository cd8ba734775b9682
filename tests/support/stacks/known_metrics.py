"""Metrics that there are: AWS's own, as its documents list them, and those that we emit.

Only what dashboard and alarms may show, with each set of dimensions that it comes with.
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger import api, metrics, sweeper, writer

_AWS: dict[str, tuple[set[str], list[set[str]]]] = {
    "AWS/SQS": (
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
            "NumberOfMessagesSent",
        },
        [{"QueueName"}],
    ),
    "AWS/Lambda": (
        {"ConcurrentExecutions", "Duration", "Errors", "Invocations", "Throttles"},
        [{"FunctionName"}, {"FunctionName", "Resource"}],
    ),
    "AWS/DynamoDB": (
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
        [{"TableName"}],
    ),
    "AWS/ApiGateway": (
        {"4XXError", "5XXError", "Count", "IntegrationLatency", "Latency"},
        [{"ApiName"}, {"ApiName", "Stage"}],
    ),
    "AWS/Cognito": (
        {"SignInSuccesses", "SignInThrottles", "TokenRefreshSuccesses"},
        [{"UserPool", "UserPoolClient"}],
    ),
}
_OURS = {"writer": writer.UNITS, "reader": api.UNITS, "sweeper": sweeper.UNITS}


def dimensions_of(namespace: str, name: str, dimensions: Mapping[str, str]) -> list[set[str]]:
    """Return the sets of dimensions that a metric comes with; none where there is no such one."""
    if namespace == metrics.NAMESPACE:
        emitted = name in _OURS.get(dimensions.get("function", ""), {})
        return [set(metrics.DIMENSIONS)] if emitted else []
    names, sets = _AWS.get(namespace, (set(), []))
    return sets if name in names else []
