"""An account that AWS has not verified for CloudFront is found before anything is made.

The refusal is AWS's own: CreateDistribution answers AccessDenied, 403, with these words (seen in
hashicorp/terraform-provider-aws, pull request 36663). NoSuchCachePolicy is among the errors of
CreateDistribution in CloudFront's API reference.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import ANY
from tests.support.stacks.accounts import planned, stubbed

from run_ledger_ops.account_checks import cloudfront
from run_ledger_ops.commands import deploy
from run_ledger_ops.deploying.stacks import StackFailedError

REFUSAL = (
    "Your account must be verified before you can add new CloudFront resources. To verify your "
    "account, please contact AWS Support (https://console.aws.amazon.com/support/home#/) and "
    "include this error message."
)
NONE_THERE = {
    "Marker": "",
    "MaxItems": 1,
    "IsTruncated": False,
    "Quantity": 0,
}


def look(code: str, message: str, **stage: Any) -> Any:
    """Look at an account without a distribution, where CreateDistribution is refused so."""
    client, stub = stubbed("cloudfront")
    stub.add_response("list_distributions", {"DistributionList": NONE_THERE}, {"MaxItems": "1"})
    stub.add_client_error(
        "create_distribution", code, message, 403, expected_params={"DistributionConfig": ANY}
    )
    found = cloudfront.look(client, planned(**stage))
    stub.assert_no_pending_responses()
    return found


def test_refused_account_is_told_what_to_ask_aws_for() -> None:
    """The deployment ends at once, with AWS's message, whom to ask, and what works meanwhile."""
    (notice,) = look("AccessDenied", REFUSAL).notices
    assert notice.blocks
    assert REFUSAL in notice.text
    assert "Please verify this account for Amazon CloudFront" in notice.text
    assert "Site=false" in notice.text


@pytest.mark.parametrize("code", ["NoSuchCachePolicy", "InvalidArgument", "AccessDenied"])
def test_what_cannot_be_known_is_said(code: str) -> None:
    """Any other refusal proves nothing, as the order of CloudFront's checks is not documented."""
    (notice,) = look(code, "something else").notices
    assert not notice.blocks
    assert "not certain" in notice.text


def test_call_can_not_succeed() -> None:
    """Its cache policy can't exist, and it would be disabled: there is no trace to clean up."""
    client, stub = stubbed("cloudfront")
    asked: list[dict[str, Any]] = []
    client.meta.events.register(
        "provide-client-params.cloudfront.CreateDistribution",
        lambda params, **_: asked.append(params),
    )
    stub.add_response("list_distributions", {"DistributionList": NONE_THERE})
    stub.add_client_error("create_distribution", "NoSuchCachePolicy")
    cloudfront.look(client, planned())
    (config,) = (one["DistributionConfig"] for one in asked)
    assert config["Enabled"] is False
    assert set(config["DefaultCacheBehavior"]["CachePolicyId"]) == {"0", "-"}


def test_account_with_a_distribution_is_verified() -> None:
    """No call is made that would have to fail."""
    client, stub = stubbed("cloudfront")
    summary = dict.fromkeys(["Id", "ARN", "Status", "DomainName", "Comment", "PriceClass"], "x")
    there = {
        **NONE_THERE,
        "Quantity": 1,
        "Items": [
            {
                **summary,
                "LastModifiedTime": "2026-01-01",
                "Aliases": {"Quantity": 0},
                "Origins": {"Quantity": 1, "Items": [{"Id": "x", "DomainName": "x"}]},
                "DefaultCacheBehavior": {"TargetOriginId": "x", "ViewerProtocolPolicy": "x"},
                "CacheBehaviors": {"Quantity": 0},
                "CustomErrorResponses": {"Quantity": 0},
                "Enabled": True,
                "ViewerCertificate": {},
                "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
                "WebACLId": "",
                "HttpVersion": "http2",
                "IsIPV6Enabled": True,
                "Staging": False,
            }
        ],
    }
    stub.add_response("list_distributions", {"DistributionList": there})
    assert cloudfront.look(client, planned()).notices == ()


def test_stage_without_a_site_asks_nothing() -> None:
    """Nor does one that has its distribution."""
    assert cloudfront.look(None, planned(values={"Site": "false"})).notices == ()
    assert cloudfront.look(None, planned(present={"Distribution"})).notices == ()


def test_refusal_that_comes_later_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """Where the look could not know, CloudFormation's reason leads to the same advice."""
    deploy._tell_help(StackFailedError(f"Distribution (AWS::CloudFront::Distribution): {REFUSAL}"))
    assert "deploy with Site=false" in capsys.readouterr().err
