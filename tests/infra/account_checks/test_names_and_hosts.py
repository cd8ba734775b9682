"""Names fit whatever the stage is called, and the site's host name has its certificate."""

from __future__ import annotations

import re
from typing import Any

import botocore.session
import pytest
from tests.support.stacks.accounts import READ, planned, stubbed
from tests.support.stacks.templates import properties

from run_ledger_ops.account_checks import certificate, names, sign_in_host
from run_ledger_ops.deploying import artifacts

LONGEST_STAGE = "abcdefghijkl"
# By botocore's models: where a service's model says how long a name may be.
MODELS = {
    ("AWS::CloudWatch::Alarm", "AlarmName"): ("cloudwatch", "PutMetricAlarm", "AlarmName"),
    ("AWS::Cognito::UserPool", "UserPoolName"): ("cognito-idp", "CreateUserPool", "PoolName"),
    ("AWS::Cognito::UserPoolDomain", "Domain"): ("cognito-idp", "CreateUserPoolDomain", "Domain"),
    ("AWS::Events::Archive", "ArchiveName"): ("events", "CreateArchive", "ArchiveName"),
    ("AWS::Events::EventBus", "Name"): ("events", "CreateEventBus", "Name"),
    ("AWS::Events::Rule", "Name"): ("events", "PutRule", "Name"),
    ("Schedule", "Name"): ("events", "PutRule", "Name"),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): ("iam", "CreatePolicy", "PolicyName"),
    ("AWS::Logs::LogGroup", "LogGroupName"): ("logs", "CreateLogGroup", "logGroupName"),
}


def regions() -> list[str]:
    """Return all regions that the SDK knows, of every partition."""
    session = botocore.session.Session()
    return [
        region
        for partition in session.get_available_partitions()
        for region in session.get_available_regions("sqs", partition)
    ]


def composed(stage: str, region: str) -> dict[str, tuple[str, int]]:
    """Return each composed name with its limit, by logical name and name."""
    values = {"Stage": stage, "AWS::Region": region, "Suffix": "0" * 12}
    found = names.lengths(READ.resources, values)
    return {f"{logical} {name}": (name, most) for logical, name, most in found}


def test_every_name_fits_the_longest_stage_in_the_longest_region() -> None:
    """So no name is too long, whatever a stage is called; one letter more is no stage's name."""
    pattern = READ.parameters["Stage"].pattern or ""
    assert re.fullmatch(pattern, LONGEST_STAGE)
    assert not re.fullmatch(pattern, f"{LONGEST_STAGE}m")
    region = max(regions(), key=len)
    assert names.look(region, planned(name=LONGEST_STAGE)).notices == ()
    bucket = artifacts.bucket_name("123456789012", region)
    assert len(bucket) <= 63


def test_every_name_with_the_stage_in_it_is_looked_at() -> None:
    """Each text of the template that is a name and has the stage in it is among those."""
    written = re.findall(r"\b\w*Name: !Sub ([^\s{]*\$\{Stage\}\S*)", READ.text)
    looked_at = {name for name, _ in composed("STAGE", "REGION").values()}
    for text in written:
        name = text.replace("${Stage}", "STAGE").replace("${AWS::Region}", "REGION")
        assert name in looked_at
    assert len(written) > 40


@pytest.mark.parametrize("place", MODELS, ids="-".join)
def test_limits_are_those_of_the_services(place: tuple[str, str]) -> None:
    """As the service's own model has them."""
    service, operation, member = MODELS[place]
    model: Any = botocore.session.Session().get_service_model(service)
    shape = model.operation_model(operation).input_shape.members[member]
    assert names.LIMITS[place] == shape.metadata["max"]


def test_name_that_is_too_long_is_told() -> None:
    """With its length, what AWS takes, and what helps."""
    notices = names.look("eu-central-1", planned(name="x" * 60)).notices
    assert any("UpdatesRule" in notice.text and "AWS takes 64" in notice.text for notice in notices)
    assert all(notice.blocks for notice in notices)


