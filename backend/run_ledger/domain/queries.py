"""What callers may ask for: query parameters, checked one by one.

Every parameter has one meaning or gives InvalidQuery, which names it: unknown and repeated ones,
and combinations that nothing can match, are a caller's mistakes and are said, not answered.
"""

from __future__ import annotations

from typing import Any, get_args

from msgspec import Struct

from .contract import RESULTS, JobStatus
from .errors import InvalidQuery
from .parameters import CURSOR, Given, Parameter, check_names, choice, identifier, limit

STATUSES: tuple[str, ...] = get_args(JobStatus)
MOST_JOBS, DEFAULT_JOBS = 200, 50
MOST_ENTRIES, DEFAULT_ENTRIES = 1_000, 100
MOST_REJECTIONS, DEFAULT_REJECTIONS = 200, 50

_CLIENT_ID = identifier("client_id", "Only jobs of this client.")
_STATUS = choice("status", "Only jobs that are in this state now.", STATUSES)
_RESULT = choice("result", "Only jobs that are completed with this result.", RESULTS)
_JOBS_LIMIT = limit(DEFAULT_JOBS, MOST_JOBS)
_ENTRIES_LIMIT = limit(DEFAULT_ENTRIES, MOST_ENTRIES)
_REJECTIONS_LIMIT = limit(DEFAULT_REJECTIONS, MOST_REJECTIONS)

# What each path takes.
JOBS_PARAMETERS: tuple[Parameter[Any], ...] = (_CLIENT_ID, _STATUS, _RESULT, _JOBS_LIMIT, CURSOR)
ENTRIES_PARAMETERS: tuple[Parameter[Any], ...] = (_ENTRIES_LIMIT, CURSOR)
REJECTIONS_PARAMETERS: tuple[Parameter[Any], ...] = (_REJECTIONS_LIMIT, CURSOR)


class PageQuery(Struct, frozen=True):
    """Which page of a list that has no filters."""

    limit: int
    cursor: str | None


class JobsQuery(Struct, frozen=True):
    """Which jobs, and which page of them."""

    client_id: str | None
    status: str | None
    result: str | None
    limit: int
    cursor: str | None

    @property
    def outcomes(self) -> tuple[str, ...] | None:
        """Return the outcomes that match, None where all do."""
        if self.result is not None:
            return (self.result,)
        if self.status == "completed":
            return RESULTS
        return None if self.status is None else (self.status,)

    @property
    def binding(self) -> list[str | None]:
        """Return what ties a cursor to the filters."""
        # Both ways to ask for a result are one query.
        status = "completed" if self.result is not None else self.status
        return [self.client_id, status, self.result]


def jobs_query(given: Given) -> JobsQuery:
    """Return the query that the parameters of a list of jobs make."""
    check_names(given, JOBS_PARAMETERS)
    status = _STATUS.of(given)
    result = _RESULT.of(given)
    if result is not None and status not in (None, "completed"):
        raise InvalidQuery("result", f"a job that is {status} has none; ask for status completed")
    return JobsQuery(
        client_id=_CLIENT_ID.of(given),
        status=status,
        result=result,
        limit=_JOBS_LIMIT.of(given) or DEFAULT_JOBS,
        cursor=CURSOR.of(given),
    )


def entries_query(given: Given) -> PageQuery:
    """Return the query that the parameters of a job's history make."""
    check_names(given, ENTRIES_PARAMETERS)
    return PageQuery(_ENTRIES_LIMIT.of(given) or DEFAULT_ENTRIES, CURSOR.of(given))


def rejections_query(given: Given) -> PageQuery:
    """Return the query that the parameters of the list of rejected events make."""
    check_names(given, REJECTIONS_PARAMETERS)
    return PageQuery(_REJECTIONS_LIMIT.of(given) or DEFAULT_REJECTIONS, CURSOR.of(given))


def no_query(given: Given) -> None:
    """Raise InvalidQuery where there is any parameter: the path takes none."""
    check_names(given, ())
