"""The signed-in analyst and the access token, signing in and signing out.

Streamlit keeps the tokens in signed cookies, drops the refresh token and never checks expiry. So
expiry is checked here. An expired or refused token leads to the sign-in page, and from there back
to the same page (see `dashboard_app.sign_in.returning`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard_app import clock
from dashboard_app.sign_in import ended, refresh_tokens

_MARGIN_SECONDS = 30
_WATCH_SECONDS = 15
# If so new a token is refused, the next one would be refused, too: do not sign in again.
_NEW_SECONDS = 120


@dataclass(frozen=True)
class Analyst:
    """A signed-in person. `issued_at` and `expires_at` are in seconds since 1970."""

    token: str
    subject: str
    email: str
    groups: tuple[str, ...]
    issued_at: float
    expires_at: float

    @property
    def has_expired(self) -> bool:
        """Return whether the token expires within 30 s."""
        return clock.now().timestamp() > self.expires_at - _MARGIN_SECONDS

    @property
    def is_new(self) -> bool:
        """Return whether the sign-in is less than two minutes old."""
        return clock.now().timestamp() - self.issued_at < _NEW_SECONDS

    @property
    def is_staff(self) -> bool:
        """Return whether this person may see all clients."""
        return "staff" in self.groups

    @property
    def sees(self) -> str:
        """Return in words whose data this person's groups may see."""
        if self.is_staff:
            return "All clients (staff)"
        clients = [one.removeprefix("client-") for one in self.groups if one.startswith("client-")]
        return ", ".join(clients) or "No client yet"


def signed_in() -> Analyst | None:
    """Return who is signed in; None for nobody, without an access token, or after signing out.

    It does not matter in which tab of the browser the person has signed out.
    """
    if not st.user.get("is_logged_in"):
        return None
    tokens = st.user.get("tokens")
    token = tokens.get("access") if isinstance(tokens, Mapping) else None
    if not token or ended.has_ended(token):
        return None
    claims = claims_of(token)
    return Analyst(
        token=token,
        subject=str(claims.get("sub", "")),
        email=str(st.user.get("email", "")),
        groups=tuple(claims.get("cognito:groups") or ()),
        issued_at=_seconds(claims.get("iat"), 0.0),
        expires_at=_seconds(claims.get("exp"), float("inf")),
    )


def claims_of(token: str) -> Mapping[str, Any]:
    """Return a token's claims, unverified: the API verifies them. Return {} for no token."""
    parts = token.split(".")
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(body)
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


@st.fragment(run_every=_WATCH_SECONDS)
def watch() -> None:
    """Look every 15 s whether the person has signed out in another tab; if so, do so here."""
    if signed_in() is None:
        st.rerun()


def enter() -> None:
    """Go to the sign-in page."""
    st.login()


def leave() -> None:
    """Sign out in all tabs and at the provider, and forget all of this session."""
    analyst = signed_in()
    if analyst is not None:
        ended.end(analyst.token, analyst.expires_at)
        refresh_tokens.revoke(analyst.token)
    st.session_state.clear()
    st.logout()
