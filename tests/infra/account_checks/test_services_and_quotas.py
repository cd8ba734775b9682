"""Region and quotas: what a stage is made of is there, and there is room for it.

A service that a region doesn't have has no host name there, which botocore raises as
EndpointConnectionError. OptInRequired is among the common errors of AWS's APIs: "You are not
authorized to use the requested service. Ensure that you have subscribed to the service".
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from tests.support.stacks.accounts import planned, stubbed
from tests.support.stacks.templates import transformed
from tests.support.stacks.variants import VARIANTS

from run_ledger_ops.account_checks import quotas, services


class Region:
    """A region in which some services are absent, and some are not open to the account."""

    def __init__(
        self, absent: set[str] = frozenset(), refused: dict[str, str] | None = None
    ) -> None:  # type: ignore[assignment]
        """Answer for all services but those that are *absent* or *refused*, with these codes."""
        self.absent, self.refused = absent, refused or {}
        self.asked: set[str] = set()

    def client(self, service: str) -> Any:
        """Return a client that answers each call."""
        region = self

        class Client:
            def __getattr__(self, operation: str) -> Any:
                def answer(**_: Any) -> None:
                    region.asked.add(service)
                    if service in region.absent:
                        raise EndpointConnectionError(endpoint_url=f"https://{service}.example")
                    if service in region.refused:
                        error: Any = {"Error": {"Code": region.refused[service]}}
                        raise ClientError(error, operation)

                return answer

        return Client()


@pytest.mark.parametrize("question", services.QUESTIONS.values(), ids=lambda one: one[0])
def test_each_question_is_one_that_the_service_takes(question: tuple[Any, ...]) -> None:
    """Operation and arguments are right by the service's model, and read something."""
    service, operation, arguments, _ = question
    client, stub = stubbed(service)
    assert operation.startswith(("list_", "describe_", "get_"))
    stub.add_response(operation, {}, arguments)
    getattr(client, operation)(**arguments)


@pytest.mark.parametrize("variant", VARIANTS, ids=range(len(VARIANTS)))
def test_all_that_a_stage_is_made_of_is_asked_for(variant: dict[str, str]) -> None:
    """Each kind of resource after the transform is a service that is asked, or is everywhere."""
    kinds = {
        one["Type"].rpartition("::")[0] for one in transformed(**variant)["Resources"].values()
    }
    asked = services.needed(planned(values=variant))
    assert kinds - services.EVERYWHERE <= asked & services.QUESTIONS.keys()


def test_absent_services_are_told() -> None:
    """By their usual names, with where AWS lists what each region has; the others answer."""
    region = Region(absent={"cognito-idp", "codedeploy"})
    stage = planned(values={"GradualRollout": "true"})
    (notice,) = services.look(region.client, "mars-north-1", stage).notices
    assert notice.blocks
    assert "No answer from CodeDeploy, Cognito user pools in mars-north-1" in notice.text
    assert region.asked >= {"dynamodb", "lambda", "sqs", "cognito-idp"}


def test_sockets_are_asked_for_only_where_pages_are_told() -> None:
    """A region without them takes a stage whose pages ask by themselves."""
    region = Region(absent={"apigatewayv2"})
    assert services.look(region.client, "mars-north-1", planned()).notices == ()
    stage = planned(values={"Push": "true"})
    (notice,) = services.look(region.client, "mars-north-1", stage).notices
    assert "No answer from WebSocket APIs in mars-north-1" in notice.text


def test_refusals_show_that_a_service_is_there() -> None:
    """A missing right is for CloudFormation to tell, if it is one that is needed."""
    region = Region(refused={"kms": "AccessDeniedException", "sqs": "AccessDenied"})
    assert services.look(region.client, "eu-central-1", planned()).notices == ()


def test_account_that_is_not_active_yet_is_told() -> None:
    """Its sign-up has an end that AWS waits for."""
    region = Region(refused={"dynamodb": "SubscriptionRequiredException", "sns": "OptInRequired"})
    (notice,) = services.look(region.client, "eu-central-1", planned()).notices
    assert notice.blocks
    assert "may not use DynamoDB, SNS yet: finish its sign-up" in notice.text


# --- quotas ---------------------------------------------------------------------------------------


class Holdings:
    """An account that has so many of each kind."""

    def __init__(self, of: dict[str, int], *, roles: int = 10, policies: int = 10) -> None:
        """Have *of* each operation's list so many."""
        self.of, self.roles, self.policies = of, roles, policies

    def client(self, service: str) -> Any:
        """Return a client of the service, whose calls are answered here and not sent."""
        client, stub = stubbed(service)
        if service == "iam":
            summary = {"Roles": self.roles, "RolesQuota": 1_000}
            summary |= {"Policies": self.policies, "PoliciesQuota": 1_500}
            stub.add_response("get_account_summary", {"SummaryMap": summary})
            return client
        stub.deactivate()
        client.meta.events.register("before-call", self._answer)
        return client

    def _answer(self, model: Any, **_: Any) -> Any:
        quota = next(one for one in quotas.QUOTAS if _api_name(one) == model.name)
        answer: Any = ["x"] * self.of.get(quota.kind, 0)
        for name in reversed(quota.path):
            answer = {name: answer}
        http = type("Http", (), {"status_code": 200})()
        return http, answer


def _api_name(quota: quotas.Quota) -> str:
    client, _ = stubbed(quota.service)
    return str(client.meta.method_to_api_mapping[quota.operation])


def test_account_with_room_is_not_told() -> None:
    """Nothing is near a quota."""
    assert quotas.look(Holdings({}).client, planned()).notices == ()


@pytest.mark.parametrize("quota", quotas.QUOTAS, ids=lambda one: one.kind)
def test_quota_that_would_be_passed_is_told(quota: quotas.Quota) -> None:
    """With what the account has, what the stage adds, and where to ask for more."""
    full = Holdings({quota.kind: quota.default})
    (notice,) = quotas.look(full.client, planned()).notices
    assert not notice.blocks
    assert f"{quota.default:,} of {quota.kind.removeprefix('AWS::')}" in notice.text
    assert "Service Quotas" in notice.text


def test_iams_own_quota_ends_the_deployment() -> None:
    """IAM says how many there may be, so it is certain."""
    (notice,) = quotas.look(Holdings({}, roles=998).client, planned()).notices
    assert notice.blocks
    assert "998 of IAM::Role" in notice.text


def test_what_is_there_already_is_not_added() -> None:
    """An update of a stage counts only what is new, and a stage without a site none of it."""
    everything = set(planned().template.resources)
    full = Holdings({one.kind: one.default for one in quotas.QUOTAS}, roles=1_000, policies=1_500)
    assert quotas.look(full.client, planned(present=everything)).notices == ()
    bare = quotas.look(full.client, planned(values={"Site": "false"})).notices
    assert not [notice for notice in bare if "CloudFront" in notice.text]


def test_template_is_within_cloudformations_own_quotas() -> None:
    """At most 500 resources, 200 parameters and 200 outputs, whatever the variant.

    "Understand CloudFormation quotas" in the CloudFormation user guide.
    """
    for variant in VARIANTS:
        template = transformed(**variant)
        sizes = [len(template[part]) for part in ("Resources", "Parameters", "Outputs")]
        assert all(size <= most for size, most in zip(sizes, (500, 200, 200), strict=True))
