"""The one tree of exceptions.

::

    LedgerError
    ├── InvalidEvent          an event breaks the contract: stored as rejected, never retried
    ├── UnknownStateChange    what AWS says of a job can't be understood: counted and logged
    ├── InvalidQuery          a parameter of a request is wrong: HTTP 400
    ├── Unauthorized          a request has no token that the API accepts: HTTP 401
    ├── Forbidden             the caller is known and has no grant for this: HTTP 403
    ├── NotFound              there is nothing that the caller may see: HTTP 404
    ├── InvalidBody           a request's body can't be read: HTTP 400
    ├── BodyTooLarge          a request's body is larger than a door takes: HTTP 413
    ├── UnknownBodyType       a request's body has a type or coding that no door reads: HTTP 415
    ├── LimitReached          a caller has sent more than its share: HTTP 429
    ├── DoorUnavailable       what a door needs beside the store does not answer: HTTP 503
    └── StoreUnavailable      DynamoDB refused or did not answer in time: retried, HTTP 503
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
    "source_mismatch",
    "event_id_reused",
    "not_permitted",
    "unknown_incident",
    "incident_closed",
]

_SHOWN_CHARACTERS = 120


def shown(value: object) -> str:
    """Return the text of *value* for a message: on one line, of at most 120 characters."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a deeply nested {type(value).__name__}"
    except Exception:  # noqa: BLE001 - a pipeline's object may be broken in any way
        text = f"a {type(value).__name__} without a text"
    return text if len(text) <= _SHOWN_CHARACTERS else text[: _SHOWN_CHARACTERS - 1] + "…"


class LedgerError(Exception):
    """Anything that Run Ledger raises on purpose."""


class InvalidEvent(LedgerError):
    """An event breaks the contract: names the field, what it held and what is allowed."""

    def __init__(
        self, reason: RejectionReason, *, field: str, got: str | None, allowed: str
    ) -> None:
        """Keep each part, so that a stored rejection shows them one by one."""
        self.reason = reason
        self.field = field
        self.got = got
        self.allowed = allowed
        self.about: str | None = None
        """The job, project or incident that the event names, such as ``"job nightly-7"``."""
        super().__init__(reason, field, got, allowed)

    def __str__(self) -> str:
        """Return the whole in one line."""
        found = "it is missing" if self.got is None else f"got {self.got}"
        whose = f"; in an event of {self.about}" if self.about else ""
        return f"{self.field}: {found}; allowed: {self.allowed}{whose}"


class UnknownStateChange(LedgerError):
    """What a service of AWS says of a job can't be understood: names the field."""

    def __init__(self, field: str, message: str) -> None:
        """Keep the field's name for a log line, which has nothing of what stands in it."""
        self.field = field
        super().__init__(f"{field}: {message}")


class InvalidQuery(LedgerError):
    """A query parameter is wrong: names the parameter."""

    def __init__(self, parameter: str, message: str) -> None:
        """Keep the parameter's name for the problem document."""
        self.parameter = parameter
        super().__init__(f"{parameter}: {message}")


class Unauthorized(LedgerError):
    """The request has no access token that the read API accepts."""


class Forbidden(LedgerError):
    """The caller is known, and has no grant for what was asked for."""


class NotFound(LedgerError):
    """There is nothing of that id that the caller may see."""


class InvalidBody(LedgerError):
    """A request's body can't be read; the text says where and why."""


class BodyTooLarge(LedgerError):
    """A request's body is larger than a door takes; the text names the limit."""


class UnknownBodyType(LedgerError):
    """A request's body has a media type or a coding that no door reads."""


class LimitReached(LedgerError):
    """A caller has sent more than its share of the moment."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        """Keep after how many seconds the caller may go on."""
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


class DoorUnavailable(LedgerError):
    """The event bus or the pool's keys can't be reached; the same call may succeed later."""


class StoreUnavailable(LedgerError):
    """DynamoDB refused or did not answer; the same call may succeed later."""
