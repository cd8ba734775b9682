"""A copy of the provider's discovery document (OpenID Connect), with another end of session.

Cognito's end of session wants `logout_uri` where the standard has `post_logout_redirect_uri`, and
so refuses Streamlit's sign-out. This copy names an address with the `logout_uri` in it, and as
token endpoint a route of this app (see `dashboard_app.sign_in.refresh_tokens`). The local
stack needs a copy, too: its tokens name a real pool as issuer, whose keys are elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse
from streamlit.runtime.secrets import secrets_singleton

from dashboard_app.sign_in import refresh_tokens

PATH = "/openid-configuration"
NAMES = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "logout_endpoint")


def discovery(
    provider: Mapping[str, str], redirect_uri: str, token_endpoint: str
) -> dict[str, object]:
    """Return the document for a provider, the app's redirect URI and the token endpoint to use."""
    redirected = urlsplit(redirect_uri)
    leave = urlencode({"logout_uri": f"{redirected.scheme}://{redirected.netloc}/"})
    return {
        "issuer": provider["issuer"],
        "authorization_endpoint": provider["authorization_endpoint"],
        "token_endpoint": token_endpoint,
        "jwks_uri": provider["jwks_uri"],
        "end_session_endpoint": f"{provider['logout_endpoint']}?{leave}",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "code_challenge_methods_supported": ["S256"],
    }


async def show(_request: Request) -> JSONResponse:
    """Answer with the document; 404 where the secrets have no `[provider]` part."""
    secrets_singleton.load_if_toml_exists()
    provider, auth = secrets_singleton.get("provider"), secrets_singleton.get("auth")
    if not provider or not auth or not set(NAMES) <= set(provider):
        return JSONResponse({"error": "no provider is set up"}, status_code=404)
    token_endpoint = refresh_tokens.own_token_endpoint(auth["server_metadata_url"])
    return JSONResponse(discovery(provider, auth["redirect_uri"], token_endpoint))