# --- the site's certificate -----------------------------------------------------------------------

ARN = "arn:aws:acm:us-east-1:123456789012:certificate/0a-1"
BOTH = {"SiteDomain": "ledger.example.com", "SiteCertificateArn": ARN}


def look(status: str = "ISSUED", *covered: str, **values: str) -> Any:
    """Look at an account that has a certificate for these names."""
    acm, stub = stubbed("acm")
    described = {
        "CertificateArn": ARN,
        "DomainName": covered[0] if covered else "ledger.example.com",
        "SubjectAlternativeNames": list(covered) or ["ledger.example.com"],
        "Status": status,
    }
    stub.add_response("describe_certificate", {"Certificate": described}, {"CertificateArn": ARN})
    return certificate.look(acm, planned(values={**BOTH, **values})).notices


@pytest.mark.parametrize("covered", [["ledger.example.com"], ["a.example", "*.example.com"]])
def test_certificate_for_the_domain_is_fine(covered: list[str]) -> None:
    """By its name, or by a star, which stands for one label."""
    assert look("ISSUED", *covered) == ()


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("ISSUED", "*.ledger.example.com"), "is for *.ledger.example.com, not for ledger"),
        (("ISSUED", "example.com"), "is for example.com, not for ledger.example.com"),
        (("PENDING_VALIDATION",), "is PENDING_VALIDATION, not ISSUED: make the DNS record"),
    ],
)
def test_unfit_certificate_is_told(given: tuple[str, ...], told: str) -> None:
    """CloudFormation would find it after minutes."""
    (notice,) = look(*given)
    assert notice.blocks
    assert told in notice.text


def test_domain_and_certificate_go_together() -> None:
    """Either alone is told; a stage without a site needs neither."""
    for name in BOTH:
        (notice,) = look("ISSUED", **{name: ""})
        assert (notice.blocks, "say both, or neither" in notice.text) == (True, True)
    assert look("ISSUED", SiteDomain="", SiteCertificateArn="") == ()
    assert look("ISSUED", "elsewhere.example", Site="false") == ()


def test_missing_certificate_is_told() -> None:
    """With where it has to be."""
    acm, stub = stubbed("acm")
    stub.add_client_error("describe_certificate", "ResourceNotFoundException")
    (notice,) = certificate.look(acm, planned(values=BOTH)).notices
    assert f"no certificate {ARN} in this account in us-east-1" in notice.text


# --- the sign-in pages' host ----------------------------------------------------------------------

STACK = (
    "arn:aws:cloudformation:eu-central-1:123456789012:stack/run-ledger-prod/1b2c-a-b-c-0123456789ab"
)


def test_prefix_is_the_templates() -> None:
    """The fifth part of the stack's id is its suffix, as the template selects it."""
    text, variables = properties("UserPoolDomain")["Domain"]["Fn::Sub"]
    assert text == "run-ledger-${Stage}-${Suffix}"
    of_stack = {"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "AWS::StackId"}]}]}
    assert variables == {"Suffix": {"Fn::Select": [4, {"Fn::Split": ["-", of_stack]}]}}
    assert sign_in_host.prefix_of("prod", STACK) == "run-ledger-prod-0123456789ab"


@pytest.mark.parametrize(("owner", "is_taken"), [({}, False), ({"UserPoolId": "eu_x"}, True)])
def test_taken_prefix_is_told(owner: dict[str, str], *, is_taken: bool) -> None:
    """DescribeUserPoolDomain answers with an empty description where nobody has the prefix."""
    cognito, stub = stubbed("cognito-idp")
    stub.add_response("describe_user_pool_domain", {"DomainDescription": owner}, {"Domain": "p"})
    notices = sign_in_host.look(cognito, "p").notices
    assert bool(notices) is is_taken
    assert all("deploy again for another" in notice.text for notice in notices)
