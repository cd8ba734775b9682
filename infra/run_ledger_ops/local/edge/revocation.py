"""Refresh tokens that are taken back: Cognito's `/oauth2/revoke`, which the local AWS lacks.

Its API can revoke tokens, so the proxy puts the form into the words of that.
"""

import base64
import binascii
import json
from http import HTTPStatus
from urllib.parse import parse_qsl

REVOKE_PATH = "/oauth2/revoke"
REVOCATION_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.RevokeToken",
}


def revocation_request(form_body: bytes, authorization: str) -> bytes | None:
    """Return what to ask the API for; None for a form without a token or a client.

    A client with a secret names both in *authorization* (HTTP Basic), any other in the form.
    """
    form = dict(parse_qsl(form_body.decode("utf-8", "replace")))
    client_id, secret = _basic(authorization) or (form.get("client_id", ""), "")
    if not client_id or "token" not in form:
        return None
    request = {"ClientId": client_id, "Token": form["token"]}
    return json.dumps(request | ({"ClientSecret": secret} if secret else {})).encode()


def revocation_answer(status: int, body: bytes) -> tuple[int, bytes]:
    """Put the API's answer into the words of the endpoint, which are none where it is done."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return status, body
    if status != HTTPStatus.OK:
        return HTTPStatus.BAD_REQUEST, json.dumps({"error": "invalid_request"}).encode()
    return HTTPStatus.OK, b""


def _basic(authorization: str) -> tuple[str, str] | None:
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret
