"""Renewed tokens that keep a person's groups.

Cognito puts a person's groups into every access token. The local AWS leaves them out when its token
endpoint renews tokens, though not when its API does: so the proxy lets the API renew them.
"""

import json
from http import HTTPStatus
from urllib.parse import parse_qsl

TOKEN_PATH = "/oauth2/token"  # noqa: S105 - a path, no secret
RENEWAL_HEADERS = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": "AWSCognitoIdentityProviderService.GetTokensFromRefreshToken",
}


def renewal_request(form_body: bytes) -> bytes | None:
    """Put a form for the token endpoint into the words of the API.

    None if it is no renewal by a client without a secret: that is for the token endpoint to answer.
    """
    form = dict(parse_qsl(form_body.decode("utf-8", "replace")))
    if form.get("grant_type") != "refresh_token" or "client_secret" in form:
        return None
    if "client_id" not in form or "refresh_token" not in form:
        return None
    request = {"ClientId": form["client_id"], "RefreshToken": form["refresh_token"]}
    return json.dumps(request).encode()


def renewal_answer(status: int, body: bytes) -> tuple[int, bytes]:
    """Put the API's answer into the words of the token endpoint."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return status, body
    if status != HTTPStatus.OK:
        return HTTPStatus.BAD_REQUEST, json.dumps({"error": "invalid_grant"}).encode()
    result = json.loads(body)["AuthenticationResult"]
    tokens = {
        "id_token": result["IdToken"],
        "access_token": result["AccessToken"],
        "expires_in": result["ExpiresIn"],
        "token_type": result["TokenType"],
    }
    return HTTPStatus.OK, json.dumps(tokens).encode()
