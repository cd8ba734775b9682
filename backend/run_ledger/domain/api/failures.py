"""What may be asked of ``/errors``: a span of days, a client, a page."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from run_ledger.domain.exceptions import InvalidQuery
from run_ledger.domain.instants import EARLIEST, LATEST

from .parameters import CURSOR, Given, Parameter, check_names, identifier, limit, moment
from .trends import DAY

MOST_ERRORS, DEFAULT_ERRORS = 100, 50
MOST_DAYS = 400
_DEFAULT_DAYS = 7

_CLIENT_ID = identifier("client_id", "Only failures of this client.")
_FROM = moment(
    "from",
    "Failures are counted by day, in UTC: the day that this lies in is the first. The seventh "
    f"up to `to` unless said; {MOST_DAYS} days at most.",
)
_TO = moment(
    "to",
    "Where the span ends, exclusive: the day that the moment before this lies in is the last. "
    "Today unless said.",
)
_LIMIT = limit(DEFAULT_ERRORS, MOST_ERRORS)

ERRORS_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENT_ID, _FROM, _TO, _LIMIT, CURSOR)


class ErrorsQuery(Struct, frozen=True):
    """Which failures, and which page of their groups: ``end`` is exclusive, both are midnights."""

    client_id: str | None
    start: int
    end: int
    binding: list[str | int | None]
    limit: int
    cursor: str | None


def errors_query(given: Given, now: int) -> ErrorsQuery:
    """Return the query that the parameters of the list of errors make at *now*."""
    check_names(given, ERRORS_PARAMETERS)
    since, until = _FROM.of(given), _TO.of(given)
    last = now + 1 if until is None else until
    end = -(-last // DAY) * DAY
    start = max(EARLIEST, end - _DEFAULT_DAYS * DAY) if since is None else since // DAY * DAY
    if start >= end or (since is not None and since >= last):
        parameter = "to" if since is None else "from"
        raise InvalidQuery(parameter, "the span is empty: from must lie before to")
    if end - start > MOST_DAYS * DAY:
        raise InvalidQuery("from", f"more than {MOST_DAYS} days before the end, the most allowed")
    if end > LATEST:
        raise InvalidQuery("to", "allowed: a time before the last day of the year 9999")
    client_id = _CLIENT_ID.of(given)
    return ErrorsQuery(
        client_id=client_id,
        start=start,
        end=end,
        binding=[client_id, since, until],
        limit=_LIMIT.of(given) or DEFAULT_ERRORS,
        cursor=CURSOR.of(given),
    )
