"""Whether the region has each service that a stage uses, and the account may use it.

Lists of which region has which service age, so each is asked for something small. Any answer, a
refusal too, shows that it is there.
"""

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

_SOCKETS = "AWS::ApiGatewayV2"
# By the first words of a type of resource: the service, what is asked of it, and its usual name.
QUESTIONS: Mapping[str, tuple[str, str, Mapping[str, Any], str]] = {
    "AWS::ApiGateway": ("apigateway", "get_rest_apis", {"limit": 1}, "API Gateway"),
    _SOCKETS: ("apigatewayv2", "get_apis", {"MaxResults": "1"}, "WebSocket APIs"),
    "AWS::CloudWatch": ("cloudwatch", "describe_alarms", {"MaxRecords": 1}, "CloudWatch"),
    "AWS::CodeDeploy": ("codedeploy", "list_applications", {}, "CodeDeploy"),
    "AWS::Cognito": ("cognito-idp", "list_user_pools", {"MaxResults": 1}, "Cognito user pools"),
    "AWS::DynamoDB": ("dynamodb", "list_tables", {"Limit": 1}, "DynamoDB"),
    "AWS::Events": ("events", "list_event_buses", {"Limit": 1}, "EventBridge"),
    "AWS::KMS": ("kms", "list_keys", {"Limit": 1}, "KMS"),
    "AWS::Lambda": ("lambda", "list_functions", {"MaxItems": 1}, "Lambda"),
    "AWS::Logs": ("logs", "describe_log_groups", {"limit": 1}, "CloudWatch Logs"),
    "AWS::SNS": ("sns", "list_topics", {}, "SNS"),
    "AWS::SQS": ("sqs", "list_queues", {"MaxResults": 1}, "SQS"),
}
EVERYWHERE = {"AWS::CloudFront", "AWS::IAM", "AWS::S3", "AWS::WAFv2"}
"""Services that are not asked: they are in no region, in all, or somebody named their resource."""
_MADE_OF = {"AWS::Serverless": {"AWS::Lambda", "AWS::ApiGateway"}}
_GRADUAL = "GradualRollout"
_PUSH = "Push"
_NOT_ACTIVE = {"OptInRequired", "SubscriptionRequiredException"}
_THREADS = 8


def needed(planned: PlannedStage) -> set[str]:
    """Return the first words of the types of all that the stage is made of."""
    kinds = {str(one["Type"]).rpartition("::")[0] for one in planned.template.resources.values()}
    made = set().union(*(_MADE_OF.get(kind, {kind}) for kind in kinds))
    unused = set() if planned.values.get(_PUSH) == "true" else {_SOCKETS}
    more = {"AWS::CodeDeploy"} if planned.values.get(_GRADUAL) == "true" else set()
    return made - unused | more


def look(client: Callable[[str], Any], region: str, planned: PlannedStage) -> Looked:
    """Say which services do not answer in the region, or not to this account."""
    questions = [QUESTIONS[kind] for kind in sorted(needed(planned) & QUESTIONS.keys())]
    clients = {service: client(service) for service, *_ in questions}
    with ThreadPoolExecutor(_THREADS) as pool:
        troubles = list(pool.map(lambda one: _trouble(clients[one[0]], *one[1:3]), questions))
    return Looked(tuple(_notices(region, zip(questions, troubles, strict=True))))


def _trouble(client: Any, operation: str, arguments: Mapping[str, Any]) -> str | None:
    try:
        getattr(client, operation)(**arguments)
    except EndpointConnectionError:
        return "absent"
    except ClientError as error:
        return "inactive" if error.response["Error"]["Code"] in _NOT_ACTIVE else None
    return None


def _notices(
    region: str, found: Iterable[tuple[tuple[str, str, Mapping[str, Any], str], str | None]]
) -> Iterable[Notice]:
    by_trouble: dict[str, list[str]] = {}
    for (*_, name), trouble in found:
        if trouble is not None:
            by_trouble.setdefault(trouble, []).append(name)
    if "absent" in by_trouble:
        names = ", ".join(by_trouble["absent"])
        yield Notice(
            f"No answer from {names} in {region}: the region does not have all that a stage is "
            "made of, or this machine's network does not reach it. "
            "https://builder.aws.com/build/capabilities lists services by region.",
            blocks=True,
        )
    if "inactive" in by_trouble:
        names = ", ".join(by_trouble["inactive"])
        yield Notice(
            f"This account may not use {names} yet: finish its sign-up (payment, phone number), "
            "which AWS confirms by e-mail within a day.",
            blocks=True,
        )
