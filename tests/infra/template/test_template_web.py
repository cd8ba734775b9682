"""The template's public face: API and sign-in let in whom they should and nobody else."""

from __future__ import annotations

import json

import pytest
from tests.support.stacks.templates import FULL, circles, properties, resources, transformed

from run_ledger.doors import event_door
from run_ledger.openapi.other_responses import other_responses
from run_ledger.read.answers import COMMON_HEADERS, PROBLEM_KINDS
from run_ledger_ops.deploying.resource_metadata import resource_objects
from run_ledger_ops.sign_in.own_token import REDIRECT_URI

PATHS = [
    "/jobs",
    "/jobs/{job_id}",
    "/jobs/{job_id}/entries",
    "/probes/{probe_id}",
    "/proof",
    "/rejections",
    "/projects",
    "/projects/{project_id}",
    "/clients",
    "/clients/{client_id}",
    "/clients/{client_id}/config",
    "/overview",
    "/errors",
    "/incidents",
    "/incidents/{incident_id}",
    "/trends",
    "/openapi.json",
    "/mcp",
]
CHALLENGE = "gatewayresponse.header.WWW-Authenticate"
METHODS = {"/mcp": {"get", "post", "delete"}}
CLIENTS = ["SiteClient", "DashboardClient", "MachineClient"]
MACHINE = {"StackMachineClient": "true"}


# --- API ----------------------------------------------------------------------------------------


def test_api_serves_what_the_reader_serves() -> None:
    """The paths are spelt out, so that the gate refuses all others."""
    assert set(properties("Api")["Body"]["paths"]) == set(PATHS)


@pytest.mark.parametrize("path", PATHS)
def test_method_wants_an_access_token_with_the_scope(path: str) -> None:
    """Each path has its methods, mostly GET, behind the pool's authorizer with the read scope."""
    methods = properties("Api")["Body"]["paths"][path]
    assert set(methods) == METHODS.get(path, {"get"})
    for method in methods.values():
        assert method["security"] == [{"AccessToken": ["run-ledger/read"]}]
        assert "${ReaderFunctionAliaslive}" in str(method["x-amazon-apigateway-integration"]["uri"])
    authorizer = properties("Api")["Body"]["components"]["securitySchemes"]["AccessToken"]
    assert authorizer["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert authorizer["x-amazon-apigateway-authorizer"]["providerARNs"] == [
        {"Fn::GetAtt": ["UserPool", "Arn"]}
    ]


def test_account_wide_log_role_outlives_what_made_it() -> None:
    """Neither a rollback nor a deletion takes the role away that the account's setting names.

    Deleting AWS::ApiGateway::Account leaves the setting as it is, so with RetainExceptOnCreate a
    first deployment that is rolled back would leave it naming a role that is gone: "DeletionPolicy
    attribute" in the CloudFormation user guide. Nor is it set unless asked: it may be somebody
    else's.
    """
    assert not resources("AWS::ApiGateway::Account")
    template = transformed(ManageApiGatewayAccount="true")["Resources"]
    for name in ("ApiGatewayAccount", "ApiGatewayLogRole"):
        assert template[name]["DeletionPolicy"] == template[name]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize(("manages", "waits"), [("true", True), ("false", False)])
def test_api_waits_for_the_log_role_where_the_stack_sets_it(manages: str, *, waits: bool) -> None:
    """A reference makes the stage wait, as a DependsOn can't be conditional."""
    (stage,) = resources("AWS::ApiGateway::Stage", ManageApiGatewayAccount=manages).values()
    assert (stage["Variables"]["log_setting"] == {"Ref": "ApiGatewayAccount"}) is waits


