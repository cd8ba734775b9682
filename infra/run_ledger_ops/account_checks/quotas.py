"""Quotas that a stage counts against, compared with what the account has already.

The numbers are AWS's defaults, which an account may have had raised; of IAM, the account's own. A
default that would be passed is a notice; IAM's own number ends the deployment.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage


class Quota(NamedTuple):
    """How many of a type an account may have by default, and the call that lists them."""

    kind: str
    default: int
    service: str
    operation: str
    arguments: Mapping[str, Any]
    path: tuple[str, ...]


QUOTAS = (
    Quota("AWS::Events::EventBus", 100, "events", "list_event_buses", {}, ("EventBuses",)),
    Quota("AWS::DynamoDB::Table", 2_500, "dynamodb", "list_tables", {}, ("TableNames",)),
    Quota(
        *("AWS::Cognito::UserPool", 1_000, "cognito-idp", "list_user_pools"),
        *({"MaxResults": 60}, ("UserPools",)),
    ),
    Quota("AWS::Serverless::Api", 600, "apigateway", "get_rest_apis", {"limit": 500}, ("items",)),
    Quota(
        *("AWS::CloudWatch::Alarm", 5_000, "cloudwatch", "describe_alarms"),
        *({"MaxRecords": 100}, ("MetricAlarms",)),
    ),
    Quota("AWS::S3::Bucket", 10_000, "s3", "list_buckets", {}, ("Buckets",)),
    Quota(
        *("AWS::CloudFront::Distribution", 500, "cloudfront", "list_distributions"),
        *({}, ("DistributionList", "Items")),
    ),
    Quota(
        *("AWS::CloudFront::OriginAccessControl", 100, "cloudfront", "list_origin_access_controls"),
        *({}, ("OriginAccessControlList", "Items")),
    ),
    Quota(
        *("AWS::CloudFront::ResponseHeadersPolicy", 20, "cloudfront"),
        *("list_response_headers_policies", {"Type": "custom", "MaxItems": "100"}),
        ("ResponseHeadersPolicyList", "Items"),
    ),
)
# IAM says both in one answer: how many there are, and how many there may be.
_OF_IAM = {
    "AWS::IAM::Role": ("Roles", "RolesQuota"),
    "AWS::IAM::ManagedPolicy": ("Policies", "PoliciesQuota"),
}
_ROLES_OF_THE_TRANSFORM = 1  # CodeDeploy's


def look(client: Callable[[str], Any], planned: PlannedStage) -> Looked:
    """Say which quotas the stage would pass; one that may not be looked at is left out."""
    notices = []
    for quota in QUOTAS:
        wanted = planned.adds(quota.kind)
        if not wanted:
            continue
        try:
            present = _count(client(quota.service), quota)
        except ClientError:
            continue  # CloudFormation names the missing right, if it is one that is needed
        if present + wanted > quota.default:
            notices.append(Notice(_words(quota.kind, present, wanted, quota.default, "by default")))
    return Looked((*notices, *_iam(client("iam"), planned)))


def _iam(iam: Any, planned: PlannedStage) -> Iterator[Notice]:
    if not any(planned.adds(kind) for kind in _OF_IAM):
        return
    summary = iam.get_account_summary()["SummaryMap"]
    for kind, (present, most) in _OF_IAM.items():
        wanted = planned.adds(kind) + (_ROLES_OF_THE_TRANSFORM if kind.endswith("Role") else 0)
        if summary[present] + wanted > summary[most]:
            words = _words(kind, summary[present], wanted, summary[most], "in this account")
            yield Notice(words, blocks=True)


def _words(kind: str, present: int, wanted: int, most: int, whose: str) -> str:
    return (
        f"The account has {present:,} of {kind.removeprefix('AWS::')}, this stage adds {wanted}, "
        f"and {most:,} is the most {whose}: delete some, or ask for more at Service Quotas."
    )


def _count(client: Any, quota: Quota) -> int:
    """Return how many there are; of what comes without pages, those of the first answer."""
    if client.can_paginate(quota.operation):
        pages = client.get_paginator(quota.operation).paginate(**quota.arguments)
    else:
        pages = [getattr(client, quota.operation)(**quota.arguments)]
    return sum(len(_at(page, quota.path)) for page in pages)


def _at(page: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        page = page.get(name, ())
    return page
