"""Tokens that are not what they seem: the gateway refuses each, and so does the reader itself."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
import requests
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from tests.support.readers.ledger_http import Stack, get, machine_token, personal_tokens
from tests.support.stacks.local_stack import LocalStack

pytestmark = pytest.mark.local_stack

Claims = dict[str, Any]
Forgery = Callable[[Stack, Claims, Mapping[str, Any]], str]
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _part(content: Any) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _signed_by_another(header: Mapping[str, Any], claims: Claims) -> str:
    text = f"{_part({**header, 'alg': 'RS256'})}.{_part(claims)}"
    signature = OTHER_KEY.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{text}.{_part(signature)}"


def _public_pem(stack: Stack, header: Mapping[str, Any]) -> bytes:
    """Return the pool's public key, which anybody may have, in the form that libraries read."""
    keys = requests.get(stack["jwks_url"], timeout=60).json()["keys"]
    (key,) = (one for one in keys if one["kid"] == header["kid"])

    def number(name: str) -> int:
        return int.from_bytes(base64.urlsafe_b64decode(key[name] + "=="), "big")

    public = rsa.RSAPublicNumbers(number("e"), number("n")).public_key()
    return public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def _without_signature(stack: Stack, claims: Claims, header: Mapping[str, Any]) -> str:
    return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."


def _by_another_key(stack: Stack, claims: Claims, header: Mapping[str, Any]) -> str:
    return _signed_by_another(header, claims)


def _by_another_key_of_its_own(stack: Stack, claims: Claims, header: Mapping[str, Any]) -> str:
    return _signed_by_another({"typ": "JWT", "kid": "mine"}, claims)


def _by_the_public_key(stack: Stack, claims: Claims, header: Mapping[str, Any]) -> str:
    text = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
    digest = hmac.digest(_public_pem(stack, header), text.encode(), hashlib.sha256)
    return f"{text}.{_part(digest)}"


FORGERIES: Mapping[str, Forgery] = {
    "alg none": _without_signature,
    "another key": _by_another_key,
    "another key, named": _by_another_key_of_its_own,
    "HS256 with the public key": _by_the_public_key,
}


def _staff(stack: Stack) -> dict[str, str]:
    return personal_tokens(stack, "staff", f"openid email {stack['scope']}")


def _read(token: str) -> tuple[dict[str, Any], Claims]:
    header, claims, _ = (base64.urlsafe_b64decode(part + "==") for part in token.split("."))
    return json.loads(header), json.loads(claims)


def _is_refused(answer: requests.Response) -> bool:
    problem = answer.json()
    return (
        answer.status_code == 401
        and answer.headers["Content-Type"] == "application/problem+json"
        and problem["type"] == "urn:run-ledger:problem:unauthorized"
        and answer.headers["WWW-Authenticate"] == "Bearer"
    )


@pytest.mark.parametrize("forgery", FORGERIES)
def test_the_gateway_refuses_forged_tokens(stack: Stack, forgery: str) -> None:
    """Whatever they claim, staff included."""
    token = machine_token(stack)
    assert get(stack, "/jobs", token).ok
    header, claims = _read(token)
    for more in ({}, {"username": "u", "cognito:groups": ["staff"]}):
        forged = FORGERIES[forgery](stack, {**claims, **more}, header)
        assert _is_refused(get(stack, "/jobs", forged))


def test_the_gateway_refuses_tokens_that_were_changed(stack: Stack) -> None:
    """A signature is for what was signed: longer life, another pool, client, group or scope."""
    token = machine_token(stack)
    header, claims = _read(token)
    signature = token.rpartition(".")[2]
    for change in (
        {"exp": claims["exp"] + 1},
        {"iss": claims["iss"] + "x"},
        {"client_id": stack["site_client_id"]},
        {"username": "u", "cognito:groups": ["staff"]},
        {"scope": f"{stack['scope']} run-ledger/write"},
    ):
        changed = f"{_part(header)}.{_part({**claims, **change})}.{signature}"
        assert _is_refused(get(stack, "/jobs", changed))


