"""Refresh tokens, kept for one thing: to be revoked when their person signs out.

Streamlit throws the refresh token of a sign-in away, but Cognito goes on to accept it. So Streamlit
gets its tokens through a route of this app, which passes them on without the refresh token and
keeps that in this process, by a digest of the access token beside it.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from urllib.parse import urlsplit

import requests
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from streamlit.runtime.secrets import secrets_singleton

from dashboard_app import clock

PATH = "/oauth2/token"
_SECONDS = 10.0
_LONGEST = 4 * 3600.0  # as long as the template lets these refresh tokens live
_PASSED_ON = ("authorization", "content-type", "accept")
_log = logging.getLogger(__name__)
_kept: dict[bytes, tuple[str, float]] = {}


def own_token_endpoint(server_metadata_url: str) -> str:
    """Return the address of this app's route, beside its copy of the discovery document."""
    parts = urlsplit(server_metadata_url)
    return f"{parts.scheme}://{parts.netloc}{PATH}"


async def exchange(request: Request) -> JSONResponse:
    """Pass a token request on to the provider, and its answer back without the refresh token."""
    provider = _provider()
    if provider is None:
        return JSONResponse({"error": "no provider is set up"}, status_code=404)
    form = await request.body()
    headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
    try:
        status, answer = await run_in_threadpool(_ask, provider["token_endpoint"], form, headers)
    except (requests.RequestException, ValueError) as error:
        _log.warning("a token request was not answered: %s", type(error).__name__)
        return JSONResponse({"error": "temporarily_unavailable"}, status_code=502)
    keep(answer)
    return JSONResponse(answer, status_code=status, headers={"Cache-Control": "no-store"})


def keep(answer: dict[str, object]) -> None:
    """Take the refresh token out of a token endpoint's answer, and keep it."""
    refresh_token = answer.pop("refresh_token", None)
    access_token = answer.get("access_token")
    now = clock.now().timestamp()
    for digest in [one for one, (_, until) in _kept.items() if until < now]:
        _kept.pop(digest, None)
    if isinstance(refresh_token, str) and isinstance(access_token, str):
        _kept[_digest(access_token)] = (refresh_token, now + _LONGEST)


def revoke(access_token: str) -> None:
    """Revoke the refresh token that came with an access token, if this process has it.

    Where the provider can't be reached, signing out goes on, and a line in the log says so.
    """
    refresh_token, _ = _kept.pop(_digest(access_token), (None, 0.0))
    provider, auth = _provider(), secrets_singleton.get("auth")
    if refresh_token is None or provider is None or not auth:
        return
    address = f"{provider['token_endpoint'].removesuffix('/token')}/revoke"
    client = (auth["client_id"], auth["client_secret"])
    try:
        answer = requests.post(
            address, data={"token": refresh_token}, auth=client, timeout=_SECONDS
        )
        answer.raise_for_status()
    except requests.RequestException as error:
        _log.warning("a refresh token could not be revoked: %s", type(error).__name__)


def _provider() -> Mapping[str, str] | None:
    secrets_singleton.load_if_toml_exists()
    provider: Mapping[str, str] | None = secrets_singleton.get("provider")
    return provider if provider and "token_endpoint" in provider else None


def _ask(address: str, form: bytes, headers: Mapping[str, str]) -> tuple[int, dict[str, object]]:
    answer = requests.post(
        address, data=form, headers=headers, timeout=_SECONDS, allow_redirects=False
    )
    document = answer.json()
    if not isinstance(document, dict):
        raise ValueError("its answer is no JSON object")  # noqa: TRY004 - an answer, no argument
    return answer.status_code, document


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
