"""Who looks: the signed-in person's access token, and the ways in and out.

Streamlit keeps the tokens in signed cookies, throws the refresh token away and never looks at
expiry. So expiry is looked at here, and a token that the API refuses leads to the same place: the
sign-in page, and from there back to this page (see `dashboard_app.sign_in.returning`).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from dashboard_app import clock

_MARGIN_SECONDS = 30
# A token refused so soon after it was made would be refused again: no use in going round.
_NEW_SECONDS = 120


@dataclass(frozen=True)
class Caller:
    """A signed-in person: the token speaks for them, the subject tells them apart."""

    token: str
    subject: str
    email: str
    groups: tuple[str, ...]
    issued_at: float
    expires_at: float

    @property
    def has_expired(self) -> bool:
        """Say whether the token is over, or will be before an answer has come."""
        return clock.now().timestamp() > self.expires_at - _MARGIN_SECONDS

    @property
    def is_new(self) -> bool:
        """Say whether the sign-in was a moment ago."""
        return clock.now().timestamp() - self.issued_at < _NEW_SECONDS

    @property
    def sees(self) -> str:
        """Say in words whose data this person's groups open."""
        if "staff" in self.groups:
            return "everything"
        clients = [one.removeprefix("client-") for one in self.groups if one.startswith("client-")]
        return ", ".join(clients) or "nothing yet"


def caller() -> Caller | None:
    """Return who is signed in; None for nobody, or for a sign-in that gave no access token."""
    if not st.user.get("is_logged_in"):
        return None
    tokens = st.user.get("tokens")
    token = tokens.get("access") if isinstance(tokens, Mapping) else None
    if not token:
        return None
    claims = claims_of(token)
    return Caller(
        token=token,
        subject=str(claims.get("sub", "")),
        email=str(st.user.get("email", "")),
        groups=tuple(claims.get("cognito:groups") or ()),
        issued_at=_seconds(claims.get("iat"), 0.0),
        expires_at=_seconds(claims.get("exp"), float("inf")),
    )


def claims_of(token: str) -> Mapping[str, Any]:
    """Return what a token says of itself, unverified: the API is who trusts it or not."""
    parts = token.split(".")
    try:
        body = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        claims = json.loads(body)
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _seconds(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) else otherwise


def enter() -> None:
    """Go to the sign-in page."""
    st.login()


def leave() -> None:
    """Sign out here and at the provider; what this session was told goes with it."""
    st.session_state.clear()
    st.logout()
