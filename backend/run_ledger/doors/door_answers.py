"""What a door answers: results by event, and problem documents (RFC 9457)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from run_ledger.domain.exceptions import (
    BodyTooLarge,
    DoorUnavailable,
    Forbidden,
    InvalidBody,
    LimitReached,
    NotFound,
    StoreUnavailable,
    Unauthorized,
    UnknownBodyType,
)
from run_ledger.domain.intake.event_results import EventResultDocument, ResultsDocument
from run_ledger.domain.intake.lineage_results import Outcome, lineage_document
from run_ledger.read.answers import COMMON_HEADERS, Answer, ProblemKind, problem

RETRY_AFTER_SECONDS = 2
_RETRY = {"Retry-After": str(RETRY_AFTER_SECONDS)}
# The one place where a door's exceptions become statuses; the first kind that fits is used.
DOOR_PROBLEMS = (
    ProblemKind(InvalidBody, 400, "invalid-body", "The body can't be read"),
    ProblemKind(
        Unauthorized, 401, "unauthorized", "Sign in first", headers={"WWW-Authenticate": "Bearer"}
    ),
    ProblemKind(Forbidden, 403, "forbidden", "Not allowed"),
    ProblemKind(NotFound, 404, "not-found", "Not found"),
    ProblemKind(BodyTooLarge, 413, "too-large", "Too large"),
    ProblemKind(UnknownBodyType, 415, "unknown-type", "The body's type is not known"),
    ProblemKind(LimitReached, 429, "limit-reached", "Too many events"),
    ProblemKind(
        DoorUnavailable,
        503,
        "unavailable",
        "Not available at the moment",
        "The ledger takes no events at the moment; send the same again.",
        _RETRY,
    ),
    ProblemKind(
        StoreUnavailable,
        503,
        "unavailable",
        "Not available at the moment",
        "The ledger's store does not answer at the moment; send the same again.",
        _RETRY,
    ),
    ProblemKind(
        Exception, 500, "internal", "The door failed", "Something failed on our side; send again."
    ),
)
_READ, _ALL_TAKEN, _SOME_NOT_TAKEN = 200, 202, 207


def refusal(error: Exception) -> Answer:
    """Return the answer with the problem document of *error*."""
    answer = problem(error, DOOR_PROBLEMS)
    if isinstance(error, LimitReached):
        headers = {**answer.headers, "Retry-After": str(error.retry_after_seconds)}
        return Answer(answer.status, headers, answer.body)
    return answer


def told(results: Sequence[EventResultDocument]) -> Answer:
    """Return the answer with the result of each event; raises DoorUnavailable if all must wait."""
    statuses = {result.status for result in results}
    if statuses == {"retry"}:
        raise DoorUnavailable("the bus took no event")
    status = _SOME_NOT_TAKEN if statuses - {"accepted"} else _ALL_TAKEN
    headers = {**COMMON_HEADERS, "Content-Type": "application/json"}
    if "retry" in statuses:
        headers |= _RETRY
    return Answer(status, headers, msgspec.json.encode(ResultsDocument(list(results))))


def told_of_lineage(outcomes: Sequence[Outcome]) -> Answer:
    """Return the answer about events of OpenLineage; raises DoorUnavailable if all must wait."""
    document = lineage_document(outcomes)
    if outcomes and document.summary.retriable == len(outcomes):
        raise DoorUnavailable("the bus took no event")
    headers = {**COMMON_HEADERS, "Content-Type": "application/json"}
    return Answer(_READ, headers, msgspec.json.encode(document))
