"""What can go wrong with one call of DynamoDB: each fault takes a call and answers it, or raises.

A fault is chosen by the client's script (see `tests.support.dynamo.stand_in`), call by call.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError
from tests.support.dynamo.stand_in import Answer, Call, Fault, client_error


class Cut(BaseException):
    """A writer's end: no exception handler runs after it, as when a process is killed."""


def refused_with(code: str) -> Fault:
    """Return the fault of a call that fails with *code* and has no effect."""

    def fault(call: Call) -> Answer:
        raise client_error(code, "injected", call.operation)

    return fault


def failed_after(code: str) -> Fault:
    """Return the fault of a call that fails with *code* although it took effect."""

    def fault(call: Call) -> Answer:
        call.perform()
        raise client_error(code, "injected", call.operation)

    return fault


def timed_out_before(call: Call) -> Answer:
    """Let the call time out without an effect, which the caller can't know."""
    raise _timeout()


def timed_out_after(call: Call) -> Answer:
    """Let the call take effect, and time out without an answer."""
    call.perform()
    raise _timeout()


def cut_before(call: Call) -> Answer:
    """End the writer before the call takes effect."""
    raise Cut


def cut_after(call: Call) -> Answer:
    """End the writer when the call has taken effect."""
    call.perform()
    raise Cut


class Late:
    """Calls that timed out for their callers and may still take effect later."""

    def __init__(self) -> None:
        """Start with none."""
        self._calls: list[Call] = []

    def __len__(self) -> int:
        """Return how many are still under way."""
        return len(self._calls)

    def fault(self, call: Call) -> Answer:
        """Keep *call* for later and let its caller time out."""
        self._calls.append(call)
        raise _timeout()

    def cut(self, call: Call) -> Answer:
        """Keep *call* for later and end the writer."""
        self._calls.append(call)
        raise Cut

    def land(self, number: int) -> None:
        """Let one of the calls take effect now, if its conditions still allow it."""
        call = self._calls.pop(number)
        with suppress(ClientError):
            call.perform()


def failing_action(index: int, code: str) -> Fault:
    """Return the fault of a transaction of which one action fails with *code*.

    *index* is taken modulo the number of actions, so that any number names one. A call of another
    kind fails as a whole.
    """

    def fault(call: Call) -> Answer:
        if call.operation != "TransactWriteItems":
            raise client_error("ThrottlingException", "injected", call.operation)
        return call.perform(Fail={index % len(call.request["TransactItems"]): code})

    return fault


def held_back(count: int) -> Fault:
    """Return the fault of a batch of reads of which *count* keys come back unprocessed."""

    def fault(call: Call) -> Answer:
        if call.operation != "BatchGetItem":
            return call.perform()
        wanted = call.request["RequestItems"]
        keys = [(table, key) for table, one in wanted.items() for key in one["Keys"]]
        now, later = keys[count:], keys[:count]
        answer = call.perform(RequestItems=_picked(wanted, now)) if now else {"Responses": {}}
        return answer | {"UnprocessedKeys": _picked(wanted, later)}

    return fault


def left_out(count: int) -> Fault:
    """Return the fault of a batch of puts of which the last *count* come back unprocessed."""

    def fault(call: Call) -> Answer:
        if call.operation != "BatchWriteItem":
            return call.perform()
        ((table, puts),) = call.request["RequestItems"].items()
        kept = puts[: max(0, len(puts) - count)]
        if kept:
            call.perform(RequestItems={table: kept})
        return {"UnprocessedItems": {table: puts[len(kept) :]}}

    return fault


def _picked(wanted: dict[str, Any], keys: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the request *wanted* for *keys* alone."""
    picked: dict[str, Any] = {}
    for table, key in keys:
        picked.setdefault(table, {**wanted[table], "Keys": []})["Keys"].append(key)
    return picked


class Recorder:
    """A script that notes all calls, and gives each the next of some faults."""

    def __init__(self, *faults: Fault | None) -> None:
        """Give the first calls *faults* (None: go well); all after them go well."""
        self.calls: list[Call] = []
        self._faults = list(faults)

    def __call__(self, call: Call) -> Fault | None:
        """Note *call* and return its fault."""
        self.calls.append(call)
        return self._faults.pop(0) if self._faults else None

    @property
    def operations(self) -> list[str]:
        """Return the names of the operations called."""
        return [call.operation for call in self.calls]

    @property
    def transactions(self) -> list[list[dict[str, Any]]]:
        """Return the actions of each transaction tried."""
        return [call.request["TransactItems"] for call in self.calls if _writes_many(call)]


def _writes_many(call: Call) -> bool:
    return call.operation == "TransactWriteItems"


def _timeout() -> ReadTimeoutError:
    return ReadTimeoutError(endpoint_url="https://dynamodb.test")


BY_NAME: dict[str, Fault] = {
    **{
        f"{code} before": refused_with(code)
        for code in (
            "ThrottlingException",
            "ProvisionedThroughputExceededException",
            "RequestLimitExceeded",
            "InternalServerError",
            "TransactionInProgressException",
            "AccessDeniedException",
            "ValidationException",
        )
    },
    "InternalServerError after": failed_after("InternalServerError"),
    "timed out before": timed_out_before,
    "timed out after": timed_out_after,
    "cut before": cut_before,
    "cut after": cut_after,
    "one read held back": held_back(1),
    "two reads held back": held_back(2),
    "one put left out": left_out(1),
}
REASONS = (
    "TransactionConflict",
    "TransactionConflict",
    "ThrottlingError",
    "ProvisionedThroughputExceeded",
    "ValidationError",
    "ItemCollectionSizeLimitExceeded",
    "AccessDenied",
)