def test_the_gateway_refuses_good_tokens_that_are_not_for_this(stack: Stack) -> None:
    """ID tokens, tokens without the scope, and what is no token at all."""
    tokens = _staff(stack)
    assert get(stack, "/jobs", tokens["access_token"]).ok
    scopeless = personal_tokens(stack, "staff", "openid email")["access_token"]
    for token in (tokens["id_token"], tokens["refresh_token"], scopeless, "x", "", "a.b.c", None):
        assert _is_refused(get(stack, "/jobs", token))


def test_the_gateway_refuses_tokens_of_another_pool_and_the_reader_another_app(
    stack: Stack, running: LocalStack
) -> None:
    """Both tokens are good and have the scope: one of a stranger's pool, one without a grant."""
    cognito = running.client("cognito-idp")
    pool_id = cognito.create_user_pool(PoolName="another")["UserPool"]["Id"]
    cognito.create_resource_server(
        UserPoolId=pool_id,
        Identifier="run-ledger",
        Name="another",
        Scopes=[{"ScopeName": "read", "ScopeDescription": "read"}],
    )
    foreign = machine_token({**stack, **_machine(cognito, pool_id)})
    assert _read(foreign)[1]["scope"] == stack["scope"]
    assert _is_refused(get(stack, "/jobs", foreign))

    own_pool = stack["issuer"].rpartition("/")[2]
    ungranted = machine_token({**stack, **_machine(cognito, own_pool)})
    answer = get(stack, "/jobs", ungranted)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:run-ledger:problem:forbidden")


def _machine(cognito: Any, pool_id: str) -> dict[str, str]:
    """Make an app client for a machine, and return how it signs in."""
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="another",
        GenerateSecret=True,
        AllowedOAuthFlows=["client_credentials"],
        AllowedOAuthFlowsUserPoolClient=True,
        AllowedOAuthScopes=["run-ledger/read"],
    )["UserPoolClient"]
    return {
        "machine_client_id": made["ClientId"],
        "machine_client_secret": made["ClientSecret"],
    }


def _reader_asked(running: LocalStack, claims: Mapping[str, Any] | None) -> int:
    """Return the status that the deployed reader answers with, the gateway left out."""
    stack = running.document
    client = running.client("lambda")
    (name,) = (
        one["FunctionName"]
        for one in client.list_functions()["Functions"]
        if one["FunctionName"].endswith("-reader")
    )
    api = running.client("apigateway")
    (api_id,) = (
        one["id"]
        for one in api.get_rest_apis()["items"]
        if not one["name"].endswith(("-intake", "-digests"))
    )
    stage = api.get_stage(restApiId=api_id, stageName="api")
    event = {
        "resource": "/jobs",
        "httpMethod": "GET",
        "stageVariables": stage["variables"],
        "requestContext": {"authorizer": {"claims": claims}},
    }
    assert stack["site_client_id"] in stage["variables"]["people_clients"]
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event).encode())
    status: int = json.loads(answer["Payload"].read())["statusCode"]
    return status


def test_the_reader_refuses_what_a_careless_gateway_lets_through(
    stack: Stack, running: LocalStack
) -> None:
    """The same claims handed to it directly, as if nobody had looked at them."""
    tokens = _staff(stack)
    _, good = _read(tokens["access_token"])
    good["cognito:groups"] = "staff"  # as API Gateway passes one group on
    _, machine = _read(machine_token(stack))
    _, identity = _read(tokens["id_token"])
    now = int(time.time())
    assert [_reader_asked(running, claims) for claims in (good, machine)] == [200, 200]
    for claims in (
        None,
        {},
        identity,
        {**good, "iss": f"{good['iss']}2"},
        {**good, "exp": now - 3_600},
        {**good, "exp": str(now - 3_600)},
        {**good, "exp": time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(now - 3_600))},
        {**good, "iat": now + 3_600},
        {**good, "client_id": "another-app"},
        {**good, "client_id": stack["machine_client_id"]},
        {**machine, "client_id": "another-app"},
    ):
        assert _reader_asked(running, claims) == 401, claims
    for claims in (
        {**good, "scope": "openid email"},
        {**machine, "client_id": "ungranted", "sub": "ungranted"},
    ):
        assert _reader_asked(running, claims) == 403, claims
