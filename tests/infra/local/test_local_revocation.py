"""Revoking refresh tokens through the API of the local AWS, as Cognito's `/oauth2/revoke` does.

"The token revocation endpoint" in Amazon Cognito's Developer Guide says what the form holds.
"""

from __future__ import annotations

import base64
import json

import pytest

from run_ledger_ops.local.edge.revocation import revocation_answer, revocation_request


def basic(text: str) -> str:
    """Return the header by which a client with a secret says who it is."""
    return f"Basic {base64.b64encode(text.encode()).decode()}"


@pytest.mark.parametrize(
    ("form", "authorization", "request_"),
    [
        (b"client_id=site&token=a%2Bb", "", {"ClientId": "site", "Token": "a+b"}),
        (
            b"token=t",
            basic("app:s3:cret"),
            {"ClientId": "app", "Token": "t", "ClientSecret": "s3:cret"},
        ),
        (b"client_id=site&token=t", "Bearer x", {"ClientId": "site", "Token": "t"}),
    ],
)
def test_a_revocation_is_put_into_the_words_of_the_api(
    form: bytes, authorization: str, request_: dict[str, str]
) -> None:
    """With a secret and without one."""
    found = revocation_request(form, authorization)
    assert found is not None
    assert json.loads(found) == request_


@pytest.mark.parametrize("form", [b"client_id=site", b"token=t", b"", b"\xff"])
def test_what_names_no_token_or_client_is_none(form: bytes) -> None:
    """Then nothing is asked for; the local AWS knows no such path."""
    assert revocation_request(form, "Basic ?") is None


def test_answers_are_those_of_the_endpoint() -> None:
    """Nothing where it is done, an error where it is refused; a failure stays one."""
    assert revocation_answer(200, b"{}") == (200, b"")
    status, body = revocation_answer(400, b"{}")
    assert (status, json.loads(body)) == (400, {"error": "invalid_request"})
    assert revocation_answer(500, b"broken") == (500, b"broken")
