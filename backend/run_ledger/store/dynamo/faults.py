"""Which of DynamoDB's errors may pass, and which never will."""

from __future__ import annotations

from enum import Enum, auto

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - botocore's own, which the built-in is not a base of
    HTTPClientError,
    IncompleteReadError,
)

_THROTTLES = frozenset(
    {
        "LimitExceededException",
        "ProvisionedThroughputExceeded",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottledException",
        "ThrottlingError",
        "ThrottlingException",
    }
)
_PASSING = _THROTTLES | {
    "InternalServerError",
    "RequestTimeout",
    "ServiceUnavailable",
    "TransactionConflict",
    "TransactionConflictException",
    "TransactionInProgressException",
}
_REFUSED = frozenset({"ValidationError", "ValidationException", "ItemCollectionSizeLimitExceeded"})


class Fault(Enum):
    """What to do about an error."""

    PASSING = auto()
    """The same call may succeed a moment later; it may also have taken effect already."""
    CANCELLED = auto()
    """A transaction took no effect; its reasons say why."""
    CONDITION = auto()
    """A condition of a single write, or of an action of a transaction, was not met."""
    REFUSED = auto()
    """This call can never succeed as it is: too large, or malformed."""
    FATAL = auto()
    """Nothing can succeed: no permission, no such table, no credentials."""


def fault(error: ClientError | BotoCoreError) -> Fault:
    """Return what to do about *error*. Errors of the connection are passing ones.

    What botocore itself refuses (no credentials, a malformed call) fails again a moment later.
    """
    if isinstance(error, (HTTPClientError, ConnectionError, IncompleteReadError)):
        return Fault.PASSING
    if isinstance(error, BotoCoreError):
        return Fault.FATAL
    return fault_of_code(code_of(error))


def code_of(error: ClientError | BotoCoreError) -> str:
    """Return the code in DynamoDB's answer; "" where there was none."""
    if isinstance(error, BotoCoreError):
        return ""
    code: str = error.response.get("Error", {}).get("Code", "")
    return code


def is_throttle(code: str) -> bool:
    """Return whether an error code, or the code of a cancellation reason, tells of throttling."""
    return code in _THROTTLES


def fault_of_code(code: str) -> Fault:
    """Return what an error code, or the code of a cancellation reason, means."""
    if code in _PASSING:
        return Fault.PASSING
    if code == "TransactionCanceledException":
        return Fault.CANCELLED
    if code in ("ConditionalCheckFailed", "ConditionalCheckFailedException"):
        return Fault.CONDITION
    if code in _REFUSED:
        return Fault.REFUSED
    return Fault.FATAL
