"""The metrics that exist: AWS's own, as its documentation lists them, and those we emit.

The lists hold only what dashboard and alarms may show, each with its sets of dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping

from run_ledger import (
    account_events,
    api,
    courier,
    metrics,
    prover,
    sweeper,
    teller,
    writer,
)
from run_ledger.compacting import compactor
from run_ledger.digesting import digester
from run_ledger.pushing import pusher

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
        # The last one only while an alias gives work to two versions, as "Types of metrics for
        # Lambda functions" says.
        [
            {"FunctionName"},
            {"FunctionName", "Resource"},
            {"FunctionName", "Resource", "ExecutedVersion"},
        ],
    ),
    "AWS/DynamoDB": (
        {
            "ConsumedReadCapacityUnits",
            "ConsumedWriteCapacityUnits",
            "ReadThrottleEvents",
            "WriteThrottleEvents",
        },
        [{"TableName"}, {"TableName", "GlobalSecondaryIndexName"}],
    ),
    "AWS/Events": (
        {"FailedInvocations", "InvocationsFailedToBeSentToDlq", "ThrottledRules"},
        # Those with the rule's name alone are of the default bus.
        [{"EventBusName", "RuleName"}],
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
_OURS = {
    "writer": writer.UNITS,
    "reader": api.UNITS,
    "sweeper": sweeper.UNITS,
    "aws-jobs": account_events.UNITS,
    "prover": prover.UNITS,
    "compactor": compactor.UNITS,
    "teller": teller.UNITS,
    "courier": courier.UNITS,
    "digester": digester.UNITS,
    "pusher": pusher.UNITS,
}


def dimensions_of(namespace: str, name: str, dimensions: Mapping[str, str]) -> list[set[str]]:
    """Return a metric's sets of dimensions, or none if there is no such metric."""
    if namespace == metrics.NAMESPACE:
        emitted = name in _OURS.get(dimensions.get("function", ""), {})
        return [set(metrics.DIMENSIONS)] if emitted else []
    names, sets = _AWS.get(namespace, (set(), []))
    return sets if name in names else []
