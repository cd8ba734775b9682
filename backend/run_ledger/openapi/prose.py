"""The first part of the OpenAPI document: what the API is, its addresses, how to sign in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from run_ledger.domain.api.access import REQUIRED_SCOPE

_DESCRIPTION = f"""\
Run Ledger keeps what AI enrichment pipelines report of their jobs. This API reads it: jobs and
their history, projects, clients, totals and error groups. It takes GET only, but for `/mcp`, and
answers JSON; another method, or a path that is not below, gets 404.

**Sign in.** Every request carries an access token with the scope `{REQUIRED_SCOPE}`:
`Authorization: Bearer TOKEN`. People get one by authorization code with PKCE, machines by client
credentials. ID tokens are refused. Tokens last an hour: fetch one, keep it, use it until it ends.

**Who sees what.** Staff see all clients. Members of a client's group see that client. A machine
sees what it was granted. What you may not see is answered exactly as what is not there.

**Lists** come in pages: send `next_cursor` as `cursor` until it is null. A page may hold fewer
items than `limit` and still not be the last. Send the same filters with every page.

**Times** are RFC 3339 in UTC, ending in `Z`. Counts are integers; money is in millionths of a
US dollar. Documents may gain members: ignore those that you do not know.

**Save traffic.** Send an answer's `ETag` as `If-None-Match`; while the answer is still the same you
get 304 without a body. Send `Accept-Encoding: gzip` for large answers.

**Problems** are documents, too (RFC 9457). `type` is stable, for programs; `detail` is for people;
`parameter` names a wrong parameter. Unknown and repeated parameters are refused, as they would be
silently ignored otherwise. After 429 and 503 wait for `Retry-After` seconds and try again; 500, 502
and 504 are worth one retry, too.
"""

ABOUT: Mapping[str, Any] = {
    "title": "Run Ledger read API",
    "version": "1.0.0",
    "summary": "What pipelines reported, exactly.",
    "description": _DESCRIPTION,
    "license": {"name": "MIT", "identifier": "MIT"},
}

SERVERS: Sequence[Mapping[str, Any]] = (
    {
        "url": "https://{site}/api",
        "description": "On AWS, behind the site's own address.",
        "variables": {
            "site": {
                "default": "ledger.example.com",
                "description": "The host of the stack's output `SiteUrl`.",
            }
        },
    },
    {
        "url": "http://127.0.0.1:{port}/api",
        "description": "On this machine, by `make run`.",
        "variables": {
            "port": {"default": "8600", "description": "As in `site_url` of `stack.json`."}
        },
    },
)

_SCOPES = {REQUIRED_SCOPE: "Read jobs, projects, clients and totals."}
SECURITY: Mapping[str, Any] = {
    "type": "oauth2",
    "description": (
        "Amazon Cognito. The host is the stack's output `UserPoolDomain`; locally the addresses "
        "are `authorize_url` and `token_url` of `stack.json`."
    ),
    "flows": {
        "authorizationCode": {
            "authorizationUrl": "https://sign-in.example.com/oauth2/authorize",
            "tokenUrl": "https://sign-in.example.com/oauth2/token",
            "scopes": _SCOPES,
        },
        "clientCredentials": {
            "tokenUrl": "https://sign-in.example.com/oauth2/token",
            "scopes": _SCOPES,
        },
    },
}
