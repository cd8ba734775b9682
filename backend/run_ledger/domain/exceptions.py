"""The one tree of errors.

::

    LedgerError
    ├── InvalidEvent          an event breaks the contract: stored as rejected, never retried
    ├── InvalidQuery          a caller's parameter is wrong: HTTP 400
    ├── Unauthorized          a caller shows no token that this API takes: HTTP 401
    ├── Forbidden             a caller is known and has no grant for this: HTTP 403
    ├── NotFound              nothing there that the caller may see: HTTP 404
    └── StoreUnavailable      DynamoDB did not answer in time: retried, HTTP 503
"""

from __future__ import annotations

from typing import Literal

RejectionReason = Literal[
    "bad_json",
    "too_large",
    "unknown_detail_type",
    "unknown_schema_version",
    "invalid_field",
    "identity_mismatch",
    "event_id_reused",
]

_SHOWN_CHARACTERS = 120


def shown(value: object) -> str:
    """Return *value* as it may stand in a message: short, on one line, unambiguous."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


class LedgerError(Exception):
    """Anything that Run Ledger raises on purpose."""


class InvalidEvent(LedgerError):
    """An event that breaks the contract; names the field, what was there and what is allowed."""

    def __init__(
        self, reason: RejectionReason, *, field: str, got: str | None, allowed: str
    ) -> None:
        """Keep the parts apart, so that a stored rejection can be filtered by each."""
        self.reason = reason
        self.field = field
        self.got = got
        self.allowed = allowed
        there = "it is missing" if got is None else f"got {got}"
        super().__init__(f"{field}: {there}; allowed: {allowed}")


class InvalidQuery(LedgerError):
    """A query parameter that the read API can't take; names the parameter."""

    def __init__(self, parameter: str, message: str) -> None:
        """Keep the parameter's name for the problem document."""
        self.parameter = parameter
        super().__init__(f"{parameter}: {message}")


class Unauthorized(LedgerError):
    """The caller shows no token, or none of the kind that the read API takes."""


class Forbidden(LedgerError):
    """The caller is known and holds no grant for what was asked."""


class NotFound(LedgerError):
    """There is nothing of that name that the caller may see."""


class StoreUnavailable(LedgerError):
    """DynamoDB refused or did not answer; the same call may succeed later."""