def test_api_has_one_stage_which_is_logged_throttled_and_compressed() -> None:
    """The stage is `api`, as the site's path; its log is JSON and forgets."""
    (stage,) = resources("AWS::ApiGateway::Stage").values()
    assert stage["StageName"] == "api"
    log = stage["AccessLogSetting"]
    assert log["DestinationArn"] == {"Fn::GetAtt": ["ApiAccessLogGroup", "Arn"]}
    assert "\n" not in log["Format"]
    assert {"request_id", "status", "latency_ms"} <= set(json.loads(log["Format"]))
    personal = ("identity.", "claims.sub", "claims.username", "claims.email")
    assert not [word for word in personal if word in log["Format"]]
    assert properties("ApiAccessLogGroup")["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    (settings,) = stage["MethodSettings"]
    assert settings["ThrottlingRateLimit"] == {"Ref": "ApiRequestsPerSecond"}
    assert settings["ThrottlingBurstLimit"] == {"Ref": "ApiBurst"}
    assert properties("Api")["MinimumCompressionSize"] > 0


def test_reader_is_told_whose_tokens_count() -> None:
    """The pool by its environment; people's app clients by the stage, which is made later."""
    environment = properties("ReaderFunction")["Environment"]["Variables"]
    assert environment["ISSUER"] == transformed()["Outputs"]["Issuer"]["Value"]
    (stage,) = resources("AWS::ApiGateway::Stage").values()
    assert stage["Variables"]["people_clients"] == {"Fn::Sub": "${SiteClient},${DashboardClient}"}
    people = [
        name
        for name, client in resources("AWS::Cognito::UserPoolClient").items()
        if client["AllowedOAuthFlows"] == ["code"]
    ]
    assert people == ["SiteClient", "DashboardClient"]


def test_resources_can_be_made_one_after_the_other() -> None:
    """None needs itself by way of others, and the look at it finds those that would."""
    assert circles(transformed()) == []
    circle = {"a": {"Fn::Sub": "x${b.Arn}"}, "b": {"DependsOn": "c"}, "c": {"Ref": "a"}, "d": {}}
    assert circles({"Resources": circle}) == ["a", "b", "c"]


def test_a_site_with_a_domain_tells_assistants_where_to_read_how_to_sign_in() -> None:
    """There, one of the documents lies that a deployment puts on the site."""
    domain = {"SiteDomain": FULL["SiteDomain"], "SiteCertificateArn": FULL["SiteCertificateArn"]}
    responses = properties("Api", **domain)["Body"]["x-amazon-apigateway-gateway-responses"]
    challenge = responses["UNAUTHORIZED"]["responseParameters"][CHALLENGE]
    (_, document) = resource_objects("https://${SiteDomain}", "issuer", "scope")
    address = f"https://${{SiteDomain}}/{document.key}"
    assert challenge == {"Fn::Sub": f"'Bearer resource_metadata=\"{address}\"'"}


@pytest.mark.parametrize(
    ("api", "more"),
    [
        (
            "Api",
            {"UNAUTHORIZED": {"WWW-Authenticate": "Bearer"}, "THROTTLED": {"Retry-After": "1"}},
        ),
        ("IntakeApi", {"THROTTLED": {"Retry-After": "1"}, "DEFAULT_5XX": {"Retry-After": "2"}}),
        ("DigestsApi", {"THROTTLED": {"Retry-After": "1"}, "DEFAULT_5XX": {"Retry-After": "2"}}),
    ],
)
def test_gateway_refuses_by_problem_documents(api: str, more: dict[str, dict[str, str]]) -> None:
    """What the gateway answers by itself is application/problem+json with a stable type."""
    body = properties(api, Intake="true", Telling="true")["Body"]
    responses = body["x-amazon-apigateway-gateway-responses"]
    assert {"THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX", *more} <= set(responses)
    common = {**COMMON_HEADERS, "Content-Type": "application/problem+json"}
    for kind, response in responses.items():
        headers = {
            name.removeprefix("gatewayresponse.header."): value.strip("'")
            for name, value in response["responseParameters"].items()
        }
        assert headers == common | more.get(kind, {})
        body = response["responseTemplates"]["application/json"]
        # The gateway puts its own message in, quotes and all.
        problem = json.loads(body.replace("$context.error.messageString", '"message"'))
        assert problem["type"].startswith("urn:run-ledger:problem:")
        assert {"title", "detail"} <= set(problem)
        assert str(problem.get("status")) == str(response.get("statusCode"))


def test_intake_takes_events_alone_and_gets_bodies_as_they_were_sent() -> None:
    """Beside its description, without an authorizer: the function checks keys and tokens itself."""
    intake = properties("IntakeApi", Intake="true")
    paths = intake["Body"]["paths"]
    assert {path: [*methods] for path, methods in paths.items()} == {
        **{path: ["post"] for path in event_door.PATHS},
        "/openapi.json": ["get"],
    }
    assert not any("security" in one for methods in paths.values() for one in methods.values())
    assert intake["BinaryMediaTypes"] == ["*/*"]
    assert "MinimumCompressionSize" not in intake, "the gateway would unpack bodies itself"
    told = properties("IntakeFunction", Intake="true")["Environment"]["Variables"]
    assert told["ISSUER"] == transformed()["Outputs"]["Issuer"]["Value"]
    assert told["BUS_NAME"] == {"Ref": "Bus"}


def test_gateway_and_reader_refuse_alike() -> None:
    """One status is one kind of problem, whoever found it; and each is in the OpenAPI document."""
    ours = {
        kind.status: (f"urn:run-ledger:problem:{kind.name}", kind.title) for kind in PROBLEM_KINDS
    }
    described = {one.status for one in other_responses()}
    responses = properties("Api")["Body"]["x-amazon-apigateway-gateway-responses"]
    for response in responses.values():
        problem = json.loads(
            response["responseTemplates"]["application/json"].replace(
                "$context.error.messageString", '""'
            )
        )
        if "status" in problem:
            assert problem["status"] in described
            said = (problem["type"], problem["title"])
            assert ours.get(problem["status"], said) == said


# --- sign-in ------------------------------------------------------------------------------------


def test_people_are_invited() -> None:
    """Nobody signs up; the pool is protected and outlives the stack."""
    pool = properties("UserPool")
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
    assert pool["DeletionProtection"] == "INACTIVE", "a first deployment could not roll back"
    assert properties("UserPool", DeletionProtection="true")["DeletionProtection"] == "ACTIVE"
    assert pool["Policies"]["PasswordPolicy"]["MinimumLength"] >= 12
    assert transformed()["Resources"]["UserPool"]["DeletionPolicy"] == "RetainExceptOnCreate"


@pytest.mark.parametrize("name", CLIENTS)
def test_client_tells_nothing_and_signs_in_by_oauth_alone(name: str) -> None:
    """No app client takes a password itself or tells who exists; its scope is there before it."""
    client = properties(name, **MACHINE)
    assert client["PreventUserExistenceErrors"] == "ENABLED"
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert client["ExplicitAuthFlows"] == ["ALLOW_REFRESH_TOKEN_AUTH"]
    assert "run-ledger/read" in client["AllowedOAuthScopes"]
    assert transformed(**MACHINE)["Resources"][name]["DependsOn"] == "ResourceServer"


def test_clients_have_the_secrets_and_flows_of_their_kind() -> None:
    """A browser keeps no secret; a machine has nobody to sign in, and is there if asked for."""
    kinds = {
        name: (client["GenerateSecret"], client["AllowedOAuthFlows"])
        for name, client in resources("AWS::Cognito::UserPoolClient", **MACHINE).items()
    }
    assert kinds == {
        "SiteClient": (False, ["code"]),
        "DashboardClient": (True, ["code"]),
        "MachineClient": (True, ["client_credentials"]),
    }
    assert properties("MachineClient", **MACHINE)["AllowedOAuthScopes"] == [
        "run-ledger/read",
        "run-ledger/report",
    ]
    assert set(resources("AWS::Cognito::UserPoolClient")) == {"SiteClient", "DashboardClient"}


def test_site_is_signed_in_to_at_its_own_address() -> None:
    """CloudFront's address and that of the command are callbacks always, a third one on request."""
    own = {"Fn::Sub": "https://${Distribution.DomainName}/"}
    second = "http://localhost:8080/"
    assert properties("SiteClient")["CallbackURLs"] == [own, REDIRECT_URI]
    assert properties("SiteClient", SiteCallbackUrl=second)["CallbackURLs"] == [
        own,
        REDIRECT_URI,
        {"Ref": "SiteCallbackUrl"},
    ]
    assert properties("SiteClient")["LogoutURLs"] == [own]


def test_present_sign_in_pages_have_a_branding() -> None:
    """Cognito's present pages stay empty without one for each client that people use."""
    branded = resources("AWS::Cognito::ManagedLoginBranding").values()
    assert [b["ClientId"]["Ref"] for b in branded] == ["SiteClient", "DashboardClient"]
    assert properties("UserPoolDomain")["ManagedLoginVersion"] == 2
    assert properties("UserPoolDomain", LoginPages="classic")["ManagedLoginVersion"] == 1
