"""Where assistants read how to sign in: documents on the site that say who issues tokens.

An assistant that knows nothing but the address of ``/api/mcp`` looks for these (RFC 9728) in the
root of the same host. API Gateway serves nothing there, but the site's bucket does.
"""

import json
from collections.abc import Iterator, Mapping

from run_ledger_ops.deploying.site import SiteObject

MCP_PATH = "/api/mcp"
_RESOURCE = ".well-known/oauth-protected-resource"
_SERVER = ".well-known/oauth-authorization-server"


def resource_objects(site_url: str, issuer: str, scope: str) -> Iterator[SiteObject]:
    """Give the documents about ``/api/mcp`` of a site: who issues tokens, and with which scope."""
    document = {
        "resource": f"{site_url.rstrip('/')}{MCP_PATH}",
        "resource_name": "Run Ledger",
        "authorization_servers": [issuer],
        "scopes_supported": [scope],
        "bearer_methods_supported": ["header"],
    }
    for key in (_RESOURCE, f"{_RESOURCE}{MCP_PATH}"):
        yield _object(key, document)


def sign_in_object(origin: str, scope: str) -> SiteObject:
    """Return the document about a sign-in that has its pages at *origin*, for a local ledger.

    Amazon Cognito has one of its own.
    """
    document = {
        "issuer": origin,
        "authorization_endpoint": f"{origin}/oauth2/authorize",
        "token_endpoint": f"{origin}/oauth2/token",
        "revocation_endpoint": f"{origin}/oauth2/revoke",
        "scopes_supported": ["openid", "email", scope],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
    }
    return _object(_SERVER, document)


def _object(key: str, document: Mapping[str, object]) -> SiteObject:
    return SiteObject(key, json.dumps(document, indent=2).encode(), "application/json")
