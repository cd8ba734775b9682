"""What callers may ask for: query parameters, checked one by one.

Every parameter has one meaning or gives InvalidQuery, which names it: unknown and repeated ones,
and combinations that nothing can match, are a caller's mistakes and are said, not answered.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import get_args

from msgspec import Struct

from .contract import RESULTS, JobStatus
from .errors import InvalidQuery, shown

Given = Mapping[str, Sequence[str]]

STATUSES: tuple[str, ...] = get_args(JobStatus)
MOST_JOBS, DEFAULT_JOBS = 200, 50
MOST_ENTRIES, DEFAULT_ENTRIES = 1_000, 100
MOST_REJECTIONS, DEFAULT_REJECTIONS = 200, 50
_IDENTIFIER = re.compile(r"[A-Za-z0-9._:-]{1,128}")
_DIGITS = re.compile(r"[0-9]{1,9}")


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
    _check_names(given, ("client_id", "status", "result", "limit", "cursor"))
    status = _choice(given, "status", STATUSES)
    result = _choice(given, "result", RESULTS)
    if result is not None and status not in (None, "completed"):
        raise InvalidQuery("result", f"a job that is {status} has none; ask for status completed")
    return JobsQuery(
        client_id=_identifier(given, "client_id"),
        status=status,
        result=result,
        limit=_limit(given, DEFAULT_JOBS, MOST_JOBS),
        cursor=_single(given, "cursor"),
    )


def entries_query(given: Given) -> PageQuery:
    """Return the query that the parameters of a job's history make."""
    return _page_query(given, DEFAULT_ENTRIES, MOST_ENTRIES)


def rejections_query(given: Given) -> PageQuery:
    """Return the query that the parameters of the list of rejected events make."""
    return _page_query(given, DEFAULT_REJECTIONS, MOST_REJECTIONS)


def no_query(given: Given) -> None:
    """Raise InvalidQuery where there is any parameter: the path takes none."""
    _check_names(given, ())


def is_identifier(text: str) -> bool:
    """Return whether *text* can be the id of anything."""
    return _IDENTIFIER.fullmatch(text) is not None


def _page_query(given: Given, default: int, most: int) -> PageQuery:
    _check_names(given, ("limit", "cursor"))
    return PageQuery(_limit(given, default, most), _single(given, "cursor"))


def _check_names(given: Given, known: Collection[str]) -> None:
    for name in given:
        if name not in known:
            allowed = f"known ones: {', '.join(known)}" if known else "this path takes none"
            raise InvalidQuery(shown(name)[1:-1], f"no such parameter; {allowed}")


def _single(given: Given, name: str) -> str | None:
    values = given.get(name, ())
    if len(values) > 1:
        raise InvalidQuery(name, "it is given more than once")
    return values[0] if values else None


def _choice(given: Given, name: str, choices: Sequence[str]) -> str | None:
    value = _single(given, name)
    if value is not None and value not in choices:
        raise InvalidQuery(name, f"got {shown(value)}; allowed: one of {', '.join(choices)}")
    return value


def _identifier(given: Given, name: str) -> str | None:
    value = _single(given, name)
    if value is not None and not is_identifier(value):
        raise InvalidQuery(
            name,
            f"got {shown(value)}; allowed: 1 to 128 of the characters A-Z a-z 0-9 . _ : -",
        )
    return value


def _limit(given: Given, default: int, most: int) -> int:
    value = _single(given, "limit")
    if value is None:
        return default
    if not _DIGITS.fullmatch(value) or not 1 <= int(value) <= most:
        raise InvalidQuery("limit", f"got {shown(value)}; allowed: an integer from 1 to {most}")
    return int(value)
