"""Whether AWS lets this account have a CloudFront distribution.

New accounts are refused until AWS's support has verified them, which a deployment learns after
minutes. No call of AWS says so beforehand. But a distribution that can't be made shows it: where
the account is refused, CreateDistribution says that; where it isn't, it finds the fault. The order
of its checks is not documented, so a fault that is found proves nothing, and is told as that.
"""

import time
from typing import Any

from botocore.exceptions import ClientError

from run_ledger_ops.account_checks.planned_stage import Looked, Notice, PlannedStage

_REFUSAL = "must be verified"
_DISTRIBUTION = "Distribution"
_NO_SUCH_POLICY = "00000000-0000-0000-0000-000000000000"
ASK = (
    "Ask AWS: open a case of the kind Account and billing at "
    "https://support.console.aws.amazon.com (it costs nothing, under any support plan), with the "
    "words `Please verify this account for Amazon CloudFront` and the message above. Until then, "
    "deploy with Site=false: all but the site works, and Site=true adds it later"
)
_UNPROVEN = (
    "Whether AWS lets this account have CloudFront is not certain: it has no distribution yet, and "
    "a call that can't succeed was refused for another reason than a missing verification. If the "
    f"deployment ends with `Your account {_REFUSAL}`, deploy with Site=false until AWS's support "
    "has verified the account"
)


def look(cloudfront: Any, planned: PlannedStage) -> Looked:
    """Say if the account is refused; it is not where it has a distribution already."""
    if _DISTRIBUTION not in planned.new:
        return Looked()
    if cloudfront.list_distributions(MaxItems="1")["DistributionList"].get("Items"):
        return Looked()
    try:
        cloudfront.create_distribution(DistributionConfig=_impossible())
    except ClientError as error:
        message = error.response["Error"].get("Message", "")
        if is_refusal(message):
            return Looked((Notice(f"CloudFront refuses this account: {message} {ASK}.", True),))  # noqa: FBT003 - the field's place says what it is
    return Looked((Notice(f"{_UNPROVEN}."),))


def is_refusal(text: str) -> bool:
    """Return whether words of AWS say that the account is not verified for CloudFront."""
    return _REFUSAL in text and "CloudFront" in text


def _impossible() -> dict[str, Any]:
    """Return a distribution whose cache policy does not exist, so that none is ever made."""
    origin = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    return {
        "CallerReference": f"run-ledger-check-{time.time_ns()}",
        "Comment": "Never made: a look at whether this account may have one.",
        "Enabled": False,
        "Origins": {
            "Quantity": 1,
            "Items": [{"Id": "o", "DomainName": "example.com", "CustomOriginConfig": origin}],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "https-only",
            "CachePolicyId": _NO_SUCH_POLICY,
        },
    }
